"""GML: sound files in bulk, and no record of a damaged one lost without a word."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gis
from gis.delivery.readers import excerpt, gdal, xml
from gis.delivery.sources import open_delivery

HEAD = '<c:all xmlns:c="urn:c" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink">'
WGS = 'srsName="urn:ogc:def:crs:EPSG::4326"'
SOUND = f"<gml:LineString {WGS}><gml:posList>32.6 51.6 32.7 51.7</gml:posList></gml:LineString>"
LENGTH = pyproj.Geod(ellps="WGS84").line_length([51.6, 51.7], [32.6, 32.7])


def feature(shape, *values, name="routes", ident=None, member="gml:featureMember"):
    given_id = f' gml:id="{ident}"' if ident else ""
    inner = "".join(f"<c:{key}>{value}</c:{key}>" for key, value in values)
    whole = f"<c:{name}{given_id}><c:shape>{shape}</c:shape>{inner}</c:{name}>"
    return f"<{member}>{whole}</{member}>" if member else whole


def document(tmp_path, *features, head=HEAD, end="</c:all>"):
    path = tmp_path / "a.gml"
    path.write_text(head + "".join(features) + end, encoding="utf-8")
    return path


def told(layer):
    return [
        (note.code, note.feature, note.fields["reason"].render("en")) for note in layer.notes if note.fields
    ]


def line(text, tag="posList"):
    return f"<gml:LineString {WGS}><gml:{tag}>{text}</gml:{tag}></gml:LineString>"


BROKEN = {
    "an odd number of numbers": (line("32.6 51.6 32.7"), "cannot be read"),
    "no positions": (f"<gml:LineString {WGS}><gml:other/></gml:LineString>", "cannot be read"),
    "a word among numbers": (line("32.6 x 32.7 51.7"), "'x' is no coordinate"),
    "not a number": (line("32.6 51.6 NaN 51.7"), "'NaN' is no coordinate"),
    "Persian digits": (line("۳۲ 51.6 32.7 51.7"), "'۳۲' is no coordinate"),
    "a word in GML 2": (line("51.6,32.6 51.7,b", "coordinates"), "'b' is no coordinate"),
    "one position": (line("32.6 51.6"), "fewer than two positions"),
}


@pytest.mark.parametrize("ids", [False, True], ids=["without ids", "with ids"])
@pytest.mark.parametrize("at", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("fault", BROKEN)
def test_a_feature_that_cannot_be_read_costs_itself(tmp_path, fault, at, ids):
    shape, why = BROKEN[fault]
    shapes = [SOUND, SOUND]
    shapes.insert(at, shape)
    rows = [
        feature(one, ("code", f"R-{n}"), ident=f"routes.{n + 7}" if ids else None)
        for n, one in enumerate(shapes)
    ]
    (layer,) = open_delivery(document(tmp_path, *rows))
    assert layer.frame["code"].tolist() == [f"R-{n}" for n in range(3) if n != at]
    assert shapely.equals(
        layer.frame.geometry.to_numpy(), shapely.LineString([(51.6, 32.6), (51.7, 32.7)])
    ).all()
    ((code, number, reason),) = told(layer)
    # By its place, or by its own id where the others are found by theirs.
    assert (code, why in reason) == ("D003", True)
    assert int(number) not in layer.records
    assert int(number) in {at + 1, at + 7}
    if ids:
        assert layer.frame["gml_id"].tolist() == [f"routes.{n + 7}" for n in range(3) if n != at]


def test_two_layers_name_their_own_records(tmp_path):
    rows = [
        feature(SOUND, ("code", "a")),
        feature(line("1 2 3"), ("code", "b"), name="ducts"),
        feature(line("32.6 q 3 4"), ("code", "c")),
        feature(SOUND, ("code", "d"), name="ducts"),
    ]
    layers = {layer.layer: layer for layer in open_delivery(document(tmp_path, *rows))}
    assert {name: layer.frame["code"].tolist() for name, layer in layers.items()} == {
        "routes": ["a"],
        "ducts": ["d"],
    }
    assert {name: [number for _, number, _ in told(layer)] for name, layer in layers.items()} == {
        "routes": ["2"],
        "ducts": ["1"],
    }
    assert {name: layer.records.tolist() for name, layer in layers.items()} == {"routes": [1], "ducts": [2]}


def test_the_system_that_the_document_states_once_counts_for_all(tmp_path):
    bounds = (
        f"<gml:boundedBy><gml:Envelope {WGS}><gml:lowerCorner>32 51</gml:lowerCorner><gml:upperCorner>33 52"
        "</gml:upperCorner></gml:Envelope></gml:boundedBy>"
    )
    bare = SOUND.replace(f" {WGS}", "")
    path = document(tmp_path, bounds, feature(bare, ("kind", "cable")), feature(bare, ("kind", "cable")))
    (layer,) = open_delivery(path)
    assert layer.crs == pyproj.CRS(4326)
    assert gis.measure(gis.read(path))["geodesic_m"].sum() == pytest.approx(2 * LENGTH, abs=1e-3)


def test_a_feature_s_own_bounds_are_no_columns(tmp_path):
    bounds = f"<gml:boundedBy><gml:Envelope {WGS}><gml:lowerCorner>3 5</gml:lowerCorner></gml:Envelope></gml:boundedBy>"
    row = feature(SOUND, ("code", "a")).replace("<c:shape>", f"{bounds}<c:shape>", 1)
    (layer,) = open_delivery(document(tmp_path, row))
    assert set(layer.frame.columns) == {"code", "geometry"}


def test_a_second_geometry_of_a_feature_is_told(tmp_path):
    centre = f"<gml:Point {WGS}><gml:pos>32.6 51.6</gml:pos></gml:Point>"
    rows = [feature(f"{centre}</c:shape><c:way>{SOUND}</c:way><c:shape>") for _ in range(2)] + [
        feature(SOUND)
    ]
    for end in ("</c:all>", "<!-- --><c:x><![CDATA[<]]></c:x></c:all>"):
        (layer,) = open_delivery(document(tmp_path, *rows, end=end))
        assert [(one.count, one.what.render("en")) for one in layer.left_out] == [
            (2, "further geometries of a feature")
        ]
        assert set(layer.frame.geom_type) == {"LineString"}


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_features_of_one_member_are_whole_one_by_one(tmp_path, cut):
    rows = [feature(SOUND, ("code", f"R-{n}"), member="") for n in range(3)]
    text = HEAD + "<gml:featureMembers>" + "".join(rows) + "</gml:featureMembers></c:all>"
    if cut:
        text = text[: text.index(f"R-{cut}")]
    (tmp_path / "a.gml").write_text(text)
    (layer,) = open_delivery(tmp_path / "a.gml")
    assert layer.frame["code"].tolist() == [f"R-{n}" for n in range(cut or 3)]
    assert [note.code for note in layer.notes] == ["D003"] * bool(cut)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1256"])
def test_text_is_read_as_the_document_declares_it(tmp_path, encoding):
    text = HEAD + feature(SOUND, ("name", "مسير")) + "</c:all>"
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    (tmp_path / "a.gml").write_bytes((declared + text).encode(encoding))
    (layer,) = open_delivery(tmp_path / "a.gml")
    assert layer.frame["name"].tolist() == ["مسير"]


NAMES = st.sampled_from(["a", "b", "نام"])
VALUES = st.one_of(
    st.integers(-(2**40), 2**40).map(str),
    st.floats(-1e6, 1e6).map(repr),
    st.text("abc ۱۲سلام&<", max_size=6),
    st.dates().map(str),
)
POSITIONS = st.lists(
    st.tuples(st.floats(30, 34), st.floats(50, 54)).map(lambda one: (round(one[0], 7), round(one[1], 7))),
    min_size=2,
    max_size=5,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(POSITIONS, st.lists(st.tuples(NAMES, VALUES), max_size=3)), min_size=1, max_size=5))
def test_in_bulk_is_as_one_by_one(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("gml")
    features = [
        feature(
            line(" ".join(f"{lat} {lon}" for lat, lon in positions)),
            *(
                (name, value.replace("&", "&amp;").replace("<", "&lt;"))
                for name, value in dict(values).items()
            ),
        )
        for positions, values in rows
    ]
    path = document(folder, *features)
    (head,) = gdal.heads(path, "GML", "a.gml")
    alone = gdal.read(path, "GML", head.name, "a.gml")
    (layer,) = open_delivery(path)
    assert shapely.equals_identical(layer.frame.geometry.to_numpy(), alone.frame.geometry.to_numpy()).all()
    for (positions, _), geometry in zip(rows, layer.frame.geometry, strict=True):
        np.testing.assert_array_equal(shapely.get_coordinates(geometry)[:, ::-1], positions)
    for column in layer.frame.columns.drop("geometry"):
        one, other = layer.frame[column], alone.frame[column]
        assert one.isna().tolist() == other.isna().tolist()
        assert one.dropna().tolist() == other.dropna().tolist()


AWKWARD = [
    "<c:a/>",
    "<gml:boundedBy/>",
    "<gml:boundedBy><!-- x --><c:a x='>'>1</c:a></gml:boundedBy>",
    "<c:b xlink:href='http://127.0.0.1/a' k='v>/>'/>",
    "<c:b k='v' xlink:href = \"#r1\"\n/>",
    '<c:b k="1" xlink:HREF="x"  xlink:href="y">&lt;c:b href="z"></c:b>',
    "<!-- <gml:boundedBy> -->",
    "<?php <c:a> ?>",
    "text &amp; سلام",
    "<c:d><gml:boundedBy><gml:boundedBy/></gml:boundedBy></c:d>",
]


@settings(deadline=None, max_examples=80)
@given(
    parts=st.lists(st.sampled_from(AWKWARD), max_size=8),
    prolog=st.sampled_from(["", "\ufeff", "<?xml version='1.0'?>"]),
)
def test_what_is_cut_out_is_what_is_not_written(tmp_path_factory, parts, prolog):
    folder = tmp_path_factory.mktemp("xml")
    path = document(
        folder, feature("".join(parts)), head=prolog + HEAD + "<!-- a --><gml:boundedBy>1</gml:boundedBy>"
    )
    done = excerpt.copy(path, "a.gml", folder / "cut.xml", {"featureMember"}, set())
    assert done is not None
    assert done.features == 1
    xml.copy(path, "a.gml", folder / "written.xml", {"routes"})
    cut, written = (ET.canonicalize(from_file=folder / name) for name in ("cut.xml", "written.xml"))
    assert cut == written


@pytest.mark.parametrize("inside", ["<x:a/>", "<![CDATA[<c:a>]]>", "<c:a>", "<c:a x:y=''/>"])
def test_what_needs_more_than_cutting_is_told(tmp_path, inside):
    path = document(tmp_path, feature(inside))
    assert excerpt.copy(path, "a.gml", tmp_path / "cut.xml", {"featureMember"}, set()) is None
