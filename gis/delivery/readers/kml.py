"""
KML: folders as layers, with their placemarks' own columns.

Read here and not by GDAL, whose drivers either leave out all columns but name and description, or write every letter
of a column's name that is not ASCII as an underscore: a Persian one is underscores only.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree
import numpy as np
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import geojson, xml
from gis.delivery.readers.reader import Source, Unread, damaged, reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

_CONTAINERS = {"Document", "Folder"}
_PLAIN = {"name": "name", "description": "description", "address": "address", "when": "timestamp"}
_COMMA = re.compile(r"\s*,\s*")
_MULTI: dict[str, Any] = {
    "Point": shapely.multipoints,
    "LineString": shapely.multilinestrings,
    "Polygon": shapely.multipolygons,
}


@dataclass
class _Layer:
    """One folder: where it lies, and its placemarks so far."""

    path: tuple[str, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    geometries: list[BaseGeometry | None] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    damaged: list[tuple[int, str]] = field(default_factory=list)


@reader("KML")
def kml(source: Source) -> list[Unread]:
    """
    Tell the layers of a KML document: its folders that have placemarks directly in them.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The folder's name (with those of the folders around it where another one is named alike).

    Raises
    ------
    SourceError
        D001 where it breaks before its first placemark; D010 for a network link, a document type or an entity.
    """
    forced, declared = xml.readable_encoding(source.path, source.encoding)
    # An archive's document may link to the archive's other documents, which are read for themselves.
    unpacked = source.folder.parent if source.path.is_relative_to(source.folder.parent) else None
    found, fault, linked = _parse(source.path, source.shown, forced, unpacked)
    if fault:
        if not any(layer.records for layer in found):
            raise refusal("unreadable", source.shown, driver="KML", reason=fault)
        found[-1].damaged.append((len(found[-1].records) + len(found[-1].damaged) + 1, fault))
    used = [layer for layer in found if layer.rows or layer.damaged]
    if not used and not linked:
        used = [_Layer(())]
    names = Counter(layer.path[-1] if layer.path else source.path.stem for layer in used)
    result: list[Unread] = []
    for layer in used:
        name = layer.path[-1] if layer.path else source.path.stem
        if names[name] > 1:
            name = "/".join(layer.path) or source.path.stem
        result.append(Unread(name, partial(_raw, source.shown, name, layer, declared)))
    return result


def _parse(
    path: Path, shown: str, encoding: str | None, unpacked: Path | None
) -> tuple[list[_Layer], str, bool]:
    """
    Read all placemarks, folder by folder in the order of the document.

    Tells what is wrong where it breaks off, and whether it links to other documents of its archive.
    """
    found: dict[tuple[int, ...], _Layer] = {}
    parser = defusedxml.ElementTree.XMLParser(encoding=encoding, forbid_dtd=True)
    reader = _Reader(shown, found, path, unpacked)
    try:
        for event, element in _events(path, parser):
            reader.take(event, element)
    except defusedxml.DefusedXmlException as error:
        raise xml.forbidden(shown) from error
    except (ParseError, ValueError, LookupError) as error:
        return list(found.values()), str(error), reader.linked
    return list(found.values()), "", reader.linked


def _events(path: Path, parser: Any) -> Iterator[tuple[str, Element]]:
    yield from defusedxml.ElementTree.iterparse(path, events=("start", "end"), parser=parser)


class _Reader:
    """Follows the document's elements and keeps placemarks; lets go of what it has seen."""

    def __init__(
        self, shown: str, found: dict[tuple[int, ...], _Layer], path: Path, unpacked: Path | None
    ) -> None:
        self._shown = shown
        self._found = found
        self._open: list[Element] = []
        self._inside: list[tuple[int, Element]] = []
        self._containers = 0
        self._path = path
        self._unpacked = unpacked
        self.linked = False

    def take(self, event: str, element: Element) -> None:
        name = _local(element)
        if event == "start":
            xml.check_element(name, self._shown, {"networklink"} if self._unpacked else ())
            if len(self._open) > 200:  # noqa: PLR2004 - as deep as `xmlguard` goes
                raise ValueError("nested too deeply")
            self._open.append(element)
            if name in _CONTAINERS:
                self._containers += 1
                self._inside.append((self._containers, element))
            return
        self._open.pop()
        if name in _CONTAINERS:
            self._inside.pop()
        elif name == "NetworkLink":
            self._follow(element)
        elif name == "Placemark":
            self._keep(element)
            element.clear()
            if self._open:
                self._open[-1].remove(element)

    def _keep(self, placemark: Element) -> None:
        layer = self._layer()
        number = len(layer.records) + len(layer.damaged) + 1
        try:
            geometry = _geometry(placemark)
        except (ValueError, shapely.errors.ShapelyError) as error:
            layer.damaged.append((number, str(error)))
            return
        layer.rows.append(_properties(placemark))
        layer.geometries.append(geometry)
        layer.records.append(number)

    def _follow(self, link: Element) -> None:
        """Let a link to another document of the same archive be; refuse any other."""
        for element in link.iter():
            href = (element.text or "").strip()
            if _local(element) != "href" or not href or self._unpacked is None:
                continue
            target = (self._path.parent / href).resolve()
            if ":" in href or not target.is_relative_to(self._unpacked.resolve()) or not target.is_file():
                xml.check_element("NetworkLink", self._shown)
        self.linked = True

    def _layer(self) -> _Layer:
        key = tuple(number for number, _ in self._inside)
        if key not in self._found:
            names = tuple(_child_text(element, "name") for _, element in self._inside)
            self._found[key] = _Layer(tuple(name for name in names if name))
        return self._found[key]


def _raw(shown: str, name: str, layer: _Layer, declared: str) -> RawLayer:
    frame = geojson.build(layer.rows, list(layer.geometries))
    frame = frame[[c for c in frame.columns if c == "geometry" or frame[c].notna().any()]]
    notes = damaged(shown, name, layer.damaged)
    kept = undecoded(frame, declared=declared) if declared else None
    records = np.array(layer.records, dtype=np.int64)
    return RawLayer(shown, name, "KML", pyproj.CRS("EPSG:4326"), "", frame, records, notes, kept)


def _properties(placemark: Element) -> dict[str, Any]:
    values: dict[str, Any] = {"name": None}
    for element in placemark.iter():
        name, text = _local(element), (element.text or "").strip()
        if name == "Data":
            values[element.get("name", "")] = _child_text(element, "value") or None
        elif name in {"SimpleData", "SimpleArrayData"}:
            values[element.get("name", "")] = text or None
        elif name in {"begin", "end"}:
            values[name] = text or None
    for element in placemark:
        if (name := _local(element)) in _PLAIN:
            values[_PLAIN[name]] = (element.text or "").strip() or None
        elif name == "TimeStamp":
            values["timestamp"] = _child_text(element, "when") or None
    return values


def _geometry(element: Element) -> BaseGeometry | None:
    """Build the geometry of a placemark, or of one part of it."""
    parts = [part for child in element if (part := _part(child)) is not None]
    if len(parts) < 2:  # noqa: PLR2004 - one is itself
        return parts[0] if parts else None
    kinds = {part.geom_type for part in parts}
    collect = (
        _MULTI.get(kinds.pop(), shapely.geometrycollections)
        if len(kinds) == 1
        else shapely.geometrycollections
    )
    collected: BaseGeometry = collect(parts)
    return collected


def _part(element: Element) -> BaseGeometry | None:
    name = _local(element)
    if name == "Point":
        return shapely.Point(_coordinates(element)[0])
    if name in {"LineString", "LinearRing"}:
        return shapely.LineString(_coordinates(element))
    if name == "Polygon":
        rings = [_coordinates(ring) for ring in element.iter() if _local(ring) == "LinearRing"]
        return shapely.Polygon(rings[0], rings[1:]) if rings else None
    if name == "Track":
        rows = [(child.text or "").split() for child in element if _local(child) == "coord"]
        return shapely.LineString(_array([",".join(row) for row in rows])) if rows else None
    if name in {"MultiGeometry", "MultiTrack"}:
        return _geometry(element)
    return None


def _coordinates(element: Element) -> Any:
    text = _child_text(element, "coordinates")
    return _array(_COMMA.sub(",", text).split())


def _array(tuples: list[str]) -> Any:
    """Read ``lon,lat[,height]`` tuples; heights count where all vertices have one and not all are 0, the ground."""
    if not tuples:
        raise ValueError("no coordinates")
    rows = [[float(number) for number in entry.strip(",").split(",")] for entry in tuples]
    width = min(map(len, rows))
    if width < 2 or max(map(len, rows)) > 3:  # noqa: PLR2004 - two or three numbers
        raise ValueError(f"coordinates {tuples[0][:40]!r} are not lon,lat[,height]")
    xyz = np.array([row[:width] for row in rows], dtype=np.float64)
    return xyz if width > 2 and xyz[:, 2].any() else xyz[:, :2]  # noqa: PLR2004


def _child_text(element: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in element if _local(child) == name), "")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
