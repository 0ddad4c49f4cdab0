"""Checks of form: geometries that are missing, broken, or not what a survey would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.registry import Found, check
from gis.inventory import SCHEMAS
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.context import Context

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
