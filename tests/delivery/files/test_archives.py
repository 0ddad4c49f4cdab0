"""Unsafe archives are refused whole: nothing of them is left anywhere."""

from __future__ import annotations

import stat
import tempfile
import zipfile
from pathlib import Path

import pytest
from support.effort import refusal

from gis.delivery.files import archives
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

POINT = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},'
    '"geometry":{"type":"Point","coordinates":[51,32]}}]}'
)


@pytest.fixture
def private(tmp_path_factory, monkeypatch) -> Path:
    """The folder for temporary files, to look for what is left in it."""
    folder = tmp_path_factory.mktemp("private")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def special(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o777) << 16
    return info


def outside(archive: zipfile.ZipFile) -> None:
    archive.writestr("routes.geojson", POINT)
    archive.writestr("../../../outside.geojson", POINT)


def absolute(archive: zipfile.ZipFile) -> None:
    archive.writestr("/tmp/outside.geojson", POINT)


def drive(archive: zipfile.ZipFile) -> None:
    archive.writestr("C:/outside.geojson", POINT)


def backslashes(archive: zipfile.ZipFile) -> None:
    archive.writestr("..\\outside.geojson", POINT)


def link(archive: zipfile.ZipFile) -> None:
    archive.writestr(special("routes.geojson", stat.S_IFLNK), "/etc/passwd")


def device(archive: zipfile.ZipFile) -> None:
    archive.writestr(special("routes.geojson", stat.S_IFIFO), "")


def many(archive: zipfile.ZipFile) -> None:
    for n in range(archives.MAX_FILES + 1):
        archive.writestr(f"{n}.txt", "")


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("routes.geojson", b" " * 30_000_000)


def within(archive: zipfile.ZipFile) -> None:
    archive.writestr("routes.geojson", POINT)
    inner = Path(archive.filename).with_name("inner.bin")
    with zipfile.ZipFile(inner, "w") as nested:
        nested.writestr("routes.geojson", POINT)
    archive.write(inner, "notes/photo.jpg")
    inner.unlink()


def twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("routes.geojson", POINT)
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("routes.geojson", "{}")


UNSAFE = [outside, absolute, drive, backslashes, link, device, many, bomb, within, twice]


@pytest.mark.parametrize("make", UNSAFE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("ending", ["zip", "kmz", "geojson"])
def test_unsafe_archive_is_refused_and_leaves_nothing(make, ending, tmp_path, private):
    path = tmp_path / f"survey.{ending}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        make(archive)
    error, taken = refusal(SourceError, lambda: open_delivery(path))
    assert taken.calls < 500_000
    assert taken.peak < 16_000_000
    assert error.code == "D008"
    assert str(path) in error.message("en")
    assert not list(private.iterdir())
    assert list(tmp_path.iterdir()) == [path]
    assert not Path("/tmp/outside.geojson").exists()


def test_more_than_two_gib_is_refused_before_unpacking(tmp_path, private):
    path = tmp_path / "survey.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("routes.geojson", POINT)
    data = bytearray(path.read_bytes())
    # The directory's entry: its declared size, four bytes at 24.
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (archives.MAX_BYTES + 1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        open_delivery(path)
    assert caught.value.code == "D008"


def test_a_directory_that_lies_about_sizes_gains_nothing(tmp_path, private):
    path = tmp_path / "survey.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("routes.geojson", b" " * 30_000_000)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        open_delivery(path)
    assert caught.value.code == "D001"
    assert not list(private.iterdir())


@pytest.mark.parametrize("damage", ["cut", "flipped", "encrypted"])
def test_damaged_archive_is_one_clear_line(damage, tmp_path, private):
    path = tmp_path / "survey.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("routes.geojson", POINT)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[60] ^= 0xFF
    else:
        at = data.index(b"PK\x01\x02")
        data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        open_delivery(path)
    assert caught.value.code == "D001"
    assert not list(private.iterdir())


def test_blank_tables_are_no_bomb(tmp_path, private):
    with zipfile.ZipFile(tmp_path / "survey.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("routes.geojson", POINT + " " * 900_000)
    (layer,) = open_delivery(tmp_path / "survey.zip")
    assert len(layer.frame) == 1
    assert not list(private.iterdir())


def test_names_in_utf8_that_do_not_say_so(tmp_path):
    path = tmp_path / "survey.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("مسیر.geojson", POINT)
    data = path.read_bytes()
    assert data.count((0x800).to_bytes(2, "little") + b"\0\0") == 2
    path.write_bytes(data.replace((0x800).to_bytes(2, "little") + b"\0\0", b"\0\0\0\0"))
    (layer,) = open_delivery(path)
    assert layer.layer == "مسیر"


def test_kmz_and_spreadsheet_within_a_zip_are_read(tmp_path):
    kml = '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>M</name><Point><coordinates>51,32</coordinates></Point></Placemark></kml>'
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", kml)
    with zipfile.ZipFile(tmp_path / "survey.zip", "w") as archive:
        archive.write(tmp_path / "a.kmz", "google/a.kmz")
    (layer,) = open_delivery(tmp_path / "survey.zip")
    assert layer.path == f"{tmp_path}/survey.zip/google/a.kmz/doc.kml"
