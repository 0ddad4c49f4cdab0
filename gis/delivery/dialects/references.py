"""References that a program writes in its own way, as the ids of what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis.delivery.columns.synonyms import name_key
from gis.delivery.dialects.tables import codes
from gis.delivery.dialects.telling import find
from gis.text.letters import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gis.delivery.dialects.book import LayerEntry, Reference
    from gis.delivery.files.layer import RawLayer

    # A layer, the entry for it, and the column that holds its ids.
    Named = tuple[RawLayer, LayerEntry, str | None]


def resolved(raw: RawLayer, reference: Reference, layers: Sequence[Named]) -> NDArray[np.object_] | None:
    """
    Give the ids of what the rows of a layer name.

    Parameters
    ----------
    raw
        The layer.
    reference
        How its rows name other features.
    layers
        All layers that the dialect knows.

    Returns
    -------
    numpy.ndarray or None
        (n,) ids as text, None where a row names nothing or what it names has no id. What is not found stays as it is
        written, so that it is found to be missing. None for all of a layer that has no such column.
    """
    of = find(raw.frame.columns, reference.of)
    if of is None:
        return None
    if reference.layer:
        layer = find(raw.frame.columns, reference.layer)
        return None if layer is None else _by_record(raw, layer, of, layers)
    return _by_label(raw, reference, of, layers)


def _by_record(raw: RawLayer, layer: str, of: str, layers: Sequence[Named]) -> NDArray[np.object_]:
    """Find features by the layer, whose name its id in a project begins with, and the record."""
    named, records = codes(raw.frame[layer]), codes(raw.frame[of])
    found = np.full(len(raw.frame), None, dtype=object)
    for name, rows in named.fillna("").groupby(named.fillna("")).groups.items():
        meant = [one for one in layers if name_key(str(name)).startswith(name_key(one[0].layer))]
        target = max(meant, key=lambda one: len(name_key(one[0].layer)), default=None)
        ids = _ids_by_record(target) if target else {}
        shown = target[0].layer if target else str(name)
        for row in rows:
            record = records[row]
            if isinstance(record, str):
                found[row] = ids.get(record, f"{shown} {record}".strip())
    return found


def _ids_by_record(target: Named) -> dict[str, Any]:
    raw, entry, column = target
    if entry.canonical is None:
        return {}
    column = find(raw.frame.columns, column) if column else None
    ids = codes(raw.frame[column]) if column else pd.Series([None] * len(raw.frame), dtype="str")
    values = ids.astype(object).where(ids.notna(), None)
    return dict(zip(map(str, raw.records.tolist()), values, strict=True))


def _by_label(raw: RawLayer, reference: Reference, of: str, layers: Sequence[Named]) -> NDArray[np.object_]:
    """Find nodes by what people call them; of several of one name the one that is nearest to the line."""
    labels, owners = [], []
    targets = [one for one in layers if any(name in one[1].names for name in reference.layers)]
    for rank, name in enumerate(reference.by):
        for at, (target, _, _) in enumerate(targets):
            column = find(target.frame.columns, name)
            if column is None:
                continue
            label = codes(target.frame[column])
            rows = np.flatnonzero(label.notna())
            labels += [fold(label[row]) for row in rows]
            owners += [(rank, at, int(row)) for row in rows]
    there: dict[str, list[tuple[int, int, int]]] = {}
    for label_of, owner in zip(labels, owners, strict=True):
        there.setdefault(label_of, []).append(owner)
    nothing = {fold(value) for value in reference.nothing}
    written = codes(raw.frame[of])
    found = written.astype(object).where(written.notna(), None).to_numpy(dtype=object, copy=True)
    geometry = raw.frame.geometry.to_numpy()
    ids = [_ids(target) for target in targets]
    for row in np.flatnonzero(written.notna()):
        key = fold(written[row])
        if key in nothing:
            found[row] = None
        elif hits := there.get(key, []):
            best = [hit for hit in hits if hit[0] == hits[0][0]]
            _, at, target_row = min(
                best, key=lambda hit: _away(geometry[row], targets[hit[1]][0].frame.geometry.iloc[hit[2]])
            )
            found[row] = ids[at][target_row]
    return found


def _ids(target: Named) -> NDArray[np.object_]:
    raw, _, column = target
    column = find(raw.frame.columns, column) if column else None
    if column is None:
        return np.full(len(raw.frame), None, dtype=object)
    ids = codes(raw.frame[column])
    return ids.astype(object).where(ids.notna(), None).to_numpy(dtype=object)


def _away(one: Any, other: Any) -> float:
    """Tell how far apart two geometries are in the numbers of their file; what has no place is farthest."""
    metres = float(shapely.distance(one, other))
    return metres if np.isfinite(metres) else np.inf
