"""
KML: folders as layers, with their placemarks' own columns.

Read here and not by GDAL, whose drivers either leave out all columns but name and description, or write every letter
of a column's name that is not ASCII as an underscore: a Persian one is underscores only.
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.handler import ContentHandler

import numpy as np
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer, undecoded
from gis.delivery.files.reasons import TOO_FEW, DamagedError
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import descriptions, geojson, xml
from gis.delivery.readers.parts import WHAT_SHORT, WHY_SHORT
from gis.delivery.readers.reader import Source, Unread, damaged, left_out, reader
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_CONTAINERS = {"Document", "Folder"}
_PLAIN = {"name": "name", "description": "description", "address": "address", "when": "timestamp"}
_COMMA = re.compile(r"\s*,\s*")
_SPACED = re.compile(r",\s|\s,")
# Marks that nobody sees: of the order of bytes, and of the direction of writing.
_UNSEEN = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_MOST_COMMAS = 2
_MULTI: dict[str, Any] = {
    "Point": shapely.multipoints,
    "LineString": shapely.multilinestrings,
    "Polygon": shapely.multipolygons,
}
_SHORT, _HEIGHTS, _MODELS, _OVERLAYS = "short", "heights", "models", "overlays"
_LINKS, _BESIDE = "links", "beside"
_PASSED_OVER = {
    _SHORT: (WHAT_SHORT, WHY_SHORT),
    _HEIGHTS: (
        Text("{count:feature|features} whose heights are not taken", "عارضه که ارتفاع‌هایش گرفته نشد"),
        Text(
            "{count:its|their} altitudeMode is not absolute: such heights are not above sea level",
            "چون altitudeMode آن absolute نیست: چنین ارتفاع‌هایی از سطح دریا نیست",
        ),
    ),
    _MODELS: (
        Text("three-dimensional {count:model|models}", "مدل سه‌بعدی"),
        Text("{count:it is no line and no point|they are no lines and no points}", "نه خط‌اند و نه نقطه"),
    ),
    _OVERLAYS: (
        Text("{count:image|images} laid over the map", "تصویر روی نقشه"),
        Text("{count:it is no line and no point|they are no lines and no points}", "نه خط‌اند و نه نقطه"),
    ),
    _LINKS: (
        Text("network {count:link|links}", "پیوند شبکه‌ای"),
        Text(
            "{count:it points|they point} at another file or host and {count:is|are} not followed; send the data "
            "itself",
            "به فایل یا میزبان دیگری اشاره می‌کند و دنبال نمی‌شود؛ خود داده را بفرستید",
        ),
    ),
    _BESIDE: (
        Text("{count:part|parts} beside the lines of a feature", "تکهٔ کنار خط‌های عارضه"),
        Text(
            "{count:it is a point or an area|they are points or areas} of a feature that has lines",
            "نقطه یا سطحی از عارضه‌ای است که خط دارد",
        ),
    ),
}
_LINE, _COLLECTION = 1, 7
_SHAPES = {
    "Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack", "Model",
}  # fmt: skip
_PICTURES = {"GroundOverlay", "ScreenOverlay", "PhotoOverlay"}
# Its numbers that stand for heights above sea level; no mode means that they are to be ignored.
_ABSOLUTE = "absolute"


@dataclass
class _Lines:
    """Lines of positions of one width, as most placemarks are one: they are made all at once."""

    width: int
    rows: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    absolute: list[bool] = field(default_factory=list)
    numbers: array[float] = field(default_factory=lambda: array("d"))

    def made(self) -> tuple[NDArray[np.object_], int]:
        """Make the lines; count those whose heights are not taken."""
        lines = np.empty(len(self.rows), dtype=object)
        if not len(lines):
            return lines, 0
        positions = np.frombuffer(self.numbers, dtype=np.float64).reshape(-1, self.width)
        starts = np.cumsum([0, *self.sizes[:-1]])
        known = np.logical_or.reduceat((positions[:, 2:] != 0).any(axis=1), starts)
        high = known & self.absolute
        owner = np.repeat(np.arange(len(lines)), self.sizes)
        for some, width in ((high, 3), (~high, 2)):
            if some.any():
                place = np.cumsum(some) - 1
                of = some[owner]
                lines[some] = shapely.linestrings(positions[of, :width], indices=place[owner[of]])
        return lines, int((known & ~high).sum())


@dataclass
class _Layer:
    """One folder: where it lies, its placemarks so far, and what of it was passed over."""

    path: tuple[str, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    geometries: list[BaseGeometry | None] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    damaged: list[tuple[int, str | Text]] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    lines: tuple[_Lines, _Lines] = field(default_factory=lambda: (_Lines(2), _Lines(3)))

    def finished(self) -> tuple[list[BaseGeometry | None], Counter[str]]:
        """Give the geometries, the lines among them, and what was passed over."""
        geometries, passed_over = list(self.geometries), self.passed_over.copy()
        for lines in self.lines:
            made, flat = lines.made()
            passed_over[_HEIGHTS] += flat
            for row, line in zip(lines.rows, made, strict=True):
                geometries[row] = line
        return geometries, +passed_over


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
        The folder's name (with those of the folders around it where another one is named alike, and with a number
        where these are alike too).

    Raises
    ------
    SourceError
        D001 where it breaks before its first placemark; D010 for a document type or an entity, and for a network link
        where there is no placemark beside it.
    """
    forced, declared = xml.readable_encoding(source.path, source.encoding)
    # An archive's document may link to the archive's other documents, which are read for themselves.
    unpacked = source.folder.parent if source.path.is_relative_to(source.folder.parent) else None
    handler = _Reader(source.shown, source.path, unpacked)
    fault = xml.parse(source.path, source.shown, handler, encoding=forced)
    found, linked, pictures = list(handler.found.values()), handler.linked, handler.pictures
    if handler.links and not any(layer.records or layer.damaged for layer in found):
        xml.check_element("NetworkLink", source.shown)
    if fault is not None:
        if not any(layer.records for layer in found):
            raise refusal("unreadable", source.shown, driver="KML", reason=fault)
        found[-1].damaged.append((len(found[-1].records) + len(found[-1].damaged) + 1, fault))
    used = [layer for layer in found if layer.rows or layer.damaged]
    if not used and not linked:
        used = [_Layer(())]
    if used:
        used[0].passed_over.update({_OVERLAYS: pictures, _LINKS: handler.links})
    return [
        Unread(name, partial(_raw, source.shown, name, layer, declared))
        for layer, name in zip(used, _names([layer.path for layer in used], source.path.stem), strict=True)
    ]


def _names(paths: list[tuple[str, ...]], stem: str) -> list[str]:
    """Name folders by themselves, by their paths, or by their paths and a number: no two are named alike."""
    own = [path[-1] if path else stem for path in paths]
    names = [
        "/".join(path) or stem if own.count(name) > 1 else name for path, name in zip(paths, own, strict=True)
    ]
    taken: set[str] = set()
    for at, name in enumerate(names):
        ways = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        names[at] = next(way for way in ways if way not in taken and (way == name or way not in names))
        taken.add(names[at])
    return names


class _Reader(ContentHandler):
    """Follows the document's elements and keeps placemarks; lets go of what it has seen."""

    def __init__(self, shown: str, path: Path, unpacked: Path | None) -> None:
        super().__init__()
        self._shown = shown
        self._open: list[Element] = []
        self._inside: list[tuple[int, Element]] = []
        self._containers = 0
        self._path = path
        self._unpacked = unpacked
        self._text: list[str] = []
        self._names: dict[str, str] = {}
        self.found: dict[tuple[int, ...], _Layer] = {}
        self.linked = False
        self.links = 0
        self.pictures = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        local = self._names.get(name)
        if local is None:
            local = name.rpartition(":")[2]
            xml.check_element(local, self._shown, {"networklink"})
            # A document has few names, and says each many times.
            self._names[name] = local
        xml.check_depth(len(self._open), self._shown)
        element = Element(local, attrs)
        if self._open:
            self._end_text()
            self._open[-1].append(element)
        self._open.append(element)
        self._text = []
        if local in _CONTAINERS:
            self._containers += 1
            self._inside.append((self._containers, element))

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        self._end_text()
        element, local = self._open.pop(), self._names[name]
        if local in _CONTAINERS:
            self._inside.pop()
        elif local == "NetworkLink":
            self._follow(element)
        elif local == "Placemark":
            self._keep(element)
            element.clear()
        elif local in _PICTURES:
            self.pictures += 1
        # Of what stands in a folder, its name alone is asked for again.
        if self._open and (local == "Placemark" or (self._open[-1].tag in _CONTAINERS and local != "name")):
            del self._open[-1][-1]

    def characters(self, content: str) -> None:
        self._text.append(content)

    def _end_text(self) -> None:
        """Give an element the text before its first child."""
        if not len(self._open[-1]):
            self._open[-1].text = "".join(self._text)

    def _keep(self, placemark: Element) -> None:
        layer = self._layer()
        number = len(layer.records) + len(layer.damaged) + 1
        if (line := _line(placemark)) is not None:
            numbers, size, absolute = line
            kept = layer.lines[len(numbers) // size - 2]
            kept.rows.append(len(layer.rows))
            kept.sizes.append(size)
            kept.absolute.append(absolute)
            kept.numbers.extend(numbers)
            layer.rows.append(_properties(placemark))
            layer.geometries.append(None)
            layer.records.append(number)
            return
        passed_over: Counter[str] = Counter()
        try:
            geometry = _geometry(placemark, passed_over)
        except DamagedError as error:
            layer.damaged.append((number, error.why))
            return
        if geometry is None and passed_over[_SHORT]:
            layer.damaged.append((number, TOO_FEW))
            return
        geometry = _of_lines(geometry, passed_over)
        layer.passed_over += Counter({**passed_over, _HEIGHTS: min(passed_over[_HEIGHTS], 1)})
        layer.rows.append(_properties(placemark))
        layer.geometries.append(geometry)
        layer.records.append(number)

    def _follow(self, link: Element) -> None:
        """Let a link to another document of the same archive be, which is read for itself; count any other."""
        hrefs = [(element.text or "").strip() for element in link.iter() if element.tag == "href"]
        if all(map(self._is_inside, filter(None, hrefs))) and self._unpacked is not None:
            self.linked = True
        else:
            self.links += 1

    def _is_inside(self, href: str) -> bool:
        if ":" in href or self._unpacked is None:
            return False
        target = (self._path.parent / href).resolve()
        return target.is_relative_to(self._unpacked.resolve()) and target.is_file()

    def _layer(self) -> _Layer:
        key = tuple(number for number, _ in self._inside)
        if key not in self.found:
            names = tuple(_child_text(element, "name") for _, element in self._inside)
            self.found[key] = _Layer(tuple(name for name in names if name))
        return self.found[key]


def _raw(shown: str, name: str, layer: _Layer, declared: str) -> RawLayer:
    geometries, counted = layer.finished()
    frame = geojson.build(layer.rows, geometries)
    frame = frame[[c for c in frame.columns if c == "geometry" or frame[c].notna().any()]]
    notes = damaged(shown, name, layer.damaged)
    kept = undecoded(frame, declared=declared) if declared else None
    records = np.array(layer.records, dtype=np.int64)
    passed_over = left_out(shown, name, [(n, *_PASSED_OVER[kind]) for kind, n in counted.items()])
    return RawLayer(
        shown, name, "KML", pyproj.CRS("EPSG:4326"), "", frame, records, notes, kept, left_out=passed_over
    )


def _properties(placemark: Element) -> dict[str, Any]:
    values: dict[str, Any] = {"name": None}
    for element in placemark.iter():
        name, text = element.tag, (element.text or "").strip()
        if name == "Data":
            values[element.get("name", "")] = _child_text(element, "value") or None
        elif name in {"SimpleData", "SimpleArrayData"}:
            values[element.get("name", "")] = text or None
        elif name in {"begin", "end"}:
            values[name] = text or None
    for element in placemark:
        if (name := element.tag) in _PLAIN:
            values[_PLAIN[name]] = (element.text or "").strip() or None
        elif name == "TimeStamp":
            values["timestamp"] = _child_text(element, "when") or None
    # What the placemark says of itself in elements counts before what is written in its description's table.
    if table := descriptions.columns(values.get("description") or ""):
        values = {**table, **{name: value for name, value in values.items() if value is not None}}
        del values["description"]
    return values


def _of_lines(geometry: BaseGeometry | None, passed_over: Counter[str]) -> BaseGeometry | None:
    """Take the lines of a feature that is lines and more, as a line with its label is; count the rest."""
    if geometry is None or geometry.geom_type != "GeometryCollection":
        return geometry
    parts = shapely.get_parts([geometry])
    while (shapely.get_type_id(parts) == _COLLECTION).any():
        parts = shapely.get_parts(parts)
    simple = shapely.get_parts(parts)
    lines = simple[shapely.get_type_id(simple) == _LINE]
    if not len(lines):
        return geometry
    passed_over[_BESIDE] += len(simple) - len(lines)
    of_lines: BaseGeometry = lines[0] if len(lines) == 1 else shapely.multilinestrings(lines)
    return of_lines


def _line(placemark: Element) -> tuple[list[float], int, bool] | None:
    """Give the numbers of a placemark that is one sound line, how many positions it has, and whether heights count."""
    shapes = [child for child in placemark if child.tag in _SHAPES]
    if len(shapes) != 1 or shapes[0].tag != "LineString":
        return None
    tuples = _child_text(shapes[0], "coordinates").split()
    commas = {one.count(",") for one in tuples}
    if len(tuples) < 2 or commas not in ({1}, {2}):  # noqa: PLR2004 - a line
        return None
    try:
        numbers = list(map(float, ",".join(tuples).split(",")))
    except ValueError:
        return None
    # Of a sum that is not finite the reason is looked for one by one.
    if not isfinite(sum(numbers)):
        return None
    return numbers, len(tuples), _child_text(shapes[0], "altitudeMode") == _ABSOLUTE


def _geometry(element: Element, passed_over: Counter[str], mode: str = "") -> BaseGeometry | None:
    """Build the geometry of a placemark, or of one part of it; count what is passed over."""
    parts = [part for child in element if (part := _part(child, passed_over, mode)) is not None]
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


def _part(element: Element, passed_over: Counter[str], mode: str) -> BaseGeometry | None:
    name = element.tag
    # What tracks stand for may be said of them together.
    mode = _child_text(element, "altitudeMode") or mode
    if name in {"MultiGeometry", "MultiTrack"}:
        return _geometry(element, passed_over, mode)
    if name == "Model":
        passed_over[_MODELS] += 1
    absolute = mode == _ABSOLUTE
    if name == "Polygon":
        rings = [
            _positions(ring, passed_over, absolute=absolute)
            for ring in element.iter()
            if ring.tag == "LinearRing"
        ]
        if not rings or min(map(len, rings)) < 4:  # noqa: PLR2004 - three corners and the first again
            raise DamagedError(Text("a ring of fewer than four positions", "حلقه‌ای با کم‌تر از چهار نقطه"))
        return shapely.Polygon(rings[0], rings[1:])
    if name not in {"Point", "LineString", "LinearRing", "Track"}:
        return None
    positions = _positions(element, passed_over, absolute=absolute)
    if name == "Point":
        if not len(positions):
            raise DamagedError(Text("a point without a position", "نقطه‌ای بی‌مختصات"))
        return shapely.Point(positions[0])
    if len(positions) < 2:  # noqa: PLR2004 - a line
        passed_over[_SHORT] += 1
        return None
    line: BaseGeometry = shapely.linestrings(positions)
    return line


def _positions(element: Element, passed_over: Counter[str], *, absolute: bool) -> Any:
    """
    Give the positions of a point, a line, a ring or a track: longitude, latitude and, where they count, heights.

    A track has an empty one where its receiver had no fix.
    """
    if element.tag == "Track":
        tuples = [",".join((child.text or "").split()) for child in element if child.tag == "coord"]
        tuples = [one for one in tuples if one]
    else:
        text = _child_text(element, "coordinates")
        if not text.isascii():
            text = _UNSEEN.sub("", text)
        tuples = text.split()
        # Blanks around a comma are common enough, and rare enough to be looked for first; so is an empty height.
        if _SPACED.search(text):
            joined = _COMMA.sub(",", text).split()
            if max(one.strip(",").count(",") for one in joined) <= _MOST_COMMAS:
                tuples = joined
    numbers = _numbers(tuples)
    if numbers is None:
        # Of several widths, or with a fault that is to be named.
        numbers = np.array([_position(one) for one in tuples], dtype=np.float64).reshape(-1, 3)
    heights = numbers[:, 2:]
    known = (heights[~np.isnan(heights)] != 0).any()
    if known and not absolute:
        passed_over[_HEIGHTS] += 1
    # Heights that are all 0 are none: the ground's.
    return numbers if known and absolute else numbers[:, :2]


def _numbers(tuples: list[str]) -> NDArray[np.float64] | None:
    """Read positions of one width in one go: (n, 2) or (n, 3); None where they are to be read one by one."""
    commas = {one.count(",") for one in tuples}
    if commas not in ({1}, {2}):
        return None
    try:
        numbers = np.fromiter(map(float, ",".join(tuples).split(",")), dtype=np.float64)
    except ValueError:
        return None
    return numbers.reshape(len(tuples), -1) if np.isfinite(numbers).all() else None


def _position(written: str) -> tuple[float, float, float]:
    """Read ``lon,lat[,height]``; a height that is missing is not a number."""
    try:
        numbers = [float(number) for number in written.strip(",").split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in {2, 3} or not np.isfinite(numbers[:2]).all() or np.isinf(numbers).any():
        raise DamagedError(
            Text(
                "coordinates {written} are not lon,lat[,height]",
                "مختصات {written} به شکل lon,lat[,height] نیست",
            ).filled(written=repr(written[:40]))
        )
    return numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else np.nan  # noqa: PLR2004


def _child_text(element: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in element if child.tag == name), "")
