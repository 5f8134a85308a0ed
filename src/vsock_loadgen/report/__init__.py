"""Pure: a plan or a result becomes terminal text."""
