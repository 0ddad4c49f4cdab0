"""One change that a fix makes, and what is known of it once it was tried."""

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
        In words; None where the values that it sets say all.
    geometry
        Its new geometry in WGS 84 degrees; None where it stays.
    sets
        Column to new value.
    absorbed
        The row of a feature that goes away with it, or None; the feature itself where it is deleted.
    """

    layer: LayerName
    row: int
    what: Text | None
    geometry: Any = None
    sets: dict[str, Any] = field(default_factory=dict)
    absorbed: int | None = None


# What a fault is of: its check, its canonical layer, and the feature's identity, or its name where it is of no feature.
Key = tuple[str, str, Any]


@dataclass(frozen=True, eq=False)
class Tried:
    """
    A change that was tried.

    Attributes
    ----------
    code
        The check whose fix it is.
    key
        The feature; its code is empty.
    feature
        What the feature is called.
    touched
        The geometry that is touched, or None.
    absorbed
        The feature that goes away with it, or None.
    entry, lines
        What is told of it, as a whole and value by value.
    excess_m
        How much length goes beyond what the finding says, metres.
    """

    code: str
    key: Key
    feature: str
    touched: Any
    absorbed: Key | None
    entry: dict[str, Any]
    lines: list[dict[str, Any]]
    excess_m: float

    def refusal(self, because: str, why: Text) -> dict[str, Any]:
        """
        Say that it is not made.

        Parameters
        ----------
        because
            The codes of what it would have made, or the item of the total whose verdict it would have changed.
        why
            The same in words.

        Returns
        -------
        dict
            `gis.checks.fixes.loop.REFUSED_COLUMNS`.
        """
        told = {"because": because, "why": why.render("en"), "why_fa": why.render("fa")}
        return {"code": self.code, "layer": self.key[1], "feature": self.feature, **told}
