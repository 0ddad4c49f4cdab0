"""Files that point at other files or hosts are refused by name; nothing is fetched, nothing written."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely
from support.effort import refusal
from support.plan import ROOT

from gis.delivery.sources import open_delivery
from gis.errors import SourceError


class Listener:
    """A host that writes down who calls."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/data"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.calls.append(connection.recv(200))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def host():
    listener = Listener()
    yield listener
    time.sleep(0.05)
    listener.close()
    assert listener.calls == []


@pytest.fixture
def private(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("private")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>{body}"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY x SYSTEM "{address}">]>{body}'
TAB = "!table\n!version 300\n\nDefinition Table\n{}\n  Fields 1\n    a Char (1) ;\n"
GPX = '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="32" lon="51"><name>{}</name></wpt></gpx>'
GML = '<FeatureCollection xmlns:gml="http://www.opengis.net/gml"><gml:description>{}</gml:description></FeatureCollection>'
PLACEMARK = KML.format("<Placemark><name>{}</name></Placemark>")


def geojson(crs: dict) -> str:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [51, 32]}}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]})


def documents(address: str) -> dict[str, str]:
    texts = {
        "network-link.kml": KML.format(f"<NetworkLink><Link><href>{address}</href></Link></NetworkLink>"),
        "file-link.kml": KML.format("<NetworkLink><Link><href>other.kml</href></Link></NetworkLink>"),
        "layer.vrt": "<OGRVRTDataSource><OGRVRTLayer name='a'>"
        f"<SrcDataSource>/vsicurl/{address}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "commented.vrt": "<!-- <kml> --><OGRVRTDataSource/>",
        "in-gml.gml": "<gml:FeatureCollection xmlns:gml='http://www.opengis.net/gml'>"
        f"<OGRVRTDataSource><x>{address}</x></OGRVRTDataSource></gml:FeatureCollection>",
        "service.xml": f"<OGRWFSDataSource><URL>{address}</URL></OGRWFSDataSource>",
        "tiles.xml": f"<GDAL_WMS><Service><ServerUrl>{address}</ServerUrl></Service></GDAL_WMS>",
        "link.geojson": geojson({"type": "link", "properties": {"href": address}}),
        "url.geojson": geojson({"type": "URL", "properties": {"url": address}}),
        "pipeline.json": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline read {address}"}
        ),
        "linked.tab": TAB.format('  Type LINKED Charset "WindowsLatin1"'),
        "elsewhere.tab": TAB.format('  File "/etc/passwd"\n  Type NATIVE'),
    }
    for name, root, body in (
        ("kml", "kml", PLACEMARK),
        ("gpx", "gpx", GPX),
        ("gml", "FeatureCollection", GML),
    ):
        texts[f"bomb.{name}"] = BOMB.format(root=root, body=body.format("&i;"))
        texts[f"entity.{name}"] = OUTSIDE.format(root=root, address=address, body=body.format("&x;"))
    return texts


NAMES = list(documents(""))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrapped", ["plain", "other ending", "zipped"])
def test_reference_is_refused_by_name(name, wrapped, host, tmp_path, private):
    text = documents(host.address)[name]
    path = tmp_path / name
    if wrapped == "other ending":
        path = tmp_path / "routes.geojson"
    path.write_text(text)
    if wrapped == "zipped":
        with zipfile.ZipFile(tmp_path / "survey.zip", "w") as archive:
            archive.write(path, "routes.shp")
        path.unlink()
        path = tmp_path / "survey.zip"
    error, taken = refusal(SourceError, lambda: open_delivery(path))
    assert taken.calls < 500_000
    assert taken.peak < 16_000_000
    assert error.code == "D010"
    assert str(path) in error.message("fa")
    assert not list(private.iterdir())
    assert list(tmp_path.iterdir()) == [path]


def test_hidden_crs_link_is_not_followed(host, tmp_path):
    text = geojson({"type": "link", "properties": {"href": host.address}})
    (tmp_path / "a.geojson").write_text(text.replace('"crs"', '"\\u0063rs"'))
    (layer,) = open_delivery(tmp_path / "a.geojson")
    assert len(layer.frame) == 1


def test_addresses_in_gml_are_left_alone(host, tmp_path):
    text = f"""<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml/3.2"
    xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://ogr.maptools.org/ {host.address}"><ogr:featureMember><ogr:r gml:id="r.1"><ogr:geom>
    <gml:LineString srsName="{host.address}"><gml:posList>51 32 52 33</gml:posList></gml:LineString></ogr:geom>
    <ogr:h xlink:href="{host.address}"/></ogr:r></ogr:featureMember></ogr:FeatureCollection>"""
    (tmp_path / "a.gml").write_text(text)
    (layer,) = open_delivery(tmp_path / "a.gml")
    assert layer.frame.geometry[0].wkt == "LINESTRING (51 32, 52 33)"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.gml"]


def test_geopackage_of_other_sources(host, tmp_path):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.Point(51, 32)], crs=4326).to_file(path)
    database = sqlite3.connect(path)
    database.execute("UPDATE gpkg_spatial_ref_sys SET definition = ? WHERE srs_id = 4326", (host.address,))
    database.commit()
    database.close()
    assert len(open_delivery(path)[0].frame) == 1
    database = sqlite3.connect(path)
    database.execute("PRAGMA writable_schema = ON")
    sql = f"CREATE VIRTUAL TABLE v USING VirtualOGR('/vsicurl/{host.address}')"
    database.execute("INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, ?)", (sql,))
    database.commit()
    database.close()
    with pytest.raises(SourceError) as caught:
        open_delivery(path)
    assert caught.value.code == "D010"
    assert "VirtualOGR" in caught.value.message()


@pytest.mark.parametrize("fault", ["external link", "connection", "relation", "entity", "bomb"])
def test_spreadsheet_that_reaches_out(fault, host, tmp_path):
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["id", "x", "y"])
    book.active.append(["M1", 562345.1, 3614567.1])
    book.save(path)
    added = {
        "external link": ("xl/externalLinks/externalLink1.xml", "<externalLink/>"),
        "connection": ("xl/connections.xml", "<connections/>"),
        "relation": (
            "xl/worksheets/_rels/sheet1.xml.rels",
            (
                f'<Relationships><Relationship Id="r" Type="x/oleObject" Target="{host.address}" '
                'TargetMode="External"/></Relationships>'
            ),
        ),
        "entity": ("xl/comments.xml", f'<!DOCTYPE a [<!ENTITY x SYSTEM "{host.address}">]><a>&x;</a>'),
        "bomb": ("xl/media/a.bin", " " * 30_000_000),
    }[fault]
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(*added)
    with pytest.raises(SourceError) as caught:
        open_delivery(path)
    assert caught.value.code == ("D008" if fault == "bomb" else "D010")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/a.geojson",
        "https://example.org/a.gpkg",
        "/vsicurl/http://127.0.0.1:1/a.geojson",
        "/vsizip/a.zip/a.shp",
        "/VSIMEM/a",
        "\\vsicurl\\x",
        "mysql://127.0.0.1/survey",
        "PG:dbname=survey",
        "WFS:http://127.0.0.1:1/",
        "file:///etc/passwd",
        "<OGRVRTDataSource/>",
        '{"type":"Feature"}',
    ],
)
def test_address_instead_of_a_file(address):
    with pytest.raises(SourceError) as caught:
        open_delivery(address)
    assert caught.value.code == "D010"


def test_devices_and_pipes_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.geojson")
    for path in (tmp_path / "pipe.geojson", "/dev/zero", "/dev/stdin"):
        with pytest.raises(SourceError) as caught:
            open_delivery(path)
        assert caught.value.code == "D010"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "Excel"),
        (b"AC1014\0\0\0\0\0", "DWG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b'{"type":"Topology","objects":{},"arcs":[]}', "TopoJSON"),
        (b'{"geometryType":"esriGeometryPoint","features":[]}', "Esri JSON"),
    ],
)
def test_known_format_that_is_not_read_is_named(content, word, tmp_path):
    (tmp_path / "a.shp").write_bytes(content)
    with pytest.raises(SourceError) as caught:
        open_delivery(tmp_path / "a.shp")
    assert caught.value.code == "D010"
    assert word in caught.value.message()


@pytest.mark.parametrize(
    "content", [b"\0" * 10 + b"x" * 100, b"hello\n", b"PK\x03\x04nonsense", b"SQLite format 3\0" + b"\0" * 90]
)
def test_what_is_no_format_at_all(content, tmp_path):
    (tmp_path / "a.gpkg").write_bytes(content)
    with pytest.raises(SourceError) as caught:
        open_delivery(tmp_path / "a.gpkg")
    assert caught.value.code == "D001"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc/self/status")
def test_bomb_takes_no_memory(tmp_path):
    """An XML bomb and a zip bomb together stay under 500 MB, the libraries included."""
    (tmp_path / "a.kml").write_text(BOMB.format(root="kml", body=PLACEMARK.format("&i;")))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", b"0" * 300_000_000)
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from gis.delivery.sources import open_delivery\nfrom gis.errors import SourceError\n"
        "for path in sys.argv[1:]:\n    try:\n        open_delivery(path)\n    except SourceError as error:\n"
        "        print(error.code)\n"
        # The kernel's high-water mark of this program alone; getrusage counts what the forking one had, too.
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.kml", tmp_path / "b.zip"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    first, second, memory = run.stdout.split()
    assert (first, second) == ("D010", "D008")
    assert int(memory) < 500_000


def test_sources_are_left_as_they_are(tmp_path, private):
    frame = gpd.GeoDataFrame({"id": ["ی"]}, geometry=[shapely.Point(51, 32)], crs=4326)
    frame.to_file(tmp_path / "a.gpkg")
    frame.to_file(tmp_path / "a.shp")
    frame.to_file(tmp_path / "a.gml", driver="GML")
    frame.to_file(tmp_path / "a.geojson")
    for name in ("a.xsd", "a.shx", "a.cpg"):
        (tmp_path / name).unlink()
    before = {part.name: (part.read_bytes(), part.stat().st_mtime_ns) for part in tmp_path.iterdir()}
    for name in ("a.gpkg", "a.shp", "a.gml", "a.geojson"):
        (tmp_path / name).chmod(0o444)
        (layer,) = open_delivery(tmp_path / name)
        assert len(layer.frame) == 1
    assert {part.name: (part.read_bytes(), part.stat().st_mtime_ns) for part in tmp_path.iterdir()} == before
    assert not list(private.iterdir())
    shutil.rmtree(tmp_path)
