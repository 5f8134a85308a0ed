"""What a run serves over HTTP meanwhile: metrics, live page, probes."""
