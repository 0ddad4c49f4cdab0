"""The bundled plan's routes through each format that another program writes, measured by the real reader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from support.plan import LAYERS

import gis

# Coordinates with 12 decimals where the format is text; MapInfo's grid over the survey alone.
FORMATS = {
    "routes.shp": ["-lco", "ENCODING=UTF-8"],
    "routes.gpkg": [],
    "routes.fgb": [],
    "routes.geojsonl": ["-f", "GeoJSONSeq", "-lco", "COORDINATE_PRECISION=12"],
    "routes.kml": [],
    "routes.gml": ["-dsco", "FORMAT=GML3.2"],
    "routes.mif": ["-f", "MapInfo File", "-dsco", "FORMAT=MIF"],
    "routes.tab": ["-f", "MapInfo File", "-lco", "BOUNDS=49.5,31,56,34.5"],
    "routes.dxf": ["-select", "", "-nlt", "LINESTRING"],
    "routes.gpx": [
        "-f",
        "GPX",
        "-nlt",
        "MULTILINESTRING",
        "-lco",
        "FORCE_GPX_TRACK=YES",
        "-dsco",
        "GPX_USE_EXTENSIONS=YES",
    ],
}


@pytest.fixture(scope="module")
def ogr2ogr():
    program = shutil.which("ogr2ogr")
    if program is None:
        missing = "ogr2ogr is not installed (Debian's gdal-bin): no other program to write the formats"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(missing)
        pytest.skip(missing)
    return program


@pytest.fixture(scope="module")
def expected():
    features = json.loads((LAYERS / "routes.geojson").read_text("utf-8"))["features"]
    return sorted(
        sum(
            Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"]
            for a, b in pairwise(f["geometry"]["coordinates"])
        )
        for f in features
    )


@pytest.mark.parametrize("name", FORMATS)
def test_lengths_survive_the_format(name, ogr2ogr, expected, tmp_path):
    subprocess.run(
        [ogr2ogr, *FORMATS[name], tmp_path / name, LAYERS / "routes.geojson"], check=True, capture_output=True
    )
    crs = "EPSG:4326" if name.endswith(".dxf") else None  # a drawing declares no coordinate system
    measured = gis.measure(gis.read(tmp_path / name, crs=crs))
    np.testing.assert_allclose(sorted(measured["geodesic_m"]), expected, rtol=0, atol=1e-3)
