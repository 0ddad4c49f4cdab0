"""What ordinary plant looks like: cables side by side in one duct, drops to houses, branches; and what is not."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ground import EAST, NORTH, SOUTH, Ground, manholes, offices, routes
from support.surveys import inventory

from gis import checks
from gis.network.tracing import trace

GROUND = Ground()
STREET = GROUND.line(((0.0, NORTH),), ((120.0, EAST),), ((200.0, EAST), (20.0, NORTH)))


def codes(made, *select):
    findings = checks.run(made, select=list(select) or None)
    assert findings.failed == {}
    return sorted(findings["code"])


def two(**columns):
    return inventory(routes(STREET, STREET, **columns), manholes(STREET.coords[0], STREET.coords[-1]))


@pytest.mark.parametrize(
    "columns",
    [
        {"installation": ["duct", "duct"]},
        {"fibre_count": [24, 96]},
        {"office_id": ["O1", "O2"]},
        {"from_id": ["M0", "M0"], "to_id": ["M1", "M7"]},
    ],
)
def test_two_cables_in_one_duct_are_ordinary_plant(columns):
    assert codes(two(**columns), "G212", "G214") == []


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"installation": ["duct", "duct"], "route_id": ["C1", "C1"]},
        {"fibre_count": [24, None]},
        {"fibre_count": [24, 24], "installation": ["buried", "buried"]},
        # From the other end.
        {"from_id": ["M0", "M1"], "to_id": ["M1", "M0"]},
        {"kind": ["duct", "duct"], "installation": ["duct", "duct"]},
        # The same in the letters of another keyboard.
        {"office_id": ["ك۱", "ک1"]},
    ],
)
def test_what_nothing_tells_apart_is_there_twice(columns):
    assert codes(two(**columns), "G212") == ["G212"]


def test_the_third_of_three_cables_is_known_again():
    made = inventory(routes(STREET, STREET, STREET, fibre_count=[24, 96, 24]))
    findings = checks.run(made, select=["G212"])
    assert findings["feature"].tolist() == ["R2"]


def test_a_cable_in_a_crowded_duct_is_still_checked():
    count = 60
    made = inventory(
        routes(
            *[STREET] * count,
            installation=["duct"] * count,
            from_id=["M0"] * count,
            to_id=["M1"] * (count - 1) + ["M0"],
        ),
        manholes(STREET.coords[0], STREET.coords[-1]),
    )
    assert codes(made, "G212", "G213", "G214", "N310") == ["N310"]


def beside(line, metres=0.3):
    """Survey a line again: from its other end, with other vertices, so far aside."""
    xy = shapely.get_coordinates(shapely.segmentize(line, 0.0004))[::-1]
    return shapely.LineString(xy + np.array([0.0, metres / 110_900.0]))


def test_what_two_crews_surveyed_is_said_once():
    again = beside(STREET)
    made = inventory(
        routes(STREET, again, route_id=["C1", "K-17"]),
        manholes(
            STREET.coords[0], STREET.coords[-1], again.coords[0], kind=["exchange", "manhole", "manhole"]
        ),
    )
    findings = checks.run(made, select=["G212", "G213", "G214"])
    assert findings[["code", "layer", "feature"]].to_numpy().tolist() == [
        ["G214", "routes", "K-17"],
        ["G214", "manholes", "M2"],
    ]


def test_a_ring_is_known_from_another_start():
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    places = [GROUND((60.0 * np.cos(a) + 100, EAST), (60.0 * np.sin(a) + 100, NORTH)) for a in angles]
    one = shapely.LineString([*places, places[0]])
    turned = [*places[17:], *places[:18]]
    other = shapely.LineString(np.array(turned)[::-1] + np.array([0.0, 0.2 / 110_900.0]))
    assert codes(inventory(routes(one, other)), "G214") == ["G214"]


@pytest.mark.parametrize(
    "columns",
    [
        {"installation": ["duct", "duct"]},
        {"fibre_count": [24, 48]},
        {"status": ["planned", "new"]},
        {"kind": ["cable", "duct"]},
    ],
)
def test_what_runs_side_by_side_on_purpose_is_not_surveyed_twice(columns):
    assert codes(inventory(routes(STREET, beside(STREET), **columns)), "G214") == []


def test_a_cable_that_leaves_the_other_half_way_is_another_one():
    half = GROUND.line(((0.0, NORTH),), ((100.0, EAST),), ((100.0, EAST), (100.0, SOUTH)))
    assert codes(inventory(routes(STREET, half)), "G214") == []


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), flip=st.booleans(), count=st.integers(2, 40))
def test_any_second_survey_within_the_tolerance_is_seen(seed, flip, count):
    random = np.random.default_rng(seed)
    at = np.sort(np.concatenate([[0, 1], random.uniform(0, 1, count)]))
    places = shapely.get_coordinates(shapely.line_interpolate_point(STREET, at, normalized=True))
    # The bend stays a vertex, so that the second survey does not cut the corner.
    corner = np.searchsorted(
        at, shapely.line_locate_point(STREET, shapely.Point(STREET.coords[1]), normalized=True)
    )
    places = np.insert(places, corner, STREET.coords[1], axis=0)
    noise = random.uniform(-0.7, 0.7, places.shape) / 111_000.0
    again = shapely.LineString((places + noise)[:: -1 if flip else 1])
    assert codes(inventory(routes(STREET, again)), "G214") == ["G214"]


def test_drops_to_houses_are_neither_loose_nor_near_misses():
    main = GROUND.line(((0.0, EAST),), ((200.0, EAST),))
    joint = GROUND((100.0, EAST))
    drops = [shapely.LineString([joint, GROUND((80.0 + 8 * i, EAST), (25.0, NORTH))]) for i in range(6)]
    made = inventory(routes(main, *drops), manholes(main.coords[0], joint, main.coords[-1]))
    assert codes(made, "N301", "N302") == []
    # Two cables that both lead to a manhole nobody delivered are no drops.
    made = inventory(routes(main, *drops[:2]), manholes(main.coords[0], joint, main.coords[-1]))
    assert codes(made, "N301", "N302") == ["N301", "N301"]


@pytest.mark.parametrize(("status", "found"), [("new", 1), (None, 1), ("planned", 0), ("existing", 0)])
def test_plant_of_other_phases_may_end_anywhere(status, found):
    main = GROUND.line(((0.0, EAST),), ((200.0, EAST),))
    other = GROUND.line(((0.0, EAST),), ((90.0, NORTH),))
    made = inventory(routes(main, other, status=["new", status]), manholes(*main.coords))
    assert codes(made, "N301") == ["N301"] * found
    # Where nothing is new, all of it is this survey's.
    made = inventory(routes(main, other, status=["existing", "existing"]), manholes(*main.coords))
    assert codes(made, "N301") == ["N301"]


def test_a_lead_in_between_two_nodes_is_not_short():
    ends = GROUND(), GROUND((1.5, EAST))
    lead_in = shapely.LineString(ends)
    assert codes(inventory(routes(lead_in), manholes(*ends)), "G204") == []
    assert codes(inventory(routes(lead_in), manholes(ends[0]), offices(ends[1])), "G204") == []
    assert codes(inventory(routes(lead_in), manholes(ends[0])), "G204") == ["G204"]


def test_a_branch_is_one_finding_and_part_of_its_cable():
    main = GROUND.line(((0.0, EAST),), ((200.0, EAST),))
    branch = GROUND.line(((100.0, EAST),), ((100.0, EAST), (80.0, NORTH)))
    made = inventory(
        routes(main, branch),
        manholes(main.coords[0], main.coords[-1], kind=["exchange", "manhole"]),
        offices(branch.coords[-1]),
    )
    findings = checks.run(made, select=["N"])
    assert findings[["code", "feature"]].to_numpy().tolist() == [["N315", "R1"]]
    way = trace(made, "O0")
    assert [leg.route for leg in way.legs] == ["R1", "R0"]
    assert way.length_m == pytest.approx(180.0, abs=0.01)


def test_a_cable_on_the_middle_of_a_duct_is_no_branch():
    duct = GROUND.line(((0.0, EAST),), ((200.0, EAST),))
    cable = GROUND.line(((100.0, EAST),), ((100.0, EAST), (80.0, NORTH)))
    made = inventory(routes(duct, cable, kind=["duct", "cable"]), manholes(*duct.coords, cable.coords[-1]))
    assert codes(made, "N315", "N301") == ["N301"]


def test_the_last_metres_to_an_office_need_no_duct():
    duct = GROUND.line(((0.0, EAST),), ((200.0, EAST),))
    for beyond, expected in ((30.0, []), (45.0, ["N311"])):
        cable = GROUND.line(((0.0, EAST),), ((200.0, EAST),), ((200.0 + beyond, EAST),))
        made = inventory(
            routes(duct, cable, kind=["duct", "cable"], installation=[None, "duct"]),
            manholes(*duct.coords),
            offices(cable.coords[-1]),
        )
        assert codes(made, "N311") == expected


def test_without_ducts_nobody_asks_for_them():
    findings = checks.run(inventory(routes(STREET, installation=["duct"])))
    assert "N311" not in set(findings["code"])
    assert findings.not_run["N311"].en == "no ducts were delivered"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=14, unique=True))
def test_lines_that_cross_and_close_anywhere_never_fail_a_check(steps):
    line = GROUND.line(*(((40.0 * x, EAST), (40.0 * y, NORTH)) for x, y in steps))
    codes(inventory(routes(line, shapely.LineString([*line.coords, line.coords[0]]))), "G", "N")
