"""Labels, colours and row order shared by the figures of a task's models."""

import textwrap
from typing import Any

from readsight.evaluation.verdict.findings import is_plain_model
from readsight.models.model_spec import ModelSpec
from readsight.report.figure_style import COLOURS
from readsight.wording import CONTROL, LINEAR_MODELS, METRIC_NAMES, describe_model

Evaluation = dict[str, Any]
GREY = COLOURS[7]
REFERENCES = ("base_rate", CONTROL)
TITLES = {
    "brier": "Brier score",
    "exact_match": "all labels right",
    "hamming": "Hamming loss",
    "c_index": "Harrell's C",
    "uno_c": "Uno's C",
    "log_loss": "cross-entropy",
}
LOWER_IS_BETTER = ("brier", "hamming", "log_loss", "ece", "ece_raw", "mse")


def label_model(model: str, evaluation: Evaluation) -> str:
    """A model's label in a figure."""
    if model == CONTROL:
        return "shuffled labels (control)"
    return describe_model(model, evaluation["facts"]["feature"], evaluation["kind"]).removeprefix("the ")


def label_metric(metric: str, evaluation: Evaluation) -> str:
    """A metric's label in a figure, with the direction that is better."""
    metric_name = TITLES.get(metric, METRIC_NAMES.get(metric, metric))
    if metric == "auprc" and "rare" in evaluation["facts"]:
        metric_name = f"{metric_name} of {evaluation['facts']['rare']}{'s' * (evaluation['primary'] == 'auprc')}"
    return f"{metric_name} ({'lower' if metric in LOWER_IS_BETTER else 'higher'} is better)"


def assign_colours(evaluation: Evaluation) -> dict[str, str]:
    """Model → colour, the same in every figure: variants have the colour of their model, references are grey."""
    kinds = list(dict.fromkeys(ModelSpec.parse(m).model for m in evaluation["metrics"] if m not in REFERENCES))
    shade = {kind: COLOURS[number % 7] for number, kind in enumerate(kinds)}
    return {m: GREY if m in REFERENCES else shade[ModelSpec.parse(m).model] for m in evaluation["metrics"]}


def select_plain(evaluation: Evaluation, section: str) -> dict[str, Any]:
    """The models of a section that are trained on all modalities under the task's balance."""
    return {m: values for m, values in evaluation.get(section, {}).items() if is_plain_model(m) and m not in REFERENCES}


def select_leading(evaluation: Evaluation, models: list[str], most: int) -> list[str]:
    """The first `most` models, with the first model and the linear baseline at the front."""
    line = [m for m in LINEAR_MODELS if m in models][:1]
    return list(dict.fromkeys([*[m for m in models if m == evaluation["first"]], *line, *models]))[:most]


def group_models(models: list[str]) -> list[list[str]]:
    """Models in display blocks: plain models, single modalities, alternative balances, references."""
    trained_models = [m for m in models if m not in REFERENCES]
    single_modality = [m for m in trained_models if ModelSpec.parse(m).modality]
    balanced = [m for m in trained_models if ModelSpec.parse(m).balance and m not in single_modality]
    plain_models = [m for m in trained_models if m not in single_modality and m not in balanced]
    return [block for block in (plain_models, single_modality, balanced, [m for m in REFERENCES if m in models]) if block]


def place_rows(models: list[str], gap: float = 0.5) -> dict[str, float]:
    """Height of each model's row, from 0 downwards, with a gap between blocks."""
    heights: dict[str, float] = {}
    height = 0.0
    for block in group_models(models):
        for model in block:
            heights[model] = height
            height += 1
        height += gap
    return heights


def wrap_text(text: str, width: int) -> tuple[str, float]:
    """Text in lines, and its height in inches at size 9."""
    lines = textwrap.wrap(text, width)
    return "\n".join(lines), 0.16 * len(lines)
