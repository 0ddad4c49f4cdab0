"""The way from an office to its exchange, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.language import Text
from gis.publish import tables
from gis.publish.wording.figures import metres, wording
from gis.schema import ROUTES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gis.language import Language
    from gis.network.tracing import Trace


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
    table = tables.grid(Line(title))
    for heading, figure in (
        (ROUTES["route_id"].label, False),
        (ROUTES["kind"].label, False),
        (Text("Length (m)", "طول (متر)"), True),
    ):
        tables.add_column(table, heading.render(lang), figure=figure)
    for leg in way.legs:
        table.add_row(Line(leg.route), wording("kind", leg.kind, lang), metres(leg.length_m, lang))
    table.add_section()
    table.add_row(Text("Total", "جمع").render(lang), "", metres(way.length_m, lang))
    if way.passed:
        told = Text("Manholes passed: {names}", "حوضچه‌های سر راه: {names}")
        table.caption = Line(told.render(lang, names=", ".join(way.passed)))
    return table
