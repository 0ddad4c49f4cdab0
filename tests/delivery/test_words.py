"""Words and units of deliveries: what a heading or a value means, by files read as they come."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pyogrio
import pyproj
import pytest
from shapely.geometry import LineString, Point

import gis
from gis.delivery import understanding
from gis.text.letters import fold_county

if TYPE_CHECKING:
    from pathlib import Path

GEOD = pyproj.Geod(ellps="WGS84")
START = (51.67, 32.65)


def road(metres: float, north: float = 0.0) -> list[list[float]]:
    """A straight line of a length, eastwards."""
    lon, lat, _ = GEOD.fwd(*START, 0.0, north)
    far = GEOD.fwd(lon, lat, 90.0, metres)[:2]
    return [[lon, lat], list(far)]


def layer(path: Path, *features: dict[str, Any], form: str = "LineString") -> Path:
    """Write features of properties and ``at``, their coordinates."""
    members = [
        {
            "type": "Feature",
            "properties": {name: value for name, value in one.items() if name != "at"},
            "geometry": {"type": form, "coordinates": one["at"]},
        }
        for one in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": members}), "utf-8")
    return path


def cables(path: Path, *properties: dict[str, Any], metres: float = 100.0) -> Path:
    """Write cables of a length, each 100 m north of the one before."""
    plain = {"kind": "cable", "status": "new"}
    return layer(
        path,
        *(
            {"route_id": f"R{n}", **plain, **one, "at": road(metres, 100.0 * n)}
            for n, one in enumerate(properties)
        ),
    )


def codes(found: Any) -> list[str]:
    return sorted(found["code"])


# --- Units ---


@pytest.mark.parametrize(
    ("heading", "value", "metres"),
    [
        ("Cable Length (ft)", 557.9, 557.9 * 0.3048),
        ("length_ft", 100, 30.48),
        ("LengthFt", "100", 30.48),
        ("Length in feet", "1,200", 365.76),
        ("Footage", 1000, 304.8),
        ("Length [yd]", 10, 9.144),
        ("Length (mi)", "1.5", 2414.016),
        ("طول (فوت)", "۳۳۰", 100.584),
        ("طول به کیلومتر", "۱٫۲", 1200),
        ("طول (سانتی‌متر)", 4200, 42),
        ("length mm", 42000, 42),
        ("Length (in)", 100, 2.54),
        ("Length", "330 ft", 100.584),
        ("Length", "330'", 100.584),
        ("Length", "5'6\"", 1.6764),
        ("Length", "12,5 m", 12.5),
        ("طول", "۱۲ متر", 12),
        # A value's own unit counts before the heading's.
        ("Length (ft)", "100 m", 100),
    ],
)
def test_a_length_is_in_metres_whatever_its_unit(heading, value, metres, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {heading: value}))
    assert read.routes["recorded_length_m"].tolist() == [pytest.approx(metres, rel=1e-9)]
    assert not read.notes


@pytest.mark.parametrize(
    ("heading", "value"), [("Length", "24 core"), ("تعداد تار", "330 ft"), ("Length", "45°")]
)
def test_a_unit_of_something_else_is_not_understood(heading, value, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {heading: value}))
    assert read.routes[["recorded_length_m", "fibre_count"]].isna().to_numpy().all()
    assert [(note.code, note.fields["value"]) for note in read.notes] == [("A403", value)]


def test_lengths_recorded_in_feet_agree_with_what_is_drawn(tmp_path):
    path = cables(tmp_path / "a.geojson", {"Cable Length (ft)": 100 / 0.3048}, {"Cable Length (ft)": 400})
    found = gis.check(gis.read(path))
    assert [(one.code, one.feature) for one in found.itertuples()] == [("T501", "R1")]


@pytest.mark.parametrize("heading", ["Shape_Leng", "SHAPE_Length", "Length"])
def test_degrees_are_no_length_and_are_told(heading, tmp_path):
    drawn = LineString(road(100.0)).length
    path = cables(tmp_path / "a.geojson", {heading: drawn}, {heading: drawn})
    read = gis.read(path)
    assert read.routes["recorded_length_m"].isna().all()
    (left,) = read.left_out
    assert (left.count, left.what.en) == (2, f"values of {heading}")
    assert "degrees" in left.why.en
    assert "درجه" in left.why.fa


def test_metres_of_a_layer_in_degrees_stay_metres(tmp_path):
    # A layer that was brought to degrees keeps the Shape_Leng of its grid.
    read = gis.read(cables(tmp_path / "a.geojson", {"Shape_Leng": 100.04}, {"Shape_Leng": 99.9}))
    assert read.routes["recorded_length_m"].tolist() == [100.04, 99.9]
    assert not read.left_out


def test_map_units_in_feet_are_brought_to_metres(tmp_path):
    import geopandas as gpd  # noqa: PLC0415 - one test

    lines = gpd.GeoSeries([LineString([(500_000, 0), (501_000, 0)])], crs=2263)
    frame = gpd.GeoDataFrame({"route_id": ["R0"], "Shape_Leng": [1000.0]}, geometry=lines)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg")
    assert gis.read(tmp_path / "a.gpkg").routes["recorded_length_m"].tolist() == [pytest.approx(304.8006096)]


def test_a_heading_in_degrees_is_refused(tmp_path):
    (one,) = understanding.readings(cables(tmp_path / "a.geojson", {"Length (deg)": 0.5}))
    assert list(one.destination.match.refused) == ["Length (deg)"]
    assert "recorded_length_m" not in one.destination.match.columns


# --- Marks on the sheath ---

ENDS = [(*road(0.0)[0],), (*road(100.0)[1],)]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("Start Mark", "End Mark"),
        ("Start Meter", "End Meter"),
        ("From Meter", "To Meter"),
        ("Sheath start", "Sheath end"),
        ("متراژ شروع", "متراژ پایان"),
        ("متراژ ابتدای کابل", "متراژ انتهای کابل"),
        ("start_sheath_mark_m", "end_sheath_mark_m"),
        ("Start Footage", "End Footage"),
    ],
)
def test_sheath_marks_are_no_references_and_tell_the_length(start, end, tmp_path):
    unit = 0.3048 if "Footage" in start else 1.0
    path = cables(
        tmp_path / "cables.geojson", {start: 3000, end: 3000 + 105 / unit, "slack": 5}, {start: 900, end: 500}
    )
    nodes = layer(
        tmp_path / "manholes.geojson",
        *({"manhole_id": f"M{n}", "status": "new", "kind": "manhole", "at": at}
          for n in range(2) for at in road(100.0, 100.0 * n)[n:]),
        form="Point",
    )  # fmt: skip
    read = gis.read([path, nodes])
    assert read.routes[["from_id", "to_id"]].isna().to_numpy().all()
    assert gis.measure(read)["recorded_length_m"].tolist() == [pytest.approx(105), pytest.approx(400 * unit)]
    found = gis.check(read)
    assert "N309" not in codes(found)
    # 105 m are the 100 drawn and 5 of slack; 400 are not.
    assert found.loc[found["code"] == "T501", "feature"].tolist() == ["R1"]


def test_a_recorded_length_counts_before_the_marks_and_blank_marks_for_nothing(tmp_path):
    path = cables(
        tmp_path / "a.geojson",
        {"length": 100, "start mark": 0, "end mark": 300},
        {"length": None, "start mark": 0, "end mark": 0},
        {"length": None, "start mark": 7, "end mark": None},
    )
    recorded = gis.measure(gis.read(path))["recorded_length_m"]
    assert recorded.iloc[0] == 100
    assert recorded.iloc[1:].isna().all()


@pytest.mark.parametrize("heading", ["Start Date", "End Lat", "From Depth", "To Type"])
def test_what_is_said_of_an_end_is_no_reference(heading, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {heading: "7"}))
    assert read.routes[["from_id", "to_id"]].isna().to_numpy().all()


@pytest.mark.parametrize(("start", "end"), [("Start MH No", "End MH No"), ("from_node_id", "to_node_id")])
def test_nodes_at_the_ends_are_references(start, end, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {start: "M1", end: "M2"}))
    assert read.routes[["from_id", "to_id"]].to_numpy().tolist() == [["M1", "M2"]]


# --- Numbers and negations ---


@pytest.mark.parametrize(
    "name", ["Site No 7", "Site No. ۷", "Site No.7", "Site № 7", "Site Nr 7", "سایت شماره ۷", "Lot no B"]
)
def test_a_number_negates_nothing(name, tmp_path):
    path = layer(tmp_path / f"{name} new cable.geojson", {"route_id": "R1", "at": road(100.0)})
    read = gis.read(path)
    assert read.routes[["kind", "status"]].to_numpy().tolist() == [["cable", "new"]]


@pytest.mark.parametrize("value", ["no cable", "not a cable", "بدون کابل"])
def test_a_negation_still_negates(value, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {"kind": value}, {"kind": "cable"}))
    assert read.routes["kind"].tolist() == [value, "cable"]


# --- What is no fibre ---


@pytest.mark.parametrize(
    "value",
    ["کابل مسی", "copper cable", "Cu", "cable Cu 100x2x0.4", "bakarni", "coaxial cable", "کابل برق", "LV cable",
     "20kV cable",
     "کابل ۲۰ کیلوولت", "power duct", "کابل فشار متوسط", "gas pipe", "لوله آب", "کابل ۱۰۰ زوج"],
)  # fmt: skip
def test_other_plants_are_no_fibre_and_are_told(value, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {"kind": value}, {"kind": "کابل نوری"}))
    assert not read.routes["kind"].iloc[:1].isin(["cable", "duct"]).any()
    assert read.routes["kind"].iloc[1] == "cable"
    found = gis.check(read)
    assert found.loc[found["code"] == "A403", "feature"].tolist() == ["R0"]
    assert value in found.loc[found["code"] == "A403", "message"].iloc[0]


@pytest.mark.parametrize(
    "value",
    [
        "OPGW cable on 63kV line",
        "کابل نوری روی تیر برق",
        "hybrid fibre/copper cable",
        "cable v2",
        "ADSS cable",
    ],
)
def test_fibre_beside_another_plant_is_fibre(value, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {"kind": value}, {"kind": "cable"}))
    assert read.routes["kind"].tolist() == ["cable", "cable"]


@pytest.mark.parametrize(
    ("name", "kind"), [("copper cables", "copper"), ("کابل برق", "power"), ("Water Lane cables", "cable")]
)
def test_a_layers_name_tells_its_plant_and_a_streets_name_does_not(name, kind, tmp_path):
    path = layer(tmp_path / f"{name}.geojson", {"route_id": "R1", "status": "new", "at": road(100.0)})
    assert gis.read(path).routes["kind"].tolist() == [kind]


@pytest.mark.parametrize(
    ("value", "status"),
    [("As-Built", "new"), ("as built 2021", "new"), ("چون‌ساخت", "new"), ("چون ساخت", "new"), ("ازبیلت", "new"),
     ("نقشه ازبیلت", "new"), ("built", "new"), ("existing (as-built)", "existing"), ("موجود - ازبیلت", "existing"),
     ("در حال ساخت", "در حال ساخت"), ("under construction", "planned")],
)  # fmt: skip
def test_as_built_is_built(value, status, tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {"status": value}, {"status": "new"}))
    assert read.routes["status"].tolist() == [status, "new"]


# --- Counties ---


@pytest.mark.parametrize(
    "name",
    ["شهرستان اصفهان", "شهرستان\u200cاصفهان", "شهرستان  اصفهان ", "شهرستان: اصفهان", "اصفهان", "شهرســتان اصفهان"],
)  # fmt: skip
def test_a_county_is_its_name_without_the_word(name):
    assert fold_county(name) == "اصفهان"


@pytest.mark.parametrize(
    "name", ["Kashan County", "County of Kashan", "Shahrestan-e Kashan", "KASHAN", "shahrestan kashan"]
)
def test_a_county_is_its_name_in_latin_letters(name):
    assert fold_county(name) == "kashan"


def test_a_place_whose_name_begins_like_the_word_keeps_it():
    assert fold_county(["شهرستانک", "شهرستان", None]).tolist() == ["شهرستانک", "شهرستان", None]


def test_a_county_with_its_word_is_known(tmp_path):
    box = [[[51, 32], [52, 32], [52, 33], [51, 33], [51, 32]]]
    layer(tmp_path / "counties.geojson", {"name": "آران و بیدگل", "at": box}, form="Polygon")
    cables(tmp_path / "r.geojson", {"county": "شهرستان آران و بيدگل"}, {"county": "شهرستان کاشان"})
    (tmp_path / "p.toml").write_text(
        '[project]\nname = "p"\n[counties]\nsource = "counties.geojson"\nname = "name"\n'
        '[[layers.routes]]\nsource = "r.geojson"\n',
        "utf-8",
    )
    found = gis.check(gis.read(tmp_path / "p.toml"))
    assert found.loc[found["code"].isin(["A403", "A407"]), ["code", "feature"]].to_numpy().tolist() == [
        ["A403", "R1"]
    ]


# --- References that nearly are ---


@pytest.mark.parametrize("written", ["MH-007", "MH7", "MH 7", "mh_07", "MH.7"])
def test_an_unknown_reference_names_the_id_that_is_equal_but_for_zeros_and_dashes(written, tmp_path):
    path = cables(tmp_path / "cables.geojson", {"from_id": written, "to_id": "MH-8"})
    at = road(100.0)
    nodes = layer(
        tmp_path / "manholes.geojson",
        *(
            {"manhole_id": name, "status": "new", "at": place}
            for name, place in (("MH-7", at[0]), ("MH-8", at[1]))
        ),
        form="Point",
    )
    found = gis.check(gis.read([path, nodes]))
    (message,) = found.loc[found["code"] == "N309", "message"]
    assert "MH-7 is that id but for zeros and dashes" in message


@pytest.mark.parametrize("turned", [False, True])
def test_an_unknown_reference_names_the_node_that_stands_there(turned, tmp_path):
    at = road(100.0)
    path = layer(
        tmp_path / "cables.geojson",
        {
            "route_id": "R",
            "kind": "cable",
            "status": "new",
            "from_id": "X-1",
            "to_id": "MH-8",
            "at": at[::-1] if turned else at,
        },
    )
    nodes = layer(
        tmp_path / "manholes.geojson",
        *(
            {"manhole_id": name, "status": "new", "at": place}
            for name, place in (("MH-7", at[0]), ("MH-8", at[1]))
        ),
        form="Point",
    )
    found = gis.check(gis.read([path, nodes]))
    row = found[found["code"] == "N309"].iloc[0]
    assert row["message"].endswith("which does not exist; MH-7 stands where the route ends")
    assert "MH-7" in row["message_fa"]


def test_an_unknown_reference_with_nothing_near_says_so_alone(tmp_path):
    path = cables(tmp_path / "cables.geojson", {"from_id": "X-1", "to_id": None})
    far = GEOD.fwd(*START, 180.0, 500.0)[:2]
    nodes = layer(
        tmp_path / "manholes.geojson", {"manhole_id": "MH-7", "status": "new", "at": far}, form="Point"
    )
    found = gis.check(gis.read([path, nodes]))
    (message,) = found.loc[found["code"] == "N309", "message"]
    assert message.endswith("which does not exist")


# --- What was not understood ---


def test_what_was_not_understood_stays_as_it_was_written(tmp_path):
    path = cables(
        tmp_path / "a.geojson",
        {"fibre_count": "24/48", "length": "approx 105", "survey_date": "1402/13/40", "slack": "2 x 15"},
        {"fibre_count": "24", "length": "330 ft", "survey_date": "2023-05-04", "slack": ""},
    )
    read = gis.read(path)
    fixed = gis.fix(read)
    from gis.publish.exports import corrected  # noqa: PLC0415 - one test

    out, log = corrected.write(tmp_path / "o.gpkg", fixed)
    copy = pyogrio.read_dataframe(out, layer="routes")
    kept = {
        "fibre_count": "24/48",
        "recorded_length_m": "approx 105",
        "surveyed_on": "1402/13/40",
        "slack_m": "2 x 15",
    }
    for name, text in kept.items():
        column = copy[f"{name}_as_written"]
        assert column.iloc[0] == text
        assert column.isna().tolist() == [False, True]
        assert text in log.read_text("utf-8-sig")
    assert copy["recorded_length_m"].iloc[1] == pytest.approx(100.584)
    # Handed in again it says the same, and loses nothing.
    again = gis.read(out)
    assert [(n.code, n.fields["value"]) for n in again.notes] == [
        (n.code, n.fields["value"]) for n in read.notes
    ]
    assert again.routes["fibre_count_as_written"].dropna().tolist() == ["24/48"]


def test_what_was_understood_has_no_further_column(tmp_path):
    read = gis.read(cables(tmp_path / "a.geojson", {"fibre_count": "24", "length": "100"}))
    assert not [name for name in read.routes.columns if name.endswith("_as_written")]


# --- Without a dialect ---


def test_the_total_of_fibres_counts_never_those_of_a_tube(tmp_path):
    for headings in (
        ("fibers_per_tube", "total_fibers"),
        ("Fibres per tube", "Fibres"),
        ("تعداد تار در هر تیوب", "تعداد کل تار"),
    ):
        read = gis.read(cables(tmp_path / "a.geojson", dict(zip(headings, (12, 96), strict=True))))
        assert read.routes["fibre_count"].tolist() == [96]
    alone = gis.read(cables(tmp_path / "a.geojson", {"fibers per tube": 12}))
    assert alone.routes["fibre_count"].isna().all()


def test_unique_values_are_an_id_when_nothing_else_is(tmp_path):
    ids = [str(uuid.UUID(int=n + 2**100)) for n in range(3)]
    rows = [
        {
            "fiberq_ref": ids[n],
            "code2x": f"A-{n}",
            "remark": f"see page {n}",
            "kind": "cable",
            "at": road(100, 100.0 * n),
        }
        for n in range(3)
    ]
    assert gis.read(layer(tmp_path / "a.geojson", *rows)).routes["route_id"].tolist() == ids
    for row in rows:
        del row["fiberq_ref"]
    assert gis.read(layer(tmp_path / "a.geojson", *rows)).routes["route_id"].tolist() == ["A-0", "A-1", "A-2"]
    for row in rows:
        row["other9x"] = row["code2x"] + "x"
    (one,) = understanding.readings(layer(tmp_path / "a.geojson", *rows))
    assert one.destination.match.ambiguous["route_id"] == ["code2x", "other9x"]


def test_measures_dates_and_repeated_values_are_no_id(tmp_path):
    rows = [
        {
            "sag": 1.5 + n,
            "day": f"2023-05-0{n + 1}",
            "batch": "B-1",
            "kind": "cable",
            "at": road(100, 100.0 * n),
        }
        for n in range(3)
    ]
    assert gis.read(layer(tmp_path / "a.geojson", *rows)).routes["route_id"].isna().all()


def test_a_point_has_no_length_to_hold_values_against(tmp_path):
    at = Point(START)
    path = layer(
        tmp_path / "manholes.geojson",
        {"manhole_id": "M1", "depth (ft)": 10, "at": [at.x, at.y]},
        form="Point",
    )
    assert gis.read(path).manholes["depth_m"].tolist() == [pytest.approx(3.048)]
