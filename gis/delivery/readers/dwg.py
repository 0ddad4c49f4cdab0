"""
DWG of CAD programs, read as the DXF that it is turned into: what is drawn, hidden or of the sheet is told alike.

The turning is `gis.delivery.readers.drawings.conversion`, in a process of its own with limits.
"""

from __future__ import annotations

import codecs
import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.files.refusals import refusal
from gis.delivery.readers import dxf
from gis.delivery.readers.drawings import conversion, tags
from gis.delivery.readers.reader import Source, Unread, reader
from gis.language import Text
from gis.text import encodings

if TYPE_CHECKING:
    from pathlib import Path

    from gis.delivery.readers.drawings.tags import Drawing

# Releases that are read, by what their files begin with, and those before text was in Unicode.
_RELEASES = frozenset(("AC1015", "AC1018", "AC1021", "AC1024", "AC1027", "AC1032"))
_IN_A_CODE_PAGE = frozenset(("AC1015", "AC1018"))
_MAGIC = 6
# A drawing of 60 000 polylines (10 MB) takes 6 s and 0.3 GB.
_SECONDS, _SECONDS_PER_MB = 60, 10
_LIMITS = {
    "DOTNET_GCHeapHardLimit": f"{4 << 30:x}",  # bytes, in hexadecimal
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",  # numbers are written alike in every country
}
_INSTALL = Text(
    "install what reads it with pip install 'fibre-gis[dwg]', or save it as ASCII DXF of release 2018, in the CAD "
    "program or with the ODA File Converter",
    "ابزار خواندنش را با \u2066pip install 'fibre-gis[dwg]'\u2069 نصب کنید، یا آن را در برنامهٔ CAD یا با "
    "ODA File Converter با قالب DXF متنی نسخهٔ ۲۰۱۸ ذخیره کنید",
)
_RELEASE = Text("DWG of another release than 2000 to 2018", "DWG با نسخه‌ای جز ۲۰۰۰ تا ۲۰۱۸")
_SAVE = Text(
    "save it as DWG or ASCII DXF of release 2018, in the CAD program or with the ODA File Converter",
    "آن را در برنامهٔ CAD یا با ODA File Converter با قالب DWG یا DXF متنی نسخهٔ ۲۰۱۸ ذخیره کنید",
)
_DAMAGED = Text(
    "it is damaged, or holds what its reader does not know",
    "آسیب دیده است یا چیزی دارد که خواننده‌اش نمی‌شناسد",
)
_ENDLESS = Text("reading it comes to no end", "خواندنش به پایان نمی‌رسد")
_LOST = Text("its reader does not understand it", "خواننده‌اش آن را نمی‌فهمد")
# What programs leave out of a DXF, as it is supposed: a line's elevation of 0, which would give it heights, and the
# line type of the layer.
_SUPPOSED = {38: {"0", "0.0"}, 6: {"ByLayer"}}
_HANDLE, _NAME, _COMMENT = 5, 2, 999
_BYTES = range(0x80, 0xA0)


@reader("DWG")
def dwg(source: Source) -> list[Unread]:
    """
    Read the layers of a DWG drawing.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        As `gis.delivery.readers.dxf.dxf` gives them of the same drawing; an entity that is lost on the way is noted
        (D003) where it would have been drawn, and counted where not.

    Raises
    ------
    SourceError
        D001 where it is damaged or holds what is not understood; D010 where it is of another release, or what reads
        it is not installed.
    """
    with source.path.open("rb") as file:
        release = file.read(_MAGIC).decode("ascii", "replace")
    if release not in _RELEASES:
        raise refusal("refused", source.shown, format=_RELEASE, remedy=_SAVE)
    written, told = _converted(source)
    drawing = _read(written, told["page"], release, source.shown)
    _add(drawing, told["lost"])
    return dxf.layers(source, drawing, "DWG")


def _converted(source: Source) -> tuple[bytes, dict[str, Any]]:
    """Give the DXF of a drawing, in UTF-8, and what `conversion` tells of it."""
    # The libraries take a path that is text.
    drawing, written, census = (source.folder / name for name in ("drawing.dwg", "drawing.dxf", "told.json"))
    shutil.copyfile(source.path, drawing)
    status = _run(drawing, written, census, source.shown)
    if status == conversion.MISSING:
        raise refusal("refused", source.shown, format="DWG", remedy=_INSTALL)
    if status != conversion.DONE:
        raise refusal("drawing", source.shown, reason=_DAMAGED)
    return written.read_bytes(), json.loads(census.read_text("utf-8"))


def _run(drawing: Path, written: Path, census: Path, shown: str) -> int:
    seconds = _SECONDS + _SECONDS_PER_MB * drawing.stat().st_size / 1e6
    # -P: the program's own folder has names of the standard library in it.
    command = [sys.executable, "-P", conversion.__file__, *map(str, (drawing, written, census))]
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            timeout=seconds,
            check=False,
            env={**os.environ, **_LIMITS},
        )
    except subprocess.TimeoutExpired as error:
        raise refusal("drawing", shown, reason=_ENDLESS) from error
    return done.returncode


def _read(written: bytes, page: str, release: str, shown: str) -> Drawing:
    """Read the tags; of an old release the words are in the bytes that stood in the drawing."""
    codec = encodings.codec(page.upper().replace("ANSI_", "CP")) if release in _IN_A_CODE_PAGE else None
    text = written.decode("utf-8", "replace").translate(conversion.BACK)
    # Templates declare the west whatever the words are in: `texts` finds that out from the bytes.
    drawing = tags.read(text.encode(codec or "utf-8", _AS_BYTES), shown)
    if codec is not None:
        drawing.settings.update({"$ACADVER": release, "$DWGCODEPAGE": page})
    for code, values in _SUPPOSED.items():
        for at in np.flatnonzero(drawing.codes == code):
            if drawing.values[at].strip() in values:
                drawing.codes[at], drawing.skip[at] = _COMMENT, True
    return drawing


def _add(drawing: Drawing, lost: list[tuple[str, int, int]]) -> None:
    """Put the entities that were lost on the way where they are counted."""
    layers = _layers(drawing) if lost else {}
    end = len(drawing.codes)
    for kind, handle, layer in lost:
        if kind in tags.DRAWN:
            drawing.broken[len(drawing.entities)] = _LOST
        drawing.entities.append(
            tags.Entity(
                kind, layers.get(layer, "0"), "", end, end, end, f"{handle:X}", paper=False, hidden=False
            )
        )


def _layers(drawing: Drawing) -> dict[int, str]:
    """Give the drawing's layers by their handles."""
    starts = np.flatnonzero(drawing.codes == 0)
    found = {}
    for start, end in pairwise([*starts.tolist(), len(drawing.codes)]):
        if drawing.values[start].strip() == "LAYER":
            said = dict(zip(drawing.codes[start:end], drawing.values[start:end], strict=True))
            found[int(said.get(_HANDLE, "0"), 16)] = said.get(_NAME, "0").strip()
    return found


def _as_bytes(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what a code page has no letter for: its unassigned bytes as they were, the rest as DXF escapes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return b"".join(
        bytes([ord(char)]) if ord(char) in _BYTES else f"\\U+{min(ord(char), 0xFFFD):04X}".encode("ascii")
        for char in found
    ), error.end


_AS_BYTES = "gis.drawing"
codecs.register_error(_AS_BYTES, _as_bytes)
