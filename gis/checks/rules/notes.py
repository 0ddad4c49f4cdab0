"""What the reading of a delivery noted, as what a check found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.checks.registry import Found
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.evidence.context import Context
    from gis.inventory import Note


def noted(context: Context, code: str) -> Iterator[Found]:
    """
    Give what the reading of the delivery found under a code.

    Parameters
    ----------
    context
        The survey under check.
    code
        The check's code.

    Yields
    ------
    Found
        One for each note.
    """
    notes = [note for note in context.inventory.notes if note.code == code]
    rows = _row_named(context) if any(note.feature and note.lon is None for note in notes) else {}
    for note in notes:
        yield Found(
            note.layer,
            points=np.array([_place(context, rows, note)], dtype=float),
            fields=note.fields,
            features=[note.feature],
            sources=[note.source],
        )


def _place(context: Context, rows: dict[tuple[str, str, str], int], note: Note) -> tuple[float, float]:
    """Give the place of a note, or else of the feature that it names; not-a-number where there is none."""
    if note.lon is not None and note.lat is not None:
        return note.lon, note.lat
    named = bool(note.feature) and note.layer in SCHEMAS
    row = rows.get((note.layer, note.source, note.feature)) if named else None
    geometry = None if row is None else context.usable(note.layer)[row]  # type: ignore[arg-type]
    return (np.nan, np.nan) if geometry is None else tuple(shapely.get_coordinates(geometry)[0].tolist())


def _row_named(context: Context) -> dict[tuple[str, str, str], int]:
    """Layer, file and name of the features to their rows, of several with one name the first."""
    return {
        (name, source, str(feature)): row
        for name in SCHEMAS
        for row, (source, feature) in reversed(
            list(enumerate(zip(context.layer(name)["source"], context.names(name), strict=True)))
        )
    }
