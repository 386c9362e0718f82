"""Input functions and targets of the rules, a module a stage."""
