"""What a trial of `SklearnTuner` costs beside its estimator: one that does nothing, five folds.

    python benchmarks/folds.py [--trials 500]

CPU milliseconds a trial, each fold's score written to the SQLite file; the bar is 2.
"""

from __future__ import annotations

import argparse
import tempfile
import time

import numpy as np

import luthier


class Nothing:
    def fit(self, X: object, y: object) -> Nothing:
        return self

    def score(self, X: object, y: object) -> float:
        return 0.5


def build(hp: luthier.HyperParameters) -> Nothing:
    hp.Float("alpha", 1e-3, 1.0, sampling="log")
    hp.Int("depth", 1, 1000)
    hp.Choice("kind", ["a", "b", "c"])
    return Nothing()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    options = parser.parse_args()
    x, y = np.random.default_rng(0).random((50, 3)), np.arange(50)
    with tempfile.TemporaryDirectory() as folder:
        oracle = luthier.oracles.RandomSearchOracle(
            luthier.Objective("score", "max"), max_trials=options.trials, seed=0
        )
        oracle.verbose = 0
        tuner = luthier.SklearnTuner(oracle, build, directory=folder)
        began = time.process_time()
        tuner.search(x, y)
        spent = time.process_time() - began
        assert len(oracle.trials) == options.trials
    print(f"{1e3 * spent / options.trials:.2f} ms CPU a trial of five folds   (bar: 2)")


if __name__ == "__main__":
    main()
