"""Planted variants break their sites, and neutral twins are matched in every further respect."""

from pathlib import Path

import numpy as np
import pysam
import pytest

import demo_effects
import demo_genome
from readsight.dataset.sequences import splice_sites
from readsight.genome.codes import encode, reverse_complement
from readsight.simulate import effects
from readsight.simulate.elements import GRAMMAR
from readsight.simulate.genes import PlantedGene
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth

MOTIFS = Path(__file__).resolve().parents[2] / "resources" / "motifs"
FACTORS, SPLICE = read_meme(MOTIFS / "factors.meme"), read_meme(MOTIFS / "splice.meme")


def write_effects(genome, seed, *files):
    demo_effects.main(genome["fasta"], genome["json"], MOTIFS / "factors.meme", MOTIFS / "splice.meme", seed, *files)
    return files


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    paths = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", 3, 2, 50_000, *paths)
    genes, elements, _, _ = read_truth(paths[6])
    return {
        "fasta": paths[0],
        "gtf": paths[1],
        "json": paths[6],
        "codes": read_fasta(paths[0]),
        "genes": genes,
        "elements": elements,
    }


@pytest.fixture(scope="module")
def vcf_paths(genome, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    return write_effects(genome, 1, folder / "regulatory.vcf.gz", folder / "splice.vcf.gz")


def read_rows(path):
    with pysam.VariantFile(str(path)) as handle:
        return [(row.copy(), dict(row.info)) for row in handle]


def read_pairs(path):
    """Pairs of ((causal row, INFO), (neutral row, INFO))."""
    twins = {}
    for row, info in read_rows(path):
        twins.setdefault(info["TWIN"], {})[info["CAUSAL"]] = (row, info)
    assert all(set(pair) == {0, 1} for pair in twins.values()), "every causal variant has a twin"
    return [(pair[1], pair[0]) for pair in twins.values()]


def substitute_base(codes, row):
    """Codes of the chromosome with the variant."""
    sequence = codes[row.chrom].copy()
    sequence[row.start] = encode(row.alts[0])[0]
    return sequence


def test_reference_alleles_match_genome_and_files_are_indexed(genome, vcf_paths):
    for path in vcf_paths:
        variants = [row for row, _ in read_rows(path)]
        assert variants and all(encode(row.ref)[0] == genome["codes"][row.chrom][row.start] for row in variants)
        assert len({(row.chrom, row.start) for row in variants}) == len(variants), "no base is changed twice"
        with pysam.TabixFile(str(path)) as handle:
            assert list(handle.fetch("chr2"))


def test_twins_are_the_same_substitution(vcf_paths):
    for path in vcf_paths:
        for (causal, _), (neutral, _) in read_pairs(path):
            assert (causal.chrom, causal.ref, causal.alts) == (neutral.chrom, neutral.ref, neutral.alts)


def test_broken_sites_of_every_active_enhancer(genome, vcf_paths):
    active = {e.id: e for e in genome["elements"] if e.kind == "enhancer"}
    twins = read_pairs(vcf_paths[0])
    assert {info["ELEMENT"] for (_, info), _ in twins} == set(active)
    assert len(twins) == sum(len(e.sites) for e in active.values())
    for (row, info), (twin, twin_info) in twins:
        element = active[info["ELEMENT"]]
        site = next(s for s in element.sites if s.start <= row.start < s.end)
        assert site.motif == info["KIND"]
        site_sequence = substitute_base(genome["codes"], row)[site.start : site.end]
        score = FACTORS[site.motif].score(site_sequence if site.strand == "+" else reverse_complement(site_sequence))
        assert score - site.score == pytest.approx(info["DELTA"], abs=0.01) and info["DELTA"] <= -effects.MIN_LOSS
        assert twin_info["ELEMENT"] == element.id and element.start <= twin.start < element.end
        assert all(
            twin.start < s.start - effects.MIN_DISTANCE or twin.start >= s.end + effects.MIN_DISTANCE for s in element.sites
        )
        before, after = (
            c[element.start : element.end] for c in (genome["codes"][row.chrom], substitute_base(genome["codes"], twin))
        )
        assert all(FACTORS[name].find_hits(after) == FACTORS[name].find_hits(before) for name in GRAMMAR)


def test_most_twins_share_trinucleotide_context(genome, vcf_paths):
    codes = genome["codes"]
    contexts = [
        [codes[r.chrom][r.start - 1 : r.start + 2].tolist() for r in (causal, neutral)]
        for (causal, _), (neutral, _) in read_pairs(vcf_paths[0])
    ]
    assert np.mean([causal == neutral for causal, neutral in contexts]) > 0.6


def test_splice_variants_match_labelled_positions(genome, vcf_paths):
    sites = splice_sites.collect_sites(splice_sites.gtf.read_gtf(genome["gtf"], {n: len(c) for n, c in genome["codes"].items()}))[
        1
    ]
    labelled = {
        (chrom, kind, position)
        for (chrom, _), gene_sites in sites.items()
        for kind in ("donor", "acceptor")
        for position in getattr(gene_sites, f"{kind}s")
    }
    twins = read_pairs(vcf_paths[1])
    annotated = {(row.chrom, info["KIND"], info["SITE"] - 1) for (row, info), _ in twins}
    assert annotated <= labelled and len(annotated) == len(twins) > 0.9 * len(labelled)
    for (row, info), _ in twins:
        inward = (row.pos - info["SITE"]) * (1 if (info["STRAND"] == "+") == (info["KIND"] == "donor") else -1)
        assert inward in (1, 2), "one of the two intron bases next to the exon"
        assert info["DELTA"] <= -effects.MIN_LOSS


def test_neutral_twins_do_not_affect_splicing(genome, vcf_paths):
    known = [s for gene in genome["genes"] for s in effects.splice_signals(gene, SPLICE)]
    for (_, info), (row, twin_info) in read_pairs(vcf_paths[1]):
        assert effects.NEAR <= abs(row.pos - info["SITE"]) <= effects.FAR and "SITE" not in twin_info
        sequence = substitute_base(genome["codes"], row)
        assert not any(s.gene.chromosome == row.chrom and s.start <= row.start < s.end for s in known)
        after = sequence[row.start - 30 : row.start + 31]
        before = genome["codes"][row.chrom][row.start - 30 : row.start + 31]
        for kind in ("donor", "acceptor"):
            new, old = ({h for h in SPLICE[kind].find_hits(c) if h[1] == info["STRAND"]} for c in (after, before))
            assert new == old, "no splice site is created or lost"


def test_splice_signals_match_planted_motifs(genome):
    for gene in genome["genes"]:
        for signal in effects.splice_signals(gene, SPLICE):
            codes = genome["codes"][gene.chromosome]
            assert SPLICE[signal.kind].score(signal.sequence(codes)) >= SPLICE[signal.kind].threshold
            essential = codes[list(signal.essential)]
            bases = essential if gene.strand == "+" else reverse_complement(essential)
            assert bases.tolist() == encode("GT" if signal.kind == "donor" else "AG").tolist()


def test_seed_determines_files(genome, vcf_paths, tmp_path):
    again = write_effects(genome, 1, tmp_path / "a.vcf.gz", tmp_path / "b.vcf.gz")
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in vcf_paths]
    different = write_effects(genome, 2, tmp_path / "c.vcf.gz", tmp_path / "d.vcf.gz")
    assert different[1].read_bytes() != vcf_paths[1].read_bytes()


def test_site_without_neutral_twin_is_skipped():
    gene = PlantedGene("G", "G", "chr1", "+", [(100, 160), (400, 460)], (0, 60))
    codes = np.zeros(600, np.uint8)  # all A: no twin exists for substitutions of G or T
    codes[160:162], codes[398:400] = encode("GT"), encode("AG")
    effects_per_seed = [
        effects.plant_splice_effects({"chr1": codes}, [gene], SPLICE, np.random.default_rng(seed)) for seed in range(6)
    ]
    assert {v.ref for effect_list in effects_per_seed for v, _ in effect_list} == {"A"}, "only the A of AG has a twin"
