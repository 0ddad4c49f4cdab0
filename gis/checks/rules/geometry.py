"""Checks of form: geometries that are missing, broken, or not what a survey would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.evidence import duplicates
from gis.checks.evidence.returns import REPEATED_M, unfolded
from gis.checks.registry import Found, check
from gis.coordinates import mercator
from gis.language import Text
from gis.network.lines import EPSILON_M, among, distances
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gis.checks.evidence.context import Context

_TYPES = {
    0: Text("point", "نقطه"),
    1: Text("line", "خط"),
    2: Text("ring", "حلقه"),
    3: Text("polygon", "چندضلعی"),
    4: Text("group of points", "مجموعهٔ نقاط"),
    5: Text("group of lines", "مجموعهٔ خطوط"),
    6: Text("group of polygons", "مجموعهٔ چندضلعی‌ها"),
    7: Text("mixed collection", "مجموعهٔ درهم"),
}
_NOT_FINITE = Text("a coordinate is not a finite number", "مختصاتی دارد که عدد معین نیست")
_OFF_EARTH = Text("a coordinate is no position on earth", "مختصاتی دارد که جایی روی زمین نیست")
_ONE_POINT = Text("fewer than two different vertices", "کمتر از دو رأس متفاوت دارد")


@check("G201")
def missing_geometry(context: Context) -> Iterator[Found]:
    """Find null and empty geometries."""
    for name in SCHEMAS:
        geometries = np.asarray(context.layer(name).geometry.array, dtype=object)
        rows = np.flatnonzero(shapely.is_missing(geometries) | shapely.is_empty(geometries))
        if len(rows):
            yield Found(name, rows)


@check("G202")
def wrong_geometry_type(context: Context) -> Iterator[Found]:
    """Find routes that are no lines, and nodes that are not single points."""
    for name, schema in SCHEMAS.items():
        geometries = np.asarray(context.layer(name).geometry.array, dtype=object)
        types = shapely.get_type_id(geometries)
        if name == "routes":
            right = np.isin(types, (1, 5))
        else:
            right = (types == 0) | ((types == 4) & (shapely.get_num_geometries(geometries) == 1))  # noqa: PLR2004 - multipoint
        rows = np.flatnonzero(~right & ~shapely.is_missing(geometries) & ~shapely.is_empty(geometries))
        if len(rows):
            wanted = _TYPES[1] if schema.geometry_type == "LineString" else _TYPES[0]
            yield Found(name, rows, fields={"found": [_TYPES[t] for t in types[rows]], "wanted": wanted})


@check("G203")
def invalid_geometry(context: Context) -> Iterator[Found]:
    """Find coordinates that are no positions, and routes of one point."""
    for name in SCHEMAS:
        geometries = np.asarray(context.layer(name).geometry.array, dtype=object)
        types = shapely.get_type_id(geometries)
        coordinates, owners = shapely.get_coordinates(geometries, return_index=True)
        finite = np.isfinite(coordinates).all(axis=1)
        on_earth = (np.abs(coordinates) <= (360.0, 89.9)).all(axis=1)
        reasons = np.full(len(geometries), None, dtype=object)
        if name == "routes":
            # The first vertex of each, and whether a sound one differs from it.
            sound = finite & on_earth
            first, at = np.unique(owners[sound], return_index=True)
            starts = np.full((len(geometries), 2), np.nan)
            starts[first] = coordinates[sound][at]
            differs = np.zeros(len(geometries), dtype=bool)
            differs[owners[sound][(coordinates[sound] != starts[owners[sound]]).any(axis=1)]] = True
            reasons[~differs & np.isin(types, (1, 5)) & ~shapely.is_empty(geometries)] = _ONE_POINT
        else:
            differs = np.zeros(len(geometries), dtype=bool)
        reasons[owners[finite & ~on_earth]] = _OFF_EARTH
        reasons[owners[~finite]] = _NOT_FINITE
        rows = np.flatnonzero(reasons != None)  # noqa: E711 - element by element
        if len(rows):
            places = np.full((len(geometries), 2), np.nan)
            # The last sound vertex before the broken one is where to look.
            first, at = np.unique(owners[finite], return_index=True)
            places[first] = coordinates[finite][at]
            yield Found(name, rows, places[rows], {"reason": list(reasons[rows])}, fixable=differs[rows])


@check("G204")
def short_route(context: Context) -> Iterator[Found]:
    """Find routes shorter than their tolerance."""
    length = context.measured["geodesic_m"].to_numpy(dtype=float)
    lines = context.network.lines
    whole = np.unique(lines.owners)
    limit = context.network.route_tolerance[whole]
    short = length[whole] < limit - EPSILON_M
    # A route of one point is invalid, not short.
    short &= length[whole] > 0
    # A lead-in joins two nodes, however near to each other they are.
    short &= ~among(whole, _joins_nodes(context))
    rows = whole[short]
    if len(rows):
        yield Found("routes", rows, fields={"length_m": length[rows], "tolerance_m": limit[short]})


@check("G205")
def repeated_vertex(context: Context) -> Iterator[Found]:
    """Find vertices that stand where the one before stands."""
    lines, shapes = context.network.lines, context.shapes
    segments = shapes.repeated
    heights = _heights(context)
    if heights is not None:
        # A riser goes straight up: two vertices at one place, not one twice.
        step = np.abs(heights[segments + 1] - heights[segments])
        segments = segments[~(step > REPEATED_M)]
    parts = shapes.segment_part[segments]
    long_enough = np.zeros(len(lines.owners), dtype=bool)
    long_enough[shapes.segment_part[shapes.segment_m > REPEATED_M]] = True
    segments = segments[long_enough[parts]]
    rows, first, counts = np.unique(
        lines.owners[shapes.segment_part[segments]], return_index=True, return_counts=True
    )
    if len(rows):
        yield Found("routes", rows, lines.lonlat[segments[first]], {"count": counts})


@check("G206")
def spike(context: Context) -> Iterator[Found]:
    """Find vertices far off, there and back, and ends far off that meet nothing."""
    lines = context.network.lines
    spikes, more = context.shapes.spikes
    first, last, further = context.shapes.outliers
    # A spike is told as such, a branch there and back is G208.
    told = np.concatenate([spikes, context.shapes.returns.tips])
    new = ~among(first, told) & ~among(last, told)
    far = context.far_ends
    at = context.shapes.end_segments[far] + far % 2
    vertices = np.concatenate([spikes, first[new], at])
    extra = np.concatenate([more, further[new], context.shapes.end_m[far]])
    sharp = np.arange(len(vertices)) < len(spikes)
    routes = lines.owners[lines.part_of_vertex[vertices]]
    seen = ~context.astray[routes]
    if seen.any():
        yield Found(
            "routes",
            routes[seen],
            lines.lonlat[vertices[seen]],
            {"extra_m": extra[seen]},
            fixable=sharp[seen],
        )


@check("G207")
def self_crossing(context: Context) -> Iterator[Found]:
    """Find routes that cross themselves away from manholes and offices."""
    lines, shapes, net = context.network.lines, context.shapes, context.network
    contacts = shapes.self_contacts
    covering = np.unique(
        np.concatenate([side[contacts.shared_m > 0] for side in (contacts.one, contacts.other)])
    )
    spikes, _ = shapes.spikes
    beside = [
        np.arange(*stretch) for stretch in zip(shapes.returns.firsts, shapes.returns.lasts, strict=True)
    ]
    excused = np.concatenate([covering, spikes, spikes - 1, *beside])
    single = np.flatnonzero(
        (contacts.shared_m == 0) & ~among(contacts.one, excused) & ~among(contacts.other, excused)
    )
    parts, xy = contacts.parts[single], contacts.xy[single]
    scale = mercator.scale(lines.lonlat[lines.offsets[parts], 1])
    # A ring closes at its ends, a loop may end on the way it came: that is a junction.
    for at in (lines.offsets[:-1], lines.offsets[1:] - 1):
        away = np.hypot(*(xy - lines.xy[at[parts]]).T) / scale > REPEATED_M
        parts, xy, scale = parts[away], xy[away], scale[away]
    lonlat = mercator.unproject(xy)
    node, _ = net.nearest_node(xy, lonlat, context.part_tolerance[parts], factor=1.0)
    rows, first, counts = np.unique(lines.owners[parts[node < 0]], return_index=True, return_counts=True)
    if len(rows):
        yield Found("routes", rows, lonlat[node < 0][first], {"count": counts})


@check("G208")
def doubling_back(context: Context) -> Iterator[Found]:
    """Find routes that run over themselves."""
    lines, shapes = context.network.lines, context.shapes
    contacts, returns = shapes.self_contacts, shapes.returns
    shared = np.flatnonzero(contacts.shared_m > 0)
    count = len(lines.owners)
    over = np.bincount(contacts.parts[shared], weights=contacts.shared_m[shared], minlength=count)
    beside = np.bincount(returns.parts, weights=returns.doubled_m, minlength=count)
    # What runs over itself to the centimetre runs beside itself, too.
    total = np.maximum(over, beside)
    parts = np.flatnonzero(total > context.part_tolerance + EPSILON_M)
    if len(parts):
        places = np.full((count, 2), np.nan)
        places[returns.parts[::-1]] = lines.lonlat[returns.tips[::-1]]
        places[contacts.parts[shared][::-1]] = mercator.unproject(contacts.xy[shared][::-1])
        folds = among(parts, lines.part_of_vertex[shapes.folds])
        owners = lines.owners[parts]
        for at in np.flatnonzero(folds).tolist():
            folds[at] = (
                unfolded(lines.lonlat[lines.offsets[parts[at]] : lines.offsets[parts[at] + 1]]) is not None
            )
        yield Found("routes", owners, places[parts], {"doubled_m": total[parts]}, fixable=folds)


@check("G209")
def long_segment(context: Context) -> Iterator[Found]:
    """Find vertices further apart than the survey allows."""
    lines, shapes = context.network.lines, context.shapes
    limit = context.settings.max_segment_m
    segments = np.flatnonzero(shapes.segment_m > limit + EPSILON_M)
    far = shapes.end_segments[context.far_ends]
    segments = segments[~among(segments, np.concatenate([shapes.detours, far]))]
    segments = segments[~context.astray[lines.owners[shapes.segment_part[segments]]]]
    # The longest of each route first.
    segments = segments[np.argsort(-shapes.segment_m[segments], kind="stable")]
    rows, first, counts = np.unique(
        lines.owners[shapes.segment_part[segments]], return_index=True, return_counts=True
    )
    if len(rows):
        worst = segments[first]
        middle = mercator.unproject((lines.xy[worst] + lines.xy[worst + 1]) / 2)
        stretch = shapely.linestrings(np.stack([lines.lonlat[worst], lines.lonlat[worst + 1]], axis=1))
        yield Found(
            "routes",
            rows,
            middle,
            {"length_m": shapes.segment_m[worst], "limit_m": limit, "count": counts},
            lines=np.asarray(stretch),
        )


@check("G210")
def multipart_route(context: Context) -> Iterator[Found]:
    """Find routes of several parts."""
    geometries = context.usable("routes")
    rows = np.flatnonzero(shapely.get_num_geometries(geometries) > 1)
    if len(rows):
        merged = shapely.line_merge(geometries[rows])
        ends = _second_parts(geometries[rows])
        yield Found(
            "routes",
            rows,
            ends,
            {"parts": shapely.get_num_geometries(geometries[rows])},
            fixable=shapely.get_type_id(merged) == 1,
        )


@check("G211")
def implausible_height(context: Context) -> Iterator[Found]:
    """Find heights that are nowhere on earth, and steps that no ground has."""
    for name in SCHEMAS:
        geometries = context.usable(name)
        if not shapely.has_z(geometries).any():
            continue
        coordinates, owners = shapely.get_coordinates(geometries, include_z=True, return_index=True)
        height = coordinates[:, 2]
        odd = (height < _LOWEST_M) | (height > _HIGHEST_M)
        if name == "routes":
            step = np.abs(np.diff(height))
            way = distances(coordinates[:-1, :2], coordinates[1:, :2])
            steep = (owners[:-1] == owners[1:]) & (step > _STEP_M) & (step > way)
            odd[1:] |= steep & ~odd[:-1]
        at = np.flatnonzero(odd)
        rows, first = np.unique(owners[at], return_index=True)
        if len(rows):
            yield Found(name, rows, coordinates[at[first], :2], {"height_m": height[at[first]]})


@check("G212")
def duplicate_feature(context: Context) -> Iterator[Found]:
    """Find features with the geometry of an earlier one of their kind."""
    for name in SCHEMAS:
        duplicates = context.duplicates[name]
        if len(duplicates.rows):
            shown = context.names(name)[duplicates.originals]
            yield Found(name, duplicates.rows, fields={"original": shown}, fixable=duplicates.identical)


@check("G213")
def overlapping_routes(context: Context) -> Iterator[Found]:
    """Find stretches that two routes of one kind share."""
    found, lines = context.crossings, context.network.lines
    one, other = lines.owners[found.overlap_one], lines.owners[found.overlap_other]
    ducted = context.ducted
    strange = ~(ducted[one] & ducted[other] & duplicates.told_apart(context.layer("routes"), one, other))
    # What runs over another route from one end to the other is that route again.
    twins, count = context.twins["routes"], np.intp(len(ducted) + 1)
    again = np.minimum(twins.rows, twins.originals) * count + np.maximum(twins.rows, twins.originals)
    strange &= ~among(np.minimum(one, other) * count + np.maximum(one, other), again)
    if strange.any():
        shared = found.overlap_lines[strange]
        yield Found(
            "routes",
            one[strange],
            shapely.get_coordinates(shapely.line_interpolate_point(shared, 0.5, normalized=True)),
            {"other": context.names("routes")[other[strange]], "shared_m": found.overlap_m[strange]},
            lines=shared,
        )


@check("G214")
def surveyed_twice(context: Context) -> Iterator[Found]:
    """Find routes and manholes that stand beside an earlier one like them."""
    for name, twins in context.twins.items():
        if len(twins.rows):
            shown = context.names(name)[twins.originals]
            yield Found(name, twins.rows, fields={"original": shown, "apart_m": twins.apart_m})


def _joins_nodes(context: Context) -> NDArray[np.intp]:
    """Give the routes whose two ends are at different nodes, each nearer to its own."""
    net, lines = context.network, context.network.lines
    first = np.flatnonzero(np.r_[True, np.diff(lines.owners) != 0]) if len(lines.owners) else lines.owners
    last = np.r_[first[1:], len(lines.owners)] - 1 if len(first) else first
    node, _ = net.node_at_end
    start, stop = 2 * first, 2 * last + 1
    apart = (node[start] >= 0) & (node[stop] >= 0) & (node[start] != node[stop])
    return np.asarray(lines.owners[first[apart]], dtype=np.intp)


# The Dead Sea's shore, with room for the geoid below the ellipsoid; higher than any road.
_LOWEST_M, _HIGHEST_M = -550.0, 6000.0
# A step in height counts from this on, where it is steeper than 45°.
_STEP_M = 20.0


def _heights(context: Context) -> NDArray[np.float64] | None:
    """Give the heights of the network's vertices; None where no route has any."""
    geometries = context.usable("routes")[np.unique(context.network.lines.owners)]
    if not shapely.has_z(geometries).any():
        return None
    parts = shapely.get_parts(geometries)
    return np.asarray(
        shapely.get_coordinates(parts[shapely.get_num_coordinates(parts) > 1], include_z=True)[:, 2]
    )


def _second_parts(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    """Give where the second part of each geometry starts."""
    return shapely.get_coordinates(shapely.get_point(shapely.get_geometry(geometries, 1), 0))
