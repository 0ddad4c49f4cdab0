"""Heights that vertices have: what programs write for none is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What stands for no height. Shapefiles take anything below -1e38 (ESRI 1998), rasters that heights are read from
# nines or the ends of a range of integers, none of which is the height of any ground in metres.
_NONE = np.array(
    [-999, -9999, -99999, -999999, 9999, 99999, 999999, -32768, -32767, 32767, -2147483648, 2147483647],
    dtype=np.float64,
)
_NEVER = 1e20
_POINTS = (0, 4)


def known(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """
    Keep the heights that say something.

    Parameters
    ----------
    geometry
        (n,) geometries as their file has them, any CRS; heights in the file's unit. None where there is none.

    Returns
    -------
    numpy.ndarray
        (n,) geometries. A vertex whose height stands for none has NaN; a geometry without any height is flat, and so
        is one, other than a point, whose heights are all 0: programs write 0 for ground that nobody measured.
        Measures (M) are left out: none is a height, and who sets coordinates anew would lose the heights with them.
    """
    geometry = _unmeasured(geometry)
    deep = np.flatnonzero(shapely.has_z(geometry))
    if not len(deep):
        return geometry
    xyz, owners = shapely.get_coordinates(geometry[deep], include_z=True, return_index=True)
    height = xyz[:, 2]
    none = ~(np.abs(height) < _NEVER) | np.isin(height, _NONE)
    points = np.isin(shapely.get_type_id(geometry[deep]), _POINTS)
    said = ~none & ((height != 0) | points[owners])
    heighted = np.bincount(owners[said], minlength=len(deep)) > 0
    if heighted.all() and not none.any():
        return geometry
    kept = geometry.copy()
    kept[deep[~heighted]] = shapely.force_2d(geometry[deep[~heighted]])
    broken = heighted & (np.bincount(owners[none], minlength=len(deep)) > 0)
    if broken.any():
        height[none] = np.nan
        # A copy, as coordinates are set in place.
        kept[deep[broken]] = shapely.set_coordinates(geometry[deep[broken]].copy(), xyz[broken[owners]])
    return kept


def _unmeasured(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Leave out M."""
    measured = shapely.has_m(geometry)
    if not measured.any():
        return geometry
    deep = shapely.has_z(geometry)
    plain = geometry.copy()
    plain[measured & ~deep] = shapely.force_2d(geometry[measured & ~deep])
    # `force_3d` would put 0 for the heights.
    plain[measured & deep] = shapely.from_wkb(shapely.to_wkb(geometry[measured & deep], output_dimension=3))
    return plain
