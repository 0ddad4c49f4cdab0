"""
Which encoding bytes are in.

A table tells its encoding in a .cpg file, in the language byte of its DBF header, or not at all; and what it
tells may be what some program puts into every file. The bytes themselves are the better witness: UTF-8 can
hardly be met by chance, and each single-byte encoding makes letters of them that come as often, and beside such
others, as in its languages or not.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.language import Text
from gis.text.letters import each
from gis.text.likelihood import ARABIC_CODECS, CLEARLY, PLAUSIBLE, likelihood

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from gis.text.letters import Values

NAMES = {
    "utf-8": "UTF-8",
    "cp1256": "CP1256",
    "cp1252": "CP1252",
    "iran-system": "Iran System",
    "iso8859-6": "ISO 8859-6",
}
# Those that the bytes alone may tell, the usual ones first.
_CANDIDATES = ("cp1256", "iran-system", "cp1252", "iso8859-6")
# How many bits rarer than the others an encoding is met.
_RARER_BITS = {"iso8859-6": 10.0}

# So much likelier a reading is in all that nothing speaks against it.
_SURELY_BITS = 40.0
_SAMPLE_BYTES = 200_000
_VALID = 0.9

# The language drivers of dBASE and FoxPro that mean a single code page; those of western Europe, which programs put
# into any file, tell nothing.
_LANGUAGE_BYTES = {
    0x13: "cp932",
    0x1F: "cp852",
    0x22: "cp852",
    0x23: "cp852",
    0x26: "cp866",
    0x40: "cp852",
    0x4D: "gbk",
    0x4E: "cp949",
    0x4F: "cp950",
    0x50: "cp874",
    0x78: "cp950",
    0x79: "cp949",
    0x7A: "gbk",
    0x7B: "cp932",
    0x7C: "cp874",
    0x96: "mac-cyrillic",
    0x97: "mac-latin2",
    0x98: "mac-greek",
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

# Numbers of Windows for encodings that are no "cp" in Python.
_CODE_PAGES = {
    "708": "iso8859-6",
    "10004": "mac-arabic",
    "10006": "mac-greek",
    "10007": "mac-cyrillic",
    "20127": "utf-8",
    "20866": "koi8-r",
    "21866": "koi8-u",
    "54936": "gb18030",
    "65001": "utf-8",
    **{f"{28590 + part}": f"iso8859-{part}" for part in (*range(1, 10), 13, 15)},
}
_ISO = re.compile(r"(?:(?:ansi|oem|cp)[ _-]?)?(?:iso[ _-]?)?8859[ _-]?(\d{1,2})(?:-[ei]|:\d{4})?")


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
        return NAMES.get(self.encoding, self.encoding.upper())


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
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError:  # written as an escape: it is decoded
        return value
    if (
        encoding == "utf-8"
        and not _is_utf8(data)
        and likelihood(data, "cp1256") > max(PLAUSIBLE, likelihood(data, "cp1252"))
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
    if declared and (given := codec(declared)):
        return Detected(given, Text("as given", "آن‌گونه که داده شده"), guessed=False)
    sample = _sample(values)
    if not sample:
        evidence = Text("all its text is ASCII", "همهٔ نوشته‌هایش ASCII است")
        return Detected("utf-8", evidence, guessed=False)
    best, evidence = _from_bytes(sample)
    witnesses = (
        (codec(cpg or ""), Text("the .cpg file says {name}", "فایل ‎.cpg می‌گوید {name}")),
        (
            _LANGUAGE_BYTES.get(language_byte or 0),
            Text("the language byte of the .dbf says {name}", "بایت زبان ‎.dbf می‌گوید {name}"),
        ),
    )
    for named, words in witnesses:
        if named is None:
            continue
        said = words.filled(name=NAMES.get(named, named.upper()))
        if named == best or _bears_out(sample, named, best):
            return Detected(named, said, guessed=False)
        evidence = Text("{said}, but {evidence}", "{said}، ولی {evidence}").filled(
            said=said, evidence=evidence
        )
    return Detected(best, evidence, guessed=True)


def codec(name: str) -> str | None:
    """
    Find the codec that a person or a .cpg file means.

    Parameters
    ----------
    name
        What is written: ``UTF-8``, ``1256``, ``ANSI 1256``, ``OEM 720``, ``88596``, ``ISO 8859-6`` and so on.

    Returns
    -------
    str or None
        The name of a codec of Python; None where it is no encoding of text. ISO 8859-1 is CP1252, as which
        programs read and write it.
    """
    name = name.strip("\ufeff\xef\xbb\xbf \t\r\n\0").lower()
    if not name or len(name) > 40:  # noqa: PLR2004 - no codec's name
        return None
    if (iso := _ISO.fullmatch(name)) is not None:
        tries = [f"iso8859-{iso[1]}"]
    else:
        number = re.search(r"(?:^|\D)(\d{3,5})$", name)
        tries = [_CODE_PAGES.get(number[1], f"cp{number[1]}")] if number else []
        tries += [name, name.replace(" ", "-")]
    for attempt in tries:
        try:
            info = codecs.lookup(attempt)
        except (LookupError, ValueError):  # ValueError: a null byte
            continue
        if info._is_text_encoding:  # noqa: SLF001 - base64 is no encoding of text
            # Latin-1 as Windows means it.
            return {"iso8859-1": "cp1252", "ascii": "utf-8", "utf-8-sig": "utf-8"}.get(info.name, info.name)
    return None


def _sample(values: Iterable[Any]) -> list[bytes]:
    """Gather different texts that are not ASCII, some hundred thousand bytes of them."""
    found: dict[bytes, None] = {}
    size = 0
    for value in values:
        if isinstance(value, str) and not value.isascii():
            data = value.encode("latin-1", "ignore")  # without what is written as an escape, and decoded
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
    scores = {
        name: likelihood(joined, name) - _RARER_BITS.get(name, 0.0) / _beyond(joined) for name in _CANDIDATES
    }
    best = max(scores, key=lambda name: scores[name])
    if scores[best] <= PLAUSIBLE - CLEARLY:
        return best, Text(
            "its bytes look like no text known here, least unlike {name}",
            "بایت‌هایش به هیچ نوشتهٔ شناخته‌ای نمی‌ماند، کمتر از همه ناهمانند {name}",
        ).filled(name=NAMES[best])
    words = _excerpt(sample, best)
    return best, Text(
        "read in {name} its text makes sense: {words}", "با خواندن در {name} نوشته‌هایش معنا می‌دهد: {words}"
    ).filled(name=NAMES[best], words=words)


def _beyond(data: bytes) -> int:
    """Count the bytes that are not ASCII."""
    return sum(byte > 0x7F for byte in data)  # noqa: PLR2004 - ASCII


def _excerpt(sample: list[bytes], encoding: str) -> str:
    """Show what a text comes out as."""
    longest = max(sample[:200], key=len)
    return "«" + " ".join(longest.decode(encoding, errors="replace").split())[:40] + "»"


def _bears_out(sample: list[bytes], named: str, best: str) -> bool:
    """Tell whether the bytes can be in a declared encoding, another one being likeliest."""
    # Bytes that can be UTF-8 have been found to be, and no table is in UTF-16.
    if best == "utf-8" or named.startswith("utf-"):
        return False
    joined = b"\n".join(sample)
    try:
        joined.decode(named)
    except UnicodeDecodeError:
        return False
    rival = likelihood(joined, best)
    clearly = CLEARLY
    if {named, best} <= ARABIC_CODECS:
        # Two arrangements of the same letters differ less a letter, but with each one more.
        clearly = min(CLEARLY, max(1.0, _SURELY_BITS / _beyond(joined)))
    # An encoding of letters that are not known here, such as Chinese, stands unless this is surely something else.
    return rival - likelihood(joined, named) < clearly or (named not in _CANDIDATES and rival < PLAUSIBLE)


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8, perhaps with the last character cut off by the end of the field."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return True
