"""
What people call our layers, columns and codes: the book of synonyms, and the codes that values stand for.

The words are in ``synonyms.toml``.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.schema import SCHEMAS
from gis.text.letters import each, fold, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from gis.schema import Column, LayerName

# What is written before a number or a roman one: "No 7" negates nothing.
_NUMERO = "no"
_NUMERAL = re.compile(r"\d+|[ivx]+|[a-z]")
_KILOVOLT = "kv"
# Volts that cables are laid for; other numbers before a V are versions.
_VOLTS = frozenset({"110", "220", "230", "240", "380", "400", "415", "440", "600", "690", "1000"})

# The column whose values may be of another plant.
_PLANT_COLUMN = ("routes", "kind")

# How surely a name tells the column.
EXACT, NAMED, WEAK, LAST = 1.0, 0.95, 0.75, 0.6
SIMILAR = 0.83  # two letters of six changed places
LONG_WORD = 5  # shorter words are alike by chance
# A longer text is a description, and no code or name of a column.
LONGEST = 500
_MANY_WORDS = 20
_LONGEST = 100

BRACKETS = re.compile(r"[(\[{（]([^)\]}）]*)[)\]}）]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_WORD_BREAK = re.compile(r"[\W_]+")
_NEGATION = {
    fold(word)
    for word in ("not", "non", "no", "un", "غیر", "نا", "بدون", "فاقد", "عدم", "نیست", "ندارد", "نشده")
}


@cache
def book() -> dict[str, Any]:
    """
    Read the book of synonyms.

    Returns
    -------
    dict
        ``synonyms.toml`` as it stands.
    """
    data: dict[str, Any] = tomllib.loads(
        (files("gis.delivery.columns") / "synonyms.toml").read_text(encoding="utf-8")
    )
    return data


@cache
def names_of(layer: LayerName, column: str) -> dict[str, float]:
    """
    Give all names of a column.

    Parameters
    ----------
    layer, column
        Which one.

    Returns
    -------
    dict
        Each name's key as `name_key` gives it, with how surely it tells the column.
    """
    entry = book()[layer][column]
    if "same" in entry:
        return names_of(*entry["same"].split("."))
    known = {}
    for tier, score in (("last", LAST), ("weak", WEAK), ("names", NAMED)):
        known.update({name_key(name): score for name in entry.get(tier, ())})
    known[name_key(column)] = EXACT
    return known


@cache
def listed(layer: LayerName, column: str, key: str) -> tuple[frozenset[str], ...]:
    """
    Give the lists of words that the book has for a column beside its names.

    Parameters
    ----------
    layer, column
        Which one.
    key
        ``"both"``, ``"beside"`` or ``"without"``, as ``synonyms.toml`` explains them.

    Returns
    -------
    tuple of frozenset
        The lists' folded words; none where the column has no such list.
    """
    entry = book()[layer][column]
    if "same" in entry:
        return listed(*entry["same"].split("."), key)
    given = entry.get(key, [])
    if isinstance(given, dict):
        return listed(*given["same"].split("."), key)
    lists = given if key == "both" else [given] if given else []
    return tuple(
        listed(*one["same"].split("."), key)[at] if isinstance(one, dict) else frozenset(map(fold, one))
        for at, one in enumerate(lists)
    )


@cache
def codes_of(layer: LayerName, column: str) -> tuple[dict[str, str], dict[str, str]]:
    """
    Give what stands for the codes of a column.

    Parameters
    ----------
    layer, column
        Which one.

    Returns
    -------
    tuple of dict
        Folded whole value to code, and folded word, which may stand among others, to code.
    """
    entry = book()["values"][f"{layer}.{column}"]
    if "same" in entry:
        return codes_of(*entry["same"].split("."))
    words = {
        fold(word): code
        for code, lists in entry.items()
        for word in (*lists["words"], *lists.get("faint", ()))
    }
    exact = {fold(value): code for code, lists in entry.items() for value in lists["exact"]}
    for code, label in SCHEMAS[layer][column].codes.items():
        exact |= {fold(code): code, fold(label.en): code, fold(label.fa): code}
    return words | exact, words


@cache
def _faint(layer: LayerName, column: str) -> frozenset[str]:
    entry = book()["values"][f"{layer}.{column}"]
    if "same" in entry:
        return _faint(*entry["same"].split("."))
    return frozenset(fold(word) for lists in entry.values() for word in lists.get("faint", ()))


@cache
def _plants() -> dict[str, frozenset[str]]:
    return {name: frozenset(map(fold, words)) for name, words in book()["plants"].items()}


def other_plant(parts: Sequence[str], *, title: bool = False) -> str | None:
    """
    Tell which plant other than fibre words speak of.

    Parameters
    ----------
    parts
        Folded words, as `words_of` gives them.
    title
        Whether they are a layer's name, where the word must stand beside one for a cable, a pipe or the like.

    Returns
    -------
    str or None
        ``"copper"``, ``"coax"``, ``"power"``, ``"gas"``, ``"water"``, ``"oil"`` or ``"heat"``; None where nothing, or a
        word for fibre, says so.
    """
    lists = _plants()
    if not lists["fibre"].isdisjoint(parts):
        return None
    grams = _grams(parts)
    for name, words in lists.items():
        if name in {"beside", "fibre"}:
            continue
        for gram, begin, end in grams:
            around = {*parts[max(0, begin - 1) : begin], *parts[end : end + 1]}
            if (gram in words or (name == "power" and _is_voltage(parts, gram, begin))) and (
                not title or not lists["beside"].isdisjoint(around)
            ):
                return name
    return None


def _grams(parts: Sequence[str]) -> list[tuple[str, int, int]]:
    """Give the words, and each two that follow each other as one, with their first place and the one after."""
    pairs = [(one + other, at, at + 2) for at, (one, other) in enumerate(pairwise(parts))]
    return [*((part, at, at + 1) for at, part in enumerate(parts)), *pairs]


def _is_voltage(parts: Sequence[str], gram: str, begin: int) -> bool:
    before = parts[begin - 1] if begin else ""
    return before.isdigit() and (gram == _KILOVOLT or (gram == "v" and before in _VOLTS))


def _negated(parts: Sequence[str]) -> bool:
    """Tell whether words say "not"; "No 7" and "no. B" say "number"."""
    return any(
        part in _NEGATION
        and not (part == _NUMERO and at + 1 < len(parts) and _NUMERAL.fullmatch(parts[at + 1]))
        for at, part in enumerate(parts)
    )


def name_key(name: str) -> str:
    """
    Bring a column's name into the form that it is compared in.

    Parameters
    ----------
    name
        A name.

    Returns
    -------
    str
        Its folded letters and digits, without a unit in brackets.
    """
    bare = "".join(c for c in fold(BRACKETS.sub(" ", name)) if c.isalnum())
    return bare or "".join(c for c in fold(name) if c.isalnum())


def words_of(text: str) -> list[str]:
    """
    Take a name or a value apart into words.

    Parameters
    ----------
    text
        Any text; ``cableNew2`` has three words.

    Returns
    -------
    list of str
        The words, folded.
    """
    return list(_words(text[:LONGEST].replace("\u200c", " ")))


# A heading is asked for once for each of our columns.
@lru_cache(4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple([fold(word) for part in _WORD_BREAK.split(text) for word in _CAMEL.split(part) if word])


def match_values(
    values: Iterable[Any], column: Column, layer: LayerName, given: Mapping[str, str] | None = None
) -> dict[Any, str | None]:
    """
    Find the code that each value of a column stands for.

    Parameters
    ----------
    values
        The different values, or all of them; missing ones are left out.
    column
        A column with a code list.
    layer
        The canonical layer that it belongs to.
    given
        Values whose code is given; they count before all else. An empty code says that a value stands for none.

    Returns
    -------
    dict
        Value to code, in the order of the values; None where it stands for no code, or for more than one.
    """
    known = {fold(theirs): code for theirs, code in (given or {}).items()}
    found: dict[Any, str | None] = {}
    for value in values:
        if isinstance(value, list | tuple | dict | np.ndarray) or pd.isna(value) or value in found:
            continue
        text = written(value)
        key = fold(text)
        found[value] = (known[key] or None) if key in known else _code(text, column.name, layer)
    return found


# A value is asked for once for each layer that its own could be, and again when it is read.
@lru_cache(16_384)
def _code(text: str, column: str, layer: LayerName) -> str | None:
    if len(text) > LONGEST:
        return None
    whole, words = codes_of(layer, column)
    folded = fold(text)
    if folded in whole:
        return whole[folded]
    bare = "".join(c for c in folded if c.isalnum())
    if bare in whole:
        return whole[bare]
    parts = words_of(text)[:_MANY_WORDS]
    if (layer, column) == _PLANT_COLUMN and other_plant(parts):
        return None
    code = code_among(parts, layer, column)
    if (
        code is None
        and len(bare) >= LONG_WORD
        and not any(part in words for part in parts)
        and not _negated(parts)
    ):
        long = [word for word in whole if len(word) >= LONG_WORD]
        near = difflib.get_close_matches(bare[:_LONGEST], long, n=1, cutoff=SIMILAR)
        code = whole[near[0]] if near else None
    return code


def code_among(parts: Sequence[str], layer: LayerName, column: str) -> str | None:
    """
    Find the one code that words name.

    Parameters
    ----------
    parts
        Folded words, as `words_of` gives them.
    layer, column
        The column whose code it is.

    Returns
    -------
    str or None
        The code; None where the words name none or several, or say "not". A duct of fibre is a duct: what a thing is
        made for counts where nothing else does, and so does that it stands as it was built.
    """
    words, faint = codes_of(layer, column)[1], _faint(layer, column)
    if _negated(parts):
        return None
    known = {gram for gram, _, _ in _grams(parts) if gram in words}
    found = {words[gram] for gram in known - faint} or {words[gram] for gram in known}
    return found.pop() if len(found) == 1 else None


def referenced(values: pd.Series[Any]) -> NDArray[np.object_]:
    """
    Reduce what refers to another feature to its id: OFDS writes the whole node, ``{"id": …, "name": …}``.

    Parameters
    ----------
    values
        (n,) ids, mappings, or mappings written as JSON.

    Returns
    -------
    numpy.ndarray
        (n,) ids as text; None where there is none.
    """
    return each(values, _reference)


def _reference(value: Any) -> str | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    if isinstance(value, dict):
        value = value.get("id", value.get("name"))
    return None if value is None else written(value)
