"""The only stage that waits: schedule queue, sender, worker processes, supervisor."""
