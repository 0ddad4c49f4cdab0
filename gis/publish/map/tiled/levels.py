"""
Which zoom level of a tiled map shows a feature first, and whether as a line or as a dot.

A level is a zoom of tiles 512 pixels wide: at level ``z`` the Web Mercator world is ``512 · 2^z`` pixels wide. Below
the top level, of the features of one class whose places lie in one square of some pixels, the first in a given order
is shown. A square of a level is four of the next, so what is shown at one level is shown at all that follow; the top
level shows everything. The rule is ours and not the tiler's, so the figures that the page states of it are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from gis.publish.map.places import world

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 512
# Lines lie closer than symbols, which would cover one another.
LINE_SQUARE, POINT_SQUARE = 4, 16
TOP = 14
# A line that is shorter on the screen is a dot: tiles round to an eighth of a pixel, and the tiler drops what is then
# without length.
SHORTEST = 1.5
_NOWHERE = 99


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
    Order features so that neighbours are near one another: along Hilbert's curve over squares of some 600 m.

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
    places = gpd.GeoSeries(shapely.points(world(anchors[known])))
    keys[known] = places.hilbert_distance(total_bounds=(0, 0, 1, 1), level=16)
    return np.argsort(keys, kind="stable")
