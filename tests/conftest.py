"""What tests share: the real command as its own process, and a copy of the bundled plan to change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from support.plan import LAYERS, PLAN


@pytest.fixture
def fibre(tmp_path):
    """Run ``fibre`` as a user would; English unless asked otherwise."""

    def run(*arguments, cwd=None, env=None, check=None):
        done = subprocess.run(
            [sys.executable, "-m", "gis", *map(str, arguments)],
            cwd=cwd or tmp_path,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONWARNINGS": "default", **(env or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        if check is not None:
            assert done.returncode == check, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def plan(tmp_path):
    """The bundled plan, to be changed at will."""
    folder = tmp_path / "plan"
    folder.mkdir()
    for name in PLAN:
        shutil.copy(LAYERS / name, folder / name)
    return folder


@pytest.fixture
def edit(plan):
    """Change a layer of the plan: a function from features to features."""

    def apply(name, change):
        path = plan / f"{name}.geojson"
        data = json.loads(path.read_text("utf-8"))
        data["features"] = change(data["features"])
        path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        return plan / "isfahan.toml"

    return apply
