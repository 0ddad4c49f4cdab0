"""
GeoPackages: what in one could reach out of it, and what is left of one that was cut.

The container is SQLite, the geometry a header and well-known binary (OGC 12-128r18, 2.1.3).
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import struct
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer, stage
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, damaged, left_out, reader
from gis.delivery.readers.sqlite_pages import Pages
from gis.errors import SourceError
from gis.language import Text, number

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.inventory import LeftOut

# The versions of reading and writing in SQLite's head; 2 is a journal beside the file, write-ahead.
_WRITTEN_WITH, _JOURNAL = slice(18, 20), b"\2\2"
_JOURNAL_IS_MISSING = Text("journal of edits beside the file (-wal)", "ژورنال ویرایش کنار فایل (-wal)")
_MAY_BE_MORE = Text(
    "the file is written with one and it was not delivered: what was drawn last may be missing; close the file in "
    "the program that wrote it, or send both",
    "فایل با ژورنال نوشته شده و ژورنال تحویل نشده است: شاید آخرین ترسیم‌ها در آن نباشد؛ فایل را در برنامه‌ای که آن را "
    "نوشته ببندید، یا هر دو را بفرستید",
)
_VIRTUAL = re.compile(r"create\s+virtual\s+table\s.*?\susing\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)
_OWN_MODULES = {"rtree", "rtree_i32", "fts3", "fts4", "fts5"}
# Where the names of tables and columns stand.
_SCHEMA = (
    "SELECT name, tbl_name, sql FROM sqlite_master",
    "SELECT table_name, identifier, description FROM gpkg_contents",
    "SELECT table_name, column_name FROM gpkg_geometry_columns",
)
# Bytes of the envelope by the indicator in the header's flags.
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def check(path: Path, shown: str) -> None:
    """
    Refuse a GeoPackage with tables that are not its own data.

    Parameters
    ----------
    path
        The file; it is not written to.
    shown
        Its name for people.

    Raises
    ------
    SourceError
        D010 for a virtual table other than an index.
    """
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with (
        contextlib.suppress(sqlite3.DatabaseError, UnicodeError),
        contextlib.closing(sqlite3.connect(address, uri=True)) as database,
    ):
        database.execute("PRAGMA trusted_schema=OFF")
        for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'create%virtual%'"):
            match = _VIRTUAL.search(sql)
            if match is None or match[1].casefold() not in _OWN_MODULES:
                raise refusal("reference", shown, what=match[1] if match else "VIRTUAL TABLE")


def _schema_is_text(path: Path, *, immutable: bool) -> bool:
    """
    Tell whether the names of a GeoPackage's tables and columns can be read, and are UTF-8.

    What GDAL says of one that is not ends the process within fiona, which takes the message for UTF-8.
    """
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = bytes
        for query in _SCHEMA:
            try:
                for row in database.execute(query):
                    for value in row:
                        if isinstance(value, bytes):
                            value.decode("utf-8")
            except UnicodeError:
                return False
            except sqlite3.OperationalError:
                continue  # a table that is not there, or a file that only GDAL knows how to open
            except sqlite3.DatabaseError:
                # What SQLite cannot make sense of it quotes, byte for byte.
                return False
    return True


def salvage(path: Path, shown: str) -> list[RawLayer]:
    """
    Read what is left of a damaged GeoPackage.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.

    Returns
    -------
    list of RawLayer
        Each layer of which a record can be read, with D003 for what cannot.

    Raises
    ------
    SourceError
        D001 where nothing is left.
    """
    try:
        pages = Pages(path)
    except ValueError as error:
        reason = Text("nothing of it is left", "چیزی از آن نمانده است")
        raise refusal("unreadable", shown, driver="GPKG", reason=reason) from error
    found = _features(pages)
    layers = []
    for entry in found:
        with contextlib.suppress(KeyError):  # a table whose definition is gone
            layers.append(_layer(pages, shown, entry["table_name"], entry["column_name"], entry["srs_id"]))
    if not any(len(layer.frame) for layer in layers):
        reason = Text("no record is left", "هیچ رکوردی نمانده است")
        raise refusal("unreadable", shown, driver="GPKG", reason=reason)
    return layers


def _features(pages: Pages) -> list[dict[str, Any]]:
    """Tell the tables of features: those that the file lists, or those that hold geometries where the list is gone."""
    with contextlib.suppress(KeyError):
        listed = [row.cells for row in pages.rows("gpkg_geometry_columns")[0]]
        if listed:
            return listed
    found = []
    for name in pages.tables:
        for row in pages.rows(name)[0][:1]:
            column = next(
                (key for key, value in row.cells.items() if isinstance(value, bytes) and value[:2] == b"GP"),
                None,
            )
            if column is not None:
                srs = struct.unpack("<i" if row.cells[column][3] & 1 else ">i", row.cells[column][4:8])[0]
                found.append({"table_name": name, "column_name": column, "srs_id": srs})
    return found


def _layer(pages: Pages, shown: str, name: str, column: str, srs: int) -> RawLayer:
    rows, lost = pages.rows(name)
    columns = pages.columns(name)
    frame = pd.DataFrame(
        [[row.cells.get(key) for key in columns] for row in rows], columns=columns, dtype=object
    )
    geometry, wrong = _geometries(frame[column])
    numbers = np.array([row.number for row in rows], dtype=np.int64)
    reason = Text("its geometry cannot be read", "هندسهٔ آن خوانده نمی‌شود")
    faults = [(int(at), reason) for at in numbers[wrong]] + _gone(pages, name, numbers, lost)
    frame = frame.drop(columns=[column])[~wrong].reset_index(drop=True).infer_objects()
    return RawLayer(
        shown,
        name,
        "GPKG",
        _crs(pages, srs),
        "",
        gpd.GeoDataFrame(frame, geometry=geometry[~wrong]),
        numbers[~wrong],
        damaged(shown, name, faults),
    )


def _gone(pages: Pages, name: str, numbers: NDArray[np.int64], lost: int) -> list[tuple[int, Text]]:
    """Name the first record that is gone, and how many are, as far as the file still tells."""
    if not lost:
        return []
    gaps = np.flatnonzero(np.diff(numbers) > 1)
    first = int(numbers[gaps[0]] if len(gaps) else numbers.max(initial=0)) + 1
    reason = Text(
        "it and others were on pages that are gone", "این و رکوردهای دیگر در صفحه‌هایی بود که از دست رفته است"
    )
    with contextlib.suppress(KeyError):
        for row in pages.rows("gpkg_ogr_contents")[0]:
            count = row.cells.get("feature_count")
            if row.cells.get("table_name") == name and isinstance(count, int) and count > len(numbers):
                gone = count - len(numbers)
                reason = Text(
                    f"{gone:,} records from it on were on pages that are gone",
                    f"{number(gone, lang='fa')} رکورد از این شماره به بعد در صفحه‌هایی بود که از دست رفته است",
                )
    return [(first, reason)]


def _geometries(blobs: pd.Series[Any]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Take the geometry out of each blob; tell which blobs are none."""
    geometry = np.full(len(blobs), None, dtype=object)
    wrong = np.zeros(len(blobs), dtype=bool)
    for at, blob in enumerate(blobs):
        if blob is None:
            continue
        if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:  # noqa: PLR2004 - the header
            wrong[at] = True
            continue
        start = 8 + _ENVELOPES.get(blob[3] >> 1 & 0x7, 0)
        if blob[3] & 0x10:  # empty
            continue
        try:
            with np.errstate(invalid="ignore"):
                geometry[at] = shapely.from_wkb(blob[start:])
        except (shapely.errors.ShapelyError, NotImplementedError):
            wrong[at] = True
    return geometry, wrong


def _crs(pages: Pages, srs: int) -> pyproj.CRS | None:
    with contextlib.suppress(KeyError, pyproj.exceptions.CRSError):
        for row in pages.rows("gpkg_spatial_ref_sys")[0]:
            if row.cells.get("srs_id") == srs and srs > 0:
                if str(row.cells["organization"]).upper() == "EPSG":
                    return pyproj.CRS.from_epsg(row.cells["organization_coordsys_id"])
                return pyproj.CRS.from_wkt(row.cells["definition"])
    return None


@reader("GPKG")
def geopackage(source: Source) -> list[Unread]:
    """
    Tell the layers of a GeoPackage.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The name of each layer.

    Raises
    ------
    SourceError
        D001 where nothing of it can be read.
    """
    journal = source.path.with_name(source.path.name + "-wal")
    if journal.exists() and journal.stat().st_size:
        # Edits that QGIS has not yet written into the file itself; opening would do that in the delivery.
        staged = source.folder / "layer.gpkg"
        shutil.copyfile(source.path, staged)
        shutil.copyfile(journal, source.folder / "layer.gpkg-wal")
        options: dict[str, Any] = {}
    else:
        staged = stage(source.path, source.folder / "layer.gpkg")
        options = {"IMMUTABLE": "YES"}
    check(staged, source.shown)
    if not _schema_is_text(staged, immutable=bool(options)):
        return [Unread.given(raw) for raw in salvage(staged, source.shown)]
    try:
        heads = gdal.heads(staged, "GPKG", source.shown, **options)
    except SourceError:
        return [Unread.given(raw) for raw in salvage(staged, source.shown)]
    lacking = () if journal.exists() else _lacking(source)
    return [
        Unread(head.name, partial(_journalled, staged, source.shown, head, options, lacking))
        for head in heads
    ]


def _lacking(source: Source) -> tuple[LeftOut, ...]:
    """Say that the journal of edits, which the file's head says it is written with, was not delivered."""
    with source.path.open("rb") as file:
        head = file.read(_WRITTEN_WITH.stop)
    if head[_WRITTEN_WITH] != _JOURNAL:
        return ()
    return left_out(source.shown, "", [(1, _JOURNAL_IS_MISSING, _MAY_BE_MORE)])


def _journalled(
    staged: Path, shown: str, head: gdal.Head, options: dict[str, Any], lacking: tuple[LeftOut, ...]
) -> RawLayer:
    raw = _read(staged, shown, head, options)
    return replace(raw, left_out=raw.left_out + lacking) if lacking else raw


def _read(staged: Path, shown: str, head: gdal.Head, options: dict[str, Any]) -> RawLayer:
    layer = gdal.layer(staged, "GPKG", shown, head, options)
    if len(layer.frame) + len(layer.notes) < head.features:
        # SQLite stops at a page that is damaged, and GDAL takes that for the end.
        for raw in salvage(staged, shown):
            if raw.layer == head.name:
                return raw
    return layer
