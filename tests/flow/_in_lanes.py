"""A search in lanes in a process of its own, which may kill itself.

`python _in_lanes.py FOLDER EPOCHS`: dies at the end of that epoch, counted over all trials; never
if it is 0.
Prints what every trial came to, as JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from typing import Any

import keras
import numpy as np

import luthier

X = np.random.default_rng(0).random((32, 4)).astype("float32")
Y = (X.sum(axis=1) > 2).astype("int32")
ENDED = itertools.count(1)


class Dies(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if next(ENDED) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)


def build(hp: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="tanh")])
    model.add(keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5)))
    model.add(keras.layers.Dense(2, activation="softmax"))
    rate = hp.Float("rate", 1e-2, 0.3, sampling="log")
    model.compile(keras.optimizers.SGD(rate, momentum=0.8), "sparse_categorical_crossentropy")
    return model


def main() -> None:
    options = {"max_trials": 4, "seed": 5, "lanes": 4, "directory": sys.argv[1]}
    tuner = luthier.RandomSearch(build, "val_loss", **options)
    tuner.search(
        X, Y, validation_data=(X, Y), batch_size=16, epochs=3, verbose=0, callbacks=[Dies()]
    )
    trials = tuner.oracle.study.history().trials
    facts = {
        trial.number: {
            "values": dict(trial.values),
            "measured": [(m.step, dict(m.metrics)) for m in trial.measurements],
            "ran": trial.info["ran"],
            "resumed": trial.info.get("resumed_from_epoch", 0),
        }
        for trial in trials
    }
    best = tuner.get_best_models()[0].predict(X, verbose=0).tolist()
    print(json.dumps({"trials": facts, "best": best}), flush=True)


if __name__ == "__main__":
    main()
