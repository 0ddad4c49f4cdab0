"""
Lengths between surveyed points: what shares a point shares its error.

A point was surveyed once, however many routes and parts pass over it: vertices at equal coordinates (`marks`) are one
point. How uncertain a length, or a sum of lengths, is follows from how it changes with each point, added up over all
that touches the point before it is squared. `docs/lengths.md` derives the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.lengths.correlation import pair_sums
from gis.lengths.curves import followed
from gis.lengths.distances import BUFFERS, Distances, distances
from gis.schema import PUT_IN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.lengths.vertices import Vertices

# Those of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA
# 2014).
_MIXERS = tuple(np.uint64(one) for one in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_SHIFT = np.uint64(31)
_PLACES = 1e9
# Numbers of vertices that stay in the processor's cache while they are mixed.
_BLOCK = 32_768
_MOST_BITS = 27
_HALF_ROUND = 180_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """
    How well the vertices of lines are known.

    Attributes
    ----------
    sigma
        (count,) one standard deviation of each horizontal coordinate of each line's points, metres.
    assumed
        (count,) whether it was assumed, as the line states none.
    correlation_m
        Errors of points d apart are correlated by exp(-d/correlation_m); 0 where each point errs by itself.
    roles
        (m,) what each vertex is, as `gis.inventory.Curves` has it; None where all were surveyed.
    """

    sigma: NDArray[np.float64]
    assumed: NDArray[np.bool_]
    correlation_m: float = 0.0
    roles: NDArray[np.uint8] | None = None

    def of(self, which: slice, begins: NDArray[np.intp]) -> Accuracy:
        """
        Take some lines out.

        Parameters
        ----------
        which
            Which lines.
        begins
            (count + 1,) where the vertices of each line begin in `roles`; not asked for without roles.

        Returns
        -------
        Accuracy
            That of these lines.
        """
        roles = None if self.roles is None else self.roles[begins[which.start] : begins[which.stop]]
        if roles is not None and not roles.any():
            roles = None
        return Accuracy(self.sigma[which], self.assumed[which], self.correlation_m, roles)


def marks(coordinates: NDArray[np.float64]) -> NDArray[np.uint64]:
    """
    Give each position a number that equal positions share, and others practically never.

    Parameters
    ----------
    coordinates
        (m, 2 or more) degrees; equal means to nine places, a tenth of a millimetre, which is what bringing one point to
        degrees from two grids leaves between the two. 180° W is 180° E.

    Returns
    -------
    numpy.ndarray
        (m,) numbers.
    """
    mark: NDArray[np.uint64] = np.empty(len(coordinates), dtype=np.uint64)
    degrees = np.empty(min(_BLOCK, len(mark)))
    north = np.empty(len(degrees), dtype=np.int64)
    with np.errstate(invalid="ignore"):  # what is not finite has no length, and need not be told apart
        for begin in range(0, len(mark), _BLOCK):
            some = coordinates[begin : begin + _BLOCK]
            own, lat = mark[begin : begin + _BLOCK], north[: len(some)]
            lon = own.view(np.int64)
            for axis, whole in ((0, lon), (1, lat)):
                places = np.multiply(some[:, axis], _PLACES, out=degrees[: len(some)])
                whole[:] = np.rint(places, out=places)
            lon[lon == -_HALF_ROUND] = _HALF_ROUND
            own *= _MIXERS[0]
            own ^= own >> _SHIFT
            own += lat.view(np.uint64)
            own *= _MIXERS[1]
            own ^= own >> _SHIFT
            own *= _MIXERS[2]
            own ^= own >> _SHIFT
    return mark


def marks_within(mark: NDArray[np.uint64], within: NDArray[np.intp]) -> NDArray[np.uint64]:
    """
    Tell apart positions that are equal but not in the same thing.

    Parameters
    ----------
    mark
        (m,) as `marks` gives them.
    within
        (m,) numbers that must be equal as well.

    Returns
    -------
    numpy.ndarray
        (m,) numbers that are equal, but for practically impossible chances, where both are.
    """
    return mark + within.astype(np.uint64)


def repeated(mark: NDArray[np.uint64]) -> NDArray[np.intp]:
    """
    Find the marks that stand more than once.

    Parameters
    ----------
    mark
        (m,) as `marks` gives them.

    Returns
    -------
    numpy.ndarray
        (k,) where they stand, ascending.
    """
    if len(mark) < 2:  # noqa: PLR2004 - one is itself alone
        return np.zeros(0, dtype=np.intp)
    ordered = np.sort(mark)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(again):
        return np.zeros(0, dtype=np.intp)
    # Ordering numbers along with their places takes ten times as long as ordering them: so only those whose first bits
    # are those of one that stands more than once.
    bits = np.uint64(64 - min(max(len(again).bit_length() + 3, 10), _MOST_BITS))
    maybe = np.zeros(1 << (64 - int(bits)), dtype=bool)
    maybe[again >> bits] = True
    places = np.flatnonzero(maybe[mark >> bits])
    of = mark[places]
    found = np.searchsorted(again, of)
    found[found == len(again)] = 0
    result: NDArray[np.intp] = places[again[found] == of]
    return result


def moments(
    vertices: Vertices,
    accuracy: Accuracy,
    groups: NDArray[np.intp],
    count: int,
    segments: NDArray[np.intp] | None = None,
    weights: NDArray[np.float64] | None = None,
    pulls: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Give the variance and the bias of sums of lengths.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    accuracy
        How well their vertices are known.
    groups
        (vertices.count,) which sum each line belongs to, from 0; -1 for none. Points are one within a sum.
    count
        How many sums there are.
    segments
        (s,) only these, by the vertex that each begins at; None for all.
    weights
        (m,) how many times a sum has each segment, by the vertex that it begins at; None for once.
    pulls
        (m, 2) how a sum changes with each vertex besides, east and north; None for nothing.

    Returns
    -------
    variance : numpy.ndarray
        (count,) square metres.
    bias : numpy.ndarray
        (count,) metres.

    Notes
    -----
    With Lₑ the lengths of the segments and mₑ how many times the sum has them, and to the second order in the errors
    (which is exact for one segment and for two that share no point),
    Var Σ mₑ Lₑ = Σ mₑ² (Var Lₑ - 2 τₑ² Aₑ²) + Σᵢⱼ ρᵢⱼ σᵢσⱼ gᵢ·gⱼ + ½ Σᵥ (|Σ mₑ Tₑᵥ|² - Σ mₑ² |Tₑᵥ|²),
    gᵥ = Σ ±mₑ Aₑ uₑ, with u the segments' directions, A and T the means of the first and second derivatives of a
    segment's length under the errors of its ends, τ² = (σ₁² + σ₂² - 2 ρ σ₁σ₂)/2 half the variance of a coordinate's
    difference between them.
    """
    net = _net(vertices, accuracy, groups, segments, weights)
    variance: NDArray[np.float64] = np.zeros(count)
    bias: NDArray[np.float64] = np.zeros(count)
    if not len(net.begins):
        return variance, bias
    with np.errstate(all="ignore"):
        tau, kept = _apart(net)
        lon, lat = net.lonlat.T
        ends = (lon[net.begins], lat[net.begins], lon[net.ends], lat[net.ends])
        work = np.empty((BUFFERS, len(tau)))
        of = distances(*ends, tau, work, np.zeros(0, dtype=np.intp))
        of_edge = net.groups[net.begins]
        times = net.times
        first = np.square(of.slope)
        first *= 2
        own = (of.variance - first) * np.square(times * tau)
        variance += np.bincount(of_edge, weights=own, minlength=count)
        bias += np.bincount(of_edge, weights=times * of.bias, minlength=count)
        gradients = _gradients(net, of)
        if pulls is not None:
            moving = np.flatnonzero(net.point_of >= 0)
            np.add.at(gradients, net.point_of[moving], pulls[moving])
        if net.put_in.any():
            gradients = _followed(net, vertices, accuracy, gradients)
        errors = gradients * net.sigma[:, None]
        if net.positions is None:
            square = np.square(errors).sum(axis=1)
            variance += np.bincount(net.groups, weights=square, minlength=count)
        else:
            variance += pair_sums(net.positions, errors, net.groups, count, accuracy.correlation_m)
        variance += np.bincount(net.groups, weights=_second(net, of, tau, kept), minlength=count)
    return np.maximum(variance, 0), bias


@dataclass(frozen=True, slots=True, eq=False)
class _Net:
    """
    The points of sums, and the segments between them, each once.

    `lonlat`, `sigma`, `groups`, `put_in` and `positions` (in a plane, metres; None where errors are not correlated) are
    of the points, `begins`, `ends` and `times` of the segments; `seen` is a vertex that each point is, -1 for none.
    """

    lonlat: NDArray[np.float64]
    sigma: NDArray[np.float64]
    groups: NDArray[np.intp]
    put_in: NDArray[np.bool_]
    positions: NDArray[np.float64] | None
    seen: NDArray[np.intp]
    point_of: NDArray[np.intp]
    begins: NDArray[np.intp]
    ends: NDArray[np.intp]
    times: NDArray[np.float64]
    correlation_m: float


def _net(
    vertices: Vertices,
    accuracy: Accuracy,
    groups: NDArray[np.intp],
    segments: NDArray[np.intp] | None,
    weights: NDArray[np.float64] | None,
) -> _Net:
    line = np.repeat(vertices.owners, np.diff(vertices.offsets))
    if segments is None:
        inside = np.ones(len(line), dtype=bool)
        inside[vertices.offsets[1:] - 1] = False
        segments = np.flatnonzero(inside)
    segments = segments[groups[line[segments]] >= 0]
    used = np.zeros(len(line), dtype=bool)
    used[segments] = used[segments + 1] = True
    rows = np.flatnonzero(used)
    of_line = line[rows]
    own = groups[of_line]
    point, seen = _points(vertices.coordinates[rows, :2], own)
    number = len(seen)
    point_of = np.full(len(line), -1, dtype=np.intp)
    point_of[rows] = point
    # A stated accuracy goes before an assumed one, and of several the best: what one says of all its points.
    best = np.full((2, number), np.inf)
    for which, rows_of in enumerate((~accuracy.assumed[of_line], accuracy.assumed[of_line])):
        np.minimum.at(best[which], point[rows_of], accuracy.sigma[of_line[rows_of]])
    sigma = np.where(np.isfinite(best[0]), best[0], best[1])
    put_in = np.zeros(number, dtype=bool)
    if accuracy.roles is not None:
        added = rows[accuracy.roles[rows] == PUT_IN]
        put_in[point_of[added]] = True
        seen_vertex = rows[seen]
        seen_vertex[point_of[added]] = added
    else:
        seen_vertex = rows[seen]
    p, q = point_of[segments], point_of[segments + 1]
    apart = p != q
    p, q, segments = p[apart], q[apart], segments[apart]
    # Either way round it is the same segment.
    p, q = np.minimum(p, q), np.maximum(p, q)
    key, of_key, times = np.unique(p * number + q, return_inverse=True, return_counts=True)
    if weights is not None:
        times = np.bincount(of_key, weights=weights[segments], minlength=len(key))
    begins, ends = np.divmod(key, max(number, 1))
    lonlat = vertices.coordinates[seen_vertex, :2]
    return _Net(
        lonlat=lonlat,
        sigma=sigma,
        groups=own[seen],
        put_in=put_in,
        positions=_plane(lonlat) if accuracy.correlation_m > 0 else None,
        seen=seen_vertex,
        point_of=point_of,
        begins=begins,
        ends=ends,
        times=times.astype(np.float64),
        correlation_m=accuracy.correlation_m,
    )


def _points(
    lonlat: NDArray[np.float64], groups: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Tell which point each vertex is, (m,), and of each point a vertex that it is."""
    mark = marks_within(marks(lonlat), groups)
    order = np.argsort(mark, kind="stable")
    ordered = mark[order]
    new = np.ones(len(order), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    point = np.empty(len(order), dtype=np.intp)
    point[order] = np.cumsum(new) - 1
    return point, order[new]


def _plane(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay points out in a plane that keeps distances about their middle, metres."""
    import pyproj  # noqa: PLC0415 - heavy, and errors are seldom said to be correlated

    whole = lonlat[np.isfinite(lonlat).all(axis=1)]
    lon, lat = whole.mean(axis=0) if len(whole) else (0.0, 0.0)
    plane = pyproj.CRS.from_dict({"proj": "aeqd", "lon_0": float(lon), "lat_0": float(lat), "datum": "WGS84"})
    x, y = pyproj.Transformer.from_crs(4326, plane, always_xy=True).transform(*lonlat.T)
    return np.column_stack([x, y])


def _apart(net: _Net) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give τ of each segment, and which share of a point's variance its neighbour does not take part in, 1 - ρ."""
    one, other = net.sigma[net.begins], net.sigma[net.ends]
    own = np.ones(len(one))
    if net.positions is not None:
        away = np.hypot(*(net.positions[net.begins] - net.positions[net.ends]).T)
        own = -np.expm1(-away / net.correlation_m)
    tau = np.sqrt(np.maximum((one - other) ** 2 / 2 + one * other * own, 0))
    # What was put in moves along with what was surveyed: to the first order, and without a bias of its own.
    tau[net.put_in[net.begins] | net.put_in[net.ends]] = 0
    return tau, own


def _gradients(net: _Net, of: Distances) -> NDArray[np.float64]:
    """Give (n, 2) how the sums change with each point, east and north."""
    number = len(net.sigma)
    pull = net.times * of.slope
    return np.stack(
        [
            np.bincount(net.ends, weights=pull * arriving, minlength=number)
            - np.bincount(net.begins, weights=pull * leaving, minlength=number)
            for leaving, arriving in zip(of.leaving, of.arriving, strict=True)
        ],
        axis=1,
    )


def _followed(
    net: _Net, vertices: Vertices, accuracy: Accuracy, gradients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Hand what points that were put in would add to those that they follow."""
    roles = accuracy.roles
    if roles is None:
        return gradients
    put_in = np.flatnonzero(net.put_in)
    follows, shares = followed(vertices, roles, net.seen[put_in], gradients[put_in])
    alone = (follows < 0).reshape(3, -1).all(axis=0)
    known = follows >= 0
    handed = gradients.copy()
    handed[put_in[~alone]] = 0
    np.add.at(handed, net.point_of[follows[known]], shares[known])
    return handed


def _second(
    net: _Net, of: Distances, tau: NDArray[np.float64], kept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give each point's share in the variance by the second derivatives of the segments that meet in it."""
    number = len(net.sigma)
    along = np.zeros_like(tau) if of.along is None else of.along
    result: NDArray[np.float64] = np.zeros(number)
    whole = np.zeros((3, number))
    with np.errstate(all="ignore"):
        scale = np.where(tau > 0, net.times * kept / tau, 0)
    for points, (east, north) in ((net.begins, of.leaving), (net.ends, of.arriving)):
        size = scale * net.sigma[points] ** 2
        across, more = of.across * size, (along - of.across) * size
        parts = (across + more * east * east, across + more * north * north, 2**0.5 * more * east * north)
        for axis, part in enumerate(parts):
            whole[axis] += np.bincount(points, weights=part, minlength=number)
        result -= np.bincount(points, weights=across**2 + (along * size) ** 2, minlength=number)
    result += np.square(whole).sum(axis=0)
    return result / 2
