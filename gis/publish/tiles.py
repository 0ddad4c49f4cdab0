"""
The map of a large survey: a folder with a PMTiles archive, what the page reads besides it, and the page.

Vector tiles hold the geometry and what it is drawn by; `gis.publish.store` holds everything else. The page is that of
`gis.publish.map`, with the same panel, search and popups; MapLibre GL JS draws what would be too much for a canvas.
Which zoom level shows which feature is decided by `gis.publish.levels`, and the page says how many it leaves out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from branca.element import Element

from gis.errors import FibreError
from gis.language import Text
from gis.publish import background, levels, payload, store
from gis.publish import map as maps
from gis.publish.basemap import NONE, Basemap, LocalTiles, is_local, online
from gis.publish.files import Folder, digest
from gis.publish.pages import asset
from gis.schema import CRS, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

    from numpy.typing import NDArray

    from gis.checks.registry import Page
    from gis.inventory import Inventory
    from gis.language import Language
    from gis.publish.levels import Placed
    from gis.totals import TotalResult

# Beyond this many features a map is written as tiles.
LIMIT = 50_000
PAGE, ARCHIVE, STORE, BACKGROUND = "index.html", "survey.pmtiles", "survey.bin", "background.pmtiles"
_MAPLIBRE = ("maplibre-gl.js", "maplibre-gl.css")
_SCRIPTS = ("archive.js", "tiled.js", "dress.js", "surface.js", "tiles.js")
_MAP_SCRIPT = "map.js"
_MANHOLES = ("exchange", "manhole", "handhole", "closure", "pole")
_SEVERITIES = ("error", "warning", "info")
_CARD_FINDINGS = 5

_MISSING = Text(
    "{features:,} features are mapped as tiles, which needs the package {package}; install it: "
    "pip install 'fibre-gis[tiles]'",
    "{features:,} عارضه به شکل کاشی نقشه می‌شود و این به بستهٔ {package} نیاز دارد؛ آن را نصب کنید: "
    "pip install 'fibre-gis[tiles]'",
)


class TilesPage(maps.MapPage):
    """
    The page of a map whose features are in files beside it.

    Parameters
    ----------
    title
        The page's title.
    data
        What it carries itself, as `gis.publish.payload.dumps` writes it.
    lang
        The language that the page opens in.
    basemap
        The tiles under it.
    """

    # MapLibre works in a thread that it starts from a blob; nothing comes from another host.
    allowed: ClassVar[dict[str, str]] = {
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "blob:",
        "connect-src": "'self'",
        "worker-src": "blob:",
    }

    def __init__(self, title: str, data: str, lang: Language, basemap: Basemap = NONE) -> None:
        super().__init__(title, data, lang, basemap)
        script, sheet = _MAPLIBRE
        self.header.add_child(Element(f'<link rel="stylesheet" href="{sheet}">'), name="maplibre_css")
        self.header.add_child(Element(f'<script src="{script}"></script>'), name="maplibre_js")
        self.style = f"{self.style}\n{asset('tiles.css')}"
        shared = [name for name in maps.SCRIPTS if name != _MAP_SCRIPT]
        ours = "\n".join(asset(name) for name in (*shared, *_SCRIPTS))
        # The script of every map returns its beginning; that of a tiled map is put before it.
        ours += (
            f"\nconst {{ start }} = (() => {{\n{asset(_MAP_SCRIPT)}\n}})();"
            "\nreturn { start: options => Tiles.start(start, options), background: Tiles.background };"
        )
        words = {**json.loads(asset("words.json")), **json.loads(asset("tiles.json"))}
        self.library = maps.library(json.dumps(words, ensure_ascii=False), ours)


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer in the order in which the page knows it, and the level from which each feature is drawn."""

    frame: gpd.GeoDataFrame
    placed: Placed
    levels: NDArray[np.int8]


def count(inventory: Inventory, findings: gpd.GeoDataFrame) -> int:
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
    return sum(len(inventory.layer(name)) for name in SCHEMAS) + len(findings)


def write(
    inventory: Inventory,
    measured: pd.DataFrame,
    findings: gpd.GeoDataFrame,
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
        As for `gis.publish.map.build`; the tiles of an archive are copied into the folder.
    pages
        Code to page of the checks; by default all that there are.

    Returns
    -------
    list of pathlib.Path
        What was written; the page is the first. `gis.publish.serve` shows it.

    Raises
    ------
    FibreError
        The extra ``tiles`` is not installed, the folder cannot be written to, or the basemap is refused as
        `gis.publish.map.build` does.
    """
    maplibre = _require(count(inventory, findings))
    local = is_local(basemap or "")
    under = online(basemap) if basemap and not local else NONE
    if pages is None:
        from gis.checks import registry  # noqa: PLC0415 - only where the caller has no pages of his own

        pages = registry.pages()
    places = {
        "routes": levels.place(inventory.routes.geometry.to_numpy()),
        "manholes": levels.place(inventory.manholes.geometry.to_numpy()),
        "findings": levels.place(_shapes(findings)),
    }
    boxes = np.vstack([one.boxes for one in places.values()])
    lowest = levels.lowest(np.vstack([boxes, inventory.offices.bounds.to_numpy(dtype=float)]))
    ids = {name: _ids(inventory, name) for name in ("routes", "manholes")}

    order = levels.nearby(places["routes"].anchors)
    routes = _routes(inventory.routes.iloc[order], places["routes"].take(order), measured.iloc[order], lowest)
    measured = measured.iloc[order]
    ids["routes"] = [ids["routes"][row] for row in order]
    order = levels.nearby(places["manholes"].anchors)
    manholes = _manholes(inventory.manholes.iloc[order], places["manholes"].take(order), lowest)
    ids["manholes"] = [ids["manholes"][row] for row in order]
    order = np.argsort(_rank(findings), kind="stable")
    faults = _faults(findings.iloc[order], places["findings"].take(order), lowest)
    del places

    with Folder(out) as folder:
        folder.path(PAGE)
        if basemap and local:
            packed = background.pack(
                basemap, background.extent(inventory) or maps.IRAN, folder.path(BACKGROUND)
            )
            under = Basemap(
                LocalTiles(), content={**packed.content(), "address": _address(folder, BACKGROUND)}
            )
        for name in _MAPLIBRE:
            folder.write(name, (maplibre / "srcjs" / name).read_bytes())
        sources = _tile(routes, manholes, faults, ids, lowest, folder.path(ARCHIVE))
        with folder.path(STORE).open("wb") as stream:
            directory = store.write(stream, _stored(inventory, routes, manholes, faults, measured, ids))
        head = _head(inventory, measured, findings, totals, pages)
        head["bounds"] = head["bounds"] if inventory.outline is not None else _bounds(boxes)
        head["store"] = {"address": _address(folder, STORE), **directory}
        head["tiles"] = {
            "address": _address(folder, ARCHIVE),
            "lowest": lowest,
            "top": levels.TOP,
            "squares": [levels.LINE_SQUARE, levels.POINT_SQUARE],
            "tiles": sources,
            "drawn": _drawn(routes, manholes, faults, lowest),
        }
        page = TilesPage(inventory.project.name(lang), payload.dumps(head), lang, under)
        folder.write(PAGE, maps.page(maps.assemble(page, head["bounds"])).encode("utf-8", "replace"))
    return folder.written


def _address(folder: Folder, name: str) -> str:
    """Give a file's address, which changes with the file, so that a browser never mixes two runs."""
    return f"{name}?{digest(folder.path(name))[:16]}"


def _require(features: int) -> Path:
    """Give the folder of the package that MapLibre GL JS is in; it is not imported, as that greets with warnings."""
    places = {}
    for package in ("freestiler", "maplibre", "pmtiles"):
        found = find_spec(package)
        if found is None or found.origin is None:
            raise FibreError(_MISSING, features=features, package=package)
        places[package] = Path(found.origin).parent
    return places["maplibre"]


# --- the layers in the page's order --------------------------------------------------------------------------------


def _routes(frame: gpd.GeoDataFrame, placed: Placed, measured: pd.DataFrame, lowest: int) -> _Layer:
    lengths = np.nan_to_num(measured["geodesic_m"].to_numpy(dtype=float, na_value=0.0))
    classes = pd.factorize(_texts(frame, "kind") + "|" + _texts(frame, "status"))[0]
    return _Layer(
        frame,
        placed,
        levels.first_levels(
            placed.anchors, classes, np.argsort(-lengths, kind="stable"), lowest, levels.LINE_SQUARE
        ),
    )


def _manholes(frame: gpd.GeoDataFrame, placed: Placed, lowest: int) -> _Layer:
    classes = pd.factorize(_symbols(frame))[0]
    return _Layer(
        frame,
        placed,
        levels.first_levels(placed.anchors, classes, np.arange(len(frame)), lowest, levels.POINT_SQUARE),
    )


def _faults(findings: gpd.GeoDataFrame, placed: Placed, lowest: int) -> _Layer:
    classes = pd.factorize(findings["code"])[0]
    return _Layer(
        findings,
        placed,
        levels.first_levels(placed.anchors, classes, np.arange(len(findings)), lowest, levels.POINT_SQUARE),
    )


def _texts(frame: pd.DataFrame, column: str) -> pd.Series:
    """Give a column as texts, none for a missing one."""
    return frame[column].astype("object").where(frame[column].notna(), "").astype("str")


def _symbols(manholes: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Give the symbol of each manhole, as the page does."""
    kinds = _texts(manholes, "kind").to_numpy(dtype=object)
    return np.where(np.isin(kinds, _MANHOLES), kinds, "manhole")


def _rank(findings: gpd.GeoDataFrame) -> NDArray[np.intp]:
    """Give the place of each finding's severity, the gravest first."""
    return pd.Categorical(findings["severity"], categories=_SEVERITIES).codes.astype(np.intp)


def _shapes(findings: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Give what findings are about, or where they are."""
    shapes = np.array(findings.geometry.to_numpy(), dtype=object)
    places = findings[["lon", "lat"]].to_numpy(dtype=float, na_value=np.nan)
    bare = shapely.is_missing(shapes) & np.isfinite(places).all(axis=1)
    shapes[bare] = shapely.points(places[bare])
    return shapes


def _ids(inventory: Inventory, name: str) -> list[str]:
    """Give how each feature is called; one without an id by its number."""
    schema = SCHEMAS[name]  # type: ignore[index]
    values = inventory.layer(schema.name)[schema.id]
    known = values.notna().to_numpy()
    return [
        store.shortened(str(value)) if given else f"#{row}"
        for row, (value, given) in enumerate(zip(values.to_numpy(dtype=object), known, strict=True), start=1)
    ]


# --- tiles ---------------------------------------------------------------------------------------------------------


def _tile(
    routes: _Layer, manholes: _Layer, faults: _Layer, ids: dict[str, list[str]], lowest: int, path: Path
) -> dict[str, list[str]]:
    """Write the archive; give the names of its layers, one for each level that features are drawn from."""
    from freestiler import FreestileLayer, freestile  # noqa: PLC0415 - an extra

    sources: dict[str, list[str]] = {"lines": [], "dots": [], "manholes": [], "stretches": [], "findings": []}
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
    table = _table(manholes.frame, "status", manhole_id=ids["manholes"], kind=_symbols(manholes.frame))
    for level in span:
        rows = np.flatnonzero(manholes.levels == level)
        add("manholes", level, levels.TOP, rows, shapely.points(manholes.placed.anchors[rows]), table)
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


def _drawn(routes: _Layer, manholes: _Layer, faults: _Layer, lowest: int) -> list[dict[str, Any]]:
    """Count what each level draws, from the lowest on; the top level draws everything that has a place."""

    def counts(shown: NDArray[np.int8]) -> list[int]:
        return [int(((shown >= 0) & (shown <= level)).sum()) for level in range(lowest, levels.TOP + 1)]

    duct = (_texts(routes.frame, "kind") == "duct").to_numpy()
    exchange = _symbols(manholes.frame) == "exchange"
    groups = [
        {"group": name, "counts": counts(layer.levels[which])}
        for name, layer, which in (
            ("ducts", routes, duct),
            ("cables", routes, ~duct),
            ("manholes", manholes, ~exchange),
            ("exchanges", manholes, exchange),
        )
    ]
    frame = faults.frame.reset_index(drop=True)
    for (code, severity), rows in frame.groupby(["code", "severity"], sort=True).indices.items():
        groups.append(
            {"group": "findings", "code": code, "severity": severity, "counts": counts(faults.levels[rows])}
        )
    return groups


# --- what the page reads -------------------------------------------------------------------------------------------


def _stored(
    inventory: Inventory,
    routes: _Layer,
    manholes: _Layer,
    faults: _Layer,
    measured: pd.DataFrame,
    ids: dict[str, list[str]],
) -> list[store.Layer]:
    """Put together what goes into the store."""
    length = f"{inventory.project.project.length}_m"
    listed = []
    for name, layer, columns, more in (
        ("routes", routes, ("kind", "status", "installation", "county", "office_id"), (measured,)),
        ("manholes", manholes, ("kind", "status"), ()),
    ):
        schema = SCHEMAS[name]  # type: ignore[index]
        about = np.flatnonzero((faults.frame["layer"] == name).to_numpy())
        found, rows = store.rows_of(ids[name], faults.frame["feature"].iloc[about], _CARD_FINDINGS)
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
                    store.grouped(rows, about[found]),
                ),
                {length: measured[length].to_numpy(dtype=float, na_value=np.nan)} if more else {},
                ids[name],
            )
        )
    known = {column: faults.frame[column] for column in ("code", "severity", "layer")}
    encode = store.encoder(faults.frame, payload.encode_findings)
    listed.append(store.Layer("findings", len(faults.frame), faults.placed, known, encode))
    return listed


def _head(
    inventory: Inventory,
    measured: pd.DataFrame,
    findings: gpd.GeoDataFrame,
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
        replace(inventory, routes=routes, manholes=manholes),
        measured.iloc[: len(routes)] if len(routes) else measured.iloc[: len(few)],
        findings.drop_duplicates("code"),
        totals,
        pages,
    )
    nothing = {"size": 0, "counts": [], "deltas": [], "unplaced": 0, "columns": {}}
    head["layers"] = {name: layer if name == "offices" else nothing for name, layer in head["layers"].items()}
    head["illustrative"] = {
        name: int((inventory.layer(name)["provenance"] == "illustrative").sum()) for name in SCHEMAS
    }
    return head


def _bounds(boxes: NDArray[np.float64]) -> list[float] | None:
    known = boxes[np.isfinite(boxes[:, 0])]
    if not len(known):
        return None
    return [round(float(one), 6) for one in (*known[:, :2].min(axis=0), *known[:, 2:].max(axis=0))]
