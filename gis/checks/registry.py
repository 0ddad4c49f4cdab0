"""
What a check is, and the list of all of them.

A check stands in two places that a test holds together: its words (severity, messages, page; English and Persian)
under its code in ``rules/<family>.toml``, and one function that finds its faults, marked ``@check("G201")``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from gis.language import Text
from gis.totals import RULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gis.inventory import FeatureRef
    from gis.project import Severity

FAMILIES = {
    "D": "delivery",
    "C": "coordinates",
    "G": "geometry",
    "N": "network",
    "A": "attributes",
    "T": "totals",
}


Need = Literal["area", "counties", "references", "ducts", "max_pull", "max_bends", "exchanges"]
# misplaced: what it names is somewhere else than it says, so that its form and neighbours say nothing.
# spoils_lengths: lengths and totals rest on what it doubts, and the commands that give figures say so.
# judges_place: it says whether a feature lies where the survey is.
# judges_totals: it tells the verdict on a total, which no fix may change.
# fix_moves: its fix moves features to where they belong; what else is wrong with them is judged there.
# fix_accepts: its fix changes nothing but the doubt.
Fact = Literal["misplaced", "spoils_lengths", "judges_place", "judges_totals", "fix_moves", "fix_accepts"]


@dataclass(frozen=True, slots=True)
class Page:
    """
    What people are told of a check.

    Attributes
    ----------
    code, name
        Its code, which never changes meaning, and its name.
    title
        Its name in words.
    severity
        How bad a finding is unless the project file says otherwise.
    fix
        Whether `gis.fix` can put it right: safely, only where asked to (``"unsafe"``), or not at all.
    layers
        The canonical layers that must have features for it to run; of ``manholes|offices`` one is enough.
    columns
        ``layer.column`` that must hold values for it to run.
    needs
        What else must be there for it to run: the project's ``"area"`` or ``"counties"``, ``"references"`` to what
        was delivered, ``"ducts"`` among the routes, the limits ``"max_pull"`` or ``"max_bends"``, or ``"exchanges"``
        among the manholes.
    facts
        What else is true of it; see `Fact`.
    removes
        The field of its message that says how many metres its fix may take; empty where a fix takes none.
    amount
        The field of `Found` that says how much a finding is, in metres; empty where it is no matter of more or less.
    limit
        The one that says how much is allowed.
    cause
        What many of its findings in one layer have in common, in `gis/checks/causes.toml`; empty where nothing.
    message
        What a finding says; the fields are those of `Found`.
    looks_for, matters, example, remedy
        The page: what it looks for, why it matters in the field, an example, how to put it right.
    """

    code: str
    name: str
    title: Text
    severity: Severity
    fix: Literal["safe", "unsafe"] | None
    layers: tuple[str, ...]
    columns: tuple[str, ...]
    needs: tuple[Need, ...]
    facts: frozenset[Fact]
    removes: str
    amount: str
    limit: str
    cause: str
    message: Text
    looks_for: Text
    matters: Text
    example: Text
    remedy: Text


@dataclass(frozen=True)
class Found:
    """
    The faults that a check found in one layer, as arrays.

    Attributes
    ----------
    layer
        The canonical layer, or a file's name where the fault is the file's.
    rows
        (n,) positions of the features in the layer; None for one fault of the layer as a whole.
    points
        (n, 2) longitude and latitude of the faults, WGS 84 degrees; None for the first vertex of each feature.
    fields
        Values of the message's fields: each a scalar, or a sequence of n.
    lines
        (n,) stretches at fault, LineStrings in WGS 84, where a fault is longer than a point.
    features
        (n,) names to show instead of those in the layer.
    refs
        (n,) what each is about; None where the rows say it.
    fixable
        (n,) whether the check's fix can put each right; None where it always can, if there is one.
    unjudged
        How many features the check could not judge, as a value is missing that it takes.
    """

    layer: str
    rows: NDArray[np.intp] | None = None
    points: NDArray[np.float64] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: NDArray[np.object_] | None = None
    features: Sequence[str] | None = None
    refs: Sequence[FeatureRef] | None = None
    fixable: NDArray[np.bool_] | None = None
    unjudged: int = 0


# From the survey under check, `gis.checks.evidence.context.Context`, to what is wrong with it.
Finder = Callable[[Any], "Iterable[Found]"]
_Function = TypeVar("_Function", bound=Finder)
_FINDERS: dict[str, Finder] = {}


def check(code: str) -> Callable[[_Function], _Function]:
    """
    Mark a function as the finder of a check's faults.

    Parameters
    ----------
    code
        The check's code; `pages` must have it.

    Returns
    -------
    Callable
        A decorator that leaves the function as it is.
    """

    def mark(function: _Function) -> _Function:
        if code in _FINDERS:
            raise ValueError(f"two functions for {code}")
        _FINDERS[code] = function
        return function

    return mark


def finders() -> dict[str, Finder]:
    """
    Give the function of each check.

    Returns
    -------
    dict
        Code to function, in the order of the pages.
    """
    return {code: _FINDERS[code] for code in pages() if code in _FINDERS}


def codes_with(fact: Fact) -> frozenset[str]:
    """
    Give the checks of which something is true.

    Parameters
    ----------
    fact
        What.

    Returns
    -------
    frozenset of str
        Their codes.
    """
    return frozenset(code for code, page in pages().items() if fact in page.facts)


@cache
def pages() -> dict[str, Page]:
    """
    Read the pages of all checks.

    Returns
    -------
    dict
        Code to page, in the order of the families and codes.
    """
    folder = files("gis.checks.rules")
    found: dict[str, Page] = {}
    for family in FAMILIES.values():
        for code, entry in sorted(tomllib.loads((folder / f"{family}.toml").read_text("utf-8")).items()):
            # The message alone has fields; braces of the rest belong to examples.
            words = {
                key: _worded(entry[key], finished=key != "message")
                for key in ("title", "message", "looks_for", "matters", "example", "remedy")
            }
            found[code] = Page(
                code=code,
                name=entry["name"],
                severity=entry["severity"],
                fix=entry.get("fix"),
                layers=tuple(entry.get("layers", ())),
                columns=tuple(entry.get("columns", ())),
                needs=tuple(entry.get("needs", ())),
                facts=frozenset(entry.get("facts", ())),
                removes=entry.get("removes", ""),
                amount=entry.get("amount", ""),
                limit=entry.get("limit", ""),
                cause=entry.get("cause", ""),
                **words,
            )
    return found


def _worded(words: dict[str, str], *, finished: bool) -> Text:
    """Give the words of a page, the rule of verdicts where they name it."""
    en, fa = (words[lang].strip().replace("{rule}", getattr(RULE, lang)) for lang in ("en", "fa"))
    return Text(en, fa, finished=finished)
