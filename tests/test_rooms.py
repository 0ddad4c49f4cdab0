"""The rooms of `gis/` stand in one order: what a file imports stands below it, and no two files need each other."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from support.rooms import ROOMS

PACKAGE = Path(__file__).parents[1] / "gis"


def files(package: Path) -> dict[str, Path]:
    """Give the files of a package by their names within it; that of the package itself is empty."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(package: Path) -> dict[str, set[str]]:
    """Tell which files of a package each file imports, wherever in it and be it for types only."""
    known = files(package)
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        home = [package.name, *filter(None, name.split("."))]
        if path.name != "__init__.py":
            home.pop()
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        targets = {within(target, package.name, known) for node in nodes for target in asked(node, home)}
        found[name] = {target for target in targets if target is not None} - {name}
    return found


def asked(node: ast.AST, home: list[str]) -> list[str]:
    """Tell what a node imports into a file of the package `home`: modules, or names in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = home[: len(home) - node.level + 1] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
    return []


def within(target: str, package: str, known: dict[str, Path]) -> str | None:
    """Give the file of ``gis.errors.FibreError``; None for what is not of the package."""
    first, _, rest = target.partition(".")
    if first != package:
        return None
    while rest not in known:
        rest = rest.rpartition(".")[0]
    return rest


def room(name: str) -> str | None:
    rooms = [one for one in ROOMS if one and (name == one or name.startswith(f"{one}."))]
    return max(rooms, key=len, default=None if name else "")


def upward(package: Path) -> list[str]:
    """List the imports of what stands above."""
    height = {one: at for at, one in enumerate(ROOMS)}
    return sorted(
        f"{name} imports {target}"
        for name, targets in imports(package).items()
        for target in targets
        if height[room(target) or ""] > height[room(name) or ""]
    )


def circle(package: Path) -> list[str]:
    """Give files that import each other in a circle; nothing where there are none."""
    try:
        TopologicalSorter(imports(package)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_file_has_a_room_and_every_room_a_file() -> None:
    rooms = {name: room(name) for name in files(PACKAGE)}
    assert [name for name, where in rooms.items() if where is None] == []
    assert [one for one in ROOMS if one not in rooms.values()] == []


def test_no_import_runs_back_up() -> None:
    assert upward(PACKAGE) == []


def test_no_files_import_each_other() -> None:
    assert circle(PACKAGE) == []


@pytest.fixture
def house(tmp_path):
    package = tmp_path / "gis"
    (package / "text").mkdir(parents=True)
    for name in ("__init__", "errors", "cli", "text/__init__", "text/dates", "text/letters"):
        (package / f"{name}.py").write_text("")
    return package


@pytest.mark.parametrize(
    "line",
    [
        "import gis.cli",
        "import gis.cli as command",
        "from gis import cli",
        "from gis.cli import main",
        "from .. import cli",
        "from ..cli import main",
        "def late():\n    from gis.cli import main",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gis.cli import main",
        "from importlib import import_module\nimport_module('gis.cli')",
    ],
)
def test_an_import_of_what_stands_above_is_seen_however_it_is_written(house, line) -> None:
    (house / "text" / "dates.py").write_text(line)
    assert upward(house) == ["text.dates imports cli"]


@pytest.mark.parametrize(
    "line", ["from gis.errors import FibreError", "from . import letters", "import numpy.cli"]
)
def test_an_import_of_what_stands_below_or_beside_is_none(house, line) -> None:
    (house / "text" / "dates.py").write_text(line)
    assert upward(house) == []
    assert circle(house) == []


def test_files_of_one_room_that_need_each_other_are_seen(house) -> None:
    (house / "text" / "dates.py").write_text("def late():\n    from gis.text.letters import fold")
    (house / "text" / "letters.py").write_text("from gis.text import dates")
    assert upward(house) == []
    assert set(circle(house)) == {"text.dates", "text.letters"}


CODE = re.compile(r"[A-Z]\d{3}")


def codes(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Constant) and CODE.fullmatch(str(one.value)) for one in ast.walk(node))


def compared(path: Path) -> list[str]:
    """List what a file compares with the code of a check, written there or in a list of the file's own."""
    tree = ast.parse(path.read_text("utf-8"))
    lists = {
        target.id
        for one in tree.body
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Tuple | ast.List | ast.Set)
        and codes(one.value)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    return [
        f"{path.name}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and (codes(node) or any(isinstance(one, ast.Name) and one.id in lists for one in ast.walk(node)))
    ]


def test_no_decision_hangs_on_the_code_of_a_check(tmp_path):
    assert [found for path in files(PACKAGE).values() for found in compared(path)] == []
    (tmp_path / "one.py").write_text(
        "LIST = ('C103',)\nif code == 'D005' or code in LIST:\n    pass\n", "utf-8"
    )
    assert compared(tmp_path / "one.py") == ["one.py: code == 'D005'", "one.py: code in LIST"]
