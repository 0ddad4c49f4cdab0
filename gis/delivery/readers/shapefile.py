"""Shapefiles: their parts, what is wrong with them, and the records that are whole."""

from __future__ import annotations

import glob
import struct
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.delivery.files.layer import RawLayer, stage, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal
from gis.delivery.readers.parts import short_parts
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.inventory import LeftOut, Note
from gis.language import Text, number
from gis.text.encodings import codec

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

_HEADER = 100
_DATE_WIDTH = 8
_DELETED = ord("*")
# The types of shapes, and the fewest bytes that each takes beside its parts and vertices (ESRI 1998).
_LEAST = {
    0: 4,
    1: 20,
    3: 44,
    5: 44,
    8: 40,
    11: 28,
    13: 60,
    15: 60,
    18: 56,
    21: 20,
    23: 44,
    25: 44,
    28: 40,
    31: 60,
}
# Where their parts and vertices are counted, and the bytes of each: x and y, and z where there is one.
_COUNTS = [
    *((kind, (36, 40), (4, 16)) for kind in (3, 5, 23, 25)),
    *((kind, (36, 40), (4, 24)) for kind in (13, 15)),
    *((kind, (36,), (16,)) for kind in (8, 28)),
    (18, (36,), (24,)),
    (31, (36, 40), (8, 24)),
]


@dataclass
class _Index:
    """The records of a .shp: where each begins, its bytes and number, and which the file does not hold whole."""

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    numbers: NDArray[np.int64]
    damaged: NDArray[np.bool_]

    def follows(self, size: int, stated: int) -> bool:
        """Tell whether whole records follow each other to the end that the file has, or says it has."""
        ends = self.offsets + 8 + self.lengths
        return (
            not self.damaged.any()
            and len(ends) > 0
            and self.offsets[0] == _HEADER
            and np.array_equal(ends[:-1], self.offsets[1:])
            and (ends[-1] == size or ends[-1] == stated)
        )


@dataclass
class _Table:
    """A DBF's header: its fields as (name, type, offset, width), and how many rows it says and has."""

    fields: list[tuple[bytes, str, int, int]] = field(default_factory=list)
    declared: int = 0
    present: int = 0
    header: int = 0
    width: int = 0
    language_byte: int = 0


@reader("ESRI Shapefile", "DBF")
def shapefile(source: Source) -> list[Unread]:
    """
    Tell the one layer of a Shapefile.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        Its name.
    """
    return [Unread(source.path.stem, partial(read, source))]


def read(source: Source) -> RawLayer:
    """
    Read a Shapefile, whole or damaged.

    Its parts are found whatever the case of their names. What GDAL needs is laid out in a private folder, so that a
    missing or wrong index can be made anew there and the delivery stays as it is.

    Parameters
    ----------
    source
        The .shp file; or the .dbf, where that is all there is.

    Returns
    -------
    RawLayer
        Its records, with D002 for a missing or unfitting part and D003 for each damaged record. Text is left
        `Undecoded` unless a person gives its encoding: a .cpg is but a witness.

    Raises
    ------
    SourceError
        D001 where no record can be read.
    """
    path, shown = source.path, source.shown
    parts = {part.suffix.lower(): part for part in path.parent.glob(f"{glob.escape(path.stem)}.*")}
    if path.suffix.lower() == ".dbf":
        parts[".dbf"] = path
        parts.pop(".shp", None)
    else:
        parts[".shp"] = path
    notes: list[Note] = []
    index = _index(parts, shown, notes) if ".shp" in parts else None
    table = _table(parts[".dbf"], 0 if index is None else len(index.offsets)) if ".dbf" in parts else None
    if index is None:
        notes.append(_missing(shown, ".shp"))
    if table is None:
        notes.append(_missing(shown, ".dbf"))
    elif index is not None and table.present != len(index.offsets):
        notes.append(_unlike(shown, len(index.offsets), ".dbf", table.present))

    staged = _lay_out(parts, index, table, source.folder)
    driver = "ESRI Shapefile"
    (head,) = gdal.heads(staged, driver, shown, ENCODING="ISO-8859-1")
    records = gdal.read(staged, driver, head.name, shown, encoding="ISO-8859-1")
    frame, rows = records.frame, records.fids
    if table is not None:
        _restore_dates(frame, rows, table, parts[".dbf"])
    faults: dict[int, str | Text] = dict.fromkeys(
        [] if index is None else np.flatnonzero(index.damaged).tolist(), ""
    )
    faults |= dict(records.damaged)
    if index is not None:
        faults |= dict.fromkeys(_without_shape(frame, rows, index, parts[".shp"]), "")
    keep = ~np.isin(rows, list(faults))
    notes += damaged(shown, path.stem, ((at + 1, reason) for at, reason in sorted(faults.items())))
    layer = RawLayer(
        path=shown,
        layer=path.stem,
        driver=driver,
        crs=head.crs,
        encoding="",
        frame=frame[keep].reset_index(drop=True),
        records=rows[keep] + 1,
        notes=tuple(notes),
        left_out=(
            *_deleted(shown, path.stem, table, parts.get(".dbf")),
            *short_parts(shown, path.stem, records.short),
        ),
    )
    return _decoded(layer, parts.get(".cpg"), table, source.encoding)


def _missing(shown: str, part: str) -> Note:
    return Note(
        "D002", shown, fields={"what": Text.literal(f"{part} is missing", f"\u2068{part}\u2069 نیست")}
    )


def _unlike(shown: str, shapes: int, part: str, rows: int) -> Note:
    en = f"the .shp has {shapes:,} records, the {part} {rows:,}"
    fa = f"\u2068.shp\u2069 {number(shapes, lang='fa')} رکورد دارد و \u2068{part}\u2069 {number(rows, lang='fa')}"
    return Note("D002", shown, fields={"what": Text.literal(en, fa)})


def _unfit(shown: str) -> Note:
    what = Text(
        "the .shx does not fit the .shp, whose own records are taken",
        "\u2068.shx\u2069 با \u2068.shp\u2069 نمی‌خواند و رکوردهای خود \u2068.shp\u2069 گرفته شد",
    )
    return Note("D002", shown, fields={"what": what})


def _index(parts: dict[str, Path], shown: str, notes: list[Note]) -> _Index:
    """Take the index from the .shx where it fits the .shp, else from the .shp itself."""
    path = parts[".shp"]
    size = path.stat().st_size
    if size <= _HEADER:
        if ".shx" not in parts:
            notes.append(_missing(shown, ".shx"))
        return _Index(*(np.empty(0, np.int64),) * 3, np.empty(0, bool))
    content = np.memmap(path, dtype=np.uint8, mode="r")
    told = _from_shx(parts[".shx"], content) if ".shx" in parts else None
    stated = struct.unpack(">i", content[24:28].tobytes())[0] * 2
    if told is not None and told.follows(size, stated):
        return told
    walked = _walk(content)
    if told is None:
        notes.append(_missing(shown, ".shx"))
    elif not _fits(told, walked, stated > size):
        notes.append(
            _unlike(shown, len(walked.offsets), ".shx", len(told.offsets))
            if len(walked.offsets) != len(told.offsets)
            else _unfit(shown)
        )
    else:
        return told
    if walked.damaged.all():
        raise refusal("unreadable", shown, driver="ESRI Shapefile", reason="no record is whole")
    return walked


def _fits(told: _Index, walked: _Index, cut: bool) -> bool:
    """
    Tell whether the .shx is the better index, though its records do not simply follow each other.

    Programs that change a record may put it at the end anew and leave the old one where it was: the .shx knows which
    counts. Of a .shp that was cut it knows how many there were.
    """
    if not len(told.offsets) or told.damaged.all():
        return False
    in_order = np.array_equal(told.numbers[~told.damaged], np.flatnonzero(~told.damaged) + 1)
    if not told.damaged.any():
        return in_order and walked.numbers.max(initial=0) <= len(told.offsets)
    broken = cut or bool(walked.damaged.any())
    return broken and in_order and (~told.damaged).sum() >= (~walked.damaged).sum()


def _from_shx(shx: Path, content: NDArray[np.uint8]) -> _Index:
    """Read a .shx, and hold each entry against the record that it tells of."""
    beyond = shx.stat().st_size - _HEADER
    data = np.fromfile(shx, dtype=">i4", offset=_HEADER) if beyond > 0 else np.empty(0, ">i4")
    pairs = data[: len(data) // 2 * 2].reshape(-1, 2).astype(np.int64) * 2
    offsets, lengths = pairs[:, 0], pairs[:, 1]
    inside = (offsets >= _HEADER) & (lengths >= 4) & (offsets + 8 + lengths <= len(content))  # noqa: PLR2004
    numbers, stated, sound = np.zeros((3, len(offsets)), np.int64)
    numbers[inside], stated[inside], sound[inside] = _heads(content, offsets[inside])
    # Each record begins with its length, which the index repeats.
    return _Index(offsets, lengths, numbers, ~(inside & (stated == lengths) & (sound > 0)))


def _heads(content: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give (3, n) what records at offsets say: number, bytes of content, and whether their content can be so long."""
    head = np.ascontiguousarray(content[offsets[:, None] + np.arange(12)])
    numbers = head[:, :4].copy().view(">i4")[:, 0].astype(np.int64)
    lengths = head[:, 4:8].copy().view(">i4")[:, 0].astype(np.int64) * 2
    kinds = head[:, 8:].copy().view("<i4")[:, 0]
    least = np.array([_LEAST.get(int(kind), np.iinfo(np.int64).max) for kind in np.unique(kinds)], np.int64)
    needed = least[np.searchsorted(np.unique(kinds), kinds)] if len(kinds) else np.empty(0, np.int64)
    for kind, at, sizes in _COUNTS:
        some = np.flatnonzero((kinds == kind) & (lengths >= needed) & (offsets + 8 + lengths <= len(content)))
        for place, size in zip(at, sizes, strict=True):
            where = offsets[some, None] + 8 + place + np.arange(4)
            counts = np.ascontiguousarray(content[where]).view("<i4")[:, 0].astype(np.int64)
            needed[some] += np.where(counts < 0, np.iinfo(np.int32).max, counts) * size
    return np.stack([numbers, lengths, (lengths >= needed).astype(np.int64)])


def _walk(content: NDArray[np.uint8]) -> _Index:
    """Go from record to record, and past those whose length cannot be to the next one that is whole."""
    found: list[tuple[int, int, int, bool]] = []
    at, size = _HEADER, len(content)
    view = content.data
    while at + 12 <= size:
        number, words, kind = (*struct.unpack_from(">2i", view, at), *struct.unpack_from("<i", view, at + 8))
        end = at + 8 + words * 2
        if words >= 2 and number >= 0 and kind in _LEAST and end <= size:  # noqa: PLR2004 - a null shape has two words
            found.append((at, words * 2, number, False))
            at = end
            continue
        last = found[-1][2] if found else 0
        following = _next(content, at, last)
        if following is None:
            if words > 0:
                found.append((at, max(words, 2) * 2, last + 1, True))
            break
        lost = int(_heads(content, np.array([following]))[0, 0]) - last - 1
        found += [(at, 4, last + 1 + step, True) for step in range(lost)]
        at = following
    offsets, lengths, numbers, damaged = np.array(found, np.int64).reshape(-1, 4).T
    whole = np.flatnonzero(damaged == 0)
    damaged[whole] = 1 - _heads(content, offsets[whole])[2]
    return _Index(offsets, lengths, numbers, damaged > 0)


def _next(content: NDArray[np.uint8], at: int, last: int) -> int | None:
    """Find where the next whole record begins, behind one that is not; None where there is none."""
    rest = content[at + 4 : at + 4 + (len(content) - at - 4) // 4 * 4].view(">i4")
    if len(rest) < 3:  # noqa: PLR2004 - number, length and type
        return None
    numbers, words = rest[:-2].astype(np.int64), rest[1:-1].astype(np.int64)
    starts = at + 4 + 4 * np.arange(len(numbers))
    likely = (numbers > last + 1) & (numbers <= last + 2 + len(rest) // 3) & (words >= 2)  # noqa: PLR2004
    likely &= starts + 8 + 2 * words <= len(content)
    for start in starts[likely].tolist():
        number, length, sound = _heads(content, np.array([start]))[:, 0].tolist()
        end = start + 8 + length
        if sound and (end + 12 > len(content) or _heads(content, np.array([end]))[0, 0] == number + 1):
            return int(start)
    return None


def _without_shape(frame: gpd.GeoDataFrame, rows: NDArray[np.int64], index: _Index, shp: Path) -> list[int]:
    """Tell the records that GDAL makes no geometry of, though they hold vertices."""
    bare = rows[frame.geometry.isna().to_numpy()]
    bare = bare[bare < len(index.offsets)]
    bare = bare[~index.damaged[bare]]
    if not len(bare):
        return []
    content = np.memmap(shp, dtype=np.uint8, mode="r")
    kinds = np.ascontiguousarray(content[index.offsets[bare, None] + np.arange(8, 12)]).view("<i4")[:, 0]
    least = np.array([_LEAST[int(kind)] for kind in kinds])
    lost: list[int] = bare[(kinds != 0) & (index.lengths[bare] > least)].tolist()
    return lost


def _deleted(shown: str, layer: str, table: _Table | None, dbf: Path | None) -> list[LeftOut]:
    """Tell how many rows are marked as deleted, which GDAL passes over with their shapes."""
    if table is None or dbf is None or not table.present:
        return []
    rows = np.memmap(dbf, dtype=np.uint8, mode="r", offset=table.header, shape=(table.present, table.width))
    count = int((rows[:, 0] == _DELETED).sum())
    what = Text("{count:record|records} marked as deleted", "رکورد که نشان حذف دارد")
    why = Text(
        "the .dbf marks {count:it|them} as deleted; undo that in the program that wrote it if {count:it is|they are} "
        "to count",
        "\u2068.dbf\u2069 آن‌ها را حذف‌شده نشان کرده است؛ اگر باید شمرده شوند، حذفشان را در همان برنامه برگردانید",
    )
    return [LeftOut(shown, layer, count, what, why)] if count else []


def _table(dbf: Path, shapes: int) -> _Table:
    """Read a DBF's header; where it counts fewer rows than there are, the shapes tell how many it means."""
    size = dbf.stat().st_size
    with dbf.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:  # noqa: PLR2004 - the fixed part of a DBF header
            return _Table()
        declared, header, width = struct.unpack("<IHH", head[4:12])
        table = _Table([], declared, 0, header, width, head[29])
        at = 1
        for _ in range(max(header - 33, 0) // 32):
            entry = file.read(32)
            if len(entry) < 32 or entry[0] in {0x0D, 0}:  # noqa: PLR2004 - a field's entry
                break
            table.fields.append((entry[:11].split(b"\0")[0], chr(entry[11]), at, entry[16]))
            at += entry[16]
    if width:
        table.present = min(max(declared, shapes), max(size - header, 0) // width)
    return table


def _lay_out(parts: dict[str, Path], index: _Index | None, table: _Table | None, folder: Path) -> Path:
    """Put the parts side by side under one name, with an index of the records that are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    if table is not None and table.fields:
        stage(parts[".dbf"], folder / "layer.dbf")
        wanted = table.present if index is None else max(table.present, len(index.offsets))
        if wanted != table.declared or wanted > table.present:
            _fill(folder / "layer.dbf", parts[".dbf"], table, wanted)
    if index is None:
        return folder / "layer.dbf"
    stage(parts[".shp"], folder / "layer.shp")
    if ".prj" in parts:
        stage(parts[".prj"], folder / "layer.prj")
    with parts[".shp"].open("rb") as file:
        head = bytearray(file.read(_HEADER))
    head[24:28] = struct.pack(">i", (_HEADER + 8 * len(index.offsets)) // 2)
    pairs = np.stack([index.offsets // 2, index.lengths // 2], axis=1).astype(">i4")
    pairs[index.damaged] = 0
    (folder / "layer.shx").write_bytes(bytes(head) + pairs.tobytes())
    return folder / "layer.shp"


def _fill(target: Path, source: Path, table: _Table, rows: int) -> None:
    """Copy a DBF that ends before its last row or has fewer than there are shapes, blank rows for those missing."""
    target.unlink()
    data = bytearray(source.read_bytes()[: table.header + table.present * table.width])
    data[4:8] = struct.pack("<I", rows)
    target.write_bytes(data + b" " * (table.width * (rows - table.present)))


def _restore_dates(frame: gpd.GeoDataFrame, rows: NDArray[np.int64], table: _Table, dbf: Path) -> None:
    """Take dates as they stand, as digits: GDAL bends Jalali ones that are no Gregorian dates."""
    if not any(kind == "D" and width == _DATE_WIDTH for _, kind, _, width in table.fields):
        return
    data = np.memmap(dbf, dtype=np.uint8, mode="r", offset=table.header, shape=(table.present, table.width))
    inside = rows < table.present
    for at, (_, kind, offset, width) in enumerate(table.fields):
        if kind != "D" or width != _DATE_WIDTH:
            continue
        raw = np.full((len(rows), width), ord(" "), dtype=np.uint8)
        raw[inside] = data[rows[inside], offset : offset + width]
        text = pd.Series(raw.view(f"S{width}")[:, 0].astype(f"U{width}"), index=frame.index).str.strip(" \0")
        whole = text.str.fullmatch(r"\d{8}")
        iso = text.str[:4] + "-" + text.str[4:6] + "-" + text.str[6:]
        frame[frame.columns[at]] = text.where(~whole, iso).mask(text.isin(["", "00000000"]))


def _decoded(layer: RawLayer, cpg: Path | None, table: _Table | None, encoding: str | None) -> RawLayer:
    """Decode as a person tells; else leave the text, with what the parts say of it, to who weighs that."""
    declared = cpg.read_text("latin-1").strip("\ufeff\xef\xbb\xbf \t\r\n\0")[:40] if cpg is not None else ""
    wanted = codec(encoding) if encoding else codec(declared)
    if encoding and wanted is None:
        raise refusal("encoding", layer.path, encoding=encoding)
    kept = undecoded(layer.frame, declared=declared, language_byte=table.language_byte if table else 0)
    if kept is None:
        return replace(layer, encoding=wanted or "")
    layer = replace(layer, undecoded=kept)
    return layer.decode(wanted) if encoding and wanted else layer
