"""Columns, layers and codes recognised by their names and values, in Persian and English."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.delivery.columns.match import match, match_values, referenced, which_layer
from gis.delivery.columns.synonyms import book, codes_of, name_key, names_of
from gis.errors import ProjectError
from gis.schema import MANHOLES, OFFICES, ROUTES, SCHEMAS
from gis.text.letters import fold

PERSIAN = pd.DataFrame(
    {
        "شناسه مسیر": ["م-۱", "م-۲", "م-۳"],
        "نوع": ["کابل", "داکت", "كابل نوری"],
        "وضعیت": ["موجود", "جدید", "جديد"],
        "شهرستان": ["اصفهان", "کاشان", "نطنز"],
        "از حوضچه": ["ح-۱", "ح-۲", "ح-۳"],
        "تا حوضچه": ["ح-۲", "ح-۳", "ح-۴"],
        "تعداد تار": ["۲۴", "", "۴۸"],
        "طول (متر)": ["۱۲۰٫۵", "۸۴", "۱٬۲۰۰"],
        "تاریخ برداشت": ["۱۳۹۹/۰۵/۱۲", "۱۳۹۹/۰۵/۱۳", None],
        "توضیحات": ["-", "", None],
    }
)


def test_a_persian_table_is_understood() -> None:
    found = match(PERSIAN, ROUTES)
    assert found.columns == {
        "route_id": "شناسه مسیر",
        "kind": "نوع",
        "status": "وضعیت",
        "county": "شهرستان",
        "from_id": "از حوضچه",
        "to_id": "تا حوضچه",
        "fibre_count": "تعداد تار",
        "recorded_length_m": "طول (متر)",
        "surveyed_on": "تاریخ برداشت",
    }
    assert found.extra == ["توضیحات"]
    assert found.ambiguous == {}
    assert set(found.reasons) == set(found.columns)
    assert found.unmatched == [n for n in ROUTES.names if n not in found.columns]


def test_persian_in_latin_letters_is_understood() -> None:
    frame = pd.DataFrame(
        {
            "kod_masir": [1, 2],
            "nooe": ["kabl", "kanal"],
            "vaziat": ["mojood", "jadid"],
            "shahrestan": ["Isfahan", "Kashan"],
            "tool": [120.5, 84.0],
            "tarikh": ["99-5-12", "99-5-13"],
            "az": ["H1", "H2"],
            "ta": ["H2", "H3"],
        }
    )
    assert match(frame, ROUTES).columns == {
        "route_id": "kod_masir",
        "kind": "nooe",
        "status": "vaziat",
        "county": "shahrestan",
        "from_id": "az",
        "to_id": "ta",
        "recorded_length_m": "tool",
        "surveyed_on": "tarikh",
    }
    manholes = pd.DataFrame(
        {"shomare_hozche": ["H1"], "omgh": [1.2], "noe": ["hozche"], "vaziyat": ["jadid"]}
    )
    assert match(manholes, MANHOLES).columns == {
        "manhole_id": "shomare_hozche",
        "status": "vaziyat",
        "kind": "noe",
        "depth_m": "omgh",
    }


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_each_canonical_name_is_itself_in_any_writing(name: str) -> None:
    schema = SCHEMAS[name]  # type: ignore[index]
    for write in (str, str.upper, str.title, lambda n: n.replace("_", " "), lambda n: n.replace("_", "")):
        frame = pd.DataFrame({write(column): pd.Series([], dtype=object) for column in schema.names})
        assert match(frame, schema).columns == {column: write(column) for column in schema.names}


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_names_cut_by_dbf_are_recognised(name: str) -> None:
    schema = SCHEMAS[name]  # type: ignore[index]
    cut = {column[:10].upper(): column for column in schema.names}
    assert len(cut) == len(schema.names)
    found = match(pd.DataFrame({column: pd.Series([], dtype=object) for column in cut}), schema)
    assert found.columns == {ours: theirs for theirs, ours in cut.items()}


def test_stumps_that_a_program_numbered_are_recognised() -> None:
    found = match(
        pd.DataFrame({"RECORDED_1": [1.5, 2.5], "ROUTE_ID": ["a", "b"], "INSTALLA_1": ["aerial", "buried"]}),
        ROUTES,
    )
    assert found.columns == {
        "route_id": "ROUTE_ID",
        "installation": "INSTALLA_1",
        "recorded_length_m": "RECORDED_1",
    }


def test_persian_names_cut_by_dbf_are_recognised() -> None:
    # Ten bytes are five Persian letters in UTF-8 and ten in CP1256.
    assert match(pd.DataFrame({"شهرست": ["اصفهان"], "تعداد تا": [24]}), ROUTES).columns["county"] == "شهرست"
    assert match(pd.DataFrame({"تاریخ نقشه": ["1399/5/12"]}), ROUTES).columns == {"surveyed_on": "تاریخ نقشه"}


def test_misspelt_names_are_recognised() -> None:
    frame = pd.DataFrame(
        {
            "RouteID": ["a", "b"],
            "Lenght": [1.0, 2.0],
            "Statuss": ["new", "new"],
            "Shahrestn": ["کاشان", "نطنز"],
        }
    )
    assert match(frame, ROUTES).columns == {
        "route_id": "RouteID",
        "status": "Statuss",
        "county": "Shahrestn",
        "recorded_length_m": "Lenght",
    }


def test_open_fibre_data_is_understood() -> None:
    node = {"id": "n1", "name": "Granada", "status": "operational"}
    frame = pd.DataFrame(
        {
            "id": ["s1", "s2"],
            "name": ["A - B", "B - C"],
            "start": [node, {**node, "id": "n2"}],
            "end": ["n2", "n3"],
            "status": ["operational", "planned"],
            "deployment": ["aboveGround", "belowGround"],
            "fibreCount": [24, 48],
            "featureType": ["span", "span"],
        }
    )
    found = match(frame, ROUTES)
    assert found.columns == {
        "route_id": "id",
        "kind": "featureType",
        "status": "status",
        "from_id": "start",
        "to_id": "end",
        "installation": "deployment",
        "fibre_count": "fibreCount",
    }
    assert referenced(frame["start"]).tolist() == ["n1", "n2"]
    guess = which_layer(frame, {"LineString"}, "spans")
    assert guess is not None
    assert (guess.layer, guess.set) == ("routes", {"kind": "cable"})


def test_references_are_reduced_to_ids() -> None:
    column = pd.Series(
        [{"id": 7}, {"name": "x"}, json.dumps({"id": "n"}), "plain", None, "{broken", 3.0], dtype=object
    )
    assert referenced(column).tolist() == ["7", "x", "n", "plain", None, "{broken", "3"]


def test_columns_that_fit_equally_well_are_asked_about() -> None:
    frame = pd.DataFrame({"ID": ["1", "2"], "Code": ["a", "b"], "type": ["duct", "cable"]})
    found = match(frame, ROUTES)
    assert found.ambiguous == {"route_id": ["ID", "Code"]}
    assert "route_id" in found.unmatched
    assert [c.theirs for c in found.alternatives["route_id"]] == ["ID", "Code"]
    assert match(frame, ROUTES, {"route_id": "Code"}).columns["route_id"] == "Code"
    # Values decide where they can: ids are unique.
    repeated = frame.assign(Code=["a", "a"])
    assert match(repeated, ROUTES).columns["route_id"] == "ID"
    # Where both say the same nothing hangs on it.
    assert match(frame.assign(Code=frame["ID"]), ROUTES).columns["route_id"] == "ID"


def test_values_find_a_column_that_no_name_tells() -> None:
    frame = pd.DataFrame(
        {"F1": ["r1", "r2", "r3"], "F2": ["کابل", "داکت", "کابل"], "F3": ["موجود", "جدید", "موجود"]}
    )
    found = match(frame, ROUTES)
    # And F1 is the id, as nothing else may be and no two of its values are equal.
    assert found.columns == {"route_id": "F1", "kind": "F2", "status": "F3"}
    assert found.reasons["kind"].en == "its values alone"


def test_values_speak_against_a_doubtful_name() -> None:
    # "type" may be the kind, but not of these values; those of the other column are.
    frame = pd.DataFrame({"type": ["G.652", "G.655"], "layer": ["cable", "duct"]})
    assert match(frame, ROUTES).columns["kind"] == "layer"
    by_place = pd.DataFrame({"نوع": ["هوایی", "خاکی"]})
    assert match(by_place, ROUTES).columns == {"installation": "نوع"}


def test_what_a_gis_worked_out_gives_way_to_what_was_recorded() -> None:
    frame = pd.DataFrame({"Shape_Leng": [0.001, 0.002], "Length": [100, 200]})
    assert match(frame, ROUTES).columns == {"recorded_length_m": "Length"}


@pytest.mark.parametrize(
    ("heading", "scale"),
    [
        ("Length (km)", 1000),
        ("length_km", 1000),
        ("طول (کیلومتر)", 1000),
        ("طول_کیلومتر", 1000),
        ("Length [m]", None),
        ("Length", None),
        ("LENGTH_M", None),
    ],
)
def test_units_in_headings_scale(heading: str, scale: float | None) -> None:
    found = match(pd.DataFrame({heading: [1.5, 2.5]}), ROUTES)
    assert found.columns == {"recorded_length_m": heading}
    assert found.scale.get("recorded_length_m") == scale


def test_names_of_offices_are_told_by_their_script() -> None:
    frame = pd.DataFrame(
        {
            "name": ["فرمانداری کاشان", "فرمانداری نطنز"],
            "title": ["Kashan", "Natanz"],
            "کد": [1, 2],
            "شهرستان": ["کاشان", "نطنز"],
            "اتصال": ["دارد", "ندارد"],
        }
    )
    found = match(frame, OFFICES)
    assert found.columns == {
        "office_id": "کد",
        "name_fa": "name",
        "name_en": "title",
        "county": "شهرستان",
        "connection": "اتصال",
    }


def test_what_the_project_file_says_counts() -> None:
    found = match(
        PERSIAN, ROUTES, {"county": "توضیحات", "status": "وضعيت "}
    )  # Arabic letters are no hindrance
    assert (found.columns["county"], found.columns["status"]) == ("توضیحات", "وضعیت")
    with pytest.raises(ProjectError) as caught:
        match(PERSIAN, ROUTES, {"kind": "nowhere"}, "routes.shp")
    for part in ("routes.shp", "nowhere", "kind", "شناسه مسیر"):
        assert part in str(caught.value)
    assert "nowhere" in caught.value.message("fa")


def test_a_name_given_in_full_finds_its_stump() -> None:
    assert match(
        pd.DataFrame({"RECORDED_L": [1]}), ROUTES, {"recorded_length_m": "recorded_length"}
    ).columns == {"recorded_length_m": "RECORDED_L"}


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=0, max_size=8, unique=True), st.data())
def test_any_table_is_borne_and_no_column_goes_twice(names: list[str], data: st.DataObject) -> None:
    frame = pd.DataFrame(
        {
            name: data.draw(st.lists(st.none() | st.text(max_size=8) | st.floats(), min_size=3, max_size=3))
            for name in names
        }
    )
    for schema in SCHEMAS.values():
        found = match(frame, schema)
        assert len(set(found.columns.values())) == len(found.columns)
        assert set(found.columns.values()) | set(found.extra) == {str(n) for n in names}
        assert set(found.columns) | set(found.unmatched) == set(schema.names)
        assert match(frame, schema) == found


@settings(deadline=None)
@given(st.permutations(list(PERSIAN.columns)))
def test_the_order_of_columns_does_not_matter(order: list[str]) -> None:
    assert match(PERSIAN[order], ROUTES).columns == match(PERSIAN, ROUTES).columns


# --- Layers ---


@pytest.mark.parametrize(
    ("title", "types", "layer", "given_by_title"),
    [
        ("duct.shp duct", {"LineString"}, "routes", {"kind": "duct"}),
        ("کابل موجود", {"MultiLineString"}, "routes", {"kind": "cable", "status": "existing"}),
        ("existing_fiber_ducts", {"LineString"}, "routes", {"kind": "duct", "status": "existing"}),
        ("CableNew", {"LineString Z"}, "routes", {"kind": "cable", "status": "new"}),
        ("fibre", {"LineString"}, "routes", {"kind": "cable"}),
        ("مسیرهای فیبر نوری", {"LineString"}, "routes", {"kind": "cable"}),
        ("layer1", {"LineString"}, "routes", {}),
        ("manholes", {"Point"}, "manholes", {}),
        ("حوضچه‌های جدید", {"Point"}, "manholes", {"kind": "manhole", "status": "new"}),
        ("hozche.dbf", {"Point"}, "manholes", {"kind": "manhole"}),
        ("handholes", {"MultiPoint"}, "manholes", {"kind": "handhole"}),
        ("nodes", {"Point"}, "manholes", {}),
        ("فرمانداری‌ها", {"Point"}, "offices", {}),
        ("offices.geojson", {"Point"}, "offices", {}),
    ],
)
def test_a_layers_name_tells_what_it_is(
    title: str, types: set[str], layer: str, given_by_title: dict[str, str]
) -> None:
    guess = which_layer(pd.DataFrame({"a": [1, 2]}), types, title)
    assert guess is not None
    assert guess.layer == layer
    if title == "manholes":
        given_by_title = {"kind": "manhole"}
    assert guess.set == given_by_title


def test_columns_and_values_tell_points_apart() -> None:
    points = {"Point"}
    assert (
        which_layer(pd.DataFrame({"office_id": ["a"], "name_fa": ["کاشان"]}), points, "layer1").layer
        == "offices"
    )  # type: ignore[union-attr]
    assert (
        which_layer(pd.DataFrame({"manhole_id": ["a"], "depth": [1.2]}), points, "layer1").layer == "manholes"
    )  # type: ignore[union-attr]
    assert which_layer(pd.DataFrame({"Name": ["حوضچه ۱", "حوضچه ۲"]}), points).layer == "manholes"  # type: ignore[union-attr]
    assert which_layer(pd.DataFrame({"Name": ["MH-1", "MH-2"]}), points).layer == "manholes"  # type: ignore[union-attr]
    assert (
        which_layer(pd.DataFrame({"Name": ["فرمانداری کاشان", "فرمانداری نطنز"]}), points).layer == "offices"
    )  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("title", "types"),
    [
        ("points", {"Point"}),
        ("", {"Point"}),
        ("counties", {"Polygon"}),
        ("roads", {"LineString"}),
        ("معابر", {"LineString"}),
        ("duct", {"Polygon"}),
    ],
)
def test_what_is_none_of_ours_or_cannot_be_told_is_left(title: str, types: set[str]) -> None:
    assert which_layer(pd.DataFrame({"a": [1, 2]}), types, title) is None


# --- Codes ---


@pytest.mark.parametrize(
    ("value", "column", "code"),
    [
        ("کابل", "kind", "cable"),
        ("كابل نوری ۲۴ کر", "kind", "cable"),
        ("Fiber Optic Cable", "kind", "cable"),
        ("داکت", "kind", "duct"),
        ("کانال‌کشی", "kind", "duct"),
        ("fibre duct", "kind", "duct"),
        ("کابل در داکت", "kind", None),
        ("G.652", "kind", None),
        ("موجود", "status", "existing"),
        ("operational", "status", "existing"),
        ("EXISTING", "status", "existing"),
        ("جديد", "status", "new"),
        ("جدیدالاحداث", "status", "new"),
        ("در دست اجرا", "status", "planned"),
        ("underConstruction", "status", "planned"),
        ("برنامه‌ریزی شده", "status", "planned"),
        ("غیر موجود", "status", None),
        ("not existing", "status", None),
        ("exsisting", "status", "existing"),
        ("۱", "status", None),
        ("هوایی", "installation", "aerial"),
        ("کابل هوایی", "installation", "aerial"),
        ("belowGround", "installation", "buried"),
        ("نقشه‌برداری", "provenance", "surveyed"),
    ],
)
def test_values_stand_for_codes(value: str, column: str, code: str | None) -> None:
    assert match_values([value], ROUTES[column], "routes") == {value: code}


def test_values_of_points() -> None:
    kinds = {
        "حوضچه": "manhole",
        "هندهول": "handhole",
        "مفصل": "closure",
        "تیر": "pole",
        "مرکز مخابرات": "exchange",
        "HH": "handhole",
    }
    assert match_values(kinds, MANHOLES["kind"], "manholes") == kinds
    connections = {"متصل نیست": "none", "ندارد": "none", "تازه متصل": "new", "از پیش متصل": "existing"}
    assert match_values(connections, OFFICES["connection"], "offices") == connections


def test_given_values_count_first_and_missing_ones_are_left_out() -> None:
    values = ["A", "کابل", None, float("nan"), ["x"], "A"]
    assert match_values(values, ROUTES["kind"], "routes", {"a": "duct", "کابل": "duct"}) == {
        "A": "duct",
        "کابل": "duct",
    }


def test_each_code_and_its_wording_stand_for_it() -> None:
    for layer, schema in SCHEMAS.items():
        for column in schema.columns:
            for code, wording in column.codes.items():
                assert set(match_values([code, wording.en, wording.fa], column, layer).values()) == {code}


# --- The book ---


def test_the_book_names_what_there_is_and_nothing_twice() -> None:
    for layer, schema in SCHEMAS.items():
        assert set(book()[layer]) == set(schema.names)
        sure: dict[str, str] = {}
        for column in schema.names:
            for name, score in names_of(layer, column).items():
                assert name == name_key(name)
                if score > 0.9:
                    assert sure.setdefault(name, column) == column, (
                        f"{name} is sure of {column} and {sure[name]}"
                    )
        for column in schema.columns:
            if column.codes:
                whole, words = codes_of(layer, column.name)
                assert set(whole.values()) == set(column.codes)
                assert set(words) <= set(whole)


def test_no_word_stands_for_two_codes() -> None:
    for name, entry in book()["values"].items():
        if "same" in entry:
            continue
        said = [(word, code) for code, lists in entry.items() for word in (*lists["words"], *lists["exact"])]
        for word, code in said:
            layer, column = name.split(".")
            assert codes_of(layer, column)[0][fold(word)] == code, f"{word} of {name}"  # type: ignore[arg-type]


UUIDS = [f"{at:08x}-0000-4000-8000-{at:012x}" for at in range(1, 4)]


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=lambda schema: schema.name)
def test_a_column_of_uuids_is_an_id_where_no_heading_says_so(schema):
    frame = pd.DataFrame({"merkmal": ["a1", "b2", "c3"], "kennung": UUIDS, "stueck": [4, 5, 6]})
    assert match(frame, schema).columns[schema.id] == "kennung"


def test_uuids_that_repeat_are_no_id():
    frame = pd.DataFrame({"kennung": [UUIDS[0], UUIDS[0], UUIDS[1]]})
    assert "route_id" not in match(frame, ROUTES).columns


@pytest.mark.parametrize(
    ("total", "each"),
    [
        ("total_fibers", "fibers_per_tube"),
        ("broj_vlakana", "fibers_per_tube"),
        ("fibre count", "fibres per tube"),
        ("تعداد کل تار", "تعداد تار در هر تیوب"),
        ("Fibers", "FibersPerTube"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_columns_for_fibres_the_total_counts(total, each, turned):
    columns = {total: [24, 48, 96], each: [12, 12, 12]}
    frame = pd.DataFrame(dict(reversed(columns.items())) if turned else columns)
    assert match(frame, ROUTES).columns["fibre_count"] == total


def test_fibres_of_a_tube_alone_are_not_taken_for_all():
    assert "fibre_count" not in match(pd.DataFrame({"fibers_per_tube": [12, 12]}), ROUTES).columns


OWN = ["6603a47b-10a2-52b5-bb91-c88a1a99c126", "6603a47b-10a2-52b5-bb91-c88a1a99c127"]


@pytest.mark.parametrize(
    ("columns", "taken"),
    [
        ({"UUID": OWN, "FID": ["1", "2"]}, "UUID"),
        ({"UUID": OWN, "FID": ["1", "2"], "Name": ["MH1", "MH2"]}, "Name"),
        # Names that do not tell all apart, or are none.
        ({"UUID": OWN, "Name": ["MH1", "MH1"]}, "UUID"),
        ({"UUID": OWN, "Name": ["MH1", None]}, "UUID"),
        ({"UUID": OWN, "Name": ["by the road", "at the corner"]}, "UUID"),
        # Neither is more of an id than the other.
        ({"Name": ["MH1", "MH2"], "Label": ["A1", "A2"]}, None),
        ({"UUID": OWN, "UID": OWN[::-1]}, None),
    ],
)
def test_of_ids_for_want_of_a_better_one_the_values_tell(columns, taken):
    found = match(pd.DataFrame({**columns, "status": ["new", "new"]}), MANHOLES)
    assert found.columns.get("manhole_id") == taken
    assert ("manhole_id" in found.ambiguous) == (taken is None)
