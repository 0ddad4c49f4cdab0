"""What goes wrong for a reason that the user can mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gis.language import Language, Text


class FibreError(Exception):
    """
    An input or a call that cannot be worked with: one line that says what, where and what would do.

    The command line prints it and exits with status 2.

    Parameters
    ----------
    text
        The message in both languages.
    code
        The code of the check that this amounts to (``"D001"``), where there is one.
    **fields
        Values for the message's fields.
    """

    def __init__(self, text: Text, *, code: str | None = None, **fields: Any) -> None:
        self.text = text
        self.code = code
        self.fields = fields
        super().__init__(text.render("en", **fields))

    def message(self, lang: Language = "en") -> str:
        """
        Say what is wrong.

        Parameters
        ----------
        lang
            The language to say it in.

        Returns
        -------
        str
            One line.
        """
        line = " ".join(self.text.render(lang, **self.fields).split())
        return f"{self.code}: {line}" if self.code else line


class ProjectError(FibreError):
    """A project file that is missing, broken, or asks for what does not exist."""


class SourceError(FibreError):
    """A file from the field that cannot be read, or must not be."""
