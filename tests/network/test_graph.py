"""The network: what hangs together, the way to an exchange, and that no crowd makes it slow."""

import networkx as nx
import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from support.effort import effort
from support.ground import EAST, NORTH, SOUTH, WEST, Ground, manholes, offices, routes
from support.surveys import Survey, inventory, layer, streets

from gis import checks
from gis.errors import ProjectError
from gis.network.graph import Network
from gis.network.lines import Lines, Pieces, distances
from gis.network.tracing import trace


def test_a_long_line_is_searched_in_pieces_that_cover_it():
    random = np.random.default_rng(0)
    xy = np.cumsum(random.normal(size=(1000, 2)), axis=0)
    pieces = Pieces.of(np.array([shapely.LineString(xy)]), xy, np.array([0, 1000]))
    assert len(pieces.lines) == 16
    assert shapely.length(pieces.lines).sum() == pytest.approx(shapely.LineString(xy).length)
    assert shapely.line_merge(shapely.multilinestrings(pieces.lines)).equals(shapely.LineString(xy))


def test_lines_of_one_vertex_and_no_lines_are_left_out():
    lines = Lines.of(
        np.array([None, shapely.LineString([(51, 32), (51.1, 32)]), shapely.LineString()], dtype=object)
    )
    assert lines.owners.tolist() == [1]
    assert len(Lines.of(np.array([], dtype=object)).parts) == 0


def test_parts_hang_together_through_nodes_and_ends():
    ground = Ground()
    # Two streets that meet in a manhole in the middle of one of them, one that meets an end, one alone.
    street = ground.line(((100.0, WEST),), ((100.0, EAST),))
    branch = ground.line(((1.0, NORTH),), ((80.0, NORTH),))
    onward = ground.line(((81.0, NORTH),), ((150.0, NORTH),))
    alone = ground.line(((100.0, SOUTH),), ((200.0, SOUTH),))
    parts, nodes = Network(inventory(routes(street, branch, onward, alone), manholes(ground()))).components
    assert len(set(parts[:3])) == 1
    assert nodes[0] == parts[0]
    assert parts[3] != parts[0]


def test_a_network_agrees_with_networkx_on_what_hangs_together():

    random = np.random.default_rng(5)
    corners = [Ground()((1000 * i, EAST), (1000 * j, NORTH)) for i in range(8) for j in range(8)]
    pairs = random.integers(0, 64, (45, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    # Bowed, so that no street passes a corner that it does not end at.
    lines = []
    for a, b in pairs:
        start, stop = np.array(corners[a]), np.array(corners[b])
        aside = (stop - start)[::-1] * [1, -1] * random.uniform(0.05, 0.2)
        lines.append(shapely.LineString([start, (start + stop) / 2 + aside, stop]))
    parts, _ = Network(inventory(routes(*lines), manholes(*corners))).components
    graph = nx.Graph(pairs.tolist())
    expected = {frozenset(c) for c in nx.connected_components(graph)}
    got = {frozenset(pairs[parts == label].ravel().tolist()) for label in set(parts)}
    assert got == expected


def test_a_crowd_of_ends_is_one_place_without_pairing_them_all():
    random = np.random.default_rng(2)
    ground = Ground()
    ends = [
        ground((r, a))
        for r, a in zip(random.uniform(0, 0.9, 3000), random.uniform(0, 360, 3000), strict=True)
    ]
    far = [ground((100 + n * 0.01, n * 0.12)) for n in range(3000)]
    made = inventory(routes(*(shapely.LineString(pair) for pair in zip(ends, far, strict=True))))
    net = Network(made)
    one, _ = net.end_links
    assert len(one) < 20 * 6000
    assert len(set(net.components[0])) == 1


def test_two_clumps_of_ends_a_metre_apart_are_one_place():
    ground = Ground()
    clumps = [ground((0.01 * n, NORTH)) for n in range(20)] + [
        ground((1.5, EAST), (0.01 * n, NORTH)) for n in range(20)
    ]
    lines = [
        shapely.LineString([start, ground((200.0, EAST if n < 20 else WEST), (8.0 * n, NORTH))])
        for n, start in enumerate(clumps)
    ]
    assert len(set(Network(inventory(routes(*lines))).components[0])) == 1


def _plan():
    """Lay an office, a way of two cables over two manholes to an exchange, a longer way round, and a duct."""
    ground = Ground("Khur")
    office, first, second, exchange = (
        ground(),
        ground((300.0, EAST)),
        ground((300.0, EAST), (200.0, NORTH)),
        ground((300.0, EAST), (500.0, NORTH)),
    )
    main = shapely.LineString([exchange, second, first])
    drop = shapely.LineString([office, first])
    around = shapely.LineString([office, ground((900.0, NORTH)), exchange])
    duct = shapely.LineString([office, exchange])
    return inventory(
        routes(
            main,
            drop,
            around,
            duct,
            route_id=["MAIN", "DROP", "AROUND", "DUCT"],
            kind=["cable"] * 3 + ["duct"],
        ),
        manholes(
            first, second, exchange, manhole_id=["M1", "M2", "EX"], kind=["manhole", "manhole", "exchange"]
        ),
        layer(
            "offices",
            [shapely.Point(office)],
            office_id=["GOV-7"],
            name_fa=["فرمانداری خور"],
            county=["خور"],
            connection=["new"],
        ),
    )


@pytest.mark.parametrize("asked", ["GOV-7", "gov-7", "فرمانداري خور", "فرمانداری  خور"])
def test_the_way_from_an_office_to_its_exchange(asked):
    way = trace(_plan(), asked)
    assert (way.office, way.exchange) == ("GOV-7", "EX")
    assert [(leg.route, leg.kind) for leg in way.legs] == [("DROP", "cable"), ("MAIN", "cable")]
    assert [leg.length_m for leg in way.legs] == pytest.approx([300.0, 500.0], abs=1e-3)
    assert way.length_m == pytest.approx(800.0, abs=2e-3)
    assert way.passed == ("M1", "M2")
    # In the direction of the way.
    assert way.legs[1].geometry.coords[-1] == pytest.approx(
        tuple(_plan().manholes.geometry[2].coords[0]), abs=1e-9
    )


def test_the_way_leaves_a_route_where_it_meets_the_next():
    ground = Ground()
    through = ground.line(((400.0, WEST),), ((300.0, EAST),))
    branch = ground.line(((0.0, NORTH),), ((70.0, NORTH),))
    made = inventory(
        routes(through, branch, route_id=["THROUGH", "BRANCH"]),
        manholes(ground(), ground((300.0, EAST)), manhole_id=["M", "EX"], kind=["manhole", "exchange"]),
        offices(ground((70.0, NORTH))),
    )
    way = trace(made, "O0")
    assert [(leg.route, round(leg.length_m, 2)) for leg in way.legs] == [("BRANCH", 70.0), ("THROUGH", 300.0)]
    assert way.passed == ("M",)


def test_where_no_cable_leads_a_duct_does():
    made = _plan()
    only = made.routes[made.routes["kind"] == "duct"].reset_index(drop=True)
    way = trace(inventory(only, made.manholes, made.offices), "GOV-7")
    assert [leg.route for leg in way.legs] == ["DUCT"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: (m, "GOV-8"), "no office GOV-8"),
        (
            lambda m: (inventory(m.routes, m.manholes.assign(kind="manhole"), m.offices), "GOV-7"),
            "no manhole has kind exchange",
        ),
        (lambda m: (inventory(m.routes.iloc[:1], m.manholes, m.offices), "GOV-7"), "on no route"),
        (lambda m: (inventory(m.routes.iloc[1:2], m.manholes, m.offices), "GOV-7"), "no way to an exchange"),
    ],
)
def test_what_cannot_be_traced_is_said_in_a_line(change, said):
    with pytest.raises(ProjectError, match=said) as error:
        trace(*change(_plan()))
    assert "\n" not in error.value.message("fa")


def _checked(made):
    findings, taken = effort(lambda: checks.run(made))
    assert findings.failed == {}
    return findings, taken


def _star(count):
    ground = Ground()
    tips = [ground((10_000.0, n * 360 / count)) for n in range(count)]
    # Cut off so far from the node that no two arms are within a hand's breadth: then there is nothing to find.
    return inventory(
        routes(*(shapely.LineString([ground(), tip]) for tip in tips)),
        manholes(ground()),
        project={"checks": {"snap_m": 500.0, "max_segment_m": 20_000.0}},
    )


def _copies(count):
    line = Ground().line(((0.0, EAST),), ((300.0, EAST),))
    return inventory(routes(*[line] * count), manholes(*line.coords))


def _manholes_in_one_place(count):
    line = Ground().line(((0.0, EAST),), ((300.0, EAST),))
    return inventory(routes(line), manholes(*[line.coords[0]] * count, line.coords[1]))


@pytest.mark.parametrize(
    ("crowd", "expected"),
    [
        (_star, lambda _: {}),
        (_copies, lambda count: {"G212": count - 1}),
        (_manholes_in_one_place, lambda count: {"G212": count - 1}),
    ],
)
def test_a_crowd_eight_times_as_large_takes_not_much_more_than_eight_times_the_effort(crowd, expected):
    efforts = []
    for count in (2_500, 20_000):
        findings, taken = _checked(crowd(count))
        assert findings["code"].value_counts().to_dict() == expected(count)
        efforts.append(taken)
    # In pairs it would be 64 times as much.
    assert efforts[1].calls < 12 * efforts[0].calls
    assert efforts[1].peak < 12 * efforts[0].peak


def test_a_route_of_a_million_vertices():
    steps = np.arange(1_000_000)
    # A hairpin road: to and fro over 5 km, rows 20 m apart, so that its box is full of it.
    row, column = np.divmod(steps, 1000)
    x = np.where(row % 2 == 0, column, 999 - column) * 5e-5 + 51.000001234567
    line = shapely.LineString(np.column_stack([x, 32.000001234567 + row * 2e-4]))
    posts = [line.coords[n] for n in range(0, 1_000_000, 2_000)]
    made = inventory(routes(line), manholes(*posts, line.coords[-1]))
    findings, taken = _checked(made)
    assert len(findings) == 0
    # Not a call a vertex, nor more than some arrays of the vertices.
    assert taken.calls < 1_000_000
    assert taken.peak < 50 * 1_000_000 * 8


def test_effort_grows_as_the_survey_does():
    efforts = []
    for across in (30, 60):
        survey = Survey()
        streets(survey, across, across)
        efforts.append(_checked(survey.build())[1])
    assert efforts[1].calls < 5 * efforts[0].calls
    assert efforts[1].peak < 5 * efforts[0].peak


def test_distances_are_those_of_the_ellipsoid():
    random = np.random.default_rng(4)
    one, other = (
        random.uniform([-180, -80], [180, 80], (50, 2)),
        random.uniform([-180, -80], [180, 80], (50, 2)),
    )
    expected = [
        Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"] for a, b in zip(one, other, strict=True)
    ]
    assert distances(one, other) == pytest.approx(expected, abs=1e-3)
