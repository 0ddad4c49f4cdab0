"""Places on earth from which points are set out by azimuth and distance, and layers of what stands there."""

from typing import Any

import geopandas as gpd
import pyproj
import shapely

from support.surveys import COUNTY, layer

GEOD = pyproj.Geod(ellps="WGS84")
# Zone 39, zone 40, the border of the zones, and far from Iran on either hemisphere.
PLACES = {
    "Isfahan": (51.67, 32.65),
    "Khur": (55.08, 33.78),
    "54 E": (54.0, 32.9),
    "Oslo": (10.7, 59.9),
    "Quito": (-78.5, -0.2),
}


class Ground:
    """A place on earth from which points are set out by azimuth and geodesic distance."""

    def __init__(self, place: str = "Isfahan") -> None:
        self.lon, self.lat = PLACES[place]

    def __call__(self, *steps: tuple[float, float]) -> tuple[float, float]:
        """Go steps of metres and azimuth from the place."""
        lon, lat = self.lon, self.lat
        for metres, azimuth in steps:
            lon, lat, _ = GEOD.fwd(lon, lat, azimuth, metres)
        return lon, lat

    def line(self, *points: tuple[tuple[float, float], ...]) -> shapely.LineString:
        """Make a line of points, each given by its steps."""
        return shapely.LineString([self(*steps) for steps in points])


def routes(*lines: Any, **columns: Any) -> gpd.GeoDataFrame:
    count = len(lines)
    sound = {
        "route_id": [f"R{i}" for i in range(count)],
        "kind": ["cable"] * count,
        "status": ["new"] * count,
    }
    return layer("routes", lines, **{**sound, **columns})


def manholes(*points: Any, **columns: Any) -> gpd.GeoDataFrame:
    ids = [f"M{i}" for i in range(len(points))]
    return layer(
        "manholes",
        [shapely.Point(p) for p in points],
        **{"manhole_id": ids, "status": ["new"] * len(points), **columns},
    )


def offices(*points: Any, connection: str = "new") -> gpd.GeoDataFrame:
    ids = [f"O{i}" for i in range(len(points))]
    return layer(
        "offices",
        [shapely.Point(p) for p in points],
        office_id=ids,
        county=[COUNTY] * len(points),
        connection=[connection] * len(points),
    )


EAST, NORTH, SOUTH, WEST = 90.0, 0.0, 180.0, 270.0
