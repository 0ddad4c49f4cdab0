"""
Maps of large surveys: how long they take to write, how much memory, and how large they are.

Makes a seeded survey (routes of ten vertices around eight county seats, a tenth as many manholes, a finding for every
fortieth route), measures it, and writes the tiled map; memory is the most that the process ever held, the survey itself
included. With a baseline GDAL's own PMTiles writer tiles the same routes.

    python benchmarks/maps.py 1000000
    python benchmarks/maps.py 50000 --gdal

`fibre map` itself is timed on a GeoPackage of streets with one per cent of faults of every kind, as `checks.py` makes
them: reading, measuring, every check, and the tiles.

    python benchmarks/maps.py 1000000 --whole

The page in one file is opened in headless Chromium: how long it takes to write, to its first picture, and its longest
frame while it is dragged.

    python benchmarks/maps.py 50000 --page
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

import checks
from support import large
from support.browser import launched, opened, until

from gis import lengths
from gis.publish.map.page import build, page
from gis.publish.map.tiled import tiles
from gis.schema import SCHEMAS


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


def write(routes: int, path: Path) -> None:
    """Write a survey of about so many routes, and as many manholes and offices, as a delivery comes."""
    inventory = checks.survey(2 * routes).build()
    for name in SCHEMAS:
        layer = inventory.layer(name).dropna(axis="columns", how="all")
        pyogrio.write_dataframe(layer, path, layer=name, append=path.exists())


def whole(routes: int) -> None:
    """Give `fibre map` the file of a survey."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "survey.gpkg"
        # Made by another process, whose memory does not count.
        subprocess.run([sys.executable, __file__, str(routes), "--write", path], check=True)
        print(f"{path.stat().st_size / 1e6:10.1f} MB  {path.name}", flush=True)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "gis", "map", path.name, "--out", "map.html", "--lang", "en"]
        packages = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(command, cwd=place, env={**os.environ, "PYTHONPATH": packages})
        _, status, used = os.wait4(process.pid, 0)
        print(f"fibre map  {time.perf_counter() - begun:8.1f} s   {used.ru_maxrss / 2**20:5.2f} GiB")
        print(
            f"processor  {used.ru_utime + used.ru_stime:8.1f} s   status {os.waitstatus_to_exitcode(status)}"
        )
        for written in sorted((Path(place) / "map").iterdir()):
            print(f"{written.stat().st_size / 1e6:10.1f} MB  {written.name}")


_LONGEST_FRAME = """() => {
    window.longest = 0;
    let last = performance.now();
    const frame = now => {
        window.longest = Math.max(window.longest, now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def single(routes: int) -> None:
    """Write the map of so many routes as a page in one file, and drag it in a browser."""
    survey = large.survey(routes)
    findings = large.findings(survey)
    measured = lengths.measure(survey)
    start = time.perf_counter()
    html = page(build(survey, measured, findings, []))
    report("written", start)
    with tempfile.TemporaryDirectory() as place, launched() as browser:
        path = Path(place) / "index.html"
        path.write_text(html, encoding="utf-8", newline="")
        print(f"{path.stat().st_size / 1e6:10.1f} MB  {path.name}")
        with opened(browser, path) as (tab, _):
            until(tab, "window.fibre && fibre.idle", 120)
            print(f"{'drawn':<10} {tab.evaluate('fibre.painted') / 1000:8.1f} s   after its loading began")
            for zoom in (8, 9, 11, 13):
                tab.evaluate(f"void fibre.map.setView([32.8, 51.5], {zoom}, {{animate: false}})")
                until(tab, "fibre.idle", 120)
                tab.evaluate(_LONGEST_FRAME)
                tab.mouse.move(900, 500)
                tab.mouse.down()
                for step in range(30):
                    tab.mouse.move(900 - 9 * step, 500 + 4 * step)
                    tab.wait_for_timeout(12)
                tab.mouse.up()
                until(tab, "fibre.idle", 120)
                print(
                    f"{'zoom ' + str(zoom):<10} {tab.evaluate('window.longest'):8.0f} ms  the longest frame, dragged"
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routes", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--gdal", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        write(asked.routes, asked.write)
    elif asked.whole:
        whole(asked.routes)
    elif asked.page:
        single(asked.routes)
    else:
        run(asked.routes, gdal=asked.gdal)
