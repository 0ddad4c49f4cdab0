"""
LandXML 1.0 to 1.2: alignments and plan features as lines, points with their codes.

Positions stand in it northing before easting (LandXML-1.2, type Point). Arcs and clothoids are parted into steps that
turn by at most 0.1°: no point is off by more than 0.4 millionths of the (smallest) radius.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.handler import ContentHandler

import numpy as np
import pandas as pd
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer, undecoded
from gis.delivery.files.reasons import DamagedError
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import curves, gdal, geojson, tables, xml
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.inventory import Curves, LeftOut
from gis.language import Text
from gis.schema import PUT_IN, SURVEYED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from gis.inventory import Note

    Floats = NDArray[np.float64]
    # A piece of a line: its vertices, x before y, and what each is.
    _Piece = tuple[Floats, NDArray[np.uint8]]

_UNITS = {
    "meter": 1.0,
    "millimeter": 0.001,
    "centimeter": 0.01,
    "kilometer": 1000.0,
    "foot": 0.3048,
    "ussurveyfoot": 1200 / 3937,
    "inch": 0.0254,
    "mile": 1609.344,
}
_SAME_UNIT = 1e-9
# Lines: the element and the layer that it becomes a feature of.
_LINES = {"Alignment": "Alignments", "PlanFeature": "PlanFeatures"}
_POINT = "CgPoint"
# Pieces that lie no farther apart, in the file's unit, follow each other.
_SAME = 0.01
# A curve fits its ends where it misses them by no more than this, and this share of its size.
_MISSES, _MISSES_OF = 0.02, 1e-4
# A clothoid is summed in each of its steps at these places, which is exact to 1e-15 of a step of 0.1°.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_NO_ROUTE = Text("{count:it is|they are} no route and no point of one", "نه مسیر است و نه نقطه‌ای از مسیر")
_OTHERS = {
    "Parcel": (Text("{count:parcel|parcels}", "قطعه زمین"), _NO_ROUTE),
    "Surface": (Text("{count:surface|surfaces} of the ground", "سطح زمین"), _NO_ROUTE),
    "Profile": (
        Text("vertical {count:profile|profiles}", "نیمرخ طولی"),
        Text("only the plan of an alignment is read", "از مسیر فقط پلان آن خوانده می‌شود"),
    ),
    "PipeNetwork": (
        Text("pipe {count:network|networks}", "شبکهٔ داکت"),
        Text(
            "pipes are not read; send them as plan features",
            "این شبکه خوانده نمی‌شود؛ آن را به شکل PlanFeature بفرستید",
        ),
    ),
    "Roadway": (Text("{count:roadway|roadways}", "راه"), _NO_ROUTE),
    "GradeModel": (Text("grade {count:model|models}", "مدل شیب"), _NO_ROUTE),
}
_NO_PLACE = Text("a position is missing or no number", "نقطه‌ای نیست یا عدد نیست")


@reader("LandXML")
def landxml(source: Source) -> list[Unread]:
    """
    Tell the layers of a LandXML document.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        ``Alignments``, ``PlanFeatures`` and ``CgPoints``, as far as there are any. Numbers are in the unit of the
        system that the document names; where it names none, in metres.

    Raises
    ------
    SourceError
        D001 where it breaks before its first feature; D010 for a document type or an entity.
    """
    forced, declared = xml.readable_encoding(source.path, source.encoding)
    document = _Document(source.shown)
    fault = xml.parse(source.path, source.shown, document, encoding=forced)
    found = [name for name in (*_LINES.values(), _POINT) if document.features[name]]
    if fault is not None and not found:
        raise refusal("unreadable", source.shown, driver="LandXML", reason=fault)
    crs = _system(document.system)
    read = _Reading(source.shown, document, declared, crs, _unit_m(document.units))
    layers: list[Unread] = [
        Unread(name, partial(read.lines, name)) if name != _POINT else Unread("CgPoints", read.points)
        for name in found or ["Alignments"]
    ]
    beside = tuple(
        LeftOut(source.shown, "", count, *_OTHERS[name]) for name, count in sorted(document.others.items())
    )
    notes: tuple[Note, ...] = ()
    if fault is not None:
        notes = damaged(source.shown, layers[-1].name, [(len(document.features[found[-1]]) + 1, fault)])
    return [replace(one, beside=beside, notes=notes) for one in layers]


class _Document(ContentHandler):
    """Keeps the elements that are read, whole, and counts those that are not."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self._shown = shown
        self._depth = 0
        self._open: list[Element] = []
        self._kept = 0
        self._text: list[str] = []
        self.units: dict[str, str] = {}
        self.system: dict[str, str] = {}
        self.features: dict[str, list[Element]] = {name: [] for name in (*_LINES.values(), _POINT)}
        self.others: Counter[str] = Counter()
        self._inside: list[str] = []

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        local = name.rpartition(":")[2]
        xml.check_element(local, self._shown)
        xml.check_depth(len(self._inside), self._shown)
        self._inside.append(local)
        if self._open:
            self._end_text()
        self._text = []
        if self._open or ((local in _LINES or local == _POINT) and not {*_OTHERS} & {*self._inside}):
            element = Element(local, dict(attrs.items()))
            if self._open:
                self._open[-1].append(element)
            self._open.append(element)
        elif local in {"Metric", "Imperial"}:
            self.units = dict(attrs.items())
        elif local == "CoordinateSystem" and not self.system:
            self.system = dict(attrs.items())
        if local in _OTHERS:
            self.others[local] += 1

    def endElement(self, _: str) -> None:  # noqa: N802 - SAX's name
        self._inside.pop()
        if not self._open:
            return
        self._end_text()
        element = self._open.pop()
        if not self._open:
            self.features[_LINES.get(element.tag, element.tag)].append(element)

    def characters(self, content: str) -> None:
        self._text.append(content)

    def _end_text(self) -> None:
        """Give an element the text before its first child."""
        if not len(self._open[-1]) and not self._open[-1].text:
            self._open[-1].text = "".join(self._text).strip()


def _system(said: dict[str, str]) -> pyproj.CRS | None:
    """Give the system that a document names by its EPSG code or by well-known text."""
    code = said.get("epsgCode", "").upper().removeprefix("EPSG:").strip()
    for parse, text in ((pyproj.CRS.from_epsg, code), (pyproj.CRS.from_wkt, said.get("ogcWktCode", ""))):
        try:
            return gdal.plain_crs(parse(text)) if text not in {"", "0"} else None
        except (pyproj.exceptions.CRSError, ValueError):
            continue
    return None


def _unit_m(said: dict[str, str]) -> float:
    return _UNITS.get(said.get("linearUnit", "meter").casefold(), 1.0)


@dataclass(eq=False)
class _Reading:
    """A document on its way to layers."""

    shown: str
    document: _Document
    declared: str
    crs: pyproj.CRS | None
    unit_m: float
    places: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Gather the points that lines may name instead of a position."""
        for point in self.document.features[_POINT]:
            for name in (point.get("name"), point.get("oID")):
                if name and point.text:
                    self.places.setdefault(name, point.text)

    @property
    def factor(self) -> float:
        """What a number of the plane is multiplied by: to the unit of its system, or to metres."""
        if self.crs is None:
            return self.unit_m
        if self.crs.is_geographic or not self.crs.axis_info:
            return 1.0
        factor = self.unit_m / self.crs.axis_info[0].unit_conversion_factor
        return 1.0 if abs(factor - 1) < _SAME_UNIT else factor

    def lines(self, layer: str) -> RawLayer:
        """Make the lines of alignments or of plan features."""
        rows: list[dict[str, Any]] = []
        geometries: list[Any] = []
        records: list[int] = []
        bad: list[tuple[int, str | Text]] = []
        roles: dict[int, NDArray[np.uint8]] = {}
        for number, element in enumerate(self.document.features[layer], start=1):
            try:
                parts = _joined([piece for of in element.iter("CoordGeom") for piece in self._pieces(of)])
            except DamagedError as error:
                bad.append((number, error.why))
                continue
            geometry = self._line(parts)
            if geometry is not None and any((own == PUT_IN).any() for _, own in parts):
                roles[len(rows)] = np.concatenate([own for _, own in parts])
            rows.append(self._columns(element))
            geometries.append(geometry)
            records.append(number)
        frame = geojson.build(rows, geometries)
        raw = RawLayer(
            self.shown, layer, "LandXML", self.crs, "", frame, np.array(records, dtype=np.int64),
            damaged(self.shown, layer, bad), curves=Curves.of_rows(roles),
        )  # fmt: skip
        return self._told(raw)

    def points(self) -> RawLayer:
        """Give the points; their codes may make lines of them."""
        elements = self.document.features[_POINT]
        rows = []
        bad: list[tuple[int, str | Text]] = []
        numbers = []
        for number, element in enumerate(elements, start=1):
            try:
                at = self._position(element)
            except DamagedError as error:
                bad.append((number, error.why))
                continue
            east, north, height = *(at[:2] * self.factor), at[2] * self.unit_m
            said = {"point": "name", "code": "code", "description": "desc"}
            row = {ours: element.get(theirs) or None for ours, theirs in said.items()}
            rows.append(
                {**row, "easting": east, "northing": north, "elevation": height, **_properties(element)}
            )
            numbers.append(number)
        frame = pd.DataFrame(rows).infer_objects()
        frame = frame[[name for name in frame.columns if frame[name].notna().any()]]
        table = tables.Table(frame, np.array(numbers, dtype=np.int64))
        raw = tables.layer(table, self.shown, "CgPoints", "LandXML")
        return self._told(
            replace(raw, crs=self.crs or raw.crs, notes=(*damaged(self.shown, "CgPoints", bad), *raw.notes))
        )

    def _told(self, raw: RawLayer) -> RawLayer:
        kept = undecoded(raw.frame, declared=self.declared, names=False) if self.declared else None
        return replace(raw, undecoded=kept, unit_m=1.0 if self.crs is not None else self.unit_m)

    def _columns(self, element: Element) -> dict[str, Any]:
        """Give what a line says of itself; the length that its program worked out is one in metres."""
        values: dict[str, Any] = {"name": None}
        for name, value in element.attrib.items():
            if name == "length":
                values["shape_length"] = _number(value) * self.unit_m
            elif value:
                values[{"desc": "description"}.get(name, name)] = value
        return {**_properties(element), **values}

    def _line(self, parts: list[_Piece]) -> Any:
        """Put a line together of parts that do not meet."""
        if not parts:
            return None
        xyz = [part * [self.factor, self.factor, self.unit_m] for part, _ in parts]
        if not any(np.isfinite(part[:, 2]).any() for part in xyz):
            xyz = [part[:, :2] for part in xyz]
        lines = [shapely.LineString(part) for part in xyz]
        return lines[0] if len(lines) == 1 else shapely.multilinestrings(lines)

    def _pieces(self, geometry: Element) -> Iterator[_Piece]:
        for element in geometry:
            if (make := _PIECES.get(element.tag)) is not None:
                yield make(element, self._ends(element))
            elif element.tag == "Chain":
                points = [self._named(name) for name in (element.text or "").split()]
                yield _surveyed(np.array(points).reshape(-1, 3))

    def _ends(self, element: Element) -> dict[str, Floats]:
        """Give the positions that a piece names: ``Start``, ``Center``, ``End``."""
        return {
            child.tag: self._position(child) for child in element if child.tag in {"Start", "End", "Center"}
        }

    def _position(self, element: Element) -> Floats:
        """Read northing, easting and height as x, y and z, by the name of a point where that is what it has."""
        numbers = _numbers(element.text or "")
        if not len(numbers) and (name := element.get("pntRef")):
            return self._named(name)
        return _xyz(numbers, len(numbers)).ravel()

    def _named(self, name: str) -> Floats:
        numbers = _numbers(self.places.get(name, ""))
        return _xyz(numbers, len(numbers)).ravel()


def _properties(element: Element) -> dict[str, Any]:
    """Give what programs add to an element: ``<Feature><Property label="…" value="…"/></Feature>``."""
    return {
        label: one.get("value") or None
        for feature in element.findall("Feature")
        for one in feature.iter("Property")
        if (label := one.get("label", ""))
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _numbers(text: str) -> Floats:
    return np.array([_number(one) for one in text.split()], dtype=np.float64)


def _xyz(numbers: Floats, width: int) -> Floats:
    """Give positions of two or of three numbers, northing first, as (n, 3) x, y and z; z may be missing."""
    if width not in {2, 3} or not len(numbers) or len(numbers) % width:
        raise DamagedError(_NO_PLACE)
    rows = numbers.reshape(-1, width)
    if not np.isfinite(rows[:, :2]).all():
        raise DamagedError(_NO_PLACE)
    z = rows[:, 2] if width > 2 else np.full(len(rows), np.nan)  # noqa: PLR2004
    return np.column_stack([rows[:, 1], rows[:, 0], z])


def _surveyed(xyz: Floats) -> _Piece:
    return xyz, np.full(len(xyz), SURVEYED, dtype=np.uint8)


def _curved(start: Floats, put_in: Floats, end: Floats) -> _Piece:
    roles = np.full(len(put_in) + 2, PUT_IN, dtype=np.uint8)
    roles[[0, -1]] = SURVEYED
    return np.concatenate([start[None], put_in, end[None]]), roles


def _both(ends: dict[str, Floats]) -> tuple[Floats, Floats]:
    if "Start" not in ends or "End" not in ends:
        raise DamagedError(_NO_PLACE)
    return ends["Start"], ends["End"]


def _straight(_: Element, ends: dict[str, Floats]) -> _Piece:
    return _surveyed(np.stack(_both(ends)))


def _irregular(element: Element, ends: dict[str, Floats]) -> _Piece:
    start, end = _both(ends)
    inner = [
        _xyz(_numbers(child.text or ""), width)
        for child in element
        for width in (2, 3)
        if child.tag == f"PntList{width}D" and (child.text or "").strip()
    ]
    return _surveyed(np.concatenate([start[None], *inner, end[None]]))


def _turn(element: Element) -> int:
    rot = element.get("rot", "").casefold()
    if rot not in {"cw", "ccw"}:
        raise DamagedError(
            Text("a curve that does not say to which side it turns", "قوسی که سوی پیچش آن گفته نشده")
        )
    return 1 if rot == "ccw" else -1


def _arc(element: Element, ends: dict[str, Floats]) -> _Piece:
    """Draw an arc about its centre; the way round is told by ``rot``."""
    start, end = _both(ends)
    if "Center" not in ends:
        raise DamagedError(Text("a curve without its centre", "قوسی بی‌مرکز"))
    centre, a, b = (complex(*at[:2]) for at in (ends["Center"], start, end))
    way = _turn(element)
    radius = abs(a - centre)
    if not radius or abs(abs(b - centre) - radius) > _MISSES + _MISSES_OF * radius:
        why = Text(
            "a curve whose ends are not equally far from its centre",
            "قوسی که دو سرش از مرکز به یک فاصله نیستند",
        )
        raise DamagedError(why)
    turn = float(np.angle((b - centre) / (a - centre)) * way % (2 * np.pi)) * way
    return _curved(start, curves.along(start, end, centre, turn or way * 2 * np.pi), end)


def _spiral(element: Element, ends: dict[str, Floats]) -> _Piece:
    """
    Draw a clothoid: its curvature changes evenly along it, from 1/radiusStart to 1/radiusEnd.

    With θ(s) = k₀s + (k₁ − k₀)s²/2L it is the sum of exp(iθ) ds, turned so that it leads from its start to its end.
    """
    kind = element.get("spiType", "")
    start, end = _both(ends)
    if kind.casefold() != "clothoid":
        why = Text(
            "a spiral of the kind {kind}, of which only clothoids are drawn",
            "مارپیچ از نوع {kind}؛ تنها کلوتوئید رسم می‌شود",
        )
        raise DamagedError(why.filled(kind=kind or "—"))
    length = _number(element.get("length", ""))
    first, last = (_turn(element) / _radius(element.get(name, "")) for name in ("radiusStart", "radiusEnd"))
    if not (length > 0 and np.isfinite([first, last]).all()):
        raise DamagedError(Text("a spiral without its length or a radius", "مارپیچی بی‌طول یا بی‌شعاع"))
    count = max(curves.steps_of(length * max(abs(first), abs(last))), 1)
    if count > _MOST_STEPS:
        raise DamagedError(Text("a spiral that turns too often", "مارپیچی با دورهای بیش از اندازه"))
    s = (np.arange(count)[:, None] + (_NODES + 1) / 2) * length / count
    theta = first * s + (last - first) * s**2 / (2 * length)
    places = np.concatenate([[0], np.cumsum(np.exp(1j * theta) @ _WEIGHTS * length / count / 2)])
    a, b = complex(*start[:2]), complex(*end[:2])
    if abs(abs(places[-1]) - abs(b - a)) > _MISSES + _MISSES_OF * length:
        raise DamagedError(
            Text("a spiral that does not end where it says", "مارپیچی که در انتهای گفته‌شده تمام نمی‌شود")
        )
    places = a + places * (b - a) / places[-1]
    share = np.arange(1, count) / count
    height = start[2] + share * (end[2] - start[2])
    return _curved(start, np.column_stack([places[1:-1].real, places[1:-1].imag, height]), end)


_MOST_STEPS = 1_000_000
_PIECES: dict[str, Callable[[Element, dict[str, Floats]], _Piece]] = {
    "Line": _straight,
    "Curve": _arc,
    "Spiral": _spiral,
    "IrregularLine": _irregular,
}


def _radius(text: str) -> float:
    return np.inf if text.casefold() in {"inf", "infinity"} else _number(text) or np.nan


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """Let pieces that meet follow each other; what does not meet is another part, as nothing lies between."""
    parts: list[list[_Piece]] = []
    for every, of_every in pieces:
        kept = np.concatenate([[True], (np.diff(every[:, :2], axis=0) != 0).any(axis=1)])
        xyz, roles = every[kept], of_every[kept]
        if parts and np.hypot(*(parts[-1][-1][0][-1, :2] - xyz[0, :2])) <= _SAME:
            parts[-1].append((xyz[1:], roles[1:]))
        else:
            parts.append([(xyz, roles)])
    together = [
        (np.concatenate([xyz for xyz, _ in part]), np.concatenate([roles for _, roles in part]))
        for part in ([piece for piece in part if len(piece[0])] for part in parts)
    ]
    return [(xyz, roles) for xyz, roles in together if len(xyz) > 1]
