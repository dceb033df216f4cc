"""What `get_best_models` takes, beside building and loading the same models by hand.

    python benchmarks/best_models.py [--models 10] [--rounds 5]

CPU seconds of both in one process, in turn; the bar is a ratio of 1.2. KERAS_BACKEND chooses the
backend.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

import luthier

X = np.random.default_rng(0).normal(size=(64, 16)).astype("float32")


def build(hp: luthier.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((16,))])
    for layer in range(4):
        model.add(keras.layers.Dense(hp.Int(f"units_{layer}", 16, 64), activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile("adam", "mse", run_eagerly=True)
    return model


def by_hand(tuner: luthier.RandomSearch, count: int) -> list[keras.Model]:
    models = []
    for trial in tuner.oracle.get_best_trials(count):
        model = build(trial.hyperparameters)
        model.load_weights(Path(tuner.get_trial_dir(trial.trial_id)) / "checkpoint.weights.h5")
        models.append(model)
    return models


def seconds(make: object, *arguments: object) -> float:
    began = time.process_time()
    make(*arguments)  # type: ignore[operator]
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tuner = luthier.RandomSearch(
            build, "val_loss", max_trials=options.models, seed=0, directory=folder
        )
        tuner.search(X, X[:, :1], validation_data=(X, X[:, :1]), batch_size=64, verbose=0)
        ours, theirs = [], []
        for _ in range(options.rounds):
            theirs.append(seconds(by_hand, tuner, options.models))
            ours.append(seconds(tuner.get_best_models, options.models))
    hand, best = statistics.median(theirs), statistics.median(ours)
    print(f"{keras.backend.backend()}, {options.models} models, median of {options.rounds} rounds")
    print(f"  by hand            {hand:6.3f} s CPU")
    print(f"  get_best_models    {best:6.3f} s CPU")
    print(f"  ratio              {best / hand:6.2f}   (bar: 1.20)")


if __name__ == "__main__":
    main()
