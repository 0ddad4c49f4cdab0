"""Text that was decoded in a wrong encoding, and what it says."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, overload

from gis.text.letters import each
from gis.text.likelihood import CLEARLY, PLAUSIBLE, PUNCTUATION, WINDOWS_LATIN, likelihood

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gis.text.letters import Values

_LETTERS_ENOUGH = 3
_IN_WORDS = frozenset(" \u200c\u200d\u200e\u200f،؛؟ـ")
_LAST_CONTROL = "\x9f"
_SIGNS = frozenset({"Zs", "Cf", "Po", "Pi", "Pf", "Pd", "Sm", "So", "Sc"})
# The byte that each character was, where a program took a table for Latin-1 or Windows Latin 1, or for CP1256.
_LATIN_BYTES = {ord(c): byte for byte, c in WINDOWS_LATIN.items()} | {byte: byte for byte in range(256)}
_ARABIC_BYTES = {ord(bytes([byte]).decode("cp1256")): byte for byte in range(256)}


@overload
def unmojibake(values: str) -> str | None: ...
@overload
def unmojibake(values: Values) -> NDArray[np.object_]: ...
def unmojibake(values: str | Values) -> str | NDArray[np.object_] | None:
    """
    Undo a wrong decoding: «ÇÈá äæÑ» and «Ú©Ø§Ø¨Ù„», also where it was done twice.

    Recognised are UTF-8 taken for Latin-1, Windows Latin 1 or CP1256, and CP1256 or Iran System taken for
    Latin-1 or Windows Latin 1. The single-byte ones count only where the text is clearly Persian read so, with
    three letters or more, and clearly nothing as it stands.

    Parameters
    ----------
    values
        A text, or (n,) values.

    Returns
    -------
    str, None or numpy.ndarray
        What the text says; None where nothing is wrong with it.
    """
    if isinstance(values, str):
        return _undone(values)
    return each(values, lambda value: _undone(value) if isinstance(value, str) else None)


def _undone(text: str, rounds: int = 3) -> str | None:
    """Undo as many wrong decodings as there are, three at most."""
    once = _undone_once(text, rounds) if rounds else None
    if once is None:
        return None
    more = _undone(once, rounds - 1)
    return once if more is None else more


def _undone_once(text: str, rounds: int) -> str | None:
    if text.isascii():
        return None
    for table in (_LATIN_BYTES, _ARABIC_BYTES):
        data = _bytes(text, table)
        # UTF-8 taken for CP1256 has signs among its letters, which words do not.
        if data is None or (table is _ARABIC_BYTES and all(c.isalnum() or c in _IN_WORDS for c in text)):
            continue
        try:
            read = data.decode("utf-8")
        except UnicodeDecodeError:
            read = ""
        if read and (_sensible(read) or _undone(read, rounds - 1) is not None):
            return read
    data = _bytes(text, _LATIN_BYTES)
    if data is None or sum(byte > 127 for byte in data) < _LETTERS_ENOUGH:  # noqa: PLR2004 - ASCII
        return None
    as_it_stands = likelihood(data, "cp1252")
    scores = {codec: likelihood(data, codec) for codec in ("cp1256", "iran-system")}
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] < max(PLAUSIBLE, as_it_stands + CLEARLY):
        return None
    return data.decode(best)


def _bytes(text: str, table: Mapping[int, int]) -> bytes | None:
    """Give the bytes that a text was decoded from, or None where it cannot have been."""
    try:
        return bytes(table[ord(c)] for c in text)
    except KeyError:
        return None


def _sensible(text: str) -> bool:
    """Tell whether a text is made of Persian and Latin letters and what stands between them."""
    for character in text:
        if character.isascii():
            continue
        script = unicodedata.name(character, "").split(" ")[0]
        if script not in {"ARABIC", "LATIN"} and character not in PUNCTUATION and not _harmless(character):
            return False
    return True


def _harmless(character: str) -> bool:
    return character > _LAST_CONTROL and unicodedata.category(character) in _SIGNS
