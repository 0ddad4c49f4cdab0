"""Layers shifted as a whole, and numbers without their leading digits, made by hand and by pyproj."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

import gis
from gis.coordinates.belief import believe

if TYPE_CHECKING:
    from pathlib import Path

AREA = shapely.box(49.5, 30.6, 55.6, 34.6)


def crs(code: int) -> pyproj.CRS:
    return pyproj.CRS.from_epsg(code)


def scattered(lon: float = 51.67, lat: float = 32.67, count: int = 200) -> np.ndarray:
    return np.array([lon, lat]) + np.random.default_rng(7).uniform(-0.02, 0.02, (count, 2))


def written(lonlat: np.ndarray, code: int) -> np.ndarray:
    return np.column_stack(pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(*lonlat.T))


def shift(belief: Any) -> dict[str, Any]:
    ((code, told),) = belief.notes
    assert code == "C110"
    assert belief.read.crs == belief.crs
    return dict(told)


LONLAT = scattered()
XY = written(LONLAT, 32639)


def test_a_base_stations_error_is_named_with_its_amount() -> None:
    known = LONLAT[::5] + np.random.default_rng(3).normal(0, 3e-6, (40, 2))
    told = shift(believe(XY + np.array([3.2, -40.5]), crs(32639), None, known))
    # The grid's north is 0.36° off the meridian here, and its metre 0.04 % short.
    assert (told["east_m"], told["north_m"]) == (pytest.approx(2.95, abs=0.3), pytest.approx(-40.5, abs=0.3))
    assert "base station" in told["evidence"].en
    assert "ایستگاه مبنا" in told["evidence"].render("fa")


def test_a_ground_scale_factor_is_named() -> None:
    told = shift(believe(XY * 1.0006, crs(32639), None, LONLAT[::5]))
    assert np.hypot(told["east_m"], told["north_m"]) == pytest.approx(
        np.hypot(*XY.mean(axis=0)) * 6e-4, rel=0.01
    )
    assert "1.0006" in told["evidence"].en


def test_any_datum_of_the_place_is_named() -> None:
    lonlat = scattered(9.0, 48.5)
    told = shift(believe(written(lonlat, 23032), crs(25832), None, lonlat[::5]))
    assert "ED50 / UTM zone 32N (EPSG:23032)" in told["evidence"].en
    off = written(lonlat, 23032) - written(lonlat, 25832)
    assert (told["east_m"], told["north_m"]) == (
        pytest.approx(off[:, 0].mean(), abs=1),
        pytest.approx(off[:, 1].mean(), abs=1),
    )


@pytest.mark.parametrize(
    ("move", "known"),
    [
        ([0.0, 0.0], LONLAT[::5]),  # in place
        ([1.0, 1.0], LONLAT[::5]),  # to within what surveys differ by
        ([40.0, 150.0], LONLAT[:2]),  # too few
        ([0.0, 5000.0], LONLAT[::5]),  # too far to be one
        ([0.0, 40.0], scattered(count=400)[200:]),  # points that are none of the layer's
    ],
)
def test_what_is_no_shift_is_not_named(move: list[float], known: np.ndarray) -> None:
    assert believe(XY + move, crs(32639), None, known).notes == ()


def test_poles_at_one_distance_tell_no_shift() -> None:
    # Every 50 m along a street: shifted by one pole or by two, nearly as many pairs.
    street = np.column_stack([np.full(40, 51.67), 32.67 + np.arange(40) * 50 / 110_900])
    assert believe(written(street, 32639) + np.array([7.0, 0.0]), crs(32639), None, street).notes == ()


@pytest.mark.parametrize(
    ("east", "north"),
    [(500_000, 0), (0, 3_000_000), (0, 3_600_000), (500_000, 3_000_000), (500_000, 3_600_000)],
)
@pytest.mark.parametrize("known", [None, LONLAT[:5] + 0.01])
def test_missing_digits_are_named_and_not_put_back(
    east: float, north: float, known: np.ndarray | None
) -> None:
    belief = believe(XY - [east, north], crs(32639), AREA, known)
    told = dict(belief.notes)["C110"]
    assert (told["east_m"], told["north_m"]) == (-east, -north)
    assert not belief.declared_ok
    assert belief.read.crs == crs(32639)  # type: ignore[union-attr]
    assert {code for code, _ in belief.notes} <= {"C110", "C102"}


@pytest.mark.parametrize(("east", "north"), [(500_000, 0), (0, 3_000_000), (500_000, 3_000_000)])
def test_known_points_alone_tell_missing_digits(east: float, north: float) -> None:
    told = shift(believe(XY - [east, north], crs(32639), None, LONLAT[:5] + 0.01))
    assert (told["east_m"], told["north_m"]) == (-east, -north)


def test_missing_digits_of_an_undeclared_layer_leave_it_open() -> None:
    belief = believe(XY - [500_000, 0], None, AREA)
    assert belief.crs is None
    assert "500 000 m added to the easting" in belief.evidence.en


def test_a_zone_ends_a_degree_beyond_its_six() -> None:
    # Numbers of zone 39 that zone 40 would put 5.2° off its meridian, in the area.
    xy = written(scattered(45.8, 32.6), 32639)
    belief = believe(xy, crs(32639), AREA)
    assert "C104" not in dict(belief.notes)
    assert believe(xy, None, AREA).crs is None


def test_known_points_60_km_away_speak_against_a_reading() -> None:
    north = np.array([[51.67, 33.22]])
    belief = believe(XY, None, AREA, north)
    assert belief.crs is None
    assert "known points are 61 km away" in belief.evidence.en
    assert believe(XY, None, AREA, north - [0, 0.15]).crs == crs(32639)
    wrong = believe(XY, crs(32640), AREA, north)
    assert (wrong.crs, [code for code, _ in wrong.notes]) == (None, ["C104"])
    # Degrees can hardly be anything else.
    assert believe(LONLAT, None, AREA, north).crs == crs(4326)


def test_where_two_datums_fit_every_message_says_so() -> None:
    belief = believe(XY, None, AREA)
    assert all("EPSG:2059" in belief.notes[0][1][name].en for name in ("guess", "evidence"))
    assert "EPSG:2059" in belief.evidence.en
    nowhere = believe(XY, None)
    assert "EPSG:2059" in nowhere.notes[0][1]["guess"].en
    assert "Iran's systems were tried" in nowhere.evidence.en
    assert "EPSG:2059" in believe(XY, crs(4326), AREA).evidence.en


def test_missing_digits_are_told_once_by_the_command(tmp_path: Path) -> None:
    lines = written(LONLAT[:6], 32639).reshape(3, 2, 2) - [500_000, 0]
    frame = gpd.GeoDataFrame(
        {"route_id": ["a", "b", "c"], "kind": "cable", "status": "new"},
        geometry=shapely.linestrings(lines),
        crs=32639,
    )
    frame.to_file(tmp_path / "routes.gpkg")
    gpd.GeoSeries([AREA], crs=4326).to_file(tmp_path / "area.geojson")
    project = tmp_path / "p.toml"
    project.write_text(
        '[project]\nname = "t"\n[area]\nsource = "area.geojson"\n[[layers.routes]]\nsource = "routes.gpkg"\n',
        "utf-8",
    )
    survey = gis.read(project)
    findings = gis.check(survey)
    assert findings.loc[findings["code"].str.startswith("C"), "code"].tolist() == ["C110"]
    fixed = gis.fix(survey, unsafe=True)
    fixed = getattr(fixed, "inventory", fixed)
    assert fixed.routes.geometry.geom_equals_exact(survey.routes.geometry, 0).all()
