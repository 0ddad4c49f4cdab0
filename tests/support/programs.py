"""Deliveries as known programs write them, made for tests: a sound one each, and the faults planted in it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    # A layer of a program: rows with their geometry.
    Rows = list[dict[str, Any]]
    Project = dict[str, Rows]

GRID = "EPSG:32639"
# To the millimetre, as it was surveyed.
EAST, NORTH, STEP = 560_000.137, 3_610_000.481, 100.0
# The scale of UTM at this easting: what is drawn is so much longer than the ground.
SCALE = 0.9996 * (1 + (60_000.0 / 6_378_137.0) ** 2 / 2)
NODES = 24
CABLES, SLACK, BREAK = "Underground_cables", "Optical_slack", "Fiber_break"


def place(along: float, across: float = 0.0) -> tuple[float, float]:
    """Give a place on the grid: metres along the street and across it."""
    return EAST + along, NORTH + across


def uuid(number: int) -> str:
    """Give an identity."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def fiberq() -> Project:
    """Make a sound project: a street of manholes with a cable from each to the next, and a span between two poles."""
    project: Project = {
        name: []
        for name in (
            "Route",
            CABLES,
            "Aerial_cables",
            "Poles",
            "Manholes",
            "Joint_Closures",
            SLACK,
            BREAK,
        )
    }
    number = iter(range(1, 10_000))
    for at in range(NODES):
        project["Manholes"].append(
            {"geometry": shapely.Point(place(STEP * at)), "broj_okna": f"OKNO {at}", "stanje": "dobro, suvo"}
        )
    length = round(STEP / SCALE, 2)
    for at in range(NODES - 1):
        line = shapely.LineString([place(STEP * at), place(STEP * (at + 1))])
        project["Route"].append(
            {
                "geometry": line,
                "naziv": f"T{at}",
                "duzina": length,
                "duzina_km": length / 1000,
                "tip_trase": "podzemna",
            }
        )
        project[CABLES].append(_cable(line, f"OKNO {at}", f"OKNO {at + 1}", length, "Podzemno"))
    span = shapely.LineString([place(0), place(0, STEP)])
    project["Route"].append(
        {
            "geometry": span,
            "naziv": "S",
            "duzina": length,
            "duzina_km": length / 1000,
            "tip_trase": "vazdusna",
        }
    )
    project["Aerial_cables"].append(_cable(span, "OKNO 0", "Stub", length, "Vazdusno"))
    project["Poles"].append(
        {"geometry": shapely.Point(place(0, STEP)), "tip": "drveni", "visina": 8.0, "stanje": ""}
    )
    project["Joint_Closures"].append({"geometry": shapely.Point(place(STEP * 3.5)), "naziv": "N1"})
    for at in (1, 2, 3, 4):
        project[SLACK].append(
            {
                "geometry": shapely.Point(place(STEP * at)),
                "duzina_m": 10.0,
                "lokacija": "OKNO",
                "strana": "od",
                **_of(CABLES, at + 1),
            }
        )
    for at in (5, 6, 7, 8):
        project[BREAK].append(
            {
                "geometry": shapely.Point(place(STEP * at + 40)),
                "distance_m": 40.0,
                "vreme": "2024-05-01",
                **_of(CABLES, at + 1),
            }
        )
    for rows in project.values():
        for row in rows:
            row["fiberq_uuid"] = uuid(next(number))
    return project


def _of(layer: str, record: int) -> dict[str, Any]:
    return {"cable_layer_id": f"{layer}_5c1f0d2e_88aa_4b1c", "cable_fid": record}


def _cable(line: shapely.LineString, start: str, end: str, length: float, laying: str) -> dict[str, Any]:
    return {
        "geometry": line,
        "tip": "opticki",
        "podtip": "glavni",
        "stanje_kabla": "Projektovano",
        "cable_laying": laying,
        "od": start,
        "do": end,
        "duzina_m": length,
        "slack_m": 10.0,
        "total_len_m": length + 10.0,
        "fibers_per_tube": 12,
        "total_fibers": 48,
        "broj_cevcica": 4,
        "broj_vlakana": 48,
        "godina_ugradnje": 2021,
    }


def _change(layer: str, record: int, **values: Any) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        project[layer][record - 1] |= values

    return change


def _short(record: int, metres: float, **values: Any) -> Callable[[Project], None]:
    """Let a cable end before its manhole."""

    def change(project: Project) -> None:
        end = place(STEP * record - metres)
        line = shapely.LineString([place(STEP * (record - 1)), end])
        length = round((STEP - metres) / SCALE, 2)
        project[CABLES][record - 1] |= {
            "geometry": line,
            "duzina_m": length,
            "total_len_m": length + 10,
            **values,
        }

    return change


def _twin(project: Project) -> None:
    project[CABLES][9]["fiberq_uuid"] = project[CABLES][8]["fiberq_uuid"]


def _astray(project: Project) -> None:
    project["Poles"].append({**project["Poles"][0], "geometry": shapely.Point(place(300, 400))})
    project["Poles"][1]["fiberq_uuid"] = uuid(9001)


# What FiberQ finds in its own projects, each planted once: the change, and the code, layer and record that name it.
FIBERQ_FAULTS: dict[str, tuple[Callable[[Project], None], tuple[str, str, int]]] = {
    "stranded end": (_short(NODES - 1, 50, do=None), ("N301", CABLES, NODES - 1)),
    "nearly connected end": (_short(13, 4), ("N302", CABLES, 13)),
    "element off the network": (_astray, ("N304", "Poles", 2)),
    "slack of a cable that is missing": (_change(SLACK, 1, **_of(CABLES, 99)), ("N309", SLACK, 1)),
    "slack of what is no cable": (_change(SLACK, 2, **_of("Route", 3)), ("N314", SLACK, 2)),
    "slack of a pole": (_change(SLACK, 4, **_of("Poles", 1)), ("N314", SLACK, 4)),
    "slack of a cable elsewhere": (_change(SLACK, 3, **_of(CABLES, 12)), ("N313", SLACK, 3)),
    "break of a cable that is missing": (_change(BREAK, 1, **_of("Old_cables", 1)), ("N309", BREAK, 1)),
    "break of what is no cable": (_change(BREAK, 2, **_of("Route", 7)), ("N314", BREAK, 2)),
    "break of a cable elsewhere": (_change(BREAK, 3, **_of(CABLES, 12)), ("N313", BREAK, 3)),
    "id missing": (_change("Manholes", 20, fiberq_uuid=None), ("A401", "Manholes", 20)),
    "id twice": (_twin, ("A402", CABLES, 10)),
    "required value missing": (_change(CABLES, 11, stanje_kabla=None), ("A401", CABLES, 11)),
    "value off the list": (_change(CABLES, 12, stanje_kabla="Nepoznato"), ("A403", CABLES, 12)),
    "implausible number": (
        _change(CABLES, 14, total_fibers=99_999, broj_vlakana=99_999),
        ("A404", CABLES, 14),
    ),
    "stored length against ground": (
        _change(CABLES, 15, duzina_m=140.0, total_len_m=150.0),
        ("T501", CABLES, 15),
    ),
    "length and slack against total": (_change(CABLES, 16, total_len_m=125.0), ("T505", CABLES, 16)),
    "geometry missing": (_change(CABLES, 17, geometry=None), ("G201", CABLES, 17)),
    "geometry empty": (_change(CABLES, 18, geometry=shapely.LineString()), ("G201", CABLES, 18)),
}


def write_fiberq(path: Path, project: Project, *, systems: dict[str, str] | None = None) -> Path:
    """Write a project as its plugin does: one GeoPackage, with a table that is its own."""
    for name, rows in project.items():
        frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=GRID)
        kind = rows[0]["geometry"].geom_type
        if systems and name in systems:
            frame = frame.to_crs(systems[name])
        frame.to_file(path, layer=name, driver="GPKG", geometry_type=kind)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE _fiberq_metadata (key TEXT, value TEXT)")
        database.execute("INSERT INTO _fiberq_metadata VALUES ('schema_version', '1.4')")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('_fiberq_metadata', 'attributes', '_fiberq_metadata')"
        )
        database.commit()
    return path


def gracethd() -> Project:
    """Make a sound delivery of Gr@ceTHD: four nodes, three cables and the ways that they run in, a closure, a loop."""
    crs_nodes = [place(STEP * at) for at in range(4)]
    statuses = ("AVP", "REC", "MCO")
    lines = [shapely.LineString(crs_nodes[at : at + 2]) for at in range(3)]
    length = round(STEP / SCALE, 2)
    return {
        "t_noeud": [
            {"nd_code": f"ND{at}", "nd_type": "ST" if at == 0 else "PT", "geometry": shapely.Point(xy)}
            for at, xy in enumerate(crs_nodes)
        ],
        "t_ptech": [
            {
                "pt_code": f"PT{at}",
                "pt_nd_code": f"ND{at}",
                "pt_typephy": ("", "C", "A", "F")[at],
                "pt_statut": "REC",
            }
            for at in (1, 2, 3)
        ],
        "t_sitetech": [{"st_code": "ST0", "st_nd_code": "ND0", "st_typelog": "NRO", "st_statut": "MCO"}],
        "t_cableline": [
            {"cl_code": f"CL{at}", "cl_cb_code": f"CB{at}", "cl_long": length, "geometry": lines[at]}
            for at in range(3)
        ],
        "t_cable": [
            {
                "cb_code": f"CB{at}",
                "cb_nd1": f"ND{at}",
                "cb_nd2": f"ND{at + 1}",
                "cb_statut": statuses[at],
                "cb_typephy": "C",
                "cb_capafo": 144,
                "cb_lgreel": length + 20,
            }
            for at in (2, 0, 1)
        ],
        "t_cheminement": [
            {
                "cm_code": f"CM{at}",
                "cm_ndcode1": f"ND{at}",
                "cm_ndcode2": f"ND{at + 1}",
                "cm_statut": statuses[at],
                "cm_long": length,
                "cm_typ_imp": ("7", "7", "0")[at],
                "geometry": lines[at],
            }
            for at in range(3)
        ],
        "t_ebp": [{"bp_code": "BP1", "bp_pt_code": "PT1", "bp_statut": "REC"}],
        "t_love": [{"lv_id": 1, "lv_cb_code": "CB1", "lv_nd_code": "ND1", "lv_long": 15}],
        "t_organisme": [{"or_code": "OR1", "or_nom": "Commune"}],
        "l_statut": [{"code": "REC", "libelle": "Recolement"}, {"code": "MCO", "libelle": "Maintien"}],
    }


def write_gracethd(folder: Path, delivery: Project, *, delimiter: str = ";") -> Path:
    """Write what has geometry as shapefiles, and the tables as CSV beside them."""
    folder.mkdir()
    for name, rows in delivery.items():
        if rows and "geometry" in rows[0]:
            gpd.GeoDataFrame(rows, geometry="geometry", crs=GRID).to_file(
                folder / f"{name}.shp", encoding="UTF-8"
            )
        else:
            pd.DataFrame(rows).to_csv(folder / f"{name}.csv", sep=delimiter, index=False)
    return folder


def shuffled(rows: Rows, seed: int) -> Rows:
    """Give rows in another order."""
    return [rows[at] for at in np.random.default_rng(seed).permutation(len(rows))]
