"""Which features a total counts: the values of its ``where``, compared as everything else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.schema import SCHEMAS
from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from gis.inventory import Inventory
    from gis.project import Scalar, Total

    Flags = NDArray[np.bool_]

_COUNTY = "county"
# A delivery's own column of English names beside those of the counties.
_COUNTY_EN = "county_en"


def selected(inventory: Inventory, total: Total) -> Flags:
    """
    Tell which features a total counts.

    Parameters
    ----------
    inventory
        The survey.
    total
        The total; its ``where`` asks for equal values, or one of a list. Texts are equal when they say the same
        (`gis.text.letters.fold`), counties whether or not they are called one (`fold_county`), and by any of the names
        that the survey or the project's counties give one: «کاشان» is Kashan.

    Returns
    -------
    numpy.ndarray
        (n,) booleans, of the total's layer.
    """
    chosen = np.ones(len(inventory.layer(total.layer)), dtype=bool)
    for column, wanted in total.where.items():
        chosen &= _equal(inventory, total, column, _values(wanted))
    return chosen


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
    schema = SCHEMAS[total.layer]
    return tuple(
        (column, value)
        for column, wanted in total.where.items()
        if not schema[column].codes
        for value in _values(wanted)
        if not _equal(inventory, total, column, [value]).any()
    )


def _values(wanted: Scalar | list[Scalar]) -> list[Scalar]:
    return wanted if isinstance(wanted, list) else [wanted]


def _equal(inventory: Inventory, total: Total, column: str, values: list[Scalar]) -> Flags:
    """Tell which features have one of some values in a column."""
    layer = inventory.layer(total.layer)
    if pd.api.types.is_numeric_dtype(layer[column].dtype):
        return np.asarray(layer[column].isin(values).fillna(False), dtype=bool)
    wanted = [letters.written(value) for value in values]
    if column != _COUNTY:
        return _among(layer[column], set(letters.fold(wanted)))
    names = _called(inventory, letters.fold_county(wanted))
    equal = _among(layer[column], names, county=True)
    if _COUNTY_EN in layer:
        equal |= _among(layer[_COUNTY_EN], names, county=True)
    return equal


def _among(column: pd.Series, wanted: set[str], *, county: bool = False) -> Flags:
    """Tell which values of a column are among folded ones."""
    codes, values = pd.factorize(column)
    folding = letters.fold_county if county else letters.fold
    told = [value in wanted for value in folding(np.asarray(values, dtype=object))]
    # What is missing has the code -1, the last.
    return np.array([*told, False], dtype=bool)[codes]


def _called(inventory: Inventory, names: Iterable[str]) -> set[str]:
    """Give all names of counties, folded, that the survey and the project's counties give those of some."""
    tables = [
        layer[[_COUNTY, _COUNTY_EN]] for name in SCHEMAS if _COUNTY_EN in (layer := inventory.layer(name))
    ]
    if inventory.counties is not None:
        tables.append(inventory.counties.drop(columns="geometry"))
    groups = [
        set(letters.fold_county([letters.written(one) for one in row if not pd.isna(one)]))
        for table in tables
        for row in table.drop_duplicates().itertuples(index=False, name=None)
    ]
    return set(names).union(*(group for group in groups if not group.isdisjoint(names)))
