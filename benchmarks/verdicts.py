"""How often a verdict wrongs an honest survey, and how often it passes a false record: 10 000 random plans."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.honesty import simulate

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    done = simulate(arguments.plans, arguments.seed)
    print(f"{arguments.plans} plans     agrees  undecided  differs")
    for which in ("honest", "false"):
        print(
            f"{which:<12}",
            *(f"{done.share(which, said):9.2%}" for said in ("agrees", "undecided", "differs")),
        )
