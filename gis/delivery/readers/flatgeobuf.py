"""FlatGeobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.delivery.files.layer import RawLayer, stage
from gis.delivery.readers.gdal import _each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
