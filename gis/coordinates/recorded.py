"""Lengths that a layer states for its own lines, as evidence of how its degrees are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from gis.coordinates.reading import Reading
from gis.language import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# With its axes swapped a line is some per cent longer or shorter, each by its direction; slack and rounding do that
# to all alike, and a rounded metre only to short ones.
_FITS, _FAILS = 0.005, 0.02
_LINES = 3
_MOST = 0.8


@dataclass(frozen=True, eq=False)
class Recorded:
    """
    Lines and the lengths that are recorded for them.

    Attributes
    ----------
    xy
        (n, 2) vertices of lines in one part, as the file has them.
    owners
        (n,) which line each belongs to, from 0, in order.
    lengths_m
        (lines,) recorded lengths, metres, above zero.
    """

    xy: Array
    owners: NDArray[np.intp]
    lengths_m: Array


def fitting(reading: Reading, recorded: Recorded) -> Text | None:
    """
    Tell whether recorded lengths are those of the lines with their axes swapped, and not those as declared.

    Parameters
    ----------
    reading
        The declared system, of degrees; in metres a length is the same either way.
    recorded
        The lines and their lengths.

    Returns
    -------
    Text or None
        What the lengths say; None where they say nothing against the reading.
    """
    count = len(recorded.lengths_m)
    if not reading.crs.is_geographic or count < _LINES:
        return None
    swapped = Reading(reading.crs, swapped=True)
    off = _off(reading, recorded)
    off_swapped = _off(swapped, recorded)
    better = int((off_swapped < off).sum())
    if not (np.median(off_swapped) <= _FITS and np.median(off) >= _FAILS and better >= _MOST * count):
        return None
    return Text(
        "read in {swapped}, {points} of {points} points give the lengths recorded for {lines} lines, to within "
        "{off_swapped:.1f} %; as declared ({declared}) they are off by {off:.1f} %",
        "با خواندن در {swapped}، {points} نقطه از {points} نقطه همان طول‌هایی را می‌دهند که برای {lines} خط ثبت شده، با "
        "اختلاف {off_swapped:.1f}٪؛ آن‌گونه که اعلام شده ({declared}) {off:.1f}٪ اختلاف دارند",
    ).filled(
        swapped=swapped.label,
        points=len(recorded.xy),
        lines=count,
        off_swapped=100 * float(np.median(off_swapped)),
        declared=reading.label,
        off=100 * float(np.median(off)),
    )


def _off(reading: Reading, recorded: Recorded) -> Array:
    """Give by which part each recorded length differs from the line's geodesic one; infinite off the earth."""
    lonlat = reading.lonlat(recorded.xy)
    sound = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat[:, 1]) <= 90)  # noqa: PLR2004 - the poles
    if not sound.all():
        return np.full(len(recorded.lengths_m), np.inf)
    steps = pyproj.Geod(ellps="WGS84").inv(*lonlat[:-1].T, *lonlat[1:].T)[2]
    steps[recorded.owners[1:] != recorded.owners[:-1]] = 0
    measured = np.bincount(recorded.owners[1:], weights=steps, minlength=len(recorded.lengths_m))
    return np.asarray(np.abs(measured / recorded.lengths_m - 1))
