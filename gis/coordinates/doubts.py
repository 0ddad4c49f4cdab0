"""What may be said against the place of a layer, and the code of the check that says it."""

from __future__ import annotations

from enum import StrEnum


class Doubt(StrEnum):
    """
    A kind of doubt about coordinates; its value is the code of its check.

    Attributes
    ----------
    UNDECLARED
        No system is declared.
    OUTSIDE
        Positions lie outside the area.
    SWAPPED
        The axes are the other way round.
    ELSEWHERE
        Another system fits, the declared one does not.
    DATUM
        Another datum fits better by a known shift.
    UNFIT
        The system is no good for measuring here.
    SEVERAL
        The layers are in several systems.
    COARSE
        The numbers are rounded.
    ZERO
        Positions are zero.
    SHIFTED
        The whole is off by a common amount.
    COARSE_FEATURE
        The numbers of one feature are rounded, those of the layer are not.
    """

    UNDECLARED = "C101"
    OUTSIDE = "C102"
    SWAPPED = "C103"
    ELSEWHERE = "C104"
    DATUM = "C105"
    UNFIT = "C106"
    SEVERAL = "C107"
    COARSE = "C108"
    ZERO = "C109"
    SHIFTED = "C110"
    COARSE_FEATURE = "C112"
