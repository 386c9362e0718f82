"""Compare structural variants with a known truth: type, breakpoints and size, sample by sample, with Truvari."""

import csv
import json
import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pysam
import truvari

from readsight.errors import InputError
from readsight.genome.intervals import contigs
from readsight.stats.confidence_intervals import Interval
from readsight.step import step
from readsight.variants.benchmark_counts import Counts, finite
from readsight.variants.vcf_records import pair_samples, samples_of

log = logging.getLogger("readsight")

TYPES = ("DEL", "DUP", "INV", "INS")
NAMES = {"del": "deletions", "dup": "duplications", "inv": "inversions", "ins": "insertions", "all": "structural variants"}
SMALLEST = 50
BREAKPOINT = 500
# Sequences are not compared (symbolic alleles have none); sizes must agree to 70 %, Truvari's default.
PARAMETERS = {
    "refdist": BREAKPOINT,
    "pctseq": 0,
    "pctsize": 0.7,
    "pctovl": 0,
    "sizemin": SMALLEST,
    "sizemax": -1,
    "skip_gt": True,
}


class Found(NamedTuple):
    """A structural variant and whether the other side has it. status: TP, FN (truth), TP, FP (calls)."""

    contig: str
    start: int
    end: int
    type: str
    size: int
    sample: str
    side: str
    status: str
    match: str


def carried(
    path: Path, sample: str, parameters: truvari.VariantParams, passing: bool, known: set[str]
) -> Iterator[truvari.VariantRecord]:
    """Structural variants of SMALLEST bases or more that a sample carries on known contigs. passing: only those that pass."""
    with pysam.VariantFile(str(path)) as records:
        for record in records:
            alleles = record.samples[sample].get("GT") or ()
            if record.chrom not in known or not any(allele for allele in alleles) or record.alts is None:
                continue
            if passing and not set(record.filter.keys()) <= {"PASS"}:
                continue
            variant = truvari.VariantRecord(record, parameters)
            if kind(variant) in TYPES and variant.var_size() >= SMALLEST:
                yield variant


def united(variants: Iterable[truvari.VariantRecord]) -> list[truvari.VariantRecord]:
    """One record an inversion: Delly writes one for each of the two junctions (INFO/CT 3to3 and 5to5)."""
    kept: list[truvari.VariantRecord] = []
    halves: list[truvari.VariantRecord] = []
    for variant in sorted(variants, key=lambda v: (v.chrom, v.start, v.end)):
        if kind(variant) == "INV" and "CT" in variant.info:
            halves = [h for h in halves if h.chrom == variant.chrom and variant.start - h.start <= BREAKPOINT]
            other = next(
                (h for h in halves if h.info["CT"] != variant.info["CT"] and abs(h.end - variant.end) <= BREAKPOINT), None
            )
            if other is not None:
                halves.remove(other)
                continue
            halves.append(variant)
        kept.append(variant)
    return kept


def kind(variant: truvari.VariantRecord) -> str:
    return variant.var_type().name


def compare(truth: list[truvari.VariantRecord], calls: list[truvari.VariantRecord]) -> list[truvari.MatchResult]:
    """Pair truth and calls of one sample, each at most once, best score first (Truvari's `single`).

    A pair needs the same type, sizes that agree to 70 %, and both breakpoints within
    BREAKPOINT bases: Truvari alone would take any overlap for near enough, which lets
    a long variant match a neighbour.
    """
    results: list[truvari.MatchResult] = []
    bench = truvari.Bench()
    for base, comp in chunks(truth, calls):
        if not (base and comp):
            results += bench.compare_calls(base, comp)
            continue
        matrix = bench.build_matrix(base, comp)
        for pair in matrix.flat:
            pair.state = bool(pair.state and near(pair))
        results += truvari.bench.pick_single_matches(matrix)
    return results


def near(pair: truvari.MatchResult) -> bool:
    start, end = pair.st_dist, pair.ed_dist
    return start is not None and abs(start) <= BREAKPOINT and abs(end) <= BREAKPOINT


def chunks(truth: Iterable[truvari.VariantRecord], calls: Iterable[truvari.VariantRecord]) -> Iterator[tuple[list, list]]:
    """Groups of variants whose starts are near enough to match: no pair across two groups can."""
    items = [(v.chrom, v.start, side, i, v) for side, given in enumerate((truth, calls)) for i, v in enumerate(given)]
    group: tuple[list, list] = ([], [])
    before: tuple[str, int] | None = None
    for chrom, start, side, _, variant in sorted(items, key=lambda item: item[:4]):
        if before and (chrom != before[0] or start - before[1] > BREAKPOINT):
            yield group
            group = ([], [])
        group[side].append(variant)
        before = (chrom, start)
    if before:
        yield group


def describe(results: list[truvari.MatchResult], sample: str) -> Iterator[Found]:
    """Each variant of both sides once, with its counterpart."""
    for result in results:
        for side, own, other, missing in (("truth", result.base, result.comp, "FN"), ("calls", result.comp, result.base, "FP")):
            if own is not None:
                matched = bool(result.state and other is not None)
                where = f"{other.chrom}:{other.start + 1}-{other.end}" if matched else "."
                status = "TP" if matched else missing
                yield Found(own.chrom, own.start, own.end, kind(own), own.var_size(), sample, side, status, where)


def figures(found: list[Found]) -> dict[str, Interval | int]:
    """Counts, precision, recall and F1 with 95 % intervals (Wilson; of F1 through tp / (tp + fp + fn))."""
    tally = Counter((f.side, f.status) for f in found)
    counts = Counts(tally["truth", "TP"], tally["truth", "FN"], tally["calls", "TP"], tally["calls", "FP"])
    return counts._asdict() | counts.intervals


def summary(found: list[Found], caller: str) -> list[dict]:
    """Records of summary.json, by type and over all."""
    records = []
    for name in NAMES:
        rows = figures([f for f in found if name in ("all", f.type.lower())])
        for metric, words, of in (
            ("recall", "truth variants that were called", ("tp", "fn")),
            ("precision", "passing calls that are true", ("query_tp", "fp")),
            ("f1", "harmonic mean of precision and recall", ("tp", "fn", "fp")),
        ):
            interval = rows[metric]
            records.append(
                {
                    "key": f"variants.{caller}.{name}.{metric}",
                    **{k: finite(v) for k, v in interval._asdict().items()},
                    "n": sum(rows[k] for k in of),
                    "unit": "fraction",
                    "description": f"{caller}, {NAMES[name]} of {SMALLEST} bases or more: {words}, summed over samples; same type, "
                    f"breakpoints within {BREAKPOINT} bases, sizes within 70 %, genotypes not compared.",
                }
            )
    return records


def check_contigs(path: Path, known: set[str]) -> None:
    """Raise InputError where no record of the truth lies on the reference; those that do not are left out later."""
    with pysam.VariantFile(str(path)) as records:
        strange = {record.chrom: None for record in records}
    if strange and not known & set(strange):
        raise InputError(f"{path}: contig {next(iter(strange))!r} is not in the reference; is it of another build?")


def main(
    calls: Path, truth: Path, fai: Path, named: dict[str, str], caller: str, out_table: Path, out_sites: Path, out_summary: Path
) -> None:
    known = set(contigs(fai))
    check_contigs(truth, known)
    pairs = pair_samples(samples_of(calls), samples_of(truth), named, str(truth))
    parameters = truvari.VariantParams(**PARAMETERS)
    found: list[Found] = []
    for ours, theirs in pairs.items():
        expected = list(carried(truth, theirs, parameters, passing=True, known=known))
        called = united(carried(calls, ours, parameters, passing=True, known=known))
        log.info("%s: %d in the truth, %d called", ours, len(expected), len(called))
        found += describe(compare(expected, called), ours)
    with open(out_sites, "w", newline="") as handle:
        sites = csv.writer(handle, delimiter="\t", lineterminator="\n")
        sites.writerow(["contig", "start", "end", "type", "size", "sample", "side", "status", "match"])
        sites.writerows((f.contig, f.start + 1, *f[2:]) for f in sorted(found))
    with open(out_table, "w", newline="") as handle:
        table = csv.writer(handle, delimiter="\t", lineterminator="\n")
        limits = [f"{metric}{limit}" for metric in ("precision", "recall", "f1") for limit in ("", "_low", "_high")]
        table.writerow(["sample", "type", "tp", "fn", "query_tp", "fp", *limits])
        for sample in ["all", *(pairs if len(pairs) > 1 else [])]:
            for name in NAMES:
                rows = figures([f for f in found if sample in ("all", f.sample) and name in ("all", f.type.lower())])
                counts = [rows[k] for k in ("tp", "fn", "query_tp", "fp")]
                values = [v for metric in ("precision", "recall", "f1") for v in rows[metric]]
                table.writerow([sample, name, *counts, *("" if math.isnan(v) else v for v in values)])
    out_summary.write_text(json.dumps(summary(found, caller), indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            calls=job.input.calls,
            truth=job.input.truth,
            fai=job.input.fai,
            named=dict(job.params.samples),
            caller=job.wildcards.structural,
            out_table=job.output.table,
            out_sites=job.output.sites,
            out_summary=job.output.summary,
        )
