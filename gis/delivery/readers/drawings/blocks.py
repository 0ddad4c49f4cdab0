"""
The blocks of a drawing: what an inserted one holds, and whether it stands for lines or for a point.

A block is a symbol, and its insert a point, where the insert has attributes (it describes one thing), where its name or
its layer is a word for a manhole or an office, where no line is in it, where it is small as it is inserted, and where
its lines leave no end loose and it is not large: a circle, a box, a circle with a cross; the two last only where it is
drawn around or beside its base point and holds no insert with attributes. Any other block is what it
shows: its lines are measured where they are inserted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.delivery.columns.synonyms import book, words_of
from gis.delivery.files.refusals import refusal
from gis.schema import LINE_TYPES
from gis.text.letters import fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gis.delivery.readers.drawings.tags import Drawing, Entity

# Metres across: what is drawn at 5 mm on a plan of 1:2000, and an outline such as that of a vault or a north arrow.
SMALL_M, OUTLINE_M = 10.0, 100.0
# More than this a drawing does not hold, but one that inserts blocks into blocks to be as large as it likes.
_MOST = 2_000_000
# Of more lines than that a block is no symbol.
_LINES = 200
_TOUCHING = 1e-6
_NAMED: tuple[str, ...] = ("manholes", "offices")


@dataclass(eq=False)
class Blocks:
    """
    Which blocks a drawing inserts, and how often.

    Attributes
    ----------
    inside
        The entities of each block, by their place among all.
    times
        How often each block is shown in model space.
    circular
        Inserts of a block within itself, by their place.
    missing
        Inserts of a block that the drawing does not hold.
    """

    inside: dict[str, list[int]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    circular: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)


def cells(drawing: Drawing, insert: Entity) -> int:
    """
    Tell how often an INSERT shows its block, in columns and rows.

    Parameters
    ----------
    drawing
        The drawing.
    insert
        The INSERT.

    Returns
    -------
    int
        1 but for an array.
    """
    columns, rows = (max(int(min(drawing.number(insert, code, 1), _MOST)), 1) for code in (70, 71))
    return columns * rows


def inserted(drawing: Drawing, named: dict[int, str], tops: list[int], shown: str) -> Blocks:
    """
    Follow the inserts of model space into their blocks.

    Parameters
    ----------
    drawing
        The drawing.
    named
        The block that each INSERT shows, by the place of the entity.
    tops
        The entities of model space that are shown.
    shown
        The file's name for people.

    Returns
    -------
    Blocks
        What is in them and how often each is shown.

    Raises
    ------
    SourceError
        D001 where blocks within blocks come to more entities than any drawing has.
    """
    blocks = Blocks()
    for at, entity in enumerate(drawing.entities):
        if entity.block:
            blocks.inside.setdefault(entity.block, []).append(at)
    blocks.missing = {at for at, name in named.items() if name not in drawing.blocks}
    tops_shown = [(at, named[at]) for at in tops if at in named]
    order = _order(blocks, named, [name for _, name in tops_shown])
    for at, name in tops_shown:
        blocks.times[name] += cells(drawing, drawing.entities[at])
    shows = len(tops)
    for name in reversed(order):
        part = blocks.inside.get(name, [])
        shows += blocks.times[name] * len(part)
        if shows > _MOST:
            raise refusal("blocks", shown, count=_MOST)
        for at in part:
            if at in named and at not in blocks.circular:
                blocks.times[named[at]] += blocks.times[name] * cells(drawing, drawing.entities[at])
    return blocks


def _order(blocks: Blocks, named: dict[int, str], tops: list[str]) -> list[str]:
    """Put blocks behind those that are within them, and tell the inserts that go round."""
    order: list[str] = []
    done: set[str] = set()
    path: set[str] = set()
    # Depth first without recursion: a name comes up again once all within it is done.
    pending = [(name, False) for name in tops]
    while pending:
        name, leave = pending.pop()
        if leave:
            path.discard(name)
            done.add(name)
            order.append(name)
        elif name not in done and name not in path:
            path.add(name)
            pending.append((name, True))
            within = {at: named[at] for at in blocks.inside.get(name, ()) if at in named}
            blocks.circular |= {at for at, inner in within.items() if inner in path}
            pending += [(inner, False) for inner in within.values() if inner not in path]
    return order


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a block looks like.

    Attributes
    ----------
    lines, points
        Whether there are any in it.
    across
        The diagonal of its extent, in its own unit.
    outline
        Whether its lines leave no end loose.
    aside
        Whether its base point is not where it is: what stands there is another thing.
    """

    lines: bool
    points: bool
    across: float
    outline: bool
    aside: bool = False


def look(geometries: NDArray[np.object_]) -> Look:
    """
    Tell what a block looks like.

    Parameters
    ----------
    geometries
        (n,) what is in it, with all that is in its blocks.

    Returns
    -------
    Look
        Its size and shape.
    """
    lines = geometries[np.isin(shapely.get_type_id(geometries), LINE_TYPES)]
    west, south, east, north = shapely.total_bounds(geometries) if len(geometries) else (0.0, 0.0, 0.0, 0.0)
    across = float(np.nan_to_num(np.hypot(east - west, north - south)))
    off = float(np.hypot(max(west, -east, 0.0), max(south, -north, 0.0)))
    outline = 0 < len(lines) <= _LINES and _closed(lines, across)
    return Look(bool(len(lines)), len(lines) < len(geometries), across, outline, off > across)


def _closed(lines: NDArray[np.object_], across: float) -> bool:
    """Tell whether each end of a line lies on another line, or on its own other end."""
    loose = lines[~shapely.is_closed(lines)]
    for line in loose:
        others = shapely.union_all([other for other in lines if other is not line])
        ends = shapely.points(shapely.get_coordinates(line)[[0, -1]])
        if others.is_empty or (shapely.distance(ends, others) > _TOUCHING * across).any():
            return False
    return True


def symbol(drawing: Drawing, insert: Entity, block: Look, name: str, layer: str, unit_m: float) -> bool:
    """
    Tell whether an inserted block stands for a point.

    Parameters
    ----------
    drawing
        The drawing.
    insert
        The INSERT.
    block
        What its block looks like.
    name, layer
        How the block is called, and the layer that it is inserted on.
    unit_m
        The drawing's unit in metres.

    Returns
    -------
    bool
        False where its lines are to be measured.
    """
    if not (block.lines or block.points):
        return True
    if drawing.attributes(insert) or (block.lines and called(name, layer, _words)):
        return True
    if not block.lines or block.aside:
        return False
    scale = max(abs(drawing.number(insert, code, 1)) for code in (41, 42))
    across = block.across * scale * unit_m
    # An array of symbols is each of them.
    return across < SMALL_M or (block.outline and across < OUTLINE_M)


def _words() -> set[str]:
    titles = book()["titles"]
    return {fold(word) for kind in _NAMED for word in titles[kind]}


def called(name: str, layer: str, words: Callable[[], set[str]]) -> bool:
    """
    Tell whether a block or the layer that it is on is called by one of some words.

    Parameters
    ----------
    name, layer
        The names.
    words
        Gives the words, folded.

    Returns
    -------
    bool
        True where either name holds one.
    """
    return not words().isdisjoint({*words_of(name), *words_of(layer)})
