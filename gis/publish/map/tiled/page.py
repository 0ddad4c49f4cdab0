"""The page of a tiled map, and the packages that it needs."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from branca.element import Element

from gis.errors import FibreError
from gis.language import Text
from gis.publish.map import page as maps
from gis.publish.map.background.basemap import NONE, Basemap

if TYPE_CHECKING:
    from typing import ClassVar

    from gis.language import Language

MAPLIBRE = ("maplibre-gl.js", "maplibre-gl.css")
_SCRIPTS = ("tiled/archive.js", "tiled/tiled.js", "tiled/dress.js", "tiled/surface.js", "tiled/tiles.js")
_MAP_SCRIPT = "map.js"
_MISSING = Text(
    "{features:,} features are mapped as tiles, which needs the package {package}; install it: "
    "pip install 'fibre-gis[tiles]'",
    "{features:,} عارضه به شکل کاشی نقشه می‌شود و این به بستهٔ {package} نیاز دارد؛ آن را نصب کنید: "
    "pip install 'fibre-gis[tiles]'",
)


class TilesPage(maps.MapPage):
    """
    The page of a map whose features are in files beside it.

    Parameters
    ----------
    title
        The page's title.
    data
        What it carries itself, as `gis.publish.map.payload.dumps` writes it.
    lang
        The language that the page opens in.
    basemap
        The tiles under it.
    """

    # MapLibre works in a thread that it starts from a blob; nothing comes from another host.
    allowed: ClassVar[dict[str, str]] = {
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "blob:",
        "connect-src": "'self'",
        "worker-src": "blob:",
    }

    def __init__(self, title: str, data: str, lang: Language, basemap: Basemap = NONE) -> None:
        super().__init__(title, data, lang, basemap)
        script, sheet = MAPLIBRE
        self.header.add_child(Element(f'<link rel="stylesheet" href="{sheet}">'), name="maplibre_css")
        self.header.add_child(Element(f'<script src="{script}"></script>'), name="maplibre_js")
        self.style = f"{self.style}\n{maps.web('tiled/tiles.css')}"
        shared = [name for name in maps.SCRIPTS if name != _MAP_SCRIPT]
        ours = "\n".join(maps.web(name) for name in (*shared, *_SCRIPTS))
        # The script of every map returns its beginning; that of a tiled map is put before it.
        ours += (
            f"\nconst {{ start }} = (() => {{\n{maps.web(_MAP_SCRIPT)}\n}})();"
            "\nreturn { start: options => Tiles.start(start, options), background: Tiles.background };"
        )
        words = {**json.loads(maps.web("words.json")), **json.loads(maps.web("tiled/tiles.json"))}
        self.library = maps.library(json.dumps(words, ensure_ascii=False), ours)


def require(features: int) -> Path:
    """
    Give the folder of the package that MapLibre GL JS is in; it is not imported, as that greets with warnings.

    Parameters
    ----------
    features
        How many features there are, for the message.

    Returns
    -------
    pathlib.Path
        The folder of the package ``maplibre``.

    Raises
    ------
    FibreError
        The extra ``tiles`` is not installed.
    """
    places = {}
    for package in ("freestiler", "maplibre", "pmtiles"):
        found = find_spec(package)
        if found is None or found.origin is None:
            raise FibreError(_MISSING, features=features, package=package)
        places[package] = Path(found.origin).parent
    return places["maplibre"]
