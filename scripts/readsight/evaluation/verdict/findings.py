"""Sentences on models of samples and sequences, one or two per finding, from the results of `model_evaluate`."""

from typing import Any

from readsight.evaluation.verdict.headlines import HEADLINES, find_linear_baseline, name_model
from readsight.models.model_spec import ModelSpec
from readsight.text import format_estimate, format_signed, join_phrases
from readsight.wording import BALANCE_PHRASES, FEW_GROUPS, METRIC_NAMES, describe_control, describe_model

Evaluation = dict[str, Any]
MIN_DIVISIONS = 10  # smallest number of random splits for a statement on the given split
EXTREME_PERCENTILES = (5, 95)  # percentiles beyond which a given split is called unlucky or lucky


def write_sample_verdict(evaluation: Evaluation) -> str:
    """One paragraph on the models of a task of samples or sequences. evaluation: results of `model_evaluate`."""
    details = (
        *describe_variability(evaluation),
        *describe_modalities(evaluation),
        *describe_balances(evaluation),
        *describe_leakage(evaluation),
        *describe_strata(evaluation),
    )
    return " ".join([write_headline(evaluation), *details])


def write_headline(evaluation: Evaluation) -> str:
    """Core of the verdict: scores of the first model and the control, and comparisons of the first model."""
    facts, primary = evaluation["facts"], evaluation["primary"]
    differences = {m: cells[primary] for m, cells in evaluation["differences"].items() if is_plain_model(m)}
    sentences = [
        *HEADLINES[evaluation["kind"]](evaluation),
        *warn_few_groups(facts),
        *describe_blocks(facts),
        *describe_ranking(differences, facts["feature"], primary, evaluation["kind"]),
    ]
    return " ".join([*sentences, *describe_control(facts["control"], facts["control_metric"], facts["control_chance"])])


def describe_ranking(differences: dict[str, Evaluation], feature: str, metric: str, kind_of: str = "binary") -> list[str]:
    """Sentences on what the first model is better and worse than, and what follows; the metric is named once."""
    models_by_kind: dict[str, list[str]] = {"better": [], "worse": [], "equal": [], "unknown": []}
    better_models = []
    for model, cell in differences.items():
        model_name = describe_model(model, feature, kind_of)
        kind = classify_difference(cell)
        better_models += [model_name] * (kind == "worse")
        models_by_kind[kind].append(model_name if kind == "unknown" else f"{model_name} ({format_delta(cell)})")
    clauses = [f"better than {join_phrases(models_by_kind['better'])}"] * bool(models_by_kind["better"])
    clauses += [f"worse than {join_phrases(models_by_kind['worse'])}"] * bool(models_by_kind["worse"])
    explanation = "the interval contains 0" if len(models_by_kind["equal"]) == 1 else "the intervals contain 0"
    clauses += [f"no better than {join_phrases(models_by_kind['equal'])}, where {explanation}"] * bool(models_by_kind["equal"])
    clauses += [f"not comparable with {join_phrases(models_by_kind['unknown'])}"] * bool(models_by_kind["unknown"])
    if not clauses:
        return []
    sentences = [f"By {METRIC_NAMES.get(metric, metric)} it is {'; '.join(clauses)}."]
    if better_models:
        sentences.append(f"It loses: use {' or '.join(better_models)} instead.")
    elif not models_by_kind["better"]:
        sentences.append("Nothing here justifies it over the simplest of them.")
    return sentences


def classify_difference(cell: Evaluation) -> str:
    """`better`, `worse` or `equal` by the interval of a difference; `unknown` without one."""
    if cell["value"] is None or cell["low"] is None:
        return "unknown"
    return "better" if cell["low"] > 0 else "worse" if cell["high"] < 0 else "equal"


def format_delta(cell: Evaluation) -> str:
    return f"Δ {format_signed(cell['value'])} [{format_signed(cell['low'])}, {format_signed(cell['high'])}]"


def is_plain_model(model: str) -> bool:
    """Whether a model is trained on all modalities, under the task's balance."""
    model_spec = ModelSpec.parse(model)
    return not model_spec.modality and not model_spec.balance


def warn_few_groups(facts: Evaluation) -> list[str]:
    """A warning if a class (a label, the events) has few groups."""
    scarce = {class_name: n for class_name, n in facts["groups_of"].items() if n < FEW_GROUPS}
    if not scarce:
        return []
    unit = facts.get("unit", "samples")
    counts = {class_name: f"in only {n} {'group' if n == 1 else 'groups'}" for class_name, n in scarce.items()}
    if unit in scarce:
        lead = f"The test {unit} are {counts[unit]}"
    else:
        first = next(iter(scarce))
        counts[first] = f"{'occur' if first == 'events' else 'occurs'} {counts[first]}"
        lead = f"Among the test {unit}, {join_phrases([f'{class_name} {count}' for class_name, count in counts.items()])}"
    return [f"{lead}: too few to tell models apart; read the intervals, not the values."]


def describe_blocks(facts: Evaluation) -> list[str]:
    """The unit of resampling, if it is not the group."""
    return ["Few chromosomes are in the test set: intervals resample blocks of the genome, not chromosomes."] * bool(
        facts["blocks"]
    )


def describe_strata(evaluation: Evaluation) -> list[str]:
    """The GC and repeat strata with the lowest and highest scores of the first model."""
    if not evaluation.get("strata"):
        return []
    ranges, metric = [], evaluation["strata"]["metric"]
    for by, label in (("gc", "GC"), ("repeat", "repeats:")):
        cells = {row["name"]: row["models"][evaluation["first"]] for row in evaluation["strata"]["rows"] if row["by"] == by}
        cells = {stratum: cell for stratum, cell in cells.items() if cell["value"] is not None}
        if len({cell["value"] for cell in cells.values()}) > 1:
            ends = (
                min(cells, key=lambda stratum: cells[stratum]["value"]),
                max(cells, key=lambda stratum: cells[stratum]["value"]),
            )
            low, high = (f"{format_estimate(cells[end])} ({label} {end})" for end in ends)
            ranges.append(f"from {low} to {high}")
    return [
        f"On strata of the test {evaluation['facts']['unit']} its {METRIC_NAMES.get(metric, metric)} ranges {' and '.join(ranges)}."
    ] * bool(ranges)


def describe_variability(evaluation: Evaluation) -> list[str]:
    """Percentile of the given split among random splits, or the spread over folds."""
    variability = evaluation["luck"].get(evaluation["first"])
    if not variability or len(variability["values"]) < 2:
        return []
    limits = "{min:.3f} to {max:.3f}, median {median:.3f}".format(**variability["quantiles"])
    metric, count = METRIC_NAMES.get(variability["metric"], variability["metric"]), len(variability["values"])
    if not evaluation["facts"]["given"]:
        return [f"Its {count} test folds score from {limits} ({metric})."]
    if variability["percentile"] is None:
        return []
    low, high = EXTREME_PERCENTILES
    kind = (
        "a lucky one"
        if variability["percentile"] >= high
        else "an unlucky one"
        if variability["percentile"] <= low
        else "an ordinary one"
    )
    lead = f"The given split is {kind}: " if count >= MIN_DIVISIONS else "Too few random splits to judge the given split: "
    sentences = [
        f"{lead}{count} random splits of the same sizes score from {limits} ({metric}), "
        f"and the given split scores above {variability['percentile']:.0f} % of them."
    ]
    line = find_linear_baseline(evaluation)
    if line:
        wins = evaluation["luck"][line]["first"]
        sentences.append(
            f"On these {count} splits, {name_model(evaluation['first'], evaluation)} scores higher than {name_model(line, evaluation)} "
            f"{format_times(wins['above'])}, the same {format_times(wins['equal'])}, and lower {format_times(wins['below'])}."
        )
    return sentences


def format_times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def describe_modalities(evaluation: Evaluation) -> list[str]:
    """Whether all modalities together are better than the best single modality."""
    primary, clauses = evaluation["primary"], []
    for joined in dict.fromkeys(row["joined"] for row in evaluation["modalities"]):
        rows = [r for r in evaluation["modalities"] if r["joined"] == joined and r["difference"][primary]["value"] is not None]
        if not rows:
            continue
        row = min(rows, key=lambda r: r["difference"][primary]["value"])
        cell = row["difference"][primary]
        joined_name = name_model(joined, evaluation) + (" on all" if joined == ModelSpec.parse(row["alone"]).model else "")
        kind = {"better": "is better than", "worse": "is worse than"}.get(classify_difference(cell), "is no better than")
        clauses.append(
            f"{joined_name} {kind} {name_model(row['alone'], evaluation)}"
            + (f" ({format_delta(cell)})" if cell["low"] is not None else "")
        )
    if not clauses:
        return []
    lead = f"Compared with the best single modality by {METRIC_NAMES.get(primary, primary)}"
    return [f"{lead}: {'; '.join(clauses)}."]


def describe_balances(evaluation: Evaluation) -> list[str]:
    """Effects of the compared balances."""
    rows, primary = evaluation["balances"], evaluation["primary"]
    clauses = []
    for row in rows:
        cell = row["difference"][primary]
        if (kind := classify_difference(cell)) in ("better", "worse"):
            task_balance = (
                f"{name_model(row['model'], evaluation)} {BALANCE_PHRASES.get(row['own'], 'under the balance of the task')}"
            )
            clauses.append(f"{name_model(row['variant'], evaluation)} is {kind} than {task_balance} ({format_delta(cell)})")
    remaining = len(rows) - len(clauses)
    if remaining:
        clauses.append(
            f"{remaining} of {len(rows)} comparisons {'shows' if remaining == 1 else 'show'} no difference"
            if clauses
            else f"none of {len(rows)} comparisons shows a difference"
        )
    return [
        f"Balancing methods compared on the same folds and test examples, by {METRIC_NAMES.get(primary, primary)}: {'; '.join(clauses)}."
    ] * bool(rows)


def describe_leakage(evaluation: Evaluation) -> list[str]:
    """Scores of a leaking given split on examples whose groups are not in training."""
    clean = evaluation.get("clean")
    if not clean:
        return []
    unit = evaluation["facts"]["unit"]
    lead = f"The given split leaks: {clean['left_out']} of {evaluation['facts']['examples']} test {unit} "
    lead += "are in groups that are also in training."
    if not clean["metrics"]:
        return [f"{lead} No test {unit.removesuffix('s')} is free of leakage: these scores do not apply to new groups."]
    clean_cell, leaked_cell, full_cell = (
        m[evaluation["first"]][evaluation["primary"]]
        for m in (clean["metrics"], clean["leaked"]["metrics"], evaluation["metrics"])
    )
    metric = METRIC_NAMES.get(evaluation["primary"], evaluation["primary"])
    return [
        f"{lead} On the {clean['examples']} remaining ones its {metric} is {format_estimate(clean_cell)}, compared with {format_estimate(leaked_cell)} on those that leak "
        f"and {format_estimate(full_cell)} on all."
    ]
