"""Donors differ at planted variants, and their labels follow from liability."""

import json
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pysam
import pytest

import demo_donors
import demo_genome
from readsight.errors import InputError
from readsight.simulate.cohort import HERITABILITY, PREVALENCE, Donor, ascertain_genotypes, assign_frequencies
from readsight.simulate.elements import BindingSite
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.variants import Variant, left_align, site_delta
from readsight.simulate.vcf import read_haplotypes

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


def plant_files(folder, seed=5, cohort=COHORT):
    folder.mkdir(exist_ok=True)
    paths = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", seed, 4, 50_000, *paths)
    out = {key: folder / name for key, name in NAMES.items()}
    demo_donors.main(paths[0], paths[6], paths[4], MOTIFS / "factors.meme", cohort, seed, 0.002, 0.0003, 8, out)
    return folder


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    return plant_files(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def truth(demo_folder):
    return json.loads((demo_folder / "truth.json").read_text())


@pytest.fixture(scope="module")
def truth_rows(demo_folder):
    with pysam.VariantFile(str(demo_folder / "truth.vcf.gz")) as handle:
        return [row.copy() for row in handle]


def test_reference_alleles_match_genome(demo_folder, truth_rows):
    codes = read_fasta(demo_folder / "g.fa")
    for row in truth_rows:
        assert "".join("ACGT"[b] for b in codes[row.chrom][row.start : row.start + len(row.ref)]) == row.ref
        assert row.ref != row.alts[0]


def test_variant_counts_match_request(truth_rows):
    snvs = sum(len(r.ref) == len(r.alts[0]) for r in truth_rows)
    assert 0.95 * 400 <= snvs <= 410 and 50 <= len(truth_rows) - snvs <= 60
    assert all(any(any(s["GT"]) for s in r.samples.values()) and s.phased for r in truth_rows for s in r.samples.values())


def test_variants_do_not_touch_one_another(demo_folder, truth_rows):
    spans = sorted((r.chrom, r.start, r.start + len(r.ref)) for r in truth_rows)
    with pysam.VariantFile(str(demo_folder / "structural.vcf.gz")) as handle:
        spans += [(r.chrom, r.pos - 100, r.stop + 100) for r in handle]
    spans.sort()
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in zip(spans, spans[1:], strict=False))


def test_close_companions_share_their_haplotypes(truth_rows):
    neighbours = [
        (a, b) for a, b in zip(truth_rows, truth_rows[1:], strict=False) if a.chrom == b.chrom and b.start - a.start < 10
    ]
    assert neighbours
    for a, b in neighbours:
        assert [s["GT"] for s in a.samples.values()] == [s["GT"] for s in b.samples.values()]


def test_broken_sites_lose_log_odds_and_neutral_variants_do_not(demo_folder, truth_rows):
    _, elements, decoys, _ = read_truth(demo_folder / "g.json")
    sites = [s for e in elements for s in e.sites] + decoys
    broken = [r for r in truth_rows if r.info["EFFECT"] == "motif_loss" and len(r.ref) == len(r.alts[0])]
    assert len(broken) >= 10
    codes = read_fasta(demo_folder / "g.fa")
    for row in broken:
        site = next(s for s in sites if s.chromosome == row.chrom and s.start <= row.start < s.end)
        assert row.info["DELTA"] < -2
        assert site_delta(codes[row.chrom], site, FACTORS[site.motif], row.start, row.alts[0]) == pytest.approx(row.info["DELTA"])
    for row in (r for r in truth_rows if r.info["EFFECT"] == "element"):
        assert not any(s.chromosome == row.chrom and s.start < row.start + len(row.ref) and row.start < s.end for s in sites)


def test_restoring_a_site_negates_the_loss():
    motif = FACTORS["SPI1"]
    best = motif.probabilities.argmax(axis=1).astype(np.uint8)
    worse = best.copy()
    worse[5] = (worse[5] + 1) % 4
    intact, broken = (BindingSite("c", 0, 12, "SPI1", "+", motif.score(sequence), "site") for sequence in (best, worse))
    down = site_delta(best, intact, motif, 5, "ACGT"[worse[5]])
    assert down < -4 and site_delta(worse, broken, motif, 5, "ACGT"[best[5]]) == pytest.approx(-down, abs=2e-3)


def test_splice_variants_hit_essential_bases(demo_folder, truth_rows):
    genes, _, _, _ = read_truth(demo_folder / "g.json")
    by_id = {g.id: g for g in genes}
    effects = {r.info["EFFECT"] for r in truth_rows}
    assert {"splice_donor", "splice_acceptor", "missense", "stop_gained", "motif_loss", "decoy_loss"} <= effects
    for row in truth_rows:
        if row.info["EFFECT"].startswith("splice") and len(row.ref) == 1:
            introns = by_id[row.info["SITE"]].introns
            assert any(row.start in (s, s + 1, e - 2, e - 1) for s, e in introns)


def test_indel_is_left_aligned():
    codes = np.array([0, 1, 2, 2, 2, 3], dtype=np.uint8)
    start, ref, alt = left_align(codes, 3, codes[3:5], codes[3:4])
    assert (start, ref.tolist(), alt.tolist()) == (1, [1, 2], [1])


def test_neutral_frequencies_follow_the_neutral_spectrum():
    variants = [Variant("c", i * 50, "A", "C") for i in range(4000)]
    assign_frequencies(variants, 16, np.random.default_rng(1))
    counts = np.bincount([v.genotypes.sum() for v in variants], minlength=16)[1:16]
    expected = 1 / np.arange(1, 16)
    assert counts / 4000 == pytest.approx(expected / expected.sum(), abs=0.02)
    cohort_frequencies = np.array([v.genotypes.mean() for v in variants])
    assert np.corrcoef(cohort_frequencies, [v.frequency for v in variants])[0, 1] > 0.9


def test_labels_come_from_liability():
    causes = [Variant("c", i, "A", "C", beta=1.0, frequency=0.3) for i in range(10)]
    donors = [Donor(f"d{i}", ("case", "control")[i % 2]) for i in range(300)]
    liability = np.array(ascertain_genotypes(donors, causes, np.random.default_rng(2)))
    threshold = NormalDist().inv_cdf(1 - PREVALENCE)
    case = np.array([d.label == "case" for d in donors])
    assert (liability[case] > threshold).all() and (liability[~case] <= threshold).all()
    burden = np.sum([v.genotypes.sum(axis=1) for v in causes], axis=0)
    assert burden[case].mean() > burden[~case].mean() + 1.5


def test_unlabelled_liability_has_model_moments():
    causes = [Variant("c", i, "A", "C", beta=1.0, frequency=0.4) for i in range(10)]
    liability = np.array(ascertain_genotypes([Donor(f"d{i}") for i in range(3000)], causes, np.random.default_rng(3)))
    burden = np.sum([v.genotypes.sum(axis=1) for v in causes], axis=0)
    assert abs(liability.mean()) < 0.1 and liability.std() == pytest.approx(1, abs=0.06)
    assert np.corrcoef(burden, liability)[0, 1] ** 2 == pytest.approx(HERITABILITY, abs=0.05)


def test_truth_records_liability_and_causes(truth, truth_rows):
    assert len(truth["causal"]) >= 8 and set(truth["donors"]) == set(COHORT)
    threshold = NormalDist().inv_cdf(1 - truth["model"]["prevalence"])
    for donor in truth["donors"].values():
        assert (donor["liability"] > threshold) == (donor["label"] == "case")
    by_position = {(r.chrom, r.start): r for r in truth_rows}
    for cause in truth["causal"]:
        row = by_position.get((cause["chromosome"], cause["start"]))
        assert row is None or row.info["BETA"] == pytest.approx(cause["beta"])
        for donor, count in cause["genotypes"].items():
            assert count == (sum(row.samples[donor]["GT"]) if row else 0)


def test_structural_variants_are_in_the_haplotypes(demo_folder):
    codes = read_fasta(demo_folder / "g.fa")
    donor_haplotypes = read_haplotypes(codes, demo_folder / "truth.vcf.gz", demo_folder / "structural.vcf.gz", "S1")
    with pysam.VariantFile(str(demo_folder / "structural.vcf.gz")) as handle:
        for row in handle:
            for side, allele in enumerate(row.samples["S1"]["GT"]):
                inside = np.arange(row.pos, row.stop)
                lifted = donor_haplotypes[row.chrom, side].to_haplotype(inside)
                kind = row.info["SVTYPE"]
                if allele and kind == "DEL":
                    assert (lifted == -1).all() and row.info["SVLEN"] == -len(inside)
                elif allele and kind == "INV":
                    assert (np.diff(lifted) == -1).all()
                elif len(inside) and not allele:
                    assert (np.diff(lifted) == 1).all()


def test_databases_contain_more_common_variants(demo_folder, truth_rows):
    with pysam.VariantFile(str(demo_folder / "known.vcf.gz")) as handle:
        known = {(r.chrom, r.start, r.alts[0]) for r in handle}
    is_listed = {True: [], False: []}
    for row in truth_rows:
        is_listed[row.info["AF"][0] > 0.1].append((row.chrom, row.start, row.alts[0]) in known)
    assert 0.2 < np.mean(is_listed[False]) < np.mean(is_listed[True]) < 1
    assert len(known) > sum(map(sum, is_listed.values()))
    with pysam.VariantFile(str(demo_folder / "clinvar.vcf.gz")) as handle:
        assert {s for r in handle for s in r.info["CLNSIG"]} >= {"Pathogenic", "Benign"}


def test_the_same_seed_gives_the_same_bytes(demo_folder, tmp_path):
    again = plant_files(tmp_path / "again")
    for name in NAMES.values():
        assert (again / name).read_bytes() == (demo_folder / name).read_bytes(), name


def test_samples_of_one_donor_share_genotypes(tmp_path):
    cohort = {"blood": ("A", "case"), "skin": ("A", "case"), "other": ("B", "control")}
    folder = plant_files(tmp_path / "two", cohort=cohort)
    with pysam.VariantFile(str(folder / "truth.vcf.gz")) as handle:
        pairs = [(r.samples["blood"]["GT"], r.samples["skin"]["GT"], r.samples["other"]["GT"]) for r in handle]
    assert all(a == b for a, b, _ in pairs) and any(a != c for a, _, c in pairs)


def test_a_sheet_without_demo_reads_is_refused(demo_folder, tmp_path):
    with pytest.raises(InputError, match="fastq_1 must be"):
        plant_files(tmp_path / "none", cohort={})
