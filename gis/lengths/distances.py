"""Distances between points that err: direction, mean, variance and mean derivatives of segments, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.coordinates.mercator import SEMI_MAJOR_M
from gis.lengths.geodesic import ECCENTRICITY_SQUARED, SHORT_LONGITUDE_DEGREES, SHORT_M, wgs84

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How many buffers `distances` and its caller take.
BUFFERS = 10
_RADIAN = np.pi / 180
_W1 = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED)
_UNIT = SEMI_MAJOR_M * _RADIAN / np.sqrt(1 - ECCENTRICITY_SQUARED)
# Segments longer than 20 σ take the first terms of the asymptotic series of the Bessel functions, good to
# 1e-7.
_FAR = 1 / 400


@dataclass(slots=True, eq=False)
class Distances:
    """
    Direction and length of segments, and the mean derivatives of their length under the errors of their ends.

    Attributes
    ----------
    leaving, arriving
        Components east and north, (n,) each, of unit vectors at either end.
    slope
        (n,) the mean of the first derivative.
    across
        (n,) the mean of the second derivative across the segment, times σ.
    along
        The same along it; None where no segment is short enough for it to matter.
    variance
        (n,) that of the length, over σ².
    bias
        (n,) metres.
    """

    leaving: tuple[NDArray[np.float64], NDArray[np.float64]]
    arriving: tuple[NDArray[np.float64], NDArray[np.float64]]
    slope: NDArray[np.float64]
    across: NDArray[np.float64]
    along: NDArray[np.float64] | None
    variance: NDArray[np.float64]
    bias: NDArray[np.float64]

    def silence(self, joints: NDArray[np.intp]) -> None:
        """
        Let segments that do not count have no part in anything.

        Parameters
        ----------
        joints
            Which these are.
        """
        for values in (*self.leaving, *self.arriving, self.slope, self.across, self.variance, self.bias):
            values[joints] = 0
        if self.along is not None:
            self.along[joints] = 0


def distances(
    lon_from: NDArray[np.float64],
    lat_from: NDArray[np.float64],
    lon_to: NDArray[np.float64],
    lat_to: NDArray[np.float64],
    sigma: NDArray[np.float64],
    work: NDArray[np.float64],
    joints: NDArray[np.intp],
) -> Distances:
    """
    Work out segments, the short ones in the plane that touches the ellipsoid at their middle.

    Parameters
    ----------
    lon_from, lat_from, lon_to, lat_to
        (n,) their ends, WGS 84 degrees.
    sigma
        (n,) one standard deviation of each coordinate of either end, metres.
    work
        (`BUFFERS`, n) buffers; the first eight hold what is returned.
    joints
        Segments that do not count.

    Returns
    -------
    Distances
        What they are, and how they change with their ends.
    """
    east, north, ratio, q, slope, across, variance, bias = work[: BUFFERS - 2]
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
    return Distances((east, north), arriving, slope, across, along, variance, bias)


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
