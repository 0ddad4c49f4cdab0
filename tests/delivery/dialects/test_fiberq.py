"""A project of FiberQ as it is, and each fault that FiberQ finds in one."""

import json

import numpy as np
import pandas as pd
import pytest
from support.programs import BREAK, CABLES, FIBERQ_FAULTS, NODES, SLACK, STEP, fiberq, write_fiberq
from typer.testing import CliRunner

import gis
from gis.cli import app
from gis.errors import ProjectError


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_fiberq(tmp_path_factory.mktemp("sound") / "project.gpkg", fiberq())


@pytest.fixture(scope="module")
def inventory(sound):
    return gis.read(sound)


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """What is found in a project in which each fault was planted once, the poles in another system."""
    project = fiberq()
    for change, _ in FIBERQ_FAULTS.values():
        change(project)
    path = write_fiberq(
        tmp_path_factory.mktemp("faulty") / "project.gpkg", project, systems={"Poles": "EPSG:4326"}
    )
    return gis.check(gis.read(path))


def test_its_layers_are_what_they_are(inventory):
    assert inventory.routes["kind"].value_counts().to_dict() == {"cable": NODES, "duct": NODES - 1}
    assert inventory.manholes["kind"].value_counts().to_dict() == {"manhole": NODES, "pole": 1, "closure": 1}
    assert inventory.fittings["kind"].value_counts().to_dict() == {"slack": 4, "break": 4}
    assert {source.layer for source in inventory.sources} == set(fiberq())
    assert {source.dialect for source in inventory.sources} == {"FiberQ 1.4"}


def test_identity_fibres_and_status_are_the_projects(inventory):
    project = fiberq()
    cables = inventory.routes[inventory.routes["source_layer"] == CABLES]
    assert cables["route_id"].tolist() == [row["fiberq_uuid"] for row in project[CABLES]]
    assert cables["fibre_count"].tolist() == [48] * len(cables)
    assert set(cables["status"]) == {"planned"}
    assert set(cables["installation"]) == {"buried"}
    nodes = [row["fiberq_uuid"] for row in project["Manholes"]]
    assert cables["from_id"].tolist() == nodes[:-1]
    assert cables["to_id"].tolist() == nodes[1:]
    assert inventory.fittings["route_id"].tolist() == [
        project[CABLES][row["cable_fid"] - 1]["fiberq_uuid"]
        for name in (SLACK, BREAK)
        for row in project[name]
    ]
    assert inventory.fittings["slack_m"].dropna().tolist() == [10.0] * 4


def test_a_sound_project_has_no_fault(inventory):
    findings = gis.check(inventory)
    assert findings.failed == {}
    assert findings.loc[findings["severity"] != "info", "code"].tolist() == []


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Projektovano", "planned"),
        ("Postojeće", "existing"),
        ("U izgradnji", "planned"),
        ("Planned", "planned"),
        ("Existing", "existing"),
    ],
)
def test_words_for_status_are_understood_in_both_of_its_languages(tmp_path, word, status):
    project = fiberq()
    project[CABLES][0]["stanje_kabla"] = word
    routes = gis.read(write_fiberq(tmp_path / "p.gpkg", project)).routes
    assert routes.loc[routes["source_layer"] == CABLES, "status"].iloc[0] == status


@pytest.mark.parametrize(
    ("total", "fibres", "read"),
    [(48, None, 48), (None, 24, 24), (0, 24, 24), (48, 12, 48), (None, None, None)],
)
def test_the_number_of_fibres_is_never_that_of_a_tube(tmp_path, total, fibres, read):
    project = fiberq()
    project[CABLES][0] |= {"total_fibers": total, "broj_vlakana": fibres}
    routes = gis.read(write_fiberq(tmp_path / "p.gpkg", project)).routes
    count = routes.loc[routes["source_layer"] == CABLES, "fibre_count"].iloc[0]
    assert (None if pd.isna(count) else count) == read


@pytest.mark.parametrize("name", FIBERQ_FAULTS)
def test_each_fault_is_named_on_its_record(faults, name):
    code, layer, record = FIBERQ_FAULTS[name][1]
    mine = (faults["source_layer"] == layer) & (faults["record"] == record)
    assert faults.loc[mine, "code"].tolist() == [code]


def test_nothing_else_is_found_but_the_two_systems(faults):
    expected = {planted for _, planted in FIBERQ_FAULTS.values()}
    loud = faults[faults["severity"] != "info"]
    found = set(zip(loud["code"], loud["source_layer"], loud["record"].fillna(0).astype(int), strict=True))
    assert found == expected | {("C107", "", 0)}


def test_the_dialect_is_shown_and_by_what(sound):
    runner = CliRunner()
    document = json.loads(runner.invoke(app, ["inspect", str(sound), "--format", "json"]).stdout)
    assert document["dialect"]["name"] == "fiberq"
    assert document["dialect"]["by"][f"{sound.name}:{CABLES}"] == [
        "fiberq_uuid",
        "stanje_kabla",
        "broj_vlakana",
        "cable_laying",
    ]
    layers = {layer["layer"]: layer for layer in document["files"][0]["layers"]}
    assert "_fiberq_metadata" not in layers
    assert layers[CABLES]["columns"]["from_id"] == "od"
    assert layers[CABLES]["columns"]["fibre_count"] == "total_fibers"
    text = runner.invoke(app, ["inspect", str(sound), "--lang", "en"]).stdout
    assert "Written by FiberQ 1.4" in text


def test_the_drafted_project_file_reads_the_same(sound, inventory, tmp_path):
    draft = tmp_path / "project.toml"
    assert CliRunner().invoke(app, ["init", str(sound), "--out", str(draft)]).exit_code == 0
    assert 'dialect = "fiberq"' in draft.read_text("utf-8")
    again = gis.read(draft)
    for name in ("routes", "manholes", "fittings"):
        one, other = (
            made.layer(name).sort_values(["source_layer", "record"]).drop(columns=["source", "geometry"])
            for made in (inventory, again)
        )
        assert one.astype("str").to_numpy().tolist() == other[one.columns].astype("str").to_numpy().tolist()


def project_file(folder, gpkg, dialect, columns):
    path = folder / "project.toml"
    entries = f'[[layers.routes]]\nsource = "{gpkg.as_posix()}"\nlayer = "{CABLES}"\n{columns}\n'
    entries += f'[[layers.fittings]]\nsource = "{gpkg.as_posix()}"\nlayer = "{SLACK}"\n'
    path.write_text(f"[project]\n{dialect}\n{entries}", "utf-8")
    return path


def test_what_the_project_file_names_wins(sound, tmp_path):
    columns = 'columns = { route_id = "podtip", fibre_count = "fibers_per_tube" }\nset = { status = "new" }'
    inventory = gis.read(project_file(tmp_path, sound, "", columns))
    assert set(inventory.routes["fibre_count"]) == {12}
    assert set(inventory.routes["status"]) == {"new"}
    # The slack names what is an id now.
    assert set(inventory.routes["route_id"]) == set(inventory.fittings["route_id"]) == {"glavni"}


def test_a_project_file_can_turn_the_dialect_off_and_name_one(sound, tmp_path):
    off = gis.read(project_file(tmp_path, sound, 'dialect = "none"', ""))
    assert {source.dialect for source in off.sources} == {""}
    named = gis.read(project_file(tmp_path, sound, 'dialect = "fiberq"', ""))
    assert {source.dialect for source in named.sources} == {"FiberQ 1.4"}
    with pytest.raises(
        ProjectError, match="is 'fibreq', which is not known; known are: fiberq, gracethd, ofds, swmaps, none"
    ):
        gis.read(project_file(tmp_path, sound, 'dialect = "fibreq"', ""))


def test_a_layer_renamed_is_known_by_its_columns(tmp_path):
    project = fiberq()
    project = {("kabl" if name == CABLES else name): rows for name, rows in project.items()}
    routes = gis.read(write_fiberq(tmp_path / "p.gpkg", project)).routes
    mine = routes[routes["source_layer"] == "kabl"]
    assert mine["fibre_count"].tolist() == [48] * (NODES - 1)


def test_of_two_nodes_of_one_name_the_nearer_is_meant(tmp_path):
    project = fiberq()
    project["Manholes"][20]["broj_okna"] = "OKNO 1"
    project[CABLES][20]["od"] = project[CABLES][19]["do"] = "OKNO 1"
    routes = gis.read(write_fiberq(tmp_path / "p.gpkg", project)).routes
    cables = routes[routes["source_layer"] == CABLES]
    assert cables["to_id"].iloc[0] == project["Manholes"][1]["fiberq_uuid"]
    assert cables["to_id"].iloc[19] == project["Manholes"][20]["fiberq_uuid"]


def test_the_street_is_as_long_as_it_was_drawn(inventory):
    measured = gis.measure(inventory)
    assert np.allclose(measured["grid_m"].to_numpy(dtype=float), STEP, atol=1e-6)
