"""Formats: which one a file is in, told from its content and never from its name alone."""

from __future__ import annotations

import mmap
import re
import stat
from typing import TYPE_CHECKING

from gis.delivery.files.archives import nested
from gis.delivery.files.refusals import refusal
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 64 * 1024

_EXPORT = Text("export the layer as GeoPackage", "لایه را با قالب GeoPackage خروجی بگیرید")
_FROM_SW_MAPS = Text(
    "export the project in SW Maps as GeoPackage or KMZ",
    "پروژه را در SW Maps با قالب GeoPackage یا KMZ خروجی بگیرید",
)
# Tables that the database of an SW Maps project begins with.
_SW_MAPS = (b"project_info", b"feature_layers")
_SEND_DATA = Text("send the data itself as GeoPackage", "خود داده را با قالب GeoPackage بفرستید")
_ZIP = Text("unpack it and zip the data files", "آن را باز کنید و فایل‌های داده را زیپ کنید")
_SAVE_DXF = Text("save it as ASCII DXF", "آن را با قالب DXF متنی ذخیره کنید")
_SAVE_XLSX = Text("save it as .xlsx", "آن را با قالب ‎.xlsx ذخیره کنید")
_SURVEY = Text("ask for the survey data that it was drawn from", "دادهٔ برداشت آن را بخواهید")

_MAGIC = (
    (b"fgb\x03fgb", "FlatGeobuf"),
    (b"PAR1", "Parquet"),
    (b"AC10", "DWG"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"7z\xbc\xaf'\x1c", "7Z"),
)
# What holds the documents of Office 97–2003, and the names of the part that a workbook has in it.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK = tuple(
    "".join(f"{char}\0" for char in name).encode("ascii") + b"\0\0" for name in ("Workbook", "Book")
)
# First bytes of what is known and not read: its name, and what would do.
_REFUSED_BYTES: tuple[tuple[bytes, str, Text], ...] = (
    (_OLE, "OLE (an older office document, or a locked Excel workbook)", _SAVE_XLSX),
    (b"AutoCAD Binary DXF", "binary DXF", _SAVE_DXF),
    (b"%PDF", "PDF", _SURVEY),
    (b"\x89PNG", "PNG", _SURVEY),
    (b"\xff\xd8\xff", "JPEG", _SURVEY),
    (b"II*\0", "TIFF", _SURVEY),
    (b"MM\0*", "TIFF", _SURVEY),
    (b"PMTiles", "PMTiles", _EXPORT),
    (b"ARROW1", "Arrow IPC", _EXPORT),
)
# Root elements of XML that points at other files or hosts, in lower case.
_REFERRING_ROOTS: dict[str, str] = {
    "ogrvrtdatasource": "VRT",
    "vrtdataset": "VRT",
    "ogrwfsdatasource": "WFS",
    "wfs_capabilities": "WFS",
    "wms_capabilities": "WMS",
    "wmt_ms_capabilities": "WMS",
    "gdal_wms": "WMS",
    "gdal_wmts": "WMTS",
    "capabilities": "WMTS / CSW",
    "getrecordsresponse": "CSW",
    "oaipmh": "CSW",
    "networklinkcontrol": "NetworkLink",
}
# Root elements of XML that is read, in lower case.
_OF_ROOT = {"kml": "KML", "gpx": "GPX", "landxml": "LandXML", "jobfile": "JobXML"}
# Keys of a JSON document, and values of its "type", that point elsewhere, and that are known and not read.
_REFERRING_JSON = {"gdal_streamed_alg": "GDALG", "gdal_virtual_vector": "GDALG", "command_line": "GDALG"}
_REFUSED_JSON = {
    "Topology": "TopoJSON",
    "arcs": "TopoJSON",
    "stac_version": "STAC",
    "conformsTo": "OGC API",
    "geometryType": "Esri JSON",
    "spatialReference": "Esri JSON",
    "displayFieldName": "Esri JSON",
}
_GEOJSON_TYPES = {
    "FeatureCollection",
    "Feature",
    "GeometryCollection",
    *(f"{multi}{name}" for multi in ("", "Multi") for name in ("Point", "LineString", "Polygon")),
}
_XML_START = re.compile(rb"<(?:\?xml|!--|!DOCTYPE|[A-Za-z_])")
_DXF_START = re.compile(rb"(?:\s*999\r?\n[^\n]*\n)*\s*0\r?\n\s*SECTION\b")
_WKT_LINE = re.compile(
    rb"\s*\"?\s*(?:SRID\s*=\s*\d+\s*;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|CURVE)\s*(?:ZM|Z|M)?\s*\(",
    re.IGNORECASE,
)
_SHAPEFILE_PARTS = {".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj"}
_MAPINFO_PARTS = {".dat", ".map", ".id", ".ind", ".mid"}
GEODATABASE_TABLE = "a00000001.gdbtable"

# What belongs to a file of another name: the ending of the part to those of the file.
_PARTS = {
    **dict.fromkeys(_SHAPEFILE_PARTS, (".shp",)),
    **dict.fromkeys(_MAPINFO_PARTS, (".tab", ".mif")),
    ".dbf": (".shp", ".tab"),
    **dict.fromkeys((".gpkg-wal", ".gpkg-shm", ".gpkg-journal"), (".gpkg",)),
    ".gfs": (".gml", ".xml"),
    ".xsd": (".gml", ".xml"),
    ".xml": (".shp",),
}
# Formats whose positions are degrees of WGS 84 by their standards.
ALWAYS_WGS84 = frozenset({"GeoJSON", "GeoJSONSeq", "OFDS", "KML", "GPX"})


def identify(path: Path, shown: str) -> str:
    """
    Tell the format of a file or folder from what is in it.

    Parameters
    ----------
    path
        The file, or the folder of a File Geodatabase.
    shown
        Its name for people.

    Returns
    -------
    str
        The driver: ``"ESRI Shapefile"``, ``"DBF"`` (a table alone), ``"GPKG"``, ``"GeoJSON"``, ``"GeoJSONSeq"``,
        ``"OFDS"``, ``"KML"``, ``"GPX"``, ``"GML"``, ``"LandXML"``, ``"JobXML"``, ``"DXF"``, ``"DWG"``,
        ``"MapInfo TAB"``, ``"MapInfo MIF"``, ``"OpenFileGDB"``, ``"FlatGeobuf"``, ``"Parquet"``, ``"XLS"``,
        ``"CSV"``, ``"ZIP"`` (a KMZ, an XLSX and an ODS are ones, which `gis.delivery.files.archives.kind` tells
        apart), ``"7Z"``, or ``"folder"``.

    Raises
    ------
    SourceError
        D001 where it is in no known format or missing, D002 for a part of a Shapefile, D009 where it is empty,
        D010 for a format or a kind of file that is refused.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL, which no file has in its name
        raise refusal("missing", shown) from error
    if stat.S_ISDIR(mode):
        return "OpenFileGDB" if (path / GEODATABASE_TABLE).is_file() else "folder"
    if not stat.S_ISREG(mode):
        raise refusal("device", shown)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise refusal("denied", shown, reason=error.strerror or str(error)) from error
    if not head.strip(b"\0 \t\r\n"):
        raise refusal("empty", shown)
    return _binary(head, path, shown) or _text(head, path, shown)


def _binary(head: bytes, path: Path, shown: str) -> str:
    if head.startswith(b"\0\0\x27\x0a"):
        return _shapefile(head, path, shown)
    if head.startswith(b"SQLite format 3\0"):
        return _sqlite(head, path, shown)
    for magic, driver in _MAGIC:
        if head.startswith(magic):
            return driver
    if head.startswith(_OLE) and _holds(path, _WORKBOOK):
        return "XLS"
    for magic, name, remedy in _REFUSED_BYTES:
        if head.startswith(magic):
            raise refusal("refused", shown, format=name, remedy=remedy)
    if kind := nested(head):
        raise refusal("refused", shown, format=kind, remedy=_ZIP)
    return _part(head, path, shown)


def _holds(path: Path, names: tuple[bytes, ...]) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return any(data.find(name) >= 0 for name in names)


def _part(head: bytes, path: Path, shown: str) -> str:
    """Take a table that stands alone; name what is missing of a Shapefile's other parts."""
    suffix = path.suffix.lower()
    if suffix == ".dbf" and head[0] & 0x07 in {3, 4} and len(head) > 32:  # noqa: PLR2004 - a DBF header's length
        return "DBF"
    if suffix in _SHAPEFILE_PARTS and path.with_suffix(".shp").exists():
        raise refusal("part", shown, missing=Text("the rest of it", "بقیهٔ آن"))
    if suffix in _SHAPEFILE_PARTS - {".prj", ".cpg"}:
        raise refusal("part", shown, missing=path.with_suffix(".shp").name)
    return ""


def _shapefile(head: bytes, path: Path, shown: str) -> str:
    if path.suffix.lower() == ".shx":
        raise refusal("part", shown, missing=path.with_suffix(".shp").name)
    if len(head) < 100:  # noqa: PLR2004 - a Shapefile header's length
        raise refusal(
            "unreadable",
            shown,
            driver="ESRI Shapefile",
            reason=Text("its head is cut", "سرآغاز آن بریده است"),
        )
    return "ESRI Shapefile"


def _sqlite(head: bytes, path: Path, shown: str) -> str:
    geopackage = head[68:72] in {b"GPKG", b"GP10", b"GP11"} or b"gpkg_contents" in head
    if geopackage or path.suffix.lower() == ".gpkg":
        return "GPKG"
    if all(name in head for name in _SW_MAPS):
        raise refusal("refused", shown, format="SW Maps", remedy=_FROM_SW_MAPS)
    raise refusal("refused", shown, format="SQLite", remedy=_EXPORT)


def _text(head: bytes, path: Path, shown: str) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if wide:
        start = head.decode("utf-16", "replace").lstrip().encode()
    if _XML_START.match(start):
        return _xml(start, shown)
    if start[:1] in {b"{", b"["}:
        return _json(start.decode("utf-8", "replace"), head.startswith(b"\x1e"), shown)
    if _DXF_START.match(start):
        return "DXF"
    if start[:6].lower() == b"!table":
        return "MapInfo TAB"
    if re.match(rb"version\s+\d+\s+", start, re.IGNORECASE) and re.search(
        rb"^\s*(?:columns\s+\d|delimiter|charset)", start, re.IGNORECASE | re.MULTILINE
    ):
        return "MapInfo MIF"
    if path.suffix.lower() in _MAPINFO_PARTS:
        raise refusal("unknown", shown)
    named = path.suffix.lower() in {".csv", ".tsv"}
    if named and len(head) < _HEAD and _heading(start):
        raise refusal("rows", shown)
    if (wide or b"\0" not in head) and _tabular(start, named=named):
        return "CSV"
    raise refusal("unknown", shown)


def _xml(start: bytes, shown: str) -> str:
    text = re.sub(
        r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>",
        "",
        start.decode("utf-8", "replace"),
        flags=re.DOTALL,
    )
    root = re.search(r"<(?:([\w.-]+):)?([\w.-]+)", text)
    name = root[2].casefold() if root else ""
    if name in _REFERRING_ROOTS or "<ogrvrtdatasource" in text.casefold():
        raise refusal("reference", shown, what=_REFERRING_ROOTS.get(name, "VRT"))
    if name in _OF_ROOT:
        return _OF_ROOT[name]
    if "opengis.net/gml" in text or name == "featurecollection":
        return "GML"
    raise refusal("refused", shown, format=f"XML <{name}>", remedy=_EXPORT)


def _json(start: str, record_separated: bool, shown: str) -> str:
    keys, kind = _top_level(start)
    for word in (kind, *keys):
        if word in _REFERRING_JSON:
            raise refusal("reference", shown, what=_REFERRING_JSON[word])
        if word in _REFUSED_JSON:
            raise refusal("refused", shown, format=_REFUSED_JSON[word], remedy=_SEND_DATA)
    if "networks" in keys or ({"nodes", "spans"} & set(keys) and kind == ""):
        return "OFDS"
    if record_separated or (
        kind in _GEOJSON_TYPES and re.search(r"\}[ \t]*\r?\n[\x1e\s]*\{\s*\"", _first_two(start))
    ):
        return "GeoJSONSeq"
    if kind in _GEOJSON_TYPES or "features" in keys:
        return "GeoJSON"
    raise refusal("unknown", shown)


def _first_two(start: str) -> str:
    """Where the first document of a text ends and, it may be, the next one begins."""
    depth, quoted, escaped = 0, False, False
    for at, char in enumerate(start):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
            if depth == 0:
                return start[at : at + 200]
    return ""


def _top_level(start: str) -> tuple[list[str], str]:
    """Tell the keys of a JSON document's outermost object, as far as its head goes, and the value of its "type"."""
    keys: list[str] = []
    kind = ""
    depth = 0
    token = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(:)?|[{}\[\]]')
    at = 0
    while match := token.search(start, at):
        at = match.end()
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
            if depth <= 0:
                break
        elif depth == 1 and match[2]:
            keys.append(match[1])
        elif depth == 1 and keys and keys[-1] == "type" and not kind:
            kind = match[1]
    return keys, kind


def _tabular(start: bytes, *, named: bool) -> bool:
    """Tell whether the first lines of a text are rows of columns; of a file named as a table one line is enough."""
    lines = [line for line in start.splitlines()[:20] if line.strip()]
    # The head may end within a line; where that is the only one below a heading, it has to do.
    if len(lines) > 2 and len(start) >= _HEAD // 2:  # noqa: PLR2004 - a heading and a row
        lines = lines[:-1]
    for delimiter in (b",", b";", b"\t", b"|"):
        counts = [line.count(delimiter) for line in lines]
        # A heading without rows is a table that holds nothing, and is said to be.
        if named and len(counts) == 1 and counts[0]:
            return True
        # A sheet's title above the heading, a quoted comma within: most rows, not all.
        if len(counts) > 1 and max(counts) and sum(count >= 1 for count in counts) > len(counts) / 2:
            return True
    # A column of geometry alone.
    return len(lines) > 1 and sum(bool(_WKT_LINE.match(line)) for line in lines) >= len(lines) / 2


def _heading(start: bytes) -> bool:
    """Tell whether a text is one line of two columns or more."""
    lines = [line for line in start.splitlines() if line.strip()]
    return len(lines) == 1 and any(delimiter in lines[0] for delimiter in (b",", b";", b"\t", b"|"))


def main_parts(path: Path) -> tuple[str, ...]:
    """
    Tell the endings of the files that a file may only be a part of.

    Parameters
    ----------
    path
        Any file.

    Returns
    -------
    tuple of str
        Such as ``(".shp",)`` for a ``.prj``; empty where it stands for itself.
    """
    return _PARTS.get(path.suffix.lower(), ())


def stem(path: Path) -> str:
    """
    Give the name that the parts of a data set share.

    Parameters
    ----------
    path
        One of them.

    Returns
    -------
    str
        Its name without its ending, in lower case; ``routes`` of ``routes.shp.xml`` too.
    """
    name = path.stem.lower()
    return name.removesuffix(".shp") if path.suffix.lower() == ".xml" else name
