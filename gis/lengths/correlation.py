"""
Sums over all pairs of points whose errors are correlated the less the further they are apart.

The errors of two points d apart have the correlation exp(-d/c): the exponential model of geostatistics (N. Cressie,
"Statistics for Spatial Data", 1993, sect. 2.3), which is positive definite in the plane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Up to so many points every pair is taken; more go into a tree.
_DENSE = 256
_LEAF = 32
# Chebyshev's points an axis: with them a sum is right to about 1e-3 of itself.
_NODES = 3
_AT_ONCE = 2_000_000


def pair_sums(
    positions: NDArray[np.float64],
    weights: NDArray[np.float64],
    groups: NDArray[np.intp],
    count: int,
    correlation_m: float,
) -> NDArray[np.float64]:
    """
    Give Σᵢⱼ wᵢ·wⱼ exp(-dᵢⱼ/c) of each group of points.

    Parameters
    ----------
    positions
        (n, 2) points in a plane, metres.
    weights
        (n, 2) a vector a point.
    groups
        (n,) the group of each point, from 0.
    count
        How many groups there are.
    correlation_m
        The distance c at which errors are correlated by 1/e; more than 0.

    Returns
    -------
    numpy.ndarray
        (count,) the sums. Of a large group points far from each other are put together (barycentric interpolation of
        the kernel at Chebyshev's points: W. Fong, E. Darve, "The black-box fast multipole method", J. Comput. Phys.
        228, 2009), so the time grows with n log n.
    """
    sums: NDArray[np.float64] = np.zeros(count)
    # exp - 1 in place of exp: where the correlation is near 1, the ones cancel and nearly all digits with them.
    total = np.stack(
        [np.bincount(groups, weights=weights[:, axis], minlength=count) for axis in (0, 1)], axis=1
    )
    sums += (total**2).sum(axis=1)
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=count)
    begins = np.cumsum(sizes) - sizes
    room = 1
    while room < _DENSE:
        room *= 2
        chosen = np.flatnonzero((sizes <= room) & (sizes > room // 2) & (sizes > 1))
        for some in _shares(chosen, room * room):
            place = np.arange(room)
            there = place < sizes[some, None]
            rows = order[np.where(there, begins[some, None] + place, begins[some, None])]
            own = weights[rows] * there[:, :, None]
            sums[some] += _between(positions[rows], positions[rows], own, own, correlation_m)
    for one in np.flatnonzero(sizes > _DENSE):
        rows = order[begins[one] : begins[one] + sizes[one]]
        sums[one] += _by_tree(positions[rows], weights[rows], correlation_m)
    return sums


def _shares(chosen: NDArray[np.intp], cost: int) -> Iterator[NDArray[np.intp]]:
    step = max(_AT_ONCE // cost, 1)
    for begin in range(0, len(chosen), step):
        yield chosen[begin : begin + step]


def _between(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    own: NDArray[np.float64],
    others: NDArray[np.float64],
    correlation_m: float,
) -> NDArray[np.float64]:
    """Give Σ wᵢ·wⱼ (exp(-dᵢⱼ/c) - 1) between the q sets of points (q, a, 2) and (q, b, 2)."""
    distance = np.hypot(one[:, :, None, 0] - other[:, None, :, 0], one[:, :, None, 1] - other[:, None, :, 1])
    distance /= -correlation_m
    kernel = np.expm1(distance, out=distance)
    return np.asarray(((kernel @ others) * own).sum(axis=(1, 2)))


def _by_tree(
    positions: NDArray[np.float64], weights: NDArray[np.float64], correlation_m: float
) -> np.float64:
    """Give the same over all pairs of many points: halves of halves of the points, and pairs of these."""
    levels = int(np.ceil(np.log2(len(positions) / _LEAF)))
    lacking = -len(positions) % (1 << levels)
    # Points without weight fill it up, so that all halves of a level hold the same number.
    xy = np.concatenate([positions, np.repeat(positions[-1:], lacking, axis=0)])
    w = np.concatenate([weights, np.zeros((lacking, 2))])
    for level in range(levels):
        halves = xy.reshape(1 << level, -1, 2)
        wide = np.argmax(np.ptp(halves, axis=1), axis=1)
        order = np.argsort(np.take_along_axis(halves, wide[:, None, None], axis=2)[:, :, 0], axis=1)
        order += np.arange(1 << level)[:, None] * halves.shape[1]
        xy, w = xy[order.ravel()], w[order.ravel()]
    total = np.float64(0.0)
    first = second = np.zeros(1, dtype=np.intp)
    for level in range(levels + 1):
        nodes, own = xy.reshape(1 << level, -1, 2), w.reshape(1 << level, -1, 2)
        low, high = nodes.min(axis=1), nodes.max(axis=1)
        apart = np.maximum(low[first] - high[second], low[second] - high[first]).clip(min=0)
        size = np.hypot(*(high - low).T)
        far = np.hypot(*apart.T) >= np.maximum(size[first], size[second])
        far &= first != second
        if far.any():
            total += _interpolated(nodes, own, low, high, first[far], second[far], correlation_m)
        first, second = first[~far], second[~far]
        if level == levels:
            break
        diagonal = first == second
        below = [(2 * first, 2 * second), (2 * first, 2 * second + 1), (2 * first + 1, 2 * second + 1)]
        below.append((2 * first[~diagonal] + 1, 2 * second[~diagonal]))
        first, second = (np.concatenate(side) for side in zip(*below, strict=True))
    for some in _shares(np.arange(len(first)), nodes.shape[1] ** 2):
        a, b = first[some], second[some]
        total += (_between(nodes[a], nodes[b], own[a], own[b], correlation_m) * np.where(a == b, 1, 2)).sum()
    return total


def _interpolated(
    nodes: NDArray[np.float64],
    own: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    correlation_m: float,
) -> np.float64:
    """Give twice the sum over pairs of sets that lie apart, each put together at Chebyshev's points of its extent."""
    angles = (2 * np.arange(_NODES) + 1) * np.pi / (2 * _NODES)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-6)
    scaled = ((nodes - middle[:, None]) / half[:, None]).clip(-1, 1)
    terms = np.arange(1, _NODES)
    # Lagrange's polynomials at Chebyshev's points, by the polynomials of Chebyshev.
    basis = np.cos(np.arccos(scaled)[..., None] * terms) @ np.cos(np.outer(terms, angles))
    basis = (1 + 2 * basis) / _NODES
    put = np.einsum("nsa,nsb,nsk->nabk", basis[:, :, 0], basis[:, :, 1], own, optimize=True)
    put = put.reshape(len(nodes), _NODES**2, 2)
    grid = np.stack(np.meshgrid(np.cos(angles), np.cos(angles), indexing="ij"), axis=-1).reshape(-1, 2)
    at = middle[:, None] + half[:, None] * grid
    total = np.float64(0.0)
    for some in _shares(np.arange(len(first)), _NODES**4):
        a, b = first[some], second[some]
        total += 2 * _between(at[a], at[b], put[a], put[b], correlation_m).sum()
    return total
