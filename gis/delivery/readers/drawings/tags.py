"""
The tags of a DXF drawing: pairs of lines, a group code and its value, and the entities that they make.

GDAL passes over kinds that it does not know, and what layers are frozen, without a word, ends no loop at a NUL, and
takes a word for 0 where a number should be. All of that is looked at here first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.files.refusals import refusal
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What stands for a route or a node in a drawing.
DRAWN = frozenset(("LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE", "POINT", "INSERT"))
# Entities that belong to the one before them.
_PARTS = frozenset(("VERTEX", "ATTRIB", "SEQEND"))
# What DXF writes as a caret and a letter: none may stand in a text file as itself. A file of DOS ends with its last.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DOS_END = b"\x1a \t\r\n"
_CODE = re.compile(r"\s*-?\d{1,4}\s*")
_KIND = re.compile(r"[A-Z0-9][A-Z0-9_]*")
_LOWEST, _HIGHEST = -5, 1071
_LAYER, _HANDLE, _PAPER, _HIDDEN, _NAME, _FLAGS, _COLOUR = 8, 5, 67, 60, 2, 70, 62
# Group codes of coordinates, sizes, angles, flags and directions.
_NUMBERS = ((10, 79), (210, 239))
# Bits of a polyline's flags: a mesh of polygons, one of faces, a curve that splines; of a vertex: the curve's frame.
_MESHES, _SPLINED, _FRAME = 16 | 64, 4, 16
_NO_CODE = Text("line {line} is no group code", "سطر {line} کد گروه نیست")
_NO_NUMBER = Text("{written} is no number", "{written} عدد نیست")
_CUT = Text("the drawing breaks off here", "نقشه در اینجا قطع شده است")


@dataclass(slots=True)
class Entity:
    """
    One entity of a drawing; its text is Latin-1, a character a byte.

    Attributes
    ----------
    kind
        ``"LINE"``, ``"INSERT"`` and so on; ``"MESH POLYLINE"`` for one that is no line.
    layer
        The layer that it stands on.
    block
        The block that it is a part of; empty for those of the drawing itself.
    first, end
        Its tags, with those of its parts: from `first` on, before `end`.
    own
        Where its own tags end.
    handle
        Its handle as written; empty without one.
    paper
        Whether it is of paper space.
    hidden
        Whether it alone is hidden.
    """

    kind: str
    layer: str
    block: str
    first: int
    end: int
    own: int
    handle: str
    paper: bool
    hidden: bool


@dataclass(eq=False)
class Drawing:
    """
    A drawing's tags.

    Attributes
    ----------
    codes
        (n,) group codes.
    values
        (n,) their values, Latin-1.
    settings
        The values of its header.
    entities
        Those of the section ENTITIES and of all blocks, in the file's order.
    blocks
        The names of its blocks and the tags of each one's head.
    unseen
        The layers that are frozen or off: true where they are frozen.
    broken
        Entities, by their place in `entities`, that cannot be read, and why.
    skip
        (n,) tags that say nothing of what is drawn.
    """

    codes: NDArray[np.int64]
    values: NDArray[np.object_]
    settings: dict[str, str]
    entities: list[Entity]
    blocks: dict[str, tuple[int, int]]
    unseen: dict[str, bool]
    broken: dict[int, str | Text]
    skip: NDArray[np.bool_]

    def first(self, entity: Entity, code: int) -> str | None:
        """
        Give the first value of an entity's own under a code.

        Parameters
        ----------
        entity
            The entity.
        code
            The group code.

        Returns
        -------
        str or None
            The value without spaces around it; None where there is none.
        """
        found = np.flatnonzero(self.codes[entity.first : entity.own] == code)
        return str(self.values[entity.first + found[0]]).strip() if len(found) else None

    def number(self, entity: Entity, code: int, default: float) -> float:
        """
        Give the first number of an entity's own under a code.

        Parameters
        ----------
        entity, code
            As for `first`.
        default
            Without one.

        Returns
        -------
        float
            The number; `default` too where it is none or not finite.
        """
        try:
            number = float(self.first(entity, code) or default)
        except ValueError:
            return default
        return number if np.isfinite(number) else default

    def attributes(self, entity: Entity) -> dict[str, str]:
        """
        Give what the attributes of an inserted block say.

        Parameters
        ----------
        entity
            An INSERT.

        Returns
        -------
        dict of str to str
            Each attribute's tag and text.
        """
        found: dict[str, str] = {}
        starts = [*(np.flatnonzero(self.codes[entity.own : entity.end] == 0) + entity.own), entity.end]
        for start, end in pairwise(starts):
            if str(self.values[start]).strip() == "ATTRIB":
                # The last: a text in several lines has its own above that of the attribute.
                said = {
                    int(code): str(value)
                    for code, value in zip(self.codes[start:end], self.values[start:end], strict=True)
                    if code in {1, _NAME}
                }
                if said.get(_NAME, "").strip() and said.get(1, "").strip():
                    found.setdefault(said[_NAME].strip(), said[1].strip())
        return found


def read(data: bytes, shown: str) -> Drawing:
    """
    Read the tags of a drawing.

    Parameters
    ----------
    data
        The file.
    shown
        Its name for people.

    Returns
    -------
    Drawing
        What stands in it.

    Raises
    ------
    SourceError
        D001 where a control character stands in it, as in no text; D009 where it has no section of entities.
    """
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip(_DOS_END)
    if (found := _CONTROL.search(data)) is not None:
        line = len(data[: found.start()].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
        raise refusal("control", shown, line=line, byte=data[found.start()])
    for end in (b"\r\r\n", b"\r\n", b"\r"):
        data = data.replace(end, b"\n")
    lines = data.decode("latin-1").split("\n")
    at, breaks = _pairs(lines)
    codes = np.array([int(lines[line]) for line in at], dtype=np.int64)
    values = np.array([*(lines[line + 1] for line in at), None], dtype=object)[:-1]
    return _entities(codes, values, breaks, shown)


def _pairs(lines: list[str]) -> tuple[Sequence[int], list[tuple[int, int]]]:
    """Find the lines with group codes, and before which pair, and at which line, they fall out of step."""
    even = range(0, len(lines) - 1, 2)
    try:
        codes = [int(lines[line]) for line in even]
    except ValueError:
        codes = []
    if codes and min(codes) >= _LOWEST and max(codes) <= _HIGHEST:
        return even, []
    found: list[int] = []
    breaks: list[tuple[int, int]] = []
    line = 0
    while line < len(lines) - 1:
        if _CODE.fullmatch(lines[line]) and _LOWEST <= int(lines[line]) <= _HIGHEST:
            found.append(line)
            line += 2
            continue
        breaks.append((len(found), line + 1))
        while line < len(lines) - 1 and not (
            lines[line].strip() == "0" and _KIND.fullmatch(lines[line + 1].strip())
        ):
            line += 1
    return found, breaks


def _entities(
    codes: NDArray[np.int64], values: NDArray[np.object_], breaks: list[tuple[int, int]], shown: str
) -> Drawing:
    starts = np.flatnonzero(codes == 0)
    ends = np.append(starts[1:], len(codes))
    walk = _Walk(Drawing(codes, values, {}, [], {}, {}, {}, np.zeros(len(codes), dtype=bool)), starts)
    for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        kind = str(values[start]).strip().upper()
        if kind == "EOF":
            break
        walk.step(at, kind, start, end)
    if not walk.seen:
        raise refusal("entities", shown)
    _break(walk.drawing, breaks, ended=walk.ended)
    return walk.drawing


class _Walk:
    """Goes through a drawing, section by section."""

    def __init__(self, drawing: Drawing, starts: NDArray[np.int64]) -> None:
        self.drawing = drawing
        self.seen = self.ended = False
        self._section = self._block = ""
        self._flags = 0
        wanted = (_LAYER, _HANDLE, _PAPER, _HIDDEN, _NAME, _FLAGS, _COLOUR)
        self._firsts = {code: _first(drawing.codes, starts, code) for code in wanted}

    def _said(self, at: int, code: int) -> str:
        place = self._firsts[code][at]
        return str(self.drawing.values[place]).strip() if place >= 0 else ""

    def step(self, at: int, kind: str, start: int, end: int) -> None:
        """Take what begins with a code of 0 for what it is, where it stands."""
        drawing = self.drawing
        if kind == "SECTION":
            self._section, self._block = self._said(at, _NAME).upper(), ""
            self.seen |= self._section == "ENTITIES"
            if self._section == "HEADER":
                drawing.settings.update(_settings(drawing.codes[start:end], drawing.values[start:end]))
        elif kind == "ENDSEC":
            self.ended |= self._section == "ENTITIES"
            self._section = ""
        elif self._section == "TABLES" and kind == "LAYER":
            frozen = bool(_whole(self._said(at, _FLAGS)) & 1)
            if frozen or self._said(at, _COLOUR).startswith("-"):
                drawing.unseen[self._said(at, _NAME)] = frozen
        elif self._section == "BLOCKS" and kind in {"BLOCK", "ENDBLK"}:
            self._block = self._said(at, _NAME) if kind == "BLOCK" else ""
            if self._block:
                drawing.blocks[self._block] = (start, end)
        elif self._section == "ENTITIES" or (self._section == "BLOCKS" and self._block):
            self._entity(at, kind, start, end)

    def _entity(self, at: int, kind: str, start: int, end: int) -> None:
        drawing = self.drawing
        if kind in _PARTS:
            if drawing.entities:
                drawing.entities[-1].end = end
            if kind == "VERTEX" and self._flags & _SPLINED and _whole(self._said(at, _FLAGS)) & _FRAME:
                drawing.skip[start:end] = True
            return
        self._flags = _whole(self._said(at, _FLAGS)) if kind == "POLYLINE" else 0
        kind = f"MESH {kind}" if self._flags & _MESHES else kind
        layer, block = self._said(at, _LAYER) or "0", self._block if self._section == "BLOCKS" else ""
        paper, hidden = (self._said(at, code) == "1" for code in (_PAPER, _HIDDEN))
        handle = self._said(at, _HANDLE)
        drawing.entities.append(Entity(kind, layer, block, start, end, end, handle, paper, hidden))


def _first(codes: NDArray[np.int64], starts: NDArray[np.int64], code: int) -> NDArray[np.int64]:
    """Give the first tag of each entity under a code, -1 where there is none."""
    found = np.full(len(starts), -1)
    places = np.flatnonzero(codes == code)
    owners = np.searchsorted(starts, places, side="right") - 1
    owner, first = np.unique(owners[owners >= 0], return_index=True)
    found[owner] = places[owners >= 0][first]
    return found


def _settings(codes: NDArray[np.int64], values: NDArray[np.object_]) -> dict[str, str]:
    """Read the drawing's settings: each a name under code 9 and its value under the next code."""
    names = np.flatnonzero(codes[:-1] == 9)  # noqa: PLR2004 - the code of a name
    return {str(values[at]).strip(): str(values[at + 1]).strip() for at in names[::-1]}


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _break(drawing: Drawing, breaks: list[tuple[int, int]], *, ended: bool) -> None:
    """Tell the entities that a line out of step, a word for a number or the file's end has broken."""
    entities = drawing.entities
    firsts = np.array([entity.first for entity in entities], dtype=np.int64)

    def owner(place: int) -> int:
        return int(np.searchsorted(firsts, place, side="right")) - 1

    if not ended and entities:
        drawing.broken[len(entities) - 1] = _CUT
    for place, line in breaks:
        if (at := owner(place - 1)) >= 0:
            drawing.broken[at] = _NO_CODE.filled(line=line)
    places = np.flatnonzero(
        np.logical_or.reduce([(drawing.codes >= low) & (drawing.codes <= high) for low, high in _NUMBERS])
    )
    owners = np.searchsorted(firsts, places, side="right") - 1
    drawn = np.array([entity.kind in DRAWN for entity in entities], dtype=bool)
    ends = np.array([entity.end for entity in entities], dtype=np.int64)
    of_drawn = (owners >= 0) & drawn[owners] & (places < ends[owners]) if len(entities) else owners >= 0
    for place, at in _no_numbers(drawing.values, places[of_drawn], owners[of_drawn]):
        drawing.broken.setdefault(at, _NO_NUMBER.filled(written=repr(str(drawing.values[place])[:40])))


def _no_numbers(
    values: NDArray[np.object_], places: NDArray[Any], owners: NDArray[Any]
) -> list[tuple[int, int]]:
    try:
        sound = np.isfinite(values[places].astype(np.float64))
    except ValueError:
        sound = np.array([_finite(str(value)) for value in values[places]], dtype=bool)
    return list(zip(places[~sound].tolist(), owners[~sound].tolist(), strict=True))


def _finite(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
