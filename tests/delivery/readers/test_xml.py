"""XML: awkward spellings are the same document, and a clean copy holds all of the original."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.delivery.readers import xml
from gis.delivery.sources import open_delivery

KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>routes</name>{}</Folder></Document></kml>'
LINE = (
    "<Placemark><name>R-{at}</name><LineString><altitudeMode>absolute</altitudeMode><coordinates>{text}</coordinates>"
    "</LineString></Placemark>"
)
NUMBER = st.floats(-80, 80).map(lambda value: round(value, 9))
POSITION = st.one_of(st.tuples(NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, st.floats(1, 3000)))
BLANK = st.sampled_from([" ", "\n", "\t ", "\r\n  "])
COMMA = st.sampled_from([",", ",", " ,", ", ", "\n,\t"])


@st.composite
def spelled(draw):
    """Positions, and one way to write them down."""
    positions = draw(st.lists(POSITION, min_size=2, max_size=8))
    comma = draw(COMMA)
    written = [comma.join(repr(number) for number in position) for position in positions]
    text = written[0] + "".join(draw(BLANK) + one for one in written[1:])
    return positions, draw(st.sampled_from(["", "\n"])) + text + draw(st.sampled_from(["", ",", "\n"]))


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(spelled(), min_size=1, max_size=5))
def test_coordinates_of_kml_are_the_same_however_they_are_spelled(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("kml") / "routes.kml"
    marks = "".join(LINE.format(at=at, text=text) for at, (_, text) in enumerate(lines))
    path.write_text(KML.format(marks))
    (layer,) = open_delivery(path)
    assert layer.frame["name"].tolist() == [f"R-{at}" for at in range(len(lines))]
    for (positions, _), geometry in zip(lines, layer.frame.geometry, strict=True):
        heighted = any(len(position) > 2 for position in positions)
        expected = [(*position, np.nan)[: 2 + heighted] for position in positions]
        np.testing.assert_array_equal(shapely.get_coordinates(geometry, include_z=heighted), expected)


@pytest.mark.parametrize("wrong", ["51", "51,32,1,2", "51,x", "51,nan", "51,,32", "51;32"])
def test_a_position_that_is_none_spoils_only_its_own_line(tmp_path, wrong):
    path = tmp_path / "routes.kml"
    marks = [
        LINE.format(at=at, text=text)
        for at, text in enumerate(["51,32 52,33", f"51,32 {wrong}", "51,32 53,33"])
    ]
    path.write_text(KML.format("".join(marks)))
    (layer,) = open_delivery(path)
    assert layer.frame["name"].tolist() == ["R-0", "R-2"]
    assert [(note.code, note.feature) for note in layer.notes] == [("D003", "2")]


AWKWARD = (
    '<g:a xmlns:g="urn:g" xmlns="urn:d" k="&lt;&quot;&#10;"><b/><b x="1">t &amp; &lt;t&gt;</b>tail<g:m>'
    "<b>سلام</b><g:c><b/><b></b></g:c></g:m>{}"
    "<inner xmlns='urn:other' xmlns:q='urn:q'><b q:x='1'/><q:b/><b>2</b></inner>"
    "<b xmlns=''>3</b>&#x41;<![CDATA[<raw> & ]]></g:a>"
)


def copied(tmp_path, text):
    (tmp_path / "in.xml").write_text(text, encoding="utf-8")
    done = xml.copy(tmp_path / "in.xml", "in.xml", tmp_path / "out.xml", {"m"})
    return done, (tmp_path / "out.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("many", [0, 1, 3000])
def test_a_clean_copy_is_the_same_document(tmp_path, many):
    text = AWKWARD.format("<g:m><b>1</b> <b>2</b></g:m>" * many)
    done, copy = copied(tmp_path, text)
    assert (done.features, done.fault) == (many + 1, None)
    assert ET.canonicalize(copy) == ET.canonicalize(text)


@pytest.mark.parametrize("many", [1, 3000])
def test_a_copy_of_a_cut_document_ends_after_its_last_whole_feature(tmp_path, many):
    text = AWKWARD.format("<g:m><b>1</b> <b>2</b></g:m>" * many)
    done, copy = copied(tmp_path, text[: text.rindex("<b>2</b></g:m>")])
    assert done.features == many
    assert len(ET.parse(io.StringIO(copy)).getroot().findall("{urn:g}m")) == many


class Pieces(io.BytesIO):
    """A document that counts how often it is read."""

    read_times = 0

    def read(self, size=-1):
        self.read_times += 1
        return super().read(size)


def test_an_attribute_as_long_as_its_document_is_not_begun_anew_with_each_64_kib(tmp_path, monkeypatch):
    path = tmp_path / "a.kml"
    mark = "x" * 8_000_000
    text = KML.format(LINE.format(at=1, text="51.6,32.6,1 51.7,32.7,1"))
    path.write_text(text.replace("<Placemark>", f'<Placemark id="{mark}">'))
    document = Pieces(path.read_bytes())
    monkeypatch.setattr(type(path), "open", lambda _path, _mode: document)
    seen = []

    class Marks(xml.ContentHandler):
        def startElement(self, name, attrs):  # noqa: N802 - SAX's name
            seen.extend(attrs.values() if name == "Placemark" else ())

    assert xml.parse(path, "a.kml", Marks()) is None
    assert seen == [mark]
    assert document.read_times < 20


def test_what_stands_between_placemarks_changes_none_of_them(tmp_path):
    path = tmp_path / "a.kml"
    inside = "".join(
        f'<Style id="s{at}"><LineStyle/></Style>{LINE.format(at=at, text="51.6,32.6,1 51.7,32.7,1")}<Folder>'
        f"<name>inner {at}</name>{LINE.format(at=100 + at, text='51.6,32.6,1 51.8,32.7,1')}</Folder>"
        for at in range(3)
    )
    path.write_text(KML.format(inside))
    layers = {layer.layer: layer.frame["name"].tolist() for layer in open_delivery(path)}
    assert layers == {"routes": ["R-0", "R-1", "R-2"]} | {f"inner {at}": [f"R-{100 + at}"] for at in range(3)}
