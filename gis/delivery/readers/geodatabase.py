"""File Geodatabase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.delivery.files.layer import RawLayer, stage
from gis.delivery.readers.gdal import _each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_GEODATABASE_PARTS = {".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist", ".horizon"}


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
