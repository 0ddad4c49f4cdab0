"""Geometry in cells is told by its value: whatever the heading, the format and the form."""

import json
import struct

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

import gis
from gis.delivery.sources import open_delivery

LINE = shapely.LineString([(51.67, 32.65), (51.68, 32.66)])
ARC = [(51.77, 32.65), (51.775, 32.655), (51.78, 32.65)]


def ewkb(geometry, srid):
    return shapely.to_wkb(shapely.set_srid(geometry, srid), hex=True, include_srid=True)


def opened(tmp_path, *cells, heading="lk03_punkty"):
    frame = pd.DataFrame({"route_id": [f"R-{n}" for n in range(len(cells))], heading: list(cells)})
    frame.to_csv(tmp_path / "routes.csv", index=False)
    (layer,) = open_delivery(tmp_path / "routes.csv")
    return layer


@pytest.mark.parametrize(
    ("cell", "epsg"),
    [
        (LINE.wkt, None),
        (f"SRID=4326;{LINE.wkt}", 4326),
        (f"srid=2058 ; {LINE.wkt.lower()}", 2058),
        (LINE.wkb_hex, None),
        ("\\x" + LINE.wkb_hex.lower(), None),
        (ewkb(LINE, 32639), 32639),
        (shapely.to_wkb(LINE, hex=True, byte_order=0), None),
        (shapely.to_geojson(LINE), 4326),
        ("LINESTRING M (51.67 32.65 0, 51.68 32.66 1452)", None),
        (f"SRID=0;{LINE.wkt}", None),
        (f"SRID=999999;{LINE.wkt}", None),
    ],
)
def test_each_form_gives_its_line_and_its_system(tmp_path, cell, epsg):
    layer = opened(tmp_path, cell)
    assert layer.frame.geometry[0].equals_exact(LINE)
    assert not layer.frame.geometry.has_z.any()
    assert (layer.crs.to_epsg() if layer.crs else None) == epsg
    assert list(layer.frame.columns) == ["route_id", "geometry"]
    assert not layer.notes


def test_heights_stay_and_measures_go(tmp_path):
    layer = opened(tmp_path, "LINESTRING ZM (51.67 32.65 1570 0, 51.68 32.66 1580 9)")
    assert layer.frame.geometry[0].coords[:] == [(51.67, 32.65, 1570), (51.68, 32.66, 1580)]


def test_rows_of_several_systems_come_out_in_degrees(tmp_path):
    there = pyproj.Transformer.from_crs(4326, 32640, always_xy=True)
    moved = shapely.LineString([there.transform(*at) for at in [(54.1, 32.65), (54.2, 32.66)]])
    layer = opened(tmp_path, f"SRID=4326;{LINE.wkt}", ewkb(moved, 32640), f"SRID=32640;{moved.wkt}")
    assert layer.crs.to_epsg() == 4326
    assert layer.frame.geometry[0].equals_exact(LINE, 1e-12)
    for row in (1, 2):
        assert shapely.LineString([(54.1, 32.65), (54.2, 32.66)]).equals_exact(
            layer.frame.geometry[row], 1e-9
        )


def test_a_system_that_is_named_moves_no_rows_of_several(tmp_path):
    there = pyproj.Transformer.from_crs(4326, 32640, always_xy=True)
    moved = shapely.LineString([there.transform(*at) for at in [(54.1, 32.65), (54.2, 32.66)]])
    assert opened(tmp_path, f"SRID=4326;{LINE.wkt}", f"SRID=32640;{moved.wkt}").brought
    for crs in (None, "EPSG:32640", "EPSG:4326"):
        routes = gis.read(tmp_path / "routes.csv", crs=crs).routes
        assert routes.geometry[0].equals_exact(LINE, 1e-9)
        assert routes.geometry[1].equals_exact(shapely.LineString([(54.1, 32.65), (54.2, 32.66)]), 1e-9)


def test_a_system_that_is_named_counts_where_the_cells_name_one(tmp_path):
    there = pyproj.Transformer.from_crs(4326, 32640, always_xy=True)
    moved = shapely.LineString([there.transform(*at) for at in [(54.1, 32.65), (54.2, 32.66)]])
    assert not opened(tmp_path, f"SRID=32639;{moved.wkt}", f"SRID=32639;{moved.wkt}").brought
    routes = gis.read(tmp_path / "routes.csv", crs="EPSG:32640").routes
    assert routes.geometry[0].equals_exact(shapely.LineString([(54.1, 32.65), (54.2, 32.66)]), 1e-9)


def test_words_that_only_begin_like_geometry_are_no_geometry(tmp_path):
    layer = opened(tmp_path, "point of entry", "line string", heading="geometry")
    assert layer.frame.geometry.isna().all()
    assert list(layer.frame["geometry_2"]) == ["point of entry", "line string"]


def test_a_damaged_cell_is_d003_alone(tmp_path):
    layer = opened(tmp_path, LINE.wkt, "LINESTRING(51.67 32.65, 51.", LINE.wkt)
    assert list(layer.records) == [2, 4]
    assert [(note.code, note.feature) for note in layer.notes] == [("D003", "3")]


def test_arcs_are_lines_as_long_as_the_arc(tmp_path):
    # A half circle of radius 0.005 about the middle of its chord.
    wkt = "CIRCULARSTRING({} {},{} {},{} {})".format(*(number for point in ARC for number in point))
    binary = struct.pack("<BII", 1, 8, 3) + b"".join(struct.pack("<dd", *point) for point in ARC)
    layer = opened(tmp_path, LINE.wkt, wkt, f"COMPOUNDCURVE({wkt},(51.78 32.65,51.79 32.65))")
    assert layer.frame.geometry[0].equals_exact(LINE)
    lengths = layer.frame.geometry.length
    assert lengths[1] == pytest.approx(0.005 * 3.141592653589793, rel=1e-6)
    assert lengths[2] == pytest.approx(0.005 * 3.141592653589793 + 0.01, rel=1e-6)
    in_hex = opened(tmp_path, binary.hex(), LINE.wkb_hex)
    assert in_hex.frame.geometry[0].equals_exact(layer.frame.geometry[1], 1e-12)


def test_spreadsheets_and_parquet_hold_geometry_too(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "shape of it"])
    book.active.append(["R-1", f"SRID=4326;{LINE.wkt}"])
    book.save(tmp_path / "a.xlsx")
    pq.write_table(pa.table({"id": ["R-1", "R-2"], "g": [LINE.wkb, None]}), tmp_path / "bytes.parquet")
    pq.write_table(pa.table({"id": ["R-1"], "g": [shapely.to_geojson(LINE)]}), tmp_path / "text.parquet")
    pq.write_table(
        pa.table({"id": ["R-1"], "g": [json.loads(shapely.to_geojson(LINE))]}), tmp_path / "struct.parquet"
    )
    for name in ("a.xlsx", "bytes.parquet", "text.parquet", "struct.parquet"):
        (layer,) = open_delivery(tmp_path / name)
        assert layer.frame.geometry[0].equals_exact(LINE), name


def test_nested_columns_of_parquet_are_laid_flat(tmp_path):
    table = pa.table(
        {
            "name": ["MH-1", "MH-2"],
            "location": [{"lon": 51.67, "lat": 32.65}, {"lon": 51.68, "lat": 32.66}],
            "tags": pa.array([[("a", "1")], [("a", "2"), ("b", "3")]], pa.map_(pa.string(), pa.string())),
            "photos": [["p1", "p2"], []],
            "rows": [[{"n": 1}, {"n": 2}], None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (layer,) = open_delivery(tmp_path / "a.parquet")
    assert [point.coords[0] for point in layer.frame.geometry] == [(51.67, 32.65), (51.68, 32.66)]
    assert list(layer.frame["tags.a"]) == ["1", "2"]
    assert layer.frame["photos"][0] == "p1; p2"
    assert layer.frame["rows.n"][0] == "1; 2"


def test_tables_of_the_open_fibre_data_standard(tmp_path):
    (tmp_path / "nodes.csv").write_text(
        "id,name,nodes/0/id,nodes/0/name,nodes/0/location\nnet,Net,n1,Isfahan,POINT (51.67 32.65)\n"
    )
    (tmp_path / "spans.csv").write_text(
        'id,spans/0/id,spans/0/start,spans/0/route\nnet,s1,n1,"LINESTRING (51.67 32.65,51.68 32.66)"\n'
    )
    (tmp_path / "phases.csv").write_text("id,phases/0/id,phases/0/name\nnet,p1,First\n")
    layers = {layer.layer: layer for layer in open_delivery(tmp_path)}
    assert layers["spans"].frame.geometry[0].equals_exact(LINE)
    assert list(layers["nodes"].frame.columns) == ["network.id", "network.name", "id", "name", "geometry"]
    assert layers["nodes"].frame["name"][0] == "Isfahan"
    assert [(left.layer, left.count) for left in layers["phases"].left_out] == [("phases", 1)]
