"""Which nodes lie on which routes: what pairs would say, without the pairs."""

from functools import partial

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.effort import effort
from support.ground import GEOD, Ground, manholes, routes
from support.surveys import inventory

from gis.checks.evidence import beside, ends
from gis.checks.evidence.context import Context
from gis.network.graph import Network

# A millimetre about the tolerance the plane of the test says nothing.
_UNTOLD_M = 1e-3


def _scattered(seed, count, nodes, across_m):
    """Lay routes and manholes about one place, in metres east and north of it, each with an accuracy or none."""
    random = np.random.default_rng(seed)
    start = random.uniform(-across_m, across_m, (count, 2))
    middle = start + random.normal(scale=random.choice([1.0, 10.0, 100.0], (count, 1)), size=(count, 2))
    stop = middle + random.normal(scale=5.0, size=(count, 2))
    points = random.uniform(-across_m, across_m, (nodes, 2))
    # Some stand on one another, as in a plan without places of its own.
    points[: nodes // 3] = points[0] + random.integers(0, 2, (nodes // 3, 1)) * 0.01
    accuracy = random.choice([np.nan, 0.05, 1.0], count), random.choice([np.nan, 0.05, 1.0], nodes)
    return np.stack([start, middle, stop], axis=1), points, accuracy


def _survey(lines, points, accuracy):
    # So near to the equator a degree is as long in both directions as is needed here.
    metre = np.array([1 / 111_319.491, 1 / 110_574.276])
    return inventory(
        routes(*(shapely.LineString(line * metre) for line in lines), accuracy_m=accuracy[0]),
        manholes(*(points * metre), accuracy_m=accuracy[1]),
    )


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    nodes=st.integers(1, 150),
    across_m=st.sampled_from([0.5, 3.0, 20.0, 2000.0]),
)
def test_what_meets_is_what_comparing_every_pair_finds(seed, count, nodes, across_m):
    lines, points, accuracy = _scattered(seed, count, nodes, across_m)
    net = Network(_survey(lines, points, accuracy))
    away = shapely.distance(shapely.points(points)[:, None], shapely.linestrings(lines)[None, :])
    stated = [np.nan_to_num(values) for values in accuracy]
    limit = 2.0 + 2 * np.sqrt(2) * np.maximum(stated[1][:, None], stated[0][None, :])
    got = np.zeros(away.shape, dtype=bool)
    got[net.meetings.pairs()] = True
    told = np.abs(away - limit) > _UNTOLD_M
    assert np.array_equal(got[told], (away <= limit)[told])
    assert np.array_equal(net.meetings.on(), got.any(axis=1))
    some = np.arange(count) % 2 == 0
    assert np.array_equal(net.meetings.on(some), got[:, some].any(axis=1))
    node, part = np.divmod(np.arange(got.size), count)
    assert np.array_equal(net.meets(node, part), got.ravel())


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), across_m=st.sampled_from([1.0, 6.0, 30.0]), half=st.booleans())
def test_what_hangs_together_is_what_the_pairs_join(seed, across_m, half):
    lines, points, accuracy = _scattered(seed, 40, 120, across_m)
    net = Network(_survey(lines, points, accuracy))
    allowed = np.arange(40) % 2 == 0 if half else np.ones(40, dtype=bool)
    graph = nx.Graph()
    graph.add_nodes_from(("node", at) for at in range(120))
    pairs = np.column_stack(net.meetings.pairs())
    graph.add_edges_from((("node", n), ("part", p)) for n, p in pairs.tolist() if allowed[p])
    place = {part: [net.ends.places[2 * part], net.ends.places[2 * part + 1]] for part in range(40)}
    graph.add_edges_from((("part", p), ("place", e)) for p in range(40) if allowed[p] for e in place[p])
    there = {e for p in range(40) if allowed[p] for e in place[p]}
    links = zip(*(side.tolist() for side in net.end_links), strict=True)
    graph.add_edges_from((("place", a), ("place", b)) for a, b in links if {a, b} <= there)
    branches = zip(*(side.tolist() for side in net.branches), strict=True)
    graph.add_edges_from(
        (("part", stem), ("place", net.ends.places[end]))
        for end, stem in branches
        if allowed[stem] and allowed[net.ends.parts[end]]
    )
    _, of_node = net.joined_by(np.empty((0, 2), dtype=np.intp), allowed)
    expected = {
        frozenset(at for kind, at in component if kind == "node")
        for component in nx.connected_components(graph)
    } - {frozenset()}
    got = {frozenset(np.flatnonzero(of_node == label).tolist()) for label in set(of_node.tolist())}
    assert got == expected


def _room(count, begins_m):
    """Lay cables from a room of manholes, each of which lies on each cable, to tips ten kilometres away."""
    ground, random = Ground(), np.random.default_rng(1)
    angles = np.arange(count) * 360 / count
    starts = [ground((begins_m, angle)) for angle in angles]
    tips = [ground((10_000.0, angle)) for angle in angles]
    places = [
        ground((r, a))
        for r, a in zip(np.sqrt(random.random(count)) * 0.9, random.random(count) * 360, strict=True)
    ]
    made = routes(*(shapely.LineString(pair) for pair in zip(starts, tips, strict=True)))
    return inventory(made, manholes(*places), project={"checks": {"max_segment_m": 20_000.0}})


def _sorted(made, crossings, astray):
    return ends.sort(Network(made), crossings, astray)


@pytest.mark.parametrize("begins_m", [0.5, 1.0])
def test_a_room_of_manholes_costs_no_pairs(begins_m):
    efforts = []
    for count in (400, 3_200):
        net = Network(_room(count, begins_m))
        assert net.meetings.on().all()
        parts, nodes = net.components
        assert len({*parts, *nodes}) == 1
        assert len(net.meetings.nodes) + len(net.meetings.squares) < 60 * count
        context = Context(net.inventory)
        crossings, astray = context.crossings, context.astray
        found, taken = effort(partial(_sorted, net.inventory, crossings, astray))
        # The tips are not near anything.
        assert np.array_equal(found.loose, np.arange(count) * 2 + 1)
        efforts.append(taken)
    # In pairs it would be 64 times as much.
    assert efforts[1].calls < 12 * efforts[0].calls
    assert efforts[1].peak < 12 * efforts[0].peak


def test_manholes_in_one_room_are_each_beside_the_first_that_is_near():
    efforts = []
    for count in (400, 3_200):
        made = _room(count, 0.5).manholes
        points, tolerance = np.asarray(made.geometry.array, dtype=object), np.full(count, 2.0)
        found, taken = effort(partial(beside.manholes, made, points, tolerance))
        efforts.append(taken)
        xy = shapely.get_coordinates(points)
        away = [GEOD.inv(*(np.repeat(xy[row], row).reshape(2, -1)), *xy[:row].T)[2] for row in range(count)]
        first = [np.flatnonzero(metres <= 0.6)[:1].tolist() for metres in away]
        assert found.rows.tolist() == [row for row in range(count) if first[row]]
        assert found.originals.tolist() == [at for one in first for at in one]
        assert found.apart_m.tolist() == pytest.approx(
            [away[row][at[0]] for row, at in enumerate(first) if at]
        )
    assert efforts[1].calls < 12 * efforts[0].calls
    assert efforts[1].peak < 12 * efforts[0].peak
