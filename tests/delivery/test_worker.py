"""Files read by a process of their own: the same layers, and a file that ends it is one line."""

import datetime as dt
import decimal
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import seeds

from gis import isolation, progress
from gis.delivery import sources, wire, worker
from gis.errors import SourceError
from gis.inventory import FeatureRef, LeftOut, Note
from gis.language import Text

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="limits and signals are those of POSIX")
_SIMPLE = (
    "path",
    "layer",
    "driver",
    "encoding",
    "notes",
    "undecoded",
    "left_out",
    "delivery",
    "brought",
    "unit_m",
)


def written(folder):
    """Write a delivery or more of each format."""
    return [path for paths in seeds.make(folder).values() for path in paths]


def same(one, other):
    """Hold two layers against each other: every value with its type, every geometry to the bit."""
    assert [getattr(one, name) for name in _SIMPLE] == [getattr(other, name) for name in _SIMPLE]
    assert (one.crs and one.crs.to_wkt()) == (other.crs and other.crs.to_wkt())
    assert one.records.dtype == other.records.dtype
    assert one.records.tolist() == other.records.tolist()
    assert list(one.frame.columns) == list(other.frame.columns)
    assert (one.frame.dtypes == other.frame.dtypes).all()
    for at in range(len(one.frame.columns)):
        pairs = zip(one.frame.iloc[:, at].tolist(), other.frame.iloc[:, at].tolist(), strict=True)
        for mine, theirs in pairs:
            assert type(mine) is type(theirs)
            if isinstance(mine, shapely.Geometry):
                assert shapely.equals_identical(mine, theirs)
            else:
                assert mine is theirs or mine == theirs or (pd.isna(mine) and pd.isna(theirs))
    assert (one.curves is None) == (other.curves is None)
    if one.curves is not None:
        assert one.curves.features.equals(other.curves.features)
        assert one.curves.offsets.tolist() == other.curves.offsets.tolist()
        assert one.curves.roles.tolist() == other.curves.roles.tolist()


@pytest.fixture
def apart():
    """Read files apart."""
    with isolation.isolated():
        yield isolation.ward()


def test_every_format_comes_back_as_it_was_read(tmp_path, apart):
    made = written(tmp_path)
    assert len(made) >= 15
    for path in made:
        mine, theirs = sources.open_delivery(path, name="it"), worker.open_delivery(path, name="it")
        assert len(mine) == len(theirs) > 0
        for one, other in zip(mine, theirs, strict=True):
            same(one, other)


@pytest.mark.parametrize("name", ["large.gpkg", "large.shp", "large.fgb", "large.parquet", "large.geojson"])
def test_a_large_layer_comes_back_as_it_was_read(tmp_path, apart, name):
    rng = np.random.default_rng(4)
    lines = shapely.linestrings(rng.uniform(50, 52, (60_000, 3, 2)))
    shapes = np.array(lines, dtype=object)
    # What is no plain line goes another way.
    shapes[20_000] = None
    shapes[20_001] = shapely.MultiLineString([[(50, 30), (51, 31)], [(51, 30), (52, 31)]])
    shapes[40_000] = shapely.LineString()
    frame = gpd.GeoDataFrame(
        {"id": [f"r{at}" for at in range(len(shapes))], "fibres": rng.integers(1, 99, len(shapes))},
        geometry=shapes,
        crs=4326,
    )
    path = tmp_path / name
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        options = {"SPATIAL_INDEX": "NO"} if path.suffix == ".fgb" else {}
        frame.to_file(path, engine="pyogrio", **options)
    (one,), (other,) = sources.open_delivery(path), worker.open_delivery(path)
    assert len(one.frame) == 60_000
    assert other.ticket is None
    same(one, other)


def test_a_refusal_is_the_same_line(tmp_path, apart):
    for name, content in (
        ("a.gpkg", b"SQLite format 3\0" + bytes(200)),
        ("b.kml", b""),
        ("c.xyz", b"\x01\x02"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SourceError) as mine:
            sources.open_delivery(path)
        with pytest.raises(SourceError) as theirs:
            worker.open_delivery(path)
        assert [mine.value.message(lang) for lang in ("en", "fa")] == [
            theirs.value.message(lang) for lang in ("en", "fa")
        ]
        assert not apart.worker.busy


def test_one_worker_reads_all(tmp_path, apart):
    first, second, *_ = written(tmp_path)
    worker.open_delivery(first)
    reader = apart.worker
    worker.open_delivery(second)
    assert apart.worker is reader


def slow(path, features=300_000):
    """Write a file that takes some seconds to read."""
    one = '{"type":"Feature","properties":{"id":%d},"geometry":{"type":"LineString","coordinates":[[51,32],[52,33]]}}'
    rows = ",".join(one % at for at in range(features))
    path.write_text(f'{{"type":"FeatureCollection","features":[{rows}]}}', encoding="utf-8")
    return path


@FORKS
@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_file_that_ends_the_process_costs_itself(tmp_path, apart, by, monkeypatch):
    good = written(tmp_path)[0]
    worker.open_delivery(good)
    victim = apart.worker._process.pid
    path = slow(tmp_path / "bad.geojson")
    threading.Timer(0.5, os.kill, (victim, by)).start()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    with pytest.raises(SourceError) as refused:
        worker.open_delivery(path, name="bad.geojson")
    assert not list((tmp_path / "private").iterdir())
    assert refused.value.code == "D001"
    assert "bad.geojson" in refused.value.message()
    assert by.name in refused.value.message("fa")
    # The next file gets a new one.
    assert worker.open_delivery(good)
    assert apart.worker._process.pid != victim


@FORKS
def test_a_file_that_never_ends_is_a_line(tmp_path, apart, monkeypatch):
    monkeypatch.setattr(worker, "_SECONDS", 0.1)
    monkeypatch.setattr(worker, "_SECONDS_A_BYTE", 0.0)
    path = slow(tmp_path / "endless.geojson", 1_500_000)
    with pytest.raises(SourceError, match=r"endless.geojson.*seconds.*--trusted"):
        worker.open_delivery(path)


@FORKS
def test_a_file_that_would_fill_the_memory_is_a_line(tmp_path, apart, monkeypatch):
    monkeypatch.setattr(worker, "_MEMORY", 64 << 20)
    monkeypatch.setattr(worker, "_MEMORY_A_BYTE", 0)
    path = slow(tmp_path / "hungry.geojson")
    with pytest.raises(SourceError, match=r"hungry.geojson.*GiB of memory.*--trusted"):
        worker.open_delivery(path)


def test_a_process_that_starts_anew_reads_the_same(tmp_path):
    reader = worker.Reader("spawn")
    try:
        for path in written(tmp_path)[:3]:
            theirs = reader.read(path, None, None, None)
            for one, other in zip(sources.open_delivery(path), theirs, strict=True):
                same(one, other)
    finally:
        reader.stop()


def test_it_ends_with_the_block(tmp_path):
    with isolation.isolated():
        worker.open_delivery(written(tmp_path)[0])
        process = isolation.ward().worker._process
        assert process.is_alive()
    assert isolation.ward() is None
    assert not process.is_alive()


@FORKS
def test_it_ends_where_who_asked_is_killed(tmp_path, plan):
    code = (
        "import os, signal\nfrom gis import isolation\nfrom gis.delivery import worker\n"
        "with isolation.isolated():\n"
        f"    worker.open_delivery({str(plan / 'routes.geojson')!r})\n"
        "    print(isolation.ward().worker._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    left = int(done.stdout)
    until = time.monotonic() + 60
    while _lives(left) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _lives(left)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_progress_is_told(tmp_path, apart):
    lines = shapely.linestrings(np.random.default_rng(1).uniform(50, 52, (60_000, 2, 2)))
    path = tmp_path / "some.gpkg"
    gpd.GeoDataFrame({"id": range(len(lines))}, geometry=lines, crs=4326).to_file(path, engine="pyogrio")
    told = []
    with progress.watched(lambda work, done, total: told.append((work, done, total))):
        worker.open_delivery(path)
    assert told[-1] == (progress.READING, 60_000, 60_000)


def test_commands_say_the_same_with_and_without(fibre, plan):
    for command in (
        ("measure", "--format", "json"),
        ("check", "--format", "json"),
        ("inspect", "--format", "json"),
    ):
        apart_, here = (
            fibre(*command, plan / "isfahan.toml", *trusted, check=0) for trusted in ((), ("--trusted",))
        )
        assert apart_.stdout == here.stdout


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=9)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.decimals(allow_nan=False)
    | st.builds(Text, st.text(), st.text(), st.booleans())
    | st.builds(FeatureRef, st.text(), st.text(), st.none() | st.integers()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_comes_back(value):
    assert wire.loaded(wire.dumped(value)) == value


def test_values_keep_their_types():
    values = [
        np.int32(4), np.float64(0.1), np.bool_(True), pd.Timestamp("2026-11-25", tz="UTC"), pd.NaT, pd.NA,
        decimal.Decimal("1.10"), dt.date(2026, 11, 25), "\udc80", 10**30, "$", {"$": "bytes", "v": "00"},
    ]  # fmt: skip
    back = wire.loaded(wire.dumped(values))
    assert [type(one) for one in back] == [type(one) for one in values]
    assert back[:4] == values[:4]
    assert back[4] is pd.NaT
    assert back[5] is pd.NA
    assert back[6:] == values[6:]


def test_a_finished_word_is_not_bent_again():
    left = LeftOut(
        "a.dxf", "0", 2, Text("{count:text|texts}", "متن"), Text.literal("{braces} stay", "{آکولاد}")
    )
    assert wire.loaded(wire.dumped(left)) == left
    note = Note(
        "D003", "a", "1", {"reason": Text.literal("{x}", "{y}"), "record": 1}, ref=FeatureRef("a", "b", 3)
    )
    assert wire.loaded(wire.dumped(note)) == note


def test_what_cannot_be_handed_on_is_said():
    with pytest.raises(TypeError, match="object has no way"):
        wire.dumped(object())
