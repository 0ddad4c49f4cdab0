"""A trial: the real command on one mutant, in a child with limits, and what is wrong with how it ended."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gis import cli
from support.fuzz.mutants import mutate

CPU_S, WALL_S, MEMORY_BYTES = 10, 120, 1024**3
# A mutant that is not small may take memory in proportion, as a sound file of its size does.
_SMALL = 1024**2
_FAULT_LINES = ("Traceback (most recent call last)", "a fault in fibre-gis itself", " failed: ", "Warning:")
_TOLD = 400


@dataclass
class Trial:
    """
    How a command ended.

    Attributes
    ----------
    status
        The exit status; of a process that a signal ended, its number below 0.
    faults
        What must not have happened; nothing where all is well.
    cpu_s, memory
        What it took: seconds, and bytes beyond those of the parent.
    told
        The end of what it wrote to standard error.
    """

    status: int
    faults: list[str] = field(default_factory=list)
    cpu_s: float = 0.0
    memory: int = 0
    told: str = ""


def dice(seed: int, kind: str, number: int) -> random.Random:
    """Give the dice of a mutant: its format, its number and the run's seed decide all."""
    return random.Random(f"{seed}/{kind}/{number}")


def arguments(chance: random.Random, given: Path, out: Path) -> tuple[list[str], Path | None]:
    """Choose a command, and where its output goes."""
    way = chance.randrange(10)
    if way < 4:
        return ["check", *_named(given), "--format", chance.choice(["json", "text", "csv", "sarif"])], None
    if way < 6:
        return ["measure", *_named(given), "--format", chance.choice(["text", "json"]), "--lang", "fa"], None
    if way == 6:
        return ["inspect", *_named(given), "--format", chance.choice(["text", "json"])], None
    if way == 7:
        return [
            "check",
            *_named(given),
            "--fix",
            "--unsafe-fixes",
            "--out",
            str(out / "fixed.gpkg"),
        ], out / "fixed.gpkg"
    if way == 8:
        return ["init", *_named(given), "--out", str(out / "p.toml")], out / "p.toml"
    if given.suffix == ".toml":
        return ["run", str(given), "--out", str(out / "maps")], out / "maps"
    return ["map", *_named(given), "--out", str(out / "m.html")], out / "m.html"


def _named(given: Path) -> list[str]:
    """Name a delivery as a user would: a drawing with the system that it cannot tell."""
    return [str(given), *(["--crs", "EPSG:32639"] if given.suffix == ".dxf" else [])]


def tried(seed: int, kind: str, number: int, deliveries: list[Path], place: Path) -> Trial:
    """
    Make a mutant and put it through the command.

    Parameters
    ----------
    seed, kind, number
        Which mutant.
    deliveries
        The sound ones of its format.
    place
        A folder that does not exist; what is in it stays where there is a fault.

    Returns
    -------
    Trial
        How it ended.
    """
    chance = dice(seed, kind, number)
    shutil.rmtree(place, ignore_errors=True)  # of an earlier run
    (place / "in").mkdir(parents=True)
    (place / "out").mkdir()
    (place / "tmp").mkdir()
    given = mutate(chance, chance.choice(deliveries), place / "in")
    words, target = arguments(chance, given, place / "out")
    (place / "arguments.json").write_text(json.dumps(words))
    before = _digests(place / "in")
    size = sum(path.stat().st_size for path in (place / "in").rglob("*") if path.is_file())
    trial = _child(words, place)
    if before != _digests(place / "in"):
        trial.faults.append("a source was changed")
    _judge(trial, place, target, size)
    if not trial.faults:
        shutil.rmtree(place)
    return trial


def _child(words: list[str], place: Path) -> Trial:
    started = time.monotonic()
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    child = os.fork()
    if child == 0:
        _run(words, place)
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() - started > WALL_S:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    trial = Trial(os.waitstatus_to_exitcode(status), cpu_s=used.ru_utime + used.ru_stime)
    trial.memory = max(0, used.ru_maxrss * 1024 - base)
    trial.told = (place / "stderr").read_text("utf-8", "replace")
    if trial.status == -signal.SIGXCPU or time.monotonic() - started > WALL_S:
        trial.faults.append(f"no end within {CPU_S} s")
    elif trial.status < 0:
        trial.faults.append(f"ended by {signal.Signals(-trial.status).name}")
    return trial


def _run(words: list[str], place: Path) -> None:
    """Be the command: never comes back."""
    status = 99
    try:
        os.setsid()
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(place / name, os.O_WRONLY | os.O_CREAT), number)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        os.environ["TMPDIR"] = str(place / "tmp")
        __import__("tempfile").tempdir = str(place / "tmp")
        os.chdir(place / "out")
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + 4 * MEMORY_BYTES,) * 2)
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        sys.argv = ["fibre", *words]
        sys.warnoptions.append("default")
        try:
            cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _judge(trial: Trial, place: Path, target: Path | None, size: int) -> None:
    trial.faults += [f"said {line.strip()!r}" for line in _FAULT_LINES if line in trial.told]
    if trial.status not in (0, 1, 2) and not trial.faults:
        trial.faults.append(f"status {trial.status}")
    if trial.status == 2 and not trial.told.strip():
        trial.faults.append("status 2 without a word")
    if trial.memory > MEMORY_BYTES and size < _SMALL:
        trial.faults.append("more than 1 GiB for a small file")
    shown = trial.told + (place / "stdout").read_text("utf-8", "replace")
    if str(place / "tmp") in shown or "site-packages" in shown:
        trial.faults.append("a path that only the machine knows")
    if any(letter in trial.told for letter in "\x1b\x07\x9b\u202e"):
        trial.faults.append("steers the terminal")
    if trial.status >= 0:
        if list((place / "tmp").iterdir()):
            trial.faults.append("left temporary files")
        trial.faults += _left(place / "out", target, trial.status)
    trial.told = trial.told[-_TOLD:]


def _left(out: Path, target: Path | None, status: int) -> list[str]:
    """Look at what is there: whole where it is, nothing else beside it."""
    left = {path.name for path in out.iterdir()}
    expected = {target.name, f"{target.stem}.changes.csv"} if target else set()
    if left - expected:
        return [f"left {min(left - expected)!r} behind"]
    if status == 2 and left:
        return ["status 2, and an output"]
    if target and target.suffix == ".gpkg" and target.exists():
        with closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as database:
            if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return ["a half-written output"]
    return []


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
