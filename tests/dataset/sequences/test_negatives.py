"""Negatives match their positives in what is cheap to tell, and touch none of them."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from readsight.dataset.sequences import negatives
from readsight.dataset.sequences.raw_examples import Found
from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.store import Genome

LENGTH = 100


def spec(ratio: float = 1.0, stranded: bool = False) -> dict:
    return {"negatives": {"ratio": ratio, "label": "none"}, "stranded": stranded}


@pytest.fixture(scope="module")
def genome() -> Genome:
    """Three contigs whose GC content wanders, a fifth in repeats, and a gap."""
    draw = np.random.default_rng(1)
    contigs = {}
    for name, size in (("chr1", 120_000), ("chr2", 80_000), ("tiny", 60)):
        gc = 0.5 + 0.25 * np.sin(np.arange(size) / 3000)
        text = np.where(draw.random(size) < gc, draw.choice(list("GC"), size), draw.choice(list("AT"), size))
        low = (np.arange(size) // 400) % 5 == 0
        text = np.where(low, np.char.lower(text), text)
        text[5000:9000] = "N"
        contigs[name] = "".join(text)
    return Genome.of(contigs)


@pytest.fixture(scope="module")
def positives(genome) -> Found:
    """Windows of high GC content, some of them in repeats."""
    draw = np.random.default_rng(2)
    starts = np.sort(draw.choice(np.arange(9_000, 119_000, 200), 220, replace=False))
    codes = windows.windows(genome, np.zeros(220, int), starts, LENGTH)
    rich = negatives.gc_content(codes) > 0.55
    codes, starts = codes[rich], starts[rich]
    stored = windows.raw(genome, np.zeros(len(starts), int), starts, LENGTH)
    place = {"chrom": "chr1", "start": starts, "end": starts + LENGTH, "strand": ".", "repeat": windows.repeats(genome, stored)}
    taken = pd.DataFrame({"chrom": "chr1", "start": starts - 40, "end": starts + LENGTH + 40})
    return Found(codes, pd.DataFrame(place | {"label": "bound"}, index=[f"p{i}" for i in range(len(starts))]), taken=taken)


def test_genomic_negatives_have_the_positives_gc_content_and_repeats(genome, positives):
    found = negatives.genomic(positives, genome, spec(), np.random.default_rng(3))
    assert len(found) == len(positives) > 60
    own, theirs = negatives.gc_content(found.codes), negatives.gc_content(positives.codes)
    assert np.abs(np.sort(own) - np.sort(theirs)).max() < 0.06 and abs(own.mean() - theirs.mean()) < 0.01
    assert abs(found.obs["repeat"].mean() - positives.obs["repeat"].mean()) < 0.03
    anywhere = windows.windows(genome, np.zeros(500, int), np.random.default_rng(4).integers(9000, 110_000, 500), LENGTH)
    assert abs(negatives.gc_content(anywhere).mean() - theirs.mean()) > 0.08, "or any window would have matched"
    assert not (found.codes == 4).any()
    assert set(found.obs["label"]) == {"none"} and set(found.obs["origin"]) == {"genomic"}
    assert Counter(found.obs["parent"]) == Counter(positives.obs.index)


def test_genomic_negatives_touch_no_positive_nor_each_other(genome, positives):
    avoid = pd.DataFrame({"chrom": ["chr2"], "start": [0], "end": [40_000]})
    found = negatives.genomic(positives, genome, spec(), np.random.default_rng(3), avoid)
    covered = {name: np.zeros(size, int) for name, size in genome.lengths.items()}
    for table in (positives.obs, positives.taken, avoid):
        for row in table.itertuples():
            covered[row.chrom][row.start : row.end] = 1
    for row in found.obs.itertuples():
        assert not covered[row.chrom][row.start : row.end].any()
        covered[row.chrom][row.start : row.end] = 1
    assert np.array_equal(found.codes, windows.windows(genome, found.obs["chrom"].tolist(), found.obs["start"], LENGTH))


def test_the_ratio_is_kept_and_draws_are_repeatable(genome, positives):
    one = negatives.genomic(positives, genome, spec(0.5), np.random.default_rng(3))
    assert len(one) == round(len(positives) / 2) and one.obs["parent"].is_unique
    two = negatives.genomic(positives, genome, spec(0.5), np.random.default_rng(3))
    assert np.array_equal(one.codes, two.codes)
    stranded = negatives.genomic(positives, genome, spec(0.5, True), np.random.default_rng(3))
    strands = stranded.obs["strand"]
    assert set(strands) == {"+", "-"}
    wanted = windows.windows(genome, stranded.obs["chrom"].tolist(), stranded.obs["start"], LENGTH, strands)
    assert np.array_equal(stranded.codes, wanted)


def test_too_few_windows_are_told_and_so_are_positives_without_a_place(genome, positives):
    with pytest.raises(
        InputError, match=r"sequences.negatives.ratio: .* negatives are wanted, and for .* the genome has no window"
    ):
        negatives.genomic(positives, genome, spec(40.0), np.random.default_rng(3))
    nowhere = Found(positives.codes, positives.obs.assign(chrom="", start=-1, end=-1))
    with pytest.raises(InputError, match="none has a place on this genome"):
        negatives.genomic(nowhere, genome, spec(), np.random.default_rng(3))
    pair = Found(positives.codes, positives.obs, pair=True)
    for make in (
        lambda: negatives.shuffled(pair, spec(), np.random.default_rng(1)),
        lambda: negatives.genomic(pair, genome, spec(), np.random.default_rng(1)),
    ):
        with pytest.raises(InputError, match="variants have their own classes"):
            make()
    with pytest.raises(InputError, match="are none; raise it"):
        negatives.shuffled(positives.rows(np.arange(3)), spec(0.1), np.random.default_rng(1))


def test_a_genome_that_tells_no_repeats_is_matched_by_gc_alone(genome, positives):
    plain = Genome(genome.raw & 7, genome.lengths, False)
    bare = Found(positives.codes, positives.obs.assign(repeat=np.nan), taken=positives.taken)
    found = negatives.genomic(bare, plain, spec(), np.random.default_rng(3))
    assert found.obs["repeat"].isna().all() and len(found) == len(positives)


def dinucleotides(codes: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(row[:-1].astype(int) * 5 + row[1:], minlength=25) for row in codes])


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.5])
def test_shuffled_negatives_keep_their_parents_dinucleotides_place_and_side(positives, ratio):
    obs = positives.obs.assign(split=np.where(np.arange(len(positives)) % 2, "test", "train"), group="g")
    parents = Found(positives.codes, obs)
    found = negatives.shuffled(parents, spec(ratio), np.random.default_rng(1))
    assert len(found) == round(ratio * len(positives)) and found.obs.index.is_unique
    at = obs.index.get_indexer(found.obs["parent"])
    assert np.array_equal(dinucleotides(found.codes), dinucleotides(positives.codes[at]))
    assert len(np.unique(found.codes, axis=0)) == len(found)
    for column in ("chrom", "start", "end", "split", "group"):
        assert (found.obs[column].to_numpy() == obs[column].to_numpy()[at]).all()
    assert set(found.obs["label"]) == {"none"} and found.obs["repeat"].isna().all()


def test_shuffles_that_cannot_differ_are_left_out_and_counted(positives):
    codes = positives.codes[:3].copy()
    codes[1] = 0
    found = negatives.shuffled(Found(codes, positives.obs.iloc[:3]), spec(), np.random.default_rng(1))
    assert len(found) == 2 and "1 shuffles, which are the same" in found.left_out[0]
