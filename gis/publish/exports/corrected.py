"""A corrected copy of a survey, and the log of what was changed in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gis import lengths
from gis.errors import FibreError
from gis.language import Text
from gis.publish import files
from gis.publish.exports import geopackage as exports
from gis.publish.tables import terminal as tables
from gis.publish.tables.csv import table_csv
from gis.publish.wording.changes import value_log
from gis.publish.wording.figures import is_missing, metres
from gis.publish.wording.sentences import feature_label

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from rich.console import RenderableType

    from gis.checks.fixes.loop import Fixed
    from gis.language import Language

_WHAT = Text("Change", "تغییر")
_REFUSED = Text(
    "{code}: {count} {count:fix|fixes} not made, as {why}: {features}",
    "{code}: {count} اصلاح انجام نشد، چون {why}: {features}",
)
_COMMA = Text(", ", "، ")
# So many features are named in a line.
_NAMED = 5
_HEADINGS = (
    (Text("Code", "کد"), False),
    (Text("Feature", "عارضه"), False),
    (_WHAT, False),
    (Text("Moved (m)", "جابه‌جایی (متر)"), True),
    (Text("Length before (m)", "طول پیشین (متر)"), True),
    (Text("Length after (m)", "طول تازه (متر)"), True),
)


def require_target(out: Path, sources: Iterable[Path]) -> None:
    """
    See that a corrected copy goes to a GeoPackage that is none of its sources.

    Parameters
    ----------
    out
        The file to write.
    sources
        The files that were read.

    Raises
    ------
    FibreError
        It, or the log beside it, is a source; or it is no GeoPackage by its name.
    """
    for path in _targets(out):
        files.require_no_source(path, sources)
    if out.suffix.lower() != ".gpkg":
        raise FibreError(
            Text(
                "{path}: a corrected copy is a GeoPackage; give it a name that ends in .gpkg",
                "{path}: نسخهٔ درست‌شده GeoPackage است؛ نامی با پسوند .gpkg بدهید",
            ),
            path=out,
        )


def write(out: Path, fixed: Fixed) -> list[Path]:
    """
    Write a corrected copy with its change log beside it.

    Parameters
    ----------
    out
        The GeoPackage: routes, manholes and offices in canonical columns, WGS 84.
    fixed
        As `gis.fix` gives it.

    Returns
    -------
    list of pathlib.Path
        The GeoPackage and the log, a CSV of the same name: each value that was changed, emptied or moved, before and
        after, and each that could not be read and stands as it was written.

    Raises
    ------
    FibreError
        The folder cannot be written.
    """
    _, log = _targets(out)
    with files.Folder(out.parent, fixed.inventory.read_from) as folder:
        # The survey alone: the area is the project's, and would be a strange layer when the copy is handed in.
        survey = replace(fixed.inventory, outline=None)
        exports.inventory_gpkg(survey, lengths.measure(survey), folder.path(out.name), with_empty=False)
        folder.write(log.name, changes_csv(value_log(fixed)))
    return [out, log]


def _targets(out: Path) -> tuple[Path, Path]:
    """Give the two files: the GeoPackage and the log of its changes."""
    return out, out.with_name(f"{out.stem}.changes.csv")


def changes_table(changes: pd.DataFrame, lang: Language = "en") -> RenderableType:
    """
    Lay changes out for the terminal.

    Parameters
    ----------
    changes
        As `gis.fix` gives them.
    lang
        The language.

    Returns
    -------
    rich renderable
        A row a change; a sentence where there is none.
    """
    from rich.text import Text as Line  # noqa: PLC0415

    if not len(changes):
        return Text("Nothing to change.", "چیزی برای تغییر نیست.").render(lang)
    table = tables.grid(Text("Changes", "تغییرها").render(lang))
    for heading, figure in _HEADINGS:
        tables.add_column(table, heading.render(lang), figure=figure, fold=heading is _WHAT)
    for row in changes.itertuples():
        feature = feature_label(str(row.layer), str(row.feature), lang)
        what = row.what_fa if lang == "fa" else row.what
        figures = [_metres(value, lang) for value in (row.moved_m, row.length_before_m, row.length_after_m)]
        table.add_row(str(row.code), Line(feature), Line(str(what)), *figures)
    return table


def refusals(refused: pd.DataFrame, lang: Language = "en") -> list[str]:
    """
    Say which changes were not made, and why.

    Parameters
    ----------
    refused
        As `gis.fix` gives them.
    lang
        The language.

    Returns
    -------
    list of str
        A line for each check and the harm that its fixes would have done; the first few features by name.
    """
    lines = []
    wording = "why_fa" if lang == "fa" else "why"
    for (code, why), group in refused.groupby(["code", wording], sort=False):
        names = [
            feature_label(str(layer), str(feature), lang)
            for layer, feature in zip(group["layer"], group["feature"], strict=True)
        ]
        told = _COMMA.render(lang).join(names[:_NAMED]) + ("…" if len(names) > _NAMED else "")
        lines.append(_REFUSED.render(lang, code=code, count=len(group), why=why, features=told))
    return lines


def changes_csv(changes: pd.DataFrame) -> bytes:
    """
    Write the log of changes as CSV.

    Parameters
    ----------
    changes
        As `value_log` gives them.

    Returns
    -------
    bytes
        The file.
    """
    return table_csv(changes)


def _metres(value: Any, lang: Language) -> str:
    return "—" if is_missing(value) else metres(float(value), lang)
