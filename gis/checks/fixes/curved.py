"""Which vertices of a changed route were surveyed, and which lie along its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis.checks.evidence.returns import REPEATED_M
from gis.coordinates import mercator
from gis.inventory import Curves, vertex_counts
from gis.schema import PUT_IN, SURVEYED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gis.checks.fixes.change import Change
    from gis.inventory import Inventory

    Roles = NDArray[np.uint8]


def followed(inventory: Inventory, changes: Sequence[Change]) -> Curves | None:
    """
    Give the curves of a survey as changes leave them.

    Parameters
    ----------
    inventory
        The survey before them.
    changes
        The changes; no two on one feature's geometry.

    Returns
    -------
    Curves or None
        A vertex keeps what it is wherever it goes: those of a line that has as many as before by their order, those
        of one that has lost some, or was joined with another, by their places. What is new was surveyed.
    """
    curves = inventory.curves
    if curves is None:
        return None
    geometries = inventory.routes.geometry.to_numpy()
    counts = vertex_counts(geometries)
    places = inventory.positions("routes", curves.features).tolist()
    own = {row: which for which, row in enumerate(places) if row >= 0}
    became: dict[int, Roles] = {}
    for change in changes:
        others = [] if change.absorbed in (None, change.row) else [change.absorbed]
        rows = [row for row in (change.row, *others) if row is not None]
        if change.layer != "routes" or change.geometry is None or not own.keys() & set(rows):
            continue
        before = [_roles(curves, own.get(row), counts[row]) for row in rows]
        if others or vertex_counts(np.array([change.geometry], dtype=object))[0] != counts[change.row]:
            became[change.row] = _by_place(geometries[rows], np.concatenate(before), change.geometry)
    if not became:
        return curves
    kept = np.array([row not in became for row in places])
    new = [row for row, roles in sorted(became.items()) if (roles != SURVEYED).any()]
    sizes = np.diff(curves.offsets)
    all_sizes = [*sizes[kept].tolist(), *(len(became[row]) for row in new)]
    if not all_sizes:
        return None
    return Curves(
        pd.concat([curves.features[kept], inventory.origins("routes").iloc[new]], ignore_index=True),
        np.concatenate([[0], np.cumsum(all_sizes)]).astype(np.intp),
        np.concatenate([curves.roles[np.repeat(kept, sizes)], *(became[row] for row in new)]),
    )


def _roles(curves: Curves, which: int | None, count: int) -> Roles:
    """Give the roles of a route; one without curves, or of other vertices than were read, is surveyed."""
    if which is not None and len(roles := curves.of(which)) == count:
        return roles
    return np.full(count, SURVEYED, dtype=np.uint8)


def _by_place(before: NDArray[np.object_], roles: Roles, after: Any) -> Roles:
    """Give the roles of a line's vertices by those of the lines that it was made of."""
    old, new = shapely.get_coordinates(before), shapely.get_coordinates(after)
    stood = pd.DataFrame({"x": old[:, 0], "y": old[:, 1], "role": roles})
    # Where several were in one place, one of them was surveyed if any was.
    least = stood.groupby(["x", "y"], as_index=False)["role"].min()
    found = pd.DataFrame({"x": new[:, 0], "y": new[:, 1]}).merge(least, how="left", on=["x", "y"])["role"]
    result = np.array(found.fillna(SURVEYED), dtype=np.uint8)
    # A surveyed vertex that went as a repetition of one that was put in is that one now.
    went = stood[stood["role"] != PUT_IN].merge(
        pd.DataFrame({"x": new[:, 0], "y": new[:, 1]}).drop_duplicates(), how="left", indicator=True
    )
    plane, scale = mercator.project(new), mercator.scale(new[:, 1])
    for x, y, role in went.loc[went["_merge"] == "left_only", ["x", "y", "role"]].itertuples(index=False):
        away = np.hypot(*(plane - mercator.project(np.array([[x, y]]))).T) / scale
        nearest = int(np.argmin(away))
        if away[nearest] <= 2 * REPEATED_M and result[nearest] == PUT_IN:
            result[nearest] = role
    return result
