"""A short, seeded part of what ``make fuzz`` does: mutants of every format, and no fault among them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of memory are read from /proc")
def test_some_mutants_of_every_format_end_well(tmp_path):
    tests = Path(__file__).parent
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "support.fuzz",
            "--mutants",
            "3",
            "--seed",
            "20261125",
            "--keep",
            str(tmp_path),
        ],
        cwd=tests,
        env={
            **os.environ,
            "PYTHONPATH": f"{tests.parent}",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "66 in " in done.stdout
