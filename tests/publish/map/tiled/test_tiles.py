"""Maps of large surveys: what is in the tiles is what the page says, and the page works from the folder alone."""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader
from support import large, specimens
from support.browser import ARGUMENTS, chromium, executable, opened, until
from support.pyramids import LAT, LON, around, mbtiles, over, pmtiles, png
from support.surveys import layer

from gis import lengths
from gis.errors import FibreError
from gis.publish.map import places
from gis.publish.map.background import background
from gis.publish.map.tiled import levels, serve, tiles
from gis.publish.symbols import symbols

__all__ = ["chromium"]  # a fixture

ROUTES = 50_000
HOSTILE = '<img src=x onerror="alert(1)">{{7*7}}`${8*8}`\u202e\u0001</script><script>alert(2)</script>'
OWN = HOSTILE.replace("\u0001", "\ufffd")


@pytest.fixture(scope="module")
def survey():
    made = large.survey(ROUTES)
    made.routes.loc[7, "route_id"] = HOSTILE
    made.routes.loc[8, "route_id"] = None
    made.routes.loc[9, "route_id"] = "ن" * 1_000_000
    made.routes.loc[10, "county"] = HOSTILE
    made.routes.loc[11, "geometry"] = None
    made.manholes.loc[3, "manhole_id"] = HOSTILE
    made.offices.loc[0, "name_en"] = made.offices.loc[0, "name_fa"] = HOSTILE
    return made


@pytest.fixture(scope="module")
def measured(survey):
    return lengths.measure(survey)


@pytest.fixture(scope="module")
def findings(survey):
    made = large.findings(survey)
    made.table.loc[0, "message"] = made.table.loc[0, "message_fa"] = HOSTILE
    return made


@pytest.fixture(scope="module")
def folder(survey, measured, findings, tmp_path_factory):
    out = tmp_path_factory.mktemp("tiled") / "map"
    assert tiles.count(survey, findings) > tiles.LIMIT
    written = tiles.write(survey, measured, findings, [], out, "en")
    assert [path.name for path in written] == [
        "index.html",
        "maplibre-gl.js",
        "maplibre-gl.css",
        "survey.pmtiles",
        "survey.bin",
    ]
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in written)
    return out


def carried(folder):
    """Give the data that the page carries."""
    html = (folder / "index.html").read_text("utf-8")
    return json.loads(re.search(r'id="fibre-data">(.*?)</script>', html, re.DOTALL).group(1))


# --- levels --------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.floats(1e-6, 3.0), st.sampled_from([4, 16]))
def test_each_square_shows_its_first(seed, count, spread, square):
    rng = np.random.default_rng(seed)
    places = np.column_stack(
        [51 + rng.normal(0, spread, count), np.clip(32 + rng.normal(0, spread, count), -80, 80)]
    )
    places[rng.random(count) < 0.1] = np.nan
    classes, order = rng.integers(0, 3, count), rng.permutation(count)
    shown = levels.first_levels(places, classes, order, 5, square)
    placed = np.isfinite(places[:, 0])
    assert (shown[~placed] == -1).all()
    assert ((shown[placed] >= 5) & (shown[placed] <= levels.TOP)).all()
    rank = np.argsort(order)
    # The plain way: over EPSG:3857 as pyproj has it.
    metres = np.array(
        gpd.GeoSeries.from_xy(*np.nan_to_num(places).T, crs=4326).to_crs(3857).get_coordinates()
    )
    half = 20037508.342789244
    for level in range(5, levels.TOP):
        side = 2 * half / (2**level * 512 / square)
        cells = np.floor(np.column_stack([metres[:, 0] + half, half - metres[:, 1]]) / side)
        first = {}
        for row in np.flatnonzero(placed):
            key = (classes[row], *cells[row])
            if key not in first or rank[row] < rank[first[key]]:
                first[key] = row
        assert set(first.values()) == set(np.flatnonzero(placed & (shown <= level)))


def test_places_of_whatever_geometry():
    line = shapely.LineString([(51, 32), (51.1, 32), (51.1, 32.2)])
    with np.errstate(invalid="ignore"):  # Shapely warns of what a damaged file may well hold
        broken = shapely.LineString([(51, 32), (np.nan, 32), (51.5, 32)])
    shapes = [
        line,
        shapely.MultiLineString([line, [(50, 31), (50.5, 31)]]),
        shapely.Point(51, 32),
        None,
        shapely.LineString(),
        broken,
        shapely.LineString([(51, 32), (400, 32)]),
        shapely.box(51, 32, 52, 33),
        shapely.GeometryCollection([shapely.Point(53, 30), line]),
    ]
    placed = places.place(np.array(shapes, dtype=object))
    assert placed.placed.tolist() == [True, True, True, False, False, True, True, True, True]
    assert [None if one is None else one.geom_type for one in placed.lines] == [
        "LineString", "MultiLineString", None, None, None, "LineString", None, "LineString", "LineString",
    ]  # fmt: skip
    assert placed.lines[0].equals(line)
    assert placed.boxes[1].tolist() == [50, 31, 51.1, 32.2]
    assert placed.boxes[8].tolist() == [51, 30, 53, 32.2]
    assert placed.anchors[0].tolist() == [51.1, 32]
    assert placed.anchors[8].tolist() == [53, 30]
    assert placed.lines[5].equals(shapely.LineString([(51, 32), (51.5, 32)]))


# --- the archive ---------------------------------------------------------------------------------------------------


def rows_in(archive, names, level):
    """Give the rows that GDAL finds in some layers of the archive at a level."""
    found = [
        pyogrio.read_dataframe(archive, layer=name, ZOOM_LEVEL=level, columns=["row"], read_geometry=False)[
            "row"
        ]
        for name in names
    ]
    return set(np.concatenate([one.to_numpy(dtype=np.int64) for one in found])) if found else set()


@pytest.mark.parametrize("step", [0, 3])
def test_the_tiles_hold_what_the_page_says(folder, findings, step):
    told = carried(folder)["tiles"]
    level = told["lowest"] + step
    sources, archive = told["tiles"], folder / "survey.pmtiles"
    at = {(one["group"], one.get("code")): one["counts"][step] for one in told["drawn"]}
    routes = [name for name in sources["lines"] if int(name[5:]) <= level] + [f"dots{level}"]
    assert len(rows_in(archive, routes, level)) == at["cables", None] + at["ducts", None]
    manholes = [name for name in sources["manholes"] if int(name[8:]) <= level]
    assert len(rows_in(archive, manholes, level)) == at["manholes", None] + at["exchanges", None]
    points = [name for name in sources["findings"] if int(name[8:]) <= level]
    assert len(rows_in(archive, points, level)) == sum(at["findings", code] for code in set(findings["code"]))


def test_the_top_level_leaves_nothing_out(folder, survey, findings):
    told = carried(folder)
    counts = {}
    for one in told["tiles"]["drawn"]:
        name = {"cables": "routes", "ducts": "routes", "exchanges": "manholes"}.get(
            one["group"], one["group"]
        )
        counts[name] = counts.get(name, 0) + one["counts"][-1]
        assert one["counts"] == sorted(one["counts"])
    assert counts == {"routes": ROUTES - 1, "manholes": len(survey.manholes), "findings": len(findings)}
    assert told["store"]["layers"]["routes"]["unplaced"] == 1


def test_the_top_level_holds_every_route(tmp_path):
    few = large.survey(60)
    few.routes.loc[5, "geometry"] = shapely.LineString(
        [(51.5, 32.5), (51.500001, 32.5)]
    )  # a tenth of a metre
    tiles.write(few, lengths.measure(few), large.findings(few), [], tmp_path / "map")
    sources = carried(tmp_path / "map")["tiles"]["tiles"]
    names = [*sources["lines"], f"dots{levels.TOP}"]
    assert len(rows_in(tmp_path / "map" / "survey.pmtiles", names, levels.TOP)) == 60


def test_same_survey_same_bytes(tmp_path):
    few = large.survey(300)
    faults, metres = large.findings(few), lengths.measure(few)
    first = tiles.write(few, metres, faults, [], tmp_path / "one")
    second = tiles.write(few, metres, faults, [], tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_nothing_is_a_map_too(tmp_path):
    empty = specimens.inventory([], [], [])
    written = tiles.write(empty, lengths.measure(empty), specimens.findings(), [], tmp_path / "map")
    assert all(path.stat().st_size for path in written[:4])


@pytest.mark.parametrize("package", ["freestiler", "maplibre", "pmtiles"])
def test_says_what_is_not_installed(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    few = large.survey(20)
    with pytest.raises(
        FibreError, match=rf"needs the package {package}; install it: pip install 'fibre-gis\[tiles\]'"
    ):
        tiles.write(few, lengths.measure(few), large.findings(few), [], tmp_path / "map")
    assert not list(tmp_path.iterdir())


# --- the page ------------------------------------------------------------------------------------------------------


@dataclass
class Address:
    """An address, given as a file's path gives its own."""

    url: str

    def as_uri(self):
        return self.url


@pytest.fixture(scope="module")
def graphics(chromium):
    """Chromium that draws WebGL without a graphics card."""
    drawing = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    arguments = [one for one in ARGUMENTS if one != "--disable-gpu"] + drawing
    browser = chromium.browser_type.launch(executable_path=executable(), args=arguments)
    yield browser
    browser.close()


@contextmanager
def serving(folder):
    with serve.server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def address(folder):
    with serving(folder) as at:
        yield at


@pytest.fixture
def show(graphics, address):
    @contextmanager
    def open_page(fragment="", **how):
        with opened(graphics, Address(address), fragment=fragment, offline=False, **how) as (page, watch):
            settled(page)
            yield page, watch
            assert watch.errors == []
            assert watch.dialogs == []
            assert [url for url in watch.requests if not url.startswith((address, "blob:", "data:"))] == []

    return open_page


def settled(page):
    until(page, "window.fibre?.idle === true", 60)


def row_of(page, name):
    return page.evaluate("name => fibre.find(name).then(found => found[0])", name)


def test_draws_as_many_as_it_says(show, folder):
    told = carried(folder)["tiles"]
    with show() as (page, _):
        level = page.evaluate("fibre.level")
        said = page.inner_text("#left-out")
        sums = {}
        for one in told["drawn"]:
            sums[one["group"]] = sums.get(one["group"], 0) + one["counts"][level - told["lowest"]]
        routes = sums["cables"] + sums["ducts"]
        assert f"{routes:,} of {ROUTES - 1:,} routes" in said
        assert f"{sums['findings']:,} of 1,250 findings" in said
        assert page.evaluate("fibre.rendered().length") == routes
        page.evaluate("fibre.use('fa')")
        persian = f"{routes:,}".translate(str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬"))
        assert f"{persian} مسیر" in page.inner_text("#left-out")
        page.uncheck("#layer-findings")
        assert "یافته" not in page.inner_text("#left-out summary")


def test_says_nothing_where_all_is_drawn(show):
    with show("#map=16/32.67/51.67") as (page, _):
        assert page.evaluate("fibre.level") == levels.TOP
        assert not page.is_visible("#left-out")


def test_knows_the_order_of_tiles(show):
    # PMTiles specification, version 3, section 4.1
    known = {
        (0, 0, 0): 0,
        (1, 0, 0): 1,
        (1, 0, 1): 2,
        (1, 1, 1): 3,
        (1, 1, 0): 4,
        (2, 0, 0): 5,
        (12, 3423, 1763): 19078479,
    }
    with show() as (page, _):
        for tile, number in known.items():
            assert page.evaluate("tile => fibre.tileId(...tile)", list(tile)) == number


def test_finds_a_route_and_says_all_of_it(show, measured):
    with show("#lang=en") as (page, _):
        page.fill("#search", "r-۴۷۱۱")
        until(page, "document.querySelector('#search-results').innerText.startsWith('R-4711\\n')")
        page.press("#search", "Enter")
        until(page, "/R-4711/.test(document.querySelector('.leaflet-popup')?.innerText)")
        settled(page)
        card = page.inner_text(".leaflet-popup").replace("\u00a0", " ")
        row = measured[measured["id"] == "R-4711"].iloc[0]
        assert f"{row['geodesic_m']:,.3f} m" in card
        assert f"{row['grid_m']:,.3f} m" in card
        assert page.evaluate("location.hash").endswith("at=routes/R-4711")
        page.click("#language")
        until(page, "/مسیر|کابل|داکت/.test(document.querySelector('.leaflet-popup')?.innerText)")
        page.click(".leaflet-popup details summary")
        assert "برداشت‌شده" in page.inner_text(".leaflet-popup")


def test_opens_what_is_clicked(show, survey):
    line = survey.routes.geometry.iloc[4710]
    with show("#lang=en&at=routes/R-4711") as (page, _):
        until(page, "/R-4711/.test(document.querySelector('.leaflet-popup')?.innerText)")
        vertices = page.evaluate(
            "fibre.find('R-4711').then(() => fibre.vertices('routes', fibre.rowOf('routes', 'R-4711')))"
        )
        assert np.allclose(vertices, shapely.get_coordinates(line), atol=6e-8)
        page.click(".leaflet-popup .card-close")
        settled(page)
        lon, lat = shapely.get_coordinates(line)[1]
        x, y = page.evaluate(
            "([lat, lon]) => { const at = fibre.map.latLngToContainerPoint([lat, lon]); return [at.x, at.y]; }",
            [lat, lon],
        )
        box = page.locator("#stage").bounding_box()
        page.mouse.click(box["x"] + x, box["y"] + y)
        until(page, "document.querySelector('.leaflet-popup')?.innerText.includes('Geodesic length')")
        assert "R-4711" in page.inner_text(".leaflet-popup")


def test_finds_offices_in_both_languages(show):
    with show("#lang=en") as (page, _):
        for wanted in ("kashan", "كاشان", "O-2"):
            page.fill("#search", wanted)
            until(
                page, "document.querySelector('#search-results').innerText.startsWith('Kashan governorate')"
            )


def test_goes_to_findings(show):
    with show("#lang=en&tab=findings") as (page, _):
        # The worst of each of the three checks.
        until(page, "document.querySelectorAll('.check').length === 3")
        assert page.locator(".finding").count() == 3 * 3
        assert "1,250 of 1,250 findings" in page.inner_text("#tab-findings")
        page.select_option("#finding-code", "G205")
        until(page, "document.querySelector('#tab-findings').innerText.includes('two vertices are the same')")
        assert "416 of 1,250 findings" in page.inner_text("#tab-findings")
        settled(page)
        page.click(".finding-go >> nth=5")
        until(page, "/two vertices/.test(document.querySelector('.leaflet-popup')?.innerText)")
        page.click("#finding-back")
        settled(page)


def test_saves_what_is_in_view(show, survey):
    with show("#lang=en&map=14/32.671/51.672") as (page, _):
        with page.expect_download() as caught:
            page.click("#save-geojson")
        saved = json.loads(caught.value.path().read_text("utf-8"))
        west, south, east, north = page.evaluate(
            "fibre.map.getBounds().toBBoxString().split(',').map(Number)"
        )
        boxes = survey.routes.bounds
        wanted = survey.routes[
            (boxes.minx <= east) & (boxes.maxx >= west) & (boxes.miny <= north) & (boxes.maxy >= south)
        ]
        got = {
            one["properties"]["route_id"]: one
            for one in saved["features"]
            if one["properties"]["layer"] == "routes"
        }
        assert len(wanted) > 50
        assert set(got) == set(wanted["route_id"])
        for route_id, line in zip(wanted["route_id"], wanted.geometry, strict=True):
            assert np.allclose(
                got[route_id]["geometry"]["coordinates"], shapely.get_coordinates(line), atol=6e-8
            )


def test_refuses_to_save_too_much(show, folder):
    with show("#lang=en") as (page, _):
        page.click("#save-csv")
        assert re.search(r"5\d,\d{3} features are in view, and at most 50,000", page.inner_text("#reading"))


def test_hostile_names_stay_letters(show):
    with show("#lang=en") as (page, watch):
        page.fill("#search", "<img src")
        until(page, "document.querySelectorAll('#search-results li').length >= 3")
        assert page.query_selector("#search-results img") is None
        results = page.inner_text("#search-results")
        assert "{{7*7}}" in results
        assert "[U+202E]" in results
        found = page.evaluate("fibre.find('<img src')")
        assert [name for name, _ in found] == ["offices", "routes", "manholes"]
        assert found[1][1] == found[2][1] == OWN
        page.click("#search-results li >> nth=1")
        until(page, "/onerror/.test(document.querySelector('.leaflet-popup')?.innerText)")
        assert page.query_selector(".leaflet-popup img, .leaflet-popup script") is None
        page.click("#for-counties")
        assert page.query_selector("#tab-counties img") is None
        assert "onerror" in page.inner_text("#tab-counties")
        page.evaluate("fibre.use('fa')")
        assert watch.dialogs == []


def test_a_feature_without_an_id_goes_by_its_number(show):
    with show("#lang=en") as (page, _):
        assert ["routes", "#9"] in page.evaluate("fibre.find('#9')")
        assert page.evaluate("fibre.find('نننن').then(found => found[0][1].length)") == 300


def test_colours_and_filters_are_told_to_the_tiles(show):
    with show("#lang=en&map=12/32.67/51.67") as (page, _):
        before = page.evaluate("fibre.rendered().length")
        page.uncheck("#layer-ducts")
        settled(page)
        cables = page.evaluate("fibre.rendered().length")
        assert 0.7 * before < cables < 0.9 * before
        shades = []
        for by in ("status", "kind", "county"):
            page.select_option("#colour-by", by)
            settled(page)
            shades.append(page.screenshot(clip={"x": 400, "y": 150, "width": 500, "height": 500}))
        page.click("#theme")
        settled(page)
        shades.append(page.screenshot(clip={"x": 400, "y": 150, "width": 500, "height": 500}))
        assert len(set(shades)) == 4


def test_labels_lengths(show):
    with show("#lang=en&map=16/32.67/51.67") as (page, _):
        before = page.screenshot(clip={"x": 400, "y": 150, "width": 500, "height": 500})
        page.check("#layer-lengths")
        page.wait_for_timeout(300)
        settled(page)
        assert page.screenshot(clip={"x": 400, "y": 150, "width": 500, "height": 500}) != before


def test_from_a_disk_it_says_what_to_do(graphics, folder):
    with opened(graphics, folder / "index.html") as (page, _):
        until(page, "/fibre serve/.test(document.querySelector('#reading')?.innerText)")


def test_without_webgl_it_says_so(chromium, address):
    browser = chromium.browser_type.launch(
        executable_path=executable(), args=[*ARGUMENTS, "--disable-3d-apis"]
    )
    try:
        with opened(browser, Address(address), offline=False) as (page, _):
            until(page, "/WebGL/.test(document.querySelector('#reading')?.innerText)")
    finally:
        browser.close()


def test_loads_nothing_from_elsewhere(folder):
    html = (folder / "index.html").read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', html).group(1).replace("&#x27;", "'")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["connect-src"] == "'self'"
    assert rules["worker-src"] == "blob:"
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy


# --- by everyone -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_axe_finds_no_violation(show, lang, dark, size):
    with show(f"#lang={lang}", dark=dark, size=size) as (page, _):
        for name in ("answer", "counties", "findings", *(["layers"] if size[0] < 500 else [])):
            page.click(f"#for-{name}")
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        page.evaluate("void fibre.go('routes', 3)")
        until(page, "/R-/.test(document.querySelector('.card')?.innerText)")
        settled(page)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def focus(page):
    return page.evaluate("document.activeElement.id || document.activeElement.className")


def test_keyboard_alone_finds_opens_hides_and_returns(show):
    with show("#lang=en") as (page, _):
        page.locator(".folium-map").focus()
        page.keyboard.press("/")
        assert focus(page) == "search"
        page.keyboard.type("R-4711")
        until(page, "document.querySelector('#search-results').innerText.startsWith('R-4711\\n')")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        until(page, "/R-4711/.test(document.querySelector('.leaflet-popup')?.innerText)")
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('.leaflet-popup')")
        assert focus(page) == "map_fibre"
        settled(page)
        page.locator("#for-answer").focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        assert focus(page) == "for-findings"
        for _ in range(20):
            if focus(page) == "finding-go":
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        until(page, "/N305/.test(document.querySelector('.leaflet-popup')?.innerText)")
        settled(page)
        page.locator("#finding-back").focus()
        page.keyboard.press("Enter")
        until(page, "!document.querySelector('.leaflet-popup')")
        settled(page)
        before = page.evaluate("fibre.rendered().length")
        page.locator("#layer-ducts").focus()
        page.keyboard.press("Space")
        settled(page)
        assert 0 < page.evaluate("fibre.rendered().length") < before
        page.locator(".folium-map").focus()
        page.keyboard.press("0")
        until(page, "!document.querySelector('#left-out').hidden")
        page.locator("#left-out summary").focus()
        was = page.evaluate("document.querySelector('#left-out').open")
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('#left-out').open") is not was


def test_measures_as_fibre_does_and_says_coordinates(show, measured):
    with show("#lang=en&at=routes/R-4711") as (page, _):
        until(page, "/R-4711/.test(document.querySelector('.leaflet-popup')?.innerText)")
        vertices = page.evaluate(
            "fibre.find('R-4711').then(() => fibre.vertices('routes', fibre.rowOf('routes', 'R-4711')))"
        )
        total = page.evaluate(
            "v => v.slice(1).reduce((sum, p, i) => sum + fibre.distance(...v[i], ...p), 0)", vertices
        )
        row = measured[measured["id"] == "R-4711"].iloc[0]
        assert total == pytest.approx(row["geodesic_m"], abs=1e-3)
        page.keyboard.press("Escape")
        page.locator(".folium-map").focus()
        page.keyboard.press("c")
        assert "UTM 39N" in page.inner_text(".leaflet-popup")
        page.keyboard.press("Escape")
        page.keyboard.press("m")
        page.keyboard.press("Enter")
        before = page.evaluate("location.hash")
        page.keyboard.press("ArrowRight")
        # The address follows the map once it has come to rest.
        until(page, f"location.hash !== {json.dumps(before)}")
        page.keyboard.press("Enter")
        until(page, "fibre.measured() > 10")


# How many pixels of the picture for the paper have nearly a colour.
NEARLY = """([r, g, b]) => {
    const still = document.querySelector(".still"), pixels = still.getContext("2d").getImageData(0, 0, still.width, still.height).data;
    let count = 0;
    for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 3] > 200 && Math.max(Math.abs(pixels[i] - r), Math.abs(pixels[i + 1] - g), Math.abs(pixels[i + 2] - b)) < 12) count++;
    }
    return count;
}"""  # noqa: E501


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_what_is_drawn_is_on_the_one_a4_page(show, lang):
    """In dark colours, too, paper is light: errors have there the red of light colours."""
    with show(f"#lang={lang}", dark=True) as (page, _):
        page.evaluate("() => { window.print = () => { window.printed = true; }; }")
        page.click("#print")
        until(page, "window.printed === true", 30)
        assert page.evaluate(NEARLY, [179, 38, 30]) > 1000
        assert page.evaluate(NEARLY, [255, 138, 125]) < 10
        pdf = page.pdf(prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        settled(page)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.query_selector(".still") is None


@pytest.fixture
def few(tmp_path):
    """Write a small survey as tiles, over a background; give what opens its page."""

    def write(basemap):
        made = large.survey(60)
        tiles.write(made, lengths.measure(made), large.findings(made), [], tmp_path / "map", "en", basemap)
        return tmp_path / "map"

    return write


@pytest.mark.parametrize(("form", "suffix"), [(mbtiles, ".mbtiles"), (pmtiles, ".pmtiles")])
def test_a_background_of_the_users_lies_beside_the_page(graphics, few, tmp_path, form, suffix):
    pyramid = {zxy: png(zoom * 12) for zoom in range(4, 11) for zxy in around(zoom, ring=4)}
    archive = form(tmp_path / f"city{suffix}", pyramid, attribution="© <b>Us</b>")
    before = archive.read_bytes()
    folder = few(str(archive))
    assert archive.read_bytes() == before
    with serving(folder) as address, opened(graphics, Address(address), offline=False) as (page, watch):
        settled(page)
        page.evaluate(f"void fibre.map.setView([{LAT}, {LON}], 10, {{animate: false}})")
        shown = (
            "[...document.querySelectorAll('.leaflet-tile-pane img')].filter(one => one.naturalWidth === 256)"
        )
        until(page, f"{shown}.length > 3")
        # A tile that is shown is the one that was given, from the pixels of the picture.
        shade = page.evaluate(
            f"""() => {{
                const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
                context.drawImage({shown}[0], 0, 0);
                return context.getImageData(9, 9, 1, 1).data[0];
            }}"""
        )
        assert shade == 120
        told = page.inner_text(".leaflet-control-attribution")
        assert "© Us" in told
        assert f"4–10 of \u2068city{suffix}" in told
        page.evaluate(f"void fibre.map.setView([{LAT}, {LON}], 14, {{animate: false}})")
        until(page, f"{shown}.length > 0")
        page.uncheck("#layer-basemap")
        assert page.locator(".leaflet-tile-pane img").count() == 0
        assert watch.errors == []
        assert [url for url in watch.requests if not url.startswith((address, "blob:", "data:"))] == []


def test_what_does_not_fit_beside_the_page_is_said(few, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "FOLDER", background.Room(200, 10**6))
    pyramid = {zxy: png(zoom * 12) for zoom in range(4, 11) for zxy in around(zoom, ring=40)}
    folder = few(str(mbtiles(tmp_path / "city.mbtiles", pyramid)))
    carried_tiles = re.search(r'id="fibre-tiles">(.*?)</script>', (folder / "index.html").read_text("utf-8"))
    told = json.loads(carried_tiles.group(1))
    assert told["cut"]
    with (folder / "background.pmtiles").open("rb") as file:
        reader = Reader(MmapSource(file))
        assert reader.header()["max_zoom"] == told["zooms"][1] < 10
        assert reader.get(6, *over(6)) == pyramid[6, *over(6)]


def test_an_online_background_is_all_that_may_load(graphics, few):
    folder = few("https://tile.example.org/{z}/{x}/{y}.png")
    html = (folder / "index.html").read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', html).group(1)
    assert re.search(r"img-src [^;]*https://tile\.example\.org", policy)
    assert policy.count("http") == 1
    with serving(folder) as address, opened(graphics, Address(address), offline=False) as (page, watch):
        page.route(
            "https://tile.example.org/**", lambda route: route.fulfill(body=png(9), content_type="image/png")
        )
        page.reload()
        settled(page)
        until(page, "document.querySelectorAll('.leaflet-tile-pane img').length > 3")
        outside = {
            url.split("/")[2] for url in watch.requests if not url.startswith((address, "blob:", "data:"))
        }
        assert outside == {"tile.example.org"}


def test_a_background_that_is_none_leaves_nothing(few, tmp_path):
    for basemap, why in (
        ("none", "neither a tile address"),
        (str(tmp_path / "none.mbtiles"), "no such file"),
    ):
        with pytest.raises(FibreError, match=why):
            few(basemap)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("lang", "word"), [("en", "slack"), ("fa", "کابل ذخیره")])
def test_fittings_are_drawn_switched_and_opened(graphics, tmp_path, lang, word):
    survey = large.survey(60)
    at = [shapely.Point(51.6 + x / 1000, 32.6) for x in range(4)]
    fittings = layer(
        "fittings",
        at,
        fitting_id=[f"F{n}" for n in range(4)],
        kind=["slack", "closure", "break", None],
        route_id=["R-1"] * 4,
    )
    survey = replace(survey, fittings=fittings)
    tiles.write(survey, lengths.measure(survey), large.findings(survey), [], tmp_path / "map", lang)
    drawn = (
        "[...new Set(fibre.gl.queryRenderedFeatures().filter(one => one.layer.id.startsWith('fittings:'))"
        ".map(one => one.properties.kind))].sort()"
    )
    with serving(tmp_path / "map") as address:
        how = {"fragment": f"#lang={lang}&at=fittings/F0", "offline": False}
        with opened(graphics, Address(address), **how) as (page, watch):
            settled(page)
            until(page, "document.querySelector('.leaflet-popup .card-title')?.innerText === 'F0'")
            assert word in page.inner_text(".leaflet-popup .card-sort")
            page.click(".leaflet-popup .card-close")
            page.evaluate("fibre.map.setView([32.6, 51.6015], 16, { animate: false })")
            settled(page)
            assert page.evaluate(drawn) == [
                "fitting-break",
                "fitting-closure",
                "fitting-slack",
                "fitting-unknown",
            ]
            with_them = painted(page)
            assert with_them > 100
            page.click("#layer-fittings")
            settled(page)
            assert page.evaluate(drawn) == []
            assert painted(page) == 0
            assert watch.errors == []


def painted(page):
    """Count the pixels in the middle of the map, away from the legend, that are in the colour of fittings."""
    page.wait_for_timeout(300)
    box = page.locator("#stage").bounding_box()
    middle = {"x": box["x"] + box["width"] / 2 - 120, "y": box["y"] + box["height"] / 2 - 40}
    picture = base64.b64encode(page.screenshot(clip={**middle, "width": 240, "height": 80})).decode()
    return page.evaluate(
        """async ([picture, colour]) => {
            const image = Object.assign(new Image(), { src: `data:image/png;base64,${picture}` });
            await image.decode();
            const canvas = new OffscreenCanvas(image.width, image.height), ctx = canvas.getContext("2d");
            ctx.drawImage(image, 0, 0);
            const { data } = ctx.getImageData(0, 0, image.width, image.height);
            const wanted = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
            let count = 0;
            for (let at = 0; at < data.length; at += 4)
                if (wanted.every((one, n) => Math.abs(one - data[at + n]) < 24)) count++;
            return count;
        }""",
        [picture, symbols().colour("fitting")],
    )
