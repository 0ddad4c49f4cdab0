"""GML, read by GDAL from a clean copy, and record by record from a numbered one where GDAL passes over a record."""

from __future__ import annotations

import mmap
import re
from collections import Counter
from dataclasses import replace
from functools import cached_property, partial
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from gis.delivery.files.refusals import refusal
from gis.delivery.readers import excerpt, gdal, xml
from gis.delivery.readers.reader import Source, Unread, damaged, left_out, reader
from gis.delivery.readers.xml import clean_layer
from gis.inventory import Curves
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.delivery.files.layer import RawLayer

MEMBERS = {"featureMember", "member", "featureMembers"}
_COORDINATES = {"posList", "pos", "coordinates"}
# What is no number, and no blank, comma or the like between numbers: GDAL takes it for 0.
_NO_NUMBER = re.compile(rb"<(?:[\w.-]+:)?(?:posList|pos|coordinates)\b[^>]*>[-+0-9.eE,;\s]*+[^<]")
_WORD = re.compile(r"[^\s,;]*[^-+0-9.eE,;\s][^\s,;]*")
# What a feature may be named by.
_ID = ["id", "fid", "gml_id"]
# GDAL reads on behind a feature that it has no geometry for, instead of ending there without a word.
_READ_ON = {"GML_SKIP_CORRUPTED_FEATURES": "YES"}
_UNREADABLE = Text("its geometry cannot be read", "هندسهٔ آن خواندنی نیست")
_NO_COORDINATES = Text("{written} is no coordinate", "{written} مختصات نیست")
_FURTHER = Text("further {count:geometry|geometries} of a feature", "هندسهٔ دیگر عارضه")
_LAST = Text("the last geometry of a feature is taken", "آخرین هندسهٔ هر عارضه گرفته می‌شود")
_SHAPES = {
    "Point", "LineString", "LinearRing", "Curve", "CompositeCurve", "OrientableCurve", "Polygon", "Surface",
    "CompositeSurface", "MultiPoint", "MultiLineString", "MultiCurve", "MultiPolygon", "MultiSurface", "MultiGeometry",
}  # fmt: skip


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
    document = _Document(source)
    heads = gdal.heads(document.staged, "GML", source.shown)
    return [Unread(head.name, partial(document.read, head, last=head is heads[-1])) for head in heads]


class _Document:
    """A GML file and its clean copies."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._forced, self._declared = xml.readable_encoding(source.path, source.encoding)
        self._fault: Text | None = None
        self.staged = source.folder / "layer.gml"
        cut = None
        if self._forced is None:
            cut = excerpt.copy(source.path, source.shown, self.staged, MEMBERS, _SHAPES)
        if cut is None:
            copier, self._fault = self._copied(self.staged, _Copier)
            features, self._further = copier.features, copier.further
        else:
            features, self._further = cut.features, cut.further
        if not features:
            raise refusal("members", source.shown)

    def read(self, head: gdal.Head, *, last: bool) -> RawLayer:
        """Read a layer: as GDAL does, or numbered where it would pass over a record or make coordinates up."""
        fault = self._fault if last else None
        raw = None
        if not self._has_odd_coordinates:
            raw = self._clean(self.staged, head, whole=head.features)
            if head.features > len(raw.frame) + len(raw.notes):
                raw = None
        if raw is None:
            raw = self._numbered_layer(head)
        if fault is not None:
            number = len(raw.frame) + len(raw.notes) + 1
            raw = replace(raw, notes=raw.notes + damaged(raw.path, raw.layer, [(number, fault)]))
        further = left_out(raw.path, raw.layer, [(self._further[head.name], _FURTHER, _LAST)])
        return replace(raw, left_out=raw.left_out + further)

    def _copied(self, target: Path, kind: type[_Copier]) -> tuple[_Copier, Text | None]:
        with target.open("wb+") as out:
            copier = kind(out, self._source.shown, set())
            fault = xml.write(self._source.path, self._source.shown, copier, encoding=self._forced)
        return copier, fault

    def _clean(self, staged: Path, head: gdal.Head, **options: Any) -> RawLayer:
        return clean_layer(staged, "GML", self._source.shown, head, None, self._declared, **options)

    @cached_property
    def _has_odd_coordinates(self) -> bool:
        with (
            self.staged.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            return _NO_NUMBER.search(data) is not None

    @cached_property
    def _numbered(self) -> tuple[Path, _Numbered, dict[str, gdal.Head]]:
        path = self._source.folder / "numbered.gml"
        copier, _ = self._copied(path, _Numbered)
        heads = gdal.heads(path, "GML", self._source.shown)
        return path, cast("_Numbered", copier), {head.name: head for head in heads}

    def _numbered_layer(self, head: gdal.Head) -> RawLayer:
        path, copier, heads = self._numbered
        raw = self._clean(path, heads.get(head.name, head), config=_READ_ON)
        mine = np.array(
            [at for at, name in enumerate(copier.names, start=1) if name == head.name], dtype=np.int64
        )
        right = ~np.isin(raw.records, list(copier.wrong))
        frame = raw.frame[right].reset_index(drop=True)
        frame = frame.drop(columns=_ID, errors="ignore")
        ids = [copier.ids[number - 1] for number in raw.records[right]]
        if any(ids):
            frame.insert(0, "gml_id", ids)
        told: dict[int, Any] = {int(note.feature): note.fields["reason"] for note in raw.notes} | copier.wrong
        lost = np.setdiff1d(mine, raw.records[right])
        # Within its layer, as people count.
        faults = [(int(np.searchsorted(mine, at)) + 1, told.get(at, _UNREADABLE)) for at in lost.tolist()]
        return replace(
            raw,
            frame=frame,
            records=np.searchsorted(mine, raw.records[right]) + 1,
            notes=damaged(raw.path, raw.layer, faults),
            curves=_curves_of(raw.curves, right),
        )


def _curves_of(curves: Curves | None, right: NDArray[np.bool_]) -> Curves | None:
    """Give the curves of the rows that are kept."""
    if curves is None:
        return None
    place = np.cumsum(right) - 1
    rows = curves.features["row"].tolist()
    roles = np.split(curves.roles, curves.offsets[1:-1])
    return Curves.of_rows({int(place[row]): one for row, one in zip(rows, roles, strict=True) if right[row]})


class _Copier(xml.Copier):
    """Writes a clean copy, and counts its features: the children of members."""

    def __init__(self, out: IO[bytes], shown: str, features: set[str]) -> None:
        super().__init__(out, shown, features)
        # How many elements are open within a member, around members, and how many geometries a feature has.
        self._depths: list[int] = []
        self._depth = 0
        self._had, self._shapes = 0, 0
        self._written: list[str] | None = None
        self.names: list[str] = []
        self.further: Counter[str] = Counter()
        # What is wrong with the coordinates of features, by their number from 1.
        self.wrong: dict[int, Text] = {}

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        local = name.rpartition(":")[2]
        if local in MEMBERS:
            self._depths.append(self._depth)
            self._depth = 0
        elif self._depths:
            self._depth += 1
            if self._depth == 1:
                self.names.append(local)
                self._had = 0
                attrs = self.named(attrs)
            elif local in _SHAPES:
                self._had += not self._shapes
                self.further[self.names[-1]] += self._had > 1 and not self._shapes
                self._shapes += 1
            elif local in _COORDINATES:
                self._written = []
        super().startElement(name, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        local = name.rpartition(":")[2]
        super().endElement(name)
        if local in MEMBERS:
            self._depth = self._depths.pop()
        elif self._depths:
            self._depth -= 1
            if not self._depth:
                self.complete()
            elif local in _SHAPES:
                self._shapes -= 1
            elif local in _COORDINATES:
                self._judge()

    def characters(self, content: str) -> None:
        if self._written is not None:
            self._written.append(content)
        super().characters(content)

    def named(self, attrs: Any) -> Any:
        """Give the attributes that a feature gets."""
        return attrs

    def _judge(self) -> None:
        odd = _WORD.search("".join(self._written or ()))
        if odd:
            self.wrong.setdefault(len(self.names), _NO_COORDINATES.filled(written=repr(odd[0][:40])))
        self._written = None


class _Numbered(_Copier):
    """Numbers the features, from 1, in place of the ids that they have."""

    def __init__(self, out: IO[bytes], shown: str, features: set[str]) -> None:
        super().__init__(out, shown, features)
        self.ids: list[str | None] = []

    def named(self, attrs: Any) -> Any:
        """Name the feature by its number."""
        mine = [key for key in attrs if key.rpartition(":")[2] in _ID]
        self.ids.append(attrs[mine[0]] if mine else None)
        others = {key: value for key, value in attrs.items() if key not in mine}
        return {**others, "fid": f"n.{len(self.names)}"}
