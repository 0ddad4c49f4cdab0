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
CHECKING = Text("Checking", "بررسی")
FIXING = Text("Fixing", "اصلاح")

# Parts of a work that is told as one.
_FINE = 1000

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


@contextmanager
def as_one(work: Text) -> Iterator[None]:
    """
    Have all that is told in a block shown as one piece of work, though nobody knows how many pieces it will be.

    Parameters
    ----------
    work
        The kind of work.

    Yields
    ------
    None
        While it is told. Each piece takes half of what is left, so that the work never goes back.
    """
    watcher = _watcher.get()
    if watcher is None:
        yield
        return
    left, share = 1.0, 0.0

    def told(_: Text, done: int, total: int) -> None:
        nonlocal left, share
        # A piece within a piece begins anew.
        share = max(share, 1 - left * (1 - done / total / 2) if total else 1 - left)
        if done >= total:
            left /= 2
        watcher(work, min(round(_FINE * share), _FINE - 1), _FINE)

    watcher(work, 0, _FINE)
    with watched(told):
        yield
    watcher(work, _FINE, _FINE)


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
