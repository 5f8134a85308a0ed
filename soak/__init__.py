"""A long run with faults at random moments, checked to the last report: `python -m soak`."""
