"""Recorded against measured: each total of the project, and whether the survey agrees with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
import shapely

from gis import selection
from gis.glossary import word
from gis.language import Text
from gis.lengths import uncertainty
from gis.network import service, trenches
from gis.network.graph import Network
from gis.network.lines import Lines, tolerances, usable
from gis.network.zigzag import roughness
from gis.schema import CONNECTED, SCHEMAS
from gis.text import letters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from gis.inventory import Inventory
    from gis.lengths.measured import Measured
    from gis.project import Measure, Total
    from gis.schema import LayerName
    from gis.settings import Scalar

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Verdict = Literal["agrees", "differs", "undecided"]

VERDICTS: dict[Verdict, Text] = {name: word(name) for name in get_args(Verdict)}
# What was really built is looked for within this many standard deviations.
CONFIDENCE = 2.0
# The one sentence that explains a verdict, wherever one is explained.
RULE = Text(
    "With d the measured less the recorded figure, b the bias of the measured one and σ its standard deviation, what "
    "was really built less what was recorded lies between d − b − 2σ and d + 2σ, or above where something is "
    "unmeasured: it agrees where all of that lies within the tolerance, differs where none of it does, and is "
    "undecided otherwise.",
    "اگر d مقدار اندازه‌گیری‌شده منهای مقدار ثبت‌شده، b اریبی و σ انحراف معیار مقدار اندازه‌گیری‌شده باشد، اختلاف آنچه "
    "واقعاً اجرا شده با مقدار ثبت‌شده میان d − b − 2σ و d + 2σ است، یا بیشتر اگر چیزی اندازه‌گیری نشده باشد: اگر همهٔ "
    "این بازه در رواداری بگنجد می‌خواند، اگر هیچ جای آن در رواداری نباشد مغایرت دارد، وگرنه نامعلوم است.",
)
# An accuracy that nobody stated is no worse than that of a handheld receiver.
HANDHELD_M = 5.0
_METRES = {"m": 1.0, "km": 1000.0}


@dataclass(frozen=True, slots=True)
class TotalResult:
    """
    One total held against the survey.

    Attributes
    ----------
    item, item_fa
        What was counted or measured.
    layer
        The layer it was counted in.
    measure
        ``"length"``, ``"count"``, ``"trench"``, ``"cable"`` or ``"fibre"``.
    recorded, measured
        The two figures, in `unit`.
    std
        Standard deviation of the measured figure from the survey's accuracy, in `unit`; 0 for counts, which have none.
    bias
        By how much the survey's errors make the measured figure larger on average, in `unit`; 0 for counts.
    difference
        Measured less recorded, in `unit`.
    low, high
        What was really built less what was recorded lies between these, in `unit`; see `interval`.
    unit
        ``"m"``, ``"km"``, or what is counted.
    tolerance
        By how much they may differ, in `unit`.
    verdict
        Whether they agree.
    features
        How many features it was taken from.
    unmeasured
        How many of these count for nothing: their geometry is missing or not finite, or a total of fibre needs a fibre
        count that they do not state.
    assumed_accuracy
        How many of these routes state no accuracy and were given the project's.
    assumed_accuracy_m
        That accuracy, one standard deviation of a coordinate in metres; None where none was assumed.
    assumed_slack
        For a total of cable, how many of the routes state no slack and were given none.
    unserved
        For a total of connected offices, how many are recorded so and not counted, as no built cable leads from them
        to an exchange (N305).
    doubted
        Whether the figure would differ with the accuracy that was assumed, and might not with the worst that the lines'
        own zigzag allows (up to `HANDHELD_M`): nobody stated it, neither routes nor project, so it is undecided.
    needed_accuracy_m
        For an undecided total, the accuracy of a coordinate at which a new survey would decide it; None where it is
        decided, or where no accuracy could decide it.
    source
        Who recorded the figure.
    unmatched
        Column and value of what it asks for that no feature of the layer has; codes of a code list left out.
    """

    item: str
    item_fa: str
    layer: LayerName
    measure: Measure
    recorded: float
    measured: float
    std: float
    bias: float
    difference: float
    low: float
    high: float
    unit: str
    tolerance: float
    verdict: Verdict
    features: int
    unmeasured: int
    assumed_accuracy: int
    assumed_accuracy_m: float | None
    assumed_slack: int
    unserved: int
    doubted: bool
    needed_accuracy_m: float | None
    source: str
    unmatched: tuple[tuple[str, Scalar], ...] = ()

    @property
    def uncertain(self) -> bool:
        """Whether the figure has a deviation and a bias: lengths have, counts have not."""
        return self.measure != "count"

    def name(self, lang: str) -> str:
        """
        Give the item in a language, or in the other where it has just one.

        Parameters
        ----------
        lang
            ``"fa"`` or ``"en"``.

        Returns
        -------
        str
            The item's name.
        """
        return (self.item_fa or self.item) if lang == "fa" else self.item


# Whose something is missing: of one route alone there is nothing to count.
_THE_ONE = Text("the one route", "تنها مسیر آن")
_SOME = Text("{n} of {features} routes", "{n} مسیر از {features} مسیر")
_UNMEASURED: dict[bool, Text] = {
    False: Text(
        "{whose} could not be measured and {n:counts|count} for nothing",
        "{whose} قابل اندازه‌گیری نبود و به حساب نیامده است",
    ),
    True: Text(
        "{whose} {n:has|have} no length or no fibre count and {n:counts|count} for nothing",
        "{whose} طول یا تعداد تار ندارد و به حساب نیامده است",
    ),
}
_NOTHING_CHOSEN = Text("nothing in the survey is what it asks for", "چیزی در برداشت با شرط آن نمی‌خواند")
_UNMATCHED = Text(
    "nothing in the layer {layer} has {column} “{value}”; see how it is written there",
    "در لایهٔ {layer} چیزی با {column} «{value}» نیست؛ ببینید آنجا چگونه نوشته شده است",
)
_ASSUMED = Text(
    "{whose} {n:states|state} no accuracy; {accuracy:.4g} m a coordinate was assumed",
    "{whose} دقت ندارد و دقت {accuracy:.4g} متر در هر مختصه فرض شده است",
)
_NO_SLACK = Text(
    "{whose} {n:states|state} no slack; none was assumed",
    "{whose} ذخیره‌ای ثبت نکرده و ذخیرهٔ آن صفر فرض شده است",
)
_UNSERVED = Text(
    "{n} {n:office is|offices are} recorded as connected and not counted, as no built cable leads from there to an "
    "exchange",
    "{n} فرمانداری متصل ثبت شده ولی شمرده نشده است، چون کابل اجراشده‌ای از آن به مرکز مخابرات نمی‌رسد",
)
_DOUBTED = Text(
    "the lines zigzag so much that the difference may be errors of the survey, whose accuracy nobody stated; state it "
    "(accuracy_m) to decide",
    "مسیرها چنان پرشکن‌اند که شاید اختلاف فقط خطای برداشتی باشد که دقتش را کسی اعلام نکرده است؛ با اعلام دقت "
    "(accuracy_m) تکلیف آن روشن می‌شود",
)
_TO_MEASURE = Text(
    "the {n:route|routes} still to be measured would decide it",
    "با اندازه‌گیری {n:مسیر|مسیرهای} باقی‌مانده تکلیف آن روشن می‌شود",
)
_NEEDED = Text(
    "a survey accurate to {accuracy:.2g} m a coordinate would decide it",
    "برداشت با دقت {accuracy:.2g} متر در هر مختصه تکلیف آن را روشن می‌کند",
)
_BOTH_NEEDED = Text(
    "a survey accurate to {accuracy:.2g} m a coordinate, of the {n:route|routes} still to be measured too, would "
    "decide it",
    "برداشتی با دقت {accuracy:.2g} متر در هر مختصه که {n:مسیر|مسیرهای} باقی‌مانده را هم در بر گیرد تکلیف آن را روشن "
    "می‌کند",
)
_ON_EDGE = Text(
    "no accuracy would decide it, only another tolerance",
    "هیچ دقتی تکلیف آن را روشن نمی‌کند، مگر رواداری دیگری",
)


def remarks(result: TotalResult) -> list[Text]:
    """
    Say what must be known of a total beside its figures.

    Parameters
    ----------
    result
        The total.

    Returns
    -------
    list of Text
        A clause each: what it leaves out, what it assumes, and what would decide it where it is undecided.
    """
    said: list[Text] = []

    def say(text: Text, n: int = 1, **fields: float) -> None:
        if n:
            said.append(text.filled(n=n, whose=_whose(n, result.features), **fields))

    schema = SCHEMAS[result.layer]
    for column, value in result.unmatched:
        said.append(
            _UNMATCHED.filled(
                layer=schema.label, column=schema[column].label, value=letters.written(value).strip()
            )
        )
    say(_NOTHING_CHOSEN, n=int(not result.features and result.recorded > 0 and not result.unmatched))
    say(_UNMEASURED[result.measure == "fibre"], result.unmeasured)
    if result.assumed_accuracy_m is not None:
        said.append(assumed(result.assumed_accuracy, result.features, result.assumed_accuracy_m))
    say(_NO_SLACK, result.assumed_slack)
    say(_UNSERVED, result.unserved)
    if result.verdict == "undecided":
        if result.doubted:
            say(_DOUBTED)
        elif result.needed_accuracy_m is None:
            say(_TO_MEASURE if result.unmeasured else _ON_EDGE, result.unmeasured or 1)
        elif result.unmeasured:
            say(_BOTH_NEEDED, result.unmeasured, accuracy=result.needed_accuracy_m)
        else:
            say(_NEEDED, accuracy=result.needed_accuracy_m)
    return said


def assumed(n: int, routes: int, accuracy_m: float) -> Text:
    """
    Say of how many routes the accuracy was assumed, and what.

    Parameters
    ----------
    n
        How many state none; 1 or more.
    routes
        Of how many.
    accuracy_m
        What was assumed: one standard deviation of a coordinate, metres.

    Returns
    -------
    Text
        A clause, the same in every output.
    """
    return _ASSUMED.filled(n=n, whose=_whose(n, routes), accuracy=accuracy_m)


def _whose(n: int, routes: int) -> Text:
    return _THE_ONE if routes == 1 else _SOME.filled(n=n, features=routes)


def interval(
    difference: ArrayLike, std: ArrayLike, bias: ArrayLike, *, unmeasured: ArrayLike = False
) -> tuple[Floats, Floats]:
    """
    Tell between which values the true difference lies.

    Parameters
    ----------
    difference
        Measured less recorded.
    std, bias
        Standard deviation and bias of the measured figure; same unit.
    unmeasured
        Whether something of it could not be measured.

    Returns
    -------
    low : numpy.ndarray
        The least that was really built less what was recorded, d - b - 2σ.
    high : numpy.ndarray
        The most, d + 2σ. The errors of a survey lengthen what
        it measures by b on average, if they are independent and as large as stated; by less, down to nothing, if they
        go together or are smaller. What is unmeasured can only be more, and leaves the upper end open (infinite).
    """
    d, deviation = np.asarray(difference, dtype=float), CONFIDENCE * np.asarray(std, dtype=float)
    return d - np.asarray(bias, dtype=float) - deviation, np.where(unmeasured, np.inf, d + deviation)


def outside(low: ArrayLike, high: ArrayLike, below: ArrayLike, above: ArrayLike) -> Flags:
    """
    Tell whether an interval lies wholly outside of what is tolerated.

    Parameters
    ----------
    low, high
        The interval, as `interval` gives it.
    below, above
        What is tolerated: from -`below` to `above`.

    Returns
    -------
    numpy.ndarray
        Booleans. What meets the tolerance on the dot is within, whatever the last bit of a sum says.
    """
    low, high, below, above = (np.asarray(values, dtype=float) for values in (low, high, below, above))
    return np.asarray((low > above + _dot(above)) | (high < -below - _dot(below)), dtype=bool)


def verdict(
    difference: float, tolerance: float, std: float, bias: float = 0.0, *, unmeasured: bool = False
) -> Verdict:
    """
    Judge a difference by `RULE`.

    Parameters
    ----------
    difference
        Measured less recorded.
    tolerance
        By how much they may differ.
    std, bias
        Standard deviation and bias of the measured figure; same unit as the others.
    unmeasured
        Whether something of the total could not be measured.

    Returns
    -------
    Verdict
        ``"agrees"`` where the whole `interval` is within the tolerance, ``"differs"`` where none of it is, else
        ``"undecided"``.
    """
    low, high = interval(difference, std, bias, unmeasured=unmeasured)
    if outside(low, high, tolerance, tolerance):
        return "differs"
    slack = float(_dot(tolerance))
    within = -tolerance - slack <= float(low) and float(high) <= tolerance + slack
    return "agrees" if within else "undecided"


def _dot(tolerance: ArrayLike) -> Floats:
    """Give what the last bits of a sum may amount to."""
    return np.asarray(1e-9 * np.maximum(1.0, np.asarray(tolerance, dtype=float)), dtype=float)


def deciding_share(difference: float, tolerance: float, std: float, bias: float) -> float:
    """
    Tell how much better a survey would have to be to decide.

    Parameters
    ----------
    difference
        Measured less recorded.
    tolerance
        By how much they may differ.
    std, bias
        Standard deviation and bias of the measured figure; same unit.

    Returns
    -------
    float
        The share of today's deviation of a coordinate at which a new survey is expected to decide, from 0 to 1; 0 where
        none would. The new survey is expected to measure d - b + s²b, where b is the bias of today, as the deviation of
        a length goes with the share s and its bias with s². Its interval, d - b - 2sσ to d - b + s²b + 2sσ, has to
        leave or to keep within the tolerance.
    """
    estimate = difference - bias
    # What is beyond the tolerance by no more than the last bits is not beyond it.
    room = max(abs(abs(estimate) - tolerance) - float(_dot(tolerance)), 0.0)
    reach = CONFIDENCE * std
    if estimate > tolerance:  # the lower end has to come above
        share = room / reach if reach else 0.0
    elif estimate < -tolerance:  # the upper end has to come below
        share = _root(bias, reach, room)
    else:
        share = min(
            _root(bias, reach, tolerance - estimate), (tolerance + estimate) / reach if reach else np.inf
        )
    return float(min(share, 1.0))


def _root(square: float, linear: float, room: float) -> float:
    """Solve square·s² + linear·s = room for the s that is not negative."""
    bottom = linear + np.sqrt(linear**2 + 4 * square * room)
    return float(2 * room / bottom) if bottom else 0.0


def reconcile(inventory: Inventory, measured: Measured) -> list[TotalResult]:
    """
    Hold every recorded total of the project against the survey.

    Parameters
    ----------
    inventory
        The survey.
    measured
        Lengths as `gis.lengths.measure` gives them, one row a route in the inventory's order.

    Returns
    -------
    list of TotalResult
        One a total, in the project file's order.
    """
    return [_reconciled(inventory, measured, total) for total in inventory.project.totals]


@dataclass(slots=True)
class _Figure:
    """What was measured of a total, in metres or a count, and what that leaves out and assumes."""

    value: float
    std: float = 0.0
    bias: float = 0.0
    unmeasured: int = 0
    assumed_accuracy: int = 0
    worst_m: float = 0.0
    assumed_slack: int = 0
    unserved: int = 0
    # Gives deviation and bias as they may be where nobody stated an accuracy; None where somebody did.
    doubt: Callable[[], tuple[float, float]] | None = None


def _reconciled(inventory: Inventory, measured: Measured, total: Total) -> TotalResult:
    chosen = selection.selected(inventory, total.layer, total.where)
    counted = total.measure == "count"
    figure = (_count if counted else _length)(inventory, measured, total, chosen)
    unit = 1.0 if counted else _METRES[total.unit]
    value, std, bias = figure.value / unit, figure.std / unit, figure.bias / unit
    difference, tolerance = value - total.recorded, total.tolerance_value
    low, high = interval(difference, std, bias, unmeasured=figure.unmeasured > 0)
    judged = verdict(difference, tolerance, std, bias, unmeasured=figure.unmeasured > 0)
    doubted = False
    # The errors of a survey lengthen it: more than was recorded may be no more than they.
    if judged == "differs" and difference > 0 and figure.doubt is not None:
        further = (moment / unit for moment in figure.doubt())
        doubted = verdict(difference, tolerance, *further) != "differs"
        judged = "undecided" if doubted else judged
    needed = None
    # What is not accurate enough even if all were measured.
    if judged == "undecided" and verdict(difference, tolerance, std, bias) == "undecided":
        needed = figure.worst_m * deciding_share(difference, tolerance, std, bias) or None
    return TotalResult(
        item=total.item,
        item_fa=total.item_fa,
        layer=total.layer,
        measure=total.measure,
        recorded=total.recorded,
        measured=value,
        std=std,
        bias=bias,
        difference=difference,
        low=float(low),
        high=float(high),
        unit=total.unit,
        tolerance=tolerance,
        verdict=judged,
        features=int(chosen.sum()),
        unmeasured=figure.unmeasured,
        assumed_accuracy=figure.assumed_accuracy,
        assumed_accuracy_m=measured.accuracy_m if figure.assumed_accuracy else None,
        assumed_slack=figure.assumed_slack,
        unserved=figure.unserved,
        doubted=doubted,
        needed_accuracy_m=needed,
        source=total.source,
        unmatched=selection.unmatched(inventory, total),
    )


def _count(inventory: Inventory, measured: Measured, total: Total, chosen: Flags) -> _Figure:  # noqa: ARG001
    """Count features; offices that are asked for as connected, where the survey has them connected."""
    connection = total.where.get("connection") if total.layer == "offices" else None
    if (
        connection is None
        or not set(np.atleast_1d(connection)) <= set(CONNECTED)
        or not len(inventory.routes)
    ):
        return _Figure(float(chosen.sum()))
    served = service.connected(Network(inventory))
    return _Figure(float((chosen & served).sum()), unserved=int((chosen & ~served).sum()))


def _length(inventory: Inventory, measured: Measured, total: Total, chosen: Flags) -> _Figure:
    """Sum lengths, each times what the measure makes of it."""
    lengths = _numbers(measured[f"{inventory.project.project.length}_m"])
    weights = np.ones(len(lengths))
    if total.measure == "fibre":
        weights = _numbers(inventory.routes["fibre_count"])
    known = chosen & np.isfinite(lengths) & np.isfinite(weights)
    accuracy = _numbers(inventory.routes["accuracy_m"])
    unstated = ~(np.isfinite(accuracy) & (accuracy >= 0))
    accuracy = np.where(unstated, measured.accuracy_m, accuracy)
    ground = None
    if total.measure == "trench":
        weights[known], ground = _ground(inventory, known, accuracy)
    slack = _numbers(measured["slack_m"])
    stated = np.isfinite(slack) & (slack >= 0)
    value = float((weights * lengths)[known].sum())
    if total.measure == "cable":
        value += float(slack[known & stated].sum())
    std, bias = _deviation(measured, known, weights, ground)
    doubt = None
    if "accuracy_m" not in inventory.project.project.model_fields_set and (known & unstated).any():
        doubt = partial(_doubted, inventory, measured, known & unstated, known, weights, ground)
    return _Figure(
        value,
        std=std,
        bias=bias,
        unmeasured=int((chosen & ~known).sum()),
        assumed_accuracy=int((known & unstated).sum()),
        worst_m=float(accuracy[known].max(initial=0.0)),
        assumed_slack=int((known & ~stated).sum()) if total.measure == "cable" else 0,
        doubt=doubt,
    )


def _doubted(
    inventory: Inventory,
    measured: Measured,
    rows: Flags,
    known: Flags,
    weights: Floats,
    ground: trenches.Ground | None,
) -> tuple[float, float]:
    """Give deviation and bias of a sum whose routes `rows` are as accurate as their own zigzag lets them be."""
    lines = inventory.routes.geometry.to_numpy()
    accuracy = np.full(len(lines), measured.accuracy_m)
    accuracy[rows] = np.minimum(np.maximum(roughness(lines[rows]), measured.accuracy_m), HANDHELD_M)
    if measured.survey is not None:
        supposed = measured.survey.supposing(np.where(rows, accuracy, measured.survey.accuracy.sigma))
        if ground is not None:
            _, ground = _ground(inventory, known, supposed.accuracy.sigma)
        return _deviation(replace(measured, survey=supposed), known, weights, ground)
    std, bias = uncertainty.length_uncertainty(lines, accuracy)
    table = measured.table.assign(
        std_m=np.where(rows, std, _numbers(measured["std_m"])),
        bias_m=np.where(rows, bias, _numbers(measured["bias_m"])),
    )
    return replace(measured, table=table).sum_of(known, weights)


def _deviation(
    measured: Measured, known: Flags, weights: Floats, ground: trenches.Ground | None
) -> tuple[float, float]:
    """Give deviation and bias of a sum of routes, or of the ground that they open."""
    if ground is None:
        return measured.sum_of(known, weights)
    std, bias = measured.sum_of(known, weights, (ground.own, ground.pulls))
    return float(np.sqrt(std**2 + ground.variance)), bias + ground.bias


def _ground(inventory: Inventory, known: Flags, accuracy: Floats) -> tuple[Floats, trenches.Ground | None]:
    """Give which share of each of the known routes is ground that it opens, and how that errs."""
    routes = inventory.routes[known]
    lines = Lines.of(usable(routes, "routes"))
    about = inventory.project.project
    # Two surveys of one trench lie apart by their errors too.
    width = np.maximum(about.trench_m, tolerances(routes, 0.0))
    ground = trenches.opened(lines, width[lines.owners], accuracy[known][lines.owners], about.correlation_m)
    whole = len(ground.own) == shapely.get_num_coordinates(routes.geometry.to_numpy()).sum()
    return trenches.averages(lines, ground.own, len(routes)), ground if whole else None


def _numbers(column: pd.Series) -> Floats:
    numbers = pd.to_numeric(column, errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
