"""Observes a run, and shows it on the terminal, in the log and in the result's file."""
