"""Phrases and sentences for reports: model names, estimates, comparisons and verdicts."""

from typing import Any

from readsight.models.model_spec import ModelSpec
from readsight.text import capitalise, format_estimate, format_signed

# Name of the negative control, a model that is trained on shuffled labels.
CONTROL = "shuffled_labels"
MODEL_NAMES = {
    "network": "the network",
    "cnn": "the convolutional network",
    "logistic": "logistic regression",
    "elastic_net": "the elastic net",
    "forest": "the forest",
    "boosting": "gradient boosting",
    "late_fusion": "late fusion",
    "attention_fusion": "attention fusion",
    "cox": "Cox regression",
    "dilated_resnet": "the dilated residual network",
    "cnn_lstm": "the convolutional LSTM network",
    "lstm": "the LSTM network",
    "transformer": "the transformer",
    "graph": "the graph network",
    "gc_content": "GC content alone",
    "kmer_linear": "k-mer {linear} regression",
    "kmer_boosting": "gradient boosting of k-mers",
    "gapped_kmer_svm": "the gapped k-mer SVM",
    "position_matrix": "the position weight matrix",
    "single_feature": "{feature} alone",
    "base_rate": "the base rate",
    CONTROL: "the shuffled-label control",
}
BALANCE_PHRASES = {
    "none": "without balancing",
    "smote": "with SMOTE",
    "oversample": "with random over-sampling",
    "undersample": "with random under-sampling",
    "class_weight": "with class weights",
    "mutagenesis": "with mutated copies",
}
METRIC_NAMES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "macro_auroc": "macro AUROC",
    "macro_auprc": "macro AUPRC",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "c_index": "C",
    "mcc": "MCC",
    "pearson": "Pearson's r",
    "spearman": "Spearman's ρ",
    "r2": "R²",
    "mse": "mean squared error",
    "top_k": "top-k accuracy",
    "profile_pearson": "Pearson's r across bins",
    "total_pearson": "Pearson's r of totals",
    "deviance_explained": "deviance explained",
}
LINEAR_MODELS = ("kmer_linear", "position_matrix", "logistic", "elastic_net", "cox")  # the simplest first
RIDGE_OUTCOMES = ("regression", "profile")  # outcomes for which the linear k-mer model is a ridge regression
FEW_GROUPS = 10
TOO_WIDE = 0.6  # width of the control's interval from which the control is uninformative


def describe_model(model: str, feature: str = "one feature", kind: str = "binary") -> str:
    """Readable name of a model, e.g. `logistic regression on mrna alone`. `kind` is that of the outcome."""
    model_spec = ModelSpec.parse(model)
    description = MODEL_NAMES.get(model_spec.model, model_spec.model).format(
        feature=feature, linear="ridge" if kind in RIDGE_OUTCOMES else "logistic"
    )
    description += f" on {model_spec.modality} alone" if model_spec.modality else ""
    return description + (
        f" {BALANCE_PHRASES.get(model_spec.balance, f'with {model_spec.balance}')}" if model_spec.balance else ""
    )


def compare_with_baseline(first: str, baseline: str, difference: dict[str, Any], metric: str = "auprc") -> tuple[str, str]:
    """Compare the first model with a baseline: (`better`, `worse` or `equal`; a clause with the difference in the metric)."""
    value = difference["value"]
    if value is None or difference["low"] is None:
        return "equal", f"not comparable with {baseline}"
    difference_text = f"Δ{METRIC_NAMES.get(metric, metric)} {format_signed(value)} [{format_signed(difference['low'])}, {format_signed(difference['high'])}]"
    if difference["low"] > 0:
        return "better", f"better than {baseline} ({difference_text})"
    if difference["high"] < 0:
        return "worse", f"worse than {baseline} ({difference_text})"
    return "equal", f"no better than {baseline} ({difference_text}; the interval contains 0)"


def describe_comparisons(first: str, differences: dict[str, dict[str, Any]], feature: str, metric: str = "auprc") -> list[str]:
    """Sentences on the baselines that the first model is better or worse than, and the conclusion.

    `differences` is baseline → paired difference.
    """
    comparisons = {
        baseline: compare_with_baseline(describe_model(first, feature), describe_model(baseline, feature), cell, metric)
        for baseline, cell in differences.items()
    }
    sentences = []
    for kind in ("better", "worse", "equal"):
        clauses = [clause for result, clause in comparisons.values() if result == kind]
        if clauses:
            sentences.append(f"It is {'; '.join(clauses)}.")
    better_baselines = [describe_model(baseline, feature) for baseline, (result, _) in comparisons.items() if result == "worse"]
    if better_baselines:
        sentences.append(f"It loses: use {' or '.join(better_baselines)} instead.")
    elif comparisons and all(result == "equal" for result, _ in comparisons.values()):
        sentences.append("Nothing here justifies it over the simplest of them.")
    return sentences


def describe_control(cell: dict[str, Any] | None, metric: str = "auroc", centre: float = 0.5) -> list[str]:
    """A sentence on the negative control. `cell` has mean and range of the metric; the range must include `centre`."""
    if not cell or cell["low"] is None:
        return []
    is_fine = cell["low"] <= centre <= cell["high"]
    judgement = "as expected" if is_fine else "which indicates leakage or too few groups"
    estimate_text = f"{METRIC_NAMES.get(metric, metric)} {format_estimate(cell)}"
    if is_fine and cell["high"] - cell["low"] > TOO_WIDE:
        return [
            f"With shuffled labels, performance varies widely ({estimate_text}): too few examples for this control to be informative."
        ]
    return [
        f"With shuffled labels, performance is {'at chance' if is_fine else 'different from chance'} ({estimate_text}), {judgement}."
    ]


def write_verdict(first: str, differences: dict[str, dict[str, Any]], facts: dict[str, Any]) -> str:
    """Write one paragraph on the evaluation of candidate calls.

    Parameters
    ----------
    first : the model that is evaluated.
    differences : baseline → paired difference in AUPRC.
    facts : rare (class name), rare_count, rare_groups, examples, feature, auprc, base_rate, control (AUROC of the
        control with shuffled labels).
    """
    feature = facts["feature"]
    sentences = [
        f"{capitalise(describe_model(first, feature))} finds the {facts['rare_count']} {facts['rare']}s among {facts['examples']} calls "
        f"with AUPRC {format_estimate(facts['auprc'])} (chance {facts['base_rate']:.3f})."
    ]
    if facts["rare_groups"] < FEW_GROUPS:
        sentences.append(
            f"The {facts['rare']}s are in only {facts['rare_groups']} groups: too few to tell models apart; read the intervals, not the values."
        )
    return " ".join([*sentences, *describe_comparisons(first, differences, feature), *describe_control(facts.get("control"))])
