"""A large survey made in memory, for tests and benchmarks of tiled maps: the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.checks import COLUMNS
from gis.checks.findings import Findings
from gis.inventory import ORIGIN, Inventory
from gis.project import Project
from gis.schema import CRS
from support.surveys import layer, metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

# County, its English name, and its seat: longitude and latitude.
COUNTIES = (
    ("اصفهان", "Isfahan", 51.67, 32.67),
    ("کاشان", "Kashan", 51.44, 33.99),
    ("نجف‌آباد", "Najafabad", 51.37, 32.63),
    ("شهرضا", "Shahreza", 51.87, 32.01),
    ("گلپایگان", "Golpayegan", 50.29, 33.46),
    ("نائین", "Nain", 53.09, 32.86),
    ("سمیرم", "Semirom", 51.57, 31.41),
    ("خور و بیابانک", "Khur va Biabanak", 55.08, 33.78),
)
VERTICES = 10


def ways(count: int, rng: np.random.Generator, county: NDArray[np.intp]) -> NDArray[np.float64]:
    """Make turning ways around the counties' seats: (count, VERTICES, 2) degrees."""
    seats = np.array([one[2:] for one in COUNTIES])[county]
    away = rng.standard_exponential((count, 1)) * 14_000
    turn = rng.uniform(0, 2 * np.pi, (count, 1))
    heading = rng.uniform(0, 2 * np.pi, (count, 1)) + np.cumsum(
        rng.normal(0, 0.35, (count, VERTICES - 1)), axis=1
    )
    step = rng.lognormal(3.2, 0.7, (count, 1)) * rng.uniform(0.5, 1.5, (count, VERTICES - 1))
    east = np.hstack([away * np.cos(turn), step * np.cos(heading)]).cumsum(axis=1)
    north = np.hstack([away * np.sin(turn), step * np.sin(heading)]).cumsum(axis=1)
    lon, lat = metres(east, north, (0.0, 32.6))
    return np.stack([lon + seats[:, :1], lat - 32.6 + seats[:, 1:]], axis=2)


def survey(count: int, seed: int = 7) -> Inventory:
    """Make a survey of ``count`` routes, a tenth as many manholes, and an office in each county."""
    rng = np.random.default_rng(seed)
    share = np.array([8, 3, 3, 2, 2, 1, 1, 1]) / 21
    county = rng.choice(len(COUNTIES), count, p=share)
    places = ways(count, rng, county)
    names = np.array([one[0] for one in COUNTIES], dtype=object)
    lines = shapely.linestrings(places.reshape(-1, 2), indices=np.repeat(np.arange(count), VERTICES))
    routes = layer(
        "routes",
        lines,
        route_id=np.char.add("R-", np.arange(1, count + 1).astype(str)).astype(object),
        kind=rng.choice(["cable", "duct"], count, p=[0.8, 0.2]),
        status=rng.choice(["existing", "new", "planned"], count, p=[0.6, 0.3, 0.1]),
        county=names[county],
        office_id=np.char.add("O-", (county + 1).astype(str)).astype(object),
        installation=rng.choice(["duct", "buried", "aerial"], count),
        fibre_count=rng.choice([12, 24, 48, 96], count),
        accuracy_m=rng.choice([0.03, 0.05], count),
        provenance=np.full(count, "surveyed", dtype=object),
    )
    some = np.arange(0, count, 10)
    manholes = layer(
        "manholes",
        shapely.points(places[some, 0]),
        manhole_id=np.char.add("M-", np.arange(1, len(some) + 1).astype(str)).astype(object),
        status=rng.choice(["existing", "new"], len(some)),
        kind=rng.choice(
            ["manhole", "handhole", "closure", "pole", "exchange"], len(some), p=[0.5, 0.3, 0.1, 0.08, 0.02]
        ),
        county=names[county[some]],
        provenance=np.full(len(some), "surveyed", dtype=object),
    )
    offices = layer(
        "offices",
        shapely.points([one[2:] for one in COUNTIES]),
        office_id=[f"O-{n}" for n in range(1, len(COUNTIES) + 1)],
        name_fa=[f"فرمانداری {one[0]}" for one in COUNTIES],
        name_en=[f"{one[1]} governorate" for one in COUNTIES],
        county=names,
        county_en=[one[1] for one in COUNTIES],
        connection=["new", "existing"] * (len(COUNTIES) // 2),
        provenance=["surveyed"] * len(COUNTIES),
    )
    about = {"project": {"name": "Trial of a large survey", "name_fa": "آزمایش یک برداشت بزرگ"}}
    return Inventory(Project.model_validate(about), routes, manholes, offices)


def findings(inventory: Inventory, every: int = 40) -> Findings:
    """Make findings, one for each so many routes, of three severities in turn; the third a stretch of its route."""
    rows = np.arange(0, len(inventory.routes), every)
    lines = inventory.routes.geometry.to_numpy()[rows]
    kind = np.arange(len(rows)) % 3
    ends = shapely.get_point(lines, 0)
    pick = lambda *of: np.array(of, dtype=object)[kind]  # noqa: E731
    table = pd.DataFrame(
        {
            "code": pick("N305", "N301", "G205"),
            "name": pick("unserved-office", "loose-end", "repeated-vertex"),
            "severity": pick("error", "warning", "info"),
            "layer": "routes",
            "feature": inventory.routes["route_id"].to_numpy(dtype=object)[rows],
            "message": pick("is on no route", "its end meets nothing", "two vertices are the same"),
            "message_fa": pick("روی هیچ مسیری نیست", "سر آن به چیزی نمی‌رسد", "دو رأس یکی است"),
            "fixable": False,
            "cause": "",
            "amount": np.nan,
            "lon": shapely.get_x(ends),
            "lat": shapely.get_y(ends),
            **{name: inventory.routes[name].to_numpy(dtype=object)[rows] for name in ORIGIN},
        }
    )
    geometry = np.where(kind == 2, lines, ends)
    assert {*table.columns, "geometry"} == set(COLUMNS)
    return Findings(gpd.GeoDataFrame(table, geometry=geometry, crs=CRS))
