"""Checks of quantities: recorded against measured, for a route and for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.registry import Found, check
from gis.language import Text
from gis.network.lines import EPSILON_M
from gis.totals import interval, outside, remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.evidence.context import Context
    from gis.totals import TotalResult, Verdict

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
    """Find routes whose recorded length is not the measured one, with or without its slack."""
    measured = context.measured
    kind = f"{context.inventory.project.project.length}_m"
    length, recorded, std, bias, slack = (
        measured[name].to_numpy(dtype=float)
        for name in (kind, "recorded_length_m", "std_m", "bias_m", "slack_m")
    )
    difference = length - recorded
    # A cable's length is recorded along the route, with the loops that were laid up, or anything between.
    slack = np.where(slack > 0, slack, 0.0)
    tolerance = np.maximum(MISMATCH_SHARE * recorded, context.settings.snap_m) + EPSILON_M
    low, high = interval(difference, std, bias)
    rows = np.flatnonzero(outside(low, high, tolerance + slack, tolerance))
    twice = context.duplicates["routes"].rows
    # A route without a usable line measures nothing: G201, G202, G203.
    drawn = ~shapely.is_missing(context.usable("routes"))
    rows = rows[~np.isin(rows, twice) & ~context.astray[rows] & drawn[rows]]
    if len(rows):
        short = difference[rows] < 0
        recorded_m, measured_m = recorded[rows].round(2), length[rows].round(2)
        # To the hundredth, so that what is shown adds up.
        difference_m = (measured_m - recorded_m).round(2)
        tolerance_m = tolerance[rows].round(2)
        accuracy_m = np.where(short, high[rows] - difference[rows], difference[rows] - low[rows]).round(2)
        slack_m = np.where(short, slack[rows], 0.0).round(2)
        yield Found(
            "routes",
            rows,
            fields={
                "recorded_m": recorded_m,
                "measured_m": measured_m,
                "difference_m": difference_m,
                "slack_m": slack_m,
                "tolerance_m": tolerance_m,
                "accuracy_m": accuracy_m,
                "left_m": np.abs(difference_m) - slack_m - tolerance_m - accuracy_m,
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


_UNCERTAINTY = Text(
    "; with a standard deviation (1σ) of {std:,.10g} {unit} and a bias of {bias:,.10g} {unit}, what was really built "
    "less what was recorded lies between {low:+,.10g} and {high}",
    "؛ با انحراف معیار (۱σ) {std:,.10g} {unit} و اریبی {bias:,.10g} {unit}، اختلاف آنچه واقعاً اجرا شده با مقدار "
    "ثبت‌شده میان {low:+,.10g} و {high} است",
)
_HIGH = Text("{high:+,.10g} {unit}", "{high:+,.10g} {unit}")
# Figures that a survey carries, to the millimetre.
_PLACES = {"m": 3, "km": 6}
_OPEN = Text("any larger figure", "هر رقم بزرگ‌تری")


def _remarks(total: TotalResult) -> Text:
    """Say how a total's verdict came about, as clauses after its figures."""
    said = Text("", "")
    if total.uncertain:
        unit = _UNITS[total.unit]
        places = _PLACES[total.unit]
        std, bias, low = (round(value, places) for value in (total.std, total.bias, total.low))
        high = _OPEN
        if np.isfinite(total.high):
            high = _HIGH.filled(high=round(total.high, places), unit=unit)
        said = _UNCERTAINTY.filled(std=std, bias=bias, low=low, high=high, unit=unit)
    for remark in remarks(total):
        said = Text(f"{said.en}; {remark.en}", f"{said.fa}؛ {remark.fa}")
    return said


def _judged(context: Context, verdict: Verdict) -> Iterator[Found]:
    for total in context.totals:
        if total.verdict == verdict:
            yield Found(
                total.layer,
                points=_NOWHERE,
                features=[total.item],
                fields={
                    "item": Text.literal(total.name("en"), total.name("fa")),
                    "recorded": total.recorded,
                    "measured": round(total.measured, 3),
                    "difference": round(total.difference, 3),
                    "tolerance": total.tolerance,
                    "unit": _UNITS.get(total.unit, total.unit),
                    "remarks": _remarks(total),
                },
            )
