"""What became of values, each in a row: changed, emptied, moved, or kept as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.address import address
from gis.inventory import UNREAD_DATE, UNREAD_VALUE
from gis.language import Text
from gis.schema import AS_WRITTEN

if TYPE_CHECKING:
    import pandas as pd

    from gis.checks.fixes.loop import Fixed

# Notes on values that could not be read.
_UNREAD = (UNREAD_VALUE, UNREAD_DATE)
_KEPT = Text(
    "{column}: {value} could not be read and stands in {further}",
    "{column}: مقدار {value} خوانده نشد و در {further} همان‌گونه مانده است",
)


def value_log(fixed: Fixed) -> pd.DataFrame:
    """
    Give all that became of values: those that fixes touched, and those that could not be read.

    Parameters
    ----------
    fixed
        As `gis.fix` gives it.

    Returns
    -------
    pandas.DataFrame
        A row a value; columns as in `Fixed.log` and ``what``, ``what_fa``, the change that it is of, with
        ``length_before_m`` and ``length_after_m`` of the whole feature in the row of its geometry. A value that could
        not be read has no ``after``: ``what`` says where it stands.
    """
    import pandas as pd  # noqa: PLC0415 - heavy

    kept = [
        {
            "code": note.code,
            "layer": note.layer,
            "feature": note.feature,
            "source": note.ref.source,
            "source_layer": note.ref.layer,
            "record": note.ref.record,
            "column": note.fields["column"],
            "before": note.fields["value"],
            "after": "",
            "what": _KEPT.render("en", **note.fields, further=f"{note.fields['column']}{AS_WRITTEN}"),
            "what_fa": _KEPT.render("fa", **note.fields, further=f"{note.fields['column']}{AS_WRITTEN}"),
        }
        for note in fixed.inventory.notes
        if note.code in _UNREAD
    ]
    table = pd.DataFrame(kept).reindex(columns=fixed.log.columns)
    log = pd.concat([fixed.log, table], ignore_index=True) if len(fixed.log) else table
    log["source"] = [address(str(source)) for source in log["source"]]
    log["record"] = log["record"].astype("Int64")
    return log
