"""Reading leaves the process as it was: its limits, hooks, handlers, filters and environment."""

from __future__ import annotations

import csv
import gc
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from threading import Event, Thread

import geopandas as gpd
import openpyxl
import pytest
import shapely

from gis.delivery.readers.process import Held
from gis.delivery.sources import open_delivery
from gis.errors import SourceError


def state():
    return {
        "cells": csv.field_size_limit(),
        "hooks": (sys.unraisablehook, sys.excepthook),
        "handlers": {name: list(logging.getLogger(name).handlers) for name in ("", "fiona", "pyogrio")},
        "warnings": list(warnings.filters),
        "depth": sys.getrecursionlimit(),
        "environment": dict(os.environ),
        "collecting": gc.isenabled(),
    }


def long_line():
    return "LINESTRING (" + ", ".join(f"{51 + n / 1e5:.6f} 32.6" for n in range(20_000)) + ")"


def made(name, folder):
    path = folder / name
    line = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.LineString([(51, 32), (51.1, 32)])], crs=4326)
    match path.suffix:
        case ".csv":
            path.write_text(f'id,wkt\na,"{long_line()}"\n')
        case ".xlsx":
            book = openpyxl.Workbook()
            book.active.append(["id", "lon", "lat"])
            book.active.append(["a", 51.0, 32.0])
            book.save(path)
        case ".gpx":
            point = '<wpt lat="32" lon="51"><name>a</name></wpt>'
            path.write_text(f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{point}</gpx>')
        case _:
            line.to_file(path, engine="pyogrio")
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.gpx", "a.gpkg", "a.shp", "a.geojson", "a.fgb"])
def test_reading_leaves_the_process_as_it_was(tmp_path, name):
    path = made(name, tmp_path)
    before = state()
    (layer,) = open_delivery(path)
    assert len(layer.frame) == 1
    assert state() == before


@pytest.mark.parametrize("name", ["a.csv", "a.gpkg", "a.shp", "a.fgb"])
def test_so_does_a_file_that_is_refused(tmp_path, name):
    path = made(name, tmp_path)
    data = path.read_bytes()
    path.write_bytes(b'id,wkt\n"' + b"x" * 17 * 1024**2 if path.suffix == ".csv" else data[:60])
    before = state()
    with pytest.raises(SourceError):
        open_delivery(path)
    assert state() == before


def test_the_last_one_out_puts_a_setting_back():
    value = ["before"]

    @contextmanager
    def during():
        found = value[0]
        value[0] = "during"
        try:
            yield
        finally:
            value[0] = found

    held = Held(during)
    inside, leave = Event(), Event()

    def stay():
        with held:
            inside.set()
            leave.wait(10)

    other = Thread(target=stay)
    with held:
        other.start()
        assert inside.wait(10)
    assert value == ["during"]  # the other one is still within
    leave.set()
    other.join()
    assert value == ["before"]
    with pytest.raises(KeyError), held:
        raise KeyError
    assert value == ["before"]
