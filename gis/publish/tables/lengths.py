"""The lengths as a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gis.address import address
from gis.language import Language, Text
from gis.publish.tables.xlsx import Sheet, workbook
from gis.publish.wording.figures import MEASURED, decoded, sums, unit_text
from gis.publish.wording.sentences import assumptions
from gis.schema import LENGTHS, ROUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from gis.inventory import LeftOut
    from gis.lengths.measured import Measured

_TOTAL = Text("Total", "جمع")
_ACCURACY = Text("Accuracy", "دقت")
_LEFT_OUT = Text("Left out", "کنار گذاشته‌شده")
_LEFT_OUT_HEADINGS = (
    Text("File", "فایل"),
    Text("Layer", "لایه"),
    Text("Count", "تعداد"),
    Text("What", "چه چیزی"),
    Text("Why", "چرا"),
)
COUNTS = ("routes", "unmeasured")
# What a delivery need not have; a sum of nothing is no figure.
_OPTIONAL = ("slack_m", "recorded_length_m")


def lengths_xlsx(
    measured: Measured,
    lang: Language = "en",
    *,
    by: str | None = None,
    length: str | None = None,
    further: Sequence[Sheet] = (),
) -> bytes:
    """
    Write lengths as a spreadsheet.

    Parameters
    ----------
    measured
        Lengths as `gis.measure` gives them, a row a route.
    lang
        The language of headings and codes; in Persian the sheets run from right to left.
    by
        Sum by this column; None for a row a route, with a second sheet of sums by kind and status.
    length
        The one length to write (``"geodesic_m"``); None for all.
    further
        Sheets that come after these.

    Returns
    -------
    bytes
        The XLSX file; each sheet of lengths ends in a row of totals, and last sheets say for how many routes which
        accuracy was assumed, and what was left out, where that is so.

    Raises
    ------
    FibreError
        There are more rows than the format can hold.
    """
    title = Text("Lengths", "طول‌ها")
    sheets = [_sheet(title.render(lang), chosen(measured, by, length), measured, lang)]
    if by is None:
        summary = sums(measured, ["kind", "status"])
        sheets.append(
            _sheet(
                Text("By kind and status", "به تفکیک نوع و وضعیت").render(lang),
                _narrowed(summary, measured, length),
                measured,
                lang,
            )
        )
    sheets += further
    if said := assumptions(measured, lang):
        heading = ROUTES["accuracy_m"].label.render(lang)
        sheets.append(
            Sheet(title=_ACCURACY.render(lang), headings=[heading], columns=[said], decimals=[None])
        )
    # Some of the rows, chosen by the caller, say nothing of the delivery.
    if left := getattr(measured, "left_out", ()):
        sheets.append(_left_out(left, lang))
    return workbook(sheets, lang)


def _left_out(parts: Sequence[LeftOut], lang: Language) -> Sheet:
    """Say what was delivered and no length counts, routes without a length too."""
    rows = [
        (address(left.source), left.layer, left.count, left.what.render(lang), left.why.render(lang))
        for left in parts
    ]
    return Sheet(
        title=_LEFT_OUT.render(lang),
        headings=[heading.render(lang) for heading in _LEFT_OUT_HEADINGS],
        columns=list(zip(*rows, strict=True)),
        decimals=[None, None, 0, None, None],
    )


def chosen(measured: Measured, by: str | None, length: str | None) -> pd.DataFrame:
    """
    Take the rows and columns that were asked for.

    Parameters
    ----------
    measured
        As `gis.measure` gives it.
    by
        The column to sum by; None leaves a row a route.
    length
        The one length to show, such as ``"grid_m"``; None shows all.

    Returns
    -------
    pandas.DataFrame
        The table to be shown, lengths in metres.
    """
    if by is not None:
        return _narrowed(sums(measured, [by]), measured, length)
    return _narrowed(measured[[name for name in MEASURED if name in measured.columns]], measured, length)


def _narrowed(table: pd.DataFrame, measured: Measured, length: str | None) -> pd.DataFrame:
    """Leave out the other lengths, and sums of what no route has."""
    others = [name for name in LENGTHS if length is not None and name != length]
    if "routes" in table.columns:
        others += [name for name in _OPTIONAL if measured[name].isna().all()]
        others += ["unmeasured"] * bool((table["unmeasured"] == 0).all())
    return table.drop(columns=others)


def _sheet(title: str, table: pd.DataFrame, measured: Measured, lang: Language) -> Sheet:
    names = list(table.columns)
    absent = [name for name in _OPTIONAL if measured[name].isna().all()]
    columns = [
        [value if is_figure(name) else decoded(name, value, lang) for value in table[name].tolist()]
        for name in names
    ]
    return Sheet(
        title=title,
        headings=[column_heading(name, lang) for name in names],
        columns=columns,
        decimals=[(0 if name in COUNTS else 2) if is_figure(name) else None for name in names],
        total=total_row(sums(measured), [n if n not in absent else "" for n in names], lang),
    )


def total_row(total: pd.DataFrame, names: Sequence[str], lang: Language) -> list[Any]:
    """
    Give the sums in the places of their columns, and the word for them in the first.

    Parameters
    ----------
    total
        One row of sums.
    names
        The columns of the table.
    lang
        The language.

    Returns
    -------
    list
        A value a column; None where a column has no sum.
    """
    values = [total[name].iloc[0] if is_figure(name) else None for name in names]
    return [_TOTAL.render(lang), *values[1:]]


def column_heading(name: str, lang: Language) -> str:
    """
    Give the heading of a column of figures.

    Parameters
    ----------
    name
        The column: ``"geodesic_m"``.
    lang
        The language.

    Returns
    -------
    str
        Its label, with its unit where it has one.
    """
    label = MEASURED[name].render(lang)
    return f"{label} ({unit_text('m', lang)})" if name.endswith("_m") else label


def is_figure(name: str) -> bool:
    """
    Tell whether a column holds figures.

    Parameters
    ----------
    name
        The column.

    Returns
    -------
    bool
        True for lengths, deviations and counts.
    """
    return name in COUNTS or name.endswith("_m")
