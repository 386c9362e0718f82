"""Benchmark small-variant calls against a truth set by haplotypes, and label each candidate call true or false."""

import csv
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pysam

from readsight.errors import InputError
from readsight.genome.interval_set import IntervalSet, read_interval_set
from readsight.step import step
from readsight.variants.alleles import KINDS, AlleleEdit, find_edits, parse_genotype
from readsight.variants.benchmark_counts import BenchmarkCounts, none_if_nan, summary_records
from readsight.variants.haplotype_matching import VariantCall, match_calls
from readsight.variants.truth_labels import Labels, write_labels
from readsight.variants.vcf_records import SpilledRecords, VcfRecord, pair_samples, read_sample_names

log = logging.getLogger("readsight")

# Length changes of this size or more (bases) belong to the comparison of structural variants.
STRUCTURAL = 50
# Genome blocks for the bootstrap of F1: approximate number, and limits of their length (bases).
BLOCKS, SHORTEST_BLOCK, LONGEST_BLOCK = 200, 1_000, 1_000_000
# A truth of the same build agrees with the reference nearly everywhere; some references have IUPAC codes.
MISMATCHES = 0.01


def collect_calls(rows: list[VcfRecord], row_edits: list[list[list[AlleleEdit]]], sample: int, phased: bool) -> list[VariantCall]:
    """Collect the calls that one sample carries.

    Parameters
    ----------
    row_edits : edits of each alternative allele of each row.
    phased : use phase between records (for the truth; callers are not evaluated on inferred phase).

    Notes
    -----
    Missing and reference alleles give no calls; a haploid call counts as homozygous.
    """
    calls = []
    for i, row in enumerate(rows):
        carried = parse_genotype(row.genotypes[sample])
        for allele in sorted({a for a in carried.alleles if a > 0}):
            if allele > len(row.alts):
                raise InputError(
                    f"record at position {row.position + 1}: genotype {row.genotypes[sample]} has an allele index that the record does not define"
                )
            copies = carried.alleles.count(allele)
            homozygous = copies == len(carried.alleles)
            copy = carried.alleles.index(allele)
            linked = sum(len(row_edits[i][a - 1]) for a in set(carried.alleles) if a > 0) > 1
            phase, is_linked = None, False
            if not homozygous and len(carried.alleles) == 2:
                if phased and carried.phased:
                    phase = (("set", row.sets[sample]), copy)
                elif linked:
                    phase, is_linked = (("record", i), copy), True
            calls += [VariantCall(edit, homozygous, phase, i, is_linked) for edit in row_edits[i][allele - 1]]
    return calls


def compute_spans(calls: list[VariantCall]) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends, 0-based half-open, of the reference bases changed by leftmost edits; for an insertion, the previous base."""
    keys = [call.edit.key for call in calls]
    starts = np.array([max(0, s - 1) if s == e else s for s, e, _ in keys], dtype=np.int64)
    ends = np.array([max(1, e) if s == e else e for s, e, _ in keys], dtype=np.int64)
    return starts, ends


class Scope:
    """Scope of the comparison: confident regions (None: everywhere), and strata by name."""

    def __init__(self, confident: IntervalSet | None, strata: dict[str, IntervalSet]):
        self.confident = confident
        self.strata = strata

    def find_counted(self, contig: str, calls: list[VariantCall]) -> np.ndarray:
        """Whether each call counts: all its bases are in confident regions, and it is a small variant."""
        small = np.array([abs(call.edit.length_change) < STRUCTURAL for call in calls], dtype=bool)
        return small if self.confident is None else small & self.confident.contains(contig, *compute_spans(calls))

    def assign_strata(self, contig: str, calls: list[VariantCall]) -> np.ndarray:
        """(calls, 1 + strata [+ 1]) bool: everything, each stratum that a call touches, and outside all strata."""
        touched = [intervals.overlaps(contig, *compute_spans(calls)) for intervals in self.strata.values()]
        columns = [np.ones(len(calls), dtype=bool), *touched]
        if touched:
            columns.append(~np.any(touched, axis=0))
        return np.stack(columns, axis=1)


def find_row_edits(rows: list[VcfRecord], reference: str) -> list[list[list[AlleleEdit]]]:
    return [[find_edits(reference, row.position, row.ref, alt) for alt in row.alts] for row in rows]


def check_reference_alleles(rows: list[VcfRecord], contig: str, reference: str, source: Path) -> list[VcfRecord]:
    """Keep truth records whose REF agrees with the reference. Raises InputError if too many differ (another build)."""
    matching, mismatching = [], []
    for row in rows:
        reference_allele = reference[row.position : row.position + len(row.ref)]
        is_same = len(reference_allele) == len(row.ref) and all(
            a == b or a == "N" or b not in "ACGT" for a, b in zip(reference_allele, row.ref, strict=True)
        )
        (matching if is_same else mismatching).append(row)
    for row in mismatching[:5]:
        log.warning(
            "%s: %s:%d has REF %s, which differs from the reference: record is ignored",
            source,
            contig,
            row.position + 1,
            row.ref[:20],
        )
    if len(mismatching) > max(1, MISMATCHES * len(rows)) or (mismatching and not matching):
        row = mismatching[0]
        reference_allele = reference[row.position : row.position + len(row.ref)] or "nothing: the contig is shorter"
        raise InputError(
            f"{source}: {len(mismatching)} of {len(rows)} records on {contig} do not agree with the reference (first: position {row.position + 1}, "
            f"REF {row.ref[:20]}, the reference has {reference_allele[:40]}); is the truth from another build?"
        )
    return matching


def compare_sample(
    reference: str, truth: list[VariantCall], query: list[VariantCall], passed: np.ndarray
) -> dict[str, np.ndarray]:
    """Match one sample on one contig.

    Parameters
    ----------
    passed : (query,) bool, whether the record of the call passed its filters.

    Returns
    -------
    truth, query : (2, n) bool, hits of passing calls by genotype and by allele.
    label : (query,) bool, whether the allele of each candidate is true.
    candidate : (truth,) bool, whether any candidate has the truth allele.
    """
    index = np.flatnonzero(passed)
    passing_calls = [query[i] for i in index]
    matches = [match_calls(reference, truth, passing_calls, free) for free in (False, True)]
    hits = np.zeros((2, len(query)), dtype=bool)
    hits[:, index] = [f[1] for f in matches]
    candidate_matches = matches[1] if len(index) == len(query) else match_calls(reference, truth, query, ignore_genotypes=True)
    # a correct genotype implies a correct allele
    truth_hits = np.array([matches[0][0], matches[1][0]], dtype=bool).reshape(2, -1)
    truth_hits[1] |= truth_hits[0]
    hits[1] |= hits[0]
    return {
        "truth": truth_hits,
        "query": hits,
        "label": np.array(candidate_matches[1], dtype=bool) | hits[1],
        "candidate": np.array(candidate_matches[0], dtype=bool) | truth_hits[1],
    }


class Comparison:
    """Comparison by contig; collects counts, labels, and the sites of errors.

    pairs: sample of the calls → truth sample. sites: writer of the table of errors.
    """

    def __init__(self, pairs: dict[str, str], scope: Scope, counts: BenchmarkCounts, labels: Labels, sites: Any):
        self.pairs, self.scope, self.counts, self.labels, self.sites = list(pairs), scope, counts, labels, sites
        self.sizes: dict[str, np.ndarray] = {
            s: np.zeros(2 * STRUCTURAL - 1, dtype=np.int64) for s in ("tp", "fn", "query_tp", "fp")
        }

    def compare_contig(self, name: str, reference: str, truth_rows: list[VcfRecord], query_rows: list[VcfRecord]) -> None:
        truth_edits, query_edits = find_row_edits(truth_rows, reference), find_row_edits(query_rows, reference)
        for k in range(len(self.pairs)):
            truth = collect_calls(truth_rows, truth_edits, k, phased=True)
            query = collect_calls(query_rows, query_edits, k, phased=False)
            passed = np.array([query_rows[call.record].passed for call in query], dtype=bool)
            result = compare_sample(reference, truth, query, passed)
            counted, in_scope = self.scope.find_counted(name, truth), self.scope.find_counted(name, query)
            self.labels.add(k, [query_rows[c.record].number for c in query], in_scope, result["label"])
            self._count_side(k, name, truth, counted, result["truth"], True)
            self._count_side(k, name, query, in_scope & passed, result["query"], False)
            reasons = np.where(result["truth"][1], "genotype", np.where(result["candidate"], "filtered", "absent"))
            self._write_errors(k, name, truth, truth_rows, counted & ~result["truth"][0], "FN", reasons)
            reasons = np.where(result["query"][1], "genotype", "allele")
            self._write_errors(k, name, query, query_rows, in_scope & passed & ~result["query"][0], "FP", reasons)

    def _count_side(
        self, sample: int, contig: str, calls: list[VariantCall], counted: np.ndarray, hits: np.ndarray, of_truth: bool
    ) -> None:
        index = np.flatnonzero(counted)
        selected = [calls[i] for i in index]
        kinds = np.array([c.edit.kind for c in selected], dtype=np.int64)
        starts, _ = compute_spans(selected)
        self.counts.add_calls(sample, contig, starts, kinds, self.scope.assign_strata(contig, selected), hits[:, index], of_truth)
        length_changes = np.array([c.edit.length_change for c in selected], dtype=np.int64) + STRUCTURAL - 1
        for name, mask in (("tp", hits[0, index]), ("fn", ~hits[0, index])):
            column = name if of_truth else {"tp": "query_tp", "fn": "fp"}[name]
            self.sizes[column] += np.bincount(length_changes[mask & (kinds > 0)], minlength=2 * STRUCTURAL - 1)

    def _write_errors(
        self,
        sample: int,
        contig: str,
        calls: list[VariantCall],
        rows: list[VcfRecord],
        is_wrong: np.ndarray,
        error: str,
        reasons: np.ndarray,
    ) -> None:
        index = np.flatnonzero(is_wrong)
        inside = self.scope.assign_strata(contig, [calls[i] for i in index])
        names = list(self.scope.strata)
        for i, strata in zip(index, inside, strict=True):
            row, edit = rows[calls[i].record], calls[i].edit
            touched = ",".join(n for n, is_touched in zip(names, strata[1:], strict=False) if is_touched)
            site = [contig, row.position + 1, row.ref, ",".join(row.alts), row.genotypes[sample]]
            self.sites.writerow([*site, self.pairs[sample], KINDS[edit.kind], error, reasons[i], touched or "."])


SITES = ["contig", "position", "ref", "alt", "genotype", "sample", "type", "error", "why", "strata"]
TABLE = ["level", "sample", "stratum", "type", "tp", "fn", "query_tp", "fp"]
TABLE += [f"{metric}{limit}" for metric in ("precision", "recall", "f1") for limit in ("", "_low", "_high")]


def list_contigs(genome: pysam.FastaFile, truth: SpilledRecords, query: SpilledRecords, names: dict[str, Path]) -> Iterator[str]:
    """Contigs with records, in the order of the reference; truth contigs that the reference lacks are ignored.

    So a truth of a complete genome can be used with a part of it. Raises InputError if the
    truth shares no contig with the reference, or if the calls have one that it lacks.
    """
    known = set(genome.references)
    faults = []
    for side, source in (("truth", truth), ("calls", query)):
        unknown = [contig for contig in source.contig_files if contig not in known]
        if unknown and (side == "calls" or len(unknown) == len(source.contig_files)):
            names_text = ", ".join(genome.references[:5]) + (" …" if len(known) > 5 else "")
            faults.append(
                f"{names[side]}: contig {unknown[0]!r} is not in the reference, which has {names_text}; is it from another build?"
            )
        elif unknown:
            log.warning("%s: contigs that are not in the reference are ignored: %s", names[side], ", ".join(unknown[:20]))
    if faults:
        raise InputError(faults)
    return (contig for contig in genome.references if contig in truth.contig_files or contig in query.contig_files)


def main(
    calls: Path, truth: Path, bed: Path | None, strata: dict[str, Path], reference: Path, sample_pairs: dict[str, str],
    caller: str, seed: int, scratch: Path, out_labels: Path, out_table: Path, out_sites: Path, out_spectra: Path, out_summary: Path,
) -> None:  # fmt: skip
    samples = read_sample_names(calls)
    pairs = pair_samples(samples, read_sample_names(truth), sample_pairs, str(truth))
    log.info("compared: %s", ", ".join(f"{ours} with {theirs}" for ours, theirs in pairs.items()))
    with pysam.FastaFile(str(reference)) as genome:
        lengths = dict(zip(genome.references, genome.lengths, strict=True))
        confident = read_interval_set(bed, lengths) if bed else None
        scope = Scope(confident, {name: read_interval_set(path, lengths) for name, path in strata.items()})
        covered = confident.length if confident else sum(lengths.values())
        block = min(LONGEST_BLOCK, max(SHORTEST_BLOCK, covered // BLOCKS))
        counts = BenchmarkCounts(list(pairs), list(strata), lengths, block)
        expected = SpilledRecords(truth, list(pairs.values()), scratch / "truth", passed_only=True)
        called = SpilledRecords(calls, list(pairs), scratch / "calls")
        labels = Labels(called.count, len(pairs))
        with open(out_sites, "w", newline="") as handle:
            sites = csv.writer(handle, delimiter="\t", lineterminator="\n")
            sites.writerow(SITES)
            comparison = Comparison(pairs, scope, counts, labels, sites)
            for contig in list_contigs(genome, expected, called, {"truth": truth, "calls": calls}):
                sequence = genome.fetch(contig).upper()
                rows = check_reference_alleles(expected.load_contig(contig), contig, sequence, truth)
                comparison.compare_contig(contig, sequence, rows, called.load_contig(contig))
    distributions = write_labels(calls, labels, [samples.index(name) for name in pairs], out_labels)
    rows = list(counts.iterate_rows(seed))
    with open(out_table, "w", newline="") as handle:
        table = csv.DictWriter(handle, TABLE, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows({k: "" if isinstance(v, float) and none_if_nan(v) is None else v for k, v in row.items()} for row in rows)
    out_summary.write_text(json.dumps(summary_records(rows, caller), indent=1, allow_nan=False) + "\n")
    sizes = {"change": list(range(1 - STRUCTURAL, STRUCTURAL)), **{k: v.tolist() for k, v in comparison.sizes.items()}}
    out_spectra.write_text(json.dumps({"sizes": sizes, **distributions}, allow_nan=False) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            calls=job.input.calls,
            truth=job.input.truth,
            bed=job.input.get("bed"),
            strata=dict(zip(job.params.strata, job.input.get("strata", []), strict=True)),
            reference=job.input.reference,
            sample_pairs=dict(job.params.samples),
            caller=job.wildcards.caller,
            seed=job.params.seed,
            scratch=job.scratch,
            out_labels=job.output.labels,
            out_table=job.output.table,
            out_sites=job.output.sites,
            out_spectra=job.output.spectra,
            out_summary=job.output.summary,
        )
