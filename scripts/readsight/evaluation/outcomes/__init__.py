"""Metrics of each kind of outcome, a module a kind; `registry` lists them."""
