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
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gis.delivery.raw import RawLayer, title
from gis.delivery.refusals import refusal
from gis.inventory import Note
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_VIRTUAL = re.compile(r"create\s+virtual\s+table\s.*?\susing\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)
_OWN_MODULES = {"rtree", "rtree_i32", "fts3", "fts4", "fts5"}
# Bytes of the envelope by the indicator in the header's flags.
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_FAULTS = 1000


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
    with contextlib.closing(_connect(path)) as database, contextlib.suppress(sqlite3.DatabaseError):
        for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'create%virtual%'"):
            match = _VIRTUAL.search(sql)
            if match is None or match[1].casefold() not in _OWN_MODULES:
                raise refusal("reference", shown, what=match[1] if match else "VIRTUAL TABLE")


def salvage(path: Path, shown: str, folder: Path) -> list[RawLayer]:
    """
    Read what is left of a damaged GeoPackage.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        A private folder.

    Returns
    -------
    list of RawLayer
        Each layer of which a record can be read, with D003 for what cannot.

    Raises
    ------
    SourceError
        D001 where nothing is left.
    """
    copy = folder / "salvaged.gpkg"
    shutil.copyfile(path, copy)
    with copy.open("r+b") as file:
        head = file.read(100)
        page = struct.unpack(">H", head[16:18])[0]
        page = 65536 if page == 1 else page
        if page >= 512:  # noqa: PLR2004 - SQLite's smallest page
            # SQLite opens no file that is shorter than its head says.
            file.seek(28)
            file.write(struct.pack(">I", copy.stat().st_size // page))
    layers: list[RawLayer] = []
    fault = ""
    with contextlib.closing(_connect(copy)) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            found = database.execute(
                "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise refusal("unreadable", shown, driver="GPKG", reason=str(error)) from error
        for name, column, srs in found:
            try:
                layer = _layer(database, shown, name, column, srs)
            except sqlite3.DatabaseError as error:
                fault = str(error)
            else:
                layers.append(layer)
    if not any(len(layer.frame) for layer in layers):
        reason = fault or Text("no record is left", "هیچ رکوردی نمانده است")
        raise refusal("unreadable", shown, driver="GPKG", reason=reason)
    return layers


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    database.execute("PRAGMA trusted_schema=OFF")
    return database


def _layer(database: sqlite3.Connection, shown: str, name: str, column: str, srs: int) -> RawLayer:
    table = '"' + name.replace('"', '""') + '"'
    info = database.execute(f"PRAGMA table_info({table})").fetchall()
    names = [row[1] for row in info]
    key = next((row[1] for row in info if row[5]), None)
    rows: list[tuple[Any, ...]] = []
    damaged: list[tuple[int, Any]] = []
    for number, row, wrong in _rows(database, table):
        if row is None:
            damaged.append((number, wrong))
        else:
            rows.append((number, *row))
    expected = _expected(database, name)
    frame = pd.DataFrame([row[1:] for row in rows], columns=names, dtype=object)
    geometry, wrong_geometry = _geometries(frame[column])
    numbers = np.array([row[0] for row in rows], dtype=np.int64)
    reason = Text("its geometry cannot be read", "هندسهٔ آن خوانده نمی‌شود")
    damaged += [(int(number), reason) for number in numbers[wrong_geometry]]
    if expected is not None and expected > len(rows) + len(damaged):
        lost = Text(f"{expected - len(rows):,} records are gone", "رکوردهای پس از آن از دست رفته است")
        damaged.append((int(numbers.max(initial=0)) + 1, lost))
    keep = ~wrong_geometry
    frame = frame.drop(columns=[column, *([key] if key else [])])[keep].reset_index(drop=True).infer_objects()
    layer = title(shown, name)
    return RawLayer(
        shown,
        name,
        "GPKG",
        _crs(database, srs),
        "",
        gpd.GeoDataFrame(frame, geometry=geometry[keep]),
        numbers[keep],
        [
            Note("D003", layer, str(at), {"record": at, "reason": why})
            for at, why in sorted(damaged, key=lambda d: d[0])
        ],
    )


def _rows(database: sqlite3.Connection, table: str) -> Iterator[tuple[int, tuple[Any, ...] | None, str]]:
    """Read rows in the order of their numbers; step over those on pages that are gone."""
    last, faults = -(2**62), 0
    while faults < _FAULTS:
        try:
            # Table and column names cannot be parameters; the name is quoted.
            for number, *row in database.execute(
                f"SELECT rowid, * FROM {table} WHERE rowid > ? ORDER BY rowid",  # noqa: S608
                (last,),
            ):
                last, faults = number, 0
                yield number, tuple(row), ""
        except sqlite3.DatabaseError as error:
            if faults == 0:
                yield max(last, 0) + 1, None, str(error)
            faults += 1
            last = max(last, 0) + 1
        else:
            return


def _expected(database: sqlite3.Connection, name: str) -> int | None:
    try:
        row = database.execute(
            "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?", (name,)
        ).fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0] if row and isinstance(row[0], int) else None


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
            geometry[at] = shapely.from_wkb(blob[start:])
        except (shapely.errors.ShapelyError, NotImplementedError):
            wrong[at] = True
    return geometry, wrong


def _crs(database: sqlite3.Connection, srs: int) -> pyproj.CRS | None:
    try:
        row = database.execute(
            "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
            (srs,),
        ).fetchone()
        if row is None or srs <= 0:
            return None
        return pyproj.CRS.from_wkt(row[2]) if row[0].upper() != "EPSG" else pyproj.CRS.from_epsg(row[1])
    except (sqlite3.DatabaseError, pyproj.exceptions.CRSError):
        return None
