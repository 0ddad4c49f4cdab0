"""The vertices of many lines in flat arrays, and sums over their segments block by block."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis import progress
from gis.schema import LINE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

# 32768 segments: long enough that two threads seldom wait for the interpreter, small enough for the cache.
BLOCK = 32_768
# Below this a second thread costs more than it saves.
_VERTICES_A_THREAD = 50_000
_CHUNK = 1_000_000
_LINE_STRING, _LINEAR_RING, _MULTI_LINE_STRING = LINE_TYPES


@dataclass(frozen=True, slots=True, eq=False)
class Vertices:
    """
    Lines taken apart: their vertices one after the other, and which belong together.

    Attributes
    ----------
    coordinates
        (m, 2) or (m, 3) longitude and latitude in WGS 84 degrees, and height in metres (NaN where a vertex
        has none).
    offsets
        (p + 1,) where each part begins in `coordinates`, and m at the end; no part is empty.
    owners
        (p,) the line that each part belongs to, ascending.
    count
        How many lines there are.
    unmeasurable
        (count,) whether it is no line at all, so that it has no length: None, a point, a polygon.
    """

    coordinates: NDArray[np.float64]
    offsets: NDArray[np.intp]
    owners: NDArray[np.intp]
    count: int
    unmeasurable: NDArray[np.bool_]

    def sum_parts(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Add up the values of each line's parts.

        Parameters
        ----------
        values
            (p,) a value a part.

        Returns
        -------
        numpy.ndarray
            (count,) their sum for each line: 0 for an empty line, NaN for what is no line.
        """
        totals: NDArray[np.float64] = np.zeros(self.count)
        np.add.at(totals, self.owners, values)
        totals[self.unmeasurable] = np.nan
        return totals

    def select(self, parts: NDArray[np.intp]) -> Vertices:
        """
        Take some parts out.

        Parameters
        ----------
        parts
            (q,) which parts, ascending.

        Returns
        -------
        Vertices
            Just these, each a line of its own.
        """
        counts = np.diff(self.offsets)[parts]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        taken = np.repeat(self.offsets[parts] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Vertices(
            self.coordinates[taken],
            offsets,
            np.arange(len(parts)),
            len(parts),
            np.zeros(len(parts), dtype=bool),
        )


@dataclass(slots=True, eq=False)
class Block:
    """
    A run of neighbouring segments, some of which join one part to the next and do not count.

    Attributes
    ----------
    lon, lat
        (m + 1,) vertices in degrees, WGS 84.
    height
        (m + 1,) heights in metres, NaN where there is none; None without heights.
    joints
        The segments that only join one part to the next.
    parts
        The parts that the block touches.
    starts
        The segment that each of them begins at in the block, not counting the lead.
    work
        (k, m) buffers that a function may use as it likes.
    lead
        How many segments at the front, 0 or 1, were in the block before and only serve as the next one's
        neighbour.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    height: NDArray[np.float64] | None
    joints: NDArray[np.intp]
    parts: slice
    starts: NDArray[np.intp]
    work: NDArray[np.float64]
    lead: int = 0

    def __len__(self) -> int:
        """Count the segments."""
        return len(self.lon) - 1


def explode(lines: ArrayLike, *, heights: bool = False) -> Vertices:
    """
    Take lines apart into flat arrays.

    Parameters
    ----------
    lines
        (n,) Shapely geometries, WGS 84 degrees: LineString, LinearRing, MultiLineString, empty or None.
    heights
        Whether to keep the third coordinate.

    Returns
    -------
    Vertices
        The vertices; geometries of other types are marked and have none.
    """
    geometries = np.atleast_1d(np.asarray(lines, dtype=object))
    types = shapely.get_type_id(geometries)
    unmeasurable = (types != _LINE_STRING) & (types != _LINEAR_RING) & (types != _MULTI_LINE_STRING)
    owners = np.arange(len(geometries))
    parts = geometries
    if unmeasurable.any() or (types == _MULTI_LINE_STRING).any():
        owners = owners[~unmeasurable]
        parts, index = shapely.get_parts(geometries[owners], return_index=True)
        owners = owners[index]
    counts = shapely.get_num_coordinates(parts)
    if not counts.all():
        owners, counts = owners[counts > 0], counts[counts > 0]
    offsets = np.zeros(len(counts) + 1, dtype=np.intp)
    np.cumsum(counts, out=offsets[1:])
    heights = heights and bool(shapely.has_z(parts).any())
    coordinates = shapely.get_coordinates(parts, include_z=heights)
    return Vertices(coordinates, offsets, owners.astype(np.intp, copy=False), len(geometries), unmeasurable)


def measure_lines(
    lines: ArrayLike,
    measure: Callable[[Vertices, slice], tuple[NDArray[Any], ...]],
    *,
    heights: bool = False,
    threads: int | None = None,
) -> tuple[NDArray[Any], ...]:
    """
    Take lines apart and measure them, some hundred thousand vertices at a time.

    Parameters
    ----------
    lines
        (n,) Shapely geometries, as for `explode`.
    measure
        Given the `Vertices` of some lines, and which lines these are, returns arrays with a value a line, or a vertex.
    heights
        Whether it needs the third coordinate.
    threads
        How many threads; None takes the machine's processors.

    Returns
    -------
    tuple of numpy.ndarray
        What `measure` returned, for all lines. Fresh memory for all vertices at once would cost more time than the
        arithmetic; the chunks do not depend on the number of threads, and so neither do the results.
    """
    geometries = np.atleast_1d(np.asarray(lines, dtype=object))
    reached = np.cumsum(shapely.get_num_coordinates(geometries))
    total = int(reached[-1]) if len(reached) else 0
    borders = np.searchsorted(reached, np.arange(_CHUNK, total, _CHUNK)) + 1
    spans = [
        slice(a, b) for a, b in itertools.pairwise([0, *borders.tolist(), len(geometries)]) if b > a or not b
    ]

    def work_off(span: slice) -> tuple[NDArray[Any], ...]:
        return measure(explode(geometries[span], heights=heights), span)

    measured = []
    with ThreadPoolExecutor(min(_processors() if threads is None else threads, len(spans))) as pool:
        for span, values in zip(spans, pool.map(work_off, spans), strict=True):
            measured.append(values)
            progress.tell(progress.MEASURING, span.stop, len(geometries))
    return tuple(np.concatenate(column) for column in zip(*measured, strict=True))


def sum_segments(
    vertices: Vertices,
    measure: Callable[..., tuple[NDArray[np.float64], ...]],
    *arguments: Any,
    results: int = 1,
    buffers: int = 0,
    lead: int = 0,
    threads: int | None = 1,
) -> NDArray[np.float64]:
    """
    Add up over each part what a function says of its segments.

    Parameters
    ----------
    vertices
        The lines.
    measure
        Given a `Block` and `arguments`, returns `results` arrays with a value a segment (0 for the joints).
        It must release the interpreter while it works, as NumPy does.
    *arguments
        Passed on to `measure`.
    results
        How many arrays it returns.
    buffers
        How many buffers it needs.
    lead
        1 where it looks at each segment's predecessor.
    threads
        How many threads; None takes the machine's processors where the lines are worth it.

    Returns
    -------
    numpy.ndarray
        (results, p) the sums. Within a block NumPy adds pairwise, so the rounding of a sum grows with the
        logarithm of the number of vertices, not with the number.
    """
    offsets = vertices.offsets
    sums = np.zeros((results, len(vertices.owners)))
    if threads is None:
        threads = min(_processors(), 1 + int(offsets[-1]) // _VERTICES_A_THREAD)
    borders = np.searchsorted(offsets, np.linspace(0, offsets[-1], max(threads, 1) + 1))
    shares = [(int(a), int(b)) for a, b in itertools.pairwise(borders) if b > a]

    def work_off(first: int, last: int) -> None:
        with np.errstate(all="ignore"):  # NaN and infinity are answers here, not accidents
            for block in _blocks(vertices, first, last, buffers, lead):
                for total, values in zip(sums, measure(block, *arguments), strict=True):
                    total[block.parts] += np.add.reduceat(values[block.lead :], block.starts)

    if len(shares) > 1:
        with ThreadPoolExecutor(len(shares)) as pool:
            for done in [pool.submit(work_off, *share) for share in shares]:
                done.result()
    else:
        for share in shares:
            work_off(*share)
    return sums


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _blocks(vertices: Vertices, first: int, last: int, buffers: int, lead: int) -> Iterator[Block]:
    """Cut the parts from `first` to before `last` into blocks."""
    offsets = vertices.offsets
    begin, end = int(offsets[first]), int(offsets[last]) - 1
    work = np.empty((buffers, min(BLOCK + lead, max(end - begin, 0))))
    columns = vertices.coordinates.T
    # Blocks begin at the same vertices whatever the share, so the sums do not depend on the number of
    # threads.
    for place in range(begin - begin % BLOCK, end, BLOCK):
        start, stop = max(place, begin), min(place + BLOCK, end)
        front = max(start - lead, begin)
        # The part that the first segment lies in, to the last one that begins before the block ends.
        opening = int(np.searchsorted(offsets, start, side="right")) - 1
        closing = int(np.searchsorted(offsets, stop, side="left"))
        joints = offsets[opening : closing + 1] - (front + 1)
        lon, lat, *height = columns[:, front : stop + 1]
        yield Block(
            lon,
            lat,
            height[0] if height else None,
            joints[(joints >= 0) & (joints < stop - front)],
            slice(opening, closing),
            np.maximum(offsets[opening:closing] - start, 0),
            work[:, : stop - front],
            start - front,
        )
