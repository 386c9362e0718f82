"""Gather the sequences of a task: labels, places and groups; windows cut, negatives made, duplicates collapsed."""

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
from readsight.dataset.fold_file import Sequence
from readsight.dataset.sequences.example_set import GIVEN, Assembled, Beside, assemble
from readsight.genome.store import Genome
from readsight.step import step
from readsight.text import keyed

log = logging.getLogger("readsight")

SHOWN = 5


def gc(codes: np.ndarray) -> np.ndarray:
    """Part of G and C among the known bases of each row (n, length) → (n,); NaN where none is known."""
    known = (codes < 4).sum(axis=1)
    return np.divide(((codes == 1) | (codes == 2)).sum(axis=1), known, out=np.full(len(codes), np.nan), where=known > 0)


def described(made: Assembled, spec: dict[str, Any]) -> pd.DataFrame:
    """obs of the examples: target, stratum, place, GC, repeats, origin, copies; and where the split reads them group and split."""
    own = made.found.obs
    length = made.found.codes.shape[1] // (1 + made.found.pair)
    columns: dict[str, Any] = {**made.target.columns, "stratum": made.target.stratum}
    columns |= {name: own[name].to_numpy() for name in ("chrom", "start", "end", "strand")}
    columns |= {name: own[name].to_numpy() for name in ("group", "split") if spec["by"] == {"split": "given"}.get(name, name)}
    columns |= {"gc": gc(made.found.codes[:, :length]), "repeat": own["repeat"].to_numpy(float)}
    origin = own["origin"] if "origin" in own else pd.Series(np.nan, own.index)
    columns |= {"origin": origin.fillna(GIVEN).to_numpy(), "copies": made.copies}
    if "parent" in own:
        columns["parent"] = own["parent"].fillna("").to_numpy()
    return examples_file.plain(pd.DataFrame(columns, index=own.index))


def packed(made: Assembled, spec: dict[str, Any]) -> anndata.AnnData:
    """The examples as AnnData: codes and, along sequences, targets in obsm; no X."""
    found = made.found
    length = found.codes.shape[1] // (1 + found.pair)
    along = {} if found.target is None else {"target": found.target}
    data = anndata.AnnData(obs=described(made, spec), obsm={"sequence": found.codes} | along)
    bin = spec["bin"] if spec["target"] == "profile" else 1
    data.uns["outcome"] = made.target.outcome.plain()
    data.uns["sequence"] = Sequence(length, found.pair, spec["stranded"], bin).plain()
    data.uns["conflicts"] = json.dumps(made.conflicts)
    return data


def records(data: anndata.AnnData, made: Assembled, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary: examples, classes, GC content, what was collapsed and left out."""
    counts, counted = made.counts, cross_validation.members(made.target.outcome, data.obs)
    rows: list[tuple[str, Any, str, str]] = [
        ("sequences", data.n_obs, "sequences", "sequences that are learned from, each once"),
        ("length", int(data.uns["sequence"]["length"]), "bases", "bases of each sequence"),
        ("collapsed", counts["collapsed"], "sequences", f"sequences left out as copies of another{_turned(spec)}"),
        ("conflicts", counts["contradicted"], "sequences", "sequences left out, since their copies bear different labels"),
    ]
    if counts["undrawn"]:
        rows.append(("undrawn", counts["undrawn"], "sequences", "sequences left out by sequences.sample"))
    for origin in sorted(set(data.obs["origin"]) - {GIVEN}):
        own = int((data.obs["origin"] == origin).sum())
        rows.append((f"made.{origin}", own, "sequences", f"negatives that were made ({origin})"))
    keys = keyed(name for name, _ in counted)
    if len(counted) > 1:
        rows += [(f"class.{keys[name]}", int(own.sum()), "sequences", f"sequences: {name}") for name, own in counted]
    rows += [
        (f"gc.{keys[name]}", round(float(np.nanmean(data.obs["gc"].to_numpy()[own])), 4), "fraction", f"mean GC content: {name}")
        for name, own in counted
        if own.any()
    ]
    return [
        {"key": f"dataset.{spec['name']}.{key}", "value": v, "low": None, "high": None, "n": counts["read"], "unit": unit, "description": text}
        for key, v, unit, text in rows
    ]  # fmt: skip


def _turned(spec: dict[str, Any]) -> str:
    """How copies are told, and where."""
    within = ", within each side of the split" if spec["by"] == "given" else ""
    return ("" if spec["stranded"] else " or of its reverse complement") + within


def tell(made: Assembled) -> None:
    """Say in the log what was left out."""
    for line in made.found.left_out:
        log.info("left out: %s", line)
    if made.conflicts:
        shown = "; ".join(" = ".join(f"{n} ({label})" for n, label in zip(own["names"], own["labels"], strict=True)) for own in made.conflicts[:SHOWN])  # fmt: skip
        log.warning("%d sequences bear different labels and are left out: %s", len(made.conflicts), shown)
    if made.counts.get("known"):
        log.info("%d negatives were made that are sequences of the files; they are left out", made.counts["known"])


def main(files: list[Path], spec: dict[str, Any], seed: int, beside: dict[str, Path], examples: Path, summary: Path) -> None:
    """Write the examples and their summary.

    files: in the order of spec's. spec: name, source, outcome, representation, label, positive, by, column (of groups) or
    given (of sides) where the split reads them, and the config's section `sequences`. beside: codes and contigs of the
    genome, signal, annotation, as far as there are any.
    """
    genome = Genome.open(beside["codes"], beside["contigs"]) if "codes" in beside else None
    made = assemble([str(path) for path in files], spec, seed, Beside(genome, beside.get("signal"), beside.get("annotation")))
    data = packed(made, spec)
    sources = {f"{i}.{path.name}": path for i, path in enumerate(files)} | {path.name: path for path in beside.values()}
    data.uns["task"] = {
        "name": spec["name"],
        "source": spec["source"],
        "representation": spec["representation"],
        "spec": json.dumps(spec, sort_keys=True),
        "made_from": {name: sha256(path) for name, path in sources.items()},
        "classes": data.uns["outcome"]["classes"],
    }
    data.write_h5ad(examples)
    found = records(data, made, spec)
    summary.write_text(json.dumps(found, indent=1) + "\n")
    for row in found:
        log.info("%s: %s", row["description"], row["value"])
    tell(made)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        beside = {name: job.input.get(name) for name in ("codes", "contigs", "signal", "annotation") if job.input.get(name)}
        main(
            job.input.get("files", []),
            dict(job.params.spec),
            job.params.seed,
            beside,
            job.output.examples,
            job.output.summary,
        )
