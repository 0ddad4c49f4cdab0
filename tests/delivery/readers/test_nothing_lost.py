"""What was drawn is read whole; what no figure counts is counted as left out; what is sound is not refused."""

from __future__ import annotations

import json
import sqlite3
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.delivery.assembly import read
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

SEGMENT = '<trkseg><trkpt lat="32.{0}" lon="51.6{0}"/><trkpt lat="32.{1}" lon="51.6{1}"/></trkseg>'


def gpx(path, body):
    path.write_text(
        f'<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>'
    )
    return path


def kml(path, body, root='xmlns="http://www.opengis.net/kml/2.2"'):
    path.write_text(f'<?xml version="1.0"?><kml {root}><Document>{body}</Document></kml>')
    return path


def left(layer):
    return [(one.count, one.what.en) for one in layer.left_out]


@pytest.mark.parametrize("nothing", ["<trkseg/>", '<trkseg><trkpt lat="32.5" lon="51.5"/></trkseg>'])
def test_a_segment_without_length_spoils_nothing(nothing, tmp_path):
    body = f"<trk><name>A</name>{SEGMENT.format(1, 2)}{nothing}</trk><trk><name>B</name>{SEGMENT.format(3, 4)}</trk>"
    (tracks,) = open_delivery(gpx(tmp_path / "a.gpx", body))
    assert list(tracks.frame["name"]) == ["A", "B"]
    assert not tracks.notes
    assert left(tracks) == [(1, "part of a line with fewer than two positions")]
    assert shapely.get_num_coordinates(tracks.frame.geometry.to_numpy()).tolist() == [2, 2]


def test_a_track_of_one_point_is_named_and_costs_no_other(tmp_path):
    one = '<trk><trkseg><trkpt lat="32.5" lon="51.5"/></trkseg></trk>'
    (tracks,) = open_delivery(gpx(tmp_path / "a.gpx", f"{one}<trk>{SEGMENT.format(1, 2)}</trk>"))
    assert [(note.code, note.feature) for note in tracks.notes] == [("D003", "1")]
    assert len(tracks.frame) == 1


def test_heights_of_gpx_are_those_written(tmp_path):
    points = '<trkpt lat="32.1" lon="51.6"><ele>1570.5</ele></trkpt><trkpt lat="32.2" lon="51.6"/>'
    body = f"<trk><trkseg>{points}</trkseg></trk><trk>{SEGMENT.format(3, 4)}</trk>"
    (tracks,) = open_delivery(gpx(tmp_path / "a.gpx", body))
    high, flat = tracks.frame.geometry
    heights = shapely.get_coordinates(high, include_z=True)[:, 2]
    assert heights[0] == 1570.5
    assert np.isnan(heights[1])
    assert not flat.has_z


def test_a_track_without_a_fix_at_times(tmp_path):
    coords = "<gx:coord/><gx:coord>51.6 32.6 1570</gx:coord><gx:coord>51.7 32.7 1571</gx:coord><gx:coord></gx:coord>"
    body = f"<Placemark><gx:MultiTrack><gx:Track>{coords}</gx:Track><gx:Track/></gx:MultiTrack></Placemark>"
    (layer,) = open_delivery(kml(tmp_path / "a.kml", body))
    assert shapely.get_coordinates(layer.frame.geometry[0]).tolist() == [[51.6, 32.6], [51.7, 32.7]]
    assert not layer.notes


@pytest.mark.parametrize(
    "stray", ["<LookAt><gx:altitudeMode>absolute</gx:altitudeMode></LookAt>", '<LookAt xsi:type="x"/>']
)
def test_prefixes_that_are_not_declared(stray, tmp_path):
    line = "<Placemark>{}<LineString><coordinates>51.6,32.6 51.7,32.7</coordinates></LineString></Placemark>"
    (layer,) = open_delivery(
        kml(tmp_path / "a.kml", stray + line.format("") + line.format(stray) + line.format(""))
    )
    assert len(layer.frame) == 3
    assert not layer.notes


def test_prefixes_that_a_gpx_does_not_declare(tmp_path):
    body = f"<trk><name>A</name><extensions><gpxx:Colour>Red</gpxx:Colour></extensions>{SEGMENT.format(1, 2)}</trk>"
    (tracks,) = open_delivery(gpx(tmp_path / "a.gpx", body))
    assert len(tracks.frame) == 1
    assert not tracks.notes


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        ("<altitudeMode>absolute</altitudeMode>", True),
        ("<altitudeMode>relativeToGround</altitudeMode>", False),
        ("<gx:altitudeMode>clampToSeaFloor</gx:altitudeMode>", False),
        ("", False),
    ],
)
def test_heights_of_kml_count_where_they_are_absolute(mode, counts, tmp_path):
    body = f"<Placemark><LineString>{mode}<coordinates>51.6,32.6,8 51.7,32.7,9</coordinates></LineString></Placemark>"
    (layer,) = open_delivery(kml(tmp_path / "a.kml", body))
    assert layer.frame.geometry[0].has_z is counts
    assert left(layer) == ([] if counts else [(1, "feature whose heights are not taken")])


def collection(*features, **more):
    return json.dumps({"type": "FeatureCollection", **more, "features": list(features)})


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


LINE = {"type": "LineString", "coordinates": [[51.6, 32.6], [51.7, 32.7]]}


def test_crs_of_a_property_is_none_of_the_document(tmp_path):
    linked = {"type": "link", "properties": {"href": "http://example.com/crs"}}
    text = collection(feature(LINE, crs=linked, network={"crs": {"name": "a", "uri": "http://example.com"}}))
    (tmp_path / "a.geojson").write_text(text)
    (layer,) = open_delivery(tmp_path / "a.geojson")
    assert len(layer.frame) == 1
    # A document that breaks off, and so is read in another way, says the same.
    (tmp_path / "b.geojson").write_text(text.replace("]}]}", "]}"))
    for name, own in (("c", {"crs": linked}), ("d", {"foreign": {"crs": linked}})):
        (tmp_path / f"{name}.geojson").write_text(collection(feature(LINE, a=1), **own))
        with pytest.raises(SourceError) as error:
            open_delivery(tmp_path / f"{name}.geojson")
        assert error.value.code == "D010"


def test_a_record_that_breaks_off_is_said_to(tmp_path):
    (tmp_path / "a.geojson").write_text(collection(feature(LINE, id="A"), feature(LINE, id="B"))[:-30])
    (layer,) = open_delivery(tmp_path / "a.geojson")
    assert len(layer.frame) == 1
    assert [(note.code, note.feature) for note in layer.notes] == [("D003", "2")]
    assert layer.notes[0].fields["reason"].en == "it breaks off, or is not written as JSON is"


def test_a_damaged_record_of_a_mixed_layer_is_named_once(tmp_path):
    one = {"type": "LineString", "coordinates": [[51.6, 32.6]]}
    point = {"type": "Point", "coordinates": [51.6, 32.6]}
    (tmp_path / "a.geojson").write_text(
        collection(feature(LINE, id="A"), feature(one, id="B"), feature(point, id="C"))
    )
    notes = [note for note in read(tmp_path / "a.geojson").notes if note.code == "D003"]
    assert [note.feature for note in notes] == ["2"]
    assert notes[0].fields["reason"].en == "a line of fewer than two positions"


def test_routes_without_a_length_and_records_that_are_lost_are_counted(tmp_path):
    one = {"type": "LineString", "coordinates": [[51.6, 32.6]]}
    ring = {"type": "Polygon", "coordinates": [[[51.6, 32.6], [51.7, 32.6], [51.7, 32.7], [51.6, 32.6]]]}
    shapes = [LINE, one, ring, None]
    text = collection(*(feature(shape, id=f"R{at}", kind="cable") for at, shape in enumerate(shapes)))
    (tmp_path / "a.geojson").write_text(text)
    survey = read(tmp_path / "a.geojson")
    assert sorted((one.count, one.what.en) for one in survey.left_out) == [
        (1, "damaged record"),
        (2, "routes without a length"),
    ]
    (tmp_path / "b.geojson").write_text(collection(feature(LINE, id="R1", kind="cable")))
    assert not read(tmp_path / "b.geojson").left_out


def test_a_layer_that_goes_nowhere_is_counted(tmp_path):
    line = "<Placemark><LineString><coordinates>51.6,32.6 51.7,32.7</coordinates></LineString></Placemark>"
    body = f"<Folder><name>کابل</name>{line}</Folder><Folder><name>جاده</name>{line}{line}</Folder>"
    survey = read(kml(tmp_path / "a.kml", body))
    assert len(survey.routes) == 1
    assert [(one.layer, one.count) for one in survey.left_out] == [("جاده", 2)]


def test_backslashes_in_an_archive_are_folders(tmp_path):
    line = gpd.GeoDataFrame(
        {"id": ["A"]}, geometry=[shapely.LineString([(51.6, 32.6), (51.7, 32.7)])], crs=4326
    )
    line.to_file(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in sorted(tmp_path.glob("a.[!z]*")):
            info = zipfile.ZipInfo("x")
            info.filename = f"delivery\\{part.name}"
            archive.writestr(info, part.read_bytes())
    (layer,) = open_delivery(tmp_path / "a.zip")
    assert layer.path.endswith("a.zip/delivery/a.shp")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = "..\\out.geojson"
        archive.writestr(info, "{}")
    with pytest.raises(SourceError) as error:
        open_delivery(tmp_path / "b.zip")
    assert error.value.code == "D008"


def test_a_member_without_features_costs_only_itself(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.geojson", collection(feature(LINE, id="A")))
        archive.writestr(
            "info.xml", '<?xml version="1.0"?><d xmlns:gml="http://www.opengis.net/gml/3.2"><n>1</n></d>'
        )
        archive.writestr("empty.csv", "")
    (layer,) = open_delivery(tmp_path / "a.zip")
    assert sorted(one.source.rpartition("/")[2] for one in layer.left_out) == ["empty.csv", "info.xml"]
    assert not any("a.zip" in one.why.render(lang) for one in layer.left_out for lang in ("en", "fa"))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "id;code\n", "a heading and no rows"),
        ("a.geojson", '{"type":"Point","coordinates":[1]}', "not numbers in pairs"),
        (
            "a.gml",
            '<N xmlns:gml="http://www.opengis.net/gml/3.2"><C><gml:LineString/></C></N>',
            "without a featureMember",
        ),
        ("a.dxf", "0\nSECTION\n2\nBLOCKS\n0\nENDSEC\n0\nEOF\n", "without an ENTITIES section"),
    ],
)
def test_what_is_wrong_is_said_in_words_for_people(name, text, words, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError) as error:
        [layer.frame for layer in open_delivery(tmp_path / name)]
    said = str(error.value)
    assert words in said
    assert "laid-out" not in said
    assert "\n" not in said


def test_a_geopackage_without_its_journal_says_so(tmp_path):
    line = gpd.GeoDataFrame(
        {"id": ["A"]}, geometry=[shapely.LineString([(51.6, 32.6), (51.7, 32.7)])], crs=4326
    )
    line.to_file(tmp_path / "a.gpkg")
    assert not open_delivery(tmp_path / "a.gpkg")[0].left_out
    database = sqlite3.connect(tmp_path / "a.gpkg")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE t (x)")
    (tmp_path / "b.gpkg").write_bytes((tmp_path / "a.gpkg").read_bytes())
    database.close()
    (layer,) = open_delivery(tmp_path / "b.gpkg")
    assert left(layer) == [(1, "journal of edits beside the file (-wal)")]


def entity(kind, marker, *codes):
    return f"0\n{kind}\n8\nCABLE\n100\nAcDbEntity\n100\n{marker}\n" + "".join(
        f"{code}\n{value}\n" for code, value in codes
    )


def drawing(entities, blocks=""):
    head = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1021\n0\nENDSEC\n"
    return f"{head}0\nSECTION\n2\nBLOCKS\n{blocks}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"


def test_curves_of_a_drawing_have_their_length(tmp_path):
    circle = entity("CIRCLE", "AcDbCircle", (10, 500000), (20, 3600000), (40, 100))
    text = entity("TEXT", "AcDbText", (10, 500000), (20, 3600000), (40, 2), (1, "note"))
    (tmp_path / "a.dxf").write_text(drawing(circle + text))
    (layer,) = open_delivery(tmp_path / "a.dxf")
    assert layer.frame.geometry.length.tolist() == pytest.approx([2 * np.pi * 100], rel=1e-6)
    assert left(layer) == [(1, "texts of the drawing")]


MODE = "<altitudeMode>absolute</altitudeMode>"
SOUND = [
    ("", "51.6,32.6 51.7,32.7"),
    ("", "51.6,32.6,1500 51.7,32.7,1510"),
    (MODE, "51.6,32.6,1500 51.7,32.7,0 51.8,32.7,1490"),
    (MODE, "51.6,32.6,0 51.7,32.7,0"),
    (MODE, "51.6,32.6 51.7,32.7"),
    ("", "51.6,32.6,0 51.7,32.7,0 51.7,32.8,0"),
]


def test_lines_made_at_once_are_those_made_one_by_one(tmp_path):
    # A blank at a comma, a point beside the line: such a placemark is made by itself.
    marks = [f"<LineString>{mode}<coordinates>{at}</coordinates></LineString>" for mode, at in SOUND]
    apart = [mark.replace(",32", ", 32") for mark in marks]
    others = ["<Point><coordinates>51.6,32.6</coordinates></Point>", marks[2] * 2]
    layers = []
    for name, some in (("a", marks), ("b", apart)):
        body = "".join(
            f"<Placemark><name>{n}</name>{one}</Placemark>" for n, one in enumerate([*some, *others])
        )
        (layer,) = open_delivery(kml(tmp_path / f"{name}.kml", f"<Folder><name>cables</name>{body}</Folder>"))
        layers.append(layer)
    once, single = (shapely.to_wkb(layer.frame.geometry.to_numpy(), output_dimension=3) for layer in layers)
    assert once.tolist() == single.tolist()
    assert shapely.has_z(layers[0].frame.geometry.to_numpy()).tolist() == [False] * 2 + [True] + [
        False
    ] * 4 + [True]
    assert left(layers[0]) == left(layers[1]) == [(1, "feature whose heights are not taken")]
    assert list(layers[0].frame["name"]) == [str(n) for n in range(8)]


@pytest.mark.parametrize(
    "wrong", ["nan,32.6 51.7,32.7", "51.6,32.6 51.7", "51.6,32.6,1 51.7,32.7", "1e999,1 1,1"]
)
def test_a_line_that_is_not_sound_is_told_among_those_made_at_once(wrong, tmp_path):
    body = "".join(
        f"<Placemark><LineString><coordinates>{at}</coordinates></LineString></Placemark>"
        for at in ("51.6,32.6 51.7,32.7", wrong, "51.6,32.6 51.8,32.7")
    )
    (layer,) = open_delivery(kml(tmp_path / "a.kml", body))
    sound = wrong.startswith("51.6,32.6,1")  # of two widths
    assert [note.feature for note in layer.notes] == ([] if sound else ["2"])
    assert layer.records.tolist() == ([1, 2, 3] if sound else [1, 3])
    assert layer.frame.geometry.iloc[-1].coords[1] == (51.8, 32.7)


def test_a_document_that_breaks_within_what_a_copy_leaves_out(tmp_path):
    member = (
        "<gml:featureMember><c:r><c:id>{}</c:id><c:g><gml:LineString><gml:coordinates>51.6,32.6 51.7,32.7"
        "</gml:coordinates></gml:LineString></c:g></c:r></gml:featureMember>"
    )
    head = '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:c="urn:c">'
    cut = "<gml:featureMember><c:r><gml:boundedBy><gml:Box>"
    (tmp_path / "a.gml").write_text(
        head + member.format("R1") + member.format("R2 &amp; <![CDATA[<3>]]>") + cut
    )
    (layer,) = open_delivery(tmp_path / "a.gml")
    assert list(layer.frame["id"]) == ["R1", "R2 & <3>"]
    assert [note.code for note in layer.notes] == ["D003"]
