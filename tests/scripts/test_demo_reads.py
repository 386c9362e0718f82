"""A donor's reads cover the donor's genome at the depth asked for, and the sheet decides who is sequenced how."""

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
from readsight.config.schema import parse
from readsight.genome.codes import decode, reverse_complement
from readsight.simulate.planted_genome import read_fasta
from readsight.simulate.vcf import haplotypes
from readsight.wiring.demo import DemoWiring
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.project import Project

ROOT = Path(__file__).resolve().parents[2]
MOTIFS = ROOT / "resources" / "motifs"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    made = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", 2, 4, 40_000, *made)
    out = {n: folder / f"{n}.vcf.gz" for n in ("truth_vcf", "structural", "known", "population", "clinvar")}
    out["truth"] = folder / "truth.json"
    cohort = {"S1": ("S1", "case"), "S2": ("S2", "control")}
    demo_donors.main(made[0], made[6], made[4], MOTIFS / "factors.meme", cohort, 2, 0.002, 0.0003, 6, out)
    return folder


def make(folder, out, sample="S1", unit="L1", seed=2):
    paths = (out / f"{sample}.{unit}_1.fastq.gz", out / f"{sample}.{unit}_2.fastq.gz")
    demo_reads.main(
        folder / "g.fa", folder / "missing.fa", folder / "truth.json", folder / "truth_vcf.vcf.gz", folder / "structural.vcf.gz",
        sample, unit, 0, 1, 10.0, 101, seed, paths,
    )  # fmt: skip
    return paths


def test_depth_is_the_coverage_asked_for_and_most_reads_are_the_donors(planted, tmp_path):
    reads = gzip.decompress(make(planted, tmp_path)[0].read_bytes()).decode().splitlines()[1::4]
    codes = read_fasta(planted / "g.fa")
    size = sum(map(len, codes.values()))
    assert 2 * len(reads) * 101 / size == pytest.approx(10, rel=0.05)
    own = haplotypes(codes, planted / "truth_vcf.vcf.gz", planted / "structural.vcf.gz", "S1")
    sequences = [h.sequence for h in own.values()] + list(read_fasta(planted / "missing.fa").values())
    text = "#".join(decode(x) + "#" + decode(reverse_complement(x)) for x in sequences)
    assert np.mean([read[:40] in text for read in reads[:2000]]) > 0.9


def test_units_and_samples_differ_but_a_seed_repeats(planted, tmp_path):
    (tmp_path / "again").mkdir()
    one = make(planted, tmp_path)[0].read_bytes()
    assert make(planted, tmp_path / "again")[0].read_bytes() == one
    assert make(planted, tmp_path, unit="L2")[0].read_bytes() != one
    assert make(planted, tmp_path, sample="S2")[0].read_bytes() != one


def test_donors_carry_what_the_reference_lacks(planted):
    truth = json.loads((planted / "truth.json").read_text())
    codes, missing = read_fasta(planted / "g.fa"), read_fasta(planted / "missing.fa")
    for sample in ("S1", "S2"):
        found = demo_reads.donor_templates(
            codes, missing, truth, planted / "truth_vcf.vcf.gz", planted / "structural.vcf.gz", sample
        )
        copies = sum(sum(donors[sample]) for donors in truth["copies"].values())
        assert len(found.edges) - 1 == 2 * len(codes) + copies


def project(tmp_path, **demo):
    sheet = tmp_path / "samples.tsv"
    rows = ["sample\tunit\tassay\tfastq_1\tfastq_2\tdonor\tlabel\tbatch"]
    for sample, unit, batch in (("A", "L1", "x"), ("A", "L2", "x"), ("B", "L1", "y")):
        reads = f"${{results}}/demo/reads/{sample}.{unit}_"
        rows.append(f"{sample}\t{unit}\twgs\t{reads}1.fastq.gz\t{reads}2.fastq.gz\tD{sample}\tcase\t{batch}")
    rows.append("C\tL1\twgs\town_1.fastq.gz\town_2.fastq.gz\tDC\tcase\ty")
    sheet.write_text("\n".join(rows) + "\n")
    return Project(parse({"project": "p", "samples": str(sheet), "reference": {"fasta": "g.fa"}} | demo))


def test_the_sheet_describes_the_cohort(tmp_path):
    wiring = DemoWiring(project(tmp_path, demo={"coverage": 30}))
    assert wiring.cohort == {"A": ("DA", "case"), "B": ("DB", "case")}
    lanes = [SimpleNamespace(sample=s, unit=u) for s, u in (("A", "L1"), ("A", "L2"), ("B", "L1"))]
    assert [wiring.coverage(w) for w in lanes] == [15, 15, 30]
    assert [wiring.lane(w) for w in lanes] == [1, 2, 1] and [wiring.rank(w) for w in lanes] == [0, 0, 1]
    assert "results/p/demo/reads/A.L2_2.fastq.gz" in wiring.targets() and len(wiring.targets()) == 6 + len(wiring.products())


RNA = """\
sample\tunit\tassay\tfastq_1\tfastq_2\tdonor\tlabel\tbatch\tsex\tstrandedness
A\tL1\twgs\t@A.L1_1\t@A.L1_2\tD1\tcase\tx\tfemale\t
A.rna\tL1\trna\t@A.rna.L1_1\t@A.rna.L1_2\tD1\tcase\ty\tFemale\treverse
A.rna\tL2\trna\t@A.rna.L2_1\t@A.rna.L2_2\tD1\tcase\ty\tFemale\treverse
B.rna\tL1\trna\t@B.rna.L1_1\t@B.rna.L1_2\tD2\tcontrol\tx\t\treverse
"""


def test_rna_is_told_from_dna(tmp_path):
    sheet = tmp_path / "s.tsv"
    sheet.write_text(re.sub(r"@(\S+)", r"${results}/demo/reads/\1.fastq.gz", RNA))
    reference = {"fasta": "g.fa", "gtf": "g.gtf"}
    made = Project(parse({"project": "p", "samples": str(sheet), "reference": reference, "demo": {"rna_pairs": 3000}}))
    wiring = DemoWiring(made)
    assert wiring.rna == ["A.rna", "B.rna"]
    constraints = [wiring.sample_names(rna) for rna in (False, True)]
    assert [[s for s in wiring.cohort if re.fullmatch(c, s)] for c in constraints] == [["A"], ["A.rna", "B.rna"]]
    assert wiring.rna_cohort == {
        "A.rna": {"donor": "D1", "label": "case", "batch": 1, "sex": "female"},
        "B.rna": {"donor": "D2", "label": "control", "batch": 0, "sex": None},
    }
    assert [wiring.pairs(SimpleNamespace(sample=s, unit="L1")) for s in wiring.rna] == [1500, 3000]
    assert "results/p/demo/expression.tsv" in wiring.targets()
    expression = ExpressionWiring(made)
    assert expression.planted and "results/p/expression/planted/compare.summary.json" in expression.summaries()
    assert expression.swappable and expression.swap_calls() == "results/p/variants/bcftools.bcf"


def test_a_project_of_real_reads_plants_nothing(tmp_path):
    wiring = DemoWiring(project(tmp_path))
    assert wiring.targets() == [] and wiring.cohort == {} and wiring.products() == {}
