"""Variants of known effect break what they are said to break, and their neutral twins differ from them in nothing else."""

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
from readsight.simulate.genes import Gene
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth

MOTIFS = Path(__file__).resolve().parents[2] / "resources" / "motifs"
FACTORS, SPLICE = read_meme(MOTIFS / "factors.meme"), read_meme(MOTIFS / "splice.meme")


def write(genome, seed, *files):
    demo_effects.main(genome["fasta"], genome["json"], MOTIFS / "factors.meme", MOTIFS / "splice.meme", seed, *files)
    return files


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    made = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", 3, 2, 50_000, *made)
    genes, elements, _, _ = read_truth(made[6])
    return {"fasta": made[0], "gtf": made[1], "json": made[6], "codes": read_fasta(made[0]), "genes": genes, "elements": elements}


@pytest.fixture(scope="module")
def planted(genome, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    return write(genome, 1, folder / "regulatory.vcf.gz", folder / "splice.vcf.gz")


def rows(path):
    with pysam.VariantFile(str(path)) as handle:
        return [(row.copy(), dict(row.info)) for row in handle]


def pairs(path):
    """(causal row and INFO, neutral row and INFO) of each pair."""
    found = {}
    for row, said in rows(path):
        found.setdefault(said["TWIN"], {})[said["CAUSAL"]] = (row, said)
    assert all(set(pair) == {0, 1} for pair in found.values()), "a causal variant has its twin"
    return [(pair[1], pair[0]) for pair in found.values()]


def changed(codes, row):
    """The chromosome with the variant."""
    found = codes[row.chrom].copy()
    found[row.start] = encode(row.alts[0])[0]
    return found


def test_alleles_are_the_genomes_and_files_are_indexed(genome, planted):
    for path in planted:
        found = [row for row, _ in rows(path)]
        assert found and all(encode(row.ref)[0] == genome["codes"][row.chrom][row.start] for row in found)
        assert len({(row.chrom, row.start) for row in found}) == len(found), "no base is changed twice"
        with pysam.TabixFile(str(path)) as handle:
            assert list(handle.fetch("chr2"))


def test_twins_are_the_same_substitution(planted):
    for path in planted:
        for (one, _), (other, _) in pairs(path):
            assert (one.chrom, one.ref, one.alts) == (other.chrom, other.ref, other.alts)


def test_broken_sites_of_every_active_enhancer(genome, planted):
    active = {e.id: e for e in genome["elements"] if e.kind == "enhancer"}
    found = pairs(planted[0])
    assert {said["ELEMENT"] for (_, said), _ in found} == set(active)
    assert len(found) == sum(len(e.sites) for e in active.values())
    for (row, said), (twin, about) in found:
        element = active[said["ELEMENT"]]
        site = next(s for s in element.sites if s.start <= row.start < s.end)
        assert site.motif == said["KIND"]
        word = changed(genome["codes"], row)[site.start : site.end]
        score = FACTORS[site.motif].score(word if site.strand == "+" else reverse_complement(word))
        assert score - site.score == pytest.approx(said["DELTA"], abs=0.01) and said["DELTA"] <= -effects.LOSS
        assert about["ELEMENT"] == element.id and element.start <= twin.start < element.end
        assert all(twin.start < s.start - effects.APART or twin.start >= s.end + effects.APART for s in element.sites)
        before, after = (c[element.start : element.end] for c in (genome["codes"][row.chrom], changed(genome["codes"], twin)))
        assert all(FACTORS[name].hits(after) == FACTORS[name].hits(before) for name in GRAMMAR)


def test_most_twins_stand_in_the_same_three_bases(genome, planted):
    codes = genome["codes"]
    around = [
        [codes[r.chrom][r.start - 1 : r.start + 2].tolist() for r in (one, two)] for (one, _), (two, _) in pairs(planted[0])
    ]
    assert np.mean([one == two for one, two in around]) > 0.6


def test_broken_splice_sites_bear_the_place_that_the_task_labels(genome, planted):
    sites = splice_sites.gathered(splice_sites.gtf.read(genome["gtf"], {n: len(c) for n, c in genome["codes"].items()}))[1]
    labelled = {
        (chrom, kind, place)
        for (chrom, _), own in sites.items()
        for kind in ("donor", "acceptor")
        for place in getattr(own, f"{kind}s")
    }
    found = pairs(planted[1])
    named = {(row.chrom, said["KIND"], said["SITE"] - 1) for (row, said), _ in found}
    assert named <= labelled and len(named) == len(found) > 0.9 * len(labelled)
    for (row, said), _ in found:
        inward = (row.pos - said["SITE"]) * (1 if (said["STRAND"] == "+") == (said["KIND"] == "donor") else -1)
        assert inward in (1, 2), "one of the intron's two bases next to the exon"
        assert said["DELTA"] <= -effects.LOSS


def test_neutral_twins_leave_splicing_alone(genome, planted):
    known = [s for gene in genome["genes"] for s in effects.signals(gene, SPLICE)]
    for (_, said), (row, about) in pairs(planted[1]):
        assert effects.NEAR <= abs(row.pos - said["SITE"]) <= effects.FAR and "SITE" not in about
        own = changed(genome["codes"], row)
        assert not any(s.gene.chromosome == row.chrom and s.start <= row.start < s.end for s in known)
        part = own[row.start - 30 : row.start + 31]
        before = genome["codes"][row.chrom][row.start - 30 : row.start + 31]
        for kind in ("donor", "acceptor"):
            new, old = ({h for h in SPLICE[kind].hits(c) if h[1] == said["STRAND"]} for c in (part, before))
            assert new == old, "no splice site is made or lost"


def test_signals_are_the_words_that_were_planted(genome):
    for gene in genome["genes"]:
        for signal in effects.signals(gene, SPLICE):
            codes = genome["codes"][gene.chromosome]
            assert SPLICE[signal.kind].score(signal.word(codes)) >= SPLICE[signal.kind].threshold
            essential = codes[list(signal.essential)]
            bases = essential if gene.strand == "+" else reverse_complement(essential)
            assert bases.tolist() == encode("GT" if signal.kind == "donor" else "AG").tolist()


def test_a_seed_gives_the_same_files_and_another_gives_others(genome, planted, tmp_path):
    again = write(genome, 1, tmp_path / "a.vcf.gz", tmp_path / "b.vcf.gz")
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in planted]
    other = write(genome, 2, tmp_path / "c.vcf.gz", tmp_path / "d.vcf.gz")
    assert other[1].read_bytes() != planted[1].read_bytes()


def test_a_site_without_a_twin_is_left_out():
    gene = Gene("G", "G", "chr1", "+", [(100, 160), (400, 460)], (0, 60))
    codes = np.zeros(600, np.uint8)  # A throughout: no other base can be changed as those of GT
    codes[160:162], codes[398:400] = encode("GT"), encode("AG")
    drawn = [effects.splicing({"chr1": codes}, [gene], SPLICE, np.random.default_rng(seed)) for seed in range(6)]
    assert {v.ref for found in drawn for v, _ in found} == {"A"}, "of AG alone, and there of A"
