"""What the command line shows: results on standard output, words for people on standard error."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gis import progress
from gis.errors import FibreError, SourceError
from gis.language import Language, Text, harmless, number, preferred
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pydantic import BaseModel
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from gis.inventory import Inventory

# Columns of a table that goes to a file or a pipe, which have no width of their own.
_PAGE = 160
# The unit separator of ASCII, which no wording holds.
_BETWEEN = "\x1f"


def asked_language(arguments: Sequence[str]) -> Language:
    """
    Tell the language before the options are parsed, since help and usage errors are in it too.

    Parameters
    ----------
    arguments
        The command line.

    Returns
    -------
    Language
        What ``--lang`` asks for, else what the environment prefers.
    """
    for at, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and at + 1 < len(arguments):
            value = arguments[at + 1]
        if value in ("fa", "en"):
            return "fa" if value == "fa" else "en"
    return preferred()


def language() -> Language:
    """
    Tell the language of this call of the command.

    Returns
    -------
    Language
        As `asked_language` tells it.
    """
    return asked_language(sys.argv[1:])


def say(en: str, fa: str) -> str:
    """
    Choose between two wordings that have no fields.

    Parameters
    ----------
    en, fa
        The wordings.

    Returns
    -------
    str
        The one in the language of this call.
    """
    return fa if language() == "fa" else en


def both(en: str, fa: str) -> str:
    """
    Declare a help text in both languages: it is written before anybody has asked for one of them.

    Parameters
    ----------
    en, fa
        The wordings.

    Returns
    -------
    str
        Both, for `in_language`.
    """
    return f"{en}{_BETWEEN}{fa}"


def in_language(text: str, lang: Language) -> str:
    """
    Give one of the languages of a help text.

    Parameters
    ----------
    text
        What `both` gave; any other text stays as it is.
    lang
        The language.

    Returns
    -------
    str
        The wording in it.
    """
    en, _, fa = text.partition(_BETWEEN)
    return fa if fa and lang == "fa" else en


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _PAGE
    return console


@contextmanager
def working(what: str) -> Iterator[None]:
    """
    Show that work is going on and how far it is, on a terminal and nowhere else.

    Parameters
    ----------
    what
        What is being done, for as long as nobody tells how far it is.

    Yields
    ------
    None
        While it is shown.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[share]}"),
        TimeElapsedColumn(),
        console=_console(stderr=True),
        transient=True,
    )
    lang = language()
    task = bar.add_task(what, total=None, share="")

    def watch(work: Text, done: int, total: int) -> None:
        if done < total:
            share = number(done / total, ".0%", lang)
            bar.update(task, description=f"{work.render(lang)}…", completed=done, total=total, share=share)
        else:
            bar.update(task, description=what, completed=0, total=None, share="")
        bar.refresh()

    with bar, progress.watched(watch):
        yield


def show(*parts: RenderableType, out: Path | None = None, kept: Iterable[Path] = ()) -> None:
    """
    Print tables, or write them to a file as text.

    Parameters
    ----------
    *parts
        What rich can print.
    out
        A file; None for standard output.
    kept
        As for `deliver`.
    """
    if out is None:
        console = _console()
        for part in parts:
            console.print(_Harmless(part))
        return
    from rich.console import Console

    page = io.StringIO()
    console = Console(width=_PAGE, file=page, highlight=False)
    for part in parts:
        console.print(_Harmless(part))
    deliver(page.getvalue().encode(), out, kept)


def as_json(document: BaseModel) -> bytes:
    """
    Write a document as JSON.

    Parameters
    ----------
    document
        One of `gis.documents`.

    Returns
    -------
    bytes
        UTF-8, indented, with a final newline.
    """
    return (document.model_dump_json(indent=2) + "\n").encode()


def deliver(content: bytes, out: Path | None, kept: Iterable[Path] = ()) -> None:
    """
    Write a result to its file, whole, or to standard output.

    Parameters
    ----------
    content
        The result.
    out
        The file; None for standard output.
    kept
        The sources, which are never written to.

    Raises
    ------
    FibreError
        The file is a source, or cannot be written.
    """
    if out is None:
        if sys.stdout.isatty():
            content = _for_terminal(content)
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    from gis.publish import files

    files.write(out, content, kept)
    tell(str(out), aside=True)


def tell(line: str, *, aside: bool = False) -> None:
    """
    Print a line: a name of a file, a page of text.

    Parameters
    ----------
    line
        What is printed. For a terminal, and on standard error, nothing in it steers; a program that reads standard
        output gets it as it is.
    aside
        Whether it goes to standard error, being no result.
    """
    stream = sys.stderr if aside else sys.stdout
    print(harmless(line) if aside or stream.isatty() else line, file=stream)


def _for_terminal(content: bytes) -> bytes:
    try:
        return harmless(content.decode("utf-8-sig")).encode()
    except UnicodeDecodeError:
        raise FibreError(
            Text(
                "a workbook is no text for a terminal; name a file with --out",
                "کارنامهٔ صفحه‌گسترده متن نیست و در پایانه نشان داده نمی‌شود؛ فایلی با --out نام ببرید",
            )
        ) from None


class _Harmless:
    """What rich prints, with nothing in its words that steers a terminal."""

    def __init__(self, part: RenderableType) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Clean the words, and leave rich's own colours."""
        from rich.segment import Segment

        for segment in console.render(self._part, options):
            yield segment if segment.control else Segment(harmless(segment.text), segment.style)


def notice(inventory: Inventory, lang: Language) -> None:
    """
    Say on standard error that what was shown is illustrative, where it is.

    Parameters
    ----------
    inventory
        The survey.
    lang
        The language to say it in.
    """
    if inventory.illustrative:
        tell(
            Text(
                "The geometry is illustrative: the record has totals and no coordinates.",
                "هندسهٔ مسیرها نمایشی است: در گزارش فقط جمع‌ها آمده و مختصاتی نیست.",
            ).render(lang),
            aside=True,
        )


_NOTHING_TAKEN = Text(
    "{source}: nothing was taken, as neither columns nor names say whether these are routes, manholes or offices; name "
    "layer and columns in a project file (`fibre init` drafts one)",
    "{source}: چیزی گرفته نشد، چون نه ستون‌ها و نه نام‌ها نمی‌گویند که مسیر، حوضچه یا فرمانداری است؛ لایه و ستون‌ها را در "
    "فایل پروژه نام ببرید (`fibre init` پیش‌نویس آن را می‌سازد)",
)
_LEFT_OUT = Text(
    "{where}: left out: {count} {what}, as {why}", "{where}: کنار گذاشته شد: {count} {what}، زیرا {why}"
)
_TORN = Text(
    "{path}: was not written with the report.json beside it, as a run was stopped or the file changed; `fibre run` "
    "writes both anew",
    "{path}: همراه report.json کنارش نوشته نشده است، چون اجرایی نیمه‌کاره مانده یا فایل تغییر کرده است؛ `fibre run` "
    "هر دو را از نو می‌نویسد",
)
_MORE = Text(
    "{count} more {count:kind|kinds} of things {count:is|are} left out; `fibre inspect --format json` lists them",
    "{count} نوع دیگر هم کنار گذاشته شده است؛ فهرست کامل با `fibre inspect --format json`",
)
# So many lines of what is left out are shown.
_LINES = 20


def doubts(inventory: Inventory, lang: Language) -> None:
    """
    Say on standard error what was not taken and where coordinates are doubtful, before somebody relies on a length.

    Parameters
    ----------
    inventory
        The survey.
    lang
        The language to say it in.

    Raises
    ------
    SourceError
        D004: nothing at all was taken.
    """
    from gis.delivery.files.layer import title
    from gis.publish import together

    for path in inventory.read_from:
        if path.name in together.torn(path.parent):
            complain(_TORN.render(lang, path=path))
    if not any(len(inventory.layer(name)) for name in SCHEMAS) and inventory.left_out:
        sources = dict.fromkeys(title(left.source, left.layer) for left in inventory.left_out)
        raise SourceError(_NOTHING_TAKEN, code="D004", source=", ".join(sources))
    for left in inventory.left_out[:_LINES]:
        where = title(left.source, left.layer)
        count = number(left.count, lang=lang)
        complain(_LEFT_OUT.render(lang, where=where, count=count, what=left.what, why=left.why))
    if len(inventory.left_out) > _LINES:
        complain(_MORE.render(lang, count=len(inventory.left_out) - _LINES))
    if not inventory.notes:
        return
    from gis.checks.registry import codes_with, pages

    codes = codes_with("spoils_lengths")
    doubted = [note for note in inventory.notes if note.code in codes]

    told = [
        (note.code, str(note.fields.get("source", note.layer)), pages()[note.code].title.render(lang))
        for note in doubted
    ]
    for code, source, words in dict.fromkeys(told):
        line = Text(
            "{source}: {code} {title}; `fibre check` tells more",
            "{source}: {code} {title}؛ شرح با `fibre check`",
        )
        complain(line.render(lang, source=source, code=code, title=words))


def complain(line: str) -> None:
    """
    Say on standard error what is wrong.

    Parameters
    ----------
    line
        One line.
    """
    tell(f"fibre: {line}", aside=True)
