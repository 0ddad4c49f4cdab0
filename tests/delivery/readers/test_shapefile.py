"""Shapefiles: the text of their tables, indexes that do not fit, deleted rows, and heights that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
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
