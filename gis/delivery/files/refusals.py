"""The refusals: the one line that says why a file from the field is not read, and what would do."""

from __future__ import annotations

from typing import Any

from gis.errors import SourceError
from gis.language import Text

READABLE = (
    "Shapefile, GeoPackage, GeoJSON, KML, KMZ, GPX, DXF, DWG, MapInfo, File Geodatabase, FlatGeobuf, GeoParquet, GML, "
    "CSV, XLSX, XLS, ODS, OFDS"
)

_REASONS: dict[str, tuple[str, Text]] = {
    "missing": ("D001", Text("{file}: there is no such file", "{file}: چنین فایلی وجود ندارد")),
    "empty": (
        "D009",
        Text("{file}: holds nothing; ask for the file again", "{file}: خالی است؛ فایل را دوباره بخواهید"),
    ),
    "rows": (
        "D009",
        Text(
            "{file}: has a heading and no rows; ask for the file again",
            "{file}: سرستون دارد و هیچ سطری ندارد؛ فایل را دوباره بخواهید",
        ),
    ),
    "members": (
        "D009",
        Text(
            "{file}: GML without a featureMember; export the layer as GeoPackage",
            "{file}: GML بدون featureMember است؛ لایه را با قالب GeoPackage خروجی بگیرید",
        ),
    ),
    "entities": (
        "D009",
        Text(
            "{file}: DXF without an ENTITIES section; save the drawing again",
            "{file}: فایل DXF بدون بخش ENTITIES است؛ نقشه را دوباره ذخیره کنید",
        ),
    ),
    "control": (
        "D001",
        Text(
            "{file}: line {line} holds a control character (code {byte}), as no drawing does; save the drawing again",
            "{file}: سطر {line} نویسه‌ای نامرئی (کد {byte}) دارد که در هیچ نقشه‌ای نیست؛ نقشه را دوباره ذخیره کنید",
        ),
    ),
    "blocks": (
        "D001",
        Text(
            "{file}: blocks inserted into blocks come to more than {count} entities; explode those that are needed",
            "{file}: بلوک‌های درج‌شده در بلوک‌ها به بیش از {count} شیء می‌رسد؛ آنچه لازم است را باز کنید (explode)",
        ),
    ),
    "drawing": (
        "D001",
        Text(
            "{file}: DWG cannot be read ({reason}); save it as ASCII DXF of release 2018",
            "{file}: DWG خوانده نمی‌شود ({reason})؛ آن را با قالب DXF متنی نسخهٔ ۲۰۱۸ ذخیره کنید",
        ),
    ),
    "unreadable": (
        "D001",
        Text(
            "{file}: {driver} cannot be read ({reason}); export it again",
            "{file}: {driver} خوانده نمی‌شود ({reason})؛ دوباره خروجی بگیرید",
        ),
    ),
    "unread": (
        "D001",
        Text("{file}: is not read ({reason})", "{file}: خوانده نشد ({reason})"),
    ),
    "denied": (
        "D001",
        Text(
            "{file}: cannot be opened ({reason}); check its permissions",
            "{file}: باز نمی‌شود ({reason})؛ دسترسی فایل را بررسی کنید",
        ),
    ),
    "unknown": (
        "D001",
        Text(
            "{file}: is in no format that is read here; give one of: {formats}",
            "{file}: در هیچ‌یک از قالب‌های خواندنی نیست؛ یکی از این‌ها را بدهید: {formats}",
        ),
    ),
    "nothing-inside": (
        "D001",
        Text(
            "{file}: holds no file in a format that is read here; put one of these into it: {formats}",
            "{file}: هیچ فایل خواندنی در خود ندارد؛ یکی از این‌ها را در آن بگذارید: {formats}",
        ),
    ),
    "layer": (
        "D001",
        Text(
            "{file}: has no layer {layer}; it has: {layers}",
            "{file}: لایه‌ای به نام {layer} ندارد؛ لایه‌های آن: {layers}",
        ),
    ),
    "encoding": (
        "D001",
        Text(
            "{file}: {encoding} is no known encoding; for example UTF-8 or cp1256",
            "{file}: کدگذاری {encoding} شناخته نیست؛ برای نمونه UTF-8 یا cp1256",
        ),
    ),
    "part": (
        "D002",
        Text(
            "{file}: is only a part of a Shapefile and {missing} is missing; send all its parts together",
            "{file}: تنها بخشی از یک Shapefile است و {missing} نیست؛ همهٔ بخش‌ها را با هم بفرستید",
        ),
    ),
    "refused": (
        "D010",
        Text(
            "{file}: {format} is not read; {remedy}",
            "{file}: {format} خوانده نمی‌شود؛ {remedy}",
        ),
    ),
    "reference": (
        "D010",
        Text(
            "{file}: refused, as it points at another file or host ({what}); send the data itself",
            "{file}: پذیرفته نمی‌شود، چون به فایل یا میزبان دیگری اشاره می‌کند ({what})؛ خود داده را بفرستید",
        ),
    ),
    "address": (
        "D010",
        Text(
            "{file}: is an address, not a file on this machine; download it and give the file",
            "{file}: نشانی است، نه فایلی روی این رایانه؛ آن را دریافت کنید و فایل را بدهید",
        ),
    ),
    "device": (
        "D010",
        Text(
            "{file}: is no regular file; copy the data into a file",
            "{file}: فایل معمولی نیست؛ داده را در یک فایل بریزید",
        ),
    ),
    "archive": (
        "D008",
        Text(
            "{file}: unsafe archive, {what}; nothing was unpacked; zip the data files alone",
            "{file}: بایگانی ناامن، {what}؛ چیزی باز نشد؛ تنها فایل‌های داده را زیپ کنید",
        ),
    ),
}


def spares_the_rest(error: SourceError) -> bool:
    """
    Tell whether a refusal costs only the member of a delivery that it is about.

    Parameters
    ----------
    error
        What `refusal` made.

    Returns
    -------
    bool
        True for a member that holds nothing or was broken off.
    """
    return error.code == _REASONS["empty"][0]


def bars_the_whole(error: SourceError) -> bool:
    """
    Tell whether a refusal is about the safety of the whole delivery.

    Parameters
    ----------
    error
        What `refusal` made.

    Returns
    -------
    bool
        True for what points elsewhere and for an unsafe archive.
    """
    return any(error.text is _REASONS[why][1] for why in ("reference", "archive"))


def refusal(why: str, file: str, /, **fields: Any) -> SourceError:
    """
    Word why a file is not read.

    Parameters
    ----------
    why
        One of the reasons of this module: ``"missing"``, ``"unreadable"``, ``"archive"`` and so on.
    file
        The file as people know it.
    **fields
        What the reason's message names besides; `gis.language.Text` comes out in the reader's language.

    Returns
    -------
    SourceError
        To be raised: D001, D002, D008, D009 or D010 with its line.
    """
    code, text = _REASONS[why]
    return SourceError(text, code=code, file=file, formats=READABLE, **fields)
