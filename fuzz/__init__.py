"""Hostile input for every parser and for the receiver: `python -m fuzz`."""
