"""The other lengths: in the plane of a grid, raised to the ground, and along the slope."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.errors import ProjectError
from gis.language import Text
from gis.lengths.geodesic import ECCENTRICITY_SQUARED, curvature, measure_block
from gis.lengths.vertices import Block, Vertices, explode, measure_lines, sum_segments

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import ArrayLike, NDArray

_WGS84 = 4326
_UTM_NORTH = 32600  # the scale of a zone is the same on either side of the equator
_UTM_SCALE = 0.9996
_ZONE_DEGREES = 6
_ZONES = 60
# How far from the central meridian the series for the scale is trusted: to 1e-9 of PROJ's, which is 1 µm in a
# kilometre.
_SERIES_DEGREES = 4.5
_SERIES_LATITUDE = 84.0
_SERIES_M = 1000.0
_EP2 = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED)
_RADIAN = np.pi / 180


def grid_lengths(lines: ArrayLike, crs: str | None = None, threads: int | None = None) -> NDArray[np.float64]:
    """
    Measure lines in the plane of a grid: between vertices straight lines of the map.

    Parameters
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in WGS 84 degrees; also empty ones and None.
    crs
        The grid, any projected system that PROJ knows; None takes the UTM zone of each line, as `utm_zones`
        gives it.
    threads
        How many threads work; None takes as many as are worth it.

    Returns
    -------
    numpy.ndarray
        (n,) metres, also where the grid's unit is another; NaN where the grid does not reach.

    Raises
    ------
    ProjectError
        `crs` is not known or not projected.

    Notes
    -----
    Within 1e-9 of the length of the distance between vertices that PROJ has projected.
    """
    if crs is not None:
        require_grid(crs)
    return measure_lines(
        lines, lambda some, _: (some.sum_parts(part_grid_lengths(some, crs)),), threads=threads
    )[0]


def ground_lengths(
    lines: ArrayLike, elevation_m: float = 0.0, threads: int | None = None
) -> NDArray[np.float64]:
    """
    Measure lines at the height of the ground: each geodesic s raised to the mean height h of its ends.

    Parameters
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in WGS 84 degrees, with or without heights in metres above the
        ellipsoid; also empty ones and None.
    elevation_m
        The height of vertices that have none, metres above the ellipsoid.
    threads
        How many threads work; None takes as many as are worth it.

    Returns
    -------
    numpy.ndarray
        (n,) metres.

    Notes
    -----
    A segment has s (R + h) / R with Euler's radius of curvature R in its azimuth: the reduction of measured
    distances to the ellipsoid (e.g. Torge and Müller, "Geodesy", 4th ed. 2012), turned round.
    """

    def measure(some: Vertices, _: slice) -> tuple[NDArray[np.float64]]:
        return (some.sum_parts(part_heighted_lengths(some, elevation_m)[1]),)

    return measure_lines(lines, measure, heights=True, threads=threads)[0]


def slope_lengths(
    lines: ArrayLike, elevation_m: float = 0.0, threads: int | None = None
) -> NDArray[np.float64]:
    """
    Measure lines in space: √(g² + Δh²) for a segment of ground length g between vertices that differ by Δh.

    Parameters
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in WGS 84 degrees, heights in metres above the ellipsoid; also
        empty ones and None.
    elevation_m
        The height of vertices that have none; a segment that lacks a height at either end counts as level.
    threads
        How many threads work; None takes as many as are worth it.

    Returns
    -------
    numpy.ndarray
        (n,) metres.
    """

    def measure(some: Vertices, _: slice) -> tuple[NDArray[np.float64]]:
        return (some.sum_parts(part_heighted_lengths(some, elevation_m)[2]),)

    return measure_lines(lines, measure, heights=True, threads=threads)[0]


def require_grid(crs: str) -> None:
    """
    Make sure that a system can be a grid, before threads set to work with it.

    Parameters
    ----------
    crs
        Any system that PROJ knows.

    Raises
    ------
    ProjectError
        It is not known or not projected.
    """
    _grid(crs)


def utm_zones(lines: ArrayLike) -> NDArray[np.intp]:
    """
    Tell the UTM zone of each line: the one that the middle of its extent in longitude lies in.

    Parameters
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in WGS 84 degrees; also empty ones and None.

    Returns
    -------
    numpy.ndarray
        (n,) zones from 1 to 60; 0 where there is no position. Zones are 6° wide everywhere: the wider ones of
        Norway and Svalbard are not made. A line that crosses a zone's border, or the antimeridian, stays in
        one zone as a whole.
    """
    return _zones(explode(lines))


def part_all_lengths(
    vertices: Vertices, elevation_m: float = 0.0, crs: str | None = None
) -> NDArray[np.float64]:
    """
    Measure flat arrays in every way at once.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees, with or without heights.
    elevation_m
        The height of vertices that have none.
    crs
        The grid; None takes the UTM zone of each line.

    Returns
    -------
    numpy.ndarray
        (4, p) geodesic, grid, ground and slope lengths in metres of each part.

    Raises
    ------
    ProjectError
        `crs` is not known or not projected.
    """
    zones, meridians = _zones_and_meridians(vertices, crs)
    lengths = sum_segments(vertices, _every, elevation_m, meridians, results=4, buffers=11)
    lengths[1] = _by_proj(vertices, crs, zones, lengths[1])
    return lengths


def part_heighted_lengths(vertices: Vertices, elevation_m: float = 0.0) -> NDArray[np.float64]:
    """
    Measure flat arrays in one go: on the ellipsoid, at the ground and along the slope.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees, with or without heights.
    elevation_m
        The height of vertices that have none.

    Returns
    -------
    numpy.ndarray
        (3, p) geodesic, ground and slope lengths in metres of each part.
    """
    return sum_segments(vertices, _heighted, elevation_m, results=3, buffers=11)


def part_grid_lengths(vertices: Vertices, crs: str | None = None) -> NDArray[np.float64]:
    """
    Measure flat arrays in a grid, as `grid_lengths` does.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    crs
        The grid; None takes the UTM zone of each line.

    Returns
    -------
    numpy.ndarray
        (p,) metres of each part.

    Raises
    ------
    ProjectError
        `crs` is not known or not projected.
    """
    zones, meridians = _zones_and_meridians(vertices, crs)
    return _by_proj(vertices, crs, zones, sum_segments(vertices, _scaled, meridians, buffers=8)[0])


def _zones_and_meridians(vertices: Vertices, crs: str | None) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Give the UTM zone (0 with a `crs`) and the central meridian of each part, NaN where its grid is not UTM."""
    if crs is not None:
        parts = len(vertices.owners)
        return np.zeros(parts, dtype=np.intp), np.full(parts, _grid(crs).meridian)
    zones = _zones(vertices)[vertices.owners]
    return zones, (zones * _ZONE_DEGREES - 183).astype(np.float64)


def _by_proj(
    vertices: Vertices, crs: str | None, zones: NDArray[np.intp], lengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fill in grid lengths that are NaN because the series does not reach them: PROJ projects each vertex."""
    beyond = np.isnan(lengths)
    for zone in np.unique(zones[beyond]):
        if crs is not None or zone:
            grid = _grid(crs or f"EPSG:{_UTM_NORTH + zone}")
            parts = np.flatnonzero(beyond & (zones == zone))
            projected = sum_segments(vertices.select(parts), _planar, grid)[0]
            lengths[parts] = np.where(np.isfinite(projected), projected, np.nan)
    return lengths


def _every(
    block: Block, elevation_m: float, meridians: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    s = measure_block(block)
    # The grid first: raising takes the buffers that it reads.
    grid = _scale(block, s, meridians, block.work[6:8])
    return s, grid, *_raise(block, s, elevation_m, block.work[8:11])


def _heighted(block: Block, elevation_m: float) -> tuple[NDArray[np.float64], ...]:
    s = measure_block(block)
    return s, *_raise(block, s, elevation_m, block.work[8:11])


def _scaled(block: Block, meridians: NDArray[np.float64]) -> tuple[NDArray[np.float64]]:
    return (_scale(block, measure_block(block), meridians, block.work[6:8]),)


def _raise(
    block: Block, s: NDArray[np.float64], elevation_m: float, work: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Raise segments to the ground, and lay them along the slope."""
    ground, slope = work[:2]
    curvature(block, out=ground)
    if block.height is None:
        ground *= elevation_m
    else:
        known = np.where(np.isfinite(block.height), block.height, elevation_m)
        ground *= (known[1:] + known[:-1]) / 2
    ground += 1
    ground *= s
    ground[block.joints] = 0
    if block.height is None:
        return ground, ground
    np.subtract(block.height[1:], block.height[:-1], out=slope)
    slope[~np.isfinite(slope)] = 0
    slope[block.joints] = 0
    slope *= slope
    np.multiply(ground, ground, out=work[2])
    slope += work[2]
    np.sqrt(slope, out=slope)
    return ground, slope


def _scale(
    block: Block, s: NDArray[np.float64], meridians: NDArray[np.float64], work: NDArray[np.float64]
) -> NDArray[np.float64]:
    """
    Measure segments in UTM as geodesics times the scale of the projection.

    The point scale is that of Snyder, "Map Projections: A Working Manual" (1987), eq. 8-11, written in
    v = cos² φ, at the middle of the segment; its mean along the segment adds the square of the eastward
    extent over 24. That the straight line of the map is not quite the projected geodesic changes a segment of
    1 km by less than 1e-11.
    """
    easting, v = block.work[2], block.work[5]
    offset: NDArray[np.float64]
    k: NDArray[np.float64]
    offset, k = work
    np.add(block.lon[1:], block.lon[:-1], out=offset)
    offset /= 2
    spans = np.diff(block.starts, append=len(block))
    offset -= np.repeat(meridians[block.parts], spans)
    within = np.abs(offset) <= _SERIES_DEGREES
    within &= s <= _SERIES_M
    within &= np.abs(block.lat[1:]) <= _SERIES_LATITUDE
    offset *= _RADIAN
    offset *= offset
    np.multiply(offset, (225 * v - 180) * v + 16, out=k)
    k /= 30
    k += ((13 * _EP2**2 * v + 42 * _EP2) * v + (9 - 28 * _EP2)) * v - 4
    k *= offset
    k /= 24
    k += _EP2 / 2 * v
    k += 0.5
    k *= offset
    k *= v
    k += easting * (_RADIAN**2 / 24)
    k += 1
    k *= _UTM_SCALE
    k *= s
    k[~within] = np.nan
    k[block.joints] = 0
    return k


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """A projected system: the way to it, its unit, and its central meridian if it is UTM on WGS 84, else NaN."""

    transformer: pyproj.Transformer
    metres: float
    meridian: float


def _planar(block: Block, grid: _Grid) -> tuple[NDArray[np.float64]]:
    x, y = grid.transformer.transform(block.lon, block.lat)
    length = np.hypot(np.diff(x), np.diff(y)) * grid.metres
    length[block.joints] = 0
    return (length,)


@functools.cache
def _grid(crs: str) -> _Grid:
    """
    Look a projected system up.

    `Transformer.from_crs` may take another operation for each vertex where a datum has several, and a route would
    jump where their areas meet; so one is chosen that suits the grid's own area.
    """
    import pyproj  # noqa: PLC0415 - heavy, and a session may measure on the ellipsoid only
    from pyproj.transformer import AreaOfInterest, TransformerGroup  # noqa: PLC0415 - heavy

    try:
        grid = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        grid = None
    if grid is None or not grid.is_projected:
        raise ProjectError(
            Text(
                "{crs}: is no projected coordinate system, which grid lengths need; for example EPSG:32639",
                "{crs}: دستگاه مختصات تصویرشده‌ای نیست و طول تصویری به آن نیاز دارد؛ برای نمونه EPSG:32639",
            ),
            crs=crs,
        )
    metres = grid.axis_info[0].unit_conversion_factor
    if grid.utm_zone is not None and grid.geodetic_crs is not None and grid.geodetic_crs.to_epsg() == _WGS84:
        transformer = pyproj.Transformer.from_crs(_WGS84, grid, always_xy=True)
        return _Grid(transformer, metres, float(int(grid.utm_zone[:-1]) * _ZONE_DEGREES - 183))
    area = None if grid.area_of_use is None else AreaOfInterest(*grid.area_of_use.bounds)
    with warnings.catch_warnings():
        # A better operation may need a shift grid that is not installed; the next one is as good as there is.
        warnings.simplefilter("ignore", UserWarning)
        group = TransformerGroup(_WGS84, grid, always_xy=True, area_of_interest=area)
    return _Grid(group.transformers[0], metres, np.nan)


def _zones(vertices: Vertices) -> NDArray[np.intp]:
    """Give the UTM zone of each line of flat arrays; 0 for one with no position."""
    zones = np.zeros(vertices.count, dtype=np.intp)
    if not len(vertices.owners):
        return zones
    lon = vertices.coordinates[:, 0]
    opens = np.flatnonzero(np.diff(vertices.owners, prepend=-1))  # the first part of each line
    begins = vertices.offsets[opens]
    owners = vertices.owners[opens]
    with np.errstate(invalid="ignore"):
        west, east = np.minimum.reduceat(lon, begins), np.maximum.reduceat(lon, begins)
        across = east - west > 180  # noqa: PLR2004 - the long way round: it crosses the antimeridian
        if across.any():
            turned = lon % 360
            west = np.where(across, np.minimum.reduceat(turned, begins), west)
            east = np.where(across, np.maximum.reduceat(turned, begins), east)
        middle = (west + east) / 2
        known = np.isfinite(middle)
        zones[owners[known]] = np.floor((middle[known] + 180) / _ZONE_DEGREES).astype(np.intp) % _ZONES + 1
    return zones
