"""How well totals of fibre and trench are known, against simulated surveys."""

import numpy as np
import pytest
from support.simulation import length, placed, simulated
from support.surveys import inventory, layer

from gis import lengths
from gis.lengths import geodesic
from gis.network import trenches
from gis.network.lines import Lines
from gis.totals import reconcile

WITHIN = 0.03
SIGMA = 0.5
SURVEYS = 2000


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


@pytest.mark.parametrize("turn", [0.0, 0.2])
def test_two_surveys_of_one_trench_are_as_uncertain_as_one(turn):
    # Each survey of both lines is shared out and measured anew.
    rng = np.random.default_rng(7)
    sigma = 0.05
    one = way(3, segments=60, turn=turn)
    aside = one + np.array([0.0, 0.3])
    sums = []
    for _ in range(SURVEYS):
        lines = np.array([placed(line + rng.normal(0, sigma, line.shape)) for line in (one, aside)])
        parts = Lines.of(lines)
        own = trenches.averages(parts, trenches.shares(parts, np.ones(2))[0], 2)
        sums.append(float((own * geodesic.line_lengths(lines)).sum()))
    got = total([one, aside], "trench", sigma)
    alone = total([one], "trench", sigma)
    # It is never said to be better known than it is.
    assert np.std(sums) <= got.std * (1 + WITHIN)
    assert got.std == pytest.approx(alone.std, rel=WITHIN)


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
