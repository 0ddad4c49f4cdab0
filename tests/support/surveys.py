"""Surveys made in memory for tests and benchmarks: a clean street network, and the faults planted in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis import lengths
from gis.inventory import ORIGIN, Inventory, empty
from gis.project import Project
from gis.schema import CRS, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

# South-west corner of the network; the last of its streets lie across 54° E where it is large enough.
WEST, SOUTH = 51.6, 32.6
CELL_M = 120.0
COUNTY, NEIGHBOUR = "اصفهان", "برخوار"
SURVEYED = date(2020, 8, 2)
ACCURACY_M = 0.05


def metres(east: Any, north: Any, origin: tuple[float, float] = (WEST, SOUTH)) -> tuple[Any, Any]:
    """Go metres east and north from a place, exactly enough for placing (not for measuring)."""
    lat = origin[1] + np.asarray(north) / 110_900.0
    return origin[0] + np.asarray(east) / (111_320.0 * np.cos(np.radians(lat))), lat


def layer(name: str, geometry: Sequence[Any], **columns: Any) -> gpd.GeoDataFrame:
    """Make a canonical layer; columns that are not given hold nothing."""
    schema = SCHEMAS[name]  # type: ignore[index]
    blank = empty(schema)
    count = len(geometry)
    table = {}
    for column in [*blank.columns.drop("geometry"), *(set(columns) - set(blank.columns))]:
        dtype = blank[column].dtype if column in blank else "str"
        values = columns.get(column)
        if values is None and column in ORIGIN:
            origin = {"source": ["survey.gpkg"] * count, "source_layer": ["survey"] * count}
            values = origin.get(column, np.arange(1, count + 1))
        table[column] = pd.Series([None] * count if values is None else values, dtype=dtype)
    shapes = np.empty(count, dtype=object)
    shapes[:] = geometry
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=CRS), crs=CRS)


def inventory(
    routes: gpd.GeoDataFrame | None = None,
    manholes: gpd.GeoDataFrame | None = None,
    offices: gpd.GeoDataFrame | None = None,
    *,
    fittings: gpd.GeoDataFrame | None = None,
    project: dict[str, Any] | None = None,
    **more: Any,
) -> Inventory:
    """Put layers together."""
    layers = {"routes": routes, "manholes": manholes, "offices": offices, "fittings": fittings}
    made = {k: layer(k, []) if v is None else v for k, v in layers.items()}
    return Inventory(Project.model_validate(project or {}), **made, **more)


@dataclass
class Survey:
    """Features under construction, row by row, each with its attributes."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})
    expected: set[tuple[str, str, str]] = field(default_factory=set)
    cells: int = 0

    def add(self, name: str, geometry: Any, **values: Any) -> str:
        """Add a feature with sound attributes but for those given; give its id."""
        key = SCHEMAS[name].id  # type: ignore[index]
        number = len(self.rows[name])
        sound: dict[str, Any] = {
            key: f"{name[0].upper()}{number:07d}",
            "county": COUNTY,
            "provenance": "surveyed",
        }
        if name == "offices":
            sound |= {"name_fa": f"فرمانداری {number}", "connection": "new"}
        else:
            sound |= {"status": "new", "surveyed_on": SURVEYED, "accuracy_m": ACCURACY_M}
        if name == "routes":
            sound |= {"kind": "cable", "installation": "buried", "fibre_count": 24, "slack_m": 10.0}
        if name == "manholes":
            sound |= {"kind": "manhole", "depth_m": 1.2}
        self.rows[name].append({"geometry": geometry, **sound, **values})
        return str({**sound, **values}[key])

    def build(self, **more: Any) -> Inventory:
        """Make the inventory; recorded lengths are the measured ones but where a fault says otherwise."""
        layers = {}
        for name, rows in self.rows.items():
            columns = {c for row in rows for c in row} - {"geometry"}
            layers[name] = layer(
                name, [row["geometry"] for row in rows], **{c: [row.get(c) for row in rows] for c in columns}
            )
        measured = lengths.geodesic.line_lengths(layers["routes"].geometry.to_numpy())
        extra = np.array([row.get("recorded_off", 0.0) for row in self.rows["routes"]], dtype=float)
        layers["routes"]["recorded_length_m"] = np.round(measured + extra, 1)
        off = np.array([row.get("total_off", 0.0) for row in self.rows["routes"]], dtype=float)
        whole = layers["routes"]["recorded_length_m"] + layers["routes"]["slack_m"]
        layers["routes"]["total_length_m"] = whole + off
        layers["routes"] = layers["routes"].drop(columns=["recorded_off", "total_off"], errors="ignore")
        east, north = metres(300_000.0, 200_000.0)
        area = shapely.box(WEST - 0.05, SOUTH - 0.05, east, north)
        counties = gpd.GeoDataFrame(
            {"name": [COUNTY, NEIGHBOUR]},
            geometry=[area, shapely.box(WEST - 0.3, SOUTH - 0.05, WEST - 0.05, north)],
            crs=CRS,
        )
        project = Project.model_validate(
            {
                "checks": {"max_segment_m": 100.0, "max_pull_m": 400.0, "max_bends_deg": 360.0},
                "project": {"accuracy_m": ACCURACY_M},
            }
        )
        return Inventory(project, **layers, area=area, counties=counties, **more)


def streets(survey: Survey, across: int, up: int, seed: int = 0) -> None:
    """
    Add a clean network: a manhole or office at each corner of a grid, joined to its neighbour south or west.

    The joints make a tree, so that all is connected; each route has ten vertices that wander by some metres.
    """
    random = np.random.default_rng(seed)
    survey.cells = across
    names = []
    for corner in range(across * up):
        place = shapely.Point(*metres(corner % across * CELL_M, corner // across * CELL_M))
        kind = {"kind": "exchange"} if corner == 0 else {}
        is_office = corner % 50 == 7
        names.append(survey.add("offices", place) if is_office else survey.add("manholes", place, **kind))
    steps = np.linspace(0, 1, 10)
    for corner in range(1, across * up):
        i, j = corner % across, corner // across
        west = j == 0 or (i > 0 and random.random() < 0.5)
        back = corner - 1 if west else corner - across
        a = np.array([back % across, back // across]) * CELL_M
        b = np.array([i, j]) * CELL_M
        aside = np.array([0.0, 1.0]) if west else np.array([1.0, 0.0])
        wander = np.concatenate([[0], random.uniform(-3, 3, 8), [0]])
        way = a + steps[:, None] * (b - a) + wander[:, None] * aside
        lon, lat = metres(way[:, 0], way[:, 1])
        survey.add(
            "routes",
            shapely.LineString(np.column_stack([lon, lat])),
            from_id=names[back],
            to_id=names[corner],
        )
    # One street has a duct, so that what looks for ducts has some to look at.
    first = survey.rows["routes"][0]
    ends = {name: first[name] for name in ("from_id", "to_id")}
    slack = first["geometry"].interpolate(0.5, normalized=True)
    survey.add("fittings", slack, kind="slack", route_id=first["route_id"], slack_m=10.0)
    survey.add(
        "routes", first["geometry"], kind="duct", installation=None, fibre_count=None, slack_m=None, **ends
    )


class Cell:
    """The free ground north-east of a corner, where a fault is planted; places are metres from the corner."""

    def __init__(self, survey: Survey, corner: int) -> None:
        self.survey = survey
        self.origin = np.array([corner % survey.cells, corner // survey.cells]) * CELL_M
        self.corner = self._name(corner)

    @staticmethod
    def _name(corner: int) -> str:
        offices_before = (corner + 42) // 50
        return f"O{offices_before:07d}" if corner % 50 == 7 else f"M{corner - offices_before:07d}"

    def lonlat(self, *places: tuple[float, ...]) -> np.ndarray[Any, Any]:
        """Give places in degrees; a third number stays as the height."""
        array = np.array(places, dtype=float)
        lon, lat = metres(*(self.origin + array[:, :2]).T)
        return np.column_stack([lon, lat, *array[:, 2:].T])

    def line(self, *places: tuple[float, ...]) -> shapely.LineString:
        """Make a line."""
        return shapely.LineString(self.lonlat(*places))

    def manhole(self, x: float, y: float, **values: Any) -> str:
        """Add a manhole."""
        return self.survey.add("manholes", shapely.Point(self.lonlat((x, y))[0]), **values)

    def route(self, *places: tuple[float, ...], **values: Any) -> str:
        """Add a route from the corner."""
        return self.survey.add(
            "routes", self.line((0, 0, 1570)[: len(places[0])], *places), **{"from_id": self.corner, **values}
        )

    def spur(self, *places: tuple[float, ...], **values: Any) -> str:
        """Add a route from the corner to a manhole at its end."""
        way = places or ((20, 18), (45, 40), (60, 60))
        end = self.manhole(*way[-1][:2])
        return self.route(*way, **{"to_id": end, **values})


def _copy(cell: Cell) -> str:
    name = cell.spur()
    cell.survey.rows["routes"].append(dict(cell.survey.rows["routes"][-1]))
    return name


def _parts(cell: Cell) -> str:
    name = cell.spur()
    ends = cell.lonlat((0, 0), (20, 20), (40, 40), (60, 60))
    cell.survey.rows["routes"][-1]["geometry"] = shapely.MultiLineString([ends[:2], ends[2:]])
    return name


def _overlap(cell: Cell) -> str:
    name = cell.spur((40, 20), (60, 60))
    cell.spur((40, 20), (80, 30), installation="buried")
    return name


def _twice(cell: Cell) -> str:
    end = cell.manhole(60, 60)
    cell.route((20, 18), (45, 40), (60, 60), to_id=end)
    way = cell.line((0.2, -0.2), (30, 26.6), (45.2, 39.8), (60, 59.8))
    return cell.survey.add("routes", way, from_id=cell.corner, to_id=end)


def _branch(cell: Cell) -> str:
    cell.spur()
    return cell.survey.add("routes", cell.line((45, 40), (80, 30)), to_id=cell.manhole(80, 30))


def _near_miss(cell: Cell) -> str:
    return cell.route((30, 20), (60, 60), to_id=cell.manhole(65, 60))


def _overshoot(cell: Cell) -> str:
    return cell.route((30, 30), (60, 60), to_id=cell.manhole(56, 56))


def _past_a_crossing(cell: Cell) -> str:
    cell.spur((50, 20), (80, 50))
    # The lines cross at (65, 35); this one runs on for 6 m.
    return cell.route((15, 45), (45, 55), (69, 31))


def _crossing(cell: Cell) -> str:
    name = cell.spur((35, 36), (70, 70))
    cell.spur((70, 25), (10, 70))
    return name


def _pseudo(cell: Cell) -> str:
    name = cell.route((15, 15), (30, 30))
    end = cell.manhole(60, 60)
    cell.survey.add("routes", cell.line((30, 30), (40, 45), (60, 60)), to_id=end)
    return name


def _doubling(cell: Cell) -> str:
    return cell.route((30, 30), (60, 60), (45, 45), to_id=cell.manhole(45, 45))


def _island(cell: Cell) -> str:
    ends = cell.manhole(30, 30), cell.manhole(80, 80)
    return cell.survey.add("routes", cell.line((30, 30), (50, 60), (80, 80)), from_id=ends[0], to_id=ends[1])


def _broken(cell: Cell) -> str:
    name = cell.survey.add("routes", None)
    places = cell.lonlat((0, 0), (20, 20), (40, 40))
    places[1, 0] = np.nan
    with np.errstate(invalid="ignore"):
        cell.survey.rows["routes"][-1]["geometry"] = shapely.linestrings(places, handle_nan="allow")
    return name


def _second_id(cell: Cell) -> str:
    return cell.spur(route_id="R0000001")


def _manhole_of(cell: Cell, **values: Any) -> str:
    name = cell.manhole(60, 60, **values)
    cell.route((20, 18), (45, 40), (60, 60), to_id=name)
    return name


def _unnamed(cell: Cell) -> str:
    name = cell.manhole(60, 60)
    cell.route((20, 18), (60, 60))
    return name


def _far_away(cell: Cell) -> str:
    return cell.survey.add("manholes", shapely.Point(cell.lonlat((0, 0))[0] - [36, 0]))


def _lone_office(cell: Cell) -> str:
    return cell.survey.add("offices", shapely.Point(cell.lonlat((50, 40))[0]))


def _slack_elsewhere(cell: Cell) -> str:
    place = shapely.Point(cell.lonlat((60, 20))[0])
    return cell.survey.add("fittings", place, kind="slack", route_id=cell.spur())


def _slack_of_a_duct(cell: Cell) -> str:
    name = cell.spur(kind="duct", installation=None, fibre_count=None, slack_m=None)
    place = shapely.Point(cell.lonlat((45, 40))[0])
    return cell.survey.add("fittings", place, kind="slack", route_id=name)


# Code to the layer of its finding and what plants it: a function that gives the id of the feature at fault.
FAULTS: dict[str, tuple[str, Any]] = {
    "C102": ("manholes", _far_away),
    "C109": ("manholes", lambda cell: cell.survey.add("manholes", shapely.Point(0, 0))),
    "G201": ("routes", lambda cell: cell.survey.add("routes", None)),
    "G202": (
        "routes",
        lambda cell: cell.survey.add("routes", shapely.Polygon(cell.lonlat((30, 30), (60, 30), (60, 60)))),
    ),
    "G203": ("routes", _broken),
    "G204": ("routes", lambda cell: cell.route((1.0, 0.5))),
    "G205": ("routes", lambda cell: cell.spur((20, 18), (45, 40), (45, 40), (60, 60))),
    "G206": ("routes", lambda cell: cell.spur((20, 18), (30, 30), (85, 20), (31, 32), (60, 60))),
    "G207": ("routes", lambda cell: cell.spur((40, 40), (40, 15), (15, 30), (15, 60))),
    "G208": ("routes", _doubling),
    "G209": ("routes", lambda cell: cell.spur((80, 80))),
    "G210": ("routes", _parts),
    "G211": ("routes", lambda cell: cell.spur((20, 18, 1571), (45, 40, 0), (60, 60, 1570))),
    "G212": ("routes", _copy),
    "G213": ("routes", _overlap),
    "G214": ("routes", _twice),
    "N315": ("routes", _branch),
    "N301": ("routes", lambda cell: cell.route((20, 18), (45, 40), (60, 60))),
    "N302": ("routes", _near_miss),
    "N303": ("routes", _overshoot),
    "N304": ("manholes", lambda cell: cell.manhole(50, 40)),
    "N305": ("offices", _lone_office),
    "N306": ("routes", _island),
    "N307": ("routes", _crossing),
    "N308": ("routes", _pseudo),
    "N309": ("routes", lambda cell: cell.spur(to_id="MH-nowhere")),
    "N310": ("routes", lambda cell: cell.spur(to_id="M0000000" if cell.corner != "M0000000" else "M0000001")),
    "N311": ("routes", lambda cell: cell.spur(installation="duct")),
    "N312": ("manholes", _unnamed),
    "A401": ("routes", lambda cell: cell.spur(status=None)),
    "A402": ("routes", _second_id),
    "A403": ("routes", lambda cell: cell.spur(status="finished")),
    "A404": ("manholes", lambda cell: _manhole_of(cell, depth_m=120.0)),
    "A405": ("manholes", lambda cell: _manhole_of(cell, note="حوضچه كنار خيابان")),
    "A406": ("manholes", lambda cell: _manhole_of(cell, surveyed_on=date(2900, 1, 1))),
    "A407": ("routes", lambda cell: cell.spur(county=NEIGHBOUR)),
    "A408": ("manholes", lambda cell: _manhole_of(cell, note="ÇÕÝåÇä")),
    "N313": ("fittings", _slack_elsewhere),
    "N314": ("fittings", _slack_of_a_duct),
    "T505": ("routes", lambda cell: cell.spur(total_off=40.0)),
    "T501": ("routes", lambda cell: cell.spur(recorded_off=55.0)),
    "T502": ("routes", lambda cell: cell.spur(slack_m=500.0)),
}
FAULTS["N303 crossing"] = ("routes", _past_a_crossing)


def plant(survey: Survey, fault: str, corner: int) -> None:
    """Plant a fault of `FAULTS` beside a corner, and note what is to be found."""
    name, planted = FAULTS[fault]
    survey.expected.add((fault[:4], name, planted(Cell(survey, corner))))


def found(findings: gpd.GeoDataFrame) -> set[tuple[str, str, str]]:
    """Give findings as `Survey.expected` notes them."""
    return set(zip(findings["code"], findings["layer"], findings["feature"], strict=True))
