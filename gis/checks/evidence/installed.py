"""How routes are said to be installed, held against the marks of the ground: depths, poles, manholes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.delivery.columns import synonyms
from gis.language import Text
from gis.network.graph import NODE_LAYERS
from gis.schema import ROUTES
from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.evidence.context import Context
    from gis.network.lines import Flags, Floats, Rows

_DEPTH = Text("its {column} is {depth:,.10g} m", "{column} آن {depth:,.10g} متر است")
_NO_POLE = Text(
    "it leads from one manhole to another and has no pole", "از حوضچه‌ای به حوضچه‌ای دیگر می‌رود و تیری ندارد"
)
_POLES = Text("it passes {count} poles and no manhole", "از {count} تیر می‌گذرد و از هیچ حوضچه‌ای نمی‌گذرد")
_UNDERGROUND = ("buried", "duct")
_CHAMBERS, _POLE = ("manhole", "handhole"), ("pole",)
# At one pole a cable comes down; what passes more is carried by them.
_CARRIED = 2
_MANHOLES = NODE_LAYERS.index("manholes")


def contradicted(context: Context) -> Iterator[tuple[Rows, list[Text]]]:
    """
    Find routes whose installation and marks cannot both be true.

    Parameters
    ----------
    context
        The survey under check.

    Yields
    ------
    rows : numpy.ndarray
        (n,) routes, each once.
    why : list of Text
        What speaks against their installation.
    """
    routes = context.layer("routes")
    installation = routes["installation"].to_numpy(dtype=object)
    aerial = installation == "aerial"
    told = np.zeros(len(routes), dtype=bool)
    for column in routes.columns:
        if column not in ROUTES.names and synonyms.name_key(str(column)) in _depth_names():
            depths = _metres(routes[column])
            rows = np.flatnonzero(aerial & (depths > 0) & ~told)
            told[rows] = True
            if len(rows):
                yield (
                    rows,
                    [_DEPTH.filled(column=str(column), depth=depth) for depth in depths[rows].tolist()],
                )
    if not _of_kind(context, _POLE).any():
        return
    poles, chambers = _passed(context), _enters(context)
    rows = np.flatnonzero(aerial & (poles == 0) & _between_chambers(context) & ~told)
    if len(rows):
        yield rows, [_NO_POLE] * len(rows)
    rows = np.flatnonzero(
        np.isin(installation.astype(str), _UNDERGROUND) & (_inner(context) >= _CARRIED) & ~chambers
    )
    if len(rows):
        yield rows, [_POLES.filled(count=count) for count in poles[rows].tolist()]


def _depth_names() -> frozenset[str]:
    """Give the names of a column that say depth and nothing else."""
    return frozenset(
        name for name, weight in synonyms.names_of("manholes", "depth_m").items() if weight >= synonyms.NAMED
    )


def _metres(values: pd.Series) -> Floats:
    """Read figures, however their digits are written; not-a-number for what is none."""
    written = letters.each(values, lambda value: letters.ascii_digits(letters.written(value)))
    return pd.to_numeric(pd.Series(written, dtype=object), errors="coerce").to_numpy(dtype=float)


def _of_kind(context: Context, kinds: tuple[str, ...]) -> Flags:
    """(k,) nodes that are manholes of some kinds."""
    nodes = context.network.nodes
    of_kind = np.zeros(len(nodes.rows), dtype=bool)
    own = nodes.layers == _MANHOLES
    kind = context.layer("manholes")["kind"].to_numpy(dtype=object)[nodes.rows[own]]
    of_kind[own] = np.isin(kind.astype(str), kinds)
    return of_kind


def _squares(context: Context, kinds: tuple[str, ...]) -> Flags:
    """(v,) pairs of a square of nodes and a part where any of the nodes is a manhole of some kinds."""
    met = context.network.meetings
    reached = np.append(0, np.cumsum(_of_kind(context, kinds)[met.order]))
    return np.asarray((reached[met.last] > reached[met.first])[met.squares], dtype=bool)


def _enters(context: Context) -> Flags:
    """(n,) routes on which any manhole or handhole lies."""
    net, met = context.network, context.network.meetings
    parts = [
        met.parts[_of_kind(context, _CHAMBERS)[met.nodes]],
        met.square_parts[_squares(context, _CHAMBERS)],
    ]
    entered = np.zeros(len(context.layer("routes")), dtype=bool)
    entered[net.lines.owners[np.concatenate(parts)]] = True
    return entered


def _passed(context: Context) -> Rows:
    """Count the poles that lie on each route."""
    net = context.network
    node, part = net.meetings.pairs(_squares(context, _POLE))
    on = _of_kind(context, _POLE)[node]
    pairs = np.unique(np.column_stack([node[on], net.lines.owners[part[on]]]), axis=0)
    return np.bincount(pairs[:, 1], minlength=len(context.layer("routes"))).astype(np.intp)


def _inner(context: Context) -> Rows:
    """Count the poles on each route that are at none of its ends."""
    net = context.network
    node, _ = net.node_at_end
    there = node >= 0
    at_end = there.copy()
    at_end[there] = _of_kind(context, _POLE)[node[there]]
    pairs = np.unique(np.column_stack([node[at_end], net.ends.routes[at_end]]), axis=0)
    ends = np.bincount(pairs[:, 1], minlength=len(context.layer("routes")))
    return np.asarray(_passed(context) - ends, dtype=np.intp)


def _between_chambers(context: Context) -> Flags:
    """(n,) routes of which each end is at a manhole or handhole."""
    net = context.network
    node, _ = net.node_at_end
    outer = net.outer
    at = np.zeros(len(node), dtype=bool)
    at[node >= 0] = _of_kind(context, _CHAMBERS)[node[node >= 0]]
    count = np.bincount(net.ends.routes[outer], weights=at[outer], minlength=len(context.layer("routes")))
    return np.asarray(count == 2, dtype=bool)  # noqa: PLR2004 - both
