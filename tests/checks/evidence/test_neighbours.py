"""Lines near each other: what the search finds is what comparing every pair finds, whatever the crowd."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.checks.evidence import neighbours

REACH = 0.01


def _every_pair(lines, groups, kinds, reach):
    one, other = np.triu_indices(len(lines), 1)
    near = shapely.dwithin(lines[one], lines[other], reach[one])
    near &= (groups[one] != groups[other]) & (kinds[one] == kinds[other])
    return np.column_stack([one[near], other[near]])


def _turned(shape, angle, place):
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(shape) @ np.array([[c, s], [-s, c]]) + place


# Arms as they leave the place eastwards: straight, bent, wavy, back across the place, round it, a ring that ends in it.
_TURN = np.linspace(0, 2 * np.pi, 40)
_SHAPES = {
    "straight": [(0, 0), (100, 0)],
    "bent": [(0, 0), (40, 0), (40, 60)],
    "wavy": [(x, 3 * np.sin(x / 4)) for x in np.linspace(0, 90, 80)],
    "across": [(0, 0), (60, 5), (70, 0.002), (-80, -0.002)],
    "round": [(0, 0), *np.column_stack([(20 + 5 * _TURN) * np.cos(_TURN), (20 + 5 * _TURN) * np.sin(_TURN)])],
    "twice round": [
        (0, 0),
        *np.column_stack([(20 + _TURN) * np.cos(2 * _TURN), (20 + _TURN) * np.sin(2 * _TURN)]),
    ],
    "ring": [(0, 0), (50, 10), (50, -10), (0, 0)],
    "short": [(0, 0), (0.5, 0)],
    "steps": [(0, 0), (30, 0), (30, 5), (30.008, 10), (40, 10)],
}


def _star(random, place, arms, shapes):
    """Give arms that leave a place in any direction, some in the same one and some along the seam of the angle."""
    angles = random.uniform(0, 2 * np.pi, arms)
    angles[::7] = random.choice([0.0, np.pi / 2, np.pi, -1e-6, 1e-6], len(angles[::7]))
    return [
        _turned(np.array(_SHAPES[random.choice(shapes)]) * random.uniform(0.2, 2.0), angle, place)
        for angle in angles
    ]


def _compared(random, drawn, gap, monkeypatch, crowd):
    monkeypatch.setattr(neighbours, "CROWD", crowd)
    ends = np.array([(xy[0], xy[-1]) for xy in drawn])
    # As the check does, what is searched stops short of the places.
    lines = np.array(
        [shapely.LineString(xy[1:] if gap and len(xy) > 2 else xy) for xy in drawn], dtype=object
    )
    groups, kinds = random.integers(0, max(len(lines) // 2, 1), len(lines)), random.integers(0, 2, len(lines))
    reach = random.uniform(0.5, 1.0, len(lines)) * REACH
    found = neighbours.near(lines, ends, groups, kinds, reach)
    assert found.tolist() == _every_pair(lines, groups, kinds, reach).tolist()
    return found


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shapes=st.lists(st.sampled_from(sorted(_SHAPES)), min_size=1, max_size=4),
    gap=st.booleans(),
    crowd=st.sampled_from([2, 8, 10_000]),
    far=st.sampled_from([0.0, 6e6]),
)
def test_a_star_gives_the_pairs_that_comparing_all_gives(seed, shapes, gap, crowd, far):
    random = np.random.default_rng(seed)
    first, second = np.array([far, far]), np.array([far + 70.0, far])
    drawn = _star(random, first, 25, shapes) + _star(random, second, 15, shapes)
    # Arms that both stars have, bowed by more or less than the reach, and lines of no star that cross them all.
    for bow in random.choice([0.0, 0.004, 0.5, 20.0], 12):
        drawn.append(np.array([first, (first + second) / 2 + [0, bow], second]))
    for _ in range(12):
        drawn.append(first + random.uniform(-150, 150, (random.integers(2, 90), 2)))
    order = random.permutation(len(drawn))
    with pytest.MonkeyPatch.context() as patch:
        _compared(random, [drawn[at] for at in order], gap, patch, crowd)


def test_a_crowd_of_the_usual_size_gives_the_pairs_that_comparing_all_gives(monkeypatch):
    random = np.random.default_rng(3)
    drawn = _star(random, np.zeros(2), 3 * neighbours.CROWD, sorted(_SHAPES))
    drawn += [random.uniform(-150, 150, (2, 2)) for _ in range(50)]
    assert len(_compared(random, drawn, gap=True, monkeypatch=monkeypatch, crowd=neighbours.CROWD)) > 1000


def test_lines_side_by_side_whose_boxes_do_not_touch_are_near():
    lines = np.array([shapely.LineString([(0, y), (100, y)]) for y in (0, 0.9 * REACH, 2.1 * REACH)])
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    found = neighbours.near(lines, ends, np.arange(3), np.zeros(3), np.full(3, REACH))
    assert found.tolist() == [[0, 1]]


def test_arms_opposite_each_other_and_one_behind_the_other_are_near(monkeypatch):
    monkeypatch.setattr(neighbours, "CROWD", 2)
    lines = shapely.linestrings(
        [[(0.004, 0), (9, 0)], [(-0.004, 0), (-9, -1)], [(-0.005, -5), (0, -9)], [(0, -9.009), (0, -20)]]
    )
    ends = np.zeros((4, 2, 2))
    ends[:, 1] = shapely.get_coordinates(lines)[1::2]
    found = neighbours.near(lines, ends, np.arange(4), np.zeros(4), np.full(4, REACH))
    assert found.tolist() == [[0, 1], [2, 3]]


def test_no_lines_are_near():
    none = np.empty(0, dtype=np.intp)
    assert neighbours.near(np.empty(0, dtype=object), np.empty((0, 2, 2)), none, none, none).shape == (0, 2)


def test_the_pairs_of_a_star_are_not_all_looked_at(monkeypatch):
    angles = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    rays = np.column_stack([np.cos(angles), np.sin(angles)])
    lines = shapely.linestrings(np.stack([rays * 50, rays * 500], axis=1))
    ends = np.stack([np.zeros_like(rays), rays * 550], axis=1)
    looked_at = []
    compare = shapely.dwithin
    monkeypatch.setattr(shapely, "dwithin", lambda a, b, d: looked_at.append(len(a)) or compare(a, b, d))
    count = len(lines)
    found = neighbours.near(lines, ends, np.arange(count), np.zeros(count), np.full(count, REACH))
    assert len(found) == 0
    assert sum(looked_at) < 4 * count
