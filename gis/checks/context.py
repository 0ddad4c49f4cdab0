"""What checks share: the survey and all that more than one of them needs, worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gis import lengths, mercator, network, totals
from gis.checks.registry import Found
from gis.inventory import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from gis.inventory import Inventory, LayerName
    from gis.project import ChecksSettings


class Context:
    """
    A survey under check.

    Parameters
    ----------
    inventory
        The survey.
    measured
        The routes' lengths as `gis.lengths.measure` gives them, where they are known already.

    Attributes
    ----------
    inventory
        The survey.
    settings
        Its project's tolerances.
    """

    def __init__(self, inventory: Inventory, measured: pd.DataFrame | None = None) -> None:
        self.inventory = inventory
        self.settings: ChecksSettings = inventory.project.checks
        self._measured = measured
        self._planes: dict[str, NDArray[np.object_]] = {}
        self._usable: dict[str, NDArray[np.object_]] = {}

    def layer(self, name: LayerName) -> gpd.GeoDataFrame:
        """Give a layer of the inventory by its name."""
        return self.inventory.layer(name)

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The routes' lengths, a row a route in the inventory's order."""
        return self._measured if self._measured is not None else lengths.measure(self.inventory)

    @cached_property
    def totals(self) -> list[totals.TotalResult]:
        """The recorded totals with their verdicts."""
        return totals.reconcile(self.inventory, self.measured)

    def plane(self, name: LayerName) -> NDArray[np.object_]:
        """
        Give a layer's geometries in the plane of `gis.mercator`.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) geometries in Mercator metres; None where a geometry is missing, of the wrong type, empty or not
            finite, so that checks of form do not stumble over what checks of geometry report.
        """
        if name not in self._planes:
            geometries = self.usable(name)
            self._planes[name] = mercator.project_geometries(geometries)
        return self._planes[name]

    def usable(self, name: LayerName) -> NDArray[np.object_]:
        """
        Give a layer's geometries that can be worked with.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) geometries in WGS 84 degrees; None where one is missing, of the wrong type, empty or not finite.
        """
        if name not in self._usable:
            self._usable[name] = network.usable(self.layer(name), name)
        return self._usable[name]

    def tolerance(self, name: LayerName) -> NDArray[np.float64]:
        """
        Give the tolerances of a layer's features.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) metres, as `gis.network.tolerances` defines them.
        """
        return network.tolerances(self.layer(name), self.settings.snap_m)

    @cached_property
    def network(self) -> network.Network:
        """The network that the layers make."""
        return network.Network(self.inventory, {name: self.usable(name) for name in SCHEMAS})

    @cached_property
    def missing_columns(self) -> set[tuple[str, str]]:
        """Layer and column of required columns that no delivery has, which the reading noted as D005."""
        return {
            (note.layer, note.fields.get("column", ""))
            for note in self.inventory.notes
            if note.code == "D005"
        }

    def noted(self, code: str) -> Iterator[Found]:
        """
        Give what the reading of the delivery found under a code.

        Parameters
        ----------
        code
            The check's code.

        Yields
        ------
        Found
            One for each note.
        """
        for note in self.inventory.notes:
            if note.code == code:
                place = [[np.nan if note.lon is None else note.lon, np.nan if note.lat is None else note.lat]]
                yield Found(
                    note.layer,
                    points=np.array(place, dtype=float),
                    fields=note.fields,
                    features=[note.feature],
                )
