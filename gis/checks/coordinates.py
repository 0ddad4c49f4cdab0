"""Checks of position as a whole: which coordinate system it really is, and whether it lies in the area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis import mercator, network
from gis.checks.registry import Found, check
from gis.inventory import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.context import Context


@check("C102")
def outside_area(context: Context) -> Iterator[Found]:
    """Find features with a vertex outside the project's area."""
    area = context.inventory.area
    if area is None:
        return
    shapely.prepare(area)
    for name in SCHEMAS:
        coordinates, owners = shapely.get_coordinates(context.usable(name), return_index=True)
        # A vertex on the border is inside.
        outside = np.flatnonzero(~shapely.intersects_xy(area, coordinates))
        rows, first = np.unique(owners[outside], return_index=True)
        if len(rows):
            places = coordinates[outside[first]]
            yield Found(name, rows, places, {"away_km": _kilometres(places, area)})


def _kilometres(places: network.Floats, area: shapely.Geometry) -> network.Floats:
    """Measure how far places are from an area."""
    plane = mercator.project_geometries(np.array([area], dtype=object))[0]
    lines = shapely.shortest_line(plane, shapely.points(mercator.project(places)))
    feet = mercator.unproject(shapely.get_coordinates(lines)[::2])
    return network.distances(feet, places) / 1000
