"""
The report that an inspector signs: one page in both languages that loads nothing.

What it says is gathered here, figures and words apart; how it looks is ``assets/report.html.j2`` and
``report.css``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.address import address
from gis.inventory import county_names
from gis.language import Language, Text, number
from gis.lengths import kinds
from gis.publish import pages
from gis.publish.symbols import THEMES, symbols
from gis.publish.wording.figures import (
    MEASURED,
    SEVERITIES,
    between,
    counted,
    decimals,
    gregorian,
    jalali,
    layer_label,
    metres,
    shown,
    signed,
    sums,
    survey_dates,
    unit_text,
    wording,
)
from gis.publish.wording.overview import (
    CHECK,
    CODE,
    EXPLAINED_BY,
    HOW_MANY,
    OF_A_CAUSE,
    SEVERITY,
    UNJUDGED,
    WHERE_MOST,
    by_check,
    worst,
)
from gis.publish.wording.sentences import looked_at, place, severity_counts, total_remarks
from gis.schema import LENGTHS, ROUTES, SCHEMAS
from gis.totals import RULE, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    import jinja2
    import pandas as pd

    from gis.checks.findings import Findings
    from gis.inventory import Inventory
    from gis.lengths.measured import Measured
    from gis.totals import TotalResult

# How much of a long list a page for people shows; the files beside it have all.
_MOST_FINDINGS = 40
_MOST_GROUPS = 100
_LANGUAGES: tuple[Language, ...] = ("fa", "en")


@dataclass(frozen=True)
class _Contents:
    """What a report is made of."""

    inventory: Inventory
    measured: Measured
    findings: Findings
    totals: Sequence[TotalResult]
    digests: Mapping[str, str]


def report_html(
    inventory: Inventory,
    measured: Measured,
    findings: Findings,
    totals: Sequence[TotalResult],
    lang: Language = "fa",
    *,
    digests: Mapping[str, str] | None = None,
) -> str:
    """
    Write the report.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Lengths as `gis.measure` gives them, a row a route in the inventory's order.
    findings
        As `gis.check` gives them.
    totals
        As `gis.totals.reconcile` gives them.
    lang
        The language that it opens in; a switch in the page changes it.
    digests
        File name to SHA-256 of the files that go with the report: the signature is for these.

    Returns
    -------
    str
        An HTML page with style, script and font in it, and a policy that forbids it every request. The same
        input gives the same page: the time of day is not in it.
    """
    contents = _Contents(inventory, measured, findings, totals, digests or {})
    style = "\n".join([pages.font_faces(), _colours(), pages.asset(__package__, "report.css")])
    script = pages.asset(__package__, "report.js")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {pages.source_hash(script)}",
            f"style-src {pages.source_hash(style)}",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return _template().render(
        lang=lang,
        policy=policy,
        style=style,
        script=script,
        drawings={code: symbols().svg(point) for code, point in symbols().points["findings"].items()},
        titles={each: _title(inventory, each) for each in _LANGUAGES},
        versions=[_version(contents, each) for each in _LANGUAGES],
    )


def _colours() -> str:
    """Declare the colours of what the map draws, too; paper is light."""
    drawn = symbols()
    names = [
        "illustrative",
        "illustrative-ground",
        "sign",
        *(f"kind-{kind}" for kind in ROUTES["kind"].codes),
    ]
    names += [point.colour for point in drawn.points["findings"].values()]
    light, dark = (drawn.css(theme, names) for theme in THEMES)
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"


@cache
def _template() -> jinja2.Template:
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(pages.asset(__package__, "report.html.j2"))


def _title(inventory: Inventory, lang: Language) -> str:
    return f"{shown(inventory.project.name(lang))} — {Text('survey report', 'گزارش برداشت').render(lang)}"


def _version(contents: _Contents, lang: Language) -> dict[str, Any]:
    """Gather all that the page says in one language."""
    from gis.version import __version__  # noqa: PLC0415

    inventory, findings = contents.inventory, contents.findings

    def say(en: str, fa: str, **fields: Any) -> str:
        return Text(en, fa).render(lang, **fields)

    return {
        "lang": lang,
        "dir": "rtl" if lang == "fa" else "ltr",
        "say": say,
        "project": shown(inventory.project.name(lang)),
        "dates": _dates(survey_dates([inventory.layer(name) for name in SCHEMAS]), lang),
        "features": [
            (schema.label.render(lang), number(len(inventory.layer(name)), ",d", lang))
            for name, schema in SCHEMAS.items()
            if len(inventory.layer(name)) or not schema.rare
        ],
        "illustrative": _illustrative(inventory, lang),
        "assumptions": _assumptions(inventory, lang),
        "tiles": _tiles(contents, lang),
        "totals": [_total(result, lang) for result in contents.totals],
        "rule": RULE.render(lang),
        "deviation": MEASURED["std_m"].render(lang),
        "length": LENGTHS[f"{inventory.project.project.length}_m"].render(lang),
        "lengths": _lengths(contents, lang),
        "counties": _counties(contents, lang),
        "looked_at": looked_at(findings, lang),
        "clean": not len(findings),
        "checks": (checks := _checks(findings, lang)),
        "severities": _severities(findings, checks, lang),
        "check_columns": [
            column.render(lang)
            for column in (SEVERITY, CODE, CHECK, HOW_MANY, OF_A_CAUSE, WHERE_MOST, EXPLAINED_BY)
        ],
        "not_run": _not_run(findings, lang),
        "unjudged": [
            (code, shown(findings.pages[code].title.render(lang)), UNJUDGED.render(lang, count=count))
            for code, count in findings.unjudged.items()
        ],
        "left_out": _left_out(inventory, lang),
        "failed": [(code, shown(why)) for code, why in findings.failed.items()],
        "method": _method(contents, lang),
        "sources": _sources(inventory, lang),
        "digests": [(shown(name), shown(digest)) for name, digest in contents.digests.items()],
        "version": __version__,
    }


def _dates(days: tuple[date, date] | None, lang: Language) -> str:
    """Write when the survey was made, in both calendars, the language's own first."""
    if days is None:
        return ""
    written = []
    for calendar in (jalali, gregorian) if lang == "fa" else (gregorian, jalali):
        first, last = (calendar(day, lang) for day in days)
        written.append(
            first if first == last else Text("{a} to {b}", "{a} تا {b}").render(lang, a=first, b=last)
        )
    return f"{written[0]} ({written[1]})" if written[1] else written[0]


def _illustrative(inventory: Inventory, lang: Language) -> list[str]:
    """Say of each layer how many of its features are illustrative."""
    said = []
    for name, schema in SCHEMAS.items():
        layer = inventory.layer(name)
        count = int((layer["provenance"] == "illustrative").sum())
        if count:
            said.append(
                Text("{layer}: {count} of {all}", "{layer}: {count} از {all}").render(
                    lang, layer=schema.label, count=count, all=len(layer)
                )
            )
    return said


def _assumptions(inventory: Inventory, lang: Language) -> list[tuple[str, str]]:
    """Give each assumption that the offices' table states, with the offices it is about."""
    offices = inventory.offices
    column = "assumption_fa" if lang == "fa" and "assumption_fa" in offices.columns else "assumption"
    if column not in offices.columns:
        return []
    name = "name_fa" if lang == "fa" else "name_en"
    named = offices[name].where(offices[name].notna(), offices["office_id"])
    comma = "، " if lang == "fa" else ", "
    return [
        (shown(assumption, 500), comma.join(shown(office) for office in named[group.index[:_MOST_FINDINGS]]))
        for assumption, group in offices[offices[column].notna()].groupby(column, sort=False)
    ][:_MOST_FINDINGS]


def _tiles(contents: _Contents, lang: Language) -> list[dict[str, str]]:
    """Give the three answers at the head: totals, findings, length."""
    results, findings = contents.totals, contents.findings
    agreeing = sum(result.verdict == "agrees" for result in results)
    differing = sum(result.verdict == "differs" for result in results)
    counts = findings["severity"].value_counts()
    errors, warnings = int(counts.get("error", 0)), int(counts.get("warning", 0))
    total = sums(contents.measured).iloc[0]
    kind = f"{contents.inventory.project.project.length}_m"
    tiles = []
    if results:
        tiles.append(
            {
                "state": "bad" if differing else "good" if agreeing == len(results) else "open",
                "label": Text("Recorded totals that agree", "جمع‌های ثبت‌شده که می‌خواند").render(lang),
                "figure": Text("{n} of {all}", "{n} از {all}").render(lang, n=agreeing, all=len(results)),
            }
        )
    tiles.append(
        {
            "state": "bad" if errors or findings.failed else "open" if warnings else "good",
            "label": Text("Findings", "یافته‌ها").render(lang),
            "figure": severity_counts(findings, lang),
        }
    )
    tiles.append(
        {
            "state": "plain",
            "label": Text("Measured length of {routes}", "طول اندازه‌گیری‌شدهٔ {routes}").render(
                lang, routes=_routes(len(contents.measured), lang)
            ),
            "figure": f"{metres(float(total[kind]), lang)} {unit_text('m', lang)}",
        }
    )
    return tiles


def _routes(count: int, lang: Language) -> Text:
    text = counted(count, "route", "routes", "مسیر", lang)
    return Text.literal(text)


def _total(result: TotalResult, lang: Language) -> dict[str, Any]:
    places = decimals(result.unit)
    return {
        "item": shown(result.name(lang)),
        "source": shown(result.source),
        "recorded": number(result.recorded, ",.10g", lang),
        "measured": metres(result.measured, lang, places),
        "std": metres(result.std, lang, places) if result.uncertain else "",
        "bias": metres(result.bias, lang, places) if result.uncertain else "",
        "between": between(result.low, result.high, places, lang) if result.uncertain else "",
        "difference": signed(result.difference, places, lang),
        "tolerance": number(result.tolerance, ",.10g", lang),
        "unit": unit_text(result.unit, lang),
        "verdict": result.verdict,
        "word": VERDICTS[result.verdict].render(lang),
        "remarks": total_remarks(result, lang),
    }


def _lengths(contents: _Contents, lang: Language) -> dict[str, Any]:
    """Give the sums by kind and status, and over all."""
    measured = contents.measured

    def figures(row: Any) -> list[str]:
        return [metres(float(row[name]), lang) for name in (*LENGTHS, "std_m")]

    table = sums(measured, ["kind", "status"])
    rows = [
        {
            "kind": wording("kind", row["kind"], lang) or "—",
            "status": wording("status", row["status"], lang) or "—",
            "routes": number(int(row["routes"]), ",d", lang),
            "figures": figures(row),
        }
        for _, row in table.head(_MOST_GROUPS).iterrows()
    ]
    total = sums(measured).iloc[0]
    return {
        "headings": [text.render(lang) for text in LENGTHS.values()],
        "held": list(LENGTHS).index(f"{contents.inventory.project.project.length}_m"),
        "rows": rows,
        "more": number(max(0, len(table) - _MOST_GROUPS), ",d", lang) if len(table) > _MOST_GROUPS else "",
        "routes": number(int(total["routes"]), ",d", lang),
        "total": figures(total),
        "unmeasured": _without_length(int(total["unmeasured"]), lang),
    }


def _counties(contents: _Contents, lang: Language) -> dict[str, Any] | None:
    """Give the length in each county by kind, the longest first, with the shares of a bar."""
    measured = contents.measured
    if not measured["county"].notna().any():
        return None
    column = f"{contents.inventory.project.project.length}_m"
    table = sums(measured, ["county", "kind"])
    columns = list(
        dict.fromkeys([*(k for k in ("cable", "duct") if (table["kind"] == k).any()), *table["kind"]])
    )[:4]
    whole = table.groupby("county", dropna=False)[column].sum().sort_values(ascending=False, kind="stable")
    widest = float(whole.max()) or 1.0
    english = county_names(contents.inventory) if lang == "en" else {}
    rows = []
    for county, length in whole.head(_MOST_GROUPS).items():
        here = table[_same(table["county"], county)]
        by_kind = [float(here.loc[_same(here["kind"], kind), column].sum()) for kind in columns]
        edges = np.concatenate([[0.0], np.cumsum(by_kind)]) / widest * 100
        rows.append(
            {
                "county": shown(english.get(str(county), county)) or "—",
                "routes": number(int(here["routes"].sum()), ",d", lang),
                "figures": [metres(value, lang) if value else "—" for value in by_kind],
                "total": metres(float(length), lang),
                "bars": [(f"{left:.2f}", f"{right - left:.2f}") for left, right in pairwise(edges.tolist())],
            }
        )
    return {
        "kinds": [wording("kind", kind, lang) or "—" for kind in columns],
        "classes": [
            kind if kind in ROUTES["kind"].codes else f"other-{at}" for at, kind in enumerate(columns)
        ],
        "rows": rows,
        "more": number(len(whole) - _MOST_GROUPS, ",d", lang) if len(whole) > _MOST_GROUPS else "",
    }


def _same(column: pd.Series, value: Any) -> pd.Series:
    return column == value if isinstance(value, str) else column.isna()


def _checks(findings: Findings, lang: Language) -> list[dict[str, Any]]:
    """Sum findings up by check, and show the worst of each."""
    told = worst(findings, None)
    checks = []
    for check in by_check(findings, lang):
        own = told[told["code"] == check.code]
        rows = [
            {
                "severity": finding.severity,
                "word": SEVERITIES[finding.severity].render(lang),
                "layer": layer_label(finding.layer, lang),
                "feature": shown(finding.feature, 60),
                "message": shown(finding.message_fa if lang == "fa" else finding.message, 500),
                "place": place(finding.lon, finding.lat, lang),
            }
            for finding in _rows(own.head(_MOST_FINDINGS))
        ]
        left = len(own) - len(rows) + check.single
        checks.append(
            {
                "code": check.code,
                "title": check.title,
                "severity": check.severity,
                "word": SEVERITIES[check.severity].render(lang),
                # No message to be filled in: its braces are those of TOML.
                "remedy": getattr(findings.pages[check.code].remedy, lang),
                "count": number(check.count, ",d", lang),
                "single": number(check.single, ",d", lang) if check.single else "",
                "where": check.where,
                "rows": rows,
                "more": number(left, ",d", lang) if left else "",
            }
        )
    return checks


def _severities(findings: Findings, checks: list[dict[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Put the checks under the severity of the worst that they found."""
    counts = findings["severity"].value_counts()
    return [
        {
            "severity": severity,
            "word": word.render(lang),
            "count": number(int(counts.get(severity, 0)), ",d", lang),
            "checks": own,
        }
        for severity, word in SEVERITIES.items()
        if (own := [check for check in checks if check["severity"] == severity])
    ]


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples(index=False)


def _not_run(findings: Findings, lang: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give the checks that did not run, together under each reason."""
    reasons: dict[str, list[tuple[str, str]]] = {}
    for code, reason in findings.not_run.items():
        reasons.setdefault(reason.render(lang), []).append((code, findings.pages[code].title.render(lang)))
    return list(reasons.items())


def _method(contents: _Contents, lang: Language) -> list[tuple[str, str]]:
    """Say how each length was taken."""
    inventory, about = contents.inventory, contents.inventory.project.project
    held = LENGTHS[f"{about.length}_m"]
    lines = inventory.routes.geometry.to_numpy()
    return [
        (
            Text("Totals are held against", "مبنای جمع‌ها").render(lang),
            Text("the {kind} length", "طول {kind}").render(lang, kind=Text(held.en.lower(), held.fa)),
        ),
        (
            LENGTHS["geodesic_m"].render(lang),
            Text("on the WGS 84 ellipsoid, vertex to vertex", "روی بیضوی WGS 84، رأس به رأس").render(lang),
        ),
        (LENGTHS["grid_m"].render(lang), _grid(about.crs, lines, lang)),
        (LENGTHS["ground_m"].render(lang), _heights(lines, about.elevation_m, lang)),
        (
            LENGTHS["slope_m"].render(lang),
            Text(
                "the ground length with the difference in height of the vertices; level where heights are missing",
                "طول زمینی همراه با اختلاف ارتفاع رأس‌ها؛ جایی که ارتفاع نیست تراز فرض شده است",
            ).render(lang),
        ),
        (Text("Accuracy of a coordinate (1σ)", "دقت هر مختصه (۱σ)").render(lang), _accuracy(contents, lang)),
        (
            Text("Deviation of a sum", "انحراف معیار جمع").render(lang),
            _together(about.correlation_m, lang),
        ),
    ]


def _grid(crs: str | None, lines: Any, lang: Language) -> str:
    import pyproj  # noqa: PLC0415

    if crs is not None:
        name = pyproj.CRS.from_user_input(crs).name
        return Text("in the plane of {name} ({code})", "در صفحهٔ {name} ({code})").render(
            lang, name=name, code=crs
        )
    zones, counts = np.unique(kinds.utm_zones(lines), return_counts=True)
    per_zone = [
        Text("zone {zone}: {routes}", "زون {zone}: {routes}").render(
            lang, zone=int(zone), routes=_routes(int(count), lang)
        )
        for zone, count in zip(zones, counts, strict=True)
        if zone
    ]
    return (
        Text("in the UTM zone of each route", "در زون UTM هر مسیر").render(lang)
        + (" — " if per_zone else "")
        + ("، " if lang == "fa" else ", ").join(per_zone)
    )


def _heights(lines: Any, elevation_m: float, lang: Language) -> str:
    heighted = int(shapely.has_z(lines).sum())
    if not heighted:
        return Text(
            "the geodesic raised to {h:,.10g} m above the ellipsoid; no vertex has a height of its own",
            "ژئودزیک در ارتفاع {h:,.10g} متر بالای بیضوی؛ هیچ رأسی ارتفاع خود را ندارد",
        ).render(lang, h=elevation_m)
    return Text(
        "the geodesic raised to the ground: heights of the vertices in {n} of {all} {all:route|routes}, else "
        "{h:,.10g} m above the ellipsoid",
        "ژئودزیک در ارتفاع زمین: ارتفاع خود رأس‌ها در {n} مسیر از {all} مسیر، وگرنه {h:,.10g} متر بالای بیضوی",
    ).render(lang, n=heighted, all=len(lines), h=elevation_m)


def _accuracy(contents: _Contents, lang: Language) -> str:
    assumed, count = contents.measured.assumed_accuracy, len(contents.measured)
    stated = contents.inventory.routes["accuracy_m"].to_numpy(dtype=float, na_value=np.nan)
    stated = stated[np.isfinite(stated) & (stated >= 0)]
    parts = []
    if len(stated):
        low, high = (number(float(value), ".4g", lang) for value in (stated.min(), stated.max()))
        to = " تا " if lang == "fa" else " to "
        span = low if low == high else f"{low}{to}{high}"
        parts.append(
            Text(
                "stated by {n} of {routes}: {span} m", "{n} از {routes} خود آن را گفته‌اند: {span} متر"
            ).render(lang, n=count - assumed, routes=_routes(count, lang), span=Text.literal(span))
        )
    if assumed:
        parts.append(
            Text(
                "assumed where it is not stated, {routes}: {a:.4g} m",
                "فرض‌شده برای {routes} که آن را نگفته‌اند: {a:.4g} متر",
            ).render(lang, routes=_routes(assumed, lang), a=contents.inventory.project.project.accuracy_m)
        )
    return ("؛ " if lang == "fa" else "; ").join(parts) or "—"


def _together(correlation_m: float, lang: Language) -> str:
    """Say how the errors of points add up in a sum."""
    if not correlation_m:
        return Text(
            "a point that several routes share was surveyed once; each point errs by itself",
            "نقطه‌ای که چند مسیر در آن شریک‌اند یک بار برداشت شده است؛ خطای هر نقطه مستقل است",
        ).render(lang)
    return Text(
        "a point that several routes share was surveyed once; errors of points d apart are correlated by "
        "exp(−d/{c:,.10g} m)",
        "نقطه‌ای که چند مسیر در آن شریک‌اند یک بار برداشت شده است؛ همبستگی خطای نقطه‌هایی به فاصلهٔ d برابر "
        "exp(−d/{c:,.10g} متر) است",
    ).render(lang, c=correlation_m)


def _without_length(count: int, lang: Language) -> str:
    """Say how many routes have no length; nothing where all have one."""
    if not count:
        return ""
    return Text(
        "{count} {count:route has|routes have} no length: {count:its|their} geometry is missing or broken.",
        "{count} مسیر طولی ندارد: هندسه‌اش نیست یا خراب است.",
    ).render(lang, count=count)


def _left_out(inventory: Inventory, lang: Language) -> list[dict[str, str]]:
    """Give what was delivered and no figure counts."""
    return [
        {
            "source": shown(address(left.source)),
            "layer": shown(left.layer),
            "count": number(left.count, ",d", lang),
            "what": shown(left.what.render(lang), 200),
            "why": shown(left.why.render(lang), 300),
        }
        for left in inventory.left_out
    ]


def _sources(inventory: Inventory, lang: Language) -> list[dict[str, str]]:
    return [
        {
            "path": shown(address(source.path)),
            "layer": shown(source.layer),
            "schema": SCHEMAS[source.schema].label.render(lang),
            "driver": shown(source.driver),
            "crs": shown(source.crs, 80),
            "encoding": shown(source.encoding),
            "features": number(source.features, ",d", lang),
        }
        for source in inventory.sources
    ]
