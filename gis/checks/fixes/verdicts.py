"""The verdicts on totals, which no fix may change, and which changes would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gis import lengths, selection, totals
from gis.language import Text
from gis.totals import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.checks.fixes.change import Tried
    from gis.inventory import Inventory
    from gis.lengths.measured import Measured
    from gis.project import Total

_TURNS = Text(
    "the total {item} would turn from {before} to {after}",
    "جمع {item} از «{before}» به «{after}» می‌گشت",
)


def changed(before: Inventory, after: Inventory, changes: Sequence[Tried]) -> list[tuple[Tried, str, Text]]:
    """
    Tell the changes that would change a verdict.

    Parameters
    ----------
    before, after
        The survey without and with them.
    changes
        The changes.

    Returns
    -------
    list
        Those of the check that weighs most on the first total whose verdict changes, each with the total's item and
        why; all of the last check's where none is seen to weigh. Empty where no verdict changes.
    """
    measured = lengths.measure(before), lengths.measure(after)
    results = [totals.reconcile(*pair) for pair in zip((before, after), measured, strict=True)]
    for total, was, now in zip(before.project.totals, *results, strict=True):
        if was.verdict != now.verdict:
            moved = _moved(_weights(before, measured[0], total), _weights(after, measured[1], total))
            blamed = _heaviest(changes, total.layer, moved)
            item = Text(was.name("en"), was.name("fa"))
            why = _TURNS.filled(item=item, before=VERDICTS[was.verdict], after=VERDICTS[now.verdict])
            return [(one, was.item, why) for one in blamed]
    return []


def _weights(inventory: Inventory, measured: Measured, total: Total) -> dict[Any, Any]:
    """Give what each feature adds to a total, and the deviation of that."""
    chosen = np.flatnonzero(selection.selected(inventory, total.layer, total.where))
    if total.layer == "routes":
        columns = measured[[f"{inventory.project.project.length}_m", "std_m"]].to_numpy(dtype=float)[chosen]
    else:
        columns = np.zeros((len(chosen), 2))
    if total.measure == "count":
        columns = np.column_stack([np.ones(len(chosen)), np.zeros(len(chosen))])
    identities = inventory.origins(total.layer).iloc[chosen].itertuples(index=False, name=None)
    return dict(zip(identities, np.nan_to_num(columns), strict=True))


def _moved(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, float]:
    """Give by how much each feature's part of a total differs."""
    nothing = np.zeros(2)
    differs = {
        identity: float(np.abs(before.get(identity, nothing) - after.get(identity, nothing)).sum())
        for identity in {**before, **after}
    }
    return {identity: weight for identity, weight in differs.items() if weight > 0}


def _heaviest(changes: Sequence[Tried], layer: str, moved: dict[Any, float]) -> list[Tried]:
    """Give the changes of the check whose fixes weigh most."""
    weights: dict[str, float] = {}
    blamed: dict[str, list[Tried]] = {}
    for one in changes:
        own = {key[2] for key in (one.key, one.absorbed) if key is not None and key[1] == layer}
        weight = sum(moved.get(identity, 0.0) for identity in own)
        if weight > 0:
            weights[one.code] = weights.get(one.code, 0.0) + weight
            blamed.setdefault(one.code, []).append(one)
    if not weights:
        return [one for one in changes if one.code == changes[-1].code]
    return blamed[max(weights, key=lambda code: weights[code])]
