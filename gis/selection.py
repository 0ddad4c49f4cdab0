"""Which features of a survey ``where`` selects: counties are known by each of their names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from gis import conditions
from gis.conditions import COUNTY, COUNTY_EN
from gis.schema import SCHEMAS
from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gis.conditions import Called
    from gis.inventory import Inventory
    from gis.project import Total
    from gis.schema import LayerName
    from gis.settings import Scalar

    Flags = NDArray[np.bool_]


def selected(inventory: Inventory, layer: LayerName, where: Mapping[str, Scalar | list[Scalar]]) -> Flags:
    """
    Tell which features of a layer ``where`` selects.

    Parameters
    ----------
    inventory
        The survey.
    layer
        The layer.
    where
        Column to the value, or one of several, that it must have, compared as `gis.conditions.equal` does; counties by
        any of the names that the survey or the project's counties give one: «کاشان» is Kashan.

    Returns
    -------
    numpy.ndarray
        (n,) booleans.
    """
    return conditions.selected(inventory.layer(layer), where, called(inventory))


def unmatched(inventory: Inventory, total: Total) -> tuple[tuple[str, Scalar], ...]:
    """
    Tell which values a total asks for that no feature of its layer has.

    Parameters
    ----------
    inventory
        The survey.
    total
        The total.

    Returns
    -------
    tuple
        Column and value. A code of a code list is left out, which says what it says though there is none of it.
    """
    schema, layer, names = SCHEMAS[total.layer], inventory.layer(total.layer), called(inventory)
    return tuple(
        (column, value)
        for column, wanted in total.where.items()
        if not schema[column].codes
        for value in conditions.listed(wanted)
        if not conditions.equal(layer, column, [value], names).any()
    )


def called(inventory: Inventory) -> Called:
    """
    Tell what else counties are called.

    Parameters
    ----------
    inventory
        The survey.

    Returns
    -------
    Callable
        Given folded names of counties, gives these and all that the survey and the project's counties call them.
    """

    @cache
    def groups() -> list[set[str]]:
        """Gather the names of each county, when one is asked for: most conditions name none."""
        tables = [
            layer[[COUNTY, COUNTY_EN]] for name in SCHEMAS if COUNTY_EN in (layer := inventory.layer(name))
        ]
        if inventory.counties is not None:
            tables.append(inventory.counties.drop(columns="geometry"))
        return [
            set(letters.fold_county([letters.written(one) for one in row if not pd.isna(one)]))
            for table in tables
            for row in table.drop_duplicates().itertuples(index=False, name=None)
        ]

    def all_names(names: set[str]) -> set[str]:
        return names.union(*(group for group in groups() if not group.isdisjoint(names)))

    return all_names
