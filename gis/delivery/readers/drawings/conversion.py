"""
From DWG to DXF: a program of its own, which `gis.delivery.readers.dwg` runs and which imports nothing of `gis`.

ACadSharp, in .NET and compiled ahead of time, reads the DWG and writes the DXF; what of a drawing it does not
understand it passes over without a word. ezdwg, written by others in Rust, lists the objects of the DWG by their
handles: what is on its list and not in the DXF was lost on the way. Both parse what anybody may have made, hence a
process that may end, hang or run out of memory on its own.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

# Exit statuses: done, and a library that is not there. Whatever else happens is a drawing that cannot be read.
DONE, MISSING = 0, 3
# The release whose DXF is in UTF-8 and holds every kind of entity.
_WRITTEN = "AC1032"
# Characters that stand in names all the same: of layers of other drawings (a bar), of Persian ones of old releases (the
# escape \\U+0645). ACadSharp writes no layer and no block with one of them: characters that no text has stand for them.
_BARRED = '\\/:*?"<>|;,=`'
_AWAY = {ord(char): 0xFDD0 + at for at, char in enumerate(_BARRED)}
BACK = {letter: char for char, letter in _AWAY.items()}
# What is told by what it belongs to: ends and heads of blocks and of vertices, the window to a sheet.
_PARTS = frozenset(
    ("BLOCK", "ENDBLK", "SEQEND", "VIEWPORT", "VERTEX_MESH", "VERTEX_PFACE", "VERTEX_PFACE_FACE")
)
# Without these what stands in the DXF is not what was drawn.
_NEEDED = frozenset(("LAYER", "BLOCK_HEADER", "VERTEX_2D", "VERTEX_3D"))
# What DXF calls otherwise than DWG does.
_KINDS = {
    "MINSERT": "INSERT",
    "POLYLINE_2D": "POLYLINE",
    "POLYLINE_3D": "POLYLINE",
    "POLYLINE_MESH": "MESH POLYLINE",
    "POLYLINE_PFACE": "MESH POLYLINE",
    **{
        f"DIM_{name}": "DIMENSION"
        for name in ("LINEAR", "ALIGNED", "ANG2LN", "ANG3PT", "RADIUS", "DIAMETER", "ORDINATE")
    },
}


def convert(runtime: Any, drawing: Path, written: Path) -> str:
    """
    Write a DWG as DXF of release 2018, its names with the letters that `BACK` leads back from.

    Parameters
    ----------
    runtime
        ACadSharp, loaded.
    drawing, written
        The DWG and the DXF.

    Returns
    -------
    str
        The code page that the DWG declares, as DXF names it.
    """
    names = runtime.ACadSharp
    document = names.IO.DwgReader(str(drawing)).Read()
    page = str(document.Header.CodePage)
    for named in (*document.Layers, *document.BlockRecords):
        # Blocks without a name of their own begin with a star, and may.
        name = str(named.Name)
        bare = name.removeprefix("*")
        if bare != bare.translate(_AWAY):
            named.Name = name.removesuffix(bare) + bare.translate(_AWAY)
    document.Header.Version = getattr(names.ACadVersion, _WRITTEN)
    runtime.write(document, written)
    return page


def handles(written: Path) -> frozenset[int]:
    """
    Give the handles that stand in a DXF.

    Parameters
    ----------
    written
        The DXF.

    Returns
    -------
    frozenset of int
        Those of entities, their parts, layers and blocks.
    """
    lines = written.read_bytes().split(b"\n")
    return frozenset(
        int(value, 16)
        for code, value in zip(lines[::2], lines[1::2], strict=False)
        if code.strip() in {b"5", b"105"}
    )


def lost(raw: Any, drawing: Path, written: Path) -> list[tuple[str, int, int]]:
    """
    Tell which entities of a DWG its DXF does not have.

    Parameters
    ----------
    raw
        The module ``ezdwg.raw``.
    drawing, written
        The DWG and its DXF.

    Returns
    -------
    list of (str, int, int)
        Of each its kind as DXF has it, its handle and that of its layer, 0 where it is not known.

    Raises
    ------
    LookupError
        A layer, a block or a vertex is missing: what is there would not be what was drawn.
    """
    kept = handles(written)
    gone = [
        (handle, kind)
        for handle, _, _, _, kind, of in raw.list_object_headers_with_type(str(drawing))
        if handle not in kept and kind not in _PARTS and (of == "E" or kind in _NEEDED)
    ]
    if not gone:
        return []
    torn = [kind for _, kind in gone if kind in _NEEDED]
    if torn:
        raise LookupError(torn[0])
    layers = dict(raw.decode_object_entity_layer_handles(str(drawing), [handle for handle, _ in gone]))
    return [(_KINDS.get(kind, kind), handle, layers.get(handle) or 0) for handle, kind in gone]


def main(drawing: Path, written: Path, census: Path) -> int:
    """
    Write the DXF of a DWG, and beside it as JSON its code page and what was lost.

    Parameters
    ----------
    drawing, written, census
        The DWG, the DXF and the JSON.

    Returns
    -------
    int
        The exit status.
    """
    try:
        native, raw = importlib.import_module("acadsharp.native"), importlib.import_module("ezdwg.raw")
        runtime = native.load()
    except (ImportError, OSError):
        return MISSING
    page = convert(runtime, drawing, written)
    told = {"page": page, "lost": lost(raw, drawing, written)}
    census.write_text(json.dumps(told), encoding="utf-8")
    return DONE


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
