"""Where features lie on a map, and what is left out because it has no place there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.coordinates.trial import IRAN
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.inventory import Inventory

# Web Mercator ends here; what lies beyond has no place on the map.
NORTHMOST = 85.05


@dataclass(frozen=True, eq=False)
class Placed:
    """
    Where features are, with what cannot be drawn left out.

    Attributes
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in degrees, without heights; None for a feature with no two vertices in
        one part.
    anchors
        (n, 2) longitude and latitude of the vertex in the middle of the first part; NaN for one without a place.
    boxes
        (n, 4) west, south, east, north in degrees; NaN likewise.
    """

    lines: NDArray[np.object_]
    anchors: NDArray[np.float64]
    boxes: NDArray[np.float64]

    @property
    def placed(self) -> NDArray[np.bool_]:
        """(n,) Whether a feature has a place."""
        return np.isfinite(self.anchors[:, 0])

    def take(self, rows: NDArray[np.intp]) -> Placed:
        """
        Give some of the features, or all in another order.

        Parameters
        ----------
        rows
            (m,) positions.

        Returns
        -------
        Placed
            (m,) features.
        """
        return Placed(self.lines[rows], self.anchors[rows], self.boxes[rows])


def on_map(lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """
    Tell which positions have a place on the map.

    Parameters
    ----------
    lonlat
        (n, 2) longitude and latitude, degrees.

    Returns
    -------
    numpy.ndarray
        (n,) False for what is no position, and for what lies beyond the ends of the map.
    """
    # What is not a number is not less than anything.
    inside: NDArray[np.bool_] = np.all(np.abs(lonlat) <= np.array([180.0, NORTHMOST]), axis=1)
    return inside


def place(geometries: NDArray[np.object_]) -> Placed:
    """
    Find the places of features.

    Parameters
    ----------
    geometries
        (n,) geometries of any kind in degrees, some perhaps missing, empty, or with vertices that are no position.

    Returns
    -------
    Placed
        Of as many features. The rings of a polygon are taken for lines.
    """
    total = len(geometries)
    parts, owners = shapely.get_parts(geometries, return_index=True)
    vertices, part = shapely.get_coordinates(parts, return_index=True)
    usable = on_map(vertices)
    vertices, part = vertices[usable], part[usable]
    counts = np.bincount(part, minlength=len(parts))
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    kept = np.flatnonzero(counts)

    boxes = np.full((total, 4), np.nan)
    anchors = np.full((total, 2), np.nan)
    if len(kept):
        owner = owners[kept]
        features, first = np.unique(owner, return_index=True)
        low = np.minimum.reduceat(vertices, starts[kept])
        high = np.maximum.reduceat(vertices, starts[kept])
        boxes[features] = np.hstack([np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)])
        leading = kept[first]
        anchors[features] = vertices[starts[leading] + np.minimum(counts[leading] // 2, counts[leading] - 1)]

    lines = np.full(total, None, dtype=object)
    long_enough = counts > 1
    inside = long_enough[part]
    if inside.any():
        number = np.cumsum(long_enough) - 1
        strings = np.asarray(shapely.linestrings(vertices[inside], indices=number[part[inside]]))
        of = owners[long_enough]
        features, first, pieces = np.unique(of, return_index=True, return_counts=True)
        lines[features] = strings[first]
        several = np.isin(of, features[pieces > 1])
        if several.any():
            members, position = np.unique(of[several], return_inverse=True)
            lines[members] = shapely.multilinestrings(strings[several], indices=position)
    return Placed(lines, anchors, boxes)


def world(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Give positions in the Web Mercator square.

    Parameters
    ----------
    lonlat
        (n, 2) longitude and latitude, degrees.

    Returns
    -------
    numpy.ndarray
        (n, 2) from 0 to 1, west to east and north to south (EPSG:3857 without its metres).
    """
    sine = np.sin(np.radians(lonlat[:, 1]))
    return np.column_stack([lonlat[:, 0] / 360 + 0.5, 0.5 - np.arctanh(sine) / (2 * np.pi)])


def first_view(inventory: Inventory) -> list[float]:
    """
    Give west, south, east, north of the first view: the outline, the features that have a place, or else Iran.

    Parameters
    ----------
    inventory
        The survey.

    Returns
    -------
    list of float
        WGS 84 degrees.
    """
    if inventory.outline is not None and not inventory.outline.is_empty:
        return [round(float(value), 6) for value in inventory.outline.bounds]
    vertices = np.vstack(
        [shapely.get_coordinates(inventory.layer(name).geometry.to_numpy()) for name in SCHEMAS]
    )
    placed = on_map(vertices)
    if not placed.any():
        return list(IRAN.bounds)
    vertices = vertices[placed]
    return [round(float(value), 6) for value in (*vertices.min(axis=0), *vertices.max(axis=0))]


def about(findings: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """
    Give what findings are about, or where they are.

    Parameters
    ----------
    findings
        As `gis.check` gives them, WGS 84.

    Returns
    -------
    numpy.ndarray
        (n,) geometries; None where a finding has no place.
    """
    shapes = np.array(findings.geometry.to_numpy(), dtype=object)
    places = findings[["lon", "lat"]].to_numpy(dtype=float, na_value=np.nan)
    bare = shapely.is_missing(shapes) & np.isfinite(places).all(axis=1)
    shapes[bare] = shapely.points(places[bare])
    return shapes


def around(boxes: NDArray[np.float64]) -> list[float] | None:
    """
    Give the box around boxes.

    Parameters
    ----------
    boxes
        (n, 4) west, south, east, north in degrees; NaN for features without a place.

    Returns
    -------
    list of float or None
        West, south, east, north, degrees; None where nothing has a place.
    """
    known = boxes[np.isfinite(boxes[:, 0])]
    if not len(known):
        return None
    return [round(float(one), 6) for one in (*known[:, :2].min(axis=0), *known[:, 2:].max(axis=0))]


def extent(inventory: Inventory) -> tuple[float, float, float, float] | None:
    """
    Give the area that a background is for: the features' and the outline's.

    Parameters
    ----------
    inventory
        The survey, WGS 84 degrees.

    Returns
    -------
    tuple of float or None
        West, south, east, north in degrees; None where nothing has a place on the map.
    """
    shapes = [inventory.layer(name).geometry.to_numpy() for name in SCHEMAS]
    vertices = np.vstack([shapely.get_coordinates(shape) for shape in (*shapes, inventory.outline)])
    vertices = vertices[on_map(vertices)]
    if not len(vertices):
        return None
    west, south = vertices.min(axis=0).tolist()
    east, north = vertices.max(axis=0).tolist()
    return west, south, east, north
