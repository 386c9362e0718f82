"""What the figures of a task say, in words."""

from typing import Any

from readsight.models.model_spec import Variant

# The model that is trained on shuffled labels: what nothing learned looks like.
CONTROL = "shuffled_labels"
NAMES = {
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
BALANCES = {
    "none": "without balancing",
    "smote": "with SMOTE",
    "oversample": "with random over-sampling",
    "undersample": "with random under-sampling",
    "class_weight": "with class weights",
    "mutagenesis": "with mutated copies",
}
METRICS = {
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
    "profile_pearson": "Pearson's r along the bins",
    "total_pearson": "Pearson's r of totals",
    "deviance_explained": "deviance explained",
}
LINEAR = ("kmer_linear", "position_matrix", "logistic", "elastic_net", "cox")  # the simplest first
RIDGE = ("regression", "profile")  # outcomes that the linear model of k-mers is a ridge regression of
FEW_GROUPS = 10
TOO_WIDE = 0.6  # an interval of the control that nearly any model would lie in


def name(model: str, feature: str = "one feature", kind: str = "binary") -> str:
    """A model in words: `logistic regression on mrna alone`. kind: of the outcome."""
    variant = Variant.of(model)
    own = NAMES.get(variant.model, variant.model).format(feature=feature, linear="ridge" if kind in RIDGE else "logistic")
    own += f" on {variant.modality} alone" if variant.modality else ""
    return own + (f" {BALANCES.get(variant.balance, f'with {variant.balance}')}" if variant.balance else "")


def capital(words: str) -> str:
    """Words with a capital first letter, the others as they are."""
    return words[:1].upper() + words[1:]


def listed(words: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def figure(cell: dict[str, Any]) -> str:
    """A value with its interval: `0.97 [0.95, 0.99]`."""
    if cell["value"] is None:
        return "not defined"
    if cell["low"] is None:
        return f"{cell['value']:.3f}"
    return f"{cell['value']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def share(cell: dict[str, Any]) -> str:
    """A part in % with its interval: `4.6 % [3.1, 6.4]`."""
    limits = "" if cell["low"] is None else f" [{cell['low']:.1f}, {cell['high']:.1f}]"
    return f"{cell['value']:.1f} %{limits}"


def signed(value: float) -> str:
    """A difference with its sign, and as many digits as show on which side of 0 it lies: `−0.0004`."""
    digits = next((d for d in range(3, 7) if abs(round(value, d)) > 0), 3)
    return f"{value:+.{digits}f}".replace("-", "−")


def against(first: str, other: str, difference: dict[str, Any], metric: str = "auprc") -> tuple[str, str]:
    """(`better`, `worse` or `equal`; a clause that says so with the difference in the metric)."""
    value = difference["value"]
    if value is None or difference["low"] is None:
        return "equal", f"cannot be compared with {other}"
    shown = f"Δ{METRICS.get(metric, metric)} {signed(value)} [{signed(difference['low'])}, {signed(difference['high'])}]"
    if difference["low"] > 0:
        return "better", f"better than {other} ({shown})"
    if difference["high"] < 0:
        return "worse", f"worse than {other} ({shown})"
    return "equal", f"no better than {other} ({shown}; the interval holds 0)"


def beside(first: str, differences: dict[str, dict[str, Any]], feature: str, metric: str = "auprc") -> list[str]:
    """Sentences: what the first model is better and worse than, and what follows. differences: model → paired difference."""
    said = {other: against(name(first, feature), name(other, feature), cell, metric) for other, cell in differences.items()}
    found = []
    for kind in ("better", "worse", "equal"):
        clauses = [clause for what, clause in said.values() if what == kind]
        if clauses:
            found.append(f"It is {'; '.join(clauses)}.")
    lost = [name(other, feature) for other, (what, _) in said.items() if what == "worse"]
    if lost:
        found.append(f"It loses: use {' or '.join(lost)} instead.")
    elif said and all(what == "equal" for what, _ in said.values()):
        found.append("Nothing here justifies it over the simplest of them.")
    return found


def of_control(cell: dict[str, Any] | None, metric: str = "auroc", centre: float = 0.5) -> list[str]:
    """A sentence on the negative control. cell: the metric's mean and range over its draws; it must hold the centre."""
    if not cell or cell["low"] is None:
        return []
    fine = cell["low"] <= centre <= cell["high"]
    words = "as it must be" if fine else "which should not be: suspect a leak or too few groups"
    shown = f"{METRICS.get(metric, metric)} {figure(cell)}"
    if fine and cell["high"] - cell["low"] > TOO_WIDE:
        return [
            f"Trained on shuffled labels, a model ranks anyhow ({shown}): too few examples for this control to tell anything."
        ]
    return [f"Trained on shuffled labels, a model ranks {'by chance' if fine else 'off chance'} ({shown}), {words}."]


def verdict(first: str, differences: dict[str, dict[str, Any]], facts: dict[str, Any]) -> str:
    """One paragraph on candidate calls.

    first: the model under judgement. differences: baseline → paired difference in
    AUPRC. facts: rare (class name), rare_count, rare_groups, examples, feature,
    auprc, base_rate, control (AUROC of shuffled labels).
    """
    feature = facts["feature"]
    parts = [
        f"{capital(name(first, feature))} finds the {facts['rare_count']} {facts['rare']}s among {facts['examples']} "
        f"with AUPRC {figure(facts['auprc'])} (chance {facts['base_rate']:.3f})."
    ]
    if facts["rare_groups"] < FEW_GROUPS:
        parts.append(
            f"They lie in only {facts['rare_groups']} groups: too few to tell models apart; read the intervals, not the values."
        )
    return " ".join([*parts, *beside(first, differences, feature), *of_control(facts.get("control"))])
