"""XLS and ODS: surveyed points in the sheets of older and of open office programs, read by calamine."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import python_calamine

from gis.delivery.files import archives
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import spreadsheets
from gis.delivery.readers.reader import Source, Unread, reader
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

# calamine writes repeated cells out, so that what a sheet unpacks to is counted first.
_MOST_CELLS = 50_000_000
_TABLE = re.compile(
    rb"<table:table-row\b(?P<row>[^>]*)>|<table:(?:covered-)?table-cell\b(?P<cell>[^>]*?)(?P<end>/?)>"
)
_REPEATED = re.compile(rb"number-(?:rows|columns)-repeated=[\"'](\d+)[\"']")
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DAMAGED = (python_calamine.CalamineError, OSError, ValueError, OverflowError)


@reader("XLS", "ODS")
def xls(source: Source) -> list[Unread]:
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
        D001 where it is damaged or locked by a password; D008 for an unsafe archive; D009 where no cell holds anything;
        D010 where it declares entities.
    """
    driver = "ODS" if zipfile.is_zipfile(source.path) else "XLS"
    if driver == "ODS":
        _look_inside(source.path, source.shown)
    try:
        with python_calamine.CalamineWorkbook.from_path(source.path) as book:
            sheets = [
                _sheet(book.get_sheet_by_name(about.name))
                for about in book.sheets_metadata
                if about.visible == python_calamine.SheetVisibleEnum.Visible
                and about.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except python_calamine.PasswordError as error:
        locked = Text("it is locked by a password", "با گذرواژه قفل است")
        raise refusal("unreadable", source.shown, driver=driver, reason=locked) from error
    except _DAMAGED as error:
        raise refusal("unreadable", source.shown, driver=driver, reason=reason(error)) from error
    return [Unread.given(layer) for layer in spreadsheets.layers(sheets, source.shown, driver)]


def _sheet(sheet: python_calamine.CalamineSheet) -> spreadsheets.Sheet:
    merged = [
        spreadsheets.Area(top + 1, bottom + 1, left + 1, right + 1)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
    ]
    rows = (
        [None if value == "" else value for value in row] for row in sheet.to_python(skip_empty_area=False)
    )
    return spreadsheets.Sheet(sheet.name, rows, merged)


def _look_inside(path: Path, shown: str) -> None:
    """Refuse a document that unpacks without end, in its archive or in its tables, or that declares entities."""
    with archives.opened(path, shown) as archive:
        for info, name in archives.inspect(archive, shown, path.stat().st_size):
            if name != "content.xml":
                continue
            with archive.open(info) as part:
                content = part.read()
            if _DOCTYPE.search(content):
                entities = Text("a document type with entities", "تعریف سند با موجودیت")
                raise refusal("reference", shown, what=entities)
            if _cells(content) > _MOST_CELLS:
                endless = Text("its sheets unpack to too many cells", "برگه‌هایش به سلول‌های بی‌شمار باز می‌شود")
                raise refusal("unreadable", shown, driver="ODS", reason=endless)


def _cells(content: bytes) -> int:
    """Count the cells with something in them that a document's tables write out, repeated ones as often as they are."""
    total, rows = 0, 1
    for match in _TABLE.finditer(content):
        repeated = _REPEATED.search(match["row"] if match["row"] is not None else match["cell"])
        count = int(repeated[1]) if repeated else 1
        if match["row"] is not None:
            rows = count
        elif not match["end"]:
            total += rows * count
    return total
