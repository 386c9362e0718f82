"""Features of variant calls: the caller's annotations and the sequence context."""

from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pysam

from readsight.dataset import scaling
from readsight.errors import InputError

FLANK = 50  # bases on either side for the GC content

DESCRIPTIONS = {
    "QUAL": "call quality (Phred)",
    "strand_bias": "strand bias of the alternative allele (|log odds ratio|)",
    "carriers": "samples with the allele",
    "called_samples": "samples with a genotype",
    "carrier_depth": "mean depth of the carriers (reads)",
    "allele_balance": "fraction of the carriers' reads with the allele",
    "lowest_genotype_quality": "lowest genotype quality of a carrier (Phred)",
    "indel_length": "bases inserted (+) or deleted (−)",
    "is_indel": "insertion or deletion (1) or not (0)",
    "gc": f"GC content within {FLANK} bases (fraction)",
    "homopolymer": "length of the homopolymer at the site (bases)",
}


def compute_features(obs: pd.DataFrame, annotations: pd.DataFrame, fasta: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of calls: annotations, variant type, sequence context, and missing-value indicators.

    Parameters
    ----------
    obs : n calls with chrom, start (0-based), end, ref, alt.
    annotations : (n, any), NaN if missing.

    Returns
    -------
    X (n, features), NaN kept, and var (one row per feature: description). Constant and empty columns are dropped.

    Raises
    ------
    InputError if a call lies outside the reference, or its REF differs from the reference.
    """
    table = annotations.copy()
    change = obs["alt"].str.len() - obs["ref"].str.len()
    table["indel_length"] = change.astype(float)
    table["is_indel"] = (change != 0).astype(float)
    table[["gc", "homopolymer"]] = sequence_context(obs, fasta)
    gaps = flag_missing(table)
    table = pd.concat([table, gaps.rename(columns=lambda name: f"{name.split('+')[0]}_missing")], axis=1)
    is_informative = table.nunique(dropna=True) > 1
    table = table.loc[:, is_informative]
    descriptions = (
        annotations.attrs.get("descriptions", {})
        | DESCRIPTIONS
        | {f"{name.split('+')[0]}_missing": f"no {', '.join(name.split('+'))} given (1)" for name in gaps}
    )
    var = pd.DataFrame({"description": [descriptions.get(name, name) for name in table]}, index=table.columns)
    return table, var


def flag_missing(table: pd.DataFrame) -> pd.DataFrame:
    """0/1 columns that flag missing values, one for all columns with the same gaps (`A+B`)."""
    columns_by_gaps: dict[bytes, list[str]] = {}
    for name in table:
        gaps = table[name].isna().to_numpy()
        if gaps.any() and not gaps.all():
            columns_by_gaps.setdefault(gaps.tobytes(), []).append(name)
    return pd.DataFrame(
        {"+".join(names): table[names[0]].isna().astype(float) for names in columns_by_gaps.values()}, index=table.index
    )


def sequence_context(obs: pd.DataFrame, fasta: Path) -> np.ndarray:
    """GC content and homopolymer length around each call, shape (n, 2)."""
    values = np.zeros((len(obs), 2))
    mismatched = []
    with pysam.FastaFile(str(fasta)) as genome:
        contigs = set(genome.references)
        for chrom, calls in obs.groupby("chrom", observed=True):
            if chrom not in contigs:
                raise InputError(f"{fasta}: no contig {chrom!r}, which has {len(calls)} calls")
            sequence = genome.fetch(chrom).upper()
            for index, row in zip(obs.index.get_indexer(calls.index), calls.itertuples(), strict=True):
                if sequence[row.start : row.start + len(row.ref)] != row.ref.upper() and "N" not in row.ref.upper():
                    mismatched.append(row.Index)
                window = sequence[max(0, row.start - FLANK) : row.start + FLANK + 1]
                values[index] = gc_content(window), homopolymer_length(sequence, row.start)
    if mismatched:
        raise InputError(
            f"{fasta}: REF differs from the reference at {len(mismatched)} calls, the first: {', '.join(mismatched[:5])}"
        )
    return values


def gc_content(sequence: str) -> float:
    """G and C as a fraction of the known bases; 0.5 if none is known."""
    gc = sequence.count("G") + sequence.count("C")
    known = gc + sequence.count("A") + sequence.count("T")
    return gc / known if known else 0.5


def homopolymer_length(sequence: str, start: int) -> int:
    """Length of the longest run of one base that contains the base at `start` or the next one."""
    longest = 1
    for position in (start, start + 1):
        if position >= len(sequence):
            continue
        left, right = position, position
        while left > 0 and sequence[left - 1] == sequence[position]:
            left -= 1
        while right + 1 < len(sequence) and sequence[right + 1] == sequence[position]:
            right += 1
        longest = max(longest, right - left + 1)
    return longest


def fit(data: anndata.AnnData, spec: dict[str, Any]) -> dict[str, Any]:
    """Fit imputation and z-score on a training fold.

    data: training examples × features, NaN if missing. spec: unused. Returns median, mean and standard deviation of each
    feature (after imputation); a feature that is constant in training becomes 0 everywhere.
    """
    names = data.var_names.to_numpy(str).astype(object)
    return {"representation": "annotations", "features": names} | scaling.fit(np.asarray(data.X))


def apply(data: anndata.AnnData, fitted: dict[str, Any]) -> tuple[np.ndarray, pd.DataFrame]:
    """Impute and z-score with the fitted parameters: (examples, features) float32 without NaN, and var, one row per feature."""
    return scaling.apply(np.asarray(data.X), fitted), data.var
