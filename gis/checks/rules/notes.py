"""What the reading of a delivery noted, as what a check found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.checks.registry import Found
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gis.checks.evidence.context import Context
    from gis.inventory import Note
    from gis.network.lines import Floats


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
    places = _places(context, notes)
    for note, place in zip(notes, places, strict=True):
        yield Found(
            note.layer, points=place[None], fields=note.fields, features=[note.feature], refs=[note.ref]
        )


def _places(context: Context, notes: Sequence[Note]) -> Floats:
    """Give the (n, 2) places of notes, or of the features that they are about; not-a-number where there is none."""
    places = np.full((len(notes), 2), np.nan)
    for at, note in enumerate(notes):
        if note.lon is not None and note.lat is not None:
            places[at] = note.lon, note.lat
        elif note.layer in SCHEMAS and note.ref.record is not None:
            coordinates, owners = context.coordinates(note.layer)
            for row in context.rows_about(note.layer, note.ref)[:1]:
                first = np.searchsorted(owners, row)
                if first < len(owners) and owners[first] == row:
                    places[at] = coordinates[first]
    return places
