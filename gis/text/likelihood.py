"""How likely bytes are text of an encoding: letters as frequent, and beside such others, as in its languages."""

from __future__ import annotations

import math
import unicodedata
from functools import cache

import numpy as np

from gis.text import iran_system
from gis.text.letters import fold

# Letters in 1000 of Persian news prose, counted folded.
_PERSIAN = dict(
    zip(
        [
            "ا",
            "ر",
            "ی",
            "ت",
            "ن",
            "ه",
            "د",
            "م",
            "و",
            "ب",
            "س",
            "ف",
            "ک",
            "ش",
            "ل",
            "ز",
            "ح",
            "ص",
            "خ",
            "ط",
            "ع",
            "گ",
            "ج",
            "ق",
            "ض",
            "چ",
            "پ",
            "ذ",
            "ث",
            "ظ",
            "غ",
            "ء",
            "ژ",
        ],
        (
            150,
            90,
            100,
            55,
            70,
            62,
            65,
            55,
            55,
            43,
            34,
            20,
            29,
            30,
            30,
            23,
            12,
            10,
            11,
            8,
            14,
            10,
            12,
            10,
            5,
            4,
            8,
            3,
            2,
            2,
            3,
            1,
            1,
        ),
        strict=True,
    )
)
# Letters in 1000 of Arabic news prose; its own ones stand for themselves.
_ARABIC = dict(
    zip(
        "الیمونرتهةبعدسفقکحجشصطخضثزذغءظأإآؤئى",
        (
            *(130, 120, 70, 65, 60, 60, 45, 40, 35, 30, 35, 38, 30, 27, 27, 25, 21, 20),
            *(14, 12, 11, 9, 9, 6, 7, 7, 9, 5, 3, 2, 25, 8, 3, 2, 4, 10),
        ),
        strict=True,
    )
)
# Encodings of Arabic letters.
ARABIC_CODECS = frozenset({"cp1256", "iso8859-6", "cp720", "cp864", "mac-arabic", "mac-farsi"})
PUNCTUATION = frozenset("،؛؟«»…–—\u200c\u200d\u200e\u200f\u00a0\u00ab\u00bb°×÷±²³½¼¾’‘“”•€£§©®™")
_RARE = 1e-5
# Bits a character by which one reading must be likelier than another to be believed against a declaration or against
# text as it stands.
CLEARLY = 2.5
PLAUSIBLE = -7.5
WINDOWS_LATIN = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}


def likelihood(data: bytes, codec: str) -> float:
    """
    Tell how likely bytes are text of an encoding's languages.

    Parameters
    ----------
    data
        The bytes.
    codec
        Any codec of Python for text, beside ``"iran-system"``.

    Returns
    -------
    float
        The mean log2 probability of the characters beyond ASCII; minus infinity where there are none.
    """
    if codec == "iran-system":
        return _mean([b for line in data.split(b"\n") for b in _iran_system_bits(line)])
    if codec in ARABIC_CODECS:
        # That code page of DOS holds shaped letters.
        text = data.decode(codec, errors="replace")
        text = unicodedata.normalize("NFKC", text) if codec == "cp864" else text
        return max(_mean(_arabic_script_bits(text, persian=persian)) for persian in (True, False))
    if codec == "cp1252":
        return _mean(_other_bits(data.decode("latin-1").translate(WINDOWS_LATIN)))
    return _mean(_other_bits(data.decode(codec, errors="replace")))


def _mean(bits: list[float]) -> float:
    return float(np.mean(bits)) if bits else -math.inf


@cache
def _letter_bit(character: str, *, persian: bool = True) -> float:
    """Weigh a character as one of Persian or of Arabic text."""
    letters = _PERSIAN if persian else _ARABIC
    letter = character if character in letters else fold(character)
    if persian and character in "أإؤ":  # rare in Persian
        letter = ""
    if len(letter) == 1 and letter in letters:
        return math.log2(letters[letter] / 1100)
    if unicodedata.category(character) == "Mn" or character in PUNCTUATION or character in "۰۱۲۳۴۵۶۷۸۹أإؤ":
        return math.log2(0.005)
    return math.log2(_RARE)


def _arabic_script_bits(text: str, *, persian: bool) -> list[float]:
    bits = []
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if not character.isascii():
            # Letters of two scripts do not meet within a word, and a vowel sign has a letter before it.
            mixed = character.isalpha() and (_latin(before) or _latin(after))
            stray = unicodedata.category(character) == "Mn" and before.isascii()
            bits.append(_letter_bit(character, persian=persian) - (6.0 if mixed or stray else 0.0))
    return bits


def _iran_system_bits(line: bytes) -> list[float]:
    shapes = iran_system.in_order(line)
    bits = []
    for before, shape, after in zip(f" {shapes}", shapes, f"{shapes[1:]} ", strict=False):
        if not shape.isascii():
            mixed = _latin(before) or _latin(after)
            bits.append(_letter_bit(unicodedata.normalize("NFKC", shape)[0]) - (7.0 if mixed else 1.0))
    # The joining of the shapes is a witness of its own: each contradiction is a rare event.
    return [bit - 8 * iran_system.misjoined(shapes) / len(bits) for bit in bits]


def _latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _other_bits(text: str) -> list[float]:
    """Weigh accented letters, which stand singly among plain ones, letters of other scripts, and signs."""
    bits = []
    for at, character in enumerate(text):
        if character.isascii():
            continue
        before, after = text[at - 1 : at] or " ", text[at + 1 : at + 2] or " "
        if not character.isalpha():
            bits.append(math.log2(0.005 if character in PUNCTUATION else _RARE))
        elif _accented(character):
            beside = _latin(before) or _latin(after)
            common = character.lower() in "éèêàâçôîûëïüùöäßñáíóúãõåæøşğıö"
            odd = character.isupper() and before.isalpha() and before.islower()
            bits.append((-5.0 if common else -8.0) + (0.0 if beside else -6.0) - (6.0 if odd else 0.0))
        else:
            # A capital follows no small letter, and of several capitals none is followed by one.
            odd = (character.isupper() and before.islower()) or (
                character.islower() and before.isupper() and text[max(at - 2, 0) : at - 1].isupper()
            )
            bits.append((-12.0 if character > "\u2e80" else -5.0) - (10.0 if odd else 0.0))
    return bits


@cache
def _accented(character: str) -> bool:
    """Tell whether a letter is one of the Latin script."""
    return unicodedata.name(character, "").startswith(("LATIN", "FEMININE", "MASCULINE", "MICRO"))
