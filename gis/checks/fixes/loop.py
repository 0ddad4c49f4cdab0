"""Putting faults right on a copy of the survey, and keeping only what makes no new fault."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis import progress
from gis.checks import examine, own, pages
from gis.checks.evidence.context import Context
from gis.checks.fixes import verdicts
from gis.checks.fixes.change import Change, Key, Tried
from gis.checks.fixes.curved import followed
from gis.checks.fixes.log import COLUMNS, VALUE_COLUMNS, change_entry, excess_m, value_entries, wording
from gis.checks.fixes.repairs import REPAIRS, apply, unaffected
from gis.checks.registry import codes_with, finders
from gis.inventory import FeatureRef, origins
from gis.language import Text
from gis.schema import CHANGE_LOG, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from gis.checks.findings import Findings
    from gis.checks.registry import Found
    from gis.inventory import Inventory, Note
    from gis.schema import LayerName

# One fix may make the next possible; a survey that needs more rounds than this is left as it stands then.
_ROUNDS = 20
# A new finding so near to a change is laid to it.
_NEAR_M = 50.0

REFUSED_COLUMNS = ("code", "layer", "feature", "because", "why", "why_fa")

Faults = dict[Key, list[Any]]
# A change of one check to one feature that is not made.
Refused = set[tuple[str, Key]]

_COMES = Text("{codes} would come of it", "{codes} از آن پدید می‌آمد")
_MORE = Text(
    "it would take {metres:,.2f} m more than the finding says",
    "{metres:,.2f} متر بیش از آنچه یافته می‌گوید برمی‌داشت",
)


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
    log
        A row a value that was changed, emptied or moved: `VALUE_COLUMNS`. ``column`` is ``geometry`` where vertices
        were; ``before`` and ``after`` are then the vertices that went and those that came, as WKT in WGS 84 degrees.
        A feature that went away has a row for each of its values.
    refused
        A row a change that was not made: `REFUSED_COLUMNS`; ``because`` has the codes of what it would have made, or
        the items of the totals whose verdict it would have changed, ``why`` the same in words.
    """

    inventory: Inventory
    changes: pd.DataFrame
    log: pd.DataFrame
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
        The survey and what was changed. A change is not made that would make a finding of any kind and severity,
        change the verdict on a total, or take more length than its finding says; only what moves features to where
        they belong (C103, C104, C105) may change what is found of their form and of totals, as nothing measured in a
        wrong place counts. Fixing the result again changes nothing.
    """
    log: list[Tried] = []
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
    allowed = [
        code
        for code in REPAIRS
        if code in findings.ran and code not in moving and (pages()[code].fix == "safe" or unsafe)
    ]
    with progress.as_one(progress.FIXING):
        for _ in range(_ROUNDS):
            refusals, made = [], len(log)
            # What is in the wrong place is put right first, and judged anew where it then is.
            for stage in ([c for c in REPAIRS if c in moving], [c for c in REPAIRS if c not in moving]):
                codes = [code for code in stage if wanted.get(code)]
                if codes:
                    inventory, known = _settled(inventory, codes, wanted, known, log, refusals)
            if len(log) == made:
                break
            # One change lets another be seen, or be safe; and what was refused beside it may do no harm after it.
            came = _fixable(inventory, allowed)
            if not refusals and all(keys <= wanted.get(code, set()) for code, keys in came.items()):
                break
            for code, keys in came.items():
                wanted.setdefault(code, set()).update(keys)
    accepted = {code for code in chosen if code in accepting}
    if accepted:
        # The guess is accepted: there is nothing to change but the doubt.
        notes = tuple(note for note in inventory.notes if note.code not in accepted)
        inventory = replace(inventory, notes=notes)
    return Fixed(
        inventory,
        pd.DataFrame([one.entry for one in log], columns=list(COLUMNS)),
        pd.DataFrame([value for one in log for value in one.lines], columns=list(VALUE_COLUMNS)),
        pd.DataFrame(refusals, columns=list(REFUSED_COLUMNS)),
    )


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


def _fixable(inventory: Inventory, codes: Sequence[str]) -> dict[str, set[Key]]:
    """Give the features in which a fix of each check could put something right as the survey is now."""
    identities = {name: _identities(inventory, name) for name in SCHEMAS}
    could: dict[str, set[Key]] = {}
    for code, several in examine(inventory, None, codes).found.items():
        for one in several:
            if one.layer in SCHEMAS and one.rows is not None:
                rows = one.rows if one.fixable is None else one.rows[one.fixable]
                could.setdefault(code, set()).update(identities[one.layer][row] for row in rows.tolist())
    return could


def _known(inventory: Inventory, findings: Findings) -> Faults:
    """Give all faults of a survey: those that its findings have, and those of the checks that were not asked for."""
    found: Faults = {}
    judging = _judging(inventory)
    table = findings.table
    identities = origins(table).itertuples(index=False, name=None)
    of_feature = table["layer"].isin(list(SCHEMAS)) & table["record"].notna()
    columns = (table[name] for name in ("code", "layer", "feature", "lon", "lat"))
    for code, layer, feature, lon, lat, identity, known in zip(*columns, identities, of_feature, strict=True):
        if code in judging:
            found.setdefault((code, layer, identity if known else feature), []).append((lon, lat))
    missing = [code for code in judging if code not in {*findings.ran, *findings.not_run}]
    for key, places in _faults(inventory, missing).items():
        found.setdefault(key, []).extend(places)
    return found


def _settled(
    inventory: Inventory,
    codes: Sequence[str],
    wanted: dict[str, set[Key]],
    known: Faults,
    log: list[Tried],
    refusals: list[dict[str, Any]],
) -> tuple[Inventory, Faults]:
    """
    Apply fixes until there is nothing left of what was named, and tell the faults that remain.

    All are tried together, which takes one look at the survey; those that new faults are laid to are left out, and the
    rest is tried again.
    """
    refused: Refused = set()
    for _ in range(_ROUNDS):
        trial = _tried(inventory, codes, wanted, refused)
        while trial.changes or trial.greedy:
            faults = _faults(trial.inventory, _judging(trial.inventory)) if not trial.greedy else {}
            harm = _harm(inventory, trial, trial.before(known), faults, codes)
            if not harm:
                break
            for one, because, why in harm:
                refused.add((one.code, one.key))
                refusals.append(one.refusal(because, why))
            trial = _tried(inventory, codes, wanted, refused)
        if not trial.changes:
            break
        log += trial.changes
        inventory, known = trial.inventory, faults
    return inventory, known


@dataclass(frozen=True, eq=False)
class _Trial:
    """A survey with fixes applied, and which."""

    inventory: Inventory
    changes: list[Tried]

    @property
    def greedy(self) -> list[Tried]:
        """Those that take more length than their finding says."""
        return [one for one in self.changes if one.excess_m > 0]

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
    changes: list[Tried] = []
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
            announced = _announced(context, code)
            changes += [_described(context, code, change, identities, announced) for change in made]
            # What is next looks at the survey as it is by then; what changes nothing leaves it as it was looked at.
            context = Context(_applied(context, code, made))
            identities = {name: _identities(context.inventory, name) for name in SCHEMAS}
    return _Trial(context.inventory, changes)


def _announced(context: Context, code: str) -> dict[int, float] | None:
    """Tell how much length the findings of a check say that its fix may take, route by route; None for any."""
    if code in codes_with("fix_moves"):
        return None
    field = pages()[code].removes
    metres: dict[int, float] = {}
    for found in finders()[code](context) if field else ():
        if found.layer == "routes" and found.rows is not None:
            each = np.broadcast_to(np.asarray(found.fields[field], dtype=float), found.rows.shape)
            for row, value in zip(found.rows.tolist(), each.tolist(), strict=True):
                metres[row] = metres.get(row, 0.0) + value
    return metres


def _described(
    context: Context,
    code: str,
    change: Change,
    identities: dict[LayerName, list[Key]],
    announced: dict[int, float] | None,
) -> Tried:
    geometry = change.geometry if change.geometry is not None else context.usable(change.layer)[change.row]
    own = identities[change.layer]
    whole = change_entry(context, code, change, own[change.row][2])
    absorbed = None if change.absorbed is None else own[change.absorbed]
    return Tried(
        code,
        own[change.row],
        str(context.names(change.layer)[change.row]),
        geometry if change.geometry is not None or change.absorbed is not None else None,
        absorbed,
        whole,
        value_entries(context, change, whole, None if absorbed is None else absorbed[2]),
        0.0 if announced is None else excess_m(context, change, announced.get(change.row, 0.0)),
    )


def _applied(context: Context, code: str, changes: Sequence[Change]) -> Inventory:
    """Carry changes out, and write them into the features."""
    told: dict[tuple[LayerName, int], list[str]] = {}
    for change in changes:
        if change.absorbed != change.row:
            texts = told.setdefault((change.layer, change.row), [])
            if change.absorbed is not None:
                # What was done to the one that goes was done to a part of the one that stays.
                texts += _earlier(context, change.layer, change.absorbed)
            texts.append(f"{code}: {wording(context, change, 'en')}")
    noted = [
        Change(
            layer, row, changes[0].what, sets={CHANGE_LOG: _appended(context, layer, row, "; ".join(texts))}
        )
        for (layer, row), texts in told.items()
    ]
    layers = {name: _with_log(context, name) for name in dict.fromkeys(change.layer for change in changes)}
    logged = Context(replace(context.inventory, **layers))
    curves = followed(context.inventory, changes)
    inventory = replace(logged.inventory, curves=curves, **apply(logged, [*changes, *noted]))
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
    return "; ".join([*_earlier(context, layer, row), told])


def _earlier(context: Context, layer: LayerName, row: int) -> list[str]:
    """Give what was done to a feature before."""
    frame = context.layer(layer)
    earlier = frame[CHANGE_LOG].iloc[row] if CHANGE_LOG in frame else None
    return [earlier] if isinstance(earlier, str) and earlier else []


def _remaining_notes(context: Context, code: str, changes: Sequence[Change]) -> tuple[Any, ...]:
    """Drop the notes of the reading that the changes have seen to."""
    changed = {(change.layer, change.row) for change in changes}

    def seen_to(note: Note) -> bool:
        if note.code != code or note.layer not in SCHEMAS:
            return False
        rows = context.rows_about(note.layer, note.ref)
        return any((note.layer, row) in changed for row in rows.tolist())

    return tuple(note for note in context.inventory.notes if not seen_to(note))


def _judging(inventory: Inventory) -> tuple[str, ...]:
    """Give the checks that speak for or against a fix: all of them, the project's own too, whatever their severity."""
    return tuple(own.functions(inventory.project))


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


def _harm(
    before: Inventory, trial: _Trial, known: Faults, faults: Faults, codes: Sequence[str]
) -> list[tuple[Tried, str, Text]]:
    """Tell the changes that must not be, and why: the first kind of harm that there is."""
    if trial.greedy:
        return [(one, "", _MORE.filled(metres=one.excess_m)) for one in trial.greedy]
    new = _new_faults(known, faults, codes)
    if new:
        words = ", ".join(sorted({key[0] for key in new}))
        return [(one, words, _COMES.filled(codes=words)) for one in _blamed(trial, new)]
    if set(codes) <= codes_with("fix_moves"):
        return []
    return (
        verdicts.changed(before, trial.inventory, trial.changes) if _judged(known) != _judged(faults) else []
    )


def _judged(faults: Faults) -> dict[Key, int]:
    """Give the verdicts that are findings: what they are on, and how often it is there."""
    codes = codes_with("judges_totals")
    return {key: len(places) for key, places in faults.items() if key[0] in codes}


def _new_faults(before: Faults, after: Faults, codes: Sequence[str]) -> Faults:
    """
    Tell the faults that were not there before; verdicts on totals are another matter.

    What is moved to where it belongs has its other faults judged only there, so that just where it lies counts.
    """
    counts = Counter({key: len(places) for key, places in before.items()})
    judged = codes_with("judges_place") if set(codes) <= codes_with("fix_moves") else None
    totals = codes_with("judges_totals")
    return {
        key: places
        for key, places in after.items()
        if len(places) > counts[key] and key[0] not in totals and (judged is None or key[0] in judged)
    }


def _blamed(trial: _Trial, new: Faults) -> list[Tried]:
    """Tell the changes that new faults are laid to: of the same feature or nearby; if none is, the last check's."""
    faulty = {key[1:] for key in new}
    places = np.array([place for several in new.values() for place in several], dtype=float).reshape(-1, 2)
    touched = np.empty(len(trial.changes), dtype=object)
    touched[:] = [one.touched for one in trial.changes]
    apart = unaffected(touched, places, _NEAR_M)
    blamed = [one for one, far in zip(trial.changes, apart, strict=True) if not far or one.key[1:] in faulty]
    last = trial.changes[-1].code
    return blamed or [one for one in trial.changes if one.code == last]
