"""Layers so large that their geometry is read beside their columns: nothing differs from reading them in one go."""

import contextlib
import datetime as dt
import sqlite3

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from gis.delivery.readers import gdal

COUNT = 60_000
ENDINGS = {"GPKG": "gpkg", "FlatGeobuf": "fgb", "ESRI Shapefile": "shp", "OpenFileGDB": "gdb"}


@pytest.fixture(scope="module")
def frame():
    """Make routes with text, numbers and dates, and some things missing."""
    places = np.random.default_rng(7).uniform((50, 31), (54, 34), (COUNT, 2))
    lines = shapely.linestrings(np.stack([places, places + 0.001, places + 0.003], axis=1))
    lines[::1000] = None
    number = np.arange(COUNT)
    return gpd.GeoDataFrame(
        {
            "name": np.where(number % 7, "مسیر", None),
            "length": np.where(number % 5, number / 3, np.nan),
            "laid": [dt.date(2024, 1, 1 + n % 28) for n in range(COUNT)],
        },
        geometry=lines,
        crs=32639,
    )


@pytest.mark.parametrize("driver", ENDINGS)
def test_both_ways_give_the_same(frame, driver, tmp_path):
    path = tmp_path / f"routes.{ENDINGS[driver]}"
    frame.to_file(path, driver=driver, engine="pyogrio", encoding="UTF-8", **_options(driver))
    records = gdal.bulk(path, driver, "")
    # Not by Arrow, for which GDAL crashes on a FlatGeobuf with missing geometries.
    expected = pyogrio.read_dataframe(path, fid_as_index=True)
    assert len(records.frame) == COUNT
    assert records.fids.tolist() == expected.index.tolist()
    assert records.crs == expected.crs
    assert shapely.to_wkb(records.frame.geometry).tolist() == shapely.to_wkb(expected.geometry).tolist()
    columns = [name for name in expected.columns if name != expected.geometry.name]
    assert columns == [name for name in records.frame.columns if name != "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(records.frame[columns]).astype({"laid": str}),
        pd.DataFrame(expected[columns]).reset_index(drop=True).astype({"laid": str}),
    )


def test_a_large_table_without_geometry(tmp_path):
    path = tmp_path / "table.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"number": np.arange(COUNT)}), path, layer="table")
    records = gdal.bulk(path, "GPKG", "table")
    assert records.frame["number"].tolist() == list(range(COUNT))
    assert records.frame.geometry.isna().all()


def test_a_large_layer_of_curves_is_left_to_the_other_reader(frame, tmp_path):
    # Shapely has no curves; GDAL gives them as they are.
    path = tmp_path / "curves.gpkg"
    frame.to_file(path, layer="routes", engine="pyogrio")
    curve = bytes.fromhex("0108000000") + (3).to_bytes(4, "little") + np.array([0, 0, 1, 1, 2, 0.0]).tobytes()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        triggers = [
            name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]
        for name in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        header = b"GP\x00\x01" + (32639).to_bytes(4, "little")
        database.execute("UPDATE routes SET geom = ? WHERE fid = 17", (header + curve,))
    database.close()
    assert gdal.bulk(path, "GPKG", "routes") is None
    records = gdal.read(path, "GPKG", "routes", "curves.gpkg")
    assert len(records.frame) == COUNT
    assert shapely.get_num_coordinates(records.frame.geometry.iloc[16]) > 3


def _options(driver):
    return {"SPATIAL_INDEX": "NO"} if driver == "FlatGeobuf" else {}
