"""Single features and vertices in other axes or another zone, seen against their own layer by the real command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

import gis
from gis.delivery.understanding import readings

if TYPE_CHECKING:
    from pathlib import Path


def street(count: int = 10, place: tuple[float, float] = (51.670001234, 32.650007654)) -> np.ndarray:
    """Lay (count, 4, 2) lines of four vertices beside each other, 30 m apart."""
    along = np.array([[0, 0], [4e-4, 1e-5], [8e-4, 0], [1.2e-3, 2e-5]])
    return np.array(place) + along + np.arange(count)[:, None, None] * [0, 2.7e-4]


def written(lonlat: np.ndarray, code: int) -> np.ndarray:
    to = pyproj.Transformer.from_crs(4326, code, always_xy=True)
    return np.stack(to.transform(lonlat[..., 0], lonlat[..., 1]), axis=-1)


def delivered(folder: Path, lines: np.ndarray, code: int = 4326) -> Path:
    frame = gpd.GeoDataFrame(
        {"route_id": [f"R{n}" for n in range(len(lines))], "kind": "cable", "status": "new"},
        geometry=shapely.linestrings(lines),
        crs=code,
    )
    frame.to_file(folder / "routes.gpkg")
    return folder / "routes.gpkg"


def found(source: Path) -> list[tuple[str, str]]:
    findings = gis.check(gis.read(source))
    return [
        (code, feature)
        for code, feature in zip(findings["code"], findings["feature"], strict=True)
        if code[0] == "C"
    ]


def lengths(inventory: Any) -> list[float]:
    return gis.measure(inventory)["geodesic_m"].tolist()


@pytest.mark.parametrize("which", [[4], [1, 5, 8]])
@pytest.mark.parametrize("code", [4326, 32639])
def test_features_with_axes_swapped_are_told_and_put_back(
    tmp_path: Path, which: list[int], code: int
) -> None:
    lines = written(street(), code)
    wanted = lengths(gis.read(delivered(tmp_path, lines, code)))
    lines[which] = lines[which][..., ::-1]
    source = delivered(tmp_path, lines, code)
    assert found(source) == [("C103", f"R{n}") for n in which]
    fixed = gis.fix(gis.read(source), unsafe=True)
    fixed = getattr(fixed, "inventory", fixed)
    assert lengths(fixed) == pytest.approx(wanted, abs=1e-3)


def test_one_vertex_is_told_and_the_others_of_its_line_stay(tmp_path: Path) -> None:
    lines = street()
    wanted = lengths(gis.read(delivered(tmp_path, lines)))
    lines[3, 2] = lines[3, 2, ::-1]
    source = delivered(tmp_path, lines)
    assert found(source) == [("C103", "R3")]
    fixed = gis.fix(gis.read(source), unsafe=True)
    fixed = getattr(fixed, "inventory", fixed)
    assert lengths(fixed) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("place", [(51.67, 32.65), (53.9, 33.4)])
def test_one_feature_in_the_next_zone_is_told(tmp_path: Path, place: tuple[float, float]) -> None:
    lonlat = street(place=place)
    lines = written(lonlat, 32639)
    lines[6] = written(lonlat[6], 32640)
    assert found(delivered(tmp_path, lines, 32639)) == [("C104", "R6")]


def test_metres_among_degrees_are_told(tmp_path: Path) -> None:
    lines = street()
    lines[2] = written(lines[2], 32639)
    assert ("C104", "R2") in found(delivered(tmp_path, lines))


def test_one_of_a_large_layer_is_seen(tmp_path: Path) -> None:
    # Beyond 20 000 features a part of them tells where the layer is.
    lines = street(25_001)
    lines[12_347] = lines[12_347][..., ::-1]
    (reading,) = readings(delivered(tmp_path, lines))
    assert [(code, len(told["rows"])) for code, told in reading.belief.notes] == [("C103", 4)]


def test_half_of_a_layer_is_nobodys_stray(tmp_path: Path) -> None:
    lines = street()
    lines[:5] = lines[:5, :, ::-1]
    assert found(delivered(tmp_path, lines)) == []


def test_recorded_lengths_tell_swapped_degrees(tmp_path: Path) -> None:
    geod = pyproj.Geod(ellps="WGS84")
    turns = np.random.default_rng(5).uniform(-1, 1, (6, 2)) * 1e-3
    lines = np.array([[51.67, 32.65]]) + np.array([[[0, 0], turn, 2 * turn] for turn in turns])
    recorded = [round(geod.line_length(*line.T), 1) for line in lines]

    def layer(xy: np.ndarray) -> list[tuple[str, str]]:
        features = [
            {
                "type": "Feature",
                "properties": {
                    "route_id": f"R{n}",
                    "kind": "cable",
                    "status": "new",
                    "length_m": recorded[n],
                },
                "geometry": {"type": "LineString", "coordinates": line.tolist()},
            }
            for n, line in enumerate(xy)
        ]
        path = tmp_path / "routes.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
        return found(path)

    assert layer(lines) == []
    assert layer(lines[..., ::-1]) == [("C103", "")]
    # Lengths that fit neither way tell nothing.
    recorded = [1.3 * length for length in recorded]
    assert layer(lines[..., ::-1]) == []
