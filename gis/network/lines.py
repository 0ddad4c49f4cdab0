"""Lines of a network: their pieces, how far they lie apart, and within what they meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.coordinates import mercator
from gis.lengths import geodesic, vertices
from gis.schema import RANGES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.schema import LayerName

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Flags = NDArray[np.bool_]

# The radius that holds a surveyed position with 98 %: 2 DRMS = 2·√2·σ, σ the deviation of each coordinate.
_RADIUS_PER_SIGMA = 2 * 2**0.5
# A worse accuracy is taken for a mistake (check A404) and widens nothing.
WORST_ACCURACY_M = RANGES["accuracy_m"][1]
# Distances are inclusive, to the micrometre that degrees can carry.
EPSILON_M = 1e-6
# Longer lines are searched in pieces, so that one of a million vertices has not one box around it all.
_PIECE = 64
_POINT, _LINE, _MULTI_POINT, _MULTI_LINE = 0, 1, 4, 5


def usable(layer: gpd.GeoDataFrame, name: LayerName) -> NDArray[np.object_]:
    """
    Give the geometries of a layer that can be worked with.

    Parameters
    ----------
    layer
        A canonical layer.
    name
        Which one it is.

    Returns
    -------
    numpy.ndarray
        (n,) geometries in WGS 84 degrees: lines for routes, points for the others; None where one is missing, of
        another type, empty, or has a coordinate that is not finite or no position on earth.
    """
    geometries = np.array(layer.geometry.array, dtype=object)
    types = shapely.get_type_id(geometries)
    if name == "routes":
        sound = (types == _LINE) | (types == _MULTI_LINE)
    else:
        single = (types == _MULTI_POINT) & (shapely.get_num_geometries(geometries) == 1)
        geometries[single] = shapely.get_geometry(geometries[single], 0)
        sound = (types == _POINT) | single
    sound &= ~shapely.is_empty(geometries)
    coordinates, owners = shapely.get_coordinates(geometries, return_index=True)
    # A pole is infinitely far away in the plane.
    placed = np.isfinite(coordinates).all(axis=1) & (np.abs(coordinates) <= (360.0, 89.9)).all(axis=1)
    sound[owners[~placed]] = False
    geometries[~sound] = None
    return geometries


def tolerances(layer: gpd.GeoDataFrame, snap_m: float) -> Floats:
    """
    Give how near something must be to be at a feature's place.

    Parameters
    ----------
    layer
        A canonical layer; its ``accuracy_m``, where stated and at most `WORST_ACCURACY_M`, widens the tolerance.
    snap_m
        The project's snap distance in metres.

    Returns
    -------
    numpy.ndarray
        (n,) metres: snap distance + 2·√2·σ, the radius that holds a position with 98 % (2 DRMS).
    """
    if "accuracy_m" not in layer:
        return np.full(len(layer), snap_m)
    stated = layer["accuracy_m"].to_numpy(dtype=float, na_value=np.nan)
    credible = np.isfinite(stated) & (stated >= 0) & (stated <= WORST_ACCURACY_M)
    return snap_m + _RADIUS_PER_SIGMA * np.where(credible, stated, 0.0)


def distances(one: Floats, other: Floats) -> Floats:
    """
    Measure between pairs of positions.

    Parameters
    ----------
    one, other
        (n, 2) longitude and latitude, WGS 84 degrees.

    Returns
    -------
    numpy.ndarray
        (n,) geodesic distances in metres.
    """
    if not len(one):
        return np.empty(0)
    chain = np.empty((2 * len(one), 2))
    chain[::2], chain[1::2] = one, other
    return geodesic.segment_lengths(chain)[::2]


def distinct(values: Rows) -> Rows:
    """
    Give the different ones of many numbers.

    Parameters
    ----------
    values
        (n,) numbers.

    Returns
    -------
    numpy.ndarray
        (m,) ascending; as `numpy.unique`, by sorting, which of millions of numbers is faster than hashing them.
    """
    ordered = np.sort(values)
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def within(points: NDArray[np.object_], lines: NDArray[np.object_], lonlat: Floats, limit: Floats) -> Flags:
    """
    Tell which points are within a limit of a line; what the plane cannot tell is decided by the geodesic.

    Parameters
    ----------
    points, lines
        (n,) pairs of a point and a line, in the plane.
    lonlat
        (n, 2) the points in degrees, WGS 84.
    limit
        (n,) metres.

    Returns
    -------
    numpy.ndarray
        (n,) booleans.
    """
    metres = shapely.distance(points, lines) / mercator.scale(lonlat[:, 1])
    doubtful = np.flatnonzero(np.abs(metres - limit) < 1e-4 * limit)
    if len(doubtful):
        feet = shapely.get_coordinates(shapely.shortest_line(lines[doubtful], points[doubtful]))[::2]
        metres[doubtful] = distances(mercator.unproject(feet), lonlat[doubtful])
    return np.asarray(metres <= limit + EPSILON_M)


def among(values: Rows, few: Rows) -> Flags:
    """
    Tell which values are among a few others.

    Parameters
    ----------
    values
        (n,) numbers.
    few
        (m,) numbers, in any order.

    Returns
    -------
    numpy.ndarray
        (n,) booleans; as `numpy.isin`, in the time of n log m.
    """
    if not len(few):
        return np.zeros(len(values), dtype=bool)
    ordered = np.sort(few)
    return np.asarray(ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values)


@dataclass(frozen=True, slots=True)
class Lines:
    """
    The routes taken apart into arrays.

    Attributes
    ----------
    lonlat, xy
        (m, 2) vertices in degrees and in the plane.
    offsets
        (p + 1,) where each part begins.
    owners
        (p,) the route, as its row in the layer, that each part belongs to.
    parts
        (p,) LineStrings in the plane.
    """

    lonlat: Floats
    xy: Floats
    offsets: Rows
    owners: Rows
    parts: NDArray[np.object_]

    @classmethod
    def of(cls, geometries: NDArray[np.object_]) -> Lines:
        """
        Take lines apart.

        Parameters
        ----------
        geometries
            (n,) lines in degrees or None, as `usable` gives them.

        Returns
        -------
        Lines
            The parts of two vertices or more.
        """
        taken = vertices.explode(geometries)
        long_enough = np.diff(taken.offsets) > 1
        owners = np.asarray(taken.owners)
        if not long_enough.all():
            kept = np.flatnonzero(long_enough)
            owners = owners[kept]
            taken = taken.select(kept)
        lonlat = np.ascontiguousarray(taken.coordinates[:, :2])
        xy = mercator.project(lonlat)
        part = np.repeat(np.arange(len(owners)), np.diff(taken.offsets))
        parts = np.asarray(shapely.linestrings(xy, indices=part) if len(xy) else [], dtype=object)
        return cls(lonlat, xy, np.asarray(taken.offsets), owners, parts)

    @property
    def lengths_m(self) -> Floats:
        """(p,) the parts' lengths in the plane, in metres where each begins."""
        return np.asarray(shapely.length(self.parts) / mercator.scale(self.lonlat[self.offsets[:-1], 1]))

    @property
    def part_of_vertex(self) -> Rows:
        """(m,) the part of each vertex."""
        return np.repeat(np.arange(len(self.owners)), np.diff(self.offsets))

    @property
    def part_of_segment(self) -> Rows:
        """(m - 1,) the part of each segment; -1 for the gap from one part to the next."""
        part = self.part_of_vertex[:-1].copy()
        part[self.offsets[1:-1] - 1] = -1
        return part


@dataclass(frozen=True, slots=True)
class Pieces:
    """
    Lines in pieces of at most some sixty segments, in a search tree.

    Attributes
    ----------
    lines
        (q,) LineStrings in the plane.
    parts
        (q,) the part of each.
    tree
        The tree over them.
    """

    lines: NDArray[np.object_]
    parts: Rows
    tree: shapely.STRtree

    @classmethod
    def of(cls, parts: NDArray[np.object_], xy: Floats, offsets: Rows) -> Pieces:
        """
        Cut lines up.

        Parameters
        ----------
        parts
            (p,) LineStrings in the plane.
        xy, offsets
            Their vertices and where each begins.

        Returns
        -------
        Pieces
            Short lines as they are, long ones cut.
        """
        counts = np.diff(offsets)
        long = np.flatnonzero(counts > _PIECE + 1)
        pieces = [np.delete(parts, long)]
        owners = [np.delete(np.arange(len(parts)), long)]
        for part in long:
            starts = np.arange(0, counts[part] - 1, _PIECE)
            sizes = np.minimum(_PIECE + 1, counts[part] - starts)
            within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            taken = offsets[part] + np.repeat(starts, sizes) + within
            pieces.append(shapely.linestrings(xy[taken], indices=np.repeat(np.arange(len(starts)), sizes)))
            owners.append(np.full(len(starts), part))
        lines = np.concatenate(pieces)
        return cls(lines, np.concatenate(owners), shapely.STRtree(lines))
