"""What a run answers over HTTP while it goes on: metrics, live page, probes."""
