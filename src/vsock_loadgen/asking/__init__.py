"""What a run asks of its target, beside what it sends."""
