"""What the commands print as JSON: one model a command, a contract with other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from gis.schema import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from gis.checks.findings import Findings
    from gis.inventory import LeftOut
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.network.tracing import Trace
    from gis.totals import TotalResult


class _Document(BaseModel):
    """A JSON object of the contract; not-a-number becomes null."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class FindingEntry(_Document):
    """
    One finding; ``lon`` and ``lat`` are WGS 84 degrees, null where the fault has no place.

    ``source`` is the file, ``source_layer`` the layer in it, ``record`` the feature's record there: together its
    identity. They are empty or null as far as the finding is about several.
    """

    code: str
    severity: Literal["error", "warning", "info"]
    layer: str
    feature: str
    message: str
    lon: float | None
    lat: float | None
    fixable: bool
    source: str
    source_layer: str
    record: int | None


class LeftOutEntry(_Document):
    """Something that was delivered and no figure counts: how many of what, and why."""

    source: str
    layer: str
    count: int
    what: str
    why: str


class Summary(_Document):
    """How many findings there are of each severity."""

    error: int = 0
    warning: int = 0
    info: int = 0


class CheckDocument(_Document):
    """
    What ``fibre check --format json`` prints.

    ``ran`` lists the codes that were looked for; ``not_run`` and ``failed`` say of the others why not.
    """

    version: Literal[1] = 1
    findings: list[FindingEntry]
    summary: Summary
    ran: list[str]
    not_run: dict[str, str]
    failed: dict[str, str]
    left_out: list[LeftOutEntry]


class RouteEntry(_Document):
    """The lengths of one route in metres, and their standard deviation."""

    id: str
    geodesic_m: float | None
    grid_m: float | None
    ground_m: float | None
    slope_m: float | None
    std_m: float | None


class LengthTotal(_Document):
    """The sums over all routes."""

    routes: int
    geodesic_m: float | None
    grid_m: float | None
    ground_m: float | None
    slope_m: float | None
    std_m: float | None


class MeasureDocument(_Document):
    """
    What ``fibre measure --format json`` prints.

    ``unmeasured`` counts the routes without a length, ``assumed_accuracy`` those that state no accuracy of their own.
    """

    version: Literal[1] = 1
    routes: list[RouteEntry]
    total: LengthTotal
    unmeasured: int
    assumed_accuracy: int
    left_out: list[LeftOutEntry]


class TotalEntry(_Document):
    """One recorded total held against the survey."""

    item: str
    recorded: float
    measured: float
    std: float
    difference: float
    unit: str
    tolerance: float
    verdict: Literal["agrees", "differs", "undecided"]
    unmeasured: int


class TotalsDocument(_Document):
    """What ``fibre totals --format json`` prints; ``unmeasured`` counts the features of a total without a length."""

    version: Literal[1] = 1
    items: list[TotalEntry]
    left_out: list[LeftOutEntry]


class LegEntry(_Document):
    """A stretch of a way along one route."""

    route: str
    kind: str
    length_m: float


class TraceDocument(_Document):
    """What ``fibre trace --format json`` prints: the legs from the office on, and the manholes passed."""

    version: Literal[1] = 1
    office: str
    exchange: str
    legs: list[LegEntry]
    manholes: list[str]
    length_m: float


class ColumnGuess(_Document):
    """A delivery's column that a canonical column could come from, and why."""

    column: str
    score: float
    why: str


class InspectedLayer(_Document):
    """
    One layer of a delivery as it was understood.

    ``goes_into`` is the canonical layer, null where it matches none; ``columns`` maps canonical to theirs, ``set``
    gives values that hold for every feature; ``alternatives`` lists other candidates; ``ambiguous`` names columns
    that fit equally well, for a person to decide; ``further`` the columns that went nowhere; ``notes`` the codes
    that a check would report of the reading; ``left_out`` what no figure will count.
    """

    layer: str
    driver: str
    features: int
    geometry_types: list[str]
    crs_declared: str | None
    crs_believed: str | None
    axes_swapped: bool
    evidence: str
    encoding: str
    goes_into: Literal["routes", "manholes", "offices"] | None
    columns: dict[str, str]
    set: dict[str, str | int | float | bool]
    alternatives: dict[str, list[ColumnGuess]]
    ambiguous: dict[str, list[str]]
    further: list[str]
    notes: list[str]
    left_out: list[LeftOutEntry]


class InspectedFile(_Document):
    """A file and its layers."""

    path: str
    layers: list[InspectedLayer]


class InspectDocument(_Document):
    """What ``fibre inspect --format json`` prints."""

    version: Literal[1] = 1
    files: list[InspectedFile]


class RunDocument(_Document):
    """What ``fibre run`` writes as ``report.json``: the three documents in one."""

    version: Literal[1] = 1
    project: str
    illustrative: bool
    check: CheckDocument
    measure: MeasureDocument
    totals: TotalsDocument


def check_document(findings: Findings, lang: Language = "en") -> CheckDocument:
    """
    Put findings into their document.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language of messages and reasons.

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
        )
        for row, record in zip(table.itertuples(), _whole(table["record"]), strict=True)
    ]
    return CheckDocument(
        findings=entries,
        summary=Summary(**findings["severity"].value_counts().to_dict()),
        ran=list(findings.ran),
        not_run={code: reason.render(lang) for code, reason in findings.not_run.items()},
        failed=dict(findings.failed),
        left_out=left_out_entries(findings.left_out, lang),
    )


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
        The document; its total's deviation takes the routes as independent. A sum of routes of which none has a
        length is null.
    """
    columns = [measured["id"].fillna(""), *(measured[name] for name in (*LENGTHS, "std_m"))]
    routes = [
        RouteEntry(
            id=route,
            geodesic_m=_number(geodesic),
            grid_m=_number(grid),
            ground_m=_number(ground),
            slope_m=_number(slope),
            std_m=_number(std),
        )
        for route, geodesic, grid, ground, slope, std in zip(*columns, strict=True)
    ]
    none = min(len(measured), 1)
    sums = {name: _number(measured[name].sum(min_count=none)) for name in LENGTHS}
    std = _number((measured["std_m"] ** 2).sum(min_count=none) ** 0.5)
    return MeasureDocument(
        routes=routes,
        total=LengthTotal(routes=len(measured), **sums, std_m=std),
        unmeasured=measured.unmeasured,
        assumed_accuracy=measured.assumed_accuracy,
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
        The language of the items' names.
    left_out
        What was delivered and no total counts.

    Returns
    -------
    TotalsDocument
        The document.
    """
    return TotalsDocument(
        items=[
            TotalEntry(
                item=result.name(lang),
                recorded=result.recorded,
                measured=result.measured,
                std=result.std,
                difference=result.difference,
                unit=result.unit,
                tolerance=result.tolerance,
                verdict=result.verdict,
                unmeasured=result.unmeasured,
            )
            for result in results
        ],
        left_out=left_out_entries(left_out, lang),
    )


def left_out_entries(left_out: Sequence[LeftOut], lang: Language = "en") -> list[LeftOutEntry]:
    """
    Say what was left out of figures.

    Parameters
    ----------
    left_out
        As an inventory or a result has it.
    lang
        The language.

    Returns
    -------
    list of LeftOutEntry
        In the order of the delivery.
    """
    return [
        LeftOutEntry(
            source=left.source,
            layer=left.layer,
            count=left.count,
            what=left.what.render(lang),
            why=left.why.render(lang),
        )
        for left in left_out
    ]


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
