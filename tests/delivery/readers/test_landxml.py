"""LandXML: the lengths of lines, arcs and clothoids by their closed forms, points with codes, what is not read."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import fresnel

import gis
from gis.delivery.sources import open_delivery
from gis.errors import SourceError
from gis.schema import PUT_IN, SURVEYED

GEOD = pyproj.Geod(ellps="WGS84")
UTM = pyproj.Transformer.from_crs(4326, 32639, always_xy=True)
METRIC = '<Units><Metric linearUnit="meter"/></Units>'
EPSG = '<CoordinateSystem epsgCode="32639"/>'
X, Y = 562_842.0, 3_612_706.0


def ne(x, y, *z):
    return " ".join(repr(float(number)) for number in (y, x, *z))


def piece(kind, attributes="", inside="", **ends):
    positions = "".join(f"<{name}>{text}</{name}>" for name, text in ends.items())
    return f"<{kind} {attributes}>{positions}{inside}</{kind}>"


def alignment(*pieces, name="R-1", more=""):
    return f'<Alignment name="{name}"><CoordGeom>{"".join(pieces)}</CoordGeom>{more}</Alignment>'


def document(*alignments, head=METRIC + EPSG, more=""):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2" version="1.2">'
        f"{head}{more}<Alignments>{''.join(alignments)}</Alignments></LandXML>"
    )


def layers(tmp_path, text):
    (tmp_path / "plan.xml").write_text(text, encoding="utf-8")
    return {layer.layer: layer for layer in open_delivery(tmp_path / "plan.xml")}


def line_of(tmp_path, *pieces, **options):
    layer = layers(tmp_path, document(alignment(*pieces), **options))["Alignments"]
    assert not layer.notes, layer.notes
    return layer, layer.frame.geometry[0]


def test_northing_stands_before_easting_and_the_length_is_the_ellipsoids(tmp_path):
    ends = [(51.67, 32.65), (51.68, 32.66)]
    start, end = (ne(*UTM.transform(*at)) for at in ends)
    layers(tmp_path, document(alignment(piece("Line", Start=start, End=end))))
    inventory = gis.read(tmp_path / "plan.xml")
    (line,) = inventory.routes.geometry
    assert np.array(line.coords)[:, :2] == pytest.approx(np.array(ends), abs=1e-9)
    measured = gis.measure(inventory)
    assert measured.table["geodesic_m"].sum() == pytest.approx(GEOD.inv(*ends[0], *ends[1])[2], abs=1e-4)


@given(
    st.floats(0.05, 2 * np.pi - 0.05),
    st.floats(2, 5000),
    st.floats(0, 2 * np.pi),
    st.sampled_from(["cw", "ccw"]),
)
@settings(deadline=None, max_examples=40)
def test_an_arc_is_as_long_as_its_angle_says_and_keeps_to_its_circle(
    tmp_path_factory, angle, radius, begin, rot
):
    way = 1 if rot == "ccw" else -1
    at = [np.exp(1j * (begin + way * angle * share)) * radius for share in (0, 1)]
    start, end = (ne(X + one.real, Y + one.imag) for one in at)
    curve = piece("Curve", f'rot="{rot}" crvType="arc"', Start=start, Center=ne(X, Y), End=end)
    layer, line = line_of(tmp_path_factory.mktemp("arc"), curve)
    assert line.length == pytest.approx(angle * radius, rel=3e-7)
    away = np.hypot(*(shapely.get_coordinates(line) - (X, Y)).T)
    assert away == pytest.approx(radius, abs=1e-6)
    middle = line.interpolate(0.5, normalized=True)
    expected = np.exp(1j * (begin + way * angle / 2)) * radius
    assert np.hypot(middle.x - X - expected.real, middle.y - Y - expected.imag) < 1e-5 * radius
    assert layer.curves.roles.tolist() == [SURVEYED, *[PUT_IN] * (len(line.coords) - 2), SURVEYED]


def clothoid(radius, length):
    """Give the end of a clothoid that begins straight to the east, by Fresnel's integrals; it turns to the left."""
    scale = np.sqrt(np.pi * radius * length)
    sine, cosine = fresnel(length / scale)
    return cosine * scale, sine * scale


@pytest.mark.parametrize(("radius", "length"), [(200, 60), (50, 100), (1000, 300), (30, 20)])
@pytest.mark.parametrize("rot", ["cw", "ccw"])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_clothoid_has_its_length_and_fresnels_end(tmp_path, radius, length, rot, backwards):
    x, y = clothoid(radius, length)
    half = clothoid(2 * radius, length / 2)
    side = 1 if rot == "ccw" else -1
    start, end = ne(X, Y), ne(X + x, Y + side * y)
    radii = f'radiusStart="INF" radiusEnd="{radius}"'
    if backwards:
        # Walked from its end it turns to the other side.
        start, end = end, start
        radii, rot = f'radiusStart="{radius}" radiusEnd="INF"', {"cw": "ccw", "ccw": "cw"}[rot]
    _, line = line_of(
        tmp_path,
        piece("Spiral", f'length="{length}" {radii} rot="{rot}" spiType="clothoid"', Start=start, End=end),
    )
    assert line.length == pytest.approx(length, rel=2e-7)
    assert line.distance(shapely.Point(X + half[0], Y + side * half[1])) < 1e-6 * radius


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (piece("Spiral", 'length="60" radiusStart="INF" radiusEnd="200" rot="cw" spiType="bloss"',
               Start=ne(X, Y), End=ne(X + 59.9, Y - 3)), "bloss"),
        (piece("Spiral", 'length="60" radiusStart="INF" radiusEnd="200" rot="cw" spiType="clothoid"',
               Start=ne(X, Y), End=ne(X + 40, Y - 3)), "does not end"),
        (piece("Curve", 'rot="cw"', Start=ne(X, Y), Center=ne(X + 50, Y), End=ne(X + 101, Y)), "equally far"),
        (piece("Curve", "", Start=ne(X, Y), Center=ne(X + 50, Y), End=ne(X + 100, Y)), "which side"),
        (piece("Curve", 'rot="cw"', Start=ne(X, Y), End=ne(X + 100, Y)), "centre"),
        (piece("Line", Start=ne(X, Y)), "position"),
        (piece("Line", Start="north east", End=ne(X, Y)), "position"),
    ],
)  # fmt: skip
def test_a_piece_that_cannot_be_drawn_costs_its_line_and_is_named(tmp_path, made, words):
    sound = piece("Line", Start=ne(X, Y), End=ne(X + 30, Y + 40))
    layer = layers(tmp_path, document(alignment(made), alignment(sound, name="R-2")))["Alignments"]
    assert list(layer.frame["name"]) == ["R-2"]
    assert list(layer.records) == [2]
    ((code, feature, reason),) = [(note.code, note.feature, note.fields["reason"]) for note in layer.notes]
    assert (code, feature) == ("D003", "1")
    assert words in reason.en


def test_pieces_that_meet_are_one_line_and_a_gap_is_not_bridged(tmp_path):
    first = piece("Line", Start=ne(X, Y), End=ne(X + 100, Y))
    curve = piece(
        "Curve", 'rot="ccw"', Start=ne(X + 100, Y), Center=ne(X + 100, Y + 50), End=ne(X + 150, Y + 50)
    )
    points = "<PntList2D>" + " ".join(ne(X + 150, Y + 50 + n) for n in (0, 10, 20)) + "</PntList2D>"
    irregular = piece("IrregularLine", "", points, Start=ne(X + 150, Y + 50), End=ne(X + 150, Y + 80))
    far = piece("Line", Start=ne(X + 500, Y), End=ne(X + 507, Y))
    _, line = line_of(tmp_path, first, curve, irregular)
    assert line.geom_type == "LineString"
    assert line.length == pytest.approx(100 + 25 * np.pi + 30, rel=1e-6)
    layer, parts = line_of(tmp_path, first, curve, irregular, far)
    assert parts.geom_type == "MultiLineString"
    assert parts.length == pytest.approx(100 + 25 * np.pi + 37, rel=1e-6)
    assert len(layer.curves.roles) == len(shapely.get_coordinates(parts))


@pytest.mark.parametrize(("named", "foot"), [("foot", 0.3048), ("USSurveyFoot", 1200 / 3937)])
@pytest.mark.parametrize("declared", [True, False])
def test_imperial_numbers_come_to_where_metres_do(tmp_path, named, foot, declared):
    ends = [(X, Y), (X + 300, Y + 400)]
    start, end = (ne(x / foot, y / foot, 1570 / foot) for x, y in ends)
    head = f'<Units><Imperial linearUnit="{named}"/></Units>' + EPSG * declared
    layer, line = line_of(tmp_path, piece("Line", Start=start, End=end), head=head)
    assert shapely.get_coordinates(line, include_z=True) == pytest.approx(
        np.array([(*at, 1570) for at in ends]), abs=1e-6
    )
    assert (layer.crs is not None) == declared
    crs = None if declared else "EPSG:32639"
    (placed,) = gis.read(tmp_path / "plan.xml", crs=crs).routes.geometry
    expected = [UTM.transform(*at, direction="INVERSE") for at in ends]
    assert shapely.get_coordinates(placed) == pytest.approx(np.array(expected), abs=1e-9)


def test_points_with_codes_make_lines_and_manholes(tmp_path):
    said = [("1", "FO1 ST"), ("2", "FO1"), ("3", "FO1 END"), ("4", "MH7")]
    points = "".join(
        f'<CgPoint name="{name}" code="{code}">{ne(X + 10 * int(name), Y, 1570)}</CgPoint>'
        for name, code in said
    )
    start, end = ('<{} pntRef="{}"/>'.format(*of) for of in (("Start", 1), ("End", 4)))
    made = alignment(f"<Line>{start}{end}</Line>")
    found = layers(tmp_path, document(made, more=f"<CgPoints><CgPoints>{points}</CgPoints></CgPoints>"))
    assert found["Alignments"].frame.geometry[0].length == pytest.approx(30)
    frame = found["CgPoints"].frame
    lines = frame[frame.geometry.geom_type == "LineString"]
    assert lines.geometry.length.tolist() == pytest.approx([20])
    assert frame[frame.geometry.geom_type == "Point"]["manhole_id"].tolist() == ["MH7"]
    assert found["CgPoints"].crs.to_epsg() == 32639


def test_plan_features_are_lines_and_parcels_are_none(tmp_path):
    line = piece("Line", Start=ne(X, Y), End=ne(X + 30, Y + 40))
    feature = (
        f'<PlanFeatures><PlanFeature name="duct 1"><CoordGeom>{line}</CoordGeom>'
        '<Feature><Property label="وضعیت" value="اجرا شده"/></Feature></PlanFeature></PlanFeatures>'
    )
    parcels = f'<Parcels><Parcel name="7"><CoordGeom>{line}</CoordGeom></Parcel></Parcels>'
    found = layers(tmp_path, document(more=feature + parcels))
    assert list(found) == ["PlanFeatures"]
    layer = found["PlanFeatures"]
    assert layer.frame["وضعیت"].tolist() == ["اجرا شده"]
    assert layer.frame.geometry.length.tolist() == pytest.approx([50])
    assert [(left.count, left.what.en) for left in layer.left_out] == [(1, "parcel")]


def test_a_document_that_breaks_off_keeps_what_is_whole(tmp_path):
    text = document(alignment(piece("Line", Start=ne(X, Y), End=ne(X + 30, Y + 40))))
    cut = text[: text.index("</Alignment>") + 12] + "<Alignment name='R-2'><CoordGeom><Line><Sta"
    layer = layers(tmp_path, cut)["Alignments"]
    assert len(layer.frame) == 1
    assert [(note.code, note.feature) for note in layer.notes] == [("D003", "2")]
    with pytest.raises(SourceError) as refused:
        layers(tmp_path, text[: text.index("<Line")])
    assert refused.value.code == "D001"


def test_a_document_type_is_refused_and_an_empty_document_is_d009(tmp_path):
    body = document(alignment(piece("Line", Start=ne(X, Y), End=ne(X + 30, Y + 40))))
    hostile = body.replace("<LandXML", '<!DOCTYPE LandXML [<!ENTITY a "b">]><LandXML', 1)
    with pytest.raises(SourceError) as refused:
        layers(tmp_path, hostile)
    assert refused.value.code == "D010"
    (layer,) = layers(tmp_path, document()).values()
    assert [note.code for note in layer.notes] == ["D009"]
