"""``fibre``: parses what the user asks, calls `gis`, prints what it returns; decides nothing."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from gis.console import (
    as_json,
    both,
    complain,
    deliver,
    doubts,
    in_language,
    language,
    notice,
    say,
    show,
    tell,
    working,
)
from gis.errors import FibreError, ProjectError
from gis.isolation import isolated
from gis.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAN, FAULTY, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


class LanguageChoice(StrEnum):
    """The values of ``--lang``."""

    fa = "fa"
    en = "en"


class LengthChoice(StrEnum):
    """The values of ``--length``."""

    geodesic = "geodesic"
    grid = "grid"
    ground = "ground"
    slope = "slope"


class ByChoice(StrEnum):
    """The values of ``--by``."""

    kind = "kind"
    status = "status"
    county = "county"
    office_id = "office_id"


class PlainFormat(StrEnum):
    """Formats of inspections."""

    text = "text"
    json = "json"


class LengthFormat(StrEnum):
    """Formats of lengths and totals."""

    text = "text"
    json = "json"
    csv = "csv"
    xlsx = "xlsx"


class FindingFormat(StrEnum):
    """Formats of findings."""

    text = "text"
    json = "json"
    csv = "csv"
    sarif = "sarif"


class Bilingual(TyperGroup):
    """The command line with its help in the language of the call, which is known when it is called."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Choose the language, then run as asked."""
        lang = language()
        for command in (self, *self.commands.values()):
            for part in (command, *command.params):
                for name in ("help", "short_help", "epilog"):
                    if text := getattr(part, name, None):
                        setattr(part, name, in_language(text, lang))
        return super().main(*args, **options)


_TORN = Text(
    "{folder}: {names} was not written with the report.json beside it, as a run was stopped or a file changed; all is "
    "written anew",
    "{folder}: {names} همراه report.json کنارش نوشته نشده است، چون اجرایی نیمه‌کاره مانده یا فایلی تغییر کرده است؛ "
    "همه از نو نوشته می‌شود",
)

app = typer.Typer(
    name="fibre",
    cls=Bilingual,
    help=both(
        "Measure, check, reconcile and map surveys of optical fibre networks.",
        "اندازه‌گیری، بررسی، تطبیق و نقشهٔ برداشت‌های شبکهٔ فیبر نوری.",
    ),
    epilog=both(
        "Exit status: 0 nothing wrong, 1 an error finding or a total that differs, 2 unusable input or wrong usage.",
        "کد خروج: ۰ یافته‌ای نیست، ۱ خطا یا مغایرت هست، ۲ ورودی یا دستور نادرست است.",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

Lang = Annotated[
    LanguageChoice | None, typer.Option("--lang", help=both("Language of the output.", "زبان خروجی."))
]
Debug = Annotated[
    bool, typer.Option("--debug", help=both("Show the traceback of an error.", "ردگیری خطا را نشان بده."))
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…|PROJECT",
        help=both("Survey files, or one project file.", "فایل‌های برداشت یا یک فایل پروژه."),
    ),
]
ProjectFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PROJECT]",
        help=both("Project file; without it the bundled plan.", "فایل پروژه؛ بدون آن طرح همراه برنامه."),
        show_default=False,
    ),
]
OutFile = Annotated[
    Path | None, typer.Option("--out", help=both("Write to this file.", "در این فایل بنویس."))
]
System = Annotated[
    str | None,
    typer.Option(
        "--crs",
        metavar="EPSG:…",
        help=both(
            "Coordinate system of the files, whatever they say.",
            "دستگاه مختصات فایل‌ها، هرچه خودشان بگویند.",
        ),
    ),
]
Trusted = Annotated[
    bool,
    typer.Option(
        "--trusted",
        help=both(
            "Read the files in this process, without limits of memory and time.",
            "فایل‌ها را در همین پردازه و بی‌محدودیت حافظه و زمان بخوان.",
        ),
    ),
]
Codes = Annotated[
    list[str] | None,
    typer.Option(help=both("Checks to run: codes, families or all.", "بررسی‌ها: کد، خانواده یا all.")),
]
Ignored = Annotated[
    list[str] | None, typer.Option(help=both("Checks to leave out.", "بررسی‌هایی که کنار گذاشته می‌شوند."))
]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help=both("Show the version.", "نسخه را نشان بده."))
    ] = False,
    lang: Lang = None,  # noqa: ARG001 - read before parsing
    debug: Debug = False,  # noqa: ARG001 - read before parsing
) -> None:
    if version:
        from gis.version import __version__

        print(f"fibre-gis {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(
    help=both("Do everything: measure, check, reconcile, map.", "همهٔ کارها: اندازه‌گیری، بررسی، تطبیق، نقشه.")
)
def run(
    project: ProjectFile = None,
    out: Annotated[Path, typer.Option("--out", help=both("Folder to write to.", "پوشهٔ خروجی."))] = Path(
        "maps"
    ),
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Do everything and write it to a folder."""
    import gis
    from gis.publish import together
    from gis.publish.tables import terminal as tables

    language = _language(lang)
    if torn := together.torn(out):
        complain(_TORN.render(language, folder=out, names=", ".join(torn)))
    with working(say("Reading, measuring, checking…", "خواندن، اندازه‌گیری، بررسی…")):
        result = gis.run(project or _default_project(), out, lang=language)
    doubts(result.inventory, language)
    show(
        tables.totals_table(result.totals, language),
        tables.findings_table(result.findings, language, rows=20),
    )
    notice(result.inventory, language)
    for path in result.files:
        tell(str(path))
    raise typer.Exit(_status(result.findings, result.totals))


@app.command(help=both("Show what is in a delivery.", "نشان بده در یک تحویل چیست."))
def inspect(
    files: Files,
    form: Annotated[PlainFormat, typer.Option("--format")] = PlainFormat.text,
    crs: System = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Show what is in a delivery."""
    import gis
    from gis.publish.tables import terminal as tables

    document = gis.inspect(files, crs=crs, lang=_language(lang))
    if form is PlainFormat.json:
        deliver(as_json(document), None)
    else:
        show(*tables.inspection_tables(document, _language(lang)))


@app.command(
    help=both("Look for faults, and put right what can be.", "یافته‌ها را پیدا کن و آنچه شدنی است درست کن.")
)
def check(
    files: Files,
    select: Codes = None,
    ignore: Ignored = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix", help=both("Write a corrected copy to --out.", "نسخهٔ درست‌شده را در ‎--out بنویس.")
        ),
    ] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes",
            help=both(
                "Also fixes that move or remove what was surveyed.",
                "اصلاح‌هایی که برداشت را جابه‌جا یا حذف می‌کنند نیز.",
            ),
        ),
    ] = False,
    diff: Annotated[
        bool,
        typer.Option("--diff", help=both("Show each change that a fix makes.", "هر تغییر را نشان بده.")),
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help=both(
                "Show every finding, not the worst of each check.",
                "همهٔ یافته‌ها را نشان بده، نه فقط بدترین‌های هر بررسی.",
            ),
        ),
    ] = False,
    form: Annotated[FindingFormat, typer.Option("--format")] = FindingFormat.text,
    out: OutFile = None,
    crs: System = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Look for faults, and put right what can be."""
    import gis
    from gis.publish.exports import corrected as corrections

    language = _language(lang)
    target = out if fix else None
    if fix and out is None and not diff:
        raise typer.BadParameter(
            say(
                "--fix needs --out FILE: sources are never written to",
                "‎--fix به ‎--out FILE نیاز دارد؛ در منبع چیزی نوشته نمی‌شود",
            )
        )
    with working(say("Reading and checking…", "خواندن و بررسی…")):
        inventory = gis.read(files, crs=crs)
        if target:
            corrections.require_target(target, inventory.read_from)
        chosen = {"select": _split(select), "ignore": _split(ignore)}
        fixed = None
        if fix or diff:
            fixed = gis.fix(inventory, unsafe=unsafe_fixes, **chosen)
            inventory = fixed.inventory if target else inventory
        findings = gis.check(inventory, **chosen)
    if fixed is not None:
        if diff and form is FindingFormat.text:
            show(corrections.changes_table(fixed.changes, language))
        for line in corrections.refusals(fixed.refused, language):
            complain(line)
    if target and fixed is not None:
        with working(say("Writing…", "نوشتن…")):
            paths = corrections.write(target, fixed)
        for path in paths:
            tell(str(path), aside=True)
    _report(findings, inventory, form, None if fix else out, language, fixed, every=every)
    raise typer.Exit(_status(findings, ()))


def _report(
    findings: Any,
    inventory: Any,
    form: FindingFormat,
    out: Path | None,
    lang: Language,
    fixed: Any = None,
    *,
    every: bool = False,
) -> None:
    """Print findings in the format asked for."""
    from gis.publish.answers import check_document
    from gis.publish.exports import sarif
    from gis.publish.tables import terminal as tables

    if form is FindingFormat.json:
        deliver(as_json(check_document(findings, lang, fixed)), out, inventory.read_from)
    elif form is FindingFormat.csv:
        from gis.publish.tables.csv import findings_csv

        deliver(findings_csv(findings, lang), out, inventory.read_from)
    elif form is FindingFormat.sarif:
        deliver(sarif.sarif_json(findings, inventory.sources, lang), out, inventory.read_from)
    else:
        shown: dict[str, Any] = {"each": None, "rows": len(findings)} if every else {}
        show(tables.findings_table(findings, lang, **shown), out=out, kept=inventory.read_from)


@app.command(help=both("Measure lengths.", "طول‌ها را اندازه بگیر."))
def measure(
    files: Files,
    length: Annotated[
        LengthChoice | None,
        typer.Option(help=both("Show this kind of length alone.", "فقط این نوع طول را نشان بده.")),
    ] = None,
    by: Annotated[
        ByChoice | None, typer.Option(help=both("Sum by this column.", "جمع به تفکیک این ستون."))
    ] = None,
    form: Annotated[LengthFormat, typer.Option("--format")] = LengthFormat.text,
    out: OutFile = None,
    crs: System = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Measure lengths."""
    import gis
    from gis.publish.answers import measure_document
    from gis.publish.tables import terminal as tables
    from gis.publish.tables.csv import lengths_csv
    from gis.publish.tables.lengths import lengths_xlsx
    from gis.publish.wording.sentences import assumptions

    language = _language(lang)
    with working(say("Reading and measuring…", "خواندن و اندازه‌گیری…")):
        inventory = gis.read(files, crs=crs)
        measured = gis.measure(inventory)
    doubts(inventory, language)
    column = f"{length.value}_m" if length else None
    grouped = by.value if by else None
    if form is LengthFormat.json:
        deliver(as_json(measure_document(measured, language)), out, inventory.read_from)
    elif form is LengthFormat.csv:
        deliver(lengths_csv(measured, by=grouped, length=column), out, inventory.read_from)
        for sentence in assumptions(measured, language):
            complain(sentence)
    elif form is LengthFormat.xlsx:
        deliver(lengths_xlsx(measured, language, by=grouped, length=column), out, inventory.read_from)
    else:
        show(
            tables.lengths_table(measured, language, by=grouped, length=column),
            out=out,
            kept=inventory.read_from,
        )
        notice(inventory, language)


@app.command(
    help=both(
        "Draft a project file: guessed layers and columns, to be corrected.",
        "پیش‌نویس فایل پروژه با لایه‌ها و ستون‌های حدسی، برای اصلاح.",
    )
)
def init(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help=both("Survey files.", "فایل‌های برداشت."))
    ],
    out: Annotated[
        Path, typer.Option("--out", help=both("The project file to write.", "فایل پروژه‌ای که نوشته می‌شود."))
    ] = Path("project.toml"),
    crs: System = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Draft a project file."""
    import gis
    from gis.publish import files as outputs

    if out.exists():
        raise ProjectError(
            Text(
                "{path}: is there already; name another with --out",
                "{path}: از پیش هست؛ نام دیگری با --out بدهید",
            ),
            path=out,
        )
    outputs.write(out, gis.init(files, folder=out.parent, crs=crs, lang=_language(lang)).encode())
    tell(str(out))


@app.command(
    help=both("Hold the recorded totals against the survey.", "جمع‌های ثبت‌شده را با برداشت تطبیق بده.")
)
def totals(
    project: ProjectFile = None,
    form: Annotated[LengthFormat, typer.Option("--format")] = LengthFormat.text,
    out: OutFile = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Hold the recorded totals against the survey."""
    import gis
    from gis.publish.answers import totals_document
    from gis.publish.tables import terminal as tables
    from gis.publish.tables.totals import totals_csv, totals_xlsx
    from gis.totals import reconcile

    language = _language(lang)
    inventory = gis.read(project or _default_project())
    doubts(inventory, language)
    results = reconcile(inventory, gis.measure(inventory))
    kept = inventory.read_from
    if form is LengthFormat.json:
        deliver(as_json(totals_document(results, language, inventory.left_out)), out, kept)
    elif form is LengthFormat.csv:
        deliver(totals_csv(results, language), out, kept)
    elif form is LengthFormat.xlsx:
        deliver(totals_xlsx(results, language), out, kept)
    else:
        show(tables.totals_table(results, language), out=out, kept=inventory.read_from)
        notice(inventory, language)
    raise typer.Exit(FAULTY if any(result.verdict == "differs" for result in results) else CLEAN)


@app.command("map", help=both("Draw an interactive map.", "نقشهٔ تعاملی بکش."))
def map_(
    files: Files,
    out: Annotated[Path, typer.Option("--out", help=both("The page to write.", "صفحهٔ خروجی."))] = Path(
        "map.html"
    ),
    basemap: Annotated[
        str | None,
        typer.Option(
            help=both(
                "Background: osm, the address of tiles with {z}/{x}/{y}, or a file of raster tiles (MBTiles, PMTiles).",
                "نقشهٔ زمینه: osm، نشانی کاشی‌ها با {z}/{x}/{y}، یا فایل کاشی‌های تصویری (MBTiles یا PMTiles).",
            )
        ),
    ] = None,
    crs: System = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Draw an interactive map."""
    import gis

    language = _language(lang)
    with working(say("Reading and drawing…", "خواندن و کشیدن…")):
        inventory = gis.read(files, crs=crs)
    doubts(inventory, language)
    with working(say("Reading and drawing…", "خواندن و کشیدن…")):
        written = gis.save_map(inventory, out, lang=language, basemap=basemap)
    tell(str(written))
    if written != out:
        hint = say("large, so a folder of tiles; show it with", "بزرگ است و پوشه‌ای از کاشی‌ها شد؛ نمایش با")
        tell(f"{hint} fibre serve {written}", aside=True)


@app.command(help=both("Show a folder of tiles on this machine.", "پوشهٔ کاشی‌ها را روی همین دستگاه نشان بده."))
def serve(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help=both("What `fibre map` wrote.", "آنچه `fibre map` نوشت.")),
    ],
    port: Annotated[
        int, typer.Option(help=both("Port to listen on; 0 takes a free one.", "درگاه؛ ۰ یعنی یک درگاه آزاد."))
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--open", help=both("Open it in the browser.", "در مرورگر بازش کن."))
    ] = False,
    lang: Lang = None,  # noqa: ARG001
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Show a folder of tiles on this machine."""
    from gis.publish.map.tiled import serve as serving

    serving.serve(folder, port, open_browser=browser)


@app.command(
    help=both("Follow an office's way to its exchange.", "مسیر یک فرمانداری را تا مرکز مخابرات دنبال کن.")
)
def trace(
    office: Annotated[
        str,
        typer.Argument(help=both("The office's id or name.", "شناسه یا نام فرمانداری.")),
    ],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE…|PROJECT]",
            help=both(
                "Survey files, or one project file; without them the bundled plan.",
                "فایل‌های برداشت یا فایل پروژه؛ بدون آن طرح همراه.",
            ),
            show_default=False,
        ),
    ] = None,
    form: Annotated[PlainFormat, typer.Option("--format")] = PlainFormat.text,
    out: OutFile = None,
    crs: System = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
    trusted: Trusted = False,  # noqa: ARG001 - read before parsing
) -> None:
    """Follow an office's way to its exchange."""
    import gis
    from gis.publish.answers import trace_document
    from gis.publish.tables import terminal

    inventory = gis.read(files or _default_project(), crs=crs)
    way = gis.trace(inventory, office)
    if form is PlainFormat.json:
        deliver(as_json(trace_document(way)), out, inventory.read_from)
    else:
        show(terminal.trace_table(way, _language(lang)), out=out, kept=inventory.read_from)
        notice(inventory, _language(lang))


@app.command(
    help=both(
        "Say what a check does, why, and how to fix what it finds.", "بگو یک بررسی چیست، چرا، و چاره چیست."
    )
)
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="[CODE]",
            help=both(
                "A code, such as N302; without it all are listed.", "کد بررسی، مانند N302؛ بدون آن فهرست همه."
            ),
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            help=both(
                "Project file with rules of its own; left out, fibre.toml in this folder.",
                "فایل پروژه‌ای که قاعده‌های خود را دارد؛ بدون آن fibre.toml در همین پوشه.",
            ),
        ),
    ] = None,
    lang: Lang = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Print the page of a check."""
    import gis

    here = _OWN_PROJECT if _OWN_PROJECT.is_file() else None
    tell(gis.explain(code, project=project or here, lang=_language(lang)))


def main() -> NoReturn:
    """Run the command line; every way out is an exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console in an old code page, or a pipe, must not fail on Persian letters.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if not sys.warnoptions:
        # What libraries think of a file is no word for those who read it; ours are findings and lines.
        warnings.simplefilter("ignore")
    with nullcontext() if "--trusted" in sys.argv else isolated():
        if "--debug" in sys.argv:
            sys.exit(app(standalone_mode=False) or CLEAN)
        sys.exit(_guarded())


def _guarded() -> int:
    try:
        return int(app(standalone_mode=False) or CLEAN)
    except FibreError as error:
        complain(error.message(language()))
    except TyperException as error:
        hint = say("see `fibre --help`", "راهنما: `fibre --help`")
        complain(f"{error.format_message().rstrip('.')}; {hint}")
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has left: nobody is there to be told, now or when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is one line too
        why = " ".join(f"{type(error).__name__}: {error}".split())
        fault = say("a fault in fibre-gis itself", "خطا از خود fibre-gis است")
        hint = say("--debug shows where", "با ‎--debug جایش پیدا می‌شود")
        complain(f"{fault}: {why}; {hint}")
    return UNUSABLE


def _language(lang: LanguageChoice | None) -> Language:
    if lang is None:
        return language()
    return "fa" if lang is LanguageChoice.fa else "en"


# The project file of the folder that the user stands in.
_OWN_PROJECT = Path("fibre.toml")


def _default_project() -> Path:
    """Find the bundled plan: in the folder the user stands in, else in the installed package."""
    here = Path("layers", "isfahan.toml")
    installed = Path(__file__).parent / "_plan" / "isfahan.toml"
    beside = Path(__file__).parent.parent / here
    for candidate in (here, installed, beside):
        if candidate.is_file():
            return candidate
    raise ProjectError(
        Text(
            "{path}: the bundled plan is not there; name a project file",
            "{path}: طرح همراه برنامه اینجا نیست؛ نام یک فایل پروژه را بدهید",
        ),
        path=here,
    )


def _split(words: Sequence[str] | None) -> list[str] | None:
    """Take codes as ``--select N --select G201`` or ``--select N,G201``."""
    return [code.strip() for word in words for code in word.split(",") if code.strip()] if words else None


def _status(findings: Any, results: Sequence[Any]) -> int:
    if findings.failed:
        for code, why in findings.failed.items():
            complain(
                say("check {code} failed", "بررسی {code} از کار افتاد").replace("{code}", code) + f": {why}"
            )
        return UNUSABLE
    faulty = (findings["severity"] == "error").any() or any(r.verdict == "differs" for r in results)
    return FAULTY if faulty else CLEAN
