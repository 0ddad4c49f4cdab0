"""What the tables of the project file have in common: strict types, and refusals in both languages."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.language import Text

Scalar = str | int | float | bool
Severity = Literal["error", "warning", "info"]


class Table(BaseModel):
    """A table of the project file: unknown keys and loose types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RefusedError(ValueError):
    """
    What is wrong with a value, in both languages.

    Parameters
    ----------
    text
        The reason, without fields.
    """

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.render("en"))


def suggestion(word: str, known: Sequence[str]) -> str:
    """
    Say what a word may have been meant to be.

    Parameters
    ----------
    word
        The word that is not known.
    known
        Those that are.

    Returns
    -------
    str
        The end of a sentence: the one that is written nearly like it, or else all of them.
    """
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; it may be one of: {', '.join(known)}"
