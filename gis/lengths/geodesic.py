"""
Lengths on the WGS 84 ellipsoid, exact to a micrometre a route.

A short segment takes a series in its differences of latitude and longitude about its middle, which costs one
tangent and one square root; any other goes to Karney's algorithm in `pyproj.Geod`. See `docs/lengths.md` for
the derivation.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from gis.coordinates.mercator import FLATTENING, SEMI_MAJOR_M
from gis.lengths.vertices import Block, Vertices, measure_lines, sum_segments

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import ArrayLike, NDArray

# The series leaves out terms of the sixth order. Within these limits they stay below 1e-14 of the length,
# which is 0.2 µm in 20 000 km, from equator to pole.
SHORT_M = 5_000.0
SHORT_LONGITUDE_DEGREES = np.degrees(1e-3)

ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)
_K = 1 - ECCENTRICITY_SQUARED
_RADIAN = np.pi / 180
_LATITUDE_LIMIT = 90.0

# Coefficients of the series in v = cos² φ, for differences in degrees; `_series` says where each stands.
_W1 = ECCENTRICITY_SQUARED / _K
_P0, _P1, _P2 = (
    -(_RADIAN**2) / 12 * np.array([3.0, (11 * ECCENTRICITY_SQUARED - 2) / _K, -8 * ECCENTRICITY_SQUARED / _K])
)
_U = _RADIAN**2 / 12
_Q0, _Q1, _Q2 = (
    _RADIAN**2
    * ECCENTRICITY_SQUARED
    / (4 * _K**2)
    * np.array([-_K, 2 + 2 * ECCENTRICITY_SQUARED, -3 * ECCENTRICITY_SQUARED])
)
_UNIT = SEMI_MAJOR_M * _RADIAN / np.sqrt(_K)


def line_lengths(lines: ArrayLike, threads: int | None = None) -> NDArray[np.float64]:
    """
    Measure lines on the WGS 84 ellipsoid: the sum of the geodesics between their vertices.

    Parameters
    ----------
    lines
        (n,) LineStrings or MultiLineStrings, longitude and latitude in WGS 84 degrees (EPSG:4326), with or
        without heights, which do not count here; also empty ones and None.
    threads
        How many threads work; None takes as many as the machine has processors where the lines are worth it.
        Any number gives the same bits.

    Returns
    -------
    numpy.ndarray
        (n,) metres. An empty line has 0; None, geometries other than lines, and lines with a coordinate that
        is not finite or a latitude beyond 90° have NaN.

    Notes
    -----
    Within 1 µm a route of Karney's algorithm (C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87,
    2013) for segments from 0 to 20 000 km, anywhere, across the antimeridian and over the poles.
    """
    return measure_lines(lines, lambda some, _: (some.sum_parts(part_lengths(some)),), threads=threads)[0]


def part_lengths(vertices: Vertices, threads: int | None = 1) -> NDArray[np.float64]:
    """
    Measure lines that are flat arrays already, as `line_lengths` does.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    threads
        How many threads work; None takes as many as the machine has processors where the lines are worth it.

    Returns
    -------
    numpy.ndarray
        (p,) metres for each part.
    """
    lengths: NDArray[np.float64] = sum_segments(vertices, _lengths, buffers=8, threads=threads)[0]
    return lengths


def segment_lengths(coordinates: ArrayLike) -> NDArray[np.float64]:
    """
    Measure from each vertex to the next.

    Parameters
    ----------
    coordinates
        (m, 2) or (m, 3) longitude and latitude in WGS 84 degrees; heights do not count.

    Returns
    -------
    numpy.ndarray
        (m - 1,) metres, NaN where a vertex has no finite position; (0,) for fewer than two vertices.
    """
    positions = np.asarray(coordinates, dtype=np.float64)
    count = len(positions)
    if count < 2:  # noqa: PLR2004 - a segment has two ends
        return np.zeros(0)
    nothing = np.zeros(0, dtype=np.intp)
    block = Block(
        positions[:, 0],
        positions[:, 1],
        None,
        nothing,
        slice(0, 1),
        np.zeros(1, dtype=np.intp),
        np.empty((8, count - 1)),
    )
    with np.errstate(all="ignore"):
        return measure_block(block).copy()


def measure_block(block: Block) -> NDArray[np.float64]:
    """
    Measure the segments of a block.

    Parameters
    ----------
    block
        The segments; its first eight buffers are written to.

    Returns
    -------
    numpy.ndarray
        (m,) metres, 0 for the joints; a buffer of the block. Buffers 1 to 3 hold the squares of the segment's
        north-south and east-west extent, X and Y of `curvature`, and W' = 1 + e'² cos² φ.
    """
    s: NDArray[np.float64]
    s, northing, _, _, longitude, v = block.work[:6]
    lon, lat, joints = block.lon, block.lat, block.joints
    np.subtract(lon[1:], lon[:-1], out=longitude)
    np.subtract(lat[1:], lat[:-1], out=northing)
    np.add(lat[1:], lat[:-1], out=v)
    longitude[joints] = 0
    northing[joints] = 0
    _series(block.work[:8])
    # NaN fails these comparisons too.
    if not (longitude.max() <= SHORT_LONGITUDE_DEGREES**2 and s.max() <= SHORT_M):
        s[joints] = 0
        longitude[joints] = 0
        _measure_long(block)
    if not (lat.max() <= _LATITUDE_LIMIT and lat.min() >= -_LATITUDE_LIMIT):
        beyond = ~(np.abs(lat) <= _LATITUDE_LIMIT)
        s[beyond[1:] | beyond[:-1]] = np.nan
    s[joints] = 0
    return s


def curvature(block: Block, out: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Give the curvature of the ellipsoid along each segment of a block that `measure_block` has measured.

    Parameters
    ----------
    block
        The block.
    out
        (m,) where to put it.

    Returns
    -------
    numpy.ndarray
        (m,) 1/R in 1/m by Euler's theorem, 1/R = cos² α / M + sin² α / N (e.g. Rapp, "Geometric Geodesy" I,
        1991): for a short segment at its middle; for a long one with the radii of its middle
        latitude and the azimuths of its ends.
    """
    _, northing, easting, w = block.work[:4]
    np.add(northing, easting, out=out)
    out += np.finfo(float).tiny  # a segment of no length has no azimuth and needs none
    np.divide(northing, out, out=out)
    w -= 1
    out *= w
    w += 1
    out += 1
    root = np.sqrt(w, out=easting)
    out *= root
    out *= np.sqrt(_K) / SEMI_MAJOR_M
    return out


def _lengths(block: Block) -> tuple[NDArray[np.float64]]:
    return (measure_block(block),)


def _series(work: NDArray[np.float64]) -> None:
    """
    Measure short segments by the series of the fourth order.

    In: `northing` holds the difference x and `v` the sum of the latitudes, `longitude` the difference y of
    the longitudes, all in degrees. Out: `s` holds metres, `northing` X, `easting` Y, `w` W', `longitude` y²,
    `v` cos² φ at the middle latitude. With e'² = e² / (1 - e²)::

        W' = 1 + e'² v,   X = (x / W')²,   Y = v y²
        s² = a² / ((1 - e²) W') (X + Y - y²/12 (X P(v) + Y (1 - v)) + X² Q(v))
    """
    s, northing, easting, w, longitude, v, a, b = work
    v *= _RADIAN / 2
    # cos² = 1 / (1 + tan²): NumPy's vector unit knows the tangent, where the cosine takes six times as long.
    np.tan(v, out=v)
    v *= v
    v += 1
    np.divide(1, v, out=v)
    np.multiply(v, _W1, out=w)
    w += 1
    np.divide(northing, w, out=northing)
    northing *= northing
    longitude *= longitude
    np.multiply(v, longitude, out=easting)
    np.multiply(v, _P2, out=a)
    a += _P1
    a *= v
    a += _P0
    a *= northing
    np.multiply(v, _U, out=b)
    b -= _U
    b *= easting
    a += b
    a *= longitude
    np.multiply(v, _Q2, out=b)
    b += _Q1
    b *= v
    b += _Q0
    b *= northing
    b += 1
    b *= northing
    a += b
    a += easting
    a /= w
    np.sqrt(a, out=s)
    s *= _UNIT


def _measure_long(block: Block) -> None:
    """Measure again, by Karney's algorithm, what is too long for the series or not known to be short."""
    s, northing, easting, _, longitude = block.work[:5]
    long = np.flatnonzero(~((longitude <= SHORT_LONGITUDE_DEGREES**2) & (s <= SHORT_M)))
    if not len(long):
        return
    forward, backward, s[long] = wgs84().inv(
        block.lon[long], block.lat[long], block.lon[long + 1], block.lat[long + 1]
    )
    # What `curvature` needs of them: the azimuth as a share of north-south and of east-west.
    share = (np.cos(np.radians(forward)) ** 2 + np.cos(np.radians(backward)) ** 2) / 2
    northing[long] = share
    easting[long] = 1 - share


@functools.cache
def wgs84() -> pyproj.Geod:
    """
    Give the geodesics of WGS 84.

    Returns
    -------
    pyproj.Geod
        One object for all, as making it takes longer than measuring with it.
    """
    import pyproj  # noqa: PLC0415 - needed by long segments only

    return pyproj.Geod(ellps="WGS84")
