"""Tables: CSV and spreadsheets, their headings found wherever they stand, their points placed."""

from __future__ import annotations

import csv as csv_files
import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.delivery import points
from gis.delivery.files import archives
from gis.delivery.files.layer import RawLayer, title, undecoded
from gis.delivery.files.refusals import refusal
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

_SAMPLE = 50
_LONGEST_CELL = 16 * 1024**2
_DELIMITERS = ",;\t|"
# A heading stands within so many rows from the top.
_TOP = 30
_ABOVE = 3
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


def csv(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layers of a text table: one, or one for each UTM zone that it names.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        Not used: nothing is laid out.
    encoding
        What its bytes are in.

    Returns
    -------
    list of (str, callable)
        The file's stem, and what gives it.

    Raises
    ------
    SourceError
        D001 where it is no table.
    """
    del folder
    csv_files.field_size_limit(_LONGEST_CELL)
    text, used = _text(path, shown, encoding)
    sample = "".join(text.splitlines(keepends=True)[:_SAMPLE])
    reader = csv_files.reader(io.StringIO(text, newline=""), delimiter=_delimiter(sample), strict=False)
    rows: list[list[Any]] = []
    numbers: list[int] = []
    try:
        for row in reader:
            rows.append([cell.strip() or None for cell in row])
            numbers.append(reader.line_num)
    except csv_files.Error as error:
        raise refusal("unreadable", shown, driver="CSV", reason=str(error)) from error
    layers = _layers(rows, np.array(numbers, dtype=np.int64), shown, path.stem, "CSV")
    return [(layer.layer, partial(_encoded, layer, used)) for layer in layers]


def xlsx(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layers of a spreadsheet: its visible sheets with coordinates, or all that hold anything.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder, encoding
        Not used.

    Returns
    -------
    list of (str, callable)
        The sheet's name, and what gives it.

    Raises
    ------
    SourceError
        D001 where it is damaged; D008 for an unsafe archive; D010 where it links to other files or hosts.
    """
    del folder, encoding
    import openpyxl  # noqa: PLC0415 - heavy, and most deliveries are no spreadsheets

    streamed = _look_inside(path, shown)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validation, which are not looked at
            book = openpyxl.load_workbook(path, read_only=streamed, data_only=True, keep_links=False)
            found = [
                layer
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
                for layer in _sheet(sheet, shown, merged=not streamed)
            ]
            book.close()
    except _DAMAGED as error:
        raise refusal(
            "unreadable", shown, driver="XLSX", reason=" ".join(str(error).split())[:200]
        ) from error
    if not found:
        raise refusal("empty", shown)
    placed = [layer for layer in found if layer.frame.geometry.notna().any()] or found
    return [(layer.layer, partial(_given, layer)) for layer in placed]


def place(frame: pd.DataFrame, path: Path, shown: str, driver: str) -> RawLayer:
    """
    Give the rows of a table that has its headings their places.

    Parameters
    ----------
    frame
        The table.
    path
        Its file.
    shown
        The file's name for people.
    driver
        The format's name.

    Returns
    -------
    RawLayer
        Points, routes, or rows without geometry.
    """
    records = np.arange(1, len(frame) + 1)
    placed, *_ = points.place(frame.reset_index(drop=True), records, shown)
    return RawLayer(shown, path.stem, driver, placed.crs, "", placed.frame, placed.records, placed.notes)


def _given(layer: RawLayer) -> RawLayer:
    return layer


def _text(path: Path, shown: str, encoding: str | None) -> tuple[str, str]:
    """Decode a text table; give the encoding, or nothing where its bytes are kept as Latin-1."""
    data = path.read_bytes()
    if encoding is None:
        for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
            if data.startswith(mark):
                return data.decode(name, "replace"), name.upper().removesuffix("-SIG")
        try:
            return data.decode("utf-8"), "UTF-8"
        except UnicodeDecodeError:
            return data.decode("latin-1"), ""
    try:
        return data.decode(encoding, "replace").removeprefix("\ufeff"), encoding
    except LookupError as error:
        raise refusal("encoding", shown, encoding=encoding) from error


def _delimiter(sample: str) -> str:
    """Take the delimiter that cuts most rows into the same number of cells, the more the better."""

    def agreement(delimiter: str) -> tuple[float, int]:
        try:
            rows = list(csv_files.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
        except csv_files.Error:
            return 0.0, 1
        widths = [len(row) for row in rows if row]
        common = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (widths.count(common) / len(widths) if common > 1 else 0.0, common)

    return max(_DELIMITERS, key=agreement)


def _encoded(layer: RawLayer, encoding: str) -> RawLayer:
    return replace(layer, encoding=encoding) if encoding else replace(layer, undecoded=undecoded(layer.frame))


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


def _layers(rows: list[list[Any]], numbers: Any, shown: str, name: str, driver: str) -> list[RawLayer]:
    """Make layers of the cells of one table."""
    filled = [any(cell is not None for cell in row) for row in rows]
    if not any(filled):
        return []
    width = max(len(row) for row in rows)
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    head = _heading(rows)
    names = _names(rows, head, width)
    body = [at for at in range(head + 1, len(rows)) if filled[at]]
    frame = pd.DataFrame([rows[at] for at in body], columns=names, dtype=object)
    used = [
        column for column in frame.columns if frame[column].notna().any() or not column.startswith("column_")
    ]
    frame = frame[used].infer_objects()
    above = " ".join(cell for row in rows[: max(head, 0)] for cell in row if isinstance(cell, str))
    return [
        RawLayer(
            shown,
            f"{name} {placed.suffix}".strip(),
            driver,
            placed.crs,
            "",
            placed.frame,
            placed.records,
            placed.notes,
        )
        for placed in points.place(frame, numbers[body], title(shown, name), above)
    ]


def _heading(rows: list[list[Any]]) -> int:
    """Find the row of the headings; -1 where the first row is data already."""
    top = [(at, row) for at, row in enumerate(rows[:_TOP]) if any(cell is not None for cell in row)]
    known = {at: len({points.role(cell) for cell in row if isinstance(cell, str)} - {""}) for at, row in top}
    best = max(known, key=lambda at: known[at])
    if known[best] > 1:
        return best
    texts = {at: sum(isinstance(cell, str) and not _numeric(cell) for cell in row) for at, row in top}
    wide = max(texts.values())
    first, row = top[0]
    if sum(_numeric(cell) for cell in row if cell is not None) >= 2:  # noqa: PLR2004 - two numbers are coordinates
        return first - 1
    return next(at for at, count in texts.items() if count == wide)


def _numeric(cell: Any) -> bool:
    if isinstance(cell, str):
        return re.fullmatch(r"[+-]?[\d۰-۹٠-٩]+(?:[.,٫/][\d۰-۹٠-٩]+)?", cell) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _names(rows: list[list[Any]], head: int, width: int) -> list[str]:
    """Name the columns: by the heading, by what stands above it where it is empty or not alone in its name."""
    own = [_name(rows[head][at]) if head >= 0 else "" for at in range(width)]
    names = []
    for at in range(width):
        above = [_name(rows[up][at]) for up in range(head - 1, max(head - 1 - _ABOVE, -1), -1)]
        over = next((name for name in above if name and name != own[at]), "")
        if not own[at]:
            names.append(over)
        elif own.count(own[at]) > 1 and over:
            names.append(f"{over} {own[at]}")
        else:
            names.append(own[at])
    return _apart([name or f"column_{at}" for at, name in enumerate(names, start=1)])


def _name(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _apart(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result
