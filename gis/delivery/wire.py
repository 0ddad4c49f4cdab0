"""
Raw layers as bytes, from the process that reads files to the one that asked.

Columns go as Arrow, geometry as well-known binary or flat coordinates, all else as JSON: nothing that comes back can be
run, whatever a file has made of the process that read it.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer, Undecoded
from gis.delivery.readers import wkb
from gis.errors import FibreError, ProjectError, SourceError
from gis.inventory import Curves, FeatureRef, LeftOut, Note
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_KINDS = {kind.__name__: kind for kind in (Text, FeatureRef, Note, LeftOut, Undecoded)}
_ERRORS = {kind.__name__: kind for kind in (FibreError, ProjectError, SourceError)}
_PLAIN = (str, bool, int, float, type(None))
_TAG, _OF = "$", "v"
_SHAPES = pa.schema([("wkb", pa.binary()), ("ring", pa.bool_())])
_BATCH = 16_384


def dumped(value: Any) -> bytes:
    """
    Write a value as JSON that `loaded` gives back as it was.

    Parameters
    ----------
    value
        Numbers, text, dates, bytes, lists and mappings of such; `Text`, notes and what was left out.

    Returns
    -------
    bytes
        JSON. What it has no word for stands in an object with the key ``$``.

    Raises
    ------
    TypeError
        A value of another kind.
    """
    return json.dumps(_written(value)).encode("ascii")


def loaded(data: bytes | memoryview) -> Any:
    """
    Read what `dumped` has written.

    Parameters
    ----------
    data
        JSON.

    Returns
    -------
    Any
        The value.
    """
    return _read(json.loads(bytes(data)))


def _written(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return {_TAG: kind.__name__, _OF: [_written(one) for one in value]}
    if kind is dict:
        return {_TAG: "dict", _OF: [[_written(key), _written(one)] for key, one in value.items()]}
    if kind.__name__ in _KINDS and is_dataclass(kind):
        return {_TAG: kind.__name__, _OF: [_written(getattr(value, each.name)) for each in fields(kind)]}
    for name, (of, write, _) in _OTHERS.items():
        if kind is of or (of in (np.generic, np.ndarray) and isinstance(value, of)):
            return {_TAG: name, _OF: write(value)}
    raise TypeError(f"{kind.__name__} has no way to be handed on")


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    tag, content = value[_TAG], value[_OF]
    if tag == "list":
        return [_read(one) for one in content]
    if tag == "tuple":
        return tuple([_read(one) for one in content])
    if tag == "dict":
        return {_read(key): _read(one) for key, one in content}
    if tag in _KINDS:
        return _remade(_KINDS[tag], [_read(one) for one in content])
    return _OTHERS[tag][2](content)


def _remade(kind: type, values: list[Any]) -> Any:
    """Make a record of its values as they are, which are finished already."""
    made: Any = object.__new__(kind)
    for each, value in zip(fields(kind), values, strict=True):
        object.__setattr__(made, each.name, value)
    return made


def _numpy(written: list[Any]) -> Any:
    dtype, shape, data = written
    array = np.frombuffer(bytes.fromhex(data), dtype=np.dtype(dtype)).reshape(shape).copy()
    return array if shape else array[()]


def _plain_array(value: Any) -> list[Any]:
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError("an array of objects has no way to be handed on")
    return [array.dtype.str, list(array.shape), array.tobytes().hex()]


_OTHERS: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "datetime": (dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    "date": (dt.date, dt.date.isoformat, dt.date.fromisoformat),
    "time": (dt.time, dt.time.isoformat, dt.time.fromisoformat),
    "decimal": (decimal.Decimal, str, decimal.Decimal),
    "timestamp": (pd.Timestamp, pd.Timestamp.isoformat, pd.Timestamp),
    "NaT": (type(pd.NaT), lambda _: None, lambda _: pd.NaT),
    "NA": (type(pd.NA), lambda _: None, lambda _: pd.NA),
    "numpy": (np.generic, _plain_array, _numpy),
    "array": (np.ndarray, _plain_array, _numpy),
}


def fault(error: FibreError) -> bytes:
    """
    Write an error of a file.

    Parameters
    ----------
    error
        Why it is not read.

    Returns
    -------
    bytes
        For `raised`.
    """
    fields_ = {
        name: value if isinstance(value, (*_PLAIN, Text)) else str(value)
        for name, value in error.fields.items()
    }
    return dumped([type(error).__name__, error.text, error.code, fields_])


def raised(data: bytes) -> FibreError:
    """
    Read an error of a file.

    Parameters
    ----------
    data
        What `fault` gave.

    Returns
    -------
    FibreError
        To be raised.
    """
    kind, text, code, fields_ = loaded(data)
    return _ERRORS[kind](text, code=code, **fields_)


def packed(raw: RawLayer) -> list[bytes]:
    """
    Write a layer.

    Parameters
    ----------
    raw
        The layer; with a ticket its geometry has been handed on already.

    Returns
    -------
    list of bytes
        Its parts, for `unpacked`.
    """
    frame = raw.frame
    names = [str(name) for name in frame.columns]
    place = names.index(str(frame.geometry.name))
    parts: list[bytes] = []
    columns: list[dict[str, Any]] = []
    for at in range(len(names)):
        if at != place:
            how, data = _column(frame.iloc[:, at])
            columns.append(how)
            parts.append(data)
    place_of_shapes = None
    if raw.ticket is None:
        place_of_shapes = len(parts)
        parts.append(geometry(frame.geometry.to_numpy()))
    curves = None
    if raw.curves is not None:
        curves = [raw.curves.features["row"].to_numpy(), raw.curves.offsets, raw.curves.roles]
    head = {
        "names": names,
        "place": place,
        "columns": columns,
        "geometry": place_of_shapes,
        "curves": curves,
        "crs": None if raw.crs is None else raw.crs.srs,
        **{name: getattr(raw, name) for name in _AS_THEY_ARE},
    }
    return [dumped(head), *parts]


_AS_THEY_ARE = (
    "path", "layer", "driver", "encoding", "records", "notes", "undecoded", "left_out", "delivery", "brought", "unit_m",
    "ticket",
)  # fmt: skip


def unpacked(parts: list[bytes | memoryview], handed_on: Callable[[int], NDArray[np.object_]]) -> RawLayer:
    """
    Read a layer.

    Parameters
    ----------
    parts
        What `packed` gave.
    handed_on
        Gives the geometry of a ticket.

    Returns
    -------
    RawLayer
        The layer as it was read, without a ticket.
    """
    head = loaded(parts[0])
    place, ticket, which = head["place"], head["ticket"], head["geometry"]
    shapes = handed_on(ticket) if which is None else ungeometry(parts[1 + which])
    columns: list[Any] = [
        _uncolumned(how, data) for how, data in zip(head["columns"], parts[1:], strict=False)
    ]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(len(shapes)))
    frame.columns = range(len(columns))
    frame.insert(place, "geometry", gpd.GeoSeries(shapes))
    frame.columns = head["names"]
    curves = head["curves"]
    if curves is not None:
        rows, offsets, roles = curves
        curves = Curves(pd.DataFrame({"row": rows}), offsets, roles)
    crs = None if head["crs"] is None else pyproj.CRS.from_user_input(head["crs"])
    known = {name: head[name] for name in _AS_THEY_ARE if name != "ticket"}
    return RawLayer(
        crs=crs, frame=gpd.GeoDataFrame(frame, geometry=head["names"][place]), curves=curves, **known
    )


def _column(values: pd.Series[Any]) -> tuple[dict[str, Any], bytes]:
    """Write a column: how it is written, and its values."""
    dtype = values.dtype
    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "NaN"
        return {"how": "text", "storage": dtype.storage, "missing": missing}, _arrow(pa.array(values))
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return {"how": "numbers", "dtype": dtype.str}, np.ascontiguousarray(values.to_numpy()).tobytes()
    if not pd.api.types.is_object_dtype(dtype):
        table = pa.Table.from_pandas(values.to_frame("values"), preserve_index=False)
        return {"how": "arrow"}, _arrow(table)
    cells = values.tolist()
    plain = all(type(cell) in _PLAIN for cell in cells)
    return {"how": "plain" if plain else "each"}, (
        json.dumps(cells).encode("ascii") if plain else dumped(cells)
    )


def _uncolumned(how: dict[str, Any], data: bytes | memoryview) -> pd.Series[Any]:
    """Read a column."""
    if how["how"] == "text":
        missing = pd.NA if how["missing"] == "NA" else np.nan
        dtype: Any = pd.StringDtype(how["storage"], na_value=missing)
        text = pa.ipc.open_stream(pa.py_buffer(data)).read_all().column(0)
        return pd.Series(dtype.__from_arrow__(text))
    if how["how"] == "numbers":
        return pd.Series(np.frombuffer(data, dtype=np.dtype(how["dtype"])).copy())
    if how["how"] == "arrow":
        column: pd.Series[Any] = pa.ipc.open_stream(pa.py_buffer(data)).read_all().to_pandas()["values"]
        return column
    cells = json.loads(bytes(data)) if how["how"] == "plain" else loaded(data)
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    return pd.Series(values, dtype=object)


def _arrow(values: pa.Array | pa.ChunkedArray | pa.Table) -> bytes:
    table = values if isinstance(values, pa.Table) else pa.table({"values": values})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def geometry(shapes: NDArray[np.object_]) -> bytes:
    """
    Write geometries.

    Parameters
    ----------
    shapes
        (n,) geometries and None.

    Returns
    -------
    bytes
        Well-known binary as Arrow, and which of the lines are rings by their type.
    """
    ring = shapely.get_type_id(shapes) == shapely.GeometryType.LINEARRING
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SHAPES) as stream:
        for begin in range(0, len(shapes), _BATCH):
            some = slice(begin, begin + _BATCH)
            binary = shapely.to_wkb(shapes[some], flavor="iso")
            stream.write_batch(
                pa.record_batch([pa.array(binary, pa.binary()), pa.array(ring[some])], schema=_SHAPES)
            )
    return bytes(sink.getvalue())


def ungeometry(data: bytes | memoryview) -> NDArray[np.object_]:
    """
    Read geometries.

    Parameters
    ----------
    data
        What `geometry` gave.

    Returns
    -------
    numpy.ndarray
        (n,) geometries and None.
    """
    made = [np.empty(0, dtype=object)]
    for batch in pa.ipc.open_stream(pa.py_buffer(data)):
        some = wkb.geometries(batch.column(0))
        ring = batch.column(1).to_numpy(zero_copy_only=False)
        if ring.any():
            some[ring] = [shapely.LinearRing(line.coords) for line in some[ring]]
        made.append(some)
    return np.concatenate(made)
