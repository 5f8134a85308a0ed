"""One module per target: `check` takes the bytes of one input, and raises where a promise is broken."""
