"""A delivery as its dialect means it: tables joined, columns named, references resolved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from gis.delivery.dialects.references import resolved
from gis.delivery.dialects.tables import codes, joined
from gis.delivery.dialects.telling import entry_of, find
from gis.text.numbers import parse_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gis.delivery.dialects.book import LayerEntry
    from gis.delivery.dialects.telling import Telling
    from gis.delivery.files.layer import RawLayer
    from gis.schema import LayerName, Schema


@dataclass(frozen=True, eq=False)
class Spoken:
    """
    A layer as a dialect means it.

    Attributes
    ----------
    telling
        The dialect, and what told it.
    raw
        The layer with what was joined to it.
    entry
        What the dialect says of it.
    columns
        Canonical column to the one of the layer that holds it.
    hidden
        Columns of the layer that the dialect knows to be none of ours.
    made_of
        A column that the dialect has made to the one of the layer that it is made of.
    """

    telling: Telling
    raw: RawLayer
    entry: LayerEntry
    columns: dict[str, str]
    hidden: tuple[str, ...]
    made_of: dict[str, str] = field(default_factory=dict)

    @property
    def goes_into(self) -> LayerName | None:
        """The canonical layer; None for a list."""
        schema = self.entry.canonical
        return schema.name if schema is not None else None

    @property
    def joined(self) -> bool:
        """Whether it is a table that others are joined with."""
        layers = self.telling.dialect.layers
        return any(join.table in self.entry.names for entry in layers for join in entry.joins)

    @property
    def kept(self) -> bool:
        """Whether it is what the program keeps for itself, and no layer."""
        return self.entry.goes_into == "nothing"


def spoken(
    telling: Telling, layers: Sequence[RawLayer], given: Sequence[Mapping[str, str]] = ()
) -> list[Spoken | RawLayer]:
    """
    Read a delivery as its dialect means it.

    Parameters
    ----------
    telling
        The dialect.
    layers
        All layers of the delivery, text decoded.
    given
        For each layer the canonical columns that the project file names theirs of; an id among them is what the other
        layers are taken to name.

    Returns
    -------
    list of Spoken or RawLayer
        In the order of the delivery: what the dialect says of each layer, or the layer as it is where it says nothing.
        What the reading of what the program keeps for itself left out stands with the next layer.
    """
    entries = [entry_of(telling.dialect, layer) for layer in layers]
    whole = joined(telling.dialect, list(zip(layers, entries, strict=True)))
    columns: list[dict[str, str]] = []
    for at, entry in enumerate(entries):
        schema = entry.canonical if entry is not None else None
        whole[at], named = _columns(whole[at], entry, schema) if entry and schema else (whole[at], {})
        columns.append(named)
    known = [
        (raw, entry, {**named, **own}.get(entry.canonical.id) if entry.canonical is not None else None)
        for raw, entry, named, own in zip(whole, entries, columns, given or [{}] * len(layers), strict=True)
        if entry is not None
    ]
    made: list[Spoken | RawLayer] = []
    kept: tuple[Any, ...] = ()
    for raw, entry, named in zip(whole, entries, columns, strict=True):
        if entry is not None and entry.goes_into == "nothing":
            kept += tuple(left for left in raw.left_out if (left.source, left.layer) != (raw.path, raw.layer))
            made.append(Spoken(telling, replace(raw, left_out=()), entry, {}, ()))
            continue
        own = replace(raw, left_out=(*kept, *raw.left_out)) if kept else raw
        kept = ()
        if entry is None:
            made.append(own)
            continue
        made_of = {
            theirs: _first(own, entry, ours)
            for ours, theirs in named.items()
            if theirs not in {find(own.frame.columns, name) for name in entry.theirs(ours)}
        }
        for reference in entry.references:
            ids = resolved(own, reference, known)
            if ids is not None:
                of = find(own.frame.columns, reference.of)
                own, name = _added(own, reference.column, ids)
                named[reference.column], made_of[name] = name, of or name
        made.append(Spoken(telling, own, entry, named, _hidden(own, entry), made_of))
    return made


def _columns(raw: RawLayer, entry: LayerEntry, schema: Schema) -> tuple[RawLayer, dict[str, str]]:
    """Find the dialect's columns; of several that hold one of ours the first with a value counts, row by row."""
    named: dict[str, str] = {}
    for column in schema.columns:
        there = [name for one in entry.theirs(column.name) if (name := find(raw.frame.columns, one))]
        if len(there) <= 1:
            named |= dict.fromkeys([column.name], there[0]) if there else {}
            continue
        values, given = raw.frame[there[0]], _given(raw.frame[there[0]], counted=column.kind == "integer")
        others = False
        for name in there[1:]:
            more = _given(raw.frame[name], counted=column.kind == "integer") & ~given
            if more.any():
                values = values.astype(object).mask(more, raw.frame[name].astype(object))
                given, others = given | more, True
        if others:
            raw, named[column.name] = _added(raw, column.name, values.to_numpy(dtype=object))
        else:
            named[column.name] = there[0]
    return raw, named


def _first(raw: RawLayer, entry: LayerEntry, column: str) -> str:
    """Give the first of the layer's columns that hold one of ours."""
    return next(name for one in entry.theirs(column) if (name := find(raw.frame.columns, one)))


def _given(values: pd.Series[Any], *, counted: bool) -> NDArray[np.bool_]:
    """Tell which rows hold a value; a count of nothing is none where another column has one."""
    there = codes(values).notna().to_numpy(dtype=bool)
    return there & (parse_numbers(values.to_numpy(dtype=object)) != 0) if counted else there


def _added(raw: RawLayer, column: str, values: NDArray[np.object_]) -> tuple[RawLayer, str]:
    """Add a column that the dialect makes of others; give the name it got."""
    name = column
    while name in raw.frame.columns:
        name += "_"
    frame = raw.frame.copy()
    frame[name] = pd.Series(values, index=frame.index, dtype=object).infer_objects()
    return replace(raw, frame=frame), name


def _hidden(raw: RawLayer, entry: LayerEntry) -> tuple[str, ...]:
    """Give the columns that the dialect speaks of, none of which is to be guessed at."""
    spoken_of = [
        *entry.further,
        *entry.told_by,
        *(name for column in entry.columns for name in entry.theirs(column)),
        *(name for reference in entry.references for name in (reference.of, reference.layer)),
        *(name for join in entry.joins for name in (join.on, join.key)),
    ]
    parts = [part for name in spoken_of for part in name.split("|") if part]
    return tuple(dict.fromkeys(name for part in parts if (name := find(raw.frame.columns, part))))
