"""TPM matches its definition."""

import numpy as np
import pytest

from readsight.expression.tpm import effective_lengths, log_tpm, transcripts_per_million

DRAW = np.random.default_rng(1)
COUNTS = DRAW.poisson(40, size=(5, 200))
LENGTHS = DRAW.integers(200, 9000, size=200).astype(float)


def test_each_sample_sums_to_a_million():
    np.testing.assert_allclose(transcripts_per_million(COUNTS, LENGTHS).sum(axis=1), 1e6)


def test_hand_computed_example():
    """Rates 10/1000, 10/500 and 0: a third and two thirds of a million."""
    np.testing.assert_allclose(transcripts_per_million([[10, 10, 0]], [1000, 500, 800]), [[1e6 / 3, 2e6 / 3, 0]])


def test_depth_and_the_unit_of_length_do_not_matter():
    tpm = transcripts_per_million(COUNTS, LENGTHS)
    np.testing.assert_allclose(transcripts_per_million(COUNTS * 7, LENGTHS), tpm)
    np.testing.assert_allclose(transcripts_per_million(COUNTS, LENGTHS / 1000), tpm)


def test_doubling_length_and_reads_keeps_tpm():
    tpm = transcripts_per_million([[10, 20, 5]], [100, 200, 50])
    np.testing.assert_allclose(tpm, np.full((1, 3), 1e6 / 3))


def test_samples_are_scaled_independently():
    together = transcripts_per_million(COUNTS, LENGTHS)
    for i in range(len(COUNTS)):
        np.testing.assert_array_equal(transcripts_per_million(COUNTS[i : i + 1], LENGTHS)[0], together[i])


def test_lengths_may_differ_between_samples():
    lengths = np.stack([LENGTHS, LENGTHS[::-1]])
    tpm = transcripts_per_million(COUNTS[:2], lengths)
    np.testing.assert_allclose(tpm[1], transcripts_per_million(COUNTS[1:2], LENGTHS[::-1])[0])


def test_a_sample_without_reads_is_zero():
    assert not transcripts_per_million(np.zeros((1, 3), int), [1, 2, 3]).any()


@pytest.mark.parametrize("lengths", [[1, 0, 3], [1, np.nan, 3], [1, -2, 3], [1, np.inf, 3]])
def test_a_gene_without_length_is_refused(lengths):
    with pytest.raises(ValueError, match="no length"):
        transcripts_per_million([[1, 1, 1]], lengths)


@pytest.mark.parametrize("counts", [[[1, -1]], [[1, np.nan]]])
def test_invalid_count_is_refused(counts):
    with pytest.raises(ValueError, match="0 or more"):
        transcripts_per_million(counts, [1, 1])


def test_effective_length_counts_fragment_start_positions():
    """A fragment at least as long as the gene has one start position."""
    np.testing.assert_array_equal(effective_lengths(np.array([300, 200, 150]), 200), [101, 1, 1])


def test_log_tpm_of_zero_and_one():
    np.testing.assert_array_equal(log_tpm(np.array([0.0, 1.0, 3.0])), [0, 1, 2])
