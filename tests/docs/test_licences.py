"""The page of licences names all that fibre-gis asks for, and nothing else."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from support.plan import ROOT

PAGE = (ROOT / "docs" / "licences.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def names(requirements):
    return {re.match(r"[\w.-]+", one)[0] for one in requirements} - {"fibre-gis"}


def test_what_is_required_is_in_the_first_table():
    table = PAGE.partition("## What `pip")[2].partition("## Extras")[0]
    assert set(re.findall(r"^\| ([\w-]+) \|", table, re.MULTILINE)) - {"package"} == names(
        PROJECT["dependencies"]
    )


def test_each_extra_is_in_the_second():
    table = PAGE.partition("## Extras")[2].partition("## For tests")[0]
    listed = set(re.findall(r"^\| ([\w]+) \| ([\w-]+) \|", table, re.MULTILINE)) - {("extra", "package")}
    extras = {
        (extra, name)
        for extra, requirements in PROJECT["optional-dependencies"].items()
        if extra not in {"test", "bench"}
        for name in names(requirements)
    }
    assert listed == extras


def test_tools_are_named():
    text = PAGE.partition("## For tests")[2].partition("## What is in")[0]
    for extra in ("test", "bench"):
        for name in names(PROJECT["optional-dependencies"][extra]):
            assert re.search(rf"\b{re.escape(name)}\b", text), name


@pytest.mark.parametrize("name", sorted(names(PROJECT["dependencies"])))
def test_nothing_that_is_required_is_copyleft(name):
    try:
        about = distribution(name).metadata
    except PackageNotFoundError:
        pytest.fail(f"{name} is not installed")
    said = " ".join([about.get("License-Expression") or "", *(about.get_all("Classifier") or [])])
    assert not re.search(r"\bA?GPL|General Public License", said)
