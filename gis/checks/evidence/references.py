"""What routes name: the nodes at their ends and the office they serve, held against the features themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gis.checks.evidence import texts
from gis.language import Text
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
# What each reference should name: of a route, and of slack, a closure or a break.
NAMED: dict[LayerName, dict[str, LayerName]] = {
    "routes": {**dict.fromkeys(END_COLUMNS, "manholes"), "office_id": "offices"},
    "fittings": {"route_id": "routes", "manhole_id": "manholes"},
}
# What makes no difference between two ids that mean one thing: dashes and the like, and zeros before a number.
_MARKS = re.compile(r"[\W_]+")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_NOTHING = Text("", "")
_LIKEWISE = Text("; {id} is that id but for zeros and dashes", "؛ {id} همان شناسه است، جز در صفر و خط تیره")
_STANDS_THERE = Text("; {id} stands where the route ends", "؛ در سر مسیر {id} ایستاده است")
# Beyond this it does not matter how far a node is from the end that names it.
_FAR_M = 1000.0


def answerable(inventory: Inventory, name: LayerName) -> list[str]:
    """
    Tell which references of a layer can be held against what they name.

    Parameters
    ----------
    inventory
        The survey.
    name
        A layer of `NAMED`.

    Returns
    -------
    list of str
        Its columns with values, where what they name was delivered.
    """
    layer = inventory.layer(name)
    return [
        column
        for column, named in NAMED[name].items()
        if len(inventory.layer(named)) and layer[column].notna().any()
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
    for column in answerable(survey.inventory, "routes"):
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


def meant(survey: Survey, column: str, rows: Rows) -> NDArray[np.object_]:
    """
    Tell what unknown references most probably mean.

    Parameters
    ----------
    survey
        The survey under check.
    column
        The column of the routes.
    rows
        (n,) routes whose reference is unknown.

    Returns
    -------
    numpy.ndarray
        (n,) the end of a sentence: the one feature whose id differs only by zeros and dashes, else the node that
        stands at the end of the route; empty where there is neither.
    """
    layers: tuple[LayerName, ...] = graph.NODE_LAYERS if column in END_COLUMNS else ("offices",)
    told, plain = _likewise(survey, "routes", column, rows, layers)
    if column not in END_COLUMNS:
        return told
    net = survey.network
    nodes = _nodes_at(survey, column, rows)
    for at in np.flatnonzero((nodes >= 0) & plain).tolist():
        layer = graph.NODE_LAYERS[net.nodes.layers[nodes[at]]]
        name = survey.layer(layer)[SCHEMAS[layer].id].iloc[net.nodes.rows[nodes[at]]]
        if isinstance(name, str) and name.strip():
            told[at] = _STANDS_THERE.filled(id=name)
    return told


def meant_by_fittings(survey: Survey, column: str, rows: Rows, layer: LayerName) -> NDArray[np.object_]:
    """
    Tell what unknown references of fittings most probably mean.

    Parameters
    ----------
    survey
        The survey under check.
    column
        The column of the fittings.
    rows
        (n,) fittings whose reference is unknown.
    layer
        The layer of what it should name.

    Returns
    -------
    numpy.ndarray
        (n,) the end of a sentence, as `meant` gives it.
    """
    return _likewise(survey, "fittings", column, rows, (layer,))[0]


def otherwise(
    survey: Survey, of: LayerName, column: str
) -> tuple[Rows, NDArray[np.object_], NDArray[np.object_]]:
    """
    Find references to what exists in another spelling: they are understood, and no other program would join them.

    Parameters
    ----------
    survey
        The survey under check.
    of
        The layer whose references they are.
    column
        Its column.

    Returns
    -------
    rows : numpy.ndarray
        (n,) features.
    values : numpy.ndarray
        (n,) what they name, as it is written.
    ids : numpy.ndarray
        (n,) the id that is meant, as it is written; of several the first.
    """
    layers: tuple[LayerName, ...] = graph.NODE_LAYERS if column in END_COLUMNS else (NAMED[of][column],)
    columns = [survey.layer(name)[SCHEMAS[name].id] for name in layers]
    ids = np.concatenate([values.to_numpy(dtype=object) for values in columns])
    named = survey.layer(of)[column]
    theirs, *ours = texts.codes(
        survey.folded(of, column), *(survey.folded(name, SCHEMAS[name].id) for name in layers)
    )
    written, *as_written = texts.codes(texts.strings(named), *map(texts.strings, columns))
    known, spellings = np.concatenate(ours), np.concatenate(as_written)
    first = np.full(max(known.max(initial=-1), theirs.max(initial=-1)) + 2, -1)
    there = np.flatnonzero(known >= 0)[::-1]
    first[known[there]] = there
    # A missing reference has the code -1, which stands for the last place: none.
    meant = first[theirs]
    rows = np.flatnonzero((meant >= 0) & ~np.isin(written, spellings) & ~texts.blank(named))
    return rows, named.to_numpy(dtype=object)[rows], ids[meant[rows]]


def _likewise(
    survey: Survey, of: LayerName, column: str, rows: Rows, layers: tuple[LayerName, ...]
) -> tuple[NDArray[np.object_], Flags]:
    """Name the one feature whose id differs only by zeros and dashes; tell for which references there is none."""
    told = np.full(len(rows), _NOTHING, dtype=object)
    plain = np.ones(len(rows), dtype=bool)
    names = np.concatenate([survey.layer(name)[SCHEMAS[name].id].to_numpy(dtype=object) for name in layers])
    folded = [survey.folded(name, SCHEMAS[name].id).to_pylist() for name in layers]
    alike: dict[str, set[str]] = {}
    for name, text in zip(names, (text for column_of in folded for text in column_of), strict=True):
        if text:
            alike.setdefault(_loose(text), set()).add(str(name))
    wanted = survey.folded(of, column).to_pylist()
    for at, row in enumerate(rows.tolist()):
        likewise = alike.get(_loose(wanted[row]), set())
        if len(likewise) == 1:
            told[at] = _LIKEWISE.filled(id=next(iter(likewise)))
            plain[at] = False
    return told, plain


def _loose(folded: str) -> str:
    """Leave out of a folded id what makes no difference: MH-007, MH7 and MH 7 are one."""
    return _MARKS.sub("", _ZEROS.sub("", folded))


def _nodes_at(survey: Survey, column: str, rows: Rows) -> Rows:
    """Give the node at the end of each route that a reference means: not where the other reference's node is."""
    starts, stops = _first_and_last(survey)
    at_end, _ = survey.network.node_at_end
    there = [np.where(ends >= 0, at_end[ends], -1)[rows] for ends in (starts, stops)]
    own, other = there if column == END_COLUMNS[0] else there[::-1]
    named = _named_nodes(survey, END_COLUMNS[column == END_COLUMNS[0]])[rows]
    turned = (named >= 0) & (named == own) & (named != other)
    return np.where(turned, other, own)


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
    starts, stops = _first_and_last(survey)
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


def _first_and_last(survey: Survey) -> tuple[Rows, Rows]:
    """Give the first start and the last end of each route, -1 where it has none."""
    ends, count = survey.network.ends, len(survey.layer("routes"))
    starts, stops = np.full(count, -1), np.full(count, -1)
    at = np.arange(len(ends.routes))
    stops[ends.routes[1::2]] = at[1::2]
    starts[ends.routes[::2][::-1]] = at[::2][::-1]
    return starts, stops


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
