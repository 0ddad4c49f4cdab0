"""Each check at the edge of its tolerance: what is just within it is sound, what is just beyond is found."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from support.ground import EAST, GEOD, NORTH, PLACES, SOUTH, WEST, Ground, manholes, offices, routes
from support.surveys import COUNTY, NEIGHBOUR, inventory, layer

from gis import checks, delivery
from gis.schema import CRS

SNAP_M = 2.0


def codes(made: Any, code: str) -> int:
    """Count a check's findings."""
    findings = checks.run(made, select=[code])
    assert findings.failed == {}
    return len(findings)


STREET = (((0.0, NORTH),), ((300.0, EAST),))


def _end_and_manhole(ground: Ground, metres: float) -> Any:
    """Lay a street whose end is so far from a manhole, its start in one."""
    street = ground.line(*STREET)
    return inventory(routes(street), manholes(street.coords[0], ground((300.0, EAST), (metres, EAST))))


def _end_and_end(ground: Ground, metres: float) -> Any:
    return inventory(
        routes(
            ground.line(*STREET), ground.line(((300.0, EAST), (metres, EAST)), ((600.0, EAST), (0.0, EAST)))
        ),
        manholes(ground(), ground((600.0, EAST))),
    )


def _beside_the_street(ground: Ground, metres: float) -> tuple[float, float]:
    """Give a point so far from the middle of a short street, whose bow from the plane's straight line is nothing."""
    return ground((10.0, EAST), (metres, NORTH))


SHORT_STREET = (((0.0, NORTH),), ((20.0, EAST),))


def _manhole_beside(ground: Ground, metres: float) -> Any:
    street = ground.line(*SHORT_STREET)
    return inventory(routes(street), manholes(*street.coords, _beside_the_street(ground, metres)))


def _office_beside(ground: Ground, metres: float) -> Any:
    return inventory(routes(ground.line(*SHORT_STREET)), offices=offices(_beside_the_street(ground, metres)))


def _stub(ground: Ground, metres: float) -> Any:
    street = ground.line(((0.0, NORTH),), ((50.0, EAST),), ((50.0 + metres, EAST),))
    return inventory(routes(street), manholes(street.coords[0], street.coords[1]))


def _node_at_crossing(ground: Ground, metres: float) -> Any:
    one = ground.line(((50.0, WEST),), ((50.0, EAST),))
    other = ground.line(((50.0, SOUTH),), ((50.0, NORTH),))
    return inventory(routes(one, other), manholes(ground((metres, 45.0))))


def _knot(ground: Ground, metres: float) -> Any:
    knot = ground.line(((50.0, WEST),), ((50.0, EAST),), ((50.0, NORTH),), ((50.0, SOUTH),))
    return inventory(routes(knot), manholes(ground((metres, 45.0))))


def _long(ground: Ground, metres: float) -> Any:
    return inventory(routes(ground.line(((0.0, EAST),), ((metres, EAST),))))


def _doubled(ground: Ground, metres: float) -> Any:
    return inventory(routes(ground.line(((0.0, NORTH),), ((100.0, NORTH),), ((100.0 - metres, NORTH),))))


def _repeated(ground: Ground, metres: float) -> Any:
    return inventory(
        routes(ground.line(((0.0, NORTH),), ((50.0, NORTH),), ((50.0 + metres, NORTH),), ((90.0, NORTH),)))
    )


def _spike(ground: Ground, metres: float) -> Any:
    tip = ((50.0, NORTH), (metres, 80.0))
    return inventory(
        routes(ground.line(((0.0, NORTH),), ((50.0, NORTH),), tip, ((51.5, NORTH),), ((90.0, NORTH),)))
    )


def _street(ground: Ground, *aside: tuple[int, float], end: float = 20.0) -> shapely.LineString:
    """Survey a street every 20 m, some vertices so far aside, its last one so far on."""
    points = [((20.0 * i, EAST), (dict(aside).get(i, 0.0), NORTH)) for i in range(11)]
    return ground.line(*points, ((200.0 + end, EAST),))


def _outlier(ground: Ground, metres: float) -> Any:
    # The leg is what counts: three times the spacing.
    return inventory(routes(_street(ground, (5, (metres**2 - 20.0**2) ** 0.5))))


def _two_outliers(ground: Ground, metres: float) -> Any:
    aside = (metres**2 - 20.0**2) ** 0.5
    return inventory(routes(_street(ground, (5, aside), (6, aside))))


def _far_end(ground: Ground, metres: float) -> Any:
    street = _street(ground, end=metres)
    return inventory(routes(street), manholes(street.coords[0]))


def _beside_route(ground: Ground, metres: float) -> Any:
    other = ground.line(((20.0, EAST), (metres, NORTH)), ((8.0, EAST), (metres, NORTH)), ((metres, NORTH),))
    return inventory(routes(ground.line(*SHORT_STREET), other))


def _beside_manhole(ground: Ground, metres: float) -> Any:
    return inventory(manholes=manholes(ground(), ground((metres, EAST))))


def _branch(ground: Ground, metres: float) -> Any:
    branch = ground.line(((10.0, EAST), (metres, NORTH)), ((10.0, EAST), (90.0, NORTH)))
    return inventory(routes(ground.line(*SHORT_STREET), branch), manholes(ground(), branch.coords[1]))


def _one_trench(ground: Ground, metres: float) -> Any:
    # One vertex 40 m away; the line comes back to where it left, or so far beside it.
    tip = ((50.0, NORTH), (40.0, EAST))
    back = ((50.0 + metres, NORTH),)
    return inventory(routes(ground.line(((0.0, NORTH),), ((50.0, NORTH),), tip, back, ((90.0, NORTH),))))


def _beside(ground: Ground, metres: float) -> Any:
    # Out and back over so many metres, a foot apart, with vertices that do not stand opposite each other.
    out, back = ((metres / 2, EAST),), ((metres / 3, EAST), (0.3, NORTH))
    way = (((50.0, SOUTH),), ((0.0, NORTH),), out, ((metres, EAST),), back, ((0.3, NORTH),), ((60.0, NORTH),))
    return inventory(routes(ground.line(*way)))


def _shared(ground: Ground, metres: float) -> Any:
    # The tolerance at both ends of both does not count: they share the stretch in the middle of each.
    one = ground.line(((0.0, NORTH),), ((100.0, NORTH),))
    other = ground.line(
        ((50.0, NORTH), (30.0, WEST)),
        ((50.0, NORTH),),
        ((50.0 + metres, NORTH),),
        ((50.0 + metres, NORTH), (30.0, EAST)),
    )
    return inventory(routes(one, other))


def _pseudo(ground: Ground, metres: float) -> Any:
    return inventory(
        routes(
            ground.line(((0.0, NORTH),), ((50.0, NORTH),)),
            ground.line(((50.0 + metres, NORTH),), ((99.0, NORTH),)),
        ),
        manholes(ground()),
    )


def _named(ground: Ground, metres: float) -> Any:
    # A hand's breadth further than a near miss would explain.
    street = ground.line(*STREET)
    return inventory(
        routes(street, to_id=["M1"]), manholes(street.coords[0], ground((300.0, EAST), (metres, EAST)))
    )


def _unnamed(ground: Ground, metres: float) -> Any:
    street = ground.line(*STREET)
    return inventory(
        routes(street, from_id=["M0"]), manholes(street.coords[0], ground((300.0, EAST), (metres, EAST)))
    )


def _outside_duct(ground: Ground, metres: float) -> Any:
    # Steps of the sampling are ten metres; the cable runs on in a whole number of them.
    cable = ground.line(((0.0, NORTH),), ((100.0, NORTH),), ((100.0 + metres, NORTH),))
    duct = ground.line(((0.0, NORTH),), ((100.0, NORTH),))
    return inventory(routes(cable, duct, kind=["cable", "duct"], installation=["duct", None]))


def _beside_duct(ground: Ground, metres: float) -> Any:
    cable = ground.line(*SHORT_STREET)
    duct = ground.line(((metres, NORTH),), ((20.0, EAST), (metres, NORTH)))
    return inventory(routes(cable, duct, kind=["cable", "duct"], installation=["duct", None]))


def _height(ground: Ground, metres: float) -> Any:
    return inventory(routes(shapely.LineString([(*ground(), 0.0), (*ground((15.0, EAST)), metres)])))


def _high(ground: Ground, metres: float) -> Any:
    return inventory(
        manholes=layer("manholes", [shapely.Point(*ground(), metres)], manhole_id=["M"], status=["new"])
    )


def _deep(ground: Ground, metres: float) -> Any:
    return inventory(manholes=manholes(ground(), depth_m=[metres]))


def _recorded(ground: Ground, metres: float) -> Any:
    return inventory(routes(_level(ground), recorded_length_m=[100.0 + metres], accuracy_m=[0.0]))


def _with_slack(ground: Ground, metres: float) -> Any:
    return inventory(
        routes(_level(ground), recorded_length_m=[130.0 + metres], slack_m=[30.0], accuracy_m=[0.0])
    )


def _slack(ground: Ground, metres: float) -> Any:
    return inventory(routes(_level(ground), slack_m=[metres]))


def _level(ground: Ground) -> shapely.LineString:
    return ground.line(((0.0, EAST),), ((100.0, EAST),))


def _short(ground: Ground, metres: float) -> Any:
    return inventory(routes(ground.line(((0.0, EAST),), ((metres, EAST),))))


def _total(ground: Ground, metres: float) -> Any:
    total = {
        "item": "cable",
        "layer": "routes",
        "measure": "length",
        "recorded": 100.0,
        "unit": "m",
        "tolerance": "2 m",
    }
    return inventory(
        routes(_short_line(ground, 100.0 + metres), accuracy_m=[0.0]), project={"totals": [total]}
    )


def _short_line(ground: Ground, metres: float) -> shapely.LineString:
    return ground.line(((0.0, EAST),), ((metres, EAST),))


def _island(ground: Ground, metres: float) -> Any:
    """Set a loop of two routes so far from a street that ends in an exchange."""
    street = ground.line(*STREET)
    one = ground.line(((300.0, EAST), (metres, EAST)), ((500.0, EAST),))
    other = ground.line(((500.0, EAST),), ((500.0, EAST), (80.0, NORTH)))
    return inventory(routes(street, one, other), manholes(street.coords[0], kind=["exchange"]))


def _office_cell(ground: Ground, metres: float) -> Any:
    """Set a manhole that says it is in the neighbouring county so far inside its own."""
    lon, lat = ground()
    own = shapely.box(lon, lat - 1, lon + 1, lat + 1)
    other = shapely.box(lon - 1, lat - 1, lon, lat + 1)
    counties = gpd.GeoDataFrame({"name": [COUNTY, NEIGHBOUR]}, geometry=[own, other], crs=CRS)
    return inventory(manholes=manholes(ground((metres, EAST)), county=[NEIGHBOUR]), counties=counties)


def _at_border(ground: Ground, metres: float) -> Any:
    lon, lat = ground()
    # On the border is inside; a micrometre is not told apart from it.
    return inventory(
        manholes=manholes(ground((metres, EAST))), area=shapely.box(lon - 1, lat - 1, lon, lat + 1)
    )


@dataclass(frozen=True)
class Edge:
    """A check, what makes a survey of a distance, the sound distance and the faulty one next to it."""

    code: str
    make: Any
    sound: float
    faulty: float


_JUST = 1e-4
EDGES = [
    Edge("C102", _at_border, 0.0, _JUST),
    Edge("G204", _short, SNAP_M, SNAP_M - _JUST),
    Edge("G205", _repeated, 0.0011, 0.0009),
    Edge("G206", _spike, 5 * SNAP_M - 0.02, 5 * SNAP_M + 0.3),
    Edge("G206", _outlier, 59.9, 60.1),
    Edge("G206", _two_outliers, 59.9, 60.1),
    Edge("G206", _far_end, 100.0 - 0.01, 100.0 + 0.01),
    Edge("G207", _knot, SNAP_M - 0.01, SNAP_M + 0.01),
    Edge("G206", _one_trench, 0.99, 1.01),
    Edge("G208", _one_trench, 1.01, 0.99),
    Edge("G208", _beside, 5 * SNAP_M - 0.1, 5 * SNAP_M + 0.1),
    Edge("G208", _doubled, SNAP_M - _JUST, SNAP_M + _JUST),
    Edge("G209", _long, 500.0, 500.0 + _JUST),
    Edge("G211", _height, 20.0, 20.0 + _JUST),
    Edge("G211", _high, 6000.0, 6000.0 + _JUST),
    Edge("G211", _high, -550.0, -550.0 - _JUST),
    Edge("G213", _shared, SNAP_M - 0.05, SNAP_M + 0.05),
    Edge("G214", _beside_route, 1.01, 0.99),
    Edge("G214", _beside_manhole, 0.6 + _JUST, 0.6 - _JUST),
    Edge("N315", _branch, SNAP_M + _JUST, SNAP_M - _JUST),
    Edge("N301", _end_and_manhole, 5 * SNAP_M, 5 * SNAP_M + _JUST),
    Edge("N302", _end_and_manhole, SNAP_M, SNAP_M + _JUST),
    Edge("N302", _end_and_manhole, 5 * SNAP_M + _JUST, 5 * SNAP_M),
    Edge("N302", _end_and_end, SNAP_M, SNAP_M + _JUST),
    Edge("N302", _end_and_end, 5 * SNAP_M + _JUST, 5 * SNAP_M),
    Edge("N303", _stub, SNAP_M, SNAP_M + _JUST),
    Edge("N303", _stub, 5 * SNAP_M + 0.01, 5 * SNAP_M - 0.01),
    # A line along a parallel is bowed against the geodesic, by micrometres over 20 m and some tenths of a
    # millimetre over 100 m.
    Edge("N304", _manhole_beside, SNAP_M - _JUST, SNAP_M + _JUST),
    Edge("N305", _office_beside, SNAP_M - _JUST, SNAP_M + _JUST),
    Edge("N306", _island, 5 * SNAP_M, 5 * SNAP_M + _JUST),
    Edge("N307", _node_at_crossing, SNAP_M - 0.01, SNAP_M + 0.01),
    Edge("N308", _pseudo, SNAP_M + _JUST, SNAP_M),
    Edge("N310", _named, 5 * SNAP_M, 5 * SNAP_M + _JUST),
    Edge("N311", _outside_duct, 5 * SNAP_M, 5 * SNAP_M + _JUST),
    Edge("N311", _beside_duct, SNAP_M - _JUST, SNAP_M + _JUST),
    Edge("N312", _unnamed, SNAP_M + _JUST, SNAP_M),
    Edge("A404", _deep, 10.0, 10.0 + _JUST),
    Edge("A404", _deep, 0.0, -_JUST),
    Edge("A407", _office_cell, SNAP_M - _JUST, SNAP_M + _JUST),
    # One per cent of the recorded 98 m and 102 m is less than the snap distance.
    Edge("T501", _recorded, SNAP_M, SNAP_M + _JUST),
    Edge("T501", _recorded, -SNAP_M, -SNAP_M - _JUST),
    Edge("T501", _with_slack, SNAP_M, SNAP_M + _JUST),
    Edge("T502", _slack, 70.0, 70.0 + _JUST),
    Edge("T503", _total, 2.0, 2.0 + _JUST),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.code}{edge.make.__name__}")
def test_the_tolerance_is_metres_on_the_ground_anywhere(edge, place):
    ground = Ground(place)
    assert codes(edge.make(ground, edge.sound), edge.code) == 0
    assert codes(edge.make(ground, edge.faulty), edge.code) == 1


@pytest.mark.parametrize("sigma", [0.05, 3.0, 30.0])
def test_the_accuracy_of_a_feature_widens_its_tolerance_by_the_98_per_cent_radius(sigma):
    ground, street = Ground(), Ground().line(*STREET)
    reach = SNAP_M + 2 * 2**0.5 * sigma
    for beyond, expected in ((-_JUST, 0), (_JUST, 1)):
        ends = (street.coords[0], ground((300.0, EAST), (reach + beyond, EAST)))
        assert codes(inventory(routes(street, accuracy_m=[sigma]), manholes(*ends)), "N302") == expected
        assert codes(inventory(routes(street), manholes(*ends, accuracy_m=[None, sigma])), "N302") == expected


def test_an_accuracy_that_nobody_believes_widens_nothing():
    ground, street = Ground(), Ground().line(*STREET)
    ends = (street.coords[0], ground((300.0, EAST), (SNAP_M + _JUST, EAST)))
    for sigma in (30.1, -1.0, float("inf"), float("nan")):
        assert codes(inventory(routes(street, accuracy_m=[sigma]), manholes(*ends)), "N302") == 1


def test_a_duplicate_agrees_to_a_millimetre_in_either_direction():
    line = shapely.LineString([(51.0, 32.0), (51.001, 32.0), (51.002, 32.001)])
    for shift, expected in ((0.0, 1), (5e-9, 1), (2e-8, 0)):
        other = shapely.transform(line, lambda xy, by=shift: xy + by)
        assert codes(inventory(routes(line, other)), "G212") == expected
        assert codes(inventory(routes(line, other.reverse())), "G212") == expected
    assert codes(inventory(routes(line, line, kind=["cable", "duct"])), "G212") == 0
    # The diagonals of a square have the same middle, and are two.
    cross = (
        shapely.LineString([(51.0, 32.0), (51.001, 32.001)]),
        shapely.LineString([(51.001, 32.0), (51.0, 32.001)]),
    )
    assert codes(inventory(routes(cross[1], *cross, cross[0])), "G212") == 2


def test_today_is_no_future(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")  # 2020-09-13
    for day, expected in ((date(2020, 9, 13), 0), (date(2020, 9, 14), 1)):
        assert codes(inventory(manholes=manholes(Ground()(), surveyed_on=[day])), "A406") == expected


def test_a_total_within_two_deviations_is_undecided():
    ground = Ground()
    total = {
        "item": "cable",
        "layer": "routes",
        "measure": "length",
        "recorded": 100.0,
        "unit": "m",
        "tolerance": "0",
    }
    # One segment with both ends known to 1 m: its length is known to √2 m, and 2√2 m decide.
    for metres, expected in ((2.82, (0, 1)), (2.84, (1, 0))):
        made = inventory(
            routes(_short_line(ground, 100.0 + metres), accuracy_m=[1.0]), project={"totals": [total]}
        )
        assert (codes(made, "T503"), codes(made, "T504")) == expected


@pytest.mark.parametrize(("decimals", "expected"), [(7, 0), (6, 1), (5, 1)])
def test_coordinates_rounded_below_their_accuracy_are_fine(decimals, expected):
    # The fifth decimal of a degree is a metre; the seventh is a centimetre.
    xy = _scattered([51.6, 32.6], 0.01, decimals)
    assert codes(inventory(routes(shapely.LineString(xy), accuracy_m=[0.05])), "C108") == expected
    # Where nobody states one, 5 cm are assumed: rounding to 0.11 m alone is off by 0.03 m, to 1.1 m by 0.32 m.
    assert codes(inventory(routes(shapely.LineString(xy))), "C108") == (decimals == 5)
    stated = {"project": {"accuracy_m": 0.05}}
    assert codes(inventory(routes(shapely.LineString(xy)), project=stated), "C108") == expected


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        # Only what was delivered can be missed: the manhole M9, the office O9.
        ({"manholes": "M0", "offices": "O0"}, {"M9", "O9"}),
        ({"manholes": "M0"}, {"M9"}),
        ({"offices": "O0"}, {"O9"}),
        ({}, None),
    ],
)
def test_references_to_what_was_not_delivered_are_not_looked_for(nodes, expected):
    ground = Ground()
    made = inventory(
        routes(
            ground.line(*STREET),
            ground.line(((0.0, NORTH),), ((90.0, NORTH),)),
            from_id=["M0", "M9"],
            to_id=["O0", "M0"],
            office_id=["O0", "O9"],
        ),
        manholes(ground()) if "manholes" in nodes else None,
        offices(ground((300.0, EAST))) if "offices" in nodes else None,
    )
    findings = checks.run(made, select=["N309"])
    if expected is None:
        assert "N309" in findings.not_run
        assert len(findings) == 0
    else:
        assert {message.split()[1] for message in findings["message"]} == expected


def _scattered(corner, size, decimals):
    random = np.random.default_rng(1)
    return np.round(random.random((20, 2)) * size + corner, decimals)


def _handed_in(folder, name, crs, geometry, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    frame.to_file(folder / name, driver="GPKG")
    return folder / name


def _rounded_delivery(folder):
    """Write routes in whole metres of zone 39, which say 5 cm, and offices in degrees that agree with them."""
    grid = _scattered([560_000, 3_612_000], 900, 0)
    sound = {"route_id": ["R1"], "kind": ["cable"], "status": ["new"], "accuracy_m": [0.05]}
    _handed_in(folder, "routes.gpkg", 32639, [shapely.LineString(grid)], **sound)
    lonlat = pyproj.Transformer.from_crs(32639, 4326, always_xy=True).transform(*grid[0])
    named = {"office_id": ["O1"], "county": [COUNTY], "connection": ["new"]}
    _handed_in(folder, "offices.gpkg", 4326, [shapely.Point(lonlat)], **named)


def test_rounding_and_mixture_in_a_delivery_are_told_once(tmp_path):
    _rounded_delivery(tmp_path)
    findings = checks.run(
        delivery.read([tmp_path / "routes.gpkg", tmp_path / "offices.gpkg"]), select=["C107", "C108"]
    )
    assert findings["code"].tolist() == ["C107", "C108"]
    assert "multiples of 1 m" in findings["message"][1]


def test_geojson_beside_a_projected_layer_is_no_mixture(tmp_path):
    _rounded_delivery(tmp_path)
    gpd.read_file(tmp_path / "offices.gpkg").to_file(tmp_path / "offices.geojson")
    gpd.read_file(tmp_path / "offices.gpkg").to_crs(32640).to_file(tmp_path / "zone40.geojson")
    assert codes(delivery.read([tmp_path / "routes.gpkg", tmp_path / "offices.geojson"]), "C107") == 0
    # A system of its own, as older GeoJSON may declare it, is one among others.
    assert codes(delivery.read([tmp_path / "routes.gpkg", tmp_path / "zone40.geojson"]), "C107") == 1


@pytest.mark.parametrize(("named", "expected"), [("", 1), ('crs = "EPSG:32639"', 0)])
def test_systems_that_the_project_file_names_are_no_mixture(tmp_path, named, expected):
    _rounded_delivery(tmp_path)
    project = tmp_path / "project.toml"
    project.write_text(
        f'[[layers.routes]]\nsource = "routes.gpkg"\n{named}\n[[layers.offices]]\nsource = "offices.gpkg"\n'
    )
    assert codes(delivery.read(project), "C107") == expected


def test_rounding_is_seen_in_the_system_that_the_project_file_names(tmp_path):
    grid = _scattered([560_000, 3_612_000], 900, 0)
    rows = "".join(f"R1,{at},cable,new,{x:.0f},{y:.0f},0.05\n" for at, (x, y) in enumerate(grid))
    (tmp_path / "points.csv").write_text("route_id,seq,kind,status,x,y,accuracy_m\n" + rows)
    made = delivery.read(tmp_path / "points.csv", crs="EPSG:32639")
    assert codes(made, "C108") == 1


def test_a_ring_and_a_lollipop_do_not_cross_themselves():
    ground = Ground()
    corners = [((0.0, NORTH),), ((50.0, NORTH),), ((50.0, NORTH), (50.0, EAST)), ((50.0, EAST),)]
    ring = ground.line(*corners, corners[0])
    lollipop = ground.line(((80.0, SOUTH),), *corners, corners[0])
    assert codes(inventory(routes(ring)), "G207") == 0
    assert codes(inventory(routes(lollipop)), "G207") == 0


def test_a_riser_is_no_repeated_vertex():
    line = shapely.LineString(
        [(51.0, 32.0, 1570), (51.001, 32.0, 1570), (51.001, 32.0, 1575), (51.002, 32.0, 1575)]
    )
    assert codes(inventory(routes(line)), "G205") == 0


def test_a_route_run_twice_around_is_doubled_and_not_fixable():
    ground = Ground()
    ring = [ground(*s) for s in ([], [(50.0, NORTH)], [(50.0, NORTH), (50.0, EAST)], [(50.0, EAST)])]
    findings = checks.run(inventory(routes(shapely.LineString([*ring, *ring, ring[0]]))), select=["G"])
    assert findings["code"].to_list() == ["G208"]
    assert not findings["fixable"][0]
    assert "200.0 m" in findings["message"][0]


def test_the_stretch_that_two_routes_share_is_measured_and_drawn():
    ground = Ground("54 E")
    one = ground.line(((100.0, WEST),), ((100.0, EAST),))
    other = ground.line(
        ((20.0, WEST), (50.0, NORTH)), ((20.0, WEST),), ((60.0, EAST),), ((60.0, EAST), (50.0, SOUTH))
    )
    findings = checks.run(inventory(routes(one, other)), select=["G213"])
    assert "runs 80.0 m over R1" in findings["message"][0]
    assert GEOD.geometry_length(findings.geometry[0]) == pytest.approx(80.0, abs=0.05)


def test_references_are_taken_in_the_direction_that_one_end_confirms():
    ground = Ground()
    street = ground.line(*STREET)
    nodes = manholes(*street.coords, ground((9000.0, WEST)))
    # Drawn the other way, but for a node at its other end that is far beyond the near one.
    for wrong, other in (("from_id", "to_id"), ("to_id", "from_id")):
        made = inventory(routes(street, **{wrong: ["M2"], other: ["M0"]}), nodes)
        findings = checks.run(made, select=["N310", "N301"])
        assert findings["code"].to_list() == ["N310"]
        assert (findings.lon[0], findings.lat[0]) == street.coords[-1]
        assert codes(inventory(routes(street, **{wrong: ["M1"], other: ["M0"]}), nodes), "N310") == 0
    # A route cannot start and end at one node that only one of its ends is at.
    assert codes(inventory(routes(street, from_id=["M0"], to_id=["M0"]), nodes), "N310") == 1


@pytest.mark.parametrize(
    ("typed", "stated", "found"),
    [
        ((560_120, 3_612_300), 0.02, ["M0"]),
        ((560_120.5, 3_612_300.25), 0.02, []),
        # Rounding to 10 m is off by 2.9 m: finer than an accuracy of 3 m, coarser than one of 2.8 m.
        ((560_130, 3_612_310), 3.0, []),
        ((560_130, 3_612_310), 2.8, ["M0"]),
        # Where nobody states one, the 5 cm that are assumed count.
        ((560_120, 3_612_300), None, ["M0"]),
    ],
)
def test_one_manhole_that_was_typed_among_surveyed_ones_is_found(tmp_path, typed, stated, found):
    grid = [typed, *_scattered([560_000, 3_612_000], 900, 3)[:40]]
    posts = [shapely.Point(at) for at in grid]
    columns = {"manhole_id": [f"M{at}" for at in range(len(posts))], "status": ["new"] * len(posts)}
    columns["accuracy_m"] = [stated, *[0.02] * (len(posts) - 1)]
    gpd.GeoDataFrame(columns, geometry=posts, crs=32639).to_file(tmp_path / "manholes.gpkg")
    findings = checks.run(delivery.read(tmp_path / "manholes.gpkg"), select=["C108", "C112"])
    assert findings.failed == {}
    assert findings[["code", "feature"]].to_numpy().tolist() == [["C112", name] for name in found]


def test_a_part_of_a_layer_that_was_typed_is_told_once(tmp_path):
    fine, typed = _scattered([560_000, 3_612_000], 900, 3), _scattered([560_000, 3_612_000], 900, 0)
    posts = [shapely.Point(at) for at in [*fine[:20], *typed[:10]]]
    columns = {"manhole_id": [f"M{at}" for at in range(30)], "status": ["new"] * 30}
    gpd.GeoDataFrame(columns, geometry=posts, crs=32639).to_file(tmp_path / "manholes.gpkg")
    findings = checks.run(delivery.read(tmp_path / "manholes.gpkg"), select=["C108", "C112"])
    assert findings["code"].tolist() == ["C112"]
    assert findings["message"][0].startswith("the coordinates of 10 features are multiples of 1 m")
