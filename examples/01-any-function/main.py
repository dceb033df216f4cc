"""Tune any Python function.

The function asks `hp` for values where it needs them and returns a number. The study is kept in a
file: interrupt the search and start it again, and it goes on where it was.
"""

from __future__ import annotations

import argparse
import math

import luthier


def cost(hp: luthier.HyperParameters) -> float:
    """A bumpy valley; its lowest point, 0, lies at x = 0.3 with the shape "round"."""
    x = hp.Float("x", -2.0, 2.0)
    shape = hp.Choice("shape", ["round", "sharp"])
    distance = abs(x - 0.3)
    valley = distance**2 if shape == "round" else 0.5 + distance
    return valley + 0.1 * math.sin(8.0 * distance) ** 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=40)
    given = parser.parse_args()
    results = luthier.tune(cost, "min", given.trials, seed=0, storage="results/valley.sqlite")
    best = results.best
    if best is not None:
        print(f"trial {best.number}: cost {best.score:.4f} with {dict(best.values)}")


if __name__ == "__main__":
    main()
