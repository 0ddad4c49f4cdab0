"""Geometries as formats write them down, part by part: what has no length spoils nothing beside it."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import shape

from gis.delivery.files.reasons import TOO_FEW, DamagedError
from gis.delivery.readers.reader import left_out
from gis.language import Text

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from gis.inventory import LeftOut

# A line of fewer positions has no length.
_LINE = 2
_DEPTH = 64
WHAT_SHORT = Text(
    "{count:part of a line|parts of lines} with fewer than two positions", "پارهٔ خط با کم‌تر از دو نقطه"
)
WHY_SHORT = Text("{count:it has|they have} no length", "طولی ندارند")


def sound(geometry: Any) -> tuple[BaseGeometry | None, int]:
    """
    Build a geometry from its mapping, without the parts of its lines that have fewer than two positions.

    Parameters
    ----------
    geometry
        A mapping as GeoJSON has it; None for none.

    Returns
    -------
    geometry : shapely geometry or None
        What is left; a line without any position is empty.
    short : int
        How many parts were left out.

    Raises
    ------
    DamagedError
        A line of one position, alone or as all that there is.
    ValueError, TypeError, AttributeError, KeyError, IndexError, shapely.errors.ShapelyError
        No geometry.
    """
    if geometry is None:
        return None, 0
    return _sound(geometry, 0)


def _sound(geometry: Any, depth: int) -> tuple[BaseGeometry, int]:
    kind = str(geometry["type"]).casefold()
    if kind == "linestring" and len(geometry["coordinates"]) == 1:
        raise DamagedError(TOO_FEW)
    if kind == "multilinestring":
        return _lines(geometry["coordinates"])
    if kind == "geometrycollection" and depth < _DEPTH:
        return _collection(geometry["geometries"], depth)
    return shaped(geometry), 0


def _lines(parts: list[Any]) -> tuple[BaseGeometry, int]:
    kept = [part for part in parts if len(part) >= _LINE]
    if not kept and any(len(part) for part in parts):
        raise DamagedError(TOO_FEW)
    return shaped({"type": "MultiLineString", "coordinates": kept}), len(parts) - len(kept)


def _collection(members: list[Any], depth: int) -> tuple[BaseGeometry, int]:
    built, short = [], 0
    for member in members:
        try:
            one, passed_over = _sound(member, depth + 1)
        except DamagedError:
            short += 1
            continue
        built.append(one)
        short += passed_over
    if short and not built:
        raise DamagedError(TOO_FEW)
    return shapely.geometrycollections(built), short


def shaped(geometry: dict[str, Any]) -> BaseGeometry:
    """
    Make a geometry of its GeoJSON object.

    Parameters
    ----------
    geometry
        With ``type`` and ``coordinates``, or ``geometries``.

    Returns
    -------
    shapely.geometry.base.BaseGeometry
        The geometry. Where some of its positions have a height, those without one, or with null for it, have NaN;
        what follows the height is left out.

    Raises
    ------
    ValueError, TypeError, AttributeError, KeyError, IndexError, shapely.errors.ShapelyError
        It is none.
    """
    if str(geometry["type"]).casefold() == "geometrycollection":
        return shapely.GeometryCollection([shaped(part) for part in geometry["geometries"]])
    coordinates = geometry["coordinates"]
    if str(geometry["type"]).casefold() == "linestring" and _even(coordinates):
        return shapely.LineString(np.array(coordinates, dtype=np.float64))
    width = 3 if _deep(coordinates) else 2
    made: BaseGeometry = shape({"type": geometry["type"], "coordinates": _positions(coordinates, width)})
    return made


def _even(coordinates: Any) -> bool:
    """Tell positions that are all of one width and all decimal numbers, as nearly all are."""
    return (
        isinstance(coordinates, (list, tuple))
        and set(map(type, coordinates)) in ({tuple}, {list})
        and set(map(len, coordinates)) in ({2}, {3})
        and set(map(type, chain.from_iterable(coordinates))) == {float}
    )


def _deep(coordinates: Any) -> bool:
    """Tell whether any position has a height."""
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        return len(coordinates) > 2 and coordinates[2] is not None  # noqa: PLR2004 - x and y come first
    return any(map(_deep, coordinates))


def _positions(coordinates: Any, width: int) -> Any:
    """Give positions of one width: nothing of a height is NaN."""
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        if len(coordinates) < 2:  # noqa: PLR2004 - x and y
            raise ValueError("coordinates are not numbers in pairs")
        x, y, *rest = coordinates
        height = rest[0] if rest and rest[0] is not None else math.nan
        return [x, y, height][:width]
    return [_positions(part, width) for part in coordinates]


def short_parts(shown: str, layer: str, count: int) -> tuple[LeftOut, ...]:
    """
    Say how many parts of lines were left out.

    Parameters
    ----------
    shown
        The file's name for people.
    layer
        The layer in it.
    count
        How many.

    Returns
    -------
    tuple of LeftOut
        None where there are none.
    """
    return left_out(shown, layer, [(count, WHAT_SHORT, WHY_SHORT)])
