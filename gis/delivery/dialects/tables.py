"""Layers and the tables that belong to them, joined by code as a dialect says; what is not joined is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.delivery.dialects.telling import find
from gis.inventory import LeftOut, Note
from gis.language import Text
from gis.text.letters import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gis.delivery.dialects.book import Dialect, Join, LayerEntry
    from gis.delivery.files.layer import RawLayer

    Layers = Sequence[tuple[RawLayer, LayerEntry | None]]

_SHOWN = 5
_NOT_NAMED = Text(
    "{count} of {rows} rows are named by no row of {other}, which has their geometry: {values}",
    "{count} ردیف از {rows} ردیف را هیچ ردیفی از {other} که هندسه‌شان در آن است نام نمی‌برد: {values}",
)
_NO_ROW = Text(
    "{count} of {rows} rows have no row in {other} for their {column}: {values}",
    "برای {column} در {count} ردیف از {rows} ردیف، ردیفی در {other} نیست: {values}",
)
_NO_TABLE = Text(
    "{other} is not in the delivery, which has what belongs to its {rows} rows",
    "{other} که متعلقات {rows} ردیف آن را دارد در تحویل نیست",
)
_ROWS = Text("rows without geometry", "ردیف‌های بی‌هندسه")
_UNJOINED = Text(
    "no feature that has a place names them; deliver the layer with their geometry, or correct the code",
    "هیچ عارضهٔ جاداری آن‌ها را نام نمی‌برد؛ لایهٔ هندسهٔ آن‌ها را بدهید یا کد را درست کنید",
)
_OF_A_LIST = Text("rows of a list", "ردیف‌های یک فهرست")
_LIST = Text(
    "{dialect} keeps the table beside the network; nothing of it is measured",
    "{dialect} این جدول را کنار شبکه نگه می‌دارد؛ چیزی از آن اندازه گرفته نمی‌شود",
)
_NOTHING = Text("—", "—")
# What the readers say of a DBF alone, which a table is, and of a layer without records, which a list may be.
_PART_ALONE, _EMPTY = "D002", "D009"


def joined(dialect: Dialect, layers: Layers) -> list[RawLayer]:
    """
    Join the tables of a delivery.

    Parameters
    ----------
    dialect
        The dialect that it speaks.
    layers
        Its layers, each with the dialect's entry for it, or None.

    Returns
    -------
    list of RawLayer
        The layers in the same order: those that others belong to with their columns, and with their places where those
        have them; the note D011 for rows on either side that found no partner; in `left_out` the rows of tables that
        belong to nothing, and those of lists.
    """
    used: dict[int, NDArray[np.bool_]] = {
        at: np.zeros(len(raw.frame), dtype=bool) for at, (raw, _) in enumerate(layers)
    }
    owners = _owners(dialect)
    made = []
    for raw, entry in layers:
        whole = raw
        for join in entry.joins if entry is not None else ():
            owned = owners[join.table] is entry
            tables = _of_table(layers, join.table)
            whole = _with(whole, join, tables, used if owned else None, own=set(raw.frame.columns))
        made.append(whole)
    for at, (_, entry) in enumerate(layers):
        if entry is not None and entry.goes_into == "list":
            owner = next((owners[name] for name in entry.names if name in owners), None)
            made[at] = _listed(made[at], dialect, entry, owner, used[at])
    return made


def _owners(dialect: Dialect) -> dict[str, LayerEntry]:
    """Give for each table that is joined the layer whose rows its rows are: the first that asks for it."""
    owners: dict[str, LayerEntry] = {}
    for entry in dialect.layers:
        for join in entry.joins:
            owners.setdefault(join.table, entry)
    return owners


def _of_table(layers: Layers, name: str) -> list[tuple[int, RawLayer]]:
    return [(at, raw) for at, (raw, entry) in enumerate(layers) if entry is not None and name in entry.names]


def _with(
    raw: RawLayer,
    join: Join,
    tables: list[tuple[int, RawLayer]],
    used: dict[int, NDArray[np.bool_]] | None,
    *,
    own: set[str],
) -> RawLayer:
    """Give a layer with the columns, and maybe the geometry, of the rows that its own rows name."""
    count = len(raw.frame)
    on = find(raw.frame.columns, join.on)
    keyed = [(at, table, key) for at, table in tables if (key := find(table.frame.columns, join.key))]
    if on is None or not keyed:
        fields = {"rows": count, "other": join.table}
        return _noted(raw, _NO_TABLE.filled(**fields)) if join.each and count else raw
    ours = codes(raw.frame[on])
    frame = raw.frame.copy()
    crs, geometry = raw.crs, frame.geometry.to_numpy().copy()
    found = np.zeros(count, dtype=bool)
    for at, table, key in keyed:
        theirs = codes(table.frame[key])
        first = theirs.notna() & ~theirs.duplicated()
        rows = np.flatnonzero(first.to_numpy())
        place = pd.Index(theirs[first]).get_indexer(ours)
        place[ours.isna().to_numpy() | found] = -1
        mine = np.flatnonzero(place >= 0)
        partner = rows[place[mine]]
        found[mine] = True
        if used is not None:
            used[at][partner] = True
        for name in table.frame.columns:
            if name != table.frame.geometry.name:
                _fill(frame, str(name), raw, mine, table.frame[name].iloc[partner])
        if join.geometry and len(mine):
            geometry[mine] = table.frame.geometry.to_numpy()[partner]
            crs = table.crs
    placed = gpd.GeoDataFrame(frame.drop(columns=frame.geometry.name), geometry=gpd.GeoSeries(geometry))
    whole = replace(raw, frame=placed, crs=crs)
    if join.geometry:
        whole = replace(whole, notes=_of_table_too(raw), left_out=_but_own(raw))
    # A row that lacks its row in one table cannot have one in the next: that is said already.
    missing = ours[~found & (ours.notna().to_numpy() | (on in own))]
    if not join.each or not len(missing):
        return whole
    told = _NO_ROW.filled(
        count=len(missing), rows=count, other=join.table, column=on, values=_examples(missing)
    )
    return _noted(whole, told)


def _fill(
    frame: gpd.GeoDataFrame, name: str, raw: RawLayer, rows: NDArray[np.intp], values: pd.Series[Any]
) -> None:
    """Write values into a column that was joined; one that the layer has itself stays as it is."""
    if name in raw.frame.columns:
        return
    column = (
        frame[name].to_numpy(dtype=object, copy=True)
        if name in frame
        else np.full(len(frame), None, dtype=object)
    )
    column[rows] = values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    frame[name] = pd.Series(column, index=frame.index, dtype=object).infer_objects()


def codes(values: pd.Series[Any]) -> pd.Series[Any]:
    """
    Give codes in the form that they are compared in.

    Parameters
    ----------
    values
        (n,) codes, texts or numbers.

    Returns
    -------
    pandas.Series
        (n,) texts without blanks around; missing where there is none.
    """
    text = values.map(written, na_action="ignore").astype("str").str.strip()
    return text.mask(text == "").reset_index(drop=True)


def _examples(values: pd.Series[Any]) -> str | Text:
    named = list(dict.fromkeys(values.dropna()))
    return ", ".join([*named[:_SHOWN], *(["…"] if len(named) > _SHOWN else [])]) or _NOTHING


def _noted(raw: RawLayer, what: Text) -> RawLayer:
    return replace(raw, notes=(*raw.notes, Note("D011", raw.title, fields={"what": what})))


def _of_table_too(raw: RawLayer) -> tuple[Note, ...]:
    """Give what was noted of a table but for what counts of a layer alone."""
    return tuple(note for note in raw.notes if note.code not in {_PART_ALONE, _EMPTY})


def _but_own(raw: RawLayer) -> tuple[LeftOut, ...]:
    """Give what a reader left out but for what it says of rows without a place, which they have elsewhere."""
    return tuple(left for left in raw.left_out if (left.source, left.layer) != (raw.path, raw.layer))


def _listed(
    raw: RawLayer, dialect: Dialect, entry: LayerEntry, owner: LayerEntry | None, used: NDArray[np.bool_]
) -> RawLayer:
    """Count the rows of a table that is no layer: all of a list, and those that belong to nothing of another."""
    raw = replace(raw, notes=_of_table_too(raw), left_out=_but_own(raw))
    count = int((~used).sum())
    if not count:
        return raw
    if owner is None:
        left = LeftOut(raw.path, raw.layer, count, _OF_A_LIST, _LIST.filled(dialect=dialect.title))
        return replace(raw, left_out=(*raw.left_out, left))
    join = next(one for one in owner.joins if one.table in entry.names)
    key = find(raw.frame.columns, join.key)
    values = codes(raw.frame[key])[~used] if key is not None else pd.Series([], dtype="str")
    other = owner.names[0]
    told = _NOT_NAMED.filled(count=count, rows=len(used), other=other, values=_examples(values))
    left = LeftOut(raw.path, raw.layer, count, _ROWS, _UNJOINED)
    return _noted(replace(raw, left_out=(*raw.left_out, left)), told)
