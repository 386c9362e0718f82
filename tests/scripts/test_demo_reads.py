"""Reads cover the donor's genome at the configured depth, and the sheet determines the sequencing units."""

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import demo_donors
import demo_genome
import demo_reads
from readsight.config.schema import parse_config
from readsight.genome.codes import decode, reverse_complement
from readsight.simulate.planted_genome import read_fasta
from readsight.simulate.vcf import read_haplotypes
from readsight.wiring.demo import DemoWiring
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.project import Project

ROOT = Path(__file__).resolve().parents[2]
MOTIFS = ROOT / "resources" / "motifs"


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    paths = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", 2, 4, 40_000, *paths)
    out = {n: folder / f"{n}.vcf.gz" for n in ("truth_vcf", "structural", "known", "population", "clinvar")}
    out["truth"] = folder / "truth.json"
    cohort = {"S1": ("S1", "case"), "S2": ("S2", "control")}
    demo_donors.main(paths[0], paths[6], paths[4], MOTIFS / "factors.meme", cohort, 2, 0.002, 0.0003, 6, out)
    return folder


def make_reads(folder, out, sample="S1", unit="L1", seed=2):
    paths = (out / f"{sample}.{unit}_1.fastq.gz", out / f"{sample}.{unit}_2.fastq.gz")
    demo_reads.main(
        folder / "g.fa", folder / "missing.fa", folder / "truth.json", folder / "truth_vcf.vcf.gz", folder / "structural.vcf.gz",
        sample, unit, 0, 1, 10.0, 101, seed, paths,
    )  # fmt: skip
    return paths


def test_depth_and_origin_of_reads(demo_folder, tmp_path):
    reads = gzip.decompress(make_reads(demo_folder, tmp_path)[0].read_bytes()).decode().splitlines()[1::4]
    codes = read_fasta(demo_folder / "g.fa")
    size = sum(map(len, codes.values()))
    assert 2 * len(reads) * 101 / size == pytest.approx(10, rel=0.05)
    donor_haplotypes = read_haplotypes(codes, demo_folder / "truth_vcf.vcf.gz", demo_folder / "structural.vcf.gz", "S1")
    sequences = [h.sequence for h in donor_haplotypes.values()] + list(read_fasta(demo_folder / "missing.fa").values())
    text = "#".join(decode(template) + "#" + decode(reverse_complement(template)) for template in sequences)
    assert np.mean([read[:40] in text for read in reads[:2000]]) > 0.9


def test_units_and_samples_differ_but_a_seed_repeats(demo_folder, tmp_path):
    (tmp_path / "again").mkdir()
    one = make_reads(demo_folder, tmp_path)[0].read_bytes()
    assert make_reads(demo_folder, tmp_path / "again")[0].read_bytes() == one
    assert make_reads(demo_folder, tmp_path, unit="L2")[0].read_bytes() != one
    assert make_reads(demo_folder, tmp_path, sample="S2")[0].read_bytes() != one


def test_donors_carry_missing_paralogues(demo_folder):
    truth = json.loads((demo_folder / "truth.json").read_text())
    codes, missing = read_fasta(demo_folder / "g.fa"), read_fasta(demo_folder / "missing.fa")
    for sample in ("S1", "S2"):
        templates = demo_reads.donor_templates(
            codes, missing, truth, demo_folder / "truth_vcf.vcf.gz", demo_folder / "structural.vcf.gz", sample
        )
        copies = sum(sum(donors[sample]) for donors in truth["copies"].values())
        assert len(templates.edges) - 1 == 2 * len(codes) + copies


def make_project(tmp_path, **demo):
    sheet = tmp_path / "samples.tsv"
    rows = ["sample\tunit\tassay\tfastq_1\tfastq_2\tdonor\tlabel\tbatch"]
    for sample, unit, batch in (("A", "L1", "x"), ("A", "L2", "x"), ("B", "L1", "y")):
        reads = f"${{results}}/demo/reads/{sample}.{unit}_"
        rows.append(f"{sample}\t{unit}\twgs\t{reads}1.fastq.gz\t{reads}2.fastq.gz\tD{sample}\tcase\t{batch}")
    rows.append("C\tL1\twgs\town_1.fastq.gz\town_2.fastq.gz\tDC\tcase\ty")
    sheet.write_text("\n".join(rows) + "\n")
    return Project(parse_config({"project": "p", "samples": str(sheet), "reference": {"fasta": "g.fa"}} | demo))


def test_cohort_is_read_from_the_sheet(tmp_path):
    wiring = DemoWiring(make_project(tmp_path, demo={"coverage": 30}))
    assert wiring.donors_and_labels == {"A": ("DA", "case"), "B": ("DB", "case")}
    lanes = [SimpleNamespace(sample=s, unit=u) for s, u in (("A", "L1"), ("A", "L2"), ("B", "L1"))]
    assert [wiring.unit_coverage(w) for w in lanes] == [15, 15, 30]
    assert [wiring.lane_number(w) for w in lanes] == [1, 2, 1] and [wiring.batch_rank(w) for w in lanes] == [0, 0, 1]
    assert "results/p/demo/reads/A.L2_2.fastq.gz" in wiring.targets() and len(wiring.targets()) == 6 + len(wiring.products())


RNA = """\
sample\tunit\tassay\tfastq_1\tfastq_2\tdonor\tlabel\tbatch\tsex\tstrandedness
A\tL1\twgs\t@A.L1_1\t@A.L1_2\tD1\tcase\tx\tfemale\t
A.rna\tL1\trna\t@A.rna.L1_1\t@A.rna.L1_2\tD1\tcase\ty\tFemale\treverse
A.rna\tL2\trna\t@A.rna.L2_1\t@A.rna.L2_2\tD1\tcase\ty\tFemale\treverse
B.rna\tL1\trna\t@B.rna.L1_1\t@B.rna.L1_2\tD2\tcontrol\tx\t\treverse
"""


def test_rna_and_dna_samples_are_separated(tmp_path):
    sheet = tmp_path / "s.tsv"
    sheet.write_text(re.sub(r"@(\S+)", r"${results}/demo/reads/\1.fastq.gz", RNA))
    reference = {"fasta": "g.fa", "gtf": "g.gtf"}
    rna_project = Project(
        parse_config({"project": "p", "samples": str(sheet), "reference": reference, "demo": {"rna_pairs": 3000}})
    )
    wiring = DemoWiring(rna_project)
    assert wiring.rna_samples == ["A.rna", "B.rna"]
    constraints = [wiring.sample_constraint(rna) for rna in (False, True)]
    assert [[s for s in wiring.donors_and_labels if re.fullmatch(c, s)] for c in constraints] == [["A"], ["A.rna", "B.rna"]]
    assert wiring.rna_factors == {
        "A.rna": {"donor": "D1", "label": "case", "batch": 1, "sex": "female"},
        "B.rna": {"donor": "D2", "label": "control", "batch": 0, "sex": None},
    }
    assert [wiring.unit_read_pairs(SimpleNamespace(sample=s, unit="L1")) for s in wiring.rna_samples] == [1500, 3000]
    assert "results/p/demo/expression.tsv" in wiring.targets()
    expression = ExpressionWiring(rna_project)
    assert expression.has_truth and "results/p/expression/planted/compare.summary.json" in expression.summaries()
    assert expression.can_check_swaps and expression.swap_calls() == "results/p/variants/bcftools.bcf"


def test_project_without_demo_reads_plants_nothing(tmp_path):
    wiring = DemoWiring(make_project(tmp_path))
    assert wiring.targets() == [] and wiring.donors_and_labels == {} and wiring.products() == {}
