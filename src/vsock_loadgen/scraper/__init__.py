"""A stand-in for Sensor: asks every VM of a fleet for its report, reads and verifies what comes, and counts."""
