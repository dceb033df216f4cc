"""The network of the demo: two convolutions, a dense layer, dropout, and what to tune in them."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

import luthier
from luthier.cli._demo._digits import Split

BATCH_SIZE = 64


def build(hp: luthier.HyperParameters) -> Any:
    """A compiled network for images of shape (8, 8, 1), with the values that `hp` gives."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(hp.Int("conv_1", 8, 32, step=8), 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(hp.Int("conv_2", 16, 64, step=16), 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(hp.Int("units", 32, 128, step=32), activation="relu"),
            layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def retrain(hp: luthier.HyperParameters, data: Split, epochs: int, seed: int) -> Any:
    """A network with the values of `hp`, trained anew on all of `data`."""
    keras.utils.set_random_seed(seed)
    model = build(hp)
    model.fit(data.images, data.digits, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
    return model
