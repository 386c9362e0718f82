"""Metrics, confidence intervals and statistical tests; metrics accept many example weightings at once."""
