"""Archives of tiles made for tests: each tile one grey, written by the format's own library or as the format says."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import struct
import zlib

import pyproj
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis.publish.map.background import background

# Isfahan's Naqsh-e Jahan square.
LON, LAT = 51.6776, 32.6575
HERE = (LON, LAT, LON, LAT)


def png(shade, side=256):
    """A square of one grey."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + bytes([shade]) * side) * side
    head = struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def over(zoom):
    """The tile over the place, from PROJ's web Mercator."""
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(LON, LAT)
    side = 2 * math.pi * 6378137 / (1 << zoom)
    return math.floor(x / side + (1 << zoom) / 2), math.floor((1 << zoom) / 2 - y / side)


def around(zoom, lon=LON, lat=LAT, ring=2):
    """The tiles over a place and some around it."""
    west, north, east, south = background._box((lon, lat, lon, lat), zoom)
    last = (1 << zoom) - 1
    return [
        (zoom, x, y)
        for x in range(max(0, west + 1 - ring), min(last, east - 1 + ring) + 1)
        for y in range(max(0, north + 1 - ring), min(last, south - 1 + ring) + 1)
    ]


def mbtiles(path, tiles, **metadata):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE metadata (name text, value text)")
        database.execute(
            "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        database.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        database.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?, ?)",
            [(z, x, (1 << z) - 1 - y, data) for (z, x, y), data in tiles.items()],
        )
    database.close()
    return path


def pmtiles(path, tiles, kind=TileType.PNG, **metadata):
    """Written by the format's own library."""
    with path.open("wb") as file:
        writer = Writer(file)
        for zxy in sorted(tiles, key=lambda zxy: zxy_to_tileid(*zxy)):
            writer.write_tile(zxy_to_tileid(*zxy), tiles[zxy])
        writer.finalize({"tile_type": kind, "tile_compression": Compression.NONE}, metadata)
    return path
