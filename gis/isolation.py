"""Whether files from outside are read in a process of their own, which a file may end in place of this one."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Worker(Protocol):
    """A process that reads files for this one."""

    def stop(self) -> None:
        """End it."""


class Ward:
    """
    What is read apart shares one worker, started when the first file is read.

    Attributes
    ----------
    worker
        The process that reads; None before the first file, and after one has ended it.
    """

    worker: Worker | None = None


_ward: ContextVar[Ward | None] = ContextVar("ward", default=None)


@contextmanager
def isolated() -> Iterator[None]:
    """
    Have files read by a worker, with limits of memory and time in proportion to each.

    Yields
    ------
    None
        While they are; the worker ends with the block.
    """
    ward = Ward()
    before = _ward.set(ward)
    try:
        yield
    finally:
        _ward.reset(before)
        if ward.worker is not None:
            ward.worker.stop()


def ward() -> Ward | None:
    """
    Tell whether files are to be read apart.

    Returns
    -------
    Ward or None
        Whose worker reads them; None where this process does.
    """
    return _ward.get()
