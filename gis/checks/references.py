"""What routes name: the nodes at their ends and the office they serve, held against the features themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis import network
from gis.delivery import text
from gis.inventory import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gis.checks.context import Context
    from gis.network import Floats, Rows

END_COLUMNS = ("from_id", "to_id")


def unknown(context: Context) -> Iterator[tuple[str, Rows, NDArray[np.object_]]]:
    """
    Find references to what does not exist.

    Parameters
    ----------
    context
        The survey.

    Yields
    ------
    column : str
        The column of the routes.
    rows : numpy.ndarray
        (n,) routes.
    values : numpy.ndarray
        (n,) what they name.
    """
    for column in (*END_COLUMNS, "office_id"):
        layers = ("offices",) if column == "office_id" else network.NODE_LAYERS
        if any(len(context.layer(name)) for name in layers):
            known = np.concatenate([context.folded(name, SCHEMAS[name].id) for name in layers])  # type: ignore[index]
            named = context.folded("routes", column)
            rows = np.flatnonzero(_given(named) & ~np.isin(*_coded(named, known)))
            if len(rows):
                yield column, rows, context.layer("routes")[column].to_numpy(dtype=object)[rows]


def distant(context: Context) -> Iterator[tuple[str, Rows, NDArray[np.object_], Floats, Floats]]:
    """
    Find references to nodes that are elsewhere.

    Parameters
    ----------
    context
        The survey.

    Yields
    ------
    column : str
        The column of the routes.
    rows : numpy.ndarray
        (n,) routes.
    values : numpy.ndarray
        (n,) the nodes that they name.
    places : numpy.ndarray
        (n, 2) the end that is nearer, degrees.
    away : numpy.ndarray
        (n,) how far it is from the node, metres.
    """
    net = context.network
    ends, nodes = net.ends, net.nodes
    # The first start and the last end of each route.
    starts, stops = np.full(len(context.layer("routes")), -1), np.full(len(context.layer("routes")), -1)
    at = np.arange(len(ends.routes))
    stops[ends.routes[1::2]] = at[1::2]
    starts[ends.routes[::2][::-1]] = at[::2][::-1]
    excused = _excused(context)
    place = _node_by_name(context)
    for column in END_COLUMNS:
        named = context.folded("routes", column)
        rows = np.flatnonzero(_given(named) & (starts >= 0) & ~context.astray)
        node = np.array([place.get(named[row], -1) for row in rows], dtype=np.intp)
        rows, node = rows[node >= 0], node[node >= 0]
        away = np.column_stack(
            [network.distances(ends.lonlat[end[rows]], nodes.lonlat[node]) for end in (starts, stops)]
        )
        near = away.argmin(axis=1) if len(rows) else np.empty(0, dtype=np.intp)
        metres = away[np.arange(len(rows)), near]
        far = metres > np.maximum(net.route_tolerance[rows], nodes.tolerance[node]) + network.EPSILON_M
        far &= ~np.isin(_keys(rows, node, len(nodes.rows)), excused)
        if far.any():
            nearer = np.where(near == 0, starts[rows], stops[rows])[far]
            values = context.layer("routes")[column].to_numpy(dtype=object)[rows[far]]
            yield column, rows[far], values, ends.lonlat[nearer], metres[far]


def unused(context: Context) -> Iterator[tuple[str, Rows]]:
    """
    Find nodes at the end of a route that no route names.

    Parameters
    ----------
    context
        The survey.

    Yields
    ------
    layer : str
        ``"manholes"`` or ``"offices"``.
    rows : numpy.ndarray
        (n,) its features.
    """
    net = context.network
    named = np.concatenate([context.folded("routes", column) for column in END_COLUMNS])
    named = named[_given(named)]
    if not len(named):
        return
    node, _ = net.node_at_end
    # A route that names something else than what it meets is N309 or N310.
    faulty = [rows for _, rows, *_ in (*unknown(context), *distant(context))]
    wrong = np.zeros(len(context.layer("routes")), dtype=bool)
    for rows in faulty:
        wrong[rows] = True
    met = np.zeros(len(net.nodes.rows), dtype=bool)
    met[node[(node >= 0) & ~wrong[net.ends.routes]]] = True
    met[node[(node >= 0) & wrong[net.ends.routes]]] = False
    for at, name in enumerate(network.NODE_LAYERS):
        rows = net.nodes.rows[met & (net.nodes.layers == at)]
        ids = context.folded(name, SCHEMAS[name].id)[rows]
        rows = rows[_given(ids) & ~np.isin(*_coded(ids, named))]
        if len(rows):
            yield name, rows


def _given(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.asarray(~pd.isna(values) & (values != ""))


def _coded(one: NDArray[np.object_], other: NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give texts as numbers, equal texts the same: numbers are compared faster."""
    codes, _ = pd.factorize(np.concatenate([one, other]))
    return codes[: len(one)], codes[len(one) :]


def _keys(one: Rows, other: Rows, count: int) -> Rows:
    return np.asarray(one * np.intp(max(count, 1)) + other)


def _node_by_name(context: Context) -> dict[str, int]:
    """Find each node by its folded id; of several with one id the first."""
    nodes = context.network.nodes
    found: dict[str, int] = {}
    for at, name in enumerate(network.NODE_LAYERS):
        ids = context.folded(name, SCHEMAS[name].id)
        for node in np.flatnonzero(nodes.layers == at):
            found.setdefault(ids[nodes.rows[node]], int(node))
    return found


def _excused(context: Context) -> Rows:
    """Give route and node where the end's just missing or overshooting it is reported already."""
    net, free = context.network, context.free_ends
    keys = []
    for ends, nodes in ((free.near.ends, free.near.nodes), (free.over.ends, free.over.nodes)):
        there = nodes >= 0
        keys.append(_keys(net.ends.routes[ends[there]], nodes[there], len(net.nodes.rows)))
    return np.concatenate(keys)
