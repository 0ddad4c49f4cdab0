"""Figures and values as tables and reports show them: units, wording, dates in both calendars, sums."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from gis.address import address
from gis.glossary import word
from gis.language import Language, Text, digits, number, steers
from gis.lengths import summary
from gis.project import Severity
from gis.schema import LENGTHS, ROUTES, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from gis.lengths.measured import Measured

MEASURED: dict[str, Text] = {
    "routes": Text("Routes", "تعداد مسیر"),
    "unmeasured": Text("Unmeasured", "اندازه‌گیری‌نشده"),
    "id": ROUTES["route_id"].label,
    "kind": ROUTES["kind"].label,
    "status": ROUTES["status"].label,
    "county": ROUTES["county"].label,
    "office_id": ROUTES["office_id"].label,
    **LENGTHS,
    "std_m": Text("Std. dev. (1σ)", "انحراف معیار (۱σ)"),
    "bias_m": Text("Bias", "اریبی"),
    "slack_m": ROUTES["slack_m"].label,
    "recorded_length_m": ROUTES["recorded_length_m"].label,
    "provenance": ROUTES["provenance"].label,
}
# The worst first.
SEVERITIES: dict[Severity, Text] = {name: word(name) for name in get_args(Severity)}
ILLUSTRATIVE = Text(
    "The geometry is illustrative: the record has totals and no coordinates.",
    "هندسهٔ مسیرها نمایشی است: در گزارش فقط جمع‌ها آمده و مختصاتی نیست.",
)
LIMIT = 200
# Any other unit of a project file stays as it is.
_UNITS = {
    "m": Text("m", "متر"),
    "km": Text("km", "کیلومتر"),
    "routes": Text("routes", "مسیر"),
    "manholes": Text("manholes", "حوضچه"),
    "offices": Text("offices", "فرمانداری"),
}
_GREGORIAN_MONTHS_FA = (
    "ژانویه",
    "فوریه",
    "مارس",
    "آوریل",
    "مه",
    "ژوئن",
    "ژوئیه",
    "اوت",
    "سپتامبر",
    "اکتبر",
    "نوامبر",
    "دسامبر",
)


def shown(value: Any, limit: int = LIMIT) -> str:
    """
    Make a value of a delivery fit to be shown: bounded, on one line, nothing in it that steers a terminal.

    Parameters
    ----------
    value
        Any value; missing ones give an empty text.
    limit
        How many characters at most.

    Returns
    -------
    str
        The text; control characters and overrides of the writing direction come out as «�», a longer text
        ends in «…».
    """
    if is_missing(value):
        return ""
    text = str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(
        " " if letter in "\t\n\r\u2028\u2029" else "\ufffd" if steers(letter) else letter for letter in text
    )


def is_missing(value: Any) -> bool:
    """
    Tell whether a value of a table is missing.

    Parameters
    ----------
    value
        None, a float, ``pandas.NA`` or ``NaT``, or anything else.

    Returns
    -------
    bool
        Whether it stands for no value.
    """
    return value is None or (not isinstance(value, str) and bool(_isna(value)))


def metres(value: float, lang: Language, decimals: int = 2) -> str:
    """
    Write a length.

    Parameters
    ----------
    value
        Metres; not-a-number gives a dash.
    lang
        The language of the digits.
    decimals
        How many decimals.

    Returns
    -------
    str
        The figure without its unit.
    """
    return number(value, f",.{decimals}f", lang) if np.isfinite(value) else "—"


def signed(value: float, places: int, lang: Language) -> str:
    """
    Write a difference.

    Parameters
    ----------
    value
        The difference.
    places
        How many decimals.
    lang
        The language of the digits.

    Returns
    -------
    str
        The figure with its sign, a minus and no hyphen; what rounds to nothing has none.
    """
    rounded = round(value, places)
    if not rounded:
        return number(0.0, f".{places}f", lang)
    return number(rounded, f"+,.{places}f", lang).replace("-", "−")


def between(low: float, high: float, places: int, lang: Language) -> str:
    """
    Write an interval of differences.

    Parameters
    ----------
    low, high
        Its ends; an infinite one is open.
    places
        How many decimals.
    lang
        The language.

    Returns
    -------
    str
        “−1.20 … +0.80”; “from −1.20” where there is no upper end.
    """
    lowest = signed(low, places, lang)
    if not np.isfinite(high):
        return Text("from {low}", "از {low}").render(lang, low=Text(lowest, lowest))
    return f"{lowest} … {signed(high, places, lang)}"


def decimals(unit: str) -> int:
    """
    Tell how many decimals a total is written with.

    Parameters
    ----------
    unit
        The total's unit.

    Returns
    -------
    int
        2 for metres, 3 for kilometres, 0 for what is counted.
    """
    return {"m": 2, "km": 3}.get(unit, 0)


def counted(count: int, one: str, many: str, persian: str, lang: Language) -> str:
    """
    Write how many there are of something.

    Parameters
    ----------
    count
        How many.
    one, many
        The English noun.
    persian
        The Persian noun, which has one form after a number.
    lang
        The language.

    Returns
    -------
    str
        “1 error”, “2 errors”, «۲ خطا».
    """
    noun = persian if lang == "fa" else one if count == 1 else many
    return f"{number(count, ',d', lang)} {noun}"


def unit_text(unit: str, lang: Language) -> str:
    """
    Write a unit.

    Parameters
    ----------
    unit
        ``"m"``, ``"km"``, or a word of the project file.
    lang
        The language.

    Returns
    -------
    str
        Its wording; an unknown unit stays as it is.
    """
    return _UNITS[unit].render(lang) if unit in _UNITS else shown(unit)


def wording(column: str, value: Any, lang: Language) -> str:
    """
    Write a value of a route's column in words.

    Parameters
    ----------
    column
        Its canonical name.
    value
        A code of the column's list, or any other value.
    lang
        The language.

    Returns
    -------
    str
        The code's wording; any other value as it is, fit to be shown.
    """
    return shown(decoded(column, value, lang))


def decoded(column: str, value: Any, lang: Language) -> Any:
    """
    Put a code of a route's column into words.

    Parameters
    ----------
    column
        Its canonical name.
    value
        A code of the column's list, or any other value.
    lang
        The language.

    Returns
    -------
    Any
        The code's wording; any other value untouched.
    """
    codes = ROUTES[column].codes if column in ROUTES.names else {}
    return codes[value].render(lang) if isinstance(value, str) and value in codes else value


def layer_label(name: str, lang: Language) -> str:
    """
    Name a layer.

    Parameters
    ----------
    name
        A canonical layer's name, or a file's.
    lang
        The language.

    Returns
    -------
    str
        The layer's heading; a file's name as it is.
    """
    return SCHEMAS[name].label.render(lang) if name in SCHEMAS else shown(address(name))


def gregorian(day: date, lang: Language) -> str:
    """
    Write a date in the Gregorian calendar.

    Parameters
    ----------
    day
        The date.
    lang
        The language.

    Returns
    -------
    str
        ``2021-06-09`` or «۹ ژوئن ۲۰۲۱».
    """
    if lang == "fa":
        return digits(f"{day.day} {_GREGORIAN_MONTHS_FA[day.month - 1]} {day.year}", lang)
    return day.isoformat()


def jalali(day: date, lang: Language) -> str:
    """
    Write a date in the Jalali calendar.

    Parameters
    ----------
    day
        The date.
    lang
        The language.

    Returns
    -------
    str
        ``19 Khordad 1400`` or «۱۹ خرداد ۱۴۰۰»; empty for a year that the calendar's tables do not reach.
    """
    from persiantools.jdatetime import JalaliDate  # noqa: PLC0415 - only where dates are shown

    try:
        converted = JalaliDate(day)  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError):
        return ""
    return digits(f"{converted.day} {converted.strftime('%B', locale=lang)} {converted.year}", lang)


def survey_dates(layers: Sequence[gpd.GeoDataFrame]) -> tuple[date, date] | None:
    """
    Give the first and the last day of a survey.

    Parameters
    ----------
    layers
        Canonical layers; those without ``surveyed_on`` do not count.

    Returns
    -------
    tuple of datetime.date, or None
        The two days; None where no feature has a date.
    """
    days = [
        day
        for layer in layers
        if "surveyed_on" in layer.columns
        for day in layer["surveyed_on"].dropna().unique()
        if isinstance(day, date)
    ]
    return (min(days), max(days)) if days else None


def sums(measured: Measured | pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """
    Sum lengths by one column, several, or none.

    Parameters
    ----------
    measured
        Lengths as `gis.measure` gives them, a row a route; a bare table takes routes as independent.
    by
        Columns to sum by; with none, there is one row over all routes.

    Returns
    -------
    pandas.DataFrame
        A row a group, sorted: the columns of `by`, then those of `gis.lengths.summary`.
    """
    if not by:
        return summary(measured)
    from gis.lengths.measured import Measured  # noqa: PLC0415 - known only where something was measured

    known = Measured.of(measured)
    groups = known.table.groupby(list(by), dropna=False, sort=True).ngroup()
    table = summary(replace(known, table=known.table.assign(group=groups)), "group")
    first = ~groups.duplicated()
    keys = measured.loc[first, list(by)].set_axis(groups[first])
    return table.join(keys, on="group")[[*by, *table.columns.drop("group")]]


def _isna(value: Any) -> Any:
    import pandas as pd  # noqa: PLC0415 - tables are here already when this is asked

    missing = pd.isna(value)
    return missing if isinstance(missing, bool) else False
