"""
Lengths: how fast, and how far from the others' results.

Makes routes as a survey has them (seeded), measures them with this package and with what else there is on this
machine, in one run and side by side, and prints times, ratios and the largest difference of a route. What is not
installed is named as skipped.

    python benchmarks/lengths.py
    python benchmarks/lengths.py --geopackage 1000000
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gis.lengths import geodesic, kinds, uncertainty
from gis.lengths.points import Accuracy, moments
from gis.lengths.vertices import explode
from gis.schema import CRS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.simulation import SURVEYS, placed, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

POSTGRESQL = Path("/usr/lib/postgresql")


def coordinates(routes: int, vertices: int) -> NDArray[np.float64]:
    """Make routes of turning ways with vertices 5 to 40 m apart over the province: (routes, vertices, 2) degrees."""
    rng = np.random.default_rng(20)
    start = np.column_stack([rng.uniform(49.5, 55.5, routes), rng.uniform(31.0, 34.3, routes)])
    direction = rng.uniform(0, 2 * np.pi, (routes, 1)) + np.cumsum(
        rng.normal(0, 0.4, (routes, vertices - 1)), axis=1
    )
    step = rng.uniform(5, 40, (routes, vertices - 1))
    metre = 1 / 110_900
    ways = np.zeros((routes, vertices, 2))
    ways[:, 1:, 0] = np.cumsum(step * np.cos(direction), axis=1) * metre / np.cos(np.radians(start[:, 1:]))
    ways[:, 1:, 1] = np.cumsum(step * np.sin(direction), axis=1) * metre
    return ways + start[:, None, :]


def best(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """Give the least time of several runs, in seconds, and the result."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - begin)
    return min(times), result


class Table:
    """Prints a line for each contestant, against this package's time and results."""

    def __init__(self, ours: float, reference: NDArray[np.float64]) -> None:
        self._ours = ours
        self._reference = reference
        print(f"{'':52}{'seconds':>9}{'ratio':>8}   largest difference of a route")

    def add(self, name: str, seconds: float, result: NDArray[np.float64] | None = None) -> None:
        """Print one."""
        difference = "" if result is None else f"{np.abs(result - self._reference).max():.1e} m"
        print(f"{name:52}{seconds:9.3f}{seconds / self._ours:8.1f}   {difference}", flush=True)

    def skip(self, name: str, why: str) -> None:
        """Print that one is skipped."""
        print(f"{name:52}  skipped: {why}", flush=True)


def karney(table: Table, ways: NDArray[np.float64], lines: NDArray[np.object_], repeat: int) -> None:
    """Measure with pyproj: on arrays, and a line at a time."""
    wgs84 = pyproj.Geod(ellps="WGS84")
    ends = [
        np.ascontiguousarray(column).ravel()
        for column in (*np.moveaxis(ways[:, :-1], 2, 0), *np.moveaxis(ways[:, 1:], 2, 0))
    ]
    shape = (ways.shape[0], ways.shape[1] - 1)
    table.add(
        "pyproj Geod.inv, arrays", *best(lambda: wgs84.inv(*ends)[2].reshape(shape).sum(axis=1), repeat)
    )
    table.add(
        "pyproj Geod.geometry_length, loop",
        *best(lambda: np.array([wgs84.geometry_length(line) for line in lines]), 1),
    )


def duckdb(table: Table, lines: NDArray[np.object_], repeat: int) -> None:
    """Measure with DuckDB's spatial extension, from the package index, in memory."""
    name = "DuckDB ST_Length_Spheroid"
    try:
        import duckdb as engine  # noqa: PLC0415 - optional
        import duckdb_extension_spatial as spatial  # noqa: PLC0415 - optional
        import pyarrow as pa  # noqa: PLC0415 - optional
    except ImportError as error:
        table.skip(name, f"{error} (pip install duckdb duckdb-extension-spatial)")
        return
    connection = engine.connect()
    built = sorted(Path(next(iter(spatial.__path__))).glob("extensions/*/spatial.duckdb_extension"))
    connection.execute(f"LOAD '{built[-1]}'")
    wkb = pa.table({"id": np.arange(len(lines)), "wkb": pa.array(shapely.to_wkb(lines), pa.binary())})
    connection.register("wkb", wkb)
    # DuckDB takes latitude first.
    connection.execute(
        "CREATE TABLE routes AS SELECT id, ST_FlipCoordinates(ST_GeomFromWKB(wkb)) AS geom FROM wkb"
    )
    for threads in (1, 2):
        connection.execute(f"SET threads = {threads}")

        def measure() -> NDArray[np.float64]:
            fetched = connection.execute("SELECT id, ST_Length_Spheroid(geom) AS m FROM routes").fetchnumpy()
            return np.asarray(fetched["m"][np.argsort(fetched["id"])])

        table.add(
            f"{name} {engine.__version__}, {threads} thread{'s'[: threads - 1]}", *best(measure, repeat)
        )


@contextmanager
def cluster() -> Iterator[Callable[[str, str | None], str]]:
    """Start a PostgreSQL of its own on a socket in a temporary folder; gives a function that runs SQL."""
    tools = sorted(POSTGRESQL.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not tools:
        raise FileNotFoundError("PostgreSQL is not installed")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="bench-"))

    def run(tool: str, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            [*as_user, str(tools[-1] / tool), *arguments],
            input=stdin, capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise OSError((done.stderr.strip() or f"{tool} failed").splitlines()[-1])
        return done.stdout

    try:
        folder.chmod(0o755)
        data, log = folder / "data", folder / "log"
        if as_user:
            shutil.chown(folder, "postgres")
        run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync")
        options = f"-c listen_addresses='' -k {folder} -c fsync=off -c shared_buffers=512MB"
        # Not through `run`: the server would keep the pipes of a captured output open.
        subprocess.run(
            [*as_user, str(tools[-1] / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(log), "-w", "start"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        try:
            yield lambda sql, stdin=None: run(
                "psql", "-h", str(folder), "-U", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql,
                stdin=stdin,
            )  # fmt: skip
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgis(table: Table, lines: NDArray[np.object_]) -> None:
    """Measure with PostGIS; the server's own time, as EXPLAIN ANALYZE gives it."""
    name = "PostGIS ST_Length(geography)"
    try:
        with cluster() as sql:
            sql("CREATE EXTENSION postgis", None)
            sql("CREATE TABLE routes (id integer, geog geography)", None)
            rows = "".join(f"{index}\t{wkb}\n" for index, wkb in enumerate(shapely.to_wkb(lines, hex=True)))
            sql("COPY routes FROM STDIN", rows)
            sql("VACUUM ANALYZE routes", None)
            result = sql("SELECT ST_Length(geog) FROM routes ORDER BY id", None)
            measured = np.array(result.split(), dtype=float)
            release = sql("SELECT PostGIS_Lib_Version()", None).strip()
            for label, workers in (("1 process", 0), ("2 processes", 2)):
                plan = sql(
                    f"SET max_parallel_workers_per_gather = {workers}; SET parallel_leader_participation = off;"
                    " SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;"
                    " SET jit = off; EXPLAIN (ANALYZE, TIMING OFF) SELECT sum(ST_Length(geog)) FROM routes",
                    None,
                )
                seconds = float(plan.split("Execution Time:")[1].split()[0]) / 1000
                table.add(f"{name} {release}, {label}", seconds, measured)
    except (OSError, subprocess.SubprocessError) as error:
        table.skip(name, str(error))


def compare(routes: int, vertices: int, repeat: int) -> None:
    """Print the geodesic lengths' table, and what the other lengths take."""
    ways = coordinates(routes, vertices)
    lines = shapely.linestrings(ways)
    flat = explode(lines)
    print(f"{routes} routes of {vertices} vertices, {os.cpu_count()} processors\n")
    kernel, reference = best(lambda: geodesic.part_lengths(flat, threads=None), repeat)
    table = Table(kernel, reference)
    table.add("gis.lengths.geodesic, arrays", kernel, reference)
    table.add("gis.lengths.geodesic, arrays, 1 thread", *best(lambda: geodesic.part_lengths(flat, 1), repeat))
    table.add(
        "gis.lengths.geodesic.line_lengths, geometries", *best(lambda: geodesic.line_lengths(lines), repeat)
    )
    karney(table, ways, lines, min(repeat, 3))
    duckdb(table, lines, min(repeat, 3))
    postgis(table, lines)
    print()
    sigma = np.full(routes, 0.05)
    table.add(
        "ground and slope lengths, geometries", best(lambda: kinds.slope_lengths(lines, 1570), repeat)[0]
    )
    table.add("grid lengths (UTM), geometries", best(lambda: kinds.grid_lengths(lines), repeat)[0])
    table.add(
        "standard deviation and bias, geometries",
        best(lambda: uncertainty.length_uncertainty(lines, sigma), repeat)[0],
    )


def process(*command: str) -> tuple[float, float]:
    """Run a command as a process of its own: seconds from start to end, and the most memory it took, GiB."""
    # What is compiled is kept, as it is where a package is installed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(running.pid, 0)
    seconds = time.perf_counter() - begin
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return seconds, usage.ru_maxrss / 2**20


def geopackage(routes: int, vertices: int, repeat: int) -> None:
    """Compare ``fibre measure`` of a GeoPackage, its table as CSV too, with reading it: processes by turns."""
    rng = np.random.default_rng(21)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "routes.gpkg"
        frame = gpd.GeoDataFrame(
            {
                "route_id": [f"r{index}" for index in range(routes)],
                "kind": rng.choice(["cable", "duct"], routes),
                "status": rng.choice(["new", "existing"], routes),
                "county": rng.choice(["Isfahan", "Kashan", "Khur"], routes),
                "accuracy_m": 0.05,
            },
            geometry=shapely.linestrings(coordinates(routes, vertices)),
            crs=CRS,
        )
        frame.to_file(path, engine="pyogrio", layer="routes")
        del frame
        read = f"import pyogrio; pyogrio.read_dataframe({str(path)!r}, use_arrow=True)"
        delivery = f"import gis; gis.read([{str(path)!r}])"
        measure = ("-m", "gis", "measure", str(path))
        runs = [
            [
                process(sys.executable, *command)
                for command in (("-c", read), ("-c", delivery), measure, (*measure, "--format", "csv"))
            ]
            for _ in range(repeat)
        ]
    names = ("pyogrio.read_dataframe with Arrow", "gis.read", "fibre measure", "fibre measure --format csv")
    fastest = dict(zip(names, (min(column) for column in zip(*runs, strict=True)), strict=True))
    print(
        f"\n{routes} routes of {vertices} vertices in a GeoPackage, whole processes, the fastest of {repeat}"
    )
    print(f"{'':40}{'seconds':>9}{'GiB':>8}{'to pyogrio':>12}{'to gis.read':>12}")
    for name, (seconds, gib) in fastest.items():
        ratios = (f"{seconds / fastest[of][0]:12.2f}" for of in names[:2])
        print(f"{name:40}{seconds:9.2f}{gib:8.2f}{''.join(ratios)}")


def surveys(repeat: int) -> None:
    """Hold deviations of sums against simulated surveys, and print what sums over many vertices take."""
    rng = np.random.default_rng(22)
    direction = np.cumsum(rng.normal(0, 0.3, 60))
    steps = rng.uniform(15, 40, (60, 1)) * np.c_[np.cos(direction), np.sin(direction)]
    street = np.vstack([(0, 0), np.cumsum(steps, axis=0)])
    sections = [street[at : at + 4] for at in range(0, 57, 3)]
    ring = np.array([(0, 0), (60, 0), (60, 40), (25, 55), (0, 40), (0, 0)], dtype=float)
    cases: dict[str, tuple[list[NDArray[np.float64]], list[float]]] = {
        "1 cable": ([street], [1.0]),
        "8 cables in a duct": ([street] * 8, [1.0] * 8),
        "50 cables in a duct": ([street] * 50, [1.0] * 50),
        "a street in 19 sections": (sections, [1.0] * 19),
        "the same, by two surveyors": (sections, [0.3, 2.0] * 9 + [0.3]),
        "3 cables along a ring": ([ring, ring[::-1], ring], [1.0] * 3),
    }
    print(f"{'':32}{'correlation':>12}{'independent':>12}{'computed':>10}{f'{SURVEYS} surveys':>16}")
    for name, (lines, sigma) in cases.items():
        for reach in (0.0, 100.0, 10_000.0):
            placed_lines = np.array([placed(line) for line in lines], dtype=object)
            flat = explode(placed_lines)
            known = Accuracy(np.array(sigma), np.zeros(len(lines), dtype=bool), reach)
            variance, _ = moments(flat, known, np.zeros(len(lines), dtype=np.intp), 1)
            alone = uncertainty.length_uncertainty(placed_lines, sigma, correlation_m=reach)[0]
            expected = simulated(lines, sigma, 23, correlation_m=reach)[0]
            figures = f"{np.sqrt((alone**2).sum()):12.4f}{np.sqrt(variance[0]):10.4f}{expected:16.4f}"
            print(f"{name:32}{reach:10.0f} m{figures}", flush=True)
    print(f"\n{'seconds for the deviation of one sum':44}{'no correlation':>16}{'1 km':>8}")
    for routes, vertices in ((5_000, 20), (1, 100_000), (50_000, 20)):
        lines = shapely.linestrings(coordinates(routes, vertices))
        flat, none = explode(lines), np.zeros(routes, dtype=bool)
        times = []
        for reach in (0.0, 1000.0):
            known = Accuracy(np.full(routes, 0.05), none, reach)
            group = np.zeros(routes, dtype=np.intp)
            times.append(best(lambda: moments(flat, known, group, 1), min(repeat, 3))[0])  # noqa: B023 - run at once
        print(f"{f'{routes} routes of {vertices} vertices':44}{times[0]:16.2f}{times[1]:8.2f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run with command line arguments, those of the process where there are none."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--routes", type=int, default=200_000)
    parser.add_argument("--vertices", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=5, help="runs, of which the fastest counts")
    parser.add_argument(
        "--geopackage", type=int, metavar="ROUTES", help="also read and measure a file of so many"
    )
    parser.add_argument("--surveys", action="store_true", help="only hold sums against simulated surveys")
    chosen = parser.parse_args(arguments)
    if chosen.surveys:
        surveys(chosen.repeat)
        return
    compare(chosen.routes, chosen.vertices, chosen.repeat)
    if chosen.geopackage:
        geopackage(chosen.geopackage, chosen.vertices, min(chosen.repeat, 3))


if __name__ == "__main__":
    main()
