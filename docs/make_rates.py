"""
Count how often each check finds something on surveys, for the table in the book of checks.

Each survey is given as ``NAME=FILE FILE …``, its name in English and Persian parted by a bar; each file, or project, is
read by itself, and the name stands for all of them. Without any, the bundled plan and samples are counted anew and the
others stay as they are. From the repository::

    python docs/make_rates.py "A network|یک شبکه=network.json" "Two|دو شبکه=a.gpkg b.gpkg"
    python -m gis.checks.book
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import gis
from gis.checks.rates import Rates, published, write
from gis.errors import SourceError
from gis.language import Text

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ROOT / "layers"
BUNDLED = {
    Text.literal("Bundled plan", "نقشهٔ همراه"): [LAYERS / "isfahan.toml"],
    Text.literal("Bundled samples", "نمونه‌های همراه"): sorted((LAYERS / "samples").glob("[0-9]*")),
}


def counted(name: Text, paths: list[Path]) -> Rates:
    """Check surveys and count what is found on all of them together."""
    routes = severe = 0
    found: Counter[str] = Counter()
    of_causes: Counter[str] = Counter()
    for path in paths:
        try:
            survey = gis.read(path)
        except SourceError as error:
            # What is refused is told once, under its code, and has no routes.
            found[error.code] += 1
            severe += 1
            continue
        findings = gis.check(survey)
        if findings.failed:
            raise SystemExit(f"{path.name}: {findings.failed}")
        told = findings.table[~findings.single]
        routes += len(survey.routes)
        severe += int(told["severity"].isin(["error", "warning"]).sum())
        # A check that ran and found nothing is there with 0.
        found.update({**dict.fromkeys(findings.ran, 0), **told["code"].value_counts().to_dict()})
        of_causes.update(findings.table["code"][findings.single].value_counts().to_dict())
    return Rates(name, routes, severe, dict(sorted(found.items())), dict(sorted(of_causes.items())))


def bundled() -> list[Rates]:
    """Count what is found on the bundled plan and samples."""
    return [counted(name, paths) for name, paths in BUNDLED.items()]


def main(arguments: list[str]) -> str:
    """Give the rates of the bundled surveys and of those that are named, or of the others that were counted before."""
    own = {name.en for name in BUNDLED}
    others = [one for one in published() if one.name.en not in own]
    if arguments:
        others = []
        for argument in arguments:
            name, _, paths = argument.partition("=")
            en, _, fa = name.partition("|")
            others.append(counted(Text.literal(en, fa or None), [Path(path) for path in paths.split()]))
    return write([*bundled(), *others])


if __name__ == "__main__":
    (ROOT / "gis" / "checks" / "rates.toml").write_text(main(sys.argv[1:]), "utf-8")
