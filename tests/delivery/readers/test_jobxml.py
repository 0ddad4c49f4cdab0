"""Trimble JobXML: points with codes become lines and manholes, where they stand and what is left out."""

from __future__ import annotations

import pyproj
import pytest

import gis
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

GEOD = pyproj.Geod(ellps="WGS84")
UTM = pyproj.Transformer.from_crs(4326, 32639, always_xy=True)
PLACES = [(51.670, 32.650), (51.671, 32.650), (51.671, 32.651), (51.672, 32.652)]
CODES = ["FO1 ST", "FO1", "FO1 END", "MH7"]
SYSTEM = (
    "<CoordinateSystemRecord><SystemName>UTM</SystemName><ZoneName>{}</ZoneName>"
    "<DatumName>{}</DatumName></CoordinateSystemRecord>"
)
UTM_39 = SYSTEM.format("39 North", "WGS 1984")


def grid(place, z="1570.0"):
    x, y = UTM.transform(*place)
    return f"<Grid><North>{y!r}</North><East>{x!r}</East><Elevation>{z}</Elevation></Grid>"


def sphere(place):
    lon, lat = place
    return f"<WGS84><Latitude>{lat!r}</Latitude><Longitude>{lon!r}</Longitude><Height>1560</Height></WGS84>"


def point(name, code, where, tag="PointRecord", deleted="false"):
    said = f"<Name>{name}</Name><Code>{code}</Code><Deleted>{deleted}</Deleted>"
    return f'<{tag} ID="0000{name}">{said}{where}</{tag}>'


def survey(where=grid, **options):
    return "".join(
        point(at, code, where(place), **options)
        for at, (code, place) in enumerate(zip(CODES, PLACES, strict=True), start=1)
    )


def job(tmp_path, book, reductions="", system=UTM_39):
    path = tmp_path / "job.jxl"
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><JOBFile jobName="J"><FieldBook>{system}{book}</FieldBook>'
        f"<Reductions>{reductions}</Reductions></JOBFile>",
        encoding="utf-8",
    )
    return path


def length():
    return GEOD.line_length(*zip(*PLACES[:3], strict=True))


@pytest.mark.parametrize("form", ["book", "reductions", "degrees", "both"])
def test_codes_make_lines_of_their_length_and_manholes(tmp_path, form):
    path = {
        "book": lambda: job(tmp_path, survey()),
        "reductions": lambda: job(tmp_path, survey(lambda _: ""), survey(tag="Point")),
        "degrees": lambda: job(tmp_path, survey(sphere), system=""),
        "both": lambda: job(tmp_path, survey(lambda place: grid(place) + sphere(place))),
    }[form]()
    inventory = gis.read(path)
    assert gis.measure(inventory).table["geodesic_m"].tolist() == pytest.approx([length()], abs=1e-3)
    assert inventory.manholes["manhole_id"].tolist() == ["MH7"]
    (manhole,) = inventory.manholes.geometry
    assert (manhole.x, manhole.y) == pytest.approx(PLACES[3], abs=1e-9)
    assert not [note for note in inventory.notes if note.code in {"C111", "D003"}]


@pytest.mark.parametrize(
    ("zone", "datum", "epsg"),
    [
        ("39 North", "WGS 1984", 32639),
        ("39 South", "WGS84", 32739),
        ("39 North", "ED50", None),
        ("Zone without a number", "WGS 1984", None),
    ],
)
def test_the_system_is_the_one_that_the_job_names(tmp_path, zone, datum, epsg):
    (layer,) = open_delivery(job(tmp_path, survey(), system=SYSTEM.format(zone, datum)))
    assert (layer.crs and layer.crs.to_epsg()) == epsg


def test_what_was_deleted_or_has_no_coordinates_is_counted(tmp_path):
    more = point(8, "FO1", grid(PLACES[0]), deleted="true") + point(9, "MH9", "")
    (layer,) = open_delivery(job(tmp_path, survey() + more))
    assert [(left.count, left.what.en) for left in layer.left_out] == [
        (1, "deleted point"),
        (1, "point without coordinates"),
    ]
    assert len(layer.frame) == 2


def test_a_few_points_in_degrees_do_not_cost_the_others_theirs(tmp_path):
    (layer,) = open_delivery(job(tmp_path, survey(lambda p: grid(p) + sphere(p) * (p == PLACES[1]))))
    line = layer.frame.geometry[layer.frame.geometry.geom_type == "LineString"].iloc[0]
    assert line.coords[0][:2] == pytest.approx(UTM.transform(*PLACES[0]))
    assert len(line.coords) == 3


def test_a_document_that_breaks_off_or_declares_a_type(tmp_path):
    path = job(tmp_path, survey())
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex("</PointRecord>") - 5], encoding="utf-8")
    (layer,) = open_delivery(path)
    assert [(note.code, note.feature) for note in layer.notes] == [("D003", "4")]
    path.write_text(
        text.replace("<JOBFile", '<!DOCTYPE JOBFile [<!ENTITY a "b">]><JOBFile', 1), encoding="utf-8"
    )
    with pytest.raises(SourceError) as refused:
        open_delivery(path)
    assert refused.value.code == "D010"
