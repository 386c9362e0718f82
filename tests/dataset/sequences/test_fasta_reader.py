"""FASTA variants are detected by content and read to examples; invalid DNA is refused with its position."""

import gzip
import random
import struct

import numpy as np
import pytest

from examples_of_sequences import draw_bases, make_spec, reverse_complement_text, write_fasta
from readsight.dataset.sequences import fasta_reader, format_detection, loci, reading
from readsight.dataset.sequences.raw_examples import join_sets
from readsight.errors import InputError
from readsight.genome.codes import decode, encode


def collect_faults(function, *arguments) -> list[str]:
    with pytest.raises(InputError) as caught:
        function(*arguments)
    return caught.value.faults


def test_line_endings_case_and_compression_do_not_matter(tmp_path):
    rng = random.Random(1)
    sequences = {f"s{i}": draw_bases(rng, rng.randrange(1, 300)) for i in range(20)}
    text = "\r\n".join(
        line
        for name, s in sequences.items()
        for line in [f">{name} a description", *(s[i : i + 60] for i in range(0, len(s), 60)), ""]
    )
    (tmp_path / "a.txt").write_bytes(text.lower().replace("\r\n>s", "\r\n>s").encode())
    (tmp_path / "b.fa").write_bytes(gzip.compress(text.encode()))
    for name in ("a.txt", "b.fa"):
        path = str(tmp_path / name)
        assert format_detection.detect_format(path) == format_detection.FASTA
        records = fasta_reader.read_fasta(path)
        assert dict(zip(records.names, (s.decode().upper() for s in records.sequences), strict=True)) == sequences


@pytest.mark.parametrize(
    ("name", "description", "length", "locus"),
    [
        ("chr1:17036408-17036508", "", 100, ("chr1", 17036408, 17036508, ".")),
        ("chr1:17036409-17036508", "", 100, ("chr1", 17036408, 17036508, ".")),  # counted from 1
        ("chr1:100-200(-)", "", 100, ("chr1", 100, 200, "-")),
        ("peak7::chrX:100-200(+)", "", 100, ("chrX", 100, 200, "+")),
        ("2:1,000-2,000", "", 1000, ("2", 1000, 2000, ".")),
        ("CHR13_99137199_99137399", "", 200, ("chr13", 99137199, 99137399, ".")),
        ("CHRX_10_20_-", "", 10, ("chrX", 10, 20, "-")),
        ("hg19_ct_UserTrack_3545_1", "range=chr7:101-200 5'pad=0 strand=- repeatMasking=none", 100, ("chr7", 100, 200, "-")),
        ("HUMAN_DONOR_521", "", 60, ("", -1, -1, ".")),
        ("chr1:200-100", "", 100, ("", -1, -1, ".")),
    ],
)
def test_loci_are_parsed_from_names(name, description, length, locus):
    assert loci.parse_locus_name(name, description, length) == locus


def test_key_value_pairs_in_headers_are_columns(tmp_path):
    path = write_fasta(
        tmp_path / "a.fa", {"a label=yes donor=D1": "ACGTACGTAC", "b label=no donor=D2": "ACGTTCGTAC", "c": "CCCCCCCCCC"}
    )
    examples = reading.read_files([str(path)], make_spec({"path": path}))[0]
    assert examples.obs["label"].to_dict() == {"a": "yes", "b": "no"}
    assert examples.left_out == [f"{path}: 1 sequences without a label (c)"]


def test_ambiguity_codes_are_n_and_lower_case_is_masked(tmp_path):
    path = write_fasta(tmp_path / "a.fa", {"a": "ACGT" * 4 + "RYKMSWBDHVNX", "b": "acgt" + "ACGT" * 6})
    examples = reading.read_files([str(path)], make_spec({"path": path, "label": "x"}))[0]
    assert decode(examples.codes[0]) == "ACGT" * 4 + "N" * 12
    assert examples.obs["repeat"].tolist() == [12 / 28, 4 / 28]
    upper = write_fasta(tmp_path / "b.fa", {"a": "ACGTACGT"})
    assert np.isnan(reading.read_files([str(upper)], make_spec({"path": upper, "label": "x"}))[0].obs["repeat"]).all()


def test_repeated_name_gives_two_examples(tmp_path):
    path = tmp_path / "a.fa"
    path.write_text(">a\nACGTACGTAC\n>a\nACGTACGTAA\n>a-2\nACGTACGTAG\n")
    sets = reading.read_files([str(path), str(path)], make_spec({"path": path, "label": "x"}, {"path": path, "label": "y"}))
    names = join_sets(sets).obs.index
    assert names.is_unique and len(names) == 6 and names[0] == "a"


def test_reverse_strand_encodes_to_the_complement(tmp_path):
    sequence = draw_bases(random.Random(2), 200)
    assert (encode(reverse_complement_text(sequence)) == 3 - encode(sequence)[::-1]).all()


PROTEIN = "MKVLAAGIVGLCAKAYLEQHPEVKLTFNRS"
BAD = {
    "an invalid letter": (">a\nACGT\nACJT\n", "row 3, column 3: sequence 'a' has 'J', which is not a base"),
    "RNA": (">a\nACGUACGU\n", "row 2, column 4: sequence 'a' is RNA (it has U); write it as DNA, with T for U"),
    "a protein": (f">a\n{PROTEIN}\n", "sequence 'a' looks like a protein; DNA sequences are required"),
    "a protein of IUPAC letters": (">a\nMKRSVDHMKRSVDHMKRSVDH\n", "sequence 'a' looks like a protein"),
    "short proteins of IUPAC letters": (">a\nMKASVD\n>b\nKRSVTH\n", "most letters are not bases"),
    "gaps of an alignment": (">a\nACG--T\n", "row 2, column 4: sequence 'a' has alignment gaps; remove them"),
    "an empty sequence": (">a\n>b\nACGT\n", "row 1: sequence 'a' is empty; remove it"),
    "a sequence of N": (">a\nACGT\n>b\nNNNN\n", "row 3: sequence 'b' contains no known base (all are N); remove it"),
    "no name": ("> \nACGT\n", "row 1: a sequence has no name after '>'"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_invalid_dna_is_reported_with_its_position(tmp_path, text, message):
    (tmp_path / "a.fa").write_text(text)
    faults = collect_faults(fasta_reader.read_fasta, str(tmp_path / "a.fa"))
    assert any(message in fault and fault.startswith(str(tmp_path / "a.fa")) for fault in faults), faults


def test_many_faults_are_counted_not_listed(tmp_path):
    path = write_fasta(tmp_path / "a.fa", {f"s{i}": "ACGZACGTACGT" for i in range(400)} | {"r": "ACGUACGTACGT"})
    faults = collect_faults(fasta_reader.read_fasta, str(path))
    assert len(faults) == 7 and any("395 more" in fault for fault in faults) and any("RNA" in fault for fault in faults)


STRANGE = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "is empty"),
    "spreadsheet": (b"PK\x03\x04rest", "is a spreadsheet"),
    "reads": (b"@r1\nACGT\n+\nIIII\n", "is FASTQ"),
    "bigWig": (struct.pack("<I", 0x888FFC26) + b"\0" * 60, "is a bigWig; name it in sequences.signal"),
    "alignment": (gzip.compress(b"BAM\x01rest"), "is an alignment"),
    "cut gzip": (gzip.compress(b">a\nACGT\n" * 99)[:-9], "gzip is truncated or corrupt"),
    "comments": (b"# nothing\n", "contains only comments"),
    "bare sequences": (b"ACGTACGTACGTACGTACGTACGT\n" * 2, "set sequences.columns: [sequence]"),
}


@pytest.mark.parametrize(("content", "message"), STRANGE.values(), ids=STRANGE)
def test_files_without_examples_are_refused(tmp_path, content, message):
    (tmp_path / "x.fa").write_bytes(content)
    assert message in collect_faults(format_detection.detect_format, str(tmp_path / "x.fa"))[0]


KINDS = {
    "BED": ("chr1\t10\t20\nchr1\t30\t40\n", (), format_detection.BED),
    "BED after a track line": ("track name=x\nchr1\t10\t20\tp\t0\t+\n", (), format_detection.BED),
    "BED with a header": ("chrom\tstart\tend\tlabel\nchr1\t10\t20\tx\n", (), format_detection.BED),
    "table with loci": ("chrom\tstart\tend\tsequence\nchr1\t10\t14\tACGT\n", (), format_detection.TABLE),
    "table without a header": ("chr1\t10\t14\tACGT\n", ("chrom", "start", "end", "sequence"), format_detection.TABLE),
    "VCF": ("##fileformat=VCFv4.2\n#CHROM\tPOS\n", (), format_detection.VCF),
}


@pytest.mark.parametrize(("text", "columns", "kind"), KINDS.values(), ids=KINDS)
def test_format_is_detected_from_content(tmp_path, text, columns, kind):
    (tmp_path / "x.dat").write_text(text)
    assert format_detection.detect_format(str(tmp_path / "x.dat"), columns) == kind


def test_missing_label_is_reported_with_a_remedy(tmp_path):
    path = write_fasta(tmp_path / "a.fa", {"a lable=x": "ACGTACGT"})
    faults = collect_faults(reading.read_files, [str(path)], make_spec({"path": path}))
    assert faults[0].startswith("sequences.files.0.label:") and "did you mean 'lable'?" in faults[0]


def test_faults_of_all_files_are_reported_together(tmp_path):
    first, second = write_fasta(tmp_path / "a.fa", {"a": "ACGJ"}), write_fasta(tmp_path / "b.fa", {"b": "ACGU"})
    third = write_fasta(tmp_path / "c.fa", {"c": "ACGT"})
    faults = collect_faults(
        reading.read_files,
        [str(p) for p in (first, second, third)],
        make_spec({"path": first}, {"path": second}, {"path": third}),
    )
    assert len(faults) == 3 and [str(p) in f for p, f in zip((first, second, third), faults, strict=True)] == [True] * 3
