"""What the pages share: their assets, the font that is in them, the hashes their policy names."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

# Which characters each file of Vazirmatn is for: Persian digits and punctuation come from the first.
_FONTS = {
    "vazirmatn-arabic-wght-normal.woff2": (
        "U+0600-06FF,U+0750-077F,U+200C-200E,U+2010-2011,U+FB50-FDFF,U+FE70-FEFC"
    ),
    "vazirmatn-latin-wght-normal.woff2": (
        "U+0000-00FF,U+02C6,U+02DA,U+02DC,U+2000-200B,U+200F,U+2012-206F,U+20AC,U+2212"
    ),
}


def asset(package: str, name: str) -> str:
    """
    Read a text that goes with a package.

    Parameters
    ----------
    package
        The package: ``"gis.publish.report"``.
    name
        The file in it; ``"web/map.css"`` for one in a folder.

    Returns
    -------
    str
        Its text, lines ended by a line feed on every system.
    """
    return files(package).joinpath(*name.split("/")).read_text("utf-8").replace("\r\n", "\n")


@cache
def font_faces() -> str:
    """
    Give the font Vazirmatn as CSS that loads nothing.

    Returns
    -------
    str
        One ``@font-face`` a file, the font itself in a ``data:`` address.
    """
    faces = []
    for name, characters in _FONTS.items():
        font = base64.b64encode((files("gis.publish") / "assets" / name).read_bytes()).decode()
        faces.append(
            # The overrides set capitals and Persian letters in the middle of a line.
            "@font-face{font-family:Vazirmatn;font-weight:100 900;font-display:block;"
            "ascent-override:110%;descent-override:47%;line-gap-override:0%;"
            f"src:url(data:font/woff2;base64,{font}) format('woff2');unicode-range:{characters}}}"
        )
    return "\n".join(faces)


def source_hash(text: str) -> str:
    """
    Name a script or style sheet in a content security policy.

    Parameters
    ----------
    text
        What stands between its tags.

    Returns
    -------
    str
        ``'sha256-…'``, quotes included.
    """
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
