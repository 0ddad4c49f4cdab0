"""Slack, closures and breaks held against their cable, and a cable's length with slack against its parts."""

import pytest
import shapely
from support.surveys import inventory, layer, metres

from gis import checks

SNAP_M = 2.0


def place(east, north=0.0):
    return tuple(map(float, metres(east, north)))


def line(*places):
    return shapely.LineString([place(*one) for one in places])


CABLE = line((0,), (300,))


def survey(east, north, route_id="C1", kinds=("cable", "duct"), **more):
    routes = layer("routes", [CABLE, line((0, 50), (300, 50))], route_id=["C1", "D1"], kind=list(kinds))
    manholes = layer("manholes", [shapely.Point(place(0))], manhole_id=["M1"])
    point = shapely.Point(place(east, north))
    values = {"fitting_id": ["F1"], "kind": ["slack"], "route_id": [route_id], **more}
    return inventory(routes, manholes, fittings=layer("fittings", [point], **values))


def found(made, code):
    findings = checks.run(made, select=[code])
    assert findings.failed == {}
    return findings


@pytest.mark.parametrize(("away", "count"), [(0.0, 0), (SNAP_M - 0.01, 0), (SNAP_M + 0.01, 1), (40.0, 1)])
@pytest.mark.parametrize("named", ["C1", None])
def test_a_loop_lies_on_its_cable_to_the_tolerance(away, count, named):
    findings = found(survey(150, away, named), "N313")
    assert len(findings) == count
    if count:
        assert (findings["layer"].iloc[0], findings["feature"].iloc[0]) == ("fittings", "F1")
        assert f"{away:.1f} m from the cable C1" in findings["message"].iloc[0]


def test_what_names_another_cable_than_it_lies_on_is_off_that_one():
    made = survey(150, 0, kinds=("cable", "cable"), route_id="D1")
    assert "50.0 m from the cable D1" in found(made, "N313")["message"].iloc[0]


@pytest.mark.parametrize(
    ("named", "what"), [("C1", None), ("D1", "duct"), ("M1", "Manholes"), ("F1", "slack"), ("X9", None)]
)
def test_what_is_no_cable_is_told_by_its_kind(named, what):
    messages = found(survey(150, 0, named), "N314")["message"].tolist()
    assert len(messages) == (what is not None)
    if what is not None:
        assert messages[0].endswith(what)


def test_of_two_routes_with_one_id_a_cable_is_enough():
    routes = layer("routes", [CABLE, line((0, 50), (300, 50))], route_id=["C1", "C1"], kind=["duct", "cable"])
    point = shapely.Point(place(150, 50))
    fittings = layer("fittings", [point], fitting_id=["F1"], kind=["break"], route_id=["C1"])
    made = inventory(routes, fittings=fittings)
    assert len(found(made, "N314")) == len(found(made, "N313")) == 0


@pytest.mark.parametrize(
    ("cable", "manhole", "count"),
    [("C1", "M1", 0), ("c 1", "m1", 0), ("C9", "M1", 1), ("C1", "M9", 1), (None, None, 0)],
)
def test_references_of_fittings_are_checked_like_any_other(cable, manhole, count):
    findings = found(survey(0, 0, cable, manhole_id=[manhole]), "N309")
    assert findings["layer"].tolist() == ["fittings"] * count


def test_a_reference_that_differs_by_a_dash_is_named():
    assert "C1 is that id" in found(survey(0, 0, "C-01"), "N309")["message"].iloc[0]


def test_two_loops_of_two_cables_at_one_place_are_no_duplicates():
    point = shapely.Point(place(0))
    for ids, count in ((["C1", "C2"], 0), (["C1", "C1"], 1)):
        fittings = layer(
            "fittings", [point, point], fitting_id=["F1", "F2"], kind=["slack"] * 2, route_id=ids
        )
        assert len(found(inventory(fittings=fittings), "G212")) == count


@pytest.mark.parametrize(
    ("length", "slack", "total", "count"),
    [
        (300.0, 20.0, 320.0, 0),
        (300.0, 20.0, 321.5, 0),
        (300.0, 20.0, 321.6, 1),
        (300.0, 20.0, 318.4, 1),
        (300.0, 0.0, 320.0, 1),
        (300.0, None, 320.0, 0),
        (None, 20.0, 320.0, 0),
        (300.0, 20.0, None, 0),
    ],
)
def test_length_and_slack_make_the_total_to_a_rounding(length, slack, total, count):
    sound = {"route_id": ["C1", "C2"], "kind": ["cable"] * 2}
    routes = layer(
        "routes",
        [CABLE, CABLE],
        recorded_length_m=[length, 1.0],
        slack_m=[slack, 1.0],
        total_length_m=[total, 2.0],
        **sound,
    )
    assert len(found(inventory(routes), "T505")) == count
