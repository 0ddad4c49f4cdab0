"""Layers of hundreds of columns are read as far as that makes sense, and what is left out is told."""

import json

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from gis import cli
from gis.delivery.files import width
from gis.delivery.readers import tables
from gis.delivery.sources import open_delivery

PLACE = {"route": ["R1", "R1"], "seq": [1, 2], "lon": [51.6, 51.61], "lat": [32.6, 32.61]}


def table(columns):
    """Two points of a route, in so many columns."""
    return pd.DataFrame(PLACE | {f"remark {at}": ["a", "b"] for at in range(columns - len(PLACE))})


def csv(frame, path):
    frame.to_csv(path, index=False)


def xlsx(frame, path):
    book = openpyxl.Workbook()
    for row in [list(frame.columns), *frame.itertuples(index=False)]:
        book.active.append(list(row))
    book.save(path)


def parquet(frame, path):
    frame.to_parquet(path)


def geojson(frame, path):
    gpd.GeoDataFrame(frame, geometry=[shapely.Point(51.6, 32.6)] * len(frame), crs=4326).to_file(path)


WRITERS = [(csv, "a.csv"), (xlsx, "a.xlsx"), (parquet, "a.parquet"), (geojson, "a.geojson")]


@pytest.mark.parametrize(("write", "name"), WRITERS)
@pytest.mark.parametrize("more", [0, 1, 250])
def test_what_stands_beyond_the_last_column_is_told(tmp_path, write, name, more):
    write(table(width.MAX_COLUMNS + more), tmp_path / name)
    (layer,) = open_delivery(tmp_path / name)
    told = [left.count for left in layer.left_out if left.what.en.startswith("column")]
    assert told == ([more] if more else [])
    assert layer.frame.geometry.notna().all()
    if name == "a.geojson":
        assert layer.frame.shape[1] == width.MAX_COLUMNS + 1


@pytest.mark.parametrize("heading", ["kind", ""])
def test_a_heading_repeated_to_thousands_of_columns(tmp_path, heading):
    path = tmp_path / "a.csv"
    frame = table(4)
    lines = [",".join([*frame.columns, *[heading] * 5000])]
    lines += [",".join([*map(str, row), *["x"] * 5000]) for row in frame.itertuples(index=False)]
    path.write_text("\n".join(lines))
    ended = CliRunner().invoke(cli.app, ["check", str(path), "--format", "json"])
    assert ended.exit_code in {0, 1}
    (left,) = [one for one in json.loads(ended.stdout)["left_out"] if one["what"] == "columns"]
    assert left["count"] == 5004 - width.MAX_COLUMNS
    assert left["source"] == "a.csv"


def test_one_long_row_does_not_make_all_rows_long(tmp_path):
    path = tmp_path / "a.csv"
    short = "".join(f"R{n // 2},{n % 2},51.{n},32.6\n" for n in range(100_000))
    path.write_text("route,seq,lon,lat\n" + short + "R9,9,51.6,32.6" + ",x" * 400 + "\n")
    (layer,) = open_delivery(path)
    (left,) = layer.left_out
    rows = 100_002
    assert left.count == 404 - 20_000_000 // rows
    assert len(layer.frame) == 50_000


def test_a_wide_table_of_many_full_rows_is_read_whole():
    assert width.widest(10**6, 40 * 10**6) >= 40
    assert width.widest(10, 10 * 600) == width.MAX_COLUMNS


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a_2", "a", "a", "a"], ["a_2", "a", "a_3", "a_4"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_a_number_put_to_a_heading_makes_no_other_heading(given, names):
    assert tables.headings_of([given], 0, len(given)) == names
