"""Tables for the terminal: lengths, totals, findings, deliveries, ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gis.address import address
from gis.language import Language, Text, number
from gis.publish.tables.lengths import COUNTS, chosen, column_heading, is_figure, total_row
from gis.publish.tables.totals import FIGURES, ITEM, TITLE, UNIT, VERDICT
from gis.publish.wording.figures import (
    SEVERITIES,
    between,
    decimals,
    is_missing,
    layer_label,
    metres,
    shown,
    signed,
    sums,
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
    WORST,
    by_check,
    worst,
)
from gis.publish.wording.sentences import assumptions, feature_label, looked_at, place, total_remarks
from gis.schema import ROUTES
from gis.totals import RULE, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from gis.checks.findings import Findings
    from gis.documents import InspectDocument, InspectedDialect, InspectedLayer, LeftOutEntry
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.network.tracing import Trace
    from gis.totals import TotalResult

# Nobody reads more than a thousand rows on a terminal; of longer tables so many show what they are like.
_GLIMPSE = 40
_VERDICT_STYLES = {"agrees": ("✓", "green"), "differs": ("✗", "bold red"), "undecided": ("?", "yellow")}
# Both ends of an interval stand in one column.
_ENDS = ("low", "high")
_SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def lengths_table(
    measured: Measured,
    lang: Language = "en",
    *,
    by: str | None = None,
    length: str | None = None,
    rows: int = 1000,
) -> Table:
    """
    Lay lengths out for a terminal.

    Parameters
    ----------
    measured
        Lengths as `gis.measure` gives them, a row a route.
    lang
        The language.
    by
        Sum by this column; None for a row a route.
    length
        The one length to show (``"geodesic_m"``); None for all.
    rows
        How many rows at most. Of a longer table the first few are shown, and a last line says how many more there
        are.

    Returns
    -------
    rich.table.Table
        The table, with a row of totals.
    """
    from rich.text import Text as Line  # noqa: PLC0415

    count = len(measured) if by is None else measured[by].nunique(dropna=False)
    laid_out = count if count <= rows else min(rows, _GLIMPSE)
    table = chosen(measured.head(laid_out) if by is None else measured, by, length)
    # What a terminal has no room for is in the CSV.
    names = [n for n in table.columns if n not in {"bias_m", "slack_m", "recorded_length_m", "provenance"}]
    if by is None:
        names = [n for n in names if n not in {"county", "office_id"}]
    laid = grid()
    for name in names:
        add_column(laid, column_heading(name, lang), figure=is_figure(name))
    for row in table[names].head(laid_out).itertuples(index=False):
        laid.add_row(*(_worded(name, value, lang) for name, value in zip(names, row, strict=True)))
    total = sums(measured)
    laid.add_section()
    last = [
        _worded(name, value, lang) for name, value in zip(names, total_row(total, names, lang), strict=True)
    ]
    laid.add_row(*last, style="bold")
    said = [_more(count - laid_out, lang, "csv")] if count > laid_out else []
    said += assumptions(measured, lang)
    if said:
        laid.caption = Line("\n".join(said))
    return laid


def totals_table(results: Sequence[TotalResult], lang: Language = "en") -> RenderableType:
    """
    Lay recorded against measured out for a terminal.

    Parameters
    ----------
    results
        As `gis.totals.reconcile` gives them.
    lang
        The language.

    Returns
    -------
    rich.console.RenderableType
        The table, or a line where the project names no totals.
    """
    from rich.text import Text as Line  # noqa: PLC0415

    if not results:
        return Line(Text("The project names no totals.", "پروژه جمع ثبت‌شده‌ای ندارد.").render(lang))
    laid = grid(title=TITLE.render(lang))
    add_column(laid, ITEM.render(lang))
    for name, heading in FIGURES.items():
        if name not in _ENDS:
            add_column(laid, heading.render(lang), figure=True)
        elif name == "low":
            add_column(laid, Text("Really between", "اختلاف واقعی").render(lang), figure=True)
    add_column(laid, UNIT.render(lang))
    add_column(laid, VERDICT.render(lang))
    laid.columns[-1].no_wrap = True  # its sign and its word are one
    for result in results:
        places = decimals(result.unit)
        symbol, style = _VERDICT_STYLES[result.verdict]
        uncertain = result.uncertain
        laid.add_row(
            Line(shown(result.name(lang))),
            number(result.recorded, ",.10g", lang),
            metres(result.measured, lang, places),
            metres(result.std, lang, places) if uncertain else "",
            metres(result.bias, lang, places) if uncertain else "",
            signed(result.difference, places, lang),
            between(result.low, result.high, places, lang).replace(" … ", " …\n") if uncertain else "",
            number(result.tolerance, ",.10g", lang),
            unit_text(result.unit, lang),
            Line(f"{symbol} {VERDICTS[result.verdict].render(lang)}", style=style),
        )
    said = [remark for result in results for remark in total_remarks(result, lang)]
    laid.caption = Line("\n".join([*said, RULE.render(lang)]))
    return laid


def findings_table(
    findings: Findings, lang: Language = "en", *, rows: int = 500, each: int | None = WORST
) -> RenderableType:
    """
    Lay findings out for a terminal.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language.
    rows
        How many findings at most; a line says how many more there are.
    each
        How many of each check, the worst, besides what tells a cause; None for every finding, the gravest first.

    Returns
    -------
    rich.console.RenderableType
        What each check found, in a row, then findings; what was looked at, and which checks did not run and why.
    """
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text as Line  # noqa: PLC0415

    parts: list[RenderableType] = []
    if len(findings):
        parts.append(_checks_table(findings, lang))
        listed: Any
        if each is None:
            rank = findings["severity"].map({name: at for at, name in enumerate(SEVERITIES)})
            listed = findings.table.loc[rank.sort_values(kind="stable").index]
        else:
            listed = worst(findings, each)
        parts.append(_findings_list(listed.head(rows), lang))
        left = len(findings) - min(len(listed), rows)
        if left:
            more = Text(
                "… and {count} more; --all shows them, --format csv has all of them",
                "… و {count} مورد دیگر؛ ‎--all‎ نشانشان می‌دهد و همه در ‎--format csv‎ هست",
            )
            parts.append(Line(more.render(lang, count=left), style="dim"))
    parts.append(Line(looked_at(findings, lang), style="bold"))
    not_run = findings.not_run
    if not_run:
        reasons = "; ".join(f"{code} ({reason.render(lang)})" for code, reason in not_run.items())
        parts.append(Line(Text("Not run: ", "اجرانشده: ").render(lang) + reasons, style="dim"))
    if findings.unjudged:
        counts = "; ".join(
            f"{code} ({UNJUDGED.render(lang, count=count)})" for code, count in findings.unjudged.items()
        )
        parts.append(Line(counts, style="dim"))
    for code, why in findings.failed.items():
        failed = Text("Check failed", "بررسی از کار افتاد").render(lang)
        parts.append(Line(f"{failed}: {code}: {shown(why)}", style="bold red"))
    return Group(*parts)


def _checks_table(findings: Findings, lang: Language) -> Table:
    """Lay out what each check found, a row a check."""
    from rich.text import Text as Line  # noqa: PLC0415

    checks = by_check(findings, lang)
    laid = grid()
    add_column(laid, SEVERITY.render(lang))
    add_column(laid, CODE.render(lang))
    add_column(laid, CHECK.render(lang), fold=True)
    add_column(laid, HOW_MANY.render(lang), figure=True)
    gathered = any(check.single for check in checks)
    if gathered:
        add_column(laid, OF_A_CAUSE.render(lang), figure=True)
    add_column(laid, WHERE_MOST.render(lang))
    add_column(laid, EXPLAINED_BY.render(lang))
    for check in checks:
        single = [number(check.single, ",d", lang) if check.single else ""] if gathered else []
        laid.add_row(
            Line(SEVERITIES[check.severity].render(lang), style=_SEVERITY_STYLES[check.severity]),
            check.code,
            Line(check.title),
            number(check.count, ",d", lang),
            *single,
            Line(check.where),
            f"fibre explain {check.code}",
        )
    return laid


def _findings_list(listed: Any, lang: Language) -> Table:
    """Lay out findings, a row each."""
    from rich.text import Text as Line  # noqa: PLC0415

    laid = grid()
    for heading in (SEVERITY, CODE, Text("Feature", "عارضه"), Text("Finding", "یافته"), Text("Place", "جا")):
        add_column(laid, heading.render(lang), fold=heading.en == "Finding")
    for finding in listed.itertuples(index=False):
        laid.add_row(
            Line(SEVERITIES[finding.severity].render(lang), style=_SEVERITY_STYLES[finding.severity]),
            finding.code,
            Line(feature_label(finding.layer, finding.feature, lang)),
            Line(shown(finding.message_fa if lang == "fa" else finding.message, 500)),
            place(finding.lon, finding.lat, lang, 5),
        )
    return laid


def inspection_tables(document: InspectDocument, lang: Language = "en") -> list[RenderableType]:
    """
    Lay out for a terminal what is in a delivery.

    Parameters
    ----------
    document
        As `gis.inspect` gives it.
    lang
        The language.

    Returns
    -------
    list of rich.console.RenderableType
        For each file its name, then for each of its layers the facts and the columns.
    """
    from rich.text import Text as Line  # noqa: PLC0415

    parts: list[RenderableType] = []
    if (dialect := document.dialect) is not None:
        parts.append(Line(shown(_dialect(dialect, lang), 500)))
    for file in document.files:
        parts.append(Line(shown(address(file.path)), style="bold underline"))
        for layer in file.layers:
            parts += [_layer_facts(layer, lang), _layer_columns(layer, lang)]
    return parts


def _dialect(dialect: InspectedDialect, lang: Language) -> str:
    """Say which program wrote a delivery, and what tells it."""
    if not dialect.by:
        return Text(
            "Read as {title}, as the project file says", "به گفتهٔ فایل پروژه به زبان {title} خوانده شد"
        ).render(lang, title=dialect.title)
    by = "; ".join(f"{layer} ({', '.join(columns)})" for layer, columns in dialect.by.items())
    return Text("Written by {title}, told by {by}", "نوشتهٔ {title} است؛ نشانه‌اش {by}").render(
        lang, title=dialect.title, by=by
    )


def _layer_facts(layer: InspectedLayer, lang: Language) -> Table:
    from rich.text import Text as Line  # noqa: PLC0415

    believed = layer.crs_believed or Text("unknown", "نامعلوم").render(lang)
    if layer.axes_swapped:
        believed += Text(", axes swapped", "، محورها جابه‌جا").render(lang)
    facts = grid(title=Line(shown(layer.layer), style="bold"), headed=False)
    add_column(facts, "", style="dim")
    add_column(facts, "", fold=True)
    rows: list[tuple[Text, str]] = [
        (Text("Understood as", "شناخته‌شده به‌عنوان"), _understood(layer, lang)),
        (Text("Format", "قالب"), layer.driver),
        (Text("Features", "تعداد عارضه"), number(layer.features, ",d", lang)),
        (Text("Geometry", "هندسه"), ", ".join(layer.geometry_types)),
        (
            Text("CRS declared", "سیستم مختصات اعلام‌شده"),
            layer.crs_declared or Text("none", "ندارد").render(lang),
        ),
        (Text("CRS believed", "سیستم مختصات پذیرفته‌شده"), believed),
        (Text("Encoding", "کدگذاری متن"), layer.encoding),
        (Text("Evidence", "شواهد"), layer.evidence),
        (Text("To be reported", "یافته‌های خواندن"), ", ".join(layer.notes)),
        *((Text("Left out", "کنار گذاشته‌شده"), _left_out(one, layer, lang)) for one in layer.left_out),
    ]
    for label, value in rows:
        if not value:
            continue
        facts.add_row(label.render(lang), Line(shown(value, 500)))
    return facts


def _left_out(left: LeftOutEntry, layer: InspectedLayer, lang: Language) -> str:
    """Say what no figure will count; where it is, too, where that is not the layer itself."""
    said = f"{number(left.count, ',d', lang)} {left.what}: {left.why}"
    return said if left.layer == layer.layer else f"{address(left.source)} {left.layer}".strip() + f": {said}"


def _understood(layer: InspectedLayer, lang: Language) -> str:
    if layer.listed:
        return Text("a list, no layer", "فهرست است، نه لایه").render(lang)
    return _schema_label(layer.goes_into, lang)


def _layer_columns(layer: InspectedLayer, lang: Language) -> Table:
    from rich.text import Text as Line  # noqa: PLC0415

    columns = grid()
    for heading in (
        Text("Column", "ستون"),
        Text("Taken from", "از ستونِ"),
        Text("Other candidates", "نامزدهای دیگر"),
    ):
        add_column(columns, heading.render(lang), fold=True)
    ask = Text("decide: which one?", "تصمیم با شما: کدام؟").render(lang)
    for name in dict.fromkeys([*layer.columns, *layer.set, *layer.ambiguous, *layer.alternatives]):
        others = [
            *layer.ambiguous.get(name, ()),
            *(
                f"{guess.column} ({number(guess.score, '.0%', lang)})"
                for guess in layer.alternatives.get(name, ())
            ),
        ]
        taken = layer.columns.get(name, f"= {layer.set[name]}" if name in layer.set else "")
        undecided = name in layer.ambiguous and not taken
        cell = Line(ask, style="yellow") if undecided else Line(shown(taken))
        columns.add_row(name, cell, Line(shown(", ".join(others), 300)))
    if layer.further:
        left = Text("Not taken: {names}", "برداشته‌نشده: {names}")
        columns.caption = Line(left.render(lang, names=shown(", ".join(layer.further), 300)))
    return columns


def _schema_label(name: str | None, lang: Language) -> str:
    if name is None:
        return Text("none of the layers", "هیچ‌یک از لایه‌ها").render(lang)
    return layer_label(name, lang)


def _worded(name: str, value: Any, lang: Language) -> Any:
    """Write one value of a terminal's table; text is never taken for markup."""
    from rich.text import Text as Line  # noqa: PLC0415

    if not is_figure(name) or isinstance(value, str):
        return Line(wording(name, value, lang))
    if is_missing(value):
        return "—"
    return number(int(value), ",d", lang) if name in COUNTS else metres(float(value), lang)


def grid(title: Any = None, *, headed: bool = True) -> Table:
    """
    Begin a table of the terminal.

    Parameters
    ----------
    title
        What stands above it.
    headed
        Whether its columns have headings.

    Returns
    -------
    rich.table.Table
        An empty table in the style of all.
    """
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    return Table(
        title=title,
        box=box.SIMPLE_HEAD,
        show_header=headed,
        title_justify="left",
        caption_justify="left",
        pad_edge=False,
    )


def add_column(
    table: Table, heading: str, *, figure: bool = False, fold: bool = False, style: str = ""
) -> None:
    """
    Add a column to a table of the terminal.

    Parameters
    ----------
    table
        The table.
    heading
        The column's heading.
    figure
        Whether it holds figures, which are set to the right and never broken.
    fold
        Whether it takes what room the others leave.
    style
        A style of rich.
    """
    # Words of a heading stand below each other, so that the figures under it keep their room.
    table.add_column(
        heading.replace(" ", "\n") if figure else heading,
        justify="right" if figure else "left",
        vertical="middle",
        no_wrap=figure,
        overflow="fold",
        min_width=None if figure else min(len(heading), 8),
        ratio=1 if fold else None,
        style=style,
    )


def _more(count: int, lang: Language, form: str) -> str:
    return Text(
        "… and {count} more; --format {form} has all of them",
        "… و {count} مورد دیگر؛ همه در --format {form} هست",
    ).render(lang, count=count, form=form)


def trace_table(way: Trace, lang: Language = "en") -> RenderableType:
    """
    Lay the way from an office to its exchange out for the terminal.

    Parameters
    ----------
    way
        As `gis.trace` gives it.
    lang
        The language.

    Returns
    -------
    rich renderable
        A row a stretch, the sum, and the manholes passed.
    """
    from rich.text import Text as Line  # noqa: PLC0415

    title = Text("{office} → {exchange}", "{office} ← {exchange}").render(
        lang, office=way.office, exchange=way.exchange
    )
    table = grid(Line(title))
    for heading, figure in (
        (ROUTES["route_id"].label, False),
        (ROUTES["kind"].label, False),
        (Text("Length (m)", "طول (متر)"), True),
    ):
        add_column(table, heading.render(lang), figure=figure)
    for leg in way.legs:
        table.add_row(Line(leg.route), wording("kind", leg.kind, lang), metres(leg.length_m, lang))
    table.add_section()
    table.add_row(Text("Total", "جمع").render(lang), "", metres(way.length_m, lang))
    if way.passed:
        told = Text("Manholes passed: {names}", "حوضچه‌های سر راه: {names}")
        table.caption = Line(told.render(lang, names=", ".join(way.passed)))
    return table
