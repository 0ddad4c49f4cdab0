"""The table of lengths and its sums."""

import doctest
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.plan import ROOT

from gis import lengths
from gis.inventory import Inventory
from gis.lengths import geodesic, kinds, uncertainty
from gis.project import Project
from gis.schema import CRS, ROUTES


def inventory(geometries: list, project: dict | None = None, **columns: list) -> Inventory:
    """Make an inventory of routes."""
    count = len(geometries)
    values = {column.name: columns.get(column.name, [None] * count) for column in ROUTES.columns}
    if "route_id" not in columns:
        values["route_id"] = [f"r{index}" for index in range(count)]
    routes = gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(geometries, crs=CRS), crs=CRS)
    none = gpd.GeoDataFrame(geometry=[], crs=CRS)
    return Inventory(Project.model_validate({"project": project or {}}), routes, none, none)


LINES = [
    shapely.LineString([(51.67, 32.67), (51.671, 32.671), (51.672, 32.67)]),
    shapely.LineString([(55.08, 33.78, 900), (55.081, 33.78, 950)]),
    None,
    shapely.MultiLineString([[(51.6, 32.6), (51.601, 32.6)], [(51.7, 32.6), (51.701, 32.6)]]),
]


def test_a_row_a_route():
    survey = inventory(
        LINES,
        {"elevation_m": 1570.0, "accuracy_m": 0.2, "crs": "EPSG:32639"},
        kind=["cable", "cable", "duct", "duct"],
        status=["new", "existing", "new", "new"],
        county=["اصفهان", "خور و بیابانک", None, "اصفهان"],
        accuracy_m=[0.05, None, np.nan, -1],
        slack_m=[12.5, None, None, None],
        recorded_length_m=[None, 93, None, None],
    )
    table = lengths.measure(survey)
    assert tuple(table.columns) == lengths.COLUMNS
    assert list(table["id"]) == ["r0", "r1", "r2", "r3"]
    assert list(table["county"])[:2] == ["اصفهان", "خور و بیابانک"]
    assert (table.assumed_accuracy, table.unmeasured) == (3, 1)
    np.testing.assert_array_equal(table["geodesic_m"], geodesic.line_lengths(LINES))
    np.testing.assert_array_equal(table["grid_m"], kinds.grid_lengths(LINES, "EPSG:32639"))
    np.testing.assert_allclose(table["ground_m"], kinds.ground_lengths(LINES, 1570), rtol=1e-15)
    np.testing.assert_allclose(table["slope_m"], kinds.slope_lengths(LINES, 1570), rtol=1e-15)
    std, bias = uncertainty.length_uncertainty(LINES, [0.05, 0.2, 0.2, 0.2])
    np.testing.assert_array_equal(table["std_m"], std)
    np.testing.assert_array_equal(table["bias_m"], bias)
    np.testing.assert_array_equal(table["slack_m"], [12.5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(table["recorded_length_m"], [np.nan, 93, np.nan, np.nan])


def test_sums():
    survey = inventory(
        LINES,
        kind=["cable", "cable", "duct", "duct"],
        county=["ب", None, "آ", "ب"],
        slack_m=[12.5, 2.5, None, None],
    )
    table = lengths.measure(survey)
    all_of_them = lengths.summary(table)
    assert len(all_of_them) == 1
    assert all_of_them["geodesic_m"][0] == pytest.approx(np.nansum(table["geodesic_m"]), rel=1e-15)
    assert all_of_them["std_m"][0] == pytest.approx(np.sqrt(np.nansum(table["std_m"] ** 2)), rel=1e-12)
    assert all_of_them[["routes", "unmeasured"]].to_numpy().tolist() == [[4, 1]]
    by_kind = lengths.summary(table, "kind")
    assert list(by_kind["kind"]) == ["cable", "duct"]
    assert list(by_kind["routes"]) == [2, 2]
    assert list(by_kind["unmeasured"]) == [0, 1]
    assert by_kind["grid_m"].sum() == pytest.approx(all_of_them["grid_m"][0], rel=1e-15)
    assert by_kind["slack_m"][0] == 15
    assert np.isnan(by_kind["slack_m"][1])  # none recorded is not 0 recorded
    by_county = lengths.summary(table, "county")
    assert list(by_county["county"])[:2] == ["آ", "ب"]
    assert by_county["county"].isna().tolist() == [False, False, True]
    with pytest.raises(KeyError):
        lengths.summary(table, "colour")


def test_no_routes():
    table = lengths.measure(inventory([]))
    assert len(table) == 0
    assert tuple(table.columns) == lengths.COLUMNS
    assert lengths.summary(table)["geodesic_m"].tolist() == [0.0]
    assert lengths.summary(table)["routes"].tolist() == [0]
    assert len(lengths.summary(table, "kind")) == 0


def test_route_that_cannot_be_measured_has_no_deviation():
    table = lengths.measure(inventory([shapely.LineString([(51, 90.5), (51, 90.6)]), shapely.Point(51, 32)]))
    assert table[[*lengths.KINDS, "std_m", "bias_m"]].isna().all(axis=None)


@pytest.mark.parametrize("name", ["lengths.md", "lengths.fa.md"])
def test_worked_examples_of_the_page(name):
    page = ROOT / "docs" / name
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 8
    assert result.failed == 0


def test_import_is_light():
    code = (
        "import sys; import gis.lengths; "
        "print([m for m in ('geopandas', 'pandas', 'pyproj', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
