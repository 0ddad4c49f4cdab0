"""The table of rates says what the checks find: on what is bundled, counted again here."""

import runpy
from pathlib import Path

import geopandas as gpd
from support.ground import Ground

from gis.checks.rates import published
from gis.checks.registry import pages

ROOT = Path(__file__).parents[2]


def _maker():
    return runpy.run_path(str(ROOT / "docs" / "make_rates.py"), run_name="maker")


def test_the_rates_of_what_is_bundled_are_those_that_stand_in_the_book():
    # To write them again: python docs/make_rates.py && python -m gis.checks.book
    assert list(published()[:2]) == _maker()["bundled"]()


def test_any_survey_is_counted_and_those_counted_before_stay(tmp_path):
    ground = Ground()
    # Two routes that hang together and one of a segment of 3 km; and a file that is none.
    lines = [ground.line(((0.0, 0.0),), ((metres, 90.0),)) for metres in (100.0, 3000.0)]
    path = tmp_path / "net.geojson"
    frame = gpd.GeoDataFrame(
        {"route_id": ["a", "b"], "kind": "cable", "status": "new"}, geometry=lines, crs=4326
    )
    frame.to_file(path)
    (tmp_path / "none.geojson").write_text("{", "utf-8")
    maker = _maker()
    counted = maker["counted"](maker["Text"].literal("Two", "دو"), [path, tmp_path / "none.geojson"])
    assert counted.routes == 2
    assert counted.found["G209"] == 1
    assert counted.found["D001"] == 1
    assert counted.found["G201"] == 0
    assert "T501" not in counted.found
    assert set(counted.found) <= set(pages())
    written = maker["main"]([f"Two|دو={path}"])
    assert 'name = { en = "Two", fa = "دو" }' in written
    # Without a name of one, those that were counted before stay as they are.
    assert maker["write"](published()) == (ROOT / "gis/checks/rates.toml").read_text("utf-8")
