"""
Which layer is which, which column is which, and which value is which code.

Names come first: the canonical name, a synonym (``synonyms.toml``: Persian, English, Persian in Latin letters,
OFDS), one cut to ten letters by the DBF format, one misspelt. Values come second: they confirm a name, decide
between two, and find a column of codes that no name tells. Two columns that fit equally well are reported, not
picked.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.columns.synonyms import (
    BRACKETS,
    EXACT,
    LAST,
    LONG_WORD,
    NAMED,
    SIMILAR,
    WEAK,
    book,
    code_among,
    match_values,
    name_key,
    names_of,
    referenced,
    words_of,
)
from gis.errors import ProjectError
from gis.language import Text
from gis.schema import RANGES, SCHEMAS
from gis.text.dates import parse_dates
from gis.text.letters import fold, persian
from gis.text.numbers import parse_numbers, unit_factor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from gis.schema import Column, LayerName, Schema

__all__ = ["Candidate", "Guess", "Match", "match", "match_values", "referenced", "which_layer"]

# How surely a name tells the column, beside what `gis.delivery.columns.synonyms` has; values move it by up to 30 %.
_STUMP, _CONTAINED, _MISSPELT = 0.94, 0.72, 0.7
_BY_VALUES = 0.6
_VALUE_WEIGHT = 0.3
_TAKEN_FROM = 0.55
_SHOWN_FROM = 0.3
_EQUAL = 0.02
_SAMPLE = 2000
_DIFFERENT = 64
_MANY_COLUMNS = 256
_ALL = 0.9
_DBF_NAME = 10
_LONG_NAME = 100
_STUMP_LETTERS = 4  # shorter ones begin many names
_SHOWN_NAMES = 30

_WHY = {
    EXACT: Text("the canonical name", "نام استاندارد"),
    NAMED: Text("a synonym", "نام هم‌معنا"),
    _STUMP: Text("a name cut to ten letters", "نام بریده به ده نویسه"),
    WEAK: Text("a name that may mean it", "نامی که می‌تواند همین باشد"),
    _CONTAINED: Text("its name holds a synonym", "نامش نام هم‌معنا را در خود دارد"),
    _MISSPELT: Text("a misspelt synonym", "نام هم‌معنا با املای نادرست"),
    LAST: Text("for want of a better name", "چون نام بهتری نیست"),
    0.0: Text("its values alone", "تنها از مقدارها"),
}

_LAST_WORD = re.compile(r"[\s_\-./]+([^\s_\-./]+)$")
_DEDUPLICATED = re.compile(r"_\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A column of a delivery that may be one of ours.

    Attributes
    ----------
    theirs
        Its name in the delivery.
    score
        How well it fits, 0 to 1.
    why
        What speaks for it.
    """

    theirs: str
    score: float
    why: Text


@dataclass(frozen=True, slots=True)
class Match:
    """
    How a delivery's columns go into a canonical layer.

    Attributes
    ----------
    columns
        Canonical name to the delivery's, in the schema's order.
    scale
        Canonical name to the factor that brings its numbers to metres, where the heading names another unit.
    reasons
        Canonical name to what speaks for the match.
    alternatives
        Canonical name to the other columns that might be it, best first.
    ambiguous
        Canonical name to columns that fit equally well; none of them is picked.
    unmatched
        Canonical names that no column was picked for, the ambiguous ones among them.
    extra
        The delivery's columns that went nowhere.
    """

    columns: dict[str, str] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, Text] = field(default_factory=dict)
    alternatives: dict[str, list[Candidate]] = field(default_factory=dict)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Guess:
    """
    Which canonical layer a layer of a delivery is.

    Attributes
    ----------
    layer
        The canonical layer.
    set
        Columns that the layer's name gives for all its features, as ``kind`` for a file ``duct.shp``.
    why
        What speaks for it.
    """

    layer: LayerName
    set: dict[str, str]
    why: Text


# --- Layers ---

_LINES, _POINTS = {"LineString", "MultiLineString", "LinearRing"}, {"Point", "MultiPoint"}


def which_layer(frame: pd.DataFrame, geometry_types: Collection[str], title: str = "") -> Guess | None:
    """
    Tell which canonical layer a layer of a delivery is.

    Lines are routes unless the name says that they are background; points are manholes or offices by the
    layer's name, its columns and the words of its values. What neither tells is left undecided.

    Parameters
    ----------
    frame
        Its columns without geometry; some thousand rows are enough.
    geometry_types
        The types of its geometries, as Shapely names them; empty for a table without.
    title
        The name of the layer, and of the file where that says more.

    Returns
    -------
    Guess or None
        The layer, or None where it is none of ours or cannot be told.
    """
    types = {name.removesuffix(" Z").removesuffix("Z").strip() for name in geometry_types}
    if types & _LINES:
        candidates: list[LayerName] = ["routes"]
    elif types & _POINTS:
        candidates = ["manholes", "offices"]
    elif types - {"GeometryCollection", "Unknown"}:
        return None
    else:
        candidates = ["routes", "manholes", "offices"]
    titles = {kind: {fold(word) for word in words} for kind, words in book()["titles"].items()}
    said = set(words_of(title)) | {name_key(title)}
    own = {name: len(said & titles[name]) for name in SCHEMAS}
    if said & titles["other"] and not any(own.values()):
        return None
    reasons: dict[LayerName, tuple[float, Text]] = {}
    for name in candidates:
        by_title = 3.0 * bool(own[name])
        by_columns = _columns_for(frame, name)
        by_values = 2.0 * _values_for(frame, titles[name])
        why = max(
            (by_title, 2, Text("the layer's name", "نام لایه")),
            (by_columns, 1, Text("the names of its columns", "نام ستون‌ها")),
            (by_values, 0, Text("the words in its values", "واژه‌های مقدارها")),
            key=lambda reason: reason[:2],
        )
        reasons[name] = (by_title + by_columns + by_values, why[2])
    if candidates == ["routes"]:
        best: LayerName = "routes"
        why_best = Text("its geometry is lines", "هندسه‌اش خطی است")
    else:
        ranked = sorted(candidates, key=lambda name: -reasons[name][0])
        best = ranked[0]
        if reasons[best][0] < 1 or reasons[best][0] - reasons[ranked[1]][0] < 0.5:  # noqa: PLR2004 - half a column
            return None
        why_best = reasons[best][1]
    return Guess(best, _set_by(frame, title, best), why_best)


# Columns that only one of the layers of points has.
_TELLING = {
    "routes": ("route_id", "fibre_count", "recorded_length_m", "from_id", "to_id", "installation", "slack_m"),
    "manholes": ("manhole_id", "depth_m", "kind"),
    "offices": ("office_id", "connection", "name_fa", "name_en"),
}


def _columns_for(frame: pd.DataFrame, layer: LayerName) -> float:
    """Count the columns whose names tell this layer from the others."""
    keys = {name_key(str(name)) for name in frame.columns}
    return float(sum(any(names_of(layer, c).get(key, 0) >= NAMED for key in keys) for c in _TELLING[layer]))


def _values_for(frame: pd.DataFrame, titles: set[str]) -> float:
    """Give the largest share of values in any text column that hold a word for the layer."""
    best = 0.0
    for name in frame.columns[:_MANY_COLUMNS]:
        values = _sample(frame[name])
        texts = [value for value in values if isinstance(value, str)]
        if texts and len(texts) == len(values):
            best = max(best, sum(not titles.isdisjoint(words_of(text[:200])) for text in texts) / len(texts))
    return best


def _set_by(frame: pd.DataFrame, title: str, layer: LayerName) -> dict[str, str]:
    """Read off a layer's name what it says of all features: ``duct.shp``, «کابل موجود»."""
    given = {}
    for column in SCHEMAS[layer].columns:
        if column.name in {"kind", "status"}:
            code = code_among(words_of(title), layer, column.name)
            if code is not None:
                given[column.name] = code
    if (
        layer == "routes"
        and "kind" not in given
        and "featureType" in frame
        and (frame["featureType"] == "span").all()
    ):
        given["kind"] = "cable"  # a span of the Open Fibre Data Standard
    return given


# --- Columns ---


def match(
    frame: pd.DataFrame, schema: Schema, given: Mapping[str, str] | None = None, source: str = ""
) -> Match:
    """
    Find which column of a delivery is which of ours.

    Parameters
    ----------
    frame
        The delivery's columns without geometry.
    schema
        The canonical layer.
    given
        Canonical name to the delivery's, as the project file gives them; they count before all else.
    source
        The file's name, for messages.

    Returns
    -------
    Match
        The columns, with alternatives and what could not be decided. The same input gives the same match.

    Raises
    ------
    ProjectError
        ``given`` names a column that the delivery does not have.
    """
    theirs = [str(name) for name in frame.columns]
    taken = {ours: _find(name, theirs, ours, source) for ours, name in (given or {}).items()}
    ranked = _rank(frame, schema, [name for name in theirs if name not in taken.values()])
    columns = dict(taken)
    reasons = dict.fromkeys(taken, Text("the project file", "پروندهٔ پروژه"))
    ambiguous: dict[str, list[str]] = {}
    order = {name: at for at, name in enumerate(schema.names)}
    required = {column.name: column.required for column in schema.columns}
    pairs = sorted(
        (
            (
                -candidate.score,
                not required[ours],
                order[ours],
                theirs.index(candidate.theirs),
                ours,
                candidate,
            )
            for ours, candidates in ranked.items()
            for candidate in candidates
            if candidate.score >= _TAKEN_FROM
        ),
        key=lambda pair: pair[:4],
    )
    for _, _, _, _, ours, candidate in pairs:
        if ours in columns or ours in ambiguous or candidate.theirs in columns.values():
            continue
        rivals = [
            other.theirs
            for other in ranked[ours]
            if candidate.score - other.score < _EQUAL
            and other.theirs not in columns.values()
            and not _better_elsewhere(other, ours, ranked, columns)
        ]
        if len(rivals) > 1 and not _alike(frame, rivals):
            ambiguous[ours] = rivals
            continue
        columns[ours] = candidate.theirs
        reasons[ours] = candidate.why
    return Match(
        columns={ours: columns[ours] for ours in schema.names if ours in columns},
        scale={
            ours: factor
            for ours in schema.names
            if ours in columns
            and schema[ours].unit == "m"
            and (factor := _heading_factor(columns[ours])) not in {None, 1.0}
        },
        reasons={ours: reasons[ours] for ours in schema.names if ours in columns},
        alternatives={
            ours: others
            for ours in schema.names
            if (others := [c for c in ranked.get(ours, ()) if c.theirs != columns.get(ours)])
        },
        ambiguous={ours: ambiguous[ours] for ours in schema.names if ours in ambiguous},
        unmatched=[ours for ours in schema.names if ours not in columns],
        extra=[name for name in theirs if name not in columns.values()],
    )


def _find(name: str, theirs: Sequence[str], ours: str, source: str) -> str:
    """Find a column that the project file names, as written or else as folded."""
    if name in theirs:
        return name
    alike = [other for other in theirs if fold(other) == fold(name)] or [
        other for other in theirs if len(other) >= _DBF_NAME and fold(name).startswith(fold(other))
    ]
    if len(alike) == 1:
        return alike[0]
    shown = [*theirs[:_SHOWN_NAMES], *(["…"] if len(theirs) > _SHOWN_NAMES else [])]
    raise ProjectError(
        Text(
            "{source}: columns names {theirs} for {ours}, which it does not have; it has: {has}",
            "{source}: در columns برای {ours} ستون {theirs} آمده که در آن نیست؛ ستون‌های آن: {has}",
        ),
        source=source or "layer",
        theirs=name,
        ours=ours,
        has=", ".join(shown) or "—",
    )


def _rank(frame: pd.DataFrame, schema: Schema, theirs: Sequence[str]) -> dict[str, list[Candidate]]:
    """List for each canonical column the columns that may be it, best first."""
    names = [str(name) for name in frame.columns]
    evidence = _Evidence({name: frame.iloc[:, names.index(name)] for name in theirs}, schema)
    ranked: dict[str, list[Candidate]] = {}
    for column in schema.columns:
        candidates = []
        for name in theirs:
            by_name = _name_score(name, schema.name, column.name, fuzzy=len(theirs) <= _MANY_COLUMNS)
            if by_name == 0 and not (
                column.codes and column.name != "provenance" and len(theirs) <= _MANY_COLUMNS
            ):
                continue
            fit = evidence.fit(name, column)
            if by_name:
                score = by_name * (1 - _VALUE_WEIGHT + _VALUE_WEIGHT * (0.5 if fit is None else fit))
            else:
                score = _BY_VALUES * fit if fit is not None and fit >= _ALL else 0.0
            if score >= _SHOWN_FROM:
                candidates.append(Candidate(name, round(score, 3), _WHY[by_name]))
        ranked[column.name] = sorted(candidates, key=lambda candidate: -candidate.score)
    return ranked


def _name_score(theirs: str, layer: LayerName, column: str, *, fuzzy: bool) -> float:
    """Tell how surely a name means a column."""
    known = names_of(layer, column)
    bare = name_key(theirs)
    if bare in known:
        return known[bare]
    if _heading_factor(theirs):
        without_unit = known.get(name_key(_LAST_WORD.sub("", theirs)), 0.0)
        if without_unit >= WEAK:
            return min(without_unit, NAMED)
    if any(bare in names_of(layer, other.name) for other in SCHEMAS[layer].columns):
        return 0.0  # a whole name of another column is no part of one of this
    return _part_score(theirs, bare, [name for name, score in known.items() if score >= NAMED], fuzzy=fuzzy)


def _part_score(theirs: str, bare: str, sure: Sequence[str], *, fuzzy: bool) -> float:
    """Tell how surely a name is a column's cut off, with words around, or misspelt."""
    if _is_stump(theirs) and any(name.startswith(stump) for stump in _stumps(theirs) for name in sure):
        return _STUMP
    padded = f" {' '.join(words_of(theirs))} "
    if any(len(name) >= _STUMP_LETTERS and f" {name} " in padded for name in sure):
        return _CONTAINED
    misspelt = fuzzy and LONG_WORD <= len(bare) <= _LONG_NAME
    return _MISSPELT if misspelt and difflib.get_close_matches(bare, sure, n=1, cutoff=SIMILAR) else 0.0


def _is_stump(name: str) -> bool:
    """Tell whether a name fills the ten bytes that a DBF field's name may have, in one byte or UTF-8."""
    size = len(name.encode("utf-8", "replace"))
    return len(name) == _DBF_NAME or (not name.isascii() and _DBF_NAME - 1 <= size <= _DBF_NAME)


def _stumps(name: str) -> list[str]:
    # GDAL numbers names that became equal: RECORDED_L, RECORDED_1.
    keys = [name_key(name), name_key(_DEDUPLICATED.sub("", name))]
    return [key for key in keys if len(key) >= _STUMP_LETTERS]


def _heading_factor(name: str) -> float | None:
    """Give the factor to metres of the unit that a heading ends with: ``Length (km)``, «طول_کیلومتر»."""
    bracket = BRACKETS.search(name)
    last = _LAST_WORD.search(name)
    unit = bracket[1] if bracket else (last[1] if last else "")
    return unit_factor(unit)


def _better_elsewhere(
    candidate: Candidate, ours: str, ranked: Mapping[str, list[Candidate]], columns: Mapping[str, str]
) -> bool:
    """Tell whether a column fits another of ours, not yet found, better."""
    return any(
        other.theirs == candidate.theirs and other.score > candidate.score
        for name, candidates in ranked.items()
        if name not in {ours, *columns}
        for other in candidates
    )


def _alike(frame: pd.DataFrame, rivals: Sequence[str]) -> bool:
    """Tell whether columns hold the same values, so that it does not matter which one is taken."""
    names = [str(name) for name in frame.columns]
    first, *others = (frame.iloc[:, names.index(rival)].map(str) for rival in rivals)
    return all(first.equals(other) for other in others)


def _sample(values: pd.Series[Any]) -> list[Any]:
    """Give up to 2000 values that are there, evenly spread."""
    present = values.dropna()
    return list(present.iloc[:: max(1, len(present) // _SAMPLE)][:_SAMPLE])


class _Evidence:
    """What the values of a delivery's columns say, each looked at once."""

    def __init__(self, columns: Mapping[str, pd.Series[Any]], schema: Schema) -> None:
        self._columns = columns
        self._schema = schema
        self._samples: dict[str, list[Any]] = {}

    def fit(self, name: str, column: Column) -> float | None:
        """Tell which share of a column's values could be those of ours; None where it has none, or all could."""
        if name not in self._samples:
            self._samples[name] = [value for value in _sample(self._columns[name]) if value != ""]
        values = self._samples[name]
        if not values:
            return None
        if column.name == self._schema.id:
            return len({str(value) for value in values}) / len(values)
        if column.codes:
            # Ids and names differ from row to row, codes do not: some dozens of different values tell.
            texts = [str(value) for value in values]
            codes = match_values(list(dict.fromkeys(texts))[:_DIFFERENT], column, self._schema.name)
            return sum(codes[text] is not None for text in texts if text in codes) / sum(
                map(codes.__contains__, texts)
            )
        if column.kind in {"number", "integer"}:
            low, high = RANGES.get(column.name, (-np.inf, np.inf))
            numbers = parse_numbers(np.array(values, dtype=object))
            return float(np.mean((numbers >= low) & (numbers <= high)))
        if column.kind == "date":
            days = parse_dates(np.array(values, dtype=object))
            return sum(day is not None for day in days.values) / len(values)  # noqa: PD011 - of Days, not of pandas
        return _text_fit(values, column.name)


def _text_fit(values: Sequence[Any], column: str) -> float | None:
    """Tell names by their script; other text may be anything."""
    texts = [value for value in values if isinstance(value, str)]
    if column == "name_fa":
        return sum(map(persian, texts)) / len(values)
    if column == "name_en":
        return sum(not persian(text) and any(c.isalpha() for c in text) for text in texts) / len(values)
    if column == "county":
        return sum(any(c.isalpha() for c in text) for text in texts) / len(values)
    return None
