"""Conditions on the values of a layer: ``where`` of totals and of rules, and how two values compare."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from gis.language import Text
from gis.settings import RefusedError, Scalar, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gis.schema import Column, Schema

    Flags = NDArray[np.bool_]
    Called = Callable[[set[str]], set[str]]

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Where = dict[str, Scalar | list[Scalar]]
# A county, and a delivery's own column of English names beside those of the counties.
COUNTY, COUNTY_EN = "county", "county_en"
# Numbers are compared to this share of themselves: below it, only their last digits in binary differ.
_EQUAL = 1e-12

_NO_COLUMN = Text(
    "{subject}: where names {column}, which {layer} do not have{hint}",
    "{subject}: where ستون {column} را نام می‌برد که در لایهٔ {layer} نیست{hint}",
)
_NOTHING = Text(
    "{subject}: where {column} = [] selects nothing; name a value",
    "{subject}: where {column} = [] چیزی را برنمی‌گزیند؛ مقداری را نام ببرید",
)
_NO_CODE = Text(
    "{subject}: {key} {column}: {value} is none of {allowed}",
    "{subject}: {key} {column}: مقدار {value} هیچ‌یک از این‌ها نیست: {allowed}",
)
_NO_NUMBER = Text(
    "{subject}: {key} {column}: {value} is no number",
    "{subject}: {key} {column}: مقدار {value} عدد نیست",
)


def settled(where: Where, schema: Schema, subject: Text) -> None:
    """
    Bring the values of ``where`` into the form that the layers have them in.

    Parameters
    ----------
    where
        Column to the value, or the list of values, that a feature must have; changed in place, each to a list.
    schema
        The layer.
    subject
        Whose it is, for what is said of a fault.

    Raises
    ------
    RefusedError
        A column that the layer does not have, a list of nothing, or a value that no feature can have.
    """
    for column, wanted in where.items():
        if column not in schema.names:
            hint = suggestion(column, schema.names)
            raise RefusedError(
                _NO_COLUMN.filled(subject=subject, column=repr(column), layer=schema.name, hint=hint)
            )
        values = listed(wanted)
        if not values:
            raise RefusedError(_NOTHING.filled(subject=subject, column=column))
        where[column] = [as_stored(schema[column], value, subject, "where") for value in values]


def as_stored(column: Column, value: Scalar, subject: Text, key: str) -> Scalar:
    """
    Give a value of the project file as the layers have it.

    Parameters
    ----------
    column
        The column that it is held against.
    value
        As it is written.
    subject, key
        Whose value it is and the key that it stands under, for what is said of a fault.

    Returns
    -------
    str, int, float or bool
        A code as its list has it however it is written, a number as a number, anything else as it is.

    Raises
    ------
    RefusedError
        No feature can have it: it is not in the code list, or no number.
    """
    from gis.text import letters  # noqa: PLC0415 - heavy, and only conditions need it here

    if column.codes:
        known = {
            letters.fold(way): code
            for code, words in column.codes.items()
            for way in (code, words.en, words.fa)
        }
        code = known.get(letters.fold(letters.written(value)))
        if code is None:
            allowed = ", ".join(column.codes)
            raise RefusedError(
                _NO_CODE.filled(
                    subject=subject, key=key, column=column.name, value=repr(value), allowed=allowed
                )
            )
        return code
    if column.kind in {"number", "integer"}:
        try:
            figure = float(letters.ascii_digits(str(value)))
        except ValueError:
            figure = math.nan
        if isinstance(value, bool) or not math.isfinite(figure):
            raise RefusedError(
                _NO_NUMBER.filled(subject=subject, key=key, column=column.name, value=repr(value))
            )
        return figure
    return value


def selected(
    layer: pd.DataFrame, where: Mapping[str, Scalar | list[Scalar]], called: Called | None = None
) -> Flags:
    """
    Tell which features ``where`` selects.

    Parameters
    ----------
    layer
        A canonical layer.
    where
        As `settled` leaves it: each column has one of its values.
    called
        As for `equal`.

    Returns
    -------
    numpy.ndarray
        (n,) booleans.
    """
    import numpy as np  # noqa: PLC0415

    chosen = np.ones(len(layer), dtype=bool)
    for column, wanted in where.items():
        chosen &= equal(layer, column, listed(wanted), called)
    return chosen


def listed(wanted: Scalar | list[Scalar]) -> list[Scalar]:
    """
    Give the values that ``where`` asks a column for.

    Parameters
    ----------
    wanted
        A value, or several.

    Returns
    -------
    list
        The values.
    """
    return wanted if isinstance(wanted, list) else [wanted]


def equal(layer: pd.DataFrame, column: str, values: list[Scalar], called: Called | None = None) -> Flags:
    """
    Tell which features have one of some values.

    Parameters
    ----------
    layer
        A canonical layer.
    column
        One of its columns.
    values
        The values. Texts are equal when they say the same (`gis.text.letters.fold`), counties whether or not they are
        called one (`fold_county`), in Persian or, where the layer has ``county_en``, in English.
    called
        Given folded names of counties, gives all names that these have; None where no others are known.

    Returns
    -------
    numpy.ndarray
        (n,) booleans, false where there is none.
    """
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    from gis.text import letters  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(layer[column].dtype):
        return np.asarray(layer[column].isin(values).fillna(False), dtype=bool)
    wanted = [letters.written(value) for value in values]
    if column != COUNTY:
        return _among(layer[column], set(letters.fold(wanted)), letters.fold)
    names = set(letters.fold_county(wanted))
    if called is not None:
        names = called(names)
    same = _among(layer[column], names, letters.fold_county)
    if COUNTY_EN in layer:
        same |= _among(layer[COUNTY_EN], names, letters.fold_county)
    return same


def _among(column: pd.Series, wanted: set[str], folding: Callable[[Any], Any]) -> Flags:
    """Tell which values of a column are among folded ones."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    codes, values = pd.factorize(column)
    told = [value in wanted for value in folding(np.asarray(values, dtype=object))]
    # What is missing has the code -1, the last.
    return np.array([*told, False], dtype=bool)[codes]


def compared(left: NDArray[Any], operator: Operator, right: NDArray[Any]) -> Flags:
    """
    Compare two columns of figures.

    Parameters
    ----------
    left
        (n,) numbers, of dates the days since 1970.
    operator
        How.
    right
        (n,) as `left`.

    Returns
    -------
    numpy.ndarray
        (n,) whether it holds; false where one is not a number. Two numbers are equal to the last digits in binary.
    """
    import numpy as np  # noqa: PLC0415

    known = np.isfinite(left) & np.isfinite(right)
    same = np.isclose(left, right, rtol=_EQUAL, atol=0.0)
    holds = {
        "==": same,
        "!=": ~same,
        "<": (left < right) & ~same,
        "<=": (left < right) | same,
        ">": (left > right) & ~same,
        ">=": (left > right) | same,
    }
    return np.asarray(known & holds[operator], dtype=bool)
