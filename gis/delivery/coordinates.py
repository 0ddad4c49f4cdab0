"""
Which coordinate reference system a layer's coordinates are really in.

A file may declare none, the neighbouring zone, the other datum, or hold latitude first. Each way of reading its
numbers puts it somewhere; the area of the survey and points that are known already tell which ways can be
right. A declared system is read as declared all the same, and what speaks against it is reported: nothing is
repaired in silence. What the evidence leaves open stays open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from gis import mercator
from gis.delivery.systems import authority, datum, from_wgs84, label, recognised, to_wgs84, unfit
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Array = NDArray[np.float64]

__all__ = [
    "CANDIDATES",
    "IRAN",
    "Belief",
    "Reading",
    "authority",
    "believe",
    "label",
    "recognised",
    "shift_m",
    "to_wgs84",
]

# WGS 84 and ED50(ED77), geographic and UTM zones 38N to 41N, and Web Mercator, by EPSG code; where two put a
# layer at the same place, the first one is believed.
CANDIDATES = (4326, 32638, 32639, 32640, 32641, 4154, 2058, 2059, 2060, 2061, 3857)

# Iran on land and offshore: the area of use of ED50(ED77) in the EPSG registry, rounded outwards.
IRAN = shapely.box(44.0, 23.3, 63.4, 39.8)

_SAMPLE = 20_000
_MOST = 0.95
_MANY = 0.5
_AS_GOOD = 0.8
_SAME_PLACE_M = 2_000.0
_NEAR_KNOWN_M = 50_000.0
_MUCH_NEARER = 0.25
_PAIRED_M = 2.0
_PAIRS = 3
_SHIFT_AT_MOST_M = 1_000.0
_CIRCLE = 360.0
# A survey that runs on into the neighbouring zone keeps its own: 10° from the central meridian.
_UTM_EASTING = (-0.5e6, 1.5e6)
_UTM_NORTHING = (0.0, 1e7)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One way of reading a layer's numbers.

    Attributes
    ----------
    crs
        The coordinate reference system.
    swapped
        Whether the first number is the northing or latitude.
    """

    crs: pyproj.CRS
    swapped: bool = False

    def lonlat(self, xy: Array) -> Array:
        """Read (n, 2) numbers as WGS 84 longitude and latitude; see `to_wgs84`."""
        return to_wgs84(xy, self.crs, swapped=self.swapped)

    def numbers(self, lonlat: Array) -> Array:
        """Give back the (n, 2) numbers that `lonlat` made positions of."""
        return from_wgs84(lonlat, self.crs, swapped=self.swapped)

    @property
    def label(self) -> Text:
        """The reading in words."""
        if self.swapped:
            return Text("{crs} with its axes swapped", "{crs} با محورهای جابه‌جا").filled(crs=label(self.crs))
        return Text("{crs}", "{crs}").filled(crs=label(self.crs))


@dataclass(frozen=True, slots=True)
class Belief:
    """
    What a layer's coordinates are believed to be.

    Attributes
    ----------
    read
        How they are to be read into the inventory: as declared where a system is declared, else as believed; None where
        neither is known.
    crs
        The system that they are believed to be in; None where the evidence leaves it open.
    swapped
        Whether their axes are believed to be swapped.
    declared_ok
        Whether the evidence is content with the declared system; False without one.
    evidence
        In words, what the belief rests on.
    notes
        Code and message fields of what is to be reported: C101, C103, C104, C105, C106, C109 and, where an area was
        given, C102. A note about some positions only has their row numbers in the field ``rows``.
    open
        The readings that remain where the evidence does not decide.
    """

    read: Reading | None
    crs: pyproj.CRS | None
    swapped: bool
    declared_ok: bool
    evidence: Text
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    open: tuple[Reading, ...] = ()


def believe(
    xy: Array,
    declared: pyproj.CRS | None,
    area: BaseGeometry | None = None,
    known: Array | None = None,
    candidates: Iterable[Any] = (),
) -> Belief:
    """
    Find out what a layer's coordinates really are.

    Each candidate system, axes as they are and swapped, is a reading. Readings that put the layer into the area
    are viable; several at one place differ by datum only, and the declared or else the first one stands for
    them. Points known already decide between places (the nearest by far) and between datums (when at least
    three points of the layer, and half of those that could, pair with known points within 2 m under exactly one
    of them). A declared system is doubted only where it puts less than half of the layer into the area and
    another one nearly all of it, or where known points say so.

    Parameters
    ----------
    xy
        (n, 2) numbers as the file has them: vertices, or a position a feature.
    declared
        The system that the file declares.
    area
        Where the survey is, a polygon in WGS 84; None: Iran, and nothing is reported as outside.
    known
        (m, 2) WGS 84 positions of offices or manholes that are known already.
    candidates
        Further systems to consider, as pyproj takes them.

    Returns
    -------
    Belief
        The belief, what it rests on, and what is to be reported.
    """
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    zero = _zeros(xy)
    notes: list[tuple[str, dict[str, Any]]] = []
    if zero.any():
        notes.append(("C109", {"rows": np.flatnonzero(zero), "count": int(zero.sum()), "of": len(xy)}))
    usable = np.isfinite(xy).all(axis=1) & ~zero
    if declared is not None:
        notes += unfit(declared)
    if not usable.any():
        return _without_positions(declared, notes)
    sample = _thinned(xy if usable.all() else xy[usable])
    trial = _Trial(sample, area, known, declared, candidates)
    if declared is None:
        return _undeclared(trial, notes)
    belief = _declared(trial, Reading(declared), notes)
    if trial.area_given:
        _outside(xy, usable, belief, trial, notes)
    return belief


class _Trial:
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
        self.area = IRAN if area is None else area
        self.area_given = area is not None
        shapely.prepare(self.area)
        self.declared = declared
        self.known = np.empty((0, 2)) if known is None else known[np.isfinite(known).all(axis=1)]
        systems = [pyproj.CRS.from_user_input(code) for code in (*CANDIDATES, *candidates)]
        if declared is not None:
            systems = [
                declared,
                *(crs for crs in systems if not recognised(crs).equals(recognised(declared))),
            ]
        self.readings = [Reading(crs, swapped) for swapped in (False, True) for crs in systems]
        self._lonlat: dict[Reading, Array] = {}

    def lonlat(self, reading: Reading) -> Array:
        if reading not in self._lonlat:
            self._lonlat[reading] = _within_domain(reading, self.xy)
        return self._lonlat[reading]

    def inside(self, reading: Reading) -> int:
        return int(self.covered(self.lonlat(reading)).sum())

    def covered(self, lonlat: Array) -> NDArray[np.bool_]:
        return np.asarray(shapely.intersects_xy(self.area, lonlat[:, 0], lonlat[:, 1]))

    def viable(self) -> list[Reading]:
        """List the readings that put the layer into the area."""
        counts = {reading: self.inside(reading) for reading in self.readings}
        most = max(counts.values())
        return [r for r, count in counts.items() if count >= _AS_GOOD * most and count > _MANY * len(self.xy)]

    def centre(self, reading: Reading) -> Array:
        lonlat = self.lonlat(reading)
        return np.asarray(np.nanmedian(lonlat, axis=0)) if np.isfinite(lonlat).any() else np.full(2, np.nan)

    def places(self, readings: Sequence[Reading]) -> list[list[Reading]]:
        """Group readings that put the layer at the same place, give or take a datum."""
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
        """Give the median distance of the layer's positions to the nearest known point."""
        lonlat = self.lonlat(reading)
        lonlat = lonlat[np.isfinite(lonlat).all(axis=1)]
        if not len(lonlat) or not len(self.known):
            return float("inf")
        from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy, and few layers need it

        near, _ = cKDTree(mercator.project(self.known)).query(mercator.project(lonlat))
        return float(np.median(near / mercator.scale(lonlat[:, 1])))

    def by_known(self, places: Sequence[list[Reading]]) -> list[Reading] | None:
        """Pick the place that known points are at, if one is nearer to them by far."""
        if not len(self.known) or not places:
            return None
        ranked = sorted(places, key=lambda place: self.nearness_m(place[0]))
        best = self.nearness_m(ranked[0][0])
        rest = self.nearness_m(ranked[1][0]) if len(ranked) > 1 else float("inf")
        return ranked[0] if best < _NEAR_KNOWN_M and best < _MUCH_NEARER * rest else None

    def by_pairs(self, place: Sequence[Reading]) -> tuple[Reading, int] | None:
        """Pick the datum under which positions of the layer fall on known points, if just one does that."""
        pairs = {reading: _pairs(self.lonlat(reading), self.known) for reading in place}
        best = max(place, key=lambda reading: pairs[reading][0])
        count, possible = pairs[best]
        others = [pairs[r][0] for r in place if self._shift_m(r, best) > _PAIRED_M]
        if count >= max(_PAIRS, _MANY * possible) and count > 2 * max(others, default=0):
            return best, count
        return None

    def _shift_m(self, one: Reading, other: Reading) -> float:
        return _distance_m(self.centre(one), self.centre(other))

    def told(self, reading: Reading) -> Text:
        """Say how many positions a reading puts into the area."""
        return Text(
            "read in {reading}, {inside} of {of} points lie in {area}",
            "با خواندن در {reading}، {inside} نقطه از {of} نقطه در {area} می‌افتند",
        ).filled(reading=reading.label, inside=self.inside(reading), of=len(self.xy), area=self.place)

    @property
    def place(self) -> Text:
        """The area in words."""
        return Text("the area", "محدوده") if self.area_given else Text("Iran", "ایران")


def _undeclared(trial: _Trial, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    places = trial.places(trial.viable())
    if not places and not trial.area_given and _degrees(trial.xy):
        places = [[trial.readings[0]]]
    place, evidence = _decide(trial, places)
    if place is None:
        options = tuple(group[0] for group in places)
        guess = _listed(options) if options else Text("none", "هیچ‌کدام")
        notes.append(("C101", {"guess": guess, "evidence": evidence}))
        return Belief(
            None, None, swapped=False, declared_ok=False, evidence=evidence, notes=notes, open=options
        )
    paired = trial.by_pairs(place) if len(trial.known) else None
    reading = paired[0] if paired else place[0]
    if paired:
        evidence = _joined(
            trial.told(reading),
            Text("{pairs} points fall on known ones", "{pairs} نقطه روی نقطه‌های شناخته می‌افتند").filled(
                pairs=paired[1]
            ),
        )
    elif len(place) > 1:
        other = next((r for r in place if r.crs.geodetic_crs != reading.crs.geodetic_crs), None)
        if other is not None:
            evidence = _joined(
                evidence,
                Text("the area cannot tell it from {other}", "محدوده آن را از {other} بازنمی‌شناسد").filled(
                    other=other.label
                ),
            )
    notes.append(("C101", {"guess": reading.label, "evidence": evidence}))
    return Belief(
        reading, reading.crs, swapped=reading.swapped, declared_ok=False, evidence=evidence, notes=notes
    )


def _decide(trial: _Trial, places: list[list[Reading]]) -> tuple[list[Reading] | None, Text]:
    """Pick the one place that the evidence leaves, and say why; None where it leaves several or none."""
    if not places:
        return None, Text(
            "in no reading does the layer lie in the area", "لایه با هیچ خوانشی در محدوده نمی‌افتد"
        )
    if len(places) == 1:
        return places[0], trial.told(places[0][0])
    # The declared system with its axes swapped asks for one mistake only.
    as_swapped = [r for place in places for r in place if r.swapped and r.crs == trial.declared]
    if as_swapped:
        return as_swapped, trial.told(as_swapped[0])
    near = trial.by_known(places)
    if near is not None:
        return near, _joined(
            trial.told(near[0]),
            Text(
                "and half of them within {distance} m of known points",
                "و نیمی از آن‌ها تا {distance} متری نقطه‌های شناخته‌اند",
            ).filled(distance=round(trial.nearness_m(near[0]))),
        )
    return None, Text("it fits as well: {readings}", "به یک اندازه می‌خواند: {readings}").filled(
        readings=_listed([place[0] for place in places])
    )


def _declared(trial: _Trial, reading: Reading, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    viable = trial.viable()
    inside = trial.inside(reading)
    places = trial.places(viable)
    own = next((place for place in places if reading in place), None)
    if own is None and inside <= _MANY * len(trial.xy):
        good = [r for r in viable if trial.inside(r) >= _MOST * len(trial.xy)]
        place, evidence = _decide(trial, trial.places(good))
        options = tuple(group[0] for group in trial.places(good))
        if place is None and not options:
            return _content(trial, reading, notes)
        as_declared = Text(
            "as declared ({declared}), {inside}", "آن‌گونه که اعلام شده ({declared})، {inside}"
        ).filled(declared=reading.label, inside=inside or Text("none", "هیچ"))
        return _doubted(reading, place, options, _joined(evidence, as_declared), notes)
    near = trial.by_known(places) if len(places) > 1 else None
    if near is not None and own is not None and near is not own:
        evidence = Text(
            "read in {believed}, half of the points lie within {near} m of known ones; as declared ({declared}), "
            "within {far} m",
            "با خواندن در {believed} نیمی از نقطه‌ها تا {near} متری نقطه‌های شناخته‌اند؛ آن‌گونه که اعلام شده "
            "({declared})، تا {far} متری",
        ).filled(
            believed=near[0].label,
            declared=reading.label,
            near=round(trial.nearness_m(near[0])),
            far=round(trial.nearness_m(reading)),
        )
        return _doubted(reading, near, (near[0],), evidence, notes)
    shifted = _datum_shift(trial, reading, own or [reading])
    if shifted is not None:
        believed, fields = shifted
        notes.append(("C105", fields))
        return Belief(
            reading, believed.crs, swapped=False, declared_ok=False, evidence=fields["evidence"], notes=notes
        )
    return _content(trial, reading, notes)


def _content(trial: _Trial, reading: Reading, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    if _metric_numbers_in_degrees(trial, reading):
        notes.append(
            (
                "C106",
                {
                    "declared": label(reading.crs),
                    "why": Text(
                        "it is in degrees, and these numbers are not",
                        "این دستگاه بر پایهٔ درجه است و این عددها درجه نیستند",
                    ),
                },
            )
        )
    sound = not trial.area_given or trial.inside(reading) > _MANY * len(trial.xy)
    evidence = trial.told(reading)
    if not trial.area_given and not trial.inside(reading):
        evidence = Text("as declared: nothing speaks against it", "آن‌گونه که اعلام شده: چیزی خلاف آن نمی‌گوید")
    return Belief(reading, reading.crs, swapped=False, declared_ok=sound, evidence=evidence, notes=notes)


def _doubted(
    reading: Reading,
    place: list[Reading] | None,
    options: tuple[Reading, ...],
    evidence: Text,
    notes: list[tuple[str, dict[str, Any]]],
) -> Belief:
    """Report a declared system that another one fits better."""
    believed = None
    if place is not None:
        # Of the readings at one place: the declared system swapped, else one of the declared datum, else the first.
        own_datum = [r for r in place if datum(r.crs) == datum(reading.crs)]
        believed = next((r for r in place if r.crs.equals(reading.crs)), (own_datum or place)[0])
    swapped = believed is not None and believed.swapped
    notes.append(
        (
            "C103" if swapped else "C104",
            {
                "declared": label(reading.crs),
                "believed": believed.label if believed else _listed(options),
                "evidence": evidence,
            },
        )
    )
    return Belief(
        reading,
        believed.crs if believed else None,
        swapped=swapped,
        declared_ok=False,
        evidence=evidence,
        notes=notes,
        open=() if believed else options,
    )


def _datum_shift(
    trial: _Trial, reading: Reading, place: list[Reading]
) -> tuple[Reading, dict[str, Any]] | None:
    """Find the other datum under which the layer's points fall on known ones."""
    if not len(trial.known):
        return None
    same_grid = [r for r in place if not r.swapped]
    paired = trial.by_pairs(same_grid)
    if paired is None or paired[0] == reading:
        return None
    believed, count = paired
    east, north = shift_m(trial.lonlat(reading), trial.lonlat(believed))
    evidence = Text(
        "{pairs} of {of} points fall on known ones to within 2 m when read in {believed}; as declared ({declared}) "
        "all lie {east:.1f} m {east_word} and {north:.1f} m {north_word} of where they belong",
        "{pairs} نقطه از {of} نقطه با خواندن در {believed} تا ۲ متر روی نقطه‌های شناخته می‌افتند؛ آن‌گونه که اعلام شده "
        "({declared}) همه {east:.1f} متر به {east_word} و {north:.1f} متر به {north_word} جای خود جابه‌جا هستند",
    ).filled(
        pairs=count,
        of=len(trial.xy),
        believed=believed.label,
        declared=reading.label,
        east=abs(east),
        north=abs(north),
        east_word=Text("west", "غرب") if east > 0 else Text("east", "شرق"),
        north_word=Text("south", "جنوب") if north > 0 else Text("north", "شمال"),
    )
    fields = {
        "declared": label(reading.crs),
        "believed": believed.label,
        "datum": datum(believed.crs),
        "east_m": round(-east, 2),
        "north_m": round(-north, 2),
        "pairs": count,
        "evidence": evidence,
    }
    return believed, fields


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


def _outside(
    xy: Array,
    usable: NDArray[np.bool_],
    belief: Belief,
    trial: _Trial,
    notes: list[tuple[str, dict[str, Any]]],
) -> None:
    """Report single positions that lie outside the area where the layer as a whole does not."""
    if belief.read is None or any(code in {"C103", "C104"} for code, _ in notes):
        return
    rows = np.flatnonzero(usable)
    if _box_inside(belief.read, xy[usable], trial.area):
        return
    rows = rows[~trial.covered(_within_domain(belief.read, xy[rows]))]
    if not len(rows):
        return
    for code, readings in (
        ("C103", [Reading(belief.read.crs, swapped=True)]),
        (
            "C104",
            [r for r in trial.readings if not r.swapped and not r.crs.is_geographic and r != belief.read],
        ),
    ):
        for reading in readings:
            inside = trial.covered(_within_domain(reading, xy[rows]))
            if inside.any():
                evidence = Text(
                    "read in {reading}, these {count} points lie in the area",
                    "با خواندن در {reading}، این {count} نقطه در محدوده می‌افتند",
                ).filled(reading=reading.label, count=int(inside.sum()))
                notes.append(
                    (
                        code,
                        {
                            "declared": label(belief.read.crs),
                            "believed": reading.label,
                            "evidence": evidence,
                            "rows": rows[inside],
                            "reading": reading,
                        },
                    )
                )
                rows = rows[~inside]
    if len(rows):
        notes.append(("C102", {"rows": rows, "count": len(rows), "of": len(xy)}))


def _box_inside(reading: Reading, xy: Array, area: BaseGeometry) -> bool:
    """Tell whether the box about all numbers lies in the area: then, as mostly, no position need be looked at."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    along, zero, one = np.linspace(0, 1, 33), np.zeros(33), np.ones(33)
    sides = [(along, zero), (along, one), (zero, along), (one, along)]
    ring = np.concatenate([low + np.column_stack(side) * (high - low) for side in sides])
    lonlat = _within_domain(reading, ring)
    # The sides are curves on the ground, from which chords of 1/32 of them keep well within this margin.
    hull = shapely.MultiPoint(lonlat).convex_hull.buffer(0.01) if np.isfinite(lonlat).all() else None
    return hull is not None and bool(area.covers(hull))


def _zeros(xy: Array) -> NDArray[np.bool_]:
    """Find positions that were never measured: both numbers zero, or one of them in a layer far from zero."""
    if xy.all():
        return np.zeros(len(xy), dtype=bool)
    finite = xy[np.isfinite(xy).all(axis=1) & (xy != 0).any(axis=1)]
    far = np.abs(np.median(finite, axis=0)) > 1 if len(finite) else np.zeros(2, dtype=bool)
    return np.asarray((xy == 0).all(axis=1) | ((xy == 0) & far).any(axis=1))


def _thinned(xy: Array) -> Array:
    """Take at most some ten thousand positions, evenly spread: enough to tell where a layer is."""
    return xy[:: -(-len(xy) // _SAMPLE)]


def _within_domain(reading: Reading, xy: Array) -> Array:
    """Read positions, NaN where a number lies outside what a surveyor would meet in the system."""
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


def _distance_m(one: Array, other: Array) -> float:
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("inf")
    return float(pyproj.Geod(ellps="WGS84").inv(*one, *other)[2])


def _pairs(lonlat: Array, known: Array) -> tuple[int, int]:
    """Count positions that fall on known points, and those that could: neither more than there are of the others."""
    lonlat = np.unique(lonlat[np.isfinite(lonlat).all(axis=1)], axis=0)
    if not len(lonlat) or not len(known):
        return 0, 0
    from scipy.spatial import cKDTree  # noqa: PLC0415 - as above

    plane = mercator.project(np.unique(known, axis=0))
    near, which = cKDTree(plane).query(mercator.project(lonlat))
    near = near / mercator.scale(lonlat[:, 1])
    around = cKDTree(mercator.project(lonlat)).query(plane)[0] / mercator.scale(
        mercator.unproject(plane)[:, 1]
    )
    possible = min(int((near < _SHIFT_AT_MOST_M).sum()), int((around < _SHIFT_AT_MOST_M).sum()))
    return len(np.unique(which[near <= _PAIRED_M])), possible


def _degrees(xy: Array) -> bool:
    return bool((np.abs(xy) <= [180, 90]).all())


def _metric_numbers_in_degrees(trial: _Trial, reading: Reading) -> bool:
    return reading.crs.is_geographic and bool((np.abs(trial.xy) > _CIRCLE).any(axis=1).mean() > _MANY)


def _without_positions(declared: pyproj.CRS | None, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    evidence = Text("it has no positions to tell by", "موقعیتی ندارد که گواهی باشد")
    if declared is None:
        notes.append(("C101", {"guess": Text("none", "هیچ‌کدام"), "evidence": evidence}))
        return Belief(None, None, swapped=False, declared_ok=False, evidence=evidence, notes=notes)
    return Belief(
        Reading(declared), declared, swapped=False, declared_ok=True, evidence=evidence, notes=notes
    )


def _listed(readings: Sequence[Reading]) -> Text:
    labels = [reading.label for reading in readings]
    return Text(" or ".join(label.en for label in labels), " یا ".join(label.fa for label in labels))


def _joined(*texts: Text) -> Text:
    return Text("; ".join(text.en for text in texts), "؛ ".join(text.fa for text in texts))
