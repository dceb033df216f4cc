"""A second search in one process compiles nothing that the first one did."""

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


def test_the_second_search_finds_the_programs_of_the_first(tmp_path: Path) -> None:
    from luthier.training._jax_kept import take

    first = searched(tmp_path)
    kept = take()
    before = kept.programs.compiles
    assert before
    kept.leave()
    assert searched(tmp_path) == first
    again = take()
    assert again is kept
    assert again.programs.compiles == before


def test_what_a_loss_reads_may_change_between_two_searches(tmp_path: Path) -> None:
    import keras

    weight = keras.Variable(1.0)

    def loss(y: Any, p: Any) -> Any:
        return keras.losses.mean_squared_error(y, p) * weight

    def weighted(hp: Any) -> Any:
        model = build(hp)
        model.compile(keras.optimizers.SGD(hp["rate"]), loss)
        return model

    def score(folder: str) -> list[float]:
        tuner = luthier.RandomSearch(
            weighted, "val_loss", max_trials=2, seed=0, directory=tmp_path / folder
        )
        tuner.search(X, Y, validation_data=(X, Y), epochs=1, batch_size=16, verbose=0)
        return [trial.score for trial in tuner.results.trials]

    light = score("light")
    weight.assign(3.0)
    heavy = score("heavy")
    assert all(2 * one < other for one, other in zip(light, heavy, strict=True))


def test_a_search_that_was_interrupted_leaves_its_programs(tmp_path: Path) -> None:
    from luthier.training._jax_kept import take

    def interrupted(hp: Any) -> Any:
        if len(built) == 3:
            raise KeyboardInterrupt
        built.append(hp)
        return build(hp)

    built: list[Any] = []
    tuner = luthier.RandomSearch(interrupted, "val_loss", max_trials=5, seed=0, directory=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        tuner.search(X, Y, validation_data=(X, Y), epochs=1, batch_size=16, verbose=0)
    assert take().programs.compiles


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
