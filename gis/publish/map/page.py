"""
The interactive map: one page that needs no network.

folium gives the map, its layers and the figure they stand in; our own style sheet and scripts in ``web/``, the same
in every map, do what folium's elements do not: Persian and English, values that stay text, tens of thousands of
features on one canvas, and a policy that forbids the page whatever it does not need.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from gis.coordinates.trial import IRAN
from gis.publish import symbols
from gis.publish.map import payload
from gis.publish.map.background import background
from gis.publish.map.background.basemap import NONE, Basemap, LocalTiles, is_local, online
from gis.publish.map.places import extent
from gis.publish.pages import asset, font_faces, source_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gis.checks.findings import Findings
    from gis.checks.registry import Page
    from gis.inventory import Inventory
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.totals import TotalResult

# What can be shown and hidden, the lowest first.
LAYERS = (
    "graticule",
    "counties",
    "ducts",
    "cables",
    "fittings",
    "manholes",
    "exchanges",
    "offices",
    "findings",
    "names",
)
_NAMES = frozenset({"fibre", "basemap", *LAYERS})
SCRIPTS = (
    "geodesy.js",
    "words.js",
    "background.js",
    "survey.js",
    "symbols.js",
    "painter.js",
    "legend.js",
    "cards.js",
    "panel.js",
    "search.js",
    "tools.js",
    "map.js",
)
_NOTHING = "'none'"
_POLICY = "<!-- content security policy -->"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class MapPage(Figure):
    """
    The page that a map stands in: everything it needs is in it.

    Parameters
    ----------
    title
        The page's title.
    data
        The survey, as `gis.publish.map.payload.dumps` writes it.
    lang
        The language that the page opens in.
    basemap
        The tiles under it.

    Notes
    -----
    The data is put in here and not by an element of the map, because branca reads what an element renders as a
    template once more: a name such as ``{{ … }}`` in a survey would be evaluated.
    """

    # What a page that is not all in one file may load besides, as directives of a content security policy.
    allowed: ClassVar[dict[str, str]] = {}
    _template = Template(
        """<!DOCTYPE html>
<html lang="{{ this.lang }}" dir="{{ 'rtl' if this.lang == 'fa' else 'ltr' }}">
<head>
<meta charset="utf-8">
"""
        + _POLICY
        + """
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{{ this.title|e }}</title>
<style>
{{ this.style }}
</style>
{{ this.header.render(**kwargs) }}
</head>
<body>
{{ this.html.render(**kwargs) }}
<script type="application/json" id="fibre-data">{{ this.data }}</script>
{%- if this.tiles %}
<script type="application/json" id="fibre-tiles">{{ this.tiles }}</script>
{%- endif %}
<script>{{ this.library }}</script>
<script>
{{ this.script.render(**kwargs) }}
</script>
</body>
</html>
"""
    )

    def __init__(self, title: str, data: str, lang: Language, basemap: Basemap = NONE) -> None:
        super().__init__(title=title, height="720px")
        self.basemap = basemap
        self.tiles = payload.dumps(basemap.content) if basemap.content else ""
        self.data = data
        self.lang = lang
        self.style = style()
        self.library = library(web("words.json"), "\n".join(web(name) for name in SCRIPTS))
        del self.header._children["meta_http"]  # noqa: SLF001 - the template has it

    def render(self, **kwargs: Any) -> str:
        """
        Write the page.

        Parameters
        ----------
        **kwargs
            Passed on to branca.

        Returns
        -------
        str
            HTML; the same for the same survey, however often it is called.
        """
        parts = (self.header, self.html, self.script)
        before = [part._children.copy() for part in parts]  # noqa: SLF001 - rendering adds to them
        for number, element in enumerate(_elements(self)):
            if element._id not in _NAMES:  # noqa: SLF001
                element._id = f"{number:04d}"  # noqa: SLF001 - random otherwise
        try:
            html = super().render(**kwargs)
        finally:
            for part, children in zip(parts, before, strict=True):
                part._children = children  # noqa: SLF001
        return html.replace(_POLICY, self._policy(html), 1)

    def _policy(self, html: str) -> str:
        """Write the policy that lets this page's own scripts run and nothing else."""
        policy = {
            "default-src": "'none'",
            "script-src": " ".join(source_hash(script) for script in _SCRIPT.findall(html)),
            "style-src": "'unsafe-inline'",
            "img-src": f"data: {self.basemap.images}".strip(),
            "font-src": "data:",
            "connect-src": _NOTHING,
            "base-uri": "'none'",
            "form-action": "'none'",
        }
        for key, value in self.allowed.items():
            policy[key] = f"{policy.get(key, '').replace(_NOTHING, '')} {value}".strip()
        content = "; ".join(f"{key} {value}" for key, value in policy.items())
        return f'<meta http-equiv="Content-Security-Policy" content="{escape(content, quote=True)}">'


class SurveyMap(folium.Map):
    """
    A folium map whose page loads nothing and speaks both languages.

    Further elements of folium may be added to it; those that load scripts or images from elsewhere will miss them.

    Parameters
    ----------
    bounds
        West, south, east, north of the first view in degrees.
    """

    _template = Template(
        """
        {% macro html(this, kwargs) %}{{ this.shell }}{% endmacro %}
        {% macro script(this, kwargs) %}{{ this.leaflet_script(kwargs) }}{% endmacro %}
        """
    )

    def __init__(self, bounds: Sequence[float]) -> None:
        west, south, east, north = bounds
        super().__init__(
            location=((south + north) / 2, (west + east) / 2),
            zoom_start=8,
            tiles=None,
            zoom_control=False,
            attribution_control=False,
            zoom_snap=0.1,
            zoom_delta=1,
            wheel_px_per_zoom_level=90,
            max_zoom=21,
            min_zoom=2,
            fade_animation=False,
            world_copy_jump=True,
            bounce_at_zoom_limits=False,
        )
        # folium's own come from four hosts; Leaflet is in the page, and the others serve elements that are not here.
        self.default_js = []
        self.default_css = []
        _name(self, "fibre")
        self.shell = web("shell.html").replace("MAP_ID", self.get_name())

    def leaflet_script(self, kwargs: Mapping[str, Any]) -> str:
        """
        Write folium's own script of the map.

        Parameters
        ----------
        kwargs
            As folium's template hands them on.

        Returns
        -------
        str
            JavaScript.
        """
        return str(folium.Map._template.module.script(self, kwargs))  # noqa: SLF001


class Survey(MacroElement):
    """
    What fills the map: starts our script with the map, the layers that it draws into, and the background.

    Parameters
    ----------
    groups
        A name of `LAYERS` to the folium layer that shows and hides it.
    basemap
        A background of tiles, or None.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            window.fibre = Fibre.start({
                map: {{ this._parent.get_name() }},
                groups: {
                    {%- for name, group in this.groups.items() %}
                    {{ name }}: {{ group.get_name() }},
                    {%- endfor %}
                },
                basemap: {{ this.basemap.get_name() if this.basemap else "null" }},
            });
        {% endmacro %}
        """
    )

    def __init__(
        self, groups: Mapping[str, folium.FeatureGroup], basemap: folium.TileLayer | LocalTiles | None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Survey"
        self.groups = groups
        self.basemap = basemap
        _name(self, "fibre")


def build(
    inventory: Inventory,
    measured: Measured,
    findings: Findings,
    totals: Sequence[TotalResult],
    lang: Language = "fa",
    basemap: str | None = None,
    pages: Mapping[str, Page] | None = None,
) -> SurveyMap:
    """
    Make the map of a survey.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Its lengths, metres, one row a route in the inventory's order.
    findings
        Its faults, WGS 84 degrees.
    totals
        Recorded against measured.
    lang
        The language that it opens in; the page itself switches.
    basemap
        The address of a tile service with ``{z}``, ``{x}``, ``{y}``, or the name of a provider that `xyzservices`
        knows: the page then loads tiles from there, and works without them. Or a file of raster tiles, MBTiles or
        PMTiles: those of the survey's area are put into the page.
    pages
        Code to page of the checks; by default all that there are.

    Returns
    -------
    SurveyMap
        Shows itself in a notebook; `page` gives it as a file.

    Raises
    ------
    FibreError
        The basemap is neither an address nor a known name, or a file that `gis.publish.map.background.background.read`
        refuses.
    """
    if pages is None:
        pages = findings.pages
    content = payload.build(inventory, measured, findings, totals, pages)
    under = NONE
    if basemap and is_local(basemap):
        local = background.read(basemap, extent(inventory) or IRAN.bounds)
        under = Basemap(LocalTiles(), content=local.content())
    elif basemap:
        under = online(basemap)
    return assemble(
        MapPage(inventory.project.name(lang), payload.dumps(content), lang, under), content["bounds"]
    )


def assemble(page_of_map: MapPage, bounds: Sequence[float]) -> SurveyMap:
    """
    Put the map and its layers into a page.

    Parameters
    ----------
    page_of_map
        The page, with its data and the tiles under it.
    bounds
        West, south, east, north of the first view in degrees.

    Returns
    -------
    SurveyMap
        The map in the page.
    """
    survey_map = SurveyMap(bounds)
    page_of_map.add_child(survey_map)
    groups = {}
    for layer in LAYERS:
        group = folium.FeatureGroup(name=layer)
        _name(group, layer)
        group.add_to(survey_map)
        groups[layer] = group
    tiles = page_of_map.basemap.layer
    if tiles:
        _name(tiles, "basemap")
        tiles.add_to(survey_map)
    Survey(groups, tiles).add_to(survey_map)
    return survey_map


def page(folium_map: folium.Map) -> str:
    """
    Write a map as one HTML file.

    Parameters
    ----------
    folium_map
        The map; elements may have been added to it since `build`.

    Returns
    -------
    str
        The whole page, encoded as UTF-8 by whoever writes it; the same map gives the same text.
    """
    return str(folium_map.get_root().render())


def _name(element: Element, name: str) -> None:
    """Give an element its name in the page's script, one of `_NAMES`; branca would draw it by lot."""
    element._id = name  # noqa: SLF001


def _elements(element: Element) -> Iterator[Element]:
    for child in element._children.values():  # noqa: SLF001 - branca has no public way to walk
        yield child
        yield from _elements(child)


@cache
def web(name: str) -> str:
    """
    Read a text of ``web/``, which holds what runs in the browser.

    Parameters
    ----------
    name
        The file.

    Returns
    -------
    str
        Its text.
    """
    return asset("gis.publish.map", f"web/{name}")


def style() -> str:
    """
    Join Leaflet's style sheet, the fonts, the colours of symbols and ours.

    Returns
    -------
    str
        CSS that loads nothing.
    """
    leaflet = (_leaflet() / "leaflet.css").read_text("utf-8").replace("\r\n", "\n")
    # Its images are those of markers and of a control that the page does not have.
    leaflet = re.sub(r"url\([^)]*\)", "none", leaflet)
    drawn = symbols.symbols()
    colours = f':root {{ {drawn.css("light")} }}\n:root[data-theme="dark"] {{ {drawn.css("dark")} }}'
    return "\n".join([leaflet, font_faces(), colours, web("map.css")])


@cache
def library(words: str, ours: str) -> str:
    """
    Join Leaflet, words, symbols and our scripts.

    Parameters
    ----------
    words
        The words of the page in both languages, as JSON.
    ours
        Our scripts; the last of them returns what is to be known as ``Fibre``.

    Returns
    -------
    str
        JavaScript.
    """
    leaflet = (_leaflet() / "leaflet.js").read_text("utf-8").replace("\r\n", "\n")
    leaflet = re.sub(r"//# sourceMappingURL=.*", "", leaflet).strip()
    constants = f"const SYMBOLS = {symbols.script()};"
    return f'{leaflet}\n;const Fibre = (() => {{ "use strict";\nconst WORDS = {words};\n{constants}\n{ours}\n}})();'


def _leaflet() -> Path:
    import xstatic.pkg.leaflet  # noqa: PLC0415 - a namespace package that only a map needs

    return Path(xstatic.pkg.leaflet.BASE_DIR)
