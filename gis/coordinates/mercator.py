"""
A plane for finding what is near: the ellipsoidal Mercator projection with its scale.

Mercator is conformal everywhere, so a small distance in the plane divided by the scale at its latitude is a distance
on the ground, without zones and so without zone borders. Over 1 km the error is below 1e-4 of the distance at
Isfahan's latitudes, over 10 m below 1e-6. Lengths that are reported come from `gis.lengths`, not from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# WGS 84
SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
_ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)
_ECCENTRICITY = _ECCENTRICITY_SQUARED**0.5


def project(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Project positions into the plane.

    Parameters
    ----------
    lonlat
        (n, 2) longitude and latitude, WGS 84 degrees; latitudes below 90.

    Returns
    -------
    numpy.ndarray
        (n, 2) x and y in Mercator metres. Formula: Karney (2011), "Transverse Mercator with an accuracy of a few
        nanometers", eq. 7 (isometric latitude).
    """
    sine = np.sin(np.radians(lonlat[:, 1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.arctanh(sine) - _ECCENTRICITY * np.arctanh(_ECCENTRICITY * sine)
    return np.column_stack([np.radians(lonlat[:, 0]), y]) * SEMI_MAJOR_M


def unproject(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Bring positions of the plane back.

    Parameters
    ----------
    xy
        (n, 2) Mercator metres.

    Returns
    -------
    numpy.ndarray
        (n, 2) longitude and latitude, WGS 84 degrees, to about 1e-14 radians.
    """
    isometric = np.asarray(xy)[:, 1] / SEMI_MAJOR_M
    sine = np.tanh(isometric)
    for _ in range(6):  # each round gains a factor of about 1/e² = 150
        sine = np.tanh(isometric + _ECCENTRICITY * np.arctanh(_ECCENTRICITY * sine))
    return np.column_stack([np.degrees(np.asarray(xy)[:, 0] / SEMI_MAJOR_M), np.degrees(np.arcsin(sine))])


def scale(lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Give the plane's scale.

    Parameters
    ----------
    lat
        (n,) latitudes, degrees.

    Returns
    -------
    numpy.ndarray
        (n,) plane metres per metre on the ellipsoid: √(1 − e² sin² φ) / cos φ (Snyder 1987, eq. 7-8).
    """
    angle = np.radians(lat)
    return np.sqrt(1 - _ECCENTRICITY_SQUARED * np.sin(angle) ** 2) / np.cos(angle)


def project_geometries(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """
    Project geometries into the plane.

    Parameters
    ----------
    geometries
        (n,) geometries in WGS 84 degrees; heights are dropped.

    Returns
    -------
    numpy.ndarray
        (n,) geometries in Mercator metres.
    """
    return np.asarray(shapely.transform(shapely.force_2d(geometries), project))
