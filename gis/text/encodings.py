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
from gis.text.likelihood import CLEARLY, PLAUSIBLE, likelihood

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from gis.text.letters import Values

NAMES = {"utf-8": "UTF-8", "cp1256": "CP1256", "cp1252": "CP1252", "iran-system": "Iran System"}

_SAMPLE_BYTES = 200_000
_VALID = 0.9

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
    scores = {codec: likelihood(joined, codec) for codec in ("cp1256", "iran-system", "cp1252")}
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] <= PLAUSIBLE - CLEARLY:
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
        return likelihood(joined, best) < PLAUSIBLE or best == "cp1252"
    return likelihood(joined, best) - likelihood(joined, codec) < CLEARLY


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8, perhaps with the last character cut off by the end of the field."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return True


def codec(name: str) -> str | None:
    """
    Tell the codec that a .cpg file means.

    Parameters
    ----------
    name
        Its content: ``UTF-8``, ``1256``, ``ANSI 1256``, ``OEM 720``, ``ISO 88591`` and so on.

    Returns
    -------
    str or None
        The name of a codec of Python, or None where there is none.
    """
    plain = name.strip().upper().removeprefix("ANSI ").removeprefix("OEM ").replace(" ", "")
    if plain.startswith(("88591", "ISO88591")):
        plain = "ISO8859-" + plain.removeprefix("ISO").removeprefix("8859")
    elif plain.startswith("CP") or plain.isdigit():
        plain = "cp" + plain.removeprefix("CP")
        plain = {"cp65001": "utf-8"}.get(plain, plain)
    try:
        info = codecs.lookup(plain)
    except (LookupError, ValueError):  # ValueError: a null byte
        return None
    return info.name if info._is_text_encoding else None  # noqa: SLF001 - the only way to leave out base64 and the like
