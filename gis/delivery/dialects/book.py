"""The dialects as their files say them: which layers a program writes, and what is what in them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gis.schema import SCHEMAS, LayerName, Schema

# What a layer of a program may be beside one of ours: a table that others are joined with or that nothing is read of,
# and what the program keeps for itself.
Role = LayerName | Literal["list", "nothing"]


class _Entry(BaseModel):
    """A table of a dialect's file: unknown keys and loose types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Join(_Entry):
    """
    A table whose columns belong to the rows of a layer.

    Attributes
    ----------
    table
        The layer, by a name of its entry.
    on
        The column of the layer that names its row.
    key
        The column of the table that is named.
    each
        Whether every row of the layer should have one.
    geometry
        Whether the layer takes its places from there.
    """

    table: str
    on: str
    key: str
    each: bool = True
    geometry: bool = False


class Reference(_Entry):
    """
    A column that names another feature in another way than by its id.

    Attributes
    ----------
    column
        The canonical column that it fills.
    layers
        The layers that are looked in, by a name of their entries; none where the row itself names the layer.
    by
        The columns there that may hold what is named, the first one first.
    of
        The column of the row that holds it.
    layer
        The column of the row that names the layer, and `of` the record in it.
    nothing
        Values that name no feature.
    """

    column: str
    of: str
    layers: list[str] = Field(default_factory=list)
    by: list[str] = Field(default_factory=list)
    layer: str = ""
    nothing: list[str] = Field(default_factory=list)


class LayerEntry(_Entry):
    """
    One layer that a program writes.

    Attributes
    ----------
    goes_into
        The canonical layer; ``"list"`` for a table that is none, ``"nothing"`` for what the program keeps for itself.
    names
        What it is called; case, spaces and underscores do not count, and a star at the end stands for any rest.
    told_by
        Columns that tell it, all of them; of ``a|b`` one is enough.
    columns
        Canonical column to theirs; of several the first that holds a value counts, row by row.
    values
        Canonical column to a table of their value to ours; nothing for a value that is none of ours and no fault.
    set
        The same value for every feature.
    without
        Required columns that the program does not keep.
    further
        Columns that are none of ours, whatever they are called.
    joins, references
        What belongs to its rows, and what they name.
    """

    goes_into: Role
    names: list[str] = Field(default_factory=list)
    told_by: list[str] = Field(default_factory=list)
    columns: dict[str, str | list[str]] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    set: dict[str, str] = Field(default_factory=dict)
    without: list[str] = Field(default_factory=list)
    further: list[str] = Field(default_factory=list)
    joins: list[Join] = Field(default_factory=list)
    references: list[Reference] = Field(default_factory=list)

    @property
    def canonical(self) -> Schema | None:
        """The canonical layer that it goes into; None for a list and what the program keeps for itself."""
        return next((schema for name, schema in SCHEMAS.items() if name == self.goes_into), None)

    def theirs(self, column: str) -> list[str]:
        """
        Give the program's names of a column of ours.

        Parameters
        ----------
        column
            A canonical column.

        Returns
        -------
        list of str
            The names, the first one first; none where the program has no such column.
        """
        named = self.columns.get(column, [])
        return [named] if isinstance(named, str) else named

    @model_validator(mode="after")
    def _known(self) -> Self:
        if (schema := self.canonical) is not None:
            used = [*self.columns, *self.values, *self.set, *self.without]
            unknown = {*used, *(one.column for one in self.references)} - set(schema.names)
            if unknown:
                raise ValueError(f"{self.names}: {schema.name} have no columns {sorted(unknown)}")
            for column, table in self.values.items():
                codes = {*schema[column].codes, ""}
                if wrong := set(table.values()) - codes:
                    raise ValueError(f"{self.names}: {column} has no codes {sorted(wrong)}")
        return self


class Dialect(_Entry):
    """
    What one program writes.

    Attributes
    ----------
    title
        What the program is called.
    version
        The version whose layers these are.
    layers
        Its layers.
    key
        What it is called in a project file: the name of its file.
    """

    title: str
    version: str
    layers: list[LayerEntry]
    key: str

    @property
    def shown(self) -> str:
        """Its title and version."""
        return f"{self.title} {self.version}"


@cache
def dialects() -> dict[str, Dialect]:
    """
    Read all dialects.

    Returns
    -------
    dict
        Key to dialect, in alphabetical order.
    """
    folder = files("gis.delivery.dialects")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            key = file.name.removesuffix(".toml")
            data: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            found[key] = Dialect.model_validate({**data, "key": key})
    return found
