"""Raw layers: what a file holds, as it stands there, before anything is made of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from gis.inventory import Curves, LeftOut, Note


@dataclass(frozen=True, slots=True)
class Undecoded:
    """
    Text whose encoding the file does not tell, or tells wrongly, kept byte for byte.

    Each character of the columns (and of their names) is one byte of the file: the text is decoded as Latin-1
    (ISO 8859-1), which loses nothing, so that ``value.encode("latin-1")`` gives the bytes back.

    Attributes
    ----------
    columns
        The columns that hold such text.
    names
        The column names that are such text themselves.
    declared
        The encoding that the file declares but is not in; empty where it declares none.
    language_byte
        Byte 29 of a DBF header (the language driver); 0 where there is none.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...] = ()
    declared: str = ""
    language_byte: int = 0


@dataclass(frozen=True, eq=False)
class RawLayer:
    """
    One layer of a delivery, as its file holds it.

    Attributes
    ----------
    path
        The file as people know it: ``survey.zip/routes.shp`` for a member of an archive.
    layer
        The layer's name in the file.
    driver
        The format's name (``"ESRI Shapefile"``, ``"GPKG"``, ``"OFDS"``, ``"XLSX"`` …).
    crs
        The coordinate reference system that the file declares, or None.
    encoding
        The encoding that its text was read in; empty where the format has but one, or while `undecoded`.
    frame
        The columns under their own names and ``geometry`` (None where a record has none), with a RangeIndex and no
        CRS: coordinates are as they stand in the file, x before y. Dates are ISO text where the file has a date type.
    records
        (n,) the number by which each row is found in the file: the record from 1, the fid of a GeoPackage, the line
        of a CSV, the row of a spreadsheet (of a route's first point).
    notes
        What the reading found: `Note.layer` is the layer's path and name, `Note.feature` the record number.
    undecoded
        Which text is still to be decoded, or None.
    delivery
        The file, folder or address that was asked for, as it was given: for reading it again, not to be shown.
    left_out
        What the reading passed over; of an archive's members it stands with the delivery's first layer.
    brought
        Whether the reader brought rows of several systems to that of `crs`, or parted them by theirs: no other one
        can be told of the numbers.
    curves
        Which vertices of rows with arcs the reading put in (`gis.inventory.Curves.of_rows`); None where all are the
        file's own.
    unit_m
        The unit in metres that the file declares its coordinates to be in, where the reader brought them to metres.
    ticket
        The number under which a worker handed the geometry on while it was read; None where it is in `frame`.
    """

    path: str
    layer: str
    driver: str
    crs: pyproj.CRS | None
    encoding: str
    frame: gpd.GeoDataFrame
    records: NDArray[np.int64]
    notes: tuple[Note, ...] = ()
    undecoded: Undecoded | None = None
    left_out: tuple[LeftOut, ...] = ()
    delivery: str = ""
    brought: bool = False
    curves: Curves | None = None
    unit_m: float = 1.0
    ticket: int | None = None

    @property
    def title(self) -> str:
        """The path, with the layer's name where the file's own name does not say it."""
        return title(self.path, self.layer)

    @property
    def types(self) -> set[str]:
        """The types of its geometries, as Shapely names them."""
        geometry = self.frame.geometry
        _, first = np.unique(shapely.get_type_id(geometry.to_numpy()), return_index=True)
        return set(geometry.iloc[first].geom_type.dropna())

    @property
    def table(self) -> pd.DataFrame:
        """Its columns without the geometry."""
        return pd.DataFrame(self.frame.drop(columns=self.frame.geometry.name))

    def decode(self, encoding: str, errors: str = "replace") -> RawLayer:
        """
        Decode the text that is not decoded yet.

        Parameters
        ----------
        encoding
            A codec of Python that is right for the bytes.
        errors
            As for `bytes.decode`; ``"replace"`` makes U+FFFD of bytes that the encoding does not have.

        Returns
        -------
        RawLayer
            The layer with its text.

        Raises
        ------
        UnicodeDecodeError
            Where bytes do not fit the encoding and `errors` is ``"strict"``.
        """
        if self.undecoded is None:
            return self
        frame = self.frame.copy()
        for column in self.undecoded.columns:
            frame[column] = decode_values(frame[column], encoding, errors)
        names = {name: _decode(name, encoding, errors) for name in self.undecoded.names}
        frame = frame.rename(columns=distinct(names, frame.columns))
        return replace(self, frame=frame, encoding=encoding, undecoded=None)


def title(path: str, layer: str) -> str:
    """
    Name a layer for people.

    Parameters
    ----------
    path
        The file.
    layer
        The layer in it.

    Returns
    -------
    str
        The path alone where the layer is named like the file, else ``path:layer``.
    """
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return path if layer in {"", stem} else f"{path}:{layer}"


def is_string(values: pd.Series[Any]) -> bool:
    """
    Tell whether a column holds text.

    Parameters
    ----------
    values
        (n,) any values.

    Returns
    -------
    bool
        True where all that is there is text.
    """
    return bool(pd.api.types.is_string_dtype(values.dropna()))


def beyond_ascii(values: pd.Series[Any]) -> bool:
    """
    Tell whether a column of text holds any character that encodings differ about.

    Parameters
    ----------
    values
        (n,) text.

    Returns
    -------
    bool
        True where any value is not ASCII.
    """
    return not all(str(value).isascii() for value in values.dropna().unique())


def undecoded(
    frame: pd.DataFrame, *, declared: str = "", language_byte: int = 0, names: bool = True
) -> Undecoded | None:
    """
    Tell what text of a frame that was read as Latin-1 is still to be decoded.

    Parameters
    ----------
    frame
        Columns of text as `Undecoded` describes.
    declared, language_byte
        As there.
    names
        Whether the columns' names were read so too.

    Returns
    -------
    Undecoded or None
        None where all is ASCII.
    """
    texts = [
        str(c) for c in frame.columns if c != "geometry" and is_string(frame[c]) and beyond_ascii(frame[c])
    ]
    headings = [str(c) for c in frame.columns if names and not str(c).isascii()]
    return Undecoded(tuple(texts), tuple(headings), declared, language_byte) if texts or headings else None


def decode_values(values: pd.Series[Any], encoding: str, errors: str = "strict") -> pd.Series[Any]:
    """
    Decode text that is kept as Latin-1, once for equal values.

    A value that a field's width cut within a character loses the rest of that character.

    Parameters
    ----------
    values
        (n,) text as `Undecoded` describes, with missing values.
    encoding
        A codec of Python.
    errors
        As for `bytes.decode`.

    Returns
    -------
    pandas.Series
        (n,) the text.

    Raises
    ------
    UnicodeDecodeError
        Where bytes do not fit the encoding and `errors` is ``"strict"``.
    """
    codes, uniques = pd.factorize(values)
    decoded = np.array([*(_decode(value, encoding, errors) for value in uniques), None], dtype=object)
    return pd.Series(decoded[codes], index=values.index, name=values.name, dtype="str")


def _decode(value: str, encoding: str, errors: str) -> str:
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError:  # written as an escape, such as a drawing's: it is decoded
        return value
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # A DBF field ends where its width ends, be that in the middle of a character.
        if error.reason == "unexpected end of data" and len(data) - error.start < 4:  # noqa: PLR2004 - UTF-8
            return data[: error.start].decode(encoding)
        return data.decode(encoding, errors)


def distinct(names: dict[str, str], taken: Sequence[str] | pd.Index[Any]) -> dict[str, str]:
    """
    Keep new names of columns apart from each other and from the rest.

    Parameters
    ----------
    names
        Old name to the wanted new one.
    taken
        All present names.

    Returns
    -------
    dict of str to str
        Old name to a new one that no other column has.
    """
    used = {str(name) for name in taken} - set(names)
    result: dict[str, str] = {}
    for old, wanted in names.items():
        name, n = wanted, 2
        while name in used:
            name, n = f"{wanted}_{n}", n + 1
        used.add(name)
        result[old] = name
    return result


def stage(source: Path, target: Path) -> Path:
    """
    Make a file known under another path in a private folder, without copying it where the system allows that.

    Parameters
    ----------
    source
        A file or folder.
    target
        A path in a folder that no one else uses.

    Returns
    -------
    pathlib.Path
        `target`.
    """
    try:
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
    except (OSError, NotImplementedError):  # Windows, without the right to make links
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
    return target
