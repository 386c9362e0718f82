"""Files looked into: whole against cut off, something against nothing."""

import json
import shutil
import struct
import subprocess
import zipfile

import pytest

from readsight.report import file_checks
from readsight.report.file_checks import ABSENT, CRAM_END, DAMAGED, EMPTY, THERE, look

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
def test_calls_are_counted_alike_from_index_and_from_records(tmp_path, name, form, index):
    path = tmp_path / name
    write_calls(path, CALLS, form)
    if index:
        subprocess.run(["bcftools", "index", *index, path], check=True)
    assert look(path) == file_checks.Content(THERE, "4 calls")


def test_no_call_is_said(tmp_path):
    path = tmp_path / "a.bcf"
    write_calls(path, [], "b")
    assert look(path) == file_checks.Content(EMPTY, "0 calls")
    subprocess.run(["bcftools", "index", path], check=True)
    assert look(path) == file_checks.Content(EMPTY, "0 calls")


def test_a_cut_file_of_calls_is_damaged_even_with_its_index(tmp_path):
    path = tmp_path / "a.bcf"
    write_calls(path, CALLS, "b")
    subprocess.run(["bcftools", "index", path], check=True)
    path.write_bytes(path.read_bytes()[:-30])
    assert look(path).state == DAMAGED


@pytest.mark.parametrize("mapped, state", [(7, THERE), (0, EMPTY)])
def test_an_alignment_of_which_nothing_maps_is_empty(tmp_path, mapped, state):
    (tmp_path / "s.cram").write_bytes(b"CRAM" + CRAM_END)
    (tmp_path / "s.stats.txt").write_text(f"# made by\nSN\traw total sequences:\t10\t# x\nSN\treads mapped:\t{mapped}\n")
    assert look(tmp_path / "s.cram") == file_checks.Content(state, f"{mapped} of 10 reads mapped")
    (tmp_path / "s.cram").write_bytes(b"CRAM" + CRAM_END[:-1])
    assert look(tmp_path / "s.cram").state == DAMAGED


def safetensors(path, missing=0):
    head = json.dumps({"__metadata__": {}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * (8 - missing))
    return path


def test_tensors_are_counted_and_a_cut_file_is_damaged(tmp_path):
    assert look(safetensors(tmp_path / "m.safetensors")) == file_checks.Content(THERE, "1 tensor")
    assert look(safetensors(tmp_path / "n.safetensors", missing=3)).state == DAMAGED


@pytest.mark.parametrize(
    "name, text, state",
    [
        ("a.json", "[1, 2]", THERE),
        ("a.json", "[]", EMPTY),
        ("a.json", '{"a": 1', DAMAGED),
        ("a.tsv", "#head\n", EMPTY),
        ("a.tsv", "## remark\n#head\nrow\n", THERE),
        ("a.bed", "# nothing\n", EMPTY),
        ("a.bed", "1\t0\t5\n", THERE),
        ("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", THERE),
        ("a.svg", "<svg>", DAMAGED),
        ("a.h5ad", "not HDF5", DAMAGED),
        ("a.parquet", "PAR1 cut", DAMAGED),
        ("a.parquet", "PAR1 whole PAR1", THERE),
        ("a.zip", "PK cut", DAMAGED),
        ("a.unknown", "", EMPTY),
        ("a.unknown", "x", THERE),
    ],
)
def test_state_of_small_files(tmp_path, name, text, state):
    (tmp_path / name).write_text(text)
    assert look(tmp_path / name).state == state


def test_what_is_not_there_is_absent_and_an_empty_folder_is_empty(tmp_path):
    assert look(tmp_path / "none.bcf").state == ABSENT
    assert look(tmp_path).state == EMPTY


def test_a_whole_zip_is_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "b")
    assert look(tmp_path / "a.zip").state == THERE
