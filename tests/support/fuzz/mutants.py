"""Mutants: a delivery with something in it cut, doubled, swapped, of another kind or far too large."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import zipfile
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import random
    from pathlib import Path

_SIZES = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 1 << 62, (1 << 64) - 1]
_WORDS = [
    "", "null", "NaN", "-Infinity", "1e400", "9" * 400, "-1", "0", "1e308", "180.0001", "\x00", "{}", "{0.__class__}",
    "%s%n", "=1+1", "'; DROP TABLE a; --", "<b>", "]]>", "&amp;#0;", "\x1b[31m", "\u202e", "ي" * 300, "é" * 70_000,
    "EPSG:0", "EPSG:99999999", "۱۲٫۵", "1399/13/45", "0000-00-00", "../../x", "CON", "a\r\nb", "[[[[", "\ufffe", "True",
]  # fmt: skip
_NAMES = [
    ".",
    "",
    "a",
    "a/b",
    "a/b/",
    "..",
    "a" * 300 + ".geojson",
    "\udcff.csv",
    "x\x1b[31m.kml",
    "A.GEOJSON",
    "nul",
]
_VALUES: list[Any] = [
    None, True, -1, 0, 10**400, 1e308, "", [], {}, [[]], [None], {"type": "Point"}, "x" * 1000, "\u0000",
    [1, 2, 3, 4, 5],
    {"type": "GeometryCollection", "geometries": []}, {"type": "LineString", "coordinates": [[1]]}, -0.0, "\ud800",
]  # fmt: skip
_TAG = re.compile(rb"<[^<>]{1,200}>")
_TOKEN = re.compile(rb"[-+]?\d+(?:\.\d+)?|\"[^\"\n]{0,60}\"|[A-Za-z_]{2,30}")

Mutation = "Callable[[random.Random, bytes], bytes]"


def mutate(dice: random.Random, delivery: Path, place: Path) -> Path:
    """
    Put a mutant of a delivery into a folder.

    Parameters
    ----------
    dice
        Decides all; the same dice make the same mutant.
    delivery
        A file, or a folder with files.
    place
        An empty folder.

    Returns
    -------
    pathlib.Path
        What the command is to be given: the file, the project file, or the folder.
    """
    target = place / delivery.name
    if delivery.is_file():
        target.write_bytes(_mutant(dice, delivery.read_bytes(), delivery.suffix))
        return target
    shutil.copytree(delivery, target)
    parts = sorted(path for path in target.rglob("*") if path.is_file())
    victim = dice.choice(parts)
    if dice.random() < 0.05:
        victim.unlink()
    else:
        victim.write_bytes(_mutant(dice, victim.read_bytes(), victim.suffix))
    inner = sorted(target.iterdir())
    projects = [path for path in inner if path.suffix == ".toml"]
    mains = [path for path in inner if path.suffix in {".shp", ".tab", ".mif", ".gdb"}]
    return next(iter(projects or mains), target)


def _mutant(dice: random.Random, data: bytes, suffix: str) -> bytes:
    ways = [_bytes] * 3
    if suffix in {".geojson", ".json"}:
        ways += [_json] * 4 + [_encoded, _tokens]
    elif suffix in {".kml", ".gpx", ".gml", ".xsd"}:
        ways += [_tags] * 4 + [_encoded, _tokens]
    elif suffix in {".csv", ".toml", ".dxf", ".mif", ".mid", ".geojsonl", ".prj", ".cpg", ".tab"}:
        ways += [_lines] * 3 + [_tokens] * 3 + [_encoded]
    elif suffix == ".gpkg":
        ways += [_rows] * 4
    elif suffix in {".zip", ".kmz", ".xlsx", ".ods"}:
        ways += [_members] * 5
    elif suffix == ".parquet":
        ways += [_geo] * 2
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        data = dice.choice(ways)(dice, data)
    return data


def _bytes(dice: random.Random, data: bytes) -> bytes:
    """Change bytes without a thought of what they mean."""
    out = bytearray(data)
    size = len(out)
    if not size:
        return b"\0"
    # Heads and tails say what the rest is.
    at = dice.choice(
        [dice.randrange(size), dice.randrange(min(size, 256)), size - 1 - dice.randrange(min(size, 256))]
    )
    length = min(dice.choice([1, 2, 4, 8, 64, 1024]), size - at)
    way = dice.randrange(8)
    if way == 0:
        for _ in range(dice.choice([1, 3, 20])):
            out[dice.randrange(size)] ^= 1 << dice.randrange(8)
    elif way == 1:
        out[at] = dice.randrange(256)
    elif way == 2:
        del out[at:]
    elif way == 3:
        del out[at : at + length]
    elif way == 4:
        out[at:at] = out[at : at + length] * dice.choice([1, 2, 100])
    elif way == 5:
        width = dice.choice([1, 2, 4, 8])
        value = dice.choice(_SIZES) & ((1 << 8 * width) - 1)
        out[at : at + width] = value.to_bytes(width, dice.choice(["big", "little"]))
    elif way == 6:
        other = dice.randrange(size)
        out[at : at + length], out[other : other + length] = (
            out[other : other + length],
            out[at : at + length],
        )
    else:
        out[at : at + length] = bytes(length) if dice.random() < 0.5 else dice.randbytes(length)
    return bytes(out)


def _tokens(dice: random.Random, data: bytes) -> bytes:
    """Put another word where a number, a text or a name stands."""
    found = list(_TOKEN.finditer(data))
    if not found:
        return _bytes(dice, data)
    one = dice.choice(found)
    word = dice.choice(
        [dice.choice(_WORDS).encode("utf-8", "surrogatepass"), dice.choice(found)[0], dice.randbytes(3)]
    )
    return data[: one.start()] + word + data[one.end() :]


def _lines(dice: random.Random, data: bytes) -> bytes:
    """Take lines away, double them, or put them elsewhere."""
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return _tokens(dice, data)
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    way = dice.randrange(5)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines[at:at] = [lines[at]] * dice.choice([1, 1000])
    elif way == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 3:
        lines[at] = lines[at].rstrip(b"\r\n") * dice.choice([2, 500]) + b"\n"
    else:
        lines.insert(at, dice.choice(_WORDS).encode("utf-8", "surrogatepass") + b"\n")
    return b"".join(lines)


def _encoded(dice: random.Random, data: bytes) -> bytes:
    """Write the text in another encoding than it says."""
    way = dice.choice(["cp1256", "utf-16", "utf-16-be", "iso8859-6", "cp864", "utf-32", "utf-8-sig"])
    return data.decode("utf-8", "replace").encode(way, "replace")


def _tags(dice: random.Random, data: bytes) -> bytes:
    """Take a tag of XML away, double it, swap it, or let it hold far too much."""
    found = list(_TAG.finditer(data))
    if len(found) < 2:
        return _bytes(dice, data)
    one, other = dice.choice(found), dice.choice(found)
    way = dice.randrange(6)
    if way == 0:
        return data[: one.start()] + data[one.end() :]
    if way == 1:
        return data[: one.end()] + other[0] + data[one.end() :]
    if way == 2:
        return data[: one.start()] + other[0] + data[one.end() :]
    if way == 3:
        return data[: one.end()] + one[0] * dice.choice([10, 5000]) + data[one.end() :]
    if way == 4:
        text = dice.choice(_WORDS).encode("utf-8", "surrogatepass")
        return data[: one.end()] + text + data[one.end() :]
    start, end = sorted((one.start(), other.start()))
    return data[:start] + data[end:]


def _json(dice: random.Random, data: bytes) -> bytes:
    """Put a value of another kind somewhere into a document, take one away, or bury it deep."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _tokens(dice, data)
    node, depth = document, dice.randrange(1, 8)
    for _ in range(depth):
        keys = (
            list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        )
        if not keys:
            break
        key = dice.choice(keys)
        if not isinstance(node[key], (dict, list)) or dice.random() < 0.25 or depth == 1:
            way = dice.randrange(5)
            if way == 0:
                del node[key]
            elif way == 1 and isinstance(node, dict):
                node[dice.choice(["type", "crs", "bbox", "\x00", "geometry", "x" * 500])] = node.pop(key)
            elif way == 2:
                node[key] = [[[node[key]]]]
            elif way == 3:
                return (
                    json.dumps(document).replace(json.dumps(node[key]), "[" * 3000 + "]" * 3000, 1).encode()
                )
            else:
                node[key] = dice.choice(_VALUES)
            break
        node = node[key]
    return json.dumps(document, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")


def _rows(dice: random.Random, data: bytes) -> bytes:
    """Change what the tables of a SQLite database hold, its own among them."""
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(data)
        database.execute("PRAGMA writable_schema = ON")
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        table = dice.choice(["sqlite_master", *(name for name in tables if not name.startswith("rtree"))])
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        value = dice.choice(
            [None, -1, 1 << 62, 1e308, "", "x", b"\xff\xfe", dice.choice(_WORDS), dice.randbytes(40)]
        )
        if isinstance(value, str):
            value = value.replace("\x00", "")
        where = "" if dice.random() < 0.3 else f" WHERE rowid = {dice.randrange(1, 9)}"
        if dice.random() < 0.8 and columns:
            database.execute(f'UPDATE "{table}" SET "{dice.choice(columns)}" = ?{where}', [value])
        elif dice.random() < 0.5:
            database.execute(f'DELETE FROM "{table}"{where}')
        else:
            database.execute(f'DROP TABLE "{table}"')
        database.commit()
        return database.serialize()
    except (sqlite3.Error, UnicodeError, OverflowError):
        return _bytes(dice, data)
    finally:
        database.close()


def _members(dice: random.Random, data: bytes) -> bytes:
    """Change a member of an archive, its name, or how often it is there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (
        zipfile.BadZipFile,
        ValueError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        zipfile.zlib.error,
    ):
        return _bytes(dice, data)
    if not members:
        return _bytes(dice, data)
    at = dice.randrange(len(members))
    name, content = members[at]
    way = dice.randrange(6)
    if way <= 2:
        suffix = "." + name.rpartition(".")[2]
        members[at] = (name, _mutant(dice, content, ".kml" if suffix == ".xml" else suffix))
    elif way == 3:
        members[at] = (dice.choice(_NAMES), content)
    elif way == 4:
        members.append((dice.choice([name, name.upper(), f"{name}/b", *_NAMES]), content))
    else:
        del members[at]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, body in members:
            info = zipfile.ZipInfo("placeholder")
            info.compress_type = zipfile.ZIP_DEFLATED
            info.filename = each.encode("utf-8", "replace").decode()[:60_000]
            archive.writestr(info, body)
    return written.getvalue()


def _geo(dice: random.Random, data: bytes) -> bytes:
    """Change what a Parquet file says of itself."""
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError):
        return _bytes(dice, data)
    metadata = dict(table.schema.metadata or {})
    if not metadata:
        return _bytes(dice, data)
    key = dice.choice(list(metadata))
    metadata[key] = _json(dice, metadata[key])
    written = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), written)
    return written.getvalue()
