"""The bundled plan, held against the record by means that are not the project's own."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest
from geographiclib.geodesic import Geodesic
from shapely.geometry import LineString, shape
from support.plan import ROOT

from gis import project
from gis.schema import SCHEMAS

LAYERS = ROOT / "layers"

# Seats as published (latitude, longitude, to about 1 km), typed in anew rather than taken from the script.
PUBLISHED = {
    "آران و بیدگل": (34.06, 51.48),
    "اردستان": (33.38, 52.37),
    "اصفهان": (32.67, 51.67),
    "برخوار": (32.80, 51.70),
    "بوئین و میاندشت": (33.08, 50.16),
    "چادگان": (32.77, 50.63),
    "دهاقان": (31.94, 51.65),
    "فلاورجان": (32.56, 51.51),
    "فریدن": (32.99, 50.41),
    "فریدون‌شهر": (32.94, 50.12),
    "گلپایگان": (33.46, 50.29),
    "کاشان": (33.99, 51.44),
    "خوانسار": (33.23, 50.31),
    "خمینی‌شهر": (32.69, 51.53),
    "خور و بیابانک": (33.78, 55.08),
    "لنجان": (32.39, 51.38),
    "مبارکه": (32.34, 51.50),
    "نائین": (32.86, 53.09),
    "نجف‌آباد": (32.63, 51.37),
    "نطنز": (33.51, 51.91),
    "سمیرم": (31.41, 51.57),
    "شاهین‌شهر و میمه": (32.86, 51.56),
    "شهرضا": (32.01, 51.87),
    "تیران و کرون": (32.70, 51.15),
}
LAYERS_OF_THE_PLAN = {name: schema for name, schema in SCHEMAS.items() if not schema.rare}


def read(name):
    return json.loads((LAYERS / f"{name}.geojson").read_text("utf-8"))["features"]


def distance(a, b):
    return Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"]


def spacings(route):
    line = route["geometry"]["coordinates"]
    return [distance(a, b) for a, b in pairwise(line)]


def length(routes):
    return sum(sum(spacings(route)) for route in routes)


def where(features, **values):
    return [f for f in features if all(f["properties"][key] == value for key, value in values.items())]


@pytest.fixture(scope="module")
def routes():
    return read("routes")


@pytest.fixture(scope="module")
def manholes():
    return read("manholes")


@pytest.fixture(scope="module")
def offices():
    return read("offices")


def test_the_script_writes_the_committed_bytes(tmp_path):
    subprocess.run([sys.executable, LAYERS / "make_plan.py", tmp_path], check=True, capture_output=True)
    written = sorted(tmp_path.iterdir())
    assert [path.name for path in written] == ["manholes.geojson", "offices.geojson", "routes.geojson"]
    for path in written:
        assert path.read_bytes() == (LAYERS / path.name).read_bytes(), path.name


def test_the_project_file_holds_the_record():
    plan = project.load(LAYERS / "isfahan.toml")
    assert [total.recorded for total in plan.totals] == [24, 3, 21, 13666, 8, 1844]
    assert {total.source for total in plan.totals} == {"ILNA report"}
    assert all(total.item_fa for total in plan.totals)


def test_lengths_come_out_by_measuring(routes):
    assert length(where(routes, kind="cable", status="new")) == pytest.approx(13_666, abs=0.5)
    assert length(where(routes, kind="duct", status="new")) == pytest.approx(1_844, abs=0.5)


def test_moving_a_vertex_moves_the_total(routes):
    cables = json.loads(json.dumps(where(routes, kind="cable", status="new")))
    before = length(cables)
    cables[0]["geometry"]["coordinates"][3][0] += 0.0001
    assert abs(length(cables) - before) > 0.5


def test_counts(offices, manholes):
    assert len(where(offices, connection="existing")) == 3
    assert len(where(offices, connection="new")) == 21
    assert len(offices) == 24
    built = [m for m in manholes if m["properties"]["kind"] in {"manhole", "handhole"}]
    assert len(where(built, status="new")) == len(built) == 8


def test_each_office_is_at_its_seat(offices):
    assert {office["properties"]["county"] for office in offices} == set(PUBLISHED)
    for office in offices:
        lat, lon = PUBLISHED[office["properties"]["county"]]
        assert distance(office["geometry"]["coordinates"], (lon, lat)) < 1500


def test_each_new_seat_has_one_cable_of_a_likely_length(routes, offices):
    for office in where(offices, connection="new"):
        cables = where(routes, kind="cable", office_id=office["properties"]["office_id"])
        assert 100 < length(cables) < 2000
        assert all(length([cable]) > 100 for cable in cables)


def test_routes_look_surveyed(routes):
    for route in routes:
        assert all(5 <= spacing <= 40 for spacing in spacings(route)), route["properties"]["route_id"]
        assert LineString(route["geometry"]["coordinates"]).is_simple
        assert 0.02 <= route["properties"]["accuracy_m"] <= 0.10
        # Rounded to decimetres so that they add up: never more than a decimetre from the drawn length.
        assert route["properties"]["recorded_length_m"] == pytest.approx(length([route]), abs=0.1)


def test_recorded_lengths_add_up_to_the_record(routes):
    for kind, recorded in (("cable", 13_666), ("duct", 1_844)):
        new = where(routes, kind=kind, status="new")
        assert sum(route["properties"]["recorded_length_m"] for route in new) == pytest.approx(
            recorded, abs=1e-6
        )


def test_both_utm_zones_are_there(routes):
    for kind in ("cable", "duct"):
        zones = {int(r["geometry"]["coordinates"][0][0] // 6) + 31 for r in where(routes, kind=kind)}
        assert zones == {39, 40}


def test_every_route_runs_from_its_node_to_its_node(routes, manholes, offices):
    nodes = {m["properties"]["manhole_id"]: m["geometry"]["coordinates"] for m in manholes}
    nodes |= {o["properties"]["office_id"]: o["geometry"]["coordinates"] for o in offices}
    assert len(nodes) == len(manholes) + len(offices)
    assert len({r["properties"]["route_id"] for r in routes}) == len(routes)
    used = set()
    for route in routes:
        line, row = route["geometry"]["coordinates"], route["properties"]
        assert line[0] == nodes[row["from_id"]]
        assert line[-1] == nodes[row["to_id"]]
        used |= {row["from_id"], row["to_id"]}
    assert used == set(nodes)


def test_every_office_hangs_on_an_exchange(routes, manholes, offices):
    exchanges = {m["properties"]["manhole_id"] for m in where(manholes, kind="exchange", status="existing")}
    upstream = {r["properties"]["to_id"]: r["properties"]["from_id"] for r in where(routes, kind="cable")}
    reached = set()
    for office in offices:
        node = office["properties"]["office_id"]
        while node in upstream:
            node = upstream[node]
        reached.add(node)
    assert reached == exchanges
    assert len(exchanges) == 24


def test_cable_in_duct_has_a_duct_along_it(routes):
    ducts = {json.dumps(r["geometry"]) for r in where(routes, kind="duct")}
    in_duct = {json.dumps(r["geometry"]) for r in where(routes, kind="cable", installation="duct")}
    assert in_duct == ducts


def test_manholes_stand_where_ducts_start_turn_and_end(routes, manholes):
    ends = set()
    for duct in where(routes, kind="duct"):
        line = duct["geometry"]["coordinates"]
        ends |= {tuple(line[0]), tuple(line[-1])}
        # Between its manholes a duct bends less than a cable's bending radius would mind.
        for a, b, c in zip(line, line[1:], line[2:], strict=False):
            before = Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["azi1"]
            after = Geodesic.WGS84.Inverse(b[1], b[0], c[1], c[0])["azi1"]
            assert abs((after - before + 180) % 360 - 180) < 20
    built = [m for m in manholes if m["properties"]["kind"] != "exchange"]
    assert ends == {tuple(m["geometry"]["coordinates"]) for m in built}


def test_everything_says_that_it_is_illustrative(offices):
    for name in LAYERS_OF_THE_PLAN:
        whole = json.loads((LAYERS / f"{name}.geojson").read_text("utf-8"))
        assert whole["illustrative"] is True
        assert whole["note"]
        assert whole["note_fa"]
        assert {f["properties"]["provenance"] for f in whole["features"]} == {"illustrative"}
    for office in offices:
        assumed = office["properties"]["connection"] == "existing"
        assert bool(office["properties"]["assumption"]) is assumed
        assert bool(office["properties"]["assumption_fa"]) is assumed


def test_values_are_of_the_code_lists():
    for name, schema in LAYERS_OF_THE_PLAN.items():
        for feature in read(name):
            row = feature["properties"]
            for column in schema.columns:
                if column.required:
                    assert row[column.name]
                if column.codes and row.get(column.name) is not None:
                    assert row[column.name] in column.codes


def test_everything_lies_in_the_province():
    province = shape(read("province")[0]["geometry"])
    for name in LAYERS_OF_THE_PLAN:
        for feature in read(name):
            # The outline is generalised; a tenth of a degree is well inside the project's margin of 25 km.
            assert shape(feature["geometry"]).distance(province) < 0.1
