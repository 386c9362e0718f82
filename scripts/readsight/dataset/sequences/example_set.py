"""The examples of a task, from its files to one set in which each sequence stands once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences import bigwig_signal, duplicates, label_checks, labels, reading, splice_sites
from readsight.dataset.sequences import negatives as making
from readsight.dataset.sequences.columns import labels_of
from readsight.dataset.sequences.duplicates import Collapsed
from readsight.dataset.sequences.labels import Target
from readsight.dataset.sequences.raw_examples import Found, join
from readsight.errors import InputError
from readsight.genome.codes import generator

GIVEN = "given"


@dataclass(frozen=True)
class Beside:
    """What sequences are made from, beside their files. genome: `genome.store.Genome`. signal: bigWig. annotation: GTF."""

    genome: Any = None
    signal: Path | None = None
    annotation: Path | None = None


@dataclass(frozen=True)
class Assembled:
    """found: the examples. target: what is predicted of them. copies: (n,). conflicts: as of `Collapsed`. counts: word → number,
    for the summary: read, collapsed, contradicted, undrawn, known (negatives that turned out to be given sequences).
    """

    found: Found
    target: Target
    copies: np.ndarray
    conflicts: list[dict[str, list[str]]]
    counts: dict[str, int] = field(default_factory=dict)


def assemble(paths: Sequence[str], spec: dict[str, Any], seed: int, beside: Beside = Beside()) -> Assembled:
    """Read, join, collapse and draw the examples of a task, make negatives, and code what is predicted.

    spec: what `wiring.dataset.sequences` gives. Raises InputError with all that is wrong with the files, then with what
    they hold together.
    """
    found = gathered(paths, spec, beside)
    if not len(found):
        raise InputError(["sequences.files: no example is left", *found.left_out])
    faults = unplaced(found, spec)
    if faults:
        raise InputError(faults)
    counts = {"read": len(found)}
    avoid = found.obs.loc[found.obs["chrom"] != "", ["chrom", "start", "end"]]
    collapsed = duplicates.collapse(found, spec)
    counts |= {"collapsed": collapsed.dropped, "contradicted": collapsed.contradicted}
    if not len(collapsed.found):
        raise InputError(
            "label: every sequence stands in the files with several labels, and none is left; are the files the same?"
        )
    kept = drawn(collapsed.found, spec, seed)
    counts["undrawn"] = len(collapsed.found) - len(kept)
    found, copies = collapsed.found.rows(kept), collapsed.copies[kept]
    made = negatives(found, spec, seed, beside, avoid)
    if made is not None:
        new = novel(made, collapsed, spec)
        counts["known"] = int((~new).sum())
        found, copies = join([found, made.rows(new)]), np.concatenate([copies, np.ones(int(new.sum()), int)])
    target = labels.target(found, spec)
    if target.faults:
        raise InputError([*target.faults, *_reasons(collapsed)])
    return Assembled(found, target, copies, collapsed.conflicts, counts)


def gathered(paths: Sequence[str], spec: dict[str, Any], beside: Beside) -> Found:
    """The examples of all files one after the other; scores and signals along them are read from the bigWig where there is one."""
    if spec["target"] == "splice_sites":
        return splice_sites.read(beside.annotation, beside.genome, spec)
    found = join(reading.read(paths, spec | ({"label": None} if beside.signal else {}), beside.genome))
    if beside.signal is None:
        return found
    if spec["target"] == "score":
        obs = found.obs.assign(label=bigwig_signal.scores(beside.signal, found.obs))
        told = obs["label"].notna().to_numpy()
        left = [f"{beside.signal}: says nothing of {int((~told).sum()):,} windows"] if not told.all() else []
        return Found(found.codes, obs, None, found.pair, found.left_out + left, found.taken).rows(told)
    profiles = bigwig_signal.profiles(beside.signal, found.obs, spec["bin"])
    return Found(found.codes, found.obs, profiles, found.pair, found.left_out, found.taken)


def unplaced(found: Found, spec: dict[str, Any]) -> list[str]:
    """What keeps examples from being divided by chromosomes."""
    without = (found.obs["chrom"] == "").to_numpy()
    if spec["by"] != "chromosome" or not without.any():
        return []
    return label_checks.of_places(int(without.sum()), len(found), str(found.obs.index[int(without.argmax())]))


def drawn(found: Found, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Places of the examples that are kept where no more than `sample` of a class are wanted; all, in order, where none is said."""
    if not spec["sample"]:
        return np.arange(len(found))
    by_class = spec["outcome"] == "classes" and "label" in found.obs
    classes = pd.factorize(found.obs["label"])[0] if by_class else np.zeros(len(found), int)
    rng = generator(seed, "sample")
    parts = [np.flatnonzero(classes == own) for own in range(classes.max() + 1)]
    return np.sort(np.concatenate([rng.permutation(part)[: spec["sample"]] for part in parts]))


def negatives(found: Found, spec: dict[str, Any], seed: int, beside: Beside, avoid: pd.DataFrame) -> Found | None:
    """Negatives made for the positives; None where none are asked for. avoid: places of all examples, also of those not drawn."""
    own = spec["negatives"]
    if own["method"] == "none":
        return None
    if len(labels_of(spec)) > 1:
        raise InputError("sequences.negatives.method: negatives are a class, and several labels are predicted; use none")
    positives = found.rows((found.obs["label"] != own["label"]).to_numpy())
    rng = generator(seed, "negatives")
    if own["method"] == "shuffled":
        return making.shuffled(positives, spec, rng)
    if beside.genome is None:
        raise InputError(
            "sequences.negatives.method: genomic negatives need a genome: name it in sequences.genome or reference.fasta"
        )
    return making.genomic(positives, beside.genome, spec, rng, avoid)


def novel(made: Found, collapsed: Collapsed, spec: dict[str, Any]) -> np.ndarray:
    """Which negatives (n,) are neither a sequence of the files nor a negative made before; only these are none."""
    given = collapsed.found
    kinds = duplicates.same(np.concatenate([given.codes, made.codes]), given.pair, spec["stranded"])
    _, first = np.unique(kinds, return_index=True)
    return np.isin(np.arange(len(given), len(kinds)), first)


def _reasons(collapsed: Collapsed) -> list[str]:
    """What was left out before, where that may be why too little is left."""
    if not collapsed.conflicts:
        return []
    names = ", ".join(name for own in collapsed.conflicts[:3] for name in own["names"][:2])
    return [f"label: {collapsed.contradicted:,} examples were left out, since their sequences bear several labels ({names}, …)"]
