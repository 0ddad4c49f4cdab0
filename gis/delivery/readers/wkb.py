"""Well-known binary by the hundred thousand: lines in bulk, all else as Shapely reads it (OGC 06-103r4, 8.2)."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow.compute as pc
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

# The order of bytes, the type and the number of vertices, before the coordinates.
_HEAD = 9
_LITTLE_ENDIAN = 1
_LINE_STRING = 2
_LINE_STRINGS_Z = (1002, 0x8000_0002)  # as ISO has it, and as the first programs with heights wrote it
_END = np.iinfo(np.int32).max


class Taker(Protocol):
    """Makes the geometries of large layers elsewhere, while the rest of them is read."""

    def begin(self) -> int:
        """
        Begin a layer.

        Returns
        -------
        int
            The ticket that its geometry goes under.
        """

    def lines(self, coordinates: NDArray[np.float64], offsets: NDArray[np.int64]) -> None:
        """
        Take lines.

        Parameters
        ----------
        coordinates
            (m, 2) or (m, 3) vertices.
        offsets
            (k + 1,) where each line begins.
        """

    def others(self, geometries: NDArray[np.object_]) -> None:
        """
        Take geometries of any kind.

        Parameters
        ----------
        geometries
            (k,) geometries and None.
        """


_taker: ContextVar[Taker | None] = ContextVar("taker", default=None)


@contextmanager
def handed_on(to: Taker) -> Iterator[None]:
    """
    Have the geometries of large layers made by somebody else.

    Parameters
    ----------
    to
        Takes them.

    Yields
    ------
    None
        While they are.
    """
    before = _taker.set(to)
    try:
        yield
    finally:
        _taker.reset(before)


def taker() -> Taker | None:
    """
    Tell who makes the geometries of large layers.

    Returns
    -------
    Taker or None
        None where it is who reads them.
    """
    return _taker.get()


def hand_on(wkb: pa.Array, to: Taker) -> None:
    """
    Hand geometries on to who makes them.

    Parameters
    ----------
    wkb
        (n,) as for `geometries`.
    to
        Takes them.

    Raises
    ------
    shapely.errors.ShapelyError
        A value is no well-known binary.
    """
    flat = _lines(wkb)
    if flat is None:
        to.others(geometries(wkb))
    else:
        to.lines(*flat)


def lines(coordinates: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.object_]:
    """
    Make lines of their vertices.

    Parameters
    ----------
    coordinates
        (m, 2) or (m, 3) vertices.
    offsets
        (k + 1,) where each line begins.

    Returns
    -------
    numpy.ndarray
        (k,) LineStrings.
    """
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.LINESTRING, coordinates, (offsets,)))


def geometries(wkb: pa.Array) -> NDArray[np.object_]:
    """
    Make geometries of well-known binary.

    Lines of one kind are cut out and put together in bulk, in half the time that each for itself takes.

    Parameters
    ----------
    wkb
        (n,) values of Arrow's binary types; null where there is no geometry.

    Returns
    -------
    numpy.ndarray
        (n,) geometries, to the last bit those of `shapely.from_wkb`; None for null.

    Raises
    ------
    shapely.errors.ShapelyError
        A value is no well-known binary.
    """
    flat = _lines(wkb)
    if flat is None:
        return np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)))
    return lines(*flat)


def _lines(wkb: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Give the (m, 2) or (m, 3) vertices of sound LineStrings and where each begins; None for all else."""
    if not len(wkb) or wkb.null_count:
        return None
    sizes = pc.binary_length(wkb).to_numpy()
    if sizes.min() < _HEAD:
        return None
    heads = _bytes(pc.binary_slice(wkb, 0, _HEAD), _HEAD * len(wkb)).reshape(-1, _HEAD)
    kinds, counts = (heads[:, at : at + 4].copy().view("<u4").ravel() for at in (1, 5))
    dimensions = 2 if kinds[0] == _LINE_STRING else 3
    counts = counts.astype(np.int64)
    sound = (
        (heads[:, 0] == _LITTLE_ENDIAN).all()
        and (kinds == kinds[0]).all()
        and kinds[0] in (_LINE_STRING, *_LINE_STRINGS_Z)
        and counts.min() > 1
        and (sizes == _HEAD + 8 * dimensions * counts).all()
    )
    if not sound:
        return None
    offsets = np.concatenate([[0], np.cumsum(counts)])
    body = _bytes(pc.binary_slice(wkb, _HEAD, _END), 8 * dimensions * int(offsets[-1]))
    return body.view("<f8").reshape(-1, dimensions), offsets


def _bytes(values: pa.Array, count: int) -> NDArray[np.uint8]:
    """Give the bytes of new values, one after the other."""
    return np.frombuffer(values.buffers()[2], dtype=np.uint8, count=count)
