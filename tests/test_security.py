"""Each promise of SECURITY.md is held by tests that are there, under the names that it gives."""

import ast
import re

import pytest
from support.plan import ROOT

TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| (?!---|it may not \||what holds \|)", line)]


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)), ids=lambda value: value.rpartition("/")[2])
def test_a_test_that_is_named_is_there(file, test):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert test.startswith("test_")
    assert test in functions


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row.split()[1:6]))
def test_every_promise_names_its_test(row):
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", row)


def test_there_is_something_to_hold():
    assert len(ROWS) > 15
    assert len(set(NAMED)) > 30
