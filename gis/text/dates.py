"""
Dates as people write them in the field: Jalali, Gregorian, or a spreadsheet's count of days.

Reading never looks at a clock: whoever asks says which day it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from persiantools.jdatetime import JalaliDate

from gis.text.letters import ascii_digits, each, fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.text.letters import Values

Calendar = Literal["jalali", "gregorian", "serial"]
Order = Literal["day first", "month first"]

_JALALI_YEARS = range(1200, 1500)
_GREGORIAN_YEARS = range(1900, 2200)
# A date with two digits of the year is looked for in a century that optical cable can be of.
_OLDEST = date(1980, 1, 1)
_NEWEST = date(2029, 12, 31)  # where nobody says which day it is
# Day 0 of spreadsheets (ECMA-376, 1900 date system) once its day 60, the 29 February 1900 that never was, is past.
_SERIAL_EPOCH = date(1899, 12, 30)
_SERIALS = range(20_000, 80_000)  # 1954-10-03 to 2119-01-11

_MISSING = {
    fold(word)
    for word in ("", "-", "--", "0", "null", "none", "nan", "nat", "n/a", "na", "نامشخص", "ندارد", "نامعلوم")
}
_JALALI_MONTHS = [
    ("فروردین", "farvardin"),
    ("اردیبهشت", "ordibehesht"),
    ("خرداد", "khordad"),
    ("تیر", "tir"),
    ("مرداد", "امرداد", "mordad"),
    ("شهریور", "shahrivar"),
    ("مهر", "mehr"),
    ("آبان", "aban"),
    ("آذر", "azar"),
    ("دی", "dey"),
    ("بهمن", "bahman"),
    ("اسفند", "esfand"),
]
_GREGORIAN_MONTHS = [
    ("january", "jan", "ژانویه"),
    ("february", "feb", "فوریه"),
    ("march", "mar", "مارس"),
    ("april", "apr", "آوریل"),
    ("may", "مه", "می"),
    ("june", "jun", "ژوئن"),
    ("july", "jul", "ژوئیه", "جولای"),
    ("august", "aug", "اوت", "آگوست"),
    ("september", "sep", "sept", "سپتامبر"),
    ("october", "oct", "اکتبر"),
    ("november", "nov", "نوامبر"),
    ("december", "dec", "دسامبر"),
]
_CALENDARS: tuple[tuple[Calendar, list[tuple[str, ...]]], ...] = (
    ("jalali", _JALALI_MONTHS),
    ("gregorian", _GREGORIAN_MONTHS),
)
_MONTHS: dict[str, tuple[Calendar, int]] = {
    fold(name): (calendar, number)
    for calendar, months in _CALENDARS
    for number, names in enumerate(months, 1)
    for name in names
}

_LONGEST = 64
_SHORT, _TWO_DIGITS = 2, 99  # a year in short
_MONTHS_A_YEAR, _DAYS = 12, 31
_TIME = re.compile(
    r"[T\s,،-]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([ap]\.?m\.?|Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE
)
_THREE = re.compile(r"(\d{1,4})\s*([/.\-_\\ ])\s*(\d{1,2})\s*\2\s*(\d{1,4})")
_SOLID = re.compile(r"\d{8}|\d{6}")
_NAMED = re.compile(
    r"(?:(\d{1,4})\s*[-/.,،]?\s*([^\d\W]+)|([^\d\W]+)\s*(\d{1,2}))\.?\s*[-/,،]?\s*(?:سال\s*)?(\d{1,4})"
)


@dataclass(frozen=True, slots=True)
class Day:
    """
    A date that was read.

    Attributes
    ----------
    value
        The date, Gregorian; None where there is none or it cannot be.
    impossible
        Whether something stands there that is a date in no calendar, or one in the future.
    calendar
        The calendar that it was written in; None without a date.
    """

    value: date | None = None
    impossible: bool = False
    calendar: Calendar | None = None


_IMPOSSIBLE = Day(impossible=True)
_ABSENT = Day()


def parse_date(value: Any, today: date | None = None, order: Order = "day first") -> Day:
    """
    Read a date.

    Years 1200 to 1499 are Jalali, 1900 to 2199 Gregorian, also where a program took a Jalali date for a
    Gregorian one and stored it as a date. The year stands first or last; where it stands last and both other
    numbers may be months, `order` decides. A year of two digits (``99-5-12``) stands first unless only the last
    number can be a year; it is the latest Jalali year with these digits from 1980 to today, else the latest
    Gregorian one. Whole numbers from 20 000 to 80 000 are days of a spreadsheet, of six or eight digits a date
    without separators. A time of day is left out.

    Parameters
    ----------
    value
        A text, a number, a date, or a missing value.
    today
        The day after which a date is in the future; None: no date is.
    order
        What comes first where the year comes last.

    Returns
    -------
    Day
        The date, and whether what stands there is impossible; a date in the future is given and impossible.
    """
    day = _read(value, today, order)
    if day.value is not None and today is not None and day.value > today:
        return Day(day.value, impossible=True, calendar=day.calendar)
    return day


def _read(value: Any, today: date | None, order: Order) -> Day:
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[s]").item()
    if value is None or value is pd.NaT or (isinstance(value, float | np.floating) and np.isnan(value)):
        return _ABSENT
    if isinstance(value, date):  # a `datetime` is one
        return _dated(value.year, value.month, value.day)
    if isinstance(value, int | np.integer | float | np.floating) and not isinstance(value, bool):
        return _numbered(float(value), today)
    return _IMPOSSIBLE if isinstance(value, bool | np.bool_) else _worded(str(value), today, order)


def _worded(text: str, today: date | None, order: Order) -> Day:
    """Read a date that is written out."""
    if len(text) > _LONGEST:
        return _IMPOSSIBLE
    text = _TIME.sub("", _tidy(text))
    if fold(text) in _MISSING or not text.strip("0-/. :"):
        return _ABSENT
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _numbered(float(text), today, digits=len(text.split(".")[0]))
    if match := _THREE.fullmatch(text):
        return _separated(match[1], match[3], match[4], today, order)
    if match := _NAMED.fullmatch(text):
        return _named(match[1] or match[4], match[2] or match[3], match[5], today)
    return _IMPOSSIBLE


def _tidy(text: str) -> str:
    """Write the digits as ASCII, the dashes as hyphens, and drop what cannot be seen."""
    text = ascii_digits(text).translate(
        str.maketrans(
            "–—−٫٬", "---..", "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff"
        )
    )
    return re.sub(r"(?:ه\.?\s?ش\.?|هجری\s+شمسی|شمسی|میلادی)$", "", " ".join(text.split())).strip()


def _dated(year: int, month: int, day: int) -> Day:
    """Make a date of a whole year, which tells the calendar."""
    try:
        if year in _JALALI_YEARS:
            jalali = JalaliDate(year, month, day)  # type: ignore[no-untyped-call]
            return Day(jalali.to_gregorian(), calendar="jalali")
        if year in _GREGORIAN_YEARS:
            return Day(date(year, month, day), calendar="gregorian")
    except ValueError:
        pass  # a day that this calendar does not have
    return _IMPOSSIBLE


def _numbered(number: float, today: date | None, digits: int = 0) -> Day:
    """Read a number: days of a spreadsheet, or a date without separators."""
    if not np.isfinite(number):
        return _IMPOSSIBLE
    if number == 0:
        return _ABSENT
    whole = int(number)
    if whole in _SERIALS and digits < 6:  # noqa: PLR2004 - six digits are a date
        return Day(_SERIAL_EPOCH + timedelta(days=whole), calendar="serial")
    text = str(whole).zfill(digits)
    if whole != number or not _SOLID.fullmatch(text):
        return _IMPOSSIBLE
    if len(text) == 8:  # noqa: PLR2004 - yyyymmdd
        return _dated(int(text[:4]), int(text[4:6]), int(text[6:]))
    return _short(int(text[:2]), int(text[2:4]), int(text[4:]), today)


def _separated(first: str, second: str, third: str, today: date | None, order: Order) -> Day:
    a, b, c = int(first), int(second), int(third)
    if len(first) > _SHORT:
        return _dated(a, b, c) if len(third) <= _SHORT else _IMPOSSIBLE
    if len(third) > _SHORT:
        day, month = (a, b) if _month_last(a, b, order, c) else (b, a)
        return _dated(c, month, day)
    if c > _DAYS >= a:
        day, month = (a, b) if _month_last(a, b, order, 0) else (b, a)
        return _short(c, month, day, today)
    return _short(a, b, c, today)


def _month_last(a: int, b: int, order: Order, year: int) -> bool:
    """Tell whether two numbers beside a year are day and month rather than month and day."""
    if a > _MONTHS_A_YEAR or b > _MONTHS_A_YEAR:
        return a > _MONTHS_A_YEAR
    # Nobody writes the month first in the Jalali calendar.
    return year in _JALALI_YEARS or order == "day first"


def _short(year: int, month: int, day: int, today: date | None) -> Day:
    """Find the year that two digits stand for."""
    last = today or _NEWEST
    past_future = None
    for centuries in ((1400, 1300), (2000, 1900)):
        for century in centuries:
            found = _dated(century + year, month, day)
            if found.value is None:
                continue
            if _OLDEST <= found.value <= last:
                return found
            past_future = past_future or (found if found.value > last else None)
    # No reading is past: what was meant can only lie ahead.
    return past_future or _IMPOSSIBLE


def _named(number: str, name: str, other: str, today: date | None) -> Day:
    known = _MONTHS.get(fold(name))
    if known is None:
        return _IMPOSSIBLE
    calendar, month = known
    year, day = (int(number), int(other)) if len(number) > _SHORT else (int(other), int(number))
    found = _dated(year, month, day) if year > _TWO_DIGITS else _short(year, month, day, today)
    return found if found.calendar == calendar else _IMPOSSIBLE


@dataclass(frozen=True, slots=True)
class Days:
    """
    A column of dates that were read.

    Attributes
    ----------
    values
        (n,) `datetime.date`, Gregorian, or None.
    impossible
        (n,) whether what stands there is a date in no calendar, or one in the future.
    """

    values: NDArray[np.object_]
    impossible: NDArray[np.bool_]


def parse_dates(values: Values, today: date | None = None) -> Days:
    """
    Read a column of dates.

    Where the year stands last, a column in which some second number and no first number is over 12 has the month first.

    Parameters
    ----------
    values
        (n,) texts, numbers or dates.
    today
        The day after which a date is in the future; None: no date is.

    Returns
    -------
    Days
        The dates as `parse_date` reads each.
    """
    array = np.asarray(values, dtype=object)
    order = _order(array)
    days = each(array, lambda value: parse_date(value, today, order))
    return Days(
        np.array([day.value if day else None for day in days], dtype=object).reshape(len(days)),
        np.array([bool(day and day.impossible) for day in days], dtype=bool),
    )


def _order(values: NDArray[np.object_]) -> Order:
    """Find in a column whether days or months come first."""
    month_first = False
    for value in pd.unique(values):
        if not isinstance(value, str) or len(value) > _LONGEST:
            continue
        match = _THREE.fullmatch(_TIME.sub("", _tidy(value)))
        if match and len(match[4]) > _SHORT >= len(match[1]):
            if int(match[1]) > _MONTHS_A_YEAR:
                return "day first"
            month_first |= int(match[3]) > _MONTHS_A_YEAR
    return "month first" if month_first else "day first"
