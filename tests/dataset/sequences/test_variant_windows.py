"""Windows of variants differ by the variant, at its place, and are of one length."""

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
GENOME = Genome.of({"chr1": TEXT, "chr2": "ACGTN" * 40})
UPPER = TEXT.upper()
HEAD = '##fileformat=VCFv4.2\n##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=AD,Number=R,Type=Float,Description="x">\n##INFO=<ID=HIT,Number=0,Type=Flag,Description="x">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'


def spec(length: int = 40, **other) -> dict:
    return {"label": "CLNSIG", "target": "classes", "length": length, "outside": "error", "by": "homology", "files": []} | other


def other_base(base: str) -> str:
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def record(position: int, ref: str, alt: str, info: str = "CLNSIG=Benign", chrom: str = "chr1") -> str:
    """position: 0-based."""
    return f"{chrom}\t{position + 1}\t.\t{ref}\t{alt}\t.\tPASS\t{info}\n"


@pytest.fixture
def write(tmp_path):
    def made(*rows: str, packed: bool = False):
        path = tmp_path / ("a.vcf.gz" if packed else "a.vcf")
        data = (HEAD + "".join(rows)).encode()
        path.write_bytes(gzip.compress(data) if packed else data)
        return path

    return made


def halves(found) -> tuple[list[str], list[str]]:
    length = found.codes.shape[1] // 2
    return [decode(row[:length]) for row in found.codes], [decode(row[length:]) for row in found.codes]


@pytest.mark.parametrize("packed", [False, True])
def test_a_substitution_changes_the_middle_base_alone(write, packed):
    alt = other_base(UPPER[100])
    found = variant_windows.read(write(record(100, UPPER[100], alt, "X=1;CLNSIG=Pathogenic"), packed=packed), GENOME, spec())
    reference, alternative = halves(found)
    assert found.pair and reference == [UPPER[80:120]] and alternative == [UPPER[80:100] + alt + UPPER[101:120]]
    assert found.obs["label"].tolist() == ["Pathogenic"] and found.obs.index.tolist() == [f"chr1:101:{UPPER[100]}:{alt}"]
    assert found.obs[["chrom", "start", "end", "strand"]].to_numpy().tolist() == [["chr1", 80, 120, "+"]]


@pytest.mark.parametrize("length", [40, 41])
def test_indels_take_their_flanks_from_the_genome(write, length):
    gone = record(100, UPPER[100:106], UPPER[100])
    insert = "TTGGA" if UPPER[201] != "T" else "GTGGA"
    come = record(200, UPPER[200], UPPER[200] + insert)
    reference, alternative = halves(variant_windows.read(write(gone, come), GENOME, spec(length)))
    left, right = length // 2, length - length // 2
    assert {len(window) for window in (*reference, *alternative)} == {length}
    start, ref, _ = variant_windows.trimmed(100, UPPER[100:106], UPPER[100])
    assert reference[0] == UPPER[start - left : start + right]
    assert alternative[0] == UPPER[start - left : start] + UPPER[start + len(ref) : start + len(ref) + right]
    start, _, alt = variant_windows.trimmed(200, UPPER[200], UPPER[200] + insert)
    assert reference[1] == UPPER[start - left : start + right]
    assert alternative[1] == UPPER[start - left : start] + alt + UPPER[start : start + right - 5]


@given(st.integers(60, 320), st.integers(1, 12), st.text("ACGT", min_size=1, max_size=12), st.integers(30, 51))
def test_any_allele_gives_the_changed_genome_around_it(position, size, alt, length):
    ref = UPPER[position : position + size]
    found = variant_windows.Alleles(["chr1"], [position], [ref], [alt], [1])
    if ref == alt:
        return
    pair = variant_windows._cut("a.vcf", found, ["v"], {}, length, GENOME, spec(length))
    reference, alternative = (window[0] for window in halves(pair))
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
def test_shared_bases_around_a_change_do_not_move_it(ref, alt, before, behind):
    if ref == alt:
        return
    position, own_ref, own_alt = variant_windows.trimmed(50, before + ref + behind, before + alt + behind)
    assert (before + ref + behind)[: position - 50] + own_alt + (before + ref + behind)[
        position - 50 + len(own_ref) :
    ] == before + alt + behind
    assert not (own_ref and own_alt) or (own_ref[0] != own_alt[0] and own_ref[-1] != own_alt[-1])


def test_reference_and_alternative_swapped_swap_the_windows(write):
    ref, alt = UPPER[100], other_base(UPPER[100])
    forward = variant_windows.read(write(record(100, ref, alt)), GENOME, spec())
    swapped = Genome.of({"chr1": TEXT[:100] + alt + TEXT[101:]})
    back = variant_windows.read(write(record(100, alt, ref)), swapped, spec())
    assert np.array_equal(forward.codes[:, :40], back.codes[:, 40:]) and np.array_equal(forward.codes[:, 40:], back.codes[:, :40])


def test_each_alternative_allele_is_an_example_with_its_own_values(write):
    ref = UPPER[100]
    alts = [base for base in "ACGT" if base != ref]
    path = write(
        record(100, ref, ",".join(alts), "CLNSIG=a;AF=0.1,0.2,0.3;AD=9,1,2,3"),
        record(150, UPPER[150], other_base(UPPER[150]), "CLNSIG=b;AF=1;HIT"),
    )
    assert variant_windows.read(path, GENOME, spec()).obs["label"].tolist() == ["a", "a", "a", "b"]
    assert variant_windows.read(path, GENOME, spec(label="AF", target="score")).obs["label"].tolist() == [
        "0.1",
        "0.2",
        "0.3",
        "1",
    ]
    assert variant_windows.read(path, GENOME, spec(label="HIT")).obs["label"].tolist() == ["0", "0", "0", "1"]
    several = variant_windows.read(path, GENOME, spec(label=["HIT", "clnsig"]))
    assert several.obs["label.1"].tolist() == ["a", "a", "a", "b"]
    both = variant_windows.read(path, GENOME, spec(label="AD", target="score"))
    assert both.obs["label"].tolist() == ["1", "2", "3"] and "1 alleles without a label" in both.left_out[0]
    assert variant_windows.read(path, GENOME, spec(by="group", column="CLNSIG"), "all").obs["group"].tolist() == [
        "a",
        "a",
        "a",
        "b",
    ]
    assert set(variant_windows.read(path, GENOME, spec(), "benign").obs["label"]) == {"benign"}


def test_what_has_no_sequence_is_left_out_and_named(write):
    ref = UPPER[100]
    odd = [f"{ref},*", "<DEL>", f"{ref}[chr2:5[", f".{ref}", ".", "*", ref + "A" * 30]
    path = write(*(record(100, ref, alt) for alt in odd), record(150, UPPER[150], other_base(UPPER[150])))
    found = variant_windows.read(path, GENOME, spec())
    assert len(found) == 1
    said = "\n".join(found.left_out)
    for words in (
        "2 star alleles",
        "1 symbolic alleles (chr1:101:",
        "2 breakends",
        "2 alleles that change nothing",
        "1 alleles of more than 20 bases",
    ):
        assert words in said, words
    with pytest.raises(InputError, match="holds no allele that a window can be cut for .1 symbolic alleles"):
        variant_windows.read(write(record(100, ref, "<DUP>")), GENOME, spec())


def test_every_reference_allele_that_is_not_the_genomes_is_listed(write):
    wrong = [record(at, other_base(UPPER[at]), UPPER[at]) for at in (100, 120, 140)]
    right = [record(at, UPPER[at].lower(), other_base(UPPER[at])) for at in (110, 130)]
    with pytest.raises(InputError) as error:
        variant_windows.read(write(*wrong, *right), GENOME, spec())
    faults = error.value.faults
    assert [fault.split(":")[0].rpartition("a.vcf, ")[2] for fault in faults[:3]] == [
        f"row {row}, column REF" for row in (6, 7, 8)
    ]
    assert f"where the genome has '{UPPER[100]}'" in faults[0] and "3 of 5 records" in faults[3] and len(faults) == 4


def test_n_of_the_genome_agrees_with_any_reference_allele(write):
    assert len(variant_windows.read(write(record(104, "A", "G", chrom="chr2")), GENOME, spec())) == 1


def test_windows_past_the_end_by_policy(write):
    path = write(
        record(5, UPPER[5], other_base(UPPER[5])),
        record(100, UPPER[100], other_base(UPPER[100])),
        record(378, UPPER[378:383], UPPER[378]),
    )
    with pytest.raises(InputError, match="chr1:-15-25 reaches past") as error:
        variant_windows.read(path, GENOME, spec())
    assert re.search(r"chr1:35[89]-40[23] reaches past", str(error.value))
    padded = variant_windows.read(path, GENOME, spec(outside="pad"))
    reference, alternative = halves(padded)
    assert reference[0] == "N" * 15 + UPPER[:25] and not reference[2].endswith("N") and alternative[2].endswith("NN")
    dropped = variant_windows.read(path, GENOME, spec(outside="drop"))
    assert dropped.obs["start"].tolist() == [80] and "2 alleles whose window reaches past" in dropped.left_out[0]


@pytest.mark.parametrize(
    "row, words",
    [
        ("chr1\t101\t.\tA\n", "row 7: has 4 columns"),
        ("chr1\tx\t.\tA\tC\t.\t.\tCLNSIG=a\n", "row 7: column POS: 'x' is no position"),
        ("chr1\t101\t.\tJ\tC\t.\t.\tCLNSIG=a\n", "row 7: column REF: 'J' holds letters"),
        (record(100, "A", "C", chrom="1"), "named as '1' there but as 'chr1' in the genome"),
        (record(399, UPPER[399] + "ACG", "C"), "row 7: chr1:400 reaches past the end of its contig"),
    ],
)
def test_faults_name_file_and_row(write, row, words):
    with pytest.raises(InputError, match=words) as error:
        variant_windows.read(write(record(100, UPPER[100], other_base(UPPER[100])), row), GENOME, spec())
    assert "a.vcf" in str(error.value)


def test_keys_that_no_record_has_and_files_that_are_none(write, tmp_path):
    path = write(record(100, UPPER[100], other_base(UPPER[100]), "CLNSIG=a;GENE=b"))
    with pytest.raises(InputError, match="label: .*a.vcf has no INFO key 'CLNSGI'; did you mean 'CLNSIG'"):
        variant_windows.read(path, GENOME, spec(label="CLNSGI"))
    (tmp_path / "b.vcf").write_text("chr1\t5\t6\n")
    with pytest.raises(InputError, match="row 1: is no VCF"):
        variant_windows.read(tmp_path / "b.vcf", GENOME, spec())
    whole = write(*(record(100 + i, UPPER[100 + i], other_base(UPPER[100 + i])) for i in range(50)), packed=True)
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated or corrupt"):
        variant_windows.read(whole, GENOME, spec())


def test_bcf_gives_the_same_as_vcf(write, tmp_path):
    pysam = pytest.importorskip("pysam")
    path = write(record(100, UPPER[100], other_base(UPPER[100]), "AF=0.5"), record(120, UPPER[120:125], UPPER[120], "AF=0.25"))
    path.write_text(path.read_text().replace("#CHROM", "##contig=<ID=chr1,length=400>\n#CHROM"))
    with pysam.VariantFile(str(path)) as source, pysam.VariantFile(str(tmp_path / "a.bcf"), "wb", header=source.header) as out:
        for one in source:
            out.write(one)
    text, binary = (variant_windows.read(file, GENOME, spec(label="AF", target="score")) for file in (path, tmp_path / "a.bcf"))
    assert np.array_equal(text.codes, binary.codes) and text.obs.drop(columns="repeat").equals(binary.obs.drop(columns="repeat"))
