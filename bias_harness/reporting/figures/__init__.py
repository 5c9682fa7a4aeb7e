"""Which figures a run has: each is a chart with this run's numbers and words."""
