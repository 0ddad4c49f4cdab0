"""What an inspector expects of what was built: pulls, fibres, phases, marks and spellings; through real files."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from support.surveys import metres

import gis
from gis.checks.evidence.feeds import cut_off

MANHOLES = {"manhole_id": "M", "kind": "manhole", "status": "new"}
ROUTES = {"route_id": "R", "kind": "duct", "status": "new", "county": "اصفهان"}


@pytest.fixture
def checked(tmp_path):
    """Write routes and nodes, places in metres east and north, and give what a check finds of them, in order."""

    def check(code, routes, nodes=(), settings=""):
        for name, sound, things, shape in (
            ("routes", ROUTES, routes, shapely.LineString),
            ("manholes", MANHOLES, [([at], more) for at, more in nodes], lambda at: shapely.Point(at[0])),
        ):
            if not things:
                continue
            keys = dict.fromkeys([*sound, *(key for _, more in things for key in more)])
            id_column = next(iter(sound))
            table = {
                key: [
                    more.get(key, f"{sound[key]}{at}" if key == id_column else sound.get(key))
                    for at, (_, more) in enumerate(things)
                ]
                for key in keys
            }
            lines = [shape(np.column_stack(metres(*np.array(points, dtype=float).T))) for points, _ in things]
            gpd.GeoDataFrame(table, geometry=lines, crs=4326).to_file(tmp_path / f"{name}.gpkg", layer=name)
        layers = "".join(
            f'[[layers.{name}]]\nsource = "{name}.gpkg"\n'
            for name in ("routes", "manholes")
            if (tmp_path / f"{name}.gpkg").exists()
        )
        (tmp_path / "plan.toml").write_text(f"{layers}[checks]\n{settings}", "utf-8")
        findings = gis.check(gis.read(tmp_path / "plan.toml"), select=[code])
        assert findings.failed == {}
        return findings

    return check


def ids(findings):
    return findings["feature"].tolist()


# N317, N318


@pytest.mark.parametrize(("east", "found"), [(199.5, []), (200.5, ["R0", "R0"])])
def test_a_pull_is_as_long_as_the_way_between_two_manholes(checked, east, found):
    # The street is twice as long, a manhole in its middle.
    street = [((0, 0), (east, 0), (2 * east, 0))]
    posts = [((0, 0), {}), ((east, 0), {}), ((2 * east, 0), {})]
    routes = [(street[0], {})]
    assert ids(checked("N317", routes, posts, "max_pull_m = 200")) == found
    without = checked("N317", routes, [posts[0], posts[2]], "max_pull_m = 200")
    assert ids(without) == ["R0"]
    assert without["amount"][0] == pytest.approx(2 * east, abs=1.0)


def test_two_ducts_that_meet_with_nothing_there_are_one_pull(checked):
    routes = [(((0, 0), (150, 0)), {}), (((300, 0), (150, 0)), {})]
    ends = [((0, 0), {}), ((300, 0), {})]
    assert ids(checked("N317", routes, ends, "max_pull_m = 200")) == ["R0"]
    assert ids(checked("N317", routes, [*ends, ((150, 0), {})], "max_pull_m = 200")) == []
    # A third one there: nobody knows which way is pulled.
    branched = [*routes, (((150, 0), (150, 100)), {})]
    assert ids(checked("N317", branched, [*ends, ((150, 100), {})], "max_pull_m = 200")) == []


def test_without_a_limit_neither_runs(checked):
    findings = checked("N", [(((0, 0), (9000, 0), (9000, 9000)), {})], [((0, 0), {})])
    assert findings.not_run["N317"].en == "the project states no max_pull_m"
    assert findings.not_run["N318"].en == "the project states no max_bends_deg"


@pytest.mark.parametrize(("limit", "found"), [(269, ["R0"]), (271, [])])
def test_bends_to_either_side_add_up(checked, limit, found):
    zigzag = ((0, 0), (50, 0), (50, 50), (100, 50), (100, 0))
    posts = [((0, 0), {}), ((100, 0), {})]
    assert ids(checked("N318", [(zigzag, {})], posts, f"max_bends_deg = {limit}")) == found
    # The same in two pieces, one drawn from its other end.
    pieces = [(zigzag[:3], {}), (zigzag[:1:-1], {})]
    assert ids(checked("N318", pieces, posts, f"max_bends_deg = {limit}")) == found
    # A manhole in one of the bends parts them.
    assert ids(checked("N318", [(zigzag, {})], [*posts, ((50, 50), {})], f"max_bends_deg = {limit}")) == []


def test_the_noise_of_a_survey_is_no_bend(checked):
    rng = np.random.default_rng(1)
    street = [(float(at), float(rng.normal(0, 0.03))) for at in range(0, 200, 2)]
    posts = [(street[0], {}), (street[-1], {})]
    assert ids(checked("N318", [(street, {"accuracy_m": 0.03})], posts, "max_bends_deg = 90")) == []


def test_cables_in_duct_stand_for_ducts_that_were_not_delivered(checked):
    posts = [((0, 0), {}), ((300, 0), {})]
    cable = {"kind": "cable", "installation": "duct"}
    assert ids(checked("N317", [(((0, 0), (300, 0)), cable)], posts, "max_pull_m = 200")) == ["R0"]
    buried = {"kind": "cable", "installation": "buried"}
    assert ids(checked("N317", [(((0, 0), (300, 0)), buried)], posts, "max_pull_m = 200")) == []


# N319

CABLE = {"kind": "cable", "installation": "duct"}


@pytest.mark.parametrize(
    ("cable", "ducts", "found"),
    [
        ({}, ["planned"], ["R0"]),
        ({}, ["new"], []),
        ({}, ["planned", "existing"], []),
        ({"status": "planned"}, ["planned"], []),
        ({"status": "existing"}, ["planned"], []),
        ({"installation": "buried"}, ["planned"], []),
    ],
)
def test_a_new_cable_lies_in_no_planned_duct(checked, cable, ducts, found):
    line = ((0, 0), (100, 0))
    routes = [(line, CABLE | cable), *((line, {"status": status}) for status in ducts)]
    assert ids(checked("N319", routes)) == found


@pytest.mark.parametrize(("alone", "found"), [(9, []), (16, ["R0"])])
def test_a_few_metres_of_planned_duct_are_within_the_tolerance(checked, alone, found):
    # Both ducts reach 2 m beyond their ends; more than five tolerances of 2 m count.
    routes = [
        (((0, 0), (100, 0)), CABLE),
        (((0, 0), (100 - alone, 0)), {}),
        (((0, 0), (100, 0)), {"status": "planned"}),
    ]
    assert ids(checked("N319", routes)) == found


# N320

POSTS = [((0, 0), {"kind": "exchange"}), *(((at, 0), {}) for at in (100, 200, 300))]


def chain(*counts, **more):
    """Lay cables from the exchange on, each with so many fibres."""
    return [
        (((100 * at, 0), (100 * at + 100, 0)), {"kind": "cable", "fibre_count": count, **more})
        for at, count in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("counts", "found"),
    [((48, 24, 12), []), ((48, 48, 48), []), ((48, 49, 12), ["R1"]), ((12, 24, 48), ["R1", "R2"])],
)
def test_fibres_do_not_rise_away_from_the_exchange(checked, counts, found):
    routes = chain(*counts)
    assert ids(checked("N320", routes, POSTS)) == found
    # Whichever way each is drawn, and in whichever order they stand.
    turned = [(line[::-1], {**more, "route_id": f"R{at}"}) for at, (line, more) in enumerate(routes)][::-1]
    assert sorted(ids(checked("N320", turned, POSTS))) == found


def test_a_second_cable_that_leads_there_feeds_it(checked):
    second = (((0, 0), (50, 30), (100, 0)), {"kind": "cable", "fibre_count": 24})
    assert ids(checked("N320", [*chain(48, 72), second], POSTS)) == []
    assert ids(checked("N320", [*chain(48, 73), second], POSTS)) == ["R1"]


def test_a_ring_has_two_ways_and_a_missing_count_says_nothing(checked):
    ring = (((200, 0), (100, 80), (0, 0)), {"kind": "cable", "fibre_count": 12})
    assert ids(checked("N320", [*chain(12, 48), ring], POSTS)) == []
    assert ids(checked("N320", chain(None, 48, 24), POSTS)) == []
    assert ids(checked("N320", chain(12, 48), [(at, {}) for at, _ in POSTS])) == []


def test_a_branch_on_the_middle_has_no_more_fibres_than_its_stem(checked):
    branch = (((50, 0), (50, 60)), {"kind": "cable", "fibre_count": 96})
    findings = checked("N320", [*chain(48), branch], [*POSTS[:2], ((50, 0), {"kind": "closure"})])
    assert ids(findings) == ["R1"]
    assert "has 96 fibres, yet all that leads there from the exchange has 48: R0" in findings["message"][0]


@pytest.mark.parametrize("seed", range(20))
def test_what_a_place_cuts_off_is_what_is_left_without_it(seed):
    rng = np.random.default_rng(seed)
    count = 14
    edges = rng.integers(0, count, (rng.integers(10, 20), 2))
    edges = edges[edges[:, 0] != edges[:, 1]]
    roots = np.unique(rng.integers(0, count, 2))
    here, there = np.concatenate([edges, edges[:, ::-1]]).T
    told = cut_off(here, there, roots, count)

    def reached(without):
        kept = edges[(edges != without).all(axis=1)]
        graph = coo_array((np.ones(len(kept)), (kept[:, 0], kept[:, 1])), shape=(count, count))
        label = connected_components(graph, directed=False)[1]
        return np.isin(label, label[roots[roots != without]])

    # Without a root that stands at the place itself, all that hangs on it alone is cut off, too.
    everything = reached(-1)
    for one, other, down in zip(here, there, told, strict=True):
        if one not in roots:
            assert down == (everything[one] and not reached(one)[other])


# A409


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"installation": "aerial", "depth": 1.2}, ["R0"]),
        ({"installation": "aerial", "عمق": "۱٫۲"}, []),
        ({"installation": "aerial", "عمق": "۲"}, ["R0"]),
        ({"installation": "aerial", "depth": 0.0}, []),
        ({"installation": "aerial", "depth": None}, []),
        ({"installation": "aerial", "height": 6.0}, []),
        ({"installation": "buried", "depth": 1.2}, []),
    ],
)
def test_what_hangs_in_the_air_has_no_depth(checked, values, found):
    assert ids(checked("A409", [(((0, 0), (100, 0)), {"kind": "cable", **values})])) == found


def test_poles_and_manholes_speak_against_an_installation(checked):
    line = ((0, 0), (300, 0))

    def found(installation, *kinds):
        posts = [((100 * at, 0), {"kind": kind}) for at, kind in enumerate(kinds) if kind]
        posts.append(((0, 500), {"kind": "pole"}))
        return ids(checked("A409", [(line, {"kind": "cable", "installation": installation})], posts))

    assert found("aerial", "manhole", None, None, "handhole") == ["R0"]
    assert found("aerial", "manhole", "pole", None, "handhole") == []
    assert found("aerial", "manhole", None, None, "pole") == []
    assert found("buried", "pole", "pole", "pole", "pole") == ["R0"]
    # Down at one pole and up at the next is a crossing; one pole on the way stands beside it.
    assert found("buried", "pole", None, None, "pole") == []
    assert found("buried", "pole", "pole", None, "pole") == []
    assert found("duct", "pole", "pole", "pole", "manhole") == []


# N316


@pytest.mark.parametrize(
    ("named", "found"),
    [("MH-07", 0), ("mh-07", 1), ("MH - 07", 1), ("MH-۰۷", 1), (None, 0), ("MH-7", 0), ("MH-08", 0)],
)
def test_a_reference_in_another_spelling_names_the_node_and_is_not_unknown(checked, named, found):
    routes = [(((0, 0), (100, 0)), {"from_id": named, "to_id": "MH-09"})]
    posts = [((0, 0), {"manhole_id": "MH-07"}), ((100, 0), {"manhole_id": "MH-09"})]
    findings = checked("N316", routes, posts)
    assert len(findings) == found
    if found:
        assert findings["message"][0].endswith("the id is written MH-07")
    unknown = checked("N309", routes, posts)
    # Zeros may make another manhole of it: that is told there, with the id that is like it, and only there.
    assert len(unknown) == (named in {"MH-7", "MH-08"})
    if named == "MH-7":
        assert "MH-07 is that id but for zeros and dashes" in unknown["message"][0]


def test_letters_of_the_other_keyboard_are_another_spelling(checked):
    routes = [(((0, 0), (100, 0)), {"kind": "cable", "from_id": "كوي ۱", "to_id": "کوی ۲"})]
    posts = [((0, 0), {"manhole_id": "کوی ۱"}), ((100, 0), {"manhole_id": "کوی ۲"})]
    findings = checked("N316", routes, posts)
    assert findings["message"].str.contains("کوی ۱").tolist() == [True]
