"""Where routes of one kind cross each other or run over each other, away from their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.evidence import neighbours
from gis.checks.evidence.returns import LATERAL_M
from gis.coordinates import mercator
from gis.lengths import geodesic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.network.lines import Floats, Lines, Rows


@dataclass(frozen=True, slots=True)
class Crossings:
    """
    Meetings of two routes of one kind.

    Attributes
    ----------
    one, other
        (c,) parts that cross, the lower first.
    xy
        (c, 2) where, in the plane.
    overlap_one, overlap_other
        (o,) parts that run over each other.
    overlap_m
        (o,) how far, metres.
    overlap_lines
        (o,) the common stretch in WGS 84 degrees, LineString or MultiLineString.
    """

    one: Rows
    other: Rows
    xy: Floats
    overlap_one: Rows
    overlap_other: Rows
    overlap_m: Floats
    overlap_lines: NDArray[np.object_]


def find(lines: Lines, kinds: NDArray[np.intp], tolerance: Floats) -> Crossings:
    """
    Find where routes of one kind cross and overlap.

    Parameters
    ----------
    lines
        The routes taken apart.
    kinds
        (p,) a number for the kind of each part.
    tolerance
        (p,) tolerance of each part, metres: what happens nearer than that to one of its ends is a junction.

    Returns
    -------
    Crossings
        Crossings, and overlaps that are longer than the tolerances of both.
    """
    trimmed, owners = trim(lines, tolerance)
    ends = np.stack([lines.xy[lines.offsets[:-1]], lines.xy[lines.offsets[1:] - 1]], axis=1)
    reach = LATERAL_M * mercator.scale(lines.lonlat[lines.offsets[owners], 1])
    one, other = neighbours.near(trimmed, ends[owners], lines.owners[owners], kinds[owners], reach).T
    parts, others = owners[one], owners[other]
    scale = mercator.scale(lines.lonlat[lines.offsets[parts], 1])
    corridor = shapely.buffer(
        trimmed[other], LATERAL_M * scale, cap_style="flat", join_style="mitre", quad_segs=1
    )
    common = shapely.intersection(trimmed[one], corridor)
    long = shapely.length(common) / scale > np.maximum(tolerance[parts], tolerance[others])
    # The tolerance is cut off again where they share their ends.
    wide = shapely.buffer(
        lines.parts[others[long]], LATERAL_M * scale[long], cap_style="flat", join_style="mitre", quad_segs=1
    )
    whole = shapely.line_merge(shapely.intersection(lines.parts[parts[long]], wide))
    stretches = np.asarray(shapely.transform(whole, mercator.unproject))
    points = shapely.intersection(trimmed[one], trimmed[other])
    # Where they cross inside a stretch that they share, the stretch is the fault.
    points[long] = shapely.difference(points[long], shapely.buffer(common[long], 4 * LATERAL_M * scale[long]))
    xy, pair = shapely.get_coordinates(_only_points(points), return_index=True)
    return Crossings(
        parts[pair],
        others[pair],
        xy,
        parts[long],
        others[long],
        geodesic.line_lengths(stretches) if long.any() else np.empty(0),
        stretches,
    )


def trim(lines: Lines, tolerance: Floats) -> tuple[NDArray[np.object_], Rows]:
    """
    Cut the tolerance off both ends of lines.

    Parameters
    ----------
    lines
        The routes taken apart.
    tolerance
        (p,) how much to cut off, metres.

    Returns
    -------
    trimmed : numpy.ndarray
        (q,) what is left, LineStrings in the plane.
    parts : numpy.ndarray
        (q,) the part that each is of; parts of twice the tolerance or less are gone.
    """
    if not len(lines.owners):
        return np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    part = lines.part_of_vertex
    step = np.zeros(len(lines.xy))
    step[1:] = np.hypot(*np.diff(lines.xy, axis=0).T) / mercator.scale(lines.lonlat[1:, 1])
    step[lines.offsets[:-1]] = 0
    # One rising scale through all parts, a metre between them, on which a place is found by searching.
    along = np.cumsum(step) + part
    first, last = along[lines.offsets[:-1]], along[lines.offsets[1:] - 1]
    left = np.flatnonzero(last - first > 2 * tolerance)
    start, stop = (first + tolerance)[left], (last - tolerance)[left]
    kept = np.zeros(len(along), dtype=bool)
    bounds = np.full((len(lines.owners), 2), np.nan)
    bounds[left] = np.column_stack([start, stop])
    kept = (along > bounds[part, 0]) & (along < bounds[part, 1])
    x, y = (np.interp(np.concatenate([start, stop]), along, values) for values in lines.xy.T)
    places = np.concatenate([start, stop, along[kept]])
    order = np.argsort(places, kind="stable")
    xy = np.concatenate([np.column_stack([x, y]), lines.xy[kept]])[order]
    owner = np.concatenate([left, left, part[kept]])[order]
    _, index = np.unique(owner, return_inverse=True)
    return np.asarray(shapely.linestrings(xy, indices=index)), left


def _only_points(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Keep the points of intersections, which are points, lines or both."""
    types = shapely.get_type_id(geometries)
    kept = geometries.copy()
    kept[~np.isin(types, (0, 4))] = None
    mixed = np.flatnonzero(types == 7)  # noqa: PLR2004 - a geometry collection
    if len(mixed):
        parts, index = shapely.get_parts(geometries[mixed], return_index=True)
        points = shapely.get_type_id(parts) == 0
        kept[mixed[np.unique(index[points])]] = shapely.multipoints(
            shapely.get_coordinates(parts[points]), indices=np.unique(index[points], return_inverse=True)[1]
        )
    return kept
