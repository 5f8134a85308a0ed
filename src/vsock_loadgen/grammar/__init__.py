"""What a single value of the config looks like, and what a block of them is: below every key."""
