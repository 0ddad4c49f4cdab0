"""
Draw a picture of each check that has an example: a case that it finds and one that it does not.

    python docs/make_pictures.py

The cases are read and checked as any survey is, and what is marked is where the check finds something: a picture
cannot show what does not hold.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

import gis
from gis.checks.examples import Case, examples
from gis.checks.registry import pages

TARGET = Path(__file__).parent / "images" / "checks"
# Where the cases lie, longitude and latitude, and metres a degree there on the ellipsoid.
_PLACE = np.array([51.67, 32.65])
_LAT = np.radians(_PLACE[1])
_METRES = np.array(
    [
        111412.84 * np.cos(_LAT) - 93.5 * np.cos(3 * _LAT) + 0.118 * np.cos(5 * _LAT),
        111132.92 - 559.82 * np.cos(2 * _LAT) + 1.175 * np.cos(4 * _LAT),
    ]
)
# A panel, and the room about what is drawn in it, in units of the picture.
_WIDE, _HIGH, _MARGIN = 240, 150, 30
_STYLE = (
    "<style>.line{stroke:#24535c;fill:none;stroke-width:3}.duct{stroke-dasharray:9 5}.vertex{fill:#24535c}"
    ".node{fill:#8a4b12}.fault{stroke:#b3261e;fill:none;stroke-width:3}.cross{stroke:#b3261e}.tick{stroke:#2e6b34}"
    ".sign{fill:none;stroke-width:3}.frame{fill:none;stroke:#b9c3c6}.bar{fill:none;stroke:#5a666a}"
    "text{font:11px sans-serif;fill:#5a666a}"
    "@media (prefers-color-scheme:dark){.line{stroke:#9fd0d8}.vertex{fill:#9fd0d8}.node{fill:#e0a25e}"
    ".fault,.cross{stroke:#ff8a80}.tick{stroke:#8fd694}.frame{stroke:#4b575b}.bar{stroke:#9aa7ab}text{fill:#9aa7ab}}</style>"
)


def found(code: str, case: Case) -> np.ndarray:
    """Check a case; give where it finds something, (n, 2) metres east and north."""
    with tempfile.TemporaryDirectory() as folder:
        kinds = ["duct"] * case.ducts + ["cable"] * (len(case.routes) - case.ducts)
        routes: dict[str, object] = {
            "route_id": [f"R{at}" for at in range(len(kinds))],
            "kind": kinds,
            "status": "new",
        }
        if case.ducts:
            routes["installation"] = ["duct"] * len(kinds)
        lines = [shapely.LineString(_PLACE + np.array(line) / _METRES) for line in case.routes]
        paths = [Path(folder, "routes.geojson")]
        gpd.GeoDataFrame(routes, geometry=lines, crs=4326).to_file(paths[0], COORDINATE_PRECISION=12)
        if case.manholes:
            points = shapely.points(_PLACE + np.array(case.manholes) / _METRES)
            ids = [f"M{at}" for at in range(len(points))]
            sorts = ["exchange", *["manhole"] * (len(points) - 1)]
            manholes = gpd.GeoDataFrame({"manhole_id": ids, "kind": sorts}, geometry=points, crs=4326)
            paths.append(Path(folder, "manholes.geojson"))
            manholes.to_file(paths[1], COORDINATE_PRECISION=12)
        table = gis.check(gis.read(paths), select=[code]).table
    return (table[["lon", "lat"]].to_numpy(dtype=float) - _PLACE) * _METRES


def picture(code: str) -> str:
    """Draw the two cases of a check beside each other."""
    example = examples()[code]
    # Both to one scale, so that what is too short looks it.
    scale = min(_scale(case) for case in (example.fires, example.passes))
    panels = []
    for at, (case, sign) in enumerate(((example.fires, "cross"), (example.passes, "tick"))):
        faults = found(code, case)
        panels.append(
            f'<g transform="translate({at * (_WIDE + 10) + 1} 1)">{_panel(case, faults, sign, scale)}</g>'
        )
    title = pages()[code].title.en
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDE + 12} {_HIGH + 2}" role="img">'
        f"<title>{code}: {title}</title>{_STYLE}{''.join(panels)}</svg>\n"
    )


def _bounds(case: Case) -> tuple[np.ndarray, np.ndarray]:
    places = np.array([*(point for line in case.routes for point in line), *case.manholes], dtype=float)
    return places.min(axis=0), places.max(axis=0)


def _scale(case: Case) -> float:
    low, high = _bounds(case)
    return float(min((np.array([_WIDE, _HIGH]) - 2 * _MARGIN) / np.maximum(high - low, 1e-9)))


def _bar(scale: float) -> str:
    """Draw how long some round number of metres is."""
    metres = max(one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500) if one * scale <= _WIDE / 3 or one == 1)
    end = 10 + metres * scale
    return f'<path class="bar" d="M10 138v4h{end - 10:.1f}v-4"/><text x="{end + 5:.1f}" y="143">{metres} m</text>'


def _panel(case: Case, faults: np.ndarray, sign: str, scale: float) -> str:
    low, high = _bounds(case)

    def at(point: tuple[float, float] | np.ndarray) -> tuple[str, str]:
        x, y = (np.array(point) - (low + high) / 2) * scale * [1, -1] + np.array([_WIDE, _HIGH]) / 2
        return f"{x + 0.0:.1f}", f"{y + 0.0:.1f}"

    parts = [f'<rect class="frame" width="{_WIDE}" height="{_HIGH}" rx="8"/>']
    for number, line in enumerate(case.routes):
        way = " ".join(",".join(at(point)) for point in line)
        parts.append(f'<polyline class="line{" duct" if number < case.ducts else ""}" points="{way}"/>')
        for x, y in map(at, line):
            parts.append(f'<circle class="vertex" cx="{x}" cy="{y}" r="3.5"/>')
    for x, y in map(at, case.manholes):
        parts.append(
            f'<rect class="node" x="{float(x) - 6:.1f}" y="{float(y) - 6:.1f}" width="12" height="12"/>'
        )
    for x, y in map(at, faults):
        parts.append(f'<circle class="fault" cx="{x}" cy="{y}" r="13"/>')
    mark = "M10 10l12 12M22 10l-12 12" if sign == "cross" else "M9 16l5 6 10-12"
    parts.append(f'<path class="sign {sign}" d="{mark}"/>')
    return "".join([*parts, _bar(scale)])


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in examples():
        (TARGET / f"{name}.svg").write_text(picture(name), "utf-8")
