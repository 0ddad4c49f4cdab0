"""Dates in two calendars, held against persiantools."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import to_excel
from persiantools.jdatetime import JalaliDate

from gis.text.dates import parse_date, parse_dates

TODAY = date(2026, 11, 23)
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
DAYS = st.dates(date(1980, 1, 1), TODAY)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("۱۳۹۹/۰۵/۱۲", date(2020, 8, 2)),
        ("1399-5-12", date(2020, 8, 2)),
        ("99-5-12", date(2020, 8, 2)),
        ("۱۲/۵/۱۳۹۹", date(2020, 8, 2)),
        ("12/05/99", date(2020, 8, 2)),
        ("13990512", date(2020, 8, 2)),
        (13990512, date(2020, 8, 2)),
        (990512, date(2020, 8, 2)),
        ("۱۲ مرداد ۱۳۹۹", date(2020, 8, 2)),
        ("12 Mordad 1399", date(2020, 8, 2)),
        ("۱۳۹۹/۵/۱۲ ه‍.ش", date(2020, 8, 2)),
        (date(1399, 5, 12), date(2020, 8, 2)),
        ("1403/12/30", date(2025, 3, 20)),  # 1403 was a leap year
        ("05/05/12", date(2026, 8, 3)),
        ("2020-08-02", date(2020, 8, 2)),
        ("2020/8/2", date(2020, 8, 2)),
        ("2020-08-02T10:30:00Z", date(2020, 8, 2)),
        ("2020-08-02 10:30:00.5+03:30", date(2020, 8, 2)),
        ("1399/05/12 10:30", date(2020, 8, 2)),
        ("02.08.2020", date(2020, 8, 2)),
        ("08/22/2020", date(2020, 8, 22)),
        ("2 Aug 2020", date(2020, 8, 2)),
        ("August 2, 2020", date(2020, 8, 2)),
        ("20-08-03", date(2020, 8, 3)),  # 1320 is before any fibre, 1420 after today
        (44045, date(2020, 8, 2)),  # what a spreadsheet shows as 2020-08-02
        ("44045", date(2020, 8, 2)),
        (44045.75, date(2020, 8, 2)),
        (datetime(2020, 8, 2, 23, 59, tzinfo=UTC), date(2020, 8, 2)),
        (pd.Timestamp("2020-08-02"), date(2020, 8, 2)),
        (np.datetime64("2020-08-02T05:00"), date(2020, 8, 2)),
    ],
)
def test_dates_are_read(written: object, day: date) -> None:
    read = parse_date(written, TODAY)
    assert (read.value, read.impossible) == (day, False)


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        " ",
        "-",
        "0",
        0,
        "0000/00/00",
        "00000000",
        "نامشخص",
        np.nan,
        pd.NaT,
        np.datetime64("NaT"),
        "N/A",
    ],
)
def test_what_is_missing_is_not_impossible(written: object) -> None:
    read = parse_date(written, TODAY)
    assert (read.value, read.impossible) == (None, False)


@pytest.mark.parametrize(
    "written",
    [
        "1404/12/30",
        "1399/07/31",
        "1399/13/01",
        "1399/00/10",
        "2021-02-29",
        "2020-13-01",
        "1399",
        "hello",
        "99/99/99",
        "1650-01-01",
        True,
        1e300,
        float("inf"),
        "1" * 100,
        -5,
        "12 Foo 1399",
    ],
)
def test_what_no_calendar_has_is_impossible(written: object) -> None:
    read = parse_date(written, TODAY)
    assert (read.value, read.impossible) == (None, True)


def test_the_future_is_impossible_and_only_beside_a_today() -> None:
    tomorrow = (TODAY + timedelta(1)).isoformat()
    assert parse_date(tomorrow, TODAY).impossible
    assert not parse_date(TODAY.isoformat(), TODAY).impossible
    assert not parse_date(tomorrow).impossible
    assert parse_date("1410/1/1", TODAY).value == date(2031, 3, 21)


@settings(deadline=None)
@given(DAYS)
def test_a_day_in_either_calendar_reads_back(day: date) -> None:
    jalali = JalaliDate(day)
    for written in (
        day.isoformat(),
        day.strftime("%Y%m%d"),
        day.strftime("%Y.%m.%d"),
        day.strftime("%d %b %Y"),
        jalali.isoformat(),
        f"{jalali.year}/{jalali.month}/{jalali.day}".translate(PERSIAN),
        f"{jalali.day}/{jalali.month}/{jalali.year}",
        f"{jalali.year % 100:02}-{jalali.month}-{jalali.day}",
        jalali.strftime("%d %B %Y", locale="fa"),
        date(jalali.year, jalali.month, min(jalali.day, 28)) if jalali.day <= 28 else day,
    ):
        assert parse_date(written, TODAY).value == day, written


@settings(deadline=None)
@given(st.dates(date(1960, 1, 1), date(2100, 1, 1)))
def test_a_spreadsheets_days_are_those_that_openpyxl_reads(day: date) -> None:
    assert parse_date(to_excel(day)).value == day


@settings(deadline=None)
@given(st.text(max_size=30) | st.floats() | st.integers())
def test_nothing_breaks_it(value: object) -> None:
    read = parse_date(value, TODAY)
    assert read.value is None or isinstance(read.value, date)


def days_of(column: list[object]) -> list[date | None]:
    return list(parse_dates(column).values)


def test_a_column_decides_whether_months_come_first() -> None:
    assert days_of(["05/06/2020", "05/13/2020"]) == [date(2020, 5, 6), date(2020, 5, 13)]
    assert days_of(["05/06/2020", "13/05/2020"]) == [date(2020, 6, 5), date(2020, 5, 13)]
    assert days_of(["05/06/2020"]) == [date(2020, 6, 5)]
    # Jalali dates always have the day first.
    assert days_of(["05/06/1399", "05/13/2020"])[0] == JalaliDate(1399, 6, 5).to_gregorian()


def test_a_column_of_dates() -> None:
    days = parse_dates(pd.Series(["1399/5/12", None, "1399/12/31", "1500-1-1", "2030-01-01"]), TODAY)
    assert list(days.values) == [date(2020, 8, 2), None, None, None, date(2030, 1, 1)]
    assert days.impossible.tolist() == [False, False, True, True, True]
    assert days_of([]) == []
