"""How well sums of lengths are known: points that routes share were surveyed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gis.lengths.points import Accuracy, marks, moments, repeated
from gis.lengths.uncertainty import vertices_uncertainty
from gis.lengths.vertices import Vertices, explode
from gis.schema import SURVEYED

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Survey:
    """
    What sums of routes' lengths need to know of the routes.

    Attributes
    ----------
    lines
        (n,) LineStrings or MultiLineStrings in WGS 84 degrees; also others and None.
    accuracy
        How well their vertices are known; its roles are those of all vertices of all lines, one after the other.
    std, bias
        (n,) standard deviation and bias of each line's length, metres; NaN where it has none.
    marks
        The marks of all vertices of all lines, one after the other, as `gis.lengths.points.marks` gives them; None
        where nobody has made them yet.
    """

    lines: NDArray[np.object_]
    accuracy: Accuracy
    std: NDArray[np.float64]
    bias: NDArray[np.float64]
    marks: NDArray[np.uint64] | None = None

    def uncertainty(
        self, groups: NDArray[np.intp], count: int, weights: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Tell how well sums of lengths are known.

        Parameters
        ----------
        groups
            (n,) which sum each line belongs to, from 0; -1 for none. Lines without a length count for nothing.
        count
            How many sums there are.
        weights
            (n,) how many times a sum has each line; None for once.

        Returns
        -------
        std : numpy.ndarray
            (count,) standard deviations, metres.
        bias : numpy.ndarray
            (count,) metres.

        Notes
        -----
        Lines add up as if each had its points for itself. What the points that several lines share change of that is
        worked out on the segments that touch these: all other points add the same either way.
        """
        groups = np.where(np.isfinite(self.std), groups, -1)
        counted = np.flatnonzero(groups >= 0)
        vertices, segments, accuracy = self._shared
        each = None
        if weights is not None:
            each = weights[np.repeat(vertices.owners, np.diff(vertices.offsets))]
        if self.accuracy.correlation_m > 0:
            variance, bias = moments(vertices, accuracy, groups, count, segments, each)
            return np.sqrt(variance), bias
        of = groups[counted]
        times = np.ones(len(counted)) if weights is None else weights[counted]
        variance, bias = (
            np.bincount(of, weights=values, minlength=count).astype(np.float64)
            for values in (np.square(times * self.std[counted]), times * self.bias[counted])
        )
        if len(segments):
            together = moments(vertices, accuracy, groups, count, segments, each)
            lines = np.full(len(groups), -1)
            lines[counted] = np.arange(len(counted))
            alone = moments(vertices, accuracy, lines, len(counted), segments, each)
            variance += together[0] - np.bincount(of, weights=alone[0], minlength=count)
            bias += together[1] - np.bincount(of, weights=alone[1], minlength=count)
        return np.sqrt(np.maximum(variance, 0)), bias

    def of_shares(
        self, rows: NDArray[np.bool_], shares: NDArray[np.float64], pulls: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Tell how well a sum is known that has a share of each segment.

        Parameters
        ----------
        rows
            (n,) whether each line counts.
        shares
            (m,) how many times the sum has each segment, by the vertex that it begins at, of the vertices of these
            lines one after the other.
        pulls
            (m, 2) how the sum changes with each vertex beyond what the shares say, east and north.

        Returns
        -------
        std : numpy.ndarray
            (1,) standard deviation, metres.
        bias : numpy.ndarray
            (1,) metres.
        """
        from gis.inventory import vertex_counts  # noqa: PLC0415 - heavy

        lines = self.lines[rows]
        roles = self.accuracy.roles
        if roles is not None:
            roles = roles[np.repeat(rows, vertex_counts(self.lines))]
        accuracy = replace(
            self.accuracy, sigma=self.accuracy.sigma[rows], assumed=self.accuracy.assumed[rows], roles=roles
        )
        one = np.zeros(len(lines), dtype=np.intp)
        vertices = explode(lines)
        variance, bias = moments(vertices, accuracy, one, 1, weights=shares, pulls=pulls)
        return np.sqrt(variance), bias

    def supposing(self, sigma: NDArray[np.float64]) -> Survey:
        """
        Give the survey as it would be with other accuracies.

        Parameters
        ----------
        sigma
            (n,) one standard deviation of each horizontal coordinate of each line's points, metres.

        Returns
        -------
        Survey
            The same lines.
        """
        accuracy = replace(self.accuracy, sigma=sigma)
        std, bias = vertices_uncertainty(explode(self.lines), accuracy)
        return replace(self, accuracy=accuracy, std=std, bias=bias)

    @cached_property
    def _shared(self) -> tuple[Vertices, NDArray[np.intp], Accuracy]:
        """
        Give the lines that touch others, and which of their segments do.

        Where errors are correlated, and of lines with curves, these are all.
        """
        roles = self.accuracy.roles
        if self.accuracy.correlation_m > 0:
            vertices = explode(self.lines)
            return vertices, np.flatnonzero(_begins_segment(vertices)), self.accuracy
        if roles is None and self.marks is not None:
            from gis.inventory import vertex_counts  # noqa: PLC0415 - heavy

            # Of many routes few meet others: only these are taken apart once more.
            again = repeated(self.marks)
            sizes = vertex_counts(self.lines)
            begins = np.cumsum(sizes) - sizes
            of = np.searchsorted(begins + sizes, again, side="right")
            some = np.unique(of)
            own = explode(self.lines[some])
            vertices = replace(
                own, owners=some[own.owners], count=len(sizes), unmeasurable=np.zeros(len(sizes), dtype=bool)
            )
            moved = np.cumsum(sizes[some]) - sizes[some] - begins[some]
            again += moved[np.searchsorted(some, of)]
        else:
            vertices = explode(self.lines)
            again = repeated(marks(vertices.coordinates) if self.marks is None else self.marks)
        touched = np.zeros(len(vertices.coordinates) + 1, dtype=bool)
        touched[again] = True
        touched[:-1] |= touched[1:]
        touched = touched[:-1]
        if roles is not None:
            line = np.repeat(vertices.owners, np.diff(vertices.offsets))
            curved = np.zeros(vertices.count, dtype=bool)
            curved[line[roles != SURVEYED]] = True
            touched |= curved[line]
        return _only(vertices, touched & _begins_segment(vertices), self.accuracy)


def _begins_segment(vertices: Vertices) -> NDArray[np.bool_]:
    inside = np.ones(len(vertices.coordinates), dtype=bool)
    inside[vertices.offsets[1:] - 1] = False
    return inside


def _only(
    vertices: Vertices, segments: NDArray[np.bool_], accuracy: Accuracy
) -> tuple[Vertices, NDArray[np.intp], Accuracy]:
    """Keep the parts that have any of the segments."""
    if not segments.any():
        return vertices.select(np.zeros(0, dtype=np.intp)), np.zeros(0, dtype=np.intp), accuracy
    counts = np.diff(vertices.offsets)
    some = np.add.reduceat(segments, vertices.offsets[:-1], dtype=np.intp) > 0
    kept = np.repeat(some, counts)
    offsets = np.concatenate([[0], np.cumsum(counts[some])]).astype(np.intp)
    roles = None if accuracy.roles is None else accuracy.roles[kept]
    return (
        Vertices(
            vertices.coordinates[kept], offsets, vertices.owners[some], vertices.count, vertices.unmeasurable
        ),
        np.flatnonzero(segments[kept]),
        Accuracy(accuracy.sigma, accuracy.assumed, accuracy.correlation_m, roles),
    )
