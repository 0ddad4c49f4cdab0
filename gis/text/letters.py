"""
Persian text as it comes from the field: compared by what it says, stored as it stands.

Two keyboards, four decades and several programs write one word in many ways: Arabic ي and ك for Persian ی and ک,
three kinds of digits, half spaces or none. `fold` makes them equal for comparison, `normalise` is the careful repair
that changes no word, `lost` tells where letters are gone for good.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = pd.Series[Any] | NDArray[Any] | list[Any]

_T = TypeVar("_T")

_ASCII_DIGITS = {ord(zero) + d: str(d) for zero in "۰٠" for d in range(10)}
_PERSIAN_DIGITS = {ord(zero) + d: chr(ord("۰") + d) for zero in "0٠" for d in range(10)}

_ZWNJ, _ZWJ, _TATWEEL = "\u200c", "\u200d", "\u0640"
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u200b\u2060\ufeff"

# Letters of neighbouring languages and keyboards that stand for a Persian one.
_LETTERS = {
    "ي": "ی",
    "ى": "ی",
    "ې": "ی",
    "ے": "ی",
    "ك": "ک",
    "ڪ": "ک",
    "ة": "ه",
    "ە": "ه",
    "ہ": "ه",
    "ھ": "ه",
}
_FOLDED: dict[int, str | None] = {
    **{ord(theirs): ours for theirs, ours in _LETTERS.items()},
    **_ASCII_DIGITS,
    **dict.fromkeys(map(ord, _ZWNJ + _ZWJ + _TATWEEL + _BIDI + _INVISIBLE)),
}

_ARABIC_SCRIPT = "\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5\u06fa-\u06fc\u0750-\u077f"
_ARABIC_LETTER = re.compile(f"[{_ARABIC_SCRIPT}]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_PRESENTATION_FORMS = re.compile("[\ufb50-\ufdfb\ufe70-\ufefc]+")
_NORMAL_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ڪ": "ک", **dict.fromkeys(_INVISIBLE)})
_STRAY_TATWEEL = re.compile(f"(?<=[{_ARABIC_SCRIPT}]){_TATWEEL}+|{_TATWEEL}+(?=[{_ARABIC_SCRIPT}])")
# A non-joiner belongs between two letters or digits (a vowel mark may come between); anywhere else it does nothing.
_STRAY_ZWNJ = re.compile(f"(?<![^\\W_])(?<![\u064b-\u0655]){_ZWNJ}|{_ZWNJ}(?![^\\W_])")
_ZWNJS = re.compile(f"{_ZWNJ}{{2,}}")
# A joiner is right in «ه‍.ش.», where it shows a he that stands for a word.
_STRAY_ZWJ = re.compile(f"(?<!ه){_ZWJ}|(?<=ه){_ZWJ}(?=\\w|{_ZWJ})")
_SPACES = re.compile(r"[^\S\n]+|\s*\n\s*")
_DIGITS = {"persian": re.compile("[۰-۹]"), "arabic": re.compile("[٠-٩]"), "ascii": re.compile("[0-9]")}
_EDGE = _BIDI + _ZWNJ + " \t\r\n"

_ADDRESS = re.compile(r"\S*(?:://|\w=)\S*")
_LOST = re.compile(
    r"[^\W\d_]\?+[^\W\d_]"  # between letters
    r"|(?:^|\s)\?+[^\W\d_]"  # before a word
    rf"|[{_ARABIC_SCRIPT}](?:\?{{2,}}|\?\s+[{_ARABIC_SCRIPT}])"  # Persian asks with «؟», and at the end
    r"|(?:^|\s)\?{3,}(?:\s|$)"
    r"|(?:^|\s)\?{2,}\s+\S|\S\s+\?{2,}(?:\s|$)"
)


def _objects(values: Values) -> NDArray[np.object_]:
    """Give values as a one-dimensional array of objects, also where each is a sequence itself."""
    if isinstance(values, list):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    return np.asarray(values, dtype=object)


def each(values: Values, function: Callable[[Any], _T]) -> NDArray[np.object_]:
    """
    Apply a function to each value that is there, once for equal values.

    Parameters
    ----------
    values
        (n,) values; None, NaN and NaT are missing.
    function
        What to apply.

    Returns
    -------
    numpy.ndarray
        (n,) results, None where the value is missing.
    """
    array = _objects(values)
    try:
        codes, uniques = pd.factorize(array)
    except TypeError:  # lists and mappings of JSON cannot be compared by hash
        present = pd.notna(array)
        return np.array(
            [function(v) if p else None for v, p in zip(array, present, strict=True)] + [None], dtype=object
        )[:-1]
    results = np.empty(len(uniques) + 1, dtype=object)
    for at, value in enumerate(uniques):
        results[at] = function(value)
    return results[codes]  # a missing value has code -1: the last, which is None


def written(value: Any) -> str:
    """
    Write a value as text; a whole number that a spreadsheet keeps as a float loses its ``.0``.

    Parameters
    ----------
    value
        A value of a table's cell.

    Returns
    -------
    str
        The text.
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


@overload
def fold(values: str) -> str: ...
@overload
def fold(values: pd.Series[Any]) -> pd.Series[Any]: ...
@overload
def fold(values: NDArray[Any] | list[Any]) -> NDArray[np.object_]: ...
def fold(values: str | Values) -> str | pd.Series[Any] | NDArray[np.object_]:
    """
    Bring text into the form that it is compared in.

    Presentation forms become letters (Unicode NFKD), diacritics go (so «آ أ» are «ا», «ئ» is «ی», «ۀ» is «ه»),
    Arabic letters become the Persian ones, digits ASCII; joiners, stretching, direction marks and all spaces go;
    case is folded. Folding twice changes nothing.

    Parameters
    ----------
    values
        A text, or (n,) values; numbers are compared as written.

    Returns
    -------
    str, pandas.Series or numpy.ndarray
        Folded text in the form it was given; None where a value is missing.
    """
    if isinstance(values, str):
        return _fold(values)
    folded = each(values, lambda value: _fold(written(value)))
    return pd.Series(folded, index=values.index, dtype=object) if isinstance(values, pd.Series) else folded


def _fold(text: str) -> str:
    if not text.isascii():
        text = _bare(_bare(text).casefold()).translate(_FOLDED)
    return "".join(text.casefold().split())


# What a county is called beside its name.
_COUNTY = re.compile(
    r"^\W*(?:شهرستان|shahrestaa?n(?:[\s\-]e(?=[\s\-]))?|county(?:\s+of)?)(?=[\W_])[\W_]*(?=\w)"
    r"|(?<=\w)[\W_]+(?:شهرستان|shahrestaa?n|county)\W*$",
    re.IGNORECASE,
)


@overload
def fold_county(values: str) -> str: ...
@overload
def fold_county(values: NDArray[Any] | list[Any]) -> NDArray[np.object_]: ...
def fold_county(values: str | Values) -> str | NDArray[np.object_]:
    """
    Bring names of counties into the form that they are compared in.

    Parameters
    ----------
    values
        A name, or (n,) names; «شهرستان اصفهان» is «اصفهان», ``Isfahan County`` is ``Isfahan``.

    Returns
    -------
    str or numpy.ndarray
        As `fold` gives them, without the word for a county; None where a value is missing.
    """
    if isinstance(values, str):
        return _fold(_COUNTY.sub("", values.replace(_TATWEEL, "").strip()))
    return each(values, lambda value: fold_county(written(value)))


def _bare(text: str) -> str:
    """Take a text apart (NFKD) and drop its diacritics."""
    return "".join(
        c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in {"Mn", "Me"}
    )


def ascii_digits(text: str) -> str:
    """
    Write Persian and Arabic digits as ASCII ones.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        The text, all else as it was.
    """
    return text.translate(_ASCII_DIGITS)


def normalise(text: str) -> str:
    """
    Repair how a text is written and nothing of what it says.

    Presentation forms and Arabic ي ى ك become Persian letters; Arabic digits become Persian, and a word that
    mixes kinds of digits gets one kind (ASCII beside Latin letters, else Persian); half spaces and joiners that
    join nothing, stretching, invisible characters and direction marks at the ends go; runs of spaces become
    one. Normalising twice changes nothing, and `fold` of the text stays.

    Parameters
    ----------
    text
        Text as it stands.

    Returns
    -------
    str
        The text as it should stand.
    """
    if text.isascii():
        return _SPACES.sub(_one_space, text).strip()
    text = _PRESENTATION_FORMS.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    text = text.translate(_NORMAL_LETTERS)
    before = None
    # Taking one stray character away can make another one stray.
    while text != before:
        before = text
        text = _STRAY_TATWEEL.sub("", text)
        text = _STRAY_ZWJ.sub("", text)
        text = _STRAY_ZWNJ.sub("", _ZWNJS.sub(_ZWNJ, text))
        text = _SPACES.sub(_one_space, text).strip(_EDGE)
    return re.sub(r"\S+", lambda word: _one_kind_of_digits(word[0]), text)


def _one_space(run: re.Match[str]) -> str:
    return "\n" if "\n" in run[0] else " "


def _one_kind_of_digits(word: str) -> str:
    kinds = {kind for kind, pattern in _DIGITS.items() if pattern.search(word)}
    if len(kinds) < 2 and "arabic" not in kinds:  # noqa: PLR2004 - one kind is no mixture
        return word
    latin = _LATIN_LETTER.search(word) and not _ARABIC_LETTER.search(word)
    return word.translate(_ASCII_DIGITS if latin else _PERSIAN_DIGITS)


def lost(text: str) -> bool:
    """
    Tell whether letters of a text are gone: replacement characters, or question marks where letters were.

    A question mark that ends a word of Latin letters, those of an address of the web, and one or two that stand for
    a whole value, count as written.

    Parameters
    ----------
    text
        Text as it stands.

    Returns
    -------
    bool
        Whether something is lost.
    """
    return "\ufffd" in text or ("?" in text and _LOST.search(_ADDRESS.sub("", text)) is not None)


# Every eleventh letter of Persian is a yeh: 100 letters without one are a chance of (10/11)^100, below 1 in 10 000.
_ENOUGH_LETTERS = 100


def dropped_yeh(values: Values) -> bool:
    """
    Tell whether a column has lost its yehs, as GDAL loses them when it writes CP1256 (which has no ی).

    Parameters
    ----------
    values
        (n,) values of a column.

    Returns
    -------
    bool
        True where the column's different texts have 100 Persian letters or more and none of ی ي ى ئ.
    """
    letters = 0
    for value in pd.unique(np.asarray(values, dtype=object)):
        if isinstance(value, str) and not value.isascii():
            if any(yeh in value for yeh in "یيىئ"):
                return False
            letters += len(_ARABIC_LETTER.findall(value))
    return letters >= _ENOUGH_LETTERS


def persian(text: str) -> bool:
    """
    Tell whether a text has letters of the Arabic script.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    bool
        Whether it has any.
    """
    return _ARABIC_LETTER.search(text) is not None
