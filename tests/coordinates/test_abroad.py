"""Layers that are what they say, anywhere on earth: nothing is said against them, whatever their place."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coordinates.belief import believe
from gis.coordinates.systems import beside, in_use

# British, French, German, Belgian, Czech (negative), Swiss, Finnish, Estonian and Polish (northing first in the
# registry), Chilean, Australian, New Zealand's over the antimeridian, Web Mercator, and degrees.
NATIONAL = (
    27700,
    2154,
    25832,
    31370,
    5514,
    2056,
    3067,
    3301,
    2180,
    31468,
    32719,
    7855,
    3851,
    3857,
    4326,
    4269,
)
AGAINST = {"C103", "C104", "C105", "C110"}


def within(crs: pyproj.CRS, east: float, north: float) -> np.ndarray:
    """Give the place at a part of the way through a system's area of use."""
    use = crs.area_of_use
    width = (use.east - use.west) % 360 or 360
    lon = (use.west + 0.05 * width + east * 0.9 * width + 180) % 360 - 180
    return np.array([lon, use.south + (0.05 + 0.9 * north) * (use.north - use.south)])


def survey(crs: pyproj.CRS, places: np.ndarray, seed: int) -> np.ndarray:
    """Scatter thirty lines of four vertices some kilometres about each place, in the system's own numbers."""
    rng = np.random.default_rng(seed)
    starts = np.repeat(places, 30, axis=0) + rng.uniform(-0.02, 0.02, (30 * len(places), 2))
    lonlat = (starts[:, None] + np.cumsum(rng.uniform(0, 2e-4, (len(starts), 4, 2)), axis=1)).reshape(-1, 2)
    to = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    return np.column_stack(to.transform(*lonlat.T))


def codes(belief: object) -> set[str]:
    return {code for code, _ in belief.notes}  # type: ignore[attr-defined]


PART = st.floats(0, 1)


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(
        st.sampled_from(NATIONAL),
        st.integers(32601, 32660),
        st.integers(32701, 32760),
    ),
    st.lists(st.tuples(PART, PART), min_size=1, max_size=3),
    st.integers(0, 99),
)
def test_a_declared_layer_in_its_systems_own_area_is_believed(
    code: int, parts: list[tuple[float, float]], seed: int
) -> None:
    crs = pyproj.CRS.from_epsg(code)
    places = np.array([within(crs, *part) for part in parts])
    xy = survey(crs, places, seed)
    belief = believe(xy, crs, owners=np.repeat(np.arange(len(xy) // 4), 4))
    assert not codes(belief) & AGAINST
    assert belief.declared_ok
    assert belief.crs == crs


@settings(max_examples=40, deadline=None)
@given(st.floats(-80, 80), st.floats(-2, 2), st.floats(-2, 2), st.integers(0, 9))
def test_two_towns_near_where_longitude_is_latitude_are_left_alone(
    diagonal: float, east: float, north: float, few: int
) -> None:
    # The mirror image of a town there may well be another one.
    place = np.array([diagonal + east, np.clip(diagonal + north, -85, 85)])
    if abs(place[0] - place[1]) > 1.2:
        place[0] = place[1] + 1.2
    crs = pyproj.CRS.from_epsg(4326)
    town, mirror = survey(crs, place[None], 1), survey(crs, place[None, ::-1], few)
    xy = np.concatenate([town, mirror[: 4 * (few + 1)]])
    assert not codes(believe(xy, crs, owners=np.repeat(np.arange(len(xy) // 4), 4))) & AGAINST


@pytest.mark.parametrize("places", [[[51.67, 32.67], [59.6, 36.3]], [[37.62, 55.75], [55.75, 37.62]]])
def test_a_layer_of_two_places_is_left_alone(places: list[list[float]]) -> None:
    # Isfahan and Mashhad; Moscow and its mirror image, half of the layer each.
    crs = pyproj.CRS.from_epsg(4326)
    xy = survey(crs, np.array(places), 3)
    assert not codes(believe(xy, crs, owners=np.repeat(np.arange(len(xy) // 4), 4))) & AGAINST


def test_a_country_that_keeps_to_one_zone_is_left_alone() -> None:
    # Norway delivers in zone 33 from Bergen to Kirkenes.
    crs = pyproj.CRS.from_epsg(25833)
    for place in ([5.3, 60.4], [10.7, 59.9], [30.0, 69.7]):
        assert not codes(believe(survey(crs, np.array([place]), 4), crs)) & AGAINST


def test_where_a_system_is_used() -> None:
    zone, zealand = pyproj.CRS.from_epsg(32639), pyproj.CRS.from_epsg(3851)
    lons = np.array([46.9, 47.1, 51.0, 54.9, 55.1])
    assert in_use(zone, np.column_stack([lons, np.full(5, 32.0)])).tolist() == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not in_use(zone, np.array([[51.0, -3.0]])).any()
    # Over the antimeridian, and none where nobody says.
    around = np.array([[178.0, -40.0], [-175.0, -40.0], [0.0, -40.0], [np.nan, 0.0]])
    assert in_use(zealand, around).tolist() == [True, True, False, False]
    own = pyproj.CRS.from_proj4("+proj=tmerc +lon_0=3 +ellps=GRS80")
    assert in_use(own, around).tolist() == [True, True, True, False]
    assert {crs.to_epsg() for crs in beside(zone)} == {4326, 32638, 32640}
    assert {crs.to_epsg() for crs in beside(pyproj.CRS.from_epsg(25832))} == {4258, 25831, 25833}
