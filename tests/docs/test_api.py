"""The reference of the Python functions is what their docstrings say, and nothing of what they give is left out."""

import inspect
import re
import runpy

from support.plan import ROOT

import gis

MAKER = runpy.run_path(str(ROOT / "docs" / "make_api.py"), run_name="maker")
PAGE = ROOT / "docs" / "api.md"


def test_the_page_is_what_the_docstrings_give():
    # To write it again: python docs/make_api.py
    assert PAGE.read_text("utf-8") == MAKER["api"]()


def test_every_public_name_has_its_entry():
    headings = set(re.findall(r"^### (\S+)$", PAGE.read_text("utf-8"), re.MULTILINE))
    functions = {f"gis.{name}" for name in gis.__all__ if inspect.isroutine(getattr(gis, name))}
    assert len(functions) > 10
    assert functions | {"gis.Inventory", "gis.FibreError", "gis.lengths.geodesic.line_lengths"} <= headings


def test_what_a_function_gives_has_an_entry_too():
    page = PAGE.read_text("utf-8")
    headings = {heading.rpartition(".")[2] for heading in re.findall(r"^### (\S+)$", page, re.MULTILINE)}
    given = set(re.findall(r"\*\*Returns\*\*\n\n- `(?:.*`, `)?([A-Z]\w+)`", page))
    assert given == {"Findings", "Fixed", "InspectDocument", "Inventory", "Measured", "RunResult", "Trace"}
    assert given <= headings
