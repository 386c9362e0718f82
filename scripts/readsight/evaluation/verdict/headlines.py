"""First sentences of the verdict: performance of the first model, by kind of outcome, compared with baselines."""

from collections.abc import Callable
from typing import Any

from readsight.text import capitalise, format_estimate, format_percentage, join_phrases
from readsight.wording import LINEAR_MODELS, describe_model

Evaluation = dict[str, Any]


def describe_test_examples(facts: Evaluation) -> str:
    """Origin of the test examples, e.g. `of the given split`, `in cross-validation (1 × 5 folds)`, `of the test chromosomes chr8 and chr9`."""
    if facts["given"]:
        return "of the given split"
    if facts.get("held_out"):
        return f"of the test {'chromosomes' if len(facts['held_out']) > 1 else 'chromosome'} {join_phrases(facts['held_out'])}"
    return "of a single split" if facts.get("single") else f"in cross-validation ({facts['divisions']})"


def find_linear_baseline(evaluation: Evaluation) -> str | None:
    """The linear baseline, unless it is the first model."""
    return next((m for m in LINEAR_MODELS if m in evaluation["metrics"] and m != evaluation["first"]), None)


def name_model(model: str, evaluation: Evaluation) -> str:
    """Display name of a model."""
    return describe_model(model, evaluation["facts"]["feature"], evaluation["kind"])


def describe_baseline(evaluation: Evaluation, metric: str, default: str | None = None) -> str:
    """Score of the linear baseline for use in brackets: `k-mer logistic regression: 0.91 [0.90, 0.92]`."""
    line = find_linear_baseline(evaluation)
    return f"{name_model(line, evaluation)}: {format_estimate(evaluation['metrics'][line][metric])}" if line else default or ""


def describe_multiclass(evaluation: Evaluation) -> list[str]:
    """Accuracy compared with chance, and the class with the lowest recall (for sequences, the error of each class)."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    base = evaluation["metrics"]["base_rate"]["accuracy"]["value"]
    correct_count = f"{round(metrics['accuracy']['value'] * facts['examples'])} of the {facts['examples']}"
    correct_count = correct_count if facts["given"] else f"{metrics['accuracy']['value']:.1%} of the {facts['examples']}"
    line = find_linear_baseline(evaluation)
    baseline = f"{describe_baseline(evaluation, 'accuracy')}; " if line else ""
    sentences = [
        f"{capitalise(name_model(evaluation['first'], evaluation))} predicts {correct_count} test {facts['unit']} {describe_test_examples(facts)} correctly "
        f"(accuracy {format_estimate(metrics['accuracy'])}; {baseline}always predicting the most common class: {base:.3f}). "
        f"Balanced accuracy is {format_estimate(metrics['balanced_accuracy'])} (chance {facts['chance']:.3f})."
    ]
    if facts["unit"] == "sequences" and evaluation["errors"]:
        error_clauses = [
            f"{c} {format_percentage(cell)}"
            for c, cell in evaluation["errors"][evaluation["first"]].items()
            if cell["value"] is not None
        ]
        return [*sentences, f"Error rates: {join_phrases(error_clauses)}."]
    classes = {
        c: cells for c, cells in evaluation["per_class"][evaluation["first"]].items() if cells["recall"]["value"] is not None
    }
    worst = min(classes, key=lambda c: classes[c]["recall"]["value"], default=None)
    if worst is not None and classes[worst]["recall"]["value"] < 1:
        sentences.append(
            f"The class with the lowest recall is {worst}: {format_estimate(classes[worst]['recall'])} of {classes[worst]['n']}."
        )
    return sentences


def describe_binary(evaluation: Evaluation) -> list[str]:
    """Two classes: for sequences ranking and calibration, otherwise as for several classes."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    if facts["unit"] != "sequences":
        return describe_multiclass(evaluation)
    baselines = {m: f"; {baseline}" if (baseline := describe_baseline(evaluation, m)) else "" for m in ("auroc", "auprc")}
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} ranks {facts['examples']} test sequences {describe_test_examples(facts)}, {facts['rare_count']} of "
        f"them {facts['rare']}, with AUROC {format_estimate(metrics['auroc'])} (chance 0.5{baselines['auroc']}) and AUPRC {format_estimate(metrics['auprc'])} "
        f"(base rate {facts['base_rate']:.3f}{baselines['auprc']}).",
        f"With classes predicted at a probability of one half, the MCC is {format_estimate(metrics['mcc'])}. The Brier score is {format_estimate(metrics['brier'])}; "
        f"the calibration error (ECE) is {format_estimate(metrics['ece_raw'])} before and {format_estimate(metrics['ece'])} after calibration.",
    ]


def describe_multilabel(evaluation: Evaluation) -> list[str]:
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    unit = facts["unit"]
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} predicts the {len(facts['classes'])} labels of {facts['examples']} "
        f"test {unit} {describe_test_examples(facts)} with macro AUPRC {format_estimate(metrics['macro_auprc'])} (chance {facts['chance']:.3f}); "
        f"all labels are correct for a fraction of {format_estimate(metrics['exact_match'])} of the {unit}."
    ]


def describe_survival(evaluation: Evaluation) -> list[str]:
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    sentences = [
        f"{capitalise(name_model(evaluation['first'], evaluation))} orders {facts['examples']} test {facts['unit']} {describe_test_examples(facts)} "
        f"({facts['events']} events) with a concordance C of {format_estimate(metrics['c_index'])} (chance 0.5)."
    ]
    p = evaluation["risk_groups"][evaluation["first"]]["p"]
    if p is not None:
        differ = "differ" if p < 0.05 else "do not differ significantly"
        sentences.append(
            f"Split at the median predicted risk, the survival curves of the two groups {differ} (log-rank p {format_p(p)})."
        )
    return sentences


def describe_regression(evaluation: Evaluation) -> list[str]:
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    baseline = f" ({baseline_text})" if (baseline_text := describe_baseline(evaluation, "pearson")) else ""
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} predicts {facts['examples']} test {facts['unit']} {describe_test_examples(facts)} with Pearson's r "
        f"{format_estimate(metrics['pearson'])}{baseline} and Spearman's ρ {format_estimate(metrics['spearman'])}. R² is {format_estimate(metrics['r2'])} "
        f"(the mean of the training data: {format_estimate(evaluation['metrics']['base_rate']['r2'])})."
    ]


def describe_positions(evaluation: Evaluation) -> list[str]:
    """Top-k accuracy of each site class compared with the baseline, and the fraction of bases that are sites."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    sites = evaluation["per_class"][evaluation["first"]]
    site_clauses = [f"{format_estimate(cells['top_k'])} of the {cells['n']} {site} sites" for site, cells in sites.items()]
    baseline = f"; {baseline_text}" if (baseline_text := describe_baseline(evaluation, "top_k")) else ""
    rate = "an undefined fraction" if facts["chance"] is None else f"{facts['chance']:.5f}"
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} finds {join_phrases(site_clauses)} among its k most probable bases, where k is the number of sites, in "
        f"{facts['examples']} test windows {describe_test_examples(facts)}: top-k accuracy {format_estimate(metrics['top_k'])} (each site class makes up {rate} of the bases"
        f"{baseline}). Macro AUPRC is {format_estimate(metrics['macro_auprc'])}."
    ]


def describe_profile(evaluation: Evaluation) -> list[str]:
    """Shape, total and likelihood of the signal, compared with the mean profile."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    base_metrics = evaluation["metrics"]["base_rate"]
    baseline = f"; {baseline_text}" if (baseline_text := describe_baseline(evaluation, "profile_pearson")) else ""
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} predicts the signal of {facts['examples']} test sequences {describe_test_examples(facts)} with "
        f"Pearson's r {format_estimate(metrics['profile_pearson'])} on average (the mean profile of the training data: "
        f"{format_estimate(base_metrics['profile_pearson'])}{baseline}), and their totals with r {format_estimate(metrics['total_pearson'])}. It explains "
        f"{format_estimate(metrics['deviance_explained'])} of the Poisson deviance (the mean profile: {format_estimate(base_metrics['deviance_explained'])})."
    ]


HEADLINES: dict[str, Callable[[Evaluation], list[str]]] = {
    "binary": describe_binary,
    "multiclass": describe_multiclass,
    "multilabel": describe_multilabel,
    "survival": describe_survival,
    "regression": describe_regression,
    "positions": describe_positions,
    "profile": describe_profile,
}


def format_p(p: float) -> str:
    return f"= {p:.2g}" if p >= 1e-4 else "< 0.0001"
