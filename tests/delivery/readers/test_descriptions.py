"""Attributes in an HTML table of a placemark's description."""

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gis
from gis.delivery.readers import descriptions
from gis.delivery.sources import open_delivery

# As ArcGIS' tool writes it: the title in a row of its own, the attributes in a table within a cell.
ARCGIS = (
    '<html xmlns:fo="http://www.w3.org/1999/XSL/Format"><head><META http-equiv="Content-Type" content="text/html">'
    "<style>td {{color: red}}</style></head><body><table><tr><td>{title}</td></tr><tr><td><table>{rows}</table></td>"
    "</tr></table></body></html>"
)
LINE = "<LineString><coordinates>51.67,32.65 51.68,32.66</coordinates></LineString>"


def arcgis(title="R-1", **values):
    rows = "".join(
        f'<tr bgcolor="#D4E4F3"><td>{name}</td><td>{value}</td></tr>' for name, value in values.items()
    )
    return ARCGIS.format(title=title, rows=rows)


def document(description, extended="", *, cdata=True):
    text = f"<![CDATA[{description}]]>" if cdata else escape(description)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>routes</name>'
        f"<Placemark><name>R-1</name><description>{text}</description>{extended}{LINE}</Placemark></Document></kml>"
    )


def row_of(tmp_path, *arguments, **options):
    (tmp_path / "routes.kml").write_text(document(*arguments, **options), encoding="utf-8")
    (layer,) = open_delivery(tmp_path / "routes.kml")
    return layer.frame.iloc[0]


@pytest.mark.parametrize("cdata", [True, False])
def test_a_table_of_arcgis_is_columns(tmp_path, cdata):
    row = row_of(
        tmp_path, arcgis(ROUTE_ID="R-1", Kind="cable", Length="1&#160;452.5 m", شهرستان="اصفهان"), cdata=cdata
    )
    assert row["ROUTE_ID"] == "R-1"
    assert row["شهرستان"] == "اصفهان"
    assert "description" not in row.index
    inventory = gis.read(tmp_path / "routes.kml")
    assert inventory.routes["route_id"].tolist() == ["R-1"]
    assert inventory.routes["kind"].tolist() == ["cable"]
    assert inventory.routes["county"].tolist() == ["اصفهان"]
    assert inventory.routes["recorded_length_m"].tolist() == [1452.5]


def test_headings_in_th_and_tags_that_are_not_closed(tmp_path):
    row = row_of(tmp_path, "<table><tr><th>Kind:<td>duct<tr><th>Cores<td>&lt;Null&gt;</table>")
    assert row["Kind"] == "duct"
    assert "Cores" not in row.index


def test_extended_data_wins(tmp_path):
    extended = '<ExtendedData><Data name="kind"><value>duct</value></Data></ExtendedData>'
    row = row_of(tmp_path, arcgis(kind="cable", name="other", cores="24"), extended)
    assert (row["kind"], row["name"], row["cores"]) == ("duct", "R-1", "24")


@pytest.mark.parametrize(
    "text",
    ["laid in 1402", "a < b and <b>bold</b>", "<table></table>", "<table><tr><td>one</td></tr></table>"],
)
def test_a_description_that_is_no_table_stays(tmp_path, text):
    assert row_of(tmp_path, text)["description"] == text


def test_markup_in_a_cell_is_text_and_scripts_are_nothing(tmp_path):
    hostile = arcgis(
        kind='<script>alert(1)</script>cable<img src="https://example.org/x" onerror="alert(1)">',
        a="&lt;script&gt;b",
    )
    row = row_of(tmp_path, hostile)
    assert row["kind"] == "cable"
    assert row["a"] == "<script>b"
    out = tmp_path / "map.html"
    gis.map(gis.read(tmp_path / "routes.kml")).save(out)
    assert "<script>b" not in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "many",
    [
        "<table>",
        "<table><tr><td>",
        "<!--",
        "<table><tr><td x=",
        "<t x='",
        "<td ",
        "</td ",
        "<script>",
        "<![CDATA[",
    ],
)
def test_tags_without_end_end(many):
    assert descriptions.columns((many * 20_000)[:60_000] + "<t") == {}


@given(st.text(alphabet="<>/tablerdh &;#x1=\"'!-", max_size=200))
def test_any_text_gives_names_of_text(text):
    found = descriptions.columns("<t" + text)
    assert all(name and (value is None or isinstance(value, str)) for name, value in found.items())
