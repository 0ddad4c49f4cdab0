"""The map as people open it: in a real Chromium, with the network off."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pyproj
import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from support.browser import chromium, opened, until
from support.maps import IDLE, drawn, faulty_page, findings, lines_of, plan, plan_page, written
from support.surveys import inventory, layer

from gis import lengths
from gis.errors import FibreError
from gis.inventory import LeftOut
from gis.language import Text
from gis.publish.map.page import build, page

__all__ = ["chromium", "faulty_page", "plan", "plan_page"]


def test_everything_is_drawn_and_nothing_is_asked_for(chromium, plan, plan_page):
    with opened(chromium, plan_page) as (tab, watch):
        until(tab, IDLE)
        ducts = int((plan.routes["kind"] == "duct").sum())
        exchanges = int((plan.manholes["kind"] == "exchange").sum())
        assert tab.evaluate("fibre.drawn") == {
            "ducts": ducts,
            "cables": len(plan.routes) - ducts,
            "manholes": len(plan.manholes) - exchanges,
            "exchanges": exchanges,
            "offices": len(plan.offices),
            "findings": 0,
        }
        assert watch.outside == []
        assert watch.errors == []


# The colours around the places of features, in the picture that is shown.
SAMPLE = """places => {
    const canvas = document.querySelector(".painter:not([hidden])"), box = canvas.getBoundingClientRect();
    const map = document.querySelector(".folium-map").getBoundingClientRect(), ratio = canvas.width / box.width;
    return places.map(([lon, lat]) => {
        const at = fibre.map.latLngToContainerPoint([lat, lon]);
        const x = (at.x + map.left - box.left) * ratio, y = (at.y + map.top - box.top) * ratio;
        return Array.from(canvas.getContext("2d").getImageData(x - 3, y - 3, 7, 7).data).join();
    });
}"""


def test_each_office_leaves_ink_on_the_map(chromium, plan, plan_page):
    places = shapely.get_coordinates(plan.offices.geometry.to_numpy()).tolist()
    pictures = []
    for hidden in ("names,exchanges,manholes,cables,ducts", "names,exchanges,manholes,cables,ducts,offices"):
        with opened(chromium, plan_page, fragment=f"#lang=en&off={hidden}") as (tab, _):
            until(tab, IDLE)
            pictures.append(tab.evaluate(SAMPLE, places))
    assert all(shown != bare for shown, bare in zip(*pictures, strict=True))


def test_each_route_leaves_ink_on_the_map(chromium, plan, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en&off=names,graticule,offices,exchanges,manholes") as (
        tab,
        _,
    ):
        until(tab, IDLE)
        for row, line in enumerate(plan.routes.geometry):
            west, south, east, north = line.bounds
            tab.evaluate(f"void fibre.map.fitBounds([[{south},{west}],[{north},{east}]], {{animate: false}})")
            until(tab, IDLE)
            middle = [list(line.interpolate(0.5, normalized=True).coords[0][:2])]
            shown = tab.evaluate(SAMPLE, middle)
            tab.evaluate(
                "['cables', 'ducts'].forEach(name => document.querySelector(`#layer-${name}`).click())"
            )
            until(tab, IDLE)
            assert tab.evaluate(SAMPLE, middle) != shown, f"route {row}"
            tab.evaluate(
                "['cables', 'ducts'].forEach(name => document.querySelector(`#layer-${name}`).click())"
            )


def test_vertices_are_within_a_centimetre(chromium, plan, plan_page):
    with opened(chromium, plan_page) as (tab, _):
        until(tab, IDLE)
        for row in (0, 13, len(plan.routes) - 1):
            exact = shapely.get_coordinates(plan.routes.geometry.iloc[row])
            shown = np.array(tab.evaluate(f"fibre.vertices('routes', {row})"))
            *_, apart = pyproj.Geod(ellps="WGS84").inv(*exact.T, *shown.T)
            assert max(apart) < 0.01


def test_answer_says_each_total_with_its_verdict(chromium, plan, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, _):
        until(tab, IDLE)
        cards = tab.locator("#tab-answer .total")
        assert cards.count() == len(plan.project.totals)
        for card, total in zip(cards.all(), plan.project.totals, strict=True):
            assert total.item in card.text_content()
            assert f"{total.recorded:,.0f}" in card.inner_text()
            assert "agrees" in card.inner_text()
        assert "illustrative" in tab.locator("#notice").inner_text().lower()
        assert (
            "three governorates were connected before, not which three" in tab.locator("#notice").inner_text()
        )


@pytest.mark.parametrize(
    ("lang", "says"),
    [("en", "All 6 recorded figures agree with the survey."), ("fa", "۶")],
)
def test_every_field_of_a_wording_is_filled(chromium, plan_page, faulty_page, lang, says):
    for written_page in (plan_page, faulty_page):
        with opened(chromium, written_page, fragment=f"#lang={lang}") as (tab, _):
            until(tab, IDLE)
            texts = [tab.locator("body").inner_text()]
            for name in ("counties", "findings"):
                tab.locator(f"[role=tab][aria-controls=tab-{name}]").click()
                texts.append(tab.locator(f"#tab-{name}").inner_text())
            assert not [text for text in texts if "{" in text or "|" in text]
            if written_page is plan_page:
                assert says in texts[0]


def test_language_changes_direction_digits_and_words_without_reloading(chromium, plan_page):
    with opened(chromium, plan_page) as (tab, watch):
        until(tab, IDLE)
        assert tab.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["fa", "rtl"]
        persian = tab.locator("#app").inner_text()
        assert "۱۳٬۶۶۶" in persian
        assert not re.search(
            r"\d",
            re.sub(r"[A-Z][\w-]*|WGS 84|[0-9]σ", "", tab.locator(".totals").inner_text(), flags=re.ASCII),
            re.ASCII,
        )
        tab.evaluate("window.kept = true")
        tab.locator("#language").click()
        until(tab, IDLE)
        assert tab.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["en", "ltr"]
        english = tab.locator("#app").inner_text()
        assert "13,666" in english
        assert "recorded figures agree" in english
        assert not re.search(r"[\u0600-\u06ff]", english.replace("فارسی", ""))
        assert tab.evaluate("window.kept")
        assert watch.errors == []


@pytest.mark.parametrize("asked", ["خميني شهر", "khomeynishahr"])
def test_search_finds_an_office_and_goes_to_its_route(chromium, plan, plan_page, asked):
    office = plan.offices[plan.offices["county"] == "خمینی‌شهر"].iloc[0]
    routes = plan.routes[plan.routes["office_id"] == office.office_id]
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, watch):
        until(tab, IDLE)
        tab.keyboard.press("/")
        tab.keyboard.insert_text(asked)
        assert "Khomeyni Shahr governorate" in tab.locator("#search-results li").first.inner_text()
        tab.keyboard.press("Enter")
        until(tab, "Boolean(document.querySelector('.leaflet-popup'))")
        assert "Khomeyni Shahr governorate" in tab.locator(".leaflet-popup").inner_text()
        seen = tab.evaluate("fibre.map.getBounds().toBBoxString()").split(",")
        assert shapely.box(*map(float, seen)).covers(shapely.MultiLineString(list(routes.geometry)))
        assert tab.evaluate("fibre.map.getZoom()") > 13
        assert watch.errors == []


def test_search_takes_names_as_people_write_them_and_says_when_nothing_is_found(chromium, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, _):
        until(tab, IDLE)
        for asked in ("خمینی‌شهر", "فرمانداري خمينيشهر", "Khomeyni Shahr", "khomeyni-sh", "KHOMEYNI-SHAHR"):
            assert tab.evaluate("asked => fibre.find(asked)[0]", asked) == ["offices", "GOV-KHOMEYNI-SHAHR"]
        assert tab.evaluate("fibre.find('Esfahan')[0]") == ["offices", "GOV-ISFAHAN"]
        tab.locator("#search").fill("Atlantis")
        assert "Nothing found" in tab.locator("#search-results").inner_text()


def test_letters_that_are_written_in_two_ways_fold_alike(chromium, plan_page):
    pairs = {
        "كرمان": "کرمان",
        "علي": "علی",
        "نائین": "نایین",
        "۱۲۳": "123",
        "٤٥": "45",
        "آباد": "اباد",
        "فريدون‌شهر": "فریدون شهر",
    }
    with opened(chromium, plan_page) as (tab, _):
        one, other = (
            tab.evaluate("texts => texts.map(fibre.fold)", list(texts)) for texts in (pairs, pairs.values())
        )
    assert one == other
    assert len(set(one)) == len(one)


@pytest.mark.parametrize(
    ("lang", "dark", "size"),
    [
        ("fa", False, (1440, 900)),
        ("en", True, (1440, 900)),
        ("fa", True, (390, 844)),
        ("en", False, (390, 844)),
    ],
)
def test_axe_finds_no_violation(chromium, faulty_page, lang, dark, size):
    with opened(chromium, faulty_page, size=size, fragment=f"#lang={lang}", dark=dark) as (tab, _):
        until(tab, IDLE)
        for name in ("answer", "counties", "findings", *(["layers"] if size[0] < 500 else [])):
            tab.locator(f"#for-{name}").click()
            if name == "counties":
                tab.locator(".county").first.click()
            found = Axe().run(tab)
            assert found.violations_count == 0, found.generate_report()
        tab.evaluate("void fibre.go('routes', 3)")
        until(tab, "Boolean(document.querySelector('.card'))")
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()


OVERRUN = """() => [document.documentElement, ...document.querySelectorAll(".bar, .panel-body, .tabs, .total, .search")]
    .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_nothing_runs_over_the_edge(chromium, faulty_page, lang):
    with opened(chromium, faulty_page, fragment=f"#lang={lang}") as (tab, _):
        for width, height in ((1440, 900), (820, 1180), (390, 844), (320, 640)):
            tab.set_viewport_size({"width": width, "height": height})
            until(tab, IDLE)
            for name in ("answer", "counties", "findings"):
                tab.locator(f"#for-{name}").click()
                assert tab.evaluate(OVERRUN) == [], f"{name} at {width}"


def test_keyboard_alone_measures_and_opens(chromium, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, watch):
        until(tab, IDLE)
        tab.locator(".folium-map").focus()
        tab.keyboard.press("m")
        tab.keyboard.press("Enter")
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(200)
        tab.keyboard.press("Enter")
        assert tab.evaluate("fibre.measured()") > 1000
        assert f"{tab.evaluate('fibre.measured()'):,.3f}" in tab.locator("#measure-text").inner_text()
        tab.keyboard.press("Escape")
        assert not tab.locator("#measure-bar").is_visible()
        tab.keyboard.press("c")
        assert "UTM 39N" in tab.locator(".leaflet-popup").inner_text()
        tab.keyboard.press("Escape")
        tab.locator("#for-answer").focus()
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate("document.activeElement.id") == "for-counties"
        tab.keyboard.press("Tab")
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        until(tab, "fibre.map.getZoom() > 12")
        assert watch.errors == []


def test_on_a_phone_a_feature_is_read_in_the_sheet(chromium, plan_page):
    with opened(chromium, plan_page, size=(390, 844), fragment="#lang=fa", touch=True) as (tab, watch):
        until(tab, IDLE)
        tab.evaluate("void fibre.go('offices', 13)")
        until(tab, "!document.querySelector('#detail').hidden")
        assert "فرمانداری خمینی‌شهر" in tab.locator("#detail").inner_text()
        assert tab.locator(".leaflet-popup").count() == 0
        tab.locator("#detail .card-close").click()
        assert tab.locator("#tab-answer").is_visible()
        assert watch.errors == []


def test_same_survey_same_bytes(plan):
    survey_map = drawn(plan)
    first = page(survey_map)
    assert page(survey_map) == first
    assert page(drawn(plan)) == first
    assert drawn(plan).get_root().render() == first


def test_page_names_no_host(plan_page):
    addresses, styles = [], []

    class Tags(HTMLParser):
        within = ""

        def handle_starttag(self, tag, attributes):
            addresses.extend(
                value for name, value in attributes if name in {"src", "href", "srcset", "action", "data"}
            )
            self.within = tag

        def handle_data(self, text):
            if self.within == "style":
                styles.append(text)

    Tags().feed(plan_page.read_text("utf-8"))
    assert addresses == []
    assert styles
    assert not re.search(r"url\(\s*[\"']?(?!data:)|@import", "".join(styles))


def test_shows_itself_in_a_notebook(chromium, plan, tmp_path):
    cell = tmp_path / "notebook.html"
    cell.write_text(f"<!doctype html><title>cell</title>{drawn(plan)._repr_html_()}", "utf-8")
    with opened(chromium, cell) as (tab, watch):
        until(tab, "Boolean(frames[0] && frames[0].fibre && frames[0].fibre.idle)")
        assert tab.evaluate("frames[0].fibre.drawn.offices") == len(plan.offices)
        assert (watch.outside, watch.errors) == ([], [])


def test_basemap_is_all_that_a_page_may_load_and_its_absence_breaks_nothing(chromium, plan, tmp_path):
    tiles = "https://{s}.tiles.example.org/{z}/{x}/{y}.png"
    path = written(tmp_path / "index.html", plan, basemap=tiles)
    assert "img-src data: https://*.tiles.example.org;" in path.read_text("utf-8").replace("&#x27;", "'")
    with opened(chromium, path, fragment="#lang=en") as (tab, watch):
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.offices") == len(plan.offices)
        assert watch.outside
        assert all(re.match(r"https://[abc]\.tiles\.example\.org/", url) for url in watch.outside)
        assert tab.locator("#layer-basemap").is_checked()


@pytest.mark.parametrize(
    "basemap", ["nowhere", "ftp://example.org/{z}/{x}/{y}", "https://example.org/{{ 7*7 }}/{z}/{x}/{y}"]
)
def test_a_basemap_that_is_none_is_refused_in_one_line(plan, basemap):
    with pytest.raises(FibreError) as refused:
        drawn(plan, basemap=basemap)
    assert "\n" not in refused.value.message("fa")


def test_named_provider_brings_its_attribution(plan):
    html = page(drawn(plan, basemap="osm"))
    assert "OpenStreetMap contributors" in html
    assert "https://tile.openstreetmap.org" in html


def test_survey_without_a_feature_opens(chromium, tmp_path):
    with opened(chromium, written(tmp_path / "index.html", inventory())) as (tab, watch):
        until(tab, IDLE)
        assert watch.errors == []


def test_features_that_have_no_place_are_said(chromium, tmp_path):
    shapes = [
        shapely.LineString([(51.6, 32.6), (51.61, 32.6)]),
        None,
        shapely.LineString(),
        shapely.LineString([(560_000, 3_600_000), (560_100, 3_600_000)]),
        shapely.MultiLineString([[(51.6, 32.7), (51.61, 32.7)], [(51.62, 32.7), (51.63, 32.7)]]),
    ]
    survey = inventory(lines_of(*shapes))
    with opened(chromium, written(tmp_path / "index.html", survey), fragment="#lang=en") as (tab, watch):
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.cables") == 2
        assert "3 features have no place" in tab.locator("#unplaced").inner_text()
        assert watch.errors == []


def test_fifty_thousand_features_in_one_file(chromium, plan, tmp_path):
    rng, count, vertices = np.random.default_rng(3), 40_000, 20
    start = rng.uniform((50.2, 32.0), (52.8, 33.6), (count, 2))
    turn = np.cumsum(rng.normal(0, 0.5, (count, vertices - 1)), axis=1) + rng.uniform(
        0, 2 * math.pi, (count, 1)
    )
    step = rng.uniform(5, 40, (count, vertices - 1)) / 111_000
    steps = np.cumsum(np.stack([np.cos(turn) * step, np.sin(turn) * step], axis=-1), axis=1)
    places = np.concatenate([start[:, None, :], start[:, None, :] + steps], axis=1)
    routes = lines_of(
        *shapely.linestrings(places),
        route_id=[f"R-{i:06d}" for i in range(count)],
        county=rng.choice(plan.offices["county"].to_numpy(dtype=object), count).tolist(),
        status=rng.choice(["existing", "new", "planned"], count).tolist(),
        kind=rng.choice(["cable", "duct"], count, p=[0.8, 0.2]).tolist(),
    )
    nodes = 10_000
    manholes = layer(
        "manholes",
        shapely.points(places[:nodes, 0]),
        manhole_id=[f"M-{i}" for i in range(nodes)],
        kind=["manhole"] * nodes,
        status=["new"] * nodes,
    )
    survey = replace(plan, routes=routes, manholes=manholes)
    measured = lengths.measure(survey)
    html = page(build(survey, measured, findings(), []))
    path = tmp_path / "index.html"
    path.write_text(html, encoding="utf-8", newline="")
    assert path.stat().st_size < 30e6
    with opened(chromium, path) as (tab, watch):
        until(tab, IDLE)
        assert sum(tab.evaluate("fibre.drawn").values()) == count + nodes + len(plan.offices)
        # The page paints in slices and reads a pixel after each step of one: what a step draws no frame can part.
        tab.evaluate(
            """() => {
                const proto = CanvasRenderingContext2D.prototype;
                window.paints = 0;
                window.step = 0;
                window.largest = 0;
                fibre.map.on("painted", () => { window.paints++; });
                for (const name of ["moveTo", "lineTo", "arc", "rect", "drawImage", "fillText"]) {
                    const own = proto[name];
                    proto[name] = function (...given) {
                        window.largest = Math.max(window.largest, ++window.step);
                        return own.apply(this, given);
                    };
                }
                const read = proto.getImageData;
                proto.getImageData = function (...given) {
                    window.step = 0;
                    return read.apply(this, given);
                };
            }"""
        )
        for zoom in (9, 11, 11):
            tab.evaluate(f"void fibre.map.setView([32.8, 51.5], {zoom}, {{animate: false}})")
            until(tab, IDLE)
            tab.mouse.move(900, 500)
            tab.mouse.down()
            for i in range(30):
                tab.mouse.move(900 - 9 * i, 500 + 4 * i)
            tab.mouse.up()
            until(tab, IDLE)
        assert tab.evaluate("window.paints") >= 3
        assert 0 < tab.evaluate("window.largest") < 1000
        assert watch.errors == []


def fitted(**more):
    """A street with a duct, a cable, and five fittings: one in a manhole, one on no route that is there."""
    at = [shapely.Point(51.6 + x / 1000, 32.6) for x in range(6)]
    routes = lines_of(
        shapely.LineString([at[0], at[5]]), shapely.LineString([at[0], shapely.Point(51.6, 32.604)])
    )
    manholes = layer("manholes", [at[0]], manhole_id=["M1"], kind=["manhole"])
    fittings = layer(
        "fittings",
        at[:5],
        fitting_id=[f"F{n}" for n in range(1, 6)],
        kind=["slack", "closure", "break", "slack", None],
        route_id=[*["R1"] * 4, "gone"],
        slack_m=[12.5, None, None, 8, None],
    )
    return inventory(routes.assign(route_id=["R1", "R2"]), manholes, fittings=fittings, **more)


@pytest.mark.parametrize(("lang", "word"), [("en", "slack"), ("fa", "کابل ذخیره")])
def test_fittings_are_drawn_switched_and_opened(chromium, tmp_path, lang, word):
    survey = fitted()
    place = survey.fittings.geometry[3]
    found = findings(
        [("N309", "", "error", "fittings", "F4", "it is off", "دور است", False, place.x, place.y, place)],
        survey,
    )
    page_of = written(tmp_path / "index.html", survey, found)
    with opened(chromium, page_of, fragment=f"#lang={lang}") as (tab, watch):
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.fittings") == 5
        legend = tab.locator("#legend-layers > li", has=tab.locator("#layer-fittings"))
        assert word in legend.inner_text()
        assert legend.locator(".classes li").count() == 4  # three kinds and the one that is not given
        tab.evaluate("void fibre.go('findings', 0)")
        until(tab, "Boolean(document.querySelector('.leaflet-popup .card-message'))")
        tab.locator(".leaflet-popup .facts .link").click()
        until(tab, "document.querySelector('.leaflet-popup .card-title')?.innerText === 'F4'")
        assert word in tab.locator(".leaflet-popup .card-sort").inner_text()
        # The cable that it names, the finding about it.
        tab.locator(".leaflet-popup details summary").click()
        assert tab.locator(".leaflet-popup .facts .link").inner_text() == "R1"
        assert tab.locator(".leaflet-popup .finding-link").count() == 1
        tab.locator("#layer-fittings").click()
        until(tab, IDLE)
        assert "fittings" not in tab.evaluate("fibre.drawn")
        assert watch.errors == []


def test_a_survey_without_fittings_has_no_switch_for_them(chromium, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, _):
        until(tab, IDLE)
        assert tab.locator("#layer-manholes").count() == 1
        assert tab.locator("#layer-fittings").count() == 0


HOSTILE = "<img src=x onerror=window.hacked=1>"


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
@pytest.mark.parametrize(
    ("lang", "none", "one", "three"),
    [
        ("en", "1 route has no length", "1 text", "3 texts"),
        ("fa", "۱ مسیر طولی ندارد", "۱ نوشته", "۳ نوشته"),
    ],
)
def test_what_is_left_out_is_said(chromium, tmp_path, size, lang, none, one, three):
    texts, why = Text("{count:text|texts}", "نوشته"), Text("no line", "خط نیست")
    left = tuple(LeftOut(HOSTILE, layer_name, n, texts, why) for n, layer_name in ((1, ""), (3, "paper")))
    survey = inventory(lines_of(shapely.LineString([(51.6, 32.6), (51.61, 32.6)]), None), left_out=left)
    page_of = written(tmp_path / "index.html", survey)
    with opened(chromium, page_of, fragment=f"#lang={lang}", size=size) as (tab, watch):
        until(tab, IDLE)
        assert tab.locator("#unmeasured").inner_text().startswith(none)
        said = tab.locator("#not-counted li").all_inner_texts()
        assert [text.splitlines()[0] for text in said] == [one, three]
        assert all(HOSTILE in text and why.render(lang) in text for text in said)
        assert "paper" in said[1]
        assert tab.evaluate("window.hacked") is None
        assert watch.errors == []


def test_where_nothing_is_left_out_nothing_is_said(chromium, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, _):
        until(tab, IDLE)
        assert tab.locator("#not-counted, #unmeasured").count() == 0


def test_of_very_many_that_are_left_out_the_first_are_said_and_the_rest_on_asking(chromium, tmp_path):
    left = tuple(
        LeftOut("a.dxf", str(n), 1, Text("text", "نوشته"), Text("no line", "خط نیست")) for n in range(21)
    )
    with opened(chromium, written(tmp_path / "index.html", inventory(left_out=left))) as (tab, _):
        until(tab, IDLE)
        assert tab.locator("#not-counted li").count() == 20
        tab.locator("#more-left-out").click()
        assert tab.locator("#not-counted li").count() == 21
        assert tab.locator("#more-left-out").count() == 0
