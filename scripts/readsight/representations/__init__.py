"""What of an example a model sees.

A representation has `features` (of a source's examples, nothing fitted), and
`fit` (on a training fold, returns a JSON-able artefact) and `apply` (of that
artefact, to any fold).
"""

from readsight.registry import Registry
from readsight.representations import annotations

REPRESENTATIONS = Registry("representation", {"annotations": annotations})
