"""What ``fibre run`` leaves in its folder: map, report, tables and layers that belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.publish import files
from gis.publish.exports import geopackage as exports
from gis.publish.map import page as maps
from gis.publish.report import report
from gis.publish.tables.csv import lengths_csv
from gis.publish.tables.lengths import lengths_xlsx
from gis.publish.tables.totals import totals_sheet
from gis.publish.together import REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gis.checks.findings import Findings
    from gis.documents import RunDocument
    from gis.inventory import Inventory
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.totals import TotalResult


def write(
    out: Path,
    inventory: Inventory,
    measured: Measured,
    findings: Findings,
    results: Sequence[TotalResult],
    document: RunDocument,
    lang: Language,
) -> list[Path]:
    """
    Write all outputs, none before the last one is ready.

    Parameters
    ----------
    out
        The folder; made where it is missing.
    inventory
        The survey.
    measured
        Its lengths, a row a route.
    findings
        Its faults, WGS 84.
    results
        The totals.
    document
        The JSON report.
    lang
        The language that map and report open in.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    FibreError
        The folder cannot be written.
    """
    with files.Folder(out, inventory.read_from, last=REPORT) as folder:
        drawn = maps.build(inventory, measured, findings, results, lang=lang)
        folder.write("index.html", maps.page(drawn).encode())
        report_json = folder.path(REPORT)
        folder.write("lengths.csv", lengths_csv(measured))
        further = [totals_sheet(results, lang)] if results else []
        folder.write("lengths.xlsx", lengths_xlsx(measured, lang, further=further))
        exports.findings_gpkg(findings, folder.path("findings.gpkg"))
        exports.inventory_gpkg(inventory, measured, folder.path("inventory.gpkg"))
        # These two last, since they say which files beside them are of their run.
        others = {
            place.name: files.digest(folder.path(place.name))
            for place in folder.written
            if place.name != REPORT
        }
        own = document.model_copy(update={"files": others})
        report_json.write_bytes((own.model_dump_json(indent=2) + "\n").encode())
        digests = {place.name: files.digest(folder.path(place.name)) for place in folder.written}
        signed = report.report_html(inventory, measured, findings, results, lang, digests=digests)
        folder.write("report.html", signed.encode())
    return folder.written
