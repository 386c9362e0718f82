"""The examples of a task: read from files, merged, deduplicated, sampled, with negatives and targets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences import bigwig_signal, duplicates, label_checks, labels, reading, splice_sites
from readsight.dataset.sequences import negatives as making
from readsight.dataset.sequences.columns import list_label_columns
from readsight.dataset.sequences.duplicates import CollapsedSet
from readsight.dataset.sequences.labels import SequenceTarget
from readsight.dataset.sequences.raw_examples import SequenceSet, join_sets
from readsight.errors import InputError
from readsight.genome.codes import make_generator

GIVEN = "given"


@dataclass(frozen=True)
class SequenceSources:
    """Sources of sequences other than the example files. genome: `genome.store.Genome`. signal: bigWig. annotation: GTF."""

    genome: Any = None
    signal: Path | None = None
    annotation: Path | None = None


@dataclass(frozen=True)
class ExampleSet:
    """The examples of a task.

    sequences: the examples. target: their prediction target. copies: (n,). conflicts: as in `CollapsedSet`. counts: name → number, for
    the summary: read, collapsed, contradicted, undrawn, known (negatives that are identical to a given sequence).
    """

    sequences: SequenceSet
    target: SequenceTarget
    copies: np.ndarray
    conflicts: list[dict[str, list[str]]]
    counts: dict[str, int] = field(default_factory=dict)


def assemble_examples(
    paths: Sequence[str], spec: dict[str, Any], seed: int, sources: SequenceSources = SequenceSources()
) -> ExampleSet:
    """Read, merge, deduplicate and sample the examples of a task, make negatives, and encode the target.

    spec: from `wiring.dataset.sequences`. Raises InputError with all faults of the files, then with all faults of the merged set.
    """
    sequences = read_examples(paths, spec, sources)
    if not len(sequences):
        raise InputError(["sequences.files: no example remains", *sequences.left_out])
    faults = check_loci(sequences, spec)
    if faults:
        raise InputError(faults)
    counts = {"read": len(sequences)}
    avoid = sequences.obs.loc[sequences.obs["chrom"] != "", ["chrom", "start", "end"]]
    collapsed = duplicates.collapse_duplicates(sequences, spec)
    counts |= {"collapsed": collapsed.duplicate_count, "contradicted": collapsed.conflict_count}
    if not len(collapsed.examples):
        raise InputError("label: every sequence has several labels in the files, so no example remains; are the files identical?")
    examples = draw_sample(collapsed.examples, spec, seed)
    counts["undrawn"] = len(collapsed.examples) - len(examples)
    sequences, copies = collapsed.examples.select_rows(examples), collapsed.copies[examples]
    negative_set = make_negatives(sequences, spec, seed, sources, avoid)
    if negative_set is not None:
        is_novel = find_novel(negative_set, collapsed, spec)
        counts["known"] = int((~is_novel).sum())
        sequences, copies = (
            join_sets([sequences, negative_set.select_rows(is_novel)]),
            np.concatenate([copies, np.ones(int(is_novel.sum()), int)]),
        )
    target = labels.make_target(sequences, spec)
    if target.faults:
        raise InputError([*target.faults, *_explain_conflicts(collapsed)])
    return ExampleSet(sequences, target, copies, collapsed.conflicts, counts)


def read_examples(paths: Sequence[str], spec: dict[str, Any], sources: SequenceSources) -> SequenceSet:
    """The examples of all files in order, with scores or profiles from the bigWig if there is one."""
    if spec["target"] == "splice_sites":
        return splice_sites.read_splice_sites(sources.annotation, sources.genome, spec)
    sequences = join_sets(reading.read_files(paths, spec | ({"label": None} if sources.signal else {}), sources.genome))
    if sources.signal is None:
        return sequences
    if spec["target"] == "score":
        obs = sequences.obs.assign(label=bigwig_signal.read_mean_signal(sources.signal, sequences.obs))
        has_score = obs["label"].notna().to_numpy()
        excluded = [f"{sources.signal}: has no value for {int((~has_score).sum()):,} windows"] if not has_score.all() else []
        return SequenceSet(
            sequences.codes, obs, None, sequences.is_paired, sequences.left_out + excluded, sequences.taken
        ).select_rows(has_score)
    profiles = bigwig_signal.read_profiles(sources.signal, sequences.obs, spec["bin"])
    return SequenceSet(sequences.codes, sequences.obs, profiles, sequences.is_paired, sequences.left_out, sequences.taken)


def check_loci(sequences: SequenceSet, spec: dict[str, Any]) -> list[str]:
    """Faults of examples without a locus, if the split is by chromosome."""
    is_unplaced = (sequences.obs["chrom"] == "").to_numpy()
    if spec["by"] != "chromosome" or not is_unplaced.any():
        return []
    return label_checks.check_loci(int(is_unplaced.sum()), len(sequences), str(sequences.obs.index[int(is_unplaced.argmax())]))


def draw_sample(sequences: SequenceSet, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Indices of the sampled examples, at most `sample` per class; all indices in order if `sample` is not set."""
    if not spec["sample"]:
        return np.arange(len(sequences))
    by_class = spec["outcome"] == "classes" and "label" in sequences.obs
    classes = pd.factorize(sequences.obs["label"])[0] if by_class else np.zeros(len(sequences), int)
    rng = make_generator(seed, "sample")
    subsets = [np.flatnonzero(classes == number) for number in range(classes.max() + 1)]
    return np.sort(np.concatenate([rng.permutation(subset)[: spec["sample"]] for subset in subsets]))


def make_negatives(
    sequences: SequenceSet, spec: dict[str, Any], seed: int, sources: SequenceSources, avoid: pd.DataFrame
) -> SequenceSet | None:
    """Negatives for the positives; None if not requested. avoid: loci of all examples, including those that were not sampled."""
    settings = spec["negatives"]
    if settings["method"] == "none":
        return None
    if len(list_label_columns(spec)) > 1:
        raise InputError("sequences.negatives.method: negatives form a class, but several labels are predicted; use none")
    positives = sequences.select_rows((sequences.obs["label"] != settings["label"]).to_numpy())
    rng = make_generator(seed, "negatives")
    if settings["method"] == "shuffled":
        return making.shuffle_positives(positives, spec, rng)
    if sources.genome is None:
        raise InputError("sequences.negatives.method: genomic negatives need a genome: set sequences.genome or reference.fasta")
    return making.sample_genome(positives, sources.genome, spec, rng, avoid)


def find_novel(negative_set: SequenceSet, collapsed: CollapsedSet, spec: dict[str, Any]) -> np.ndarray:
    """Which negatives (n,) are neither a sequence of the files nor an earlier negative."""
    file_sequences = collapsed.examples
    numbers = duplicates.number_sequences(
        np.concatenate([file_sequences.codes, negative_set.codes]), file_sequences.is_paired, spec["stranded"]
    )
    _, first = np.unique(numbers, return_index=True)
    return np.isin(np.arange(len(file_sequences), len(numbers)), first)


def _explain_conflicts(collapsed: CollapsedSet) -> list[str]:
    """Message on excluded examples, which may explain why too few remain."""
    if not collapsed.conflicts:
        return []
    names = ", ".join(name for conflict in collapsed.conflicts[:3] for name in conflict["names"][:2])
    return [
        f"label: {collapsed.conflict_count:,} examples were excluded because their sequences have several labels ({names}, …)"
    ]
