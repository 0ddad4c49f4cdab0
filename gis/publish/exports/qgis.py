"""Styles that QGIS applies when it opens a layer of a GeoPackage (QML in the table ``layer_styles``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

from gis.publish.symbols import Group, Line, Point, symbols

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Geometry = Literal["marker", "line", "fill"]
_VERSION = "3.16.0-Hannover"
_MILLIMETRES = "MM"


@dataclass(frozen=True, slots=True)
class Layer:
    """
    One of the drawings that lie over one another in a symbol.

    Attributes
    ----------
    kind
        QGIS's name of it: ``"SimpleMarker"``.
    properties
        Its properties as QGIS knows them.
    """

    kind: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Symbol:
    """
    How features of one category are drawn.

    Attributes
    ----------
    label
        Its words in the legend.
    layers
        What is drawn, the lowest first.
    opacity
        1 hides what is under it.
    """

    label: str
    layers: Sequence[Layer]
    opacity: float = 1.0


def point(label: str, drawn: Point, group: Group) -> Symbol:
    """
    Draw a point as the map does.

    Parameters
    ----------
    label
        Its words in the legend.
    drawn
        The symbol.
    group
        The group that it is in, which gives its size.

    Returns
    -------
    Symbol
        Shape, then what stands in it.
    """
    colours, size = symbols(), symbols().sizes[group].millimetres
    colour, halo = _rgba(colours.colour(drawn.colour)), _rgba(colours.colour("halo"))
    # The outline of a hollow point is as wide, against its size, as on the map; that of a filled one sets it off.
    outline = 0.17 * size if drawn.hollow else 0.4
    layers = [
        _marker(
            drawn.shape,
            size,
            color=halo if drawn.hollow else colour,
            outline_color=colour if drawn.hollow else halo,
            outline_width=f"{outline:g}",
        )
    ]
    if drawn.mark == "dot":
        layers.append(_marker("circle", 0.34 * size, color=halo, outline_style="no"))
    elif drawn.mark == "bar":
        # QGIS's line stands upright and has only an outline.
        layers.append(
            _marker("line", 0.78 * size, angle="45", outline_color=colour, outline_width=f"{outline:g}")
        )
    elif drawn.mark:
        layers.append(
            Layer(
                "FontMarker",
                {
                    "chr": drawn.mark,
                    "color": _rgba(colours.colour("sign")),
                    "font": "Vazirmatn",
                    "font_style": "Bold",
                    "size": f"{0.68 * size:g}",
                    "size_unit": _MILLIMETRES,
                    "outline_width": "0",
                    "offset": f"0,{(0.09 if drawn.shape == 'triangle' else 0.04) * size:g}",
                    "offset_unit": _MILLIMETRES,
                },
            )
        )
    return Symbol(label, layers)


def other(label: str, group: Group) -> Symbol:
    """
    Draw a point of no known class.

    Parameters
    ----------
    label
        Its words in the legend.
    group
        The group that it is in, which gives its size.

    Returns
    -------
    Symbol
        A circle in the colour of what is not known.
    """
    return point(label, Point(shape="circle", colour="other"), group)


def line(label: str, drawn: Line, colour: str, dash: Sequence[float] = ()) -> Symbol:
    """
    Draw a line as the map does.

    Parameters
    ----------
    label
        Its words in the legend.
    drawn
        The line.
    colour
        The name of its colour.
    dash
        Dash and gap in widths of the line; none draws it through.

    Returns
    -------
    Symbol
        The line.
    """
    width = drawn.millimetres
    properties = {
        "line_color": _rgba(symbols().colour(colour)),
        "line_style": "solid",
        "line_width": f"{width:g}",
        "line_width_unit": _MILLIMETRES,
        "capstyle": "flat" if dash else "round",
        "joinstyle": "round",
    }
    if dash:
        properties |= {
            "use_custom_dash": "1",
            "customdash": ";".join(f"{length * width:g}" for length in dash),
            "customdash_unit": _MILLIMETRES,
        }
    return Symbol(label, [Layer("SimpleLine", properties)], drawn.opacity)


def boundary(label: str) -> Symbol:
    """
    Draw an area that only has a border.

    Parameters
    ----------
    label
        Its words in the legend.

    Returns
    -------
    Symbol
        A dashed border, nothing in it.
    """
    colour = _rgba(symbols().colour("other"))
    return Symbol(
        label,
        [
            Layer(
                "SimpleFill",
                {
                    "color": colour,
                    "style": "no",
                    "outline_color": colour,
                    "outline_style": "dash",
                    "outline_width": "0.4",
                    "outline_width_unit": _MILLIMETRES,
                },
            )
        ],
    )


def qml(geometry: Geometry, drawn: Mapping[str, Symbol], by: str | None = None) -> str:
    """
    Write a style.

    Parameters
    ----------
    geometry
        What is drawn: points, lines or areas.
    drawn
        Value of `by` to its symbol, the empty value standing for any other; without `by`, the one symbol of all
        features.
    by
        The column, or expression of QGIS, that tells categories apart.

    Returns
    -------
    str
        QML as every QGIS 3 reads it.
    """
    root = ET.Element("qgis", version=_VERSION, styleCategories="Symbology")
    same = {"symbollevels": "0", "enableorderby": "0"}
    if by is None:
        renderer = ET.SubElement(root, "renderer-v2", {"type": "singleSymbol", **same})
    else:
        renderer = ET.SubElement(root, "renderer-v2", {"type": "categorizedSymbol", "attr": by, **same})
        categories = ET.SubElement(renderer, "categories")
        for at, (value, symbol) in enumerate(drawn.items()):
            ET.SubElement(
                categories,
                "category",
                value=value,
                symbol=str(at),
                label=symbol.label,
                render="true",
                type="string",
            )
    parent = ET.SubElement(renderer, "symbols")
    for at, symbol in enumerate(drawn.values()):
        element = ET.SubElement(
            parent, "symbol", type=geometry, name=str(at), alpha=f"{symbol.opacity:g}", clip_to_extent="1"
        )
        for layer in symbol.layers:
            child = ET.SubElement(
                element, "layer", attrib={"class": layer.kind, "enabled": "1", "pass": "0", "locked": "0"}
            )
            for key, value in layer.properties.items():
                ET.SubElement(child, "prop", k=key, v=value)
    header = '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n'
    return header + ET.tostring(root, encoding="unicode")


def _marker(shape: str, size: float, **properties: str) -> Layer:
    """Give a marker of QGIS, its outline drawn unless said otherwise."""
    return Layer(
        "SimpleMarker",
        {
            "name": shape,
            "size": f"{size:g}",
            "size_unit": _MILLIMETRES,
            "outline_style": "solid",
            "outline_width_unit": _MILLIMETRES,
            **properties,
        },
    )


def _rgba(colour: str) -> str:
    """Write ``#rrggbb`` as QGIS does."""
    return ",".join(str(channel) for channel in chain(bytes.fromhex(colour.removeprefix("#")), (255,)))
