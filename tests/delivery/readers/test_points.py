"""Points in tables: where they are, what the rows without a position are, and which routes they make."""

import json
import re
import subprocess
import sys
import zipfile

import numpy as np
import pyproj
import pytest

import gis
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

GEOD = pyproj.Geod(ellps="WGS84")


def utm(zone, lon, lat):
    return pyproj.Transformer.from_crs(4326, 32600 + zone, always_xy=True).transform(lon, lat)


def layer_of(tmp_path, text, name="points.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    (layer,) = open_delivery(tmp_path / name)
    return layer


def fibre(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "gis", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def test_a_route_over_two_zones_is_one_route(tmp_path):
    places = [(53.96 + 0.01 * n, 33.5) for n in range(9)]
    lines = ["route,seq,zone,E,N,kind,status"]
    for n, place in enumerate(places, start=1):
        zone = 39 if place[0] < 54 else 40
        x, y = utm(zone, *place)
        lines.append(f"R1,{n},{zone},{x:.4f},{y:.4f},cable,new")
    layer = layer_of(tmp_path, "\n".join(lines))
    assert layer.crs.to_epsg() == 4326
    assert len(layer.frame) == 1
    measured = gis.measure(gis.read(tmp_path / "points.csv"))
    expected = GEOD.line_length(*zip(*places, strict=True))
    assert measured["geodesic_m"].sum() == pytest.approx(expected, abs=0.002)


def test_one_zone_stays_in_its_system_and_a_row_without_zone_is_said(tmp_path):
    x, y = utm(39, 51.67, 32.65)
    one = layer_of(tmp_path, f"manhole_id,E,N,zone\nM1,{x},{y},39\nM2,{x + 9},{y},39\n")
    assert one.crs.to_epsg() == 32639
    text = f"manhole_id,E,N,zone\nM1,{x},{y},39\nM2,{x + 9},{y},40\nM3,{x},{y},\n"
    several = layer_of(tmp_path, text)
    assert [(note.code, note.feature) for note in several.notes] == [("D003", "4")]


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ("MH-3,manhole,new,,,,,,", True),
        ("MH-3,,,,,,,,", True),
        ("MH-3,manhole,new,Isfahan,,,1.2,iron,ok", True),
        ("Total,,,,,,3.6,,", False),
        ("جمع کل,3,,,,,3.6,,", False),
        ("Surveyed by A in 1402,,,,,,,,", False),
        (",,,,,,3.6,,", False),
    ],
)
def test_rows_without_a_position(tmp_path, row, kept):
    head = "manhole_id,kind,status,county,lat,lon,depth_m,cover,remarks"
    sound = [f"MH-{n},manhole,new,Isfahan,32.6{n},51.6{n},1.2,iron,ok" for n in (1, 2, 4)]
    layer = layer_of(tmp_path, "\n".join([head, *sound, row]))
    assert len(layer.frame) == 3 + kept
    assert layer.frame.geometry.isna().sum() == kept
    assert [left.count for left in layer.left_out] == ([] if kept else [1])


def test_a_row_without_a_position_is_a_finding_and_numbered_blanks_are_not(tmp_path):
    text = "manhole_id,lat,lon,kind\nMH-1,32.65,51.67,manhole\nMH-2,32.66,51.68,manhole\nMH-3,,,\n"
    (tmp_path / "manholes.csv").write_text(text)
    findings = gis.check(gis.read(tmp_path / "manholes.csv"), select=["G201"])
    assert list(findings["feature"]) == ["MH-3"]
    rows = "ردیف,نام,lat,lon\n1,a b,32.65,51.67\n2,c d,32.66,51.68\n3,,,\n4,,,\n"
    layer = layer_of(tmp_path, rows, "form.csv")
    assert len(layer.frame) == 2
    assert [left.count for left in layer.left_out] == [2]


def test_a_list_beside_a_layer_is_passed_over(tmp_path):
    feature = {
        "type": "Feature",
        "properties": {"route_id": "R-1", "kind": "cable", "status": "new"},
        "geometry": {"type": "LineString", "coordinates": [[51.67, 32.65], [51.68, 32.66]]},
    }
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("routes.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
        archive.writestr("cables.csv", "cable;cores\nA;24\nB;48\n")
    inventory = gis.read(tmp_path / "a.zip")
    expected = GEOD.line_length([51.67, 51.68], [32.65, 32.66])
    assert gis.measure(inventory)["geodesic_m"].sum() == pytest.approx(expected, abs=1e-3)
    assert [(left.layer, left.count) for left in inventory.left_out] == [("cables", 2)]
    assert "cables.csv" in fibre("inspect", tmp_path / "a.zip").stdout


@pytest.mark.parametrize("text", ["cable;cores\nA;24\nB;48\n", "foo,lat,lon\nA,32.65,51.67\nB,32.66,51.68\n"])
def test_nothing_taken_is_said(tmp_path, text):
    (tmp_path / "list.csv").write_text(text)
    done = fibre("measure", tmp_path / "list.csv")
    assert done.returncode == 2
    assert "list.csv: nothing was taken" in done.stderr
    assert not done.stdout


def test_a_collectors_list_without_a_heading(tmp_path):
    text = (
        "1,3612685.000,562835.000,1571.2,CBL1\n2,3612690.512,562895.254,1572.2,CBL1\n"
        "4,3612705.114,563015.003,1574.2,MH\n3,3612690.258,562955.757,1573.2,CBL1\n"
        "5,3612700.125,562835.000,1570.5,CBL2\n6,3612800.125,562835.000,1570.7,CBL2\n"
    )
    layer = layer_of(tmp_path, text, "list.txt")
    assert layer.frame["route"].dropna().tolist() == ["CBL1", "CBL2"]
    assert layer.frame.geometry[0].coords[:] == [
        (562835.0, 3612685.0, 1571.2),
        (562895.254, 3612690.512, 1572.2),
        (562955.757, 3612690.258, 1573.2),
    ]
    assert layer.frame.geometry[2].coords[0][:2] == (563015.003, 3612705.114)
    assert layer.frame["description"][2] == "MH"


def test_names_number_points_along_a_route_where_their_code_is_a_lines(tmp_path):
    rows = [f"R{r}-{n},{{}},32.65{n},51.67{r},2" for r in (1, 2) for n in (1, 2, 3)]
    text = "Name,Code,Latitude,Longitude,Antenna height\n" + "\n".join(rows)
    lines = layer_of(tmp_path, text.replace("{}", "CBL"))
    assert list(lines.frame["route"]) == ["R1", "R2"]
    assert [len(line.coords) for line in lines.frame.geometry] == [3, 3]
    assert set(layer_of(tmp_path, text.replace("{}", "TREE")).frame.geometry.geom_type) == {"Point"}


def test_the_system_that_a_collector_names_in_each_row(tmp_path):
    x, y = utm(40, 55.1, 33.7)
    rows = "".join(f"P{n},{x + n:.3f},{y:.3f},WGS 84 / UTM zone 40N\n" for n in range(3))
    assert layer_of(tmp_path, f"Name,Easting,Northing,CS name\n{rows}").crs.to_epsg() == 32640


@pytest.mark.parametrize(
    ("north_m", "decimals", "found"),
    [(0, 7, 0), (0.4, 7, 0), (3, 7, 1), (111, 7, 1), (5, 4, 0), (111, 4, 1)],
)
def test_two_positions_of_a_row_that_disagree(tmp_path, north_m, decimals, found):
    lines = ["manhole_id,status,E,N,lat,lon,zone"]
    for n in range(6):
        lon, lat = 51.67 + n / 1000, 32.67 + n / 1000
        x, y = utm(39, lon, lat)
        lines.append(f"M{n},new,{x:.3f},{y + north_m:.3f},{lat:.{decimals}f},{lon:.{decimals}f},39")
    (tmp_path / "points.csv").write_text("\n".join(lines))
    findings = gis.check(gis.read(tmp_path / "points.csv"), select=["C111"])
    assert len(findings) == found
    if found:
        apart = float(re.search(r"up to ([\d.]+) m", findings["message"][0])[1])
        assert apart == pytest.approx(north_m, rel=0.01)
        assert "6 of 6" in findings["message"][0]


def test_feet_in_headings(tmp_path):
    foot = 0.3048
    x, y = utm(39, 51.67, 32.65)
    text = f"manhole_id,Easting (ft),Northing (ft),Elevation (ft),zone\nM1,{x / foot},{y / foot},{1570 / foot},39\n"
    layer = layer_of(tmp_path, text)
    assert layer.frame.geometry[0].z == pytest.approx(1570)
    inventory = gis.read(tmp_path / "points.csv")
    assert inventory.manholes.geometry[0].coords[0][:2] == pytest.approx((51.67, 32.65), abs=1e-8)


FEET = {"ft": ("ft", 0.3048, "+units=ft"), "us-ft": ("usft", 1200 / 3937, "+units=us-ft")}


@pytest.mark.parametrize("unit", FEET)
@pytest.mark.parametrize("named", ["EPSG:32633", "feet"])
def test_feet_without_a_zone_are_right_in_metres_and_in_feet(tmp_path, unit, named):
    word, foot, proj = FEET[unit]
    ends = [(13.40, 52.50), (13.41, 52.50)]
    places = [utm(33, *end) for end in ends]
    rows = [f"R-1,{n},{x / foot:.5f},{y / foot:.5f}" for n, (x, y) in enumerate(places)]
    (tmp_path / "routes.csv").write_text(
        "\n".join([f"route_id,seq,Easting ({word}),Northing ({word})", *rows])
    )
    crs = f"+proj=utm +zone=33 +datum=WGS84 {proj} +type=crs" if named == "feet" else named
    (line,) = gis.read(tmp_path / "routes.csv", crs=crs).routes.geometry
    assert np.array(line.coords)[:, :2] == pytest.approx(np.array(ends), abs=1e-9)


@pytest.mark.parametrize(("word", "says"), [("ft", True), ("m", False)])
def test_where_nobody_names_a_system_the_message_says_what_would_do(tmp_path, word, says):
    # In Berlin no system of Iran fits.
    foot = 0.3048 if word == "ft" else 1.0
    x, y = utm(33, 13.40, 52.50)
    rows = [f"M{n},{(x + 50 * n) / foot:.4f},{y / foot:.4f}" for n in range(3)]
    (tmp_path / "points.csv").write_text("\n".join([f"manhole_id,Easting ({word}),Northing ({word})", *rows]))
    with pytest.raises(SourceError) as failed:
        gis.read(tmp_path / "points.csv")
    assert failed.value.code == "C101"
    for language in ("en", "fa"):
        message = failed.value.message(language)
        assert "--crs" in message
        assert ("0.3048" in message) == says


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("32°39'12.5\"N", "51°40'12.5\"E"),
        ("N 32 39 12.5", "E 51 40 12.5"),
        ("۳۲°۳۹′۱۲٫۵″", "۵۱°۴۰′۱۲٫۵″"),
        ("32,653472222", "51,670138889"),
        ("32.653472222N", "51.670138889 E"),
    ],
)
def test_degrees_as_people_write_them(tmp_path, lat, lon):
    quoted = [one.replace('"', '""') for one in (lat, lon)]
    layer = layer_of(tmp_path, f'manhole_id;lat;lon\nM1;"{quoted[0]}";"{quoted[1]}"\nM2;32.1;51.1\n')
    place = (51 + 40 / 60 + 12.5 / 3600, 32 + 39 / 60 + 12.5 / 3600)
    assert layer.frame.geometry[0].coords[0] == pytest.approx(place, abs=1e-8)


def test_a_heading_alone_and_one_column(tmp_path):
    with pytest.raises(SourceError, match="a heading and no rows"):
        layer_of(tmp_path, "manhole_id,lat,lon\n", "head.csv")
    one = layer_of(tmp_path, "geom\nPOINT(51.67 32.65)\nPOINT(51.67 32.66)\n", "one.csv")
    assert [point.y for point in one.frame.geometry] == [32.65, 32.66]


def test_a_table_without_positions_that_a_project_names_lacks_its_geometry(tmp_path):
    (tmp_path / "m.csv").write_text("manhole_id,status,kind\nM1,new,manhole\nM2,new,manhole\n")
    project = tmp_path / "p.toml"
    project.write_text('[[layers.manholes]]\nsource = "m.csv"\n')
    findings = gis.check(gis.read(project), select=["G201"])
    assert list(findings["feature"]) == ["M1", "M2"]


@pytest.mark.parametrize(
    ("written", "lon", "lat", "epsg"),
    [
        ("39", 51.67, 32.65, 32639),
        ("39S", 51.67, 32.65, 32639),
        ("39 N", 51.67, 32.65, 32639),
        ("zone 39 N", 51.67, 32.65, 32639),
        ("UTM39", 51.67, 32.65, 32639),
        ("۳۹", 51.67, 32.65, 32639),
        ("زون ۳۹", 51.67, 32.65, 32639),
        ("39.0", 51.67, 32.65, 32639),
        ("33T", 15.1, 45.2, 32633),
        ("1N", -177.2, 10.5, 32601),
        ("60", 177.2, 10.5, 32660),
        ("23K", -45.2, -20.5, 32723),
        ("36S", 33.2, -1.5, 32736),
    ],
)
def test_a_zone_of_the_whole_world(tmp_path, written, lon, lat, epsg):
    x, y = pyproj.Transformer.from_crs(4326, epsg, always_xy=True).transform([lon, lon + 0.001], [lat, lat])
    rows = "".join(f"M{n},{x[n]:.3f},{y[n]:.3f},{written}\n" for n in range(2))
    assert layer_of(tmp_path, f"manhole_id,E,N,zone\n{rows}").crs.to_epsg() == epsg


@pytest.mark.parametrize("written", ["61", "0", "ED50 39", "north", "139"])
def test_what_is_no_zone_declares_none(tmp_path, written):
    x, y = utm(39, 51.67, 32.65)
    text = f"manhole_id,E,N,zone\nM1,{x},{y},{written}\nM2,{x + 9},{y},{written}\n"
    assert layer_of(tmp_path, text).crs is None


@pytest.mark.parametrize(
    ("heading", "epsg"),
    [("Easting UTM33N,Northing UTM33N", 32633), ("E_zone_23S,N_zone_23S", 32723), ("E,N", None)],
)
def test_a_zone_in_the_headings(tmp_path, heading, epsg):
    lon, lat = (-45.2, -20.5) if epsg == 32723 else (15.1, 45.2)
    x, y = pyproj.Transformer.from_crs(4326, epsg or 32633, always_xy=True).transform(lon, lat)
    layer = layer_of(tmp_path, f"manhole_id,{heading}\nM1,{x},{y}\nM2,{x + 9},{y}\n")
    assert (layer.crs and layer.crs.to_epsg()) == epsg
    assert layer.frame.geometry[0].coords[0] == pytest.approx((x, y))


def test_a_system_named_by_the_user_does_not_move_rows_of_several_zones(tmp_path):
    places = [(53.98 + 0.01 * n, 33.5) for n in range(5)]
    lines = ["route,seq,zone,E,N,kind,status"]
    for n, place in enumerate(places, start=1):
        zone = 39 if place[0] < 54 else 40
        x, y = utm(zone, *place)
        lines.append(f"R1,{n},{zone},{x:.4f},{y:.4f},cable,new")
    (tmp_path / "points.csv").write_text("\n".join(lines))
    measured = gis.measure(gis.read(tmp_path / "points.csv", crs="EPSG:32639"))
    assert measured["geodesic_m"].sum() == pytest.approx(
        GEOD.line_length(*zip(*places, strict=True)), abs=2e-3
    )


def test_a_height_that_is_missing_is_missing_alone(tmp_path):
    heights = ["1570.1", "", "1572.3"]
    rows = "".join(f"R1,{n},32.65{n},51.67,{height}\n" for n, height in enumerate(heights, start=1))
    layer = layer_of(tmp_path, f"route,seq,lat,lon,z\n{rows}")
    z = [place[2] for place in layer.frame.geometry[0].coords]
    assert [z[0], z[2]] == [1570.1, 1572.3]
    assert z[1] != z[1]
