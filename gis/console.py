"""What the command line shows: results on standard output, words for people on standard error."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gis import progress
from gis.language import Language, Text, number, preferred

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic import BaseModel
    from rich.console import Console, RenderableType

    from gis.inventory import Inventory

# Columns of a table that goes to a file or a pipe, which have no width of their own.
_PAGE = 160


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


LANG = asked_language(sys.argv[1:])


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
    return fa if LANG == "fa" else en


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
    task = bar.add_task(what, total=None, share="")

    def watch(work: Text, done: int, total: int) -> None:
        if done < total:
            share = number(done / total, ".0%", LANG)
            bar.update(task, description=f"{work.render(LANG)}…", completed=done, total=total, share=share)
        else:
            bar.update(task, description=what, completed=0, total=None, share="")
        bar.refresh()

    with bar, progress.watched(watch):
        yield


def show(*parts: RenderableType, out: Path | None = None) -> None:
    """
    Print tables, or write them to a file as text.

    Parameters
    ----------
    *parts
        What rich can print.
    out
        A file; None for standard output.
    """
    if out is None:
        console = _console()
        for part in parts:
            console.print(part)
        return
    from rich.console import Console

    page = io.StringIO()
    console = Console(width=_PAGE, file=page, highlight=False)
    for part in parts:
        console.print(part)
    deliver(page.getvalue().encode(), out)


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


def deliver(content: bytes, out: Path | None) -> None:
    """
    Write a result to its file, whole, or to standard output.

    Parameters
    ----------
    content
        The result.
    out
        The file; None for standard output.

    Raises
    ------
    FibreError
        The file cannot be written.
    """
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    from gis.publish import files

    files.write(out, content)
    print(out, file=sys.stderr)


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
        print(
            Text(
                "The geometry is illustrative: the record has totals and no coordinates.",
                "هندسهٔ مسیرها نمایشی است: در گزارش فقط جمع‌ها آمده و مختصاتی نیست.",
            ).render(lang),
            file=sys.stderr,
        )


# Coordinates that are not what they seem spoil lengths and maps.
_DOUBTED = ("C101", "C103", "C104", "C105", "C106", "C110")


def doubts(inventory: Inventory, lang: Language) -> None:
    """
    Say on standard error where coordinates are doubtful, a line each, before somebody relies on a length.

    Parameters
    ----------
    inventory
        The survey.
    lang
        The language to say it in.
    """
    doubted = [note for note in inventory.notes if note.code in _DOUBTED]
    if not doubted:
        return
    from gis.checks import pages

    told = [
        (note.code, str(note.fields.get("source", note.layer)), pages()[note.code].title.render(lang))
        for note in doubted
    ]
    for code, source, title in dict.fromkeys(told):
        line = Text(
            "{source}: {code} {title}; `fibre check` tells more",
            "{source}: {code} {title}؛ شرح با `fibre check`",
        )
        complain(line.render(lang, source=source, code=code, title=title))


def complain(line: str) -> None:
    """
    Say on standard error what is wrong.

    Parameters
    ----------
    line
        One line.
    """
    print(f"fibre: {line}", file=sys.stderr)
