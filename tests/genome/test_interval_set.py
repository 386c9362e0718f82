"""Containment and overlap match a base-by-base count."""

import numpy as np
import pytest

from readsight.errors import InputError
from readsight.genome.interval_set import IntervalSet, read_interval_set


def test_interval_set_matches_base_by_base():
    rng = np.random.default_rng(1)
    spans = [(s, s + int(rng.integers(1, 9))) for s in rng.integers(0, 90, 12).tolist()]
    covered = np.zeros(110, dtype=bool)
    for start, end in spans:
        covered[start:end] = True
    interval_set = IntervalSet({"c": spans})
    starts = rng.integers(0, 100, 300)
    ends = starts + rng.integers(1, 6, 300)
    assert interval_set.length == covered.sum()
    assert interval_set.contains("c", starts, ends).tolist() == [
        bool(covered[s:e].all()) for s, e in zip(starts, ends, strict=True)
    ]
    assert interval_set.overlaps("c", starts, ends).tolist() == [
        bool(covered[s:e].any()) for s, e in zip(starts, ends, strict=True)
    ]
    assert not interval_set.overlaps("other", starts, ends).any()


@pytest.mark.parametrize(
    "row, message",
    [
        ("chr1\t5\t2000", "1000 bases"),
        ("chr1 five 9", "not BED"),
        ("chr1\t9\t5", "is after end"),
    ],
)
def test_faults_name_file_and_row(tmp_path, row, message):
    path = tmp_path / "a.bed"
    path.write_text(f"# a comment\nchr1\t0\t10\n{row}\n")
    with pytest.raises(InputError, match=message) as error:
        read_interval_set(path, {"chr1": 1000})
    assert f"{path}, row 3" in str(error.value)
