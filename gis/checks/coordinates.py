"""Checks of position as a whole: which coordinate system it really is, and whether it lies in the area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from gis import mercator, network
from gis.checks.registry import Found, check
from gis.inventory import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.context import Context

_WGS84 = pyproj.CRS.from_epsg(4326)
# A finer step than this comes out of any conversion, a coarser one only from rounding.
_STEPS = tuple(10.0**-k for k in range(9))
# With fewer coordinates a common step may be chance.
_ENOUGH = 8
_SAMPLE = 20_000


@check("C101")
def missing_crs(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return context.noted("C101")


@check("C102")
def outside_area(context: Context) -> Iterator[Found]:
    """Find features with a vertex outside the project's area, where no other reading explains it."""
    area = context.inventory.area
    if area is None:
        return
    shapely.prepare(area)
    for name in SCHEMAS:
        coordinates, owners = context.coordinates(name)
        # A vertex on the border is inside.
        outside = np.flatnonzero(~shapely.intersects_xy(area, coordinates))
        rows, first = np.unique(owners[outside], return_index=True)
        unexplained = ~context.misplaced(name)[rows] & ~context.zero(name)[rows]
        rows, places = rows[unexplained], coordinates[outside[first]][unexplained]
        if len(rows):
            yield Found(name, rows, places, {"away_km": _kilometres(places, area)})


@check("C103")
def swapped_axes(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return context.noted("C103")


@check("C104")
def wrong_zone(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return context.noted("C104")


@check("C105")
def datum_shift(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return context.noted("C105")


@check("C106")
def unfit_crs(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return context.noted("C106")


@check("C107")
def mixed_crs(context: Context) -> Iterator[Found]:
    """Find deliveries whose layers were read in different coordinate systems."""
    noted = list(context.noted("C107"))
    yield from noted
    systems: dict[str, set[str]] = {}
    for source in context.inventory.sources:
        # One delivery is one file: an archive, a database, a drawing.
        systems.setdefault(source.path.split(".zip/")[0], set()).add(source.crs)
    for path, several in systems.items():
        if len(several) > 1 and not noted:
            yield Found(path, points=np.full((1, 2), np.nan), fields={"systems": ", ".join(sorted(several))})


@check("C108")
def coarse_coordinates(context: Context) -> Iterator[Found]:
    """Find sources whose coordinates are all multiples of a step larger than the accuracy that they state."""
    yield from context.noted("C108")
    for source in context.inventory.sources:
        layer = context.layer(source.schema)
        rows = np.flatnonzero((layer["source"] == source.path).to_numpy(dtype=bool))
        if "accuracy_m" in layer:
            stated = layer["accuracy_m"].to_numpy(dtype=float, na_value=np.nan)[rows]
        else:
            stated = np.full(len(rows), np.nan)
        stated = np.where(np.isfinite(stated), stated, context.inventory.project.project.accuracy_m)
        lonlat = shapely.get_coordinates(context.usable(source.schema)[rows])[:_SAMPLE]
        if len(lonlat) * 2 < _ENOUGH:
            continue
        step_m = _step(lonlat, source.crs)
        # Rounding to a step spreads by step/√12: what is smaller than the accuracy adds nothing to it.
        accuracy = float(np.median(stated))
        if step_m / 12**0.5 > accuracy:
            yield Found(
                source.schema,
                points=lonlat[:1],
                fields={"source": source.path, "step_m": step_m, "accuracy_m": accuracy},
            )


def _step(lonlat: network.Floats, crs: str) -> float:
    """Give the largest decimal step that all coordinates are multiples of in their own system, metres; 0 if none."""
    system = pyproj.CRS.from_user_input(crs)
    unit_m = 1.0
    xy = lonlat
    if system.is_geographic:
        unit_m = float(np.median(np.radians(1) * mercator.SEMI_MAJOR_M * np.cos(np.radians(lonlat[:, 1]))))
        if not system.equals(_WGS84, ignore_axis_order=True):
            xy = _back(lonlat, system)
    else:
        xy = _back(lonlat, system)
        unit_m = system.axis_info[0].unit_conversion_factor
    # What a transformation there and back leaves of a round number.
    slack = 1e-5 / unit_m
    for step in (100.0, 10.0, *_STEPS) if not system.is_geographic else _STEPS:
        if step <= 4 * slack:
            break
        if np.isfinite(xy).all() and (np.abs(xy - np.round(xy / step) * step) <= slack).all():
            return step * unit_m
    return 0.0


def _back(lonlat: network.Floats, system: pyproj.CRS) -> network.Floats:
    transformer = pyproj.Transformer.from_crs(_WGS84, system, always_xy=True)
    return np.column_stack(transformer.transform(*lonlat.T))


@check("C109")
def zero_coordinates(context: Context) -> Iterator[Found]:
    """Find positions that were never measured: those the reading noted, and zeros of an inventory made in memory."""
    yield from context.noted("C109")
    for name in SCHEMAS:
        rows = np.flatnonzero(context.zero(name) & ~context.misplaced(name))
        if len(rows):
            yield Found(name, rows, np.zeros((len(rows), 2)))


def _kilometres(places: network.Floats, area: shapely.Geometry) -> network.Floats:
    """Measure how far places are from an area."""
    plane = mercator.project_geometries(np.array([area], dtype=object))[0]
    lines = shapely.shortest_line(plane, shapely.points(mercator.project(places)))
    feet = mercator.unproject(shapely.get_coordinates(lines)[::2])
    return network.distances(feet, places) / 1000
