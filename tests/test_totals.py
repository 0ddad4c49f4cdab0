"""Verdicts on recorded totals: the rule, what is selected, what each measure sums, and what is said of it."""

from __future__ import annotations

import csv
import io
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support.ground import EAST, GEOD, NORTH, SOUTH, Ground, manholes, offices, routes
from support.honesty import simulate
from support.surveys import inventory, layer

from gis import lengths
from gis.totals import deciding_share, interval, reconcile, remarks, verdict


@pytest.mark.parametrize(
    ("difference", "tolerance", "std", "bias", "expected"),
    [
        (0, 0, 0, 0, "agrees"),
        (1, 0, 0, 0, "differs"),
        (-1, 0, 0, 0, "differs"),
        (68.33, 68.33, 0, 0, "agrees"),
        (68.34, 68.33, 0, 0, "differs"),
        (66.33, 68.33, 1, 0, "agrees"),  # two standard deviations on the dot reach the tolerance
        (66.34, 68.33, 1, 0, "undecided"),
        (-66.34, 68.33, 1, 0, "undecided"),
        (70.33, 68.33, 1, 0, "undecided"),
        (70.34, 68.33, 1, 0, "differs"),
        (-70.34, 68.33, 1, 0, "differs"),
        (-3, 5, 28, 0, "undecided"),  # what the survey cannot tell is no agreement
        (75.33, 68.33, 1, 5, "undecided"),  # noise lengthens, so that much more may be nothing
        (75.34, 68.33, 1, 5, "differs"),
        (-70.34, 68.33, 1, 5, "differs"),  # and never shortens
        (-61.33, 68.33, 1, 5, "agrees"),
        (-61.34, 68.33, 1, 5, "undecided"),
    ],
)
def test_verdicts_at_the_edge(difference, tolerance, std, bias, expected):
    assert verdict(difference, tolerance, std, bias) == expected


@pytest.mark.parametrize(
    ("difference", "expected"), [(0, "undecided"), (-50, "undecided"), (2.5, "undecided"), (4.1, "differs")]
)
def test_what_is_unmeasured_can_only_be_more(difference, expected):
    assert verdict(difference, 2, 1, unmeasured=True) == expected


FIGURES = st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e4), st.floats(0, 1e4)


@given(*FIGURES)
def test_a_verdict_holds_for_all_that_may_be_built(difference, tolerance, std, bias):
    low, high = interval(difference, std, bias)
    inside = [abs(d) <= tolerance * (1 + 1e-6) + 1e-6 for d in np.linspace(low, high, 21)]
    said = verdict(difference, tolerance, std, bias)
    if said == "agrees":
        assert all(inside)
    elif said == "differs":
        inner = [abs(d) < tolerance * (1 - 1e-6) - 1e-6 for d in np.linspace(low, high, 21)]
        assert not any(inner)
    # A poorer survey never turns an open question into an answer.
    poorer = verdict(difference, tolerance, 2 * std + 1, 2 * bias)
    assert poorer in {said, "undecided"}


@given(*FIGURES)
def test_the_accuracy_that_is_asked_for_decides(difference, tolerance, std, bias):
    if verdict(difference, tolerance, std, bias) != "undecided":
        return
    share = deciding_share(difference, tolerance, std, bias) * (1 - 1e-6)
    expected = difference - bias + share**2 * bias
    room = abs(abs(difference - bias) - tolerance)
    if room > 1e-3:
        assert share > 0
        assert verdict(expected, tolerance, share * std, share**2 * bias) != "undecided"


def test_honest_surveys_are_not_wronged_and_false_records_do_not_pass():
    done = simulate(400, seed=12)
    assert done.share("honest", "differs") < 0.03
    assert done.share("false", "agrees") < 0.01
    # A rule that never decides would pass these too.
    assert done.share("honest", "agrees") > 0.7
    assert done.share("false", "differs") > 0.7


def judged(survey_routes=None, survey_offices=None, survey_manholes=None, project=None, **total):
    sound = {
        "item": "cable",
        "layer": "routes",
        "measure": "length",
        "recorded": 300.0,
        "unit": "m",
        "tolerance": "2 m",
    }
    made = {"project": project or {"accuracy_m": 0.0}, "totals": [{**sound, **total}]}
    survey = inventory(survey_routes, survey_manholes, survey_offices, project=made)
    (result,) = reconcile(survey, lengths.measure(survey))
    return result


def straight(metres, aside=0.0):
    ground = Ground()
    return ground.line(((aside, SOUTH),), ((aside, SOUTH), (metres, EAST)))


@pytest.mark.parametrize(
    ("column", "stored", "asked"),
    [
        ("county", "كاشان", "کاشان"),
        ("county", "کاشان", "كاشان "),
        ("county", "شهرستان اصفهان", "اصفهان"),
        ("county", "اصفهان", "شهرستان اصفهان"),
        ("county", "Isfahan County", "isfahan"),
        ("office_id", "GOV-12", "gov-۱۲"),
        ("kind", "cable", "Cable"),
        ("status", "new", "NEW"),
        ("status", "new", "جديد"),
        ("fibre_count", 24, "۲۴"),
        ("fibre_count", 24, 24),
    ],
)
def test_where_compares_as_everything_else_does(column, stored, asked):
    made = routes(straight(300.0), straight(50.0, 20.0), **{column: [stored] * 2})
    assert judged(made, where={column: asked}, recorded=350.0).verdict == "agrees"
    assert judged(made, where={column: [asked]}, recorded=350.0).features == 2


def test_where_joins_its_conditions_and_knows_the_english_county():
    made = routes(
        *(straight(100.0, 20.0 * i) for i in range(3)),
        county=["کاشان", "کاشان", "اصفهان"],
        county_en=["Kashan", "Kashan", "Isfahan"],
        status=["new", "existing", "new"],
    )
    result = judged(made, where={"county": "Kashan county", "status": "new"}, recorded=100.0)
    assert (result.features, result.verdict) == (1, "agrees")


@pytest.mark.parametrize("where", ["routes", "offices", "counties"])
@pytest.mark.parametrize(
    "asked", [" KASHAN", "Kashan County", "کاشان", "شهرستان كاشان", ["Kashan ", "Natanz"]]
)
@pytest.mark.parametrize("stored", ["کاشان", "kashan"])
def test_a_county_is_known_by_any_name_that_the_survey_or_the_project_gives_it(where, asked, stored):
    pairs = {"county": ["کاشان", "اصفهان"], "county_en": ["Kashan", "Isfahan"]}
    own = pairs["county_en"] if stored == "kashan" else pairs["county"]
    more = {"county_en": pairs["county_en"]} if where == "routes" else {}
    made = routes(straight(300.0), straight(50.0, 20.0), county=own, **more)
    offices = layer("offices", [shapely.Point(51.6, 32.6)] * 2, **pairs) if where == "offices" else None
    square = shapely.box(51, 32, 52, 33)
    counties = gpd.GeoDataFrame(
        {"name": pairs["county"], "name_2": pairs["county_en"]}, geometry=[square] * 2, crs=4326
    )
    if where == "routes" and stored == "kashan":
        made["county"] = pairs["county"]
    total = {"item": "x", "layer": "routes", "measure": "length", "where": {"county": asked}, "unit": "m"}
    survey = inventory(
        made,
        offices=offices,
        project={"totals": [{**total, "recorded": 300.0, "tolerance": "1 %"}]},
        counties=counties if where == "counties" else None,
    )
    (result,) = reconcile(survey, lengths.measure(survey))
    assert (result.features, result.verdict) == (1, "agrees")
    assert result.unmatched == ((("county", "Natanz"),) if isinstance(asked, list) else ())


@pytest.mark.parametrize(
    ("column", "asked", "said"),
    [
        (
            "county",
            " KASHAN",
            "nothing in the layer Routes has County “KASHAN”; see how it is written there",
        ),
        ("fibre_count", 12, "nothing in the layer Routes has Fibre count “12”; see how it is written there"),
    ],
)
@pytest.mark.parametrize("recorded", [0.0, 300.0])
def test_a_value_that_nothing_has_is_said_whatever_was_recorded(column, asked, said, recorded):
    made = routes(straight(300.0), county=["کاشان"], fibre_count=[24])
    result = judged(made, where={column: asked}, recorded=recorded)
    assert result.features == 0
    told = [remark.en.casefold() for remark in remarks(result)]
    assert any(
        one.startswith(said.casefold()[:20]) and str(asked).strip().casefold() in one for one in told
    ), told
    # One of a list that nothing has is said, too.
    result = judged(made, where={column: [asked, "کاشان" if column == "county" else 24]}, recorded=300.0)
    assert (result.features, result.verdict, len(result.unmatched)) == (1, "agrees", 1)


def test_a_total_that_selects_nothing_says_so():
    result = judged(routes(straight(300.0), status=["new"]), where={"status": "planned"})
    assert result.verdict == "differs"
    assert "nothing in the survey is what it asks for" in [remark.en for remark in remarks(result)]
    # Nothing planned was recorded, and there is none: nothing to say.
    result = judged(routes(straight(300.0), status=["new"]), where={"status": "planned"}, recorded=0.0)
    assert result.verdict == "agrees"
    assert "nothing in the survey is what it asks for" not in [remark.en for remark in remarks(result)]


def test_cable_is_the_route_with_its_slack_and_says_where_none_is_stated():
    made = routes(straight(100.0), straight(100.0, 20.0), slack_m=[30.0, None])
    result = judged(made, measure="cable", recorded=230.0)
    assert result.measured == pytest.approx(230.0, abs=1e-6)
    assert (result.verdict, result.assumed_slack) == ("agrees", 1)
    assert "1 of 2 routes states no slack; none was assumed" in [remark.en for remark in remarks(result)]


def test_fibre_is_length_times_fibres_and_unmeasured_without_a_count():
    made = routes(straight(100.0), straight(200.0, 20.0), fibre_count=[24, 96], accuracy_m=[1.0, 1.0])
    result = judged(made, measure="fibre", recorded=21.6, unit="km", tolerance="1 km")
    assert result.measured == pytest.approx(24 * 0.1 + 96 * 0.2, abs=1e-9)
    # Two ends known to 1 m: √2 m a route, and all fibres of a cable err as one.
    assert result.std == pytest.approx(np.hypot(24, 96) * 2**0.5 / 1000, rel=1e-4)
    assert result.verdict == "agrees"
    made = routes(straight(100.0), straight(200.0, 20.0), fibre_count=[24, None])
    result = judged(made, measure="fibre", recorded=2.4, unit="km", tolerance="1 km")
    assert (result.verdict, result.unmeasured) == ("undecided", 1)


@pytest.mark.parametrize(("aside", "width", "expected"), [(0.3, 1.0, 300), (1.3, 1.0, 600), (1.3, 1.5, 300)])
def test_trench_is_the_ground_that_is_opened(aside, width, expected):
    made = routes(straight(300.0), straight(300.0, aside), accuracy_m=[0.01, 0.01])
    result = judged(made, measure="trench", recorded=expected, project={"trench_m": width})
    assert result.measured == pytest.approx(expected, abs=1e-3)
    assert result.verdict == "agrees"
    # Each end of a trench surveyed twice is the farther of two (their largest has the variance 1 - 1/π); two trenches
    # have four ends.
    ends = 2 * (1 - 1 / np.pi) if expected == 300 else 4
    assert result.std == pytest.approx(0.01 * ends**0.5, rel=1e-3)


def test_a_poor_survey_widens_the_trench():
    made = routes(straight(300.0), straight(300.0, 2.5), accuracy_m=[1.0, 1.0])
    assert judged(made, measure="trench").measured == pytest.approx(300.0, abs=1e-3)


def test_counts_have_no_deviation():
    result = judged(routes(straight(300.0)), measure="count", recorded=1, unit="routes", tolerance="0")
    assert (result.uncertain, result.std, result.bias, result.low, result.high) == (False, 0, 0, 0, 0)
    assert result.verdict == "agrees"


@pytest.mark.parametrize(
    ("kind", "status", "counted"),
    [("cable", "new", 1), ("cable", "existing", 1), ("cable", "planned", 0), ("duct", "new", 0)],
)
def test_an_office_is_connected_by_a_cable_that_is_built(kind, status, counted):
    ground = Ground()
    way = [ground(), ground((50.0, EAST)), ground((100.0, EAST))]
    # The second half is always a new cable; the first is what leads on to the exchange.
    made = routes(
        ground.line((), ((50.0, EAST),)),
        ground.line(((50.0, EAST),), ((100.0, EAST),)),
        kind=[kind, "cable"],
        status=[status, "new"],
    )
    where = {
        "where": {"connection": ["existing", "new"]},
        "layer": "offices",
        "measure": "count",
        "unit": "offices",
    }
    exchange = manholes(way[0], kind=["exchange"])
    result = judged(made, offices(way[2]), exchange, recorded=1, tolerance="0", **where)
    assert (result.measured, result.unserved) == (counted, 1 - counted)
    assert result.verdict == ("agrees" if counted else "differs")
    # Without routes, or asked for otherwise, the record is all there is.
    assert judged(None, offices(way[2]), exchange, recorded=1, tolerance="0", **where).measured == 1
    assert (
        judged(made, offices(way[2]), exchange, recorded=1, tolerance="0", **{**where, "where": {}}).measured
        == 1
    )


def noisy(sigma, seed=4):
    """Walk 2 km straight with a receiver that errs so much, a point every 10 m."""
    random = np.random.default_rng(seed)
    away = np.arange(0, 2001, 10.0)
    lon, lat, _ = GEOD.fwd(*np.broadcast_arrays(*Ground()(), 90.0, away))
    lon, lat, _ = GEOD.fwd(lon, lat, np.full(len(lon), EAST), random.normal(0, sigma, len(lon)))
    lon, lat, _ = GEOD.fwd(lon, lat, np.full(len(lon), NORTH), random.normal(0, sigma, len(lon)))
    return np.column_stack([lon, lat])


def test_noise_that_nobody_stated_does_not_make_a_total_differ():
    made = routes(shapely.LineString(noisy(3.0)))
    unstated = judged(made, recorded=2000.0, project={"name": "t"})
    assert (unstated.verdict, unstated.doubted, unstated.assumed_accuracy) == ("undecided", True, 1)
    assert unstated.difference > 100
    said = [remark.en for remark in remarks(unstated)]
    assert "the one route states no accuracy; 0.05 m a coordinate was assumed" in said
    assert remarks(unstated)[0].fa == "تنها مسیر آن دقت ندارد و دقت ۰٫۰۵ متر در هر مختصه فرض شده است"
    # Stated, whether well or badly, it counts as stated; and a straight line has no noise to blame.
    assert judged(made, recorded=2000.0, project={"accuracy_m": 3.0}).verdict == "undecided"
    assert judged(made, recorded=2000.0, project={"accuracy_m": 0.05}).verdict == "differs"
    assert judged(routes(straight(2100.0)), recorded=2000.0, project={"name": "t"}).verdict == "differs"
    assert judged(made, recorded=3000.0, project={"name": "t"}).verdict == "differs"


def test_every_output_has_bias_deviation_interval_and_what_is_assumed(fibre, tmp_path):
    features = [
        {
            "type": "Feature",
            "properties": {"route_id": "C1", "kind": "cable", "status": "new"},
            "geometry": {
                "type": "LineString",
                "coordinates": [list(Ground()()), list(Ground()((1000.0, EAST)))],
            },
        },
        {
            "type": "Feature",
            "properties": {"route_id": "C2", "kind": "cable", "status": "new"},
            "geometry": None,
        },
    ]
    (tmp_path / "routes.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    project = tmp_path / "p.toml"
    project.write_text(
        '[project]\naccuracy_m = 20\n[[layers.routes]]\nsource = "routes.geojson"\n[[totals]]\nitem = "new fibre"\n'
        'layer = "routes"\nmeasure = "length"\nrecorded = 1003\nunit = "m"\ntolerance = "5 m"\n',
        "utf-8",
    )
    (item,) = json.loads(fibre("totals", project, "--format", "json", check=0).stdout)["items"]
    assert item["verdict"] == "undecided"
    assert item["std"] == pytest.approx(20 * 2**0.5, rel=1e-2)
    assert item["bias"] == pytest.approx(20**2 / 1000, rel=1e-2)
    assert item["low"] == pytest.approx(-3 - item["bias"] - 2 * item["std"], abs=1e-3)
    assert item["high"] is None
    assert (item["unmeasured"], item["assumed_accuracy"], item["assumed_accuracy_m"]) == (1, 1, 20)
    assert 0 < item["needed_accuracy_m"] < 20
    text = fibre("totals", project, check=0).stdout
    table = fibre("totals", project, "--format", "csv", check=0).stdout.lstrip("\ufeff")
    (row,) = csv.DictReader(io.StringIO(table))
    for name in ("std", "bias", "low"):
        assert float(row[name]) == pytest.approx(item[name], abs=1e-4)
        assert f"{abs(item[name]):.2f}" in text
    assert (row["high"], row["unmeasured"], row["assumed_accuracy"]) == ("", "1", "1")
    assert "still to be measured" in " ".join(text.split())
    fibre("run", project, "--out", "out", check=1)
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    for figure in (f"{item['std']:.2f}", f"{item['bias']:.2f}", f"−{-item['low']:.2f}", "d − b − 2σ"):
        assert figure in report
    assert '"bias":' in (tmp_path / "out" / "index.html").read_text("utf-8")
