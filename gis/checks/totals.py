"""Checks of quantities: recorded against measured, for a route and for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.checks.registry import Found, check
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.context import Context
    from gis.totals import Verdict

_NOWHERE = np.full((1, 2), np.nan)
_UNITS = {"m": Text("m", "متر"), "km": Text("km", "کیلومتر")}


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
