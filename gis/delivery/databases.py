"""Databases in a file: GeoPackage, File Geodatabase, FlatGeobuf, GeoParquet."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gis.delivery import documents, tables, vector
from gis.delivery import geopackage as geopackage_file
from gis.delivery.files.archives import MAX_BYTES
from gis.delivery.files.layer import RawLayer, stage, title
from gis.delivery.files.refusals import refusal
from gis.errors import SourceError
from gis.inventory import Note
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_GEODATABASE_PARTS = {".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist", ".horizon"}
_MAX_ROWS = 20_000_000


def geopackage(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layers of a GeoPackage.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        A private folder.
    encoding
        Not used: a GeoPackage is UTF-8.

    Returns
    -------
    list of (str, callable)
        The name of each layer, and what reads it.

    Raises
    ------
    SourceError
        D001 where nothing of it can be read.
    """
    del encoding
    journal = path.with_name(path.name + "-wal")
    if journal.exists() and journal.stat().st_size:
        # Edits that QGIS has not yet written into the file itself; opening would do that in the delivery.
        staged = folder / "layer.gpkg"
        shutil.copyfile(path, staged)
        shutil.copyfile(journal, folder / "layer.gpkg-wal")
        options: dict[str, Any] = {}
    else:
        staged = stage(path, folder / "layer.gpkg")
        options = {"IMMUTABLE": "YES"}
    geopackage_file.check(staged, shown)
    try:
        return _each(staged, "GPKG", shown, options)
    except SourceError:
        return [(raw.layer, partial(_given, raw)) for raw in geopackage_file.salvage(staged, shown)]


def flatgeobuf(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layer of a FlatGeobuf.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        A private folder.
    encoding
        Not used: a FlatGeobuf is UTF-8.

    Returns
    -------
    list of (str, callable)
        Its name, and what reads it.

    Raises
    ------
    SourceError
        D001 where nothing of it can be read.
    """
    del encoding
    return _each(stage(path, folder / "layer.fgb"), "FlatGeobuf", shown, {})


def geodatabase(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layers of a File Geodatabase.

    Parameters
    ----------
    path
        The folder with its tables.
    shown
        Its name for people.
    folder
        A private folder.
    encoding
        Not used: a File Geodatabase is UTF-16.

    Returns
    -------
    list of (str, callable)
        The name of each feature class and table, and what reads it.

    Raises
    ------
    SourceError
        D001 where nothing of it can be read.
    """
    del encoding
    staged = folder / "layer.gdb"
    staged.mkdir()
    # Its own files alone: what else lies in the folder must not make another driver take it.
    for part in path.iterdir():
        if part.suffix in _GEODATABASE_PARTS or part.name in {"gdb", "timestamps"}:
            stage(part, staged / part.name)
    return _each(staged, "OpenFileGDB", shown, {})


def parquet(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layer of a GeoParquet file, or of a Parquet table of points.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        Not used: nothing is laid out.
    encoding
        Not used: Parquet is UTF-8.

    Returns
    -------
    list of (str, callable)
        The file's stem, and what reads it.

    Raises
    ------
    SourceError
        D001 where it is damaged, or would take more than 2 GiB of memory.
    """
    del folder, encoding
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise refusal(
            "unreadable", shown, driver="Parquet", reason=" ".join(str(error).split())[:200]
        ) from error
    size = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if size > MAX_BYTES or metadata.num_rows > _MAX_ROWS:
        reason = Text("it unpacks to more than 2 GiB", "بیش از ۲ گیبی‌بایت باز می‌شود")
        raise refusal("unreadable", shown, driver="Parquet", reason=reason)
    return [(path.stem, partial(_parquet, path, shown, geo=b"geo" in (metadata.metadata or {})))]


def _parquet(path: Path, shown: str, *, geo: bool) -> RawLayer:
    try:
        if not geo:
            return tables.place(pd.read_parquet(path), path, shown, "Parquet")
        frame = gpd.read_parquet(path)
    except (pa.ArrowException, OSError, ValueError, KeyError, shapely.errors.ShapelyError) as error:
        raise refusal(
            "unreadable", shown, driver="Parquet", reason=" ".join(str(error).split())[:200]
        ) from error
    crs = vector.plain_crs(frame.crs)
    frame = documents.flatten(vector.without_crs(frame.drop(columns=["bbox"], errors="ignore")))
    return RawLayer(shown, path.stem, "Parquet", crs, "", frame, np.arange(1, len(frame) + 1))


def _given(raw: RawLayer) -> RawLayer:
    return raw


def _each(
    staged: Path, driver: str, shown: str, options: dict[str, Any]
) -> list[tuple[str, Callable[[], RawLayer]]]:
    return [
        (head.name, partial(_read, staged, driver, shown, head, options))
        for head in vector.heads(staged, driver, shown, **options)
    ]


def _read(staged: Path, driver: str, shown: str, head: vector.Head, options: dict[str, Any]) -> RawLayer:
    records = vector.read(staged, driver, head.name, shown, **options)
    if driver == "GPKG" and len(records.frame) + len(records.damaged) < head.features:
        # SQLite stops at a page that is damaged, and GDAL takes that for the end.
        for raw in geopackage_file.salvage(staged, shown):
            if raw.layer == head.name:
                return raw
    first = 1 if driver == "FlatGeobuf" else 0
    notes = [
        Note("D003", title(shown, head.name), str(at + first), {"record": at + first, "reason": reason})
        for at, reason in records.damaged
    ]
    return RawLayer(shown, head.name, driver, head.crs, "", records.frame, records.fids + first, notes)
