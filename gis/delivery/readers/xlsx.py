"""XLSX: surveyed points in sheets."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from gis.delivery.files import archives
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import spreadsheets
from gis.delivery.readers.reader import Source, Unread, reader
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# The merged cells of a sheet; of a sheet with more of them the first count.
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*\bref\s*=\s*[\"']([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})[\"']"
)
_MOST_MERGED = 100_000
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# What openpyxl and zipfile raise of a damaged file.
_DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
    EOFError,
    OSError,
    RuntimeError,  # with NotImplementedError
    zipfile.BadZipFile,
    zlib.error,
)
_EXTERNAL_PARTS = (
    "xl/externalLinks/",
    "xl/connections.xml",
    "xl/queryTables/",
    "xl/webExtensions/",
    "xl/model/",
)
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>", re.IGNORECASE)


@reader("XLSX")
def xlsx(source: Source) -> list[Unread]:
    """
    Tell the layers of a spreadsheet: its visible sheets with coordinates, or all that hold anything.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The sheet's name.

    Raises
    ------
    SourceError
        D001 where it is damaged; D008 for an unsafe archive; D010 where it links to other files or hosts.
    """
    import openpyxl  # noqa: PLC0415 - heavy, and most deliveries are no spreadsheets

    merged = _look_inside(source.path, source.shown)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validation, which are not looked at
            book = openpyxl.load_workbook(source.path, read_only=True, data_only=True, keep_links=False)
            sheets = [
                spreadsheets.Sheet(sheet.title, _rows(sheet), merged.get(_part_of(sheet), []))
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
            ]
            found = spreadsheets.layers(sheets, source.shown, "XLSX")
            book.close()
    except _DAMAGED as error:
        raise refusal("unreadable", source.shown, driver="XLSX", reason=reason(error)) from error
    return [Unread.given(layer) for layer in found]


def _rows(sheet: Any) -> Iterator[Sequence[Any]]:
    """Give the rows of a sheet as they are written, whatever it says of its extent."""
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()
    return iter(sheet.iter_rows(values_only=True))


def _part_of(sheet: Any) -> str:
    """Name the part of the file that holds a sheet."""
    return str(getattr(sheet, "_worksheet_path", "")).lstrip("/")


def _look_inside(path: Path, shown: str) -> dict[str, list[spreadsheets.Area]]:
    """Refuse a spreadsheet that unpacks without end, declares entities or links out; give the merged cells of each."""
    merged: dict[str, list[spreadsheets.Area]] = {}
    with archives.opened(path, shown) as archive:
        for info, name in archives.inspect(archive, shown, path.stat().st_size):
            if name.startswith(_EXTERNAL_PARTS):
                raise refusal("reference", shown, what=name)
            if name.endswith((".xml", ".rels", ".vml")):
                merged[name] = _check_part(archive, info, name, shown)
    return merged


def _check_part(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, shown: str
) -> list[spreadsheets.Area]:
    relations = name.endswith(".rels")
    tail = b""
    merged: dict[bytes, spreadsheets.Area] = {}
    try:
        with archive.open(info) as part:
            while chunk := part.read(1024**2):
                text = (tail + chunk).replace(b"\0", b"")  # UTF-16 hides nothing
                if _DOCTYPE.search(text):
                    raise refusal(
                        "reference", shown, what=Text("a document type with entities", "تعریف سند با موجودیت")
                    )
                for relation in _RELATION.findall(text) if relations else []:
                    if b'"External"' in relation.replace(b"'", b'"') and b"/hyperlink" not in relation:
                        raise refusal("reference", shown, what=name)
                if len(merged) < _MOST_MERGED:
                    merged |= {one: _area(one) for one in _MERGED.findall(text)}
                tail = chunk[-4096:]
    except _DAMAGED as error:
        raise refusal("unreadable", shown, driver="XLSX", reason=reason(error)) from error
    return list(merged.values())


def _area(reference: bytes) -> spreadsheets.Area:
    from openpyxl.utils.cell import range_boundaries  # noqa: PLC0415 - heavy

    left, top, right, bottom = (at or 1 for at in range_boundaries(reference.decode("ascii")))
    return spreadsheets.Area(top, bottom, left, right)
