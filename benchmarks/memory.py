"""Memory over a search: resident megabytes while 200 small Keras models are tuned.

    KERAS_BACKEND=jax python benchmarks/memory.py [--trials 200] [--peer]

`--peer` runs keras-tuner instead of Luthier, in an interpreter that has it. The growth is counted
from trial 20 on: by then every library has loaded what it ever will.
"""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def resident() -> float:
    """Megabytes in memory now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--peer", action="store_true")
    arguments = parser.parse_args()

    tuners = importlib.import_module("keras_tuner" if arguments.peer else "luthier")
    import keras
    import numpy as np

    x = np.random.default_rng(0).random((64, 8)).astype("float32")
    y = x.sum(axis=1, keepdims=True)

    def build(hp):
        model = keras.Sequential(
            [
                keras.layers.Input((8,)),
                keras.layers.Dense(hp.Int("units", 4, 64), activation="relu"),
                keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5)),
                keras.layers.Dense(1),
            ]
        )
        model.compile("adam", "mse")
        return model

    marks: list[float] = []

    class Watched(tuners.RandomSearch):
        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            marks.append(resident())

    with tempfile.TemporaryDirectory() as folder:
        tuner = Watched(
            build, "val_loss", max_trials=arguments.trials, seed=1, directory=folder, overwrite=True
        )
        tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    name = "keras-tuner" if arguments.peer else "luthier"
    steps = " ".join(f"{marks[i]:.0f}" for i in range(19, len(marks), max(1, len(marks) // 10)))
    growth = marks[-1] - marks[19]
    print(
        f"{name} {keras.backend.backend()}: {len(marks)} trials, {growth:+.1f} MB after trial 20, "
        f"{growth / (len(marks) - 20):+.2f} MB a trial; MB: {steps}"
    )


if __name__ == "__main__":
    main()
