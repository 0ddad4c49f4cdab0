"""
What all readers share: the file they are given, the layers they offer, and how they say that a record is damaged.

A reader is one function from a `Source` to the layers it holds, marked with the formats that it reads:
``@reader("GPKG")``. `gis.delivery.sources` finds it by the format that `gis.delivery.files.identify` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gis.delivery.files.layer import title
from gis.inventory import LOST_RECORD, FeatureRef, LeftOut, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gis.delivery.files.layer import RawLayer
    from gis.language import Text


@dataclass(frozen=True, slots=True)
class Source:
    """
    A file to be read.

    Attributes
    ----------
    path
        The file; the folder of a File Geodatabase.
    shown
        Its name for people.
    folder
        A private folder, gone when the delivery has been read: for what has to be laid out anew.
    encoding
        What its text is in, whatever the file says; None where the file is believed. Formats that
        have but one ignore it.
    """

    path: Path
    shown: str
    folder: Path
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """
    A layer that a file holds.

    Attributes
    ----------
    name
        Its name in the file.
    read
        Reads it.
    beside
        What its file holds beside its layers and no figure counts; told with the first of them that is read.
    notes
        What the reading found of the file as a whole; told likewise.
    """

    name: str
    read: Callable[[], RawLayer]
    beside: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()

    @classmethod
    def given(cls, raw: RawLayer) -> Unread:
        """
        Offer a layer that had to be read to know that it is there.

        Parameters
        ----------
        raw
            The layer.

        Returns
        -------
        Unread
            One whose ``read`` gives the layer at once.
        """
        return cls(raw.layer, partial(_same, raw))


_READERS: dict[str, Callable[[Source], list[Unread]]] = {}


def reader(
    *formats: str,
) -> Callable[[Callable[[Source], list[Unread]]], Callable[[Source], list[Unread]]]:
    """
    Mark a function as the reader of formats.

    Parameters
    ----------
    *formats
        As `gis.delivery.files.identify.identify` names them.

    Returns
    -------
    Callable
        A decorator that leaves the function as it is.
    """

    def mark(function: Callable[[Source], list[Unread]]) -> Callable[[Source], list[Unread]]:
        for name in formats:
            if name in _READERS:
                raise ValueError(f"two readers of {name}")
            _READERS[name] = function
        return function

    return mark


def reader_of(name: str) -> Callable[[Source], list[Unread]]:
    """
    Give the reader of a format.

    Parameters
    ----------
    name
        The format, as `gis.delivery.files.identify.identify` names it.

    Returns
    -------
    Callable
        From a `Source` to the layers that it holds.

    Raises
    ------
    KeyError
        No reader reads it.
    """
    return _READERS[name]


def damaged(shown: str, layer: str, records: Iterable[tuple[int, str | Text]]) -> tuple[Note, ...]:
    """
    Note the records that could not be read, D003.

    Parameters
    ----------
    shown
        The file's name for people.
    layer
        The layer in it.
    records
        The number of each, as it is found in the file, and what is wrong with it.

    Returns
    -------
    tuple of Note
        One a record.
    """
    name = title(shown, layer)
    return tuple(
        Note(
            LOST_RECORD,
            name,
            str(number),
            {"record": number, "reason": reason},
            ref=FeatureRef(shown, layer, int(number)),
        )
        for number, reason in records
    )


def left_out(shown: str, layer: str, parts: Iterable[tuple[int, Text, Text]]) -> tuple[LeftOut, ...]:
    """
    Say what of a layer was passed over.

    Parameters
    ----------
    shown
        The file's name for people.
    layer
        The layer in it.
    parts
        Of each kind how many, what they are and why they are left out; kinds of which there is none are passed over.

    Returns
    -------
    tuple of LeftOut
        One a kind, in the order given.
    """
    return tuple(LeftOut(shown, layer, count, what, why) for count, what, why in parts if count)


def _same(raw: RawLayer) -> RawLayer:
    return raw
