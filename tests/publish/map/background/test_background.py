"""A background from an archive of the user's: its tiles are in the page, and nothing is asked for."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
import struct
import subprocess

import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pmtiles.tile import TileType, zxy_to_tileid
from support.browser import chromium, opened, until
from support.maps import IDLE, LAYERS, drawn, plan, written
from support.pyramids import HERE, LAT, LON, around, mbtiles, over, pmtiles, png
from support.surveys import inventory, layer

from gis.errors import SourceError
from gis.publish.map import places
from gis.publish.map.background import archives, background
from gis.publish.map.page import page

__all__ = ["chromium", "plan"]

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"
SHOWN = """Array.from(document.querySelectorAll(".leaflet-tile-pane img")).filter(
    image => image.src.startsWith("data:image/png") && image.complete && image.naturalWidth === 256).length"""


WRITERS = pytest.mark.parametrize(("write", "suffix"), [(mbtiles, ".mbtiles"), (pmtiles, ".pmtiles")])


@pytest.fixture
def pyramid():
    """Zooms 4 to 12 over Isfahan, each tile of the deepest zoom a picture of its own."""
    tiles = {zxy: png(zoom * 12) for zoom in range(4, 12) for zxy in around(zoom, ring=6)}
    return tiles | {zxy: png(i % 256) for i, zxy in enumerate(around(12, ring=6))}


@WRITERS
def test_the_tiles_over_a_place_and_around_it_are_taken_as_they_are(tmp_path, pyramid, write, suffix):
    got = background.read(
        write(tmp_path / f"city{suffix}", pyramid, attribution="<a href='x'>© Us</a> &amp; co"), HERE
    )
    assert (got.name, got.attribution, got.cut, got.zooms) == (f"city{suffix}", "© Us & co", False, (4, 12))
    assert got.tiles == {zxy: data for zxy, data in pyramid.items() if zxy in set(around(zxy[0], ring=1))}
    assert (10, *over(10)) in got.tiles


@pytest.mark.parametrize("zoom", [2, 5, 10, 14, 21])
def test_the_tile_over_a_place_is_in_the_middle_of_those_around_it(zoom):
    west, north, east, south = background._box(HERE, zoom)
    column, row = over(zoom)
    assert (west, north, east, south) == (column - 1, row - 1, column + 1, row + 1)


@given(st.integers(0, 22).flatmap(lambda z: st.tuples(st.just(z), *[st.integers(0, (1 << z) - 1)] * 2)))
def test_places_on_the_curve_are_those_of_the_format_s_own_library(zxy):
    assert ((1 << 2 * zxy[0]) - 1) // 3 + archives.along(*zxy) == zxy_to_tileid(*zxy)


def test_archives_with_directories_below_directories_are_read(tmp_path):
    """Some 20 000 entries do not fit into the root, so the library writes leaves."""
    tiles = {
        (8, x, y): b"\x89PNG\r\n\x1a\n%d/%d" % (x, y) + bytes(x * x * y % 977)
        for x in range(100, 240)
        for y in range(20, 160)
    }
    path = pmtiles(tmp_path / "large.pmtiles", tiles)
    root, leaves = (
        struct.unpack_from("<Q", path.read_bytes(), 16)[0],
        struct.unpack_from("<Q", path.read_bytes(), 48)[0],
    )
    assert root
    assert leaves
    got = background.read(path, (-20, 20, 30, 60)).tiles
    west, north, east, south = background._box((-20, 20, 30, 60), 8)
    assert got == {
        zxy: data for zxy, data in tiles.items() if west <= zxy[1] <= east and north <= zxy[2] <= south
    }
    assert len(got) > 1000


def test_what_gdal_writes_shows_what_it_was_made_of(tmp_path):
    """A picture whose grey is its place, tiled by GDAL: each tile taken has the bytes that GDAL gives back for it."""
    raster, archive = tmp_path / "grey.asc", tmp_path / "grey.mbtiles"
    rows = "\n".join(" ".join(str(20 + x + y) for x in range(64)) for y in range(64))
    raster.write_text(f"ncols 64\nnrows 64\nxllcorner 5750000\nyllcorner 3840000\ncellsize 100\n{rows}\n")
    subprocess.run(
        ["gdal_translate", "-q", "-ot", "Byte", "-of", "MBTILES", "-a_srs", "EPSG:3857", raster, archive],
        check=True,
    )
    got = background.read(archive, (51.64, 32.58, 51.71, 32.62))
    assert got.tiles
    with contextlib.closing(sqlite3.connect(archive)) as database, database:
        stored = {
            (z, x, (1 << z) - 1 - y): data
            for z, x, y, data in database.execute(
                "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"
            )
        }
    database.close()
    assert got.tiles.items() <= stored.items()


@WRITERS
def test_the_page_shows_the_tiles_and_asks_for_nothing(chromium, plan, tmp_path, pyramid, write, suffix):
    archive = write(tmp_path / f"{HOSTILE.replace('/', '')}{suffix}", pyramid, attribution=HOSTILE)
    path = written(tmp_path / "index.html", plan, basemap=str(archive))
    for dark in (False, True):
        with opened(chromium, path, dark=dark, fragment=f"#lang=en&at=9/{LAT}/{LON}") as (tab, watch):
            until(tab, IDLE)
            tab.evaluate(f"void fibre.map.setView([{LAT}, {LON}], 9, {{animate: false}})")
            until(tab, f"{SHOWN} > 3")
            assert tab.locator("#layer-basemap").is_checked()
            told = tab.locator(".leaflet-control-attribution").inner_text()
            assert "zooms 4–12" in told
            assert "{{ 7*7 }}" in told
            tab.evaluate("fibre.use('fa')")
            assert "۴ تا ۱۲" in tab.locator(".leaflet-control-attribution").inner_text()
            assert tab.locator(".local-tiles").count() == 1
            tab.evaluate("fibre.use('en')")
            # Deeper than the archive goes, its deepest tiles stand larger.
            tab.evaluate(f"void fibre.map.setView([{LAT}, {LON}], 16, {{animate: false}})")
            until(tab, f"{SHOWN} > 0")
            tab.locator("#layer-basemap").uncheck()
            assert tab.locator(".leaflet-tile-pane img").count() == 0
            assert tab.locator(".local-tiles").count() == 0
            tab.locator("#layer-basemap").check()
            until(tab, f"{SHOWN} > 0")
            assert (watch.outside, watch.errors, watch.dialogs) == ([], [], [])


def test_where_the_deepest_zoom_has_no_tile_the_one_above_is_shown(chromium, plan, tmp_path):
    tiles = {(8, *zxy[1:]): png(90) for zxy in around(8)} | {(9, *background._box(HERE, 9)[:2]): png(10)}
    path = written(tmp_path / "index.html", plan, basemap=str(mbtiles(tmp_path / "a.mbtiles", tiles)))
    with opened(chromium, path) as (tab, watch):
        until(tab, IDLE)
        tab.evaluate(f"void fibre.map.setView([{LAT}, {LON}], 9, {{animate: false}})")
        until(tab, f"{SHOWN} > 3")
        widths = tab.evaluate(
            "[...new Set(Array.from(document.querySelectorAll('.leaflet-tile-pane img'), i => i.offsetWidth))].sort()"
        )
        assert widths in ([256, 512], [512])
        assert watch.errors == []


def test_what_does_not_fit_is_left_out_and_said(chromium, plan, tmp_path, pyramid, monkeypatch):
    monkeypatch.setattr(background, "PAGE", background.PAGE._replace(tiles=60))
    archive = mbtiles(tmp_path / "city.mbtiles", pyramid)
    got = background.read(archive, HERE)
    assert got.cut
    assert got.zooms == (4, 9)  # nine tiles a zoom
    path = written(tmp_path / "index.html", plan, basemap=str(archive))
    with opened(chromium, path, fragment="#lang=en") as (tab, _):
        until(tab, IDLE)
        tab.evaluate(f"void fibre.map.setView([{LAT}, {LON}], 8, {{animate: false}})")
        assert "deeper ones do not fit" in tab.locator(".leaflet-control-attribution").inner_text()
    monkeypatch.setattr(background, "PAGE", background.PAGE._replace(tiles=8))
    with pytest.raises(SourceError, match="does not fit"):
        background.read(archive, HERE)


def test_images_that_are_alike_count_once(tmp_path, pyramid, monkeypatch):
    archive = mbtiles(tmp_path / "sea.mbtiles", dict.fromkeys(pyramid, png(200)))
    monkeypatch.setattr(background, "PAGE", background.PAGE._replace(bytes=len(png(200))))
    got = background.read(archive, HERE)
    assert (got.cut, got.zooms, len(got.content()["images"])) == (False, (4, 12), 1)


@WRITERS
def test_the_same_archive_gives_the_same_bytes(plan, tmp_path, pyramid, write, suffix):
    archive = str(write(tmp_path / f"city{suffix}", pyramid))
    before = (tmp_path / f"city{suffix}").read_bytes()
    assert page(drawn(plan, basemap=archive)) == page(drawn(plan, basemap=archive))
    assert (tmp_path / f"city{suffix}").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [f"city{suffix}"]


def test_an_archive_that_is_still_being_written_is_refused(fibre, tmp_path):
    path = mbtiles(tmp_path / "city.mbtiles", NEAR)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.execute("DELETE FROM tiles")
        database.commit()
        done = fibre("map", LAYERS / "isfahan.toml", "--out", "map.html", "--basemap", path.name)
        assert (done.returncode, done.stdout) == (2, "")
        assert "city.mbtiles-wal lies beside it" in done.stderr
        assert not (tmp_path / "map.html").exists()
    # Closed, the log is in the file.
    with pytest.raises(SourceError, match="no tile of the survey's area"):
        background.read(path, HERE)


def test_the_area_is_that_of_features_and_outline():
    office = layer("offices", [shapely.Point(50, 30), shapely.Point(500, 30)])
    assert places.extent(inventory(offices=office)) == (50, 30, 50, 30)
    assert places.extent(inventory(offices=office, outline=shapely.box(49, 31, 51, 33))) == (
        49,
        30,
        51,
        33,
    )
    assert places.extent(inventory()) is None


VECTOR = gzip.compress(b"\x1a\x00")


def endless(path):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE metadata (name text, value text)")
        database.execute(
            "CREATE VIEW tiles AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT -i AS zoom_level, i AS tile_column, i AS tile_row, x'' AS tile_data FROM n"
        )
    database.close()


def bomb(path, tiles):
    """A directory of a few bytes that says it is of a gigabyte."""
    pmtiles(path, tiles)
    data = bytearray(path.read_bytes())
    packed = gzip.compress(bytes(40_000_000))
    struct.pack_into("<2Q", data, 8, len(data), len(packed))
    path.write_bytes(bytes(data) + packed)


FAR = {zxy: png(1) for zxy in around(9, -70, -30)}
NEAR = {zxy: png(1) for zxy in around(9)}
REFUSED = {
    "vector.mbtiles": (lambda path: mbtiles(path, {(0, 0, 0): VECTOR}, format="pbf"), "vector"),
    "silent.mbtiles": (lambda path: mbtiles(path, {(0, 0, 0): VECTOR}), "vector"),
    "vector.pmtiles": (lambda path: pmtiles(path, {(0, 0, 0): VECTOR}, TileType.MVT), "vector"),
    "garbage.mbtiles": (lambda path: path.write_bytes(b"nothing" * 99), "neither MBTiles nor PMTiles"),
    "garbage": (lambda path: path.write_bytes(b"nothing" * 99), "neither MBTiles nor PMTiles"),
    "old.pmtiles": (lambda path: path.write_bytes(b"PMTiles\2" + bytes(200)), "neither MBTiles nor PMTiles"),
    "missing.pmtiles": (lambda _: None, "no such file"),
    "folder.mbtiles": (lambda path: path.mkdir(), "no such file"),
    "damaged.mbtiles": (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4000)), "broken"),
    "short.pmtiles": (lambda path: path.write_bytes(b"PMTiles\3" + bytes(50)), "broken"),
    "text.mbtiles": (lambda path: mbtiles(path, {(0, 0, 0): b"<svg onload=alert(1)>"}), "neither PNG"),
    "svg.pmtiles": (lambda path: pmtiles(path, {(0, 0, 0): b"<svg onload=alert(1)>"}), "neither PNG"),
    "endless.mbtiles": (endless, "broken"),
    "bomb.pmtiles": (lambda path: bomb(path, NEAR), "broken"),
    "elsewhere.mbtiles": (lambda path: mbtiles(path, FAR), "no tile of the survey's area"),
    "elsewhere.pmtiles": (lambda path: pmtiles(path, FAR), "no tile of the survey's area"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_background_is_refused_in_one_line(tmp_path, name):
    make, why = REFUSED[name]
    make(tmp_path / name)
    with pytest.raises(SourceError, match=why) as refused:
        background.read(tmp_path / name, HERE)
    assert name in refused.value.message("fa")
    assert "\n" not in refused.value.message("fa")


@pytest.mark.parametrize("name", ["vector.mbtiles", "garbage"])
def test_the_command_refuses_and_writes_nothing(fibre, tmp_path, name):
    make, why = REFUSED[name]
    make(tmp_path / name)
    done = fibre("map", LAYERS / "isfahan.toml", "--out", "map.html", "--basemap", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert [why in line for line in done.stderr.splitlines()] == [True]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_command_puts_an_archive_into_the_page(fibre, tmp_path, pyramid):
    pmtiles(tmp_path / "city.pmtiles", pyramid)
    fibre("map", LAYERS / "isfahan.toml", "--out", "map.html", "--basemap", "city.pmtiles", check=0)
    html = (tmp_path / "map.html").read_text("utf-8")
    assert '"name":"city.pmtiles"' in html
    assert str(tmp_path) not in html


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 700)
)
@example([(8, 255)], 700)
def test_damage_is_a_line_and_never_a_fault_of_ours(tmp_path, damage, length):
    for name, write in (("a.pmtiles", pmtiles), ("a.mbtiles", mbtiles)):
        path = tmp_path / name
        path.unlink(missing_ok=True)
        data = bytearray(write(path, NEAR, attribution="us").read_bytes())
        for place, byte in damage:
            data[place] = byte
        path.write_bytes(data[:length] if length < 600 else data)
        with contextlib.suppress(SourceError):
            got = background.read(path, HERE)
            assert all(archives.image_type(image, "") for image in got.tiles.values())
