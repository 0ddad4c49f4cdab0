"""
The checks: what is wrong with a survey, each fault with its code and its place.

`run` goes through the registry and gives the findings of all checks as one table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gis.checks import attributes, coordinates, delivery, geometry, network, totals
from gis.checks.context import Context
from gis.checks.registry import FAMILIES, Found, Page, finders, pages
from gis.errors import ProjectError
from gis.inventory import CRS, SCHEMAS
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from gis.inventory import Inventory
    from gis.project import Severity

__all__ = ["FAMILIES", "Found", "Page", "pages", "run", "selection"]

# Importing a family is what registers its checks.
_FAMILY_MODULES = (delivery, coordinates, geometry, network, attributes, totals)
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
COLUMNS = (
    "code",
    "name",
    "severity",
    "layer",
    "feature",
    "message",
    "message_fa",
    "fixable",
    "lon",
    "lat",
    "geometry",
)


def selection(select: Sequence[str], ignore: Sequence[str]) -> list[str]:
    """
    Tell which checks a selection means.

    Parameters
    ----------
    select, ignore
        Codes (``"N302"``), families (``"N"``), or ``"all"``; what is ignored is taken away last.

    Returns
    -------
    list of str
        Codes in the registry's order.

    Raises
    ------
    ProjectError
        A word is neither a code nor a family.
    """
    known = pages()

    def meant(words: Sequence[str]) -> set[str]:
        codes: set[str] = set()
        for word in words:
            matching = set(known) if word == "all" else {c for c in known if word in (c, c[0])}
            if not matching:
                raise ProjectError(
                    Text(
                        "there is no check {word}; families are {families}, and `fibre explain` lists the codes",
                        "بررسی {word} وجود ندارد؛ خانواده‌ها {families} هستند و `fibre explain` کدها را نشان می‌دهد",
                    ),
                    word=repr(word),
                    families=", ".join(FAMILIES),
                )
            codes |= matching
        return codes

    wanted = meant(select) - meant(ignore)
    return [code for code in known if code in wanted]


def run(
    inventory: Inventory,
    measured: pd.DataFrame | None = None,
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
) -> gpd.GeoDataFrame:
    """
    Check a survey.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Its lengths, where they are known already.
    select, ignore
        Which checks; without them those of the project file.

    Returns
    -------
    geopandas.GeoDataFrame
        A row a finding, WGS 84, ordered by code and place in the layer, with the columns of `COLUMNS`; ``geometry``
        is a point, the stretch at fault, or None. Its ``attrs`` hold ``ran`` (codes), ``not_run`` (code to the
        reason, a `Text`), ``failed`` (code to the error's text) and ``looked_at`` (layer to its feature count).

    Raises
    ------
    ProjectError
        The selection names a check that does not exist.
    """
    settings = inventory.project.checks
    codes = selection(
        settings.select if select is None else select, settings.ignore if ignore is None else ignore
    )
    context = Context(inventory, measured)
    ran: list[str] = []
    not_run: dict[str, Text] = {}
    failed: dict[str, str] = {}
    tables: list[dict[str, Any]] = []
    functions = finders()
    for code in codes:
        page = pages()[code]
        reason = _absence(inventory, page)
        if reason is not None:
            not_run[code] = reason
            continue
        try:
            found = list(functions[code](context))
        except Exception as error:  # noqa: BLE001 - one check's failure is named and must not hide the others' findings
            failed[code] = f"{type(error).__name__}: {error}"
            continue
        ran.append(code)
        severity = settings.severity.get(code, page.severity)
        tables += [_tabulated(inventory, page, severity, one) for one in found]
    findings = _joined(tables)
    findings.attrs = {
        "ran": ran,
        "not_run": not_run,
        "failed": failed,
        "looked_at": {name: len(inventory.layer(name)) for name in SCHEMAS},
    }
    return findings


def _absence(inventory: Inventory, page: Page) -> Text | None:
    """Say what a check needs and the survey does not have."""
    for name in page.layers:
        if not len(inventory.layer(name)):  # type: ignore[arg-type]
            label = SCHEMAS[name].label  # type: ignore[index]
            return Text(f"no {label.en.lower()}", f"لایهٔ {label.fa} نیست")
    for needed in page.columns:
        name, column = needed.split(".")
        if not inventory.layer(name)[column].notna().any():  # type: ignore[arg-type]
            label = SCHEMAS[name][column].label  # type: ignore[index]
            return Text(f"no {needed}", f"ستون «{label.fa}» نیست")
    if page.code == "C102" and inventory.area is None:
        return Text("the project names no area", "پروژه محدوده‌ای ندارد")
    if page.code == "A407" and inventory.counties is None:
        return Text("the project names no counties", "پروژه مرز شهرستان‌ها را ندارد")
    return None


def _tabulated(inventory: Inventory, page: Page, severity: Severity, found: Found) -> dict[str, Any]:
    """Turn what a check found in one layer into columns of the table."""
    import shapely

    count = 1 if found.rows is None else len(found.rows)
    layer = inventory.layer(found.layer) if found.layer in SCHEMAS else None  # type: ignore[arg-type]
    features = found.features if found.features is not None else _names(layer, found)
    points = found.points if found.points is not None else _first_vertices(layer, found)
    geometry = np.full(count, None, dtype=object)
    placed = np.isfinite(points).all(axis=1)
    geometry[placed] = shapely.points(points[placed])
    if found.lines is not None:
        geometry = np.where(shapely.is_missing(found.lines), geometry, found.lines)
    scalars = {key: value for key, value in found.fields.items() if _is_scalar(value)}
    series = {key: value for key, value in found.fields.items() if key not in scalars}
    rendered: dict[str, list[str]] = {"en": [], "fa": []}
    for row in range(count):
        fields = {**scalars, **{key: _plain(value[row]) for key, value in series.items()}}
        for lang, messages in rendered.items():
            messages.append(page.message.render(lang, **fields))  # type: ignore[arg-type]
    return {
        "code": [page.code] * count,
        "name": [page.name] * count,
        "severity": [severity] * count,
        "layer": [found.layer] * count,
        "feature": list(features),
        "message": rendered["en"],
        "message_fa": rendered["fa"],
        "fixable": [page.fix is not None] * count,
        "lon": points[:, 0],
        "lat": points[:, 1],
        "geometry": geometry,
    }


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, Text)) or np.isscalar(value)


def _plain(value: Any) -> Any:
    """Give NumPy's numbers as Python's, which a message's format knows."""
    return value.item() if isinstance(value, np.generic) else value


def _names(layer: gpd.GeoDataFrame | None, found: Found) -> list[str]:
    """Give the ids of the features at fault, or their record numbers where they have none."""
    if layer is None or found.rows is None:
        return [""] * (1 if found.rows is None else len(found.rows))
    ids = layer[SCHEMAS[found.layer].id].to_numpy(dtype=object)[found.rows]  # type: ignore[index]
    records = layer["record"].to_numpy()[found.rows]
    return [str(i) if isinstance(i, str) and i else f"#{record}" for i, record in zip(ids, records, strict=True)]


def _first_vertices(layer: gpd.GeoDataFrame | None, found: Found) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give the first vertex of each feature at fault; not-a-number where it has none."""
    import shapely

    count = 1 if found.rows is None else len(found.rows)
    points = np.full((count, 2), np.nan)
    if layer is not None and found.rows is not None:
        coordinates, owners = shapely.get_coordinates(
            np.asarray(layer.geometry.array)[found.rows], return_index=True
        )
        first_owner, first = np.unique(owners, return_index=True)
        points[first_owner] = coordinates[first]
    return points


def _joined(tables: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Put the tables of all checks below each other."""
    import geopandas as gpd

    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for table in tables:
        for name in COLUMNS:
            columns[name].extend(table[name])
    geometry = columns.pop("geometry")
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS)
