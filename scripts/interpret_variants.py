"""Predict variant effects: the alternative against the reference allele, by a trained sequence model."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.genome.store import Genome
from readsight.interpret.motifs import meme
from readsight.interpret.variant_effects import (
    baselines,
    benchmark,
    gene_context,
    output_files,
    scoring,
    trained_models,
    training_overlap,
    variants,
)
from readsight.interpret.variant_effects.scoring import Effects
from readsight.interpret.variant_effects.trained_models import TrainedModels
from readsight.interpret.variant_effects.variants import AlleleTable
from readsight.step import step

log = logging.getLogger("readsight")

UNKNOWN = -1  # variant without a known effect
PROGRESS_STEPS = 20  # progress messages per run


def select_info_keys(spec: dict[str, Any], annotations: dict[str, Path]) -> dict[str, str]:
    """INFO keys to read, and the configuration key of each; conservation may come from a bigWig instead."""
    keys = {key: spec.get(key) for key in ("label", "site", "conservation") if key != "conservation" or not annotations.get(key)}
    return {info_key: f"interpret.variants.{key}" for key, info_key in keys.items() if info_key}


def read_labels(alleles: AlleleTable, spec: dict[str, Any]) -> np.ndarray:
    """Known effects, (n,) int8: 1 causal, 0 neutral, UNKNOWN otherwise.

    Raises InputError if none of the configured values occurs.
    """
    texts = [text.strip().lower() for text in alleles.info[spec["label"]]]
    label_values = {text.lower(): label_value for label_value, name in ((0, "negative"), (1, "positive")) for text in spec[name]}
    label = np.array([label_values.get(text, UNKNOWN) for text in texts], np.int8)
    if (label == UNKNOWN).all():
        shown_values = ", ".join(repr(text) for text in list(dict.fromkeys(texts))[:10])
        raise InputError(
            f"interpret.variants.label: INFO {spec['label']} of {alleles.source} is {shown_values}, and none of these is listed in positive or negative; "
            "list its values there"
        )
    return label


def read_sites(alleles: AlleleTable, spec: dict[str, Any]) -> np.ndarray:
    """Positions of broken sites, 0-based, (n,) int64; −1 if not given. Raises InputError for values that are not positions."""
    texts = alleles.info[spec["site"]]
    invalid = [i for i, text in enumerate(texts) if text not in ("", ".") and not text.isdigit()]
    if invalid:
        raise InputError(
            [
                f"{alleles.source}, row {alleles.row[i]}, INFO {spec['site']}: {texts[i]!r} is not a position (1-based)"
                for i in invalid[:5]
            ]
        )
    return np.array([int(text) - 1 if text.isdigit() else -1 for text in texts], np.int64)


def check_site_option(models: TrainedModels, spec: dict[str, Any]) -> list[str]:
    """Faults of the configuration that do not fit the model."""
    if spec.get("site") and models.outcome.kind != "positions":
        return ["interpret.variants.site: sites need a model with an outcome per position; remove site"]
    return []


def compute_baselines(
    alleles: AlleleTable, annotations: dict[str, Path], genes: gene_context.Genes | None, spec: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Columns that rank variants without a model, and their nearest gene and most affected motif."""
    columns: dict[str, np.ndarray] = {}
    if spec.get("conservation"):
        bigwig = annotations.get("conservation")
        columns["conservation"] = (
            baselines.read_bigwig_scores(alleles, bigwig) if bigwig else baselines.read_info_scores(alleles, spec["conservation"])
        )
    if genes is not None:
        gene, distance = genes.find_nearest(alleles)
        columns |= {"gene": genes.get_names(gene), "gene_distance": distance, "tss_distance": genes.compute_tss_distance(alleles)}
    if annotations.get("database"):
        motifs = baselines.MotifScorer(meme.read(annotations["database"]))
        change, which = motifs.score_changes(alleles)
        names = np.array([*motifs.names, ""], dtype=object)
        columns |= {"motif_break": change, "motif": names[which]}
    return columns | {"gc_change": baselines.compute_gc_change(alleles)}


def select_rankings(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Ranking columns of some variants, oriented so that larger values are more likely causal."""
    selected = {}
    for name in ("conservation", "motif_break"):
        if name in columns:
            selected[name] = columns[name][rows].astype(float)
    for name in ("gene_distance", "tss_distance"):
        if name in columns:
            distance = columns[name][rows].astype(float)
            selected[name] = -np.log1p(np.where(distance == gene_context.NO_GENE, np.nan, distance))
    return selected | {"gc_change": np.abs(columns["gc_change"][rows]).astype(float)}


def evaluate_score(
    alleles: AlleleTable, effects: Effects, columns: dict[str, np.ndarray], label: np.ndarray, spec: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Ranking performance of the score on all labelled variants and, if some overlap training windows, on the remaining ones."""
    evaluation = {}
    for subset, is_selected in (("all", label != UNKNOWN), ("unseen", (label != UNKNOWN) & ~columns["seen"])):
        rows = np.flatnonzero(is_selected)
        if subset == "unseen" and not columns["seen"][label != UNKNOWN].any():
            continue
        group, group_name = gene_context.assign_groups(alleles, rows, columns.get("gene"))
        result = benchmark.evaluate(
            label[rows] == 1, effects.score[rows].astype(float), select_rankings(columns, rows), group, spec["bootstrap"], seed
        )
        subset_name = {"all": "all variants", "unseen": "variants outside training windows"}[subset]
        evaluation[subset] = result | {"grouped": group_name, "verdict": benchmark.write_verdict(result, subset_name, group_name)}
    return evaluation


def evaluate_sites(effects: Effects, site: np.ndarray, label: np.ndarray) -> dict[str, Any]:
    """Whether the largest loss of variants that break a known site is located at the site."""
    rows = np.flatnonzero((site >= 0) & (label != 0))
    losses = [t for t, name in enumerate(effects.tracks) if name.endswith("_loss")]
    best = effects.delta[np.ix_(rows, losses)].argmax(axis=1)
    pick = rows, np.array(losses)[best]
    return benchmark.evaluate_site_positions(effects.delta[pick], effects.position[pick], site[rows])


def summary_records(task: str, name: str, results: dict[str, Any]) -> list[dict[str, Any]]:
    """Records for the summary."""
    base, rows = f"interpret.{task}.variants.{name}", []

    def add_row(key: str, cell: dict[str, Any], n: int, unit: str, description: str) -> None:
        record = {"key": f"{base}.{key}", "value": cell["value"], "low": cell.get("low"), "high": cell.get("high")}
        rows.append(record | {"n": n, "unit": unit, "description": description})

    add_row("scored", {"value": results["scored"]}, results["alleles"], "count", "alternative alleles with predicted effects")
    add_row(
        "left_out",
        {"value": results["alleles"] - results["scored"]},
        results["alleles"],
        "count",
        "excluded alternative alleles",
    )
    for subset, evaluation in (results.get("evaluation") or {}).items():
        for ranking, metrics in evaluation["ranks"].items():
            for metric in ("auroc", "auprc"):
                description = f"{metric.upper()} of {benchmark.RANKING_NAMES.get(ranking, ranking)}, {subset} labelled variants"
                add_row(f"{subset}.{ranking}.{metric}", metrics[metric], evaluation["variants"], "fraction", description)
    if results.get("site"):
        add_row(
            "site_recall",
            results["site"]["recall"],
            results["site"]["variants"],
            "fraction",
            "broken sites located exactly by the largest loss",
        )
    return rows


def describe_run(
    allele_table: AlleleTable,
    models: TrainedModels,
    effects: Effects,
    spec: dict[str, Any],
    columns: dict[str, np.ndarray],
    has_positions: bool,
) -> dict[str, Any]:
    """Numbers and settings of the run. has_positions: whether examples have genomic coordinates; else overlap with training
    is unknown.
    """
    allele_count = len(allele_table) + sum(allele_table.excluded.counts.values())
    strands = (
        "both, averaged"
        if models.average_strands
        else "the gene's, else the one with the larger effect"
        if models.stranded
        else "forward"
    )
    return {
        "set": spec["name"], "model": models.model_name, "model_hash": models.digest, "outcome": models.outcome.to_dict(), "folds": len(models.fold_models),
        "length": models.length, "pair": models.pair, "strands": strands, "shifts": scoring.check_shifts(spec["shifts"], models.length),
        "distance": spec["distance"] if effects.has_sites else None, "tracks": effects.tracks, "sites": effects.has_sites,
        "records": allele_table.records, "alleles": allele_count, "scored": len(allele_table), "left_out": allele_table.excluded.to_records(),
        "seen": int(columns["seen"].sum()) if has_positions else None, "label": spec.get("label"),
    }  # fmt: skip


def main(
    model: dict[str, Path],
    genome: tuple[Path, Path],
    vcf: Path,
    examples: Path,
    split: Path,
    annotations: dict[str, Path],
    task: str,
    spec: dict[str, Any],
    seed: int,
    threads: int,
    outputs: dict[str, Path],
) -> None:
    """Write the VCF with effects, a table, an AnnData, the evaluation, and records for the summary.

    Parameters
    ----------
    model : tensors, about, and optionally representation and representation_about.
    genome : codes and contigs.
    annotations : gtf, database (MEME), conservation (bigWig), each optional.

    Raises InputError if model, examples and genome do not match, and for faults in the variants.
    """
    representation = (model["representation"], model["representation_about"]) if model.get("representation") else None
    models = trained_models.read_models(model["tensors"], model["about"], representation)
    training_windows = training_overlap.read_training_windows(examples, split, models, model["about"])
    reference = Genome.open(*genome)
    trained_models.check_genome(models, reference, genome[0], training_windows.made_from, training_windows.length, model["about"])
    faults = check_site_option(models, spec)
    if faults:
        raise InputError(faults)
    shift = max(map(abs, scoring.check_shifts(spec["shifts"], models.length)))
    alleles = variants.read_variants(
        vcf, reference, select_info_keys(spec, annotations), models.length, shift, spec["outside"] == "pad"
    )
    label = read_labels(alleles, spec) if spec.get("label") else np.full(len(alleles), UNKNOWN, np.int8)
    site = read_sites(alleles, spec) if spec.get("site") else None
    genes = gene_context.Genes(annotations["gtf"], reference) if annotations.get("gtf") else None
    columns = {
        "seen": training_overlap.find_training_overlap(alleles, training_windows, models.length, shift)
    } | compute_baselines(alleles, annotations, genes, spec)
    wanted_strands = genes.find_strands(alleles) if genes is not None and models.stranded else None
    if wanted_strands is not None:
        wanted_strands[~wanted_strands.any(axis=1)] = True  # no gene determines the strand
    if alleles.excluded.counts:
        log.info("excluded: %s", alleles.excluded.describe_reasons())
    effects = scoring.score_variants(models, alleles, spec, threads, wanted_strands, _make_progress_log(len(alleles)))
    results = {"task": task} | describe_run(alleles, models, effects, spec, columns, training_windows.has_positions)
    if spec.get("label"):
        results["evaluation"] = evaluate_score(alleles, effects, columns, label, spec, seed)
        columns["label"] = label
    if site is not None:
        results["site"] = evaluate_sites(effects, site, label)
        columns["site"] = site + 1
    description = {"task": task, "model": models.model_name, "model_hash": models.digest}
    output_files.write_vcf(outputs["vcf"], alleles, effects, columns["seen"], description)
    output_files.write_table(outputs["table"], alleles, effects, columns)
    output_files.write_anndata(outputs["data"], alleles, effects, columns, description | {"set": spec["name"]})
    outputs["evaluation"].write_text(json.dumps(results, indent=1) + "\n")
    outputs["summary"].write_text(json.dumps(summary_records(task, spec["name"], results), indent=1) + "\n")


def _make_progress_log(total: int) -> Any:
    due = [total / PROGRESS_STEPS]

    def log_progress(done: int) -> None:
        if done >= due[0]:
            log.info("%s of %s alleles", f"{done:,}", f"{total:,}")
            due[0] += total / PROGRESS_STEPS

    return log_progress


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        model_files = {name: job.input.get(name) for name in ("tensors", "about", "representation", "representation_about")}
        main(
            model_files,
            (job.input.codes, job.input.contigs),
            job.input.vcf,
            job.input.examples,
            job.input.split,
            {name: job.input.get(name) for name in ("gtf", "database", "conservation")},
            job.wildcards.task,
            job.params.spec,
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("vcf", "table", "data", "evaluation", "summary")},
        )
