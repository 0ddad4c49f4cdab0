"""
What draws a thing: shapes, colours and sizes that the map, QGIS and the report share.

They stand in ``symbols.toml``. A thing looks the same wherever it is drawn: a route or manhole that is known from the
map is known again in QGIS and on paper.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gis.publish.pages import asset

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

Shape = Literal["circle", "square", "diamond", "triangle", "hexagon"]
Group = Literal["offices", "exchanges", "manholes", "fittings", "findings"]
Theme = Literal["light", "dark"]
# Letters as strokes, so that they are not read out or copied as text.
_STROKES = {"!": "M0-3.4V.6M0 3.3v.1", "i": "M0-.6V3.4M0-3.4v.1"}
THEMES: tuple[Theme, ...] = ("light", "dark")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(_Model):
    """
    How a point is drawn.

    Attributes
    ----------
    shape
        Its outline; things are told apart by shape as well as by colour.
    colour
        A name among the colours.
    hollow
        Whether only the outline has the colour.
    mark
        What stands in it: ``"dot"``, ``"bar"`` across it, a letter, or nothing.
    """

    shape: Shape
    colour: str
    hollow: bool = False
    mark: Literal["", "dot", "bar", "!", "i"] = ""


class Size(_Model):
    """
    How large a point is.

    Attributes
    ----------
    zooms
        The zooms of the map between which it grows.
    pixels
        Half its size at these, CSS pixels.
    millimetres
        Its whole size in QGIS.
    """

    zooms: tuple[float, float]
    pixels: tuple[float, float]
    millimetres: float = Field(gt=0)


class Line(Size):
    """
    How wide a line is: `pixels` and `millimetres` are whole widths.

    Attributes
    ----------
    legend
        Its width in the map's legend, CSS pixels.
    opacity
        1 hides what is under it.
    """

    legend: float
    opacity: float = Field(gt=0, le=1)


class Symbols(_Model):
    """
    All that draws a thing.

    Attributes
    ----------
    colours
        Name to the colour in light and in dark, ``"#rrggbb"``.
    shapes
        Corners of each shape around (0, 0), half its size being 1, y down; a circle has none.
    points
        Group to code to symbol, in the order of the legend.
    sizes
        Group to size.
    lines
        ``"cable"``, ``"duct"``, or ``"stretch"`` for a finding longer than a point.
    dashes
        Status to dash and gap, in widths of the line; any other is drawn through.
    """

    colours: dict[str, tuple[str, str]]
    shapes: dict[Shape, tuple[tuple[float, float], ...]]
    points: dict[Group, dict[str, Point]]
    sizes: dict[Group, Size]
    lines: dict[Literal["cable", "duct", "stretch"], Line]
    dashes: dict[str, tuple[float, float]]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for group, points in self.points.items():
            for code, point in points.items():
                if point.colour not in self.colours or point.shape not in self.shapes:
                    raise ValueError(f"points.{group}.{code} names a colour or shape that is not there")
        if self.points.keys() != self.sizes.keys():
            raise ValueError("every group of points needs a size")
        return self

    def colour(self, name: str, theme: Theme = "light") -> str:
        """
        Give a colour.

        Parameters
        ----------
        name
            Its name.
        theme
            On light or on dark ground.

        Returns
        -------
        str
            ``"#rrggbb"``.
        """
        return self.colours[name][theme == "dark"]

    def css(self, theme: Theme, names: Iterable[str] | None = None) -> str:
        """
        Declare colours as CSS variables.

        Parameters
        ----------
        theme
            On light or on dark ground.
        names
            Which colours; None for all.

        Returns
        -------
        str
            Declarations to stand in a rule: ``--error: #rrggbb; --warning: …``.
        """
        wanted = self.colours if names is None else names
        return " ".join(f"--{name}: {self.colour(name, theme)};" for name in wanted)

    def svg(self, point: Point) -> str:
        """
        Draw a point as SVG.

        Parameters
        ----------
        point
            One whose mark is a letter.

        Returns
        -------
        str
            What stands in an ``<svg>`` whose ``viewBox`` is ``-8 -8 16 16``: the shape in the class ``shape``, the
            letter in the class ``sign``.
        """
        half = 6.4
        corners = " ".join(f"{half * x:g},{half * y:g}" for x, y in self.shapes[point.shape])
        shape = f'polygon points="{corners}"' if corners else f'circle r="{half:g}"'
        # A triangle's middle is below that of its box.
        low = 0.18 if point.shape == "triangle" else 0.08
        return (
            f'<{shape} class="shape"/>'
            f'<path class="sign" data-mark="{point.mark}" transform="translate(0 {half * low:g})" '
            f'd="{_STROKES[point.mark]}"/>'
        )


@cache
def symbols() -> Symbols:
    """
    Read the symbols.

    Returns
    -------
    Symbols
        As ``symbols.toml`` has them.
    """
    return Symbols.model_validate(tomllib.loads(asset("gis.publish", "symbols.toml")))


def script() -> str:
    """
    Write the symbols for the scripts of a page; its colours are CSS variables.

    Returns
    -------
    str
        JSON; ``hues`` is how many there are.
    """
    drawn = symbols()
    content = drawn.model_dump(exclude={"colours"}, mode="json")
    content["hues"] = sum(name.startswith("hue-") for name in drawn.colours)
    return json.dumps(content, separators=(",", ":"))
