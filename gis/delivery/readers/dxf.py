"""DXF of CAD programs."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gis.delivery.files.layer import RawLayer, is_string, stage, title, undecoded
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.inventory import Note
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

_HEAD = 256 * 1024
# What stands for a route or a node in a drawing, as DXF's subclass markers name it: LINE, LWPOLYLINE, POLYLINE, POINT,
# INSERT. Texts, hatches, dimensions and the like are left out.
_DRAWN = re.compile(r"AcDb(?:Line|Polyline|2dPolyline|3dPolyline|Point|BlockReference|MInsertBlock)\b")
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
_LATIN = "ISO-8859-1"


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
    """
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
    keep = np.ones(len(frame), dtype=bool)
    if "PaperSpace" in frame:
        keep &= ~frame["PaperSpace"].fillna(0).astype(bool).to_numpy()
    markers = frame["SubClasses"].fillna("").astype(str)
    if markers.any():
        keep &= markers.str.contains(_DRAWN).to_numpy()
    elif "Text" in frame:  # a drawing of release 12 has no markers
        keep &= frame["Text"].isna().to_numpy()
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
        shown, "entities", "DXF", None, shown_encoding, frame, records.fids[keep] + 1, notes, kept
    )


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
