"""
Routes made of surveyed points: which points are of one route, and in which order they lie along it.

Points become routes only where they say so twice: by what names the route of each, and by what numbers the points
along it. All else stays points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.text.letters import ascii_digits, fold
from gis.text.numbers import parse_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_POINTS = 2  # that make a line
# The column of names that are parts of points' names or codes.
_MADE = "route"
_NODE_NAME = re.compile(
    r"^(?:mh|hh|man|hand|pole|office|node|حوضچه|هندهول|تیر|فرمانداری|مفصل)", re.IGNORECASE
)
_NUMBERED = re.compile(r"(.*?\S)\s*[-_/.:#\s]\s*(\d{1,5})")
# Field codes of what is surveyed point by point along it, with the number that tells one such line from the next.
_LINE_CODE = re.compile(r"(?P<word>[^\W\d_]+)[\s\-_.#/]*(?P<number>\d*)")
_LINE_WORDS = {
    fold(word)
    for words in (
        "cbl|cable|foc|ofc|fo|fibre|fiber|duct|conduit|trench|route|line|span|r",
        "کابل|مسیر|داکت|کانال|فیبر|خط|لوله|ترانشه",
    )
    for word in words.split("|")
}


@dataclass(frozen=True, eq=False)
class Grouping:
    """
    Which points make which route.

    Attributes
    ----------
    codes
        (n,) the route of each point as its place in `names`, -1 for points of no route.
    names
        (k,) what each route is called.
    order
        (n,) numbers that rise along each route.
    named
        The column that names the routes: the table's own, or one that is made.
    dropped
        Columns that tell of single points only, such as the numbers along the route.
    """

    codes: NDArray[np.intp]
    names: NDArray[np.object_]
    order: NDArray[np.float64]
    named: str
    dropped: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Routes:
    """
    Routes put together of points.

    Attributes
    ----------
    frame
        Their columns, those that say one thing of all points of a route, and ``geometry``.
    first
        (k,) the place of each route's first point in the table.
    lost
        How many of their points have no position.
    """

    frame: gpd.GeoDataFrame
    first: NDArray[np.intp]
    lost: int


def grouping(table: pd.DataFrame, roles: dict[str, list[str]]) -> Grouping | None:
    """
    Find out whether a table of points orders them into routes.

    Three ways are known: a column names the route of each point and another one numbers them; a column of names is a
    route's and a number (``R1-001``) where the code of each says that it is of a line; a column of field codes is a
    line's and its number (``CBL1``), the points in the order of their numbers or rows.

    Parameters
    ----------
    table
        The points.
    roles
        The roles of its columns, as `gis.delivery.readers.headings.roles` gives them.

    Returns
    -------
    Grouping or None
        None where the points stay points.
    """
    present = {key: [name for name in names if name in table] for key, names in roles.items()}
    if present.get("node") or not len(table):
        return None
    return _by_columns(table, present) or _by_names(table, present) or _by_codes(table, present)


def joined(table: pd.DataFrame, xyz: NDArray[np.float64], of: Grouping) -> Routes:
    """
    Put routes together.

    Parameters
    ----------
    table
        (n,) the points, without their coordinates.
    xyz
        (n, 2) or (n, 3) coordinates, not-a-number where a point has none.
    of
        Which points make which route.

    Returns
    -------
    Routes
        One a name; without geometry where none of its points has a position.
    """
    count = len(of.names)
    there = np.asarray(np.isfinite(xyz).all(axis=1))
    chosen = np.lexsort((of.order, of.codes))
    chosen = chosen[there[chosen] & (of.codes[chosen] >= 0)]
    counts = np.bincount(of.codes[chosen], minlength=count)
    # A line takes two points; one alone is a line of no length, for the checks to find.
    alone = counts[of.codes[chosen]] == 1
    if alone.any():
        chosen = np.repeat(chosen, np.where(alone, 2, 1))
    geometry = np.full(count, None, dtype=object)
    if len(chosen):
        shapely.linestrings(xyz[chosen], indices=of.codes[chosen], out=geometry)
    first = _firsts(of.codes, count)
    columns: dict[str, Any] = {of.named: of.names}
    kept = [name for name in table.columns if name not in {*of.dropped, of.named}]
    columns |= {str(name): values for name, values in _shared(table[kept], of.codes, count)}
    frame = pd.DataFrame(columns).infer_objects()
    frame = frame.rename(columns={"geometry": "geometry_2"})
    lost = int((~there & (of.codes >= 0)).sum())
    return Routes(gpd.GeoDataFrame(frame, geometry=geometry), first, lost)


def routes_of_waypoints(
    frame: gpd.GeoDataFrame, records: NDArray[np.int64]
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]] | None:
    """
    Make routes of waypoints whose names say so, as ``R12-001``, ``R12-002`` and ``R13-001`` do.

    Parameters
    ----------
    frame
        (n,) waypoints, their names in ``name``.
    records
        (n,) their numbers.

    Returns
    -------
    tuple of geopandas.GeoDataFrame and numpy.ndarray, or None
        The routes and the numbers of their first waypoints; None where not all names are a route's and a number, or
        where they name manholes and the like.
    """
    found = _numbered(frame["name"]) if "name" in frame else None
    if found is None:
        return None
    ids, numbers = found
    table = pd.DataFrame(frame.drop(columns=["geometry", "name"]))
    codes, names = pd.factorize(ids)
    geometry = frame.geometry.to_numpy()
    there = ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
    high = bool(shapely.has_z(geometry[there]).all())
    xyz = np.full((len(frame), 3 if high else 2), np.nan)
    xyz[there] = shapely.get_coordinates(geometry[there], include_z=high)
    made = joined(table, xyz, Grouping(codes, np.asarray(names, dtype=object), numbers, _MADE))
    return made.frame, records[made.first]


def _by_columns(table: pd.DataFrame, present: dict[str, list[str]]) -> Grouping | None:
    rows = present.get("row", [])
    numbered = [*present.get("sequence", []), *rows]
    for name in [*present.get("route", []), *rows]:
        candidates = [one for one in numbered if one != name and not (name in rows and one in rows)]
        if not candidates:
            continue
        codes, names = pd.factorize(table[name].ffill())
        for number in candidates:
            order = parse_numbers(table[number])
            if _orders(codes, order):
                return Grouping(codes, np.asarray(names, dtype=object), order, name, [number])
    return None


def _orders(codes: NDArray[np.intp], order: NDArray[np.float64]) -> bool:
    """Tell whether numbers order the points of routes: each has one, and none is twice in a route."""
    if not len(codes) or (codes < 0).any() or not np.isfinite(order).all():
        return False
    sizes = np.bincount(codes)
    if sizes.max() < _POINTS or sizes.mean() < _POINTS:
        return False
    chosen = np.lexsort((order, codes))
    twice = (np.diff(codes[chosen]) == 0) & (np.diff(order[chosen]) == 0)
    return not twice.any()


def _by_names(table: pd.DataFrame, present: dict[str, list[str]]) -> Grouping | None:
    """Take names of a route and a number, where a column of codes says that all points are of lines."""
    coded = [name for name in present.get("code", []) if all(map(_line_code, table[name].unique()))]
    if not coded:
        return None
    for name in present.get("name", []):
        if (found := _numbered(table[name])) is not None:
            codes, names = pd.factorize(found[0])
            return Grouping(codes, np.asarray(names, dtype=object), found[1], _MADE, [name])
    return None


def _numbered(names: pd.Series[Any]) -> tuple[pd.Series[Any], NDArray[np.float64]] | None:
    """Part names into a route's and a number; None where not all are, or where they name manholes and the like."""
    if len(names) < _POINTS or names.isna().any():
        return None
    matches = [_NUMBERED.fullmatch(ascii_digits(str(name))) for name in names]
    found = [match for match in matches if match is not None]
    if len(found) < len(matches) or any(_NODE_NAME.match(match[1]) for match in found):
        return None
    ids = pd.Series([match[1] for match in found])
    numbers = pd.Series([int(match[2]) for match in found])
    firsts = set(numbers.groupby(ids).min())
    alone = (ids.groupby(ids).transform("size") == 1).any()
    # Numbers that run on from one name to the next are names, not an order along each.
    if alone or len(firsts) > 1 or not ids.str.contains(r"\d").all():
        return None
    return ids, np.asarray(numbers, dtype=np.float64)


def _by_codes(table: pd.DataFrame, present: dict[str, list[str]]) -> Grouping | None:
    """Take field codes of lines and their numbers; points of any other code are of no route."""
    for name in present.get("code", []):
        codes, names = pd.factorize(table[name])
        of_lines = np.array(
            [bool((match := _line_code(value)) and match["number"]) for value in names], dtype=bool
        )
        if not of_lines.any():
            continue
        place = np.append(np.where(of_lines, np.cumsum(of_lines) - 1, -1), -1)
        codes = place[codes]
        sizes = np.bincount(codes[codes >= 0])
        if sizes.min() < _POINTS:
            continue
        order = np.arange(len(table), dtype=np.float64)
        points = [one for one in [*present.get("name", []), *present.get("sequence", [])] if one != name]
        dropped = points[:1]
        if points and _orders(codes[codes >= 0], numbers := parse_numbers(table[points[0]])[codes >= 0]):
            order[codes >= 0] = numbers
        return Grouping(codes, np.asarray(names, dtype=object)[of_lines], order, _MADE, [name, *dropped])
    return None


def _line_code(value: Any) -> re.Match[str] | None:
    match = _LINE_CODE.fullmatch(ascii_digits(value).strip()) if isinstance(value, str) else None
    return match if match and fold(match["word"]) in _LINE_WORDS else None


def _firsts(codes: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Give the place where each of the codes from 0 on stands first."""
    first = np.zeros(count, dtype=np.intp)
    of_any = np.flatnonzero(codes >= 0)[::-1]
    first[codes[of_any]] = of_any
    return first


def _shared(table: pd.DataFrame, codes: NDArray[np.intp], count: int) -> Iterator[tuple[Any, Any]]:
    """Give the columns that say one thing of a route, not another thing of each point, with what they say."""
    for name in table.columns:
        values, uniques = pd.factorize(table[name])
        said = np.flatnonzero((values >= 0) & (codes >= 0))[::-1]
        first = np.full(count, -1, dtype=np.intp)
        first[codes[said]] = values[said]
        if (values[said] == first[codes[said]]).all():
            given = np.append(np.asarray(uniques, dtype=object), np.array([None], dtype=object))
            yield name, given[first]
