"""
The canonical layers: routes, manholes, offices and fittings in one shape, wherever they came from.

Every layer of an `Inventory` is a GeoDataFrame in WGS 84 longitude and latitude (EPSG:4326) with all columns of
its `Schema`, in that order, then `ORIGIN` (``source``, the file it came from; ``source_layer``, the layer of that
file; ``record``, its number there, from 1), any further columns of the delivery under their own names, and
``geometry``. Lengths are metres, dates are dates. What could not be read as such is missing there and stands as it was
written in a further column, ``fibre_count_as_written``. Column names follow the Open Fibre Data Standard where it has
one.

`ORIGIN` is a feature's identity, and `FeatureRef` is what carries it through notes, findings, fixes, maps and exports.
Ids and names repeat, change and are missing: they are for people to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis.schema import CRS, LINE_TYPES, SCHEMAS, LayerName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.language import Text
    from gis.project import Project
    from gis.schema import Schema


# The columns of a feature's identity.
ORIGIN = ("source", "source_layer", "record")
# What the values of each kind of column are.
DTYPES: dict[str, Any] = {
    "text": "str",
    "number": "float64",
    "integer": "Int64",
    "date": pd.ArrowDtype(pa.date32()),
}


@dataclass(frozen=True, slots=True, order=True)
class FeatureRef:
    """
    What something is about: a feature by its identity, a layer of a file as a whole, or a file.

    Attributes
    ----------
    source
        The file, as `Source.path` names it; empty for what is about several.
    layer
        The layer in it; empty for the file as a whole.
    record
        The feature's record there; None for the layer as a whole.
    """

    source: str = ""
    layer: str = ""
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where one layer of the inventory, or a part of it, came from.

    Attributes
    ----------
    path
        The file, as seen from the project file, or by the delivery's own name: never where it lies on a machine.
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
    dialect
        The program that wrote it, as people know it; empty where none was told.
    without
        Required columns that this program does not keep, so that their values are not missed.
    """

    path: str
    layer: str
    schema: LayerName
    driver: str
    crs: str
    encoding: str
    features: int
    columns: dict[str, str]
    dialect: str = ""
    without: tuple[str, ...] = ()


# The checks of notes that more is made of than a finding: a record that was lost, a required column that nobody gave,
# a value and a date that could not be read.
LOST_RECORD = "D003"
MISSING_COLUMN = "D005"
UNREAD_VALUE = "A403"
UNREAD_DATE = "A406"


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
        How the feature is called, for people; empty where the note is about the whole layer.
    fields
        Values for the fields of the check's message.
    lon, lat
        The place, WGS 84 degrees, where there is one.
    ref
        What it is about.
    """

    code: str
    layer: str
    feature: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    lon: float | None = None
    lat: float | None = None
    ref: FeatureRef = FeatureRef()


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
        What they are: ``"{count:text|texts}"``, ``"{count:row|rows} without a position"``. It is bent to their number
        when this is made; Persian has the singular after every number.
    why
        Why they are left out, and what would do; bent likewise.
    """

    source: str
    layer: str
    count: int
    what: Text
    why: Text

    def __post_init__(self) -> None:
        """Bend the words to the number."""
        for name in ("what", "why"):
            object.__setattr__(self, name, getattr(self, name).filled(count=self.count))


# What a vertex is, by the number of its role: surveyed, on an arc, put in.
_ROLES = "sap"
_RUN = re.compile(r"([sap])([1-9]\d{0,8})", re.ASCII)
_MOST_VERTICES = 100_000_000


@dataclass(frozen=True, eq=False)
class Curves:
    """
    Which vertices of features with curves were surveyed, and which were put in along the curve by the reading.

    An arc stands as its start, vertices put in, the point that it passes through (`gis.schema.ON_ARC`), vertices put
    in, its end. Where a run of vertices that were put in has no such point at either end, the curve follows its two
    ends alone.

    Attributes
    ----------
    features
        (k, …) what tells the features: of a layer that a reader gives, their row in the column ``row``; of an
        inventory the columns `ORIGIN`.
    offsets
        (k + 1,) where the roles of each feature begin in `roles`, and their number at the end.
    roles
        (m,) `SURVEYED`, `ON_ARC` or `PUT_IN` of `gis.schema`, for each vertex of each feature in its order, parts one
        after the other.
    """

    features: pd.DataFrame
    offsets: NDArray[np.intp]
    roles: NDArray[np.uint8]

    @classmethod
    def of_rows(cls, roles: Mapping[int, NDArray[np.uint8]]) -> Curves | None:
        """
        Note the curves of a layer that is read.

        Parameters
        ----------
        roles
            The row of each feature with curves, and the roles of its vertices.

        Returns
        -------
        Curves or None
            None where there are none.
        """
        if not roles:
            return None
        rows = sorted(roles)
        offsets = np.concatenate([[0], np.cumsum([len(roles[row]) for row in rows])]).astype(np.intp)
        return cls(
            pd.DataFrame({"row": rows}),
            offsets,
            np.concatenate([roles[row] for row in rows]).astype(np.uint8),
        )

    @classmethod
    def together(cls, several: Sequence[Curves]) -> Curves | None:
        """
        Put the curves of several layers into one.

        Parameters
        ----------
        several
            Those of each layer, with the columns `ORIGIN`.

        Returns
        -------
        Curves or None
            None where there are none.
        """
        if not several:
            return None
        if len(several) == 1:
            return several[0]
        counts = np.concatenate([np.diff(one.offsets) for one in several])
        return cls(
            pd.concat([one.features for one in several], ignore_index=True),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
            np.concatenate([one.roles for one in several]),
        )

    def of(self, which: int) -> NDArray[np.uint8]:
        """
        Give the roles of one feature.

        Parameters
        ----------
        which
            Its place in `features`.

        Returns
        -------
        numpy.ndarray
            (v,) a role a vertex.
        """
        return self.roles[self.offsets[which] : self.offsets[which + 1]]

    @property
    def texts(self) -> list[str]:
        """The roles of each feature as a column of a file keeps them: ``"s1 p449 a1 p449 s1"``, run after run."""
        texts = []
        for which in range(len(self.features)):
            roles = self.of(which)
            begins = np.flatnonzero(np.diff(roles, prepend=np.uint8(255)))
            runs = zip(roles[begins], np.diff(begins, append=len(roles)), strict=True)
            texts.append(" ".join(f"{_ROLES[role]}{count}" for role, count in runs))
        return texts

    @classmethod
    def of_texts(cls, texts: Sequence[Any]) -> Curves | None:
        """
        Take roles from a column of a layer that is read, one value a row.

        Parameters
        ----------
        texts
            (n,) values as `texts` gives them; missing or empty for a row without curves.

        Returns
        -------
        Curves or None
            None where any value says something else, which is then the delivery's own column, or none says anything.
        """
        roles = {}
        for row, text in enumerate(texts):
            if not isinstance(text, str) or not text.strip():
                if not pd.isna(text) and str(text).strip():
                    return None
                continue
            runs = [_RUN.fullmatch(run) for run in text.split()]
            sizes = [0 if run is None else int(run[2]) for run in runs]
            if not 0 < min(sizes) <= sum(sizes) <= _MOST_VERTICES:
                return None
            codes = [_ROLES.index(run[1]) for run in runs if run is not None]
            roles[row] = np.repeat(np.array(codes, dtype=np.uint8), sizes)
        return cls.of_rows(roles)


def vertex_counts(geometries: NDArray[np.object_]) -> NDArray[np.intp]:
    """
    Count the vertices of lines.

    Parameters
    ----------
    geometries
        (n,) geometries, or None.

    Returns
    -------
    numpy.ndarray
        (n,) counts, parts taken together; 0 for what is no line.
    """
    lines = np.isin(shapely.get_type_id(geometries), LINE_TYPES)
    return np.where(lines, shapely.get_num_coordinates(geometries), 0).astype(np.intp)


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
    curves
        Which vertices of routes with curves were not surveyed; None where all were. A route whose vertices have
        become more or fewer since counts as surveyed at each of them.
    read_from
        The files and folders that all this was read from, where they lie: nothing is ever written to them.
    fittings
        Slack loops, closures and breaks as points of their cables, a layer like the others; None stands for no such.
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
    curves: Curves | None = None
    read_from: tuple[Path, ...] = ()
    fittings: gpd.GeoDataFrame | None = None

    def layer(self, name: LayerName) -> gpd.GeoDataFrame:
        """
        Give a layer by its name.

        Parameters
        ----------
        name
            ``"routes"``, ``"manholes"``, ``"offices"`` or ``"fittings"``.

        Returns
        -------
        geopandas.GeoDataFrame
            The layer.
        """
        frames: dict[str, gpd.GeoDataFrame] = {
            "routes": self.routes,
            "manholes": self.manholes,
            "offices": self.offices,
            "fittings": empty(SCHEMAS["fittings"]) if self.fittings is None else self.fittings,
        }
        return frames[name]

    def names(self, name: LayerName, rows: NDArray[np.intp] | None = None) -> NDArray[np.object_]:
        """
        Name features for people.

        Parameters
        ----------
        name
            The layer.
        rows
            (n,) positions in it; None for all of its features.

        Returns
        -------
        numpy.ndarray
            (n,) names, as `called` gives them. Two features may be called alike.
        """
        layer = self.layer(name)
        ids, records = layer[SCHEMAS[name].id], layer["record"]
        if rows is not None:
            ids, records = ids.iloc[rows], records.iloc[rows]
        names: NDArray[np.object_] = ids.to_numpy(dtype=object, na_value="")
        nameless = np.flatnonzero([not str(one).strip() for one in names])
        if len(nameless):
            names = names.copy()
            names[nameless] = [called(None, record) for record in records.iloc[nameless]]
        return names

    def origins(self, name: LayerName) -> pd.DataFrame:
        """
        Give the identities of a layer's features.

        Parameters
        ----------
        name
            The layer.

        Returns
        -------
        pandas.DataFrame
            (n,) rows with the columns `ORIGIN`; what a feature made in memory does not say of itself is empty, its
            record 0.
        """
        return origins(self.layer(name))

    def rows(self, name: LayerName, ref: FeatureRef) -> NDArray[np.intp]:
        """
        Find the features that something is about.

        Parameters
        ----------
        name
            The canonical layer.
        ref
            A feature, a layer of a file, a file; or nothing, which stands for the whole canonical layer.

        Returns
        -------
        numpy.ndarray
            (k,) positions in the layer, ascending.
        """
        own = self.origins(name)
        meant = np.ones(len(own), dtype=bool)
        for column, value in zip(ORIGIN, (ref.source, ref.layer, ref.record), strict=True):
            if value not in ("", None):
                meant &= (own[column] == value).to_numpy(dtype=bool)
        return np.flatnonzero(meant)

    def positions(self, name: LayerName, wanted: pd.DataFrame) -> NDArray[np.intp]:
        """
        Find many features by their identities.

        Parameters
        ----------
        name
            The canonical layer.
        wanted
            (m,) rows with the columns `ORIGIN`; a missing record stands for no single feature.

        Returns
        -------
        numpy.ndarray
            (m,) the position of each in the layer, of a record that the layer has more than once the first; -1 for
            none.
        """
        layer = self.layer(name)
        if not len(layer) or not len(wanted):
            return np.full(len(wanted), -1, dtype=np.intp)
        both = pd.concat([origins(frame) for frame in (layer, wanted)], ignore_index=True)
        # One number an identity; those of the layer's own rows lead to their first row.
        identity = both.groupby(list(ORIGIN), sort=False).ngroup().to_numpy()
        ours, theirs = identity[: len(layer)], identity[len(layer) :]
        first = np.full(identity.max() + 1, -1, dtype=np.intp)
        first[ours[::-1]] = np.arange(len(layer))[::-1]
        return first[theirs]

    def curve_texts(self) -> NDArray[np.object_] | None:
        """
        Give what a file of the routes keeps of their curves.

        Returns
        -------
        numpy.ndarray or None
            (n,) `Curves.texts` of each route, None where all of its vertices were surveyed; None without any curves.
        """
        if self.curves is None:
            return None
        rows = self.positions("routes", self.curves.features)
        counts = vertex_counts(self.routes.geometry.to_numpy())
        whole = (rows >= 0) & (counts[rows] == np.diff(self.curves.offsets)) if len(counts) else rows >= 0
        if not whole.any():
            return None
        texts = np.full(len(self.routes), None, dtype=object)
        texts[rows[whole]] = np.array(self.curves.texts, dtype=object)[whole]
        return texts

    @property
    def illustrative(self) -> bool:
        """Whether any feature is illustrative, so that all that is shown of it must say so."""
        return any((self.layer(name)["provenance"] == "illustrative").any() for name in SCHEMAS)

    @property
    def base(self) -> Path | None:
        """The folder of the project file, or None without one."""
        return self.project.path.parent if self.project.path else None


def empty(schema: Schema) -> gpd.GeoDataFrame:
    """
    Make a layer with no features.

    Parameters
    ----------
    schema
        The layer.

    Returns
    -------
    geopandas.GeoDataFrame
        No rows; all columns with their types; EPSG:4326.
    """
    import geopandas as gpd  # noqa: PLC0415 - heavy, and this module is for its words, too

    columns = {column.name: pd.Series([], dtype=DTYPES[column.kind]) for column in schema.columns}
    columns |= {"source": pd.Series([], dtype="str"), "source_layer": pd.Series([], dtype="str")}
    columns["record"] = pd.Series([], dtype="int64")
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=CRS), crs=CRS)


def county_names(inventory: Inventory) -> dict[str, str]:
    """
    Give the English names of counties, where a delivery has them beside the Persian ones.

    Parameters
    ----------
    inventory
        The survey; a column ``county_en`` of any layer is looked at.

    Returns
    -------
    dict
        Persian name to English name.
    """
    names: dict[str, str] = {}
    for schema in SCHEMAS:
        layer = inventory.layer(schema)
        if "county_en" in layer.columns:
            pairs = layer[["county", "county_en"]].dropna().drop_duplicates("county")
            for county, english in pairs.itertuples(index=False):
                names.setdefault(str(county), str(english))
    return names


def called(own: object, record: object) -> str:
    """
    Name a feature for people.

    Parameters
    ----------
    own
        Its id; missing or blank where it has none.
    record
        Its record.

    Returns
    -------
    str
        The id, or ``#`` and the record number.
    """
    return own if isinstance(own, str) and own.strip() else f"#{record}"


def origins(frame: pd.DataFrame) -> pd.DataFrame:
    """
    Give the columns of identity without missing values, so that they can be compared.

    Parameters
    ----------
    frame
        (n,) rows of a layer or of findings, with the columns `ORIGIN`.

    Returns
    -------
    pandas.DataFrame
        (n,) rows with the columns `ORIGIN`: an empty text for a missing one, 0 for a missing record.
    """
    source, source_layer, record = ORIGIN
    return pd.DataFrame(
        {
            **{
                name: frame[name].astype("str").fillna("").to_numpy(dtype=object)
                for name in (source, source_layer)
            },
            record: frame[record].astype("Int64").fillna(0).to_numpy(dtype=np.int64),
        }
    )
