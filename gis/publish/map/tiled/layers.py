"""The layers of a tiled map: which level shows which feature first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd

from gis.project import Severity
from gis.publish.map.tiled import levels, store
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis.inventory import Inventory
    from gis.publish.map.places import Placed

_MANHOLES = ("exchange", "manhole", "handhole", "closure", "pole")
_FITTINGS = ("slack", "closure", "break")


@dataclass(frozen=True, eq=False)
class Layer:
    """
    A layer in the order in which the page knows it, and the level from which each feature is drawn.

    Attributes
    ----------
    frame
        The features.
    placed
        Where they are.
    levels
        (n,) the level from which each is drawn on; below 0 where it has no place.
    """

    frame: gpd.GeoDataFrame
    placed: Placed
    levels: NDArray[np.int8]


def routes_layer(frame: gpd.GeoDataFrame, placed: Placed, measured: pd.DataFrame, lowest: int) -> Layer:
    """
    Lay out the routes, the longest first.

    Parameters
    ----------
    frame
        The features, in the order in which the page knows them.
    placed
        Where they are.
    measured
        Their lengths.
    lowest
        The lowest level.

    Returns
    -------
    Layer
        With the level from which each feature is drawn.
    """
    lengths = np.nan_to_num(measured["geodesic_m"].to_numpy(dtype=float, na_value=0.0))
    classes = pd.factorize(texts(frame, "kind") + "|" + texts(frame, "status"))[0]
    return Layer(
        frame,
        placed,
        levels.first_levels(
            placed.anchors, classes, np.argsort(-lengths, kind="stable"), lowest, levels.LINE_SQUARE
        ),
    )


def points_layer(frame: gpd.GeoDataFrame, placed: Placed, symbols: NDArray[np.object_], lowest: int) -> Layer:
    """
    Lay out manholes or fittings, in their order.

    Parameters
    ----------
    frame
        The features, in the order in which the page knows them.
    placed
        Where they are.
    symbols
        (n,) the symbol of each, as `manhole_symbols` and `fitting_symbols` give it.
    lowest
        The lowest level.

    Returns
    -------
    Layer
        With the level from which each feature is drawn.
    """
    classes = pd.factorize(symbols)[0]
    return Layer(
        frame,
        placed,
        levels.first_levels(placed.anchors, classes, np.arange(len(frame)), lowest, levels.POINT_SQUARE),
    )


def findings_layer(findings: gpd.GeoDataFrame, placed: Placed, lowest: int) -> Layer:
    """
    Lay out the findings, in their order.

    Parameters
    ----------
    findings
        The features, in the order in which the page knows them.
    placed
        Where they are.
    lowest
        The lowest level.

    Returns
    -------
    Layer
        With the level from which each feature is drawn.
    """
    classes = pd.factorize(findings["code"])[0]
    return Layer(
        findings,
        placed,
        levels.first_levels(placed.anchors, classes, np.arange(len(findings)), lowest, levels.POINT_SQUARE),
    )


def texts(frame: pd.DataFrame, column: str) -> pd.Series:
    """
    Give a column as texts, none for a missing one.

    Parameters
    ----------
    frame
        The table.
    column
        The column's name.

    Returns
    -------
    pandas.Series
        (n,) texts, empty for missing values.
    """
    return frame[column].astype("object").where(frame[column].notna(), "").astype("str")


def manhole_symbols(manholes: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """
    Give the symbol of each manhole, as the page does.

    Parameters
    ----------
    manholes
        The layer of manholes.

    Returns
    -------
    numpy.ndarray
        (n,) kinds; that of a plain manhole where the kind is missing or unknown.
    """
    kinds = texts(manholes, "kind").to_numpy(dtype=object)
    return np.where(np.isin(kinds, _MANHOLES), kinds, "manhole")


def fitting_symbols(fittings: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """
    Give the symbol of each fitting, as the page does.

    Parameters
    ----------
    fittings
        The layer of fittings.

    Returns
    -------
    numpy.ndarray
        (n,) ``"fitting-"`` and the kind; ``"fitting-unknown"`` where the kind is missing or unknown.
    """
    kinds = texts(fittings, "kind").to_numpy(dtype=object)
    known: NDArray[np.object_] = np.where(np.isin(kinds, _FITTINGS), kinds, "unknown").astype(object)
    return np.array([f"fitting-{kind}" for kind in known], dtype=object)


def rank(findings: gpd.GeoDataFrame) -> NDArray[np.intp]:
    """
    Give the place of each finding's severity, the gravest first.

    Parameters
    ----------
    findings
        As `gis.check` gives them.

    Returns
    -------
    numpy.ndarray
        (n,) 0 for an error, 1 for a warning, 2 for an info.
    """
    return pd.Categorical(findings["severity"], categories=get_args(Severity)).codes.astype(np.intp)


def feature_names(inventory: Inventory, name: str) -> list[str]:
    """
    Give how each feature is called; one without an id by its number.

    Parameters
    ----------
    inventory
        The survey.
    name
        The canonical layer.

    Returns
    -------
    list of str
        A name a feature, in the layer's order.
    """
    schema = SCHEMAS[name]  # type: ignore[index]
    return [store.shortened(str(called)) for called in inventory.names(schema.name)]
