"""CSV: surveyed points, or geometry in cells."""

from __future__ import annotations

import contextlib
import csv as csv_files
import io
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.files.layer import RawLayer, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers.process import Held
from gis.delivery.readers.reader import Source, Unread, reader
from gis.delivery.readers.tables import _layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAMPLE = 50
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
@Held(_longest_cell)
def csv(source: Source) -> list[Unread]:
    """
    Tell the layers of a text table: one, or one for each UTM zone that it names.

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
    text, used = _text(source.path, source.shown, source.encoding)
    sample = "".join(text.splitlines(keepends=True)[:_SAMPLE])
    lines = csv_files.reader(io.StringIO(text, newline=""), delimiter=_delimiter(sample), strict=False)
    rows: list[list[Any]] = []
    numbers: list[int] = []
    try:
        for row in lines:
            rows.append([cell.strip() or None for cell in row])
            numbers.append(lines.line_num)
    except csv_files.Error as error:
        raise refusal("unreadable", source.shown, driver="CSV", reason=str(error)) from error
    layers = _layers(rows, np.array(numbers, dtype=np.int64), source.shown, source.path.stem, "CSV")
    return [Unread(layer.layer, partial(_encoded, layer, used)) for layer in layers]


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
