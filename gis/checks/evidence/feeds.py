"""What leads to a cable from the exchange, and whether it can carry as many fibres as the cable has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from gis.network import service, tracing

if TYPE_CHECKING:
    from gis.checks.evidence.context import Context
    from gis.network.lines import Flags, Floats, Rows


@dataclass(frozen=True, slots=True)
class Rising:
    """
    Cables with more fibres than lead to them.

    Attributes
    ----------
    rows
        (n,) the cables.
    places
        (n, 2) where they begin, longitude and latitude.
    fibres, fed
        (n,) how many fibres they have, and how many lead there.
    feeds
        (n,) the cables that lead there, each an array of rows.
    """

    rows: Rows
    places: Floats
    fibres: Rows
    fed: Rows
    feeds: list[Rows]


def rising(context: Context) -> Rising:
    """
    Find cables with more fibres than lead to them from the exchanges.

    A place cuts off what has no way to an exchange but through it. What goes on there into what is cut off is led to by
    all other cables at the place.

    Parameters
    ----------
    context
        The survey under check.

    Returns
    -------
    Rising
        In the order of the routes, each once. Nothing is said of what no way leads to, nor where a cable that
        leads there states no number of fibres.
    """
    net, routes = context.network, context.layer("routes")
    kind = routes["kind"].to_numpy(dtype=object)
    maybe = (kind == "cable") | routes["kind"].isna().to_numpy(dtype=bool)
    found = tracing.stretches(net, (maybe & ~context.astray)[net.lines.owners])
    place = _places(context)
    one, other = place[found.start], place[found.stop]
    owners = net.lines.owners[found.part]
    apart = one != other
    one, other, owners = one[apart], other[apart], owners[apart]
    exchanges = np.unique(place[net.vertex_of_node[service.exchanges(net)]])
    here, there = np.concatenate([one, other]), np.concatenate([other, one])
    down = cut_off(here, there, exchanges, int(place.max(initial=-1)) + 1)
    # Each cable once at each place: to where it leads from, and to what it goes on.
    pairs = np.unique(np.column_stack([here, np.tile(owners, 2), down]), axis=0).astype(np.intp)
    feeding = pairs[pairs[:, 2] == 0]
    beyond = pairs[pairs[:, 2] == 1]
    beyond = beyond[~np.isin(beyond[:, 0], exchanges) & (kind[beyond[:, 1]] == "cable")]
    fibres = routes["fibre_count"].to_numpy(dtype=float, na_value=np.nan)
    count = int(place.max(initial=-1)) + 1
    fed = np.bincount(feeding[:, 0], weights=fibres[feeding[:, 1]], minlength=count)
    feeds = np.bincount(feeding[:, 0], minlength=count)
    more = (fibres[beyond[:, 1]] > fed[beyond[:, 0]]) & (feeds[beyond[:, 0]] > 0)
    beyond = beyond[more]
    _, first = np.unique(beyond[:, 1], return_index=True)
    at, rows = beyond[first, 0], beyond[first, 1]
    lonlat = np.empty((count, 2))
    lonlat[place[net.vertex_of_end]] = net.ends.lonlat
    lonlat[place[net.vertex_of_node]] = net.nodes.lonlat
    named = [feeding[feeding[:, 0] == one_place, 1] for one_place in at.tolist()]
    return Rising(rows, lonlat[at], fibres[rows].astype(np.intp), fed[at].astype(np.intp), named)


def _places(context: Context) -> Rows:
    """Give the place of each graph vertex: ends and nodes that are at one place, or just miss each other, share it."""
    net, near = context.network, context.free_ends.near
    one, other = net.end_links
    offset = len(net.lines.owners)
    node, _ = net.node_at_end
    at_node = np.flatnonzero(node >= 0)
    to_node = near.nodes >= 0
    links = np.concatenate(
        [
            np.column_stack([one, other]) + offset,
            np.column_stack([net.vertex_of_end[at_node], net.vertex_of_node[node[at_node]]]),
            np.column_stack([net.vertex_of_end[near.ends[to_node]], net.vertex_of_node[near.nodes[to_node]]]),
            np.column_stack(
                [net.vertex_of_end[near.ends[~to_node]], net.vertex_of_end[near.other_ends[~to_node]]]
            ),
            *(
                np.column_stack([net.vertex_of_end[far.ends], net.vertex_of_node[far.nodes]])
                for far in context.distant
            ),
        ]
    )
    total = offset + len(net.places[0]) + len(net.nodes.rows)
    graph = coo_array((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(total, total))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)


def cut_off(here: Rows, there: Rows, roots: Rows, count: int) -> Flags:
    """
    Tell which edges go on into what has no way to a root but through the vertex that they start at.

    In a depth-first tree a vertex cuts off the subtree of a child from which no edge leads to before the vertex
    (Hopcroft and Tarjan 1973, doi:10.1145/362248.362272); a subtree is what comes next in the order.

    Parameters
    ----------
    here, there
        (m,) the vertices that each edge starts and ends at; each edge is there both ways.
    roots
        (r,) vertices.
    count
        How many vertices there are.

    Returns
    -------
    numpy.ndarray
        (m,) booleans; false for what no way leads to from a root.
    """
    down = np.zeros(len(here), dtype=bool)
    if not len(here) or not len(roots):
        return down
    root = count
    a = np.concatenate([here, np.full(len(roots), root)])
    b = np.concatenate([there, roots])
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(count + 1, count + 1)).tocsr()
    order, before = depth_first_order(graph, root, directed=False)
    number = np.full(count + 1, -1)
    number[order] = np.arange(len(order))
    parent = number[before[order[1:]]]
    lowest = np.arange(len(order))
    one, other = number[here], number[there]
    known = (one >= 0) & (other >= 0)
    np.minimum.at(lowest, one[known], other[known])
    # An exchange leads to itself.
    lowest[number[roots]] = 0
    low, size = lowest.tolist(), [1] * len(order)
    for child, above in zip(range(len(order) - 1, 0, -1), parent[::-1].tolist(), strict=True):
        size[above] += size[child]
        low[above] = min(low[above], low[child])
    last = np.arange(len(order)) + np.array(size)
    below = known & (other > one) & (other < last[one])
    edges = np.flatnonzero(below)
    # The children of each vertex stand in the order: the one that a vertex is below is the last that is not after it.
    keys = parent * len(order) + np.arange(1, len(order))
    by_parent = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[by_parent], one[edges] * len(order) + other[edges], side="right") - 1
    child = by_parent[at] + 1
    down[edges] = np.array(low)[child] >= one[edges]
    return down
