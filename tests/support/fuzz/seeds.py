"""Sound deliveries, one or more of each format, from which mutants are made."""

from __future__ import annotations

import itertools
import json
import warnings
import zipfile
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from support.sheets import ods, ods_table, xls

if TYPE_CHECKING:
    from pathlib import Path

_PLACES = [(51.60 + 0.004 * n, 32.60 + 0.003 * (n % 3)) for n in range(9)]
_KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>
<name>برداشت</name><Schema name="s" id="s"><SimpleField type="string" name="kind"/></Schema>
<Folder><name>مسیرها</name>{}</Folder></Document></kml>"""
_PLACEMARK = """<Placemark><name>{name}</name><description>فیبر 24</description>
<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="kind">cable</SimpleData></SchemaData>
<Data name="status"><value>new</value></Data></ExtendedData>
<LineString><altitudeMode>clampToGround</altitudeMode><coordinates>{line}</coordinates></LineString></Placemark>
<Placemark><gx:Track><when>2020-08-02T05:00:00Z</when><when>2020-08-02T05:01:00Z</when>
<gx:coord>51.6 32.6 1500</gx:coord><gx:coord>51.61 32.6 1501</gx:coord></gx:Track></Placemark>
"""
_GPX = """<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="32.6" lon="51.6"><ele>1500</ele><name>حوضچه ۱</name></wpt>
<trk><name>R1</name><trkseg>{}</trkseg></trk></gpx>"""
_DXF = [
    "0",
    "SECTION",
    "2",
    "HEADER",
    "9",
    "$ACADVER",
    "1",
    "AC1009",
    "0",
    "ENDSEC",
    "0",
    "SECTION",
    "2",
    "ENTITIES",
]
_DXF_END = ["0", "ENDSEC", "0", "EOF"]
_ROWS = [["route_id", "kind", "status", "lon", "lat", "fibre_count"]]


def make(folder: Path) -> dict[str, list[Path]]:
    """
    Write the deliveries.

    Parameters
    ----------
    folder
        An empty folder.

    Returns
    -------
    dict
        Format to its deliveries: files, or folders where a delivery has several files.
    """
    made: dict[str, list[Path]] = {}
    frame = _routes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _written_by_gdal(folder, frame, made)
    _texts(folder, frame, made)
    _tables(folder, made)
    _archives(folder, made)
    return made


def _routes() -> gpd.GeoDataFrame:
    lines = [shapely.LineString(pair) for pair in itertools.pairwise(_PLACES)]
    count = len(lines)
    return gpd.GeoDataFrame(
        {
            "route_id": [f"R-{n}" for n in range(count)],
            "name": ["خیابان چهارباغ"] * count,
            "kind": ["cable"] * count,
            "status": ["new"] * count,
            "fibre_count": [24] * count,
            "surveyed_on": ["1399/05/12"] * count,
            "recorded_length_m": [385.0] * count,
        },
        geometry=lines,
        crs=4326,
    )


def _place(folder: Path, kind: str, made: dict[str, list[Path]]) -> Path:
    place = folder / kind.replace(" ", "-").lower()
    place.mkdir(exist_ok=True)
    made.setdefault(kind, [])
    return place


def _written_by_gdal(folder: Path, frame: gpd.GeoDataFrame, made: dict[str, list[Path]]) -> None:
    utm = frame.to_crs(32639)
    for kind, ending, options in (
        ("GeoPackage", "gpkg", {"driver": "GPKG"}),
        ("FlatGeobuf", "fgb", {"driver": "FlatGeobuf"}),
        ("GML", "gml", {"driver": "GML"}),
        ("MapInfo TAB", "tab", {"driver": "MapInfo File"}),
        ("MapInfo MIF", "mif", {"driver": "MapInfo File"}),
        ("Shapefile", "shp", {"encoding": "UTF-8"}),
        ("File Geodatabase", "gdb", {"driver": "OpenFileGDB"}),
    ):
        for number, layer in enumerate((frame, utm)):
            home = _place(folder, kind, made)
            if ending in {"tab", "mif", "shp", "gdb"}:
                home = home / f"d{number}"
                home.mkdir()
            layer.to_file(home / f"routes{number}.{ending}", **options)
            made[kind].append(
                home if ending != "gpkg" and home.name.startswith("d") else home / f"routes{number}.{ending}"
            )
    place = _place(folder, "GeoParquet", made)
    frame.to_parquet(place / "routes.parquet")
    table = pd.DataFrame(frame.drop(columns="geometry")).assign(
        lon=[x for x, _ in _PLACES[:-1]], lat=[y for _, y in _PLACES[:-1]]
    )
    table.to_parquet(place / "points.parquet")
    made["GeoParquet"] += [place / "routes.parquet", place / "points.parquet"]


def _texts(folder: Path, frame: gpd.GeoDataFrame, made: dict[str, list[Path]]) -> None:
    document = json.loads(frame.to_json())
    coordinates = " ".join(f"{x},{y},1500" for x, y in _PLACES)
    marks = "".join(_PLACEMARK.format(name=f"R{n}", line=coordinates) for n in range(3))
    track = "".join(f'<trkpt lat="{y}" lon="{x}"><ele>1500</ele></trkpt>' for x, y in _PLACES)
    drawing = list(_DXF)
    for at, (x, y) in enumerate(_PLACES[:-1]):
        east, north = 560_000 + 1e5 * (x - 51.6), 3_607_000 + 1e5 * (y - 32.6)
        drawing += [
            "0",
            "LINE",
            "8",
            f"L{at}",
            "10",
            f"{east}",
            "20",
            f"{north}",
            "11",
            f"{east + 100}",
            "21",
            f"{north}",
        ]
        drawing += ["0", "TEXT", "8", "T", "10", f"{east}", "20", f"{north}", "40", "1", "1", f"R{at}"]
    spans = [
        {
            "id": f"s{n}",
            "name": f"R{n}",
            "route": {"type": "LineString", "coordinates": [list(_PLACES[n]), list(_PLACES[n + 1])]},
            "start": {"id": "n1", "name": "A"},
            "fibreCount": 24,
        }
        for n in range(3)
    ]
    nodes = [{"id": "n1", "name": "A", "location": {"type": "Point", "coordinates": list(_PLACES[0])}}]
    network = {"networks": [{"id": "1", "name": "N", "spans": spans, "nodes": nodes}]}
    for kind, ending, text in (
        ("GeoJSON", "geojson", json.dumps(document, ensure_ascii=False)),
        (
            "GeoJSONSeq",
            "geojsonl",
            "\n".join(json.dumps(f, ensure_ascii=False) for f in document["features"]),
        ),
        ("KML", "kml", _KML.format(marks)),
        ("GPX", "gpx", _GPX.format(track)),
        ("DXF", "dxf", "\n".join([*drawing, *_DXF_END]) + "\n"),
        ("OFDS", "json", json.dumps(network, ensure_ascii=False)),
    ):
        path = _place(folder, kind, made) / f"routes.{ending}"
        path.write_text(text, "utf-8")
        made[kind].append(path)


def _tables(folder: Path, made: dict[str, list[Path]]) -> None:
    rows = [*_ROWS, *([f"R-{n // 3}", "cable", "new", x, y, 24.0] for n, (x, y) in enumerate(_PLACES))]
    path = _place(folder, "CSV", made) / "points.csv"
    path.write_text("\r\n".join(",".join(map(str, row)) for row in rows), "utf-8")
    wkt = path.with_name("wkt.csv")
    wkt.write_text(
        "id;kind;geometry\r\n"
        + "\r\n".join(f'R{n};cable;"{g.wkt}"' for n, g in enumerate(_routes().geometry))
    )
    made["CSV"] += [path, wkt]
    place = _place(folder, "XLSX", made)
    pd.DataFrame(rows[1:], columns=rows[0]).to_excel(place / "points.xlsx", index=False)
    made["XLSX"].append(place / "points.xlsx")
    made.setdefault("XLS", []).append(xls(_place(folder, "XLS", made) / "points.xls", {"points": rows}))
    made.setdefault("ODS", []).append(
        ods(_place(folder, "ODS", made) / "points.ods", ods_table("points", rows))
    )


def _archives(folder: Path, made: dict[str, list[Path]]) -> None:
    kmz = _place(folder, "KMZ", made) / "routes.kmz"
    packed = _place(folder, "ZIP", made) / "delivery.zip"
    with zipfile.ZipFile(kmz, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(made["KML"][0], "doc.kml")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(made["Shapefile"][0].iterdir()):
            archive.write(part, f"برداشت/{part.name}")
        archive.write(made["CSV"][0], "points.csv")
        archive.write(made["GeoJSON"][0], "routes.geojson")
    made["KMZ"].append(kmz)
    made["ZIP"].append(packed)
    dbf = _place(folder, "DBF", made) / "table.dbf"
    dbf.write_bytes((made["Shapefile"][0] / "routes0.dbf").read_bytes())
    made["DBF"].append(dbf)
    project = _place(folder, "Project", made) / "d0"
    project.mkdir()
    (project / "routes.geojson").write_bytes(made["GeoJSON"][0].read_bytes())
    (project / "project.toml").write_text(PROJECT, "utf-8")
    made["Project"].append(project)


PROJECT = """[project]
name = "Isfahan"
name_fa = "اصفهان"
length = "ground"
elevation_m = 1570
accuracy_m = 0.05

[[layers.routes]]
source = "routes.geojson"
crs = "EPSG:4326"
columns = { route_id = "route_id", kind = "kind" }
values = { status = { "finished" = "new" } }
set = { installation = "buried" }

[[totals]]
item = "cable"
item_fa = "کابل"
layer = "routes"
measure = "length"
where = { kind = "cable" }
recorded = 3
unit = "km"
source = "report"

[checks]
select = ["all"]
ignore = ["T"]
severity = { G206 = "error" }
"""
