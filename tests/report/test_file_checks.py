"""File checks: complete or truncated, with content or empty."""

import json
import shutil
import struct
import subprocess
import zipfile

import pytest

from readsight.report import file_checks
from readsight.report.file_checks import ABSENT, CRAM_END, DAMAGED, EMPTY, PRESENT, check_file

HEAD = "##fileformat=VCFv4.2\n##contig=<ID=1,length=90000000>\n##contig=<ID=2,length=1000>\n##contig=<ID=3,length=1000>\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
CALLS = [("1", 5), ("1", 70_000), ("1", 80_000_000), ("3", 9)]


def write_calls(path, calls, form):
    if not shutil.which("bcftools"):
        pytest.skip("bcftools is not installed")
    text = HEAD + COLUMNS + "".join(f"{c}\t{p}\t.\tA\tC\t50\t.\t.\n" for c, p in calls)
    subprocess.run(["bcftools", "view", f"-O{form}", "-o", path, "-"], input=text.encode(), check=True, capture_output=True)


@pytest.mark.parametrize(
    "name, form, index", [("a.bcf", "b", ["-c"]), ("a.vcf.gz", "z", ["-t"]), ("a.vcf.gz", "z", ["-c"]), ("a.bcf", "b", None)]
)
def test_index_and_records_give_the_same_count(tmp_path, name, form, index):
    path = tmp_path / name
    write_calls(path, CALLS, form)
    if index:
        subprocess.run(["bcftools", "index", *index, path], check=True)
    assert check_file(path) == file_checks.FileContent(PRESENT, "4 calls")


def test_file_without_calls_is_empty(tmp_path):
    path = tmp_path / "a.bcf"
    write_calls(path, [], "b")
    assert check_file(path) == file_checks.FileContent(EMPTY, "0 calls")
    subprocess.run(["bcftools", "index", path], check=True)
    assert check_file(path) == file_checks.FileContent(EMPTY, "0 calls")


def test_truncated_calls_are_damaged_despite_index(tmp_path):
    path = tmp_path / "a.bcf"
    write_calls(path, CALLS, "b")
    subprocess.run(["bcftools", "index", path], check=True)
    path.write_bytes(path.read_bytes()[:-30])
    assert check_file(path).state == DAMAGED


@pytest.mark.parametrize("mapped, state", [(7, PRESENT), (0, EMPTY)])
def test_alignment_without_mapped_reads_is_empty(tmp_path, mapped, state):
    (tmp_path / "s.cram").write_bytes(b"CRAM" + CRAM_END)
    (tmp_path / "s.stats.txt").write_text(f"# made by\nSN\traw total sequences:\t10\t# x\nSN\treads mapped:\t{mapped}\n")
    assert check_file(tmp_path / "s.cram") == file_checks.FileContent(state, f"{mapped} of 10 reads mapped")
    (tmp_path / "s.cram").write_bytes(b"CRAM" + CRAM_END[:-1])
    assert check_file(tmp_path / "s.cram").state == DAMAGED


def write_safetensors(path, missing=0):
    header = json.dumps({"__metadata__": {}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * (8 - missing))
    return path


def test_tensors_are_counted_and_truncation_is_damage(tmp_path):
    assert check_file(write_safetensors(tmp_path / "m.safetensors")) == file_checks.FileContent(PRESENT, "1 tensor")
    assert check_file(write_safetensors(tmp_path / "n.safetensors", missing=3)).state == DAMAGED


@pytest.mark.parametrize(
    "name, text, state",
    [
        ("a.json", "[1, 2]", PRESENT),
        ("a.json", "[]", EMPTY),
        ("a.json", '{"a": 1', DAMAGED),
        ("a.tsv", "#head\n", EMPTY),
        ("a.tsv", "## remark\n#head\nrow\n", PRESENT),
        ("a.bed", "# nothing\n", EMPTY),
        ("a.bed", "1\t0\t5\n", PRESENT),
        ("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", PRESENT),
        ("a.svg", "<svg>", DAMAGED),
        ("a.h5ad", "not HDF5", DAMAGED),
        ("a.parquet", "PAR1 cut", DAMAGED),
        ("a.parquet", "PAR1 complete PAR1", PRESENT),
        ("a.zip", "PK cut", DAMAGED),
        ("a.unknown", "", EMPTY),
        ("a.unknown", "x", PRESENT),
    ],
)
def test_state_of_small_files(tmp_path, name, text, state):
    (tmp_path / name).write_text(text)
    assert check_file(tmp_path / name).state == state


def test_missing_file_is_absent_and_empty_folder_empty(tmp_path):
    assert check_file(tmp_path / "none.bcf").state == ABSENT
    assert check_file(tmp_path).state == EMPTY


def test_complete_zip_is_present(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "b")
    assert check_file(tmp_path / "a.zip").state == PRESENT
