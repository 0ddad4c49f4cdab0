"""Features that are there twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gis.schema import SCHEMAS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.network.lines import Flags, Floats, Rows
    from gis.schema import LayerName

# Vertices agree to a millimetre: the eighth decimal of a degree.
SAME_DEGREES = 1e-8
# In a group that agrees by its sums but not by its vertices, so many different geometries are told apart.
_ROUNDS = 8


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
        (d,) whether all that is recorded of them agrees too, id included.
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
        later, original = np.concatenate([later, waiting[same]]), np.concatenate([original, first[same]])
        waiting = waiting[~same & (waiting != first)]
    order = np.argsort(later)
    later, original = rows[later[order]], rows[original[order]]
    return Duplicates(later, original, _identical(layer, name, later, original))


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
    """Tell which pairs agree in every column but where they stood in their files."""
    agree = np.ones(len(one), dtype=bool)
    if not len(one):
        return agree
    columns = [c for c in layer.columns if c not in ("source", "record", layer.geometry.name)]
    for column in columns:
        values = layer[column]
        a, b = values.iloc[one].astype(object).to_numpy(), values.iloc[other].astype(object).to_numpy()
        missing = pd.isna(a), pd.isna(b)
        equal = np.fromiter(
            (x is y or str(x) == str(y) for x, y in zip(a, b, strict=True)), dtype=bool, count=len(a)
        )
        agree &= (missing[0] & missing[1]) | (equal & ~missing[0] & ~missing[1])
    # Without an id nobody can tell whether it is the same thing or another one beside it.
    return np.asarray(agree & layer[SCHEMAS[name].id].iloc[one].notna().to_numpy(dtype=bool))
