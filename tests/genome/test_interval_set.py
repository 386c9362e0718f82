"""Intervals hold and touch what a base-by-base count says."""

import numpy as np
import pytest

from readsight.errors import InputError
from readsight.genome.interval_set import Intervals, read_bed


def test_as_base_by_base():
    draw = np.random.default_rng(1)
    spans = [(s, s + int(draw.integers(1, 9))) for s in draw.integers(0, 90, 12).tolist()]
    covered = np.zeros(110, dtype=bool)
    for start, end in spans:
        covered[start:end] = True
    found = Intervals({"c": spans})
    starts = draw.integers(0, 100, 300)
    ends = starts + draw.integers(1, 6, 300)
    assert found.length == covered.sum()
    assert found.contain("c", starts, ends).tolist() == [bool(covered[s:e].all()) for s, e in zip(starts, ends, strict=True)]
    assert found.touch("c", starts, ends).tolist() == [bool(covered[s:e].any()) for s, e in zip(starts, ends, strict=True)]
    assert not found.touch("other", starts, ends).any()


@pytest.mark.parametrize(
    "row, words",
    [
        ("chr1\t5\t2000", "1000 bases"),
        ("chr1 five 9", "not BED"),
        ("chr1\t9\t5", "lies behind"),
    ],
)
def test_faults_name_file_and_row(tmp_path, row, words):
    path = tmp_path / "a.bed"
    path.write_text(f"# a comment\nchr1\t0\t10\n{row}\n")
    with pytest.raises(InputError, match=words) as error:
        read_bed(path, {"chr1": 1000})
    assert f"{path}, row 3" in str(error.value)
