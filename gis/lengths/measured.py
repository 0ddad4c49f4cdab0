"""Measured routes: their lengths, and what was assumed and left out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.tabled import Tabled

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from gis.inventory import LeftOut
    from gis.lengths.sums import Survey


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
    survey
        Which points the routes share; None where that is not known, and sums take the routes as independent.
    """

    table: pd.DataFrame
    assumed_accuracy: int = 0
    accuracy_m: float = 0.0
    left_out: tuple[LeftOut, ...] = ()
    survey: Survey | None = None

    @classmethod
    def of(cls, lengths: Measured | pd.DataFrame) -> Measured:
        """
        Take lengths as they come.

        Parameters
        ----------
        lengths
            Measured routes, or a bare table of them.

        Returns
        -------
        Measured
            Those; of a bare table, which does not say what they share, routes that sums take as independent.
        """
        return lengths if isinstance(lengths, Measured) else cls(lengths)

    @property
    def unmeasured(self) -> int:
        """How many routes have no length."""
        return int(self.table["geodesic_m"].isna().sum())

    def sums(
        self,
        groups: NDArray[np.intp] | None = None,
        count: int = 1,
        weights: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Tell how well sums of routes are known.

        Parameters
        ----------
        groups
            (n,) which sum each route belongs to, from 0; -1 for none. None takes one sum of all.
        count
            How many sums there are.
        weights
            (n,) how many times a sum has each route; None for once.

        Returns
        -------
        std : numpy.ndarray
            (count,) standard deviations, metres. What routes share, a vertex at equal coordinates, was surveyed once.
        bias : numpy.ndarray
            (count,) by how much the errors make the sums longer on average, metres.
        """
        if groups is None:
            groups = np.zeros(len(self), dtype=np.intp)
        if self.survey is not None:
            return self.survey.uncertainty(groups, count, weights)
        std, bias = (self.table[name].to_numpy(dtype=np.float64) for name in ("std_m", "bias_m"))
        if weights is not None:
            std, bias = weights * std, weights * bias
        counted = np.isfinite(std) & (groups >= 0)
        of = groups[counted]
        variance: NDArray[np.float64]
        variance, shift = (
            np.bincount(of, weights=values[counted], minlength=count).astype(np.float64)
            for values in (std**2, bias)
        )
        return np.sqrt(variance), shift

    def sum_of(
        self,
        rows: NDArray[np.bool_],
        weights: NDArray[np.float64] | None = None,
        shares: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> tuple[float, float]:
        """
        Tell how well the sum of some routes is known.

        Parameters
        ----------
        rows
            (n,) whether each counts.
        weights
            (n,) how many times; None for once.
        shares
            (m,) how many times the sum has each segment of these routes, where it is not the same all along, and (m, 2)
            how it changes with each vertex besides, as `gis.lengths.sums.Survey.of_shares` takes them; without a survey
            the weights count.

        Returns
        -------
        std : float
            Standard deviation, metres.
        bias : float
            By how much the errors make the sum longer on average, metres.
        """
        if shares is not None and self.survey is not None:
            std, bias = self.survey.of_shares(rows, *shares)
        else:
            std, bias = self.sums(np.where(rows, 0, -1), weights=weights)
        return float(std[0]), float(bias[0])
