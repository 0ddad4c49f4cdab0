"""Tables: what a spreadsheet, a program and a terminal get."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import subprocess
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from support import specimens

from gis import lengths
from gis.documents import ColumnGuess, InspectDocument, InspectedFile, InspectedLayer
from gis.errors import FibreError
from gis.inventory import LeftOut
from gis.language import Text
from gis.publish.tables import terminal as tables
from gis.publish.tables import xlsx
from gis.publish.tables.csv import findings_csv, lengths_csv, table_csv
from gis.publish.tables.lengths import lengths_xlsx
from gis.publish.tables.totals import totals_csv, totals_xlsx
from gis.publish.wording import figures, sentences
from gis.totals import TotalResult

FORMULAS = ["=1+1", "+A1", "-R12", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "＝1"]
THREE = lengths.measure(specimens.inventory())
HOSTILE = "[red]x[/red]<b>\x1b[31m\u202e"


@pytest.fixture
def measured():
    return THREE.copy()


def of_ids(ids):
    """Lengths of routes with these ids, 0.01° of a meridian each."""
    lines = specimens.line((51.66, 32.65), (51.66, 32.66))
    return lengths.measure(specimens.inventory([specimens.route(route_id, lines) for route_id in ids]))


def parsed(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def printed(part, width=110):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(part)
    return console.file.getvalue()


def total(**values):
    fields = {
        "item": "new fibre",
        "item_fa": "فیبر جدید",
        "layer": "routes",
        "measure": "length",
        "recorded": 13666.0,
        "measured": 13566.25,
        "std": 0.8,
        "bias": 0.09,
        "difference": -99.75,
        "low": -101.44,
        "high": -98.15,
        "unit": "m",
        "tolerance": 68.33,
        "verdict": "differs",
        "features": 29,
        "unmeasured": 0,
        "assumed_accuracy": 3,
        "assumed_accuracy_m": 0.05,
        "assumed_slack": 0,
        "unserved": 0,
        "doubted": False,
        "needed_accuracy_m": None,
        "source": "minutes",
    }
    return TotalResult(**{**fields, **values})


# CSV


def test_csv_has_every_route_with_its_lengths(measured):
    rows = parsed(lengths_csv(measured))
    assert [row["id"] for row in rows] == ["R-1", "R-2", "D-1"]
    assert [row["county"] for row in rows] == ["اصفهان", "برخوار", "اصفهان"]
    for name in ("geodesic_m", "grid_m", "ground_m", "slope_m"):
        assert [float(row[name]) for row in rows] == pytest.approx(measured[name].tolist(), abs=5.1e-5)
    assert rows[1]["slack_m"] == ""
    assert rows[0]["recorded_length_m"] == "938.2000"
    assert [row["provenance"] for row in rows] == ["surveyed"] * 3


def test_csv_is_read_by_pandas_without_help(measured):
    table = pd.read_csv(io.BytesIO(lengths_csv(measured)))
    assert table.columns[0] == "id"
    assert table["geodesic_m"].sum() == pytest.approx(measured["geodesic_m"].sum(), abs=1e-3)


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_never_begins_a_cell_like_a_formula(text):
    (row,) = parsed(lengths_csv(of_ids([text])))
    assert row["id"] == "'" + text


@pytest.mark.parametrize(
    "text", ["-12", "+98", "-1,5", "R=1", "12-3", "'x", 'a"b', "a,b", "a\nb", "NA", "nan"]
)
def test_csv_leaves_ids_that_are_no_formula_alone(text):
    (row,) = parsed(lengths_csv(of_ids([text])))
    assert row["id"] == text


@settings(deadline=None)
@given(ids=st.lists(st.text(min_size=1, max_size=12), min_size=3, max_size=3))
def test_csv_gives_every_text_back(ids):
    rows = parsed(lengths_csv(THREE.assign(id=pd.Series(ids, dtype="str"))))
    assert [row["id"].removeprefix("'") for row in rows] == [text.removeprefix("'") for text in ids]


def as_python_writes(table, places):
    """The same table by Python's own writer of CSV, number by number; for texts that are no formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    for row in table.itertuples(index=False):
        writer.writerow(
            [
                ("" if math.isnan(value) else f"{value:.{places}f}") if isinstance(value, float) else value
                for value in row
            ]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


NUMBERS = st.one_of(
    st.floats(),
    st.floats(-1e7, 1e7),
    st.integers(-(10**9), 10**9).map(lambda steps: (steps + 0.5) / 1e4),
    st.integers(-(10**9), 10**9).map(lambda steps: math.nextafter((steps + 0.5) / 1e4, math.inf)),
    st.sampled_from([0.0, -0.0, -1e-9, 5e-5, -5e-5, 0.03125, 0.99995, 1e-8, 2.0**52 / 1e4, 1e300]),
)


@settings(deadline=None, max_examples=300)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30), places=st.sampled_from([0, 2, 4, 8]))
def test_numbers_are_rounded_to_the_digit_as_python_rounds_them(rows, places):
    table = pd.DataFrame(rows, columns=["a", "b"], dtype=float)
    assert table_csv(table, places) == as_python_writes(table, places)


@settings(deadline=None)
@given(
    texts=st.lists(
        st.text(alphabet=st.sampled_from('aس1،,"\r\n; \u200c𝄞')).map(lambda t: t and f"x{t}"), max_size=9
    )
)
@pytest.mark.parametrize("columns", [1, 3])
def test_texts_are_quoted_as_python_quotes_them(texts, columns):
    table = pd.DataFrame({f"a,{at}": pd.Series(texts, dtype="str") for at in range(columns)})
    assert table_csv(table) == as_python_writes(table, 4)


def test_rows_of_a_long_table_stay_in_order():
    count = 200_003
    table = pd.DataFrame({"id": [f"r{at}" for at in range(count)], "m": np.arange(count) / 8})
    table.loc[count // 2, "id"] = "=1"
    expected = as_python_writes(table, 4).replace(b"\r\n=1,", b"\r\n'=1,")
    assert table_csv(table) == expected


def test_csv_of_sums(measured):
    rows = {row["kind"]: row for row in parsed(lengths_csv(measured, by="kind"))}
    cable = measured[measured["kind"] == "cable"]
    assert rows["cable"]["routes"] == "2"
    assert float(rows["cable"]["geodesic_m"]) == pytest.approx(cable["geodesic_m"].sum(), abs=1e-4)
    assert float(rows["cable"]["std_m"]) == pytest.approx(math.hypot(*cable["std_m"]), abs=1e-4)


def test_csv_of_one_length(measured):
    (row, *_) = parsed(lengths_csv(measured, length="grid_m"))
    assert "grid_m" in row
    assert "geodesic_m" not in row


def test_csv_of_findings():
    found = specimens.findings([{"message": '=HYPERLINK("http://x")'}, {"lon": math.nan, "lat": math.nan}])
    first, second = parsed(findings_csv(found))
    assert first["message"] == '\'=HYPERLINK("http://x")'
    assert (first["lon"], first["lat"]) == ("51.66000000", "32.65000000")
    assert (second["lon"], second["lat"]) == ("", "")
    assert parsed(findings_csv(found, "fa"))[0]["message"] == "سر آن به چیزی نمی‌رسد"


# XLSX


def sheets(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def test_xlsx_numbers_are_numbers_and_end_in_their_sum(measured):
    sheet = sheets(lengths_xlsx(measured))["Lengths"]
    header = [cell.value for cell in sheet[1]]
    column = header.index("Geodesic (m)") + 1
    values = [sheet.cell(row, column).value for row in range(2, sheet.max_row + 1)]
    assert values[:-1] == pytest.approx(measured["geodesic_m"].tolist(), abs=1e-9)
    assert values[-1] == pytest.approx(sum(values[:-1]), abs=1e-9)
    assert sheet.cell(sheet.max_row, 1).value == "Total"
    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])
    recorded = header.index("Recorded length (m)") + 1
    assert sheet.cell(3, recorded).value is None


def test_xlsx_in_persian_runs_from_right_to_left(measured):
    book = sheets(lengths_xlsx(measured, "fa"))
    assert book.sheetnames == ["طول‌ها", "به تفکیک نوع و وضعیت"]
    assert all(sheet.sheet_view.rightToLeft for sheet in book)
    sheet = book["طول‌ها"]
    assert [cell.value for cell in sheet[1]][:3] == ["مسیر", "نوع", "وضعیت"]
    assert [cell.value for cell in sheet[2]][:3] == ["R-1", "کابل", "جدید"]
    assert isinstance(sheet.cell(2, 6).value, float)


@pytest.mark.parametrize("text", [*FORMULAS, "#N/A", "{=1}", "-12", "1e5"])
def test_xlsx_text_stays_text(text):
    cell = sheets(lengths_xlsx(of_ids([text])))["Lengths"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_xlsx_takes_letters_that_the_format_cannot_hold():
    content = lengths_xlsx(of_ids(["a\x00b\x1bc\ufffe", "x" * 40_000]))
    sheet = sheets(content)["Lengths"]
    assert sheet["A2"].value == "a\ufffdb\ufffdc\ufffd"
    assert sheet["A3"].value == "x" * 32_767


def test_xlsx_is_the_same_every_time_and_holds_no_date_of_today(measured):
    content = lengths_xlsx(measured, "fa")
    assert lengths_xlsx(measured, "fa") == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("1980-01-01T00:00:00Z") == 2


def test_xlsx_of_more_rows_than_it_holds_is_refused():
    values = range(xlsx.MAX_ROWS)
    with pytest.raises(FibreError, match="csv has no limit"):
        xlsx.workbook([xlsx.Sheet("x", ["a"], [values], [0])], "en")


def test_gdal_reads_the_spreadsheet_with_its_types(measured, tmp_path):
    if shutil.which("ogr2ogr") is None:
        missing = "ogr2ogr is not installed"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    (tmp_path / "lengths.xlsx").write_bytes(lengths_xlsx(measured))
    other = subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", tmp_path / "lengths.xlsx", "Lengths"],
        capture_output=True,
        check=True,
    )
    rows = [feature["properties"] for feature in json.loads(other.stdout)["features"]]
    assert [row["Route"] for row in rows] == ["R-1", "R-2", "D-1", "Total"]
    assert [row["Geodesic (m)"] for row in rows[:3]] == pytest.approx(measured["geodesic_m"].tolist())


# Sums


def test_sums_by_two_columns(measured):
    table = figures.sums(measured, ["kind", "status"]).set_index(["kind", "status"])
    assert sorted(table.index) == [("cable", "existing"), ("cable", "new"), ("duct", "new")]
    assert table["geodesic_m"].sum() == pytest.approx(measured["geodesic_m"].sum())
    assert table.loc[("duct", "new"), "geodesic_m"] == measured["geodesic_m"].iloc[2]


def test_sums_keep_routes_without_a_county():
    lines = specimens.line((51.66, 32.65), (51.66, 32.66))
    routes = [
        specimens.route("A", lines, county=None),
        specimens.route("B", lines),
        specimens.route("C", None),
    ]
    table = figures.sums(lengths.measure(specimens.inventory(routes)), ["county"])
    assert table["routes"].tolist() == [2, 1]
    assert table["unmeasured"].tolist() == [1, 0]
    assert table["county"].isna().tolist() == [False, True]


# The terminal


def test_terminal_shows_lengths_and_their_sum(measured):
    text = printed(tables.lengths_table(measured))
    assert "1,108.98" in text
    assert text.splitlines()[-2].split()[0] == "Total"
    assert f"{measured['geodesic_m'].sum():,.2f}" in text


def test_terminal_in_persian(measured):
    text = printed(tables.lengths_table(measured, "fa", by="kind"))
    assert "کابل" in text
    assert "۲٬۰۴۷٫۱۹" in text


def test_terminal_of_eighty_columns_cuts_no_figure(measured):
    text = printed(tables.lengths_table(measured), width=80)
    for name in ("geodesic_m", "grid_m", "ground_m", "slope_m"):
        for value in measured[name]:
            assert f"{value:,.2f}" in text


def test_terminal_says_how_many_rows_it_leaves_out():
    text = printed(tables.lengths_table(of_ids([str(n) for n in range(30)]), rows=10))
    assert "… and 20 more; --format csv has all of them" in text


def test_values_are_never_markup_nor_steer_the_terminal():
    text = printed(tables.lengths_table(of_ids([HOSTILE])), width=200)
    assert "[red]x[/red]<b>\ufffd[31m\ufffd" in text
    assert "\x1b" not in text
    found = specimens.findings([{"feature": HOSTILE, "message": HOSTILE}])
    assert "\x1b" not in printed(tables.findings_table(found), width=200)


def test_terminal_tells_verdicts_by_word_and_sign():
    results = [
        total(),
        total(item="duct", verdict="undecided", needed_accuracy_m=0.0213, high=float("inf"), unmeasured=2),
        total(
            item="offices",
            measure="count",
            recorded=24,
            measured=24,
            difference=0.0,
            unit="offices",
            verdict="agrees",
        ),
    ]
    text = printed(tables.totals_table(results))
    assert "✗ differs" in text
    assert "from −101.44" in text
    assert "3 of 29 routes state no accuracy; 0.05 m a coordinate was assumed" in text
    assert "−99.75" in text
    assert "? undecided" in text
    assert "accurate to 0.021 m" in text
    assert "2 of 29 routes could not be measured" in text
    assert "✓ agrees" in text
    persian = printed(tables.totals_table(results, "fa"))
    assert "۱۳٬۵۶۶٫۲۵" in persian
    assert "مغایرت دارد" in persian


def test_totals_as_csv_and_spreadsheet_have_what_is_uncertain():
    results = [
        total(),
        total(verdict="undecided", high=float("inf"), unmeasured=2),
        total(measure="count", unit="offices", std=0.0, bias=0.0),
    ]
    rows = parsed(totals_csv(results))
    assert [row["std"] for row in rows] == ["0.8000", "0.8000", ""]
    assert [row["bias"] for row in rows] == ["0.0900", "0.0900", ""]
    assert [row["low"] for row in rows] == ["-101.4400", "-101.4400", ""]
    assert [row["high"] for row in rows] == ["-98.1500", "", ""]
    assert [row["unmeasured"] for row in rows] == ["0", "2", "0"]
    assert "0.05 m a coordinate was assumed" in rows[0]["remarks"]
    for lang, bias in (("en", "Bias"), ("fa", "اریبی")):
        book = openpyxl.load_workbook(io.BytesIO(totals_xlsx(results, lang)))
        head, first, *_, last = book.active.iter_rows(values_only=True)
        assert first[head.index(bias)] == 0.09
        assert "d − b − 2σ" in last[0]


def test_no_totals_is_said():
    assert printed(tables.totals_table([])) == "The project names no totals.\n"


def test_findings_come_gravest_first_with_what_was_not_run():
    found = specimens.findings(
        [{"feature": "R-9"}, {"code": "G201", "severity": "error", "lon": math.nan, "lat": math.nan}]
    )
    text = printed(tables.findings_table(found))
    assert text.index("G201") < text.index("N301")
    assert "32.65000, 51.66000" in text
    assert "1 error, 1 warning, 0 notes: 2 checks over 3 layers, 6 features." in text
    assert "C102 (the project names no area)" in text


def test_a_clean_survey_says_what_was_looked_at():
    assert "No findings: 2 checks over 3 layers, 6 features." in printed(
        tables.findings_table(specimens.findings())
    )
    persian = printed(tables.findings_table(specimens.findings(), "fa"))
    assert "یافته‌ای نیست: ۲ بررسی روی ۳ لایه و ۶ عارضه." in persian


def test_a_check_that_failed_is_named():
    text = printed(tables.findings_table(specimens.findings(failed={"N301": "ValueError: x"})))
    assert "Check failed: N301: ValueError: x" in text


def test_many_findings_are_bounded():
    fifty = specimens.findings([{}] * 50)
    text = printed(tables.findings_table(fifty))
    assert text.count("its end meets nothing") == 3
    assert "… and 47 more" in text
    text = printed(tables.findings_table(fifty, rows=5, each=None))
    assert text.count("its end meets nothing") == 5
    assert "… and 45 more" in text


def test_a_row_a_check_stands_above_the_worst_of_each():
    found = specimens.findings(
        [
            *({"feature": f"R-{at}", "amount": float(at), "message": f"{at} m off"} for at in range(9)),
            {"feature": "", "message": "nine ends have one cause", "cause": "k", "amount": 20.0},
            *({"record": at, "message": "one of nine", "cause": "k", "severity": "info"} for at in range(9)),
            {"code": "G201", "severity": "error", "message": "has no geometry", "source": "b.geojson"},
        ]
    )
    text = printed(tables.findings_table(found), width=200)
    lines = [line.split() for line in text.splitlines()]
    assert [
        "error",
        "G201",
        "No",
        "geometry",
        "1",
        "Routes",
        "·",
        "b.geojson",
        "fibre",
        "explain",
        "G201",
    ] in lines
    assert [
        "warning",
        "N301",
        "Loose",
        "end",
        "18",
        "9",
        "Routes",
        "·",
        "routes.geojson",
        "fibre",
        "explain",
        "N301",
    ] in lines
    shown = [
        "fibre explain N301",
        "has no geometry",
        "nine ends have one cause",
        "8 m off",
        "7 m off",
        "6 m off",
    ]
    assert sorted(shown, key=text.index) == shown
    assert "5 m off" not in text
    assert "one of nine" not in text
    assert "9 of them told by 1 cause:" in text


def test_an_inspection_asks_for_a_decision():
    layer = InspectedLayer(
        layer="مسیرها",
        driver="ESRI Shapefile",
        features=212,
        geometry_types=["LineString"],
        crs_declared=None,
        crs_believed="EPSG:32639",
        axes_swapped=True,
        evidence="read in zone 39N, 212 of 212 points lie in the area",
        encoding="CP1256",
        goes_into="routes",
        columns={"route_id": "ID"},
        set={"status": "new"},
        alternatives={"route_id": [ColumnGuess(column="CODE", score=0.4, why="x")]},
        ambiguous={"county": ["SHAHR", "CITY"]},
        further=["GLOBALID"],
        notes=["C101"],
        left_out=[],
    )
    document = InspectDocument(files=[InspectedFile(path="postgresql://me:secret@host/db", layers=[layer])])
    text = "".join(printed(part) for part in tables.inspection_tables(document))
    for words in (
        "EPSG:32639, axes swapped",
        "212 of 212",
        "CODE (40%)",
        "decide: which one?",
        "SHAHR, CITY",
        "= new",
    ):
        assert words in text
    assert "Not taken: GLOBALID" in text
    assert "secret" not in text
    assert "۲۱۲" in "".join(printed(part) for part in tables.inspection_tables(document, "fa"))


# Values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (math.nan, ""),
        (pd.NA, ""),
        ("a\nb", "a b"),
        ("\x07", "\ufffd"),
        (12, "12"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_shown_values(value, expected):
    assert figures.shown(value) == expected


def test_dates_in_both_calendars():
    day = specimens.dt.date(2021, 6, 9)
    assert figures.jalali(day, "en") == "19 Khordad 1400"
    assert figures.jalali(day, "fa") == "۱۹ خرداد ۱۴۰۰"
    assert figures.gregorian(day, "en") == "2021-06-09"
    assert figures.gregorian(day, "fa") == "۹ ژوئن ۲۰۲۱"


def test_the_days_of_a_survey():
    inventory = specimens.inventory()
    assert figures.survey_dates([inventory.routes, inventory.offices]) == (specimens.dt.date(2021, 6, 9),) * 2
    assert figures.survey_dates([inventory.manholes]) is None


def test_places_are_latitude_first():
    assert sentences.place(51.66, 32.65, "en", 4) == "32.6500, 51.6600"
    assert sentences.place(np.nan, 32.65, "en") == ""


def test_three_dimensional_routes_are_listed():
    heighted = specimens.inventory(
        [specimens.route("Z", shapely.LineString([(51.66, 32.65, 0), (51.66, 32.66, 100)]))]
    )
    (row,) = parsed(lengths_csv(lengths.measure(heighted)))
    assert float(row["slope_m"]) > float(row["geodesic_m"])


# What was left out


def with_left_out():
    left = [
        LeftOut("a.kml", "Folder", 1, Text("{count:part|parts} of a line", "پارهٔ خط"), Text("short", "کوتاه")),
        LeftOut(
            "postgresql://u:secret@h/d", "", 1200,
            Text("{count:row|rows} = nothing", "ردیف"), Text("{count:it has|they have} no place", "بی‌جا"),
        ),
    ]  # fmt: skip
    return replace(lengths.measure(specimens.inventory()), left_out=tuple(left))


@pytest.mark.parametrize("by", [None, "kind"])
def test_xlsx_has_a_sheet_of_what_was_left_out(by):
    rows = list(sheets(lengths_xlsx(with_left_out(), by=by))["Left out"].values)
    assert rows == [
        ("File", "Layer", "Count", "What", "Why"),
        ("a.kml", "Folder", 1, "part of a line", "short"),
        ("postgresql://u:***@h/d", None, 1200, "rows = nothing", "they have no place"),
    ]


def test_xlsx_says_in_persian_what_was_left_out():
    rows = list(sheets(lengths_xlsx(with_left_out(), "fa"))["کنار گذاشته‌شده"].values)
    assert rows[1] == ("a.kml", "Folder", 1, "پارهٔ خط", "کوتاه")


def test_xlsx_of_a_whole_delivery_has_no_such_sheet(measured):
    assert "Left out" not in sheets(lengths_xlsx(measured)).sheetnames


def test_texts_in_several_pieces_are_written_as_one():
    parts = [
        pd.DataFrame({"what": pd.Series(one, dtype="str"), "n": [1.0] * len(one)})
        for one in (["a", None], ["b,c"])
    ]
    together = pd.concat(parts, ignore_index=True)
    assert table_csv(together).decode("utf-8-sig").splitlines() == [
        "what,n",
        "a,1.0000",
        ",1.0000",
        '"b,c",1.0000',
    ]
