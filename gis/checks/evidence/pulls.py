"""Pulls of duct: what a cable is drawn through in one go, from a manhole to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.coordinates import mercator
from gis.lengths import geodesic

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.network.graph import Network
    from gis.network.lines import Flags, Floats, Rows

# The radius that holds a surveyed position with 98 %: what lies within it of a straight line is no bend.
_RADIUS_PER_SIGMA = 2 * 2**0.5


@dataclass(frozen=True, slots=True)
class Pulls:
    """
    Pulls of duct.

    Attributes
    ----------
    rows
        (n,) the route that each begins in.
    places
        (n, 2) where, longitude and latitude.
    metres
        (n,) how long they are.
    bends_deg
        (n,) by how many degrees they turn, all bends together.
    lines
        (n,) the first stretch of each, WGS 84 degrees.
    """

    rows: Rows
    places: Floats
    metres: Floats
    bends_deg: Floats
    lines: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Parts of ducts cut at the nodes: points in order, and the stretch that each segment to the next is of."""

    parts: Rows
    metres: Floats
    lines: NDArray[np.object_]
    # Whether its first and its last point is at a node.
    at_node: Flags
    # The ends of parts that it reaches without a node, -1 where there is a node.
    ends: Rows


def find(net: Network, routes: gpd.GeoDataFrame, astray: Flags, accuracy_m: float) -> Pulls:
    """
    Find the pulls of a survey.

    A pull ends at every manhole and office, and where ducts branch; two ducts that meet with nothing there are one.
    Where no ducts were delivered, the cables that are installed in duct stand for them. What lies within the
    accuracy of a straight line is no bend, nor is a turn within the tolerance of the manhole itself.

    Parameters
    ----------
    net
        The network.
    routes
        The layer.
    astray
        (n,) routes in a wrong place.
    accuracy_m
        One standard deviation of a coordinate, metres, of routes that state none.

    Returns
    -------
    Pulls
        In the order of the routes.
    """
    kind = routes["kind"].to_numpy(dtype=object)
    ducts = kind == "duct"
    if not ducts.any():
        ducts = (kind == "cable") & (routes["installation"].to_numpy(dtype=object) == "duct")
    chosen = (ducts & ~astray)[net.lines.owners]
    if not chosen.any():
        none = np.empty(0)
        return Pulls(none.astype(np.intp), np.empty((0, 2)), none, none, none.astype(object))
    cut = _cut(net, chosen)
    sigma = routes["accuracy_m"].astype("float64").fillna(accuracy_m)
    bends, inward = _turns(net, cut, sigma.to_numpy(dtype=float)[net.lines.owners[cut.parts]])
    one, other, joint_deg = _joined(net, chosen, cut, inward)
    count = len(cut.parts)
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, pull = connected_components(links, directed=False)
    order = np.lexsort((np.arange(count), net.lines.owners[cut.parts]))
    _, first = np.unique(pull[order], return_index=True)
    first = order[first]
    bends_deg = np.bincount(pull, weights=bends).astype(np.float64)
    np.add.at(bends_deg, pull[one], joint_deg)
    metres = np.bincount(pull, weights=cut.metres).astype(np.float64)
    back = np.argsort(first, kind="stable")
    lines = np.asarray(shapely.transform(cut.lines[first], mercator.unproject), dtype=object)
    places = shapely.get_coordinates(shapely.get_point(lines, 0))
    rows = net.lines.owners[cut.parts[first]]
    return Pulls(rows[back], places[back], metres[back], bends_deg[back], lines[back])


def _cut(net: Network, chosen: Flags) -> _Stretches:
    """Cut parts at the nodes that they pass."""
    lines = net.lines
    vertices = np.flatnonzero(chosen[lines.part_of_vertex])
    node, part = net.meetings.pairs(chosen[net.meetings.square_parts])
    node, part = node[chosen[part]], part[chosen[part]]
    at = shapely.line_locate_point(lines.parts[part], shapely.points(net.nodes.xy[node]))
    feet = shapely.get_coordinates(shapely.line_interpolate_point(lines.parts[part], at))
    own = lines.part_of_vertex[vertices]
    step = np.zeros(len(vertices))
    same = own[1:] == own[:-1]
    step[1:][same] = np.hypot(*(lines.xy[vertices[1:]] - lines.xy[vertices[:-1]])[same].T)
    begins = np.flatnonzero(np.append(True, ~same))
    along = np.cumsum(step)
    along -= np.repeat(along[begins], np.diff(np.append(begins, len(vertices))))
    # The end of a part is its end, whatever the last digit of a sum says.
    parts = np.concatenate([own, part])
    place = np.concatenate([along, at])
    xy = np.concatenate([lines.xy[vertices], feet])
    is_cut = np.concatenate([np.zeros(len(vertices), dtype=bool), np.ones(len(part), dtype=bool)])
    order = np.lexsort((is_cut, place, parts))
    parts, xy, is_cut = parts[order], xy[order], is_cut[order]
    metres = geodesic.segment_lengths(mercator.unproject(xy))
    starts = np.append(True, parts[1:] != parts[:-1])
    stretch = np.cumsum(starts | is_cut) - 1
    inside = np.flatnonzero(~starts[1:])  # segments from a point to the next one of its part
    # What lies between a manhole and an end of the duct that is at it is nothing.
    own = stretch[inside]
    numbers, number = np.unique(own, return_inverse=True)
    length = np.bincount(number, weights=metres[inside]).astype(np.float64)
    keys = np.unique(np.concatenate([number * len(xy) + inside, number * len(xy) + inside + 1]))
    owner, point = np.divmod(keys, len(xy))
    made = np.asarray(shapely.linestrings(xy[point], indices=owner), dtype=object)
    first = np.searchsorted(owner, np.arange(len(numbers)))
    last = np.append(first[1:], len(owner)) - 1
    begin, end = point[first], point[last]
    of_part = parts[begin]
    tip = np.append(starts[1:], True)
    at_node = np.column_stack([is_cut[begin], is_cut[end]])
    node_at, _ = net.node_at_end
    ends = np.column_stack(
        [np.where(starts[begin], 2 * of_part, -1), np.where(tip[end] & ~is_cut[end], 2 * of_part + 1, -1)]
    )
    met = (ends >= 0) & (node_at[ends] >= 0)
    at_node |= met
    ends[at_node] = -1
    kept = length > 0
    return _Stretches(of_part[kept], length[kept], made[kept], at_node[kept], ends[kept])


def _turns(net: Network, cut: _Stretches, sigma: Floats) -> tuple[Floats, Floats]:
    """Sum up the bends of stretches, degrees; give the direction into each from its first and its last point."""
    lines = net.lines
    scale = mercator.scale(lines.lonlat[lines.offsets[cut.parts], 1])
    straight = np.asarray(shapely.simplify(cut.lines, _RADIUS_PER_SIGMA * sigma * scale), dtype=object)
    xy, owner = shapely.get_coordinates(straight, return_index=True)
    first = np.searchsorted(owner, np.arange(len(straight)))
    last = np.append(first[1:], len(owner)) - 1
    inward = np.stack([xy[first + 1] - xy[first], xy[last - 1] - xy[last]], axis=1)
    bend = np.flatnonzero(owner[:-2] == owner[2:]) + 1
    of = owner[bend]
    turn = _angle(xy[bend] - xy[bend - 1], xy[bend + 1] - xy[bend])
    # A turn in the manhole itself is none of the duct.
    reach = net.route_tolerance[lines.owners[cut.parts]][of] * scale[of]
    for side, end in enumerate((first, last)):
        near = np.hypot(*(xy[bend] - xy[end[of]]).T) <= reach
        turn[near & cut.at_node[of, side]] = 0.0
    return np.bincount(of, weights=turn, minlength=len(straight)).astype(np.float64), inward


def _joined(net: Network, chosen: Flags, cut: _Stretches, inward: Floats) -> tuple[Rows, Rows, Floats]:
    """Give pairs of stretches of which just these two meet with no node there, and by how many degrees they turn."""
    count = len(net.places[0])
    a, b = net.end_links
    links = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    cluster = connected_components(links, directed=False)[1][net.ends.places]
    ours = chosen[net.ends.parts]
    sizes = np.bincount(cluster[ours], minlength=count)
    stretch, side = np.nonzero(cut.ends >= 0)
    place = cluster[cut.ends[stretch, side]]
    pair = sizes[place] == 2  # noqa: PLR2004 - a pair
    stretch, side, place = stretch[pair], side[pair], place[pair]
    order = np.argsort(place, kind="stable")
    stretch, side, place = stretch[order], side[order], place[order]
    both = np.flatnonzero(place[1:] == place[:-1])
    one, other = stretch[both], stretch[both + 1]
    into, out = inward[one, side[both]], inward[other, side[both + 1]]
    return one, other, _angle(-into, out)


def _angle(into: Floats, out: Floats) -> Floats:
    """Give the angle between directions, 0 to 180 degrees; a Mercator plane keeps them."""
    cross = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0]
    return np.asarray(np.degrees(np.abs(np.arctan2(cross, (into * out).sum(axis=1)))), dtype=np.float64)
