"""The words of the field: one in English and one in Persian for each thing, as ``glossary.toml`` lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gis.language import Text


@dataclass(frozen=True, slots=True)
class Term:
    """
    A thing of the field and what it is called.

    Attributes
    ----------
    text
        Its word in both languages, the English one in small letters.
    rejected
        Persian words for it that our texts do not use.
    """

    text: Text
    rejected: tuple[str, ...] = ()


@cache
def terms() -> dict[str, Term]:
    """
    Read the glossary.

    Returns
    -------
    dict
        What a thing is called in code to its term.
    """
    entries = tomllib.loads((files("gis") / "glossary.toml").read_text("utf-8"))
    return {
        name: Term(Text(entry["en"], entry["fa"]), tuple(entry.get("not", ())))
        for name, entry in entries.items()
    }


def word(name: str) -> Text:
    """
    Give the word for a thing.

    Parameters
    ----------
    name
        What it is called in code: ``"info"``, ``"manhole"``.

    Returns
    -------
    Text
        “note”, «نکته».
    """
    return terms()[name].text
