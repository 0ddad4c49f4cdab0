"""
What a tiled map's page knows of its features besides the tiles, as one file that is read in parts.

The file begins with what the page holds in memory, a few bytes a feature: boxes, codes, one length. After that come the
ids, for the search, and then the features themselves in parts of `ROWS`, each as `gis.publish.map.payload` encodes a
layer, read when one of its features is looked at. A directory, which the page carries, tells where each begins.
"""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis.publish.map import payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.publish.map.places import Placed

ROWS = 1000
# Between ids; an id that has it gets U+FFFD instead.
SEPARATOR = "\u0001"
NOWHERE = -(2**31)
_LONGEST = 300
_ALIGNMENT = 8
_THREADS = 2


@dataclass(frozen=True, eq=False)
class Layer:
    """
    One layer of the store.

    Attributes
    ----------
    name
        Its name.
    size
        How many features it has.
    placed
        Where they are.
    columns
        Columns that the page holds in memory.
    numbers
        Columns of numbers likewise: name to (n,) values.
    ids
        (n,) how each is called; None for a layer whose features have no names.
    encode
        Gives the features from a first one to before a last one as JSON knows them.
    """

    name: str
    size: int
    placed: Placed
    columns: dict[str, pd.Series]
    encode: Callable[[int, int], dict[str, Any]]
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    ids: list[str] | None = None


def write(stream: BinaryIO, layers: list[Layer]) -> dict[str, Any]:
    """
    Write the store.

    Parameters
    ----------
    stream
        A file open for writing bytes, at its beginning.
    layers
        What to write.

    Returns
    -------
    dict
        The directory: ``memory``, the bytes that the page reads at once, and for each of ``layers`` its ``size``,
        ``unplaced``, ``boxes``, ``columns``, ``ids`` and ``parts``. A place is an offset in bytes, followed by a
        length where it does not follow from the size.
    """
    directory: dict[str, Any] = {layer.name: _memory(stream, layer) for layer in layers}
    memory = stream.tell()
    for layer in layers:
        if layer.ids is not None:
            directory[layer.name]["ids"] = _packed(
                stream,
                SEPARATOR.join(one.replace(SEPARATOR, "\ufffd") for one in layer.ids).encode(
                    "utf-8", "replace"
                ),
            )
    with ThreadPoolExecutor(_THREADS) as pool:
        for layer in layers:
            ends = [stream.tell()]
            for part in _parts(layer, pool):
                stream.write(part)
                ends.append(stream.tell())
            directory[layer.name]["parts"] = ends
    return {"memory": memory, "rows": ROWS, "layers": directory}


def _memory(stream: BinaryIO, layer: Layer) -> dict[str, Any]:
    boxes = np.where(np.isfinite(layer.placed.boxes), np.rint(layer.placed.boxes * payload.DEGREE), NOWHERE)
    columns: dict[str, Any] = {}
    for name, values in layer.columns.items():
        codes, distinct = pd.factorize(values)
        # One above the code, so that nothing is 0.
        kind = next(one for one in ("u1", "u2", "u4") if len(distinct) <= np.iinfo(one).max)
        columns[name] = {
            "values": [shortened(str(value)) for value in distinct],
            "at": _array(stream, (codes + 1).astype(f"<{kind}")),
            "type": kind,
        }
    for name, numbers in layer.numbers.items():
        columns[name] = {"at": _array(stream, np.round(numbers, 4).astype("<f8")), "type": "f8"}
    return {
        "size": layer.size,
        "unplaced": int((~layer.placed.placed).sum()),
        "boxes": _array(stream, boxes.astype("<i4")),
        "columns": columns,
    }


def shortened(text: str) -> str:
    """
    Bound a text, as the page's data does.

    Parameters
    ----------
    text
        A name or an id.

    Returns
    -------
    str
        At most 300 characters of it.
    """
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _array(stream: BinaryIO, values: NDArray[Any]) -> int:
    """Write an array where a typed array may begin; tell where."""
    stream.write(bytes(-stream.tell() % _ALIGNMENT))
    at = stream.tell()
    stream.write(np.ascontiguousarray(values).tobytes())
    return at


def _packed(stream: BinaryIO, data: bytes) -> list[int]:
    at = stream.tell()
    return [at, stream.write(_compress(data))]


def _compress(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=4, mtime=0)


def _parts(layer: Layer, pool: ThreadPoolExecutor) -> Iterator[bytes]:
    """Encode the parts; while one is being compressed, the next is made."""
    waiting = []
    for first in range(0, layer.size, ROWS):
        part = layer.encode(first, min(first + ROWS, layer.size))
        text = json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        waiting.append(pool.submit(_compress, text.encode("utf-8", "replace")))
        if len(waiting) > 2 * _THREADS:
            yield waiting.pop(0).result()
    for one in waiting:
        yield one.result()


def first_of_each(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """
    Take the first few findings of each feature.

    Parameters
    ----------
    rows
        (m,) the feature that each finding is about; -1 for none.
    most
        How many of a feature are taken.

    Returns
    -------
    numpy.ndarray
        Positions in ``rows``, ascending.
    """
    about = np.flatnonzero(rows >= 0)
    rank = pd.Series(rows[about]).groupby(rows[about]).cumcount().to_numpy()
    return about[rank < most]


def grouped(rows: NDArray[np.intp], members: NDArray[np.intp]) -> Callable[[int, int], dict[str, list[int]]]:
    """
    Prepare to give the members of some rows.

    Parameters
    ----------
    rows
        (m,) a row for each member.
    members
        (m,) the members.

    Returns
    -------
    callable
        From a first row and the one after the last to a dict: distance from the first row to members.
    """
    order = np.lexsort([members, rows])
    rows, members = rows[order], members[order]

    def between(first: int, last: int) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at in range(*np.searchsorted(rows, [first, last])):
            found.setdefault(str(int(rows[at]) - first), []).append(int(members[at]))
        return found

    return between


def encoder(
    frame: gpd.GeoDataFrame, encode: Callable[..., dict[str, Any]], *more: Any
) -> Callable[[int, int], dict[str, Any]]:
    """
    Prepare to encode some rows of a layer.

    Parameters
    ----------
    frame
        The layer.
    encode
        `gis.publish.map.payload.encode_layer` or `gis.publish.map.payload.encode_findings`.
    *more
        Its further arguments; a table with a row a feature is cut as the layer is.

    Returns
    -------
    callable
        From a first row and the one after the last to what ``encode`` gives of them.
    """
    frame = frame.copy(deep=False)
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype):
            # Codes are made once for the whole layer and not for each part.
            frame[name] = frame[name].astype(
                "category" if frame[name].nunique() < len(frame) / ROWS else "object"
            )

    def between(first: int, last: int) -> dict[str, Any]:
        cut = [one.iloc[first:last] if isinstance(one, pd.DataFrame) else one for one in more]
        return encode(frame.iloc[first:last], *cut)

    return between


def named(
    encode: Callable[[int, int], dict[str, Any]],
    unnamed: NDArray[np.bool_],
    ids: list[str],
    findings: Callable[[int, int], dict[str, list[int]]],
) -> Callable[[int, int], dict[str, Any]]:
    """
    Add to a layer's parts how features without an id are called, and what is found of each.

    Parameters
    ----------
    encode
        As `encoder` gives it.
    unnamed
        (n,) whether a feature has no id of its own.
    ids
        (n,) how each is called.
    findings
        As `grouped` gives it.

    Returns
    -------
    callable
        From a first row and the one after the last to a part.
    """

    def between(first: int, last: int) -> dict[str, Any]:
        part = encode(first, last)
        if without := np.flatnonzero(unnamed[first:last]).tolist():
            part["unnamed"] = {str(at): ids[first + at] for at in without}
        if found := findings(first, last):
            part["findings"] = found
        return part

    return between
