"""A training loop of one's own: its optimizer, batches and epochs are tuned."""

from __future__ import annotations

import argparse
from typing import Any

import keras
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

import luthier


class Regression(luthier.HyperModel):
    def build(self, hp: luthier.HyperParameters) -> Any:
        l2 = keras.regularizers.L2(hp.Float("l2", 1e-4, 1e-1, sampling="log"))
        hidden = keras.layers.Dense(30, activation="elu", kernel_regularizer=l2)
        return keras.Sequential([keras.Input((10,)), hidden, keras.layers.Dense(1)])

    def fit(self, hp: luthier.HyperParameters, model: Any, *data: Any, **options: Any) -> Any:
        rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")
        step = luthier.Step(model, "mse", keras.optimizers.SGD(rate), metrics=["mae"])
        size, epochs = hp.Choice("batch_size", [16, 32, 64]), hp.Int("epochs", 1, 5)
        loop = luthier.Loop(step, epochs=epochs, batch_size=size, draw="replacement")
        return loop.fit(*data, **options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10)
    x, y = map(scale, load_diabetes(return_X_y=True))
    tuner = luthier.RandomSearch(
        Regression(), "val_mae", max_trials=parser.parse_args().trials, directory="results"
    )
    tuner.search(x[:350], y[:350, None], validation_data=(x[350:], y[350:, None]))
    print(f"best mean absolute error: {tuner.results.best.score:.3f}")
