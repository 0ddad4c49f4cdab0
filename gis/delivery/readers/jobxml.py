"""
Trimble JobXML (JXL): the points of a job with their codes, as a table of points.

Its numbers are metres and degrees whatever the units that the controller showed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.handler import ContentHandler

import numpy as np
import pandas as pd
import pyproj

from gis.delivery.files.layer import undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import tables, xml
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.inventory import LeftOut
from gis.language import Text

if TYPE_CHECKING:
    from gis.delivery.files.layer import RawLayer

# Where points stand: as they were measured, and as the job has worked them out.
_MEASURED, _REDUCED = ("FieldBook", "PointRecord"), ("Reductions", "Point")
_KEPT = {_MEASURED[1], _REDUCED[1], "CoordinateSystemRecord"}
_GRID = {"North": "northing", "East": "easting", "Elevation": "elevation"}
_SPHERE = {"Latitude": "latitude", "Longitude": "longitude"}
_SAID = {"Name": "point", "Code": "code", "Description1": "description", "Description2": "description_2"}
# The systems' names of UTM: «UTM», «39 North».
_ZONE = re.compile(r"\b0?([1-9]|[1-5]\d|60)\s*(N|S|north|south)\b", re.IGNORECASE)
_WGS84 = re.compile(r"wgs\s*-?\s*(?:19)?84", re.IGNORECASE)
_DELETED = (
    Text("deleted {count:point|points}", "نقطهٔ حذف‌شده"),
    Text("the surveyor deleted {count:it|them} in the field", "نقشه‌بردار خود در زمین حذفش کرده است"),
)
_NO_GRID = (
    Text("{count:point|points} without coordinates", "نقطهٔ بی‌مختصات"),
    Text(
        "only what was observed is there; export the job again with its reductions",
        "تنها مشاهده‌هایش آمده است؛ کار را دوباره همراه Reductions خروجی بگیرید",
    ),
)


@reader("JobXML")
def jobxml(source: Source) -> list[Unread]:
    """
    Tell the layer of a JobXML document.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        ``points``: those that the job has worked out (``Reductions``), else those with coordinates in its field book.
        A record's number is that of the point among all of its kind.

    Raises
    ------
    SourceError
        D001 where it breaks before its first point; D010 for a document type or an entity.
    """
    forced, declared = xml.readable_encoding(source.path, source.encoding)
    job = _Job(source.shown)
    fault = xml.parse(source.path, source.shown, job, encoding=forced)
    of = job.reduced or job.measured
    if fault is not None and not of:
        raise refusal("unreadable", source.shown, driver="JobXML", reason=fault)
    notes = () if fault is None else damaged(source.shown, "points", [(len(of) + 1, fault)])
    return [Unread("points", partial(_layer, source.shown, of, job.system, declared), notes=notes)]


class _Job(ContentHandler):
    """Keeps the points and the last coordinate system of a job, and lets go of all else."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self._shown = shown
        self._path: list[str] = []
        self._open: list[Element] = []
        self._text: list[str] = []
        self.measured: list[Element] = []
        self.reduced: list[Element] = []
        self.system: Element | None = None

    def startElement(self, name: str, _: Any) -> None:  # noqa: N802 - SAX's name
        local = name.rpartition(":")[2]
        xml.check_element(local, self._shown)
        xml.check_depth(len(self._path), self._shown)
        self._path.append(local)
        self._text = []
        if self._open or local in _KEPT:
            element = Element(local)
            if self._open:
                self._open[-1].append(element)
            self._open.append(element)

    def endElement(self, _: str) -> None:  # noqa: N802 - SAX's name
        inside = tuple(self._path[-2:])
        self._path.pop()
        if not self._open:
            return
        element = self._open.pop()
        if not len(element):
            element.text = "".join(self._text).strip()
        self._text = []
        if self._open:
            return
        if inside == _MEASURED:
            self.measured.append(element)
        elif inside == _REDUCED:
            self.reduced.append(element)
        elif element.tag == "CoordinateSystemRecord":
            self.system = element

    def characters(self, content: str) -> None:
        self._text.append(content)


def _layer(shown: str, points: list[Element], system: Element | None, declared: str) -> RawLayer:
    """Make a table of the points, and lines and nodes where their codes say so."""
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    deleted = without = 0
    for number, point in enumerate(points, start=1):
        if _text(point, "Deleted").casefold() == "true":
            deleted += 1
            continue
        places = _places(point)
        if not places:
            without += 1
            continue
        rows.append({**{ours: _text(point, name) or None for name, ours in _SAID.items()}, **places})
        numbers.append(number)
    frame = pd.DataFrame(rows).infer_objects()
    for pair in (_GRID, _SPHERE):
        names = [ours for ours in pair.values() if ours in frame and ours != "elevation"]
        # Positions of one kind for all: of another kind for some they would be of none.
        if names and frame[names].isna().any(axis=None) and not _only(frame, pair):
            frame = frame.drop(columns=names)
    frame = frame[[name for name in frame.columns if frame[name].notna().any()]]
    raw = tables.layer(tables.Table(frame, np.array(numbers, dtype=np.int64)), shown, "points", "JobXML")
    told = tuple(
        LeftOut(shown, "points", count, *what)
        for count, what in ((deleted, _DELETED), (without, _NO_GRID))
        if count
    )
    kept = undecoded(raw.frame, declared=declared, names=False) if declared else None
    return replace(raw, crs=raw.crs or _system(system), undecoded=kept, left_out=(*told, *raw.left_out))


def _only(frame: pd.DataFrame, pair: dict[str, str]) -> bool:
    """Tell whether a kind of position is the better known one: the grid's, where neither is known of all points."""
    other = _SPHERE if pair is _GRID else _GRID
    names = [ours for ours in other.values() if ours in frame and ours != "elevation"]
    return not names or (pair is _GRID and bool(frame[names].isna().any(axis=None)))


def _places(point: Element) -> dict[str, float]:
    """Give the coordinates of a point: of the grid, computed or keyed in, and on the sphere."""
    places: dict[str, float] = {}
    for kind, names in (("Grid", _GRID), ("ComputedGrid", _GRID), ("WGS84", _SPHERE)):
        found = point.find(kind)
        if found is None:
            continue
        numbers = {ours: _number(_text(found, name)) for name, ours in names.items()}
        placed = [number for ours, number in numbers.items() if ours != "elevation"]
        if np.isfinite(placed).all() and not set(numbers) & set(places):
            places |= numbers
    return places


def _system(record: Element | None) -> pyproj.CRS | None:
    """Give the UTM zone of WGS 84 that a job names; None for any other system."""
    if record is None:
        return None
    system, zone, datum = (_text(record, name) for name in ("SystemName", "ZoneName", "DatumName"))
    match = _ZONE.search(zone)
    if "utm" not in f"{system} {zone}".casefold() or match is None or not _WGS84.search(datum):
        return None
    return pyproj.CRS.from_epsg((32600 if match[2][0] in "nN" else 32700) + int(match[1]))


def _text(element: Element, name: str) -> str:
    found = element.find(name)
    return (found.text or "").strip() if found is not None else ""


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
