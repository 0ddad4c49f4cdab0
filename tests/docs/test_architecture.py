"""What the page on the architecture says of the rooms is so."""

import ast
import re
from xml.etree import ElementTree as ET

import pytest
from support.plan import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
RANK = {
    room: int(number)
    for number, rooms in re.findall(r"^(\d+)\. ((?:`\w+`(?:, )?)+)", TEXT, re.MULTILINE)
    for room in re.findall(r"`(\w+)`", rooms)
}
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "gis").rglob("*.py"))


def room(parts):
    """Give the room of a module by its path or its dotted name, without ``gis``."""
    return parts[1].removesuffix(".py") if len(parts) > 1 else ""


def imported(path):
    """Give each module of ours that a file imports, also within functions and for types."""
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "gis":
            names = [node.module] if "." in node.module else [f"gis.{one.name}" for one in node.names]
            yield from (name.split(".") for name in names)
        elif isinstance(node, ast.Import):
            yield from (one.name.split(".") for one in node.names if one.name.split(".")[0] == "gis")


def test_every_room_has_its_place():
    assert {room(path.parts) for path in MODULES} - set(RANK) == {"__init__", "__main__"}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if not p.name.startswith("__") or len(p.parts) > 2], ids=str
)
def test_a_module_knows_only_rooms_below_it(path):
    above = [".".join(name) for name in imported(path) if RANK.get(room(name), 0) > RANK[room(path.parts)]]
    assert above == []


def test_the_files_that_are_named_are_there():
    named = re.findall(r"`((?:gis|tests)/[\w/.]+)`", TEXT)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_picture_is_whole_asks_for_nothing_and_names_rooms_that_are_there():
    file = ROOT / "docs" / "images" / "architecture.svg"
    root = ET.fromstring(file.read_text("utf-8"))
    assert "prefers-color-scheme: dark" in file.read_text("utf-8")
    assert not re.search(r"(?:href|src|url)\s*[=(]\s*[\"']?https?:", file.read_text("utf-8"))
    names = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text") if one.get("class") == "name"]
    rooms = [name for name in names if name.endswith(("/", ".py"))]
    assert len(rooms) > 8
    assert [name for name in rooms if not (ROOT / "gis" / name).exists()] == []
