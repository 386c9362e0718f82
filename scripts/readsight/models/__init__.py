"""Models of tables, k-mers and sequences; their training, calibration and hyperparameter search."""
