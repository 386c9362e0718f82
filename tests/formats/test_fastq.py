"""Damaged, swapped and foreign read files are recognised, and valid files of every style pass."""

import gzip
import random

import pytest

from readsight.errors import InputError
from readsight.formats.fastq import check_unit

HIGH = {"33": "IIIIFFFF:::#", "64": "hhhhgggfffBB"}


def make_reads(n=50, mate="/1", seed=1, quality="33", length=60, name="run:1:{i}"):
    """FASTQ text of random reads; `{i}` in the name counts them."""
    rng = random.Random(seed)
    records = []
    for i in range(n):
        bases = "".join(rng.choices("ACGT", k=length))
        scores = "".join(rng.choices(HIGH[quality], k=length))
        records.append(f"@{name.format(i=i)}{mate}\n{bases}\n+\n{scores}\n")
    return records


def write_reads(path, records, packed=True):
    data = records if isinstance(records, bytes) else "".join(records).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def collect_faults(*paths, limit=None):
    with pytest.raises(InputError) as error:
        check_unit(list(paths), limit)
    return error.value.faults


@pytest.fixture
def pair(tmp_path):
    def write_pair(first, second):
        return write_reads(tmp_path / "a_1.fastq.gz", first), write_reads(tmp_path / "a_2.fastq.gz", second)

    return write_pair


def test_counts_and_lengths_are_those_of_the_file(tmp_path):
    records = make_reads(10, length=30) + make_reads(5, length=70)
    path = write_reads(tmp_path / "a.fastq.gz", records)
    assert check_unit([path]) == {"reads": 15, "bases": 650, "min_length": 30, "max_length": 70, "offset": 33}


@pytest.mark.parametrize(
    "suffixes",
    [
        ("/1", "/2"),
        (" 1:N:0:ACGT", " 2:N:0:ACGT"),
        (" 1:N:0:ACGT", " 2:Y:0:TTTT"),
        ("", ""),
        ("/1 x=1", "/2 x=2"),
        (".1", ".1"),
    ],
)
def test_every_style_of_mate_name_passes(pair, suffixes):
    name = "SRR1.{i}"
    result = check_unit(list(pair(make_reads(mate=suffixes[0], name=name), make_reads(mate=suffixes[1], seed=2, name=name))))
    assert result["reads"] == 100


def test_sra_mate_numbers_are_refused(pair):
    """bwa mem ends with `paired reads have different names` on these."""
    (fault,) = collect_faults(*pair(make_reads(mate=".1", name="SRR1.{i}"), make_reads(mate=".2", name="SRR1.{i}", seed=2)))
    assert "end in .1 and .2 (SRR1.0.1, SRR1.0.2)" in fault and "--readids" in fault and "sed -E" in fault
    shuffled = make_reads(mate=".2", name="SRR1.{i}", seed=2)[::-1]
    assert "SRR1.0.1 against SRR1.49.2" in collect_faults(*pair(make_reads(mate=".1", name="SRR1.{i}"), shuffled))[0]


def test_plain_bgzipped_and_concatenated_files_pass(tmp_path):
    plain = write_reads(tmp_path / "a.fastq", make_reads(), packed=False)
    blocks = write_reads(tmp_path / "b.fastq.gz", make_reads(20))
    blocks.write_bytes(b"".join(gzip.compress(r.encode()) for r in make_reads(20)) + gzip.compress(b"") + b"\0" * 9)
    assert check_unit([plain])["reads"] == 50
    assert check_unit([blocks])["reads"] == 20


def test_missing_newline_and_trailing_blank_lines_pass(tmp_path):
    text = "".join(make_reads(3)).rstrip("\n")
    assert check_unit([write_reads(tmp_path / "a.fastq", text.encode(), packed=False)])["reads"] == 3
    assert check_unit([write_reads(tmp_path / "b.fastq", (text + "\n\n\n").encode(), packed=False)])["reads"] == 3


def test_truncated_gzip(tmp_path):
    path = write_reads(tmp_path / "a.fastq.gz", make_reads(2000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    (fault,) = collect_faults(path)
    assert str(path) in fault and "gzip is truncated" in fault and "get the file again" in fault


def test_corrupt_gzip(tmp_path):
    path = write_reads(tmp_path / "a.fastq.gz", make_reads(2000))
    data = bytearray(path.read_bytes())
    data[-6] ^= 255  # the checksum
    path.write_bytes(data)
    (fault,) = collect_faults(path)
    assert "gzip is corrupt" in fault


def test_record_cut_off_names_read_and_line(tmp_path):
    records = make_reads(8)
    path = write_reads(tmp_path / "a.fastq.gz", "".join(records[:7] + records[7].splitlines(keepends=True)[:2]).encode())
    (fault,) = collect_faults(path)
    assert "read 8 (run:1:7/1) is truncated" in fault and "line 30" in fault and "line 2 of the read's 4" in fault
    path = write_reads(tmp_path / "b.fastq.gz", "".join(records).encode()[:-20])
    (fault,) = collect_faults(path)
    assert "read 8" in fault and "line 4 of the read's 4" in fault


def test_unequal_sequence_and_quality_name_the_line(tmp_path):
    records = make_reads(8)
    records[4] = records[4].rstrip("\n")[:-3] + "\n"
    (fault,) = collect_faults(write_reads(tmp_path / "a.fastq.gz", records))
    assert "line 20" in fault and "read 5" in fault and "60 bases but 57 qualities" in fault


def test_letters_that_are_no_bases(tmp_path):
    records = make_reads(8)
    lines = records[2].split("\n")
    lines[1] = "ACG!" + lines[1][4:]
    records[2] = "\n".join(lines)
    (fault,) = collect_faults(write_reads(tmp_path / "a.fastq.gz", records))
    assert "line 10" in fault and "'!' in column 4" in fault


def test_iupac_codes_and_lower_case_pass(tmp_path):
    path = write_reads(tmp_path / "a.fastq", b"@a\nACGTNRYSWKMBDHVacgtn\n+\nIIIIIIIIIIIIIIIIIII#\n", packed=False)
    assert check_unit([path])["bases"] == 20


def test_offset_64_is_named_with_its_conversion(tmp_path):
    (fault,) = collect_faults(write_reads(tmp_path / "a.fastq.gz", make_reads(quality="64")))
    assert "offset 64" in fault and "'B' to 'h'" in fault and "seqtk seq -Q64" in fault


@pytest.mark.parametrize("high", ["I", "K", "~"])
def test_uniform_high_qualities_of_offset_33_pass(tmp_path, high):
    records = [f"@r{i}\nACGTA\n+\n{high * 5}\n" for i in range(9)]
    assert check_unit([write_reads(tmp_path / "a.fastq.gz", records)])["offset"] == 33


def test_empty_and_missing_files(tmp_path):
    (tmp_path / "a.fastq.gz").touch()
    assert "is empty (0 bytes)" in collect_faults(tmp_path / "a.fastq.gz")[0]
    assert "has no reads" in collect_faults(write_reads(tmp_path / "b.fastq.gz", b""))[0]
    assert "there is no such file" in collect_faults(tmp_path / "c.fastq.gz")[0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b">chr1\nACGT\n", "FASTA"),
        (b"BZh91AY", "bzip2"),
        (b"<!DOCTYPE html>", "download that failed"),
        (b"\x00\x01\x02", "binary"),
        (b"hello\n" * 8, "begin with '@'"),
    ],
)
def test_files_of_another_kind_are_recognised(tmp_path, data, expected):
    assert expected in collect_faults(write_reads(tmp_path / "a.fastq", data, packed=False))[0]
    if data[:1] != b"B":
        assert expected in collect_faults(write_reads(tmp_path / "b.fastq.gz", data))[0]


def test_a_bam_is_sent_to_its_column(tmp_path):
    assert "column bam" in collect_faults(write_reads(tmp_path / "a.fastq.gz", b"BAM\x01" + b"\0" * 40))[0]


def test_name_and_content_disagree_on_compression(tmp_path):
    assert "does not end in .gz" in collect_faults(write_reads(tmp_path / "a.fastq", make_reads()))[0]
    assert "ends in .gz" in collect_faults(write_reads(tmp_path / "b.fastq.gz", make_reads(), packed=False))[0]


def test_unequal_mates_give_both_counts(pair):
    faults = collect_faults(*pair(make_reads(50), make_reads(47, mate="/2", seed=2)))
    assert any("has 50 reads" in f and "has 47" in f and "equal in number" in f for f in faults)


def test_shuffled_mates_name_the_first_read_that_disagrees(pair):
    two = make_reads(mate="/2", seed=2)
    two[3], two[9] = two[9], two[3]
    (fault,) = collect_faults(*pair(make_reads(), two))
    assert "disagree at read 4" in fault and "line 13" in fault and "run:1:3/1 against run:1:9/2" in fault and "shuffled" in fault


def test_unrelated_reads_are_not_mates(pair):
    (fault,) = collect_faults(*pair(make_reads(), make_reads(mate="/2", seed=2, name="other:{i}")))
    assert "disagree at read 1" in fault and "not mates" in fault


@pytest.mark.parametrize("suffixes", [("/2", "/1"), (" 2:N:0:AC", " 1:N:0:AC")])
def test_swapped_columns(pair, suffixes):
    (fault,) = collect_faults(*pair(make_reads(mate=suffixes[0]), make_reads(mate=suffixes[1], seed=2)))
    assert "swap the two columns" in fault


def test_first_mates_twice_and_a_copy(pair):
    assert any("both files have the first mates" in f for f in collect_faults(*pair(make_reads(), make_reads(seed=2))))
    assert "one is a copy" in collect_faults(*pair(make_reads(mate=""), make_reads(mate="")))[0]


def test_same_file_twice(pair):
    one, _ = pair(make_reads(), make_reads())
    assert "given as both fastq_1 and fastq_2" in collect_faults(one, one)[0]


def test_interleaved_pairs_in_one_file(tmp_path):
    both = [r for two in zip(make_reads(), make_reads(mate="/2", seed=2), strict=True) for r in two]
    assert "interleaved" in collect_faults(write_reads(tmp_path / "a.fastq.gz", both))[0]


def test_windows_line_ends(tmp_path):
    assert (
        "dos2unix"
        in collect_faults(write_reads(tmp_path / "a.fastq.gz", "".join(make_reads()).replace("\n", "\r\n").encode()))[0]
    )


def test_faults_of_both_files_come_at_once(pair, tmp_path):
    one, two = pair(make_reads(quality="64"), make_reads(mate="/2", seed=2))
    two.write_bytes(two.read_bytes()[:-30])
    faults = collect_faults(one, two)
    assert any("offset 64" in f for f in faults) and any("truncated" in f for f in faults)


def test_limit_reads_only_the_head(pair):
    two = make_reads(mate="/2", seed=2)[:30]
    assert check_unit(list(pair(make_reads(), two)), limit=20)["reads"] == 40


def test_blocks_do_not_change_the_result(pair, monkeypatch):
    """Any block size gives the same counts, and the same fault at the same read."""
    import readsight.formats.fastq as module

    one, two = pair(make_reads(300), make_reads(300, mate="/2", seed=2, length=77))
    expected = check_unit([one, two])
    broken = make_reads(300, mate="/2", seed=2)
    broken[200], broken[201] = broken[201], broken[200]
    for block in (64, 1000, 5000):
        monkeypatch.setattr(module, "BLOCK", block)
        monkeypatch.setattr(module, "RAW_BLOCK", block)
        assert check_unit(list(pair(make_reads(300), make_reads(300, mate="/2", seed=2, length=77)))) == expected
        (fault,) = collect_faults(*pair(make_reads(300), broken))
        assert "disagree at read 201" in fault
