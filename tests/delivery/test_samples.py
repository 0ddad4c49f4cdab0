"""The deliveries of layers/samples: each has the faults that its README tells, and measures what its routes do."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import sys
import tempfile
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path

import fiona
import numpy as np
import pytest
from pyproj import CRS, Geod
from support.plan import LAYERS

import gis
from gis import cli

SAMPLES = LAYERS / "samples"
# What a person adds to read a delivery whose files leave it open.
CRS_39 = "EPSG:32639"
ASKED = {"01-khomeyni-shahr-no-prj.zip": CRS_39, "12-shahreza-drawing.dxf": CRS_39}


def maker():
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told():
    """Give each sample of README.md with its codes."""
    rows = re.findall(
        r"^\| `(\d\d-[^`]+)` \|.*\|([^|]*)\|$", (SAMPLES / "README.md").read_text("utf-8"), re.MULTILINE
    )
    return {name: set(codes.split()) for name, codes in rows}


def sample(number):
    (path,) = SAMPLES.glob(f"{number:02}-*")
    return path


def plan_lengths():
    """Measure the bundled plan's routes by Karney's algorithm."""
    geod = Geod(ellps="WGS84")
    data = json.loads((LAYERS / "routes.geojson").read_text("utf-8"))
    return {
        feature["properties"]["route_id"]: geod.line_length(*np.array(feature["geometry"]["coordinates"]).T)
        for feature in data["features"]
    }


@cache
def inventory(number, *crs):
    return gis.read(sample(number), crs=crs[0] if crs else ASKED.get(sample(number).name))


def measured(number, *crs):
    lengths = gis.measure(inventory(number, *crs))
    return list(zip(lengths["id"], lengths["geodesic_m"], strict=True))


@cache
def findings(number):
    return gis.check(inventory(number)).to_dict("records")


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def same(name, one, other):
    """Compare what files hold, not how GDAL of one day or another lays it out."""
    if name.endswith((".zip", ".kmz", ".xlsx")):
        ours, theirs = members(one), members(other)
        assert list(ours) == list(theirs)
        for member in ours:
            same(member, ours[member], theirs[member])
    elif name.endswith(".prj"):
        assert CRS.from_wkt(one.decode()).equals(CRS.from_wkt(other.decode()))
    elif name.endswith(".gpkg"):
        assert layers(one) == layers(other)
    else:
        assert one == other, name


def layers(geopackage):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.gpkg"
        path.write_bytes(geopackage)
        found = {}
        for layer in fiona.listlayers(path):
            with fiona.open(path, layer=layer) as opened:
                found[layer] = opened.crs.to_wkt(), [feature.__geo_interface__ for feature in opened]
        return found


def test_readme_tells_every_sample():
    files = {path.name for path in SAMPLES.iterdir() if path.name[0].isdigit()}
    assert set(told()) == files == set(maker().SAMPLES)


def test_samples_are_small():
    sizes = [path.stat().st_size for path in SAMPLES.iterdir() if path.name[0].isdigit()]
    assert max(sizes) < 20_000
    assert sum(sizes) < 300_000


def test_samples_are_made_again(tmp_path):
    for path in maker().write(tmp_path):
        same(path.name, path.read_bytes(), (SAMPLES / path.name).read_bytes())


@pytest.mark.parametrize("name", [name for name in told() if name not in ASKED])
def test_check_finds_what_the_readme_tells(capfdbinary, monkeypatch, name):
    monkeypatch.setattr(sys, "argv", ["fibre", "check", str(SAMPLES / name), "--format", "json"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    found = json.loads(capfdbinary.readouterr().out)["findings"]
    assert told()[name] <= {finding["code"] for finding in found}
    assert stop.value.code == any(finding["severity"] == "error" for finding in found)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_what_the_file_leaves_open_is_asked(fibre, name):
    done = fibre("check", SAMPLES / name, check=2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in ("C101", name, "32638", "32639", "32640", "--crs"))


@pytest.mark.parametrize("name", sorted(told()))
def test_inspect_reads_every_sample(name):
    document = gis.inspect(SAMPLES / name)
    understood = [layer.goes_into for file in document.files for layer in file.layers]
    assert "routes" in understood or name == "08-manholes.csv"


# How many routes a sample has of the plan, whole.
WHOLE = {1: 6, 2: 4, 3: 6, 4: 5, 6: 9, 7: 6, 11: 5}


@pytest.mark.parametrize(("number", "count"), WHOLE.items())
def test_lengths_are_those_of_the_plan(number, count):
    plan = plan_lengths()
    # Khur is declared in the wrong zone.
    lengths = measured(number, *([CRS_39] if number == 2 else []))
    assert len(lengths) == count
    # Eight decimals of a degree or millimetres of a grid, at some thirty vertices; a length on ED50(ED77) is one of
    # another ellipsoid, 27 mm a kilometre off.
    tolerance = 0.05 if number == 3 else 0.002
    for name, length in lengths:
        assert length == pytest.approx(plan[name], abs=tolerance), name


def test_drawing_has_the_plans_lengths():
    plan = plan_lengths()
    expected = sorted(length for name, length in plan.items() if "SHAHREZA" in name or "MOBARAKEH" in name)
    lengths = [length for _, length in measured(12)]
    for length in expected:
        near = min(lengths, key=lambda other: abs(other - length))
        assert near == pytest.approx(length, abs=0.002)
        lengths.remove(near)
    assert lengths == []


def test_wrong_zone_is_told_from_the_office():
    (wrong,) = [finding for finding in findings(2) if finding["code"] == "C104"]
    assert "32639" in wrong["message"]
    assert wrong["fixable"]


def test_datum_is_told_of_all_that_was_measured_on_it():
    """The manholes lie on no office; the routes do, and the manholes on them."""
    assert {one["layer"] for one in findings(3) if one["code"] == "C105"} == {"routes", "manholes"}
    assert all("ED50(ED77)" in one["message"] for one in findings(3) if one["code"] == "C105")


def test_lost_letters_are_told_where_they_are_lost():
    lost = {one["feature"] for one in findings(4) if one["code"] == "D007"}
    assert lost == {"C-ARDESTAN-1", "C-NAIN-1"}


def test_swapped_axes_are_told_of_all_routes():
    (finding,) = [one for one in findings(5) if one["code"] == "C103"]
    assert "55 of 55" in finding["message"]


def test_mojibake_says_what_it_says():
    messages = [one["message"] for one in findings(6) if one["code"] == "A408"]
    assert len(messages) == 9 + 2 * 4
    assert any("گلپايگان" in message for message in messages)
    assert any("فرمانداری خمینی‌شهر" in message for message in messages)


def test_zone_named_above_the_headings_counts():
    (layer,) = gis.inspect(sample(7)).files[0].layers
    assert layer.crs_declared == "EPSG:32639"
    assert set(inventory(7).routes["surveyed_on"].astype(str)) == {"2020-08-02"}
    plan = plan_lengths()
    for name, recorded in zip(
        inventory(7).routes["route_id"], inventory(7).routes["recorded_length_m"], strict=True
    ):
        assert recorded == pytest.approx(plan[name], abs=0.1)


def test_impossible_date_is_the_only_one():
    found = [one for one in findings(8) if one["code"] == "A406"]
    assert [one["feature"] for one in found] == ["MH-KHUR-VA-BIABANAK-2"]
    assert "1400/12/30" in found[0]["message"]


def test_degrees_minutes_seconds_are_read_to_millimetres():
    plan = json.loads((LAYERS / "manholes.geojson").read_text("utf-8"))["features"]
    places = {one["properties"]["manhole_id"]: one["geometry"]["coordinates"] for one in plan}
    geod = Geod(ellps="WGS84")
    manholes = inventory(8).manholes
    assert len(manholes) == 8
    for name, point in zip(manholes["manhole_id"], manholes.geometry, strict=True):
        assert geod.inv(*places[name], point.x, point.y)[2] < 0.003


def test_faults_of_the_survey_lie_where_they_were_put():
    assert Counter((one["code"], one["feature"]) for one in findings(13)) >= Counter(
        {
            ("N302", "C-DEHAQAN-1"): 1,
            ("G205", "C-SEMIROM-1"): 1,
            ("G206", "C-SEMIROM-1"): 1,
            ("G208", "C-MOBARAKEH-1"): 1,
            ("G212", "C-TIRAN-VA-KARVAN-1-COPY"): 1,
        }
    )
    (near,) = [one for one in findings(13) if one["code"] == "N302"]
    assert "3.20 m" in near["message"]


def test_damage_leaves_the_sound_records():
    assert any(one["code"] == "D003" and "6" in one["message"] for one in findings(11))
    assert "C-DEHAQAN-1" in {name for name, _ in measured(11)}


def test_map_of_a_sample_is_one_page(fibre, tmp_path):
    page = tmp_path / "map.html"
    fibre("map", sample(13), "--out", page, check=0)
    assert page.stat().st_size > 100_000


@pytest.mark.parametrize("number", [1, 3, 7, 9, 10, 13])
def test_a_draft_reads_what_the_files_do(tmp_path, number):
    """A GeoPackage and a KMZ of folders hold several layers in one file; each is named by its own name."""
    crs = ASKED.get(sample(number).name)
    project = tmp_path / "draft.toml"
    project.write_text(gis.init([sample(number)], folder=tmp_path, crs=crs), "utf-8")
    drafted = gis.read(project)
    for layer in ("routes", "manholes", "offices"):
        assert len(drafted.layer(layer)) == len(inventory(number).layer(layer))
    lengths = gis.measure(drafted)
    assert list(zip(lengths["id"], lengths["geodesic_m"], strict=True)) == measured(number)


def fixed(number, **options):
    return gis.fix(inventory(number), **options).inventory


FIXED = {3: {"C105"}, 4: {"A405"}, 5: {"C103"}, 6: {"A408"}, 8: {"A405"}, 9: {"G205", "G206"}, 10: {"G210"}}


@pytest.mark.parametrize("number", FIXED)
def test_the_tutorials_fixes_take_the_finding_away(number):
    found = {finding["code"] for finding in findings(number)}
    assert FIXED[number] <= found
    survey = fixed(number, unsafe=True)
    assert FIXED[number].isdisjoint(gis.check(survey)["code"])


def test_axes_put_right_give_the_plans_lengths():
    plan, lengths = plan_lengths(), gis.measure(fixed(5, unsafe=True))
    assert len(lengths) == 3
    for name, length in zip(lengths["id"], lengths["geodesic_m"], strict=True):
        assert length == pytest.approx(plan[name], abs=0.002)


def test_field_faults_put_right_give_the_plans_lengths():
    plan, survey = plan_lengths(), fixed(13, unsafe=True)
    lengths = gis.measure(survey)
    for name, length in zip(lengths["id"], lengths["geodesic_m"], strict=True):
        assert length == pytest.approx(plan[name.removesuffix("-COPY")], abs=0.002), name
    assert set(gis.check(survey)["code"]) == {"G212"}


def test_a_phones_outlier_goes():
    lengths = gis.measure(fixed(9, unsafe=True))
    assert lengths["geodesic_m"].tolist() == pytest.approx([plan_lengths()["C-KHANSAR-1"]], abs=0.002)


def accepted(number, folder):
    """Draft a project file and take its proposals of coordinate systems."""
    draft = gis.init([sample(number)], folder=folder)
    project = folder / "draft.toml"
    project.write_text(re.sub(r'^# \?\?\? (crs = "[^"]+").*$', r"\1", draft, flags=re.MULTILINE), "utf-8")
    return gis.read(project)


@pytest.mark.parametrize(("number", "code"), [(2, "C104"), (3, "C105")])
def test_a_drafts_proposals_put_each_vertex_where_it_was_measured(tmp_path, number, code):
    survey = accepted(number, tmp_path)
    assert code not in set(gis.check(survey)["code"])
    data = json.loads((LAYERS / "routes.geojson").read_text("utf-8"))
    plan = {one["properties"]["route_id"]: one["geometry"]["coordinates"] for one in data["features"]}
    geod = Geod(ellps="WGS84")
    for name, line in zip(survey.routes["route_id"], survey.routes.geometry, strict=True):
        lon, lat = np.array(line.coords).T[:2]
        wanted = np.array(plan[name]).T
        assert geod.inv(lon, lat, *wanted)[2].max() < 0.003, name
