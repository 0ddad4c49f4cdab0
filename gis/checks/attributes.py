"""Checks of values: missing, repeated, unknown, out of range, badly written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.checks.registry import Found, check
from gis.delivery import text
from gis.inventory import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gis.checks.context import Context


def blank(values: pd.Series) -> NDArray[np.bool_]:
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
    if pd.api.types.is_string_dtype(values.dtype) or values.dtype == object:
        missing |= (values.fillna("").astype("str").str.strip() == "").to_numpy(dtype=bool)
    return missing


@check("A401")
def missing_value(context: Context) -> Iterator[Found]:
    """Find required columns that are empty."""
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        for column in schema.columns:
            if column.required and (name, column.name) not in context.missing_columns:
                rows = np.flatnonzero(blank(layer[column.name]))
                if len(rows):
                    yield Found(name, rows, fields={"column": column.label})


@check("A402")
def repeated_id(context: Context) -> Iterator[Found]:
    """Find ids that an earlier feature of the layer has."""
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        ids = text.fold(layer[schema.id].to_numpy(dtype=object))
        codes, _ = pd.factorize(ids)
        _, first = np.unique(codes, return_index=True)
        firsts = np.full(codes.max(initial=-1) + 2, -1)
        firsts[codes[first]] = first
        rows = np.flatnonzero(
            (codes >= 0) & (firsts[codes] != np.arange(len(codes))) & ~blank(layer[schema.id])
        )
        if len(rows):
            earlier = layer.iloc[firsts[codes[rows]]]
            yield Found(
                name,
                rows,
                fields={"first": earlier["record"].to_numpy(), "source": earlier["source"].to_list()},
            )
