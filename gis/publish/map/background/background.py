"""
The background of a map from an archive of the user's: raster tiles of MBTiles or PMTiles.

A page that is one file and may ask for nothing has the tiles inside it; the folder of a large survey has them in an
archive of its own. Either takes those of the survey's area, from the first zoom that the archive has down to the
deepest that fits.
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gis.errors import SourceError
from gis.language import Text
from gis.publish.map.background import archives
from gis.publish.map.places import NORTHMOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gis.publish.map.background.archives import Archive


class Room(NamedTuple):
    """How many tiles there is room for, and bytes of different images."""

    tiles: int
    bytes: int


# Beyond this a page is slow to open on a phone.
PAGE = Room(4_000, 12_000_000)
# What a folder takes is read a tile at a time; this bounds how long it is copied.
FOLDER = Room(100_000, 1_000_000_000)
# The map's own last zoom.
DEEPEST = 21

_LONGEST_ATTRIBUTION = 300

_EMPTY = Text(
    "{path}: no tile of the survey's area; name an archive that covers it",
    "{path}: هیچ کاشی‌ای از محدودهٔ برداشت ندارد؛ بایگانی‌ای را نام ببرید که این محدوده را بپوشاند",
)
_TOO_LARGE = Text(
    "{path}: its first zoom that covers the survey, {zoom}, does not fit into a map ({most} MB, {tiles} tiles); "
    "name an archive that begins at a smaller zoom",
    "{path}: نخستین بزرگ‌نمایی آن که برداشت را می‌پوشاند، {zoom}، در نقشه جا نمی‌شود ({most} مگابایت، {tiles} کاشی)؛ "
    "بایگانی‌ای را نام ببرید که از بزرگ‌نمایی کمتری آغاز شود",
)


@dataclass(frozen=True)
class Background:
    """
    What a map has of an archive.

    Parameters
    ----------
    name
        The archive's file name.
    attribution
        Whom the archive names, as plain text.
    zooms
        The first and the deepest zoom.
    cut
        Whether deeper zooms of the archive were left out because they do not fit.
    """

    name: str
    attribution: str
    zooms: tuple[int, int]
    cut: bool

    def content(self) -> dict[str, Any]:
        """
        Put together what the page carries.

        Returns
        -------
        dict
            Values that JSON knows.
        """
        return {
            "name": self.name,
            "attribution": self.attribution,
            "zooms": self.zooms,
            "cut": self.cut,
        }


@dataclass(frozen=True)
class Embedded(Background):
    """
    Tiles that go into the page.

    Parameters
    ----------
    tiles
        (zoom, column, row counted from the north) to the image as the archive has it: PNG, JPEG or WebP.
    """

    tiles: dict[tuple[int, int, int], bytes]

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
            **super().content(),
            "tiles": places,
            "images": [
                f"data:image/{archives.image_type(image, '')};base64,{base64.b64encode(image).decode()}"
                for image in images
            ],
        }


def read(path: str | Path, bounds: Sequence[float]) -> Embedded:
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
    Embedded
        At most as many tiles and bytes of different images as `PAGE` has room for.

    Raises
    ------
    SourceError
        What `gis.publish.map.background.archives.opened` refuses; or it has no tile of the area, or its first zoom does
        not fit.
    """
    path = Path(path)
    with archives.opened(path) as archive:
        zooms, cut = _fitting(archive, bounds, PAGE, path)
        tiles = {
            (zoom, column, row): image
            for zoom in zooms
            for column, row, image in _images(archive, bounds, zoom, PAGE)
        }
        return Embedded(path.name, _plain(archive.attribution), (zooms[0], zooms[-1]), cut, tiles)


def pack(path: str | Path, bounds: Sequence[float], target: Path) -> Background:
    """
    Copy the tiles of an area from an archive into one for the folder of a map.

    Parameters
    ----------
    path, bounds
        As for `read`.
    target
        The PMTiles archive to write: the same for the same tiles, and one that browsers read part by part.

    Returns
    -------
    Background
        What was copied: at most as many tiles and bytes as `FOLDER` has room for.

    Raises
    ------
    SourceError
        As for `read`.
    """
    from pmtiles.tile import Compression, TileType, zxy_to_tileid  # noqa: PLC0415
    from pmtiles.writer import write  # noqa: PLC0415

    path = Path(path)
    kinds = set()
    with archives.opened(path) as archive, write(target) as writer:
        zooms, cut = _fitting(archive, bounds, FOLDER, path)
        for zoom in zooms:
            for column, row, image in _images(archive, bounds, zoom, FOLDER):
                kinds.add(archives.image_type(image, ""))
                writer.write_tile(zxy_to_tileid(zoom, column, row), image)
        attribution = _plain(archive.attribution)
        kind = getattr(TileType, kinds.pop().upper()) if len(kinds) == 1 else TileType.UNKNOWN
        writer.finalize(
            {"tile_type": kind, "tile_compression": Compression.NONE}, {"attribution": attribution}
        )
    return Background(path.name, attribution, (zooms[0], zooms[-1]), cut)


def _fitting(archive: Archive, bounds: Sequence[float], room: Room, path: Path) -> tuple[list[int], bool]:
    """Give the zooms, from the archive's first over the area on, that there is room for; whether one was left out."""
    zooms: list[int] = []
    seen: set[bytes] = set()
    tiles = size = 0
    for zoom in range(DEEPEST + 1):
        before = tiles
        for _, _, image in _images(archive, bounds, zoom, room):
            tiles += 1
            mark = hashlib.blake2b(image, digest_size=16).digest()
            size += 0 if mark in seen else len(image)
            seen.add(mark)
            if tiles > room.tiles or size > room.bytes:
                if not zooms:
                    raise SourceError(
                        _TOO_LARGE, path=path, zoom=zoom, most=room.bytes // 1_000_000, tiles=room.tiles
                    )
                return zooms, True
        if tiles > before:
            zooms.append(zoom)
    if not zooms:
        raise SourceError(_EMPTY, path=path)
    return zooms, False


def _images(
    archive: Archive, bounds: Sequence[float], zoom: int, room: Room
) -> Iterator[tuple[int, int, bytes]]:
    """Give the tiles of a zoom that hold an image; some writers leave blank ones empty."""
    for column, row, image in archive.tiles(zoom, _box(bounds, zoom), room.tiles + 1):
        if image:
            archives.image_type(image, f"{zoom}/{column}/{row}")
            yield column, row, image


def _box(bounds: Sequence[float], zoom: int) -> tuple[int, int, int, int]:
    """Give the first and last column and row of the tiles over an area, and one around them."""
    west, south, east, north = bounds
    last = (1 << zoom) - 1

    def column(lon: float) -> int:
        return math.floor((lon + 180) / 360 * (1 << zoom))

    def row(lat: float) -> int:
        lat = math.radians(max(-NORTHMOST, min(NORTHMOST, lat)))
        return math.floor((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * (1 << zoom))

    return (
        max(0, column(west) - 1),
        max(0, row(north) - 1),
        min(last, column(east) + 1),
        min(last, row(south) + 1),
    )


def _plain(markup: str) -> str:
    """Turn the attribution, often a link, into text."""
    text = html.unescape(re.sub(r"<[^<>]*>", "", markup[: 10 * _LONGEST_ATTRIBUTION]))
    return " ".join(text.split())[:_LONGEST_ATTRIBUTION]
