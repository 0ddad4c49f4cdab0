"""The words of a drawing: the encoding that they are in, and the escapes that stand for letters outside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.delivery.files.layer import title
from gis.delivery.files.refusals import refusal
from gis.inventory import Note
from gis.text import encodings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.delivery.readers.reader import Source

_UNICODE = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_UTF8_SINCE = "AC1021"
_PAGE = "ANSI_"
# What templates of the west declare, whatever the words are in.
_WESTERN = "cp1252"


@dataclass(frozen=True, slots=True)
class Words:
    """
    How the words of a drawing are read.

    Attributes
    ----------
    codec
        The codec of Python.
    encoding
        Its name for people; empty where all is ASCII and none is declared.
    notes
        D006 where it was found out rather than told.
    """

    codec: str
    encoding: str
    notes: tuple[Note, ...] = ()

    def read(self, text: str) -> str:
        """
        Read a word.

        Parameters
        ----------
        text
            As it stands in the drawing, Latin-1.

        Returns
        -------
        str
            In its letters; U+FFFD where bytes have no meaning.
        """
        if not text.isascii():
            text = text.encode("latin-1").decode(self.codec, "replace")
        return _UNICODE.sub(lambda match: chr(int(match[1], 16)), text).strip()


def words(said: Sequence[str], settings: dict[str, str], source: Source) -> Words:
    """
    Tell the encoding of a drawing.

    Parameters
    ----------
    said
        Its words, Latin-1.
    settings
        The header's settings.
    source
        The file.

    Returns
    -------
    Words
        UTF-8 since release 2007, the code page of the header before; what the words themselves say where they do
        not fit that.

    Raises
    ------
    SourceError
        D001 where the encoding that was asked for is none.
    """
    if source.encoding:
        given = encodings.codec(source.encoding)
        if given is None:
            raise refusal("encoding", source.shown, encoding=source.encoding)
        return Words(given, source.encoding)
    declared = _declared(settings)
    beyond = sorted({text for text in said if not text.isascii()})
    codec = encodings.codec(declared) if declared else None
    if not beyond or (codec is not None and _fits(beyond, codec)):
        return Words(codec or "utf-8", declared)
    found = encodings.detect(beyond)
    if codec == _WESTERN and found.encoding == _WESTERN:
        return Words(_WESTERN, declared)
    note = Note("D006", title(source.shown, ""), fields={"encoding": found.name, "evidence": found.evidence})
    return Words(found.encoding, found.name, (note,))


def _declared(settings: dict[str, str]) -> str:
    if settings.get("$ACADVER", "") >= _UTF8_SINCE:
        return "UTF-8"
    page = settings.get("$DWGCODEPAGE", "").upper()
    return f"CP{page.removeprefix(_PAGE)}" if page.startswith(_PAGE) else ""


def _fits(texts: list[str], codec: str) -> bool:
    """Tell whether texts can be in a declared encoding; of the western one only their letters can tell."""
    if codec == _WESTERN:
        return False
    try:
        for text in texts:
            text.encode("latin-1").decode(codec)
    except UnicodeDecodeError:
        return False
    return True
