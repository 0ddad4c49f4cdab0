"""What checks share: the survey and all that more than one of them needs, worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis import lengths, totals
from gis.checks.evidence import beside, crossings, duplicates, ends, joints, pulls, references, texts
from gis.checks.evidence.shapes import Shapes
from gis.checks.registry import codes_with
from gis.coordinates import mercator
from gis.inventory import MISSING_COLUMN, FeatureRef
from gis.network import graph
from gis.network.lines import tolerances, usable
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    import geopandas as gpd
    import pyarrow as pa
    from numpy.typing import NDArray

    from gis.inventory import Inventory
    from gis.lengths.measured import Measured
    from gis.project import ChecksSettings
    from gis.schema import LayerName


class Context:
    """
    A survey under check.

    Parameters
    ----------
    inventory
        The survey.
    measured
        The routes' lengths as `gis.lengths.measure` gives them, where they are known already.

    Attributes
    ----------
    inventory
        The survey.
    settings
        Its project's tolerances.
    """

    def __init__(self, inventory: Inventory, measured: Measured | None = None) -> None:
        self.inventory = inventory
        self.settings: ChecksSettings = inventory.project.checks
        self._measured = measured
        self._usable: dict[str, NDArray[np.object_]] = {}
        self._names: dict[str, NDArray[np.object_]] = {}
        self._by_origin: dict[str, dict[tuple[Any, ...], list[int]]] = {}
        self._coordinates: dict[str, tuple[NDArray[np.float64], NDArray[np.intp]]] = {}
        self._folded: dict[tuple[str, str], pa.Array] = {}

    def layer(self, name: LayerName) -> gpd.GeoDataFrame:
        """
        Give a layer of the inventory by its name.

        Parameters
        ----------
        name
            The canonical layer.

        Returns
        -------
        geopandas.GeoDataFrame
            Its features, WGS 84.
        """
        return self.inventory.layer(name)

    @cached_property
    def measured(self) -> Measured:
        """The routes' lengths, a row a route in the inventory's order."""
        return self._measured if self._measured is not None else lengths.measure(self.inventory)

    @cached_property
    def totals(self) -> list[totals.TotalResult]:
        """The recorded totals with their verdicts."""
        return totals.reconcile(self.inventory, self.measured)

    def usable(self, name: LayerName) -> NDArray[np.object_]:
        """
        Give a layer's geometries that can be worked with.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) geometries in WGS 84 degrees; None where one is missing, of the wrong type, empty or not finite.
        """
        if name not in self._usable:
            self._usable[name] = usable(self.layer(name), name)
        return self._usable[name]

    def coordinates(self, name: LayerName) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """
        Give the vertices of a layer's usable geometries.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        coordinates : numpy.ndarray
            (m, 2) longitude and latitude.
        owners : numpy.ndarray
            (m,) the feature that each is of.
        """
        if name not in self._coordinates:
            self._coordinates[name] = shapely.get_coordinates(self.usable(name), return_index=True)
        return self._coordinates[name]

    def tolerance(self, name: LayerName) -> NDArray[np.float64]:
        """
        Give the tolerances of a layer's features.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) metres, as `gis.network.lines.tolerances` defines them.
        """
        return tolerances(self.layer(name), self.settings.snap_m)

    @cached_property
    def network(self) -> graph.Network:
        """The network that the layers make, duplicates left out."""
        single: dict[str, NDArray[np.object_]] = {}
        for name in SCHEMAS:
            single[name] = self.usable(name).copy()
            single[name][self.duplicates[name].rows] = None
        return graph.Network(self.inventory, single)

    @cached_property
    def duplicates(self) -> dict[str, duplicates.Duplicates]:
        """The features of each layer that are there twice."""
        found: dict[str, duplicates.Duplicates] = {}
        for name in SCHEMAS:
            # What was never measured is not in one place.
            placed = self.usable(name).copy()
            placed[self.zero(name)] = None
            found[name] = duplicates.find(self.layer(name), name, placed)
        return found

    @cached_property
    def part_tolerance(self) -> NDArray[np.float64]:
        """(p,) tolerance of each part of the network's lines, metres."""
        return self.network.route_tolerance[self.network.lines.owners]

    @cached_property
    def shapes(self) -> Shapes:
        """How each route runs by itself."""
        return Shapes(self.network.lines, self.part_tolerance)

    @cached_property
    def crossings(self) -> crossings.Crossings:
        """Where routes of one kind cross or overlap."""
        lines = self.network.lines
        kinds, _ = pd.factorize(self.layer("routes")["kind"].to_numpy(dtype=object))
        return crossings.find(lines, kinds[lines.owners], self.part_tolerance)

    @cached_property
    def free_ends(self) -> ends.FreeEnds:
        """The ends of routes that meet nothing, sorted by what is wrong with them."""
        return ends.sort(self.network, self.crossings, self.astray)

    @cached_property
    def ducted(self) -> NDArray[np.bool_]:
        """(n,) cables in a duct: by their installation, or where none is stated by the duct at their middle."""
        routes, lines = self.layer("routes"), self.network.lines
        kind, installation = (routes[name].to_numpy(dtype=object) for name in ("kind", "installation"))
        inside = (kind == "cable") & (installation == "duct")
        unsaid = np.flatnonzero(((kind == "cable") & pd.isna(installation))[lines.owners])
        ducts = np.flatnonzero((kind == "duct")[lines.owners])
        if len(unsaid) and len(ducts):
            middle = np.asarray(shapely.line_interpolate_point(lines.parts[unsaid], 0.5, normalized=True))
            scale = mercator.scale(lines.lonlat[lines.offsets[unsaid], 1])
            reach = np.maximum(self.part_tolerance[unsaid], self.part_tolerance[ducts].max()) * scale
            near, _ = shapely.STRtree(lines.parts[ducts]).query(middle, predicate="dwithin", distance=reach)
            inside[lines.owners[unsaid[near]]] = True
        return np.asarray(inside, dtype=bool)

    @cached_property
    def twins(self) -> dict[LayerName, beside.Twins]:
        """The routes and manholes that stand beside an earlier one like them."""
        single = self.usable("manholes").copy()
        single[self.duplicates["manholes"].rows] = None
        single[self.astray_nodes("manholes")] = None
        return {
            "routes": beside.routes(self.layer("routes"), self.network, self.astray, self.ducted),
            "manholes": beside.manholes(self.layer("manholes"), single, self.tolerance("manholes")),
        }

    @cached_property
    def far_ends(self) -> NDArray[np.intp]:
        """Ends that meet nothing, far off by the spacing of their own route."""
        return np.intersect1d(self.free_ends.loose, self.shapes.far_ends)

    @cached_property
    def joints(self) -> joints.Joints:
        """Where two like routes meet with nothing there."""
        return joints.find(self.network, self.layer("routes"), self.usable("routes"))

    @cached_property
    def pulls(self) -> pulls.Pulls:
        """The pulls of duct between neighbouring manholes."""
        assumed = self.inventory.project.project.accuracy_m
        return pulls.find(self.network, self.layer("routes"), self.astray, assumed)

    @cached_property
    def distant(self) -> list[references.Distant]:
        """The references of routes to nodes that are elsewhere."""
        return references.distant(self)

    @cached_property
    def node_names(self) -> NDArray[np.object_]:
        """(k,) how the network's nodes are called."""
        nodes = self.network.nodes
        names = np.empty(len(nodes.rows), dtype=object)
        for at, layer in enumerate(graph.NODE_LAYERS):
            names[nodes.layers == at] = self.names(layer)[nodes.rows[nodes.layers == at]]
        return names

    def folded(self, name: LayerName, column: str) -> pa.Array:
        """
        Give a column of text in the form that it is compared in.

        Parameters
        ----------
        name
            The layer.
        column
            One of its columns.

        Returns
        -------
        pyarrow.Array
            (n,) texts as `gis.text.letters.fold`, of counties as `fold_county`, gives them, null where there is none.
        """
        if (name, column) not in self._folded:
            form = texts.folded_counties if column == "county" else texts.folded
            self._folded[name, column] = form(self.layer(name)[column])
        return self._folded[name, column]

    def astray_nodes(self, name: LayerName) -> NDArray[np.bool_]:
        """
        Tell which points are in a wrong place as it is (C102, C103, C104, C109).

        Parameters
        ----------
        name
            A layer of points.

        Returns
        -------
        numpy.ndarray
            (n,) booleans.
        """
        return self._astray(name)

    @cached_property
    def astray(self) -> NDArray[np.bool_]:
        """(n,) routes whose place is wrong as it is (C102, C103, C104, C109), so that their form says nothing more."""
        return self._astray("routes")

    def _astray(self, name: LayerName) -> NDArray[np.bool_]:
        marked = self.misplaced(name) | self.zero(name)
        coordinates, owners = self.coordinates(name)
        if self.inventory.area is not None:
            shapely.prepare(self.inventory.area)
            marked[owners[~shapely.intersects_xy(self.inventory.area, coordinates)]] = True
        return marked

    def zero(self, name: LayerName) -> NDArray[np.bool_]:
        """
        Tell which features have a vertex at longitude and latitude zero.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) booleans.
        """
        coordinates, owners = self.coordinates(name)
        marked = np.zeros(len(self.layer(name)), dtype=bool)
        marked[owners[(coordinates == 0).all(axis=1)]] = True
        return marked

    def names(self, name: LayerName) -> NDArray[np.object_]:
        """
        Name the features of a layer for people.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) their ids, or their record numbers where they have none.
        """
        if name not in self._names:
            self._names[name] = self.inventory.names(name)
        return self._names[name]

    def misplaced(self, name: LayerName) -> NDArray[np.bool_]:
        """
        Tell which features the reading found to be somewhere else: C103, C104, C109, or without leading digits.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        numpy.ndarray
            (n,) true for a feature that a note names, and for all of a source that a note is about.
        """
        marked = np.zeros(len(self.layer(name)), dtype=bool)
        codes = codes_with("misplaced")
        refs = [
            note.ref
            for note in self.inventory.notes
            if note.layer == name and (note.code in codes or note.fields.get("misplaced"))
        ]
        for ref in refs:
            marked[self.rows_about(name, ref)] = True
        return marked

    def rows_about(self, name: LayerName, ref: FeatureRef) -> NDArray[np.intp]:
        """
        Find the features that a note is about; each feature of a layer is looked up at once.

        Parameters
        ----------
        name
            The layer.
        ref
            As for `gis.inventory.Inventory.rows`.

        Returns
        -------
        numpy.ndarray
            (k,) positions in the layer, ascending.
        """
        if ref.record is None:
            return self.inventory.rows(name, ref)
        if name not in self._by_origin:
            identities = self.inventory.origins(name).itertuples(index=False, name=None)
            rows: dict[tuple[Any, ...], list[int]] = {}
            for row, identity in enumerate(identities):
                rows.setdefault(identity, []).append(row)
            self._by_origin[name] = rows
        own = self._by_origin[name].get((ref.source, ref.layer, ref.record), [])
        return np.array(own, dtype=np.intp)

    def kept(self, name: LayerName, column: str) -> NDArray[np.bool_]:
        """
        Tell which features come from a program that keeps a column; what it never has is not missed.

        Parameters
        ----------
        name
            The layer.
        column
            One of its required columns.

        Returns
        -------
        numpy.ndarray
            (n,) booleans, true for all of a survey that no known program wrote.
        """
        kept = np.ones(len(self.layer(name)), dtype=bool)
        for source in self.inventory.sources:
            if source.schema == name and column in source.without:
                kept[self.inventory.rows(name, FeatureRef(source.path, source.layer))] = False
        return kept

    @cached_property
    def missing_columns(self) -> set[tuple[str, str]]:
        """Layer and column of required columns that no delivery has, which the reading noted as D005."""
        return {
            (note.layer, note.fields.get("column", ""))
            for note in self.inventory.notes
            if note.code == MISSING_COLUMN
        }
