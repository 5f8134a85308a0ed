"""Stand-in for the relay: reads, verifies, counts."""
