"""The ground that routes open: each stretch once, however many lie in it."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.surveys import metres

from gis.lengths import geodesic
from gis.network.lines import Lines
from gis.network.trenches import averages, opened

# A millionth: lines a metre apart are not quite as long as each other on a round earth.
NEARLY = 1e-6


def line(*points):
    return shapely.LineString(np.column_stack(metres(*np.array(points, dtype=float).T)))


def trench(*lines, width=1.0):
    lines = np.array([*lines, None], dtype=object)[:-1]
    parts = Lines.of(lines)
    lengths = geodesic.line_lengths(lines)
    own = opened(parts, np.full(len(parts.owners), width)).own
    ground = averages(parts, own, len(lines)) * np.nan_to_num(lengths)
    return float(ground.sum()), lengths


STREET = [(0, 0), (1000, 0)]


@pytest.mark.parametrize(
    ("others", "more"),
    [
        ([], 0.0),
        ([[(0, 0.3), (130, 0.3), (720.5, 0.3), (1000, 0.3)]], 0.0),  # other vertices, aside
        ([[(1000, 0), (0, 0)]], 0.0),  # the other way round
        ([STREET, [(0, 0.6), (1000, 0.6)]], 0.0),  # three in one trench
        ([[(0, 0), (600, 0), (600, 300)]], 300.0),  # leaves it
        ([[(400, -300), (400, 300)]], 600.0),  # crosses it
        ([[(0, -500), (1000, 500)]], np.hypot(1000, 1000)),  # crosses it at 45°
        ([[(0, 0.99), (1000, 0.99)]], 0.0),
        ([[(0, 1.01), (1000, 1.01)]], 1000.0),  # a trench of its own
        ([[(1000, 0), (1500, 0)]], 500.0),  # goes on
        ([[(250, 0.5), (750, 0.5)]], 0.0),
    ],
)
def test_what_is_shared_counts_once(others, more):
    opened, _ = trench(line(*STREET), *(line(*other) for other in others))
    alone = geodesic.line_lengths(np.array([line(*STREET)], dtype=object))[0]
    assert opened == pytest.approx(alone + more, rel=2e-3 if more else NEARLY)


def test_a_cable_there_and_back_opens_its_ground_once():
    opened, lengths = trench(line((0, 0), (100, 0), (0, 0)))
    assert opened == pytest.approx(lengths[0] / 2, rel=NEARLY)


def test_a_corner_is_as_long_as_the_outer_line():
    opened, lengths = trench(line((0, 0), (100, 0), (100, 100)), line((0, 0.5), (99.5, 0.5), (99.5, 100)))
    assert opened == pytest.approx(lengths[0], rel=1e-5)


def test_two_surveys_of_a_street_are_one_trench_of_their_mean_length():
    random = np.random.default_rng(3)
    way = np.column_stack([np.arange(0, 1001, 10.0), 20 * np.sin(np.arange(0, 1001, 10.0) / 150)])
    opened, lengths = trench(*(line(*(way + random.normal(0, 0.1, way.shape))) for _ in range(2)))
    assert opened == pytest.approx(lengths.mean(), rel=1e-3)


# Streets of a grid 10 m wide, walked along in any direction: what is right is known by counting its edges.
STEPS = st.lists(st.sampled_from([(0, 1), (1, 0), (0, -1), (-1, 0)]), min_size=1, max_size=8)
WALKS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), STEPS), min_size=1, max_size=6)


def walked(walk):
    east, north, steps = walk
    places = np.cumsum([(east, north), *steps], axis=0)
    return [tuple(place) for place in places.tolist()]


@settings(deadline=None, max_examples=25)
@given(WALKS, st.randoms(use_true_random=False))
def test_each_edge_of_a_grid_counts_once_in_any_order_and_however_it_is_cut(walks, random):
    walks = [walked(walk) for walk in walks]
    edges = {frozenset(edge) for walk in walks for edge in pairwise(walk)}
    lines = [line(*(10 * np.array(walk))) for walk in walks]
    opened, lengths = trench(*lines)
    assert opened == pytest.approx(10 * len(edges), rel=5e-3)
    assert opened <= lengths.sum() * (1 + 1e-9)
    longest = max(len({frozenset(e) for e in pairwise(w)}) for w in walks)
    assert opened >= 10 * longest * (1 - 5e-3)
    shuffled = random.sample(lines, len(lines))
    turned = [one.reverse() if random.random() < 0.5 else one for one in shuffled]
    pieces = []
    for one in turned:
        at = random.randrange(1, len(one.coords))
        first, second = one.coords[: at + 1], one.coords[at:]
        pieces += [shapely.LineString(part) for part in (first, second) if len(part) > 1]
    assert trench(*turned)[0] == pytest.approx(opened, rel=1e-8)
    assert trench(*pieces)[0] == pytest.approx(opened, rel=1e-8)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(0, 900), st.floats(1, 900), st.floats(-0.45, 0.45)), min_size=1, max_size=6)
)
def test_cables_of_one_trench_open_the_union_of_their_stretches(cables):
    lines = [line((start, aside), (start + length, aside)) for start, length, aside in cables]
    union = shapely.union_all([shapely.box(start, 0, start + length, 1) for start, length, _ in cables]).area
    opened, lengths = trench(*lines)
    scale = geodesic.line_lengths(np.array([line((0, 0), (1000, 0))], dtype=object))[0] / 1000
    assert opened == pytest.approx(union * scale, rel=1e-5)
    assert lengths.max() * (1 - 1e-6) <= opened <= lengths.sum() * (1 + 1e-9)
    assert trench(*lines[::-1])[0] == pytest.approx(opened, rel=1e-8)


def test_nothing_opens_nothing():
    assert trench(shapely.LineString())[0] == 0.0
    nothing = opened(Lines.of(np.array([], dtype=object)), np.empty(0))
    assert [one.tolist() for one in (nothing.own, nothing.pulls)] == [[], []]
