"""Shapefiles: their parts, what is wrong with them, and the records that are whole."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.delivery.files.layer import RawLayer, stage, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.inventory import Note
from gis.language import Text, number
from gis.text.encodings import codec

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

_HEADER = 100
_DATE_WIDTH = 8


@dataclass
class _Index:
    """The records of a .shp: where each begins, how many bytes it has, and which the file does not hold whole."""

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    damaged: NDArray[np.bool_]


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
    parts = {part.suffix.lower(): part for part in path.parent.glob(f"{_escape(path.stem)}.*")}
    if path.suffix.lower() == ".dbf":
        parts[".dbf"] = path
        parts.pop(".shp", None)
    else:
        parts[".shp"] = path
    notes: list[Note] = []
    index = _index(parts, shown, notes) if ".shp" in parts else None
    table = _table(parts[".dbf"]) if ".dbf" in parts else None
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
    faults = dict.fromkeys([] if index is None else np.flatnonzero(index.damaged).tolist(), "")
    faults |= dict(records.damaged)
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
        notes=notes,
    )
    return _decoded(layer, parts.get(".cpg"), table, source.encoding)


def _escape(stem: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in stem)


def _missing(shown: str, part: str) -> Note:
    return Note("D002", shown, fields={"what": Text(f"{part} is missing", f"\u2068{part}\u2069 نیست")})


def _unlike(shown: str, shapes: int, part: str, rows: int) -> Note:
    en = f"the .shp has {shapes:,} records, the {part} {rows:,}"
    fa = f"\u2068.shp\u2069 {number(shapes, lang='fa')} رکورد دارد و \u2068{part}\u2069 {number(rows, lang='fa')}"
    return Note("D002", shown, fields={"what": Text(en, fa)})


def _index(parts: dict[str, Path], shown: str, notes: list[Note]) -> _Index:
    """Take the index from the .shx where it fits the .shp, else walk the .shp itself."""
    size = parts[".shp"].stat().st_size
    walked: _Index | None = None
    if ".shx" not in parts:
        notes.append(_missing(shown, ".shx"))
    else:
        index = _from_shx(parts[".shx"], parts[".shp"], size)
        if index is not None and not index.damaged.any():
            return index
        walked = _walk(parts[".shp"], size)
        if index is not None and len(index.offsets) >= len(walked.offsets):
            # The .shp was cut: the .shx still knows how many there were.
            return index
        notes.append(_unlike(shown, len(walked.offsets), ".shx", 0 if index is None else len(index.offsets)))
    walked = walked or _walk(parts[".shp"], size)
    if not len(walked.offsets) and size > _HEADER:
        raise refusal("unreadable", shown, driver="ESRI Shapefile", reason="no record is whole")
    return walked


def _from_shx(shx: Path, shp: Path, size: int) -> _Index | None:
    data = (
        np.fromfile(shx, dtype=">i4", offset=_HEADER) if shx.stat().st_size > _HEADER else np.empty(0, ">i4")
    )
    pairs = data[: len(data) // 2 * 2].reshape(-1, 2).astype(np.int64) * 2
    offsets, lengths = pairs[:, 0], pairs[:, 1]
    if (offsets < _HEADER).any() or (lengths < 0).any():
        return None
    whole = offsets + 8 + lengths <= size
    damaged = ~whole
    if whole.any():
        # Each record begins with its length, which the index repeats.
        content = np.memmap(shp, dtype=np.uint8, mode="r")
        at = offsets[whole][:, None] + np.arange(4, 8)
        stated = np.ascontiguousarray(content[at]).view(">i4")[:, 0].astype(np.int64) * 2
        damaged[whole] = stated != lengths[whole]
    return _Index(offsets, lengths, damaged)


def _walk(shp: Path, size: int) -> _Index:
    offsets, lengths, damaged = [], [], []
    with shp.open("rb") as file:
        at = _HEADER
        while at + 8 <= size:
            file.seek(at)
            number, words = struct.unpack(">2i", file.read(8))
            if words < 2 or number < 1:  # noqa: PLR2004 - a null shape has two words
                break
            offsets.append(at)
            lengths.append(words * 2)
            damaged.append(at + 8 + words * 2 > size)
            at += 8 + words * 2
    return _Index(np.array(offsets, np.int64), np.array(lengths, np.int64), np.array(damaged, bool))


def _table(dbf: Path) -> _Table:
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
        table.present = min(declared, max(size - header, 0) // width)
    return table


def _lay_out(parts: dict[str, Path], index: _Index | None, table: _Table | None, folder: Path) -> Path:
    """Put the parts side by side under one name, with an index of the records that are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    if table is not None and table.fields:
        stage(parts[".dbf"], folder / "layer.dbf")
        wanted = table.present if index is None else max(table.present, len(index.offsets))
        if wanted > table.present or table.present < table.declared:
            _fill(folder / "layer.dbf", parts[".dbf"], table, wanted)
    if index is None:
        return folder / "layer.dbf"
    stage(parts[".shp"], folder / "layer.shp")
    if ".prj" in parts:
        stage(parts[".prj"], folder / "layer.prj")
    if (
        ".shx" in parts
        and not index.damaged.any()
        and parts[".shx"].stat().st_size == _HEADER + 8 * len(index.offsets)
    ):
        stage(parts[".shx"], folder / "layer.shx")
    else:
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
