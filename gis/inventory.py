"""
The canonical layers: routes, manholes and offices in one shape, wherever they came from.

Every layer of an `Inventory` is a GeoDataFrame in WGS 84 longitude and latitude (EPSG:4326) with all columns of
its `Schema`, in that order, then ``source`` (the file it came from), ``record`` (its number there, from 1), any
further columns of the delivery under their own names, and ``geometry``. Lengths are metres, dates are dates. What could
not be read as such is missing there and stands as it was written in a further column, ``fibre_count_as_written``.
Column names follow the Open Fibre Data Standard where it has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gis.schema import SCHEMAS, LayerName

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from gis.language import Text
    from gis.project import Project


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where one layer of the inventory, or a part of it, came from.

    Attributes
    ----------
    path
        The file as the project file or the command line names it.
    layer
        The layer's name in the file.
    schema
        The canonical layer it went into.
    driver
        The format's name.
    crs
        The coordinate reference system that its coordinates were read in, as an authority code or WKT.
    encoding
        The encoding its text was read in.
    features
        How many features it gave.
    columns
        Canonical column name to the delivery's name.
    """

    path: str
    layer: str
    schema: LayerName
    driver: str
    crs: str
    encoding: str
    features: int
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class Note:
    """
    Something that reading a delivery found out, to become a finding of the check with its code.

    Attributes
    ----------
    code
        The check's code, ``"D003"``.
    layer
        The canonical layer, or the file's name where no layer is known yet.
    feature
        The feature's id or record number; empty where the note is about the whole layer.
    fields
        Values for the fields of the check's message.
    lon, lat
        The place, WGS 84 degrees, where there is one.
    source
        The file, as `Source.path` names it; empty where the note is about several.
    """

    code: str
    layer: str
    feature: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    lon: float | None = None
    lat: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    Something of a delivery that no figure counts.

    Attributes
    ----------
    source
        The file, as `Source.path` names it.
    layer
        The layer in it; empty where it is the file, or no layer.
    count
        How many: records, entities, parts, members.
    what
        What they are, in the plural: ``"texts"``, ``"rows without a position"``, ``"members of the archive"``.
    why
        Why they are left out, and what would do.
    """

    source: str
    layer: str
    count: int
    what: Text
    why: Text


@dataclass(frozen=True, eq=False)
class Inventory:
    """
    A survey in canonical layers, with the project it belongs to and where each part came from.

    Attributes
    ----------
    project
        The project: settings, totals, names.
    routes, manholes, offices
        The layers, as the module's text says; a layer that no source gave is empty but has its columns.
    sources
        One entry a source layer.
    area
        The area of the project in WGS 84, widened by its margin, or None.
    outline
        The same as it is drawn, without the margin.
    counties
        The counties' polygons with column ``name``, or None.
    notes
        What the reading found.
    left_out
        What was delivered and no figure counts.
    """

    project: Project
    routes: gpd.GeoDataFrame
    manholes: gpd.GeoDataFrame
    offices: gpd.GeoDataFrame
    sources: tuple[Source, ...] = ()
    area: BaseGeometry | None = None
    outline: BaseGeometry | None = None
    counties: gpd.GeoDataFrame | None = None
    notes: tuple[Note, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def layer(self, name: LayerName) -> gpd.GeoDataFrame:
        """
        Give a layer by its name.

        Parameters
        ----------
        name
            ``"routes"``, ``"manholes"`` or ``"offices"``.

        Returns
        -------
        geopandas.GeoDataFrame
            The layer.
        """
        frames: dict[str, gpd.GeoDataFrame] = {
            "routes": self.routes,
            "manholes": self.manholes,
            "offices": self.offices,
        }
        return frames[name]

    @property
    def illustrative(self) -> bool:
        """Whether any feature is illustrative, so that all that is shown of it must say so."""
        return any((self.layer(name)["provenance"] == "illustrative").any() for name in SCHEMAS)

    @property
    def base(self) -> Path | None:
        """The folder of the project file, or None without one."""
        return self.project.path.parent if self.project.path else None
