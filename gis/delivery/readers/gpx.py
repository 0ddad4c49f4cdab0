"""GPX: tracks, routes and waypoints, read by GDAL from the clean copy that `gis.delivery.readers.xml` makes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gis.delivery.readers import gdal, sequences, xml
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.delivery.readers.xml import clean_layer

if TYPE_CHECKING:
    from gis.delivery.files.layer import RawLayer

_GPX_LAYERS = ("tracks", "routes", "waypoints")


@reader("GPX")
def gpx(source: Source) -> list[Unread]:
    """
    Tell the layers of a GPX file: tracks, routes, waypoints, and the routes that the waypoints' names make.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The layers that have records (all, where none has).

    Raises
    ------
    SourceError
        D001 where it breaks before its first point; D010 for a document type or an entity.
    """
    forced, declared = xml.readable_encoding(source.path, source.encoding)
    staged = source.folder / "layer.gpx"
    copied = xml.copy(
        source.path, source.shown, staged, {"wpt", "rte", "trk", "trkpt", "rtept"}, encoding=forced
    )
    heads = {head.name: head for head in gdal.heads(staged, "GPX", source.shown)}
    every = [clean_layer(staged, "GPX", source.shown, heads[name], "", declared) for name in _GPX_LAYERS]
    filled = [raw for raw in every if len(raw.frame)] or every[:1]
    if copied.fault:
        filled[0].notes.extend(
            damaged(source.shown, filled[0].layer, [(len(filled[0].frame) + 1, copied.fault)])
        )
    return [Unread.given(raw) for raw in map(_ordered, filled)]


def _ordered(raw: RawLayer) -> RawLayer:
    """Make routes of waypoints whose names say so."""
    routes = sequences.routes_of_waypoints(raw.frame, raw.records) if raw.layer == "waypoints" else None
    if routes is None:
        return raw
    return replace(raw, layer="routes of waypoints", frame=routes[0], records=routes[1])
