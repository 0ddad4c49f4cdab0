"""
Which zoom level of a tiled map shows a feature first, and whether as a line or as a dot.

A level is a zoom of tiles 512 pixels wide: at level ``z`` the Web Mercator world is ``512 · 2^z`` pixels wide. Below
the top level, of the features of one class whose places lie in one square of some pixels, the first in a given order
is shown. A square of a level is four of the next, so what is shown at one level is shown at all that follow; the top
level shows everything. The rule is ours and not the tiler's, so the figures that the page states of it are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 512
# Lines lie closer than symbols, which would cover one another.
LINE_SQUARE, POINT_SQUARE = 4, 16
TOP = 14
# A line that is shorter on the screen is a dot: tiles round to an eighth of a pixel, and the tiler drops what is then
# without length.
SHORTEST = 1.5
# Web Mercator ends here; what lies beyond has no place on the map.
NORTHMOST = 85.05
_NOWHERE = 99


@dataclass(frozen=True, eq=False)
class Placed:
    """
    Where features are, with what cannot be drawn left out.

    Attributes
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in degrees, without heights; None for a feature with no two vertices in
        one part.
    anchors
        (n, 2) longitude and latitude of the vertex in the middle of the first part; NaN for one without a place.
    boxes
        (n, 4) west, south, east, north in degrees; NaN likewise.
    """

    lines: NDArray[np.object_]
    anchors: NDArray[np.float64]
    boxes: NDArray[np.float64]

    @property
    def placed(self) -> NDArray[np.bool_]:
        """(n,) Whether a feature has a place."""
        return np.isfinite(self.anchors[:, 0])

    def take(self, rows: NDArray[np.intp]) -> Placed:
        """
        Give some of the features, or all in another order.

        Parameters
        ----------
        rows
            (m,) positions.

        Returns
        -------
        Placed
            (m,) features.
        """
        return Placed(self.lines[rows], self.anchors[rows], self.boxes[rows])


def place(geometries: NDArray[np.object_]) -> Placed:
    """
    Find the places of features.

    Parameters
    ----------
    geometries
        (n,) geometries of any kind in degrees, some perhaps missing, empty, or with vertices that are no position.

    Returns
    -------
    Placed
        Of as many features. The rings of a polygon are taken for lines.
    """
    total = len(geometries)
    parts, owners = shapely.get_parts(geometries, return_index=True)
    vertices, part = shapely.get_coordinates(parts, return_index=True)
    usable = (
        np.isfinite(vertices).all(axis=1)
        & (np.abs(vertices[:, 0]) <= 180.0)  # noqa: PLR2004 - degrees
        & (np.abs(vertices[:, 1]) <= NORTHMOST)
    )
    vertices, part = vertices[usable], part[usable]
    counts = np.bincount(part, minlength=len(parts))
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    kept = np.flatnonzero(counts)

    boxes = np.full((total, 4), np.nan)
    anchors = np.full((total, 2), np.nan)
    if len(kept):
        owner = owners[kept]
        features, first = np.unique(owner, return_index=True)
        low = np.minimum.reduceat(vertices, starts[kept])
        high = np.maximum.reduceat(vertices, starts[kept])
        boxes[features] = np.hstack([np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)])
        leading = kept[first]
        anchors[features] = vertices[starts[leading] + np.minimum(counts[leading] // 2, counts[leading] - 1)]

    lines = np.full(total, None, dtype=object)
    long_enough = counts > 1
    inside = long_enough[part]
    if inside.any():
        number = np.cumsum(long_enough) - 1
        strings = np.asarray(shapely.linestrings(vertices[inside], indices=number[part[inside]]))
        of = owners[long_enough]
        features, first, pieces = np.unique(of, return_index=True, return_counts=True)
        lines[features] = strings[first]
        several = np.isin(of, features[pieces > 1])
        if several.any():
            members, position = np.unique(of[several], return_inverse=True)
            lines[members] = shapely.multilinestrings(strings[several], indices=position)
    return Placed(lines, anchors, boxes)


def world(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Give positions in the Web Mercator square.

    Parameters
    ----------
    lonlat
        (n, 2) longitude and latitude, degrees.

    Returns
    -------
    numpy.ndarray
        (n, 2) from 0 to 1, west to east and north to south (EPSG:3857 without its metres).
    """
    sine = np.sin(np.radians(lonlat[:, 1]))
    return np.column_stack([lonlat[:, 0] / 360 + 0.5, 0.5 - np.arctanh(sine) / (2 * np.pi)])


def lowest(boxes: NDArray[np.float64]) -> int:
    """
    Give the level that shows the whole survey on the smallest screen.

    Parameters
    ----------
    boxes
        (n, 4) west, south, east, north, degrees; NaN for features without a place.

    Returns
    -------
    int
        From 2 to `TOP` - 4; one lower than needed, so that one can step back.
    """
    known = boxes[np.isfinite(boxes[:, 0])]
    if not len(known):
        return 4
    corners = np.array([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])
    span = float(np.abs(np.diff(world(corners), axis=0)).max())
    return int(np.clip(np.floor(np.log2(360 / TILE / max(span, 1e-9))) - 1, 2, TOP - 4))


def first_levels(
    anchors: NDArray[np.float64],
    classes: NDArray[np.integer],
    order: NDArray[np.intp],
    start: int,
    square: int,
) -> NDArray[np.int8]:
    """
    Tell the lowest level that shows each feature.

    Parameters
    ----------
    anchors
        (n, 2) places in degrees; NaN for a feature without one.
    classes
        (n,) class of each, from 0: each class has squares of its own.
    order
        (n,) the features, those to be shown before others first.
    start
        The lowest level.
    square
        Side of the squares, pixels: a power of two.

    Returns
    -------
    numpy.ndarray
        (n,) levels from ``start`` to `TOP`; -1 for a feature without a place.
    """
    ordered = order[np.isfinite(anchors[order, 0])]
    places, kinds = world(anchors[ordered]), np.asarray(classes, dtype=np.int64)[ordered]
    levels = np.full(len(anchors), -1, dtype=np.int8)
    levels[ordered] = TOP
    for level in range(TOP - 1, start - 1, -1):
        side = 2**level * (TILE // square)
        cell = np.minimum((places * side).astype(np.int64), side - 1)
        _, first = np.unique((kinds * side + cell[:, 1]) * side + cell[:, 0], return_index=True)
        levels[ordered[first]] = level
        # A square's first is the first of whichever of the level below it lies in, if it is any square's.
        ordered, places, kinds = ordered[np.sort(first)], places[np.sort(first)], kinds[np.sort(first)]
    return levels


def line_levels(boxes: NDArray[np.float64]) -> NDArray[np.int8]:
    """
    Tell the lowest level at which each feature is long enough on the screen to be a line.

    Parameters
    ----------
    boxes
        (n, 4) west, south, east, north, degrees; NaN for features without a place.

    Returns
    -------
    numpy.ndarray
        (n,) levels from 0; above `TOP` for one that never is.
    """
    known = np.isfinite(boxes[:, 0])
    extent = np.abs(world(boxes[known, 2:]) - world(boxes[known, :2])).max(axis=1)
    with np.errstate(divide="ignore"):
        needed = np.ceil(np.log2(SHORTEST / TILE / extent))
    levels = np.full(len(boxes), _NOWHERE, dtype=np.int8)
    levels[known] = np.clip(needed, 0, _NOWHERE).astype(np.int8)
    return levels


def nearby(anchors: NDArray[np.float64]) -> NDArray[np.intp]:
    """
    Order features so that neighbours are near one another: along Morton's curve over squares of some 600 m.

    Parameters
    ----------
    anchors
        (n, 2) places in degrees; NaN for a feature without one.

    Returns
    -------
    numpy.ndarray
        (n,) positions, those without a place last; within a square the order is kept.
    """
    known = np.isfinite(anchors[:, 0])
    keys = np.full(len(anchors), np.iinfo(np.int64).max)
    square = np.clip(world(anchors[known]) * 2**16, 0, 2**16 - 1).astype(np.int64)
    for shift in (8, 4, 2, 1):  # spread the bits to every other place
        square = (square | (square << shift)) & (0x5555_5555 if shift == 1 else _SPREAD[shift])
    keys[known] = square[:, 0] | (square[:, 1] << 1)
    return np.argsort(keys, kind="stable")


_SPREAD = {8: 0x00FF_00FF, 4: 0x0F0F_0F0F, 2: 0x3333_3333}
