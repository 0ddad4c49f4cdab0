"""
Single positions in other axes or another zone than the layer that they are in.

No area is needed: the rest of the layer says where it is. A position counts where it lies far from all others as it is
read, further than the layer is wide, and among them when it is read in the other way. What is far away in every
reading may be another town, and is left alone; so is the other half of a layer that is in two places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.coordinates import mercator
from gis.coordinates.doubts import Doubt
from gis.coordinates.reading import Reading
from gis.coordinates.systems import beside, in_use, label, zones
from gis.coordinates.trial import within_domain
from gis.language import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]

# Two surveys in one layer may well lie so far apart, and at the mirror image of each other's place where longitude
# and latitude are nearly the same; two vertices of one feature do not lie a twentieth of that apart.
_APART_M, _APART_IN_FEATURE_M = 200_000.0, 10_000.0
# How near to the others a position must come: so far at most, or so much of the width of their place.
_AMONG_M, _AMONG_PART = 5_000.0, 0.25
_AT_MOST = 1 / 3
_STRETCHED_DEG = 6.0
_MUCH_NEARER = 0.2
_WIDTH_PERCENTILE = 90.0
_DEGREE_M = 111_320.0
_SAMPLE = 20_000


def strays(
    xy: Array, rows: Rows, reading: Reading, owners: NDArray[np.intp] | None
) -> list[tuple[str, dict[str, Any]]]:
    """
    Find positions that belong to their layer only in another reading.

    Parameters
    ----------
    xy
        (n, 2) numbers of the layer.
    rows
        The rows of it to look at; the others have no position, or are told already.
    reading
        How the layer is read.
    owners
        (n,) the feature that each position belongs to; None: each is one of its own.

    Returns
    -------
    list of (str, dict)
        C103 and C104 with ``rows``, ``reading``, ``declared``, ``believed``, ``evidence``.
    """
    if not len(rows) or _narrow(xy[rows], reading):
        return []
    numbers = xy[rows]
    lonlat = within_domain(reading, numbers)
    features = np.arange(len(rows)) if owners is None else owners[rows]
    centre = _centre(lonlat, features)
    if not np.isfinite(centre).all():
        return []
    from_centre = _distance_m(lonlat, centre)
    from_centre[~np.isfinite(from_centre)] = np.inf
    ways: list[tuple[str, Reading]] = [(Doubt.SWAPPED, Reading(reading.crs, swapped=not reading.swapped))]
    ways += [(Doubt.ELSEWHERE, Reading(crs, reading.swapped)) for crs in beside(reading.crs)]
    if reading.crs.is_geographic:
        # Metres among degrees.
        ways += [(Doubt.ELSEWHERE, Reading(crs)) for crs in zones((*centre, *centre))]
    suspects: list[tuple[str, Reading, NDArray[np.intp], Array]] = []
    body = np.ones(len(rows), dtype=bool)
    for code, way in ways:
        at = np.flatnonzero(body & (from_centre > _APART_IN_FEATURE_M))
        # Where all others are speaks for a zone even where it is stretched to the next one's middle.
        there = within_domain(way, numbers[at])
        there[~in_use(way.crs, there, _STRETCHED_DEG)] = np.nan
        nearer = _distance_m(there, centre) < _MUCH_NEARER * from_centre[at]
        if nearer.any():
            suspects.append((code, way, at[nearer], there[nearer]))
            body[at[nearer]] = False
    # Of a layer that is in two places neither is the stray one.
    few = len(np.unique(features[~body])) <= _AT_MOST * len(np.unique(features)) or (
        len(np.unique(features)) == 1 and (~body).mean() <= _AT_MOST
    )
    if not suspects or not few or not body.any():
        return []
    notes = []
    for code, way, at, there in suspects:
        among = np.where(in_use(way.crs, there), _AMONG_PART, 0.0)
        told = _belonging(lonlat, features, body, at, there, among)
        if told.any():
            notes.append((code, _fields(reading, way, rows[at[told]])))
    return notes


def _belonging(
    lonlat: Array,
    features: NDArray[np.intp],
    body: NDArray[np.bool_],
    at: NDArray[np.intp],
    there: Array,
    among: Array,
) -> NDArray[np.bool_]:
    """Tell which of the suspects are far from the layer's body as they are, and in it in their own reading."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy, and few layers need it

    main = lonlat[body]
    main = main[np.isfinite(main).all(axis=1)]
    if not len(main):
        return np.zeros(len(at), dtype=bool)
    centre = np.median(main, axis=0)
    width = 2 * float(np.percentile(_distance_m(main, centre), _WIDTH_PERCENTILE))
    tree = cKDTree(_on_sphere(main[:: -(-len(main) // _SAMPLE)]))
    before = _to_nearest_m(tree, lonlat[at])
    after = _to_nearest_m(tree, there)
    mixed = np.isin(features[at], features[body])
    apart = np.maximum(np.where(mixed, _APART_IN_FEATURE_M, _APART_M), width)
    return np.asarray(
        (before > apart) & (after <= np.maximum(_AMONG_M, among * width)) & (after < before / 10)
    )


def _fields(reading: Reading, way: Reading, rows: Rows) -> dict[str, Any]:
    evidence = Text(
        "as it is, far from the rest of its layer; read in {reading}, among the others (positions like it: {count})",
        "آن‌گونه که هست از بقیهٔ لایه بسیار دور است؛ با خواندن در {reading} میان بقیه می‌افتد (شمار آن‌ها: {count})",
    ).filled(reading=way.label, count=len(rows))
    return {
        "declared": label(reading.crs),
        "believed": way.label,
        "evidence": evidence,
        "rows": rows,
        "reading": way,
    }


def _narrow(xy: Array, reading: Reading) -> bool:
    """Tell whether all numbers lie so near to each other that none can be astray, without reading one of them."""
    if not reading.crs.is_geographic and not reading.crs.is_projected:
        return True
    unit = _DEGREE_M if reading.crs.is_geographic else reading.crs.axis_info[0].unit_conversion_factor
    with np.errstate(over="ignore"):
        return bool(np.hypot(*(xy.max(axis=0) - xy.min(axis=0))) * unit < _APART_IN_FEATURE_M)


def _centre(lonlat: Array, features: NDArray[np.intp]) -> Array:
    """Give the median of the features' own medians, so that one with many vertices does not outvote the others."""
    frame = pd.DataFrame({"lon": lonlat[:, 0], "lat": lonlat[:, 1], "feature": features})
    return np.asarray(frame.groupby("feature").median().median(), dtype=np.float64)


def _on_sphere(lonlat: Array) -> Array:
    lon, lat = np.radians(lonlat).T
    around = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.asarray(around * mercator.SEMI_MAJOR_M)


def _distance_m(lonlat: Array, place: Array) -> Array:
    """Measure to one place through a sphere: good to a few parts of a thousand, which does for near and far."""
    return np.asarray(np.linalg.norm(_on_sphere(lonlat) - _on_sphere(place[None]), axis=1))


def _to_nearest_m(tree: Any, lonlat: Array) -> Array:
    away = np.full(len(lonlat), np.inf)
    sound = np.isfinite(lonlat).all(axis=1)
    if sound.any():
        away[sound] = tree.query(_on_sphere(lonlat[sound]))[0]
    return away
