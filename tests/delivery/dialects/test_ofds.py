"""A network of the Open Fibre Data Standard is the same in each of its forms."""

import json

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import pytest
import shapely

import gis

PLACES = {"n1": (3.1, 13.5), "n2": (3.2, 13.55), "n3": (3.4, 13.6)}
SPANS = {"s1": ("n1", "n2"), "s2": ("n2", "n3")}
NETWORK = {"id": "w1", "name": "Backbone"}


def line(span):
    return shapely.LineString([PLACES[name] for name in SPANS[span]])


def as_json(folder):
    network = {
        **NETWORK,
        "nodes": [
            {
                "id": name,
                "status": "operational",
                "location": shapely.geometry.mapping(shapely.Point(place)),
            }
            for name, place in PLACES.items()
        ],
        "spans": [
            {
                "id": name,
                "start": start,
                "end": end,
                "status": "operational",
                "route": shapely.geometry.mapping(line(name)),
            }
            for name, (start, end) in SPANS.items()
        ],
    }
    path = folder / "network.json"
    path.write_text(json.dumps({"networks": [network]}), "utf-8")
    return path


def as_geojson(folder):
    def feature(geometry, **properties):
        return {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(geometry),
            "properties": {**properties, "network": NETWORK, "status": "operational"},
        }

    nodes = [feature(shapely.Point(place), id=name) for name, place in PLACES.items()]
    spans = [
        feature(line(name), id=name, start={"id": start}, end={"id": end})
        for name, (start, end) in SPANS.items()
    ]
    paths = []
    for name, features in (("nodes", nodes), ("spans", spans)):
        paths.append(folder / f"{name}.geojson")
        paths[-1].write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return paths


def tables():
    nodes = [
        {
            "id": "w1",
            "nodes/0/id": name,
            "nodes/0/status": "operational",
            "nodes/0/location": shapely.Point(place).wkt,
        }
        for name, place in PLACES.items()
    ]
    spans = [
        {
            "id": "w1",
            "spans/0/id": name,
            "spans/0/start": start,
            "spans/0/end": end,
            "spans/0/status": "operational",
            "spans/0/route": line(name).wkt,
        }
        for name, (start, end) in SPANS.items()
    ]
    return {"nodes": nodes, "spans": spans}


def as_csv(folder):
    paths = []
    for name, rows in tables().items():
        paths.append(folder / f"{name}.csv")
        pd.DataFrame(rows).to_csv(paths[-1], index=False)
    return paths


def as_xlsx(folder):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tables().items():
        sheet = book.create_sheet(name)
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append(list(row.values()))
    book.save(folder / "network.xlsx")
    return folder / "network.xlsx"


def as_geopackage(folder):
    path = folder / "network.gpkg"
    common = {"network_id": "w1", "status": "operational"}
    nodes = [{"id": name, **common, "geometry": shapely.Point(place)} for name, place in PLACES.items()]
    spans = [
        {"id": name, "start": start, "end": end, **common, "geometry": line(name)}
        for name, (start, end) in SPANS.items()
    ]
    for name, rows in (("nodes", nodes), ("spans", spans)):
        gpd.GeoDataFrame(rows, geometry="geometry", crs=4326).to_file(path, layer=name, driver="GPKG")
    return path


@pytest.mark.parametrize("form", [as_json, as_geojson, as_csv, as_xlsx, as_geopackage])
def test_each_form_gives_the_same_network(tmp_path, form):
    inventory = gis.read(form(tmp_path))
    assert {source.dialect for source in inventory.sources} == {"OFDS 0.4"}
    routes = inventory.routes.set_index("route_id").sort_index()
    assert {name: tuple(row) for name, row in routes[["from_id", "to_id"]].iterrows()} == SPANS
    assert set(routes["kind"]) == {"cable"}
    assert set(routes["status"]) == {"existing"}
    assert set(inventory.manholes["manhole_id"]) == set(PLACES)
    geod = pyproj.Geod(ellps="WGS84")
    expected = [geod.geometry_length(line(name)) for name in SPANS]
    measured = gis.measure(inventory).set_index("id").loc[list(SPANS), "geodesic_m"]
    assert np.allclose(measured.to_numpy(dtype=float), expected, atol=1e-6)
    assert not set(gis.check(inventory)["code"]) & {"D004", "D005", "A401", "N309", "N310"}
