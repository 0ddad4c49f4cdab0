"""What was found, put into the documents that the commands print as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.documents import (
    ChangeEntry,
    CheckDocument,
    FindingEntry,
    LegEntry,
    LengthTotal,
    MeasureDocument,
    RefusedEntry,
    RouteEntry,
    Summary,
    TotalEntry,
    TotalsDocument,
    TraceDocument,
    left_out_entries,
)
from gis.schema import LENGTHS
from gis.totals import RULE, remarks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from gis.checks.findings import Findings
    from gis.checks.fixes.loop import Fixed
    from gis.inventory import LeftOut
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.network.tracing import Trace
    from gis.totals import TotalResult

# What a total's entry takes from its result untouched.
_AS_THEY_ARE = tuple(name for name in TotalEntry.model_fields if name not in {"item", "high", "remarks"})


def check_document(findings: Findings, lang: Language = "en", fixed: Fixed | None = None) -> CheckDocument:
    """
    Put findings into their document.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language of messages and reasons.
    fixed
        What `gis.fix` gave, where it was asked for.

    Returns
    -------
    CheckDocument
        The document.
    """
    from gis.address import address  # noqa: PLC0415 - no findings, no need of it

    table = findings.table
    entries = [
        FindingEntry(
            code=row.code,
            severity=row.severity,
            layer=row.layer,
            feature=row.feature,
            message=row.message_fa if lang == "fa" else row.message,
            lon=_number(row.lon),
            lat=_number(row.lat),
            fixable=row.fixable,
            source=address(row.source),
            source_layer=row.source_layer,
            record=record,
            cause=row.cause,
        )
        for row, record in zip(table.itertuples(), _whole(table["record"]), strict=True)
    ]
    return CheckDocument(
        findings=entries,
        summary=Summary(**findings["severity"].value_counts().to_dict()),
        ran=list(findings.ran),
        not_run={code: reason.render(lang) for code, reason in findings.not_run.items()},
        failed=dict(findings.failed),
        unjudged=dict(findings.unjudged),
        left_out=left_out_entries(findings.left_out, lang),
        changes=[] if fixed is None else _change_entries(fixed, lang),
        refused=[] if fixed is None else _refused_entries(fixed, lang),
    )


def _change_entries(fixed: Fixed, lang: Language) -> list[ChangeEntry]:
    from gis.publish.wording.changes import value_log  # noqa: PLC0415 - no fix, no need of it

    log = value_log(fixed)
    what = "what_fa" if lang == "fa" else "what"
    figures = ("moved_m", "length_before_m", "length_after_m")
    return [
        ChangeEntry.model_validate(
            {**row, "record": record, "what": row[what], **{name: _number(row[name]) for name in figures}}
        )
        for row, record in zip(log.to_dict("records"), _whole(log["record"]), strict=True)
    ]


def _refused_entries(fixed: Fixed, lang: Language) -> list[RefusedEntry]:
    why = "why_fa" if lang == "fa" else "why"
    return [
        RefusedEntry(code=row["code"], layer=row["layer"], feature=row["feature"], why=row[why])
        for row in fixed.refused.to_dict("records")
    ]


def measure_document(measured: Measured, lang: Language = "en") -> MeasureDocument:
    """
    Put lengths into their document.

    Parameters
    ----------
    measured
        As `gis.measure` gives them.
    lang
        The language in which it says what was left out.

    Returns
    -------
    MeasureDocument
        The document; in its total's deviation points that routes share were surveyed once. A sum of
        routes of which none has a length is null.
    """
    columns = [measured["id"].fillna(""), *(measured[name] for name in (*LENGTHS, "std_m", "bias_m"))]
    routes = [
        RouteEntry(
            id=route,
            geodesic_m=_number(geodesic),
            grid_m=_number(grid),
            ground_m=_number(ground),
            slope_m=_number(slope),
            std_m=_number(std),
            bias_m=_number(bias),
        )
        for route, geodesic, grid, ground, slope, std, bias in zip(*columns, strict=True)
    ]
    none = min(len(measured), 1)
    sums = {name: _number(measured[name].sum(min_count=none)) for name in LENGTHS}
    known = measured.unmeasured < len(measured) or not none
    std, bias = (_number(of_all[0]) if known else None for of_all in measured.sums())
    return MeasureDocument(
        routes=routes,
        total=LengthTotal(routes=len(measured), **sums, std_m=std, bias_m=bias),
        unmeasured=measured.unmeasured,
        assumed_accuracy=measured.assumed_accuracy,
        assumed_accuracy_m=measured.accuracy_m if measured.assumed_accuracy else None,
        left_out=left_out_entries(measured.left_out, lang),
    )


def totals_document(
    results: Sequence[TotalResult], lang: Language = "en", left_out: Sequence[LeftOut] = ()
) -> TotalsDocument:
    """
    Put totals into their document.

    Parameters
    ----------
    results
        As `gis.totals.reconcile` gives them.
    lang
        The language of the items' names and of what is said of them.
    left_out
        What was delivered and no total counts.

    Returns
    -------
    TotalsDocument
        The document.
    """
    return TotalsDocument(
        rule=RULE.render(lang),
        items=[
            TotalEntry(
                item=result.name(lang),
                high=_number(result.high),
                remarks=[remark.render(lang) for remark in remarks(result)],
                **{name: getattr(result, name) for name in _AS_THEY_ARE},
            )
            for result in results
        ],
        left_out=left_out_entries(left_out, lang),
    )


def trace_document(way: Trace) -> TraceDocument:
    """
    Put the way from an office to its exchange into its document.

    Parameters
    ----------
    way
        As `gis.trace` gives it.

    Returns
    -------
    TraceDocument
        The document.
    """
    return TraceDocument(
        office=way.office,
        exchange=way.exchange,
        legs=[LegEntry(route=leg.route, kind=leg.kind, length_m=leg.length_m) for leg in way.legs],
        manholes=list(way.passed),
        length_m=way.length_m,
    )


def _whole(values: pd.Series[int]) -> list[int | None]:
    """Give whole numbers as Python's, None for a missing one."""
    known = values.notna().to_numpy(dtype=bool)
    return [int(value) if there else None for value, there in zip(values, known, strict=True)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
