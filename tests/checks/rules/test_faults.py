"""Faults planted in a clean network are all found, each under its code and at its feature, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.surveys import FAULTS, Survey, found, plant, streets

from gis import checks

ACROSS = 12
# The free grounds between the streets; the outermost corners have none on their far sides.
CELLS = [row * ACROSS + column for row in range(ACROSS - 1) for column in range(ACROSS - 1)]


def surveyed(faults, seed=0):
    """Plant faults, each beside its corner."""
    survey = Survey()
    streets(survey, ACROSS, ACROSS, seed)
    for fault, corner in faults:
        plant(survey, fault, corner)
    return survey


def test_a_clean_network_has_no_findings_and_every_check_of_features_runs():
    findings = checks.run(surveyed([]).build())
    assert found(findings) == set()
    assert findings.not_run == {}
    assert findings.failed == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_is_the_only_finding(fault):
    survey = surveyed([(fault, 40)])
    findings = checks.run(survey.build())
    assert found(findings) == survey.expected
    assert len(findings) == 1


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_faults_at_random_are_found_and_nothing_else(data):
    corners = data.draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=60, unique=True))
    faults = [(data.draw(st.sampled_from(sorted(FAULTS))), corner) for corner in corners]
    survey = surveyed(faults, data.draw(st.integers(0, 2**16)))
    findings = checks.run(survey.build())
    assert findings.failed == {}
    assert found(findings) == survey.expected
    # One finding a fault: several repeat the same id.
    assert len(findings) == len(corners)


def test_every_kind_at_once_in_any_order_of_the_rows():
    survey = surveyed(list(zip(FAULTS, CELLS, strict=False)))
    inventory = survey.build()
    expected = found(checks.run(inventory)) - {("G212",), ("A402",)}
    assert expected == survey.expected
    random = np.random.default_rng(3)
    # Which of two crossing, overlapping or repeated features is named depends on their order; the others do not.
    ordered = {"G212", "G213", "N307", "N308", "A402"}
    shuffled = inventory.__class__(
        **{
            **{name: getattr(inventory, name) for name in inventory.__dataclass_fields__},
            "routes": inventory.routes.iloc[random.permutation(len(inventory.routes))].reset_index(drop=True),
            "manholes": inventory.manholes.iloc[random.permutation(len(inventory.manholes))].reset_index(
                drop=True
            ),
        }
    )
    again = found(checks.run(shuffled))
    assert {f for f in again if f[0] not in ordered} == {f for f in expected if f[0] not in ordered}
    assert {f[0] for f in again} == {f[0] for f in expected}


def test_findings_lie_at_the_fault():
    survey = surveyed([("N301", 40)])
    end = survey.rows["routes"][-1]["geometry"].coords[-1]
    finding = checks.run(survey.build()).iloc[0]
    assert (finding.lon, finding.lat) == end
    spiked = surveyed([("G206", 40)])
    tip = spiked.rows["routes"][-1]["geometry"].coords[3]
    finding = checks.run(spiked.build()).iloc[0]
    assert (finding.lon, finding.lat) == tip


def test_the_same_survey_gives_the_same_table():
    inventory = surveyed(list(zip(FAULTS, CELLS, strict=False))).build()
    one, other = checks.run(inventory), checks.run(inventory)
    assert one.to_csv() == other.to_csv()
