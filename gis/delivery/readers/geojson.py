"""JSON documents: GeoJSON and GeoJSON text sequences, whole or cut, with nested properties laid flat."""

from __future__ import annotations

import json
import math
import mmap
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.geometry import shape

from gis.delivery.files.layer import RawLayer, stage
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, damaged, reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.inventory import Note

_DEPTH = 6
_SEPARATOR = "; "
_ENDS = {"start", "end"}
_FEATURE = re.compile(r'\{\s*"(?:type"\s*:\s*"Feature"|id"\s*:|geometry"\s*:|properties"\s*:)')
# A CRS that is an object: by name it is an old habit; by link or URL, GDAL would fetch it.
_CRS_OBJECT = re.compile(rb'"crs"\s*:\s*\{', re.IGNORECASE)
# ASCII letters that are escaped, which no program does, could hide such a key.
_HIDDEN_LETTERS = re.compile(rb"\\u00(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])", re.IGNORECASE)
_CRS_NAME = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|urn:x-ogc:|EPSG:)[\w:.,-]+|https?://(?:www\.)?opengis\.net/def/crs/[\w/.-]+",
    re.IGNORECASE,
)
_UNREADABLE = (
    ValueError,
    RecursionError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    shapely.errors.ShapelyError,
)
_GEOJSON_CRS = "EPSG:4326"


@reader("GeoJSON")
def geojson(source: Source) -> list[Unread]:
    """
    Tell the one layer of a GeoJSON document.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The file's stem.

    Raises
    ------
    SourceError
        D010 where its CRS is to be fetched from elsewhere.
    """
    plain = _look(source.path, source.shown) and source.encoding is None
    return [Unread(source.path.stem, partial(_read, source, "GeoJSON", plain=plain))]


@reader("GeoJSONSeq")
def sequence(source: Source) -> list[Unread]:
    """
    Tell the one layer of a GeoJSON text sequence (RFC 8142, or a feature a line).

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The file's stem.

    Raises
    ------
    SourceError
        D010 where a CRS is to be fetched from elsewhere.
    """
    plain = _look(source.path, source.shown) and source.encoding is None
    return [Unread(source.path.stem, partial(_read, source, "GeoJSONSeq", plain=plain))]


def load(path: Path, shown: str, encoding: str | None = None) -> str:
    """
    Read a JSON file as text.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    encoding
        What its bytes are in; left out: UTF-8, or UTF-16 where its first bytes say so.

    Returns
    -------
    str
        The text without byte order mark; bytes that are not in the encoding become U+FFFD.

    Raises
    ------
    SourceError
        D001 where it cannot be opened or the encoding does not exist.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refusal("denied", shown, reason=error.strerror or str(error)) from error
    if encoding is None:
        encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    try:
        return data.decode(encoding, "replace").removeprefix("\ufeff")
    except LookupError as error:
        raise refusal("encoding", shown, encoding=encoding) from error


def elements(text: str, at: int) -> Iterator[tuple[dict[str, Any] | None, str]]:
    """
    Give the objects of a JSON array, one by one, as far as they are whole.

    Parameters
    ----------
    text
        The document.
    at
        Where the array's first element begins.

    Yields
    ------
    tuple of (dict or None, str)
        Each object; or None for a stretch that is none, with what is wrong there.
    """
    decoder = json.JSONDecoder()
    while True:
        at = _skip(text, at)
        if at >= len(text) or text[at] == "]":
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield None, str(error)
            following = _FEATURE.search(text, at + 1)
            if following is None:
                return
            at = following.start()
        else:
            yield (
                (value, "")
                if isinstance(value, dict)
                else (None, f"{type(value).__name__} instead of an object")
            )


def flatten(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Lay nested values flat: ``{"network": {"name": …}}`` becomes the column ``network.name``.

    A list of values is joined with semicolons, and so are the values of each key of a list of objects. Geometries
    and links within a value are left out; of a node that ends a span of the Open Fibre Data Standard, its id and name
    are taken.

    Parameters
    ----------
    frame
        Any columns.

    Returns
    -------
    geopandas.GeoDataFrame
        The same rows; a nested column's place is taken by those that it holds.
    """
    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if name == "geometry" or values.dtype != object:
            columns.setdefault(str(name), values)
            continue
        nested = [isinstance(value, (dict, list, np.ndarray)) for value in values]
        if not any(nested):
            columns.setdefault(str(name), values)
            continue
        rows = [_flat(_end(value) if name in _ENDS else value) for value in values]
        for key in dict.fromkeys(key for row in rows for key in row):
            column = [row.get(key) for row in rows]
            if any(value is not None and value == value for value in column):  # noqa: PLR0124 - not a number
                whole = pd.Series(column, index=frame.index, dtype=object)
                columns.setdefault(f"{name}.{key}" if key else str(name), whole.infer_objects())
    return gpd.GeoDataFrame(columns, geometry="geometry", index=frame.index)


def build(rows: list[dict[str, Any]], geometries: list[Any]) -> gpd.GeoDataFrame:
    """
    Make a frame of records.

    Parameters
    ----------
    rows
        (n,) properties by name.
    geometries
        (n,) geometries or None.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns in the order of their first appearance, nested ones laid flat, and ``geometry``.
    """
    names = dict.fromkeys(str(key) for row in rows for key in row)
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    frame = frame.infer_objects().rename(columns={"geometry": "geometry_2"})
    return flatten(gpd.GeoDataFrame(frame, geometry=array))


def shaped(geometry: dict[str, Any]) -> BaseGeometry:
    """
    Make a geometry of its GeoJSON object.

    Parameters
    ----------
    geometry
        With ``type`` and ``coordinates``, or ``geometries``.

    Returns
    -------
    shapely.geometry.base.BaseGeometry
        The geometry. Where some of its positions have a height, those without one, or with null for it, have NaN;
        what follows the height is left out.

    Raises
    ------
    ValueError, TypeError, AttributeError, KeyError, IndexError, shapely.errors.ShapelyError
        It is none.
    """
    if "geometries" in geometry:
        return shapely.GeometryCollection([shaped(part) for part in geometry["geometries"]])
    coordinates = geometry["coordinates"]
    width = 3 if _deep(coordinates) else 2
    made: BaseGeometry = shape({**geometry, "coordinates": _positions(coordinates, width)})
    return made


def _deep(coordinates: Any) -> bool:
    """Tell whether any position has a height."""
    if coordinates and not isinstance(coordinates[0], list):
        return len(coordinates) > 2 and coordinates[2] is not None  # noqa: PLR2004 - x and y come first
    return any(map(_deep, coordinates))


def _positions(coordinates: Any, width: int) -> Any:
    """Give positions of one width: nothing of a height is NaN."""
    if coordinates and not isinstance(coordinates[0], list):
        x, y, *rest = coordinates
        height = rest[0] if rest and rest[0] is not None else math.nan
        return [x, y, height][:width]
    return [_positions(part, width) for part in coordinates]


def _doubtful(geometry: NDArray[np.object_]) -> NDArray[np.intp]:
    """Tell the geometries in which GDAL may have written 0 for no height, or which it made nothing of."""
    there = np.flatnonzero(shapely.has_z(geometry))
    xyz, owners = shapely.get_coordinates(geometry[there], include_z=True, return_index=True)
    zeros = np.bincount(owners[xyz[:, 2] == 0], minlength=len(there)) > 0
    others = np.bincount(owners[xyz[:, 2] != 0], minlength=len(there)) > 0
    return np.concatenate([np.flatnonzero(shapely.is_missing(geometry)), there[zeros & others]])


def _look(path: Path, shown: str) -> bool:
    """Refuse a CRS that is to be fetched; tell whether GDAL can be given the file as it stands."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for match in _CRS_OBJECT.finditer(data):
            _check_crs(data[match.end() - 1 : match.end() + 2000].decode("utf-8", "replace"), shown)
        return data[:2] not in {b"\xff\xfe", b"\xfe\xff"} and not _HIDDEN_LETTERS.search(data)


def _check_crs(text: str, shown: str) -> None:
    try:
        crs, _ = json.JSONDecoder().raw_decode(text)
        kind, name = str(crs["type"]).casefold(), crs["properties"].get("name", crs["properties"].get("code"))
    except _UNREADABLE:
        kind, name = "", None
    if kind not in {"name", "epsg"} or not (
        name is None or isinstance(name, int) or _CRS_NAME.fullmatch(str(name))
    ):
        raise refusal("reference", shown, what='"crs"')


def _read(source: Source, driver: str, *, plain: bool) -> RawLayer:
    path, shown = source.path, source.shown
    if plain:
        staged = stage(path, source.folder / "layer.geojson")
        options = {"DATE_AS_STRING": "YES"} if driver == "GeoJSON" else {}
        records = gdal.bulk(staged, driver, "", **options)
        if records is not None and (driver == "GeoJSON" or _records(path) == len(records.frame)):
            frame = _with_id(records)
            doubtful = _doubtful(frame.geometry.to_numpy())
            if not len(doubtful):
                return _layer(
                    path, shown, driver, records.crs, flatten(frame), np.arange(1, len(frame) + 1), []
                )
            items = list(_items(load(path, shown), driver))
            if len(items) == len(frame):
                return _looked_up(path, shown, driver, records.crs, frame, items, doubtful)
    text = load(path, shown, source.encoding)
    return _salvaged(path, shown, driver, _declared(text), _items(text, driver))


def _items(text: str, driver: str) -> Iterator[tuple[dict[str, Any] | None, str]]:
    """Give the features of a document, as far as they are whole."""
    if driver != "GeoJSON":
        return _lines(text)
    start = re.search(r'"features"\s*:\s*\[', text)
    return elements(text, start.end() if start else 0)


def _looked_up(
    path: Path,
    shown: str,
    driver: str,
    crs: pyproj.CRS | None,
    frame: gpd.GeoDataFrame,
    items: list[tuple[dict[str, Any] | None, str]],
    doubtful: NDArray[np.intp],
) -> RawLayer:
    """Take geometries that GDAL may have understood wrongly from the document itself."""
    geometry = frame.geometry.to_numpy().copy()
    faults = []
    for at in sorted(doubtful.tolist()):
        try:
            geometry[at] = _shape_of(items[at][0] or {})
        except _UNREADABLE as error:
            faults.append((at + 1, " ".join(str(error).split())[:200]))
    if len(faults) == len(frame):
        raise refusal("unreadable", shown, driver=driver, reason=faults[0][1])
    kept = np.setdiff1d(np.arange(len(frame)), [number - 1 for number, _ in faults])
    frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index)).iloc[kept].reset_index(drop=True)
    notes = damaged(shown, path.stem, faults)
    return _layer(path, shown, driver, crs, flatten(frame), kept.astype(np.int64) + 1, notes)


def _shape_of(feature: dict[str, Any]) -> BaseGeometry | None:
    """Make the geometry of a feature, or of an object that is but a geometry."""
    bare = "coordinates" in feature or "geometries" in feature
    geometry = feature if bare else feature.get("geometry")
    return None if geometry is None else shaped(geometry)


def _salvaged(
    path: Path,
    shown: str,
    driver: str,
    crs: pyproj.CRS | None,
    items: Iterator[tuple[dict[str, Any] | None, str]],
) -> RawLayer:
    rows, geometries, numbers, faults = [], [], [], []
    for number, (feature, wrong) in enumerate(items, start=1):
        try:
            if feature is None:
                raise ValueError(wrong)
            bare = "coordinates" in feature or "geometries" in feature
            properties = {} if bare else feature.get("properties") or {}
            geometries.append(_shape_of(feature))
        except _UNREADABLE as error:
            faults.append((number, " ".join(str(error).split())[:200]))
            continue
        rows.append(
            properties if "id" in properties or "id" not in feature else {"id": feature["id"], **properties}
        )
        numbers.append(number)
    if not rows and faults:
        raise refusal("unreadable", shown, driver=driver, reason=faults[0][1])
    notes = damaged(shown, path.stem, faults)
    return _layer(path, shown, driver, crs, build(rows, geometries), np.array(numbers, dtype=np.int64), notes)


def _layer(
    path: Path,
    shown: str,
    driver: str,
    crs: pyproj.CRS | None,
    frame: gpd.GeoDataFrame,
    records: Any,
    notes: list[Note],
) -> RawLayer:
    return RawLayer(shown, path.stem, driver, crs, "", frame, records, notes)


def _with_id(records: gdal.Records) -> gpd.GeoDataFrame:
    """Keep whole numbers that features are called by, which GDAL takes for its own counting."""
    frame = records.frame
    if "id" in frame.columns or np.array_equal(records.fids, np.arange(len(frame))):
        return frame
    frame.insert(0, "id", records.fids)
    return frame


def _declared(text: str) -> pyproj.CRS | None:
    match = re.search(r'"crs"\s*:\s*(?=\{)', text)
    if match is None:
        return pyproj.CRS(_GEOJSON_CRS)
    try:
        crs, _ = json.JSONDecoder().raw_decode(text, match.end())
        properties = crs["properties"]
        name = properties["name"] if "name" in properties else f"EPSG:{properties['code']}"
        known = pyproj.CRS.from_user_input(name)
    except (*_UNREADABLE, pyproj.exceptions.CRSError):
        return None
    return gdal.plain_crs(known)


def _records(path: Path) -> int:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(b"\x1e") >= 0:
            return sum(1 for _ in re.finditer(rb"\x1e\s*[^\s\x1e]", data))
        return sum(1 for _ in re.finditer(rb"[^\r\n]*\S[^\r\n]*", data))


def _lines(text: str) -> Iterator[tuple[dict[str, Any] | None, str]]:
    for record in text.split("\x1e") if "\x1e" in text else text.splitlines():
        if not record.strip():
            continue
        try:
            value = json.loads(record)
        except (ValueError, RecursionError) as error:
            yield None, str(error)
        else:
            yield (
                (value, "")
                if isinstance(value, dict)
                else (None, f"{type(value).__name__} instead of an object")
            )


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _end(value: Any) -> Any:
    """Write the end of a span as the node's id, as OFDS has it in JSON; in GeoJSON it may be the whole node."""
    return (
        {"": value["id"], "name": value.get("name")} if isinstance(value, dict) and "id" in value else value
    )


def _flat(value: Any, depth: int = 0) -> dict[str, Any]:
    """Lay one value flat: key to plain value; the empty key stands for the value itself."""
    if isinstance(value, dict):
        if "coordinates" in value or depth > _DEPTH:
            return {}
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            if key != "links":
                flat |= {
                    f"{key}.{rest}" if rest else str(key): leaf
                    for rest, leaf in _flat(inner, depth + 1).items()
                }
        return flat
    if isinstance(value, (list, np.ndarray)):
        parts = [_flat(item, depth + 1) for item in value]
        return {
            key: _SEPARATOR.join(str(part[key]) for part in parts if part.get(key) is not None)
            for key in dict.fromkeys(key for part in parts for key in part)
        }
    return {"": value}
