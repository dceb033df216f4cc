"""What a report after every batch costs `fit`, beside the same `fit` without it, in one run.

    KERAS_BACKEND=torch python benchmarks/reports.py [--rounds 15]

A study in SQLite takes the reports, with the scheduler `median`. The two ways alternate; printed
are CPU milliseconds of an epoch (the least of all rounds: what else ran beside adds to the others),
their ratio, and which part of the reports was recorded.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn import datasets

import luthier
from luthier.training._keras_callbacks import ReportEpochs
from luthier.training._keras_reports import ReportBatches

EPOCHS = 4


def data() -> tuple[np.ndarray, np.ndarray]:
    x, y = datasets.load_digits(return_X_y=True)
    return (x / 16).astype("float32"), y


def dense() -> keras.Model:
    """Batches of about a millisecond: the most that reporting can weigh."""
    return keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
    )


def convolutional() -> keras.Model:
    """Batches of about ten milliseconds."""
    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Reshape((8, 8, 1)),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, "softmax"),
        ]
    )


class Fits:
    """Trains one model again and again, with reports of every batch or without."""

    def __init__(self, model: keras.Model, study: luthier.Study) -> None:
        self.reported = self.batches = 0
        self._model, self._study = model, study
        model.compile("adam", "sparse_categorical_crossentropy")
        self._x, self._y = data()
        self.seconds(is_reported=True)
        self.reported = self.batches = 0

    def seconds(self, *, is_reported: bool) -> float:
        """CPU seconds of an epoch."""
        trial = self._study.ask()
        reports = ReportEpochs(
            lambda measurement: self._study.report(trial, measurement),
            self._study.objectives[0],
        )
        batches = ReportBatches(1, reports)
        callbacks: list[Any] = [reports, batches] if is_reported else [reports]
        began = time.process_time()
        self._model.fit(
            self._x, self._y, batch_size=32, epochs=EPOCHS, verbose=0, callbacks=callbacks
        )
        spent = time.process_time() - began
        self._study.tell(trial, {"loss": 1.0})
        if is_reported:
            self.batches += EPOCHS * (-(-len(self._x) // 32) - 1)
            self.reported += EPOCHS * (-(-len(self._x) // 32) - 1) - batches.left_out
        return spent / EPOCHS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    print(
        "| backend | model | ms an epoch | with reports | ratio | recorded |\n" + "|---" * 6 + "|"
    )
    for make in (dense, convolutional):
        with tempfile.TemporaryDirectory() as folder:
            study = luthier.Study(
                [luthier.Float("x", 0.0, 1.0)],
                luthier.Objective("loss", "min"),
                sampler="random",
                scheduler=luthier.schedulers.Median(startup=10**6),
                storage=Path(folder) / "study.sqlite",
                seed=0,
            )
            fits = Fits(make(), study)
            plain, told = [], []
            for _ in range(given.rounds):
                plain.append(fits.seconds(is_reported=False))
                told.append(fits.seconds(is_reported=True))
            study.close()
        print(
            f"| {keras.backend.backend()} | {make.__name__} | {1000 * min(plain):.1f}"
            f" | {1000 * min(told):.1f} | {min(told) / min(plain):.3f} | "
            f"{fits.reported / fits.batches:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
