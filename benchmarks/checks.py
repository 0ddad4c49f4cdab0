"""
How long all checks take on a street network with one per cent of faults of every kind, and how that grows.

The data is made here, seeded: streets on a grid, ten vertices a route, a manhole or office at each corner, and
beside corners chosen at random the faults that the tests plant, too (`tests/support/surveys.py`). What is found is held
against what was planted, so that speed is not bought with silence. Run it from the repository::

    python benchmarks/checks.py              # 25 000, 250 000 and 1 000 000 features
    python benchmarks/checks.py --plain      # the 25 000 also with a plain geopandas script

Each size is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import gc
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from support.surveys import COUNTY, FAULTS, Survey, found, plant, streets  # noqa: E402

from gis import checks  # noqa: E402
from gis.text import letters  # noqa: E402

if TYPE_CHECKING:
    from gis.inventory import Inventory

SIZES = (25_000, 250_000, 1_000_000)
# Of each kind so many faults a route: one per cent.
SHARE = 0.01
# The tolerances of the plain script, metres.
_SNAP_M, _NEAR_M, _LONG_M = 2, 10, 100
# Nodes and routes that a planted fault adds, on average.
_ADDED = 2.0


def survey(features: int, seed: int = 1) -> Survey:
    """Make a survey of about so many features."""
    each = int(features / 2 * SHARE)
    across = int(((features - _ADDED * each * len(FAULTS)) / 2) ** 0.5)
    made = Survey()
    streets(made, across, across, seed)
    random = np.random.default_rng(seed)
    cells = random.permutation((across - 1) ** 2)
    corners = cells // (across - 1) * across + cells % (across - 1)
    for at, fault in enumerate(FAULTS):
        for corner in corners[at * each : (at + 1) * each].tolist():
            plant(made, fault, corner)
    return made


def one(features: int, *, plain: bool) -> None:
    """Check a survey of a size and print a line."""
    made = survey(features)
    inventory, expected = made.build(), made.expected
    del made
    gc.collect()
    count = len(inventory.routes) + len(inventory.manholes) + len(inventory.offices)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    wall, cpu = time.perf_counter(), time.process_time()
    findings = checks.run(inventory)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    got = found(findings)
    print(
        f"{count:>9,} features  {len(findings.ran)} checks  {len(findings):>7,} findings  "
        f"missed {len(expected - got)}, not planted {len(got - expected)}  "
        f"{wall:6.2f} s ({cpu:.2f} s of CPU)  peak {peak:.2f} GiB ({before:.2f} before)",
        flush=True,
    )
    if plain:
        again = time.perf_counter()
        checks.run(inventory)
        again = time.perf_counter() - again
        start = time.perf_counter()
        faults = script(inventory)
        seconds = time.perf_counter() - start
        print(
            f"{'':9} the same, warm {again:.2f} s; plain geopandas script, {len(faults)} kinds of faults: "
            f"{seconds:.2f} s, {seconds / again:.1f} times as long",
            flush=True,
        )


def script(  # noqa: C901, PLR0912, PLR0915 - as such scripts are
    inventory: Inventory,
) -> dict[str, list[object]]:
    """Check with `sjoin` and loops over rows, as an analyst's script would: 16 of the kinds, in one UTM zone."""
    routes = inventory.routes.to_crs(32639)
    nodes = gpd.GeoDataFrame(
        geometry=[*inventory.manholes.geometry, *inventory.offices.geometry], crs=inventory.manholes.crs
    ).to_crs(32639)
    faults: dict[str, list[object]] = {}

    def note(code: str, feature: object) -> None:
        faults.setdefault(code, []).append(feature)

    seen: set[bytes] = set()
    ids: set[str] = set()
    ends = []
    for at, row in routes.iterrows():
        for column in ("route_id", "kind", "status"):
            if not isinstance(row[column], str) or not row[column].strip():
                note("A401", at)
        if row["route_id"] in ids:
            note("A402", at)
        ids.add(row["route_id"])
        if row["county"] != COUNTY:
            note("A407", at)
        shape = row.geometry
        if shape is None or shape.is_empty:
            note("G201", at)
            continue
        if shape.geom_type != "LineString":
            note("G202", at)
            continue
        if not shape.is_valid:
            note("G203", at)
            continue
        if shape.length < _SNAP_M:
            note("G204", at)
        coordinates = list(shape.coords)
        if any(a == b for a, b in pairwise(coordinates)):
            note("G205", at)
        if not shape.is_simple:
            note("G207", at)
        if any(np.hypot(a[0] - b[0], a[1] - b[1]) > _LONG_M for a, b in pairwise(coordinates)):
            note("G209", at)
        if shape.normalize().wkb in seen:
            note("G212", at)
        seen.add(shape.normalize().wkb)
        if abs(row["recorded_length_m"] - shape.length) > _SNAP_M:
            note("T501", at)
        ends += [(at, gpd.points_from_xy([c[0]], [c[1]])[0]) for c in (coordinates[0], coordinates[-1])]
    for at, row in inventory.manholes.iterrows():
        for value in row:
            if isinstance(value, str) and letters.normalise(value) != value:
                note("A405", at)
    frame = gpd.GeoDataFrame({"route": [at for at, _ in ends]}, geometry=[p for _, p in ends], crs=routes.crs)
    joined = gpd.sjoin_nearest(frame, nodes, how="left", max_distance=_NEAR_M, distance_col="metres")
    for _, row in joined.iterrows():
        if not row["metres"] <= _NEAR_M:
            note("N301", row["route"])
        elif row["metres"] > _SNAP_M:
            note("N302", row["route"])
    lines = routes[routes.geometry.notna() & routes.geometry.is_valid].copy()
    buffered = nodes[nodes.geometry.is_valid].copy()
    buffered["geometry"] = buffered.buffer(_SNAP_M)
    reached = set(gpd.sjoin(buffered, lines, predicate="intersects").index)
    for at in buffered.index:
        if at not in reached:
            note("N304", at)
    pairs = gpd.sjoin(lines[["geometry"]], lines[["geometry"]], predicate="intersects")
    for at, row in pairs.iterrows():
        if at < row["index_right"]:
            common = lines.geometry[at].intersection(lines.geometry[row["index_right"]])
            if common.length > _SNAP_M:
                note("G213", at)
            elif lines.geometry[at].crosses(lines.geometry[row["index_right"]]):
                note("N307", at)
    return faults


def main() -> None:
    """Run the sizes that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("sizes", nargs="*", type=int, help="features; without any, three sizes in turn")
    parser.add_argument("--plain", action="store_true", help="also the plain script, on the first size")
    options = parser.parse_args()
    if len(options.sizes) == 1:
        one(options.sizes[0], plain=options.plain)
        return
    for at, size in enumerate(options.sizes or SIZES):
        further = ["--plain"] if options.plain and at == 0 else []
        subprocess.run([sys.executable, __file__, str(size), *further], check=True)


if __name__ == "__main__":
    main()
