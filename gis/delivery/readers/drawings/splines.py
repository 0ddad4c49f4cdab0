"""Splines of a drawing, as positions along them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Positions = NDArray[np.float64]

# How far a chord may keep from its curve, of the length that the curve has; and how many there may be.
TOLERANCE = 1e-6
_MOST = 1 << 16
_CLOSED = 1
_CUBIC = 3


def positions(codes: NDArray[np.int64], values: NDArray[np.object_]) -> Positions | None:
    """
    Give positions along a spline.

    Parameters
    ----------
    codes, values
        (n,) the tags of a SPLINE: degree, knots, control points, weights; or the points that it fits.

    Returns
    -------
    numpy.ndarray or None
        (n, 3) positions in the drawing's unit, so many that no chord is further than 1e-6 of the whole length from
        the curve. None where the tags make no curve. A spline that is given by its fit points alone is the cubic one
        through them by the length of its chords, with the curvature 0 at its ends, or closed.
    """
    numbers = {code: _numbers(codes, values, code) for code in (40, 41)}
    control, fit = _points(codes, values, 10), _points(codes, values, 11)
    degree, flags = (int(_first(codes, values, code)) for code in (71, 70))
    knots, weights = numbers[40], numbers[41]
    if len(control) > degree >= 1 and len(knots) == len(control) + degree + 1 and (np.diff(knots) >= 0).all():
        return _along(_rational(knots, control, weights, degree), np.unique(knots[degree : len(control) + 1]))
    return _through(fit, closed=bool(flags & _CLOSED))


def _rational(
    knots: NDArray[np.float64], control: Positions, weights: NDArray[np.float64], degree: int
) -> Callable[[NDArray[np.float64]], Positions]:
    from scipy.interpolate import BSpline  # noqa: PLC0415 - heavy, and few drawings have splines

    if len(weights) != len(control) or not (weights > 0).all():
        weights = np.ones(len(control))
    curve = BSpline(knots, np.column_stack([control * weights[:, None], weights]), degree)

    def at(parameters: NDArray[np.float64]) -> Positions:
        found = np.asarray(curve(parameters))
        plain: Positions = found[:, :3] / found[:, 3:]
        return plain

    return at


def _through(fit: Positions, *, closed: bool) -> Positions | None:
    from scipy.interpolate import make_interp_spline  # noqa: PLC0415 - heavy, and few drawings have splines

    if len(fit):
        fit = fit[np.append(True, np.abs(np.diff(fit, axis=0)).any(axis=1))]
    if len(fit) < 2:  # noqa: PLR2004 - a line
        return None
    if closed and (fit[0] != fit[-1]).any():
        fit = np.vstack([fit, fit[:1]])
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(fit, axis=0), axis=1)))
    degree = _CUBIC if len(fit) > 2 else 1  # noqa: PLR2004 - two are a straight line
    ends = None if degree == 1 else "periodic" if closed else "natural"
    try:
        curve = make_interp_spline(along, fit, k=degree, bc_type=ends)
    except (ValueError, np.linalg.LinAlgError):  # points too far apart for numbers to tell
        return None
    return _along(lambda parameters: np.asarray(curve(parameters)), along)


def _along(curve: Callable[[NDArray[np.float64]], Positions], knots: NDArray[np.float64]) -> Positions | None:
    """Halve the parts between knots until the curve's middle is on each chord."""
    if len(knots) < 2:  # noqa: PLR2004 - a part has two ends
        return None
    parameters = knots
    while True:
        middles = (parameters[:-1] + parameters[1:]) / 2
        with np.errstate(all="ignore"):
            found = curve(parameters)
            between = curve(middles)
            chords = np.linalg.norm(np.diff(found, axis=0), axis=1)
            off = np.linalg.norm(between - (found[:-1] + found[1:]) / 2, axis=1)
        if not np.isfinite(found).all():
            return None
        # The first rounds are for curves whose middle lies on the chord by their symmetry.
        fine = len(parameters) > 4 * len(knots) and off.max() <= TOLERANCE * chords.sum()
        if fine or len(parameters) > _MOST:
            break
        parameters = np.sort(np.concatenate([parameters, middles]))
    return found


def _numbers(codes: NDArray[np.int64], values: NDArray[np.object_], code: int) -> NDArray[np.float64]:
    return np.array(values[codes == code].tolist(), dtype=np.float64)


def _first(codes: NDArray[np.int64], values: NDArray[np.object_], code: int) -> float:
    found = _numbers(codes, values, code)
    return float(found[0]) if len(found) else 0.0


def _points(codes: NDArray[np.int64], values: NDArray[np.object_], code: int) -> Positions:
    """Give points whose x, y and z stand under a code and those 10 and 20 above it."""
    x, y, z = (_numbers(codes, values, code + more) for more in (0, 10, 20))
    if len(x) != len(y):
        return np.empty((0, 3))
    return np.column_stack([x, y, z if len(z) == len(x) else np.zeros(len(x))])
