"""GPX: tracks, routes and waypoints, read by GDAL from the clean copy that `gis.delivery.readers.xml` makes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.delivery.readers import gdal, sequences, xml
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.delivery.readers.xml import clean_layer

if TYPE_CHECKING:
    from gis.delivery.files.layer import RawLayer

_GPX_LAYERS = ("tracks", "routes", "waypoints")
_VERTICES = {"trkpt", "rtept"}


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
        source.path,
        source.shown,
        staged,
        {"wpt", "rte", "trk", "trkpt", "rtept"},
        encoding=forced,
        copier=_Copier,
    )
    heads = {head.name: head for head in gdal.heads(staged, "GPX", source.shown)}
    every = [
        _known_heights(
            clean_layer(staged, "GPX", source.shown, heads[name], None, declared, ELE_AS_25D="YES")
        )
        for name in _GPX_LAYERS
    ]
    first, *others = [raw for raw in every if len(raw.frame) or raw.notes] or every[:1]
    if copied.fault is not None:
        broken = damaged(source.shown, first.layer, [(len(first.frame) + 1, copied.fault)])
        first = replace(first, notes=first.notes + broken)
    return [Unread.given(raw) for raw in map(_ordered, (first, *others))]


class _Copier(xml.Copier):
    """Writes the height of each point of a line, and that it is not a number where there is none: GDAL's is 0."""

    def __init__(self, out: IO[bytes], shown: str, features: set[str]) -> None:
        super().__init__(out, shown, features)
        self._height: list[str] | None = None
        self._within = False
        self._written = ""

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        local = name.rpartition(":")[2]
        if local in _VERTICES:
            self._written = ""
            self._within = True
        elif local == "ele" and self._within:
            self._height = []
            return
        super().startElement(name, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        local = name.rpartition(":")[2]
        if local == "ele" and self._height is not None:
            self._written = self._written or "".join(self._height)
            self._height = None
            return
        if local in _VERTICES:
            self._within = False
            prefix = name.removesuffix(local)
            self.write(f"<{prefix}ele>{_height(self._written)}</{prefix}ele>")
        super().endElement(name)

    def characters(self, content: str) -> None:
        if self._height is None:
            super().characters(content)
        else:
            self._height.append(content)


def _height(written: str) -> float:
    try:
        return float(written.replace(",", "."))
    except ValueError:
        return math.nan


def _known_heights(raw: RawLayer) -> RawLayer:
    """Leave out heights where not a vertex of a line has one."""
    geometry = raw.frame.geometry.to_numpy()
    lines = np.flatnonzero(shapely.has_z(geometry))
    if not len(lines):
        return raw
    xyz, owners = shapely.get_coordinates(geometry[lines], include_z=True, return_index=True)
    known = np.zeros(len(lines), dtype=bool)
    known[owners[np.isfinite(xyz[:, 2])]] = True
    flat = geometry.copy()
    flat[lines[~known]] = shapely.force_2d(geometry[lines[~known]])
    return replace(raw, frame=raw.frame.set_geometry(flat))


def _ordered(raw: RawLayer) -> RawLayer:
    """Make routes of waypoints whose names say so."""
    routes = sequences.routes_of_waypoints(raw.frame, raw.records) if raw.layer == "waypoints" else None
    if routes is None:
        return raw
    return replace(raw, layer="routes of waypoints", frame=routes[0], records=routes[1])
