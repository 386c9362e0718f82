"""Sequences of unequal length are refused with their rows, padded, or cropped; loci are adjusted."""

import random

import numpy as np
import pytest

from examples_of_sequences import draw_bases, make_spec, reverse_complement_text, write_fasta
from readsight.dataset.sequences import padding, reading
from readsight.errors import InputError
from readsight.genome.codes import decode, reverse_complement

GENOME = draw_bases(random.Random(7), 500)


def cut_pieces(sizes: list[int]) -> dict[str, str]:
    """Pieces of GENOME on both strands, named by their loci."""
    pieces = {}
    for i, size in enumerate(sizes):
        start = 20 * i
        piece = GENOME[start : start + size]
        pieces[f"chr1:{start}-{start + size}({'+-'[i % 2]})"] = reverse_complement_text(piece) if i % 2 else piece
    return pieces


def read_examples(path, **options):
    return reading.read_files([str(path)], make_spec({"path": path, "label": "x"}, **options))[0]


@pytest.mark.parametrize(("options", "length"), [({}, 5), ({"length": 3}, 3)])
def test_cropped_sequences_match_their_loci(tmp_path, options, length):
    path = write_fasta(tmp_path / "a.fa", cut_pieces([5, 6, 9, 12, 31, 44]))
    examples = read_examples(path, unequal="crop", **options)
    for row, locus in zip(examples.codes, examples.obs.itertuples(), strict=True):
        expected = GENOME[locus.start : locus.end]
        assert decode(row) == (reverse_complement_text(expected) if locus.strand == "-" else expected) and len(expected) == length


def test_padded_sequences_are_centred(tmp_path):
    pieces = cut_pieces([5, 6, 9, 12, 31, 44])
    examples = read_examples(write_fasta(tmp_path / "a.fa", pieces), unequal="pad")
    assert examples.codes.shape == (6, 44)
    for row, sequence in zip(examples.codes, pieces.values(), strict=True):
        text = decode(row)
        assert text.strip("N") == sequence and 0 <= len(text) - len(text.lstrip("N")) - (44 - len(sequence)) // 2 <= 0
    assert (examples.obs["end"] - examples.obs["start"]).tolist() == [5, 6, 9, 12, 31, 44]


def test_padding_to_a_length_crops_longer_sequences(tmp_path):
    examples = read_examples(write_fasta(tmp_path / "a.fa", cut_pieces([5, 31])), unequal="pad", length=11)
    assert examples.codes.shape == (2, 11) and (examples.codes == 4).sum(axis=1).tolist() == [6, 0]


def test_even_crop_commutes_with_reverse_complement():
    sequences = [draw_bases(random.Random(i), 40 + 2 * i).encode() for i in range(8)]
    forward = padding.encode_sequences(padding.fit_length(sequences, 30))
    reverse = padding.encode_sequences(padding.fit_length([reverse_complement_text(s.decode()).encode() for s in sequences], 30))
    np.testing.assert_array_equal(reverse_complement(forward), reverse)


def test_unequal_lengths_are_refused_with_their_rows(tmp_path):
    path = write_fasta(tmp_path / "a.fa", {"a": "ACGTA", "b": "ACGTT", "c": "ACG", "d": "ACGTTT"})
    with pytest.raises(InputError) as error:
        read_examples(path)
    assert error.value.faults == [
        "sequences.unequal: 2 of 4 sequences have 5 bases, but 2 have 3 to 6; set sequences.unequal: pad or crop",
        f"{path}, row 5: 'c' has 3 bases",
        f"{path}, row 7: 'd' has 6 bases",
    ]
    with pytest.raises(InputError, match="sequences.length is 5, but 2 have 3 to 6"):
        read_examples(path, length=5)
    with pytest.raises(
        InputError, match="sequences.length is 5, but 1 has 3; set sequences.length to at most the shortest length"
    ):
        read_examples(path, length=5, unequal="crop")


def test_one_length_is_agreed_over_all_files(tmp_path):
    first, second = write_fasta(tmp_path / "a.fa", {"a": "ACGTA"}), write_fasta(tmp_path / "b.fa", {"b": "ACGTAAAA"})
    files = [{"path": first, "label": "x"}, {"path": second, "label": "y"}]
    sets = reading.read_files([str(first), str(second)], make_spec(*files, unequal="crop"))
    assert [subset.codes.shape for subset in sets] == [(1, 5), (1, 5)]
    with pytest.raises(InputError, match=r"b.fa, row 1: 'b' has 8 bases"):
        reading.read_files([str(first), str(second)], make_spec(*files))
