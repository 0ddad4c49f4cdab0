"""Surveys whose errors are alike near to each other, against simulated ones."""

import numpy as np
import pytest
from support.simulation import placed, simulated
from support.surveys import inventory, layer

from gis import lengths
from gis.lengths import uncertainty
from gis.lengths.correlation import pair_sums

WITHIN = 0.03
RNG = np.random.default_rng(40)


def way(segments: int, turn: float, start: tuple[float, float] = (0, 0)) -> np.ndarray:
    """Make a way with vertices 15 to 40 m apart whose direction changes by `turn` radians (1σ) at each."""
    direction = np.cumsum(RNG.normal(0, turn, segments))
    steps = RNG.uniform(15, 40, (segments, 1)) * np.c_[np.cos(direction), np.sin(direction)]
    return np.vstack([start, start + np.cumsum(steps, axis=0)])


STREET = way(40, 0.3)
RING = np.array([(0, 0), (60, 0), (60, 40), (25, 55), (0, 40), (0, 0)], dtype=float)
SURVEYS = {
    "a straight street": [way(40, 0.0)],
    "a winding street": [STREET],
    "eight cables in a duct": [STREET] * 8,
    "sections": [STREET[at : at + 6][:: 1 - 2 * (at % 2)] for at in range(0, 36, 5)],
    "a ring": [RING],
    "streets that do not touch": [way(12, 0.5, start) for start in ((0, 0), (90, 30), (-50, 200), (400, 0))],
}


def summed(lines: list, sigma: float | list, correlation_m: float) -> tuple[float, float]:
    """Measure the lines as routes, and give the sum's deviation and bias."""
    stated = np.broadcast_to(sigma, len(lines)).tolist()
    routes = layer("routes", [placed(line) for line in lines], accuracy_m=stated)
    measured = lengths.measure(inventory(routes, project={"project": {"correlation_m": correlation_m}}))
    return measured.sum_of(np.ones(len(lines), dtype=bool))


@pytest.mark.parametrize("correlation_m", [5.0, 60.0, 2000.0])
@pytest.mark.parametrize("sigma", [0.05, 4.0])
@pytest.mark.parametrize("name", SURVEYS)
def test_errors_are_alike_near_to_each_other(name, sigma, correlation_m):
    std, bias = summed(SURVEYS[name], sigma, correlation_m)
    expected_std, expected_bias = simulated(SURVEYS[name], sigma, seed=41, correlation_m=correlation_m)
    assert std == pytest.approx(expected_std, rel=WITHIN)
    assert bias == pytest.approx(expected_bias, rel=WITHIN, abs=0.02 * expected_std)


@pytest.mark.parametrize("correlation_m", [5.0, 60.0, 2000.0])
@pytest.mark.parametrize("sigma", [0.05, 1.0])
def test_two_ducts_a_metre_apart_share_what_reaches_from_one_to_the_other(sigma, correlation_m):
    # Between routes that share no point the first order counts: segments here are 15 σ long and more.
    lines = [STREET, STREET + np.array([0.6, 0.8])]
    std, bias = summed(lines, sigma, correlation_m)
    expected_std, expected_bias = simulated(lines, sigma, seed=45, correlation_m=correlation_m)
    assert std == pytest.approx(expected_std, rel=WITHIN)
    assert bias == pytest.approx(expected_bias, rel=WITHIN, abs=0.02 * expected_std)


def test_surveys_of_different_accuracy_that_are_alike():
    lines = [STREET[:15], STREET[14:28], STREET[27:], STREET[5:30]]
    std, bias = summed(lines, [0.3, 1.0, 2.0, 1.5], 100.0)
    expected_std, expected_bias = simulated(lines, [0.3, 1.0, 2.0, 1.5], seed=42, correlation_m=100.0)
    assert std == pytest.approx(expected_std, rel=WITHIN)
    assert bias == pytest.approx(expected_bias, rel=WITHIN, abs=0.02 * expected_std)


def test_a_shift_of_the_base_station_changes_no_length():
    alone = summed([STREET, RING + 300], 0.5, 0.0)
    before = alone
    for correlation_m in (1e3, 1e5, 1e7, 1e9):
        now = summed([STREET, RING + 300], 0.5, correlation_m)
        assert now[0] < before[0]
        assert now[1] < before[1]
        before = now
    assert before[0] < 1e-3 * alone[0]
    assert before[1] < 1e-6 * alone[1]


def test_correlation_that_reaches_nowhere_is_none():
    np.testing.assert_allclose(summed([STREET] * 3, 0.5, 1e-3), summed([STREET] * 3, 0.5, 0.0), rtol=1e-9)


def test_each_route_has_the_deviation_of_its_own_sum():
    lines = [STREET, RING, way(3, 1.0)]
    routes = layer("routes", [*(placed(line) for line in lines), None], accuracy_m=[0.5] * 4)
    measured = lengths.measure(inventory(routes, project={"project": {"correlation_m": 80.0}}))
    for row, line in enumerate(lines):
        np.testing.assert_allclose(
            measured.loc[row, ["std_m", "bias_m"]].tolist(), summed([line], 0.5, 80.0), rtol=1e-6
        )
    assert measured[["std_m", "bias_m"]].iloc[3].isna().all()
    std, bias = uncertainty.length_uncertainty([placed(line) for line in lines], 0.5, correlation_m=80.0)
    np.testing.assert_allclose(std, measured["std_m"][:3], rtol=1e-6)
    np.testing.assert_allclose(bias, measured["bias_m"][:3], rtol=1e-6)


def points(kind: str) -> np.ndarray:
    """Make 3000 points: along a way, all over, or in heaps."""
    rng = np.random.default_rng(43)
    if kind == "way":
        return np.cumsum(rng.normal(0, 20, (3000, 2)), axis=0)
    if kind == "all over":
        return rng.uniform(0, 50_000, (3000, 2))
    return np.concatenate([rng.normal(rng.uniform(0, 50_000, 2), 100, (300, 2)) for _ in range(10)])


@pytest.mark.parametrize("correlation_m", [1.0, 30.0, 1e3, 1e5, 1e9])
@pytest.mark.parametrize("kind", ["way", "all over", "in heaps"])
def test_the_tree_adds_up_what_all_pairs_do(kind, correlation_m):
    xy = points(kind)
    ahead = np.diff(xy, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1)[:, None]
    # As a length changes with its points, which add up to nothing.
    weights = np.zeros_like(xy)
    weights[1:] += ahead
    weights[:-1] -= ahead
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    expected = ((weights @ weights.T) * np.expm1(-apart / correlation_m)).sum()
    given = pair_sums(xy, weights, np.zeros(len(xy), dtype=np.intp), 1, correlation_m)
    assert given[0] == pytest.approx(expected, rel=2e-3)


def test_groups_of_every_size_are_summed_apart():
    sizes = np.array([0, 1, 2, 3, 17, 64, 65, 256, 257, 900])
    rng = np.random.default_rng(44)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    xy, weights = rng.uniform(0, 1000, (len(groups), 2)), rng.normal(size=(len(groups), 2))
    given = pair_sums(xy, weights, groups, len(sizes), 200.0)
    for group, size in enumerate(sizes):
        own = groups == group
        apart = np.linalg.norm(xy[own][:, None] - xy[own][None], axis=2)
        expected = (weights[own] @ weights[own].T * np.exp(-apart / 200.0)).sum()
        assert given[group] == pytest.approx(expected, rel=2e-3, abs=1e-3 * size)
