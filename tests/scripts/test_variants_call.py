"""Callers find planted variants, whatever the pieces; a piece without bases or reads is a valid file without calls."""

from pathlib import Path

import pytest

import variants_call_bcftools
import variants_call_freebayes
from donors import genome, needs, records, write_cram, write_reference
from readsight.genome.intervals import contigs, pieces, write_bed

pytestmark = needs("bwa", "samtools", "bcftools", "freebayes")

CALLERS = {"bcftools": variants_call_bcftools, "freebayes": variants_call_freebayes}
CONTIGS = genome(5, **{"HLA-A*01:01": 3000, "chr.2": 5000})


def other(base: str) -> str:
    return "CGTA"["ACGT".index(base)]


def planted(every: int, copies: int):
    """Substitutions at every so many bases, so that some fall on the seams."""
    return {name: [(p, s[p], other(s[p]), copies) for p in range(every, len(s) - 150, every)] for name, s in CONTIGS.items()}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    reference = write_reference(folder, CONTIGS)
    first = write_cram(folder, reference, "first", CONTIGS, planted(200, 1))
    second = write_cram(folder, reference, "second", CONTIGS, planted(400, 2))
    return reference, [first, second]


def call(caller: str, cohort, folder: Path, count: int, samples=("first", "second"), whole=None) -> list[str]:
    """Genotyped calls of all pieces, in order."""
    reference, crams = cohort
    lengths = contigs(Path(f"{reference}.fai"))
    whole = whole or [(name, 0, length) for name, length in lengths.items()]
    found = []
    for i, piece in enumerate(pieces(whole, count)):
        scratch = folder / f"{count}.{i}"
        scratch.mkdir()
        bed, out = write_bed(scratch / "piece.bed", piece), scratch / "out.bcf"
        CALLERS[caller].main(reference, crams, bed, out, scratch, list(samples), 2, 13, 1)
        rows = records(out, "%CHROM %POS %REF %ALT[ %GT:%DP]")
        for row in rows:
            contig, position = row.split()[:2]
            assert any(contig == c and s < int(position) <= e for c, s, e in piece), "a call outside of its piece"
        found += rows
    return found


@pytest.mark.parametrize("caller", CALLERS)
def test_planted_variants_are_found_with_their_genotypes(caller, cohort, tmp_path):
    found = {tuple(row.split()[:4]): [g.split(":")[0] for g in row.split()[4:]] for row in call(caller, cohort, tmp_path, 1)}
    for contig, variants in planted(200, 1).items():
        for position, ref, alt, _ in variants:
            second = "1/1" if position % 400 == 0 else "0/0"
            assert found[contig, str(position + 1), ref, alt] == ["0/1", second]
    assert len(found) == sum(map(len, planted(200, 1).values()))


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("count", [5, 40])
def test_pieces_change_nothing(caller, count, cohort, tmp_path):
    # 40 pieces of 200 bases end exactly on planted variants
    assert call(caller, cohort, tmp_path, count) == call(caller, cohort, tmp_path, 1)


@pytest.mark.parametrize("caller", CALLERS)
def test_targets_keep_calls_inside_alone(caller, cohort, tmp_path):
    targets = [("HLA-A*01:01", 150, 201), ("HLA-A*01:01", 400, 600), ("chr.2", 1000, 1201)]
    places = [tuple(row.split()[:2]) for row in call(caller, cohort, tmp_path, 2, whole=targets)]
    # 0-based half-open: position 600 (1-based 601) is outside
    assert places == [("HLA-A*01:01", "201"), ("HLA-A*01:01", "401"), ("chr.2", "1001"), ("chr.2", "1201")]


@pytest.mark.parametrize("caller", CALLERS)
def test_a_piece_without_bases_is_a_valid_file(caller, cohort, tmp_path):
    reference, crams = cohort
    bed, out = write_bed(tmp_path / "piece.bed", []), tmp_path / "out.bcf"
    CALLERS[caller].main(reference, crams, bed, out, tmp_path, ["first", "second"], 2, 13, 1)
    assert records(out) == []


@pytest.mark.parametrize("caller", CALLERS)
def test_haploid_calls_have_one_allele(caller, cohort, tmp_path):
    reference, crams = cohort
    bed, out = write_bed(tmp_path / "piece.bed", [("chr.2", 300, 900)]), tmp_path / "out.bcf"
    CALLERS[caller].main(reference, crams[1:], bed, out, tmp_path, ["second"], 1, 13, 1)
    assert records(out, "%POS[ %GT]") == ["401 1", "801 1"]


@pytest.mark.parametrize("caller", CALLERS)
def test_alignments_without_a_read_give_no_calls(caller, cohort, tmp_path):
    reference, _ = cohort
    none = write_cram(tmp_path, reference, "none", {}, {})
    bed, out = write_bed(tmp_path / "piece.bed", [("chr.2", 0, 5000)]), tmp_path / "out.bcf"
    CALLERS[caller].main(reference, [none], bed, out, tmp_path, ["none"], 2, 13, 1)
    assert records(out) == []


def test_many_alignments_go_through_a_file():
    words = [str(w) for c in variants_call_bcftools.commands("g.fa", "l.txt", "s.bed", "t.bed", "o.bcf", 2, 13, 1) for w in c]
    assert words[words.index("-b") + 1] == "l.txt" and words[words.index("-T") + 1] == "t.bed"
    words = [str(w) for w in variants_call_freebayes.command("g.fa", "l.txt", "t.bed", 2, 13, 1)]
    assert words[words.index("-L") + 1] == "l.txt"
