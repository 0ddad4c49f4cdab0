"""MapInfo tables: TAB and MIF."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from gis.delivery.files.identify import stem
from gis.delivery.files.layer import RawLayer, stage, undecoded
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal
from gis.delivery.readers.reader import Source, Unread, damaged, reader

_HEAD = 256 * 1024
_LATIN = "ISO-8859-1"
# Charsets of MapInfo under which GDAL hands on the bytes as they are.
_NO_CHARSET = {"", "neutral"}


@reader("MapInfo TAB", "MapInfo MIF")
def mapinfo(source: Source) -> list[Unread]:
    """
    Tell the one layer of a MapInfo table.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The table's name.

    Raises
    ------
    SourceError
        D010 where the table is made of others, or of a database or host.
    """
    with source.path.open("rb") as file:
        head = file.read(_HEAD).decode("latin-1")
    if head[:6].lower() == "!table":
        _check_tab(head, source.shown)
    return [Unread(source.path.stem, partial(_mapinfo, source, head))]


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


def _mapinfo(source: Source, head: str) -> RawLayer:
    path, shown, folder, encoding = source.path, source.shown, source.folder, source.encoding
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
        damaged(shown, path.stem, ((at + 1, reason) for at, reason in records.damaged)),
    )
    kept = undecoded(frame) if bare and not encoding else None
    return replace(layer, undecoded=kept) if kept else replace(layer, encoding=encoding or declared)
