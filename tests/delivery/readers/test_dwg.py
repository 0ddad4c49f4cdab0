"""A DWG is what the same drawing is as DXF; what its reader loses is told, and a damaged one is one line."""

import json
import os
import random
import zipfile

import ezdwg
import ezdwg.raw
import numpy as np
import pytest
import shapely
from support import dwg
from support.drawings import X, Y

from gis.delivery.sources import open_delivery
from gis.errors import SourceError

CRS = "EPSG:32639"


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Give the bytes of the survey in a release."""
    folder = tmp_path_factory.mktemp("dwg")

    def written(release):
        path = folder / f"{release}.dwg"
        return (path if path.exists() else dwg.dwg(path, release, page="ANSI_1256")).read_bytes()

    return written


@pytest.fixture
def put(tmp_path):
    def write(content):
        path = tmp_path / "survey.dwg"
        path.write_bytes(content)
        return path

    return write


def outcome(path):
    """Give the layers of a drawing, or its refusal."""
    try:
        return open_delivery(path), None
    except SourceError as error:
        return [], error


def told(opened):
    """Tell values by layer, and what was left out, without what names the file."""
    assert not any("Linetype" in layer.frame for layer in opened)
    names = ("Layer", "BlockName", "ID")
    values = {
        layer.layer: layer.frame[[name for name in names if name in layer.frame]].to_csv() for layer in opened
    }
    return values, {(one.layer, one.what.en, one.count) for layer in opened for one in layer.left_out}


def positions(opened):
    """Give the coordinates of all, with heights, a row a vertex."""
    geometries = np.concatenate([layer.frame.geometry.to_numpy() for layer in opened])
    return shapely.get_coordinates(geometries, include_z=True)


@pytest.mark.parametrize("release", dwg.RELEASES)
@pytest.mark.parametrize("units", [6, 2])
def test_a_drawing_is_the_same_as_dwg_and_as_dxf(release, units, tmp_path):
    (tmp_path / "a.dxf").write_text(dwg.dxf(units), "utf-8")
    drawing = dwg.dwg(tmp_path / "a.dwg", release, units, page="ANSI_1256")
    opened, expected = open_delivery(drawing), open_delivery(tmp_path / "a.dxf")
    assert told(opened) == told(expected)
    np.testing.assert_allclose(positions(opened), positions(expected), rtol=0, atol=1e-6)
    assert {layer.driver for layer in opened} == {"DWG"}
    assert [layer.unit_m for layer in opened] == [layer.unit_m for layer in expected]
    routes, manholes = opened
    # Feet are said and not believed: all stands where metres of a UTM zone do.
    assert [note.code for layer in opened for note in layer.notes] == ["C106"] * (units == 2)
    assert routes.frame.geometry.length.tolist() == pytest.approx(dwg.LENGTHS, rel=2e-7)
    points = [[X + 700.123, Y + 1.456, 1599.9], [X + 800, Y, 0]]
    np.testing.assert_allclose(positions([manholes]), points, rtol=0, atol=1e-6)
    assert manholes.frame["ID"].tolist()[1] == "ح-12"


@pytest.mark.parametrize("release", ["AC1015", "AC1032"])
def test_the_command_measures_a_dwg_as_the_dxf(release, survey, put, tmp_path, fibre):
    (tmp_path / "a.dxf").write_text(dwg.dxf(), "utf-8")
    printed = [
        json.loads(fibre("measure", path, "--crs", CRS, "--format", "json", check=0).stdout)
        for path in (put(survey(release)), tmp_path / "a.dxf")
    ]
    for one in printed:
        for left in one["left_out"]:
            del left["source"]
    assert printed[0]["total"] == printed[1]["total"]
    assert printed[0]["total"]["grid_m"] == pytest.approx(sum(dwg.LENGTHS), abs=1e-3)
    assert printed[0]["left_out"] == printed[1]["left_out"]
    hidden = {one["layer"] for one in printed[0]["left_out"] if one["what"] == "entities that are not shown"}
    assert hidden == {"FROZEN", "خاموش"}


NAMES = ["xref|y", "a*b", "a?b", "a/b", "a\\b", "a:b", 'a"b', "a<b>", "a;b", "a,b", "a=b", "a`b"]


@pytest.mark.parametrize("release", dwg.RELEASES)
def test_layers_and_blocks_keep_names_that_no_new_one_may_have(release, tmp_path):
    opened = open_delivery(dwg.lines(tmp_path / "a.dwg", release, NAMES))
    assert [layer.layer for layer in opened] == NAMES
    assert [layer.frame["BlockName"].dropna().tolist() for layer in opened] == [[name] for name in NAMES]
    for number, layer in enumerate(opened):
        line, symbol = layer.frame.geometry
        assert shapely.get_coordinates(line).tolist() == [[X, Y + number], [X + 10, Y + number]]
        assert shapely.get_coordinates(symbol).tolist() == [[X, Y + number]]
        assert layer.notes == ()


PERSIAN = ["مسیر فیبر", "حوضچه", "داکت", "ترانشه"]
ESCAPED = ["".join(f"\\U+{ord(char):04X}" for char in name) for name in PERSIAN]
IN_THE_PAGE = ["کابل", "حوضچه", "داکت", "ترانشه"]
# Persian in a drawing that declares the west, as western programs show it.
WESTERN = [name.encode("cp1256").decode("cp1252") for name in ["مسير فيبر", "حوضه", "داكت", "ترانشه"]]


@pytest.mark.parametrize("release", ["AC1015", "AC1018"])
@pytest.mark.parametrize(
    ("written", "page", "read", "codes"),
    [
        (IN_THE_PAGE, "ANSI_1256", IN_THE_PAGE, set()),
        (ESCAPED, "ANSI_1252", PERSIAN, set()),
        (WESTERN, "ANSI_1252", ["مسير فيبر", "حوضه", "داكت", "ترانشه"], {"D006"}),
    ],
)
def test_persian_names_of_old_releases(release, written, page, read, codes, tmp_path):
    opened = open_delivery(dwg.lines(tmp_path / "a.dwg", release, written, page))
    assert [layer.layer for layer in opened] == read
    assert {note.code for layer in opened for note in layer.notes} == codes


def test_what_another_program_wrote_is_where_it_was_put(tmp_path):
    drawing = ezdwg.new()
    drawing.layers["CABLE"] = {"color_index": 7}
    space = drawing.modelspace()
    space.add_line((X + 0.123, Y + 0.456), (X + 300.123, Y + 400.456), layer="CABLE")
    space.add_lwpolyline([(X, Y), (X + 10, Y), (X + 10, Y + 20)], layer="CABLE")
    space.add_circle((X + 100, Y), 10, layer="CABLE")
    drawing.save(tmp_path / "a.dwg")
    (layer,) = open_delivery(tmp_path / "a.dwg")
    assert sorted(layer.frame.geometry.length) == pytest.approx([30, 20 * np.pi, 500], rel=2e-7)
    assert layer.frame.total_bounds.tolist() == pytest.approx([X, Y - 10, X + 300.123, Y + 400.456], abs=1e-6)


def test_a_dwg_in_a_zip_is_read(survey, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("survey/نقشه.dwg", survey("AC1032"))
    assert [layer.layer for layer in open_delivery(tmp_path / "a.zip")] == [dwg.ROUTES, dwg.MANHOLES]


def test_an_entity_that_is_spoiled_is_noted_or_the_drawing_is_refused(survey, put):
    """Object by object of release 2000, where it stands in the file: what is drawn is read or told."""
    sound = survey("AC1015")
    objects = [
        (kind, offset, size)
        for _, offset, size, _, kind, of in ezdwg.raw.list_object_headers_with_type(str(put(sound)))
        if of == "E" and kind in {"LINE", "INSERT", "POINT", "TEXT", "ARC", "CIRCLE"}
    ]
    assert len(objects) == 10
    noted = 0
    for _, offset, size in objects:
        spoiled = bytearray(sound)
        half = offset + 2 + size // 2
        spoiled[half : offset + 2 + size] = b"\xff" * (size - size // 2)
        opened, refused = outcome(put(spoiled))
        if refused is not None:
            assert refused.code == "D001"
            continue
        notes = [note for layer in opened for note in layer.notes if note.code == "D003"]
        left = sum(one.count for layer in opened for one in layer.left_out)
        # Five routes, two nodes; two hidden, a text and the lines of the symbol.
        assert sum(len(layer.frame) for layer in opened) + len(notes) + left >= 5 + 2 + 3
        noted += len(notes)
    assert noted


@pytest.mark.parametrize("release", dwg.RELEASES)
def test_a_dwg_that_is_cut_is_refused(release, survey, put):
    content = survey(release)
    for part in (0.02, 0.3, 0.9):
        with pytest.raises(SourceError, match=r"survey\.dwg: DWG cannot be read") as error:
            open_delivery(put(content[: int(len(content) * part)]))
        assert error.value.code == "D001"


def test_the_command_says_one_line_of_a_dwg_that_is_cut(survey, put, fibre):
    done = fibre("measure", put(survey("AC1032")[:5000]), "--crs", CRS, check=2)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "survey.dwg: DWG cannot be read" in line
    assert "save it as ASCII DXF" in line


@pytest.mark.parametrize("release", dwg.RELEASES)
def test_a_dwg_with_other_bytes_is_read_or_refused_in_one_line(release, survey, put):
    rng = random.Random(release)
    refused = 0
    for _ in range(4):
        content = bytearray(survey(release))
        for _ in range(4):
            content[rng.randrange(6, len(content))] = rng.randrange(256)
        _, error = outcome(put(content))
        if error is not None:
            refused += 1
            assert error.code in {"D001", "D010"}
            assert "\n" not in str(error)
            assert "Exception" not in str(error)
    assert refused


@pytest.mark.parametrize("release", [b"AC1009", b"AC1012", b"AC1014", b"AC1050"])
def test_other_releases_say_what_would_do(release, put):
    with pytest.raises(SourceError, match="another release than 2000 to 2018 is not read") as error:
        open_delivery(put(release + b"\0" * 200))
    assert error.value.code == "D010"
    assert "۲۰۰۰ تا ۲۰۱۸" in error.value.message("fa")


@pytest.mark.parametrize("missing", ["acadsharp", "ezdwg"])
def test_without_what_reads_it_the_extra_is_named(missing, survey, put, tmp_path, fibre):
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / f"{missing}.py").write_text("raise ImportError")
    paths = os.pathsep.join([str(tmp_path / "before"), os.environ.get("PYTHONPATH", "")])
    done = fibre("inspect", put(survey("AC1032")), env={"PYTHONPATH": paths}, check=2)
    assert "pip install 'fibre-gis[dwg]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
