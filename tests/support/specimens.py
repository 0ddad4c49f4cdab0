"""Small surveys made in memory, for tests of what is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.checks import COLUMNS, Findings
from gis.inventory import Inventory, Source
from gis.language import Text
from gis.project import Project
from gis.schema import CRS
from support import surveys


def layer(name: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Make a canonical layer of rows; what a row does not have is missing."""
    names = dict.fromkeys(key for row in rows for key in row if key != "geometry")
    columns = {key: [row.get(key) for row in rows] for key in names}
    return surveys.layer(
        name, [row.get("geometry") for row in rows], source=[f"{name}.geojson"] * len(rows), **columns
    )


def line(*vertices: tuple[float, ...]) -> shapely.LineString:
    return shapely.LineString(vertices)


def inventory(
    routes: list[dict[str, Any]] | None = None,
    manholes: list[dict[str, Any]] | None = None,
    offices: list[dict[str, Any]] | None = None,
    project: dict[str, Any] | None = None,
    **more: Any,
) -> Inventory:
    """Make a survey; without arguments a sound one of two cables, a duct, two manholes and an office."""
    if routes is None:
        routes = [
            route(
                "R-1",
                line((51.66, 32.65), (51.67, 32.65)),
                surveyed_on=dt.date(2021, 6, 9),
                recorded_length_m=938.2,
            ),
            route(
                "R-2",
                line((51.67, 32.65), (51.67, 32.66)),
                status="existing",
                county="برخوار",
                accuracy_m=0.02,
            ),
            route("D-1", line((51.66, 32.65), (51.665, 32.65)), kind="duct", slack_m=5.0),
        ]
    if manholes is None:
        manholes = [
            {
                "manhole_id": "M-1",
                "status": "new",
                "kind": "manhole",
                "geometry": shapely.Point(51.66, 32.65),
            },
            {
                "manhole_id": "M-2",
                "status": "new",
                "kind": "handhole",
                "geometry": shapely.Point(51.67, 32.65),
            },
        ]
    if offices is None:
        offices = [
            {
                "office_id": "GOV-1",
                "name_fa": "فرمانداری اصفهان",
                "name_en": "Isfahan",
                "county": "اصفهان",
                "connection": "existing",
                "provenance": "illustrative",
                "assumption": "Assumed: which ones is not on record",
                "assumption_fa": "فرض: نام آن‌ها در گزارش نیست",
                "geometry": shapely.Point(51.67, 32.66),
            }
        ]
    layers = {"routes": layer("routes", routes), "manholes": layer("manholes", manholes)}
    layers["offices"] = layer("offices", offices)
    more.setdefault(
        "sources",
        tuple(
            Source(f"{name}.geojson", name, name, "GeoJSON", CRS, "UTF-8", len(frame), {})  # type: ignore[arg-type]
            for name, frame in layers.items()
        ),
    )
    return Inventory(
        Project.model_validate(project or {"project": {"name": "Trial", "name_fa": "آزمایش"}}),
        **layers,
        **more,
    )


def route(route_id: str | None, geometry: Any, **values: Any) -> dict[str, Any]:
    return {
        "route_id": route_id,
        "kind": "cable",
        "status": "new",
        "county": "اصفهان",
        "provenance": "surveyed",
        "geometry": geometry,
        **values,
    }


def findings(rows: list[dict[str, Any]] | None = None, **attrs: Any) -> Findings:
    """Make a table of findings, as the checks give it."""
    filled = [
        {
            "code": "N301",
            "name": "loose-end",
            "severity": "warning",
            "layer": "routes",
            "feature": "R-1",
            "message": "its end meets nothing",
            "message_fa": "سر آن به چیزی نمی‌رسد",
            "fixable": False,
            "cause": "",
            "amount": np.nan,
            "lon": 51.66,
            "lat": 32.65,
            "source": "routes.geojson",
            "source_layer": "routes",
            "record": pd.NA,
            "geometry": None,
            **row,
        }
        for row in rows or []
    ]
    for row in filled:
        if row["geometry"] is None and np.isfinite(row["lon"]):
            row["geometry"] = shapely.Point(row["lon"], row["lat"])
    columns = {name: [row[name] for row in filled] for name in COLUMNS}
    geometry = gpd.GeoSeries(columns.pop("geometry"), crs=CRS)
    table = gpd.GeoDataFrame(columns, geometry=geometry, crs=CRS)
    facts: dict[str, Any] = {
        "ran": tuple(sorted({"G201", "N301", *(row["code"] for row in filled)})),
        "not_run": {"C102": Text("the project names no area", "پروژه محدوده‌ای ندارد")},
        "looked_at": {"routes": 3, "manholes": 2, "offices": 1},
        **attrs,
    }
    return Findings(table, **facts)
