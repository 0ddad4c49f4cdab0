"""DXF of CAD programs."""

from __future__ import annotations

import mmap
import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.delivery.files.layer import RawLayer, is_string, stage, title, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal, parts
from gis.delivery.readers.reader import Source, Unread, damaged, left_out, reader
from gis.inventory import Note
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

_HEAD = 256 * 1024
# What stands for a route or a node in a drawing, as DXF's subclass markers name it: LINE, LWPOLYLINE, POLYLINE, ARC,
# CIRCLE, ELLIPSE, SPLINE, POINT, INSERT. Texts, hatches, dimensions and the like are left out and counted.
_DRAWN = re.compile(
    r"AcDb(?:Line|Polyline|2dPolyline|3dPolyline|Arc|Circle|Ellipse|Spline|Point|BlockReference|MInsertBlock)\b"
)
_NO_PLANT = Text("it is no line and no point", "نه خط است و نه نقطه")
_KINDS: tuple[tuple[str, Text], ...] = (
    (r"AcDb(?:M?Text|Attribute\w*)\b", Text("texts of the drawing", "نوشتهٔ نقشه")),
    (r"AcDbHatch\b", Text("hatches of the drawing", "هاشور نقشه")),
    (
        r"Dimension\b|AcDbM?Leader\b",
        Text("dimensions and leaders of the drawing", "اندازه‌گذاری و راهنمای نقشه"),
    ),
    (r"", Text("other entities of the drawing", "شیء دیگر نقشه")),
)
_SHEET = Text("entities of paper space", "شیء فضای کاغذ")
_BLOCKS = Text("inserted blocks with lines in them", "بلوک درج‌شدهٔ خط‌دار")
_AS_POINTS = Text(
    "each is taken as its point, and its lines are not measured; explode the blocks",
    "هر یک نقطهٔ درجش گرفته شد و خط‌هایش اندازه‌گیری نشد؛ بلوک‌ها را باز کنید (explode)",
)
_UNICODE = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_UTF8_SINCE = "AC1021"
# $INSUNITS of the DXF reference, where it is not metres.
_UNITS = {
    1: Text("inches", "اینچ"),
    2: Text("feet", "فوت"),
    3: Text("miles", "مایل"),
    4: Text("millimetres", "میلی‌متر"),
    5: Text("centimetres", "سانتی‌متر"),
    7: Text("kilometres", "کیلومتر"),
    10: Text("yards", "یارد"),
    14: Text("decimetres", "دسی‌متر"),
    21: Text("US survey feet", "فوت نقشه‌برداری آمریکا"),
}
_INSERTS_AS_POINTS = {"DXF_INLINE_BLOCKS": "FALSE"}
# LineString, LinearRing, MultiLineString and collections of them.
_LINE_TYPES = (1, 2, 5, 7)
_LATIN = "ISO-8859-1"
_ENTITIES = re.compile(rb"^[ \t]*2[ \t]*\r?\n[ \t]*ENTITIES[ \t]*\r?$", re.MULTILINE)


@reader("DXF")
def dxf(source: Source) -> list[Unread]:
    """
    Tell the one layer of a DXF drawing.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        ``"entities"``: lines, polylines, points and inserted blocks of model space, with the drawing's own layers in
        the column ``Layer``.

    Raises
    ------
    SourceError
        D009 where it has no section of entities.
    """
    with source.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not _ENTITIES.search(data):
            raise refusal("entities", source.shown)
    return [Unread("entities", partial(_dxf, source))]


def _dxf(source: Source) -> RawLayer:
    path, shown, encoding = source.path, source.shown, source.encoding
    with path.open("rb") as file:
        head = file.read(_HEAD)
    header = _header(head.decode("latin-1"))
    used, declared = _dxf_encoding(path, header, encoding)
    staged = stage(path, source.folder / "layer.dxf")
    config = dict(_INSERTS_AS_POINTS)
    if used != declared or encoding:
        config["DXF_ENCODING"] = used
    records = gdal.read(staged, "DXF", "entities", shown, config=config)
    frame = records.frame
    keep, passed_over = _drawn(frame)
    passed_over.append((_with_lines(staged, shown, frame[keep], config), _BLOCKS, _AS_POINTS))
    frame = frame[keep].reset_index(drop=True)
    frame = frame[[column for column in frame.columns if column == "geometry" or frame[column].notna().any()]]
    frame = frame.drop(columns=["SubClasses", "PaperSpace"], errors="ignore")
    texts = [str(c) for c in frame.columns if c != "geometry" and is_string(frame[c])]
    for column in texts:
        frame[column] = frame[column].str.replace(_UNICODE, lambda match: chr(int(match[1], 16)), regex=True)
    kept = undecoded(frame, declared=declared, names=False) if used == _LATIN and not encoding else None
    notes = damaged(shown, "entities", ((at + 1, reason) for at, reason in records.damaged))
    units = _UNITS.get(int(header.get("$INSUNITS", "0") or 0))
    if units is not None and not _plain(frame):
        why = Text("the drawing's $INSUNITS says so", "‎$INSUNITS‎ نقشه چنین می‌گوید")
        notes += (Note("C106", title(shown, "entities"), fields={"declared": units, "why": why}),)
    shown_encoding = "" if kept else (encoding or declared)
    return RawLayer(
        shown,
        "entities",
        "DXF",
        None,
        shown_encoding,
        frame,
        records.fids[keep] + 1,
        notes,
        kept,
        (
            *left_out(shown, "entities", passed_over),
            *parts.short_parts(shown, "entities", records.short),
        ),
    )


def _drawn(frame: gpd.GeoDataFrame) -> tuple[NDArray[np.bool_], list[tuple[int, Text, Text]]]:
    """Tell which entities are plant, as far as a drawing tells; count the others by their kind."""
    model = np.ones(len(frame), dtype=bool)
    if "PaperSpace" in frame:
        model = ~frame["PaperSpace"].fillna(0).astype(bool).to_numpy()
    passed_over = [(int((~model).sum()), _SHEET, _NO_PLANT)]
    markers = frame["SubClasses"].fillna("").astype(str)
    texts = frame["Text"].notna().to_numpy() if "Text" in frame else np.zeros(len(frame), dtype=bool)
    # A drawing of release 12 has no markers.
    drawn = markers.str.contains(_DRAWN).to_numpy() if markers.any() else ~texts
    rest = model & ~drawn
    for pattern, what in _KINDS:
        of_kind = rest & (markers.str.contains(pattern, regex=True).to_numpy() if markers.any() else True)
        passed_over.append((int(of_kind.sum()), what, _NO_PLANT))
        rest &= ~of_kind
    return model & drawn, passed_over


def _with_lines(staged: Path, shown: str, frame: gpd.GeoDataFrame, config: dict[str, str]) -> int:
    """Count the inserted blocks that hold lines or other blocks, and not points and texts alone."""
    if "BlockName" not in frame or not frame["BlockName"].notna().any():
        return 0
    if all(head.name != "blocks" for head in gdal.heads(staged, "DXF", shown, config=config)):
        return 0
    blocks = gdal.read(staged, "DXF", "blocks", shown, config=config).frame
    lines = np.isin(shapely.get_type_id(blocks.geometry.to_numpy()), _LINE_TYPES)
    if "BlockName" in blocks:
        lines |= blocks["BlockName"].notna().to_numpy()
    return int(frame["BlockName"].isin(set(blocks["Block"][lines])).sum())


def _plain(frame: gpd.GeoDataFrame) -> bool:
    """
    Tell whether coordinates can be degrees, or metres of a UTM zone.

    Programs write inches into the heads of drawings that are in metres: their templates say so.
    """
    bounds = frame.geometry.total_bounds
    if not np.isfinite(bounds).all():
        return True
    degrees = abs(bounds).max() <= 180  # noqa: PLR2004
    return bool(degrees or (bounds[0] > 1e5 and bounds[2] < 1e6 and bounds[1] > 1e6 and bounds[3] < 1e7))  # noqa: PLR2004


def _header(head: str) -> dict[str, str]:
    """Read the drawing's settings: each a name under code 9 and its value under the next code."""
    lines = [line.strip() for line in head.splitlines()]
    settings: dict[str, str] = {}
    for at in range(len(lines) - 3):
        if lines[at] == "9" and lines[at + 1].startswith("$"):
            settings.setdefault(lines[at + 1], lines[at + 3])
    return settings


def _dxf_encoding(path: Path, header: dict[str, str], encoding: str | None) -> tuple[str, str]:
    """Tell the encoding to read a drawing in, and the one that it declares."""
    page = header.get("$DWGCODEPAGE", "").upper()
    if header.get("$ACADVER", "") >= _UTF8_SINCE:
        declared = "UTF-8"
    else:
        declared = "CP" + page.removeprefix("ANSI_") if page.startswith("ANSI_") else ""
    if encoding:
        return encoding, declared
    if declared == "UTF-8":
        try:
            path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            return _LATIN, declared
    return declared or _LATIN, declared
