"""The first sentences of a verdict: how well the first model does, by kind of outcome, beside what tells nothing."""

from collections.abc import Callable
from typing import Any

from readsight.text import capitalise, format_estimate, format_percentage, join_phrases
from readsight.wording import LINEAR_MODELS, describe_model

Evaluation = dict[str, Any]


def describe_test_examples(facts: Evaluation) -> str:
    """Which examples are tested: `of the given split`, `in cross-validation (1 × 5 folds)`, `of chr8 and chr9, which were held out`."""
    if facts["given"]:
        return "of the given split"
    if facts.get("held_out"):
        return f"of {join_phrases(facts['held_out'])}, {'which were' if len(facts['held_out']) > 1 else 'which was'} held out"
    return "of one division" if facts.get("single") else f"in cross-validation ({facts['divisions']})"


def find_linear_baseline(evaluation: Evaluation) -> str | None:
    """The linear baseline, where it is not the first model itself."""
    return next((m for m in LINEAR_MODELS if m in evaluation["metrics"] and m != evaluation["first"]), None)


def name_model(model: str, evaluation: Evaluation) -> str:
    """A model of these in words."""
    return describe_model(model, evaluation["facts"]["feature"], evaluation["kind"])


def describe_baseline(evaluation: Evaluation, metric: str, default: str | None = None) -> str:
    """What the linear baseline has, in brackets behind a figure: `; k-mer logistic regression: 0.91 [0.90, 0.92]`."""
    line = find_linear_baseline(evaluation)
    return f"{name_model(line, evaluation)}: {format_estimate(evaluation['metrics'][line][metric])}" if line else default or ""


def describe_multiclass(evaluation: Evaluation) -> list[str]:
    """How many are called right, beside chance, and the class that is found least (of sequences, the errors of each)."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    base = evaluation["metrics"]["base_rate"]["accuracy"]["value"]
    correct_count = f"{round(metrics['accuracy']['value'] * facts['examples'])} of the {facts['examples']}"
    correct_count = correct_count if facts["given"] else f"{metrics['accuracy']['value']:.1%} of the {facts['examples']}"
    line = find_linear_baseline(evaluation)
    baseline = f"{describe_baseline(evaluation, 'accuracy')}; " if line else ""
    sentences = [
        f"{capitalise(name_model(evaluation['first'], evaluation))} calls {correct_count} test {facts['unit']} {describe_test_examples(facts)} right "
        f"(accuracy {format_estimate(metrics['accuracy'])}; {baseline}always saying the commonest class: {base:.3f}). "
        f"Balanced accuracy is {format_estimate(metrics['balanced_accuracy'])} (chance {facts['chance']:.3f})."
    ]
    if facts["unit"] == "sequences" and evaluation["errors"]:
        error_clauses = [
            f"{c} {format_percentage(cell)}"
            for c, cell in evaluation["errors"][evaluation["first"]].items()
            if cell["value"] is not None
        ]
        return [*sentences, f"Called wrong: {join_phrases(error_clauses)}."]
    classes = {
        c: cells for c, cells in evaluation["per_class"][evaluation["first"]].items() if cells["recall"]["value"] is not None
    }
    worst = min(classes, key=lambda c: classes[c]["recall"]["value"], default=None)
    if worst is not None and classes[worst]["recall"]["value"] < 1:
        sentences.append(f"It finds {worst} least: recall {format_estimate(classes[worst]['recall'])} of {classes[worst]['n']}.")
    return sentences


def describe_binary(evaluation: Evaluation) -> list[str]:
    """Two classes: of sequences how they are ranked, and how far the probabilities can be believed; else as of several."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    if facts["unit"] != "sequences":
        return describe_multiclass(evaluation)
    baselines = {m: f"; {baseline}" if (baseline := describe_baseline(evaluation, m)) else "" for m in ("auroc", "auprc")}
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} ranks {facts['examples']} test sequences {describe_test_examples(facts)}, {facts['rare_count']} of "
        f"them {facts['rare']}, with AUROC {format_estimate(metrics['auroc'])} (chance 0.5{baselines['auroc']}) and AUPRC {format_estimate(metrics['auprc'])} "
        f"(base rate {facts['base_rate']:.3f}{baselines['auprc']}).",
        f"Called at a probability of one half, the MCC is {format_estimate(metrics['mcc'])}. The Brier score is {format_estimate(metrics['brier'])}; "
        f"the calibration error (ECE) is {format_estimate(metrics['ece_raw'])} before and {format_estimate(metrics['ece'])} after calibration.",
    ]


def describe_multilabel(evaluation: Evaluation) -> list[str]:
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    unit = facts["unit"]
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} finds the {len(facts['classes'])} labels of {facts['examples']} "
        f"test {unit} {describe_test_examples(facts)} with macro AUPRC {format_estimate(metrics['macro_auprc'])} (chance {facts['chance']:.3f}); "
        f"all labels of a {unit.removesuffix('s')} are right in {format_estimate(metrics['exact_match'])} of them."
    ]


def describe_survival(evaluation: Evaluation) -> list[str]:
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    sentences = [
        f"{capitalise(name_model(evaluation['first'], evaluation))} orders {facts['examples']} test {facts['unit']} {describe_test_examples(facts)} "
        f"({facts['events']} events seen) with a concordance C of {format_estimate(metrics['c_index'])} (chance 0.5)."
    ]
    p = evaluation["risk_groups"][evaluation["first"]]["p"]
    if p is not None:
        differ = "differ" if p < 0.05 else "cannot be told apart"
        sentences.append(
            f"Halved at the median predicted risk, the two groups' survival curves {differ} (log-rank p {format_p(p)})."
        )
    return sentences


def describe_regression(evaluation: Evaluation) -> list[str]:
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    baseline = f" ({baseline_text})" if (baseline_text := describe_baseline(evaluation, "pearson")) else ""
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} predicts {facts['examples']} test {facts['unit']} {describe_test_examples(facts)} with Pearson's r "
        f"{format_estimate(metrics['pearson'])}{baseline} and Spearman's ρ {format_estimate(metrics['spearman'])}. R² is {format_estimate(metrics['r2'])} "
        f"(the mean of the training part: {format_estimate(evaluation['metrics']['base_rate']['r2'])})."
    ]


def describe_positions(evaluation: Evaluation) -> list[str]:
    """Top-k accuracy of each site class, beside the baseline's, and the share of bases that are sites."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    sites = evaluation["per_class"][evaluation["first"]]
    site_clauses = [f"{format_estimate(cells['top_k'])} of the {cells['n']} {site} sites" for site, cells in sites.items()]
    baseline = f"; {baseline_text}" if (baseline_text := describe_baseline(evaluation, "top_k")) else ""
    rate = "not defined" if facts["chance"] is None else f"{facts['chance']:.5f}"
    return [
        f"Of as many of its likeliest bases as there are sites, {name_model(evaluation['first'], evaluation)} finds {join_phrases(site_clauses)} in "
        f"{facts['examples']} test windows {describe_test_examples(facts)}: top-k accuracy {format_estimate(metrics['top_k'])} (a site class is {rate} of the bases"
        f"{baseline}). Macro AUPRC is {format_estimate(metrics['macro_auprc'])}."
    ]


def describe_profile(evaluation: Evaluation) -> list[str]:
    """Shape, total and likelihood of the signal, beside the mean profile, which knows nothing of the sequence."""
    facts, metrics = evaluation["facts"], evaluation["metrics"][evaluation["first"]]
    base_metrics = evaluation["metrics"]["base_rate"]
    baseline = f"; {baseline_text}" if (baseline_text := describe_baseline(evaluation, "profile_pearson")) else ""
    return [
        f"{capitalise(name_model(evaluation['first'], evaluation))} follows the signal along {facts['examples']} test sequences {describe_test_examples(facts)} with "
        f"Pearson's r {format_estimate(metrics['profile_pearson'])} in the mean (the mean profile of the training part: "
        f"{format_estimate(base_metrics['profile_pearson'])}{baseline}), and their totals with r {format_estimate(metrics['total_pearson'])}. It explains "
        f"{format_estimate(metrics['deviance_explained'])} of the Poisson deviance (the mean profile: {format_estimate(base_metrics['deviance_explained'])})."
    ]


HEADS: dict[str, Callable[[Evaluation], list[str]]] = {
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
