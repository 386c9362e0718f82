"""Counts, labels and faults of the comparison, on synthetic calls with known results."""

import gzip
import json
import os
import random
from pathlib import Path

import pandas as pd
import pysam
import pytest

from readsight.errors import InputError
from variants_compare import main

GENOME = {name: "".join(random.Random(i).choices("ACGT", k=3000)) for i, name in enumerate(("chr1", "chr2"))}
SUBSTITUTION = str.maketrans("ACGT", "CGTA")


def make_snv(contig, position, genotypes="0/1", filters="PASS"):
    """A record at a 0-based position."""
    ref = GENOME[contig][position]
    return (contig, position, ref, ref.translate(SUBSTITUTION), filters, genotypes)


def make_deletion(contig, position, length, genotypes="0/1"):
    return (contig, position, GENOME[contig][position : position + length + 1], GENOME[contig][position], "PASS", genotypes)


def write_calls(path: Path, samples: list[str], records: list[tuple], contigs: bool = True) -> Path:
    """A VCF file, its records as given: (contig, 0-based position, ref, alt, filter, genotypes separated by spaces)."""
    lines = ["##fileformat=VCFv4.1", '##FILTER=<ID=Low,Description="x">', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">']
    lines += [f"##contig=<ID={name},length={len(s)}>" for name, s in GENOME.items()] if contigs else []
    lines.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]))
    for contig, position, ref, alt, filters, genotypes in records:
        lines.append("\t".join([contig, str(position + 1), ".", ref, alt, "30", filters, ".", "GT", *genotypes.split()]))
    path.write_text("\n".join(lines) + "\n")
    return path


class ComparisonRun:
    """Comparison of calls with a truth in a folder; has the table, the labels and the summary."""

    def __init__(
        self, folder, query, truth, samples=("anna",), truth_samples=None, bed=None, strata=None, named=None, contigs=False
    ):
        (folder / "genome.fa").write_text("".join(f">{n}\n{s.lower()}\n" for n, s in GENOME.items()))
        pysam.faidx(str(folder / "genome.fa"))
        calls = write_calls(folder / "calls.vcf", list(samples), query)
        expected = write_calls(folder / "truth.vcf", list(truth_samples or samples), truth, contigs)
        beds = {}
        for name, rows in {"bed": bed, **(strata or {})}.items():
            if rows is not None:
                beds[name] = folder / f"{name}.bed"
                beds[name].write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in rows))
        confident = beds.pop("bed", None)
        out = {name: folder / name for name in ("labels.vcf.gz", "table.tsv", "sites.tsv", "spectra.json", "summary.json")}
        main(calls, expected, confident, beds, folder / "genome.fa", named or {}, "mine", 1, folder / "scratch", *out.values())
        self.table = pd.read_csv(out["table.tsv"], sep="\t")
        self.sites = pd.read_csv(out["sites.tsv"], sep="\t")
        self.summary = {r["key"]: r for r in json.loads(out["summary.json"].read_text())}
        text = gzip.open(out["labels.vcf.gz"], "rt").read().splitlines()
        rows = [line.split("\t") for line in text if not line.startswith("#")]
        self.labels = {(r[0], int(r[1]) - 1, r[4]): r[7].rpartition("TRUTH=")[2] for r in rows}
        self.samples = {(r[0], int(r[1]) - 1, r[4]): [v.split(":")[-1] for v in r[9:]] for r in rows}
        self.tbi = (folder / "labels.vcf.gz.tbi").exists()

    def counts(self, kind="all", level="genotype", stratum="whole", sample="all"):
        t = self.table
        row = t[(t["type"] == kind) & (t["level"] == level) & (t["stratum"] == stratum) & (t["sample"] == sample)].iloc[0]
        return tuple(int(row[k]) for k in ("tp", "fn", "query_tp", "fp"))


MIXED = [
    make_snv("chr1", 100),
    make_snv("chr1", 500, "1/1"),
    make_deletion("chr1", 900, 3),
    make_snv("chr2", 700),
    make_snv("chr2", 1500, "1|0"),
]


def test_truth_against_itself_is_perfect(tmp_path):
    run = ComparisonRun(tmp_path, MIXED, MIXED)
    assert run.counts() == (5, 0, 5, 0) and run.counts("snv") == (4, 0, 4, 0) and run.counts("deletion") == (1, 0, 1, 0)
    for metric in ("recall", "precision", "f1"):
        record = run.summary[f"variants.mine.all.{metric}"]
        assert record["value"] == record["high"] == 1 and 0.4 < record["low"] < 1
    assert set(run.labels.values()) == {"TP"} and run.tbi and run.sites.empty


def test_exchanging_query_and_truth_exchanges_the_errors(tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    forward, backward = ComparisonRun(tmp_path / "a", MIXED[:4], MIXED[2:]), ComparisonRun(tmp_path / "b", MIXED[2:], MIXED[:4])
    assert forward.counts() == (2, 1, 2, 2) and backward.counts() == (2, 2, 2, 1)
    assert forward.summary["variants.mine.all.recall"]["value"] == backward.summary["variants.mine.all.precision"]["value"]


def test_no_calls_is_recall_0_and_no_precision(tmp_path):
    run = ComparisonRun(tmp_path, [], MIXED)
    assert run.counts() == (0, 5, 0, 0)
    assert run.summary["variants.mine.all.recall"]["value"] == 0
    assert run.summary["variants.mine.all.precision"]["value"] is None and run.summary["variants.mine.all.f1"]["value"] is None
    assert run.tbi and not run.labels


def test_genotype_and_allele_errors_are_distinguished(tmp_path):
    run = ComparisonRun(tmp_path, [make_snv("chr1", 100, "1/1")], [make_snv("chr1", 100, "0/1")])
    assert run.counts() == (0, 1, 0, 1) and run.counts(level="allele") == (1, 0, 1, 0)
    assert run.summary["variants.mine.snv.recall_allele"]["value"] == 1
    assert run.labels == {("chr1", 100, GENOME["chr1"][100].translate(SUBSTITUTION)): "TP"}
    assert set(run.sites["why"]) == {"genotype"}


def test_filtered_calls_are_labelled_but_not_counted(tmp_path):
    query = [make_snv("chr1", 100, filters="Low"), make_snv("chr1", 800, filters="Low"), make_snv("chr1", 1200)]
    run = ComparisonRun(tmp_path, query, [make_snv("chr1", 100)])
    assert run.counts() == (0, 1, 0, 1)
    assert [label for _, label in sorted(run.labels.items())] == ["TP", "FP", "FP"]
    assert list(run.sites[run.sites["error"] == "FN"]["why"]) == ["filtered"]


def test_confident_regions_bound_what_is_counted(tmp_path):
    query, truth = (
        [make_snv("chr1", 100), make_snv("chr1", 150), make_snv("chr1", 900)],
        [make_snv("chr1", 100), make_snv("chr1", 800)],
    )
    run = ComparisonRun(tmp_path, query, truth, bed=[("chr1", 50, 200)])
    assert run.counts() == (1, 0, 1, 1) and len(run.labels) == 2
    # a deletion that extends past the end of the region is not counted; one that ends with it is
    base = next(
        p for p in range(300, 2000) if len(set(GENOME["chr1"][p : p + 4])) == 4 and GENOME["chr1"][p] != GENOME["chr1"][p + 2]
    )
    inside = ComparisonRun(tmp_path, [make_deletion("chr1", base, 2)], [], bed=[("chr1", base, base + 3)])
    beyond = ComparisonRun(tmp_path, [make_deletion("chr1", base, 2)], [], bed=[("chr1", base, base + 2)])
    assert inside.counts() == (0, 0, 0, 1) and beyond.counts() == (0, 0, 0, 0)


def test_strata_and_what_is_outside_all_of_them(tmp_path):
    strata = {"repeats": [("chr1", 0, 400)], "hard": [("chr1", 300, 600)]}
    run = ComparisonRun(tmp_path, [make_snv("chr1", 100), make_snv("chr2", 50)], MIXED, strata=strata)
    assert run.counts(stratum="repeats") == (1, 0, 1, 0) and run.counts(stratum="hard") == (0, 1, 0, 0)
    assert run.counts(stratum="outside") == (0, 3, 0, 1) and run.counts() == (1, 4, 1, 1)
    assert run.summary["variants.mine.snv.repeats.recall"]["value"] == 1
    assert run.summary["variants.mine.snv.outside.precision"]["value"] == 0


def test_missing_reference_half_and_haploid_genotypes(tmp_path):
    query = [make_snv("chr1", p, g) for p, g in ((100, "./."), (300, "0/0"), (500, "./1"), (700, "1"), (900, "0/."), (1100, "."))]
    truth = [make_snv("chr1", 500, "0/1"), make_snv("chr1", 700, "1/1")]
    run = ComparisonRun(tmp_path, query, truth)
    assert run.counts() == (2, 0, 2, 0) and sorted(p for _, p, _ in run.labels) == [500, 700]


def test_split_and_joined_alleles_of_one_site_agree(tmp_path):
    ref = GENOME["chr1"][400]
    first, second = [b for b in "ACGT" if b != ref][:2]
    joined = [("chr1", 400, ref, f"{first},{second}", "PASS", "1/2")]
    split = [("chr1", 400, ref, first, "PASS", "1/0"), ("chr1", 400, ref, second, "PASS", "0/1")]
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    assert (
        ComparisonRun(tmp_path / "a", split, joined).counts()
        == ComparisonRun(tmp_path / "b", joined, split).counts()
        == (2, 0, 2, 0)
    )


def test_symbolic_alleles_and_filtered_truth_are_ignored(tmp_path):
    ref = GENOME["chr1"][400]
    odd = [("chr1", 400, ref, alt, "PASS", "0/1") for alt in ("<DEL>", "*", f"{ref}[chr2:5[", "<NON_REF>")]
    run = ComparisonRun(
        tmp_path, [*odd, make_snv("chr1", 900)], [*odd, make_snv("chr1", 900), make_snv("chr1", 1300, filters="Low")]
    )
    assert run.counts() == (1, 0, 1, 0)


def test_samples_are_compared_with_matching_truth(tmp_path):
    query = [make_snv("chr1", 100, "0/1 0/0"), make_snv("chr1", 500, "0/1 0/1"), make_snv("chr1", 900, "0/0 0/1")]
    truth = [make_snv("chr1", 100, "0/1 0/0"), make_snv("chr1", 500, "0/0 0/1"), make_snv("chr1", 900, "0/1 0/0")]
    run = ComparisonRun(tmp_path, query, truth, samples=("anna", "bert"))
    assert (
        run.counts(sample="anna") == (1, 1, 1, 1) and run.counts(sample="bert") == (1, 0, 1, 1) and run.counts() == (2, 1, 2, 2)
    )
    assert [label for _, label in sorted(run.labels.items())] == ["TP", "TP", "FP"]
    assert [sample_labels for _, sample_labels in sorted(run.samples.items())] == [["TP", "."], ["FP", "TP"], [".", "FP"]]


def test_how_samples_pair(tmp_path):
    assert ComparisonRun(tmp_path, MIXED, MIXED, ("anna",), ("INTEGRATION",)).counts() == (5, 0, 5, 0)
    two = [make_snv("chr1", 100, "0/1 0/0")]
    run = ComparisonRun(tmp_path, two, [make_snv("chr1", 100)], ("anna", "bert"), ("HG1",), named={"anna": "HG1"})
    assert run.counts() == (1, 0, 1, 0)
    with pytest.raises(InputError, match=r"HG1.*anna, bert"):
        ComparisonRun(tmp_path, two, [make_snv("chr1", 100)], ("anna", "bert"), ("HG1",))
    with pytest.raises(InputError, match="'HG2' is not in .*which has HG1"):
        ComparisonRun(tmp_path, two, [make_snv("chr1", 100)], ("anna", "bert"), ("HG1",), named={"anna": "HG2"})


def test_truth_outside_the_reference_is_ignored(tmp_path):
    run = ComparisonRun(
        tmp_path,
        MIXED,
        [*MIXED, ("chrUn", 5, "A", "C", "PASS", "0/1")],
        bed=[("chr1", 0, 3000), ("chr2", 0, 3000), ("chrUn", 0, 50)],
    )
    assert run.counts() == (5, 0, 5, 0)


def test_another_build_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"contig '1' is not in the reference, which has chr1, chr2"):
        ComparisonRun(tmp_path, MIXED, [("1", 5, "A", "C", "PASS", "0/1")])
    wrong = [(c, p, r.translate(SUBSTITUTION), r, f, g) for c, p, r, _, f, g in MIXED]
    with pytest.raises(InputError, match="another build"):
        ComparisonRun(tmp_path, MIXED, wrong)
    with pytest.raises(InputError, match="another build"):
        ComparisonRun(tmp_path, MIXED, [("chr1", 5000, "A", "C", "PASS", "0/1")])
    with pytest.raises(InputError, match="not a VCF file"):
        (tmp_path / "genome.bcf").write_text("nothing\n")
        main(
            tmp_path / "genome.bcf",
            tmp_path / "truth.vcf",
            None,
            {},
            tmp_path / "genome.fa",
            {},
            "x",
            1,
            tmp_path,
            *[tmp_path / "o"] * 5,
        )


DATA = (
    Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "dna" / "na12878_chr20"
)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"real data are not at {DATA}")
def test_a_real_truth_agrees_with_itself(tmp_path):
    """NIST's truth of NA12878, against itself."""
    reference = tmp_path / "reference.fa"
    reference.write_bytes((DATA / "reference.fa").read_bytes())
    pysam.faidx(str(reference))
    out = [tmp_path / name for name in ("l.vcf.gz", "t.tsv", "s.tsv", "p.json", "u.json")]
    main(DATA / "truth.vcf", DATA / "truth.vcf", DATA / "confident.bed", {}, reference, {}, "nist", 1, tmp_path / "scratch", *out)
    records = {r["key"]: r for r in json.loads(out[-1].read_text())}
    assert records["variants.nist.all.tp"]["value"] == 49 and records["variants.nist.all.f1"]["value"] == 1
