"""Tables of features packed into vector tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.publish.map.tiled import levels, store
from gis.publish.map.tiled.layers import Layer, fitting_symbols, manhole_symbols, texts
from gis.schema import CRS, SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def tile(
    routes: Layer,
    manholes: Layer,
    fittings: Layer,
    faults: Layer,
    ids: dict[str, list[str]],
    lowest: int,
    path: Path,
) -> dict[str, list[str]]:
    """
    Write the archive; give the names of its layers, one for each level that features are drawn from.

    Parameters
    ----------
    routes, manholes, fittings, faults
        What is drawn, with the level that each feature is drawn from.
    ids
        What each feature is called, by layer.
    lowest
        The lowest level.
    path
        The PMTiles archive to write.

    Returns
    -------
    dict
        Group of features to the names of its layers in the archive.
    """
    from freestiler import FreestileLayer, freestile  # noqa: PLC0415 - an extra

    sources: dict[str, list[str]] = {
        group: [] for group in ("lines", "dots", "manholes", "fittings", "stretches", "findings")
    }
    tiled: dict[str, FreestileLayer] = {}

    def add(
        group: str, first: int, last: int, rows: NDArray[np.intp], geometry: Any, table: pd.DataFrame
    ) -> None:
        if len(rows):
            name = f"{group}{first}"
            sources[group].append(name)
            layer = gpd.GeoDataFrame(table.iloc[rows], geometry=geometry, crs=CRS)
            tiled[name] = FreestileLayer(layer, first, last)

    span = range(lowest, levels.TOP + 1)
    table = _table(routes.frame, "kind", "status", "installation", "county", route_id=ids["routes"])
    from_line = levels.line_levels(routes.placed.boxes)
    from_line = np.where(
        shapely.is_missing(routes.placed.lines), levels.TOP + 1, np.maximum(from_line, routes.levels)
    )
    shown = routes.levels >= 0
    for level in span:
        rows = np.flatnonzero(shown & (from_line == level))
        add("lines", level, levels.TOP, rows, routes.placed.lines[rows], table)
        rows = np.flatnonzero(shown & (routes.levels <= level) & (from_line > level))
        add("dots", level, level, rows, shapely.points(routes.placed.anchors[rows]), table)
    for name, layer, kinds in (
        ("manholes", manholes, manhole_symbols(manholes.frame)),
        ("fittings", fittings, fitting_symbols(fittings.frame)),
    ):
        table = _table(layer.frame, "status", **{SCHEMAS[name].id: ids[name]}, kind=kinds)  # type: ignore[index]
        for level in span:
            rows = np.flatnonzero(layer.levels == level)
            add(name, level, levels.TOP, rows, shapely.points(layer.placed.anchors[rows]), table)
    table = _table(faults.frame, "code", "severity")
    from_line = np.maximum(levels.line_levels(faults.placed.boxes), faults.levels)
    drawn = (faults.levels >= 0) & ~shapely.is_missing(faults.placed.lines)
    for level in span:
        rows = np.flatnonzero(faults.levels == level)
        add("findings", level, levels.TOP, rows, shapely.points(faults.placed.anchors[rows]), table)
        rows = np.flatnonzero(drawn & (from_line == level))
        add("stretches", level, levels.TOP, rows, faults.placed.lines[rows], table)
    if not tiled:  # an archive is needed all the same, and freestiler writes none of nothing
        tiled["nothing"] = FreestileLayer(
            gpd.GeoDataFrame({"row": [0]}, geometry=[shapely.Point(0, 0)], crs=CRS), lowest, lowest
        )
    freestile(tiled, path, min_zoom=lowest, max_zoom=levels.TOP, generate_ids=False, quiet=True)
    return sources


def _table(frame: gpd.GeoDataFrame, *columns: str, **more: Any) -> pd.DataFrame:
    """Give what features are drawn by, with the row that the page knows each by."""
    table: dict[str, Any] = {"row": np.arange(len(frame)), **more}
    for column in columns:
        codes, distinct = pd.factorize(frame[column])
        texts = np.array([*(store.shortened(str(value)) for value in distinct), None], dtype=object)
        table[column] = texts[codes]
    # Objects of Python's, over which freestiler goes one by one.
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="int64" if name == "row" else "object")
            for name, values in table.items()
        }
    )


def drawn(
    routes: Layer, manholes: Layer, fittings: Layer, faults: Layer, lowest: int
) -> list[dict[str, Any]]:
    """
    Count what each level draws, from the lowest on; the top level draws everything that has a place.

    Parameters
    ----------
    routes, manholes, fittings, faults
        What is drawn, with the level that each feature is drawn from.
    lowest
        The lowest level.

    Returns
    -------
    list of dict
        A group of features each: ``group``, and ``counts`` with a number a level.
    """

    def counts(shown: NDArray[np.int8]) -> list[int]:
        return [int(((shown >= 0) & (shown <= level)).sum()) for level in range(lowest, levels.TOP + 1)]

    duct = (texts(routes.frame, "kind") == "duct").to_numpy()
    exchange = manhole_symbols(manholes.frame) == "exchange"
    fitted = np.ones(len(fittings.frame), dtype=bool)
    groups = [
        {"group": name, "counts": counts(layer.levels[which])}
        for name, layer, which in (
            ("ducts", routes, duct),
            ("cables", routes, ~duct),
            ("manholes", manholes, ~exchange),
            ("exchanges", manholes, exchange),
            ("fittings", fittings, fitted),
        )
        if name != "fittings" or len(layer.frame)
    ]
    frame = faults.frame.reset_index(drop=True)
    for (code, severity), rows in frame.groupby(["code", "severity"], sort=True).indices.items():
        groups.append(
            {"group": "findings", "code": code, "severity": severity, "counts": counts(faults.levels[rows])}
        )
    return groups
