"""Wiring of reads and alignments: raw, clean and corrected reads, paired or single-end, and their routes to CRAM."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from readsight.wiring.align import AlignWiring
from readsight.wiring.project import Project
from readsight.wiring.reads import ADAPTERS, ReadsWiring

SHEET = """sample\tunit\tassay\tfastq_1\tfastq_2\tbam\tlibrary
mix\t1\twgs\tm1_1.fq.gz\tm1_2.fq.gz\t\tlib1
mix\t2\twgs\tm2.fq\t\t\t
mix.x\t1\twgs\tx.fq\t\t\t
own\t1\twgs\t\t\town.bam\t
"""


@pytest.fixture
def project(tmp_path):
    def build(**config):
        (tmp_path / "samples.tsv").write_text(SHEET)
        raw = {"project": "p", "samples": str(tmp_path / "samples.tsv"), "reference": {"fasta": "g.fa"}, "variants": None}
        return Project.from_raw(raw | config)

    return build


def build_wildcards(sample, name):
    return SimpleNamespace(sample=sample, unit=name)


@pytest.mark.parametrize(
    ("path", "paired", "single"),
    [
        ("mix/1.clean_1.fastq.gz", True, False),
        ("mix/2.clean_1.fastq.gz", False, True),
        ("mix.x/1.clean_1.fastq.gz", False, True),
        ("own/1.clean_1.fastq.gz", False, False),
        ("mix/11.clean_1.fastq.gz", False, False),
    ],
)
def test_paired_and_single_units_have_separate_rules(project, path, paired, single):
    reads = ReadsWiring(project())
    for kind, expected in ((True, paired), (False, single)):
        pattern = rf"(?P<sample>{reads.sample_constraint(kind)})/(?P<unit>[^/]+)\.clean_1\.fastq\.gz"
        assert bool(re.fullmatch(pattern, path)) == expected


@pytest.mark.parametrize(
    ("trim", "correct", "expected", "fastqc_files"),
    [
        (True, False, ["results/p/reads/mix/1.clean_1.fastq.gz", "results/p/reads/mix/1.clean_2.fastq.gz"], 4),
        (True, True, ["results/p/reads/mix/1.corrected_1.fastq.gz", "results/p/reads/mix/1.corrected_2.fastq.gz"], 4),
        (False, True, ["results/p/reads/mix/1.corrected_1.fastq.gz", "results/p/reads/mix/1.corrected_2.fastq.gz"], 4),
        (False, False, ["m1_1.fq.gz", "m1_2.fq.gz"], 2),
    ],
)
def test_aligner_reads_come_from_the_last_step(project, trim, correct, expected, fastqc_files):
    reads = ReadsWiring(project(reads={"trim": {"enabled": trim}, "correct": {"enabled": correct}}))
    assert reads.aligner_reads(build_wildcards("mix", "1")) == expected
    assert len(reads.fastqc_patterns(True, "zip")) == fastqc_files
    assert reads.reads_after_cleaning(build_wildcards("mix", "1")) == (expected if fastqc_files == 4 else [])
    assert bool(reads.trim_logs()) == trim


def test_units_of_a_sample_follow_the_sheet(project):
    reads, align = ReadsWiring(project()), AlignWiring(project())
    stem = "results/p/reads/mix"
    assert reads.sample_reads(build_wildcards("mix", "")) == [
        f"{stem}/1.clean_1.fastq.gz",
        f"{stem}/1.clean_2.fastq.gz",
        f"{stem}/2.clean_1.fastq.gz",
    ]
    assert align.mates_per_unit(build_wildcards("mix", "")) == [2, 1]
    assert align.read_groups(build_wildcards("mix", "")) == [
        "@RG\tID:mix.1\tSM:mix\tLB:lib1\tPL:ILLUMINA\tPU:mix.1",
        "@RG\tID:mix.2\tSM:mix\tLB:mix\tPL:ILLUMINA\tPU:mix.2",
    ]


def test_each_sample_has_one_route_to_its_cram(project):
    for aligner, second_aligner in (("bwa", "bwa-mem2"), ("bwa-mem2", "bwa")):
        align = AlignWiring(project(align={"aligner": aligner}))
        for sample, route in {"mix": aligner, "mix.x": aligner, "own": "import"}.items():
            assert [
                candidate
                for candidate in ("bwa", "bwa-mem2", "import")
                if re.fullmatch(align.sample_constraint(candidate), sample)
            ] == [route]
        assert align.sample_constraint(second_aligner) == "(?!)"


def test_recalibrated_alignments_replace_the_originals(project):
    plain = AlignWiring(project())
    assert plain.dna_crams() == ["results/p/align/mix.cram", "results/p/align/mix.x.cram", "results/p/align/own.cram"]
    config = {"reference": {"fasta": "g.fa", "known_sites": ["k.vcf.gz"]}, "align": {"recalibrate": True}}
    recalibrated = AlignWiring(project(**config))
    assert recalibrated.cram_file("mix") == "results/p/align/recalibrated/mix.cram"
    assert recalibrated.dna_crais()[0] == "results/p/align/recalibrated/mix.cram.crai"


@pytest.mark.parametrize(
    "callers, known, recalibrate, recalibrated",
    [
        (["gatk"], ["k.vcf.gz"], None, True),
        (["bcftools", "gatk"], ["k.vcf.gz"], None, True),
        (["gatk"], [], None, False),
        (["bcftools"], ["k.vcf.gz"], None, False),
        (["gatk"], ["k.vcf.gz"], False, False),
    ],
)
def test_gatk_uses_recalibration_with_known_sites(project, callers, known, recalibrate, recalibrated):
    config = {"reference": {"fasta": "g.fa", "known_sites": known}, "align": {"recalibrate": recalibrate}}
    wiring = AlignWiring(project(**config, variants={"callers": callers}))
    assert ("/recalibrated/" in wiring.cram_file("mix")) == recalibrated


def test_imported_alignments_have_no_reads_to_check(project):
    reads = ReadsWiring(project())
    assert not [path for path in reads.fastqc_files() if "/own/" in path]
    assert not [key for key in reads.products() if key[0] == "own"]


def test_memory_grows_with_reference_and_attempt(project, tmp_path):
    genome = tmp_path / "big.fa"
    with open(genome, "wb") as handle:
        handle.truncate(3_000_000_000)
    memory = AlignWiring(project(reference={"fasta": str(genome)})).scale_memory(1900, per_base=2)
    assert memory(None, attempt=1) == 7900
    assert memory(None, attempt=2) == 15800
    assert AlignWiring(project()).scale_memory(1900, per_base=2)(None, attempt=1) == 1900


@pytest.mark.parametrize("name", ["TruSeq2", "TruSeq3", "Nextera"])
@pytest.mark.parametrize("paired", [True, False])
def test_adapter_sets_are_chosen_by_name_and_kind(project, name, paired):
    path = Path(ReadsWiring(project(reads={"trim": {"adapters": name}})).adapter_fasta(paired))
    assert path == ADAPTERS / f"{name}-{'PE' if paired else 'SE'}.fa"
    lines = path.read_text().splitlines()
    assert all(line.startswith(">") != bool(i % 2) for i, line in enumerate(lines))
    assert all(set(line) <= set("ACGT") and len(line) > 15 for line in lines[1::2])
    prefixes = [line for line in lines if line.startswith(">Prefix")]
    assert [p[-2:] for p in prefixes] == (["/1", "/2"] if paired else [])


def test_adapter_reverse_complements_are_correct():
    for path in ADAPTERS.glob("*-PE.fa"):
        lines = path.read_text().splitlines()
        records = dict(zip((name[1:] for name in lines[::2]), lines[1::2], strict=True))
        pairs = [(bases, records[name.removesuffix("_rc")]) for name, bases in records.items() if name.endswith("_rc")]
        assert pairs
        for reverse, forward in pairs:
            assert reverse == forward[::-1].translate(str.maketrans("ACGT", "TGCA"))


def test_user_adapters_are_used_unchanged(project):
    assert ReadsWiring(project(reads={"trim": {"adapters": "my/own.fa"}})).adapter_fasta(True) == "my/own.fa"
