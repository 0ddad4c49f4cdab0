"""MapInfo tables: TAB and MIF."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gis.delivery.files.identify import stem
from gis.delivery.files.layer import RawLayer, stage, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal
from gis.delivery.readers.dxf import _HEAD, _LATIN
from gis.delivery.readers.gdal import _damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Charsets of MapInfo under which GDAL hands on the bytes as they are.
_NO_CHARSET = {"", "neutral"}


def mapinfo(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the one layer of a MapInfo table.

    Parameters
    ----------
    path
        The .tab or the .mif file; its other parts lie beside it.
    shown
        Its name for people.
    folder
        A private folder.
    encoding
        What its text is in, whatever it says.

    Returns
    -------
    list of (str, callable)
        The table's name, and what reads it.

    Raises
    ------
    SourceError
        D010 where the table is made of others, or of a database or host.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("latin-1")
    if head[:6].lower() == "!table":
        _check_tab(head, shown)
    return [(path.stem, partial(_mapinfo, path, shown, folder, encoding, head))]


def _check_tab(head: str, shown: str) -> None:
    kind = re.search(r"^\s*Type\s+(\w+)", head, re.IGNORECASE | re.MULTILINE)
    name = kind[1].upper() if kind else ""
    if name not in {"NATIVE", "DBF"}:
        raise refusal("reference", shown, what=f"Type {name}" if name else "Open Table")
    if re.search(r'IsSeamless"?\s*=\s*"?TRUE', head, re.IGNORECASE):
        raise refusal("reference", shown, what="IsSeamless")
    for file in re.findall(r'\bFile\s+"([^"]*)"', head, re.IGNORECASE):
        if re.search(r"[\\/:]|^\.\.", file):
            raise refusal("reference", shown, what=f"File {file}")


def _mapinfo(path: Path, shown: str, folder: Path, encoding: str | None, head: str) -> RawLayer:
    for part in sorted(path.parent.iterdir()):
        if stem(part) == stem(path) and part.suffix.lower() in {
            ".tab",
            ".dat",
            ".map",
            ".id",
            ".ind",
            ".mif",
            ".mid",
        }:
            stage(part, folder / f"layer{part.suffix.lower()}")
    driver = "MapInfo File"
    staged = folder / f"layer{'.tab' if head[:6].lower() == '!table' else '.mif'}"
    if not staged.exists():  # told by its content, under another ending
        stage(path, staged)
    charset = re.search(r'\bCharset\s+"?([\w-]+)', head, re.IGNORECASE)
    declared = charset[1] if charset else ""
    bare = declared.casefold() in _NO_CHARSET
    (found,) = gdal.heads(staged, driver, shown)
    records = gdal.read(staged, driver, found.name, shown, encoding=encoding or (_LATIN if bare else None))
    frame = records.frame
    layer = RawLayer(
        shown,
        path.stem,
        driver,
        found.crs,
        "" if bare else (encoding or declared),
        frame,
        records.fids if (records.fids > 0).all() else records.fids + 1,
        _damage(records, shown),
    )
    kept = undecoded(frame) if bare and not encoding else None
    return replace(layer, undecoded=kept) if kept else replace(layer, encoding=encoding or declared)
