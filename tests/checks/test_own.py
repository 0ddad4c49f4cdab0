"""Rules of the project's own, through the real command and in every output."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sqlite3

import geopandas as gpd
import pyproj
import pytest
import shapely

import gis
from gis.errors import ProjectError

ROUTES = {
    "R1": ("cable", 8, 100.0),
    "R2": ("cable", 12, 300.0),
    "R3": ("cable", None, 100.0),
    "R4": ("duct", 8, 100.0),
    "R5": (None, 8, 100.0),
    "R6": (None, 24, 100.0),
}
PROJECT = """
[[layers.routes]]
source = "routes.geojson"
[[layers.manholes]]
source = "manholes.geojson"
"""
RULE = """
[[checks.rules]]
code = "U-TRUNK-FIBRES"
layer = "routes"
where = { kind = "cable" }
compare = { left = "fibre_count", op = ">=", right = 12 }
severity = "error"
message = "too few"
message_fa = "کم است"
matches = [{ kind = "cable", fibre_count = 8 }]
passes = [{ kind = "کابل", fibre_count = 12 }, { kind = "duct" }]
"""
HOSTILE = "=1+1 <script>alert(1)</script> {few} {0} [bold]x[/bold] </script><!-- %s | `"


@pytest.fixture
def survey(tmp_path):
    """Write a survey; give a function that writes its project with some rules."""
    geod = pyproj.Geod(ellps="WGS84")
    lines = []
    for at, (_, _, metres) in enumerate(ROUTES.values()):
        lat = 32.6 + at / 1000
        lon, north, _ = geod.fwd(51.6, lat, 90, metres)
        lines.append(shapely.LineString([(51.6, lat), (lon, north)]))
    columns = {
        "route_id": list(ROUTES),
        "kind": [kind for kind, _, _ in ROUTES.values()],
        "status": "new",
        "county": ["شهرستان اصفهان", "کاشان", "Isfahan", None, " ", "كاشان"],
        "office_id": ["A", "b", "C", "D", None, "F"],
        "to_id": ["a", "B", "X", None, "E", "F"],
        "fibre_count": [count for _, count, _ in ROUTES.values()],
        "recorded_length_m": [100.1, 299.0, None, 100.1, 99.0, 101.0],
    }
    gpd.GeoDataFrame(columns, geometry=lines, crs=4326).to_file(tmp_path / "routes.geojson")
    posts = [shapely.Point(line.coords[0]) for line in lines]
    days = ["2024-03-19", "2024-03-20", "2024-03-21", None, None, None]
    columns = {"manhole_id": list("ABCDEF"), "status": "new", "surveyed_on": days}
    gpd.GeoDataFrame(columns, geometry=posts, crs=4326).to_file(tmp_path / "manholes.geojson")

    def write(rules, more=""):
        path = tmp_path / "plan.toml"
        path.write_text(PROJECT + more + rules, "utf-8")
        return path

    return write


def rule(compare, matches, passes, *, where="", layer="routes"):
    where = f"where = {where}\n" if where else ""
    return (
        f'[[checks.rules]]\ncode = "U-1"\nlayer = "{layer}"\n{where}compare = {compare}\nmessage = "no"\n'
        f"matches = [{matches}]\npasses = [{passes}]\n"
    )


def found(path, code="U-1"):
    findings = gis.check(gis.read(path), select=["U"])
    assert findings.failed == {}
    return findings["feature"].tolist(), findings.unjudged.get(code, 0)


def test_what_does_not_hold_is_found_and_what_lacks_a_value_is_counted(survey):
    # R3 has no count, R5 and R6 no kind, which neither makes nor keeps them from being cables.
    assert found(survey(RULE), "U-TRUNK-FIBRES") == (["R1"], 3)


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_each_comparison_has_its_edge(survey, op):
    """Eight is compared with eight, twelve and 24 lie above: what the comparison does not hold for is found."""
    holds = {"==": lambda n: n == 8, "!=": lambda n: n != 8, "<": lambda n: n < 8, "<=": lambda n: n <= 8}
    holds |= {">": lambda n: n > 8, ">=": lambda n: n >= 8}
    examples = {True: [], False: []}
    for count in (7, 8, 9):
        examples[holds[op](count)].append(f"{{ fibre_count = {count} }}")
    text = rule(
        f'{{ left = "fibre_count", op = "{op}", right = 8 }}',
        ", ".join(examples[False]),
        ", ".join(examples[True]),
    )
    expected = [name for name, (_, n, _) in ROUTES.items() if n is not None and not holds[op](n)]
    assert found(survey(text)) == (expected, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A length against a figure, and against a column; the edge of 100 m is met to the centimetre of the file.
        (
            rule('{ left = "length", op = "<=", right = 100.1 }', "{ length = 101 }", "{ length = 100 }"),
            (["R2"], 0),
        ),
        (
            rule(
                '{ left = "geodesic_m", op = "<=", right = { column = "recorded_length_m" } }',
                "{ geodesic_m = 101, recorded_length_m = 100.0 }",
                "{ geodesic_m = 99, recorded_length_m = 100.0 }",
            ),
            (["R2", "R5"], 1),
        ),
        # Texts of two columns say the same in either case.
        (
            rule(
                '{ left = "office_id", op = "!=", right = { column = "to_id" } }',
                '{ office_id = "A", to_id = "a" }',
                '{ office_id = "A", to_id = "B" }',
            ),
            (["R1", "R2", "R6"], 2),
        ),
        # Counties with or without the word, letters of either keyboard; an empty text is none.
        (
            rule(
                '{ left = "county", op = "!=", right = "شهرستان کاشان" }',
                '{ county = "كاشان" }',
                '{ county = "یزد" }',
            ),
            (["R2", "R6"], 2),
        ),
        # Codes in words.
        (
            rule('{ left = "kind", op = "==", right = "کابل" }', '{ kind = "duct" }', '{ kind = "cable" }'),
            (["R4"], 2),
        ),
        (
            rule(
                '{ left = "surveyed_on", op = ">=", right = 2024-03-20 }',
                "{ surveyed_on = 2024-03-19 }",
                "{ surveyed_on = 2024-03-20 }",
                layer="manholes",
            ),
            (["A"], 3),
        ),
    ],
    ids=["length", "columns", "texts", "counties", "codes", "dates"],
)
def test_what_can_be_compared(survey, text, expected):
    assert found(survey(text)) == expected


def test_a_rule_whose_column_is_empty_is_listed_as_not_run(survey):
    text = rule('{ left = "slack_m", op = ">=", right = 5 }', "{ slack_m = 4 }", "{ slack_m = 5 }")
    findings = gis.check(gis.read(survey(text)), select=["U-1"])
    assert (len(findings), findings.ran, findings.not_run["U-1"].en) == (0, (), "no slack")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("right = 12", "right = 8", "matches[1] does not do what it says: the comparison holds for it"),
        ("fibre_count = 12", "fibre_count = 11", "passes[1] does not do what it says: the rule finds it"),
        ('matches = [{ kind = "cable"', 'matches = [{ kind = "duct"', "where does not select it"),
        (
            'matches = [{ kind = "cable", fibre_count = 8 }]',
            'matches = [{ kind = "cable" }]',
            "it is not judged",
        ),
        ("matches = [{", "matches = []\nexamples = [{", "checks.rules[1].matches"),
        ('left = "fibre_count"', 'left = "fibres"', "compare.left names 'fibres'"),
        ("where = { kind", "where = { knd", "did you mean 'kind'"),
        ("fibre_count = 8 }]", "fibre_cont = 8 }]", "matches[1] names 'fibre_cont'"),
        ("right = 12", 'right = "12"', "is no number"),
        ("right = 12", "right = true", "is no number"),
        ("right = 12", "right = nan", "is no number"),
        ("right = 12", 'right = { column = "county" }', "different types"),
        ("right = 12", 'right = { colum = "slack_m" }', "right is a value, or { column = … }"),
        ('left = "fibre_count"', 'left = "county"', "county is text"),
        ('">="', '"=>"', "compare.op"),
        ('"U-TRUNK-FIBRES"', '"N302"', "for example U-TRUNK-FIBRES"),
        ('"U-TRUNK-FIBRES"', '"U-trunk"', "for example U-TRUNK-FIBRES"),
        ('message = "too few"', 'message = " "', "a message is one line"),
        ('message = "too few"', 'message = "a\\u001b[31mb"', "a message is one line"),
        ('message = "too few"', 'message = "a\\nb"', "a message is one line"),
        ('layer = "routes"', 'layer = "offices"', "where names 'kind', which offices do not have"),
        ('severity = "error"', 'severity = "fatal"', "checks.rules[1].severity"),
        ('severity = "error"', 'sverity = "error"', "did you mean 'severity'"),
    ],
)
def test_a_rule_that_does_not_do_what_it_says_is_one_line(survey, old, new, says):
    assert old in RULE
    path = survey(RULE.replace(old, new, 1))
    with pytest.raises(ProjectError) as caught:
        gis.read(path)
    lines = {lang: caught.value.message(lang) for lang in ("en", "fa")}
    assert says in lines["en"]
    for line in lines.values():
        assert "plan.toml" in line
        assert "checks.rules[1]" in line
        assert "\n" not in line


def test_an_example_that_fails_ends_the_command_before_anything_is_written(survey, fibre, tmp_path):
    path = survey(RULE.replace("right = 12", "right = 8"))
    done = fibre("check", path, "--format", "json", "--out", "findings.json", check=2)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("fibre: ")]
    assert "rule U-TRUNK-FIBRES: matches[1] does not do what it says" in line
    assert (done.stdout, (tmp_path / "findings.json").exists()) == ("", False)


def test_two_rules_of_one_code_are_refused(survey, fibre):
    done = fibre("check", survey(RULE + RULE), check=2)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("fibre: ")]
    assert "two rules are called U-TRUNK-FIBRES" in line


def test_selecting_and_grading_know_the_code(survey, fibre):
    def codes(path, *options):
        done = fibre("check", path, "--format", "json", *options)
        document = json.loads(done.stdout)
        return {
            one["code"]: one["severity"] for one in document["findings"] if one["code"][0] == "U"
        }, document["ran"]

    path = survey(RULE)
    assert codes(path)[0] == {"U-TRUNK-FIBRES": "error"}
    assert codes(path, "--select", "U") == ({"U-TRUNK-FIBRES": "error"}, ["U-TRUNK-FIBRES"])
    assert codes(path, "--select", "U-TRUNK-FIBRES")[1] == ["U-TRUNK-FIBRES"]
    assert codes(path, "--ignore", "U")[0] == {}
    path = survey(RULE, '[checks.severity]\nU-TRUNK-FIBRES = "info"\n')
    assert codes(path)[0] == {"U-TRUNK-FIBRES": "info"}
    assert (
        "no check 'U-TRUNK-FIBRES'"
        in fibre("check", survey(""), "--select", "U-TRUNK-FIBRES", check=2).stderr
    )


def test_explain_has_its_page_with_the_project_or_in_its_folder(survey, fibre, tmp_path):
    path = survey(RULE)
    page = fibre("explain", "u-trunk-fibres", "--project", path, check=0).stdout
    for part in ("too few", "error, no fix", "Fibres >= 12", "Kind: cable, Fibres: 8"):
        assert part in page
    assert "کم است" in fibre("explain", "U-TRUNK-FIBRES", "--project", path, "--lang", "fa", check=0).stdout
    assert "no check U-TRUNK-FIBRES" in fibre("explain", "U-TRUNK-FIBRES", check=2).stderr
    assert "U-TRUNK-FIBRES" not in fibre("explain", check=0).stdout
    path.rename(tmp_path / "fibre.toml")
    assert "Fibres >= 12" in fibre("explain", "U-TRUNK-FIBRES", check=0).stdout
    listing = fibre("explain", check=0).stdout
    assert re.search(r"Rules of the project\n  U-TRUNK-FIBRES .*error +too few", listing)
    assert "N302" in listing


def test_whatever_the_message_says_every_output_shows_it_as_it_is(survey, fibre, tmp_path):
    text = RULE.replace('"too few"', json.dumps(HOSTILE)).replace("کم است", "{کم} </script>")
    path = survey(text)
    said = f"{HOSTILE} (Fibres: 8)"
    assert said in fibre("check", path, "--select", "U", check=1, env={"COLUMNS": "400"}).stdout
    document = json.loads(fibre("check", path, "--select", "U", "--format", "json", check=1).stdout)
    assert [one["message"] for one in document["findings"]] == [said]
    assert document["unjudged"] == {"U-TRUNK-FIBRES": 3}
    persian = json.loads(
        fibre("check", path, "--select", "U", "--format", "json", "--lang", "fa", check=1).stdout
    )
    assert persian["findings"][0]["message"].startswith("{کم} </script> (")
    table = fibre("check", path, "--select", "U", "--format", "csv", check=1).stdout.lstrip("\ufeff")
    (row,) = csv.DictReader(io.StringIO(table))
    # A cell never begins as a formula.
    assert row["message"].lstrip("'") == said
    assert not row["message"].startswith("=")
    log = json.loads(fibre("check", path, "--select", "U", "--format", "sarif", check=1).stdout)
    (run,) = log["runs"]
    assert [one["message"]["text"] for one in run["results"]] == [said]
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == HOSTILE
    assert (
        "3 features not judged" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    )


def test_a_run_has_the_rule_in_report_map_and_geopackage(survey, fibre, tmp_path):
    text = RULE.replace('"too few"', json.dumps(HOSTILE)).replace("کم است", "{کم} </script>")
    fibre("run", survey(text), "--out", "out", check=1)
    out = tmp_path / "out"
    said = f"{HOSTILE} (Fibres: 8)"
    with contextlib.closing(sqlite3.connect(out / "findings.gpkg")) as database:
        tables = [name for (name,) in database.execute("select table_name from gpkg_contents")]
        told = [
            message
            for name in tables
            if "message" in [column[1] for column in database.execute(f'pragma table_info("{name}")')]
            for (message,) in database.execute(
                f'select message from "{name}" where code = ?', ("U-TRUNK-FIBRES",)
            )
        ]
    assert told == [said]
    report = (out / "report.html").read_text("utf-8")
    assert "U-TRUNK-FIBRES" in report
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {few} {0}" in report
    assert "3 features not judged: a value is missing" in report
    for page in (report, (out / "index.html").read_text("utf-8")):
        assert "<script>alert" not in page
        assert "U-TRUNK-FIBRES" in page
    document = json.loads((out / "report.json").read_text("utf-8"))
    assert document["check"]["unjudged"] == {"U-TRUNK-FIBRES": 3}


def test_no_fix_is_kept_that_makes_a_finding_of_a_rule(tmp_path):
    """Two pieces of 100 m that meet with nothing there are joined, unless a rule says that 150 m are the most."""
    geod = pyproj.Geod(ellps="WGS84")
    east = [geod.fwd(51.6, 32.6, 90, metres)[:2] for metres in (0, 100, 200)]
    columns = {"route_id": ["R1"] * 2, "kind": ["cable"] * 2, "status": ["new"] * 2, "county": ["اصفهان"] * 2}
    lines = [shapely.LineString(east[:2]), shapely.LineString(east[1:])]
    gpd.GeoDataFrame(columns, geometry=lines, crs=4326).to_file(tmp_path / "routes.geojson")
    posts = [shapely.Point(east[0]), shapely.Point(east[2])]
    columns = {"manhole_id": ["A", "B"], "status": ["new"] * 2}
    gpd.GeoDataFrame(columns, geometry=posts, crs=4326).to_file(tmp_path / "manholes.geojson")
    left = {}
    for most in (150, 250):
        own = rule(
            f'{{ left = "length", op = "<=", right = {most} }}',
            f"{{ length = {most + 1} }}",
            f"{{ length = {most} }}",
        )
        path = tmp_path / "plan.toml"
        path.write_text(PROJECT + own, "utf-8")
        left[most] = len(gis.fix(gis.read(path)).inventory.routes)
    assert left == {150: 2, 250: 1}


def test_a_date_of_a_finding_is_written_as_a_date(survey):
    text = rule(
        '{ left = "surveyed_on", op = "!=", right = 2024-03-20 }',
        "{ surveyed_on = 2024-03-20 }",
        "{ surveyed_on = 2024-03-19 }",
        layer="manholes",
    )
    findings = gis.check(gis.read(survey(text)), select=["U"])
    assert "2024-03-20" in findings["message"][0]
