"""
Archives: what a zip holds, looked at before anything is unpacked and counted while it is.

The limits are those of a delivery that a person can have made by hand; what is over them is refused whole.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gis.errors import SourceError

MAX_FILES = 10_000
MAX_BYTES = 2 * 1024**3
MAX_RATIO = 200
# Below this, a high ratio is a table of blanks and no bomb.
_RATIO_FLOOR = 1024**2
_CHUNK = 1024**2
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1

# The first bytes of archives that GDAL or a person could unpack further.
_NESTED = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf'\x1c": "7z",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"(\xb5/\xfd": "zstd",
}
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
# What file systems take; some bytes of a name are left for what readers put beside a file.
_LONGEST_NAME, _LONGEST_ENDING, _LONGEST_TOLD = 200, 20, 100
_LONGEST_PATH, _DEEPEST = 2000, 32
_CLUTTER = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}


@dataclass
class Budget:
    """
    How much one delivery may unpack, its inner archives included.

    Attributes
    ----------
    files, bytes
        What has been counted so far.
    """

    files: int = 0
    bytes: int = field(default=0)


@dataclass(frozen=True, slots=True)
class Member:
    """
    What an archive says of one of its members.

    Attributes
    ----------
    name
        Its path in the archive, parted by slashes.
    size
        How many bytes it unpacks to, as declared.
    mode
        The kind of file, as `stat.S_IFMT` gives it; 0 where the archive does not say.
    encrypted
        Whether it takes a password.
    """

    name: str
    size: int
    mode: int = 0
    encrypted: bool = False


def unpack(path: Path, shown: str, folder: Path, *, budget: Budget | None = None) -> list[tuple[Path, str]]:
    """
    Unpack an archive into a private folder.

    Parameters
    ----------
    path
        The zip file (a KMZ is one).
    shown
        Its name for people.
    folder
        An empty folder that no one else uses; the caller removes it.
    budget
        What the delivery has unpacked already, where this archive lies within another.

    Returns
    -------
    list of (pathlib.Path, str)
        The unpacked files and the name of each for people, in the order of the archive.

    Raises
    ------
    SourceError
        D008 for paths outside, links, devices, encryption, archives within, more than 10 000 files, more than
        2 GiB or 200 times the archive's size; D001 where the archive is damaged.
    """
    budget = budget or Budget()
    with opened(path, shown) as archive:
        members = inspect(archive, shown, path.stat().st_size, budget)
        unpacked = []
        for info, name in members:
            target = folder.joinpath(*map(_fitting, PurePosixPath(name).parts))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                for chunk in _chunks(archive, info, shown):
                    budget.bytes += len(chunk)
                    if budget.bytes > MAX_BYTES:
                        raise too_large(shown)
                    out.write(chunk)
            unpacked.append((target, f"{shown}/{name}"))
    return unpacked


def opened(path: Path, shown: str) -> zipfile.ZipFile:
    """
    Open an archive.

    Parameters
    ----------
    path
        The zip file.
    shown
        Its name for people.

    Returns
    -------
    zipfile.ZipFile
        To be closed.

    Raises
    ------
    SourceError
        D001 where it has no readable directory.
    """
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError) as error:
        raise refusal("unreadable", shown, driver="zip", reason=reason(error)) from error


def inspect(
    archive: zipfile.ZipFile, shown: str, size: int, budget: Budget | None = None
) -> list[tuple[zipfile.ZipInfo, str]]:
    """
    Look at all that an archive says of its members, before anything is unpacked.

    Parameters
    ----------
    archive
        The open archive.
    shown
        Its name for people.
    size
        Its size in bytes, as it lies on disk.
    budget
        What the delivery has unpacked already; the number of this archive's files is added.

    Returns
    -------
    list of (zipfile.ZipInfo, str)
        The members that are files, without the clutter of desktops, and their names.

    Raises
    ------
    SourceError
        D008 as `unpack` says.
    """
    infos = archive.infolist()
    budget = budget or Budget()
    counted(len(infos), shown, budget)
    members = [_member(info) for info in infos]
    kept = checked(members, shown, size, budget)
    return [(infos[at], members[at].name) for at in kept]


def counted(number: int, shown: str, budget: Budget) -> None:
    """
    Count an archive's members, before anything else is asked of them.

    Parameters
    ----------
    number
        How many it has.
    shown
        The archive's name for people.
    budget
        What the delivery has unpacked already; the number is added.

    Raises
    ------
    SourceError
        D008 for more than `MAX_FILES` in the delivery.
    """
    budget.files += number
    if budget.files > MAX_FILES:
        raise _unsafe(shown, Text(f"more than {MAX_FILES:,} files", "بیش از ۱۰٬۰۰۰ فایل"))


def checked(members: Sequence[Member], shown: str, size: int, budget: Budget) -> list[int]:
    """
    Hold what an archive says of its members to the limits, before anything is unpacked.

    Parameters
    ----------
    members
        All of them.
    shown
        The archive's name for people.
    size
        Its size in bytes, as it lies on disk.
    budget
        What the delivery has unpacked already.

    Returns
    -------
    list of int
        Places of the members that are files, without the clutter of desktops.

    Raises
    ------
    SourceError
        D008 as `unpack` says; D001 where a member is encrypted.
    """
    declared = sum(member.size for member in members)
    if declared + budget.bytes > MAX_BYTES:
        raise too_large(shown)
    if declared > max(_RATIO_FLOOR, MAX_RATIO * size):
        raise _unsafe(
            shown,
            Text(f"unpacks to more than {MAX_RATIO} times its size", "بیش از ۲۰۰ برابر اندازهٔ خود باز می‌شود"),
        )
    kept = []
    seen: set[str] = set()
    folders: set[str] = set()
    for at, member in enumerate(members):
        name = member.name
        path = PurePosixPath(name)
        _check(member, path.parts, shown)
        if (
            name.endswith("/")
            or member.mode == stat.S_IFDIR
            or _CLUTTER & set(path.parts)
            or path.name.startswith("._")
        ):
            continue
        folded = PurePosixPath(name.casefold())
        if str(folded) in seen:
            raise _unsafe(shown, _naming(name, "is in it twice", "دو بار در آن است"))
        seen.add(str(folded))
        folders |= {str(above) for above in folded.parents}
        kept.append(at)
    for both in sorted(seen & folders):
        raise _unsafe(shown, _naming(both, "is a file and a folder", "هم فایل است و هم پوشه"))
    return kept


def kind(path: Path, shown: str) -> str:
    """
    Tell what a zip file is.

    Parameters
    ----------
    path
        The zip file.
    shown
        Its name for people.

    Returns
    -------
    str
        ``"XLSX"``, ``"ODS"``, ``"KMZ"`` or ``"ZIP"``.

    Raises
    ------
    SourceError
        D001 where it is damaged, D010 for documents of office programs that are not read.
    """
    with opened(path, shown) as archive:
        names = [_name(info) for info in archive.infolist()]
        mimetype = _first_bytes(archive, "mimetype", len(_ODS)) if "mimetype" in archive.namelist() else b""
    if "xl/workbook.xml" in names:
        return "XLSX"
    if mimetype.startswith(_ODS):
        return "ODS"
    if "[Content_Types].xml" in names or "mimetype" in names:
        remedy = Text("save the table as .xlsx or .ods", "جدول را با قالب ‎.xlsx یا ‎.ods ذخیره کنید")
        raise refusal("refused", shown, format=Text("this office document", "این سند اداری"), remedy=remedy)
    top = [name for name in names if "/" not in name]
    return "KMZ" if top and all(name.lower().endswith(".kml") for name in top) else "ZIP"


def _first_bytes(archive: zipfile.ZipFile, name: str, count: int) -> bytes:
    """Give the first bytes of a member; none where it is damaged, which its reader will say."""
    try:
        with archive.open(name) as member:
            return member.read(count)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        return b""


def nested(head: bytes) -> str:
    """
    Tell whether a file is an archive.

    Parameters
    ----------
    head
        Its first bytes.

    Returns
    -------
    str
        The kind of archive, or nothing.
    """
    if head[257:262] == b"ustar":
        return "tar"
    return next((name for magic, name in _NESTED.items() if head.startswith(magic)), "")


def refuse_nested(shown: str, inner: str) -> SourceError:
    """
    Word the refusal of an archive within an archive.

    Parameters
    ----------
    shown
        The outer archive's name for people.
    inner
        The inner one's name in it.

    Returns
    -------
    SourceError
        D008, to be raised.
    """
    return _unsafe(shown, _naming(inner, "is an archive within it", "بایگانی دیگری درون آن است"))


def _name(info: zipfile.ZipInfo) -> str:
    """Give a member's name; backslashes, as PowerShell 5 and .NET before 4.6.1 wrote them, part folders."""
    name = info.filename
    # Programs that write UTF-8 names without saying so: Python has read them as cp437.
    if not info.flag_bits & _UTF8_NAME:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return name.replace("\\", "/")


def _member(info: zipfile.ZipInfo) -> Member:
    # Python cuts a name at its first zero byte; what it was is told by the original.
    name = _name(info) + ("\0" if "\0" in info.orig_filename else "")
    return Member(
        name, info.file_size, stat.S_IFMT(info.external_attr >> 16), bool(info.flag_bits & _ENCRYPTED)
    )


def _check(member: Member, parts: tuple[str, ...], shown: str) -> None:
    name = member.name
    if not parts and not name.endswith("/"):
        raise _unsafe(shown, Text("a member has no name", "یکی از عضوهایش نام ندارد"))
    if len(os.fsencode(name)) > _LONGEST_PATH or len(parts) > _DEEPEST:
        raise _unsafe(shown, _naming(f"{name[:40]}…", "has too long a name", "نامی بیش از اندازه بلند دارد"))
    if ".." in parts or name.startswith("/") or "\0" in name or name[1:2] == ":":
        plain = name.rstrip("\0")
        raise _unsafe(shown, _naming(plain, "leads outside the archive", "به بیرون از بایگانی می‌رود"))
    if member.mode == stat.S_IFLNK:
        raise _unsafe(shown, _naming(name, "is a link", "پیوند است"))
    if member.mode not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _unsafe(shown, _naming(name, "is a device", "دستگاه است"))
    if member.encrypted:
        raise encrypted(shown, "zip")


def encrypted(shown: str, driver: str) -> SourceError:
    """
    Word the refusal of an encrypted archive.

    Parameters
    ----------
    shown
        The archive's name for people.
    driver
        Its format.

    Returns
    -------
    SourceError
        D001, to be raised.
    """
    return refusal("unreadable", shown, driver=driver, reason=Text("it is encrypted", "رمزدار است"))


def _fitting(part: str) -> str:
    """
    Shorten a name to what a file system takes, 255 bytes: Windows counts letters, and Persian ones have two bytes.

    Files that share a name save for its ending, as the parts of a Shapefile do, share the shortened one too.
    """
    encoded = os.fsencode(part)
    if len(encoded) <= _LONGEST_NAME:
        return part
    stem, dot, ending = part.partition(".")
    if len(os.fsencode(ending)) > _LONGEST_ENDING:
        stem, dot, ending = part, "", ""
    told = os.fsencode(stem)[:_LONGEST_TOLD].decode("utf-8", "ignore")
    return f"{told}…{hashlib.sha256(os.fsencode(stem)).hexdigest()[:12]}{dot}{ending}"


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, shown: str) -> Iterator[bytes]:
    # ZipExtFile gives no more than the directory declares, and checks the sum at the end.
    try:
        with archive.open(info) as member:
            while chunk := member.read(_CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise refusal("unreadable", shown, driver="zip", reason=reason(error)) from error


def _naming(name: str, en: str, fa: str) -> Text:
    return Text.literal(f"{name} {en}", f"\u2068{name}\u2069 {fa}")


def too_large(shown: str) -> SourceError:
    """
    Word the refusal of an archive that unpacks to too much.

    Parameters
    ----------
    shown
        The archive's name for people.

    Returns
    -------
    SourceError
        D008, to be raised.
    """
    return _unsafe(shown, Text("unpacks to more than 2 GiB", "بیش از ۲ گیبی‌بایت باز می‌شود"))


def _unsafe(shown: str, what: Text) -> SourceError:
    return refusal("archive", shown, what=what)
