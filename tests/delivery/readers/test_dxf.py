"""Drawings: what is drawn is measured where it is drawn, and all else is counted by layer and kind."""

import json

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from scipy.special import ellipe
from support.drawings import X, Y, block, drawing, entity, insert, layers, line, polyline, rectangle, tags

import gis
from gis.delivery.sources import open_delivery
from gis.errors import SourceError

CRS = "EPSG:32639"


@pytest.fixture
def opened(tmp_path):
    def write(*args, encoding="utf-8", **kwargs):
        (tmp_path / "d.dxf").write_bytes(drawing(*args, **kwargs).encode(encoding))
        return open_delivery(tmp_path / "d.dxf")

    return write


def lengths(opened):
    return {layer.layer: layer.frame.geometry.length.round(6).tolist() for layer in opened}


def left(opened):
    return {(one.layer, one.what.en): one.count for layer in opened for one in layer.left_out}


def test_lines_of_an_inserted_block_are_measured_by_the_command(tmp_path, fibre):
    path = tmp_path / "b.dxf"
    within = block("CABLES", line("0", 0, 0, 400, 0))
    path.write_text(drawing(line("CABLE", X, Y, X + 100, Y) + insert("CABLES", "CABLE", y=Y + 50), within))
    total = json.loads(fibre("measure", path, "--crs", CRS, "--format", "json", check=0).stdout)["total"]
    assert total["routes"] == 2
    assert total["grid_m"] == pytest.approx(500, abs=1e-6)


@pytest.mark.parametrize(
    ("how", "ends"),
    [
        ((), [(X, Y, X + 40, Y)]),
        (((41, 2), (42, 3)), [(X, Y, X + 80, Y)]),
        (((50, 90),), [(X, Y, X, Y + 40)]),
        (((41, -1),), [(X, Y, X - 40, Y)]),
        (
            ((70, 2), (71, 2), (44, 5), (45, 7)),
            [(X + right, Y + up, X + right + 40, Y + up) for up in (0, 7) for right in (0, 5)],
        ),
    ],
)
def test_blocks_are_turned_scaled_mirrored_and_in_rows(how, ends, opened):
    (layer,) = opened(insert("B", "CABLE", *how), block("B", line("0", 5, 6, 45, 6), base=(5, 6)))
    found = [tuple(np.round(shapely.get_coordinates(one).ravel(), 6)) for one in layer.frame.geometry]
    assert sorted(found) == sorted(ends)
    assert layer.records.tolist() == list(range(1, len(ends) + 1))


def test_parts_of_an_insert_have_handles_of_their_own(opened):
    (layer,) = opened(
        insert("B", "CABLE", (5, "C1"), (70, 2), (44, 5)) + line("CABLE", X, Y, X + 9, Y, (5, "C2")),
        block("B", line("0", 0, 0, 40, 0)),
    )
    assert layer.frame["EntityHandle"].tolist() == ["C1/1", "C1/2", "C2"]


def test_what_is_seen_from_below_is_where_it_is_seen(opened):
    below = (230, -1)
    found = opened(
        entity("CIRCLE", "DUCT", (10, -X), (20, Y), (40, 5), below)
        + insert("B", "CABLE", (210, 0), (220, 0), below, x=-X),
        block("B", line("0", 0, 0, 40, 0)),
    )
    bounds = {layer.layer: layer.frame.total_bounds.round(6).tolist() for layer in found}
    assert bounds == {"DUCT": [X - 5, Y - 5, X + 5, Y + 5], "CABLE": [X - 40, Y, X, Y]}


def test_blocks_in_blocks_take_the_layer_of_their_insert_and_keep_their_own(opened):
    blocks = block("IN", line("0", 0, 0, 30, 0) + line("DUCT", 0, 0, 0, 20)) + block(
        "OUT", insert("IN", "0", x=100, y=0)
    )
    assert lengths(opened(insert("OUT", "CABLE"), blocks)) == {"CABLE": [30], "DUCT": [20]}


def circle(radius):
    return entity("CIRCLE", "0", (10, 0), (20, 0), (40, radius))


@pytest.mark.parametrize(
    ("content", "name", "layer", "how", "kind"),
    [
        (circle(1), "S1", "PLAN", {}, "Point"),
        (circle(34), "S1", "PLAN", {}, "Point"),  # across 96 m: an outline
        (circle(36), "S1", "PLAN", {}, "LineString"),  # 102 m
        (circle(36), "S1", "MANHOLE", {}, "Point"),
        (circle(36), "MH-1", "0", {}, "Point"),
        (circle(36), "S1", "PLAN", {"attributes": [("ID", "A")]}, "Point"),
        (line("0", 0, 0, 9.9, 0), "S1", "PLAN", {}, "Point"),
        (line("0", 0, 0, 10.1, 0), "S1", "PLAN", {}, "LineString"),
        (
            line("0", 0, 0, 50, 0) + line("0", 50, 0, 50, 50) + line("0", 50, 50, 0, 0),
            "S1",
            "PLAN",
            {},
            "Point",
        ),
        (
            line("0", 0, 0, 50, 0) + line("0", 50, 0, 50, 50) + line("0", 50, 50, 1, 0),
            "S1",
            "PLAN",
            {},
            "LineString",
        ),
        (entity("HATCH", "0", (10, 0)), "S1", "PLAN", {}, "Point"),
        (entity("POINT", "0", (10, 0), (20, 0)), "S1", "PLAN", {}, "Point"),
    ],
)
def test_a_symbol_is_the_point_that_it_stands_for(content, name, layer, how, kind, opened):
    (found,) = opened(insert(name, layer, **how), block(name, content))
    assert found.types == {kind}
    if kind == "Point":
        assert shapely.get_coordinates(found.frame.geometry.to_numpy()).tolist() == [[X, Y]]
    lines = not content.startswith(("0\nHATCH", "0\nPOINT"))
    expected = {(layer, "inserted blocks with lines in them"): 1} if kind == "Point" and lines else {}
    assert {key: count for key, count in left([found]).items() if "inserted" in key[1]} == expected


@pytest.mark.parametrize(("away", "kind"), [(3.8, "Point"), (3.9, "LineString")])
def test_a_figure_that_is_drawn_aside_stays_where_it_is(away, kind, opened):
    ring = entity("CIRCLE", "0", (10, away), (20, 0), (40, 1))
    # It begins 2.8 or 2.9 m from the base point, and is 2.83 m across the corners of its extent.
    (found,) = opened(insert("S", "PLAN"), block("S", ring))
    assert found.types == {kind}


def test_size_is_that_of_the_insert(opened):
    found = opened(
        insert("S", "SMALL", (41, 0.5), (42, 0.5)) + insert("S", "LARGE"), block("S", line("0", 0, 0, 15, 0))
    )
    assert {layer.layer: layer.types for layer in found} == {"SMALL": {"Point"}, "LARGE": {"LineString"}}


def test_attributes_are_columns_also_within_blocks(opened):
    mark = insert("MARK", "MANHOLE", x=10, y=20, attributes=[("ID", "MH-2"), ("TYPE", "handhole")])
    blocks = block("MARK", circle(1)) + block("SHEET-1", mark)
    tops = insert("MARK", "MANHOLE", attributes=[("ID", "حوضچه-1")]) + insert("SHEET-1", "0")
    (layer,) = opened(tops, blocks)
    assert layer.frame["ID"].tolist() == ["حوضچه-1", "MH-2"]
    assert layer.frame["TYPE"].tolist()[1] == "handhole"
    assert shapely.get_coordinates(layer.frame.geometry.to_numpy()).tolist() == [[X, Y], [X + 10, Y + 20]]


def test_each_layer_is_matched_by_itself_and_what_is_none_is_counted(tmp_path, fibre):
    path = tmp_path / "d.dxf"
    text = entity("TEXT", "LABELS", (10, X), (20, Y), (40, 2), (1, "x"))
    others = "".join(
        entity(kind, "MISC", (10, X), (20, Y))
        for kind in ("3DFACE", "MLINE", "RAY", "XLINE", "REGION", "3DSOLID", "IMAGE", "ACAD_PROXY_ENTITY")
    )
    path.write_text(
        drawing(
            line("FO-CABLE", X, Y, X + 100, Y)
            + line("DUCT", X, Y + 5, X + 60, Y + 5)
            + rectangle("SHEET-BORDER", X - 50, Y - 50, X + 200, Y + 50)
            + entity("DIMENSION", "DIMS", (10, X), (20, Y))
            + line("SHEET", 0, 0, 10, 0, (67, 1))
            + insert("NORTH", "FO-CABLE")
            + text
            + others,
            block("NORTH", line("0", 0, 0, 0, 30)),
        )
    )
    document = json.loads(fibre("measure", path, "--crs", CRS, "--format", "json", check=0).stdout)
    assert document["total"]["grid_m"] == pytest.approx(160, abs=1e-6)
    told = {(one["layer"], one["what"]): one["count"] for one in document["left_out"]}
    assert told["SHEET-BORDER", "lines and points of the sheet"] == 1
    assert told["FO-CABLE", "lines and points of the sheet"] == 1
    assert told["DIMS", "dimensions and leaders of the drawing"] == 1
    assert told["SHEET", "entities of paper space"] == 1
    assert told["LABELS", "texts of the drawing"] == 1
    assert told["MISC", "entities of the kind 3DSOLID"] == 1
    assert sum(count for (layer, _), count in told.items() if layer == "MISC") == 8


@pytest.mark.parametrize(("inside", "framed"), [(3, True), (2, False)])
def test_a_frame_is_told_by_its_shape(inside, framed, opened):
    lines = "".join(line("CABLE", X + 10, Y + 10 * n, X + 40, Y + 10 * n) for n in range(1, inside + 1))
    found = opened(rectangle("A3", X, Y, X + 100, Y + 70) + lines)
    assert ("A3" not in lengths(found)) is framed
    assert left(found).get(("A3", "frames around the drawing"), 0) == int(framed)


@pytest.mark.parametrize("other", [(0, 0, 100, 70.5, "LWPOLYLINE"), (300, 300, 400, 370, "ring aside")])
def test_a_ring_of_another_shape_or_place_is_no_frame(other, opened):
    west, south, east, north, what = other
    lines = "".join(line("CABLE", X + 10, Y + 10 * n, X + 40, Y + 10 * n) for n in range(1, 4))
    ring = rectangle("A3", X + west, Y + south, X + east, Y + north)
    if what == "LWPOLYLINE":
        ring = ring.replace(f"20\n{Y + north}\n", f"20\n{Y + north + 20}\n", 1)
    assert "A3" in lengths(opened(ring + lines))


def test_frozen_and_switched_off_layers_are_counted(opened):
    blocks = block("B", line("0", 0, 0, 30, 0) + line("ICE", 0, 0, 0, 25))
    found = opened(
        line("CABLE", X, Y, X + 10, Y)
        + line("ICE", X, Y, X + 20, Y)
        + line("DARK", X, Y, X + 40, Y)
        + line("CABLE", X, Y, X + 80, Y, (60, 1))
        + insert("B", "CABLE"),
        blocks,
        layers(CABLE=(0, 7), ICE=(1, 7), DARK=(0, -7)),
    )
    assert lengths(found) == {"CABLE": [10, 30]}
    assert left(found) == {
        ("CABLE", "entities that are not shown"): 1,
        ("DARK", "entities that are not shown"): 1,
        ("ICE", "entities that are not shown"): 2,
    }


@pytest.mark.parametrize(
    ("unit", "scale", "taken"),
    [
        (4, 1000, "brought to metres"),
        (7, 0.001, "brought to metres"),
        (2, 1 / 0.3048, "brought to metres"),
        (21, 3937 / 1200, "brought to metres"),
        (4, 1, "plainly"),
        (1, 1, "plainly"),
        (6, 1, None),
        (0, 1, None),
    ],
)
def test_the_unit_of_the_header_counts_where_the_numbers_let_it(unit, scale, taken, opened):
    at = ((X + 100 * n) * scale for n in range(10))
    drawn = "".join(
        line("CABLE", x, Y * scale, x + 100 * scale, Y * scale, (30, 2 * scale), (31, 3 * scale)) for x in at
    )
    # One thing forgotten at the origin decides nothing.
    (layer,) = opened(drawn + entity("POINT", "CABLE", (10, 0), (20, 0)), INSUNITS=(70, unit))
    assert shapely.get_coordinates(layer.frame.geometry[0], include_z=True).ravel() == pytest.approx(
        [X, Y, 2, X + 100, Y, 3], abs=1e-6
    )
    said = [note.fields["why"].en for note in layer.notes if note.code == "C106"]
    assert len(said) == (taken is not None)
    assert all(taken in why for why in said)


def test_the_point_that_a_polyline_writes_of_itself_is_none(opened):
    """Programs write 0, 0 into the head of a POLYLINE, which stands where its vertices do."""
    within = entity("VERTEX", "CABLE", (10, X), (20, Y)) + entity("VERTEX", "CABLE", (10, X + 50), (20, Y))
    head = entity("POLYLINE", "CABLE", (66, 1), (10, 0), (20, 0), (30, 0), (70, 0))
    (layer,) = opened(head + within + entity("SEQEND", "CABLE"), INSUNITS=(70, 2))
    assert shapely.get_coordinates(layer.frame.geometry[0]).tolist() == [[X, Y], [X + 50, Y]]
    assert [note.code for note in layer.notes] == ["C106"]


@pytest.mark.parametrize(("unit", "system", "scale"), [(2, "EPSG:2232", 1.0), (2, "EPSG:26954", 0.3048)])
def test_a_drawing_in_feet_is_in_a_system_in_feet_or_in_metres(unit, system, scale, tmp_path):
    # A thousand feet in Colorado, whose plane is within 1e-4 of the ground.
    (tmp_path / "d.dxf").write_text(drawing(line("CABLE", 3.1e6, 1.7e6, 3.101e6, 1.7e6), INSUNITS=(70, unit)))
    (measured,) = gis.measure(gis.read(tmp_path / "d.dxf", crs=system))["geodesic_m"]
    (expected,) = (
        Geod(ellps="GRS80").line_length(*Transformer.from_crs(system, 4326, always_xy=True).transform(x, y))
        for x, y in [([3.1e6 * scale, 3.101e6 * scale], [1.7e6 * scale] * 2)]
    )
    assert measured == pytest.approx(expected, abs=2e-3)
    assert measured == pytest.approx(304.8, rel=3e-4)


def test_degrees_of_a_template_in_inches_stay_degrees(opened):
    (layer,) = opened(line("CABLE", 51.6, 32.6, 51.7, 32.6), INSUNITS=(70, 1))
    assert layer.frame.geometry[0].length == pytest.approx(0.1)
    assert [note.code for note in layer.notes] == ["C106"]


def spline(control, knots, *, fit=(), weights=(), degree=2, flags=8):
    pairs = [(70, flags), (71, degree), (72, len(knots)), (73, len(control)), (74, len(fit))]
    pairs += [(40, knot) for knot in knots] + [(41, weight) for weight in weights]
    pairs += [pair for x, y in control for pair in ((10, x), (20, y), (30, 0))]
    pairs += [pair for x, y in fit for pair in ((11, x), (21, y), (31, 0))]
    return entity("SPLINE", "CABLE", *pairs)


# A parabola y = x (2 - x / 50) from 0 to 100: its length in closed form.
PARABOLA = [(X, Y), (X + 50, Y + 100), (X + 100, Y)]
PARABOLA_M = 50 * (np.sqrt(5) + np.arcsinh(2) / 2)
BULGE = 4 * np.arctan(0.2)
BENT_M = 10 * BULGE / (2 * np.sin(BULGE / 2))


@pytest.mark.parametrize(
    ("drawn", "length"),
    [
        (entity("ARC", "CABLE", (10, X), (20, Y), (40, 100), (50, 350), (51, 80)), np.pi * 50),
        (entity("CIRCLE", "CABLE", (10, X), (20, Y), (40, 100)), 200 * np.pi),
        (
            entity(
                "ELLIPSE", "CABLE", (10, X), (20, Y), (11, 100), (21, 0), (40, 0.5), (41, 0), (42, 2 * np.pi)
            ),
            400 * ellipe(0.75),
        ),
        (spline(PARABOLA, [0, 0, 0, 1, 1, 1]), PARABOLA_M),
        # A quarter of a circle, which takes weights.
        (
            spline(
                [(X + 100, Y), (X + 100, Y + 100), (X, Y + 100)],
                [0, 0, 0, 1, 1, 1],
                weights=[1, np.sqrt(0.5), 1],
            ),
            np.pi * 50,
        ),
        (spline([], [], fit=[(X, Y), (X + 40, Y + 30), (X + 80, Y + 60)], degree=3), 100),
        (polyline("CABLE", 0, (X, Y, 0.2, 0), (X + 10, Y, 0, 0)), BENT_M),
        (polyline("CABLE", 2, (X, Y, 0.2, 0), (X + 10, Y, 0.2, 1), (X + 20, Y, 0, 0)), 2 * BENT_M),
        # The frame that a spline-fit one keeps is not drawn.
        (
            polyline("CABLE", 4, (X, Y, 0, 16), (X + 9, Y + 99, 0, 16), (X, Y, 0, 8), (X + 30, Y + 40, 0, 8)),
            50,
        ),
        (polyline("CABLE", 1, (X, Y, 0, 0), (X + 30, Y, 0, 0), (X, Y + 40, 0, 0)), 120),
    ],
)
@pytest.mark.parametrize("release", ["AC1009", "AC1032"])
def test_curves_have_their_length(drawn, length, release, opened):
    (layer,) = opened(drawn, release=release)
    assert layer.frame.geometry.length.tolist() == pytest.approx([length], rel=1e-6)


def test_a_spline_that_is_none_is_counted(opened):
    found = opened(line("CABLE", X, Y, X + 10, Y) + spline(PARABOLA, [0, 0, 1, 1]))
    assert lengths(found) == {"CABLE": [10]}
    assert left(found) == {("CABLE", "entities of the kind SPLINE without a shape"): 1}


def test_meshes_are_no_lines(opened):
    found = opened(line("CABLE", X, Y, X + 10, Y) + polyline("CABLE", 16, (X, Y, 0, 64), (X + 9, Y, 0, 64)))
    assert lengths(found) == {"CABLE": [10]}
    assert left(found) == {("CABLE", "entities of the kind MESH POLYLINE"): 1}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("byte", "refused"), [("\0", True), ("\x01", True), ("\x1b", True), ("\t", False), ("^J", False)]
)
def test_a_control_character_is_refused_before_gdal_sees_it(byte, refused, end, tmp_path):
    text = drawing(line("CABLE", X, Y, X + 10, Y) + entity("TEXT", "T", (10, X), (20, Y), (1, f"a{byte}")))
    path = tmp_path / "d.dxf"
    path.write_bytes(text.replace("\n", end).encode() + b"\x1a")
    if not refused:
        assert lengths(open_delivery(path)) == {"CABLE": [10]}
        return
    with pytest.raises(SourceError) as error:
        open_delivery(path)
    number = text.split("\n").index(f"a{byte}") + 1
    assert f"line {number} holds a control character (code {ord(byte)})" in str(error.value)


def test_a_nul_after_a_return_is_one_line_of_the_command(tmp_path, fibre):
    path = tmp_path / "d.dxf"
    path.write_bytes(drawing(line("CABLE", X, Y, X + 10, Y)).replace("8\nCABLE", "8\r\0\nCABLE").encode())
    said = fibre("measure", path, "--crs", CRS, check=2)
    assert said.stdout == ""
    assert "control character (code 0)" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (line("DUCT", X, "x", X, Y), "'x' is no number"),
        (line("DUCT", X, "1e400", X, Y), "'1e400' is no number"),
        (line("DUCT", X, Y, X, Y).replace("\n10\n", "\n10\nstray\n"), "is no group code"),
    ],
)
def test_a_broken_entity_is_named_and_the_others_are_read(broken, reason, opened):
    found = opened(line("CABLE", X, Y, X + 10, Y) + broken + line("CABLE", X, Y, X + 20, Y))
    assert lengths(found)["CABLE"] == [10, 20]
    (note,) = [note for layer in found for note in layer.notes if note.code == "D003"]
    assert note.ref.layer == "DUCT"
    assert reason in note.fields["reason"].en


def test_a_drawing_that_breaks_off_gives_what_stands_before(tmp_path):
    text = drawing(line("CABLE", X, Y, X + 10, Y) + line("CABLE", X, Y, X + 20, Y))
    (tmp_path / "d.dxf").write_text(text[: text.rindex("11\n")])
    (layer,) = open_delivery(tmp_path / "d.dxf")
    assert lengths([layer]) == {"CABLE": [10]}
    assert [note.fields["reason"].en for note in layer.notes] == ["the drawing breaks off here"]


def test_blocks_without_end_are_refused_or_counted(opened):
    within = block("A", line("0", 0, 0, 50, 0) + insert("A", "0")) + block(
        "C", line("0", 0, 0, 60, 0) + insert("D", "0")
    )
    found = opened(insert("A", "CABLE") + insert("C", "CABLE") + insert("E", "CABLE"), within)
    assert lengths(found) == {"CABLE": [50, 60]}
    assert left(found) == {
        ("0", "blocks that are inserted in themselves"): 1,
        ("0", "inserted blocks that are not in the drawing"): 1,
        ("CABLE", "inserted blocks that are not in the drawing"): 1,
    }
    bomb = "".join(block(f"B{n}", insert(f"B{n + 1}", "0") * 10) for n in range(9)) + block(
        "B9", line("0", 0, 0, 50, 0)
    )
    with pytest.raises(SourceError, match="2,000,000 entities"):
        opened(insert("B0", "CABLE"), bomb)


@pytest.mark.parametrize(
    ("release", "page", "encoding", "noted"),
    [
        ("AC1009", "ansi_1256", "cp1256", False),
        ("AC1018", "ANSI_1256", "cp1256", False),
        ("AC1021", "ANSI_1256", "utf-8", False),
        ("AC1032", "ANSI_1252", "utf-8", False),
        ("AC1018", "ANSI_1252", "cp1256", True),
        ("AC1032", "ANSI_1256", "cp1256", True),
    ],
)
def test_persian_names_are_read(release, page, encoding, noted, opened):
    name, said = "كابل اصلي مسير", "حوضچه شماره يك"
    found = opened(
        line(name, X, Y, X + 10, Y) + insert("S", "MANHOLE", attributes=[("NAME", said)]),
        block("S", circle(1)),
        release=release,
        encoding=encoding,
        DWGCODEPAGE=(3, page),
    )
    assert [layer.layer for layer in found] == [name, "MANHOLE"]
    assert found[1].frame["NAME"].tolist() == [said]
    assert [note.code for layer in found for note in layer.notes] == ["D006"] * noted


def test_escapes_are_letters(opened):
    escaped = "".join(f"\\U+{ord(letter):04X}" for letter in "کابل")
    assert lengths(opened(line(escaped, X, Y, X + 10, Y), release="AC1009")) == {"کابل": [10]}


def test_layers_differ_by_more_than_capitals(opened):
    assert lengths(opened(line("Cable", X, Y, X + 10, Y) + line("CABLE", X, Y, X + 20, Y))) == {
        "Cable": [10, 20]
    }


def test_a_feature_keeps_its_record_whichever_layer_is_asked_for(tmp_path):
    path = tmp_path / "d.dxf"
    path.write_text(
        drawing(
            line("DUCT", X, Y, X + 10, Y, (5, "A1"))
            + line("CABLE", X, Y, X + 20, Y, (5, "A2"))
            + line("DUCT", X, Y, X + 30, Y, (5, "A3"))
            + entity("TEXT", "T", (10, X), (20, Y), (1, "t"))
        )
    )
    every = {layer.layer: layer.records.tolist() for layer in open_delivery(path)}
    assert every == {"DUCT": [1, 3], "CABLE": [2]}
    (cable,) = open_delivery(path, layer="CABLE")
    assert cable.records.tolist() == [2]
    assert cable.frame["EntityHandle"].tolist() == ["A2"]
    assert left([cable]) == {("T", "texts of the drawing"): 1}
    (tmp_path / "p.toml").write_text(
        '[project]\nname = "p"\n'
        + "".join(f'[[layers.routes]]\nsource = "d.dxf"\nlayer = "{name}"\ncrs = "{CRS}"\n' for name in every)
    )
    inventory = gis.read(tmp_path / "p.toml")
    assert len(inventory.routes) == 3
    assert [one.what.en for one in inventory.left_out] == ["texts of the drawing"]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"AC1014\0\0\0\0\0\0", "save it as DWG or ASCII DXF of release 2018"),
        (b"AutoCAD Binary DXF\r\n\x1a\0", "save it as ASCII DXF"),
    ],
)
def test_old_and_binary_drawings_say_what_would_do(content, remedy, tmp_path):
    (tmp_path / "d.dwg").write_bytes(content)
    with pytest.raises(SourceError) as error:
        open_delivery(tmp_path / "d.dwg")
    assert error.value.code == "D010"
    assert remedy in str(error.value)


def test_a_drawing_of_texts_alone_is_empty(opened):
    (layer,) = opened(
        entity("TEXT", "T", (10, X), (20, Y), (1, "t")) + tags((0, "VIEWPORT"), (8, "0"), (67, 1))
    )
    assert [note.code for note in layer.notes] == ["D009"]
    assert left([layer]) == {("T", "texts of the drawing"): 1}
