"""Paired windows differ only by the variant, at its position, and have equal length."""

import gzip
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.dataset.sequences import variant_windows
from readsight.errors import InputError
from readsight.genome.codes import decode
from readsight.genome.store import Genome

TEXT = "".join(np.random.default_rng(1).choice(list("ACGTacgt"), 400))
GENOME = Genome.from_text({"chr1": TEXT, "chr2": "ACGTN" * 40})
UPPER = TEXT.upper()
HEAD = '##fileformat=VCFv4.2\n##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=AD,Number=R,Type=Float,Description="x">\n##INFO=<ID=HIT,Number=0,Type=Flag,Description="x">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'


def make_spec(length: int = 40, **changed) -> dict:
    return {"label": "CLNSIG", "target": "classes", "length": length, "outside": "error", "by": "homology", "files": []} | changed


def substitute_base(base: str) -> str:
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def make_record(position: int, ref: str, alt: str, info: str = "CLNSIG=Benign", chrom: str = "chr1") -> str:
    """position: 0-based."""
    return f"{chrom}\t{position + 1}\t.\t{ref}\t{alt}\t.\tPASS\t{info}\n"


@pytest.fixture
def write(tmp_path):
    def write_file(*rows: str, compressed: bool = False):
        path = tmp_path / ("a.vcf.gz" if compressed else "a.vcf")
        data = (HEAD + "".join(rows)).encode()
        path.write_bytes(gzip.compress(data) if compressed else data)
        return path

    return write_file


def decode_pairs(examples) -> tuple[list[str], list[str]]:
    length = examples.codes.shape[1] // 2
    return [decode(row[:length]) for row in examples.codes], [decode(row[length:]) for row in examples.codes]


@pytest.mark.parametrize("compressed", [False, True])
def test_substitution_changes_only_the_middle_base(write, compressed):
    alt = substitute_base(UPPER[100])
    examples = variant_windows.read_variant_windows(
        write(make_record(100, UPPER[100], alt, "X=1;CLNSIG=Pathogenic"), compressed=compressed), GENOME, make_spec()
    )
    reference, alternative = decode_pairs(examples)
    assert examples.is_paired and reference == [UPPER[80:120]] and alternative == [UPPER[80:100] + alt + UPPER[101:120]]
    assert examples.obs["label"].tolist() == ["Pathogenic"] and examples.obs.index.tolist() == [f"chr1:101:{UPPER[100]}:{alt}"]
    assert examples.obs[["chrom", "start", "end", "strand"]].to_numpy().tolist() == [["chr1", 80, 120, "+"]]


@pytest.mark.parametrize("length", [40, 41])
def test_indels_take_their_flanks_from_the_genome(write, length):
    deletion = make_record(100, UPPER[100:106], UPPER[100])
    insert = "TTGGA" if UPPER[201] != "T" else "GTGGA"
    insertion = make_record(200, UPPER[200], UPPER[200] + insert)
    reference, alternative = decode_pairs(
        variant_windows.read_variant_windows(write(deletion, insertion), GENOME, make_spec(length))
    )
    left, right = length // 2, length - length // 2
    assert {len(window) for window in (*reference, *alternative)} == {length}
    start, ref, _ = variant_windows.trim_alleles(100, UPPER[100:106], UPPER[100])
    assert reference[0] == UPPER[start - left : start + right]
    assert alternative[0] == UPPER[start - left : start] + UPPER[start + len(ref) : start + len(ref) + right]
    start, _, alt = variant_windows.trim_alleles(200, UPPER[200], UPPER[200] + insert)
    assert reference[1] == UPPER[start - left : start + right]
    assert alternative[1] == UPPER[start - left : start] + alt + UPPER[start : start + right - 5]


@given(st.integers(60, 320), st.integers(1, 12), st.text("ACGT", min_size=1, max_size=12), st.integers(30, 51))
def test_alternative_window_matches_the_edited_genome(position, size, alt, length):
    ref = UPPER[position : position + size]
    alleles = variant_windows.Alleles(["chr1"], [position], [ref], [alt], [1])
    if ref == alt:
        return
    pair = variant_windows._cut_windows("a.vcf", alleles, ["v"], {}, length, GENOME, make_spec(length))
    reference, alternative = (window[0] for window in decode_pairs(pair))
    changed = UPPER[:position] + alt + UPPER[position + size :]
    start = int(pair.obs["start"].iloc[0])
    assert reference == UPPER[start : start + length] and alternative == changed[start : start + length]
    assert reference[: length // 2] == alternative[: length // 2]


@given(
    st.text("ACGT", min_size=1, max_size=8),
    st.text("ACGT", min_size=1, max_size=8),
    st.text("ACGT", max_size=4),
    st.text("ACGT", max_size=4),
)
def test_shared_flanks_are_trimmed(ref, alt, before, after):
    if ref == alt:
        return
    position, trimmed_ref, trimmed_alt = variant_windows.trim_alleles(50, before + ref + after, before + alt + after)
    assert (before + ref + after)[: position - 50] + trimmed_alt + (before + ref + after)[
        position - 50 + len(trimmed_ref) :
    ] == before + alt + after
    assert not (trimmed_ref and trimmed_alt) or (trimmed_ref[0] != trimmed_alt[0] and trimmed_ref[-1] != trimmed_alt[-1])


def test_swapping_alleles_swaps_the_windows(write):
    ref, alt = UPPER[100], substitute_base(UPPER[100])
    forward = variant_windows.read_variant_windows(write(make_record(100, ref, alt)), GENOME, make_spec())
    edited_genome = Genome.from_text({"chr1": TEXT[:100] + alt + TEXT[101:]})
    reverse = variant_windows.read_variant_windows(write(make_record(100, alt, ref)), edited_genome, make_spec())
    assert np.array_equal(forward.codes[:, :40], reverse.codes[:, 40:]) and np.array_equal(
        forward.codes[:, 40:], reverse.codes[:, :40]
    )


def test_each_alternative_allele_is_an_example(write):
    ref = UPPER[100]
    alts = [base for base in "ACGT" if base != ref]
    path = write(
        make_record(100, ref, ",".join(alts), "CLNSIG=a;AF=0.1,0.2,0.3;AD=9,1,2,3"),
        make_record(150, UPPER[150], substitute_base(UPPER[150]), "CLNSIG=b;AF=1;HIT"),
    )
    assert variant_windows.read_variant_windows(path, GENOME, make_spec()).obs["label"].tolist() == ["a", "a", "a", "b"]
    assert variant_windows.read_variant_windows(path, GENOME, make_spec(label="AF", target="score")).obs["label"].tolist() == [
        "0.1",
        "0.2",
        "0.3",
        "1",
    ]
    assert variant_windows.read_variant_windows(path, GENOME, make_spec(label="HIT")).obs["label"].tolist() == [
        "0",
        "0",
        "0",
        "1",
    ]
    several = variant_windows.read_variant_windows(path, GENOME, make_spec(label=["HIT", "clnsig"]))
    assert several.obs["label.1"].tolist() == ["a", "a", "a", "b"]
    both = variant_windows.read_variant_windows(path, GENOME, make_spec(label="AD", target="score"))
    assert both.obs["label"].tolist() == ["1", "2", "3"] and "1 alleles without a label" in both.left_out[0]
    assert variant_windows.read_variant_windows(path, GENOME, make_spec(by="group", column="CLNSIG"), "all").obs[
        "group"
    ].tolist() == [
        "a",
        "a",
        "a",
        "b",
    ]
    assert set(variant_windows.read_variant_windows(path, GENOME, make_spec(), "benign").obs["label"]) == {"benign"}


def test_alleles_without_sequence_are_excluded_and_named(write):
    ref = UPPER[100]
    unsupported = [f"{ref},*", "<DEL>", f"{ref}[chr2:5[", f".{ref}", ".", "*", ref + "A" * 30]
    path = write(*(make_record(100, ref, alt) for alt in unsupported), make_record(150, UPPER[150], substitute_base(UPPER[150])))
    examples = variant_windows.read_variant_windows(path, GENOME, make_spec())
    assert len(examples) == 1
    messages = "\n".join(examples.left_out)
    for message in (
        "2 star alleles",
        "1 symbolic alleles (chr1:101:",
        "2 breakends",
        "2 alleles that change nothing",
        "1 alleles longer than 20 bases",
    ):
        assert message in messages, message
    with pytest.raises(InputError, match="contains no allele with a window .1 symbolic alleles"):
        variant_windows.read_variant_windows(write(make_record(100, ref, "<DUP>")), GENOME, make_spec())


def test_every_reference_mismatch_is_listed(write):
    mismatched = [make_record(position, substitute_base(UPPER[position]), UPPER[position]) for position in (100, 120, 140)]
    matching = [make_record(position, UPPER[position].lower(), substitute_base(UPPER[position])) for position in (110, 130)]
    with pytest.raises(InputError) as error:
        variant_windows.read_variant_windows(write(*mismatched, *matching), GENOME, make_spec())
    faults = error.value.faults
    assert [fault.split(":")[0].rpartition("a.vcf, ")[2] for fault in faults[:3]] == [
        f"row {row}, column REF" for row in (6, 7, 8)
    ]
    assert f"where the genome has '{UPPER[100]}'" in faults[0] and "3 of 5 records" in faults[3] and len(faults) == 4


def test_genomic_n_matches_any_reference_allele(write):
    assert len(variant_windows.read_variant_windows(write(make_record(104, "A", "G", chrom="chr2")), GENOME, make_spec())) == 1


def test_windows_past_the_end_by_policy(write):
    path = write(
        make_record(5, UPPER[5], substitute_base(UPPER[5])),
        make_record(100, UPPER[100], substitute_base(UPPER[100])),
        make_record(378, UPPER[378:383], UPPER[378]),
    )
    with pytest.raises(InputError, match="chr1:-15-25 reaches past") as error:
        variant_windows.read_variant_windows(path, GENOME, make_spec())
    assert re.search(r"chr1:35[89]-40[23] reaches past", str(error.value))
    padded = variant_windows.read_variant_windows(path, GENOME, make_spec(outside="pad"))
    reference, alternative = decode_pairs(padded)
    assert reference[0] == "N" * 15 + UPPER[:25] and not reference[2].endswith("N") and alternative[2].endswith("NN")
    dropped = variant_windows.read_variant_windows(path, GENOME, make_spec(outside="drop"))
    assert dropped.obs["start"].tolist() == [80] and "2 alleles whose window reaches past" in dropped.left_out[0]


@pytest.mark.parametrize(
    "row, message",
    [
        ("chr1\t101\t.\tA\n", "row 7: has 4 columns"),
        ("chr1\tx\t.\tA\tC\t.\t.\tCLNSIG=a\n", "row 7: column POS: 'x' is not a position"),
        ("chr1\t101\t.\tJ\tC\t.\t.\tCLNSIG=a\n", "row 7: column REF: 'J' contains letters"),
        (make_record(100, "A", "C", chrom="1"), "named as '1' there but as 'chr1' in the genome"),
        (make_record(399, UPPER[399] + "ACG", "C"), "row 7: chr1:400 reaches past the end of its contig"),
    ],
)
def test_faults_name_file_and_row(write, row, message):
    with pytest.raises(InputError, match=message) as error:
        variant_windows.read_variant_windows(
            write(make_record(100, UPPER[100], substitute_base(UPPER[100])), row), GENOME, make_spec()
        )
    assert "a.vcf" in str(error.value)


def test_missing_keys_and_invalid_files_are_refused(write, tmp_path):
    path = write(make_record(100, UPPER[100], substitute_base(UPPER[100]), "CLNSIG=a;GENE=b"))
    with pytest.raises(InputError, match="label: .*a.vcf has no INFO key 'CLNSGI'; did you mean 'CLNSIG'"):
        variant_windows.read_variant_windows(path, GENOME, make_spec(label="CLNSGI"))
    (tmp_path / "b.vcf").write_text("chr1\t5\t6\n")
    with pytest.raises(InputError, match="row 1: is not VCF"):
        variant_windows.read_variant_windows(tmp_path / "b.vcf", GENOME, make_spec())
    truncated = write(
        *(make_record(100 + i, UPPER[100 + i], substitute_base(UPPER[100 + i])) for i in range(50)), compressed=True
    )
    truncated.write_bytes(truncated.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated or corrupt"):
        variant_windows.read_variant_windows(truncated, GENOME, make_spec())


def test_bcf_gives_the_same_as_vcf(write, tmp_path):
    pysam = pytest.importorskip("pysam")
    path = write(
        make_record(100, UPPER[100], substitute_base(UPPER[100]), "AF=0.5"),
        make_record(120, UPPER[120:125], UPPER[120], "AF=0.25"),
    )
    path.write_text(path.read_text().replace("#CHROM", "##contig=<ID=chr1,length=400>\n#CHROM"))
    with pysam.VariantFile(str(path)) as source, pysam.VariantFile(str(tmp_path / "a.bcf"), "wb", header=source.header) as out:
        for variant in source:
            out.write(variant)
    text, binary = (
        variant_windows.read_variant_windows(file, GENOME, make_spec(label="AF", target="score"))
        for file in (path, tmp_path / "a.bcf")
    )
    assert np.array_equal(text.codes, binary.codes) and text.obs.drop(columns="repeat").equals(binary.obs.drop(columns="repeat"))
