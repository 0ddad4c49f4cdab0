"""A delivery's features in canonical form: our columns, our codes, our types, beside what else the delivery has."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis.delivery.columns.match import match_values, referenced
from gis.inventory import DTYPES, ORIGIN, UNREAD_DATE, UNREAD_VALUE, FeatureRef, Note, called
from gis.schema import AS_WRITTEN, CRS, Column, Schema
from gis.text.dates import parse_dates
from gis.text.letters import fold, written
from gis.text.numbers import parse_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Columns that say where a feature stands in its source, and the geometry: a delivery's own of these names step aside.
_RESERVED = (*ORIGIN, "geometry")


def today() -> date:
    """
    Give the day after which a date lies in the future.

    Returns
    -------
    datetime.date
        Today, or the day of ``SOURCE_DATE_EPOCH`` where results must be repeatable.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC).date() if epoch.isdigit() else datetime.now(UTC).date()


def canonical(
    frame: gpd.GeoDataFrame,
    schema: Schema,
    columns: Mapping[str, str],
    *,
    geometry: NDArray[np.object_],
    source: str,
    source_layer: str,
    records: NDArray[np.int64],
    values: Mapping[str, Mapping[str, str]],
    fixed: Mapping[str, Any],
    scale: Mapping[str, float],
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """
    Bring a delivery's table into canonical form.

    Parameters
    ----------
    frame
        The delivery's columns, (n,) rows.
    schema
        The canonical layer.
    columns
        Canonical column to the delivery's.
    geometry
        (n,) geometries in WGS 84 degrees.
    source, source_layer
        The file, as it is shown, and the layer in it.
    records
        (n,) record numbers in the file.
    values
        Canonical column to a table of their value to ours.
    fixed
        Canonical column to the same value for every feature.
    scale
        Canonical column to the factor that brings its numbers to our unit.

    Returns
    -------
    geopandas.GeoDataFrame
        The layer as `gis.inventory` describes it. Values that could not be read stand as they were written in a
        further column, ``fibre_count_as_written`` for ``fibre_count``; of a delivery that has one, as a corrected copy
        has, its values are read where the column itself has none.
    list of Note
        Values that could not be read: A403, A406.
    """
    notes: list[Note] = []
    table: dict[str, Any] = {}
    as_written: dict[str, Any] = {}
    restored: set[str] = set()
    index = pd.RangeIndex(len(frame))
    for column in schema.columns:
        theirs = columns.get(column.name)
        if column.name in fixed:
            table[column.name] = _typed(fixed[column.name], index, column, schema)
        elif theirs is None:
            table[column.name] = _missing(column, index)
        else:
            raw = frame[theirs].set_axis(index)
            raw = _referenced(raw, column)
            kept = column.name + AS_WRITTEN
            if theirs == column.name and kept in frame.columns:
                restored.add(kept)
                raw = _restored(raw, frame[kept].set_axis(index))
            read, unread = _read(
                raw, column, schema, values.get(column.name, {}), scale.get(column.name, 1.0)
            )
            table[column.name] = read
            if unread.any():
                as_written[column.name + AS_WRITTEN] = _text(raw).where(unread)
            notes += [
                Note(
                    UNREAD_DATE if column.kind == "date" else UNREAD_VALUE,
                    schema.name,
                    _name(frame, columns.get(schema.id), records, row),
                    {"column": column.name, "value": written(raw.iloc[row])},
                    *_place(geometry[row]),
                    FeatureRef(source, source_layer, int(records[row])),
                )
                for row in np.flatnonzero(unread)
            ]
    taken = set(columns.values())
    for name in frame.columns:
        if name not in taken and name not in restored and name != frame.geometry.name:
            table[_own(str(name), table)] = frame[name].set_axis(index)
    for name, texts in as_written.items():
        table[_own(name, table)] = texts
    for name, value in (("source", source), ("source_layer", source_layer)):
        same = pa.repeat(pa.scalar(value, pa.large_string()), len(frame))
        table[name] = pd.Series(pd.array(same, dtype="str"), index=index)
    table["record"] = pd.Series(records, index=index, dtype="int64")
    layer = pd.DataFrame(table, copy=False)
    return gpd.GeoDataFrame(layer, geometry=gpd.GeoSeries(geometry, index=index, crs=CRS), crs=CRS), notes


def _restored(raw: pd.Series[Any], kept: pd.Series[Any]) -> pd.Series[Any]:
    """Put back what an earlier reading could not read and kept as it was written."""
    wanted = ~_present(raw) & _present(kept)
    return raw.astype(object).mask(wanted, kept.astype(object)) if wanted.any() else raw


def _name(frame: gpd.GeoDataFrame, column: str | None, records: NDArray[np.int64], row: np.intp) -> str:
    """Name a feature for a note: by its id, or its record number where it has none."""
    own = frame[column].iloc[row] if column else None
    return called(None if pd.isna(own) else written(own), records[row])


def _own(name: str, table: dict[str, Any]) -> str:
    """Give a further column of the delivery a name that no canonical column has."""
    while name in table or name in _RESERVED:
        name += "_"
    return name


def _missing(column: Column, index: pd.RangeIndex) -> pd.Series[Any]:
    """Give a column that the delivery does not have; Arrow makes nulls without writing them one by one."""
    dtype = DTYPES[column.kind]
    if column.kind != "text":
        return pd.Series(index=index, dtype=dtype)
    return pd.Series(pd.array(pa.nulls(len(index), pa.large_string()), dtype=dtype), index=index)


def _read(
    raw: pd.Series[Any], column: Column, schema: Schema, given: Mapping[str, str], scale: float = 1.0
) -> tuple[pd.Series[Any], NDArray[np.bool_]]:
    """Read a column's values; tell which of them say something that could not be read."""
    if column.kind == "date":
        days = parse_dates(raw, today())
        unread = _present(raw) & (days.impossible | pd.isna(days.values))
        # A date in the future is kept out as an impossible one is: nothing may be reckoned from it.
        kept = np.array(days.values, dtype=object)
        kept[days.impossible] = None
        return pd.Series(kept, index=raw.index, dtype=DTYPES["date"]), unread
    if column.kind in ("number", "integer"):
        # A value's own unit counts before the heading's; fibres are counted, all else is a length.
        numbers = parse_numbers(raw, unit=scale, of="length" if column.unit else "count")
        present = _present(raw)
        unread = present & np.isnan(numbers)
        if column.kind == "number":
            return pd.Series(numbers, index=raw.index), unread
        whole = np.isnan(numbers) | (numbers == np.round(numbers))
        safe = np.where(whole & (np.abs(numbers) < 2**53), numbers, np.nan)
        return pd.Series(safe, index=raw.index).astype("Int64"), unread | (present & ~whole)
    text = _text(raw)
    if column.codes:
        codes, uniques = pd.factorize(text)
        mapping = match_values(uniques, column, schema.name, given)
        # A value that is said to stand for no code is none, and no fault either.
        none = {fold(theirs) for theirs, code in given.items() if not code}
        ours = pd.array(
            [mapping[value] or (None if fold(value) in none else value) for value in uniques], dtype="str"
        )
        text = pd.Series(ours.take(codes, allow_fill=True), index=raw.index)
    elif given:
        text = text.replace(dict(given))
    return text, np.zeros(len(raw), dtype=bool)


def _referenced(raw: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Reduce references to other features to their ids, where they are written as whole features."""
    if not column.name.endswith("_id") or raw.dtype.kind in "iuf":
        return raw
    if (
        isinstance(raw.dtype, pd.StringDtype)
        and not raw.str.contains("{", regex=False).fillna(value=False).any()
    ):
        return raw
    return pd.Series(referenced(raw), index=raw.index)


def _present(raw: pd.Series[Any]) -> NDArray[np.bool_]:
    """Tell which values are neither missing nor blank."""
    present = raw.notna().to_numpy()
    if raw.dtype.kind == "O" or isinstance(raw.dtype, pd.StringDtype):
        present = present & (raw.astype("str").str.strip() != "").to_numpy(dtype=bool, na_value=False)
    return np.asarray(present, dtype=bool)


def _text(raw: pd.Series[Any]) -> pd.Series[Any]:
    """Give values as text; blank ones are missing."""
    text = raw if isinstance(raw.dtype, pd.StringDtype) else raw.map(written, na_action="ignore")
    text = text.astype("str").str.strip()
    return text.mask(text == "")


def _typed(value: Any, index: pd.RangeIndex, column: Column, schema: Schema) -> pd.Series[Any]:
    """Give the project file's fixed value the column's type, for every feature."""
    typed = _read(pd.Series([value]), column, schema, {})[0]
    return pd.Series(typed.iloc[0], index=index, dtype=typed.dtype)


def _place(geometry: Any) -> tuple[float | None, float | None]:
    """Give the first position of a geometry."""
    if geometry is None or geometry.is_empty:
        return None, None
    lon, lat = shapely.get_coordinates(geometry)[0]
    return (float(lon), float(lat)) if np.isfinite((lon, lat)).all() else (None, None)
