"""What the commands print as JSON: one model a command, a contract with other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.inventory import LeftOut
    from gis.language import Language


class _Document(BaseModel):
    """A JSON object of the contract; not-a-number becomes null."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class FindingEntry(_Document):
    """
    One finding; ``lon`` and ``lat`` are WGS 84 degrees, null where the fault has no place.

    ``source`` is the file, ``source_layer`` the layer in it, ``record`` the feature's record there: together its
    identity. They are empty or null as far as the finding is about several. ``cause`` names what it has in common with
    others: the one of them without a ``record`` tells it, the others are notes; it is empty where there is none.
    """

    code: str
    severity: Literal["error", "warning", "info"]
    layer: str
    feature: str
    message: str
    lon: float | None
    lat: float | None
    fixable: bool
    source: str
    source_layer: str
    record: int | None
    cause: str = ""


class LeftOutEntry(_Document):
    """Something that was delivered and no figure counts: how many of what, and why."""

    source: str
    layer: str
    count: int
    what: str
    why: str


class Summary(_Document):
    """How many findings there are of each severity."""

    error: int = 0
    warning: int = 0
    info: int = 0


class ChangeEntry(_Document):
    """
    One value that a fix changed, emptied or moved, or that could not be read and stands as it was written.

    ``column`` is ``geometry`` where vertices were: ``before`` has those that went, ``after`` those that came, as WKT in
    WGS 84 degrees, and ``moved_m`` how far they moved at most. ``what`` is the change as a whole.
    """

    code: str
    layer: str
    feature: str
    source: str
    source_layer: str
    record: int | None
    column: str
    before: str
    after: str
    what: str
    moved_m: float | None
    length_before_m: float | None
    length_after_m: float | None


class RefusedEntry(_Document):
    """One fix that was not made, and why."""

    code: str
    layer: str
    feature: str
    why: str


class CheckDocument(_Document):
    """
    What ``fibre check --format json`` prints.

    ``ran`` lists the codes that were looked for; ``not_run`` and ``failed`` say of the others why not, ``unjudged`` how
    many features a rule of the project's own could not judge as a value is missing. ``changes`` and
    ``refused`` are empty but for ``--fix`` and ``--diff``.
    """

    version: Literal[1] = 1
    findings: list[FindingEntry]
    summary: Summary
    ran: list[str]
    not_run: dict[str, str]
    failed: dict[str, str]
    unjudged: dict[str, int] = {}
    left_out: list[LeftOutEntry]
    changes: list[ChangeEntry] = []
    refused: list[RefusedEntry] = []


class RouteEntry(_Document):
    """The lengths of one route in metres, their standard deviation and bias."""

    id: str
    geodesic_m: float | None
    grid_m: float | None
    ground_m: float | None
    slope_m: float | None
    std_m: float | None
    bias_m: float | None


class LengthTotal(_Document):
    """The sums over all routes."""

    routes: int
    geodesic_m: float | None
    grid_m: float | None
    ground_m: float | None
    slope_m: float | None
    std_m: float | None
    bias_m: float | None


class MeasureDocument(_Document):
    """
    What ``fibre measure --format json`` prints.

    ``unmeasured`` counts the routes without a length, ``assumed_accuracy`` those that state no accuracy of their own
    and were given ``assumed_accuracy_m``, which is null where there are none.
    """

    version: Literal[1] = 1
    routes: list[RouteEntry]
    total: LengthTotal
    unmeasured: int
    assumed_accuracy: int
    assumed_accuracy_m: float | None
    left_out: list[LeftOutEntry]


class TotalEntry(_Document):
    """
    One recorded total held against the survey.

    What was really built less what was recorded lies between ``low`` and ``high``, which is null where something is
    ``unmeasured`` and it may be any more. ``std`` and ``bias`` are 0 for counts. ``assumed_accuracy`` counts the routes
    that state no accuracy and were given ``assumed_accuracy_m``, ``assumed_slack`` those of a total of cable that state
    no slack and were given none, ``unserved`` the offices recorded as connected that no built cable connects.
    ``remarks`` says so in words, and what would decide an undecided total: ``needed_accuracy_m``, where one would.
    """

    item: str
    measure: Literal["length", "count", "trench", "cable", "fibre"]
    recorded: float
    measured: float
    std: float
    bias: float
    difference: float
    low: float
    high: float | None
    unit: str
    tolerance: float
    verdict: Literal["agrees", "differs", "undecided"]
    features: int
    unmeasured: int
    assumed_accuracy: int
    assumed_accuracy_m: float | None
    assumed_slack: int
    unserved: int
    needed_accuracy_m: float | None
    remarks: list[str]


class TotalsDocument(_Document):
    """What ``fibre totals --format json`` prints; ``rule`` says in a sentence how a verdict comes about."""

    version: Literal[1] = 1
    rule: str
    items: list[TotalEntry]
    left_out: list[LeftOutEntry]


class LegEntry(_Document):
    """A stretch of a way along one route."""

    route: str
    kind: str
    length_m: float


class TraceDocument(_Document):
    """What ``fibre trace --format json`` prints: the legs from the office on, and the manholes passed."""

    version: Literal[1] = 1
    office: str
    exchange: str
    legs: list[LegEntry]
    manholes: list[str]
    length_m: float


class ColumnGuess(_Document):
    """A delivery's column that a canonical column could come from, and why."""

    column: str
    score: float
    why: str


class InspectedLayer(_Document):
    """
    One layer of a delivery as it was understood.

    ``goes_into`` is the canonical layer, null where it matches none; ``columns`` maps canonical to theirs, ``set``
    gives values that hold for every feature; ``alternatives`` lists other candidates; ``ambiguous`` names columns
    that fit equally well, for a person to decide; ``further`` the columns that went nowhere; ``notes`` the codes
    that a check would report of the reading; ``left_out`` what no figure will count; ``listed`` says that it is a
    table that its program keeps beside the network.
    """

    layer: str
    driver: str
    features: int
    geometry_types: list[str]
    crs_declared: str | None
    crs_believed: str | None
    axes_swapped: bool
    evidence: str
    encoding: str
    goes_into: Literal["routes", "manholes", "offices", "fittings"] | None
    columns: dict[str, str]
    set: dict[str, str | int | float | bool]
    alternatives: dict[str, list[ColumnGuess]]
    ambiguous: dict[str, list[str]]
    further: list[str]
    notes: list[str]
    left_out: list[LeftOutEntry]
    listed: bool = False


class InspectedFile(_Document):
    """A file and its layers."""

    path: str
    layers: list[InspectedLayer]


class InspectedDialect(_Document):
    """
    The program that wrote a delivery.

    ``name`` is what a project file calls it, ``title`` what people do; ``by`` maps the layers that tell it to their
    columns that do, and is empty where the project file names it.
    """

    name: str
    title: str
    by: dict[str, list[str]]


class InspectDocument(_Document):
    """What ``fibre inspect --format json`` prints; ``dialect`` is null where no known program is told."""

    version: Literal[1] = 1
    files: list[InspectedFile]
    dialect: InspectedDialect | None = None


class RunDocument(_Document):
    """What ``fibre run`` writes as ``report.json``: the three documents in one."""

    version: Literal[1] = 1
    # Which files beside it are of the same run: name to SHA-256. It stands first, to be read without the rest.
    files: dict[str, str] = {}
    project: str
    illustrative: bool
    check: CheckDocument
    measure: MeasureDocument
    totals: TotalsDocument


def left_out_entries(left_out: Sequence[LeftOut], lang: Language = "en") -> list[LeftOutEntry]:
    """
    Say what was left out of figures.

    Parameters
    ----------
    left_out
        As an inventory or a result has it.
    lang
        The language.

    Returns
    -------
    list of LeftOutEntry
        In the order of the delivery.
    """
    return [
        LeftOutEntry(
            source=left.source,
            layer=left.layer,
            count=left.count,
            what=left.what.render(lang),
            why=left.why.render(lang),
        )
        for left in left_out
    ]
