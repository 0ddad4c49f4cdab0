"""Numbers as people write them in the field: «۱۳٬۶۶۶٫۵», ``13.666,5``, ``1,844 m``, «۱۲/۵ متر»."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis.text.letters import ascii_digits, each, fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.text.letters import Values

Decimal = Literal[".", ","]

Dimension = Literal["length", "count", "angle"]

# Lengths to metres. A count of fibres has the factor 1, and so have degrees: no number of them is metres.
_UNIT_NAMES: tuple[tuple[Dimension, float, str], ...] = (
    (
        "length",
        1.0,
        "m m. mt mts mtr mtrs metre metres meter meters lm rm rmt متر م مترطول",
    ),
    ("length", 1000.0, "km km. kms kilometre kilometres kilometer kilometers کیلومتر ک.م"),
    ("length", 0.01, "cm cm. cms centimetre centimetres centimeter centimeters سانتیمتر سانت س.م"),
    ("length", 0.001, "mm mm. millimetre millimetres millimeter millimeters میلیمتر م.م"),
    ("length", 0.3048, "ft ft. feet foot footage lf linft linearfeet ' ′ فوت فیت"),
    ("length", 1200 / 3937, "ftus usft us-ft us_ft surveyfeet surveyfoot ussurveyfoot ussurveyfeet"),
    ("length", 304.8, "kft kilofeet kilofoot"),
    ("length", 0.0254, "in in. inch inches \" ″ '' اینچ"),
    ("length", 0.9144, "yd yd. yds yard yards یارد"),
    ("length", 1609.344, "mi mi. mile miles mileage مایل"),
    ("length", 1852.0, "nmi nauticalmile nauticalmiles"),
    ("count", 1.0, "f fo fibre fibres fiber fibers core cores strand strands تار کر رشته core. عدد"),
    ("angle", 1.0, "deg deg. degs degree degrees decimaldegree decimaldegrees dd ° º درجه"),
)
_UNITS = {
    fold(name): (dimension, factor) for dimension, factor, names in _UNIT_NAMES for name in names.split()
}
# «۵ فوت و ۶ اینچ» as English writes it: 5'6", 5 ft 6 in.
_FEET_AND_INCHES = re.compile(
    r"([+-]?)(\d+)\s*(?:'|′|ft\.?|feet|foot)\s*-?\s*(\d+(?:\.\d+)?)\s*(?:\"|″|''|′′|in\.?|inch(?:es)?)",
    re.IGNORECASE,
)
_FOOT, _INCH = 0.3048, 0.0254
_NUMBER = re.compile(
    r"([+-]?)(\d(?:[\d.,\u066b\u066c/ ]|'(?=\d))*|\.\d+)(e[+-]?\d{1,3})?\s*([^\d\s][^\d]*)?", re.IGNORECASE
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.,'\u066c ])\d{3})(?:\1\d{3})*")
_LONGEST = 64
_PLAIN = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"
_TIDY = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "’": "'",
        "،": ",",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        **dict.fromkeys("\u200c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"),
    }
)


def unit_factor(unit: str) -> float | None:
    """
    Give what a unit is in metres.

    Parameters
    ----------
    unit
        ``m``, ``km``, ``ft``, «متر», «کیلومتر» and so on; words for fibres count 1.

    Returns
    -------
    float or None
        The factor; None for a word that is no unit known here, and for degrees, which are no length.
    """
    dimension, factor = _UNITS.get(fold(unit), ("angle", 1.0))
    return None if dimension == "angle" else factor


def unit_dimension(unit: str) -> Dimension | None:
    """
    Tell what a unit measures.

    Parameters
    ----------
    unit
        As for `unit_factor`.

    Returns
    -------
    str or None
        ``"length"``, ``"count"`` (of fibres), ``"angle"`` (degrees); None for a word that is no unit known here.
    """
    known = _UNITS.get(fold(unit))
    return known[0] if known else None


def parse_number(
    value: Any, decimal: Decimal | None = None, *, unit: float = 1.0, of: Dimension | None = None
) -> float | None:
    """
    Read a number, with its unit where it has one.

    «٫» and, as on Iranian keyboards, one ``/`` are decimal; «٬», ``'`` and spaces stand between thousands.
    Where both ``.`` and ``,`` occur the last is decimal; one that occurs twice stands between thousands. A
    single ``.`` is decimal. A single ``,`` with exactly three digits after and one to three before, the first
    no zero, stands between thousands (``1,844`` is 1844), any other is decimal (``13,5``), unless ``decimal``
    says otherwise.

    Parameters
    ----------
    value
        A text or a number.
    decimal
        The decimal separator where it is known, as `parse_numbers` knows it from the column.
    unit
        What a number without a unit is multiplied by: the factor of its column's unit.
    of
        What is measured; a number with a unit of anything else is none. None takes lengths and counts.

    Returns
    -------
    float or None
        The number, lengths in metres; None where the value is not one.
    """
    if isinstance(value, str):
        number = _worded(value, decimal, unit, of)
    elif isinstance(value, bool | np.bool_):
        return None
    else:
        try:
            number = float(value) * unit
        except (TypeError, ValueError, OverflowError):
            return None
    return number if number is not None and np.isfinite(number) else None


def _parts(value: str) -> tuple[str, str, str, str] | None:
    """Take a written number apart into sign, digits with separators, exponent and unit."""
    if len(value) > _LONGEST:
        return None
    match = _NUMBER.fullmatch(_tidy(value))
    return (match[1], match[2].rstrip(), match[3] or "", match[4] or "") if match else None


def _tidy(value: str) -> str:
    return ascii_digits(value).translate(_TIDY).strip()


def _worded(value: str, decimal: Decimal | None, unit: float, of: Dimension | None) -> float | None:
    parts = _parts(value)
    if parts is None or _plain(parts[1], decimal) is None:
        return _feet_and_inches(value, of)
    sign, body, exponent, own = parts
    if own:
        if of is not None and unit_dimension(own) != of:
            return None
        factor = unit_factor(own)
    else:
        factor = unit
    plain = _plain(body, decimal)
    return None if factor is None or plain is None else float(f"{sign}{plain}{exponent}") * factor


def _feet_and_inches(value: str, of: Dimension | None) -> float | None:
    match = _FEET_AND_INCHES.fullmatch(_tidy(value)) if len(value) <= _LONGEST and of != "count" else None
    if match is None:
        return None
    return float(f"{match[1]}1") * (int(match[2]) * _FOOT + float(match[3]) * _INCH)


def _plain(body: str, decimal: Decimal | None) -> str | None:
    """Write the digits of a number with a point, or give None where its separators make no sense."""
    if body.isdigit():
        return body
    mark = _decimal_mark(body, decimal)
    whole, fraction = body, ""
    if mark:
        whole, fraction = body.rsplit(mark, 1)
        if mark in whole or (fraction and not fraction.isdigit()):
            return None
    if whole and not whole.isdigit():
        if not _GROUPED.fullmatch(whole):
            return None
        whole = re.sub(r"\D", "", whole)
    return f"{whole or '0'}.{fraction or '0'}"


def _decimal_mark(body: str, decimal: Decimal | None) -> str | None:
    """Find which separator of a number is its decimal one."""
    for certain in "\u066b/":
        if certain in body:
            return certain
    points, commas = body.count("."), body.count(",")
    if points and commas:
        return max(".,", key=body.rfind)
    if points + commas != 1:
        return None
    mark = "." if points else ","
    if decimal is not None:
        # The other mark stands between thousands, if it can.
        return mark if mark == decimal or not _GROUPED.fullmatch(body) else None
    return None if mark == "," and _GROUPED.fullmatch(body) else mark


def parse_numbers(values: Values, *, unit: float = 1.0, of: Dimension | None = None) -> NDArray[np.float64]:
    """
    Read a column of numbers, the meaning of ``.`` and ``,`` decided by the whole column.

    A value such as ``13.666,5`` or ``12,5`` proves the decimal comma, ``13,666.5`` or ``12.5`` the decimal
    point; where the column proves just one of them, values that could be either follow it, else each is read as
    `parse_number` does.

    Parameters
    ----------
    values
        (n,) texts or numbers.
    unit, of
        As for `parse_number`.

    Returns
    -------
    numpy.ndarray
        (n,) numbers, lengths in metres; NaN where a value is missing or not a number.
    """
    if isinstance(values, pd.Series) and (plain := _plain_column(values)) is not None:
        return plain * unit
    array = np.asarray(values, dtype=None if isinstance(values, np.ndarray) else object)
    if isinstance(values, pd.Series) and pd.api.types.is_numeric_dtype(values.dtype):
        array = values.to_numpy(dtype=np.float64, na_value=np.nan)
    if array.dtype.kind in "iuf":
        numbers = array.astype(np.float64) * unit
        return np.where(np.isfinite(numbers), numbers, np.nan)
    proofs = {
        proof for value in pd.unique(array) if isinstance(value, str) and (proof := _proof(value)) is not None
    }
    decimal = proofs.pop() if len(proofs) == 1 else None
    return each(array, lambda value: parse_number(value, decimal, unit=unit, of=of)).astype(np.float64)


def _plain_column(values: pd.Series[Any]) -> NDArray[np.float64] | None:
    """Read text that is digits with a point at most, which means the same however numbers are written; else None."""
    if not isinstance(values.dtype, pd.StringDtype):
        return None
    text = pa.array(values.array, from_pandas=True)
    if not pc.all(pc.match_substring_regex(text, _PLAIN), min_count=0).as_py():
        return None
    return np.asarray(pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _proof(value: str) -> Decimal | None:
    """Tell which decimal separator a value proves, if any."""
    parts = _parts(value)
    if parts is None:
        return None
    body = parts[1]
    points, commas = body.count("."), body.count(",")
    if points and commas:
        return "." if body.rfind(".") > body.rfind(",") else ","
    if points > 1 or commas > 1:
        return "," if points else "."
    if points + commas == 1 and not _GROUPED.fullmatch(body):
        return "." if points else ","
    return None
