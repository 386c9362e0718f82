"""Variants of a file: each change has one form however it is spelled, and odd rows are left out by name, not lost silently."""

import gzip
import os
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import interpret_variants
import sequenced
from effected import HEAD, WHOLE, genome, read, text, turned, write
from readsight.errors import InputError
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.genome.store import Genome
from readsight.interpret.variant_effects import allele_windows, variants
from readsight.interpret.variant_effects.allele_normalisation import justified

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[4] / "shared/data"))
CLINVAR = REAL / "variants/clinvar_alleles_example_750_rows.single.b37.vcf.gz"
GENOME = genome()
BASES = text(GENOME)


def change(held, position, ref, alt):
    return justified(held, "chr1", position, encode(ref), encode(alt), 1000)


@given(st.text("AC", min_size=12, max_size=30), st.data())
@settings(max_examples=150, deadline=None)
def test_every_spelling_of_a_change_is_one_stretch(whole, data):
    held = Genome.of({"chr1": whole})
    at = data.draw(st.integers(0, len(whole) - 3))
    size = data.draw(st.integers(0, 3))
    alt = data.draw(st.text("AC", min_size=0, max_size=3))
    after = whole[:at] + alt + whole[at + size :]
    found = change(held, at, whole[at : at + size], alt)
    if after == whole:
        assert found is None
        return
    assert whole[: found.start] + decode(found.new) + whole[found.end :] == after, "the stretch makes the changed genome"
    spelled = set()
    for low in range(len(whole) + 1):  # all that replace one stretch by another, and give that genome
        for high in range(low, len(whole) + 1):
            size = len(after) - (len(whole) - high) - low
            if size >= 0 and whole[:low] + after[low : low + size] + whole[high:] == after and abs(size - (high - low)) < 7:
                spelled.add((low, whole[low:high], after[low : low + size]))
    assert {tuple(map(str, (f.start, f.end, decode(f.new)))) for f in (change(held, *row) for row in spelled)} == {
        tuple(map(str, (found.start, found.end, decode(found.new))))
    }


@given(st.integers(120, 560), st.integers(0, 5), st.text("ACGT", max_size=5))
@settings(deadline=None)
def test_the_other_strand_has_the_same_stretch(at, size, alt):
    found = change(GENOME, at, BASES[at : at + size], alt)
    back = lambda word: decode(reverse_complement(encode(word)))  # noqa: E731
    other = change(turned(GENOME), len(BASES) - at - size, back(BASES[at : at + size]), back(alt))
    assert (found is None) == (other is None)
    if found:
        assert (other.start, other.end) == (len(BASES) - found.end, len(BASES) - found.start)
        assert decode(other.new) == back(decode(found.new))


def test_a_deletion_in_a_repeat_spans_the_repeat():
    held = Genome.of({"chr1": "GGTCACACACATTG"})
    for at in (2, 4, 6, 8):
        assert change(held, at, held_text(held, at, 3), held_text(held, at, 1))[:2] == (3, 11)
    long = Genome.of({"chr1": "C" + "A" * 300 + "G"})
    assert change(long, 150, "AA", "A")[:2] == (1, 301)
    assert change(Genome.of({"chr1": "NNNNNN"}), 2, "NN", "N") is not None, "N repeats nothing"


def held_text(held, at, size):
    return decode(held.stretch("chr1", at, at + size))


@pytest.fixture
def odd(tmp_path):
    b = BASES
    return write(tmp_path / "odd.vcf", [
        ("chr1", 150, b[150], ",".join("ACGT".replace(b[150], ""))),
        ("chr1", 160, b[160], "<DEL>"),
        ("chr1", 161, b[161], f"*,{other(b[161])}"),
        ("chr1", 162, b[162], f"{b[162]}[chr2:20["),
        ("chr1", 163, b[163], "."),
        ("scaffold9", 5, "A", "C"),
        ("chr1", 170, b[170:172].lower(), b[170].lower()),
        ("chr1", 180, "N", other(b[180])),
        ("chr1", 190, b[190], b[190] + "ACGT" * 30),
        ("chr1", 5, b[5], other(b[5])),
    ])  # fmt: skip


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def test_odd_alleles_are_left_out_by_name_and_the_others_are_split(odd):
    found = read(odd, GENOME, padded=False)
    names = [found.spelled(i) for i in range(len(found))]
    assert names[:3] == [f"chr1:151:{BASES[150]}:{base}" for base in "ACGT".replace(BASES[150], "")]
    assert found.allele.tolist() == [0, 1, 2, 1, 0, 0] and found.records == 10 and found.row.tolist() == [3, 3, 3, 5, 9, 10]
    left = {row["reason"].split(" (")[0]: (row["alleles"], row["first"]) for row in found.left.plain()}
    assert left["symbolic alleles"] == (1, [f"chr1:161:{BASES[160]}:<DEL>"])
    assert left["star alleles"] == (1, [f"chr1:162:{BASES[161]}:*"]) and left["breakends"][0] == 1
    assert left["alleles that change nothing"][0] == 1 and left["alleles on contigs that the genome lacks"][1] == [
        "scaffold9:6:A:C"
    ]
    assert left["alleles of more than 21 bases"][0] == 1 and left["alleles whose window reaches past its contig's end"][0] == 1
    assert sum(row["alleles"] for row in found.left.plain()) + len(found) == 13
    assert len(read(odd, GENOME, padded=True)) == 7, "padded, the window at the contig's end is kept"
    assert "symbolic" in found.left.words()


@pytest.mark.parametrize("kind", ["vcf", "gz", "bcf"])
def test_text_gzip_and_bcf_say_the_same(tmp_path, kind):
    head = HEAD.replace(
        "#CHROM",
        '##contig=<ID=chr1,length=700>\n##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=HIT,Number=0,Type=Flag,Description="x">\n#CHROM',
    )
    rows = [("chr1", 150, BASES[150], ",".join("ACGT".replace(BASES[150], "")), "AF=0.1,0.2,0.3;HIT"), ("chr1", 160, BASES[160], other(BASES[160]), "AF=0.5")]  # fmt: skip
    path = write(tmp_path / "a.vcf", rows, head)
    if kind == "gz":
        (tmp_path / "a.vcf.gz").write_bytes(gzip.compress(path.read_bytes()))
        path = tmp_path / "a.vcf.gz"
    if kind == "bcf":
        with pysam.VariantFile(str(path)) as given, pysam.VariantFile(str(tmp_path / "a.bcf"), "wb", header=given.header) as out:
            for record in given:
                out.write(record)
        path = tmp_path / "a.bcf"
    found = read(path, GENOME, wanted={"af": "interpret.variants.conservation", "HIT": "interpret.variants.label"})
    assert np.allclose([float(t) for t in found.said["af"]], [0.1, 0.2, 0.3, 0.5]) and found.said["HIT"] == ["1", "1", "1", "0"]
    assert found.start.tolist() == [150, 150, 150, 160] and decode(found.new) == "ACGT".replace(BASES[150], "") + other(
        BASES[160]
    )


def test_windows_hold_the_changed_genome_on_both_strands(tmp_path):
    rows = [("chr1", 300, BASES[300:304], BASES[300]), ("chr1", 424, BASES[424], BASES[424] + "TTG"), ("chr1", 350, BASES[350:353], "GATTA"), ("chr1", 360, BASES[360:362], "NC")]  # fmt: skip
    found = read(write(tmp_path / "a.vcf", rows), GENOME)
    for i, (_, at, ref, alt) in enumerate(rows):
        after = BASES[:at] + alt + BASES[at + len(ref) :]
        low = int(found.start[i]) - 20
        own = decode(allele_windows.alternatives(found, np.array([i]), "+", 20, 48)[0])
        assert own == after[low : low + 48]
        end = int(found.start[i] + found.sizes[i]) + 20
        back = decode(reverse_complement(allele_windows.alternatives(found, np.array([i]), "-", 20, 48)[0]))
        assert back == after[end - 48 : end]
        begin = allele_windows.starts(found, np.array([i]), "-", 20, 48)
        reference = allele_windows.references(found, found.contig[[i]], begin, "-", 48)[0]
        assert decode(reverse_complement(reference)) == BASES[begin[0] : begin[0] + 48] and begin[0] == found.end[i] + 20 - 48


def test_many_alleles_take_some_hundred_bytes_each(tmp_path):
    rows = [("chr1", at, BASES[at], other(BASES[at])) for at in range(100, 600)]
    found = read(write(tmp_path / "a.vcf", rows), GENOME)
    held = sum(getattr(found, name).nbytes for name in ("contig", "position", "row", "allele", "start", "end", "new", "new_at"))
    assert held / len(found) < 64
    order = [int(i) for part in variants.parts(found, 7) for i in part]
    assert sorted(order) == list(range(500))


def test_all_that_does_not_agree_with_the_genome_is_said_at_once(tmp_path):
    bad = write(tmp_path / "a.vcf", [("chr1", 150, other(BASES[150]), BASES[150]), ("chr1", 151, "AC" if BASES[151:153] != "AC" else "CC", "G"), ("chr1", 699, BASES[699] + "A", "G"), ("chr1", 9999, "A", "G")])  # fmt: skip
    with pytest.raises(InputError) as error:
        read(bad, GENOME)
    assert [fault.split(": ")[0].split(", ")[1] for fault in error.value.faults[:4]] == ["row 3", "row 4", "row 5", "row 6"]


@pytest.mark.skipif(not CLINVAR.exists(), reason="ClinVar's example is not there")
def test_variants_of_clinvar_are_read_with_what_is_known_of_them():
    with gzip.open(CLINVAR, "rt") as handle:
        rows = [line.split("\t", 5) for line in handle if line[0] != "#"]
    codes = sequenced.random(1, max(int(row[1]) for row in rows) + 500, 1)[
        0
    ]  # its genome is not at hand: random bases, and every REF
    for row in sorted(rows, key=lambda row: -len(row[3])):
        codes[int(row[1]) - 1 : int(row[1]) - 1 + len(row[3])] = encode(row[3])
    found = variants.read(CLINVAR, Genome(codes, {"1": len(codes)}, False), {"CLINICAL_SIGNIFICANCE": "label"}, 200, 8)
    assert len(found) == len(rows) == 625 and not found.left.counts
    known = interpret_variants.labels(found, WHOLE | {"label": "CLINICAL_SIGNIFICANCE"})
    said = np.array([text.lower() for text in found.said["CLINICAL_SIGNIFICANCE"]])
    assert (
        (known == 1).sum() > 70
        and (known == 0).sum() > 240
        and set(said[known == 1]) <= {"pathogenic", "likely_pathogenic", "pathogenic/likely_pathogenic"}
    )
