"""The two languages: a text in both, and numbers as each writes them."""

from __future__ import annotations

import locale
import os
import string
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Language = Literal["en", "fa"]

_PERSIAN_NUMERALS = str.maketrans("0123456789,.%", "۰۱۲۳۴۵۶۷۸۹٬٫٪")
# First strong isolate and its end: a file name or an id inside a Persian sentence keeps its own direction.
_ISOLATE, _POP = "\u2068", "\u2069"
_ISOLATES = {"\u2066", "\u2067", _ISOLATE}
_OVERRIDES = {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e"}
# What a letter that is not shown is shown as.
_STANDS_FOR = "\ufffd"


def number(value: float, spec: str = ",.10g", lang: Language = "en") -> str:
    """
    Write a number as the language does.

    Parameters
    ----------
    value
        The number.
    spec
        A format specification of Python's `format`.
    lang
        ``"fa"`` gives Persian digits, «٬» between thousands and «٫» before decimals.

    Returns
    -------
    str
        The number as text.
    """
    written = format(value, spec)
    return written.translate(_PERSIAN_NUMERALS) if lang == "fa" else written


def steers(letter: str) -> bool:
    """
    Tell whether a letter steers a terminal, or the direction of what follows it.

    Parameters
    ----------
    letter
        One letter.

    Returns
    -------
    bool
        True for control characters, halves of surrogate pairs, and embeddings and overrides of the direction (UAX 9);
        isolates and marks, which Persian needs, are none.
    """
    return unicodedata.category(letter) in {"Cc", "Cs"} or letter in _OVERRIDES


def harmless(text: str) -> str:
    """
    Make a text fit for a terminal: nothing in it steers, whoever wrote it.

    Parameters
    ----------
    text
        One line or several.

    Returns
    -------
    str
        The text with «�» for each letter that `steers`, save tabs and ends of lines, and with the isolates of each line
        in pairs: an end without a beginning is «�», a beginning without an end is ended with the line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(_harmless_line, text.split("\n")))


def _harmless_line(line: str) -> str:
    depth, written = 0, []
    for letter in line.removesuffix("\r"):
        if letter == _POP:
            depth -= 1
        elif letter in _ISOLATES:
            depth += 1
        unpaired = depth < 0
        depth = max(depth, 0)
        written.append(_STANDS_FOR if unpaired or (letter != "\t" and steers(letter)) else letter)
    return "".join(written) + _POP * depth + line[len(line.removesuffix("\r")) :]


def digits(text: str, lang: Language) -> str:
    """
    Write the digits of a text, such as those of a date, as the language does.

    Parameters
    ----------
    text
        Any text; all but ASCII digits stays.
    lang
        ``"fa"`` gives Persian digits.

    Returns
    -------
    str
        The text with its digits.
    """
    return text.translate({ord("0") + d: ord("۰") + d for d in range(10)}) if lang == "fa" else text


class _Formatter(string.Formatter):
    """Fills a text's fields: numbers in the language's digits, other values isolated in Persian."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def format_field(self, value: Any, format_spec: str) -> str:
        return show(value, format_spec, self._lang)


def show(value: Any, spec: str = "", lang: Language = "en") -> str:
    """
    Write a value into a sentence.

    Parameters
    ----------
    value
        A number, a `Text`, or anything with a text form.
    spec
        A format specification of Python's `format`; without one, numbers get their thousands set off. With a bar,
        as ``"route|routes"``, the word for one and the word for any other number, in place of the number.
    lang
        The sentence's language.

    Returns
    -------
    str
        Numbers in the language's digits, a `Text` in its wording, other values isolated in Persian.
    """
    if isinstance(value, Text):
        return value.render(lang)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "|" in spec:
            return spec.split("|")[value != 1]
        return number(value, spec or ",.10g", lang)
    written = format(value, spec)
    # A value of its own making must not end the isolate early.
    return f"{_ISOLATE}{harmless(written)}{_POP}" if lang == "fa" else written


@dataclass(frozen=True, slots=True)
class Text:
    """
    A message in English and in Persian, with ``{fields}`` as in `str.format`.

    Attributes
    ----------
    en, fa
        The two wordings; both name the same fields.
    finished
        Whether nothing is to be filled in, so that braces are letters; `literal` and `filled` make such.
    """

    en: str
    fa: str
    finished: bool = False

    @classmethod
    def literal(cls, en: str, fa: str | None = None) -> Text:
        """
        Take a finished text: what a file says, a page with an example, sentences put together.

        Parameters
        ----------
        en, fa
            The two wordings, in which braces are letters; without the second, the first in both languages.

        Returns
        -------
        Text
            A text without fields.
        """
        return cls(en, en if fa is None else fa, finished=True)

    @classmethod
    def joined(cls, texts: Iterable[Text], en: str, fa: str) -> Text:
        """
        Put texts without fields into a row.

        Parameters
        ----------
        texts
            The texts.
        en, fa
            What stands between them in each language.

        Returns
        -------
        Text
            One text without fields.
        """
        parts = list(texts)
        return cls.literal(
            en.join(part.render("en") for part in parts), fa.join(part.render("fa") for part in parts)
        )

    def render(self, lang: Language = "en", **fields: Any) -> str:
        """
        Fill the fields in.

        Parameters
        ----------
        lang
            Which wording.
        **fields
            A value for each field; numbers come out in the language's digits, a `Text` in its wording.

        Returns
        -------
        str
            The finished sentence.
        """
        wording = self.fa if lang == "fa" else self.en
        return wording if self.finished else _Formatter(lang).vformat(wording, (), fields)

    def filled(self, **fields: Any) -> Text:
        """
        Fill the fields in, in both languages.

        Parameters
        ----------
        **fields
            As `render` takes them.

        Returns
        -------
        Text
            A text without fields, to be put into another one or shown as it is.
        """
        return Text.literal(self.render("en", **fields), self.render("fa", **fields))


def preferred() -> Language:
    """
    Tell the language that the user's environment asks for.

    Returns
    -------
    Language
        ``"fa"`` where the locale is a Persian one, else ``"en"``.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "fa" if value.lower().startswith(("fa", "persian")) else "en"
    # Windows sets none of these.
    name = locale.getlocale()[0] or ""
    return "fa" if name.lower().startswith(("fa", "persian")) else "en"
