"""Ends of lines that lie in one trench: where several surveys of a trench end, the farthest end counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.lengths.points import repeated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.network.lines import Flags, Floats, Rows

    Names = NDArray[np.uint64]

# Lines that part or cross at a wider angle do not run along each other.
PARALLEL_DEGREES = 30.0
COSINE = float(np.cos(np.radians(PARALLEL_DEGREES)))
# Ends that lie no further apart than this many deviations of their distance are one end, surveyed several times.
_SAME = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """
    Ends of segments at which no other one goes on in their direction: ends of lines, and corners.

    Attributes
    ----------
    rows
        (t, 2) the segment, and which of its two ends.
    xy
        (t, 2) places in a plane.
    out
        (t, 2) the direction from the segment outwards.
    names
        (t,) numbers that equal points share.
    width, sigma
        (t,) how wide a trench is there, and the deviation of a coordinate, in the plane's unit.
    """

    rows: Rows
    xy: Floats
    out: Floats
    names: Names
    width: Floats
    sigma: Floats

    @classmethod
    def of(cls, segments: Floats, names: Names, width: Floats, sigma: Floats) -> Ends:
        """
        Find the ends of segments.

        Parameters
        ----------
        segments
            (u, 2, 2) different segments, in a plane.
        names
            (u, 2) numbers that equal points share.
        width, sigma
            (u,) how wide a trench is, and the deviation of a coordinate.

        Returns
        -------
        Ends
            Those at which no other segment goes on within `PARALLEL_DEGREES`.
        """
        along = segments[:, 1] - segments[:, 0]
        along /= np.hypot(*along.T)[:, None]
        out = np.stack([-along, along], axis=1).reshape(-1, 2)
        free = ~_going_on(names.ravel(), out)
        rows = np.column_stack(np.divmod(np.flatnonzero(free), 2))
        return cls(
            rows,
            segments.reshape(-1, 2)[free],
            out[free],
            names.ravel()[free],
            width[rows[:, 0]],
            sigma[rows[:, 0]],
        )


def _going_on(names: Names, out: Floats) -> Flags:
    """Tell at which ends another segment goes on."""
    meeting = repeated(names)
    order = meeting[np.argsort(names[meeting], kind="stable")]
    new = np.ones(len(order), dtype=bool)
    new[1:] = names[order[1:]] != names[order[:-1]]
    first = np.flatnonzero(new)
    size = np.diff(first, append=len(order))
    # Each end with all that meet it in its point.
    each = np.repeat(size, size)
    one = np.repeat(np.arange(len(order)), each)
    within = np.arange(len(one)) - np.repeat(np.cumsum(each) - each, each)
    other = np.repeat(np.repeat(first, size), each) + within
    one, other = order[one], order[other]
    on = np.zeros(len(names), dtype=bool)
    on[one[(out[one] * -out[other]).sum(axis=1) >= COSINE]] = True
    return on


def surveyed_again(ends: Ends, tips: Floats, correlation: float) -> tuple[Floats, float, float]:
    """
    Let ends that were surveyed several times count as the farthest of them does.

    Parameters
    ----------
    ends
        The ends.
    tips
        (u, 2, 2) how a length changes with the two ends of each segment.
    correlation
        The distance at which errors are correlated by 1/e, in the plane's unit; 0 where each point errs by itself.

    Returns
    -------
    tips : numpy.ndarray
        (u, 2, 2) the same with what such ends do together spread over them evenly: any may be the farthest.
    variance, bias : float
        What the farthest has beyond their mean.

    Notes
    -----
    The largest of c independent normal values of one deviation is their mean, and by how much it is larger than that;
    the two are independent of each other (D. Basu, "On statistics independent of a complete sufficient statistic",
    Sankhyā 15, 1955). Of two this is half of how far they are apart, |D|/2; what two corners on the same points have in
    common follows from Cov(|D|, |D'|) = (2/π) s² (√(1 - ρ²) + ρ arcsin ρ - 1).
    """
    group, spread = _groups(ends, correlation)
    which = np.flatnonzero(group >= 0)
    if not len(which):
        return tips, 0.0, 0.0
    tips = tips.copy()
    of = group[which]
    number = int(of.max()) + 1
    rows = tuple(ends.rows[which].T)
    sums = [np.bincount(of, weights=axis, minlength=number) for axis in ends.out[which].T]
    out: Floats = np.stack(sums, axis=1) / np.hypot(*sums)[:, None]
    pull = np.bincount(of, weights=(tips[rows] * out[of]).sum(axis=1), minlength=number)
    # Of several ends in one point each has a part of the point's.
    point, of_point = np.unique(np.column_stack([of, ends.names[which]]), axis=0, return_inverse=True)
    of_point = of_point.ravel()
    points = np.bincount(point[:, 0].astype(np.intp), minlength=number)
    parts = np.bincount(of_point)[of_point] * points[of]
    tips[rows] = (pull[of] / parts)[:, None] * out[of]
    mean, variance = np.array([farthest(int(count)) for count in points]).T
    beyond = np.maximum(pull, 0) * spread
    own = np.square(beyond) * variance
    return (
        tips,
        float(own.sum() + _common(ends, group, which, out, own, points)),
        float((beyond * mean).sum()),
    )


def _groups(ends: Ends, correlation: float) -> tuple[Rows, Floats]:
    """Give which end each one is with others, -1 for none, and the deviation of a coordinate of those of each."""
    reach = 2 * _SAME * float(ends.sigma.max(initial=0.0))
    if not reach:
        return np.full(len(ends.xy), -1, dtype=np.intp), np.zeros(0)
    tree = shapely.STRtree(np.asarray(shapely.points(ends.xy), dtype=object))
    one, other = tree.query(
        tree.geometries, predicate="dwithin", distance=float(np.hypot(reach, ends.width.max()))
    )
    near = (one < other) & ((ends.out[one] * ends.out[other]).sum(axis=1) >= COSINE)
    one, other = one[near], other[near]
    apart = ends.xy[one] - ends.xy[other]
    away = np.abs((apart * ends.out[one]).sum(axis=1))
    aside = np.abs(apart[:, 0] * ends.out[one, 1] - apart[:, 1] * ends.out[one, 0])
    sigma, others = ends.sigma[one], ends.sigma[other]
    shared = np.exp(-np.hypot(*apart.T) / correlation) if correlation > 0 else np.zeros(len(one))
    square = np.maximum(sigma**2 + others**2 - 2 * shared * sigma * others, 0)
    same = ends.names[one] == ends.names[other]
    near = same | (
        (away <= _SAME * np.sqrt(square)) & (aside <= np.maximum(ends.width[one], ends.width[other]))
    )
    one, other, square, same = one[near], other[near], square[near], same[near]
    from scipy import sparse  # noqa: PLC0415 - heavy, and few totals are of trenches

    links = sparse.coo_array((np.ones(len(one)), (one, other)), shape=(len(ends.xy),) * 2)
    _, part = sparse.csgraph.connected_components(links, directed=False)
    # A group is of two points at least.
    twice = np.bincount(part[one[~same]], minlength=len(ends.xy))
    sums = np.bincount(part[one[~same]], weights=square[~same], minlength=len(ends.xy))
    groups = np.flatnonzero(twice)
    number = np.full(len(ends.xy), -1, dtype=np.intp)
    number[groups] = np.arange(len(groups))
    return number[part], np.sqrt(sums[groups] / twice[groups] / 2)


def _common(ends: Ends, group: Rows, which: Rows, out: Floats, own: Floats, points: Rows) -> float:
    """Give twice the covariance of what the groups have that share points: of corners, one for each leg."""
    order = which[np.argsort(ends.names[which], kind="stable")]
    one, other = order[:-1], order[1:]
    met = (ends.names[one] == ends.names[other]) & (group[one] != group[other])
    pairs = np.sort(np.column_stack([group[one[met]], group[other[met]]]), axis=1)
    pairs, times = np.unique(pairs, axis=0, return_counts=True)
    if not len(pairs):
        return 0.0
    a, b = pairs.T
    rho = np.clip((out[a] * out[b]).sum(axis=1), -1, 1)
    alike = (np.sqrt(1 - rho**2) + rho * np.arcsin(rho) - 1) / (np.pi / 2 - 1)
    share = times / np.maximum(points[a], points[b])
    return float((2 * share * alike * np.sqrt(own[a] * own[b])).sum())


@cache
def farthest(count: int) -> tuple[float, float]:
    """
    Give by how much the largest of some standard normal values is larger than their mean.

    Parameters
    ----------
    count
        How many; 1 or more.

    Returns
    -------
    mean, variance : float
        Of 2: 1/√π and 1/2 - 1/π.
    """
    from scipy import integrate, special  # noqa: PLC0415 - heavy, and few totals are of trenches

    def moment(power: int) -> float:
        def density(x: float) -> float:
            return float(
                x**power * count * np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * special.ndtr(x) ** (count - 1)
            )

        return float(integrate.quad(density, -12, 12, epsabs=1e-12)[0])

    mean = moment(1)
    return mean, moment(2) - mean**2 - 1 / count
