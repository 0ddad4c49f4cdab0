"""How well sums are known, against simulated surveys in which routes share points."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulation import placed, simulated
from support.surveys import inventory, layer

from gis import lengths

WITHIN = 0.03


def way(rng: np.random.Generator, segments: int, turn: float = 0.4) -> np.ndarray:
    """Make a way with vertices 15 to 40 m apart whose direction changes by `turn` radians (1σ) at each."""
    direction = np.cumsum(rng.normal(0, turn, segments))
    steps = rng.uniform(15, 40, (segments, 1)) * np.c_[np.cos(direction), np.sin(direction)]
    return np.vstack([(0, 0), np.cumsum(steps, axis=0)])


def mesh(size: int) -> list[np.ndarray]:
    """Make streets between neighbours of a square of crossings, each with a vertex midway, every other one turned."""
    rng = np.random.default_rng(31)
    crossings = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=2) * 60 + rng.normal(
        0, 5, (size, size, 2)
    )
    pairs = [*zip(crossings[:-1].reshape(-1, 2), crossings[1:].reshape(-1, 2), strict=True)]
    pairs += zip(crossings[:, :-1].reshape(-1, 2), crossings[:, 1:].reshape(-1, 2), strict=True)
    streets = [np.array([a, (a + b) / 2 + rng.normal(0, 4, 2), b]) for a, b in pairs]
    return [street[:: 1 - 2 * (at % 2)] for at, street in enumerate(streets)]


RNG = np.random.default_rng(30)
WAY = way(RNG, 20)
SECTIONS = way(RNG, 120)
RING = np.array([(0, 0), (60, 0), (60, 40), (25, 55), (0, 40), (0, 0)], dtype=float)
STAR = [np.array([(0, 0), 40 * np.array([np.cos(a), np.sin(a)])]) for a in np.linspace(0, 5, 9)]
SURVEYS = {
    "one cable": [WAY],
    "two cables in a duct": [WAY] * 2,
    "eight cables in a duct": [WAY] * 8,
    "fifty cables in a duct, some the other way": [WAY[:: 1 - 2 * (at % 2)] for at in range(50)],
    "a street in 40 sections": [SECTIONS[at : at + 4] for at in range(0, 118, 3)],
    "sections, every other one turned": [SECTIONS[at : at + 4][:: 1 - 2 * (at % 2)] for at in range(0, 118, 3)],
    "a cable along some sections": [SECTIONS[at : at + 4] for at in range(0, 118, 3)] + [SECTIONS[30:70]],
    "a mesh": mesh(6),
    "a star": STAR,
    "rings": [RING, RING[::-1], RING],
    "a ring begun elsewhere": [RING, np.vstack([RING[2:], RING[1:3]])],
    "a loop through the start": [np.vstack([RING, (-30, -20)])],
    "a branch there and back": [np.vstack([WAY, WAY[-2:10:-1]])],
    "nothing in common": [WAY, WAY + 500, RING - 900],
}  # fmt: skip


def summed(lines: list, sigma: float | list, **project: float) -> tuple[float, float]:
    """Measure the lines as routes, and give the sum's deviation and bias."""
    stated = np.broadcast_to(sigma, len(lines)).tolist()
    routes = layer("routes", [placed(line) for line in lines], accuracy_m=stated)
    measured = lengths.measure(inventory(routes, project={"project": project}))
    return measured.sum_of(np.ones(len(lines), dtype=bool))


@pytest.mark.parametrize("sigma", [0.02, 1.0, 5.0])
@pytest.mark.parametrize("name", SURVEYS)
def test_points_of_several_routes_were_surveyed_once(name, sigma):
    std, bias = summed(SURVEYS[name], sigma)
    expected_std, expected_bias = simulated(SURVEYS[name], sigma, seed=32)
    assert std == pytest.approx(expected_std, rel=WITHIN)
    # What few long segments do to the mean drowns in what ten thousand surveys of it scatter.
    assert bias == pytest.approx(expected_bias, rel=WITHIN, abs=0.02 * expected_std)


MIXED = {
    "a good duct, a rough cable in it": ([WAY, WAY], [0.05, 2.0]),
    "sections by two surveyors": ([SECTIONS[at : at + 4] for at in range(0, 118, 3)], [0.5, 2.0] * 20),
    "a mesh by three": (mesh(5), [0.1, 1.0, 3.0] * 13 + [0.1]),
    "a rough ring beside a good one": ([RING, RING[::-1], RING + 30], [1.5, 0.3, 2.0]),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_point_of_routes_of_different_accuracy_has_the_best(name):
    lines, sigma = MIXED[name]
    std, bias = summed(lines, sigma)
    expected_std, expected_bias = simulated(lines, sigma, seed=33)
    assert std == pytest.approx(expected_std, rel=WITHIN)
    assert bias == pytest.approx(expected_bias, rel=WITHIN, abs=0.02 * expected_std)


def test_a_stated_accuracy_goes_before_an_assumed_one():
    routes = layer("routes", [placed(WAY)] * 2, accuracy_m=[2.0, None])
    measured = lengths.measure(inventory(routes, project={"project": {"accuracy_m": 0.01}}))
    assert measured.assumed_accuracy == 1
    std, _ = measured.sum_of(np.array([True, True]))
    assert std == pytest.approx(2 * measured["std_m"][0], rel=1e-9)
    assert measured.sum_of(np.array([False, True]))[0] == pytest.approx(measured["std_m"][1], rel=1e-9)


def test_each_sum_has_points_of_its_own():
    lines = [placed(line) for line in (WAY, WAY, WAY, RING + 700, RING + 700)]
    routes = layer("routes", [*lines, None], kind=["cable", "cable", "duct", "duct", None, "cable"])
    measured = lengths.measure(inventory(routes))
    way_m, ring_m = measured["std_m"][[0, 3]]
    table = lengths.summary(measured, "kind")
    assert table["kind"].tolist()[:2] == ["cable", "duct"]
    np.testing.assert_allclose(table["std_m"], [2 * way_m, np.hypot(way_m, ring_m), ring_m], rtol=1e-9)
    assert table["unmeasured"].tolist() == [1, 0, 0]
    whole = lengths.summary(measured)
    assert whole["std_m"][0] == pytest.approx(np.hypot(3 * way_m, 2 * ring_m), rel=1e-9)
    assert whole["bias_m"][0] == pytest.approx(measured["bias_m"].sum(), rel=1e-9)


def test_a_point_is_told_by_its_coordinates_to_a_tenth_of_a_millimetre():
    line = placed(WAY + 3.3)
    both = np.array([True, True])
    # From a file that has its degrees to seven places it is another, as good as surveyed again; to nine it is the same.
    for places, once in ((7, False), (9, True), (12, True)):
        copy = shapely.transform(line, lambda xy, places=places: xy.round(places))
        measured = lengths.measure(inventory(layer("routes", [line, copy])))
        sum_of = measured["std_m"].sum() if once else np.sqrt((measured["std_m"] ** 2).sum())
        assert measured.sum_of(both)[0] == pytest.approx(sum_of, rel=1e-6)
    # So is a line that comes from the next zone's grid.
    there, back = (
        pyproj.Transformer.from_crs(*way, always_xy=True) for way in ((4326, 32640), (32640, 4326))
    )
    copy = shapely.transform(line, lambda xy: np.c_[back.transform(*there.transform(*xy.T))])
    assert copy != line
    measured = lengths.measure(inventory(layer("routes", [line, copy])))
    assert measured.sum_of(both)[0] == pytest.approx(measured["std_m"].sum(), rel=1e-3)
    # Heights do not part points, and the antimeridian is one.
    flat, high = (
        shapely.LineString([(180, 1), (179.99, 1)]),
        shapely.LineString([(-180, 1, 9), (179.99, 1, 7)]),
    )
    measured = lengths.measure(inventory(layer("routes", [flat, high])))
    assert measured.sum_of(both)[0] == pytest.approx(measured["std_m"].sum(), rel=1e-6)


@given(seed=st.integers(0, 2**32 - 1), times=st.integers(1, 5))
@settings(deadline=None, max_examples=30)
def test_order_direction_and_cuts_change_nothing(seed, times):
    rng = np.random.default_rng(seed)
    whole = way(rng, 12)
    lines = [whole] * times
    expected = summed(lines, 0.5)
    cuts = np.sort(rng.choice(np.arange(1, 12), 3, replace=False))
    pieces = [
        piece[:: rng.choice([-1, 1])]
        for line in lines
        for piece in (line[a : b + 1] for a, b in zip([0, *cuts], [*cuts, 12], strict=True))
    ]
    rng.shuffle(pieces)
    np.testing.assert_allclose(summed(pieces, 0.5), expected, rtol=1e-9)
