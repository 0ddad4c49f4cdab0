"""What slack loops, closures and breaks name, their cable and their manhole, held against the features themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.evidence import references, texts
from gis.coordinates import mercator
from gis.network.lines import EPSILON_M
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gis.checks.evidence.context import Context
    from gis.network.lines import Flags, Floats, Rows
    from gis.schema import LayerName


def unknown(context: Context) -> Iterator[tuple[str, Rows, NDArray[np.object_]]]:
    """
    Find references to what does not exist.

    Parameters
    ----------
    context
        The survey under check.

    Yields
    ------
    column : str
        The column of the fittings.
    rows : numpy.ndarray
        (n,) fittings.
    values : numpy.ndarray
        (n,) what they name.
    """
    for column in references.answerable(context.inventory, "fittings"):
        meant = references.NAMED["fittings"][column]
        # What is no cable is there all the same, and told by another check.
        layers: tuple[LayerName, ...] = tuple(SCHEMAS) if meant == "routes" else (meant,)
        named, *ids = texts.codes(
            context.folded("fittings", column), *(context.folded(name, SCHEMAS[name].id) for name in layers)
        )
        there = np.concatenate(ids)
        rows = np.flatnonzero((named >= 0) & ~np.isin(named, there[there >= 0]))
        if len(rows):
            yield column, rows, context.layer("fittings")[column].to_numpy(dtype=object)[rows]


def no_cable(context: Context) -> Iterator[tuple[LayerName, Rows, Rows]]:
    """
    Find fittings that name something that is there and is no cable.

    Parameters
    ----------
    context
        The survey under check.

    Yields
    ------
    layer : str
        The layer of what they name.
    rows : numpy.ndarray
        (n,) fittings.
    named : numpy.ndarray
        (n,) what each names, as its row in that layer.
    """
    left = np.ones(len(context.layer("fittings")), dtype=bool)
    for name in SCHEMAS:
        rows, named = _pairs(context, "route_id", name)
        first = np.unique(rows, return_index=True)[1]
        if name == "routes":
            # Of several routes of one id one that is a cable is enough.
            cable = _cables(context)[named]
            sound = np.isin(rows, rows[cable])
        else:
            sound = ~left[rows]
        first = first[~sound[first]]
        left[rows] = False
        if len(first):
            yield name, rows[first], named[first]


def _cables(context: Context) -> Flags:
    """(n,) routes that are cables, or may be: a kind that is missing says nothing, where its program keeps one."""
    kinds = context.layer("routes")["kind"]
    return np.asarray((kinds == "cable") | (kinds.isna() & context.kept("routes", "kind")), dtype=bool)


@dataclass(frozen=True, slots=True)
class Off:
    """
    Fittings that lie off their cable.

    Attributes
    ----------
    rows
        (n,) fittings.
    routes
        (n,) the cable that each names, or else the nearest one.
    away_m
        (n,) how far it is, metres.
    """

    rows: Rows
    routes: Rows
    away_m: Floats


def off_cable(context: Context) -> Off:
    """
    Find fittings further than the tolerance from the cable that they name, or from any where they name none.

    Parameters
    ----------
    context
        The survey under check.

    Returns
    -------
    Off
        In the order of the layer. What names a cable that is missing, or something else, is left out.
    """
    lines, points = (context.usable(name) for name in ("routes", "fittings"))
    placed = ~shapely.is_missing(lines) & ~context.astray & _cables(context)
    rows, named = _pairs(context, "route_id", "routes")
    known = placed[named]
    nameless = texts.blank(context.layer("fittings")["route_id"])
    there = ~shapely.is_missing(points) & ~context.astray_nodes("fittings")
    plane_lines, plane_points = (np.full(len(one), None, dtype=object) for one in (lines, points))
    plane_lines[placed] = mercator.project_geometries(lines[placed])
    plane_points[there] = mercator.project_geometries(points[there])
    rows, named = rows[known & there[rows]], named[known & there[rows]]
    loose, cables = np.flatnonzero(nameless & there), np.flatnonzero(placed)
    if len(loose) and len(cables):
        nearest = shapely.STRtree(plane_lines[cables]).query_nearest(plane_points[loose], all_matches=False)
        rows, named = np.append(rows, loose[nearest[0]]), np.append(named, cables[nearest[1]])
    away = shapely.distance(plane_points[rows], plane_lines[named])
    away = away / mercator.scale(shapely.get_y(points[rows]))
    # Of several cables of one id the nearest is meant.
    order = np.lexsort((away, rows))
    order = order[np.unique(rows[order], return_index=True)[1]]
    rows, named, away = rows[order], named[order], away[order]
    limit = np.maximum(context.tolerance("fittings")[rows], context.tolerance("routes")[named])
    far = away > limit + EPSILON_M
    return Off(rows[far], named[far], away[far])


def _pairs(context: Context, column: str, name: LayerName) -> tuple[Rows, Rows]:
    """Give each fitting with each feature of a layer whose id it names."""
    named, ids = texts.codes(context.folded("fittings", column), context.folded(name, SCHEMAS[name].id))
    order = np.argsort(ids, kind="stable")
    first, last = (np.searchsorted(ids[order], named, side) for side in ("left", "right"))
    count = np.where(named >= 0, last - first, 0)
    rows = np.repeat(np.arange(len(named)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return rows, order[np.repeat(first, count) + step]
