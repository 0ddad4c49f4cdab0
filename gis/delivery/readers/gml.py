"""GML, read by GDAL from the clean copy that `gis.delivery.readers.xml` makes."""

from __future__ import annotations

from functools import partial

from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal, xml
from gis.delivery.readers.reader import Source, Unread, reader
from gis.delivery.readers.xml import clean_layer

_GML_FEATURES = {"featureMember", "member", "featureMembers"}


@reader("GML")
def gml(source: Source) -> list[Unread]:
    """
    Tell the layers of a GML file.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        Each feature type.

    Raises
    ------
    SourceError
        D001 where it breaks before its first feature; D009 where it has none; D010 for a document type or an entity.
    """
    forced, declared = xml.readable_encoding(source.path, source.encoding)
    staged = source.folder / "layer.gml"
    copied = xml.copy(source.path, source.shown, staged, _GML_FEATURES, encoding=forced)
    if not copied.features:
        raise refusal("members", source.shown)
    heads = gdal.heads(staged, "GML", source.shown)
    return [
        Unread(
            head.name,
            partial(
                clean_layer,
                staged,
                "GML",
                source.shown,
                head,
                copied.fault if head is heads[-1] else None,
                declared,
            ),
        )
        for head in heads
    ]
