"""A project file drafted from a delivery: what was guessed stands written where a person can correct it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from gis import address
from gis.coordinates import systems
from gis.delivery import understanding
from gis.errors import FibreError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gis.delivery.understanding import Destination, Understanding
    from gis.language import Language

_HEAD = Text(
    "Drafted by `fibre init`. What was guessed is written out; what could not be decided is marked with ???.",
    "پیش‌نویس دستور `fibre init`. هرچه حدس زده شده نوشته شده است؛ هرچه روشن نبوده با ??? نشان شده است.",
)
_TOTALS = Text(
    "The recorded figures go here, one table each; for example:",
    "ارقام ثبت‌شده اینجا می‌آیند، هر کدام یک جدول؛ برای نمونه:",
)
_EXAMPLE = """\
# [[totals]]
# item = "new fibre"
# item_fa = "فیبر جدید"
# layer = "routes"
# measure = "length"
# where = { kind = "cable", status = "new" }
# recorded = 0
# unit = "m"
# tolerance = "0.5 %"
"""


def draft(
    source: Sequence[str | Path], *, folder: str | Path = ".", crs: str | None = None, lang: Language = "en"
) -> str:
    """
    Draft a project file.

    Parameters
    ----------
    source
        Survey files.
    folder
        Where the project file will be, so that it names the files as seen from there.
    crs
        The coordinate system of the files, instead of what they say.
    lang
        The language of the comments.

    Returns
    -------
    str
        TOML that `gis.project.load` reads.

    Raises
    ------
    FibreError
        A file cannot be read, or none of the layers matches a canonical one.
    """
    understood = understanding.readings(source, crs=crs)
    if not any(one.destination for one in understood):
        raise FibreError(
            Text(
                "{files}: no layer matches routes, manholes or offices; `fibre inspect` shows what they hold",
                "{files}: هیچ لایه‌ای مسیر، حوضچه یا فرمانداری نیست؛ `fibre inspect` نشان می‌دهد چه دارند",
            ),
            code="D004",
            files=", ".join(address.masked(str(one)) for one in source),
        )
    origins = dict(_origin(one, folder) for one in source)
    first = address.database(str(source[0])) if address.is_address(source[0]) else Path(source[0]).name
    name = first.partition(".")[0]
    lines = [*_comment(_HEAD.render(lang)), "", "[project]", f"name = {_quoted(name)}", 'length = "geodesic"']
    shared = _shared(understood)
    for one in understood:
        lines += ["", *_layer(one, one.destination, origins, crs, lang, shared)]
    lines += ["", *_comment(_TOTALS.render(lang)), _EXAMPLE]
    return "\n".join(lines)


def _origin(source: str | Path, folder: str | Path) -> tuple[str, str]:
    """
    Give a source's path as its layers have it, and how the project file names it.

    Of the address of a database the password is left out: a project file goes from hand to hand.
    """
    if isinstance(source, str) and address.is_address(source):
        return address.masked(source), address.without_password(source)
    return str(Path(source)), _relative(Path(source), folder)


def _relative(path: Path, folder: str | Path) -> str:
    """Name a file as seen from the project file's folder; as it is where there is no way between, on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _shared(understood: Sequence[Understanding]) -> set[str]:
    """Give the names that several files of a delivery have a layer of."""
    layers = {(one.raw.path, one.raw.layer) for one in understood}
    names = [name for _, name in layers]
    return {name for name in names if names.count(name) > 1}


def _layer(
    one: Understanding,
    destination: Destination | None,
    origins: dict[str, str],
    crs: str | None,
    lang: Language,
    shared: set[str],
) -> Iterator[str]:
    raw = one.raw
    told = Text("{title}: {driver}, {features} features", "{title}: {driver}، {features} عارضه")
    heading = told.render(lang, title=raw.title, driver=raw.driver, features=len(raw.frame))
    if destination is None:
        yield from _comment(heading)
        unknown = Text(
            "??? matches no canonical layer; it is left out", "??? با هیچ لایه‌ای نمی‌خواند و کنار گذاشته شد"
        )
        yield from _comment(unknown.render(lang))
        return
    origin = max((path for path in origins if raw.path == path or raw.path.startswith(f"{path}/")), key=len)
    yield from _comment(heading)
    yield f"[[layers.{destination.schema.name}]]"
    yield f"source = {_quoted(origins[origin])}"
    if raw.path != origin and raw.layer in shared | {""}:
        yield f"layer = {_quoted(raw.path.removeprefix(f'{origin}/'))}"
    elif raw.layer and (raw.path != origin or raw.title != raw.path):
        yield f"layer = {_quoted(raw.layer)}"
    yield from _comment(one.belief.evidence.render(lang))
    yield from _system(one, crs, lang)
    if destination.entry.set:
        pairs = ", ".join(f"{key} = {_quoted(str(value))}" for key, value in destination.entry.set.items())
        yield f"set = {{ {pairs} }}"
    yield ""
    yield f"[layers.{destination.schema.name}.columns]"
    for ours, theirs in destination.match.columns.items():
        yield f"{ours} = {_quoted(theirs)}"
    for ours, rivals in destination.match.ambiguous.items():
        yield from _comment(f"{ours} = ???  {' | '.join(_quoted(rival) for rival in rivals)}")
    given = {*destination.match.columns, *destination.match.ambiguous, *destination.entry.set}
    for column in destination.schema.columns:
        if column.required and column.name not in given:
            yield from _comment(f"{column.name} = ???  {', '.join(map(_quoted, destination.match.extra))}")


def _system(one: Understanding, crs: str | None, lang: Language) -> Iterator[str]:
    """Write which coordinate system to read a layer in, where its file does not say or says wrongly."""
    belief = one.belief
    if crs is not None:
        yield f"crs = {_quoted(crs)}"
    elif belief.crs is None:
        yield from _comment("crs = ???")
    elif one.raw.crs is None and not belief.swapped:
        yield f"crs = {_quoted(systems.authority(belief.crs))}"
    elif not belief.declared_ok:
        believed = (
            Text("believed", "به گمان")
            if not belief.swapped
            else Text("with axes swapped", "با محورهای جابه‌جا")
        )
        yield from _comment(f"??? crs = {_quoted(systems.authority(belief.crs))}  ({believed.render(lang)})")


def _quoted(text: str) -> str:
    """Write a TOML string: a JSON string is one, but for the delete character, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> Iterator[str]:
    """Write a comment; control characters, which would end it or are not allowed in one, become spaces."""
    clean = "".join(
        letter if letter.isprintable() or letter in "\u200c\u2068\u2069" else " " for letter in text
    )
    yield f"# {clean}"
