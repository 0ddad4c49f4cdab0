"""
Field codes: what a surveyor keys in at each point to say what it is of, and where a line begins and ends.

``FO1`` is a vertex of the fibre line 1; ``DUCT-3 ST`` and ``DUCT-3 END`` begin and end a duct; ``MH4`` is a manhole;
``FO1 MH4`` is both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.text.letters import ascii_digits, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


def _words(**kinds: str) -> dict[str, str]:
    return {fold(word): kind for kind, words in kinds.items() for word in words.split("|")}


# Lines that are surveyed point by point, with the kind of route that each is; "line" says no kind.
_LINES = _words(
    cable="cbl|cable|foc|ofc|fo|fibre|fiber|کابل|فیبر",
    duct="duct|conduit|trench|داکت|کانال|لوله|ترانشه",
    line="route|line|span|r|مسیر|خط",
)
_NODES = _words(
    manhole="mh|manhole|man|حوضچه|منهول",
    handhole="hh|handhole|hand|هندهول|دسترو",
    closure="jc|joint|closure|splice|مفصل",
    pole="pole|تیر",
)
_START, _END = "start", "end"
_MARKERS = _words(
    start="st|start|str|beg|begin|bl|شروع|آغاز|ابتدا", end="end|en|stop|fin|finish|el|پایان|انتها"
)
_TOKEN = re.compile(r"(?P<word>[^\W\d_]+)?[-_.#/]?(?P<number>\d+)?")
_PARTS = re.compile(r"[\s,;،؛+&]+")
_POINTS = 2  # that make a line


@dataclass(frozen=True, slots=True)
class Vertex:
    """
    That a point is of a line.

    Attributes
    ----------
    name
        The line's code as it is written, without its marker: ``DUCT-3``.
    kind
        ``"cable"``, ``"duct"`` or ``"line"``.
    numbered
        Whether the code tells one such line from the next.
    marker
        ``"start"``, ``"end"`` or nothing.
    """

    name: str
    kind: str
    numbered: bool
    marker: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of one code share: the kind's word and the number."""
        word, number = re.fullmatch(r"(\D*?)[\s\-_.#/]*(\d*)", self.name).groups()  # type: ignore[union-attr]
        return fold(word), number.lstrip("0") if number.strip("0") else number[:1]


@dataclass(frozen=True, slots=True)
class Code:
    """
    What a point's code says.

    Attributes
    ----------
    lines
        The lines that it is a vertex of.
    node
        What stands there as it is written, ``MH4``; empty where nothing does.
    kind
        The node's kind: ``"manhole"``, ``"handhole"``, ``"closure"`` or ``"pole"``; empty without one.
    remark
        Whether it says more than codes.
    """

    lines: tuple[Vertex, ...] = ()
    node: str = ""
    kind: str = ""
    remark: bool = False


def parse(value: Any) -> Code:
    """
    Read the code of one point.

    Parameters
    ----------
    value
        A cell.

    Returns
    -------
    Code
        What it says; nothing but a remark where it is no code.
    """
    if not isinstance(value, str):
        return Code()
    lines: list[Vertex] = []
    node = kind = ""
    remark = False
    last = ""
    for part in filter(None, _PARTS.split(ascii_digits(value).strip())):
        match = _TOKEN.fullmatch(part)
        word, number = (fold(match["word"] or ""), match["number"] or "") if match else ("", "")
        if word in _MARKERS and not number and lines:
            lines[-1] = Vertex(lines[-1].name, lines[-1].kind, lines[-1].numbered, _MARKERS[word])
        elif word in _LINES:
            lines.append(Vertex(part, _LINES[word], bool(number)))
        elif word in _NODES and not node:
            node, kind = part, _NODES[word]
        elif number and not word and last == "line" and not lines[-1].numbered:
            lines[-1] = Vertex(f"{lines[-1].name} {part}", lines[-1].kind, numbered=True)
        elif number and not word and last == "node" and node.isalpha():
            node = f"{node} {part}"
        else:
            remark = True
        last = "line" if word in _LINES else "node" if word in _NODES else ""
    return Code(tuple(lines), node, kind, remark)


@dataclass(frozen=True, eq=False)
class Coded:
    """
    The lines and nodes of a table of coded points.

    Attributes
    ----------
    rows
        (m,) the row of each vertex, in the order in which the lines run.
    lines
        (m,) the line of each vertex as its place in `names`.
    names
        (k,) the lines' names.
    kinds
        (k,) ``"cable"``, ``"duct"`` or None.
    single
        (n,) whether a row is a point of its own: a node, or no vertex of any line.
    nodes
        (n,) what the code calls the node, None where it has no number.
    node_kinds
        (n,) the node's kind; the code as it is written where it is of no known kind.
    unsaid
        (n,) whether a row's code says that it is of a line, and not of which.
    """

    rows: NDArray[np.intp]
    lines: NDArray[np.intp]
    names: NDArray[np.object_]
    kinds: NDArray[np.object_]
    single: NDArray[np.bool_]
    nodes: NDArray[np.object_]
    node_kinds: NDArray[np.object_]
    unsaid: NDArray[np.bool_]


def coded(values: pd.Series[Any], order: NDArray[np.float64]) -> Coded | None:
    """
    Follow the codes of points along the order in which they were surveyed.

    A numbered code is a line wherever it stands; one without a number only from its start to its end. A line that
    starts again is another part, ``FO1/2``.

    Parameters
    ----------
    values
        (n,) the codes.
    order
        (n,) numbers that rise in the order of the survey.

    Returns
    -------
    Coded or None
        None where the codes are none of lines and nodes, or where most of the lines have one point.
    """
    at, uniques = pd.factorize(values)
    said = [*map(parse, uniques), Code()]
    if not any(code.node or any(vertex.numbered or vertex.marker for vertex in code.lines) for code in said):
        return None
    plain = {v.key for code in said if not code.remark for v in code.lines}
    walk = np.argsort(order, kind="stable")
    found = list(_walked(walk, [said[code] for code in at[walk]], plain))
    parts = dict.fromkeys((key, part) for _, key, part, _ in found)
    lengths = pd.Series([(key, part) for _, key, part, _ in found], dtype=object).value_counts()
    whole = {one for one in parts if lengths[one] >= _POINTS}
    if parts and len(whole) <= len(parts) / 2:
        return None
    names = _names(found, whole)
    place = {one: number for number, one in enumerate(names)}
    kept = [(row, place[key, part]) for row, key, part, _ in found if (key, part) in place]
    rows = np.array([row for row, _ in kept], dtype=np.intp)
    kinds = {(key, part): vertex.kind for _, key, part, vertex in reversed(found)}
    codes = [said[code] for code in at]
    of_line = np.array([bool(code.lines) and (not code.remark) for code in codes], dtype=bool)
    vertex = np.zeros(len(values), dtype=bool)
    vertex[rows] = True
    node = np.array([bool(code.node) for code in codes], dtype=bool)
    unsaid = of_line & ~vertex & ~node
    written = values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    return Coded(
        rows,
        np.array([line for _, line in kept], dtype=np.intp),
        np.array(list(names.values()), dtype=object),
        np.array([None if kinds[one] == "line" else kinds[one] for one in names], dtype=object),
        (~vertex & ~unsaid) | node,
        np.array([code.node if re.search(r"\d", code.node) else None for code in codes], dtype=object),
        np.array([code.kind or text for code, text in zip(codes, written, strict=True)], dtype=object),
        unsaid,
    )


_Key = tuple[str, str]


def _walked(
    walk: Iterable[int], codes: Iterable[Code], plain: set[_Key]
) -> Iterator[tuple[int, _Key, int, Vertex]]:
    """Give each vertex with its line: row, key, number of the part."""
    part: dict[_Key, int] = {}
    running: set[_Key] = set()
    for row, code in zip(walk, codes, strict=True):
        for vertex in code.lines:
            key = vertex.key
            # A remark beside a code does no harm where the code stands alone elsewhere.
            if code.remark and key not in plain:
                continue
            if key not in running or vertex.marker == _START:
                if not vertex.numbered and vertex.marker != _START:
                    continue
                part[key] = part.get(key, 0) + 1
                running.add(key)
            yield int(row), key, part[key], vertex
            if vertex.marker == _END:
                running.discard(key)


def _names(
    found: list[tuple[int, _Key, int, Vertex]], whole: set[tuple[_Key, int]]
) -> dict[tuple[_Key, int], str]:
    """Name the lines of two points or more by their codes, in the order in which they begin."""
    written: dict[_Key, str] = {}
    for _, key, _, vertex in found:
        written.setdefault(key, vertex.name)
    several = {key for key, part in whole if part > 1}
    ordered = dict.fromkeys((key, part) for _, key, part, _ in found)
    return {
        (key, part): f"{written[key]}/{part}" if key in several else written[key]
        for key, part in ordered
        if (key, part) in whole
    }
