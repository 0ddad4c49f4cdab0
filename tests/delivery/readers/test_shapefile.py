"""Shapefiles: the text of their tables, indexes that do not fit, deleted rows, and heights that are none."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.delivery.assembly import read
from gis.delivery.sources import open_delivery
from gis.delivery.understanding import readings
from gis.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    "cp1256": ["شارع الجامعة", "طريق الملك فهد", "محطة الإرسال", "غرفة تفتيش"],
    "iso8859-6": ["شارع الجامعة", "طريق الملك فهد", "محطة الإرسال", "غرفة تفتيش"],
    "cp720": ["شارع الجامعة", "طريق الملك فهد", "محطة الإرسال", "غرفة تفتيش"],
    "utf-8": ["خیابان دانشگاه", "کابل نوری", "حوضچه", "نجف‌آباد"],
    "cp1252": ["Café du Nord", "Zürich", "Málaga", "São Paulo"],
    "cp1251": ["улица Ленина", "Город", "МОСКВА", "Нижний Новгород"],
}


def line(n: int) -> shapely.LineString:
    return shapely.LineString([(51.6 + n / 100, 32.6), (51.6 + n / 100, 32.61), (51.605 + n / 100, 32.61)])


def table(folder: Path, encoding: str, cpg: str | None, language_byte: int = 0) -> Path:
    """Write a Shapefile whose text is in an encoding, with what its parts say of that."""
    words = [word.encode(encoding).decode("latin-1") for word in WORDS[encoding]]
    frame = gpd.GeoDataFrame({"road": words}, geometry=[line(n) for n in range(len(words))], crs=4326)
    frame.to_file(folder / "a.shp", encoding="ISO-8859-1")
    (folder / "a.cpg").unlink(missing_ok=True)
    if cpg is not None:
        (folder / "a.cpg").write_text(cpg)
    data = bytearray((folder / "a.dbf").read_bytes())
    data[29] = language_byte
    (folder / "a.dbf").write_bytes(data)
    return folder / "a.shp"


@pytest.mark.parametrize(
    ("encoding", "cpg", "language_byte", "told"),
    [
        ("cp1256", "ISO 8859-1", 0, True),
        ("cp1256", "UTF-8", 0, True),
        ("cp1256", None, 0, True),
        ("cp1256", "1252", 0x57, True),
        ("cp1256", "ANSI 1256", 0, False),
        ("cp1256", None, 0x7E, False),
        ("iso8859-6", "88596", 0, False),
        ("iso8859-6", "ISO 88596", 0, False),
        ("iso8859-6", "UTF-8", 0, True),
        ("iso8859-6", None, 0x7E, True),
        ("cp720", "OEM 720", 0, False),
        ("utf-8", "65001", 0, False),
        ("utf-8", "1256", 0, True),
        ("utf-8", None, 0x7E, True),
        ("cp1252", "1252", 0, False),
        ("cp1252", "UTF-8", 0, True),
        ("cp1252", "1256", 0x7E, True),
        ("cp1251", "1251", 0, False),
        ("cp1251", None, 0xC9, False),
    ],
)
def test_a_cpg_is_one_witness_among_others(tmp_path, encoding, cpg, language_byte, told):
    (reading,) = readings(table(tmp_path, encoding, cpg, language_byte))
    assert list(reading.raw.frame["road"]) == WORDS[encoding]
    assert ("D006" in [note.code for note in reading.raw.notes]) is told


def test_what_a_person_says_counts_before_all_else(tmp_path):
    path = table(tmp_path, "cp1256", "1256")
    (raw,) = open_delivery(path, encoding="ISO 8859-6")
    assert raw.frame["road"][0] == WORDS["cp1256"][0].encode("cp1256").decode("iso8859-6", "replace")
    with pytest.raises(SourceError, match="no-such"):
        open_delivery(path, encoding="no-such")


def test_counties_of_a_shapefile_have_their_names(tmp_path):
    """Polygons that a project names are decoded as layers are."""
    names = ["اصفهان", "نجف آباد"]
    boxes = [shapely.box(51 + n, 32, 52 + n, 33) for n in range(2)]
    gpd.GeoDataFrame({"name": names}, geometry=boxes, crs=4326).to_file(tmp_path / "c.shp", encoding="UTF-8")
    gpd.GeoDataFrame({"route_id": ["R1"]}, geometry=[line(0)], crs=4326).to_file(tmp_path / "r.geojson")
    (tmp_path / "p.toml").write_text(
        '[counties]\nsource = "c.shp"\nname = "name"\n[[layers.routes]]\nsource = "r.geojson"\n'
    )
    counties = read(tmp_path / "p.toml").counties
    assert counties is not None
    assert list(counties["name"]) == names


# --- Parts that do not fit each other ---


@pytest.fixture
def routes(tmp_path):
    """Eight routes, the last of them with more vertices, and one without geometry."""
    lines = [line(n) for n in range(8)]
    lines[6] = None
    lines[7] = shapely.LineString(np.c_[np.linspace(51.6, 51.7, 30), np.linspace(32.6, 32.7, 30)])
    frame = gpd.GeoDataFrame({"route_id": [f"R{n}" for n in range(8)]}, geometry=lines, crs=4326)
    frame.to_file(tmp_path / "a.shp")
    return frame


def whole(layer, frame) -> None:
    assert list(layer.frame["route_id"]) == list(frame["route_id"])
    for found, right in zip(layer.frame.geometry, frame.geometry, strict=True):
        assert (found is None) if right is None else found.equals_exact(right, 1e-12)


def shuffled(entries: bytes) -> bytes:
    return b"".join(entries[at : at + 8] for at in (40, 0, 16, 8, 56, 24, 32, 48))


SHX = {
    "truncated": lambda head, entries: head + entries[:24],
    "cut within an entry": lambda head, entries: head + entries[:27],
    "header alone": lambda head, entries: head + entries[:0],
    "cut within the header": lambda head, entries: (head + entries)[:50],
    "empty": lambda head, entries: (head + entries)[:0],
    "offsets of zero": lambda head, entries: head + bytes(len(entries)),
    "too long by zeros": lambda head, entries: head + entries + bytes(40),
    "too long by repetition": lambda head, entries: head + entries + entries[:16],
    "sorted otherwise": lambda head, entries: head + shuffled(entries),
    "backwards": lambda head, entries: head + b"".join(entries[at : at + 8] for at in range(56, -1, -8)),
    "swapped": lambda head, entries: head + np.frombuffer(entries, ">i4").astype("<i4").tobytes(),
    "in bytes for words": lambda head, entries: head + (np.frombuffer(entries, ">i4") * 2).astype(">i4").tobytes(),
    "one off": lambda head, entries: head + (np.frombuffer(entries, ">i4") + 1).astype(">i4").tobytes(),
    "noise": lambda head, entries: head + np.random.default_rng(3).bytes(len(entries)),
}  # fmt: skip


@pytest.mark.parametrize("how", SHX)
def test_a_wrong_shx_hides_no_record(routes, tmp_path, how):
    shx = tmp_path / "a.shx"
    data = shx.read_bytes()
    shx.write_bytes(SHX[how](data[:100], data[100:]))
    (layer,) = open_delivery(tmp_path / "a.shp")
    whole(layer, routes)
    assert [note.code for note in layer.notes] == ["D002"]
    assert ".shx" in layer.notes[0].fields["what"].en


def test_the_shx_of_another_file_hides_no_record(routes, tmp_path):
    other = gpd.GeoDataFrame(
        {"route_id": list("abcdefgh")}, geometry=[line(n).segmentize(0.002) for n in range(8)], crs=4326
    )
    other.to_file(tmp_path / "b.shp")
    shutil.copy(tmp_path / "b.shx", tmp_path / "a.shx")
    (layer,) = open_delivery(tmp_path / "a.shp")
    whole(layer, routes)
    assert [note.code for note in layer.notes] == ["D002"]


def test_a_sound_shapefile_says_nothing(routes, tmp_path):
    (layer,) = open_delivery(tmp_path / "a.shp")
    whole(layer, routes)
    assert not layer.notes
    assert not layer.left_out


def test_a_record_that_was_put_at_the_end_anew_counts_once(routes, tmp_path):
    """As GDAL does where a shape grows: the .shx tells where it now is, and the old one stays behind."""
    shp, shx = (tmp_path / f"a.{ending}" for ending in ("shp", "shx"))
    content, entries = bytearray(shp.read_bytes()), np.fromfile(shx, ">i4", offset=100).reshape(-1, 2)
    grown = shapely.LineString([*line(2).coords, (51.7, 32.7)])
    vertices = shapely.get_coordinates(grown)
    body = struct.pack("<i4d3i", 3, *grown.bounds, 1, len(vertices), 0) + vertices.tobytes()
    entries[2] = len(content) // 2, len(body) // 2
    content += struct.pack(">2i", 3, len(body) // 2) + body
    content[24:28] = struct.pack(">i", len(content) // 2)
    shp.write_bytes(content)
    shx.write_bytes(shx.read_bytes()[:100] + entries.tobytes())
    (layer,) = open_delivery(shp)
    routes.loc[2, "geometry"] = grown
    whole(layer, routes)
    assert not layer.notes


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("place", "value"),
    [(4, ">i4"), (8, "<i4"), (44, "<i4"), (48, "<i4"), (52, "<i4")],
    ids=["length", "type", "parts", "vertices", "where the part begins"],
)
def test_a_damaged_record_alone_is_lost(routes, tmp_path, indexed, place, value):
    shp, shx = (tmp_path / f"a.{ending}" for ending in ("shp", "shx"))
    at = int(np.fromfile(shx, ">i4", offset=100)[4]) * 2 + place  # the third record
    content = bytearray(shp.read_bytes())
    content[at : at + 4] = np.array([70_000_000], value).tobytes()
    shp.write_bytes(content)
    if not indexed:
        shx.unlink()
    (layer,) = open_delivery(shp)
    whole(layer, routes.drop(index=2))
    assert [note.code for note in layer.notes] == ["D003"] if indexed else ["D002", "D003"]
    assert [note.feature for note in layer.notes if note.code == "D003"] == ["3"]
    assert list(layer.records) == [1, 2, 4, 5, 6, 7, 8]


def dbf_rows(path: Path) -> tuple[bytearray, int, int]:
    data = bytearray(path.read_bytes())
    return data, *struct.unpack("<HH", data[8:12])


def test_rows_marked_as_deleted_are_left_out_and_told(routes, tmp_path):
    data, header, width = dbf_rows(tmp_path / "a.dbf")
    for row in (1, 4):
        data[header + row * width] = ord("*")
    (tmp_path / "a.dbf").write_bytes(data)
    (layer,) = open_delivery(tmp_path / "a.shp")
    whole(layer, routes.drop(index=[1, 4]))
    assert list(layer.records) == [1, 3, 4, 6, 7, 8]
    (left,) = layer.left_out
    assert (left.source, left.layer, left.count) == (str(tmp_path / "a.shp"), "a", 2)
    assert not layer.notes


def test_rows_that_the_dbf_does_not_count_are_read(routes, tmp_path):
    data, _, _ = dbf_rows(tmp_path / "a.dbf")
    data[4:8] = struct.pack("<I", 2)
    (tmp_path / "a.dbf").write_bytes(data)
    (layer,) = open_delivery(tmp_path / "a.shp")
    whole(layer, routes)
    assert not layer.notes


@pytest.mark.parametrize(("rows", "named"), [(5, 5), (11, 8)])
def test_a_dbf_with_fewer_or_more_rows(routes, tmp_path, rows, named):
    other = gpd.GeoDataFrame(
        {"route_id": [f"R{n}" for n in range(rows)]}, geometry=[line(0)] * rows, crs=4326
    )
    other.to_file(tmp_path / "b.shp")
    shutil.copy(tmp_path / "b.dbf", tmp_path / "a.dbf")
    (layer,) = open_delivery(tmp_path / "a.shp")
    assert [note.code for note in layer.notes] == ["D002"]
    assert layer.frame["route_id"].notna().sum() == named
    assert shapely.equals_exact(layer.frame.geometry[7], routes.geometry[7])
