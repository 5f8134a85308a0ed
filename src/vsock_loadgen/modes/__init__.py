"""Who begins: VMs that send their reports, or whoever asks them for these. Everything else of a run is the same."""
