"""Models of tables, of k-mers and of sequence; their training, calibration and search of settings."""
