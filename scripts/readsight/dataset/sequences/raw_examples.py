"""Examples as a reader found them, before duplicates are collapsed and labels coded.

Every reader gives a `SequenceSet`. spec: what `wiring.dataset.sequences` gives, as a dict. label, split: those that the config
gives the whole file (`files[i]`), None where its own column says them. genome: `genome.store.Genome.open(codes, contigs)`.

    regions.read(path, genome, spec, label=None, split=None) -> Found      BED3+, narrowPeak; unlabelled where spec["target"] is
                                                                           profile, or score and spec["label"] is None
    alleles.read(path, genome, spec, label=None, split=None) -> Found      VCF (plain, gzip, BCF); pair is True
    splicing.read(path, genome, spec) -> Found                             GTF; target (n, length), group: gene
    signal.scores(path, obs) -> (n,) float                                 bigWig: mean of each window
    signal.profiles(path, obs, bin) -> (n, length // bin) float32          bigWig along each window, as its strand reads
    negatives.shuffled(found, spec, rng) -> Found                          of those handed over: hand the positives alone
    negatives.genomic(found, genome, spec, rng, avoid=None) -> Found       avoid: DataFrame chrom, start, end; as well as found.taken
    join(parts) -> Found                                                   one after the other, names made unique

Where a bigWig gives the score, hand over `spec | {"label": None}`: no column is looked for then.
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
    """n examples of one file, or of one kind.

    codes: (n, length) uint8, 0–4; pairs (n, 2 × length), the reference window first. obs: a row an example, index: its
    name, unique. Its columns: `label` (text; a number where the target is a score; `label.0`, … where spec["label"] is a
    list; absent where nothing is to be read), `chrom`, `start`, `end`, `strand` (place, 0-based half-open, may reach past
    the contig's ends by padding; codes are of that strand, `.` reads as `+`; "" and -1 where unknown), `repeat` (part of the
    window that is soft-masked or N; NaN where the genome does not tell), and, where there are any, `split`, `group`,
    `origin` (shuffled, genomic), `parent` (name of the example that a negative was made for).
    target: (n, …), where it is one along the sequence. left_out: what was left out and why, a line each, for the summary.
    taken: chrom, start, end of all rows of the file, also those left out: genomic negatives stay out of them.
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
            raise ValueError(f"codes, obs and target of differing lengths: {sizes}")

    def select_rows(self, selection: np.ndarray) -> "SequenceSet":
        """Some of the examples. selection: mask (n,), or indices."""
        target = None if self.target is None else self.target[selection]
        return SequenceSet(
            self.codes[selection], self.obs.iloc[selection], target, self.is_paired, list(self.left_out), self.taken
        )


def make_unplaced_obs(names: Sequence[str]) -> pd.DataFrame:
    """obs of examples that stand on no genome."""
    columns = {"chrom": "", "start": -1, "end": -1, "strand": ".", "repeat": np.nan}
    return pd.DataFrame(columns, index=pd.Index(make_unique(names), dtype=object))


def make_unique(names: Sequence[str]) -> list[str]:
    """Names, each once: of those that repeat, the second and further ones with -2, -3, … behind."""
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
    """Examples of several files, one after the other.

    Raises InputError where they are not of one length, or variants stand beside sequences.
    """
    widths = {subset.codes.shape[1] for subset in sets}
    if len({subset.is_paired for subset in sets}) > 1:
        raise InputError("sequences.files: variants (VCF) and sequences cannot be learned in one task; make two tasks of them")
    if len(widths) > 1:
        shown = ", ".join(str(width) for width in sorted(widths))
        raise InputError(
            f"sequences.length: files hold sequences of {shown} bases; set sequences.length, or sequences.unequal: crop"
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
