"""Small Keras models and data for the tests; Keras is imported when a test first needs it."""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.objective import Objective
from luthier.space import HyperParameters
from luthier.training import TrialTask, as_hypermodel

LOSS = Objective("val_loss", "min")


def data(rows: int = 48) -> tuple[Any, Any]:
    """Inputs `(rows, 3)` and targets `(rows, 1)`, always the same."""
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype("float32")
    return x, x[:, :1] - x[:, 1:2]


def fit_arguments(epochs: int = 2, **more: Any) -> tuple[tuple[Any, Any], dict[str, Any]]:
    """What a user would call `search` with."""
    x, y = data()
    return (x, y), {"epochs": epochs, "validation_data": (x, y), "verbose": 0, **more}


def build(hp: HyperParameters) -> Any:
    """A model of two layers with dropout, which its first batch builds."""
    import keras

    units = hp.Int("units", 2, 8, default=4)
    model = keras.Sequential(
        [
            keras.layers.Dense(units, activation="tanh"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(hp.Float("rate", 1e-3, 1e-1, default=1e-2)), "mse")
    return model


def build_eagerly(hp: HyperParameters) -> Any:
    """The same, not compiled: for a few steps that is much quicker."""
    model = build(hp)
    model.compile(model.optimizer, "mse", run_eagerly=True)
    return model


def build_with_input(hp: HyperParameters) -> Any:
    """Another one, built at once and not compiled."""
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(hp.Int("units", 1, 4))])
    model.add(keras.layers.Dense(1))
    model.compile("adam", "mse", run_eagerly=True)
    return model


def task(hypermodel: Any = build_eagerly, **facts: Any) -> TrialTask:
    """A trial of a hypermodel with its defaults."""
    wrapped = as_hypermodel(hypermodel)
    assert wrapped is not None
    return TrialTask(wrapped, **{"hp": HyperParameters(), "objective": LOSS, **facts})
