"""What of an example a model sees.

A representation has `fit(data, spec)`: data, an AnnData of the training rows of a fold and no others; it returns a
dict of arrays, text and numbers (HDF5 holds it); and `apply(data, fitted)`, to any rows: values (n, features)
float32 without NaN, and var of the features that were kept.
"""

from readsight.dataset.features import call_annotations, scaled_profile
from readsight.registry import Registry

REPRESENTATIONS = Registry("representation", {"annotations": call_annotations, "profile": scaled_profile})
