"""Recorded against measured as tables: CSV and spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gis.language import Language, Text
from gis.publish.tables.csv import table_csv
from gis.publish.tables.xlsx import Sheet, workbook
from gis.publish.wording.figures import MEASURED, decimals, shown, unit_text
from gis.totals import RULE, VERDICTS, remarks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.totals import TotalResult

# The figures of a total in the order of all tables, as `gis.totals.TotalResult` names them.
FIGURES: dict[str, Text] = {
    "recorded": Text("Recorded", "ثبت‌شده"),
    "measured": Text("Measured", "اندازه‌گیری‌شده"),
    "std": MEASURED["std_m"],
    "bias": MEASURED["bias_m"],
    "difference": Text("Difference", "اختلاف"),
    "low": Text("At least", "دست‌کم"),
    "high": Text("At most", "دست‌بالا"),
    "tolerance": Text("Tolerance", "رواداری"),
}
_COUNTS: dict[str, Text] = {
    "features": Text("Features", "تعداد عارضه"),
    "unmeasured": MEASURED["unmeasured"],
    "assumed_accuracy": Text("Accuracy assumed", "با دقت فرضی"),
}
# Counts have none of these.
_OF_LENGTHS = ("std", "bias", "low", "high")
ITEM, UNIT, VERDICT = Text("Item", "قلم"), Text("Unit", "یکا"), Text("Verdict", "نتیجه")
TITLE = Text("Recorded against measured", "ثبت‌شده در برابر اندازه‌گیری‌شده")
# The title is longer than a sheet's name may be.
_SHEET = Text("Totals", "جمع‌ها")
_REMARKS, _SOURCE = Text("Remarks", "توضیح"), Text("Source", "منبع")


def totals_csv(results: Sequence[TotalResult], lang: Language = "en") -> bytes:
    """
    Write recorded against measured as CSV.

    Parameters
    ----------
    results
        As `gis.totals.reconcile` gives them.
    lang
        The language of items and remarks; headings are the attributes' names, verdicts their codes.

    Returns
    -------
    bytes
        The file, a row a total. A count has no deviation, bias and interval; a total with something unmeasured has no
        upper end.
    """
    import pandas as pd  # noqa: PLC0415

    table = pd.DataFrame(
        {
            "item": [result.name(lang) for result in results],
            "layer": [result.layer for result in results],
            "measure": [result.measure for result in results],
            **{name: [figure(result, name) for result in results] for name in FIGURES},
            "unit": [result.unit for result in results],
            "verdict": [result.verdict for result in results],
            **{name: [getattr(result, name) for result in results] for name in _COUNTS},
            "assumed_accuracy_m": [result.assumed_accuracy_m for result in results],
            "needed_accuracy_m": [result.needed_accuracy_m for result in results],
            "remarks": [_remarks(result, lang) for result in results],
            "source": [result.source for result in results],
        }
    )
    for name in (*FIGURES, "assumed_accuracy_m", "needed_accuracy_m"):
        table[name] = table[name].astype(float)
    return table_csv(table)


def totals_sheet(results: Sequence[TotalResult], lang: Language = "en") -> Sheet:
    """
    Lay recorded against measured out as a sheet.

    Parameters
    ----------
    results
        As `gis.totals.reconcile` gives them.
    lang
        The language.

    Returns
    -------
    Sheet
        A row a total, figures as numbers, and the rule of the verdicts in a last row.
    """
    columns: list[tuple[Text, list[Any], int | None]] = [
        (ITEM, [shown(result.name(lang)) for result in results], None)
    ]
    places = max((decimals(result.unit) for result in results), default=0)
    columns += [
        (heading, [figure(result, name) for result in results], places) for name, heading in FIGURES.items()
    ]
    columns += [
        (UNIT, [unit_text(result.unit, lang) for result in results], None),
        (VERDICT, [VERDICTS[result.verdict].render(lang) for result in results], None),
    ]
    columns += [(heading, [getattr(r, name) for r in results], 0) for name, heading in _COUNTS.items()]
    columns += [
        (_REMARKS, [_remarks(result, lang) for result in results], None),
        (_SOURCE, [shown(result.source) for result in results], None),
    ]
    return Sheet(
        title=_SHEET.render(lang),
        headings=[heading.render(lang) for heading, _, _ in columns],
        columns=[values for _, values, _ in columns],
        decimals=[form for _, _, form in columns],
        total=[RULE.render(lang), *[None] * (len(columns) - 1)],
    )


def totals_xlsx(results: Sequence[TotalResult], lang: Language = "en") -> bytes:
    """
    Write recorded against measured as a spreadsheet.

    Parameters
    ----------
    results
        As `gis.totals.reconcile` gives them.
    lang
        The language; in Persian the sheet runs from right to left.

    Returns
    -------
    bytes
        The XLSX file.
    """
    return workbook([totals_sheet(results, lang)], lang)


def figure(result: TotalResult, name: str) -> float | None:
    """
    Give a figure of a total.

    Parameters
    ----------
    result
        The total.
    name
        One of `FIGURES`.

    Returns
    -------
    float or None
        The figure in the total's unit; None for what a count has not, and for an upper end that is open.
    """
    value = float(getattr(result, name))
    return None if (name in _OF_LENGTHS and not result.uncertain) or value == float("inf") else value


def _remarks(result: TotalResult, lang: Language) -> str:
    semicolon = "؛ " if lang == "fa" else "; "
    return semicolon.join(remark.render(lang) for remark in remarks(result))
