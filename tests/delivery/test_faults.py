"""What no library takes is read, or is one line: values, names, numbers and systems out of the ordinary."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import zipfile
from contextlib import closing

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import gis
from gis.delivery.files import archives
from gis.errors import FibreError, ProjectError, SourceError

LINE = {"type": "LineString", "coordinates": [[51.6, 32.6], [51.61, 32.6]]}
# Arabic yeh and kaf, which CP1256 has.
STREET = "خيابان چهارباغ عباسي اصفهان"


def document(**properties):
    feature = {"type": "Feature", "geometry": LINE, "properties": {"route_id": "R1", **properties}}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)


def written(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def codes(inventory):
    return [note.code for note in inventory.notes]


def test_geojson_in_windows_1256(tmp_path):
    read = gis.read([written(tmp_path / "a.geojson", document(name=STREET).encode("cp1256"))])
    assert read.routes["name"].tolist() == [STREET]
    assert "D006" in codes(read)


def test_lines_of_geojson_and_ofds_in_windows_1256(tmp_path):
    feature = json.loads(document(name=STREET))["features"][0]
    lines = "\n".join(json.dumps(feature, ensure_ascii=False) for _ in range(2))
    network = {"networks": [{"id": "1", "spans": [{"id": "s", "name": STREET, "route": LINE}]}]}
    for name, text in (("a.geojsonl", lines), ("b.json", json.dumps(network, ensure_ascii=False))):
        read = gis.read([written(tmp_path / name, text.encode("cp1256"))])
        assert set(read.routes["name"]) == {STREET}, name
        assert "D006" in codes(read), name


def test_utf8_that_breaks_off_within_a_letter_is_still_utf8(tmp_path):
    whole = document(name=STREET).encode()
    cut = whole + b',{"type":"Feature","properties":{"name":"' + STREET.encode()[:1]
    read = gis.read([written(tmp_path / "a.geojson", cut)])
    assert read.routes["name"].tolist() == [STREET]
    assert "D006" not in codes(read)


def test_one_bad_byte_among_sound_values(tmp_path):
    features = [json.loads(document(name=f"{STREET} {n}"))["features"][0] for n in range(30)]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    at = text.index(f"{STREET} 0".encode())
    read = gis.read([written(tmp_path / "a.geojson", text[:at] + b"\xff" + text[at:])])
    assert read.routes["name"].tolist()[1:] == [f"{STREET} {n}" for n in range(1, 30)]


def test_bad_bytes_in_a_geopackage(tmp_path):
    shape = shapely.LineString(LINE["coordinates"])
    frame = gpd.GeoDataFrame({"route_id": ["R1", "R2"], "name": [STREET] * 2}, geometry=[shape] * 2, crs=4326)
    frame.to_file(tmp_path / "a.gpkg", layer="routes")
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE routes SET name = CAST(? AS TEXT) WHERE fid = 2", [STREET.encode("cp1256")])
        database.commit()
    assert gis.read([tmp_path / "a.gpkg"]).routes["name"].tolist() == [STREET, STREET]


@pytest.mark.parametrize("column", ["fibre_count", "recorded_length_m", "route_id", "accuracy_m"])
@pytest.mark.parametrize("value", ['"' + "9" * 400 + '"', "9" * 400, "1e400"])
def test_endless_numbers_are_no_numbers(tmp_path, column, value):
    text = document(**{column: "@"}).replace('"@"', value)
    read = gis.read([written(tmp_path / "a.geojson", text)])
    assert len(read.routes) == 1
    gis.check(read)


def test_an_endless_coordinate_costs_its_record(tmp_path):
    features = [json.loads(document())["features"][0] for _ in range(2)]
    text = json.dumps({"type": "FeatureCollection", "features": features}).replace("51.61", "9" * 400, 1)
    read = gis.read([written(tmp_path / "a.geojson", text)])
    assert len(read.routes) == 1
    assert "D003" in codes(read)


@pytest.mark.parametrize("crs", ["nonsense", {"a": 1}, [1], 7, ""])
def test_a_system_of_geoparquet_that_is_none_is_unknown(tmp_path, crs):
    gpd.GeoDataFrame(
        {"route_id": ["R1"]}, geometry=[shapely.LineString(LINE["coordinates"])], crs=4326
    ).to_parquet(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"]["crs"] = crs
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo)}), tmp_path / "a.parquet")
    assert "C101" in codes(gis.read([tmp_path / "a.parquet"]))


def bomb(path, count, size):
    """Write a value once and refer to it many times, as Parquet's dictionaries do."""
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array(["x" * size]))
    table = pa.table({"lon": pa.array([51.6] * count), "lat": pa.array([32.6] * count), "name": shared})
    pq.write_table(table, path, store_schema=False)
    return path


def test_a_dictionary_that_unpacks_beyond_measure_is_refused(tmp_path):
    path = bomb(tmp_path / "a.parquet", 3000, 900_000)
    assert path.stat().st_size < 200_000
    with pytest.raises(SourceError, match="200 times its size"):
        gis.read([path])


def test_a_dictionary_of_ordinary_values_is_read(tmp_path):
    assert len(gis.read([bomb(tmp_path / "manholes.parquet", 3000, 40)]).manholes) == 3000


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000 + "]" * 5000,
        "a = " + "{a=" * 5000 + "1" + "}" * 5000,
        "[project]\naccuracy_m = " + "9" * 5000,
    ],
)
def test_a_project_file_beyond_measure_is_one_line(tmp_path, text):
    with pytest.raises(ProjectError, match=r"p\.toml: "):
        gis.read(written(tmp_path / "p.toml", text))


@pytest.mark.parametrize("key", ["[[layers.routes]]\nsource", "[area]\nsource"])
def test_a_nul_in_the_name_of_a_source_is_one_line(tmp_path, key):
    with pytest.raises(FibreError, match="there is no such file"):
        gis.read(written(tmp_path / "p.toml", f'{key} = "a\\u0000b"\n'))


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not text are known to Linux alone")
def test_names_that_are_not_utf8(tmp_path):
    shape = shapely.LineString(LINE["coordinates"])
    gpd.GeoDataFrame({"route_id": ["R1"]}, geometry=[shape], crs=4326).to_file(tmp_path / "a.shp")
    folder = tmp_path / os.fsdecode(b"\xc7\xd5\xdd")
    folder.mkdir()
    for part in tmp_path.glob("a.*"):
        part.rename(folder / os.fsdecode(b"m\xff" + os.fsencode(part.suffix)))
    file = folder / os.fsdecode(b"m\xff.shp")
    for given in (file, folder):
        read = gis.read([given])
        assert read.routes["route_id"].tolist() == ["R1"]
        assert all("m%FF" in source.path for source in read.sources)
        assert codes(read) == [code for code in codes(read) if code != "D002"]


def archive(path, *names):
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name
            packed.writestr(info, document())
    return path


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((".",), "has no name"),
        (("",), "has no name"),
        (("a", "a/b.geojson"), "a is a file and a folder"),
        (("a/b.geojson", "A"), "a is a file and a folder"),
        (("a.geojson", "./a.geojson"), "is in it twice"),
        (("a//b.geojson", "a/b.geojson"), "is in it twice"),
        (("/".join(["d" * 200] * 30) + "/a.geojson",), "too long a name"),
    ],
)
def test_members_whose_names_clash_or_are_none(tmp_path, names, why):
    with pytest.raises(SourceError, match=why) as caught:
        gis.read([archive(tmp_path / "a.zip", *names)])
    assert caught.value.code == "D008"


@pytest.mark.parametrize("name", ["a" * 251 + ".geojson", "حوضچه" * 40 + ".geojson", "./b.geojson"])
def test_members_with_long_names_are_read(tmp_path, name):
    assert len(gis.read([archive(tmp_path / "a.zip", name)]).routes) == 1


def test_parts_with_long_names_stay_together(tmp_path):
    shape = shapely.LineString(LINE["coordinates"])
    gpd.GeoDataFrame({"route_id": ["R1"]}, geometry=[shape], crs=4326).to_file(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for part in tmp_path.glob("a.[sdpc]*"):
            packed.write(part, "مسیر" * 60 + part.suffix)
    read = gis.read([tmp_path / "a.zip"])
    assert read.routes["route_id"].tolist() == ["R1"]
    assert "D002" not in codes(read)


def test_a_clash_leaves_nothing_behind(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(SourceError):
        archives.unpack(archive(tmp_path / "a.zip", "a", "a/b"), "a.zip", place)
    assert list(place.iterdir()) == []


def test_columns_that_a_head_calls_alike_are_told_apart(tmp_path):
    shape = shapely.LineString(LINE["coordinates"])
    frame = gpd.GeoDataFrame({"kind": ["cable"], "kine": ["x"]}, geometry=[shape], crs=4326)
    frame.to_file(tmp_path / "a.shp")
    dbf = tmp_path / "a.dbf"
    dbf.write_bytes(dbf.read_bytes().replace(b"kine\0", b"kind\0"))
    read = gis.read([tmp_path / "a.shp"])
    assert read.routes["kind"].tolist() == ["cable"]
    gis.check(read)


def test_a_project_file_is_no_draft_of_itself(tmp_path):
    written(tmp_path / "a.geojson", document())
    project = written(tmp_path / "p.toml", '[[layers.routes]]\nsource = "a.geojson"\n')
    with pytest.raises(ProjectError, match="is a project file already"):
        gis.init([project])
