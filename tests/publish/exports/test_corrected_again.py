"""A corrected copy handed in again, through the real writer and reader: nothing left to change, nothing lost."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ground import EAST, NORTH, Ground, manholes, routes
from support.surveys import FAULTS, Survey, inventory, plant, streets

import gis
from gis import checks
from gis.checks.fixes.loop import fix
from gis.publish.exports import corrected
from gis.schema import SCHEMAS

ACROSS = 4
CELLS = [row * ACROSS + column for row in range(ACROSS - 1) for column in range(ACROSS - 1)]


def written_and_read(fixed):
    with tempfile.TemporaryDirectory() as folder:
        out, _ = corrected.write(Path(folder) / "fixed.gpkg", fixed)
        return gis.read([out])


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from(CELLS)),
        max_size=9,
        unique_by=lambda fault: fault[1],
    ),
    st.booleans(),
)
@settings(max_examples=8, deadline=None)
def test_a_second_run_on_the_file_changes_nothing(faults, unsafe):
    survey = Survey()
    streets(survey, ACROSS, ACROSS)
    for fault, corner in faults:
        plant(survey, fault, corner)
    made = survey.build()
    fixed = fix(made, checks.run(made), unsafe=unsafe)
    again = written_and_read(fixed)
    # Without the project it knows neither area nor counties; what is fixed is fixed all the same.
    second = gis.fix(again, unsafe=unsafe)
    assert second.changes["what"].to_list() == []
    ids = {name: set(made.layer(name)[SCHEMAS[name].id].dropna()) for name in SCHEMAS}
    assert ids == {name: set(again.layer(name)[SCHEMAS[name].id].dropna()) for name in SCHEMAS}


@pytest.mark.parametrize("suffix", ["geojson", "csv", "kml", "xlsx"])
def test_what_was_delivered_stands_in_the_copy(fibre, tmp_path, suffix):
    ground = Ground()
    told = {
        "route_id": ["007", "008"],
        "kind": ["cable", "cable"],
        "status": ["new", "new"],
        "fibre_count": ["24/48", "۲۴"],
        "recorded_length": ["approx 105", "۱۰۰٫۵"],
        "survey_date": ["1402/13/40", "1402/12/01"],
        "note": ["چهارراه", "24 May"],
    }
    lines = [ground.line(((0.0, EAST),), ((100.0, EAST),)), ground.line(((50.0, NORTH),), ((90.0, NORTH),))]
    path = tmp_path / f"routes.{suffix}"
    if suffix in ("csv", "xlsx"):
        table = pd.DataFrame({**told, "wkt": [line.wkt for line in lines]})
        table.to_csv(path, index=False) if suffix == "csv" else table.to_excel(path, index=False)
    elif suffix == "kml":
        fields = [dict(zip(told, values, strict=True)) for values in zip(*told.values(), strict=True)]
        marks = "".join(
            "<Placemark><ExtendedData>"
            + "".join(f'<Data name="{name}"><value>{value}</value></Data>' for name, value in one.items())
            + "</ExtendedData><LineString><coordinates>"
            + " ".join(f"{lon!r},{lat!r}" for lon, lat in line.coords)
            + "</coordinates></LineString></Placemark>"
            for one, line in zip(fields, lines, strict=True)
        )
        kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'
        path.write_text(kml, "utf-8")
    else:
        gpd.GeoDataFrame(told, geometry=lines, crs=4326).to_file(path)
    crs = ("--crs", "EPSG:4326") if suffix in ("csv", "xlsx") else ()
    fibre("check", path.name, *crs, "--fix", "--unsafe-fixes", "--out", "fixed.gpkg")
    copy = gis.read([tmp_path / "fixed.gpkg"]).routes
    assert copy["route_id"].to_list() == ["007", "008"]
    assert copy["fibre_count_as_written"].iloc[0] == "24/48"
    assert copy["recorded_length_m_as_written"].iloc[0] == "approx 105"
    assert copy["surveyed_on_as_written"].iloc[0] == "1402/13/40"
    assert copy["fibre_count"].iloc[1] == 24
    assert copy["recorded_length_m"].iloc[1] == 100.5
    assert copy["surveyed_on"].iloc[1] == date(2024, 2, 20)
    assert copy["note"].to_list() == told["note"]
    log = (tmp_path / "fixed.changes.csv").read_text("utf-8-sig")
    assert all(value in log for value in ("24/48", "approx 105", "1402/13/40"))


def test_missing_heights_of_a_join_come_through_the_file():
    ground = Ground()
    a, b, c = (ground((metres, EAST)) for metres in (0.0, 100.0, 200.0))
    flat, high = shapely.LineString([a, b]), shapely.LineString([(*b, 1575.0), (*c, 1580.0)])
    made = inventory(routes(flat, high, route_id=["C", "C"]), manholes(a, c))
    (line,) = written_and_read(fix(made, checks.run(made))).routes.geometry
    heights = shapely.get_coordinates(line, include_z=True)[:, 2]
    assert np.isnan(heights[0])
    assert heights[1:].tolist() == [1575.0, 1580.0]


def track(path):
    """Write a track and a waypoint: a point logged twice on the way."""
    ground = Ground()
    places = [ground((metres, EAST)) for metres in (0.0, 30.0, 30.0, 70.0, 120.0)]
    points = "".join(
        f'<trkpt lat="{lat!r}" lon="{lon!r}"><ele>{1570 + (at + 1) // 2}</ele></trkpt>'
        for at, (lon, lat) in enumerate(places)
    )
    tracks = f"<trk><name>C-1</name><trkseg>{points}</trkseg></trk>"
    lon, lat = places[0]
    path.write_text(
        '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f'<wpt lat="{lat!r}" lon="{lon!r}"><name>MH1</name></wpt>{tracks}</gpx>'
    )


def arcs(path):
    """Write a way round an arc in metres of EPSG:32639: a vertex twice on its straight part, and all of it twice."""
    east, north = 562_835.0, 3_612_685.0
    told = [(0, 0), (100, 0), (100, 0), (100, 0), (150, 50), (100, 100), (100, 100), (0, 100)]
    p = [f"{east + x} {north + y}" for x, y in told]
    way = f"COMPOUNDCURVE(({p[0]},{p[1]},{p[2]}),CIRCULARSTRING({p[3]},{p[4]},{p[5]}),({p[6]},{p[7]}))"
    path.write_text(f'route_id,kind,shape\nC-1,cable,"{way}"\nC-1,cable,"{way}"\n')


@pytest.mark.parametrize(
    ("name", "write", "crs", "codes"),
    [("a.gpx", track, (), {"G205"}), ("a.csv", arcs, ("--crs", "EPSG:32639"), {"G205", "G212"})],
)
def test_tracks_and_arcs_handed_in_again_change_nothing(fibre, tmp_path, name, write, crs, codes):
    write(tmp_path / name)
    delivered = gis.read([tmp_path / name], crs=crs[-1] if crs else None)
    expected = gis.measure(delivered)
    fibre("check", name, *crs, "--fix", "--unsafe-fixes", "--out", "fixed.gpkg", check=None)
    log = pd.read_csv(tmp_path / "fixed.changes.csv", dtype=str, keep_default_na=False)
    assert codes == set(log["code"])
    # What went says what it was: the vertex, and of the copy every value.
    (vertex,) = log.loc[
        (log["code"] == "G205") & (log["column"] == "geometry"), ["before", "after"]
    ].to_numpy()
    assert vertex[0].startswith("POINT")
    assert vertex[1] == ""
    if "G212" in codes:
        copy = log[log["code"] == "G212"].set_index("column")
        assert copy.loc["route_id", "before"] == "C-1"
        assert copy.loc["geometry", "before"].startswith("LINESTRING")
        assert set(copy["after"]) == {""}
    fixed = gis.read([tmp_path / "fixed.gpkg"])
    assert fixed.routes["route_id"].to_list() == delivered.routes["route_id"].to_list()[:1]
    assert gis.measure(fixed)["slope_m"].to_list() == pytest.approx([expected["slope_m"][0]], abs=1e-6)
    fibre("check", "fixed.gpkg", "--fix", "--unsafe-fixes", "--out", "again.gpkg", check=None)
    assert len(pd.read_csv(tmp_path / "again.changes.csv")) == 0
    again = gis.read([tmp_path / "again.gpkg"])
    assert again.routes.geometry.to_wkb().to_list() == fixed.routes.geometry.to_wkb().to_list()
