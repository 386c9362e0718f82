"""From files to the examples, splits, folds and encodings that models are trained on."""
