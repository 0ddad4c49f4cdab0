"""Fixes: what they change, what they leave, and that they make nothing worse."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ground import EAST, NORTH, Ground, manholes, routes
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


@pytest.mark.parametrize("fault", ["A405", "A408", "G205", "G206", "G208", "G212", "N302", "N303", "N308"])
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
    assert fixed.refused.to_numpy().tolist() == [["N302", "routes", "R0", "T501"]]
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


def test_a_spur_there_and_back_through_several_vertices_is_cut_off():
    ground = Ground()
    way = [0.0, 50.0, 100.0, 140.0, 100.0, 50.0]
    line = shapely.LineString(
        [*(ground((metres, NORTH)) for metres in way), ground((50.0, NORTH), (60.0, EAST))]
    )
    made = inventory(routes(line), manholes(line.coords[0], line.coords[-1]))
    fixed = fix(made, checks.run(made), unsafe=True)
    assert fixed.changes["code"].to_list() == ["G208"]
    assert fixed.changes["length_after_m"][0] == pytest.approx(110.0, abs=1e-3)
    assert fixed.changes["length_before_m"][0] == pytest.approx(290.0, abs=1e-3)


def test_a_spur_to_a_manhole_is_not_cut_off():
    ground = Ground()
    line = shapely.LineString([ground((metres, NORTH)) for metres in (0.0, 100.0, 60.0)])
    made = inventory(routes(line), manholes(*line.coords))
    fixed = fix(made, checks.run(made), unsafe=True)
    assert fixed.refused["because"].to_list() == ["N304"]


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
