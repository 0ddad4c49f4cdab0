"""Checks of values: missing, repeated, unknown, out of range, badly written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis.checks.evidence import installed, texts
from gis.checks.evidence.texts import blank
from gis.checks.registry import Found, check
from gis.checks.rules.notes import noted
from gis.coordinates import mercator
from gis.delivery.canonical import today
from gis.delivery.files.layer import title
from gis.schema import CHANGE_LOG, RANGES, ROUTES, SCHEMAS
from gis.text import letters
from gis.text.mojibake import unmojibake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd
    import pyarrow as pa
    from numpy.typing import NDArray

    from gis.checks.evidence.context import Context
    from gis.language import Text
    from gis.schema import LayerName


@check("A401")
def missing_value(context: Context) -> Iterator[Found]:
    """Find required columns that are empty."""
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        for column in schema.columns:
            if column.required and (name, column.name) not in context.missing_columns:
                rows = np.flatnonzero(blank(layer[column.name]) & context.kept(name, column.name))
                if len(rows):
                    yield Found(name, rows, fields={"column": column.label})


@check("A402")
def repeated_id(context: Context) -> Iterator[Found]:
    """Find ids that an earlier feature of the layer has."""
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        (codes,) = texts.codes(context.folded(name, schema.id))
        # Written from the back, the first of each stays; a missing id has the last place.
        firsts = np.full(codes.max(initial=-1) + 2, -1)
        firsts[codes[::-1]] = np.arange(len(codes))[::-1]
        again = (codes >= 0) & (firsts[codes] != np.arange(len(codes))) & ~blank(layer[schema.id])
        # The same thing twice is a duplicate.
        twice = context.duplicates[name]
        again[twice.rows[codes[twice.rows] == codes[twice.originals]]] = False
        rows = np.flatnonzero(again)
        if len(rows):
            earlier = layer.iloc[firsts[codes[rows]]]
            yield Found(
                name,
                rows,
                fields={
                    "first": earlier["record"].to_numpy(),
                    "source": list(
                        map(title, earlier["source"].fillna(""), earlier["source_layer"].fillna(""))
                    ),
                },
            )


@check("A403")
def unknown_value(context: Context) -> Iterator[Found]:
    """Find values outside the code lists, counties that are none, and what the reading could not read."""
    yield from noted(context, "A403")
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        for column in schema.columns:
            if column.codes:
                rows = np.flatnonzero(
                    ~layer[column.name].isin(column.codes).to_numpy() & ~blank(layer[column.name])
                )
                if len(rows):
                    yield Found(name, rows, fields=_value_fields(layer, column.name, column.label, rows))
        if context.inventory.counties is not None:
            known, named = texts.codes(_county_names(context), context.folded(name, "county"))
            rows = np.flatnonzero((named > known.max(initial=-1)) & ~blank(layer["county"]))
            rows = _sound(layer["county"], rows)
            if len(rows):
                yield Found(name, rows, fields=_value_fields(layer, "county", schema["county"].label, rows))


@check("A404")
def out_of_range(context: Context) -> Iterator[Found]:
    """Find numbers that cannot be meant."""
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        for column in schema.columns:
            if column.name in RANGES:
                low, high = RANGES[column.name]
                values = layer[column.name].to_numpy(dtype=float, na_value=np.nan)
                rows = np.flatnonzero((values < low) | (values > high) | np.isinf(values))
                if len(rows):
                    yield Found(
                        name,
                        rows,
                        fields={"column": column.label, "value": values[rows], "low": low, "high": high},
                    )


@check("A405")
def unnormalised_text(context: Context) -> Iterator[Found]:
    """Find text that is right but written in another way than the rest."""
    for name, column, rows, repaired in repairs(context, normalised):
        layer = context.layer(name)
        yield Found(
            name, rows, fields={**_value_fields(layer, column, label(name, column), rows), "better": repaired}
        )


@check("A408")
def mojibake(context: Context) -> Iterator[Found]:
    """Find text that was decoded with the wrong encoding."""
    for name, column, rows, repaired in repairs(context, decoded):
        layer = context.layer(name)
        yield Found(
            name, rows, fields={**_value_fields(layer, column, label(name, column), rows), "better": repaired}
        )


def repairs(
    context: Context, repair: Callable[[Any], str | None]
) -> Iterator[tuple[LayerName, str, NDArray[np.intp], NDArray[np.object_]]]:
    """
    Find text that can be put right.

    Parameters
    ----------
    context
        The survey.
    repair
        `normalised` for how it is written, `decoded` for its encoding.

    Yields
    ------
    name : str
        The layer.
    column : str
        Its column.
    rows : numpy.ndarray
        (n,) features.
    repaired : numpy.ndarray
        (n,) what the text should be.
    """
    for name in SCHEMAS:
        layer = context.layer(name)
        for column in layer.columns:
            if (
                column not in _NOT_THEIRS
                and not SCHEMAS[name].keeps_writing(column)
                and column != layer.geometry.name
                and texts.holds_text(layer[column])
            ):
                values = texts.strings(layer[column])
                rows = texts.doubtful(values)
                repaired = letters.each(texts.pick(values, rows), repair)
                faulty = ~pd.isna(repaired)
                rows, repaired = rows[faulty], repaired[faulty]
                if len(rows):
                    yield name, column, rows, repaired


def label(name: LayerName, column: str) -> Text | str:
    """
    Give a column's heading.

    Parameters
    ----------
    name
        The layer.
    column
        One of its columns, canonical or the delivery's own.

    Returns
    -------
    Text or str
        The heading, or the delivery's name of the column.
    """
    schema = SCHEMAS[name]
    return schema[column].label if column in schema.names else column


@check("A406")
def impossible_date(context: Context) -> Iterator[Found]:
    """Find dates that are none or lie in the future; the reading notes those that it cannot take for a date."""
    yield from noted(context, "A406")
    for name, schema in SCHEMAS.items():
        layer = context.layer(name)
        for column in schema.columns:
            if column.kind == "date":
                days = pd.to_datetime(layer[column.name], errors="coerce")
                rows = np.flatnonzero((days > pd.Timestamp(today())).fillna(value=False).to_numpy(dtype=bool))
                if len(rows):
                    written = layer[column.name].iloc[rows].astype("str").to_numpy(dtype=object)
                    yield Found(name, rows, fields={"column": column.label, "value": written})


@check("A407")
def wrong_county(context: Context) -> Iterator[Found]:
    """Find features that lie wholly outside the county they name."""
    counties = context.inventory.counties
    if counties is None:
        return
    polygons = np.asarray(counties.geometry.array, dtype=object)
    shapely.prepare(polygons)
    tree = shapely.STRtree(mercator.project_geometries(polygons))
    for name in SCHEMAS:
        names, named = texts.codes(_county_names(context), context.folded(name, "county"))
        geometries = context.usable(name)
        there = ~shapely.is_missing(geometries) & (named >= 0) & (named <= names.max(initial=-1))
        # Most lie in the county they name.
        for county in np.flatnonzero(names >= 0):
            own = np.flatnonzero(there & (named == names[county]))
            there[own[shapely.intersects(polygons[county], geometries[own])]] = False
        rows = np.flatnonzero(there & ~context.astray_nodes(name))
        if not len(rows):
            continue
        plane = mercator.project_geometries(geometries[rows])
        # A feature on the border, to its tolerance, is in both.
        reach = context.tolerance(name)[rows] * mercator.scale(shapely.bounds(geometries[rows])[:, 1])
        feature, county = tree.query(plane, predicate="dwithin", distance=reach)
        at_home = np.zeros(len(rows), dtype=bool)
        at_home[feature[names[county] == named[rows[feature]]]] = True
        wrong = np.flatnonzero(~at_home)
        if not len(wrong):
            continue
        lies = np.full(len(rows), None, dtype=object)
        lies[feature] = counties["name"].to_numpy(dtype=object)[county]
        # Outside all counties is no wrong county.
        wrong = wrong[lies[wrong] != None]  # noqa: E711 - element by element
        said = context.layer(name)["county"].to_numpy(dtype=object)[rows[wrong]]
        if len(wrong):
            yield Found(name, rows[wrong], fields={"said": said, "lies": lies[wrong]})


@check("A409")
def contradicted_installation(context: Context) -> Iterator[Found]:
    """Find routes whose installation and marks cannot both be true."""
    for rows, why in installed.contradicted(context):
        said = context.layer("routes")["installation"].to_numpy(dtype=object)[rows]
        codes = ROUTES["installation"].codes
        yield Found("routes", rows, fields={"installation": [codes[one] for one in said], "why": why})


# Columns that were added to the delivery's.
_NOT_THEIRS = ("source", "record", CHANGE_LOG)


def _county_names(context: Context) -> pa.Array:
    """Give the counties' names in the form that they are compared in."""
    assert context.inventory.counties is not None  # noqa: S101 - as both callers have seen to
    return texts.folded_counties(context.inventory.counties["name"])


def _value_fields(
    layer: gpd.GeoDataFrame, column: str, heading: Text | str, rows: NDArray[np.intp]
) -> dict[str, Any]:
    return {"column": heading, "value": layer[column].iloc[rows].astype(object).to_numpy()}


def _sound(values: pd.Series, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Leave out text that was decoded wrongly: that is the fault, not the value."""
    wrong = letters.each(values.iloc[rows].to_numpy(dtype=object), decoded)
    return rows[pd.isna(wrong)]


def decoded(value: Any) -> str | None:
    """
    Give what wrongly decoded text says.

    Parameters
    ----------
    value
        A value of a column.

    Returns
    -------
    str or None
        The text; None where it is sound, or no text.
    """
    return unmojibake(value) if isinstance(value, str) else None


def normalised(value: Any) -> str | None:
    """
    Give text as it should be written.

    Parameters
    ----------
    value
        A value of a column.

    Returns
    -------
    str or None
        The text; None where it is written so already, was decoded wrongly (see `decoded`), or is no text.
    """
    if not isinstance(value, str) or decoded(value) is not None:
        return None
    better = letters.normalise(value)
    return None if better == value else better
