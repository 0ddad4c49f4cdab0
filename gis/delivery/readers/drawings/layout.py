"""
A drawing laid out anew for GDAL: what is drawn, and nothing else.

GDAL makes the geometries, with the blocks in their place, turned, scaled, mirrored and in rows. What it says of each is
the layer, the handle of the entity of model space and the line type of the entity itself: all three are written here as
numbers, which lead back to the drawing's own words whatever they are encoded in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.delivery.readers.drawings import splines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from gis.delivery.readers.drawings.tags import Drawing

_LAYER, _HANDLE, _LINE_TYPE, _NAME, _FOLLOW = 8, 5, 6, 2, 66
# Groups of applications and what refers to other objects; what applications add from that code on.
_OTHERS, _FURTHER = (102, 330, 360), 1000
# The layer of what takes that of the block it is in.
_BLOCKS_OWN = "0"
_HEAD = ["0", "SECTION", "2", "HEADER", "9", "$ACADVER", "1", "AC1015", "0", "ENDSEC"]
_POINT = ["0", "POINT", "8", "0", "10", "0", "20", "0", "30", "0"]


def layer_token(number: int) -> str:
    """
    Name a layer for GDAL.

    Parameters
    ----------
    number
        Its number among the drawing's layers.

    Returns
    -------
    str
        A name of ASCII letters.
    """
    return f"L{number}"


def written(
    drawing: Drawing,
    tops: Iterable[int],
    blocks: Mapping[str, Collection[int]],
    named: Mapping[int, str],
    points: Collection[int],
    layers: Mapping[str, int],
) -> str:
    """
    Write the drawing that GDAL is given.

    Parameters
    ----------
    drawing
        The drawing as it was delivered.
    tops
        The entities of model space to be drawn, by their place; each gets that as its handle, from 1.
    blocks
        The entities to be drawn of each block.
    named
        The block that each INSERT shows.
    points
        The INSERTs that are drawn as points.
    layers
        The number of each layer.

    Returns
    -------
    str
        ASCII DXF.
    """
    writer = _Writer(drawing, named, points, layers, {name: number for number, name in enumerate(blocks)})
    out = [*_HEAD, "0", "SECTION", "2", "BLOCKS"]
    for name, inside in blocks.items():
        out += [*writer.head(name), *(line for at in inside for line in writer.entity(at)), "0", "ENDBLK"]
    tops = list(tops)
    used = [at for inside in (tops, *blocks.values()) for at in inside if at in points]
    for at in used:
        out += ["0", "BLOCK", "8", "0", "2", f"P{at}", "70", "0", "10", "0", "20", "0", "3", f"P{at}"]
        out += [*_POINT, "6", f"E{at}", "0", "ENDBLK"]
    out += ["0", "ENDSEC", "0", "SECTION", "2", "ENTITIES"]
    for at in tops:
        out += writer.entity(at, handle=True)
    return "\n".join([*out, "0", "ENDSEC", "0", "EOF", ""])


class _Writer:
    """Writes entities with numbers for names."""

    def __init__(
        self,
        drawing: Drawing,
        named: Mapping[int, str],
        points: Collection[int],
        layers: Mapping[str, int],
        numbers: Mapping[str, int],
    ) -> None:
        self._drawing, self._named, self._points = drawing, named, points
        self._layers, self._numbers = layers, numbers
        codes = drawing.codes
        without = (_LAYER, _HANDLE, _LINE_TYPE, *_OTHERS)
        self._dropped = drawing.skip | np.isin(codes, without) | (codes >= _FURTHER)

    def head(self, name: str) -> list[str]:
        """Write the head of a block: its number and its base point."""
        start, end = self._drawing.blocks[name]
        base = ["10", "0", "20", "0", "30", "0"]
        given: dict[int, str] = {}
        for code, value in zip(self._drawing.codes[start:end], self._drawing.values[start:end], strict=True):
            if code in {10, 20, 30}:
                given.setdefault(int(code), str(value).strip())
        for at, code in enumerate((10, 20, 30)):
            base[2 * at + 1] = given.get(code, "0")
        token = f"B{self._numbers[name]}"
        return ["0", "BLOCK", "8", "0", "2", token, "70", "0", *base, "3", token]

    def entity(self, at: int, *, handle: bool = False) -> list[str]:
        """Write an entity with its parts."""
        entity = self._drawing.entities[at]
        if entity.kind == "SPLINE":
            return self._spline(at, handle=handle)
        insert = entity.kind == "INSERT"
        end = entity.own if insert else entity.end
        kept = np.flatnonzero(~self._dropped[entity.first + 1 : end]) + entity.first + 1
        out = self._start(at, entity.kind, handle=handle)
        for code, value in zip(
            self._drawing.codes[kept].tolist(), self._drawing.values[kept].tolist(), strict=True
        ):
            if not (insert and code in {_FOLLOW, _NAME}):
                out += [str(code), value]
        return [*out, "2", self._block(at)] if insert else out

    def _start(self, at: int, kind: str, *, handle: bool) -> list[str]:
        layer = ["8", self._layer(self._drawing.entities[at].layer)]
        return ["0", kind, *(["5", f"{at + 1:X}"] if handle else []), *layer, "6", f"E{at}"]

    def _spline(self, at: int, *, handle: bool) -> list[str]:
        """Write a spline as the line along it: GDAL's own has so many parts whatever its shape."""
        drawing, entity = self._drawing, self._drawing.entities[at]
        found = splines.positions(
            drawing.codes[entity.first : entity.own], drawing.values[entity.first : entity.own]
        )
        if found is None:
            return []
        out = [*self._start(at, "POLYLINE", handle=handle), "66", "1", "70", "8"]
        out += ["10", "0", "20", "0", "30", "0"]
        for x, y, z in found.tolist():
            out += ["0", "VERTEX", "10", repr(x), "20", repr(y), "30", repr(z), "70", "32"]
        return [*out, "0", "SEQEND"]

    def _layer(self, name: str) -> str:
        return name if name == _BLOCKS_OWN else layer_token(self._layers[name])

    def _block(self, at: int) -> str:
        return f"P{at}" if at in self._points else f"B{self._numbers[self._named[at]]}"
