"""Negatives match their positives in simple properties and do not overlap them."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from readsight.dataset.sequences import negatives
from readsight.dataset.sequences.raw_examples import SequenceSet
from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.store import Genome

LENGTH = 100


def make_spec(ratio: float = 1.0, stranded: bool = False) -> dict:
    return {"negatives": {"ratio": ratio, "label": "none"}, "stranded": stranded}


@pytest.fixture(scope="module")
def genome() -> Genome:
    """Three contigs with varying GC content, one fifth repeats, and a gap."""
    rng = np.random.default_rng(1)
    contigs = {}
    for name, size in (("chr1", 120_000), ("chr2", 80_000), ("tiny", 60)):
        gc = 0.5 + 0.25 * np.sin(np.arange(size) / 3000)
        text = np.where(rng.random(size) < gc, rng.choice(list("GC"), size), rng.choice(list("AT"), size))
        is_masked = (np.arange(size) // 400) % 5 == 0
        text = np.where(is_masked, np.char.lower(text), text)
        text[5000:9000] = "N"
        contigs[name] = "".join(text)
    return Genome.from_text(contigs)


@pytest.fixture(scope="module")
def positives(genome) -> SequenceSet:
    """Windows of high GC content, some of them in repeats."""
    rng = np.random.default_rng(2)
    starts = np.sort(rng.choice(np.arange(9_000, 119_000, 200), 220, replace=False))
    codes = windows.cut_windows(genome, np.zeros(220, int), starts, LENGTH)
    has_high_gc = negatives.compute_gc_content(codes) > 0.55
    codes, starts = codes[has_high_gc], starts[has_high_gc]
    stored = windows.cut_raw(genome, np.zeros(len(starts), int), starts, LENGTH)
    columns = {
        "chrom": "chr1",
        "start": starts,
        "end": starts + LENGTH,
        "strand": ".",
        "repeat": windows.compute_repeat_fraction(genome, stored),
    }
    taken = pd.DataFrame({"chrom": "chr1", "start": starts - 40, "end": starts + LENGTH + 40})
    return SequenceSet(
        codes, pd.DataFrame(columns | {"label": "bound"}, index=[f"p{i}" for i in range(len(starts))]), taken=taken
    )


def test_genomic_negatives_match_gc_content_and_repeats(genome, positives):
    drawn = negatives.sample_genome(positives, genome, make_spec(), np.random.default_rng(3))
    assert len(drawn) == len(positives) > 60
    negative_gc, positive_gc = negatives.compute_gc_content(drawn.codes), negatives.compute_gc_content(positives.codes)
    assert (
        np.abs(np.sort(negative_gc) - np.sort(positive_gc)).max() < 0.06 and abs(negative_gc.mean() - positive_gc.mean()) < 0.01
    )
    assert abs(drawn.obs["repeat"].mean() - positives.obs["repeat"].mean()) < 0.03
    random_windows = windows.cut_windows(
        genome, np.zeros(500, int), np.random.default_rng(4).integers(9000, 110_000, 500), LENGTH
    )
    assert abs(negatives.compute_gc_content(random_windows).mean() - positive_gc.mean()) > 0.08, "random windows must not match"
    assert not (drawn.codes == 4).any()
    assert set(drawn.obs["label"]) == {"none"} and set(drawn.obs["origin"]) == {"genomic"}
    assert Counter(drawn.obs["parent"]) == Counter(positives.obs.index)


def test_genomic_negatives_overlap_nothing(genome, positives):
    avoid = pd.DataFrame({"chrom": ["chr2"], "start": [0], "end": [40_000]})
    drawn = negatives.sample_genome(positives, genome, make_spec(), np.random.default_rng(3), avoid)
    covered = {name: np.zeros(size, int) for name, size in genome.lengths.items()}
    for table in (positives.obs, positives.taken, avoid):
        for row in table.itertuples():
            covered[row.chrom][row.start : row.end] = 1
    for row in drawn.obs.itertuples():
        assert not covered[row.chrom][row.start : row.end].any()
        covered[row.chrom][row.start : row.end] = 1
    assert np.array_equal(drawn.codes, windows.cut_windows(genome, drawn.obs["chrom"].tolist(), drawn.obs["start"], LENGTH))


def test_ratio_is_kept_and_draws_are_repeatable(genome, positives):
    first = negatives.sample_genome(positives, genome, make_spec(0.5), np.random.default_rng(3))
    assert len(first) == round(len(positives) / 2) and first.obs["parent"].is_unique
    second = negatives.sample_genome(positives, genome, make_spec(0.5), np.random.default_rng(3))
    assert np.array_equal(first.codes, second.codes)
    stranded = negatives.sample_genome(positives, genome, make_spec(0.5, True), np.random.default_rng(3))
    strands = stranded.obs["strand"]
    assert set(strands) == {"+", "-"}
    expected = windows.cut_windows(genome, stranded.obs["chrom"].tolist(), stranded.obs["start"], LENGTH, strands)
    assert np.array_equal(stranded.codes, expected)


def test_impossible_negatives_are_refused(genome, positives):
    with pytest.raises(
        InputError, match=r"sequences.negatives.ratio: .* negatives are requested, but for .* the genome has no window"
    ):
        negatives.sample_genome(positives, genome, make_spec(40.0), np.random.default_rng(3))
    unplaced = SequenceSet(positives.codes, positives.obs.assign(chrom="", start=-1, end=-1))
    with pytest.raises(InputError, match="no positive has a locus on this genome"):
        negatives.sample_genome(unplaced, genome, make_spec(), np.random.default_rng(3))
    pair = SequenceSet(positives.codes, positives.obs, is_paired=True)
    for make in (
        lambda: negatives.shuffle_positives(pair, make_spec(), np.random.default_rng(1)),
        lambda: negatives.sample_genome(pair, genome, make_spec(), np.random.default_rng(1)),
    ):
        with pytest.raises(InputError, match="variants already have classes"):
            make()
    with pytest.raises(InputError, match="is less than one; increase it"):
        negatives.shuffle_positives(positives.select_rows(np.arange(3)), make_spec(0.1), np.random.default_rng(1))


def test_genome_without_masking_is_matched_by_gc(genome, positives):
    unmasked = Genome(genome.raw & 7, genome.lengths, False)
    positives_without_repeats = SequenceSet(positives.codes, positives.obs.assign(repeat=np.nan), taken=positives.taken)
    drawn = negatives.sample_genome(positives_without_repeats, unmasked, make_spec(), np.random.default_rng(3))
    assert drawn.obs["repeat"].isna().all() and len(drawn) == len(positives)


def count_dinucleotides(codes: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(row[:-1].astype(int) * 5 + row[1:], minlength=25) for row in codes])


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.5])
def test_shuffled_negatives_keep_dinucleotides_locus_and_split(positives, ratio):
    obs = positives.obs.assign(split=np.where(np.arange(len(positives)) % 2, "test", "train"), group="g")
    parents = SequenceSet(positives.codes, obs)
    shuffled = negatives.shuffle_positives(parents, make_spec(ratio), np.random.default_rng(1))
    assert len(shuffled) == round(ratio * len(positives)) and shuffled.obs.index.is_unique
    parent_rows = obs.index.get_indexer(shuffled.obs["parent"])
    assert np.array_equal(count_dinucleotides(shuffled.codes), count_dinucleotides(positives.codes[parent_rows]))
    assert len(np.unique(shuffled.codes, axis=0)) == len(shuffled)
    for column in ("chrom", "start", "end", "split", "group"):
        assert (shuffled.obs[column].to_numpy() == obs[column].to_numpy()[parent_rows]).all()
    assert set(shuffled.obs["label"]) == {"none"} and shuffled.obs["repeat"].isna().all()


def test_unchanged_shuffles_are_excluded_and_counted(positives):
    codes = positives.codes[:3].copy()
    codes[1] = 0
    shuffled = negatives.shuffle_positives(SequenceSet(codes, positives.obs.iloc[:3]), make_spec(), np.random.default_rng(1))
    assert len(shuffled) == 2 and "1 shuffles identical to their parents" in shuffled.left_out[0]
