"""Vertices without a height, whatever the format writes for that, through measuring."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from gis import lengths
from gis.delivery.assembly import read
from gis.delivery.sources import open_delivery

if TYPE_CHECKING:
    from pathlib import Path

GEOD = pyproj.Geod(ellps="WGS84")
XY = [(51.67, 32.65), (51.673, 32.65), (51.673, 32.653)]
S = [GEOD.line_length(*zip(*XY[at : at + 2], strict=True)) for at in range(2)]


def geojson(path: Path, geometry: dict[str, Any], *others: dict[str, Any]) -> Path:
    features = [
        {"type": "Feature", "properties": {"route_id": f"R{n}", "kind": "cable"}, "geometry": each}
        for n, each in enumerate((geometry, *others))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def measured(path: Path) -> Any:
    return lengths.measure(read(path)).iloc[0]


def heights(geometry: Any) -> list[float]:
    return shapely.get_coordinates(geometry, include_z=True)[:, 2].tolist()


@pytest.mark.parametrize("nothing", [[], [None]])
@pytest.mark.parametrize("missing", [(0,), (1,), (2,), (0, 2)])
def test_geojson_positions_of_two_and_of_three_numbers(tmp_path, nothing, missing):
    z = [1575.0, 1578.0, 1580.0]
    coordinates = [[*xy, *(nothing if at in missing else [z[at]])] for at, xy in enumerate(XY)]
    path = geojson(tmp_path / "a.geojson", {"type": "LineString", "coordinates": coordinates})
    (raw,) = open_delivery(path)
    right = [np.nan if at in missing else z[at] for at in range(3)]
    assert np.array_equal(heights(raw.frame.geometry[0]), right, equal_nan=True)
    assert shapely.get_coordinates(raw.frame.geometry[0]).tolist() == [list(xy) for xy in XY]
    row = measured(path)
    assert row["geodesic_m"] == pytest.approx(sum(S), abs=1e-6)
    # Level where an end has no height: the slope adds centimetres at most, and the ground what 1580 m raise.
    assert sum(S) < row["slope_m"] < sum(S) * (1 + 1580 / 6.3e6) + 0.02


def test_geojson_parts_with_and_without_heights(tmp_path):
    parts = [[[*XY[0]], [*XY[1]]], [[*XY[1], 1578, 5], [*XY[2], 1580, 6]]]
    path = geojson(tmp_path / "a.geojson", {"type": "MultiLineString", "coordinates": parts})
    (raw,) = open_delivery(path)
    found = heights(raw.frame.geometry[0])
    assert np.array_equal(found, [np.nan, np.nan, 1578, 1580], equal_nan=True)


def test_geojson_heights_that_are_zero_stay(tmp_path):
    """Only what is not there is none: a shore is at 0 m."""
    coordinates = [[*XY[0], 0], [*XY[1], 3], [*XY[2], 0.0]]
    path = geojson(
        tmp_path / "a.geojson",
        {"type": "LineString", "coordinates": coordinates},
        {"type": "LineString", "coordinates": XY},
    )
    (raw,) = open_delivery(path)
    assert heights(raw.frame.geometry[0]) == [0, 3, 0]
    assert not raw.frame.geometry[1].has_z
    assert not raw.notes


def test_a_geojson_geometry_that_is_none_is_named(tmp_path):
    path = geojson(
        tmp_path / "a.geojson",
        {"type": "LineString", "coordinates": XY},
        {"type": "LineString", "coordinates": [[51.6, None], [51.7, 32.6]]},
        {"type": "LineString", "coordinates": [[*XY[0]], [*XY[1], 7]]},
    )
    (raw,) = open_delivery(path)
    assert [(note.code, note.feature) for note in raw.notes] == [("D003", "2")]
    assert list(raw.records) == [1, 3]
    assert list(raw.frame["route_id"]) == ["R0", "R2"]


def test_a_geojson_sequence_has_them_too(tmp_path):
    feature = {
        "type": "Feature",
        "properties": {"route_id": "R1"},
        "geometry": {"type": "LineString", "coordinates": [[*XY[0]], [*XY[1], 1578]]},
    }
    (tmp_path / "a.geojsonl").write_text(f"{json.dumps(feature)}\n{json.dumps(feature)}\n")
    (raw,) = open_delivery(tmp_path / "a.geojsonl")
    assert np.array_equal(heights(raw.frame.geometry[1]), [np.nan, 1578], equal_nan=True)


@pytest.mark.parametrize("none", [-1e38, -1.7976931348623157e308, -3.4028234663852886e38, -9999.0, -32768.0])
@pytest.mark.parametrize("ending", ["shp", "gpkg", "geojson", "fgb"])
def test_no_data_is_no_height_in_any_format(tmp_path, none, ending):
    line = shapely.LineString([(*xy, height) for xy, height in zip(XY, (1575.0, none, 1580.0), strict=True)])
    frame = gpd.GeoDataFrame({"route_id": ["R1"], "kind": ["cable"]}, geometry=[line], crs=4326)
    frame.to_file(tmp_path / f"a.{ending}")
    routes = read(tmp_path / f"a.{ending}").routes
    assert np.array_equal(heights(routes.geometry[0]), [1575, np.nan, 1580], equal_nan=True)
    row = measured(tmp_path / f"a.{ending}")
    assert sum(S) < row["ground_m"] < sum(S) * (1 + 1580 / 6.3e6)
    assert row["slope_m"] == pytest.approx(row["ground_m"], abs=1e-6)


def polyline_z(folder: Path, xy: Any, z: Any, m: Any, crs: int) -> Path:
    """Write one shape of type 13, with measures, which GDAL's writers here leave out."""
    line = shapely.LineString([(*place, 1.0) for place in xy])
    frame = gpd.GeoDataFrame({"route_id": ["R1"], "kind": ["cable"]}, geometry=[line], crs=crs)
    frame.to_file(folder / "a.shp")
    body = struct.pack("<i4d3i", 13, *line.bounds, 1, len(xy), 0) + np.array(xy, "<f8").tobytes()
    body += b"".join(np.array([min(some), max(some), *some], "<f8").tobytes() for some in (z, m))
    head = bytearray((folder / "a.shp").read_bytes()[:100])
    head[24:28] = struct.pack(">i", (108 + len(body)) // 2)
    (folder / "a.shp").write_bytes(head + struct.pack(">2i", 1, len(body) // 2) + body)
    index = bytearray((folder / "a.shx").read_bytes())
    index[100:108] = struct.pack(">2i", 50, len(body) // 2)
    (folder / "a.shx").write_bytes(index)
    return folder / "a.shp"


@pytest.mark.parametrize("measures", [-1e39, 7.0], ids=["no measures", "measures"])
def test_heights_and_measures_of_a_polylinez(tmp_path, measures):
    path = polyline_z(tmp_path, XY, [-1e39, 1575.0, -1e39], [measures] * 3, 4326)
    routes = read(path).routes
    assert np.array_equal(heights(routes.geometry[0]), [np.nan, 1575, np.nan], equal_nan=True)
    assert measured(path)["slope_m"] == pytest.approx(sum(S), abs=0.2)


def test_heights_beside_measures_outlive_a_change_of_system(tmp_path):
    xy = [(562_000.0, 3_612_000.0), (562_500.0, 3_612_000.0)]
    path = polyline_z(tmp_path, xy, [1575.0, 1580.0], [0.0, 500.0], 32639)
    assert heights(read(path).routes.geometry[0]) == [1575, 1580]


@pytest.mark.parametrize(("z", "own"), [((0.0, 0.0, 0.0), False), ((0.0, 0.0, 0.5), True)])
def test_heights_that_are_all_zero_leave_the_projects(tmp_path, z, own):
    line = shapely.LineString([(*xy, height) for xy, height in zip(XY, z, strict=True)])
    frame = gpd.GeoDataFrame({"route_id": ["R1"], "kind": ["cable"]}, geometry=[line], crs=4326)
    frame.to_file(tmp_path / "a.geojson")
    (tmp_path / "p.toml").write_text(
        '[project]\nname = "t"\nelevation_m = 1570\n[[layers.routes]]\nsource = "a.geojson"\n'
    )
    row = measured(tmp_path / "p.toml")
    # Between the least and the greatest radius of curvature at 32.65°.
    least, most = (0, 1e-6) if own else (sum(S) * 1570 / 6.39e6, sum(S) * 1570 / 6.34e6)
    assert least <= row["ground_m"] - sum(S) + 1e-9
    assert row["ground_m"] - sum(S) <= most + 1e-4
