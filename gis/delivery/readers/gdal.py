"""
Vector files through GDAL: fiona opens them, pyogrio reads sound ones in bulk, fiona damaged ones record by record.

Every opening names its one driver. fiona hands that to GDAL; pyogrio cannot, so that only files whose first bytes or
prefix leave GDAL no choice go to it: those of `BULK`, and clean copies of GML, which fiona has opened before.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import re
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import fiona
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import shapely
from fiona._err import CPLE_BaseError
from fiona.errors import FionaError

from gis import progress
from gis.delivery.files.layer import RawLayer
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import curves, parts, wkb
from gis.delivery.readers.process import Held
from gis.delivery.readers.reader import Unread, damaged
from gis.inventory import Curves
from gis.text import encodings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from gis.language import Text

BULK = {"ESRI Shapefile", "GPKG", "FlatGeobuf", "OpenFileGDB", "GeoJSON", "GeoJSONSeq"}
# GDAL crashes where it reads a large FlatGeobuf with missing geometries into Arrow.
_ARROW = BULK - {"FlatGeobuf"} | {"GML"}
# Those that let one column be read without the others; of so many records and more both cores read.
_BY_COLUMN = _ARROW - {"GeoJSON", "GeoJSONSeq", "GML"}
_LARGE = 50_000
# Their memory is used again for the next batch, which that of larger ones is not.
_BATCH = 16_384
# GDAL takes no other driver for a name with one of these prefixes.
_PREFIX = {"GeoJSON": "GeoJSON:", "GeoJSONSeq": "GeoJSONSeq:"}
# Nothing is fetched, no file beside the given one is looked for or written, and arcs are split finely enough that
# their length is right to 1e-7.
_CONFIG = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_PAM_ENABLED": "NO",
    "OGR_ARC_STEPSIZE": "0.1",
    "OGR_ENABLE_PARTIAL_REPROJECTION": "NO",
    "SHAPE_RESTORE_SHX": "NO",
}
# Formats that hold arcs as such.
_CURVED = {"GPKG", "OpenFileGDB", "GML", "CSV"}
_ARCS = re.compile(rb"<(?:\w+:)?(?:Arc|Circle)")
_LONGEST = 64
# Columns that GDAL makes of the ids of GML's features.
_IDS = {"gml_id", "fid"}
# GDAL's lines of arcs are as long as ours to this share.
_SAME = 1e-5
# fiona lists only some of GDAL's drivers as its own.
_ALLOW = {"allow_unsupported_drivers": True}
_DAMAGED = (
    FionaError,
    CPLE_BaseError,  # GDAL's own, where fiona does not put them into its words
    NameError,  # what follows them within fiona, and its
    SystemError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RuntimeError,
    shapely.errors.ShapelyError,
)
_UNREAD = (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, pyogrio.errors.DataLayerError)


@dataclass(frozen=True)
class Head:
    """
    What a layer says of itself before its records are read.

    Attributes
    ----------
    name
        The layer's name.
    crs
        The declared coordinate reference system, or None.
    encoding
        The encoding that GDAL reads the text in; empty where the format has but one.
    features
        How many records it declares, -1 where it does not.
    """

    name: str
    crs: pyproj.CRS | None
    encoding: str
    features: int


@dataclass(frozen=True, eq=False)
class Records:
    """
    The records of a layer, as far as they can be read.

    Attributes
    ----------
    frame
        The columns and ``geometry``, without CRS.
    fids
        (n,) the driver's feature ids.
    damaged
        Records that could not be read: the feature id, or the position from 0 where the driver gives none, and why.
    crs
        What the bulk reader has for the declared CRS.
    short
        How many parts of lines were left out, as they have fewer than two positions.
    curves
        Which vertices of arcs were put in; None where all are the file's own.
    ticket
        The number under which the geometry was handed on while it was read; None where it is in the frame.
    """

    frame: gpd.GeoDataFrame
    fids: NDArray[np.int64]
    damaged: tuple[tuple[int, str | Text], ...]
    crs: pyproj.CRS | None = None
    short: int = 0
    curves: Curves | None = None
    ticket: int | None = None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    before = sys.unraisablehook, sys.excepthook
    logger, nowhere = logging.getLogger("fiona"), logging.NullHandler()

    def unraisable(fault: sys.UnraisableHookArgs) -> None:
        if not (isinstance(fault.exc_value, UnicodeDecodeError) or "pyogrio" in repr(fault.object)):
            before[0](fault)

    def raised(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(fault, UnicodeDecodeError):
            before[1](kind, fault, trace)

    # Cython prints what it cannot raise by way of both.
    sys.unraisablehook, sys.excepthook = unraisable, raised
    logger.addHandler(nowhere)
    try:
        yield
    finally:
        logger.removeHandler(nowhere)
        sys.unraisablehook, sys.excepthook = before


_QUIET = Held(_quiet)


def quietly() -> AbstractContextManager[None]:
    """
    Keep GDAL's messages from being printed, those too that are no text and would be errors within fiona.

    fiona and pyogrio hand on what GDAL says of a damaged file through a callback, which can only fail aloud where
    that is not UTF-8.

    Returns
    -------
    contextlib.AbstractContextManager
        Quiet while files are read within it.
    """
    return _QUIET


def heads(
    path: Path, driver: str, shown: str, *, config: Mapping[str, str] | None = None, **options: str
) -> list[Head]:
    """
    Open a file with one driver and tell its layers.

    Parameters
    ----------
    path
        The file.
    driver
        The only driver that may open it.
    shown
        Its name for people.
    config
        GDAL's configuration for this file.
    **options
        Open options of the driver.

    Returns
    -------
    list of Head
        In the order of the file.

    Raises
    ------
    SourceError
        D001 where the driver does not open it.
    """
    found: list[Head] = []
    with fiona.Env(**_CONFIG, **(config or {})):
        while True:
            try:
                layer = fiona.open(path, driver=driver, layer=len(found) or None, **_ALLOW, **options)
            except ValueError as error:
                # fiona's word for "no such layer" is a bare ValueError.
                if isinstance(error, (FionaError, UnicodeError)):
                    raise refusal("unreadable", shown, driver=driver, reason=reason(error)) from error
                if not found:
                    raise refusal("empty", shown) from error
                return found
            except _DAMAGED as error:
                raise refusal("unreadable", shown, driver=driver, reason=reason(error)) from error
            try:
                with layer:
                    found.append(Head(layer.name, _crs(layer), layer.encoding or "", _count(layer)))
            except _DAMAGED as error:
                raise refusal("unreadable", shown, driver=driver, reason=reason(error)) from error


def read(
    path: Path,
    driver: str,
    layer: str,
    shown: str,
    *,
    encoding: str | None = None,
    config: Mapping[str, str] | None = None,
    taker: wkb.Taker | None = None,
    whole: int | None = None,
    **options: str,
) -> Records:
    """
    Read a layer: in bulk, or record by record where the bulk reader fails.

    Parameters
    ----------
    path
        The file.
    driver
        The only driver that may open it.
    layer
        The layer's name.
    shown
        The file's name for people.
    encoding
        Read text in this encoding, whatever the file says.
    config
        GDAL's configuration for this file; the bulk reader does not take it.
    taker
        Makes the geometries of a large layer; None for here.
    whole
        How many records a layer has whose format is read in bulk where that gives all of them, and lines without
        empty parts.
    **options
        Open options of the driver.

    Returns
    -------
    Records
        What could be read, and what could not.

    Raises
    ------
    SourceError
        D001 where not even the first record can be reached.
    """
    if driver in BULK:
        records = bulk(path, driver, layer, encoding=encoding, taker=taker, **options)
        if records is not None:
            return records
    if (
        whole
        and (records := bulk(path, driver, layer, encoding=encoding, taker=None, **options)) is not None
        and len(records.frame) == whole
        and not _has_empty_parts(records.frame)
    ):
        return records
    if driver == "ESRI Shapefile" and encoding:
        options["ENCODING"] = encoding
    with fiona.Env(**_CONFIG, **(config or {})):
        try:
            collection = fiona.open(
                path, driver=driver, layer=layer or None, encoding=encoding, **_ALLOW, **options
            )
        except _DAMAGED as error:
            raise refusal("unreadable", shown, driver=driver, reason=reason(error)) from error
        with collection:
            try:
                columns = list(collection.schema["properties"])
            except _DAMAGED as error:
                raise refusal("unreadable", shown, driver=driver, reason=reason(error)) from error
            records = _one_by_one(collection, columns)
    return _with_curves(records, path, driver, layer, encoding, options)


def _has_empty_parts(frame: gpd.GeoDataFrame) -> bool:
    """Tell whether a geometry of several has an empty part, or might have one."""
    geometry = frame.geometry.to_numpy()
    kinds = shapely.get_type_id(geometry)
    lines = geometry[kinds == shapely.GeometryType.MULTILINESTRING]
    return bool(
        (kinds == shapely.GeometryType.GEOMETRYCOLLECTION).any()
        or shapely.is_empty(shapely.get_parts(lines)).any()
    )


def _with_curves(
    records: Records, path: Path, driver: str, layer: str, encoding: str | None, options: Mapping[str, str]
) -> Records:
    """
    Make lines of curves here, so that it is known which of their vertices are the file's own.

    GDAL's lines stand where the file is damaged, or a line is not as long as GDAL has it.
    """
    if driver not in _CURVED or not len(records.frame) or (driver == "GML" and not _has_arcs(path)):
        return records
    shapes: dict[int, bytes] = {}
    how = {"columns": [], "return_fids": True, "use_pyarrow": True, "batch_size": _BATCH}
    try:
        with (
            warnings.catch_warnings(),
            pyogrio.open_arrow(path, layer=layer or None, encoding=encoding, **how, **options) as (
                about,
                batches,
            ),
        ):
            warnings.simplefilter("ignore")
            for batch in batches:
                fids = batch.column(about["fid_column"]).to_numpy()
                for fid, wkb_ in zip(
                    fids, batch.column(about["geometry_name"] or "wkb_geometry"), strict=True
                ):
                    if wkb_.is_valid and curves.is_curve(binary := wkb_.as_py()):
                        shapes[int(fid)] = binary
    except (*_DAMAGED, *_UNREAD, pa.ArrowException, OSError):
        return records
    geometry = records.frame.geometry.to_numpy().copy()
    roles = {}
    for row, fid in enumerate(records.fids.tolist()):
        flat = curves.flatten(shapes[fid]) if fid in shapes else None
        if flat is None or geometry[row] is None:
            continue
        if abs(flat.geometry.length - geometry[row].length) <= _SAME * geometry[row].length:
            geometry[row], roles[row] = flat.geometry, flat.roles
    if not roles:
        return records
    frame = records.frame.set_geometry(gpd.GeoSeries(geometry, index=records.frame.index))
    return replace(records, frame=frame, curves=Curves.of_rows(roles))


def _has_arcs(path: Path) -> bool:
    """Tell whether a GML document names an arc or a circle."""
    with path.open("rb") as file:
        rest = b""
        while block := file.read(1 << 20):
            if _ARCS.search(rest + block):
                return True
            rest = block[-_LONGEST:]
    return False


def bulk(
    path: Path,
    driver: str,
    layer: str,
    *,
    encoding: str | None = None,
    taker: wkb.Taker | None = None,
    **options: str,
) -> Records | None:
    """
    Read a layer in bulk.

    Parameters
    ----------
    path
        The file.
    driver
        One of `BULK`.
    layer
        The layer's name; empty for the only one.
    encoding
        Read text in this encoding, whatever the file says.
    taker
        Makes the geometries of a large layer; None for here.
    **options
        Open options of the driver.

    Returns
    -------
    Records or None
        None where the file is damaged or holds what the bulk reader does not take, such as arcs.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they warn of is looked for by name
            frame, ticket = _table(
                f"{_PREFIX.get(driver, '')}{path}", driver, layer, encoding, options, taker
            )
    except (*_DAMAGED, *_UNREAD):
        return None
    except (
        pa.ArrowException,
        OSError,
    ):  # curves, surfaces and dates that the bulk reader has not are ValueErrors
        return None
    fids = np.asarray(frame.index, dtype=np.int64)
    _decode(frame)
    if driver == "GML":
        _plain_values(frame)
    return Records(without_crs(frame), fids, (), plain_crs(getattr(frame, "crs", None)), ticket=ticket)


def _plain_values(frame: Any) -> None:
    """Make lists of arrays, and nothing of the empty ids of features that have none."""
    for at, (name, dtype) in enumerate(zip(frame.columns, frame.dtypes, strict=True)):
        if pd.api.types.is_object_dtype(dtype):
            values = [one.tolist() if isinstance(one, np.ndarray) else one for one in frame.iloc[:, at]]
            frame.isetitem(at, pd.Series(values, index=frame.index, dtype=object))
        elif name in _IDS:
            frame.isetitem(at, frame.iloc[:, at].replace("", None))


def _decode(frame: Any) -> None:
    """Decode the values of text columns that are not UTF-8, which Arrow hands out as they stand in the file."""
    for at, dtype in enumerate(frame.dtypes):
        if not isinstance(dtype, pd.StringDtype):
            continue
        values = pa.array(frame.iloc[:, at].array)
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            wide = pa.types.is_large_string(values.type)
            read = [
                None if data is None else encodings.decode(data.decode("latin-1"), "utf-8")
                for data in values.cast(pa.large_binary() if wide else pa.binary()).to_pylist()
            ]
            frame.isetitem(at, pd.Series(read, index=frame.index, dtype="str"))


def _table(
    name: str,
    driver: str,
    layer: str,
    encoding: str | None,
    options: Mapping[str, str],
    taker: wkb.Taker | None,
) -> tuple[Any, int | None]:
    """
    Read a layer: of a large one the geometry here, while another thread reads the other columns.

    Its geometry may have been handed on, under the ticket that is given with it.
    """
    chosen: dict[str, Any] = {"layer": layer or None, "encoding": encoding, **options}
    if driver in _BY_COLUMN:
        about = pyogrio.read_info(name, **chosen)
        if about["features"] >= _LARGE and about["geometry_type"] is not None:
            with _uncollected(), ThreadPoolExecutor(1) as aside:
                others = aside.submit(
                    pyogrio.read_dataframe,
                    name, use_arrow=True, fid_as_index=True, read_geometry=False, **chosen,
                )  # fmt: skip
                geometry, fids, crs, ticket = _geometry(name, about["features"], chosen, taker)
                table = others.result()
            # A file that changes meanwhile is read in one go.
            if np.array_equal(table.index, fids):
                return gpd.GeoDataFrame(table, geometry=geometry, crs=crs), ticket
    return pyogrio.read_dataframe(name, use_arrow=driver in _ARROW, fid_as_index=True, **chosen), None


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from looking for cycles among a million new geometries, again and again, where there are none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _geometry(
    name: str, expected: int, chosen: Mapping[str, Any], taker: wkb.Taker | None
) -> tuple[NDArray[np.object_], NDArray[np.int64], str | None, int | None]:
    """
    Read the geometry of a layer, batch by batch.

    (n,) geometries, None where they are handed on; (n,) feature ids; the declared CRS; the ticket of what is handed on.
    """
    geometries, fids = [], []
    ticket = None if taker is None else taker.begin()
    done = 0
    how = {"columns": [], "return_fids": True, "use_pyarrow": True, "batch_size": _BATCH}
    with pyogrio.open_arrow(name, **how, **chosen) as (about, batches):
        for batch in batches:
            fid = batch.column(about["fid_column"])
            binary = batch.column(about["geometry_name"] or "wkb_geometry")
            if taker is None:
                geometries.append(wkb.geometries(binary))
            else:
                wkb.hand_on(binary, taker)
                geometries.append(np.full(len(binary), None, dtype=object))
            fids.append(fid.to_numpy())
            done += len(fid)
            progress.tell(progress.READING, done, expected)
    return np.concatenate(geometries), np.concatenate(fids), about["crs"], ticket


def plain_crs(crs: pyproj.CRS | None) -> pyproj.CRS | None:
    """
    Give WGS 84 longitude and latitude its one name.

    Parameters
    ----------
    crs
        Any CRS.

    Returns
    -------
    pyproj.CRS or None
        EPSG:4326 for OGC:CRS84 and for WGS 84 with heights, else `crs`.
    """
    if crs is not None and crs.to_authority() in {("OGC", "CRS84"), ("OGC", "CRS84h"), ("EPSG", "4979")}:
        return pyproj.CRS("EPSG:4326")
    return crs


def without_crs(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Take the CRS off a frame: its coordinates are as they stand in the file.

    Parameters
    ----------
    frame
        Any frame; one without a geometry column gets an empty one.

    Returns
    -------
    geopandas.GeoDataFrame
        The frame with a RangeIndex, its geometry in the column ``geometry``.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return gpd.GeoDataFrame(
            frame.reset_index(drop=True), geometry=np.full(len(frame), None, dtype=object)
        )
    frame = frame.reset_index(drop=True)
    if frame.crs is not None:
        frame = frame.set_crs(None, allow_override=True)
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def _one_by_one(collection: fiona.Collection, columns: list[str]) -> Records:
    rows: list[dict[str, Any]] = []
    geometries: list[Any] = []
    fids: list[int] = []
    damaged: list[tuple[int, str | Text]] = []
    short = 0
    expected = _count(collection)
    iterator = iter(collection)
    reached = -1
    while True:
        try:
            feature = next(iterator)
        except StopIteration:
            break
        except _DAMAGED as error:
            reached += 1
            damaged.append((reached, reason(error)))
            if len(damaged) + len(rows) >= expected:  # a driver that cannot step over its fault
                break
            continue
        reached = int(feature.id)
        try:
            geometry, passed_over = parts.sound(feature.geometry)
        except _DAMAGED as error:
            damaged.append((reached, reason(error)))
            continue
        short += passed_over
        rows.append(dict(feature.properties))
        geometries.append(geometry)
        fids.append(reached)
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=array)
    return Records(frame, np.array(fids, dtype=np.int64), tuple(damaged), short=short)


def _count(layer: fiona.Collection) -> int:
    try:
        return len(layer)
    except (TypeError, FionaError):  # drivers that would have to read all to know
        return -1


def _crs(layer: fiona.Collection) -> pyproj.CRS | None:
    try:
        crs = pyproj.CRS.from_wkt(layer.crs_wkt) if layer.crs_wkt else None
    except (*_DAMAGED, pyproj.exceptions.CRSError):
        return None
    if crs is None:
        return None
    # What GeoPackage calls undefined, and the plane of a file that names none.
    return None if crs.name.casefold().startswith("undefined") or crs.is_engineering else plain_crs(crs)


def each(staged: Path, driver: str, shown: str, options: dict[str, Any], *, first: int = 0) -> list[Unread]:
    """
    Offer all layers of a file that GDAL reads as they stand.

    Parameters
    ----------
    staged
        The file, laid out in a private folder.
    driver
        The only driver that may open it.
    shown
        Its name for people.
    options
        Open options of the driver.
    first
        What is added to a fid to make the number by which people find the record.

    Returns
    -------
    list of Unread
        In the order of the file.

    Raises
    ------
    SourceError
        D001 where the driver does not open it.
    """
    return [
        Unread(head.name, partial(layer, staged, driver, shown, head, options, first=first))
        for head in heads(staged, driver, shown, **options)
    ]


def layer(
    staged: Path, driver: str, shown: str, head: Head, options: dict[str, Any], *, first: int = 0
) -> RawLayer:
    """
    Read one layer of a file as it stands.

    Parameters
    ----------
    staged, driver, shown
        As for `each`.
    head
        The layer.
    options, first
        As for `each`.

    Returns
    -------
    RawLayer
        Its records, with D003 for each that is damaged.

    Raises
    ------
    SourceError
        D001 where it cannot be read.
    """
    records = read(staged, driver, head.name, shown, taker=wkb.taker(), **options)
    faults = damaged(shown, head.name, ((at + first, why) for at, why in records.damaged))
    short = parts.short_parts(shown, head.name, records.short)
    return RawLayer(
        shown,
        head.name,
        driver,
        head.crs,
        "",
        records.frame,
        records.fids + first,
        faults,
        left_out=short,
        curves=records.curves,
        ticket=records.ticket,
    )
