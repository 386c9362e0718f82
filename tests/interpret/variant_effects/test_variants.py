"""Variants of a file: one normal form per change, and odd rows excluded by name."""

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
from effected import HEAD, VARIANT_SPEC, build_genome, get_contig_text, read_alleles, reverse_genome, write_vcf
from readsight.errors import InputError
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.genome.store import Genome
from readsight.interpret.variant_effects import allele_windows, variants
from readsight.interpret.variant_effects.allele_normalisation import justify_allele

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[4] / "shared/data"))
CLINVAR = REAL / "variants/clinvar_alleles_example_750_rows.single.b37.vcf.gz"
GENOME = build_genome()
BASES = get_contig_text(GENOME)


def justify(reference, position, ref, alt):
    return justify_allele(reference, "chr1", position, encode(ref), encode(alt), 1000)


@given(st.text("AC", min_size=12, max_size=30), st.data())
@settings(max_examples=150, deadline=None)
def test_equivalent_spellings_have_one_normal_form(sequence, data):
    reference = Genome.from_text({"chr1": sequence})
    position = data.draw(st.integers(0, len(sequence) - 3))
    size = data.draw(st.integers(0, 3))
    alt = data.draw(st.text("AC", min_size=0, max_size=3))
    after = sequence[:position] + alt + sequence[position + size :]
    allele = justify(reference, position, sequence[position : position + size], alt)
    if after == sequence:
        assert allele is None
        return
    assert sequence[: allele.start] + decode(allele.new) + sequence[allele.end :] == after, (
        "the normal form gives the changed genome"
    )
    spellings = set()
    for low in range(len(sequence) + 1):  # all replacements that give that genome
        for high in range(low, len(sequence) + 1):
            size = len(after) - (len(sequence) - high) - low
            if size >= 0 and sequence[:low] + after[low : low + size] + sequence[high:] == after and abs(size - (high - low)) < 7:
                spellings.add((low, sequence[low:high], after[low : low + size]))
    assert {tuple(map(str, (f.start, f.end, decode(f.new)))) for f in (justify(reference, *row) for row in spellings)} == {
        tuple(map(str, (allele.start, allele.end, decode(allele.new))))
    }


@given(st.integers(120, 560), st.integers(0, 5), st.text("ACGT", max_size=5))
@settings(deadline=None)
def test_reverse_strand_gives_the_same_interval(position, size, alt):
    allele = justify(GENOME, position, BASES[position : position + size], alt)
    reverse = lambda bases: decode(reverse_complement(encode(bases)))  # noqa: E731
    reverse_allele = justify(
        reverse_genome(GENOME), len(BASES) - position - size, reverse(BASES[position : position + size]), reverse(alt)
    )
    assert (allele is None) == (reverse_allele is None)
    if allele:
        assert (reverse_allele.start, reverse_allele.end) == (len(BASES) - allele.end, len(BASES) - allele.start)
        assert decode(reverse_allele.new) == reverse(decode(allele.new))


def test_deletion_in_a_repeat_spans_the_repeat():
    reference = Genome.from_text({"chr1": "GGTCACACACATTG"})
    for position in (2, 4, 6, 8):
        assert justify(reference, position, get_bases(reference, position, 3), get_bases(reference, position, 1))[:2] == (3, 11)
    long_repeat = Genome.from_text({"chr1": "C" + "A" * 300 + "G"})
    assert justify(long_repeat, 150, "AA", "A")[:2] == (1, 301)
    assert justify(Genome.from_text({"chr1": "NNNNNN"}), 2, "NN", "N") is not None, "N repeats nothing"


def get_bases(reference, position, size):
    return decode(reference.get_codes("chr1", position, position + size))


@pytest.fixture
def odd_vcf(tmp_path):
    bases = BASES
    return write_vcf(tmp_path / "odd.vcf", [
        ("chr1", 150, bases[150], ",".join("ACGT".replace(bases[150], ""))),
        ("chr1", 160, bases[160], "<DEL>"),
        ("chr1", 161, bases[161], f"*,{next_base(bases[161])}"),
        ("chr1", 162, bases[162], f"{bases[162]}[chr2:20["),
        ("chr1", 163, bases[163], "."),
        ("scaffold9", 5, "A", "C"),
        ("chr1", 170, bases[170:172].lower(), bases[170].lower()),
        ("chr1", 180, "N", next_base(bases[180])),
        ("chr1", 190, bases[190], bases[190] + "ACGT" * 30),
        ("chr1", 5, bases[5], next_base(bases[5])),
    ])  # fmt: skip


def next_base(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def test_odd_alleles_are_excluded_and_multiallelic_ones_split(odd_vcf):
    alleles = read_alleles(odd_vcf, GENOME, padded=False)
    names = [alleles.format_name(i) for i in range(len(alleles))]
    assert names[:3] == [f"chr1:151:{BASES[150]}:{base}" for base in "ACGT".replace(BASES[150], "")]
    assert alleles.allele.tolist() == [0, 1, 2, 1, 0, 0] and alleles.records == 10 and alleles.row.tolist() == [3, 3, 3, 5, 9, 10]
    excluded = {row["reason"].split(" (")[0]: (row["alleles"], row["first"]) for row in alleles.excluded.to_records()}
    assert excluded["symbolic alleles"] == (1, [f"chr1:161:{BASES[160]}:<DEL>"])
    assert excluded["star alleles"] == (1, [f"chr1:162:{BASES[161]}:*"]) and excluded["breakends"][0] == 1
    assert excluded["alleles that change nothing"][0] == 1 and excluded["alleles on contigs that the genome lacks"][1] == [
        "scaffold9:6:A:C"
    ]
    assert (
        excluded["alleles of more than 21 bases"][0] == 1
        and excluded["alleles whose window reaches past its contig's end"][0] == 1
    )
    assert sum(row["alleles"] for row in alleles.excluded.to_records()) + len(alleles) == 13
    assert len(read_alleles(odd_vcf, GENOME, padded=True)) == 7, "padded, the window at the contig's end is kept"
    assert "symbolic" in alleles.excluded.describe_reasons()


@pytest.mark.parametrize("kind", ["vcf", "gz", "bcf"])
def test_text_gzip_and_bcf_are_read_equally(tmp_path, kind):
    head = HEAD.replace(
        "#CHROM",
        '##contig=<ID=chr1,length=700>\n##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=HIT,Number=0,Type=Flag,Description="x">\n#CHROM',
    )
    rows = [("chr1", 150, BASES[150], ",".join("ACGT".replace(BASES[150], "")), "AF=0.1,0.2,0.3;HIT"), ("chr1", 160, BASES[160], next_base(BASES[160]), "AF=0.5")]  # fmt: skip
    path = write_vcf(tmp_path / "a.vcf", rows, head)
    if kind == "gz":
        (tmp_path / "a.vcf.gz").write_bytes(gzip.compress(path.read_bytes()))
        path = tmp_path / "a.vcf.gz"
    if kind == "bcf":
        with (
            pysam.VariantFile(str(path)) as source,
            pysam.VariantFile(str(tmp_path / "a.bcf"), "wb", header=source.header) as out,
        ):
            for record in source:
                out.write(record)
        path = tmp_path / "a.bcf"
    alleles = read_alleles(path, GENOME, info_keys={"af": "interpret.variants.conservation", "HIT": "interpret.variants.label"})
    assert np.allclose([float(text) for text in alleles.info["af"]], [0.1, 0.2, 0.3, 0.5]) and alleles.info["HIT"] == [
        "1",
        "1",
        "1",
        "0",
    ]
    assert alleles.start.tolist() == [150, 150, 150, 160] and decode(alleles.new) == "ACGT".replace(BASES[150], "") + next_base(
        BASES[160]
    )


def test_windows_contain_the_changed_genome_on_both_strands(tmp_path):
    rows = [("chr1", 300, BASES[300:304], BASES[300]), ("chr1", 424, BASES[424], BASES[424] + "TTG"), ("chr1", 350, BASES[350:353], "GATTA"), ("chr1", 360, BASES[360:362], "NC")]  # fmt: skip
    alleles = read_alleles(write_vcf(tmp_path / "a.vcf", rows), GENOME)
    for i, (_, position, ref, alt) in enumerate(rows):
        after = BASES[:position] + alt + BASES[position + len(ref) :]
        low = int(alleles.start[i]) - 20
        forward = decode(allele_windows.build_alternative_windows(alleles, np.array([i]), "+", 20, 48)[0])
        assert forward == after[low : low + 48]
        end = int(alleles.start[i] + alleles.sizes[i]) + 20
        reverse = decode(reverse_complement(allele_windows.build_alternative_windows(alleles, np.array([i]), "-", 20, 48)[0]))
        assert reverse == after[end - 48 : end]
        window_start = allele_windows.compute_starts(alleles, np.array([i]), "-", 20, 48)
        reference = allele_windows.read_reference_windows(alleles, alleles.contig[[i]], window_start, "-", 48)[0]
        assert (
            decode(reverse_complement(reference)) == BASES[window_start[0] : window_start[0] + 48]
            and window_start[0] == alleles.end[i] + 20 - 48
        )


def test_alleles_use_little_memory(tmp_path):
    rows = [("chr1", position, BASES[position], next_base(BASES[position])) for position in range(100, 600)]
    alleles = read_alleles(write_vcf(tmp_path / "a.vcf", rows), GENOME)
    byte_count = sum(
        getattr(alleles, name).nbytes for name in ("contig", "position", "row", "allele", "start", "end", "new", "new_at")
    )
    assert byte_count / len(alleles) < 64
    order = [int(i) for batch in variants.iterate_batches(alleles, 7) for i in batch]
    assert sorted(order) == list(range(500))


def test_all_reference_mismatches_are_reported_together(tmp_path):
    vcf_file = write_vcf(tmp_path / "a.vcf", [("chr1", 150, next_base(BASES[150]), BASES[150]), ("chr1", 151, "AC" if BASES[151:153] != "AC" else "CC", "G"), ("chr1", 699, BASES[699] + "A", "G"), ("chr1", 9999, "A", "G")])  # fmt: skip
    with pytest.raises(InputError) as error:
        read_alleles(vcf_file, GENOME)
    assert [fault.split(": ")[0].split(", ")[1] for fault in error.value.faults[:4]] == ["row 3", "row 4", "row 5", "row 6"]


@pytest.mark.skipif(not CLINVAR.exists(), reason="ClinVar's example is not there")
def test_clinvar_variants_are_read_with_labels():
    with gzip.open(CLINVAR, "rt") as handle:
        rows = [line.split("\t", 5) for line in handle if line[0] != "#"]
    codes = sequenced.random_codes(1, max(int(row[1]) for row in rows) + 500, 1)[
        0
    ]  # random bases with every REF, because its genome is not available
    for row in sorted(rows, key=lambda row: -len(row[3])):
        codes[int(row[1]) - 1 : int(row[1]) - 1 + len(row[3])] = encode(row[3])
    alleles = variants.read_variants(CLINVAR, Genome(codes, {"1": len(codes)}, False), {"CLINICAL_SIGNIFICANCE": "label"}, 200, 8)
    assert len(alleles) == len(rows) == 625 and not alleles.excluded.counts
    label = interpret_variants.read_labels(alleles, VARIANT_SPEC | {"label": "CLINICAL_SIGNIFICANCE"})
    texts = np.array([text.lower() for text in alleles.info["CLINICAL_SIGNIFICANCE"]])
    assert (
        (label == 1).sum() > 70
        and (label == 0).sum() > 240
        and set(texts[label == 1]) <= {"pathogenic", "likely_pathogenic", "pathogenic/likely_pathogenic"}
    )
