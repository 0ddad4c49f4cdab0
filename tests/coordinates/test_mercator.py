from __future__ import annotations

import numpy as np
import pyproj
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from gis.coordinates import mercator

latitudes = st.floats(-84, 84)
longitudes = st.floats(-180, 180)


@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=20))
def test_it_is_proj_s_ellipsoidal_mercator(positions):
    lonlat = np.array(positions)
    expected = pyproj.Transformer.from_crs(4326, 3395, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
    np.testing.assert_allclose(mercator.project(lonlat), np.column_stack(expected), atol=1e-6)
    np.testing.assert_allclose(mercator.unproject(mercator.project(lonlat)), lonlat, atol=1e-11)


@given(longitudes.filter(lambda x: abs(x) < 179), st.floats(-70, 70), st.floats(0, 360), st.floats(0.5, 20))
def test_small_distances_divided_by_the_scale_are_distances_on_the_ground(lon, lat, azimuth, distance):
    there = Geodesic.WGS84.Direct(lat, lon, azimuth, distance)
    xy = mercator.project(np.array([[lon, lat], [there["lon2"], there["lat2"]]]))
    middle = np.array([(lat + there["lat2"]) / 2])
    ground = np.hypot(*(xy[1] - xy[0])) / mercator.scale(middle)[0]
    assert abs(ground - distance) < 1e-6 * distance + 1e-8
