"""Measured routes: their lengths, and what was assumed and left out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.tabled import Tabled

if TYPE_CHECKING:
    import pandas as pd

    from gis.inventory import LeftOut


@dataclass(frozen=True, eq=False, repr=False)
class Measured(Tabled["pd.DataFrame"]):
    """
    The lengths of a survey's routes.

    Attributes
    ----------
    table
        A row a route in the inventory's order, columns `gis.lengths.COLUMNS`; metres. It is used like a DataFrame:
        ``measured["geodesic_m"]``, ``measured.groupby("county")``.
    assumed_accuracy
        How many routes state no accuracy and were given the project's.
    accuracy_m
        That accuracy: one standard deviation of a coordinate, metres.
    left_out
        What was delivered and no length counts.
    """

    table: pd.DataFrame
    assumed_accuracy: int = 0
    accuracy_m: float = 0.0
    left_out: tuple[LeftOut, ...] = ()

    @property
    def unmeasured(self) -> int:
        """How many routes have no length."""
        return int(self.table["geodesic_m"].isna().sum())
