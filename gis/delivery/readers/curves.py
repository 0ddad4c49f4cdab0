"""Curves of well-known binary as lines, with what of them was surveyed and what is put in (ISO/IEC 13249-3, 5.1.68)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.schema import ON_ARC, PUT_IN, SURVEYED

if TYPE_CHECKING:
    from numpy.typing import NDArray

# No point of the arc is off by more than 0.4 millionths of its radius.
_STEP = np.radians(0.1)
_LINE, _MULTI_LINE, _ARCS, _COMPOUND, _MULTI = 2, 5, 8, 9, 11
_HEAD = 5
_DIMENSIONS = {0: 2, 1: 3, 2: 3, 3: 4}
# Three points lie on a straight line where they enclose less than this share of the square of their extent.
_STRAIGHT = 1e-12
_DEEPEST = 4


@dataclass(frozen=True, slots=True, eq=False)
class Flattened:
    """
    A curve as a line.

    Attributes
    ----------
    geometry
        LineString or MultiLineString, without M.
    roles
        (m,) for each of its vertices whether it is the curve's own or put in, as `gis.inventory.Curves` has it.
    """

    geometry: Any
    roles: NDArray[np.uint8]


def is_curve(wkb: bytes) -> bool:
    """
    Tell whether well-known binary is a line that may hold arcs.

    Parameters
    ----------
    wkb
        As ISO has it.

    Returns
    -------
    bool
        True for a CircularString, a CompoundCurve or a MultiCurve.
    """
    if len(wkb) < _HEAD:
        return False
    return _kind(wkb, 0)[0] in {_ARCS, _COMPOUND, _MULTI}


def flatten(wkb: bytes) -> Flattened | None:
    """
    Make a line of a curve; on either side of its middle an arc is parted into equal steps of at most 0.1° of its angle.

    Parameters
    ----------
    wkb
        A CircularString, a CompoundCurve or a MultiCurve, as ISO has it.

    Returns
    -------
    Flattened or None
        None where it is cut, or holds what is no curve, or nothing.
    """
    reader = _Binary(wkb)
    try:
        reader.read(_DEEPEST)
    except (struct.error, ValueError):
        return None
    parts = [(np.concatenate(xyz), np.concatenate(roles)) for xyz, roles in reader.parts if len(xyz)]
    parts = [part for part in parts if len(part[0]) > 1]
    if not parts or any(xyz.shape[1] != parts[0][0].shape[1] for xyz, _ in parts):
        return None
    lines = [shapely.LineString(xyz) for xyz, _ in parts]
    geometry = lines[0] if reader.single else shapely.MultiLineString(lines)
    return Flattened(geometry, np.concatenate([roles for _, roles in parts]))


def _kind(wkb: bytes, at: int) -> tuple[int, int, str]:
    """Give the kind of the geometry that begins at a byte, its dimensions (1 Z, 2 M, 3 both), the order of bytes."""
    order = "<" if wkb[at] else ">"
    (kind,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    return kind % 1000, kind // 1000, order


@dataclass(slots=True)
class _Binary:
    """
    Well-known binary while it is read.

    `parts` are lines, each of pieces that follow each other; `single` whether it is one line rather than several.
    """

    wkb: bytes
    at: int = 0
    single: bool = True
    parts: list[tuple[list[NDArray[np.float64]], list[NDArray[np.uint8]]]] = field(default_factory=list)

    def read(self, depth: int, *, into: bool = False) -> None:
        """Read the geometry that begins here; as the next piece of the last part where it goes `into` one."""
        if not depth or len(self.wkb) < self.at + _HEAD:
            raise ValueError(self.at)
        kind, dimensions, order = _kind(self.wkb, self.at)
        (count,) = struct.unpack_from(f"{order}I", self.wkb, self.at + _HEAD)
        self.at += _HEAD + 4
        if kind in {_MULTI, _MULTI_LINE} and not into:
            self.single = False
            for _ in range(count):
                self.read(depth - 1)
            return
        if kind not in {_LINE, _ARCS, _COMPOUND}:
            raise ValueError(kind)
        if not into:
            self.parts.append(([], []))
        if kind == _COMPOUND:
            for _ in range(count):
                self.read(depth - 1, into=True)
            return
        self._take(kind, count, dimensions, order)

    def _take(self, kind: int, count: int, dimensions: int, order: str) -> None:
        """Take the points of a piece, and step behind them."""
        width = _DIMENSIONS[dimensions]
        xyz = (
            np.frombuffer(self.wkb, f"{order}f8", count * width, self.at)
            .reshape(count, width)
            .astype(np.float64)
        )
        self.at += 8 * count * width
        xyz = xyz[:, : 3 if dimensions in {1, 3} else 2]
        roles = np.full(count, SURVEYED, dtype=np.uint8)
        if kind == _ARCS:
            xyz, roles = _arcs(xyz)
        pieces, of = self.parts[-1]
        if pieces and len(xyz) and (pieces[-1][-1] == xyz[0]).all():
            xyz, roles = xyz[1:], roles[1:]  # it begins where the last one ends
        if len(xyz):
            pieces.append(xyz)
            of.append(roles)


def _arcs(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Part the arcs of a CircularString, each through three points of which the last begins the next."""
    if len(points) % 2 == 0:
        raise ValueError(len(points))
    pieces, roles = [points[:1]], [np.array([SURVEYED])]
    for first in range(0, len(points) - 2, 2):
        start, middle, end = points[first : first + 3]
        turns = _turns(start, middle, end)
        for a, b, turn, role in (
            (start, middle, turns[1], ON_ARC if turns[1] else SURVEYED),
            (middle, end, turns[2], SURVEYED),
        ):
            put_in = along(a, b, turns[0], turn)
            pieces += [put_in, b[None]]
            roles += [np.full(len(put_in), PUT_IN), np.array([role])]
    return np.concatenate(pieces), np.concatenate(roles).astype(np.uint8)


def along(
    start: NDArray[np.float64], end: NDArray[np.float64], centre: complex, turn: float
) -> NDArray[np.float64]:
    """
    Give the vertices that part an arc into equal steps of at most 0.1° of its angle.

    Parameters
    ----------
    start, end
        (2,) or (3,) its ends, x before y; a height changes evenly along it.
    centre
        Its centre as x + yi.
    turn
        How far it turns, in radians, counter-clockwise positive; 0 where it is straight.

    Returns
    -------
    numpy.ndarray
        (n, 2) or (n, 3) vertices between the ends.
    """
    steps = steps_of(turn)
    share = np.arange(1, steps)[:, None] / max(steps, 1)
    between = start + share * (end - start)
    if steps > 1:
        away = complex(*start[:2]) - centre
        places = centre + away * np.exp(1j * share[:, 0] * turn)
        between[:, 0], between[:, 1] = places.real, places.imag
    return between


def steps_of(turn: float) -> int:
    """
    Tell into how many steps a curve is parted.

    Parameters
    ----------
    turn
        How far it turns, in radians.

    Returns
    -------
    int
        Steps of at most 0.1°: 900 of a right angle, 0 where it is straight.
    """
    return int(np.ceil(abs(turn) / _STEP - 1e-9))


def _turns(
    start: NDArray[np.float64], middle: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[complex, float, float]:
    """Give an arc's centre, how far it turns to its middle and from there to its end; 0 where it is straight."""
    a, b, c = (complex(*point[:2]) for point in (start, middle, end))
    p, q = b - a, c - a
    if q == 0:  # a whole circle: the middle lies opposite
        return (a + b) / 2, np.pi * (p != 0), np.pi * (p != 0)
    twice = 2 * (p.conjugate() * q).imag
    if not abs(twice) > _STRAIGHT * (abs(p) ** 2 + abs(q) ** 2):
        return a, 0.0, 0.0
    centre = a + 1j * (abs(q) ** 2 * p - abs(p) ** 2 * q) / twice
    turn = 1 if (p.conjugate() * q).imag > 0 else -1
    first, second = (
        float(np.angle((there - centre) / (here - centre)) * turn % (2 * np.pi)) * turn
        for here, there in ((a, b), (b, c))
    )
    return centre, first, second
