"""Sources of examples: variant calls and samples.

A source's `read` loads files made by earlier stages and checks what is specific to this kind of example. `variants`
returns obs (one row per example: label, coordinates) and annotations (numeric); `samples` returns one table per modality,
and `targets` derives the labels from the metadata of the samples.
"""

from readsight.dataset.sources import samples, variants
from readsight.registry import Registry

SOURCES = Registry("example source", {"variants": variants, "samples": samples})
