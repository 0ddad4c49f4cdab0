"""SW Maps: what a GNSS survey with a phone exports, written here as that program writes it."""

import datetime as dt
import sqlite3
import struct
import uuid
import zipfile

import pyproj
import pytest
import shapely

import gis
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

PLACES = [(51.67 + 0.0006 * n, 32.65 + 0.0001 * (n % 3), 1571 + n / 10) for n in range(8)]
WAYS = {"cables": [(0, 1, 2), (2, 3)], "track": (4, 5, 6, 7)}
STANDARD = """
CREATE TABLE gpkg_contents(table_name TEXT NOT NULL, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT,
 last_change DATETIME NOT NULL DEFAULT '2023-05-04T10:00:00Z', min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
 srs_id INTEGER, PRIMARY KEY(table_name));
CREATE TABLE gpkg_geometry_columns(table_name TEXT NOT NULL, column_name TEXT NOT NULL,
 geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
 PRIMARY KEY(table_name, column_name));
CREATE TABLE gpkg_spatial_ref_sys(srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL, organization TEXT NOT NULL,
 organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT, PRIMARY KEY(srs_id));
"""


def ident(text):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def length(*numbers):
    lon, lat, _ = zip(*(PLACES[n] for n in numbers), strict=True)
    return pyproj.Geod(ellps="WGS84").line_length(lon, lat)


def blob(*numbers):
    places = [PLACES[n] for n in numbers]
    shape = shapely.Point(*places) if len(places) == 1 else shapely.LineString(places)
    return b"GP\0\1" + struct.pack("<i", 4326) + shapely.to_wkb(shape, output_dimension=3, flavor="iso")


def table(database, name, kind, columns, rows):
    database.execute(
        f"CREATE TABLE {name}(ID INTEGER PRIMARY KEY AUTOINCREMENT, UUID TEXT, geom {kind}, {columns})"
    )
    database.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES (?, 'features', ?, 4326)",
        (name, name),
    )
    database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, 4326, 1, 0)", (name, kind))
    for row in rows:
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO {name}({', '.join(row)}) VALUES ({marks})", list(row.values()))


def geopackage(path):
    database = sqlite3.connect(path)
    database.executescript(STANDARD)
    database.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84 geodetic', 4326, 'EPSG', 4326, ?, '')",
        (pyproj.CRS(4326).to_wkt("WKT1_GDAL"),),
    )
    table(
        database, "Fibre_cable", "LINESTRING", "FID TEXT, _description TEXT, _length REAL, Fibres REAL, Status TEXT",
        [
            {"UUID": ident(f"c{n}"), "FID": str(n + 1), "geom": blob(*way), "_description": "", "_length": length(*way),
             "Fibres": 24.0 * (n + 1), "Status": ("new", "existing")[n]}
            for n, way in enumerate(WAYS["cables"])
        ],
    )  # fmt: skip
    table(
        database, "Manhole", "POINT", "FID TEXT, _description TEXT, latitude REAL, longitude REAL, elevation REAL, "
        "ortho_ht REAL, time TEXT, fix_id INTEGER, additional_data TEXT, Name TEXT, Status TEXT",
        [
            {"UUID": ident(f"m{n}"), "FID": str(n + 1), "geom": blob(n), "_description": "", "latitude": PLACES[n][1],
             "longitude": PLACES[n][0], "elevation": PLACES[n][2], "ortho_ht": 1570.0, "fix_id": 4, "Name": f"MH{n}",
             "time": f"2023-05-0{n + 1} 10:00:00", "Status": "new"}
            for n in (0, 2, 3)
        ],
    )  # fmt: skip
    table(
        database, "Photos", "POINT",
        "latitude REAL, longitude REAL, elevation REAL, time TEXT, remarks TEXT, photo BLOB",
        [{"UUID": ident("p"), "geom": blob(5), "latitude": PLACES[5][1], "longitude": PLACES[5][0],
          "elevation": PLACES[5][2], "time": "2023-05-04 10:00:00", "remarks": "", "photo": b"\xff\xd8\x00"}],
    )  # fmt: skip
    table(
        database, "Tracks", "LINESTRING", "length NUMBER, remarks TEXT, start_time TEXT, end_time TEXT",
        [{"UUID": ident("t"), "geom": blob(*WAYS["track"]), "length": length(*WAYS["track"]), "remarks": "",
          "start_time": "2023-05-04 10:00:00", "end_time": "2023-05-04 10:20:00"}],
    )  # fmt: skip
    database.commit()
    database.close()
    return path


def test_a_geopackage_gives_routes_points_ids_values_and_dates(tmp_path):
    inventory = gis.read(geopackage(tmp_path / "survey.gpkg"))
    routes, manholes = inventory.routes, inventory.manholes
    assert routes["route_id"].tolist() == [ident("c0"), ident("c1"), ident("t")]
    assert gis.measure(inventory)["geodesic_m"].tolist() == pytest.approx(
        [length(*way) for way in (*WAYS["cables"], WAYS["track"])], abs=1e-3
    )
    assert routes["fibre_count"].tolist()[:2] == [24, 48]
    assert routes["status"].tolist()[:2] == ["new", "existing"]
    assert manholes["manhole_id"].tolist() == ["MH0", "MH2", "MH3"]
    assert manholes["kind"].tolist() == ["manhole"] * 3
    assert manholes["surveyed_on"].tolist() == [dt.date(2023, 5, n) for n in (1, 3, 4)]
    assert routes["surveyed_on"].iloc[2] == dt.date(2023, 5, 4)
    assert {source.dialect for source in inventory.sources} == {"", "SW Maps 3"}
    # Photos are a list of the program; nothing asks for columns that it has not, and each length is what it says.
    assert not set(gis.check(inventory)["code"]) & {"D004", "D005", "T501", "N310"}


def test_a_kmz_gives_the_columns_of_the_tables_that_are_shown(tmp_path):
    def mark(name, rows, shape):
        cells = "".join(f" <tr><td>{key}</td><td>{value}</td></tr>" for key, value in rows.items())
        return (
            f"<Placemark>\r\n<name>{name}</name>\r\n<description> <![CDATA[<h4>Layer: a<br/>Feature ID: {name}<br/>"
            f"Remarks: </h4><table border='1'>{cells}</table>]]></description>\r\n{shape}\r\n</Placemark>"
        )

    def places(*numbers):
        return " ".join(",".join(map(str, PLACES[n])) for n in numbers)

    def line(way):
        where = f"<coordinates>\r\n{places(*way)}\r\n</coordinates>"
        return f"<LineString>\r\n<tessellate>1</tessellate>\r\n{where}</LineString>"

    cables = "".join(
        mark(n + 1, {"Fibres": 24 * (n + 1), "Status": "new"}, line(way))
        for n, way in enumerate(WAYS["cables"])
    )
    manholes = "".join(
        mark(f"Manhole MH{n}", {"Code": f"MH{n}"}, f"<Point><coordinates>{places(n)}</coordinates></Point>")
        for n in (0, 2, 3)
    )
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n<kml xmlns="http://www.opengis.net/kml/2.2">\r\n<Document>\r\n'
        '<name>survey</name><ExtendedData><Data name="Surveyor"><value>A</value></Data></ExtendedData>'
        f"<Folder><name>Fibre cable</name>{cables}</Folder><Folder><name>Manhole</name>{manholes}</Folder>"
        "</Document></kml>"
    )
    with zipfile.ZipFile(tmp_path / "survey.kmz", "w") as archive:
        archive.writestr("doc.kml", document)
        archive.writestr("files/image.png", b"\x89PNG\r\n\x1a\n")
    inventory = gis.read(tmp_path / "survey.kmz")
    assert inventory.routes["fibre_count"].tolist() == [24, 48]
    assert gis.measure(inventory)["geodesic_m"].tolist() == pytest.approx(
        [length(*w) for w in WAYS["cables"]], abs=1e-3
    )
    assert inventory.manholes["manhole_id"].tolist() == ["MH0", "MH2", "MH3"]
    assert "files/image.png" in " ".join(one.source for one in inventory.left_out)


def test_a_project_itself_says_what_would_do(tmp_path):
    database = sqlite3.connect(tmp_path / "survey.swm2")
    database.executescript(
        "CREATE TABLE project_info(attr TEXT, value TEXT); CREATE TABLE feature_layers(uuid TEXT);"
    )
    database.close()
    with pytest.raises(SourceError, match="SW Maps is not read; export the project in SW Maps as GeoPackage"):
        open_delivery(tmp_path / "survey.swm2")
