"""
DXF of CAD programs: the drawing's layers, each with its lines and its points.

The tags say what the drawing holds (`gis.delivery.readers.drawings`); GDAL makes geometries of what is drawn.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.delivery.files.layer import RawLayer, title
from gis.delivery.readers import gdal
from gis.delivery.readers.drawings import blocks as blocks_of
from gis.delivery.readers.drawings import frames, layout, tags, texts, units, wording
from gis.delivery.readers.reader import Source, Unread, damaged, reader
from gis.inventory import LeftOut, Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from gis.delivery.readers.drawings.tags import Drawing, Entity
    from gis.language import Text

_MODEL, _PAPER = "*MODEL_SPACE", "*PAPER_SPACE"
# Blocks come in their place, entity by entity, and as many as `blocks` has found them to be.
_INLINE = {
    "DXF_INLINE_BLOCKS": "TRUE",
    "DXF_MERGE_BLOCK_GEOMETRIES": "FALSE",
    "DXF_FEATURE_LIMIT_PER_BLOCK": "-1",
    "DXF_ENCODING": "ISO-8859-1",
}
_EMPTY = "entities"
_NONE = blocks_of.Look(lines=False, points=False, across=0.0, outline=False)


@reader("DXF")
def dxf(source: Source) -> list[Unread]:
    """
    Read the layers of a DXF drawing.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    list of Unread
        The drawing's own layers that have lines or points in model space: of LINE, LWPOLYLINE, POLYLINE, ARC, CIRCLE,
        ELLIPSE, SPLINE, POINT, and of INSERT what its block holds, or the point that it stands for. Coordinates are
        metres where the drawing's unit is another and its numbers do not speak against that. A record's number is
        that of the feature in the drawing, from 1, all layers counted in one.

    Raises
    ------
    SourceError
        D001 where a control character stands in it or its blocks have no end; D009 where it has no section of
        entities.
    """
    return layers(source, tags.read(source.path.read_bytes(), source.shown), "DXF")


def layers(source: Source, drawing: Drawing, driver: str) -> list[Unread]:
    """
    Give the layers of a drawing whose tags have been read.

    Parameters
    ----------
    source
        The file.
    drawing
        Its tags.
    driver
        The format that it came in.

    Returns
    -------
    list of Unread
        As `dxf` says.

    Raises
    ------
    SourceError
        D001 where its blocks have no end.
    """
    return _Reading(source, drawing, driver).layers()


@dataclass(eq=False)
class _Reading:
    """One drawing on its way from tags to layers."""

    source: Source
    drawing: Drawing
    driver: str
    passed_over: Counter[tuple[str, Text, Text]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        drawing = self.drawing
        named = {
            at: drawing.first(entity, 2) or ""
            for at, entity in enumerate(drawing.entities)
            if entity.kind == "INSERT"
        }
        said = [entity.layer for entity in drawing.entities]
        said += [
            text for at in named for pair in drawing.attributes(drawing.entities[at]).items() for text in pair
        ]
        self.words = texts.words([*said, *named.values(), *drawing.blocks], drawing.settings, self.source)
        # Names of layers and blocks differ by more than capitals.
        known = {name.casefold(): name for name in reversed(drawing.blocks)}
        self.named = {at: known.get(name.casefold(), name) for at, name in named.items()}
        names: dict[str, str] = {}
        self.layer_of: dict[str, str] = {}
        for name in [*drawing.unseen, *said[: len(drawing.entities)]]:
            read = self.words.read(name) or "0"
            self.layer_of[name] = names.setdefault(read.casefold(), read)
        self.numbers = {name: number for number, name in enumerate(dict.fromkeys(self.layer_of.values()))}
        self.unseen = {self.layer_of[name]: frozen for name, frozen in drawing.unseen.items()}

    def layers(self) -> list[Unread]:
        """Give the layers that have something in them, and with the first what the drawing holds beside them."""
        shown, drawing = self.source.shown, self.drawing
        tops = self._sifted(
            [at for at, entity in enumerate(drawing.entities) if self._of_model(entity)], times=1
        )
        used = blocks_of.inserted(drawing, self.named, tops, shown)
        inside = {
            name: self._sifted(used.inside.get(name, []), times=used.times[name])
            for name in used.times
            if name in drawing.blocks
        }
        bad = used.circular | used.missing
        for at in sorted(bad):
            what = wording.CIRCULAR if at in used.circular else wording.MISSING
            self._pass(at, what, wording.WHY_BLOCKS, self._times(at, used))
        tops = [at for at in tops if at not in bad]
        inside = {name: [at for at in part if at not in bad] for name, part in inside.items()}
        factor, unit_m, fields = units.unit(drawing.settings, self._positions(tops, inside, used))
        points, sheet = self._symbols(tops, inside, used, unit_m)
        tops = [at for at in tops if at not in sheet]
        inside = {name: [at for at in part if at not in sheet] for name, part in inside.items()}
        inside = self._reached(tops, inside, points)
        found = self._drawn(tops, inside, points)
        geometries = _scaled(found.geometries, factor)
        notes = self.words.notes
        if fields is not None:
            notes += (Note("C106", title(shown, ""), fields=fields),)
        layers = self._by_layer(found, geometries, notes)
        return [replace(one, read=partial(_in_unit, one, factor)) for one in layers]

    def _of_model(self, entity: Entity) -> bool:
        """Tell whether an entity is of model space; count those of a sheet."""
        block = entity.block.upper()
        paper = entity.paper if not block else block.startswith(_PAPER)
        if paper and entity.kind != "VIEWPORT":
            self.passed_over[self.layer_of[entity.layer], wording.SHEET, wording.NO_PLANT] += 1
        return not paper and block in {"", _MODEL}

    def _sifted(self, places: Iterable[int], *, times: int) -> list[int]:
        """Keep what is drawn and shown; count the rest."""
        kept = []
        for at in places:
            entity = self.drawing.entities[at]
            layer = self.layer_of[entity.layer]
            if at in self.drawing.broken and entity.kind in tags.DRAWN:
                continue
            if entity.kind == "ATTDEF" and entity.block:
                continue  # where an insert's attribute is to stand
            if entity.hidden or (entity.kind == "INSERT" and self.unseen.get(layer)):
                self._pass(at, wording.UNSEEN, wording.WHY_UNSEEN, times)
            elif entity.kind not in tags.DRAWN:
                self._pass(at, wording.kind(entity.kind), wording.NO_PLANT, times)
            else:
                kept.append(at)
        return kept

    def _pass(self, at: int, what: Text, why: Text, times: int = 1) -> None:
        self.passed_over[self.layer_of[self.drawing.entities[at].layer], what, why] += times

    def _times(self, at: int, used: blocks_of.Blocks) -> int:
        block = self.drawing.entities[at].block
        return used.times.get(block, 1)

    def _positions(
        self, tops: list[int], inside: dict[str, list[int]], used: blocks_of.Blocks
    ) -> NDArray[np.float64]:
        """Give a position of each entity of model space; where a block at the origin is all there is, of its own."""
        drawing = self.drawing

        def positions(places: Iterable[int]) -> NDArray[np.float64]:
            # The point of a POLYLINE itself is none: its vertices have theirs.
            placed = [
                replace(entity, first=entity.own, own=entity.end) if entity.kind == "POLYLINE" else entity
                for entity in (drawing.entities[at] for at in places)
            ]
            xy = [[drawing.number(entity, code, np.nan) for code in (10, 20)] for entity in placed]
            found = np.array(xy, dtype=np.float64).reshape(-1, 2)
            return found[np.isfinite(found).all(axis=1)]

        found = positions(tops)
        if np.abs(found).any():
            return found
        return positions(at for name, part in inside.items() if used.times[name] for at in part)

    def _symbols(
        self, tops: list[int], inside: dict[str, list[int]], used: blocks_of.Blocks, unit_m: float
    ) -> tuple[set[int], set[int]]:
        """Tell which inserts stand for a point, and which belong to the sheet."""
        drawing = self.drawing
        looks = self._looks(inside)
        points, sheet = set(), set()
        for at in (at for part in (tops, *inside.values()) for at in part if at in self.named):
            entity, name = drawing.entities[at], self.words.read(self.named[at])
            layer = self.layer_of[entity.layer]
            look = looks.get(self.named[at], _NONE)
            times = self._times(at, used) * blocks_of.cells(drawing, entity)
            if wording.of_the_sheet(name, block=True):
                sheet.add(at)
                self._pass(at, wording.FURNITURE, wording.WHY_FURNITURE, times)
            elif blocks_of.symbol(drawing, entity, look, name, layer, unit_m):
                points.add(at)
                if look.lines:
                    self._pass(at, wording.SYMBOLS, wording.WHY_SYMBOLS, times)
        return points, sheet

    def _looks(self, inside: dict[str, list[int]]) -> dict[str, blocks_of.Look]:
        """Draw each block once by itself, and tell what it looks like."""
        if not inside:
            return {}
        names = list(inside)
        copy = layout.written(self.drawing, (), inside, self.named, (), self._layer_numbers())
        heads = [
            line
            for at in range(len(names))
            for line in (
                "0",
                "INSERT",
                "5",
                f"{at + 1:X}",
                "8",
                "0",
                "2",
                f"B{at}",
                "10",
                "0",
                "20",
                "0",
                "30",
                "0",
            )
        ]
        before, marker, after = copy.rpartition("0\nENDSEC\n0\nEOF")
        records = self._read("blocks.dxf", before + "".join(f"{line}\n" for line in heads) + marker + after)
        geometries = records.frame.geometry.to_numpy()
        owners = np.array(
            [int(handle, 16) - 1 for handle in records.frame.get("EntityHandle", ())], dtype=int
        )
        looks = {name: blocks_of.look(geometries[owners == at]) for at, name in enumerate(names)}
        for name, part in inside.items():
            if any(at in self.named and self.drawing.attributes(self.drawing.entities[at]) for at in part):
                looks[name] = replace(looks[name], aside=True)
        return looks

    def _layer_numbers(self) -> dict[str, int]:
        return {name: self.numbers[read] for name, read in self.layer_of.items()}

    def _read(self, name: str, text: str) -> gdal.Records:
        staged = self.source.folder / name
        staged.write_text(text, encoding="latin-1", newline="\n")
        return gdal.read(staged, "DXF", "entities", self.source.shown, config=_INLINE)

    def _reached(
        self, tops: list[int], inside: dict[str, list[int]], points: set[int]
    ) -> dict[str, list[int]]:
        """Keep the blocks that are still drawn when symbols are points."""
        reached: dict[str, list[int]] = {}
        pending = [tops]
        while pending:
            for at in pending.pop():
                name = self.named.get(at)
                if name is not None and at not in points and name not in reached:
                    reached[name] = inside.get(name, [])
                    pending.append(reached[name])
        return reached

    def _drawn(self, tops: list[int], inside: dict[str, list[int]], points: set[int]) -> _Features:
        """Let GDAL draw, and lead back from its numbers to the drawing's entities."""
        if not tops:
            return _Features.none()
        copy = layout.written(self.drawing, tops, inside, self.named, points, self._layer_numbers())
        frame = self._read("layer.dxf", copy).frame
        top = np.array([int(handle, 16) - 1 for handle in frame["EntityHandle"]], dtype=np.int64)
        leaf = np.array([int(token[1:]) for token in frame["Linetype"]], dtype=np.int64)
        names = {layout.layer_token(number): name for name, number in self.numbers.items()}
        layers = [names.get(token, token) for token in frame["Layer"]]
        seen = set(leaf.tolist())
        for at in (at for part in (tops, *inside.values()) for at in part):
            if at not in seen and (at not in self.named or at in points):
                kind = self.drawing.entities[at].kind
                self._pass(at, wording.UNDRAWN.filled(kind=kind), wording.WHY_UNDRAWN)
        return _Features(frame.geometry.to_numpy(), top, leaf, layers)

    def _by_layer(
        self, found: _Features, geometries: NDArray[np.object_], notes: tuple[Note, ...]
    ) -> list[Unread]:
        layers = np.array(found.layers, dtype=object)
        keep = np.ones(len(layers), dtype=bool)
        for name in dict.fromkeys(found.layers):
            if name in self.unseen:
                what, why = wording.UNSEEN, wording.WHY_UNSEEN
            elif wording.of_the_sheet(name):
                what, why = wording.FURNITURE, wording.WHY_FURNITURE
            else:
                continue
            self.passed_over[name, what, why] += int((layers == name).sum())
            keep &= layers != name
        framing = keep.copy()
        framing[keep] = frames.around(geometries[keep])
        for name in layers[framing]:
            self.passed_over[name, wording.FRAMES, wording.WHY_FRAMES] += 1
        keep &= ~framing
        shown = self.source.shown
        broken: dict[str, list[tuple[int, str | Text]]] = {}
        for at, reason in sorted(self.drawing.broken.items()):
            entity = self.drawing.entities[at]
            if entity.kind in tags.DRAWN:
                broken.setdefault(self.layer_of[entity.layer], []).append((len(layers) + at + 1, reason))
        beside = tuple(
            LeftOut(shown, layer, count, what, why)
            for (layer, what, why), count in sorted(self.passed_over.items(), key=lambda item: item[0][0])
        )
        unread: list[Unread] = []
        for name in dict.fromkeys([*layers[keep].tolist(), *broken]) or [_EMPTY]:
            chosen = np.flatnonzero(keep & (layers == name))
            told = damaged(shown, name, broken.get(name, ()))
            raw = RawLayer(
                shown, name, self.driver, None, self.words.encoding,
                self._frame(found, geometries, chosen), chosen + 1, told,
            )  # fmt: skip
            unread.append(replace(Unread.given(raw), beside=beside, notes=notes))
        return unread

    def _frame(
        self, found: _Features, geometries: NDArray[np.object_], chosen: NDArray[np.int64]
    ) -> gpd.GeoDataFrame:
        """Give what a layer's entities say of themselves."""
        rows: list[dict[str, Any]] = []
        # What an insert shows has its handle and a number: a handle is taken for an id.
        tops = pd.Series(found.top).groupby(found.top)
        several, number = tops.transform("size").to_numpy() > 1, tops.cumcount().to_numpy() + 1
        for at in chosen.tolist():
            handle = self.drawing.entities[found.top[at]].handle
            leaf = self.drawing.entities[found.leaf[at]]
            row: dict[str, Any] = {
                "Layer": found.layers[at],
                "Linetype": self._said(leaf, 6),
                "EntityHandle": (f"{handle}/{number[at]}" if several[at] else handle) if handle else None,
            }
            if leaf.kind == "INSERT":
                row["BlockName"] = self.words.read(self.named[found.leaf[at]])
                for tag, text in self.drawing.attributes(leaf).items():
                    row.setdefault(self.words.read(tag), self.words.read(text))
            rows.append(row)
        frame = pd.DataFrame(rows)
        frame = frame[[column for column in frame.columns if frame[column].notna().any()]]
        return gpd.GeoDataFrame(frame, geometry=geometries[chosen])

    def _said(self, entity: Entity, code: int) -> str | None:
        said = self.drawing.first(entity, code)
        return self.words.read(said) if said else None


@dataclass(frozen=True, eq=False)
class _Features:
    """What GDAL drew: geometries, the entity of model space and the entity itself of each, and its layer."""

    geometries: NDArray[np.object_]
    top: NDArray[np.int64]
    leaf: NDArray[np.int64]
    layers: list[str]

    @classmethod
    def none(cls) -> _Features:
        nothing = np.empty(0, dtype=np.int64)
        return cls(np.empty(0, dtype=object), nothing, nothing, [])


def _in_unit(unread: Unread, factor: float) -> RawLayer:
    return replace(unread.read(), unit_m=factor)


def _scaled(geometries: NDArray[np.object_], factor: float) -> NDArray[np.object_]:
    """Bring coordinates and heights to metres."""
    if factor == 1:
        return geometries
    deep = shapely.has_z(geometries)
    result = geometries.copy()
    for part in (deep, ~deep):
        result[part] = shapely.transform(
            geometries[part], lambda xyz: xyz * factor, include_z=bool(deep[part].all())
        )
    return result
