"""Sequences of unequal length: refused with their rows, padded, cropped; places go with what is left."""

import random

import numpy as np
import pytest

from examples_of_sequences import bases, fasta, spec, turned
from readsight.dataset.sequences import padding, reading
from readsight.errors import InputError
from readsight.genome.codes import decode, reverse_complement

GENOME = bases(random.Random(7), 500)


def pieces(sizes: list[int]) -> dict[str, str]:
    """Pieces of GENOME on both strands, named by their places."""
    found = {}
    for i, size in enumerate(sizes):
        start = 20 * i
        own = GENOME[start : start + size]
        found[f"chr1:{start}-{start + size}({'+-'[i % 2]})"] = turned(own) if i % 2 else own
    return found


def read(path, **changed):
    return reading.read([str(path)], spec({"path": path, "label": "x"}, **changed))[0]


@pytest.mark.parametrize(("changed", "length"), [({}, 5), ({"length": 3}, 3)])
def test_cropped_sequences_are_what_stands_at_their_places(tmp_path, changed, length):
    path = fasta(tmp_path / "a.fa", pieces([5, 6, 9, 12, 31, 44]))
    found = read(path, unequal="crop", **changed)
    for row, place in zip(found.codes, found.obs.itertuples(), strict=True):
        own = GENOME[place.start : place.end]
        assert decode(row) == (turned(own) if place.strand == "-" else own) and len(own) == length


def test_padded_sequences_stand_in_the_middle_of_ns(tmp_path):
    own = pieces([5, 6, 9, 12, 31, 44])
    found = read(fasta(tmp_path / "a.fa", own), unequal="pad")
    assert found.codes.shape == (6, 44)
    for row, sequence in zip(found.codes, own.values(), strict=True):
        text = decode(row)
        assert text.strip("N") == sequence and 0 <= len(text) - len(text.lstrip("N")) - (44 - len(sequence)) // 2 <= 0
    assert (found.obs["end"] - found.obs["start"]).tolist() == [5, 6, 9, 12, 31, 44]


def test_padding_to_a_length_crops_what_is_longer(tmp_path):
    found = read(fasta(tmp_path / "a.fa", pieces([5, 31])), unequal="pad", length=11)
    assert found.codes.shape == (2, 11) and (found.codes == 4).sum(axis=1).tolist() == [6, 0]


def test_an_even_crop_commutes_with_turning_over():
    sequences = [bases(random.Random(i), 40 + 2 * i).encode() for i in range(8)]
    forward = padding.matrix(padding.windows(sequences, 30))
    back = padding.matrix(padding.windows([turned(s.decode()).encode() for s in sequences], 30))
    np.testing.assert_array_equal(reverse_complement(forward), back)


def test_unequal_lengths_are_refused_with_their_rows(tmp_path):
    path = fasta(tmp_path / "a.fa", {"a": "ACGTA", "b": "ACGTT", "c": "ACG", "d": "ACGTTT"})
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.faults == [
        "sequences.unequal: 2 of 4 sequences have 5 bases, and 2 have 3 to 6; say sequences.unequal: pad or crop",
        f"{path}, row 5: 'c' has 3 bases",
        f"{path}, row 7: 'd' has 6 bases",
    ]
    with pytest.raises(InputError, match="sequences.length is 5, and 2 have 3 to 6"):
        read(path, length=5)
    with pytest.raises(
        InputError, match="sequences.length is 5, and 1 has 3; set sequences.length to no more than the shortest has"
    ):
        read(path, length=5, unequal="crop")


def test_one_length_is_agreed_over_all_files(tmp_path):
    one, two = fasta(tmp_path / "a.fa", {"a": "ACGTA"}), fasta(tmp_path / "b.fa", {"b": "ACGTAAAA"})
    files = [{"path": one, "label": "x"}, {"path": two, "label": "y"}]
    found = reading.read([str(one), str(two)], spec(*files, unequal="crop"))
    assert [part.codes.shape for part in found] == [(1, 5), (1, 5)]
    with pytest.raises(InputError, match=r"b.fa, row 1: 'b' has 8 bases"):
        reading.read([str(one), str(two)], spec(*files))
