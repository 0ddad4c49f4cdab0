"""
Which nodes lie on which routes, in less than pairs where many of both are at one place.

A thousand routes that leave a thousand manholes in one room make a million pairs, and say nothing that the room does
not. So nodes are put into squares, and a square of which all nodes are near enough to a line is one meeting with it;
only where a line comes near to a part of a square is the square quartered, down to single nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.coordinates import mercator
from gis.network.lines import EPSILON_M, distinct, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.network.lines import Flags, Floats, Pieces, Rows

# So many nodes in a square are met one by one.
_FEW = 8
# Squares halve so often from the whole plane to the smallest.
_LEVELS = 31
# The largest square, metres: within it the scale of the plane is one.
_LARGEST_M = 100.0
# What distances in the plane may be off by, as a share of the limit; nearer to it a pair is decided by itself.
_DOUBT = 2e-4


@dataclass(frozen=True, slots=True)
class Meetings:
    """
    Nodes and the parts of routes that they lie on.

    Attributes
    ----------
    nodes, parts
        (w,) pairs of a node and a part, by node.
    squares, square_parts
        (v,) pairs of a square, all nodes of which lie on a part, and the part.
    order
        (k,) nodes, those of a square side by side.
    first, last
        (s,) where the nodes of each square begin in ``order``, and where they stop.
    centre
        (s, 2) the middle of each square's nodes, in the plane.
    radius
        (s,) how far from it they lie at most, in units of the plane.
    """

    nodes: Rows
    parts: Rows
    squares: Rows
    square_parts: Rows
    order: Rows
    first: Rows
    last: Rows
    centre: Floats
    radius: Floats

    def on(self, parts: Flags | None = None) -> Flags:
        """
        Tell which nodes lie on a route.

        Parameters
        ----------
        parts
            (p,) the parts that count; None for all.

        Returns
        -------
        numpy.ndarray
            (k,) booleans, one a node.
        """
        on = np.zeros(len(self.order), dtype=bool)
        single = self.nodes if parts is None else self.nodes[parts[self.parts]]
        squares = self.squares if parts is None else self.squares[parts[self.square_parts]]
        on[single] = True
        _, members = self._members(distinct(squares))
        on[members] = True
        return on

    def pairs(self, chosen: Flags | None = None) -> tuple[Rows, Rows]:
        """
        Give pairs of a node and a part, those of squares taken apart.

        Parameters
        ----------
        chosen
            (v,) the pairs of a square and a part to take apart; None for all.

        Returns
        -------
        nodes : numpy.ndarray
            (w,) the node of each pair, each pair once and in this order.
        parts : numpy.ndarray
            (w,) its part.
        """
        squares, parts = self.squares, self.square_parts
        if chosen is not None:
            squares, parts = squares[chosen], parts[chosen]
        if not len(squares):
            return self.nodes, self.parts
        at, members = self._members(squares)
        count = np.intp(max(self.parts.max(initial=0), parts.max(initial=0)) + 1)
        keys = distinct(np.concatenate([self.nodes * count + self.parts, members * count + parts[at]]))
        return np.divmod(keys, count)

    def edges(self, vertex_of_node: Rows, next_vertex: int) -> Rows:
        """
        Give the edges that join nodes and parts to what hangs together.

        Parameters
        ----------
        vertex_of_node
            (k,) the graph vertex of each node; that of a part is its number.
        next_vertex
            The first number that is free: from it on each square is a vertex, too.

        Returns
        -------
        numpy.ndarray
            (e, 2) pairs of vertices. What a square joins hangs together by a part, or it joins nothing.
        """
        met = distinct(self.squares)
        at, members = self._members(met)
        return np.concatenate(
            [
                np.column_stack([self.parts, vertex_of_node[self.nodes]]),
                np.column_stack([self.square_parts, self.squares + next_vertex]),
                np.column_stack([met[at] + next_vertex, vertex_of_node[members]]),
            ]
        )

    def _members(self, squares: Rows) -> tuple[Rows, Rows]:
        """Give the nodes of squares, and the position of the square that each is of."""
        return _spread(self.first[squares], self.last[squares], self.order)


def find(xy: Floats, lonlat: Floats, tolerance: Floats, pieces: Pieces, route_tolerance: Floats) -> Meetings:
    """
    Find the parts that nodes lie on: no further than the larger of both tolerances.

    Parameters
    ----------
    xy, lonlat
        (k, 2) the nodes' places in the plane and in degrees.
    tolerance
        (k,) their tolerances, metres.
    pieces
        The routes in a search tree.
    route_tolerance
        (p,) the tolerances of parts, metres.

    Returns
    -------
    Meetings
        Each of a node and a part, by itself or with a square.
    """
    none = np.empty(0, dtype=np.intp)
    if not len(xy) or not len(pieces.lines):
        empty = np.empty((0, 2))
        return Meetings(none, none, none, none, np.arange(len(xy)), none, none, empty, np.empty(0))
    codes, side = _codes(xy)
    order = np.argsort(codes, kind="stable")
    grid = _Grid(codes[order], order, xy, tolerance)
    # Squares no larger than half of the finest tolerance are met as a whole by nearly all that comes near.
    finest = min(float(tolerance.min()), float(route_tolerance.min())) / 2
    scale = mercator.scale(lonlat[:, 1])
    size = np.clip(finest * float(scale.min()), side / 2**_LEVELS, _LARGEST_M)
    level = int(np.clip(np.ceil(np.log2(side / size)), 0, _LEVELS))
    first, last = _cut(grid.codes, np.zeros(1, dtype=np.intp), np.full(1, len(order)), level)
    crowded = last - first > _FEW
    _, alone = _spread(first[~crowded], last[~crowded], order)
    widest = float(route_tolerance.max()) + EPSILON_M
    reach = np.maximum(tolerance[alone], widest) + EPSILON_M
    points = np.asarray(shapely.points(xy), dtype=object)
    node, piece = pieces.tree.query(
        points[alone], predicate="dwithin", distance=reach * scale[alone] * 1.0001
    )
    pairs, found, tables = _quartered(grid, (first[crowded], last[crowded]), level, pieces, route_tolerance)
    node, piece = np.concatenate([alone[node], pairs[0]]), np.concatenate([piece, pairs[1]])
    limit = np.maximum(tolerance[node], route_tolerance[pieces.parts[piece]])
    near = within(points[node], pieces.lines[piece], lonlat[node], limit)
    count = np.intp(len(route_tolerance))
    nodes, parts = np.divmod(distinct(node[near] * count + pieces.parts[piece[near]]), count)
    squares, square_parts = np.divmod(distinct(found[0] * count + pieces.parts[found[1]]), count)
    first, last, centre, radius = (
        np.concatenate([getattr(table, name) for table in tables])
        for name in ("first", "last", "centre", "radius")
    )
    return Meetings(nodes, parts, squares, square_parts, order, first, last, centre, radius)


def _quartered(
    grid: _Grid, ranges: tuple[Rows, Rows], level: int, pieces: Pieces, route_tolerance: Floats
) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows], list[_Squares]]:
    """Meet crowded squares: pairs of node and piece to decide one by one, of square and piece, and all squares."""
    squares = grid.squares(*ranges)
    widest = float(route_tolerance.max()) + EPSILON_M
    reach = (np.maximum(squares.high, widest) + EPSILON_M) * squares.scale * 1.0001 + squares.radius
    at, piece = pieces.tree.query(squares.points, predicate="dwithin", distance=reach)
    none = np.empty(0, dtype=np.intp)
    pairs, found, tables, begin = [(none, none)], [(none, none)], [squares], 0
    while len(at):
        away = shapely.distance(squares.points[at], pieces.lines[piece])
        limits, scale = route_tolerance[pieces.parts[piece]], squares.scale[at]
        nearest = (away - squares.radius[at]) / scale
        furthest = (away + squares.radius[at]) / scale
        whole = furthest <= np.maximum(squares.low[at], limits) * (1 - _DOUBT)
        partly = ~whole & (nearest <= (np.maximum(squares.high[at], limits) + EPSILON_M) * (1 + _DOUBT))
        found.append((at[whole] + begin, piece[whole]))
        few = (squares.last - squares.first <= _FEW)[at] | (level >= _LEVELS)
        ones, rest = np.flatnonzero(partly & few), np.flatnonzero(partly & ~few)
        which, members = _spread(squares.first[at[ones]], squares.last[at[ones]], grid.order)
        pairs.append((members, piece[ones][which]))
        level, begin = level + 1, begin + len(squares.first)
        parents = distinct(at[rest])
        edges = squares.first[parents], squares.last[parents]
        squares = grid.squares(*_cut(grid.codes, *edges, level))
        tables.append(squares)
        own = np.searchsorted(parents, at[rest])
        start, stop = (np.searchsorted(squares.first, edge)[own] for edge in edges)
        which, at = _spread(start, stop, np.arange(len(squares.first)))
        piece = piece[rest][which]
    singles, wholes = (
        (np.concatenate([one for one, _ in both]), np.concatenate([other for _, other in both]))
        for both in (pairs, found)
    )
    return singles, wholes, tables


@dataclass(frozen=True, slots=True)
class _Squares:
    """Squares of one size: where their nodes begin and stop, and within what circle and tolerances they are."""

    first: Rows
    last: Rows
    centre: Floats
    radius: Floats
    scale: Floats
    low: Floats
    high: Floats

    @property
    def points(self) -> NDArray[np.object_]:
        return np.asarray(shapely.points(self.centre), dtype=object)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Nodes in the order of their squares, with places and tolerances as they were given."""

    codes: Rows
    order: Rows
    xy: Floats
    tolerance: Floats

    def squares(self, first: Rows, last: Rows) -> _Squares:
        if not len(first):
            none = np.empty(0)
            return _Squares(first, last, np.empty((0, 2)), none, none, none, none)
        at, members = _spread(first, last, self.order)
        starts = np.cumsum(last - first) - (last - first)
        xy, tolerance = self.xy[members], self.tolerance[members]
        centre = (np.minimum.reduceat(xy, starts) + np.maximum.reduceat(xy, starts)) / 2
        return _Squares(
            first,
            last,
            centre,
            np.maximum.reduceat(np.hypot(*(xy - centre[at]).T), starts),
            mercator.scale(mercator.unproject(centre)[:, 1]),
            np.minimum.reduceat(tolerance, starts),
            np.maximum.reduceat(tolerance, starts),
        )


def _codes(xy: Floats) -> tuple[Rows, float]:
    """Give each place the number of its smallest square, those of a larger one side by side; and the side of all."""
    low = xy.min(axis=0)
    side = max(float((xy.max(axis=0) - low).max()), 1.0) * (1 + 1e-9)
    cells = np.minimum(((xy - low) / side * 2**_LEVELS).astype(np.int64), 2**_LEVELS - 1)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        cells = (cells | (cells << shift)) & mask
    return np.asarray(cells[:, 0] | (cells[:, 1] << 1), dtype=np.int64), side


def _cut(codes: Rows, first: Rows, last: Rows, level: int) -> tuple[Rows, Rows]:
    """Cut ranges of ordered codes into the squares of a level."""
    at, members = _spread(first, last, np.arange(len(codes)))
    square = codes[members] >> (2 * (_LEVELS - level))
    new = np.ones(len(members), dtype=bool)
    new[1:] = (np.diff(square) != 0) | (np.diff(at) != 0)
    starts = members[new]
    return starts, starts + np.diff(np.append(np.flatnonzero(new), len(members)))


def _spread(first: Rows, last: Rows, values: Rows) -> tuple[Rows, Rows]:
    """Give the values of ranges one after another, with the position of the range that each is of."""
    counts = last - first
    at = np.repeat(np.arange(len(first)), counts)
    step = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    return at, values[np.repeat(first, counts) + step]
