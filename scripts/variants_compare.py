"""Compare calls with a known truth by the haplotypes that they spell, and label each candidate call true or false."""

import csv
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pysam

from readsight.errors import InputError
from readsight.genome.interval_set import Intervals, read_bed
from readsight.step import step
from readsight.variants.alleles import KINDS, Edit, edits, genotype
from readsight.variants.benchmark_counts import Tally, finite, summary
from readsight.variants.haplotype_matching import Call, match
from readsight.variants.truth_labels import Labels, write_labels
from readsight.variants.vcf_records import Row, Spilled, pair_samples, samples_of

log = logging.getLogger("readsight")

# Length changes from here on belong to the comparison of structural variants (bases).
STRUCTURAL = 50
# Genome blocks over which F1 is resampled: about this many, of a length between these limits (bases).
BLOCKS, SHORTEST_BLOCK, LONGEST_BLOCK = 200, 1_000, 1_000_000
# A truth of the same build agrees with the reference nearly everywhere; some references hold IUPAC codes.
MISMATCHES = 0.01


def calls_of(rows: list[Row], edited: list[list[list[Edit]]], sample: int, phased: bool) -> list[Call]:
    """The calls that one sample carries.

    edited: edits of each alternative allele of each row. phased: believe phase between
    records (of the truth; a caller is not judged by phase that it guessed). Missing and
    reference alleles give nothing; a haploid call stands for every copy.
    """
    calls = []
    for i, row in enumerate(rows):
        given = genotype(row.genotypes[sample])
        for number in sorted({a for a in given.alleles if a > 0}):
            if number > len(row.alts):
                raise InputError(
                    f"record at position {row.position + 1}: genotype {row.genotypes[sample]} names an allele that is not there"
                )
            copies = given.alleles.count(number)
            homozygous = copies == len(given.alleles)
            copy = given.alleles.index(number)
            linked = sum(len(edited[i][a - 1]) for a in set(given.alleles) if a > 0) > 1
            phase, of_record = None, False
            if not homozygous and len(given.alleles) == 2:
                if phased and given.phased:
                    phase = (("set", row.sets[sample]), copy)
                elif linked:
                    phase, of_record = (("record", i), copy), True
            calls += [Call(edit, homozygous, phase, i, of_record) for edit in edited[i][number - 1]]
    return calls


def spans(calls: list[Call]) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends, 0-based half-open, of the reference bases that leftmost edits change; an insertion's is the base before it."""
    keys = [call.edit.key for call in calls]
    starts = np.array([max(0, s - 1) if s == e else s for s, e, _ in keys], dtype=np.int64)
    ends = np.array([max(1, e) if s == e else e for s, e, _ in keys], dtype=np.int64)
    return starts, ends


class Scope:
    """What is counted: confident regions (None: everywhere), and strata by name."""

    def __init__(self, confident: Intervals | None, strata: dict[str, Intervals]):
        self.confident = confident
        self.strata = strata

    def counts(self, contig: str, calls: list[Call]) -> np.ndarray:
        """Whether each call is counted: its bases lie whole in the confident regions, and it is a small variant."""
        small = np.array([abs(call.edit.change) < STRUCTURAL for call in calls], dtype=bool)
        return small if self.confident is None else small & self.confident.contain(contig, *spans(calls))

    def strata_of(self, contig: str, calls: list[Call]) -> np.ndarray:
        """(calls, 1 + strata [+ 1]) bool: the whole, each stratum that a call touches, and outside all of them."""
        touched = [intervals.touch(contig, *spans(calls)) for intervals in self.strata.values()]
        columns = [np.ones(len(calls), dtype=bool), *touched]
        if touched:
            columns.append(~np.any(touched, axis=0))
        return np.stack(columns, axis=1)


def edits_of(rows: list[Row], reference: str) -> list[list[list[Edit]]]:
    return [[edits(reference, row.position, row.ref, alt) for alt in row.alts] for row in rows]


def checked(rows: list[Row], contig: str, reference: str, source: Path) -> list[Row]:
    """Truth records of a contig whose REF is the reference's. Raises InputError where too many differ: another build."""
    good, bad = [], []
    for row in rows:
        there = reference[row.position : row.position + len(row.ref)]
        same = len(there) == len(row.ref) and all(
            a == b or a == "N" or b not in "ACGT" for a, b in zip(there, row.ref, strict=True)
        )
        (good if same else bad).append(row)
    for row in bad[:5]:
        log.warning(
            "%s: %s:%d says REF %s; the reference has another base there: left out",
            source,
            contig,
            row.position + 1,
            row.ref[:20],
        )
    if len(bad) > max(1, MISMATCHES * len(rows)) or (bad and not good):
        row = bad[0]
        there = reference[row.position : row.position + len(row.ref)] or "nothing: the contig is shorter"
        raise InputError(
            f"{source}: {len(bad)} of {len(rows)} records on {contig} do not agree with the reference (first: position {row.position + 1}, "
            f"REF {row.ref[:20]}, the reference has {there[:40]}); is the truth of another build?"
        )
    return good


def compare_sample(reference: str, truth: list[Call], query: list[Call], passed: np.ndarray) -> dict[str, np.ndarray]:
    """Match one sample on one contig.

    passed: (query,) bool, whether the call's record passed its filters. Returns
    `truth` and `query`: (2, n) bool, hits of passing calls by genotype and by allele;
    `label`: (query,) bool, alleles of all candidates that are true; `candidate`: (truth,) bool, truth
    alleles that any candidate has.
    """
    index = np.flatnonzero(passed)
    passing = [query[i] for i in index]
    found = [match(reference, truth, passing, free) for free in (False, True)]
    hits = np.zeros((2, len(query)), dtype=bool)
    hits[:, index] = [f[1] for f in found]
    labelled = found[1] if len(index) == len(query) else match(reference, truth, query, free=True)
    # a call whose genotype is right is right in its allele, too
    by_truth = np.array([found[0][0], found[1][0]], dtype=bool).reshape(2, -1)
    by_truth[1] |= by_truth[0]
    hits[1] |= hits[0]
    return {
        "truth": by_truth,
        "query": hits,
        "label": np.array(labelled[1], dtype=bool) | hits[1],
        "candidate": np.array(labelled[0], dtype=bool) | by_truth[1],
    }


class Comparison:
    """Compare contig by contig and keep counts, labels, and the sites of errors.

    pairs: sample of the calls → truth sample. sites: writer of the table of errors.
    """

    def __init__(self, pairs: dict[str, str], scope: Scope, tally: Tally, labels: Labels, sites: Any):
        self.pairs, self.scope, self.tally, self.labels, self.sites = list(pairs), scope, tally, labels, sites
        self.sizes: dict[str, np.ndarray] = {
            s: np.zeros(2 * STRUCTURAL - 1, dtype=np.int64) for s in ("tp", "fn", "query_tp", "fp")
        }

    def contig(self, name: str, reference: str, truth_rows: list[Row], query_rows: list[Row]) -> None:
        truth_edits, query_edits = edits_of(truth_rows, reference), edits_of(query_rows, reference)
        for k in range(len(self.pairs)):
            truth = calls_of(truth_rows, truth_edits, k, phased=True)
            query = calls_of(query_rows, query_edits, k, phased=False)
            passed = np.array([query_rows[call.record].passed for call in query], dtype=bool)
            result = compare_sample(reference, truth, query, passed)
            counted, in_scope = self.scope.counts(name, truth), self.scope.counts(name, query)
            self.labels.add(k, [query_rows[c.record].number for c in query], in_scope, result["label"])
            self._side(k, name, truth, counted, result["truth"], True)
            self._side(k, name, query, in_scope & passed, result["query"], False)
            why = np.where(result["truth"][1], "genotype", np.where(result["candidate"], "filtered", "absent"))
            self._errors(k, name, truth, truth_rows, counted & ~result["truth"][0], "FN", why)
            why = np.where(result["query"][1], "genotype", "allele")
            self._errors(k, name, query, query_rows, in_scope & passed & ~result["query"][0], "FP", why)

    def _side(self, sample: int, contig: str, calls: list[Call], counted: np.ndarray, hits: np.ndarray, of_truth: bool) -> None:
        index = np.flatnonzero(counted)
        chosen = [calls[i] for i in index]
        kinds = np.array([c.edit.kind for c in chosen], dtype=np.int64)
        starts, _ = spans(chosen)
        self.tally.add(sample, contig, starts, kinds, self.scope.strata_of(contig, chosen), hits[:, index], of_truth)
        change = np.array([c.edit.change for c in chosen], dtype=np.int64) + STRUCTURAL - 1
        for name, which in (("tp", hits[0, index]), ("fn", ~hits[0, index])):
            column = name if of_truth else {"tp": "query_tp", "fn": "fp"}[name]
            self.sizes[column] += np.bincount(change[which & (kinds > 0)], minlength=2 * STRUCTURAL - 1)

    def _errors(
        self, sample: int, contig: str, calls: list[Call], rows: list[Row], wrong: np.ndarray, error: str, why: np.ndarray
    ) -> None:
        index = np.flatnonzero(wrong)
        inside = self.scope.strata_of(contig, [calls[i] for i in index])
        names = list(self.scope.strata)
        for i, strata in zip(index, inside, strict=True):
            row, edit = rows[calls[i].record], calls[i].edit
            touched = ",".join(n for n, yes in zip(names, strata[1:], strict=False) if yes)
            place = [contig, row.position + 1, row.ref, ",".join(row.alts), row.genotypes[sample]]
            self.sites.writerow([*place, self.pairs[sample], KINDS[edit.kind], error, why[i], touched or "."])


SITES = ["contig", "position", "ref", "alt", "genotype", "sample", "type", "error", "why", "strata"]
TABLE = ["level", "sample", "stratum", "type", "tp", "fn", "query_tp", "fp"]
TABLE += [f"{metric}{limit}" for metric in ("precision", "recall", "f1") for limit in ("", "_low", "_high")]


def contigs_of(genome: pysam.FastaFile, truth: Spilled, query: Spilled, names: dict[str, Path]) -> Iterator[str]:
    """Contigs with any record, in the reference's order; of those that the reference lacks, the truth's are left out.

    A truth of a whole genome may be held against a part of it. Raises InputError where the
    truth shares no contig with the reference, or the calls name one that it lacks.
    """
    known = set(genome.references)
    faults = []
    for side, source in (("truth", truth), ("calls", query)):
        strange = [contig for contig in source.places if contig not in known]
        if strange and (side == "calls" or len(strange) == len(source.places)):
            listed = ", ".join(genome.references[:5]) + (" …" if len(known) > 5 else "")
            faults.append(
                f"{names[side]}: contig {strange[0]!r} is not in the reference, which has {listed}; is it of another build?"
            )
        elif strange:
            log.warning("%s: not in the reference, and left out: %s", names[side], ", ".join(strange[:20]))
    if faults:
        raise InputError(faults)
    return (contig for contig in genome.references if contig in truth.places or contig in query.places)


def main(
    calls: Path, truth: Path, bed: Path | None, strata: dict[str, Path], reference: Path, named: dict[str, str],
    caller: str, seed: int, scratch: Path, out_labels: Path, out_table: Path, out_sites: Path, out_spectra: Path, out_summary: Path,
) -> None:  # fmt: skip
    samples = samples_of(calls)
    pairs = pair_samples(samples, samples_of(truth), named, str(truth))
    log.info("compared: %s", ", ".join(f"{ours} with {theirs}" for ours, theirs in pairs.items()))
    with pysam.FastaFile(str(reference)) as genome:
        lengths = dict(zip(genome.references, genome.lengths, strict=True))
        confident = read_bed(bed, lengths) if bed else None
        scope = Scope(confident, {name: read_bed(path, lengths) for name, path in strata.items()})
        covered = confident.length if confident else sum(lengths.values())
        block = min(LONGEST_BLOCK, max(SHORTEST_BLOCK, covered // BLOCKS))
        tally = Tally(list(pairs), list(strata), lengths, block)
        expected = Spilled(truth, list(pairs.values()), scratch / "truth", passed_only=True)
        called = Spilled(calls, list(pairs), scratch / "calls")
        labels = Labels(called.count, len(pairs))
        with open(out_sites, "w", newline="") as handle:
            sites = csv.writer(handle, delimiter="\t", lineterminator="\n")
            sites.writerow(SITES)
            comparison = Comparison(pairs, scope, tally, labels, sites)
            for contig in contigs_of(genome, expected, called, {"truth": truth, "calls": calls}):
                sequence = genome.fetch(contig).upper()
                rows = checked(expected.rows(contig), contig, sequence, truth)
                comparison.contig(contig, sequence, rows, called.rows(contig))
    distributions = write_labels(calls, labels, [samples.index(name) for name in pairs], out_labels)
    rows = list(tally.rows(seed))
    with open(out_table, "w", newline="") as handle:
        table = csv.DictWriter(handle, TABLE, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows({k: "" if isinstance(v, float) and finite(v) is None else v for k, v in row.items()} for row in rows)
    out_summary.write_text(json.dumps(summary(rows, caller), indent=1, allow_nan=False) + "\n")
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
            named=dict(job.params.samples),
            caller=job.wildcards.caller,
            seed=job.params.seed,
            scratch=job.scratch,
            out_labels=job.output.labels,
            out_table=job.output.table,
            out_sites=job.output.sites,
            out_spectra=job.output.spectra,
            out_summary=job.output.summary,
        )
