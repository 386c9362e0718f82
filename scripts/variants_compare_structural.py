"""Benchmark structural variants against a truth set by type, breakpoints and size, per sample (Truvari)."""

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
from readsight.genome.intervals import read_contig_lengths
from readsight.stats.confidence_intervals import Interval
from readsight.step import step
from readsight.variants.benchmark_counts import Counts, none_if_nan
from readsight.variants.vcf_records import pair_samples, read_sample_names

log = logging.getLogger("readsight")

TYPES = ("DEL", "DUP", "INV", "INS")
NAMES = {"del": "deletions", "dup": "duplications", "inv": "inversions", "ins": "insertions", "all": "structural variants"}
SMALLEST = 50
BREAKPOINT = 500
# Sequences are not compared, because symbolic alleles have none; size similarity is at least 70 %, Truvari's default.
PARAMETERS = {
    "refdist": BREAKPOINT,
    "pctseq": 0,
    "pctsize": 0.7,
    "pctovl": 0,
    "sizemin": SMALLEST,
    "sizemax": -1,
    "skip_gt": True,
}


class StructuralMatch(NamedTuple):
    """A structural variant and its match in the opposite set. status: TP or FN (truth), TP or FP (calls)."""

    contig: str
    start: int
    end: int
    type: str
    size: int
    sample: str
    side: str
    status: str
    match: str


def read_carried_variants(
    path: Path, sample: str, parameters: truvari.VariantParams, passed_only: bool, known: set[str]
) -> Iterator[truvari.VariantRecord]:
    """Read structural variants of SMALLEST bases or more that a sample carries on known contigs."""
    with pysam.VariantFile(str(path)) as records:
        for record in records:
            alleles = record.samples[sample].get("GT") or ()
            if record.chrom not in known or not any(allele for allele in alleles) or record.alts is None:
                continue
            if passed_only and not set(record.filter.keys()) <= {"PASS"}:
                continue
            variant = truvari.VariantRecord(record, parameters)
            if variant_type(variant) in TYPES and variant.var_size() >= SMALLEST:
                yield variant


def merge_inversions(variants: Iterable[truvari.VariantRecord]) -> list[truvari.VariantRecord]:
    """Merge inversions into one record each: Delly writes one for each of the two junctions (INFO/CT 3to3 and 5to5)."""
    merged: list[truvari.VariantRecord] = []
    junctions: list[truvari.VariantRecord] = []
    for variant in sorted(variants, key=lambda v: (v.chrom, v.start, v.end)):
        if variant_type(variant) == "INV" and "CT" in variant.info:
            junctions = [h for h in junctions if h.chrom == variant.chrom and variant.start - h.start <= BREAKPOINT]
            mate = next(
                (h for h in junctions if h.info["CT"] != variant.info["CT"] and abs(h.end - variant.end) <= BREAKPOINT), None
            )
            if mate is not None:
                junctions.remove(mate)
                continue
            junctions.append(variant)
        merged.append(variant)
    return merged


def variant_type(variant: truvari.VariantRecord) -> str:
    return variant.var_type().name


def compare_variants(truth: list[truvari.VariantRecord], calls: list[truvari.VariantRecord]) -> list[truvari.MatchResult]:
    """Pair truth and calls of one sample, each at most once, best score first (Truvari's `single`).

    A pair needs the same type, a size similarity of 70 %, and both breakpoints within
    BREAKPOINT bases: Truvari alone would accept any overlap, so that
    a long variant could match a neighbour.
    """
    results: list[truvari.MatchResult] = []
    bench = truvari.Bench()
    for base, comp in group_variants(truth, calls):
        if not (base and comp):
            results += bench.compare_calls(base, comp)
            continue
        matrix = bench.build_matrix(base, comp)
        for pair in matrix.flat:
            pair.state = bool(pair.state and has_near_breakpoints(pair))
        results += truvari.bench.pick_single_matches(matrix)
    return results


def has_near_breakpoints(pair: truvari.MatchResult) -> bool:
    start, end = pair.st_dist, pair.ed_dist
    return start is not None and abs(start) <= BREAKPOINT and abs(end) <= BREAKPOINT


def group_variants(truth: Iterable[truvari.VariantRecord], calls: Iterable[truvari.VariantRecord]) -> Iterator[tuple[list, list]]:
    """Group variants by start position, so that variants of different groups cannot match."""
    items = [(v.chrom, v.start, side, i, v) for side, variants in enumerate((truth, calls)) for i, v in enumerate(variants)]
    group: tuple[list, list] = ([], [])
    previous: tuple[str, int] | None = None
    for chrom, start, side, _, variant in sorted(items, key=lambda item: item[:4]):
        if previous and (chrom != previous[0] or start - previous[1] > BREAKPOINT):
            yield group
            group = ([], [])
        group[side].append(variant)
        previous = (chrom, start)
    if previous:
        yield group


def describe_matches(results: list[truvari.MatchResult], sample: str) -> Iterator[StructuralMatch]:
    """Yield each variant of both sets once, with its counterpart."""
    for result in results:
        for side, variant, counterpart, missing in (
            ("truth", result.base, result.comp, "FN"),
            ("calls", result.comp, result.base, "FP"),
        ):
            if variant is not None:
                matched = bool(result.state and counterpart is not None)
                location = f"{counterpart.chrom}:{counterpart.start + 1}-{counterpart.end}" if matched else "."
                status = "TP" if matched else missing
                yield StructuralMatch(
                    variant.chrom,
                    variant.start,
                    variant.end,
                    variant_type(variant),
                    variant.var_size(),
                    sample,
                    side,
                    status,
                    location,
                )


def compute_figures(matches: list[StructuralMatch]) -> dict[str, Interval | int]:
    """Counts, precision, recall and F1 with 95 % intervals (Wilson; for F1 from tp / (tp + fp + fn))."""
    status_counts = Counter((f.side, f.status) for f in matches)
    counts = Counts(
        status_counts["truth", "TP"], status_counts["truth", "FN"], status_counts["calls", "TP"], status_counts["calls", "FP"]
    )
    return counts._asdict() | counts.intervals


def summary_records(matches: list[StructuralMatch], caller: str) -> list[dict]:
    """Records of summary.json, by type and for all types."""
    records = []
    for name in NAMES:
        rows = compute_figures([f for f in matches if name in ("all", f.type.lower())])
        for metric, metric_text, count_names in (
            ("recall", "truth variants that were called", ("tp", "fn")),
            ("precision", "passing calls that are true", ("query_tp", "fp")),
            ("f1", "harmonic mean of precision and recall", ("tp", "fn", "fp")),
        ):
            interval = rows[metric]
            records.append(
                {
                    "key": f"variants.{caller}.{name}.{metric}",
                    **{k: none_if_nan(v) for k, v in interval._asdict().items()},
                    "n": sum(rows[k] for k in count_names),
                    "unit": "fraction",
                    "description": f"{caller}, {NAMES[name]} of {SMALLEST} bases or more: {metric_text}, summed over samples; same type, "
                    f"breakpoints within {BREAKPOINT} bases, sizes within 70 %, genotypes not compared.",
                }
            )
    return records


def check_contigs(path: Path, known: set[str]) -> None:
    """Raise InputError if no record of the truth is on a contig of the reference; single such records are ignored later."""
    with pysam.VariantFile(str(path)) as records:
        names = {record.chrom: None for record in records}
    if names and not known & set(names):
        raise InputError(f"{path}: contig {next(iter(names))!r} is not in the reference; is it from another build?")


def main(
    calls: Path,
    truth: Path,
    fai: Path,
    sample_pairs: dict[str, str],
    caller: str,
    out_table: Path,
    out_sites: Path,
    out_summary: Path,
) -> None:
    known = set(read_contig_lengths(fai))
    check_contigs(truth, known)
    pairs = pair_samples(read_sample_names(calls), read_sample_names(truth), sample_pairs, str(truth))
    parameters = truvari.VariantParams(**PARAMETERS)
    matches: list[StructuralMatch] = []
    for ours, theirs in pairs.items():
        expected = list(read_carried_variants(truth, theirs, parameters, passed_only=True, known=known))
        called = merge_inversions(read_carried_variants(calls, ours, parameters, passed_only=True, known=known))
        log.info("%s: %d in the truth, %d called", ours, len(expected), len(called))
        matches += describe_matches(compare_variants(expected, called), ours)
    with open(out_sites, "w", newline="") as handle:
        sites = csv.writer(handle, delimiter="\t", lineterminator="\n")
        sites.writerow(["contig", "start", "end", "type", "size", "sample", "side", "status", "match"])
        sites.writerows((f.contig, f.start + 1, *f[2:]) for f in sorted(matches))
    with open(out_table, "w", newline="") as handle:
        table = csv.writer(handle, delimiter="\t", lineterminator="\n")
        limits = [f"{metric}{limit}" for metric in ("precision", "recall", "f1") for limit in ("", "_low", "_high")]
        table.writerow(["sample", "type", "tp", "fn", "query_tp", "fp", *limits])
        for sample in ["all", *(pairs if len(pairs) > 1 else [])]:
            for name in NAMES:
                rows = compute_figures([f for f in matches if sample in ("all", f.sample) and name in ("all", f.type.lower())])
                counts = [rows[k] for k in ("tp", "fn", "query_tp", "fp")]
                values = [v for metric in ("precision", "recall", "f1") for v in rows[metric]]
                table.writerow([sample, name, *counts, *("" if math.isnan(v) else v for v in values)])
    out_summary.write_text(json.dumps(summary_records(matches, caller), indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            calls=job.input.calls,
            truth=job.input.truth,
            fai=job.input.fai,
            sample_pairs=dict(job.params.samples),
            caller=job.wildcards.structural,
            out_table=job.output.table,
            out_sites=job.output.sites,
            out_summary=job.output.summary,
        )
