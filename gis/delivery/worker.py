"""
Deliveries read by a process of their own: a file that ends it, or would take too much, is an error line.

What reads files of others is partly native code, and may crash, hang or fill the memory on one that was made or damaged
so. The worker is started once, told which file to read, and hands its layers back (`gis.delivery.wire`); limits are in
proportion to the file.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import glob
import mmap
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from gis import address, isolation, progress
from gis.delivery import sources, wire
from gis.delivery.files import archives, identify
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import wkb
from gis.errors import FibreError
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from typing import NoReturn

    from numpy.typing import NDArray

    from gis.delivery.files.layer import RawLayer

# Memory that a worker may take beyond what it has when it is asked, and for each byte of data.
_MEMORY, _MEMORY_A_BYTE = 1 << 30, 40
# What libraries lay claim to and never use, beyond that.
_CLAIMED = 16 << 30
# Seconds of processor time, and for each byte of data; and so many times as long by the clock.
_SECONDS, _SECONDS_A_BYTE, _BY_THE_CLOCK = 10.0, 4e-6, 10.0
# What a file may be told by before its progress is worth a message, seconds.
_SELDOM = 0.05
# How often it is looked whether a worker has ended, and how much memory it has, seconds.
_SOON, _OFTEN = 0.002, 0.05
# Where a process starts anew, it takes so long at most until it answers.
_STARTING = 60.0
_LAYER, _PART, _LINES, _OTHERS, _TICKET, _PROGRESS, _REFUSED, _HUNGRY, _FAULT, _DONE, _SPOOLED = (
    bytes([at]) for at in range(11)
)
# What is larger goes by way of a file, which costs one copy where a pipe costs five; Windows keeps a file that is
# looked at, and its folder would stay.
_LARGE, _SPOOL = sys.maxsize if os.name == "nt" else 1 << 18, "handed-back"
_ENDS = {_REFUSED, _HUNGRY, _FAULT}
_CRASHED = Text(
    "reading it ended the process that reads: {signal}", "خواندن آن پردازهٔ خواننده را از کار انداخت: {signal}"
)
_TOO_SLOW = Text(
    "reading it takes more than {seconds} seconds, as no sound file of its size does",
    "خواندن آن بیش از {seconds} ثانیه می‌کشد، که از هیچ فایل سالمی به این اندازه برنمی‌آید",
)
_TOO_HUNGRY = Text(
    "reading it takes more than {gib} GiB of memory, as no sound file of its size does",
    "خواندن آن بیش از {gib} گیگابایت حافظه می‌خواهد، که از هیچ فایل سالمی به این اندازه برنمی‌آید",
)
_OR_TRUST = Text(
    "; if you trust where it comes from, --trusted reads it without limits",
    "؛ اگر به فرستنده‌اش اطمینان دارید، ‎--trusted آن را بی‌محدودیت می‌خواند",
)


class FaultError(Exception):
    """A fault of ours in a worker."""

    @classmethod
    def told(cls, trace: str) -> FaultError:
        """
        Make one of what a worker says of it.

        Parameters
        ----------
        trace
            The traceback that it had there.

        Returns
        -------
        FaultError
            With its last line as the message, and the whole as a note.
        """
        error = cls(trace.rstrip().rpartition("\n")[2])
        error.add_note(trace)
        return error


def open_delivery(
    path: str | Path, *, layer: str | None = None, encoding: str | None = None, name: str | None = None
) -> list[RawLayer]:
    """
    Open a file as it comes from the field, as `gis.delivery.sources.open_delivery` does.

    Parameters
    ----------
    path, layer, encoding, name
        As there.

    Returns
    -------
    list of RawLayer
        All layers of all files.

    Raises
    ------
    SourceError
        As there; and D001 for a file that ends the process that reads it, or takes more memory or time than any sound
        one of its size. A database is no file, and is asked by this process.
    """
    ward = isolation.ward()
    if ward is None or address.is_address(path):
        return sources.open_delivery(path, layer=layer, encoding=encoding, name=name)
    if not isinstance(ward.worker, Reader):
        ward.worker = Reader()
    try:
        return ward.worker.read(path, layer, encoding, name)
    except BaseException:
        # One that was broken off is ended; the next file gets a new one.
        if ward.worker.busy:
            ward.worker = None
        raise


class _Process(Protocol):
    """What is asked of a process, as `multiprocessing` has it."""

    pid: int | None
    exitcode: int | None

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...
    def is_alive(self) -> bool: ...


class _Copy:
    """
    A copy of this process that does one thing, also where this one is a worker of somebody's pool.

    `multiprocessing` refuses children to its own.
    """

    def __init__(self, target: Callable[[Connection, Connection], NoReturn], *given: Connection) -> None:
        self._target, self._given = target, given
        self.pid: int | None = None
        self.exitcode: int | None = None

    def start(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        with warnings.catch_warnings():
            # Threads may hold locks while the process is copied: the copy takes none of theirs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            try:
                self._target(*self._given)
            finally:
                os._exit(1)

    def kill(self) -> None:
        if self.is_alive() and self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def join(self, timeout: float | None = None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        while self.is_alive() and (until is None or time.monotonic() < until):
            time.sleep(_SOON)

    def is_alive(self) -> bool:
        if self.exitcode is None and self.pid:
            try:
                gone, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has asked how it ended
                self.exitcode = 0
            else:
                if gone:
                    self.exitcode = os.waitstatus_to_exitcode(status)
        return self.exitcode is None


class Reader:
    """
    A worker, seen from the process that asks it.

    Parameters
    ----------
    method
        How it is started, as `multiprocessing` has it; None for the fastest way that is safe on this system.

    Attributes
    ----------
    busy
        Whether it was asked and has not ended its answer.
    """

    def __init__(self, method: str | None = None) -> None:
        self.busy = False
        method = method or _way()
        self._connection, theirs = multiprocessing.Pipe()
        if method == "fork":
            # A copy that keeps this end open would not see that its original has gone.
            self._process: _Process = _Copy(_serve, theirs, self._connection)
        else:
            started: Any = multiprocessing.get_context(method)
            self._process = started.Process(target=_serve, args=(theirs, None), daemon=True)
        self._process.start()
        theirs.close()

    def stop(self) -> None:
        """End it, whatever it does."""
        self._connection.close()
        self._process.kill()
        self._process.join()

    def read(
        self, path: str | Path, layer: str | None, encoding: str | None, name: str | None
    ) -> list[RawLayer]:
        """
        Have a delivery read.

        Parameters
        ----------
        path, layer, encoding, name
            As for `open_delivery`.

        Returns
        -------
        list of RawLayer
            Its layers.

        Raises
        ------
        SourceError
            Why it is not read.
        FaultError
            A fault of ours while it was read.
        """
        size = _size(Path(path))
        seconds, memory = _SECONDS + _SECONDS_A_BYTE * size, _MEMORY + _MEMORY_A_BYTE * size
        shown = str(path) if name is None else name
        # What it lays out goes even where it is ended.
        with tempfile.TemporaryDirectory(prefix="fibre-", ignore_cleanup_errors=True) as folder:
            asked = [str(path), layer, encoding, name, seconds, memory, folder]
            self.busy = True
            try:
                self._connection.send_bytes(wire.dumped(asked))
                layers = self._answer(shown, seconds, memory, folder)
            except (EOFError, OSError) as error:
                raise self._gone(shown, seconds) from error
            else:
                self.busy = False
                return layers
            finally:
                if self.busy:
                    self.stop()

    def _answer(self, shown: str, seconds: float, memory: int, folder: str) -> list[RawLayer]:
        answer = _Answer()
        now = time.monotonic()
        ends, looks = now + _BY_THE_CLOCK * seconds + _STARTING, now + _OFTEN
        most = _held(self._process.pid) + memory
        while now < ends:
            there = self._connection.poll(_OFTEN)
            now = time.monotonic()
            if now >= looks:
                looks = now + _OFTEN
                if _held(self._process.pid) > most:
                    raise _refused(shown, _TOO_HUNGRY, gib=round(memory / 2**30, 1))
            if not there:
                continue
            message = self._connection.recv_bytes()
            kind, content = message[:1], memoryview(message)[1:]
            if kind == _SPOOLED:
                kind, content = bytes(content[:1]), _spooled(folder, content[1:])
            if kind == _DONE:
                return answer.layers
            if kind not in _ENDS:
                answer.take(kind, content)
                continue
            self.busy = False
            if kind == _REFUSED:
                raise wire.raised(bytes(content))
            if kind == _HUNGRY:
                raise _refused(shown, _TOO_HUNGRY, gib=round(memory / 2**30, 1))
            raise FaultError.told(bytes(content).decode("utf-8", "replace"))
        raise _refused(shown, _TOO_SLOW, seconds=round(seconds))

    def _gone(self, shown: str, seconds: float) -> FibreError:
        """Say what ended the worker."""
        self._process.join(_STARTING)
        status = self._process.exitcode or 0
        if -status == getattr(signal, "SIGXCPU", None):
            return _refused(shown, _TOO_SLOW, seconds=round(seconds))
        try:
            what = signal.Signals(-status).name
        except ValueError:
            what = str(status)
        return _refused(shown, _CRASHED, signal=what)


def _way() -> str:
    """Tell how a process is started: a copy of this one at once, where its libraries bear that."""
    forks = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    return "fork" if forks else "spawn"


def _held(pid: int | None) -> int:
    """Tell how many bytes of memory of its own a process has; 0 where the system does not say."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * mmap.PAGESIZE


def _refused(shown: str, why: Text, **fields: object) -> FibreError:
    reason = why.filled(**fields)
    if why is not _CRASHED:
        reason = Text.joined([reason, _OR_TRUST], "", "")
    return refusal("unread", shown, reason=reason)


def _size(path: Path) -> int:
    """Tell how many bytes of data a delivery holds, unpacked, as far as it says so."""
    try:
        if path.is_dir():
            return sum(_size(one) for one in path.iterdir() if one.is_file())
        stem = identify.stem(path)
        beside = [one for one in path.parent.glob(f"{glob.escape(stem)}.*") if identify.stem(one) == stem]
        size = sum(one.stat().st_size for one in {path, *beside} if one.is_file())
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size += sum(min(one.file_size, archives.MAX_BYTES) for one in archive.infolist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        # It says so who reads it.
        return 0
    return size


def _lines(content: bytes | memoryview) -> NDArray[np.object_]:
    """Make the lines that a worker has handed on: dimensions, how many, where each begins, their coordinates."""
    dimensions, count = np.frombuffer(content, dtype=np.int64, count=2)
    offsets = np.frombuffer(content, dtype=np.int64, count=int(count) + 1, offset=16)
    coordinates = np.frombuffer(content, dtype=np.float64, offset=16 + 8 * (int(count) + 1))
    whole = coordinates.reshape(-1, int(dimensions))
    if offsets[0] or offsets[-1] != len(whole) or (np.diff(offsets) < 2).any():  # noqa: PLR2004 - a line
        raise EOFError
    return wkb.lines(whole, offsets)


def _spooled(folder: str, told: memoryview) -> memoryview:
    """See what a worker has put into its file."""
    place, size = wire.loaded(told)
    with (Path(folder) / _SPOOL).open("rb") as spool:
        return memoryview(mmap.mmap(spool.fileno(), size, offset=place, access=mmap.ACCESS_READ))


class _Answer:
    """What a worker has handed back so far."""

    def __init__(self) -> None:
        self.layers: list[RawLayer] = []
        self._shapes: dict[int, list[NDArray[np.object_]]] = {}
        self._parts: list[bytes | memoryview] = []

    def take(self, kind: bytes, content: bytes | memoryview) -> None:
        if kind == _TICKET:
            self._shapes[int.from_bytes(bytes(content), "little")] = [np.empty(0, dtype=object)]
        elif kind == _LINES:
            self._shapes[max(self._shapes)].append(_lines(content))
        elif kind == _OTHERS:
            self._shapes[max(self._shapes)].append(wire.ungeometry(content))
        elif kind == _PROGRESS:
            progress.tell(*wire.loaded(bytes(content)))
        elif kind == _PART:
            self._parts.append(content)
        elif kind == _LAYER:
            self.layers.append(
                wire.unpacked(self._parts, lambda ticket: np.concatenate(self._shapes[ticket]))
            )
            self._parts = []


class _Sender:
    """What a worker hands back of the file that it reads, as soon as it has it."""

    def __init__(self, connection: Connection, spool: BinaryIO) -> None:
        self._connection = connection
        self._spool = spool
        self._tickets = 0
        self._told = 0.0

    def send(self, kind: bytes, *content: bytes | memoryview) -> None:
        size = sum(len(part) for part in content)
        if size <= _LARGE:
            self._connection.send_bytes(b"".join([kind, *content]))
            return
        # A file can be seen as memory from the beginning of a page on.
        place = -(-self._spool.tell() // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        self._spool.seek(place)
        for part in content:
            self._spool.write(part)
        self._spool.flush()
        self._connection.send_bytes(b"".join([_SPOOLED, kind, wire.dumped([place, size])]))

    def begin(self) -> int:
        self._tickets += 1
        self.send(_TICKET, self._tickets.to_bytes(8, "little"))
        return self._tickets

    def lines(self, coordinates: NDArray[np.float64], offsets: NDArray[np.int64]) -> None:
        head = np.array([coordinates.shape[1], len(offsets) - 1], dtype=np.int64)
        flat = [head, offsets.astype(np.int64, copy=False), np.ascontiguousarray(coordinates)]
        self.send(_LINES, *(part.data.cast("B") for part in flat))

    def others(self, geometries: NDArray[np.object_]) -> None:
        self.send(_OTHERS, wire.geometry(geometries))

    def progress(self, work: Text, done: int, total: int) -> None:
        now = time.monotonic()
        if done >= total or now - self._told > _SELDOM:
            self._told = now
            self.send(_PROGRESS, wire.dumped([work, int(done), int(total)]))


def _serve(connection: Connection, of_parent: Connection | None) -> NoReturn:
    """Read what is asked for, until nobody is there to ask."""
    if of_parent is not None:
        of_parent.close()
        # To look for cycles among what was there before would copy all of it.
        gc.freeze()
    # The process that asks says what is to be said, and is the one that is interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.disable()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for standard in (1, 2):
        os.dup2(nowhere, standard)
    warnings.simplefilter("ignore")
    with contextlib.suppress(EOFError, OSError):
        while True:
            _work_off(connection, wire.loaded(connection.recv_bytes()))
    os._exit(0)


def _work_off(connection: Connection, asked: list[object]) -> None:
    path, layer, encoding, name, seconds, memory, folder = asked
    tempfile.tempdir = str(folder)
    _limit(float(seconds), int(memory))  # type: ignore[arg-type, call-overload]
    with (Path(str(folder)) / _SPOOL).open("wb") as spool:
        _answered(_Sender(connection, spool), path, layer, encoding, name)


def _answered(sender: _Sender, path: object, layer: object, encoding: object, name: object) -> None:
    """Read a delivery and hand back what is in it, or why it is not read."""
    try:
        with progress.watched(sender.progress), wkb.handed_on(sender):
            layers = sources.open_delivery(path, layer=layer, encoding=encoding, name=name)  # type: ignore[arg-type]
        for raw in layers:
            for part in wire.packed(raw):
                sender.send(_PART, part)
            sender.send(_LAYER)
    except FibreError as error:
        sender.send(_REFUSED, wire.fault(error))
    except MemoryError:
        gc.collect()
        sender.send(_HUNGRY)
    except (EOFError, OSError):
        raise
    except BaseException:  # noqa: BLE001 - a fault of ours, which the process that asks says
        sender.send(_FAULT, traceback.format_exc().encode("utf-8", "replace"))
    else:
        sender.send(_DONE)


def _limit(seconds: float, memory: int) -> None:
    """Set the limits of what this process may take from now on, where the system knows any."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, hard))
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = pages * mmap.PAGESIZE + memory + _CLAIMED
        resource.setrlimit(
            resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
        )
