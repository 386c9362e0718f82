"""Registry of the metrics of each kind of outcome.

Each module has `compute_metrics(subset, names)`: metric → (resamples,) of one repeat of one model; `PRIMARY`: the metric used to
judge models; `COMPARED`: metrics of which differences are taken; `CHANCE`: expected metrics of the control; `DESCRIPTIONS`: a
description of each metric. Modules of classes have `call_classes(subset)`: true and predicted codes. A module with
`HANDLES_BLOCKS` takes integer weights and bounds its memory itself.
"""

from readsight.evaluation.outcomes import binary, multiclass, multilabel, positions, profile, regression, survival
from readsight.registry import Registry

SCORING = Registry(
    "outcome",
    {
        "binary": binary,
        "multiclass": multiclass,
        "multilabel": multilabel,
        "survival": survival,
        "regression": regression,
        "positions": positions,
        "profile": profile,
    },
)
