"""Wide & Deep: one optimizer for the wide part and another for the deep one, both tuned."""

from __future__ import annotations

import argparse
from typing import Any

import keras
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

import luthier


class WideAndDeep(luthier.HyperModel):
    def build(self, hp: luthier.HyperParameters) -> Any:
        inputs = keras.Input((10,))
        hidden = keras.layers.Dense(hp.Int("units", 8, 64, step=8), "relu", name="deep")(inputs)
        both = keras.layers.concatenate([inputs, hidden])
        return keras.Model(inputs, keras.layers.Dense(1, name="wide")(both))

    def fit(self, hp: luthier.HyperParameters, model: Any, *data: Any, **options: Any) -> Any:
        wide = keras.optimizers.Ftrl(hp.Float("wide_rate", 1e-3, 1.0, sampling="log"))
        deep = keras.optimizers.Adam(hp.Float("deep_rate", 1e-4, 1e-1, sampling="log"))
        step = luthier.Step(
            model, "mse", {"wide": wide, "deep": deep}, clip_norm=hp.Float("clip", 0.5, 5.0)
        )
        return luthier.Loop(step, epochs=hp.Int("epochs", 1, 10)).fit(*data, **options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10)
    x, y = map(scale, load_diabetes(return_X_y=True))
    tuner = luthier.RandomSearch(
        WideAndDeep(), "val_loss", max_trials=parser.parse_args().trials, directory="results"
    )
    tuner.search(x[:350], y[:350, None], validation_data=(x[350:], y[350:, None]))
    print(f"best mean squared error: {tuner.results.best.score:.3f}")
