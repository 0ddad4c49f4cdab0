"""What is told of a change: in words, by its lengths, and value by value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis.checks.evidence.returns import REPEATED_M
from gis.checks.fixes.repairs import moved_m
from gis.checks.rules.attributes import label
from gis.inventory import ORIGIN
from gis.language import Language, Text
from gis.lengths import geodesic
from gis.schema import CHANGE_LOG
from gis.text.letters import written

if TYPE_CHECKING:
    from gis.checks.evidence.context import Context
    from gis.checks.fixes.change import Change
    from gis.network.lines import Floats

_WHOSE = ("code", "layer", "feature")
COLUMNS = (*_WHOSE, "what", "what_fa", "moved_m", "length_before_m", "length_after_m", *ORIGIN)
VALUE_COLUMNS = (
    *_WHOSE,
    *ORIGIN,
    "column",
    "before",
    "after",
    "moved_m",
    "what",
    "what_fa",
    "length_before_m",
    "length_after_m",
)
GEOMETRY = "geometry"
_LINES = ("LineString", "LinearRing", "MultiLineString")

_BECAME = Text("{column}: {old} became {new}", "{column}: {old} به {new} تبدیل شد")
_NOTHING = "—"
_SEPARATOR = Text("; ", "؛ ")


def wording(context: Context, change: Change, lang: Language) -> str:
    """
    Say what a change does, every value that it sets included.

    Parameters
    ----------
    context
        The survey before it.
    change
        The change.
    lang
        The language.

    Returns
    -------
    str
        One line.
    """
    told = [] if change.what is None else [change.what.render(lang)]
    for column, old, new in _sets(context, change):
        heading = label(change.layer, column)
        told.append(_BECAME.render(lang, column=heading, old=old or _NOTHING, new=new or _NOTHING))
    return _SEPARATOR.render(lang).join(told)


def change_entry(context: Context, code: str, change: Change, identity: tuple[Any, ...]) -> dict[str, Any]:
    """
    Describe a change as a whole.

    Parameters
    ----------
    context
        The survey before it.
    code
        The check whose fix it is.
    change
        The change.
    identity
        The feature's.

    Returns
    -------
    dict
        `COLUMNS`.
    """
    before, after = _geometries(context, change)
    metres = [np.nan, np.nan]
    if change.layer == "routes":
        metres = [_metres(before), _metres(after)]
    joined = change.absorbed not in (None, change.row)
    if joined:
        metres[0] += _metres(context.layer(change.layer).geometry.iloc[change.absorbed])
    return {
        **_whose(context, code, change, change.row, identity),
        "what": wording(context, change, "en"),
        "what_fa": wording(context, change, "fa"),
        # Joining two lines end to end moves neither.
        "moved_m": 0.0 if joined else moved_m(before, after),
        "length_before_m": metres[0],
        "length_after_m": metres[1],
    }


def value_entries(
    context: Context, change: Change, whole: dict[str, Any], gone: tuple[Any, ...] | None
) -> list[dict[str, Any]]:
    """
    Describe each value that a change changes, empties or moves.

    Parameters
    ----------
    context
        The survey before it.
    change
        The change.
    whole
        As `change_entry` describes it.
    gone
        The identity of the feature that goes away with it, or None.

    Returns
    -------
    list of dict
        `VALUE_COLUMNS`; vertices are told by those that go and those that come, a feature that goes by all it says.
    """
    entries: list[dict[str, Any]] = []
    told = {name: whole[name] for name in ("what", "what_fa")}
    own = {name: whole[name] for name in (*_WHOSE, *ORIGIN)} | told
    if change.absorbed != change.row:
        entries += [
            {**own, "column": column, "before": old, "after": new}
            for column, old, new in _sets(context, change)
        ]
        if change.geometry is not None:
            before, after = _geometries(context, change)
            went, came = _vertices(before, after) if change.absorbed is None else ("", "")
            figures = {name: whole[name] for name in ("moved_m", "length_before_m", "length_after_m")}
            entries.append({**own, "column": GEOMETRY, "before": went, "after": came, **figures})
    if change.absorbed is not None and gone is not None:
        theirs = {**_whose(context, whole["code"], change, change.absorbed, gone), **told}
        layer = context.layer(change.layer)
        for column in layer.columns:
            value = layer[column].iloc[change.absorbed]
            if column in (*ORIGIN, CHANGE_LOG) or _text(value) == "":
                continue
            text = value.wkt if column == layer.geometry.name else _text(value)
            entries.append({**theirs, "column": column, "before": text, "after": ""})
    return entries


def excess_m(context: Context, change: Change, announced: float) -> float:
    """
    Tell how much more length a change takes than its finding says.

    Parameters
    ----------
    context
        The survey before it.
    change
        The change.
    announced
        What the finding says, metres.

    Returns
    -------
    float
        Metres; 0 where it takes no more, where what goes stays in another feature, or where there was no length.
    """
    if change.layer != "routes" or change.geometry is None:
        return 0.0
    before, after = _geometries(context, change)
    both = [before]
    if change.absorbed is not None:
        both.append(context.layer(change.layer).geometry.iloc[change.absorbed])
    coordinates = shapely.get_coordinates(both)
    if not (np.isfinite(coordinates).all() and (np.abs(coordinates) <= (360.0, 89.9)).all()):
        return 0.0
    # A vertex twice in one place is up to a millimetre there and as much back.
    gone = max(0, len(coordinates) - len(shapely.get_coordinates(after)))
    excess = sum(map(_metres, both)) - _metres(after) - announced - REPEATED_M * (2 * gone + 1)
    return max(0.0, excess)


def _whose(
    context: Context, code: str, change: Change, row: int, identity: tuple[Any, ...]
) -> dict[str, Any]:
    named = dict(zip(ORIGIN, identity, strict=True))
    return {"code": code, "layer": change.layer, "feature": str(context.names(change.layer)[row]), **named}


def _sets(context: Context, change: Change) -> list[tuple[str, str, str]]:
    """Give the columns whose values a change sets to something else, with the value before and after."""
    layer = context.layer(change.layer)
    told = [
        (column, _text(layer[column].iloc[change.row]), _text(new)) for column, new in change.sets.items()
    ]
    return [(column, old, new) for column, old, new in told if old != new]


def _text(value: Any) -> str:
    missing = pd.isna(value)
    return "" if isinstance(missing, bool | np.bool_) and missing else written(value)


def _geometries(context: Context, change: Change) -> tuple[Any, Any]:
    before = context.layer(change.layer).geometry.iloc[change.row]
    if change.absorbed == change.row:
        return before, None
    return before, before if change.geometry is None else change.geometry


def _metres(line: Any) -> float:
    """Measure one line in this thread: many small ones are quicker so than each by several."""
    if line is None:
        return 0.0
    if line.geom_type not in _LINES:
        return np.nan
    parts = shapely.get_parts(line)
    return float(sum(geodesic.segment_lengths(shapely.get_coordinates(part)).sum() for part in parts))


def _vertices(before: Any, after: Any) -> tuple[str, str]:
    """Give the vertices of one geometry that the other does not have, each in its order, as WKT."""
    one, other = (list(map(tuple, _coordinates(shape))) for shape in (before, after))
    return _left(one, other), _left(other, one)


def _coordinates(shape: Any) -> Floats:
    return shapely.get_coordinates(shape, include_z=shape is not None and bool(shapely.has_z(shape)))


def _left(vertices: list[tuple[float, ...]], others: list[tuple[float, ...]]) -> str:
    """Give the vertices that are not among others, each as often as it is there once more, as WKT."""
    taken = Counter(map(_key, others))
    left = []
    for vertex in vertices:
        if taken[_key(vertex)]:
            taken[_key(vertex)] -= 1
        else:
            left.append(vertex)
    if not left:
        return ""
    return str((shapely.Point(left[0]) if len(left) == 1 else shapely.MultiPoint(left)).wkt)


def _key(vertex: tuple[float, ...]) -> bytes:
    # A height that is missing equals itself.
    return np.asarray(vertex, dtype=float).tobytes()
