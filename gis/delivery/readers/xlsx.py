"""XLSX: surveyed points in sheets."""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.files import archives
from gis.delivery.files.refusals import refusal
from gis.delivery.readers.reader import Source, Unread, reader
from gis.delivery.readers.tables import _layers
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from gis.delivery.files.layer import RawLayer

# Beyond this a sheet is streamed, and cells that are merged in it are not looked at.
_MERGED_UP_TO = 100 * 1024**2
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

    streamed = _look_inside(source.path, source.shown)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validation, which are not looked at
            book = openpyxl.load_workbook(source.path, read_only=streamed, data_only=True, keep_links=False)
            found = [
                layer
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
                for layer in _sheet(sheet, source.shown, merged=not streamed)
            ]
            book.close()
    except _DAMAGED as error:
        raise refusal(
            "unreadable", source.shown, driver="XLSX", reason=" ".join(str(error).split())[:200]
        ) from error
    if not found:
        raise refusal("empty", source.shown)
    placed = [layer for layer in found if layer.frame.geometry.notna().any()] or found
    return [Unread.given(layer) for layer in placed]


def _look_inside(path: Path, shown: str) -> bool:
    """Refuse a spreadsheet that unpacks without end, declares entities or links out; tell whether it is large."""
    with archives.opened(path, shown) as archive:
        members = archives.inspect(archive, shown, path.stat().st_size)
        for info, name in members:
            if name.startswith(_EXTERNAL_PARTS):
                raise refusal("reference", shown, what=name)
            if name.endswith((".xml", ".rels", ".vml")):
                _check_part(archive, info, name, shown)
    return any(info.file_size > _MERGED_UP_TO for info, _ in members)


def _check_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, shown: str) -> None:
    relations = name.endswith(".rels")
    tail = b""
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
                tail = chunk[-4096:]
    except _DAMAGED as error:
        raise refusal("unreadable", shown, driver="XLSX", reason=str(error)) from error


def _sheet(sheet: Worksheet, shown: str, *, merged: bool) -> list[RawLayer]:
    rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    numbers = np.arange(1, len(rows) + 1)
    if merged:
        for area in sheet.merged_cells.ranges:
            _fill(rows, area.min_row - 1, area.max_row, area.min_col - 1, area.max_col)
    return _layers(rows, numbers, shown, sheet.title, "XLSX")


def _fill(rows: list[list[Any]], top: int, bottom: int, left: int, right: int) -> None:
    """Write a merged cell's value into all cells that it covers; a title over the whole sheet stays where it is."""
    if top >= len(rows) or left >= len(rows[top]):
        return
    value, width = rows[top][left], len(rows[top])
    if right - left > max(2, width // 2):
        return
    for row in rows[top:bottom]:
        row[left:right] = [value] * len(row[left:right])


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return value
