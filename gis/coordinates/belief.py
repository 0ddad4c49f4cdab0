"""
Which coordinate reference system a layer's coordinates are really in.

A file may declare none, the neighbouring zone, the other datum, or hold latitude first. Each way of reading its
numbers puts it somewhere; the area of the survey and points that are known already tell which ways can be
right. A declared system is read as declared all the same, and what speaks against it is reported: nothing is
repaired in silence. What the evidence leaves open stays open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.coordinates.reading import Belief, Reading
from gis.coordinates.systems import datum, label, unfit
from gis.coordinates.trial import (
    MANY,
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

    Array = NDArray[np.float64]
    Told = tuple[tuple[str, dict[str, Any]], ...]

_MOST = 0.95


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
    zero = zeros(xy)
    notes: Told = ()
    if zero.any():
        notes += (("C109", {"rows": np.flatnonzero(zero), "count": int(zero.sum()), "of": len(xy)}),)
    usable = np.isfinite(xy).all(axis=1) & ~zero
    if declared is not None:
        notes += tuple(unfit(declared))
    if not usable.any():
        return _without_positions(declared, notes)
    sample = thinned(xy if usable.all() else xy[usable])
    trial = Trial(sample, area, known, declared, candidates)
    if declared is None:
        return _undeclared(trial, notes)
    belief = _declared(trial, Reading(declared), notes)
    if trial.area_given:
        return replace(belief, notes=belief.notes + _outside(xy, usable, belief, trial))
    return belief


def _undeclared(trial: Trial, notes: Told) -> Belief:
    places = trial.places(trial.viable())
    if not places and not trial.area_given and degrees(trial.xy):
        places = [[trial.readings[0]]]
    place, evidence = _decide(trial, places)
    if place is None:
        options = tuple(group[0] for group in places)
        guess = _listed(options) if options else Text("none", "هیچ‌کدام")
        notes += (("C101", {"guess": guess, "evidence": evidence}),)
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
    notes += (("C101", {"guess": reading.label, "evidence": evidence}),)
    return Belief(
        reading, reading.crs, swapped=reading.swapped, declared_ok=False, evidence=evidence, notes=notes
    )


def _decide(trial: Trial, places: list[list[Reading]]) -> tuple[list[Reading] | None, Text]:
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


def _declared(trial: Trial, reading: Reading, notes: Told) -> Belief:
    viable = trial.viable()
    inside = trial.inside(reading)
    places = trial.places(viable)
    own = next((place for place in places if reading in place), None)
    if own is None and inside <= MANY * len(trial.xy):
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
        notes += (("C105", fields),)
        return Belief(
            reading, believed.crs, swapped=False, declared_ok=False, evidence=fields["evidence"], notes=notes
        )
    return _content(trial, reading, notes)


def _content(trial: Trial, reading: Reading, notes: Told) -> Belief:
    if metric_numbers_in_degrees(trial, reading):
        why = Text(
            "it is in degrees, and these numbers are not",
            "این دستگاه بر پایهٔ درجه است و این عددها درجه نیستند",
        )
        notes += (("C106", {"declared": label(reading.crs), "why": why}),)
    sound = not trial.area_given or trial.inside(reading) > MANY * len(trial.xy)
    evidence = trial.told(reading)
    if not trial.area_given and not trial.inside(reading):
        evidence = Text("as declared: nothing speaks against it", "آن‌گونه که اعلام شده: چیزی خلاف آن نمی‌گوید")
    return Belief(reading, reading.crs, swapped=False, declared_ok=sound, evidence=evidence, notes=notes)


def _doubted(
    reading: Reading,
    place: list[Reading] | None,
    options: tuple[Reading, ...],
    evidence: Text,
    notes: Told,
) -> Belief:
    """Report a declared system that another one fits better."""
    believed = None
    if place is not None:
        # Of the readings at one place: the declared system swapped, else one of the declared datum, else the first.
        own_datum = [r for r in place if datum(r.crs) == datum(reading.crs)]
        believed = next((r for r in place if r.crs.equals(reading.crs)), (own_datum or place)[0])
    swapped = believed is not None and believed.swapped
    fields = {
        "declared": label(reading.crs),
        "believed": believed.label if believed else _listed(options),
        "evidence": evidence,
    }
    return Belief(
        reading,
        believed.crs if believed else None,
        swapped=swapped,
        declared_ok=False,
        evidence=evidence,
        notes=(*notes, ("C103" if swapped else "C104", fields)),
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


def _outside(xy: Array, usable: NDArray[np.bool_], belief: Belief, trial: Trial) -> Told:
    """Report single positions that lie outside the area where the layer as a whole does not."""
    if belief.read is None or any(code in {"C103", "C104"} for code, _ in belief.notes):
        return ()
    rows = np.flatnonzero(usable)
    if box_inside(belief.read, xy[usable], trial.area):
        return ()
    rows = rows[~trial.covered(within_domain(belief.read, xy[rows]))]
    notes: list[tuple[str, dict[str, Any]]] = []
    for code, readings in (
        ("C103", [Reading(belief.read.crs, swapped=True)]),
        (
            "C104",
            [r for r in trial.readings if not r.swapped and not r.crs.is_geographic and r != belief.read],
        ),
    ):
        for reading in readings:
            inside = trial.covered(within_domain(reading, xy[rows]))
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
    return tuple(notes)


def _without_positions(declared: pyproj.CRS | None, notes: Told) -> Belief:
    evidence = Text("it has no positions to tell by", "موقعیتی ندارد که گواهی باشد")
    if declared is None:
        notes += (("C101", {"guess": Text("none", "هیچ‌کدام"), "evidence": evidence}),)
        return Belief(None, None, swapped=False, declared_ok=False, evidence=evidence, notes=notes)
    return Belief(
        Reading(declared), declared, swapped=False, declared_ok=True, evidence=evidence, notes=notes
    )


def _listed(readings: Sequence[Reading]) -> Text:
    labels = [reading.label for reading in readings]
    return Text(" or ".join(label.en for label in labels), " یا ".join(label.fa for label in labels))


def _joined(*texts: Text) -> Text:
    return Text("; ".join(text.en for text in texts), "؛ ".join(text.fa for text in texts))
