"""Metrics, intervals and tests, for one weighting of the examples or many at once."""
