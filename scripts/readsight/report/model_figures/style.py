"""Names, colours and rows that the figures of a task's models share."""

import textwrap
from typing import Any

from readsight.evaluation.verdict.findings import plainly
from readsight.models.model_spec import Variant
from readsight.report.figure_style import COLOURS
from readsight.wording import CONTROL, LINEAR, METRICS, name

Found = dict[str, Any]
GREY = COLOURS[7]
OTHERS = ("base_rate", CONTROL)
TITLES = {
    "brier": "Brier score",
    "exact_match": "all labels right",
    "hamming": "Hamming loss",
    "c_index": "Harrell's C",
    "uno_c": "Uno's C",
    "log_loss": "cross-entropy",
}
WORSE = ("brier", "hamming", "log_loss", "ece", "ece_raw", "mse")  # lower is better


def label(model: str, found: Found) -> str:
    """A model's name in a figure."""
    if model == CONTROL:
        return "shuffled labels (control)"
    return name(model, found["facts"]["feature"], found["kind"]).removeprefix("the ")


def title(metric: str, found: Found) -> str:
    """A metric's name in a figure, with the way that is better."""
    own = TITLES.get(metric, METRICS.get(metric, metric))
    if metric == "auprc" and "rare" in found["facts"]:
        own = f"{own} of {found['facts']['rare']}{'s' * (found['primary'] == 'auprc')}"
    return f"{own} ({'lower' if metric in WORSE else 'higher'} is better)"


def colours(found: Found) -> dict[str, str]:
    """A colour a model, the same in every figure: variants have that of the model that they are of; grey for the control."""
    kinds = list(dict.fromkeys(Variant.of(m).model for m in found["metrics"] if m not in OTHERS))
    shade = {kind: COLOURS[place % 7] for place, kind in enumerate(kinds)}
    return {m: GREY if m in OTHERS else shade[Variant.of(m).model] for m in found["metrics"]}


def plain(found: Found, section: str) -> dict[str, Any]:
    """The models of a section that are trained on all modalities under the task's own balance."""
    return {m: own for m, own in found.get(section, {}).items() if plainly(m) and m not in OTHERS}


def leading(found: Found, models: list[str], most: int) -> list[str]:
    """As many models as fit, the first and the linear one before all others."""
    line = [m for m in LINEAR if m in models][:1]
    return list(dict.fromkeys([*[m for m in models if m == found["first"]], *line, *models]))[:most]


def blocks(models: list[str]) -> list[list[str]]:
    """Models in the blocks that they are shown in: whole, one modality alone, other balances, what no model may be like."""
    own = [m for m in models if m not in OTHERS]
    alone = [m for m in own if Variant.of(m).modality]
    balanced = [m for m in own if Variant.of(m).balance and m not in alone]
    whole = [m for m in own if m not in alone and m not in balanced]
    return [block for block in (whole, alone, balanced, [m for m in OTHERS if m in models]) if block]


def places(models: list[str], gap: float = 0.5) -> dict[str, float]:
    """Height of each model's row, from 0 downwards, a gap between blocks."""
    found: dict[str, float] = {}
    at = 0.0
    for block in blocks(models):
        for model in block:
            found[model] = at
            at += 1
        at += gap
    return found


def wrapped(text: str, width: int) -> tuple[str, float]:
    """Text in lines, and their height in inches at size 9."""
    lines = textwrap.wrap(text, width)
    return "\n".join(lines), 0.16 * len(lines)
