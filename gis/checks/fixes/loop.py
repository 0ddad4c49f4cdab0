"""Putting faults right on a copy of the survey, and keeping only what makes no new fault."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.checks import examine, pages
from gis.checks.evidence.context import Context
from gis.checks.fixes.change import Change
from gis.checks.fixes.repairs import REPAIRS, apply, moved_m, unaffected
from gis.checks.registry import finders
from gis.checks.rules.attributes import CHANGE_LOG
from gis.lengths import geodesic
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from gis.checks.registry import Found
    from gis.inventory import Inventory
    from gis.schema import LayerName

COLUMNS = ("code", "layer", "feature", "what", "what_fa", "moved_m", "length_before_m", "length_after_m")
# Joining one pair may make the next possible; a survey that needs more rounds than this is left as it stands then.
_ROUNDS = 20
# A new finding so near to a change is laid to it.
_NEAR_M = 50.0
# Totals judge the survey as it stands after a fix; that a total agreed only by a fault is no reason to keep the fault.
_JUDGED_AFTERWARDS = ("T503", "T504")

# A layer in the wrong place has its other faults judged only once it is in the right one: they are not new.
_PLACES = ("C103", "C104", "C105")

REFUSED_COLUMNS = ("code", "layer", "feature", "because")

Key = tuple[str, str, Any]


@dataclass(frozen=True, eq=False)
class Fixed:
    """
    A survey with faults put right.

    Attributes
    ----------
    inventory
        The survey; features that were changed say so in the column ``changes``.
    changes
        A row a change: `COLUMNS`; lengths are geodesic and NaN for what is no route.
    refused
        A row a change that was not made: `REFUSED_COLUMNS`, the last one with the codes of what it would have made.
    """

    inventory: Inventory
    changes: pd.DataFrame
    refused: pd.DataFrame


def fix(inventory: Inventory, findings: gpd.GeoDataFrame, *, unsafe: bool = False) -> Fixed:
    """
    Put right what can be, on a copy of the survey.

    Parameters
    ----------
    inventory
        The survey; it stays as it is.
    findings
        Its findings as `gis.checks.run` gives them; only what they name is touched.
    unsafe
        Whether fixes that may be wrong are applied, too.

    Returns
    -------
    Fixed
        The survey and what was changed. A change that would make a finding of any kind is not made; totals are held
        against what the survey is afterwards. Fixing the result again changes nothing.
    """
    log: list[dict[str, Any]] = []
    refusals: list[dict[str, Any]] = []
    kinds = pages()
    fixable = findings[findings["fixable"].to_numpy(dtype=bool)] if len(findings) else findings
    named = {
        code: set(zip(own["layer"], own["feature"], strict=True)) for code, own in fixable.groupby("code")
    }
    for code in REPAIRS:
        allowed = kinds[code].fix == "safe" or (unsafe and kinds[code].fix == "unsafe")
        if code in named and allowed:
            inventory = _settled(inventory, code, named[code], log, refusals)
    if unsafe and "C101" in named:
        # The guess is accepted: there is nothing to change but the doubt.
        inventory = replace(inventory, notes=tuple(note for note in inventory.notes if note.code != "C101"))
    table = pd.DataFrame(log, columns=list(COLUMNS))
    return Fixed(inventory, table, pd.DataFrame(refusals, columns=list(REFUSED_COLUMNS)))


def _settled(
    inventory: Inventory,
    code: str,
    named: set[tuple[str, str]],
    log: list[dict[str, Any]],
    refusals: list[dict[str, Any]],
) -> Inventory:
    """Apply one fix until there is nothing left of what was named."""
    refused: set[Key] = set()
    for _ in range(_ROUNDS):
        context = Context(inventory)
        wanted = _wanted(context, named)
        changes = [
            change
            for change in REPAIRS[code](context, wanted)
            if _identity(context, change.layer, change.row) not in refused
        ]
        if not changes:
            break
        before = _faults(inventory)
        kept = changes
        because: set[str] = set()
        while kept:
            trial = _applied(context, code, kept)
            new = {} if code in _PLACES else _new_faults(before, _faults(trial))
            if not new:
                break
            because |= {key[0] for key in new}
            kept = _blameless(context, kept, new)
        accepted = {id(change) for change in kept}
        for change in (change for change in changes if id(change) not in accepted):
            refused.add(_identity(context, change.layer, change.row))
            feature = str(context.names(change.layer)[change.row])
            told = {
                "code": code,
                "layer": change.layer,
                "feature": feature,
                "because": ", ".join(sorted(because)),
            }
            refusals.append(told)
        if not kept:
            continue
        log += [_logged(context, code, change) for change in kept]
        inventory = _applied(context, code, kept)
    return inventory


def _wanted(context: Context, named: set[tuple[str, str]]) -> set[tuple[str, int]]:
    """Find the rows that findings name; one with no feature names all of its layer."""
    rows: set[tuple[str, int]] = set()
    for name in SCHEMAS:
        features = {feature for layer, feature in named if layer == name}
        if "" in features:
            rows |= {(name, row) for row in range(len(context.layer(name)))}
        elif features:
            own = np.flatnonzero(np.isin(context.names(name).astype(str), list(features)))
            rows |= {(name, int(row)) for row in own}
    return rows


def _applied(context: Context, code: str, changes: Sequence[Change]) -> Inventory:
    """Carry changes out, and write them into the features."""
    told: dict[tuple[LayerName, int], list[str]] = {}
    for change in changes:
        if change.absorbed != change.row:
            told.setdefault((change.layer, change.row), []).append(f"{code}: {change.what.render('en')}")
    noted = [
        Change(
            layer, row, changes[0].what, sets={CHANGE_LOG: _appended(context, layer, row, "; ".join(texts))}
        )
        for (layer, row), texts in told.items()
    ]
    layers = {name: _with_log(context, name) for name in dict.fromkeys(change.layer for change in changes)}
    logged = Context(replace(context.inventory, **layers))
    inventory = replace(logged.inventory, **apply(logged, [*changes, *noted]))
    return replace(inventory, notes=_remaining_notes(context, code, changes))


def _with_log(context: Context, name: LayerName) -> gpd.GeoDataFrame:
    layer = context.layer(name)
    if CHANGE_LOG in layer:
        return layer
    layer = layer.copy()
    layer.insert(
        len(layer.columns) - 1, CHANGE_LOG, pd.Series([None] * len(layer), index=layer.index, dtype="str")
    )
    return layer


def _appended(context: Context, layer: LayerName, row: int, told: str) -> str:
    frame = context.layer(layer)
    earlier = frame[CHANGE_LOG].iloc[row] if CHANGE_LOG in frame else None
    return f"{earlier}; {told}" if isinstance(earlier, str) and earlier else told


def _remaining_notes(context: Context, code: str, changes: Sequence[Change]) -> tuple[Any, ...]:
    """Drop the notes of the reading that the changes have seen to."""
    changed = {(change.layer, str(context.names(change.layer)[change.row])) for change in changes}
    layers = {change.layer for change in changes}
    return tuple(
        note
        for note in context.inventory.notes
        if note.code != code
        or not ((note.layer, note.feature) in changed or (not note.feature and note.layer in layers))
    )


def _faults(inventory: Inventory) -> dict[Key, list[Any]]:
    """Find all faults: what they are of, to the places they are at."""
    codes = [code for code in finders() if code not in _JUDGED_AFTERWARDS]
    context = Context(inventory)
    found: dict[Key, list[Any]] = {}
    for code, several in examine(inventory, None, codes).found.items():
        for one in several:
            for key, place in _keyed(context, code, one):
                found.setdefault(key, []).append(place)
    return found


def _keyed(context: Context, code: str, found: Found) -> list[tuple[Key, Any]]:
    if found.rows is None or found.layer not in SCHEMAS:
        return [((code, found.layer, str(found.features)), (np.nan, np.nan))]
    places = found.points if found.points is not None else np.full((len(found.rows), 2), np.nan)
    return [
        ((code, *_identity(context, found.layer, int(row))[1:]), tuple(place))
        for row, place in zip(found.rows, places, strict=True)
    ]


def _identity(context: Context, layer: LayerName, row: int) -> Key:
    """Name a feature by where it came from: ids may change or repeat."""
    frame = context.layer(layer)
    return "", layer, (str(frame["source"].iloc[row]), int(frame["record"].iloc[row]))


def _new_faults(before: dict[Key, list[Any]], after: dict[Key, list[Any]]) -> dict[Key, list[Any]]:
    counts = Counter({key: len(places) for key, places in before.items()})
    return {key: places for key, places in after.items() if len(places) > counts[key]}


def _blameless(context: Context, changes: list[Change], new: dict[Key, list[Any]]) -> list[Change]:
    """Leave out the changes that new faults are laid to: of the same feature, or nearby; if that is none, all."""
    faulty = {key[1:] for key in new}
    places = np.array([place for several in new.values() for place in several], dtype=float).reshape(-1, 2)
    touched = np.empty(len(changes), dtype=object)
    for at, change in enumerate(changes):
        geometry = (
            change.geometry if change.geometry is not None else context.usable(change.layer)[change.row]
        )
        touched[at] = geometry if change.geometry is not None or change.absorbed is not None else None
    apart = unaffected(touched, places, _NEAR_M)
    kept = [
        change
        for change, far in zip(changes, apart, strict=True)
        if far and _identity(context, change.layer, change.row)[1:] not in faulty
    ]
    return kept if len(kept) < len(changes) else []


def _logged(context: Context, code: str, change: Change) -> dict[str, Any]:
    before = context.layer(change.layer).geometry.iloc[change.row]
    deleted = change.absorbed == change.row
    after = None if deleted else (before if change.geometry is None else change.geometry)
    metres = [np.nan, np.nan]
    if change.layer == "routes":
        metres = [
            float(geodesic.line_lengths([one])[0]) if one is not None else 0.0 for one in (before, after)
        ]
    joined = change.absorbed is not None and not deleted
    if joined:
        metres[0] += float(
            geodesic.line_lengths([context.layer(change.layer).geometry.iloc[change.absorbed]])[0]
        )
    return {
        "code": code,
        "layer": change.layer,
        "feature": str(context.names(change.layer)[change.row]),
        "what": change.what.render("en"),
        "what_fa": change.what.render("fa"),
        # Joining two lines end to end moves neither.
        "moved_m": 0.0 if joined else moved_m(before, after),
        "length_before_m": metres[0],
        "length_after_m": metres[1],
    }
