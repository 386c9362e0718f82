"""Where examples come from.

A source's `read` reads files that other stages made, and checks what only this kind of example can have wrong.
`variants` gives obs (a row an example: label, coordinates) and annotations (numbers that came with it); `samples`
gives a table a modality, whose labels `targets` makes of what is known of the samples.
"""

from readsight.dataset.sources import samples, variants
from readsight.registry import Registry

SOURCES = Registry("example source", {"variants": variants, "samples": samples})
