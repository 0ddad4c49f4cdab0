"""All benchmarks in turn, each in a process of its own; what is missing is named as skipped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNS = (
    ("lengths.py", "--geopackage", "1000000"),
    ("checks.py", "--plain"),
    ("maps.py",),
    ("verdicts.py",),
)

if __name__ == "__main__":
    for name, *arguments in RUNS:
        print(f"\n== {name} {' '.join(arguments)}", flush=True)
        subprocess.run([sys.executable, HERE / name, *arguments], check=True)
