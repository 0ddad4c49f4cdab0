"""Where most of what a check found lies: the county that features state, or that they lie in."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.ground import routes
from support.surveys import inventory

from gis import checks
from gis.publish.wording.overview import by_check

WEST, EAST = "نائین", "خور"
COUNTIES = gpd.GeoDataFrame(
    {"name": [WEST, EAST]}, geometry=[shapely.box(50, 30, 52, 34), shapely.box(52, 30, 54, 34)], crs=4326
)


def _long(*lons, **columns):
    """Lay routes of one segment of a kilometre, which is too long."""
    lines = [shapely.LineString([(lon, 32 + at / 50), (lon, 32.01 + at / 50)]) for at, lon in enumerate(lons)]
    return routes(*lines, **columns)


@pytest.mark.parametrize(
    ("stated", "counties", "where"),
    [
        ([None] * 3, None, ("Routes", "مسیرها")),
        ([None] * 3, COUNTIES, (EAST, EAST)),
        ([WEST, WEST, EAST], None, (WEST, WEST)),
        # What a feature states goes before where it lies, which is another check.
        ([WEST, WEST, None], COUNTIES, (WEST, WEST)),
        ([EAST, WEST, None], None, (min(EAST, WEST), min(EAST, WEST))),
        ([None, None, WEST], None, (WEST, WEST)),
    ],
)
def test_most_are_where_most_features_are(stated, counties, where):
    survey = inventory(_long(51.0, 53.0, 53.5, county=stated), counties=counties)
    findings = checks.run(survey, select=["G209"])
    assert set(findings["feature"]) == {"R0", "R1", "R2"}
    assert tuple(by_check(findings, lang)[0].where for lang in ("en", "fa")) == where


def test_a_county_has_its_english_name_and_order_changes_nothing():
    columns = {"county": [WEST, EAST, EAST], "county_en": ["Naein", "Khur", "Khur"]}
    made = _long(51.0, 53.0, 53.5, **columns)
    for order in ([0, 1, 2], [2, 0, 1]):
        findings = checks.run(inventory(made.iloc[order].reset_index(drop=True)), select=["G209"])
        assert [by_check(findings, lang)[0].where for lang in ("en", "fa")] == ["Khur", EAST]
        assert np.isin(findings["layer"], ["routes"]).all()
