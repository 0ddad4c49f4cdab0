"""GPX: tracks, routes and waypoints, read by GDAL from the clean copy that `gis.delivery.readers.xml` makes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gis.delivery.readers import gdal, points, xml
from gis.delivery.readers.xml import _given, _read
from gis.inventory import Note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gis.delivery.files.layer import RawLayer

_GPX_LAYERS = ("tracks", "routes", "waypoints")


def gpx(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layers of a GPX file: tracks, routes, waypoints, and the routes that the waypoints' names make.

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
        The layers that have records (all, where none has), and what reads each.

    Raises
    ------
    SourceError
        D001 where it breaks before its first point; D010 for a document type or an entity.
    """
    forced, declared = xml.readable_encoding(path, encoding)
    staged = folder / "layer.gpx"
    copied = xml.copy(path, shown, staged, {"wpt", "rte", "trk", "trkpt", "rtept"}, encoding=forced)
    heads = {head.name: head for head in gdal.heads(staged, "GPX", shown)}
    every = [_read(staged, "GPX", shown, heads[name], "", declared) for name in _GPX_LAYERS]
    filled = [raw for raw in every if len(raw.frame)] or every[:1]
    if copied.fault:
        filled[0].notes.append(_broken(filled[0], copied.fault))
    return [(raw.layer, partial(_given, raw)) for raw in map(_ordered, filled)]


def _ordered(raw: RawLayer) -> RawLayer:
    """Make routes of waypoints whose names say so."""
    routes = points.routes_of_waypoints(raw.frame, raw.records) if raw.layer == "waypoints" else None
    if routes is None:
        return raw
    return replace(raw, layer="routes of waypoints", frame=routes.frame, records=routes.records)


def _broken(raw: RawLayer, fault: str) -> Note:
    number = len(raw.frame) + 1
    return Note("D003", raw.title, str(number), {"record": number, "reason": fault})
