"""JSON documents: GeoJSON and GeoJSON text sequences, whole or cut, with nested properties laid flat."""

from __future__ import annotations

import codecs
import json
import mmap
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer, Undecoded, stage
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal, parts
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.inventory import Note

# An object, or None for a stretch that is none and what is wrong there.
Element = tuple[dict[str, Any] | None, Text | None]

_FEATURE_KEYS = {"geometry", "properties", "coordinates", "geometries"}
_NO_OBJECT = Text("a value instead of an object", "مقداری به جای شیء")
_DEPTH = 6
_SEPARATOR = "; "
_ENDS = {"start", "end"}
_FEATURE = re.compile(r'\{\s*"(?:type"\s*:\s*"Feature"|id"\s*:|geometry"\s*:|properties"\s*:)')
_WHOLE_FEATURE = re.compile(r'\{\s*"type"\s*:\s*"Feature"')
# A CRS that is an object: by name it is an old habit; by link or URL, GDAL would fetch it.
_CRS_OBJECT = re.compile(rb'"crs"\s*:\s*\{', re.IGNORECASE)
# What makes up a document, as far as it tells where a key stands.
_JSON_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|[{}\[\],]', re.DOTALL)
# ASCII letters that are escaped, which no program does, could hide such a key.
_HIDDEN_LETTERS = re.compile(rb"\\u00(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])", re.IGNORECASE)
_CRS_NAME = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|urn:x-ogc:|EPSG:)[\w:.,-]+|https?://(?:www\.)?opengis\.net/def/crs/[\w/.-]+",
    re.IGNORECASE,
)
# What is raised of records that are none.
UNREADABLE = (
    ValueError,
    RecursionError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    OverflowError,
    shapely.errors.ShapelyError,
)
_WIDE = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
_PART = 1 << 24
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
        encoding = "utf-16" if data[:2] in _WIDE else "utf-8"
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace").removeprefix("\ufeff")
    except LookupError as error:
        raise refusal("encoding", shown, encoding=encoding) from error


def is_text(path: Path) -> bool:
    """
    Tell whether a JSON file is in the encoding that JSON is in.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bool
        Whether it is UTF-8, perhaps cut within its last letter, or begins as UTF-16 does. Else it is to be loaded as
        Latin-1, a letter a byte, and its layers are `kept`.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        part = file.read(_PART)
        if part[:2] in _WIDE:
            return True
        try:
            while part:
                decoder.decode(part)
                part = file.read(_PART)
        except UnicodeDecodeError:
            return False
    return True


def kept(raw: RawLayer) -> RawLayer:
    """
    Leave the text of a layer to be decoded when all of it is known.

    Parameters
    ----------
    raw
        A layer of a file that was loaded as Latin-1.

    Returns
    -------
    RawLayer
        The same with its text, and the names of its columns, `Undecoded`.
    """
    frame = raw.frame.copy()
    columns = []
    for name in frame.columns:
        values = frame[name]
        words = [isinstance(value, str) for value in values] if values.dtype.kind not in "fiubM" else []
        if name != "geometry" and any(words):
            columns.append(str(name))
            texts = [value if pd.isna(value) else str(value) for value in values]
            frame[name] = pd.Series(texts, index=frame.index, dtype="str")
    names = tuple(str(name) for name in frame.columns if not str(name).isascii())
    return replace(raw, frame=frame, undecoded=Undecoded(tuple(columns), names))


def elements(text: str, at: int) -> Iterator[Element]:
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
    tuple of (dict or None, Text or None)
        Each object; or None for a stretch that is none, with what is wrong there.
    """
    decoder = json.JSONDecoder()
    broken = False
    while True:
        at = _skip(text, at)
        if at >= len(text) or (text[at] == "]" and not broken):
            return
        started = at
        value: Any = None
        wrong: Text | None = None
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            wrong = reason(error)
        whole = isinstance(value, dict) and not (broken and not _FEATURE_KEYS & value.keys())
        if whole:
            yield value, None
            broken = False
            continue
        # What follows a fault may be a piece of the same record.
        if not broken or _WHOLE_FEATURE.match(text, started):
            yield None, wrong or _NO_OBJECT
        broken = broken or wrong is not None
        if broken:
            following = _FEATURE.search(text, max(at, started + 1))
            if following is None:
                return
            at = following.start()


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
        doubtful = [
            match.start() for match in _CRS_OBJECT.finditer(data) if not _harmless(data, match.end() - 1)
        ]
        if _outside_properties(data, doubtful):
            raise refusal("reference", shown, what='"crs"')
        return data[:2] not in _WIDE and not _HIDDEN_LETTERS.search(data)


def _harmless(data: Any, at: int) -> bool:
    """Tell whether what a key "crs" holds names a system, or is no CRS as old GeoJSON had it: that has a type."""
    try:
        crs, _ = json.JSONDecoder().raw_decode(data[at : at + 2000].decode("utf-8", "replace"))
        types = [value for key, value in crs.items() if key.casefold() == "type"]
        if not types:
            return True
        properties = crs["properties"]
        name = properties.get("name", properties.get("code"))
    except UNREADABLE:
        return False
    known = name is None or isinstance(name, int) or _CRS_NAME.fullmatch(str(name))
    return len(types) == 1 and str(types[0]).casefold() in {"name", "epsg"} and bool(known)


def _outside_properties(data: Any, places: list[int]) -> list[int]:
    """Tell which keys of a document are its own, and not a feature's: those that no "properties" hold."""
    if not places:
        return []
    own, waiting = [], set(places)
    inside: list[bool] = [False]
    key = b""
    for token in _JSON_TOKEN.finditer(data, 0, max(places) + 1000):
        mark = token[0][:1]
        if mark == b'"':
            key = token[1]
            if token.start() in waiting and not inside[-1]:
                own.append(token.start())
        elif mark in b"{[":
            inside.append(inside[-1] or key == b"properties")
            key = b""
        elif mark in b"}]" and len(inside) > 1:
            inside.pop()
            key = b""
        elif mark == b",":
            key = b""
    return own


def _read(source: Source, driver: str, *, plain: bool) -> RawLayer:
    path, shown = source.path, source.shown
    bytewise = source.encoding is None and not is_text(path)
    if plain and not bytewise:
        staged = stage(path, source.folder / "layer.geojson")
        options: dict[str, Any] = {"DATE_AS_STRING": "YES"} if driver == "GeoJSON" else {}
        records = gdal.bulk(staged, driver, "", **options)
        if records is not None and (driver == "GeoJSON" or _records(path) == len(records.frame)):
            frame = _with_id(records)
            doubtful = _doubtful(frame.geometry.to_numpy())
            numbers = np.arange(1, len(frame) + 1)
            if not len(doubtful):
                return _layer(path, shown, driver, records.crs, flatten(frame), numbers, ())
            items = list(_items(load(path, shown), driver))
            if len(items) == len(frame):
                return _looked_up(path, shown, driver, records.crs, frame, items, doubtful)
    text = load(path, shown, "latin-1" if bytewise else source.encoding)
    raw = _salvaged(path, shown, driver, _declared(text), _items(text, driver))
    return kept(raw) if bytewise else raw


def _items(text: str, driver: str) -> Iterator[Element]:
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
    items: list[Element],
    doubtful: NDArray[np.intp],
) -> RawLayer:
    """Take geometries that GDAL may have understood wrongly from the document itself."""
    geometry = frame.geometry.to_numpy().copy()
    faults: list[tuple[int, str | Text]] = []
    short = 0
    for at in sorted(doubtful.tolist()):
        feature = items[at][0] or {}
        bare = "coordinates" in feature or "geometries" in feature
        try:
            geometry[at], passed_over = parts.sound(feature if bare else feature.get("geometry"))
        except UNREADABLE as error:
            faults.append((at + 1, reason(error)))
            continue
        short += passed_over
    if len(faults) == len(frame):
        raise refusal("unreadable", shown, driver=driver, reason=faults[0][1])
    whole = np.setdiff1d(np.arange(len(frame)), [number - 1 for number, _ in faults])
    frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index)).iloc[whole].reset_index(drop=True)
    notes = damaged(shown, path.stem, faults)
    return _layer(path, shown, driver, crs, flatten(frame), whole.astype(np.int64) + 1, notes, short)


def _salvaged(
    path: Path,
    shown: str,
    driver: str,
    crs: pyproj.CRS | None,
    items: Iterator[Element],
) -> RawLayer:
    rows, geometries, numbers, short = [], [], [], 0
    faults: list[tuple[int, str | Text]] = []
    for number, (feature, wrong) in enumerate(items, start=1):
        if feature is None:
            faults.append((number, wrong or _NO_OBJECT))
            continue
        try:
            bare = "coordinates" in feature or "geometries" in feature
            properties = {} if bare else feature.get("properties") or {}
            built, passed_over = parts.sound(feature if bare else feature.get("geometry"))
        except UNREADABLE as error:
            faults.append((number, reason(error)))
            continue
        geometries.append(built)
        short += passed_over
        rows.append(
            properties if "id" in properties or "id" not in feature else {"id": feature["id"], **properties}
        )
        numbers.append(number)
    if not rows and faults:
        raise refusal("unreadable", shown, driver=driver, reason=faults[0][1])
    notes = damaged(shown, path.stem, faults)
    records = np.array(numbers, dtype=np.int64)
    return _layer(path, shown, driver, crs, build(rows, geometries), records, notes, short)


def _layer(
    path: Path,
    shown: str,
    driver: str,
    crs: pyproj.CRS | None,
    frame: gpd.GeoDataFrame,
    records: Any,
    notes: tuple[Note, ...],
    short: int = 0,
) -> RawLayer:
    passed_over = parts.short_parts(shown, path.stem, short)
    return RawLayer(shown, path.stem, driver, crs, "", frame, records, notes, left_out=passed_over)


def _with_id(records: gdal.Records) -> gpd.GeoDataFrame:
    """Keep whole numbers that features are called by, which GDAL takes for its own counting."""
    frame = records.frame
    if "id" in frame.columns or np.array_equal(records.fids, np.arange(len(frame))):
        return frame
    frame.insert(0, "id", records.fids)
    return frame


def _declared(text: str) -> pyproj.CRS | None:
    data = text.encode("utf-8", "surrogatepass")
    own = _outside_properties(data, [match.start() for match in _CRS_OBJECT.finditer(data)])
    if not own:
        return pyproj.CRS(_GEOJSON_CRS)
    try:
        crs, _ = json.JSONDecoder().raw_decode(data[own[0] :].decode().partition(":")[2].lstrip())
        if "type" not in crs:
            return pyproj.CRS(_GEOJSON_CRS)
        properties = crs["properties"]
        name = properties["name"] if "name" in properties else f"EPSG:{properties['code']}"
        known = pyproj.CRS.from_user_input(name)
    except (*UNREADABLE, pyproj.exceptions.CRSError):
        return None
    return gdal.plain_crs(known)


def _records(path: Path) -> int:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(b"\x1e") >= 0:
            return sum(1 for _ in re.finditer(rb"\x1e\s*[^\s\x1e]", data))
        return sum(1 for _ in re.finditer(rb"[^\r\n]*\S[^\r\n]*", data))


def _lines(text: str) -> Iterator[Element]:
    # Not by splitlines, which ends lines at letters that may stand in a text too.
    for record in text.split("\x1e") if "\x1e" in text else re.split(r"[\r\n]+", text):
        if not record.strip():
            continue
        try:
            value = json.loads(record)
        except (ValueError, RecursionError) as error:
            yield None, reason(error)
        else:
            yield (value, None) if isinstance(value, dict) else (None, _NO_OBJECT)


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
