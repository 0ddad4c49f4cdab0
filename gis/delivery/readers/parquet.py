"""GeoParquet, and Parquet tables of points."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj

from gis.delivery.files.archives import MAX_BYTES, MAX_RATIO
from gis.delivery.files.layer import RawLayer
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import gdal, geojson, tables
from gis.delivery.readers.reader import Source, Unread, reader
from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

_MAX_ROWS = 20_000_000
# Below this, a file of any size may unpack to what it will; a number takes eight bytes.
_FLOOR, _WIDTH = 128 * 1024**2, 8
_TOO_LARGE = Text(
    "it unpacks to more than 2 GiB, or to more than 200 times its size",
    "بیش از ۲ گیبی‌بایت یا بیش از ۲۰۰ برابر اندازهٔ خود باز می‌شود",
)


@reader("Parquet")
def parquet(source: Source) -> list[Unread]:
    """
    Tell the layer of a GeoParquet file, or of a Parquet table of points.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The file's stem.

    Raises
    ------
    SourceError
        D001 where it is damaged, or would take more than 2 GiB of memory.
    """
    try:
        metadata = pq.read_metadata(source.path)
    except (pa.ArrowException, OSError) as error:
        raise refusal("unreadable", source.shown, driver="Parquet", reason=reason(error)) from error
    size = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if size > MAX_BYTES or metadata.num_rows > _MAX_ROWS:
        raise refusal("unreadable", source.shown, driver="Parquet", reason=_TOO_LARGE)
    most = min(MAX_BYTES, max(_FLOOR, MAX_RATIO * source.path.stat().st_size))
    try:
        bomb = size > most or _unpacked(source.path, metadata, most) > most
    except (pa.ArrowException, OSError) as error:
        raise refusal("unreadable", source.shown, driver="Parquet", reason=reason(error)) from error
    if bomb:
        raise refusal("unreadable", source.shown, driver="Parquet", reason=_TOO_LARGE)
    geo = b"geo" in (metadata.metadata or {})
    return [Unread(source.path.stem, partial(_parquet, source.path, source.shown, geo=geo))]


def _unpacked(path: Path, metadata: pq.FileMetaData, most: int) -> int:
    """
    Tell how many bytes the values of a file take at least, as soon as that is more than a limit.

    A value that stands once in a dictionary, and a million times by its number, takes a few bytes in the file. Such
    columns are looked at by their dictionaries alone.
    """
    taken: int = metadata.num_rows * metadata.num_columns * _WIDTH
    if taken > most:
        return taken
    names = [metadata.schema.column(at).path for at in range(metadata.num_columns)]
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for at, name in enumerate(names):
            chunk = row_group.column(at)
            # No value is longer than its chunk.
            bound = chunk.num_values * max(chunk.total_uncompressed_size, chunk.total_compressed_size)
            shared = chunk.physical_type == "BYTE_ARRAY" and any(
                "DICTIONARY" in how for how in chunk.encodings
            )
            if shared and bound > most - taken:
                taken += _dictionary(path, group, name)
            if taken > most:
                return taken
    return taken


def _dictionary(path: Path, group: int, name: str) -> int:
    """Tell how many bytes the values of a column take that are kept in a dictionary."""
    with pq.ParquetFile(path, read_dictionary=[name]) as file:
        column = file.read_row_group(group, columns=[name]).column(0)
    taken = 0
    for part in column.chunks:
        if not pa.types.is_dictionary(part.type):
            taken += part.nbytes
            continue
        lengths = np.asarray(pc.binary_length(part.dictionary).fill_null(0), dtype=np.int64)
        taken += int(lengths[np.asarray(part.indices.drop_null())].sum())
    return taken


def _parquet(path: Path, shown: str, *, geo: bool) -> RawLayer:
    try:
        if not geo:
            return tables.layer(_table(path), shown, path.stem, "Parquet")
        frame = _geo(path)
    except (pa.ArrowException, OSError, pyproj.exceptions.ProjError, *geojson.UNREADABLE) as error:
        raise refusal("unreadable", shown, driver="Parquet", reason=reason(error)) from error
    crs = gdal.plain_crs(frame.crs)
    frame = geojson.flatten(gdal.without_crs(frame.drop(columns=["bbox"], errors="ignore")))
    return RawLayer(shown, path.stem, "Parquet", crs, "", frame, np.arange(1, len(frame) + 1))


def _geo(path: Path) -> gpd.GeoDataFrame:
    """Read declared geometry; a system that is none is not known, as where a file says null."""
    try:
        return gpd.read_parquet(path)
    except pyproj.exceptions.CRSError:
        table = pq.read_table(path)
        geo = json.loads(table.schema.metadata[b"geo"])
        for column in geo["columns"].values():
            column["crs"] = None
        bare = table.replace_schema_metadata({**table.schema.metadata, b"geo": json.dumps(geo)})
        with io.BytesIO() as written:
            pq.write_table(bare, written)
            return gpd.read_parquet(written)


def _table(path: Path) -> tables.Table:
    """Read a table without declared geometry; nested values are laid flat, those that are GeoJSON kept as such."""
    frame = pq.read_table(path).to_pandas(maps_as_pydicts="lossy")
    frame = frame.reset_index(drop=True).rename(columns=str)
    for name in frame.columns:
        values = frame[name]
        if values.dtype == object and any(_is_geojson(value) for value in values):
            frame[name] = [_json(value) if _is_geojson(value) else None for value in values]
    bare = gpd.GeoDataFrame(
        frame.rename(columns={"geometry": "geometry_2"}), geometry=np.full(len(frame), None, dtype=object)
    )
    flat = pd.DataFrame(geojson.flatten(bare).drop(columns="geometry"))
    return tables.Table(flat, np.arange(1, len(flat) + 1))


def _is_geojson(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value and "coordinates" in value


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, default=np.ndarray.tolist)
