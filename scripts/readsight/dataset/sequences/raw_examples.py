"""Examples as read from one source, before duplicates are collapsed and labels are encoded.

Every reader returns a `SequenceSet`. In all of them spec is the dict from `wiring.dataset.sequences`; label and split are the
values that the config gives for the entire file (`files[i]`), or None if a column has them; genome is
`genome.store.Genome.open(codes, contigs)`.

    regions.read_regions(path, genome, spec, label=None, split=None)               BED3+, narrowPeak; unlabelled if spec["target"]
                                                                                   is profile, or score with spec["label"] None
    variant_windows.read_variant_windows(path, genome, spec, label=None, split=None)  VCF (plain, gzip, BCF); is_paired is True
    splice_sites.read_splice_sites(path, genome, spec)                             GTF; target (n, length), group: gene
    bigwig_signal.read_mean_signal(path, obs) -> (n,) float                        bigWig: mean per window
    bigwig_signal.read_profiles(path, obs, bin) -> (n, length // bin) float32      bigWig: mean per bin, in strand direction
    negatives.shuffle_positives(positives, spec, rng)                              pass positives only
    negatives.sample_genome(positives, genome, spec, rng, avoid=None)              avoid: DataFrame chrom, start, end
    join_sets(sets)                                                                concatenated, with unique names

If a bigWig gives the score, pass `spec | {"label": None}`: no label column is then required.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from readsight.errors import InputError

PLACE = ("chrom", "start", "end", "strand")


@dataclass(frozen=True)
class SequenceSet:
    """n examples of one file or of one kind.

    Attributes
    ----------
    codes : (n, length) uint8, 0–4; pairs are (n, 2 × length), with the reference window first.
    obs : one row per example, indexed by unique names. Columns: `label` (text; a number for scores; `label.0`, … if spec["label"]
        is a list; absent without labels); `chrom`, `start`, `end`, `strand` (locus, 0-based half-open, may extend past the contig
        if padded; codes are of that strand, `.` is read as `+`; "" and -1 if unknown); `repeat` (fraction that is soft-masked or N;
        NaN for a genome without masking); optionally `split`, `group`, `origin` (shuffled, genomic) and `parent` (name of the
        positive of a negative).
    target : (n, …) target per base or bin, or None.
    is_paired : whether rows are pairs of windows.
    left_out : reasons for excluded examples, one line each, for the summary.
    taken : chrom, start, end of all rows of the file, also excluded ones; genomic negatives avoid them.
    """

    codes: np.ndarray
    obs: pd.DataFrame
    target: np.ndarray | None = None
    is_paired: bool = False
    left_out: list[str] = field(default_factory=list)
    taken: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def __post_init__(self) -> None:
        sizes = {len(self.codes), len(self.obs)} | (set() if self.target is None else {len(self.target)})
        if len(sizes) > 1:
            raise ValueError(f"codes, obs and target differ in length: {sizes}")

    def select_rows(self, selection: np.ndarray) -> "SequenceSet":
        """A subset of the examples. selection: mask (n,), or indices."""
        target = None if self.target is None else self.target[selection]
        return SequenceSet(
            self.codes[selection], self.obs.iloc[selection], target, self.is_paired, list(self.left_out), self.taken
        )


def make_unplaced_obs(names: Sequence[str]) -> pd.DataFrame:
    """obs of examples without a locus."""
    columns = {"chrom": "", "start": -1, "end": -1, "strand": ".", "repeat": np.nan}
    return pd.DataFrame(columns, index=pd.Index(make_unique(names), dtype=object))


def make_unique(names: Sequence[str]) -> list[str]:
    """Unique names: repeated names get the suffix -2, -3, …"""
    counts: Counter[str] = Counter()
    used = set(names)
    unique_names = []
    for name in names:
        counts[name] += 1
        new = name
        while counts[name] > 1 and (new := f"{name}-{counts[name]}") in used:
            counts[name] += 1
        unique_names.append(new)
    return unique_names


def join_sets(sets: Sequence[SequenceSet]) -> SequenceSet:
    """Examples of several files, concatenated.

    Raises InputError if their lengths differ, or if variants are combined with sequences.
    """
    widths = {subset.codes.shape[1] for subset in sets}
    if len({subset.is_paired for subset in sets}) > 1:
        raise InputError("sequences.files: variants (VCF) and sequences cannot be combined in one task; make two tasks")
    if len(widths) > 1:
        width_list = ", ".join(str(width) for width in sorted(widths))
        raise InputError(
            f"sequences.length: files contain sequences of {width_list} bases; set sequences.length, or sequences.unequal: crop"
        )
    obs = pd.concat([subset.obs for subset in sets])
    obs.index = pd.Index(make_unique(obs.index.tolist()), dtype=object)
    targets = [subset.target for subset in sets if subset.target is not None]
    taken = [subset.taken for subset in sets if subset.taken is not None]
    return SequenceSet(
        np.concatenate([subset.codes for subset in sets]),
        obs,
        np.concatenate(targets) if targets else None,
        sets[0].is_paired,
        [line for subset in sets for line in subset.left_out],
        pd.concat(taken, ignore_index=True) if taken else None,
    )
