"""What the checks found as one table, with its messages in both languages."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.checks import registry
from gis.inventory import ORIGIN
from gis.language import Language, Text, show
from gis.schema import CRS, SCHEMAS
from gis.tabled import Tabled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gis.checks.registry import Found, Page
    from gis.inventory import Inventory, LeftOut
    from gis.project import Severity

COLUMNS = (
    "code",
    "name",
    "severity",
    "layer",
    "feature",
    "message",
    "message_fa",
    "fixable",
    "cause",
    "amount",
    "lon",
    "lat",
    *ORIGIN,
    "geometry",
)


@dataclass(frozen=True, eq=False, repr=False)
class Findings(Tabled[gpd.GeoDataFrame]):
    """
    What the checks found.

    Attributes
    ----------
    table
        A row a finding, WGS 84, columns `COLUMNS`, ordered by code and place in the layer; ``geometry`` is a point, the
        stretch at fault, or None. ``amount`` is how much it is, in metres, where the check measures that. What has one
        cause names it in ``cause``: a row without a feature tells it, the others are its single findings. It is used
        like a GeoDataFrame: ``findings["code"]``, ``findings.explore()``.
    ran
        The checks that ran.
    not_run
        Code to the reason, for each check that lacks what it needs.
    failed
        Code to the error's text, for each check that broke.
    looked_at
        Layer to how many features it has.
    left_out
        What was delivered and no check saw.
    unjudged
        Code to how many features a rule of the project's own could not judge, as a value is missing that it takes.
    pages
        Code to page of the checks, those of the project's own too.
    counties
        Code to the county that most of its findings lie in, where that is known.
    """

    table: gpd.GeoDataFrame
    ran: tuple[str, ...] = ()
    not_run: Mapping[str, Text] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    looked_at: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    unjudged: Mapping[str, int] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=registry.pages)
    counties: Mapping[str, Text] = field(default_factory=dict)

    @property
    def single(self) -> NDArray[np.bool_]:
        """(n,) findings that a cause tells together, in a row of its own."""
        cause, record = self.table["cause"], self.table["record"]
        return np.asarray((cause != "") & record.notna(), dtype=bool)

    @property
    def causes(self) -> NDArray[np.bool_]:
        """(n,) rows that tell a cause."""
        return np.asarray((self.table["cause"] != "") & ~self.single, dtype=bool)


# Where a note of the reading does not say what the message asks for.
_UNSAID = "—"


def tabulate(
    inventory: Inventory, page: Page, severities: Sequence[Severity], found: Found
) -> dict[str, Any]:
    """
    Turn what a check found in one layer into columns.

    Parameters
    ----------
    inventory
        The survey.
    page
        The check's page.
    severities
        (n,) how bad each finding is in this project.
    found
        What it found.

    Returns
    -------
    dict
        `COLUMNS`, each with a value a finding.
    """
    count = count_of(found)
    layer = inventory.layer(found.layer) if found.layer in SCHEMAS else None
    points = found.points if found.points is not None else _first_vertices(layer, found, count)
    geometry = np.full(count, None, dtype=object)
    placed = np.isfinite(points).all(axis=1)
    geometry[placed] = shapely.points(points[placed])
    if found.lines is not None:
        geometry = np.where(shapely.is_missing(found.lines), geometry, found.lines)
    fixable = np.full(count, page.fix is not None)
    if found.fixable is not None:
        fixable &= found.fixable
    return {
        "code": [page.code] * count,
        "name": [page.name] * count,
        "severity": list(severities),
        "layer": [found.layer] * count,
        "feature": found.features if found.features is not None else _names(inventory, found, count),
        "message": messages(page.message, "en", count, found.fields),
        "message_fa": messages(page.message, "fa", count, found.fields),
        "fixable": fixable,
        "cause": [""] * count,
        "amount": np.broadcast_to(np.asarray(found.fields.get(page.amount, np.nan), dtype=float), count),
        "lon": points[:, 0],
        "lat": points[:, 1],
        **_origins(layer, found, count),
        "geometry": geometry,
    }


def one_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Turn one finding that no check made into columns.

    Parameters
    ----------
    values
        `COLUMNS` but for the geometry, which is a point at ``lon`` and ``lat``.

    Returns
    -------
    dict
        `COLUMNS`, each with one value.
    """
    point = np.full(1, None, dtype=object)
    if np.isfinite([values["lon"], values["lat"]]).all():
        point[0] = shapely.Point(values["lon"], values["lat"])
    return {**{name: [value] for name, value in values.items()}, "geometry": point}


def join(tables: Sequence[dict[str, Any]]) -> gpd.GeoDataFrame:
    """
    Put the tables of all checks below each other.

    Parameters
    ----------
    tables
        What `tabulate` gave.

    Returns
    -------
    geopandas.GeoDataFrame
        A row a finding, WGS 84.
    """
    texts: dict[str, Any] = {}
    types = {"fixable": "bool", "record": "Int64", **dict.fromkeys(("amount", "lon", "lat"), "float64")}
    for name in COLUMNS[:-1]:
        values = [value for table in tables for value in table[name]]
        texts[name] = pd.Series(values, dtype=types.get(name, "str"))
    geometry = (
        np.concatenate([table["geometry"] for table in tables]) if tables else np.empty(0, dtype=object)
    )
    return gpd.GeoDataFrame(texts, geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS)


def messages(message: Text, lang: Language, count: int, fields: Any) -> list[str]:
    """
    Fill a message in for many findings at once.

    Parameters
    ----------
    message
        The wording with its fields.
    lang
        The language.
    count
        How many findings.
    fields
        Each field's value: a scalar for all, or a sequence of `count`. What is missing shows as a dash.

    Returns
    -------
    list of str
        `count` sentences, each as `Text.render` would give it.
    """
    wording, names = _template(message.fa if lang == "fa" else message.en)
    columns: list[list[str]] = []
    for name, spec in names:
        value = fields.get(name)
        if _is_scalar(value):
            columns.append([_shown(value, spec, lang)] * count)
        else:
            columns.append([_shown(one, spec, lang) for one in _plain(value)])
    return list(map(wording.format, *columns)) if columns else [wording.format()] * count


@cache
def _template(wording: str) -> tuple[str, list[tuple[str, str]]]:
    """Take a wording apart: itself with nameless fields, and the name and format of each field."""
    blank, names = "", []
    for literal, name, spec, _ in string.Formatter().parse(wording):
        blank += literal.replace("{", "{{").replace("}", "}}")
        if name is not None:
            blank += "{}"
            names.append((name, spec or ""))
    return blank, names


def _shown(value: Any, spec: str, lang: Language) -> str:
    if value is None or value != value:  # noqa: PLR0124 - not-a-number
        return _UNSAID
    try:
        return show(value, spec, lang)
    except (TypeError, ValueError):  # a note gave text for a number
        return show(str(value), "", lang)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, Text)) or np.isscalar(value)


def _plain(values: Any) -> Sequence[Any]:
    """Give NumPy's numbers as Python's, which a message's format knows."""
    listed: Sequence[Any] = values.tolist() if hasattr(values, "tolist") else values
    return listed


def count_of(found: Found) -> int:
    """
    Tell how many findings a check made in one layer.

    Parameters
    ----------
    found
        What it found.

    Returns
    -------
    int
        How many.
    """
    if found.rows is not None:
        return len(found.rows)
    return len(found.points) if found.points is not None else 1


def _names(inventory: Inventory, found: Found, count: int) -> Sequence[str]:
    """Give how the features at fault are called."""
    if found.layer not in SCHEMAS or found.rows is None:
        return [""] * count
    names: list[str] = inventory.names(found.layer, found.rows).tolist()
    return names


def _origins(layer: gpd.GeoDataFrame | None, found: Found, count: int) -> dict[str, Sequence[Any]]:
    """Give what each finding is about: a feature; where a layer as a whole is at fault, its file if it has but one."""
    if found.refs is not None:
        return {
            "source": [ref.source for ref in found.refs],
            "source_layer": [ref.layer for ref in found.refs],
            "record": [ref.record for ref in found.refs],
        }
    if layer is not None and found.rows is not None:
        return {name: layer[name].iloc[found.rows].tolist() for name in ORIGIN}
    alike: dict[str, Sequence[Any]] = {"record": [None] * count}
    for name in ORIGIN[:2]:
        values = [] if layer is None else layer[name].dropna().unique().tolist()
        alike[name] = [values[0] if len(values) == 1 else ""] * count
    return alike


def _first_vertices(layer: gpd.GeoDataFrame | None, found: Found, count: int) -> NDArray[np.float64]:
    """Give the first vertex of each feature at fault; not-a-number where it has none."""
    points = np.full((count, 2), np.nan)
    if layer is not None and found.rows is not None:
        coordinates, owners = shapely.get_coordinates(
            np.asarray(layer.geometry.array, dtype=object)[found.rows], return_index=True
        )
        first_owner, first = np.unique(owners, return_index=True)
        points[first_owner] = coordinates[first]
    return points
