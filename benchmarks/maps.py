"""
Maps of large surveys: how long they take to write, how much memory, and how large they are.

Makes a seeded survey (routes of ten vertices around eight county seats, a tenth as many manholes, a finding for every
fortieth route), measures it, and writes the tiled map; memory is the most that the process ever held, the survey itself
included. With a baseline GDAL's own PMTiles writer tiles the same routes.

    python benchmarks/maps.py 1000000
    python benchmarks/maps.py 50000 --gdal

With a file of the same survey, `fibre map` itself is timed: reading, measuring, every check, and the tiles.

    python benchmarks/maps.py 1000000 --whole
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyogrio

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import large

from gis import lengths
from gis.publish import tiles


def report(step: str, since: float) -> None:
    """Print what a step took, and the most memory up to its end."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{step:<10} {time.perf_counter() - since:8.1f} s   {held:5.2f} GiB")


def run(routes: int, *, gdal: bool) -> None:
    """Write the map of so many routes into a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        survey = large.survey(routes)
        findings = large.findings(survey)
        report("made", start)
        start = time.perf_counter()
        measured = lengths.measure(survey)
        report("measured", start)
        start, before = time.perf_counter(), time.process_time()
        written = tiles.write(survey, measured, findings, [], Path(place) / "map")
        report("written", start)
        print(f"processor  {time.process_time() - before:8.1f} s, all threads of the writing")
        for path in written:
            print(f"{path.stat().st_size / 1e6:10.1f} MB  {path.name}")
        if gdal:
            start = time.perf_counter()
            shown = survey.routes[["route_id", "kind", "status", "installation", "county", "geometry"]]
            options = {"MINZOOM": 5, "MAXZOOM": 14}
            pyogrio.write_dataframe(
                shown, Path(place) / "gdal.pmtiles", driver="PMTiles", dataset_options=options
            )
            report("GDAL", start)
            print(f"{(Path(place) / 'gdal.pmtiles').stat().st_size / 1e6:10.1f} MB  gdal.pmtiles")


def whole(routes: int) -> None:
    """Give `fibre map` a GeoPackage of so many routes, as a delivery comes."""
    with tempfile.TemporaryDirectory() as place:
        survey = large.survey(routes)
        for name, layer in (
            ("routes", survey.routes),
            ("manholes", survey.manholes),
            ("offices", survey.offices),
        ):
            told = layer.dropna(axis="columns", how="all")
            pyogrio.write_dataframe(told, Path(place) / "survey.gpkg", layer=name, append=name != "routes")
        del survey
        begun = time.perf_counter()
        command = [sys.executable, "-m", "gis", "map", "survey.gpkg", "--out", "map.html", "--lang", "en"]
        path = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        subprocess.run(command, cwd=place, check=True, env={**os.environ, "PYTHONPATH": path})
        held = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"fibre map  {time.perf_counter() - begun:8.1f} s   {held.ru_maxrss / 2**20:5.2f} GiB")
        print(f"processor  {held.ru_utime + held.ru_stime:8.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routes", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--gdal", action="store_true")
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    if asked.whole:
        whole(asked.routes)
    else:
        run(asked.routes, gdal=asked.gdal)
