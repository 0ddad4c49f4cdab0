"""Coordinate reference systems: recognised, named, and brought to WGS 84."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from pyproj.transformer import TransformerGroup

from gis.coordinates.doubts import Doubt
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_WGS84, _ED77 = 4326, 4154
_GLOBE = (360.0, 90.0)


def to_wgs84(xy: Array, crs: pyproj.CRS, *, swapped: bool = False) -> Array:
    """
    Bring coordinates to WGS 84 longitude and latitude.

    ED50(ED77) goes by the transformation of the EPSG registry that is made for the whole of Iran,
    "ED50(ED77) to WGS 84 (1)" (EPSG:1514, position vector: −110.33, −97.73, −119.85 m; 0.3423″, 1.1634″,
    0.2715″; 0.063 ppm; accuracy 1 m), never by one of those for single oil fields, so that no layer is
    torn. Other datums go by PROJ's best transformation that needs no grid from the network.

    Parameters
    ----------
    xy
        (n, 2) coordinates, easting or longitude first whatever the system's own order, in its units.
    crs
        Their coordinate reference system.
    swapped
        Northing or latitude is first in ``xy``.

    Returns
    -------
    numpy.ndarray
        (n, 2) degrees, EPSG:4326; NaN where a coordinate is not finite or outside what the projection can do.
    """
    xy = np.asarray(xy, dtype=np.float64)
    x, y = (xy[:, 1], xy[:, 0]) if swapped else (xy[:, 0], xy[:, 1])
    crs = recognised(crs)
    if crs.to_epsg() != _WGS84:  # which stays to the last bit
        x, y = _transformer(crs).transform(x, y)
    lonlat = np.column_stack([x, y])
    sound = np.isfinite(lonlat).all(axis=1)
    if crs.is_projected:
        sound &= (np.abs(lonlat) <= _GLOBE).all(axis=1)
    lonlat[~sound] = np.nan
    return lonlat


def from_wgs84(lonlat: Array, crs: pyproj.CRS, *, swapped: bool = False) -> Array:
    """
    Give the numbers that `to_wgs84` made positions of.

    Parameters
    ----------
    lonlat
        (n, 2) degrees, EPSG:4326.
    crs
        The coordinate reference system to give them in.
    swapped
        Northing or latitude is to be first.

    Returns
    -------
    numpy.ndarray
        (n, 2) coordinates in the system's units, easting or longitude first unless swapped.
    """
    x, y = np.asarray(lonlat, dtype=np.float64).T
    crs = recognised(crs)
    if crs.to_epsg() != _WGS84:
        x, y = _transformer(crs).transform(x, y, direction="INVERSE")
    return np.column_stack([y, x] if swapped else [x, y])


@cache
def _transformer(crs: pyproj.CRS) -> pyproj.Transformer:
    if crs.geodetic_crs is not None and crs.geodetic_crs.to_epsg() == _ED77:
        # The first of the group is the best one over the whole area of use.
        return TransformerGroup(crs, _WGS84, always_xy=True).transformers[0]
    return pyproj.Transformer.from_crs(crs, _WGS84, always_xy=True)


def recognised(crs: pyproj.CRS) -> pyproj.CRS:
    """
    Find the registered system that a description without a code amounts to, as the .prj file of a shapefile.

    Parameters
    ----------
    crs
        Any coordinate reference system.

    Returns
    -------
    pyproj.CRS
        The two-dimensional system of the EPSG registry, or ``crs`` itself where there is none.
    """
    return _recognised(crs)


@cache
def _recognised(crs: pyproj.CRS) -> pyproj.CRS:
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    code = crs.to_epsg(min_confidence=60)
    return pyproj.CRS.from_epsg(code) if code is not None else crs


def label(crs: pyproj.CRS) -> str:
    """
    Name a coordinate reference system.

    Parameters
    ----------
    crs
        Any.

    Returns
    -------
    str
        Its name with its code where it has one: ``WGS 84 / UTM zone 39N (EPSG:32639)``.
    """
    authority = recognised(crs).to_authority()
    return f"{crs.name} ({':'.join(authority)})" if authority else crs.name


def authority(crs: pyproj.CRS) -> str:
    """
    Give the code of a coordinate reference system.

    Parameters
    ----------
    crs
        Any.

    Returns
    -------
    str
        ``EPSG:32639``, or WKT where it has no code.
    """
    found = recognised(crs).to_authority()
    return ":".join(found) if found else crs.to_wkt()


def datum(crs: pyproj.CRS) -> str:
    """
    Name the datum of a system, by its geographic system.

    Parameters
    ----------
    crs
        Any.

    Returns
    -------
    str
        ``WGS 84``, ``ED50(ED77)``.
    """
    geodetic = recognised(crs).geodetic_crs
    return geodetic.name if geodetic is not None else crs.name


def in_use(crs: pyproj.CRS, lonlat: Array, margin_deg: float = 1.0) -> NDArray[np.bool_]:
    """
    Tell which positions lie where a system is used: its area of use in the registry, of a UTM zone its six degrees.

    Parameters
    ----------
    crs
        The system.
    lonlat
        (n, 2) WGS 84 positions.
    margin_deg
        How far beyond it a position may lie, degrees: surveys run on past the border of a zone.

    Returns
    -------
    numpy.ndarray
        (n,) booleans; all finite positions where nobody says where the system is used.
    """
    use = _use(recognised(crs))
    inside = np.isfinite(lonlat).all(axis=1)
    if use is None:
        return np.asarray(inside)
    west, south, east, north = use
    # Areas may run over the antimeridian.
    width = 360.0 if east - west >= _GLOBE[0] else (east - west) % 360
    along = (lonlat[:, 0] - west + margin_deg) % 360
    inside &= (along <= width + 2 * margin_deg) & (lonlat[:, 1] >= south - margin_deg)
    return np.asarray(inside & (lonlat[:, 1] <= north + margin_deg))


@cache
def _use(crs: pyproj.CRS) -> tuple[float, float, float, float] | None:
    zone, area = crs.utm_zone, crs.area_of_use
    if zone is None:
        return area.bounds if area is not None else None
    # What the registry gives for a zone is often one country's part of it.
    datum_area = crs.geodetic_crs.area_of_use if crs.geodetic_crs is not None else None
    south, north = (datum_area.south, datum_area.north) if datum_area is not None else (-_GLOBE[1], _GLOBE[1])
    west = 6.0 * int(zone[:-1]) - 186
    return (
        (west, max(south, 0.0), west + 6, north)
        if zone[-1] == "N"
        else (west, south, west + 6, min(north, 0.0))
    )


def beside(crs: pyproj.CRS) -> list[pyproj.CRS]:
    """
    List the systems that are easily taken for one: the UTM zones beside it, and the degrees of its datum.

    Parameters
    ----------
    crs
        Any.

    Returns
    -------
    list of pyproj.CRS
        None for a system without a code.
    """
    crs = recognised(crs)
    zone, code = crs.utm_zone, crs.to_epsg()
    found = [crs.geodetic_crs] if crs.is_projected and crs.geodetic_crs is not None else []
    for step in (-1, 1) if zone is not None and code is not None else ():
        try:
            other = pyproj.CRS.from_epsg((code or 0) + step)
        except pyproj.exceptions.CRSError:
            continue
        if (
            zone is not None
            and other.utm_zone == f"{int(zone[:-1]) + step}{zone[-1]}"
            and other.geodetic_crs == crs.geodetic_crs
        ):
            found.append(other)
    return found


def zones(bounds: tuple[float, float, float, float]) -> list[pyproj.CRS]:
    """
    List the WGS 84 UTM zones that an area reaches.

    Parameters
    ----------
    bounds
        West, south, east and north, degrees.

    Returns
    -------
    list of pyproj.CRS
        From west to east; none for more than six, which tell nothing.
    """
    west, south, east, north = bounds
    numbers = range(int((west + 180) // 6) + 1, min(int((east + 180) // 6) + 1, 60) + 1)
    if len(numbers) > 6:  # noqa: PLR2004 - as said above
        return []
    bases = [base for base, reached in ((32600, north > 0), (32700, south < 0)) if reached]
    return [pyproj.CRS.from_epsg(base + number) for base in bases for number in numbers if number > 0]


def unfit(crs: pyproj.CRS) -> list[tuple[str, dict[str, Any]]]:
    """
    Tell whether lengths should not be taken in a declared system: Web Mercator, feet, unknown units or place.

    Parameters
    ----------
    crs
        The declared system.

    Returns
    -------
    list of (str, dict)
        Nothing, or C106 with the fields ``declared`` and ``why``.
    """
    known = recognised(crs)
    why = None
    if (
        known.to_epsg() in {3857, 3785, 900913}
        or "pseudo-mercator" in known.name.lower()
        or "web_mercator" in known.name.lower()
    ):
        why = Text(
            "Web Mercator: its metres are too long, by about 19 % at Isfahan",
            "مرکاتور وب: مترهای آن بلندتر از واقع است، در اصفهان نزدیک ۱۹٪",
        )
    elif not known.is_geographic and not known.is_projected:
        why = Text(
            "a local system whose place on Earth is unknown", "دستگاهی محلی که جایش روی زمین معلوم نیست"
        )
    elif known.is_projected:
        units = {axis.unit_name.lower() for axis in known.axis_info[:2]}
        factors = {axis.unit_conversion_factor for axis in known.axis_info[:2]}
        if any("foot" in unit or "feet" in unit for unit in units):
            why = Text("its unit is the foot", "یکای آن فوت است")
        elif factors != {1.0}:
            why = Text("its unit is not the metre: {unit}", "یکای آن متر نیست: {unit}").filled(
                unit=", ".join(sorted(units))
            )
    return [(Doubt.UNFIT, {"declared": label(crs), "why": why})] if why else []


def mixed(declared: Mapping[str, pyproj.CRS | None]) -> list[tuple[str, dict[str, Any]]]:
    """
    Tell whether the layers of one delivery declare different systems.

    Parameters
    ----------
    declared
        Layer to the system that it declares; layers that declare none do not count.

    Returns
    -------
    list of (str, dict)
        Nothing, or C107 with the field ``systems``: which layers are in which.
    """
    systems: dict[str, list[str]] = {}
    for layer, crs in declared.items():
        if crs is not None:
            systems.setdefault(label(crs), []).append(layer)
    if len(systems) < 2:  # noqa: PLR2004 - one is no mixture
        return []
    told = [f"{crs}: {', '.join(layers)}" for crs, layers in systems.items()]
    return [(Doubt.SEVERAL, {"systems": Text.literal("; ".join(told), "؛ ".join(told))})]
