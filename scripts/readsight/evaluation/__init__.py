"""How good predictions are: scores by kind of outcome, comparisons, strata, and the verdict in words."""
