"""Checks of the delivery itself: the reading notes what it meets, and here it becomes findings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gis.checks.registry import Found, check
from gis.checks.rules.notes import noted
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.checks.evidence.context import Context


_NO_REASON = Text("the reader gives no reason", "خواننده دلیلی نمی‌گوید")


@check("D001")
def unreadable(context: Context) -> Iterator[Found]:
    """Pass on files that no driver opens."""
    return noted(context, "D001")


@check("D002")
def incomplete_shapefile(context: Context) -> Iterator[Found]:
    """Pass on shapefiles with a file missing or of another length."""
    for found in noted(context, "D002"):
        missing = found.fields.get("missing")
        if missing:
            what = Text.literal(f"{missing} is missing", f"\u2068{missing}\u2069 نیست")
        else:
            shapes, rows = (int(found.fields.get(key, 0)) for key in ("shapes", "rows"))
            what = Text(
                "{shapes} {shapes:geometry|geometries}, but {rows} {rows:record|records}",
                "{shapes} هندسه ولی {rows} رکورد",
            ).filled(shapes=shapes, rows=rows)
        yield replace(found, fields={"what": what, **found.fields})


@check("D003")
def damaged_record(context: Context) -> Iterator[Found]:
    """Pass on records that could not be read."""
    for found in noted(context, "D003"):
        reason = found.fields.get("reason")
        # Some errors say nothing, and a pair of empty brackets would say no more.
        blank = not isinstance(reason, Text) and not str(reason or "").strip()
        yield replace(found, fields={**found.fields, "reason": _NO_REASON}) if blank else found


@check("D004")
def unknown_layer(context: Context) -> Iterator[Found]:
    """Pass on layers that match none of ours."""
    return noted(context, "D004")


@check("D005")
def missing_column(context: Context) -> Iterator[Found]:
    """Pass on required columns that no column of the delivery matches."""
    return noted(context, "D005")


@check("D006")
def guessed_encoding(context: Context) -> Iterator[Found]:
    """Pass on encodings that had to be guessed."""
    return noted(context, "D006")


@check("D007")
def lost_text(context: Context) -> Iterator[Found]:
    """Pass on text that has lost its letters."""
    return noted(context, "D007")


@check("D008")
def unsafe_archive(context: Context) -> Iterator[Found]:
    """Pass on archives that were not unpacked."""
    return noted(context, "D008")


@check("D009")
def empty_layer(context: Context) -> Iterator[Found]:
    """Pass on layers without features."""
    return noted(context, "D009")


@check("D010")
def refused_source(context: Context) -> Iterator[Found]:
    """Pass on sources that are not read at all."""
    return noted(context, "D010")


@check("D011")
def unjoined_rows(context: Context) -> Iterator[Found]:
    """Pass on rows of geometry or attributes that found no partner."""
    return noted(context, "D011")
