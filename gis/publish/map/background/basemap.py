"""The tiles under a map: an online service's, or those of an archive of the user's."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import folium
from branca.element import MacroElement
from folium.template import Template

from gis.errors import FibreError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

# {s} {z} {x} {y} {-y} {r} are Leaflet's; another brace would be read by the template engine.
_TILES = re.compile(r"https?://(?:[\w.~:/?#@!$&()*+,;=%-]|\{(?:s|z|x|y|-y|r)\})+")
_SUFFIXES = (".mbtiles", ".pmtiles")
_SHORT_NAMES = {"osm": "OpenStreetMap Mapnik", "openstreetmap": "OpenStreetMap Mapnik"}

_BAD_BASEMAP = Text(
    "basemap {basemap}: neither a tile address such as https://tile.example.org/{{z}}/{{x}}/{{y}}.png nor the name of "
    "a provider such as OpenStreetMap",
    "نقشهٔ زمینهٔ {basemap}: نه نشانی کاشی است، مانند https://tile.example.org/{{z}}/{{x}}/{{y}}.png، و نه نام "
    "یک سرویس‌دهنده، مانند OpenStreetMap",
)


class LocalTiles(MacroElement):
    """The background whose tiles are in the page: or of the folder that it is in."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = Fibre.background();
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "LocalTiles"


@dataclass(frozen=True)
class Basemap:
    """
    Tiles under a map.

    Parameters
    ----------
    layer
        The layer that shows them; None for no tiles.
    images
        Where the page may take images from besides itself, as sources of a content security policy.
    content
        What the page carries of an archive, values that JSON knows.
    """

    layer: folium.TileLayer | LocalTiles | None = None
    images: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


NONE = Basemap()


def is_local(basemap: str) -> bool:
    """
    Tell an archive of tiles from the address or the name of a service.

    Parameters
    ----------
    basemap
        What the user gave.

    Returns
    -------
    bool
        Whether it names a file that exists, or ends as archives do.
    """
    if basemap.lower() in _SHORT_NAMES:
        return False
    # Path.is_file raises for names that are too long; this does not.
    return os.path.isfile(basemap) or basemap.lower().endswith(_SUFFIXES)  # noqa: PTH113


def online(name: str) -> Basemap:
    """
    Take the tiles of a service.

    Parameters
    ----------
    name
        Its address with ``{z}``, ``{x}``, ``{y}``, or the name of a provider that `xyzservices` knows.

    Returns
    -------
    Basemap
        The tiles, with the attribution that is due and the one host that they come from.

    Raises
    ------
    FibreError
        It is neither.
    """
    provider = _SHORT_NAMES.get(name.lower(), name)
    try:
        # Only an address without attribution fails: a name that xyzservices knows brings its own.
        named = folium.TileLayer(provider, attr="-")
    except (ValueError, AttributeError):
        raise FibreError(_BAD_BASEMAP, basemap=name) from None
    address = str(named.tiles)
    if not _TILES.fullmatch(address):
        raise FibreError(_BAD_BASEMAP, basemap=name)
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2].replace("{s}", "*")
    layer = folium.TileLayer(
        address,
        attr=escape(_attribution(provider) or host),
        max_zoom=21,
        max_native_zoom=int(str(named.options.get("max_zoom", 18))),
        subdomains=str(named.options.get("subdomains", "abc")),
        overlay=True,
    )
    return Basemap(layer, images=f"{parts.scheme}://{host}")


def _attribution(provider: str) -> str:
    import xyzservices  # type: ignore[import-untyped] # noqa: PLC0415 - folium brings it

    try:
        return str(xyzservices.providers.query_name(provider).get("attribution", ""))
    except ValueError:
        return ""
