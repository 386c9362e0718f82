"""Callers detect planted variants, independent of the pieces; pieces without bases or reads give valid empty files."""

from pathlib import Path

import pytest

import variants_call_bcftools
import variants_call_freebayes
from donors import query_records, random_genome, require_tools, write_cram, write_reference
from readsight.genome.intervals import read_contig_lengths, split_evenly, write_bed

pytestmark = require_tools("bwa", "samtools", "bcftools", "freebayes")

CALLERS = {"bcftools": variants_call_bcftools, "freebayes": variants_call_freebayes}
CONTIGS = random_genome(5, **{"HLA-A*01:01": 3000, "chr.2": 5000})


def substitute(base: str) -> str:
    return "CGTA"["ACGT".index(base)]


def plan_variants(every: int, copies: int):
    """Substitutions every `every` bases, some of them at the ends of pieces."""
    return {name: [(p, s[p], substitute(s[p]), copies) for p in range(every, len(s) - 150, every)] for name, s in CONTIGS.items()}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    reference = write_reference(folder, CONTIGS)
    first = write_cram(folder, reference, "first", CONTIGS, plan_variants(200, 1))
    second = write_cram(folder, reference, "second", CONTIGS, plan_variants(400, 2))
    return reference, [first, second]


def call_variants(caller: str, cohort, folder: Path, count: int, samples=("first", "second"), regions=None) -> list[str]:
    """Genotyped calls of all pieces, in order."""
    reference, crams = cohort
    lengths = read_contig_lengths(Path(f"{reference}.fai"))
    regions = regions or [(name, 0, length) for name, length in lengths.items()]
    calls = []
    for i, piece in enumerate(split_evenly(regions, count)):
        scratch = folder / f"{count}.{i}"
        scratch.mkdir()
        bed, out = write_bed(scratch / "piece.bed", piece), scratch / "out.bcf"
        CALLERS[caller].main(reference, crams, bed, out, scratch, list(samples), 2, 13, 1)
        rows = query_records(out, "%CHROM %POS %REF %ALT[ %GT:%DP]")
        for row in rows:
            contig, position = row.split()[:2]
            assert any(contig == c and s < int(position) <= e for c, s, e in piece), "a call outside its piece"
        calls += rows
    return calls


@pytest.mark.parametrize("caller", CALLERS)
def test_planted_variants_are_called_with_their_genotypes(caller, cohort, tmp_path):
    genotypes = {
        tuple(row.split()[:4]): [g.split(":")[0] for g in row.split()[4:]] for row in call_variants(caller, cohort, tmp_path, 1)
    }
    for contig, variants in plan_variants(200, 1).items():
        for position, ref, alt, _ in variants:
            second = "1/1" if position % 400 == 0 else "0/0"
            assert genotypes[contig, str(position + 1), ref, alt] == ["0/1", second]
    assert len(genotypes) == sum(map(len, plan_variants(200, 1).values()))


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("count", [5, 40])
def test_pieces_change_nothing(caller, count, cohort, tmp_path):
    # 40 pieces of 200 bases end exactly on planted variants
    assert call_variants(caller, cohort, tmp_path, count) == call_variants(caller, cohort, tmp_path, 1)


@pytest.mark.parametrize("caller", CALLERS)
def test_calls_outside_targets_are_dropped(caller, cohort, tmp_path):
    targets = [("HLA-A*01:01", 150, 201), ("HLA-A*01:01", 400, 600), ("chr.2", 1000, 1201)]
    positions = [tuple(row.split()[:2]) for row in call_variants(caller, cohort, tmp_path, 2, regions=targets)]
    # 0-based half-open: position 600 (1-based 601) is outside
    assert positions == [("HLA-A*01:01", "201"), ("HLA-A*01:01", "401"), ("chr.2", "1001"), ("chr.2", "1201")]


@pytest.mark.parametrize("caller", CALLERS)
def test_a_piece_without_bases_is_a_valid_file(caller, cohort, tmp_path):
    reference, crams = cohort
    bed, out = write_bed(tmp_path / "piece.bed", []), tmp_path / "out.bcf"
    CALLERS[caller].main(reference, crams, bed, out, tmp_path, ["first", "second"], 2, 13, 1)
    assert query_records(out) == []


@pytest.mark.parametrize("caller", CALLERS)
def test_haploid_calls_have_one_allele(caller, cohort, tmp_path):
    reference, crams = cohort
    bed, out = write_bed(tmp_path / "piece.bed", [("chr.2", 300, 900)]), tmp_path / "out.bcf"
    CALLERS[caller].main(reference, crams[1:], bed, out, tmp_path, ["second"], 1, 13, 1)
    assert query_records(out, "%POS[ %GT]") == ["401 1", "801 1"]


@pytest.mark.parametrize("caller", CALLERS)
def test_alignments_without_a_read_give_no_calls(caller, cohort, tmp_path):
    reference, _ = cohort
    none = write_cram(tmp_path, reference, "none", {}, {})
    bed, out = write_bed(tmp_path / "piece.bed", [("chr.2", 0, 5000)]), tmp_path / "out.bcf"
    CALLERS[caller].main(reference, [none], bed, out, tmp_path, ["none"], 2, 13, 1)
    assert query_records(out) == []


def test_many_alignments_go_through_a_file():
    arguments = [
        str(w) for c in variants_call_bcftools.build_commands("g.fa", "l.txt", "s.bed", "t.bed", "o.bcf", 2, 13, 1) for w in c
    ]
    assert arguments[arguments.index("-b") + 1] == "l.txt" and arguments[arguments.index("-T") + 1] == "t.bed"
    arguments = [str(w) for w in variants_call_freebayes.build_command("g.fa", "l.txt", "t.bed", 2, 13, 1)]
    assert arguments[arguments.index("-L") + 1] == "l.txt"
