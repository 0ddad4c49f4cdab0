"""An inventory put together from the layers of a delivery as they were understood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis import address
from gis.coordinates import heights, rounding, systems
from gis.coordinates.doubts import Doubt
from gis.delivery import project_sources
from gis.delivery.canonical import canonical
from gis.delivery.files import identify
from gis.delivery.passed_over import left_out
from gis.delivery.understanding import ORDER, understood
from gis.errors import SourceError
from gis.inventory import (
    MISSING_COLUMN,
    ORIGIN,
    Curves,
    FeatureRef,
    Inventory,
    LeftOut,
    Note,
    Source,
    called,
    empty,
    vertex_counts,
)
from gis.language import Text
from gis.schema import CRS, CURVES, SCHEMAS, LayerName
from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyproj

    from gis.delivery.columns.match import Match
    from gis.delivery.files.layer import RawLayer
    from gis.delivery.understanding import Destination, Understanding
    from gis.project import Project
    from gis.schema import Schema

_SHOWN = 12
# CP1256 has no Persian yeh, and programs that write it leave the letter out without a word.
_NO_YEH = Text("not one ی in all its Persian text", "در همهٔ متن فارسی آن حتی یک «ی» نیست")
_SYSTEM = Text(
    "name it with --crs, or crs = in the project file", "آن را با --crs یا crs = در فایل پروژه نام ببرید"
)
_SYSTEM_OF_UNIT = Text(
    "its numbers are in units of {unit_m} m and were brought to metres: name one in metres, or one in that unit, with "
    "--crs, or crs = in the project file",
    "واحد عددهایش {unit_m} متر است و به متر برگردانده شد: دستگاهی به متر، یا به همان واحد، را با --crs یا crs = در "
    "فایل پروژه نام ببرید",
)
_CURVES = Text("{count:route's|routes'} notes of curves", "نشانهٔ قوس‌های {count} مسیر")
_CHANGED = Text(
    "their vertices have been changed since; each counts as surveyed",
    "رأس‌های آن پس از آن تغییر کرده است؛ همه برداشت‌شده به شمار می‌آیند",
)
# The layer of a note that is about the delivery as a whole.
_DELIVERY = "delivery"


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
    project, readings = understood(source, crs)
    given = [source] if isinstance(source, (str, Path)) else source
    files = [Path(one) for one in given if not address.is_address(one)]
    return replace(_assembled(project, readings), read_from=(*files, *project_sources.files(project)))


def _assembled(project: Project, readings: Sequence[Understanding]) -> Inventory:
    outline, area = project_sources.area(project)
    notes: list[Note] = []
    parts: dict[LayerName, list[gpd.GeoDataFrame]] = {name: [] for name in ORDER}
    entries: list[Source] = []
    readings = [_with_curves(reading) for reading in readings]
    for reading in readings:
        told = list(reading.raw.notes)
        if reading.destination is None:
            understood = reading.listed or reading.tabular
            notes += _from(reading, told if understood else [*told, _unknown(reading)])
            continue
        layer, found, entry = _canonical(reading, reading.destination, project)
        notes += _from(reading, told + found)
        parts[reading.destination.schema.name].append(layer)
        entries.append(entry)
    notes += _mixed(readings)
    layers = {name: _joined(name, parts[name]) for name in ORDER}
    return Inventory(
        project=project,
        routes=layers["routes"],
        manholes=layers["manholes"],
        offices=layers["offices"],
        fittings=layers["fittings"],
        sources=tuple(entries),
        area=area,
        outline=outline,
        counties=project_sources.counties(project),
        notes=tuple(notes),
        left_out=_once(left for reading in readings for left in left_out(reading)),
        curves=Curves.together([one for reading in readings for one in _curves(reading)]),
    )


def _from(reading: Understanding, notes: Sequence[Note]) -> list[Note]:
    """Say of notes which layer of which file they are about."""
    raw = reading.raw
    return [replace(note, ref=FeatureRef(raw.path, raw.layer, note.ref.record)) for note in notes]


def _with_curves(reading: Understanding) -> Understanding:
    """Take the curves of a copy that this program wrote from their column, which is then none of the layer."""
    raw = reading.raw
    if raw.curves is not None or CURVES not in raw.frame.columns:
        return reading
    curves = Curves.of_texts(raw.frame[CURVES].tolist())
    if curves is None:
        return reading
    rows = curves.features["row"].to_numpy()
    counts = vertex_counts(raw.frame.geometry.to_numpy())[rows]
    changed = int((counts != np.diff(curves.offsets)).sum())
    kept = (*raw.left_out, *([LeftOut(raw.path, raw.layer, changed, _CURVES, _CHANGED)] if changed else []))
    frame = raw.frame.drop(columns=CURVES)
    return replace(reading, raw=replace(raw, frame=frame, curves=curves, left_out=kept))


def _curves(reading: Understanding) -> list[Curves]:
    """Give the curves of a layer of routes under the identities of its features."""
    raw, destination = reading.raw, reading.destination
    if raw.curves is None or destination is None or destination.schema.name != "routes":
        return []
    records = raw.records[raw.curves.features["row"].to_numpy()]
    features = pd.DataFrame(dict(zip(ORIGIN, (raw.path, raw.layer, records), strict=True)))
    return [replace(raw.curves, features=features)]


def _once(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Count what a file holds beside its layers once, however many of its layers a project names."""
    kept: list[LeftOut] = []
    for left in left_out:
        if left not in kept:
            kept.append(left)
    return tuple(kept)


def _unknown(reading: Understanding) -> Note:
    names = [str(name) for name in reading.raw.table.columns]
    fields = {
        "columns": ", ".join(names[:_SHOWN]) or "—",
        "types": ", ".join(sorted(reading.raw.types)) or "—",
    }
    return Note("D004", reading.raw.title, fields=fields)


def _canonical(
    reading: Understanding, destination: Destination, project: Project
) -> tuple[gpd.GeoDataFrame, list[Note], Source]:
    """Bring one layer into canonical form, with the notes that belong to it and where it is from."""
    raw, read = reading.raw, reading.belief.read
    if read is None:
        raise SourceError(
            Text(
                "{path}: in which coordinate system it is cannot be told: {evidence}; {remedy}",
                "{path}: دستگاه مختصات آن معلوم نیست: {evidence}؛ {remedy}",
            ),
            code=Doubt.UNDECLARED,
            path=raw.title,
            evidence=reading.belief.evidence,
            remedy=_SYSTEM if raw.unit_m == 1 else _SYSTEM_OF_UNIT.filled(unit_m=f"{raw.unit_m:.6g}"),
        )
    layer, notes = canonical(
        raw.frame,
        destination.schema,
        destination.match.columns,
        geometry=project_sources.placed(heights.known(raw.frame.geometry.to_numpy()), read),
        source=raw.path,
        source_layer=raw.layer,
        records=raw.records,
        values=destination.entry.values,
        fixed=destination.entry.set,
        scale=destination.match.scale,
    )
    spoken = reading.spoken
    without = tuple(spoken.entry.without) if spoken is not None else ()
    notes += _missing_columns(raw, destination, without)
    notes += _lost_text(destination.schema, layer)
    notes += _coordinate_notes(reading, destination.schema, layer)
    notes += _coarse(raw, destination.schema, read.crs, layer, project)
    source = Source(
        path=raw.path,
        layer=raw.layer,
        schema=destination.schema.name,
        driver=raw.driver,
        crs=systems.authority(read.crs),
        encoding=raw.encoding,
        features=len(raw.frame),
        columns=dict(destination.match.columns),
        dialect=spoken.telling.dialect.shown if spoken is not None else "",
        without=without,
    )
    return layer, notes, source


def _missing_columns(raw: RawLayer, destination: Destination, without: Sequence[str]) -> list[Note]:
    given = {*destination.match.columns, *destination.entry.set, *without}
    if not len(raw.frame):
        return []
    return [
        Note(
            MISSING_COLUMN,
            destination.schema.name,
            fields={
                "source": raw.title,
                "column": column.name,
                "label": column.label,
                "hint": _hint(destination.match, column.name),
            },
        )
        for column in destination.schema.columns
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
        if name in ORIGIN or not isinstance(layer[name].dtype, pd.StringDtype):
            continue
        column = layer[name]
        suspect = column.notna() & (column.str.contains("?", regex=False) | ~column.str.isascii())
        if not suspect.any():
            continue
        values = column[suspect].unique()
        gone = column.isin([value for value in values if letters.lost(value)])
        if not gone.any() and letters.dropped_yeh(values):
            notes.append(Note("D007", schema.name, fields={"column": name, "value": _NO_YEH}))
        notes += [
            Note(
                "D007",
                schema.name,
                _feature(layer, schema, int(row)),
                {"column": name, "value": column.iloc[row]},
                ref=_ref(layer, int(row)),
            )
            for row in np.flatnonzero(gone.to_numpy())
        ]
    return notes


def _coordinate_notes(reading: Understanding, schema: Schema, layer: gpd.GeoDataFrame) -> list[Note]:
    """
    Turn what was found out about the coordinates into notes: one for the layer, or one for each feature it is about.

    C102 is left to its check, which looks at the inventory.
    """
    notes: list[Note] = []
    if not reading.belief.notes:
        return notes
    owners = shapely.get_coordinates(reading.raw.frame.geometry.to_numpy(), return_index=True)[1]
    for code, fields in reading.belief.notes:
        if code == Doubt.OUTSIDE:
            continue
        told = {**fields, "source": reading.raw.title, "read": reading.belief.read}
        told.setdefault("reading", reading.believed)
        told.pop("rows", None)
        if "rows" not in fields:
            notes.append(Note(code, schema.name, fields=told))
            continue
        places = shapely.get_coordinates(np.asarray(layer.geometry.array))[fields["rows"]]
        of = owners[fields["rows"]]
        order = np.argsort(of, kind="stable")
        features, first = np.unique(of[order], return_index=True)
        for feature, own in zip(features, np.split(places[order], first[1:]), strict=True):
            # A fix moves the vertices that are meant, and no others of the feature.
            fields_of_one = {**told, "places": own}
            name, ref = _feature(layer, schema, feature), _ref(layer, feature)
            lon, lat = own[0].tolist()
            notes.append(Note(code, schema.name, name, fields_of_one, lon, lat, ref))
    return notes


def _ref(layer: gpd.GeoDataFrame, row: int) -> FeatureRef:
    """Give a feature's identity."""
    source, source_layer, record = (layer[column].iloc[row] for column in ORIGIN)
    return FeatureRef(source, source_layer, int(record))


def _feature(layer: gpd.GeoDataFrame, schema: Schema, row: int) -> str:
    return called(layer[schema.id].iloc[row], layer["record"].iloc[row])


# A part of a layer that is rounded is told once, not feature by feature, where it is so large.
_ROUNDED_SHARE = 0.2
_ITS = Text("its coordinates", "مختصات آن")
_OF_SEVERAL = Text("the coordinates of {count} features", "مختصات {count} عارضه")


def _coarse(
    raw: RawLayer, schema: Schema, crs: pyproj.CRS, layer: gpd.GeoDataFrame, project: Project
) -> list[Note]:
    """Hold the step that coordinates were rounded to against their accuracy: of the layer, or else of its features."""
    assumed = project.project.accuracy_m
    geometry = raw.frame.geometry.to_numpy()
    xy = shapely.get_coordinates(geometry[:: -(-len(geometry) // rounding.SAMPLE) or 1])
    notes = [
        Note(code, schema.name, fields={**fields, "source": raw.title})
        for code, fields in rounding.coarse(xy, crs, rounding.stated_m(layer, project), assumed)
    ]
    if notes or len(layer) != len(geometry):
        return notes
    accuracy = (
        layer["accuracy_m"].astype("float64") if "accuracy_m" in layer else pd.Series(np.nan, layer.index)
    )
    accuracy_m = np.asarray(accuracy.fillna(assumed), dtype=np.float64)
    rows, steps = rounding.coarse_features(geometry, crs, accuracy_m)
    if len(rows) > _ROUNDED_SHARE * len(layer):
        fields = {
            "whose": _OF_SEVERAL.filled(count=len(rows)),
            "step_m": round(float(steps.min()), 6),
            "accuracy_m": float(accuracy_m[rows].max()),
        }
        return [Note(Doubt.COARSE_FEATURE, schema.name, fields=fields, ref=FeatureRef(raw.path, raw.layer))]
    return [
        Note(
            Doubt.COARSE_FEATURE,
            schema.name,
            _feature(layer, schema, row),
            {"whose": _ITS, "step_m": round(step, 6), "accuracy_m": float(accuracy_m[row])},
            ref=_ref(layer, row),
        )
        for row, step in zip(rows.tolist(), steps.tolist(), strict=True)
    ]


def _mixed(readings: Sequence[Understanding]) -> list[Note]:
    """Say so where the layers of one delivery declare different systems that nobody has decided on."""
    declared = {
        reading.raw.title: reading.belief.read.crs
        for reading in readings
        if reading.raw.crs is not None
        and reading.belief.read is not None
        # What can be in no other system was not converted with the wrong settings.
        and not (reading.raw.driver in identify.ALWAYS_WGS84 and reading.raw.crs.is_geographic)
        and not (reading.destination is not None and reading.destination.entry.crs)
    }
    return [Note(code, _DELIVERY, fields=fields) for code, fields in systems.mixed(declared)]


def _joined(name: LayerName, parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put the parts of a layer below each other; a column that one part lacks is missing there."""
    schema = SCHEMAS[name]
    if not parts:
        return empty(schema)
    joined = parts[0] if len(parts) == 1 else gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)
    further = [column for column in joined.columns if column not in {*schema.names, *ORIGIN, "geometry"}]
    return joined[[*schema.names, *ORIGIN, *further, "geometry"]]
