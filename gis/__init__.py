"""
fibre-gis: measure, check, reconcile and map surveys of optical fibre networks.

Each command of ``fibre`` is one of these functions and prints what it returns. They are imported when first used, so
that ``import gis`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gis.version import __version__

if TYPE_CHECKING:
    from gis import lengths
    from gis.api import (
        check,
        explain,
        fix,
        init,
        inspect,
        map,  # noqa: A004 - the name of the command
        measure,
        read,
        reconcile,
        run,
        save_map,
        trace,
    )
    from gis.errors import FibreError
    from gis.inventory import Inventory
    from gis.isolation import isolated

__all__ = [
    "FibreError",
    "Inventory",
    "__version__",
    "check",
    "explain",
    "fix",
    "init",
    "inspect",
    "isolated",
    "lengths",
    "map",
    "measure",
    "read",
    "reconcile",
    "run",
    "save_map",
    "trace",
]

_HOMES = {"FibreError": "gis.errors", "Inventory": "gis.inventory", "isolated": "gis.isolation"}


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first asked for."""
    if name == "lengths":
        return import_module("gis.lengths")
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "gis.api")), name)
    raise AttributeError(f"module 'gis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
