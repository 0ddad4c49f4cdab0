"""Every page of every check goes through every output, with values that hold what the outputs themselves write with."""

from __future__ import annotations

import json
import sqlite3
import string
from contextlib import closing

import numpy as np
import openpyxl
import pytest
import shapely
from rich.console import Console
from support.surveys import inventory, layer

from gis import lengths
from gis.checks import book
from gis.checks.findings import Findings, join, tabulate
from gis.checks.registry import Found, pages
from gis.documents import RunDocument
from gis.language import Text
from gis.publish import bundle
from gis.publish.answers import check_document, measure_document, totals_document
from gis.publish.exports import sarif
from gis.publish.map.tiled import tiles
from gis.publish.tables import terminal
from gis.publish.tables.csv import findings_csv

# Fields of a template, of an f-string, of printf, of rich and of Jinja.
VALUE = "{} {0} {name} {{x}} %s [bold] {% x %} ${y}"
LINE = shapely.LineString([(51.6, 32.6), (51.61, 32.6)])


def survey():
    return inventory(layer("routes", [LINE], route_id=[VALUE], source=[f"{VALUE}.gpkg"]))


def findings():
    """Make a finding of each page, each of its fields a value that looks like a field."""
    tables = []
    for page in pages().values():
        names = {name for _, name, _, _ in string.Formatter().parse(page.message.en) if name}
        amounts = {name: 1.0 for name in (page.amount, page.limit) if name}
        found = Found("routes", np.array([0]), fields={**dict.fromkeys(names, VALUE), **amounts})
        tables.append(tabulate(survey(), page, [page.severity], found))
    about = {code: Text.literal(VALUE) for code in pages()}
    return Findings(join(tables), ran=tuple(pages()), not_run=about, looked_at={"routes": 1})


FINDINGS = findings()


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_every_page_is_in_every_output_of_a_run(tmp_path, lang):
    made = survey()
    measured = lengths.measure(made)
    document = RunDocument(
        project="",
        illustrative=False,
        check=check_document(FINDINGS, lang),
        measure=measure_document(measured),
        totals=totals_document([]),
    )
    bundle.write(tmp_path, made, measured, FINDINGS, [], document, lang)
    assert {
        one["code"] for one in json.loads((tmp_path / "report.json").read_bytes())["check"]["findings"]
    } == set(pages())
    with closing(sqlite3.connect(tmp_path / "findings.gpkg")) as database:
        names = [name for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns")]
        rows = [code for name in names for code in database.execute(f'SELECT code FROM "{name}"')]
        assert {code for (code,) in rows} == set(pages())
    sheet = openpyxl.load_workbook(tmp_path / "lengths.xlsx").worksheets[0]
    assert any(cell.value == VALUE for row in sheet.iter_rows() for cell in row)
    report, page = (tmp_path / "report.html").read_text("utf-8"), (tmp_path / "index.html").read_text("utf-8")
    for code in pages():
        assert code in report
        assert code in page


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_every_page_is_a_rule_of_sarif(lang):
    log = json.loads(sarif.sarif_json(FINDINGS, (), lang))["runs"][0]
    rules = {rule["id"]: rule for rule in log["tool"]["driver"]["rules"]}
    assert set(rules) == {result["ruleId"] for result in log["results"]} == set(pages())
    for code, page in pages().items():
        remedy = page.remedy.fa if lang == "fa" else page.remedy.en
        assert rules[code]["help"]["text"].endswith(remedy)
    assert VALUE in log["results"][0]["message"]["text"] or lang == "fa"


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_every_page_is_in_tables_and_explained(lang):
    rows = findings_csv(FINDINGS, lang).decode("utf-8-sig").splitlines()
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(terminal.findings_table(FINDINGS, lang))
    for code in pages():
        assert any(row.startswith(code) for row in rows)
        assert code in captured.get()
        assert code in book.page_text(code, lang)


def test_every_page_is_in_a_map_of_tiles(tmp_path):
    made = survey()
    written = tiles.write(made, lengths.measure(made), FINDINGS, [], tmp_path / "map", "en")
    words = "".join(
        path.read_text("utf-8", "replace") for path in written if path.suffix in {".html", ".json", ".js"}
    )
    for code in pages():
        assert code in words


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_a_finished_text_keeps_its_braces_within_another(lang):
    inner = Text("{v}", "{v}").filled(v=VALUE)
    outer = Text("a {b} c", "a {b} c").render(lang, b=Text.joined([inner, Text.literal(VALUE)], "; ", "; "))
    assert outer.count(VALUE) == 2
