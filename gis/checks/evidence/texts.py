"""Columns of text in bulk: compared by what they say, and sifted for what is worth a closer look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def strings(values: pd.Series[Any]) -> pa.Array:
    """
    Give a column as Arrow text.

    Parameters
    ----------
    values
        (n,) a column of a layer.

    Returns
    -------
    pyarrow.Array
        (n,) texts, null where a value is missing or no text.
    """
    if isinstance(values.dtype, pd.StringDtype):
        array = pa.array(values, from_pandas=True)
    else:
        array = pa.array([v if isinstance(v, str) else None for v in values.tolist()], pa.string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.large_string())


def folded(values: pd.Series[Any]) -> pa.Array:
    """
    Give a column in the form that it is compared in.

    Parameters
    ----------
    values
        (n,) a column of a layer.

    Returns
    -------
    pyarrow.Array
        (n,) as `gis.text.letters.fold` gives them, null where there is none.
    """
    array = strings(values)
    plain = pc.utf8_lower(array)
    return _replaced(plain, array, pc.match_substring_regex(array, r"[^!-~]"), letters.fold)


def folded_counties(values: pd.Series[Any]) -> pa.Array:
    """
    Give a column of counties in the form that they are compared in.

    Parameters
    ----------
    values
        (n,) a column of a layer.

    Returns
    -------
    pyarrow.Array
        (n,) as `gis.text.letters.fold_county` gives them, null where there is none.
    """
    encoded = strings(values).dictionary_encode()
    names = pa.array(letters.fold_county(encoded.dictionary.to_pylist()), pa.large_string())
    return names.take(encoded.indices)


def codes(*columns: pa.Array) -> list[NDArray[np.intp]]:
    """
    Give texts as numbers, equal texts the same.

    Parameters
    ----------
    *columns
        (n,) texts each.

    Returns
    -------
    list of numpy.ndarray
        (n,) numbers from 0 for each column, -1 for null.
    """
    whole = pa.chunked_array(columns, pa.large_string()).combine_chunks().dictionary_encode()
    numbers = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    return np.split(numbers, np.cumsum([len(column) for column in columns])[:-1])


def doubtful(array: pa.Array) -> NDArray[np.intp]:
    """
    Find texts that may be written or decoded wrongly: any letter beyond ASCII, or spaces that do nothing.

    Parameters
    ----------
    array
        (n,) texts.

    Returns
    -------
    numpy.ndarray
        Their rows; the others are sound.
    """
    odd = pc.match_substring_regex(array, r"[^ -~]|^ | $|  ")
    return np.flatnonzero(odd.fill_null(False).to_numpy(zero_copy_only=False))


def _replaced(plain: pa.Array, array: pa.Array, chosen: pa.Array, function: Callable[[str], str]) -> pa.Array:
    """Put what a function makes of each different chosen text in the place of the plain form."""
    rows = np.flatnonzero(chosen.fill_null(False).to_numpy(zero_copy_only=False))
    if not len(rows):
        return plain
    encoded = array.take(pa.array(rows)).dictionary_encode()
    made = pa.array([function(value) for value in encoded.dictionary.to_pylist()], pa.large_string())
    mask = np.zeros(len(array), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(plain, pa.array(mask), made.take(encoded.indices))


def blank(values: pd.Series[Any]) -> NDArray[np.bool_]:
    """
    Tell which values are missing.

    Parameters
    ----------
    values
        (n,) a column of a layer.

    Returns
    -------
    numpy.ndarray
        (n,) true for null and for text of spaces only.
    """
    missing = values.isna().to_numpy(dtype=bool, copy=True)
    if holds_text(values):
        empty = pc.equal(pc.utf8_trim_whitespace(strings(values)), "")
        missing |= empty.fill_null(False).to_numpy(zero_copy_only=False)
    return missing


def holds_text(values: pd.Series[Any]) -> bool:
    """
    Tell whether a column may hold text.

    Parameters
    ----------
    values
        (n,) a column of a layer.

    Returns
    -------
    bool
        False where its type is one of numbers, dates or truth values.
    """
    return isinstance(values.dtype, pd.StringDtype) or values.dtype == object


def pick(array: pa.Array, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.object_]:
    """
    Take texts out of a column.

    Parameters
    ----------
    array
        (n,) texts.
    rows
        Which.

    Returns
    -------
    numpy.ndarray
        Python strings, None for null.
    """
    return np.array(array.take(pa.array(rows)).to_pylist(), dtype=object)
