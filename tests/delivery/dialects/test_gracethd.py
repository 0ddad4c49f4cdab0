"""A delivery of Gr@ceTHD: geometry and attributes joined by code, and what finds no partner counted."""

import shutil

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from support.programs import GRID, gracethd, shuffled, write_gracethd
from typer.testing import CliRunner

import gis
from gis.cli import app


def as_zip(folder, delivery):
    made = write_gracethd(folder / "plain", delivery)
    return shutil.make_archive(str(folder / "delivery"), "zip", made)


def as_geopackage(folder, delivery):
    path = folder / "delivery.gpkg"
    for name, rows in delivery.items():
        if "geometry" in rows[0]:
            frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=GRID)
            frame.to_file(path, layer=name, driver="GPKG")
        else:
            pyogrio.write_dataframe(pd.DataFrame(rows), path, layer=name, driver="GPKG")
    return path


def as_files(folder, delivery):
    made = write_gracethd(folder / "plain", delivery, delimiter=",")
    return [path for path in sorted(made.iterdir()) if path.suffix in {".shp", ".csv"}]


def with_tables_as_dbf(folder, delivery):
    made = write_gracethd(folder / "plain", delivery)
    for path in made.glob("*.csv"):
        rows = pd.DataFrame(delivery[path.stem])
        pyogrio.write_dataframe(rows, path.with_suffix(".dbf"), driver="ESRI Shapefile")
        path.unlink()
    return made


FORMS = {
    "folder": lambda folder, delivery: write_gracethd(folder / "plain", delivery),
    "zip": as_zip,
    "files": as_files,
    "tables as DBF": with_tables_as_dbf,
    "GeoPackage": as_geopackage,
}


@pytest.mark.parametrize("form", FORMS)
def test_geometry_and_attributes_are_joined_by_code(tmp_path, form):
    delivery = {name: shuffled(rows, 7) for name, rows in gracethd().items()}
    inventory = gis.read(FORMS[form](tmp_path, delivery))
    routes = inventory.routes.set_index("route_id")
    assert routes["from_id"].to_dict() == {f"C{k}{at}": f"ND{at}" for k in "BM" for at in range(3)}
    assert routes["to_id"].to_dict() == {f"C{k}{at}": f"ND{at + 1}" for k in "BM" for at in range(3)}
    assert routes.loc[["CB0", "CB1", "CB2"], "fibre_count"].tolist() == [144] * 3
    assert routes.loc[["CB0", "CB1", "CB2"], "status"].tolist() == ["planned", "new", "existing"]
    assert routes.loc[["CM0", "CM2"], "installation"].tolist() == ["duct", "aerial"]
    kinds = inventory.manholes.set_index("manhole_id")["kind"]
    assert kinds.dropna().to_dict() == {"ND0": "exchange", "ND1": "manhole", "ND2": "pole"}
    fittings = inventory.fittings.set_index("fitting_id")
    assert fittings["kind"].to_dict() == {"BP1": "closure", "1": "slack"}
    assert fittings["manhole_id"].to_dict() == {"BP1": "ND1", "1": "ND1"}
    place = inventory.manholes.set_index("manhole_id").geometry["ND1"]
    assert fittings.geometry["BP1"].distance(place) == fittings.geometry["1"].distance(place) == 0


@pytest.mark.parametrize("form", ["folder", "tables as DBF"])
def test_a_sound_delivery_has_no_finding_and_its_lists_are_counted(tmp_path, form):
    inventory = gis.read(FORMS[form](tmp_path, gracethd()))
    assert gis.check(inventory)["code"].tolist() == []
    lists = {left.layer: left.count for left in inventory.left_out if left.layer}
    assert lists == {"t_organisme": 1, "l_statut": 2}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, "planned") for code in ("PRE", "DIA", "AVP", "PRO", "ACT", "EXE", "TVX")),
        ("REC", "new"),
        ("MCO", "existing"),
    ],
)
def test_a_phase_is_a_status(tmp_path, code, status):
    delivery = gracethd()
    delivery["t_cable"][0]["cb_statut"] = code
    routes = gis.read(write_gracethd(tmp_path / "d", delivery)).routes.set_index("route_id")
    assert routes["status"][delivery["t_cable"][0]["cb_code"]] == status


def test_rows_without_a_partner_are_counted_on_either_side(tmp_path):
    delivery = gracethd()
    delivery["t_cableline"][1]["cl_cb_code"] = "CBX"
    delivery["t_cable"].append({**delivery["t_cable"][0], "cb_code": "CB9"})
    delivery["t_ebp"].append({"bp_code": "BP2", "bp_pt_code": "PT77", "bp_statut": "REC"})
    inventory = gis.read(write_gracethd(tmp_path / "d", delivery))
    findings = gis.check(inventory)
    told = findings[findings["code"] == "D011"].set_index("layer")["message"]
    assert (
        told["d/t_cableline.shp"]
        == "is not whole: 1 of 3 rows have no row in t_cable for their cl_cb_code: CBX"
    )
    assert "2 of 4 rows" in told["d/t_cable.csv"]
    assert told["d/t_cable.csv"].endswith("CB1, CB9")
    assert told["d/t_ebp.csv"].endswith("PT77")
    assert len(told) == 3
    # The line is there with what it says itself, and nothing of the rows without one is lost without a word.
    assert "CBX" in set(inventory.routes["route_id"])
    assert {left.layer: left.count for left in inventory.left_out}["t_cable"] == 2
    assert findings.loc[findings["code"] == "A401", "feature"].tolist() == ["CBX"]


def test_a_code_that_two_rows_have_is_joined_once(tmp_path):
    delivery = gracethd()
    delivery["t_cable"].append({**delivery["t_cable"][0], "cb_capafo": 288})
    inventory = gis.read(write_gracethd(tmp_path / "d", delivery))
    assert inventory.routes["fibre_count"].dropna().tolist() == [144] * 3
    assert {left.layer: left.count for left in inventory.left_out}["t_cable"] == 1


@pytest.mark.parametrize("missing", ["t_cable", "t_cableline", "t_noeud"])
def test_a_table_that_was_not_delivered_is_named(tmp_path, missing):
    delivery = gracethd()
    del delivery[missing]
    findings = gis.check(gis.read(write_gracethd(tmp_path / "d", delivery)))
    assert any(missing in message for message in findings.loc[findings["code"] == "D011", "message"])
    assert "D004" not in set(findings["code"])


def test_the_drafted_project_file_names_the_tables_and_reads_the_same(tmp_path):
    folder = write_gracethd(tmp_path / "d", gracethd())
    draft = tmp_path / "project.toml"
    assert CliRunner().invoke(app, ["init", str(folder), "--out", str(draft)]).exit_code == 0
    assert draft.read_text("utf-8").count("[[layers.tables]]") == 3
    one, other = gis.read(folder), gis.read(draft)
    assert gis.check(other)["code"].tolist() == []
    for name in ("routes", "manholes", "fittings"):
        assert one.layer(name).drop(columns="geometry").astype("str").to_numpy().tolist() == (
            other.layer(name).drop(columns="geometry").astype("str").to_numpy().tolist()
        )
