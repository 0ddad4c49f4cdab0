"""What lines do by themselves, however long they are."""

import numpy as np
import shapely
from support.surveys import inventory, layer

from gis import checks
from gis.checks.evidence import shapes

# A way there, and one that crosses it in its middle and again at its end.
XY = np.array(
    [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (2.5, 1), (2.5, -1), (0.5, -1), (0.5, 1), (0, 1)]
)
LINES = [shapely.LineString(XY * 1e-3 + (51.6, 32.6)), shapely.LineString(XY[::-1] * 1e-3 + (51.7, 32.6))]


def crossings():
    found = checks.run(inventory(layer("routes", LINES, route_id=["A", "B"])), select=["G207"])
    assert found.failed == {}
    return sorted(zip(found["feature"], found["lon"].round(5), found["lat"].round(5), strict=True))


def test_crossings_are_the_same_however_many_segments_are_looked_at_at_once(monkeypatch):
    together = crossings()
    assert {(lon, lat) for _, lon, lat in together} <= {
        (round(x + dx, 5), 32.6) for x in (51.6, 51.7) for dx in (0.0005, 0.0025)
    }
    assert {one for one, *_ in together} == {"A", "B"}
    for many in (1, 3, 7):
        monkeypatch.setattr(shapes, "_SEGMENTS", many)
        assert crossings() == together
