"""Checks of the network: what should meet and does not, what hangs in the air."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.checks.registry import Found, check
from gis.inventory import OFFICES
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.context import Context

_WHICH_END = (Text("its start", "سر آغاز آن"), Text("its end", "سر پایان آن"))


@check("N301")
def loose_end(context: Context) -> Iterator[Found]:
    """Find ends of routes that meet nothing."""
    network = context.network
    ends = network.ends
    node, _ = network.node_at_end
    loose = np.flatnonzero((node < 0) & ~network.end_meets_end)
    if len(loose):
        yield Found(
            "routes",
            ends.routes[loose],
            ends.lonlat[loose],
            {"which": [_WHICH_END[end % 2] for end in loose]},
        )


@check("N305")
def unserved_office(context: Context) -> Iterator[Found]:
    """Find offices that are recorded as connected and are on no route."""
    network = context.network
    nodes = network.nodes
    on_route = np.zeros(len(nodes.rows), dtype=bool)
    on_route[network.passes[0]] = True
    unserved = nodes.rows[(nodes.layers == 1) & ~on_route]
    connection = context.layer("offices")["connection"].to_numpy(dtype=object)
    rows = np.array([row for row in unserved if connection[row] in ("existing", "new")], dtype=np.intp)
    if len(rows):
        codes = OFFICES["connection"].codes
        yield Found("offices", rows, fields={"connection": [codes[connection[row]] for row in rows]})
