"""Styles that QGIS applies when it opens a layer of a GeoPackage (QML in the table ``layer_styles``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Shape = Literal["circle", "square", "diamond", "triangle", "star"]
_VERSION = "3.16.0-Hannover"


@dataclass(frozen=True, slots=True)
class Symbol:
    """
    How features of one category are drawn.

    Attributes
    ----------
    label
        Its words in the legend.
    colour
        Red, green and blue, ``"#rrggbb"``.
    size
        Diameter of a marker or width of a line, millimetres.
    shape
        The marker's; told apart by shape as well as colour.
    dashed
        Whether a line is dashed, or an area only outlined.
    """

    label: str
    colour: str
    size: float
    shape: Shape = "circle"
    dashed: bool = False


def qml(
    geometry: Literal["marker", "line", "fill"], symbols: Mapping[str, Symbol], column: str | None = None
) -> str:
    """
    Write a style.

    Parameters
    ----------
    geometry
        What is drawn: points, lines or areas.
    symbols
        Value of `column` to its symbol; without a column, the one symbol of all features.
    column
        The column that tells categories apart.

    Returns
    -------
    str
        QML as every QGIS 3 reads it.
    """
    root = ET.Element("qgis", version=_VERSION, styleCategories="Symbology")
    if column is None:
        renderer = ET.SubElement(
            root, "renderer-v2", type="singleSymbol", symbollevels="0", enableorderby="0"
        )
    else:
        renderer = ET.SubElement(
            root, "renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0", enableorderby="0"
        )
        categories = ET.SubElement(renderer, "categories")
        for at, (value, symbol) in enumerate(symbols.items()):
            ET.SubElement(
                categories,
                "category",
                value=value,
                symbol=str(at),
                label=symbol.label,
                render="true",
                type="string",
            )
    drawn = ET.SubElement(renderer, "symbols")
    for at, symbol in enumerate(symbols.values()):
        element = ET.SubElement(drawn, "symbol", type=geometry, name=str(at), alpha="1", clip_to_extent="1")
        kind, properties = _drawing(geometry, symbol)
        layer = ET.SubElement(
            element, "layer", attrib={"class": kind, "enabled": "1", "pass": "0", "locked": "0"}
        )
        for key, value in properties.items():
            ET.SubElement(layer, "prop", k=key, v=value)
    header = '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n'
    return header + ET.tostring(root, encoding="unicode")


def _drawing(geometry: str, symbol: Symbol) -> tuple[str, dict[str, str]]:
    """Give QGIS's name and properties of the drawing of a symbol."""
    colour, size = _rgba(symbol.colour), f"{symbol.size:g}"
    if geometry == "marker":
        return "SimpleMarker", {
            "name": symbol.shape,
            "color": colour,
            "size": size,
            "size_unit": "MM",
            "outline_color": "255,255,255,255",
            "outline_style": "solid",
            "outline_width": "0.4",
            "outline_width_unit": "MM",
        }
    if geometry == "line":
        return "SimpleLine", {
            "line_color": colour,
            "line_style": "dash" if symbol.dashed else "solid",
            "line_width": size,
            "line_width_unit": "MM",
            "capstyle": "round",
            "joinstyle": "round",
        }
    return "SimpleFill", {
        "color": colour,
        "style": "no" if symbol.dashed else "solid",
        "outline_color": colour,
        "outline_style": "dash",
        "outline_width": size,
        "outline_width_unit": "MM",
    }


def _rgba(colour: str) -> str:
    """Write ``#rrggbb`` as QGIS does."""
    channels: Sequence[int] = bytes.fromhex(colour.removeprefix("#"))
    return ",".join(str(channel) for channel in (*channels, 255))
