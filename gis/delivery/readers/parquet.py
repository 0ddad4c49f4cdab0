"""GeoParquet, and Parquet tables of points."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gis.delivery.files.archives import MAX_BYTES
from gis.delivery.files.layer import RawLayer
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal, geojson, tables
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAX_ROWS = 20_000_000


def parquet(
    path: Path, shown: str, folder: Path, encoding: str | None
) -> list[tuple[str, Callable[[], RawLayer]]]:
    """
    Tell the layer of a GeoParquet file, or of a Parquet table of points.

    Parameters
    ----------
    path
        The file.
    shown
        Its name for people.
    folder
        Not used: nothing is laid out.
    encoding
        Not used: Parquet is UTF-8.

    Returns
    -------
    list of (str, callable)
        The file's stem, and what reads it.

    Raises
    ------
    SourceError
        D001 where it is damaged, or would take more than 2 GiB of memory.
    """
    del folder, encoding
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise refusal(
            "unreadable", shown, driver="Parquet", reason=" ".join(str(error).split())[:200]
        ) from error
    size = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if size > MAX_BYTES or metadata.num_rows > _MAX_ROWS:
        reason = Text("it unpacks to more than 2 GiB", "بیش از ۲ گیبی‌بایت باز می‌شود")
        raise refusal("unreadable", shown, driver="Parquet", reason=reason)
    return [(path.stem, partial(_parquet, path, shown, geo=b"geo" in (metadata.metadata or {})))]


def _parquet(path: Path, shown: str, *, geo: bool) -> RawLayer:
    try:
        if not geo:
            return tables.place(pd.read_parquet(path), path, shown, "Parquet")
        frame = gpd.read_parquet(path)
    except (pa.ArrowException, OSError, ValueError, KeyError, shapely.errors.ShapelyError) as error:
        raise refusal(
            "unreadable", shown, driver="Parquet", reason=" ".join(str(error).split())[:200]
        ) from error
    crs = gdal.plain_crs(frame.crs)
    frame = geojson.flatten(gdal.without_crs(frame.drop(columns=["bbox"], errors="ignore")))
    return RawLayer(shown, path.stem, "Parquet", crs, "", frame, np.arange(1, len(frame) + 1))
