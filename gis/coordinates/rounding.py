"""The step that coordinates were rounded to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.coordinates.doubts import Doubt
from gis.language import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from gis.project import Project

    Array = NDArray[np.float64]

# A degree of latitude at 32.5° north is 110.9 km on WGS 84; 1 % more or less does not matter here.
_DEGREE_M = 110_900.0
_STEP_DIGITS = 9
_ENOUGH_NUMBERS = 8
_NEARLY_ALL = 0.99
# So many positions, spread evenly, stand for all.
SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Step:
    """
    The step that a layer's coordinates were rounded to.

    Attributes
    ----------
    size
        The step in the unit of the coordinates.
    size_m
        The step in metres on the ground; of degrees, that of the latitude, the larger one.
    unit
        ``"°"``, ``"″"`` (then ``size`` is in seconds of arc) or ``"m"`` and so on.
    """

    size: float
    size_m: float
    unit: str


def rounding(xy: Array, crs: pyproj.CRS) -> Step | None:
    """
    Find the common step that coordinates were rounded to.

    Steps are powers of ten, of degrees also whole and decimal seconds of arc. A step counts where 99 of 100
    numbers are its multiples; that the last digits of so many numbers are all zero by chance is less likely
    than 1 in 10⁸.

    Parameters
    ----------
    xy
        (n, 2) numbers as the file has them.
    crs
        The system that they are in.

    Returns
    -------
    Step or None
        The largest step; None for fewer than eight numbers, and for none down to 10⁻⁹ of the unit.
    """
    sample = xy[:: -(-len(xy) // SAMPLE) or 1]
    numbers = np.unique(sample[np.isfinite(sample).all(axis=1)])
    if len(numbers) < _ENOUGH_NUMBERS:
        return None
    degrees = crs.is_geographic
    factor = 1.0 if degrees else crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    found: list[Step] = []
    if (size := _step(numbers)) is not None:
        unit = "°" if degrees else crs.axis_info[0].unit_name if factor != 1 else "m"
        found.append(Step(size, size * (_DEGREE_M if degrees else factor), unit))
    if degrees and (size := _step(numbers * 3600)) is not None:
        found.append(Step(size, size * _DEGREE_M / 3600, "″"))
    return max(found, key=lambda step: step.size_m, default=None)


def _step(numbers: Array) -> float | None:
    for digits in range(-3, _STEP_DIGITS + 1):
        scaled = numbers * 10.0**digits
        # Division in binary leaves some units in the last place.
        off = np.abs(scaled - np.round(scaled)) > np.maximum(1e-7, np.abs(scaled) * 4e-16 * 8)
        if off.mean() <= 1 - _NEARLY_ALL:
            return float(10.0**-digits)
    return None


def stated_m(layer: gpd.GeoDataFrame, project: Project) -> float:
    """
    Give the accuracy that is stated for a layer.

    Parameters
    ----------
    layer
        A canonical layer, or some of its rows.
    project
        Its project, which may state one for features that state none.

    Returns
    -------
    float
        The median standard deviation of a coordinate, metres; not-a-number where none is stated.
    """
    if "accuracy_m" not in layer:
        return np.nan
    about = project.project
    otherwise = about.accuracy_m if "accuracy_m" in about.model_fields_set else np.nan
    return float(layer["accuracy_m"].astype("float64").fillna(otherwise).median())


def coarse(xy: Array, crs: pyproj.CRS, accuracy_m: float) -> list[tuple[str, dict[str, Any]]]:
    """
    Tell whether coordinates are rounded to a step larger than the accuracy stated for them.

    Parameters
    ----------
    xy
        (n, 2) numbers as the file has them.
    crs
        The system that they are in.
    accuracy_m
        One standard deviation of a coordinate, metres; not-a-number where none is stated.

    Returns
    -------
    list of (str, dict)
        Nothing, or C108 with fields ``step``, ``step_m`` and ``accuracy_m``.
    """
    step = rounding(xy, crs)
    if step is None or not step.size_m > accuracy_m:
        return []
    shown = Text("{size:.10g} {unit}", "{size:.10g} {unit}").filled(size=step.size, unit=step.unit)
    return [(Doubt.COARSE, {"step": shown, "step_m": round(step.size_m, 6), "accuracy_m": accuracy_m})]
