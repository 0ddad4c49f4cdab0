"""Where a route turns and comes back the way it went: how far, and what may go without any ground losing its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.coordinates import mercator

if TYPE_CHECKING:
    from gis.network.lines import Flags, Floats, Rows

# Two lines run over each other where they are no further apart: the rounding of seven decimals of a degree.
LATERAL_M = 0.01
# Vertices nearer to each other than this are one.
REPEATED_M = 0.001


def doubled(xy: Floats, tip: int, reach: float) -> tuple[float, int, int]:
    """
    Tell how far a line runs back beside the way on which it came.

    Parameters
    ----------
    xy
        (n, 2) its vertices, metres in a plane.
    tip
        The vertex at which it turns.
    reach
        How far apart there and back may be, metres.

    Returns
    -------
    metres : float
        How far it runs so, the shorter of there and back.
    first, last : int
        The outermost vertices that are still within reach, one on either side of the tip.
    """
    there, back = xy[tip::-1], xy[tip:]
    ways = []
    for one, other in ((there, back), (back, there)):
        apart = np.asarray(shapely.distance(shapely.points(one), shapely.linestrings(other)))
        beyond = np.flatnonzero(apart > reach)
        stop = int(beyond[0]) if len(beyond) else len(one)
        steps = np.hypot(*np.diff(one, axis=0).T)
        metres = float(steps[: stop - 1].sum())
        if stop < len(one):
            # The distance grows evenly on the segment that leads away; as much of it as the reach is no return.
            share = (reach - apart[stop - 1]) / (apart[stop] - apart[stop - 1])
            metres += max(0.0, float(steps[stop - 1] * share) - reach)
        ways.append((metres, stop - 1))
    (out, before), (home, after) = ways
    return min(out, home), tip - before, tip + after


def come_back(
    xy: Floats, along: Floats, tips: Rows, starts: Rows, stops: Rows, reach: Floats, scale: Floats
) -> Flags:
    """
    Tell which turns may lead back the way that was come, further than a reach.

    Parameters
    ----------
    xy, along
        (n, 2) vertices of all lines in a plane, and (n,) the way to each, metres.
    tips
        (t,) the vertices at which lines turn.
    starts, stops
        (t,) the first and the last vertex of the line of each.
    reach
        (t,) metres.
    scale
        (t,) units of the plane to a metre.

    Returns
    -------
    numpy.ndarray
        (t,) true where after the reach there and back are still side by side and away from the tip.
    """
    at = along[tips]
    room = np.minimum(at - along[starts], along[stops] - at) >= reach
    places = [
        np.column_stack([np.interp(at + way, along, values) for values in xy.T]) for way in (-reach, reach)
    ]
    apart = np.hypot(*(places[0] - places[1]).T) / scale
    away = np.hypot(*(places[0] - xy[tips]).T) / scale
    return np.asarray(room & (apart <= reach) & (away > reach / 2))


def unfolded(coordinates: Floats) -> Floats | None:
    """
    Take out of a line what it runs over itself, where none of the ground that it covers goes with it.

    Parameters
    ----------
    coordinates
        (n, 2 or 3) longitude, latitude and height, WGS 84 degrees.

    Returns
    -------
    numpy.ndarray or None
        (m, 2 or 3) the vertices that stay, from the first to the last; None where nothing can go. A line that goes to
        a place and back has to stay as it is: what lies there would have no line.
    """
    xy = mercator.project(coordinates[:, :2]) / mercator.scale(coordinates[:1, 1])
    kept: list[int] = []
    for at in range(len(xy)):
        kept.append(at)
        while len(kept) > 2 and _folds(*xy[kept[-3:]]):  # noqa: PLR2004 - three make a turn
            kept.pop(-2)
            if np.hypot(*(xy[kept[-2]] - xy[at])) <= LATERAL_M:
                # Back where it came from: one vertex is enough.
                kept.pop()
                break
    if len(kept) in (1, len(xy)) or kept[-1] != len(xy) - 1:
        return None
    before, after = (shapely.linestrings(one) for one in (xy, xy[kept]))
    return coordinates[kept] if shapely.hausdorff_distance(before, after) <= LATERAL_M else None


def _folds(a: Floats, v: Floats, b: Floats) -> bool:
    there, back = v - a, b - v
    longest = max(float(np.hypot(*there)), float(np.hypot(*back)))
    aside = abs(there[0] * back[1] - there[1] * back[0]) / longest if longest else 0.0
    return float(there @ back) < 0 and aside <= LATERAL_M
