"""Tune a Keras model on handwritten digits, and take its best models."""

from __future__ import annotations

import argparse
from typing import Any

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import luthier


def build(hp: luthier.HyperParameters) -> Any:
    """A compiled model; whatever it asks `hp` for is tuned."""
    model = keras.Sequential([keras.Input((64,))])
    for layer in range(hp.Int("layers", 1, 3)):
        model.add(keras.layers.Dense(hp.Int(f"units_{layer}", 16, 64, step=16), activation="relu"))
    if hp.Boolean("dropout"):
        model.add(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5)))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=10)
    given = parser.parse_args()

    images, digits = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(images / 16.0, digits, random_state=0)
    tuner = luthier.RandomSearch(
        build,
        objective="val_accuracy",
        max_trials=given.trials,
        seed=0,
        directory="results",
        project_name="digits",
    )
    tuner.search(x, y, validation_split=0.2, epochs=given.epochs)
    tuner.results_summary(num_trials=3)
    model = tuner.get_best_models()[0]
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test accuracy of the best model: {accuracy:.1%}")


if __name__ == "__main__":
    main()
