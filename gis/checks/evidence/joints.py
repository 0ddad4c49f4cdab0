"""Where two like routes meet end to end with nothing there, and which of them one route could be without a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.checks.evidence.duplicates import agree
from gis.checks.evidence.returns import REPEATED_M
from gis.checks.evidence.texts import blank
from gis.inventory import ORIGIN
from gis.lengths import geodesic
from gis.network.lines import distances
from gis.schema import AS_WRITTEN, CHANGE_LOG, ROUTES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.network.graph import Network
    from gis.network.lines import Flags, Floats, Rows

# Two routes are like each other when they agree in all of these.
LIKE = ("kind", "status", "county", "office_id", "installation", "fibre_count", "provenance")
# What a route names at its first end and at its last.
_NAMED = ("from_id", "to_id")
# The sum of two pieces is that of the whole.
SUMMED = ("recorded_length_m", "slack_m")
# A whole has no room for what the sheaths of two pieces say where they meet.
_MARKS = ("start_mark_m", "end_mark_m")


@dataclass(frozen=True, slots=True)
class Joints:
    """
    Pairs of ends that meet.

    Attributes
    ----------
    one, other
        (n,) the ends, the lower first.
    apart
        (n,) how far apart they are, metres.
    lossless
        (n,) whether one route of both would say all that the two say: the ends coincide to a millimetre, in height,
        too; ids are the same, or one has none; all other values are the same, or can be added up.
    """

    one: Rows
    other: Rows
    apart: Floats
    lossless: Flags


def find(net: Network, routes: gpd.GeoDataFrame, geometries: NDArray[np.object_]) -> Joints:
    """
    Find pairs of ends of like routes that meet with no node there, delivered or named, and no third route.

    Parameters
    ----------
    net
        The network.
    routes
        The layer.
    geometries
        (n,) its usable geometries in WGS 84 degrees.

    Returns
    -------
    Joints
        In the order of the layer.
    """
    ends = net.ends
    count = len(net.places[0])
    a, b = net.end_links
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    cluster = connected_components(graph, directed=False)[1][ends.places] if count else ends.places
    node, _ = net.node_at_end
    sizes = np.bincount(cluster, minlength=1)
    taken = np.bincount(cluster, weights=node >= 0, minlength=1) > 0
    single = np.flatnonzero((sizes[cluster] == 2) & ~taken[cluster])  # noqa: PLR2004 - a pair
    one, other = single[np.argsort(cluster[single], kind="stable")].reshape(-1, 2).T
    like = (ends.routes[one] != ends.routes[other]) & ~_names_a_node(routes, ends.routes, one, other)
    for column in LIKE:
        codes, _ = pd.factorize(routes[column])
        like &= codes[ends.routes[one]] == codes[ends.routes[other]]
    one, other = one[like], other[like]
    order = np.lexsort((one, ends.routes[one]))
    one, other = one[order], other[order]
    apart = distances(ends.lonlat[one], ends.lonlat[other])
    lossless = apart <= REPEATED_M
    rows = ends.routes[one], ends.routes[other]
    for values in _values_kept(routes, *rows):
        lossless &= values
    lossless &= _heights_kept(geometries, *rows, one, other)
    # Where each piece records the length of the whole there is nothing to add up.
    recorded = routes["recorded_length_m"].to_numpy(dtype=float, na_value=np.nan)
    metres = sum(geodesic.line_lengths(geometries[side]) for side in rows)
    lossless &= ~((recorded[rows[0]] == recorded[rows[1]]) & (metres < 1.5 * recorded[rows[0]]))
    return Joints(one, other, apart, lossless)


def _names_a_node(routes: gpd.GeoDataFrame, owners: Rows, one: Rows, other: Rows) -> Flags:
    """Tell which pairs name a node where they meet: it may be missing, but it is not nothing."""
    named = np.column_stack([~blank(routes[column]) for column in _NAMED])
    return np.asarray(named[owners[one], one % 2] | named[owners[other], other % 2])


def _values_kept(routes: gpd.GeoDataFrame, one: Rows, other: Rows) -> list[Flags]:
    """Tell, column by column, for which pairs of routes one of both loses nothing."""
    kept = []
    for column in routes.columns:
        values = routes[column]
        own = column.removesuffix(AS_WRITTEN)
        if column in (*ORIGIN, *_NAMED, CHANGE_LOG, routes.geometry.name):
            continue
        if column in _MARKS or (own in (*SUMMED, *_MARKS) and own != column):
            missing = blank(values)
            kept.append(missing[one] & missing[other])
        elif column in SUMMED:
            missing = blank(values)
            kept.append(missing[one] == missing[other])
        elif column == ROUTES.id:
            missing = blank(values)
            kept.append(missing[one] | missing[other] | agree(values, one, other))
        else:
            kept.append(agree(values, one, other))
    return kept


def _heights_kept(
    geometries: NDArray[np.object_], rows: Rows, others: Rows, ends: Rows, other_ends: Rows
) -> Flags:
    """Tell which pairs are one line each, and of one height where they meet, or of none on one side."""
    kept = (shapely.get_num_geometries(geometries[rows]) == 1) & (
        shapely.get_num_geometries(geometries[others]) == 1
    )
    high = np.column_stack(
        [
            shapely.get_z(shapely.get_point(shapely.get_geometry(geometries[side], 0), -(at % 2)))
            for side, at in ((rows, ends), (others, other_ends))
        ]
    )
    return np.asarray(kept & ~(np.abs(high[:, 0] - high[:, 1]) > REPEATED_M))


def joined(
    routes: gpd.GeoDataFrame, lines: tuple[Any, Any], rows: tuple[int, int], ends: tuple[int, int]
) -> tuple[Any, dict[str, Any]]:
    """
    Make one route of two.

    Parameters
    ----------
    routes
        The layer.
    lines
        The geometry of the route that stays and of the one that goes into it, one line each, WGS 84 degrees.
    rows
        Their rows.
    ends
        The ends at which they meet: even where a line starts, odd where it stops.

    Returns
    -------
    line : shapely.LineString
        Both, in the direction of the one that stays, with all heights that there are.
    values : dict
        Column to what the route that stays has to say after it.
    """
    (row, absorbed), (a, b) = rows, ends
    high = any(bool(shapely.has_z(line)) for line in lines)
    # What has no heights has them missing: those of the other are not lost.
    ours, theirs = (shapely.get_coordinates(line, include_z=high) for line in lines)
    if b % 2 == a % 2:
        theirs = theirs[::-1]
    at_joint = (-1, 0) if a % 2 else (0, -1)
    mine, yours = ours[at_joint[0]], theirs[at_joint[1]]
    mine[2:] = np.where(np.isnan(mine[2:]), yours[2:], mine[2:])
    way = [ours, theirs[1:]] if a % 2 else [theirs[:-1], ours]
    before: dict[str, Any] = {}
    before[_NAMED[a % 2]] = routes[_NAMED[1 - b % 2]].iloc[absorbed]
    if blank(routes[ROUTES.id].iloc[[row]])[0]:
        before[ROUTES.id] = routes[ROUTES.id].iloc[absorbed]
    for column in SUMMED:
        before[column] = routes[column].iloc[row] + routes[column].iloc[absorbed]
    # What is missing as it was says nothing new.
    values = {
        name: value
        for name, value in before.items()
        if not (pd.isna(value) and pd.isna(routes[name].iloc[row]))
    }
    return shapely.LineString(np.concatenate(way)), values
