"""How predictions of each kind of outcome are scored.

A kind has `scores(part, names)`: metric → (resamples,) of one repeat of one model, of all metrics or of those named;
`PRIMARY`: the metric that models are judged by; `COMPARED`: those that differences are taken of; `CHANCE`: metrics that
the control must have by chance; `DESCRIPTIONS`: what each metric is. Kinds of classes have `decisions(part)`: what is right and
what is said, as codes. A kind with `BY_ITSELF` takes the weights as the counts that they are, and sees to its memory.
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
