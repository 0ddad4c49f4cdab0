"""A thing has one symbol: in the page of the map, in the styles of QGIS, in the report, and in what Chromium paints."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import shapely
from pydantic import ValidationError
from support import specimens
from support.browser import chromium, opened, until  # noqa: F401 - a fixture
from support.maps import IDLE, faulty_page, plan, plan_page  # noqa: F401 - fixtures

from gis import checks, lengths
from gis.publish import symbols as module
from gis.publish.exports import geopackage
from gis.publish.report import report
from gis.publish.symbols import Symbols, symbols
from gis.schema import FITTINGS, MANHOLES, OFFICES, ROUTES

PUBLISH = Path(module.__file__).parent
# The group of the symbols and the layer, column and QGIS style of the same things.
STYLES = {
    "offices": "offices",
    "manholes": "manholes",
    "exchanges": "manholes",
    "fittings": "fittings",
    "findings": "finding_points",
}
# What has no kind is of no category of QGIS but the one of the empty value.
CATEGORIES = {("fittings", "unknown"): ""}
NAMES = [(group, code) for group, points in symbols().points.items() for code in points]


def variables(text):
    """The CSS variables of a page by theme: the first rule of each name is light, the second dark."""
    found = {"light": {}, "dark": {}}
    for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text):
        if name in symbols().colours:
            theme = "dark" if name in found["light"] else "light"
            assert name not in found[theme], f"{name} is declared three times"
            found[theme][name] = value
    return found


@pytest.fixture(scope="module")
def page(plan_page):  # noqa: F811
    return plan_page.read_text("utf-8")


@pytest.fixture(scope="module")
def drawn(page):
    """What the page's scripts draw by."""
    return json.JSONDecoder().raw_decode(page, page.index("const SYMBOLS = ") + len("const SYMBOLS = "))[0]


@pytest.fixture(scope="module")
def qml(tmp_path_factory):
    """Each style's symbols by the value of their category."""
    folder = tmp_path_factory.mktemp("qgis")
    closure = specimens.layer("fittings", [{"fitting_id": "F-1", "geometry": shapely.Point(51.66, 32.65)}])
    inventory = specimens.inventory(fittings=closure)
    geopackage.inventory_gpkg(inventory, lengths.measure(inventory), folder / "inventory.gpkg")
    geopackage.findings_gpkg(specimens.findings([{}]), folder / "findings.gpkg")
    styles = {}
    for path in folder.iterdir():
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            for name, text in database.execute("SELECT f_table_name, styleQML FROM layer_styles"):
                root = ET.fromstring(text)
                by_number = {symbol.get("name"): symbol for symbol in root.iter("symbol")}
                styles[name] = {
                    category.get("value"): by_number[category.get("symbol")]
                    for category in root.iter("category")
                }
    return styles


def layers(symbol):
    return [
        (layer.get("class"), {prop.get("k"): prop.get("v") for prop in layer.iter("prop")})
        for layer in symbol.iter("layer")
    ]


def hexadecimal(rgba):
    return "#" + bytes(int(part) for part in rgba.split(",")[:3]).hex()


def test_every_code_of_the_schema_has_a_symbol():
    points = symbols().points
    assert points["offices"].keys() == OFFICES["connection"].codes.keys()
    assert points["fittings"].keys() - {"unknown"} == FITTINGS["kind"].codes.keys()
    assert points["manholes"].keys() | points["exchanges"].keys() == MANHOLES["kind"].codes.keys()
    assert tuple(points["findings"]) == checks.SEVERITIES
    assert ROUTES["kind"].codes.keys() < symbols().lines.keys()
    for column in ("kind", "status", "installation"):
        assert {f"{column}-{code}" for code in ROUTES[column].codes} <= symbols().colours.keys()
    assert symbols().dashes.keys() <= ROUTES["status"].codes.keys()


@pytest.mark.parametrize(("group", "code"), NAMES)
def test_map_and_qgis_draw_a_point_alike(group, code, page, drawn, qml):
    on_map = drawn["points"][group][code]
    colours = variables(page)["light"]
    kinds = layers(qml[STYLES[group]][CATEGORIES.get((group, code), code)])
    kind, first = kinds[0]
    assert kind == "SimpleMarker"
    assert first["name"] == on_map["shape"]
    inside, outside = ("halo", on_map["colour"]) if on_map["hollow"] else (on_map["colour"], "halo")
    assert hexadecimal(first["color"]) == colours[inside]
    assert hexadecimal(first["outline_color"]) == colours[outside]
    assert float(first["size"]) == drawn["sizes"][group]["millimetres"]
    marks = [props.get("chr") or {"circle": "dot", "line": "bar"}[props["name"]] for _, props in kinds[1:]]
    assert marks == ([on_map["mark"]] if on_map["mark"] else [])


@pytest.mark.parametrize("kind", ROUTES["kind"].codes)
@pytest.mark.parametrize("status", ROUTES["status"].codes)
def test_map_and_qgis_draw_a_route_alike(kind, status, page, drawn, qml):
    symbol = qml["routes"][f"{kind} {status}"]
    ((name, properties),) = layers(symbol)
    width = float(properties["line_width"])
    assert name == "SimpleLine"
    assert hexadecimal(properties["line_color"]) == variables(page)["light"][f"status-{status}"]
    assert float(symbol.get("alpha")) == drawn["lines"][kind]["opacity"]
    assert width == drawn["lines"][kind]["millimetres"]
    dash = [float(length) / width for length in properties.get("customdash", "").split(";") if length]
    assert dash == pytest.approx(drawn["dashes"].get(status, []))


@pytest.mark.parametrize("severity", checks.SEVERITIES)
def test_a_stretch_has_the_colour_of_its_severity(severity, page, drawn, qml):
    ((_, properties),) = layers(qml["finding_lines"][severity])
    assert hexadecimal(properties["line_color"]) == variables(page)["light"][severity]
    assert float(properties["line_width"]) == drawn["lines"]["stretch"]["millimetres"]


def test_qgis_shows_what_is_of_no_known_class(qml, page):
    for name in ("routes", "manholes", "offices"):
        _, properties = layers(qml[name][""])[0]
        colour = properties.get("line_color") or properties["color"]
        assert hexadecimal(colour) == variables(page)["light"]["other"]


@pytest.mark.parametrize("severity", checks.SEVERITIES)
def test_the_report_draws_a_severity_as_the_map_does(severity, page, drawn):
    inventory = specimens.inventory()
    measured = lengths.measure(inventory)
    found = specimens.findings([{"severity": severity}])
    html = report.report_html(inventory, measured, found, [])
    point = drawn["points"]["findings"][severity]
    heading = re.search(rf'<h3 class="{severity}">(.*?)</svg>', html, re.DOTALL)[1]
    corners = drawn["shapes"][point["shape"]]
    if corners:
        given = [
            [float(n) for n in pair.split(",")] for pair in re.search(r'points="([^"]*)"', heading)[1].split()
        ]
        scale = given[0][1] / corners[0][1]
        assert given == [pytest.approx([scale * x, scale * y]) for x, y in corners]
    else:
        assert "<circle" in heading
    assert re.search(r'data-mark="(.*?)"', heading)[1] == point["mark"]
    assert f"h3.{severity} {{ color: var(--{point['colour']}); }}" in html
    in_report, on_map = variables(html), variables(page)
    assert in_report["light"].items() <= on_map["light"].items()
    assert in_report["dark"].items() <= on_map["dark"].items()
    assert (
        {severity, "kind-cable", "kind-duct", "illustrative"}
        <= in_report["light"].keys()
        == in_report["dark"].keys()
    )


def test_the_page_has_every_colour_in_both_themes(page):
    found = variables(page)
    assert {name: (found["light"][name], found["dark"][name]) for name in found["light"]} == symbols().colours


@pytest.mark.parametrize("dark", [False, True])
def test_chromium_paints_the_colours_in_the_legend(chromium, faulty_page, drawn, dark):  # noqa: F811
    # The labels of the legend in English, and the colour that most of their samples' coloured pixels must have.
    wanted = {text.en: f"office-{code}" for code, text in OFFICES["connection"].codes.items()}
    wanted |= {"error": "error", "warning": "warning", "Exchanges": "exchange", "manhole": "manhole"}
    with opened(chromium, faulty_page, fragment="#lang=en", dark=dark) as (browser_page, watch):
        until(browser_page, IDLE)
        samples = browser_page.evaluate(
            """() => [...document.querySelectorAll("#legend-layers canvas.sample")].map(canvas => {
                const { width, height } = canvas, seen = new Set();
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255)
                    seen.add("#" + [...data.slice(at, at + 3)].map(one => one.toString(16).padStart(2, "0")).join(""));
                return [canvas.nextElementSibling.textContent, [...seen]];
            })"""
        )
        assert watch.errors == []
    painted = {label: set(colours) for label, colours in samples if label in wanted}
    assert {"error", "warning", "Exchanges"} <= painted.keys()
    for label, colours in painted.items():
        assert symbols().colour(wanted[label], "dark" if dark else "light") in colours


def test_symbols_stand_in_no_other_place():
    for path in PUBLISH.rglob("*"):
        if path.suffix == ".css":
            assert not set(re.findall(r"--([\w-]+):", path.read_text("utf-8"))) & symbols().colours.keys(), (
                path
            )
        elif path.suffix in {".py", ".js", ".html", ".j2"}:
            assert not re.findall(r"#[0-9a-f]{6}\b", path.read_text("utf-8")), path


@pytest.mark.parametrize(
    ("key", "value"), [("colour", "no-such"), ("shape", "star"), ("mark", "??"), ("size", 3)]
)
def test_a_symbol_that_cannot_be_drawn_is_refused(key, value):
    content = symbols().model_dump()
    content["points"]["manholes"]["pole"][key] = value
    with pytest.raises(ValidationError):
        Symbols.model_validate(content)


def test_a_group_without_a_size_is_refused():
    content = symbols().model_dump()
    del content["sizes"]["offices"]
    with pytest.raises(ValidationError, match="size"):
        Symbols.model_validate(content)
