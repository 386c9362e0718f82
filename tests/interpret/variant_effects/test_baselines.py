"""What ranks variants without a model is what it says, and the score is judged beside it on genes that nothing was fitted on."""

from pathlib import Path

import numpy as np
import pytest

from effected import genome, read, shapes, text, write
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.motifs.meme import Known
from readsight.interpret.variant_effects import baselines, benchmark, gene_context, training_overlap

GENOME = genome()
WHOLE = text(GENOME)
ROWS = shapes(GENOME)


@pytest.fixture
def found(tmp_path):
    return read(write(tmp_path / "a.vcf", ROWS), GENOME)


def motif(word, strength=0.9):
    rows = np.full((len(word), 4), (1 - strength) / 3)
    rows[np.arange(len(word)), encode(word)] = strength
    return Known(word, rows)


def both_alleles(at, ref, alt):
    return WHOLE, WHOLE[:at] + alt + WHOLE[at + len(ref) :]


def test_gc_is_counted_as_the_alleles_are_spelled(found):
    expected = [sum(b in "GC" for b in alt) - sum(b in "GC" for b in ref) for _, _, ref, alt in ROWS]
    assert baselines.gc_change(found).tolist() == expected


def test_a_threshold_is_the_score_of_rare_words():
    own = motif("ACGTGA", 0.7)
    bits = np.log2(own.matrix * 4)
    every = np.indices((4,) * 6).reshape(6, -1).T
    scores = np.round(bits * baselines.STEP).astype(int)[np.arange(6), every].sum(axis=1) / baselines.STEP
    least = baselines.threshold(bits)
    assert (scores >= least - 1e-9).mean() <= baselines.RARE or least == scores.max()
    long = np.log2(motif("ACGTGACCTA", 0.7).matrix * 4)
    draw = np.random.default_rng(1).integers(0, 4, (400_000, 10))
    rate = (long[np.arange(10), draw].sum(axis=1) >= baselines.threshold(long)).mean()
    assert 0.2 * baselines.RARE < rate <= 1.5 * baselines.RARE


def naive(known, at, ref, alt, change):
    """Best log odds of words that hold a changed base, of both alleles, base by base."""
    least = baselines.threshold(
        np.log2(np.maximum(known.matrix, 1e-3) / np.maximum(known.matrix, 1e-3).sum(1, keepdims=True) * 4)
    )
    bits = np.log2(np.maximum(known.matrix, 1e-3) / np.maximum(known.matrix, 1e-3).sum(1, keepdims=True) * 4)
    best = []
    for whole, low, high in ((WHOLE, change[0], change[1]), (both_alleles(at, ref, alt)[1], change[0], change[0] + change[2])):
        codes, top = encode(whole), least
        for begin in range(max(0, low - len(bits) + 1), high if high > low else low):
            word = codes[begin : begin + len(bits)]
            if len(word) == len(bits) and begin + len(bits) > low:
                for own in (word, reverse_complement(word)):
                    top = max(top, bits[np.arange(len(bits)), own].sum())
        best.append(top)
    return best[1] - best[0]


def test_a_broken_motif_is_the_difference_of_the_best_words(found):
    at = 150
    rows = [*ROWS, ("chr1", at, WHOLE[at : at + 8], "ACGTGACC")]
    known = [motif(WHOLE[at : at + 8]), motif("ACGTGACC"), motif("TTGTTGTTGTTG"), motif("CACACA", 0.8)]
    held = baselines.Motifs(known)
    found = read(write(Path(found.source), rows), GENOME)
    change, which = held.changes(found)
    for i, (_, place, ref, alt) in enumerate(rows):
        stretch = (int(found.start[i]), int(found.end[i]), int(found.sizes[i]))
        expected = [naive(one, place, ref, alt, stretch) for one in known]
        assert change[i] == pytest.approx(max(map(abs, expected)), abs=1e-4)
        assert which[i] == (-1 if change[i] == 0 else int(np.argmax(np.abs(expected))))
    assert change[-1] > 4 and which[-1] in (0, 1)
    assert (change == 0).sum() > len(ROWS) / 2, "what is no site with either allele breaks none"


GTF = "".join(
    f'chr1\tx\texon\t{start + 1}\t{end}\t.\t{strand}\t.\tgene_id "{name}"; transcript_id "{name}.{n}";\n'
    for n, (name, start, end, strand) in enumerate(
        [("A", 100, 160, "+"), ("A", 220, 300, "+"), ("B", 150, 560, "-"), ("C", 250, 260, "+")]
    )
)


def test_genes_are_found_as_by_looking_at_each(found, tmp_path):
    (tmp_path / "g.gtf").write_text(GTF)
    held = gene_context.Genes(tmp_path / "g.gtf", GENOME)
    spans = {"A": (100, 300, True), "B": (150, 560, False), "C": (250, 260, True)}
    gene, distance = held.nearest(found)
    first, strands = held.from_first(found), held.strands(found)
    for i in range(len(found)):
        low, high = int(found.start[i]), max(int(found.end[i]), int(found.start[i]) + 1)
        off = {name: max(0, low - end + 1, start - high + 1) for name, (start, end, _) in spans.items()}
        assert distance[i] == min(off.values()) and off[held.names[gene[i]]] == distance[i]
        begins = [max(0, p - high + 1, low - p) for p in (100, 220, 559, 250)]
        assert first[i] == min(begins)
        assert strands[i].tolist() == [any(off[n] == 0 for n, s in spans.items() if s[2] == way) for way in (True, False)]
    assert gene_context.groups(found, np.arange(len(found)), held.names_of(gene))[1] == "genes"
    elsewhere = read(
        write(tmp_path / "b.vcf", [("chr2", 300, text(GENOME, "chr2")[300], "ACGT".replace(text(GENOME, "chr2")[300], "")[0])]),
        GENOME,
    )
    assert held.nearest(elsewhere)[1].tolist() == [gene_context.NOWHERE] and held.names_of(
        held.nearest(elsewhere)[0]
    ).tolist() == [""]


def test_windows_that_overlap_what_was_learned_are_seen(found):
    draw = np.random.default_rng(2)
    start = draw.integers(0, 650, 6)
    end = start + draw.integers(5, 60, 6)
    low, high = found.spans(48, 3)
    own = training_overlap.covered(found, low, high, np.array(["chr1"] * 5 + ["chr2"]), start, end)
    assert own.tolist() == [bool(((start[:5] < h) & (end[:5] > lo)).any()) for lo, h in zip(low, high, strict=True)]
    assert own.any() and not own.all()


def test_conservation_is_read_from_info_and_bigwig(tmp_path):
    pyBigWig = pytest.importorskip("pyBigWig")
    rows = [("chr1", 150, WHOLE[150:153], WHOLE[150]), ("chr1", 300, WHOLE[300], "ACGT".replace(WHOLE[300], "")[0]), ("chr1", 400, WHOLE[400], WHOLE[400] + "ACGT")]  # fmt: skip
    found = read(write(tmp_path / "a.vcf", rows), GENOME)
    with pyBigWig.open(str(tmp_path / "c.bw"), "w") as out:
        out.addHeader([("chr1", 700)])
        out.addEntries("chr1", 0, values=[float(i) for i in range(350)], span=1, step=1)
    own = baselines.of_bigwig(found, tmp_path / "c.bw")
    assert own[0] == np.arange(found.start[0], found.end[0]).mean() and own[1] == 300 and np.isnan(own[2])
    for text_of, words in (("x", "is no bigWig file"), ("chr1", "has 800 bases there, and 700")):
        path = tmp_path / f"{text_of}.bw"
        path.write_text("x")
        if text_of == "chr1":
            with pyBigWig.open(str(path), "w") as out:
                out.addHeader([("chr1", 800)])
        with pytest.raises(InputError, match=words):
            baselines.of_bigwig(found, path)
    found.said = {"GERP": ["1.5", "", "?"]}
    with pytest.raises(InputError, match=r"row 5, INFO GERP: '\?' is no number"):
        baselines.of_info(found, "GERP")


def planted(strength, n=400, seed=0):
    draw = np.random.default_rng(seed)
    label = draw.random(n) < 0.5
    return label, strength * label + draw.normal(size=n), np.repeat(np.arange(n // 10), 10).astype(str)


def test_a_model_that_loses_to_a_baseline_is_told_so_in_words():
    label, weak, group = planted(0.3)
    strong = 3.0 * label + np.random.default_rng(5).normal(size=len(label))
    found = benchmark.evaluate(label, weak, {"conservation": strong}, group, 100, 1)
    words = benchmark.verdict(found, "all variants", "genes")
    assert "It loses to conservation" in words and "do not rank by the model" in words and "adds nothing" in words
    found = benchmark.evaluate(label, strong, {"conservation": weak}, group, 100, 1)
    words = benchmark.verdict(found, "all variants", "genes")
    assert "It is better than conservation" in words and "it adds something" in words
    chance = benchmark.verdict(
        benchmark.evaluate(label, np.random.default_rng(9).normal(size=400), {}, group, 100, 1), "all", "genes"
    )
    assert "may rank by chance" in chance
    alone = benchmark.evaluate(np.ones(5, bool), np.ones(5), {}, np.arange(5).astype(str), 10, 1)
    assert alone["ranks"] == {} and "Nothing can be ranked" in benchmark.verdict(alone, "all", "genes")


def test_resamples_are_the_same_in_one_piece_and_in_many(monkeypatch):
    label, score, group = planted(1.0)
    whole = benchmark.evaluate(label, score, {}, group, 60, 1)["ranks"]["score"]["auroc"]
    monkeypatch.setattr(benchmark, "HELD", 400 * 20)
    parts = benchmark.evaluate(label, score, {}, group, 60, 1)["ranks"]["score"]["auroc"]
    assert parts["value"] == whole["value"] and parts["low"] == pytest.approx(whole["low"], abs=0.03)
    draws = benchmark.resampled(group, 60, 1)
    assert len(draws(lambda weights: weights.sum(axis=1))) == 61


def test_nothing_is_fitted_on_the_gene_that_is_tested():
    """A column that names the gene, and labels that are the gene's: what was fitted on it would rank perfectly."""
    draw = np.random.default_rng(3)
    group = np.repeat(np.arange(40), 10)
    label = np.repeat(draw.random(40) < 0.5, 10)
    fold = benchmark.folds(group.astype(str), label, 1)
    assert all(len(np.unique(fold[group == g])) == 1 for g in range(40)) and len(np.unique(fold)) == 5
    columns = np.eye(40)[group]
    guess = benchmark.combined(columns, label, fold)
    assert all(len(np.unique(guess[(group == g)])) == 1 for g in range(40))
    ranked = benchmark.metrics.by_fold(benchmark.metrics.auroc, guess, label, fold, np.ones((1, 400)))[0]
    assert ranked == pytest.approx(0.5), "genes that were not fitted on are all alike"
    assert benchmark.folds(np.array(["a"] * 4), np.array([True, False] * 2), 1) is None


def test_a_site_is_named_by_its_very_base():
    loss, place, site = np.array([0.9, 0.1, 0.8]), np.array([10, 20, 31]), np.array([10, 20, 30])
    found = benchmark.named(loss, place, site)
    assert found["recall"]["value"] == pytest.approx(2 / 3) and found["found"]["value"] == pytest.approx(1 / 3)
