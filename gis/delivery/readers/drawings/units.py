"""
The unit of a drawing, as its header and its numbers say.

The header's unit is that of the template which the drawing was begun with as often as its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gis.language import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

# $INSUNITS of the DXF reference, where it is not metres, and the unit in metres (the US survey foot is 1200/3937 m).
_UNITS: dict[int, tuple[float, Text]] = {
    1: (0.0254, Text("inches", "اینچ")),
    2: (0.3048, Text("feet", "فوت")),
    3: (1609.344, Text("miles", "مایل")),
    4: (0.001, Text("millimetres", "میلی‌متر")),
    5: (0.01, Text("centimetres", "سانتی‌متر")),
    7: (1000.0, Text("kilometres", "کیلومتر")),
    10: (0.9144, Text("yards", "یارد")),
    14: (0.1, Text("decimetres", "دسی‌متر")),
    15: (10.0, Text("decametres", "دکامتر")),
    16: (100.0, Text("hectometres", "هکتومتر")),
    21: (1200 / 3937, Text("US survey feet", "فوت نقشه‌برداری آمریکا")),
}
_CONVERTED = Text(
    "the drawing's $INSUNITS says so, and its coordinates were brought to metres",
    "‎$INSUNITS‎ نقشه چنین می‌گوید و مختصاتش به متر برده شد",
)
_BELIEVED = Text(
    "the drawing's $INSUNITS says so, but its coordinates are plainly those of a map in {plain}, and are taken so",
    "‎$INSUNITS‎ نقشه چنین می‌گوید، ولی مختصاتش آشکارا مختصات نقشه به {plain} است و همان گرفته شد",
)
_METRES, _DEGREES = Text("metres", "متر"), Text("degrees", "درجه")
_IN_METRES = {_METRES: 1.0, _DEGREES: 111_320.0}
# Nearly all, as there is a forgotten entity at the origin of many a drawing.
_NEARLY_ALL = 0.9


def unit(settings: dict[str, str], xy: NDArray[np.float64]) -> tuple[float, float, dict[str, Any] | None]:
    """
    Tell the unit of a drawing.

    Parameters
    ----------
    settings
        The header's settings.
    xy
        (n, 2) a position of each entity.

    Returns
    -------
    factor : float
        What its coordinates are multiplied by, to be metres or stay degrees.
    unit_m : float
        About how many metres one of its own units is.
    fields : dict or None
        The fields of C106 where the header says anything but metres.
    """
    try:
        factor, name = _UNITS[int(settings.get("$INSUNITS", "0") or 0)]
    except (KeyError, ValueError):
        factor, name = 1.0, None
    plain = _plain(xy)
    unit_m = factor if plain is None else _IN_METRES[plain]
    if name is None:
        return 1.0, unit_m, None
    if plain is not None:
        return 1.0, unit_m, {"declared": name, "why": _BELIEVED.filled(plain=plain)}
    return factor, unit_m, {"declared": name, "why": _CONVERTED}


def _plain(xy: NDArray[np.float64]) -> Text | None:
    """Tell whether coordinates can only be degrees of a map, or metres of a UTM zone; None where neither."""
    if not len(xy):
        return None
    x, y = np.abs(xy).T
    degrees = (x <= 180) & (y <= 90) & (x + y > 1)  # noqa: PLR2004
    # Eastings, and northings from 1 000 km on.
    metres = (x > 1e5) & (x < 1e6) & (y > 1e6) & (y < 1e7)  # noqa: PLR2004
    if metres.mean() >= _NEARLY_ALL:
        return _METRES
    return _DEGREES if degrees.mean() >= _NEARLY_ALL else None
