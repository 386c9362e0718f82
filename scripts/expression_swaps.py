"""Check by shared SNVs that RNA and DNA samples assigned to one donor match."""

import heapq
import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pysam

from readsight.formats import gtf as annotation
from readsight.genome.interval_set import IntervalSet
from readsight.genome.intervals import read_contig_lengths
from readsight.step import step

log = logging.getLogger("readsight")

# Maximum number of exonic SNVs, the most common first; more do not add information.
MAX_SITES = 1500
MIN_DEPTH, MIN_BASE_QUALITY, MIN_MAPPING_QUALITY = 8, 20, 20
# An allele below this read fraction is attributed to errors or allele-specific silencing.
MIN_ALLELE_FRACTION = 0.1
MIN_SITES = 20
# Samples of one donor agree at nearly all common SNVs, unrelated donors at 0.6 to 0.85.
MIN_AGREEMENT = 0.9
# Stricter threshold for a match between two different donors.
MIN_FOREIGN_AGREEMENT = 0.95
# Tolerated difference between two matching DNA samples, such as replicates of one donor.
TOLERANCE = 0.05
ERROR_STATES = ("swapped", "unlike", "another's")
COLUMNS = ("sample", "donor", "own", "agreement_own", "best", "agreement_best", "sites", "state")


class ExonSnv(NamedTuple):
    """An exonic SNV, 0-based. copies: (DNA samples,) copies of the alternative allele, NaN where not called."""

    contig: str
    start: int
    ref: str
    alt: str
    copies: np.ndarray


def exon_intervals(gtf: Path, lengths: dict[str, int]) -> IntervalSet:
    spans: dict[str, list[tuple[int, int]]] = {}
    for transcript in annotation.read_gtf(gtf, lengths):
        spans.setdefault(transcript.contig, []).extend(transcript.exons)
    return IntervalSet(spans)


def candidate_sites(calls: Path, inside: IntervalSet, samples: list[str]) -> Iterator[ExonSnv]:
    """Yield biallelic exonic SNVs that passed all filters and differ between samples (or are non-reference in a single sample)."""
    with pysam.VariantFile(str(calls)) as handle:
        for row in handle:
            is_snv = len(row.ref) == 1 and row.alts and len(row.alts) == 1 and len(row.alts[0]) == 1 and row.alts[0] in "ACGT"
            if not is_snv or not set(row.filter.keys()) <= {"PASS"}:
                continue
            if not inside.contains(row.contig, np.array([row.start]), np.array([row.stop]))[0]:
                continue
            sample_genotypes = [row.samples[s].get("GT") or (None,) for s in samples]
            copies = np.array(
                [np.nan if None in genotype or len(genotype) != 2 else float(sum(genotype)) for genotype in sample_genotypes]
            )
            known = copies[~np.isnan(copies)]
            if len(known) and (known.min() != known.max() if len(samples) > 1 else known[0] > 0):
                yield ExonSnv(row.contig, row.start, row.ref, row.alts[0], copies)


def select_common_sites(sites: Iterator[ExonSnv], most: int = MAX_SITES) -> list[ExonSnv]:
    """Sites with allele frequencies closest to one half, in genomic order."""

    def rarity(numbered: tuple[int, ExonSnv]) -> tuple[float, int]:
        return abs(float(np.nanmean(numbered[1].copies)) / 2 - 0.5), numbered[0]

    selected = heapq.nsmallest(most, enumerate(sites), key=rarity)
    return [site for _, site in sorted(selected, key=lambda numbered: numbered[0])]


def call_genotypes(cram: Path, sites: list[ExonSnv], fasta: Path) -> np.ndarray:
    """Copies of the alternative allele from a sample's reads: (sites,), NaN below MIN_DEPTH reads."""
    copies = np.full(len(sites), np.nan)
    with pysam.AlignmentFile(str(cram), reference_filename=str(fasta)) as handle:
        for i, site in enumerate(sites):
            counts = handle.count_coverage(
                site.contig, site.start, site.start + 1, quality_threshold=MIN_BASE_QUALITY, read_callback=_is_counted
            )
            ref, alt = (counts["ACGT".index(base)][0] for base in (site.ref, site.alt))
            if ref + alt >= MIN_DEPTH:
                share = alt / (ref + alt)
                copies[i] = 0 if share < MIN_ALLELE_FRACTION else 2 if share > 1 - MIN_ALLELE_FRACTION else 1
    return copies


def _is_counted(read: pysam.AlignedSegment) -> bool:
    is_excluded = read.is_unmapped or read.is_secondary or read.is_supplementary or read.is_qcfail or read.is_duplicate
    return not is_excluded and read.mapping_quality >= MIN_MAPPING_QUALITY


def compute_agreement(rna: np.ndarray, dna: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Agreement of RNA and DNA samples: fraction of shared sites without an RNA allele that the DNA lacks.

    Parameters
    ----------
    rna, dna : (samples, sites), copies of the alternative allele, NaN where unknown.

    Returns
    -------
    Agreement (NaN without shared sites) and number of shared sites, both (RNA, DNA). Homozygous RNA at a heterozygous
    DNA site is no contradiction, because one allele can be silent.
    """
    known = (~np.isnan(rna)).astype(float) @ (~np.isnan(dna)).astype(float).T
    # RNA with the alternative allele where the DNA is homozygous reference, or the reverse
    against = (rna > 0).astype(float) @ (dna == 0).astype(float).T + (rna < 2).astype(float) @ (dna == 2).astype(float).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - against / known, known.astype(int)


def judge_samples(agreement: pd.DataFrame, shared: pd.DataFrame, donors: Mapping[str, str]) -> pd.DataFrame:
    """Classify RNA samples, one row each: expected DNA, best matching DNA, and `state`.

    agreement, shared: RNA × DNA, agreement and number of sites. state: own (matches its donor); swapped (matches a different
    donor's DNA better); unlike (matches no DNA); another's (its donor has no DNA here, but it matches a different donor's);
    no DNA; too few sites.
    """
    rows = []
    for sample in agreement.index:
        same_donor = [name for name in agreement.columns if donors[name] == donors[sample]]
        covered = agreement.loc[sample].where(shared.loc[sample] >= MIN_SITES)
        best = covered.idxmax() if covered.notna().any() else ""
        expected_dna = max(same_donor, key=lambda name: np.nan_to_num(covered[name], nan=-1.0)) if same_donor else ""
        best_agreement, expected_agreement = (float(covered[name]) if name else np.nan for name in (best, expected_dna))
        if not best or (expected_dna and np.isnan(expected_agreement)):
            state = "too few sites"
        elif not same_donor:
            state = "another's" if best_agreement >= MIN_FOREIGN_AGREEMENT else "no DNA"
        elif expected_agreement < MIN_AGREEMENT:
            state = "swapped" if best_agreement >= MIN_AGREEMENT else "unlike"
        else:
            state = "own" if expected_agreement >= best_agreement - TOLERANCE else "swapped"
        sites = int(shared.loc[sample, expected_dna or best]) if expected_dna or best else 0
        rows.append([sample, donors[sample], expected_dna, expected_agreement, best, best_agreement, sites, state])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def error_messages(table: pd.DataFrame, donors: Mapping[str, str]) -> list[str]:
    """Error message for each sample that contradicts the sheet."""
    messages = []
    for row in table[table["state"].isin(ERROR_STATES)].itertuples():
        match = f"DNA sample {row.best} of donor {donors.get(row.best, '')} ({row.agreement_best:.1%} of common SNVs)"
        subject = f"{row.sample}, assigned to donor {row.donor}, "
        if row.state == "swapped":
            messages.append(f"{subject}matches {match}, not {row.own} ({row.agreement_own:.1%}): swapped or mislabelled")
        elif row.state == "unlike":
            messages.append(
                f"{subject}matches neither {row.own} ({row.agreement_own:.1%} of common SNVs) nor any other DNA sample: swapped or contaminated"
            )
        else:
            messages.append(f"{subject}matches {match}: duplicate donor or swapped sample")
    return messages


def summary_records(table: pd.DataFrame, messages: list[str]) -> list[dict[str, Any]]:
    checked = table["state"].isin(["own", *ERROR_STATES])
    donor_agreement = table.loc[table["state"] == "own", "agreement_own"]
    description = "RNA samples whose SNVs do not match the donor in the sheet"
    description = f"ERROR: {description}: {'; '.join(messages)}" if messages else description
    description += "" if checked.any() else " (none could be compared: too few SNVs are covered)"
    agreement_description = (
        "Lowest agreement of RNA with the DNA of its donor: fraction of SNVs without an allele that the DNA lacks"
    )
    no_interval = {"low": None, "high": None}
    return [
        {"key": "expression.cohort.sample_swaps", "value": len(messages) if checked.any() else None} | no_interval
        | {"n": int(checked.sum()), "unit": "samples", "description": description},
        {"key": "expression.cohort.own_agreement", "value": float(donor_agreement.min()) if len(donor_agreement) else None} | no_interval
        | {"n": len(donor_agreement), "unit": "fraction", "description": agreement_description},
    ]  # fmt: skip


def main(
    crams: Mapping[str, Path], calls: Path, gtf: Path, fasta: Path, fai: Path, donors: Mapping[str, str], dna: list[str],
    threads: int, out: Any,
) -> None:  # fmt: skip
    """Compare the SNVs of RNA samples with the DNA of all donors, and report samples that contradict the sheet.

    crams: RNA sample → CRAM. donors: sample → donor. dna: samples of the calls. out: table, matrix, note, summary.
    """
    sites = select_common_sites(candidate_sites(calls, exon_intervals(gtf, read_contig_lengths(fai)), dna))
    genotype_sample = partial(call_genotypes, sites=sites, fasta=fasta)
    with ProcessPoolExecutor(threads, mp_context=get_context("fork")) as pool:
        rna_copies = list(pool.map(genotype_sample, crams.values()))
    rna = np.stack(rna_copies)
    copies = np.array([site.copies for site in sites]).reshape(len(sites), len(dna))
    agreement, shared = (
        pd.DataFrame(values, index=pd.Index(crams, name="sample"), columns=dna) for values in compute_agreement(rna, copies.T)
    )
    table = judge_samples(agreement, shared, donors)
    messages = error_messages(table, donors)
    for message in messages:
        log.error("%s", message)
    table.to_csv(out.table, sep="\t", index=False, float_format="%.4f")
    agreement.to_csv(out.matrix, sep="\t", float_format="%.4f")
    out.note.write_text(json.dumps([f"ERROR: {message}" for message in messages], indent=1) + "\n")
    out.summary.write_text(json.dumps(summary_records(table, messages), indent=1) + "\n")
    log.info("%d SNVs of exons; %s", len(sites), dict(table["state"].value_counts()))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            dict(zip(job.params.samples, job.input.crams, strict=True)),
            job.input.calls,
            job.input.gtf,
            job.input.fasta,
            job.input.fai,
            dict(job.params.donors),
            list(job.params.dna),
            job.threads,
            job.output,
        )
