"""Headings of tables: which column holds a coordinate, names a route, numbers its points; in which unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gis.text.letters import fold

if TYPE_CHECKING:
    import pandas as pd

# Words of headings, folded; those of _NOISE say nothing of which column it is.
_NOISE = {
    fold(word)
    for words in (
        "utm|zone|38|39|40|41|wgs|wgs84|84|ed50|gps|grid",
        "m|deg|degree|degrees|decimal|dd|dms|coord|coords|coordinate|coordinates|point|pt|of|the",
        "ft|feet|foot|us|usft|ftus|survey|metre|metres|meter|meters",
        "مختصات|متر|درجه|نقطه|جهانی|یو|تی|ام|بر|حسب|فوت",
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
            "trackname|trackno|featureid|featurename|linestringid|polylineid|"
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
        "name": "name|pointname|ptname|point|pt|نام|نام نقطه",
        "code": "code|featurecode|codename|description|desc|descr|codedescription|کد|کد عارضه|شرح|توضیح|توضیحات",
        "east_rms": "eastingrms|eastrms|erms|rmse east|rms easting|rms east|eastingstd|sigma easting|sigma e",
        "north_rms": "northingrms|northrms|nrms|rmse north|rms northing|rms north|northingstd|sigma northing|sigma n",
        "accuracy": (
            "accuracy|accuracym|horizontalaccuracy|haccuracy|hacc|hrms|horizontalrms|lateralrms|horzprec|"
            "horizontalprecision|دقت|دقت افقی|دقت مسطحاتی"
        ),
        "solution": "solutionstatus|fix|fixtype|fixid|fix id|fixquality|solution|correctiontype|rtkstatus",
        "observed": (
            "antennaheight|antennaheightunits|tiltangle|averagingstart|averagingend|samples|pdop|gdop|hdop|vdop|"
            "baseeasting|basenorthing|baseelevation|baselongitude|baselatitude|baseellipsoidalheight|baseline|"
            "instrumentht|instrumentheight|speed|bearing|satellites|satellitesinview|satellitesinuse"
        ),
        "system": "csname|crs|srs|epsg|coordinatesystem|referencesystem|دستگاه مختصات|سیستم مختصات",
    }.items()
}
_ZONE_HEADINGS = {fold(word) for word in ("zone", "utmzone", "زون", "زون utm", "ناحیه", "utm zone")}
_ZONE_WORD = re.compile(r"(?:utm|zone)\d{1,2}[a-z]?|\d\d[ns]")
_SURVEY_FOOT = re.compile(
    r"us[\W_]*(?:survey[\W_]*)?(?:ft|feet|foot)|ft[\W_]*us\b|survey[\W_]*(?:ft|feet|foot)", re.IGNORECASE
)
_FOOT = re.compile(r"(?<![^\W_])(?:ft|feet|foot|فوت)(?![^\W_])", re.IGNORECASE)
# Networks of the Open Fibre Data Standard as tables: the kind of record, its number in the network, the field.
_FLATTENED = re.compile(r"(nodes|spans)/\d+/(.+)", re.IGNORECASE)


def role(heading: Any) -> str:
    """
    Tell what a heading announces.

    Parameters
    ----------
    heading
        A column's name, in Persian or English; the last part of a nested one, ``location.lon``, counts too.

    Returns
    -------
    str
        ``"lon"``, ``"lat"``, ``"x"``, ``"y"``, ``"z"``, ``"zone"``, ``"place"``, ``"wkt"``, ``"route"``,
        ``"sequence"``, ``"row"``, ``"node"``, ``"name"``, ``"code"``, ``"east_rms"``, ``"north_rms"``,
        ``"accuracy"``, ``"solution"``, ``"observed"`` (how a single point was measured), ``"system"``, or nothing.
    """
    name = str(heading)
    readings = [name]
    if not name.isascii() and all(ord(char) < 256 for char in name):  # noqa: PLR2004 - undecoded bytes, it may be
        readings.append(name.encode("latin-1").decode("cp1256", "replace"))
    if tail := re.split(r"[./]", name)[-1] if re.search(r"[./]\D", name) else "":
        readings.append(tail)
    for reading in readings:
        words = [fold(word) for word in re.findall(r"[^\W_]+", reading)]
        whole = "".join(words)
        if whole in _ZONE_HEADINGS:
            return "zone"
        bare = "".join(word for word in words if word not in _NOISE and not _ZONE_WORD.fullmatch(word))
        for candidate in (whole, bare):
            for found, names in _ROLES.items():
                if candidate and candidate in names:
                    return found
    return ""


def roles(frame: pd.DataFrame) -> dict[str, list[str]]:
    """
    Tell which columns of a table have which role.

    Parameters
    ----------
    frame
        The table.

    Returns
    -------
    dict of str to list of str
        Role, as `role` names it, to the columns that announce it.
    """
    found: dict[str, list[str]] = {}
    for name in frame.columns:
        if of := role(name):
            found.setdefault(of, []).append(name)
    # «طول» alone is a length, but beside «عرض» a longitude.
    if "lat" in found and "lon" not in found:
        found |= {"lon": [name for name in frame.columns if fold(str(name)) == fold("طول")][:1]}
    return {key: names for key, names in found.items() if names}


def feet(heading: str) -> str:
    """
    Tell whether a heading names feet.

    Parameters
    ----------
    heading
        A column's name: ``"Easting (ft)"``, ``"Y_usft"``.

    Returns
    -------
    str
        PROJ's name of the unit, ``"ft"`` or ``"us-ft"``; nothing for any other unit.
    """
    if _SURVEY_FOOT.search(heading):
        return "us-ft"
    return "ft" if _FOOT.search(heading) else ""


def unflattened(names: list[str]) -> list[str]:
    """
    Name the columns of a network of the Open Fibre Data Standard as its JSON has them.

    Parameters
    ----------
    names
        Column names; ``nodes/0/name`` is the name of the node, ``name`` beside it that of its network.

    Returns
    -------
    list of str
        ``name`` and ``network.name``; names that are of no such table stay as they are.
    """
    matches = [_FLATTENED.fullmatch(name) for name in names]
    if not any(matches):
        return names
    return [
        re.sub(r"/(?:\d+/)?", ".", match[2]) if match else f"network.{name}"
        for name, match in zip(names, matches, strict=True)
    ]
