"""A fault with one cause is told once; what lies far beyond it stays a finding of its own."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.surveys import inventory, layer, metres

from gis import checks
from gis.checks import causes

FAR_M = 40_000.0


def line(north, *east):
    return shapely.LineString(np.column_stack(metres(np.array(east), np.full(len(east), north))))


def survey(away, *, reversed_order=False, sources=None, **project):
    """Make routes that name the manhole at their start, which lies `away` metres beside it."""
    lines, places = [], []
    for at, off in enumerate(away):
        north = 1000.0 * at
        lines.append(line(north, 0.0, 200.0, 400.0))
        places += [shapely.Point(metres(-off, north)), shapely.Point(metres(400.0, north))]
    count = len(lines)
    order = np.arange(count)[::-1] if reversed_order else np.arange(count)
    routes = layer(
        "routes",
        [lines[at] for at in order],
        route_id=[f"R{at}" for at in order],
        from_id=[f"A{at}" for at in order],
        to_id=[f"B{at}" for at in order],
        source=None if sources is None else [sources[at] for at in order],
        source_layer=None if sources is None else ["roads"] * count,
        record=order + 1,
    )
    manholes = layer("manholes", places, manhole_id=[f"{end}{at}" for at in range(count) for end in "AB"])
    return inventory(routes, manholes, project={"checks": project} if project else None)


def found(made, **chosen):
    findings = checks.run(made, **({"select": ["N302", "N310"]} | chosen))
    assert findings.failed == {}
    return findings


def members(findings):
    return set(findings.table.loc[findings.single, "feature"])


SURVEYED = np.linspace(2.5, 11.0, 30)


def test_ends_beside_their_nodes_are_told_once_and_the_far_ones_by_themselves():
    findings = found(survey([*SURVEYED, 60.0, FAR_M]))
    (told,) = findings.table[findings.causes].itertuples()
    assert (told.severity, told.feature, told.layer) == ("warning", "", "routes")
    assert told.message.startswith("30 ends on 30 routes (94% of the layer) lie 2.5–11.0 m")
    assert "`snap_m = 2` is finer than this survey" in told.message
    assert "for example R29, R28, R27" in told.message
    assert "snap_m = 2" in told.message_fa
    # Those that just miss, and those that name what is elsewhere, are one.
    single = findings.table[findings.single]
    assert set(single["code"]) == {"N302", "N310"}
    assert set(single["severity"]) == {"info"}
    assert set(single["cause"]) == {told.cause}
    by_themselves = findings.table[~findings.single & ~findings.causes]
    assert by_themselves[["feature", "code", "severity", "cause"]].to_numpy().tolist() == [
        ["R30", "N310", "error", ""],
        ["R31", "N310", "error", ""],
    ]


def test_the_tolerance_that_is_proposed_settles_it():
    message = found(survey(SURVEYED)).table["message"].iloc[0]
    proposed = float(message.split("set `snap_m = ")[1].split("`")[0])
    assert len(found(survey(SURVEYED, snap_m=proposed))) == 0
    assert len(found(survey(SURVEYED, snap_m=proposed - 1.0)))


@pytest.mark.parametrize(
    ("faulty", "sound", "told"), [(3, 0, 0), (19, 0, 0), (20, 0, 1), (20, 80, 1), (20, 81, 0)]
)
def test_a_cause_has_at_least_twenty_findings_on_a_fifth_of_the_layer(faulty, sound, told):
    findings = found(survey([*np.linspace(3.0, 6.0, faulty), *[0.0] * sound]))
    assert findings.causes.sum() == told
    assert findings.single.sum() == (faulty if told else 0)


def test_sources_have_their_own_causes():
    sources = ["a.shp"] * 25 + ["b.shp"] * 25 + ["c.shp"] * 5
    findings = found(survey([5.0] * 55, sources=sources))
    assert sorted(findings.table.loc[findings.causes, "source"]) == ["a.shp", "b.shp"]
    assert findings.table.loc[findings.single, "cause"].nunique() == 2
    assert set(findings.table.loc[~findings.single & ~findings.causes, "source"]) == {"c.shp"}


def test_what_the_project_says_of_severity_holds_for_the_cause():
    findings = found(survey(SURVEYED, severity={"N302": "error", "N310": "error"}))
    assert findings.table.loc[findings.causes, "severity"].tolist() == ["error"]


def test_severity_grows_with_the_amount_in_one_scale():
    findings = found(survey([3.0, 9.0, 12.0]))
    assert findings.table.set_index("feature")["severity"].to_dict() == {
        "R0": "warning",
        "R1": "warning",
        "R2": "error",
    }


def test_a_digitised_layer_is_told_once():
    lengths = np.linspace(600.0, 3000.0, 25)
    lines = [line(1000.0 * at, 0.0, far) for at, far in enumerate([*lengths, 400_000.0])]
    findings = checks.run(
        inventory(layer("routes", lines, route_id=[f"R{n}" for n in range(26)])), select=["G209"]
    )
    (told,) = findings.table[findings.causes].itertuples()
    assert "25 routes (96% of the layer) have vertices further apart than 500 m" in told.message
    assert findings.table.loc[~findings.single & ~findings.causes, "feature"].tolist() == ["R25"]


bulks = st.lists(st.floats(2.2, 11.0), min_size=20, max_size=60).map(np.array)


@given(bulks, st.floats(13.0, 1e6))
@settings(deadline=None)
def test_a_far_outlier_never_joins_and_changes_nothing(amounts, far):
    features = np.arange(len(amounts))
    before = causes.bulk(amounts, features, len(amounts), 12.0)
    after = causes.bulk(np.append(amounts, far), np.append(features, 0), len(amounts), 12.0)
    assert not after[-1]
    assert (after[:-1] == before).all()


@given(
    st.lists(st.floats(1.0, 3.0), min_size=20, max_size=60).map(np.array),
    st.lists(st.floats(1e3, 1e6), max_size=60),
)
@settings(deadline=None)
def test_without_a_limit_a_far_outlier_does_not_join_either(amounts, far):
    together = np.concatenate([amounts, far])
    own = causes.bulk(together, np.arange(len(together)), len(amounts))
    assert not own[len(amounts) :].any()


@given(bulks, st.lists(st.floats(13.0, 1e6), max_size=20), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_features_changes_nothing(amounts, far, random):
    together = np.concatenate([amounts, far])
    features = np.arange(len(together)) // 2
    order = np.array(random.sample(range(len(together)), len(together)))
    straight = causes.bulk(together, features, len(together))
    assert (causes.bulk(together[order], features[order], len(together)) == straight[order]).all()


def test_a_survey_in_another_order_says_the_same():
    away = [*SURVEYED, 60.0, FAR_M]
    one, other = (found(survey(away, reversed_order=turned)) for turned in (False, True))
    assert members(one) == members(other)
    assert one.table.loc[one.causes, ["message", "message_fa", "cause", "lon", "lat"]].equals(
        other.table.loc[other.causes, ["message", "message_fa", "cause", "lon", "lat"]]
    )


@given(st.lists(st.floats(2.2, 1e5), max_size=19).map(np.array))
def test_a_few_findings_have_no_cause(amounts):
    assert not causes.bulk(amounts, np.arange(len(amounts)), len(amounts)).any()


def test_every_cause_belongs_to_checks_that_say_how_much():
    pages = [page for page in checks.pages().values() if page.cause]
    assert {page.cause for page in pages} == set(causes.kinds())
    for page in pages:
        assert page.amount
        assert page.limit


def delivered(folder, away):
    """Write a survey as files and a project that names them."""
    made = survey(away)
    for name in ("routes", "manholes"):
        table = (
            getattr(made, name).dropna(axis=1, how="all").drop(columns=["source", "source_layer", "record"])
        )
        gpd.GeoDataFrame(table).to_file(folder / f"{name}.geojson", driver="GeoJSON")
    return [str(folder / f"{name}.geojson") for name in ("routes", "manholes")]


@pytest.mark.parametrize(("far", "status"), [([], 0), ([FAR_M], 1)])
def test_the_files_have_every_finding_and_the_status_goes_by_what_is_told(tmp_path, fibre, far, status):
    command = ["check", *delivered(tmp_path, [*SURVEYED, *far]), "--select", "N302,N310"]
    written = json.loads(fibre(*command, "--format", "json", check=status).stdout)["findings"]
    assert len(written) == 31 + len(far)
    told = [finding for finding in written if finding["cause"] and finding["record"] is None]
    assert [finding["severity"] for finding in told] == ["warning"]
    assert sum(finding["cause"] == told[0]["cause"] for finding in written) == 31
    rows = fibre(*command, "--format", "csv", check=status).stdout.splitlines()
    assert rows[0].endswith(",cause")
    assert sum(told[0]["cause"] in row for row in rows) == 31
    results = json.loads(fibre(*command, "--format", "sarif", check=status).stdout)["runs"][0]["results"]
    assert sum(result["properties"].get("cause") == told[0]["cause"] for result in results) == 31


def test_the_command_gives_a_row_a_check_then_the_worst_of_each(tmp_path, fibre):
    command = ["check", *delivered(tmp_path, [*SURVEYED, 60.0, 70.0, 80.0, 90.0]), "--select", "N302,N310"]
    text = fibre(*command, check=1, env={"COLUMNS": "200"}).stdout
    order = ["fibre explain N310", "Routes R33", "Routes R32", "Routes R31", "30 ends on 30 routes"]
    assert sorted(order, key=text.index) == order
    assert "Routes R30" not in text
    assert "--all shows them" in text
    every = fibre(*command, "--all", check=1, env={"COLUMNS": "200"}).stdout
    assert all(f"Routes R{at} " in every for at in range(34))
    assert "--all" not in every
