"""Checks of the network: what should meet and does not, what hangs in the air, what is named and is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.evidence import feeds, fittings, references
from gis.checks.evidence.returns import REPEATED_M
from gis.checks.registry import Found, check
from gis.coordinates import mercator
from gis.language import Text
from gis.network import graph, service
from gis.network.lines import EPSILON_M, Pieces, among
from gis.schema import CONNECTED, FITTINGS, OFFICES, ROUTES, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gis.checks.evidence.context import Context
    from gis.network.lines import Flags, Floats, Rows
    from gis.schema import LayerName

_WHICH_END = (Text("its start", "سر آغاز آن"), Text("its end", "سر پایان آن"))
_LAID = "new"
_PLANNED = "planned"
_OTHER_PHASES = ("existing", _PLANNED)
_DOES = (Text("starts", "آغاز"), Text("ends", "تمام"))
_NO_ROUTE = Text("no route reaches it", "هیچ مسیری به آن نمی‌رسد")
_NO_CABLE = Text(
    "no cable that is built leads from it to an exchange: what reaches it is a duct or a plan",
    "هیچ کابل اجراشده‌ای از آن به مرکز مخابرات نمی‌رسد: آنچه به آن می‌رسد داکت یا طرح است",
)
# How far apart a cable is looked at for its duct, in tolerances; as much of it may lie outside, into a building.
_DUCT_TOLERANCES = 5.0
# So near to an office a cable needs no duct: the way into the building.
_LEAD_IN_M = 30.0
# Turns are inclusive, to what degrees of a position can carry.
_EPSILON_DEG = 1e-6
# So many cables are named that lead to one.
_NAMED = 3


@check("N301")
def loose_end(context: Context) -> Iterator[Found]:
    """Find ends of routes that meet nothing, and nothing near."""
    ends, loose = context.network.ends, context.free_ends.loose
    # An end that names a node elsewhere is N310, one far off by its route's own spacing G206.
    told = np.concatenate([context.far_ends, *(far.ends for far in context.distant)])
    loose = loose[~among(loose, told)]
    # What this survey did not lay is drawn as far as it matters here.
    status = context.layer("routes")["status"].to_numpy(dtype=object)
    if (status == _LAID).any():
        loose = loose[~np.isin(status[ends.routes[loose]].astype(str), _OTHER_PHASES)]
    if len(loose):
        yield Found("routes", ends.routes[loose], ends.lonlat[loose], {"which": _of_ends(_WHICH_END, loose)})


@check("N302")
def near_miss(context: Context) -> Iterator[Found]:
    """Find ends just outside the tolerance of a node or of another end."""
    ends, near = context.network.ends, context.free_ends.near
    if len(near.ends):
        target = np.empty(len(near.ends), dtype=object)
        to_node = near.nodes >= 0
        target[to_node] = context.node_names[near.nodes[to_node]]
        target[~to_node] = context.names("routes")[ends.routes[near.other_ends[~to_node]]]
        yield Found(
            "routes",
            ends.routes[near.ends],
            ends.lonlat[near.ends],
            {
                "which": _of_ends(_WHICH_END, near.ends),
                "target": target,
                "away_m": near.away_m,
                "tolerance_m": ends.tolerance[near.ends],
            },
        )


@check("N303")
def overshoot(context: Context) -> Iterator[Found]:
    """Find ends just past a node or a crossing."""
    net, over = context.network, context.free_ends.over
    ends, found = net.ends, context.crossings
    if len(over.ends):
        past = np.empty(len(over.ends), dtype=object)
        node = over.nodes >= 0
        past[node] = context.node_names[over.nodes[node]]
        at = over.crossings[~node]
        own = ends.parts[over.ends[~node]]
        crossed = np.where(found.one[at] == own, found.other[at], found.one[at])
        past[~node] = context.names("routes")[net.lines.owners[crossed]]
        yield Found(
            "routes",
            ends.routes[over.ends],
            ends.lonlat[over.ends],
            {"which": _of_ends(_WHICH_END, over.ends), "past": past, "stub_m": over.stub_m},
            # A cut at a crossing would leave an end with no node.
            fixable=node,
        )


@check("N304")
def stray_manhole(context: Context) -> Iterator[Found]:
    """Find manholes on no route."""
    nodes = context.network.nodes
    unreached = _unreached(context)
    # One that a route names from elsewhere is N310.
    for far in context.distant:
        unreached[far.nodes] = False
    rows = nodes.rows[(nodes.layers == 0) & unreached]
    if len(rows):
        yield Found("manholes", rows)


@check("N305")
def unserved_office(context: Context) -> Iterator[Found]:
    """Find offices that are recorded as connected and that no built cable leads from to an exchange."""
    net, connection = context.network, context.layer("offices")["connection"].to_numpy(dtype=object)
    recorded = np.isin(connection.astype(str), CONNECTED)
    unserved = recorded & ~service.connected(net, _excused(context))
    offices = net.nodes.layers == 1
    unreached = np.zeros(len(connection), dtype=bool)
    unreached[net.nodes.rows[offices & _unreached(context)]] = True
    # A cable that leads nowhere is N306, and what lies astray is judged where it belongs.
    told = context.astray_nodes("offices").copy()
    on_cable = offices & net.meetings.on(service.built_cables(net))
    told[net.nodes.rows[on_cable]] = True
    placed = np.isin(np.arange(len(connection)), net.nodes.rows[offices])
    rows = np.flatnonzero(unserved & placed & ~told)
    if len(rows):
        codes = OFFICES["connection"].codes
        fields = {
            "connection": [codes[connection[row]] for row in rows],
            "why": [_NO_ROUTE if unreached[row] else _NO_CABLE for row in rows],
        }
        yield Found("offices", rows, fields=fields)


@check("N306")
def island(context: Context) -> Iterator[Found]:
    """Find parts of the network with no way to an exchange, or to the largest part where there is no exchange."""
    net, free = context.network, context.free_ends
    lines = net.lines
    if not len(lines.owners):
        return
    parts, nodes = net.joined_by(_excused(context))
    length = np.bincount(
        parts, weights=shapely.length(lines.parts) / mercator.scale(lines.lonlat[lines.offsets[:-1], 1])
    )
    main = np.zeros(max(int(parts.max()), int(nodes.max(initial=0))) + 1, dtype=bool)
    exchanges = nodes[service.exchanges(net)]
    main[exchanges if len(exchanges) else [int(length.argmax())]] = True
    # A route whose ends both hang loose has been named twice.
    loose = np.bincount(net.ends.parts[free.loose], minlength=len(lines.owners))
    alone = np.bincount(parts, minlength=len(main))[parts] == 1
    cut_off = ~main[parts] & ~(alone & (loose == 2)) & ~context.astray[lines.owners]  # noqa: PLR2004 - both ends
    islands, first, counts = np.unique(parts[cut_off], return_index=True, return_counts=True)
    if len(islands):
        firsts = np.flatnonzero(cut_off)[first]
        yield Found(
            "routes",
            lines.owners[firsts],
            lines.lonlat[lines.offsets[firsts]],
            {"routes": counts, "length_m": length[islands]},
        )


@check("N307")
def unmarked_crossing(context: Context) -> Iterator[Found]:
    """Find crossings of two routes of one kind with no node."""
    net, found = context.network, context.crossings
    lines = net.lines
    unmarked = np.ones(len(found.one), dtype=bool)
    unmarked[context.free_ends.over.crossings[context.free_ends.over.crossings >= 0]] = False
    lonlat = mercator.unproject(found.xy)
    tolerance = np.maximum(context.part_tolerance[found.one], context.part_tolerance[found.other])
    node, _ = net.nearest_node(found.xy, lonlat, tolerance, factor=1.0)
    one, other = lines.owners[found.one], lines.owners[found.other]
    # What crosses where it should not be at all is misplaced, and a spike is a spike.
    unmarked &= (node < 0) & ~context.astray[one] & ~context.astray[other]
    unmarked &= ~_on_detour(context, found.one, found.xy) & ~_on_detour(context, found.other, found.xy)
    if unmarked.any():
        yield Found(
            "routes", one[unmarked], lonlat[unmarked], {"other": context.names("routes")[other[unmarked]]}
        )


@check("N308")
def pseudo_node(context: Context) -> Iterator[Found]:
    """Find two like routes that meet end to end with nothing there."""
    ends, joints = context.network.ends, context.joints
    rows = ends.routes[joints.one]
    if len(rows):
        other = context.names("routes")[ends.routes[joints.other]]
        yield Found("routes", rows, ends.lonlat[joints.one], {"other": other}, fixable=joints.lossless)


@check("N309")
def unknown_reference(context: Context) -> Iterator[Found]:
    """Find names of nodes and offices that do not exist."""
    for column, rows, values in references.unknown(context):
        meant = references.meant(context, column, rows)
        yield Found("routes", rows, fields={"column": ROUTES[column].label, "value": values, "meant": meant})
    for column, rows, values in fittings.unknown(context):
        meant = references.meant_by_fittings(context, column, rows, references.NAMED["fittings"][column])
        yield Found(
            "fittings", rows, fields={"column": FITTINGS[column].label, "value": values, "meant": meant}
        )


@check("N310")
def distant_reference(context: Context) -> Iterator[Found]:
    """Find ends that are not where the node they name is."""
    for far in context.distant:
        if len(far.rows):
            named = context.layer("routes")[far.column].to_numpy(dtype=object)[far.rows]
            places = context.network.ends.lonlat[far.ends]
            net = context.network
            tolerance = np.maximum(net.route_tolerance[far.rows], net.nodes.tolerance[far.nodes])
            fields = {
                "column": ROUTES[far.column].label,
                "value": named,
                "away_m": far.away_m,
                "tolerance_m": tolerance,
            }
            yield Found("routes", far.rows, places, fields)


@check("N311")
def cable_outside_duct(context: Context) -> Iterator[Found]:
    """Find cables installed in duct with no duct along them."""
    lines, routes = context.network.lines, context.layer("routes")
    kind = routes["kind"].to_numpy(dtype=object)[lines.owners]
    installation = routes["installation"].to_numpy(dtype=object)[lines.owners]
    cables = np.flatnonzero((kind == "cable") & (installation == "duct"))
    ducts = np.flatnonzero(kind == "duct")
    if not len(cables):
        return
    xy, owner, weight = _sampled(context, cables)
    inside = _leads_in(context, owner, weight)
    inside |= _beside(context, xy, owner, ducts)
    outside_m = np.bincount(owner[~inside], weights=weight[~inside], minlength=len(lines.owners))
    parts = cables[outside_m[cables] > _DUCT_TOLERANCES * context.part_tolerance[cables] + EPSILON_M]
    if len(parts):
        first = np.full(len(lines.owners), len(xy))
        np.minimum.at(first, owner[~inside], np.flatnonzero(~inside))
        yield Found(
            "routes",
            lines.owners[parts],
            mercator.unproject(xy[first[parts]]),
            {"outside_m": outside_m[parts]},
        )


@check("N312")
def unused_node(context: Context) -> Iterator[Found]:
    """Find nodes at the end of a route that no route names, in a survey whose routes name their ends."""
    for layer, rows in references.unused(context):
        yield Found(layer, rows)


@check("N313")
def fitting_off_cable(context: Context) -> Iterator[Found]:
    """Find slack, closures and breaks that lie off the cable they name, or off every cable."""
    off = fittings.off_cable(context)
    if len(off.rows):
        cables = context.names("routes")[off.routes]
        yield Found("fittings", off.rows, fields={"cable": cables, "away_m": off.away_m})


@check("N314")
def reference_to_no_cable(context: Context) -> Iterator[Found]:
    """Find slack, closures and breaks that name something else than a cable."""
    for layer, rows, named in fittings.no_cable(context):
        said = context.layer("fittings")["route_id"].to_numpy(dtype=object)[rows]
        yield Found("fittings", rows, fields={"value": said, "what": _called(context, layer, named)})


def _called(context: Context, layer: LayerName, rows: Rows) -> list[Text]:
    """Say what features are: by their kind, or else by their layer."""
    schema = SCHEMAS[layer]
    kinds = context.layer(layer)["kind"].to_numpy(dtype=object)[rows] if "kind" in schema.names else rows
    codes = schema["kind"].codes if "kind" in schema.names else {}
    return [codes.get(kind, schema.label) for kind in kinds]


@check("N315")
def branch_without_closure(context: Context) -> Iterator[Found]:
    """Find routes that start or end on the middle of another of their kind with nothing there."""
    net = context.network
    ends, stems = net.branches
    kept = ~context.astray[net.ends.routes[ends]]
    kept &= ~among(ends, np.concatenate([far.ends for far in context.distant]))
    ends, stems = ends[kept], stems[kept]
    if len(ends):
        yield Found(
            "routes",
            net.ends.routes[ends],
            net.ends.lonlat[ends],
            {"does": _of_ends(_DOES, ends), "other": context.names("routes")[net.lines.owners[stems]]},
        )


@check("N316")
def reference_in_another_spelling(context: Context) -> Iterator[Found]:
    """Find references to what exists and is written in another way."""
    for of in references.NAMED:
        for column in references.answerable(context.inventory, of):
            rows, values, ids = references.otherwise(context, of, column)
            if len(rows):
                yield Found(
                    of, rows, fields={"column": SCHEMAS[of][column].label, "value": values, "id": ids}
                )


@check("N317")
def long_pull(context: Context) -> Iterator[Found]:
    """Find pulls of duct between two manholes that are longer than the project allows."""
    limit, found = context.settings.max_pull_m, context.pulls
    long = np.flatnonzero(found.metres > (np.inf if limit is None else limit) + EPSILON_M)
    if len(long):
        fields = {"length_m": found.metres[long], "limit_m": limit}
        yield Found("routes", found.rows[long], found.places[long], fields, lines=found.lines[long])


@check("N318")
def bent_pull(context: Context) -> Iterator[Found]:
    """Find pulls of duct between two manholes that turn by more than the project allows."""
    limit, found = context.settings.max_bends_deg, context.pulls
    bent = np.flatnonzero(found.bends_deg > (np.inf if limit is None else limit) + _EPSILON_DEG)
    if len(bent):
        fields = {"bends_deg": found.bends_deg[bent], "limit_deg": limit, "length_m": found.metres[bent]}
        yield Found("routes", found.rows[bent], found.places[bent], fields, lines=found.lines[bent])


@check("N319")
def cable_in_planned_duct(context: Context) -> Iterator[Found]:
    """Find new cables that are installed in duct where all the duct there is was never built."""
    lines, routes = context.network.lines, context.layer("routes")
    kind, status, installation = (
        routes[name].to_numpy(dtype=object)[lines.owners] for name in ("kind", "status", "installation")
    )
    cables = np.flatnonzero((kind == "cable") & (status == _LAID) & (installation == "duct"))
    planned = (kind == "duct") & (status == _PLANNED)
    # What was drawn again as built is built.
    twice = context.duplicates["routes"]
    again = routes["status"].to_numpy(dtype=object)[twice.rows] != _PLANNED
    planned &= ~among(lines.owners, twice.originals[again])
    if not len(cables) or not planned.any():
        return
    xy, owner, weight = _sampled(context, cables)
    inside = _beside(context, xy, owner, np.flatnonzero(planned))
    inside &= ~_beside(context, xy, owner, np.flatnonzero((kind == "duct") & ~planned))
    inside_m = np.bincount(owner[inside], weights=weight[inside], minlength=len(lines.owners))
    parts = cables[inside_m[cables] > _DUCT_TOLERANCES * context.part_tolerance[cables] + EPSILON_M]
    if len(parts):
        first = np.full(len(lines.owners), len(xy))
        np.minimum.at(first, owner[inside], np.flatnonzero(inside))
        places = mercator.unproject(xy[first[parts]])
        yield Found("routes", lines.owners[parts], places, {"inside_m": inside_m[parts]})


@check("N320")
def rising_fibres(context: Context) -> Iterator[Found]:
    """Find cables with more fibres than lead to them from the exchange."""
    found = feeds.rising(context)
    if len(found.rows):
        feeding = np.empty(len(found.rows), dtype=object)
        names = context.names("routes")
        for at, cables in enumerate(found.feeds):
            told = [str(name) for name in names[cables[:_NAMED]]]
            more = "…" if len(cables) > _NAMED else ""
            feeding[at] = Text.literal(", ".join(told) + more, "، ".join(told) + more)
        fields = {"fibres": found.fibres, "fed": found.fed, "feeds": feeding}
        yield Found("routes", found.rows, found.places, fields)


def _of_ends(words: tuple[Text, Text], ends: Rows) -> list[Text]:
    """Give each end the word for a start or a stop."""
    return [words[end % 2] for end in ends.tolist()]


def _pairs(one: Rows, other: Rows) -> NDArray[np.intp]:
    return np.column_stack([one, other]).astype(np.intp)


def _missed(context: Context) -> Rows:
    """Give the graph vertex of what each near miss should have met."""
    net, near = context.network, context.free_ends.near
    vertices = np.empty(len(near.ends), dtype=np.intp)
    to_node = near.nodes >= 0
    vertices[to_node] = net.vertex_of_node[near.nodes[to_node]]
    vertices[~to_node] = net.vertex_of_end[near.other_ends[~to_node]]
    return vertices


def _unreached(context: Context) -> Flags:
    """(k,) nodes on no route, that none just misses and that are where they should be."""
    net = context.network
    unreached = ~net.meetings.on()
    near = context.free_ends.near.nodes
    unreached[near[near >= 0]] = False
    for at, name in enumerate(graph.NODE_LAYERS):
        of_layer = net.nodes.layers == at
        unreached[of_layer] &= ~context.astray_nodes(name)[net.nodes.rows[of_layer]]
    return unreached


def _excused(context: Context) -> Rows:
    """(f, 2) joints to what ends just miss, overshoot or name from afar, which is reported there already."""
    net, free = context.network, context.free_ends
    over = free.over
    by_node, by_crossing = over.nodes >= 0, over.crossings >= 0
    at = over.crossings[by_crossing]
    return np.concatenate(
        [
            _pairs(net.vertex_of_end[free.near.ends], _missed(context)),
            _pairs(net.ends.parts[over.ends[by_node]], net.vertex_of_node[over.nodes[by_node]]),
            *(_pairs(net.vertex_of_end[far.ends], net.vertex_of_node[far.nodes]) for far in context.distant),
            _pairs(context.crossings.one[at], context.crossings.other[at]),
        ]
    )


def _beside(context: Context, xy: Floats, owner: Rows, ducts: Rows) -> Flags:
    """Tell which samples of `_sampled` lie within the tolerance of one of some parts."""
    lines = context.network.lines
    beside = np.zeros(len(xy), dtype=bool)
    if not len(ducts):
        return beside
    chosen = np.zeros(len(lines.owners), dtype=bool)
    chosen[ducts] = True
    vertices = np.flatnonzero(chosen[lines.part_of_vertex])
    offsets = np.concatenate([[0], np.cumsum(np.diff(lines.offsets)[ducts])]).astype(np.intp)
    pieces = Pieces.of(lines.parts[ducts], lines.xy[vertices], offsets)
    widest = np.maximum(context.part_tolerance[owner], context.part_tolerance[ducts].max())
    scale = mercator.scale(mercator.unproject(xy)[:, 1])
    point, piece = pieces.tree.query(
        shapely.points(xy), predicate="dwithin", distance=(widest + EPSILON_M) * scale
    )
    limit = np.maximum(
        context.part_tolerance[owner[point]], context.part_tolerance[ducts[pieces.parts[piece]]]
    )
    if float(context.part_tolerance.min()) < float(context.part_tolerance.max()):
        metres = shapely.distance(shapely.points(xy[point]), pieces.lines[piece]) / scale[point]
        point = point[metres <= limit + EPSILON_M]
    beside[point] = True
    return beside


def _on_detour(context: Context, parts: Rows, xy: Floats) -> Flags:
    """Tell which crossings lie on the way to a spike or an outlier of the part."""
    lines, shapes = context.network.lines, context.shapes
    segments = shapes.detours
    owner = lines.part_of_vertex[segments]
    on = np.zeros(len(parts), dtype=bool)
    hit = np.flatnonzero(among(parts, owner))
    if len(hit):
        legs = np.asarray(shapely.linestrings(np.stack([lines.xy[segments], lines.xy[segments + 1]], axis=1)))
        detoured, group = np.unique(owner, return_inverse=True)
        ways = np.asarray(shapely.multilinestrings(legs, indices=group))
        way = ways[np.searchsorted(detoured, parts[hit])]
        on[hit] = shapely.distance(way, shapely.points(xy[hit])) <= REPEATED_M
    return on


def _leads_in(context: Context, owner: Rows, weight: Floats) -> Flags:
    """Tell which samples of `_sampled` lie on the last metres to an office."""
    net = context.network
    node, _ = net.node_at_end
    at_office = node >= 0
    at_office[at_office] = net.nodes.layers[node[at_office]] == 1
    begins = np.searchsorted(owner, owner, side="left")
    whole = np.cumsum(weight)
    along = whole - weight / 2 - (whole[begins] - weight[begins])
    rest = np.bincount(owner, weights=weight, minlength=len(net.lines.owners))[owner] - along
    return np.asarray(
        (at_office[2 * owner] & (along <= _LEAD_IN_M)) | (at_office[2 * owner + 1] & (rest <= _LEAD_IN_M))
    )


def _sampled(context: Context, parts: Rows) -> tuple[Floats, Rows, Floats]:
    """Sample parts: the middle of steps of at most so many tolerances, with part and length of each, metres."""
    lines, shapes = context.network.lines, context.shapes
    chosen = np.zeros(len(lines.owners), dtype=bool)
    chosen[parts] = True
    segments = np.flatnonzero((shapes.segment_part >= 0) & chosen[shapes.segment_part])
    owner = shapes.segment_part[segments]
    steps = np.ceil(shapes.segment_m[segments] / (_DUCT_TOLERANCES * context.part_tolerance[owner]))
    steps = np.clip(steps, 1, None).astype(np.intp)
    which = np.repeat(np.arange(len(segments)), steps)
    at = (np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps) + 0.5) / steps[which]
    start, stop = lines.xy[segments[which]], lines.xy[segments[which] + 1]
    return (
        start + at[:, None] * (stop - start),
        owner[which],
        shapes.segment_m[segments[which]] / steps[which],
    )
