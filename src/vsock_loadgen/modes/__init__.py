"""Who opens connections: VMs that send their reports, or an asker. Everything else of a run is the same."""
