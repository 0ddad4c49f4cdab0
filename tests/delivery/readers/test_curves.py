"""Arcs of every format that has them: as long as they are, and as uncertain as the points that were surveyed."""

import struct

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from support.simulation import simulated

import gis
from gis.delivery.readers import curves
from gis.lengths import uncertainty
from gis.schema import ON_ARC, PUT_IN, SURVEYED

# Metres of EPSG:32639 near Isfahan: to an arc, round it and back; then one that bends twice.
ORIGIN = np.array([562_835.0, 3_612_685.0])
TURN = np.array([(0, 0), (100, 0), (150, 50), (100, 100), (0, 100)], dtype=float)
DOUBLE = np.array([(0, 0), (40, 0), (60, 8), (75, 30), (100, 60), (140, 55), (170, 40)], dtype=float)


def arc_lengths(points: np.ndarray) -> np.ndarray:
    """Measure arcs through three points each, (…, 3, 2)."""
    a, b, c = (points[..., at, 0] + 1j * points[..., at, 1] for at in range(3))
    centre = a + 1j * (abs(c - a) ** 2 * (b - a) - abs(b - a) ** 2 * (c - a)) / (
        2 * (np.conj(b - a) * (c - a)).imag
    )
    turn = np.sign((np.conj(b - a) * (c - a)).imag)
    swept = sum(
        np.angle((end - centre) / (start - centre)) * turn % (2 * np.pi) for start, end in ((a, b), (b, c))
    )
    return abs(a - centre) * swept


def compound(*points: int):
    """Give how long a way is that is straight but where arcs begin."""

    def measure(plane: np.ndarray) -> np.ndarray:
        total, at = 0, 0
        while at < plane.shape[-2] - 1:
            if at in points:
                total, at = total + arc_lengths(plane[..., at : at + 3, :]), at + 2
            else:
                total, at = total + np.linalg.norm(plane[..., at + 1, :] - plane[..., at, :], axis=-1), at + 1
        return total

    return measure


WAYS = {"turn": (TURN, (1,)), "double": (DOUBLE, (1, 3))}


def wkb(plane: np.ndarray, arcs: tuple[int, ...], order: str = "<", height: float | None = None) -> bytes:
    """Write a compound curve: lines, and arcs that begin at the points named."""
    more = 0 if height is None else 1000
    pieces, at = [], 0
    placed = plane + ORIGIN
    while at < len(plane) - 1:
        kind, end = (8, at + 2) if at in arcs else (2, at + 1)
        xyz = [(*point, *([] if height is None else [height])) for point in placed[at : end + 1]]
        head = struct.pack(f"{order}BII", order == "<", kind + more, len(xyz))
        pieces.append(head + b"".join(struct.pack(f"{order}{len(point)}d", *point) for point in xyz))
        at = end
    return struct.pack(f"{order}BII", order == "<", 9 + more, len(pieces)) + b"".join(pieces)


def wkt(plane: np.ndarray, arcs: tuple[int, ...]) -> str:
    """Write the same as text."""
    pieces, at = [], 0
    while at < len(plane) - 1:
        name, end = ("CIRCULARSTRING", at + 2) if at in arcs else ("", at + 1)
        pieces.append(f"{name}({','.join(f'{x} {y}' for x, y in plane[at : end + 1] + ORIGIN)})")
        at = end
    return f"COMPOUNDCURVE({','.join(pieces)})"


def geopackage(path, shapes: list[bytes]):
    columns = {"route_id": [f"R{n}" for n in range(len(shapes))], "kind": ["cable"] * len(shapes)}
    columns["status"] = ["new"] * len(shapes)
    pyogrio.raw.write(
        path, np.array(shapes, dtype=object), [np.array(values, dtype=object) for values in columns.values()],
        list(columns), geometry_type="Unknown", driver="GPKG", crs="EPSG:32639", layer="routes",
    )  # fmt: skip


def gml(plane: np.ndarray, arcs: tuple[int, ...]) -> str:
    segments, at = [], 0
    while at < len(plane) - 1:
        name, end = ("Arc", at + 2) if at in arcs else ("LineStringSegment", at + 1)
        places = " ".join(f"{x} {y}" for x, y in plane[at : end + 1] + ORIGIN)
        segments.append(f"<gml:{name}><gml:posList>{places}</gml:posList></gml:{name}>")
        at = end
    return (
        '<?xml version="1.0"?><x:c xmlns:x="http://x" xmlns:gml="http://www.opengis.net/gml/3.2">'
        "<gml:featureMember><x:routes gml:id='r.1'><x:route_id>R0</x:route_id><x:kind>cable</x:kind>"
        "<x:geometry><gml:Curve gml:id='g.1' srsName='EPSG:32639'><gml:segments>"
        f"{''.join(segments)}</gml:segments></gml:Curve></x:geometry></x:routes></gml:featureMember></x:c>"
    )  # fmt: skip


def written(tmp_path, form: str, plane: np.ndarray, arcs: tuple[int, ...]):
    """Write a way with arcs in a format, and name it in a project."""
    path = tmp_path / {"gml": "routes.gml", "gpkg": "routes.gpkg", "gpkg, z": "routes.gpkg"}.get(
        form, "routes.csv"
    )
    if form.startswith("gpkg"):
        geopackage(path, [wkb(plane, arcs, height=1570.0 if form == "gpkg, z" else None)])
    elif form == "gml":
        path.write_text(gml(plane, arcs))
    else:
        cell = {
            "wkt": f'"{wkt(plane, arcs)}"',
            "ewkt": f'"SRID=32639;{wkt(plane, arcs)}"',
            "hex": wkb(plane, arcs).hex(),
            "hex, big end first": wkb(plane, arcs, ">").hex(),
        }[form]
        path.write_text(f"route_id,kind,shape\n,cable,\nR0,cable,{cell}\n")
    project = tmp_path / "p.toml"
    project.write_text(
        f'[project]\naccuracy_m = 0.05\n[[layers.routes]]\nsource = "{path.name}"\ncrs = "EPSG:32639"\n'
    )
    return project


@pytest.mark.parametrize("form", ["gpkg", "gpkg, z", "gml", "wkt", "ewkt", "hex", "hex, big end first"])
@pytest.mark.parametrize("name", WAYS)
def test_points_put_in_along_an_arc_were_not_surveyed(tmp_path, name, form):
    plane, arcs = WAYS[name]
    inventory = gis.read(written(tmp_path, form, plane, arcs))
    measured = gis.measure(inventory).table.dropna(subset="geodesic_m").reset_index()
    assert len(measured) == 1
    measure = compound(*arcs)
    assert measured["grid_m"][0] == pytest.approx(measure(plane), rel=1e-6)
    expected = simulated([plane], 0.05, seed=50, measure=[measure])[0]
    assert measured["std_m"][0] == pytest.approx(expected, rel=0.03)


def test_cables_along_one_arc_share_its_points(tmp_path):
    shape = wkb(TURN, (1,))
    tail = wkb(TURN[1:4], (0,))
    geopackage(tmp_path / "routes.gpkg", [shape, shape, tail])
    measured = gis.measure(gis.read(tmp_path / "routes.gpkg"))
    lines, ways = [TURN, TURN, TURN[1:4]], [compound(1), compound(1), compound(0)]
    expected = simulated(lines, 0.05, seed=51, measure=ways)[0]
    assert measured.sum_of(np.full(3, True))[0] == pytest.approx(expected, rel=0.03)


def test_correlated_errors_of_arcs(tmp_path):
    project = written(tmp_path, "gpkg", DOUBLE, (1, 3))
    project.write_text(project.read_text().replace("[project]", "[project]\ncorrelation_m = 60.0"))
    expected = simulated([DOUBLE], 0.05, seed=52, correlation_m=60.0, measure=[compound(1, 3)])[0]
    assert gis.measure(gis.read(project))["std_m"][0] == pytest.approx(expected, rel=0.03)


def test_a_route_that_has_been_changed_counts_as_surveyed(tmp_path):
    geopackage(tmp_path / "routes.gpkg", [wkb(TURN, (1,))])
    inventory = gis.read(tmp_path / "routes.gpkg")
    inventory.routes.geometry = shapely.remove_repeated_points(inventory.routes.geometry.to_numpy(), 1e-5)
    expected = uncertainty.length_uncertainty(inventory.routes.geometry, 0.05)[0]
    np.testing.assert_array_equal(gis.measure(inventory)["std_m"], expected)


def test_what_was_put_in_is_no_column_of_any_table(tmp_path):
    geopackage(tmp_path / "routes.gpkg", [wkb(TURN, (1,))])
    straight = tmp_path / "straight.gpkg"
    line = shapely.LineString(TURN + ORIGIN)
    geopackage(straight, [shapely.to_wkb(line)])
    curved, plain = gis.read(tmp_path / "routes.gpkg"), gis.read(straight)
    assert curved.routes.columns.tolist() == plain.routes.columns.tolist()
    assert plain.curves is None


@pytest.mark.parametrize("turned", [False, True])
def test_roles_of_a_circular_string_and_of_a_circle(turned):
    way = DOUBLE[1:6][:: -1 if turned else 1]
    data = struct.pack("<BII", 1, 8, 5) + way.astype("<f8").tobytes()
    flat = curves.flatten(data)
    kept = flat.roles != PUT_IN
    np.testing.assert_array_equal(shapely.get_coordinates(flat.geometry)[kept], way)
    assert flat.roles[kept].tolist() == [SURVEYED, ON_ARC, SURVEYED, ON_ARC, SURVEYED]
    circle = np.array([(0, 0), (20, 0), (0, 0)], dtype=float)
    flat = curves.flatten(struct.pack("<BII", 1, 8, 3) + circle.tobytes())
    assert flat.geometry.length == pytest.approx(20 * np.pi, rel=1e-6)
    straight = np.array([(0, 0), (5, 5), (20, 20)], dtype=float)
    flat = curves.flatten(struct.pack("<BII", 1, 8, 3) + straight.tobytes())
    assert flat.geometry == shapely.LineString(straight)
    assert not flat.roles.any()


def test_parts_measures_and_what_is_cut():
    string = struct.pack("<BII", 1, 2008, 3) + np.array([(0, 0, 7), (1, 1, 8), (2, 0, 9.0)]).tobytes()
    line = struct.pack("<BII", 1, 2002, 2) + np.array([(9, 9, 7), (9, 8, 8.0)]).tobytes()
    several = struct.pack("<BII", 1, 2011, 2) + string + line
    flat = curves.flatten(several)
    assert flat.geometry.geom_type == "MultiLineString"
    assert not flat.geometry.has_z
    assert flat.geometry.length == pytest.approx(np.pi + 1, rel=1e-6)
    assert len(flat.roles) == shapely.get_num_coordinates(flat.geometry)
    for cut in range(len(several)):
        assert curves.flatten(several[:cut]) is None
    assert not curves.is_curve(line)
    # A point within a compound curve, and a compound curve without end.
    assert curves.flatten(struct.pack("<BII", 1, 9, 1) + struct.pack("<BIdd", 1, 1, 0, 0)) is None
    assert curves.flatten(struct.pack("<BII", 1, 9, 1) * 100) is None


def test_a_circle_is_as_uncertain_as_its_diameter(tmp_path):
    placed = ORIGIN + np.array([(0, 0), (20, 0), (0, 0)])
    geopackage(tmp_path / "routes.gpkg", [struct.pack("<BII", 1, 8, 3) + placed.tobytes()])
    measured = gis.measure(gis.read(tmp_path / "routes.gpkg"))
    assert measured["grid_m"][0] == pytest.approx(20 * np.pi, rel=1e-5)
    assert measured["std_m"][0] == pytest.approx(np.pi * 0.05 * 2**0.5, rel=1e-3)


def test_geodesic_length_of_an_arc(tmp_path):
    geopackage(tmp_path / "routes.gpkg", [wkb(TURN, (1,))])
    inventory = gis.read(tmp_path / "routes.gpkg")
    lonlat = pyproj.Transformer.from_crs(32639, 4326, always_xy=True)
    angles = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    plane = np.vstack([(0, 0), np.c_[100 + 50 * np.cos(angles), 50 + 50 * np.sin(angles)], (0, 100)])
    expected = pyproj.Geod(ellps="WGS84").line_length(*lonlat.transform(*(plane + ORIGIN).T))
    assert gis.measure(inventory)["geodesic_m"][0] == pytest.approx(expected, rel=1e-6)
