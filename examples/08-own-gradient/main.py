"""A gradient of one's own: rounded weights, trained by a straight-through estimator."""

from __future__ import annotations

import argparse
from typing import Any

import keras
from sklearn.datasets import load_digits

import luthier


@luthier.custom_gradient
def rounded(weights: Any) -> Any:
    return keras.ops.round(weights * 4.0) / 4.0, lambda upstream: upstream


class Quantised(keras.layers.Dense):
    def call(self, inputs: Any) -> Any:
        return self.activation(inputs @ rounded(self.kernel) + self.bias)


def build(hp: luthier.HyperParameters) -> Any:
    units = hp.Int("units", 16, 64, step=16)
    layers = [Quantised(units, activation="relu"), Quantised(10, activation="softmax")]
    model = keras.Sequential([keras.Input((64,)), *layers])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10)
    x, y = load_digits(return_X_y=True)
    tuner = luthier.RandomSearch(build, "val_accuracy", max_trials=parser.parse_args().trials)
    tuner.search(x / 16.0, y, validation_split=0.2, batch_size=128, epochs=3)
    print(f"best accuracy with weights in quarters: {tuner.results.best.score:.1%}")
