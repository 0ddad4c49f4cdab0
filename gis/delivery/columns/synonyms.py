"""
What people call our layers, columns and codes: the book of synonyms, and the codes that values stand for.

The words are in ``synonyms.toml``.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.schema import SCHEMAS
from gis.text.letters import each, fold, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from gis.schema import Column, LayerName

# How surely a name tells the column.
EXACT, NAMED, WEAK, LAST = 1.0, 0.95, 0.75, 0.6
SIMILAR = 0.83  # two letters of six changed places
LONG_WORD = 5  # shorter words are alike by chance
_MANY_WORDS = 20
_LONGEST = 100

BRACKETS = re.compile(r"[(\[{（]([^)\]}）]*)[)\]}）]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_WORD_BREAK = re.compile(r"[\W_]+")
_MATERIAL = {fold(word) for word in ("fibre", "fiber", "fibr", "فیبر", "فیبرنوری")}
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
    words = {fold(word): code for code, lists in entry.items() for word in lists["words"]}
    exact = {fold(value): code for code, lists in entry.items() for value in lists["exact"]}
    for code, label in SCHEMAS[layer][column].codes.items():
        exact |= {fold(code): code, fold(label.en): code, fold(label.fa): code}
    return words | exact, words


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
    text = text.replace("\u200c", " ")
    return [fold(word) for part in _WORD_BREAK.split(text) for word in _CAMEL.split(part) if word]


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
        Values whose code the project file gives; they count before all else.

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
        found[value] = known.get(fold(text)) or _code(text, column.name, layer)
    return found


def _code(text: str, column: str, layer: LayerName) -> str | None:
    whole, words = codes_of(layer, column)
    folded = fold(text)
    if folded in whole:
        return whole[folded]
    bare = "".join(c for c in folded if c.isalnum())
    if bare in whole:
        return whole[bare]
    parts = words_of(text)[:_MANY_WORDS]
    code = code_among(parts, layer, column)
    if (
        code is None
        and len(bare) >= LONG_WORD
        and not any(part in words or part in _NEGATION for part in parts)
    ):
        long = [word for word in whole if len(word) >= LONG_WORD]
        near = difflib.get_close_matches(bare[:_LONGEST], long, n=1, cutoff=SIMILAR)
        code = whole[near[0]] if near else None
    return code


def code_among(parts: list[str], layer: LayerName, column: str) -> str | None:
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
        made for counts where nothing else does.
    """
    words = codes_of(layer, column)[1]
    if not _NEGATION.isdisjoint(parts):
        return None
    found = {words[part] for part in parts if part in words and part not in _MATERIAL}
    found = found or {words[part] for part in parts if part in words}
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
