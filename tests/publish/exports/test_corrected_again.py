"""A corrected copy handed in again, through the real writer and reader: nothing left to change, nothing lost."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
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
from gis import checks, lengths
from gis.checks.fixes.loop import fix
from gis.project import Project
from gis.publish.exports import corrected
from gis.schema import AS_WRITTEN, SCHEMAS
from gis.totals import reconcile

ACROSS = 4
CELLS = [row * ACROSS + column for row in range(ACROSS - 1) for column in range(ACROSS - 1)]


def written_and_read(fixed):
    with tempfile.TemporaryDirectory() as folder:
        out, _ = corrected.write(Path(folder) / "fixed.gpkg", fixed)
        return gis.read([out])


def recorded(item, measure, layer="routes", **where):
    """Record a total of nearly nothing: what the survey makes of it is the verdict."""
    unit = {"count": "features"}.get(measure, "m")
    return {
        "item": item,
        "layer": layer,
        "measure": measure,
        "where": where,
        "recorded": 1.0,
        "unit": unit,
        "tolerance": "0" if measure == "count" else "1 m",
    }


ASKED = [
    recorded("cables", "count", kind="cable"),
    recorded("new cable", "length", kind="cable", status="new"),
    recorded("trench", "trench"),
    recorded("cable with slack", "cable", kind="cable"),
    recorded("fibre", "fibre", kind="cable"),
    recorded("manholes", "count", "manholes"),
    recorded("connected", "count", "offices", connection="new"),
]


def judged(survey):
    return [one.verdict for one in reconcile(survey, gis.measure(survey))]


def with_totals(survey, off):
    """Record what the survey has, so that the least change of a total is a change of its verdict; or a share more."""
    about = survey.project.model_copy(update={"totals": Project.model_validate({"totals": ASKED}).totals})
    results = reconcile(replace(survey, project=about), gis.measure(survey))
    stated = [
        {**asked, "recorded": max(round(result.measured * (1 + off), 1), 0.1)}
        if result.uncertain
        else {**asked, "recorded": round(result.measured)}
        for asked, result in zip(ASKED, results, strict=True)
    ]
    totals = Project.model_validate({"totals": stated}).totals
    return replace(survey, project=survey.project.model_copy(update={"totals": totals}))


def said(survey):
    """Give all that features say of themselves, as text, read or as it was written, and how often it stands there."""
    told = Counter()
    for name in SCHEMAS:
        layer = survey.layer(name)
        for column in SCHEMAS[name].names:
            for own in {column, f"{column}{AS_WRITTEN}"} & set(layer.columns):
                told.update((name, column, str(value)) for value in layer[own].dropna())
    return told


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from(CELLS)),
        max_size=9,
        unique_by=lambda fault: fault[1],
    ),
    st.booleans(),
    st.sampled_from([0.0, 0.0005, 0.02]),
)
@settings(max_examples=8, deadline=None)
def test_a_second_run_on_the_file_changes_nothing_and_the_first_has_lost_nothing(faults, unsafe, off):
    survey = Survey()
    streets(survey, ACROSS, ACROSS)
    for fault, corner in faults:
        plant(survey, fault, corner)
    made = with_totals(survey.build(), off)
    fixed = fix(made, checks.run(made), unsafe=unsafe)
    # The file knows neither area nor counties; what is fixed is fixed all the same. Of the totals its project says.
    again = replace(written_and_read(fixed), project=made.project)
    second = gis.fix(again, unsafe=unsafe)
    assert second.changes["what"].to_list() == []
    ids = {name: set(made.layer(name)[SCHEMAS[name].id].dropna()) for name in SCHEMAS}
    assert ids == {name: set(again.layer(name)[SCHEMAS[name].id].dropna()) for name in SCHEMAS}
    assert judged(again) == judged(made)
    assert said(again) == said(fixed.inventory)
    # What no longer stands there stands in the log.
    log = Counter(zip(fixed.log["layer"], fixed.log["column"], fixed.log["before"], strict=True))
    assert said(made) - said(again) <= log


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
    measured = gis.measure(fixed)
    assert measured["slope_m"].to_list() == pytest.approx([expected["slope_m"][0]], abs=1e-6)
    for known in ("std_m", "bias_m"):
        assert measured[known].to_list() == pytest.approx([expected[known][0]], rel=1e-9)
    fibre("check", "fixed.gpkg", "--fix", "--unsafe-fixes", "--out", "again.gpkg", check=None)
    assert len(pd.read_csv(tmp_path / "again.changes.csv")) == 0
    again = gis.read([tmp_path / "again.gpkg"])
    assert again.routes.geometry.to_wkb().to_list() == fixed.routes.geometry.to_wkb().to_list()


def written_arcs(path, *ways):
    """Write ways of arcs and straight parts in metres of EPSG:32639, a row each: its id and its pieces."""
    rows = []
    for name, *pieces in ways:
        told = []
        for kind, *places in pieces:
            points = ",".join(f"{562_835.0 + x} {3_612_685.0 + y}" for x, y in places)
            told.append(f"{kind}({points})")
        rows.append(f'{name},cable,new,"COMPOUNDCURVE({",".join(told)})"')
    path.write_text("\n".join(["route_id,kind,status,shape", *rows]) + "\n")
    return gis.read([path], crs="EPSG:32639")


ARC, WAY = "CIRCULARSTRING", ""


def whole(survey):
    """Tell how well the sum of all routes is known."""
    measured = gis.measure(survey)
    return measured.sum_of(np.isfinite(measured["geodesic_m"].to_numpy()))


def test_two_arcs_that_are_joined_are_as_uncertain_as_before(tmp_path):
    ways = (
        ("C", (WAY, (0, 0), (100, 0)), (ARC, (100, 0), (150, 50), (100, 100))),
        ("C", (ARC, (0, 200), (-50, 150), (0, 100)), (WAY, (0, 100), (100, 100))),
    )
    made = written_arcs(tmp_path / "a.csv", *ways)
    ends = shapely.points([made.routes.geometry.iloc[at].coords[0] for at in (0, 1)])
    made = replace(made, manholes=manholes(*[(end.x, end.y) for end in ends]))
    fixed = fix(made, checks.run(made))
    assert fixed.changes["code"].to_list() == ["N308"]
    again = written_and_read(fixed)
    assert len(again.routes) == 1
    for survey in (fixed.inventory, again):
        assert whole(survey) == pytest.approx(whole(made), rel=1e-6)
    assert np.bincount(again.curves.roles, minlength=3)[:2].tolist() == [7 - 2, 2]


def test_what_an_arc_becomes_that_loses_vertices_is_still_an_arc(tmp_path):
    # Of so small an arc the vertices are less than a millimetre apart: they repeat each other (G205).
    ways = (
        ("A", (WAY, (0, 0), (100, 0)), (ARC, (100, 0), (100.4, 0.4), (100, 0.8)), (WAY, (100, 0.8), (0, 40))),
        ("B", (WAY, (0, 100), (100, 100), (100, 100)), (ARC, (100, 100), (130, 130), (100, 160))),
    )
    made = written_arcs(tmp_path / "a.csv", *ways)
    fixed = fix(made, checks.run(made))
    assert set(fixed.changes["code"]) == {"G205"}
    again = written_and_read(fixed)
    before, after = gis.measure(made), gis.measure(again)
    assert after["std_m"].to_list() == pytest.approx(before["std_m"].to_list(), rel=0.01)
    assert after["bias_m"].to_list() == pytest.approx(before["bias_m"].to_list(), rel=0.01)


def test_a_copy_whose_lines_were_edited_counts_as_surveyed_and_says_so(tmp_path, fibre):
    made = written_arcs(tmp_path / "a.csv", ("C", (ARC, (0, 0), (50, 50), (100, 0))))
    out, _ = corrected.write(tmp_path / "fixed.gpkg", fix(made, checks.run(made)))
    frame = gpd.read_file(out, layer="routes")
    assert "curves" in frame
    frame.geometry = shapely.simplify(frame.geometry.to_numpy(), 1e-6)
    frame.to_file(tmp_path / "edited.gpkg", layer="routes")
    edited = gis.read([tmp_path / "edited.gpkg"])
    assert [left.count for left in edited.left_out] == [1]
    assert "changed since" in fibre("measure", "edited.gpkg").stderr
    expected = lengths.uncertainty.length_uncertainty(edited.routes.geometry.to_numpy(), 0.05)[0]
    assert gis.measure(edited)["std_m"].to_list() == expected.tolist()


@pytest.mark.parametrize("text", ["s2 p3", "sharp bend", "s0", "s99999999999", "x5", "7"])
def test_a_column_of_the_delivery_that_is_called_the_same_stays(tmp_path, text):
    ground = Ground()
    line = ground.line(((0.0, EAST),), ((100.0, EAST),))
    told = {
        "route_id": ["1", "2"],
        "kind": ["cable"] * 2,
        "status": ["new"] * 2,
        "curves": [text, "two of them"],
    }
    gpd.GeoDataFrame(told, geometry=[line, line], crs=4326).to_file(tmp_path / "r.geojson")
    survey = gis.read([tmp_path / "r.geojson"])
    assert survey.curves is None
    assert survey.routes["curves"].to_list() == told["curves"]


def test_lines_with_heights_beside_what_is_no_line_are_written(tmp_path):
    ground = Ground()
    a, b, c = (ground((metres, EAST)) for metres in (0.0, 50.0, 100.0))
    high = shapely.LineString([(*a, 1570.0), (*b, 1571.0), (*c, 1572.0)])
    area = shapely.Polygon([a, b, ground((50.0, NORTH))])
    made = inventory(routes(high, area, route_id=["C", "D"]))
    again = written_and_read(fix(made, checks.run(made)))
    assert again.routes.geometry.geom_type.to_list() == ["LineString", "Polygon"]
    assert shapely.get_coordinates(again.routes.geometry.iloc[0], include_z=True)[:, 2].tolist() == [
        1570,
        1571,
        1572,
    ]
