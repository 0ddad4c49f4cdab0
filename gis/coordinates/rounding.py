"""The step that coordinates were rounded to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

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
# A number that was rounded is off by so much of the step, one standard deviation: it is anywhere within half of it.
_DEVIATION = 12**-0.5
# Feature by feature: chance alone makes one that looks rounded in one of 10³ layers; what no step is found for is fine
# to the millimetre; and steps of 10³ to 10⁻⁶ of the unit are tried.
_CERTAIN_DIGITS, _FINEST_M, _STEPS = 3, 1e-3, range(3, -7, -1)
# So many positions, spread evenly, stand for all.
SAMPLE = 20_000


_STATED, _ASSUMED = Text("stated", "اعلام‌شده"), Text("assumed", "فرض‌شده")


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
        if _off(numbers, -digits).mean() <= 1 - _NEARLY_ALL:
            return float(10.0**-digits)
    return None


def _off(numbers: Array, power: int) -> NDArray[np.bool_]:
    """Tell which numbers are no multiples of a power of ten; what is no number is one."""
    scaled = numbers * 10.0**-power
    with np.errstate(invalid="ignore"):
        # Division in binary leaves some units in the last place.
        off = np.abs(scaled - np.round(scaled)) > np.maximum(1e-7, np.abs(scaled) * 4e-16 * 8)
    return np.asarray(off)


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


def coarse(
    xy: Array, crs: pyproj.CRS, stated_m: float, assumed_m: float = np.inf
) -> list[tuple[str, dict[str, Any]]]:
    """
    Tell whether coordinates are rounded to a step that the accuracy stated or assumed for them does not allow.

    A stated accuracy is passed by a step that is larger; one that is only assumed, by the deviation of the rounding
    itself, step/√12, of numbers that are anywhere within half a step.

    Parameters
    ----------
    xy
        (n, 2) numbers as the file has them.
    crs
        The system that they are in.
    stated_m
        One standard deviation of a coordinate, metres; not-a-number where none is stated.
    assumed_m
        The one that is assumed then; infinite where none is.

    Returns
    -------
    list of (str, dict)
        Nothing, or C108 with fields ``step``, ``step_m``, ``accuracy_m`` and ``said``.
    """
    step = rounding(xy, crs)
    stated = np.isfinite(stated_m)
    accuracy_m = stated_m if stated else assumed_m
    if step is None or not step.size_m * (1.0 if stated else _DEVIATION) > accuracy_m:
        return []
    said = _STATED if stated else _ASSUMED
    shown = Text("{size:.10g} {unit}", "{size:.10g} {unit}").filled(size=step.size, unit=step.unit)
    return [
        (
            Doubt.COARSE,
            {"step": shown, "step_m": round(step.size_m, 6), "accuracy_m": accuracy_m, "said": said},
        )
    ]


def coarse_features(
    geometry: NDArray[np.object_], crs: pyproj.CRS, accuracy_m: Array
) -> tuple[NDArray[np.intp], Array]:
    """
    Find features that are rounded while others of their layer are not.

    Parameters
    ----------
    geometry
        (n,) geometries with the numbers that the file has; also None.
    crs
        The system that they are in.
    accuracy_m
        (n,) one standard deviation of a coordinate of each feature, stated or assumed, metres.

    Returns
    -------
    rows : numpy.ndarray
        (k,) features all of whose numbers are multiples of a step (a power of ten) whose deviation, step/√12, is larger
        than their accuracy; so many numbers that by chance it is hardly so of any feature of the layer.
    step_m : numpy.ndarray
        (k,) the largest such step of each, metres on the ground.
    """
    count = len(accuracy_m)
    steps_m = np.zeros(count)
    none = np.empty(0, dtype=np.intp), steps_m[:0]
    unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info and not crs.is_geographic else 1.0
    unit_m = _DEGREE_M if crs.is_geographic else unit
    sample = shapely.get_coordinates(geometry[:: -(-count // SAMPLE) or 1])
    sample = sample[:: -(-len(sample) // SAMPLE) or 1]
    sample = sample[np.isfinite(sample).all(axis=1)]
    if sample.size < _ENOUGH_NUMBERS:
        return none
    common = _step(np.unique(sample))
    finest_m = _FINEST_M if common is None else common * unit_m
    least = np.nanmin(accuracy_m, initial=np.inf)
    powers = [power for power in _STEPS if 10.0**power * unit_m > max(least / _DEVIATION, finest_m)]
    if not powers:
        return none
    # A multiple of a step is one of the finer ones, too: hardly any feature has an extent of such numbers.
    maybe = np.flatnonzero(~_off(shapely.bounds(geometry), powers[-1]).any(axis=1))
    xy, of_maybe = shapely.get_coordinates(geometry[maybe], return_index=True)
    chosen = np.isfinite(xy).all(axis=1)
    keys = np.column_stack([np.repeat(maybe[of_maybe[chosen]], 2), xy[chosen].ravel()])
    if not len(keys):
        return none
    keys = np.unique(keys, axis=0)
    of, numbers = keys[:, 0].astype(np.intp), keys[:, 1].astype(np.float64)
    different = np.bincount(of, minlength=count)
    # What was never measured is a multiple of everything.
    open_ = (different > 0) & (np.bincount(of, weights=numbers == 0, minlength=count) == 0)
    for power in powers:
        size_m = 10.0**power * unit_m
        whole = np.bincount(of, weights=_off(numbers, power), minlength=count) == 0
        certain = different * np.log10(size_m / finest_m) >= _CERTAIN_DIGITS + np.log10(count)
        found = open_ & whole & certain
        steps_m[found] = size_m
        open_ &= ~found
    rows = np.flatnonzero(steps_m * _DEVIATION > accuracy_m)
    return rows, steps_m[rows]
