"""
Which encoding bytes are in, and text that was decoded with the wrong one.

A table tells its encoding in a .cpg file, in the language byte of its DBF header, or not at all; and what it
tells may be what some program puts into every file. The bytes themselves are the better witness: UTF-8 can
hardly be met by chance, and each single-byte encoding makes letters of them that come as often, and beside such
others, as in its languages or not.
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from gis.delivery import iran_system
from gis.delivery.text import each, fold
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from gis.delivery.text import Values

NAMES = {"utf-8": "UTF-8", "cp1256": "CP1256", "cp1252": "CP1252", "iran-system": "Iran System"}

# Letters in 1000 of Persian news prose, counted folded.
_PERSIAN = dict(
    zip(
        [
            "ا",
            "ر",
            "ی",
            "ت",
            "ن",
            "ه",
            "د",
            "م",
            "و",
            "ب",
            "س",
            "ف",
            "ک",
            "ش",
            "ل",
            "ز",
            "ح",
            "ص",
            "خ",
            "ط",
            "ع",
            "گ",
            "ج",
            "ق",
            "ض",
            "چ",
            "پ",
            "ذ",
            "ث",
            "ظ",
            "غ",
            "ء",
            "ژ",
        ],
        (
            150,
            90,
            100,
            55,
            70,
            62,
            65,
            55,
            55,
            43,
            34,
            20,
            29,
            30,
            30,
            23,
            12,
            10,
            11,
            8,
            14,
            10,
            12,
            10,
            5,
            4,
            8,
            3,
            2,
            2,
            3,
            1,
            1,
        ),
        strict=True,
    )
)
_PUNCTUATION = frozenset("،؛؟«»…–—\u200c\u200d\u200e\u200f\u00a0\u00ab\u00bb°×÷±²³½¼¾’‘“”•€£§©®™")
_RARE = 1e-5
# Bits a character by which one reading must be likelier than another to be believed against a declaration or against
# text as it stands.
_CLEARLY = 2.5
_PLAUSIBLE = -7.5
_LETTERS_ENOUGH = 3
_SAMPLE_BYTES = 200_000
_VALID = 0.9
_IN_WORDS = frozenset(" \u200c\u200d\u200e\u200f،؛؟ـ")
_LAST_CONTROL = "\x9f"
_SIGNS = frozenset({"Zs", "Cf", "Po", "Pi", "Pf", "Pd", "Sm", "So", "Sc"})

# The language drivers of dBASE and FoxPro that mean a single code page; those of western Europe, which programs put
# into any file, tell nothing.
_LANGUAGE_BYTES = {
    0x7E: "cp1256",
    0x7D: "cp1255",
    0x64: "cp852",
    0x65: "cp866",
    0x66: "cp865",
    0x6A: "cp737",
    0x6B: "cp857",
    0x88: "cp857",
    0x87: "cp852",
    0x86: "cp737",
    0xC8: "cp1250",
    0xC9: "cp1251",
    0xCA: "cp1254",
    0xCB: "cp1253",
    0xCC: "cp1257",
}


@dataclass(frozen=True, slots=True)
class Detected:
    """
    The encoding that bytes are in.

    Attributes
    ----------
    encoding
        A codec of Python.
    evidence
        What it rests on, in words.
    guessed
        Whether it was found out rather than declared.
    """

    encoding: str
    evidence: Text
    guessed: bool

    @property
    def name(self) -> str:
        """The encoding's name for people."""
        return NAMES.get(self.encoding, self.encoding)


@dataclass(frozen=True, slots=True)
class Decoded:
    """
    A table's text, decoded.

    Attributes
    ----------
    columns
        (n,) values a column: text decoded, other values as they were.
    encoding
        The codec that it was decoded with.
    evidence
        What that rests on, in words.
    guessed
        Whether it was found out rather than declared.
    """

    columns: dict[str, NDArray[np.object_]]
    encoding: str
    evidence: Text
    guessed: bool


def decode_table(
    columns: Mapping[str, Values],
    declared: str | None = None,
    cpg: str | None = None,
    language_byte: int | None = None,
) -> Decoded:
    """
    Decode a table that was read byte by byte.

    Parameters
    ----------
    columns
        Name to (n,) values whose text is decoded as Latin-1, a character a byte.
    declared
        The encoding that a person gives; it counts before all else.
    cpg
        What the .cpg file says.
    language_byte
        Byte 29 of the DBF header.

    Returns
    -------
    Decoded
        The text. In a table of UTF-8 the values that are not UTF-8 are read in CP1256 where that makes Persian
        of them, as where two files were put together; a character that is cut off at a field's end becomes
        U+FFFD.
    """
    found = detect(
        (value for values in columns.values() for value in pd.unique(np.asarray(values, dtype=object))),
        declared,
        cpg,
        language_byte,
    )
    return Decoded(
        {name: each(values, lambda value: decode(value, found.encoding)) for name, values in columns.items()},
        found.encoding,
        found.evidence,
        found.guessed,
    )


def decode(value: Any, encoding: str) -> Any:
    """
    Decode one value that was read byte by byte.

    Parameters
    ----------
    value
        A text decoded as Latin-1; anything else stays.
    encoding
        The codec it is in.

    Returns
    -------
    Any
        The text; U+FFFD where bytes have no meaning.
    """
    if not isinstance(value, str) or value.isascii():
        return value
    data = value.encode("latin-1")
    if (
        encoding == "utf-8"
        and not _is_utf8(data)
        and _likelihood(data, "cp1256") > max(_PLAUSIBLE, _likelihood(data, "cp1252"))
    ):
        encoding = "cp1256"
    return data.decode(encoding, errors="replace")


def detect(
    values: Iterable[Any],
    declared: str | None = None,
    cpg: str | None = None,
    language_byte: int | None = None,
) -> Detected:
    """
    Find the encoding of a table's text.

    Parameters
    ----------
    values
        The texts decoded as Latin-1, a character a byte, and perhaps other values.
    declared, cpg, language_byte
        As for `decode_table`.

    Returns
    -------
    Detected
        The encoding, and what it rests on.
    """
    if declared and (codec := _codec(declared)):
        return Detected(codec, Text("as given", "آن‌گونه که داده شده"), guessed=False)
    sample = _sample(values)
    if not sample:
        evidence = Text("all its text is ASCII", "همهٔ نوشته‌هایش ASCII است")
        return Detected("utf-8", evidence, guessed=False)
    best, evidence = _from_bytes(sample)
    witnesses = (
        (_codec(cpg or ""), Text("the .cpg file says {name}", "پروندهٔ ‎.cpg می‌گوید {name}")),
        (
            _LANGUAGE_BYTES.get(language_byte or 0),
            Text("the language byte of the .dbf says {name}", "بایت زبان ‎.dbf می‌گوید {name}"),
        ),
    )
    for codec, words in witnesses:
        if codec is None:
            continue
        said = words.filled(name=NAMES.get(codec, codec.upper()))
        if codec == best or _bears_out(sample, codec, best):
            return Detected(codec, said, guessed=False)
        evidence = Text("{said}, but {evidence}", "{said}، ولی {evidence}").filled(
            said=said, evidence=evidence
        )
    return Detected(best, evidence, guessed=True)


def _codec(name: str) -> str | None:
    """Find the codec that a person or a .cpg file means: ``UTF-8``, ``1256``, ``ANSI 1256``, ``windows-1256``."""
    name = name.strip("\ufeff \t\r\n\0").lower()
    if not name or len(name) > 40:  # noqa: PLR2004 - no codec's name
        return None
    number = re.search(r"(?:^|\D)(\d{3,5})$", name)
    tries = [name, name.replace(" ", "-")]
    if number and "8859" not in name:
        tries += ["utf-8"] if number[1] == "65001" else [f"cp{number[1]}"]
    if (iso := re.fullmatch(r"(?:iso[ _-]?)?8859[ _-]?(\d{1,2})", name)) is not None:
        tries = [f"iso8859-{iso[1]}"]
    for attempt in tries:
        try:
            codec = codecs.lookup(attempt)
        except (LookupError, ValueError):
            continue
        if codec._is_text_encoding:  # noqa: SLF001 - base64 is no encoding of text
            # Latin-1 as Windows means it.
            return {"iso8859-1": "cp1252", "ascii": "utf-8", "utf-8-sig": "utf-8"}.get(codec.name, codec.name)
    return None


def _sample(values: Iterable[Any]) -> list[bytes]:
    """Gather different texts that are not ASCII, some hundred thousand bytes of them."""
    found: dict[bytes, None] = {}
    size = 0
    for value in values:
        if isinstance(value, str) and not value.isascii():
            data = value.encode("latin-1")
            if data not in found:
                found[data] = None
                size += len(data)
                if size > _SAMPLE_BYTES:
                    break
    return list(found)


def _from_bytes(sample: list[bytes]) -> tuple[str, Text]:
    """Find the likeliest encoding from the bytes alone."""
    valid = sum(map(_is_utf8, sample))
    if valid >= _VALID * len(sample):
        return "utf-8", Text(
            "{valid} of {all} texts that are not ASCII are valid UTF-8",
            "{valid} نوشته از {all} نوشتهٔ غیر ASCII با UTF-8 درست است",
        ).filled(valid=valid, all=len(sample))
    joined = b"\n".join(sample)
    scores = {codec: _likelihood(joined, codec) for codec in ("cp1256", "iran-system", "cp1252")}
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] <= _PLAUSIBLE - _CLEARLY:
        return best, Text(
            "its bytes look like no text known here, least unlike {name}",
            "بایت‌هایش به هیچ نوشتهٔ شناخته‌ای نمی‌ماند، کمتر از همه ناهمانند {name}",
        ).filled(name=NAMES[best])
    words = _excerpt(sample, best)
    return best, Text(
        "read in {name} its text makes sense: {words}", "با خواندن در {name} نوشته‌هایش معنا می‌دهد: {words}"
    ).filled(name=NAMES[best], words=words)


def _excerpt(sample: list[bytes], codec: str) -> str:
    """Show what a text comes out as."""
    longest = max(sample[:200], key=len)
    return "«" + " ".join(longest.decode(codec, errors="replace").split())[:40] + "»"


def _bears_out(sample: list[bytes], codec: str, best: str) -> bool:
    """Tell whether the bytes can be in a declared encoding, another one being likeliest."""
    if codec == "utf-8" or best == "utf-8":
        return False
    joined = b"\n".join(sample)
    try:
        joined.decode(codec)
    except UnicodeDecodeError:
        return False
    if codec not in NAMES:
        # An encoding that nothing is known of here, such as one of Cyrillic, stands unless this is surely Persian.
        return _likelihood(joined, best) < _PLAUSIBLE or best == "cp1252"
    return _likelihood(joined, best) - _likelihood(joined, codec) < _CLEARLY


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8, perhaps with the last character cut off by the end of the field."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return True


# --- How likely bytes are text of an encoding ---


def _likelihood(data: bytes, codec: str) -> float:
    """Give the mean log2 probability of the characters beyond ASCII, as text of an encoding's languages."""
    if codec == "iran-system":
        bits = [b for line in data.split(b"\n") for b in _iran_system_bits(line)]
    elif codec == "cp1256":
        bits = _persian_bits(data.decode(codec))
    else:
        bits = _western_bits(data.decode("latin-1").translate(_WINDOWS_LATIN))
    return float(np.mean(bits)) if bits else -math.inf


@cache
def _persian_bit(character: str) -> float:
    letter = "" if character in "أإؤ" else fold(character)  # rare in Persian
    if len(letter) == 1 and letter in _PERSIAN:
        return math.log2(_PERSIAN[letter] / 1100)
    if unicodedata.category(character) == "Mn" or character in _PUNCTUATION or character in "۰۱۲۳۴۵۶۷۸۹أإؤ":
        return math.log2(0.005)
    return math.log2(_RARE)


def _persian_bits(text: str) -> list[float]:
    bits = []
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if not character.isascii():
            # Letters of two scripts do not meet within a word.
            mixed = character.isalpha() and (_latin(before) or _latin(after))
            bits.append(_persian_bit(character) - (6.0 if mixed else 0.0))
    return bits


def _iran_system_bits(line: bytes) -> list[float]:
    shapes = iran_system.in_order(line)
    bits = [_persian_bit(unicodedata.normalize("NFKC", c)[0]) - 1 for c in shapes if not c.isascii()]
    # The joining of the shapes is a witness of its own: each contradiction is a rare event.
    return [bit - 8 * iran_system.misjoined(shapes) / len(bits) for bit in bits]


def _latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _western_bits(text: str) -> list[float]:
    """Weigh accented letters, which stand singly among plain ones, and the signs of western text."""
    bits = []
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if character.isascii():
            continue
        if not character.isalpha():
            bits.append(math.log2(0.005 if character in _PUNCTUATION else _RARE))
            continue
        beside = _latin(before) or _latin(after)
        common = character.lower() in "éèêàâçôîûëïüùöäßñáíóúãõåæøşğıö"
        odd = character.isupper() and before.isalpha() and before.islower()
        bits.append((-5.0 if common else -8.0) + (0.0 if beside else -6.0) - (6.0 if odd else 0.0))
    return bits


_WINDOWS_LATIN = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
# The byte that each character was, where a program took a table for Latin-1 or Windows Latin 1, or for CP1256.
_LATIN_BYTES = {ord(c): byte for byte, c in _WINDOWS_LATIN.items()} | {byte: byte for byte in range(256)}
_ARABIC_BYTES = {ord(bytes([byte]).decode("cp1256")): byte for byte in range(256)}


# --- Text decoded with the wrong encoding ---


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
    as_it_stands = _likelihood(data, "cp1252")
    scores = {codec: _likelihood(data, codec) for codec in ("cp1256", "iran-system")}
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] < max(_PLAUSIBLE, as_it_stands + _CLEARLY):
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
        if script not in {"ARABIC", "LATIN"} and character not in _PUNCTUATION and not _harmless(character):
            return False
    return True


def _harmless(character: str) -> bool:
    return character > _LAST_CONTROL and unicodedata.category(character) in _SIGNS
