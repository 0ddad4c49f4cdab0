"""
The checks: what is wrong with a survey, each fault with its code and its place.

`run` goes through the registry and gives the findings of all checks as one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from gis import progress
from gis.checks import causes, counties, own
from gis.checks.evidence import references
from gis.checks.evidence.context import Context
from gis.checks.findings import COLUMNS, Findings, count_of, join, tabulate
from gis.checks.registry import FAMILIES, Found, Page, pages
from gis.checks.rules import attributes, coordinates, delivery, geometry, network, totals
from gis.errors import ProjectError
from gis.language import Text
from gis.project import Project, Severity
from gis.rules import OWN
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gis.checks.registry import Need
    from gis.inventory import Inventory
    from gis.lengths.measured import Measured

__all__ = [
    "COLUMNS",
    "FAMILIES",
    "Examined",
    "Findings",
    "Found",
    "Page",
    "examine",
    "pages",
    "run",
    "selection",
]

# Importing a family is what registers its checks.
_FAMILY_MODULES = (delivery, coordinates, geometry, network, attributes, totals)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


def selection(select: Sequence[str], ignore: Sequence[str], project: Project | None = None) -> list[str]:
    """
    Tell which checks a selection means.

    Parameters
    ----------
    select, ignore
        Codes (``"N302"``), families (``"N"``), or ``"all"``; what is ignored is taken away last.
    project
        The project, whose rules of its own (``"U"``) are among the checks.

    Returns
    -------
    list of str
        Codes in the registry's order.

    Raises
    ------
    ProjectError
        A word is neither a code nor a family.
    """
    known = own.functions(project or Project())

    def meant(words: Sequence[str]) -> set[str]:
        codes: set[str] = set()
        for word in words:
            matching = set(known) if word == "all" else {c for c in known if word in (c, c[0])}
            if not matching and word != OWN:
                raise ProjectError(
                    Text(
                        "there is no check {word}; families are {families}, and `fibre explain` lists the codes",
                        "بررسی {word} وجود ندارد؛ خانواده‌ها {families} هستند و `fibre explain` کدها را نشان می‌دهد",
                    ),
                    word=repr(word),
                    families=", ".join([*FAMILIES, OWN]),
                )
            codes |= matching
        return codes

    wanted = meant(select) - meant(ignore)
    return [code for code in known if code in wanted]


# Whether what a check needs is there, and what is said where it is not.
_NEEDS: dict[Need, tuple[Callable[[Inventory], bool], Text]] = {
    "area": (
        lambda inventory: inventory.area is not None,
        Text("the project names no area", "پروژه محدوده‌ای ندارد"),
    ),
    "counties": (
        lambda inventory: inventory.counties is not None,
        Text("the project names no counties", "پروژه مرز شهرستان‌ها را ندارد"),
    ),
    "ducts": (
        lambda inventory: bool((inventory.routes["kind"] == "duct").any()),
        Text("no ducts were delivered", "داکتی تحویل نشده است"),
    ),
    "max_pull": (
        lambda inventory: inventory.project.checks.max_pull_m is not None,
        Text("the project states no max_pull_m", "پروژه max_pull_m را ننوشته است"),
    ),
    "max_bends": (
        lambda inventory: inventory.project.checks.max_bends_deg is not None,
        Text("the project states no max_bends_deg", "پروژه max_bends_deg را ننوشته است"),
    ),
    "exchanges": (
        lambda inventory: bool((inventory.manholes["kind"] == "exchange").any()),
        Text("no exchange was delivered", "مرکز مخابراتی تحویل نشده است"),
    ),
    "references": (
        lambda inventory: any(references.answerable(inventory, name) for name in references.NAMED),
        Text("what the routes name was not delivered", "آنچه مسیرها نام می‌برند تحویل نشده است"),
    ),
}


@dataclass(frozen=True)
class Examined:
    """
    What checks found, before it is put into words.

    Attributes
    ----------
    found
        Code to what was found, for each check that ran.
    not_run
        Code to the reason, for each check that lacks what it needs.
    failed
        Code to the error's text, for each check that broke.
    """

    found: dict[str, list[Found]]
    not_run: dict[str, Text]
    failed: dict[str, str]


def examine(inventory: Inventory, measured: Measured | None, codes: Sequence[str]) -> Examined:
    """
    Let checks look at a survey.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Its lengths, where they are known already.
    codes
        Which checks.

    Returns
    -------
    Examined
        What they found.
    """
    context = Context(inventory, measured)
    examined = Examined({}, {}, {})
    functions, pages = own.functions(inventory.project), own.catalogue(inventory.project)
    for done, code in enumerate(codes):
        progress.tell(progress.CHECKING, done, len(codes))
        reason = _absence(inventory, pages[code])
        if reason is not None:
            examined.not_run[code] = reason
            continue
        try:
            examined.found[code] = list(functions[code](context))
        except Exception as error:  # noqa: BLE001 - one check's failure is named and must not hide the others' findings
            examined.failed[code] = f"{type(error).__name__}: {error}"
    progress.tell(progress.CHECKING, len(codes), len(codes))
    return examined


def run(
    inventory: Inventory,
    measured: Measured | None = None,
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
) -> Findings:
    """
    Check a survey.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Its lengths, where they are known already.
    select, ignore
        Which checks; without them those of the project file.

    Returns
    -------
    Findings
        Its faults, which checks ran, and which did not and why.

    Raises
    ------
    ProjectError
        The selection names a check that does not exist.
    """
    settings = inventory.project.checks
    codes = selection(
        settings.select if select is None else select,
        settings.ignore if ignore is None else ignore,
        inventory.project,
    )
    examined = examine(inventory, measured, codes)
    catalogue = own.catalogue(inventory.project)
    entries: list[causes.Entry] = []
    unjudged: dict[str, int] = {}
    for code, found in examined.found.items():
        page = catalogue[code]
        for one in found:
            count = count_of(one)
            if one.unjudged:
                unjudged[code] = unjudged.get(code, 0) + one.unjudged
            stated = settings.severity.get(code)
            severities = causes.graded(page, one, count) if stated is None else [stated] * count
            entries.append(causes.Entry(page, one, tabulate(inventory, page, severities, one)))
    table = join(causes.gathered(inventory, entries, settings.severity))
    return Findings(
        table,
        ran=tuple(examined.found),
        not_run=examined.not_run,
        failed=examined.failed,
        looked_at={name: len(inventory.layer(name)) for name in SCHEMAS},
        left_out=inventory.left_out,
        unjudged=unjudged,
        pages=catalogue,
        counties=counties.most(inventory, table),
    )


def _absence(inventory: Inventory, page: Page) -> Text | None:
    """Say what a check needs and the survey does not have."""
    for needed in page.layers:
        names = needed.split("|")
        if not any(len(inventory.layer(name)) for name in names):  # type: ignore[arg-type]
            labels = [SCHEMAS[name].label for name in names]  # type: ignore[index]
            return Text(
                f"no {' or '.join(label.en.lower() for label in labels)}",
                f"لایهٔ {' یا '.join(label.fa for label in labels)} نیست",
            )
    for needed in page.columns:
        alternatives = [name.split(".") for name in needed.split("|")]
        if not any(inventory.layer(name)[column].notna().any() for name, column in alternatives):  # type: ignore[arg-type]
            labels = [SCHEMAS[name][column].label for name, column in alternatives]  # type: ignore[index]
            return Text(
                f"no {' or '.join(label.en.lower() for label in labels)}",
                f"ستون «{'» یا «'.join(label.fa for label in labels)}» نیست",
            )
    for need in page.needs:
        there, absence = _NEEDS[need]
        if not there(inventory):
            return absence
    return None
