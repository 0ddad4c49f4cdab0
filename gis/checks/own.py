"""Rules of the project's own, as checks: a page of words and a function for each."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from gis import rules, selection
from gis.checks.registry import Found, Page, finders, pages
from gis.language import Text
from gis.schema import LENGTHS, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from gis.checks.evidence.context import Context
    from gis.checks.registry import Finder
    from gis.project import Project
    from gis.rules import Rule

_VALUE = Text("{column}: {value}", "{column}: {value}")
_LENGTH = Text("length", "طول")
_LOOKS_FOR = Text(
    "{layer}{where} for which this does not hold: {left} {op} {right}. What lacks a value that it takes is not "
    "judged, and counted.",
    "{layer}{where} که این برایشان برقرار نیست: {left} {op} {right}. عارضه‌ای که مقدار لازم برای داوری را ندارد داوری "
    "نمی‌شود و شمرده می‌شود.",
)
_WHERE = Text(" with {conditions}", " با {conditions}")
_ONE_OF = Text("{column} = {values}", "{column} = {values}")
_ONE = Text("{value}", "{value}")
_MATTERS = Text(
    "The project file asks for it, in [[checks.rules]].", "فایل پروژه آن را در ‎[[checks.rules]]‎ خواسته است."
)
_EXAMPLES = Text(
    "It finds {found}; it passes {passed}.", "این‌ها را می‌یابد: {found}؛ از این‌ها می‌گذرد: {passed}."
)
_REMEDY = Text(
    "Correct the value, or the rule in the project file. It cannot be fixed automatically.",
    "مقدار را درست کنید، یا قاعده را در فایل پروژه. اصلاح خودکار ندارد.",
)


def catalogue(project: Project) -> Mapping[str, Page]:
    """
    Give the pages of all checks of a project: those that there are, and its own.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Mapping
        Code to page, its own last and in the order of the file.
    """
    own = project.checks.rules
    return {**pages(), **{rule.code: _page(rule) for rule in own}} if own else pages()


def functions(project: Project) -> Mapping[str, Finder]:
    """
    Give the functions of all checks of a project.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Mapping
        Code to function, in the order of `catalogue`.
    """
    return {**finders(), **{rule.code: _finder(rule) for rule in project.checks.rules}}


def _finder(rule: Rule) -> Finder:
    """Make the function that finds what a rule asks for and does not hold."""

    def found(context: Context) -> Iterator[Found]:
        layer = context.layer(rule.layer)
        called = selection.called(context.inventory)
        judged = rules.judge(rule, layer, lambda name: _lengths(context, name), called)
        rows = np.flatnonzero(judged.found)
        named = [rule.compare.left, *([rule.right_column] if rule.right_column else [])]
        shown = [
            [_VALUE.filled(column=_label(rule, name), value=value) for value in values]
            for name in named
            for values in [_values(context, rule, name, rows)]
        ]
        yield Found(
            rule.layer,
            rows,
            fields={"values": [Text.joined(several, ", ", "، ") for several in zip(*shown, strict=True)]},
            unjudged=int(judged.unjudged.sum()),
        )

    return found


def _lengths(context: Context, name: str) -> NDArray[np.float64]:
    """Give the routes' lengths of a kind, metres; not-a-number for what has none."""
    column = f"{context.inventory.project.project.length}_m" if name == rules.LENGTH else name
    return np.asarray(context.measured[column], dtype=float)


def _values(context: Context, rule: Rule, name: str, rows: NDArray[np.intp]) -> list[Any]:
    """Give the values of a column, or lengths, as they are shown: codes in words."""
    schema = SCHEMAS[rule.layer]
    if name not in schema.names:
        metres: list[float] = _lengths(context, name)[rows].round(2).tolist()
        return metres
    column = schema[name]
    values = context.layer(rule.layer)[name].iloc[rows].tolist()
    return [column.codes.get(value, value) if column.codes else _plain(value) for value in values]


def _plain(value: Any) -> Any:
    """Give a value as a message shows it."""
    return value.isoformat() if isinstance(value, date) else value


def _label(rule: Rule, name: str) -> Text:
    """Give the heading of a column, or the name of a length."""
    schema = SCHEMAS[rule.layer]
    if name in schema.names:
        return schema[name].label
    return LENGTHS.get(name, _LENGTH)


def _page(rule: Rule) -> Page:
    """Put a rule into the words of a check's page."""
    said = Text.literal(rule.message, rule.message_fa or rule.message)
    schema = SCHEMAS[rule.layer]
    compared = [rule.compare.left, *([rule.right_column] if rule.right_column else [])]
    # The words of a rule are nobody's template.
    en, fa = (words.replace("{", "{{").replace("}", "}}") for words in (said.en, said.fa))
    return Page(
        code=rule.code,
        name=rule.code.lower(),
        title=said,
        severity=rule.severity,
        fix=None,
        layers=(rule.layer,),
        columns=tuple(f"{rule.layer}.{name}" for name in compared if name in schema.names),
        needs=(),
        facts=frozenset(),
        removes="",
        amount="",
        limit="",
        cause="",
        message=Text(f"{en} ({{values}})", f"{fa} ({{values}})"),
        looks_for=_looks_for(rule),
        matters=_MATTERS.filled(),
        example=_EXAMPLES.filled(found=_tables(rule, rule.matches), passed=_tables(rule, rule.passes)),
        remedy=_REMEDY.filled(),
    )


def _looks_for(rule: Rule) -> Text:
    """Say whom a rule concerns and what must hold for them."""
    schema = SCHEMAS[rule.layer]
    conditions = [
        _ONE_OF.filled(
            column=schema[column].label,
            values=_listed(rule, column, values if isinstance(values, list) else [values]),
        )
        for column, values in rule.where.items()
    ]
    where = _WHERE.filled(conditions=Text.joined(conditions, ", ", "، ")) if conditions else Text("", "")
    right = rule.compare.right
    return _LOOKS_FOR.filled(
        layer=schema.label,
        where=where,
        left=_label(rule, rule.compare.left),
        op=Text.literal(rule.compare.op),
        right=_label(rule, rule.right_column)
        if rule.right_column
        else _listed(rule, rule.compare.left, [right]),
    )


def _listed(rule: Rule, column: str, values: list[Any]) -> Text:
    """Put values of a column into words."""
    schema = SCHEMAS[rule.layer]
    codes = schema[column].codes if column in schema.names else {}
    return Text.joined(
        [codes.get(value) or _ONE.filled(value=_plain(value)) for value in values],
        " or ",
        " یا ",
    )


def _tables(rule: Rule, examples: list[dict[str, Any]]) -> Text:
    """Put examples into words."""
    told = [
        Text.joined(
            [
                _VALUE.filled(column=_label(rule, column), value=_listed(rule, column, [value]))
                for column, value in example.items()
            ],
            ", ",
            "، ",
        )
        for example in examples
    ]
    return Text.joined([Text(f"[{one.en}]", f"[{one.fa}]", finished=True) for one in told], " ", " ")
