"""Checks of position as a whole: which coordinate system it really is, and whether it lies in the area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from gis.checks.registry import Found, check
from gis.checks.rules.notes import noted
from gis.coordinates import mercator, rounding
from gis.inventory import FeatureRef
from gis.network.lines import distances
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.evidence.context import Context
    from gis.network.lines import Floats

_WGS84 = pyproj.CRS.from_epsg(4326)


@check("C101")
def missing_crs(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return noted(context, "C101")


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
    return noted(context, "C103")


@check("C104")
def wrong_zone(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return noted(context, "C104")


@check("C105")
def datum_shift(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return noted(context, "C105")


@check("C106")
def unfit_crs(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return noted(context, "C106")


@check("C107")
def mixed_crs(context: Context) -> Iterator[Found]:
    """Pass on what the reading found; what was never read from a delivery is in one system."""
    return noted(context, "C107")


@check("C108")
def coarse_coordinates(context: Context) -> Iterator[Found]:
    """Find coordinates coarser than their accuracy: those the reading noted, and those made in memory."""
    yield from noted(context, "C108")
    for name in SCHEMAS:
        layer = context.layer(name)
        read = [source for source in context.inventory.sources if source.schema == name]
        known = np.zeros(len(layer), dtype=bool)
        for source in read:
            known[context.inventory.rows(name, FeatureRef(source.path, source.layer))] = True
        made = np.flatnonzero(~known)
        accuracy_m = rounding.stated_m(layer.iloc[made], context.inventory.project)
        lonlat = shapely.get_coordinates(context.usable(name)[made])
        assumed = context.inventory.project.project.accuracy_m
        for _, fields in rounding.coarse(lonlat, _WGS84, accuracy_m, assumed):
            yield Found(name, points=lonlat[:1], fields={**fields, "source": SCHEMAS[name].label})


@check("C112")
def coarse_feature(context: Context) -> Iterator[Found]:
    """Pass on what the reading found, in the numbers that the file has."""
    return noted(context, "C112")


@check("C109")
def zero_coordinates(context: Context) -> Iterator[Found]:
    """Find positions that were never measured: those the reading noted, and zeros of an inventory made in memory."""
    yield from noted(context, "C109")
    for name in SCHEMAS:
        rows = np.flatnonzero(context.zero(name) & ~context.misplaced(name))
        if len(rows):
            yield Found(name, rows, np.zeros((len(rows), 2)))


@check("C110")
def layer_shifted(context: Context) -> Iterator[Found]:
    """Pass on what the reading found."""
    return noted(context, "C110")


@check("C111")
def positions_disagree(context: Context) -> Iterator[Found]:
    """Pass on what the reading found; a layer has one position a feature, a table may have two."""
    return noted(context, "C111")


def _kilometres(places: Floats, area: shapely.Geometry) -> Floats:
    """Measure how far places are from an area."""
    plane = mercator.project_geometries(np.array([area], dtype=object))[0]
    lines = shapely.shortest_line(plane, shapely.points(mercator.project(places)))
    feet = mercator.unproject(shapely.get_coordinates(lines)[::2])
    return distances(feet, places) / 1000
