"""7z archives: read like a zip, and held to the same limits."""

import io
import random
import stat
import struct
import subprocess
import sys
import zipfile
import zlib

import py7zr
import pytest

from gis.delivery.files import archives
from gis.delivery.files import sevenzip as unpacker
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

POINT = (
    b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"manhole_id":"M1"},'
    b'"geometry":{"type":"Point","coordinates":[51.67,32.65]}}]}'
)


def sevenzip(path, members, **options):
    with py7zr.SevenZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return path


def renamed(path, old, new):
    """Write another name of the same length into an archive, whose header is not compressed."""
    with py7zr.SevenZipFile(path, "r") as archive:
        names = archive.namelist()
    assert old in names
    assert len(old) == len(new)
    members = {}
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.set_encoded_header_mode(False)
        for name in names:
            members[name] = POINT
            archive.writestr(POINT, name)
    data = bytearray(path.read_bytes())
    at = data.find(old.encode("utf-16-le"))
    data[at : at + 2 * len(old)] = new.encode("utf-16-le")
    return sealed(path, data)


def sealed(path, data):
    """Set the sums of a header that was changed."""
    offset, size = struct.unpack("<QQ", data[12:28])
    data[28:32] = struct.pack("<I", zlib.crc32(data[32 + offset : 32 + offset + size]))
    data[8:12] = struct.pack("<I", zlib.crc32(data[12:32]))
    path.write_bytes(data)
    return path


def refused(path):
    with pytest.raises(SourceError) as caught:
        open_delivery(path)
    return caught.value.message("en")


def test_the_files_of_an_archive_are_read(tmp_path):
    members = {"a/manholes.geojson": POINT, "نقشه/more.geojson": POINT, "empty.txt": b"", "Thumbs.db": b"x"}
    layers = open_delivery(sevenzip(tmp_path / "survey.7z", members))
    assert [layer.path.rpartition("survey.7z/")[2] for layer in layers] == [
        "a/manholes.geojson",
        "نقشه/more.geojson",
    ]
    assert [left.source.rpartition("/")[2] for left in layers[0].left_out] == ["empty.txt"]


@pytest.mark.parametrize("name", ["../m.geojson", "/tmp/m.geojson", "C:/m.geojson", "..\\m.geojson"])
def test_paths_outside(tmp_path, name):
    sound = "x" * (len(name) - 2) + ".j"
    path = renamed(sevenzip(tmp_path / "a.7z", {sound: POINT}), sound, name)
    assert "D008" in refused(path)
    assert "leads outside" in refused(path)
    assert sorted(tmp_path.iterdir()) == [path]


def test_the_same_name_twice(tmp_path):
    path = renamed(
        sevenzip(tmp_path / "a.7z", {"a.geojson": POINT, "b.geojson": POINT}), "b.geojson", "A.geojson"
    )
    assert "is in it twice" in refused(path)


def test_links(tmp_path):
    target = tmp_path / "target.geojson"
    target.write_bytes(POINT)
    link = tmp_path / "link.geojson"
    link.symlink_to(target)
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.write(target, "target.geojson")
        archive.write(link, "link.geojson")
    assert "is a link" in refused(tmp_path / "a.7z")


@pytest.mark.parametrize("header", [True, False])
def test_encrypted(tmp_path, header):
    path = sevenzip(tmp_path / "a.7z", {"m.geojson": POINT}, password="x", header_encryption=header)
    said = refused(path)
    assert "it is encrypted" in said
    assert "\n" not in said


def test_a_bomb_of_one_file_and_of_many(tmp_path):
    one = sevenzip(tmp_path / "one.7z", {"m.geojson": b" " * 64 * 1024**2})
    assert one.stat().st_size * archives.MAX_RATIO < 64 * 1024**2
    assert "200 times" in refused(one)
    # A block of many files, each of which is small.
    many = sevenzip(tmp_path / "many.7z", {f"{n}.geojson": b" " * 1024**2 for n in range(40)})
    assert "200 times" in refused(many)


def test_too_many_files(tmp_path):
    most = [archives.Member(f"{n}.geojson", 1) for n in range(archives.MAX_FILES)]
    assert len(archives.checked(most, "a.7z", 10**6, archives.Budget())) == archives.MAX_FILES
    many = {f"{n}.geojson": b"{}" for n in range(archives.MAX_FILES + 1)}
    assert "more than 10,000 files" in refused(sevenzip(tmp_path / "b.7z", many))


@pytest.mark.parametrize(("over", "sound"), [(0, True), (1, False)])
def test_what_comes_out_counts_for_the_whole_delivery(tmp_path, over, sound):
    data = random.Random(7).randbytes(2 * 1024**2)
    path = sevenzip(tmp_path / "a.7z", {"m.geojson": data})
    budget = archives.Budget(bytes=archives.MAX_BYTES - len(data) + over)
    folder = tmp_path / "out"
    folder.mkdir()
    if sound:
        ((file, _),) = unpacker.unpack(path, "a.7z", folder, budget=budget)
        assert file.read_bytes() == data
        assert budget.bytes == archives.MAX_BYTES
        return
    with pytest.raises(SourceError, match="2 GiB"):
        unpacker.unpack(path, "a.7z", folder, budget=budget)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("inner", ["zip", "7z"])
@pytest.mark.parametrize("outer", ["zip", "7z"])
def test_an_archive_within(tmp_path, inner, outer):
    made = io.BytesIO()
    if inner == "7z":
        sevenzip(tmp_path / "inner.7z", {"m.geojson": POINT})
        made.write((tmp_path / "inner.7z").read_bytes())
    else:
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("m.geojson", POINT)
    if outer == "7z":
        path = sevenzip(tmp_path / "a.7z", {"inner.bin": made.getvalue()})
    else:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.bin", made.getvalue())
    said = refused(path)
    assert "D008" in said
    assert "inner.bin is an archive within it" in said


def test_damage_is_one_line_wherever_it_is(tmp_path):
    whole = sevenzip(tmp_path / "whole.7z", {"a.geojson": POINT, "b.geojson": POINT * 3}).read_bytes()
    rolled = random.Random(11)
    path = tmp_path / "damaged.7z"
    for _ in range(150):
        data = bytearray(whole)
        for at in rolled.sample(range(6, len(data)), 3):
            data[at] = rolled.randrange(256)
        if rolled.random() < 0.3:
            data = data[: rolled.randrange(8, len(data))]
        path.write_bytes(data)
        if len(data) == len(whole) and rolled.random() < 0.7:
            sealed(path, data)
        try:
            open_delivery(path)
        except SourceError as error:
            said = error.message("en")
            assert said.count("\n") == 0
            assert "py7zr" not in said


def test_without_the_library_it_says_what_to_install(tmp_path):
    path = sevenzip(tmp_path / "a.7z", {"m.geojson": POINT})
    blocked = (
        "import sys; sys.modules['py7zr'] = None; sys.argv = ['fibre', 'inspect', sys.argv[1], '--lang', 'en'];"
        "from gis.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", blocked, path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "7z is not read; install what reads it with pip install 'fibre-gis[7z]'" in done.stderr
    assert not done.stdout


def test_kinds_of_files_that_are_none():
    for kind in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK):
        with pytest.raises(SourceError, match="is a device"):
            archives.checked([archives.Member("m.geojson", 1, kind)], "a.7z", 100, archives.Budget())
