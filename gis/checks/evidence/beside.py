"""Features that were surveyed twice: not at the same vertices, but beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gis.checks.evidence import duplicates
from gis.coordinates import mercator
from gis.network.lines import EPSILON_M, distances

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.network.graph import Network
    from gis.network.lines import Flags, Floats, Rows

# So much of both routes must lie beside the other.
SHARE = 0.9
# Where a route is looked at first: a quarter, a half and three quarters of the way; two of the three must be beside.
_FIRST = np.array([0.25, 0.5, 0.75])
_ENOUGH = 2
# Then at so many places, evenly.
_SAMPLES = 40
# However wide the tolerance: a trench has this width, and what lies further apart is a route of its own.
_TRENCH_M = 1.0
# So many pairs are compared at once, which bounds the memory that their places take.
_BATCH = 20_000
# A manhole has a cover of this size: two cannot be nearer to each other.
_COVER_M = 0.6
# The smallest squares that manholes are looked for in.
_SQUARE_M = 0.3


@dataclass(frozen=True, slots=True)
class Twins:
    """
    Features that stand beside an earlier one like them.

    Attributes
    ----------
    rows, originals
        (n,) the later feature and the earlier one, as rows of their layer.
    apart_m
        (n,) how far they lie apart, metres; of routes in the middle of all places looked at.
    """

    rows: Rows
    originals: Rows
    apart_m: Floats


_NONE = Twins(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0))


def routes(layer: gpd.GeoDataFrame, net: Network, astray: Flags, ducted: Flags) -> Twins:
    """
    Find routes that run beside an earlier one of their kind and status for most of both.

    Direction, number of vertices and where a ring starts make no difference. Cables that share a duct or a trench are
    ordinary plant where something tells them apart, see `gis.checks.evidence.duplicates.told_apart`; so are cables of
    one duct with different ids.

    Parameters
    ----------
    layer
        The canonical routes.
    net
        Their network.
    astray
        (n,) routes in a wrong place.
    ducted
        (n,) cables that lie in a duct.

    Returns
    -------
    Twins
        Each later route once, with the first that it runs beside.
    """
    lines = net.lines
    # A route of several parts is compared whole or not at all.
    _, at, counts = np.unique(lines.owners, return_index=True, return_counts=True)
    whole = at[counts == 1]
    whole = whole[~astray[lines.owners[whole]]]
    if len(whole) < 2:  # noqa: PLR2004 - a pair
        return _NONE
    owners = lines.owners[whole]
    one, other = _candidates(layer, net, whole)
    alike = ~_different(layer, ducted, owners[one], owners[other])
    one, other = one[alike], other[alike]
    tolerance = np.minimum(net.route_tolerance[owners], _TRENCH_M)
    limit = np.maximum(tolerance[one], tolerance[other]) + EPSILON_M
    beside, apart_m = np.zeros(len(one), dtype=bool), np.zeros(len(one))
    for begin in range(0, len(one), _BATCH):
        some = slice(begin, begin + _BATCH)
        a, b = whole[one[some]], whole[other[some]]
        apart = np.maximum(_aside(net, a, b), _aside(net, b, a))
        beside[some] = (apart <= limit[some, None]).mean(axis=1) >= SHARE
        apart_m[some] = np.median(apart, axis=1)
    one, other, apart_m = one[beside], other[beside], apart_m[beside]
    later, first = np.unique(other, return_index=True)
    return Twins(owners[later], owners[one[first]], apart_m[first])


def _candidates(layer: gpd.GeoDataFrame, net: Network, whole: Rows) -> tuple[Rows, Rows]:
    """Give pairs of routes, the earlier first, that are as long as each other and beside each other where looked at."""
    lines = net.lines
    kind, _ = pd.factorize(layer["kind"].to_numpy(dtype=object)[lines.owners[whole]])
    scale = mercator.scale(lines.lonlat[lines.offsets[whole], 1])
    metres = shapely.length(lines.parts[whole]) / scale
    tolerance = np.minimum(net.route_tolerance[lines.owners[whole]], _TRENCH_M)
    points = shapely.line_interpolate_point(lines.parts[whole][:, None], _FIRST, normalized=True).ravel()
    owner = np.repeat(np.arange(len(whole)), len(_FIRST))
    reach = np.repeat(np.maximum(tolerance, tolerance.max()) * scale, len(_FIRST)) + EPSILON_M
    position = np.full(len(lines.owners), -1)
    position[whole] = np.arange(len(whole))
    at, piece = net.pieces.tree.query(np.asarray(points, dtype=object), predicate="dwithin", distance=reach)
    one, other = owner[at], position[net.pieces.parts[piece]]
    there = (other >= 0) & (one != other)
    at, one, other = at[there], one[there], other[there]
    longest = np.maximum(metres[one], metres[other])
    like = (kind[one] == kind[other]) & (np.abs(metres[one] - metres[other]) <= (1 - SHARE) * longest)
    # Of a short route everything is near.
    like &= longest > 2 * tolerance[one]
    seen = np.unique(np.column_stack([one, other, at])[like], axis=0)
    pairs, count = np.unique(seen[:, :2], axis=0, return_counts=True)
    pairs = np.unique(np.sort(pairs[count >= _ENOUGH], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _different(layer: gpd.GeoDataFrame, ducted: Flags, one: Rows, other: Rows) -> Flags:
    """Tell which pairs of routes are two things by what is recorded of them."""
    ids, _ = pd.factorize(layer["route_id"].to_numpy(dtype=object))
    status, _ = pd.factorize(layer["status"].to_numpy(dtype=object))
    # Planned and built run beside each other by intention.
    different = status[one] != status[other]
    different |= duplicates.told_apart(layer, one, other)
    return np.asarray(different | (ducted[one] & ducted[other] & (ids[one] != ids[other])))


def _aside(net: Network, one: Rows, other: Rows) -> Floats:
    """Give how far places along parts lie from other parts: (n, samples) metres."""
    lines = net.lines
    at = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    points = shapely.line_interpolate_point(lines.parts[one][:, None], at, normalized=True)
    scale = mercator.scale(lines.lonlat[lines.offsets[one], 1])
    shapely.prepare(lines.parts[other])
    return np.asarray(shapely.distance(points, lines.parts[other][:, None]) / scale[:, None])


def manholes(layer: gpd.GeoDataFrame, points: NDArray[np.object_], tolerance: Floats) -> Twins:
    """
    Find manholes that stand where an earlier one of their kind and status stands, nearer than a cover is wide.

    Parameters
    ----------
    layer
        The canonical manholes.
    points
        (n,) their places in degrees; None for what has none or is told of already.
    tolerance
        (n,) metres.

    Returns
    -------
    Twins
        Each later manhole once, with the first that is so near.
    """
    rows = np.flatnonzero(~shapely.is_missing(points))
    if len(rows) < 2:  # noqa: PLR2004 - a pair
        return _NONE
    lonlat = shapely.get_coordinates(points[rows])
    like = pd.MultiIndex.from_frame(layer[["kind", "status"]].iloc[rows]).factorize()[0]
    first = _first_near(lonlat, np.minimum(tolerance[rows], _COVER_M), like)
    later = np.flatnonzero(first >= 0)
    first = first[later]
    return Twins(rows[later], rows[first], distances(lonlat[later], lonlat[first]))


def _first_near(lonlat: Floats, reach: Floats, like: Rows) -> Rows:
    """
    Give for each place the first of those before it that is near and like it.

    Places are looked for in squares, from the first of each on, until one is near: in a crowd it is soon found, where
    its pairs would be countless.

    Parameters
    ----------
    lonlat
        (n, 2) degrees.
    reach
        (n,) how near is near, metres; of a pair the larger counts.
    like
        (n,) equal for what is like each other.

    Returns
    -------
    numpy.ndarray
        (n,) positions; -1 where there is none.
    """
    scale = float(mercator.scale(np.abs(lonlat[:, 1]).max(keepdims=True))[0])
    widest = (float(reach.max()) + EPSILON_M) * scale * 1.001
    xy = mercator.project(lonlat)
    # Whatever is near lies in the square or one of its eight neighbours.
    at = np.floor(xy / max(widest, _SQUARE_M)).astype(np.int64)
    at -= at.min(axis=0) - 1
    across, along = (at.max(axis=0) + 2).tolist()
    squares, which = np.unique((like * across + at[:, 0]) * along + at[:, 1], return_inverse=True)
    order = np.argsort(which, kind="stable")
    begin = np.searchsorted(which[order], np.arange(len(squares) + 1))
    low, high = (part.reduceat(xy[order], begin[:-1]) for part in (np.minimum, np.maximum))
    best = np.arange(len(xy))
    # Its own square first, which has the most to say.
    for step in sorted((b * along + c for b, c in product((-1, 0, 1), repeat=2)), key=abs):
        beside = np.minimum(np.searchsorted(squares, squares + step), len(squares) - 1)
        beside[squares[beside] != squares + step] = -1
        place = np.flatnonzero(beside[which] >= 0)
        square = beside[which[place]]
        aside = np.maximum(np.maximum(low[square] - xy[place], xy[place] - high[square]), 0.0)
        close = np.hypot(*aside.T) <= widest
        place, at, stop = place[close], begin[square[close]], begin[square[close] + 1]
        while len(place):
            open_ = at < stop
            open_[open_] = order[at[open_]] < best[place[open_]]
            place, at, stop = place[open_], at[open_], stop[open_]
            other = order[at]
            near = distances(lonlat[place], lonlat[other]) <= (
                np.maximum(reach[place], reach[other]) + EPSILON_M
            )
            best[place[near]] = other[near]
            place, at, stop = place[~near], at[~near] + 1, stop[~near]
    return np.where(best < np.arange(len(xy)), best, -1)
