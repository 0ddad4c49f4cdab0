"""The zigzag of lines: how far off their vertices may be, read from the lines themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis.coordinates import mercator
from gis.network.lines import Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.network.lines import Floats


def roughness(lines: NDArray[np.object_]) -> Floats:
    """
    Tell how far off the vertices of lines may be, by their zigzag.

    Parameters
    ----------
    lines
        (n,) lines in WGS 84 degrees, or None.

    Returns
    -------
    numpy.ndarray
        (n,) metres; 0 for a line of fewer than three vertices. Of a straight way surveyed with a deviation σ of each
        coordinate, a vertex lies aside of the middle of its neighbours by √1.5 σ; the median of these, over 0.6745 as
        of a normal distribution, is not moved by a few corners. A way that bends at every vertex is as rough as one
        surveyed badly: this is what σ is at most, and no estimate of it.
    """
    parts = Lines.of(lines)
    rough = np.zeros(len(lines))
    if not len(parts.owners):
        return rough
    xy, part = parts.xy, parts.part_of_vertex
    inner = np.flatnonzero(part[2:] == part[:-2]) + 1
    chord = xy[inner + 1] - xy[inner - 1]
    length = np.hypot(*chord.T)
    inner, chord, length = inner[length > 0], chord[length > 0], length[length > 0]
    middle = xy[inner] - (xy[inner + 1] + xy[inner - 1]) / 2
    aside = np.abs(chord[:, 0] * middle[:, 1] - chord[:, 1] * middle[:, 0]) / length
    aside /= mercator.scale(parts.lonlat[inner, 1])
    medians = pd.Series(aside).groupby(parts.owners[part[inner]]).median()
    rough[medians.index.to_numpy(dtype=np.intp)] = medians.to_numpy() / (0.6745 * np.sqrt(1.5))
    return rough
