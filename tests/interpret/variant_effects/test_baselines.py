"""Baselines that rank variants without a model, and the benchmark of the score against them."""

from pathlib import Path

import numpy as np
import pytest

from effected import build_genome, get_contig_text, read_alleles, sample_variants, write_vcf
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.variant_effects import baselines, benchmark, gene_context, training_overlap

GENOME = build_genome()
SEQUENCE = get_contig_text(GENOME)
ROWS = sample_variants(GENOME)


@pytest.fixture
def alleles(tmp_path):
    return read_alleles(write_vcf(tmp_path / "a.vcf", ROWS), GENOME)


def build_motif(consensus, strength=0.9):
    rows = np.full((len(consensus), 4), (1 - strength) / 3)
    rows[np.arange(len(consensus)), encode(consensus)] = strength
    return NamedMotif(consensus, rows)


def spell_alleles(position, ref, alt):
    return SEQUENCE, SEQUENCE[:position] + alt + SEQUENCE[position + len(ref) :]


def test_gc_change_equals_counts_in_both_alleles(alleles):
    expected = [sum(b in "GC" for b in alt) - sum(b in "GC" for b in ref) for _, _, ref, alt in ROWS]
    assert baselines.compute_gc_change(alleles).tolist() == expected


def test_threshold_is_exceeded_by_the_rare_fraction_of_kmers():
    motif = build_motif("ACGTGA", 0.7)
    bits = np.log2(motif.matrix * 4)
    kmers = np.indices((4,) * 6).reshape(6, -1).T
    scores = np.round(bits * baselines.STEPS_PER_BIT).astype(int)[np.arange(6), kmers].sum(axis=1) / baselines.STEPS_PER_BIT
    threshold = baselines.compute_threshold(bits)
    assert (scores >= threshold - 1e-9).mean() <= baselines.SITE_FRACTION or threshold == scores.max()
    long_bits = np.log2(build_motif("ACGTGACCTA", 0.7).matrix * 4)
    sampled = np.random.default_rng(1).integers(0, 4, (400_000, 10))
    rate = (long_bits[np.arange(10), sampled].sum(axis=1) >= baselines.compute_threshold(long_bits)).mean()
    assert 0.2 * baselines.SITE_FRACTION < rate <= 1.5 * baselines.SITE_FRACTION


def compute_change_naively(motif, position, ref, alt, change):
    """Difference of the best log odds over sites with a changed base, base by base."""
    threshold = baselines.compute_threshold(
        np.log2(np.maximum(motif.matrix, 1e-3) / np.maximum(motif.matrix, 1e-3).sum(1, keepdims=True) * 4)
    )
    bits = np.log2(np.maximum(motif.matrix, 1e-3) / np.maximum(motif.matrix, 1e-3).sum(1, keepdims=True) * 4)
    best = []
    for sequence, low, high in (
        (SEQUENCE, change[0], change[1]),
        (spell_alleles(position, ref, alt)[1], change[0], change[0] + change[2]),
    ):
        codes, highest = encode(sequence), threshold
        for start in range(max(0, low - len(bits) + 1), high if high > low else low):
            kmer = codes[start : start + len(bits)]
            if len(kmer) == len(bits) and start + len(bits) > low:
                for strand_kmer in (kmer, reverse_complement(kmer)):
                    highest = max(highest, bits[np.arange(len(bits)), strand_kmer].sum())
        best.append(highest)
    return best[1] - best[0]


def test_motif_change_is_difference_of_best_scores(alleles):
    position = 150
    rows = [*ROWS, ("chr1", position, SEQUENCE[position : position + 8], "ACGTGACC")]
    motifs = [
        build_motif(SEQUENCE[position : position + 8]),
        build_motif("ACGTGACC"),
        build_motif("TTGTTGTTGTTG"),
        build_motif("CACACA", 0.8),
    ]
    scorer = baselines.MotifScorer(motifs)
    alleles = read_alleles(write_vcf(Path(alleles.source), rows), GENOME)
    change, which = scorer.score_changes(alleles)
    for i, (_, start, ref, alt) in enumerate(rows):
        stretch = (int(alleles.start[i]), int(alleles.end[i]), int(alleles.sizes[i]))
        expected = [compute_change_naively(motif, start, ref, alt, stretch) for motif in motifs]
        assert change[i] == pytest.approx(max(map(abs, expected)), abs=1e-4)
        assert which[i] == (-1 if change[i] == 0 else int(np.argmax(np.abs(expected))))
    assert change[-1] > 4 and which[-1] in (0, 1)
    assert (change == 0).sum() > len(ROWS) / 2, "sequences below the threshold with both alleles have no change"


GTF = "".join(
    f'chr1\tx\texon\t{start + 1}\t{end}\t.\t{strand}\t.\tgene_id "{name}"; transcript_id "{name}.{n}";\n'
    for n, (name, start, end, strand) in enumerate(
        [("A", 100, 160, "+"), ("A", 220, 300, "+"), ("B", 150, 560, "-"), ("C", 250, 260, "+")]
    )
)


def test_nearest_gene_equals_exhaustive_search(alleles, tmp_path):
    (tmp_path / "g.gtf").write_text(GTF)
    genes = gene_context.Genes(tmp_path / "g.gtf", GENOME)
    spans = {"A": (100, 300, True), "B": (150, 560, False), "C": (250, 260, True)}
    gene, distance = genes.find_nearest(alleles)
    tss_distance, strands = genes.compute_tss_distance(alleles), genes.find_strands(alleles)
    for i in range(len(alleles)):
        low, high = int(alleles.start[i]), max(int(alleles.end[i]), int(alleles.start[i]) + 1)
        distances = {name: max(0, low - end + 1, start - high + 1) for name, (start, end, _) in spans.items()}
        assert distance[i] == min(distances.values()) and distances[genes.names[gene[i]]] == distance[i]
        tss_distances = [max(0, p - high + 1, low - p) for p in (100, 220, 559, 250)]
        assert tss_distance[i] == min(tss_distances)
        assert strands[i].tolist() == [
            any(distances[n] == 0 for n, s in spans.items() if s[2] == is_forward) for is_forward in (True, False)
        ]
    assert gene_context.assign_groups(alleles, np.arange(len(alleles)), genes.get_names(gene))[1] == "genes"
    distant = read_alleles(
        write_vcf(
            tmp_path / "b.vcf",
            [("chr2", 300, get_contig_text(GENOME, "chr2")[300], "ACGT".replace(get_contig_text(GENOME, "chr2")[300], "")[0])],
        ),
        GENOME,
    )
    assert genes.find_nearest(distant)[1].tolist() == [gene_context.NO_GENE] and genes.get_names(
        genes.find_nearest(distant)[0]
    ).tolist() == [""]


def test_windows_overlapping_training_are_flagged(alleles):
    rng = np.random.default_rng(2)
    start = rng.integers(0, 650, 6)
    end = start + rng.integers(5, 60, 6)
    low, high = alleles.compute_spans(48, 3)
    overlaps = training_overlap.find_overlaps(alleles, low, high, np.array(["chr1"] * 5 + ["chr2"]), start, end)
    assert overlaps.tolist() == [bool(((start[:5] < h) & (end[:5] > lo)).any()) for lo, h in zip(low, high, strict=True)]
    assert overlaps.any() and not overlaps.all()


def test_conservation_is_read_from_info_and_bigwig(tmp_path):
    pyBigWig = pytest.importorskip("pyBigWig")
    rows = [("chr1", 150, SEQUENCE[150:153], SEQUENCE[150]), ("chr1", 300, SEQUENCE[300], "ACGT".replace(SEQUENCE[300], "")[0]), ("chr1", 400, SEQUENCE[400], SEQUENCE[400] + "ACGT")]  # fmt: skip
    alleles = read_alleles(write_vcf(tmp_path / "a.vcf", rows), GENOME)
    with pyBigWig.open(str(tmp_path / "c.bw"), "w") as out:
        out.addHeader([("chr1", 700)])
        out.addEntries("chr1", 0, values=[float(i) for i in range(350)], span=1, step=1)
    scores = baselines.read_bigwig_scores(alleles, tmp_path / "c.bw")
    assert scores[0] == np.arange(alleles.start[0], alleles.end[0]).mean() and scores[1] == 300 and np.isnan(scores[2])
    for text_of, message in (("x", "is not a bigWig file"), ("chr1", "has 800 bases there, but 700")):
        path = tmp_path / f"{text_of}.bw"
        path.write_text("x")
        if text_of == "chr1":
            with pyBigWig.open(str(path), "w") as out:
                out.addHeader([("chr1", 800)])
        with pytest.raises(InputError, match=message):
            baselines.read_bigwig_scores(alleles, path)
    alleles.info = {"GERP": ["1.5", "", "?"]}
    with pytest.raises(InputError, match=r"row 5, INFO GERP: '\?' is not a number"):
        baselines.read_info_scores(alleles, "GERP")


def simulate_scores(strength, n=400, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.random(n) < 0.5
    return label, strength * label + rng.normal(size=n), np.repeat(np.arange(n // 10), 10).astype(str)


def test_verdict_reports_a_better_baseline():
    label, weak, group = simulate_scores(0.3)
    strong = 3.0 * label + np.random.default_rng(5).normal(size=len(label))
    result = benchmark.evaluate(label, weak, {"conservation": strong}, group, 100, 1)
    verdict = benchmark.write_verdict(result, "all variants", "genes")
    assert (
        "It is worse than conservation" in verdict
        and "do not use the model" in verdict
        and "does not significantly improve" in verdict
    )
    result = benchmark.evaluate(label, strong, {"conservation": weak}, group, 100, 1)
    verdict = benchmark.write_verdict(result, "all variants", "genes")
    assert "It is better than conservation" in verdict and "it improves" in verdict
    random_verdict = benchmark.write_verdict(
        benchmark.evaluate(label, np.random.default_rng(9).normal(size=400), {}, group, 100, 1), "all", "genes"
    )
    assert "no better than chance" in random_verdict
    one_class = benchmark.evaluate(np.ones(5, bool), np.ones(5), {}, np.arange(5).astype(str), 10, 1)
    assert one_class["ranks"] == {} and "Nothing can be ranked" in benchmark.write_verdict(one_class, "all", "genes")


def test_resampling_in_chunks_gives_equal_results(monkeypatch):
    label, score, group = simulate_scores(1.0)
    single = benchmark.evaluate(label, score, {}, group, 60, 1)["ranks"]["score"]["auroc"]
    monkeypatch.setattr(benchmark, "MAX_VALUES", 400 * 20)
    chunked = benchmark.evaluate(label, score, {}, group, 60, 1)["ranks"]["score"]["auroc"]
    assert chunked["value"] == single["value"] and chunked["low"] == pytest.approx(single["low"], abs=0.03)
    resample = benchmark.make_resampler(group, 60, 1)
    assert len(resample(lambda weights: weights.sum(axis=1))) == 61


def test_combinations_are_not_fitted_on_test_genes():
    """A column that identifies the gene, and labels that depend on the gene: a fit on the test genes would rank perfectly."""
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(40), 10)
    label = np.repeat(rng.random(40) < 0.5, 10)
    fold = benchmark.assign_folds(group.astype(str), label, 1)
    assert all(len(np.unique(fold[group == g])) == 1 for g in range(40)) and len(np.unique(fold)) == 5
    columns = np.eye(40)[group]
    log_odds = benchmark.fit_combination(columns, label, fold)
    assert all(len(np.unique(log_odds[(group == g)])) == 1 for g in range(40))
    auroc = benchmark.metrics.average_by_fold(benchmark.metrics.auroc, log_odds, label, fold, np.ones((1, 400)))[0]
    assert auroc == pytest.approx(0.5), "unseen genes cannot be ranked"
    assert benchmark.assign_folds(np.array(["a"] * 4), np.array([True, False] * 2), 1) is None


def test_site_recall_requires_the_exact_base():
    loss, position, site = np.array([0.9, 0.1, 0.8]), np.array([10, 20, 31]), np.array([10, 20, 30])
    result = benchmark.evaluate_site_positions(loss, position, site)
    assert result["recall"]["value"] == pytest.approx(2 / 3) and result["found"]["value"] == pytest.approx(1 / 3)
