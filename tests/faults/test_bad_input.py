"""Faults of the input that can be detected before any job: each is reported with place and remedy, and nothing is started.

Every case breaks one thing in a valid small project and checks it as `make doctor` does; some are
also started by Snakemake itself.
"""

import gzip
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from readsight.doctor import preflight

ROOT = Path(__file__).resolve().parents[2]
GENOME = "".join(random.Random(5).choices("ACGT", k=2000))
CONFIG = """\
project: tiny
samples: samples.tsv
reference:
  fasta: genome.fa
variants:
  targets: targets.bed
  truth:
    vcf: truth.vcf
"""
SHEET = "sample\tunit\tassay\tfastq_1\tfastq_2\nA\tL1\twgs\tA_L1_1.fq.gz\tA_L1_2.fq.gz\nA\tL2\twgs\tA_L2_1.fq.gz\tA_L2_2.fq.gz\n"


@dataclass
class TinyProject:
    """A valid project in an empty folder."""

    folder: Path

    def records(self, name: str) -> list[str]:
        lines = gzip.decompress((self.folder / name).read_bytes()).decode().splitlines(keepends=True)
        return ["".join(lines[i : i + 4]) for i in range(0, len(lines), 4)]

    def write(self, name: str, records: list[str] | str) -> None:
        data = "".join(records).encode()
        (self.folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = TinyProject(tmp_path)
    project.write("config.yaml", CONFIG)
    project.write("samples.tsv", SHEET)
    project.write("genome.fa", f">20\n{GENOME}\n")
    project.write("targets.bed", "20\t100\t1900\n")
    rows = [
        f"20\t{p}\t.\t{GENOME[p - 1]}\t{'A' if GENOME[p - 1] != 'A' else 'C'}\t50\tPASS\t.\tGT\t0/1\n"
        for p in range(50, 2000, 100)
    ]
    header = "##fileformat=VCFv4.2\n##contig=<ID=20,length=2000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n"
    project.write("truth.vcf", [header, *rows])
    rng = random.Random(3)
    for lane in ("L1", "L2"):
        for mate in (1, 2):
            project.write(
                f"A_{lane}_{mate}.fq.gz",
                [f"@run:{lane}:{i}/{mate}\n{''.join(rng.choices('ACGT', k=80))}\n+\n{'IIF:#' * 16}\n" for i in range(60)],
            )
    return project


def truncate_gzip(tiny):
    path = tiny.folder / "A_L1_2.fq.gz"
    path.write_bytes(path.read_bytes()[:-300])


def record_cut_off(tiny):
    tiny.write("A_L2_1.fq.gz", "".join(tiny.records("A_L2_1.fq.gz"))[:-120])


def mates_swapped(tiny):
    tiny.edit("samples.tsv", "A_L1_1.fq.gz\tA_L1_2.fq.gz", "A_L1_2.fq.gz\tA_L1_1.fq.gz")


def mates_shuffled(tiny):
    records = tiny.records("A_L1_2.fq.gz")
    random.Random(1).shuffle(records)
    tiny.write("A_L1_2.fq.gz", records)


def mates_of_unequal_count(tiny):
    tiny.write("A_L2_2.fq.gz", tiny.records("A_L2_2.fq.gz")[:-3])


def empty_file(tiny):
    (tiny.folder / "A_L1_1.fq.gz").write_bytes(b"")


def no_reads(tiny):
    tiny.write("A_L1_1.fq.gz", [])


def offset_64(tiny):
    shift = str.maketrans("IF:#", "heYB")
    for mate in (1, 2):
        name = f"A_L2_{mate}.fq.gz"
        lines = [r.splitlines(keepends=True) for r in tiny.records(name)]
        tiny.write(name, ["".join([*r[:3], r[3].translate(shift)]) for r in lines])


def one_file_in_two_units(tiny):
    tiny.edit("samples.tsv", "A_L2_1.fq.gz", "A_L1_1.fq.gz")


def same_unit_twice(tiny):
    tiny.edit("samples.tsv", "A\tL2", "A\tL1")


def commas_for_tabs(tiny):
    tiny.edit("samples.tsv", "\t", ",")


def commas_in_one_row(tiny):
    tiny.edit("samples.tsv", "A\tL2\twgs\tA_L2_1.fq.gz\tA_L2_2.fq.gz", "A,L2,wgs,A_L2_1.fq.gz,A_L2_2.fq.gz")


def unknown_key(tiny):
    tiny.edit("config.yaml", "  targets: targets.bed", "  target: targets.bed")


def wrong_type(tiny):
    tiny.edit("config.yaml", "reference:", "align:\n  threads: eight\nreference:")


def chr20_against_20(tiny):
    tiny.edit("targets.bed", "20\t", "chr20\t")


def vcf_chr20_against_20(tiny):
    text = (tiny.folder / "truth.vcf").read_text().replace("\n20\t", "\nchr20\t").replace("ID=20", "ID=chr20")
    tiny.write("truth.vcf", text)


def truth_of_another_build(tiny):
    """The same contig and length but different bases, which the header does not show."""
    tiny.write("genome.fa", f">20\n{''.join(random.Random(6).choices('ACGT', k=2000))}\n")


def truth_of_another_length(tiny):
    tiny.edit("truth.vcf", "length=2000", "length=64444167")


def bed_past_the_end(tiny):
    tiny.write("targets.bed", "20\t100\t1900\n20\t1950\t2001\n")


def fasta_for_fastq(tiny):
    tiny.write("A_L1_1.fq.gz", ">r1\nACGT\n")


def rename_file(tiny):
    (tiny.folder / "A_L2_2.fq.gz").rename(tiny.folder / "A-L2-2.fq.gz")


CASES = {
    truncate_gzip: ["samples.tsv, row 2", "A_L1_2.fq.gz", "gzip is truncated", "get the file again"],
    record_cut_off: ["samples.tsv, row 3", "A_L2_1.fq.gz", "read 60", "is truncated", "line 23", "get the file again"],
    mates_swapped: ["samples.tsv, row 2", "swap the two columns"],
    mates_shuffled: ["samples.tsv, row 2", "A_L1_2.fq.gz", "shuffled", "disagree at read", "seqkit pair"],
    mates_of_unequal_count: ["samples.tsv, row 3", "A_L2_1.fq.gz has 60 reads", "A_L2_2.fq.gz has 57", "seqkit pair"],
    empty_file: ["samples.tsv, row 2", "A_L1_1.fq.gz: is empty (0 bytes)", "get the file again"],
    no_reads: ["samples.tsv, row 2", "A_L1_1.fq.gz: has no reads"],
    offset_64: ["samples.tsv, row 3", "A_L2_1.fq.gz", "A_L2_2.fq.gz", "offset 64", "33 is needed", "seqtk seq -Q64"],
    one_file_in_two_units: [
        "samples.tsv, row 3, column fastq_1",
        "A_L1_1.fq.gz",
        "used in row 2, column fastq_1",
        "belongs to one unit",
    ],
    same_unit_twice: ["samples.tsv, row 3, column unit", "'L1' is already in row 2", "a unique name"],
    commas_for_tabs: ["samples.tsv, row 1", "separated by commas", "needs tabs", "tr ',' '\\t'"],
    commas_in_one_row: ["samples.tsv, row 3, column 1", "commas are used where tabs are needed"],
    unknown_key: ["config.yaml, row 6: variants.target: unknown key", "did you mean 'targets'?"],
    wrong_type: ["config.yaml, row 4: align.threads", "'eight'", "an integer is needed"],
    chr20_against_20: ["targets.bed", "'chr20' here but as '20' in genome.fa", "sed 's/^chr//' targets.bed"],
    vcf_chr20_against_20: ["truth.vcf", "'chr20' here but as '20' in genome.fa", "bcftools annotate --rename-chrs"],
    truth_of_another_build: ["truth.vcf, row 4, column REF", "genome.fa has", "another genome build"],
    truth_of_another_length: [
        "truth.vcf",
        "64,444,167 bases long here [GRCh38 (hg38)]",
        "2,000 in genome.fa",
        "one genome build",
    ],
    bed_past_the_end: ["targets.bed, row 2: ends at 2,001", "past the end of contig '20' (2,000 bases"],
    fasta_for_fastq: ["samples.tsv, row 2", "A_L1_1.fq.gz", "FASTA"],
    rename_file: ["samples.tsv, row 3, column fastq_2", "A_L2_2.fq.gz", "did you mean A-L2-2.fq.gz?"],
}


def list_started_outputs(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.name in ("results", "logs", "benchmarks")]


def test_valid_project_passes(tiny, capsys):
    assert preflight.main(["config.yaml"]) == 0, capsys.readouterr().out
    assert not list_started_outputs(tiny.folder)


@pytest.mark.parametrize("broken", CASES, ids=lambda case: case.__name__)
def test_doctor_reports_fault_place_and_remedy(tiny, broken, capsys):
    broken(tiny)
    assert preflight.main(["config.yaml"]) == 1
    output = capsys.readouterr().out
    for phrase in CASES[broken]:
        assert phrase in output
    assert "Traceback" not in output and "nothing was started" in output
    assert not list_started_outputs(tiny.folder)


def test_many_faults_are_reported_at_once(tiny, capsys):
    for broken in (truncate_gzip, mates_of_unequal_count, bed_past_the_end, truth_of_another_length):
        broken(tiny)
    assert preflight.main(["config.yaml"]) == 1
    output = capsys.readouterr().out
    for broken in (truncate_gzip, mates_of_unequal_count, bed_past_the_end, truth_of_another_length):
        assert all(phrase in output for phrase in CASES[broken])


def test_lower_case_iupac_codes_and_missing_index_are_valid(tiny, capsys):
    genome = GENOME[:600].lower() + "RYKMSWBDHVN" + GENOME[611:]
    tiny.write("genome.fa", f">20 with a description\n{genome}\n")
    assert preflight.main(["config.yaml"]) == 0, capsys.readouterr().out


snakemake = shutil.which("snakemake", path=f"{ROOT / '.venv' / 'bin'}{os.pathsep}{Path(sys.executable).parent}")


def run_snakemake(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of Snakemake, without the profile that builds environments."""
    command = [snakemake, "-s", ROOT / "Snakefile", "--workflow-profile", "none", "--configfile", "config.yaml", *arguments]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return process.returncode, process.stdout + process.stderr


needs_snakemake = pytest.mark.skipif(
    snakemake is None, reason="Snakemake is neither next to this Python nor in .venv: make setup"
)


@needs_snakemake
@pytest.mark.parametrize("broken", [unknown_key, same_unit_twice, rename_file], ids=lambda case: case.__name__)
def test_snakemake_reports_obvious_faults_before_planning(tiny, broken):
    broken(tiny)
    status, output = run_snakemake(tiny.folder, "-n")
    assert status != 0 and all(phrase in output for phrase in CASES[broken])
    assert "Traceback" not in output and "Building DAG" not in output
    assert not list_started_outputs(tiny.folder)


@needs_snakemake
def test_snakemake_checks_files_before_the_first_job(tiny):
    truncate_gzip(tiny)
    bed_past_the_end(tiny)
    status, output = run_snakemake(tiny.folder, "--cores", "1")
    assert status != 0
    assert all(phrase in output for broken in (truncate_gzip, bed_past_the_end) for phrase in CASES[broken])
    assert "Traceback" not in output and "localrule" not in output and "rule " not in output.split("nothing was started")[1]
    assert not [p for p in (tiny.folder / "results").rglob("*") if p.is_file()]
