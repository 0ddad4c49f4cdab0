"""The public functions: each is also a command of ``fibre``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gis import delivery, lengths, totals
from gis.documents import RunDocument
from gis.publish.answers import check_document, measure_document, totals_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    import folium

    from gis.checks.findings import Findings
    from gis.checks.fixes.loop import Fixed
    from gis.documents import InspectDocument
    from gis.inventory import Inventory
    from gis.language import Language
    from gis.lengths.measured import Measured
    from gis.network.tracing import Trace
    from gis.totals import TotalResult

Paths = str | Path | list[Path] | list[str]


@dataclass(frozen=True, eq=False)
class RunResult:
    """
    What `run` found and wrote.

    Attributes
    ----------
    inventory
        The survey.
    measured
        Its lengths, a row a route.
    findings
        Its faults, a row a finding, WGS 84.
    totals
        The recorded totals with their verdicts.
    files
        The files written.
    """

    inventory: Inventory
    measured: Measured
    findings: Findings
    totals: list[TotalResult]
    files: list[Path]


def read(source: Paths, *, crs: str | None = None) -> Inventory:
    """
    Read a survey.

    Parameters
    ----------
    source
        A project file, or one or more survey files of any format that is read.
    crs
        The coordinate system of survey files, whatever they say, as pyproj takes it.

    Returns
    -------
    Inventory
        The survey in canonical layers, WGS 84.

    Raises
    ------
    FibreError
        One line: which file, what is wrong, what would do.
    """
    return delivery.read(source, crs=crs)


def inspect(source: Paths, *, crs: str | None = None, lang: Language = "en") -> InspectDocument:
    """
    Say what is in a delivery, without judging it.

    Parameters
    ----------
    source
        Survey files, or a project file.
    crs
        As for `read`.
    lang
        The language of evidence and labels.

    Returns
    -------
    InspectDocument
        Each file's layers: format, features, coordinate system declared and believed, encoding, columns and what they
        match.

    Raises
    ------
    FibreError
        A file cannot be read.
    """
    return delivery.inspect(source, crs=crs, lang=lang)


def init(
    source: Sequence[str | Path], *, folder: str | Path = ".", crs: str | None = None, lang: Language = "en"
) -> str:
    """
    Draft a project file with guessed layers and columns, for a person to correct.

    Parameters
    ----------
    source
        Survey files.
    folder
        Where the project file will be, so that it names the files as seen from there.
    crs
        As for `read`.
    lang
        The language of the comments.

    Returns
    -------
    str
        TOML; what could not be decided stands in comments marked with ``???``.

    Raises
    ------
    FibreError
        A file cannot be read, or no layer matches a canonical one.
    """
    return delivery.draft(source, folder=folder, crs=crs, lang=lang)


def measure(inventory: Inventory) -> Measured:
    """
    Measure every route.

    Parameters
    ----------
    inventory
        The survey.

    Returns
    -------
    Measured
        Used like a DataFrame, a row a route in the inventory's order: ``id``, ``kind``, ``status``, ``county``,
        ``office_id``; the lengths ``geodesic_m``, ``grid_m``, ``ground_m``, ``slope_m``; their standard deviation
        ``std_m`` and bias ``bias_m``; ``slack_m``, ``recorded_length_m``, all in metres; and ``provenance``. It also
        says for how many routes an accuracy was assumed, how many are ``unmeasured``, and what was ``left_out``.
    """
    return lengths.measure(inventory)


def check(
    inventory: Inventory, *, select: Sequence[str] | None = None, ignore: Sequence[str] | None = None
) -> Findings:
    """
    Look for faults.

    Parameters
    ----------
    inventory
        The survey.
    select, ignore
        Codes (``"N302"``), families (``"N"``) or ``"all"``; without them what the project file says.

    Returns
    -------
    Findings
        Used like a GeoDataFrame, a row a finding, WGS 84: ``code``, ``name``, ``severity``, ``layer``, ``feature``,
        ``message``, ``message_fa``, ``fixable``, ``cause``, ``amount``, ``lon``, ``lat``, ``source``, ``source_layer``,
        ``record``, ``geometry``. It also says which checks ``ran``, which did ``not_run`` and why, and what was
        ``left_out``.

    Raises
    ------
    FibreError
        The selection names a check that does not exist.
    """
    from gis import checks

    return checks.run(inventory, select=select, ignore=ignore)


def fix(
    inventory: Inventory,
    *,
    unsafe: bool = False,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
) -> Fixed:
    """
    Put right, on a copy, what checks found and can put right.

    Parameters
    ----------
    inventory
        The survey; it stays as it is.
    unsafe
        Whether fixes that may be wrong are applied, too: those that move or remove what was surveyed.
    select, ignore
        As for `check`.

    Returns
    -------
    Fixed
        ``inventory``, the copy, whose changed features say so in the column ``changes``; ``changes``, a DataFrame
        with a row a change: what it was, how far anything moved, and the length before and after; and ``refused``,
        the fixes that were not made because another finding would come of them.

    Raises
    ------
    FibreError
        The selection names a check that does not exist.
    """
    from gis import checks
    from gis.checks.fixes import loop as fixes

    return fixes.fix(inventory, checks.run(inventory, select=select, ignore=ignore), unsafe=unsafe)


def trace(inventory: Inventory, office: str) -> Trace:
    """
    Find the way from an office to its exchange.

    Parameters
    ----------
    inventory
        The survey.
    office
        The office's id or its name in either language.

    Returns
    -------
    Trace
        The routes from the office on with their lengths, the manholes passed, the exchange.

    Raises
    ------
    FibreError
        There is no such office, or no way from it to an exchange.
    """
    from gis.network import tracing

    return tracing.trace(inventory, office)


def reconcile(inventory: Inventory) -> pd.DataFrame:
    """
    Hold the recorded totals against the survey.

    Parameters
    ----------
    inventory
        The survey with its project.

    Returns
    -------
    pandas.DataFrame
        A row a total with the attributes of `gis.totals.TotalResult`.
    """
    return pd.DataFrame(
        totals.reconcile(inventory, lengths.measure(inventory)),
        columns=list(totals.TotalResult.__dataclass_fields__),
    )


def map(  # noqa: A001 - the name of the command; users write gis.map
    inventory: Inventory, *, lang: Language = "fa", basemap: str | None = None
) -> folium.Map:
    """
    Draw the survey.

    Parameters
    ----------
    inventory
        The survey.
    lang
        The language that the map opens in; it can be switched there.
    basemap
        A background to offer: ``"osm"``, an address of tiles with ``{z}``, ``{x}``, ``{y}``, or a file of raster
        tiles, MBTiles or PMTiles.

    Returns
    -------
    folium.Map
        A map that works without a network, shows itself in a notebook, and is saved with ``.save(path)``.

    Raises
    ------
    FibreError
        The background is none of these.
    """
    from gis.publish.map.page import build

    return build(*_drawn(inventory), lang, basemap)


def save_map(
    inventory: Inventory, out: str | Path, *, lang: Language = "fa", basemap: str | None = None
) -> Path:
    """
    Draw the survey into a file, or, where it is large, into a folder of tiles.

    Parameters
    ----------
    inventory
        The survey.
    out
        The page to write.
    lang, basemap
        As for `map`.

    Returns
    -------
    pathlib.Path
        `out`, or, beyond `gis.publish.map.tiled.tiles.LIMIT` features, the folder of that name without its ending,
        which ``fibre serve`` shows.

    Raises
    ------
    FibreError
        The file cannot be written, the background is none, or the survey is large and the extra ``tiles`` is not
        installed.
    """
    from gis.publish import files
    from gis.publish.map.page import build, page
    from gis.publish.map.tiled import tiles

    out = Path(out)
    drawn = _drawn(inventory)
    if tiles.count(inventory, drawn[2]) > tiles.LIMIT:
        folder = out.with_suffix("")
        tiles.write(*drawn, folder, lang, basemap)
        return folder
    kept = [*inventory.read_from, *([Path(basemap)] if basemap else [])]
    files.write(out, page(build(*drawn, lang, basemap)).encode(), kept)
    return out


def _drawn(inventory: Inventory) -> tuple[Inventory, Measured, Findings, list[TotalResult]]:
    """Give what a map is drawn from: the survey, its lengths, its faults, and recorded against measured."""
    from gis import checks

    measured = lengths.measure(inventory)
    return inventory, measured, checks.run(inventory, measured), totals.reconcile(inventory, measured)


def explain(code: str | None = None, *, project: str | Path | None = None, lang: Language = "en") -> str:
    """
    Say what a check does, why it matters, and how to put right what it finds.

    Parameters
    ----------
    code
        The check's code; None lists all checks.
    project
        A project file, whose rules of its own are among the checks.
    lang
        The language.

    Returns
    -------
    str
        The page as text.

    Raises
    ------
    FibreError
        There is no such check, or the project file cannot be read.
    """
    from gis.checks import book, own
    from gis.project import Project, load

    known = own.catalogue(Project() if project is None else load(project))
    return book.listing(lang, known) if code is None else book.page_text(code, lang, known)


def run(project: str | Path, out: str | Path = "maps", *, lang: Language = "fa") -> RunResult:
    """
    Do everything: read, measure, check, reconcile, and write map, report and tables.

    Parameters
    ----------
    project
        A project file.
    out
        The folder to write to; what is there already stays whole until all is ready.
    lang
        The language that map and report open in; both can be switched there.

    Returns
    -------
    RunResult
        What was found, and which files were written.

    Raises
    ------
    FibreError
        The project or one of its files cannot be read, or the folder cannot be written.
    """
    from gis import checks
    from gis.publish import bundle

    inventory = delivery.read(project)
    measured = lengths.measure(inventory)
    results = totals.reconcile(inventory, measured)
    findings = checks.run(inventory, measured)
    document = RunDocument(
        project=inventory.project.name("en"),
        illustrative=inventory.illustrative,
        check=check_document(findings),
        measure=measure_document(measured),
        totals=totals_document(results, left_out=inventory.left_out),
    )
    files = bundle.write(Path(out), inventory, measured, findings, results, document, lang)
    return RunResult(inventory, measured, findings, results, files)
