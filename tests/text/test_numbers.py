"""Numbers as people write them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.text.numbers import parse_number, parse_numbers, unit_factor

PERSIAN = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")
ARABIC = str.maketrans("0123456789,.", "٠١٢٣٤٥٦٧٨٩٬٫")
GERMAN = str.maketrans(",.", ".,")
AMOUNTS = st.decimals(min_value=0, max_value=10_000_000, places=2, allow_nan=False)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("۱۳٬۶۶۶٫۵", 13666.5),
        ("13.666,5", 13666.5),
        ("13,666.5", 13666.5),
        ("1,844 m", 1844),
        ("1,844", 1844),
        ("0,844", 0.844),
        ("1.844", 1.844),
        ("13,5", 13.5),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("13 666 m", 13666),
        ("13\u202f666,5", 13666.5),
        ("13'666", 13666),
        ("۱۲/۵", 12.5),
        ("۱۲/۵ متر", 12.5),
        ("۱۸۴۴متر", 1844),
        ("1.2 km", 1200),
        ("۱٫۵ کیلومتر", 1500),
        ("۳ کیلو متر", 3000),
        ("120 cm", 1.2),
        ("24 FO", 24),
        ("۴۸ کر", 48),
        ("-3.5", -3.5),
        ("−3.5", -3.5),
        ("1e3", 1000),
        (".5", 0.5),
        (" 7 ", 7),
        (7, 7),
        (np.float32(0.5), 0.5),
    ],
)
def test_numbers_are_read(written: object, value: float) -> None:
    assert parse_number(written) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "abc",
        "1.2.3",
        "12,34,56",
        "1/2/3",
        "5 m2",
        "12-5",
        "۱۳۹۹/۰۵/۱۲",
        True,
        None,
        math.nan,
        math.inf,
        "9" * 400,
        "1e999",
    ],
)
def test_what_is_no_number_is_none(written: object) -> None:
    assert parse_number(written) is None


@settings(deadline=None)
@given(AMOUNTS)
def test_a_number_in_any_style_reads_back(amount: object) -> None:
    english = f"{amount:,}"
    for style in (
        english,
        english.translate(PERSIAN),
        english.translate(ARABIC),
        f"{amount}",
        f"{amount} m",
        f"{english} متر",
    ):
        assert parse_number(style) == float(amount)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(AMOUNTS, min_size=1, max_size=20))
def test_a_column_tells_what_its_separators_mean(amounts: list[object]) -> None:
    # Two decimals prove themselves: no number of thousands has two digits after its mark.
    english = [f"{amount:,}" for amount in amounts]
    german = [text.translate(GERMAN) for text in english]
    expected = [float(amount) for amount in amounts]  # type: ignore[arg-type]
    assert parse_numbers(english).tolist() == expected
    assert parse_numbers(german).tolist() == expected


def test_an_ambiguous_number_follows_its_column() -> None:
    assert parse_numbers(["13.666,5", "1.844", "1,844"]).tolist() == [13666.5, 1844, 1.844]
    assert parse_numbers(["12.5", "1,844"]).tolist() == [12.5, 1844]
    assert parse_numbers(["12,5", "1,844"]).tolist() == [12.5, 1.844]
    assert parse_numbers(["12,5", "12.5", "1,844"]).tolist() == [
        12.5,
        12.5,
        1844,
    ]  # both proved: each for itself
    assert parse_numbers(["1,844", "2,500"]).tolist() == [1844, 2500]


def test_a_column_of_numbers_stays_and_missing_values_are_nan() -> None:
    np.testing.assert_array_equal(parse_numbers(pd.Series([1, None, 2.5])), [1, np.nan, 2.5])
    np.testing.assert_array_equal(parse_numbers(pd.Series([1, None], dtype="Int64")), [1, np.nan])
    np.testing.assert_array_equal(parse_numbers(np.array([1, 2])), [1.0, 2.0])
    np.testing.assert_array_equal(
        parse_numbers(["1", None, "x", np.nan, ""]), [1, np.nan, np.nan, np.nan, np.nan]
    )
    assert parse_numbers([]).shape == (0,)


def test_units() -> None:
    assert [unit_factor(u) for u in ("m", "KM", "متر", "کيلومتر", "cm", "فرسخ", "")] == [
        1,
        1000,
        1,
        1000,
        0.01,
        None,
        None,
    ]
