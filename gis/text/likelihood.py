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
        ``"cp1256"``, ``"iran-system"``, or any other for western text.

    Returns
    -------
    float
        The mean log2 probability of the characters beyond ASCII; minus infinity where there are none.
    """
    if codec == "iran-system":
        bits = [b for line in data.split(b"\n") for b in _iran_system_bits(line)]
    elif codec == "cp1256":
        bits = _persian_bits(data.decode(codec))
    else:
        bits = _western_bits(data.decode("latin-1").translate(WINDOWS_LATIN))
    return float(np.mean(bits)) if bits else -math.inf


@cache
def _persian_bit(character: str) -> float:
    letter = "" if character in "أإؤ" else fold(character)  # rare in Persian
    if len(letter) == 1 and letter in _PERSIAN:
        return math.log2(_PERSIAN[letter] / 1100)
    if unicodedata.category(character) == "Mn" or character in PUNCTUATION or character in "۰۱۲۳۴۵۶۷۸۹أإؤ":
        return math.log2(0.005)
    return math.log2(_RARE)


def _persian_bits(text: str) -> list[float]:
    bits = []
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if not character.isascii():
            # Letters of two scripts do not meet within a word.
            mixed = character.isalpha() and (_latin(before) or _latin(after))
            bits.append(_persian_bit(character) - (6.0 if mixed else 0.0))
    return bits


def _iran_system_bits(line: bytes) -> list[float]:
    shapes = iran_system.in_order(line)
    bits = [_persian_bit(unicodedata.normalize("NFKC", c)[0]) - 1 for c in shapes if not c.isascii()]
    # The joining of the shapes is a witness of its own: each contradiction is a rare event.
    return [bit - 8 * iran_system.misjoined(shapes) / len(bits) for bit in bits]


def _latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _western_bits(text: str) -> list[float]:
    """Weigh accented letters, which stand singly among plain ones, and the signs of western text."""
    bits = []
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if character.isascii():
            continue
        if not character.isalpha():
            bits.append(math.log2(0.005 if character in PUNCTUATION else _RARE))
            continue
        beside = _latin(before) or _latin(after)
        common = character.lower() in "éèêàâçôîûëïüùöäßñáíóúãõåæøşğıö"
        odd = character.isupper() and before.isalpha() and before.islower()
        bits.append((-5.0 if common else -8.0) + (0.0 if beside else -6.0) - (6.0 if odd else 0.0))
    return bits
