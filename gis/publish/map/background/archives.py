"""
Archives of raster tiles: MBTiles and PMTiles, read without trust.

Formats: MBTiles 1.3 (rows counted from the south), PMTiles version 3
(https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gis.errors import SourceError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

# One image or directory; an archive that says more of one is broken.
_MOST_BYTES = 24_000_000
# Steps of SQLite's machine for one archive; its tiles may be a view that never ends.
_MOST_STEPS = 200_000_000
_STEPS_A_CALL = 100_000
_HEADER_BYTES = 127
_VERSION = 3
_MOST_UNPACKED = 16_000_000
_MOST_DIRECTORIES = 4_000
_DEEPEST_DIRECTORY = 4
# Looked at for one zoom: more than any background needs, unless the archive's directories lie.
_MOST_SQUARES = 1_000_000
_NO_COMPRESSION, _GZIP = 1, 2
_VECTOR_TYPES = {1, 6}  # MVT, MLT
_VECTOR_FORMATS = {"pbf", "mvt", "mlt", "application/vnd.mapbox-vector-tile"}

_MISSING = Text(
    "{path}: no such file; a background is an archive of raster tiles, .mbtiles or .pmtiles",
    "{path}: چنین فایلی نیست؛ نقشهٔ زمینه بایگانی کاشی‌های تصویری است، ‎.mbtiles یا ‎.pmtiles",
)
_UNKNOWN = Text(
    "{path}: neither MBTiles nor PMTiles version 3; a background is an archive of raster tiles",
    "{path}: نه MBTiles است و نه PMTiles نسخهٔ ۳؛ نقشهٔ زمینه بایگانی کاشی‌های تصویری است",
)
_VECTOR = Text(
    "{path}: holds vector tiles, and the page needs raster ones (PNG, JPEG or WebP); export the map as raster tiles",
    "{path}: کاشی‌های برداری دارد و صفحه کاشی تصویری می‌خواهد (PNG، JPEG یا WebP)؛ نقشه را با کاشی تصویری خروجی بگیرید",
)
_BROKEN = Text(
    "{path}: the archive of tiles is broken ({why}); make or fetch it anew",
    "{path}: بایگانی کاشی‌ها خراب است ({why})؛ آن را دوباره بسازید یا بگیرید",
)
_WHY_DATABASE = Text("its tables cannot be read", "جدول‌هایش خوانده نمی‌شود")
_WHY_SHORT = Text("it ends too early", "پیش از پایان بریده شده است")
_WHY_DIRECTORY = Text("its directory of tiles makes no sense", "فهرست کاشی‌هایش معنا ندارد")
_WHY_COMPRESSION = Text("compressed otherwise than with gzip", "فشرده‌سازی آن gzip نیست")
_WHY_TILE = Text("tile {tile} is neither PNG, JPEG nor WebP", "کاشی {tile} نه PNG است، نه JPEG و نه WebP")
_LOG = Text(
    "{path}: {beside} lies beside it, so its last changes are not in it yet; close the program that writes it, or run: "
    "sqlite3 {path} 'PRAGMA wal_checkpoint(TRUNCATE)'",
    "{path}: فایل {beside} کنار آن است و آخرین تغییرها هنوز در خود آن نیست؛ برنامه‌ای را که در آن می‌نویسد "
    "ببندید یا این را اجرا کنید: sqlite3 {path} 'PRAGMA wal_checkpoint(TRUNCATE)'",
)
_JOURNAL = Text(
    "{path}: {beside} lies beside it, so a change of it is not finished; let the program that writes it finish, or "
    "run: sqlite3 {path} 'PRAGMA integrity_check'",
    "{path}: فایل {beside} کنار آن است و تغییری در آن ناتمام مانده؛ بگذارید برنامه‌ای که در آن می‌نویسد کارش را "
    "تمام کند یا این را اجرا کنید: sqlite3 {path} 'PRAGMA integrity_check'",
)


class _BrokenError(Exception):
    """What is wrong with an archive."""

    def __init__(self, why: Text, **fields: Any) -> None:
        self.why = why.filled(**fields)
        super().__init__(self.why.en)


class _VectorError(Exception):
    """The archive's tiles are no images."""


class Archive(Protocol):
    """An archive of raster tiles, open for reading."""

    @property
    def attribution(self) -> str:
        """Whom the archive names, as it says it."""

    def tiles(self, zoom: int, box: tuple[int, int, int, int], most: int) -> Iterator[tuple[int, int, bytes]]:
        """
        Give tiles of a zoom.

        Parameters
        ----------
        zoom
            The zoom, 0 the whole world in one tile.
        box
            First column and row, last column and row; rows are counted from the north.
        most
            More tiles than this are not asked for.

        Yields
        ------
        tuple
            Column, row, and image of each tile that there is.
        """


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """
    Open an archive for reading alone.

    Parameters
    ----------
    path
        MBTiles or PMTiles version 3, told by its first bytes.

    Yields
    ------
    Archive
        The archive.

    Raises
    ------
    SourceError
        There is no such file, it is no such archive, a part of it is in a file beside it, it is broken (also while
        it is read), or it holds vector tiles.
    """
    try:
        with _reader(path) as archive:
            yield archive
    except (_BrokenError, sqlite3.Error, UnicodeError) as error:
        why = error.why if isinstance(error, _BrokenError) else _WHY_DATABASE
        raise SourceError(_BROKEN, path=path, why=why) from None
    except _VectorError:
        raise SourceError(_VECTOR, path=path) from None


def image_type(tile: bytes, name: str) -> str:
    """
    Tell what image a tile is.

    Parameters
    ----------
    tile
        Its bytes.
    name
        Its place, for the message.

    Returns
    -------
    str
        ``png``, ``jpeg`` or ``webp``.

    Raises
    ------
    SourceError
        Within `opened`: it is none of them.
    """
    if tile.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if tile.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if tile[:4] == b"RIFF" and tile[8:12] == b"WEBP":
        return "webp"
    raise _BrokenError(_WHY_TILE, tile=name)


def _reader(path: Path) -> contextlib.AbstractContextManager[Archive]:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except (OSError, ValueError):
        raise SourceError(_MISSING, path=path) from None
    if start == b"SQLite format 3\0":
        for end, remedy in (("-wal", _LOG), ("-journal", _JOURNAL)):
            beside = path.with_name(path.name + end)
            if beside.is_file() and beside.stat().st_size:
                raise SourceError(remedy, path=path, beside=beside.name)
        return _MBTiles(path)
    if start[:7] == b"PMTiles" and start[7:8] == bytes([_VERSION]):
        return _PMTiles(path)
    raise SourceError(_UNKNOWN, path=path)


class _MBTiles(contextlib.AbstractContextManager["_MBTiles"]):
    """An MBTiles file; immutable, so that not even a lock is written beside it."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(uri, uri=True)
        self._calls = 0
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        self._database.set_progress_handler(self._exhausted, _STEPS_A_CALL)
        try:
            self._begin()
        except BaseException:
            self._database.close()
            raise

    def _begin(self) -> None:
        self._database.execute("PRAGMA trusted_schema=OFF")
        self.attribution = self._said("attribution")
        if self._said("format").lower() in _VECTOR_FORMATS:
            raise _VectorError

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def tiles(self, zoom: int, box: tuple[int, int, int, int], most: int) -> Iterator[tuple[int, int, bytes]]:
        """Give the tiles of a zoom in a box."""
        west, north, east, south = box
        last = (1 << zoom) - 1
        found = self._database.execute(
            "SELECT tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? AND tile_column BETWEEN ? "
            "AND ? AND tile_row BETWEEN ? AND ? ORDER BY tile_column, tile_row LIMIT ?",
            (zoom, west, east, last - south, last - north, most),
        )
        for column, row, data in found:
            if not (isinstance(column, int) and isinstance(row, int) and isinstance(data, bytes)):
                raise _BrokenError(_WHY_DATABASE)
            if data.startswith(b"\x1f\x8b"):  # gzip: a vector tile whose metadata do not say so
                raise _VectorError
            yield column, last - row, data

    def _said(self, name: str) -> str:
        row = self._database.execute("SELECT value FROM metadata WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row and row[0] is not None else ""

    def _exhausted(self) -> bool:
        self._calls += 1
        return self._calls * _STEPS_A_CALL > _MOST_STEPS


@dataclass(frozen=True)
class _Directory:
    """Entries of a PMTiles directory as columns: of tiles, or (run 0) of a directory below."""

    ids: list[int]
    runs: list[int]
    lengths: list[int]
    offsets: list[int]


class _PMTiles(contextlib.AbstractContextManager["_PMTiles"]):
    """A PMTiles file of version 3."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size
        self._read_directories: dict[tuple[int, int], _Directory] = {}
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def _begin(self) -> None:
        header = self._bytes(0, _HEADER_BYTES)
        self._root_at, self._root_length, told_at, told_length, self._leaves, _, self._data = (
            struct.unpack_from("<7Q", header, 8)
        )
        self._packed, self._tiles_packed, kind, self._first, self._last = header[97:102]
        if kind in _VECTOR_TYPES:
            raise _VectorError
        if self._packed not in (_NO_COMPRESSION, _GZIP) or self._tiles_packed > _GZIP:
            raise _BrokenError(_WHY_COMPRESSION)
        told = self._unpacked(self._bytes(told_at, told_length), self._packed)
        self.attribution = _attribution_in(told)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def tiles(self, zoom: int, box: tuple[int, int, int, int], most: int) -> Iterator[tuple[int, int, bytes]]:
        """Give the tiles of a zoom in a box."""
        if not self._first <= zoom <= self._last:
            return
        west, north, east, south = box
        base = ((1 << 2 * zoom) - 1) // 3
        # Squares of the quadtree, the whole world first: what is below one is one stretch of Hilbert's curve.
        squares = [(0, 0, 0)]
        looked = 0
        while squares and most:
            depth, column, row = squares.pop()
            looked += 1
            if looked > _MOST_SQUARES:
                raise _BrokenError(_WHY_DIRECTORY)
            below = zoom - depth
            first = base + (along(depth, column, row) << 2 * below)
            if (
                column << below > east
                or ((column + 1) << below) <= west
                or row << below > south
                or ((row + 1) << below) <= north
                or not self._any(first, first + (1 << 2 * below))
            ):
                continue
            if below:
                squares += [(depth + 1, 2 * column + i, 2 * row + j) for i in (0, 1) for j in (0, 1)]
            elif entry := self._entry(first):
                data = self._bytes(self._data + entry[0], entry[1])
                yield column, row, self._unpacked(data, self._tiles_packed)
                most -= 1

    def _any(self, first: int, end: int) -> bool:
        """Tell whether a tile may be in a stretch of the curve; a directory below that begins in it counts."""
        directory = self._directory(self._root_at, self._root_length)
        for _ in range(_DEEPEST_DIRECTORY):
            at = bisect_right(directory.ids, first) - 1
            if at + 1 < len(directory.ids) and directory.ids[at + 1] < end:
                return True
            if at < 0:
                return False
            if directory.runs[at]:
                return first < directory.ids[at] + directory.runs[at]
            directory = self._directory(self._leaves + directory.offsets[at], directory.lengths[at])
        raise _BrokenError(_WHY_DIRECTORY)

    def _entry(self, tile: int) -> tuple[int, int] | None:
        """Give offset and length of a tile."""
        directory = self._directory(self._root_at, self._root_length)
        for _ in range(_DEEPEST_DIRECTORY):
            at = bisect_right(directory.ids, tile) - 1
            if at < 0:
                return None
            if directory.runs[at]:
                within = tile < directory.ids[at] + directory.runs[at]
                return (directory.offsets[at], directory.lengths[at]) if within else None
            directory = self._directory(self._leaves + directory.offsets[at], directory.lengths[at])
        raise _BrokenError(_WHY_DIRECTORY)

    def _directory(self, offset: int, length: int) -> _Directory:
        place = offset, length
        if place not in self._read_directories:
            if len(self._read_directories) >= _MOST_DIRECTORIES:
                raise _BrokenError(_WHY_DIRECTORY)
            packed = self._bytes(offset, length)
            self._read_directories[place] = _directory(self._unpacked(packed, self._packed))
        return self._read_directories[place]

    def _bytes(self, offset: int, length: int) -> bytes:
        if length > _MOST_BYTES or offset + length > self._size:
            raise _BrokenError(_WHY_SHORT)
        try:
            self._file.seek(offset)
            return self._file.read(length)
        except OSError:
            raise _BrokenError(_WHY_SHORT) from None

    def _unpacked(self, data: bytes, compression: int) -> bytes:
        if compression != _GZIP or not data:
            return data
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            unpacked = stream.decompress(data, _MOST_UNPACKED)
        except zlib.error:
            raise _BrokenError(_WHY_DIRECTORY) from None
        if not stream.eof:
            raise _BrokenError(_WHY_SHORT)
        return unpacked


def along(zoom: int, column: int, row: int) -> int:
    """
    Give a tile's place on Hilbert's curve (PMTiles specification, version 3, section 4.1).

    Parameters
    ----------
    zoom
        The zoom.
    column, row
        The tile, rows counted from the north.

    Returns
    -------
    int
        From 0 on within the zoom.
    """
    place = 0
    for bit in range(zoom - 1, -1, -1):
        side = 1 << bit
        right, down = int(bool(column & side)), int(bool(row & side))
        place = place << 2 | (3 * right) ^ down
        column, row = column & (side - 1), row & (side - 1)
        if not down:
            if right:
                column, row = side - 1 - column, side - 1 - row
            column, row = row, column
    return place


def _directory(data: bytes) -> _Directory:
    numbers = _varints(data)
    count = numbers[0] if numbers else 0
    if len(numbers) != 1 + 4 * count:
        raise _BrokenError(_WHY_DIRECTORY)
    steps, runs, lengths, told = (numbers[1 + i * count : 1 + (i + 1) * count] for i in range(4))
    ids: list[int] = []
    offsets: list[int] = []
    tile = 0
    for i, step in enumerate(steps):
        tile += step
        ids.append(tile)
        # Zero: right behind the one before. Else the offset and one.
        if told[i] == 0 and i == 0:
            raise _BrokenError(_WHY_DIRECTORY)
        offsets.append(told[i] - 1 if told[i] else offsets[-1] + lengths[i - 1])
    return _Directory(ids, runs, lengths, offsets)


def _varints(data: bytes) -> list[int]:
    """Read numbers of seven bits a byte, the lowest first, the last byte of each without its high bit."""
    numbers = []
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004
            numbers.append(value)
            value = shift = 0
        elif shift > 63:  # noqa: PLR2004 - more bits than the format's numbers have
            raise _BrokenError(_WHY_DIRECTORY)
    if shift:
        raise _BrokenError(_WHY_SHORT)
    return numbers


def _attribution_in(told: bytes) -> str:
    try:
        value = json.loads(told or b"{}")
    except (ValueError, RecursionError):
        raise _BrokenError(_WHY_DIRECTORY) from None
    return str(value.get("attribution") or "") if isinstance(value, dict) else ""
