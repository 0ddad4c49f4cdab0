"""In which county most of what a check found lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gis.inventory import county_names
from gis.language import Text
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.inventory import Inventory


def most(inventory: Inventory, table: gpd.GeoDataFrame) -> dict[str, Text]:
    """
    Give the county that most findings of each check lie in.

    Parameters
    ----------
    inventory
        The survey.
    table
        Findings, WGS 84. What tells a cause does not count, what it tells does.

    Returns
    -------
    dict
        Code to county; of two with as many the first by name. A check none of whose findings is known to lie in a
        county has none.
    """
    counted = np.asarray((table["cause"] == "") | table["record"].notna(), dtype=bool)
    known = pd.DataFrame({"code": table["code"], "county": _each(inventory, table)})[counted].dropna()
    counts = known.value_counts(sort=False).sort_index().reset_index(name="count")
    english = county_names(inventory)
    return {
        code: Text(english.get(county, county), county, finished=True)
        for code, county in counts.loc[
            counts.groupby("code")["count"].idxmax(), ["code", "county"]
        ].itertuples(index=False)
    }


def _each(inventory: Inventory, table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Give the county of each finding: the one that its feature states, else the one that it lies in, else None."""
    counties = np.full(len(table), None, dtype=object)
    for name in SCHEMAS:
        own = np.flatnonzero((table["layer"] == name) & table["record"].notna())
        stated = inventory.layer(name)["county"]
        if not len(own) or not stated.notna().any():
            continue
        rows = inventory.positions(name, table.iloc[own])
        found = stated.to_numpy(dtype=object)[rows]
        counties[own] = np.where((rows < 0) | pd.isna(found), None, found)
    if inventory.counties is not None:
        places = table[["lon", "lat"]].to_numpy(dtype=float)
        unsaid = np.flatnonzero((counties == None) & np.isfinite(places).all(axis=1))  # noqa: E711 - element by element
        tree = shapely.STRtree(np.asarray(inventory.counties.geometry.array, dtype=object))
        at, county = tree.query(np.asarray(shapely.points(places[unsaid])), predicate="intersects")
        at, first = np.unique(at, return_index=True)
        counties[unsaid[at]] = inventory.counties["name"].to_numpy(dtype=object)[county[first]]
    return counties
