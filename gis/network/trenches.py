"""
Trenches: how much of each line is ground of its own, where several run in one trench.

Lines run along each other where they are no further apart than a trench is wide and their directions differ by no more
than `PARALLEL_DEGREES`; lines that cross at a wider angle, and a cable from where it leaves, share nothing. Of a
stretch along which m lines run each line has 1/m, so that the shares of a stretch add up to its length once. The rule
looks at every point by itself: neither the order of lines, nor their direction, nor where one is cut in two matters.
`docs/verdicts.md` derives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.coordinates import mercator
from gis.network.lines import EPSILON_M

if TYPE_CHECKING:
    from gis.network.lines import Floats, Lines, Rows

# Lines that part or cross at a wider angle do not run along each other.
PARALLEL_DEGREES = 30.0
_COSINE = float(np.cos(np.radians(PARALLEL_DEGREES)))
# So many segments are looked up at once, which bounds the memory that their neighbours take.
_BATCH = 200_000


def shares(lines: Lines, width_m: Floats) -> tuple[Floats, Floats]:
    """
    Tell how much of each segment is ground that it opens, what it shares divided among those that share it.

    Parameters
    ----------
    lines
        (p,) parts of routes, as `gis.network.lines.Lines.of` takes them apart.
    width_m
        (p,) how far from each part another one may run to lie in the same trench, metres; of two the wider counts.

    Returns
    -------
    own : numpy.ndarray
        (m,) from 0 to 1, by the vertex that each segment begins at: the share of its length that is its own; 1 where
        it runs alone, 1/m where m run together all the way. The length of trench is the sum of share times length.
        Exact for parallel lines, whatever their vertices; where they bend or are not quite parallel it is the mean of
        their lengths, or that of the outer one. A segment without length, and the last vertex of a part, has a share
        of 1.
    errors : numpy.ndarray
        (m,) how many times the length of trench has each segment's errors. Of segments on the same points it has them
        once, as c times 1/c. Lines surveyed apart do not even out: at a bend the outer one counts, and where one ends
        the other one goes on, so that the trench is as uncertain as one of them: √(1/m) each.
    """
    own, errors = np.ones((2, len(lines.xy)))
    part = lines.part_of_segment
    at = np.flatnonzero(part >= 0)
    start, stop = lines.xy[at], lines.xy[at + 1]
    length = np.hypot(*(stop - start).T)
    real = length > 0
    at, start, stop, length = at[real], start[real], stop[real], length[real]
    part = part[at]
    if not len(at):
        return own, errors
    scale = mercator.scale((lines.lonlat[at, 1] + lines.lonlat[at + 1, 1]) / 2)
    segments, which, copies = _distinct(start, stop)
    width = np.zeros(len(segments))
    np.maximum.at(width, which, width_m[part] * scale)
    own[at] = _alone(segments, copies, width)[which]
    errors[at] = np.sqrt(own[at] / copies[which])
    return own, errors


def averages(lines: Lines, own: Floats, count: int) -> Floats:
    """
    Average the shares of segments over each route.

    Parameters
    ----------
    lines
        Parts of routes.
    own
        (m,) as `shares` gives them.
    count
        How many routes there are.

    Returns
    -------
    numpy.ndarray
        (count,) from 0 to 1; 1 for a route without length.
    """
    inside = np.flatnonzero(lines.part_of_segment >= 0)
    metres = np.hypot(*(lines.xy[inside + 1] - lines.xy[inside]).T)
    metres /= mercator.scale((lines.lonlat[inside, 1] + lines.lonlat[inside + 1, 1]) / 2)
    owners = lines.owners[lines.part_of_vertex[inside]]
    opened = np.bincount(owners, weights=own[inside] * metres, minlength=count)
    total = np.bincount(owners, weights=metres, minlength=count)
    return np.divide(opened, total, out=np.ones(count), where=total > 0)


def _distinct(start: Floats, stop: Floats) -> tuple[Floats, Rows, Rows]:
    """Give the different segments (u, 2, 2), which of them each is, and how often each occurs, in either direction."""
    backwards = (start[:, 0] > stop[:, 0]) | ((start[:, 0] == stop[:, 0]) & (start[:, 1] > stop[:, 1]))
    ends = np.where(backwards[:, None], np.hstack([stop, start]), np.hstack([start, stop]))
    order = np.lexsort(ends.T[::-1])
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ends[order[1:]] != ends[order[:-1]]).any(axis=1)
    which = np.empty(len(order), dtype=np.intp)
    which[order] = np.cumsum(first) - 1
    return ends[order[first]].reshape(-1, 2, 2), which, np.bincount(which)


def _alone(segments: Floats, copies: Rows, width: Floats) -> Floats:
    """Give the mean of 1/m along each of the different segments, m the lines that run there."""
    count = len(segments)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(segments), dtype=object))
    along = segments[:, 1] - segments[:, 0]
    length = np.hypot(*along.T)
    unit = along / length[:, None]
    # The wider of two widths counts, so each has to look as far as the widest of all.
    reach = float(width.max()) * (1 + 1e-9) + EPSILON_M
    low, high = segments.min(axis=1) - reach, segments.max(axis=1) + reach
    boxes = np.asarray(shapely.box(*low.T, *high.T), dtype=object)
    alone = np.empty(count)
    for begin in range(0, count, _BATCH):
        batch = slice(begin, min(begin + _BATCH, count))
        own, other = tree.query(boxes[batch])
        own = own + begin
        like = (own != other) & (np.abs((unit[own] * unit[other]).sum(axis=1)) >= _COSINE)
        own, other = own[like], other[like]
        begins, ends = _beside(
            segments[own, None, 0],
            unit[own],
            length[own],
            segments[other],
            np.maximum(width[own], width[other]),
        )
        kept = ends > begins
        alone[batch] = _means(own[kept] - begin, begins[kept], ends[kept], copies[other[kept]], copies[batch])
    return alone


def _beside(
    origin: Floats, unit: Floats, length: Floats, other: Floats, width: Floats
) -> tuple[Floats, Floats]:
    """Give the stretch of each segment, from and to in shares of it, where another one has its feet within a width."""
    relative = other - origin
    t = np.einsum("nij,nj->ni", relative, unit)
    across = relative[..., 1] * unit[:, None, 0] - relative[..., 0] * unit[:, None, 1]
    backwards = t[:, 0] > t[:, 1]
    t[backwards], across[backwards] = t[backwards, ::-1], across[backwards, ::-1]
    # How far the other lies aside grows evenly along it: where it is within the width is one stretch.
    change = across[:, 1] - across[:, 0]
    limit = width * (1 + 1e-9) + EPSILON_M
    sloping = np.abs(change) > 1e-12 * limit
    with np.errstate(divide="ignore", invalid="ignore"):
        enter = (-np.sign(change) * limit - across[:, 0]) / change
        leave = (np.sign(change) * limit - across[:, 0]) / change
    within = np.abs(across[:, 0]) <= limit
    enter = np.where(sloping, enter, np.where(within, 0.0, 1.0))
    leave = np.where(sloping, leave, np.where(within, 1.0, 0.0))
    enter, leave = np.clip(enter, 0, 1), np.clip(leave, 0, 1)
    span = t[:, 1] - t[:, 0]
    low, high = t[:, 0] + enter * span, t[:, 0] + leave * span
    high = np.where(leave > enter, high, low)
    return np.clip(low / length, 0, 1), np.clip(high / length, 0, 1)


def _means(own: Rows, low: Floats, high: Floats, more: Rows, copies: Rows) -> Floats:
    """Integrate 1/m over each segment: m is `copies`, and `more` from `low` to `high` of each stretch."""
    count = len(copies)
    rows = np.arange(count)
    segment = np.concatenate([rows, rows, own, own])
    place = np.concatenate([np.zeros(count), np.ones(count), low, high])
    step = np.concatenate([copies, -copies, more, -more])
    order = np.lexsort((place, segment))
    segment, place, running = segment[order], place[order], np.cumsum(step[order])
    same = (segment[1:] == segment[:-1]) & (running[:-1] > 0)
    parts = np.diff(place)[same] / running[:-1][same]
    return np.bincount(segment[:-1][same], weights=parts, minlength=count).astype(np.float64)
