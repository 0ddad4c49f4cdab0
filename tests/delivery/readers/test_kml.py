"""KML as programs write it: folders that are called alike, links, pictures, tracks, mixed geometry, odd positions."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gis
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

KML = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2" '
    'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>{}</Document></kml>'
)
LINK = "<NetworkLink><Link><href>{}</href></Link></NetworkLink>"
ENDS = [(51.6, 32.6), (51.7, 32.7)]


def mark(name="R-1", coordinates="51.6,32.6 51.7,32.7", mode=""):
    mode = mode and f"<altitudeMode>{mode}</altitudeMode>"
    line = f"<LineString>{mode}<coordinates>{coordinates}</coordinates></LineString>"
    return f"<Placemark><name>{name}</name>{line}</Placemark>"


def folder(name, *inside):
    return f"<Folder><name>{name}</name>{''.join(inside)}</Folder>"


def layers(tmp_path, body):
    path = tmp_path / "routes.kml"
    path.write_text(KML.format(body), encoding="utf-8")
    return open_delivery(path)


def only(tmp_path, body):
    (layer,) = layers(tmp_path, body)
    return layer


def left(layer):
    return [(one.count, one.what.en) for one in layer.left_out]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (folder("A", mark()) + folder("A", mark()), ["A", "A_2"]),
        (folder("A", mark(), folder("A", mark(), folder("A", mark()))), ["A", "A/A", "A/A/A"]),
        (folder("A", folder("B", mark())) + folder("A", folder("B", mark())), ["A/B", "A/B_2"]),
        (folder("A/B", mark()) + folder("A", folder("B", mark())) + folder("X", folder("B", mark())), None),
        (folder("A", mark()) + folder("A", mark()) + folder("A_2", mark()), None),
        (folder("", mark()) + folder("", mark()), ["routes", "routes_2"]),
        (folder("A", mark()) + folder("B", mark()), ["A", "B"]),
    ],
)
def test_folders_that_are_called_alike_keep_their_features_apart(tmp_path, body, names):
    found = [layer.layer for layer in layers(tmp_path, body)]
    assert names is None or found == names
    assert len(set(found)) == len(found) == body.count("<Placemark>")


def test_a_feature_of_either_of_two_folders_is_known_by_its_identity(tmp_path):
    layers(tmp_path, folder("cables", mark("R-1"), mark("R-2")) + folder("cables", mark("R-3")))
    routes = gis.read(tmp_path / "routes.kml").routes
    identity = routes[["source", "source_layer", "record"]]
    assert len(routes) == 3
    assert not identity.duplicated().any()


@settings(deadline=None, max_examples=25)
@given(
    st.recursive(st.sampled_from("AB"), lambda inside: st.lists(inside, min_size=1, max_size=3), max_leaves=8)
)
def test_however_folders_lie_no_two_layers_are_named_alike(tmp_path_factory, tree):
    def written(node, name="A"):
        return folder(node, mark()) if isinstance(node, str) else folder(name, *map(written, node))

    found = [layer.layer for layer in layers(tmp_path_factory.mktemp("kml"), written(tree))]
    assert len(set(found)) == len(found) == written(tree).count("<Placemark>")


def test_a_kmz_with_several_documents(tmp_path):
    path = tmp_path / "survey.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", KML.format(LINK.format("files/a.kml")))
        archive.writestr("files/a.kml", KML.format(mark("R-1")))
        archive.writestr("files/b.kml", KML.format(mark("R-2")))
    found = open_delivery(path, name="survey.kmz")
    assert [(layer.path, list(layer.frame["name"])) for layer in found] == [
        ("survey.kmz/files/a.kml", ["R-1"]),
        ("survey.kmz/files/b.kml", ["R-2"]),
    ]
    assert not any(layer.left_out for layer in found)


@pytest.mark.parametrize(
    "address", ["http://203.0.113.7/a.kml", "other.kml", "../../etc/passwd", "file:///a.kml"]
)
def test_a_link_beside_data_is_named_and_not_followed(tmp_path, address):
    (tmp_path / "other.kml").write_text(KML.format(mark("R-9")))
    layer = only(tmp_path, LINK.format(address) * 2 + mark())
    assert list(layer.frame["name"]) == ["R-1"]
    assert left(layer) == [(2, "network links")]
    with pytest.raises(SourceError) as refused:
        layers(tmp_path, LINK.format(address))
    assert refused.value.code == "D010"


@pytest.mark.parametrize("where", ["of the tracks", "of each", "nowhere"])
def test_tracks_of_one_feature_are_its_parts(tmp_path, where):
    said = "<altitudeMode>absolute</altitudeMode>"
    tracks = [["51.6 32.6 1570", "51.7 32.7 1571"], ["51.8 32.6", "51.9 32.7 1573"]]
    body = "".join(
        "<gx:Track>" + said * (where == "of each") + "".join(f"<gx:coord>{one}</gx:coord>" for one in track)
        + "</gx:Track>"
        for track in tracks
    )  # fmt: skip
    said *= where == "of the tracks"
    layer = only(tmp_path, f"<Placemark><gx:MultiTrack>{said}{body}</gx:MultiTrack></Placemark>")
    (tracked,) = layer.frame.geometry
    assert shapely.get_coordinates(tracked).tolist() == [
        [51.6, 32.6],
        [51.7, 32.7],
        [51.8, 32.6],
        [51.9, 32.7],
    ]
    assert len(tracked.geoms) == 2
    if where == "nowhere":
        assert not tracked.has_z
        assert left(layer) == [(1, "feature whose heights are not taken")]
    else:
        heights = shapely.get_coordinates(tracked, include_z=True)[:, 2]
        np.testing.assert_array_equal(heights, [1570, 1571, np.nan, 1573])
        assert not layer.left_out


def test_of_lines_with_a_label_the_lines_are_measured_and_the_rest_is_counted(tmp_path):
    line = "<LineString><coordinates>{}</coordinates></LineString>"
    point = "<Point><coordinates>51.6,32.6</coordinates></Point>"
    inner = f"<MultiGeometry>{line.format('51.8,32.6 51.9,32.7')}{point}</MultiGeometry>"
    body = f"<Placemark><MultiGeometry>{point}{line.format('51.6,32.6 51.7,32.7')}{inner}</MultiGeometry></Placemark>"
    layer = only(tmp_path, body)
    expected = shapely.MultiLineString([ENDS, [(51.8, 32.6), (51.9, 32.7)]])
    assert layer.frame.geometry[0].equals(expected)
    assert left(layer) == [(2, "parts beside the lines of a feature")]


def test_parts_without_a_line_stay_together(tmp_path):
    ring = "<Polygon><outerBoundaryIs><LinearRing><coordinates>51,32 52,32 52,33 51,32</coordinates></LinearRing>"
    ring += "</outerBoundaryIs></Polygon>"
    point = "<Point><coordinates>51.6,32.6</coordinates></Point>"
    layer = only(tmp_path, f"<Placemark><MultiGeometry>{point}{ring}</MultiGeometry></Placemark>")
    assert layer.types == {"GeometryCollection"}
    assert not layer.left_out


def test_pictures_and_models_are_counted(tmp_path):
    body = "<GroundOverlay><Icon><href>a.png</href></Icon></GroundOverlay><ScreenOverlay/>"
    layer = only(tmp_path, f"{body}<Placemark><name>M</name><Model/></Placemark>{mark()}")
    assert layer.frame.geometry.notna().tolist() == [False, True]
    assert left(layer) == [(1, "three-dimensional model"), (2, "images laid over the map")]


@pytest.mark.parametrize(
    "missing",
    ["51.65,32.65", "51.65,32.65,", "51.65,32.65,nan", "51.65,32.65, "],
    ids=["no", "empty", "nan", "blank"],
)
def test_a_height_that_is_missing_is_missing_for_its_vertex_alone(tmp_path, missing):
    text = f"51.6,32.6,1570 {missing} 51.7,32.7,1580"
    layer = only(tmp_path, mark(coordinates=text, mode="absolute"))
    np.testing.assert_array_equal(
        shapely.get_coordinates(layer.frame.geometry[0], include_z=True),
        [[51.6, 32.6, 1570], [51.65, 32.65, np.nan], [51.7, 32.7, 1580]],
    )
    assert not layer.notes


@pytest.mark.parametrize(
    "text",
    [
        "51.6,32.6\n\t51.7,32.7",
        "51.6, 32.6\r\n51.7, 32.7",
        "51.6 ,32.6 51.7 ,32.7",
        "51.6,32.6\u00a051.7,32.7",
        "\ufeff51.6,32.6 51.7,32.7",
        "\u200e51.6,32.6,0\u200f 51.7,32.7,0",
        "<!-- from here -->51.6,32.6 51.7,32.7",
        "<![CDATA[ 51.6,32.6 51.7,32.7 ]]>",
    ],
)
def test_blanks_and_unseen_marks_between_positions_do_no_harm(tmp_path, text):
    layer = only(tmp_path, mark(coordinates=text))
    assert layer.frame.geometry[0].coords[:] == ENDS
    assert not layer.notes


@pytest.mark.parametrize("text", ["51.6 32.6 51.7 32.7", "51.6,32.6;51.7,32.7", "51.6,32.6,0,51.7,32.7,0"])
def test_what_may_be_read_in_two_ways_is_not_guessed(tmp_path, text):
    layer = only(tmp_path, mark("R-1", text) + mark("R-2"))
    assert list(layer.frame["name"]) == ["R-2"]
    assert [(note.code, note.feature) for note in layer.notes] == [("D003", "1")]
