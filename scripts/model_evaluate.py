"""Score every model of a task, with intervals and against each other, and say in words what the scores mean."""

import csv
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation import comparisons
from readsight.evaluation import curves as drawings
from readsight.evaluation.baseline import METRICS as OF_BASE_RATE
from readsight.evaluation.baseline import prior
from readsight.evaluation.example_annotations import Known, regrouped
from readsight.evaluation.example_counts import chance, divisions, errors, facts_of
from readsight.evaluation.outcomes import multilabel
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.plan import Plan
from readsight.evaluation.predictions import Part, Resamples, parts
from readsight.evaluation.scores import score
from readsight.evaluation.split_variability import luck
from readsight.evaluation.strata import strata
from readsight.evaluation.summary import records
from readsight.evaluation.verdict.findings import balancing as words_on_balances
from readsight.evaluation.verdict.findings import headline, plainly, verdict_of_samples
from readsight.step import step
from readsight.wording import CONTROL, LINEAR, verdict

log = logging.getLogger("readsight")


def evaluate(
    tables: dict[str, pd.DataFrame], plan: Plan, certificate: dict[str, Any], known: Known | None = None
) -> dict[str, Any]:
    """Everything that is said about a task's models.

    tables: model → predictions of all repeats, the control among them, where there is one. certificate: of the split.
    known: what is known of the examples, beside their predictions.
    """
    kind, spec = plan.outcome.kind, certificate.get("spec", {})
    told = {model: plan.headline(table) for model, table in tables.items()}
    own = regrouped(told, known) if spec.get("by") == "chromosome" else told
    head = own[plan.first]
    once = head.drop_duplicates("example")
    sought = plan.sought(once)
    drawn = Resamples.of(head, plan.resamples, plan.seed)
    seen = {model: parts(table, plan.outcome, drawn, sought) for model, table in own.items() if model != CONTROL}
    scored = {model: score(of) for model, of in seen.items()}
    cells = {model: s.cells for model, s in scored.items()} | based(head, plan, certificate, known, drawn, sought)
    if CONTROL in tables:
        cells[CONTROL] = chance(own[CONTROL], plan, sought)
    metric, centre = next(iter(SCORING[kind].CHANCE.items()), (None, None))
    facts = facts_of(once, plan, sought) | divisions(head, spec)
    facts["blocks"] = own is not told
    if kind == "multilabel":
        facts["chance"] = float(np.mean([multilabel.chance(part) for part in seen[plan.first]]))
    facts |= {"control": cells.get(CONTROL, {}).get(metric), "control_metric": metric, "control_chance": centre}
    per_class = {model: s.per_class for model, s in scored.items() if s.per_class}
    telling = dict.fromkeys([plan.first, *[m for m in LINEAR if m in own][:1]])
    found = {
        "kind": kind,
        "primary": plan.primary,
        "first": plan.first,
        "facts": facts,
        "metrics": cells,
        "per_class": per_class,
        "errors": errors(per_class) if kind == "multiclass" else {},
        "confusion": {model: s.confusion.tolist() for model, s in scored.items() if s.confusion is not None},
        "differences": comparisons.differences(scored, plan.first, kind),
        "balances": comparisons.balances(scored, kind, plan.balance),
        "modalities": comparisons.modalities(scored, kind),
        "luck": luck({m: t for m, t in tables.items() if m != CONTROL}, plan.outcome, sought, plan.primary, plan.given),
        "clean": cleaned(own, plan, certificate, sought),
        "strata": strata({model: own[model] for model in telling}, plan, known, sought) if plan.sequences else None,
    } | drawings_of(seen, plan)
    words = in_words(found, plan)
    return {"verdict": words, "headline": words if plan.calls else headline(found)} | found


def based(
    head: pd.DataFrame, plan: Plan, certificate: dict[str, Any], known: Known | None, drawn: Resamples, sought: int
) -> dict[str, Any]:
    """Scores of the base rate; none of survival, where it orders nothing, and of sites, where it finds none."""
    names = OF_BASE_RATE.get(plan.outcome.kind)
    if names is None:
        return {}
    said = prior(head, plan.outcome, certificate.get("folds", []), known.rest if known else None)
    constant = score(parts(said, plan.outcome, drawn, sought)).cells
    return {"base_rate": {name: constant[name] for name in names}}


def in_words(found: dict[str, Any], plan: Plan) -> str:
    """The verdict."""
    if not plan.calls:
        return verdict_of_samples(found)
    auprc = {m: cells["auprc"] for m, cells in found["differences"].items() if plainly(m)}
    facts = found["facts"] | {"auprc": found["metrics"][plan.first]["auprc"]}
    return " ".join([verdict(plan.first, auprc, facts), *words_on_balances(found)])


def cleaned(tables: dict[str, pd.DataFrame], plan: Plan, certificate: dict[str, Any], sought: int) -> dict[str, Any] | None:
    """Scores on the test examples of a given split whose group is not trained on, and on those whose group is (`leaked`).

    None where it does not leak.
    """
    leaked = set(certificate.get("given", {}).get("leaked", []))
    head = tables[plan.first]
    left_out = leaked & set(head["example"])
    if not plan.given or not left_out:
        return None
    kept, rest = (
        {m: t[t["example"].isin(left_out) == side] for m, t in tables.items() if m != CONTROL} for side in (False, True)
    )
    found = {"left_out": len(left_out)} | scored_on(kept, plan, sought)
    return found | {"leaked": scored_on(rest, plan, sought)}


def scored_on(tables: dict[str, pd.DataFrame], plan: Plan, sought: int) -> dict[str, Any]:
    """How many examples and groups there are, and the models' metrics on them; none where there are no examples."""
    some = tables[plan.first]
    found = {"examples": int(some["example"].nunique()), "groups": int(some["group"].nunique()), "metrics": {}}
    if len(some):
        drawn = Resamples.of(some, plan.resamples, plan.seed)
        found["metrics"] = {model: score(parts(table, plan.outcome, drawn, sought)).cells for model, table in tables.items()}
    return found


def drawings_of(seen: dict[str, list[Part]], plan: Plan) -> dict[str, Any]:
    """Data of the figures, of the models that are trained on all and under the task's own balance."""
    plain = {model: of for model, of in seen.items() if plainly(model)}
    if plan.outcome.kind == "survival":
        named = (("over_time", drawings.over_time), ("risk_groups", drawings.risk_groups))
        return {name: {model: draw(of) for model, of in plain.items()} for name, draw in named}
    if plan.outcome.kind in ("regression", "profile"):
        found = {"scatter": {model: drawings.scatter(of) for model, of in plain.items()}}
        return found | ({"mean_profile": drawings.mean_profile(plain)} if plan.outcome.kind == "profile" else {})
    found = {"reliability": {model: drawings.reliability(of) for model, of in plain.items()}}
    if plan.outcome.kind == "positions":
        return found | {"site_curves": drawings.of_sites(plain)}
    curves = {model: drawings.curve_of(of) for model, of in plain.items()}
    return found | {
        "curves": {model: curve for model, curve in curves.items() if curve},
        "curves_by_class": drawings.by_class(seen[plan.first]),
    }


def histories(abouts: dict[str, list[Path]]) -> dict[str, list[list[dict[str, float]]]]:
    """Learning curves: model → one list a fold of all repeats; models without epochs are left out."""
    kept = {}
    for model, files in abouts.items():
        rows = [fold["history"] for file in files for fold in json.loads(file.read_text())["folds"]]
        if any(rows):
            kept[model] = rows
    return kept


def main(
    predictions: list[Path],
    abouts: list[Path],
    certificate: Path,
    task: str,
    spec: dict[str, Any],
    seed: int,
    outputs: dict[str, Path],
    examples: Path | None = None,
) -> None:
    """Write evaluation as JSON (all of it) and TSV (metrics), and the summary.

    predictions, abouts: model by model, repeat by repeat, both in that order.
    spec: models, bootstrap, single_feature, source, given, balance. examples: those of sequences, for scores by GC, repeats
    and chromosome.
    """
    files: dict[str, list[tuple[Path, Path]]] = {}
    for table, about in zip(predictions, abouts, strict=True):
        files.setdefault(json.loads(about.read_text())["model"], []).append((table, about))
    tables = {model: pd.concat([pd.read_parquet(table) for table, _ in pairs]) for model, pairs in files.items()}
    first = spec["models"][0]
    outcome = Outcome.of(json.loads(files[first][0][1].read_text())["outcome"])
    source, given = spec.get("source", "variants"), spec.get("given", False)
    named = (outcome, first, spec["single_feature"], spec["bootstrap"], seed)
    plan = Plan(*named, source == "variants", given, spec.get("balance"), source == "sequences")
    known = None if examples is None else Known.read(examples, outcome)
    found = evaluate(tables, plan, json.loads(certificate.read_text()), known)
    found["learning"] = histories({m: [about for _, about in pairs] for m, pairs in files.items() if m != CONTROL})
    found["task"] = task
    outputs["evaluation"].write_text(json.dumps(found, indent=1) + "\n")
    outputs["summary"].write_text(json.dumps(records(task, found), indent=1, ensure_ascii=False) + "\n")
    with open(outputs["table"], "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["model", "metric", "value", "low", "high", "interval"])
        for model, cells in found["metrics"].items():
            writer.writerows(
                [model, name, *(cell[k] for k in ("value", "low", "high", "interval"))] for name, cell in cells.items()
            )
    log.info("%s", found["verdict"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.predictions,
            job.input.abouts,
            job.input.certificate,
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            {name: getattr(job.output, name) for name in ("evaluation", "table", "summary")},
            next(iter(job.input.examples), None),
        )
