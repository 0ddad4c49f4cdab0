"""Results that are a table and what is to be known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Table = TypeVar("Table")


class Tabled(Generic[Table]):
    """
    A result with a table.

    In a notebook, and wherever a table is worked with, it is used like its table: columns, rows, attributes and methods
    are the table's, and what they give is a plain table. What the class has besides stays with the result itself; the
    ``attrs`` of pandas get lost on the way.

    Attributes
    ----------
    table
        The table itself, for functions that ask for one by its type.
    """

    table: Table

    def __getattr__(self, name: str) -> Any:
        """Give an attribute or a column of the table."""
        if name.startswith("__") or name == "table":  # copying asks before there is a table
            raise AttributeError(name)
        return getattr(self.table, name)

    def __getitem__(self, key: Any) -> Any:
        """Give columns or rows of the table."""
        return self.table[key]  # type: ignore[index]

    def __len__(self) -> int:
        return len(self.table)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        """Go through the names of the columns, as pandas does."""
        return iter(self.table)  # type: ignore[call-overload,no-any-return]

    def __contains__(self, name: object) -> bool:
        return name in self.table  # type: ignore[operator]

    def __repr__(self) -> str:
        return repr(self.table)
