"""What of an example a model sees.

A representation has `fit(data, spec)`: data, an AnnData of the training rows of a fold and no others; it returns a
dict of arrays, text and numbers (HDF5 holds it); and `apply(data, fitted)`, to any rows: values (n, features)
float32 without NaN, and var of the features that were kept.
"""

from readsight.registry import Registry
from readsight.representations import annotations, profile

REPRESENTATIONS = Registry("representation", {"annotations": annotations, "profile": profile})
