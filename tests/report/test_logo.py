"""Logo letters: given heights, stacked by size, upwards and downwards."""

import numpy as np
import pytest
from matplotlib.path import Path

from readsight.report import logo
from readsight.report.figure_style import new_figure


def draw_patches(heights, **options):
    figure, axis = new_figure()
    return {patch.get_facecolor()[:3]: patch for patch in logo.draw_letters(axis, np.array(heights, float), **options)}, axis


def path_extents(path: Path) -> tuple[float, float, float, float]:
    box = path.get_extents()
    return box.x0, box.x1, box.y0, box.y1


@pytest.mark.parametrize("letter", "ACGT")
def test_a_letter_fills_its_box_and_no_more(letter):
    points, codes = logo.GLYPHS[letter]
    box = Path(points, codes).get_extents()
    assert box.y0 == pytest.approx(0, abs=0.01) and box.y1 == pytest.approx(1, abs=0.01)
    assert -0.001 < box.x0 < 0.02 and 0.85 < box.x1 < 1.001


def test_letters_have_given_heights_and_positions():
    patches, axis = draw_patches([[0, 0, 0, 0], [2, 0, 0, -1]], start=10)
    assert len(patches) == 2 and axis.get_xlim() == (10, 12)
    ends = sorted(path_extents(patch.get_path()) for patch in patches.values())
    for (left, right, low, high), expected in zip(sorted(ends, key=lambda e: e[2]), ((-1, 0), (0, 2)), strict=True):
        assert 11 < left < right < 12 and (low, high) == pytest.approx(expected, abs=0.02)
    assert axis.get_ylim()[0] < -1 and axis.get_ylim()[1] > 2


def test_largest_letter_of_a_sign_is_outermost():
    heights = np.array([[1.0, 3, 2, 0], [-1, -3, 2, 0.5], [1, 1, 0, 0]])
    floors = logo.stack_letters(heights)
    np.testing.assert_allclose(floors, [[0, 3, 1, 0], [0, -1, 0.5, 0], [0, 1, 0, 0]])
    tops = floors + heights
    np.testing.assert_allclose(tops.max(axis=1), np.maximum(heights, 0).sum(axis=1))
    np.testing.assert_allclose(np.minimum(tops, 0).min(axis=1), np.minimum(heights, 0).sum(axis=1))


def test_one_path_per_base_without_flat_letters():
    rng = np.random.default_rng(1)
    heights = rng.normal(size=(1000, 4))
    heights[::2] = 1e-6
    heights[1] = np.nan
    patches, _ = draw_patches(heights)
    assert len(patches) == 4
    letter_count = sum(int((patch.get_path().codes == Path.MOVETO).sum()) for patch in patches.values())
    assert letter_count <= 499 * 5  # A has two outlines
    assert not draw_patches(np.zeros((5, 4)))[0] and not draw_patches(np.zeros((0, 4)))[0]


def test_probability_heights_sum_to_information():
    np.testing.assert_allclose(
        logo.information_heights([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]]).sum(axis=1), [2, 0, 1], atol=1e-9
    )
