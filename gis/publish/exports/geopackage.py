"""The survey and its findings for other programs: GeoPackage with styles of QGIS, and SARIF."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.address import address
from gis.inventory import ORIGIN
from gis.language import Text
from gis.publish.exports import qgis
from gis.publish.symbols import symbols
from gis.publish.wording.figures import ILLUSTRATIVE, SEVERITIES
from gis.schema import CRS, CURVES, FITTINGS, LENGTHS, MANHOLES, OFFICES, ROUTES, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from gis.checks.findings import Findings
    from gis.inventory import Inventory
    from gis.lengths.measured import Measured
    from gis.publish.symbols import Group, Point
    from gis.schema import Schema

# GDAL stamps GeoPackages with the time of day unless it is told one: the same survey then gives the same
# bytes.
_MOMENT = "1980-01-01T00:00:00.000Z"
# 1.2 is read by every QGIS 3 and by GDAL from 2.2 on without a warning.
_GEOPACKAGE = "1.2"
_OTHER, _AREA = Text("other", "دیگر"), Text("area", "محدوده")
# The map draws a route wide or narrow by its kind, and opens with the colours of its status.
_KIND_AND_STATUS = """concat("kind", ' ', "status")"""


def findings_gpkg(findings: Findings, path: str | Path) -> None:
    """
    Write findings as a GeoPackage that QGIS opens in colours of severity.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    path
        The file, which is new. Layers, all in EPSG:4326: ``finding_points`` holds every finding, at its place
        where it has one; ``finding_lines`` the stretches at fault.
    """
    import pandas as pd  # noqa: PLC0415

    geometry = _sound(findings.geometry.to_numpy())
    is_line = np.isin(shapely.get_type_id(geometry), (1, 5))
    places = shapely.points(findings[["lon", "lat"]].to_numpy(dtype=float))
    places[~np.isfinite(findings[["lon", "lat"]].to_numpy(dtype=float)).all(axis=1)] = None
    columns = ["code", "name", "severity", "layer", "feature", "message", "message_fa", "fixable", "cause"]
    table = pd.DataFrame(
        {name: findings[name].astype(bool if name == "fixable" else "str").to_numpy() for name in columns}
    )
    table["source"] = [address(source) for source in findings["source"]]
    table["source_layer"] = findings["source_layer"].astype("str").to_numpy()
    table["record"] = findings["record"].astype("Int64").array
    with _same_moment():
        _write(path, "finding_points", table, places, empty="Point", description="Findings at their places")
        _write(
            path,
            "finding_lines",
            table[is_line],
            geometry[is_line],
            empty="LineString",
            description="Stretches at fault",
        )
        _write_styles(path, _finding_styles())


def inventory_gpkg(
    inventory: Inventory, measured: Measured, path: str | Path, *, with_empty: bool = True
) -> None:
    """
    Write the survey as a GeoPackage that QGIS opens in colours.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Lengths as `gis.measure` gives them, a row a route in the inventory's order.
    path
        The file, which is new. Layers, all in EPSG:4326: ``routes`` with their lengths in metres, ``manholes``,
        ``offices``, ``fittings`` if there are any, and ``area`` where the project has one. Where the geometry is
        illustrative, each layer's description says so. Of routes with curves the column `gis.schema.CURVES` says which
        vertices were put in.
    with_empty
        Whether layers without features are written, too.
    """
    import pandas as pd  # noqa: PLC0415

    layers = {name: inventory.layer(name) for name in SCHEMAS}
    layers = {
        name: layer for name, layer in layers.items() if len(layer) or (with_empty and not SCHEMAS[name].rare)
    }
    lengths = measured[[*LENGTHS, "std_m", "bias_m"]].reset_index(drop=True)
    with _same_moment():
        if inventory.outline is not None:
            about = inventory.project.project
            area = pd.DataFrame({"name": [about.name], "name_fa": [about.name_fa]}, dtype="str")
            outline = np.array([inventory.outline], dtype=object)
            _write(path, "area", area, outline, empty="Polygon", description="Area of the project")
        for name, layer in layers.items():
            schema = SCHEMAS[name]
            illustrative = (layer["provenance"] == "illustrative").any()
            notice = f" {ILLUSTRATIVE.en} {ILLUSTRATIVE.fa}" if illustrative else ""
            table = _columns(layer, schema, lengths if name == "routes" else None)
            if name == "routes" and (curves := inventory.curve_texts()) is not None:
                table = table.drop(columns=CURVES, errors="ignore").assign(
                    **{CURVES: pd.Series(curves, dtype="str")}
                )
            _write(
                path,
                name,
                table,
                _sound(layer.geometry.to_numpy()),
                empty=schema.geometry_type,
                description=f"{schema.label.en} / {schema.label.fa}.{notice}",
            )
        styles = _inventory_styles(with_area=inventory.outline is not None)
        _write_styles(
            path, {name: style for name, style in styles.items() if name == "area" or name in layers}
        )


@contextlib.contextmanager
def _same_moment() -> Iterator[None]:
    """Let GDAL take one moment for the time of day."""
    import pyogrio  # noqa: PLC0415

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _MOMENT})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write(
    path: str | Path,
    layer: str,
    table: pd.DataFrame,
    geometry: NDArray[np.object_],
    *,
    empty: str,
    description: str,
) -> None:
    """Add a layer; `empty` is the geometry type of one without features."""
    import geopandas as gpd  # noqa: PLC0415
    import pyogrio  # noqa: PLC0415

    kind, promote = _common_type(geometry, empty)
    frame = gpd.GeoDataFrame(table.reset_index(drop=True), geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS)
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer,
        driver="GPKG",
        geometry_type=kind,
        promote_to_multi=promote,
        use_arrow=True,
        dataset_options={"VERSION": _GEOPACKAGE},
        layer_options={"DESCRIPTION": description},
    )


def _common_type(geometry: NDArray[np.object_], empty: str) -> tuple[str, bool]:
    """Give the one type that holds all geometries, and whether single ones must become parts of it."""
    types = set(np.unique(shapely.get_type_id(geometry)).tolist()) - {-1}
    names = {0: "Point", 1: "LineString", 3: "Polygon"}
    deep = " Z" if shapely.has_z(geometry).any() else ""
    for single, name in names.items():
        # Identifiers of shapely: a multipart type is its single type's and 4, a MultiPolygon being 6.
        multi = {0: 4, 1: 5, 3: 6}[single]
        if types and types <= {single, multi}:
            return (f"Multi{name}{deep}", True) if multi in types else (f"{name}{deep}", False)
    # GDAL's name for any geometry, with heights or without.
    return ("Unknown", False) if types else (empty, False)


def _sound(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Leave out geometries that are not finite, which take a layer's extent away; the check G203 names them."""
    sound = np.asarray(geometry, dtype=object).copy()
    coordinates, owners = shapely.get_coordinates(sound, return_index=True)
    sound[owners[~np.isfinite(coordinates).all(axis=1)]] = None
    return sound


def _columns(layer: gpd.GeoDataFrame, schema: Schema, lengths: pd.DataFrame | None) -> pd.DataFrame:
    """Give a layer's columns: canonical ones, lengths, where each feature is from, then the delivery's own."""
    import pandas as pd  # noqa: PLC0415

    table = pd.DataFrame(layer.drop(columns="geometry")).reset_index(drop=True)
    canonical = [*schema.names, *ORIGIN]
    own = [name for name in table.columns if name not in canonical]
    parts = [table[canonical], *([lengths] if lengths is not None else [])]
    taken = {"fid", "geom"} | {str(name).lower() for part in parts for name in part.columns}
    # SQLite knows columns by their letters' lower case.
    renamed = {}
    for name in own:
        wanted, count = str(name) or "column", 1
        while wanted.lower() in taken:
            count += 1
            wanted = f"{name}_{count}"
        taken.add(wanted.lower())
        renamed[name] = wanted
    extra = table[own].set_axis([renamed[name] for name in own], axis=1)
    for name in extra.columns:
        if extra[name].dtype == object:
            extra[name] = extra[name].where(extra[name].isna(), extra[name].astype("str")).astype("str")
    joined = pd.concat([*parts, extra], axis=1)
    joined["source"] = [address(source) for source in joined["source"].astype("str")]
    return joined


def _inventory_styles(*, with_area: bool) -> dict[str, str]:
    """Give the style of each layer, its categories in the order of the schema's codes."""
    drawn, kinds, states = symbols(), ROUTES["kind"].codes, ROUTES["status"].codes
    routes = {
        f"{kind} {state}": qgis.line(
            f"{_both(kinds[kind])} — {_both(states[state])}",
            drawn.lines[kind],  # type: ignore[index]
            f"status-{state}",
            drawn.dashes.get(state, ()),
        )
        for kind in kinds
        for state in states
    }
    manholes = {
        code: qgis.point(_both(text), *_point_of_manhole(code))
        for code, text in MANHOLES["kind"].codes.items()
    }
    offices = {
        code: qgis.point(_both(text), drawn.points["offices"][code], "offices")
        for code, text in OFFICES["connection"].codes.items()
    }
    fittings = {
        code: qgis.point(_both(text), drawn.points["fittings"][code], "fittings")
        for code, text in FITTINGS["kind"].codes.items()
    }
    # QGIS draws what is in no other category with the one of the empty value; without it such features would not be
    # seen.
    other = _both(_OTHER)
    styles = {
        "routes": qgis.qml(
            "line", routes | {"": qgis.line(other, drawn.lines["cable"], "other")}, _KIND_AND_STATUS
        ),
        "manholes": qgis.qml("marker", manholes | {"": qgis.other(other, "manholes")}, "kind"),
        "offices": qgis.qml("marker", offices | {"": qgis.other(other, "offices")}, "connection"),
        "fittings": qgis.qml(
            "marker",
            fittings | {"": qgis.point(other, drawn.points["fittings"]["unknown"], "fittings")},
            "kind",
        ),
    }
    return styles | {"area": qgis.qml("fill", {"": qgis.boundary(_both(_AREA))})} if with_area else styles


def _finding_styles() -> dict[str, str]:
    """Give the styles of findings, the worst first."""
    drawn = symbols()
    labels: dict[str, str] = {severity: _both(text) for severity, text in SEVERITIES.items()}
    places = {
        severity: qgis.point(label, drawn.points["findings"][severity], "findings")
        for severity, label in labels.items()
    }
    stretches = {
        severity: qgis.line(label, drawn.lines["stretch"], drawn.points["findings"][severity].colour)
        for severity, label in labels.items()
    }
    return {
        "finding_points": qgis.qml("marker", places, "severity"),
        "finding_lines": qgis.qml("line", stretches, "severity"),
    }


def _point_of_manhole(kind: str) -> tuple[Point, Group]:
    """Find the symbol of a kind of manhole, which is in two groups of the map."""
    group: Group = "exchanges" if kind in symbols().points["exchanges"] else "manholes"
    return symbols().points[group][kind], group


def _both(text: Text) -> str:
    """Write a label that readers of both languages know."""
    return f"{text.en} / {text.fa}"


def _write_styles(path: str | Path, styles: dict[str, str]) -> None:
    """Add the table in which QGIS looks for the style of each layer."""
    import pandas as pd  # noqa: PLC0415
    import pyogrio  # noqa: PLC0415

    count = len(styles)
    table = pd.DataFrame(
        {
            "f_table_catalog": [""] * count,
            "f_table_schema": [""] * count,
            "f_table_name": list(styles),
            "f_geometry_column": ["geom"] * count,
            "styleName": list(styles),
            "styleQML": list(styles.values()),
            "styleSLD": [""] * count,
            "useAsDefault": [True] * count,
            "description": [""] * count,
            "owner": [""] * count,
            "ui": [""] * count,
            "update_time": pd.to_datetime([_MOMENT] * count),
        }
    )
    pyogrio.write_dataframe(
        table, path, layer="layer_styles", driver="GPKG", use_arrow=True, layer_options={"FID": "id"}
    )
