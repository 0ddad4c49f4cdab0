"""
Tables that programs write into the description of a placemark: ArcGIS' “Layer to KML”, Google Earth.

What stands in a cell is taken as text, whatever markup it has; nothing of it is ever shown as markup again.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

_TAG = re.compile(r"/?[A-Za-z][\w:.-]*")
_WIDEST = 2  # a name and its value
# A table of some hundred columns; what is longer is kept as text.
_LONGEST = 64 * 1024
# What is in these is no text of a cell.
_SILENT = {"script", "style", "head", "title"}
# Not a value: what ArcGIS writes for none.
_NONE = {"", "<null>", "&lt;null&gt;"}


def columns(description: str) -> dict[str, str | None]:
    """
    Read the columns of a description's table.

    Parameters
    ----------
    description
        The text of the element, its HTML unescaped once, as XML gives it.

    Returns
    -------
    dict of str to (str or None)
        Name to value, None for an empty one, of all rows of two cells; empty where they are no table.
    """
    if "<t" not in description.casefold() or len(description) > _LONGEST:
        return {}
    parser = _Rows()
    parser.feed(_bare(description))
    parser.close()
    found: dict[str, str | None] = {}
    for row in parser.rows:
        if len(row) != _WIDEST or not row[0]:
            continue
        name = row[0].removesuffix(":").strip()
        if name and name not in found:
            found[name] = None if row[1].casefold() in _NONE else row[1]
    return found


def _bare(text: str) -> str:
    """Leave tags nothing but their names, and comments out: without an end, the parser looks for it again and again."""
    first, *commented = text.split("<!--")
    kept = first + "".join(part.partition("-->")[2] for part in commented)
    before, *tags = kept.split("<")
    return before + "".join(map(_tag, tags))


def _tag(piece: str) -> str:
    inside, end, after = piece.partition(">")
    match = _TAG.match(inside)
    return f"<{match[0]}>{after}" if match and end else f"&lt;{piece}"


class _Rows(HTMLParser):
    """Keeps the innermost rows of tables as the texts of their cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._cells: list[str] | None = None
        self._text: list[str] | None = None
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - the parser's
        if self._silent:
            return
        if tag in _SILENT:
            self._silent = tag
        elif tag == "tr":
            # A row within a cell is a row of its own; what was before it is layout.
            self._end_row()
            self._cells = []
        elif tag in {"td", "th"} and self._cells is not None:
            self._end_cell()
            self._text = []
        elif tag in {"br", "p", "div"} and self._text is not None:
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._silent = "" if tag == self._silent else self._silent
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag in {"tr", "table"}:
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._silent:
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._end_row()

    def _end_cell(self) -> None:
        if self._text is not None and self._cells is not None:
            self._cells.append(" ".join("".join(self._text).split()))
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self.rows.append(self._cells)
        self._cells = None
