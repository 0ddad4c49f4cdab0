"""Reading coordinates again, in the system that they are believed to be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.fixes.change import Change
from gis.coordinates.reading import Reading
from gis.language import Text
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from gis.checks.evidence.context import Context
    from gis.inventory import Note
    from gis.network.lines import Flags, Floats

# Well below a millimetre.
_SAME_DEG = 1e-9
_REREAD = Text("read in {believed} instead of {read}", "به‌جای {read} در {believed} خوانده شد")


def reread(code: str) -> Callable[[Context, AbstractSet[tuple[str, int]]], Iterator[Change]]:
    """
    Make the repair of a check on coordinates.

    The numbers that the file had come back from where they were read to, and are read as the reading of the delivery
    believes: exact for each vertex, where a shift of the layer as a whole is not.

    Parameters
    ----------
    code
        C103, C104 or C105: its notes carry how the layer was read and how it is believed to be.

    Returns
    -------
    Callable
        From a survey and the rows wanted to the changes.
    """

    def repair(context: Context, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
        for note in context.inventory.notes:
            if (
                note.code == code
                and note.layer in SCHEMAS
                and isinstance(note.fields.get("reading"), Reading)
            ):
                yield from _changes(context, note, wanted)

    return repair


def _changes(context: Context, note: Note, wanted: AbstractSet[tuple[str, int]]) -> Iterator[Change]:
    read, believed = note.fields["read"], note.fields["reading"]
    what = _REREAD.filled(read=read.label, believed=believed.label)
    geometries = context.usable(note.layer)  # type: ignore[arg-type]
    for row in context.rows_about(note.layer, note.ref).tolist():  # type: ignore[arg-type]
        geometry = geometries[row]
        if geometry is None or (note.layer, row) not in wanted:
            continue
        vertices = shapely.get_coordinates(geometry, include_z=shapely.has_z(geometry))
        lonlat = vertices[:, :2].copy()
        meant = _meant_vertices(lonlat, note)
        lonlat[meant] = believed.lonlat(read.numbers(lonlat[meant]))
        if np.isfinite(lonlat).all():
            moved = shapely.set_coordinates(geometry, np.column_stack([lonlat, vertices[:, 2:]]))
            yield Change(note.layer, row, what, moved)  # type: ignore[arg-type]


def _meant_vertices(lonlat: Floats, note: Note) -> Flags:
    """Tell which vertices a note is about: those at its places, or all where it is about the feature or the layer."""
    places = note.fields.get("places")
    if places is None:
        return np.ones(len(lonlat), dtype=bool)
    return np.asarray((np.abs(lonlat[:, None] - places[None]) <= _SAME_DEG).all(axis=2).any(axis=1))
