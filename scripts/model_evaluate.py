"""Score every model of a task, compare the models, and write a verdict in plain language."""

import csv
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation import comparisons, curves
from readsight.evaluation.baseline import METRICS as BASE_RATE_METRICS
from readsight.evaluation.baseline import predict_base_rate
from readsight.evaluation.example_annotations import ExampleAnnotations, regroup_by_block
from readsight.evaluation.example_counts import collect_facts, compute_class_errors, describe_divisions, summarise_control
from readsight.evaluation.outcomes import multilabel
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.plan import EvaluationPlan
from readsight.evaluation.predictions import PredictionSubset, Resamples, split_by_repeat
from readsight.evaluation.scores import score_model
from readsight.evaluation.split_variability import measure_variability
from readsight.evaluation.strata import score_strata
from readsight.evaluation.summary import summary_records
from readsight.evaluation.verdict.findings import describe_balances, is_plain_model, write_headline, write_sample_verdict
from readsight.step import step
from readsight.wording import CONTROL, LINEAR_MODELS, write_verdict

log = logging.getLogger("readsight")


def evaluate_models(
    tables: dict[str, pd.DataFrame],
    plan: EvaluationPlan,
    certificate: dict[str, Any],
    annotations: ExampleAnnotations | None = None,
) -> dict[str, Any]:
    """All results of a task's models, as written to evaluation.json.

    Parameters
    ----------
    tables : model → predictions of all repeats, including the control if there is one.
    certificate : of the split.
    annotations : annotations of the examples, in addition to their predictions.
    """
    kind, spec = plan.outcome.kind, certificate.get("spec", {})
    headline_tables = {model: plan.select_headline(table) for model, table in tables.items()}
    grouped_tables = regroup_by_block(headline_tables, annotations) if spec.get("by") == "chromosome" else headline_tables
    first_table = grouped_tables[plan.first_model]
    examples = first_table.drop_duplicates("example")
    positive_class = plan.choose_positive_class(examples)
    resamples = Resamples.from_table(first_table, plan.resamples, plan.seed)
    subsets = {
        model: split_by_repeat(table, plan.outcome, resamples, positive_class)
        for model, table in grouped_tables.items()
        if model != CONTROL
    }
    scored = {model: score_model(model_subsets) for model, model_subsets in subsets.items()}
    cells = {model: s.cells for model, s in scored.items()} | score_base_rate(
        first_table, plan, certificate, annotations, resamples, positive_class
    )
    if CONTROL in tables:
        cells[CONTROL] = summarise_control(grouped_tables[CONTROL], plan, positive_class)
    facts = collect_facts(examples, plan, positive_class) | describe_divisions(first_table, spec)
    facts["blocks"] = grouped_tables is not headline_tables
    facts |= describe_chance(kind, cells.get(CONTROL, {}), subsets[plan.first_model])
    per_class = {model: s.per_class for model, s in scored.items() if s.per_class}
    strata_models = dict.fromkeys([plan.first_model, *[m for m in LINEAR_MODELS if m in grouped_tables][:1]])
    evaluation = {
        "kind": kind,
        "primary": plan.primary,
        "first": plan.first_model,
        "facts": facts,
        "metrics": cells,
        "per_class": per_class,
        "errors": compute_class_errors(per_class) if kind == "multiclass" else {},
        "confusion": {model: s.confusion.tolist() for model, s in scored.items() if s.confusion is not None},
        "differences": comparisons.compare_with_first(scored, plan.first_model, kind),
        "balances": comparisons.compare_balances(scored, kind, plan.balance),
        "modalities": comparisons.compare_modalities(scored, kind),
        "luck": measure_variability(
            {m: t for m, t in tables.items() if m != CONTROL}, plan.outcome, positive_class, plan.primary, plan.has_given_split
        ),
        "clean": score_clean_split(grouped_tables, plan, certificate, positive_class),
        "strata": score_strata({model: grouped_tables[model] for model in strata_models}, plan, annotations, positive_class)
        if plan.is_sequences
        else None,
    } | collect_figure_data(subsets, plan)
    verdict_text = choose_verdict(evaluation, plan)
    return {"verdict": verdict_text, "headline": verdict_text if plan.is_calls else write_headline(evaluation)} | evaluation


def describe_chance(kind: str, control: dict[str, Any], subsets: list[PredictionSubset]) -> dict[str, Any]:
    """Facts on the control, and for labels the macro AUPRC of chance. control: metric → cell, empty without a control."""
    metric, centre = next(iter(SCORING[kind].CHANCE.items()), (None, None))
    facts = {"control": control.get(metric), "control_metric": metric, "control_chance": centre}
    if kind == "multilabel":
        facts["chance"] = float(np.mean([multilabel.compute_chance(subset) for subset in subsets]))
    return facts


def score_base_rate(
    table: pd.DataFrame,
    plan: EvaluationPlan,
    certificate: dict[str, Any],
    annotations: ExampleAnnotations | None,
    resamples: Resamples,
    positive_class: int,
) -> dict[str, Any]:
    """Scores of the base rate; empty for survival, which it cannot rank, and for sites, which it cannot find."""
    names = BASE_RATE_METRICS.get(plan.outcome.kind)
    if names is None:
        return {}
    predictions = predict_base_rate(
        table, plan.outcome, certificate.get("folds", []), annotations.compute_remaining_mean if annotations else None
    )
    cells = score_model(split_by_repeat(predictions, plan.outcome, resamples, positive_class)).cells
    return {"base_rate": {name: cells[name] for name in names}}


def choose_verdict(evaluation: dict[str, Any], plan: EvaluationPlan) -> str:
    """The verdict, for calls or for samples and sequences."""
    if not plan.is_calls:
        return write_sample_verdict(evaluation)
    auprc = {m: cells["auprc"] for m, cells in evaluation["differences"].items() if is_plain_model(m)}
    facts = evaluation["facts"] | {"auprc": evaluation["metrics"][plan.first_model]["auprc"]}
    return " ".join([write_verdict(plan.first_model, auprc, facts), *describe_balances(evaluation)])


def score_clean_split(
    tables: dict[str, pd.DataFrame], plan: EvaluationPlan, certificate: dict[str, Any], positive_class: int
) -> dict[str, Any] | None:
    """Scores on the test examples of a given split whose group is not in training, and (`leaked`) on those whose group is.

    None if the split does not leak.
    """
    leaked = set(certificate.get("given", {}).get("leaked", []))
    first_table = tables[plan.first_model]
    leaked_examples = leaked & set(first_table["example"])
    if not plan.has_given_split or not leaked_examples:
        return None
    clean_tables, leaked_tables = (
        {m: t[t["example"].isin(leaked_examples) == is_leaked] for m, t in tables.items() if m != CONTROL}
        for is_leaked in (False, True)
    )
    clean = {"left_out": len(leaked_examples)} | score_subset(clean_tables, plan, positive_class)
    return clean | {"leaked": score_subset(leaked_tables, plan, positive_class)}


def score_subset(tables: dict[str, pd.DataFrame], plan: EvaluationPlan, positive_class: int) -> dict[str, Any]:
    """Numbers of examples and groups, and the models' metrics on them; no metrics without examples."""
    first_table = tables[plan.first_model]
    result = {"examples": int(first_table["example"].nunique()), "groups": int(first_table["group"].nunique()), "metrics": {}}
    if len(first_table):
        resamples = Resamples.from_table(first_table, plan.resamples, plan.seed)
        result["metrics"] = {
            model: score_model(split_by_repeat(table, plan.outcome, resamples, positive_class)).cells
            for model, table in tables.items()
        }
    return result


def collect_figure_data(subsets: dict[str, list[PredictionSubset]], plan: EvaluationPlan) -> dict[str, Any]:
    """Data of the figures, for models trained on all modalities under the task's balance."""
    plain_subsets = {model: model_subsets for model, model_subsets in subsets.items() if is_plain_model(model)}
    if plan.outcome.kind == "survival":
        functions = (("over_time", curves.compute_auc_over_time), ("risk_groups", curves.compare_risk_groups))
        return {
            name: {model: function(model_subsets) for model, model_subsets in plain_subsets.items()}
            for name, function in functions
        }
    if plan.outcome.kind in ("regression", "profile"):
        data = {"scatter": {model: curves.collect_scatter(model_subsets) for model, model_subsets in plain_subsets.items()}}
        return data | ({"mean_profile": curves.average_profiles(plain_subsets)} if plan.outcome.kind == "profile" else {})
    data = {"reliability": {model: curves.compute_reliability(model_subsets) for model, model_subsets in plain_subsets.items()}}
    if plan.outcome.kind == "positions":
        return data | {"site_curves": curves.compute_site_curves(plain_subsets)}
    model_curves = {model: curves.average_curves(model_subsets) for model, model_subsets in plain_subsets.items()}
    return data | {
        "curves": {model: curve for model, curve in model_curves.items() if curve},
        "curves_by_class": curves.compute_class_curves(subsets[plan.first_model]),
    }


def collect_histories(descriptions: dict[str, list[Path]]) -> dict[str, list[list[dict[str, float]]]]:
    """Learning curves: model → one list per fold of all repeats. Models without epochs are omitted."""
    histories = {}
    for model, files in descriptions.items():
        rows = [fold["history"] for file in files for fold in json.loads(file.read_text())["folds"]]
        if any(rows):
            histories[model] = rows
    return histories


def main(
    predictions: list[Path],
    descriptions: list[Path],
    certificate: Path,
    task: str,
    spec: dict[str, Any],
    seed: int,
    outputs: dict[str, Path],
    examples: Path | None = None,
) -> None:
    """Write the evaluation as JSON (complete) and TSV (metrics), and the summary.

    Parameters
    ----------
    predictions, descriptions : files by model, then by repeat, in the same order.
    spec : models, bootstrap, single_feature, source, given, balance.
    outputs : evaluation, table, summary → path.
    examples : sequence examples, for scores by GC content, repeats and chromosome.
    """
    files: dict[str, list[tuple[Path, Path]]] = {}
    for table, description in zip(predictions, descriptions, strict=True):
        files.setdefault(json.loads(description.read_text())["model"], []).append((table, description))
    tables = {model: pd.concat([pd.read_parquet(table) for table, _ in pairs]) for model, pairs in files.items()}
    first = spec["models"][0]
    outcome = Outcome.from_dict(json.loads(files[first][0][1].read_text())["outcome"])
    source, given = spec.get("source", "variants"), spec.get("given", False)
    settings = (outcome, first, spec["single_feature"], spec["bootstrap"], seed)
    plan = EvaluationPlan(*settings, source == "variants", given, spec.get("balance"), source == "sequences")
    annotations = None if examples is None else ExampleAnnotations.read_h5ad(examples, outcome)
    evaluation = evaluate_models(tables, plan, json.loads(certificate.read_text()), annotations)
    evaluation["learning"] = collect_histories(
        {m: [description for _, description in pairs] for m, pairs in files.items() if m != CONTROL}
    )
    evaluation["task"] = task
    outputs["evaluation"].write_text(json.dumps(evaluation, indent=1) + "\n")
    outputs["summary"].write_text(json.dumps(summary_records(task, evaluation), indent=1, ensure_ascii=False) + "\n")
    with open(outputs["table"], "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["model", "metric", "value", "low", "high", "interval"])
        for model, cells in evaluation["metrics"].items():
            writer.writerows(
                [model, name, *(cell[k] for k in ("value", "low", "high", "interval"))] for name, cell in cells.items()
            )
    log.info("%s", evaluation["verdict"])


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
