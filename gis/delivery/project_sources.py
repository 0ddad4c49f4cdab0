"""What a project file names: the layer of a source, a coordinate system, the area, the counties."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gis import address
from gis.coordinates.reading import Reading
from gis.delivery import worker
from gis.delivery.decoding import decoded
from gis.errors import ProjectError
from gis.language import Text
from gis.schema import CRS, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gis.delivery.files.layer import RawLayer
    from gis.project import LayerSource, Project

    Positions = NDArray[np.float64]

_WGS84 = 4326


def layer(project: Project, entry: LayerSource) -> RawLayer:
    """
    Open the one layer that an entry of the project file means.

    Parameters
    ----------
    project
        The project.
    entry
        A source, with the layer's name where the source holds several.

    Returns
    -------
    RawLayer
        The layer as it stands in its file.

    Raises
    ------
    FibreError
        The file cannot be read, or holds several layers and none is named.
    """
    layers = worker.open_delivery(
        _found(project, entry.source),
        layer=entry.layer,
        encoding=entry.encoding,
        name=_called(project, entry.source),
    )
    return _only(layers, entry.source, project)


def files(project: Project) -> list[Path]:
    """
    Tell which files a project names.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of pathlib.Path
        Those of its layers, its area and its counties; addresses of databases are none.
    """
    layers = [entry.source for name in SCHEMAS for entry in getattr(project.layers, name)]
    others = [entry.source for entry in (project.area, project.counties) if entry is not None]
    return [project.resolve(source) for source in (*layers, *others) if not address.is_address(source)]


def _found(project: Project, source: str) -> str | Path:
    """Find a file that the project names; the address of a database stays as it is."""
    return source if address.is_address(source) else project.resolve(source)


def _called(project: Project, source: str) -> str:
    """Name a file as seen from the project file; where there is no way between, by its own name."""
    if address.is_address(source) or project.path is None:
        return source
    try:
        return Path(os.path.relpath(project.resolve(source), project.path.parent)).as_posix()
    except ValueError:
        return Path(source).name


def _only(layers: list[RawLayer], source: str, project: Project) -> RawLayer:
    """Give the one layer of a project's source; several must be told apart in the project file."""
    if len(layers) > 1:
        raise ProjectError(
            Text(
                "{path}: {source} holds several layers: {names}; name one with layer = …",
                "{path}: {source} چند لایه دارد: {names}؛ یکی را با layer = … نام ببرید",
            ),
            path=project.path,
            source=address.masked(source),
            names=", ".join(raw.layer for raw in layers),
        )
    return layers[0]


def system(crs: str | None, project: Project | None) -> pyproj.CRS | None:
    """
    Read a coordinate system that the project file or the command line gives.

    Parameters
    ----------
    crs
        As pyproj takes it; None where none is given.
    project
        The project; None for the command line.

    Returns
    -------
    pyproj.CRS or None
        The system.

    Raises
    ------
    ProjectError
        It is none.
    """
    if crs is None:
        return None
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise ProjectError(
            Text(
                "{where}: crs {crs} is no coordinate reference system; for example EPSG:32639",
                "{where}: crs {crs} دستگاه مختصات نیست؛ برای نمونه EPSG:32639",
            ),
            where=(project.path if project else None) or "--crs",
            crs=repr(crs),
        ) from None


def placed(geometry: NDArray[np.object_], read: Reading) -> NDArray[np.object_]:
    """
    Bring geometries to WGS 84.

    Parameters
    ----------
    geometry
        (n,) geometries as their file has them.
    read
        How to read their numbers.

    Returns
    -------
    numpy.ndarray
        (n,) geometries in degrees, EPSG:4326; heights stay as they are, and WGS 84 stays to the last bit.
    """
    if read.crs.to_epsg() == _WGS84 and not read.swapped:
        return geometry
    flat, index = shapely.get_coordinates(geometry, include_z=True, return_index=True)
    lonlat = read.lonlat(flat[:, :2])
    has_z = shapely.has_z(geometry)
    placed = geometry.copy()
    if has_z.any():
        placed[has_z] = shapely.set_coordinates(
            geometry[has_z], np.column_stack([lonlat, flat[:, 2]])[has_z[index]]
        )
    placed[~has_z] = shapely.set_coordinates(geometry[~has_z], lonlat[~has_z[index]])
    return placed


def area(project: Project) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    """
    Read the project's area.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    tuple of shapely geometries
        As it is drawn, and widened by its margin, WGS 84; None and None without one.

    Raises
    ------
    FibreError
        Its file cannot be read, or holds no polygons.
    """
    if project.area is None:
        return None, None
    frame = _polygons(project, project.area.source)
    outline = shapely.union_all(frame.geometry.to_numpy())
    return outline, _widened(outline, project.area.margin_km * 1000)


def counties(project: Project) -> gpd.GeoDataFrame | None:
    """
    Read the project's counties.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    geopandas.GeoDataFrame or None
        Columns ``name``, ``name_2`` and so on for further names that the file has, and ``geometry``, WGS 84; None
        without them.

    Raises
    ------
    FibreError
        Their file cannot be read, holds no polygons, or lacks the column of names.
    """
    if project.counties is None:
        return None
    frame = _polygons(project, project.counties.source)
    if project.counties.name not in frame.columns:
        raise ProjectError(
            Text(
                "{path}: counties.name is {name}, and {source} has no such column; it has: {has}",
                "{path}: counties.name برابر {name} است و {source} چنین ستونی ندارد؛ ستون‌هایش: {has}",
            ),
            path=project.path,
            name=project.counties.name,
            source=address.masked(project.counties.source),
            has=", ".join(str(name) for name in frame.columns if name != "geometry"),
        )
    own = project.counties.name
    others = [name for name in frame.columns if name != own and str(name).casefold().startswith("name")]
    names = {"name": frame[own]} | {f"name_{at}": frame[name] for at, name in enumerate(others, start=2)}
    return frame[["geometry"]].assign(**names)[[*names, "geometry"]]


def _polygons(project: Project, source: str) -> gpd.GeoDataFrame:
    """Read polygons that the project file names, WGS 84."""
    raw = decoded(_only(worker.open_delivery(_found(project, source)), source, project))
    geometry = raw.frame.geometry.to_numpy()
    if not len(geometry) or not np.isin(shapely.get_type_id(geometry), (3, 6)).all():
        raise ProjectError(
            Text(
                "{path}: {source} must hold polygons and nothing else",
                "{path}: {source} باید فقط چندضلعی داشته باشد",
            ),
            path=project.path,
            source=address.masked(source),
        )
    if raw.crs is None:
        raise ProjectError(
            Text(
                "{path}: {source} declares no coordinate system; save it as WGS 84",
                "{path}: {source} دستگاه مختصات ندارد؛ آن را در WGS 84 ذخیره کنید",
            ),
            path=project.path,
            source=address.masked(source),
        )
    polygons = shapely.make_valid(placed(geometry, Reading(raw.crs)))
    return gpd.GeoDataFrame(raw.table, geometry=gpd.GeoSeries(polygons, crs=CRS), crs=CRS)


def _widened(outline: BaseGeometry, metres: float) -> BaseGeometry:
    """Widen a polygon by metres on the ground, in the azimuthal equidistant projection about its middle."""
    if metres == 0:
        return outline
    middle = outline.centroid
    local = pyproj.CRS.from_dict({"proj": "aeqd", "lat_0": middle.y, "lon_0": middle.x, "datum": "WGS84"})
    plane = shapely.transform(outline, _between(CRS, local))
    return shapely.transform(plane.buffer(metres), _between(local, CRS))


def _between(one: str | pyproj.CRS, other: str | pyproj.CRS) -> Callable[[Positions], Positions]:
    transformer = pyproj.Transformer.from_crs(one, other, always_xy=True)
    return lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
