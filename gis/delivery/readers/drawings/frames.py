"""Frames around a drawing, told by their shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LINE_STRING = 1
# Four corners and the first again.
_CORNERS = 5
_SQUARE = 1e-3
# What has fewer other things in it frames nothing; nearly all of them, as a stray one lies outside of many a drawing.
_FEWEST, _NEARLY_ALL = 3, 0.95


def around(geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
    """
    Tell which lines are frames: closed rectangles with nearly all else that is drawn in them.

    Parameters
    ----------
    geometries
        (n,) the lines and points of a drawing.

    Returns
    -------
    numpy.ndarray
        (n,) true for a frame.
    """
    found = np.zeros(len(geometries), dtype=bool)
    lines = (shapely.get_type_id(geometries) == _LINE_STRING) & shapely.is_closed(geometries)
    candidates = np.flatnonzero(lines & (shapely.get_num_coordinates(geometries) == _CORNERS)).tolist()
    rectangles = {at: ring for at in candidates if (ring := _rectangle(geometries[at])) is not None}
    others = np.setdiff1d(np.arange(len(geometries)), list(rectangles))
    if len(others) < _FEWEST:
        return found
    for at, ring in rectangles.items():
        shapely.prepare(ring)
        found[at] = shapely.covers(ring, geometries[others]).mean() >= _NEARLY_ALL
    return found


def _rectangle(line: shapely.LineString) -> shapely.Polygon | None:
    """Give the area of a line with four right angles; None for any other."""
    sides = np.diff(shapely.get_coordinates(line), axis=0)
    lengths = np.hypot(*sides.T)
    if not lengths.all():
        return None
    turns = np.abs((sides * np.roll(sides, -1, axis=0)).sum(axis=1)) / (lengths * np.roll(lengths, -1))
    return shapely.Polygon(shapely.get_coordinates(line)) if (turns < _SQUARE).all() else None
