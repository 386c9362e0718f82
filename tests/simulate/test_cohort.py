"""Donors differ where it was planted, and fall ill because of it."""

import json
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pysam
import pytest

import demo_donors
import demo_genome
from readsight.errors import InputError
from readsight.simulate.cohort import HERITABILITY, PREVALENCE, Donor, ascertain, assign_frequencies
from readsight.simulate.elements import Site
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.variants import Variant, left_align, site_delta
from readsight.simulate.vcf import haplotypes

MOTIFS = Path(__file__).resolve().parents[2] / "resources" / "motifs"
FACTORS = read_meme(MOTIFS / "factors.meme")
COHORT = {f"S{i}": (f"S{i}", ("case", "control")[i % 2]) for i in range(8)}
NAMES = {
    "truth_vcf": "truth.vcf.gz",
    "structural": "structural.vcf.gz",
    "known": "known.vcf.gz",
    "population": "population.vcf.gz",
    "clinvar": "clinvar.vcf.gz",
    "truth": "truth.json",
}


def plant(folder, seed=5, cohort=COHORT):
    folder.mkdir(exist_ok=True)
    made = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", seed, 4, 50_000, *made)
    out = {key: folder / name for key, name in NAMES.items()}
    demo_donors.main(made[0], made[6], made[4], MOTIFS / "factors.meme", cohort, seed, 0.002, 0.0003, 8, out)
    return folder


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def truth(planted):
    return json.loads((planted / "truth.json").read_text())


@pytest.fixture(scope="module")
def rows(planted):
    with pysam.VariantFile(str(planted / "truth.vcf.gz")) as handle:
        return [row.copy() for row in handle]


def test_reference_alleles_are_the_genomes(planted, rows):
    codes = read_fasta(planted / "g.fa")
    for row in rows:
        assert "".join("ACGT"[b] for b in codes[row.chrom][row.start : row.start + len(row.ref)]) == row.ref
        assert row.ref != row.alts[0]


def test_as_many_variants_as_asked(rows):
    snvs = sum(len(r.ref) == len(r.alts[0]) for r in rows)
    assert 0.95 * 400 <= snvs <= 410 and 50 <= len(rows) - snvs <= 60
    assert all(any(any(s["GT"]) for s in r.samples.values()) and s.phased for r in rows for s in r.samples.values())


def test_variants_do_not_touch_one_another(planted, rows):
    spans = sorted((r.chrom, r.start, r.start + len(r.ref)) for r in rows)
    with pysam.VariantFile(str(planted / "structural.vcf.gz")) as handle:
        spans += [(r.chrom, r.pos - 100, r.stop + 100) for r in handle]
    spans.sort()
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in zip(spans, spans[1:], strict=False))


def test_close_companions_share_their_haplotypes(rows):
    near = [(a, b) for a, b in zip(rows, rows[1:], strict=False) if a.chrom == b.chrom and b.start - a.start < 10]
    assert near
    for a, b in near:
        assert [s["GT"] for s in a.samples.values()] == [s["GT"] for s in b.samples.values()]


def test_broken_sites_lose_log_odds_and_neutral_twins_do_not_touch_a_site(planted, rows):
    _, elements, decoys, _ = read_truth(planted / "g.json")
    sites = [s for e in elements for s in e.sites] + decoys
    broken = [r for r in rows if r.info["EFFECT"] == "motif_loss" and len(r.ref) == len(r.alts[0])]
    assert len(broken) >= 10
    codes = read_fasta(planted / "g.fa")
    for row in broken:
        site = next(s for s in sites if s.chromosome == row.chrom and s.start <= row.start < s.end)
        assert row.info["DELTA"] < -2
        assert site_delta(codes[row.chrom], site, FACTORS[site.motif], row.start, row.alts[0]) == pytest.approx(row.info["DELTA"])
    for row in (r for r in rows if r.info["EFFECT"] == "element"):
        assert not any(s.chromosome == row.chrom and s.start < row.start + len(row.ref) and row.start < s.end for s in sites)


def test_restoring_a_site_negates_the_loss():
    motif = FACTORS["SPI1"]
    best = motif.probabilities.argmax(axis=1).astype(np.uint8)
    worse = best.copy()
    worse[5] = (worse[5] + 1) % 4
    there, back = (Site("c", 0, 12, "SPI1", "+", motif.score(w), "site") for w in (best, worse))
    down = site_delta(best, there, motif, 5, "ACGT"[worse[5]])
    assert down < -4 and site_delta(worse, back, motif, 5, "ACGT"[best[5]]) == pytest.approx(-down, abs=2e-3)


def test_splice_variants_hit_the_two_bases_and_coding_effects_are_real(planted, rows):
    genes, _, _, _ = read_truth(planted / "g.json")
    by_id = {g.id: g for g in genes}
    effects = {r.info["EFFECT"] for r in rows}
    assert {"splice_donor", "splice_acceptor", "missense", "stop_gained", "motif_loss", "decoy_loss"} <= effects
    for row in rows:
        if row.info["EFFECT"].startswith("splice") and len(row.ref) == 1:
            introns = by_id[row.info["SITE"]].introns
            assert any(row.start in (s, s + 1, e - 2, e - 1) for s, e in introns)


def test_an_indel_is_shifted_as_far_left_as_it_goes():
    codes = np.array([0, 1, 2, 2, 2, 3], dtype=np.uint8)
    start, ref, alt = left_align(codes, 3, codes[3:5], codes[3:4])
    assert (start, ref.tolist(), alt.tolist()) == (1, [1, 2], [1])


def test_neutral_frequencies_follow_the_neutral_spectrum():
    variants = [Variant("c", i * 50, "A", "C") for i in range(4000)]
    assign_frequencies(variants, 16, np.random.default_rng(1))
    counts = np.bincount([v.genotypes.sum() for v in variants], minlength=16)[1:16]
    expected = 1 / np.arange(1, 16)
    assert counts / 4000 == pytest.approx(expected / expected.sum(), abs=0.02)
    own = np.array([v.genotypes.mean() for v in variants])
    assert np.corrcoef(own, [v.frequency for v in variants])[0, 1] > 0.9


def test_labels_come_from_liability():
    causes = [Variant("c", i, "A", "C", beta=1.0, frequency=0.3) for i in range(10)]
    donors = [Donor(f"d{i}", ("case", "control")[i % 2]) for i in range(300)]
    liability = np.array(ascertain(donors, causes, np.random.default_rng(2)))
    threshold = NormalDist().inv_cdf(1 - PREVALENCE)
    case = np.array([d.label == "case" for d in donors])
    assert (liability[case] > threshold).all() and (liability[~case] <= threshold).all()
    burden = np.sum([v.genotypes.sum(axis=1) for v in causes], axis=0)
    assert burden[case].mean() > burden[~case].mean() + 1.5


def test_without_labels_liability_has_the_models_moments():
    causes = [Variant("c", i, "A", "C", beta=1.0, frequency=0.4) for i in range(10)]
    liability = np.array(ascertain([Donor(f"d{i}") for i in range(3000)], causes, np.random.default_rng(3)))
    burden = np.sum([v.genotypes.sum(axis=1) for v in causes], axis=0)
    assert abs(liability.mean()) < 0.1 and liability.std() == pytest.approx(1, abs=0.06)
    assert np.corrcoef(burden, liability)[0, 1] ** 2 == pytest.approx(HERITABILITY, abs=0.05)


def test_truth_tells_each_donors_liability_and_causes(truth, rows):
    assert len(truth["causal"]) >= 8 and set(truth["donors"]) == set(COHORT)
    threshold = NormalDist().inv_cdf(1 - truth["model"]["prevalence"])
    for donor in truth["donors"].values():
        assert (donor["liability"] > threshold) == (donor["label"] == "case")
    by_place = {(r.chrom, r.start): r for r in rows}
    for cause in truth["causal"]:
        row = by_place.get((cause["chromosome"], cause["start"]))
        assert row is None or row.info["BETA"] == pytest.approx(cause["beta"])
        for donor, count in cause["genotypes"].items():
            assert count == (sum(row.samples[donor]["GT"]) if row else 0)


def test_structural_variants_are_in_the_haplotypes(planted):
    codes = read_fasta(planted / "g.fa")
    own = haplotypes(codes, planted / "truth.vcf.gz", planted / "structural.vcf.gz", "S1")
    with pysam.VariantFile(str(planted / "structural.vcf.gz")) as handle:
        for row in handle:
            for side, allele in enumerate(row.samples["S1"]["GT"]):
                inside = np.arange(row.pos, row.stop)
                there = own[row.chrom, side].to_haplotype(inside)
                kind = row.info["SVTYPE"]
                if allele and kind == "DEL":
                    assert (there == -1).all() and row.info["SVLEN"] == -len(inside)
                elif allele and kind == "INV":
                    assert (np.diff(there) == -1).all()
                elif len(inside) and not allele:
                    assert (np.diff(there) == 1).all()


def test_databases_know_common_variants_better(planted, rows):
    with pysam.VariantFile(str(planted / "known.vcf.gz")) as handle:
        known = {(r.chrom, r.start, r.alts[0]) for r in handle}
    seen = {True: [], False: []}
    for row in rows:
        seen[row.info["AF"][0] > 0.1].append((row.chrom, row.start, row.alts[0]) in known)
    assert 0.2 < np.mean(seen[False]) < np.mean(seen[True]) < 1
    assert len(known) > sum(map(sum, seen.values()))
    with pysam.VariantFile(str(planted / "clinvar.vcf.gz")) as handle:
        assert {s for r in handle for s in r.info["CLNSIG"]} >= {"Pathogenic", "Benign"}


def test_the_same_seed_gives_the_same_bytes(planted, tmp_path):
    again = plant(tmp_path / "again")
    for name in NAMES.values():
        assert (again / name).read_bytes() == (planted / name).read_bytes(), name


def test_two_samples_of_one_donor_are_alike(tmp_path):
    cohort = {"blood": ("A", "case"), "skin": ("A", "case"), "other": ("B", "control")}
    folder = plant(tmp_path / "two", cohort=cohort)
    with pysam.VariantFile(str(folder / "truth.vcf.gz")) as handle:
        pairs = [(r.samples["blood"]["GT"], r.samples["skin"]["GT"], r.samples["other"]["GT"]) for r in handle]
    assert all(a == b for a, b, _ in pairs) and any(a != c for a, _, c in pairs)


def test_a_sheet_without_demo_reads_is_refused(planted, tmp_path):
    with pytest.raises(InputError, match="fastq_1 must be"):
        plant(tmp_path / "none", cohort={})
