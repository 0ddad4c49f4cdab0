"""What of a layer no figure counts, told before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.inventory import LOST_RECORD, LeftOut
from gis.language import Text
from gis.schema import LINE_TYPES

if TYPE_CHECKING:
    from gis.delivery.understanding import Understanding

# LineString, LinearRing, MultiLineString.
_LOST = Text("damaged {count:record|records}", "رکورد خراب")
_DAMAGED = Text(
    "{count:it|they} could not be read; ask for the file again", "خوانده نشد؛ فایل را دوباره بخواهید"
)
_UNMEASURED = Text("{count:route|routes} without a length", "مسیر بی‌طول")
_NO_LINE = Text("{count:its|their} geometry is missing or no line", "هندسه ندارد یا هندسه‌اش خط نیست")
_NOWHERE = Text("{count:feature|features} of a layer that goes nowhere", "عارضه از لایه‌ای که به جایی نمی‌رود")
_NOT_TOLD = Text(
    "its name, its columns and its geometry do not tell routes, manholes or offices; name it in the project file",
    "نام و ستون‌ها و هندسه‌اش نمی‌گوید مسیر است یا حوضچه یا فرمانداری؛ آن را در فایل پروژه نام ببرید",
)
_ROWS = Text("{count:row|rows} of a table without positions", "سطر از جدولی بی‌مختصات")
_TABLE = Text(
    "{count:it has|they have} no place on the map: nothing of {count:it|them} is drawn or measured",
    "جایی روی نقشه ندارد: چیزی از آن کشیده یا اندازه‌گیری نمی‌شود",
)


def left_out(reading: Understanding) -> list[LeftOut]:
    """
    Give what the reading of a layer passed over, what of it has no length, and all of it where it goes nowhere.

    Parameters
    ----------
    reading
        A layer as it was understood.

    Returns
    -------
    list of LeftOut
        What no figure will count: the reader's own first, then damaged records, features and routes.
    """
    raw, destination = reading.raw, reading.destination
    lost = sum(note.code == LOST_RECORD for note in raw.notes)
    counted = [(lost, _LOST, _DAMAGED)]
    if reading.listed:
        return list(raw.left_out)
    if destination is None:
        # What the reader has passed over already is told once.
        told = sum(left.count for left in raw.left_out if left.layer == raw.layer)
        words = (_ROWS, _TABLE) if reading.tabular else (_NOWHERE, _NOT_TOLD)
        counted.append((max(len(raw.frame) - told, 0), *words))
    elif destination.schema.name == "routes":
        lines = np.isin(shapely.get_type_id(raw.frame.geometry.to_numpy()), LINE_TYPES)
        counted.append((int((~lines).sum()), _UNMEASURED, _NO_LINE))
    return [*raw.left_out, *(LeftOut(raw.path, raw.layer, n, what, why) for n, what, why in counted if n)]
