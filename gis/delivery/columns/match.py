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
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.delivery.columns.synonyms import (
    BRACKETS,
    EXACT,
    LAST,
    LONG_WORD,
    LONGEST,
    NAMED,
    SIMILAR,
    WEAK,
    book,
    code_among,
    listed,
    match_values,
    name_key,
    names_of,
    other_plant,
    referenced,
    words_of,
)
from gis.errors import ProjectError
from gis.language import Text
from gis.schema import RANGES, ROUTES, SCHEMAS
from gis.text.dates import parse_dates
from gis.text.letters import fold, persian
from gis.text.numbers import parse_numbers, unit_dimension, unit_factor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from gis.schema import Column, LayerName, Schema
    from gis.text.numbers import Dimension

__all__ = [
    "Candidate",
    "Drawn",
    "Guess",
    "Match",
    "Told",
    "match",
    "match_values",
    "referenced",
    "which_layer",
]

# How surely a name tells the column, beside what `gis.delivery.columns.synonyms` has; values move it by up to 30 %.
_STUMP, _BOTH, _CONTAINED, _MISSPELT = 0.94, 0.93, 0.72, 0.7
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
    _BOTH: Text("the words of its name", "واژه‌های نامش"),
    WEAK: Text("a name that may mean it", "نامی که می‌تواند همین باشد"),
    _CONTAINED: Text("its name holds a synonym", "نامش نام هم‌معنا را در خود دارد"),
    _MISSPELT: Text("a misspelt synonym", "نام هم‌معنا با املای نادرست"),
    LAST: Text("for want of a better name", "چون نام بهتری نیست"),
    0.0: Text("its values alone", "تنها از مقدارها"),
}

# An id that a program made: nothing else looks like it.
_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_CODE = re.compile(r"(?=.*\d)[^\W_][\w\-/.:#]{0,39}")
_SEVERAL = 2  # features; one value alone is always unique
# Values so near to what is drawn are in the map's units: of metres there are 100 000 times as many as of degrees.
_WITHIN = 2.0
# Words before a unit, as in "length in feet".
_BEFORE_UNIT = frozenset(map(fold, ("in", "به", "بر", "حسب", "برحسب", "با", "واحد")))
_DIMENSIONS: dict[str, Dimension] = {"m": "length", "": "count"}
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
    refused
        Columns of the delivery that are named like lengths and hold none, with what they hold.
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
    refused: dict[str, Text] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """
    What is drawn, in the layer's own coordinates: columns of lengths in the map's units are told by it.

    Attributes
    ----------
    lengths
        (n,) lengths of the features in the plane of their coordinates.
    unit_m
        The coordinates' unit in metres; None for degrees.
    """

    lengths: NDArray[np.float64]
    unit_m: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """
    What the program that wrote a delivery calls its columns.

    Attributes
    ----------
    columns
        Canonical name to the delivery's.
    hidden
        Columns of the delivery that are none of ours, whatever they are called.
    why
        Which program, as what speaks for the match.
    """

    columns: Mapping[str, str]
    hidden: Collection[str]
    why: Text


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
        candidates = ["manholes", "offices", "fittings"]
    elif types - {"GeometryCollection", "Unknown"}:
        return None
    else:
        candidates = ["routes", "manholes", "offices", "fittings"]
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
    "fittings": ("fitting_id",),
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
            said = words_of(title)
            # A layer of copper cables says so of each, and what is no fibre is no kind of ours: A403.
            plant = other_plant(said, title=True) if column is ROUTES["kind"] else None
            code = plant or code_among(said, layer, column.name)
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
    frame: pd.DataFrame,
    schema: Schema,
    given: Mapping[str, str] | None = None,
    source: str = "",
    drawn: Drawn | None = None,
    told: Told | None = None,
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
    drawn
        What is drawn, for columns of lengths in the map's units; None where nobody knows.
    told
        What the program that wrote the delivery calls its columns; what the project file gives counts before it.

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
    reasons = dict.fromkeys(taken, Text("the project file", "فایل پروژه"))
    if told is not None:
        more = {ours: name for ours, name in told.columns.items() if ours not in taken}
        reasons |= dict.fromkeys(more, told.why)
        taken |= more
    free = [
        name
        for name in theirs
        if name not in taken.values()
        and not schema.keeps_writing(name)
        and (told is None or name not in told.hidden)
    ]
    in_map_units = _in_map_units(frame, schema, theirs, drawn)
    refused = _refused(schema, free, in_map_units if drawn is not None and drawn.unit_m is None else ())
    ranked = _rank(frame, schema, free, refused, surely=told is not None)
    columns = dict(taken)
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
            told_apart = _by_values(frame, rivals) if ours == schema.id and candidate.score <= LAST else None
            if told_apart is None:
                ambiguous[ours] = rivals
            else:
                columns[ours], reasons[ours] = told_apart, _WHY_UNIQUE
            continue
        columns[ours] = candidate.theirs
        reasons[ours] = candidate.why
    if schema.id not in columns and schema.id not in ambiguous:
        unique = _unique(frame, [name for name in free if name not in columns.values()])
        if len(unique) == 1:
            columns[schema.id], reasons[schema.id] = unique[0], _WHY_UNIQUE
        elif unique:
            ambiguous[schema.id] = unique
    return Match(
        columns={ours: columns[ours] for ours in schema.names if ours in columns},
        scale={
            ours: factor
            for ours in schema.names
            if ours in columns
            and schema[ours].unit == "m"
            and (factor := _factor(columns[ours], in_map_units, drawn)) not in {None, 1.0}
        },
        reasons={ours: reasons[ours] for ours in schema.names if ours in columns},
        alternatives={
            ours: others
            for ours in schema.names
            if (others := [c for c in ranked.get(ours, ()) if c.theirs != columns.get(ours)])
        },
        ambiguous={ours: ambiguous[ours] for ours in schema.names if ours in ambiguous},
        refused=refused,
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


_DEGREES = Text("its heading names degrees", "سرستونش درجه را نام می‌برد")
_MAP_DEGREES = Text(
    "its values are degrees, the units of the layer's coordinates",
    "مقدارهایش درجه است، یکای مختصات خود لایه",
)
_WHY_UNIQUE = Text("no two of its values are equal", "هیچ دو مقدارش برابر نیست")


def _refused(schema: Schema, theirs: Sequence[str], in_degrees: Collection[str]) -> dict[str, Text]:
    """Find columns that are named like lengths and hold degrees."""
    metres = [column.name for column in schema.columns if column.unit == "m"]
    refused = {}
    for name in theirs:
        if name in in_degrees:
            refused[name] = _MAP_DEGREES
        elif unit_dimension(_heading_unit(name)[1]) == "angle" and any(
            _named(_heading_unit(name)[0], schema.name, column) for column in metres
        ):
            refused[name] = _DEGREES
    return refused


def _named(name: str, layer: LayerName, column: str) -> bool:
    key = name_key(name)
    return key in names_of(layer, column) or any(
        word in names_of(layer, column) for word in words_of(name) if len(word) >= _STUMP_LETTERS
    )


def _in_map_units(
    frame: pd.DataFrame, schema: Schema, theirs: Sequence[str], drawn: Drawn | None
) -> frozenset[str]:
    """Find columns named like a recorded length that hold what is drawn, in units other than metres."""
    if drawn is None or drawn.unit_m == 1.0 or schema.name != "routes":
        return frozenset()
    names = [str(name) for name in frame.columns]
    rows = np.flatnonzero(drawn.lengths > 0)
    rows = rows[:: max(1, len(rows) // _SAMPLE)]
    found = set()
    for name in theirs:
        if not _named(name, schema.name, "recorded_length_m") or unit_dimension(_heading_unit(name)[1]):
            continue
        numbers = parse_numbers(
            frame.iloc[:, names.index(name)].iloc[rows].to_numpy(dtype=object), of="length"
        )
        there = numbers > 0
        if there.any():
            ratio = float(np.median(numbers[there] / drawn.lengths[rows][there]))
            if 1 / _WITHIN < ratio < _WITHIN:
                found.add(name)
    return frozenset(found)


def _factor(name: str, in_map_units: Collection[str], drawn: Drawn | None) -> float | None:
    """Give what brings a column's numbers to metres, by its heading or by what is drawn."""
    if name in in_map_units and drawn is not None:
        return drawn.unit_m
    return _heading_factor(name, "length")


def _unique(frame: pd.DataFrame, theirs: Sequence[str]) -> list[str]:
    """Find the columns that may be an id by their values alone: UUIDs, else codes, else whole numbers."""
    names = [str(name) for name in frame.columns]
    tiers: dict[int, list[str]] = {}
    for name in theirs if len(theirs) <= _MANY_COLUMNS else ():
        values = frame.iloc[:, names.index(name)]
        tier = _id_tier(values)
        if tier is not None and values.map(str).is_unique:
            tiers.setdefault(tier, []).append(name)
    best = tiers[min(tiers)] if tiers else []
    return best[:1] if tiers and min(tiers) == 0 else best


def _by_values(frame: pd.DataFrame, rivals: Sequence[str]) -> str | None:
    """Tell ids that programs and people give apart: codes that tell all features apart, else UUIDs; None where open."""
    names = [str(name) for name in frame.columns]
    tiers: dict[int, list[str]] = {}
    for name in rivals:
        values = frame.iloc[:, names.index(name)]
        tier = _id_tier(values)
        if tier is not None and values.map(str).is_unique:
            tiers.setdefault(tier, []).append(name)
    for tier in (1, 0):
        if tier in tiers:
            return tiers[tier][0] if len(tiers[tier]) == 1 else None
    return None


def _id_tier(values: pd.Series[Any]) -> int | None:
    """Tell how like ids a column's values are: 0 UUIDs, 1 codes, 2 whole numbers; None for other things."""
    sample = _sample(values)
    if not sample or len(sample) < min(len(values), _SAMPLE) or values.isna().any():
        return None
    texts = [value for value in sample if isinstance(value, str)]
    if len(texts) == len(sample):
        if all(_UUID.fullmatch(text.strip()) for text in texts):
            return 0
        if len(values) < _SEVERAL or not np.isnan(parse_numbers(np.array(texts, dtype=object))).all():
            return None
        dates = parse_dates(np.array(texts, dtype=object)).values  # noqa: PD011 - of Days, not of pandas
        codes = all(_CODE.fullmatch(text.strip()) for text in texts)
        return 1 if codes and all(day is None for day in dates) else None
    whole = all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in sample)
    return 2 if whole and len(values) >= _SEVERAL else None


def _rank(
    frame: pd.DataFrame, schema: Schema, theirs: Sequence[str], refused: Collection[str], *, surely: bool
) -> dict[str, list[Candidate]]:
    """List for each canonical column the columns that may be it, best first; or that surely are, by their names."""
    names = [str(name) for name in frame.columns]
    evidence = _Evidence({name: frame.iloc[:, names.index(name)] for name in theirs}, schema)
    ranked: dict[str, list[Candidate]] = {}
    for column in schema.columns:
        candidates = []
        for name in theirs:
            if column.unit == "m" and name in refused:
                continue
            by_name = _name_score(name, schema.name, column, fuzzy=len(theirs) <= _MANY_COLUMNS)
            if surely and by_name < NAMED:
                continue
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


def _name_score(theirs: str, layer: LayerName, column: Column, *, fuzzy: bool) -> float:
    """Tell how surely a name means a column."""
    known = names_of(layer, column.name)
    bare = name_key(theirs)
    if bare in known:
        return known[bare]
    stem, unit = _heading_unit(theirs)
    dimension = _DIMENSIONS.get(column.unit) if column.kind in {"number", "integer"} else None
    if unit and dimension and unit_dimension(unit) == dimension:
        without_unit = known.get(name_key(stem), 0.0)
        if without_unit >= WEAK:
            return min(without_unit, NAMED)
    if any(bare in names_of(layer, other.name) for other in SCHEMAS[layer].columns):
        return 0.0  # a whole name of another column is no part of one of this
    said = set(_said(BRACKETS.sub(" ", theirs)))
    if any(not said.isdisjoint(words) for words in listed(layer, column.name, "without")):
        return 0.0
    if any(_has_both(said, layer, other.name) for other in SCHEMAS[layer].columns):
        return _BOTH if _has_both(said, layer, column.name) else 0.0
    sure = [name for name, score in known.items() if score >= NAMED]
    return _part_score(theirs, layer, column.name, sure, fuzzy=fuzzy)


def _said(name: str) -> list[str]:
    """Give the words of a name, and each two that follow each other as one."""
    words = words_of(name)
    return [*words, *(one + other for one, other in pairwise(words))]


def _has_both(said: Collection[str], layer: LayerName, column: str) -> bool:
    """Tell whether a name has a word of each of the two lists that tell a column, and none that tells another."""
    lists = listed(layer, column, "both")
    barred = any(not words.isdisjoint(said) for words in listed(layer, column, "without"))
    return bool(lists) and not barred and all(not words.isdisjoint(said) for words in lists)


def _part_score(theirs: str, layer: LayerName, column: str, sure: Sequence[str], *, fuzzy: bool) -> float:
    """Tell how surely a name is a column's cut off, with words around, or misspelt."""
    bare = name_key(theirs)
    if _is_stump(theirs) and any(name.startswith(stump) for stump in _stumps(theirs) for name in sure):
        return _STUMP
    words = words_of(theirs)
    padded = f" {' '.join(words)} "
    beside = listed(layer, column, "beside")
    for name in sure:
        if (beside or len(name) >= _STUMP_LETTERS) and f" {name} " in padded:
            around = padded.replace(f" {name} ", " ", 1).split()
            if not beside or all(word in beside[0] or word.isdigit() for word in around):
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


def _heading_unit(name: str) -> tuple[str, str]:
    """Part a heading from the unit at its end, "" for none: ``Length (km)``, ``length_in_feet``, «طول_کیلومتر»."""
    bracket = BRACKETS.search(name)
    if bracket:
        inner = [bracket[1], *reversed(words_of(bracket[1]))]
        return BRACKETS.sub(" ", name), next((unit for unit in inner if unit_dimension(unit)), "")
    # The sign of degrees or inches is no word.
    words = words_of(name)
    last = (
        name.rstrip()[-1:] if not name.rstrip()[-1:].isalnum() and unit_dimension(name.rstrip()[-1:]) else ""
    )
    for size in () if last else (3, 2, 1):
        tail = "".join(words[-size:])
        if len(words) >= size and unit_dimension(tail):
            last, words = tail, words[:-size]
            break
    if not last:
        return name, ""
    while len(words) > 1 and words[-1] in _BEFORE_UNIT:
        words = words[:-1]
    return " ".join(words), last


def _heading_factor(name: str, dimension: Dimension) -> float | None:
    """Give the factor to metres, or of a count, of the unit that a heading ends with."""
    unit = _heading_unit(name)[1]
    return unit_factor(unit) if unit_dimension(unit) == dimension else None


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
    sample = present.iloc[:: max(1, len(present) // _SAMPLE)][:_SAMPLE]
    return [value[:LONGEST] if isinstance(value, str) else value for value in sample]


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
            # What is of another plant is no code, and tells a kind for all that.
            known = {
                text: code is not None or (column.name == "kind" and other_plant(words_of(text)) is not None)
                for text, code in codes.items()
            }
            return sum(known[text] for text in texts if text in known) / sum(map(known.__contains__, texts))
        if column.kind in {"number", "integer"}:
            low, high = RANGES.get(column.name, (-np.inf, np.inf))
            dimension = _DIMENSIONS.get(column.unit)
            factor = _heading_factor(name, dimension) if dimension else None
            numbers = parse_numbers(np.array(values, dtype=object), unit=factor or 1.0, of=dimension)
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
