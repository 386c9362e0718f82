"""Assemble the sequences of a task: labels, coordinates, groups, windows, negatives, and duplicates merged."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import cross_validation
from readsight.dataset import examples as examples_file
from readsight.dataset.certificate import sha256
from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.sequences.example_set import GIVEN, ExampleSet, SequenceSources, assemble_examples
from readsight.genome.store import Genome
from readsight.step import step
from readsight.text import make_keys

log = logging.getLogger("readsight")

SHOWN = 5


def gc_content(codes: np.ndarray) -> np.ndarray:
    """GC fraction of the known bases of each row (n, length) → (n,); NaN if a row has only N."""
    known = (codes < 4).sum(axis=1)
    return np.divide(((codes == 1) | (codes == 2)).sum(axis=1), known, out=np.full(len(codes), np.nan), where=known > 0)


def describe_examples(assembled: ExampleSet, spec: dict[str, Any]) -> pd.DataFrame:
    """Table of the examples: target, stratum, coordinates, GC, repeats, origin, copies; group and split if the split uses them."""
    obs = assembled.sequences.obs
    length = assembled.sequences.codes.shape[1] // (1 + assembled.sequences.is_paired)
    columns: dict[str, Any] = {**assembled.target.columns, "stratum": assembled.target.stratum}
    columns |= {name: obs[name].to_numpy() for name in ("chrom", "start", "end", "strand")}
    columns |= {name: obs[name].to_numpy() for name in ("group", "split") if spec["by"] == {"split": "given"}.get(name, name)}
    columns |= {"gc": gc_content(assembled.sequences.codes[:, :length]), "repeat": obs["repeat"].to_numpy(float)}
    origin = obs["origin"] if "origin" in obs else pd.Series(np.nan, obs.index)
    columns |= {"origin": origin.fillna(GIVEN).to_numpy(), "copies": assembled.copies}
    if "parent" in obs:
        columns["parent"] = obs["parent"].fillna("").to_numpy()
    return examples_file.plain_text_columns(pd.DataFrame(columns, index=obs.index))


def pack_examples(assembled: ExampleSet, spec: dict[str, Any]) -> anndata.AnnData:
    """The examples as AnnData without X: codes and, for positional outcomes, targets are in obsm."""
    sequences = assembled.sequences
    length = sequences.codes.shape[1] // (1 + sequences.is_paired)
    positional_targets = {} if sequences.target is None else {"target": sequences.target}
    data = anndata.AnnData(obs=describe_examples(assembled, spec), obsm={"sequence": sequences.codes} | positional_targets)
    bin = spec["bin"] if spec["target"] == "profile" else 1
    data.uns["outcome"] = assembled.target.outcome.to_dict()
    data.uns["sequence"] = SequenceLayout(length, sequences.is_paired, spec["stranded"], bin).to_dict()
    data.uns["conflicts"] = json.dumps(assembled.conflicts)
    return data


def summary_records(data: anndata.AnnData, assembled: ExampleSet, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary: examples, classes, GC content, merged and excluded sequences."""
    counts, masks = assembled.counts, cross_validation.class_masks(assembled.target.outcome, data.obs)
    rows: list[tuple[str, Any, str, str]] = [
        ("sequences", data.n_obs, "sequences", "distinct sequences used for learning"),
        ("length", int(data.uns["sequence"]["length"]), "bases", "bases of each sequence"),
        ("collapsed", counts["collapsed"], "sequences", f"sequences merged with an equal one{_copy_definition(spec)}"),
        ("conflicts", counts["contradicted"], "sequences", "sequences excluded because their copies have different labels"),
    ]
    if counts["undrawn"]:
        rows.append(("undrawn", counts["undrawn"], "sequences", "sequences excluded by sequences.sample"))
    for origin in sorted(set(data.obs["origin"]) - {GIVEN}):
        count = int((data.obs["origin"] == origin).sum())
        rows.append((f"made.{origin}", count, "sequences", f"generated negatives ({origin})"))
    keys = make_keys(name for name, _ in masks)
    if len(masks) > 1:
        rows += [(f"class.{keys[name]}", int(mask.sum()), "sequences", f"sequences: {name}") for name, mask in masks]
    rows += [
        (
            f"gc.{keys[name]}",
            round(float(np.nanmean(data.obs["gc"].to_numpy()[mask])), 4),
            "fraction",
            f"mean GC content: {name}",
        )
        for name, mask in masks
        if mask.any()
    ]
    return [
        {"key": f"dataset.{spec['name']}.{key}", "value": value, "low": None, "high": None, "n": counts["read"], "unit": unit, "description": description}
        for key, value, unit, description in rows
    ]  # fmt: skip


def _copy_definition(spec: dict[str, Any]) -> str:
    """How copies are defined, and where they are searched."""
    within = ", within each side of the split" if spec["by"] == "given" else ""
    return ("" if spec["stranded"] else " or its reverse complement") + within


def log_excluded(assembled: ExampleSet) -> None:
    """Log which sequences were excluded."""
    for line in assembled.sequences.left_out:
        log.info("excluded: %s", line)
    if assembled.conflicts:
        conflicts_text = "; ".join(" = ".join(f"{name} ({label})" for name, label in zip(conflict["names"], conflict["labels"], strict=True)) for conflict in assembled.conflicts[:SHOWN])  # fmt: skip
        log.warning("%d sequences have contradictory labels and are excluded: %s", len(assembled.conflicts), conflicts_text)
    if assembled.counts.get("known"):
        log.info("%d generated negatives equal input sequences and are excluded", assembled.counts["known"])


def main(
    files: list[Path], spec: dict[str, Any], seed: int, context_files: dict[str, Path], examples: Path, summary: Path
) -> None:
    """Write the examples and their summary.

    Parameters
    ----------
    files : in the order of `spec["files"]`.
    spec : name, source, outcome, representation, label, positive, by, column (of groups) or given (column of the
        split) if the split uses them, and the config section `sequences`.
    context_files : codes and contigs of the genome, signal, annotation; only those that exist.
    """
    genome = Genome.open(context_files["codes"], context_files["contigs"]) if "codes" in context_files else None
    assembled = assemble_examples(
        [str(path) for path in files],
        spec,
        seed,
        SequenceSources(genome, context_files.get("signal"), context_files.get("annotation")),
    )
    data = pack_examples(assembled, spec)
    sources = {f"{i}.{path.name}": path for i, path in enumerate(files)} | {path.name: path for path in context_files.values()}
    data.uns["task"] = {
        "name": spec["name"],
        "source": spec["source"],
        "representation": spec["representation"],
        "spec": json.dumps(spec, sort_keys=True),
        "made_from": {name: sha256(path) for name, path in sources.items()},
        "classes": data.uns["outcome"]["classes"],
    }
    data.write_h5ad(examples)
    records = summary_records(data, assembled, spec)
    summary.write_text(json.dumps(records, indent=1) + "\n")
    for row in records:
        log.info("%s: %s", row["description"], row["value"])
    log_excluded(assembled)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        context_files = {
            name: job.input.get(name) for name in ("codes", "contigs", "signal", "annotation") if job.input.get(name)
        }
        main(
            job.input.get("files", []),
            dict(job.params.spec),
            job.params.seed,
            context_files,
            job.output.examples,
            job.output.summary,
        )
