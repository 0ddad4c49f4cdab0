"""From files to an inventory: open, decode, place on the ground, and bring into canonical form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gis import project as projects
from gis.delivery import columns, coordinates, encodings, rounding, sources, systems, text
from gis.delivery.canonical import canonical, empty
from gis.errors import ProjectError, SourceError
from gis.inventory import CRS, SCHEMAS, Inventory, LayerName, Note, Source
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.delivery.columns import Match
    from gis.delivery.coordinates import Belief
    from gis.delivery.raw import RawLayer
    from gis.inventory import Schema
    from gis.project import LayerSource, Project

    Positions = NDArray[np.float64]

# What is known already is evidence for what comes after: offices first.
ORDER: tuple[LayerName, ...] = ("offices", "manholes", "routes")
_SAMPLE = 5000
_SHOWN = 12
_WGS84 = 4326
_POINT_TYPES, _LINE_TYPES = (0, 4), (1, 2, 5)
# The layer of a note that is about the delivery as a whole.
_DELIVERY = "delivery"


@dataclass(frozen=True, eq=False)
class Place:
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
class Reading:
    """
    One layer of a delivery as it was understood.

    Attributes
    ----------
    raw
        The layer as it stands in its file, text decoded.
    belief
        Which coordinate system it is in, and the evidence.
    place
        Where it goes; None where it matches no canonical layer.
    """

    raw: RawLayer
    belief: Belief
    place: Place | None


def read(source: str | Path | Sequence[str | Path], *, crs: str | None = None) -> Inventory:
    """
    Read a project file, or survey files of any format that is read.

    Parameters
    ----------
    source
        One project file (``.toml``), or one or more survey files.
    crs
        The coordinate system of survey files, instead of what they say.

    Returns
    -------
    Inventory
        The survey, WGS 84.

    Raises
    ------
    FibreError
        One line: which file, what is wrong, what would do.
    """
    return _assembled(*_understood(source, crs))


def readings(source: str | Path | Sequence[str | Path], *, crs: str | None = None) -> list[Reading]:
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
    list of Reading
        One a layer.

    Raises
    ------
    FibreError
        A file cannot be read.
    """
    return _understood(source, crs)[1]


def _understood(
    source: str | Path | Sequence[str | Path], crs: str | None
) -> tuple[Project, list[Reading], BaseGeometry | None, BaseGeometry | None, gpd.GeoDataFrame | None]:
    paths = [Path(source)] if isinstance(source, (str, Path)) else [Path(one) for one in source]
    if any(path.suffix.lower() == ".toml" for path in paths):
        if len(paths) > 1:
            raise ProjectError(
                Text(
                    "{path}: a project file stands alone; the survey files are named in it",
                    "{path}: پروندهٔ پروژه تنها می‌آید؛ پرونده‌های برداشت در خود آن نام برده می‌شوند",
                ),
                path=next(path for path in paths if path.suffix.lower() == ".toml"),
            )
        project = projects.load(paths[0])
        outline, area = _area(project)
        return project, _project_readings(project, area), area, outline, _counties(project)
    return projects.Project(), _bare_readings(paths, crs), None, None, None


def _project_readings(project: Project, area: BaseGeometry | None) -> list[Reading]:
    entries = [(name, entry) for name in ORDER for entry in getattr(project.layers, name)]
    found: list[Reading] = []
    known: list[Positions] = []
    for name, entry in entries:
        layers = sources.open_delivery(
            project.resolve(entry.source), layer=entry.layer, encoding=entry.encoding
        )
        raw = _only(layers, entry.source, project)
        # A drawing that is named for its lines and again for its points gives each its own.
        if any(_same_place(entry, other) and _form(name) != _form(theirs) for theirs, other in entries):
            raw = _of_form(raw, _form(name))
        reading = _reading(raw, name, entry, area, _stacked(known), _declared(entry.crs, project))
        found.append(reading)
        known.append(_positions(reading))
    return found


def _form(name: LayerName) -> str:
    return SCHEMAS[name].geometry_type


def _same_place(one: LayerSource, other: LayerSource) -> bool:
    return (one.source, one.layer) == (other.source, other.layer)


def _of_form(raw: RawLayer, form: str) -> RawLayer:
    """Give the part of a layer that is points, or all but the points."""
    points = np.isin(shapely.get_type_id(raw.frame.geometry.to_numpy()), _POINT_TYPES)
    return _part(raw, points if form == "Point" else ~points)


def _bare_readings(paths: Iterable[Path], crs: str | None) -> list[Reading]:
    layers = [
        part for path in paths for raw in sources.open_delivery(path) for part in _by_geometry(_decoded(raw))
    ]
    guesses = [
        columns.which_layer(_table(raw).head(_SAMPLE), _types(raw), f"{Path(raw.path).name} {raw.layer}")
        for raw in layers
    ]
    found: dict[int, Reading] = {}
    known: list[Positions] = []
    places = sorted(
        range(len(layers)),
        key=lambda at: ORDER.index(guesses[at].layer) if guesses[at] else len(ORDER),  # type: ignore[union-attr]
    )
    for at in places:
        guess = guesses[at]
        entry = projects.LayerSource(source=layers[at].path, set=dict(guess.set)) if guess else None
        found[at] = _own_first(
            _reading(
                layers[at], guess.layer if guess else None, entry, None, _stacked(known), _declared(crs, None)
            )
        )
        known.append(_positions(found[at]))
    return [found[at] for at in range(len(layers))]


def _own_first(reading: Reading) -> Reading:
    """Let a column that a layer has count before what the layer's name says of all features."""
    place = reading.place
    if place is None:
        return reading
    left = {name: value for name, value in place.entry.set.items() if name not in place.match.columns}
    return replace(reading, place=replace(place, entry=place.entry.model_copy(update={"set": left})))


def _only(layers: list[RawLayer], source: str, project: Project) -> RawLayer:
    """Give the one layer of a project's source; several must be told apart in the project file."""
    if len(layers) > 1:
        raise ProjectError(
            Text(
                "{path}: {source} holds several layers: {names}; name one with layer = …",
                "{path}: {source} چند لایه دارد: {names}؛ یکی را با layer = … نام ببرید",
            ),
            path=project.path,
            source=source,
            names=", ".join(raw.layer for raw in layers),
        )
    return _decoded(layers[0])


def _declared(crs: str | None, project: Project | None) -> pyproj.CRS | None:
    """Read a coordinate system that the project file or the command line gives."""
    if crs is None:
        return None
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise ProjectError(
            Text(
                "{where}: crs {crs} is no coordinate reference system; for example EPSG:32639",
                "{where}: crs {crs} دستگاه مختصات نیست؛ برای نمونه EPSG:32639",
            ),
            where=(project.path if project else None) or "--crs",
            crs=repr(crs),
        ) from None


def _by_geometry(raw: RawLayer) -> list[RawLayer]:
    """Part a layer that holds lines and points, as those of CAD programs do, by the type of geometry."""
    types = shapely.get_type_id(raw.frame.geometry.to_numpy())
    if not (np.isin(types, _LINE_TYPES).any() and np.isin(types, _POINT_TYPES).any()):
        return [raw]
    return [_of_form(raw, "LineString"), _of_form(raw, "Point")]


def _part(raw: RawLayer, chosen: NDArray[np.bool_]) -> RawLayer:
    frame = raw.frame[chosen].reset_index(drop=True)
    used = [name for name in frame.columns if name == frame.geometry.name or frame[name].notna().any()]
    return replace(raw, frame=frame[used], records=raw.records[chosen])


def _types(raw: RawLayer) -> set[str]:
    return set(raw.frame.geometry.geom_type.dropna().unique())


def _table(raw: RawLayer) -> pd.DataFrame:
    return pd.DataFrame(raw.frame.drop(columns=raw.frame.geometry.name))


def _decoded(raw: RawLayer) -> RawLayer:
    """Decode text whose encoding the file does not tell, and say which was taken."""
    if raw.undecoded is None:
        return raw
    texts = (value for name in raw.undecoded.columns for value in raw.frame[name].unique())
    found = encodings.detect(
        chain(texts, raw.undecoded.names), None, raw.undecoded.declared, raw.undecoded.language_byte
    )
    decoded = raw.decode(found.encoding)
    if not found.guessed:
        return decoded
    note = Note("D006", raw.title, fields={"encoding": found.name, "evidence": found.evidence})
    return replace(decoded, notes=[*raw.notes, note])


def _reading(
    raw: RawLayer,
    schema: LayerName | None,
    entry: LayerSource | None,
    area: BaseGeometry | None,
    known: Positions | None,
    crs: pyproj.CRS | None,
) -> Reading:
    """Find out where a layer is and which column is which."""
    xy = shapely.get_coordinates(raw.frame.geometry.to_numpy())
    belief = coordinates.believe(xy, crs or raw.crs, area, known)
    if schema is None or entry is None:
        return Reading(raw, belief, None)
    matched = columns.match(_table(raw), SCHEMAS[schema], entry.columns, raw.title)
    return Reading(raw, belief, Place(SCHEMAS[schema], matched, entry))


def _positions(reading: Reading) -> Positions:
    """Give the places that a layer of points adds to what is known; lines and doubtful layers add none."""
    geometry = reading.raw.frame.geometry.to_numpy()
    of_points = reading.place is not None and reading.place.schema.geometry_type == "Point"
    if reading.belief.read is None or not reading.belief.declared_ok or not of_points:
        return np.empty((0, 2))
    return reading.belief.read.lonlat(shapely.get_coordinates(geometry))


def _stacked(known: Sequence[Positions]) -> Positions | None:
    return np.concatenate(known) if any(map(len, known)) else None


def _assembled(
    project: Project,
    understood: Sequence[Reading],
    area: BaseGeometry | None,
    outline: BaseGeometry | None,
    counties: gpd.GeoDataFrame | None,
) -> Inventory:
    notes: list[Note] = []
    parts: dict[LayerName, list[gpd.GeoDataFrame]] = {name: [] for name in ORDER}
    entries: list[Source] = []
    for reading in understood:
        notes += reading.raw.notes
        if reading.place is None:
            notes.append(_unknown(reading))
            continue
        layer, found, entry = _canonical(reading, reading.place, _stated_accuracy(project))
        notes += found
        parts[reading.place.schema.name].append(layer)
        entries.append(entry)
    notes += _mixed(understood)
    layers = {name: _joined(name, parts[name]) for name in ORDER}
    return Inventory(
        project=project,
        routes=layers["routes"],
        manholes=layers["manholes"],
        offices=layers["offices"],
        sources=tuple(entries),
        area=area,
        outline=outline,
        counties=counties,
        notes=tuple(notes),
    )


def _unknown(reading: Reading) -> Note:
    names = [str(name) for name in _table(reading.raw).columns]
    fields = {
        "columns": ", ".join(names[:_SHOWN]) or "—",
        "types": ", ".join(sorted(_types(reading.raw))) or "—",
    }
    return Note("D004", reading.raw.title, fields=fields)


def _stated_accuracy(project: Project) -> float:
    """Give the accuracy that the project file states for features that state none; not-a-number where it does not."""
    about = project.project
    return about.accuracy_m if "accuracy_m" in about.model_fields_set else np.nan


def _canonical(
    reading: Reading, place: Place, accuracy_m: float
) -> tuple[gpd.GeoDataFrame, list[Note], Source]:
    """Bring one layer into canonical form, with the notes that belong to it and where it is from."""
    raw, read = reading.raw, reading.belief.read
    if read is None:
        raise SourceError(
            Text(
                "{path}: in which coordinate system it is cannot be told: {evidence}; name it with --crs, or crs = "
                "in the project file",
                "{path}: دستگاه مختصات آن معلوم نیست: {evidence}؛ آن را با --crs یا crs = در پروندهٔ پروژه نام ببرید",
            ),
            code="C101",
            path=raw.title,
            evidence=reading.belief.evidence,
        )
    layer, notes = canonical(
        raw.frame,
        place.schema,
        place.match.columns,
        geometry=_placed(raw.frame.geometry.to_numpy(), read),
        source=raw.path,
        records=raw.records,
        values=place.entry.values,
        fixed=place.entry.set,
        scale=place.match.scale,
    )
    notes += _missing_columns(raw, place)
    notes += _lost_text(place.schema, layer)
    notes += _coordinate_notes(reading, place.schema, layer)
    notes += _coarse(reading, place.schema, layer, accuracy_m)
    source = Source(
        path=raw.path,
        layer=raw.layer,
        schema=place.schema.name,
        driver=raw.driver,
        crs=systems.authority(read.crs),
        encoding=raw.encoding,
        features=len(raw.frame),
        columns=dict(place.match.columns),
    )
    return layer, notes, source


def _placed(geometry: NDArray[np.object_], read: coordinates.Reading) -> NDArray[np.object_]:
    """Bring geometries to WGS 84; heights stay as they are, and WGS 84 to the last bit."""
    if read.crs.to_epsg() == _WGS84 and not read.swapped:
        return geometry
    flat, index = shapely.get_coordinates(geometry, include_z=True, return_index=True)
    lonlat = read.lonlat(flat[:, :2])
    has_z = shapely.has_z(geometry)
    placed = geometry.copy()
    if has_z.any():
        placed[has_z] = shapely.set_coordinates(
            geometry[has_z], np.column_stack([lonlat, flat[:, 2]])[has_z[index]]
        )
    placed[~has_z] = shapely.set_coordinates(geometry[~has_z], lonlat[~has_z[index]])
    return placed


def _missing_columns(raw: RawLayer, place: Place) -> list[Note]:
    given = {*place.match.columns, *place.entry.set}
    if not len(raw.frame):
        return []
    return [
        Note(
            "D005",
            place.schema.name,
            fields={
                "source": raw.title,
                "column": column.name,
                "label": column.label,
                "hint": _hint(place.match, column.name),
            },
        )
        for column in place.schema.columns
        if column.required and column.name not in given
    ]


def _hint(match: Match, column: str) -> Text:
    """Say what a missing column might be."""
    if rivals := match.ambiguous.get(column):
        return Text("equally near: {names}", "به یک اندازه نزدیک: {names}").filled(names=", ".join(rivals))
    if match.extra:
        names = ", ".join(match.extra[:_SHOWN])
        return Text("further columns: {names}", "دیگر ستون‌هایش: {names}").filled(names=names)
    return Text("all its columns are taken", "ستون دیگری ندارد")


def _lost_text(schema: Schema, layer: gpd.GeoDataFrame) -> list[Note]:
    """Find text whose letters are gone, a note for each value."""
    notes = []
    for name in layer.columns:
        if name == "source" or not isinstance(layer[name].dtype, pd.StringDtype):
            continue
        values = layer[name].dropna().unique()
        gone = layer[name].isin([value for value in values if text.lost(value)])
        notes += [
            Note(
                "D007",
                schema.name,
                _feature(layer, schema, int(row)),
                {"column": name, "value": layer[name].iloc[row]},
            )
            for row in np.flatnonzero(gone.to_numpy())
        ]
    return notes


def _coordinate_notes(reading: Reading, schema: Schema, layer: gpd.GeoDataFrame) -> list[Note]:
    """
    Turn what was found out about the coordinates into notes: one for the layer, or one for each feature it is about.

    C102 is left to its check, which looks at the inventory.
    """
    notes: list[Note] = []
    if not reading.belief.notes:
        return notes
    owners = shapely.get_coordinates(reading.raw.frame.geometry.to_numpy(), return_index=True)[1]
    for code, fields in reading.belief.notes:
        if code == "C102":
            continue
        told = {
            **{k: v for k, v in fields.items() if k not in ("rows", "reading")},
            "source": reading.raw.title,
        }
        if "rows" not in fields:
            notes.append(Note(code, schema.name, fields=told))
            continue
        features, first = np.unique(owners[fields["rows"]], return_index=True)
        places = shapely.get_coordinates(np.asarray(layer.geometry.array))[np.asarray(fields["rows"])[first]]
        for feature, (lon, lat) in zip(features, places, strict=True):
            notes.append(
                Note(code, schema.name, _feature(layer, schema, feature), told, float(lon), float(lat))
            )
    return notes


def _feature(layer: gpd.GeoDataFrame, schema: Schema, row: int) -> str:
    """Name a feature by its id, or by its record number where it has none."""
    own = layer[schema.id].iloc[row]
    return own if isinstance(own, str) else f"#{layer['record'].iloc[row]}"


def _coarse(reading: Reading, schema: Schema, layer: gpd.GeoDataFrame, accuracy_m: float) -> list[Note]:
    """Hold the step that coordinates were rounded to against the accuracy stated for them."""
    if "accuracy_m" not in schema.names or reading.raw.crs is None:
        return []
    stated = layer["accuracy_m"].fillna(accuracy_m).median()
    if not np.isfinite(stated):
        return []
    xy = shapely.get_coordinates(reading.raw.frame.geometry.to_numpy())
    return [
        Note(code, schema.name, fields={**fields, "source": reading.raw.title})
        for code, fields in rounding.coarse(xy, reading.raw.crs, float(stated))
    ]


def _mixed(understood: Sequence[Reading]) -> list[Note]:
    """Say so where the layers of one delivery declare different coordinate systems."""
    declared = {reading.raw.title: reading.raw.crs for reading in understood}
    return [Note(code, _DELIVERY, fields=fields) for code, fields in systems.mixed(declared)]


def _joined(name: LayerName, parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put the parts of a layer below each other; a column that one part lacks is missing there."""
    schema = SCHEMAS[name]
    if not parts:
        return empty(schema)
    joined = parts[0] if len(parts) == 1 else gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)
    further = [
        column for column in joined.columns if column not in {*schema.names, "source", "record", "geometry"}
    ]
    return joined[[*schema.names, "source", "record", *further, "geometry"]]


def _area(project: Project) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    """Read the project's area: as it is drawn, and widened by its margin."""
    if project.area is None:
        return None, None
    frame = _polygons(project, project.area.source)
    outline = shapely.union_all(frame.geometry.to_numpy())
    return outline, _widened(outline, project.area.margin_km * 1000)


def _counties(project: Project) -> gpd.GeoDataFrame | None:
    if project.counties is None:
        return None
    frame = _polygons(project, project.counties.source)
    if project.counties.name not in frame.columns:
        raise ProjectError(
            Text(
                "{path}: counties.name is {name}, and {source} has no such column; it has: {has}",
                "{path}: counties.name برابر {name} است و {source} چنین ستونی ندارد؛ ستون‌هایش: {has}",
            ),
            path=project.path,
            name=project.counties.name,
            source=project.counties.source,
            has=", ".join(str(name) for name in frame.columns if name != "geometry"),
        )
    return frame.rename(columns={project.counties.name: "name"})[["name", "geometry"]]


def _polygons(project: Project, source: str) -> gpd.GeoDataFrame:
    """Read polygons that the project file names, WGS 84."""
    raw = _only(sources.open_delivery(project.resolve(source)), source, project)
    geometry = raw.frame.geometry.to_numpy()
    if not len(geometry) or not np.isin(shapely.get_type_id(geometry), (3, 6)).all():
        raise ProjectError(
            Text(
                "{path}: {source} must hold polygons and nothing else",
                "{path}: {source} باید فقط چندضلعی داشته باشد",
            ),
            path=project.path,
            source=source,
        )
    if raw.crs is None:
        raise ProjectError(
            Text(
                "{path}: {source} declares no coordinate system; save it as WGS 84",
                "{path}: {source} دستگاه مختصات ندارد؛ آن را در WGS 84 ذخیره کنید",
            ),
            path=project.path,
            source=source,
        )
    placed = shapely.make_valid(_placed(geometry, coordinates.Reading(raw.crs)))
    return gpd.GeoDataFrame(_table(raw), geometry=gpd.GeoSeries(placed, crs=CRS), crs=CRS)


def _widened(outline: BaseGeometry, metres: float) -> BaseGeometry:
    """Widen a polygon by metres on the ground, in the azimuthal equidistant projection about its middle."""
    if metres == 0:
        return outline
    middle = outline.centroid
    local = pyproj.CRS.from_dict({"proj": "aeqd", "lat_0": middle.y, "lon_0": middle.x, "datum": "WGS84"})
    plane = shapely.transform(outline, _between(CRS, local))
    return shapely.transform(plane.buffer(metres), _between(local, CRS))


def _between(one: str | pyproj.CRS, other: str | pyproj.CRS) -> Callable[[Positions], Positions]:
    transformer = pyproj.Transformer.from_crs(one, other, always_xy=True)
    return lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
