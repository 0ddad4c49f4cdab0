"""Grid, ground and slope lengths against pyproj by hand and the figures of Isfahan and Khur."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import ProjectError
from gis.lengths import geodesic, kinds

WGS84 = pyproj.Geod(ellps="WGS84")
ISFAHAN, KHUR = (51.67, 32.67), (55.08, 33.78)


def route(
    start: tuple[float, float], azimuth: float, length: float, vertices: int = 20
) -> shapely.LineString:
    """Lay a geodesic of a given length."""
    away = np.linspace(0, length, vertices)
    lon, lat, _ = WGS84.fwd(*(np.full(vertices, value) for value in (*start, azimuth)), away)
    return shapely.LineString(np.c_[lon, lat])


def by_hand(line: shapely.LineString, crs: str | int) -> float:
    """Project the vertices with pyproj and measure with Shapely."""
    transformer = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    return shapely.transform(line, transformer.transform, interleaved=False).length


@pytest.mark.parametrize("azimuth", [0, 45, 90, 200])
def test_isfahan(azimuth):
    # 13 666 m of cable near Isfahan city: 13 661.2 m in zone 39N, 13 669.4 m on the ground at 1 570 m.
    line = route(ISFAHAN, azimuth, 13_666)
    assert geodesic.line_lengths([line])[0] == pytest.approx(13_666, abs=1e-6)
    grid = kinds.grid_lengths([line], "EPSG:32639")[0]
    assert grid == pytest.approx(13_661.2, abs=0.3)
    assert grid == pytest.approx(by_hand(line, 32639), abs=1e-5)
    ground = kinds.ground_lengths([line], 1570)[0]
    assert ground == pytest.approx(13_669.4, abs=0.05)


def test_web_mercator_is_no_ground():
    line = route(ISFAHAN, 90, 13_666)
    assert kinds.grid_lengths([line], "EPSG:3857")[0] == pytest.approx(16_230, abs=15)


def test_khur_in_either_zone():
    line = route(KHUR, 90, 1000)
    assert kinds.grid_lengths([line], "EPSG:32639")[0] / 1000 == pytest.approx(1.00136, abs=1e-5)
    assert kinds.grid_lengths([line], "EPSG:32640")[0] / 1000 == pytest.approx(0.99999, abs=5e-6)
    assert kinds.utm_zones([line])[0] == 40
    assert kinds.grid_lengths([line])[0] == kinds.grid_lengths([line], "EPSG:32640")[0]


@settings(max_examples=150, deadline=None)
@given(
    st.floats(-83.9, 83.9),
    st.floats(-4.6, 4.6),
    st.floats(0, 360),
    st.floats(0, 4.5).map(lambda exponent: 10**exponent),
    st.integers(2, 50),
)
def test_utm_is_projs(lat, offset, azimuth, length, vertices):
    line = route((51 + offset, lat), azimuth, length, vertices)
    expected = by_hand(line, 32639)
    # PROJ rounds a coordinate of 5 000 km to a nanometre.
    assert kinds.grid_lengths([line], "EPSG:32639")[0] == pytest.approx(
        expected, rel=1e-9, abs=1e-8 * vertices
    )


@pytest.mark.parametrize(
    ("crs", "unit"),
    [("EPSG:3857", 1), ("EPSG:2059", 1), ("EPSG:2263", 1200 / 3937), ("EPSG:32740", 1), ("ESRI:102009", 1)],
)
def test_other_grids_are_projs(crs, unit):
    for start in (ISFAHAN, KHUR):
        line = route(start, 30, 800)
        assert kinds.grid_lengths([line], crs)[0] == pytest.approx(by_hand(line, crs) * unit, rel=1e-9)


def test_route_across_a_zone_border_stays_in_one():
    west = shapely.LineString([(53.99, 32.5), (54.005, 32.5)])
    east = shapely.LineString([(53.995, 32.5), (54.01, 32.5)])
    assert list(kinds.utm_zones([west, east])) == [39, 40]
    lengths = kinds.grid_lengths([west, east])
    np.testing.assert_allclose(lengths, [by_hand(west, 32639), by_hand(east, 32640)], rtol=1e-9)
    both = shapely.MultiLineString([[(53.9, 32.5), (53.95, 32.5)], [(53.99, 32.5), (54.005, 32.5)]])
    assert kinds.utm_zones([both])[0] == 39
    parts = [by_hand(part, 32639) for part in both.geoms]
    assert kinds.grid_lengths([both])[0] == pytest.approx(sum(parts), rel=1e-9)


def test_zones_at_the_antimeridian_and_without_position():
    lines = [
        shapely.LineString([(179.999, 10), (-179.998, 10)]),
        shapely.LineString([(179.997, 10), (-179.999, 10)]),
        shapely.LineString([(-180, 10), (-179.9, 10)]),
        shapely.LineString([(179.9, 10), (180, 10)]),
        None,
        shapely.LineString(),
    ]
    assert list(kinds.utm_zones(lines)) == [1, 60, 1, 60, 0, 0]
    lengths = kinds.grid_lengths(lines)
    geodesics = geodesic.line_lengths(lines)
    # At a zone's edge the scale is at most 1.001.
    np.testing.assert_allclose(lengths[:4], geodesics[:4], rtol=1.1e-3)
    assert math.isnan(lengths[4])
    assert lengths[5] == 0


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:1", "Isfahan", ""])
def test_grid_must_be_projected(crs):
    with pytest.raises(ProjectError, match="EPSG:32639"):
        kinds.grid_lengths([shapely.LineString([(51, 32), (51.1, 32)])], crs)


@pytest.mark.parametrize("start", [ISFAHAN, KHUR])
@pytest.mark.parametrize("azimuth", [0, 30, 90])
@pytest.mark.parametrize("height", [-20, 0, 1570, 4400])
def test_ground_is_the_distance_in_space(start, azimuth, height):
    # Between places at one height above the ellipsoid the chord in space is the ground length to 1 in 24 (R/s)².
    line = route(start, azimuth, 500, 6)
    lon, lat = shapely.get_coordinates(line).T
    geocentric = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
    places = np.column_stack(geocentric.transform(lon, lat, np.full(len(lon), float(height))))
    expected = np.linalg.norm(np.diff(places, axis=0), axis=1).sum()
    assert kinds.ground_lengths([line], height)[0] == pytest.approx(expected, abs=2e-7)
    high = shapely.LineString(np.c_[lon, lat, np.full(len(lon), float(height))])
    assert kinds.ground_lengths([high], 99)[0] == pytest.approx(expected, abs=2e-7)
    assert kinds.slope_lengths([high], 99)[0] == pytest.approx(expected, abs=2e-7)


def test_slope_is_the_distance_in_space():
    lon, lat = shapely.get_coordinates(route(ISFAHAN, 70, 2000, 101)).T
    height = 1570 + 60 * np.sin(np.arange(101) / 9)
    geocentric = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
    places = np.column_stack(geocentric.transform(lon, lat, height))
    expected = np.linalg.norm(np.diff(places, axis=0), axis=1).sum()
    line = shapely.LineString(np.c_[lon, lat, height])
    assert kinds.slope_lengths([line])[0] == pytest.approx(expected, abs=1e-5)
    assert expected > kinds.ground_lengths([line])[0] + 1


def test_missing_heights_take_the_projects():
    flat = shapely.LineString([(51, 32), (51.001, 32), (51.002, 32)])
    patchy = shapely.LineString([(51, 32, 100), (51.001, 32, np.nan), (51.002, 32, 100)])
    raised = shapely.LineString([(51, 32, 100), (51.001, 32, 1570), (51.002, 32, 100)])
    lines = [flat, patchy]
    ground, slope = kinds.ground_lengths(lines, 1570), kinds.slope_lengths(lines, 1570)
    np.testing.assert_array_equal(ground, slope)  # nothing known of any slope
    assert ground[0] == kinds.ground_lengths([flat], 1570)[0]
    assert ground[1] == pytest.approx(kinds.ground_lengths([raised])[0], abs=1e-12)
    np.testing.assert_array_equal(kinds.ground_lengths(lines[:1]), geodesic.line_lengths(lines[:1]))


def test_long_segments_and_no_lines():
    lines = [
        shapely.LineString([(51, 32), (56, 34)]),
        shapely.LineString([(179, 89), (-1, 89)]),
        None,
        shapely.LineString(),
        shapely.LineString([(51, 32), (51, 32)]),
    ]
    lengths, ground = geodesic.line_lengths(lines), kinds.ground_lengths(lines, 1000)
    assert ground[0] == pytest.approx(lengths[0] * (1 + 1000 / 6.38e6), rel=2e-6)
    assert ground[1] == pytest.approx(lengths[1] * (1 + 1000 / 6.40e6), rel=2e-6)
    np.testing.assert_array_equal(ground[2:], [np.nan, 0, 0])
    np.testing.assert_array_equal(kinds.grid_lengths(lines)[2:], [np.nan, 0, 0])
    assert kinds.grid_lengths(lines[:1])[0] == pytest.approx(by_hand(lines[0], 32639), rel=1e-12)
