"""Which dialect a delivery speaks: told by its layers and their columns, over all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.delivery.columns.synonyms import name_key
from gis.delivery.dialects.book import Dialect, LayerEntry, dialects
from gis.errors import ProjectError
from gis.language import Text
from gis.text.letters import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gis.delivery.files.layer import RawLayer

# What a project file calls no dialect at all.
NONE = "none"
# The length that DBF cuts the names of columns to.
_DBF_NAME = 10


@dataclass(frozen=True, slots=True)
class Telling:
    """
    The dialect of a delivery, and what tells it.

    Attributes
    ----------
    dialect
        Which one.
    by
        The layers that tell it, each with the columns that do; none where the project file names it.
    """

    dialect: Dialect
    by: tuple[tuple[str, tuple[str, ...]], ...] = ()


def told(layers: Sequence[RawLayer], named: str | None = None, source: str = "") -> Telling | None:
    """
    Tell which dialect a delivery speaks.

    Parameters
    ----------
    layers
        All its layers.
    named
        The dialect that the project file names, ``"none"`` for none.
    source
        The project file, for messages.

    Returns
    -------
    Telling or None
        The dialect that most layers tell; None where none does.

    Raises
    ------
    ProjectError
        The project file names a dialect that is not known.
    """
    known = dialects()
    if named == NONE:
        return None
    if named is not None:
        if named not in known:
            raise ProjectError(
                Text(
                    "{source}: project.dialect is {named}, which is not known; known are: {known}",
                    "{source}: مقدار project.dialect برابر {named} است که شناخته نیست؛ شناخته‌ها: {known}",
                ),
                source=source,
                named=repr(named),
                known=", ".join([*known, NONE]),
            )
        return Telling(known[named])
    best: Telling | None = None
    for dialect in known.values():
        by = []
        for layer in layers:
            entry = entry_of(dialect, layer)
            if entry is not None and (columns := _telling(entry, layer)):
                by.append((layer.title, columns))
        if by and (best is None or len(by) > len(best.by)):
            best = Telling(dialect, tuple(by))
    return best


def entry_of(dialect: Dialect, layer: RawLayer) -> LayerEntry | None:
    """
    Find out which of a dialect's layers a layer is.

    Parameters
    ----------
    dialect
        The dialect.
    layer
        The layer as its file has it.

    Returns
    -------
    LayerEntry or None
        By its name, or by its columns where they are those of one layer more than of any other.
    """
    names = {name_key(layer.layer), name_key(layer.path.rsplit("/", 1)[-1].rsplit(".", 1)[0])} - {""}
    for starred in (False, True):
        for entry in dialect.layers:
            if any(_called(name, names, starred=starred) for name in entry.names):
                return entry
    by_columns = [entry for entry in dialect.layers if len(entry.told_by) > 1 and _telling(entry, layer)]
    most = max((len(entry.told_by) for entry in by_columns), default=0)
    fullest = [entry for entry in by_columns if len(entry.told_by) == most]
    return fullest[0] if len(fullest) == 1 else None


def find(columns: Iterable[object], name: str) -> str | None:
    """
    Find a column of a program in a table.

    Parameters
    ----------
    columns
        The columns that the table has.
    name
        The program's name of one, or several parted by ``|``, of which the first that is there counts.

    Returns
    -------
    str or None
        The column as the table has it: in whatever case, or cut to ten letters as DBF does.
    """
    there = [str(column) for column in columns]
    for one in name.split("|"):
        if one in there:
            return one
        key = fold(one)
        for column in there:
            if fold(column) == key or (len(column) == _DBF_NAME < len(one) and key.startswith(fold(column))):
                return column
    return None


def _called(name: str, layer: set[str], *, starred: bool) -> bool:
    """Tell whether one of a layer's names is that of an entry, or begins like one with a star."""
    if name.endswith("*") != starred:
        return False
    key = name_key(name)
    return any(one.startswith(key) if starred else one == key for one in layer)


def _telling(entry: LayerEntry, layer: RawLayer) -> tuple[str, ...]:
    """Give the columns of a layer that tell it, none where one of them is missing."""
    columns = [find(layer.frame.columns, name) for name in entry.told_by]
    return tuple(column for column in columns if column is not None) if all(columns) else ()
