"""
Spreadsheets: their sheets as tables, whatever program wrote them.

A sheet is as large as what is written in it: a single cell in the last row and column of a sheet, or a merged area over
all of it, takes no more room than its value.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.files import width
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import tables
from gis.inventory import LeftOut
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gis.delivery.files.layer import RawLayer

# A row that is wider than this and mostly empty is kept by its cells.
_WIDE, _SPARSE = 256, 8
_ROWS = Text("{count:row|rows} of a sheet without positions", "سطر از برگه‌ای بی‌موقعیت")
_NO_POSITIONS = Text(
    "the sheet has no geometry and no columns of coordinates, as the others have; nothing of it is measured",
    "این برگه برخلاف برگه‌های دیگر نه هندسه دارد و نه ستون مختصات؛ چیزی از آن اندازه گرفته نمی‌شود",
)


@dataclass(frozen=True, slots=True)
class Area:
    """
    Merged cells.

    Attributes
    ----------
    top, bottom
        Their first and last row, counted from 1.
    left, right
        Their first and last column, counted from 1.
    """

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, eq=False)
class Sheet:
    """
    A sheet as its file has it.

    Attributes
    ----------
    name
        Its name.
    rows
        Its rows from the first on, each as far as it goes.
    merged
        Its merged cells.
    """

    name: str
    rows: Iterable[Sequence[Any]]
    merged: Sequence[Area] = ()


def layers(sheets: Iterable[Sheet], shown: str, driver: str) -> list[RawLayer]:
    """
    Make layers of sheets: of those that have positions, or of all that hold anything.

    Parameters
    ----------
    sheets
        The visible ones.
    shown
        The file's name for people.
    driver
        The format's name.

    Returns
    -------
    list of RawLayer
        One a sheet; what is in sheets without positions beside such as have them stands with the first as left out.

    Raises
    ------
    SourceError
        D009 where no cell holds anything.
    """
    found = [
        tables.layer(table, shown, sheet.name, driver)
        for sheet in sheets
        if (table := _table(sheet)) is not None
    ]
    if not found:
        raise refusal("empty", shown)
    placed = [layer for layer in found if layer.frame.geometry.notna().any()]
    if not placed:
        return found
    passed = [
        LeftOut(shown, layer.layer, len(layer.frame), _ROWS, _NO_POSITIONS)
        for layer in found
        if layer not in placed and len(layer.frame)
    ]
    return [replace(placed[0], left_out=(*placed[0].left_out, *passed)), *placed[1:]]


def _table(sheet: Sheet) -> tables.Table | None:
    """Take the cells of a sheet that hold anything, in the rows and columns that hold anything."""
    kept: list[tuple[int, Sequence[Any] | dict[int, Any]]] = []
    used: set[int] = set()
    for number, row in enumerate(sheet.rows, start=1):
        cells = [_cell(value) for value in row]
        there = [at for at, cell in enumerate(cells) if cell is not None]
        if not there:
            continue
        used.update(there)
        sparse = len(cells) > _WIDE and len(there) * _SPARSE < len(cells)
        kept.append((number, {at: cells[at] for at in there} if sparse else cells))
    wide = sorted(used)
    cells_of_all = sum(len(row) for _, row in kept)
    columns = np.array(wide[: width.widest(len(kept), cells_of_all)], dtype=np.int64)
    numbers = np.array([number for number, _ in kept], dtype=np.int64)
    rows = [[_at(row, at) for at in columns.tolist()] for _, row in kept]
    for area in sheet.merged:
        _fill(rows, numbers, columns, area)
    return tables.table_of(rows, numbers, len(wide) - len(columns))


def _at(row: Sequence[Any] | dict[int, Any], at: int) -> Any:
    if isinstance(row, dict):
        return row.get(at)
    return row[at] if at < len(row) else None


def _fill(rows: list[list[Any]], numbers: Any, columns: Any, area: Area) -> None:
    """Write a merged cell's value into all cells that it covers; a title over the whole sheet stays where it is."""
    top, bottom = np.searchsorted(numbers, [area.top, area.bottom + 1])
    left, right = np.searchsorted(columns, [area.left - 1, area.right])
    if top == bottom or left == right or numbers[top] != area.top or columns[left] != area.left - 1:
        return
    if right - left > max(2, len(columns) // 2):
        return
    value = rows[top][left]
    for row in rows[top:bottom]:
        row[left:right] = [value] * int(right - left)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and math.fabs(value) < 2**53:
        return int(value)
    return value
