"""Examples, splits, folds and encodings that models are trained on."""
