"""Tables: CSV, spreadsheets and Parquet, their headings found wherever they stand, their points placed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gis.delivery.files import width
from gis.delivery.files.layer import RawLayer
from gis.delivery.readers import headings, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

# A heading stands within so many rows from the top.
_TOP = 30
_ABOVE = 3


@dataclass(frozen=True, eq=False)
class Table:
    """
    A table as its file has it, headings found.

    Attributes
    ----------
    frame
        Its columns: text of pandas' own type where a column holds nothing but text.
    numbers
        (n,) the number by which each row is found in the file.
    above
        What stands above the headings.
    beyond
        How many of its columns are not in `frame`, as it is too wide (`gis.delivery.files.width`).
    """

    frame: pd.DataFrame
    numbers: NDArray[np.int64]
    above: str = ""
    beyond: int = 0


def layer(table: Table, shown: str, name: str, driver: str) -> RawLayer:
    """
    Give the rows of a table their places.

    Parameters
    ----------
    table
        The table.
    shown
        The file's name for people.
    name
        The table's name in it.
    driver
        The format's name.

    Returns
    -------
    RawLayer
        Points, routes, or rows without geometry.
    """
    frame = table.frame.iloc[:, : width.MAX_COLUMNS]
    beyond = table.beyond + table.frame.shape[1] - frame.shape[1]
    placed = points.positioned(frame, table.numbers, shown, name, table.above)
    return RawLayer(
        shown,
        name,
        driver,
        placed.crs,
        "",
        placed.frame,
        placed.records,
        placed.notes,
        left_out=(*placed.left_out, *width.beyond(shown, name, beyond)),
        brought=placed.brought,
        curves=placed.curves,
        unit_m=placed.unit_m,
    )


def table_of(rows: list[list[Any]], numbers: NDArray[np.int64], beyond: int = 0) -> Table | None:
    """
    Find the headings among the cells of one table.

    Parameters
    ----------
    rows
        (n,) rows of cells, None where a cell is empty.
    numbers
        (n,) the number by which each row is found in the file.
    beyond
        How many columns were left out of the rows already.

    Returns
    -------
    Table or None
        None where no cell holds anything.
    """
    filled = [any(cell is not None for cell in row) for row in rows]
    if not any(filled):
        return None
    wide = max(len(row) for row in rows)
    most = min(wide, width.widest(len(rows), sum(map(len, rows))))
    if most < wide:
        beyond += len({at for row in rows for at, cell in enumerate(row[most:]) if cell is not None})
    rows = [[*row[:most], *[None] * (most - len(row))] for row in rows]
    head = heading_row(rows)
    names = headings_of(rows, head, most)
    body = [at for at in range(head + 1, len(rows)) if filled[at]]
    cells = zip(*(rows[at] for at in body), strict=True) if body else ([] for _ in names)
    columns = {name: _column(list(values)) for name, values in zip(names, cells, strict=True)}
    frame = named_or_filled(pd.DataFrame(columns, columns=names))
    above = " ".join(cell for row in rows[: max(head, 0)] for cell in row if isinstance(cell, str))
    return Table(frame, numbers[body], above, beyond)


def named_or_filled(frame: pd.DataFrame) -> pd.DataFrame:
    """
    Leave out columns that have neither a heading nor anything in them.

    Parameters
    ----------
    frame
        Columns as `headings_of` names them.

    Returns
    -------
    pandas.DataFrame
        The others.
    """
    return frame[
        [name for name in frame.columns if not name.startswith("column_") or frame[name].notna().any()]
    ]


def _column(values: list[Any]) -> pd.Series[Any]:
    text = any(isinstance(value, str) for value in values)
    if text and all(value is None or isinstance(value, str) for value in values):
        return pd.Series(values, dtype="str")
    return pd.Series(values, dtype=object).infer_objects()


def heading_row(rows: list[list[Any]]) -> int:
    """
    Find the row of the headings.

    Parameters
    ----------
    rows
        Rows of cells, of which the first 30 are looked at.

    Returns
    -------
    int
        Its place; the one before the first row that holds anything where that is data already.
    """
    top = [(at, row) for at, row in enumerate(rows[:_TOP]) if any(cell is not None for cell in row)]
    known = {
        at: len({headings.role(cell) for cell in row if isinstance(cell, str)} - {""}) for at, row in top
    }
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


def headings_of(rows: list[list[Any]], head: int, columns: int) -> list[str]:
    """
    Name the columns: by the heading, by what stands above it where it is empty or not alone in its name.

    Parameters
    ----------
    rows
        Rows of cells, `columns` in each.
    head
        The row of the headings, as `heading_row` finds it.
    columns
        How many columns there are.

    Returns
    -------
    list of str
        A name a column, none twice; ``column_3`` where nothing names the third.
    """
    own = [_name(rows[head][at]) if head >= 0 else "" for at in range(columns)]
    count = Counter(own)
    names = []
    for at in range(columns):
        above = [_name(rows[up][at]) for up in range(head - 1, max(head - 1 - _ABOVE, -1), -1)]
        over = next((name for name in above if name and name != own[at]), "")
        if not own[at]:
            names.append(over)
        elif count[own[at]] > 1 and over:
            names.append(f"{over} {own[at]}")
        else:
            names.append(own[at])
    names = headings.unflattened(names)
    return _apart([name or f"column_{at}" for at, name in enumerate(names, start=1)])


def _name(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _apart(names: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    given, result = set(names), []
    for name in names:
        seen[name] += 1
        own = name
        while seen[name] > 1 and (own := f"{name}_{seen[name]}") in given:
            seen[name] += 1
        result.append(own)
    return result
