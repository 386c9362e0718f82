"""Sequence logos: stacked letters as paths, without fonts."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

BASES = "ACGT"
COLOURS = {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"}  # Okabe & Ito 2008
GAP = 0.04  # fraction of a position left empty on each side of a letter
FLAT = 1 / 400  # fraction of the figure's height: lower letters are not drawn
_M, _L, _C, _Z = Path.MOVETO, Path.LINETO, Path.CURVE4, Path.CLOSEPOLY


def draw_letters(axis: Axes, heights: np.ndarray, start: float = 0, limits: bool = True, **options: Any) -> list[PathPatch]:
    """Draw letters with signed heights: positive ones upwards from 0, negative ones downwards and upside down, the largest outermost.

    Parameters
    ----------
    heights : (positions, 4), of A C G T; NaN is not drawn.
    start : of the first position; position i fills start + i to start + i + 1.
    limits : whether to set the limits of the axis.
    options : of the patches.

    Returns
    -------
    One patch for each base that occurs.
    """
    heights = np.nan_to_num(np.asarray(heights, float))
    top, bottom = np.maximum(heights, 0).sum(axis=1), np.minimum(heights, 0).sum(axis=1)
    high, low = (float(top.max()), float(bottom.min())) if len(heights) else (0.0, 0.0)
    floors = stack_letters(heights)
    patches = []
    for base, letter in enumerate(BASES):
        positions = np.flatnonzero(np.abs(heights[:, base]) > FLAT * (high - low))
        if len(positions):
            path = _letter_path(letter, positions + start, floors[positions, base], heights[positions, base])
            patch = PathPatch(path, **{"facecolor": COLOURS[letter], "edgecolor": "none", "linewidth": 0} | options)
            patches.append(axis.add_patch(patch))
    if limits:
        axis.set_xlim(start, start + max(len(heights), 1))
        margin = 0.03 * (high - low) or 1.0
        axis.set_ylim(low - margin if low < 0 else 0, high + margin)
    return patches


def stack_letters(heights: np.ndarray) -> np.ndarray:
    """Lower end of each letter, (positions, 4), stacked on the smaller letters of its sign; equal letters in the order of the bases."""
    order = np.argsort(np.abs(heights), axis=1, kind="stable")
    inner = np.take_along_axis(heights, order, axis=1)
    floors = np.empty(heights.shape)
    for sign in (1, -1):
        signed = np.where(inner * sign > 0, inner, 0)
        below = np.cumsum(signed, axis=1) - signed
        has_sign = np.take_along_axis(np.where(heights * sign > 0, 1, 0), order, axis=1) > 0
        np.put_along_axis(floors, order, np.where(has_sign, below, np.take_along_axis(floors, order, axis=1)), axis=1)
    return np.where(heights == 0, 0.0, floors)


def information_heights(matrix: np.ndarray) -> np.ndarray:
    """Heights for a matrix of probabilities (width, 4): each base's share of the column's information, in bits (Schneider & Stephens 1990)."""
    matrix = np.asarray(matrix, float)
    entropy = -(matrix * np.log2(np.maximum(matrix, 1e-12))).sum(axis=1, keepdims=True)
    return matrix * np.maximum(2 - entropy, 0)


def _letter_path(letter: str, left: np.ndarray, floor: np.ndarray, height: np.ndarray) -> Path:
    """One path of a letter at many positions."""
    points, codes = GLYPHS[letter]
    vertices = np.empty((len(left), len(points), 2))
    vertices[..., 0] = left[:, None] + GAP + (1 - 2 * GAP) * points[:, 0]
    vertices[..., 1] = floor[:, None] + height[:, None] * points[:, 1]
    return Path(vertices.reshape(-1, 2), np.tile(codes, len(left)))


def _build_glyph(*outlines: list[tuple[int, list[tuple[float, float]]]]) -> tuple[np.ndarray, np.ndarray]:
    """A letter in the unit square. outlines: lists of steps (code, points); each outline is closed."""
    points, codes = [], []
    for outline in outlines:
        for code, step_points in outline:
            points += step_points
            codes += [code] * len(step_points)
        points.append(outline[0][1][0])
        codes.append(_Z)
    return np.array(points), np.array(codes, Path.code_type)


def _line_steps(*points: tuple[float, float]) -> list[tuple[int, list[tuple[float, float]]]]:
    return [(_M, [points[0]]), (_L, list(points[1:]))]


def _arc_points(radius_x: float, radius_y: float, begin: float, end: float, pieces: int = 3) -> list[tuple[float, float]]:
    """Control points of an ellipse around the centre of the unit square, between two angles (degrees); the first point is excluded."""
    angles = np.radians(np.linspace(begin, end, pieces + 1))
    handle = 4 / 3 * np.tan((angles[1] - angles[0]) / 4)
    points = []
    for a, b in zip(angles[:-1], angles[1:], strict=True):
        points.append((np.cos(a) - handle * np.sin(a), np.sin(a) + handle * np.cos(a)))
        points.append((np.cos(b) + handle * np.sin(b), np.sin(b) - handle * np.cos(b)))
        points.append((np.cos(b), np.sin(b)))
    return [(0.5 + radius_x * x, 0.5 + radius_y * y) for x, y in points]


def _ellipse_point(radius_x: float, radius_y: float, angle: float) -> tuple[float, float]:
    return 0.5 + radius_x * float(np.cos(np.radians(angle))), 0.5 + radius_y * float(np.sin(np.radians(angle)))


_OUTER, _INNER, _OPEN = (0.5, 0.5), (0.29, 0.34), 42  # half-axes of the two ellipses of C, and half of its opening angle
_BOW = [
    (_M, [_ellipse_point(*_OUTER, _OPEN)]),
    (_C, _arc_points(*_OUTER, _OPEN, 360 - _OPEN)),
    (_L, [_ellipse_point(*_INNER, 360 - _OPEN)]),
    (_C, _arc_points(*_INNER, 360 - _OPEN, _OPEN)),
]
_RIGHT = _ellipse_point(*_OUTER, -28)  # end of the bow of G and start of its bar
_SPUR = [
    (_M, [_ellipse_point(*_OUTER, _OPEN)]),
    (_C, _arc_points(*_OUTER, _OPEN, 332)),
    (_L, [(_RIGHT[0], 0.52), (0.54, 0.52), (0.54, 0.38), (0.73, 0.38), _ellipse_point(*_INNER, -38)]),
    (_C, _arc_points(*_INNER, 322, _OPEN)),
]
GLYPHS = {
    "A": _build_glyph(
        _line_steps((0, 0), (0.38, 1), (0.62, 1), (1, 0), (0.78, 0), (0.7, 0.24), (0.3, 0.24), (0.22, 0)),
        _line_steps((0.36, 0.4), (0.64, 0.4), (0.5, 0.8)),
    ),
    "C": _build_glyph(_BOW),
    "G": _build_glyph(_SPUR),
    "T": _build_glyph(_line_steps((0.39, 0), (0.39, 0.83), (0, 0.83), (0, 1), (1, 1), (1, 0.83), (0.61, 0.83), (0.61, 0))),
}
