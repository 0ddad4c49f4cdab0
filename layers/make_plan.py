"""
Make the geometry of the bundled plan again: offices.geojson, routes.geojson and manholes.geojson.

The record of the plan gives figures and no coordinate, so all that is drawn here is illustrative: in each
county seat one cable that runs along made-up streets from an exchange to the governorate, and ducts under
some of them. Only the totals, the counties and the rough places of their seats are from elsewhere; README.md
says from where.

Run ``python layers/make_plan.py [FOLDER]``; the same bytes come out every time.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

Array = NDArray[np.float64]
Feature = dict[str, Any]

GEOD = Geod(ellps="WGS84")
SEED = 13_666
NEW_CABLE_M = 13_666.0
DIGITS = 8  # decimals of a degree: a millimetre, finer than any accuracy stated here

NOTE = "Illustrative: no coordinate, route or date of this plan is on record; see README.md"
NOTE_FA = "نمایشی: از این طرح هیچ مختصات، مسیر یا تاریخی ثبت نشده است؛ README.md را ببینید"
ASSUMPTION = "Assumed: the record says that three governorates were connected before, not which three"
ASSUMPTION_FA = "فرض: در گزارش آمده که سه فرمانداری از پیش متصل بوده‌اند، اما نام آن‌ها نیامده است"


class Duct(NamedTuple):
    """A straight run of duct between two manholes: its length in metres."""

    length_m: float


class Seat(NamedTuple):
    """
    A county seat and what the plan draws there.

    Attributes
    ----------
    slug, name_en, name_fa
        The county's short name for ids, its name in English and in Persian.
    lat, lon
        The seat, WGS 84 degrees, to about 1 km.
    bearing
        Direction of the main streets, degrees clockwise from north.
    cable_m
        About how long the cable is; new cables are scaled together to the recorded total.
    fibres
        Fibres of the cable.
    ducts
        Lengths of the runs of duct under the cable, from the office outwards.
    """

    slug: str
    name_en: str
    name_fa: str
    lat: float
    lon: float
    bearing: float
    cable_m: float
    fibres: int
    ducts: tuple[Duct, ...] = ()


# Not on record; an assumption.
CONNECTED_BEFORE = {"ISFAHAN", "KASHAN", "NAJAFABAD"}

# The ducts add up to the recorded 1 844 m. Each run has a manhole at both ends, so turns have one: 3 + 3 + 2.
SEATS = (
    Seat("ARAN-VA-BIDGOL", "Aran va Bidgol", "آران و بیدگل", 34.06, 51.48, 21, 540, 24),
    Seat("ARDESTAN", "Ardestan", "اردستان", 33.38, 52.37, 338, 820, 24),
    Seat("ISFAHAN", "Isfahan", "اصفهان", 32.67, 51.67, 4, 620, 96),
    Seat("BORKHAR", "Borkhar", "برخوار", 32.80, 51.70, 63, 390, 24),
    Seat("BUIN-VA-MIANDASHT", "Buin va Miandasht", "بوئین و میاندشت", 33.08, 50.16, 116, 230, 12),
    Seat("CHADEGAN", "Chadegan", "چادگان", 32.77, 50.63, 291, 310, 12),
    Seat("DEHAQAN", "Dehaqan", "دهاقان", 31.94, 51.65, 203, 460, 12),
    Seat("FALAVARJAN", "Falavarjan", "فلاورجان", 32.56, 51.51, 85, 720, 24),
    Seat("FARIDAN", "Faridan", "فریدن", 32.99, 50.41, 142, 350, 12),
    Seat("FEREYDUNSHAHR", "Fereydunshahr", "فریدون‌شهر", 32.94, 50.12, 47, 270, 12),
    Seat("GOLPAYEGAN", "Golpayegan", "گلپایگان", 33.46, 50.29, 312, 980, 48),
    Seat("KASHAN", "Kashan", "کاشان", 33.99, 51.44, 229, 430, 96),
    Seat("KHANSAR", "Khansar", "خوانسار", 33.23, 50.31, 14, 640, 24),
    Seat(
        "KHOMEYNI-SHAHR",
        "Khomeyni Shahr",
        "خمینی‌شهر",
        32.69,
        51.53,
        276,
        1480,
        48,
        (Duct(411.6), Duct(286.3)),
    ),
    Seat("KHUR-VA-BIABANAK", "Khur va Biabanak", "خور و بیابانک", 33.78, 55.08, 74, 890, 24, (Duct(436.4),)),
    Seat("LENJAN", "Lenjan", "لنجان", 32.39, 51.38, 168, 760, 24),
    Seat("MOBARAKEH", "Mobarakeh", "مبارکه", 32.34, 51.50, 351, 680, 24),
    Seat("NAIN", "Nain", "نائین", 32.86, 53.09, 128, 410, 12),
    Seat("NAJAFABAD", "Najafabad", "نجف‌آباد", 32.63, 51.37, 37, 350, 48),
    Seat("NATANZ", "Natanz", "نطنز", 33.51, 51.91, 251, 150, 12),
    Seat("SEMIROM", "Semirom", "سمیرم", 31.41, 51.57, 305, 520, 12),
    Seat("SHAHIN-SHAHR-VA-MEYMEH", "Shahin Shahr va Meymeh", "شاهین‌شهر و میمه", 32.86, 51.56, 8, 1150, 48),
    Seat("SHAHREZA", "Shahreza", "شهرضا", 32.01, 51.87, 194, 1640, 48, (Duct(338.9), Duct(370.8))),
    Seat("TIRAN-VA-KARVAN", "Tiran va Karvan", "تیران و کرون", 32.70, 51.15, 98, 290, 12),
)


class Stretch(NamedTuple):
    """A part of a cable between two nodes: its length in metres, and whether it lies in duct."""

    length_m: float
    in_duct: bool


@dataclass
class Plan:
    """The features of the three layers."""

    offices: list[Feature] = field(default_factory=list)
    routes: list[Feature] = field(default_factory=list)
    manholes: list[Feature] = field(default_factory=list)


class Walk:
    """
    A way along the streets of a seat, leg by leg, each at a right angle to the one before.

    The plane is the seat's street grid in metres. Every other leg goes forward along its first axis and those
    between go to either side, so the way never meets itself.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._forward = False

    def stretch(self, length: float, *, in_duct: bool, from_building: bool, to_building: bool) -> Array:
        """
        Go on by one stretch.

        Parameters
        ----------
        length
            About how long, metres.
        in_duct
            A stretch in duct follows one street: where it would turn there is a manhole, and another stretch.
        from_building, to_building
            Whether it starts or ends with a short leg between a building and the street.

        Returns
        -------
        ndarray
            (n, 2) metres in the street grid, the first vertex at the origin.
        """
        rng = self._rng
        yards = [float(rng.uniform(12, 26)) if at else 0.0 for at in (from_building, to_building)]
        blocks = length - sum(yards)
        count = 1 if in_duct else max(1, round(blocks / 190))
        shares = rng.uniform(0.55, 1.45, count)
        legs = [yards[0], *(blocks * shares / shares.sum()), yards[1]]
        points = np.zeros((1, 2))
        for leg in legs:
            if leg:
                points = np.vstack([points, points[-1] + self._turned(self._leg(leg, plain=in_duct))])
        return self._cornered(points)

    def _leg(self, length: float, *, plain: bool) -> Array:
        """Go along one street: ahead and to the left, metres, without the starting point."""
        rng = self._rng
        count = max(1, round(length / 25))
        steps = rng.uniform(0.65, 1.35, count)
        ahead = length * np.cumsum(steps) / steps.sum()
        # A street is rarely dead straight: it bows by up to 2 % of its length.
        bow = rng.uniform(-0.08, 0.08) * length if length > 60 else 0.0  # noqa: PLR2004
        share = ahead / length
        left = bow * share * (1 - share) + rng.uniform(-0.25, 0.25, count)
        points = np.column_stack([ahead, left])
        if plain or count < 6:  # noqa: PLR2004
            return points
        if length > 260 and rng.uniform() < 0.6:  # noqa: PLR2004
            return self._around(points)
        if rng.uniform() < 0.4:  # noqa: PLR2004
            # The trench crosses to the other side of the street.
            across = np.array([0.0, rng.choice([-1.0, 1.0]) * rng.uniform(8, 13)])
            points = np.vstack([points[: count // 2], points[count // 2 - 1 :] + across])
        return points

    def _around(self, points: Array) -> Array:
        """Go around a roundabout in the middle of a street, on one side of it."""
        radius = self._rng.uniform(18, 26)
        centre = points[len(points) // 2]
        angle = np.linspace(np.pi, 0, 7)
        side = self._rng.choice([-1.0, 1.0])
        arc = centre + radius * np.column_stack([np.cos(angle), side * np.sin(angle)])
        away = np.abs(points[:, 0] - centre[0]) > radius + 7
        before = points[away & (points[:, 0] < centre[0])]
        after = points[away & (points[:, 0] > centre[0])]
        return np.vstack([before, arc, after])

    def _turned(self, points: Array) -> Array:
        """Turn a leg into the street grid: forward after sideways, sideways after forward."""
        self._forward = not self._forward
        if not self._forward:
            return points
        side = self._rng.choice([-1.0, 1.0])
        return np.column_stack([-side * points[:, 1], side * points[:, 0]])

    def _cornered(self, points: Array) -> Array:
        """Cut most street corners as a trench does, with a vertex on either side."""
        kept = [points[0]]
        for before, corner, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
            back, on = before - corner, after - corner
            lengths = np.hypot(*back), np.hypot(*on)
            sharp = abs(np.dot(back, on)) < 0.5 * lengths[0] * lengths[1]
            if sharp and min(lengths) > 14 and self._rng.uniform() < 0.7:  # noqa: PLR2004
                cut = self._rng.uniform(4.5, 6.5)
                kept += [corner + cut * back / lengths[0], corner + cut * on / lengths[1]]
            else:
                kept.append(corner)
        return np.vstack([*kept, points[-1]])


def placed(points: Array, start: Array, bearing: float, length: float) -> Array:
    """
    Put a stretch on the ground at exactly the length it shall have.

    Parameters
    ----------
    points
        (n, 2) metres in the street grid, the first vertex at the origin.
    start
        (2,) longitude and latitude of the first vertex, degrees.
    bearing
        Direction of the grid's first axis, degrees clockwise from north.
    length
        The geodesic length wanted, metres.

    Returns
    -------
    ndarray
        (n, 2) longitude and latitude, rounded as they are written; within a millimetre or two of that length.
    """
    azimuth = bearing + np.degrees(np.arctan2(-points[1:, 1], points[1:, 0]))
    distance = np.hypot(points[1:, 0], points[1:, 1])
    anchor = np.broadcast_to(start, (len(distance), 2))

    def at(scale: float) -> Array:
        lon, lat, _ = GEOD.fwd(anchor[:, 0], anchor[:, 1], azimuth, distance * scale)
        return np.vstack([start, np.round(np.column_stack([lon, lat]), DIGITS)])

    scale = 1.0
    for _ in range(6):
        scale *= length / GEOD.line_length(*at(scale).T)
    return at(scale)


def stretches(seat: Seat, cable_m: float, rng: np.random.Generator) -> list[Stretch]:
    """
    Divide a seat's cable at the ends of its ducts, from the office outwards.

    Parameters
    ----------
    seat
        The seat.
    cable_m
        The cable's whole length, metres.
    rng
        Where the ducts lie along it is drawn from this.

    Returns
    -------
    list
        The stretches; the whole cable where there is no duct.
    """
    if not seat.ducts:
        return [Stretch(cable_m, in_duct=False)]
    buried = cable_m - sum(duct.length_m for duct in seat.ducts)
    near = buried * float(rng.uniform(0.35, 0.65))
    return [
        Stretch(near, in_duct=False),
        *(Stretch(duct.length_m, in_duct=True) for duct in seat.ducts),
        Stretch(buried - near, in_duct=False),
    ]


def lay(plan: Plan, seat: Seat, cable_m: float, rng: np.random.Generator) -> None:
    """
    Add a seat's office, exchange, manholes and routes to the plan.

    Parameters
    ----------
    plan
        Is added to.
    seat
        The seat.
    cable_m
        Length of its cable, metres.
    rng
        The streets are drawn from this.
    """
    status = "existing" if seat.slug in CONNECTED_BEFORE else "new"
    county = {"county": seat.name_fa, "county_en": seat.name_en}
    lon, lat, _ = GEOD.fwd(seat.lon, seat.lat, rng.uniform(0, 360), rng.uniform(60, 420))
    here = np.round([lon, lat], DIGITS)
    office = f"GOV-{seat.slug}"
    plan.offices.append(_office(seat, office, status, here))

    parts = stretches(seat, cable_m, rng)
    accuracy = float(rng.choice([0.02, 0.03, 0.05, 0.08]))
    survey = {"accuracy_m": accuracy, "provenance": "illustrative"}
    walk = Walk(rng)
    manholes = [f"MH-{seat.slug}-{n}" for n in range(len(parts) - 1, 0, -1)]
    nodes = [office, *manholes, f"EX-{seat.slug}"]
    cables: list[Feature] = []
    ducts: list[Feature] = []
    points: list[Feature] = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        way = walk.stretch(part.length_m, in_duct=part.in_duct, from_building=number == 0, to_building=last)
        # Drawn from the office outwards, written from the exchange to the office.
        line = placed(way, here, seat.bearing, part.length_m)[::-1]
        here = line[0]
        rank = len(parts) - number
        ends = {"office_id": office, "from_id": nodes[number + 1], "to_id": nodes[number]}
        slack = max(4, round(0.025 * part.length_m))
        cables.append(
            _feature(
                line,
                {"route_id": f"C-{seat.slug}-{rank}", "kind": "cable", "status": status, **county, **ends}
                | {"installation": "duct" if part.in_duct else "buried", "fibre_count": seat.fibres}
                | {"recorded_length_m": None, "slack_m": slack, **survey},
            )
        )
        if part.in_duct:
            ducts.append(
                _feature(
                    line,
                    {"route_id": f"D-{seat.slug}-{rank}", "kind": "duct", "status": status, **county, **ends}
                    | {"installation": "buried", "fibre_count": None}
                    | {"recorded_length_m": None, "slack_m": None, **survey},
                )
            )
        node = {"manhole_id": nodes[number + 1], "status": "existing" if last else status}
        if last:
            points.append(_feature(here, {**node, "kind": "exchange", **county, "depth_m": None, **survey}))
        else:
            # A turn of the duct wants room for the bend; a run's end is a smaller chamber.
            turn = part.in_duct and parts[number + 1].in_duct
            kind = {"kind": "manhole" if turn else "handhole"}
            depth = round(float(rng.uniform(1.4, 1.8) if turn else rng.uniform(0.8, 1.1)), 1)
            points.append(_feature(here, {**node, **kind, **county, "depth_m": depth, **survey}))
    plan.routes += cables[::-1] + ducts[::-1]
    plan.manholes += points[::-1]


def make() -> Plan:
    """
    Make the plan.

    Returns
    -------
    Plan
        Its features, county by county.
    """
    rng = np.random.default_rng(SEED)
    plan = Plan()
    new = np.array([seat.slug not in CONNECTED_BEFORE for seat in SEATS])
    lengths = np.array([seat.cable_m for seat in SEATS]) * rng.uniform(0.96, 1.04, len(SEATS))
    lengths[new] *= NEW_CABLE_M / lengths[new].sum()
    for seat, cable_m in zip(SEATS, lengths, strict=True):
        lay(plan, seat, float(cable_m), rng)
    for kind, status in (("cable", "new"), ("cable", "existing"), ("duct", "new")):
        _record(
            [
                route
                for route in plan.routes
                if route["properties"]["kind"] == kind and route["properties"]["status"] == status
            ]
        )
    return plan


def write(plan: Plan, folder: Path) -> list[Path]:
    """
    Write the layers as GeoJSON (RFC 7946), one feature a line.

    Parameters
    ----------
    plan
        What to write.
    folder
        Where to; it is made if it is not there.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, features in (
        ("offices", plan.offices),
        ("routes", plan.routes),
        ("manholes", plan.manholes),
    ):
        head = {
            "type": "FeatureCollection",
            "name": name,
            "illustrative": True,
            "note": NOTE,
            "note_fa": NOTE_FA,
        }
        lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
        opening = json.dumps(head, ensure_ascii=False)[:-1]
        path = folder / f"{name}.geojson"
        path.write_bytes(f'{opening}, "features": [\n{lines}\n]}}\n'.encode())
        written.append(path)
    return written


def _office(seat: Seat, office: str, connection: str, point: Array) -> Feature:
    before = connection == "existing"
    return _feature(
        point,
        {
            "office_id": office,
            "name_fa": f"فرمانداری {seat.name_fa}",
            "name_en": f"{seat.name_en} governorate",
            "county": seat.name_fa,
            "county_en": seat.name_en,
            "connection": connection,
            "provenance": "illustrative",
            "assumption": ASSUMPTION if before else None,
            "assumption_fa": ASSUMPTION_FA if before else None,
        },
    )


def _feature(coordinates: Array, properties: dict[str, Any]) -> Feature:
    geometry = "Point" if coordinates.ndim == 1 else "LineString"
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": geometry, "coordinates": coordinates.tolist()},
    }


def _record(routes: list[Feature]) -> None:
    """Record the routes' lengths in decimetres, rounded so that they add up to their rounded sum."""
    measured = [GEOD.line_length(*np.array(route["geometry"]["coordinates"]).T) for route in routes]
    ends = np.round(np.cumsum(measured), 1)
    for route, recorded in zip(routes, np.diff(ends, prepend=0.0), strict=True):
        route["properties"]["recorded_length_m"] = round(float(recorded), 1)


def main() -> None:
    """Write the layers into the folder named on the command line, by default this script's own."""
    parser = argparse.ArgumentParser(description="Make the geometry of the bundled plan again.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    for path in write(make(), parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
