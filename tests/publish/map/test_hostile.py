"""Values from a survey are text on the map, whatever they say."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support.browser import chromium, opened, until
from support.maps import IDLE, faulty_page, findings, lines_of, plan, plan_page, written
from support.surveys import inventory, layer

from gis.publish.map import payload

__all__ = ["chromium", "faulty_page", "plan", "plan_page"]

IMAGE = "<img src=x onerror=window.hacked=1>"
SCRIPT = "</script><script>window.hacked=1</script>"
OTHERS = (
    "\"'`${window.hacked=1}`",
    "{{ 7*7 }}{% raw %}{#",
    "javascript:window.hacked=1",
    "ab\u202ecd",
    "&lt;b&gt;",
)


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory):
    texts = [IMAGE, SCRIPT, *OTHERS, "n" * 1_000_000]
    count = len(texts)
    lines = [shapely.LineString([(51.6 + i / 100, 32.6), (51.6 + i / 100, 32.605)]) for i in range(count)]
    routes = lines_of(*lines, route_id=texts, county=texts, office_id=texts, installation=texts)
    routes[IMAGE] = texts
    offices = layer(
        "offices",
        [line.interpolate(1, normalized=True) for line in lines],
        office_id=texts, name_fa=texts, name_en=texts, county=texts, connection=["new"] * count,
    )  # fmt: skip
    offices["assumption"] = texts
    offices["assumption_fa"] = texts
    survey = inventory(
        routes,
        offices=offices,
        project={
            "project": {"name": IMAGE},
            "totals": [
                {
                    "item": SCRIPT,
                    "layer": "offices",
                    "measure": "count",
                    "recorded": 1,
                    "unit": IMAGE,
                    "source": IMAGE,
                }
            ],
        },
    )
    found = findings(
        [
            ("N301", IMAGE, "error", "routes", text, text, text, False, 51.6, 32.6, shapely.Point(51.6, 32.6))
            for text in texts
        ]
    )
    return written(tmp_path_factory.mktemp("hostile") / "index.html", survey, found)


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_values_are_letters_everywhere(chromium, hostile_page, lang):
    with opened(chromium, hostile_page, fragment=f"#lang={lang}") as (tab, watch):
        until(tab, IDLE)
        assert tab.locator("#title").inner_text() == IMAGE
        assert tab.title() == IMAGE
        panel = tab.locator("#tab-answer").inner_text()
        assert SCRIPT in panel
        assert IMAGE in panel
        tab.locator("#for-counties").click()
        assert IMAGE in tab.locator("#tab-counties").inner_text()
        tab.locator(".county", has_text="onerror").click()
        tab.locator("#for-findings").click()
        assert SCRIPT in tab.locator("#tab-findings").inner_text()
        tab.locator("#search").fill("<img src=x")
        assert IMAGE in tab.locator("#search-results").inner_text()
        tab.keyboard.press("Escape")
        for row in range(8):
            tab.evaluate(f"void fibre.go('routes', {row})")
            until(tab, "Boolean(document.querySelector('.leaflet-popup .card'))")
            tab.evaluate(f"void fibre.go('offices', {row})")
            tab.wait_for_timeout(60)
        tab.evaluate("void fibre.go('routes', 0)")
        until(tab, IDLE)
        tab.wait_for_timeout(1000)
        tab.evaluate("document.querySelector('.leaflet-popup details').open = true")
        popup = tab.locator(".leaflet-popup").inner_text()
        assert popup.count(IMAGE) >= 3  # the id, the county, the column that is named so
        tab.keyboard.press("Escape")
        box = tab.locator(".folium-map").bounding_box()
        at = tab.evaluate("(({x, y}) => [x, y])(fibre.map.latLngToContainerPoint([32.6025, 51.6]))")
        tab.mouse.move(box["x"] + at[0] + 30, box["y"] + at[1])
        tab.mouse.move(box["x"] + at[0], box["y"] + at[1])
        until(tab, "Boolean(document.querySelector('.leaflet-tooltip'))")
        assert IMAGE in tab.locator(".leaflet-tooltip").inner_text()
        assert tab.evaluate("window.hacked") is None
        assert tab.locator("img").count() == 0
        assert (watch.outside, watch.errors, watch.dialogs) == ([], [], [])


def test_values_are_bounded_and_turning_marks_are_written_out(chromium, hostile_page):
    assert hostile_page.stat().st_size < 2_000_000
    with opened(chromium, hostile_page, fragment="#lang=en&tab=counties") as (tab, _):
        until(tab, IDLE)
        text = tab.locator("#tab-counties").inner_text()
        assert "ab[U+202E]cd" in text
        assert "\u202e" not in text


@pytest.mark.parametrize(
    "fragment",
    [
        "#map=99/999/abc&lang=<img>&tab=x&off=__proto__,offices&by=constructor&at=__proto__/x",
        "#%",
        "#at=routes/" + "x" * 9000,
    ],
)
def test_a_hostile_address_does_no_harm(chromium, plan_page, fragment):
    with opened(chromium, plan_page, fragment=fragment) as (tab, watch):
        until(tab, IDLE)
        assert tab.evaluate("fibre.drawn.cables") > 0
        assert (watch.errors, watch.outside) == ([], [])


def test_policy_stops_scripts_that_are_not_the_pages_own(chromium, plan_page):
    with opened(chromium, plan_page) as (tab, watch):
        until(tab, IDLE)
        tab.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.hacked = 1";
                document.body.append(script);
                const image = document.createElement("div");
                image.innerHTML = "<img src=x onerror='window.hacked = 1'>";
                document.body.append(image);
            }"""
        )
        tab.wait_for_timeout(100)
        assert tab.evaluate("window.hacked") is None
        assert any("Content Security Policy" in error for error in watch.errors)


@given(st.text())
def test_embedded_data_is_the_same_text_and_ends_no_tag(text):
    written = payload.dumps({"value": text})
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written)["value"] == text


def test_a_table_for_spreadsheets_holds_no_formula(chromium, tmp_path):
    names = ["=1+1", "+1", "-1", "@A1", "\t=1", 'a"b,c', "plain"]
    lines = [
        shapely.LineString([(51.6 + i / 100, 32.6), (51.6 + i / 100, 32.605)]) for i in range(len(names))
    ]
    survey = inventory(lines_of(*lines, route_id=names, recorded_length_m=[-5.0] * len(names)))
    with opened(chromium, written(tmp_path / "index.html", survey)) as (tab, _):
        until(tab, IDLE)
        rows = list(csv.DictReader(io.StringIO(tab.evaluate("fibre.csv()").removeprefix("\ufeff"))))
    assert [row["route_id"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@A1", "'\t=1", 'a"b,c', "plain"]
    assert {row["recorded_length_m"] for row in rows} == {"-5"}
