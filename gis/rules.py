"""Rules of the project's own: what must hold for the features of a layer, with examples that are tried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from gis.conditions import Operator, Where, as_stored, compared, equal, selected, settled
from gis.language import Text, steers
from gis.schema import LENGTHS, SCHEMAS, LayerName
from gis.settings import RefusedError, Severity, Table, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gis.conditions import Called
    from gis.schema import Schema

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

# The letter of the codes that projects give.
OWN = "U"
_CODE = re.compile(rf"{OWN}-[A-Z0-9]+(-[A-Z0-9]+)*")
_LONGEST_CODE, _LONGEST_MESSAGE = 40, 300
# The length that the project's totals are held against, whichever it is.
LENGTH = "length"
_OF_TEXT = ("==", "!=")
# What a column is for a comparison.
_FIGURES = {"number": "number", "integer": "number", "date": "date"}

_SUBJECT = Text("rule {code}", "قاعدهٔ {code}")
_NO_CODE = Text(
    "{value} is no code of a rule: it begins with {own}- and has capital letters and digits, at most {longest} "
    "characters; for example U-TRUNK-FIBRES",
    "{value} کد قاعده نیست: با {own}- آغاز می‌شود و حروف بزرگ لاتین و رقم دارد، حداکثر {longest} نویسه؛ برای نمونه "
    "U-TRUNK-FIBRES",
)
_NO_MESSAGE = Text(
    "a message is one line of 1 to {longest} characters, without control characters",
    "پیام یک سطر از ۱ تا {longest} نویسه است و نویسه‌ای ندارد که نمایش داده نشود",
)
_NO_COLUMN = Text(
    "rule {code}: {key} names {column}, which {layer} do not have{hint}",
    "قاعدهٔ {code}: {key} ستون {column} را نام می‌برد که در لایهٔ {layer} نیست{hint}",
)
_NO_ORDER = Text(
    "rule {code}: {column} is text, which only == and != compare",
    "قاعدهٔ {code}: {column} متن است که فقط با == و != مقایسه می‌شود",
)
_NO_DATE = Text(
    "rule {code}: {key} {column}: {value} is no date; write 2024-03-20, without quotes",
    "قاعدهٔ {code}: {key} {column}: مقدار {value} تاریخ نیست؛ بنویسید 2024-03-20، بدون گیومه",
)
_NO_VALUE = Text(
    "rule {code}: {key} {column}: {value} is no {kind}; another column is right = {{ column = … }}",
    "قاعدهٔ {code}: {key} {column}: مقدار {value} {kind} نیست؛ ستونی دیگر چنین نوشته می‌شود: right = {{ column = … }}",
)
_UNLIKE = Text(
    "rule {code}: {left} and {right} are of different types and cannot be compared",
    "قاعدهٔ {code}: {left} و {right} از یک نوع نیستند و مقایسه نمی‌شوند",
)
_NO_OPERAND = Text(
    "rule {code}: right is a value, or {{ column = … }}",
    "قاعدهٔ {code}: right یک مقدار است یا {{ column = … }}",
)
_KINDS = {"number": Text("number", "عدد"), "date": Text("date", "تاریخ"), "text": Text("text", "متن")}
_EXAMPLE = Text(
    "rule {code}: {key}[{at}] does not do what it says: {what}",
    "قاعدهٔ {code}: {key}[{at}] آنچه می‌گوید نمی‌کند: {what}",
)
_IS_FOUND = Text("the rule finds it", "قاعده آن را می‌یابد")
_PASSES = Text("the comparison holds for it", "مقایسه برای آن برقرار است")
_NOT_SELECTED = Text("where does not select it", "where آن را برنمی‌گزیند")
_NOT_JUDGED = Text(
    "a value that the rule asks for is missing, so that it is not judged",
    "مقداری که قاعده می‌خواهد در آن نیست، پس داوری نمی‌شود",
)


class Operand(Table):
    """
    ``right = { column = … }``: another column of the feature.

    Attributes
    ----------
    column
        A column of the layer, or a length.
    """

    column: str


class Comparison(Table):
    """
    ``compare``: what must hold.

    Attributes
    ----------
    left
        A column of the layer; of routes also ``"length"``, or a kind of it such as ``"slope_m"``.
    op
        ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``; texts know the first two.
    right
        A value, or ``{ column = … }``.
    """

    left: str
    op: Operator
    right: Any


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What a rule says of the features of a layer.

    Attributes
    ----------
    found
        (n,) features that the rule concerns and for which its comparison does not hold.
    unjudged
        (n,) those of which a value is missing that it takes to tell.
    """

    found: Flags
    unjudged: Flags


class Rule(Table):
    """
    One ``[[checks.rules]]``: a check of the project's own.

    Attributes
    ----------
    code
        ``U-`` and capital letters and digits.
    layer
        The layer that it is about.
    where
        Column to the value, or the list of values, that a feature has that it concerns; as in totals.
    compare
        What must hold for them.
    severity
        How bad it is where it does not.
    message, message_fa
        What is wrong then, in English and in Persian.
    matches, passes
        Examples, tables of values: of features that it finds, and that it passes. They are tried when the project is
        read.
    """

    code: str
    layer: LayerName
    where: Where = Field(default_factory=dict)
    compare: Comparison
    severity: Severity = "warning"
    message: str
    message_fa: str = ""
    matches: list[dict[str, Any]] = Field(min_length=1)
    passes: list[dict[str, Any]] = Field(min_length=1)

    @property
    def right_column(self) -> str | None:
        """The column on the right of the comparison; None where a value stands there."""
        return self.compare.right.column if isinstance(self.compare.right, Operand) else None

    @field_validator("code")
    @classmethod
    def _like_a_code(cls, value: str) -> str:
        if not _CODE.fullmatch(value) or len(value) > _LONGEST_CODE:
            raise RefusedError(_NO_CODE.filled(value=repr(value), own=OWN, longest=_LONGEST_CODE))
        return value

    @field_validator("message", "message_fa")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.strip() or len(value) > _LONGEST_MESSAGE or any(map(steers, value)):
            raise RefusedError(_NO_MESSAGE.filled(longest=_LONGEST_MESSAGE))
        return value.strip()

    @model_validator(mode="after")
    def _tried(self) -> Rule:
        """Settle what is compared, and try the examples."""
        settled(self.where, SCHEMAS[self.layer], _SUBJECT.filled(code=self.code))
        kind = self._kind("compare.left", self.compare.left)
        if kind == "text" and self.compare.op not in _OF_TEXT:
            raise RefusedError(_NO_ORDER.filled(code=self.code, column=self.compare.left))
        object.__setattr__(self.compare, "right", self._right(kind))
        for key, finds in (("matches", True), ("passes", False)):
            for at, example in enumerate(getattr(self, key), start=1):
                what = self._misses(f"{key}[{at}]", example, finds=finds)
                if what is not None:
                    raise RefusedError(_EXAMPLE.filled(code=self.code, key=key, at=at, what=what))
        return self

    def _kind(self, key: str, column: str) -> str:
        """Tell what a column is for a comparison: number, date or text; refuse one that is not there."""
        schema = SCHEMAS[self.layer]
        if self.layer == "routes" and column in (LENGTH, *LENGTHS):
            return "number"
        if column not in schema.names:
            lengths = [LENGTH, *LENGTHS] if self.layer == "routes" else []
            hint = suggestion(column, [*schema.names, *lengths])
            raise RefusedError(
                _NO_COLUMN.filled(code=self.code, key=key, column=repr(column), layer=self.layer, hint=hint)
            )
        return _FIGURES.get(schema[column].kind, "text")

    def _right(self, kind: str) -> Any:
        """Give the right side as it is compared: an operand, a number, a date or a text."""
        right = self.compare.right
        if isinstance(right, Operand):
            return right
        if isinstance(right, dict):
            if set(right) != {"column"} or not isinstance(right["column"], str):
                raise RefusedError(_NO_OPERAND.filled(code=self.code))
            if self._kind("compare.right", right["column"]) != kind:
                left = self.compare.left
                raise RefusedError(_UNLIKE.filled(code=self.code, left=left, right=right["column"]))
            return Operand(column=right["column"])
        return self._value("compare.right", self.compare.left, right)

    def _value(self, key: str, column: str, value: Any) -> Any:
        """Give a value that stands beside a column as the layers have it."""
        kind = self._kind(key, column)
        if kind == "date":
            if not isinstance(value, date) or isinstance(value, datetime):
                raise RefusedError(_NO_DATE.filled(code=self.code, key=key, column=column, value=repr(value)))
            return value
        if kind == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = float(value)
        elif kind != "text" or not isinstance(value, str):
            raise RefusedError(
                _NO_VALUE.filled(code=self.code, key=key, column=column, value=repr(value), kind=_KINDS[kind])
            )
        schema = SCHEMAS[self.layer]
        if column not in schema.names:
            return value
        return as_stored(schema[column], value, _SUBJECT.filled(code=self.code), key)

    def _misses(self, key: str, example: Mapping[str, Any], *, finds: bool) -> Text | None:
        """Say how an example does not do what it says; None where it does."""
        import numpy as np  # noqa: PLC0415 - heavy, and only a project with rules needs it here

        values = {column: self._value(key, column, value) for column, value in example.items()}
        layer = _one_feature(SCHEMAS[self.layer], values)
        judged = judge(self, layer, lambda name: np.array([values.get(name, np.nan)], dtype=float))
        if judged.unjudged[0]:
            return _NOT_JUDGED
        if judged.found[0] == finds:
            return None
        if not finds:
            return _IS_FOUND
        return _PASSES if selected(layer, self.where)[0] else _NOT_SELECTED


def judge(
    rule: Rule, layer: pd.DataFrame, length: Callable[[str], Floats], called: Called | None = None
) -> Judged:
    """
    Hold a rule against the features of a layer.

    Parameters
    ----------
    rule
        The rule.
    layer
        (n,) features of its layer.
    length
        Gives (n,) metres, from ``"length"`` or the column of a kind of it.
    called
        As for `gis.conditions.equal`.

    Returns
    -------
    Judged
        A feature of which a value is missing that ``where`` or the comparison asks for is neither found nor passed,
        unless ``where`` leaves it out by another value.
    """
    import numpy as np  # noqa: PLC0415

    concerned = np.ones(len(layer), dtype=bool)
    unsaid = np.zeros(len(layer), dtype=bool)
    for column, values in rule.where.items():
        missing = _missing(layer[column])
        unsaid |= missing
        concerned &= missing | selected(layer, {column: values}, called)
    holds, known = _held(rule, layer, length, called)
    unjudged = concerned & (unsaid | ~known)
    return Judged(concerned & ~unjudged & ~holds, unjudged)


def _held(
    rule: Rule, layer: pd.DataFrame, length: Callable[[str], Floats], called: Called | None
) -> tuple[Flags, Flags]:
    """Tell for which features the comparison holds, and for which it has its values."""
    import numpy as np  # noqa: PLC0415

    left, operator, right = rule.compare.left, rule.compare.op, rule.compare.right
    other = rule.right_column
    schema = SCHEMAS[rule.layer]
    if left in schema.names and schema[left].kind not in _FIGURES:
        known = ~_missing(layer[left])
        if other is None:
            same = equal(layer, left, [right], called)
        else:
            known &= ~_missing(layer[other])
            same = _alike(layer[left], layer[other])
        return (same if operator == "==" else ~same), known
    kind = schema[left].kind if left in schema.names else "number"
    one = _figures(layer, left, kind, length)
    if other is not None:
        two = _figures(layer, other, kind, length)
    else:
        two = np.full(len(layer), _days(right) if isinstance(right, date) else right, dtype=float)
    return compared(one, operator, two), np.isfinite(one) & np.isfinite(two)


def _figures(layer: pd.DataFrame, column: str, kind: str, length: Callable[[str], Floats]) -> Floats:
    """Give a column as numbers, of dates the days since 1970; not-a-number where there is none."""
    import numpy as np  # noqa: PLC0415

    if column in (LENGTH, *LENGTHS):
        return np.asarray(length(column), dtype=float)
    if kind == "date":
        return np.array([_days(day) for day in layer[column]], dtype=float)
    return layer[column].to_numpy(dtype=float, na_value=np.nan)


def _days(day: Any) -> float:
    """Give a date as days since 1970."""
    return float((day - date(1970, 1, 1)).days) if isinstance(day, date) and day == day else float("nan")  # noqa: PLR0124


def _missing(values: pd.Series[Any]) -> Flags:
    """Tell which values are not there, empty texts too."""
    import numpy as np  # noqa: PLC0415

    blank = np.array(
        [isinstance(value, str) and not value.strip() for value in values.to_numpy(dtype=object)]
    )
    return np.asarray(values.isna().to_numpy(dtype=bool) | blank.astype(bool), dtype=bool)


def _alike(one: pd.Series[Any], other: pd.Series[Any]) -> Flags:
    """Tell in which rows two columns of text say the same."""
    import numpy as np  # noqa: PLC0415

    from gis.text import letters  # noqa: PLC0415

    folded = [
        (letters.fold_county if str(column.name) == "county" else letters.fold)(column.to_numpy(dtype=object))
        for column in (one, other)
    ]
    return np.asarray(folded[0] == folded[1], dtype=bool)


def _one_feature(schema: Schema, values: Mapping[str, Any]) -> pd.DataFrame:
    """Make a layer of one feature that has some values and no others."""
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(
        {
            column.name: pd.Series(
                [values.get(column.name)],
                dtype="float64" if column.kind in {"number", "integer"} else "object",
            )
            for column in schema.columns
        }
    )
