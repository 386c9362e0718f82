"""Representations of calls and samples as features for tabular models.

Each module has `fit(data, spec)`: data, an AnnData with only the training rows of a fold; it returns a dict of arrays,
text and numbers that HDF5 can store. `apply(data, fitted)` transforms any rows: values (n, features) float32 without
NaN, and var of the selected features.
"""

from readsight.dataset.features import call_annotations, scaled_profile
from readsight.registry import Registry

REPRESENTATIONS = Registry("representation", {"annotations": call_annotations, "profile": scaled_profile})
