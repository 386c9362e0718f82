"""Windows are the bases that stand there, whichever way they are asked for."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.errors import InputError
from readsight.genome import windows as module
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.genome.store import Genome
from readsight.genome.windows import Windows, inside, repeats, windows

DRAW = np.random.default_rng(1)
CONTIGS = {name: "".join(DRAW.choice(list("ACGTNacgtn"), size)) for name, size in (("chr1", 211), ("chr2", 97), ("chrM", 30))}
GENOME = Genome.of(CONTIGS)


def naive(contig: int, start: int, length: int, strand: str = "+") -> str:
    """Base by base; N where there is none."""
    text = list(CONTIGS.values())[contig].upper()
    found = "".join(text[i] if 0 <= i < len(text) else "N" for i in range(start, start + length))
    return found if strand == "+" else found[::-1].translate(str.maketrans("ACGT", "TGCA"))


PLACES = st.lists(st.tuples(st.integers(0, 2), st.integers(-60, 240), st.sampled_from("+-.")), max_size=20)


@given(PLACES, st.integers(1, 120))
def test_padded_windows_are_base_by_base_those_of_the_contig(places, length):
    contigs, starts, strands = (
        np.array(column, dtype=kind)
        for column, kind in zip(zip(*places, strict=True) if places else ([], [], []), (int, int, str), strict=True)
    )
    found = windows(GENOME, contigs, starts, length, strands, "pad")
    assert found.shape == (len(places), length) and found.dtype == np.uint8
    assert [decode(row) for row in found] == [naive(c, s, length, "-" if d == "-" else "+") for c, s, d in places]


@given(PLACES, st.integers(1, 120))
def test_dropped_are_those_that_are_not_inside(places, length):
    contigs, starts = (np.array([place[i] for place in places], dtype=int) for i in (0, 1))
    kept = inside(GENOME, contigs, starts, length)
    assert kept.tolist() == [s >= 0 and s + length <= len(list(CONTIGS.values())[c]) for c, s, _ in places]
    found = windows(GENOME, contigs, starts, length, [place[2] for place in places], "drop")
    assert np.array_equal(found, windows(GENOME, contigs[kept], starts[kept], length, np.array([p[2] for p in places])[kept]))


def test_past_the_end_is_refused_by_place_and_no_neighbour_is_read():
    with pytest.raises(InputError, match=r"chr1:200-220 reaches past its contig of 211 bases") as error:
        windows(GENOME, ["chr2", "chr1"], [0, 200], 20)
    assert "sequences.outside" in str(error.value)
    assert decode(windows(GENOME, ["chr1"], [200], 20, outside="pad")[0])[11:] == "N" * 9


def test_the_other_strand_is_the_reverse_complement():
    starts = np.arange(0, 150, 7)
    forward, back = (windows(GENOME, np.zeros(len(starts), int), starts, 41, [s] * len(starts)) for s in "+-")
    assert np.array_equal(back, reverse_complement(forward))
    assert np.array_equal(reverse_complement(back), forward)


def test_part_of_repeats_counts_lower_case_and_n():
    stored = module.raw(GENOME, np.array([0, 1]), np.array([3, 5]), 50)
    texts = [CONTIGS["chr1"][3:53], CONTIGS["chr2"][5:55]]
    assert np.allclose(repeats(GENOME, stored), [sum(c.islower() or c == "N" for c in t) / 50 for t in texts])
    upper = Genome.of({name: text.upper() for name, text in CONTIGS.items()})
    assert np.isnan(repeats(upper, module.raw(upper, np.array([0]), np.array([3]), 50))).all()


def test_jitter_moves_by_at_most_so_much_stays_inside_and_is_repeatable():
    contigs, starts = np.zeros(500, int), np.full(500, 2)
    moved = module.shifted(GENOME, contigs, starts, 20, 5, np.random.default_rng(1))
    assert set(moved) == set(range(0, 8))
    held = Windows(GENOME, contigs, starts, 20, jitter=5, rng=np.random.default_rng(1))
    assert np.array_equal(held[:500], windows(GENOME, contigs, moved, 20))
    assert np.array_equal(
        windows(GENOME, contigs, starts, 20, jitter=5, rng=np.random.default_rng(1)),
        held.genome.raw[moved[:, None] + np.arange(20)] & 7,
    )


@given(st.integers(1, 40), st.integers(1, 50))
def test_a_tiling_is_every_step_of_every_contig(length, step):
    tiles = Windows.tiling(GENOME, length, step)
    wanted = [(c, s) for c, text in enumerate(CONTIGS.values()) for s in range(0, len(text) - length + 1, step)]
    assert len(tiles) == len(wanted)
    assert [decode(row) for row in tiles[:]] == [naive(c, s, length) for c, s in wanted]
    if wanted:
        assert np.array_equal(tiles[-1], tiles[len(tiles) - 1]) and np.array_equal(
            tiles[np.array([0, -1])], tiles[[0, len(tiles) - 1]]
        )
        with pytest.raises(IndexError):
            tiles[np.array([len(tiles)])]


def test_listed_windows_are_the_same_one_by_one_in_slices_by_mask_and_in_batches():
    contigs, starts = DRAW.integers(0, 2, 50), DRAW.integers(-20, 200, 50)
    strands = DRAW.choice(["+", "-"], 50)
    held = Windows(GENOME, contigs, starts, 30, strands, "pad")
    whole = windows(GENOME, contigs, starts, 30, strands, "pad")
    mask = starts > 50
    assert np.array_equal(np.stack([held[i] for i in range(50)]), whole)
    assert np.array_equal(held[10:40:3], whole[10:40:3]) and np.array_equal(held[mask], whole[mask])
    assert np.array_equal(np.concatenate(list(held.batches(7))), whole)
    shuffled = np.concatenate(list(held.batches(7, np.random.default_rng(1))))
    assert not np.array_equal(shuffled, whole) and sorted(map(bytes, shuffled)) == sorted(map(bytes, whole))
    assert len(Windows(GENOME, contigs, starts, 30, outside="drop")) == inside(GENOME, contigs, starts, 30).sum()
    with pytest.raises(InputError, match="reaches past"):
        Windows(GENOME, contigs, starts, 30)


def test_a_hundred_million_windows_take_the_memory_of_a_batch(tmp_path):
    draw = np.random.default_rng(2)
    genome = Genome(draw.integers(0, 4, 1_000_000, dtype=np.uint8), {"a": 1_000_000}, False)
    tracemalloc.start()
    tiles = Windows.tiling(
        Genome(np.lib.stride_tricks.as_strided(genome.raw, (100_000_999,), (0,)), {"a": 100_000_999}, False), 1000, 1
    )
    assert len(tiles) == 100_000_000
    found = [tiles[at] for at in (slice(0, 64), slice(99_999_936, None), draw.integers(0, len(tiles), 64))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(part.shape == (64, 1000) for part in found)
    assert peak < 2_000_000


def test_a_bed_file_gives_its_regions_on_their_strand(tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t10\t20\ta\t0\t-\nchr2\t30\t41\tb\t0\t+\n")
    held = Windows.of_bed(GENOME, path, 8)
    assert [decode(row) for row in held[:]] == [naive(0, 11, 8, "-"), naive(1, 31, 8)]
    with pytest.raises(InputError, match="10 to 11 bases; set a length"):
        Windows.of_bed(GENOME, path)
    path.write_text("2\t10\t20\n")
    with pytest.raises(InputError, match="named as '2' there but as 'chr2'"):
        Windows.of_bed(GENOME, path)


def test_a_genome_smaller_than_a_window_is_padded():
    genome = Genome.of({"a": "ACGT"})
    assert decode(windows(genome, ["a"], [-3], 10, outside="pad")[0]) == "NNNACGTNNN"
    assert np.array_equal(encode("NNNACGTNNN"), Windows(genome, ["a"], np.array([-3]), 10, outside="pad")[0])
