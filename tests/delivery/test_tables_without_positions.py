"""A table without positions beside layers is said to be one, and is no layer that nobody understood."""

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

import gis

LINE = shapely.LineString([(51.6, 32.6), (51.603, 32.6)])


def delivered(tmp_path, places):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"route_id": ["A"], "kind": ["cable"]}, geometry=[LINE], crs=4326).to_file(
        path, layer="routes"
    )
    table = pd.DataFrame({"code": ["x", "y"], "title": ["a", "b"]})
    if places is None:
        pyogrio.write_dataframe(table, path, layer="owners", append=True, driver="GPKG")
    else:
        gpd.GeoDataFrame(table, geometry=places, crs=4326).to_file(path, layer="owners")
    return gis.read(path)


@pytest.mark.parametrize("places", [None, [None, None]], ids=["no column of geometry", "no geometry in it"])
def test_a_table_is_told_as_one(tmp_path, places):
    inventory = delivered(tmp_path, places)
    (left,) = inventory.left_out
    assert (left.layer, left.count) == ("owners", 2)
    assert left.what.filled(count=2).render("en") == "rows of a table without positions"
    assert "مختصات" in left.what.render("fa")
    assert "goes nowhere" not in left.why.render("en")
    assert "D004" not in set(gis.check(inventory)["code"])


def test_a_layer_of_which_some_lie_somewhere_is_not_one(tmp_path):
    inventory = delivered(tmp_path, [None, shapely.Point(51.6, 32.6)])
    (left,) = inventory.left_out
    assert "goes nowhere" in left.what.render("en")
    assert "D004" in set(gis.check(inventory)["code"])
