"""
Trenches: how much of each line is ground of its own, where several run in one trench.

Lines run along each other where they are no further apart than a trench is wide and their directions differ by no more
than `gis.network.ends.PARALLEL_DEGREES`; lines that cross at a wider angle, and a cable from where it leaves, share
nothing. Of a stretch along which m lines run each line has 1/m, so that the shares of a stretch add up to its length
once. The rule looks at every point by itself: neither the order of lines, nor their direction, nor where one is cut in
two matters. `docs/verdicts.md` derives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.coordinates import mercator
from gis.lengths.points import marks
from gis.network.ends import COSINE, Ends, surveyed_again
from gis.network.lines import EPSILON_M

if TYPE_CHECKING:
    from gis.network.lines import Flags, Floats, Lines, Rows

# So many segments are looked up at once, which bounds the memory that their neighbours take.
_BATCH = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """
    The ground that lines open.

    Attributes
    ----------
    own
        (m,) from 0 to 1, by the vertex that each segment begins at: the share of its length that is its own; 1 where
        it runs alone, 1/m where m run together all the way. The length of trench is the sum of share times length.
        Exact for parallel lines, whatever their vertices; where they bend or are not quite parallel it is the mean of
        their lengths, or that of the outer one. A segment without length, and the last vertex of a part, has a share
        of 1.
    pulls
        (m, 2) how the length of trench changes with each vertex, east and north, beyond what the shares of its segments
        say: a line's end where others go on moves nothing, one that reaches beyond the others' all that it moves.
    variance, bias
        What ends that were surveyed more than once add to the trench's variance, square metres, and bias, metres: the
        farthest of them counts (`gis.network.ends`).
    """

    own: Floats
    pulls: Floats
    variance: float
    bias: float


def opened(
    lines: Lines, width_m: Floats, sigma_m: Floats | None = None, correlation_m: float = 0.0
) -> Ground:
    """
    Tell how much of each segment is ground that it opens, what it shares divided among those that share it.

    Parameters
    ----------
    lines
        (p,) parts of routes, as `gis.network.lines.Lines.of` takes them apart.
    width_m
        (p,) how far from each part another one may run to lie in the same trench, metres; of two the wider counts.
    sigma_m
        (p,) one standard deviation of each coordinate of each part's points, metres; None for no errors.
    correlation_m
        Errors of points d apart are correlated by exp(-d/correlation_m); 0 where each point errs by itself.

    Returns
    -------
    Ground
        The shares, and how the length of trench errs with the points.
    """
    own = np.ones(len(lines.xy))
    pulls = np.zeros((len(own), 2))
    part = lines.part_of_segment
    at = np.flatnonzero(part >= 0)
    start, stop = lines.xy[at], lines.xy[at + 1]
    length = np.hypot(*(stop - start).T)
    real = length > 0
    at, start, stop = at[real], start[real], stop[real]
    part = part[at]
    if not len(at):
        return Ground(own, pulls, 0.0, 0.0)
    scale = mercator.scale((lines.lonlat[at, 1] + lines.lonlat[at + 1, 1]) / 2)
    segments, which, copies, first, turned = _distinct(start, stop)
    width = np.zeros(len(segments))
    np.maximum.at(width, which, width_m[part] * scale)
    alone, tips = _alone(segments, copies, width)
    own[at] = alone[which]
    sigma = np.full(len(segments), np.inf)
    np.minimum.at(sigma, which, scale * (0.0 if sigma_m is None else sigma_m[part]))
    ends = at[first, None] + np.where(turned[first, None], [1, 0], [0, 1])
    names = marks(lines.lonlat)[ends]
    tips, variance, bias = surveyed_again(
        Ends.of(segments, names, width, sigma), tips, correlation_m * float(scale.mean())
    )
    # What the shares say by themselves goes off again.
    unit = _units(segments)[0]
    along = (alone * copies)[:, None] * unit
    tips -= np.stack([-along, along], axis=1)
    np.add.at(pulls, ends.ravel(), tips.reshape(-1, 2))
    metre = float(scale.mean())
    return Ground(own, pulls, variance / metre**2, bias / metre)


def averages(lines: Lines, own: Floats, count: int) -> Floats:
    """
    Average the shares of segments over each route.

    Parameters
    ----------
    lines
        Parts of routes.
    own
        (m,) as `Ground` has them.
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


def _distinct(start: Floats, stop: Floats) -> tuple[Floats, Rows, Rows, Rows, Flags]:
    """
    Give the different segments (u, 2, 2), which of them each is, and how often each occurs, in either direction.

    Also a segment that each of them is, and which segments are given the other way round.
    """
    backwards = (start[:, 0] > stop[:, 0]) | ((start[:, 0] == stop[:, 0]) & (start[:, 1] > stop[:, 1]))
    ends = np.where(backwards[:, None], np.hstack([stop, start]), np.hstack([start, stop]))
    order = np.lexsort(ends.T[::-1])
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ends[order[1:]] != ends[order[:-1]]).any(axis=1)
    which = np.empty(len(order), dtype=np.intp)
    which[order] = np.cumsum(first) - 1
    return ends[order[first]].reshape(-1, 2, 2), which, np.bincount(which), order[first], backwards


def _units(segments: Floats) -> tuple[Floats, Floats]:
    """Give the directions (u, 2) of segments, and their lengths."""
    along = segments[:, 1] - segments[:, 0]
    length = np.hypot(*along.T)
    return along / length[:, None], length


def _alone(segments: Floats, copies: Rows, width: Floats) -> tuple[Floats, Floats]:
    """
    Give the mean of 1/m along each of the different segments, m the lines that run there.

    Also (u, 2, 2) how the length of trench changes with the two ends of each.
    """
    count = len(segments)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(segments), dtype=object))
    unit, length = _units(segments)
    # The wider of two widths counts, so each has to look as far as the widest of all.
    reach = float(width.max()) * (1 + 1e-9) + EPSILON_M
    low, high = segments.min(axis=1) - reach, segments.max(axis=1) + reach
    boxes = np.asarray(shapely.box(*low.T, *high.T), dtype=object)
    alone = np.empty(count)
    tips = np.zeros((count, 2, 2))
    for begin in range(0, count, _BATCH):
        batch = slice(begin, min(begin + _BATCH, count))
        own, other = tree.query(boxes[batch])
        own = own + begin
        like = (own != other) & (np.abs((unit[own] * unit[other]).sum(axis=1)) >= COSINE)
        own, other = own[like], other[like]
        begins, ends, feet = _beside(
            segments[own, None, 0],
            unit[own],
            length[own],
            segments[other],
            np.maximum(width[own], width[other]),
        )
        kept = ends > begins
        own, other, feet = own[kept], other[kept], feet[kept]
        more = copies[other]
        pieces = _Pieces.of(own - begin, begins[kept], ends[kept], more, copies[batch])
        alone[batch] = pieces.means(batch.stop - batch.start)
        # A stretch goes with the other one's foot that ends it; a segment's own end moves the piece beside it.
        pull = (pieces.jumps * copies[own, None])[..., None] * unit[own, None]
        of_foot = feet >= 0
        np.add.at(tips, (np.repeat(other, 2)[of_foot.ravel()], feet[of_foot]), pull[of_foot])
        borders = (pieces.borders * copies[batch, None])[..., None] * unit[batch, None]
        tips[batch] += borders * np.array([-1.0, 1.0])[:, None]
    return alone, tips


def _beside(
    origin: Floats, unit: Floats, length: Floats, other: Floats, width: Floats
) -> tuple[Floats, Floats, Rows]:
    """
    Give the stretch of each segment, from and to in shares of it, where another one has its feet within a width.

    Also (n, 2) which end of the other one has its foot at the stretch's begin and end; -1 for neither.
    """
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
    feet = np.column_stack([backwards, ~backwards]).astype(np.intp)
    feet[(enter > 0) | (low <= 0), 0] = -1
    feet[(leave < 1) | (high >= length), 1] = -1
    return np.clip(low / length, 0, 1), np.clip(high / length, 0, 1), feet


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """
    Segments cut where the number m of lines changes that run there.

    `segment`, `size` and `each` are of the pieces: the segment, the share of its length, 1/m. `jumps` (n, 2) are by how
    much 1/m falls at the begin and the end of each stretch of another line, `borders` (count, 2) 1/m at either end of
    each segment.
    """

    segment: Rows
    size: Floats
    each: Floats
    jumps: Floats
    borders: Floats

    @classmethod
    def of(cls, own: Rows, low: Floats, high: Floats, more: Rows, copies: Rows) -> _Pieces:
        """Cut segments: m is `copies`, and `more` from `low` to `high` of each stretch."""
        count, stretches = len(copies), len(own)
        rows = np.arange(count)
        segment = np.concatenate([rows, own, own, rows])
        place = np.concatenate([np.zeros(count), low, high, np.ones(count)])
        step = np.concatenate([copies, more, -more, -copies])
        # At one place a line goes on before another one ends, and a segment's own ends enclose all.
        kind = np.concatenate([np.zeros(count), np.ones(stretches), np.full(stretches, 2), np.full(count, 3)])
        order = np.lexsort((kind, place, segment))
        segment, place, running = segment[order], place[order], np.cumsum(step[order])
        with np.errstate(divide="ignore"):
            after = np.where(running > 0, 1 / running, 0)
        before = np.concatenate([[0.0], after[:-1]])
        fall = np.empty(len(order))
        fall[order] = before - after
        same = (segment[1:] == segment[:-1]) & (running[:-1] > 0)
        size = np.diff(place)[same]
        of, each = segment[:-1][same], after[:-1][same]
        # The pieces at the ends that have a length.
        long = np.flatnonzero(size > 0)
        first, last = np.full(count, -1), np.full(count, -1)
        first[of[long][::-1]], last[of[long]] = long[::-1], long
        jumps = np.stack([fall[count : count + stretches], fall[count + stretches : -count]], axis=1)
        return cls(of, size, each, jumps, each[np.stack([first, last], axis=1)])

    def means(self, count: int) -> Floats:
        """Give the mean of 1/m over each of so many segments."""
        return np.bincount(self.segment, weights=self.size * self.each, minlength=count).astype(np.float64)
