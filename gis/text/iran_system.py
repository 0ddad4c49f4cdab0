"""
The DOS code page "Iran System", as a codec of Python by the names ``iran-system`` and ``iransystem``.

It has no letters but the shapes that letters take within a word, stored from left to right as a screen shows them. The
table is the one of Iran System Co. as published in https://en.wikipedia.org/wiki/Iran_System_encoding (there after
"IRAN SYSTEM to Unicode"). Some programs stored the shapes in the order of reading; which order a text is in shows in
how its shapes join, and a text that could be either is taken as a screen shows it.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

# 0x80 to 0xFF; each letter in the shape that the code page draws.
_UPPER = (
    "۰۱۲۳۴۵۶۷۸۹،ـ؟\ufe81\ufe8b\ufe80"
    "\ufe8d\ufe8e\ufe8f\ufe91\ufb56\ufb58\ufe95\ufe97\ufe99\ufe9b\ufe9d\ufe9f\ufb7a\ufb7c\ufea1\ufea3"
    "\ufea5\ufea7\ufea9\ufeab\ufead\ufeaf\ufb8a\ufeb1\ufeb3\ufeb5\ufeb7\ufeb9\ufebb\ufebd\ufebf\ufec1"
    "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧"
    "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
    "\ufec5\ufec9\ufeca\ufecc\ufecb\ufecd\ufece\ufed0\ufecf\ufed1\ufed3\ufed5\ufed7\ufb8e\ufb90\ufb92"
    "\ufb94\ufedd\ufefb\ufedf\ufee1\ufee3\ufee5\ufee7\ufeed\ufee9\ufeec\ufeeb\ufbfd\ufbfc\ufbfe\u00a0"
)
TABLE = "".join(map(chr, range(128))) + _UPPER

# The shapes of letters that join the next one, and of those that could but do not; the letters on neither list have one
# shape in the code page, or never join.
_JOINING = frozenset(c for c in _UPPER if unicodedata.name(c).endswith(("INITIAL FORM", "MEDIAL FORM")))
_CAN_JOIN = frozenset(
    c
    for c in _UPPER
    if c not in _JOINING and unicodedata.normalize("NFKC", c) in set("بپتثجچحخسشصضعغفقکگلمنهی")
)
_SHAPES = frozenset(c for c in _UPPER if unicodedata.name(c).endswith("FORM"))
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

# What runs from left to right within Persian: numbers with their separators, and Latin words with the spaces between.
_NUMBER = r"[0-9۰-۹]+(?:[./,:+\-][0-9۰-۹]+)*"
_LATIN = r"[0-9۰-۹./,:+\-_]*[A-Za-z][A-Za-z0-9۰-۹./,:+\-_&@#]*"
_LEFT_TO_RIGHT = re.compile(f"{_LATIN}(?: +{_LATIN}| +{_NUMBER}(?= +{_LATIN}))*|{_NUMBER}")


def decode(data: bytes) -> str:
    """
    Read text of the code page in the order and with the letters of Unicode.

    Parameters
    ----------
    data
        Any bytes.

    Returns
    -------
    str
        The text; every byte has a meaning in this code page.
    """
    shapes = data.decode("latin-1").translate({at: c for at, c in enumerate(TABLE) if at > 127})  # noqa: PLR2004 - ASCII
    if not _SHAPES.intersection(shapes):
        return shapes
    read = _reversed(shapes)
    if misjoined(shapes) < misjoined(read):
        read = shapes  # stored in the order of reading
    return unicodedata.normalize("NFKC", read).replace("\u00a0", " ")


def _reversed(shapes: str) -> str:
    """Turn the order of a screen into the order of reading."""
    turned = shapes[::-1].translate(_MIRRORED)
    return _LEFT_TO_RIGHT.sub(lambda run: run[0][::-1].translate(_MIRRORED), turned)


def misjoined(shapes: str) -> int:
    """
    Count where shapes in the order of reading contradict each other.

    Parameters
    ----------
    shapes
        Presentation forms as in `TABLE`.

    Returns
    -------
    int
        How many joining shapes have no letter after them, and how many final or isolated shapes of letters that
        join have.
    """
    wrong = 0
    for at, shape in enumerate(shapes):
        followed = at + 1 < len(shapes) and shapes[at + 1] in _SHAPES
        wrong += shape in _JOINING and not followed
        wrong += shape in _CAN_JOIN and followed
    return wrong


def in_order(data: bytes) -> str:
    """
    Give the shapes of a text in the order of reading that fits them better.

    Parameters
    ----------
    data
        Any bytes.

    Returns
    -------
    str
        Presentation forms as in `TABLE`.
    """
    shapes = "".join(TABLE[byte] for byte in data)
    read = _reversed(shapes)
    return shapes if misjoined(shapes) < misjoined(read) else read


def _codec(name: str) -> codecs.CodecInfo | None:
    if name not in {"iran_system", "iransystem"}:
        return None

    def decoder(data: Buffer, _errors: str = "strict", /) -> tuple[str, int]:
        whole = bytes(data)
        return decode(whole), len(whole)

    def encoder(text: str, _errors: str = "strict", /) -> tuple[bytes, int]:
        raise UnicodeEncodeError("iran-system", text, 0, len(text), "this code page is read, not written")

    return codecs.CodecInfo(name="iran-system", encode=encoder, decode=decoder)


codecs.register(_codec)
