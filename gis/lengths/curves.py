"""
Points put in along curves: they follow the points that were surveyed, and have no errors of their own.

An arc is its two ends and the point that it passes through between them. Where these err, the points put in move with
the circle; `docs/lengths.md` derives by how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.lengths.geodesic import ECCENTRICITY_SQUARED
from gis.schema import ON_ARC, PUT_IN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.lengths.vertices import Vertices

_RADIAN = np.pi / 180
# Below this share of the chord's square, three points lie on a straight line.
_STRAIGHT = 1e-12


def followed(
    vertices: Vertices, roles: NDArray[np.uint8], put_in: NDArray[np.intp], gradients: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """
    Hand the gradients of points that were put in to the surveyed points that they follow.

    Parameters
    ----------
    vertices
        The lines, WGS 84 degrees.
    roles
        (m,) what each vertex is: surveyed (0), surveyed and the middle of an arc (`gis.schema.ON_ARC`), or put in
        (`gis.schema.PUT_IN`).
    put_in
        (k,) the vertices whose gradients are given, each one put in.
    gradients
        (k, 2) of a length with respect to their positions, east and north.

    Returns
    -------
    numpy.ndarray
        (3 k,) the surveyed vertices that they follow; -1 where a part has none.
    numpy.ndarray
        (3 k, 2) what is to be added to these points' gradients.

    Notes
    -----
    A point of an arc through three points moves along the arc's normal by the trigonometric polynomial of the first
    degree that takes the three points' own normal errors, as radius and centre are three numbers. A curve of which
    only two points were surveyed turns and stretches with them.
    """
    before, after = _neighbours(vertices, roles)
    a, b = before[put_in], after[put_in]
    a, b = np.where(a < 0, b, a), np.where(b < 0, a, b)
    # The third point of an arc: beyond the point that it passes through.
    beyond, ahead = after[np.minimum(b + 1, len(roles) - 1)], before[np.maximum(a - 1, 0)]
    part = np.repeat(np.arange(len(vertices.owners)), np.diff(vertices.offsets))
    alive = a >= 0
    rising = alive & (roles[b] == ON_ARC) & (b + 1 < len(roles)) & (beyond >= 0)
    rising &= part[beyond] == part[b]
    falling = alive & ~rising & (roles[a] == ON_ARC) & (a > 0) & (ahead >= 0)
    falling &= part[ahead] == part[a]
    third = np.where(rising, beyond, np.where(falling, ahead, -1))
    scale = _metres_a_degree(vertices.coordinates[np.maximum(a, 0), 1])
    origin = vertices.coordinates[np.maximum(a, 0), :2]

    def plane(of: NDArray[np.intp]) -> NDArray[np.complex128]:
        east, north = ((vertices.coordinates[np.maximum(of, 0), :2] - origin) * scale).T
        return np.asarray(east + 1j * north)

    here, ends = plane(put_in), [plane(a), plane(b), plane(third)]
    gradient = gradients[:, 0] + 1j * gradients[:, 1]
    with np.errstate(all="ignore"):
        share = (here - ends[0]) / (ends[1] - ends[0])
    share = np.where(np.isfinite(share), share, 0)
    parts = [gradient * np.conj(1 - share), gradient * np.conj(share), np.zeros_like(gradient)]
    on_arc = _on_arc(here, ends, gradient, share.real.clip(0, 1))
    arc = (third >= 0) & np.isfinite(on_arc).all(axis=0)
    handed = np.where(arc, on_arc, parts)
    return np.concatenate([a, b, np.where(arc, third, -1)]), np.stack(
        [handed.real.ravel(), handed.imag.ravel()], axis=1
    )


def _on_arc(
    here: NDArray[np.complex128],
    ends: list[NDArray[np.complex128]],
    gradient: NDArray[np.complex128],
    share: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Give the three points' shares in points on the circle through them, (3, k); NaN where there is no circle."""
    a, b, c = ends
    p, q = b - a, c - a
    twice = 2 * (np.conj(p) * q).imag
    # Divided by zero where three points lie on a line or two are one.
    with np.errstate(all="ignore"):
        centre = a + 1j * (np.abs(q) ** 2 * p - np.abs(p) ** 2 * q) / twice
        straight = np.abs(twice) <= _STRAIGHT * (np.abs(p) ** 2 + np.abs(q) ** 2)
        normal = (here - centre) / np.abs(here - centre)
        normals = [(end - centre) / np.abs(end - centre) for end in ends]
        angle, angles = np.angle(normal), [np.angle(one) for one in normals]
        # The gradient's part along the arc is next to nothing; the nearer points take it, so that a common shift
        # of all points stays one.
        across = (np.conj(normal) * gradient).real
        along = gradient - across * normal
        parts = []
        for own, (one, other) in enumerate(((1, 2), (0, 2), (0, 1))):
            share_of = np.sin((angle - angles[one]) / 2) * np.sin((angle - angles[other]) / 2)
            share_of = share_of / (
                np.sin((angles[own] - angles[one]) / 2) * np.sin((angles[own] - angles[other]) / 2)
            )
            parts.append(normals[own] * share_of * across)
    parts[0], parts[1] = parts[0] + along * (1 - share), parts[1] + along * share
    result = np.array(parts)
    result[:, straight] = np.nan
    return result


def _neighbours(vertices: Vertices, roles: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the surveyed vertex at or before, and at or after, each vertex in its part; -1 where there is none."""
    counts = np.diff(vertices.offsets)
    first, end = np.repeat(vertices.offsets[:-1], counts), np.repeat(vertices.offsets[1:], counts)
    own = np.arange(len(roles))
    surveyed = roles != PUT_IN
    before = np.maximum.accumulate(np.where(surveyed, own, -1))
    after = np.minimum.accumulate(np.where(surveyed, own, len(roles))[::-1])[::-1]
    return np.where(before >= first, before, -1), np.where(after < end, after, -1)


def _metres_a_degree(lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give (k, 2) metres a degree to the east and the north, of which only the ratio counts here."""
    w = 1 - ECCENTRICITY_SQUARED * np.sin(lat * _RADIAN) ** 2
    return np.stack([np.cos(lat * _RADIAN), (1 - ECCENTRICITY_SQUARED) / w], axis=1)
