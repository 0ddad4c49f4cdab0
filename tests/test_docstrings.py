"""Every public name says what it takes and gives, in the form that numpydoc reads."""

import dataclasses
import importlib
import inspect
import pkgutil

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import gis
import gis.checks
import gis.cli
from gis.checks.registry import finders

# Missing, sections that are unknown or out of order, summaries, parameters, what is returned or yielded. Not asked
# for: types beside the names (annotations say them, and mypy holds them), examples, "See Also", extended summaries.
HELD = {
    *("GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),
    *("SS01", "SS02", "SS03", "SS04", "SS05", "SS06"),
    *("PR01", "PR02", "PR03", "PR05", "PR07", "PR08", "PR09", "PR10"),
    *("RT01", "RT02", "RT03", "RT04", "RT05", "YD01"),
}
MODULES = [
    module.name
    for module in pkgutil.walk_packages(gis.__path__, "gis.")
    if not module.name.rpartition(".")[2].startswith("_")
]
# What these take and give is one contract for all of them, said once: `gis.checks.registry.Finder`, and the help
# that each option of a command carries.
ONE_CONTRACT = {*finders().values(), *(command.callback for command in gis.cli.app.registered_commands)}


def public(module):
    """Give the functions and classes that a module defines, and the methods and properties of its classes."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            yield f"{module.__name__}.{name}", thing
            yield from methods(f"{module.__name__}.{name}", thing)
        elif inspect.isfunction(thing) and thing not in ONE_CONTRACT:
            yield f"{module.__name__}.{name}", thing


def methods(path, owner):
    for name, thing in vars(owner).items():
        # What another class promises already has its words there.
        promised = any(name in vars(base) for base in owner.__mro__[1:])
        function = getattr(thing, "__func__", getattr(thing, "fget", thing))
        own = inspect.isfunction(function) and function.__module__ == owner.__module__
        if own and not promised and not name.startswith("_"):
            yield f"{path}.{name}", thing


def faults(path, thing):
    # A class says in "Attributes" what its instances have; which of them its maker is given, dataclasses tell.
    held = HELD - {"PR01", "PR02"} if inspect.isclass(thing) else HELD
    return [f"{path}: {code} {words}" for code, words in validate(path)["errors"] if code in held]


@pytest.mark.parametrize("name", MODULES)
def test_public_docstrings_are_whole(name):
    module = importlib.import_module(name)
    assert inspect.getdoc(module), name
    assert [fault for path, thing in public(module) for fault in faults(path, thing)] == []


@pytest.mark.parametrize("name", MODULES)
def test_public_dataclasses_say_what_each_field_is(name):
    for path, thing in public(importlib.import_module(name)):
        if not dataclasses.is_dataclass(thing) or not inspect.isclass(thing):
            continue
        document = NumpyDocString(inspect.getdoc(thing))
        said = {
            one.strip()
            for section in ("Parameters", "Attributes")
            for entry in document[section]
            for one in (entry.name or entry.type).split(",")
        }
        fields = {field.name for field in dataclasses.fields(thing) if not field.name.startswith("_")}
        inherited = {
            field for base in thing.__mro__[1:] for field in getattr(base, "__dataclass_fields__", ())
        }
        assert fields - inherited - said == set(), path


def half_told(lines, crs):
    """
    Measure lines.

    Parameters
    ----------
    lines
        (n,) lines.
    """
    return lines, crs


def test_what_is_not_told_would_be_noticed():
    found = faults(f"{__name__}.half_told", half_told)
    assert [fault.split()[1] for fault in found] == ["PR01", "RT01"]
