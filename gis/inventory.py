"""
The canonical layers: routes, manholes and offices in one shape, wherever they came from.

Every layer of an `Inventory` is a GeoDataFrame in WGS 84 longitude and latitude (EPSG:4326) with all columns of
its `Schema`, in that order, then ``source`` (the file it came from), ``record`` (its number there, from 1), any
further columns of the delivery under their own names, and ``geometry``. Lengths are metres, dates are dates.
Column names follow the Open Fibre Data Standard where it has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gis.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from gis.project import Project

LayerName = Literal["routes", "manholes", "offices"]
Kind = Literal["text", "number", "integer", "date"]

CRS = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column of a canonical layer.

    Attributes
    ----------
    name
        Its name in the inventory.
    label
        Its heading for people.
    kind
        What its values are.
    required
        Whether a delivery must have it.
    codes
        The code list with each code's wording, for a column that has one.
    unit
        The unit of a number.
    """

    name: str
    label: Text
    kind: Kind = "text"
    required: bool = False
    codes: dict[str, Text] = field(default_factory=dict)
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """
    One canonical layer: its columns and its geometry type.

    Attributes
    ----------
    name
        The layer's name.
    label
        Its heading for people.
    geometry_type
        ``"LineString"`` or ``"Point"``.
    columns
        Its columns, in order; the first one is the feature's id.
    """

    name: LayerName
    label: Text
    geometry_type: Literal["LineString", "Point"]
    columns: tuple[Column, ...]

    @property
    def id(self) -> str:
        """The name of the column that identifies a feature."""
        return self.columns[0].name

    def __getitem__(self, name: str) -> Column:
        """Give the column of a name; `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]


STATUS = {
    "existing": Text("existing", "موجود"),
    "new": Text("new", "جدید"),
    "planned": Text("planned", "برنامه‌ریزی‌شده"),
}
PROVENANCE = {
    "surveyed": Text("surveyed", "نقشه‌برداری‌شده"),
    "digitised": Text("digitised", "رقومی‌شده"),
    "illustrative": Text("illustrative", "نمایشی"),
}

_COUNTY = Text("County", "شهرستان")
_STATUS = Column("status", Text("Status", "وضعیت"), required=True, codes=STATUS)
_SURVEYED_ON = Column("surveyed_on", Text("Surveyed on", "تاریخ نقشه‌برداری"), kind="date")
_ACCURACY = Column("accuracy_m", Text("Accuracy (1σ)", "دقت (یک انحراف معیار)"), kind="number", unit="m")
_PROVENANCE = Column("provenance", Text("Provenance", "منشأ داده"), codes=PROVENANCE)

ROUTES = Schema(
    "routes",
    Text("Routes", "مسیرها"),
    "LineString",
    (
        Column("route_id", Text("Route", "مسیر"), required=True),
        Column(
            "kind",
            Text("Kind", "نوع"),
            required=True,
            codes={"cable": Text("cable", "کابل"), "duct": Text("duct", "داکت")},
        ),
        _STATUS,
        Column("county", _COUNTY),
        Column("office_id", Text("Office", "فرمانداری")),
        Column("from_id", Text("From", "از")),
        Column("to_id", Text("To", "به")),
        Column(
            "installation",
            Text("Installation", "شیوهٔ اجرا"),
            codes={
                "duct": Text("in duct", "داکتی"),
                "buried": Text("buried", "خاکی"),
                "aerial": Text("aerial", "هوایی"),
                "indoor": Text("indoor", "داخل ساختمان"),
            },
        ),
        Column("fibre_count", Text("Fibres", "تعداد تار"), kind="integer"),
        Column("recorded_length_m", Text("Recorded length", "طول ثبت‌شده"), kind="number", unit="m"),
        Column("slack_m", Text("Slack", "کابل ذخیره"), kind="number", unit="m"),
        _SURVEYED_ON,
        _ACCURACY,
        _PROVENANCE,
    ),
)
MANHOLES = Schema(
    "manholes",
    Text("Manholes", "حوضچه‌ها"),
    "Point",
    (
        Column("manhole_id", Text("Manhole", "حوضچه"), required=True),
        _STATUS,
        Column(
            "kind",
            Text("Kind", "نوع"),
            codes={
                "manhole": Text("manhole", "حوضچه"),
                "handhole": Text("handhole", "هندهول"),
                "closure": Text("closure", "مفصل"),
                "pole": Text("pole", "تیر"),
                "exchange": Text("exchange", "مرکز مخابرات"),
            },
        ),
        Column("county", _COUNTY),
        Column("depth_m", Text("Depth", "عمق"), kind="number", unit="m"),
        _SURVEYED_ON,
        _ACCURACY,
        _PROVENANCE,
    ),
)
OFFICES = Schema(
    "offices",
    Text("Offices", "فرمانداری‌ها"),
    "Point",
    (
        Column("office_id", Text("Office", "فرمانداری"), required=True),
        Column("name_fa", Text("Name (Persian)", "نام")),
        Column("name_en", Text("Name (English)", "نام انگلیسی")),
        Column("county", _COUNTY, required=True),
        Column(
            "connection",
            Text("Connection", "اتصال"),
            required=True,
            codes={
                "existing": Text("connected before", "از پیش متصل"),
                "new": Text("newly connected", "تازه متصل"),
                "none": Text("not connected", "متصل نیست"),
            },
        ),
        _PROVENANCE,
    ),
)
SCHEMAS: dict[LayerName, Schema] = {schema.name: schema for schema in (ROUTES, MANHOLES, OFFICES)}


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
