from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.totals import verdict


@pytest.mark.parametrize(
    ("difference", "tolerance", "std", "expected"),
    [
        (0, 0, 0, "agrees"),
        (1, 0, 0, "differs"),
        (-1, 0, 0, "differs"),
        (68.33, 68.33, 0, "agrees"),
        (68.34, 68.33, 0, "differs"),
        (68.34, 68.33, 1, "undecided"),
        (70.33, 68.33, 1, "undecided"),  # two standard deviations on the dot do not exceed two
        (70.34, 68.33, 1, "differs"),
        (-70.34, 68.33, 1, "differs"),
    ],
)
def test_verdicts_at_the_edge(difference, tolerance, std, expected):
    assert verdict(difference, tolerance, std) == expected


@given(st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e4))
def test_a_better_survey_never_turns_agreement_or_difference_into_the_other(difference, tolerance, std):
    rough, exact = verdict(difference, tolerance, std), verdict(difference, tolerance, 0.0)
    if abs(difference) < tolerance:
        assert exact == "agrees"
    elif abs(difference) > tolerance * (1 + 1e-6) + 1e-6:
        assert exact == "differs"
    assert rough == exact or (rough, exact) == ("undecided", "differs")
