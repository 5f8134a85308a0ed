"""Which node am I, and which slice of the fleet is mine."""
