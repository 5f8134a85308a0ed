"""Pure: from measured values of a fleet to a block of the config."""
