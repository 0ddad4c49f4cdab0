"""One change that a fix makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gis.language import Text
    from gis.schema import LayerName


@dataclass(frozen=True)
class Change:
    """
    What a fix does to one feature.

    Attributes
    ----------
    layer, row
        The feature: its layer and its row there.
    what
        In words.
    geometry
        Its new geometry in WGS 84 degrees; None where it stays.
    sets
        Column to new value.
    absorbed
        The row of a feature that goes away with it, or None; the feature itself where it is deleted.
    """

    layer: LayerName
    row: int
    what: Text
    geometry: Any = None
    sets: dict[str, Any] = field(default_factory=dict)
    absorbed: int | None = None
