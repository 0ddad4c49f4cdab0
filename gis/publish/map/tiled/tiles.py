"""
The map of a large survey: a folder with a PMTiles archive, what the page reads besides it, and the page.

Vector tiles hold the geometry and what it is drawn by; `gis.publish.map.tiled.store` holds everything else. The page
is that of `gis.publish.map.page`, with the same panel, search and popups; MapLibre GL JS draws what would be too much
for a canvas. Which zoom level shows which feature is decided by `gis.publish.map.tiled.levels`, and the page says how
many it leaves out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.coordinates.trial import IRAN
from gis.publish.files import Folder, digest
from gis.publish.map import page as maps
from gis.publish.map import payload
from gis.publish.map.background import background
from gis.publish.map.background.basemap import NONE, Basemap, LocalTiles, is_local, online
from gis.publish.map.places import about, around, extent, place
from gis.publish.map.tiled import levels, store
from gis.publish.map.tiled.layers import (
    Layer,
    feature_names,
    findings_layer,
    fitting_symbols,
    manhole_symbols,
    points_layer,
    rank,
    routes_layer,
)
from gis.publish.map.tiled.pack import drawn, tile
from gis.publish.map.tiled.page import MAPLIBRE, TilesPage, require
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from gis.checks.findings import Findings
    from gis.checks.registry import Page
    from gis.inventory import Inventory
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.totals import TotalResult

# Beyond this many features a map is written as tiles.
LIMIT = 50_000
PAGE, ARCHIVE, STORE, BACKGROUND = "index.html", "survey.pmtiles", "survey.bin", "background.pmtiles"
_CARD_FINDINGS = 5


def count(inventory: Inventory, findings: Findings) -> int:
    """
    Count what a map would show.

    Parameters
    ----------
    inventory
        The survey.
    findings
        Its faults.

    Returns
    -------
    int
        Features and findings together; above `LIMIT` the map is one of tiles.
    """
    return sum(len(inventory.layer(name)) for name in payload.DRAWN) + len(findings)


def write(
    inventory: Inventory,
    measured: Measured,
    findings: Findings,
    totals: Sequence[TotalResult],
    out: Path,
    lang: Language = "fa",
    basemap: str | None = None,
    pages: Mapping[str, Page] | None = None,
) -> list[Path]:
    """
    Write the map of a large survey, whole or not at all.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Its lengths, metres, one row a route in the inventory's order.
    findings
        Its faults, WGS 84 degrees.
    totals
        Recorded against measured.
    out
        The folder; made where it is missing.
    lang
        The language that it opens in; the page itself switches.
    basemap
        As for `gis.publish.map.page.build`; the tiles of an archive are copied into the folder.
    pages
        Code to page of the checks; by default all that there are.

    Returns
    -------
    list of pathlib.Path
        What was written; the page is the first. `gis.publish.map.tiled.serve` shows it.

    Raises
    ------
    FibreError
        The extra ``tiles`` is not installed, the folder cannot be written to, or the basemap is refused as
        `gis.publish.map.page.build` does.
    """
    maplibre = require(count(inventory, findings))
    local = is_local(basemap or "")
    under = online(basemap) if basemap and not local else NONE
    if pages is None:
        pages = findings.pages
    places = {
        "routes": place(inventory.routes.geometry.to_numpy()),
        "manholes": place(inventory.manholes.geometry.to_numpy()),
        "fittings": place(inventory.layer("fittings").geometry.to_numpy()),
        "findings": place(about(findings)),
    }
    boxes = np.vstack([one.boxes for one in places.values()])
    lowest = levels.lowest(np.vstack([boxes, inventory.offices.bounds.to_numpy(dtype=float)]))
    ids = {name: feature_names(inventory, name) for name in ("routes", "manholes", "fittings")}

    located = payload.located(inventory, findings.table)
    order = levels.nearby(places["routes"].anchors)
    _follow(located, findings["layer"] == "routes", order)
    routes = routes_layer(
        inventory.routes.iloc[order], places["routes"].take(order), measured.iloc[order], lowest
    )
    measured = measured.iloc[order]
    ids["routes"] = [ids["routes"][row] for row in order]
    points = []
    symbols = {"manholes": manhole_symbols, "fittings": fitting_symbols}
    for name, of in symbols.items():
        order = levels.nearby(places[name].anchors)
        _follow(located, findings["layer"] == name, order)
        frame = inventory.layer(name).iloc[order]  # type: ignore[arg-type]
        points.append(points_layer(frame, places[name].take(order), of(frame), lowest))
        ids[name] = [ids[name][row] for row in order]
    manholes, fittings = points
    order = np.lexsort((-findings["amount"].fillna(-np.inf).to_numpy(dtype=float), rank(findings)))
    faults = findings_layer(findings.assign(row=located).iloc[order], places["findings"].take(order), lowest)
    del places

    kept = [*inventory.read_from, *([Path(basemap)] if basemap and local else [])]
    with Folder(out, kept) as folder:
        folder.path(PAGE)
        if basemap and local:
            packed = background.pack(basemap, extent(inventory) or IRAN.bounds, folder.path(BACKGROUND))
            under = Basemap(
                LocalTiles(), content={**packed.content(), "address": _address(folder, BACKGROUND)}
            )
        for name in MAPLIBRE:
            folder.write(name, (maplibre / "srcjs" / name).read_bytes())
        sources = tile(routes, manholes, fittings, faults, ids, lowest, folder.path(ARCHIVE))
        with folder.path(STORE).open("wb") as stream:
            directory = store.write(
                stream, _stored(inventory, routes, manholes, fittings, faults, measured, ids)
            )
        head = _head(inventory, measured, findings, totals, pages)
        head["bounds"] = (
            head["bounds"] if inventory.outline is not None else around(boxes) or list(IRAN.bounds)
        )
        head["store"] = {"address": _address(folder, STORE), **directory}
        head["tiles"] = {
            "address": _address(folder, ARCHIVE),
            "lowest": lowest,
            "top": levels.TOP,
            "squares": [levels.LINE_SQUARE, levels.POINT_SQUARE],
            "tiles": sources,
            "drawn": drawn(routes, manholes, fittings, faults, lowest),
        }
        page = TilesPage(inventory.project.name(lang), payload.dumps(head), lang, under)
        folder.write(PAGE, maps.page(maps.assemble(page, head["bounds"])).encode("utf-8", "replace"))
    return folder.written


def _follow(located: NDArray[np.intp], own: pd.Series[bool], order: NDArray[np.intp]) -> None:
    """Let the rows that findings are about follow their layer into another order."""
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    moved = own.to_numpy(dtype=bool) & (located >= 0)
    located[moved] = place[located[moved]]


def _address(folder: Folder, name: str) -> str:
    """Give a file's address, which changes with the file, so that a browser never mixes two runs."""
    return f"{name}?{digest(folder.path(name))[:16]}"


# --- the layers in the page's order --------------------------------------------------------------------------------


# --- tiles ---------------------------------------------------------------------------------------------------------


# --- what the page reads -------------------------------------------------------------------------------------------


def _stored(
    inventory: Inventory,
    routes: Layer,
    manholes: Layer,
    fittings: Layer,
    faults: Layer,
    measured: Measured,
    ids: dict[str, list[str]],
) -> list[store.Layer]:
    """Put together what goes into the store."""
    length = f"{inventory.project.project.length}_m"
    listed = []
    for name, layer, columns, more in (
        ("routes", routes, ("kind", "status", "installation", "county", "office_id"), (measured,)),
        ("manholes", manholes, ("kind", "status"), ()),
        ("fittings", fittings, ("kind", "status"), ()),
    ):
        schema = SCHEMAS[name]  # type: ignore[index]
        rows = np.where(faults.frame["layer"] == name, faults.frame["row"].to_numpy(), -1)
        shown = store.first_of_each(rows, _CARD_FINDINGS)
        listed.append(
            store.Layer(
                name,
                len(layer.frame),
                layer.placed,
                {column: layer.frame[column] for column in columns},
                store.named(
                    store.encoder(layer.frame, payload.encode_layer, schema, *more),
                    layer.frame[schema.id].isna().to_numpy(),
                    ids[name],
                    store.grouped(rows[shown], shown),
                ),
                {length: measured[length].to_numpy(dtype=float, na_value=np.nan)} if more else {},
                ids[name],
            )
        )
    known = {column: faults.frame[column] for column in ("code", "severity", "layer")}
    known |= payload.told(faults.frame)
    encode = store.encoder(faults.frame, payload.encode_findings)
    listed.append(store.Layer("findings", len(faults.frame), faults.placed, known, encode))
    return listed


def _head(
    inventory: Inventory,
    measured: Measured,
    findings: Findings,
    totals: Sequence[TotalResult],
    pages: Mapping[str, Page],
) -> dict[str, Any]:
    """Put together what the page carries itself: everything but the features of the layers that are in the store."""
    few = inventory.routes.iloc[:0]
    pairs = {"county", "county_en"}
    routes, manholes = (
        layer.drop_duplicates("county") if pairs <= set(layer.columns) else layer.iloc[:0]
        for layer in (inventory.routes, inventory.manholes)
    )
    head = payload.build(
        replace(inventory, routes=routes, manholes=manholes, fittings=inventory.layer("fittings").iloc[:0]),
        measured.iloc[: len(routes)] if len(routes) else measured.iloc[: len(few)],
        replace(findings, table=findings.drop_duplicates("code")),
        totals,
        pages,
    )
    nothing = {"size": 0, "counts": [], "deltas": [], "unplaced": 0, "columns": {}}
    head["layers"] = {name: layer if name == "offices" else nothing for name, layer in head["layers"].items()}
    head["checks"] = payload.encode_checks(findings)
    head["unmeasured"] = int(measured["geodesic_m"].isna().sum())
    head["illustrative"] = {
        name: int((inventory.layer(name)["provenance"] == "illustrative").sum()) for name in payload.DRAWN
    }
    return head
