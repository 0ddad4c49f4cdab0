"""What is in a delivery, told without judging it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.coordinates import systems
from gis.delivery import understanding
from gis.delivery.passed_over import left_out
from gis.documents import (
    ColumnGuess,
    InspectDocument,
    InspectedDialect,
    InspectedFile,
    InspectedLayer,
    left_out_entries,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gis.delivery.understanding import Understanding
    from gis.language import Language


def inspect(
    source: str | Path | Sequence[str | Path], *, crs: str | None = None, lang: Language = "en"
) -> InspectDocument:
    """
    Say what is in a delivery and how it was understood.

    Parameters
    ----------
    source
        A project file, or survey files.
    crs
        The coordinate system of survey files, instead of what they say.
    lang
        The language of the evidence.

    Returns
    -------
    InspectDocument
        Each file with its layers.

    Raises
    ------
    FibreError
        A file cannot be read.
    """
    files: dict[str, list[InspectedLayer]] = {}
    readings = understanding.readings(source, crs=crs)
    for one in readings:
        files.setdefault(one.raw.path, []).append(_layer(one, lang))
    return InspectDocument(
        files=[InspectedFile(path=path, layers=layers) for path, layers in files.items()],
        dialect=_dialect(readings),
    )


def _dialect(readings: Sequence[Understanding]) -> InspectedDialect | None:
    """Give the dialect that the layers of a delivery are read in."""
    told = next((one.spoken.telling for one in readings if one.spoken is not None), None)
    if told is None:
        return None
    by = {layer: list(columns) for layer, columns in told.by}
    return InspectedDialect(name=told.dialect.key, title=told.dialect.shown, by=by)


def _layer(one: Understanding, lang: Language) -> InspectedLayer:
    raw, belief, destination = one.raw, one.belief, one.destination
    match = destination.match if destination else None
    types = raw.frame.geometry.geom_type.dropna().unique()
    return InspectedLayer(
        layer=raw.layer,
        driver=raw.driver,
        features=len(raw.frame),
        geometry_types=sorted(str(name) for name in types),
        crs_declared=systems.authority(raw.crs) if raw.crs is not None else None,
        crs_believed=systems.authority(belief.crs) if belief.crs is not None else None,
        axes_swapped=belief.swapped,
        evidence=belief.evidence.render(lang),
        encoding=raw.encoding,
        goes_into=destination.schema.name if destination else None,
        columns=one.taken_from,
        set=dict(destination.entry.set) if destination else {},
        alternatives={
            ours: [
                ColumnGuess(column=guess.theirs, score=guess.score, why=guess.why.render(lang))
                for guess in guesses
            ]
            for ours, guesses in (match.alternatives.items() if match else ())
        },
        ambiguous=dict(match.ambiguous) if match else {},
        further=list(match.extra)
        if match
        else [str(name) for name in raw.frame.columns if name != "geometry"],
        notes=sorted({note.code for note in raw.notes} | {code for code, _ in belief.notes}),
        left_out=left_out_entries(left_out(one), lang),
        listed=one.listed,
    )
