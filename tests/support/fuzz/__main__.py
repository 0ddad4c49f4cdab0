"""``make fuzz MINUTES=…``: mutants of every format in turn, and figures of how they ended."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from support.fuzz import seeds, trials

if TYPE_CHECKING:
    from collections.abc import Iterator


_LATE = (
    "fiona", "folium", "openpyxl", "pyarrow.parquet", "pyogrio", "rich.progress", "scipy.sparse.csgraph",
    "gis.api", "gis.checks", "gis.checks.fixes.loop", "gis.cli", "gis.delivery.readers", "gis.publish.bundle",
    "gis.publish.exports.sarif", "gis.publish.map.tiled.tiles",
)  # fmt: skip


def warmed() -> None:
    """Import what the commands import late, so that each child has it already."""
    for name in _LATE:
        importlib.import_module(name)


def worked(job: tuple[int, str, list[int], list[Path], Path]) -> list[tuple[str, int, trials.Trial]]:
    """Try some mutants of one format."""
    seed, kind, numbers, deliveries, place = job
    return [
        (
            kind,
            number,
            trials.tried(seed, kind, number, deliveries, place / f"{kind.replace(' ', '-')}-{number}"),
        )
        for number in numbers
    ]


def jobs(seed: int, made: dict[str, list[Path]], place: Path, until: float, first: int) -> Iterator[tuple]:
    """Give the formats in turn for as long as there is time."""
    step = 5
    while time.monotonic() < until:
        for kind, deliveries in made.items():
            if time.monotonic() >= until:
                return
            yield seed, kind, list(range(first, first + step)), deliveries, place
        first += step


def main() -> int:
    """Run; the status is 1 where there was a fault."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--mutants", type=int, help="so many of each format, instead of a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--formats", nargs="*", help="these alone")
    parser.add_argument("--only", type=int, help="this mutant of the one format alone")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--keep", type=Path, default=Path("build/fuzz"), help="where mutants with a fault stay"
    )
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    keep = asked.keep.resolve()
    warmed()
    with tempfile.TemporaryDirectory(prefix="fibre-seeds-") as folder:
        made = seeds_in_child(Path(folder))
        made = {kind: made[kind] for kind in asked.formats or made}
        if asked.only is not None:
            (kind,) = made
            shutil.rmtree(keep / f"{kind.replace(' ', '-')}-{asked.only}", ignore_errors=True)
            ended = worked((asked.seed, kind, [asked.only], made[kind], keep))
            return summary(ended, asked.seed, 0.0)
        started = time.monotonic()
        turn = jobs(asked.seed, made, keep, started + 60 * asked.minutes, asked.first)
        if asked.mutants is not None:
            numbers = list(range(asked.first, asked.first + asked.mutants))
            turn = iter([(asked.seed, kind, numbers, deliveries, keep) for kind, deliveries in made.items()])
        ended = []
        with multiprocessing.get_context("fork").Pool(asked.workers) as pool:
            try:
                for some in pool.imap_unordered(worked, turn_by_turn(turn)):
                    ended += some
                    for kind, number, trial in some:
                        if trial.faults:
                            print(
                                f"{kind} {number}: {'; '.join(trial.faults)}: {trial.told.strip()[-300:]}",
                                flush=True,
                            )
                    SLOTS.release()
            finally:
                # The pool's thread that hands out must not wait for a slot while the pool is ended.
                OVER.set()
                SLOTS.release()
        return summary(ended, asked.seed, time.monotonic() - started)


SLOTS, OVER = multiprocessing.Semaphore(4), threading.Event()


def turn_by_turn(turn: Iterator[tuple]) -> Iterator[tuple]:
    """Hand out no more than the workers take, so that the run ends when its time is over."""
    for job in turn:
        SLOTS.acquire()
        if OVER.is_set():
            return
        yield job


def seeds_in_child(folder: Path) -> dict[str, list[Path]]:
    """Write the sound deliveries in a process of its own: what forks must not have started GDAL or threads."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(seeds.make, (folder,))


def summary(ended: list[tuple[str, int, trials.Trial]], seed: int, seconds: float) -> int:
    """Print the figures by format."""
    by_kind: dict[str, list[trials.Trial]] = defaultdict(list)
    for kind, _, trial in ended:
        by_kind[kind].append(trial)
    print(f"\n{'format':<18}{'mutants':>8}{'0':>7}{'1':>7}{'2':>7}{'faults':>8}{'slowest':>9}{'most':>9}")
    for kind, some in sorted(by_kind.items()):
        status = Counter(trial.status for trial in some)
        faults = sum(bool(trial.faults) for trial in some)
        slow, most = max(trial.cpu_s for trial in some), max(trial.memory for trial in some) / 2**20
        counts = "".join(f"{status[code]:>7}" for code in (0, 1, 2))
        print(f"{kind:<18}{len(some):>8}{counts}{faults:>8}{slow:>7.1f} s{most:>5.0f} MiB")
    faulty = sum(bool(trial.faults) for _, _, trial in ended)
    print(f"{'all':<18}{len(ended):>8} in {seconds / 60:.1f} min, seed {seed}: {faulty} with a fault")
    return int(faulty > 0)


if __name__ == "__main__":
    sys.exit(main())
