"""
Sources: any file from the field, opened safely, as the raw layers that it holds.

What a file is is told from its content; only drivers of the list in ``docs/formats.md`` ever open it, each by name.
Nothing is written beside a source: what has to be unpacked or laid out anew goes to a private folder that is gone
when the layers are returned or an error is raised.
"""

from __future__ import annotations

import itertools
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gis import address
from gis.delivery.files import archives, identify, sevenzip, width
from gis.delivery.files.layer import RawLayer, Undecoded
from gis.delivery.files.refusals import bars_the_whole, refusal, spares_the_rest
from gis.delivery.readers import gdal, postgis
from gis.delivery.readers.reader import Source, Unread, reader_of
from gis.errors import SourceError
from gis.inventory import LeftOut, Note
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RawLayer", "Undecoded", "open_delivery"]

# Addresses, GDAL's own file systems and its inline documents. A drive letter alone is no scheme.
_ADDRESS = re.compile(r"[\\/]+vsi|[A-Za-z][A-Za-z0-9+.-]+:|[<{\[]|\\\\", re.IGNORECASE)
_ARCHIVES = {"ZIP", "7Z"}
# Documents that are archives.
_SPREADSHEETS = {"XLSX", "ODS"}
# Tables that QGIS keeps beside the data.
_NO_DATA = {"layer_styles", "qgis_projects"}


def open_delivery(
    path: str | Path, *, layer: str | None = None, encoding: str | None = None, name: str | None = None
) -> list[RawLayer]:
    """
    Open a file as it comes from the field.

    Parameters
    ----------
    path
        A file, the folder of a File Geodatabase, a folder with such files directly in it, or the ``postgresql://``
        address of a PostGIS database.
    layer
        Only the layer of this name; where the delivery has several files, also the name of one of them; in a database
        ``schema.table``.
    encoding
        Read text in this encoding, whatever the file says; ignored by formats that have but one.
    name
        How the delivery is called in all that is said of it; without one, by its path as given.

    Returns
    -------
    list of RawLayer
        All layers of all files, in the order of the delivery. A layer without records has the note D009, damaged
        records have D003, an incomplete Shapefile D002.

    Raises
    ------
    SourceError
        D001 for what no driver reads, a missing file or layer; D002 for a part of a Shapefile alone; D008 for an
        unsafe archive; D009 for a file of nothing; D010 for a format, an address or a kind of file that is refused.
    """
    given = str(path)
    if address.is_address(path):
        return [_of(address.masked(given), _noted(raw)) for raw in postgis.open_layers(given, layer)]
    there = os.path.lexists(given)
    if _ADDRESS.match(given) and not there:
        raise refusal("address", given)
    # A file that is missing is named as it was asked for.
    shown = _written(name if name is not None and there else given)
    with gdal.quietly(), tempfile.TemporaryDirectory(prefix="fibre-", ignore_cleanup_errors=True) as folder:
        passed_over: list[LeftOut] = []
        members = _members(_named(Path(path), Path(folder)), shown, Path(folder), passed_over)
        found = _found(members, Path(folder), encoding, passed_over)
        if layer is not None:
            wanted = [
                (file, unread)
                for file, unread in found
                if layer in {unread.name, file.removeprefix(f"{shown}/")}
            ]
            if not wanted:
                names = ", ".join(unread.name for _, unread in found)
                raise refusal("layer", shown, layer=layer, layers=names)
            found = wanted
        layers = [_noted(unread.read()) for _, unread in found]
        told: set[str] = set()
        for at, (file, unread) in enumerate(found):
            if file not in told:
                raw = layers[at]
                left_out, notes = (*unread.beside, *raw.left_out), (*raw.notes, *unread.notes)
                layers[at] = replace(raw, left_out=left_out, notes=notes)
                told.add(file)
        if layers and passed_over:
            layers[0] = replace(layers[0], left_out=(*passed_over, *layers[0].left_out))
        return [_of(_written(given), raw) for raw in layers]


def _written(name: str) -> str:
    """Write a file's name so that it is text: bytes of it that are not UTF-8 stand as ``%E9``."""
    return re.sub(r"[\udc80-\udcff]", lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", name)


def _named(path: Path, folder: Path) -> Path:
    """Give a delivery, or what is in it, names that are text, which libraries ask for; nothing is copied."""
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else []
    except OSError:  # its reader says so
        return path
    if _is_written(path) and all(map(_is_written, inside[: archives.MAX_FILES])):
        return path
    linked = folder / "named"
    linked.mkdir()
    beside = (
        [one for one in path.parent.iterdir() if identify.stem(one) == identify.stem(path)]
        if not inside
        else []
    )
    for one in inside or beside:
        (linked / _written(one.name)).symlink_to(one.absolute())
    return linked if inside else linked / _written(path.name)


def _is_written(path: Path) -> bool:
    return str(path) == _written(str(path))


def _of(delivery: str, raw: RawLayer) -> RawLayer:
    return replace(raw, delivery=delivery)


def called(paths: Sequence[str | Path]) -> list[str]:
    """
    Name deliveries by their own names, which do not change with where they lie.

    Parameters
    ----------
    paths
        Files, folders or addresses of databases.

    Returns
    -------
    list of str
        The last part of each path; as many parts more as it takes to tell apart those that are called alike.
    """
    parts = [
        [str(path)] if address.is_address(path) else list(Path(os.path.abspath(path)).parts)  # noqa: PTH100
        for path in paths
    ]
    names = ["/".join(own[-1:]) for own in parts]
    for more in range(2, max(map(len, parts), default=0) + 1):
        alike = {name for name in names if names.count(name) > 1}
        if not alike:
            break
        names = [
            "/".join(own[-more:]) if name in alike else name for own, name in zip(parts, names, strict=True)
        ]
    return names


def _found(
    members: list[tuple[Path, str, str]], folder: Path, encoding: str | None, passed_over: list[LeftOut]
) -> list[tuple[str, Unread]]:
    """Tell the layers of a delivery; of several files, one that holds nothing stops none."""
    found: list[tuple[str, Unread]] = []
    first: SourceError | None = None
    for number, (member, file, driver) in enumerate(members):
        try:
            layers = reader_of(driver)(Source(member, file, _private(folder, number), encoding))
        except SourceError as error:
            if len(members) == 1 or not spares_the_rest(error):
                raise
            first = first or error
            passed_over.append(_member(file, error))
            continue
        found += [(file, unread) for unread in layers if unread.name not in _NO_DATA]
    if not found and first is not None:
        raise first
    return found


def _member(file: str, error: SourceError) -> LeftOut:
    """Count a member that is not read, with what is wrong with it."""
    en, fa = (error.message(lang).rpartition(f"{file}")[2].lstrip("\u2069: ") for lang in ("en", "fa"))
    return LeftOut(file, "", 1, Text("member of the delivery", "عضو تحویل"), Text.literal(en, fa))


def _private(folder: Path, number: int) -> Path:
    private = folder / f"laid-out-{number}"
    private.mkdir()
    return private


def _noted(raw: RawLayer) -> RawLayer:
    raw = _told_apart(width.narrowed(raw))
    return raw if len(raw.frame) else replace(raw, notes=(*raw.notes, Note("D009", raw.title)))


def _told_apart(raw: RawLayer) -> RawLayer:
    """Put numbers to columns that a damaged head calls alike."""
    old = [str(name) for name in raw.frame.columns]
    if len(set(old)) == len(old):
        return raw
    new: list[str] = []
    given = set(old)
    taken: set[str] = set()
    for name in old:
        ways = itertools.chain([name], (f"{name}_{count}" for count in itertools.count(2)))
        new.append(next(way for way in ways if way not in taken and (way == name or way not in given)))
        taken.add(new[-1])
    undecoded = raw.undecoded
    if undecoded is not None:
        pairs = list(zip(old, new, strict=True))
        columns, names = (
            tuple(own for name, own in pairs if name in of) for of in (undecoded.columns, undecoded.names)
        )
        undecoded = replace(undecoded, columns=columns, names=names)
    return replace(raw, frame=raw.frame.set_axis(new, axis=1), undecoded=undecoded)


def _members(path: Path, shown: str, folder: Path, passed_over: list[LeftOut]) -> list[tuple[Path, str, str]]:
    """Tell the files of a delivery that hold data: each with its name for people and its driver."""
    driver = identify.identify(path, shown)
    if driver == "folder":
        inside = sorted(path.iterdir())
        if len(inside) > archives.MAX_FILES:
            raise refusal("unknown", shown)
        named = [(file, f"{shown}/{file.name}") for file in inside]
        return _chosen(named, shown, folder, archives.Budget(), passed_over)
    if driver not in _ARCHIVES:
        return [(path, shown, driver)]
    budget = archives.Budget()
    kind = ""
    if driver == "ZIP" and (kind := archives.kind(path, shown)) in _SPREADSHEETS:
        return [(path, shown, kind)]
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    unpack = sevenzip.unpack if driver == "7Z" else archives.unpack
    files = unpack(path, shown, unpacked, budget=budget)
    return _chosen(files, shown, folder, budget, passed_over, inner=kind == "KMZ")


def _chosen(
    files: list[tuple[Path, str]],
    shown: str,
    folder: Path,
    budget: archives.Budget,
    passed_over: list[LeftOut],
    *,
    inner: bool = False,
) -> list[tuple[Path, str, str]]:
    """Leave out what belongs to another file or holds no data; refuse what points elsewhere."""
    paths = {(file.parent, file.name.lower()) for file, _ in files}
    chosen: list[tuple[Path, str, str]] = []
    first: SourceError | None = None
    for file, name in files:
        if identify.GEODATABASE_TABLE in {file.name, file.parent.name}:
            continue
        if (file.parent, identify.GEODATABASE_TABLE) in paths:
            continue
        if any((file.parent, f"{identify.stem(file)}{main}") in paths for main in identify.main_parts(file)):
            continue
        try:
            driver = identify.identify(file, name)
            if driver in _ARCHIVES:
                chosen += _inner(file, name, driver, shown, folder, budget, passed_over, inner=inner)
            elif driver != "folder":
                chosen.append((file, name, driver))
        except SourceError as error:
            if bars_the_whole(error):
                raise
            first = first or error
            passed_over.append(_member(name, error))
    chosen += _geodatabases(files)
    if not chosen:
        raise first if first is not None and len(files) == 1 else refusal("nothing-inside", shown)
    return chosen


def _geodatabases(files: list[tuple[Path, str]]) -> list[tuple[Path, str, str]]:
    return [
        (file.parent, name.rpartition("/")[0], "OpenFileGDB")
        for file, name in files
        if file.name == identify.GEODATABASE_TABLE
    ]


def _inner(
    file: Path,
    name: str,
    driver: str,
    shown: str,
    folder: Path,
    budget: archives.Budget,
    passed_over: list[LeftOut],
    *,
    inner: bool,
) -> list[tuple[Path, str, str]]:
    """Take a KMZ or a spreadsheet within an archive; any other archive within one is refused."""
    kind = archives.kind(file, name) if driver == "ZIP" else driver
    if kind in _SPREADSHEETS:
        return [(file, name, kind)]
    if kind != "KMZ" or inner:
        raise archives.refuse_nested(shown, name.removeprefix(f"{shown}/"))
    unpacked = Path(tempfile.mkdtemp(prefix="kmz-", dir=folder))
    files = archives.unpack(file, name, unpacked, budget=budget)
    return _chosen(files, name, folder, budget, passed_over, inner=True)
