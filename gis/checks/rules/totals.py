"""Checks of quantities: recorded against measured, for a route and for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.registry import Found, check
from gis.language import Text
from gis.network.lines import EPSILON_M
from gis.totals import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.evidence.context import Context
    from gis.totals import Verdict

_NOWHERE = np.full((1, 2), np.nan)
_UNITS = {"m": Text("m", "متر"), "km": Text("km", "کیلومتر")}


# How far recorded and measured length may differ: this share, or the snap distance.
MISMATCH_SHARE = 0.01
# Cable kept in loops: so much at the two ends, and this share of the length on the way.
SLACK_M, SLACK_SHARE = 50.0, 0.2
# Three figures in whole metres are off by so much together.
ROUNDED_M = 1.5


@check("T501")
def length_mismatch(context: Context) -> Iterator[Found]:
    """Find routes whose recorded length is neither the measured one nor that with its slack."""
    measured = context.measured
    kind = f"{context.inventory.project.project.length}_m"
    length, recorded, std, slack = (
        measured[name].to_numpy(dtype=float) for name in (kind, "recorded_length_m", "std_m", "slack_m")
    )
    difference = recorded - length
    # A cable's length is recorded along the route, or with the loops that were laid up.
    with_slack = difference - np.where(slack > 0, slack, 0.0)
    difference = np.where(np.abs(with_slack) < np.abs(difference), with_slack, difference)
    allowed = np.maximum(MISMATCH_SHARE * recorded, context.settings.snap_m) + CONFIDENCE * np.nan_to_num(std)
    rows = np.flatnonzero(np.abs(difference) > allowed + EPSILON_M)
    twice = context.duplicates["routes"].rows
    # A route without a usable line measures nothing: G201, G202, G203.
    drawn = ~shapely.is_missing(context.usable("routes"))
    rows = rows[~np.isin(rows, twice) & ~context.astray[rows] & drawn[rows]]
    if len(rows):
        yield Found(
            "routes",
            rows,
            fields={
                "recorded_m": recorded[rows],
                "measured_m": length[rows],
                "difference_m": difference[rows],
                "allowed_m": allowed[rows],
            },
        )


@check("T502")
def implausible_slack(context: Context) -> Iterator[Found]:
    """Find more cable in loops than a route of its length would have."""
    slack, length = (context.measured[name].to_numpy(dtype=float) for name in ("slack_m", "geodesic_m"))
    most = SLACK_M + SLACK_SHARE * length
    rows = np.flatnonzero(slack > most + EPSILON_M)
    if len(rows):
        yield Found("routes", rows, fields={"slack_m": slack[rows], "most_m": most[rows]})


@check("T505")
def slack_sum_differs(context: Context) -> Iterator[Found]:
    """Find cables whose length and slack are not the length with slack that is recorded beside them."""
    routes = context.layer("routes")
    recorded, slack, total = (
        routes[name].to_numpy(dtype=float) for name in ("recorded_length_m", "slack_m", "total_length_m")
    )
    difference = total - (recorded + slack)
    rows = np.flatnonzero(np.abs(difference) > ROUNDED_M + EPSILON_M)
    if len(rows):
        yield Found(
            "routes",
            rows,
            fields={
                "recorded_m": recorded[rows],
                "slack_m": slack[rows],
                "total_m": total[rows],
                "difference_m": difference[rows],
            },
        )


@check("T503")
def total_differs(context: Context) -> Iterator[Found]:
    """Find recorded totals that the survey contradicts."""
    return _judged(context, "differs")


@check("T504")
def total_undecided(context: Context) -> Iterator[Found]:
    """Find recorded totals that the survey's accuracy cannot decide."""
    return _judged(context, "undecided")


def _judged(context: Context, verdict: Verdict) -> Iterator[Found]:
    for total in context.totals:
        if total.verdict == verdict:
            yield Found(
                total.layer,
                points=_NOWHERE,
                features=[total.item],
                fields={
                    "item": Text(total.name("en"), total.name("fa")),
                    "recorded": total.recorded,
                    "measured": round(total.measured, 3),
                    "difference": round(total.difference, 3),
                    "std": total.std,
                    "tolerance": total.tolerance,
                    "unit": _UNITS.get(total.unit, total.unit),
                    "needed_accuracy_m": total.needed_accuracy_m,
                },
            )
