"""A feature is its source, the layer of the source and its record, whatever it is called."""

import json

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import gis
from gis.publish.map import payload

IDS = ["R0", "R1", "R2"]
SOUND = [shapely.LineString([(51.60 + 0.01 * i, 32.60), (51.60 + 0.01 * i, 32.6025)]) for i in range(3)]
# The same ids, and latitude where longitude belongs.
SWAPPED = [shapely.LineString([(32.60, 51.70 + 0.01 * i), (32.6025, 51.70 + 0.01 * i)]) for i in range(3)]
HOME = [shapely.LineString([(y, x) for x, y in line.coords]) for line in SWAPPED]


def frames():
    for name, lines in (("sound", SOUND), ("swapped", SWAPPED)):
        columns = {"route_id": IDS, "kind": ["cable"] * 3, "status": ["new"] * 3}
        yield name, gpd.GeoDataFrame(columns, geometry=lines, crs=4326)


def of_gdal(path, driver):
    for name, frame in frames():
        frame.to_file(path, layer=name, driver=driver)


def spreadsheet(path):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, frame in frames():
        sheet = book.create_sheet(name)
        sheet.append(["route_id", "sequence", "kind", "status", "lon", "lat"])
        for row in frame.itertuples():
            for at, (x, y) in enumerate(row.geometry.coords):
                sheet.append([row.route_id, at + 1, "cable", "new", x, y])
    book.save(path)


def kml(path):
    folders = ""
    for name, frame in frames():
        marks = "".join(
            f"<Placemark><name>{row.route_id}</name><ExtendedData><Data name='kind'><value>cable</value></Data>"
            f"<Data name='status'><value>new</value></Data></ExtendedData><LineString><coordinates>"
            f"{' '.join(f'{x},{y}' for x, y in row.geometry.coords)}</coordinates></LineString></Placemark>"
            for row in frame.itertuples()
        )
        folders += f"<Folder><name>{name}</name>{marks}</Folder>"
    document = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{folders}</Document></kml>'
    path.write_text(document, encoding="utf-8")


MADE = {
    "two.gpkg": lambda path: of_gdal(path, "GPKG"),
    "two.gdb": lambda path: of_gdal(path, "OpenFileGDB"),
    "two.xlsx": spreadsheet,
    "two.kml": kml,
}


@pytest.fixture(params=MADE)
def survey(request, tmp_path):
    """A source with two layers, one of them with its axes swapped, in an area."""
    MADE[request.param](tmp_path / request.param)
    area = {"type": "Polygon", "coordinates": [[[51, 32], [52, 32], [52, 33], [51, 33], [51, 32]]]}
    (tmp_path / "area.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": area})
    )
    columns = 'columns = { route_id = "name" }\n' if request.param.endswith(".kml") else ""
    layers = "".join(
        f'[[layers.routes]]\nsource = "{request.param}"\nlayer = "{name}"\n{columns}'
        for name in ("sound", "swapped")
    )
    project = tmp_path / "p.toml"
    project.write_text(f'[area]\nsource = "area.geojson"\n{layers}')
    return gis.read(project)


def test_only_the_layer_that_is_wrong_is_accused_and_moved(survey):
    findings = gis.check(survey)
    accused = findings[findings["code"] == "C103"]
    assert set(accused["source_layer"]) == {"swapped"}
    fixed = gis.fix(survey, unsafe=True)
    assert {(row.code, row.layer) for row in fixed.changes.itertuples()} == {("C103", "routes")}
    routes = fixed.inventory.routes
    for name, wanted in (("sound", SOUND), ("swapped", HOME)):
        own = routes.geometry[routes["source_layer"] == name].to_numpy()
        assert np.allclose(shapely.get_coordinates(own), shapely.get_coordinates(wanted), atol=1e-9)
    assert not len(gis.check(fixed.inventory, select=["C"]))


def test_a_finding_hangs_on_its_own_feature(survey):
    longer = survey.routes.copy()
    at = np.flatnonzero(longer["source_layer"] == "swapped")[1]
    longer.loc[at, "geometry"] = shapely.LineString([(32.60, 51.71), (32.61, 51.71)])
    made = type(survey)(survey.project, longer, survey.manholes, survey.offices)
    findings = gis.check(made, select=["G209"])
    assert list(findings["feature"]) == ["R1"]
    assert payload.located(made, findings.table).tolist() == [at]
    assert made.positions("routes", findings.table).tolist() == [at]


def test_features_without_an_id_are_told_apart(tmp_path):
    for name, shift in (("a", 0.0), ("b", 1.0)):
        lines = [
            shapely.LineString([(51 + shift, 32 + 0.1 * i), (51.001 + shift, 32 + 0.1 * i)]) for i in range(3)
        ]
        gpd.GeoDataFrame({"kind": ["cable"] * 3, "status": ["new"] * 3}, geometry=lines, crs=4326).to_file(
            tmp_path / f"{name}_routes.geojson"
        )
    made = gis.read([tmp_path / "a_routes.geojson", tmp_path / "b_routes.geojson"])
    assert made.names("routes").tolist() == ["#1", "#2", "#3"] * 2
    origins = made.origins("routes")
    assert list(origins["source"]) == ["a_routes.geojson"] * 3 + ["b_routes.geojson"] * 3
    assert made.positions("routes", origins).tolist() == list(range(6))


def test_nothing_that_is_written_says_where_the_files_lie(fibre, plan, tmp_path):
    out = [tmp_path / "one", tmp_path / "deeper" / "two"]
    out[1].parent.mkdir()
    fibre("run", plan / "isfahan.toml", "--out", out[0], "--lang", "en", check=0)
    (plan.parent / "moved").mkdir()
    moved = plan.rename(plan.parent / "moved" / "elsewhere")
    fibre("run", "isfahan.toml", "--out", out[1], "--lang", "en", cwd=moved, check=0)
    for file in sorted(out[0].iterdir()):
        content = file.read_bytes()
        assert content == (out[1] / file.name).read_bytes(), file.name
        assert str(tmp_path).encode() not in content, file.name
    survey = fibre("check", moved / "routes.geojson", "--format", "json").stdout
    assert str(tmp_path) not in survey


def test_deliveries_that_are_called_alike_are_told_apart(tmp_path):
    for folder in ("east", "west"):
        (tmp_path / folder).mkdir()
        of = gpd.GeoDataFrame(
            {"route_id": [folder], "kind": ["cable"], "status": ["new"]}, geometry=SOUND[:1], crs=4326
        )
        of.to_file(tmp_path / folder / "routes.geojson")
    made = gis.read([tmp_path / "east" / "routes.geojson", tmp_path / "west" / "routes.geojson"])
    assert list(made.routes["source"]) == ["east/routes.geojson", "west/routes.geojson"]
