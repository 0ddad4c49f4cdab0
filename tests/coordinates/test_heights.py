"""Heights that stand for none are none; those that are heights stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.coordinates import heights

NO_DATA = [
    -9999.0,
    9999.0,
    -999.0,
    -99999.0,
    -32768.0,
    -32767.0,
    32767.0,
    -1e38,
    -1.7976931348623157e308,
    float(np.float32(-3.4028235e38)),
    1.70141e38,
    np.inf,
    np.nan,
]


def line(*z: float) -> shapely.LineString:
    return shapely.LineString([(51 + n / 10, 32, height) for n, height in enumerate(z)])


def z(geometry) -> list[float]:
    return shapely.get_coordinates(geometry, include_z=True)[:, 2].tolist()


def known(*geometries):
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    before = shapely.to_wkb(array)
    found = heights.known(array)
    assert list(shapely.to_wkb(array)) == list(before)  # what was given stays
    assert [shapely.get_coordinates(g).tolist() for g in found] == [
        shapely.get_coordinates(g).tolist() for g in array
    ]
    return found


@pytest.mark.parametrize("none", NO_DATA)
def test_what_stands_for_no_height_is_none(none):
    some, all_, beside = known(line(none, 1575, none), line(none, none), line(1, 2))
    assert np.array_equal(z(some), [np.nan, 1575, np.nan], equal_nan=True)
    assert not all_.has_z
    assert z(beside) == [1, 2]


@pytest.mark.parametrize("height", [-430.5, -28.0, -9998.9, 8848.86, 9998.0, 10_000.0, 1e6])
def test_heights_stay_even_those_that_are_odd(height):
    """Odd ones are for a check to find."""
    (found,) = known(line(1500, height))
    assert z(found) == [1500, height]


def test_a_line_whose_heights_are_all_zero_has_none():
    zero, partly, undone, many, point = known(
        line(0, 0, 0),
        line(0, 0, 3),
        line(0, -9999, 0),
        shapely.MultiLineString([line(0, 0), line(0, 5)]),
        shapely.Point(51, 32, 0),
    )
    assert not zero.has_z
    assert not undone.has_z
    assert z(partly) == [0, 0, 3]
    assert z(many) == [0, 0, 0, 5]
    assert z(point) == [0]  # a manhole at the shore


def test_measures_are_no_heights():
    both, alone, level = known(
        *shapely.from_wkt(
            [
                "LINESTRING ZM (51 32 5 7, 52 32 -9999 8)",
                "LINESTRING M (51 32 7, 52 32 8)",
                "LINESTRING ZM (51 32 0 7, 52 32 0 8)",
            ]
        )
    )
    assert np.array_equal(z(both), [5, np.nan], equal_nan=True)
    assert not shapely.has_m([both, alone, level]).any()
    assert not shapely.has_z([alone, level]).any()


def test_geometries_without_heights_or_vertices_come_through():
    flat, nothing, empty = known(
        shapely.LineString([(51, 32), (52, 32)]), None, shapely.from_wkt("LINESTRING Z EMPTY")
    )
    assert not flat.has_z
    assert nothing is None
    assert empty.is_empty
