"""Geodesic lengths against Karney's algorithm and his published test set."""

import itertools
import math

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gis.lengths import geodesic, vertices

MICROMETRE = 1e-6
ISFAHAN = (51.67, 32.67)

# Columns lat1, lat2, lon2 and s12 of some lines of C. F. F. Karney, "Test set for geodesics" (2010),
# doi:10.5281/zenodo.32156; lon1 is 0. Distances are exact, coordinates good to 1e-18 degrees. All nine groups
# of the set are here: random, nearly antipodal, short, near one pole, near both, nearly meridional, nearly
# equatorial, between vertices, ending close to vertices.
TEST_SET = """
.003311913742 .001762385472585824 32.846794581272844 3656488.4472191
20.423135394589 -21.179388017798691648 179.757116934570412271 19917969.3423672
35.602540598169 -19.406200172031696834 78.995799629955596127 10299779.6328425
26.010745808687 64.958396828764391273 .001576658648546905 4328675.605565
23.225828498891 -23.225828498891 179.44518683104154539 19975528.4919571414229
72.071239718919 -72.07123971890502904 179.813796146422114323 20000731.2068002
89.991989548145 -61.038150741515986969 89.631261715462284382 16771704.5214092
18.725775553796 18.724785210853172866 .006615636046166963 706.2676803
89.996344967961 -89.996002848213014514 114.609255826886658305 20003468.6532733
11.748740014024 -8.293112205271585557 .001363527637285404 2216358.685784
27.309748283686 -27.199405115762465758 179.519281684356260685 19974878.5154436
58.439477249568 -45.257027614034848134 86.24008736666370817 13935207.2561946
23.287785477695 20.452440593866921854 35.797365608165841143 3703998.3106422
.004059463656 .003238810845025334 63.041112122194045616 7017704.4852368
47.900780879363 47.899309788344023215 .001327005894209747 191.3088022
2.514600234503 2.506446532968658234 .00196695535966103 927.7647972
89.999847105665 -89.993713719591968804 32.889046880852145269 20003214.918664
60.077425015363 60.078197903525388982 .010531670881733178 592.5766309
22.86663328257 78.46255066680075319 179.999381785966101716 8760686.5987538
36.800966049655 36.802889529289609993 .002261122427425817 293.7372273
56.310719132311 56.304258387808388716 .005380024608319352 792.7231052
8.849455388939 8.843107684651578467 .007694428892432052 1099.6867173
89.990486671257 44.98505487875443047 88.275585060623460608 5018650.3399733
.002214721753 .001604859709652937 6.860305943586887695 763685.766878
49.016921879693 -49.016921879689829285 179.603631159825272651 19989432.2401999
"""
DISTANCES = st.floats(-3, math.log10(2e7)).map(lambda exponent: 10**exponent)
LATITUDES = st.floats(-90, 90)
AZIMUTHS = st.floats(-180, 180)


def karney(coordinates: np.ndarray) -> float:
    """Measure one route with GeographicLib, adding without error."""
    wgs84 = Geodesic.WGS84
    return math.fsum(
        wgs84.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE)["s12"]
        for (lon1, lat1), (lon2, lat2) in itertools.pairwise(coordinates)
    )


def walk(
    rng: np.random.Generator, count: int, step: float, start: tuple[float, float] = ISFAHAN
) -> np.ndarray:
    """Make a route of random turns; `step` in degrees."""
    turns = np.cumsum(rng.normal(0, 0.7, count - 1))
    steps = step * rng.uniform(0.5, 1.5, (count - 1, 1)) * np.c_[np.cos(turns), np.sin(turns)]
    return np.vstack([start, np.asarray(start) + np.cumsum(steps, axis=0)])


def test_published_test_set():
    rows = np.array([line.split() for line in TEST_SET.split("\n") if line], dtype=float)
    lat1, lat2, lon2, s12 = rows.T
    lines = shapely.linestrings(np.stack([np.c_[np.zeros(len(rows)), lat1], np.c_[lon2, lat2]], axis=1))
    assert len(rows) == 25
    assert np.abs(geodesic.line_lengths(lines) - s12).max() < MICROMETRE


@settings(max_examples=400, deadline=None)
@given(LATITUDES, st.floats(-180, 180), AZIMUTHS, DISTANCES)
@example(32.67, 51.67, 45, geodesic.SHORT_M)
@example(32.67, 51.67, 45, geodesic.SHORT_M * (1 + 1e-12))
@example(89.99, 0, 90, 1000)
@example(-90, 10, 20, 1e-3)
@example(0, 180, 90, 10)
@example(0.0, 0, 90, 2e7)
@example(60, 0, 90, 0.01)
def test_segment_is_karneys(lat, lon, azimuth, distance):
    end = Geodesic.WGS84.Direct(lat, lon, azimuth, distance)
    coordinates = np.array([(lon, lat), (end["lon2"], end["lat2"])])
    assert abs(geodesic.segment_lengths(coordinates)[0] - karney(coordinates)) < MICROMETRE


@settings(max_examples=60, deadline=None)
@given(
    LATITUDES,
    st.floats(-180, 180),
    st.lists(
        st.tuples(AZIMUTHS, st.floats(-3, 6).map(lambda exponent: 10**exponent)), min_size=1, max_size=30
    ),
)
def test_route_is_karneys(lat, lon, legs):
    places = [(lon, lat)]
    for azimuth, distance in legs:
        end = Geodesic.WGS84.Direct(places[-1][1], places[-1][0], azimuth, distance)
        places.append((end["lon2"], end["lat2"]))
    coordinates = np.array(places)
    line = shapely.LineString(coordinates)
    assert abs(geodesic.line_lengths([line])[0] - karney(coordinates)) < MICROMETRE
    assert geodesic.line_lengths([shapely.reverse(line)])[0] == pytest.approx(
        geodesic.line_lengths([line])[0], abs=1e-8, rel=0
    )


@pytest.mark.parametrize("lat", [0, 33, 60, 75, 85, 89, 89.9, 89.99, -33, -89.999])
def test_series_leaves_out_less_than_it_may(lat):
    # What the series leaves out grows with the fifth power of the length. At ten times the limits rounding no
    # longer hides it; scaled back it must stay under 1e-14 of the length: 0.2 µm in 20 000 km.
    wgs84 = Geodesic.WGS84
    widest = geodesic.SHORT_LONGITUDE_DEGREES
    for azimuth in np.arange(0, 181, 15):
        reach = 10 * geodesic.SHORT_M
        end = wgs84.Direct(lat, 0, float(azimuth), reach)
        while 10 * widest < abs(end["lon2"]) < 90:
            reach *= 0.95
            end = wgs84.Direct(lat, 0, float(azimuth), reach)
        if abs(end["lon2"]) >= 90:
            continue  # over the pole; there is no short segment like it
        work = np.empty((8, 1))
        work[1], work[4], work[5] = end["lat2"] - lat, end["lon2"], end["lat2"] + lat
        geodesic._series(work)
        length = end["s12"]
        assert abs(work[0, 0] - length) < 1e-14 * length * 10**4 + 3e-9


def test_short_and_long_meet():
    # A metre on either side of the switch, in every azimuth.
    for azimuth in range(0, 360, 10):
        for distance in (geodesic.SHORT_M - 1, geodesic.SHORT_M + 1):
            end = Geodesic.WGS84.Direct(32.67, 51.67, azimuth, distance)
            length = geodesic.segment_lengths([(51.67, 32.67), (end["lon2"], end["lat2"])])[0]
            assert abs(length - distance) < 1e-8


def test_antimeridian_and_poles():
    lines = [
        shapely.LineString([(179.9999, 10), (-179.9999, 10.0001)]),
        shapely.LineString([(-179.9999, 10), (-180.0001, 10.0001), (180, 10)]),
        shapely.LineString([(0, 89.9999), (180, 89.9999)]),
        shapely.LineString([(0, 90), (123, 90)]),
        shapely.LineString([(-170, -89.99), (10, -89.99), (100, -90)]),
        shapely.LineString([(0, 89.999999), (0.05, 89.999999)]),
    ]
    expected = [karney(shapely.get_coordinates(line)) for line in lines]
    np.testing.assert_allclose(geodesic.line_lengths(lines), expected, rtol=0, atol=MICROMETRE)


def test_what_is_no_line():
    part = [(51, 32), (51.001, 32.001)]
    one = geodesic.segment_lengths(part)[0]
    lines = [
        None,
        shapely.LineString(),
        shapely.MultiLineString(),
        shapely.Point(51, 32),
        shapely.box(51, 32, 52, 33),
        shapely.GeometryCollection([shapely.LineString(part)]),
        shapely.MultiLineString([part, part[::-1]]),
        shapely.LinearRing([*part, (51.001, 32)]),
        shapely.LineString([part[0], part[0]]),
        shapely.LineString(part),
    ]
    lengths = geodesic.line_lengths(lines)
    nan = np.nan
    ring = karney(np.array([*part, (51.001, 32), part[0]]))
    np.testing.assert_allclose(lengths, [nan, 0, 0, nan, nan, nan, 2 * one, ring, 0, one], rtol=0, atol=1e-8)
    assert len(geodesic.line_lengths([])) == 0
    assert len(geodesic.segment_lengths(np.zeros((0, 2)))) == 0
    # As many parts as lines, but not one each.
    np.testing.assert_array_equal(
        geodesic.line_lengths([shapely.LineString(), shapely.MultiLineString([part, part])]), [0, 2 * one]
    )


@pytest.mark.parametrize(
    "vertex", [(np.nan, 32), (51, np.nan), (np.inf, 32), (51, -np.inf), (51, 90.000001), (562000, 3614000)]
)
def test_impossible_vertex_spoils_its_own_route_only(vertex):
    sound = np.array([(51, 32), (51.001, 32.001), (51.002, 32)])
    spoilt = sound.copy()
    expected = geodesic.segment_lengths(sound).sum()
    for place in range(3):
        spoilt = sound.copy()
        spoilt[place] = vertex
        with np.errstate(invalid="ignore"):
            lines = shapely.linestrings(np.stack([sound, spoilt, sound]))
        np.testing.assert_allclose(geodesic.line_lengths(lines), [expected, np.nan, expected], rtol=1e-15)


def test_heights_do_not_count():
    flat = shapely.LineString([(51, 32), (51.01, 32.01)])
    high = shapely.LineString([(51, 32, 1500), (51.01, 32.01, 2500)])
    assert geodesic.line_lengths([flat])[0] == geodesic.line_lengths([high])[0]


def test_blocks_and_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(5)
    lines = [shapely.LineString(walk(rng, int(count), 3e-4)) for count in rng.integers(2, 40, 3000)]
    lines[100] = shapely.LineString(walk(rng, 90_000, 3e-4))
    lines[200] = shapely.LineString([(0, 0), (100, 50), (-170, -80)])
    expected = np.array([geodesic.segment_lengths(shapely.get_coordinates(line)).sum() for line in lines])
    one = geodesic.line_lengths(lines, threads=1)
    np.testing.assert_allclose(one, expected, rtol=1e-14)
    for threads in (None, 2, 3, 7):
        np.testing.assert_array_equal(geodesic.line_lengths(lines, threads=threads), one)
    for size in (1, 2, 19, 1000):
        monkeypatch.setattr(vertices, "BLOCK", size)
        few = slice(95, 99) if size < 1000 else slice(None)
        np.testing.assert_allclose(geodesic.line_lengths(lines[few], threads=2), expected[few], rtol=1e-13)


def test_long_route_keeps_its_micrometre():
    # What rounding adds up to in 300 000 segments of a few decimetres, against their sum without rounding.
    rng = np.random.default_rng(6)
    coordinates = walk(rng, 300_001, 3e-6)
    exact = math.fsum(geodesic.segment_lengths(coordinates))
    assert abs(geodesic.line_lengths([shapely.LineString(coordinates)])[0] - exact) < 1e-8
    sample = coordinates[:3001]
    assert abs(math.fsum(geodesic.segment_lengths(sample)) - karney(sample)) < MICROMETRE
