"""File Geodatabase."""

from __future__ import annotations

from gis.delivery.files.layer import stage
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, reader

_GEODATABASE_PARTS = {".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist", ".horizon"}


@reader("OpenFileGDB")
def geodatabase(source: Source) -> list[Unread]:
    """
    Tell the layers of a File Geodatabase.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The name of each feature class and table.

    Raises
    ------
    SourceError
        D001 where nothing of it can be read.
    """
    staged = source.folder / "layer.gdb"
    staged.mkdir()
    # Its own files alone: what else lies in the folder must not make another driver take it.
    for part in source.path.iterdir():
        if part.suffix in _GEODATABASE_PARTS or part.name in {"gdb", "timestamps"}:
            stage(part, staged / part.name)
    return gdal.each(staged, "OpenFileGDB", source.shown, {})
