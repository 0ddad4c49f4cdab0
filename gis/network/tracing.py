"""The way from an office to its exchange."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from gis.coordinates import mercator
from gis.errors import ProjectError
from gis.language import Text
from gis.lengths import geodesic
from gis.network import service
from gis.network.graph import NODE_LAYERS, Network
from gis.text import letters

if TYPE_CHECKING:
    from gis.inventory import Inventory
    from gis.network.lines import Flags, Floats, Rows

# An edge of no length would be none to the solver.
_NO_LENGTH_M = 1e-6


@dataclass(frozen=True, slots=True)
class Leg:
    """
    A stretch of the way along one route.

    Attributes
    ----------
    route
        The route's id, or its record number where it has none.
    kind
        What it is: ``"cable"`` or ``"duct"``.
    length_m
        Geodesic length of the stretch, metres.
    geometry
        The stretch in the direction of the way, WGS 84.
    """

    route: str
    kind: str
    length_m: float
    geometry: shapely.LineString


@dataclass(frozen=True, slots=True)
class Trace:
    """
    The shortest way along routes from an office to an exchange.

    Attributes
    ----------
    office, exchange
        Their ids.
    legs
        The stretches, from the office on.
    passed
        The manholes on the way, without the exchange.
    length_m
        Sum of the legs, metres.
    """

    office: str
    exchange: str
    legs: tuple[Leg, ...]
    passed: tuple[str, ...]
    length_m: float


def trace(inventory: Inventory, office: str) -> Trace:
    """
    Find the way from an office to the nearest exchange, along cables, or along any routes where cables do not reach.

    Parameters
    ----------
    inventory
        The survey; exchanges are manholes of kind ``"exchange"``.
    office
        The office's id, its name in either language or a part of it, or its county; letters of either keyboard
        and spaces make no difference.

    Returns
    -------
    Trace
        The way.

    Raises
    ------
    ProjectError
        There is no such office, or several; it is on no route; the survey has no exchange, or none that can be reached.
    """
    row = _office(inventory, office)
    name = inventory.names("offices")[row]
    net = Network(inventory)
    start = np.flatnonzero((net.nodes.layers == 1) & (net.nodes.rows == row))
    exchange = service.exchanges(net)
    if not exchange.any():
        raise ProjectError(
            Text(
                "no manhole has kind exchange, so no way can end at one",
                "هیچ حوضچه‌ای از نوع مرکز مخابرات نیست تا مسیری به آن برسد",
            )
        )
    if not len(start) or not net.meetings.on()[start[0]]:
        raise ProjectError(
            Text("office {office} is on no route", "فرمانداری {office} روی هیچ مسیری نیست"), office=name
        )
    cable = inventory.routes["kind"].to_numpy(dtype=object)[net.lines.owners] == "cable"
    for allowed in (cable, np.ones(len(cable), dtype=bool)):
        way = _way(net, allowed, int(start[0]), np.flatnonzero(exchange))
        if way is not None:
            return _trace(inventory, net, name, *way)
    raise ProjectError(
        Text(
            "office {office} has no way to an exchange", "فرمانداری {office} راهی به هیچ مرکز مخابراتی ندارد"
        ),
        office=name,
    )


def _office(inventory: Inventory, wanted: str) -> int:
    folded = letters.fold(wanted)
    matching = np.zeros(len(inventory.offices), dtype=bool)
    for column in ("office_id", "name_fa", "name_en", "county"):
        matching = letters.fold(inventory.offices[column].to_numpy(dtype=object)) == folded
        if matching.any():
            break
    if folded and not matching.any():
        # «شهرضا» for «فرمانداری شهرضا»
        for column in ("name_fa", "name_en"):
            names = letters.fold(inventory.offices[column].to_numpy(dtype=object))
            matching |= np.array([isinstance(name, str) and folded in name for name in names], dtype=bool)
    rows = np.flatnonzero(matching)
    if len(rows) == 1:
        return int(rows[0])
    names = ", ".join(inventory.names("offices")[rows if len(rows) else slice(0, 10)])
    if len(rows):
        raise ProjectError(
            Text(
                "several offices are called {office}: {names}; give the id",
                "چند فرمانداری {office} نام دارند: {names}؛ شناسه را بدهید",
            ),
            office=wanted,
            names=names,
        )
    raise ProjectError(
        Text(
            "there is no office {office}; for example: {names}",
            "فرمانداری {office} وجود ندارد؛ برای نمونه: {names}",
        ),
        office=wanted,
        names=names or "—",
    )


@dataclass(frozen=True, slots=True)
class Stretches:
    """
    Stretches of parts between neighbouring stations.

    Attributes
    ----------
    start, stop
        (s,) graph vertices, as `Network.vertex_of_end` and `Network.vertex_of_node` number them.
    part
        (s,) the part that each is of.
    begin, end
        (s,) from where to where along it, in the plane.
    metres
        (s,) how long they are.
    """

    start: Rows
    stop: Rows
    part: Rows
    begin: Floats
    end: Floats
    metres: Floats


def stretches(net: Network, allowed: Flags) -> Stretches:
    """
    Cut parts of routes where ends and nodes are.

    Parameters
    ----------
    net
        The network.
    allowed
        (p,) the parts to be cut; the others are left out.

    Returns
    -------
    Stretches
        By part, in the order along it.
    """
    lines = net.lines
    whole = shapely.length(lines.parts)
    node, part = net.meetings.pairs()
    branch, stem = net.branches
    part = np.concatenate([part, stem])
    on_it = np.concatenate([net.nodes.xy[node], net.ends.xy[branch]])
    along = shapely.line_locate_point(lines.parts[part], shapely.points(on_it))
    parts = np.concatenate([net.ends.parts, part])
    vertices = np.concatenate([net.vertex_of_end, net.vertex_of_node[node], net.vertex_of_end[branch]])
    at = np.concatenate(
        [np.where(np.arange(len(net.ends.parts)) % 2 == 0, 0.0, whole[net.ends.parts]), along]
    )
    used = allowed[parts]
    parts, vertices, at = parts[used], vertices[used], at[used]
    order = np.lexsort((at, parts))
    parts, vertices, at = parts[order], vertices[order], at[order]
    same = parts[1:] == parts[:-1]
    begin, end, part = at[:-1][same], at[1:][same], parts[1:][same]
    metres = (end - begin) / mercator.scale(lines.lonlat[lines.offsets[part], 1])
    return Stretches(vertices[:-1][same], vertices[1:][same], part, begin, end, metres)


def _way(
    net: Network, allowed: Flags, start: int, exchanges: Rows
) -> tuple[list[int], Stretches, dict[tuple[int, int], int]] | None:
    """Give the graph vertices of the shortest way, and the stretch between each two; None where there is none."""
    found = stretches(net, allowed)
    one, other = net.end_links
    offset = len(net.lines.owners)
    links = np.column_stack([one, other]) + offset
    a = np.concatenate([found.start, links[:, 0]])
    b = np.concatenate([found.stop, links[:, 1]])
    metres = np.concatenate([np.maximum(found.metres, _NO_LENGTH_M), np.full(len(links), _NO_LENGTH_M)])
    number = np.concatenate([np.arange(len(found.start)), np.full(len(links), -1)])
    low, high = np.minimum(a, b), np.maximum(a, b)
    # Of parallel stretches the shortest.
    order = np.lexsort((metres, high, low))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    kept = order[first]
    total = offset + len(net.places[0]) + len(net.nodes.rows)
    graph = csr_array((metres[kept], (low[kept], high[kept])), shape=(total, total))
    source = int(net.vertex_of_node[start])
    away, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
    targets = net.vertex_of_node[exchanges]
    nearest = int(targets[away[targets].argmin()])
    if not np.isfinite(away[nearest]):
        return None
    way = [nearest]
    while way[-1] != source:
        way.append(int(before[way[-1]]))
    wanted = {(min(pair), max(pair)) for pair in pairwise(way)}
    by_pair = {
        (int(low[edge]), int(high[edge])): int(number[edge])
        for edge in kept[np.isin(low[kept], way) & np.isin(high[kept], way)]
        if (int(low[edge]), int(high[edge])) in wanted
    }
    return way[::-1], found, by_pair


def _trace(
    inventory: Inventory,
    net: Network,
    office: str,
    way: list[int],
    found: Stretches,
    by_pair: dict[tuple[int, int], int],
) -> Trace:
    """Put the stretches of one route together and name what is passed."""
    runs: list[tuple[int, float, float]] = []
    for one, other in pairwise(way):
        stretch = by_pair[min(one, other), max(one, other)]
        if stretch < 0:
            continue
        part, begin, end = int(found.part[stretch]), float(found.begin[stretch]), float(found.end[stretch])
        if one != found.start[stretch]:
            begin, end = end, begin
        if runs and runs[-1][0] == part and runs[-1][2] == begin:
            runs[-1] = (part, runs[-1][1], end)
        else:
            runs.append((part, begin, end))
    routes, kinds = inventory.names("routes"), inventory.routes["kind"].to_numpy(dtype=object)
    legs = []
    for part, begin, end in runs:
        if begin == end:
            continue
        line: shapely.LineString = shapely.transform(  # type: ignore[assignment]
            substring(net.lines.parts[part], begin, end), mercator.unproject
        )
        row = net.lines.owners[part]
        legs.append(
            Leg(
                str(routes[row]),
                str(kinds[row]),
                float(geodesic.line_lengths(np.array([line], dtype=object))[0]),
                line,
            )
        )
    exchange = int(np.flatnonzero(net.vertex_of_node == way[-1])[0])
    manholes = inventory.names(NODE_LAYERS[0])
    passed = [
        str(manholes[net.nodes.rows[node]])
        for node in dict.fromkeys(node for run in runs for node in _beside(net, *run))
        if node != exchange and net.nodes.layers[node] == 0
    ]
    return Trace(
        office,
        str(manholes[net.nodes.rows[exchange]]),
        tuple(legs),
        tuple(passed),
        float(sum(leg.length_m for leg in legs)),
    )


def _beside(net: Network, part: int, begin: float, end: float) -> list[int]:
    """Give the nodes on a stretch of a part, in the direction of the way."""
    nodes, parts = net.meetings.pairs()
    own = nodes[parts == part]
    along = shapely.line_locate_point(net.lines.parts[part], shapely.points(net.nodes.xy[own]))
    reach = net.nodes.tolerance[own] * mercator.scale(net.nodes.lonlat[own, 1])
    on = (along >= min(begin, end) - reach) & (along <= max(begin, end) + reach)
    order = np.argsort(along[on] if begin <= end else -along[on], kind="stable")
    return [int(node) for node in own[on][order]]
