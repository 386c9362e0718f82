"""Evaluation of predictions: metrics by kind of outcome, comparisons, strata, and the verdict in plain language."""
