"""What routes name: the nodes at their ends and the office they serve, held against the features themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gis.checks.evidence import texts
from gis.network import graph
from gis.network.lines import EPSILON_M, among, distances
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pyarrow as pa
    from numpy.typing import NDArray

    from gis.checks.evidence.ends import FreeEnds
    from gis.inventory import Inventory
    from gis.network.graph import Network
    from gis.network.lines import Flags, Floats, Rows
    from gis.schema import LayerName

END_COLUMNS = ("from_id", "to_id")
# Beyond this it does not matter how far a node is from the end that names it.
_FAR_M = 1000.0


def answerable(inventory: Inventory) -> list[str]:
    """
    Tell which references of the routes can be held against what they name.

    Parameters
    ----------
    inventory
        The survey.

    Returns
    -------
    list of str
        Columns of the routes with values, where what they name was delivered: manholes at the ends, offices.
    """
    named: dict[str, LayerName] = {**dict.fromkeys(END_COLUMNS, "manholes"), "office_id": "offices"}
    return [
        column
        for column, layer in named.items()
        if len(inventory.layer(layer)) and inventory.routes[column].notna().any()
    ]


class Survey(Protocol):
    """What references are looked for in: `gis.checks.evidence.context.Context` is one."""

    inventory: Inventory

    @property
    def network(self) -> Network:
        """The network that its layers make."""

    @property
    def free_ends(self) -> FreeEnds:
        """Its ends that meet nothing."""

    @property
    def astray(self) -> Flags:
        """(n,) routes whose place is wrong as it is."""

    @property
    def distant(self) -> list[Distant]:
        """Its references to nodes that are elsewhere."""

    def layer(self, name: LayerName) -> gpd.GeoDataFrame:
        """
        Give a layer by its name.

        Parameters
        ----------
        name
            The canonical layer.

        Returns
        -------
        geopandas.GeoDataFrame
            Its features, WGS 84.
        """

    def folded(self, name: LayerName, column: str) -> pa.Array:
        """
        Give a column of text in the form that it is compared in.

        Parameters
        ----------
        name
            The canonical layer.
        column
            A column of text.

        Returns
        -------
        pyarrow.Array
            (n,) texts that are equal where people would call them so.
        """


def unknown(survey: Survey) -> Iterator[tuple[str, Rows, NDArray[np.object_]]]:
    """
    Find references to what does not exist.

    Parameters
    ----------
    survey
        The survey under check.

    Yields
    ------
    column : str
        The column of the routes.
    rows : numpy.ndarray
        (n,) routes.
    values : numpy.ndarray
        (n,) what they name.
    """
    for column in answerable(survey.inventory):
        known = [survey.folded("offices", SCHEMAS["offices"].id)]
        if column in END_COLUMNS:
            known.append(survey.folded("manholes", SCHEMAS["manholes"].id))
            if not len(survey.layer("offices")):
                # A route ends at an office, too, and the routes alone tell what those are called.
                known.append(survey.folded("routes", "office_id"))
        named, *ids = texts.codes(survey.folded("routes", column), *known)
        exists = np.zeros(max(codes.max(initial=-1) for codes in (named, *ids)) + 2, dtype=bool)
        for there in ids:
            exists[there] = True
        # A missing id has the code -1, which stands for the last place.
        rows = np.flatnonzero((named >= 0) & ~exists[named] & ~texts.blank(survey.layer("routes")[column]))
        if len(rows):
            yield column, rows, survey.layer("routes")[column].to_numpy(dtype=object)[rows]


@dataclass(frozen=True, slots=True)
class Distant:
    """
    References of one column to nodes that are elsewhere.

    Attributes
    ----------
    column
        The column of the routes.
    rows
        (n,) routes.
    nodes
        (n,) the network's nodes that they name.
    ends
        (n,) the end of the route that is nearer to it.
    away_m
        (n,) how far that is, metres.
    """

    column: str
    rows: Rows
    nodes: Rows
    ends: Rows
    away_m: Floats


def distant(survey: Survey) -> list[Distant]:
    """
    Find references to nodes that are elsewhere.

    Parameters
    ----------
    survey
        The survey under check.

    Returns
    -------
    list of Distant
        One a column of references. An end that just misses or overshoots the node it names is left out.
    """
    net = survey.network
    ends, nodes = net.ends, net.nodes
    # The first start and the last end of each route.
    starts, stops = np.full(len(survey.layer("routes")), -1), np.full(len(survey.layer("routes")), -1)
    at = np.arange(len(ends.routes))
    stops[ends.routes[1::2]] = at[1::2]
    starts[ends.routes[::2][::-1]] = at[::2][::-1]
    excused = _excused(survey)
    named = {column: _named_nodes(survey, column) for column in END_COLUMNS}
    away = {}
    for column, node in named.items():
        both = np.full((len(node), 2), np.nan)
        rows = np.flatnonzero((node >= 0) & (starts >= 0) & ~survey.astray)
        for at_stop, end in enumerate((starts, stops)):
            both[rows, at_stop] = distances(ends.lonlat[end[rows]], nodes.lonlat[node[rows]])
        away[column] = both
    found = []
    for column, side in _sides(*away.values()).items():
        metres = away[column][np.arange(len(side)), side]
        rows = np.flatnonzero(np.isfinite(metres))
        node = named[column][rows]
        far = metres[rows] > np.maximum(net.route_tolerance[rows], nodes.tolerance[node]) + EPSILON_M
        far &= ~among(_keys(rows, node, len(nodes.rows)), excused)
        end = np.where(side == 0, starts, stops)[rows]
        found.append(Distant(column, rows[far], node[far], end[far], metres[rows][far]))
    return found


def _sides(start: Floats, stop: Floats) -> dict[str, Rows]:
    """Tell which end of each route its references mean, 0 for the first: drawn from start to stop or the other way."""

    def cost(metres: Floats) -> Floats:
        # One end that fits tells the direction, however far the other is; of two that do not, the nearer.
        return np.minimum(metres, _FAR_M) + 1e-6 * metres

    forwards = cost(start[:, 0]) + cost(stop[:, 1])
    backwards = cost(start[:, 1]) + cost(stop[:, 0])
    both = np.isfinite(forwards)
    turned = backwards < forwards
    return {
        END_COLUMNS[0]: np.where(both, turned, start[:, 1] < start[:, 0]).astype(np.intp),
        END_COLUMNS[1]: np.where(both, ~turned, ~(stop[:, 0] <= stop[:, 1])).astype(np.intp),
    }


def unused(survey: Survey) -> Iterator[tuple[str, Rows]]:
    """
    Find nodes at the end of a route that no route names.

    Parameters
    ----------
    survey
        The survey under check.

    Yields
    ------
    layer : str
        ``"manholes"`` or ``"offices"``.
    rows : numpy.ndarray
        (n,) its features.
    """
    net = survey.network
    named = [_named_nodes(survey, column) for column in END_COLUMNS]
    if not any((nodes >= 0).any() for nodes in named):
        return
    used = np.zeros(len(net.nodes.rows) + 1, dtype=bool)
    for nodes in named:
        used[nodes] = True
    node, _ = net.node_at_end
    # A route that names something else than what it meets is N309 or N310.
    faulty = [rows for _, rows, _ in unknown(survey)] + [far.rows for far in survey.distant]
    wrong = np.zeros(len(survey.layer("routes")), dtype=bool)
    for rows in faulty:
        wrong[rows] = True
    met = np.zeros(len(net.nodes.rows), dtype=bool)
    met[node[(node >= 0) & ~wrong[net.ends.routes]]] = True
    met[node[(node >= 0) & wrong[net.ends.routes]]] = False
    for at, name in enumerate(graph.NODE_LAYERS):
        rows = net.nodes.rows[met & ~used[:-1] & (net.nodes.layers == at)]
        rows = rows[~texts.blank(survey.layer(name)[SCHEMAS[name].id].iloc[rows])]
        if len(rows):
            yield name, rows


def _keys(one: Rows, other: Rows, count: int) -> Rows:
    return np.asarray(one * np.intp(max(count, 1)) + other)


def _named_nodes(survey: Survey, column: str) -> Rows:
    """Give the network's node that each route names, of several with one id the first; -1 for none."""
    nodes = survey.network.nodes
    theirs, *ids = texts.codes(
        survey.folded("routes", column),
        *(survey.folded(name, SCHEMAS[name].id) for name in graph.NODE_LAYERS),
    )
    ours = np.empty(len(nodes.rows), dtype=np.intp)
    for at, codes in enumerate(ids):
        ours[nodes.layers == at] = codes[nodes.rows[nodes.layers == at]]
    first = np.full(max(ours.max(initial=-1), theirs.max(initial=-1)) + 2, -1)
    known = np.flatnonzero(ours >= 0)[::-1]
    first[ours[known]] = known
    # A missing reference has the code -1, which stands for the last place: none.
    return first[theirs]


def _excused(survey: Survey) -> Rows:
    """Give route and node where the end's just missing or overshooting it is reported already."""
    net, free = survey.network, survey.free_ends
    keys = []
    for ends, nodes in ((free.near.ends, free.near.nodes), (free.over.ends, free.over.nodes)):
        there = nodes >= 0
        keys.append(_keys(net.ends.routes[ends[there]], nodes[there], len(net.nodes.rows)))
    return np.concatenate(keys)
