"""Input functions, parameters and targets of the rules; one module per stage."""
