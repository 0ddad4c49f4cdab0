"""Random plans, surveyed with known errors, and the verdicts on what honest and false people recorded of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.lengths import geodesic, uncertainty
from gis.lengths.points import Accuracy
from gis.lengths.sums import Survey
from gis.totals import verdict
from support.surveys import metres

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Simulation:
    """The verdict on each plan, of a record that is right and of one that claims tolerance + 4σ too much."""

    honest: NDArray[np.str_]
    false: NDArray[np.str_]

    def share(self, which: str, said: str) -> float:
        """Tell how often a verdict was given."""
        return float((getattr(self, which) == said).mean())


def simulate(plans: int, seed: int = 0) -> Simulation:
    """
    Survey random plans and judge them.

    A plan has 1 to 30 streets of 2 to 40 vertices, 10 to 60 m apart, that turn as streets do. Each lies in one section
    or in two that share a vertex, and 1 to 4 cables lie along each section, on its vertices. Every coordinate gets an
    error of a deviation between 0.02 and 3 m, one of a plan; the tolerance is up to 2 % of the plan. What the verdict
    knows is the lines as they were surveyed.
    """
    random = np.random.default_rng(seed)
    routes = random.integers(1, 31, plans)
    vertices = random.integers(2, 41, routes.sum())
    plan = np.repeat(np.arange(plans), routes)
    route = np.repeat(np.arange(len(vertices)), vertices)
    spacing = random.uniform(10, 60, len(vertices))
    sigma = np.exp(random.uniform(np.log(0.02), np.log(3.0), plans))
    heading = np.cumsum(random.normal(0, 0.4, len(route)))
    step = spacing[route] * random.uniform(0.5, 1.5, len(route))
    first = np.concatenate([[0], np.cumsum(vertices)[:-1]])
    xy = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * step[:, None], axis=0)
    xy -= xy[first][route]
    start = random.uniform(0, 20_000, (len(vertices), 2))
    xy += start[route]
    noisy = xy + random.normal(0, 1, xy.shape) * sigma[plan[route], None]
    # A vertex inside of a street ends one section and begins the next.
    inside = vertices > 2
    cuts = (first + 1 + np.floor(random.uniform(0, 1, len(vertices)) * (vertices - 2)).astype(np.intp))[
        inside & (random.uniform(0, 1, len(vertices)) < 0.5)
    ]
    at = np.sort(np.concatenate([np.arange(len(route)), cuts]))
    begins = np.concatenate([[True], (at[1:] == at[:-1]) | (route[at[1:]] != route[at[:-1]])])
    section = np.cumsum(begins) - 1
    cables = random.integers(1, 5, section[-1] + 1)
    of_plan = np.repeat(plan[route[at[begins]]], cables)
    true, surveyed = (np.repeat(_lines(points[at], section), cables) for points in (xy, noisy))
    built, measured = (
        np.bincount(of_plan, weights=geodesic.line_lengths(lines)) for lines in (true, surveyed)
    )
    std, bias = _known(surveyed, sigma, of_plan)
    real, _ = _known(true, sigma, of_plan)
    tolerance = random.uniform(0, 0.02, plans) * built
    judged = [
        [
            verdict(m - record, t, s, b)
            for m, record, t, s, b in zip(measured, records, tolerance, std, bias, strict=True)
        ]
        for records in (built, built + tolerance + 4 * real)
    ]
    return Simulation(np.array(judged[0]), np.array(judged[1]))


def _known(
    lines: NDArray[np.object_], sigma: NDArray[np.float64], plan: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give deviation and bias of each plan's sum, as `gis.measure` and `gis.reconcile` do."""
    accuracy = Accuracy(sigma[plan], np.zeros(len(lines), dtype=bool))
    own = uncertainty.length_uncertainty(lines, sigma[plan])
    return Survey(lines, accuracy, *own).uncertainty(plan, len(sigma))


def _lines(xy: NDArray[np.float64], route: NDArray[np.intp]) -> NDArray[np.object_]:
    return np.asarray(shapely.linestrings(np.column_stack(metres(*xy.T)), indices=route), dtype=object)
