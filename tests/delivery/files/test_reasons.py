"""What a person is told of a file that cannot be read: its name, and no word of this program's machinery."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import gis
from gis.errors import FibreError

MACHINERY = re.compile(
    r"/tmp|Traceback|pyogrio|fiona|GDAL|pyarrow|\bArrow|openpyxl|calamine|lxml|expat|shapely|pandas|numpy|"
    r"\.py\b|\.cpp\b|0x[0-9a-f]|\bErrno\b|Exception|<class|\bNone\b|magic|OGR",
    re.IGNORECASE,
)
DRIVERS = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "geojsonl": "GeoJSONSeq",
    "fgb": "FlatGeobuf",
    "shp": "ESRI Shapefile",
    "gml": "GML",
    "kml": "KML",
    "tab": "MapInfo File",
    "mif": "MapInfo File",
    "gpx": "GPX",
    "dxf": "DXF",
}
FORMATS = (*DRIVERS, "parquet", "points.parquet", "csv", "xlsx", "zip", "ofds.json")


def survey():
    rng = np.random.default_rng(4)
    starts = np.column_stack([rng.uniform(51.6, 51.7, 40), rng.uniform(32.6, 32.7, 40)])
    lines = shapely.linestrings(starts[:, None, :] + rng.normal(0, 1e-3, (40, 6, 2)))
    return gpd.GeoDataFrame({"name": [f"R-{at}" for at in range(40)]}, geometry=lines, crs=4326)


def sound(path, form):
    """Write a file of the format and give its bytes."""
    frame = survey()
    points = pd.DataFrame(
        {"id": frame["name"], "lon": np.linspace(51.6, 51.7, 40), "lat": np.linspace(32.6, 32.7, 40)}
    )
    if form in DRIVERS:
        options = {"GPX_USE_EXTENSIONS": "YES"} if form == "gpx" else {}
        frame = frame[["geometry"]] if form in {"gpx", "dxf"} else frame
        frame.to_file(path, driver=DRIVERS[form], engine="pyogrio", **options)
    elif form == "parquet":
        frame.to_parquet(path)
    elif form == "points.parquet":
        points.to_parquet(path)
    elif form == "csv":
        points.to_csv(path, index=False)
    elif form == "xlsx":
        book = openpyxl.Workbook()
        for row in (points.columns.tolist(), *points.to_numpy().tolist()):
            book.active.append(row)
        book.save(path)
    elif form == "zip":
        import zipfile  # noqa: PLC0415

        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("routes.geojson", frame.to_json())
    else:
        path.write_text(
            '{"networks": [{"id": "n", "spans": [{"id": "s", "route": '
            '{"type": "LineString", "coordinates": [[51, 32], [52, 33]]}}]}]}'
        )
    return path.read_bytes()


def spoiled(content, how):
    if how == "empty":
        return b""
    if how == "half":
        return content[: len(content) // 2]
    if how == "head":
        return content[:100]
    if how == "garbage":
        return np.random.default_rng(9).bytes(5000)
    # Its beginning tells the format, the rest is noise.
    return content[:64] + np.random.default_rng(9).bytes(5000)


def told(path):
    """All that is said of a file, in both languages."""
    try:
        survey = gis.read([path], crs="EPSG:4326")
    except FibreError as error:
        return [error.message(lang) for lang in ("en", "fa")]
    findings = gis.check(survey, select=["D"])
    assert not findings.failed
    lines = [*findings["message"], *findings["message_fa"]]
    for left in survey.left_out:
        lines += [left.what.en, left.why.en, left.what.fa, left.why.fa]
    return lines


@pytest.mark.parametrize("how", ["empty", "half", "head", "garbage", "noise"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_spoiled_file_is_told_of_in_words_for_people(tmp_path, monkeypatch, form, how):
    content = sound(tmp_path / f"sound.{form}", form)
    monkeypatch.chdir(tmp_path)
    name = f"survey.{form}"
    (tmp_path / name).write_bytes(spoiled(content, how))
    lines = told(name)
    for line in lines:
        assert not MACHINERY.search(line.replace(name, "")), line
        assert "\n" not in line
    if how in {"empty", "garbage"}:
        assert len(lines) == 2
        assert all(name in line for line in lines)
