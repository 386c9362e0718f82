"""Score every model of a task, with intervals and against each other, and say in words what the scores mean."""

import csv
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight import metrics
from readsight.findings import balancing as words_on_balances
from readsight.findings import headline, plainly, verdict_of_samples
from readsight.outcome import Outcome
from readsight.scoring import SCORING, comparisons, drawings, multilabel
from readsight.scoring.baseline import METRICS as OF_BASE_RATE
from readsight.scoring.baseline import prior
from readsight.scoring.luck import luck
from readsight.scoring.part import Part, Resamples, parts
from readsight.scoring.records import records
from readsight.scoring.scored import mean_scores, score
from readsight.step import step
from readsight.verdict import CONTROL, verdict

log = logging.getLogger("readsight")


@dataclass(frozen=True)
class Plan:
    """What is evaluated how.

    outcome: what is predicted. first: the model that the others are baselines of. feature: of `single_feature`.
    given: whether repeat 0 is a split that the data bring, and repeat 1 divisions drawn anew. balance: the task's own.
    """

    outcome: Outcome
    first: str
    feature: str
    resamples: int
    seed: int
    calls: bool = True
    given: bool = False
    balance: str | None = None

    @property
    def primary(self) -> str:
        """The metric that models are judged by: of calls, how well the rarer class is found."""
        return "auprc" if self.calls and self.outcome.kind == "binary" else SCORING[self.outcome.kind].PRIMARY

    def sought(self, once: pd.DataFrame) -> int:
        """The class to find: of calls the rarer one, of two classes of samples the positive one."""
        return int(once["label"].mean() < 0.5) if self.calls and self.outcome.kind == "binary" else 1

    def headline(self, table: pd.DataFrame) -> pd.DataFrame:
        """What scores are told of: all repeats, or the given split alone."""
        return table[table["repeat"] == 0] if self.given else table


def chance(table: pd.DataFrame, plan: Plan, sought: int) -> dict[str, dict[str, Any]]:
    """The negative control: mean and 95 % range over its draws, each with labels shuffled anew.

    Ranking alone: of directions drawn at random it centres on one half, where AUPRC does not centre on the base rate.
    """
    whole = Resamples.of(table, 0, 0)
    draws = [mean_scores(parts(draw, plan.outcome, whole, sought)) for _, draw in table.groupby("draw")]
    found = {}
    for name in SCORING[plan.outcome.kind].CHANCE:
        values = [float(draw[name][0]) for draw in draws]
        found[name] = metrics.interval(np.array([np.mean(values), *values])) | {"interval": "range of draws"}
    return found


def facts_of(once: pd.DataFrame, plan: Plan, sought: int, divisions: str) -> dict[str, Any]:
    """What is known of the test examples. once: a row an example."""
    outcome, target = plan.outcome, plan.outcome.target(once)
    groups = once["group"].to_numpy(str)
    found: dict[str, Any] = {
        "classes": list(outcome.classes),
        "groups": len(np.unique(groups)),
        "examples": len(once),
        "feature": plan.feature,
        "given": plan.given,
        "divisions": divisions,
    }
    if outcome.kind == "survival":
        seen = target[:, 1] > 0
        return found | {"events": int(seen.sum()), "groups_of": {"events": len(np.unique(groups[seen]))}, "chance": 0.5}
    own = target.T if outcome.kind == "multilabel" else [target == c for c in range(len(outcome.classes))]
    at = dict(zip(outcome.classes, (np.asarray(a, bool) for a in own), strict=True))
    found["groups_of"] = {name: len(np.unique(groups[a])) for name, a in at.items()}
    found["counts"] = {name: int(a.sum()) for name, a in at.items()}
    if outcome.kind == "multilabel":
        return found
    if outcome.kind == "binary":
        rare = at[outcome.classes[sought]]
        words = {"rare": outcome.classes[sought], "rare_count": int(rare.sum()), "base_rate": float(rare.mean())}
        found |= words | {"rare_groups": found["groups_of"][words["rare"]]}
    return found | {"chance": 1 / sum(count > 0 for count in found["counts"].values())}


def evaluate(tables: dict[str, pd.DataFrame], plan: Plan, certificate: dict[str, Any]) -> dict[str, Any]:
    """Everything that is said about a task's models.

    tables: model → predictions of all repeats, the control among them. certificate: of the split.
    """
    kind = plan.outcome.kind
    own = {model: plan.headline(table) for model, table in tables.items()}
    head = own[plan.first]
    once = head.drop_duplicates("example")
    sought = plan.sought(once)
    drawn = Resamples.of(head, plan.resamples, plan.seed)
    seen = {model: parts(table, plan.outcome, drawn, sought) for model, table in own.items() if model != CONTROL}
    scored = {model: score(of) for model, of in seen.items()}
    cells = {model: s.cells for model, s in scored.items()} | based(head, plan, certificate, drawn, sought)
    if CONTROL in tables:
        cells[CONTROL] = chance(own[CONTROL], plan, sought)
    metric = next(iter(SCORING[kind].CHANCE))
    folds = head.groupby("repeat")["fold"].nunique()
    facts = facts_of(once, plan, sought, f"{len(folds)} × {folds.iloc[0]} folds")
    if kind == "multilabel":
        facts["chance"] = float(np.mean([multilabel.chance(part) for part in seen[plan.first]]))
    facts |= {"control": cells.get(CONTROL, {}).get(metric), "control_metric": metric}
    found = {
        "kind": kind,
        "primary": plan.primary,
        "first": plan.first,
        "facts": facts,
        "metrics": cells,
        "per_class": {model: s.per_class for model, s in scored.items() if s.per_class},
        "confusion": {model: s.confusion.tolist() for model, s in scored.items() if s.confusion is not None},
        "differences": comparisons.differences(scored, plan.first, kind),
        "balances": comparisons.balances(scored, kind, plan.balance),
        "modalities": comparisons.modalities(scored, kind),
        "luck": luck({m: t for m, t in tables.items() if m != CONTROL}, plan.outcome, sought, plan.primary, plan.given),
        "clean": cleaned(own, plan, certificate, sought),
    } | drawings_of(seen, plan)
    words = in_words(found, plan)
    return {"verdict": words, "headline": words if plan.calls else headline(found)} | found


def based(head: pd.DataFrame, plan: Plan, certificate: dict[str, Any], drawn: Resamples, sought: int) -> dict[str, Any]:
    """Scores of the base rate; none of survival, where it orders nothing."""
    if plan.outcome.kind == "survival":
        return {}
    constant = score(parts(prior(head, plan.outcome, certificate.get("folds", [])), plan.outcome, drawn, sought)).cells
    return {"base_rate": {name: constant[name] for name in OF_BASE_RATE[plan.outcome.kind]}}


def in_words(found: dict[str, Any], plan: Plan) -> str:
    """The verdict."""
    if not plan.calls:
        return verdict_of_samples(found)
    auprc = {m: cells["auprc"] for m, cells in found["differences"].items() if plainly(m)}
    facts = found["facts"] | {"auprc": found["metrics"][plan.first]["auprc"]}
    return " ".join([verdict(plan.first, auprc, facts), *words_on_balances(found)])


def cleaned(tables: dict[str, pd.DataFrame], plan: Plan, certificate: dict[str, Any], sought: int) -> dict[str, Any] | None:
    """Scores on the test examples of a given split whose group is not trained on; None where it does not leak."""
    leaked = set(certificate.get("given", {}).get("leaked", []))
    head = tables[plan.first]
    left_out = leaked & set(head["example"])
    if not plan.given or not left_out:
        return None
    kept = {model: table[~table["example"].isin(left_out)] for model, table in tables.items() if model != CONTROL}
    rest = kept[plan.first]
    found: dict[str, Any] = {"left_out": len(left_out), "examples": int(rest["example"].nunique()), "metrics": {}}
    if len(rest):
        drawn = Resamples.of(rest, plan.resamples, plan.seed)
        found["metrics"] = {model: score(parts(table, plan.outcome, drawn, sought)).cells for model, table in kept.items()}
    return found | {"groups": int(rest["group"].nunique())}


def drawings_of(seen: dict[str, list[Part]], plan: Plan) -> dict[str, Any]:
    """Data of the figures, of the models that are trained on all and under the task's own balance."""
    plain = {model: of for model, of in seen.items() if plainly(model)}
    if plan.outcome.kind == "survival":
        named = (("over_time", drawings.over_time), ("risk_groups", drawings.risk_groups))
        return {name: {model: draw(of) for model, of in plain.items()} for name, draw in named}
    curves = {model: drawings.curve_of(of) for model, of in plain.items()}
    return {
        "curves": {model: curve for model, curve in curves.items() if curve},
        "curves_by_class": drawings.by_class(seen[plan.first]),
        "reliability": {model: drawings.reliability(of) for model, of in plain.items()},
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
) -> None:
    """Write evaluation as JSON (all of it) and TSV (metrics), and the summary.

    predictions, abouts: model by model, repeat by repeat, both in that order.
    spec: models, bootstrap, single_feature, source, given, balance.
    """
    files: dict[str, list[tuple[Path, Path]]] = {}
    for table, about in zip(predictions, abouts, strict=True):
        files.setdefault(json.loads(about.read_text())["model"], []).append((table, about))
    tables = {model: pd.concat([pd.read_parquet(table) for table, _ in pairs]) for model, pairs in files.items()}
    first = spec["models"][0]
    outcome = Outcome.of(json.loads(files[first][0][1].read_text())["outcome"])
    calls, given = spec.get("source", "variants") == "variants", spec.get("given", False)
    plan = Plan(outcome, first, spec["single_feature"], spec["bootstrap"], seed, calls, given, spec.get("balance"))
    found = evaluate(tables, plan, json.loads(certificate.read_text()))
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
        )
