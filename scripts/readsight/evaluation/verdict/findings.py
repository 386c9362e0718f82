"""What the scores of models of samples and sequences say, in words: a sentence or two a finding, from what `model_evaluate` found."""

from typing import Any

from readsight.evaluation.verdict.headlines import HEADS, linear, told
from readsight.models.model_spec import Variant
from readsight.wording import BALANCES, FEW_GROUPS, METRICS, figure, listed, name, of_control, signed

Found = dict[str, Any]
ENOUGH = 10  # divisions from which on luck is named
ODD = (5, 95)  # percentiles beyond which a given split is called unlucky or lucky


def verdict_of_samples(found: Found) -> str:
    """One paragraph on the models of a task of samples or sequences. found: all that `model_evaluate` writes, but the verdict."""
    rest = (*lucky(found), *joining(found), *balancing(found), *cleaned(found), *stratified(found))
    return " ".join([headline(found), *rest])


def headline(found: Found) -> str:
    """The verdict's core: the first model's scores, the control's, and what the first is better and worse than."""
    facts, primary = found["facts"], found["primary"]
    plain = {m: cells[primary] for m, cells in found["differences"].items() if plainly(m)}
    said = [*HEADS[found["kind"]](found), *few(facts), *blocked(facts), *ranked(plain, facts["feature"], primary, found["kind"])]
    return " ".join([*said, *of_control(facts["control"], facts["control_metric"], facts["control_chance"])])


def ranked(differences: dict[str, Found], feature: str, metric: str, kind_of: str = "binary") -> list[str]:
    """Sentences: what the first model is better and worse than, and what follows; the metric is named once."""
    said_of: dict[str, list[str]] = {"better": [], "worse": [], "equal": [], "unknown": []}
    lost = []
    for other, cell in differences.items():
        words = name(other, feature, kind_of)
        kind = which(cell)
        lost += [words] * (kind == "worse")
        said_of[kind].append(words if kind == "unknown" else f"{words} ({delta(cell)})")
    clauses = [f"better than {listed(said_of['better'])}"] * bool(said_of["better"])
    clauses += [f"worse than {listed(said_of['worse'])}"] * bool(said_of["worse"])
    holds = "the interval holds 0" if len(said_of["equal"]) == 1 else "the intervals hold 0"
    clauses += [f"no better than {listed(said_of['equal'])}, where {holds}"] * bool(said_of["equal"])
    clauses += [f"not to be compared with {listed(said_of['unknown'])}"] * bool(said_of["unknown"])
    if not clauses:
        return []
    said = [f"By {METRICS.get(metric, metric)} it is {'; '.join(clauses)}."]
    if lost:
        said.append(f"It loses: use {' or '.join(lost)} instead.")
    elif not said_of["better"]:
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


def few(facts: Found) -> list[str]:
    """A warning where a class (a label, the events) has few groups."""
    scarce = {what: n for what, n in facts["groups_of"].items() if n < FEW_GROUPS}
    if not scarce:
        return []
    unit = facts.get("unit", "samples")
    each = [f"{'lie' if what == unit else what} in only {n} {'group' if n == 1 else 'groups'}" for what, n in scarce.items()]
    have = "" if unit in scarce else " have"
    return [f"The test {unit}{have} {listed(each)}: too few to tell models apart; read the intervals, not the values."]


def blocked(facts: Found) -> list[str]:
    """What is resampled, where it is not the groups that are kept whole."""
    return ["Few chromosomes were held out: the intervals draw blocks of the genome, not chromosomes."] * bool(facts["blocks"])


def stratified(found: Found) -> list[str]:
    """Where along GC and repeats the first model scores lowest and highest."""
    if not found.get("strata"):
        return []
    said, metric = [], found["strata"]["metric"]
    for by, words in (("gc", "GC"), ("repeat", "repeats:")):
        own = {row["name"]: row["models"][found["first"]] for row in found["strata"]["rows"] if row["by"] == by}
        own = {place: cell for place, cell in own.items() if cell["value"] is not None}
        if len({cell["value"] for cell in own.values()}) > 1:
            ends = (min(own, key=lambda place: own[place]["value"]), max(own, key=lambda place: own[place]["value"]))
            low, high = (f"{figure(own[end])} ({words} {end})" for end in ends)
            said.append(f"from {low} to {high}")
    return [f"On parts of the test {found['facts']['unit']} its {METRICS.get(metric, metric)} goes {' and '.join(said)}."] * bool(
        said
    )


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
            f"On these {count} it scores above {told(line, found)} {times(tally['above'])}, as high {times(tally['equal'])} "
            f"and below {times(tally['below'])}."
        )
    return said


def times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def joining(found: Found) -> list[str]:
    """Whether several modalities together are better than the best of them alone."""
    primary, said = found["primary"], []
    for joined in dict.fromkeys(row["joined"] for row in found["modalities"]):
        own = [r for r in found["modalities"] if r["joined"] == joined and r["difference"][primary]["value"] is not None]
        if not own:
            continue
        row = min(own, key=lambda r: r["difference"][primary]["value"])
        cell = row["difference"][primary]
        whole = told(joined, found) + (" on all" if joined == Variant.of(row["alone"]).model else "")
        kind = {"better": "is better than", "worse": "is worse than"}.get(which(cell), "is no better than")
        said.append(f"{whole} {kind} {told(row['alone'], found)}" + (f" ({delta(cell)})" if cell["low"] is not None else ""))
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
            own = f"{told(row['model'], found)} {BALANCES.get(row['own'], 'under its own balance')}"
            said.append(f"{told(row['variant'], found)} is {kind} than {own} ({delta(cell)})")
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
    unit = found["facts"]["unit"]
    lead = f"The given split leaks: {clean['left_out']} of {found['facts']['examples']} test {unit} "
    lead += "are of groups that are also trained on."
    if not clean["metrics"]:
        return [f"{lead} No test {unit.removesuffix('s')} is free of it: these scores say nothing of new groups."]
    free, leaked, whole = (
        m[found["first"]][found["primary"]] for m in (clean["metrics"], clean["leaked"]["metrics"], found["metrics"])
    )
    metric = METRICS.get(found["primary"], found["primary"])
    return [
        f"{lead} On the {clean['examples']} others its {metric} is {figure(free)}, against {figure(leaked)} on those that leak "
        f"and {figure(whole)} on all."
    ]
