"""Coordinate systems found out from where a layer lies, held against pyproj and the EPSG registry's parameters."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gis.coordinates.belief import believe
from gis.coordinates.reading import Reading
from gis.coordinates.rounding import coarse, rounding
from gis.coordinates.systems import authority, label, mixed, recognised, to_wgs84

ISFAHAN = shapely.box(49.5, 30.6, 55.6, 34.6)
SEATS = np.array(
    [[51.67, 32.67], [51.44, 33.99], [51.87, 32.01], [50.12, 32.94], [55.08, 33.78], [53.09, 32.86]]
)
ZONES = {32638: 45.0, 32639: 51.0, 32640: 57.0, 32641: 63.0, 2058: 45.0, 2059: 51.0, 2060: 57.0, 2061: 63.0}
ED77 = {2058, 2059, 2060, 2061, 4154}


def crs(code: int) -> pyproj.CRS:
    return pyproj.CRS.from_epsg(code)


def around(lon: float, lat: float, count: int = 212, spread: float = 0.02) -> np.ndarray:
    """Scatter positions about a place, the same every time."""
    return np.array([lon, lat]) + np.random.default_rng(7).uniform(-spread, spread, (count, 2))


def written_in(lonlat: np.ndarray, code: int) -> np.ndarray:
    """Write WGS 84 positions in a system by way of pyproj, ED50(ED77) by its published parameters."""
    if code in ED77:
        x, y = _to_ed77(lonlat)
        if code == 4154:
            return np.column_stack([x, y])
        projection = pyproj.Proj(proj="utm", zone=int((ZONES[code] + 183) / 6), ellps="intl")
        return np.column_stack(projection(x, y))
    return np.column_stack(pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(*lonlat.T))


def _to_ed77(lonlat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # EPSG 1514, "ED50(ED77) to WGS 84 (1)", backwards, written out as a pipeline of its own.
    pipeline = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84 "
        "+step +inv +proj=helmert +x=-110.33 +y=-97.73 +z=-119.85 +rx=0.3423 +ry=1.1634 +rz=0.2715 +s=0.063 "
        "+convention=position_vector +step +inv +proj=cart +ellps=intl "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    lon, lat, _ = pipeline.transform(lonlat[:, 0], lonlat[:, 1], np.zeros(len(lonlat)))
    return lon, lat


def apart_m(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return pyproj.Geod(ellps="WGS84").inv(one[:, 0], one[:, 1], other[:, 0], other[:, 1])[2]


def codes(belief: object) -> list[str]:
    return [code for code, _ in belief.notes]  # type: ignore[attr-defined]


def fields(belief: object, code: str) -> dict:
    return next(found for name, found in belief.notes if name == code)  # type: ignore[attr-defined]


# --- Transformation ---


@pytest.mark.parametrize("code", [4326, 4154, *ZONES, 3857])
def test_each_system_comes_back_to_wgs84(code: int) -> None:
    meridian = ZONES.get(code, 51.0)
    lonlat = around(meridian + 0.6, 33.0)
    xy = written_in(lonlat, code)
    # The published parameters leave out the height, which a plane position does not have: below 1 cm here.
    assert apart_m(to_wgs84(xy, crs(code)), lonlat).max() < (0.01 if code in ED77 else 1e-5)
    assert apart_m(to_wgs84(xy[:, ::-1], crs(code), swapped=True), lonlat).max() < (
        0.01 if code in ED77 else 1e-5
    )


def test_ed50_read_as_wgs84_is_off_as_surveyors_find_it() -> None:
    true = np.array([[51.67, 32.67]])
    wrong = to_wgs84(written_in(true, 2059), crs(32639))
    off = written_in(wrong, 32639) - written_in(true, 32639)
    assert off[0] == pytest.approx([-12, 174], abs=1)


def test_one_transformation_holds_for_all_of_iran() -> None:
    # Inside the oil fields that have parameters of their own as outside: no layer is torn at their borders.
    lonlat = np.column_stack([np.linspace(52.0, 52.6, 200), np.full(200, 26.6)])
    xy = written_in(lonlat, 2059)
    assert apart_m(to_wgs84(xy, crs(2059)), lonlat).max() < 0.05


def test_wgs84_stays_to_the_last_bit_and_what_is_not_finite_is_nan() -> None:
    xy = np.array([[51.123456789012345, 32.1], [np.nan, 32.0], [np.inf, 1.0]])
    lonlat = to_wgs84(xy, crs(4326))
    assert lonlat[0].tolist() == xy[0].tolist()
    assert np.isnan(lonlat[1:]).all()
    assert np.isnan(to_wgs84(np.array([[1e30, 1e30]]), crs(32639))).all()
    assert to_wgs84(np.empty((0, 2)), crs(2059)).shape == (0, 2)


@pytest.mark.parametrize("code", [4326, 4154, 32639, 2059, 3857])
def test_a_prj_file_of_arcgis_is_recognised(code: int) -> None:
    esri = pyproj.CRS.from_wkt(crs(code).to_wkt("WKT1_ESRI"))
    assert authority(recognised(esri)) == f"EPSG:{code}"
    assert authority(esri) == f"EPSG:{code}"
    lonlat = around(51.6, 32.6, 5)
    xy = written_in(lonlat, code)
    assert apart_m(to_wgs84(xy, esri), to_wgs84(xy, crs(code))).max() < 1e-6


def test_systems_are_named() -> None:
    assert label(crs(32639)) == "WGS 84 / UTM zone 39N (EPSG:32639)"
    local = pyproj.CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    assert label(local) == "site"
    assert authority(local).startswith("LOCAL_CS") or authority(local).startswith("ENGCRS")


# --- Belief ---


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([4326, 32639, 32640, 3857]), st.sampled_from(range(len(SEATS))), st.booleans())
def test_an_undeclared_layer_is_found(code: int, seat: int, swapped: bool) -> None:
    lonlat = around(*SEATS[seat])
    # Zone 40 is none for what lies west of 53° E.
    assume(code != 32640 or SEATS[seat][0] > 53)
    xy = written_in(lonlat, code)
    belief = believe(xy[:, ::-1] if swapped else xy, None, ISFAHAN)
    assert codes(belief) == ["C101"]
    assert belief.read is not None
    assert apart_m(belief.read.lonlat(xy[:, ::-1] if swapped else xy), lonlat).max() < 1e-4
    assert belief.swapped is swapped
    assert belief.crs == crs(code)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ZONES)), st.floats(-2.9, 2.9), st.floats(26, 39), st.booleans())
def test_known_points_tell_zone_and_datum(code: int, off: float, lat: float, swapped: bool) -> None:
    lonlat = around(min(max(ZONES[code] + off, 44.5), 63.0), lat, 60)
    xy = written_in(lonlat, code)
    xy = xy[:, ::-1] if swapped else xy
    belief = believe(xy, None, None, lonlat[::4])
    assert belief.crs == crs(code)
    assert belief.swapped is swapped
    assert apart_m(belief.read.lonlat(xy), lonlat).max() < 0.02  # type: ignore[union-attr]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([4326, 32639, 32640, 2059, 2060, 3857]), st.sampled_from(range(len(SEATS))))
def test_a_layer_that_is_what_it_says_is_believed(code: int, seat: int) -> None:
    belief = believe(written_in(around(*SEATS[seat]), code), crs(code), ISFAHAN)
    assert belief.declared_ok
    assert belief.crs == crs(code)
    assert belief.read == Reading(crs(code))
    assert [c for c in codes(belief) if c != "C106"] == []


def test_the_neighbouring_zone_is_reported_and_not_repaired() -> None:
    xy = written_in(around(51.67, 32.67), 32639)
    belief = believe(xy, crs(32640), ISFAHAN)
    assert codes(belief) == ["C104"]
    assert (belief.crs, belief.swapped, belief.declared_ok) == (crs(32639), False, False)
    assert belief.read == Reading(crs(32640))
    assert belief.evidence.en == (
        "read in WGS 84 / UTM zone 39N (EPSG:32639), 212 of 212 points lie in the area; "
        "as declared (WGS 84 / UTM zone 40N (EPSG:32640)), none"
    )
    assert "۲۱۲ نقطه از ۲۱۲ نقطه" in belief.evidence.render("fa")


def test_a_wrong_zone_keeps_its_datum() -> None:
    belief = believe(written_in(around(51.67, 32.67), 2059), crs(2060), ISFAHAN)
    assert belief.crs == crs(2059)


@pytest.mark.parametrize(
    ("code", "area", "known"),
    [
        (4326, ISFAHAN, None),
        (32639, ISFAHAN, None),
        # As declared these numbers are outside what the system is for, and swapped they are not.
        (32639, None, None),
        (4326, None, SEATS),
    ],
)
def test_swapped_axes_are_reported(code: int, area: shapely.Polygon | None, known: np.ndarray | None) -> None:
    xy = written_in(around(51.67, 32.67), code)[:, ::-1]
    belief = believe(xy, crs(code), area, known)
    assert codes(belief) == ["C103"]
    assert (belief.crs, belief.swapped, belief.read) == (crs(code), True, Reading(crs(code)))


def test_metres_declared_as_degrees_are_told() -> None:
    # GeoJSON of a program that writes its own coordinates into it.
    xy = written_in(around(51.67, 32.67), 32639)
    assert (
        fields(believe(xy, crs(4326), ISFAHAN), "C104")["believed"].en == "WGS 84 / UTM zone 39N (EPSG:32639)"
    )
    open_ = believe(xy, crs(4326))
    assert open_.crs is None
    assert {reading.crs.to_epsg() for reading in open_.open} == {32638, 32639, 32640}


def test_near_the_border_of_zones_evidence_decides_or_nothing_does() -> None:
    # 150 m west and east of 54° E, where both zones are in use; either reading lies in Iran.
    for lon, own, other in ((53.998, 32639, 32640), (54.002, 32640, 32639)):
        lonlat = around(lon, 33.4, spread=0.001)
        xy = written_in(lonlat, own)
        undecided = believe(xy, None)
        assert undecided.crs is None
        assert undecided.read is None
        assert {reading.crs.to_epsg() for reading in undecided.open} >= {own, other}
        assert believe(xy, None, known=around(54.0, 33.41, 3)).crs == crs(own)
        assert believe(xy, None, ISFAHAN).crs == crs(own)
        # Declared, it stands; known points speak against the wrong one.
        assert believe(xy, crs(other)).declared_ok
        doubted = believe(xy, crs(other), known=around(54.0, 33.41, 3))
        assert (codes(doubted), doubted.crs, doubted.read) == (["C104"], crs(own), Reading(crs(other)))
        assert believe(xy, crs(own), known=around(54.0, 33.41, 3)).declared_ok


def test_known_points_of_both_places_decide_nothing() -> None:
    lonlat = around(53.998, 33.4, spread=0.001)
    xy = written_in(lonlat, 32639)
    elsewhere = to_wgs84(xy, crs(32640))
    belief = believe(xy, None, known=np.concatenate([lonlat[:50] + 0.001, elsewhere[:50] + 0.001]))
    assert belief.crs is None


@pytest.mark.parametrize(("declared", "true"), [(32639, 2059), (2059, 32639), (32640, 2060)])
def test_a_datum_shift_is_named(declared: int, true: int) -> None:
    lonlat = around(ZONES[declared] + 0.67, 32.67)
    known = lonlat[::5] + np.random.default_rng(3).normal(0, 3e-6, (43, 2))  # surveyed again, to 30 cm
    belief = believe(written_in(lonlat, true), crs(declared), None, known)
    assert codes(belief) == ["C105"]
    assert (belief.crs, belief.declared_ok, belief.read) == (crs(true), False, Reading(crs(declared)))
    told = fields(belief, "C105")
    sign = 1 if true in ED77 else -1
    assert told["north_m"] == pytest.approx(sign * 174, abs=1.5)
    assert told["datum"] == ("ED50(ED77)" if true in ED77 else "WGS 84")
    assert told["pairs"] == len(known)


def test_a_shift_of_no_datum_and_too_few_pairs_are_not_named() -> None:
    lonlat = around(51.67, 32.67)
    xy = written_in(lonlat, 32639)
    assert believe(xy + np.array([40.0, 150.0]), crs(32639), ISFAHAN, lonlat[:40]).declared_ok
    assert believe(xy + np.array([0.5, 0.5]), crs(32639), ISFAHAN, lonlat[:40]).declared_ok
    assert believe(written_in(lonlat, 2059), crs(32639), ISFAHAN, lonlat[:2]).declared_ok
    # Points by the hundred that happen to lie 174 m off some other: the layer's own place fits better.
    street = np.column_stack([np.full(40, 51.67), 32.67 + np.arange(40) * 174.4 / 110_900])
    assert believe(written_in(street, 32639), crs(32639), ISFAHAN, street).declared_ok


def test_zeros_are_counted_and_do_not_mislead() -> None:
    xy = written_in(around(51.67, 32.67), 32639)
    xy[[3, 8]] = 0
    xy[9, 0] = 0
    belief = believe(xy, crs(32639), ISFAHAN)
    assert fields(belief, "C109")["rows"].tolist() == [3, 8, 9]
    assert belief.declared_ok


def test_single_positions_are_told_apart() -> None:
    xy = written_in(around(51.67, 32.67), 32639)
    xy[5] = xy[5, ::-1]
    xy[7] += [0, 900_000]
    xy[9] = written_in(np.array([[54.9, 33.0]]), 32640)[0]
    belief = believe(xy, crs(32639), ISFAHAN)
    assert belief.declared_ok
    assert {code: found["rows"].tolist() for code, found in belief.notes} == {
        "C103": [5],
        "C104": [9],
        "C102": [7],
    }


def test_no_reading_in_the_area_is_said() -> None:
    xy = np.array([[13.0, 52.0], [13.1, 52.1], [13.2, 52.2]])
    declared = believe(xy, crs(4326), ISFAHAN)
    assert codes(declared) == ["C102"]
    assert not declared.declared_ok
    undeclared = believe(xy, None, ISFAHAN)
    assert (codes(undeclared), undeclared.crs, undeclared.read) == (["C101"], None, None)


def test_elsewhere_on_earth_a_declared_layer_is_content() -> None:
    for place in ((-85.6, 11.2), (8.1, 13.5), (151.2, -33.9)):
        belief = believe(around(*place), crs(4326))
        assert (codes(belief), belief.declared_ok) == ([], True)
    assert believe(around(8.1, 13.5), None).crs == crs(4326)


@pytest.mark.parametrize(
    ("wkt", "told"),
    [
        ("EPSG:3857", "Web Mercator"),
        ("EPSG:2263", "foot"),  # New York, US survey feet
        ('LOCAL_CS["site",UNIT["metre",1]]', "unknown"),
        ("+proj=utm +zone=39 +ellps=WGS84 +units=km", "kilometre"),
    ],
)
def test_systems_unfit_for_lengths_are_reported(wkt: str, told: str) -> None:
    declared = pyproj.CRS.from_user_input(wkt)
    belief = believe(np.empty((0, 2)), declared)
    assert told in fields(belief, "C106")["why"].en


def test_fit_systems_are_not() -> None:
    for code in (4326, 32639, 2059, 31467):
        assert codes(believe(np.empty((0, 2)), crs(code))) == []


def test_a_projects_own_system_is_a_candidate() -> None:
    lambert = pyproj.CRS.from_proj4(
        "+proj=lcc +lat_1=30 +lat_2=36 +lat_0=24 +lon_0=54 +x_0=5000000 +y_0=1166200 +ellps=WGS84"
    )
    lonlat = around(51.67, 32.67)
    xy = np.column_stack(pyproj.Transformer.from_crs(4326, lambert, always_xy=True).transform(*lonlat.T))
    assert believe(xy, None, ISFAHAN).crs is None
    assert believe(xy, None, ISFAHAN, candidates=[lambert]).crs == lambert


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(width=64), st.floats(width=64)), max_size=12),
    st.sampled_from([None, 4326, 32639, 2059, 3857]),
    st.sampled_from([None, ISFAHAN]),
)
def test_any_numbers_are_borne(
    rows: list[tuple[float, float]], declared: int | None, area: shapely.Polygon | None
) -> None:
    belief = believe(
        np.array(rows).reshape(-1, 2), crs(declared) if declared else None, area, np.array([[51.6, 32.6]])
    )
    assert belief.evidence.render("en")
    assert belief.evidence.render("fa")
    if declared:
        assert belief.read == Reading(crs(declared))


# --- Mixture and rounding ---


def test_layers_in_different_systems_are_reported() -> None:
    assert mixed({"routes": crs(32639), "manholes": crs(32639), "offices": None}) == []
    ((code, told),) = mixed({"routes": crs(32639), "manholes": crs(32640)})
    assert code == "C107"
    assert "zone 39N" in told["systems"].en
    assert "manholes" in told["systems"].en
    esri = pyproj.CRS.from_wkt(crs(32639).to_wkt("WKT1_ESRI"))
    assert len(mixed({"a": crs(32639), "b": esri})) <= 1


@settings(deadline=None)
@given(st.integers(-2, 8))
def test_the_step_of_rounding_is_found(digits: int) -> None:
    if digits > 4:
        xy = np.round(around(51.67, 32.67), digits)
        step = rounding(xy, crs(4326))
        assert step is not None
        assert step.size == pytest.approx(10.0**-digits)
        assert step.size_m == pytest.approx(110_900 * 10.0**-digits)
    else:
        xy = np.round(written_in(around(51.67, 32.67), 32639), digits)
        step = rounding(xy, crs(32639))
        assert step is not None
        assert (step.size, step.unit) == (pytest.approx(10.0**-digits), "m")


def test_seconds_of_arc_are_a_step_too() -> None:
    xy = np.round(around(51.67, 32.67) * 3600) / 3600
    step = rounding(xy, crs(4326))
    assert step is not None
    assert (step.size, step.unit) == (1, "″")
    assert step.size_m == pytest.approx(30.8, abs=0.1)


def test_rounding_is_reported_where_it_exceeds_the_accuracy() -> None:
    xy = np.round(around(51.67, 32.67), 4)
    ((code, told),) = coarse(xy, crs(4326), 0.05)
    assert code == "C108"
    assert told["step_m"] == pytest.approx(11.09)
    assert told["step"].en == "0.0001 °"
    assert coarse(xy, crs(4326), 15.0) == []
    assert coarse(around(51.67, 32.67), crs(4326), 0.05) == []
    assert coarse(xy[:3], crs(4326), 0.05) == []  # too few numbers to tell
    grid = np.round(written_in(around(51.67, 32.67), 32639), 1)
    assert coarse(grid, crs(32639), 0.1) == []  # at the edge: not larger
    assert coarse(grid, crs(32639), 0.099) != []
