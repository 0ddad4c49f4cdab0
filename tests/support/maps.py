"""Maps for the tests: of the bundled plan, of the plan with faults, and of surveys made in memory."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import gis
from gis import lengths, totals
from gis.checks.findings import Findings
from gis.publish.map.page import build, page
from support.surveys import layer

LAYERS = Path(__file__).parents[2] / "layers"
IDLE = "Boolean(window.fibre && window.fibre.idle)"
FINDING_COLUMNS = (
    "code",
    "name",
    "severity",
    "layer",
    "feature",
    "message",
    "message_fa",
    "fixable",
    "lon",
    "lat",
)


def findings(rows=(), survey=None):
    """Findings as `gis.check` gives them, each about the first feature of a survey that is called as it says."""
    table = pd.DataFrame(
        [dict(zip(FINDING_COLUMNS, row[:-1], strict=True)) for row in rows], columns=FINDING_COLUMNS
    )
    table = table.assign(
        cause="",
        amount=np.nan,
        source="",
        source_layer="",
        record=pd.array([pd.NA] * len(table), dtype="Int64"),
    )
    for at, (layer_name, feature) in enumerate(zip(table["layer"], table["feature"], strict=True)):
        called = np.flatnonzero(survey.names(layer_name) == feature) if survey is not None and feature else []
        if len(called):
            for column, value in survey.origins(layer_name).iloc[called[0]].items():
                table.loc[at, column] = value
    return Findings(gpd.GeoDataFrame(table, geometry=[row[-1] for row in rows], crs=4326))


def drawn(survey, found=None, **options):
    """The map of a survey made here."""
    measured = lengths.measure(survey)
    return build(
        survey,
        measured,
        findings() if found is None else found,
        totals.reconcile(survey, measured),
        **options,
    )


def written(path, survey, found=None, **options):
    path.write_text(page(drawn(survey, found, **options)), encoding="utf-8", newline="")
    return path


@pytest.fixture(scope="module")
def plan():
    return gis.read(LAYERS / "isfahan.toml")


@pytest.fixture(scope="module")
def plan_page(plan, tmp_path_factory):
    return written(tmp_path_factory.mktemp("plan") / "index.html", plan)


@pytest.fixture(scope="module")
def faulty_page(plan, tmp_path_factory):
    """The plan with findings: one a severity in three counties, one along a stretch, one without a place."""
    rows = []
    for i, (code, severity) in enumerate([("G203", "error"), ("N301", "warning"), ("N307", "info")] * 40):
        route = plan.routes.iloc[i % len(plan.routes)]
        lon, lat = shapely.get_coordinates(route.geometry)[0]
        shape = shapely.Point(lon, lat) if i % 2 else None
        rows.append(
            (
                code,
                code,
                severity,
                "routes",
                route.route_id,
                f"fault {i}",
                f"خطای {i}",
                False,
                lon,
                lat,
                shape,
            )
        )
    line = plan.routes.geometry.iloc[0]
    rows.append(
        (
            "G208",
            "G208",
            "error",
            "routes",
            "C-1",
            "a stretch",
            "یک پاره",
            False,
            line.coords[0][0],
            line.coords[0][1],
            line,
        )
    )
    rows.append(("T503", "T503", "error", "routes", "", "no place", "بی‌جا", False, math.nan, math.nan, None))
    return written(tmp_path_factory.mktemp("faulty") / "index.html", plan, findings(rows, plan))


def lines_of(*shapes, **columns):
    count = len(shapes)
    given = {
        "route_id": [f"R{i}" for i in range(count)],
        "kind": ["cable"] * count,
        "status": ["new"] * count,
    }
    return layer("routes", shapes, **(given | columns))
