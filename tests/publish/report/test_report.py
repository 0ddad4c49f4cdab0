"""The report: what it says, and how it behaves in a real Chromium."""

from __future__ import annotations

import hashlib
import math
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from support import specimens
from support.browser import chromium, opened

from gis import api, lengths, totals
from gis.checks.registry import pages
from gis.inventory import Source
from gis.publish.exports import sarif
from gis.publish.report import report

__all__ = ["chromium"]

HOSTILE = "<img src=x onerror=alert(1)>\"'`{{7*7}}</script></style>\u202e"
PROJECT = {
    "project": {"name": "Trial", "name_fa": "آزمایش", "elevation_m": 1570.0, "accuracy_m": 3.0},
    "totals": [
        {
            "item": "cable",
            "item_fa": "کابل",
            "layer": "routes",
            "measure": "length",
            "where": {"kind": "cable"},
            "recorded": 2040,
            "unit": "m",
            "tolerance": "0.1 %",
            "source": "minutes 12",
        },
        {
            "item": "duct",
            "item_fa": "داکت",
            "layer": "routes",
            "measure": "length",
            "where": {"kind": "duct"},
            "recorded": 1.2,
            "unit": "km",
            "tolerance": "1 %",
        },
        {
            "item": "manholes",
            "item_fa": "حوضچه",
            "layer": "manholes",
            "measure": "count",
            "recorded": 2,
            "unit": "manholes",
        },
    ],
}
FOUND = [
    {"feature": "R-1", "message": "its end is 2.3 m off"},
    {
        "code": "G201",
        "severity": "error",
        "feature": "#17",
        "message": "has no geometry",
        "lon": math.nan,
        "lat": math.nan,
    },
    {"code": "A402", "severity": "info"},
]


def written(inventory=None, findings=None, lang="fa", **more):
    inventory = inventory or specimens.inventory(project=PROJECT)
    measured = lengths.measure(inventory)
    found = specimens.findings(FOUND) if findings is None else findings
    return report.report_html(inventory, measured, found, totals.reconcile(inventory, measured), lang, **more)


@pytest.fixture
def page_of(tmp_path):
    def save(html):
        (tmp_path / "report.html").write_text(html, "utf-8")
        return tmp_path / "report.html"

    return save


def plain(text):
    """Leave out isolates, which are there for the eye alone."""
    return re.sub("[\u2066-\u2069]", "", " ".join(text.split()))


# What it says


def test_it_opens_in_persian_and_switches_without_a_request(chromium, page_of):
    with opened(chromium, page_of(written())) as (page, watch):
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["fa", "rtl"]
        assert page.title() == "آزمایش — گزارش برداشت"
        text = plain(page.inner_text("body"))
        assert "۲٬۰۴۷٫۱۹" in text
        assert "Recorded against measured" not in text
        page.get_by_role("button", name="English").click()
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["en", "ltr"]
        assert page.title() == "Trial — survey report"
        text = plain(page.inner_text("body"))
        assert "2,047.19" in text
        assert "۲٬۰۴۷٫۱۹" not in text
        assert page.url.endswith("#en")
        assert watch.errors == []
        assert len(watch.requests) == 1 + sum(url.startswith("data:font") for url in watch.requests)


def test_an_address_asks_for_a_language(chromium, page_of):
    with opened(chromium, page_of(written()), fragment="#en") as (page, _):
        assert page.locator("main:visible").get_attribute("lang") == "en"
    with opened(chromium, page_of(written()), fragment="#xx") as (page, _):
        assert page.locator("main:visible").get_attribute("lang") == "fa"


def test_verdicts_are_told_in_words_with_their_figures(chromium, page_of):
    with opened(chromium, page_of(written(lang="en"))) as (page, _):
        rows = [plain(row.inner_text()) for row in page.locator("main:visible .totals tbody tr").all()]
        signs = page.locator("main:visible .totals .verdict svg path").evaluate_all(
            "e => e.map(p => p.getAttribute('d'))"
        )
    assert re.fullmatch(
        r"cable minutes 12 cable: 1 of 2 routes states no accuracy; 3 m a coordinate was assumed\. "
        r"cable: a survey accurate to [\d.]+ m a coordinate would decide it\. "
        # Where the two meet, the accuracy that the one states (2 cm) is the point's: one end is left, known to 3 m.
        r"2,040 2,047\.19 3\.00 0\.00 \+7\.19 \+1\.18 … \+13\.19 2\.04 m undecided",
        rows[0],
    )
    assert re.fullmatch(
        r"duct .*1\.2 0\.469 0\.004 0\.000 −0\.731 −0\.739 … −0\.722 0\.012 km differs",
        rows[1],
    )
    assert rows[2] == "manholes 2 2 0 0 manholes agrees"
    assert len(set(signs)) == 3


def test_it_says_that_the_geometry_is_illustrative_and_what_is_assumed(chromium, page_of):
    with opened(chromium, page_of(written())) as (page, _):
        notice = plain(page.inner_text("main:visible .notice"))
        assert "هندسهٔ این نقشه نمایشی است." in notice
        assert "فرمانداری‌ها: ۱ از ۱" in notice
        assert "فرض: نام آن‌ها در گزارش نیست — فرمانداری اصفهان" in notice
        page.get_by_role("button", name="English").click()
        notice = plain(page.inner_text("main:visible .notice"))
        assert "The geometry is illustrative." in notice
        assert "Assumed: which ones is not on record — Isfahan" in notice


def test_a_surveyed_network_has_no_such_notice():
    assert 'class="notice"' not in written(specimens.inventory(offices=[]))


def test_findings_stand_under_their_severity_with_a_remedy(chromium, page_of):
    with opened(chromium, page_of(written(lang="en"))) as (page, _):
        headings = [plain(h.inner_text()) for h in page.locator("main:visible h3, main:visible h4").all()]
        text = plain(page.inner_text("main:visible"))
    assert headings[:6] == [
        "error 1",
        "G201 No geometry 1",
        "warning 1",
        "N301 Loose end 1",
        "note 1",
        "A402 Id used twice 1",
    ]
    assert "its end is 2.3 m off" in text
    assert "32.650000, 51.660000" in text
    assert "Survey the rest of the route or add the manhole at its end." in text
    assert "the project names no area C102" in text


def test_a_clean_survey_says_what_was_looked_at(chromium, page_of):
    with opened(chromium, page_of(written(findings=specimens.findings(), lang="en"))) as (page, _):
        assert (
            plain(page.inner_text("main:visible .clean"))
            == "No findings: 2 checks over 3 layers, 6 features."
        )


def test_a_check_that_failed_is_named():
    assert "ValueError: &lt;x&gt;" in written(findings=specimens.findings(failed={"N301": "ValueError: <x>"}))


def test_it_says_how_lengths_were_taken(chromium, page_of):
    with opened(chromium, page_of(written(lang="en"))) as (page, _):
        text = plain(page.inner_text("main:visible"))
    assert "the geodesic length" in text
    assert "in the UTM zone of each route — zone 39: 3 routes" in text
    assert "the geodesic raised to 1,570 m above the ellipsoid; no vertex has a height of its own" in text
    assert "stated by 1 of 3 routes: 0.02 m; assumed where it is not stated, 2 routes: 3 m" in text
    assert "Surveyed 2021-06-09 (19 Khordad 1400)" in text


def test_a_grid_of_the_project_is_named():
    named = {"project": {"name": "x", "crs": "EPSG:32639"}}
    assert "in the plane of WGS 84 / UTM zone 39N (EPSG:32639)" in written(specimens.inventory(project=named))


def test_sums_by_county_add_up(chromium, page_of):
    measured = lengths.measure(specimens.inventory())
    with opened(chromium, page_of(written(lang="en"))) as (page, _):
        cells = page.locator("main:visible .counties tbody td.held").all_inner_texts()
        bars = (
            page.locator("main:visible .counties tbody tr")
            .first.locator("rect")
            .evaluate_all("rects => rects.map(r => r.width.baseVal.value).reduce((a, b) => a + b)")
        )
    assert sum(float(cell.replace(",", "")) for cell in cells) == pytest.approx(
        measured["geodesic_m"].sum(), abs=0.01
    )
    assert bars == pytest.approx(100, abs=0.02)


def test_english_names_of_counties_are_used_where_they_are_known():
    line = specimens.line((51.66, 32.65), (51.66, 32.66))
    html = written(specimens.inventory([specimens.route("A", line, county_en="Isfahan")]))
    assert '<th scope="row">Isfahan</th>' in html
    assert '<th scope="row">اصفهان</th>' in html


def test_a_run_names_the_digests_of_the_files_that_are_signed_for(plan, tmp_path):
    result = api.run(plan / "isfahan.toml", tmp_path / "maps")
    html = (tmp_path / "maps" / "report.html").read_text("utf-8")
    others = [path for path in result.files if path.name != "report.html"]
    assert len(others) == 6
    for path in others:
        assert html.count(hashlib.sha256(path.read_bytes()).hexdigest()) == 2, path


def test_passwords_of_sources_are_not_shown():
    source = Source(
        "postgresql://me:secret@host/db", "r", "routes", "PostgreSQL", "EPSG:4326", "UTF-8", 1, {}
    )
    html = written(specimens.inventory(sources=(source,)))
    assert "postgresql://me:***@host/db" in html
    assert "secret" not in html


def test_an_empty_survey_has_a_report():
    html = written(specimens.inventory([], [], []), specimens.findings())
    assert "The project names no recorded totals." in html


# How it behaves


def test_hostile_values_are_letters(chromium, page_of):
    inventory = specimens.inventory(
        [
            specimens.route(
                HOSTILE,
                specimens.line((51.66, 32.65), (51.66, 32.66)),
                county=HOSTILE,
                kind=HOSTILE,
                status=HOSTILE,
            )
        ],
        project={"project": {"name": HOSTILE, "name_fa": HOSTILE}},
        sources=(Source(HOSTILE, HOSTILE, "routes", HOSTILE, HOSTILE, HOSTILE, 1, {}),),
    )
    found = specimens.findings(
        [{"feature": HOSTILE, "message": HOSTILE, "message_fa": HOSTILE, "layer": HOSTILE}],
        failed={"A402": HOSTILE},
    )
    html = written(inventory, found, "en", digests={HOSTILE: HOSTILE})
    with opened(chromium, page_of(html)) as (page, watch):
        assert page.inner_text("main:visible h1") == HOSTILE.replace("\u202e", "\ufffd")
        assert page.locator("img").count() == 0
        assert (watch.errors, watch.dialogs, watch.outside) == ([], [], [])
    assert "\u202e" not in html


def test_the_policy_stops_what_is_not_of_the_page(chromium, page_of):
    foreign = "<script>document.title = 'run'</script><img src='https://example.org/x.png'><nav"
    with opened(chromium, page_of(written().replace("<nav", foreign, 1))) as (page, watch):
        assert page.title() != "run"
        assert len(watch.errors) == 2
        assert all(
            "violates the following Content Security Policy directive" in error for error in watch.errors
        )


def test_long_values_do_not_widen_the_page(chromium, page_of):
    endless = "x" * 5000
    inventory = specimens.inventory(
        [specimens.route(endless, specimens.line((51.66, 32.65), (51.66, 32.66)), county=endless)],
        project={"project": {"name": endless}},
    )
    html = written(
        inventory, specimens.findings([{"feature": endless, "message": endless, "message_fa": endless}])
    )
    with opened(chromium, page_of(html), size=(390, 844)) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_thousands_of_findings_are_bounded():
    html = written(findings=specimens.findings([{}] * 3000), lang="en")
    assert "… and 2,960 more; findings.gpkg has all." in html
    assert len(html) < 500_000


@pytest.mark.parametrize(
    ("fragment", "dark", "width"),
    [("#fa", False, 390), ("#fa", True, 1440), ("#en", True, 390), ("#en", False, 1440)],
)
def test_nothing_for_axe_to_complain_of(chromium, page_of, fragment, dark, width):
    page_file = page_of(written(digests={"report.json": "ab" * 32}))
    with opened(chromium, page_file, size=(width, 900), fragment=fragment, dark=dark) as (page, _):
        found = Axe().run(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert found.violations_count == 0, found.generate_report()


def test_it_is_read_by_keyboard(chromium, page_of):
    with opened(chromium, page_of(written())) as (page, _):
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator("main:visible").get_attribute("lang") == "en"


def test_it_prints_on_a4(chromium, page_of):
    with opened(chromium, page_of(written())) as (page, _):
        printed = page.pdf(prefer_css_page_size=True)
    boxes = set(re.findall(rb"/MediaBox \[([\d. ]+)\]", printed))
    assert [[round(float(value) / 72 * 25.4) for value in box.split()] for box in boxes] == [[0, 0, 210, 297]]


def test_same_survey_same_page():
    assert written() == written()
    assert written(lang="en") != written(lang="fa")


def test_it_says_what_was_left_out_and_what_was_not_measured(tmp_path):
    (tmp_path / "site.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>routes</name>'
        "<Placemark><name>R-1</name><LineString>"
        "<coordinates>51.66,32.65 51.67,32.65</coordinates></LineString></Placemark>"
        "<Placemark><name>R-2</name></Placemark>"
        "<ScreenOverlay/></Document></kml>"
    )
    survey = api.read([tmp_path / "site.kml"])
    text = plain(re.sub("<[^>]*>", " ", written(survey, api.check(survey), lang="en")))
    assert "Left out and not measured" in text
    assert "1 route has no length: its geometry is missing or broken." in text
    assert re.search(r"site\.kml\s+routes\s+1\s+image laid over the map\s+it is no line and no point", text)
    assert re.search(
        r"site\.kml\s+routes\s+1\s+route without a length\s+its geometry is missing or no line", text
    )
    assert re.search(r"site\.kml\s+routes\s+۱\s+مسیر بی‌طول", text)


def test_a_report_of_a_whole_delivery_has_no_such_section():
    assert "Left out and not measured" not in written(lang="en")


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_the_page_of_every_check_can_be_shown(lang):
    every = specimens.findings([{"code": code, "severity": page.severity} for code, page in pages().items()])
    text = written(findings=every, lang=lang)
    assert "set = { … }" in text
    assert "set = { … }" in sarif.sarif_json(every, [], lang).decode()
