"""What a run shows while it goes on: snapshots become log lines and the result file."""
