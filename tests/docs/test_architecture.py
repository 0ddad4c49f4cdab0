"""What the page on the architecture says of the rooms is so."""

import re
from xml.etree import ElementTree as ET

from support.plan import ROOT
from support.rooms import ROOMS

TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
RANK = {
    room: int(number)
    for number, rooms in re.findall(r"^(\d+)\. ((?:`\w+`(?:, )?)+)", TEXT, re.MULTILINE)
    for room in re.findall(r"`(\w+)`", rooms)
}


def test_the_page_tells_the_order_of_the_rooms():
    order = list(dict.fromkeys(room.partition(".")[0] for room in ROOMS if room and room != "__main__"))
    assert set(RANK) == set(order)
    ranks = [RANK[room] for room in order]
    assert ranks == sorted(ranks)


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
