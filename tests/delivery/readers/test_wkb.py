"""Well-known binary in bulk: the same geometries as Shapely's, whatever the mixture."""

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.delivery.readers import wkb

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)


def lines(dimensions):
    return st.lists(st.lists(st.tuples(*[NUMBERS] * dimensions), min_size=2, max_size=5), max_size=6)


def assert_like_shapely(values, kind=None):
    ours = wkb.geometries(pa.array(values, kind or pa.binary()))
    theirs = shapely.from_wkb(np.array(values, dtype=object))
    # Byte for byte, as NaN is not equal to itself.
    assert shapely.to_wkb(ours).tolist() == shapely.to_wkb(theirs).tolist()
    assert ours.dtype == object


@given(st.sampled_from([2, 3]).flatmap(lines), st.sampled_from(["iso", "extended"]))
def test_lines_are_those_of_shapely(coordinates, flavor):
    with np.errstate(invalid="ignore"):
        assert_like_shapely([shapely.to_wkb(shapely.LineString(line), flavor=flavor) for line in coordinates])


@pytest.mark.parametrize(
    "geometries",
    [
        [],
        ["LINESTRING EMPTY", "LINESTRING (0 1, 2 3)"],
        ["LINESTRING (0 1, 2 3)", "LINESTRING Z (0 1 5, 2 3 5)"],
        ["LINESTRING (0 1, 2 3)", "MULTILINESTRING ((0 1, 2 3), (4 5, 6 7))"],
        ["POINT (1 2)", "POINT EMPTY"],
        ["POLYGON ((0 0, 1 0, 1 1, 0 0))"],
    ],
)
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_all_else_is_read_by_shapely(geometries, kind):
    assert_like_shapely([shapely.to_wkb(shapely.from_wkt(text)) for text in geometries], kind)


def test_a_missing_geometry_stays_missing():
    line = shapely.to_wkb(shapely.LineString([(0, 1), (2, 3)]))
    assert wkb.geometries(pa.array([line, None])).tolist() == [shapely.from_wkb(line), None]


def test_the_other_order_of_bytes():
    assert_like_shapely([shapely.to_wkb(shapely.LineString([(0, 1), (2, 3)]), byte_order=0)] * 2)


def test_a_slice_of_an_array():
    values = [shapely.to_wkb(shapely.LineString([(n, 1), (2, n)])) for n in range(9)]
    ours = wkb.geometries(pa.array(values).slice(3, 4))
    assert ours.tolist() == shapely.from_wkb(np.array(values[3:7], dtype=object)).tolist()


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[:-1],
        lambda line: line[:4],
        lambda line: line[:5] + (1).to_bytes(4, "little") + line[9:25],
        lambda line: line[:5] + (2**31).to_bytes(4, "little") + line[9:],
        lambda line: line[:0],
    ],
)
def test_broken_values_are_refused_as_shapely_refuses_them(change):
    line = shapely.to_wkb(shapely.LineString([(0, 1), (2, 3)]))
    with pytest.raises(shapely.errors.ShapelyError):
        wkb.geometries(pa.array([line, change(line)]))
