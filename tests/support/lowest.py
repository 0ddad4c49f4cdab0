"""
The lowest versions that ``pyproject.toml`` allows, as constraints for pip: ``python tests/support/lowest.py``.

What the package needs to run is taken at its lower bound, the tools of the tests as ``constraints.txt`` pins them.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# What runs at a user's: the package itself and the extras that it imports.
EXTRAS = ("tiles", "postgis", "7z", "dwg")


def bounds(pyproject: Path) -> dict[str, str]:
    """Give the lower bound of each run-time requirement by its name."""
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in EXTRAS:
        lines += project["optional-dependencies"][extra]
    lowest = {}
    for requirement in map(Requirement, lines):
        versions = [one.version for one in requirement.specifier if one.operator in {">=", "=="}]
        if len(versions) != 1:
            raise SystemExit(f"{pyproject}: {requirement} names no lower bound")
        lowest[canonicalize_name(requirement.name)] = versions[0]
    return lowest


def constraints(pyproject: Path, pinned: Path) -> list[str]:
    """Give a line a package: the lower bounds, and the tools of the tests as they are pinned."""
    lowest = bounds(pyproject)
    extra = tomllib.loads(pyproject.read_text("utf-8"))["project"]["optional-dependencies"]["test"]
    tools = {canonicalize_name(Requirement(line).name) for line in extra} - set(lowest)
    # What these bring with them is left to pip: pins of today do not go with libraries of then.
    lines = pinned.read_text("utf-8").splitlines()
    kept = [line for line in lines if canonicalize_name(Requirement(line).name) in tools]
    return [*(f"{name}=={version}" for name, version in lowest.items()), *kept]


if __name__ == "__main__":
    sys.stdout.write("\n".join(constraints(ROOT / "pyproject.toml", ROOT / "constraints.txt")) + "\n")
