"""
Which coordinate reference system a layer's coordinates are really in.

A file may declare none, the neighbouring zone, the other datum, or hold latitude first. Each way of reading its
numbers puts it somewhere; the area of the survey, points that are known already and lengths that were recorded tell
which ways can be right. A declared system that is used where it puts the layer is believed unless one of these
speaks against it: no country is presumed. It is read as declared all the same, and what speaks against it is
reported: nothing is repaired in silence. What the evidence leaves open stays open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.coordinates.doubts import Doubt
from gis.coordinates.reading import Belief, Reading
from gis.coordinates.recorded import fitting
from gis.coordinates.shift import common_shift, missing_digits
from gis.coordinates.strays import strays
from gis.coordinates.systems import datum, in_use, label, unfit
from gis.coordinates.trial import (
    MANY,
    NEAR_KNOWN_M,
    Trial,
    box_inside,
    degrees,
    metric_numbers_in_degrees,
    shift_m,
    thinned,
    within_domain,
    zeros,
)
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyproj
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.coordinates.recorded import Recorded

    Array = NDArray[np.float64]

_MOST = 0.95
# Notes that are about the place of a layer as a whole.
_WHOLE = (Doubt.SWAPPED, Doubt.ELSEWHERE, Doubt.DATUM, Doubt.SHIFTED)
_NONE = Text("none", "هیچ‌کدام")
_IRANS = Text(
    "no area is named, so Iran's systems were tried", "محدوده‌ای نام برده نشده و سیستم‌های ایران آزموده شد"
)


def believe(
    xy: Array,
    declared: pyproj.CRS | None,
    area: BaseGeometry | None = None,
    known: Array | None = None,
    candidates: Iterable[Any] = (),
    owners: NDArray[np.intp] | None = None,
    recorded: Recorded | None = None,
) -> Belief:
    """
    Find out what a layer's coordinates really are.

    Each candidate system, axes as they are and swapped, is a reading. Readings that put the layer into the area
    are viable; several at one place differ by datum only, and the declared or else the first one stands for
    them. Points known already decide between places (the nearest by far) and between datums (when at least
    three points of the layer, and half of those that could, pair with known points within 2 m under exactly one
    of them). Without an area, a declared system's own area of use stands for it. A declared system is doubted only
    where it puts less than half of the layer into the area and another one nearly all of it, or where known points
    or recorded lengths say so. A reading that is 50 km from all known points is not believed for the area alone.

    Parameters
    ----------
    xy
        (n, 2) numbers as the file has them: vertices, or a position a feature.
    declared
        The system that the file declares.
    area
        Where the survey is, a polygon in WGS 84. None: where the declared system is used, and for numbers without
        a system of their own Iran; nothing is reported as outside.
    known
        (m, 2) WGS 84 positions of offices or manholes that are known already.
    candidates
        Further systems to consider, as pyproj takes them.
    owners
        (n,) the feature that each position belongs to.
    recorded
        The lengths that the layer states for its lines.

    Returns
    -------
    Belief
        The belief, what it rests on, and what is to be reported.
    """
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    zero = zeros(xy)
    notes: list[tuple[str, dict[str, Any]]] = []
    if zero.any():
        notes.append((Doubt.ZERO, {"rows": np.flatnonzero(zero), "count": int(zero.sum()), "of": len(xy)}))
    usable = np.isfinite(xy).all(axis=1) & ~zero
    if declared is not None:
        notes += unfit(declared)
    if not usable.any():
        belief = _without_positions(declared, notes)
        return replace(belief, notes=tuple(notes))
    sample = thinned(xy if usable.all() else xy[usable])
    trial = Trial(sample, area, known, declared, candidates)
    belief = (
        _undeclared(trial, notes)
        if declared is None
        else _declared(trial, Reading(declared), notes, recorded)
    )
    if declared is not None and trial.area_given:
        _outside(xy, usable, belief, trial, notes)
    if belief.read is not None and not any(code in _WHOLE and "rows" not in told for code, told in notes):
        rows = np.flatnonzero(usable)
        told = [fields["rows"] for code, fields in notes if code in {Doubt.SWAPPED, Doubt.ELSEWHERE}]
        notes += strays(xy, np.setdiff1d(rows, np.concatenate(told)) if told else rows, belief.read, owners)
    return replace(belief, notes=tuple(notes))


def _undeclared(trial: Trial, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    places = trial.places(trial.viable())
    if not places and not trial.area_given and degrees(trial.xy):
        places = [[trial.readings[0]]]
    place, evidence = _decide(trial, places)
    missing = missing_digits(trial, trial.readings)
    if missing is not None and (place is None or not _at_home(trial, place[0])):
        place, evidence = None, _joined(missing[1]["evidence"], evidence)
    if trial.presumed and not (place is not None and _worldwide(trial, place[0])):
        evidence = _joined(evidence, _IRANS)
    if place is None:
        options = tuple(group[0] for group in places)
        guess = _listed(options) if options else _NONE
        if others := _other_datums(places):
            guess = _either(guess, others)
        notes.append((Doubt.UNDECLARED, {"guess": guess, "evidence": evidence}))
        return Belief(None, None, swapped=False, declared_ok=False, evidence=evidence, open=options)
    paired = trial.by_pairs(place) if len(trial.known) else None
    reading = paired[0] if paired else place[0]
    guess = reading.label
    if paired:
        evidence = _joined(
            trial.told(reading),
            Text("{pairs} points fall on known ones", "{pairs} نقطه روی نقطه‌های شناخته می‌افتند").filled(
                pairs=paired[1]
            ),
        )
    elif others := _other_datums([place]):
        guess = _either(guess, others)
        evidence = _joined(
            evidence,
            Text("the area cannot tell it from {other}", "محدوده آن را از {other} بازنمی‌شناسد").filled(
                other=others[0].label
            ),
        )
    notes.append((Doubt.UNDECLARED, {"guess": guess, "evidence": evidence}))
    if not paired and (shifted := common_shift(trial, reading)) is not None:
        notes.append((Doubt.SHIFTED, {"declared": _NONE, **shifted}))
    return Belief(reading, reading.crs, swapped=reading.swapped, declared_ok=False, evidence=evidence)


def _at_home(trial: Trial, reading: Reading) -> bool:
    """Tell whether a reading keeps within its own system's area of use, with no margin."""
    return bool(in_use(reading.crs, trial.lonlat(reading), 0.0).mean() > MANY)


def _worldwide(trial: Trial, reading: Reading) -> bool:
    """Tell whether numbers are believed to be degrees somewhere else than in Iran."""
    return reading.crs.is_geographic and not trial.inside(reading)


def _other_datums(places: Sequence[list[Reading]]) -> list[Reading]:
    """List, of each place, the first reading on another datum than the one that stands for it."""
    found = [
        next((r for r in place if r.crs.geodetic_crs != place[0].crs.geodetic_crs), None) for place in places
    ]
    return [reading for reading in found if reading is not None]


def _either(guess: Text, others: Sequence[Reading]) -> Text:
    return Text("{guess} ({others} fits as well)", "{guess} ({others} نیز به همان اندازه می‌خواند)").filled(
        guess=guess, others=_listed(others)
    )


def _decide(trial: Trial, places: list[list[Reading]]) -> tuple[list[Reading] | None, Text]:
    """Pick the one place that the evidence leaves, and say why; None where it leaves several or none."""
    if not places:
        return None, Text(
            "in no reading does the layer lie in the area", "لایه با هیچ خوانشی در محدوده نمی‌افتد"
        )
    if len(places) == 1:
        return _unless_far(trial, places[0])
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


def _unless_far(trial: Trial, place: list[Reading]) -> tuple[list[Reading] | None, Text]:
    """Believe the only place there is, unless all that is known is somewhere else."""
    told = trial.told(place[0])
    far = _far_off(trial, place[0])
    if not far:
        return place, told
    told = _joined(told, *far)
    # Numbers of degrees can hardly be anything else.
    return (place if place[0].crs.is_geographic and not place[0].swapped else None), told


def _far_off(trial: Trial, reading: Reading) -> list[Text]:
    """Say so where all that is known is somewhere else."""
    away = trial.nearness_m(reading)
    if not np.isfinite(away) or away <= NEAR_KNOWN_M:
        return []
    return [
        Text("but known points are {away} km away", "ولی نقطه‌های شناخته {away} کیلومتر دورترند").filled(
            away=round(away / 1000)
        )
    ]


def _declared(
    trial: Trial, reading: Reading, notes: list[tuple[str, dict[str, Any]]], recorded: Recorded | None
) -> Belief:
    of_area = trial.area is None and len(trial.known) > 0
    # Where nothing is known, nothing can tell one place from another.
    fitting_ones = trial.readable() if of_area else trial.viable() if len(trial.known) else []
    places = trial.places(fitting_ones)
    own = next((place for place in places if reading in place), None)
    near = trial.by_known(places) if len(places) > 1 or own is None else None
    inside = trial.inside(reading)
    far = len(trial.known) > 0 and trial.nearness_m(reading) > NEAR_KNOWN_M
    missing = missing_digits(trial, [reading]) if inside <= MANY * len(trial.xy) or far else None
    if inside <= MANY * len(trial.xy) and (near is None or near is not own):
        doubted = _elsewhere(trial, reading, notes, missing, near if of_area else None)
        if doubted is not None:
            return doubted
    elif near is not None and own is not None and near is not own:
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
    if missing is not None:
        notes.append((Doubt.SHIFTED, {"declared": label(reading.crs), **missing[1]}))
        evidence = missing[1]["evidence"]
        return Belief(reading, reading.crs, swapped=False, declared_ok=False, evidence=evidence)
    measured = (
        None if recorded is None or trial.area_given or near is not None else fitting(reading, recorded)
    )
    if measured is not None:
        swapped = Reading(reading.crs, swapped=True)
        return _doubted(reading, [swapped], (swapped,), measured, notes)
    shifted = _datum_shift(trial, reading, own or [reading])
    if shifted is not None:
        believed, fields = shifted
        notes.append((Doubt.DATUM, fields))
        return Belief(reading, believed.crs, swapped=False, declared_ok=False, evidence=fields["evidence"])
    if (common := common_shift(trial, reading)) is not None:
        notes.append((Doubt.SHIFTED, {"declared": label(reading.crs), **common}))
    return _content(trial, reading, notes)


def _elsewhere(
    trial: Trial,
    reading: Reading,
    notes: list[tuple[str, dict[str, Any]]],
    missing: tuple[Reading, dict[str, Any]] | None,
    near: list[Reading] | None,
) -> Belief | None:
    """Doubt a declared system that puts the layer elsewhere, if another reading, or more than one, fits."""
    good = trial.places([r for r in trial.viable() if trial.inside(r) >= _MOST * len(trial.xy)])
    if near is not None and near not in good:
        good = [near]
    place, evidence = _decide(trial, good)
    if not good:
        return None
    if missing is not None:
        if place is None:
            return None
        if not _at_home(trial, place[0]):
            place, evidence = None, _joined(evidence, missing[1]["evidence"])
    inside = trial.inside(reading)
    as_declared = Text(
        "as declared ({declared}), {inside}", "آن‌گونه که اعلام شده ({declared})، {inside}"
    ).filled(declared=reading.label, inside=inside or Text("none", "هیچ"))
    evidence = _joined(evidence, as_declared)
    others = _other_datums(good) if metric_numbers_in_degrees(trial, reading) else []
    if others:
        evidence = _joined(
            evidence,
            Text("{others} fits as well", "{others} نیز به همان اندازه می‌خواند").filled(
                others=_listed(others)
            ),
        )
    if trial.presumed:
        evidence = _joined(evidence, _IRANS)
    return _doubted(reading, place, tuple(group[0] for group in good), evidence, notes)


def _content(trial: Trial, reading: Reading, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    if metric_numbers_in_degrees(trial, reading):
        notes.append(
            (
                Doubt.UNFIT,
                {
                    "declared": label(reading.crs),
                    "why": Text(
                        "it is in degrees, and these numbers are not",
                        "این دستگاه بر پایهٔ درجه است و این عددها درجه نیستند",
                    ),
                },
            )
        )
    sound = not trial.area_given or trial.inside(reading) > MANY * len(trial.xy)
    evidence = trial.told(reading)
    if trial.presumed:
        evidence = Text("these numbers are no degrees", "این عددها درجه نیستند")
    evidence = _joined(evidence, *_far_off(trial, reading))
    return Belief(reading, reading.crs, swapped=False, declared_ok=sound, evidence=evidence)


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
            Doubt.SWAPPED if swapped else Doubt.ELSEWHERE,
            {
                "declared": label(reading.crs),
                "believed": believed.label if believed else _open(options),
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
        open=() if believed else options,
    )


def _datum_shift(
    trial: Trial, reading: Reading, place: list[Reading]
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


def _outside(
    xy: Array,
    usable: NDArray[np.bool_],
    belief: Belief,
    trial: Trial,
    notes: list[tuple[str, dict[str, Any]]],
) -> None:
    """Report single positions that lie outside the area where the layer as a whole does not."""
    if belief.read is None or trial.area is None or any(_misplaced(code, told) for code, told in notes):
        return
    rows = np.flatnonzero(usable)
    if box_inside(belief.read, xy[usable], trial.area):
        return
    rows = rows[~trial.covered(within_domain(belief.read, xy[rows]))]
    if not len(rows):
        return
    for code, readings in (
        (Doubt.SWAPPED, [Reading(belief.read.crs, swapped=True)]),
        (
            Doubt.ELSEWHERE,
            [r for r in trial.readings if not r.swapped and not r.crs.is_geographic and r != belief.read],
        ),
    ):
        for reading in readings:
            there = within_domain(reading, xy[rows])
            inside = trial.covered(there) & in_use(reading.crs, there)
            if inside.any():
                evidence = Text(
                    "read in {reading}, {count:this|these} {count} {count:point lies|points lie} in the area",
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
        notes.append((Doubt.OUTSIDE, {"rows": rows, "count": len(rows), "of": len(xy)}))


def _misplaced(code: str, told: dict[str, Any]) -> bool:
    """Tell whether a note says of the whole layer that it is somewhere else."""
    return code in {Doubt.SWAPPED, Doubt.ELSEWHERE} or "misplaced" in told


def _without_positions(declared: pyproj.CRS | None, notes: list[tuple[str, dict[str, Any]]]) -> Belief:
    evidence = Text("it has no positions to tell by", "موقعیتی ندارد که گواهی باشد")
    if declared is None:
        notes.append((Doubt.UNDECLARED, {"guess": Text("none", "هیچ‌کدام"), "evidence": evidence}))
        return Belief(None, None, swapped=False, declared_ok=False, evidence=evidence)
    return Belief(Reading(declared), declared, swapped=False, declared_ok=True, evidence=evidence)


def _open(options: Sequence[Reading]) -> Text:
    return Text("undecided ({options})", "نامعلوم ({options})").filled(options=_listed(options))


def _listed(readings: Sequence[Reading]) -> Text:
    return Text.joined((reading.label for reading in readings), " or ", " یا ")


def _joined(*texts: Text) -> Text:
    return Text.joined(texts, "; ", "؛ ")
