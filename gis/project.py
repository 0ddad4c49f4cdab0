"""The project file: what is surveyed, where its layers are, and what was recorded."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from gis import settings
from gis.conditions import settled
from gis.errors import ProjectError
from gis.language import Text
from gis.rules import Rule  # noqa: TC001 - a type of a field, which pydantic looks up
from gis.schema import SCHEMAS
from gis.settings import RefusedError, Scalar, Table, suggestion

if TYPE_CHECKING:
    import pyproj

LengthKind = Literal["geodesic", "grid", "ground", "slope"]
Measure = Literal["length", "count", "trench", "cable", "fibre"]
Severity = settings.Severity


def _system(name: str) -> pyproj.CRS:
    import pyproj  # noqa: PLC0415 - heavy, and only a project that names a system needs it here

    try:
        return pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError:
        raise ValueError(f"{name!r} is no coordinate reference system; for example EPSG:32639") from None


class About(Table):
    """
    ``[project]``: names, and how lengths are taken.

    Attributes
    ----------
    name, name_fa
        The project's name in English and in Persian.
    length
        The kind of length that totals are held against.
    crs
        The grid of the grid lengths; without it, the UTM zone of each route.
    elevation_m
        Height of the ground in metres above the ellipsoid, where vertices have none.
    accuracy_m
        One standard deviation of each horizontal coordinate in metres, where a feature states none.
    correlation_m
        How far errors of the survey reach: those of points d metres apart are correlated by exp(-d/correlation_m). 0
        where each point errs by itself.
    trench_m
        How far apart two routes may run and lie in one trench, metres.
    dialect
        The program that wrote the delivery, ``"none"`` for none that is known; left out, it is told by its layers.
    """

    name: str = "Survey"
    name_fa: str = ""
    length: LengthKind = "geodesic"
    crs: str | None = None
    elevation_m: float = 0.0
    accuracy_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    correlation_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    trench_m: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    dialect: str | None = None

    @field_validator("crs")
    @classmethod
    def _known_crs(cls, value: str | None) -> str | None:
        if value is not None and not _system(value).is_projected:
            raise ValueError(
                f"{value!r} is not a projected system, which a grid needs; for example EPSG:32639"
            )
        return value


class Area(Table):
    """
    ``[area]``: where every feature must lie.

    Attributes
    ----------
    source
        A file of polygons, relative to the project file.
    margin_km
        By how much the polygon is widened before it judges, in kilometres.
    candidates
        Further coordinate systems that a delivery may be in, beside those usual in Iran.
    """

    source: str
    margin_km: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    candidates: list[str] = Field(default_factory=list)

    @field_validator("candidates")
    @classmethod
    def _known_candidates(cls, value: list[str]) -> list[str]:
        for name in value:
            _system(name)
        return value


class Counties(Table):
    """
    ``[counties]``: the polygon of each county.

    Attributes
    ----------
    source
        A file of polygons, relative to the project file.
    name
        Its column with the county's name.
    """

    source: str
    name: str = "name_fa"


class LayerSource(Table):
    """
    One ``[[layers.…]]``: where features of a layer come from and how to read them.

    Attributes
    ----------
    source
        A file relative to the project file, or a ``postgresql://`` address.
    layer
        The layer, where the source holds several.
    crs, encoding
        Override what the file says.
    columns
        Canonical column to theirs.
    values
        Canonical column to a table of their value to ours.
    set
        The same value for every feature.
    """

    source: str
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    set: dict[str, Scalar] = Field(default_factory=dict)


class Layers(Table):
    """
    ``[layers]``: the sources of each canonical layer.

    Attributes
    ----------
    routes, manholes, offices, fittings
        The sources of each.
    tables
        Tables that are no layer of their own: a dialect joins them to those that are.
    """

    routes: list[LayerSource] = Field(default_factory=list)
    manholes: list[LayerSource] = Field(default_factory=list)
    offices: list[LayerSource] = Field(default_factory=list)
    fittings: list[LayerSource] = Field(default_factory=list)
    tables: list[LayerSource] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known_columns(self) -> Layers:
        for name, schema in SCHEMAS.items():
            for source in getattr(self, name):
                for key in ("columns", "values", "set"):
                    for column in getattr(source, key):
                        if column not in schema.names:
                            raise ValueError(
                                f"layers.{name}: {key} names {column!r}, which the layer does not have"
                                f"{suggestion(column, schema.names)}"
                            )
        return self


_NO_LENGTH = Text(
    'total {item}: only routes have a length; measure = "count" counts {layer}',
    'جمع {item}: فقط مسیرها طول دارند؛ {layer} را با measure = "count" می‌شمارند',
)
_UNIT = Text(
    'total {item}: unit of a length is "m" or "km", not {unit}',
    "جمع {item}: یکای طول «m» یا «km» است، نه {unit}",
)
_SUBJECT = Text("total {item}", "جمع {item}")
_TOLERANCE = Text(
    'total {item}: tolerance {tolerance} is neither per cent nor a number; for example "0.5 %", "2 m", "0"',
    'جمع {item}: رواداری {tolerance} نه درصد است و نه عدد؛ برای نمونه "0.5 %"، "2 m"، "0"',
)


class Total(Table):
    """
    One ``[[totals]]``: a figure that was recorded, and what to hold against it.

    Attributes
    ----------
    item, item_fa
        What was counted or measured, in English and in Persian.
    layer
        The layer that it is counted in.
    measure
        ``"length"`` sums the routes' lengths, ``"count"`` counts features; ``"trench"`` sums the ground that was
        opened, each stretch once however many routes lie in it, ``"cable"`` lengths with their slack, ``"fibre"``
        lengths times their fibre counts.
    where
        Column to the value, or the list of values, that a feature must have. A code is taken as its list has it,
        however it is written.
    recorded
        The recorded figure.
    unit
        Its unit: ``"m"`` or ``"km"`` for lengths; any word for counts.
    tolerance
        Per cent (``"0.5 %"``) or the figure's own unit (``"2"``, ``"2 m"``).
    source
        Who recorded it.
    """

    item: str
    item_fa: str = ""
    layer: Literal["routes", "manholes", "offices", "fittings"]
    measure: Measure
    where: dict[str, Scalar | list[Scalar]] = Field(default_factory=dict)
    recorded: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: str = ""
    tolerance: str = "0"
    source: str = ""

    @property
    def tolerance_value(self) -> float:
        """The tolerance in the unit of the recorded figure."""
        text = self.tolerance.strip()
        if text.endswith("%"):
            return float(text[:-1]) / 100 * self.recorded
        return float(text.removesuffix(self.unit) if self.unit else text)

    @model_validator(mode="after")
    def _consistent(self) -> Total:
        if self.measure != "count":
            if self.layer != "routes":
                raise self._refused(_NO_LENGTH, layer=self.layer)
            if self.unit not in {"m", "km"}:
                raise self._refused(_UNIT, unit=repr(self.unit))
        # What the layers have, however the file writes it; the table is frozen for everybody else.
        settled(self.where, SCHEMAS[self.layer], _SUBJECT.filled(item=repr(self.item)))
        try:
            tolerance = self.tolerance_value
        except ValueError:
            tolerance = -1.0
        if not 0 <= tolerance < float("inf"):
            raise self._refused(_TOLERANCE, tolerance=repr(self.tolerance))
        return self

    def _refused(self, text: Text, **fields: str) -> RefusedError:
        return RefusedError(text.filled(item=repr(self.item), **fields))


_TWICE = Text(
    "two rules are called {code}; each has a code of its own",
    "دو قاعده {code} نام دارند؛ هر قاعده کد خود را دارد",
)


class ChecksSettings(Table):
    """
    ``[checks]``: which checks run, and their tolerances.

    Attributes
    ----------
    select, ignore
        Codes, their families (``"N"``) or ``"all"``.
    severity
        Code to the severity it has in this project.
    snap_m
        How near two ends are one place, metres.
    max_segment_m
        How far apart two vertices of a route may be, metres.
    max_pull_m
        How long a pull of duct between two manholes may be, metres; left out, any length.
    max_bends_deg
        By how many degrees such a pull may turn, all its bends together; left out, by any.
    rules
        Checks of the project's own.
    """

    select: list[str] = Field(default_factory=lambda: ["all"])
    ignore: list[str] = Field(default_factory=list)
    severity: dict[str, Severity] = Field(default_factory=dict)
    snap_m: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0
    max_segment_m: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 500.0
    max_pull_m: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    max_bends_deg: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    rules: list[Rule] = Field(default_factory=list)

    @field_validator("rules")
    @classmethod
    def _different_codes(cls, value: list[Rule]) -> list[Rule]:
        seen: set[str] = set()
        for rule in value:
            if rule.code in seen:
                raise RefusedError(_TWICE.filled(code=rule.code))
            seen.add(rule.code)
        return value


class Project(Table):
    """
    A project file.

    Attributes
    ----------
    project
        Names, and how lengths are taken.
    area, counties
        Where features must lie.
    layers
        The sources of each layer.
    totals
        The recorded figures.
    checks
        Which checks run, and their tolerances.
    """

    project: About = Field(default_factory=About)
    area: Area | None = None
    counties: Counties | None = None
    layers: Layers = Field(default_factory=Layers)
    totals: list[Total] = Field(default_factory=list)
    checks: ChecksSettings = Field(default_factory=ChecksSettings)

    _path: Path | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """The file that it was read from; None for one made in memory."""
        return self._path

    def name(self, lang: str) -> str:
        """
        Give the project's name in a language, or in the other where it has just one.

        Parameters
        ----------
        lang
            ``"fa"`` or ``"en"``.

        Returns
        -------
        str
            The project's name.
        """
        about = self.project
        return (about.name_fa or about.name) if lang == "fa" else about.name

    def resolve(self, source: str) -> Path:
        """
        Find a file that the project names.

        Parameters
        ----------
        source
            The path as the project file gives it.

        Returns
        -------
        pathlib.Path
            The path relative to the project file's folder.
        """
        return (self._path.parent if self._path else Path()) / source


def load(path: str | Path) -> Project:
    """
    Read a project file.

    Parameters
    ----------
    path
        A TOML file.

    Returns
    -------
    Project
        The project, every value checked.

    Raises
    ------
    ProjectError
        The file is missing, is no TOML, or has a key or a value that does not belong there: one line that names
        the file, the key, and what would do.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except RecursionError:
        raise ProjectError(
            Text(
                "{path}: its tables or lists lie too deep within each other; lay them flat",
                "{path}: جدول‌ها یا فهرست‌هایش بیش از اندازه تودرتو است؛ آن‌ها را ساده کنید",
            ),
            path=path,
        ) from None
    except FileNotFoundError:
        raise ProjectError(
            Text(
                "{path}: there is no such project file; name one, or write one with `fibre init FILE…`",
                "{path}: چنین فایل پروژه‌ای نیست؛ نام فایلی را بدهید یا با دستور `fibre init FILE…` بسازید",
            ),
            path=path,
        ) from None
    except OSError as error:
        raise ProjectError(
            Text("{path}: cannot be read: {why}", "{path}: خوانده نمی‌شود: {why}"),
            path=path,
            why=error.strerror or error,
        ) from None
    except UnicodeDecodeError as error:
        raise ProjectError(
            Text(
                "{path}: byte {at} is not UTF-8; save the project file as UTF-8",
                "{path}: بایت {at} با UTF-8 نمی‌خواند؛ فایل پروژه را با UTF-8 ذخیره کنید",
            ),
            path=path,
            at=error.start,
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(
            Text("{path}: is not valid TOML: {why}", "{path}: نوشتار TOML آن درست نیست: {why}"),
            path=path,
            why=error,
        ) from None
    except ValueError:
        raise ProjectError(
            Text(
                "{path}: a number in it has thousands of digits; write it as it was measured",
                "{path}: عددی در آن هزاران رقم دارد؛ آن را همان‌گونه که اندازه گرفته شده بنویسید",
            ),
            path=path,
        ) from None
    try:
        project = Project.model_validate(data)
    except ValidationError as error:
        raise _explained(path, error) from None
    project._path = path  # noqa: SLF001 - set once, by the only reader
    return project


def _explained(path: Path, error: ValidationError) -> ProjectError:
    """Turn pydantic's first error into one line that names file, key and what would do."""
    first = error.errors(include_url=False)[0]
    key = _key(first["loc"])
    if first["type"] == "extra_forbidden":
        known = _keys_at(first["loc"][:-1])
        return ProjectError(
            Text("{path}: unknown key {key}{hint}", "{path}: کلید ناشناخته {key}{hint}"),
            path=path,
            key=key,
            hint=suggestion(str(first["loc"][-1]), known),
        )
    if first["type"] == "missing":
        return ProjectError(
            Text("{path}: key {key} is missing", "{path}: کلید {key} نیست"), path=path, key=key
        )
    raised = first.get("ctx", {}).get("error")
    if isinstance(raised, RefusedError):
        return ProjectError(
            Text("{path}: {key}: {why}", "{path}: {key}: {why}"), path=path, key=key, why=raised.text
        )
    why = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    shown = f" (it is {given!r})" if isinstance(given, Scalar) else ""
    return ProjectError(
        Text("{path}: {key}: {why}{shown}", "{path}: {key}: {why}{shown}"),
        path=path,
        key=key or "project file",
        why=why,
        shown=shown,
    )


def _key(location: tuple[int | str, ...]) -> str:
    """Write a place in the file as its author would: ``totals[2].unit``."""
    written = ""
    for part in location:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        elif part not in {"str", "int", "float", "bool"} and not part.startswith(("list[", "constrained-")):
            written += f".{part}" if written else part
    return written


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """List the keys that a table of the project file may have."""
    model: Any = Project
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(model.model_fields)
