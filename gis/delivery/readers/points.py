"""
Surveyed points in rows: which columns are their coordinates, and which routes they make.

A table of points becomes routes only where it says so twice: by a column that names the route of each point, and by
one that numbers the points along it. All else stays points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gis.inventory import Note
from gis.language import Text
from gis.text.letters import ascii_digits, fold
from gis.text.numbers import parse_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

# Words of headings, folded; those of _NOISE say nothing of which column it is.
_NOISE = {
    fold(word)
    for words in (
        "utm|utm38|utm39|utm40|utm41|zone|38n|39n|40n|41n|38|39|40|41|wgs|wgs84|84|ed50|gps|grid",
        "m|deg|degree|degrees|decimal|dd|dms|coord|coords|coordinate|coordinates|point|pt|of|the",
        "مختصات|متر|درجه|نقطه|جهانی|یو|تی|ام|بر|حسب",
    )
    for word in words.split("|")
}
_ROLES: dict[str, set[str]] = {
    role: {fold(word) for word in words.split("|")}
    for role, words in {
        "lon": "lon|long|longitude|lng|طول جغرافیایی|طولجغرافیایی|طول جغرافیائی",
        "lat": "lat|latitude|عرض جغرافیایی|عرض جغرافیائی|عرض",
        "x": "x|easting|east|e|xcoord|coordx|ایکس|شرقی|شرق|ایستینگ|ex|xm|پوینت x",
        "y": "y|northing|north|n|ycoord|coordy|ایگرگ|وای|شمالی|شمال|نورتینگ|ny|ym",
        "z": "z|elev|elevation|height|alt|altitude|ele|h|ارتفاع|رقوم|تراز|zcoord|ارتفاع از سطح دریا",
        "place": "latlon|latlong|latitudelongitude|location|position|موقعیت|موقعیت جغرافیایی|xy|lonlat",
        "wkt": "wkt|geometry|geom|thegeom|shape|wktgeom|هندسه",
        "route": (
            "route|routeid|routeno|routename|routecode|line|lineid|lineno|linename|path|pathid|track|trackid|cable|"
            "cableid|cableno|cablename|span|spanid|segment|segmentid|string|stringid|"
            "مسیر|کد مسیر|شماره مسیر|شناسه مسیر|نام مسیر|خط|شماره خط|کد خط|"
            "کابل|کد کابل|شماره کابل|نام کابل|شناسه کابل|داکت|کد داکت|شماره داکت"
        ),
        "sequence": (
            "seq|sequence|seqno|order|vertex|vertexindex|vertexno|vertexid|index|idx|ptno|ptid|pointno|pointnumber|"
            "pointid|pointorder|pointindex|nopoint|num|number|station|"
            "ترتیب|شماره نقطه|شماره ترتیب|نقطه|شماره راس|راس|توالی|شماره|کد نقطه"
        ),
        "row": "no|row|rowno|id|fid|objectid|ردیف|شماره ردیف|شناسه",
        "node": (
            "manhole|manholeid|manholeno|mh|mhid|mhno|handhole|handholeid|hh|closure|pole|poleid|node|nodeid|"
            "office|officeid|حوضچه|کد حوضچه|شماره حوضچه|شناسه حوضچه|نام حوضچه|هندهول|مفصل|تیر|فرمانداری|مرکز"
        ),
    }.items()
}
_ZONE_HEADINGS = {fold(word) for word in ("zone", "utmzone", "زون", "زون utm", "ناحیه", "utm zone")}
_ZONE = re.compile(r"(?<!\d)(3[89]|4[01])\s*[NSRnsr]?(?!\d)")
_ZONE_IN_WORDS = re.compile(
    r"(?:zone|utm|زون|ناحیه|قاچ)\D{0,8}(3[89]|4[01])(?!\d)|(?<!\d)(3[89]|4[01])\s?N\b", re.IGNORECASE
)
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
_POINTS = 2  # that make a line
# Both ranges of the plane and of the sphere that a survey in Iran or about it can have.
_EASTING, _NORTHING = (1e5, 9.5e5), (2e6, 5e6)
_LONGITUDE, _LATITUDE = (40.0, 68.0), (20.0, 44.0)
_NODE_NAME = re.compile(
    r"^(?:mh|hh|man|hand|pole|office|node|حوضچه|هندهول|تیر|فرمانداری|مفصل)", re.IGNORECASE
)
_NUMBERED = re.compile(r"(.*?\S)\s*[-_/.:#\s]\s*(\d{1,5})")


@dataclass(frozen=True, eq=False)
class Positioned:
    """
    A table of points with their places.

    Attributes
    ----------
    frame
        The table with ``geometry``.
    records
        (n,) row numbers.
    crs
        What the headings and the zone column declare, or None.
    notes
        D003 for rows whose coordinates cannot be read.
    suffix
        What to add to the layer's name where a table is split by zone.
    """

    frame: gpd.GeoDataFrame
    records: NDArray[np.int64]
    crs: pyproj.CRS | None
    notes: tuple[Note, ...]
    suffix: str = ""


def role(heading: Any) -> str:
    """
    Tell what a heading announces.

    Parameters
    ----------
    heading
        A column's name, in Persian or English.

    Returns
    -------
    str
        ``"lon"``, ``"lat"``, ``"x"``, ``"y"``, ``"z"``, ``"zone"``, ``"place"``, ``"wkt"``, ``"route"``,
        ``"sequence"``, ``"row"``, ``"node"``, or nothing.
    """
    name = str(heading)
    readings = [name]
    if not name.isascii() and all(ord(char) < 256 for char in name):  # noqa: PLR2004 - undecoded bytes, it may be
        readings.append(name.encode("latin-1").decode("cp1256", "replace"))
    for reading in readings:
        words = [fold(word) for word in re.findall(r"[^\W_]+", reading)]
        whole = "".join(words)
        if whole in _ZONE_HEADINGS:
            return "zone"
        bare = "".join(word for word in words if word not in _NOISE)
        for candidate in (whole, bare):
            for found, names in _ROLES.items():
                if candidate and candidate in names:
                    return found
    return ""


def positioned(
    frame: pd.DataFrame, records: NDArray[np.int64], layer: str, heading: str = ""
) -> list[Positioned]:
    """
    Give each row of a table its place, and make routes of the points where the table orders them into routes.

    Parameters
    ----------
    frame
        (n,) rows of text, numbers and missing values.
    records
        (n,) their row numbers.
    layer
        The layer's name for people, for the notes.
    heading
        What stands above the columns' names; a UTM zone may be named there.

    Returns
    -------
    list of Positioned
        One, or one for each UTM zone that a column names; with no geometry where there are no coordinates.
    """
    roles = _roles(frame)
    found = _coordinates(frame, roles)
    if found is None:
        return [Positioned(_with(frame, np.full(len(frame), None, dtype=object)), records, None, ())]
    geometry, used, crs = found
    given = np.array([frame[name].notna().to_numpy() for name in used]).any(axis=0)
    damaged = given & shapely.is_missing(geometry)
    reason = Text("its coordinates cannot be read", "مختصات آن خوانده نمی‌شود")
    notes = tuple(
        Note("D003", layer, str(number), {"record": int(number), "reason": reason})
        for number in records[damaged]
    )
    keep = ~damaged
    # Sums and remarks below a table have neither coordinates nor most of its columns.
    keep &= given | (frame.notna().sum(axis=1).to_numpy() > frame.shape[1] / 2)
    table = frame[keep].reset_index(drop=True)
    geometry, records = geometry[keep], records[keep]
    zones = _zones(table, roles) if crs is None and _projected(geometry) else None
    if zones is None:
        if crs is None and _projected(geometry):
            crs = _named_zone(heading)
        points = Positioned(_with(table.drop(columns=used), geometry), records, crs, notes)
        return [_routes(points, roles) or points]
    result = []
    for zone in sorted(set(zones)):
        of = zones == zone
        part = table[of].drop(columns=used).reset_index(drop=True)
        name = f"{zone}N" if len(set(zones)) > 1 else ""
        points = Positioned(
            _with(part, geometry[of]), records[of], pyproj.CRS(f"EPSG:326{zone}"), notes, name
        )
        result.append(_routes(points, roles) or points)
        notes = ()
    return result


def routes_of_waypoints(frame: gpd.GeoDataFrame, records: NDArray[np.int64]) -> Positioned | None:
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
    Positioned or None
        The routes; None where not all names are a route's and a number, or where they name manholes and the like.
    """
    if "name" not in frame or len(frame) < 2 or frame["name"].isna().any():  # noqa: PLR2004
        return None
    matches = [_NUMBERED.fullmatch(ascii_digits(str(name))) for name in frame["name"]]
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
    table = pd.DataFrame(frame.drop(columns=["geometry", "name"]))
    table.insert(0, "sequence", numbers)
    table.insert(0, "route", ids)
    points = Positioned(_with(table, frame.geometry.to_numpy()), records, None, ())
    return _routes(points, {"route": ["route"], "sequence": ["sequence"]})


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


def _roles(frame: pd.DataFrame) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for name in frame.columns:
        if found := role(name):
            roles.setdefault(found, []).append(name)
    # «طول» alone is a length, but beside «عرض» a longitude.
    if "lat" in roles and "lon" not in roles:
        roles |= {"lon": [name for name in frame.columns if fold(str(name)) == fold("طول")][:1]}
    return {key: names for key, names in roles.items() if names}


def _coordinates(
    frame: pd.DataFrame, roles: dict[str, list[str]]
) -> tuple[NDArray[np.object_], list[str], pyproj.CRS | None] | None:
    """Build the geometry from the columns that hold it: it, these columns, and the CRS that their names declare."""
    for name in roles.get("wkt", []):
        geometry = shapely.from_wkt(
            [value if isinstance(value, str) else None for value in frame[name]], on_invalid="ignore"
        )
        if _mostly(~shapely.is_missing(geometry)):
            return geometry, [name], None
    for name in roles.get("place", []):
        pairs = [_PAIR.fullmatch(str(value)) for value in frame[name]]
        first = np.array([np.nan if pair is None else _angle(pair[1]) for pair in pairs])
        second = np.array([np.nan if pair is None else _angle(pair[2]) for pair in pairs])
        if _mostly(np.isfinite(first)):
            # A place is said latitude first, unless the numbers say otherwise.
            lat, lon = (first, second) if np.nanmax(abs(first)) <= 90 else (second, first)  # noqa: PLR2004
            return _points(lon, lat, None), [name], pyproj.CRS("EPSG:4326")
    pairs_by_heading = [_pair(frame, roles, "lon", "lat"), _pair(frame, roles, "x", "y"), _by_values(frame)]
    candidates = [pair for pair in pairs_by_heading if pair is not None]
    if not candidates:
        return None
    x, y, names, crs = candidates[0]
    if len(candidates) > 1 and crs is not None and _coarse(frame[names[0]]) and candidates[1][2] != names:
        x, y, names, crs = candidates[1]
    used = list(names)
    z = None
    for name in roles.get("z", [])[:1]:
        z = parse_numbers(frame[name])
        used.append(name)
        if not np.isfinite(z[np.isfinite(x)]).all():
            z, used = None, list(names)
    return _points(x, y, z), used, crs


def _pair(
    frame: pd.DataFrame, roles: dict[str, list[str]], first: str, second: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str], pyproj.CRS | None] | None:
    for one, other in zip(roles.get(first, []), roles.get(second, []), strict=False):
        x, y = _numbers(frame[one]), _numbers(frame[other])
        if not _mostly(np.isfinite(x) & np.isfinite(y)):
            continue
        geographic = np.nanmax(abs(x)) <= 180 and np.nanmax(abs(y)) <= 90  # noqa: PLR2004
        named = _ED50.search(f"{one} {other}") is None
        if geographic and first == "lon" and named:
            return x, y, [one, other], pyproj.CRS("EPSG:4326")
        return x, y, [one, other], None if geographic else _named_zone(f"{one} {other}")
    return None


def _named_zone(heading: str) -> pyproj.CRS | None:
    """Give the system of the one UTM zone that headings name, «UTM زون ۳۹»; None where they name another datum."""
    found = {one or other for one, other in _ZONE_IN_WORDS.findall(ascii_digits(heading))}
    return pyproj.CRS(f"EPSG:326{found.pop()}") if len(found) == 1 and not _ED50.search(heading) else None


def _by_values(
    frame: pd.DataFrame,
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str], pyproj.CRS | None] | None:
    """Take two neighbouring columns that can be nothing else, where no heading says which they are."""
    numbers = {name: _numbers(frame[name]) for name in frame.columns}
    names = list(frame.columns)
    for one, other in pairwise(names):
        for first, second in ((one, other), (other, one)):
            x, y = numbers[first], numbers[second]
            if not _mostly(np.isfinite(x) & np.isfinite(y)):
                continue
            for east, north in ((_EASTING, _NORTHING), (_LONGITUDE, _LATITUDE)):
                fractional = np.nanmax(abs(x % 1)) > 0
                if fractional and _all_within(x, east) and _all_within(y, north):
                    return x, y, [first, second], None
    return None


def _all_within(values: NDArray[np.float64], limits: tuple[float, float]) -> bool:
    there = values[np.isfinite(values)]
    return bool(((there > limits[0]) & (there < limits[1])).all())


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    """Read plain numbers or, where most values are none, angles."""
    numbers = parse_numbers(values)
    angles = np.array([_angle(value) for value in values])
    return angles if np.isfinite(angles).sum() > np.isfinite(numbers).sum() else numbers


def _angle(value: Any) -> float:
    angle = None if value is None or value is pd.NA else parse_angle(value)
    return np.nan if angle is None else angle


def _points(
    x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64] | None
) -> NDArray[np.object_]:
    there = np.isfinite(x) & np.isfinite(y)
    geometry = np.full(len(x), None, dtype=object)
    parts = (x, y) if z is None else (x, y, z)
    geometry[there] = shapely.points(*(part[there] for part in parts))
    return geometry


def _mostly(true: Any) -> bool:
    return len(true) > 0 and float(np.mean(true)) > _MOST


def _coarse(values: pd.Series[Any]) -> bool:
    """Tell whether degrees have too few decimals for a survey (the sixth is a decimetre)."""
    decimals = [
        len(str(value).rpartition(".")[2]) for value in values.dropna().head(200) if "." in str(value)
    ]
    return not decimals or max(decimals) < _FEW_DECIMALS


def _projected(geometry: NDArray[np.object_]) -> bool:
    bounds = shapely.total_bounds(geometry)
    return bool(np.nanmax(np.abs(bounds)) > 360) if np.isfinite(bounds).any() else False  # noqa: PLR2004


def _zones(table: pd.DataFrame, roles: dict[str, list[str]]) -> NDArray[np.int64] | None:
    for name in roles.get("zone", []):
        zones = [_ZONE.search(ascii_digits(str(value))) for value in table[name]]
        if zones and all(zones):
            return np.array([int(zone[1]) for zone in zones if zone])
    return None


def _with(table: pd.DataFrame, geometry: NDArray[np.object_]) -> gpd.GeoDataFrame:
    table = table.rename(columns={"geometry": "geometry_2"}).reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=geometry)


def _routes(points: Positioned, roles: dict[str, list[str]]) -> Positioned | None:
    """Order points into routes, where a column names the route of each and another one numbers them along it."""
    frame = points.frame
    present = {key: [name for name in names if name in frame] for key, names in roles.items()}
    geometry = frame.geometry.to_numpy()
    if present.get("node") or not np.isin(shapely.get_type_id(geometry), (-1, 0)).all():
        return None
    numbered = [*present.get("sequence", []), *present.get("row", [])]
    for name in [*present.get("route", []), *present.get("row", [])]:
        ids = frame[name].ffill()
        for number in numbered:
            if number == name or (name in present.get("row", []) and number in present.get("row", [])):
                continue
            order = parse_numbers(frame[number])
            if _orders(ids, order):
                return _joined(points, name, number, ids, order)
    return None


def _orders(ids: pd.Series[Any], order: NDArray[np.float64]) -> bool:
    sizes = ids.groupby(ids).size()
    if ids.isna().any() or not np.isfinite(order).all() or not (sizes > 1).any():
        return False
    numbered_twice = pd.DataFrame({"id": ids.astype(str), "order": order}).duplicated().any()
    return not numbered_twice and bool(sizes.mean() >= _POINTS)


def _joined(
    points: Positioned, name: str, number: str, ids: pd.Series[Any], order: NDArray[np.float64]
) -> Positioned:
    frame = points.frame
    there = ~shapely.is_missing(frame.geometry.to_numpy())
    codes, uniques = pd.factorize(ids)
    chosen = np.lexsort((order, codes))
    chosen = chosen[there[chosen]]
    counts = np.bincount(codes[chosen], minlength=len(uniques))
    # A line takes two points; one alone is a line of no length, for the checks to find.
    chosen = np.repeat(chosen, np.where(counts[codes[chosen]] == 1, 2, 1))
    owners = codes[chosen]
    has_z = bool(shapely.has_z(frame.geometry.to_numpy()[chosen]).all())
    coordinates = shapely.get_coordinates(frame.geometry.to_numpy()[chosen], include_z=has_z)
    geometry = np.full(len(uniques), None, dtype=object)
    shapely.linestrings(coordinates, indices=owners, out=geometry)
    first = np.array([np.flatnonzero(codes == at)[0] for at in range(len(uniques))])
    kept: dict[str, Any] = {name: np.asarray(uniques, dtype=object)}
    for column in _shared(frame.drop(columns=["geometry", number, name]), codes):
        values = frame[column].groupby(codes).first()
        kept[str(column)] = values.reindex(range(len(uniques))).to_numpy(dtype=object)
    table = pd.DataFrame(kept).infer_objects()
    return Positioned(_with(table, geometry), points.records[first], points.crs, points.notes, points.suffix)


def _shared(frame: pd.DataFrame, codes: NDArray[np.intp]) -> Iterable[str]:
    """Give the columns that say one thing of a route, not another thing of each point."""
    several = frame.groupby(codes).nunique().max() > 1 if len(frame.columns) else pd.Series(dtype=bool)
    return [name for name in frame.columns if not several[name]]
