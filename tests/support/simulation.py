"""Surveys simulated in the plane, to hold standard deviations and biases against; for tests and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

SURVEYS = 10_000
_LON, _LAT = 51.67, 32.67
# Radii of curvature of WGS 84 at this latitude, metres.
_MERIDIAN, _NORMAL = 6_353_963.7, 6_384_367.6
_AT_ONCE = 500


def placed(plane: NDArray[np.float64]) -> shapely.LineString:
    """Put plane metres on the ellipsoid near Isfahan."""
    lon = _LON + np.degrees(plane[:, 0] / (_NORMAL * np.cos(np.radians(_LAT))))
    return shapely.LineString(np.c_[lon, _LAT + np.degrees(plane[:, 1] / _MERIDIAN)])


def length(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure a line of (…, n, 2) plane metres."""
    return np.asarray(np.linalg.norm(np.diff(plane, axis=-2), axis=-1).sum(axis=-1))


def simulated(
    lines: Sequence[NDArray[np.float64]],
    sigma: Sequence[float] | float,
    seed: int,
    *,
    correlation_m: float = 0.0,
    surveys: int = SURVEYS,
    measure: Sequence[Callable[[NDArray[np.float64]], NDArray[np.float64]]] | None = None,
) -> tuple[float, float]:
    """
    Survey lines many times and add their lengths up: standard deviation and bias of the sum.

    Equal positions are one point, with the least σ of the lines that have it. Errors come in pairs of opposite sign,
    which steadies the bias. `measure` gives each line's length from its surveyed points, where it is no polyline.
    """
    sigma = np.broadcast_to(sigma, len(lines))
    flat = np.concatenate(lines)
    points, point_of = np.unique(flat, axis=0, return_inverse=True)
    point_of = point_of.ravel()
    own = np.full(len(points), np.inf)
    np.minimum.at(own, point_of, np.repeat(sigma, [len(line) for line in lines]))
    root = None
    if correlation_m:
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        root = np.linalg.cholesky(np.exp(-apart / correlation_m) + 1e-12 * np.eye(len(points)))
    borders = np.cumsum([len(line) for line in lines])[:-1]
    ways = measure or [length] * len(lines)
    rng = np.random.default_rng(seed)
    sums = []
    for _ in range(surveys // 2 // _AT_ONCE):
        errors = rng.normal(size=(_AT_ONCE, len(points), 2))
        if root is not None:
            errors = np.einsum("ij,sjk->sik", root, errors, optimize=True)
        errors *= own[:, None]
        for sign in (1, -1):
            surveyed = (points + sign * errors)[:, point_of]
            parts = np.split(surveyed, borders, axis=1)
            sums.append(sum(way(part) for way, part in zip(ways, parts, strict=True)))
    every = np.concatenate(sums)
    true = sum(way(line) for way, line in zip(ways, lines, strict=True))
    return float(every.std(ddof=1)), float(every.mean() - true)
