"""Trying a reading of coordinates: how much of a layer it brings into the area and near to known points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from gis.coordinates import mercator
from gis.coordinates.reading import Reading
from gis.coordinates.systems import authority, beside, in_use, zones
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Array = NDArray[np.float64]

# WGS 84 and ED50(ED77), geographic and UTM zones 38N to 41N, and Web Mercator, by EPSG code; where two put a
# layer at the same place, the first one is believed.
CANDIDATES = (4326, 32638, 32639, 32640, 32641, 4154, 2058, 2059, 2060, 2061, 3857)
# Iran on land and offshore: the area of use of ED50(ED77) in the EPSG registry, rounded outwards.
IRAN = shapely.box(44.0, 23.3, 63.4, 39.8)
_SAMPLE = 10_000
MANY = 0.5
_AS_GOOD = 0.8
_SAME_PLACE_M = 2_000.0
# What lies further from everything that is known than this is somewhere else.
NEAR_KNOWN_M = 50_000.0
MUCH_NEARER = 0.25
PAIRED_M = 2.0
PAIRS = 3
_SHIFT_AT_MOST_M = 1_000.0
_CIRCLE = 360.0
# A survey that runs on into the neighbouring zone keeps its own, for a degree; a whole province does so for a
# little more, which is believed where nothing else fits.
_BEYOND_DEG, _STRETCHED_DEG = 1.0, 1.25
# What is declared may be stretched further: 10° from the central meridian.
_UTM_EASTING = (-0.5e6, 1.5e6)
_UTM_NORTHING = (0.0, 1e7)


class Trial:
    """A layer's positions tried in every reading."""

    def __init__(
        self,
        xy: Array,
        area: BaseGeometry | None,
        known: Array | None,
        declared: pyproj.CRS | None,
        candidates: Iterable[Any],
    ) -> None:
        self.xy = xy
        self.area_given = area is not None
        self.declared = declared
        # Numbers without a system of their own are tried in the systems of Iran; a declared one presumes no country.
        self.presumed = area is None and (declared is None or _no_degrees(declared, xy))
        self.area = IRAN if self.presumed else area
        if self.area is not None:
            shapely.prepare(self.area)
        self.known = np.empty((0, 2)) if known is None else distinct(known)
        systems = [pyproj.CRS.from_user_input(code) for code in (*CANDIDATES, *candidates)]
        if declared is not None:
            systems = [declared, *systems, *beside(declared)]
        if area is not None:
            systems += zones(area.bounds)
        each: dict[str, pyproj.CRS] = {}
        for crs in systems:
            each.setdefault(authority(crs), crs)
        self.readings = [Reading(crs, swapped) for swapped in (False, True) for crs in each.values()]
        self._lonlat: dict[Reading, Array] = {}
        self._beyond_deg = _BEYOND_DEG
        if not self._reached():
            self._beyond_deg = _STRETCHED_DEG
            self._lonlat.clear()

    def _reached(self) -> bool:
        """Tell whether any reading puts the layer into the area, or without one near to what is known."""
        if self.area_given:
            return bool(self.viable())
        return not len(self.known) or any(self.nearness_m(r) <= NEAR_KNOWN_M for r in self.readable())

    def lonlat(self, reading: Reading) -> Array:
        """
        Give the (n, 2) WGS 84 positions of the numbers in a reading, NaN outside what its system is for.

        Parameters
        ----------
        reading
            What the numbers are taken for.

        Returns
        -------
        numpy.ndarray
            (n, 2) longitude and latitude, WGS 84 degrees.
        """
        if reading not in self._lonlat:
            lonlat = within_domain(reading, self.xy)
            if reading.swapped or reading.crs is not self.declared:
                lonlat[~in_use(reading.crs, lonlat, self._beyond_deg)] = np.nan
            self._lonlat[reading] = lonlat
        return self._lonlat[reading]

    def inside(self, reading: Reading) -> int:
        """
        Count the positions that a reading puts into the area.

        Parameters
        ----------
        reading
            What the numbers are taken for.

        Returns
        -------
        int
            How many of the layer's positions lie in it.
        """
        return int(self.covered(self.lonlat(reading)).sum())

    def covered(self, lonlat: Array) -> NDArray[np.bool_]:
        """
        Tell which of (n, 2) WGS 84 positions lie in the area; without one, where the declared system is used.

        Parameters
        ----------
        lonlat
            (n, 2) longitude and latitude, WGS 84 degrees; NaN lies nowhere.

        Returns
        -------
        numpy.ndarray
            (n,) True where a position lies in the area or on its border.
        """
        if self.area is None:
            sound = np.isfinite(lonlat).all(axis=1)
            return np.asarray(sound if self.declared is None else in_use(self.declared, lonlat), dtype=bool)
        return np.asarray(shapely.intersects_xy(self.area, lonlat[:, 0], lonlat[:, 1]))

    def viable(self) -> list[Reading]:
        """
        List the readings that put the layer into the area.

        Returns
        -------
        list of Reading
            Those that put most positions there, and nearly as many as the best does, in the order
            of the candidates.
        """
        counts = {reading: self.inside(reading) for reading in self.readings}
        most = max(counts.values())
        return [r for r, count in counts.items() if count >= _AS_GOOD * most and count > MANY * len(self.xy)]

    def readable(self) -> list[Reading]:
        """
        List the readings that put the layer where their own system is used.

        Returns
        -------
        list of Reading
            In the order in which they are tried.
        """
        return [
            r for r in self.readings if np.isfinite(self.lonlat(r)).all(axis=1).sum() > MANY * len(self.xy)
        ]

    def centre(self, reading: Reading) -> Array:
        """
        Give the (2,) median WGS 84 position in a reading; NaN where there is none.

        Parameters
        ----------
        reading
            What the numbers are taken for.

        Returns
        -------
        numpy.ndarray
            (2,) longitude and latitude, WGS 84 degrees.
        """
        lonlat = self.lonlat(reading)
        return np.asarray(np.nanmedian(lonlat, axis=0)) if np.isfinite(lonlat).any() else np.full(2, np.nan)

    def places(self, readings: Sequence[Reading]) -> list[list[Reading]]:
        """
        Group readings that put the layer at the same place, give or take a datum.

        Parameters
        ----------
        readings
            Readings under trial.

        Returns
        -------
        list of list of Reading
            The groups, each with its first reading first.
        """
        groups: list[list[Reading]] = []
        for reading in readings:
            for group in groups:
                if _distance_m(self.centre(reading), self.centre(group[0])) < _SAME_PLACE_M:
                    group.append(reading)
                    break
            else:
                groups.append([reading])
        return groups

    def nearness_m(self, reading: Reading) -> float:
        """
        Give the median distance of the layer's positions to the nearest known point.

        Parameters
        ----------
        reading
            What the numbers are taken for.

        Returns
        -------
        float
            Metres; infinite where there is no position or no known point.
        """
        return self.away_m(self.lonlat(reading))

    def away_m(self, lonlat: Array) -> float:
        """
        Give the median distance of positions to the nearest known point.

        Parameters
        ----------
        lonlat
            (n, 2) longitude and latitude, WGS 84 degrees.

        Returns
        -------
        float
            Metres; infinite where there is no position or no known point.
        """
        lonlat = lonlat[np.isfinite(lonlat).all(axis=1)]
        if not len(lonlat) or not len(self.known):
            return float("inf")
        from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy, and few layers need it

        plane = mercator.project(lonlat)
        sound = np.isfinite(plane).all(axis=1)
        if not sound.any():
            return float("inf")
        near, _ = cKDTree(mercator.project(self.known)).query(plane[sound])
        return float(np.median(near / mercator.scale(lonlat[sound, 1])))

    def by_known(self, places: Sequence[list[Reading]]) -> list[Reading] | None:
        """
        Pick the place that known points are at, if one is nearer to them by far.

        Parameters
        ----------
        places
            Groups of readings, as `places` gives them.

        Returns
        -------
        list of Reading or None
            The group; None where none is.
        """
        if not len(self.known) or not places:
            return None
        ranked = sorted(places, key=lambda place: self.nearness_m(place[0]))
        best = self.nearness_m(ranked[0][0])
        rest = self.nearness_m(ranked[1][0]) if len(ranked) > 1 else float("inf")
        return ranked[0] if best < NEAR_KNOWN_M and best < MUCH_NEARER * rest else None

    def by_pairs(self, place: Sequence[Reading]) -> tuple[Reading, int] | None:
        """
        Pick the datum under which positions of the layer fall on known points, if just one does that.

        Parameters
        ----------
        place
            Readings that put the layer at the same place.

        Returns
        -------
        tuple of (Reading, int) or None
            The reading and how many positions fall on known points; None where no datum stands
            out.
        """
        pairs = {reading: _pairs(self.lonlat(reading), self.known) for reading in place}
        best = max(place, key=lambda reading: pairs[reading][0])
        count, possible = pairs[best]
        others = [pairs[r][0] for r in place if self._shift_m(r, best) > PAIRED_M]
        if count >= max(PAIRS, MANY * possible) and count > 2 * max(others, default=0):
            return best, count
        return None

    def _shift_m(self, one: Reading, other: Reading) -> float:
        return _distance_m(self.centre(one), self.centre(other))

    def told(self, reading: Reading) -> Text:
        """
        Say how many positions a reading puts into the area.

        Parameters
        ----------
        reading
            What the numbers are taken for.

        Returns
        -------
        Text
            The sentence.
        """
        return Text(
            "read in {reading}, {inside} of {of} points lie in {area}",
            "با خواندن در {reading}، {inside} نقطه از {of} نقطه در {area} می‌افتند",
        ).filled(reading=reading.label, inside=self.inside(reading), of=len(self.xy), area=self.area_name)

    @property
    def area_name(self) -> Text:
        """The area in words."""
        if self.area is None:
            return Text("the declared system's area of use", "گسترهٔ کاربرد دستگاه اعلام‌شده")
        return Text("the area", "محدوده") if self.area_given else Text("Iran", "ایران")


def shift_m(one: Array, other: Array) -> tuple[float, float]:
    """
    Give the median way from positions to others.

    Parameters
    ----------
    one, other
        (n, 2) WGS 84 positions, pairwise, metres to kilometres apart.

    Returns
    -------
    tuple of float
        Metres east and north on the ellipsoid.
    """
    both = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    way = (mercator.project(other[both]) - mercator.project(one[both])) / mercator.scale(one[both][:, 1])[
        :, None
    ]
    east, north = np.median(way, axis=0)
    return float(east), float(north)


def box_inside(reading: Reading, xy: Array, area: BaseGeometry) -> bool:
    """
    Tell whether the box about all numbers lies in the area: then, as mostly, no position need be looked at.

    Parameters
    ----------
    reading
        What the numbers are taken for.
    xy
        (n, 2) finite numbers as they stand in the file, x first.
    area
        The area, WGS 84 degrees.

    Returns
    -------
    bool
        True where it does; False says nothing of the positions themselves.
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    along, zero, one = np.linspace(0, 1, 33), np.zeros(33), np.ones(33)
    sides = [(along, zero), (along, one), (zero, along), (one, along)]
    ring = np.concatenate([low + np.column_stack(side) * (high - low) for side in sides])
    lonlat = within_domain(reading, ring)
    # The sides are curves on the ground, from which chords of 1/32 of them keep well within this margin.
    hull = shapely.MultiPoint(lonlat).convex_hull.buffer(0.01) if np.isfinite(lonlat).all() else None
    return hull is not None and bool(area.covers(hull))


def zeros(xy: Array) -> NDArray[np.bool_]:
    """
    Find positions that were never measured: both numbers zero, or one of them in a layer far from zero.

    Parameters
    ----------
    xy
        (n, 2) numbers as they stand in the file, x first.

    Returns
    -------
    numpy.ndarray
        (n,) True for each such position.
    """
    if xy.all():
        return np.zeros(len(xy), dtype=bool)
    finite = xy[np.isfinite(xy).all(axis=1) & (xy != 0).any(axis=1)]
    with np.errstate(over="ignore"):
        far = np.abs(np.median(finite, axis=0)) > 1 if len(finite) else np.zeros(2, dtype=bool)
    return np.asarray((xy == 0).all(axis=1) | ((xy == 0) & far).any(axis=1))


def thinned(xy: Array) -> Array:
    """
    Take at most some ten thousand positions, evenly spread: enough to tell where a layer is.

    Parameters
    ----------
    xy
        (n, 2) positions.

    Returns
    -------
    numpy.ndarray
        (m, 2) of them, a view.
    """
    return xy[:: -(-len(xy) // _SAMPLE)]


def within_domain(reading: Reading, xy: Array) -> Array:
    """
    Read positions, NaN where a number lies outside what a surveyor would meet in the system.

    Parameters
    ----------
    reading
        What the numbers are taken for.
    xy
        (n, 2) numbers as they stand in the file, x first.

    Returns
    -------
    numpy.ndarray
        (n, 2) longitude and latitude, WGS 84 degrees.
    """
    lonlat = np.full(xy.shape, np.nan)
    x, y = (xy[:, 1], xy[:, 0]) if reading.swapped else (xy[:, 0], xy[:, 1])
    if reading.crs.is_geographic:
        sound = (np.abs(x) <= _CIRCLE) & (np.abs(y) <= _CIRCLE / 4)
    elif reading.crs.utm_zone is not None:
        sound = (
            (x > _UTM_EASTING[0]) & (x < _UTM_EASTING[1]) & (y >= _UTM_NORTHING[0]) & (y < _UTM_NORTHING[1])
        )
    else:
        sound = np.isfinite(x) & np.isfinite(y)
    if sound.any():
        lonlat[sound] = reading.lonlat(xy[sound])
    return lonlat


def distinct(lonlat: Array) -> Array:
    """
    Give the different positions of a layer, those without a place in the Mercator plane left out.

    Parameters
    ----------
    lonlat
        (n, 2) longitude and latitude, WGS 84 degrees.

    Returns
    -------
    numpy.ndarray
        (m, 2) of them, sorted.
    """
    return np.unique(lonlat[np.isfinite(mercator.project(lonlat)).all(axis=1)], axis=0)


def _distance_m(one: Array, other: Array) -> float:
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("inf")
    return float(pyproj.Geod(ellps="WGS84").inv(*one, *other)[2])


def _pairs(lonlat: Array, known: Array) -> tuple[int, int]:
    """Count positions that fall on known points, and those that could: neither more than there are of the others."""
    lonlat = distinct(lonlat)
    if not len(lonlat) or not len(known):
        return 0, 0
    from scipy.spatial import cKDTree  # noqa: PLC0415 - as above

    plane = mercator.project(known)
    near, which = cKDTree(plane).query(mercator.project(lonlat))
    near = near / mercator.scale(lonlat[:, 1])
    around = cKDTree(mercator.project(lonlat)).query(plane)[0] / mercator.scale(
        mercator.unproject(plane)[:, 1]
    )
    possible = min(int((near < _SHIFT_AT_MOST_M).sum()), int((around < _SHIFT_AT_MOST_M).sum()))
    return len(np.unique(which[near <= PAIRED_M])), possible


def degrees(xy: Array) -> bool:
    """
    Tell whether numbers can be degrees.

    Parameters
    ----------
    xy
        (n, 2) numbers.

    Returns
    -------
    bool
        True where all lie within ±180 and ±90.
    """
    return bool((np.abs(xy) <= [180, 90]).all())


def metric_numbers_in_degrees(trial: Trial, reading: Reading) -> bool:
    """
    Tell whether a layer that is said to be in degrees has numbers that are none.

    Parameters
    ----------
    trial
        The layer's numbers.
    reading
        How they are said to be.

    Returns
    -------
    bool
        True where most of them lie beyond a full circle.
    """
    return _no_degrees(reading.crs, trial.xy)


def _no_degrees(crs: pyproj.CRS, xy: Array) -> bool:
    return crs.is_geographic and bool((np.abs(xy) > _CIRCLE).any(axis=1).mean() > MANY)
