"""
The data that a map's page carries: layers as columns, small enough for tens of thousands of features.

Coordinates are whole numbers of 1e-9 degrees (0.11 mm at most, so that a distance between vertices is the one that
`gis.lengths` measures), each the difference from the vertex before. A column of few distinct values is a list of these
and an index a feature.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis.address import address
from gis.inventory import county_names
from gis.language import Text
from gis.publish.map.places import about, first_view, on_map
from gis.publish.wording.figures import MEASURED
from gis.publish.wording.overview import by_check
from gis.schema import LENGTHS, SCHEMAS
from gis.totals import RULE, VERDICTS, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.checks.findings import Findings
    from gis.checks.registry import Page
    from gis.inventory import Inventory, LeftOut
    from gis.lengths.measured import Measured
    from gis.schema import LayerName, Schema
    from gis.totals import TotalResult

# Vertices are whole numbers of this part of a degree; boxes, which are only looked into, of the coarser one.
VERTEX = 1_000_000_000
DEGREE = 10_000_000
# The layers that the map draws; of the others it shows what was found.
DRAWN: tuple[LayerName, ...] = ("routes", "manholes", "offices", "fittings")
_LONGEST_TEXT = 300
_LONGEST_MESSAGE = 800
_MOST_COLUMNS = 40
_MOST_OUTLINE_VERTICES = 20_000
_LENGTHS: dict[str, Text] = {
    **{name: Text(f"{label.en} length", f"طول {label.fa}") for name, label in LENGTHS.items()},
    "std_m": MEASURED["std_m"],
}
_FURTHER: dict[str, Text] = {
    "county_en": Text("County (English)", "شهرستان (انگلیسی)"),
    "source": Text("Source file", "فایل منبع"),
    "source_layer": Text("Source layer", "لایهٔ منبع"),
    "record": Text("Record", "شمارهٔ رکورد"),
    "assumption": Text("Assumption", "فرض"),
    "note": Text("Note", "یادداشت"),
}
_FINDING_COLUMNS = (
    "code",
    "name",
    "severity",
    "layer",
    "feature",
    "message",
    "message_fa",
    "fixable",
    "cause",
    "tells",
)


def build(
    inventory: Inventory,
    measured: Measured,
    findings: Findings,
    totals: Sequence[TotalResult],
    pages: Mapping[str, Page],
) -> dict[str, Any]:
    """
    Put together what a map's page shows.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Lengths in metres, one row a route in the inventory's order.
    findings
        The faults, WGS 84 degrees.
    totals
        Recorded against measured.
    pages
        Code to page, for the checks among the findings.

    Returns
    -------
    dict
        Values that JSON knows; no value is NaN, no text longer than 800 characters.
    """
    layers: dict[str, dict[str, Any]] = {
        name: encode_layer(inventory.layer(name), SCHEMAS[name], measured if name == "routes" else None)
        for name in DRAWN
    }
    layers["findings"] = encode_findings(findings.assign(row=located(inventory, findings.table)))
    found = set(findings["code"]) if len(findings) else set()
    return {
        "project": {
            "name": _both(inventory.project.project.name, inventory.project.name("fa")),
            "length": inventory.project.project.length,
        },
        "layers": layers,
        "schemas": {name: _schema(schema, inventory) for name, schema in SCHEMAS.items() if name in DRAWN},
        "counties": {_bounded(one): _bounded(english) for one, english in county_names(inventory).items()},
        "totals": [_total(total) for total in totals],
        "verdicts": {name: _words(text) for name, text in VERDICTS.items()},
        "rule": _words(RULE),
        "checks": encode_checks(findings),
        "pages": {code: _page(page) for code, page in pages.items() if code in found},
        "outline": _outline(inventory.outline),
        "areas": _areas(inventory.counties),
        "illustrative": {
            name: int((inventory.layer(name)["provenance"] == "illustrative").sum()) for name in DRAWN
        },
        "assumptions": _assumptions(inventory.offices),
        "unmeasured": int(measured["geodesic_m"].isna().sum()),
        "left_out": [_left_out(left) for left in inventory.left_out],
        "bounds": first_view(inventory),
    }


def dumps(payload: Mapping[str, Any]) -> str:
    """
    Write the data as JSON that may stand between ``<script>`` tags.

    Parameters
    ----------
    payload
        What `build` gave.

    Returns
    -------
    str
        ASCII-safe where HTML and JavaScript read something into a character: ``<``, ``>``, ``&``, U+2028, U+2029.
    """
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # A lone surrogate, as a damaged text field gives, is no character and cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en, "fa": text.fa}


def _both(english: str, persian: str) -> dict[str, str]:
    return {"en": _bounded(english), "fa": _bounded(persian)}


def _bounded(text: str, longest: int = _LONGEST_TEXT) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def encode_layer(frame: gpd.GeoDataFrame, schema: Schema, measured: Measured | None = None) -> dict[str, Any]:
    """
    Encode a layer, or some rows of it, as the page reads it.

    Parameters
    ----------
    frame
        The rows, WGS 84 degrees.
    schema
        The layer's schema.
    measured
        For routes: lengths in metres, one row a row of ``frame``.

    Returns
    -------
    dict
        ``size``, vertices as differences of 1e-9 degrees, and the columns that have any value.
    """
    columns = {
        name: encoded
        for name in _shown(frame, schema)
        if (encoded := _column(frame[name], _kind(schema, name, frame[name])))
    }
    if measured is not None:
        for name in _LENGTHS:
            values = measured[name].to_numpy(dtype=float, na_value=np.nan)
            if encoded := _numbers(values, 4):
                columns[name] = encoded
    return {"size": len(frame), **_shapes(frame.geometry.to_numpy()), "columns": columns}


def _shown(frame: gpd.GeoDataFrame, schema: Schema) -> list[str]:
    """List the columns that the page shows: the canonical ones, then the delivery's own."""
    own = [name for name in frame.columns if name not in schema.names and name != frame.geometry.name]
    return [*schema.names, *own[:_MOST_COLUMNS]]


def _kind(schema: Schema, name: str, values: pd.Series) -> str:
    if name in schema.names:
        return schema[name].kind
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return "text"
    return "integer" if pd.api.types.is_integer_dtype(values) else "number"


def located(inventory: Inventory, findings: pd.DataFrame) -> NDArray[np.intp]:
    """
    Find the features that findings are about.

    Parameters
    ----------
    inventory
        The survey.
    findings
        (n,) findings with their ``layer`` and the columns `gis.inventory.ORIGIN`.

    Returns
    -------
    numpy.ndarray
        (n,) the row of the feature in the layer that a finding names; -1 where it is about none that is drawn.
    """
    rows = np.full(len(findings), -1, dtype=np.intp)
    for name in DRAWN:
        own = (findings["layer"] == name).to_numpy(dtype=bool) & findings["record"].notna().to_numpy(
            dtype=bool
        )
        rows[own] = inventory.positions(name, findings[own])
    return rows


def encode_findings(findings: gpd.GeoDataFrame) -> dict[str, Any]:
    """
    Encode findings, or some of them, as the page reads them.

    Parameters
    ----------
    findings
        Findings, WGS 84 degrees; one without a geometry stands at its ``lon`` and ``lat``. The column ``row``, as
        `located` gives it, names the feature that each is about.

    Returns
    -------
    dict
        As `encode_layer` gives it.
    """
    if not len(findings):
        return {"size": 0, "counts": [], "deltas": [], "unplaced": 0, "columns": {}}
    columns: dict[str, Any] = {}
    findings = findings.assign(**told(findings))
    for name in _FINDING_COLUMNS:
        longest = _LONGEST_MESSAGE if name.startswith("message") else _LONGEST_TEXT
        if encoded := _texts(findings[name], longest):
            columns[name] = encoded
    if encoded := _numbers(findings["row"].to_numpy(dtype=float, na_value=np.nan), 0):
        columns["row"] = encoded
    if encoded := _numbers(findings["amount"].to_numpy(dtype=float, na_value=np.nan), 3):
        columns["amount"] = encoded
    return {"size": len(findings), **_shapes(about(findings)), "columns": columns}


def told(findings: pd.DataFrame) -> dict[str, pd.Series]:
    """
    Part what tells a cause from what a cause tells.

    Parameters
    ----------
    findings
        (n,) findings.

    Returns
    -------
    dict
        ``tells``: (n,) the cause that a row tells, else none; ``cause``: (n,) the one that tells a finding, else none.
    """
    cause, single = findings["cause"], findings["record"].notna()
    return {"tells": cause.where((cause != "") & ~single), "cause": cause.where((cause != "") & single)}


def encode_checks(findings: Findings) -> list[dict[str, Any]]:
    """
    Sum findings up by check, in the order in which they are read.

    Parameters
    ----------
    findings
        All findings.

    Returns
    -------
    list of dict
        ``code``, and ``where`` in both languages.
    """
    english, persian = ({row.code: row for row in by_check(findings, lang)} for lang in ("en", "fa"))
    return [{"code": code, "where": _both(row.where, persian[code].where)} for code, row in english.items()]


def _shapes(geometries: NDArray[np.object_]) -> dict[str, Any]:
    """Encode geometries: vertices a part, the feature of each part where that is not one to one, and the vertices."""
    parts, owners = shapely.get_parts(geometries, return_index=True)
    vertices, part = shapely.get_coordinates(parts, return_index=True)
    usable = on_map(vertices)
    counts = np.bincount(part[usable], minlength=len(parts))
    kept = counts > 0
    encoded: dict[str, Any] = {
        "counts": counts[kept].tolist(),
        "deltas": _deltas(vertices[usable]),
        "unplaced": len(geometries) - len(np.unique(owners[kept])),
    }
    if not np.array_equal(owners[kept], np.arange(len(geometries))):
        encoded["owners"] = owners[kept].tolist()
    return encoded


def _deltas(vertices: NDArray[np.float64]) -> list[int]:
    whole = np.rint(vertices * VERTEX).astype(np.int64)
    return list(np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist())


def _column(values: pd.Series, kind: str) -> dict[str, Any] | None:
    if kind in {"number", "integer"}:
        return _numbers(pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan), 4)
    return _texts(values, _LONGEST_TEXT)


def _numbers(values: NDArray[np.float64], decimals: int) -> dict[str, Any] | None:
    known = np.isfinite(values)
    if not known.any():
        return None
    rounded = np.round(np.where(known, values, 0.0), decimals)
    whole = bool((rounded == np.rint(rounded)).all() and np.abs(rounded).max() < 2**53)
    listed: list[Any] = rounded.astype(np.int64).tolist() if whole else rounded.tolist()
    return {"values": [value if given else None for value, given in zip(listed, known.tolist(), strict=True)]}


def _texts(values: pd.Series, longest: int) -> dict[str, Any] | None:
    """Encode a column of texts: as they are, or the distinct ones with an index a feature (-1 for none)."""
    codes, distinct = pd.factorize(values)
    if not len(distinct):
        return None
    # A date may come as a timestamp at midnight; the day is what was recorded.
    written = [_bounded(str(value).removesuffix(" 00:00:00"), longest) for value in distinct]
    if len(written) * 2 <= len(values):
        return {"values": written, "at": codes.tolist()}
    return {"values": [written[code] if code >= 0 else None for code in codes.tolist()]}


def _schema(schema: Schema, inventory: Inventory) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "label": _words(column.label),
            "kind": column.kind,
            "unit": column.unit,
            "codes": {code: _words(text) for code, text in column.codes.items()},
        }
        for column in schema.columns
    ]
    if schema.name == "routes":
        columns += [
            {"name": name, "label": _words(text), "kind": "number", "unit": "m", "codes": {}}
            for name, text in _LENGTHS.items()
        ]
    for name in _shown(inventory.layer(schema.name), schema):
        if name not in schema.names:
            kind = _kind(schema, name, inventory.layer(schema.name)[name])
            label = _FURTHER.get(name, Text.literal(_bounded(name)))
            columns.append({"name": name, "label": _words(label), "kind": kind, "unit": "", "codes": {}})
    return {"label": _words(schema.label), "id": schema.id, "columns": columns}


def _total(total: TotalResult) -> dict[str, Any]:
    figures = {
        key: value if math.isfinite(value) else None
        for key in ("recorded", "measured", "std", "bias", "difference", "low", "high", "tolerance")
        for value in [round(float(getattr(total, key)), 6)]
    }
    return {
        "item": _both(total.item, total.item_fa or total.item),
        "layer": total.layer,
        "measure": total.measure,
        "unit": _bounded(total.unit),
        "verdict": total.verdict,
        "source": _bounded(total.source),
        "unmeasured": total.unmeasured,
        "remarks": [_words(remark) for remark in remarks(total)],
        **figures,
    }


def _left_out(left: LeftOut) -> dict[str, Any]:
    return {
        "source": _bounded(address(left.source)),
        "layer": _bounded(left.layer),
        "count": left.count,
        "what": _both(left.what.render("en"), left.what.render("fa")),
        "why": _both(left.why.render("en"), left.why.render("fa")),
    }


def _page(page: Page) -> dict[str, Any]:
    texts = {
        key: _words(getattr(page, key)) for key in ("title", "looks_for", "matters", "example", "remedy")
    }
    return {"name": page.name, "fix": page.fix, **texts}


def _outline(outline: BaseGeometry | None) -> dict[str, Any]:
    return _rings(np.array([] if outline is None else [outline], dtype=object))


def _areas(counties: gpd.GeoDataFrame | None) -> dict[str, Any]:
    if counties is None or not len(counties):
        return {**_rings(np.array([], dtype=object)), "names": [], "labels": []}
    shapes = np.array(counties.geometry.to_numpy(), dtype=object)
    sound = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    inner = shapely.get_coordinates(shapely.point_on_surface(shapes[sound]))
    names = [_bounded(str(name)) for name in counties["name"][sound]]
    return {**_rings(shapes[sound]), "names": names, "labels": np.round(inner, 5).tolist()}


def _rings(polygons: NDArray[np.object_]) -> dict[str, Any]:
    """Encode the rings of polygons, no finer than a background needs."""
    if shapely.get_num_coordinates(polygons).sum() > _MOST_OUTLINE_VERTICES:
        polygons = shapely.simplify(polygons, 0.0005)
    parts, polygon = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    owners = polygon[part] if len(part) else part
    encoded = _shapes(rings)
    return {"counts": encoded["counts"], "deltas": encoded["deltas"], "owners": owners.tolist()}


def _assumptions(offices: gpd.GeoDataFrame) -> list[dict[str, str]]:
    if "assumption" not in offices.columns:
        return []
    columns = ["assumption", "assumption_fa" if "assumption_fa" in offices.columns else "assumption"]
    said = offices[columns].dropna().drop_duplicates()
    return [_both(str(english), str(persian)) for english, persian in said.itertuples(index=False)][:5]
