"""What a drawing has that is not measured, in words for people."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from gis.delivery.columns import synonyms
from gis.delivery.columns.synonyms import words_of
from gis.language import Text
from gis.text.letters import fold

# By kind; any other is named as DXF names it.
_TEXTS = Text("texts of the drawing", "نوشتهٔ نقشه")
_HATCHES = Text("hatches of the drawing", "هاشور نقشه")
_DIMENSIONS = Text("dimensions and leaders of the drawing", "اندازه‌گذاری و راهنمای نقشه")
KINDS: dict[str, Text] = {
    **dict.fromkeys(("TEXT", "MTEXT", "RTEXT", "ARCALIGNEDTEXT", "ATTDEF"), _TEXTS),
    **dict.fromkeys(("HATCH", "MPOLYGON"), _HATCHES),
    **dict.fromkeys(
        (
            "DIMENSION",
            "ARC_DIMENSION",
            "LARGE_RADIAL_DIMENSION",
            "LEADER",
            "MULTILEADER",
            "MLEADER",
            "TOLERANCE",
        ),
        _DIMENSIONS,
    ),
}
OTHER = Text("entities of the kind {kind}", "شیء از نوع {kind}")
NO_PLANT = Text("it is no line and no point", "نه خط است و نه نقطه")
SHEET = Text("entities of paper space", "شیء فضای کاغذ")
UNSEEN = Text("entities that are not shown", "شیء پنهان نقشه")
WHY_UNSEEN = Text(
    "their layer is frozen or off, or they are hidden; thaw the layer if they are to count",
    "لایهٔ آن‌ها خاموش یا منجمد است یا خود پنهان‌اند؛ اگر باید حساب شوند لایه را روشن کنید",
)
SYMBOLS = Text("inserted blocks with lines in them", "بلوک درج‌شدهٔ خط‌دار")
WHY_SYMBOLS = Text(
    "each is a symbol, taken as its point: it has attributes, is called a manhole or an office, or is a small figure; "
    "explode the blocks if their lines are routes",
    "هر یک نماد است و نقطهٔ درجش گرفته شد: ویژگی دارد یا نامش نام حوضچه یا فرمانداری است یا شکلی کوچک است؛ "
    "اگر خط‌هایش مسیر است بلوک‌ها را باز کنید (explode)",
)
FURNITURE = Text("lines and points of the sheet", "خط و نقطهٔ شیت")
WHY_FURNITURE = Text(
    "the name of the layer or the block says so; rename it if it is plant",
    "نام لایه یا بلوک چنین می‌گوید؛ اگر از شبکه است نام دیگری به آن بدهید",
)
FRAMES = Text("frames around the drawing", "کادر دور نقشه")
WHY_FRAMES = Text(
    "each is a closed rectangle around all else that is drawn",
    "مستطیل بسته‌ای است که همهٔ چیزهای دیگر نقشه درون آن است",
)
CIRCULAR = Text("blocks that are inserted in themselves", "بلوکی که در خودش درج شده")
MISSING = Text("inserted blocks that are not in the drawing", "بلوک درج‌شده‌ای که در نقشه نیست")
WHY_BLOCKS = Text(
    "there is nothing to be drawn; bind the references", "چیزی برای ترسیم ندارد؛ ارجاع‌ها را bind کنید"
)
UNDRAWN = Text("entities of the kind {kind} without a shape", "شیء بی‌شکل از نوع {kind}")
WHY_UNDRAWN = Text(
    "no line and no point can be made of them; explode them",
    "از آن‌ها خط یا نقطه‌ای به دست نمی‌آید؛ آن‌ها را باز کنید (explode)",
)


def kind(name: str) -> Text:
    """
    Name a kind of entities that are left out.

    Parameters
    ----------
    name
        As DXF names it.

    Returns
    -------
    Text
        For people, in the plural.
    """
    return KINDS.get(name) or OTHER.filled(kind=name)


@cache
def _sheet(*lists: str) -> frozenset[str]:
    text = resources.files("gis.delivery.readers.drawings").joinpath("words.toml").read_text("utf-8")
    book = tomllib.loads(text)
    return frozenset(fold(word) for name in lists for word in book[name])


@cache
def _plant() -> frozenset[str]:
    titles = synonyms.book()["titles"]
    return frozenset(fold(word) for kind in ("routes", "manholes", "offices") for word in titles[kind])


@cache
def of_the_sheet(name: str, *, block: bool = False) -> bool:
    """
    Tell whether a layer or a block belongs to the sheet, by its name.

    Parameters
    ----------
    name
        The name.
    block
        Whether it is a block's.

    Returns
    -------
    bool
        True for borders, titles, north arrows, dimensions and the like; False where a word for plant is in it too.
    """
    words = set(words_of(name))
    lists = ("both", "blocks" if block else "layers")
    return not words.isdisjoint(_sheet(*lists)) and words.isdisjoint(_plant())
