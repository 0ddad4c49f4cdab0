"""The pictures of checks: each case is found by its own check or is not, as it says, and stands in the book."""

import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.checks import book
from gis.checks.examples import examples
from gis.checks.registry import pages

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "docs" / "make_pictures.py"), run_name="maker")


@pytest.mark.parametrize("code", sorted(examples()))
def test_one_case_fires_and_the_other_does_not(code):
    example = examples()[code]
    faults = MAKER["found"](code, example.fires)
    assert len(faults) >= 1
    # Something is found on what is drawn, not beside it.
    drawn = [shapely.LineString(line) for line in example.fires.routes]
    drawn += [shapely.Point(point) for point in example.fires.manholes]
    assert (shapely.distance(shapely.points(faults), shapely.union_all(drawn)) < 0.1).all()
    assert len(MAKER["found"](code, example.passes)) == 0


def test_metres_of_the_pictures_are_metres():
    from pyproj import Geod  # noqa: PLC0415

    far = MAKER["_PLACE"] + np.array([[900.0, 0.0], [0.0, 900.0]]) / MAKER["_METRES"]
    _, _, metres = Geod(ellps="WGS84").inv(*np.tile(MAKER["_PLACE"], (2, 1)).T, *far.T)
    assert metres == pytest.approx([900.0, 900.0], abs=0.01)


@pytest.mark.parametrize("code", sorted(examples()))
def test_the_picture_in_the_docs_is_the_one_that_is_drawn(code):
    # To draw them again: python docs/make_pictures.py
    written = (ROOT / "docs" / "images" / "checks" / f"{code}.svg").read_text("utf-8")
    assert written == MAKER["picture"](code)
    picture = ET.fromstring(written)
    assert picture.findtext("{http://www.w3.org/2000/svg}title") == f"{code}: {pages()[code].title.en}"
    # It is seen on a dark page, too, and loads nothing.
    assert "prefers-color-scheme:dark" in written
    assert not re.search(r"href|url\(|<script|@import", written)


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_the_book_shows_each_picture_on_its_page(lang):
    shown = book.write(lang)
    assert re.findall(r"\]\(images/checks/(\w+)\.svg\)", shown) == [
        code for code in pages() if code in examples()
    ]
    for code in pages():
        named = f"docs/images/checks/{code}.svg" in book.page_text(code, lang)
        assert named == (code in examples())


def test_all_that_look_at_shapes_have_one():
    # Faults of a geometry as such (none, of a wrong type, invalid, in parts, too high) have no shape to show.
    of_shapes = {code for code in pages() if code[0] == "G"} - {"G201", "G202", "G203", "G210", "G211"}
    assert of_shapes <= set(examples())
