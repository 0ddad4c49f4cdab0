"""Databases in a file: GeoPackage, File Geodatabase, FlatGeobuf, GeoParquet."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from gis.delivery import vector
from gis.delivery.raw import RawLayer, stage, title
from gis.inventory import Note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
        options = {}
    else:
        staged = stage(path, folder / "layer.gpkg")
        options = {"IMMUTABLE": "YES"}
    return _each(staged, "GPKG", shown, options)


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


def _each(
    staged: Path, driver: str, shown: str, options: dict[str, str]
) -> list[tuple[str, Callable[[], RawLayer]]]:
    return [
        (head.name, partial(_read, staged, driver, shown, head, options))
        for head in vector.heads(staged, driver, shown, **options)
    ]


def _read(staged: Path, driver: str, shown: str, head: vector.Head, options: dict[str, str]) -> RawLayer:
    records = vector.read(staged, driver, head.name, shown, **options)
    first = 1 if driver == "FlatGeobuf" else 0
    notes = [
        Note("D003", title(shown, head.name), str(at + first), {"record": at + first, "reason": reason})
        for at, reason in records.damaged
    ]
    return RawLayer(shown, head.name, driver, head.crs, "", records.frame, records.fids + first, notes)
