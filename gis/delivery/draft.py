"""A project file drafted from a delivery: what was guessed stands written where a person can correct it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit

from gis import address
from gis.coordinates import systems
from gis.delivery import sources, understanding
from gis.errors import FibreError, ProjectError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tomlkit.items import Comment, Table

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
    if already := next((one for one in source if str(one).lower().endswith(".toml")), None):
        raise ProjectError(
            Text(
                "{path}: is a project file already; name survey files",
                "{path}: خودش فایل پروژه است؛ فایل‌های برداشت را نام ببرید",
            ),
            path=already,
        )
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
    names = sources.called(source)
    origins = {
        given: (name, seen)
        for name, (given, seen) in zip(names, (_origin(one, folder) for one in source), strict=True)
    }
    first = address.database(str(source[0])) if address.is_address(source[0]) else Path(source[0]).name
    name = first.partition(".")[0]
    project = tomlkit.table()
    project.update({"name": name, "length": "geodesic"})
    dialect = next((one.spoken.telling.dialect for one in understood if one.spoken is not None), None)
    if dialect is not None:
        project.add("dialect", dialect.key)
    head = tomlkit.document()
    head.add(_comment(_HEAD.render(lang)))
    head.add(tomlkit.nl())
    head.add("project", project)
    shared = _shared(understood)
    layers = [_layer(one, one.destination, origins, crs, lang, shared) for one in understood]
    totals = tomlkit.document()
    totals.add(_comment(_TOTALS.render(lang)))
    return "\n".join([head.as_string(), *layers, totals.as_string()]) + _EXAMPLE


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
    origins: dict[str, tuple[str, str]],
    crs: str | None,
    lang: Language,
    shared: set[str],
) -> str:
    """Write what is known of a layer: a document of its own, since layers stand in the order of the delivery."""
    raw = one.raw
    told = Text(
        "{title}: {driver}, {features} {features:feature|features}", "{title}: {driver}، {features} عارضه"
    )
    above = tomlkit.document()
    above.add(_comment(told.render(lang, title=raw.title, driver=raw.driver, features=len(raw.frame))))
    spoken = one.spoken
    joined = spoken is not None and spoken.joined
    if destination is None and not joined:
        unknown = Text(
            "??? matches no canonical layer; it is left out", "??? با هیچ لایه‌ای نمی‌خواند و کنار گذاشته شد"
        )
        listed = Text("a list of {dialect}; it is left out", "فهرستی از {dialect}؛ کنار گذاشته شد")
        told = listed.filled(dialect=spoken.telling.dialect.shown) if spoken is not None else unknown
        above.add(_comment(told.render(lang)))
        return above.as_string()
    name, given = origins[raw.delivery]
    entry = tomlkit.table()
    entry.add("source", given)
    if raw.path != name and raw.layer in shared | {""}:
        entry.add("layer", raw.path.removeprefix(f"{name}/"))
    elif raw.layer and (raw.path != name or raw.title != raw.path):
        entry.add("layer", raw.layer)
    if destination is not None:
        entry.add(_comment(one.belief.evidence.render(lang)))
        _add_system(entry, one, crs, lang)
        said = spoken.entry.set if spoken is not None else {}
        own = {ours: value for ours, value in destination.entry.set.items() if said.get(ours) != value}
        if own:
            values = tomlkit.inline_table()
            values.update(own)
            entry.add("set", values)
        _add_columns(entry, one, destination, lang)
    entries = tomlkit.aot()
    entries.append(entry)
    layers = tomlkit.table(is_super_table=True)
    layers.add(destination.schema.name if destination is not None else "tables", entries)
    written = tomlkit.document()
    written.add("layers", layers)
    # Within one document a blank line would come between.
    return above.as_string() + written.as_string()


def _add_columns(entry: Table, one: Understanding, destination: Destination, lang: Language) -> None:
    """Write which column is which; those that the dialect names stand in a comment, as it goes on naming them."""
    spoken = one.spoken
    if spoken is None:
        entry.add("columns", _columns(destination, destination.match.columns))
        return
    told = Text("columns of {dialect}: {columns}", "ستون‌های {dialect}: {columns}")
    named = ", ".join(
        f"{ours} = {theirs}" for ours, theirs in one.taken_from.items() if ours in spoken.columns
    )
    entry.add(_comment(told.render(lang, dialect=spoken.telling.dialect.shown, columns=named or "—")))
    own = {ours: theirs for ours, theirs in destination.match.columns.items() if ours not in spoken.columns}
    columns = _columns(destination, own, spoken.entry.without)
    if columns.as_string().strip():
        entry.add("columns", columns)


def _columns(destination: Destination, own: Mapping[str, str], without: Sequence[str] = ()) -> Table:
    """Write which column is which, and in comments what is left for a person to decide."""
    columns = tomlkit.table()
    columns.update(own)
    for ours, rivals in destination.match.ambiguous.items():
        columns.add(_comment(f"{ours} = ???  {' | '.join(map(_quoted, rivals))}"))
    given = {*destination.match.columns, *destination.match.ambiguous, *destination.entry.set, *without}
    for column in destination.schema.columns:
        if column.required and column.name not in given:
            columns.add(_comment(f"{column.name} = ???  {', '.join(map(_quoted, destination.match.extra))}"))
    return columns


def _add_system(entry: Table, one: Understanding, crs: str | None, lang: Language) -> None:
    """Write which coordinate system to read a layer in, where its file does not say or says wrongly."""
    belief = one.belief
    if crs is not None:
        entry.add("crs", crs)
    elif belief.crs is None:
        entry.add(_comment("crs = ???"))
    elif one.raw.crs is None and not belief.swapped:
        entry.add("crs", systems.authority(belief.crs))
    elif not belief.declared_ok:
        believed = (
            Text("believed", "به گمان")
            if not belief.swapped
            else Text("with axes swapped", "با محورهای جابه‌جا")
        )
        system = _quoted(systems.authority(belief.crs))
        entry.add(_comment(f"??? crs = {system}  ({believed.render(lang)})"))


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def _comment(text: str) -> Comment:
    """Write a comment; control characters, which would end it or are not allowed in one, become spaces."""
    clean = "".join(
        letter if letter.isprintable() or letter in "\u200c\u2068\u2069" else " " for letter in text
    )
    return tomlkit.comment(clean)
