"""Every format gives what was put into it; files come from GDAL's command line, openpyxl and by hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import fiona
import geopandas as gpd
import numpy as np
import openpyxl
import pyproj
import pytest
import shapely

from gis.delivery.decoding import decoded
from gis.delivery.sources import open_delivery
from gis.delivery.understanding import readings

if TYPE_CHECKING:
    from pathlib import Path

GEOD = pyproj.Geod(ellps="WGS84")
NAMES = ["کابل نوری اصفهان", "مسیر ۲", "plain", "داکت", "ی", "نائین"]


def lengths(geometry) -> np.ndarray:
    """Geodesic lengths by pyproj, sorted: some formats order features by place."""
    return np.sort([GEOD.geometry_length(shapely.force_2d(line)) for line in geometry])


@pytest.fixture(scope="module")
def routes() -> gpd.GeoDataFrame:
    rng = np.random.default_rng(20260101)
    lines = [
        shapely.LineString(
            np.round(
                np.c_[51.6 + np.cumsum(rng.normal(0, 2e-3, 9)), 32.6 + np.cumsum(rng.normal(0, 2e-3, 9))], 9
            )
        )
        for _ in NAMES
    ]
    table = {"route_id": [f"R{n}" for n in range(6)], "name_fa": NAMES, "fibres": [12, 24, 48, 96, 12, 6]}
    return gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")


@pytest.fixture(scope="module")
def plan(routes, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "routes.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {key: row[key] for key in ("route_id", "name_fa", "fibres")},
            "geometry": shapely.geometry.mapping(row.geometry),
        }
        for _, row in routes.iterrows()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def ogr2ogr(target: Path, source: Path, driver: str, *options: str) -> Path:
    program = shutil.which("ogr2ogr")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("ogr2ogr of gdal-bin is needed here")
        pytest.skip("ogr2ogr of gdal-bin is not installed")
    subprocess.run(
        [program, "-f", driver, *options, str(target), str(source)], check=True, capture_output=True
    )
    return target


# DXF and KML of GDAL carry 15 digits; a TAB file whole steps of its bounds, which the option sets.
WRITTEN = [
    ("routes.shp", "ESRI Shapefile", ["-lco", "ENCODING=UTF-8"], "ESRI Shapefile"),
    ("routes.gpkg", "GPKG", [], "GPKG"),
    ("out.geojson", "GeoJSON", ["-lco", "COORDINATE_PRECISION=12"], "GeoJSON"),
    ("routes.geojsonl", "GeoJSONSeq", ["-lco", "COORDINATE_PRECISION=12"], "GeoJSONSeq"),
    ("rs.json", "GeoJSONSeq", ["-lco", "RS=YES", "-lco", "COORDINATE_PRECISION=12"], "GeoJSONSeq"),
    ("old.kml", "KML", [], "KML"),
    ("new.kml", "LIBKML", [], "KML"),
    ("routes.kmz", "LIBKML", [], "KML"),
    ("routes.gpx", "GPX", ["-nlt", "MULTILINESTRING", "-dsco", "GPX_USE_EXTENSIONS=YES"], "GPX"),
    ("routes.tab", "MapInfo File", ["-lco", "BOUNDS=51,32,52,33"], "MapInfo File"),
    ("routes.mif", "MapInfo File", [], "MapInfo File"),
    ("routes.fgb", "FlatGeobuf", [], "FlatGeobuf"),
    ("routes.gdb", "OpenFileGDB", [], "OpenFileGDB"),
    ("gml2.gml", "GML", ["-dsco", "FORMAT=GML2"], "GML"),
    ("routes.gml", "GML", ["-dsco", "FORMAT=GML3.2"], "GML"),
    ("routes.csv", "CSV", ["-lco", "GEOMETRY=AS_WKT"], "CSV"),
]


@pytest.mark.parametrize(
    ("name", "writer", "options", "driver"), WRITTEN, ids=[entry[0] for entry in WRITTEN]
)
def test_format_of_another_program_gives_routes_back(name, writer, options, driver, routes, plan, tmp_path):
    path = ogr2ogr(tmp_path / name, plan, writer, *options)
    before = sorted(part.name for part in path.parent.rglob("*"))
    (layer,) = open_delivery(path)
    assert layer.driver == driver
    assert not layer.notes
    if driver == "MapInfo File":
        # MapInfo has had no name for UTF-8 until lately: GDAL 3.6 declares "Neutral".
        layer = layer.decode("utf-8")
    layer = decoded(layer)
    assert layer.undecoded is None
    assert not layer.notes
    assert lengths(layer.frame.geometry) == pytest.approx(lengths(routes.geometry), abs=1e-3)
    by_id = layer.frame.set_index("route_id")
    assert by_id["name_fa"].to_dict() == dict(zip(routes["route_id"], NAMES, strict=True))
    assert [int(value) for value in by_id["fibres"].loc[list(routes["route_id"])]] == list(routes["fibres"])
    assert layer.frame.crs is None
    if driver != "CSV":
        assert layer.crs is not None
        assert pyproj.Transformer.from_crs(layer.crs, "EPSG:4326", always_xy=True).transform(51, 32) == (
            51,
            32,
        )
    assert sorted(part.name for part in path.parent.rglob("*")) == before


def test_dxf_carries_lines_and_their_layers_but_no_table(routes, plan, tmp_path):
    (layer,) = open_delivery(ogr2ogr(tmp_path / "routes.dxf", plan, "DXF"))
    assert layer.crs is None
    assert set(layer.frame["Layer"]) == {"0"}
    assert lengths(layer.frame.geometry) == pytest.approx(lengths(routes.geometry), abs=1e-3)


def test_geoparquet_and_zipped_geodatabase(routes, tmp_path):
    routes.to_parquet(tmp_path / "routes.parquet")
    routes.astype({"fibres": "int32"}).to_file(tmp_path / "routes.gdb", driver="OpenFileGDB", layer="routes")
    with zipfile.ZipFile(tmp_path / "routes.gdb.zip", "w") as archive:
        for part in (tmp_path / "routes.gdb").iterdir():
            archive.write(part, f"routes.gdb/{part.name}")
    for name in ("routes.parquet", "routes.gdb", "routes.gdb.zip"):
        (layer,) = open_delivery(tmp_path / name)
        assert layer.crs == pyproj.CRS("EPSG:4326")
        assert lengths(layer.frame.geometry) == pytest.approx(lengths(routes.geometry), abs=1e-3)
    assert layer.path == f"{tmp_path}/routes.gdb.zip/routes.gdb"


def test_content_and_not_the_ending_tells_the_format(plan, routes, tmp_path):
    for name in ("routes.shp", "routes.kml", "routes", "routes.csv"):
        shutil.copy(plan, tmp_path / name)
        (layer,) = open_delivery(tmp_path / name)
        assert layer.driver == "GeoJSON"
        assert len(layer.frame) == len(routes)


def test_several_files_in_one_zip(routes, tmp_path):
    routes.to_file(tmp_path / "routes.gpkg", layer="routes")
    nodes = gpd.GeoDataFrame({"id": ["M1"]}, geometry=[shapely.Point(51.6, 32.6)], crs=4326)
    nodes.to_file(tmp_path / "routes.gpkg", layer="manholes")
    nodes.to_file(tmp_path / "Manholes.shp")
    with zipfile.ZipFile(tmp_path / "survey.zip", "w") as archive:
        archive.write(tmp_path / "routes.gpkg", "نقشه/routes.gpkg")
        for ending in ("shp", "shx", "dbf", "prj", "cpg"):
            # A name's case differs from part to part on disks that do not tell.
            archive.write(tmp_path / f"Manholes.{ending}", f"MANHOLES.{ending.upper()}")
        archive.writestr("README.txt", "Read me first, please\n")
        archive.writestr("photo.jpg", b"\xff\xd8\xff\xe0")
        archive.writestr("__MACOSX/._routes.gpkg", b"junk")
    layers = open_delivery(tmp_path / "survey.zip")
    root = f"{tmp_path}/survey.zip"
    assert {(layer.path, layer.layer, len(layer.frame)) for layer in layers} == {
        (f"{root}/نقشه/routes.gpkg", "routes", 6),
        (f"{root}/نقشه/routes.gpkg", "manholes", 1),
        (f"{root}/MANHOLES.SHP", "MANHOLES", 1),
    }
    (only,) = open_delivery(tmp_path / "survey.zip", layer="manholes")
    assert list(only.frame["id"]) == ["M1"]


@pytest.mark.parametrize("codec", ["cp1256", "utf-8"])
def test_undeclared_bytes_of_a_dbf_come_back_as_they_are(codec, tmp_path):
    frame = gpd.GeoDataFrame({"NAME": ["كابل نوري", "مسير"]}, geometry=[shapely.Point(1, 2)] * 2)
    frame.to_file(tmp_path / "a.shp", encoding=codec)
    (tmp_path / "a.cpg").unlink(missing_ok=True)
    dbf = bytearray((tmp_path / "a.dbf").read_bytes())
    dbf[29] = 0
    (tmp_path / "a.dbf").write_bytes(dbf)
    (raw,) = open_delivery(tmp_path / "a.shp")
    assert raw.undecoded is not None
    assert raw.undecoded.columns == ("NAME",)
    assert [value.encode("latin-1") for value in raw.frame["NAME"]] == [
        v.encode(codec) for v in frame["NAME"]
    ]
    assert list(raw.decode(codec).frame["NAME"]) == list(frame["NAME"])
    (told,) = open_delivery(tmp_path / "a.shp", encoding=codec)
    assert list(told.frame["NAME"]) == list(frame["NAME"])
    # A .cpg is one witness: where the bytes belie it, they count, and that is told.
    for said in ("UTF-8", "ISO 8859-1", "OEM 866"):
        (tmp_path / "a.cpg").write_text(said)
        (read,) = readings(tmp_path / "a.shp")
        assert list(read.raw.frame["NAME"]) == list(frame["NAME"])
        assert ("D006" in [note.code for note in read.raw.notes]) == ((said, codec) != ("UTF-8", "utf-8"))


def test_jalali_date_of_a_dbf_is_not_bent(tmp_path):
    schema = {"geometry": "Point", "properties": {"day": "date"}}
    with fiona.open(tmp_path / "a.shp", "w", driver="ESRI Shapefile", schema=schema) as layer:
        layer.write(
            {"geometry": {"type": "Point", "coordinates": (1, 2)}, "properties": {"day": "1999-02-28"}}
        )
    dbf = (tmp_path / "a.dbf").read_bytes()
    # 31 Ordibehesht 1399 is no date of the Gregorian calendar.
    (tmp_path / "a.dbf").write_bytes(dbf.replace(b"19990228", b"13990231"))
    (layer,) = open_delivery(tmp_path / "a.shp")
    assert list(layer.frame["day"]) == ["1399-02-31"]


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><name>طرح</name>
<Folder><name>مسیرها</name>
<Placemark><name>R1</name><ExtendedData><Data name="طول"><value>12.5</value></Data></ExtendedData>
<LineString><coordinates>51.6,32.6,0 51.61,32.61,0
51.62, 32.61, 0</coordinates></LineString></Placemark>
<Folder><name>هوایی</name><Placemark><name>R2</name><gx:Track><gx:altitudeMode>absolute</gx:altitudeMode>
<gx:coord>51.6 32.6 1570</gx:coord>
<gx:coord>51.7 32.7 1580</gx:coord></gx:Track></Placemark></Folder></Folder>
<Folder><name>حوضچه‌ها</name><Placemark><name>M1</name><Point><coordinates>51.6,32.6</coordinates></Point></Placemark>
<Placemark><name>M2</name><Point><coordinates>here</coordinates></Point></Placemark></Folder>
</Document></kml>"""


def test_kml_folders_are_layers_with_their_persian_columns(tmp_path):
    (tmp_path / "plan.kml").write_text(KML, encoding="utf-8")
    routes, aerial, manholes = open_delivery(tmp_path / "plan.kml")
    assert [layer.layer for layer in (routes, aerial, manholes)] == ["مسیرها", "هوایی", "حوضچه‌ها"]
    assert routes.frame["طول"][0] == "12.5"
    assert routes.frame.geometry[0].wkt == "LINESTRING (51.6 32.6, 51.61 32.61, 51.62 32.61)"
    assert aerial.frame.geometry[0].has_z
    assert [(note.code, note.feature) for note in manholes.notes] == [("D003", "2")]
    assert list(manholes.frame["name"]) == ["M1"]


PHONE = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="phone" xmlns="http://www.topografix.com/GPX/1/1">
<metadata><time>2024-05-01T06:00:00Z</time></metadata>
{}<trk><name>مسیر نائین</name><trkseg><trkpt lat="32.860" lon="53.090"><ele>1560</ele></trkpt>
<trkpt lat="32.861" lon="53.091"/>
</trkseg><trkseg><trkpt lat="32.862" lon="53.092"/><trkpt lat="32.863" lon="53.093"/></trkseg></trk></gpx>"""


def waypoints(*names: str) -> str:
    return "".join(
        f'<wpt lat="{32.86 + at / 1000:.4f}" lon="53.09"><name>{name}</name></wpt>'
        for at, name in enumerate(names)
    )


def test_gpx_of_a_phone(tmp_path):
    (tmp_path / "a.gpx").write_text(PHONE.format(waypoints("MH-1", "MH-2")), encoding="utf-8")
    tracks, points = open_delivery(tmp_path / "a.gpx")
    assert (tracks.layer, points.layer) == ("tracks", "waypoints")
    assert tracks.frame.geometry[0].geom_type == "MultiLineString"
    assert list(tracks.frame["name"]) == ["مسیر نائین"]
    assert list(points.frame["name"]) == ["MH-1", "MH-2"]


def test_waypoints_named_by_route_and_number_become_routes(tmp_path):
    (tmp_path / "a.gpx").write_text(
        PHONE.format(waypoints("R1-02", "R1-01", "R2-01", "R1-03", "R2-02")), "utf-8"
    )
    _, made = open_delivery(tmp_path / "a.gpx")
    assert list(made.frame["route"]) == ["R1", "R2"]
    assert made.frame.geometry[0].wkt == "LINESTRING (53.09 32.861, 53.09 32.86, 53.09 32.863)"
    assert list(made.records) == [1, 3]


def test_spreadsheet_with_title_and_merged_headings(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "برداشت"
    for row in (
        ["برداشت فیبر نوری شهرستان نائین"],
        [],
        ["کد مسیر", "ردیف نقطه", "مختصات UTM", None, "ارتفاع", "نوع"],
        [None, None, "X", "Y"],
    ):
        sheet.append(row)
    for area in ("A1:F1", "C3:D3", "A3:A4", "B3:B4", "A5:A7", "A8:A9"):
        if area.startswith("A5"):
            for n, (name, x) in enumerate([("R1", 0), (None, 30), (None, 60), ("R2", 0), (None, 40)]):
                sheet.append([name, n % 3 + 1, 562345.125 + x, 3614567.5, 1570, "کابل"])
        sheet.merge_cells(area)
    sheet["B9"] = 2
    sheet["B8"] = 1
    sheet.append(["جمع", None, None, None, None, None])
    book.create_sheet("خلاصه").append(["جمع کل", 100])
    book.save(tmp_path / "survey.xlsx")
    (layer,) = open_delivery(tmp_path / "survey.xlsx")
    assert layer.layer == "برداشت"
    assert list(layer.frame["کد مسیر"]) == ["R1", "R2"]
    assert list(layer.frame["نوع"]) == ["کابل", "کابل"]
    assert list(layer.frame.geometry.length) == [60, 40]
    assert layer.frame.geometry.has_z.all()
    assert list(layer.records) == [5, 8]


def test_points_of_text_tables(tmp_path):
    tables = {
        "degrees.csv": "route,seq,lat,lon,kind\nR1,2,32.651234,51.671234,cable\nR1,1,32.65,51.67,cable\n",
        "dms.csv": "حوضچه;عرض جغرافیایی;طول جغرافیایی\n"
        "MH-1;32°39'15.84\"N;51°40'12.50\"E\nMH-2;۳۲° ۳۹′ ۱۶٫۵″;۵۱ ۴۰ ۱۳\n",
        "utm.csv": "manhole_id\tE\tN\tzone\nM1\t562345.12\t3614567.31\t39\nM2\t262345.12\t3714567.31\t40N\n",
        "bare.csv": "1,562345.12,3614567.31,1570.1,EP\n2,562355.12,3614577.31,1570.2,EP\n",
        "decimal.csv": "id;x;y\nM1;562345,125;3614567,5\nM2;562346,125;3614568,5\n",
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (degrees,) = open_delivery(tmp_path / "degrees.csv")
    assert degrees.crs == pyproj.CRS(4326)
    assert degrees.frame.geometry[0].wkt == "LINESTRING (51.67 32.65, 51.671234 32.651234)"
    (dms,) = open_delivery(tmp_path / "dms.csv")
    assert dms.frame.geometry[0].x == pytest.approx(51 + 40 / 60 + 12.5 / 3600, abs=1e-12)
    assert dms.frame.geometry[1].y == pytest.approx(32 + 39 / 60 + 16.5 / 3600, abs=1e-12)
    (utm,) = open_delivery(tmp_path / "utm.csv")
    assert utm.crs.to_epsg() == 4326
    for zone, row, (x, y) in ((39, 0, (562345.12, 3614567.31)), (40, 1, (262345.12, 3714567.31))):
        place = pyproj.Transformer.from_crs(f"EPSG:326{zone}", 4326, always_xy=True).transform(x, y)
        assert utm.frame.geometry[row].coords[0] == pytest.approx(place, abs=1e-12)
    (bare,) = open_delivery(tmp_path / "bare.csv")
    assert bare.frame.geometry[0].wkt == "POINT Z (562345.12 3614567.31 1570.1)"
    assert list(bare.records) == [1, 2]
    (decimal,) = open_delivery(tmp_path / "decimal.csv")
    assert decimal.frame.geometry[0].wkt == "POINT (562345.125 3614567.5)"


def test_manholes_that_lie_along_routes_stay_points(tmp_path):
    text = "ردیف,مسیر,حوضچه,x,y\n1,R1,M1,562345.1,3614567.3\n2,R1,M2,562445.1,3614567.3\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (layer,) = open_delivery(tmp_path / "a.csv")
    assert set(layer.frame.geometry.geom_type) == {"Point"}


def test_csv_of_windows_is_left_to_be_decoded(tmp_path):
    text = "کد,شمالي,شرقي,شرح\n1,3614567.31,562345.12,كابل نوري\n"
    (tmp_path / "a.csv").write_bytes(text.replace("ک", "ك").encode("cp1256"))
    (raw,) = open_delivery(tmp_path / "a.csv")
    assert raw.undecoded is not None
    assert raw.frame.geometry[0].wkt == "POINT (562345.12 3614567.31)"
    assert list(raw.decode("cp1256").frame["شرح"]) == ["كابل نوري"]


def test_ofds_as_json_and_as_geojson(tmp_path):
    node = {
        "id": "n1",
        "name": "Isfahan",
        "status": "operational",
        "location": {"type": "Point", "coordinates": [51, 32]},
    }
    span = {
        "id": "s1",
        "name": "A - B",
        "start": "n1",
        "end": "n2",
        "networkProviders": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
        "status": "operational",
        "route": {"type": "LineString", "coordinates": [[51, 32], [51.5, 32.5]]},
    }
    network = {"id": "n", "name": "Net", "nodes": [node], "spans": [span]}
    (tmp_path / "a.json").write_text(json.dumps({"networks": [network]}))
    spans, nodes = open_delivery(tmp_path / "a.json")
    properties = {key: value for key, value in span.items() if key != "route"}
    properties |= {"start": node, "network": {"id": "n", "name": "Net"}, "featureType": "span"}
    feature = {"type": "Feature", "properties": properties, "geometry": span["route"]}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (same,) = open_delivery(tmp_path / "a.geojson")
    expected = {
        "id": "s1",
        "start": "n1",
        "end": "n2",
        "networkProviders.name": "A; B",
        "network.name": "Net",
    }
    for layer in (spans, same):
        assert {key: layer.frame[key][0] for key in expected} == expected
        assert layer.frame.geometry[0].wkt == "LINESTRING (51 32, 51.5 32.5)"
    assert same.frame["start.name"][0] == "Isfahan"
    assert nodes.frame.geometry[0].wkt == "POINT (51 32)"


DXF = """0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015
9\n$DWGCODEPAGE\n3\nANSI_1256\n9\n$INSUNITS\n70\n{units}\n0\nENDSEC
0\nSECTION\n2\nENTITIES
0\nLWPOLYLINE\n5\nA1\n100\nAcDbEntity\n8\n{layer}\n100\nAcDbPolyline\n90\n2\n70\n0
10\n{x}\n20\n3614567.5\n10\n{x2}\n20\n3614567.5
0\nTEXT\n5\nA2\n100\nAcDbEntity\n8\nNOTES\n100\nAcDbText\n10\n1.0\n20\n2.0\n40\n2.5\n1\nlabel
0\nPOINT\n5\nA3\n100\nAcDbEntity\n8\nMH\n100\nAcDbPoint\n10\n{x}\n20\n3614567.5
0\nENDSEC\n0\nEOF\n"""


def test_dxf_of_a_cad_program(tmp_path):
    text = DXF.format(units=6, layer="مسير", x=562345.125, x2=562445.125)
    (tmp_path / "a.dxf").write_bytes(text.encode("cp1256"))
    (layer, points) = open_delivery(tmp_path / "a.dxf")
    assert [layer.layer, points.layer] == ["مسير", "MH"]
    assert layer.encoding == "CP1256"
    assert layer.frame.geometry[0].length == 100
    assert not layer.notes
    (tmp_path / "mm.dxf").write_bytes(DXF.format(units=4, layer="A", x=562345125, x2=562445125).encode())
    (layer, _) = open_delivery(tmp_path / "mm.dxf")
    assert [(note.code, note.fields["declared"].en) for note in layer.notes] == [("C106", "millimetres")]
