"""Standard deviation and bias of a length against simulated surveys."""

import numpy as np
import pytest
import shapely
from support.simulation import SURVEYS, placed

from gis.lengths import uncertainty, vertices


def way(rng: np.random.Generator, segments: int, shortest: float, longest: float, turn: float) -> np.ndarray:
    """Make a way whose direction changes by `turn` radians (one standard deviation) at each vertex."""
    direction = np.cumsum(rng.normal(0, turn, segments))
    steps = rng.uniform(shortest, longest, (segments, 1)) * np.c_[np.cos(direction), np.sin(direction)]
    return np.vstack([(0, 0), np.cumsum(steps, axis=0)])


def street() -> np.ndarray:
    """Make a way along streets: straight on, then round a corner."""
    rng = np.random.default_rng(8)
    corners = np.where(np.arange(40) % 7 == 6, np.pi / 2 * rng.choice([-1, 1], 40), rng.normal(0, 0.03, 40))
    steps = rng.uniform(5, 40, (40, 1)) * np.c_[np.cos(np.cumsum(corners)), np.sin(np.cumsum(corners))]
    return np.vstack([(0, 0), np.cumsum(steps, axis=0)])


def simulated(plane: np.ndarray, sigma: float, seed: int, ring: bool = False) -> tuple[float, float]:
    """Survey a line ten thousand times; errors come in pairs of opposite sign, which steadies the bias."""
    errors = np.random.default_rng(seed).normal(0, sigma, (SURVEYS // 2, *plane.shape))
    if ring:
        errors[:, -1] = errors[:, 0]
    lengths = np.array(
        [np.linalg.norm(np.diff(plane + sign * errors, axis=1), axis=2).sum(axis=1) for sign in (1, -1)]
    )
    true = np.linalg.norm(np.diff(plane, axis=0), axis=1).sum()
    return float(lengths.std(ddof=1)), float(lengths.mean() - true)


RNG = np.random.default_rng(7)
LINES = {
    "two points": way(RNG, 1, 20, 20, 0),
    "straight, 2": way(RNG, 2, 5, 40, 0),
    "straight, 60": way(RNG, 60, 5, 40, 0),
    "gentle": way(RNG, 40, 5, 40, 0.2),
    "winding": way(RNG, 40, 5, 40, 0.8),
    "wild": way(RNG, 25, 5, 40, 2.5),
    "there and back": np.array([(0, 0), (20, 0), (0, 0.001)]),
    "street": street(),
}


@pytest.mark.parametrize("sigma", [0.02, 0.5, 2.5, 5.0])
@pytest.mark.parametrize("name", LINES)
def test_ten_thousand_surveys(name, sigma):
    plane = LINES[name]
    std, bias = uncertainty.length_uncertainty([placed(plane)], sigma)
    expected_std, expected_bias = simulated(plane, sigma, seed=11)
    assert std[0] == pytest.approx(expected_std, rel=0.03)
    assert bias[0] == pytest.approx(expected_bias, rel=0.03)


@pytest.mark.parametrize("sigma", [0.5, 1, 2, 10])
@pytest.mark.parametrize("turn", [0, 0.4])
def test_segments_as_short_as_the_error(turn, sigma):
    # Vertices a metre apart, surveyed to half a metre and worse.
    plane = way(np.random.default_rng(9), 30, 0.9, 1.1, turn)
    std, bias = uncertainty.length_uncertainty([placed(plane)], sigma)
    expected_std, expected_bias = simulated(plane, sigma, seed=12)
    assert std[0] == pytest.approx(expected_std, rel=0.03)
    assert bias[0] == pytest.approx(expected_bias, rel=0.03)


def test_ring_has_no_ends():
    plane = np.array([(0, 0), (30, 0), (30, 20), (0, 20), (0, 0)], dtype=float)
    std, bias = uncertainty.length_uncertainty([placed(plane)], 0.3)
    expected_std, expected_bias = simulated(plane, 0.3, seed=13, ring=True)
    assert std[0] == pytest.approx(expected_std, rel=0.03)
    assert bias[0] == pytest.approx(expected_bias, rel=0.03)


def test_first_order():
    # A straight line is as uncertain as its two ends, however many vertices; a right angle adds 2 σ².
    sigma = 0.001
    straight = placed(np.c_[np.arange(0, 1000, 10.0), np.zeros(100)])
    corner = placed(np.array([(0, 0), (50, 0), (50, 50)], dtype=float))
    std, bias = uncertainty.length_uncertainty([straight, corner], sigma)
    np.testing.assert_allclose(std, sigma * np.sqrt([2, 4]), rtol=1e-4)
    np.testing.assert_allclose(bias, sigma**2 * np.array([99 / 10, 2 / 50]), rtol=1e-4)


def test_parts_repeats_and_what_is_no_line():
    street_line = placed(LINES["street"])
    coordinates = shapely.get_coordinates(street_line)
    repeated = shapely.LineString(np.repeat(coordinates, 3, axis=0))
    multiple = shapely.MultiLineString([coordinates, coordinates + 0.01])
    lines = [street_line, repeated, multiple, None, shapely.LineString(), shapely.Point(51, 32)]
    lines.append(shapely.LineString([(51, 32), (51, 32)]))
    std, bias = uncertainty.length_uncertainty(lines, 0.05)
    assert std[1] == pytest.approx(std[0], rel=1e-12)
    assert bias[1] == pytest.approx(bias[0], rel=1e-12)
    assert std[2] == pytest.approx(std[0] * 2**0.5, rel=1e-3)
    np.testing.assert_array_equal(std[3:], [np.nan, 0, np.nan, 0])
    np.testing.assert_array_equal(bias[3:], [np.nan, 0, np.nan, 0])


def test_accuracy_of_each_route_and_of_none():
    lines = [placed(LINES["street"])] * 3
    std, bias = uncertainty.length_uncertainty(lines, [0.0, 0.02, 0.04])
    assert std[0] == bias[0] == 0
    assert std[2] == pytest.approx(2 * std[1], rel=1e-4)
    assert bias[2] == pytest.approx(4 * bias[1], rel=1e-4)


def test_across_the_antimeridian_over_the_pole_and_far():
    lines = [
        shapely.LineString([(179.9999, 30), (-179.9999, 30), (-179.9997, 30)]),
        shapely.LineString([(10, 89.999), (-170, 89.999), (-170, 89.998)]),
        shapely.LineString([(0, 0), (60, 0), (120, 0)]),
    ]
    std, bias = uncertainty.length_uncertainty(lines, 0.05)
    np.testing.assert_allclose(std, 0.05 * 2**0.5, rtol=1e-3)  # all three go straight on
    assert (bias > 0).all()


def test_threads_and_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(15)
    lines = [placed(way(rng, int(count), 5, 40, 0.5)) for count in rng.integers(1, 40, 300)]
    expected = uncertainty.length_uncertainty(lines, 0.5, threads=1)
    for size, threads in ((vertices.BLOCK, 3), (1, 1), (7, 2), (100, 2)):
        monkeypatch.setattr(vertices, "BLOCK", size)
        for one, other in zip(
            uncertainty.length_uncertainty(lines, 0.5, threads=threads), expected, strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-12)
