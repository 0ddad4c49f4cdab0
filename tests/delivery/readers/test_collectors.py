"""Lists of GNSS collectors: field codes that make lines and manholes, and how well each point is known."""

import math
import zipfile

import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gis
from gis.delivery.readers import fieldcodes
from gis.delivery.sources import open_delivery

GEOD = pyproj.Geod(ellps="WGS84")
TO_UTM = pyproj.Transformer.from_crs(4326, 32639, always_xy=True)
PLACES = [(51.67 + 0.0006 * n, 32.65 + 0.0001 * (n % 3)) for n in range(8)]
FLOW = (
    "Name,Code,Code description,Easting,Northing,Elevation,Description,Longitude,Latitude,Ellipsoidal height,Origin,"
    "Tilt angle,Easting RMS,Northing RMS,Elevation RMS,Lateral RMS,Antenna height,Antenna height units,Solution status,"
    "Correction type,Averaging start,Averaging end,Samples,PDOP,GDOP,Base easting,Base northing,Base elevation,"
    "Base longitude,Base latitude,Base ellipsoidal height,Baseline,CS name"
)


def pnezd(codes, *, heading="", east_first=False):
    rows = [heading] if heading else []
    for number, (place, code) in enumerate(zip(PLACES, codes, strict=False), start=1):
        x, y = TO_UTM.transform(*place)
        first, second = (x, y) if east_first else (y, x)
        rows.append(f"{number},{first:.4f},{second:.4f},{1571 + number / 10:.3f},{code}")
    return "\n".join(rows) + "\n"


def flow(codes, *, names=None, status=None, rms=None):
    rows = [FLOW]
    for number, code in enumerate(codes):
        lon, lat = PLACES[number]
        x, y = TO_UTM.transform(lon, lat)
        name = names[number] if names else f"p{number}"
        fix = status[number] if status else "FIX"
        east, north = rms[number] if rms else (0.010, 0.009)
        rows.append(
            f"{name},{code},text,{x:.4f},{y:.4f},1571.2,,{lon:.9f},{lat:.9f},1571.2,Global,,{east},{north},0.02,"
            f"{math.hypot(east, north):.3f},2.0,m,{fix},RTK,2023-05-04 10:00:0{number}.0 UTC+03:30,"
            f"2023-05-04 10:00:0{number}.5 UTC+03:30,5,1.{number},1.6,561935,3611785,1600,51.66,32.64,1600,"
            "1.2,WGS 84 / UTM zone 39N"
        )
    return "\n".join(rows) + "\n"


def layer_of(tmp_path, text, name="points.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    (layer,) = open_delivery(tmp_path / name)
    return layer


def length(*numbers):
    return GEOD.line_length(*zip(*(PLACES[n] for n in numbers), strict=True))


@pytest.mark.parametrize("heading", ["", "Point,Northing,Easting,Elevation,Description"])
@pytest.mark.parametrize(
    ("codes", "routes"),
    [
        (["FO1", "FO1", "FO1", "MH1", "FO2", "FO2", "FO2", "MH2"], {"FO1": (0, 1, 2), "FO2": (4, 5, 6)}),
        (
            ["FO1 ST", "FO1", "FO1 END", "MH", "DUCT-3 ST", "DUCT-3", "DUCT-3 END", "HH"],
            {"FO1": (0, 1, 2), "DUCT-3": (4, 5, 6)},
        ),
        # Two lines that are surveyed side by side.
        (
            ["FO1 ST", "DUCT 2 ST", "FO1", "DUCT 2", "FO1 END", "DUCT 2 END", "MH", "MH"],
            {"FO1": (0, 2, 4), "DUCT 2": (1, 3, 5)},
        ),
        # A code without a number, told apart by where each line begins and ends.
        (
            ["CBL ST", "CBL", "CBL END", "MH", "CBL ST", "CBL", "CBL END", "MH"],
            {"CBL/1": (0, 1, 2), "CBL/2": (4, 5, 6)},
        ),
        # A point of two lines, which is a manhole besides.
        (
            ["FO1", "FO1", "FO1 FO2 MH7", "FO2", "FO2", "TREE", "TREE", "MH"],
            {"FO1": (0, 1, 2), "FO2": (2, 3, 4)},
        ),
        (
            ["کابل ۱ شروع", "کابل ۱", "کابل ۱ پایان", "حوضچه ۳", "FO-2", "fo 2", "FO2", "FO2 by the wall"],
            {"کابل 1": (0, 1, 2), "FO-2": (4, 5, 6, 7)},
        ),
    ],
)
def test_codes_make_lines(tmp_path, codes, routes, heading):
    (tmp_path / "points.csv").write_text(pnezd(codes, heading=heading), encoding="utf-8")
    inventory = gis.read(tmp_path / "points.csv", crs="EPSG:32639")
    measured = gis.measure(inventory)
    assert list(inventory.routes["route_id"]) == list(routes)
    assert measured["geodesic_m"].tolist() == pytest.approx([length(*of) for of in routes.values()], abs=2e-3)


def test_east_first_is_told_by_the_numbers(tmp_path):
    codes = ["FO1"] * 3 + ["MH1"]
    one = layer_of(tmp_path, pnezd(codes), "a.csv").frame.geometry
    other = layer_of(tmp_path, pnezd(codes, east_first=True), "b.csv").frame.geometry
    assert one.tolist() == other.tolist()


def test_manholes_by_their_codes(tmp_path):
    codes = ["FO1", "FO1", "MH1", "MH", "HH", "JC4", "POLE", "BM"]
    (tmp_path / "points.csv").write_text(pnezd(codes, heading="Point,Northing,Easting,Elevation,Code"))
    inventory = gis.read(tmp_path / "points.csv", crs="EPSG:32639")
    manholes = inventory.manholes
    assert list(manholes["manhole_id"]) == ["MH1", "4", "5", "JC4", "7", "8"]
    assert list(manholes["kind"].iloc[:5]) == ["manhole", "manhole", "handhole", "closure", "pole"]
    # What is of no known code is a point that the checks ask about, not lost.
    assert "BM" in " ".join(gis.check(inventory)["message"])
    assert inventory.routes["kind"].tolist() == ["cable"]


def test_points_of_a_line_that_nobody_tells_from_the_next_are_said(tmp_path):
    layer = layer_of(tmp_path, pnezd(["CBL", "CBL", "MH1", "CBL", "CBL", "MH2"]))
    assert layer.frame.geometry.geom_type.tolist() == ["Point", "Point"]
    (left,) = layer.left_out
    assert left.count == 4
    assert "CBL ST" in left.why.en
    assert "CBL ST" in left.why.fa


def test_codes_of_single_points_stay_points(tmp_path):
    layer = layer_of(tmp_path, pnezd(["R1", "R2", "R3", "R4"]))
    assert layer.frame.geometry.geom_type.tolist() == ["Point"] * 4
    assert not layer.left_out


def test_names_along_a_route_beside_manholes(tmp_path):
    codes = ["CBL"] * 4 + ["MH"] * 2
    (tmp_path / "flow.csv").write_text(flow(codes, names=["R1-1", "R1-2", "R1-3", "R1-4", "MH-7", "MH-8"]))
    inventory = gis.read(tmp_path / "flow.csv")
    assert gis.measure(inventory)["geodesic_m"].tolist() == pytest.approx([length(0, 1, 2, 3)], abs=1e-3)
    assert list(inventory.manholes["manhole_id"]) == ["MH-7", "MH-8"]


def test_what_emlid_flow_says_of_each_point(tmp_path):
    codes = ["FO1 ST", "FO1", "FO1 END", "MH1", "FO2", "FO2"]
    rms = [(0.010, 0.009), (0.3, 0.4), (0.02, 0.02), (0.03, 0.04), (0.01, 0.01), (0.01, 0.02)]
    status = ["FIX", "FLOAT", "FIX", "FIX", "FIX", "FIX"]
    (tmp_path / "flow.csv").write_text(flow(codes, status=status, rms=rms))
    (layer,) = open_delivery(tmp_path / "flow.csv")
    assert layer.crs.to_epsg() == 4326
    assert layer.frame["Solution status"].tolist() == ["FIX; FLOAT", "FIX", "FIX"]
    inventory = gis.read(tmp_path / "flow.csv")
    # A line is as good as its worst point; one deviation of a coordinate is the root of the mean of two variances.
    worst = [math.sqrt((0.3**2 + 0.4**2) / 2), math.sqrt((0.01**2 + 0.02**2) / 2)]
    assert inventory.routes["accuracy_m"].tolist() == pytest.approx(worst)
    assert inventory.manholes["accuracy_m"].tolist() == pytest.approx([math.sqrt((0.03**2 + 0.04**2) / 2)])
    assert inventory.manholes["kind"].tolist() == ["manhole"]
    assert inventory.routes["from_id"].isna().all()


def test_sw_maps_layers_and_a_track_in_a_zip(tmp_path):
    line = ", ".join(f"{lon} {lat} 1571" for lon, lat in PLACES)
    track = "ID,Time,Latitude,Longitude,Elevation,Instrument Ht,Fix ID,Horizontal Accuracy,PDOP\n" + "".join(
        f"{n + 1},2023-05-04T10:00:0{n},{lat},{lon},1571.{n},2.0,4,0.0{n + 1},1.4\n"
        for n, (lon, lat) in enumerate(PLACES)
    )
    points = "ID,Manhole,Latitude,Longitude,Elevation,Fix ID,Horizontal Accuracy\n" + "".join(
        f"{n},MH-{n},{lat},{lon},1571.0,4,0.012\n" for n, (lon, lat) in enumerate(PLACES[:3])
    )
    with zipfile.ZipFile(tmp_path / "swmaps.zip", "w") as archive:
        archive.writestr("Cables.csv", f'fid,WKT,Cable\n1,"LINESTRING Z ({line})",C-1\n')
        archive.writestr("Manholes.csv", points)
        archive.writestr("Track 1.csv", track)
    inventory = gis.read(tmp_path / "swmaps.zip")
    assert list(inventory.routes["route_id"]) == ["C-1", "Track 1"]
    assert gis.measure(inventory)["geodesic_m"].tolist() == pytest.approx([length(*range(8))] * 2, abs=1e-3)
    assert inventory.routes["accuracy_m"].iloc[1] == pytest.approx(0.08)
    assert inventory.manholes["accuracy_m"].tolist() == pytest.approx([0.012] * 3)
    # The same numbered points in a table of another name stay points.
    assert set(layer_of(tmp_path, track, "shots.csv").frame.geometry.geom_type) == {"Point"}


@given(
    st.lists(st.tuples(st.sampled_from(["FO", "DUCT", "خط"]), st.integers(1, 3)), min_size=2, max_size=30),
)
def test_every_vertex_of_a_line_is_in_it_once_and_in_order(coded):
    codes = pd.Series([f"{word}{number}" for word, number in coded])
    found = fieldcodes.coded(codes, np.arange(len(codes), dtype=float))
    if found is None:
        counts = codes.value_counts()
        assert (counts >= 2).sum() <= len(counts) / 2
        return
    for at, name in enumerate(found.names):
        rows = found.rows[found.lines == at]
        assert rows.tolist() == codes.index[codes == name].tolist()
    assert len(found.rows) + int(found.unsaid.sum()) == len(codes)
