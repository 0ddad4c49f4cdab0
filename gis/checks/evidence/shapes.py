"""How each route runs by itself: its segments, turns, and where it meets or covers itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.evidence.returns import LATERAL_M, REPEATED_M, come_back, doubled
from gis.coordinates import mercator
from gis.lengths import geodesic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.network.lines import Flags, Floats, Lines, Rows

# A spike turns back by all but this angle, and both its legs are longer than so many tolerances.
SPIKE_DEGREES = 20.0
SPIKE_TOLERANCES = 5.0
# An outlier: one or two vertices whose way there and back is so many times as long as the way past them, with both
# legs so many times the spacing that three of four segments of the route keep to, in a route of so many segments.
OUTLIER_DETOUR = 2.0
OUTLIER_SPACINGS = 3.0
# An end says less of itself than a vertex with two neighbours.
END_SPACINGS = 5.0
OUTLIER_SEGMENTS = 6
_SPACING = 0.75
# Segments whose crossings are looked for at once.
_SEGMENTS = 262_144
# There and back in one trench are no further apart.
TRENCH_M = 1.0
# A way goes on where the next segment leaves its direction by less: half a right angle.
_GOES_ON = np.cos(np.radians(45.0))


@dataclass(frozen=True, slots=True)
class Returns:
    """
    Where parts turn and come back the way they went.

    Attributes
    ----------
    tips
        (r,) the vertices at which they turn.
    parts
        (r,) the part of each.
    firsts, lasts
        (r,) the outermost vertices of the stretch, on the way there and on the way back.
    doubled_m
        (r,) how far they run back, metres.
    """

    tips: Rows
    parts: Rows
    firsts: Rows
    lasts: Rows
    doubled_m: Floats


@dataclass(frozen=True, slots=True)
class Contacts:
    """
    Where segments of one part cross, touch or cover each other.

    Attributes
    ----------
    parts
        (c,) the part.
    one, other
        (c,) its two segments, numbered among all segments.
    xy
        (c, 2) the middle of what they share, in the plane.
    shared_m
        (c,) how far they run over each other, metres on the ground; 0 where they only cross or touch.
    """

    parts: Rows
    one: Rows
    other: Rows
    xy: Floats
    shared_m: Floats


class Shapes:
    """
    The segments and turns of the routes.

    Parameters
    ----------
    lines
        The routes taken apart.
    tolerance
        (p,) tolerance of each part, metres.

    Attributes
    ----------
    lines
        The routes taken apart.
    """

    def __init__(self, lines: Lines, tolerance: Floats) -> None:
        self.lines = lines
        self.tolerance = tolerance

    @cached_property
    def segment_part(self) -> Rows:
        """(m - 1,) the part of each segment, -1 for the gap between parts; segment s starts at vertex s."""
        return self.lines.part_of_segment

    @cached_property
    def segment_m(self) -> Floats:
        """(m - 1,) geodesic length of each segment, metres; NaN for the gaps."""
        if len(self.lines.lonlat) < 2:  # noqa: PLR2004 - a segment takes two
            return np.empty(0)
        metres = geodesic.segment_lengths(self.lines.lonlat)
        metres[self.segment_part < 0] = np.nan
        return metres

    @cached_property
    def repeated(self) -> Rows:
        """Segments that lead from a vertex to the same place."""
        return np.flatnonzero(self.segment_m <= REPEATED_M)

    @cached_property
    def _turns(self) -> tuple[Rows, Rows, Rows]:
        """Vertices with one before and one after in their part: before, at, after, repeated vertices left out."""
        count = len(self.lines.lonlat)
        kept = np.ones(count, dtype=bool)
        kept[self.repeated + 1] = False
        vertices = np.flatnonzero(kept)
        part = self.lines.part_of_vertex[vertices]
        inner = np.flatnonzero((part[:-2] == part[1:-1]) & (part[1:-1] == part[2:]))
        return vertices[inner], vertices[inner + 1], vertices[inner + 2]

    @cached_property
    def _reversals(self) -> tuple[Rows, Rows, Rows, Floats, Floats]:
        """Turns by nearly all of a half circle: vertices before, at, after; the lengths of the legs, metres."""
        before, at, after = self._turns
        xy = self.lines.xy
        there, back = xy[at] - xy[before], xy[after] - xy[at]
        dot = (there * back).sum(axis=1)
        cross = np.abs(there[:, 0] * back[:, 1] - there[:, 1] * back[:, 0])
        sharp = np.flatnonzero((dot < 0) & (cross <= np.tan(np.radians(SPIKE_DEGREES)) * -dot))
        before, at, after = before[sharp], at[sharp], after[sharp]
        return before, at, after, self._metres(at, before), self._metres(at, after)

    @cached_property
    def _aside(self) -> Floats:
        """How far beside the longer leg of each reversal the end of the shorter one lies, metres."""
        before, at, after, there, back = self._reversals
        xy = self.lines.xy
        a, b = xy[at] - xy[before], xy[after] - xy[at]
        scale = mercator.scale(self.lines.lonlat[at, 1])
        with np.errstate(invalid="ignore"):
            return np.asarray(
                np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / scale**2 / np.maximum(there, back)
            )

    @cached_property
    def _branches(self) -> Flags:
        """Whether each reversal is the end of a branch: back in one trench, or with more of the way beside it."""
        before, at, after, *_ = self._reversals
        return np.asarray(
            (self._aside <= TRENCH_M) | (self._goes_on(at, before, -1) & self._goes_on(at, after, 1))
        )

    def _goes_on(self, tips: Rows, vertices: Rows, step: int) -> Flags:
        """Tell where the way from a tip to the vertex next to it goes on beyond that, in its direction."""
        xy, part = self.lines.xy, self.lines.part_of_vertex
        further = np.clip(vertices + step, 0, len(xy) - 1)
        inside = part[further] == part[tips]
        here, on = xy[vertices] - xy[tips], xy[further] - xy[vertices]
        lengths = np.hypot(*here.T) * np.hypot(*on.T)
        return np.asarray(inside & (lengths > 0) & ((here * on).sum(axis=1) > _GOES_ON * lengths))

    @cached_property
    def spikes(self) -> tuple[Rows, Floats]:
        """Vertices that stick out: (s,) which, and (s,) by how much the way there and back is longer, metres."""
        before, at, after, there, back = self._reversals
        tolerance = self.tolerance[self.lines.part_of_vertex[at]]
        out = ~self._branches & (np.minimum(there, back) > SPIKE_TOLERANCES * tolerance)
        direct = np.hypot(*(self.lines.xy[before] - self.lines.xy[after]).T) / mercator.scale(
            self.lines.lonlat[at, 1]
        )
        return at[out], (there + back - direct)[out]

    @cached_property
    def outliers(self) -> tuple[Rows, Rows, Floats]:
        """Runs of one or two vertices far off: (s,) the first, (s,) the last, (s,) how much they add, metres."""
        before, at, after = self._turns
        # Two turns one after the other are a run of two.
        pair = np.flatnonzero((at[:-1] == before[1:]) & (after[:-1] == at[1:]))
        left, first = np.append(before, before[pair]), np.append(at, at[pair])
        last, right = np.append(at, at[pair + 1]), np.append(after, after[pair + 1])
        there, inner, back = self._metres(left, first), self._metres(first, last), self._metres(last, right)
        past, way = self._metres(left, right), there + inner + back
        part = self.lines.part_of_vertex[first]
        least = np.maximum(
            OUTLIER_SPACINGS * np.maximum(self._spacing[part], inner / 2),
            SPIKE_TOLERANCES * self.tolerance[part],
        )
        out = (np.minimum(there, back) > least) & (way > OUTLIER_DETOUR * np.maximum(past, inner))
        out &= np.isfinite(self._spacing[part])
        return first[out], last[out], (way - past)[out]

    @cached_property
    def detours(self) -> Rows:
        """Segments that lead to a spike or an outlier, or back from one."""
        first, last, _ = self.outliers
        spikes, _ = self.spikes
        return np.unique(np.concatenate([spikes - 1, spikes, first - 1, first, last]))

    @property
    def end_segments(self) -> Rows:
        """(2p,) the segment at each end, as `gis.network.graph.Ends` numbers them; the vertex is that or the next."""
        return np.column_stack([self.lines.offsets[:-1], self.lines.offsets[1:] - 2]).ravel()

    @property
    def end_m(self) -> Floats:
        """(2p,) the length of the segment at each end, metres."""
        return np.asarray(self.segment_m[self.end_segments])

    @cached_property
    def far_ends(self) -> Rows:
        """Ends far off by the survey's own spacing, as `gis.network.graph.Ends` numbers them."""
        least = np.maximum(END_SPACINGS * self._spacing, SPIKE_TOLERANCES * self.tolerance)
        return np.flatnonzero(self.end_m > np.repeat(least, 2))

    def _metres(self, one: Rows, other: Rows) -> Floats:
        """Give how far vertices lie apart in the plane, metres."""
        xy = self.lines.xy
        return np.asarray(np.hypot(*(xy[one] - xy[other]).T) / mercator.scale(self.lines.lonlat[one, 1]))

    @cached_property
    def _spacing(self) -> Floats:
        """(p,) the spacing that three of four segments of each part keep to, metres; infinite where they are few."""
        spacing = np.full(len(self.lines.owners), np.inf)
        kept = np.flatnonzero((self.segment_part >= 0) & (self.segment_m > REPEATED_M))
        part = self.segment_part[kept]
        order = np.lexsort((self.segment_m[kept], part))
        parts, begins, counts = np.unique(part[order], return_index=True, return_counts=True)
        at = begins + np.floor(_SPACING * (counts - 1)).astype(np.intp)
        many = counts >= OUTLIER_SEGMENTS
        spacing[parts[many]] = self.segment_m[kept][order][at[many]]
        return spacing

    @cached_property
    def folds(self) -> Rows:
        """Vertices where a part turns back over itself."""
        return self._reversals[1][self._aside <= LATERAL_M]

    @cached_property
    def returns(self) -> Returns:
        """Where parts turn and come back within their tolerance of the way they went, further than a spike's legs."""
        lines = self.lines
        tips = self._reversals[1]
        tolerance = self.tolerance[lines.part_of_vertex[tips]]
        tips = tips[self._branches & (self._aside <= tolerance)]
        parts = lines.part_of_vertex[tips]
        starts, stops = lines.offsets[parts], lines.offsets[parts + 1] - 1
        steps = np.nan_to_num(self.segment_m)
        along = np.concatenate([[0.0], np.cumsum(steps)]) if len(lines.lonlat) else np.empty(0)
        # Metres on the ground, as they are near each tip.
        scale = mercator.scale(lines.lonlat[starts, 1])
        reach = SPIKE_TOLERANCES * self.tolerance[parts]
        likely = come_back(lines.xy, along, tips, starts, stops, reach, scale)
        found = []
        for tip, part in zip(tips[likely].tolist(), parts[likely].tolist(), strict=True):
            start, stop = int(lines.offsets[part]), int(lines.offsets[part + 1])
            plane = lines.xy[start:stop] / float(mercator.scale(lines.lonlat[start : start + 1, 1])[0])
            metres, first, last = doubled(plane, tip - start, float(self.tolerance[part]))
            if metres > SPIKE_TOLERANCES * self.tolerance[part]:
                found.append((tip, part, start + first, start + last, metres))
        table = np.array(found, dtype=float).reshape(-1, 5)
        tips, parts, firsts, lasts = table[:, :4].T.astype(np.intp)
        return Returns(tips, parts, firsts, lasts, table[:, 4])

    @cached_property
    def self_contacts(self) -> Contacts:
        """Where parts that are not simple, or fold back, cross or cover themselves."""
        lines = self.lines
        suspicious = ~shapely.is_simple(lines.parts)
        suspicious[lines.part_of_vertex[self.folds]] = True
        in_question = np.flatnonzero(
            (self.segment_part >= 0) & suspicious[self.segment_part] & (self.segment_m > REPEATED_M)
        )
        none = np.empty(0, dtype=np.intp)
        if not len(in_question):
            return Contacts(none, none, none, np.empty((0, 2)), np.empty(0))
        ends = np.stack([lines.xy[in_question], lines.xy[in_question + 1]], axis=1)
        boxes = np.asarray(shapely.linestrings(ends))
        tree = shapely.STRtree(boxes)
        part = self.segment_part[in_question]
        # Pairs of all segments of a long route at once would take more memory than all else of it.
        found = []
        for first in range(0, len(boxes), _SEGMENTS):
            one, other = tree.query(boxes[first : first + _SEGMENTS])
            one += first
            pair = (one < other) & (part[one] == part[other])
            one, other = one[pair], other[pair]
            scale = mercator.scale(lines.lonlat[in_question[one], 1])
            sides = ends[one, 0], ends[one, 1], ends[other, 0], ends[other, 1]
            xy, shared = meet(*sides, LATERAL_M * scale)
            shared = shared / scale
            # Neighbouring segments share a vertex; only a fold makes more of it.
            neighbours = self._order[in_question[other]] - self._order[in_question[one]] <= 1
            real = np.isfinite(xy[:, 0]) & (~neighbours | (shared > LATERAL_M))
            found.append((one[real], other[real], xy[real], shared[real]))
        one, other, xy, shared = (np.concatenate(column) for column in zip(*found, strict=True))
        return Contacts(part[one], in_question[one], in_question[other], xy, shared)

    @cached_property
    def _order(self) -> Rows:
        """The number of each segment among those that are not of repeated vertices."""
        distinct = np.ones(len(self.segment_m), dtype=np.intp)
        distinct[self.repeated] = 0
        return np.cumsum(distinct)


def meet(a: Floats, b: Floats, c: Floats, d: Floats, lateral: Floats) -> tuple[Floats, Floats]:
    """
    Find what pairs of segments share.

    Parameters
    ----------
    a, b
        (n, 2) the ends of the one segment, in the plane.
    c, d
        (n, 2) the ends of the other.
    lateral
        (n,) how far apart they may be where they share a stretch, in the plane's units.

    Returns
    -------
    xy : numpy.ndarray
        (n, 2) where they cross or touch, or the middle of the stretch they share; NaN where they do not meet.
    shared : numpy.ndarray
        (n,) length of the stretch that they share, in the plane's units; 0 where they only cross or touch.
    """
    along, across = b - a, d - c
    turn = _cross(along, across)
    apart = c - a
    lengths = np.hypot(*along.T), np.hypot(*across.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        s, t = _cross(apart, across) / turn, _cross(apart, along) / turn
        # A touch counts, to a tenth of a millimetre.
        slack = 1e-4 / lengths[0], 1e-4 / lengths[1]
        crossing = (s >= -slack[0]) & (s <= 1 + slack[0]) & (t >= -slack[1]) & (t <= 1 + slack[1])
        xy = np.where(crossing[:, None], a + np.clip(s, 0, 1)[:, None] * along, np.nan)
        unit = along / lengths[0][:, None]
        # The ends of the other segment along this one, and its offsets where the common stretch begins and ends.
        u, v = (apart * unit).sum(axis=1), ((d - a) * unit).sum(axis=1)
        low, high = np.maximum(np.minimum(u, v), 0), np.minimum(np.maximum(u, v), lengths[0])
        offset, slope = _cross(unit, apart), (_cross(unit, d - a) - _cross(unit, apart)) / (v - u)
        aside = np.maximum(np.abs(offset + (low - u) * slope), np.abs(offset + (high - u) * slope))
    covered = (high > low) & (aside <= lateral)
    shared = np.where(covered, high - low, 0.0)
    middle = a + ((low + high) / 2)[:, None] * unit
    return np.where(covered[:, None], middle, xy), shared


def _cross(one: Floats, other: Floats) -> NDArray[np.float64]:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
