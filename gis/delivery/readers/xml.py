"""
XML from the field, read as a stream that no entity, schema or link of it can make grow or reach out.

GDAL never sees such a file itself but a clean copy: no document type, no comments, no processing instructions, no
addresses of schemas or linked elements. A file that breaks off is closed after its last whole feature.
"""

from __future__ import annotations

import re
import xml.sax
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr
from xml.sax.xmlreader import InputSource

import defusedxml
import defusedxml.expatreader

from gis.delivery.files.layer import RawLayer, distinct, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal, parts
from gis.delivery.readers.reader import damaged
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    import geopandas as gpd

    from gis.errors import SourceError

DEPTH = 200
# A document is read in so many pieces, none of them smaller than so many bytes.
_PIECES, _PIECE = 16, 65_536
# Pieces of a copy that are written at once.
_PENDING = 4096
# Elements that make a reader fetch something, in lower case.
_REFERRING = {
    "networklink": "NetworkLink",
    "networklinkcontrol": "NetworkLink",
    "include": "XInclude",
    "ogrvrtdatasource": "VRT",
    "ogrwfsdatasource": "WFS",
}
# What GDAL takes for columns where no schema tells it otherwise, but not that of the whole document: it may be all that
# says which system its coordinates are in. That one lies in the root alone.
LEFT_OUT = {"boundedBy"}
OWN = 2
_REFERRING_ATTRIBUTES = {"schemalocation", "nonamespaceschemalocation", "href"}
# What the parser says of a document that ends too early.
_CUT = {"no element found", "unclosed token", "unclosed CDATA section", "partial character"}
# Prefixes that programs use without declaring them.
_KNOWN_PREFIXES = {
    "gx": "http://www.google.com/kml/ext/2.2",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xlink": "http://www.w3.org/1999/xlink",
    "gml": "http://www.opengis.net/gml",
}
# What may not stand in the text of a copy as it is.
_MARKUP = re.compile("[&<>]")
_QUOTED = re.compile('[&<>"\\n\\r\\t]')
# Elements that a copy remembers, and text that it does not keep in memory.
_MOST_KNOWN = 4096
_LONG = 1 << 16
_DECLARED = re.compile(rb"""^\s*(?:\xef\xbb\xbf)?<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)""")


@dataclass(frozen=True)
class Copied:
    """
    How far a document could be copied.

    Attributes
    ----------
    features
        How many whole features went into the copy.
    fault
        What is wrong after them; None where the document is whole.
    """

    features: int
    fault: Text | None


class _Parser(defusedxml.expatreader.DefusedExpatParser):
    """Hands elements straight to the handler, their attributes as a dict: half the time goes into the detour."""

    def reset(self) -> None:
        """Begin a document."""
        super().reset()
        mine: Any = self
        expat, handler = mine._parser, mine._cont_handler  # noqa: SLF001 - the library's, one class up
        expat.StartElementHandler = handler.startElement
        expat.EndElementHandler = handler.endElement
        expat.buffer_size = _LONG
        if hasattr(handler, "attach"):
            handler.attach(expat)


def parse(path: Path, shown: str, handler: ContentHandler, *, encoding: str | None = None) -> Text | None:
    """
    Read a document as a stream, its names as they are written: prefixes that it does not declare do no harm.

    Parameters
    ----------
    path
        The document.
    shown
        Its name for people.
    handler
        Takes its elements; ``startElement`` gets the attributes as a dict. Its ``attach``, if it has one, is given
        expat's parser.
    encoding
        What its bytes are in, whatever it says.

    Returns
    -------
    Text or None
        What is wrong where the document breaks off; None where it is whole.

    Raises
    ------
    SourceError
        D010 for a document type or an entity, and what the handler raises.
    """
    # What is not whole at the end of a piece is begun anew with the next: pieces in proportion keep that linear.
    piece = max(_PIECE, path.stat().st_size // _PIECES)
    parser = _Parser(forbid_dtd=True, bufsize=piece)
    parser.setContentHandler(handler)
    document = InputSource()
    if encoding:
        document.setEncoding(encoding)
    try:
        with path.open("rb") as source:
            document.setByteStream(source)
            parser.parse(document)
    except defusedxml.DefusedXmlException as error:
        raise forbidden(shown) from error
    except xml.sax.SAXParseException as error:
        line = error.getLineNumber() or 1
        if error.getMessage() in _CUT:
            return Text("the document breaks off in line {line}", "سند در سطر {line} بریده است").filled(
                line=line
            )
        return Text("the XML is wrong in line {line}", "نوشتار XML در سطر {line} نادرست است").filled(
            line=line
        )
    except (xml.sax.SAXException, ValueError, LookupError):
        return Text("its encoding is not known", "کدگذاری آن شناخته نیست")
    return None


def copy(
    path: Path,
    shown: str,
    target: Path,
    features: set[str],
    *,
    encoding: str | None = None,
    copier: type[Copier] | None = None,
) -> Copied:
    """
    Write a clean copy of an XML document.

    Parameters
    ----------
    path
        The document.
    shown
        Its name for people.
    target
        The copy, UTF-8.
    features
        The elements, without prefix, after which a broken document may be closed.
    encoding
        What its bytes are in, whatever it says.
    copier
        What writes it, where a format needs more than `Copier` does.

    Returns
    -------
    Copied
        How far it went.

    Raises
    ------
    SourceError
        D001 where it breaks before its first feature; D010 for a document type, an entity, or an element that links
        to another file or host.
    """
    with target.open("wb+") as out:
        handler = (copier or Copier)(out, shown, features)
        fault = write(path, shown, handler, encoding=encoding)
        return Copied(handler.features, fault)


def write(path: Path, shown: str, copier: Copier, *, encoding: str | None = None) -> Text | None:
    """
    Write a clean copy with what is to write it.

    Parameters
    ----------
    path
        The document.
    shown
        Its name for people.
    copier
        Writes it.
    encoding
        What its bytes are in, whatever it says.

    Returns
    -------
    Text or None
        What is wrong after its last whole feature; None where it is whole.

    Raises
    ------
    SourceError
        As for `copy`.
    """
    fault = parse(path, shown, copier, encoding=encoding)
    if fault is not None:
        if not copier.features:
            raise refusal("unreadable", shown, driver="XML", reason=fault)
        copier.close_after_last()
    return fault


def forbidden(shown: str) -> SourceError:
    """
    Word the refusal of a document type or an entity.

    Parameters
    ----------
    shown
        The document's name for people.

    Returns
    -------
    SourceError
        D010, to be raised.
    """
    return refusal("reference", shown, what=Text("a document type with entities", "تعریف سند با موجودیت"))


def check_element(name: str, shown: str, allowed: Container[str] = ()) -> None:
    """
    Refuse an element that makes a reader fetch something.

    Parameters
    ----------
    name
        The element's name without prefix and namespace.
    shown
        The document's name for people.
    allowed
        Names, in lower case, that are judged by what they link to.

    Raises
    ------
    SourceError
        D010 for a network link and the like.
    """
    if (what := _REFERRING.get(name.casefold())) and name.casefold() not in allowed:
        raise refusal("reference", shown, what=what)


def refers(name: str) -> bool:
    """
    Tell an attribute that makes a reader fetch something.

    Parameters
    ----------
    name
        The attribute's name without prefix and namespace.

    Returns
    -------
    bool
        True for links and addresses of schemas.
    """
    return name.casefold() in _REFERRING_ATTRIBUTES


def check_depth(depth: int, shown: str) -> None:
    """
    Refuse a document whose elements lie too deep within each other.

    Parameters
    ----------
    depth
        How many elements are open.
    shown
        The document's name for people.

    Raises
    ------
    SourceError
        D001 where they are too many.
    """
    if depth >= DEPTH:
        reason = Text("nested too deeply", "تودرتویی بیش از اندازه")
        raise refusal("unreadable", shown, driver="XML", reason=reason)


def readable_encoding(path: Path, encoding: str | None) -> tuple[str | None, str]:
    """
    Tell how to read a document's bytes where it is not in the encoding that it declares.

    Parameters
    ----------
    path
        The document.
    encoding
        What the user says.

    Returns
    -------
    encoding : str or None
        What to tell the parser: None for what the document says itself, ``"iso-8859-1"`` where its bytes are not what
        it says and must be kept for who can tell.
    declared : str
        The encoding that it wrongly declares; empty where all is well.
    """
    if encoding:
        return encoding, ""
    data = path.read_bytes()
    match = _DECLARED.match(data[:200])
    declared = match[1].decode("ascii") if match else "UTF-8"
    if declared.casefold() in {"utf-8", "utf8", "us-ascii", "ascii"} and data[:2] not in {
        b"\xff\xfe",
        b"\xfe\xff",
    }:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            # Cut within a character is cut, not another encoding.
            if error.reason != "unexpected end of data":
                return "iso-8859-1", declared
    return None, ""


# What a copy leaves out of an element's attributes, what it declares there, and the prefixes that are declared then.
_Known = tuple[frozenset[str], str, frozenset[str]]


def _quoted(value: str) -> str:
    return quoteattr(value) if _QUOTED.search(value) else f'"{value}"'


class Copier(ContentHandler):
    """
    Writes what it is told, minus what reaches out, and remembers where the last whole feature ended.

    Parameters
    ----------
    out
        The copy.
    shown
        The document's name for people.
    features
        The elements, without prefix, after which a broken document may be closed.
    """

    def __init__(self, out: IO[bytes], shown: str, features: set[str]) -> None:
        super().__init__()
        self._out = out
        self._shown = shown
        self._names = features
        self._open: list[str] = []
        # Where the last whole feature ends: in the file, or after so many of the pieces that wait for it.
        self._safe, self._whole = 0, 0
        self._roles: dict[str, tuple[bool, bool]] = {}
        self._stack: list[str] = []
        self.features = 0
        self._silent = 0
        self._prefixes: list[frozenset[str]] = [frozenset({"xml", "xmlns"})]
        # Names that were looked at, and the prefix that each needs.
        self._plain: dict[str, str] = {}
        self._known: dict[tuple[str, tuple[str, ...], frozenset[str]], _Known] = {}
        self._pending: list[str] = []
        self._out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        """Copy the beginning of an element."""
        check_depth(len(self._open), self._shown)
        if self._plain.get(name) in self._prefixes[-1] and not len(attrs):
            # A document has few names, and says each many times.
            self._prefixes.append(self._prefixes[-1])
            self._open.append(name)
            self.write(f"<{name}>")
            return
        keys = tuple(attrs)
        known = self._known.get((name, keys, self._prefixes[-1]))
        if known is None:
            known = self._look(name, keys)
        referring, declarations, prefixes = known
        kept = [
            f" {key}={_quoted(value)}"
            for key, value in attrs.items()
            if key not in referring or value.startswith("#")
        ]
        self._open.append(name)
        self._prefixes.append(prefixes)
        if name.rpartition(":")[2] in LEFT_OUT and len(self._open) > OWN:
            self._silent += 1
        self.write(f"<{name}{declarations}{''.join(kept)}>")

    def _look(self, name: str, keys: tuple[str, ...]) -> _Known:
        """Look at an element that comes with these attributes for the first time where these prefixes are declared."""
        local = name.rpartition(":")[2]
        check_element(local, self._shown)
        if local not in LEFT_OUT:
            self._plain[name] = name.rpartition(":")[0] or "xml"
        referring = frozenset(key for key in keys if refers(key.rpartition(":")[2]))
        declared = self._prefixes[-1] | {key[6:] for key in keys if key.startswith("xmlns:")}
        used = {key.rpartition(":")[0] for key in (name, *keys) if ":" in key}
        declarations = "".join(
            f" xmlns:{prefix}={quoteattr(_KNOWN_PREFIXES.get(prefix, f'urn:undeclared:{prefix}'))}"
            for prefix in sorted(used - declared)
        )
        known = referring, declarations, declared | used
        if len(self._known) < _MOST_KNOWN:
            self._known[name, keys, self._prefixes[-1]] = known
        return known

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        """Copy the end of an element."""
        self._open.pop()
        self._prefixes.pop()
        if not self._silent:
            self._pending.append(f"</{name}>")
        role = self._roles.get(name)
        if role is None:
            local = name.rpartition(":")[2]
            role = self._roles[name] = (local in LEFT_OUT, local in self._names)
        left_out, feature = role
        if left_out and len(self._open) >= OWN:
            self._silent -= 1
        if feature:
            self.complete()

    def complete(self) -> None:
        """Remember that a whole feature ends here."""
        self.features += 1
        self._whole = len(self._pending)
        self._stack = list(self._open)

    def characters(self, content: str) -> None:
        """Copy text."""
        if not self._silent:
            self._pending.append(escape(content) if _MARKUP.search(content) else content)
            if len(content) >= _LONG:
                self._flush()

    def endDocument(self) -> None:  # noqa: N802 - SAX's name
        """Copy what stands after the last feature."""
        self._flush()

    def close_after_last(self) -> None:
        """Cut the copy after the last whole feature and close what is open there."""
        # It may have broken off within what is left out.
        self._silent = 0
        del self._pending[self._whole :]
        self._flush()
        self._out.truncate(self._safe)
        self._out.seek(self._safe)
        for name in reversed(self._stack):
            self.write(f"</{name}>")
        self._flush()

    def write(self, text: str) -> None:
        """
        Add text to the copy, where nothing around it is left out.

        Parameters
        ----------
        text
            What is added, markup and all.
        """
        if not self._silent:
            self._pending.append(text)
            if len(self._pending) >= _PENDING:
                self._flush()

    def _flush(self) -> None:
        if self._whole:
            self._out.write("".join(self._pending[: self._whole]).encode("utf-8", "replace"))
            self._safe = self._out.tell()
        self._out.write("".join(self._pending[self._whole :]).encode("utf-8", "replace"))
        self._pending.clear()
        self._whole = 0


def clean_layer(
    staged: Path, driver: str, shown: str, head: gdal.Head, fault: Text | None, declared: str, **options: Any
) -> RawLayer:
    """
    Read one layer of a clean copy.

    Parameters
    ----------
    staged
        The copy.
    driver
        GDAL's driver for it.
    shown
        The file's name for people.
    head
        The layer.
    fault
        What is wrong where the document breaks off; None where it is whole.
    declared
        The encoding that the document declares but is not in; empty where it is.
    **options
        As for `gis.delivery.readers.gdal.read`.

    Returns
    -------
    RawLayer
        Its records, with D003 for each that is damaged.

    Raises
    ------
    SourceError
        D001 where it cannot be read.
    """
    records = gdal.read(staged, driver, head.name, shown, **options)
    frame = _used(records.frame)
    # GML names its features itself.
    ids = [*records.fids.tolist(), *(at for at, _ in records.damaged)]
    first = 0 if driver == "GML" and ids and min(ids) > 0 else 1
    faults = [(at + first, why) for at, why in records.damaged]
    if fault is not None:
        faults.append((len(frame) + len(faults) + 1, fault))
    notes = damaged(shown, head.name, faults)
    kept = undecoded(frame, declared=declared, names=False) if declared else None
    short = parts.short_parts(shown, head.name, records.short)
    return RawLayer(
        shown,
        head.name,
        driver,
        head.crs,
        "",
        frame,
        records.fids + first,
        notes,
        kept,
        short,
        curves=records.curves,
    )


def _used(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out the format's own columns that this file does not use, and GDAL's prefix of those that it added."""
    frame = frame.rename(
        columns=distinct({c: c[4:] for c in frame.columns if c.startswith("ogr_")}, frame.columns)
    )
    return frame[[column for column in frame.columns if column == "geometry" or frame[column].notna().any()]]
