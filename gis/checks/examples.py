"""What a check finds and what it does not, as shapes: `examples.toml`, of which the pictures of pages are made."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """
    Routes and manholes in metres east and north of a place.

    Attributes
    ----------
    routes
        Lines.
    ducts
        How many of them, the first ones, are ducts; the others are cables, which then say that they lie in one.
    manholes
        Points; the first is the exchange.
    """

    routes: tuple[Line, ...]
    ducts: int
    manholes: Line


@dataclass(frozen=True, slots=True)
class Example:
    """
    What a check finds and what it does not.

    Attributes
    ----------
    fires, passes
        The two cases.
    """

    fires: Case
    passes: Case


@cache
def examples() -> dict[str, Example]:
    """
    Read the examples.

    Returns
    -------
    dict
        Code to example, for the checks that have one.
    """
    read = tomllib.loads((files("gis.checks") / "examples.toml").read_text("utf-8"))
    return {code: Example(_case(entry["fires"]), _case(entry["passes"])) for code, entry in read.items()}


def _case(entry: dict[str, object]) -> Case:
    lines: list[list[list[float]]] = entry["routes"]  # type: ignore[assignment]
    points: list[list[float]] = entry.get("manholes", [])  # type: ignore[assignment]
    return Case(
        routes=tuple(tuple((x, y) for x, y in line) for line in lines),
        ducts=int(entry.get("ducts", 0)),  # type: ignore[call-overload]
        manholes=tuple((x, y) for x, y in points),
    )
