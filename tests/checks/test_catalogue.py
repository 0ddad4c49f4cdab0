"""The catalogue is a contract: codes, names, severities and fixes, and a page in two languages for each."""

import re
import string
import subprocess
import sys

import geopandas as gpd
import pytest
import shapely
from support.plan import ROOT
from support.surveys import inventory

from gis import checks
from gis.checks import book
from gis.checks.findings import messages
from gis.checks.fixes.repairs import REPAIRS
from gis.checks.registry import finders, pages
from gis.errors import ProjectError
from gis.inventory import Note
from gis.language import Text

# Severity e error, w warning, i info; + has a safe fix, ± an unsafe one.
CATALOGUE = """
D001 unreadable e | D002 incomplete-shapefile e | D003 damaged-record e | D004 unknown-layer e
D005 missing-column e | D006 guessed-encoding w | D007 lost-text e | D008 unsafe-archive e
D009 empty-layer e | D010 refused-source e | D011 unjoined-rows w
C101 missing-crs e± | C102 outside-area e | C103 swapped-axes e± | C104 wrong-zone e± | C105 datum-shift e±
C106 unfit-crs w | C107 mixed-crs w | C108 coarse-coordinates w | C109 zero-coordinates e
 C110 layer-shifted w | C111 positions-disagree w | C112 coarse-feature w
G201 missing-geometry e | G202 wrong-geometry-type e | G203 invalid-geometry e± | G204 short-route e
G205 repeated-vertex i+ | G206 spike w± | G207 self-crossing w | G208 doubling-back e± | G209 long-segment w
G210 multipart-route w+ | G211 implausible-height w | G212 duplicate-feature e+ | G213 overlapping-routes w
G214 surveyed-twice w
N301 loose-end w | N302 near-miss w± | N303 overshoot w± | N304 stray-manhole w | N305 unserved-office e
N306 island w | N307 unmarked-crossing i | N308 pseudo-node i+ | N309 unknown-reference e
N310 distant-reference e | N311 cable-outside-duct w | N312 unused-node i
N313 fitting-off-cable w | N314 reference-to-no-cable e | N315 branch-without-closure w
N316 reference-in-another-spelling i | N317 long-pull w | N318 bent-pull w | N319 cable-in-planned-duct w
N320 rising-fibres w
A401 missing-value e | A402 repeated-id e | A403 unknown-value w | A404 out-of-range w
A405 unnormalised-text i+ | A406 impossible-date w | A407 wrong-county w | A408 mojibake e+
A409 contradicted-installation w
T501 length-mismatch w | T502 implausible-slack w | T503 total-differs e | T504 total-undecided w
T505 slack-sum-differs w
"""
_SEVERITY = {"e": "error", "w": "warning", "i": "info"}
_FIX = {"": None, "+": "safe", "±": "unsafe"}
ROWS = [entry.split() for entry in re.split(r"[|\n]", CATALOGUE) if entry.strip()]
DOCS = ROOT / "docs"


def test_every_code_has_its_name_severity_and_fix():
    stated = {code: (name, _SEVERITY[mark[0]], _FIX[mark[1:]]) for code, name, mark in ROWS}
    assert {code: (page.name, page.severity, page.fix) for code, page in pages().items()} == stated


def test_every_page_has_its_function_named_like_it_in_the_module_of_its_family():
    assert list(finders()) == list(pages())
    for code, function in finders().items():
        assert function.__name__ == pages()[code].name.replace("-", "_")
        assert function.__module__ == f"gis.checks.rules.{checks.FAMILIES[code[0]]}"


def test_what_is_marked_as_fixable_has_a_repair():
    # C101 is accepted, not repaired.
    assert set(REPAIRS) | {"C101"} == {code for code, page in pages().items() if page.fix}


def test_families_and_codes_stand_in_order():
    order = "DCGNAT"
    assert list(pages()) == sorted(pages(), key=lambda code: (order.index(code[0]), code))


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.code)
def test_both_languages_say_the_same_fields(page):
    for name in ("title", "message", "looks_for", "matters", "example", "remedy"):
        words = getattr(page, name)
        assert words.en
        assert words.fa
        assert re.search("[آ-ی]", words.fa)
        # Persian, not Arabic, letters.
        assert not re.search("[يكى]", words.fa) or page.code == "A405"
    fields = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in (page.message.en, page.message.fa)
    ]
    assert fields[0] == fields[1]


def test_the_remedy_says_whether_the_fix_is_safe():
    for page in pages().values():
        said = {
            "safe": ("; safe", "ایمن است"),
            "unsafe": ("unsafe", "ناامن است"),
            None: ("cannot be fixed", "اصلاح خودکار ندارد"),
        }
        english, persian = said[page.fix]
        assert english in page.remedy.en, page.code
        assert persian in page.remedy.fa, page.code


@pytest.mark.parametrize(("lang", "file"), [("en", "checks.md"), ("fa", "checks.fa.md")])
def test_the_documentation_is_the_book(lang, file):
    # To write it again: python -m gis.checks.book
    assert (DOCS / file).read_text("utf-8") == book.write(lang)


@pytest.mark.parametrize("wanted", ["N302", "n302", "near-miss"])
def test_a_page_is_found_by_code_or_name(wanted):
    assert "five tolerances" in book.page_text(wanted)
    assert "پنج برابر" in book.page_text(wanted, "fa")


def test_an_unknown_page_is_refused():
    with pytest.raises(ProjectError, match="no check X999"):
        book.page_text("X999")


def test_the_listing_has_a_line_a_check():
    assert sum(bool(re.match(r"  [A-Z]\d{3} ", line)) for line in book.listing().splitlines()) == len(pages())


def test_a_selection_is_codes_families_or_all():
    assert checks.selection(["all"], []) == list(pages())
    assert checks.selection(["T"], ["T501"]) == ["T502", "T503", "T504", "T505"]
    assert checks.selection(["N302", "A"], ["A40"[:1]]) == ["N302"]
    with pytest.raises(ProjectError, match="Z9"):
        checks.selection(["Z9"], [])


def test_a_survey_of_nothing_runs_and_says_what_was_not_looked_for():
    findings = checks.run(inventory())
    assert len(findings) == 0
    assert findings.failed == {}
    assert set(findings.ran) | set(findings.not_run) == set(pages())
    assert findings.not_run["N301"].en == "no routes"
    assert findings.not_run["C102"].fa == "پروژه محدوده‌ای ندارد"


def test_a_check_that_breaks_is_named(monkeypatch):
    def broken(context):
        raise ZeroDivisionError("of all things")

    monkeypatch.setitem(__import__("gis.checks.registry", fromlist=["_FINDERS"])._FINDERS, "G201", broken)
    findings = checks.run(inventory())
    assert findings.failed == {"G201": "ZeroDivisionError: of all things"}
    assert "G201" not in findings.ran


_BROKEN = """
import sys
import gis.checks
from gis.checks import registry
from gis.cli import main

def broken(context):
    raise ZeroDivisionError("of all things")

registry._FINDERS["G201"] = broken
sys.argv = ["fibre", "check", *sys.argv[1:]]
main()
"""


def test_the_command_names_what_broke_and_exits_with_two(tmp_path):
    line = shapely.LineString([(51.6, 32.6), (51.603, 32.6)])
    columns = {"route_id": ["R1"], "kind": ["cable"], "status": ["new"], "county": ["x"]}
    gpd.GeoDataFrame(columns, geometry=[line], crs=4326).to_file(tmp_path / "routes.geojson")
    posts = [shapely.Point(at) for at in line.coords]
    columns = {"manhole_id": ["M1", "M2"], "status": ["new"] * 2}
    gpd.GeoDataFrame(columns, geometry=posts, crs=4326).to_file(tmp_path / "manholes.geojson")
    files = [tmp_path / "routes.geojson", tmp_path / "manholes.geojson"]
    for program, expected in ((["-m", "gis", "check"], 0), (["-c", _BROKEN], 2)):
        done = subprocess.run(
            [sys.executable, *program, *files], capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert done.returncode == expected
        assert re.search(r"No findings: \d+ checks over 2 layers, 3 features", done.stdout)
    assert "check G201 failed: ZeroDivisionError: of all things" in done.stderr


@pytest.mark.parametrize("code", [row[0] for row in ROWS if row[0][0] in "DC" and row[0] != "C102"])
def test_a_note_of_the_reading_becomes_a_finding(code):
    note = Note(code, "routes", "R7", {"reason": Text("cut off", "بریده")}, 51.6, 32.6)
    findings = checks.run(inventory(notes=(note,)), select=[code])
    assert findings[["code", "layer", "feature", "lon", "lat"]].to_numpy().tolist() == [
        [code, "routes", "R7", 51.6, 32.6]
    ]
    assert "{" not in findings["message"][0] + findings["message_fa"][0]
    assert len(checks.run(inventory(), select=[code])) == 0


def test_a_damaged_record_without_a_reason_says_so():
    notes = [Note("D003", "a.json", "4", {"record": 4, **fields}) for fields in ({"reason": ""}, {})]
    findings = checks.run(inventory(notes=tuple(notes)), select=["D003"])
    assert (
        findings["message"].tolist()
        == ["record 4 could not be read (the reader gives no reason); the others were"] * 2
    )
    assert "()" not in findings["message_fa"][0]


def test_messages_in_bulk_are_those_of_the_text():
    text = Text("{{{a:.2f}}} of {b} at {c:+,.1f}", "{{{a:.2f}}} از {b} در {c:+,.1f}")
    a, b, c = [1.5, 2.25], ["x", "ی"], -1234.56
    for lang in ("en", "fa"):
        rendered = [text.render(lang, a=one, b=other, c=c) for one, other in zip(a, b, strict=True)]
        assert messages(text, lang, 2, {"a": a, "b": b, "c": c}) == rendered


def test_a_field_that_a_note_leaves_out_shows_as_a_dash():
    assert messages(Text("it is {what}", "{what} است"), "en", 1, {}) == ["it is —"]
