"""The first sentences of a verdict: how well the first model does, by kind of outcome, beside what tells nothing."""

from collections.abc import Callable
from typing import Any

from readsight.wording import LINEAR, capital, figure, listed, name, share

Found = dict[str, Any]


def where(facts: Found) -> str:
    """Which examples are tested: `of the given split`, `in cross-validation (1 × 5 folds)`, `of chr8 and chr9, which were held out`."""
    if facts["given"]:
        return "of the given split"
    if facts.get("held_out"):
        return f"of {listed(facts['held_out'])}, {'which were' if len(facts['held_out']) > 1 else 'which was'} held out"
    return "of one division" if facts.get("single") else f"in cross-validation ({facts['divisions']})"


def linear(found: Found) -> str | None:
    """The linear baseline, where it is not the first model itself."""
    return next((m for m in LINEAR if m in found["metrics"] and m != found["first"]), None)


def told(model: str, found: Found) -> str:
    """A model of these in words."""
    return name(model, found["facts"]["feature"], found["kind"])


def beside(found: Found, metric: str, other: str | None = None) -> str:
    """What the linear baseline has, in brackets behind a figure: `; k-mer logistic regression: 0.91 [0.90, 0.92]`."""
    line = linear(found)
    return f"{told(line, found)}: {figure(found['metrics'][line][metric])}" if line else other or ""


def of_classes(found: Found) -> list[str]:
    """How many are called right, beside chance, and the class that is found least (of sequences, the errors of each)."""
    facts, own = found["facts"], found["metrics"][found["first"]]
    base = found["metrics"]["base_rate"]["accuracy"]["value"]
    right = f"{round(own['accuracy']['value'] * facts['examples'])} of the {facts['examples']}"
    right = right if facts["given"] else f"{own['accuracy']['value']:.1%} of the {facts['examples']}"
    line = linear(found)
    near = f"{beside(found, 'accuracy')}; " if line else ""
    said = [
        f"{capital(told(found['first'], found))} calls {right} test {facts['unit']} {where(facts)} right "
        f"(accuracy {figure(own['accuracy'])}; {near}always saying the commonest class: {base:.3f}). "
        f"Balanced accuracy is {figure(own['balanced_accuracy'])} (chance {facts['chance']:.3f})."
    ]
    if facts["unit"] == "sequences" and found["errors"]:
        each = [f"{c} {share(cell)}" for c, cell in found["errors"][found["first"]].items() if cell["value"] is not None]
        return [*said, f"Called wrong: {listed(each)}."]
    classes = {c: cells for c, cells in found["per_class"][found["first"]].items() if cells["recall"]["value"] is not None}
    worst = min(classes, key=lambda c: classes[c]["recall"]["value"], default=None)
    if worst is not None and classes[worst]["recall"]["value"] < 1:
        said.append(f"It finds {worst} least: recall {figure(classes[worst]['recall'])} of {classes[worst]['n']}.")
    return said


def of_two(found: Found) -> list[str]:
    """Two classes: of sequences how they are ranked, and how far the probabilities can be believed; else as of several."""
    facts, own = found["facts"], found["metrics"][found["first"]]
    if facts["unit"] != "sequences":
        return of_classes(found)
    near = {m: f"; {words}" if (words := beside(found, m)) else "" for m in ("auroc", "auprc")}
    return [
        f"{capital(told(found['first'], found))} ranks {facts['examples']} test sequences {where(facts)}, {facts['rare_count']} of "
        f"them {facts['rare']}, with AUROC {figure(own['auroc'])} (chance 0.5{near['auroc']}) and AUPRC {figure(own['auprc'])} "
        f"(base rate {facts['base_rate']:.3f}{near['auprc']}).",
        f"Called at a probability of one half, the MCC is {figure(own['mcc'])}. The Brier score is {figure(own['brier'])}; "
        f"the calibration error (ECE) is {figure(own['ece_raw'])} before and {figure(own['ece'])} after calibration.",
    ]


def of_labels(found: Found) -> list[str]:
    facts, own = found["facts"], found["metrics"][found["first"]]
    unit = facts["unit"]
    return [
        f"{capital(told(found['first'], found))} finds the {len(facts['classes'])} labels of {facts['examples']} "
        f"test {unit} {where(facts)} with macro AUPRC {figure(own['macro_auprc'])} (chance {facts['chance']:.3f}); "
        f"all labels of a {unit.removesuffix('s')} are right in {figure(own['exact_match'])} of them."
    ]


def of_survival(found: Found) -> list[str]:
    facts, own = found["facts"], found["metrics"][found["first"]]
    said = [
        f"{capital(told(found['first'], found))} orders {facts['examples']} test {facts['unit']} {where(facts)} "
        f"({facts['events']} events seen) with a concordance C of {figure(own['c_index'])} (chance 0.5)."
    ]
    p = found["risk_groups"][found["first"]]["p"]
    if p is not None:
        differ = "differ" if p < 0.05 else "cannot be told apart"
        said.append(f"Halved at the median predicted risk, the two groups' survival curves {differ} (log-rank p {shown(p)}).")
    return said


def of_numbers(found: Found) -> list[str]:
    facts, own = found["facts"], found["metrics"][found["first"]]
    near = f" ({words})" if (words := beside(found, "pearson")) else ""
    return [
        f"{capital(told(found['first'], found))} predicts {facts['examples']} test {facts['unit']} {where(facts)} with Pearson's r "
        f"{figure(own['pearson'])}{near} and Spearman's ρ {figure(own['spearman'])}. R² is {figure(own['r2'])} "
        f"(the mean of the training part: {figure(found['metrics']['base_rate']['r2'])})."
    ]


def of_sites(found: Found) -> list[str]:
    """Top-k accuracy of each site class, beside the baseline's, and the share of bases that are sites."""
    facts, own = found["facts"], found["metrics"][found["first"]]
    sites = found["per_class"][found["first"]]
    each = [f"{figure(cells['top_k'])} of the {cells['n']} {site} sites" for site, cells in sites.items()]
    near = f"; {words}" if (words := beside(found, "top_k")) else ""
    rate = "not defined" if facts["chance"] is None else f"{facts['chance']:.5f}"
    return [
        f"Of as many of its likeliest bases as there are sites, {told(found['first'], found)} finds {listed(each)} in "
        f"{facts['examples']} test windows {where(facts)}: top-k accuracy {figure(own['top_k'])} (a site class is {rate} of the bases"
        f"{near}). Macro AUPRC is {figure(own['macro_auprc'])}."
    ]


def of_profiles(found: Found) -> list[str]:
    """Shape, total and likelihood of the signal, beside the mean profile, which knows nothing of the sequence."""
    facts, own = found["facts"], found["metrics"][found["first"]]
    base = found["metrics"]["base_rate"]
    near = f"; {words}" if (words := beside(found, "profile_pearson")) else ""
    return [
        f"{capital(told(found['first'], found))} follows the signal along {facts['examples']} test sequences {where(facts)} with "
        f"Pearson's r {figure(own['profile_pearson'])} in the mean (the mean profile of the training part: "
        f"{figure(base['profile_pearson'])}{near}), and their totals with r {figure(own['total_pearson'])}. It explains "
        f"{figure(own['deviance_explained'])} of the Poisson deviance (the mean profile: {figure(base['deviance_explained'])})."
    ]


HEADS: dict[str, Callable[[Found], list[str]]] = {
    "binary": of_two,
    "multiclass": of_classes,
    "multilabel": of_labels,
    "survival": of_survival,
    "regression": of_numbers,
    "positions": of_sites,
    "profile": of_profiles,
}


def shown(p: float) -> str:
    return f"= {p:.2g}" if p >= 1e-4 else "< 0.0001"
