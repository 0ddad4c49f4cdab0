"""
Tables as CSV, for programs and Excel alike.

UTF-8 with a byte order mark (without it Excel on Windows shows Persian as mojibake), lines and quotes of RFC 4180,
canonical column names and codes in every language, numbers with a decimal point. A text that a spreadsheet would run
as a formula gets an apostrophe before it, as OWASP advises; plain numbers such as ``-12`` are left alone, so that ids
keep their meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.address import address
from gis.publish.tables.lengths import chosen

if TYPE_CHECKING:
    import pandas as pd

    from gis.checks.findings import Findings
    from gis.language import Language
    from gis.lengths.measured import Measured

_FORMULA = r"^[\s\x00-\x20]*[=+\-@\t\r＝＋－＠]"
_PLAIN_NUMBER = r"^[+\-]?[0-9۰-۹٠-٩][0-9۰-۹٠-٩.,٬٫]*$"
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
    safe = table.copy()
    for name in safe.columns:
        if safe[name].dtype.kind not in "fiub":
            text = safe[name].astype("str")
            risky = text.str.contains(_FORMULA, regex=True, na=False) & ~text.str.contains(
                _PLAIN_NUMBER, regex=True, na=False
            )
            safe[name] = text.where(~risky, "'" + text)
    written = safe.to_csv(index=False, float_format=f"%.{places}f", lineterminator="\r\n")
    return b"\xef\xbb\xbf" + written.encode("utf-8", errors="replace")
