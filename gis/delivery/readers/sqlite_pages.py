"""
What is left of a damaged SQLite file: its tables walked page by page, pages that are gone stepped over.

SQLite itself reads nothing of a file whose schema or first page is not whole. The layout is that of
https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LEAF, _INTERIOR = 0x0D, 0x05
_HEADER = 100
_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
_REAL, _ZERO, _ONE, _BLOB = 7, 8, 9, 12


@dataclass(frozen=True)
class Row:
    """
    A row of a table.

    Attributes
    ----------
    number
        Its rowid.
    cells
        Its values by column; a column that was added later may be missing.
    """

    number: int
    cells: dict[str, Any]


class Pages:
    """
    The pages of a database file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ValueError
        Where not even the first page is one of SQLite's.
    """

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        if self._data[:16] != b"SQLite format 3\0" or len(self._data) < 2 * _HEADER:
            raise ValueError("no SQLite file")
        size = struct.unpack(">H", self._data[16:18])[0]
        self._page = 65536 if size == 1 else size
        self._usable = self._page - self._data[20]
        if self._page < 512 or self._usable < 480:  # noqa: PLR2004 - the format's least
            raise ValueError("no SQLite file")
        self._lost = 0
        self._tables = {
            name: (root, sql)
            for _, (kind, name, _, root, sql, *_) in self._walk(1)
            if kind == "table" and isinstance(root, int) and isinstance(sql, str)
        }

    @property
    def tables(self) -> list[str]:
        """The names of the tables that the schema still has."""
        return list(self._tables)

    def rows(self, table: str) -> tuple[list[Row], int]:
        """
        Give the rows of a table that are whole.

        Parameters
        ----------
        table
            Its name.

        Returns
        -------
        rows : list of Row
            In the order of their numbers.
        lost : int
            How many pages of the table are gone or damaged.

        Raises
        ------
        KeyError
            Where the schema that is left does not have the table.
        """
        root, sql = self._tables[table]
        columns = _columns(sql)
        self._lost = 0
        rows = []
        for number, values in self._walk(root):
            # The column that is the row's number is stored empty.
            named = {
                name: number if key and value is None else value
                for (name, key), value in zip(columns, values, strict=False)
            }
            rows.append(Row(number, named))
        return sorted(rows, key=lambda row: row.number), self._lost

    def columns(self, table: str) -> list[str]:
        """
        Give the names of a table's columns.

        Parameters
        ----------
        table
            Its name.

        Returns
        -------
        list of str
            In order; without the one that is the row's number.
        """
        return [name for name, key in _columns(self._tables[table][1]) if not key]

    def _walk(self, root: int) -> Iterator[tuple[int, list[Any]]]:
        waiting, seen = [root], set()
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            page = self._data[(number - 1) * self._page : number * self._page]
            start = _HEADER if number == 1 else 0
            if number < 1 or len(page) < self._page or page[start] not in {_LEAF, _INTERIOR}:
                self._lost += 1
                continue
            cells = struct.unpack(">H", page[start + 3 : start + 5])[0]
            width = 12 if page[start] == _INTERIOR else 8
            pointers = struct.unpack(
                f">{cells}H", page[start + width : start + width + 2 * cells].ljust(2 * cells, b"\0")
            )
            if page[start] == _INTERIOR:
                children = [
                    struct.unpack(">I", page[at : at + 4])[0] for at in pointers if at + 4 <= len(page)
                ]
                waiting += [struct.unpack(">I", page[start + 8 : start + 12])[0], *reversed(children)]
                continue
            for at in pointers:
                try:
                    yield self._cell(page, at)
                except (IndexError, ValueError, struct.error):
                    self._lost += 1

    def _cell(self, page: bytes, at: int) -> tuple[int, list[Any]]:
        length, at = _varint(page, at)
        number, at = _varint(page, at)
        number = number - 2**64 if number >= 2**63 else number
        return number, _record(self._payload(page, at, length))

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        most = self._usable - 35
        if length <= most:
            return page[at : at + length]
        least = (self._usable - 12) * 32 // 255 - 23
        here = least + (length - least) % (self._usable - 4)
        here = here if here <= most else least
        parts, following = [page[at : at + here]], struct.unpack(">I", page[at + here : at + here + 4])[0]
        left = length - here
        while left > 0:
            begin = (following - 1) * self._page
            if following < 1 or begin + 4 > len(self._data):
                raise ValueError("an overflow page is gone")
            chunk = self._data[begin + 4 : begin + self._usable][:left]
            if not chunk:
                raise ValueError("an overflow page is gone")
            parts.append(chunk)
            left -= len(chunk)
            following = struct.unpack(">I", self._data[begin : begin + 4])[0]
        return b"".join(parts)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = data[at + step]
        if step == 8:  # noqa: PLR2004 - the ninth byte counts whole
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return value, at + step + 1
    raise ValueError("no number")


def _record(payload: bytes) -> list[Any]:
    header, at = _varint(payload, 0)
    kinds = []
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Any] = []
    for kind in kinds:
        size = _SIZES[kind] if kind in _SIZES else max(kind - _BLOB, 0) // 2
        data = payload[at : at + size]
        if len(data) < size:
            raise ValueError("the record is cut")
        at += size
        values.append(_value(kind, data))
    return values


def _value(kind: int, data: bytes) -> Any:
    if kind == 0:
        return None
    if kind == _REAL:
        return struct.unpack(">d", data)[0]
    if kind in {_ZERO, _ONE}:
        return kind - _ZERO
    if kind < _REAL:
        return int.from_bytes(data, "big", signed=True)
    return data if kind % 2 == 0 else data.decode("utf-8", "replace")


def _columns(sql: str) -> list[tuple[str, bool]]:
    """Give a table's columns and whether each is the row's number, as SQLite itself understands its definition."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(sql)
            (table,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
            quoted = table.replace('"', '""')
            info = database.execute(f'PRAGMA table_info("{quoted}")').fetchall()
        except sqlite3.Error:
            return []
    return [(name, bool(key) and kind.upper() == "INTEGER") for _, name, kind, _, _, key in info]
