"""What each layer of a delivery is: its text decoded, its place on the ground believed, its columns matched."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS

from gis import address
from gis import project as projects
from gis.coordinates.belief import believe
from gis.coordinates.doubts import Doubt
from gis.coordinates.reading import Reading
from gis.coordinates.recorded import Recorded
from gis.delivery import project_sources, sources, worker
from gis.delivery.columns import match
from gis.delivery.decoding import decoded
from gis.delivery.dialects import speech, telling
from gis.errors import ProjectError
from gis.inventory import LeftOut
from gis.language import Text
from gis.schema import LINE_TYPES, SCHEMAS, LayerName
from gis.text.numbers import parse_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyproj
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.coordinates.reading import Belief
    from gis.delivery.columns.match import Match
    from gis.delivery.dialects.speech import Spoken
    from gis.delivery.files.layer import RawLayer
    from gis.project import LayerSource, Project
    from gis.schema import Schema

    Positions = NDArray[np.float64]

# What is known already is evidence for what comes after: offices first.
ORDER: tuple[LayerName, ...] = ("offices", "manholes", "routes", "fittings")
_SAMPLE = 5000
# A layer of more features is believed from so many of them.
_LARGE = 20_000
_VERTICES = 100_000
# The foot and the US survey foot differ by less, and drawings do not tell them apart.
_SAME_UNIT = 1e-5
# So many lines tell whether recorded lengths are theirs.
_RECORDED = 1000
# An extent counts as far off at so many times the distance from the middle that nine of ten keep to.
_FAR = 3
_POINT_TYPES = (0, 4)
# What parts an archive from the file in it.
_ARCHIVE = re.compile(r"(?<=\.zip|\.kmz)/", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Region:
    """
    Where a survey is.

    Attributes
    ----------
    area
        The project's area with its margin, WGS 84; None where none is named.
    candidates
        Coordinate systems that a delivery may be in, beside the usual ones.
    """

    area: BaseGeometry | None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Destination:
    """
    The canonical layer that a layer of a delivery goes into, and how.

    Attributes
    ----------
    schema
        The canonical layer.
    match
        Which column is which.
    entry
        What the project file, or the layer's own name, says of it.
    """

    schema: Schema
    match: Match
    entry: LayerSource


@dataclass(frozen=True, eq=False)
class Understanding:
    """
    One layer of a delivery as it was understood.

    Attributes
    ----------
    raw
        The layer as it stands in its file, text decoded.
    belief
        Which coordinate system it is in, and the evidence.
    destination
        Where it goes; None where it matches no canonical layer.
    spoken
        What the dialect of the delivery says of it; None where none is told, or it says nothing of it.
    """

    raw: RawLayer
    belief: Belief
    destination: Destination | None
    spoken: Spoken | None = None

    @property
    def listed(self) -> bool:
        """Whether it is a table that its program keeps beside the network, which goes nowhere."""
        return self.spoken is not None and self.spoken.goes_into is None

    @property
    def tabular(self) -> bool:
        """Whether it is a table without positions that goes nowhere: no layer of a map that nobody understood."""
        return (
            self.destination is None
            and len(self.raw.frame) > 0
            and bool(self.raw.frame.geometry.isna().all())
        )

    @property
    def taken_from(self) -> dict[str, str]:
        """Canonical column to the delivery's, as its file has it."""
        columns = dict(self.destination.match.columns) if self.destination else {}
        made = self.spoken.made_of if self.spoken is not None and self.destination else {}
        return {ours: made.get(theirs, theirs) for ours, theirs in columns.items()}

    @property
    def believed(self) -> Reading | None:
        """How its numbers are believed to be meant; None where the evidence leaves it open."""
        return None if self.belief.crs is None else Reading(self.belief.crs, self.belief.swapped)


def readings(source: str | Path | Sequence[str | Path], *, crs: str | None = None) -> list[Understanding]:
    """
    Understand each layer of a delivery without taking it over.

    Parameters
    ----------
    source
        As for `read`.
    crs
        As for `read`.

    Returns
    -------
    list of Understanding
        One a layer.

    Raises
    ------
    FibreError
        A file cannot be read.
    """
    return understood(source, crs)[1]


def understood(
    source: str | Path | Sequence[str | Path], crs: str | None = None
) -> tuple[Project, list[Understanding]]:
    """
    Understand each layer, and give the project that they belong to.

    Parameters
    ----------
    source
        One project file (``.toml``), or one or more survey files or addresses of databases.
    crs
        The coordinate system of survey files, instead of what they say.

    Returns
    -------
    tuple of Project and list of Understanding
        The project, an empty one for survey files alone, and a reading a layer.

    Raises
    ------
    FibreError
        A file cannot be read.
    """
    given = [source] if isinstance(source, (str, Path)) else source
    # An address is no path: two slashes are not one.
    paths = [one if isinstance(one, str) and address.is_address(one) else Path(one) for one in given]
    files = [path for path in paths if isinstance(path, Path) and path.suffix.lower() == ".toml"]
    if not files:
        return projects.Project(), _bare_readings(paths, crs)
    if len(paths) > 1:
        raise ProjectError(
            Text(
                "{path}: a project file stands alone; the survey files are named in it",
                "{path}: فایل پروژه تنها می‌آید؛ فایل‌های برداشت در خود آن نام برده می‌شوند",
            ),
            path=files[0],
        )
    project = projects.load(files[0])
    return project, _project_readings(project)


def _project_readings(project: Project) -> list[Understanding]:
    entries = [(name, entry) for name in ORDER for entry in getattr(project.layers, name)]
    region = Region(project_sources.area(project)[1], tuple(project.area.candidates) if project.area else ())
    raws = []
    for name, entry in entries:
        raw = decoded(project_sources.layer(project, entry))
        # A drawing that is named for its lines and again for its points gives each its own.
        if any(_same_place(entry, other) and _form(name) != _form(theirs) for theirs, other in entries):
            raw = _of_form(raw, _form(name))
        raws.append(raw)
    raws += [decoded(project_sources.layer(project, entry)) for entry in project.layers.tables]
    found: list[Understanding] = []
    given = [entry.columns for _, entry in entries] + [{} for _ in project.layers.tables]
    said = _spoken(raws, given, project.project.dialect, str(project.path))
    goals = [*entries, *((None, entry) for entry in project.layers.tables)]
    for one, (goal, entry) in zip(said, goals, strict=True):
        crs = project_sources.system(entry.crs, project)
        known = _known(found, one.raw if isinstance(one, speech.Spoken) else one, crs)
        found.append(_reading(one, goal, entry, region, known, crs))
    return _together(found, region)


def _spoken(
    raws: Sequence[RawLayer],
    given: Sequence[Mapping[str, str]] = (),
    named: str | None = None,
    source: str = "",
) -> Sequence[speech.Spoken | RawLayer]:
    """Give what the dialect of a delivery says of its layers; the layers themselves where it speaks none."""
    dialect = telling.told(raws, named, source)
    return raws if dialect is None else speech.spoken(dialect, raws, given)


def _form(name: LayerName) -> str:
    return SCHEMAS[name].geometry_type


def _same_place(one: LayerSource, other: LayerSource) -> bool:
    return (one.source, one.layer) == (other.source, other.layer)


def _of_form(raw: RawLayer, form: str) -> RawLayer:
    """Give the part of a layer that is points, or all but the points."""
    points = np.isin(shapely.get_type_id(raw.frame.geometry.to_numpy()), _POINT_TYPES)
    return _part(raw, points if form == "Point" else ~points)


def _bare_readings(paths: Sequence[str | Path], crs: str | None) -> list[Understanding]:
    parts = [
        part
        for path, name in zip(paths, sources.called(paths), strict=True)
        for raw in worker.open_delivery(path, name=name)
        for part in _by_geometry(decoded(raw))
    ]
    layers = [one for one in _spoken(parts) if not (isinstance(one, speech.Spoken) and one.kept)]
    guesses = [_guess(one) for one in layers]
    system = project_sources.system(crs, None)
    region = Region(None)
    found: dict[int, Understanding] = {}
    places = sorted(
        range(len(layers)),
        key=lambda at: ORDER.index(guesses[at].layer) if guesses[at] else len(ORDER),  # type: ignore[union-attr]
    )
    for at in places:
        guess = guesses[at]
        one = layers[at]
        raw = one.raw if isinstance(one, speech.Spoken) else one
        entry = projects.LayerSource(source=raw.path, set=dict(guess.set)) if guess else None
        known = _known(found.values(), raw, system)
        found[at] = _own_first(_reading(one, guess.layer if guess else None, entry, region, known, system))
    return _together([found[at] for at in range(len(layers))], region)


def _guess(one: speech.Spoken | RawLayer) -> match.Guess | None:
    """Tell which canonical layer a layer is, by the dialect of its delivery or else by itself."""
    if isinstance(one, speech.Spoken):
        return None if one.goes_into is None else match.Guess(one.goes_into, {}, _why(one))
    if one.crs is None and shapely.is_missing(one.frame.geometry.to_numpy()).all():
        return None  # a table that places nothing, beside the layers: a list
    return match.which_layer(one.table.head(_SAMPLE), one.types, f"{Path(one.path).name} {one.layer}")


def _why(one: speech.Spoken) -> Text:
    shown = one.telling.dialect.shown
    return Text(f"a layer of {shown}", f"لایه‌ای از \u2068{shown}\u2069")


def _own_first(reading: Understanding) -> Understanding:
    """Let a column that a layer has count before what the layer's name says of all features."""
    destination = reading.destination
    if destination is None:
        return reading
    left = {
        name: value for name, value in destination.entry.set.items() if name not in destination.match.columns
    }
    return replace(
        reading, destination=replace(destination, entry=destination.entry.model_copy(update={"set": left}))
    )


def _by_geometry(raw: RawLayer) -> list[RawLayer]:
    """Part a layer that holds lines and points, as those of CAD programs do, by the type of geometry."""
    types = shapely.get_type_id(raw.frame.geometry.to_numpy())
    if not (np.isin(types, LINE_TYPES).any() and np.isin(types, _POINT_TYPES).any()):
        return [raw]
    # What the reading found is said once, with the lines.
    points = replace(_of_form(raw, "Point"), notes=(), left_out=())
    return [_of_form(raw, "LineString"), points]


def _part(raw: RawLayer, chosen: NDArray[np.bool_]) -> RawLayer:
    frame = raw.frame[chosen].reset_index(drop=True)
    used = [name for name in frame.columns if name == frame.geometry.name or frame[name].notna().any()]
    return replace(raw, frame=frame[used], records=raw.records[chosen])


def _reading(
    one: speech.Spoken | RawLayer,
    schema: LayerName | None,
    entry: LayerSource | None,
    region: Region,
    known: Positions | None,
    crs: pyproj.CRS | None,
) -> Understanding:
    """Find out where a layer is and which column is which."""
    raw, spoken = (one.raw, one) if isinstance(one, speech.Spoken) else (one, None)
    raw = _in_unit_of(raw, crs)
    geometry = raw.frame.geometry.to_numpy()
    # Records without any position are in no system, and lack their geometry in every one.
    declared = (
        (None if raw.brought else crs)
        or raw.crs
        or (CRS.from_epsg(4326) if shapely.is_missing(geometry).all() else None)
    )
    if schema is None or entry is None:
        return Understanding(raw, _believed(geometry, declared, region, known), None, spoken)
    if spoken is not None and spoken.goes_into != schema:
        spoken = None  # the project file means another layer by it than the dialect
    told = match.Told(spoken.columns, spoken.hidden, _why(spoken)) if spoken is not None else None
    if spoken is not None:
        entry = _with_dialect(entry, spoken)
    # Recorded lengths are evidence of where a layer is; where it is then tells which columns hold lengths.
    matched = match.match(raw.table, SCHEMAS[schema], entry.columns, raw.title, told=told)
    belief = _believed(geometry, declared, region, known, _recorded(raw, matched))
    matched = match.match(
        raw.table, SCHEMAS[schema], entry.columns, raw.title, _drawn(geometry, belief), told
    )
    return Understanding(_without(raw, matched), belief, Destination(SCHEMAS[schema], matched, entry), spoken)


def _with_dialect(entry: LayerSource, spoken: speech.Spoken) -> LayerSource:
    """Add to what the project file says of a layer what the dialect does; the project file counts first."""
    said = spoken.entry
    own = {name: value for name, value in said.set.items() if name not in entry.columns}
    values = {
        name: {**said.values.get(name, {}), **entry.values.get(name, {})}
        for name in {**said.values, **entry.values}
    }
    return entry.model_copy(update={"set": {**own, **entry.set}, "values": values})


def _in_unit_of(raw: RawLayer, crs: pyproj.CRS | None) -> RawLayer:
    """Give a drawing in feet its own numbers again where the system that a person names for it is in feet too."""
    if raw.unit_m == 1 or crs is None or crs.is_geographic or not crs.axis_info:
        return raw
    unit = crs.axis_info[0].unit_conversion_factor
    if abs(unit / raw.unit_m - 1) > _SAME_UNIT:
        return raw
    geometry = raw.frame.geometry.to_numpy()
    deep = shapely.has_z(geometry)
    own = geometry.copy()
    own[~deep] = shapely.transform(geometry[~deep], lambda xy: xy / raw.unit_m)
    flat = np.array([raw.unit_m, raw.unit_m, 1.0])  # heights stay metres
    own[deep] = shapely.transform(geometry[deep], lambda xyz: xyz / flat, include_z=True)
    return replace(raw, frame=raw.frame.set_geometry(own), unit_m=1.0)


def _drawn(geometry: NDArray[np.object_], belief: Belief) -> match.Drawn | None:
    """Measure what is drawn in the layer's own coordinates; None where nobody knows their unit."""
    if belief.read is None or not belief.read.crs.axis_info:
        return None
    unit = None if belief.read.crs.is_geographic else belief.read.crs.axis_info[0].unit_conversion_factor
    return match.Drawn(shapely.length(geometry), unit)


_VALUES = Text("{count:value|values} of {column}", "مقدار {column}")
_NO_LENGTH = Text(
    "{why}: they are no lengths in metres, feet or the like; name another column in columns = of the project file",
    "{why}: طول به متر، فوت یا مانند آن نیست؛ ستون دیگری را در columns = فایل پروژه نام ببرید",
)


def _without(raw: RawLayer, matched: Match) -> RawLayer:
    """Say of columns that are named like lengths and hold none that they are left out."""
    told = [
        LeftOut(
            raw.path,
            raw.layer,
            count,
            _VALUES.filled(column=name, count=count),
            _NO_LENGTH.filled(why=why),
        )
        for name, why in matched.refused.items()
        for count in (int(raw.frame[name].notna().sum()),)
    ]
    return replace(raw, left_out=(*raw.left_out, *told)) if told else raw


def _recorded(raw: RawLayer, matched: Match) -> Recorded | None:
    """Give the lengths that lines of one part are said to have, of a large layer some of them."""
    column = matched.columns.get("recorded_length_m")
    if column is None or column not in raw.table:
        return None
    geometry = raw.frame.geometry.to_numpy()
    lines = np.flatnonzero(shapely.get_type_id(geometry) == LINE_TYPES[0])
    lines = lines[:: -(-len(lines) // _RECORDED) or 1]
    lengths = parse_numbers(raw.table[column].iloc[lines]) * matched.scale.get("recorded_length_m", 1.0)
    stated = lengths > 0
    xy, owners = shapely.get_coordinates(geometry[lines[stated]], return_index=True)
    return Recorded(xy, owners, lengths[stated])


def _believed(
    geometry: NDArray[np.object_],
    declared: pyproj.CRS | None,
    region: Region,
    known: Positions | None,
    recorded: Recorded | None = None,
) -> Belief:
    """
    Find out where a layer is: of a large one from a part, where neither it nor any feature's extent raises doubt.

    An area asks for every vertex, as single ones may lie outside.
    """
    if len(geometry) > _LARGE and declared is not None and region.area is None:
        bounds = shapely.bounds(geometry)
        # A position that was never measured has a zero, which its feature's extent begins or ends with, or spans.
        whole = np.isfinite(bounds).all() and not (bounds[:, :2] * bounds[:, 2:] <= 0).any()
        vertices = int(shapely.get_num_coordinates(geometry).sum())
        step = max(-(-len(geometry) // _LARGE), -(-vertices // _VERTICES))
        part, of = shapely.get_coordinates(geometry[::step], return_index=True)
        belief = believe(part, declared, None, known, region.candidates, of, recorded)
        if whole and not belief.notes and not _uneven(bounds):
            return belief
    xy, owners = shapely.get_coordinates(geometry, return_index=True)
    return believe(xy, declared, region.area, known, region.candidates, owners, recorded)


def _uneven(bounds: Positions) -> bool:
    """Tell whether an extent lies far from where most are, so that each position must be looked at."""
    away = np.abs(bounds - np.median(bounds, axis=0)).max(axis=1)
    return bool(away.max() > _FAR * np.quantile(away, 0.9))


def _known(found: Iterable[Understanding], raw: RawLayer, crs: pyproj.CRS | None) -> Positions | None:
    """
    Gather the places that earlier layers make known to a layer.

    Manholes of the same delivery in the same system share its mistakes, and are no evidence; offices are anybody's.
    """
    parts = [
        _positions(reading)
        for reading in found
        if reading.destination is not None
        and (reading.destination.schema.name == "offices" or not _akin(reading.raw, raw, crs))
    ]
    return np.concatenate(parts) if any(map(len, parts)) else None


def _akin(one: RawLayer, other: RawLayer, crs: pyproj.CRS | None) -> bool:
    """Tell whether two layers come from one delivery, a file or an archive, and declare the same system."""
    same = one.crs == other.crs or crs is not None
    return same and _ARCHIVE.split(one.path)[0] == _ARCHIVE.split(other.path)[0]


def _positions(reading: Understanding) -> Positions:
    """Give the places that a layer of points adds to what is known; lines and doubtful layers add none."""
    geometry = reading.raw.frame.geometry.to_numpy()
    of_points = reading.destination is not None and reading.destination.schema.geometry_type == "Point"
    shifted = any(code == Doubt.SHIFTED for code, _ in reading.belief.notes)
    if reading.belief.read is None or not reading.belief.declared_ok or shifted or not of_points:
        return np.empty((0, 2))
    return reading.belief.read.lonlat(shapely.get_coordinates(geometry))


def _together(found: list[Understanding], region: Region) -> list[Understanding]:
    """
    Look again at layers that come with one whose datum is another than declared.

    Only routes reach the offices; what the surveyor measured along with them falls on their vertices once those are
    where they belong.
    """
    shifted = [reading for reading in found if any(code == Doubt.DATUM for code, _ in reading.belief.notes)]
    return [_beside(reading, shifted, region) for reading in found] if shifted else found


def _beside(reading: Understanding, shifted: Sequence[Understanding], region: Region) -> Understanding:
    destination, read = reading.destination, reading.belief.read
    if destination is None or read is None or destination.schema.name == "offices" or reading in shifted:
        return reading
    parts = [
        Reading(other.belief.crs).lonlat(shapely.get_coordinates(other.raw.frame.geometry.to_numpy()))
        for other in shifted
        if other.belief.crs is not None and _akin(other.raw, reading.raw, None)
    ]
    if not parts:
        return reading
    xy, owners = shapely.get_coordinates(reading.raw.frame.geometry.to_numpy(), return_index=True)
    belief = believe(xy, read.crs, region.area, np.concatenate(parts), region.candidates, owners)
    return (
        replace(reading, belief=belief) if any(code == Doubt.DATUM for code, _ in belief.notes) else reading
    )
