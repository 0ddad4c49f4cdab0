"""GPX and GML: read by GDAL from the clean copy that `gis.delivery.xmlguard` makes of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gis.delivery import points, vector, xmlguard
from gis.delivery.files.layer import RawLayer, distinct, title, undecoded
from gis.inventory import Note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd

_GPX_LAYERS = ("tracks", "routes", "waypoints")
_GML_FEATURES = {"featureMember", "member", "featureMembers"}


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
    forced, declared = xmlguard.readable_encoding(path, encoding)
    staged = folder / "layer.gpx"
    copied = xmlguard.copy(path, shown, staged, {"wpt", "rte", "trk", "trkpt", "rtept"}, encoding=forced)
    heads = {head.name: head for head in vector.heads(staged, "GPX", shown)}
    every = [_read(staged, "GPX", shown, heads[name], "", declared) for name in _GPX_LAYERS]
    filled = [raw for raw in every if len(raw.frame)] or every[:1]
    if copied.fault:
        filled[0].notes.append(_broken(filled[0], copied.fault))
    return [(raw.layer, partial(_given, raw)) for raw in map(_ordered, filled)]


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
    forced, declared = xmlguard.readable_encoding(path, encoding)
    staged = folder / "layer.gml"
    copied = xmlguard.copy(path, shown, staged, _GML_FEATURES, encoding=forced)
    heads = vector.heads(staged, "GML", shown)
    return [
        (
            head.name,
            partial(_read, staged, "GML", shown, head, copied.fault if head is heads[-1] else "", declared),
        )
        for head in heads
    ]


def _ordered(raw: RawLayer) -> RawLayer:
    """Make routes of waypoints whose names say so."""
    routes = points.routes_of_waypoints(raw.frame, raw.records) if raw.layer == "waypoints" else None
    if routes is None:
        return raw
    return replace(raw, layer="routes of waypoints", frame=routes.frame, records=routes.records)


def _broken(raw: RawLayer, fault: str) -> Note:
    number = len(raw.frame) + 1
    return Note("D003", raw.title, str(number), {"record": number, "reason": fault})


def _given(raw: RawLayer) -> RawLayer:
    return raw


def _read(staged: Path, driver: str, shown: str, head: vector.Head, fault: str, declared: str) -> RawLayer:
    records = vector.read(staged, driver, head.name, shown)
    frame = _used(records.frame)
    damaged = [(at + 1, reason) for at, reason in records.damaged]
    if fault:
        damaged.append((len(frame) + len(damaged) + 1, fault))
    notes = [
        Note("D003", title(shown, head.name), str(number), {"record": number, "reason": reason})
        for number, reason in damaged
    ]
    kept = undecoded(frame, declared=declared, names=False) if declared else None
    numbers = records.fids if driver == "GML" and (records.fids > 0).all() else records.fids + 1
    return RawLayer(shown, head.name, driver, head.crs, "", frame, numbers, notes, kept)


def _used(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out the format's own columns that this file does not use, and GDAL's prefix of those that it added."""
    frame = frame.rename(
        columns=distinct({c: c[4:] for c in frame.columns if c.startswith("ogr_")}, frame.columns)
    )
    return frame[[column for column in frame.columns if column == "geometry" or frame[column].notna().any()]]
