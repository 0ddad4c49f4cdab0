"""CSV: surveyed points, or geometry in cells."""

from __future__ import annotations

import codecs
import contextlib
import csv as csv_files
import io
import mmap
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from gis.delivery.files.layer import undecoded
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import tables
from gis.delivery.readers.process import Held
from gis.delivery.readers.reader import Source, Unread, reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gis.delivery.files.layer import RawLayer

_SAMPLE = 50
_HEAD = 1024**2
# Larger tables are read in bulk where they are plain.
_LARGE = 4 * 1024**2
_UTF8 = {"utf-8", "utf8", "utf-8-sig"}
_NOT_PLAIN = (b'"', b"\0")
_LONGEST_CELL = 16 * 1024**2
_DELIMITERS = ",;\t|"


@contextlib.contextmanager
def _longest_cell() -> Iterator[None]:
    """Let cells be as long as a line's geometry: the csv module has one limit for the whole process."""
    before = csv_files.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv_files.field_size_limit(before)


@reader("CSV")
def csv(source: Source) -> list[Unread]:
    """
    Tell the layer of a text table.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The file's stem.

    Raises
    ------
    SourceError
        D001 where it is no table.
    """
    name = source.path.stem
    table = None
    if source.path.stat().st_size > _LARGE and (source.encoding or "utf-8").casefold() in _UTF8:
        table, used = in_bulk(source.path), "UTF-8"
    if table is None:
        table, used = row_by_row(source.path, source.shown, source.encoding)
    if table is None:
        return []
    return [Unread(name, partial(_layer, table, source.shown, name, used))]


@Held(_longest_cell)
def row_by_row(path: Path, shown: str, encoding: str | None = None) -> tuple[tables.Table | None, str]:
    """
    Read a text table with all that people write into one: titles, quotes, rows of any width, any encoding.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    encoding
        What its text is in, whatever its bytes say.

    Returns
    -------
    tuple of Table or None, and str
        The table, None where no cell holds anything; the encoding, or nothing where its bytes are kept as Latin-1.

    Raises
    ------
    SourceError
        D001 where it is no table.
    """
    text, used = _text(path, shown, encoding)
    sample = "".join(text.splitlines(keepends=True)[:_SAMPLE])
    lines = csv_files.reader(io.StringIO(text, newline=""), delimiter=_delimiter(sample), strict=False)
    rows: list[list[Any]] = []
    numbers: list[int] = []
    try:
        for row in lines:
            rows.append(_cells(row))
            numbers.append(lines.line_num)
    except csv_files.Error as error:
        raise refusal("unreadable", shown, driver="CSV", reason=reason(error)) from error
    return tables.table_of(rows, np.array(numbers, dtype=np.int64)), used


def in_bulk(path: Path) -> tables.Table | None:
    """
    Read a large text table at once, where it is plain: UTF-8, a heading in the first line, a line a row, no quotes.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Table or None
        What `row_by_row` gives; None where the file is not so plain.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if any(data.find(mark) >= 0 for mark in _NOT_PLAIN) or not _one_line_end(data):
            return None
        start = data[:_HEAD]
    try:
        lines = start.removeprefix(codecs.BOM_UTF8).decode("utf-8", "ignore").splitlines(keepends=True)
        sample = "".join(lines[:_SAMPLE])
        delimiter = _delimiter(sample)
        rows = [_cells(row) for row in csv_files.reader(io.StringIO(sample, newline=""), delimiter=delimiter)]
    except csv_files.Error:
        return None
    if len(lines) <= _SAMPLE or len({len(row) for row in rows}) > 1 or tables.heading_row(rows) != 0:
        return None
    names = tables.headings_of(rows, 0, len(rows[0]))
    try:
        read = pa_csv.read_csv(
            path,
            pa_csv.ReadOptions(column_names=names, skip_rows=1),
            pa_csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowException:
        return None
    columns = {name: _trimmed(read.column(at)) for at, name in enumerate(names)}
    del read
    frame = pd.DataFrame({name: _series(column) for name, column in columns.items()})
    filled = frame.notna().any(axis=1).to_numpy()
    numbers = np.arange(2, len(frame) + 2)
    if not filled.all():
        frame, numbers = frame[filled].reset_index(drop=True), numbers[filled]
    return tables.Table(tables.named_or_filled(frame), numbers)


def _cells(row: list[str]) -> list[Any]:
    return [cell.strip() or None for cell in row]


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    bare = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(bare, ""), None, bare)


def _series(column: pa.ChunkedArray) -> pd.Series[Any]:
    if column.null_count == len(column):  # of no kind
        return pd.Series([None] * len(column), dtype=object)
    return pd.Series(pd.array(column, dtype="str"))


def _one_line_end(data: mmap.mmap) -> bool:
    """Tell whether all lines of a file end alike, with no empty line between them."""
    if data.find(b"\r") < 0:
        return data.find(b"\n\n") < 0
    return data.find(b"\n\r") < 0 and re.search(rb"\r(?!\n)|(?<!\r)\n", data) is None


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


def _layer(table: tables.Table, shown: str, name: str, encoding: str) -> RawLayer:
    layer = tables.layer(table, shown, name, "CSV")
    return replace(layer, encoding=encoding) if encoding else replace(layer, undecoded=undecoded(layer.frame))
