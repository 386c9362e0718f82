"""Imported alignments have the form of alignments of the workflow, or are refused with a message."""

import random
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import align_import
from readsight.errors import InputError
from readsight.formats import fasta

needs_samtools = pytest.mark.skipif(not shutil.which("samtools"), reason="samtools is not on this machine")
REFERENCE_LENGTHS = {"chr20": 1000, "chr21": 800}
UNIT_GROUP = "@RG\tID:donor.a\tSM:donor\tLB:donor\tPL:ILLUMINA\tPU:donor.a"


def test_the_same_contigs_pass_in_any_order_and_number():
    assert align_import.find_contig_faults(Path("a.bam"), {"chr21": 800}, REFERENCE_LENGTHS) == []
    assert align_import.find_contig_faults(Path("a.bam"), {"chr21": 800, "chr20": 1000}, REFERENCE_LENGTHS) == []


def test_alternative_contig_names_are_recognised():
    (fault,) = align_import.find_contig_faults(Path("a.bam"), {"20": 1000, "21": 800}, REFERENCE_LENGTHS)
    assert "a.bam" in fault and "20, 21" in fault and "named '20' here and 'chr20' there" in fault


def test_another_build_is_recognised_by_lengths():
    (fault,) = align_import.find_contig_faults(Path("a.bam"), {"chr20": 1001, "chr21": 800}, REFERENCE_LENGTHS)
    assert "another build" in fault and "1,001" in fault and "1,000" in fault


def test_unaligned_files_are_refused():
    (fault,) = align_import.find_contig_faults(Path("a.bam"), {}, REFERENCE_LENGTHS)
    assert "not aligned" in fault and "FASTQ" in fault


def test_sample_is_renamed_and_lanes_are_kept():
    header = ["@RG\tID:lane1\tSM:old name\tLB:lib7", "@RG\tID:lane2\tSM:old name\tPL:MGI"]
    mode, groups = align_import.choose_read_groups(header, UNIT_GROUP, set())
    assert mode == "orphan_only"
    assert groups == [
        "@RG\tID:lane1\tSM:donor\tLB:lib7\tPL:ILLUMINA",
        "@RG\tID:lane2\tSM:donor\tPL:MGI\tLB:donor",
        UNIT_GROUP,
    ]


@pytest.mark.parametrize(("header", "used_ids"), [([], set()), (["@RG\tID:1\tSM:x"], {"1"}), (["@RG\tID:donor.a\tSM:x"], set())])
def test_missing_or_used_groups_are_replaced(header, used_ids):
    assert align_import.choose_read_groups(header, UNIT_GROUP, used_ids) == ("overwrite_all", [UNIT_GROUP])


@pytest.fixture
def job(tmp_path):
    """A sample of two files: a name-sorted BAM with lane 1, and a CRAM with a different lane 1; one read pair is in both."""
    rng = random.Random(5)
    genome = "".join(rng.choices("ACGT", k=1000))
    given = tmp_path / "given.fa"
    # the CRAM was made with the reference of the user, in which one base is ambiguous
    given.write_text(f">chr20 description\n{genome[:500].lower()}R{genome[501:]}\n>chr21\n{genome[:800]}\n")
    folder = tmp_path / "reference"
    folder.mkdir()
    fasta.normalise(given, folder / "genome.fa", folder / "genome.fa.fai", folder / "genome.dict")
    header = "@HD\tVN:1.6\tSO:unsorted\n@SQ\tSN:chr21\tLN:800\n@SQ\tSN:chr20\tLN:1000\n@RG\tID:1\tSM:someone\n"

    def make_pair(name, start):
        """A pair of 50 bases, 200 apart; `start` 1-based."""
        mate = start + 150
        first, second = genome[start - 1 : start + 49], genome[mate - 1 : mate + 49]
        return (
            f"{name}\t99\tchr20\t{start}\t60\t50M\t=\t{mate}\t200\t{first}\t{'I' * 50}\tRG:Z:1\n"
            f"{name}\t147\tchr20\t{mate}\t60\t50M\t=\t{start}\t-200\t{second}\t{'I' * 50}\tRG:Z:1\n"
        )

    for name, starts in {"a": [400, 100], "b": [300, 100]}.items():
        (tmp_path / f"{name}.sam").write_text(header + "".join(make_pair(f"{name}{s}", s) for s in starts))
    run = subprocess.run
    run(["samtools", "sort", "-n", "-o", tmp_path / "a.bam", tmp_path / "a.sam"], check=True)
    sort = ["samtools", "sort", "-O", "cram", "--reference", given, "-o", tmp_path / "b.cram", tmp_path / "b.sam"]
    run(sort, check=True, capture_output=True)
    given.with_suffix(".fa.fai").unlink()
    out = SimpleNamespace(cram=tmp_path / "donor.cram", flagstat=tmp_path / "flagstat", duplicates=tmp_path / "duplicates")
    (tmp_path / "scratch").mkdir()
    return SimpleNamespace(
        input=SimpleNamespace(
            alignments=[tmp_path / "a.bam", tmp_path / "b.cram"],
            original=given,
            fasta=folder / "genome.fa",
            fai=folder / "genome.fa.fai",
            dict=folder / "genome.dict",
        ),
        output=out,
        params=SimpleNamespace(
            groups=[UNIT_GROUP, UNIT_GROUP.replace("donor.a", "donor.b")], mark_duplicates=True, min_mapped=0.01
        ),
        wildcards=SimpleNamespace(sample="donor"),
        threads=1,
        mem_mb=1000,
        scratch=tmp_path / "scratch",
    )


@needs_samtools
def test_files_of_any_order_become_one_sorted_marked_cram(job):
    align_import.main(job)
    view = ["samtools", "view", "-h", "-T", str(job.input.fasta), str(job.output.cram)]
    lines = subprocess.run(view, check=True, capture_output=True, text=True).stdout.splitlines()
    names = [f.split("\t")[1] for f in lines if f.startswith("@SQ")]
    assert names == ["SN:chr20", "SN:chr21"]
    assert {f.split("\t")[2] for f in lines if f.startswith("@RG")} == {"SM:donor"}
    reads = [line.split("\t") for line in lines if not line.startswith("@")]
    assert [int(r[3]) for r in reads] == sorted([400, 550, 100, 250, 300, 450, 100, 250])
    groups = {r[0]: next(f for f in r if f.startswith("RG:Z:")) for r in reads}
    assert groups == {"a400": "RG:Z:1", "a100": "RG:Z:1", "b300": "RG:Z:donor.b", "b100": "RG:Z:donor.b"}
    duplicates = [r[0] for r in reads if int(r[1]) & 1024]
    assert len(duplicates) == 2 and len(set(duplicates)) == 1 and duplicates[0] in ("a100", "b100")
    assert Path(f"{job.output.cram}.crai").exists()


@needs_samtools
def test_faults_of_all_files_are_reported_together(job):
    job.input.fai.write_text("chr20\t999\t7\t60\t61\nchr21\t800\t7\t60\t61\n")
    with pytest.raises(InputError) as error:
        align_import.main(job)
    assert len(error.value.faults) == 2
    assert "a.bam" in error.value.faults[0] and "b.cram" in error.value.faults[1]
    assert not job.output.cram.exists()
