"""Which outputs are of one run: ``report.json`` names the files beside it and what they hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

from gis.publish import files

REPORT = "report.json"
# The names and digests stand at its beginning.
_HEAD = 16 * 1024
_FILES = re.compile(rb'\A\{\s*"version": 1,\s*"files": (\{[^{}]*\})')


def torn(folder: Path) -> list[str]:
    """
    Tell which files of a folder are not of the run that its ``report.json`` is of.

    Parameters
    ----------
    folder
        What ``fibre run`` left, or any other folder.

    Returns
    -------
    list of str
        Names of files that another run wrote, or that somebody changed or took away: none where all belong together,
        or where there is no report that says so.
    """
    report = folder / REPORT
    if not report.is_file():
        return []
    try:
        with report.open("rb") as stream:
            named = _FILES.match(stream.read(_HEAD))
        digests = json.loads(named[1]) if named else {}
    except (OSError, ValueError):
        return []
    return [name for name, digest in digests.items() if not _is(folder / Path(name).name, digest)]


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and files.digest(path) == digest
