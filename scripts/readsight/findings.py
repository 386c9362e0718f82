"""What the scores of models of samples say, in words: a sentence or two a finding, from what `model_evaluate` found."""

from typing import Any

from readsight.variant import Variant
from readsight.verdict import BALANCES, FEW_GROUPS, LINEAR, METRICS, capital, figure, listed, name, of_control, signed

Found = dict[str, Any]
ENOUGH = 10  # divisions from which on luck is named
ODD = (5, 95)  # percentiles beyond which a given split is called unlucky or lucky


def verdict_of_samples(found: Found) -> str:
    """One paragraph on the models of a task of samples. found: all that `model_evaluate` writes, but the verdict."""
    return " ".join([headline(found), *lucky(found), *joining(found), *balancing(found), *cleaned(found)])


def headline(found: Found) -> str:
    """The verdict's core: the first model's scores, the control's, and what the first is better and worse than."""
    facts, primary = found["facts"], found["primary"]
    plain = {m: cells[primary] for m, cells in found["differences"].items() if plainly(m)}
    said = [*HEADS[found["kind"]](found), *few(facts), *ranked(plain, facts["feature"], primary)]
    return " ".join([*said, *of_control(facts["control"], facts["control_metric"])])


def ranked(differences: dict[str, Found], feature: str, metric: str) -> list[str]:
    """Sentences: what the first model is better and worse than, and what follows; the metric is named once."""
    told: dict[str, list[str]] = {"better": [], "worse": [], "equal": [], "unknown": []}
    lost = []
    for other, cell in differences.items():
        words = name(other, feature)
        kind = which(cell)
        lost += [words] * (kind == "worse")
        told[kind].append(words if kind == "unknown" else f"{words} ({delta(cell)})")
    clauses = [f"better than {listed(told['better'])}"] * bool(told["better"])
    clauses += [f"worse than {listed(told['worse'])}"] * bool(told["worse"])
    holds = "the interval holds 0" if len(told["equal"]) == 1 else "the intervals hold 0"
    clauses += [f"no better than {listed(told['equal'])}, where {holds}"] * bool(told["equal"])
    clauses += [f"not to be compared with {listed(told['unknown'])}"] * bool(told["unknown"])
    if not clauses:
        return []
    said = [f"By {METRICS.get(metric, metric)} it is {'; '.join(clauses)}."]
    if lost:
        said.append(f"It loses: use {' or '.join(lost)} instead.")
    elif not told["better"]:
        said.append("Nothing here justifies it over the simplest of them.")
    return said


def which(cell: Found) -> str:
    """`better`, `worse` or `equal` by a difference's interval; `unknown` where it has none."""
    if cell["value"] is None or cell["low"] is None:
        return "unknown"
    return "better" if cell["low"] > 0 else "worse" if cell["high"] < 0 else "equal"


def delta(cell: Found) -> str:
    return f"Δ {signed(cell['value'])} [{signed(cell['low'])}, {signed(cell['high'])}]"


def plainly(model: str) -> bool:
    """Whether a model is trained on all modalities, under the task's own balance."""
    variant = Variant.of(model)
    return not variant.modality and not variant.balance


def where(facts: Found) -> str:
    return "of the given split" if facts["given"] else f"in cross-validation ({facts['divisions']})"


def of_classes(found: Found) -> list[str]:
    """How many are called right, beside chance, and the class that is found least."""
    facts, own = found["facts"], found["metrics"][found["first"]]
    base = found["metrics"]["base_rate"]["accuracy"]["value"]
    right = f"{round(own['accuracy']['value'] * facts['examples'])} of the {facts['examples']}"
    right = right if facts["given"] else f"{own['accuracy']['value']:.1%} of the {facts['examples']}"
    line = linear(found)
    beside = f"{name(line)}: {figure(found['metrics'][line]['accuracy'])}; " if line else ""
    said = [
        f"{capital(name(found['first'], facts['feature']))} calls {right} test samples {where(facts)} right "
        f"(accuracy {figure(own['accuracy'])}; {beside}always saying the commonest class: {base:.3f}). "
        f"Balanced accuracy is {figure(own['balanced_accuracy'])} (chance {facts['chance']:.3f})."
    ]
    classes = {c: cells for c, cells in found["per_class"][found["first"]].items() if cells["recall"]["value"] is not None}
    worst = min(classes, key=lambda c: classes[c]["recall"]["value"], default=None)
    if worst is not None and classes[worst]["recall"]["value"] < 1:
        said.append(f"It finds {worst} least: recall {figure(classes[worst]['recall'])} of {classes[worst]['n']}.")
    return said


def of_labels(found: Found) -> list[str]:
    facts, own = found["facts"], found["metrics"][found["first"]]
    return [
        f"{capital(name(found['first'], facts['feature']))} finds the {len(facts['classes'])} labels of {facts['examples']} "
        f"test samples {where(facts)} with macro AUPRC {figure(own['macro_auprc'])} (chance {facts['chance']:.3f}); "
        f"all labels of a sample are right in {figure(own['exact_match'])} of them."
    ]


def of_survival(found: Found) -> list[str]:
    facts, own = found["facts"], found["metrics"][found["first"]]
    said = [
        f"{capital(name(found['first'], facts['feature']))} orders {facts['examples']} test samples {where(facts)} "
        f"({facts['events']} events seen) with a concordance C of {figure(own['c_index'])} (chance 0.5)."
    ]
    p = found["risk_groups"][found["first"]]["p"]
    if p is not None:
        differ = "differ" if p < 0.05 else "cannot be told apart"
        said.append(f"Halved at the median predicted risk, the two groups' survival curves {differ} (log-rank p {shown(p)}).")
    return said


HEADS = {"binary": of_classes, "multiclass": of_classes, "multilabel": of_labels, "survival": of_survival}


def shown(p: float) -> str:
    return f"= {p:.2g}" if p >= 1e-4 else "< 0.0001"


def few(facts: Found) -> list[str]:
    """A warning where a class (a label, the events) has few groups."""
    scarce = {what: n for what, n in facts["groups_of"].items() if n < FEW_GROUPS}
    if not scarce:
        return []
    told = listed([f"{what} in only {n} {'group' if n == 1 else 'groups'}" for what, n in scarce.items()])
    return [f"The test samples have {told}: too few to tell models apart; read the intervals, not the values."]


def lucky(found: Found) -> list[str]:
    """Where the given split falls among those drawn anew, or how far the folds scatter."""
    own = found["luck"].get(found["first"])
    if not own or len(own["values"]) < 2:
        return []
    limits = "{min:.3f} to {max:.3f}, median {median:.3f}".format(**own["quantiles"])
    metric, count = METRICS.get(own["metric"], own["metric"]), len(own["values"])
    if not found["facts"]["given"]:
        return [f"Its {count} test folds score from {limits} ({metric})."]
    if own["percentile"] is None:
        return []
    low, high = ODD
    kind = "a lucky one" if own["percentile"] >= high else "an unlucky one" if own["percentile"] <= low else "an ordinary one"
    lead = f"The given split is {kind}: " if count >= ENOUGH else "Too few to tell the given split's luck: "
    said = [
        f"{lead}{count} divisions of the same sizes drawn anew score from {limits} ({metric}), "
        f"and it is above {own['percentile']:.0f} % of them."
    ]
    line = linear(found)
    if line:
        tally = found["luck"][line]["first"]
        said.append(
            f"On these {count} it scores above {name(line)} {times(tally['above'])}, as high {times(tally['equal'])} "
            f"and below {times(tally['below'])}."
        )
    return said


def times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def linear(found: Found) -> str | None:
    """The linear baseline, where it is not the first model itself."""
    return next((m for m in LINEAR if m in found["metrics"] and m != found["first"]), None)


def joining(found: Found) -> list[str]:
    """Whether several modalities together are better than the best of them alone."""
    feature, primary = found["facts"]["feature"], found["primary"]
    said = []
    for joined in dict.fromkeys(row["joined"] for row in found["modalities"]):
        own = [r for r in found["modalities"] if r["joined"] == joined and r["difference"][primary]["value"] is not None]
        if not own:
            continue
        row = min(own, key=lambda r: r["difference"][primary]["value"])
        cell = row["difference"][primary]
        whole = name(joined, feature) + (" on all" if joined == Variant.of(row["alone"]).model else "")
        kind = {"better": "is better than", "worse": "is worse than"}.get(which(cell), "is no better than")
        said.append(f"{whole} {kind} {name(row['alone'], feature)}" + (f" ({delta(cell)})" if cell["low"] is not None else ""))
    if not said:
        return []
    lead = f"Does joining modalities pay? Beside the one that scores best alone, by {METRICS.get(primary, primary)}"
    return [f"{lead}: {'; '.join(said)}."]


def balancing(found: Found) -> list[str]:
    """What the balances that are compared change."""
    rows, primary = found["balances"], found["primary"]
    said = []
    for row in rows:
        cell = row["difference"][primary]
        if (kind := which(cell)) in ("better", "worse"):
            own = f"{name(row['model'])} {BALANCES.get(row['own'], 'under its own balance')}"
            said.append(f"{name(row['variant'])} is {kind} than {own} ({delta(cell)})")
    rest = len(rows) - len(said)
    if rest:
        said.append(f"{rest if said else 'none'} of {len(rows)} comparisons {'show no' if said else 'shows a'} difference")
    return [
        f"Balances, on the same folds and the same test examples, by {METRICS.get(primary, primary)}: {'; '.join(said)}."
    ] * bool(rows)


def cleaned(found: Found) -> list[str]:
    """Scores on the part of a leaking given split whose groups are not trained on."""
    clean = found.get("clean")
    if not clean:
        return []
    lead = f"The given split leaks: {clean['left_out']} of {found['facts']['examples']} test samples "
    lead += "are of groups that are also trained on."
    if not clean["metrics"]:
        return [lead + " No test sample is free of it: these scores say nothing of new groups."]
    both = [m[found["first"]][found["primary"]] for m in (clean["metrics"], found["metrics"])]
    metric = METRICS.get(found["primary"], found["primary"])
    return [f"{lead} On the {clean['examples']} others its {metric} is {figure(both[0])}, against {figure(both[1])} on all."]
