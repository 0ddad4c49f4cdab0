"""What no figure will count is listed by `fibre inspect`, before anything is measured."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zipfile

import geopandas as gpd
import openpyxl
import pytest
import shapely
from support import drawings
from typer.testing import CliRunner

from gis.cli import app
from gis.delivery.assembly import read

LINES = [shapely.LineString([(51.6 + n / 100, 32.6), (51.61 + n / 100, 32.61)]) for n in range(3)]
POINTS = [(51.6, 32.6), (51.601, 32.6), (51.602, 32.6)]


def routes():
    columns = {"route_id": ["R1", "R2", "R3"], "kind": ["cable"] * 3}
    return gpd.GeoDataFrame(columns, geometry=LINES, crs=4326)


def kml(folder):
    line = "<LineString><coordinates>51.6,32.6 51.7,32.7</coordinates></LineString>"
    overlay = "<GroundOverlay><name>plan</name><Icon><href>a.png</href></Icon></GroundOverlay>"
    body = f"<Folder><name>cables</name><Placemark>{line}</Placemark></Folder>{overlay}"
    path = folder / "a.kml"
    path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>')
    return path


def dxf(folder):
    words = drawings.entity("TEXT", "CABLE", (10, 51.6), (20, 32.6), (40, 1), (1, "MH1"))
    path = folder / "a.dxf"
    path.write_text(drawings.drawing(drawings.line("CABLE", 51.6, 32.6, 51.61, 32.61) + words * 2))
    return path


def csv(folder):
    rows = [f"M{n},{x},{y}" for n, (x, y) in enumerate(POINTS)]
    path = folder / "manholes.csv"
    path.write_text("\n".join(["manhole_id,lon,lat", *rows, "Total: 3,,", ""]))
    return path


def zipped(folder):
    routes().to_file(folder / "cables.geojson", driver="GeoJSON")
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "cables.geojson", "cables.geojson")
        archive.writestr("notes/plan.pdf", b"%PDF-1.4\n%%EOF\n")
    return path


def xlsx(folder):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "manholes"
    for row in [("manhole_id", "lon", "lat"), *((f"M{n}", *at) for n, at in enumerate(POINTS))]:
        sheet.append(row)
    listed = book.create_sheet("codes")
    for row in [("code", "meaning"), ("1", "new"), ("2", "old")]:
        listed.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def geopackage(folder):
    path = folder / "a.gpkg"
    routes().to_file(path, layer="cables")
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE remarks (fid INTEGER PRIMARY KEY, said TEXT)")
        database.execute("INSERT INTO remarks (said) VALUES ('dug twice')")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('remarks', 'attributes', 'r')"
        )
    return path


def gpx(folder):
    segment = '<trkseg><trkpt lat="32.1" lon="51.6"/><trkpt lat="32.2" lon="51.6"/></trkseg>'
    path = folder / "a.gpx"
    path.write_text(
        '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>A</name>{segment}<trkseg/></trk></gpx>"
    )
    return path


def gml(folder):
    path = folder / "cables.gml"
    routes().to_file(path, driver="GML")
    path.with_suffix(".xsd").unlink()
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex("<gml:posList") + 20], encoding="utf-8")
    return path


def shapefile(folder):
    path = folder / "cables.shp"
    routes().to_file(path)
    # The second record: so many positions cannot be in it.
    data = bytearray(path.read_bytes())
    second = 100 + 8 + 2 * int.from_bytes(data[104:108], "big")
    data[second + 8 + 40 : second + 8 + 44] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def geojson(folder):
    path = folder / "cables.geojson"
    routes().to_file(path, driver="GeoJSON")
    path.write_text(path.read_text().replace('"LineString"', '"Polygon_"', 1))
    return path


def nowhere(folder):
    path = folder / "roads.geojson"
    gpd.GeoDataFrame({"lanes": [2, 4, 2]}, geometry=LINES, crs=4326).to_file(path, driver="GeoJSON")
    routes().to_file(folder / "cables.gpkg", layer="cables")
    return [path, folder / "cables.gpkg"]


MADE = [kml, dxf, csv, zipped, xlsx, geopackage, gpx, gml, shapefile, geojson, nowhere]


def inspected(paths, lang):
    done = CliRunner().invoke(app, ["inspect", *map(str, paths), "--format", "json", "--lang", lang])
    assert done.exit_code == 0, done.output
    layers = [layer for file in json.loads(done.stdout)["files"] for layer in file["layers"]]
    return [
        (one["layer"], one["count"], one["what"], one["why"]) for layer in layers for one in layer["left_out"]
    ]


@pytest.mark.parametrize("lang", ["en", "fa"])
@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_inspection_lists_what_no_figure_will_count(made, lang, tmp_path):
    given = made(tmp_path)
    paths = given if isinstance(given, list) else [given]
    # Such as the figures have it.
    told = [
        (one.layer, one.count, one.what.render(lang), one.why.render(lang)) for one in read(paths).left_out
    ]
    assert told
    assert sorted(inspected(paths, lang)) == sorted(told)
    text = (
        CliRunner().invoke(app, ["inspect", *map(str, paths), "--lang", lang], env={"COLUMNS": "400"}).stdout
    )
    words = " ".join(text.split())
    for _, _, what, why in told:
        assert f"{' '.join(what.split())}: {' '.join(why.split())[:60]}" in words


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_of_a_whole_delivery_nothing_is_listed(lang, tmp_path):
    routes().to_file(tmp_path / "cables.gpkg", layer="cables")
    assert inspected([tmp_path / "cables.gpkg"], lang) == []
