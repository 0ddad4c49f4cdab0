"""
How well a length is known: standard deviation and bias from the accuracy of the surveyed coordinates.

Every vertex is taken to be surveyed by itself, each of its horizontal coordinates with a normally distributed
error of standard deviation σ. Errors that all vertices of a survey share, such as a wrong base station, move
a line and do not change its length. `docs/lengths.md` derives the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.coordinates.mercator import SEMI_MAJOR_M
from gis.lengths.geodesic import ECCENTRICITY_SQUARED, SHORT_LONGITUDE_DEGREES, SHORT_M, wgs84
from gis.lengths.vertices import Block, Vertices, measure_lines, sum_segments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_RADIAN = np.pi / 180
_W1 = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED)
_UNIT = SEMI_MAJOR_M * _RADIAN / np.sqrt(1 - ECCENTRICITY_SQUARED)
# Segments longer than 20 σ take the first terms of the asymptotic series of the Bessel functions, good to
# 1e-7.
_FAR = 1 / 400
_RING_VERTICES = 4
_BUFFERS = 10


def length_uncertainty(
    lines: ArrayLike, accuracy_m: ArrayLike, threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Tell how well the horizontal length of each line is known.

    Parameters
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in WGS 84 degrees; also empty ones and None.
    accuracy_m
        One standard deviation of each horizontal coordinate in metres, for all lines or (n,) one for each.
    threads
        How many threads work; None takes as many as are worth it.

    Returns
    -------
    std : numpy.ndarray
        (n,) standard deviation of the length, metres.
    bias : numpy.ndarray
        (n,) by how much the errors make the line longer on average, metres. A length less its bias estimates
        the true length; the lengths of this package are not corrected for it.

    Notes
    -----
    With u the direction of a segment and L its length, the variance is to the first order
    σ² (2 + Σ |uᵢ - uᵢ₋₁|²) over the vertices inside: only ends and turns count; the bias is Σ σ²/L. On a
    straight line of many vertices the second order, 3 σ⁴/L² a segment, weighs in. It is included, and the
    mean of a segment's length, its variance and its mean derivatives are exact for any σ/L (Rice's
    distribution: S. O. Rice, "Mathematical analysis of random noise", Bell Syst. Tech. J. 24, 1945, sect.
    3.10).
    """
    sigma = np.asarray(accuracy_m, dtype=np.float64)
    if sigma.ndim == 0:
        sigma = np.full(np.size(np.asarray(lines, dtype=object)), sigma)
    std, bias = measure_lines(
        lines, lambda some, which: vertices_uncertainty(some, sigma[which]), threads=threads
    )
    return std, bias


def vertices_uncertainty(
    vertices: Vertices, accuracy_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Tell how well lines that are flat arrays already are known, as `length_uncertainty` does.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    accuracy_m
        (count,) one standard deviation of each coordinate of each line, metres.

    Returns
    -------
    std : numpy.ndarray
        (count,) metres; parts of one line and lines of one survey are taken as independent.
    bias : numpy.ndarray
        (count,) metres, likewise.
    """
    distinct = _without_repeats(vertices)
    sigma = accuracy_m[distinct.owners]
    variance, bias = sum_segments(distinct, _moments, sigma, results=2, buffers=_BUFFERS, lead=1)
    _close_rings(distinct, sigma, variance)
    return np.sqrt(vertices.sum_parts(variance)), vertices.sum_parts(bias)


def combined(std: ArrayLike) -> float:
    """
    Give the standard deviation of a sum of independent lengths.

    Parameters
    ----------
    std
        (n,) standard deviation of each, NaN where one has no length and counts for nothing.

    Returns
    -------
    float
        √Σ std². Routes that share surveyed vertices are not quite independent; where they go on in the same
        direction the true figure is smaller, where they double back it is up to √2 times as large.
    """
    return float(np.sqrt(np.nansum(np.square(std))))


@dataclass(slots=True, eq=False)
class _Segments:
    """
    Direction and length of segments, and the mean derivatives of their length under the errors of their ends.

    `leaving` and `arriving` are the components east and north of unit vectors at either end; `slope` is the mean of
    the first derivative, `across` and `along` those of the second times σ; `variance` that of the length over σ²;
    `bias` in metres. `along` is None where no segment is short enough for it to matter.
    """

    leaving: tuple[NDArray[np.float64], NDArray[np.float64]]
    arriving: tuple[NDArray[np.float64], NDArray[np.float64]]
    slope: NDArray[np.float64]
    across: NDArray[np.float64]
    along: NDArray[np.float64] | None
    variance: NDArray[np.float64]
    bias: NDArray[np.float64]

    def silence(self, joints: NDArray[np.intp]) -> None:
        """Let segments that do not count have no part in anything."""
        for values in (*self.leaving, *self.arriving, self.slope, self.across, self.variance, self.bias):
            values[joints] = 0
        if self.along is not None:
            self.along[joints] = 0


def _moments(block: Block, sigma: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each segment's share of its part's variance, with the turn before it, and of its bias."""
    spans = np.diff(block.starts, append=len(block) - block.lead)
    if block.lead:
        # The one at the front matters as a neighbour in the same part only, which has the same accuracy.
        spans[0] += 1
    of_segment = np.repeat(sigma[block.parts], spans)
    ends = (block.lon[:-1], block.lat[:-1], block.lon[1:], block.lat[1:])
    segments = _segments(*ends, of_segment, block.work, block.joints)
    segments.silence(block.joints)
    variance = segments.variance
    variance[1:] += _turn(segments, slice(None, -1), slice(1, None), *block.work[-2:, 1:])
    variance *= of_segment
    variance *= of_segment
    return variance, segments.bias


def _turn(
    segments: _Segments, before: slice, after: slice, out: NDArray[np.float64], spare: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give what the vertex between two segments adds to the variance, in units of σ²."""
    cosine, term = out, spare
    np.multiply(segments.arriving[0][before], segments.leaving[0][after], out=cosine)
    np.multiply(segments.arriving[1][before], segments.leaving[1][after], out=term)
    cosine += term
    squared = None if segments.along is None else cosine**2
    np.multiply(segments.across[before], segments.across[after], out=term)
    term *= cosine
    term -= 2 * segments.slope[before] * segments.slope[after]
    cosine *= term
    if segments.along is not None and squared is not None:
        a, b = segments.across[before], segments.across[after]
        p, q = segments.along[before], segments.along[after]
        cosine += squared * p * q + (1 - squared) * (a * q + p * b)
    return cosine


def _segments(
    lon_from: NDArray[np.float64],
    lat_from: NDArray[np.float64],
    lon_to: NDArray[np.float64],
    lat_to: NDArray[np.float64],
    sigma: NDArray[np.float64],
    work: NDArray[np.float64],
    joints: NDArray[np.intp],
) -> _Segments:
    """Work out segments, the short ones in the plane that touches the ellipsoid at their middle."""
    east, north, ratio, q, slope, across, variance, bias = work[: _BUFFERS - 2]
    middle, w = q, bias
    np.subtract(lon_to, lon_from, out=east)
    np.subtract(lat_to, lat_from, out=north)
    east[joints] = 0
    widest = max(east.max(), -east.min())
    np.add(lat_to, lat_from, out=middle)
    middle *= _RADIAN / 2
    np.tan(middle, out=middle)
    middle *= middle
    middle += 1
    np.divide(1, middle, out=middle)  # cos² φ
    np.multiply(middle, _W1, out=w)
    np.sqrt(middle, out=middle)
    east *= middle
    w += 1
    north /= w
    # The reciprocal of the length, at first in degrees.
    np.multiply(east, east, out=ratio)
    np.multiply(north, north, out=middle)
    ratio += middle
    np.sqrt(ratio, out=ratio)
    np.divide(1, ratio, out=ratio)
    east *= ratio
    north *= ratio
    np.sqrt(w, out=w)
    ratio *= w
    ratio /= _UNIT
    ratio[joints] = 1
    arriving = (east, north)
    # NaN fails these comparisons too.
    if not (widest <= SHORT_LONGITUDE_DEGREES and ratio.min() >= 1 / SHORT_M):
        arriving = (east.copy(), north.copy())
        long = ~((np.abs(lon_to - lon_from) <= SHORT_LONGITUDE_DEGREES) & (ratio >= 1 / SHORT_M))
        long[joints] = False
        at = np.flatnonzero(long)
        out, back, length = wgs84().inv(lon_from[at], lat_from[at], lon_to[at], lat_to[at])
        east[at], north[at] = np.sin(np.radians(out)), np.cos(np.radians(out))
        arriving[0][at], arriving[1][at] = -np.sin(np.radians(back)), -np.cos(np.radians(back))
        ratio[at] = 1 / length
    ratio *= sigma
    ratio[joints] = 0
    along = _rice(ratio, sigma, q, slope, across, variance, bias)
    return _Segments((east, north), arriving, slope, across, along, variance, bias)


def _rice(
    ratio: NDArray[np.float64],
    sigma: NDArray[np.float64],
    q: NDArray[np.float64],
    slope: NDArray[np.float64],
    across: NDArray[np.float64],
    variance: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """
    Give the mean derivatives of a distance L whose ends err, its variance and its bias, from the ratio σ / L.

    The distance follows Rice's distribution with s² = 2 σ². With z = L² / 8σ² its mean is
    m = s √(π/2) ((1 + 2z) I₀(z) + 2z I₁(z)) exp(-z). Along the segment the mean derivatives are m' = L b and
    m'' = p, across it the second is b, where b, p = √(π/2) / 2s (I₀(z) ± I₁(z)) exp(-z). For segments of more than
    20 σ these are their asymptotic series; there p is too small to matter.
    """
    np.multiply(ratio, ratio, out=q)
    np.multiply(q, -1.5, out=slope)
    slope -= 1
    slope *= q
    slope += 1
    np.multiply(slope, ratio, out=across)
    np.multiply(slope, slope, out=variance)
    variance *= 2
    np.multiply(q, variance, out=bias)
    variance += bias
    np.multiply(q, 0.5, out=bias)
    bias += 1
    bias *= ratio
    bias *= sigma
    near = np.flatnonzero(q > _FAR)
    if not len(near):
        return None
    from scipy.special import i0e, i1e  # noqa: PLC0415 - heavy, and a good survey needs none

    along = np.zeros_like(q)
    z = 1 / (8 * q[near])
    i0, i1 = i0e(z), i1e(z)
    across[near] = np.sqrt(np.pi) / 4 * (i0 + i1)
    along[near] = np.sqrt(np.pi) / 4 * (i0 - i1)
    slope[near] = across[near] / ratio[near]
    mean = np.sqrt(np.pi) * ((1 + 2 * z) * i0 + 2 * z * i1)
    variance[near] = 4 + 8 * z - mean**2
    bias[near] = sigma[near] * (mean - 1 / ratio[near])
    return along


def _without_repeats(vertices: Vertices) -> Vertices:
    """Drop vertices that repeat the one before them in their part: one position, recorded twice."""
    positions = vertices.coordinates[:, :2]
    repeated = np.zeros(len(positions), dtype=bool)
    repeated[1:] = (positions[1:, 0] == positions[:-1, 0]) & (positions[1:, 1] == positions[:-1, 1])
    repeated[vertices.offsets[:-1]] = False
    if not repeated.any():
        return vertices
    kept = np.concatenate([[0], np.cumsum(~repeated)])
    return Vertices(
        vertices.coordinates[~repeated],
        kept[vertices.offsets].astype(np.intp),
        vertices.owners,
        vertices.count,
        vertices.unmeasurable,
    )


def _close_rings(vertices: Vertices, sigma: NDArray[np.float64], variance: NDArray[np.float64]) -> None:
    """Add the turn where a ring closes: its first and last vertex are one, surveyed once."""
    first, last = vertices.offsets[:-1], vertices.offsets[1:] - 1
    lon, lat = vertices.coordinates[:, 0], vertices.coordinates[:, 1]
    rings = np.flatnonzero(
        (last - first + 1 >= _RING_VERTICES) & (lon[first] == lon[last]) & (lat[first] == lat[last])
    )
    if not len(rings):
        return
    start = np.concatenate([last[rings] - 1, first[rings]])
    half = len(rings)
    work = np.empty((_BUFFERS, 2 * half))
    ends = (lon[start], lat[start], lon[start + 1], lat[start + 1])
    both = _segments(*ends, np.tile(sigma[rings], 2), work, np.zeros(0, dtype=np.intp))
    turn = _turn(both, slice(None, half), slice(half, None), *work[-2:, :half])
    variance[rings] += sigma[rings] ** 2 * turn
