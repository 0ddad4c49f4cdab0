"""Spreadsheets (XLSX) in which numbers are numbers, text is text, and the same input gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.errors import FibreError
from gis.language import Language, Text
from gis.publish.wording.figures import is_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# Excel's own limits: rows of a sheet, letters of a cell.
MAX_ROWS = 1_048_576
_MAX_LETTERS = 32_767
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
# The first moment that a zip archive can name.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEADER_FILL, _HEADER_INK, _RULE = "FF0B5563", "FFFFFFFF", "FF0B5563"
# The prefix makes Excel show Persian digits; the value stays a number.
_FORMATS: dict[Language, str] = {"en": "#,##0", "fa": "[$-3000429]#,##0"}


@dataclass(frozen=True)
class Sheet:
    """
    One sheet.

    Attributes
    ----------
    title
        Its name.
    headings
        The header row.
    columns
        The values of each column, all of one length.
    decimals
        For each column the decimals its numbers show, or None for a column of text.
    total
        A last row, set off from the others; None for no such row.
    """

    title: str
    headings: Sequence[str]
    columns: Sequence[Sequence[Any]]
    decimals: Sequence[int | None]
    total: Sequence[Any] | None = None


def workbook(sheets: Sequence[Sheet], lang: Language) -> bytes:
    """
    Make a spreadsheet.

    Parameters
    ----------
    sheets
        Its sheets.
    lang
        In Persian the sheets run from right to left and show Persian digits.

    Returns
    -------
    bytes
        The XLSX file. Header rows are bold and stay in view; text that begins like a formula is text; the
        time of day is nowhere in the file.

    Raises
    ------
    FibreError
        A sheet has more rows than the format can hold.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - only for this format

    book = Workbook(write_only=True)
    for sheet in sheets:
        rows = len(sheet.columns[0]) + 1 + (sheet.total is not None)
        if rows > MAX_ROWS:
            raise FibreError(
                Text(
                    "{rows} rows are more than a spreadsheet holds ({limit}); --format csv has no limit",
                    "{rows} سطر بیش از گنجایش صفحه‌گسترده است ({limit})؛ --format csv محدودیتی ندارد",
                ),
                rows=rows,
                limit=MAX_ROWS,
            )
        _fill(book.create_sheet(sheet.title), sheet, lang)
    saved = io.BytesIO()
    book.save(saved)
    return _without_clock(saved)


def _fill(page: Any, sheet: Sheet, lang: Language) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    page.sheet_view.rightToLeft = lang == "fa"
    page.freeze_panes = "A2"
    formats = [None if d is None else _FORMATS[lang] + (f".{'0' * d}" if d else "") for d in sheet.decimals]
    total: Sequence[Any] = sheet.total or []
    for at, (heading, values) in enumerate(zip(sheet.headings, sheet.columns, strict=True)):
        last = total[at] if total else ""
        page.column_dimensions[get_column_letter(at + 1)].width = _width([heading, *values[:1000], last])
    white, rule = Font(bold=True, color=_HEADER_INK), Border(top=Side("medium", color=_RULE))
    align = Alignment(horizontal="center", vertical="center", wrap_text=True)
    head = [_cell(page, heading, None) for heading in sheet.headings]
    for cell in head:
        cell.font, cell.fill, cell.alignment = white, PatternFill("solid", fgColor=_HEADER_FILL), align
    page.append(head)
    # A cell is written when its row is appended, so the cells of a column serve all rows.
    kinds = [(_blank(page, form), _blank(page, None), _blank(page, None, quoted=True)) for form in formats]
    for row in zip(*sheet.columns, strict=True):
        page.append([_put(value, *cells) for value, cells in zip(row, kinds, strict=True)])
    if total:
        foot = [_cell(page, value, form) for value, form in zip(total, formats, strict=True)]
        for cell in foot:
            cell.font, cell.border = Font(bold=True), rule
        page.append(foot)


def _cell(page: Any, value: Any, number_format: str | None) -> Any:
    """Make a cell of its own."""
    cells = _blank(page, number_format), _blank(page, None), _blank(page, None, quoted=True)
    return _put(value, *cells) or _blank(page, None)


def _blank(page: Any, number_format: str | None, *, quoted: bool = False) -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    cell = WriteOnlyCell(page)
    if quoted:
        cell.quotePrefix = True
    if number_format is not None:
        cell.number_format = number_format
    return cell


def _put(value: Any, figure: Any, letters: Any, quoted: Any) -> Any:
    """Put a value into the cell that is made for its like; None for a value that is missing."""
    if isinstance(value, str):
        if not value:
            return None
        cell = quoted if value[0] in "=+-@#" else letters
        cell.value = _ILLEGAL.sub("\ufffd", value)[:_MAX_LETTERS]
        # openpyxl takes a leading = for a formula and #N/A for an error; here both are letters. The quote
        # prefix keeps them so when somebody edits the cell.
        cell.data_type = "s"
        return cell
    if is_missing(value):
        return None
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and not np.isfinite(number):
        return None
    figure.value = number
    return figure


def _width(values: Iterable[Any]) -> float:
    longest = max((len(f"{v:,.2f}" if isinstance(v, float) else str(v)) for v in values), default=0)
    return float(min(max(longest + 3, 9), 40))


def _without_clock(saved: io.BytesIO) -> bytes:
    """Write the archive again with no time of day in it."""
    plain = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            new.writestr(entry, content)
    return plain.getvalue()
