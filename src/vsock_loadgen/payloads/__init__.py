"""Package catalogue to report bytes."""
