"""The Open Fibre Data Standard: networks as JSON, or their nodes and spans as GeoJSON."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from gis.delivery.files.layer import RawLayer
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import geojson, parts
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where each kind of record has its geometry.
_GEOMETRY = {"nodes": "location", "spans": "route"}

_NOTHING = Text("neither nodes nor spans", "نه گره دارد و نه دهانه")
_NO_OBJECT = Text("a record that is no object", "رکوردی که شیء نیست")


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
    bytewise = source.encoding is None and not geojson.is_text(source.path)
    text = geojson.load(source.path, source.shown, "latin-1" if bytewise else source.encoding)
    records = _whole(text) or _cut(text)
    found = [
        Unread(name, partial(_read, source.shown, name, records[name], bytewise=bytewise))
        for name in ("spans", "nodes")
        if records.get(name)
    ]
    if not found:
        raise refusal("unreadable", source.shown, driver="OFDS", reason=_NOTHING)
    return found


def _whole(text: str) -> dict[str, list[geojson.Element]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    networks = document.get("networks", [document]) if isinstance(document, dict) else []
    records: dict[str, list[geojson.Element]] = {}
    for network in networks if isinstance(networks, list) else []:
        if not isinstance(network, dict):
            continue
        of = {"network": {key: network[key] for key in ("id", "name") if key in network}}
        for name in _GEOMETRY:
            for record in network.get(name) or []:
                whole = isinstance(record, dict)
                records.setdefault(name, []).append(({**record, **of}, None) if whole else (None, _NO_OBJECT))
    return records


def _cut(text: str) -> dict[str, list[geojson.Element]]:
    """Take what is whole of a document that is not."""
    found: dict[str, list[geojson.Element]] = {}
    for match in re.finditer(r'"(nodes|spans)"\s*:\s*\[', text):
        found.setdefault(match[1], []).extend(_until_damage(text, match.end()))
    return found


def _until_damage(text: str, at: int) -> Iterator[geojson.Element]:
    for record in geojson.elements(text, at):
        yield record
        if record[0] is None:
            return


def _read(shown: str, name: str, records: list[geojson.Element], *, bytewise: bool) -> RawLayer:
    rows, geometries, numbers, short = [], [], [], 0
    faults: list[tuple[int, str | Text]] = []
    for number, (record, wrong) in enumerate(records, start=1):
        try:
            if record is None:
                faults.append((number, wrong or _NO_OBJECT))
                continue
            geometry, passed_over = parts.sound(record.get(_GEOMETRY[name]))
        except geojson.UNREADABLE as error:
            faults.append((number, reason(error)))
            continue
        geometries.append(geometry)
        short += passed_over
        rows.append({key: value for key, value in record.items() if key != _GEOMETRY[name]})
        numbers.append(number)
    frame = geojson.build(rows, geometries)
    crs = pyproj.CRS("EPSG:4326")
    raw = RawLayer(
        shown,
        name,
        "OFDS",
        crs,
        "",
        frame,
        np.array(numbers, dtype=np.int64),
        damaged(shown, name, faults),
        left_out=parts.short_parts(shown, name, short),
    )
    return geojson.kept(raw) if bytewise else raw
