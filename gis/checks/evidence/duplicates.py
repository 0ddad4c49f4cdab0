"""Features that are there twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis.inventory import ORIGIN
from gis.schema import CHANGE_LOG, SCHEMAS
from gis.text import letters

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.network.lines import Flags, Floats, Rows
    from gis.schema import LayerName

# Vertices agree to a millimetre: the eighth decimal of a degree.
SAME_DEGREES = 1e-8
# In a group that agrees by its sums, so many different geometries, or cables of one duct, are told apart.
_ROUNDS = 64
# What tells one cable from another beside it.
_PLANT = ("fibre_count", "office_id")
SAME_HEIGHT_M = 0.001


@dataclass(frozen=True, slots=True)
class Duplicates:
    """
    Features with the geometry of an earlier one.

    Attributes
    ----------
    rows
        (d,) the later features.
    originals
        (d,) the first feature with this geometry.
    identical
        (d,) whether all that is recorded of them agrees too, id and heights included.
    """

    rows: Rows
    originals: Rows
    identical: Flags


def find(layer: gpd.GeoDataFrame, name: LayerName, geometries: NDArray[np.object_]) -> Duplicates:
    """
    Find features of one kind with the same vertices, in either direction.

    Parameters
    ----------
    layer
        A canonical layer.
    name
        Which one.
    geometries
        Its usable geometries in degrees, None for the others.

    Returns
    -------
    Duplicates
        In the order of the layer.
    """
    rows = np.flatnonzero(~shapely.is_missing(geometries))
    coordinates = shapely.get_coordinates(geometries[rows])
    counts = shapely.get_num_coordinates(geometries[rows])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
    labels = counts.astype(np.intp)
    for column in SCHEMAS[name].apart:
        if column in layer:
            codes, _ = pd.factorize(layer[column].to_numpy(dtype=object)[rows])
            labels = labels * (codes.max(initial=0) + 2) + codes + 1
    for values in coordinates.T:
        labels = _chained(labels, np.add.reduceat(values, starts[:-1]) / counts if len(rows) else values)
    later = np.empty(0, dtype=np.intp)
    original = np.empty(0, dtype=np.intp)
    waiting = np.arange(len(rows))
    for _ in range(_ROUNDS):
        waiting = _crowded(waiting, labels)
        if not len(waiting):
            break
        first = _firsts(waiting, labels)
        same = _same(coordinates, starts, waiting, first) & (waiting != first)
        if name == "routes":
            same &= ~told_apart(layer, rows[waiting], rows[first])
        later, original = np.concatenate([later, waiting[same]]), np.concatenate([original, first[same]])
        waiting = waiting[~same & (waiting != first)]
    order = np.argsort(later)
    later, original = rows[later[order]], rows[original[order]]
    identical = _identical(layer, name, later, original) & _as_high(geometries, later, original)
    return Duplicates(later, original, identical)


def told_apart(routes: gpd.GeoDataFrame, one: Rows, other: Rows) -> Flags:
    """
    Tell which pairs of routes are two cables by what is recorded of them.

    Cables that share a duct or a trench are ordinary plant: they have different ids and both say that they are in a
    duct, or differ in their number of fibres, the office they are for or the nodes they lead to. A value that is
    missing tells nothing.

    Parameters
    ----------
    routes
        The canonical layer.
    one, other
        (n,) rows of it.

    Returns
    -------
    numpy.ndarray
        (n,) booleans.
    """
    rows, pairs = np.unique(np.concatenate([one, other]), return_inverse=True)
    one, other = pairs.reshape(2, -1)
    routes = routes.iloc[rows]
    kind = routes["kind"].to_numpy(dtype=object)
    cables = (kind[one] == "cable") & (kind[other] == "cable")
    apart = np.zeros(len(one), dtype=bool)
    if not cables.any():
        return apart
    for column in _PLANT:
        apart |= _differ(_codes(routes[column]), one, other)
    # A cable that is drawn from its other end names the same two nodes.
    ends, _ = pd.factorize(
        letters.fold(pd.concat([routes["from_id"], routes["to_id"]]).to_numpy(dtype=object))
    )
    ends = np.sort(ends.reshape(2, -1), axis=0)
    named = (ends[:, one] >= 0).all(axis=0) & (ends[:, other] >= 0).all(axis=0)
    apart |= named & (ends[:, one] != ends[:, other]).any(axis=0)
    ducted = (routes["installation"] == "duct").to_numpy(dtype=bool)
    apart |= ducted[one] & ducted[other] & _differ(_codes(routes[SCHEMAS["routes"].id]), one, other)
    return np.asarray(apart & cables)


def _codes(values: pd.Series) -> Rows:
    """Give equal values, as they are compared everywhere, one number; -1 stands for none."""
    raw = values.to_numpy(dtype=object)
    codes, _ = pd.factorize(raw if pd.api.types.is_numeric_dtype(values) else letters.fold(raw))
    return np.asarray(codes, dtype=np.intp)


def _differ(codes: Rows, one: Rows, other: Rows) -> Flags:
    return np.asarray((codes[one] >= 0) & (codes[other] >= 0) & (codes[one] != codes[other]))


def _chained(labels: Rows, values: Floats) -> Rows:
    """Part groups where their values, in order, leave a gap."""
    order = np.lexsort((values, labels))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(labels[order]) != 0) | (np.diff(values[order]) > SAME_DEGREES)
    parted = np.empty(len(order), dtype=np.intp)
    parted[order] = np.cumsum(new)
    return parted


def _crowded(members: Rows, labels: Rows) -> Rows:
    """Keep those that share their group with another."""
    _, group, sizes = np.unique(labels[members], return_inverse=True, return_counts=True)
    return members[sizes[group] > 1]


def _firsts(members: Rows, labels: Rows) -> Rows:
    """Give for each the first of its group; `members` ascend."""
    _, at, group = np.unique(labels[members], return_index=True, return_inverse=True)
    return members[at[group]]


def _same(coordinates: Floats, starts: Rows, one: Rows, other: Rows) -> Flags:
    """Tell which pairs have the same vertices, forwards or backwards; both of a pair have as many."""
    counts = starts[one + 1] - starts[one]
    begins = np.cumsum(counts) - counts
    step = np.arange(counts.sum()) - np.repeat(begins, counts)
    ours = coordinates[np.repeat(starts[one], counts) + step]
    forwards = np.abs(coordinates[np.repeat(starts[other], counts) + step] - ours).max(axis=1)
    backwards = np.abs(coordinates[np.repeat(starts[other + 1] - 1, counts) - step] - ours).max(axis=1)
    worst = np.minimum(np.maximum.reduceat(forwards, begins), np.maximum.reduceat(backwards, begins))
    return np.asarray(worst <= SAME_DEGREES)


def _identical(layer: gpd.GeoDataFrame, name: LayerName, one: Rows, other: Rows) -> Flags:
    """Tell which pairs agree in every column but where they stood in their files and what was done to them."""
    alike = np.ones(len(one), dtype=bool)
    if not len(one):
        return alike
    columns = [c for c in layer.columns if c not in (*ORIGIN, CHANGE_LOG, layer.geometry.name)]
    for column in columns:
        alike &= agree(layer[column], one, other)
    # Without an id nobody can tell whether it is the same thing or another one beside it.
    return np.asarray(alike & layer[SCHEMAS[name].id].iloc[one].notna().to_numpy(dtype=bool))


def agree(values: pd.Series[Any], one: Rows, other: Rows) -> Flags:
    """
    Tell which pairs of features have the same value in a column, or both none.

    Parameters
    ----------
    values
        (n,) the column.
    one, other
        (k,) rows.

    Returns
    -------
    numpy.ndarray
        (k,) booleans.
    """
    a, b = values.iloc[one].astype(object).to_numpy(), values.iloc[other].astype(object).to_numpy()
    missing = pd.isna(a), pd.isna(b)
    equal = np.fromiter(
        (x is y or str(x) == str(y) for x, y in zip(a, b, strict=True)), dtype=bool, count=len(a)
    )
    return np.asarray((missing[0] & missing[1]) | (equal & ~missing[0] & ~missing[1]))


def _as_high(geometries: NDArray[np.object_], one: Rows, other: Rows) -> Flags:
    """Tell which pairs, of the same vertices in either direction, have the same heights or none."""
    alike = np.ones(len(one), dtype=bool)
    for at in np.flatnonzero(shapely.has_z(geometries[one]) | shapely.has_z(geometries[other])).tolist():
        ours, theirs = (
            shapely.get_coordinates(geometries[rows[at]], include_z=True)[:, 2] for rows in (one, other)
        )
        alike[at] = any(
            np.allclose(ours, way, rtol=0.0, atol=SAME_HEIGHT_M, equal_nan=True)
            for way in (theirs, theirs[::-1])
        )
    return alike
