"""How numbers are read as positions, and what is believed of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gis.coordinates.systems import from_wgs84, label, to_wgs84
from gis.language import Text

if TYPE_CHECKING:
    import numpy as np
    import pyproj
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One way of reading a layer's numbers.

    Attributes
    ----------
    crs
        The coordinate reference system.
    swapped
        Whether the first number is the northing or latitude.
    """

    crs: pyproj.CRS
    swapped: bool = False

    def __hash__(self) -> int:
        """Tell readings apart by their systems' names: pyproj would write each system out."""
        return hash((self.crs.name, self.swapped))

    def lonlat(self, xy: Array) -> Array:
        """
        Read (n, 2) numbers as WGS 84 longitude and latitude; see `to_wgs84`.

        Parameters
        ----------
        xy
            (n, 2) numbers as they stand in the file, x first.

        Returns
        -------
        numpy.ndarray
            (n, 2) longitude and latitude, WGS 84 degrees.
        """
        return to_wgs84(xy, self.crs, swapped=self.swapped)

    def numbers(self, lonlat: Array) -> Array:
        """
        Give back the (n, 2) numbers that `lonlat` made positions of.

        Parameters
        ----------
        lonlat
            (n, 2) longitude and latitude, WGS 84 degrees.

        Returns
        -------
        numpy.ndarray
            (n, 2) numbers as they stand in the file, x first.
        """
        return from_wgs84(lonlat, self.crs, swapped=self.swapped)

    @property
    def label(self) -> Text:
        """The reading in words."""
        if self.swapped:
            return Text("{crs} with its axes swapped", "{crs} با محورهای جابه‌جا").filled(crs=label(self.crs))
        return Text("{crs}", "{crs}").filled(crs=label(self.crs))


@dataclass(frozen=True, slots=True)
class Belief:
    """
    What a layer's coordinates are believed to be.

    Attributes
    ----------
    read
        How they are to be read into the inventory: as declared where a system is declared, else as believed; None where
        neither is known.
    crs
        The system that they are believed to be in; None where the evidence leaves it open.
    swapped
        Whether their axes are believed to be swapped.
    declared_ok
        Whether the evidence is content with the declared system; False without one.
    evidence
        In words, what the belief rests on.
    notes
        Code and message fields of what is to be reported: C101, C103, C104, C105, C106, C109, C110 and, where an area
        was given, C102. A note about some positions only has their row numbers in the field ``rows``.
    open
        The readings that remain where the evidence does not decide.
    """

    read: Reading | None
    crs: pyproj.CRS | None
    swapped: bool
    declared_ok: bool
    evidence: Text
    notes: tuple[tuple[str, dict[str, Any]], ...] = ()
    open: tuple[Reading, ...] = ()
