"""
How well a length is known: standard deviation and bias from the accuracy of the surveyed coordinates.

Each horizontal coordinate of a point has a normally distributed error of standard deviation σ. Points err by themselves
unless the project says up to where their errors are alike. Errors that all points of a survey share, such as a wrong
base station, move a line and do not change its length. `docs/lengths.md` derives the formulas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.lengths.distances import BUFFERS, Distances, distances
from gis.lengths.points import Accuracy, marks, marks_within, moments, repeated
from gis.lengths.vertices import Block, Vertices, measure_lines, sum_segments
from gis.schema import SURVEYED

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def length_uncertainty(
    lines: ArrayLike, accuracy_m: ArrayLike, threads: int | None = None, *, correlation_m: float = 0.0
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
    correlation_m
        Errors of points d apart are correlated by exp(-d/correlation_m); 0 where each point errs by itself.

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

    def of_lines(some: Vertices, which: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        own = sigma[which]
        return vertices_uncertainty(some, Accuracy(own, np.zeros(len(own), dtype=bool), correlation_m))

    std, bias = measure_lines(lines, of_lines, threads=threads)
    return std, bias


def vertices_uncertainty(
    vertices: Vertices, accuracy: Accuracy, mark: NDArray[np.uint64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Tell how well lines that are flat arrays already are known, as `length_uncertainty` does.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    accuracy
        How well their vertices are known.
    mark
        (m,) the marks of their vertices, where they are known already.

    Returns
    -------
    std : numpy.ndarray
        (count,) metres.
    bias : numpy.ndarray
        (count,) metres.
    """
    sums: NDArray[np.float64]
    if accuracy.correlation_m > 0:
        special, sums = np.ones(vertices.count, dtype=bool), np.zeros((2, vertices.count))
    else:
        kept = _no_repeats(vertices)
        distinct = vertices if kept.all() else _only(vertices, kept)
        sigma = accuracy.sigma[distinct.owners]
        by_part = sum_segments(distinct, _moments, sigma, results=2, buffers=BUFFERS, lead=1)
        sums = np.array([vertices.sum_parts(one) for one in by_part])
        mark = marks(vertices.coordinates) if mark is None else mark
        special = _through_points_again(distinct, mark if distinct is vertices else mark[kept])
        if accuracy.roles is not None:
            line = np.repeat(vertices.owners, np.diff(vertices.offsets))
            special[line[accuracy.roles != SURVEYED]] = True
    special &= ~vertices.unmeasurable
    if special.any():
        # Each of these by all its points, those that it passes through again being one.
        groups = np.where(special, np.cumsum(special) - 1, -1)
        sums[:, special] = moments(vertices, accuracy, groups, int(special.sum()))
    sums[:, vertices.unmeasurable] = np.nan
    return np.sqrt(sums[0]), sums[1]


def _moments(block: Block, sigma: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each segment's share of its part's variance, with the turn before it, and of its bias."""
    spans = np.diff(block.starts, append=len(block) - block.lead)
    if block.lead:
        # The one at the front matters as a neighbour in the same part only, which has the same accuracy.
        spans[0] += 1
    of_segment = np.repeat(sigma[block.parts], spans)
    ends = (block.lon[:-1], block.lat[:-1], block.lon[1:], block.lat[1:])
    segments = distances(*ends, of_segment, block.work, block.joints)
    segments.silence(block.joints)
    variance = segments.variance
    variance[1:] += _turn(segments, slice(None, -1), slice(1, None), *block.work[-2:, 1:])
    variance *= of_segment
    variance *= of_segment
    return variance, segments.bias


def _turn(
    segments: Distances, before: slice, after: slice, out: NDArray[np.float64], spare: NDArray[np.float64]
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


def _through_points_again(vertices: Vertices, mark: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which lines pass a point more than once: rings, there and back, parts that meet."""
    line = np.repeat(vertices.owners, np.diff(vertices.offsets))
    again: NDArray[np.bool_] = np.zeros(vertices.count, dtype=bool)
    again[line[repeated(marks_within(mark, line))]] = True
    return again


def _no_repeats(vertices: Vertices) -> NDArray[np.bool_]:
    """Tell which vertices do not repeat the one before them in their part: one position, recorded twice."""
    lon, lat = vertices.coordinates[:, 0], vertices.coordinates[:, 1]
    kept = np.ones(len(lon), dtype=bool)
    np.not_equal(lon[1:], lon[:-1], out=kept[1:])
    kept[1:] |= lat[1:] != lat[:-1]
    kept[vertices.offsets[:-1]] = True
    return kept


def _only(vertices: Vertices, kept: NDArray[np.bool_]) -> Vertices:
    """Keep some vertices, the first of each part among them."""
    before = np.concatenate([[0], np.cumsum(kept)])
    return Vertices(
        vertices.coordinates[kept],
        before[vertices.offsets].astype(np.intp),
        vertices.owners,
        vertices.count,
        vertices.unmeasurable,
    )
