"""Putting faults right on a copy of the survey, and keeping only what makes no new fault."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis import progress
from gis.checks import examine, pages
from gis.checks.evidence.context import Context
from gis.checks.fixes.change import Change
from gis.checks.fixes.repairs import REPAIRS, apply, moved_m, unaffected
from gis.checks.registry import codes_with, finders
from gis.checks.rules.attributes import CHANGE_LOG
from gis.inventory import FeatureRef, origins
from gis.lengths import geodesic
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from gis.checks.findings import Findings
    from gis.checks.registry import Found
    from gis.inventory import Inventory, Note
    from gis.schema import LayerName

COLUMNS = ("code", "layer", "feature", "what", "what_fa", "moved_m", "length_before_m", "length_after_m")
# One fix may make the next possible; a survey that needs more rounds than this is left as it stands then.
_ROUNDS = 20
# A new finding so near to a change is laid to it.
_NEAR_M = 50.0

REFUSED_COLUMNS = ("code", "layer", "feature", "because")

# What a fault is of: its check, its canonical layer, and the feature's identity, or its name where it is of no feature.
Key = tuple[str, str, Any]
Faults = dict[Key, list[Any]]
# A change of one check to one feature that is not made.
Refused = set[tuple[str, Key]]


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


def fix(inventory: Inventory, findings: Findings, *, unsafe: bool = False) -> Fixed:
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
    table = findings.table[findings.table["fixable"].to_numpy(dtype=bool)]
    chosen = [
        code
        for code in dict.fromkeys(table["code"])
        if pages()[code].fix == "safe" or (unsafe and pages()[code].fix == "unsafe")
    ]
    wanted = {code: _named(inventory, table[table["code"] == code]) for code in chosen}
    moving, accepting = codes_with("fix_moves"), codes_with("fix_accepts")
    known = _known(inventory, findings) if any(code in REPAIRS for code in chosen) else {}
    # What is in the wrong place is put right first, and judged anew where it then is.
    for stage in ([c for c in REPAIRS if c in moving], [c for c in REPAIRS if c not in moving]):
        codes = [code for code in stage if code in chosen]
        if codes:
            inventory, known = _settled(inventory, codes, wanted, known, log, refusals)
    accepted = {code for code in chosen if code in accepting}
    if accepted:
        # The guess is accepted: there is nothing to change but the doubt.
        notes = tuple(note for note in inventory.notes if note.code not in accepted)
        inventory = replace(inventory, notes=notes)
    changes = pd.DataFrame(log, columns=list(COLUMNS))
    return Fixed(inventory, changes, pd.DataFrame(refusals, columns=list(REFUSED_COLUMNS)))


def _named(inventory: Inventory, findings: pd.DataFrame) -> set[Key]:
    """Give the features that findings name; one that names none means all of its file's layer."""
    keys: set[Key] = set()
    for name in SCHEMAS:
        own = findings[findings["layer"] == name]
        single = own["record"].notna().to_numpy(dtype=bool)
        rows = set(inventory.positions(name, own[single]).tolist()) - {-1}
        for source, layer in own.loc[~single, ["source", "source_layer"]].itertuples(index=False):
            rows |= set(inventory.rows(name, FeatureRef(source, layer)).tolist())
        identities = _identities(inventory, name)
        keys |= {identities[row] for row in rows}
    return keys


def _known(inventory: Inventory, findings: Findings) -> Faults:
    """Give all faults of a survey: those that its findings have, and those of the checks that were not asked for."""
    found: Faults = {}
    table = findings.table
    identities = origins(table).itertuples(index=False, name=None)
    of_feature = table["layer"].isin(list(SCHEMAS)) & table["record"].notna()
    columns = (table[name] for name in ("code", "layer", "feature", "lon", "lat"))
    for code, layer, feature, lon, lat, identity, known in zip(*columns, identities, of_feature, strict=True):
        if code in _judging():
            found.setdefault((code, layer, identity if known else feature), []).append((lon, lat))
    missing = [code for code in _judging() if code not in {*findings.ran, *findings.not_run}]
    for key, places in _faults(inventory, missing).items():
        found.setdefault(key, []).extend(places)
    return found


def _settled(
    inventory: Inventory,
    codes: Sequence[str],
    wanted: dict[str, set[Key]],
    known: Faults,
    log: list[dict[str, Any]],
    refusals: list[dict[str, Any]],
) -> tuple[Inventory, Faults]:
    """
    Apply fixes until there is nothing left of what was named, and tell the faults that remain.

    All are tried together, which takes one look at the survey; those that new faults are laid to are left out, and the
    rest is tried again.
    """
    refused: Refused = set()
    for done in range(_ROUNDS):
        progress.tell(progress.FIXING, done, _ROUNDS)
        trial = _tried(inventory, codes, wanted, refused)
        while trial.changes:
            faults = _faults(trial.inventory, _judging())
            new = _new_faults(trial.before(known), faults, codes)
            if not new:
                break
            blamed = _blamed(trial, new)
            refused |= {(one.code, one.key) for one in blamed}
            because = ", ".join(sorted({key[0] for key in new}))
            refusals += [one.refusal(because) for one in blamed]
            trial = _tried(inventory, codes, wanted, refused)
        if not trial.changes:
            break
        log += [one.entry for one in trial.changes]
        inventory, known = trial.inventory, faults
    progress.tell(progress.FIXING, _ROUNDS, _ROUNDS)
    return inventory, known


@dataclass(frozen=True, eq=False)
class _Tried:
    """A change that was tried: whose fix it is of, what of, where, and what is told of it."""

    code: str
    key: Key
    feature: str
    touched: Any
    absorbed: Key | None
    entry: dict[str, Any]

    def refusal(self, because: str) -> dict[str, Any]:
        return {"code": self.code, "layer": self.key[1], "feature": self.feature, "because": because}


@dataclass(frozen=True, eq=False)
class _Trial:
    """A survey with fixes applied, and which."""

    inventory: Inventory
    changes: list[_Tried]

    def before(self, known: Faults) -> Faults:
        """Give the faults that were there before; those of a feature that goes away pass to what it goes into."""
        into = {one.absorbed: one.key for one in self.changes if one.absorbed not in (None, one.key)}
        passed: Faults = {}
        for key, places in known.items():
            owner: Key = ("", *key[1:])
            while owner in into:
                owner = into[owner]
            passed.setdefault((key[0], *owner[1:]), []).extend(places)
        return passed


def _tried(
    inventory: Inventory, codes: Sequence[str], wanted: dict[str, set[Key]], refused: Refused
) -> _Trial:
    """Apply the fixes of checks, one check after the other, but for those that are refused."""
    changes: list[_Tried] = []
    context = Context(inventory)
    identities = {name: _identities(inventory, name) for name in SCHEMAS}
    for code in codes:
        rows = {
            (name, row)
            for name, own in identities.items()
            for row, key in enumerate(own)
            if key in wanted[code]
        }
        made = [
            change
            for change in REPAIRS[code](context, rows)
            # Nothing is touched that no finding names.
            if (change.layer, change.row) in rows
            and (code, identities[change.layer][change.row]) not in refused
        ]
        if made:
            changes += [_described(context, code, change, identities) for change in made]
            # What is next looks at the survey as it is by then; what changes nothing leaves it as it was looked at.
            context = Context(_applied(context, code, made))
            identities = {name: _identities(context.inventory, name) for name in SCHEMAS}
    return _Trial(context.inventory, changes)


def _described(context: Context, code: str, change: Change, identities: dict[LayerName, list[Key]]) -> _Tried:
    geometry = change.geometry if change.geometry is not None else context.usable(change.layer)[change.row]
    own = identities[change.layer]
    return _Tried(
        code,
        own[change.row],
        str(context.names(change.layer)[change.row]),
        geometry if change.geometry is not None or change.absorbed is not None else None,
        None if change.absorbed is None else own[change.absorbed],
        _logged(context, code, change),
    )


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
    changed = {(change.layer, change.row) for change in changes}

    def seen_to(note: Note) -> bool:
        if note.code != code or note.layer not in SCHEMAS:
            return False
        rows = context.rows_about(note.layer, note.ref)
        return any((note.layer, row) in changed for row in rows.tolist())

    return tuple(note for note in context.inventory.notes if not seen_to(note))


@cache
def _judging() -> tuple[str, ...]:
    """
    Give the checks whose new faults speak against a fix.

    Totals judge the survey as it stands after a fix; that a total agreed only by a fault is no reason to keep it.
    """
    return tuple(code for code in finders() if code not in codes_with("judges_totals"))


def _faults(inventory: Inventory, codes: Sequence[str]) -> Faults:
    """Find faults: what they are of, to the places they are at."""
    found: Faults = {}
    identities = {name: _identities(inventory, name) for name in SCHEMAS}
    for code, several in (examine(inventory, None, codes).found if codes else {}).items():
        for one in several:
            for key, place in _keyed(identities, code, one):
                found.setdefault(key, []).append(place)
    return found


def _keyed(identities: dict[LayerName, list[Key]], code: str, found: Found) -> list[tuple[Key, Any]]:
    places = found.points
    if found.rows is not None and found.layer in SCHEMAS:
        own = identities[found.layer]
        keys = [(code, *own[row][1:]) for row in found.rows.tolist()]
    else:
        refs = found.refs or [FeatureRef()] * (1 if places is None else len(places))
        named = found.features or [""] * len(refs)
        keys = [
            (code, found.layer, name if ref.record is None else (ref.source, ref.layer, ref.record))
            for ref, name in zip(refs, named, strict=True)
        ]
    where = np.full((len(keys), 2), np.nan) if places is None else places
    return [(key, tuple(place)) for key, place in zip(keys, where, strict=True)]


def _identities(inventory: Inventory, name: LayerName) -> list[Key]:
    """Name the features of a layer by where they came from: ids may change or repeat."""
    own = inventory.origins(name).itertuples(index=False, name=None)
    return [("", name, identity) for identity in own]


def _new_faults(before: Faults, after: Faults, codes: Sequence[str]) -> Faults:
    """
    Tell the faults that were not there before.

    What is moved to where it belongs has its other faults judged only there, so that just where it lies counts.
    """
    counts = Counter({key: len(places) for key, places in before.items()})
    judged = codes_with("judges_place") if set(codes) <= codes_with("fix_moves") else None
    return {
        key: places
        for key, places in after.items()
        if len(places) > counts[key] and (judged is None or key[0] in judged)
    }


def _blamed(trial: _Trial, new: Faults) -> list[_Tried]:
    """Tell the changes that new faults are laid to: of the same feature or nearby; if none is, the last check's."""
    faulty = {key[1:] for key in new}
    places = np.array([place for several in new.values() for place in several], dtype=float).reshape(-1, 2)
    touched = np.empty(len(trial.changes), dtype=object)
    touched[:] = [one.touched for one in trial.changes]
    apart = unaffected(touched, places, _NEAR_M)
    blamed = [one for one, far in zip(trial.changes, apart, strict=True) if not far or one.key[1:] in faulty]
    last = trial.changes[-1].code
    return blamed or [one for one in trial.changes if one.code == last]


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
