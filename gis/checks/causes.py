"""
Causes: what many findings of one layer have in common, told once.

Of the findings that may have a cause in common (`gis/checks/causes.toml`), the smallest of a layer are its core, as
many as it takes to be `_LEAST` findings on `_SHARE` of the layer's features. A core that holds together is a cause.
From it the cause grows upwards as long as the next amount is within so many median absolute deviations of the median of
what it has, in logarithms (Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013), and never past what such a cause explains
at most. What lies beyond is an outlier, and a finding of its own. Only values count, never their order.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from gis.address import address
from gis.checks.findings import messages, one_row
from gis.checks.registry import pages
from gis.inventory import ORIGIN
from gis.language import Text, show
from gis.project import Severity
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gis.checks.registry import Found, Page
    from gis.inventory import Inventory

# So many findings, on so large a part of the layer, have no longer one reason each.
_LEAST, _SHARE = 20, 0.2
# How many deviations from the median belong to the bulk, and what makes a MAD a standard deviation.
_DEVIATIONS, _MAD = 3.5, 1.4826
# However alike the amounts are, half as much again is no outlier.
_SPREAD = 1.5
_EXAMPLES = 3
# A tolerance is proposed with so many figures.
_FIGURES = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What findings can have in common.

    Attributes
    ----------
    name
        What pages call it.
    setting
        The tolerance of the project that it turns on.
    within
        How many times the limit it explains at most.
    severity
        How bad it is, told once.
    grades
        Severity to how many times the limit a single finding must pass to be so bad, the lowest first.
    message
        What it says.
    """

    name: str
    setting: str
    within: float
    severity: Severity
    grades: Mapping[Severity, float]
    message: Text


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What a check found in one layer, and the table of it.

    Attributes
    ----------
    page
        The check's page.
    found
        What it found.
    table
        As `gis.checks.findings.tabulate` gives it.
    """

    page: Page
    found: Found
    table: dict[str, Any]


@cache
def kinds() -> dict[str, Kind]:
    """
    Read what findings can have in common.

    Returns
    -------
    dict
        Name to kind.
    """
    read = tomllib.loads((files("gis.checks") / "causes.toml").read_text("utf-8"))
    return {
        name: Kind(
            name=name,
            setting=entry["setting"],
            within=entry.get("within", np.inf),
            severity=entry["severity"],
            grades=dict(sorted(entry.get("grades", {}).items(), key=lambda grade: grade[1])),
            message=Text(**entry["message"]),
        )
        for name, entry in read.items()
    }


def ratios(page: Page, found: Found, count: int) -> NDArray[np.float64]:
    """
    Give by how much findings pass what is allowed.

    Parameters
    ----------
    page
        The check's page, which names a cause.
    found
        What it found.
    count
        How many findings that is.

    Returns
    -------
    numpy.ndarray
        (n,) the amount of each, in limits.
    """
    amount, limit = (np.asarray(found.fields[name], dtype=float) for name in (page.amount, page.limit))
    return np.array(np.broadcast_to(amount / limit, count))


def graded(page: Page, found: Found, count: int) -> list[Severity]:
    """
    Give how bad each finding is by itself: the more it passes what is allowed, the worse.

    Parameters
    ----------
    page
        The check's page.
    found
        What it found.
    count
        How many findings that is.

    Returns
    -------
    list of str
        (n,) severities; the page's own where it is measured on no scale.
    """
    grades = kinds()[page.cause].grades if page.cause else {}
    if not grades:
        return [page.severity] * count
    names = list(grades)
    step = np.searchsorted(list(grades.values()), ratios(page, found, count), side="left")
    return [names[max(at - 1, 0)] for at in step]


def bulk(
    amounts: NDArray[np.float64], features: NDArray[np.intp], population: int, within: float = np.inf
) -> NDArray[np.bool_]:
    """
    Tell which of a layer's findings have one cause.

    Parameters
    ----------
    amounts
        (n,) how much each is, above 0.
    features
        (n,) the feature that each is about.
    population
        How many features the layer has.
    within
        The largest amount that such a cause explains.

    Returns
    -------
    numpy.ndarray
        (n,) those that are of it; none where they are too few or do not hold together.
    """
    none = np.zeros(len(amounts), dtype=bool)
    fit = np.isfinite(amounts) & (amounts > 0) & (amounts <= within)
    least = pd.Series(amounts[fit]).groupby(features[fit]).min().sort_values().to_numpy()
    needed = max(int(np.ceil(_SHARE * population)), 1)
    ordered = np.sort(amounts[fit])
    if len(ordered) < _LEAST or len(least) < needed:
        return none
    core = max(ordered[_LEAST - 1], least[needed - 1])
    if core > _limit(ordered[ordered <= core]):
        return none
    reached = core
    while (limit := _limit(ordered[ordered <= reached])) > reached:
        grown = ordered[ordered <= limit][-1]
        if grown <= reached:
            break
        reached = grown
    return np.asarray(fit & (amounts <= reached))


def _limit(amounts: NDArray[np.float64]) -> float:
    """Give up to where amounts are of one kind with these."""
    logarithms = np.log(amounts)
    middle = np.median(logarithms)
    spread = _DEVIATIONS * _MAD * np.median(np.abs(logarithms - middle))
    return float(np.exp(middle + max(spread, np.log(_SPREAD))))


def gathered(
    inventory: Inventory, entries: Sequence[Entry], chosen: Mapping[str, Severity]
) -> list[dict[str, Any]]:
    """
    Gather what has one cause.

    Parameters
    ----------
    inventory
        The survey.
    entries
        What the checks found. Their tables are changed: what belongs to a cause becomes a note and names it.
    chosen
        Code to the severity that the project gives it, which then is its cause's.

    Returns
    -------
    list of dict
        The tables, and before the first of a cause's own check one with the row that tells it.
    """
    told: dict[str, list[dict[str, Any]]] = {}
    for (name, _), several in _by_cause(entries).items():
        for members in _of_one_layer(inventory, kinds()[name], several):
            row = _row(inventory, kinds()[name], members, chosen)
            told.setdefault(row["code"][0], []).append(row)
    tables: list[dict[str, Any]] = []
    for entry in entries:
        tables += told.pop(entry.page.code, [])
        tables.append(entry.table)
    return tables


def _by_cause(entries: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Put together what may have one cause: name and layer to what was found."""
    together: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.page.cause and entry.found.layer in SCHEMAS and entry.found.rows is not None:
            together.setdefault((entry.page.cause, entry.found.layer), []).append(entry)
    return together


def _of_one_layer(inventory: Inventory, kind: Kind, entries: Sequence[Entry]) -> list[pd.DataFrame]:
    """Give the findings of each cause: where each stands (entry, at), what it is about, how much, and its ratio."""
    layer = inventory.layer(entries[0].found.layer)  # type: ignore[arg-type]
    parts = []
    for entry in entries:
        page, found, rows = entry.page, entry.found, np.asarray(entry.found.rows)
        part = pd.DataFrame({"at": np.arange(len(rows)), "row": rows})
        part["entry"] = pd.Series([entry] * len(rows), dtype=object)
        part["amount"] = entry.table["amount"]
        part["limit"] = np.broadcast_to(np.asarray(found.fields[page.limit], dtype=float), len(rows))
        part["ratio"] = ratios(page, found, len(rows))
        parts.append(part)
    findings = pd.concat(parts, ignore_index=True)
    origin = layer[list(ORIGIN[:2])].fillna("").astype(str).reset_index(drop=True)
    findings = findings.join(origin, on="row")
    findings = findings[layer["record"].notna().to_numpy(dtype=bool)[findings["row"]]]
    sizes = origin.value_counts()
    found_in = []
    for key, group in findings.groupby(list(ORIGIN[:2]), sort=True):
        size = int(sizes[key])
        own = bulk(group["ratio"].to_numpy(), group["row"].to_numpy(), size, kind.within)
        if own.any():
            found_in.append(group[own].assign(share=group.loc[own, "row"].nunique() / size))
    return found_in


def _row(
    inventory: Inventory, kind: Kind, members: pd.DataFrame, chosen: Mapping[str, Severity]
) -> dict[str, Any]:
    """Tell a cause, and mark what is of it."""
    source, within = members["source"].iloc[0], members["source_layer"].iloc[0]
    members = members.assign(
        feature=[
            entry.table["feature"][at] for entry, at in zip(members["entry"], members["at"], strict=True)
        ],
        code=[entry.page.code for entry in members["entry"]],
    )
    counts = members["code"].value_counts()
    code = min(counts.index[counts == counts.max()])
    key = ":".join([kind.name, members["entry"].iloc[0].found.layer, address(source), within])
    lowest = list(get_args(Severity))[-1]
    for entry, at in zip(members["entry"], members["at"].tolist(), strict=True):
        entry.table["cause"][at] = key
        entry.table["severity"][at] = lowest
    worst = members.sort_values(["ratio", "code", "feature"], ascending=[False, True, True], kind="stable")
    named = worst["feature"].drop_duplicates().head(_EXAMPLES).tolist()
    examples = Text.literal(", ".join(named), "، ".join(show(name, "", "fa") for name in named))
    used = float(getattr(inventory.project.checks, kind.setting))
    settled = _rounded_up(used + float((members["amount"] - members["limit"]).max()))
    fields = {
        "count": len(members),
        "features": members["row"].nunique(),
        "share": float(members["share"].iloc[0]),
        "low": float(members["amount"].min()),
        "high": float(members["amount"].max()),
        "used": used,
        "now": f"{kind.setting} = {used:.10g}",
        "instead": f"{kind.setting} = {settled:.10g}",
        "examples": examples,
    }
    page, first = pages()[code], worst.iloc[0]
    shown = first["entry"].table
    at = int(first["at"])
    return one_row(
        {
            "code": code,
            "name": page.name,
            "severity": chosen.get(code, kind.severity),
            "layer": first["entry"].found.layer,
            "feature": "",
            "message": messages(kind.message, "en", 1, fields)[0],
            "message_fa": messages(kind.message, "fa", 1, fields)[0],
            "fixable": False,
            "cause": key,
            "amount": fields["high"],
            "lon": shown["lon"][at],
            "lat": shown["lat"][at],
            "source": source,
            "source_layer": within,
            "record": None,
        }
    )


def _rounded_up(value: float) -> float:
    """Round a tolerance up to two figures."""
    step = 10.0 ** (np.floor(np.log10(value)) - _FIGURES + 1)
    return float(np.ceil(value / step - 1e-9) * step)
