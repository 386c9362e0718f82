"""Windows match the bases of the contig for every way of access."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.errors import InputError
from readsight.genome import windows as module
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.genome.store import Genome
from readsight.genome.windows import Windows, compute_repeat_fraction, cut_windows, is_inside

RNG = np.random.default_rng(1)
CONTIGS = {name: "".join(RNG.choice(list("ACGTNacgtn"), size)) for name, size in (("chr1", 211), ("chr2", 97), ("chrM", 30))}
GENOME = Genome.from_text(CONTIGS)


def cut_naively(contig: int, start: int, length: int, strand: str = "+") -> str:
    """Base by base; N outside the contig."""
    text = list(CONTIGS.values())[contig].upper()
    window = "".join(text[i] if 0 <= i < len(text) else "N" for i in range(start, start + length))
    return window if strand == "+" else window[::-1].translate(str.maketrans("ACGT", "TGCA"))


PLACES = st.lists(st.tuples(st.integers(0, 2), st.integers(-60, 240), st.sampled_from("+-.")), max_size=20)


@given(PLACES, st.integers(1, 120))
def test_padded_windows_match_naive_windows(loci, length):
    contigs, starts, strands = (
        np.array(column, dtype=kind)
        for column, kind in zip(zip(*loci, strict=True) if loci else ([], [], []), (int, int, str), strict=True)
    )
    codes = cut_windows(GENOME, contigs, starts, length, strands, "pad")
    assert codes.shape == (len(loci), length) and codes.dtype == np.uint8
    assert [decode(row) for row in codes] == [cut_naively(c, s, length, "-" if d == "-" else "+") for c, s, d in loci]


@given(PLACES, st.integers(1, 120))
def test_windows_outside_are_dropped(loci, length):
    contigs, starts = (np.array([locus[i] for locus in loci], dtype=int) for i in (0, 1))
    is_kept = is_inside(GENOME, contigs, starts, length)
    assert is_kept.tolist() == [s >= 0 and s + length <= len(list(CONTIGS.values())[c]) for c, s, _ in loci]
    codes = cut_windows(GENOME, contigs, starts, length, [locus[2] for locus in loci], "drop")
    assert np.array_equal(
        codes, cut_windows(GENOME, contigs[is_kept], starts[is_kept], length, np.array([p[2] for p in loci])[is_kept])
    )


def test_window_past_the_end_is_refused():
    with pytest.raises(InputError, match=r"chr1:200-220 reaches past its contig of 211 bases") as error:
        cut_windows(GENOME, ["chr2", "chr1"], [0, 200], 20)
    assert "sequences.outside" in str(error.value)
    assert decode(cut_windows(GENOME, ["chr1"], [200], 20, outside="pad")[0])[11:] == "N" * 9


def test_reverse_strand_is_the_reverse_complement():
    starts = np.arange(0, 150, 7)
    forward, reverse = (cut_windows(GENOME, np.zeros(len(starts), int), starts, 41, [s] * len(starts)) for s in "+-")
    assert np.array_equal(reverse, reverse_complement(forward))
    assert np.array_equal(reverse_complement(reverse), forward)


def test_repeat_fraction_counts_lower_case_and_n():
    stored = module.cut_raw(GENOME, np.array([0, 1]), np.array([3, 5]), 50)
    texts = [CONTIGS["chr1"][3:53], CONTIGS["chr2"][5:55]]
    assert np.allclose(compute_repeat_fraction(GENOME, stored), [sum(c.islower() or c == "N" for c in t) / 50 for t in texts])
    upper = Genome.from_text({name: text.upper() for name, text in CONTIGS.items()})
    assert np.isnan(compute_repeat_fraction(upper, module.cut_raw(upper, np.array([0]), np.array([3]), 50))).all()


def test_jitter_is_bounded_and_repeatable():
    contigs, starts = np.zeros(500, int), np.full(500, 2)
    moved = module.jitter_starts(GENOME, contigs, starts, 20, 5, np.random.default_rng(1))
    assert set(moved) == set(range(0, 8))
    jittered = Windows(GENOME, contigs, starts, 20, jitter=5, rng=np.random.default_rng(1))
    assert np.array_equal(jittered[:500], cut_windows(GENOME, contigs, moved, 20))
    assert np.array_equal(
        cut_windows(GENOME, contigs, starts, 20, jitter=5, rng=np.random.default_rng(1)),
        jittered.genome.raw[moved[:, None] + np.arange(20)] & 7,
    )


@given(st.integers(1, 40), st.integers(1, 50))
def test_tiling_covers_every_step(length, step):
    tiles = Windows.from_tiling(GENOME, length, step)
    expected = [(c, s) for c, text in enumerate(CONTIGS.values()) for s in range(0, len(text) - length + 1, step)]
    assert len(tiles) == len(expected)
    assert [decode(row) for row in tiles[:]] == [cut_naively(c, s, length) for c, s in expected]
    if expected:
        assert np.array_equal(tiles[-1], tiles[len(tiles) - 1]) and np.array_equal(
            tiles[np.array([0, -1])], tiles[[0, len(tiles) - 1]]
        )
        with pytest.raises(IndexError):
            tiles[np.array([len(tiles)])]


def test_all_kinds_of_indexing_agree():
    contigs, starts = RNG.integers(0, 2, 50), RNG.integers(-20, 200, 50)
    strands = RNG.choice(["+", "-"], 50)
    listed = Windows(GENOME, contigs, starts, 30, strands, "pad")
    expected = cut_windows(GENOME, contigs, starts, 30, strands, "pad")
    mask = starts > 50
    assert np.array_equal(np.stack([listed[i] for i in range(50)]), expected)
    assert np.array_equal(listed[10:40:3], expected[10:40:3]) and np.array_equal(listed[mask], expected[mask])
    assert np.array_equal(np.concatenate(list(listed.iterate_batches(7))), expected)
    shuffled = np.concatenate(list(listed.iterate_batches(7, np.random.default_rng(1))))
    assert not np.array_equal(shuffled, expected) and sorted(map(bytes, shuffled)) == sorted(map(bytes, expected))
    assert len(Windows(GENOME, contigs, starts, 30, outside="drop")) == is_inside(GENOME, contigs, starts, 30).sum()
    with pytest.raises(InputError, match="reaches past"):
        Windows(GENOME, contigs, starts, 30)


def test_tiling_memory_is_that_of_a_batch(tmp_path):
    rng = np.random.default_rng(2)
    genome = Genome(rng.integers(0, 4, 1_000_000, dtype=np.uint8), {"a": 1_000_000}, False)
    tracemalloc.start()
    tiles = Windows.from_tiling(
        Genome(np.lib.stride_tricks.as_strided(genome.raw, (100_000_999,), (0,)), {"a": 100_000_999}, False), 1000, 1
    )
    assert len(tiles) == 100_000_000
    batches = [tiles[selection] for selection in (slice(0, 64), slice(99_999_936, None), rng.integers(0, len(tiles), 64))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(batch.shape == (64, 1000) for batch in batches)
    assert peak < 2_000_000


def test_bed_regions_are_cut_on_their_strand(tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t10\t20\ta\t0\t-\nchr2\t30\t41\tb\t0\t+\n")
    regions = Windows.from_bed(GENOME, path, 8)
    assert [decode(row) for row in regions[:]] == [cut_naively(0, 11, 8, "-"), cut_naively(1, 31, 8)]
    with pytest.raises(InputError, match="10 to 11 bases; set a length"):
        Windows.from_bed(GENOME, path)
    path.write_text("2\t10\t20\n")
    with pytest.raises(InputError, match="named as '2' there but as 'chr2'"):
        Windows.from_bed(GENOME, path)


def test_a_genome_smaller_than_a_window_is_padded():
    genome = Genome.from_text({"a": "ACGT"})
    assert decode(cut_windows(genome, ["a"], [-3], 10, outside="pad")[0]) == "NNNACGTNNN"
    assert np.array_equal(encode("NNNACGTNNN"), Windows(genome, ["a"], np.array([-3]), 10, outside="pad")[0])
