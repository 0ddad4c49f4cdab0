from __future__ import annotations

import pytest

from gis import project
from gis.errors import ProjectError

GOOD = """
[project]
name = "Plan"

[[layers.routes]]
source = "routes.geojson"

[[totals]]
item = "new fibre"
layer = "routes"
measure = "length"
where = { kind = "cable", status = ["new", "planned"] }
recorded = 13666
unit = "m"
tolerance = "0.5 %"
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "plan.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_good_file(written):
    plan = project.load(written(GOOD))
    assert plan.totals[0].tolerance_value == pytest.approx(68.33)
    assert plan.checks.snap_m == 2.0
    assert plan.path.name == "plan.toml"


@pytest.mark.parametrize(
    ("tolerance", "value"), [("2", 2), ("2 m", 2), ("0", 0), ("1%", 136.66), ("0.5 %", 68.33)]
)
def test_tolerances(written, tolerance, value):
    text = GOOD.replace('"0.5 %"', f'"{tolerance}"')
    assert project.load(written(text)).totals[0].tolerance_value == pytest.approx(value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "Plan"', 'nam = "Plan"', ["project.nam", "did you mean 'name'"]),
        ('name = "Plan"', "name = 7", ["project.name", "string"]),
        ("recorded = 13666", 'recorded = "13666"', ["totals[1].recorded", "number"]),
        ("recorded = 13666", "recorded = -1", ["totals[1].recorded"]),
        ("recorded = 13666\n", "", ["totals[1].recorded", "missing"]),
        ('"length"', '"width"', ["totals[1].measure", "'length'", "'count'", "'trench'"]),
        ('layer = "routes"', 'layer = "offices"', ["only routes have a length"]),
        ('unit = "m"', 'unit = "mile"', ["unit of a length"]),
        ("kind = ", "knd = ", ["'knd'", "did you mean 'kind'"]),
        ('"0.5 %"', '"some"', ["tolerance 'some'"]),
        ('"0.5 %"', '"-3"', ["tolerance '-3'"]),
        ('name = "Plan"', 'crs = "EPSG:4326"', ["not a projected system"]),
        ('name = "Plan"', 'crs = "EPSG:1"', ["no coordinate reference system"]),
        ("[[layers.routes]]", "[[layers.route]]", ["layers.route", "did you mean 'routes'"]),
        ("[project]", "[project", ["not valid TOML"]),
        (
            'source = "routes.geojson"',
            'source = "r"\ncolumns = { rout_id = "X" }',
            ["'rout_id'", "did you mean 'route_id'"],
        ),
    ],
)
def test_what_does_not_belong_is_one_line_that_names_file_and_key(written, old, new, says):
    assert old in GOOD
    path = written(GOOD.replace(old, new, 1))
    with pytest.raises(ProjectError) as caught:
        project.load(path)
    for lang in ("en", "fa"):
        line = caught.value.message(lang)
        assert "plan.toml" in line
        assert "\n" not in line
    for part in says:
        assert part in caught.value.message("en")


def test_a_missing_file_and_one_that_is_not_utf8(tmp_path):
    with pytest.raises(ProjectError, match="no such project file"):
        project.load(tmp_path / "none.toml")
    with pytest.raises(ProjectError, match="cannot be read"):
        project.load(tmp_path)
    bad = tmp_path / "bad.toml"
    bad.write_bytes("name = 'اصفهان'".encode("cp1256"))
    with pytest.raises(ProjectError, match="is not UTF-8"):
        project.load(bad)


def test_notepad_s_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(GOOD, "utf-8-sig")
    assert project.load(path).project.name == "Plan"
