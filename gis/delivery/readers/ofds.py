"""The Open Fibre Data Standard: networks as JSON, or their nodes and spans as GeoJSON."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from gis.delivery.files.layer import RawLayer
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import geojson
from gis.delivery.readers.reader import Source, Unread, damaged, reader

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where each kind of record has its geometry.
_GEOMETRY = {"nodes": "location", "spans": "route"}


@reader("OFDS")
def ofds(source: Source) -> list[Unread]:
    """
    Tell the layers of an OFDS document: its nodes and its spans, those of all its networks together.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        ``"nodes"`` and ``"spans"``, as far as there are any.

    Raises
    ------
    SourceError
        D001 where it holds neither.
    """
    text = geojson.load(source.path, source.shown, source.encoding)
    records = _whole(text) or _cut(text)
    found = [
        Unread(name, partial(_read, source.shown, name, records[name]))
        for name in ("spans", "nodes")
        if records.get(name)
    ]
    if not found:
        raise refusal("unreadable", source.shown, driver="OFDS", reason="neither nodes nor spans")
    return found


def _whole(text: str) -> dict[str, list[tuple[dict[str, Any] | None, str]]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    networks = document.get("networks", [document]) if isinstance(document, dict) else []
    records: dict[str, list[tuple[dict[str, Any] | None, str]]] = {}
    for network in networks if isinstance(networks, list) else []:
        if not isinstance(network, dict):
            continue
        of = {"network": {key: network[key] for key in ("id", "name") if key in network}}
        for name in _GEOMETRY:
            for record in network.get(name) or []:
                whole = isinstance(record, dict)
                records.setdefault(name, []).append(({**record, **of}, "") if whole else (None, "no object"))
    return records


def _cut(text: str) -> dict[str, list[tuple[dict[str, Any] | None, str]]]:
    """Take what is whole of a document that is not."""
    found: dict[str, list[tuple[dict[str, Any] | None, str]]] = {}
    for match in re.finditer(r'"(nodes|spans)"\s*:\s*\[', text):
        found.setdefault(match[1], []).extend(_until_damage(text, match.end()))
    return found


def _until_damage(text: str, at: int) -> Iterator[tuple[dict[str, Any] | None, str]]:
    for record in geojson.elements(text, at):
        yield record
        if record[0] is None:
            return


def _read(shown: str, name: str, records: list[tuple[dict[str, Any] | None, str]]) -> RawLayer:
    rows, geometries, numbers, faults = [], [], [], []
    for number, (record, wrong) in enumerate(records, start=1):
        try:
            if record is None:
                raise ValueError(wrong)  # noqa: TRY301 - one way out for all that is wrong with a record
            geometry = record.get(_GEOMETRY[name])
            geometries.append(None if geometry is None else geojson.shaped(geometry))
        except (
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            IndexError,
            shapely.errors.ShapelyError,
        ) as error:
            faults.append((number, str(error)[:200]))
            continue
        rows.append({key: value for key, value in record.items() if key != _GEOMETRY[name]})
        numbers.append(number)
    frame = geojson.build(rows, geometries)
    crs = pyproj.CRS("EPSG:4326")
    return RawLayer(
        shown, name, "OFDS", crs, "", frame, np.array(numbers, dtype=np.int64), damaged(shown, name, faults)
    )
