"""How well totals of fibre and trench are known, against simulated surveys."""

import numpy as np
import pytest
from support.simulation import length, placed, simulated
from support.surveys import inventory, layer

from gis import lengths
from gis.lengths import geodesic
from gis.network import trenches
from gis.network.ends import farthest
from gis.network.lines import Lines
from gis.totals import reconcile

WITHIN = 0.03
SIGMA = 0.5
SURVEYS = 1500
ASKED = 20


def way(seed, segments=30, turn=0.4):
    rng = np.random.default_rng(seed)
    direction = np.cumsum(rng.normal(0, turn, segments))
    steps = rng.uniform(15, 40, (segments, 1)) * np.c_[np.cos(direction), np.sin(direction)]
    return np.vstack([(0, 0), np.cumsum(steps, axis=0)])


def total(lines, measure, sigma=SIGMA, project=None, **columns):
    """Judge a total of the lines by the real functions."""
    recorded = {
        "item": "all",
        "layer": "routes",
        "measure": measure,
        "recorded": 1.0,
        "unit": "m",
        "tolerance": "1 m",
    }
    stated = {} if sigma is None else {"accuracy_m": np.broadcast_to(sigma, len(lines)).tolist()}
    routes = layer("routes", [placed(line) for line in lines], **stated, **columns)
    survey = inventory(routes, project={"project": project or {}, "totals": [recorded]})
    (result,) = reconcile(survey, lengths.measure(survey))
    return result


def times(count):
    return lambda points: count * length(points)


STREET = way(1)
DUCT = [STREET, STREET[::-1], STREET]


@pytest.mark.parametrize(
    ("lines", "fibres", "sigma"),
    [
        (DUCT, [96, 24, 12], SIGMA),
        (DUCT, [96, 24, 0], [0.5, 2.0, 2.0]),
        ([STREET[:11], STREET[10:], STREET], [48, 12, 24], SIGMA),
        ([STREET, way(2) + 900], [144, 4], [0.3, 3.0]),
    ],
)
@pytest.mark.parametrize("correlation_m", [0.0, 60.0])
def test_fibres_weigh_what_their_cables_share(lines, fibres, sigma, correlation_m):
    got = total(lines, "fibre", sigma, {"correlation_m": correlation_m}, fibre_count=fibres)
    std, bias = simulated(
        lines, sigma, 5, correlation_m=correlation_m, surveys=4000, measure=[times(count) for count in fibres]
    )
    assert got.std == pytest.approx(std, rel=WITHIN)
    assert got.bias == pytest.approx(bias, rel=0.1, abs=0.2 * std)


@pytest.mark.parametrize(
    ("lines", "opened"),
    [
        (DUCT, [STREET]),  # three cables on the same vertices are one trench
        ([STREET, STREET[:11]], [STREET]),  # the second leaves it, or ends
        ([STREET, STREET[3:28]], [STREET]),
        ([STREET[:11], STREET[10:], STREET], [STREET]),
        (
            [STREET, np.vstack([STREET[:16], STREET[15] + way(4, 8)[1:] * (-1, -1)])],
            [STREET, np.vstack([STREET[15:16], STREET[15] + way(4, 8)[1:] * (-1, -1)])],
        ),
    ],
)
def test_a_trench_is_known_as_well_as_the_ground_that_is_opened(lines, opened):
    got = total(lines, "trench")
    std, bias = simulated(opened, SIGMA, 6, surveys=4000)
    assert got.std == pytest.approx(std, rel=WITHIN)
    assert got.bias == pytest.approx(bias, rel=0.1)


STRAIGHT = np.c_[np.linspace(0, 1000, 21), np.zeros(21)]
OTHER_VERTICES = np.c_[np.linspace(0, 1000, 17), np.zeros(17)]
BENDS = way(3, segments=20, turn=0.2)
STAIRS = np.array([(0, 0), (100, 0), (100, 100), (200, 100), (200, 200), (300, 200)], dtype=float)
ZIGZAG = np.c_[np.arange(9) * 50.0, np.tile([0.0, 50.0], 5)[:9]]


@pytest.mark.parametrize(
    "lines",
    [
        [STRAIGHT, STRAIGHT],
        [STRAIGHT, OTHER_VERTICES, STRAIGHT[::-1]],
        [STRAIGHT, STRAIGHT[:11]],
        [BENDS, BENDS],
        [STAIRS, STAIRS[::-1]],
        [ZIGZAG, ZIGZAG],
    ],
)
def test_a_trench_that_was_surveyed_more_than_once_is_as_uncertain_as_its_simulation(lines):
    # Each survey of each line is shared out and measured anew.
    rng = np.random.default_rng(7)
    sigma = 0.1
    sums, said = [], []
    for survey in range(SURVEYS):
        plane = [line + rng.normal(0, sigma, line.shape) for line in lines]
        placed_lines = np.array([placed(line) for line in plane])
        parts = Lines.of(placed_lines)
        own = trenches.averages(parts, trenches.opened(parts, np.ones(len(lines))).own, len(lines))
        sums.append(float((own * geodesic.line_lengths(placed_lines)).sum()))
        if survey < ASKED:
            got = total(plane, "trench", sigma)
            said.append((got.std, got.bias))
    std, bias = np.mean(said, axis=0)
    assert std == pytest.approx(np.std(sums), rel=0.06)
    assert bias == pytest.approx(np.mean(sums) - length(lines[0]), rel=0.15, abs=0.1 * std)


@pytest.mark.parametrize(("count", "mean", "variance"), [(1, 0, 0), (2, 0.5642, 0.1817), (3, 0.8463, 0.2261)])
def test_the_farthest_of_some_ends(count, mean, variance):
    # H. L. Harter, "Expected values of normal order statistics", Biometrika 48, 1961.
    assert farthest(count) == pytest.approx((mean, variance), abs=1e-4)


def test_ends_on_one_point_and_ends_far_apart_are_not_surveyed_again():
    for lines in (
        [STRAIGHT, STRAIGHT],
        [STRAIGHT, STRAIGHT + np.array([5.0, 0.2])],
        [STRAIGHT, STAIRS + 300.0],
    ):
        parts = Lines.of(np.array([placed(line) for line in lines]))
        ground = trenches.opened(parts, np.ones(2), np.full(2, 0.1))
        assert (ground.variance, ground.bias) == (0.0, 0.0)
    parts = Lines.of(np.array([placed(STRAIGHT), placed(STRAIGHT + 0.2)]))
    assert trenches.opened(parts, np.ones(2), np.full(2, 0.1)).variance > 0
    # Errors that are alike, as far as the ends are from each other, cannot have moved them apart.
    assert trenches.opened(parts, np.ones(2), np.full(2, 0.1), 10_000.0).variance == 0.0


def test_supposing_another_accuracy_is_a_survey_that_states_it():
    lines = [placed(line) for line in (STREET, STREET, STREET[10:])]
    stated = np.array([0.3, 2.0, 1.0])
    made = lengths.measure(inventory(layer("routes", lines, accuracy_m=[0.05] * 3)))
    asked = lengths.measure(inventory(layer("routes", lines, accuracy_m=stated.tolist())))
    weights = np.array([4.0, 2.0, 1.0])
    groups = np.zeros(3, dtype=np.intp)
    supposed = made.survey.supposing(stated)
    for given in (None, weights):
        expected = asked.survey.uncertainty(groups, 1, given)
        np.testing.assert_allclose(supposed.uncertainty(groups, 1, given), expected, rtol=1e-12)
    assert made.survey.accuracy.sigma.tolist() == [0.05] * 3


@pytest.mark.parametrize(("measure", "more"), [("length", 3), ("trench", 1), ("fibre", 36)])
def test_a_doubt_counts_points_that_are_shared_once(measure, more):
    # A phone's track of a straight street, three cables on it: nobody stated how good the phone was.
    rng = np.random.default_rng(8)
    true = np.c_[np.linspace(0, 2000, 201), np.zeros(201)]
    track = true + rng.normal(0, 2.0, true.shape)
    fibres = {"fibre_count": [12] * 3}
    recorded = more * 2000.0
    lines = [placed(track)] * 3
    asked = {
        "item": "all",
        "layer": "routes",
        "measure": measure,
        "recorded": recorded,
        "unit": "m",
        "tolerance": "1 %",
    }
    for accuracy, verdict in ((None, "undecided"), (0.05, "differs")):
        project = {} if accuracy is None else {"accuracy_m": accuracy}
        survey = inventory(layer("routes", lines, **fibres), project={"project": project, "totals": [asked]})
        (result,) = reconcile(survey, lengths.measure(survey))
        assert (result.verdict, result.doubted) == (verdict, accuracy is None)
    # Of a straight street drawn straight there is nothing to blame on noise.
    survey = inventory(layer("routes", [placed(true * 1.1)] * 3, **fibres), project={"totals": [asked]})
    (result,) = reconcile(survey, lengths.measure(survey))
    assert (result.verdict, result.doubted) == ("differs", False)
