"""The command line on the bundled plan and on what users get wrong."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from geographiclib.geodesic import Geodesic

from gis import cli

FILES = {
    "index.html",
    "report.html",
    "report.json",
    "lengths.csv",
    "lengths.xlsx",
    "findings.gpkg",
    "inventory.gpkg",
}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def totals(done):
    return {item["item"]: item for item in json.loads(done.stdout)["items"]}


def along(line):
    return sum(Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"] for a, b in pairwise(line))


def test_run_on_the_bundled_plan_from_any_folder(fibre, tmp_path):
    done = fibre("run", check=0)
    assert set(contents(tmp_path / "maps")) == FILES
    report = json.loads((tmp_path / "maps" / "report.json").read_text("utf-8"))
    assert report["version"] == 1
    assert report["illustrative"] is True
    assert [item["verdict"] for item in report["totals"]["items"]] == ["agrees"] * 6
    assert report["check"]["summary"]["error"] == 0
    assert "illustrative" in done.stderr


def test_the_same_input_gives_the_same_bytes(fibre, plan, tmp_path):
    fibre("run", plan / "isfahan.toml", "--out", "one", check=0)
    time.sleep(1.1)  # a clock in the outputs would have moved on
    fibre(
        "run",
        plan / "isfahan.toml",
        "--out",
        "two",
        check=0,
        env={"TZ": "Asia/Tehran", "PYTHONHASHSEED": "7"},
    )
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert set(one) == FILES
    assert [name for name in one if one[name] != two[name]] == []


def test_the_sources_are_not_touched(fibre, plan):
    before = contents(plan)
    fibre("run", plan / "isfahan.toml", check=0)
    assert contents(plan) == before


def test_a_killed_run_leaves_the_earlier_outputs_whole(fibre, plan, tmp_path):
    fibre("run", plan / "isfahan.toml", "--out", "maps", check=0)
    before = contents(tmp_path / "maps")
    for delay in (0.9, 1.3, 1.7):
        process = subprocess.Popen(
            [sys.executable, "-m", "gis", "run", str(plan / "isfahan.toml"), "--out", "maps", "--lang", "en"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
        assert contents(tmp_path / "maps") == before
    fibre("run", plan / "isfahan.toml", "--out", "maps", check=0)
    assert contents(tmp_path / "maps") == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_manhole_removed(fibre, edit):
    def remove(features):
        new = [f for f in features if f["properties"]["status"] == "new"]
        return [f for f in features if f is not new[3]]

    done = fibre("totals", edit("manholes", remove), "--format", "json", check=1)
    verdicts = {name: item["verdict"] for name, item in totals(done).items()}
    assert verdicts.pop("new manholes") == "differs"
    assert set(verdicts.values()) == {"agrees"}
    assert totals(done)["new manholes"]["difference"] == -1


def test_an_office_set_to_none(fibre, edit):
    def disconnect(features):
        new = next(f for f in features if f["properties"]["connection"] == "new")
        new["properties"]["connection"] = "none"
        return features

    done = fibre("totals", edit("offices", disconnect), "--format", "json", check=1)
    differing = {name for name, item in totals(done).items() if item["verdict"] == "differs"}
    assert differing == {"governorates on the fibre network", "governorates newly connected"}


def test_a_route_shortened_by_100_m(fibre, edit):
    cut = {}

    def shorten(features):
        line = next(
            f["geometry"]["coordinates"]
            for f in features
            if f["properties"]["kind"] == "cable"
            and f["properties"]["status"] == "new"
            and along(f["geometry"]["coordinates"]) > 400
        )
        whole = along(line)
        while along(line) > whole - 100:
            del line[-1]
        cut["by"] = whole - along(line)
        return features

    path = edit("routes", shorten)
    done = fibre("totals", path, "--format", "json", check=1)
    verdicts = {name: item["verdict"] for name, item in totals(done).items()}
    # Its cable reaches the office no longer.
    for item in ("new fibre", "governorates on the fibre network", "governorates newly connected"):
        assert verdicts.pop(item) == "differs"
    assert set(verdicts.values()) == {"agrees"}
    assert totals(done)["new fibre"]["difference"] == pytest.approx(-cut["by"], abs=0.01)
    done = fibre("check", path, "--select", "T503", "--format", "json", check=1)
    assert [finding["code"] for finding in json.loads(done.stdout)["findings"]] == ["T503"] * 3


def test_moving_one_vertex_moves_the_total(fibre, edit, plan):
    before = totals(fibre("totals", plan / "isfahan.toml", "--format", "json", check=0))["new fibre"][
        "measured"
    ]
    moved = {}

    def move(features):
        line = next(
            f["geometry"]["coordinates"]
            for f in features
            if f["properties"]["kind"] == "cable" and f["properties"]["status"] == "new"
        )
        was = along(line)
        line[len(line) // 2][1] += 5e-5
        moved["by"] = along(line) - was
        return features

    after = totals(fibre("totals", edit("routes", move), "--format", "json", check=0))["new fibre"][
        "measured"
    ]
    assert abs(moved["by"]) > 0.1
    assert after - before == pytest.approx(moved["by"], abs=1e-6)


def test_measure_gives_the_contract_s_json_and_a_csv_of_numbers(fibre, plan):
    done = fibre("measure", plan / "routes.geojson", "--format", "json", check=0)
    document = json.loads(done.stdout)
    assert set(document) == {
        "version",
        "routes",
        "total",
        "unmeasured",
        "assumed_accuracy",
        "assumed_accuracy_m",
        "left_out",
    }
    assert (document["unmeasured"], document["left_out"]) == (0, [])
    keys = {"geodesic_m", "grid_m", "ground_m", "slope_m", "std_m", "bias_m"}
    assert all(set(route) == {"id", *keys} for route in document["routes"])
    assert set(document["total"]) == {"routes", *keys}
    assert document["total"]["routes"] == len(document["routes"])
    done = fibre("measure", plan / "routes.geojson", "--format", "csv", check=0)
    rows = list(csv.DictReader(done.stdout.lstrip("\ufeff").splitlines()))
    for row, route in zip(rows, document["routes"], strict=True):
        assert float(row["geodesic_m"]) == pytest.approx(route["geodesic_m"], abs=1e-3)


def test_measure_agrees_with_geographiclib(fibre, plan):
    features = json.loads((plan / "routes.geojson").read_text("utf-8"))["features"]
    expected = {f["properties"]["route_id"]: along(f["geometry"]["coordinates"]) for f in features}
    document = json.loads(fibre("measure", plan / "routes.geojson", "--format", "json", check=0).stdout)
    for route in document["routes"]:
        assert route["geodesic_m"] == pytest.approx(expected[route["id"]], abs=1e-6)


def test_a_bare_file_is_inspected_checked_and_mapped(fibre, plan, tmp_path):
    done = fibre("inspect", plan / "routes.geojson", "--format", "json", check=0)
    layer = json.loads(done.stdout)["files"][0]["layers"][0]
    assert (layer["goes_into"], layer["features"], layer["crs_believed"]) == ("routes", 37, "EPSG:4326")
    assert layer["columns"]["route_id"] == "route_id"
    assert "routes.geojson" in fibre("inspect", plan / "routes.geojson", check=0).stdout
    fibre("map", plan / "routes.geojson", "--out", "one.html", check=0)
    assert (tmp_path / "one.html").stat().st_size > 100_000
    done = fibre("check", plan / "routes.geojson", "--format", "json", "--select", "G,A402")
    assert json.loads(done.stdout)["summary"]["error"] == 0


def test_explain_prints_a_page_in_both_languages(fibre):
    assert "N305" in fibre("explain", "N305", check=0).stdout
    assert "فرمانداری" in fibre("explain", "N305", "--lang", "fa", check=0).stdout
    done = fibre("explain", "X999", check=2)
    assert "X999" in done.stderr
    assert all(code in fibre("explain", check=0).stdout for code in ("G201", "T503"))


WRONG = {
    "no project file": (["run", "nowhere.toml"], ["nowhere.toml", "no such project file"]),
    "no survey file": (["measure", "nowhere.shp"], ["nowhere.shp"]),
    "no known format": (["check", "noise.bin"], ["noise.bin"]),
    "a directory without data": (["check", "empty"], ["empty"]),
    "an unknown option": (["check", "--frobnicate", "x"], ["--frobnicate"]),
    "an unknown command": (["frobnicate"], ["frobnicate"]),
    "an unknown check": (["check", "good.geojson", "--select", "Q7"], ["Q7"]),
    "a folder that cannot be": (["run", "plan/isfahan.toml", "--out", "noise.bin"], ["noise.bin"]),
    "a project beside a file": (["check", "plan/isfahan.toml", "good.geojson"], ["isfahan.toml", "alone"]),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("lang", ["en", "fa"])
def test_what_cannot_be_done_is_one_line_and_status_2(fibre, plan, tmp_path, case, lang):
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "empty").mkdir()
    (tmp_path / "good.geojson").write_bytes((plan / "routes.geojson").read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    arguments, says = WRONG[case]
    done = fibre(*arguments, "--lang", lang, check=2)
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in says if lang == "en" else says[:1]:
        assert part in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_missing_layer_a_broken_one_and_an_unknown_key(fibre, plan, tmp_path):
    project = plan / "isfahan.toml"
    text = project.read_text("utf-8")
    for old, new, says in (
        ('"routes.geojson"', '"nowhere.geojson"', "nowhere.geojson"),
        ("[[layers.routes]]", "[[layers.routes]]\nlayr = 'x'", "did you mean 'layer'"),
        ('"routes.geojson"', '"isfahan.toml"', "isfahan.toml"),
    ):
        assert old in text
        project.write_text(text.replace(old, new, 1), "utf-8")
        done = fibre("run", project, check=2)
        assert says in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "maps").exists()


def test_help_and_version_in_both_languages(fibre):
    assert "Measure" in fibre("--help", check=0).stdout
    assert "اندازه‌گیری" in fibre("--help", "--lang", "fa", check=0).stdout
    assert "اندازه‌گیری" in fibre("--help", env={"LC_ALL": "fa_IR.UTF-8"}, check=0).stdout
    assert fibre("--version", check=0).stdout.startswith("fibre-gis ")


def test_each_call_within_a_process_has_its_own_language(capsys, monkeypatch):
    def told(*words):
        monkeypatch.setattr(sys, "argv", ["fibre", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return said.out if not stop.value.code else said.err

    commands = [command.callback.__name__.replace("_", "-") for command in cli.app.registered_commands]
    for words in ([], *([name] for name in commands if name != "map-")):
        for lang in ("fa", "en", "fa"):
            shown = told(*words, "--help", "--lang", lang)
            # of the lines of prose only the one about --help itself is English in both
            assert ("زبان" in shown) == (lang == "fa"), words
            assert ("Language of the output" in shown) == (lang == "en"), words
            assert "\x1f" not in shown
    assert "راهنما" in told("no-such-command", "--lang", "fa")
    assert "see `fibre --help`" in told("no-such-command", "--lang", "en")


def test_help_does_not_import_what_it_does_not_need():
    code = (
        "import sys, gis.cli;"
        "heavy = {'geopandas', 'shapely', 'numpy', 'pandas', 'pyproj', 'fiona', 'folium', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
