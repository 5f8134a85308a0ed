"""The vocabulary of the user becomes a validated, frozen Config; every error with its line."""
