"""How each fault that can be put right is put right: features in, changed features out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from gis.checks.evidence.joints import joined
from gis.checks.evidence.returns import REPEATED_M, unfolded
from gis.checks.fixes.change import Change
from gis.checks.fixes.rereading import reread
from gis.checks.rules import attributes
from gis.coordinates import mercator
from gis.language import Text
from gis.schema import CRS, SCHEMAS
from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from gis.checks.evidence.context import Context
    from gis.network.lines import Flags, Floats


_DROPPED = Text("{count} {count:vertex|vertices} removed", "{count} رأس حذف شد")
_DELETED = Text("deleted: the same as an earlier one", "حذف شد: همان عارضهٔ پیشین است")
_MERGED = Text("made one line of its parts", "بخش‌هایش یک خط شد")
_JOINED = Text("joined with {other}", "با {other} یکی شد")
_SNAPPED = Text("{which} moved onto {target}", "{which} روی {target} برده شد")
_CUT = Text("{which} cut off at {target}", "{which} در {target} بریده شد")
_ENDS = (Text("start", "سر آغاز"), Text("end", "سر پایان"))


def _decoded(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    # What CP1256 said has ي and ك: right letters would be the next fault.
    return _rewritten(context, wanted, attributes.decoded, letters.normalise)


def _normalised(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    return _rewritten(context, wanted, attributes.normalised)


def _rewritten(
    context: Context,
    wanted: AbstractSet[tuple[str, int]],
    repair: Callable[[str], str | None],
    then: Callable[[str], str] | None = None,
) -> Iterator[Change]:
    for name, column, rows, repaired in attributes.repairs(context, repair):
        if then is not None:
            repaired = letters.each(repaired, then)  # noqa: PLW2901
        for row, after in zip(rows.tolist(), repaired, strict=True):
            if (name, row) in wanted:
                yield Change(name, row, None, sets={column: after})


def _without_repeated(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    for row in _rows(wanted):
        geometry = context.usable("routes")[row]
        parts = []
        dropped = 0
        for coordinates in _parts(geometry):
            keep = np.ones(len(coordinates), dtype=bool)
            last = 0
            for at in range(1, len(coordinates)):
                if _same_place(coordinates[at], coordinates[last]):
                    # The last vertex stays, as the first does.
                    gone = last if at == len(coordinates) - 1 and last > 0 else at
                    keep[gone] = False
                    last = at if gone == last else last
                else:
                    last = at
            parts.append(coordinates[keep] if keep.sum() > 1 else coordinates)
            dropped += len(coordinates) - len(parts[-1])
        if dropped:
            yield Change("routes", row, _DROPPED.filled(count=dropped), _line(parts))


def _without_broken(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    for row in _rows(wanted):
        parts, dropped = [], 0
        for coordinates in _parts(context.layer("routes").geometry.iloc[row]):
            sound = np.isfinite(coordinates[:, :2]).all(axis=1) & (
                np.abs(coordinates[:, :2]) <= (360.0, 89.9)
            ).all(axis=1)
            dropped += int((~sound).sum())
            if len(np.unique(coordinates[sound, :2], axis=0)) > 1:
                parts.append(coordinates[sound])
        if dropped and parts:
            yield Change("routes", row, _DROPPED.filled(count=dropped), _line(parts))


def _without_spikes(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    lines = context.network.lines
    spikes, _ = context.shapes.spikes
    parts = lines.part_of_vertex[spikes]
    for row in _rows(wanted):
        own = np.flatnonzero(lines.owners == row)
        gone = {int(part): spikes[parts == part] - lines.offsets[part] for part in own}
        kept = [
            np.delete(coordinates, gone[int(part)], axis=0)
            for part, coordinates in zip(own, _parts(context.usable("routes")[row]), strict=True)
        ]
        count = sum(map(len, gone.values()))
        if count:
            yield Change("routes", row, _DROPPED.filled(count=count), _line(kept))


def _without_doubling(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    for row in _rows(wanted):
        before = _parts(context.usable("routes")[row])
        after = [one if (kept := unfolded(one)) is None else kept for one in before]
        count = sum(map(len, before)) - sum(map(len, after))
        if count:
            yield Change("routes", row, _DROPPED.filled(count=count), _line(after))


def _one_line(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    for row in _rows(wanted):
        geometry = context.usable("routes")[row]
        merged = shapely.line_merge(geometry)
        if geometry.geom_type == "MultiLineString" and merged.geom_type == "LineString":
            first, start, stop = geometry.geoms[0].coords[0], merged.coords[0], merged.coords[-1]
            # It goes on as its first part does.
            backwards = first == stop and first != start
            yield Change("routes", row, _MERGED, shapely.reverse(merged) if backwards else merged)


def _single(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    for name in SCHEMAS:
        found = context.duplicates[name]
        for row in found.rows[found.identical].tolist():
            if (name, row) in wanted:
                yield Change(name, row, _DELETED, absorbed=row)


def _joined(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    ends, joints, routes = context.network.ends, context.joints, context.layer("routes")
    lines = context.usable("routes")
    busy: set[int] = set()
    for at in np.flatnonzero(joints.lossless).tolist():
        meeting = int(joints.one[at]), int(joints.other[at])
        row, absorbed = (int(ends.routes[end]) for end in meeting)
        # A route that has just been joined waits for the next round.
        if ("routes", row) not in wanted or busy & {row, absorbed}:
            continue
        busy |= {row, absorbed}
        line, values = joined(routes, (lines[row], lines[absorbed]), (row, absorbed), meeting)
        what = _JOINED.filled(other=context.names("routes")[absorbed])
        yield Change("routes", row, what, line, values, absorbed)


def _snapped(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    net, near = context.network, context.free_ends.near
    places = np.where(
        (near.nodes >= 0)[:, None], net.ends.lonlat[near.other_ends], net.ends.lonlat[near.ends]
    )
    to_node = near.nodes >= 0
    places[to_node] = net.nodes.lonlat[near.nodes[to_node]]
    places[~to_node] = net.ends.lonlat[near.other_ends[~to_node]]
    names = context.names("routes")
    taken: set[int] = set()
    for at, end in enumerate(near.ends.tolist()):
        row = int(net.ends.routes[end])
        # One end a round; what it moves to must not move itself.
        partner = int(net.ends.routes[near.other_ends[at]]) if near.other_ends[at] >= 0 else -1
        if ("routes", row) not in wanted or row in taken or partner in taken:
            continue
        taken |= {row, partner} - {-1}
        parts = _parts(context.usable("routes")[row])
        moved = parts[0 if end % 2 == 0 else -1]
        moved[0 if end % 2 == 0 else -1, :2] = places[at]
        target = context.node_names[near.nodes[at]] if near.nodes[at] >= 0 else names[partner]
        yield Change("routes", row, _SNAPPED.filled(which=_ENDS[end % 2], target=target), _line(parts))


def _cut(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    net, over = context.network, context.free_ends.over
    taken: set[int] = set()
    for at, end in enumerate(over.ends.tolist()):
        row = int(net.ends.routes[end])
        if ("routes", row) not in wanted or row in taken or over.nodes[at] < 0:
            continue
        taken.add(row)
        part = int(net.ends.parts[end])
        line = net.lines.parts[part]
        stop = float(shapely.line_locate_point(line, shapely.Point(over.xy[at])))
        parts = _parts(context.usable("routes")[row])
        own = parts[0 if end % 2 == 0 else -1]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(mercator.project(own[:, :2]), axis=0).T))])
        kept = along < stop - 1e-6 if end % 2 else along > stop + 1e-6
        # The junction itself takes the place of what is cut off, at a height between its neighbours.
        junction = np.array([np.interp(stop, along, values) for values in own.T])
        junction[:2] = mercator.unproject(over.xy[at : at + 1])[0]
        way = [own[kept], junction[None]] if end % 2 else [junction[None], own[kept]]
        parts[-1 if end % 2 else 0] = np.concatenate(way)
        what = _CUT.filled(which=_ENDS[end % 2], target=context.node_names[over.nodes[at]])
        yield Change("routes", row, what, _line(parts))


# What comes first must not undo what comes after: positions, form, copies, text, joints.
REPAIRS: dict[str, Callable[[Context, AbstractSet[tuple[str, int]]], Iterator[Change]]] = {
    "C103": reread("C103"),
    "C104": reread("C104"),
    "C105": reread("C105"),
    "A408": _decoded,
    "A405": _normalised,
    "G203": _without_broken,
    "G205": _without_repeated,
    "G210": _one_line,
    "G212": _single,
    "G206": _without_spikes,
    "G208": _without_doubling,
    "N303": _cut,
    "N302": _snapped,
    "N308": _joined,
}


def _rows(wanted: AbstractSet[tuple[str, int]]) -> list[int]:
    return sorted(row for name, row in wanted if name == "routes")


def _parts(geometry: Any) -> list[Floats]:
    """Give the coordinates of each part, with heights where there are any, to be changed at will."""
    return [
        np.array(shapely.get_coordinates(part, include_z=bool(shapely.has_z(part))))
        for part in shapely.get_parts(geometry)
    ]


def _line(parts: list[Floats]) -> Any:
    lines = [shapely.LineString(part) for part in parts]
    return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)


def _same_place(one: Floats, other: Floats) -> bool:
    away = mercator.project(np.stack([one[:2], other[:2]]))
    apart = float(np.hypot(*(away[1] - away[0]))) / float(mercator.scale(np.array([one[1]]))[0])
    risen = abs(one[2] - other[2]) if len(one) > 2 else 0.0  # noqa: PLR2004 - with a height
    return apart <= REPEATED_M and not risen > REPEATED_M


def moved_m(before: Any, after: Any) -> float:
    """
    Tell how far anything of a geometry has moved.

    Parameters
    ----------
    before, after
        The geometry before and after, WGS 84; after is None where it is deleted.

    Returns
    -------
    float
        The largest distance from a vertex of the one to the other geometry, metres; 0 where one is missing.
    """
    if before is None or after is None or before.is_empty or after.is_empty:
        return 0.0
    flat = np.array([before, after], dtype=object)
    if not np.isfinite(shapely.get_coordinates(flat)).all():
        return 0.0
    plane = mercator.project_geometries(flat)
    lat = shapely.get_coordinates(after)[0, 1]
    return float(shapely.hausdorff_distance(*plane) / mercator.scale(np.array([lat]))[0])


def apply(context: Context, changes: list[Change]) -> dict[str, gpd.GeoDataFrame]:
    """
    Carry changes out on copies of the layers.

    Parameters
    ----------
    context
        The survey.
    changes
        The changes; no two on one feature's geometry.

    Returns
    -------
    dict
        Layer's name to the changed GeoDataFrame, for the layers that change.
    """
    layers: dict[str, Any] = {}
    for name in dict.fromkeys(change.layer for change in changes):
        layer = context.layer(name).copy()
        own = [change for change in changes if change.layer == name]
        geometries = np.array(layer.geometry.array, dtype=object)
        for change in own:
            if change.geometry is not None:
                geometries[change.row] = change.geometry
        for column in dict.fromkeys(column for change in own for column in change.sets):
            values = layer[column].copy()
            for change in own:
                if column in change.sets:
                    values.iloc[change.row] = change.sets[column]
            layer[column] = values
        layer = layer.set_geometry(gpd.GeoSeries(geometries, index=layer.index, crs=CRS))
        gone = [change.absorbed for change in own if change.absorbed is not None]
        layers[name] = layer.drop(index=layer.index[gone]).reset_index(drop=True)
    return layers


def unaffected(geometries: Any, places: Floats, reach: float) -> Flags:
    """
    Tell which geometries are further from all places than a reach.

    Parameters
    ----------
    geometries
        (n,) geometries in WGS 84, or None.
    places
        (m, 2) degrees.
    reach
        Metres.

    Returns
    -------
    numpy.ndarray
        (n,) booleans.
    """
    placed = places[np.isfinite(places).all(axis=1)]
    far = np.ones(len(geometries), dtype=bool)
    if len(placed):
        tree = shapely.STRtree(np.asarray(shapely.points(mercator.project(placed))))
        there = np.flatnonzero(~shapely.is_missing(geometries))
        plane = mercator.project_geometries(geometries[there])
        lat = float(np.abs(placed[:, 1]).max())
        hit, _ = tree.query(
            plane, predicate="dwithin", distance=reach * float(mercator.scale(np.array([lat]))[0])
        )
        far[there[hit]] = False
    return far
