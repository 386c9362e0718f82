"""The signal of a window is that of its bases, averaged base by base."""

import numpy as np
import pandas as pd
import pytest

from readsight.dataset.sequences import bigwig_signal
from readsight.errors import InputError

pyBigWig = pytest.importorskip("pyBigWig")
SIZES = {"chr1": 500, "chr2": 200}


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """A bigWig with gaps, and its values base by base, 0 in the gaps."""
    draw = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("signal") / "x.bw"
    values = {name: np.zeros(size, np.float32) for name, size in SIZES.items()}
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(SIZES.items()))
        for name, size in SIZES.items():
            starts = np.arange(7, size - 10, 13)
            ends = starts + draw.integers(1, 13, len(starts))
            heights = draw.integers(1, 9, len(starts)).astype(float)
            handle.addEntries([name] * len(starts), starts.tolist(), ends=ends.tolist(), values=heights.tolist())
            for start, end, height in zip(starts, ends, heights, strict=True):
                values[name][start:end] = height
    return path, values


def places(length: int = 60, past: bool = False) -> pd.DataFrame:
    draw = np.random.default_rng(2)
    chrom = draw.choice(list(SIZES), 40)
    low, high = (-length // 2, length // 2) if past else (0, 0)
    start = np.array([draw.integers(low, SIZES[name] - length + high) for name in chrom])
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + length, "strand": draw.choice(["+", "-", "."], 40)})


def test_scores_are_means_with_gaps_as_zero(track):
    path, values = track
    obs = places()
    wanted = [values[row.chrom][row.start : row.end].mean() for row in obs.itertuples()]
    assert np.allclose(bigwig_signal.scores(path, obs), wanted) and np.std(wanted) > 0.1


def test_a_score_is_of_the_bases_on_the_contig(track):
    path, values = track
    obs = places(past=True)
    wanted = [values[row.chrom][max(row.start, 0) : row.end].mean() for row in obs.itertuples()]
    assert np.allclose(bigwig_signal.scores(path, obs), wanted)


@pytest.mark.parametrize("bin", [1, 4, 60])
def test_profiles_are_means_of_bins_in_the_strands_order(track, bin):
    path, values = track
    obs = places(past=True)
    found = bigwig_signal.profiles(path, obs, bin)
    assert found.shape == (40, 60 // bin) and found.dtype == np.float32
    for row, own in zip(obs.itertuples(), found, strict=True):
        whole = np.array([values[row.chrom][i] if 0 <= i < SIZES[row.chrom] else 0 for i in range(row.start, row.end)])
        whole = whole[::-1] if row.strand == "-" else whole
        assert np.allclose(own, whole.reshape(-1, bin).mean(axis=1))


def test_strands_read_a_profile_from_either_end(track):
    obs = places()
    forward, back = (bigwig_signal.profiles(track[0], obs.assign(strand=strand), 4) for strand in "+-")
    assert np.array_equal(back, forward[:, ::-1])


def test_faults(track, tmp_path):
    path, _ = track
    obs = places()
    with pytest.raises(InputError, match="sequences.bin: windows of 60 bases .* of 32; set sequences.length to 64"):
        bigwig_signal.profiles(path, obs, 32)
    with pytest.raises(InputError, match="named as '1' there but as 'chr1' in .*x.bw"):
        bigwig_signal.scores(path, obs.assign(chrom="1"))
    with pytest.raises(InputError, match="has no contig 'chrUn'"):
        bigwig_signal.scores(path, obs.assign(chrom="chrUn"))
    with pytest.raises(InputError, match="no place on the genome"):
        bigwig_signal.scores(path, obs.assign(chrom="", start=-1, end=-1))
    (tmp_path / "no.bw").write_text("not a bigWig")
    for wrong in (tmp_path / "no.bw", tmp_path / "absent.bw"):
        with pytest.raises(InputError, match="no bigWig that can be read"):
            bigwig_signal.scores(wrong, obs)


def test_a_profile_of_negative_numbers_is_refused_by_place(tmp_path):
    with pyBigWig.open(str(tmp_path / "n.bw"), "w") as handle:
        handle.addHeader([("chr1", 500)])
        handle.addEntries(["chr1"], [100], ends=[140], values=[-2.0])
    obs = pd.DataFrame({"chrom": "chr1", "start": [0, 100], "end": [40, 140], "strand": "+"})
    with pytest.raises(InputError, match="negative in 1 windows, the first chr1:100-140"):
        bigwig_signal.profiles(tmp_path / "n.bw", obs, 4)
    assert bigwig_signal.scores(tmp_path / "n.bw", obs).tolist() == [0, -2]
