"""
The network that routes, manholes and offices make: what meets what, which parts hang together, the way to an exchange.

Two places are one when they are no further apart than the larger of their tolerances (`tolerances`). A node (manhole
or office) joins every route that passes within that distance of it; two route ends join each other. Nearness is
searched in the plane of `gis.coordinates.mercator` and decided by geodesic distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gis.coordinates import mercator
from gis.network import meetings
from gis.network.lines import EPSILON_M, Lines, Pieces, distances, tolerances, usable, within

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

    from gis.inventory import Inventory
    from gis.network.lines import Flags, Floats, Rows
    from gis.schema import LayerName

# So many neighbours within the tolerance make a crowd, whose joints are found by triangulation instead of in pairs.
_CROWD = 8


@dataclass(frozen=True, slots=True)
class Nodes:
    """
    Manholes and offices in one list.

    Attributes
    ----------
    layers
        (k,) 0 for a manhole, 1 for an office: places in `NODE_LAYERS`.
    rows
        (k,) the feature's row in its layer.
    lonlat, xy
        (k, 2) positions in degrees and in the plane.
    tolerance
        (k,) metres.
    """

    layers: NDArray[np.int8]
    rows: Rows
    lonlat: Floats
    xy: Floats
    tolerance: Floats


NODE_LAYERS: tuple[LayerName, ...] = ("manholes", "offices")


@dataclass(frozen=True, slots=True)
class Ends:
    """
    The two ends of each part of a route: end 2k is where part k starts, 2k + 1 where it stops.

    Attributes
    ----------
    parts, routes
        (2p,) the part and the route, as its row in the layer.
    lonlat, xy
        (2p, 2) positions in degrees and in the plane.
    tolerance
        (2p,) metres.
    places
        (2p,) which of the different positions each is at.
    """

    parts: Rows
    routes: Rows
    lonlat: Floats
    xy: Floats
    tolerance: Floats
    places: Rows


class Network:
    """
    Routes, manholes and offices with what joins them, each relation worked out once when it is first asked for.

    Parameters
    ----------
    inventory
        The survey.
    geometries
        The usable geometries of the layers where they are known already.

    Attributes
    ----------
    lines
        The routes taken apart.
    """

    def __init__(
        self, inventory: Inventory, geometries: dict[str, NDArray[np.object_]] | None = None
    ) -> None:
        self.inventory = inventory
        self._geometries = geometries or {}
        self._snap_m = inventory.project.checks.snap_m
        self.lines = Lines.of(self._usable("routes"))

    def _usable(self, name: LayerName) -> NDArray[np.object_]:
        known = self._geometries.get(name)
        return known if known is not None else usable(self.inventory.layer(name), name)

    @cached_property
    def route_tolerance(self) -> Floats:
        """(n,) the routes' tolerances in metres."""
        return tolerances(self.inventory.routes, self._snap_m)

    @cached_property
    def nodes(self) -> Nodes:
        """The manholes and offices that have a place."""
        layers, rows, places, tolerance = [], [], [], []
        for at, name in enumerate(NODE_LAYERS):
            points = self._usable(name)
            sound = np.flatnonzero(~shapely.is_missing(points))
            layers.append(np.full(len(sound), at, dtype=np.int8))
            rows.append(sound)
            places.append(shapely.get_coordinates(points[sound]))
            tolerance.append(tolerances(self.inventory.layer(name), self._snap_m)[sound])
        lonlat = np.concatenate(places)
        return Nodes(
            np.concatenate(layers),
            np.concatenate(rows),
            lonlat,
            mercator.project(lonlat),
            np.concatenate(tolerance),
        )

    @cached_property
    def ends(self) -> Ends:
        """The ends of all parts."""
        lines = self.lines
        at = np.column_stack([lines.offsets[:-1], lines.offsets[1:] - 1]).ravel()
        parts = np.repeat(np.arange(len(lines.owners)), 2)
        routes = lines.owners[parts]
        lonlat = lines.lonlat[at]
        _, places = np.unique(lonlat[:, 0] + 1j * lonlat[:, 1], return_inverse=True)
        return Ends(parts, routes, lonlat, lines.xy[at], self.route_tolerance[routes], places)

    @cached_property
    def pieces(self) -> Pieces:
        """The routes in a search tree."""
        return Pieces.of(self.lines.parts, self.lines.xy, self.lines.offsets)

    @cached_property
    def node_at_end(self) -> tuple[Rows, Floats]:
        """(2p,) the node that each end is at, -1 for none, and (2p,) how far from it, metres."""
        return self.nearest_node(self.ends.xy, self.ends.lonlat, self.ends.tolerance, factor=1.0)

    def nearest_node(
        self, xy: Floats, lonlat: Floats, tolerance: Floats, *, factor: float
    ) -> tuple[Rows, Floats]:
        """
        Find the node that is nearest in proportion to the tolerances.

        Parameters
        ----------
        xy, lonlat
            (n, 2) places in the plane and in degrees.
        tolerance
            (n,) their tolerances, metres.
        factor
            How many tolerances away a node may be.

        Returns
        -------
        rows : numpy.ndarray
            (n,) the nodes, -1 where none is near enough.
        away : numpy.ndarray
            (n,) how far they are, metres; infinite where there is none.
        """
        nodes = self.nodes
        found = np.full(len(xy), -1, dtype=np.intp)
        away = np.full(len(xy), np.inf)
        if not len(nodes.rows) or not len(xy):
            return found, away
        widest = max(float(nodes.tolerance.max()), float(tolerance.max()))
        uniform = float(nodes.tolerance.min()) == widest == float(tolerance.min())
        reach = factor * widest * float(mercator.scale(np.abs(lonlat[:, 1]).max(keepdims=True))[0]) * 1.001
        near = 1 if uniform else min(4, len(nodes.rows))
        _, candidates = self.node_tree.query(xy, k=range(1, near + 1), distance_upper_bound=reach, workers=2)
        best = np.full(len(xy), np.inf)
        for column in candidates.T:
            hit = np.flatnonzero(column < len(nodes.rows))
            node = column[hit]
            metres = distances(lonlat[hit], nodes.lonlat[node])
            share = metres / np.maximum(tolerance[hit], nodes.tolerance[node])
            limit = factor + EPSILON_M / np.maximum(tolerance[hit], nodes.tolerance[node])
            better = (share <= limit) & (share < best[hit])
            best[hit[better]] = share[better]
            found[hit[better]] = node[better]
            away[hit[better]] = metres[better]
        return found, away

    @cached_property
    def node_tree(self) -> cKDTree:
        """The nodes in a search tree of the plane."""
        from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy, and lengths ask for no network

        return cKDTree(self.nodes.xy)

    @cached_property
    def place_tree(self) -> cKDTree:
        """The different positions of ends in a search tree of the plane."""
        from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy, and lengths ask for no network

        return cKDTree(self.places[0])

    @cached_property
    def end_links(self) -> tuple[Rows, Rows]:
        """Pairs of different positions of ends (see `Ends.places`) that are one place; enough of them to join all."""
        place_xy, place_lonlat, tolerance = self.places
        none = np.empty(0, dtype=np.intp)
        if len(place_xy) < 2:  # noqa: PLR2004 - a pair takes two
            return none, none
        reach = (
            float(tolerance.max())
            * float(mercator.scale(np.abs(place_lonlat[:, 1]).max(keepdims=True))[0])
            * 1.001
        )
        near = min(_CROWD + 1, len(place_xy))
        _, neighbours = self.place_tree.query(place_xy, k=near, distance_upper_bound=reach, workers=2)
        one = np.repeat(np.arange(len(place_xy)), near)
        other = neighbours.ravel()
        real = (other < len(place_xy)) & (one != other)
        pairs = [np.column_stack([one[real], other[real]])]
        crowd = np.flatnonzero(neighbours[:, -1] < len(place_xy)) if near > _CROWD else none
        if len(crowd) > _CROWD:
            pairs.append(crowd[_triangulated(place_xy[crowd])])
        one, other = np.concatenate(pairs).T
        metres = distances(place_lonlat[one], place_lonlat[other])
        joined = metres <= np.maximum(tolerance[one], tolerance[other]) + EPSILON_M
        return one[joined], other[joined]

    @cached_property
    def places(self) -> tuple[Floats, Floats, Floats]:
        """The different positions of ends: (u, 2) in the plane, (u, 2) in degrees, (u,) their widest tolerance."""
        ends = self.ends
        count = int(ends.places.max(initial=-1)) + 1
        xy, lonlat, tolerance = np.empty((count, 2)), np.empty((count, 2)), np.zeros(count)
        xy[ends.places], lonlat[ends.places] = ends.xy, ends.lonlat
        np.maximum.at(tolerance, ends.places, ends.tolerance)
        return xy, lonlat, tolerance

    @cached_property
    def outer(self) -> Flags:
        """(2p,) whether an end is the first start or the last end of its route, not between two of its parts."""
        owners = self.lines.owners
        outer = np.ones(2 * len(owners), dtype=bool)
        same = np.flatnonzero(owners[1:] == owners[:-1])
        outer[2 * same + 1] = False
        outer[2 * same + 2] = False
        return outer

    @cached_property
    def end_meets_end(self) -> Flags:
        """(2p,) whether another end, of this or another route, is at the same place."""
        ends = self.ends
        count = len(self.places[0])
        joined = np.bincount(ends.places, minlength=count) > 1
        one, other = self.end_links
        joined[one] = joined[other] = True
        return joined[ends.places]

    @cached_property
    def branches(self) -> tuple[Rows, Rows]:
        """
        Ends that lie on the middle of another route of their kind where no node is and no other end.

        (b,) ends and (b,) the parts that they branch off, the nearest of each.
        """
        ends, pieces = self.ends, self.pieces
        node, _ = self.node_at_end
        free = np.flatnonzero((node < 0) & ~self.end_meets_end & self.outer)
        none = np.empty(0, dtype=np.intp)
        if not len(free):
            return none, none
        kind, _ = pd.factorize(self.inventory.routes["kind"].to_numpy(dtype=object))
        widest = np.maximum(ends.tolerance[free], float(ends.tolerance.max()))
        scale = mercator.scale(ends.lonlat[free, 1])
        points = np.asarray(shapely.points(ends.xy[free]))
        at, piece = pieces.tree.query(
            points, predicate="dwithin", distance=(widest + EPSILON_M) * scale * 1.0001
        )
        part = pieces.parts[piece]
        routes = self.lines.owners[part]
        other = (routes != ends.routes[free[at]]) & (kind[routes] == kind[ends.routes[free[at]]])
        at, piece, part, routes = at[other], piece[other], part[other], routes[other]
        limit = np.maximum(ends.tolerance[free[at]], self.route_tolerance[routes])
        near = within(points[at], pieces.lines[piece], ends.lonlat[free[at]], limit)
        at, piece, part = at[near], piece[near], part[near]
        away = shapely.distance(points[at], pieces.lines[piece])
        order = np.lexsort((part, away, at))
        at, first = np.unique(at[order], return_index=True)
        return free[at], part[order][first]

    @cached_property
    def meetings(self) -> meetings.Meetings:
        """The nodes and the parts that they lie on."""
        nodes, tolerance = self.nodes, self.route_tolerance[self.lines.owners]
        return meetings.find(nodes.xy, nodes.lonlat, nodes.tolerance, self.pieces, tolerance)

    def meets(self, nodes: Rows, parts: Rows) -> Flags:
        """
        Tell which nodes lie on parts.

        Parameters
        ----------
        nodes, parts
            (n,) pairs of a node and a part.

        Returns
        -------
        numpy.ndarray
            (n,) booleans.
        """
        own = self.nodes
        limit = np.maximum(own.tolerance[nodes], self.route_tolerance[self.lines.owners[parts]])
        points = np.asarray(shapely.points(own.xy[nodes]))
        return within(points, self.lines.parts[parts], own.lonlat[nodes], limit)

    @cached_property
    def components(self) -> tuple[Rows, Rows]:
        """The connected part that each part of a route (p,) and each node (k,) belongs to, numbered from 0."""
        return self.joined_by(np.empty((0, 2), dtype=np.intp))

    def joined_by(self, further: Rows, allowed: Flags | None = None) -> tuple[Rows, Rows]:
        """
        Give each connected part a number, with further joints between ends and what they should have met.

        Parameters
        ----------
        further
            (f, 2) pairs of graph vertices as `vertex_of_end` and `vertex_of_node` number them.
        allowed
            (p,) the parts of routes that join anything; None for all of them.

        Returns
        -------
        parts : numpy.ndarray
            (p,) the connected part of each part of a route.
        nodes : numpy.ndarray
            (k,) the connected part of each node.
        """
        from scipy.sparse import coo_array  # noqa: PLC0415 - heavy, and lengths ask for no network
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

        count, places = len(self.lines.owners), len(self.places[0])
        own = count + places + len(self.nodes.rows)
        total = own + len(self.meetings.first)
        one, other = self.end_links
        # What lies between the parts of a route is another question.
        same = np.flatnonzero(self.lines.owners[1:] == self.lines.owners[:-1]) + 1
        edges = np.concatenate(
            [
                np.column_stack([self.ends.parts, self.vertex_of_end]),
                np.column_stack([one, other]) + count,
                self.meetings.edges(self.vertex_of_node, own),
                np.column_stack([self.branches[1], self.vertex_of_end[self.branches[0]]]),
                np.column_stack([same - 1, same]),
                further,
            ]
        )
        if allowed is not None:
            # A place is there as far as an allowed part ends in it.
            there = np.ones(total, dtype=bool)
            there[: count + places] = False
            there[:count] = allowed
            there[self.vertex_of_end[allowed[self.ends.parts]]] = True
            # What an allowed part has in common with many nodes, too.
            there[own:] = False
            there[own + self.meetings.squares[allowed[self.meetings.square_parts]]] = True
            edges = edges[there[edges].all(axis=1)]
        graph = coo_array(
            (np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape=(total, total)
        )
        _, labels = connected_components(graph, directed=False)
        return labels[:count], labels[count + places : own]

    @cached_property
    def vertex_of_end(self) -> Rows:
        """(2p,) the graph vertex of each end."""
        return self.ends.places + len(self.lines.owners)

    @cached_property
    def vertex_of_node(self) -> Rows:
        """(k,) the graph vertex of each node."""
        return np.arange(len(self.nodes.rows)) + len(self.lines.owners) + len(self.places[0])


def _triangulated(xy: Floats) -> Rows:
    """Give the edges of the Delaunay triangulation: they hold the shortest tree, so they join all that is near."""
    from scipy.spatial import Delaunay, QhullError  # noqa: PLC0415 - heavy, and crowds are few

    try:
        corners = Delaunay(xy - xy.mean(axis=0)).simplices
    except QhullError:  # all on one line: neighbours along it are enough
        order = np.lexsort(xy.T)
        return np.column_stack([order[:-1], order[1:]])
    return np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
