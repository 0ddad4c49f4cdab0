"""
Which lines come near each other, found in time that grows with the lines and not with their pairs.

A search tree over the boxes of lines does this, except where many of them leave one place: the boxes of a star's arms
overlap though the arms do not. About its middle, in the logarithm of the distance and the angle, each arm has a box
of its own, so a crowd is searched there, against itself and against all else; what is in no crowd, in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.network.lines import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gis.network.lines import Floats, Rows

# So many lines that leave one place make a crowd.
CROWD = 128
# So many boxes are looked up, and so many pairs compared, at a time, so that a crowd does not fill the memory.
_BOXES_A_TIME = 20_000
_PAIRS_A_TIME = 2_000_000
# What rounding may take off a distance, as a share of it.
_SLACK = 1.001


@dataclass(frozen=True, slots=True)
class _Bits:
    """
    Lines cut up: those of a crowd into segments, the others into pieces.

    Attributes
    ----------
    lines
        (q,) LineStrings.
    owners
        (q,) the line that each is of.
    crowds
        (q,) the place whose crowd each belongs to, -1 for none.
    places
        (u, 2) the different places that lines lead from and to.
    """

    lines: NDArray[np.object_]
    owners: Rows
    crowds: Rows
    places: Floats


def near(lines: NDArray[np.object_], ends: Floats, groups: Rows, kinds: Rows, reach: Floats) -> Rows:
    """
    Find pairs of lines of one kind, but of different groups, that come near each other.

    Parameters
    ----------
    lines
        (n,) LineStrings in a plane.
    ends
        (n, 2, 2) the places that each leads from and to, which it need not reach.
    groups, kinds
        (n,) numbers.
    reach
        (n,) how near; of a pair, the first one's counts.

    Returns
    -------
    numpy.ndarray
        (k, 2) pairs, each once, the lower line first, in ascending order.
    """
    if not len(lines):
        return np.empty((0, 2), dtype=np.intp)
    bits = _cut(lines, ends)
    found = [np.empty(0, dtype=np.int64)]
    for one, other in _candidates(bits, float(reach.max()) * _SLACK):
        a, b = bits.owners[one], bits.owners[other]
        pair = (groups[a] != groups[b]) & (kinds[a] == kinds[b])
        low, high = np.minimum(a[pair], b[pair]), np.maximum(a[pair], b[pair])
        close = shapely.dwithin(bits.lines[one[pair]], bits.lines[other[pair]], reach[low])
        found.append(np.unique(low[close].astype(np.int64) * len(lines) + high[close]))
    return np.column_stack(np.divmod(np.unique(np.concatenate(found)), len(lines))).astype(np.intp)


def _cut(lines: NDArray[np.object_], ends: Floats) -> _Bits:
    """Cut lines up, and tell which crowd each bit belongs to: of two, the one whose place is nearer."""
    different, places, sizes = np.unique(
        (ends[..., 0] + 1j * ends[..., 1]).ravel(), return_inverse=True, return_counts=True
    )
    places = places.reshape(-1, 2)
    crowded = np.asarray(sizes[places] >= CROWD)
    gathered = np.asarray(crowded.any(axis=1))
    xy, owners = shapely.get_coordinates(lines, return_index=True)
    starts = np.flatnonzero((owners[1:] == owners[:-1]) & gathered[owners[:-1]])
    segments = np.stack([xy[starts], xy[starts + 1]], axis=1)
    owner = owners[starts]
    away = np.linalg.norm(ends[owner] - segments.mean(axis=1)[:, None], axis=2)
    side = np.where(crowded[owner], away, np.inf).argmin(axis=1)
    rest = np.flatnonzero(~gathered)
    counts = np.bincount(owners, minlength=len(lines))[rest]
    pieces = Pieces.of(lines[rest], xy[~gathered[owners]], np.concatenate([[0], np.cumsum(counts)]))
    return _Bits(
        np.concatenate([shapely.linestrings(segments), pieces.lines]),
        np.concatenate([owner, rest[pieces.parts]]),
        np.concatenate([places[owner, side], np.full(len(pieces.lines), -1)]),
        np.column_stack([different.real, different.imag]),
    )


def _candidates(bits: _Bits, reach: float) -> Iterator[tuple[Rows, Rows]]:
    """Give the pairs of bits that may be within reach, some at a time, each pair but seldom twice."""
    bounds = shapely.bounds(bits.lines) + np.array([-reach, -reach, reach, reach])
    waiting = np.ones(len(bits.lines), dtype=bool)
    gathered = np.flatnonzero(bits.crowds >= 0)
    gathered = gathered[np.argsort(bits.crowds[gathered], kind="stable")]
    crowds, first = np.unique(bits.crowds[gathered], return_index=True)
    for crowd, start, stop in zip(crowds, first, np.append(first[1:], len(gathered)), strict=False):
        members = gathered[start:stop]
        waiting[members] = False
        low, high = bounds[members, :2].min(axis=0), bounds[members, 2:].max(axis=0)
        others = waiting & (bounds[:, :2] <= high).all(axis=1) & (bounds[:, 2:] >= low).all(axis=1)
        everyone = np.concatenate([members, np.flatnonzero(others)])
        boxes, theirs = _around(bits.lines[everyone], bits.places[crowd], reach, wider=0.0)
        wide, own = _around(bits.lines[members], bits.places[crowd], reach, wider=reach)
        for one, other in _overlaps(wide, members[own], boxes, everyone[theirs]):
            once = waiting[other] | (one < other)
            yield one[once], other[once]
    rest = np.flatnonzero(waiting)
    for one, other in _overlaps(shapely.box(*bounds[rest].T), rest, bits.lines[rest], rest):
        once = one < other
        yield one[once], other[once]


def _overlaps(
    boxes: NDArray[np.object_], own: Rows, others: NDArray[np.object_], theirs: Rows
) -> Iterator[tuple[Rows, Rows]]:
    """Give the pairs of whom boxes and whom others belong to, where the boxes meet those of the others."""
    tree = shapely.STRtree(others)
    for at in range(0, len(boxes), _BOXES_A_TIME):
        box, other = tree.query(boxes[at : at + _BOXES_A_TIME])
        for start in range(0, len(box), _PAIRS_A_TIME):
            some = slice(start, start + _PAIRS_A_TIME)
            yield own[box[some] + at], theirs[other[some]]


def _around(
    lines: NDArray[np.object_], centre: Floats, reach: float, *, wider: float
) -> tuple[NDArray[np.object_], Rows]:
    """
    Give boxes of lines in the logarithm of the distance from a place and the angle about it.

    A point within ``wider`` of a line is at most so much nearer or further, and seen from the place at most
    arcsin(wider / distance of the line) beside it. A line that passes the place within ``reach`` is all around it.

    Parameters
    ----------
    lines
        (n,) LineStrings.
    centre
        (2,) the place.
    reach
        Distances below it count as it.
    wider
        By how much the boxes hold more than the lines.

    Returns
    -------
    boxes : numpy.ndarray
        (b,) boxes; a line across angle 0 has two, so that two lines share an angle where any of their boxes do.
    which : numpy.ndarray
        (b,) the line of each.
    """
    xy, owners = shapely.get_coordinates(lines, return_index=True)
    xy -= centre
    starts = np.searchsorted(owners, np.arange(len(lines)))
    furthest = np.maximum.reduceat(np.hypot(*xy.T), starts)
    nearest = shapely.distance(lines, shapely.Point(centre))
    angle = np.arctan2(xy[:, 1], xy[:, 0])
    # How often a line has gone round, counted whole so that no rounding adds up.
    turns = np.zeros(len(xy))
    turns[1:] = np.cumsum(np.round(np.diff(angle) / (2 * np.pi)))
    angle -= 2 * np.pi * (turns - turns[starts][owners])
    low, high = np.minimum.reduceat(angle, starts), np.maximum.reduceat(angle, starts)
    beside = np.arcsin(np.minimum(wider / np.maximum(nearest, reach), 1.0))
    low, width = low - beside, high - low + 2 * beside
    width[(nearest <= reach) | (width >= 2 * np.pi)] = 2 * np.pi
    low %= 2 * np.pi
    near, far = (np.log(np.maximum(away, reach)) for away in (nearest - wider, furthest + wider))
    which = np.concatenate([np.arange(len(lines)), np.flatnonzero(low + width > 2 * np.pi)])
    base = low[which]
    base[len(lines) :] -= 2 * np.pi
    return shapely.box(near[which], base, far[which], base + width[which]), which
