"""
Outputs that appear whole or not at all.

Everything is written into a hidden folder near its place, forced to the disk, and moved in with one rename
a file (`os.replace`, atomic on one file system). A process killed on the way leaves the earlier outputs as
they were and a hidden folder ``.<name>-<random>.part``, which the next run to the same place removes.

A folder that is there already has the hidden one in itself: it may be a mount point, whose parent is another file
system, and a rename does not cross from one to another.
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

from gis.delivery.files.identify import GEODATABASE_TABLE, identify, main_parts, stem
from gis.errors import FibreError, SourceError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
    sources
        What was read: files and folders that nothing is written to.
    last
        The file to move in when all others are there, as it says what they are; until then the one that stood there
        does not fit them.

    Raises
    ------
    FibreError
        On entering: the parent is missing or cannot be written to, or a file is in the way. When a file is named: it is
        a source. On leaving: a folder stands where a file is to be, or the disk is full; nothing is moved then.
    """

    def __init__(self, path: str | Path, sources: Iterable[Path] = (), *, last: str = "") -> None:
        self._given = Path(path)
        self._last = last
        self._sources = tuple(sources)
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
                    "{path}: فایل است و اینجا باید پوشه نوشته شود؛ نام دیگری بدهید یا آن را جابه‌جا کنید",
                ),
                path=self._given,
            )
        home = self._target if self._target.exists() else self._target.parent
        self._staged = self._open.enter_context(_staging(self._target, self._given, home))
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
            require_no_source(self._given / name, self._sources)
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
        for name in sorted(self._names, key=lambda name: name == self._last):
            place = self._target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _moved(self._staged / name, place)
        for changed in {(self._target / name).parent for name in self._names}:
            _sync_folder(changed)


@contextlib.contextmanager
def file(path: str | Path, sources: Iterable[Path] = ()) -> Iterator[Path]:
    """
    Prepare one file.

    Parameters
    ----------
    path
        The file; its folder must be there. A symbolic link stays, and what it points at is replaced.
    sources
        As for `Folder`.

    Yields
    ------
    pathlib.Path
        Where to write it, under the same name. When the block ends without an exception, it is moved in.

    Raises
    ------
    FibreError
        The folder is missing or cannot be written to, the path is that of a source, a folder or a device, or the
        disk is full.
    """
    target = Path(os.path.realpath(path))
    require_no_source(path, sources)
    _require_parent(target, path)
    _require_replaceable(target, path)
    with _staging(target, path, target.parent) as staged:
        written = staged / target.name
        yield written
        _sync(written)
        if target.exists():
            shutil.copymode(target, written)
        _moved(written, target)
        _sync_folder(target.parent)


def write(path: str | Path, data: bytes, sources: Iterable[Path] = ()) -> None:
    """
    Write bytes to a file, whole or not at all.

    Parameters
    ----------
    path
        The file.
    data
        All that it is to hold.
    sources
        As for `Folder`.

    Raises
    ------
    FibreError
        As for `file`.
    """
    with file(path, sources) as staged:
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


def require_no_source(path: str | Path, sources: Iterable[Path]) -> None:
    """
    See that what is to be written is nothing that was read.

    Parameters
    ----------
    path
        The file to write, by any of its names: links and the spellings of a file system that folds case are followed.
    sources
        The files and folders that were read.

    Raises
    ------
    FibreError
        It is a source, a part of one (the ``.dbf`` of a Shapefile), or lies in a folder that is one.
    """
    if any(_is_of(Path(path), source) for source in sources):
        raise FibreError(
            Text(
                "{path}: is a source, and sources are never written to; name another place with --out",
                "{path}: خودش منبع است و در منبع چیزی نوشته نمی‌شود؛ جای دیگری را با --out نام ببرید",
            ),
            path=path,
        )


def _is_of(path: Path, source: Path) -> bool:
    place, read = Path(os.path.realpath(path)), Path(os.path.realpath(source))
    if place == read or _same(place, read):
        return True
    if read.is_dir():
        # A File Geodatabase is all that lies in it; of any other folder, what was there to be read.
        inside = place.parent == read or _same(place.parent, read)
        return inside and ((read / GEODATABASE_TABLE).exists() or _holds_data(place))
    return (
        read.suffix.lower() in main_parts(place)
        and stem(place) == stem(read)
        and (place.parent == read.parent or _same(place.parent, read.parent))
        and place.exists()
    )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False


def _holds_data(path: Path) -> bool:
    try:
        return bool(main_parts(path)) or bool(identify(path, path.name))
    except SourceError:
        return False


def _moved(written: Path, place: Path) -> None:
    """Move a file in; where its place is on another file system after all, by way of a copy beside it."""
    try:
        written.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with _staging(place, place, place.parent) as staged:
            near = staged / place.name
            shutil.copy2(written, near)
            _sync(near)
            near.replace(place)


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
                "{path}: فایل معمولی نیست و اینجا باید فایل نوشته شود؛ جای دیگری را بدهید",
            ),
            path=path,
        )


@contextlib.contextmanager
def _staging(target: Path, path: str | Path, home: Path) -> Iterator[Path]:
    """Make the hidden folder, in another, and in it the one for the output; remove both in the end."""
    try:
        for place in {home, target.parent}:
            _remove_abandoned(target, place)
        with contextlib.ExitStack() as cleanup:
            stage = _claimed(target, home, cleanup)
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


def _claimed(target: Path, home: Path, cleanup: contextlib.ExitStack) -> Path:
    """Make a hidden folder that holds a locked mark."""
    while True:
        stage = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=home))
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


def _remove_abandoned(target: Path, home: Path) -> None:
    """Remove the hidden folders of runs that were killed."""
    for stage in sorted(home.glob(f".{_escaped(target.name)}-*.part")):
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
