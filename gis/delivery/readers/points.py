"""
Surveyed points in rows: which columns hold their places, in which system, and what rows without a place are.

Whether the points are routes is told by `gis.delivery.readers.sequences`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gis.coordinates.reading import Reading
from gis.delivery.files.layer import title
from gis.delivery.readers import cells, headings, sequences
from gis.delivery.readers.reader import damaged as damaged_notes
from gis.inventory import Curves, LeftOut, Note
from gis.language import Text
from gis.text.letters import ascii_digits
from gis.text.numbers import parse_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NUMBER = r"0?([1-9]|[1-5]\d|60)(?!\d)(?:[.]0+)?"
# A zone and, it may be, its hemisphere or its band: 39, 39S, UTM39, «زون ۳۹».
_ZONE = re.compile(rf"(?:(?<![^\W_])|(?<=utm)|(?<=zone)){_NUMBER}\s*([C-HJ-NP-X]?)(?![^\W_])", re.IGNORECASE)
_ZONE_IN_WORDS = re.compile(
    rf"(?:(?:zone|زون|ناحیه|قاچ)\D{{0,8}}|utm\W{{0,3}}){_NUMBER}\s*([C-HJ-NP-X]?)(?![^\W_])"
    rf"|utm\D{{0,8}}(3[89]|4[01])(?!\d)|(?<![^\W_])([1-5]\d|60)\s?([NS])\b",
    re.IGNORECASE,
)
_LAST_SOUTHERN_BAND = "M"
# Northings of the band S, 32° to 40° north: whoever writes 39S of such numbers means the band, not the south.
_BAND_S = (3.5e6, 4.5e6)
# A value that names no zone.
_NO_ZONE = 99
_SYSTEM = re.compile(r"(?:EPSG:\d{4,6}|[A-Za-z][\w /().+-]{2,80})", re.IGNORECASE)
_ED50 = re.compile(r"ed\W?(?:50|77)", re.IGNORECASE)
_ANGLE = re.compile(
    r"([NSEW]?)\s*([+-]?)(\d{1,3})(?:\s*[°ºd:\-\s˚]\s*|\s+)(\d{1,2}(?:\.\d+)?)"
    r"(?:\s*['′’:\-\s]\s*(\d{1,2}(?:\.\d+)?)?\s*(?:\"|″|”|''|′′|’’)?)?\s*([NSEW]?)",
    re.IGNORECASE,
)
_HEMISPHERES = str.maketrans({"ش": "N", "ق": "E", "ج": "S", "غ": "W"})
_PAIR = re.compile(r"\s*([^,;،؛]+?)\s*[,;،؛]\s*([^,;،؛]+?)\s*")
_FEW_DECIMALS = 6
_MOST = 0.5
_NEARLY_ALL = 0.95
# Both ranges of the plane and of the sphere that a survey in Iran or about it can have.
_EASTING, _NORTHING = (1e5, 9.5e5), (2e6, 5e6)
_LONGITUDE, _LATITUDE = (40.0, 68.0), (20.0, 44.0)
_HEIGHT = (-500.0, 9000.0)
_WGS84 = pyproj.CRS("EPSG:4326")
_GEOD = pyproj.Geod(ellps="WGS84")
_ACCURACY = "accuracy_m"
_FEET_M = {"ft": 0.3048, "us-ft": 1200 / 3937}
# Two positions of one point that lie farther apart than this, and than they are rounded to, disagree.
_APART_M = 1.0
_METRES_OF_A_DEGREE = 111_000.0
# In a system that nobody named, positions this far apart say that it is another system.
_ELSEWHERE_M = 10_000.0
_SHOWN = 10
_UNNAMED = re.compile(r"column_\d+")
_SUM = re.compile(r"(?:sub-?\s?|grand\s)?(?:total|sum)s?\b|(?:جمع|مجموع|کل)\b", re.IGNORECASE)
_ROWS = Text("{count:row|rows} without a position", "ردیف بی‌موقعیت")
_NO_FEATURE = Text(
    "sums, remarks and empty lines of a form name no feature; a row with an id and a position is taken",
    "جمع‌ها، توضیح‌ها و سطرهای خالی فرم عارضه‌ای را نام نمی‌برند؛ ردیفی که شناسه و موقعیت داشته باشد گرفته می‌شود",
)
_VERTICES = Text("{count:point of a route|points of routes} without a position", "نقطهٔ بی‌موقعیت از مسیر")
_NO_VERTEX = Text(
    "a route is drawn through its other points; give these their coordinates",
    "مسیر از نقطه‌های دیگرش کشیده می‌شود؛ مختصات این نقطه‌ها را بدهید",
)
_TABLE = Text(
    "the table has no geometry and no columns of coordinates; nothing of it is measured",
    "جدول نه هندسه دارد و نه ستون مختصات؛ چیزی از آن اندازه گرفته نمی‌شود",
)


@dataclass(frozen=True, eq=False)
class Positioned:
    """
    A table of points with their places.

    Attributes
    ----------
    frame
        The table with ``geometry``: points, the routes that they make, or both.
    records
        (n,) row numbers; of a route that of its first point.
    crs
        What the headings, the cells or a column of zones declare, or None. Of rows in several systems, EPSG:4326.
    notes
        D003 for rows whose coordinates cannot be read, C111 where two positions of the same rows disagree.
    left_out
        Rows that are no features, and points of routes without a position.
    brought
        Whether rows of several systems were brought to degrees: what the numbers were is gone.
    curves
        Which vertices of curves in cells were put in; None where all are the table's own.
    unit_m
        The unit in metres that the headings name where they name no system: eastings and northings are in metres all
        the same.
    """

    frame: gpd.GeoDataFrame
    records: NDArray[np.int64]
    crs: pyproj.CRS | None
    notes: tuple[Note, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    brought: bool = False
    curves: Curves | None = None
    unit_m: float = 1.0


@dataclass(frozen=True, eq=False)
class _Places:
    """Where rows are: geometry from cells, or (n, 2) or (n, 3) coordinates; not-a-number where there are none."""

    used: list[str]
    crs: pyproj.CRS | None
    given: NDArray[np.bool_]
    geometry: NDArray[np.object_] | None = None
    xyz: Floats | None = None
    notes: list[Note] = field(default_factory=list)
    brought: bool = False
    roles: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    unit_m: float = 1.0

    @property
    def missing(self) -> NDArray[np.bool_]:
        if self.xyz is not None:
            return np.asarray(~np.isfinite(self.xyz[:, :2]).all(axis=1))
        return np.asarray(shapely.is_missing(self.geometry))

    def shapes(self, rows: NDArray[np.bool_]) -> NDArray[np.object_]:
        """Give the geometry of some rows."""
        if self.geometry is not None:
            return self.geometry[rows]
        xyz = np.empty((0, 2)) if self.xyz is None else self.xyz[rows]
        there = np.isfinite(xyz[:, :2]).all(axis=1)
        result = np.full(len(xyz), None, dtype=object)
        result[there] = shapely.points(xyz[there])
        return result


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two columns of coordinates: x before y."""

    x: Floats
    y: Floats
    names: list[str]
    degrees: bool

    @property
    def there(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.x) & np.isfinite(self.y))


def positioned(
    frame: pd.DataFrame, records: NDArray[np.int64], shown: str, layer: str, heading: str = ""
) -> Positioned:
    """
    Give each row of a table its place, and make routes of the points where the table orders them into routes.

    Parameters
    ----------
    frame
        (n,) rows of text, numbers and missing values.
    records
        (n,) their row numbers.
    shown
        The file's name for people.
    layer
        The table's name in it.
    heading
        What stands above the columns' names; a UTM zone may be named there.

    Returns
    -------
    Positioned
        Points, routes, or rows with no geometry where there are no coordinates.
    """
    frame = frame.reset_index(drop=True)
    label = title(shown, layer)
    roles = headings.roles(frame)
    places = _places(frame, roles, heading, label, records)
    if places is None:
        left = [LeftOut(shown, layer, len(frame), _ROWS, _TABLE)] if len(frame) else []
        return Positioned(
            _with(frame, np.full(len(frame), None, dtype=object)), records, None, left_out=tuple(left)
        )
    if all(_UNNAMED.fullmatch(str(name)) for name in frame.columns):
        frame, roles = _named(frame, places.used, roles)
    damaged = places.given & places.missing
    reason = Text("its coordinates cannot be read", "مختصات آن خوانده نمی‌شود")
    notes = damaged_notes(shown, layer, ((int(number), reason) for number in records[damaged]))
    keep = ~damaged
    keep[~places.given] = _features(frame, places.given, roles, places.used)
    dropped = int((~keep & ~damaged).sum())
    left = [LeftOut(shown, layer, dropped, _ROWS, _NO_FEATURE)] if dropped else []
    frame, roles = _with_accuracy(frame, roles)
    table = frame.drop(columns=[name for name in places.used if name in frame])
    if not keep.all():
        table = table[keep].reset_index(drop=True)
    result = _rows(table, places, keep, records[keep], roles, layer)
    if result[2]:
        left.append(LeftOut(shown, layer, result[2], _VERTICES, _NO_VERTEX))
    left += result[3].left_out(shown, layer) if result[3] is not None else ()
    # Rows with curves are no points, and a table with any is not joined: each that is kept has its row.
    row_of = np.cumsum(keep) - 1
    curves = Curves.of_rows({int(row_of[row]): own for row, own in places.roles.items() if keep[row]})
    return Positioned(
        result[0],
        result[1],
        places.crs,
        (*notes, *places.notes),
        tuple(left),
        places.brought,
        curves,
        places.unit_m,
    )


def parse_angle(value: Any) -> float | None:
    """
    Read an angle as people write it: ``51°40'12.5"E``, ``51 40 12.5``, ``51-40.208``, «۵۱° ۴۰′ ۱۲″», ``51.67``.

    Parameters
    ----------
    value
        A text or a number.

    Returns
    -------
    float or None
        Degrees, south and west negative; None where it is no angle.
    """
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return float(value) if np.isfinite(value) else None
    text = (
        ascii_digits(str(value))
        .replace("٫", ".")
        .translate(_HEMISPHERES)
        .strip(" \u200e\u200f\u202a\u202b\u202c")
    )
    if match := re.fullmatch(
        r"([NSEW]?)\s*([+-]?\d{1,3}(?:[.,]\d+)?)\s*[°º]?\s*([NSEW]?)", text, re.IGNORECASE
    ):
        degrees = float(match[2].replace(",", "."))
        return -degrees if (match[1] or match[3]).upper() in {"S", "W"} else degrees
    if match := _ANGLE.fullmatch(text):
        minutes, seconds = float(match[4]), float(match[5] or 0)
        if minutes >= 60 or seconds >= 60:  # noqa: PLR2004 - of an hour's or a degree's parts
            return None
        degrees = float(match[3]) + minutes / 60 + seconds / 3600
        return -degrees if match[2] == "-" or (match[1] or match[6]).upper() in {"S", "W"} else degrees
    return None


def _rows(
    table: pd.DataFrame,
    places: _Places,
    keep: NDArray[np.bool_],
    records: NDArray[np.int64],
    roles: dict[str, list[str]],
    layer: str,
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64], int, sequences.Grouping | None]:
    """Make routes and points of the kept rows: them, their records, how many vertices have no position, and how."""
    xyz = _vertices(places, keep)
    of = sequences.grouping(table, roles, layer) if xyz is not None else None
    if xyz is None or of is None:
        return _with(table, places.shapes(keep)), records, 0, None
    made = sequences.joined(table, xyz, of)
    numbers = records[made.first]
    alone = of.alone
    if not alone.any():
        return made.frame, numbers, made.lost, of
    rows = np.flatnonzero(keep)[alone]
    table = table.assign(**of.told)
    single = _with(table[alone], places.shapes(np.isin(np.arange(len(keep)), rows)))
    if not len(made.frame):
        return single, records[alone], 0, of
    both = pd.concat([made.frame, single], ignore_index=True)
    numbers = np.concatenate([numbers, records[alone]])
    return gpd.GeoDataFrame(both, geometry="geometry"), numbers, made.lost, of


def _vertices(places: _Places, keep: NDArray[np.bool_]) -> Floats | None:
    """Give the coordinates of rows that are points; None where any row is another geometry."""
    if places.xyz is not None:
        return places.xyz if keep.all() else places.xyz[keep]
    geometry = places.shapes(keep)
    if not np.isin(shapely.get_type_id(geometry), (-1, 0)).all():
        return None
    there = ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
    high = bool(shapely.has_z(geometry[there]).any())
    xyz = np.full((len(geometry), 3 if high else 2), np.nan)
    xyz[there] = shapely.get_coordinates(geometry[there], include_z=high)
    return xyz


def _named(
    frame: pd.DataFrame, used: list[str], roles: dict[str, list[str]]
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Name the columns of a collector's list that has no heading: point, its coordinates, what was surveyed."""
    names = list(frame.columns)
    places = [names.index(name) for name in used]
    told: dict[str, str] = {}
    if min(places) > 0:
        told[names[0]] = "point"
    for name in names[max(places) + 1 :]:
        if not np.isfinite(parse_numbers(frame[name])).any() and frame[name].notna().any():
            told[name] = "description"
            break
    roles = {**roles, "name": ["point"], "code": ["description"]}
    return frame.rename(columns=told), roles


def _with_accuracy(
    frame: pd.DataFrame, roles: dict[str, list[str]]
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """
    Give each point one standard deviation of a horizontal coordinate, where collectors write those of both.

    It is the root of the mean of the two variances: a line's length takes both alike.
    """
    east, north = roles.get("east_rms", [])[:1], roles.get("north_rms", [])[:1]
    if not east or not north or _ACCURACY in frame:
        return frame, roles
    both = [parse_numbers(frame[name]) * _FEET_M.get(headings.feet(name), 1.0) for name in (*east, *north)]
    frame = frame.assign(**{_ACCURACY: np.sqrt(np.mean(np.square(both), axis=0))})
    return frame, {**roles, "accuracy": [_ACCURACY, *roles.get("accuracy", [])]}


def _features(
    frame: pd.DataFrame, given: NDArray[np.bool_], roles: dict[str, list[str]], used: list[str]
) -> NDArray[np.bool_]:
    """
    Tell which rows without a position are features all the same, for the checks to say what they lack.

    Sums, remarks and the empty numbered lines of a form are none.
    """
    rows = frame[~given]
    if not len(rows):
        return np.zeros(0, dtype=bool)
    filled = rows.notna().sum(axis=1).to_numpy()
    first = rows.astype(object).bfill(axis=1).iloc[:, 0]
    is_sum = first.map(lambda value: bool(_SUM.match(_one_line(value)))).to_numpy(dtype=bool)
    most = filled > frame.shape[1] / 2
    key = _key(frame, given, roles, used)
    if key is None:
        return np.asarray(most & ~is_sum)
    forms = {_shape(value) for value in frame.loc[given, key].dropna().unique()} - {"#"}
    named = rows[key].notna().to_numpy()
    alike = rows[key].map(_shape, na_action="ignore").isin(forms).to_numpy()
    counted = headings.role(key) in {"row", "sequence"}
    enough = filled > (2 if counted else 1)
    return np.asarray(~is_sum & (most | (named & (enough | alike))))


def _key(
    frame: pd.DataFrame, given: NDArray[np.bool_], roles: dict[str, list[str]], used: list[str]
) -> str | None:
    """Find the column that names the features: by its heading, or the first that nearly all positioned rows fill."""
    free = [name for name in frame.columns if name not in used]
    for of in ("node", "route", "name"):
        if names := [name for name in roles.get(of, []) if name in free]:
            return names[0]
    filled = [name for name in free if given.any() and frame.loc[given, name].notna().mean() >= _NEARLY_ALL]
    telling = [name for name in filled if headings.role(name) not in {"row", "sequence", "zone"}]
    return next(iter([*telling, *filled]), None)


def _shape(value: Any) -> str:
    """Give how a name is written: ``MH-#`` of ``MH-12``."""
    return re.sub(r"\d+", "#", ascii_digits(str(value)).strip())


def _one_line(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, str) else ""


def _places(
    frame: pd.DataFrame, roles: dict[str, list[str]], heading: str, label: str, records: NDArray[np.int64]
) -> _Places | None:
    """Find the columns that hold the places of rows, and read them."""
    told = roles.get("wkt", [])
    for name in [*told, *(name for name in frame.columns if name not in told)]:
        if (found := cells.shapes(frame[name])) is not None:
            return _Places(
                [name],
                found.crs,
                found.given,
                geometry=found.geometry,
                brought=found.brought,
                roles=found.roles,
            )
    for name in roles.get("place", []):
        pairs = [_PAIR.fullmatch(str(value)) for value in frame[name]]
        first = np.array([np.nan if pair is None else _angle(pair[1]) for pair in pairs])
        second = np.array([np.nan if pair is None else _angle(pair[2]) for pair in pairs])
        if _mostly(np.isfinite(first), frame[name].notna()):
            # A place is said latitude first, unless the numbers say otherwise.
            lat, lon = (first, second) if np.nanmax(abs(first)) <= 90 else (second, first)  # noqa: PLR2004
            return _Places([name], _WGS84, frame[name].notna().to_numpy(), xyz=np.column_stack([lon, lat]))
    pairs_found = [_pair(frame, roles, "lon", "lat"), _pair(frame, roles, "x", "y")]
    candidates = [pair for pair in pairs_found if pair is not None]
    if not candidates and (by_values := _by_values(frame)) is not None:
        candidates = [by_values]
    if not candidates:
        return None
    sphere = candidates[0] if candidates[0].degrees else None
    plane = next((pair for pair in candidates if not pair.degrees), None)
    chosen = plane if sphere is None or (plane is not None and _coarse(frame[sphere.names[0]])) else sphere
    chosen = chosen or candidates[0]
    notes: list[Note] = []
    if sphere is not None and plane is not None:
        notes = _disagreement(frame, sphere, plane, roles, heading, chosen, label, records)
    xy, crs, brought, unit_m = _in_metres(frame, chosen, roles, heading)
    if chosen.degrees and chosen is sphere and _plain(chosen.names):
        crs = _WGS84
    given = np.asarray(frame[chosen.names].notna().any(axis=1))
    used = list(chosen.names)
    if (height := _height(frame, chosen, roles)) is not None:
        used.append(height[0])
        xy = np.column_stack([xy, height[1]])
    return _Places(used, crs, given, xyz=xy, notes=notes, brought=brought, unit_m=unit_m)


def _in_metres(
    frame: pd.DataFrame, pair: _Pair, roles: dict[str, list[str]], heading: str
) -> tuple[Floats, pyproj.CRS | None, bool, float]:
    """
    Give coordinates with their system, whether several were brought to degrees, and the unit that no system explains.

    Feet of no system are brought to metres: whoever names one later names it in metres or in this unit.
    """
    xy = np.column_stack([pair.x, pair.y])
    if pair.degrees:
        return xy, None, False, 1.0
    system = _system_of(frame, pair, roles, heading)
    if system is None:
        unit_m = _FEET_M.get(_feet(pair), 1.0)
        return xy * unit_m, None, False, unit_m
    return *_in_one_system(pair, xy, system), isinstance(system, np.ndarray), 1.0


def _feet(pair: _Pair) -> str:
    return headings.feet(" ".join(map(str, pair.names)))


def _plain(names: list[str]) -> bool:
    """Tell whether headings of degrees name no other datum than WGS 84, and are degrees by name."""
    return _ED50.search(" ".join(names)) is None and headings.role(names[0]) == "lon"


def _height(frame: pd.DataFrame, pair: _Pair, roles: dict[str, list[str]]) -> tuple[str, Floats] | None:
    """Find the column of heights, in metres; a row without one has none, and a column without any is none."""
    names = roles.get("z", [])[:1]
    if not names and all(_UNNAMED.fullmatch(name) for name in pair.names):
        after = max(list(frame.columns).index(name) for name in pair.names) + 1
        names = list(frame.columns[after : after + 1])
        if not names or not _fractional_heights(parse_numbers(frame[names[0]])):
            return None
    if not names:
        return None
    z = parse_numbers(frame[names[0]]) * _FEET_M.get(headings.feet(str(names[0])), 1.0)
    return (names[0], z) if np.isfinite(z[pair.there]).any() else None


def _fractional_heights(z: Floats) -> bool:
    there = z[np.isfinite(z)]
    return len(there) > 0 and bool((there % 1 != 0).any()) and _all_within(z, _HEIGHT)


def _pair(frame: pd.DataFrame, roles: dict[str, list[str]], first: str, second: str) -> _Pair | None:
    for one, other in zip(roles.get(first, []), roles.get(second, []), strict=False):
        x, y = _numbers(frame[one]), _numbers(frame[other])
        if not _mostly(np.isfinite(x) & np.isfinite(y), frame[one].notna() | frame[other].notna()):
            continue
        return _Pair(x, y, [one, other], _of_degrees(x, y))
    return None


def _of_degrees(x: Floats, y: Floats) -> bool:
    return bool(np.nanmax(abs(x)) <= 180 and np.nanmax(abs(y)) <= 90)  # noqa: PLR2004


def _by_values(frame: pd.DataFrame) -> _Pair | None:
    """Take two neighbouring columns that can be nothing else, where no heading says which they are."""
    numbers = {name: _numbers(frame[name]) for name in frame.columns}
    names = list(frame.columns)
    for one, other in pairwise(names):
        for first, second in ((one, other), (other, one)):
            x, y = numbers[first], numbers[second]
            if not _mostly(np.isfinite(x) & np.isfinite(y), frame[first].notna() | frame[second].notna()):
                continue
            for east, north in ((_EASTING, _NORTHING), (_LONGITUDE, _LATITUDE)):
                fractional = np.nanmax(abs(x % 1)) > 0
                if fractional and _all_within(x, east) and _all_within(y, north):
                    return _Pair(x, y, [first, second], _of_degrees(x, y))
    return None


def _system_of(
    frame: pd.DataFrame, pair: _Pair, roles: dict[str, list[str]], heading: str
) -> pyproj.CRS | NDArray[np.int64] | None:
    """
    Find the system of projected coordinates: the zone their headings name, a column of zones or of systems, a title.

    Of several zones that of each row, negative in the south, 0 where it has none.
    """
    own = " ".join(map(str, pair.names))
    if (crs := _named_zone(own, pair.y)) is not None:
        return crs
    unit = headings.feet(own)
    for name in [] if _ED50.search(own) else roles.get("zone", []):
        zones = _zones(frame[name], pair)
        if zones is None:
            continue
        several = np.unique(zones[zones != 0])
        return _utm(int(several[0]), unit) if len(several) == 1 else zones
    for name in roles.get("system", []):
        named = frame[name].dropna().unique()
        if len(named) == 1 and (crs := _system_named(str(named[0]))) is not None and crs.is_projected:
            return crs
    return _named_zone(heading, pair.y) if not _ED50.search(own) else None


def _zones(values: pd.Series[Any], pair: _Pair) -> NDArray[np.int64] | None:
    """
    Read a column of UTM zones: (n,) zones, southern ones negative, 0 where none is named.

    None where positioned rows name something else.
    """
    codes, uniques = pd.factorize(values)
    zones = np.zeros(len(values), dtype=np.int64)
    for at, value in enumerate(uniques):
        of = codes == at
        match = None if _ED50.search(str(value)) else _ZONE.search(ascii_digits(str(value)))
        zones[of] = _signed(int(match[1]), match[2], pair.y[of]) if match else _NO_ZONE
    of_rows = zones[pair.there]
    if not len(of_rows) or (of_rows == _NO_ZONE).any() or not of_rows.any():
        return None
    return np.where(zones == _NO_ZONE, 0, zones)


def _signed(zone: int, letter: str, northings: Floats) -> int:
    """Give a zone, negative for the south: by the letter of its hemisphere or of its band."""
    letter = letter.upper()
    southern = bool(letter) and letter <= _LAST_SOUTHERN_BAND
    south = not _all_within(northings, _BAND_S) if letter == "S" else southern
    return -zone if south else zone


def _utm(zone: int, unit: str = "") -> pyproj.CRS:
    """Give the system of a UTM zone of WGS 84, negative for the south, in metres or in feet."""
    if unit:
        south = " +south" if zone < 0 else ""
        return pyproj.CRS(f"+proj=utm +zone={abs(zone)}{south} +datum=WGS84 +units={unit} +type=crs")
    return pyproj.CRS(f"EPSG:{327 if zone < 0 else 326}{abs(zone):02d}")


def _in_one_system(
    pair: _Pair, xy: Floats, system: pyproj.CRS | NDArray[np.int64] | None
) -> tuple[Floats, pyproj.CRS | None]:
    """Leave coordinates of one system as they are; bring those of several zones to degrees, each by its own."""
    if system is None or isinstance(system, pyproj.CRS):
        return xy, system
    unit = _feet(pair)
    lonlat = np.full_like(xy, np.nan)
    for zone in np.unique(system[system != 0]):
        of = system == zone
        lonlat[of] = Reading(_utm(int(zone), unit)).lonlat(xy[of])
    return lonlat, _WGS84


def _named_zone(heading: str, northings: Floats) -> pyproj.CRS | None:
    """Give the system of the one UTM zone that headings name, «UTM زون ۳۹»; None where they name another datum."""
    found = {
        _signed(int(zone or iran or two), letter or hemisphere, northings)
        for zone, letter, iran, two, hemisphere in _ZONE_IN_WORDS.findall(ascii_digits(heading))
    }
    if len(found) != 1 or _ED50.search(heading):
        return None
    return _utm(found.pop(), headings.feet(heading))


def _system_named(name: str) -> pyproj.CRS | None:
    """Give the system of a name or code, as collectors write it into each row."""
    if not _SYSTEM.fullmatch(name):
        return None
    try:
        return pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError:
        return None


def _disagreement(
    frame: pd.DataFrame,
    sphere: _Pair,
    plane: _Pair,
    roles: dict[str, list[str]],
    heading: str,
    chosen: _Pair,
    label: str,
    records: NDArray[np.int64],
) -> list[Note]:
    """Hold the two positions of each row against each other, C111."""
    both = sphere.there & plane.there
    if not both.any() or not _plain(sphere.names):
        return []
    lonlat = np.column_stack([sphere.x, sphere.y])[both]
    system = _system_of(frame, plane, roles, heading)
    told = system is not None
    if system is None and not _ED50.search(" ".join(plane.names)):
        zone = int((np.median(lonlat[:, 0]) + 180) // 6) + 1
        system = _utm(-zone if np.median(lonlat[:, 1]) < 0 else zone, _feet(plane))
    if system is None:
        return []
    xy, crs = _in_one_system(plane, np.column_stack([plane.x, plane.y]), system)
    other = (
        xy[both] if crs is None or not isinstance(system, pyproj.CRS) else Reading(system).lonlat(xy[both])
    )
    usable = np.isfinite(other).all(axis=1) & (np.abs(lonlat[:, 1]) <= 90)  # noqa: PLR2004
    apart = np.full(len(lonlat), np.nan)
    apart[usable] = _GEOD.inv(*lonlat[usable].T, *other[usable].T)[2]
    if not usable.any() or (not told and np.nanmedian(apart) > _ELSEWHERE_M):
        return []
    rounded = 2 * (_METRES_OF_A_DEGREE * _step(frame[sphere.names[0]]) + _step(frame[plane.names[0]]))
    rows = np.flatnonzero(np.nan_to_num(apart) > max(_APART_M, rounded))
    if not len(rows):
        return []
    numbers = [str(number) for number in records[both][rows[:_SHOWN]]]
    fields = {
        "source": label,
        "count": len(rows),
        "of": int(both.sum()),
        "most_m": float(apart[rows].max()),
        "columns": f"{', '.join(sphere.names)} / {', '.join(plane.names)}",
        "taken": ", ".join(chosen.names),
        "records": ", ".join(numbers) + (" …" if len(rows) > _SHOWN else ""),
    }
    lon, lat = lonlat[rows[int(np.argmax(apart[rows]))]].tolist()
    return [Note("C111", label, fields=fields, lon=lon, lat=lat)]


def _step(values: pd.Series[Any]) -> float:
    """Give the step that numbers are written to: 0.001 of three decimals."""
    return float(10.0 ** -min(_decimals(values), 9))


def _decimals(values: pd.Series[Any]) -> int:
    return max(
        (len(str(value).rpartition(".")[2]) for value in values.dropna().head(200) if "." in str(value)),
        default=0,
    )


def _coarse(values: pd.Series[Any]) -> bool:
    """Tell whether degrees have too few decimals for a survey (the sixth is a decimetre)."""
    return _decimals(values) < _FEW_DECIMALS


def _all_within(values: Floats, limits: tuple[float, float]) -> bool:
    there = values[np.isfinite(values)]
    return bool(((there > limits[0]) & (there < limits[1])).all())


def _numbers(values: pd.Series[Any]) -> Floats:
    """Read plain numbers or, where most values are none, angles."""
    numbers = parse_numbers(values)
    if np.isfinite(numbers).sum() == values.notna().sum():
        return numbers
    angles = np.array([_angle(value) for value in values])
    return angles if np.isfinite(angles).sum() > np.isfinite(numbers).sum() else numbers


def _angle(value: Any) -> float:
    angle = None if pd.isna(value) else parse_angle(value)
    return np.nan if angle is None else angle


def _mostly(true: Any, given: Any) -> bool:
    """Tell whether most of what is given is so."""
    count = int(np.asarray(given).sum())
    return count > 0 and float(np.asarray(true).sum()) / count > _MOST


def _with(table: pd.DataFrame, geometry: NDArray[np.object_]) -> gpd.GeoDataFrame:
    table = table.rename(columns={"geometry": "geometry_2"}).reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=geometry)
