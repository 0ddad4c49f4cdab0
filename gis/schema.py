"""The canonical layers: their columns, code lists and units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gis.glossary import word
from gis.language import Text

LayerName = Literal["routes", "manholes", "offices", "fittings"]
Kind = Literal["text", "number", "integer", "date"]
CRS = "EPSG:4326"
# The end of a further column's name that keeps what could not be read of a column as it was written.
AS_WRITTEN = "_as_written"
# The column in which a feature keeps what was done to it, wrong spellings included.
CHANGE_LOG = "changes"
STATUS = {code: word(code) for code in ("existing", "new", "planned")}
PROVENANCE = {code: word(code) for code in ("surveyed", "digitised", "illustrative")}
# The lengths of a route, as `gis.lengths` measures them.
LENGTHS = {
    f"{kind}_m": Text(word(kind).en.capitalize(), word(kind).fa)
    for kind in ("geodesic", "grid", "ground", "slope")
}
# What a vertex is: surveyed; surveyed and what an arc passes through between its ends; put in along a curve.
SURVEYED, ON_ARC, PUT_IN = 0, 1, 2
# Shapely's numbers of LineString, LinearRing and MultiLineString.
LINE_TYPES = 1, 2, 5
# The column in which a file of lines keeps that of the vertices of each route with curves.
CURVES = "curves"
# Column to the least and the greatest value that a survey of fibre could mean.
RANGES: dict[str, tuple[float, float]] = {
    "depth_m": (0.0, 10.0),
    "fibre_count": (1.0, 6912.0),
    "recorded_length_m": (0.0, 1_000_000.0),
    "slack_m": (0.0, 10_000.0),
    "total_length_m": (0.0, 1_000_000.0),
    "accuracy_m": (0.0, 30.0),
}
# The values of `connection` that say an office is connected.
CONNECTED = ("existing", "new")
_COUNTY = Text("County", "شهرستان")


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
    apart
        The columns in which two features at one place differ where each is a thing of its own.
    rare
        Whether most surveys have none of it, so that an empty one is not shown.
    """

    name: LayerName
    label: Text
    geometry_type: Literal["LineString", "Point"]
    columns: tuple[Column, ...]
    apart: tuple[str, ...] = ("kind",)
    rare: bool = False

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

    def keeps_writing(self, name: str) -> bool:
        """
        Tell whether a further column keeps values of one of these as they were written.

        Parameters
        ----------
        name
            The further column's name.

        Returns
        -------
        bool
            True for ``fibre_count_as_written`` of the routes.
        """
        return name.endswith(AS_WRITTEN) and name.removesuffix(AS_WRITTEN) in self.names


_STATUS = Column("status", Text("Status", "وضعیت"), required=True, codes=STATUS)
_SURVEYED_ON = Column("surveyed_on", Text("Surveyed on", "تاریخ برداشت"), kind="date")
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
            codes={code: word(code) for code in ("cable", "duct")},
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
        Column("total_length_m", Text("Length with slack", "طول با کابل ذخیره"), kind="number", unit="m"),
        Column("start_mark_m", Text("Sheath mark at start", "متراژ روکش در شروع"), kind="number", unit="m"),
        Column("end_mark_m", Text("Sheath mark at end", "متراژ روکش در پایان"), kind="number", unit="m"),
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
            codes={code: word(code) for code in ("manhole", "handhole", "closure", "pole", "exchange")},
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
# What sits on a cable and is no end of it: several may be at one place, each of its own cable.
FITTINGS = Schema(
    "fittings",
    Text("Slack, closures and breaks", "کابل ذخیره، مفصل و پارگی"),
    "Point",
    (
        Column("fitting_id", Text("Fitting", "متعلق کابل"), required=True),
        Column(
            "kind",
            Text("Kind", "نوع"),
            required=True,
            codes={
                "slack": Text("slack", "کابل ذخیره"),
                "closure": word("closure"),
                "break": Text("break", "پارگی"),
            },
        ),
        Column("status", Text("Status", "وضعیت"), codes=STATUS),
        Column("county", _COUNTY),
        Column("route_id", Text("Cable", "کابل")),
        Column("manhole_id", Text("Manhole", "حوضچه")),
        Column("slack_m", Text("Slack", "کابل ذخیره"), kind="number", unit="m"),
        _SURVEYED_ON,
        _ACCURACY,
        _PROVENANCE,
    ),
    apart=("kind", "route_id"),
    rare=True,
)
SCHEMAS: dict[LayerName, Schema] = {schema.name: schema for schema in (ROUTES, MANHOLES, OFFICES, FITTINGS)}
