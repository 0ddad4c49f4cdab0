"""
A layer that lies apart from where it belongs as a whole: by the digits that its numbers lost, or by a common shift.

Neither is repaired: a shift says by how much, not which of its causes it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info, query_utm_crs_info
from pyproj.enums import PJType

from gis.coordinates import mercator
from gis.coordinates.reading import Reading
from gis.coordinates.systems import authority, in_use, label
from gis.coordinates.trial import MANY, MUCH_NEARER, NEAR_KNOWN_M, PAIRED_M, PAIRS, distinct, within_domain
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gis.coordinates.trial import Trial

    Array = NDArray[np.float64]

_MOST = 0.95
_AT_KNOWN_M = 5_000.0
_FALSE_EASTING_M = 500_000.0
# A leading digit of a UTM easting, of a northing, and the second one of a northing.
_EAST_DIGIT_M, _NORTH_DIGIT_M, _NORTH_SECOND_M = 1e5, 1e6, 1e5
# A ground scale factor of 1.0006 moves Iran's northings by 2 km.
_FARTHEST_M = 3_000.0
_KNOWN_AT_MOST, _WAYS_AT_MOST = 200, 400_000
_CELL_M = 2 * PAIRED_M
# PROJ's parameters of old datums are good to some metres.
_DATUM_M = 5.0
_SCALE = (1e-5, 3e-3)

_LOCAL = Text(
    "another datum, a base station set up on a wrong position or a local grid could explain it",
    "مبنای مسطحاتی دیگر، ایستگاه مبنا با مختصات نادرست یا شبکه‌ای محلی می‌تواند علت آن باشد",
)


def missing_digits(trial: Trial, readings: Sequence[Reading]) -> tuple[Reading, dict[str, Any]] | None:
    """
    Find what was left off in front of a layer's numbers: the false easting, or leading digits.

    Parameters
    ----------
    trial
        The layer, with an area or known points that say where it belongs.
    readings
        Readings to try; those in metres count.

    Returns
    -------
    tuple of Reading and dict, or None
        The reading that fits once the numbers are whole, and the fields of C110: ``east_m`` and ``north_m``, by how
        much the numbers are off, ``evidence``, which names every amount that fits, and ``misplaced``.
    """
    if not trial.area_given and not len(trial.known):
        return None
    for reading in readings:
        if reading.swapped or not reading.crs.is_projected:
            continue
        amounts = _fitting(trial, reading)
        if amounts:
            east, north = amounts[0]
            return reading, {
                "east_m": 0.0 - east,
                "north_m": 0.0 - north,
                "evidence": _digits_told(trial, reading, amounts),
                # Nothing else need be said of where its features are.
                "misplaced": True,
            }
    return None


def _fitting(trial: Trial, reading: Reading) -> list[tuple[float, float]]:
    """List the amounts that bring the layer to where it belongs, the likeliest first."""
    x, y = trial.xy.T
    short = _mostly((x >= 0) & (x < _EAST_DIGIT_M))
    # Of six digits none is missing in front; the false easting may be, but that is asked where nothing else fits only.
    wanting = _mostly(x < _EAST_DIGIT_M) or (trial.area_given and not trial.viable())
    false_easting = [_FALSE_EASTING_M] if wanting else []
    digits = [k * _EAST_DIGIT_M for k in range(1, 10) if k * _EAST_DIGIT_M not in false_easting]
    easts = [0.0, *false_easting, *(digits if short else [])]
    norths = [0.0]
    if _mostly((y >= 0) & (y < _NORTH_DIGIT_M)):
        norths += [k * _NORTH_DIGIT_M for k in range(1, 10)]
    if _mostly((y >= 0) & (y < _NORTH_SECOND_M)):
        norths += [k * _NORTH_SECOND_M for k in range(1, 100) if k % 10]
    tried = np.array([(east, north) for east in easts for north in norths if (east, north) != (0, 0)])
    if not len(tried):
        return []
    # One position tells which are worth trying with all.
    with np.errstate(over="ignore"):
        middle = np.median(trial.xy, axis=0) + tried
    centres = within_domain(reading, middle)
    sound = in_use(reading.crs, centres)
    if trial.area_given:
        sound &= trial.covered(centres)
    found = [
        (float(east), float(north)) for east, north in tried[sound] if _fits(trial, reading, east, north)
    ]
    if trial.area is not None:
        # The false easting first, which is left off most; then by how near to the middle of the area they come.
        middle = shapely.get_coordinates(trial.area.centroid)
        there = {
            amount: _placed(reading, np.median(trial.xy, axis=0)[None] + np.array(amount)) for amount in found
        }
        found.sort(
            key=lambda amount: (
                amount[0] != _FALSE_EASTING_M,
                float(np.hypot(*(there[amount] - middle).T)[0]),
            )
        )
    if len(trial.known) and len(found) > 1:
        away = {amount: trial.away_m(_placed(reading, trial.xy + np.array(amount))) for amount in found}
        found.sort(key=away.__getitem__)
        if away[found[0]] < MUCH_NEARER * away[found[1]]:
            return found[:1]
    return found


def _mostly(which: NDArray[np.bool_]) -> bool:
    return bool(which.mean() >= _MOST)


def _placed(reading: Reading, xy: Array) -> Array:
    lonlat = within_domain(reading, xy)
    lonlat[~in_use(reading.crs, lonlat)] = np.nan
    return lonlat


def _fits(trial: Trial, reading: Reading, east: float, north: float) -> bool:
    lonlat = _placed(reading, trial.xy + np.array([east, north]))
    sound = trial.covered(lonlat) if trial.area_given else np.isfinite(lonlat).all(axis=1)
    # In steps of 100 km one or another comes within 50 km of anything.
    coarse = east in {0.0, _FALSE_EASTING_M} and north % _NORTH_DIGIT_M == 0
    within = NEAR_KNOWN_M if trial.area_given or coarse else _AT_KNOWN_M
    return _mostly(np.asarray(sound, dtype=bool)) and (not len(trial.known) or trial.away_m(lonlat) < within)


def _digits_told(trial: Trial, reading: Reading, amounts: Sequence[tuple[float, float]]) -> Text:
    east, north = amounts[0]
    added = _amount(east, north)
    told = Text(
        "digits are missing in front: with {added}, read in {reading}, the points lie {where}",
        "رقم‌هایی از آغاز عددها افتاده است: با {added} و خواندن در {reading}، نقطه‌ها {where} می‌افتند",
    ).filled(
        added=added,
        reading=reading.label,
        where=Text("in the area", "در محدوده")
        if trial.area_given
        else Text("at known points", "کنار نقطه‌های شناخته"),
    )
    if len(amounts) == 1:
        return told
    others = [_amount(*amount) for amount in amounts[1:]]
    return Text("{told}; so they do with {others}", "{told}؛ با {others} نیز چنین است").filled(
        told=told,
        others=Text.joined(others, " or ", " یا "),
    )


def _amount(east: float, north: float) -> Text:
    parts = []
    if east:
        parts.append(f"{east:,.0f}".replace(",", " "))
    if north:
        parts.append(f"{north:,.0f}".replace(",", " "))
    if east and north:
        return Text(
            f"{parts[0]} m added to the easting and {parts[1]} m to the northing",
            f"افزودن {parts[0]} متر به شرقی و {parts[1]} متر به شمالی",
        )
    if east:
        return Text(f"{parts[0]} m added to the easting", f"افزودن {parts[0]} متر به شرقی")
    return Text(f"{parts[0]} m added to the northing", f"افزودن {parts[0]} متر به شمالی")


def common_shift(trial: Trial, reading: Reading) -> dict[str, Any] | None:
    """
    Find one shift that brings a layer's points onto known ones, where they do not lie on them as they are.

    Each way from a point of the layer to a known point within 3 km is a shift that might be. The one that most known
    points have in common counts where at least three and half of them do, and more than twice as many as have any
    other.

    Parameters
    ----------
    trial
        The layer and the points that are known.
    reading
        How the layer is read.

    Returns
    -------
    dict or None
        Fields of C110: ``east_m`` and ``north_m``, how far the layer lies from where it belongs, ``pairs``, and
        ``evidence``, which names what explains it.
    """
    lonlat, known = distinct(trial.lonlat(reading)), trial.known
    if len(lonlat) < PAIRS or len(known) < PAIRS:
        return None
    ways, of_point, of_known = _ways(lonlat, known)
    if not len(ways):
        return None
    centre, count, second = _commonest(ways, of_known)
    near = np.hypot(*(ways - centre).T) <= PAIRED_M
    if not near.any():
        return None
    centre = np.median(ways[near], axis=0)
    near = np.hypot(*(ways - centre).T) <= PAIRED_M
    count = min(len(np.unique(of_known[near])), len(np.unique(of_point[near])))
    in_place = len(np.unique(of_known[np.hypot(*ways.T) <= PAIRED_M]))
    possible = min(len(np.unique(of_known)), len(np.unique(of_point)))
    if (
        np.hypot(*centre) <= PAIRED_M
        or count < max(PAIRS, MANY * possible)
        or count <= 2 * max(second, in_place)
    ):
        return None
    east, north = -centre
    told = Text(
        "{pairs} known points have a point of the layer {east:+,.1f} m east and {north:+,.1f} m north of them; {why}",
        "{pairs} نقطهٔ شناخته نقطه‌ای از لایه را در {east:+,.1f} متری شرق و {north:+,.1f} متری شمال خود دارند؛ {why}",
    ).filled(
        pairs=count,
        east=east,
        north=north,
        why=_explained(reading, lonlat[of_point[near]], known[of_known[near]]),
    )
    return {
        "east_m": round(float(east), 2),
        "north_m": round(float(north), 2),
        "pairs": count,
        "evidence": told,
    }


def _ways(lonlat: Array, known: Array) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Give the ways in metres from the layer's points to known ones, and which points they join."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy, and few layers need it

    points, plane = mercator.project(lonlat), mercator.project(known)
    tree = cKDTree(points)
    scale = mercator.scale(known[:, 1])
    reached = np.flatnonzero(tree.query(plane)[0] <= _FARTHEST_M * scale)
    chosen = reached[:: -(-len(reached) // _KNOWN_AT_MOST) or 1]
    while True:
        counts = tree.query_ball_point(plane[chosen], _FARTHEST_M * scale[chosen], return_length=True)
        if np.sum(counts) <= _WAYS_AT_MOST or len(chosen) < 2 * PAIRS:
            break
        chosen = chosen[::2]
    if not len(chosen):
        empty = np.empty(0, dtype=np.int64)
        return np.empty((0, 2)), empty, empty
    around = tree.query_ball_point(plane[chosen], _FARTHEST_M * scale[chosen])
    of_point = np.concatenate([np.asarray(one, dtype=np.int64) for one in around])
    of_known = np.repeat(chosen, [len(one) for one in around])
    ways = (plane[of_known] - points[of_point]) / scale[of_known][:, None]
    return ways, of_point, of_known


def _commonest(ways: Array, of_known: NDArray[np.int64]) -> tuple[Array, int, int]:
    """Give the shift that most known points have in common, how many do, and how many have any other."""
    cells, counts = [], []
    # A cluster that one grid of cells cuts lies whole in a cell of another.
    for east in (0.0, 0.5):
        for north in (0.0, 0.5):
            cell = np.floor(ways / _CELL_M + (east, north)).astype(np.int64)
            owned = np.unique(np.column_stack([cell, of_known]), axis=0)
            which, count = np.unique(owned[:, :2], axis=0, return_counts=True)
            cells.append((which + 0.5 - (east, north)) * _CELL_M)
            counts.append(count)
    centres, count = np.concatenate(cells), np.concatenate(counts)
    best = int(np.argmax(count))
    other = np.hypot(*(centres - centres[best]).T) > 2 * _CELL_M
    return centres[best], int(count[best]), int(count[other].max(initial=0))


def _explained(reading: Reading, lonlat: Array, known: Array) -> Text:
    """Say what would put the layer's points where they are instead of on the known ones."""
    written, right = reading.numbers(lonlat), reading.numbers(known)
    if reading.crs.is_projected:
        factor = float((written * right).sum() / (right * right).sum())
        off = np.hypot(*np.median(written - factor * right, axis=0))
        if _SCALE[0] < abs(factor - 1) < _SCALE[1] and off <= PAIRED_M:
            return Text(
                "so they would be if all numbers had been multiplied by {factor:.6f}, as ground scale factors are",
                "اگر همهٔ عددها در {factor:.6f} ضرب شده باشند، چنان‌که با ضریب مقیاس زمینی می‌کنند، چنین می‌شود",
            ).filled(factor=factor)
    lon, lat = np.median(known, axis=0)
    best: tuple[float, pyproj.CRS] | None = None
    for crs in _others(reading.crs, float(lon), float(lat)):
        there = Reading(crs, reading.swapped).lonlat(written)
        apart = np.hypot(*np.median((there - known) * (np.cos(np.radians(lat)), 1.0), axis=0)) * 111_000
        if apart <= _DATUM_M and (best is None or apart < best[0]):
            best = float(apart), crs
    if best is None:
        return _LOCAL
    return Text(
        "so they would be if the numbers were in {crs}; {others}",
        "اگر عددها در {crs} باشند چنین می‌شود؛ {others}",
    ).filled(crs=label(best[1]), others=_LOCAL)


def _others(crs: pyproj.CRS, lon: float, lat: float) -> list[pyproj.CRS]:
    """List the systems on other datums that are used at a place, and could be taken for one."""
    place = AreaOfInterest(lon, lat, lon, lat)
    if crs.utm_zone is not None:
        found = [one for one in query_utm_crs_info(area_of_interest=place) if one.auth_name == "EPSG"]
    elif crs.is_geographic:
        found = query_crs_info("EPSG", PJType.GEOGRAPHIC_2D_CRS, place, contains=True)
    else:
        return []
    systems = [pyproj.CRS.from_epsg(int(one.code)) for one in found]
    own = authority(crs)
    return [one for one in systems if authority(one) != own and one.utm_zone == crs.utm_zone]
