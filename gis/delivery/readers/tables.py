"""Tables: CSV and spreadsheets, their headings found wherever they stand, their points placed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.delivery.files.layer import RawLayer, title
from gis.delivery.readers import points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


# A heading stands within so many rows from the top.
_TOP = 30
_ABOVE = 3


def positioned(frame: pd.DataFrame, path: Path, shown: str, driver: str) -> RawLayer:
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
    placed, *_ = points.positioned(frame.reset_index(drop=True), records, shown)
    return RawLayer(shown, path.stem, driver, placed.crs, "", placed.frame, placed.records, placed.notes)


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
        for placed in points.positioned(frame, numbers[body], title(shown, name), above)
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
