"""Random plans, surveyed with known errors, and the verdicts on what honest and false people recorded of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.lengths import geodesic, uncertainty
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

    A plan has 1 to 30 routes of 2 to 40 vertices, 10 to 60 m apart, that turn as streets do. Every coordinate gets an
    error of a deviation between 0.02 and 3 m, one of a plan; the tolerance is up to 2 % of the plan. What the verdict
    knows is the line as it was surveyed.
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
    true = _lines(xy, route)
    surveyed = _lines(xy + random.normal(0, 1, xy.shape) * sigma[plan[route], None], route)
    built, measured = (np.bincount(plan, weights=geodesic.line_lengths(lines)) for lines in (true, surveyed))
    deviation, bias = uncertainty.length_uncertainty(surveyed, sigma[plan])
    std = np.sqrt(np.bincount(plan, weights=deviation**2))
    real = np.sqrt(np.bincount(plan, weights=uncertainty.length_uncertainty(true, sigma[plan])[0] ** 2))
    bias = np.bincount(plan, weights=bias)
    tolerance = random.uniform(0, 0.02, plans) * built
    judged = [
        [
            verdict(m - record, t, s, b)
            for m, record, t, s, b in zip(measured, records, tolerance, std, bias, strict=True)
        ]
        for records in (built, built + tolerance + 4 * real)
    ]
    return Simulation(np.array(judged[0]), np.array(judged[1]))


def _lines(xy: NDArray[np.float64], route: NDArray[np.intp]) -> NDArray[np.object_]:
    return np.asarray(shapely.linestrings(np.column_stack(metres(*xy.T)), indices=route), dtype=object)
