"""
Tables as CSV, for programs and Excel alike.

UTF-8 with a byte order mark (without it Excel on Windows shows Persian as mojibake), lines and quotes of RFC 4180,
canonical column names and codes in every language, numbers with a decimal point. A text that a spreadsheet would run
as a formula gets an apostrophe before it, as OWASP advises; plain numbers such as ``-12`` are left alone, so that ids
keep their meaning.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis.address import address
from gis.publish.tables.lengths import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from gis.checks.findings import Findings
    from gis.language import Language
    from gis.lengths.measured import Measured

_MARK, _END = b"\xef\xbb\xbf", b"\r\n"
# Rows that are written at once.
_BATCH = 65_536
# Letters and digits begin no formula.
_HARMLESS = r"^(?:[\p{L}\p{N}]|$)"
_FORMULA = r"^[\s\x00-\x20]*[=+\-@\t\r＝＋－＠]"
_PLAIN_NUMBER = r"^[+\-]?[0-9۰-۹٠-٩][0-9۰-۹٠-٩.,٬٫]*$"
# Of so many rows' values, one in so many differs in a column of codes.
_SOME, _SELDOM = 512, 8
# Whole numbers that are exact as doubles, and twice the relative error of a product.
_EXACT, _ERROR = 2.0**52, 2.0**-52
# Decimals below a millionth are written with an exponent.
_NO_EXPONENT = 6
_FINDING_COLUMNS = (
    "code",
    "name",
    "severity",
    "layer",
    "feature",
    "message",
    "lon",
    "lat",
    "fixable",
    "source",
    "cause",
)


def lengths_csv(measured: Measured, *, by: str | None = None, length: str | None = None) -> bytes:
    """
    Write lengths as CSV.

    Parameters
    ----------
    measured
        Lengths as `gis.measure` gives them, a row a route.
    by
        Sum by this column; None for a row a route.
    length
        The one length to write (``"geodesic_m"``); None for all.

    Returns
    -------
    bytes
        The file: metres to a tenth of a millimetre.
    """
    return table_csv(chosen(measured, by, length))


def findings_csv(findings: Findings, lang: Language = "en") -> bytes:
    """
    Write findings as CSV.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language of the messages.

    Returns
    -------
    bytes
        The file; ``lon`` and ``lat`` are WGS 84 degrees.
    """
    import pandas as pd  # noqa: PLC0415

    table = pd.DataFrame(findings.drop(columns="geometry"))
    if lang == "fa":
        table["message"] = table["message_fa"]
    table["source"] = [address(source) for source in table["source"]]
    return table_csv(table[list(_FINDING_COLUMNS)], places=8)


def table_csv(table: pd.DataFrame, places: int = 4) -> bytes:
    """
    Write any table as CSV, as this module's text says.

    Parameters
    ----------
    table
        The table; its index is left out.
    places
        Decimal places of its numbers.

    Returns
    -------
    bytes
        The file.
    """
    heading = _quoted(pa.array([str(name) for name in table.columns], pa.string()))
    starts = range(0, len(table), _BATCH)
    # Arrow works outside of Python's lock, so that both cores write.
    with ThreadPoolExecutor(2) as writers:
        rows = writers.map(lambda at: _rows(table.iloc[at : at + _BATCH], places), starts)
        return b"".join([_MARK, ",".join(heading.to_pylist()).encode(), _END, *rows])


def _rows(table: pd.DataFrame, places: int) -> bytes:
    """Write rows one after the other."""
    columns = [_cells(table.iloc[:, at], places) for at in range(len(table.columns))]
    if len(columns) == 1:  # an empty line is no row
        columns = [pc.replace_with_mask(columns[0], pc.equal(columns[0], ""), '""')]
    lines = pc.binary_join_element_wise(*columns, ",")
    lines = pc.binary_join_element_wise(lines, pa.scalar(_END.decode()), "")
    # What Arrow has made lies in memory as it stands in the file.
    _, ends, content = lines.buffers()
    return bytes(content[: int(np.frombuffer(ends, np.int32)[len(lines)])])


def _cells(column: pd.Series, places: int) -> pa.Array:
    """Give the cells of a column as they are written; what is missing is an empty text."""
    if column.dtype.kind == "f":
        return _numbers(column.to_numpy(dtype=np.float64, na_value=np.nan), places)
    text = pa.array(column if column.dtype == "str" else column.astype("str"), pa.string())
    # Texts that were put together from several tables may stand in several pieces.
    whole = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    text = whole.fill_null("")
    if len(text[:_SOME].unique()) > _SOME // _SELDOM:
        return _quoted(_guarded(text))
    # Codes and names stand in row after row, and are looked at once each.
    each = text.dictionary_encode()
    return _quoted(_guarded(each.dictionary)).take(each.indices)


def _guarded(text: pa.Array) -> pa.Array:
    """Put an apostrophe before what a spreadsheet would run."""
    import pandas as pd  # noqa: PLC0415

    at = np.flatnonzero(~pc.match_substring_regex(text, _HARMLESS).to_numpy(zero_copy_only=False))
    doubtful = pd.Series(text.take(pa.array(at)).to_pylist(), dtype="str")
    risky = doubtful.str.contains(_FORMULA, regex=True) & ~doubtful.str.contains(_PLAIN_NUMBER, regex=True)
    return _put(text, at[risky.to_numpy(dtype=bool)], ("'" + doubtful[risky]).tolist())


def _quoted(text: pa.Array) -> pa.Array:
    """Quote what holds a comma, a quote or an end of line (RFC 4180)."""
    at = np.flatnonzero(pc.match_substring_regex(text, '[,"\r\n]').to_numpy(zero_copy_only=False))
    quoted = pc.replace_substring(text.take(pa.array(at)), '"', '""')
    return _put(text, at, pc.binary_join_element_wise('"', quoted, '"', "").to_pylist())


def _numbers(values: NDArray[np.float64], places: int) -> pa.Array:
    """
    Write numbers with fixed decimal places, to the last digit as C's ``printf`` does.

    They are rounded to whole steps of the last place, which Arrow writes as decimals. Python writes the few for which
    that would not do: those within the error of one product of the middle between two steps, those that are rounded
    to 0 and keep their sign, those that Arrow would write with an exponent, and those too large.
    """
    missing = np.isnan(values)
    if missing.all():
        return pa.repeat(pa.scalar("", pa.string()), len(values))
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = values * 10.0**places
        middle = np.abs(scaled - np.floor(scaled) - 0.5)
        plain = (np.abs(scaled) < _EXACT) & (middle > np.abs(scaled) * _ERROR)
    small = np.abs(scaled) < max(1.0, 10.0 ** (places - _NO_EXPONENT))
    plain &= ~small | ((places <= _NO_EXPONENT) & ~np.signbit(values))
    steps = np.where(plain, scaled, 0).round().astype(np.int64)
    # A decimal of 128 bits: the lower half, and the sign in the upper one.
    halves = np.column_stack([steps, steps >> 63])
    decimals = pa.Array.from_buffers(pa.decimal128(19, places), len(steps), [None, pa.py_buffer(halves)])
    at = np.flatnonzero(~plain & ~missing)
    written = _put(
        pc.cast(decimals, pa.string()), at, [f"{value:.{places}f}" for value in values[at].tolist()]
    )
    return pc.if_else(pa.array(missing), "", written)


def _put(text: pa.Array, at: NDArray[np.int64], values: Sequence[str]) -> pa.Array:
    """Put other values at some places."""
    if not len(at):
        return text
    mask = np.zeros(len(text), dtype=bool)
    mask[at] = True
    return pc.replace_with_mask(text, mask, pa.array(values, pa.string()))
