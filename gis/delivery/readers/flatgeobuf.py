"""FlatGeobuf."""

from __future__ import annotations

from gis.delivery.files.layer import stage
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, reader


@reader("FlatGeobuf")
def flatgeobuf(source: Source) -> list[Unread]:
    """
    Tell the layer of a FlatGeobuf.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        Its name.

    Raises
    ------
    SourceError
        D001 where nothing of it can be read.
    """
    return gdal.each(stage(source.path, source.folder / "layer.fgb"), "FlatGeobuf", source.shown, {}, first=1)
