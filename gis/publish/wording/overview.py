"""Findings in the order in which they are read: a row a check, then the worst of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.language import Text
from gis.publish.wording.figures import SEVERITIES, layer_label, shown

if TYPE_CHECKING:
    from gis.checks.findings import Findings
    from gis.language import Language
    from gis.project import Severity

# So many findings of a check show what they are like.
WORST = 3
SEVERITY = Text("Severity", "اهمیت")
CODE = Text("Code", "کد")
CHECK = Text("Check", "بررسی")
HOW_MANY = Text("How many", "تعداد")
OF_A_CAUSE = Text("Of a cause", "از یک علت")
WHERE_MOST = Text("Where most", "بیشتر در")
UNJUDGED = Text(
    "{count} {count:feature|features} not judged: a value is missing",
    "{count} عارضه داوری نشد: مقداری ندارد",
)
EXPLAINED_BY = Text("Explained by", "توضیح با")


@dataclass(frozen=True, slots=True)
class CheckRow:
    """
    What a check found, in a row.

    Attributes
    ----------
    code, title
        The check.
    severity
        How bad the worst of it is; a finding that its cause tells does not count.
    count
        How many findings.
    single
        How many of them a cause tells.
    where
        Where most of them are: the county where it is known, else the layer; and the source, where there are several.
    """

    code: str
    title: str
    severity: Severity
    count: int
    single: int
    where: str


def by_check(findings: Findings, lang: Language) -> list[CheckRow]:
    """
    Sum findings up by check.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    lang
        The language.

    Returns
    -------
    list of CheckRow
        The gravest first, of equals the most.
    """
    rows = []
    table = pd.DataFrame(findings.table.drop(columns="geometry")).assign(
        single=findings.single, tells=findings.causes
    )
    several = len(table["source"].unique()) > 1
    for code, group in table.groupby("code", sort=True):
        told, own = group[~group["single"]], group[~group["tells"]]
        # A cause that another check's row tells leaves nothing but notes.
        severities = set((told if len(told) else group)["severity"])
        named = (own if len(own) else group)[["layer", "source"]]
        places = named.value_counts(sort=False).sort_index()
        layer, source = places.index.tolist()[int(places.to_numpy().argmax())]
        county = findings.counties.get(str(code))
        label = layer_label(layer, lang) if county is None else county.render(lang)
        file = layer_label(source, lang) if several and source else ""
        rows.append(
            CheckRow(
                code=str(code),
                title=findings.pages[str(code)].title.render(lang),
                severity=next(name for name in SEVERITIES if name in severities),
                count=len(own),
                single=int(own["single"].sum()),
                where=shown(" · ".join(dict.fromkeys(filter(None, [label, file]))), 60),
            )
        )
    rank = {name: at for at, name in enumerate(SEVERITIES)}
    return sorted(rows, key=lambda row: (rank[row.severity], -row.count, row.code))


def worst(findings: Findings, each: int | None = WORST) -> pd.DataFrame:
    """
    Give the findings that show what there is.

    Parameters
    ----------
    findings
        As `gis.check` gives them.
    each
        How many of each check and severity at most, besides its causes; None for all but what a cause tells.

    Returns
    -------
    pandas.DataFrame
        Columns of the findings. Check after check as `by_check` has them; of each the gravest, a cause before others,
        then the largest amount.
    """
    order = {row.code: at for at, row in enumerate(by_check(findings, "en"))}
    rank = {name: at for at, name in enumerate(SEVERITIES)}
    table = pd.DataFrame(findings.table.drop(columns="geometry")).assign(tells=findings.causes)
    table = table[~findings.single]
    keys = pd.DataFrame(
        {
            "check": table["code"].map(order),
            "severity": table["severity"].map(rank),
            "tells": ~table["tells"],
            "amount": -table["amount"].fillna(-np.inf),
        }
    )
    table = table.loc[keys.sort_values(keys.columns.tolist(), kind="stable").index]
    if each is not None:
        own = table[~table["tells"]]
        seen = own.groupby("code", sort=False).cumcount().reindex(table.index, fill_value=0)
        table = table[table["tells"] | (seen < each)]
    return table
