"""
Lengths that can be signed: four kinds, how uncertain they are, and their sums.

`geodesic` measures on the ellipsoid, `kinds` in a grid, at the ground and along the slope, `uncertainty`
tells how far a survey's accuracy lets a length be known. `measure` puts them together, a row a route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gis.lengths import geodesic, kinds, uncertainty
from gis.lengths.measured import Measured
from gis.lengths.points import Accuracy, marks
from gis.lengths.sums import Survey
from gis.lengths.vertices import Vertices, measure_lines
from gis.schema import LENGTHS, SURVEYED

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from gis.inventory import Inventory

__all__ = ["COLUMNS", "KINDS", "geodesic", "kinds", "measure", "summary", "uncertainty"]

KINDS = tuple(LENGTHS)
_OF_THE_ROUTE = ("kind", "status", "county", "office_id")
# Provenance last: a table of lengths says of each route whether it was surveyed.
COLUMNS = ("id", *_OF_THE_ROUTE, *KINDS, "std_m", "bias_m", "slack_m", "recorded_length_m", "provenance")


def measure(inventory: Inventory, threads: int | None = None) -> Measured:
    """
    Measure every route.

    Parameters
    ----------
    inventory
        The survey; its project gives the grid, the height of the ground and the accuracy where features state
        none.
    threads
        How many threads work; None takes as many as are worth it.

    Returns
    -------
    Measured
        A row a route in the inventory's order, columns `COLUMNS`: what the route says of itself; its four lengths,
        their standard deviation and bias, its slack and recorded length, all in metres. Of a route that records no
        length, the metres between the marks on its sheath at either end are the recorded one. Lengths are NaN for a
        route without a measurable geometry.
    """
    import pandas as pd  # noqa: PLC0415 - heavy

    routes, about = inventory.routes, inventory.project.project
    accuracy = _numbers(routes, "accuracy_m")
    assumed = ~(np.isfinite(accuracy) & (accuracy >= 0))
    accuracy = np.where(assumed, about.accuracy_m, accuracy)

    lines = routes.geometry.to_numpy()
    roles, begins = _roles(inventory, lines)
    known = Accuracy(accuracy, assumed, about.correlation_m, roles)

    def of_lines(some: Vertices, which: slice) -> tuple[NDArray[Any], ...]:
        by_part = kinds.part_all_lengths(some, about.elevation_m, about.crs)
        own, points = known.of(which, begins), marks(some.coordinates)
        return *map(some.sum_parts, by_part), *uncertainty.vertices_uncertainty(some, own, points), points

    if about.crs is not None:
        kinds.require_grid(about.crs)
    geodesic_m, grid_m, ground_m, slope_m, std_m, bias_m, points = measure_lines(
        lines, of_lines, heights=True, threads=threads
    )
    unmeasured = np.isnan(geodesic_m)
    std_m, bias_m = (np.where(unmeasured, np.nan, one) for one in (std_m, bias_m))
    measured = pd.DataFrame(
        {
            "id": routes["route_id"].array,
            **{name: routes[name].array for name in _OF_THE_ROUTE},
            "geodesic_m": geodesic_m,
            "grid_m": grid_m,
            "ground_m": ground_m,
            "slope_m": slope_m,
            "std_m": std_m,
            "bias_m": bias_m,
            "slack_m": _numbers(routes, "slack_m"),
            "recorded_length_m": _recorded(routes),
            "provenance": routes["provenance"].array,
        },
        columns=list(COLUMNS),
        copy=False,
    )
    return Measured(
        measured,
        assumed_accuracy=int(assumed.sum()),
        accuracy_m=float(about.accuracy_m),
        left_out=inventory.left_out,
        survey=Survey(lines, known, std_m, bias_m, points),
    )


def _roles(
    inventory: Inventory, lines: NDArray[np.object_]
) -> tuple[NDArray[np.uint8] | None, NDArray[np.intp]]:
    """
    Give what each vertex of the lines is, and where those of each line begin; None where all were surveyed.

    A line whose vertices are not as many as were read counts as surveyed.
    """
    from gis.inventory import vertex_counts  # noqa: PLC0415 - heavy

    nowhere: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
    if inventory.curves is None or not len(lines):
        return None, nowhere
    curves = inventory.curves
    rows = inventory.positions("routes", curves.features)
    sizes = vertex_counts(lines)
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
    counts = np.diff(curves.offsets)
    whole = (rows >= 0) & (sizes[rows] == counts)
    if not whole.any():
        return None, nowhere
    roles = np.full(begins[-1], SURVEYED, dtype=np.uint8)
    of = np.repeat(whole, counts)
    shift = np.repeat(begins[rows] - curves.offsets[:-1], counts)
    roles[(np.arange(len(curves.roles)) + shift)[of]] = curves.roles[of]
    return roles, begins


def _numbers(routes: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    import pandas as pd  # noqa: PLC0415 - heavy

    numbers = pd.to_numeric(routes[name], errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _recorded(routes: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Give the recorded lengths, by the sheath's marks where there is none; two equal marks are marks left blank."""
    recorded = _numbers(routes, "recorded_length_m")
    between = np.abs(_numbers(routes, "end_mark_m") - _numbers(routes, "start_mark_m"))
    return np.where(np.isnan(recorded) & (between > 0), between, recorded)


def summary(measured: Measured | pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """
    Add up routes.

    Parameters
    ----------
    measured
        As `measure` gives them.
    by
        The column whose values are added up apart, such as ``"kind"``, ``"status"``, ``"county"`` or
        ``"office_id"``; None adds up all.

    Returns
    -------
    pandas.DataFrame
        A row a value of `by`, in sorted order and those without one last, with `by`, ``routes`` (how many),
        ``unmeasured`` (how many of these have no length and count for nothing), the sums of the four lengths,
        ``std_m``, ``bias_m``, ``slack_m`` and ``recorded_length_m``. Points that routes of a sum share were surveyed
        once (`Measured.sums`); of a bare table, which does not say, routes are taken as independent.

    Raises
    ------
    KeyError
        `measured` has no column `by`.
    """
    known = Measured.of(measured)
    own = known.table
    columns = [*KINDS, "slack_m", "recorded_length_m"]
    # What no route records is not recorded as 0.
    recorded = ["slack_m", "recorded_length_m"]
    order = ["routes", "unmeasured", *KINDS, "std_m", "bias_m", *recorded]
    if by is None:
        sums = own[columns].sum().to_frame().T
        sums[recorded] = sums[recorded].where(own[recorded].notna().any(), np.nan)
        sums["std_m"], sums["bias_m"] = known.sums()
        sums["routes"], sums["unmeasured"] = len(own), int(own["geodesic_m"].isna().sum())
        return sums[order]
    table = own[columns].copy()
    table["routes"] = 1
    table["unmeasured"] = own["geodesic_m"].isna().astype(int)
    groups = table.groupby(own[by].to_numpy(), dropna=False, sort=True)
    sums = groups.sum()
    sums[recorded] = groups[recorded].sum(min_count=1)
    sums["std_m"], sums["bias_m"] = known.sums(np.asarray(groups.ngroup(), dtype=np.intp), len(sums))
    return sums[order].rename_axis(by).reset_index()
