"""Fixes: what they change, what they leave, and that they make nothing worse."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ground import EAST, NORTH, WEST, Ground, manholes, routes
from support.surveys import COUNTY, FAULTS, Survey, found, inventory, layer, plant, streets

from gis import checks, lengths
from gis.checks.fixes.loop import fix
from gis.checks.registry import pages
from gis.coordinates.reading import Reading
from gis.inventory import FeatureRef, Note
from gis.schema import SCHEMAS

SAFE = {code for code, page in pages().items() if page.fix == "safe"}
ACROSS = 8
CELLS = [row * ACROSS + column for row in range(ACROSS - 1) for column in range(ACROSS - 1)]


def surveyed(faults):
    """Plant faults in a network whose recorded lengths nobody has written down."""
    survey = Survey()
    streets(survey, ACROSS, ACROSS)
    for fault, corner in faults:
        plant(survey, fault, corner)
    for row in survey.rows["routes"]:
        row["recorded_off"] = np.nan
    return survey.build()


def same(one, other):
    """Tell whether two surveys hold the same features."""
    for name in SCHEMAS:
        a, b = one.layer(name), other.layer(name)
        if not a.geometry.to_wkb().equals(b.geometry.to_wkb()):
            return False
        if not pd.DataFrame(a.drop(columns="geometry")).equals(pd.DataFrame(b.drop(columns="geometry"))):
            return False
    return True


@pytest.mark.parametrize("fault", ["A405", "A408", "G205", "G206", "G212", "N302", "N303"])
def test_a_fault_that_can_be_fixed_is_gone_and_nothing_else_comes(fault):
    before = surveyed([(fault, 20)])
    findings = checks.run(before)
    assert findings["fixable"].to_list() == [True]
    fixed = fix(before, findings, unsafe=True)
    assert fixed.changes["code"].to_list() == [fault]
    assert len(fixed.refused) == 0
    after = checks.run(fixed.inventory)
    assert found(after) == set()
    assert len(fix(fixed.inventory, after, unsafe=True).changes) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from(CELLS)),
        max_size=25,
        unique_by=lambda f: f[1],
    )
)
@settings(max_examples=6, deadline=None)
def test_fixing_makes_no_new_finding_and_fixing_again_changes_nothing(faults):
    before = surveyed(faults)
    findings = checks.run(before)
    for unsafe in (False, True):
        fixed = fix(before, findings, unsafe=unsafe)
        after = checks.run(fixed.inventory)
        assert found(after) <= found(findings)
        again = fix(fixed.inventory, after, unsafe=unsafe)
        assert len(again.changes) == 0
        assert same(again.inventory, fixed.inventory)
        if not unsafe:
            assert set(fixed.changes["code"]) <= SAFE


def test_the_survey_itself_stays_as_it_is():
    before = surveyed([(fault, corner) for fault, corner in zip(sorted(FAULTS), CELLS, strict=False)])
    copies = {name: before.layer(name).copy() for name in SCHEMAS}
    fix(before, checks.run(before), unsafe=True)
    for name, copy in copies.items():
        assert before.layer(name).geometry.to_wkb().equals(copy.geometry.to_wkb())
        assert list(before.layer(name).columns) == list(copy.columns)


def test_each_change_says_how_far_and_how_long():
    ground = Ground()
    street = ground.line(((0.0, EAST),), ((300.0, EAST),))
    made = inventory(routes(street), manholes(street.coords[0], ground((305.0, EAST))))
    fixed = fix(made, checks.run(made), unsafe=True)
    change = fixed.changes.iloc[0]
    assert (change.code, change.layer, change.feature) == ("N302", "routes", "R0")
    assert change.what == "end moved onto M1"
    assert "M1" in change.what_fa
    assert change.moved_m == pytest.approx(5.0, abs=1e-3)
    assert change.length_before_m == pytest.approx(300.0, abs=1e-3)
    assert change.length_after_m == pytest.approx(305.0, abs=1e-3)
    assert fixed.inventory.routes["changes"].to_list() == ["N302: end moved onto M1"]
    assert fixed.inventory.routes.geometry[0].coords[-1] == ground((305.0, EAST))


def test_unsafe_fixes_wait_to_be_asked_for():
    made = surveyed([("N302", 20), ("G205", 10)])
    assert fix(made, checks.run(made)).changes["code"].to_list() == ["G205"]


def test_only_what_the_findings_name_is_touched():
    made = surveyed([("G205", 10), ("A405", 20)])
    findings = checks.run(made, select=["A405"])
    assert fix(made, findings).changes["code"].to_list() == ["A405"]


def test_a_fix_that_would_make_another_finding_is_refused_and_says_why():
    ground = Ground()
    street = ground.line(((0.0, EAST),), ((300.0, EAST),))
    # Recorded as it was drawn: moved to its manhole it would no longer be.
    made = inventory(
        routes(street, recorded_length_m=[300.0]), manholes(street.coords[0], ground((305.0, EAST)))
    )
    fixed = fix(made, checks.run(made), unsafe=True)
    assert len(fixed.changes) == 0
    assert fixed.refused[["code", "layer", "feature", "because", "why"]].to_numpy().tolist() == [
        ["N302", "routes", "R0", "T501", "T501 would come of it"]
    ]
    assert same(fixed.inventory, made)


def test_a_chain_of_pieces_becomes_one_route_with_the_sums_of_their_records():
    ground = Ground()
    cuts = [ground((metres, EAST)) for metres in (0.0, 50.0, 120.0, 200.0, 310.0)]
    pieces = [shapely.LineString(pair) for pair in pairwise(cuts)]
    # The second is drawn the other way.
    pieces[1] = pieces[1].reverse()
    made = inventory(
        routes(
            *pieces,
            route_id=["R0"] * 4,
            recorded_length_m=[50.0, 70.0, 80.0, 110.0],
            slack_m=[1.0, 2.0, 3.0, 4.0],
            from_id=["M0"] + [None] * 3,
            to_id=[None] * 3 + ["M1"],
        ),
        manholes(cuts[0], cuts[-1]),
    )
    total = lengths.geodesic.line_lengths(made.routes.geometry.to_numpy()).sum()
    fixed = fix(made, checks.run(made))
    joined = fixed.inventory.routes
    assert joined["route_id"].to_list() == ["R0"]
    assert (joined["recorded_length_m"][0], joined["slack_m"][0]) == (310.0, 10.0)
    assert (joined["from_id"][0], joined["to_id"][0]) == ("M0", "M1")
    assert list(joined.geometry[0].coords) == cuts
    assert lengths.geodesic.line_lengths(joined.geometry.to_numpy())[0] == pytest.approx(total, abs=1e-9)


def test_parts_that_meet_become_one_line_in_the_direction_of_the_first():
    ground = Ground()
    a, b, c = (ground((metres, NORTH)) for metres in (0.0, 60.0, 130.0))
    made = inventory(routes(shapely.MultiLineString([[c, b], [a, b]])), manholes(a, c))
    fixed = fix(made, checks.run(made))
    assert list(fixed.inventory.routes.geometry[0].coords) == [c, b, a]
    gap = inventory(routes(shapely.MultiLineString([[a, b], [c, ground((200.0, NORTH))]])))
    assert not checks.run(gap, select=["G210"])["fixable"][0]


def test_heights_come_through():
    ground = Ground()
    height = [(*ground((metres, NORTH)), 1570.0 + metres) for metres in (0.0, 50.0, 50.0, 100.0)]
    made = inventory(routes(shapely.LineString(height)), manholes(height[0][:2], height[-1][:2]))
    fixed = fix(made, checks.run(made))
    assert shapely.get_coordinates(fixed.inventory.routes.geometry[0], include_z=True)[:, 2].tolist() == [
        1570.0,
        1620.0,
        1670.0,
    ]


@pytest.mark.parametrize("aside", [0.0, 0.004, 0.3, 0.9, 1.8])
@pytest.mark.parametrize("vertices", [1, 2, 4])
def test_a_branch_there_and_back_is_never_cut_off(vertices, aside):
    ground = Ground()
    out = [200.0 * at / vertices for at in range(1, vertices + 1)]
    # The way back has vertices of its own, for more than one.
    back = [way - 20.0 for way in reversed(out[:-1])]
    line = ground.line(
        ((100.0, WEST),),
        ((0.0, EAST),),
        *(((way, NORTH),) for way in out),
        *(((way, NORTH), (aside, EAST)) for way in back),
        ((aside, EAST),),
        ((100.0, EAST),),
    )
    made = inventory(routes(line), manholes(line.coords[0], line.coords[-1]))
    findings = checks.run(made)
    fixed = fix(made, findings, unsafe=True)
    if vertices > 1 or aside <= 1.0:
        assert "G208" in set(findings["code"])
        assert same(fixed.inventory, made)
    else:
        # One vertex and not the same trench: an outlier, which only an unsafe fix takes away.
        assert "G206" in set(findings["code"])
        assert same(fix(made, findings).inventory, made)


def test_a_stretch_drawn_back_and_on_again_loses_the_doubling_and_no_ground():
    ground = Ground()
    way = [0.0, 50.0, 100.0, 140.0, 100.0, 60.0, 120.0, 200.0]
    line = ground.line(*(((metres, NORTH),) for metres in way))
    made = inventory(routes(line), manholes(line.coords[0], line.coords[-1]))
    fixed = fix(made, checks.run(made), unsafe=True)
    assert fixed.changes["code"].to_list() == ["G208"]
    assert fixed.changes["length_before_m"][0] == pytest.approx(360.0, abs=1e-3)
    assert fixed.changes["length_after_m"][0] == pytest.approx(200.0, abs=1e-3)
    assert shapely.hausdorff_distance(fixed.inventory.routes.geometry[0], line) < 1e-7
    assert len(checks.run(fixed.inventory, select=["G"])) == 0


def pieces(**columns):
    """Draw two pieces of one street that meet at a bare joint, between two manholes."""
    ground = Ground()
    ends = [ground((metres, EAST)) for metres in (0.0, 100.0, 200.0)]
    made = [shapely.LineString(pair) for pair in pairwise(ends)]
    given = {"route_id": ["C1", "C1"], "accuracy_m": [0.1, 0.1], **columns}
    return inventory(routes(*made, **given), manholes(ends[0], ends[-1]))


def test_pieces_that_say_the_same_become_one():
    for ids in (["C1", "C1"], ["C1", None], [None, "C1"]):
        made = pieces(route_id=ids, recorded_length_m=[100.0, 100.0], note=["n", "n"])
        fixed = fix(made, checks.run(made))
        assert fixed.inventory.routes["route_id"].to_list() == ["C1"]
        assert fixed.inventory.routes["recorded_length_m"].to_list() == [200.0]


@pytest.mark.parametrize(
    "columns",
    [
        {"route_id": ["C1", "C2"]},
        {"to_id": ["M9", None]},
        {"from_id": [None, "M9"]},
        {"surveyed_on": [date(2024, 3, 20), date(2024, 4, 20)]},
        {"surveyed_on": [date(2024, 3, 20), None]},
        {"accuracy_m": [0.02, 0.5]},
        {"accuracy_m": [0.02, None]},
        {"recorded_length_m": [100.0, None]},
        {"slack_m": [None, 10.0]},
        # Each piece records the length of the whole: the sum would be twice that.
        {"recorded_length_m": [200.0, 200.0]},
        {"start_mark_m": [0.0, 100.0], "end_mark_m": [100.0, 200.0]},
        {"note": ["برگ ۱", "برگ ۲"]},
        {"note": ["برگ ۱", None]},
        {"recorded_length_m_as_written": ["approx 100", "approx 100"]},
        {"fibre_count_as_written": ["24/48", "12/24"]},
    ],
)
def test_pieces_that_one_route_could_not_say_all_of_stay_two(columns):
    made = pieces(**columns)
    findings = checks.run(made)
    assert not findings[findings["code"] == "N308"]["fixable"].any()
    fixed = fix(made, findings)
    assert "N308" not in set(fixed.changes["code"])
    assert len(fixed.inventory.routes) == 2


def test_pieces_are_left_without_manholes_and_offices():
    made = inventory(pieces().routes)
    findings = checks.run(made)
    assert "N308" in findings.not_run
    assert same(fix(made, findings).inventory, made)


def test_a_join_keeps_heights_and_needs_one_height_at_the_joint():
    ground = Ground()
    a, b, c = (ground((metres, EAST)) for metres in (0.0, 100.0, 200.0))
    flat, high = shapely.LineString([a, b]), shapely.LineString([(*c, 1580.0), (*b, 1575.0)])
    for lines in ([flat, high], [high, flat]):
        made = inventory(routes(*lines, route_id=["C", "C"]), manholes(a, c))
        fixed = fix(made, checks.run(made))
        (line,) = fixed.inventory.routes.geometry
        heights = {tuple(place[:2]): place[2] for place in shapely.get_coordinates(line, include_z=True)}
        assert (heights[b], heights[c]) == (1575.0, 1580.0)
        assert np.isnan(heights[a])
    riser = shapely.LineString([(*a, 1570.0), (*b, 1570.0)])
    made = inventory(routes(riser, high, route_id=["C", "C"]), manholes(a, c))
    assert len(fix(made, checks.run(made)).inventory.routes) == 2


def test_a_copy_with_other_heights_or_none_is_not_deleted():
    ground = Ground()
    places = [ground((metres, EAST)) for metres in (0.0, 100.0)]
    high = shapely.LineString([(*place, 1570.0) for place in places])
    higher = shapely.LineString([(*place, 1575.0) for place in places])
    for other in (shapely.LineString(places), higher):
        made = inventory(routes(high, other, route_id=["C", "C"]), manholes(*places))
        assert len(fix(made, checks.run(made)).inventory.routes) == 2
    made = inventory(routes(high, high.reverse(), route_id=["C", "C"]), manholes(*places))
    assert len(fix(made, checks.run(made)).inventory.routes) == 1


def test_a_copy_in_another_file_goes_and_its_log_says_all_that_it_said():
    line = Ground().line(((0.0, EAST),), ((100.0, EAST),))
    sheets = {
        "source": ["week1.geojson", "week2.geojson"],
        "source_layer": ["week1", "week2"],
        "record": [1, 1],
    }
    made = inventory(routes(line, line, route_id=["7", "7"], **sheets), manholes(*line.coords))
    fixed = fix(made, checks.run(made))
    assert fixed.inventory.routes["source"].to_list() == ["week1.geojson"]
    told = fixed.log[["source", "record", "column", "before", "after"]].to_numpy().tolist()
    assert ["week2.geojson", 1, "route_id", "7", ""] in told
    assert ["week2.geojson", 1, "geometry", line.wkt, ""] in told


def test_a_copy_that_differed_by_its_letters_goes_in_the_same_run():
    line = Ground().line(((0.0, EAST),), ((100.0, EAST),))
    made = inventory(routes(line, line, route_id=["C", "C"], note=["كابل", "کابل"]), manholes(*line.coords))
    assert fix(made, checks.run(made)).changes["code"].to_list() == ["A405", "G212"]


def counted(recorded, measure="count", unit="cables", tolerance="0"):
    total = {"item": "cables", "layer": "routes", "measure": measure, "where": {"kind": "cable"}}
    return {"totals": [{**total, "recorded": recorded, "unit": unit, "tolerance": tolerance}]}


@pytest.mark.parametrize("recorded", [1, 2])
def test_no_fix_changes_the_verdict_on_a_count(recorded):
    for made in (
        inventory(pieces().routes, pieces().manholes, project=counted(recorded)),
        inventory(
            routes(*[pieces().routes.geometry[0]] * 2, route_id=["C", "C"]),
            pieces().manholes,
            project=counted(recorded),
        ),
    ):
        fixed = fix(made, checks.run(made))
        assert same(fixed.inventory, made)
        assert fixed.refused["because"].to_list() == ["cables"]
        assert "the total cables would turn from" in fixed.refused["why"][0]
        assert "cables" in fixed.refused["why_fa"][0]


def test_a_fix_that_leaves_the_verdict_is_made_beside_one_that_does_not():
    ground = Ground()
    a, b, c = (ground((metres, EAST)) for metres in (0.0, 100.0, 200.0))
    copied, repeated = shapely.LineString([a, b]), shapely.LineString([b, b, c])
    project = counted(300.0, "length", "m", "1 m")
    made = inventory(
        routes(copied, copied, repeated, route_id=["C", "C", "D"]), manholes(a, b, c), project=project
    )
    fixed = fix(made, checks.run(made))
    assert fixed.changes["code"].to_list() == ["G205"]
    assert fixed.refused[["code", "because"]].to_numpy().tolist() == [["G212", "cables"]]


def test_each_value_that_changes_is_told_before_and_after():
    made = pieces(
        recorded_length_m=[100.0, 100.0], from_id=["M0", None], to_id=[None, "M1"], slack_m=[5.0, 7.0]
    )
    fixed = fix(made, checks.run(made))
    stays, goes = fixed.log[fixed.log["record"] == 1], fixed.log[fixed.log["record"] == 2]
    values = {row.column: (row.before, row.after) for row in stays.itertuples()}
    assert values["recorded_length_m"] == ("100", "200")
    assert values["slack_m"] == ("5", "12")
    assert values["to_id"] == ("", "M1")
    assert {"route_id", "recorded_length_m", "slack_m", "to_id", "geometry"} <= set(goes["column"])
    assert set(goes["after"]) == {""}
    assert "Recorded length: 100 became 200" in fixed.inventory.routes["changes"][0]


def test_vertices_that_move_are_told_with_their_distance():
    ground = Ground()
    street = ground.line(((0.0, EAST),), ((300.0, EAST),))
    there = ground((305.0, EAST))
    made = inventory(routes(street), manholes(street.coords[0], there))
    (row,) = fix(made, checks.run(made), unsafe=True).log.itertuples()
    assert row.column == "geometry"
    assert shapely.from_wkt(row.before).coords[0] == pytest.approx(street.coords[-1], abs=1e-12)
    assert shapely.from_wkt(row.after).coords[0] == pytest.approx(there, abs=1e-12)
    assert row.moved_m == pytest.approx(5.0, abs=1e-3)


def test_what_comes_to_light_in_its_right_place_is_put_right_in_the_same_run():
    """A spike counts for nothing as long as its route lies in the wrong zone; there it is one."""
    ground = Ground()
    way = [(0.0, 0.0), (40.0, 0.0), (45.0, 90.0), (60.0, 0.0), (100.0, 0.0)]
    home = ground.line(*(((east, EAST), (north, NORTH)) for east, north in way))
    numbers = pyproj.Transformer.from_crs(4326, 32639, always_xy=True).transform(*np.array(home.coords).T)
    astray = pyproj.Transformer.from_crs(32640, 4326, always_xy=True).transform(*numbers)
    note = Note("C104", "routes", "", misread(32640, Reading(crs(32639))))
    made = inventory(
        routes(shapely.LineString(np.column_stack(astray))),
        manholes(home.coords[0], home.coords[-1]),
        area=shapely.box(51, 32, 52, 33),
        notes=(note,),
    )
    fixed = fix(made, checks.run(made), unsafe=True)
    assert fixed.changes["code"].to_list() == ["C104", "G206"]
    assert len(fix(fixed.inventory, checks.run(fixed.inventory), unsafe=True).changes) == 0


def test_two_cables_that_differ_in_a_value_are_not_one():
    line = Ground().line(((0.0, EAST),), ((300.0, EAST),))
    made = inventory(routes(line, line, route_id=["A", "B"]), manholes(*line.coords))
    assert not checks.run(made, select=["G212"])["fixable"][0]
    assert len(fix(made, checks.run(made)).inventory.routes) == 2


def crs(code):
    return pyproj.CRS.from_epsg(code)


def misread(declared, believed):
    return {"read": Reading(crs(declared)), "reading": believed, "source": "survey.gpkg"}


def test_misread_features_are_brought_home():
    area = shapely.box(50.0, 31.0, 54.0, 34.0)
    numbers = pyproj.Transformer.from_crs(4326, 32639, always_xy=True).transform(51.7, 32.66)
    zone = pyproj.Transformer.from_crs(32640, 4326, always_xy=True).transform(*numbers)
    points = {"swapped": (32.65, 51.67), "zone": zone, "home": (51.8, 32.7)}
    made = inventory(
        manholes=layer(
            "manholes",
            [shapely.Point(p) for p in points.values()],
            manhole_id=list(points),
            status=["new"] * 3,
            county=[COUNTY] * 3,
        ),
        area=area,
        notes=(
            Note(
                "C103",
                "manholes",
                "swapped",
                misread(4326, Reading(crs(4326), swapped=True)),
                ref=FeatureRef("survey.gpkg", "survey", 1),
            ),
            Note(
                "C104",
                "manholes",
                "zone",
                misread(32640, Reading(crs(32639))),
                ref=FeatureRef("survey.gpkg", "survey", 2),
            ),
        ),
    )
    findings = checks.run(made)
    assert found(findings) == {("C103", "manholes", "swapped"), ("C104", "manholes", "zone")}
    fixed = fix(made, findings, unsafe=True)
    home = shapely.get_coordinates(fixed.inventory.manholes.geometry)
    assert np.abs(home - [[51.67, 32.65], [51.7, 32.66], [51.8, 32.7]]).max() < 1e-11
    assert len(checks.run(fixed.inventory)) == 0


def test_another_datum_is_read_again_vertex_by_vertex():
    true = np.array([[51.67, 32.65], [51.68, 32.66], [51.70, 32.61]])
    # "ED50(ED77) to WGS 84 (1)" of the EPSG registry, by PROJ alone
    pipeline = (
        "+proj=pipeline +step +inv +proj=utm +zone=39 +ellps=intl +step +proj=cart +ellps=intl"
        " +step +proj=helmert +convention=position_vector +x=-110.33 +y=-97.73 +z=-119.85"
        " +rx=0.3423 +ry=1.1634 +rz=0.2715 +s=0.063 +step +inv +proj=cart +ellps=WGS84"
        " +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    numbers = pyproj.Transformer.from_pipeline(pipeline).transform(*true.T, np.zeros(3), direction="INVERSE")
    declared = pyproj.Transformer.from_crs(32639, 4326, always_xy=True).transform(*numbers[:2])
    note = Note("C105", "manholes", "", misread(32639, Reading(crs(2059))))
    made = inventory(manholes=manholes(*np.column_stack(declared)), notes=(note,))
    fixed = fix(made, checks.run(made), unsafe=True)
    away = np.abs(shapely.get_coordinates(fixed.inventory.manholes.geometry) - true).max()
    assert away < 2e-8  # 2 mm
    assert fixed.inventory.notes == ()


def test_a_move_out_of_the_area_or_of_what_no_finding_names_is_not_made():
    area = shapely.box(51, 32, 52, 33)
    points = {"home": (51.8, 32.7), "beside": (51.81, 32.7)}
    made = inventory(
        manholes=layer(
            "manholes",
            [shapely.Point(p) for p in points.values()],
            manhole_id=["M", "M"],
            status=["new"] * 2,
            county=[COUNTY] * 2,
        ),
        area=area,
        notes=(
            Note(
                "C104",
                "manholes",
                "M",
                misread(32639, Reading(crs(32640))),
                ref=FeatureRef("survey.gpkg", "survey", 1),
            ),
        ),
    )
    fixed = fix(made, checks.run(made), unsafe=True)
    assert fixed.inventory.manholes.geometry.to_list() == made.manholes.geometry.to_list()
    assert [(row.code, row.feature, row.because) for row in fixed.refused.itertuples()] == [
        ("C104", "M", "C102")
    ]
