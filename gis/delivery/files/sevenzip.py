"""
7z archives, held to the limits of `gis.delivery.files.archives`; read by py7zr, an extra.

A block of a 7z holds several files and is unpacked as a stream: what comes out is counted as it comes.
"""

from __future__ import annotations

import contextlib
import importlib
import lzma
import stat
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from gis.delivery.files import archives
from gis.delivery.files.reasons import reason
from gis.delivery.files.refusals import refusal
from gis.errors import SourceError
from gis.language import Text

if TYPE_CHECKING:
    from types import ModuleType

_INSTALL = Text(
    "install what reads it with pip install 'fibre-gis[7z]', or unpack it and zip the data files",
    "ابزار خواندنش را با \u2066pip install 'fibre-gis[7z]'\u2069 نصب کنید، یا بازش کنید و فایل‌های داده را زیپ کنید",
)
# What reading hostile bytes in Python comes to, besides the library's own errors.
_BROKEN = (
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)


def unpack(path: Path, shown: str, folder: Path, *, budget: archives.Budget) -> list[tuple[Path, str]]:
    """
    Unpack a 7z archive into a private folder.

    Parameters
    ----------
    path
        The archive.
    shown
        Its name for people.
    folder
        An empty folder that no one else uses; the caller removes it.
    budget
        What the delivery has unpacked already.

    Returns
    -------
    list of (pathlib.Path, str)
        The unpacked files and the name of each for people, in the order of the archive.

    Raises
    ------
    SourceError
        D008 as `gis.delivery.files.archives.unpack` says; D001 where the archive is damaged or encrypted; D010 where
        py7zr is not installed.
    """
    library = _library(shown)
    try:
        # A file that is open already is unpacked in this thread, block by block.
        with (
            path.open("rb") as file,
            contextlib.ExitStack() as written,
            library.SevenZipFile(file) as archive,
        ):
            if archive.needs_password():
                raise archives.encrypted(shown, "7z")
            entries = list(archive.files)
            archives.counted(len(entries), shown, budget)
            members = [
                archives.Member(_name(entry), int(entry.uncompressed), _mode(entry)) for entry in entries
            ]
            kept = archives.checked(members, shown, path.stat().st_size, budget)
            wanted = [str(entries[at].filename) for at in kept]
            archive.extract(targets=wanted, factory=_Folder(folder, shown, budget, written))
    except SourceError:
        raise
    except library.exceptions.PasswordRequired as error:
        raise archives.encrypted(shown, "7z") from error
    except library.exceptions.DecompressionBombError as error:
        raise archives.too_large(shown) from error
    except (library.exceptions.ArchiveError, *_BROKEN) as error:
        raise refusal("unreadable", shown, driver="7z", reason=reason(error)) from error
    return [(_unpacked(folder, members[at], shown), f"{shown}/{members[at].name}") for at in kept]


def _unpacked(folder: Path, member: archives.Member, shown: str) -> Path:
    target = folder.joinpath(*PurePosixPath(member.name).parts)
    if not target.exists():
        if member.size:
            raise refusal("unreadable", shown, driver="7z", reason=reason(EOFError("truncated")))
        # An empty file has no stream that would be written.
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    return target


def _library(shown: str) -> ModuleType:
    try:
        library = importlib.import_module("py7zr")
        importlib.import_module("py7zr.io")
    except ImportError as error:
        raise refusal("refused", shown, format="7z", remedy=_INSTALL) from error
    return library


def _name(entry: Any) -> str:
    return str(entry.filename).replace("\\", "/")


def _mode(entry: Any) -> int:
    if entry.is_symlink or entry.is_junction:
        return stat.S_IFLNK
    if entry.is_directory:
        return stat.S_IFDIR
    if entry.is_socket:
        return stat.S_IFSOCK
    return stat.S_IFMT(int(entry.st_fmt or 0))


@dataclass(eq=False)
class _Output:
    """A member on its way to the disk, counted as it comes."""

    file: IO[bytes]
    shown: str
    budget: archives.Budget

    def write(self, data: bytes | bytearray) -> int:
        self.budget.bytes += len(data)
        if self.budget.bytes > archives.MAX_BYTES:
            raise archives.too_large(self.shown)
        return self.file.write(data)

    def read(self, size: int | None = None) -> bytes:
        return self.file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def flush(self) -> None:
        if not self.file.closed:
            self.file.flush()

    def size(self) -> int:
        return self.file.seek(0, 2)

    def close(self) -> None:
        self.file.close()


@dataclass(eq=False)
class _Folder:
    """Gives the library a place to write each member to."""

    folder: Path
    shown: str
    budget: archives.Budget
    written: contextlib.ExitStack

    def create(self, filename: str) -> _Output:
        target = self.folder.joinpath(*PurePosixPath(filename.replace("\\", "/")).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        return _Output(self.written.enter_context(target.open("xb+")), self.shown, self.budget)
