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

from gis.delivery.readers import fieldcodes, headings
from gis.inventory import LeftOut
from gis.language import Text
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
_TRACK = re.compile(r"(?<![^\W\d_])track(?![^\W\d_])", re.IGNORECASE)
# What Emlid Flow says of a point's coordinates.
_STORED = ("Global", "Local")
# Columns of routes and points that are made of field codes.
_KIND, _MANHOLE = "kind", "manhole_id"
_UNSAID = Text("points of lines that are not told apart", "نقطه‌های خط‌هایی که از هم جدا نشده‌اند")
_NO_LINE = Text(
    "their code is a line's, and which other points are of the same line is not said; number it (CBL1) or mark where "
    "the line begins and ends (CBL ST, CBL END)",
    "کد آن‌ها از خط است، اما گفته نشده کدام نقطه‌های دیگر از همان خط‌اند؛ کد را شماره بزنید (CBL1) یا آغاز و پایان خط را "
    "نشان دهید (CBL ST و CBL END)",
)


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
    rows
        (n,) the row of the table that each point stands in, where a row may be of several routes or of none; None
        where each row is one point.
    single
        Which rows of the table are points of their own; None for those of no route.
    made
        (k,) columns of the routes that the table itself does not have.
    told
        (rows of the table,) columns of the single points that the table itself does not have.
    unsaid
        How many rows say that they are of a route, and not of which.
    """

    codes: NDArray[np.intp]
    names: NDArray[np.object_]
    order: NDArray[np.float64]
    named: str
    dropped: list[str] = field(default_factory=list)
    rows: NDArray[np.intp] | None = None
    single: NDArray[np.bool_] | None = None
    made: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    told: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    unsaid: int = 0

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Which rows of the table are points of their own."""
        return self.codes < 0 if self.single is None else self.single

    def left_out(self, shown: str, layer: str) -> tuple[LeftOut, ...]:
        """
        Say how many points of lines are of none.

        Parameters
        ----------
        shown
            The file's name for people.
        layer
            The table's name in it.

        Returns
        -------
        tuple of LeftOut
            None where there are none.
        """
        return (LeftOut(shown, layer, self.unsaid, _UNSAID, _NO_LINE),) if self.unsaid else ()


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


def grouping(table: pd.DataFrame, roles: dict[str, list[str]], title: str = "") -> Grouping | None:
    """
    Find out whether a table of points orders them into routes.

    Three ways are known: a column names the route of each point and another one numbers them; a column of names is a
    route's and a number (``R1-001``) where their code says that they are of a line; a column of field codes has the
    lines' numbers (``CBL1``) or where they begin and end, the points in the order of their numbers or rows.

    Parameters
    ----------
    table
        The points.
    roles
        The roles of its columns, as `gis.delivery.readers.headings.roles` gives them.
    title
        The table's name: one that is called a track is one, where its points are numbered.

    Returns
    -------
    Grouping or None
        None where the points stay points.
    """
    present = {key: [name for name in names if name in table] for key, names in roles.items()}
    if present.get("node") or not len(table):
        return None
    return (
        _by_columns(table, present)
        or _by_names(table, present)
        or _by_codes(table, present)
        or _by_title(table, present, title)
    )


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
    if of.rows is not None:
        table, xyz = table.iloc[of.rows].reset_index(drop=True), xyz[of.rows]
    there = np.asarray(np.isfinite(xyz[:, :2]).all(axis=1))
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
    single = {name for name in table.columns if _of_a_point(table[name])}
    kept = [name for name in table.columns if name not in {*of.dropped, of.named, *single}]
    columns |= {str(name): values for name, values in _shared(table[kept], of.codes, count)}
    columns |= dict(_gathered(table[kept], of.codes, count))
    columns |= {name: values for name, values in of.made.items() if name not in columns}
    frame = pd.DataFrame(columns).infer_objects()
    frame = frame.rename(columns={"geometry": "geometry_2"})
    lost = int((~there & (of.codes >= 0)).sum())
    if of.rows is not None:
        first = of.rows[first]
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
    high = bool(shapely.has_z(geometry[there]).any())
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
    """Take names of a route and a number of the points whose codes say that they are of lines, where all are so."""
    for code in present.get("code", []):
        values, uniques = pd.factorize(table[code])
        said = [*map(fieldcodes.parse, uniques), fieldcodes.Code()]
        of_line = np.array([bool(one.lines) and not one.remark and not one.node for one in said])[values]
        numbered = np.array([any(line.numbered or line.marker for line in one.lines) for one in said])[values]
        others = any(not one.node for one in said[:-1] if not one.lines)
        if not of_line.any() or others or (numbered.any() and not of_line.all()):
            continue
        for name in present.get("name", []):
            if (found := _numbered(table[name][of_line].reset_index(drop=True))) is None:
                continue
            lines, names = pd.factorize(found[0])
            codes = np.full(len(table), -1, dtype=np.intp)
            order = np.zeros(len(table))
            codes[of_line], order[of_line] = lines, found[1]
            return Grouping(
                codes,
                np.asarray(names, dtype=object),
                order,
                _MADE,
                [name],
                told=_nodes(table, said, values, name),
            )
    return None


def _by_title(table: pd.DataFrame, present: dict[str, list[str]], title: str) -> Grouping | None:
    """Take the numbered points of a table that is called a track, as SW Maps writes one a file."""
    if not _TRACK.search(title):
        return None
    codes = np.zeros(len(table), dtype=np.intp)
    for number in [*present.get("sequence", []), *present.get("row", [])]:
        order = parse_numbers(table[number])
        if _orders(codes, order):
            return Grouping(codes, np.array([title], dtype=object), order, _MADE, [number])
    return None


def _nodes(
    table: pd.DataFrame, said: list[fieldcodes.Code], values: NDArray[np.intp], name: str
) -> dict[str, NDArray[np.object_]]:
    """Give what the codes of nodes say, where the table has no columns of these names."""
    kinds = np.array([one.kind or None for one in said], dtype=object)[values]
    names = table[name].astype(object).where(table[name].notna(), None).to_numpy(dtype=object)
    return _told(table, names, kinds)


def _told(
    table: pd.DataFrame, ids: NDArray[np.object_], kinds: NDArray[np.object_]
) -> dict[str, NDArray[np.object_]]:
    have = {fold(str(name)) for name in table.columns}
    return {name: of for name, of in ((_MANHOLE, ids), (_KIND, kinds)) if fold(name) not in have}


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
    """Take field codes of lines and of nodes."""
    for name in present.get("code", []):
        points = [one for one in [*present.get("name", []), *present.get("sequence", [])] if one != name]
        order = np.arange(len(table), dtype=np.float64)
        if points and _orders(
            np.zeros(len(table), dtype=np.intp), numbers := parse_numbers(table[points[0]])
        ):
            order = numbers
        found = fieldcodes.coded(table[name], order)
        if found is None:
            continue
        ids = found.nodes
        if points:
            own = table[points[0]].astype(object).where(table[points[0]].notna(), None).to_numpy(dtype=object)
            ids = np.where(pd.isna(ids) | pd.Series(ids).duplicated(keep=False).to_numpy(), own, ids)
        made = {} if pd.isna(found.kinds).all() else {_KIND: found.kinds}
        return Grouping(
            found.lines,
            found.names,
            np.arange(len(found.rows), dtype=np.float64),
            _MADE,
            [name, *points[:1]],
            found.rows,
            found.single,
            made,
            _told(table, ids, found.node_kinds),
            int(found.unsaid.sum()),
        )
    return None


def _firsts(codes: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Give the place where each of the codes from 0 on stands first."""
    first = np.zeros(count, dtype=np.intp)
    of_any = np.flatnonzero(codes >= 0)[::-1]
    first[codes[of_any]] = of_any
    return first


def _of_a_point(values: pd.Series[Any]) -> bool:
    """Tell whether a column says how a point was measured: of its antenna, its base; in which system it was stored."""
    if headings.role(values.name) == "observed":
        return True
    return fold(str(values.name)) == "origin" and bool(values.isin(_STORED).all())


def _gathered(table: pd.DataFrame, codes: NDArray[np.intp], count: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Give what single points say of how well they are known: a route is no better than its worst, of any fix."""
    inside = codes >= 0
    roles = headings.roles(table)
    for name in roles.get("accuracy", []):
        values = pd.Series(parse_numbers(table[name])[inside]).groupby(codes[inside]).max()
        yield name, values.reindex(range(count)).to_numpy(dtype=object)
    for name in roles.get("solution", []):
        said = table[name][inside].dropna().astype(str)
        joined_up = said.groupby(codes[inside][table[name][inside].notna()]).agg(
            lambda values: "; ".join(dict.fromkeys(values))
        )
        yield name, joined_up.reindex(range(count)).astype(object).to_numpy()


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
