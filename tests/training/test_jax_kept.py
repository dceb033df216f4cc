"""A second search in one process compiles and traces nothing that the first one did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luthier

pytestmark = pytest.mark.jax

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")


def build(hp: Any) -> Any:
    import keras

    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(hp.Int("units", 4, 8), activation="relu"),
            keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5)),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-3, 1e-1)), "binary_crossentropy")
    return model


def searched(folder: Path) -> list[Any]:
    tuner = luthier.RandomSearch(
        build, "val_loss", max_trials=3, seed=0, directory=folder, overwrite=True
    )
    tuner.search(X, Y, validation_data=(X, Y), epochs=2, batch_size=16, verbose=0)
    return [trial.score for trial in tuner.results.trials]


def test_the_second_search_finds_all_that_the_first_left(tmp_path: Path) -> None:
    from luthier.training._jax_kept import take

    first = searched(tmp_path)
    kept = take()
    before = kept.programs.compiles, kept.families.traced
    tried = {key: list(judged.sound) for key, judged in kept.judged.items()}
    assert all(before)
    kept.leave()
    assert searched(tmp_path) == first
    again = take()
    assert again is kept
    assert (again.programs.compiles, again.families.traced) == before
    assert {key: list(judged.sound) for key, judged in again.judged.items()} == tried


def test_one_search_at_a_time_has_it() -> None:
    from luthier.training._jax_kept import Kept, take

    kept = Kept()
    kept.leave()
    assert take() is kept
    assert take() is not kept


def test_other_settings_begin_anew() -> None:
    import keras

    from luthier.training._jax_kept import Kept, take

    kept, before = Kept(), keras.config.epsilon()
    kept.leave()
    keras.config.set_epsilon(1e-3)
    try:
        assert take() is not kept
    finally:
        keras.config.set_epsilon(before)
