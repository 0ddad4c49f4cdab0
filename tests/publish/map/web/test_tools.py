"""What people do with the map: measure, go to findings and back, pass a view on, download, print."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from support.browser import chromium, opened, until
from support.ground import routes
from support.maps import IDLE, faulty_page, plan, plan_page, written
from support.surveys import inventory

from gis import checks, lengths
from gis.checks.registry import pages

__all__ = ["chromium", "faulty_page", "plan", "plan_page"]


def test_distance_is_geographiclibs(chromium, plan_page):
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(-180, 180, 400), rng.uniform(-89, 89, 400)
    azimuth, far = rng.uniform(0, 360, 400), 10 ** rng.uniform(-2, 7, 400)
    pairs = []
    for values in zip(lat, lon, azimuth, far, strict=True):
        end = Geodesic.WGS84.Direct(*map(float, values))
        pairs.append([values[1], values[0], end["lon2"], end["lat2"]])
    exact = [Geodesic.WGS84.Inverse(b, a, d, c)["s12"] for a, b, c, d in pairs]
    with opened(chromium, plan_page) as (tab, _):
        ours = tab.evaluate("pairs => pairs.map(one => fibre.distance(...one))", pairs)
    assert max(abs(a - b) for a, b in zip(ours, exact, strict=True)) < 0.001


def test_utm_is_projs(chromium, plan_page):
    rng = np.random.default_rng(2)
    places = [
        [float(a), float(b)]
        for a, b in zip(rng.uniform(-179.9, 179.9, 200), rng.uniform(-79.9, 83.9, 200), strict=True)
    ]
    with opened(chromium, plan_page) as (tab, _):
        ours = tab.evaluate("places => places.map(one => fibre.utm(...one))", places)
        assert tab.evaluate("fibre.utm(51, 85)") is None
    for (lon, lat), utm in zip(places, ours, strict=True):
        grid = pyproj.Proj(proj="utm", zone=utm["zone"], south=lat < 0, ellps="WGS84")
        assert grid(lon, lat) == pytest.approx((utm["easting"], utm["northing"]), abs=0.001)


def test_measured_on_the_map_is_what_fibre_measures(chromium, plan, plan_page):
    row = int(np.argmax(plan.routes["kind"] == "duct"))
    vertices = shapely.get_coordinates(plan.routes.geometry.iloc[row])[:3]
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, watch):
        until(tab, IDLE)
        west, south, east, north = shapely.LineString(vertices).bounds
        tab.evaluate(
            f"void fibre.map.fitBounds([[{south},{west}],[{north},{east}]], {{animate: false, padding: [250, 250]}})"
        )
        until(tab, IDLE)
        tab.locator("#measure").click()
        box = tab.locator(".folium-map").bounding_box()
        for lon, lat in vertices.tolist():
            at = tab.evaluate(f"(({{x, y}}) => [x, y])(fibre.map.latLngToContainerPoint([{lat}, {lon}]))")
            tab.mouse.click(box["x"] + at[0] + 2, box["y"] + at[1] - 2)  # beside it: the vertex draws it in
            tab.wait_for_timeout(350)  # not a double click
        exact = pyproj.Geod(ellps="WGS84").line_length(*vertices.T)
        assert tab.evaluate("fibre.measured()") == pytest.approx(exact, abs=0.001)
        assert f"{tab.evaluate('fibre.measured()'):,.3f}" in tab.locator("#measure-text").inner_text()
        assert watch.errors == []


def test_findings_lead_to_their_places_and_back(chromium, faulty_page):
    with opened(chromium, faulty_page, fragment="#lang=en&tab=findings") as (tab, watch):
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.findings") == 121  # all but the one without a place
        before = tab.evaluate("[fibre.map.getCenter().lat, fibre.map.getCenter().lng, fibre.map.getZoom()]")
        third = tab.locator(".check[data-code=G203] .finding-go").nth(2)
        said = third.locator(".finding-text").inner_text()
        third.click()
        until(tab, "Boolean(document.querySelector('.leaflet-popup'))")
        assert tab.evaluate("fibre.map.getZoom()") > 14
        assert said in tab.locator(".leaflet-popup").inner_text()
        tab.locator("#finding-back").click()
        until(tab, IDLE)
        assert tab.evaluate(
            "[fibre.map.getCenter().lat, fibre.map.getCenter().lng, fibre.map.getZoom()]"
        ) == pytest.approx(before)
        assert tab.evaluate("document.activeElement.innerText").startswith("G203")
        assert watch.errors == []


def test_findings_are_filtered_by_severity_and_code_in_list_and_map(chromium, faulty_page):
    with opened(chromium, faulty_page, fragment="#lang=en&tab=findings") as (tab, _):
        until(tab, IDLE)
        tab.locator("#chip-error").click()
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.findings") == 80
        assert "80 of 122" in tab.locator("#tab-findings").inner_text()
        tab.locator("#finding-code").select_option("N307")
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.findings") == 40
        assert tab.locator(".finding").count() == 40
        link = tab.evaluate("location.hash")
    with opened(chromium, faulty_page, fragment=link) as (tab, _):
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.findings") == 40


def test_of_each_check_the_worst_are_listed_and_the_rest_on_demand(chromium, faulty_page):
    with opened(chromium, faulty_page, fragment="#lang=en&tab=findings") as (tab, watch):
        until(tab, IDLE)
        assert tab.locator(".check[data-code=N307] .finding").count() == 3
        tab.locator("#more-N307").click()
        assert tab.locator(".check[data-code=N307] .finding").count() == 40
        assert watch.errors == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_cause_is_one_entry_that_opens_to_its_findings(chromium, tmp_path, lang):
    # Digitised from a plan: each of thirty routes has a vertex every kilometre, one of them none for ninety.
    lines = [shapely.LineString([(51 + 0.01 * j, 32 + 0.05 * i) for j in range(3)]) for i in range(30)]
    lines.append(shapely.LineString([(51, 34), (52, 34)]))
    survey = inventory(routes(*lines))
    page = written(tmp_path / "map.html", survey, checks.run(survey, select=["G209"]), lang=lang)
    with opened(chromium, page, fragment=f"#lang={lang}&tab=findings") as (tab, watch):
        until(tab, IDLE)
        assert tab.locator(".check").count() == 1
        assert tab.locator(".check > .findings > .finding").count() == 2  # the cause, and the outlier
        assert tab.locator(".cause .finding").count() == 0
        tab.locator(".cause [aria-expanded=false]").click()
        assert tab.locator(".cause .finding").count() == 30
        # A finding of the cause leads to its place, and the cause stays open with it.
        tab.locator(".cause .finding-go").nth(5).click()
        until(tab, "Boolean(document.querySelector('.leaflet-popup'))")
        assert tab.locator(".cause .finding.current").count() == 1
        tab.locator(".cause > [aria-expanded=true]").click()
        assert watch.errors == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_page_of_the_check_is_at_hand(chromium, faulty_page, lang):
    text = pages()["N307"]
    with opened(chromium, faulty_page, fragment=f"#lang={lang}&tab=findings&code=N307") as (tab, _):
        until(tab, IDLE)
        tab.locator("#tab-findings > .link").click()
        shown = " ".join(tab.locator("#check-page").inner_text().split())
        for part in (text.title, text.remedy):
            assert " ".join(part.render(lang).split()) in shown
        tab.keyboard.press("Escape")
        assert not tab.locator("#check-page").is_visible()


def test_address_leads_to_the_same_view(chromium, plan, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, _):
        until(tab, IDLE)
        tab.locator("#colour-by").select_option("county")
        tab.locator("#layer-manholes").click()
        tab.locator("#for-counties").click()
        tab.evaluate("void fibre.map.setView([32.69, 51.53], 14, {animate: false})")
        link = tab.evaluate("location.hash")
    with opened(chromium, plan_page, fragment=link) as (tab, _):
        until(tab, IDLE)
        assert tab.evaluate(
            "[fibre.map.getZoom(), fibre.map.getCenter().lat, fibre.map.getCenter().lng]"
        ) == pytest.approx([14, 32.69, 51.53], abs=1e-4)
        assert tab.locator("#colour-by").input_value() == "county"
        assert not tab.locator("#layer-manholes").is_checked()
        assert tab.locator("#for-counties").get_attribute("aria-selected") == "true"
        assert "manholes" not in tab.evaluate("fibre.drawn")


def test_what_is_shown_downloads_as_geojson(chromium, plan, plan_page, tmp_path):
    with opened(chromium, plan_page, fragment="#lang=en&off=manholes,exchanges") as (tab, _):
        until(tab, IDLE)
        with tab.expect_download() as download:
            tab.locator("#save-geojson").click()
        download.value.save_as(tmp_path / "survey.geojson")
    saved = gpd.read_file(tmp_path / "survey.geojson")
    assert len(saved) == len(plan.offices) + len(plan.routes)
    routes = saved[saved["layer"] == "routes"].set_index("route_id").loc[plan.routes["route_id"]]
    assert shapely.equals_exact(routes.geometry.to_numpy(), plan.routes.geometry.to_numpy(), 1e-9).all()
    assert routes["geodesic_m"].to_numpy() == pytest.approx(
        lengths.measure(plan)["geodesic_m"].to_numpy(), abs=1e-4
    )


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_prints_on_one_a4_page(chromium, plan_page, lang):
    with opened(chromium, plan_page, fragment=f"#lang={lang}", dark=True) as (tab, watch):
        until(tab, IDLE)
        before = tab.evaluate("fibre.map.getZoom()")
        paper = tab.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        width, height = map(float, re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", paper).groups())
        assert (width, height) == pytest.approx((297 / 25.4 * 72, 210 / 25.4 * 72), abs=1)
        dates = tab.locator("#print-date").text_content()
        today = tab.evaluate(
            "new Date().toLocaleDateString('en-US-u-ca-persian', {year: 'numeric'}).match(/\\d+/)[0]"
        )
        year = tab.evaluate("String(new Date().getFullYear())")
        digits = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹") if lang == "fa" else {}
        assert today.translate(digits) in dates
        assert year.translate(digits) in dates
        until(tab, IDLE)
        assert tab.evaluate("fibre.map.getZoom()") == pytest.approx(before)
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        assert watch.errors == []


def test_printing_takes_over_a_painting_that_is_under_way(chromium, plan_page):
    with opened(chromium, plan_page, fragment="#lang=en") as (tab, watch):
        until(tab, IDLE)
        # A clock that runs so fast that no slice ends a painting: each leaves a frame for the next one.
        tab.evaluate(
            """() => {
                const now = performance.now.bind(performance);
                let ahead = 0;
                performance.now = () => now() + (ahead += 1000);
                window.dispatchEvent(new Event("beforeprint"));
            }"""
        )
        assert tab.evaluate("fibre.idle") is True
        tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert watch.errors == []
