"""Which offices are connected: a cable that is built leads from them to an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.network.graph import NODE_LAYERS
from gis.schema import AS_WRITTEN

if TYPE_CHECKING:
    from gis.network.graph import Network
    from gis.network.lines import Flags, Rows

# So many tolerances off, an end has missed its node: a fault of the drawing (N302), which disconnects nobody.
MISSED = 5.0
_MANHOLES, _OFFICES = NODE_LAYERS.index("manholes"), NODE_LAYERS.index("offices")


def exchanges(net: Network) -> Flags:
    """
    Tell which nodes are exchanges.

    Parameters
    ----------
    net
        The network.

    Returns
    -------
    numpy.ndarray
        (k,) booleans, one a node.
    """
    nodes = net.nodes
    manholes = nodes.layers == _MANHOLES
    kinds = net.inventory.manholes["kind"].to_numpy(dtype=object)
    exchange = np.zeros(len(nodes.rows), dtype=bool)
    exchange[manholes] = kinds[nodes.rows[manholes]] == "exchange"
    return exchange


def built_cables(net: Network) -> Flags:
    """
    Tell which parts of routes are cable that is built.

    Parameters
    ----------
    net
        The network.

    Returns
    -------
    numpy.ndarray
        (p,) booleans: cables that are not only planned. What states no kind or no status at all has a finding of its
        own and the benefit of the doubt; what states a kind that is none of fibre's has not.
    """
    routes = net.inventory.routes
    kind = routes["kind"].to_numpy(dtype=object)
    unstated = routes["kind"].isna().to_numpy()
    if (written := f"kind{AS_WRITTEN}") in routes:
        unstated &= routes[written].isna().to_numpy()
    built = ((kind == "cable") | unstated) & (routes["status"].to_numpy(dtype=object) != "planned")
    return np.asarray(built[net.lines.owners], dtype=bool)


def connected(net: Network, further: Rows | None = None) -> Flags:
    """
    Tell which offices are connected.

    Parameters
    ----------
    net
        The network.
    further
        (f, 2) joints between what should have met, as `Network.joined_by` takes them.

    Returns
    -------
    numpy.ndarray
        (n,) booleans, one an office in the layer's order: cables that are built (`built_cables`) lead from it to an
        exchange, or reach it at all in a survey that has no exchange. An office without a position is not connected.
    """
    nodes, ends = net.nodes, net.ends
    result = np.zeros(len(net.inventory.offices), dtype=bool)
    cables = built_cables(net)
    if not cables.any():
        return result
    at_node, _ = net.nearest_node(ends.xy, ends.lonlat, ends.tolerance, factor=MISSED)
    missed = np.flatnonzero(at_node >= 0)
    joints = [np.column_stack([net.vertex_of_end[missed], net.vertex_of_node[at_node[missed]]])]
    if further is not None:
        joints.append(further)
    parts, of_node = net.joined_by(np.concatenate(joints), cables)
    served = np.zeros(max(int(parts.max()), int(of_node.max(initial=0))) + 1, dtype=bool)
    exchange = exchanges(net)
    served[of_node[exchange] if exchange.any() else parts[cables]] = True
    offices = nodes.layers == _OFFICES
    result[nodes.rows[offices]] = served[of_node[offices]]
    return result
