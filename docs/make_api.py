"""
Write ``docs/api.md`` from the docstrings of what Python users call.

    python docs/make_api.py

It needs numpydoc, which the extra ``test`` brings.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from numpydoc.docscrape import NumpyDocString
from pydantic import BaseModel

import gis

TARGET = Path(__file__).parent / "api.md"
_HEAD = """\
# From Python

What each function takes and gives. This page is written by `python docs/make_api.py` from the docstrings: change
those. How lengths are taken stands in [lengths](lengths.md), what is looked for in [checks](checks.md), and
[a notebook](reconcile.ipynb) goes through a whole survey.
"""
# Under a heading each: where it is imported from, and its names.
_FUNCTIONS = [name for name in gis.__all__ if name[0].islower() and name != "lengths"]
PARTS: dict[str, list[tuple[str, list[str]]]] = {
    "Functions": [("gis", _FUNCTIONS)],
    "Lengths of any lines": [
        ("gis.lengths.geodesic", ["line_lengths"]),
        ("gis.lengths.kinds", ["grid_lengths", "ground_lengths", "slope_lengths"]),
        ("gis.lengths.uncertainty", ["length_uncertainty"]),
    ],
    "What they give": [
        ("gis", ["Inventory"]),
        ("gis.inventory", ["FeatureRef", "Source", "Note", "LeftOut"]),
        ("gis.lengths.measured", ["Measured"]),
        ("gis.checks.findings", ["Findings"]),
        ("gis.totals", ["TotalResult"]),
        ("gis.checks.fixes.loop", ["Fixed"]),
        ("gis.network.tracing", ["Trace"]),
        ("gis.api", ["RunResult"]),
        ("gis.documents", ["InspectDocument", "InspectedFile", "InspectedLayer", "ColumnGuess"]),
        ("gis", ["FibreError"]),
    ],
}
_WIDTH = 100


class _Plain(str):
    """An annotation as it is written, without the quotes of a string."""

    __slots__ = ()
    __repr__ = str.__str__


def api() -> str:
    """
    Write the reference.

    Returns
    -------
    str
        Markdown: a section a part, and in it one for each name.
    """
    sections = [_HEAD]
    for title, homes in PARTS.items():
        sections.append(f"## {title}\n")
        for home, names in homes:
            module = importlib.import_module(home)
            sections += [_entry(f"{home}.{name}", getattr(module, name)) for name in names]
    return "\n".join(sections)


def _entry(path: str, thing: Any) -> str:
    """Write what is told of one function or class, with the methods and properties of a class."""
    lines = [f"### {path}", ""]
    if inspect.isfunction(thing):
        lines += ["```python", _call(path, thing), "```", ""]
    lines += _told(thing)
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
                called = f".{name}" if isinstance(member, property) else _call(f".{name}", function)
                lines += [f"**`{' '.join(called.split())}`** — {_summary(function)}", ""]
    return "\n".join(lines)


def _call(path: str, function: Any) -> str:
    """Write how a function is called, a parameter a line where one line is too short."""
    signature = inspect.signature(function)
    taken = [
        parameter.replace(annotation=_Plain(parameter.annotation))
        for parameter in signature.parameters.values()
        if parameter.name not in {"self", "cls"}
    ]
    plain = signature.replace(parameters=taken, return_annotation=_Plain(signature.return_annotation))
    line = f"{path}{plain}"
    if len(line) <= _WIDTH:
        return line
    given, _, back = line[len(path) + 1 :].rpartition(")")
    # Commas within brackets stand within a type.
    each = re.split(r", (?![^\[(]*[\])])", given)
    return "\n".join([f"{path}(", *(f"    {one}," for one in each), f"){back}"])


def _summary(function: Any) -> str:
    return _markdown(" ".join(NumpyDocString(inspect.getdoc(function) or "")["Summary"]))


def _told(thing: Any) -> list[str]:
    """Write the sections of a docstring."""
    document = NumpyDocString(inspect.getdoc(thing) or "")
    lines = [_markdown(" ".join(document["Summary"])), ""]
    if any(document["Extended Summary"]):
        lines += [_markdown("\n".join(document["Extended Summary"])), ""]
    for section in ("Parameters", "Attributes", "Returns", "Yields", "Raises"):
        entries = document[section]
        if not entries:
            continue
        lines += [f"**{section}**", ""]
        for entry in entries:
            several = [*entry.name.split(", "), entry.type] if entry.name else [entry.type]
            names = ", ".join(f"`{name}`" for name in several if name)
            lines.append(f"- {names}: {_markdown(' '.join(' '.join(entry.desc).split()))}")
        lines.append("")
    if inspect.isclass(thing) and issubclass(thing, BaseModel):
        # The fields of a document speak for themselves; they are its JSON's keys.
        lines += [f"- `{name}`: `{_Plain(kind)}`" for name, kind in inspect.get_annotations(thing).items()]
        lines.append("")
    if any(document["Notes"]):
        lines += [_markdown("\n".join(document["Notes"])), ""]
    return lines


def _markdown(text: str) -> str:
    """Turn code as docstrings write it into code as Markdown does."""
    return re.sub(r"``(.+?)``", r"`\1`", text, flags=re.DOTALL).strip()


if __name__ == "__main__":
    TARGET.write_text(api(), "utf-8")
