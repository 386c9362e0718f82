"""Check by shared SNVs that the RNA and the DNA that are said to be one donor's are one donor's."""

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
from readsight.genome.interval_set import Intervals
from readsight.genome.intervals import contigs
from readsight.step import step

log = logging.getLogger("readsight")

# The most common SNVs of exons are looked at, so many at most; more would tell no more.
MOST = 1500
DEPTH, BASE_QUALITY, MAPPING_QUALITY = 8, 20, 20
# An allele of fewer reads than this part is taken for errors, or for the other copy's silence.
FAINT = 0.1
FEWEST = 20
# A donor agrees with itself nearly everywhere; unrelated people at 0.6 to 0.85 of common SNVs.
SAME = 0.9
# What it takes to say so of two donors that should not be one.
SURELY = 0.95
# Of two DNA samples that both agree so well, as of one person taken twice, this much apart is chance.
CLOSE = 0.05
ERRORS = ("swapped", "unlike", "another's")
COLUMNS = ("sample", "donor", "own", "agreement_own", "best", "agreement_best", "sites", "state")


class Site(NamedTuple):
    """An SNV of an exon, 0-based, and the DNA samples' copies of its alternative allele: (samples,), NaN where not called."""

    contig: str
    start: int
    ref: str
    alt: str
    copies: np.ndarray


def exons(gtf: Path, lengths: dict[str, int]) -> Intervals:
    spans: dict[str, list[tuple[int, int]]] = {}
    for transcript in annotation.read(gtf, lengths):
        spans.setdefault(transcript.contig, []).extend(transcript.exons)
    return Intervals(spans)


def candidates(calls: Path, inside: Intervals, samples: list[str]) -> Iterator[Site]:
    """SNVs of two alleles in exons that passed all filters, and that tell the samples apart (or vary at all, in a lone one)."""
    with pysam.VariantFile(str(calls)) as handle:
        for row in handle:
            snv = len(row.ref) == 1 and row.alts and len(row.alts) == 1 and len(row.alts[0]) == 1 and row.alts[0] in "ACGT"
            if not snv or not set(row.filter.keys()) <= {"PASS"}:
                continue
            if not inside.contain(row.contig, np.array([row.start]), np.array([row.stop]))[0]:
                continue
            calls_ = [row.samples[s].get("GT") or (None,) for s in samples]
            copies = np.array([np.nan if None in gt or len(gt) != 2 else float(sum(gt)) for gt in calls_])
            known = copies[~np.isnan(copies)]
            if len(known) and (known.min() != known.max() if len(samples) > 1 else known[0] > 0):
                yield Site(row.contig, row.start, row.ref, row.alts[0], copies)


def commonest(sites: Iterator[Site], most: int = MOST) -> list[Site]:
    """The sites of which both alleles are most common, in the genome's order."""

    def rarity(numbered: tuple[int, Site]) -> tuple[float, int]:
        return abs(float(np.nanmean(numbered[1].copies)) / 2 - 0.5), numbered[0]

    chosen = heapq.nsmallest(most, enumerate(sites), key=rarity)
    return [site for _, site in sorted(chosen, key=lambda numbered: numbered[0])]


def genotypes(cram: Path, sites: list[Site], fasta: Path) -> np.ndarray:
    """Copies of the alternative allele that a sample's reads tell: (sites,), NaN where fewer than DEPTH cover it."""
    found = np.full(len(sites), np.nan)
    with pysam.AlignmentFile(str(cram), reference_filename=str(fasta)) as handle:
        for i, site in enumerate(sites):
            counts = handle.count_coverage(
                site.contig, site.start, site.start + 1, quality_threshold=BASE_QUALITY, read_callback=_counts
            )
            ref, alt = (counts["ACGT".index(base)][0] for base in (site.ref, site.alt))
            if ref + alt >= DEPTH:
                share = alt / (ref + alt)
                found[i] = 0 if share < FAINT else 2 if share > 1 - FAINT else 1
    return found


def _counts(read: pysam.AlignedSegment) -> bool:
    left_out = read.is_unmapped or read.is_secondary or read.is_supplementary or read.is_qcfail or read.is_duplicate
    return not left_out and read.mapping_quality >= MAPPING_QUALITY


def agreement(rna: np.ndarray, dna: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How alike samples are: the part of the sites that both know where RNA shows no allele that the DNA lacks; and these sites.

    rna: (RNA samples, sites); dna: (DNA samples, sites); copies, NaN where not known. Returns two (RNA, DNA) arrays.
    RNA of one allele where the DNA has both is no contradiction: a copy can be silent. NaN where no site is shared.
    """
    known = (~np.isnan(rna)).astype(float) @ (~np.isnan(dna)).astype(float).T
    # RNA that shows the alternative where the DNA has none, or the reference where the DNA has none
    against = (rna > 0).astype(float) @ (dna == 0).astype(float).T + (rna < 2).astype(float) @ (dna == 2).astype(float).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - against / known, known.astype(int)


def judged(alike: pd.DataFrame, shared: pd.DataFrame, donors: Mapping[str, str]) -> pd.DataFrame:
    """A row an RNA sample: its own donor's DNA, the DNA that it is most like, and what that tells (`state`).

    alike, shared: RNA × DNA samples, agreement and sites. state: own; swapped (another donor's DNA is more alike); unlike (no
    DNA is like it, not even its own); another's (its donor has no DNA here, and it is the same as one that has); no DNA; too few sites.
    """
    rows = []
    for sample in alike.index:
        own = [name for name in alike.columns if donors[name] == donors[sample]]
        enough = alike.loc[sample].where(shared.loc[sample] >= FEWEST)
        best = enough.idxmax() if enough.notna().any() else ""
        mine = max(own, key=lambda name: np.nan_to_num(enough[name], nan=-1.0)) if own else ""
        highest, held = (float(enough[name]) if name else np.nan for name in (best, mine))
        if not best or (mine and np.isnan(held)):
            state = "too few sites"
        elif not own:
            state = "another's" if highest >= SURELY else "no DNA"
        elif held < SAME:
            state = "swapped" if highest >= SAME else "unlike"
        else:
            state = "own" if held >= highest - CLOSE else "swapped"
        sites = int(shared.loc[sample, mine or best]) if mine or best else 0
        rows.append([sample, donors[sample], mine, held, best, highest, sites, state])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def remarks(table: pd.DataFrame, donors: Mapping[str, str]) -> list[str]:
    """A sentence for each sample that is not what the sheet says."""
    said = []
    for row in table[table["state"].isin(ERRORS)].itertuples():
        other = f"the DNA {row.best} of donor {donors.get(row.best, '')} ({row.agreement_best:.1%} of common SNVs)"
        start = f"{row.sample}, said to be of donor {row.donor}, is "
        if row.state == "swapped":
            said.append(f"{start}that of {other}, and not of {row.own} ({row.agreement_own:.1%}): exchanged, or wrongly labelled")
        elif row.state == "unlike":
            said.append(
                f"{start}unlike {row.own} ({row.agreement_own:.1%} of common SNVs) and every other DNA: exchanged, or mixed"
            )
        else:
            said.append(f"{start}the same as {other}: are these two donors one, or is the sample exchanged?")
    return said


def records(table: pd.DataFrame, said: list[str]) -> list[dict[str, Any]]:
    checked = table["state"].isin(["own", *ERRORS])
    own = table.loc[table["state"] == "own", "agreement_own"]
    words = "RNA samples that by their SNVs are not of the donor that the sheet says"
    words = f"ERROR: {words}: {'; '.join(said)}" if said else words
    words += "" if checked.any() else " (none could be compared: too few SNVs are covered)"
    alike = "Least agreement of RNA with the DNA of its own donor: SNVs at which it shows no allele that the DNA lacks"
    nothing = {"low": None, "high": None}
    return [
        {"key": "expression.cohort.sample_swaps", "value": len(said) if checked.any() else None} | nothing
        | {"n": int(checked.sum()), "unit": "samples", "description": words},
        {"key": "expression.cohort.own_agreement", "value": float(own.min()) if len(own) else None} | nothing
        | {"n": len(own), "unit": "fraction", "description": alike},
    ]  # fmt: skip


def main(
    crams: Mapping[str, Path], calls: Path, gtf: Path, fasta: Path, fai: Path, donors: Mapping[str, str], dna: list[str],
    threads: int, out: Any,
) -> None:  # fmt: skip
    """crams: RNA sample → alignments. donors: every sample → donor. dna: samples of the calls. out: table, matrix, note, summary."""
    sites = commonest(candidates(calls, exons(gtf, contigs(fai)), dna))
    tell = partial(genotypes, sites=sites, fasta=fasta)
    with ProcessPoolExecutor(threads, mp_context=get_context("fork")) as pool:
        told = list(pool.map(tell, crams.values()))
    rna = np.stack(told)
    copies = np.array([site.copies for site in sites]).reshape(len(sites), len(dna))
    alike, shared = (pd.DataFrame(x, index=pd.Index(crams, name="sample"), columns=dna) for x in agreement(rna, copies.T))
    table = judged(alike, shared, donors)
    said = remarks(table, donors)
    for line in said:
        log.error("%s", line)
    table.to_csv(out.table, sep="\t", index=False, float_format="%.4f")
    alike.to_csv(out.matrix, sep="\t", float_format="%.4f")
    out.note.write_text(json.dumps([f"ERROR: {line}" for line in said], indent=1) + "\n")
    out.summary.write_text(json.dumps(records(table, said), indent=1) + "\n")
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
