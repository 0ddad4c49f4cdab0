"""
A clean copy of an XML document in UTF-8, cut from its bytes.

What `gis.delivery.readers.xml.Copier` writes anew, piece by piece, is here the document itself without what reaches
out: half the time or less, for the documents that need no more than that.
"""

from __future__ import annotations

import mmap
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.handler import ContentHandler

from gis.delivery.readers import xml

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

# A start tag, and an attribute of it with the blanks before it.
_TAG = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PLAIN, _MEMBER, _SHAPE, _LEFT_OUT = range(4)
_UTF_16 = (b"\xff", b"\xfe")
_UTF_8 = {"utf-8", "utf8", "us-ascii", "ascii"}


class _MoreError(Exception):
    """The document needs more than cutting."""


@dataclass(frozen=True)
class Excerpt:
    """
    What went into a copy.

    Attributes
    ----------
    features
        How many features.
    further
        Of each kind of feature, by its name without prefix, how many geometries stand beside another one of the same
        feature.
    """

    features: int
    further: Counter[str]


def copy(
    path: Path, shown: str, target: Path, members: Container[str], shapes: Container[str]
) -> Excerpt | None:
    """
    Write a clean copy of a document that is whole and in UTF-8.

    Parameters
    ----------
    path
        The document.
    shown
        Its name for people.
    target
        The copy.
    members
        The elements, without prefix, whose children are features.
    shapes
        The elements, without prefix, that are geometries.

    Returns
    -------
    Excerpt or None
        None, with nothing of use in `target`, where the document breaks off, is in another encoding, has a prefix that
        its root does not declare, or raw text: `gis.delivery.readers.xml.copy` is for these.

    Raises
    ------
    SourceError
        D010 for a document type, an entity, or an element that links to another file or host.
    """
    if not path.stat().st_size:
        return None
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if 0 in data[:2] or data[:1] in _UTF_16:
            return None
        cutter = _Cutter(data, shown, members, shapes)
        try:
            if xml.parse(path, shown, cutter) is not None:
                return None
        except _MoreError:
            return None
        with target.open("wb") as out:
            out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
            for begin, end in cutter.kept():
                out.write(data[begin:end])
    return Excerpt(cutter.features, cutter.further)


class _Cutter(ContentHandler):
    """Follows the elements and notes the places of what is to be left out."""

    def __init__(self, data: mmap.mmap, shown: str, members: Container[str], shapes: Container[str]) -> None:
        super().__init__()
        self._data = data
        self._shown = shown
        self._members = members
        self._shapes = shapes
        # How deep the next feature would lie, and did before; what it is called, how many geometries it has, how many
        # are open.
        self._level = 0
        self._levels: list[int] = []
        self._feature = ""
        self._had, self._within = 0, 0
        self._expat: Any = None
        self._depth = 0
        self._root = 0
        self._declared: set[str] = set()
        # A document has few names, and says each many times.
        self._roles: dict[str, int] = {}
        self._referring: dict[tuple[str, ...], bool] = {}
        self._begun: list[int] = []
        self._cuts: list[tuple[int, int]] = []
        self.features = 0
        self.further: Counter[str] = Counter()

    def attach(self, expat: Any) -> None:
        """Take the parser, which need tell nothing of text."""
        self._expat = expat
        expat.CharacterDataHandler = None
        expat.CommentHandler = self._comment
        expat.ProcessingInstructionHandler = self._instruction
        expat.StartCdataSectionHandler = self._raw_text
        expat.XmlDeclHandler = self._declaration

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        depth = self._depth
        if not depth:
            self._begin(attrs)
        elif depth >= xml.DEPTH:
            xml.check_depth(depth, self._shown)
        role = self._roles.get(name)
        if role is None:
            role = self._look(name)
        self._depth = depth + 1
        if depth == self._level and depth and not role:
            self.features += 1
            self._feature, self._had = name, 0
        elif role:
            self._special(role, depth)
        if attrs:
            keys = tuple(attrs)
            referring = self._referring.get(keys)
            if referring is None:
                referring = self._referring[keys] = any(map(self._refers, keys))
            if referring:
                self._cut_attributes()

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        self._depth -= 1
        role = self._roles[name]
        if role == _SHAPE:
            self._within -= 1
        elif role == _MEMBER:
            self._level = self._levels.pop()
        elif role == _LEFT_OUT and self._depth >= xml.OWN:
            begin = self._begun.pop()
            tag = self._tag(begin)
            end = self._expat.CurrentByteIndex
            self._cuts.append(
                (begin, tag.end() if tag[0].endswith(b"/>") else self._data.find(b">", end) + 1)
            )

    def _special(self, role: int, depth: int) -> None:
        if role == _LEFT_OUT and depth >= xml.OWN:
            self._begun.append(self._expat.CurrentByteIndex)
        elif role == _MEMBER:
            self._levels.append(self._level)
            self._level = depth + 1
        elif role == _SHAPE:
            if self._level and not self._within:
                self._had += 1
                if self._had > 1:
                    self.further[self._local(self._feature)] += 1
            self._within += 1

    def kept(self) -> Iterator[tuple[int, int]]:
        """Give the places of what stays, from the root on."""
        at = self._root
        for begin, end in sorted(self._cuts):
            if begin > at:
                yield at, begin
            at = max(at, end)
        yield at, len(self._data)

    def _begin(self, attrs: Any) -> None:
        """Take the root, which declares the prefixes of most documents."""
        self._root = self._expat.CurrentByteIndex
        self._declared = {"xml", "xmlns"} | {key[6:] for key in attrs if key.startswith("xmlns:")}

    def _local(self, name: str) -> str:
        prefix, colon, local = name.rpartition(":")
        if colon and prefix not in self._declared:
            raise _MoreError
        return local

    def _refers(self, key: str) -> bool:
        return xml.refers(self._local(key))

    def _look(self, name: str) -> int:
        """Look at a name for the first time."""
        local = self._local(name)
        xml.check_element(local, self._shown)
        role = _PLAIN
        if local in xml.LEFT_OUT:
            role = _LEFT_OUT
        elif local in self._members:
            role = _MEMBER
        elif local in self._shapes:
            role = _SHAPE
        self._roles[name] = role
        return role

    def _tag(self, begin: int) -> re.Match[bytes]:
        tag = _TAG.match(self._data, begin)
        if tag is None:
            raise _MoreError
        return tag

    def _cut_attributes(self) -> None:
        tag = self._tag(self._expat.CurrentByteIndex)
        for one in _ATTRIBUTE.finditer(self._data, *tag.span()):
            local = one[1].rpartition(b":")[2].decode("utf-8")
            if xml.refers(local) and not (one[2] or one[3] or b"").startswith(b"#"):
                self._cuts.append(one.span())

    def _declaration(self, _: str, encoding: str | None, __: int) -> None:
        if encoding and encoding.casefold() not in _UTF_8:
            raise _MoreError

    def _comment(self, _: str) -> None:
        self._cut_until(b"-->")

    def _instruction(self, *_: str) -> None:
        self._cut_until(b"?>")

    def _cut_until(self, mark: bytes) -> None:
        begin = self._expat.CurrentByteIndex
        self._cuts.append((begin, self._data.find(mark, begin) + len(mark)))

    def _raw_text(self) -> None:
        # It may hold what looks like elements.
        raise _MoreError
