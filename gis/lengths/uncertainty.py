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

from gis.lengths.geodesic import ECCENTRICITY_SQUARED, SHORT_LONGITUDE_DEGREES, SHORT_M, wgs84
from gis.lengths.vertices import Block, Vertices, explode, sum_segments
from gis.mercator import SEMI_MAJOR_M

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_RADIAN = np.pi / 180
_W1 = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED)
_UNIT = SEMI_MAJOR_M * _RADIAN / np.sqrt(1 - ECCENTRICITY_SQUARED)
# Segments longer than 20 σ take the first terms of the asymptotic series of the Bessel functions, good to
# 1e-7.
_FAR = 1 / 400
_RING_VERTICES = 4


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
    vertices = explode(lines)
    sigma = np.broadcast_to(np.asarray(accuracy_m, dtype=np.float64), (vertices.count,))
    return vertices_uncertainty(vertices, sigma, threads)


def vertices_uncertainty(
    vertices: Vertices, accuracy_m: NDArray[np.float64], threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Tell how well lines that are flat arrays already are known, as `length_uncertainty` does.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    accuracy_m
        (count,) one standard deviation of each coordinate of each line, metres.
    threads
        How many threads work; None takes as many as are worth it.

    Returns
    -------
    std, bias : numpy.ndarray
        (count,) metres; parts of one line and lines of one survey are taken as independent.
    """
    distinct = _without_repeats(vertices)
    sigma = accuracy_m[distinct.owners]
    variance, bias = sum_segments(distinct, _moments, sigma, results=2, lead=1, threads=threads)
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

    `leaving` and `arriving` are (2, m) unit vectors east and north at either end; `slope` is the mean of the
    first derivative, `across` and `along` those of the second times σ, `variance` that of the length over σ²,
    `bias` in metres.
    """

    leaving: NDArray[np.float64]
    arriving: NDArray[np.float64]
    slope: NDArray[np.float64]
    across: NDArray[np.float64]
    along: NDArray[np.float64]
    variance: NDArray[np.float64]
    bias: NDArray[np.float64]


def _moments(block: Block, sigma: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each segment's share of its part's variance, with the turn before it, and of its bias."""
    spans = np.diff(block.starts, append=len(block) - block.lead)
    of_segment = np.repeat(sigma[block.parts], spans)
    if block.lead:
        # Only a segment of the same part is a neighbour, and that has the same accuracy.
        of_segment = np.concatenate([of_segment[:1], of_segment])
    segments = _segments(block.lon[:-1], block.lat[:-1], block.lon[1:], block.lat[1:], of_segment)
    for values in (segments.slope, segments.across, segments.along, segments.variance, segments.bias):
        values[block.joints] = 0
    for directions in (segments.leaving, segments.arriving):
        directions[:, block.joints] = 0
    variance = segments.variance
    variance[1:] += _turn(segments, slice(None, -1), slice(1, None))
    variance *= of_segment**2
    return variance, segments.bias


def _turn(segments: _Segments, before: slice, after: slice) -> NDArray[np.float64]:
    """Give what the vertex between two segments adds to the variance, in units of σ²."""
    cosine = (segments.arriving[:, before] * segments.leaving[:, after]).sum(axis=0)
    squared = cosine**2
    a, b = segments.across[before], segments.across[after]
    p, q = segments.along[before], segments.along[after]
    return np.asarray(
        squared * (a * b + p * q)
        + (1 - squared) * (a * q + p * b)
        - 2 * cosine * segments.slope[before] * segments.slope[after]
    )


def _segments(
    lon_from: NDArray[np.float64],
    lat_from: NDArray[np.float64],
    lon_to: NDArray[np.float64],
    lat_to: NDArray[np.float64],
    sigma: NDArray[np.float64],
) -> _Segments:
    """Work out segments, the short ones in the plane that touches the ellipsoid at their middle."""
    middle = np.cos((lat_to + lat_from) * (_RADIAN / 2))
    w = middle**2 * _W1 + 1
    directions = np.stack([lon_to - lon_from, lat_to - lat_from])
    long = np.abs(directions[0]) > SHORT_LONGITUDE_DEGREES
    directions[0] *= middle
    directions[1] /= w
    norm = np.hypot(directions[0], directions[1])
    length = norm / np.sqrt(w) * _UNIT
    directions /= norm
    arriving = directions
    long |= length > SHORT_M
    if long.any():
        arriving = directions.copy()
        at = np.flatnonzero(long)
        out, back, length[at] = wgs84().inv(lon_from[at], lat_from[at], lon_to[at], lat_to[at])
        directions[:, at] = np.sin(np.radians(out)), np.cos(np.radians(out))
        arriving[:, at] = -np.sin(np.radians(back)), -np.cos(np.radians(back))
    return _Segments(directions, arriving, *_rice(length, sigma))


def _rice(length: NDArray[np.float64], sigma: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """
    Give the mean derivatives of a distance whose ends err, its variance and its bias.

    The distance follows Rice's distribution with s² = 2 σ². With z = L² / 8σ² its mean is
    m = s √(π/2) ((1 + 2z) I₀(z) + 2z I₁(z)) exp(-z). Along the segment the mean derivatives are m' = L b and
    m'' = p, across it the second is b, where b, p = √(π/2) / 2s (I₀(z) ± I₁(z)) exp(-z).
    """
    ratio = sigma / length
    q = ratio**2
    slope = 1 - q * (1 + 1.5 * q)
    across = slope * ratio
    along = ratio * q * (2 + 6 * q)
    variance = 2 * (slope**2 + across**2 + along**2)
    bias = sigma * ratio * (1 + 0.5 * q)
    near = np.flatnonzero(q > _FAR)
    if len(near):
        from scipy.special import i0e, i1e  # noqa: PLC0415 - heavy, and a good survey needs none

        z = 1 / (8 * q[near])
        i0, i1 = i0e(z), i1e(z)
        across[near] = np.sqrt(np.pi) / 4 * (i0 + i1)
        along[near] = np.sqrt(np.pi) / 4 * (i0 - i1)
        slope[near] = across[near] / ratio[near]
        mean = np.sqrt(np.pi) * ((1 + 2 * z) * i0 + 2 * z * i1)
        variance[near] = 4 + 8 * z - mean**2
        bias[near] = sigma[near] * mean - length[near]
    return slope, across, along, variance, bias


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
    both = _segments(lon[start], lat[start], lon[start + 1], lat[start + 1], np.tile(sigma[rings], 2))
    half = len(rings)
    variance[rings] += sigma[rings] ** 2 * _turn(both, slice(None, half), slice(half, None))
