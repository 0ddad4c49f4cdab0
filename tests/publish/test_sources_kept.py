"""Nothing that was read is written to, by whatever name it is called; and files of two runs are told apart."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import geopandas as gpd
import pytest
import shapely

COMMANDS = {
    "map": ["map", "{source}", "--out", "{out}"],
    "check": ["check", "{source}", "--format", "json", "--out", "{out}"],
    "csv": ["check", "{source}", "--format", "csv", "--out", "{out}"],
    "sarif": ["check", "{source}", "--format", "sarif", "--out", "{out}"],
    "text": ["check", "{source}", "--out", "{out}"],
    "fix": ["check", "{source}", "--fix", "--out", "{out}"],
    "measure": ["measure", "{source}", "--out", "{out}"],
    "xlsx": ["measure", "{source}", "--format", "xlsx", "--out", "{out}"],
    "lengths": ["measure", "{source}", "--format", "csv", "--out", "{out}"],
}
PROJECT = (
    '[project]\nname = "p"\n\n[area]\nsource = "area.geojson"\n\n[[layers.routes]]\nsource = "routes.gpkg"\n'
)


@pytest.fixture
def survey(tmp_path):
    """A project with a GeoPackage of one route and an area, in a folder of its own."""
    folder = tmp_path / "survey"
    folder.mkdir()
    line = shapely.LineString([(51.6, 32.6), (51.61, 32.6)])
    sound = {"route_id": ["R1"], "kind": ["cable"], "status": ["new"]}
    routes = gpd.GeoDataFrame(sound, geometry=[line], crs=4326)
    routes.to_file(folder / "routes.gpkg", layer="routes")
    gpd.GeoDataFrame(geometry=[shapely.box(51, 32, 52, 33)], crs=4326).to_file(folder / "area.geojson")
    (folder / "p.toml").write_text(PROJECT)
    return folder


def whole(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(done, before, folder):
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    assert "is a source" in done.stderr
    assert whole(folder) == before


@pytest.mark.parametrize(
    ("command", "named"),
    [*((command, "p.toml") for command in COMMANDS), ("map", "routes.gpkg"), ("map", "area.geojson")],
)
def test_no_command_writes_to_what_the_project_names(fibre, survey, command, named):
    before = whole(survey)
    given = [part.format(source=survey / "p.toml", out=survey / named) for part in COMMANDS[command]]
    refused(fibre(*given), before, survey)


@pytest.mark.parametrize("way", ["symlink", "hard", "dots", "relative", "folder"])
def test_a_source_is_known_by_any_of_its_names(fibre, survey, tmp_path, way):
    out, cwd = tmp_path / "other.gpkg", tmp_path
    if way == "symlink":
        out.symlink_to(survey / "routes.gpkg")
    elif way == "hard":
        os.link(survey / "routes.gpkg", out)
    elif way == "dots":
        out = survey / ".." / "survey" / "." / "routes.gpkg"
    elif way == "relative":
        out, cwd = "routes.gpkg", survey
    else:
        (tmp_path / "linked").symlink_to(survey, target_is_directory=True)
        out = tmp_path / "linked" / "routes.gpkg"
    before = whole(tmp_path)
    refused(fibre("check", survey / "routes.gpkg", "--fix", "--out", out, cwd=cwd), before, tmp_path)
    refused(fibre("measure", survey / "p.toml", "--format", "csv", "--out", out, cwd=cwd), before, tmp_path)


def test_a_folder_that_folds_case_is_asked_and_not_the_spelling(fibre, survey, tmp_path):
    """Where no such file system is at hand, a link of the other spelling is what the folder would answer."""
    if not (survey / "ROUTES.GPKG").exists():
        os.link(survey / "routes.gpkg", survey / "ROUTES.GPKG")
    before = whole(survey)
    refused(fibre("check", survey / "p.toml", "--fix", "--out", survey / "ROUTES.GPKG"), before, survey)


def test_run_into_a_folder_whose_inventory_is_its_source(fibre, survey):
    shutil.copy(survey / "routes.gpkg", survey / "inventory.gpkg")
    (survey / "p.toml").write_text(PROJECT.replace("routes.gpkg", "inventory.gpkg"))
    before = whole(survey)
    refused(fibre("run", survey / "p.toml", "--out", survey), before, survey)
    fibre("run", survey / "p.toml", "--out", survey.parent / "maps", check=0)


def test_the_log_beside_a_corrected_copy_is_no_source_either(fibre, survey):
    (survey / "points.changes.csv").write_text("id,lon,lat\n1,51.6,32.6\n2,51.61,32.6\n")
    before = whole(survey)
    done = fibre("check", survey / "points.changes.csv", "--fix", "--out", survey / "points.gpkg")
    refused(done, before, survey)


def test_the_parts_of_a_source_are_it_too(fibre, survey):
    gpd.read_file(survey / "routes.gpkg").to_file(survey / "routes.shp")
    before = whole(survey)
    out = ["--format", "csv", "--out"]
    for part in ("routes.dbf", "routes.prj", "routes.shx", "routes.cpg"):
        refused(fibre("measure", survey / "routes.shp", *out, survey / part), before, survey)
    fibre("measure", survey / "routes.shp", *out, survey / "routes.csv", check=0)


def test_a_folder_that_is_read_keeps_its_data_and_takes_what_is_none(fibre, survey, tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    shutil.copy(survey / "routes.gpkg", folder)
    before = whole(folder)
    refused(fibre("check", folder, "--fix", "--out", folder / "routes.gpkg"), before, folder)
    for _ in range(2):
        fibre("check", folder, "--format", "sarif", "--out", folder / "findings.sarif", check=0)


def test_a_background_is_no_place_for_the_map(fibre, survey, tmp_path):
    before = whole(survey)
    done = fibre(
        "map", survey / "p.toml", "--basemap", survey / "area.geojson", "--out", survey / "area.geojson"
    )
    assert done.returncode == 2
    assert whole(survey) == before


def test_the_draft_of_a_project_replaces_nothing(fibre, survey):
    before = whole(survey)
    done = fibre("init", survey / "routes.gpkg", "--out", survey / "routes.gpkg")
    assert done.returncode == 2
    assert whole(survey) == before


def killed_after(renames, project, out):
    """Run, and end the process as SIGKILL does when so many files are moved in."""
    code = f"""
import os, signal
import gis
from gis.publish import files
moved, left = files._moved, [{renames}]
def until(written, place):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    moved(written, place)
files._moved = until
gis.run({str(project)!r}, {str(out)!r})
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("renames", [1, 3, 6])
def test_what_a_killed_run_left_is_said_by_the_next_and_by_whoever_reads_it(fibre, survey, tmp_path, renames):
    out = tmp_path / "maps"
    fibre("run", survey / "p.toml", "--out", out, check=0)
    first = whole(out)
    routes = gpd.read_file(survey / "routes.gpkg")
    routes.geometry = [shapely.LineString([(51.6, 32.6), (51.615, 32.6)])]
    routes.to_file(survey / "routes.gpkg", layer="routes")
    killed_after(renames, survey / "p.toml", out)
    left = {path: data for path, data in whole(out).items() if len(path.parts) == 1}
    assert sum(left[path] != first[path] for path in first) >= renames - 1
    named = json.loads((out / "report.json").read_bytes())["files"]
    assert set(named) == {path.name for path in first} - {"report.json", "report.html"}
    again = fibre("run", survey / "p.toml", "--out", out, check=0)
    assert "was not written with the report.json" in again.stderr
    done = fibre("run", survey / "p.toml", "--out", out, check=0)
    assert "report.json" not in done.stderr
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


def test_an_inventory_of_another_run_is_said_by_the_map(fibre, survey, tmp_path):
    out = tmp_path / "maps"
    fibre("run", survey / "p.toml", "--out", out, check=0)
    sound = fibre("map", out / "inventory.gpkg", check=0)
    assert "report.json" not in sound.stderr
    gpd.read_file(survey / "routes.gpkg").to_file(out / "inventory.gpkg", layer="routes")
    torn = fibre("map", out / "inventory.gpkg", check=0)
    assert torn.stderr.count("was not written with the report.json beside it") == 1
