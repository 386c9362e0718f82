"""The planted genome follows the rules of molecular biology."""

from pathlib import Path

import numpy as np
import pytest

from readsight.errors import InputError
from readsight.genome.codes import complement, decode, encode, reverse_complement
from readsight.simulate.elements import GRAMMAR, NEAR_GAP
from readsight.simulate.genes import format_gtf, translate
from readsight.simulate.genome import diverge_sequence, draw_background
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import plant_genome

MOTIFS = Path(__file__).resolve().parents[2] / "resources" / "motifs"
FACTORS, SPLICE = read_meme(MOTIFS / "factors.meme"), read_meme(MOTIFS / "splice.meme")


@pytest.fixture(scope="module")
def genome():
    return plant_genome(3, 4, 50_000, FACTORS, SPLICE)


@pytest.fixture(scope="module")
def codes(genome):
    return {c.name: c.codes for c in genome.chromosomes}


def test_reverse_complement_is_an_involution():
    sequence = encode("ACGTNTTG")
    assert decode(reverse_complement(sequence)) == "CAANACGT"
    assert (reverse_complement(reverse_complement(sequence)) == sequence).all()
    assert (complement(complement(sequence)) == sequence).all()


def test_every_gene_is_translated_from_start_to_stop(genome, codes):
    assert len(genome.genes) >= 12 and {g.strand for g in genome.genes} == {"+", "-"}
    for gene in genome.genes:
        protein = translate(gene.coding_sequence(codes[gene.chromosome]))
        assert protein[0] == "M" and protein[-1] == "*" and "*" not in protein[:-1]
        assert len(gene.coding_sequence(codes[gene.chromosome])) % 3 == 0


def test_introns_begin_with_gt_and_end_with_ag(genome, codes):
    for gene in genome.genes:
        assert len(gene.introns) == len(gene.exons) - 1
        for start, end in gene.introns:
            intron = codes[gene.chromosome][start:end]
            text = decode(intron if gene.strand == "+" else reverse_complement(intron))
            assert text.startswith("GT") and text.endswith("AG") and len(text) >= 150


def test_splice_sites_score_above_threshold(genome, codes):
    donor, acceptor = SPLICE["donor"], SPLICE["acceptor"]
    for gene in genome.genes:
        strand_codes = codes[gene.chromosome] if gene.strand == "+" else reverse_complement(codes[gene.chromosome])
        size = len(strand_codes)
        for start, end in gene.introns:
            first, last = (start, end) if gene.strand == "+" else (size - end, size - start)
            assert donor.score(strand_codes[first - 3 : first + 6]) >= donor.threshold
            assert acceptor.score(strand_codes[last - acceptor.width + 1 : last + 1]) >= acceptor.threshold


def test_genes_do_not_touch(genome):
    for chromosome in genome.chromosomes:
        spans = sorted((g.start, g.end) for g in genome.genes if g.chromosome == chromosome.name)
        assert all(a[1] < b[0] for a, b in zip(spans, spans[1:], strict=False))


def test_gtf_coordinates_and_frames(genome, codes):
    for gene in genome.genes:
        rows = [line.split("\t") for line in format_gtf(gene).splitlines()]
        assert [r[2] for r in rows[:2]] == ["gene", "transcript"]
        assert int(rows[0][3]) == gene.start + 1 and int(rows[0][4]) == gene.end
        cds = [r for r in rows if r[2] == "CDS"]
        coding_length = 0
        for row in cds:
            assert int(row[7]) == -coding_length % 3
            coding_length += int(row[4]) - int(row[3]) + 1
        assert coding_length == gene.coding[1] - gene.coding[0] - 3
        assert sum(int(r[4]) - int(r[3]) + 1 for r in rows if r[2] == "stop_codon") == 3
        first = cds[0]
        span = slice(int(first[3]) - 1, int(first[4]))
        piece = codes[gene.chromosome][span]
        assert decode(piece if gene.strand == "+" else reverse_complement(piece)).startswith("ATG")


def test_planted_sites_score_above_their_threshold(genome, codes):
    assert len(genome.sites) > 50 and {s.role for s in genome.sites} == {"site", "decoy"}
    for site in genome.sites:
        site_sequence = codes[site.chromosome][site.start : site.end]
        score = FACTORS[site.motif].score(site_sequence if site.strand == "+" else reverse_complement(site_sequence))
        assert score == pytest.approx(site.score, abs=1e-3) and score >= FACTORS[site.motif].threshold


def test_only_active_enhancers_have_the_grammar(genome, codes):
    counts = {"enhancer": 0, "inactive": 0}
    for element in genome.elements:
        if element.kind == "promoter":
            continue
        window = codes[element.chromosome][element.start : element.end]
        ends = {f: [(s, s + FACTORS[f].width) for s, _ in FACTORS[f].find_hits(window)] for f in GRAMMAR}
        gaps = [max(a[0], b[0]) - min(a[1], b[1]) for a in ends[GRAMMAR[0]] for b in ends[GRAMMAR[1]]]
        assert any(NEAR_GAP[0] <= gap < NEAR_GAP[1] for gap in gaps) == (element.kind == "enhancer"), element
        assert (element.strength > 0) == (element.kind == "enhancer")
        counts[element.kind] += 1
    assert counts["enhancer"] >= 20 and counts["enhancer"] <= 1.3 * counts["inactive"]


def test_each_enhancer_regulates_its_gene(genome):
    genes = {g.id: g for g in genome.genes}
    for element in genome.elements:
        assert genes[element.gene].chromosome == element.chromosome
        if element.kind == "enhancer":
            assert all(genes[element.gene].regulators[f] > 0 for f in GRAMMAR)


def test_duplicated_segments_are_near_copies(genome, codes):
    assert len(genome.segments) >= 2
    for segment in genome.segments:
        source, copy = (codes[r.chromosome][r.start : r.end] for r in (segment.source, segment.copy))
        copy = copy if segment.copy.strand == "+" else reverse_complement(copy)
        assert 0 < (source != copy).mean() < 2 * segment.divergence


def test_missing_paralogues_resemble_the_reference(genome, codes):
    for paralogue in genome.paralogues:
        size = paralogue.region.end - paralogue.region.start
        assert abs(len(paralogue.sequence) - size) < 0.02 * size + 5
        text = decode(codes[paralogue.region.chromosome][paralogue.region.start : paralogue.region.end])
        kmers = {text[i : i + 12] for i in range(len(text))}
        copy_text = decode(paralogue.sequence)
        shared = np.mean([copy_text[i : i + 12] in kmers for i in range(len(copy_text) - 12)])
        assert 0.5 < shared < 1 and (0 < paralogue.frequency <= 1)


def test_composition_follows_gc_and_cpg_are_depleted():
    rng = np.random.default_rng(1)
    for gc in (0.36, 0.5):
        sequence = draw_background(60_000, np.full(60_000, gc), rng)
        c, g = (sequence == 1).mean(), (sequence == 2).mean()
        assert abs(c + g - gc) < 0.06
        cpg = ((sequence[:-1] == 1) & (sequence[1:] == 2)).mean()
        assert cpg / (c * g) < 0.4


def test_divergence_matches_rate():
    rng = np.random.default_rng(1)
    sequence = rng.integers(0, 4, 50_000).astype(np.uint8)
    assert (diverge_sequence(sequence, 0.02, rng, indels=0) != sequence).mean() == pytest.approx(0.02, rel=0.15)


def test_the_same_seed_gives_the_same_genome(genome):
    again, different = (plant_genome(seed, 4, 50_000, FACTORS, SPLICE) for seed in (3, 4))
    assert [c.to_fasta() for c in again.chromosomes] == [c.to_fasta() for c in genome.chromosomes]
    assert again.chromosomes[0].to_fasta() != different.chromosomes[0].to_fasta()


def test_bad_motif_row_is_reported(tmp_path):
    path = tmp_path / "bad.meme"
    path.write_text("MEME version 4\nMOTIF X\nletter-probability matrix: w= 1\n 0.1 0.2 0.7\n")
    with pytest.raises(InputError, match="row 4"):
        read_meme(path)
