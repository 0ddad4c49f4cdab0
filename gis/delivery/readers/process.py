"""Settings of the whole process that a reader needs for as long as it reads, and no longer."""

from __future__ import annotations

from contextlib import ContextDecorator
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class Held(ContextDecorator):
    """
    A setting that holds while anybody is within, in whatever thread: the last one out puts it back.

    If each put back what it had found, of two that overlap the later one would leave the setting behind.

    Parameters
    ----------
    setting
        Sets it on entering and puts it back on leaving.
    """

    def __init__(self, setting: Callable[[], AbstractContextManager[None]]) -> None:
        self._setting = setting
        self._lock = Lock()
        self._within = 0
        self._held: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._within:
                self._held = self._setting()
                self._held.__enter__()
            self._within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within and self._held is not None:
                held, self._held = self._held, None
                held.__exit__(None, None, None)
