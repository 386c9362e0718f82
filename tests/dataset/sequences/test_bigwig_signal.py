"""Window signal matches the base-by-base mean of the bigWig."""

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
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("signal") / "x.bw"
    values = {name: np.zeros(size, np.float32) for name, size in SIZES.items()}
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(SIZES.items()))
        for name, size in SIZES.items():
            starts = np.arange(7, size - 10, 13)
            ends = starts + rng.integers(1, 13, len(starts))
            heights = rng.integers(1, 9, len(starts)).astype(float)
            handle.addEntries([name] * len(starts), starts.tolist(), ends=ends.tolist(), values=heights.tolist())
            for start, end, height in zip(starts, ends, heights, strict=True):
                values[name][start:end] = height
    return path, values


def make_places(length: int = 60, past: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    chrom = rng.choice(list(SIZES), 40)
    low, high = (-length // 2, length // 2) if past else (0, 0)
    start = np.array([rng.integers(low, SIZES[name] - length + high) for name in chrom])
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + length, "strand": rng.choice(["+", "-", "."], 40)})


def test_scores_are_means_with_gaps_as_zero(track):
    path, values = track
    obs = make_places()
    expected = [values[row.chrom][row.start : row.end].mean() for row in obs.itertuples()]
    assert np.allclose(bigwig_signal.read_mean_signal(path, obs), expected) and np.std(expected) > 0.1


def test_score_uses_only_bases_on_the_contig(track):
    path, values = track
    obs = make_places(past=True)
    expected = [values[row.chrom][max(row.start, 0) : row.end].mean() for row in obs.itertuples()]
    assert np.allclose(bigwig_signal.read_mean_signal(path, obs), expected)


@pytest.mark.parametrize("bin", [1, 4, 60])
def test_profile_bins_follow_the_strand(track, bin):
    path, values = track
    obs = make_places(past=True)
    profiles = bigwig_signal.read_profiles(path, obs, bin)
    assert profiles.shape == (40, 60 // bin) and profiles.dtype == np.float32
    for row, profile in zip(obs.itertuples(), profiles, strict=True):
        signal = np.array([values[row.chrom][i] if 0 <= i < SIZES[row.chrom] else 0 for i in range(row.start, row.end)])
        signal = signal[::-1] if row.strand == "-" else signal
        assert np.allclose(profile, signal.reshape(-1, bin).mean(axis=1))


def test_reverse_strand_reverses_the_profile(track):
    obs = make_places()
    forward, reverse = (bigwig_signal.read_profiles(track[0], obs.assign(strand=strand), 4) for strand in "+-")
    assert np.array_equal(reverse, forward[:, ::-1])


def test_bad_bigwig_is_refused(track, tmp_path):
    path, _ = track
    obs = make_places()
    with pytest.raises(InputError, match="sequences.bin: windows of 60 bases .* size 32; set sequences.length to 64"):
        bigwig_signal.read_profiles(path, obs, 32)
    with pytest.raises(InputError, match="named as '1' there but as 'chr1' in .*x.bw"):
        bigwig_signal.read_mean_signal(path, obs.assign(chrom="1"))
    with pytest.raises(InputError, match="has no contig 'chrUn'"):
        bigwig_signal.read_mean_signal(path, obs.assign(chrom="chrUn"))
    with pytest.raises(InputError, match="no locus on the genome"):
        bigwig_signal.read_mean_signal(path, obs.assign(chrom="", start=-1, end=-1))
    (tmp_path / "no.bw").write_text("not a bigWig")
    for bad_path in (tmp_path / "no.bw", tmp_path / "absent.bw"):
        with pytest.raises(InputError, match="is not a readable bigWig"):
            bigwig_signal.read_mean_signal(bad_path, obs)


def test_negative_profile_is_refused_with_its_window(tmp_path):
    with pyBigWig.open(str(tmp_path / "n.bw"), "w") as handle:
        handle.addHeader([("chr1", 500)])
        handle.addEntries(["chr1"], [100], ends=[140], values=[-2.0])
    obs = pd.DataFrame({"chrom": "chr1", "start": [0, 100], "end": [40, 140], "strand": "+"})
    with pytest.raises(InputError, match="negative in 1 windows, the first chr1:100-140"):
        bigwig_signal.read_profiles(tmp_path / "n.bw", obs, 4)
    assert bigwig_signal.read_mean_signal(tmp_path / "n.bw", obs).tolist() == [0, -2]
