"""Drafting a project, correcting a copy and tracing, through the real command."""

from __future__ import annotations

import csv
import json
from itertools import pairwise

import geopandas as gpd
import pytest
from geographiclib.geodesic import Geodesic
from support.ground import Ground, manholes, routes

from gis import project


def findings(done):
    return json.loads(done.stdout)["findings"]


def nodes(plan):
    return plan / "manholes.geojson", plan / "offices.geojson"


def repeat_a_vertex(features):
    line = features[0]["geometry"]["coordinates"]
    line.insert(5, list(line[5]))
    return features


def detach_an_end(features):
    """Let the first route begin 3 m too late."""
    line = features[0]["geometry"]["coordinates"]
    (lon, lat), (next_lon, next_lat) = line[0], line[1]
    along = Geodesic.WGS84.Inverse(lat, lon, next_lat, next_lon)["azi1"]
    there = Geodesic.WGS84.Direct(lat, lon, along, 3.0)
    line[0] = [there["lon2"], there["lat2"]]
    return features


def test_a_safe_fix_changes_a_copy_and_tells_what(fibre, edit, plan, tmp_path):
    path = edit("routes", repeat_a_vertex)
    source = (plan / "routes.geojson").read_bytes()
    done = fibre("check", path, "--format", "json", check=0)
    assert [finding["code"] for finding in findings(done)] == ["G205"]
    done = fibre("check", path, "--fix", "--out", "fixed.gpkg", "--format", "json", check=0)
    assert findings(done) == []
    assert (plan / "routes.geojson").read_bytes() == source
    rows = list(csv.DictReader((tmp_path / "fixed.changes.csv").read_text("utf-8-sig").splitlines()))
    assert [row["code"] for row in rows] == ["G205"]
    assert rows[0]["length_before_m"] == rows[0]["length_after_m"]
    routes = gpd.read_file(tmp_path / "fixed.gpkg", layer="routes")
    told = routes[routes["route_id"] == rows[0]["feature"]]["changes"].iloc[0]
    assert told.startswith("G205")
    again = fibre("check", "fixed.gpkg", "--fix", "--out", "again.gpkg", "--diff", check=0)
    assert "Nothing to change" in again.stdout


def test_a_fix_that_would_do_harm_is_told_of(fibre, tmp_path):
    ground = Ground()
    # Recorded as it was drawn: moved to its manhole it would no longer be.
    street = routes(ground.line(((0.0, 90.0),), ((300.0, 90.0),)), recorded_length_m=[300.0])
    posts = manholes(ground(), ground((305.0, 90.0)))
    for name, drawn in (("routes.geojson", street), ("manholes.geojson", posts)):
        drawn.drop(columns=["source", "record"]).dropna(axis=1, how="all").to_file(tmp_path / name)
    handed_in = ("check", "routes.geojson", "manholes.geojson", "--unsafe-fixes")
    done = fibre(*handed_in, "--fix", "--out", "fixed.gpkg")
    assert "N302: 1 fix not made, as T501 would come of it: Routes R0" in done.stderr
    done = fibre(*handed_in, "--diff", "--lang", "fa")
    assert "۱ اصلاح انجام نشد" in done.stderr


def test_an_unsafe_fix_is_made_only_where_asked_for(fibre, edit):
    path = edit("routes", detach_an_end)
    done = fibre("check", path, "--fix", "--out", "one.gpkg", "--format", "json")
    assert "N302" in {finding["code"] for finding in findings(done)}
    done = fibre("check", path, "--diff", "--unsafe-fixes")
    assert "3.00" in done.stdout  # how far the end would move
    done = fibre("check", path, "--fix", "--unsafe-fixes", "--out", "two.gpkg", "--format", "json", check=0)
    assert findings(done) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fix"], "--out"),
        (["--fix", "--out", "fixed.shp"], "fixed.shp"),
        (["--fix", "--out", "survey.gpkg"], "never written to"),
    ],
)
def test_a_fix_that_cannot_be_written_is_one_line(fibre, plan, tmp_path, arguments, says):
    gpd.read_file(plan / "routes.geojson").to_file(tmp_path / "survey.gpkg")
    before = (tmp_path / "survey.gpkg").read_bytes()
    done = fibre("check", "survey.gpkg", *arguments, check=2)
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (tmp_path / "survey.gpkg").read_bytes() == before


def test_init_drafts_a_project_that_reads_the_same(fibre, plan, tmp_path):
    fibre("init", plan / "routes.geojson", *nodes(plan), "--out", "drafted.toml", check=0)
    drafted = project.load(tmp_path / "drafted.toml")
    assert [len(getattr(drafted.layers, name)) for name in ("routes", "manholes", "offices")] == [1, 1, 1]
    bare = fibre("measure", plan / "routes.geojson", "--format", "json", check=0)
    assert fibre("measure", "drafted.toml", "--format", "json", check=0).stdout == bare.stdout
    done = fibre("init", plan / "routes.geojson", "--out", "drafted.toml", check=2)
    assert "is there already" in done.stderr


def test_init_asks_where_two_columns_fit(fibre, plan, tmp_path):
    routes = gpd.read_file(plan / "routes.geojson")
    routes["length"] = routes["recorded_length_m"]
    routes["طول"] = routes.pop("recorded_length_m") + 1
    routes.to_file(tmp_path / "two.geojson", engine="pyogrio")
    fibre("init", "two.geojson", check=0)
    assert "recorded_length_m = ???" in (tmp_path / "project.toml").read_text("utf-8")
    project.load(tmp_path / "project.toml")


def test_a_name_with_quotes_and_controls_is_drafted_safely(fibre, plan, tmp_path):
    routes = gpd.read_file(plan / "routes.geojson").rename(columns={"county": 'cou"nty\\ \u007f'})
    routes.to_file(tmp_path / 'a "b".geojson', engine="pyogrio")
    fibre("init", 'a "b".geojson', check=0)
    assert project.load(tmp_path / "project.toml").layers.routes[0].source == 'a "b".geojson'


def test_trace_follows_the_pieces_of_a_cable(fibre, plan):
    features = json.loads((plan / "routes.geojson").read_text("utf-8"))["features"]
    pieces = {
        f["properties"]["route_id"]: f["geometry"]["coordinates"]
        for f in features
        if f["properties"]["kind"] == "cable" and f["properties"]["county"] == "شهرضا"
    }
    expected = sum(
        Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"]
        for line in pieces.values()
        for a, b in pairwise(line)
    )
    for office in ("GOV-SHAHREZA", "شهرضا", "فرمانداري شهرضا", "Shahreza"):
        way = json.loads(fibre("trace", office, plan / "isfahan.toml", "--format", "json", check=0).stdout)
        assert {leg["route"] for leg in way["legs"]} == set(pieces)
        assert way["length_m"] == pytest.approx(expected, abs=1e-6)
        assert way["exchange"] == "EX-SHAHREZA"
        assert sorted(way["manholes"]) == [f"MH-SHAHREZA-{n}" for n in (1, 2, 3)]
    done = fibre("trace", "GOV-NOWHERE", check=2)
    assert "GOV-NOWHERE" in done.stderr
