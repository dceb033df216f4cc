"""A search with a training loop by hand, in a process of its own, for a test that kills it.

`python _own_loop.py FOLDER SECONDS`: seconds that an epoch takes at least.
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import luthier

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class Search(luthier.HyperModel):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def build(self, hp):
        layers = [keras.layers.Dense(4), keras.layers.Dropout(0.3, seed=1), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((3,)), *layers])

    def fit(self, hp, model, x, y, callbacks, **options):
        rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
        step = luthier.Step(model, "mse", keras.optimizers.Adam(rate), run_eagerly=True)
        slow = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: time.sleep(self.seconds)
        )
        loop = luthier.Loop(step, epochs=4, batch_size=16)
        data = {"validation_data": (x, y), "callbacks": [*callbacks, slow]}
        return loop.fit(x, y, **data, **options)


def search(folder: str, seconds: float) -> tuple[list[object], list[object]]:
    """What the trials came to, and from which epochs they went on."""
    tuner = luthier.RandomSearch(
        Search(seconds), "val_loss", max_trials=3, seed=1, directory=folder
    )
    tuner.search(X, Y, verbose=0)
    facts: list[object] = []
    for trial in tuner.results.trials:
        losses = {(m.step, round(m.metrics["val_loss"], 4)) for m in trial.measurements}
        facts.append((trial.number, trial.state, dict(trial.values), sorted(losses)))
    return facts, [trial.info.get("resumed_from_epoch") for trial in tuner.results.trials]


if __name__ == "__main__":
    search(sys.argv[1], float(sys.argv[2]))
