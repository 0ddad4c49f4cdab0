"""GML, read by GDAL from the clean copy that `gis.delivery.readers.xml` makes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gis.delivery.readers import gdal, xml
from gis.delivery.readers.xml import _read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gis.delivery.files.layer import RawLayer

_GML_FEATURES = {"featureMember", "member", "featureMembers"}


def gml(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layers of a GML file.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        A private folder.
    encoding
        What its bytes are in, whatever it says.

    Returns
    -------
    list of (str, callable)
        Each feature type, and what reads it.

    Raises
    ------
    SourceError
        D001 where it breaks before its first feature; D010 for a document type or an entity.
    """
    forced, declared = xml.readable_encoding(path, encoding)
    staged = folder / "layer.gml"
    copied = xml.copy(path, shown, staged, _GML_FEATURES, encoding=forced)
    heads = gdal.heads(staged, "GML", shown)
    return [
        (
            head.name,
            partial(_read, staged, "GML", shown, head, copied.fault if head is heads[-1] else "", declared),
        )
        for head in heads
    ]
