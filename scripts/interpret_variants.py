"""Predict what variants do: the reference allele against the alternative one, by a trained model of sequence."""

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
from readsight.interpret.variant_effects.trained_models import Models
from readsight.interpret.variant_effects.variants import Variants
from readsight.step import step

log = logging.getLogger("readsight")

UNKNOWN = -1  # a variant of which is not known what it does
CHUNKS = 20  # times that progress is told


def wanted(spec: dict[str, Any], beside: dict[str, Path]) -> dict[str, str]:
    """INFO keys that are read, and the key of the config that names each; conservation may be a bigWig instead."""
    named = {key: spec.get(key) for key in ("label", "site", "conservation") if key != "conservation" or not beside.get(key)}
    return {own: f"interpret.variants.{key}" for key, own in named.items() if own}


def labels(found: Variants, spec: dict[str, Any]) -> np.ndarray:
    """1 of variants that are known to do something, 0 of those known to do nothing, UNKNOWN of others, (n,) int8.

    Raises InputError where the key has none of the values that the config knows.
    """
    said = [text.strip().lower() for text in found.said[spec["label"]]]
    kinds = {text.lower(): kind for kind, name in ((0, "negative"), (1, "positive")) for text in spec[name]}
    own = np.array([kinds.get(text, UNKNOWN) for text in said], np.int8)
    if (own == UNKNOWN).all():
        there = ", ".join(repr(text) for text in list(dict.fromkeys(said))[:10])
        raise InputError(
            f"interpret.variants.label: INFO {spec['label']} of {found.source} is {there}, and none of these stands in positive or negative; "
            "name its values there"
        )
    return own


def sites(found: Variants, spec: dict[str, Any]) -> np.ndarray:
    """Known broken sites, 0-based, (n,) int64; −1 where none is told. Raises InputError for what is no position."""
    texts = found.said[spec["site"]]
    bad = [i for i, text in enumerate(texts) if text not in ("", ".") and not text.isdigit()]
    if bad:
        raise InputError(
            [f"{found.source}, row {found.row[i]}, INFO {spec['site']}: {texts[i]!r} is no position, from 1" for i in bad[:5]]
        )
    return np.array([int(text) - 1 if text.isdigit() else -1 for text in texts], np.int64)


def unfit(held: Models, spec: dict[str, Any]) -> list[str]:
    """What of the config does not go with the model."""
    if spec.get("site") and held.outcome.kind != "positions":
        return ["interpret.variants.site: sites are named by models of splice sites (a class a base); leave site out"]
    return []


def ranked(
    found: Variants, beside: dict[str, Path], held: gene_context.Genes | None, spec: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Columns that rank variants without a model, and the gene and motif that they speak of."""
    columns: dict[str, np.ndarray] = {}
    if spec.get("conservation"):
        bigwig = beside.get("conservation")
        columns["conservation"] = baselines.of_bigwig(found, bigwig) if bigwig else baselines.of_info(found, spec["conservation"])
    if held is not None:
        gene, distance = held.nearest(found)
        columns |= {"gene": held.names_of(gene), "gene_distance": distance, "tss_distance": held.from_first(found)}
    if beside.get("database"):
        motifs = baselines.Motifs(meme.read(beside["database"]))
        change, which = motifs.changes(found)
        names = np.array([*motifs.names, ""], dtype=object)
        columns |= {"motif_break": change, "motif": names[which]}
    return columns | {"gc_change": baselines.gc_change(found)}


def rankings(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Of the columns those that rank, of some of the variants: the larger the more likely."""
    found = {}
    for name in ("conservation", "motif_break"):
        if name in columns:
            found[name] = columns[name][rows].astype(float)
    for name in ("gene_distance", "tss_distance"):
        if name in columns:
            own = columns[name][rows].astype(float)
            found[name] = -np.log1p(np.where(own == gene_context.NOWHERE, np.nan, own))
    return found | {"gc_change": np.abs(columns["gc_change"][rows]).astype(float)}


def evaluated(
    found: Variants, effects: Effects, columns: dict[str, np.ndarray], known: np.ndarray, spec: dict[str, Any], seed: int
) -> dict[str, Any]:
    """How well the score ranks: of all that are known, and, where that is not all, of those of which the model learned nothing nearby."""
    told = {}
    for part, which in (("all", known != UNKNOWN), ("unseen", (known != UNKNOWN) & ~columns["seen"])):
        rows = np.flatnonzero(which)
        if part == "unseen" and not columns["seen"][known != UNKNOWN].any():
            continue
        group, words = gene_context.groups(found, rows, columns.get("gene"))
        own = benchmark.evaluate(
            known[rows] == 1, effects.score[rows].astype(float), rankings(columns, rows), group, spec["bootstrap"], seed
        )
        what = {"all": "all variants", "unseen": "variants of which the model learned nothing nearby"}[part]
        told[part] = own | {"grouped": words, "verdict": benchmark.verdict(own, what, words)}
    return told


def sited(effects: Effects, site: np.ndarray, known: np.ndarray) -> dict[str, Any]:
    """Whether the largest loss of variants that break a known site is named at it."""
    rows = np.flatnonzero((site >= 0) & (known != 0))
    losses = [t for t, name in enumerate(effects.tracks) if name.endswith("_loss")]
    best = effects.delta[np.ix_(rows, losses)].argmax(axis=1)
    pick = rows, np.array(losses)[best]
    return benchmark.named(effects.delta[pick], effects.place[pick], site[rows])


def records(task: str, name: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    base, rows = f"interpret.{task}.variants.{name}", []

    def row(key: str, cell: dict[str, Any], n: int, unit: str, words: str) -> None:
        own = {"key": f"{base}.{key}", "value": cell["value"], "low": cell.get("low"), "high": cell.get("high")}
        rows.append(own | {"n": n, "unit": unit, "description": words})

    row("scored", {"value": told["scored"]}, told["alleles"], "count", "alternative alleles that effects are predicted of")
    row(
        "left_out", {"value": told["alleles"] - told["scored"]}, told["alleles"], "count", "alternative alleles that are left out"
    )
    for part, own in (told.get("evaluation") or {}).items():
        for ranking, held in own["ranks"].items():
            for metric in ("auroc", "auprc"):
                words = f"{metric.upper()} of {benchmark.NAMES.get(ranking, ranking)}, {part} known variants"
                row(f"{part}.{ranking}.{metric}", held[metric], own["variants"], "fraction", words)
    if told.get("site"):
        row(
            "site_recall",
            told["site"]["recall"],
            told["site"]["variants"],
            "fraction",
            "broken sites that the largest loss names to the base",
        )
    return rows


def spoken(
    found: Variants, held: Models, effects: Effects, spec: dict[str, Any], columns: dict[str, np.ndarray], placed: bool
) -> dict[str, Any]:
    """What was done, in numbers. placed: whether the examples say where on the genome they lie; else nothing is known to be seen."""
    alleles = len(found) + sum(found.left.counts.values())
    both = "both, averaged" if held.both else "the gene's, else the one that moves the model more" if held.stranded else "forward"
    return {
        "set": spec["name"], "model": held.word, "model_hash": held.hashed, "outcome": held.outcome.plain(), "folds": len(held.asked),
        "length": held.length, "pair": held.pair, "strands": both, "shifts": scoring.shifted(spec["shifts"], held.length),
        "distance": spec["distance"] if effects.sites else None, "tracks": effects.tracks, "sites": effects.sites,
        "records": found.records, "alleles": alleles, "scored": len(found), "left_out": found.left.plain(),
        "seen": int(columns["seen"].sum()) if placed else None, "label": spec.get("label"),
    }  # fmt: skip


def main(
    model: dict[str, Path],
    genome: tuple[Path, Path],
    vcf: Path,
    examples: Path,
    split: Path,
    beside: dict[str, Path],
    task: str,
    spec: dict[str, Any],
    seed: int,
    threads: int,
    outputs: dict[str, Path],
) -> None:
    """Write the VCF with effects, a table, an AnnData, what is said of them, and figures for the summary.

    model: tensors, about, and where there is one representation and representation_about. genome: codes and contigs. beside: gtf,
    database (MEME), conservation (bigWig), where there are some. Raises InputError where model, examples and genome do not
    belong together, and for what is wrong with the variants.
    """
    learned = (model["representation"], model["representation_about"]) if model.get("representation") else None
    held = trained_models.read(model["tensors"], model["about"], learned)
    training = training_overlap.read(examples, split, held, model["about"])
    bases = Genome.open(*genome)
    trained_models.fits_genome(held, bases, genome[0], training.made_from, training.length, model["about"])
    if unfit(held, spec):
        raise InputError(unfit(held, spec))
    shift = max(map(abs, scoring.shifted(spec["shifts"], held.length)))
    found = variants.read(vcf, bases, wanted(spec, beside), held.length, shift, spec["outside"] == "pad")
    known = labels(found, spec) if spec.get("label") else np.full(len(found), UNKNOWN, np.int8)
    site = sites(found, spec) if spec.get("site") else None
    annotated = gene_context.Genes(beside["gtf"], bases) if beside.get("gtf") else None
    columns = {"seen": training_overlap.seen(found, training, held.length, shift)} | ranked(found, beside, annotated, spec)
    needed = annotated.strands(found) if annotated is not None and held.stranded else None
    if needed is not None:
        needed[~needed.any(axis=1)] = True  # no gene says which
    if found.left.counts:
        log.info("left out: %s", found.left.words())
    effects = scoring.score(held, found, spec, threads, needed, _progress(len(found)))
    told = {"task": task} | spoken(found, held, effects, spec, columns, training.placed)
    if spec.get("label"):
        told["evaluation"] = evaluated(found, effects, columns, known, spec, seed)
        columns["label"] = known
    if site is not None:
        told["site"] = sited(effects, site, known)
        columns["site"] = site + 1
    about = {"task": task, "model": held.word, "model_hash": held.hashed}
    output_files.vcf(outputs["vcf"], found, effects, columns["seen"], about)
    output_files.table(outputs["table"], found, effects, columns)
    output_files.data(outputs["data"], found, effects, columns, about | {"set": spec["name"]})
    outputs["evaluation"].write_text(json.dumps(told, indent=1) + "\n")
    outputs["summary"].write_text(json.dumps(records(task, spec["name"], told), indent=1) + "\n")


def _progress(total: int) -> Any:
    due = [total / CHUNKS]

    def said(done: int) -> None:
        if done >= due[0]:
            log.info("%s of %s alleles", f"{done:,}", f"{total:,}")
            due[0] += total / CHUNKS

    return said


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        given = {name: job.input.get(name) for name in ("tensors", "about", "representation", "representation_about")}
        main(
            given,
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
