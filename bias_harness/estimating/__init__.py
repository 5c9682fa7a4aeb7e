"""Observations -> Estimates: numbers with their intervals, or the reason why there is none."""
