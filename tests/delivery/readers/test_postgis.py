"""Surveys in a PostGIS database, read by the real command."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from support.cluster import PASSWORD, missing, running
from support.effort import effort
from support.plan import LAYERS

import gis
from gis.address import masked, without_password
from gis.delivery.sources import open_delivery
from gis.errors import SourceError
from gis.schema import PUT_IN

try:
    import psycopg
except ImportError:
    missing("psycopg")


def load(connection, name):
    features = json.loads((LAYERS / f"{name}.geojson").read_text("utf-8"))["features"]
    keys = list(dict.fromkeys(key for feature in features for key in feature["properties"]))
    columns = ", ".join(f'"{key}" text' for key in keys)
    connection.execute(
        f"CREATE TABLE survey.{name} (fid serial PRIMARY KEY, {columns}, geom geometry(Geometry, 4326))"
    )
    names = ", ".join(f'"{key}"' for key in keys)
    marks = ", ".join(["%s"] * len(keys))
    for feature in features:
        values = [feature["properties"].get(key) for key in keys]
        connection.execute(
            f"INSERT INTO survey.{name} ({names}, geom) VALUES ({marks}, ST_GeomFromGeoJSON(%s))",
            [*(None if value is None else str(value) for value in values), json.dumps(feature["geometry"])],
        )


@pytest.fixture(scope="module")
def address():
    with running() as at:
        with psycopg.connect(at(), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION postgis")
            connection.execute("CREATE DATABASE plain")
            connection.execute("CREATE SCHEMA survey")
            for name in ("routes", "manholes", "offices"):
                load(connection, name)
            connection.execute("CREATE SCHEMA other")
            connection.execute(
                "CREATE TABLE other.utm AS SELECT fid, ST_Transform(geom, 32639) AS geom FROM survey.routes"
            )
            connection.execute(
                "CREATE TABLE other.bare AS SELECT fid, ST_SetSRID(geom, 0) AS geom FROM other.utm"
            )
            connection.execute(
                'CREATE TABLE other."odd ""name %" ("geometry" text, "a %s" date, t timestamp, n numeric(6,0),'
                " r float4, l int[], g geometry)"
            )
            connection.execute(
                """INSERT INTO other."odd ""name %" VALUES ('note', '2020-08-02', '2020-08-02 10:00', 7, 0.1,
                '{1,2}', 'CIRCULARSTRING(0 0, 1 1, 2 0)'),
                (NULL, NULL, NULL, NULL, NULL, NULL, 'LINESTRING ZM (0 0 5 9, 1 0 6 9)'),
                (NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
            )
        yield at


@pytest.fixture
def project(plan, address):
    path = plan / "isfahan.toml"
    text = path.read_text("utf-8")
    for name in ("routes", "manholes", "offices"):
        text = text.replace(f'source = "{name}.geojson"', f'source = "{address()}"\nlayer = "survey.{name}"')
    path.write_text(text, "utf-8")
    return path


def test_project_file_gives_the_lengths_of_the_files_and_of_postgis(fibre, project, address):
    here = gis.measure(gis.read(project)).set_index("id")["geodesic_m"]
    there = gis.measure(gis.read(LAYERS / "isfahan.toml")).set_index("id")["geodesic_m"]
    assert here.to_dict() == pytest.approx(there.to_dict(), abs=1e-6, rel=0)
    with psycopg.connect(address()) as connection:
        theirs = connection.execute(
            "SELECT ST_Length(geom::geography) FROM survey.routes ORDER BY fid"
        ).fetchall()
    assert here.to_list() == pytest.approx([length for (length,) in theirs], abs=1e-6, rel=0)
    # The command shows four decimals of the same.
    told = fibre("measure", project, "--format", "csv", check=0).stdout.removeprefix("\ufeff")
    shown = {row["id"]: float(row["geodesic_m"]) for row in csv.DictReader(io.StringIO(told))}
    assert shown == pytest.approx(here.to_dict(), abs=5.1e-5, rel=0)


def test_project_file_gives_six_agreeing_verdicts(fibre, project):
    done = fibre("totals", project, "--format", "json", check=0)
    assert [item["verdict"] for item in json.loads(done.stdout)["items"]] == ["agrees"] * 6
    assert PASSWORD not in done.stdout + done.stderr


def test_commands_take_the_address(fibre, address, tmp_path):
    done = fibre("inspect", address(), "--format", "json", check=0)
    (file,) = json.loads(done.stdout)["files"]
    assert [layer["layer"] for layer in file["layers"]] == [
        "other.bare", 'other.odd "name %', "other.utm", "survey.manholes", "survey.offices", "survey.routes"
    ]  # fmt: skip
    declared = {layer["layer"]: layer["crs_declared"] for layer in file["layers"]}
    assert declared["other.utm"] == "EPSG:32639"
    assert declared["other.bare"] is None
    assert declared["survey.routes"] == "EPSG:4326"
    done = fibre("init", address(), "--out", "drawn.toml", check=0)
    drafted = (tmp_path / "drawn.toml").read_text("utf-8")
    assert PASSWORD not in drafted + done.stdout + done.stderr
    fibre("inspect", tmp_path / "drawn.toml", env={"PGPASSWORD": PASSWORD}, check=0)


def test_utm_and_no_srid_come_as_they_stand(address):
    (utm,) = open_delivery(address(), layer="other.utm")
    (bare,) = open_delivery(address(), layer="bare")
    (degrees,) = open_delivery(address(), layer="survey.routes")
    assert utm.crs.to_epsg() == 32639
    assert bare.crs is None
    assert utm.frame.geometry.geom_equals(bare.frame.geometry).all()
    theirs = utm.frame.geometry.set_crs(32639).to_crs(4326)
    assert np.allclose(theirs.get_coordinates(), degrees.frame.geometry.get_coordinates(), rtol=0, atol=1e-9)
    assert degrees.records.tolist() == list(range(1, len(degrees.frame) + 1))


def test_names_types_and_arcs(address):
    (raw,) = open_delivery(address(), layer='other.odd "name %')
    first, second, third = raw.frame.itertuples(index=False, name=None)
    assert first[:6] == ("note", "2020-08-02", "2020-08-02T10:00:00", 7, 0.1, "1;2")
    assert first[-1].length == pytest.approx(np.pi, rel=1e-6)
    # What the arc passes through is known from what is put in along it.
    kept = [0, 900, 1800]
    assert np.flatnonzero(raw.curves.roles != PUT_IN).tolist() == kept
    assert np.array(first[-1].coords)[kept].tolist() == [[0, 0], [1, 1], [2, 0]]
    assert list(second[-1].coords) == [(0, 0, 5), (1, 0, 6)]
    assert third[-1] is None


@pytest.mark.parametrize(
    ("change", "command", "code"),
    [
        (lambda at: at("wr0ng-guess"), (), "D001"),
        (lambda at: at("wr0ng@guess"), (), "D010"),
        (lambda at: at("wr0ng/guess"), (), "D010"),
        (lambda at: at().replace("/postgres?", "/nowhere?"), (), "D001"),
        (lambda at: at().replace("/postgres?", "/plain?"), (), "D001"),
        (lambda at: at().replace("host=", "host=/nowhere"), (), "D001"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "fa"])
def test_what_cannot_be_opened_is_one_line(fibre, address, change, command, code, lang):
    done = fibre("inspect", change(address), "--lang", lang, check=2)
    (line,) = done.stderr.splitlines()
    assert code in line
    assert not any(secret in line for secret in (PASSWORD, "wr0ng", "guess"))


def test_missing_table_names_those_there_are(fibre, project):
    project.write_text(project.read_text("utf-8").replace("survey.routes", "survey.roads"), "utf-8")
    done = fibre("measure", project, check=2)
    (line,) = done.stderr.splitlines()
    assert "survey.roads" in line
    assert "survey.routes" in line
    assert PASSWORD not in line


def test_nothing_can_be_written(address):
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute("CREATE TABLE other.trail (n int)")
        connection.execute(
            "CREATE FUNCTION other.leave() RETURNS geometry LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO other.trail VALUES (1); RETURN 'POINT(0 0)'::geometry; END $$"
        )
        connection.execute("CREATE VIEW other.trap AS SELECT other.leave() AS geom")
        try:
            with pytest.raises(SourceError, match="read-only"):
                open_delivery(address(), layer="other.trap")
            assert connection.execute("SELECT count(*) FROM other.trail").fetchone() == (0,)
        finally:
            connection.execute("DROP VIEW other.trap")


@pytest.mark.parametrize(
    ("given", "shown", "bare"),
    [
        ("postgresql://u:p@h:5432/d", "postgresql://u:***@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgres://u@h/d?password=p&x=1", "postgres://u@h/d?password=***&x=1", "postgres://u@h/d?x=1"),
        ("postgresql://h:5432/d", "postgresql://h:5432/d", "postgresql://h:5432/d"),
    ],
)
def test_passwords_are_hidden(given, shown, bare):
    assert masked(given) == shown
    assert without_password(given) == bare


def test_of_two_tables_only_the_one_that_is_wrong_is_accused_and_moved(address, tmp_path):
    with psycopg.connect(address(), autocommit=True) as connection:
        for name, place in (("sound", "51.6 + i * 0.01, 32.6"), ("swapped", "32.6, 51.7 + i * 0.01")):
            connection.execute(
                f"CREATE TABLE other.{name} AS SELECT 'M' || i AS manhole_id, 'new' AS status, "
                f"ST_SetSRID(ST_MakePoint({place}), 4326) AS geom FROM generate_series(0, 3) AS i"
            )
    area = {"type": "Polygon", "coordinates": [[[51, 32], [52, 32], [52, 33], [51, 33], [51, 32]]]}
    (tmp_path / "area.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": area})
    )
    layers = "".join(
        f'[[layers.manholes]]\nsource = "{address()}"\nlayer = "other.{name}"\n'
        for name in ("sound", "swapped")
    )
    (tmp_path / "p.toml").write_text(f'[area]\nsource = "area.geojson"\n{layers}')
    survey = gis.read(tmp_path / "p.toml")
    findings = gis.check(survey, select=["C"])
    assert set(zip(findings["code"], findings["source_layer"], strict=True)) == {("C103", "other.swapped")}
    fixed = gis.fix(survey, unsafe=True).inventory.manholes
    assert list(fixed.geometry.x.round(6)) == [51.6, 51.61, 51.62, 51.63, 51.7, 51.71, 51.72, 51.73]
    assert set(fixed.geometry.y.round(6)) == {32.6}


def test_rows_come_some_at_a_time(address):
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute(
            "CREATE VIEW other.long AS SELECT n AS fid, repeat(chr(1 + 64 + n % 26), 1000) AS text,"
            " NULLIF(n % 3, 0) AS fibres, NULLIF(n, 1)::float8 / 3 AS depth, (n % 2 = 0) AS live,"
            " ST_SetSRID(ST_MakePoint(51 + n / 1e6, 32), 4326) AS geom FROM generate_series(1, 100000) AS n"
        )
    try:
        (raw,), taken = effort(lambda: open_delivery(address(), layer="other.long"))
    finally:
        with psycopg.connect(address(), autocommit=True) as connection:
            connection.execute("DROP VIEW other.long")
    # 100 MB of text, held once by Arrow; Python holds those of a batch.
    assert taken.peak < 60_000_000
    frame = raw.frame
    assert len(frame) == 100_000
    order = np.argsort(frame["fid"].to_numpy())
    numbers = np.arange(1, 100_001)
    assert frame["fid"].to_numpy()[order].tolist() == numbers.tolist()
    assert (frame["text"].str.len() == 1000).all()
    assert frame["text"].iloc[order].str[0].tolist() == [chr(65 + n % 26) for n in numbers]
    assert frame["fibres"].iloc[order].fillna(0).tolist() == (numbers % 3).tolist()
    assert frame["fibres"].dtype == "Int64"
    assert np.isnan(frame["depth"].to_numpy()[order][0])
    assert frame["depth"].to_numpy()[order][1:].tolist() == (numbers[1:] / 3).tolist()
    assert frame["live"].iloc[order].tolist() == (numbers % 2 == 0).tolist()
    assert np.abs(frame.geometry.x.to_numpy()[order] - (51 + numbers / 1e6)).max() < 1e-12


@pytest.fixture
def mixed(address):
    """A table whose rows are in three systems: degrees, UTM, and metres of UTM without an SRID."""
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE other.mixed AS SELECT fid, 'mixed ' || fid AS route_id, 'duct' AS kind, CASE fid % 3"
            " WHEN 0 THEN geom WHEN 1 THEN ST_Transform(geom, 32639)"
            " ELSE ST_SetSRID(ST_Transform(geom, 32639), 0) END AS geom FROM survey.routes"
        )
        lengths = connection.execute(
            "SELECT 'mixed ' || fid, ST_Length(geom::geography) FROM survey.routes"
        ).fetchall()
        try:
            yield dict(lengths)
        finally:
            connection.execute("DROP TABLE other.mixed")


def test_rows_of_several_srids_stay_in_theirs_and_a_named_system_is_that_of_the_others(mixed, address, fibre):
    done = fibre("inspect", address(), "--crs", "EPSG:32639", "--format", "json", check=0)
    (file,) = json.loads(done.stdout)["files"]
    believed = {one["layer"]: one["crs_believed"] for one in file["layers"] if "mixed" in one["layer"]}
    assert believed == {
        "other.mixed (SRID 0)": "EPSG:32639",
        "other.mixed (SRID 4326)": "EPSG:4326",
        "other.mixed (SRID 32639)": "EPSG:32639",
    }
    done = fibre("measure", address(), "--crs", "EPSG:32639", "--format", "json", check=0)
    rows = json.loads(done.stdout)["routes"]
    measured = {row["id"]: row["geodesic_m"] for row in rows if row["id"] in mixed}
    assert measured == pytest.approx(mixed, abs=1e-3)


def test_a_system_that_is_named_with_one_part_is_that_of_the_part(mixed, address, tmp_path):
    # As if the rows had the wrong SRID: what is degrees is said to be degrees of ED50.
    (tmp_path / "p.toml").write_text(
        f'[[layers.routes]]\nsource = "{address()}"\nlayer = "other.mixed (SRID 4326)"\ncrs = "EPSG:4230"\n'
    )
    (source,) = gis.read(tmp_path / "p.toml").sources
    assert source.crs == "EPSG:4230"
