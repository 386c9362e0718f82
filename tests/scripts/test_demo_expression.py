"""Planted expression follows label, factors, alleles, batch and sex; RNA reads match it."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import demo_donors
import demo_expression
import demo_genome
import demo_reads_rna
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.simulate import expression
from readsight.simulate.expression import REGULATED_FACTORS, Circuit, RnaSample, draw_levels, site_occupancy, transcript_sequences
from readsight.simulate.haplotype import Haplotype, HaplotypeEdit
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.vcf import read_haplotypes

MOTIFS = Path(__file__).resolve().parents[2] / "resources" / "motifs"
FACTORS = read_meme(MOTIFS / "factors.meme")
LABELS = {f"S{i}": ("case", "control")[i % 2] for i in range(8)}
DNA = {name: (name, label) for name, label in list(LABELS.items())[:4]}
RNA = {f"{name}R": (name, label) for name, label in LABELS.items()}
COHORT = {
    name: {"donor": donor, "label": label, "batch": i // 2 % 2, "sex": ("female", "male")[i // 4]}
    for i, (name, (donor, label)) in enumerate(RNA.items())
}
SEED = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    paths = [folder / n for n in ("g.fa", "g.gtf", "e.bed", "m.bed", "d.bed", "missing.fa", "g.json")]
    demo_genome.main(MOTIFS / "factors.meme", MOTIFS / "splice.meme", SEED, 4, 60_000, *paths)
    out = {n: folder / f"{n}.vcf.gz" for n in ("truth_vcf", "structural", "known", "population", "clinvar")}
    out["truth"] = folder / "truth.json"
    factors = MOTIFS / "factors.meme"
    demo_donors.main(paths[0], paths[6], paths[4], factors, DNA | RNA, SEED, 0.002, 0.0003, 8, out, list(RNA))
    planted = {"levels": "levels.tsv", "alleles": "alleles.tsv", "truth": "expression.json", "regulons": "regulons.gmt"}
    expression_paths = {kind: folder / name for kind, name in planted.items()}
    demo_expression.main(
        paths[0], out["truth"], out["truth_vcf"], out["structural"], factors, COHORT, ["a", "b"], SEED, expression_paths
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def circuit(folder):
    genes, elements, *_ = read_truth(folder / "truth.json")
    return Circuit(genes, elements, FACTORS)


@pytest.fixture(scope="module")
def truth(folder):
    return json.loads((folder / "expression.json").read_text())


@pytest.fixture(scope="module")
def reference(folder):
    return {(name, side): Haplotype(codes) for name, codes in read_fasta(folder / "g.fa").items() for side in (0, 1)}


def sample_haplotypes(folder, sample):
    return read_haplotypes(read_fasta(folder / "g.fa"), folder / "truth_vcf.vcf.gz", folder / "structural.vcf.gz", sample)


def test_levels_sum_to_a_million_and_alleles_to_levels(folder):
    gene_levels = pd.read_csv(folder / "levels.tsv", sep="\t", index_col=0)
    alleles = pd.read_csv(folder / "alleles.tsv", sep="\t", index_col=0)
    assert list(gene_levels.columns) == list(RNA)
    np.testing.assert_allclose(gene_levels.sum(), 1e6, rtol=1e-4)
    for sample in RNA:
        np.testing.assert_allclose(alleles[f"{sample}.1"] + alleles[f"{sample}.2"], gene_levels[sample], rtol=1e-4)


def test_label_changes_only_regulated_factors_and_targets(circuit, reference):
    case, control = RnaSample("x", "x", "case"), RnaSample("x", "x", "control")
    for gene in circuit.genes:
        change = circuit.mean_level(gene, case, reference) - circuit.mean_level(gene, control, reference)
        assert change == pytest.approx(circuit.label_effects.get(gene.id, 0.0), abs=2e-3)
        regulators = {f for f in gene.regulators if f != gene.name} | {gene.name}
        assert (gene.id in circuit.label_effects) == bool(regulators & set(REGULATED_FACTORS))
    assert {g.name for g in circuit.genes if g.id in circuit.label_effects} >= set(REGULATED_FACTORS)


def test_truth_records_difference_of_cases_and_controls(folder, circuit, truth):
    """The expected levels of these donors differ as recorded."""
    samples = [RnaSample(name, **attributes) for name, attributes in COHORT.items()]
    haplotypes_of_samples = [sample_haplotypes(folder, s.name) for s in samples]
    case = np.array([s.label == "case" for s in samples])
    for gene in circuit.genes:
        levels_of_samples = np.array(
            [circuit.mean_level(gene, s, h) for s, h in zip(samples, haplotypes_of_samples, strict=True)]
        )
        change = levels_of_samples[case].mean() - levels_of_samples[~case].mean()
        if gene.id in circuit.label_effects:
            assert truth["differential"][gene.id]["log2_fold_change"] == pytest.approx(change, abs=1e-3)
        else:
            assert (gene.id in truth["by_variants"]) == (abs(change) >= demo_expression.MIN_VARIANT_EFFECT)


def break_site(site, codes):
    """A haplotype with every base of the site substituted."""
    return Haplotype(codes, [HaplotypeEdit(site.start, site.end, "replace", (codes[site.start : site.end] + 1) % 4)])


def test_broken_site_affects_one_haplotype(folder, circuit, reference):
    codes = read_fasta(folder / "g.fa")
    enhancer = next(e for e in circuit.elements if e.kind == "enhancer")
    gene = next(g for g in circuit.genes if g.id == enhancer.gene)
    mutated = reference | {(gene.chromosome, 1): break_site(enhancer.sites[0], codes[gene.chromosome])}
    assert circuit.haplotype_level(gene, {}, mutated, 0) == circuit.haplotype_level(gene, {}, reference, 0)
    lost = circuit.haplotype_level(gene, {}, mutated, 0) - circuit.haplotype_level(gene, {}, mutated, 1)
    assert lost == pytest.approx(enhancer.strength, abs=0.02)


def test_occupancy_follows_odds_and_site_integrity(folder, circuit):
    codes = read_fasta(folder / "g.fa")
    site = circuit.promoters[circuit.genes[0].id][0]
    chromosome, motif = codes[site.chromosome], FACTORS[site.motif]
    assert site_occupancy(site, motif, Haplotype(chromosome)) == pytest.approx(1, abs=0.01)
    assert site_occupancy(site, motif, Haplotype(chromosome, [HaplotypeEdit(site.start - 20, site.end + 20)])) == 0
    insertion = HaplotypeEdit(site.start + 3, site.start + 4, "replace", encode("ACGT"))
    assert site_occupancy(site, motif, Haplotype(chromosome, [insertion])) == 0
    inverted = Haplotype(chromosome, [HaplotypeEdit(site.start - 50, site.end + 50, "invert")])
    assert site_occupancy(site, motif, inverted) == pytest.approx(1, abs=0.01)
    assert site_occupancy(site, motif, break_site(site, chromosome)) < 0.1


def test_batch_shifts_genes_and_sex_silences_sex_genes(folder, circuit, truth, monkeypatch):
    for name in ("ACTIVITY_SD", "DONOR_SD", "SAMPLE_SD"):
        monkeypatch.setattr(expression, name, 0.0)
    donor_haplotypes = sample_haplotypes(folder, "S0R")
    first, second = (
        draw_levels(circuit, RnaSample("x", "x", "case", batch, "female"), donor_haplotypes, SEED) for batch in (0, 1)
    )
    names = np.array([g.name for g in circuit.genes])
    is_comparable = names != "RPS4Y1"
    assert (first[~is_comparable] == 0).all() and (first[names == "XIST"] > 0).all()
    shift = np.log2(second[is_comparable].sum(axis=1) / first[is_comparable].sum(axis=1))
    stated = np.array([truth["batches"]["b"][g.id] for g in np.array(circuit.genes, dtype=object)[is_comparable]])
    np.testing.assert_allclose(shift - shift.mean(), stated - stated.mean(), atol=1e-4)
    assert stated.std() == pytest.approx(expression.BATCH_SD, rel=0.5) and not any(truth["batches"]["a"].values())


def test_transcripts_are_spliced_from_donor_haplotypes(folder, circuit, reference):
    codes = read_fasta(folder / "g.fa")
    plain = transcript_sequences(circuit.genes, reference)
    for i, gene in enumerate(circuit.genes):
        assert decode(plain[2 * i]) == decode(gene.transcript_sequence(codes[gene.chromosome]))
    gene = circuit.genes[0]
    start, end = gene.exons[0]
    edit = HaplotypeEdit(start + 10, start + 11, "replace", encode("ACGTA"))
    longer = reference | {(gene.chromosome, 1): Haplotype(codes[gene.chromosome], [edit])}
    assert [len(x) for x in transcript_sequences([gene], longer)] == [len(plain[0]), len(plain[0]) + 4]


def test_regulons_are_the_planted_targets(folder, circuit):
    sets = {line.split("\t")[0]: set(line.split("\t")[2:]) for line in (folder / "regulons.gmt").read_text().splitlines()}
    for factor, genes in circuit.regulons().items():
        raised = {g.name for g in genes if g.regulators[factor] > 0}
        assert sets.get(f"{factor}_raises", set()) == raised
        assert sets.get(f"{factor}_lowers", set()) == {g.name for g in genes} - raised


def sequence_rna(folder, out, sample="S1R", pairs=4000):
    paths = (out / "1.fastq.gz", out / "2.fastq.gz")
    demo_reads_rna.main(
        folder / "g.fa", folder / "truth.json", folder / "truth_vcf.vcf.gz", folder / "structural.vcf.gz",
        folder / "alleles.tsv", sample, "L1", 0, 1, pairs, 101, SEED, paths,
    )  # fmt: skip
    return [gzip.decompress(path.read_bytes()).decode().splitlines()[1::4] for path in paths]


def test_read_counts_follow_transcripts_and_strand(folder, circuit, tmp_path):
    first, second = sequence_rna(folder, tmp_path)
    assert len(first) == len(second) == 4000
    spliced = transcript_sequences(circuit.genes, sample_haplotypes(folder, "S1R"))
    level = demo_reads_rna.read_levels(folder / "alleles.tsv", "S1R", circuit.genes)
    sense = [decode(x) for x in spliced]
    forward_text = "#".join(sense)
    reverse_text = "#".join(decode(reverse_complement(x)) for x in spliced)
    assert np.mean([r[:40] in reverse_text for r in first]) > 0.9 and np.mean([r[:40] in forward_text for r in second]) > 0.9
    read_counts, expected = [], []
    for i in range(0, len(spliced), 2):
        pair = "#".join(sense[i : i + 2])
        read_counts.append(sum(r[:40] in pair for r in second))
        expected.append(sum(level[j] * max(len(spliced[j]) - 210, 1) for j in (i, i + 1)))
    assert pd.Series(read_counts).corr(pd.Series(expected), method="pearson") > 0.98


def test_the_same_seed_gives_the_same_reads(folder, tmp_path):
    (tmp_path / "again").mkdir()
    first, second = sequence_rna(folder, tmp_path, pairs=600), sequence_rna(folder, tmp_path / "again", pairs=600)
    assert first == second and first != sequence_rna(folder, tmp_path, "S2R", pairs=600)


def test_rna_only_donors_do_not_change_sequenced_donors(folder, tmp_path):
    """Donors with sequenced DNA have the same genotypes without the RNA-only donors."""
    import pysam

    out = {n: tmp_path / f"{n}.vcf.gz" for n in ("truth_vcf", "structural", "known", "population", "clinvar")}
    out["truth"] = tmp_path / "truth.json"
    demo_donors.main(
        folder / "g.fa", folder / "g.json", folder / "d.bed", MOTIFS / "factors.meme", DNA, SEED, 0.002, 0.0003, 8, out
    )  # fmt: skip

    def read_genotypes(path):
        with pysam.VariantFile(str(path)) as handle:
            rows = {(r.chrom, r.start, r.alts[0]): [r.samples[s]["GT"] for s in r.samples] for r in handle}
        return {site: row for site, row in rows.items() if any(map(any, row[: len(DNA)]))}

    dna_only, together = read_genotypes(out["truth_vcf"]), read_genotypes(folder / "truth_vcf.vcf.gz")
    assert dna_only == {site: row[: len(DNA)] for site, row in together.items()}
    assert all(row[len(DNA) : 2 * len(DNA)] == row[: len(DNA)] for row in together.values()), "RNA of the same donors"
    allele_fraction = np.array([np.sum(row[-4:]) / 8 for row in together.values()])
    frequency = np.array([np.sum(row[: len(DNA)]) / 8 for row in together.values()])
    assert np.corrcoef(allele_fraction, frequency)[0, 1] > 0.3 and 0.03 < allele_fraction.mean() < 0.6
