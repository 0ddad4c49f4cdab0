"""How often each check finds something on surveys as they are: `rates.toml`, which `docs/make_rates.py` writes."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Rates:
    """
    What checks find on a survey, or on several under one name.

    Attributes
    ----------
    name
        What it is called.
    routes
        How many routes it has.
    severe
        How many errors and warnings there are.
    found
        Code to how many findings there are, for each check that ran; what a cause tells counts once.
    of_causes
        Code to how many findings a cause tells, where there are any.
    """

    name: Text
    routes: int
    severe: int
    found: Mapping[str, int] = field(default_factory=dict)
    of_causes: Mapping[str, int] = field(default_factory=dict)


@cache
def published() -> tuple[Rates, ...]:
    """
    Read the rates that were found last.

    Returns
    -------
    tuple of Rates
        In the order of the columns of the book.
    """
    read = tomllib.loads((files("gis.checks") / "rates.toml").read_text("utf-8"))
    return tuple(
        Rates(Text.literal(**entry["name"]), **{key: entry[key] for key in entry if key != "name"})
        for entry in read["surveys"]
    )


def write(surveys: Sequence[Rates]) -> str:
    """
    Write rates as `published` reads them.

    Parameters
    ----------
    surveys
        As `of` gives them.

    Returns
    -------
    str
        TOML.
    """
    parts = ["# Written by docs/make_rates.py.\n"]
    for one in surveys:
        en, fa = (json.dumps(text, ensure_ascii=False) for text in (one.name.en, one.name.fa))
        parts.append(f"\n[[surveys]]\nname = {{ en = {en}, fa = {fa} }}\n")
        parts.append(f"routes = {one.routes}\nsevere = {one.severe}\n")
        for key in ("found", "of_causes"):
            counts = ", ".join(f"{code} = {count}" for code, count in getattr(one, key).items())
            parts.append(f"{key} = {{ {counts} }}\n" if counts else f"{key} = {{}}\n")
    return "".join(parts)
