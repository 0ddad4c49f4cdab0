"""
Make the samples again: small deliveries as they come from the field, each with its faults.

The routes, manholes and offices are those of the bundled plan, so what each sample should measure is known; README.md
tells what is wrong with each. Nothing of fibre-gis takes part in writing them: shapefiles and the GeoPackage are
written by GDAL through fiona, the spreadsheet by openpyxl, the others here as text.

Run ``python layers/samples/make_samples.py [FOLDER]``; the same bytes come out every time.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import struct
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape

import fiona
import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from pyproj import Geod, Transformer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
Feature = dict[str, Any]

HERE = Path(__file__).parent
GEOD = Geod(ellps="WGS84")
DAY = (2020, 8, 2)  # 12 Mordad 1399; the samples' dates are as invented as their places
NOTE = "Illustrative geometry from the bundled plan of fibre-gis, with faults put in; see README.md"

# WGS 84 to ED50(ED77): "ED50(ED77) to WGS 84 (1)" of the EPSG registry backwards, its seven parameters written out.
ED50 = Transformer.from_pipeline(
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84 "
    "+step +inv +proj=helmert +x=-110.33 +y=-97.73 +z=-119.85 +rx=0.3423 +ry=1.1634 +rz=0.2715 +s=0.063 "
    "+convention=position_vector +step +inv +proj=cart +ellps=intl "
    "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
)
KIND_FA = {"cable": "کابل", "duct": "داکت"}
KIND_LATIN = {"cable": "KABL", "duct": "DAKT"}
MANHOLE_FA = {"manhole": "حوضچه", "handhole": "هندهول", "exchange": "مرکز مخابرات"}
MANHOLE_LATIN = {"manhole": "HOZCHE", "handhole": "HENDHOL", "exchange": "MARKAZ"}
STATUS_FA = {"new": "جدید", "existing": "موجود"}
STATUS_LATIN = {"new": "JADID", "existing": "MOJOOD"}


class Plan(NamedTuple):
    """The features of the bundled plan by id: GeoJSON features, WGS 84."""

    routes: dict[str, Feature]
    manholes: dict[str, Feature]
    offices: dict[str, Feature]

    def of(self, layer: str, *slugs: str) -> list[Feature]:
        """Give the features of some counties, by the short names in their ids."""
        features: dict[str, Feature] = getattr(self, layer)
        pattern = re.compile(f"[A-Z]+-(?:{'|'.join(slugs)})(?:-\\d)?")
        return [feature for name, feature in features.items() if pattern.fullmatch(name)]


def plan() -> Plan:
    """
    Read the bundled plan.

    Returns
    -------
    Plan
        Its three layers.
    """
    layers = {}
    for name, key in (("routes", "route_id"), ("manholes", "manhole_id"), ("offices", "office_id")):
        data = json.loads((HERE.parent / f"{name}.geojson").read_text("utf-8"))
        layers[name] = {feature["properties"][key]: feature for feature in data["features"]}
    return Plan(**layers)


# --- Pieces ---


def _xy(feature: Feature, zone: int | None = None) -> Array:
    """Give a feature's positions, (n, 2): degrees, or metres of a UTM zone to the millimetre."""
    lonlat = np.array(feature["geometry"]["coordinates"], dtype=np.float64).reshape(-1, 2)
    if zone is None:
        return lonlat
    return np.round(np.column_stack(_utm(zone).transform(*lonlat.T)), 3)


def _utm(zone: int) -> Transformer:
    return Transformer.from_crs(4326, 32600 + zone, always_xy=True)


def _geometry(xy: Array) -> dict[str, Any]:
    if len(xy) == 1:
        return {"type": "Point", "coordinates": xy[0].tolist()}
    return {"type": "LineString", "coordinates": xy.tolist()}


def _feature(xy: Array, properties: dict[str, Any]) -> Feature:
    return {"type": "Feature", "properties": properties, "geometry": _geometry(xy)}


def _moved(position: Array, azimuth: float, metres: float) -> Array:
    return np.round(GEOD.fwd(*position, azimuth, metres)[:2], 8)


def _geojson(name: str, features: Iterable[Feature]) -> bytes:
    head = json.dumps({"type": "FeatureCollection", "name": name, "note": NOTE})[:-1]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{head}, "features": [\n{lines}\n]}}\n'.encode()


def _windows(text: str) -> str:
    """Write Persian as CP1256 can: with Arabic yeh and kaf, and a space for each half space."""
    return text.translate(str.maketrans({"ی": "ي", "ک": "ك", "\u200c": " "}))


def _persian(number: float | str) -> str:
    return str(number).translate(str.maketrans("0123456789.,", "۰۱۲۳۴۵۶۷۸۹٫٬"))


def _zip(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (*DAY, 12, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)
    return whole.getvalue()


def _shapefile(
    name: str,
    rows: Sequence[tuple[Array, dict[str, Any]]],
    crs: int | None,
    encoding: str = "UTF-8",
) -> dict[str, bytes]:
    """Write a shapefile with GDAL: suffix to content."""
    first = rows[0][1]
    kinds = {str: "str:80", int: "int:9", float: "float:12.3"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.shp"
        with fiona.open(
            path,
            "w",
            driver="ESRI Shapefile",
            schema={
                "geometry": _geometry(rows[0][0])["type"],
                "properties": {key: kinds[type(value)] for key, value in first.items()},
            },
            crs=f"EPSG:{crs}" if crs else None,
            encoding=encoding,
            DBF_DATE_LAST_UPDATE="{}-{:02}-{:02}".format(*DAY),
        ) as layer:
            layer.writerecords({"geometry": _geometry(xy), "properties": values} for xy, values in rows)
        return {f"{name}{part.suffix}": part.read_bytes() for part in sorted(Path(folder).iterdir())}


# --- The samples ---


def no_prj(given: Plan) -> bytes:
    """Write shapefiles of zone 39N without their .prj; columns and codes in Latin letters."""
    county = ("KHOMEYNI-SHAHR",)
    routes = [
        (
            _xy(feature, 39),
            {
                "KOD_MASIR": p["route_id"],
                "NOE": KIND_LATIN[p["kind"]],
                "VAZIAT": STATUS_LATIN[p["status"]],
                "SHAHRESTAN": p["county_en"],
                "TOOL": p["recorded_length_m"],
                "MANSHA": "NAMAYESHI",
            },
        )
        for feature in given.of("routes", *county)
        for p in [feature["properties"]]
    ]
    manholes = [
        (
            _xy(feature, 39),
            {
                "KOD_HOZCHE": p["manhole_id"],
                "NOE": MANHOLE_LATIN[p["kind"]],
                "VAZIAT": STATUS_LATIN[p["status"]],
                "OMGH": p["depth_m"] or 0.0,
                "MANSHA": "NAMAYESHI",
            },
        )
        for feature in given.of("manholes", *county)
        for p in [feature["properties"]]
    ]
    return _zip(_shapefile("masir", routes, None) | _shapefile("hozche", manholes, None))


def wrong_zone(given: Plan) -> bytes:
    """Give routes the numbers of zone 39N and declare them as 40N, beside the office in degrees."""
    county = ("KHUR-VA-BIABANAK",)
    routes = [
        (_xy(feature, 39), {key: p[key] for key in ("route_id", "kind", "status", "county_en", "provenance")})
        for feature in given.of("routes", *county)
        for p in [feature["properties"]]
    ]
    offices = [
        (
            _xy(feature),
            {key: p[key] for key in ("office_id", "name_fa", "county_en", "connection", "provenance")},
        )
        for feature in given.of("offices", *county)
        for p in [feature["properties"]]
    ]
    return _zip(_shapefile("khur_routes", routes, 32640) | _shapefile("khur_office", offices, 4326))


def datum(given: Plan) -> bytes:
    """Declare ED50(ED77) as WGS 84; the offices come from the client and are right."""
    counties = ("LENJAN", "MOBARAKEH", "FALAVARJAN", "TIRAN-VA-KARVAN", "BORKHAR", "SEMIROM")
    layers = []
    for layer, keys in (
        ("routes", ("route_id", "kind", "status", "county", "recorded_length_m", "provenance")),
        ("manholes", ("manhole_id", "kind", "status", "county", "provenance")),
        ("offices", ("office_id", "name_fa", "county", "connection", "provenance")),
    ):
        rows = [
            (_xy(feature), {key: feature["properties"][key] for key in keys})
            for feature in given.of(layer, *counties)
        ]
        if layer != "offices":
            rows = [(np.round(np.column_stack(ED50.transform(*xy.T)), 8), values) for xy, values in rows]
        layers.append((layer, rows))
    return _zip({"lenjan.gpkg": _geopackage(layers)})


def _geopackage(layers: Sequence[tuple[str, list[tuple[Array, dict[str, Any]]]]]) -> bytes:
    kinds = {str: "str", float: "float"}
    with (
        tempfile.TemporaryDirectory() as folder,
        fiona.Env(OGR_CURRENT_DATE="{}-{:02}-{:02}T12:00:00.000Z".format(*DAY)),
    ):
        path = Path(folder) / "delivery.gpkg"
        for name, rows in layers:
            schema = {
                "geometry": _geometry(rows[0][0])["type"],
                "properties": {key: kinds[type(value)] for key, value in rows[0][1].items()},
            }
            with fiona.open(path, "w", driver="GPKG", layer=name, schema=schema, crs="EPSG:4326") as target:
                target.writerecords({"geometry": _geometry(xy), "properties": v} for xy, v in rows)
        return path.read_bytes()


def code_page(given: Plan) -> bytes:
    """Write a shapefile in CP1256 that does not say so, with letters lost on the way."""
    rows = []
    features = given.of("routes", "KASHAN", "ARAN-VA-BIDGOL", "NATANZ", "NAIN", "ARDESTAN")
    for number, feature in enumerate(features):
        p = feature["properties"]
        remark = f"کابل نوری مرکز مخابرات تا فرمانداری {p['county']}"
        values = {
            "کد مسیر": p["route_id"],
            "نوع": KIND_FA[p["kind"]],
            "وضعیت": STATUS_FA[p["status"]],
            "شهرستان": p["county"],
            "طول": p["recorded_length_m"],
            "شرح": remark,
            "منشا": "نمایشی",
        }
        row = {_windows(key): _windows(v) if isinstance(v, str) else v for key, v in values.items()}
        # Two remarks came by way of a program that writes «?» for what the code page does not have.
        if number in {1, 3}:
            row["شرح"] = remark.replace("ی", "?")
        rows.append((_xy(feature, 39), row))
    parts = _shapefile("kashan", rows, 32639, "CP1256")
    del parts["kashan.cpg"]
    # Byte 29 of the header would name the code page; zero names none.
    table = bytearray(parts["kashan.dbf"])
    table[29] = 0
    return _zip(parts | {"kashan.dbf": bytes(table)})


def latitude_first(given: Plan) -> bytes:
    """Write coordinates as people say them, latitude first; GeoJSON wants longitude first."""
    features = given.of("routes", "FARIDAN", "FEREYDUNSHAHR", "CHADEGAN")
    keys = ("route_id", "kind", "status", "county", "recorded_length_m", "provenance")
    return _geojson(
        "faridan",
        [_feature(_xy(f)[:, ::-1], {key: f["properties"][key] for key in keys}) for f in features],
    )


def mojibake(given: Plan) -> bytes:
    """Decode text with the wrong encoding: CP1256 as Latin-1 in the routes, UTF-8 as Latin-1 in the offices."""
    counties = ("GOLPAYEGAN", "KHANSAR", "NAJAFABAD", "KHOMEYNI-SHAHR")
    routes = []
    for feature in given.of("routes", *counties):
        p = feature["properties"]
        values = {
            key: p[key] for key in ("route_id", "kind", "status", "county", "recorded_length_m", "provenance")
        }
        values["county"] = _windows(p["county"]).encode("cp1256").decode("latin-1")
        routes.append(_feature(_xy(feature), values))
    offices = []
    for feature in given.of("offices", *counties):
        p = feature["properties"]
        values = {key: p[key] for key in ("office_id", "name_fa", "county", "connection", "provenance")}
        for key in ("name_fa", "county"):
            values[key] = p[key].encode().decode("latin-1")
        offices.append(_feature(_xy(feature), values))
    return _geojson("golpayegan", routes + offices)


def spreadsheet(given: Plan) -> bytes:
    """Fill a spreadsheet with points: merged headings and cells, Persian digits, UTM columns, Jalali dates."""
    book = Workbook()
    sheet = book.active
    sheet.title = "برداشت"
    sheet.sheet_view.rightToLeft = True
    sheet["A1"] = "صورت نقاط برداشت‌شدهٔ مسیر فیبر نوری شهرضا (داده‌های نمایشی)"
    sheet.merge_cells("A1:J1")
    for cells, title in (("A2:D2", "مسیر"), ("E2:G2", "مختصات UTM زون ۳۹"), ("H2:J2", "برداشت")):
        sheet[cells.split(":")[0]] = title
        sheet.merge_cells(cells)
    headings = (
        "کد مسیر",
        "نوع",
        "وضعیت",
        "ردیف نقطه",
        "X",
        "Y",
        "ارتفاع",
        "تاریخ برداشت",
        "طول ثبت شده",
        "منشا",
    )
    sheet.append(headings)
    for row in sheet["A1:J3"]:
        for cell in row:
            cell.font, cell.alignment = Font(bold=True), Alignment(horizontal="center")
    at = 4
    for feature in given.of("routes", "SHAHREZA"):
        p = feature["properties"]
        xy = _xy(feature, 39)
        for number, (x, y) in enumerate(xy, 1):
            point = (number, f"{x:.3f}", f"{y:.3f}", f"{1825 + 0.05 * number:.2f}", "1399/05/12")
            length = f"{p['recorded_length_m']:,} متر"
            start = (p["route_id"], KIND_FA[p["kind"]], STATUS_FA[p["status"]])
            sheet.append(
                [*start, *map(_persian, point), _persian(length), "نمایشی"]
                if number == 1
                else [None, None, None, *map(_persian, point), None, None]
            )
        # What holds for the whole route is written once, in a cell merged over its points.
        for column in "ABCIJ":
            sheet.merge_cells(f"{column}{at}:{column}{at + len(xy) - 1}")
        at += len(xy)
    book.properties.creator = "Survey office"
    book.properties.created = datetime(*DAY)  # noqa: DTZ001 - a spreadsheet's times have no zone
    whole = io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    # openpyxl writes the time of saving.
    core = re.sub(
        rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2020-08-02T12:00:00Z", members["docProps/core.xml"]
    )
    return _zip(members | {"docProps/core.xml": core})


def _dms(degrees: float) -> str:
    whole, rest = divmod(round(degrees * 3600, 4), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{int(whole)}°{int(minutes):02}'{seconds:07.4f}\""


def point_list(given: Plan) -> bytes:
    """Write manholes as CSV saved by a spreadsheet on Persian Windows: CP1256, semicolons, degrees-minutes-seconds."""
    headings = "کد حوضچه;نوع حوضچه;وضعیت;شهرستان;عرض جغرافیایی;طول جغرافیایی;عمق (متر);تاریخ برداشت;منشا"
    lines = [headings]
    chosen = [f for name, f in given.manholes.items() if name.startswith("MH-")]
    for number, feature in enumerate(chosen):
        p = feature["properties"]
        lon, lat = _xy(feature)[0]
        # 1400 is no leap year: its Esfand has 29 days.
        date = "1400/12/30" if number == 4 else f"1399/5/{12 + number}"  # noqa: PLR2004
        depth = str(p["depth_m"]).replace(".", "/")
        row = (p["manhole_id"], MANHOLE_FA[p["kind"]], STATUS_FA[p["status"]], p["county"])
        lines.append(";".join((*row, _dms(lat), _dms(lon), depth, date, "نمایشی")))
    return "\r\n".join([*map(_windows, lines), ""]).encode("cp1256")


def phone(given: Plan) -> bytes:
    """Write a track of a phone, with a rest and an outlier, and two waypoints."""
    (route,) = given.of("routes", "KHANSAR")
    (office,) = given.of("offices", "KHANSAR")
    (exchange,) = given.of("manholes", "KHANSAR")
    track = _xy(route)
    # It stood still at the tenth point for half a minute, and lost its sky at the twentieth.
    outlier = _moved(track[20], 70, 140)
    track = np.vstack([track[:10], np.repeat(track[10:11], 4, axis=0), track[11:21], outlier, track[21:]])
    climbed = np.concatenate([np.arange(10), np.full(4, 10), np.arange(11, len(track) - 3)])
    points = "\n".join(
        f'   <trkpt lat="{lat:.8f}" lon="{lon:.8f}"><ele>{2240 + 0.3 * climbed[number]:.1f}</ele>'
        f"<time>2020-08-02T06:{number // 6:02}:{number % 6 * 10:02}Z</time></trkpt>"
        for number, (lon, lat) in enumerate(track)
    )
    waypoints = "\n".join(
        f' <wpt lat="{lat:.8f}" lon="{lon:.8f}"><ele>2240.0</ele><name>{escape(name)}</name></wpt>'
        for name, feature in (("مرکز مخابرات خوانسار", exchange), ("فرمانداری خوانسار", office))
        for lon, lat in [_xy(feature)[0]]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="Phone" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f" <metadata><desc>{NOTE}</desc></metadata>\n{waypoints}\n"
        f" <trk><name>C-KHANSAR-1</name><desc>کابل جدید</desc>\n  <trkseg>\n{points}\n  </trkseg>\n </trk>\n</gpx>\n"
    ).encode()


def earth(given: Plan) -> bytes:
    """Write a KMZ of Google Earth: folders, a cable in two pieces, one drawn twice, and a polygon."""
    counties = ("SHAHIN-SHAHR-VA-MEYMEH", "BORKHAR")

    def line(xy: Array) -> str:
        numbers = " ".join(f"{lon:.8f},{lat:.8f},0" for lon, lat in xy)
        return f"<LineString><tessellate>1</tessellate><coordinates>{numbers}</coordinates></LineString>"

    def point(xy: Array) -> str:
        return "<Point><coordinates>{:.8f},{:.8f},0</coordinates></Point>".format(*xy[0])

    data = '<ExtendedData><Data name="provenance"><value>illustrative</value></Data></ExtendedData>'

    def folder(name: str, placemarks: Iterable[tuple[str, str]]) -> str:
        inside = "".join(
            f"\n   <Placemark><name>{escape(title)}</name>{data}{geometry}</Placemark>"
            for title, geometry in placemarks
        )
        return f"\n  <Folder><name>{escape(name)}</name>{inside}\n  </Folder>"

    long, short = sorted(given.of("routes", *counties), key=lambda f: -len(f["geometry"]["coordinates"]))
    pieces = _xy(long)[:30], _xy(long)[29:]
    cables = [
        (
            long["properties"]["route_id"],
            f"<MultiGeometry>{line(pieces[0])}{line(pieces[1])}</MultiGeometry>",
        ),
        (short["properties"]["route_id"], line(_xy(short))),
        (f"{short['properties']['route_id']} (2)", line(_xy(short)[::-1])),
    ]
    nodes = [(f["properties"]["manhole_id"], point(_xy(f))) for f in given.of("manholes", *counties)]
    offices = [(f["properties"]["name_fa"], point(_xy(f))) for f in given.of("offices", *counties)]
    west, south = _xy(long).min(axis=0) - 0.002
    east, north = _xy(long).max(axis=0) + 0.002
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    outline = " ".join(f"{x:.6f},{y:.6f},0" for x, y in ring)
    boundary = (
        f"<outerBoundaryIs><LinearRing><coordinates>{outline}</coordinates></LinearRing></outerBoundaryIs>"
    )
    sheet = ("محدوده", f"<Polygon>{boundary}</Polygon>")
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n'
        f" <Document><name>شاهین‌شهر</name><description>{NOTE}</description>"
        + folder("کابل جدید", cables)
        + folder("مرکز مخابرات موجود", nodes)
        + folder("فرمانداری‌ها", offices)
        + folder("محدودهٔ طرح", [sheet])
        + "\n </Document>\n</kml>\n"
    )
    return _zip({"doc.kml": document.encode()})


def damaged(given: Plan) -> bytes:
    """Break off the copy of a shapefile: .shp cut within its last record, .dbf with a record too many."""
    counties = ("ARDESTAN", "NAIN", "NATANZ", "ARAN-VA-BIDGOL", "KASHAN", "DEHAQAN")
    keys = ("route_id", "kind", "status", "county_en", "recorded_length_m", "provenance")
    rows = [
        (_xy(feature, 39), {key: feature["properties"][key] for key in keys})
        for feature in given.of("routes", *counties)
    ]
    parts = _shapefile("ardestan", rows, 32639)
    parts["ardestan.shp"] = parts["ardestan.shp"][:-150]
    table = parts["ardestan.dbf"].removesuffix(b"\x1a")
    count, head, width = struct.unpack("<IHH", table[4:12])
    table = table[:4] + struct.pack("<I", count + 1) + table[8:] + table[head : head + width] + b"\x1a"
    return _zip(parts | {"ardestan.dbf": table})


def drawing(given: Plan) -> bytes:
    """Draw a DXF of release 12: layers for kinds, ids as texts beside, a sheet border, Persian in CP1256."""
    counties = ("SHAHREZA", "MOBARAKEH")
    pairs: list[tuple[int, Any]] = [(999, NOTE)]
    pairs += [(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1009")]
    pairs += [(9, "$DWGCODEPAGE"), (3, "ansi_1256"), (9, "$INSUNITS"), (70, 6), (0, "ENDSEC")]
    pairs += [(0, "SECTION"), (2, "ENTITIES")]

    def polyline(layer: str, xy: Array, *, closed: bool = False) -> None:
        pairs.extend(
            [(0, "POLYLINE"), (8, layer), (66, 1), (70, int(closed)), (10, 0.0), (20, 0.0), (30, 0.0)]
        )
        for x, y in xy:
            pairs.extend([(0, "VERTEX"), (8, layer), (10, f"{x:.3f}"), (20, f"{y:.3f}"), (30, 0.0)])
        pairs.extend([(0, "SEQEND"), (8, layer)])

    def text(layer: str, position: Array, content: str) -> None:
        place = [(10, f"{position[0]:.3f}"), (20, f"{position[1]:.3f}"), (30, 0.0)]
        pairs.extend([(0, "TEXT"), (8, layer), *place, (40, 2.5), (1, content)])

    for feature in given.of("routes", *counties):
        p = feature["properties"]
        xy = _xy(feature, 39)
        polyline({"cable": "FO-CABLE-NEW", "duct": "DUCT-NEW"}[p["kind"]], xy)
        text("LABELS", xy[len(xy) // 2] + 1.5, p["route_id"])
    for feature in given.of("manholes", *counties):
        p = feature["properties"]
        position = _xy(feature, 39)[0]
        layer = "EXCHANGE-EXISTING" if p["kind"] == "exchange" else "MANHOLE-NEW"
        pairs.extend(
            [(0, "POINT"), (8, layer), (10, f"{position[0]:.3f}"), (20, f"{position[1]:.3f}"), (30, 0.0)]
        )
        text("LABELS", position + 1.5, p["manhole_id"])
    every = np.vstack([_xy(feature, 39) for feature in given.of("routes", "MOBARAKEH")])
    (west, south), (east, north) = every.min(axis=0) - 60, every.max(axis=0) + 60
    polyline(
        "SHEET-BORDER", np.array([[west, south], [east, south], [east, north], [west, north]]), closed=True
    )
    text("SHEET-BORDER", np.array([west, south - 10]), _windows("نقشه چون ساخت فیبر نوری مبارکه - نمایشی"))
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    return "".join(f"{code:3d}\r\n{value}\r\n" for code, value in pairs).encode("cp1256")


def field_work(given: Plan) -> bytes:
    """Put in faults of the survey itself: a near miss, an outlier, a rest, a stretch walked twice, a copy."""
    counties = ("SEMIROM", "DEHAQAN", "TIRAN-VA-KARVAN", "MOBARAKEH")
    lines = {f["properties"]["route_id"]: _xy(f) for f in given.of("routes", *counties)}
    # Begins 3.2 m beside the exchange, across the way.
    dehaqan = lines["C-DEHAQAN-1"]
    across = GEOD.inv(*dehaqan[0], *dehaqan[1])[0] + 100
    lines["C-DEHAQAN-1"] = np.vstack([_moved(dehaqan[0], across, 3.2), dehaqan[1:]])
    # An outlier of 90 m, and a rest.
    semirom = lines["C-SEMIROM-1"]
    rest = np.repeat(semirom[8:9], 3, axis=0)
    outlier = _moved(semirom[18], 40, 90)
    lines["C-SEMIROM-1"] = np.vstack([semirom[:8], rest, semirom[9:19], outlier, semirom[19:]])
    # Two stretches walked to and fro.
    mobarakeh = lines["C-MOBARAKEH-1"]
    lines["C-MOBARAKEH-1"] = np.vstack([mobarakeh[:20], mobarakeh[18:16:-1], mobarakeh[17:]])
    routes = []
    for feature in given.of("routes", *counties):
        p = feature["properties"]
        keys = ("route_id", "kind", "status", "county", "from_id", "to_id", "accuracy_m", "provenance")
        routes.append(_feature(lines[p["route_id"]], {key: p[key] for key in keys}))
        if p["route_id"] == "C-TIRAN-VA-KARVAN-1":
            copy = {key: p[key] for key in keys} | {"route_id": "C-TIRAN-VA-KARVAN-1-COPY"}
            routes.append(_feature(lines[p["route_id"]][::-1], copy))
    layers = {"routes": routes}
    for layer, keys in (
        ("manholes", ("manhole_id", "kind", "status", "county", "accuracy_m", "provenance")),
        ("offices", ("office_id", "name_fa", "county", "connection", "provenance")),
    ):
        layers[layer] = [
            _feature(_xy(f), {key: f["properties"][key] for key in keys}) for f in given.of(layer, *counties)
        ]
    return _zip({f"{layer}.geojson": _geojson(layer, features) for layer, features in layers.items()})


SAMPLES: dict[str, Callable[[Plan], bytes]] = {
    "01-khomeyni-shahr-no-prj.zip": no_prj,
    "02-khur-wrong-zone.zip": wrong_zone,
    "03-lenjan-ed50.zip": datum,
    "04-kashan-cp1256.zip": code_page,
    "05-faridan-latitude-first.geojson": latitude_first,
    "06-golpayegan-mojibake.geojson": mojibake,
    "07-shahreza-points.xlsx": spreadsheet,
    "08-manholes.csv": point_list,
    "09-khansar-phone.gpx": phone,
    "10-shahin-shahr.kmz": earth,
    "11-ardestan-damaged.zip": damaged,
    "12-shahreza-drawing.dxf": drawing,
    "13-semirom-field.zip": field_work,
}


def write(folder: Path) -> list[Path]:
    """
    Write all samples.

    Parameters
    ----------
    folder
        Where to; it is made if it is not there.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = plan()
    written = []
    for name, make in SAMPLES.items():
        path = folder / name
        path.write_bytes(make(given))
        written.append(path)
    return written


def main() -> None:
    """Write the samples into the folder named on the command line, by default this script's own."""
    parser = argparse.ArgumentParser(description="Make the samples again.")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE)
    for path in write(parser.parse_args().folder):
        print(os.fspath(path))


if __name__ == "__main__":
    main()
