"""Findings as SARIF 2.1.0, for code hosts and editors."""

from __future__ import annotations

import json
import math
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gis.address import address
from gis.publish.wording.overview import UNJUDGED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.checks.findings import Findings
    from gis.checks.registry import Page
    from gis.inventory import Source
    from gis.language import Language

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(findings: Findings, sources: Sequence[Source], lang: Language = "en") -> dict[str, Any]:
    """
    Put findings into the Static Analysis Results Interchange Format.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    sources
        The sources of the survey, all of which the log lists.
    lang
        The language of rules and messages.

    Returns
    -------
    dict
        A SARIF 2.1.0 log (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): a rule for each check that ran or
        failed, a result for each finding with its layer and feature as logical locations, the file it is in,
        and ``lon``, ``lat`` (WGS 84 degrees) as properties.
    """
    from gis.version import __version__  # noqa: PLC0415

    failed = findings.failed
    codes = sorted({*findings.ran, *failed, *findings["code"]}, key=list(findings.pages).index)
    artifacts = {address(source.path): at for at, source in enumerate(_distinct(sources))}
    results = [
        _result(finding, codes.index(finding.code), artifacts, lang)
        for finding in findings.itertuples(index=False)
    ]
    notifications = [
        {
            "level": "error",
            "message": {"text": text},
            "associatedRule": {"id": code, "index": codes.index(code)},
        }
        for code, text in failed.items()
    ] + [
        {
            "level": "note",
            "message": {"text": UNJUDGED.render(lang, count=count)},
            "associatedRule": {"id": code, "index": codes.index(code)},
        }
        for code, count in findings.unjudged.items()
    ]
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fibre-gis",
                        "semanticVersion": __version__,
                        "language": lang,
                        "rules": [_rule(findings.pages[code], lang) for code in codes],
                    }
                },
                "language": lang,
                "invocations": [
                    {"executionSuccessful": not failed, "toolExecutionNotifications": notifications},
                ],
                "artifacts": [{"location": {"uri": _uri(name)}} for name in artifacts],
                "results": results,
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def sarif_json(findings: Findings, sources: Sequence[Source], lang: Language = "en") -> bytes:
    """
    Write findings as a SARIF file.

    Parameters
    ----------
    findings, sources, lang
        As for `sarif`.

    Returns
    -------
    bytes
        JSON in UTF-8.
    """
    log = sarif(findings, sources, lang)
    return (json.dumps(log, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def _rule(page: Page, lang: Language) -> dict[str, Any]:
    from gis.checks.registry import FAMILIES  # noqa: PLC0415

    return {
        "id": page.code,
        "name": "".join(word.capitalize() for word in page.name.split("-")),
        "shortDescription": {"text": page.title.render(lang)},
        "fullDescription": {"text": page.looks_for.render(lang)},
        "help": {"text": f"{getattr(page.matters, lang)}\n\n{getattr(page.remedy, lang)}"},
        "defaultConfiguration": {"level": _LEVELS[page.severity]},
        "properties": {"tags": [FAMILIES.get(page.code[0], "project")], "fix": page.fix or "none"},
    }


def _result(finding: Any, rule: int, artifacts: dict[str, int], lang: Language) -> dict[str, Any]:
    named = f"{finding.layer}/{finding.feature}" if finding.feature else finding.layer
    location: dict[str, Any] = {
        "logicalLocations": [
            {
                "name": finding.feature or finding.layer,
                "fullyQualifiedName": named,
                "kind": "object" if finding.feature else "module",
            }
        ]
    }
    if finding.source:
        file = address(finding.source)
        place = {"uri": _uri(file), "index": artifacts[file]} if file in artifacts else {"uri": _uri(file)}
        location["physicalLocation"] = {"artifactLocation": place}
    properties: dict[str, Any] = {"fixable": bool(finding.fixable)}
    if math.isfinite(finding.lon) and math.isfinite(finding.lat):
        properties |= {"lon": finding.lon, "lat": finding.lat}
    if finding.cause:
        properties["cause"] = finding.cause
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message_fa if lang == "fa" else finding.message},
        "locations": [location],
        "properties": properties,
    }


def _distinct(sources: Sequence[Source]) -> list[Source]:
    """Give one source for each file."""
    return list({address(source.path): source for source in sources}.values())


def _uri(path: str) -> str:
    """Write a path as a URI reference (RFC 3986), relative as it was given."""
    if "://" in path:
        return quote(path, safe=":/?#[]@!$&'()*+,;=%-._~")
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix(), safe="/-._~")
