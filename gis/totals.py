"""Recorded against measured: each total of the project, and whether the survey agrees with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from gis.glossary import word

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.inventory import Inventory
    from gis.language import Text
    from gis.lengths.measured import Measured
    from gis.project import Total
    from gis.schema import LayerName

Verdict = Literal["agrees", "differs", "undecided"]

VERDICTS: dict[Verdict, Text] = {name: word(name) for name in get_args(Verdict)}
# A verdict of "differs" is held back until the difference exceeds the tolerance by this many standard deviations.
CONFIDENCE = 2.0
_METRES = {"m": 1.0, "km": 1000.0}


@dataclass(frozen=True, slots=True)
class TotalResult:
    """
    One total held against the survey.

    Attributes
    ----------
    item, item_fa
        What was counted or measured.
    layer
        The layer it was counted in.
    measure
        ``"length"`` or ``"count"``.
    recorded, measured
        The two figures, in `unit`.
    std
        Standard deviation of the measured figure from the survey's accuracy, in `unit`; 0 for counts.
    difference
        Measured less recorded, in `unit`.
    unit
        ``"m"``, ``"km"``, or what is counted.
    tolerance
        By how much they may differ, in `unit`.
    verdict
        Whether they agree.
    features
        How many features it was taken from.
    unmeasured
        How many of these have no length, their geometry being missing or not finite.
    needed_accuracy_m
        For an undecided total, the accuracy of a coordinate at which a new survey would decide it; else None.
    source
        Who recorded the figure.
    """

    item: str
    item_fa: str
    layer: LayerName
    measure: Literal["length", "count"]
    recorded: float
    measured: float
    std: float
    difference: float
    unit: str
    tolerance: float
    verdict: Verdict
    features: int
    unmeasured: int
    needed_accuracy_m: float | None
    source: str

    def name(self, lang: str) -> str:
        """
        Give the item in a language, or in the other where it has just one.

        Parameters
        ----------
        lang
            ``"fa"`` or ``"en"``.

        Returns
        -------
        str
            The item's name.
        """
        return (self.item_fa or self.item) if lang == "fa" else self.item


def selected(layer: gpd.GeoDataFrame, total: Total) -> NDArray[np.bool_]:
    """
    Tell which features a total counts.

    Parameters
    ----------
    layer
        The canonical layer.
    total
        The total; its ``where`` asks for equal values, or one of a list.

    Returns
    -------
    numpy.ndarray
        (n,) booleans.
    """
    chosen = np.ones(len(layer), dtype=bool)
    for column, wanted in total.where.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        chosen &= layer[column].isin(values).to_numpy()
    return chosen


def verdict(difference: float, tolerance: float, std: float) -> Verdict:
    """
    Judge a difference.

    Parameters
    ----------
    difference
        Measured less recorded.
    tolerance
        By how much they may differ.
    std
        Standard deviation of the measured figure; same unit as the others.

    Returns
    -------
    Verdict
        ``"agrees"`` within the tolerance; ``"differs"`` where the difference exceeds it by more than `CONFIDENCE`
        standard deviations; else ``"undecided"``.
    """
    excess = abs(difference) - tolerance
    # A count or a length that meets its tolerance on the dot agrees, whatever the last bit of the sum says.
    if excess <= 1e-9 * max(1.0, tolerance):
        return "agrees"
    return "differs" if excess > CONFIDENCE * std else "undecided"


def reconcile(inventory: Inventory, measured: Measured) -> list[TotalResult]:
    """
    Hold every recorded total of the project against the survey.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Lengths as `gis.lengths.measure` gives them, one row a route in the inventory's order.

    Returns
    -------
    list of TotalResult
        One a total, in the project file's order.
    """
    return [_reconciled(inventory, measured, total) for total in inventory.project.totals]


def _reconciled(inventory: Inventory, measured: Measured, total: Total) -> TotalResult:
    chosen = selected(inventory.layer(total.layer), total)
    unmeasured = 0
    needed = None
    if total.measure == "count":
        figure, std = float(chosen.sum()), 0.0
    else:
        metres = _METRES[total.unit]
        lengths = measured[f"{inventory.project.project.length}_m"].to_numpy(dtype=float)[chosen]
        known = np.isfinite(lengths)
        unmeasured = int((~known).sum())
        figure = float(lengths[known].sum()) / metres
        std = measured.sum_of(chosen)[0] / metres
    difference = figure - total.recorded
    judged = verdict(difference, total.tolerance_value, std)
    if judged == "undecided":
        needed = _needed_accuracy(inventory, chosen, abs(difference) - total.tolerance_value, std)
    return TotalResult(
        item=total.item,
        item_fa=total.item_fa,
        layer=total.layer,
        measure=total.measure,
        recorded=total.recorded,
        measured=figure,
        std=std,
        difference=difference,
        unit=total.unit,
        tolerance=total.tolerance_value,
        verdict=judged,
        features=int(chosen.sum()),
        unmeasured=unmeasured,
        needed_accuracy_m=needed,
        source=total.source,
    )


def _needed_accuracy(inventory: Inventory, chosen: NDArray[np.bool_], excess: float, std: float) -> float:
    """Give the accuracy at which `excess` would stand out: the deviation of a length grows in proportion to it."""
    stated = inventory.routes["accuracy_m"].to_numpy(dtype=float, na_value=np.nan)[chosen]
    stated = np.where(np.isfinite(stated), stated, inventory.project.project.accuracy_m)
    worst = float(stated.max(initial=0.0))
    return worst * excess / (CONFIDENCE * std)
