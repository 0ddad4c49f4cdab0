"""
The background of a map from an archive of the user's: raster tiles of MBTiles or PMTiles that go into the page.

A page that is one file and may ask for nothing has its tiles inside it: those of the survey's area, from the first
zoom that the archive has down to the deepest that fits. Formats: MBTiles 1.3 (rows counted from the south), PMTiles
version 3 (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import math
import os
import re
import sqlite3
import struct
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import shapely

from gis.errors import SourceError
from gis.inventory import SCHEMAS
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from gis.inventory import Inventory

# What a page may carry: beyond this it is slow to open on a phone.
MOST_BYTES = 12_000_000
MOST_TILES = 4_000
# The map's own last zoom.
DEEPEST = 21

_SUFFIXES = (".mbtiles", ".pmtiles")
_NORTHMOST = 85.0511
_LONGEST_ATTRIBUTION = 300
# Steps of SQLite's machine for one archive; its tiles may be a view that never ends.
_MOST_STEPS = 200_000_000
_STEPS_A_CALL = 100_000
_HEADER_BYTES = 127
_VERSION = 3
_MOST_UNPACKED = 16_000_000
_MOST_DIRECTORIES = 4_000
_DEEPEST_DIRECTORY = 4
# Looked at for one archive: far more than its tiles in a page need, unless its directories lie.
_MOST_SQUARES = 1_000_000
_NO_COMPRESSION, _GZIP = 1, 2
_VECTOR_TYPES = {1, 6}  # MVT, MLT
_VECTOR_FORMATS = {"pbf", "mvt", "mlt", "application/vnd.mapbox-vector-tile"}

_MISSING = Text(
    "{path}: no such file; a background is an archive of raster tiles, .mbtiles or .pmtiles",
    "{path}: چنین پرونده‌ای نیست؛ نقشهٔ زمینه بایگانی کاشی‌های تصویری است، ‎.mbtiles یا ‎.pmtiles",
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
_EMPTY = Text(
    "{path}: no tile of the survey's area; name an archive that covers it",
    "{path}: هیچ کاشی‌ای از محدودهٔ نقشه‌برداری ندارد؛ بایگانی‌ای را نام ببرید که این محدوده را بپوشاند",
)
_TOO_LARGE = Text(
    "{path}: its first zoom that covers the survey, {zoom}, does not fit into a page ({most} MB, {tiles} tiles); "
    "name an archive that begins at a smaller zoom",
    "{path}: نخستین بزرگ‌نمایی آن که نقشه‌برداری را می‌پوشاند، {zoom}، در صفحه جا نمی‌شود ({most} مگابایت، {tiles} کاشی)؛ "
    "بایگانی‌ای را نام ببرید که از بزرگ‌نمایی کمتری آغاز شود",
)
_WHY_DATABASE = Text("its tables cannot be read", "جدول‌هایش خوانده نمی‌شود")
_WHY_SHORT = Text("it ends too early", "پیش از پایان بریده شده است")
_WHY_DIRECTORY = Text("its directory of tiles makes no sense", "فهرست کاشی‌هایش معنا ندارد")
_WHY_COMPRESSION = Text("compressed otherwise than with gzip", "فشرده‌سازی آن gzip نیست")
_WHY_TILE = Text("tile {tile} is neither PNG, JPEG nor WebP", "کاشی {tile} نه PNG است، نه JPEG و نه WebP")


class _BrokenError(Exception):
    """What is wrong with an archive."""

    def __init__(self, why: Text, **fields: Any) -> None:
        self.why = Text(why.render("en", **fields), why.render("fa", **fields))
        super().__init__(self.why.en)


class _VectorError(Exception):
    """The archive's tiles are no images."""


class _Archive(Protocol):
    @property
    def attribution(self) -> str:
        """Whom the archive names, as it says it."""

    def tiles(self, zoom: int, box: tuple[int, int, int, int]) -> Iterator[tuple[int, int, bytes]]:
        """Give column, row counted from the north, and image of each tile from west, north to east, south."""


@dataclass(frozen=True)
class Background:
    """
    Tiles for a page.

    Parameters
    ----------
    name
        The archive's file name.
    attribution
        Whom the archive names, as plain text.
    tiles
        (zoom, column, row counted from the north) to the image as the archive has it: PNG, JPEG or WebP.
    cut
        Whether deeper zooms of the archive were left out because they do not fit.
    """

    name: str
    attribution: str
    tiles: dict[tuple[int, int, int], bytes]
    cut: bool

    @property
    def zooms(self) -> tuple[int, int]:
        """The first and the deepest zoom."""
        zooms = [zoom for zoom, _, _ in self.tiles]
        return min(zooms), max(zooms)

    def content(self) -> dict[str, Any]:
        """
        Put together what the page carries.

        Returns
        -------
        dict
            Values that JSON knows: each image once, as a ``data:`` address.
        """
        images: dict[bytes, int] = {}
        places = {
            f"{zoom}/{column}/{row}": images.setdefault(image, len(images))
            for (zoom, column, row), image in sorted(self.tiles.items())
        }
        return {
            "name": self.name,
            "attribution": self.attribution,
            "zooms": self.zooms,
            "cut": self.cut,
            "tiles": places,
            "images": [
                f"data:image/{_kind(image)};base64,{base64.b64encode(image).decode()}" for image in images
            ],
        }


def is_archive(basemap: str) -> bool:
    """
    Tell an archive of tiles from the address or the name of a service.

    Parameters
    ----------
    basemap
        What the user gave.

    Returns
    -------
    bool
        Whether it names a file that exists, or ends as archives do.
    """
    # Path.is_file raises for names that are too long; this does not.
    return os.path.isfile(basemap) or basemap.lower().endswith(_SUFFIXES)  # noqa: PTH113


def extent(inventory: Inventory) -> tuple[float, float, float, float] | None:
    """
    Give the area that a background is for: the features' and the outline's.

    Parameters
    ----------
    inventory
        The survey, WGS 84 degrees.

    Returns
    -------
    tuple of float or None
        West, south, east, north in degrees; None where nothing has a place on the map.
    """
    shapes = [inventory.layer(name).geometry.to_numpy() for name in SCHEMAS]
    vertices = np.vstack([shapely.get_coordinates(shape) for shape in (*shapes, inventory.outline)])
    vertices = vertices[(np.abs(vertices) <= [180.0, _NORTHMOST]).all(axis=1)]
    if not len(vertices):
        return None
    west, south = vertices.min(axis=0).tolist()
    east, north = vertices.max(axis=0).tolist()
    return west, south, east, north


def read(path: str | Path, bounds: Sequence[float]) -> Background:
    """
    Take the tiles of an area from an archive, zoom by zoom as long as they fit into a page.

    Parameters
    ----------
    path
        MBTiles or PMTiles version 3 with PNG, JPEG or WebP; told by its first bytes, opened for reading alone.
    bounds
        West, south, east, north in degrees. One tile around it is taken at each zoom.

    Returns
    -------
    Background
        At most `MOST_TILES` tiles and `MOST_BYTES` bytes of different images.

    Raises
    ------
    SourceError
        There is no such file, it is no such archive, is broken, holds vector tiles, has no tile of the area, or its
        first zoom does not fit.
    """
    path = Path(path)
    try:
        with _opened(path) as archive:
            taken, cut = _take(archive, bounds, path)
            attribution = _plain(archive.attribution)
    except (_BrokenError, sqlite3.Error, OSError, UnicodeError) as error:
        why = error.why if isinstance(error, _BrokenError) else _WHY_DATABASE
        raise SourceError(_BROKEN, path=path, why=why) from None
    except _VectorError:
        raise SourceError(_VECTOR, path=path) from None
    if not taken:
        raise SourceError(_EMPTY, path=path)
    return Background(path.name, attribution, taken, cut)


def _opened(path: Path) -> contextlib.AbstractContextManager[_Archive]:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except (OSError, ValueError):
        raise SourceError(_MISSING, path=path) from None
    if start == b"SQLite format 3\0":
        return _MBTiles(path)
    if start[:7] == b"PMTiles" and start[7:8] == bytes([_VERSION]):
        return _PMTiles(path)
    raise SourceError(_UNKNOWN, path=path)


def _take(
    archive: _Archive, bounds: Sequence[float], path: Path
) -> tuple[dict[tuple[int, int, int], bytes], bool]:
    taken: dict[tuple[int, int, int], bytes] = {}
    images: set[bytes] = set()
    size = 0
    for zoom in range(DEEPEST + 1):
        level: dict[tuple[int, int, int], bytes] = {}
        for column, row, image in archive.tiles(zoom, _box(bounds, zoom)):
            if not image:  # some writers leave blank tiles empty
                continue
            _require_image(image, f"{zoom}/{column}/{row}")
            level[zoom, column, row] = image
            size += 0 if image in images else len(image)
            images.add(image)
            if size > MOST_BYTES or len(taken) + len(level) > MOST_TILES:
                if not taken:
                    raise SourceError(
                        _TOO_LARGE, path=path, zoom=zoom, most=MOST_BYTES // 1_000_000, tiles=MOST_TILES
                    )
                return taken, True
        taken |= level
    return taken, False


def _box(bounds: Sequence[float], zoom: int) -> tuple[int, int, int, int]:
    """Give the first and last column and row of the tiles over an area, and one around them."""
    west, south, east, north = bounds
    last = (1 << zoom) - 1

    def column(lon: float) -> int:
        return math.floor((lon + 180) / 360 * (1 << zoom))

    def row(lat: float) -> int:
        lat = math.radians(max(-_NORTHMOST, min(_NORTHMOST, lat)))
        return math.floor((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * (1 << zoom))

    return (
        max(0, column(west) - 1),
        max(0, row(north) - 1),
        min(last, column(east) + 1),
        min(last, row(south) + 1),
    )


def _kind(image: bytes) -> str | None:
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if image.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if image[:4] == b"RIFF" and image[8:12] == b"WEBP" else None


def _require_image(data: bytes, tile: str) -> None:
    if _kind(data) is None:
        raise _BrokenError(_WHY_TILE, tile=tile)


def _plain(markup: str) -> str:
    """Turn the attribution, often a link, into text."""
    text = html.unescape(re.sub(r"<[^<>]*>", "", markup[: 10 * _LONGEST_ATTRIBUTION]))
    return " ".join(text.split())[:_LONGEST_ATTRIBUTION]


class _MBTiles(contextlib.AbstractContextManager["_MBTiles"]):
    """An MBTiles file; immutable, so that not even a lock is written beside it."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(uri, uri=True)
        self._calls = 0
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * MOST_BYTES)
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

    def tiles(self, zoom: int, box: tuple[int, int, int, int]) -> Iterator[tuple[int, int, bytes]]:
        """Give the tiles of a zoom in a box."""
        west, north, east, south = box
        last = (1 << zoom) - 1
        found = self._database.execute(
            "SELECT tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? AND tile_column BETWEEN ? "
            "AND ? AND tile_row BETWEEN ? AND ? ORDER BY tile_column, tile_row LIMIT ?",
            (zoom, west, east, last - south, last - north, MOST_TILES + 1),
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
        self._squares = 0
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

    def tiles(self, zoom: int, box: tuple[int, int, int, int]) -> Iterator[tuple[int, int, bytes]]:
        """Give the tiles of a zoom in a box."""
        if not self._first <= zoom <= self._last:
            return
        west, north, east, south = box
        base = ((1 << 2 * zoom) - 1) // 3
        # Squares of the quadtree, the whole world first: what is below one is one stretch of Hilbert's curve.
        squares = [(0, 0, 0)]
        while squares:
            depth, column, row = squares.pop()
            self._squares += 1
            if self._squares > _MOST_SQUARES:
                raise _BrokenError(_WHY_DIRECTORY)
            below = zoom - depth
            first = base + (_along(depth, column, row) << 2 * below)
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
        if length > 2 * MOST_BYTES or offset + length > self._size:
            raise _BrokenError(_WHY_SHORT)
        self._file.seek(offset)
        return self._file.read(length)

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


def _along(zoom: int, column: int, row: int) -> int:
    """Give a tile's place on Hilbert's curve (PMTiles specification, version 3, section 4.1)."""
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
