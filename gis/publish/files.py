"""
Outputs that appear whole or not at all.

Everything is written into a hidden folder beside its place, forced to the disk, and moved in with one rename
a file (`os.replace`, atomic on one file system). A process killed on the way leaves the earlier outputs as
they were and a hidden folder ``.<name>-<random>.part``, which the next run to the same place removes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gis.errors import FibreError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

# A hidden folder is ours only if it holds this file; its lock says that the run which made it is still alive.
_MARK = ".fibre-part"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


class Folder:
    """
    A set of files for one folder, moved in together when the block ends without an exception.

    Parameters
    ----------
    path
        The folder; made where it is missing. Other files in it stay.

    Raises
    ------
    FibreError
        On entering: the parent is missing or cannot be written to, or a file is in the way. On leaving: a
        folder stands where a file is to be, or the disk is full; nothing is moved then.
    """

    def __init__(self, path: str | Path) -> None:
        self._given = Path(path)
        self._target = Path(os.path.realpath(path))
        self._names: list[str] = []
        self._open = contextlib.ExitStack()
        self._staged = Path()

    def __enter__(self) -> Self:
        """Make the hidden folder to write into."""
        _require_parent(self._target, self._given)
        if self._target.exists() and not self._target.is_dir():
            raise FibreError(
                Text(
                    "{path}: is a file, and a folder is to be written there; name another, or move it away",
                    "{path}: پرونده است و اینجا باید پوشه نوشته شود؛ نام دیگری بدهید یا آن را جابه‌جا کنید",
                ),
                path=self._given,
            )
        self._staged = self._open.enter_context(_staging(self._target, self._given))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Move all files in, or nothing after an exception."""
        if error is None:
            self._open.callback(_sync_folder, self._target.parent)
            self._open.callback(self._move)
        self._open.__exit__(kind, error, trace)

    def path(self, name: str) -> Path:
        """
        Give the place to write a file to.

        Parameters
        ----------
        name
            Its name in the folder, with ``/`` where it belongs into a folder below.

        Returns
        -------
        pathlib.Path
            A path in the hidden folder; the file is to be there when the block ends.
        """
        if name not in self._names:
            self._names.append(name)
        place = self._staged / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def write(self, name: str, data: bytes) -> None:
        """
        Write one of the files.

        Parameters
        ----------
        name
            Its name in the folder.
        data
            All that it is to hold.
        """
        self.path(name).write_bytes(data)

    @property
    def written(self) -> list[Path]:
        """The files of the set in their final places, in the order they were asked for."""
        return [self._given / name for name in self._names]

    def _move(self) -> None:
        for name in self._names:
            _require_replaceable(self._target / name, self._given / name)
            _sync(self._staged / name)
        self._target.mkdir(exist_ok=True)
        for name in self._names:
            place = self._target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (self._staged / name).replace(place)
        for changed in {(self._target / name).parent for name in self._names}:
            _sync_folder(changed)


@contextlib.contextmanager
def file(path: str | Path) -> Iterator[Path]:
    """
    Prepare one file.

    Parameters
    ----------
    path
        The file; its folder must be there. A symbolic link stays, and what it points at is replaced.

    Yields
    ------
    pathlib.Path
        Where to write it, under the same name. When the block ends without an exception, it is moved in.

    Raises
    ------
    FibreError
        The folder is missing or cannot be written to, the path is that of a folder or a device, or the disk
        is full.
    """
    target = Path(os.path.realpath(path))
    _require_parent(target, path)
    _require_replaceable(target, path)
    with _staging(target, path) as staged:
        written = staged / target.name
        yield written
        _sync(written)
        if target.exists():
            shutil.copymode(target, written)
        written.replace(target)
        _sync_folder(target.parent)


def write(path: str | Path, data: bytes) -> None:
    """
    Write bytes to a file, whole or not at all.

    Parameters
    ----------
    path
        The file.
    data
        All that it is to hold.

    Raises
    ------
    FibreError
        As for `file`.
    """
    with file(path) as staged:
        staged.write_bytes(data)


def digest(path: str | Path) -> str:
    """
    Give the SHA-256 of a file, as ``sha256sum`` prints it.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _require_parent(target: Path, path: str | Path) -> None:
    if not target.parent.is_dir():
        raise FibreError(
            Text(
                "{path}: its folder {folder} does not exist; make it first, or name another place",
                "{path}: پوشهٔ {folder} وجود ندارد؛ نخست آن را بسازید یا جای دیگری را بدهید",
            ),
            path=path,
            folder=target.parent,
        )


def _require_replaceable(target: Path, path: str | Path) -> None:
    if target.exists() and not target.is_file():
        raise FibreError(
            Text(
                "{path}: is no ordinary file, and a file is to be written there; name another place",
                "{path}: پروندهٔ معمولی نیست و اینجا باید پرونده نوشته شود؛ جای دیگری را بدهید",
            ),
            path=path,
        )


@contextlib.contextmanager
def _staging(target: Path, path: str | Path) -> Iterator[Path]:
    """Make the hidden folder and, in it, the one for the output; remove both in the end."""
    try:
        _remove_abandoned(target)
        with contextlib.ExitStack() as cleanup:
            stage = _claimed(target, cleanup)
            staged = stage / "output"
            staged.mkdir()
            yield staged
    except OSError as error:
        # Other errors of the block are not about the place that is written to.
        named = str(error.filename or "").startswith(str(target.parent))
        if not named and error.errno not in _FULL:
            raise
        raise FibreError(
            Text(
                "{path}: cannot be written: {why}; free the place or name another",
                "{path}: نوشته نمی‌شود: {why}؛ جا یا مجوز نوشتن را فراهم کنید یا جای دیگری را بدهید",
            ),
            path=path,
            why=error.strerror or error,
        ) from error


def _claimed(target: Path, cleanup: contextlib.ExitStack) -> Path:
    """Make a hidden folder that holds a locked mark."""
    while True:
        stage = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
        try:
            mark = os.open(stage / _MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        except FileNotFoundError:  # another run took the still empty folder for a dead run's
            continue
        _lock(mark, wait=True)
        if (stage / _MARK).exists():
            cleanup.callback(shutil.rmtree, stage, ignore_errors=True)
            # Windows removes no file that is open, so the mark is closed first.
            cleanup.callback(os.close, mark)
            return stage
        os.close(mark)


def _remove_abandoned(target: Path) -> None:
    """Remove the hidden folders of runs that were killed."""
    for stage in sorted(target.parent.glob(f".{_escaped(target.name)}-*.part")):
        if stage.is_symlink() or not stage.is_dir():
            continue
        with contextlib.suppress(OSError):
            stage.rmdir()  # killed before it wrote anything
            continue
        with contextlib.suppress(OSError):
            mark = os.open(stage / _MARK, os.O_RDWR)
            try:
                dead = _lock(mark, wait=False)
                if dead and sys.platform != "win32":
                    shutil.rmtree(stage, ignore_errors=True)
            finally:
                os.close(mark)
            if dead and sys.platform == "win32":
                shutil.rmtree(stage, ignore_errors=True)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> bool:
        """Lock an open file for as long as it is open; tell whether that worked."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _sync_folder(path: Path) -> None:
        """Do nothing: Windows has no handle of a folder to force to the disk."""

else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> bool:
        """Lock an open file for as long as it is open; tell whether that worked."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # held by another, or a file system without locks
            return False
        return True

    def _sync_folder(path: Path) -> None:
        """Force a folder's list of names to the disk."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            # Some network file systems cannot, and lose nothing by it.
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync(path: Path) -> None:
    """Force a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
