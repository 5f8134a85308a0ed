"""The command line: one file per verb; parses arguments, prints, exits."""
