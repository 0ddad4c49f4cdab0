"""What work costs, counted and not timed: calls made and memory held, the same on any machine."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_E = TypeVar("_E", bound=BaseException)


@dataclass(frozen=True)
class Effort:
    """
    What a piece of work took.

    Attributes
    ----------
    calls
        Calls of functions, those of C among them.
    peak
        Bytes that it held at most, the arrays of NumPy among them, beyond those held before.
    """

    calls: int
    peak: int


def effort(work: Callable[[], _T]) -> tuple[_T, Effort]:
    """Do a piece of work twice: once counting calls, once weighing memory; give its result and what it took."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    tracemalloc.start()
    try:
        result = work()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return result, Effort(calls, peak)


def refusal(kind: type[_E], work: Callable[[], Any]) -> tuple[_E, Effort]:
    """Do a piece of work that is refused; give the error and what it took to refuse it."""

    def tried() -> _E:
        with pytest.raises(kind) as caught:
            work()
        return caught.value

    return effort(tried)
