"""Metrics by kind of outcome, one module per kind; `registry` lists them."""
