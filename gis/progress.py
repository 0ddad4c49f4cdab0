"""How far long work is, told by those who do it to whoever shows it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Watcher = Callable[[Text, int, int], None]

READING = Text("Reading", "خواندن")
MEASURING = Text("Measuring", "اندازه‌گیری")

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """
    Have somebody told how far the work of a block is.

    Parameters
    ----------
    watcher
        Called with the kind of work, how much of it is done, and how much there is.

    Yields
    ------
    None
        While it is told.
    """
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def tell(work: Text, done: int, total: int) -> None:
    """
    Tell whoever watches how far a piece of work is; without a watcher nothing happens.

    Parameters
    ----------
    work
        The kind of work.
    done
        How much is done, in any unit.
    total
        How much there is in all, in the same unit.
    """
    watcher = _watcher.get()
    if watcher is not None:
        watcher(work, done, total)
