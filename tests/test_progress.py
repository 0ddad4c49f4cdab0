"""How far long work is: told in order, and shown on a terminal."""

import os
import re
import select
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely

import gis
from gis import progress

ROUTES = 130_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Write many short routes into a GeoPackage."""
    path = tmp_path_factory.mktemp("large") / "routes.gpkg"
    start = np.random.default_rng(1).uniform((51, 32), (52, 33), (ROUTES, 2))
    lines = shapely.linestrings(start[:, None, :] + np.linspace(0, 1e-4, 9)[None, :, None])
    frame = gpd.GeoDataFrame({"route_id": np.arange(ROUTES).astype(str)}, geometry=lines, crs=4326)
    frame.to_file(path, layer="routes")
    return path


def test_reading_and_measuring_tell_how_far_they_are(large):
    told = []
    with progress.watched(lambda work, done, total: told.append((work.en, done, total))):
        gis.measure(gis.read(large))
    for work in ("Reading", "Measuring"):
        shares = [done / total for kind, done, total in told if kind == work]
        assert len(shares) > 1
        assert shares == sorted(shares)
        assert shares[-1] == 1
    told.clear()
    gis.read(large)
    assert not told


@pytest.mark.parametrize(("lang", "pattern"), [("en", r"Reading… .*\d\d%"), ("fa", r"خواندن… .*[۰-۹]{2}٪")])
def test_a_terminal_shows_a_bar_that_knows_how_far(large, lang, pattern):
    ours, theirs = pytest.importorskip("pty").openpty()
    command = [sys.executable, "-m", "gis", "measure", str(large), "--lang", lang, "--by", "kind"]
    shown = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as running:
        os.close(theirs)
        while select.select([ours], [], [], 60)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        table = running.stdout.read().decode()
    assert running.returncode == 0
    assert re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()))
    assert "Reading" not in table
    assert "خواندن" not in table
