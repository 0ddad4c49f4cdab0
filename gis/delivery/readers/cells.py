"""Geometry in the cells of tables, told by its values: WKT and EWKT, WKB and EWKB as bytes or hex, GeoJSON."""

from __future__ import annotations

import re
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from gis.coordinates.reading import Reading
from gis.delivery.readers import gdal
from gis.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    # A line, and which of its vertices were put in along a curve.
    _Curved = tuple[Any, NDArray[np.uint8] | None]

_SAMPLE = 50
_MOST = 0.5
_DEGREES = "EPSG:4326"
_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(?P<srid>\d+)\s*;)?\s*(?P<wkt>(?:(?:MULTI)?(?:POINT|LINESTRING|POLYGON|CURVE|SURFACE)|LINEARRING|"
    r"CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|GEOMETRYCOLLECTION)\s*(?:ZM|Z|M)?\s*(?:\(|EMPTY).*)",
    re.IGNORECASE | re.DOTALL,
)
# The order of bytes, the type, and what follows; databases write \x or 0x before it.
_HEX = re.compile(r"\s*(?:\\x|0x)?(?P<wkb>0[01](?:[0-9a-f]{2}){8,})\s*", re.IGNORECASE)
_GEOJSON = re.compile(r'\s*\{.*"type"\s*:\s*"[A-Za-z]+".*\}\s*', re.DOTALL)
_COORDINATES = re.compile(r'"(?:coordinates|geometries)"\s*:')
_SHORTEST_WKB = 9


@dataclass(frozen=True, eq=False)
class Shapes:
    """
    The geometry that a column of cells holds.

    Attributes
    ----------
    geometry
        (n,) geometries without M, None where a cell is empty or cannot be read.
    given
        (n,) whether the cell holds anything.
    crs
        The system that the cells name; None where they name none.
    roles
        Of each cell that holds a curve, which of the line's vertices were put in (`gis.inventory.Curves.roles`).
    brought
        Whether the cells name several systems and all were brought to degrees.
    """

    geometry: NDArray[np.object_]
    given: NDArray[np.bool_]
    crs: pyproj.CRS | None
    roles: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    brought: bool = False


def shapes(values: pd.Series[Any]) -> Shapes | None:
    """
    Read the geometry of a column.

    Arcs are parted into steps of 0.1° of their angle: no point of the arc is off by more than 0.4 millionths of its
    radius.

    Parameters
    ----------
    values
        (n,) cells of any kind.

    Returns
    -------
    Shapes or None
        None where most of the first cells that hold anything hold no geometry.
    """
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return None
    sample = values.dropna().head(_SAMPLE)
    if not len(sample) or np.mean([bool(_form(value)) for value in sample]) <= _MOST:
        return None
    given = values.notna().to_numpy()
    cells = values.to_numpy(dtype=object)
    forms = np.array([_form(value) if there else "" for value, there in zip(cells, given, strict=True)])
    geometry = np.full(len(cells), None, dtype=object)
    srids = np.zeros(len(cells), dtype=np.int64)
    roles: dict[int, NDArray[np.uint8]] = {}
    for form, (prepare, parse, by_gdal) in _FORMS.items():
        rows = np.flatnonzero(forms == form)
        if len(rows):
            geometry[rows], curved = _parsed([prepare(cells[row]) for row in rows], parse, by_gdal)
            roles |= {int(rows[at]): own for at, own in curved.items()}
    rows = np.flatnonzero(forms == "wkt")
    srids[rows] = [int(match["srid"] or 0) if (match := _WKT.match(cells[row])) else 0 for row in rows]
    binary = np.isin(forms, ("hex", "wkb"))
    srids[binary] = shapely.get_srid(geometry[binary])
    srids = np.where(shapely.is_missing(geometry), 0, srids)
    plain = shapely.set_srid(_without_m(geometry), 0)
    if (forms == "geojson").any() and not srids.any() and _in_degrees(plain):
        return Shapes(plain, given, pyproj.CRS(_DEGREES), roles)
    placed, crs, brought = _in_one_system(plain, srids)
    return Shapes(placed, given, crs, roles, brought)


def in_degrees(geometry: NDArray[np.object_], crs: pyproj.CRS) -> NDArray[np.object_]:
    """
    Bring geometries to WGS 84.

    Parameters
    ----------
    geometry
        (n,) geometries; None stays None.
    crs
        Their system.

    Returns
    -------
    numpy.ndarray
        (n,) geometries in degrees, EPSG:4326; heights stay.
    """
    read = Reading(crs)

    def placed(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([read.lonlat(xyz[:, :2]), xyz[:, 2:]])

    result = geometry.copy()
    for high in (False, True):
        of = ~shapely.is_missing(geometry) & (shapely.has_z(geometry) == high)
        result[of] = shapely.transform(geometry[of], placed, include_z=high)
    return result


def _form(value: Any) -> str:
    """Tell in which form a cell holds geometry: ``wkt``, ``hex``, ``wkb``, ``geojson``, or nothing."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        return "wkb" if len(data) >= _SHORTEST_WKB and data[0] in {0, 1} else ""
    if not isinstance(value, str):
        return ""
    if _WKT.match(value):
        return "wkt"
    if _HEX.fullmatch(value):
        return "hex"
    return "geojson" if _GEOJSON.fullmatch(value) and _COORDINATES.search(value) else ""


def _bare_wkt(value: str) -> str:
    match = _WKT.match(value)
    return match["wkt"] if match else ""


def _bare_wkb(value: str) -> bytes:
    match = _HEX.fullmatch(value)
    return bytes.fromhex(match["wkb"]) if match else b""


def _parsed(
    values: list[Any],
    parse: Callable[..., Any],
    by_gdal: Callable[[Any, Path], _Curved] | None,
) -> tuple[NDArray[np.object_], dict[int, NDArray[np.uint8]]]:
    """Read values at once; where there are curves among them, which Shapely does not read, those by GDAL."""
    geometry = np.full(len(values), None, dtype=object)
    roles = {}
    try:
        geometry[:] = parse(values, on_invalid="ignore")
    except (NotImplementedError, shapely.errors.ShapelyError, ValueError):
        for at, value in enumerate(values):
            geometry[at], own = _one(value, parse, by_gdal)
            if own is not None:
                roles[at] = own
    return geometry, roles


def _one(value: Any, parse: Callable[..., Any], by_gdal: Callable[[Any, Path], _Curved] | None) -> _Curved:
    try:
        return parse(value, on_invalid="ignore"), None
    except NotImplementedError:
        if by_gdal is None:
            return None, None
        with tempfile.TemporaryDirectory(prefix="fibre-") as folder:
            return by_gdal(value, Path(folder))
    except (shapely.errors.ShapelyError, ValueError):
        return None, None


def _curve_of_wkt(wkt: str, folder: Path) -> _Curved:
    file = folder / "curve.csv"
    file.write_text(f'id,WKT\n1,"{wkt}"\n', encoding="utf-8")
    return _flattened(file, "CSV")


def _curve_of_wkb(wkb: bytes, folder: Path) -> _Curved:
    file = folder / "curve.gpkg"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the system that a passing file does not have
            pyogrio.raw.write(
                file,
                np.array([wkb], dtype=object),
                [np.array([1])],
                ["id"],
                geometry_type="Unknown",
                driver="GPKG",
            )
    except (pyogrio.errors.GeometryError, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError):
        return None, None
    return _flattened(file, "GPKG")


def _flattened(file: Path, driver: str) -> _Curved:
    """Read the one geometry of a file of our own, its arcs as lines."""
    try:
        records = gdal.read(file, driver, file.stem, file.name)
    except SourceError:
        return None, None
    return next(iter(records.frame.geometry), None), None if records.curves is None else records.curves.roles


def _without_m(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Drop measures along the line, which are no heights."""
    result = geometry.copy()
    for high in (False, True):
        of = shapely.has_m(geometry) & (shapely.has_z(geometry) == high)
        if of.any():
            result[of] = shapely.force_2d(geometry[of])
        if high and of.any():
            heights = shapely.get_coordinates(geometry[of], include_z=True)
            result[of] = shapely.set_coordinates(shapely.force_3d(result[of]), heights)
    return result


def _in_degrees(geometry: NDArray[np.object_]) -> bool:
    bounds = np.abs(shapely.total_bounds(geometry))
    return bool(np.isfinite(bounds).all() and bounds[[0, 2]].max() <= 180 and bounds[[1, 3]].max() <= 90)  # noqa: PLR2004


def _in_one_system(
    geometry: NDArray[np.object_], srids: NDArray[np.int64]
) -> tuple[NDArray[np.object_], pyproj.CRS | None, bool]:
    """Give the system that the cells name; where they name several, bring all to degrees and say so."""
    named = {int(srid): _system(int(srid)) for srid in np.unique(srids[srids > 0])}
    known = {srid: crs for srid, crs in named.items() if crs is not None}
    if len(named) < 2:  # noqa: PLR2004 - one system for all
        return geometry, next(iter(known.values()), None), False
    result = np.full(len(geometry), None, dtype=object)
    for srid, crs in known.items():
        of = srids == srid
        result[of] = in_degrees(geometry[of], crs)
    return result, pyproj.CRS(_DEGREES), True


def _system(srid: int) -> pyproj.CRS | None:
    """Give the system of a number that databases call it by; None for those that are a database's own."""
    for authority in ("EPSG", "ESRI"):
        try:
            return gdal.plain_crs(pyproj.CRS.from_authority(authority, srid))
        except pyproj.exceptions.CRSError:
            continue
    return None


def _same(value: Any) -> Any:
    return bytes(value) if not isinstance(value, str) else value


_FORMS: dict[str, tuple[Callable[[Any], Any], Callable[..., Any], Callable[[Any, Path], _Curved] | None]] = {
    "wkt": (_bare_wkt, shapely.from_wkt, _curve_of_wkt),
    "hex": (_bare_wkb, shapely.from_wkb, _curve_of_wkb),
    "wkb": (_same, shapely.from_wkb, _curve_of_wkb),
    "geojson": (_same, shapely.from_geojson, None),
}
