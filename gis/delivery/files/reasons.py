"""What is wrong with a file in words for people: never a library's own, nor a path that only this program knows."""

from __future__ import annotations

import re

from gis.language import Text

_DAMAGED = Text("its content is damaged", "محتوای آن آسیب دیده است")
TOO_FEW = Text("a line of fewer than two positions", "خطی با کم‌تر از دو نقطه")
# What libraries say, and what it means; the first that fits.
_MEANINGS: tuple[tuple[re.Pattern[str], Text], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in (
        (
            r"not recognized as|no driver|failed to open dataset",
            Text("it is not what its first bytes say", "محتوایش با سرآغازش نمی‌خواند"),
        ),
        (
            r"point array must contain|at least 2 coordinate|at least 2 points|empty component",
            TOO_FEW,
        ),
        (
            r"linearring|linear ring|at least (?:3|4)|closed linestring",
            Text(
                "a ring that is not closed or has too few positions",
                "حلقه‌ای که بسته نیست یا نقطه‌های کافی ندارد",
            ),
        ),
        (
            r"gufunc|operand|inhomogeneous|ordinates|dimension|could not convert|must be real number|coordinates",
            Text("its coordinates are not numbers in pairs", "مختصاتش جفت‌های عدد نیست"),
        ),
        (
            r"geometry type|geometry|illegalargument|parseexception|wkb|wkt",
            Text("its geometry cannot be read", "هندسهٔ آن خوانده نمی‌شود"),
        ),
        (
            r"expecting|unterminated|delimiter|extra data|invalid (?:control|\\|escape)|recursion",
            Text("it breaks off, or is not written as JSON is", "بریده است، یا نوشتار JSON آن درست نیست"),
        ),
        (
            r"no such file|permission|read-only|i/o|ioerror|input/output",
            Text("it cannot be read from the disk", "از دیسک خوانده نمی‌شود"),
        ),
        (
            r"not a zip|bad magic|central directory|bad crc|crc-32|compress|truncat|end-of-(?:file|central)|overlap",
            Text("it is cut or damaged", "بریده یا خراب است"),
        ),
        (r"password|encrypt", Text("it is encrypted", "رمزدار است")),
        (
            r"utf-?8|codec|encoding|decode",
            Text("its text is not in the encoding that it should be in", "متنش در کدگذاری خود نیست"),
        ),
    )
)


class DamagedError(ValueError):
    """
    A record that cannot be read.

    Parameters
    ----------
    why
        What is wrong with it.
    """

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def reason(error: BaseException) -> Text:
    """
    Say what an error of a library means for a file.

    Parameters
    ----------
    error
        What the library raised, with what it rests on. A `DamagedError` says it itself.

    Returns
    -------
    Text
        A clause, without a path, a library's name or its source lines.
    """
    if isinstance(error, DamagedError):
        return error.why
    causes = [error.__cause__, error.__context__, error]
    said = "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes if cause is not None)
    return next((text for pattern, text in _MEANINGS if pattern.search(said)), _DAMAGED)
