"""Looks at a run while it goes on, and shows what it sees on the terminal, in the log and in the result's file."""
