"""Sentences that the terminal and the report have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.language import Language, Text, number
from gis.publish.wording.figures import SEVERITIES, counted, is_missing, layer_label, shown
from gis.totals import assumed, remarks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gis.checks.findings import Findings
    from gis.lengths.measured import Measured
    from gis.project import Severity
    from gis.totals import TotalResult


def total_remarks(result: TotalResult, lang: Language) -> list[str]:
    """
    Say what must be known of a total beside its figures.

    Parameters
    ----------
    result
        The total.
    lang
        The language.

    Returns
    -------
    list of str
        A sentence each: what it leaves out and assumes, and what would decide an undecided total.
    """
    item = shown(result.name(lang))
    return [
        Text("{item}: {remark}.", "{item}: {remark}.").render(lang, item=item, remark=remark)
        for remark in remarks(result)
    ]


def assumptions(measured: Measured, lang: Language) -> list[str]:
    """
    Say what was assumed of routes to tell how well their lengths are known.

    Parameters
    ----------
    measured
        As `gis.measure` gives them.
    lang
        The language.

    Returns
    -------
    list of str
        A sentence each; none where every route states its accuracy.
    """
    count = getattr(measured, "assumed_accuracy", 0)
    if not count:
        return []
    clause = assumed(count, len(measured), measured.accuracy_m).render(lang)
    return [f"{clause[0].upper()}{clause[1:]}."]


def looked_at(findings: Findings, lang: Language) -> str:
    """
    Say how many findings there are, and over what.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language.

    Returns
    -------
    str
        Such as “No findings: 56 checks over 3 layers, 214 features”.
    """
    looked = findings.looked_at
    layers = sum(1 for features in looked.values() if features)
    over = Text("{checks} over {layers}, {features}", "{checks} روی {layers} و {features}").render(
        lang,
        checks=_plain(counted(len(findings.ran), "check", "checks", "بررسی", lang)),
        layers=_plain(counted(layers, "layer", "layers", "لایه", lang)),
        features=_plain(counted(int(sum(looked.values())), "feature", "features", "عارضه", lang)),
    )
    if not len(findings):
        return Text("No findings: {over}.", "یافته‌ای نیست: {over}.").render(lang, over=_plain(over))
    single, causes = int(findings.single.sum()), int(findings.causes.sum())
    told = Text(
        ", {single} of them told by {causes} {causes:cause|causes}",
        "، که {single} مورد آن را {causes} علت می‌گوید",
    ).render(lang, single=single, causes=causes)
    return f"{severity_counts(findings, lang, SEVERITIES)}{told if causes else ''}: {over}."


def severity_counts(
    findings: Findings, lang: Language, severities: Iterable[Severity] = ("error", "warning")
) -> str:
    """
    Say how many findings there are of each severity.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language.
    severities
        The severities to name.

    Returns
    -------
    str
        “2 errors, 1 warning”.
    """
    counts = findings["severity"].value_counts()
    plurals = {"error": "errors", "warning": "warnings", "info": "notes"}
    words = [
        counted(int(counts.get(name, 0)), SEVERITIES[name].en, plurals[name], SEVERITIES[name].fa, lang)
        for name in severities
    ]
    return ("، " if lang == "fa" else ", ").join(words)


def feature_label(layer: str, feature: str, lang: Language) -> str:
    """
    Name a feature with its layer.

    Parameters
    ----------
    layer
        A canonical layer, or a file.
    feature
        Its id or record number; empty where the layer as a whole is meant.
    lang
        The language.

    Returns
    -------
    str
        “Routes R-17”.
    """
    return f"{layer_label(layer, lang)} {shown(feature, 60)}".strip()


def place(lon: float, lat: float, lang: Language, places: int = 6) -> str:
    """
    Write a position.

    Parameters
    ----------
    lon, lat
        WGS 84 degrees; not-a-number where there is no place.
    lang
        The language of the digits.
    places
        Decimals of a degree.

    Returns
    -------
    str
        Latitude and longitude as ISO 6709 orders them, or nothing.
    """
    if is_missing(lon) or is_missing(lat) or not (np.isfinite(lon) and np.isfinite(lat)):
        return ""
    comma = "، " if lang == "fa" else ", "
    return comma.join(number(float(value), f".{places}f", lang) for value in (lat, lon))


def _plain(text: str) -> Text:
    """Let words of our own stand in a sentence without the isolates that a value gets."""
    return Text.literal(text)
