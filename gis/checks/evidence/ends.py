"""What becomes of an end that meets nothing: it just misses a node, overshoots a junction, or hangs loose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis.coordinates import mercator
from gis.network.lines import EPSILON_M, among, distances

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.checks.evidence.crossings import Crossings
    from gis.network.graph import Network
    from gis.network.lines import Flags, Floats, Rows

# How many tolerances away a node may lie that an end was meant to reach, or a junction that it has overshot.
REACH = 5.0
# So many of the nearest are looked at, to leave out those that are on the route already.
_CANDIDATES = 8
# So many short routes from one joint whose other ends lie side by side are drops to houses.
_DROPS = 3
_DROP_M = 100.0


@dataclass(frozen=True, slots=True)
class NearMisses:
    """
    Ends just outside the tolerance of what they should meet.

    Attributes
    ----------
    ends
        (n,) the ends.
    nodes
        (n,) the node that each misses, or -1 where it is another end.
    other_ends
        (n,) the end that each misses, or -1 where it is a node.
    away_m
        (n,) by how much, metres.
    """

    ends: Rows
    nodes: Rows
    other_ends: Rows
    away_m: Floats


@dataclass(frozen=True, slots=True)
class Overshoots:
    """
    Ends just past a junction.

    Attributes
    ----------
    ends
        (n,) the ends.
    nodes
        (n,) the node that each has passed, or -1 where it is a crossing route.
    crossings
        (n,) the crossing that each has passed, or -1 where it is a node.
    stub_m
        (n,) how far past, metres.
    xy
        (n, 2) the junction, in the plane.
    """

    ends: Rows
    nodes: Rows
    crossings: Rows
    stub_m: Floats
    xy: Floats


@dataclass(frozen=True, slots=True)
class FreeEnds:
    """
    The ends that meet nothing, sorted by what is wrong with them.

    Attributes
    ----------
    near
        Those that just miss something.
    over
        Those that are just past something.
    loose
        (n,) the others.
    """

    near: NearMisses
    over: Overshoots
    loose: Rows


def sort(net: Network, crossings: Crossings, astray: Flags) -> FreeEnds:
    """
    Sort the ends that meet nothing.

    Parameters
    ----------
    net
        The network.
    crossings
        Where routes cross.
    astray
        (n,) routes whose place is wrong altogether; their ends are left out.

    Returns
    -------
    FreeEnds
        Each end once.
    """
    ends = net.ends
    node, _ = net.node_at_end
    free = np.flatnonzero((node < 0) & ~net.end_meets_end & net.outer & ~astray[ends.routes])
    free = free[~among(free, net.branches[0])]
    over = _overshoots(net, crossings, free)
    near = _near_misses(net, free)
    # An end that is past one thing and short of another belongs to what is nearer.
    miss, stub = np.full(len(ends.parts), np.inf), np.full(len(ends.parts), np.inf)
    miss[near.ends], stub[over.ends] = near.away_m, over.stub_m
    near = _taken(near, miss[near.ends] <= stub[near.ends])
    over = _taken(over, stub[over.ends] < miss[over.ends])
    explained = np.concatenate([near.ends, over.ends])
    loose = free[~among(free, explained) & ~among(free, _drops(net, free))]
    return FreeEnds(_once(net, near), over, loose)


_Record = TypeVar("_Record", NearMisses, Overshoots)


def _taken(record: _Record, chosen: Flags) -> _Record:
    return type(record)(*(getattr(record, name)[chosen] for name in record.__slots__))


def _once(net: Network, near: NearMisses) -> NearMisses:
    """Keep one of two ends that miss each other."""
    target = np.full(len(net.ends.parts), -1)
    target[near.ends] = near.other_ends
    mutual = (near.other_ends >= 0) & (target[near.other_ends] == near.ends)
    return _taken(near, ~(mutual & (near.ends > near.other_ends)))


def _near_misses(net: Network, free: Rows) -> NearMisses:
    ends, nodes = net.ends, net.nodes
    count = len(ends.parts)
    reach = _reach(net, free)
    # Nodes, but for those that the route reaches already.

    def missed_node(end: Rows, node: Rows) -> Flags:
        return ~net.meets(node, ends.parts[end])

    joint = _joints(net)

    def missed_end(end: Rows, other: Rows) -> Flags:
        # Routes that part at a joint run side by side to houses, not towards each other.
        return np.asarray((ends.parts[end] != ends.parts[other]) & (joint[end ^ 1] != joint[other ^ 1]))

    node, node_away = _nearest(
        ends.xy[free], net.node_tree, reach, free, missed_node, ends.lonlat, nodes.lonlat
    )
    limit = REACH * np.maximum(ends.tolerance[free], nodes.tolerance[node] if len(nodes.rows) else 0.0)
    node_away[node_away > limit + EPSILON_M] = np.inf
    # One end for each different position of ends.
    one_of_each = np.empty(len(net.places[0]), dtype=np.intp)
    one_of_each[ends.places] = np.arange(count)
    other, end_away = _nearest(
        ends.xy[free],
        net.place_tree,
        reach,
        free,
        lambda end, at: missed_end(end, one_of_each[at]),
        ends.lonlat,
        ends.lonlat[one_of_each],
    )
    limit = REACH * np.maximum(ends.tolerance[free], ends.tolerance[one_of_each[other]] if count else 0.0)
    end_away[end_away > limit + EPSILON_M] = np.inf
    to_node = np.isfinite(node_away) & (node_away <= end_away)
    to_end = np.isfinite(end_away) & ~to_node
    found = to_node | to_end
    return NearMisses(
        free[found],
        np.where(to_node, node, -1)[found],
        np.where(to_end, one_of_each[other] if count else -1, -1)[found],
        np.where(to_node, node_away, end_away)[found],
    )


def _joints(net: Network) -> Rows:
    """(2p,) what each end is joined at: a node, or the place of other ends."""
    node, _ = net.node_at_end
    return np.where(node >= 0, node, len(net.nodes.rows) + net.ends.places)


def _drops(net: Network, free: Rows) -> Rows:
    """Give the free ends of short routes that lead side by side from one joint: drops to houses."""
    ends, lines = net.ends, net.lines
    metres = shapely.length(lines.parts) / mercator.scale(lines.lonlat[lines.offsets[:-1], 1])
    short = free[metres[ends.parts[free]] <= _DROP_M]
    if len(short) < _DROPS:
        return np.empty(0, dtype=np.intp)
    pairs = cKDTree(ends.xy[short]).query_pairs(float(_reach(net, short).max()), output_type="ndarray")
    joint = _joints(net)[short ^ 1]
    pairs = pairs[joint[pairs[:, 0]] == joint[pairs[:, 1]]]
    side_by_side = coo_array((np.ones(len(pairs), dtype=np.int8), pairs.T), shape=(len(short), len(short)))
    _, group = connected_components(side_by_side, directed=False)
    return np.asarray(short[np.bincount(group)[group] >= _DROPS])


def _reach(net: Network, free: Rows) -> Floats:
    """Give how far in the plane a node or an end may lie from each end."""
    widest = max(float(net.ends.tolerance.max(initial=0.0)), float(net.nodes.tolerance.max(initial=0.0)))
    return REACH * widest * mercator.scale(net.ends.lonlat[free, 1]) * 1.001


def _nearest(
    xy: Floats,
    tree: cKDTree,
    reach: Floats,
    free: Rows,
    allowed: Callable[[Rows, Rows], Flags],
    lonlat: Floats,
    target_lonlat: Floats,
) -> tuple[Rows, Floats]:
    """Give the nearest target that is allowed, and how far it is in metres; infinite where there is none."""
    best, away = np.zeros(len(free), dtype=np.intp), np.full(len(free), np.inf)
    if not tree.n or not len(free):
        return best, away
    near = min(_CANDIDATES, tree.n)
    _, candidates = tree.query(xy, k=range(1, near + 1), distance_upper_bound=float(reach.max()), workers=2)
    for column in candidates.T:
        hit = np.flatnonzero(column < tree.n)
        hit = hit[allowed(free[hit], column[hit])]
        metres = distances(lonlat[free[hit]], target_lonlat[column[hit]])
        better = metres < away[hit]
        best[hit[better]], away[hit[better]] = column[hit[better]], metres[better]
    return best, away


def _overshoots(net: Network, crossings: Crossings, free: Rows) -> Overshoots:
    ends, lines = net.ends, net.lines
    is_free = np.zeros(len(ends.parts), dtype=bool)
    is_free[free] = True
    node, part = _met_before_end(net, is_free)
    parts = np.concatenate([part, crossings.one, crossings.other])
    nodes = np.concatenate([node, np.full(2 * len(crossings.one), -1)])
    crossing = np.concatenate([np.full(len(node), -1), *[np.arange(len(crossings.one))] * 2])
    xy = np.concatenate([net.nodes.xy[node], crossings.xy, crossings.xy])
    # Only parts with a free end matter.
    matters = is_free[2 * parts] | is_free[2 * parts + 1]
    parts, nodes, crossing, xy = parts[matters], nodes[matters], crossing[matters], xy[matters]
    scale = mercator.scale(lines.lonlat[lines.offsets[parts], 1])
    along = shapely.line_locate_point(lines.parts[parts], shapely.points(xy)) / scale
    whole = shapely.length(lines.parts[parts]) / scale
    tolerance = ends.tolerance[2 * parts]
    found: list[tuple[Rows, Floats, Rows]] = []
    for side, stub, rest in ((0, along, whole - along), (1, whole - along, along)):
        end = 2 * parts + side
        # What lies at the other end is where the route comes from.
        past = is_free[end] & (stub <= REACH * tolerance + EPSILON_M) & (rest > tolerance)
        found.append((end[past], stub[past], np.flatnonzero(past)))
    end = np.concatenate([ends_ for ends_, _, _ in found])
    stub = np.concatenate([stubs for _, stubs, _ in found])
    at = np.concatenate([rows for _, _, rows in found])
    # Of several junctions the last one before the end.
    order = np.lexsort((stub, end))
    _, first = np.unique(end[order], return_index=True)
    chosen = order[first]
    junction = shapely.line_interpolate_point(lines.parts[parts[at[chosen]]], (along * scale)[at[chosen]])
    return Overshoots(
        end[chosen], nodes[at[chosen]], crossing[at[chosen]], stub[chosen], shapely.get_coordinates(junction)
    )


def _met_before_end(net: Network, is_free: Flags) -> tuple[Rows, Rows]:
    """Give pairs of a node and a part with a free end that lies on it so far before that end as it may overshoot."""
    meetings, ends = net.meetings, net.ends
    widest = float(net.nodes.tolerance.max(initial=0.0))

    def near(parts: Rows, xy: Floats, radius: Floats | float) -> Flags:
        close = np.zeros(len(parts), dtype=bool)
        for end in (2 * parts, 2 * parts + 1):
            # As far along the route as is looked at, and as far aside as a node may lie.
            metres = REACH * ends.tolerance[end] + np.maximum(ends.tolerance[end], widest) + EPSILON_M
            reach = metres * mercator.scale(ends.lonlat[end, 1]) * 1.01 + radius
            close |= is_free[end] & (np.hypot(*(ends.xy[end] - xy).T) <= reach)
        return close

    squares, parts = meetings.squares, meetings.square_parts
    node, part = meetings.pairs(near(parts, meetings.centre[squares], meetings.radius[squares]))
    close = near(part, net.nodes.xy[node], 0.0)
    return node[close], part[close]
